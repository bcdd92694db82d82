/**
 * Arguments of macro calls that no function could take: types, operators, statements, and empty ones.
 */

import { IDENTIFIER, PUNCTUATOR } from "../lex.ts";
import { CLOSE_BRACE, COMMA, EQUALS, OPEN_BRACE, OPEN_BRACKET, OPEN_PAREN, SEMICOLON, STAR } from "../punctuators.ts";
import type { MaskedText } from "./edits.ts";
import { FILE, FUNCTION, INITIALIZER, type Stream, textOf } from "./structure.ts";
import { OPERATOR, PLAIN, STATEMENT, STORAGE, TAGGED, TYPE } from "./words.ts";

/** Masks the arguments of every call in function bodies and initialisers. */
export function maskArguments(stream: Stream, out: MaskedText): void {
  const { tokens, context } = stream;
  for (let open = 1; open < tokens.count; open++) {
    if (tokens.code[open] !== OPEN_PAREN || stream.gone[open] === 1) continue;
    const name = open - 1;
    if (tokens.kind[name] !== IDENTIFIER || (stream.word[name] !== PLAIN && stream.word[name] !== OPERATOR)) continue;
    if (context[open] !== FUNCTION && context[open] !== INITIALIZER && !inExpression(stream, open)) continue;
    const close = stream.partner[open] as number;
    if (close < 0) continue;
    if (stream.word[name] === OPERATOR) continue;
    if (textOf(stream, name) === "offsetof") out.put((tokens.start[name] as number) + 6, "_");
    if (context[open] === FUNCTION && isPrototype(stream, name)) continue;
    callArguments(stream, out, open, close);
  }
}

/** Outside functions only what stands after `=` or inside brackets is an expression. */
function inExpression(stream: Stream, open: number): boolean {
  if (stream.context[open] !== FILE) return stream.tokens.code[stream.enclosing[open] as number] === OPEN_BRACKET;
  for (let i = open - 1; i >= 0 && open - i < 64; i--) {
    const code = stream.tokens.code[i];
    if (code === EQUALS || code === OPEN_BRACKET) return true;
    if (code === SEMICOLON || code === CLOSE_BRACE) return false;
  }
  return false;
}

/** A function declared inside a function: `extern int f(struct x *);` has types for good. */
function isPrototype(stream: Stream, name: number): boolean {
  const { tokens, word } = stream;
  let i = name - 1;
  let typeWords = 0;
  for (; i >= 0; i--) {
    const code = tokens.code[i];
    if (code === SEMICOLON || code === OPEN_BRACE || code === CLOSE_BRACE) break;
    if (tokens.kind[i] === PUNCTUATOR && code !== STAR) return false;
    if (word[i] === STATEMENT || word[i] === OPERATOR) return false;
    if (word[i] === TYPE || word[i] === TAGGED || word[i] === STORAGE) typeWords++;
  }
  return typeWords > 0;
}

function callArguments(stream: Stream, out: MaskedText, open: number, close: number): void {
  const { tokens } = stream;
  let first = open + 1;
  for (let i = open + 1; i <= close; i++) {
    const code = tokens.code[i];
    if (i !== close && (stream.enclosing[i] as number) !== open) continue;
    if (code === SEMICOLON) statementEnd(stream, out, i, close);
    if (i !== close && code !== COMMA && code !== SEMICOLON) continue;
    if (first < i) argument(stream, out, first, i);
    else if (close > open + 1 && code === COMMA) emptyArgument(stream, out, i);
    else if (i === close && tokens.code[i - 1] === COMMA)
      out.blank(tokens.start[i - 1] as number, tokens.end[i - 1] as number);
    first = i + 1;
  }
}

/** Masks one argument, tokens [first, end). */
function argument(stream: Stream, out: MaskedText, first: number, end: number): void {
  const { tokens, word } = stream;
  const start = tokens.start[first] as number;
  const stop = tokens.end[end - 1] as number;
  const kind = word[first];
  if (kind === TYPE || kind === TAGGED || isPointerType(stream, first, end)) {
    out.identifier(start, stop);
    out.record("type-argument", start, stop);
  } else if (kind === STATEMENT || kind === STORAGE || tokens.code[first] === OPEN_BRACE) {
    // Statements as arguments, as wait_event_cmd() takes them.
    out.blank(start, stop);
    out.put(start, "0");
    stream.gone.fill(1, first, end);
    out.record("argument", start, stop);
  } else if (isOperatorOnly(stream, first, end)) {
    out.identifier(start, stop);
    out.record("argument", start, stop);
  } else if (isWords(stream, first, end)) {
    // Format strings glued from macros only: FORMAT_A FORMAT_B.
    out.blank(tokens.end[first] as number, stop);
    out.record("string-macro", tokens.end[first] as number, stop);
  }
}

/** Two or more plain words in a row, which no expression has. */
function isWords(stream: Stream, first: number, end: number): boolean {
  if (end - first < 2) return false;
  for (let i = first; i < end; i++) if (stream.tokens.kind[i] !== IDENTIFIER || stream.word[i] !== PLAIN) return false;
  return true;
}

/** `u32 *`: a type whose last token is a star. */
function isPointerType(stream: Stream, first: number, end: number): boolean {
  return stream.tokens.code[end - 1] === STAR && end - first >= 2 && stream.tokens.kind[first] === IDENTIFIER;
}

/** `==` or `<` as an argument, as in ASSERTCMP(a, ==, b). */
function isOperatorOnly(stream: Stream, first: number, end: number): boolean {
  if (end - first !== 1 || stream.tokens.kind[first] !== PUNCTUATOR) return false;
  return stream.tokens.code[first] !== OPEN_BRACKET;
}

/** `;` between statements in an argument becomes a comma, or nothing before `)`. */
function statementEnd(stream: Stream, out: MaskedText, i: number, close: number): void {
  const { tokens } = stream;
  const last = i + 1 === close || tokens.code[i + 1] === COMMA;
  out.put(tokens.start[i] as number, last ? " " : ",");
  out.record("argument", tokens.start[i] as number, tokens.end[i] as number);
}

/** `f(a, , b)`: the second comma goes. */
function emptyArgument(stream: Stream, out: MaskedText, comma: number): void {
  out.blank(stream.tokens.start[comma] as number, stream.tokens.end[comma] as number);
  out.record("argument", stream.tokens.start[comma] as number, stream.tokens.end[comma] as number);
}
