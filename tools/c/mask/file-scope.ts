/**
 * Declarations at file scope: macros that declare things, annotations that no list knows, and macros that define
 * functions.
 */

import { IDENTIFIER } from "../lex.ts";
import { CLOSE_PAREN, COMMA, EQUALS, OPEN_BRACE, OPEN_BRACKET, OPEN_PAREN, SEMICOLON, STAR } from "../punctuators.ts";
import type { MaskedText } from "./edits.ts";
import { FILE, type Stream, textOf } from "./structure.ts";
import { looksLikeAnnotation, PLAIN, STORAGE, TAGGED, TYPE } from "./words.ts";

/** Masks all declarations at file scope. */
export function maskFileScope(stream: Stream, out: MaskedText): void {
  const { tokens } = stream;
  for (let i = 0; i < tokens.count; ) {
    if (stream.context[i] !== FILE) {
      i++;
      continue;
    }
    i = declaration(stream, out, i);
  }
}

/** Index after the bracket group that opens at `i`. */
function skipGroup(stream: Stream, i: number): number {
  const close = stream.partner[i] as number;
  return close > i ? close + 1 : i + 1;
}

/** Masks one declaration that starts at token `first`; returns the index where the next one starts. */
function declaration(stream: Stream, out: MaskedText, first: number): number {
  const { tokens, word } = stream;
  let at = first;
  while (at < tokens.count && (word[at] === STORAGE || (word[at] === TYPE && isQualifier(stream, at)))) at++;
  // NAME(...) where a type should stand: a macro.
  if (tokens.kind[at] === IDENTIFIER && word[at] === PLAIN && tokens.code[at + 1] === OPEN_PAREN) {
    return macroDeclaration(stream, out, first, at);
  }
  return plainDeclaration(stream, out, at);
}

function isQualifier(stream: Stream, index: number): boolean {
  const text = textOf(stream, index);
  return text === "const" || text === "volatile";
}

/** `DEFINE_X(...);`, `module_init(x)`, `annotation(1, 2) int f(...)`, `SYSCALL_DEFINE3(...) {`. */
function macroDeclaration(stream: Stream, out: MaskedText, first: number, name: number): number {
  const { tokens } = stream;
  const after = skipGroup(stream, name + 1);
  const start = tokens.start[first] as number;
  const end = tokens.end[after - 1] as number;
  const code = tokens.code[after];
  if (code === OPEN_BRACE) {
    functionMacro(stream, out, name, after);
    return skipGroup(stream, after);
  }
  if (code === EQUALS || code === OPEN_BRACKET) {
    out.record("file-macro", tokens.start[name] as number, end);
    out.replace(tokens.start[name] as number, end, "int x");
    return plainDeclaration(stream, out, after);
  }
  if (code === SEMICOLON) {
    out.record("file-macro", start, tokens.end[after] as number);
    out.blank(start, tokens.end[after] as number);
    return after + 1;
  }
  // What follows is the real declaration (or the next one): only the macro goes.
  out.record("file-macro", tokens.start[name] as number, end);
  out.blank(tokens.start[name] as number, end);
  return after;
}

/** A macro that defines a function: `NAME(a, b) {` becomes `void AME() {`, so that its body is parsed. */
function functionMacro(stream: Stream, out: MaskedText, name: number, brace: number): void {
  const { tokens } = stream;
  const start = tokens.start[name] as number;
  const open = tokens.start[name + 1] as number;
  const close = tokens.end[brace - 1] as number;
  out.record("file-macro", start, close);
  // "void" and one space need five of the name's letters.
  if (tokens.end[name] !== open || open - start < 6) return;
  out.blank(open + 1, close - 1);
  for (const [i, character] of [..."void "].entries()) out.put(start + i, character);
  // The rest of the name may begin with a digit.
  const rest = out.bytes[start + 5] as number;
  if (rest >= 48 && rest <= 57) out.put(start + 5, "_");
}

/**
 * A declaration with a type. Words between the type and the name, and after a parameter list, are annotations that no
 * list knows; they go.
 */
function plainDeclaration(stream: Stream, out: MaskedText, from: number): number {
  const { tokens, word } = stream;
  const words: number[] = [];
  let typed = false;
  let isTypedef = false;
  let at = from;
  for (; at < tokens.count; at++) {
    const code = tokens.code[at] as number;
    if (tokens.kind[at] === IDENTIFIER) {
      if (word[at] === TAGGED) {
        typed = true;
        // The tag belongs to the type.
        if (tokens.kind[at + 1] === IDENTIFIER) at++;
      } else if (word[at] === TYPE) typed ||= !isQualifier(stream, at);
      else if (word[at] === STORAGE) isTypedef ||= textOf(stream, at) === "typedef";
      else if (word[at] === PLAIN) words.push(at);
    } else if (code === OPEN_BRACE) {
      // A struct body: what follows may still declare something.
      at = skipGroup(stream, at) - 1;
      if (tokens.kind[at + 1] !== IDENTIFIER && tokens.code[at + 1] !== STAR) break;
    } else if (code !== STAR) break;
  }
  if (tokens.code[at] === OPEN_PAREN && words.at(-1) === at - 1) {
    extraWords(stream, out, words.slice(0, -1), typed);
    maskParameters(stream, out, at);
    return afterParameters(stream, out, skipGroup(stream, at));
  }
  if (!isTypedef && words.length > (typed ? 1 : 2)) {
    for (const extra of words) if (looksLikeAnnotation(textOf(stream, extra))) blankToken(stream, out, extra);
  }
  return endOfDeclaration(stream, out, at);
}

/** Blanks all words before a function's name that cannot be its type. */
function extraWords(stream: Stream, out: MaskedText, words: readonly number[], typed: boolean): void {
  if (words.length <= (typed ? 0 : 1)) return;
  const type = typed ? -1 : (words.find((index) => !looksLikeAnnotation(textOf(stream, index))) ?? words[0]);
  for (const index of words) if (index !== type) blankToken(stream, out, index);
}

/** `const char *const ANNOTATION name`: in a parameter that has its type, only the last word is the name. */
function maskParameters(stream: Stream, out: MaskedText, open: number): void {
  const { tokens, word } = stream;
  const close = stream.partner[open] as number;
  let typed = false;
  for (let i = open + 1; i < close; i++) {
    const code = tokens.code[i];
    if (code === OPEN_PAREN || code === OPEN_BRACKET) i = skipGroup(stream, i) - 1;
    else if (code === COMMA) typed = false;
    else if (word[i] === TAGGED) {
      typed = true;
      i++;
    } else if (code === STAR || (word[i] === TYPE && !isQualifier(stream, i))) typed = true;
    else if (typed && tokens.kind[i] === IDENTIFIER && tokens.kind[i + 1] === IDENTIFIER && word[i + 1] === PLAIN) {
      if (word[i] === PLAIN) blankToken(stream, out, i);
    }
  }
}

function blankToken(stream: Stream, out: MaskedText, index: number): void {
  const start = stream.tokens.start[index] as number;
  const end = stream.tokens.end[index] as number;
  out.blank(start, end);
  out.record("annotation", start, end);
}

/** After `f(...)`: annotations up to `{` or `;` go. Old-style parameter declarations contain a `;` and stay. */
function afterParameters(stream: Stream, out: MaskedText, from: number): number {
  const { tokens, word } = stream;
  let at = from;
  while (at < tokens.count && (tokens.kind[at] === IDENTIFIER || tokens.code[at] === OPEN_PAREN)) {
    if (word[at] !== PLAIN && tokens.kind[at] === IDENTIFIER) return endOfDeclaration(stream, out, at);
    at = tokens.code[at] === OPEN_PAREN ? skipGroup(stream, at) : at + 1;
  }
  const code = tokens.code[at];
  if (at > from && (code === OPEN_BRACE || code === SEMICOLON)) {
    out.blank(tokens.start[from] as number, tokens.end[at - 1] as number);
    out.record("annotation", tokens.start[from] as number, tokens.end[at - 1] as number);
  }
  return endOfDeclaration(stream, out, at);
}

/** Runs to the `;` or function body that ends a declaration; words between a declarator and `;` or `=` go. */
function endOfDeclaration(stream: Stream, out: MaskedText, from: number): number {
  const { tokens, word } = stream;
  let seenEquals = false;
  for (let at = from; at < tokens.count; ) {
    const code = tokens.code[at] as number;
    if (code === SEMICOLON) return at + 1;
    if (code === EQUALS) seenEquals = true;
    if (code === OPEN_BRACE) {
      at = skipGroup(stream, at);
      if (!seenEquals) return at;
      continue;
    }
    if (code === OPEN_PAREN || code === OPEN_BRACKET) {
      at = skipGroup(stream, at);
      // `int a[3] ANNOTATION;`
      if (!seenEquals && tokens.kind[at] === IDENTIFIER && word[at] === PLAIN && endsDeclarator(stream, at + 1)) {
        blankToken(stream, out, at++);
      }
      continue;
    }
    at++;
  }
  return tokens.count;
}

function endsDeclarator(stream: Stream, index: number): boolean {
  const code = stream.tokens.code[index];
  return code === SEMICOLON || code === EQUALS || code === COMMA || code === CLOSE_PAREN;
}
