/**
 * Annotations, attributes and inline assembly: blanked, and removed from the token stream so that the other rules see
 * plain C.
 */

import { DIRECTIVE, IDENTIFIER, type Tokens } from "../lex.ts";
import { ARROW, CLOSE_BRACKET, CLOSE_PAREN, DOT, OPEN_BRACKET, OPEN_PAREN, SEMICOLON } from "../punctuators.ts";
import type { MaskedText } from "./edits.ts";
import type { WordStream } from "./structure.ts";
import { ALIGNOF, ANNOTATION, ASM, OPERATOR, PLAIN, TYPEOF, wordKind } from "./words.ts";

/** `[[nodiscard("why")]]` is as long as they get. */
const MAX_ATTRIBUTE_TOKENS = 64;

/** Partner of each parenthesis, in one pass: annotations without end must not make masking quadratic. */
function parenthesisPartners(tokens: Tokens): Int32Array {
  const partner = new Int32Array(tokens.count).fill(-1);
  const stack: number[] = [];
  for (let i = 0; i < tokens.count; i++) {
    const code = tokens.code[i];
    if (code === OPEN_PAREN) stack.push(i);
    else if (code === CLOSE_PAREN) {
      const open = stack.pop();
      if (open !== undefined) partner[open] = i;
    }
  }
  return partner;
}

/** Index of the token after a parenthesised group that opens at `open`; the token after `open` when unbalanced. */
function afterGroup(partner: Int32Array, open: number): number {
  const close = partner[open] as number;
  return close > open ? close + 1 : open + 1;
}

/**
 * Removes directives, switched-off text and everything that is annotation.
 *
 * @param inactive switched-off ranges, as [start, end) pairs in order
 * @returns the tokens that remain, with their word kinds
 */
export function withoutAnnotations(
  source: string,
  tokens: Tokens,
  inactive: readonly number[],
  out: MaskedText,
): WordStream {
  const active = filter(tokens, inactive);
  const word = new Uint8Array(active.count);
  for (let i = 0; i < active.count; i++) {
    if (active.kind[i] !== IDENTIFIER) continue;
    // After `.` and `->` any word is the name of a member, `__unused` too.
    const before = active.code[i - 1];
    if (before !== DOT && before !== ARROW) word[i] = wordKind(source.slice(active.start[i], active.end[i]));
  }
  const keep = new Uint8Array(active.count).fill(1);
  const partner = parenthesisPartners(active);
  let removed = 0;
  for (let i = 0; i < active.count; ) {
    // The grammar wants a type in alignof; GNU C takes expressions, as sizeof does.
    if (word[i] === ALIGNOF && out.replace(active.start[i] as number, active.end[i] as number, "sizeof")) {
      word[i] = OPERATOR;
    }
    const end = annotationEnd(source, active, word, partner, i);
    if (end === i) {
      i++;
      continue;
    }
    out.blank(active.start[i] as number, active.end[end - 1] as number);
    out.record(word[i] === ASM ? "asm" : "annotation", active.start[i] as number, active.end[end - 1] as number);
    keep.fill(0, i, end);
    removed += end - i;
    i = end;
  }
  const stream = removed === 0 ? { tokens: active, word } : compact(active, word, keep, active.count - removed);
  return mergeTypeof({ ...stream, source }, out);
}

/** End (exclusive) of the annotation that starts at token `i`; `i` itself when none does. */
function annotationEnd(source: string, tokens: Tokens, word: Uint8Array, partner: Int32Array, i: number): number {
  const next = i + 1;
  if (word[i] === ANNOTATION) {
    if (tokens.code[next] === OPEN_PAREN) return afterGroup(partner, next);
    const text = source.slice(tokens.start[i], tokens.end[i]);
    if (text !== "__label__") return next;
    let end = next;
    while (end < tokens.count && tokens.code[end] !== SEMICOLON) end++;
    return end;
  }
  if (word[i] === ASM) {
    let open = next;
    while (open < tokens.count && tokens.kind[open] === IDENTIFIER) open++;
    return tokens.code[open] === OPEN_PAREN ? afterGroup(partner, open) : next;
  }
  // C23 attributes: [[fallthrough]].
  if (tokens.code[i] === OPEN_BRACKET && tokens.code[next] === OPEN_BRACKET) {
    let end = next;
    while (end < i + MAX_ATTRIBUTE_TOKENS && tokens.code[end] !== CLOSE_BRACKET) end++;
    if (tokens.code[end + 1] === CLOSE_BRACKET && tokens.start[end + 1] === tokens.end[end]) return end + 2;
  }
  return i;
}

/** `typeof(x)` becomes one identifier, which a parser takes for a type name wherever one may stand. */
function mergeTypeof(stream: WordStream, out: MaskedText): WordStream {
  const { tokens, word } = stream;
  if (!word.includes(TYPEOF)) return stream;
  const keep = new Uint8Array(tokens.count).fill(1);
  const partner = parenthesisPartners(tokens);
  let removed = 0;
  for (let i = 0; i < tokens.count; i++) {
    if (word[i] !== TYPEOF) continue;
    word[i] = PLAIN;
    if (tokens.code[i + 1] !== OPEN_PAREN) continue;
    const end = afterGroup(partner, i + 1);
    const last = tokens.end[end - 1] as number;
    out.identifier(tokens.start[i] as number, last);
    out.record("typeof", tokens.start[i] as number, last);
    tokens.end[i] = last;
    keep.fill(0, i + 1, end);
    removed += end - i - 1;
  }
  return { ...compact(tokens, word, keep, tokens.count - removed), source: stream.source };
}

function filter(tokens: Tokens, inactive: readonly number[]): Tokens {
  const keep = new Uint8Array(tokens.count);
  let kept = 0;
  let range = 0;
  for (let i = 0; i < tokens.count; i++) {
    const start = tokens.start[i] as number;
    while (range < inactive.length && (inactive[range + 1] as number) <= start) range += 2;
    const off = range < inactive.length && start >= (inactive[range] as number);
    if (off || tokens.kind[i] === DIRECTIVE) continue;
    keep[i] = 1;
    kept++;
  }
  return compact(tokens, new Uint8Array(tokens.count), keep, kept).tokens;
}

function compact(
  tokens: Tokens,
  word: Uint8Array,
  keep: Uint8Array,
  count: number,
): { readonly tokens: Tokens; readonly word: Uint8Array } {
  const kind = new Uint8Array(count);
  const start = new Uint32Array(count);
  const end = new Uint32Array(count);
  const code = new Uint32Array(count);
  const words = new Uint8Array(count);
  for (let i = 0, j = 0; i < tokens.count; i++) {
    if (keep[i] === 0) continue;
    kind[j] = tokens.kind[i] as number;
    start[j] = tokens.start[i] as number;
    end[j] = tokens.end[i] as number;
    code[j] = tokens.code[i] as number;
    words[j] = word[i] as number;
    j++;
  }
  return { tokens: { count, kind, start, end, code }, word: words };
}
