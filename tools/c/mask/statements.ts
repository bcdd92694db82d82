/**
 * Macros where a statement should stand, labels without one, and string constants built from macros.
 */

import { CHARACTER, IDENTIFIER, NUMBER, STRING } from "../lex.ts";
import {
  AND_AND,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COLON,
  ELLIPSIS,
  EQUALS,
  MINUS_MINUS,
  OPEN_BRACE,
  OPEN_PAREN,
  PLUS_PLUS,
  SEMICOLON,
  STAR,
} from "../punctuators.ts";
import type { MaskedText } from "./edits.ts";
import { ENUM, FILE, FUNCTION, STRUCT, type Stream, textOf } from "./structure.ts";
import { looksLikeLoop, OPERATOR, PLAIN, STATEMENT, STORAGE } from "./words.ts";

/** Bounds of a case range are short expressions. */
const MAX_RANGE_TOKENS = 64;
const HEXADECIMAL = "0[xX][0-9a-fA-F]+(?:\\.[0-9a-fA-F]*)?(?:[pP][-+]?\\d+)?";
const DECIMAL = "(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?";
const VALID_NUMBER = new RegExp(`^(?:${HEXADECIMAL}|0[bB][01]+|${DECIMAL})[uUlLfFiI]*$`);

/** Masks what stands in function bodies. */
export function maskStatements(plain: Stream, out: MaskedText): void {
  const stream: StatementStream = { ...plain, starts: new Uint8Array(plain.tokens.count) };
  const { tokens, context } = stream;
  for (let i = 0; i < tokens.count; i++) {
    if (stream.gone[i] === 1) continue;
    const kind = tokens.kind[i];
    if (kind === STRING) {
      stringNeighbours(stream, out, i);
      continue;
    }
    if (context[i] !== FUNCTION) continue;
    if (kind === IDENTIFIER) {
      if (stream.word[i] === PLAIN && startsStatement(stream, i)) statementWord(stream, out, i);
      else if (stream.word[i] === STORAGE) staticMacro(stream, out, i);
      else if (stream.word[i] === STATEMENT && tokens.code[i + 1] === STAR) computedGoto(stream, out, i);
    } else if (kind === NUMBER) {
      numberLike(stream, out, i);
    } else if (tokens.code[i] === ELLIPSIS) caseRange(stream, out, i);
    else if (tokens.code[i] === AND_AND) labelAddress(stream, out, i);
  }
}

/** What is known of where statements start; macros that take statements make it depend on earlier answers. */
interface StatementStream extends Stream {
  /** 0: not asked yet, 1: yes, 2: no. */
  readonly starts: Uint8Array;
}

/** Whether a statement can start at token `i`. Asked in order, so that each answer needs at most one earlier one. */
function startsStatement(stream: StatementStream, i: number): boolean {
  if (stream.starts[i] === 0) stream.starts[i] = judgeStart(stream, i) ? 1 : 2;
  return stream.starts[i] === 1;
}

/** Judged by the token before it. */
function judgeStart(stream: StatementStream, i: number): boolean {
  const { tokens, word } = stream;
  const enclosing = stream.enclosing[i] as number;
  if (enclosing < 0 || tokens.code[enclosing] !== OPEN_BRACE) return false;
  const before = i - 1;
  switch (tokens.code[before]) {
    case SEMICOLON:
    case OPEN_BRACE:
    case CLOSE_BRACE:
    case COLON:
      return true;
    case CLOSE_PAREN:
      return afterControl(stream, before);
    default:
      return word[before] === STATEMENT && /^(?:else|do)$/.test(textOf(stream, before));
  }
}

/** `)` of `if (...)`, `while (...)` or of a macro that takes a statement. */
function afterControl(stream: StatementStream, close: number): boolean {
  const open = stream.partner[close] as number;
  if (open <= 0) return false;
  const { tokens, word } = stream;
  // A second group, as in guard(x)(y), starts with the name before the first.
  const name = tokens.code[open - 1] === CLOSE_PAREN ? (stream.partner[open - 1] as number) - 1 : open - 1;
  if (name < 0) return false;
  // Earlier names were asked before; those that were not (in other contexts) start no statement here.
  return word[name] === STATEMENT || stream.starts[name] === 1;
}

function statementWord(stream: Stream, out: MaskedText, i: number): void {
  const { tokens } = stream;
  const next = tokens.code[i + 1];
  if (next === COLON) label(stream, out, i);
  else if (next === OPEN_PAREN && closesDo(stream, i - 1)) loopMacro(stream, out, i, "while_each_");
  else if (next === OPEN_PAREN) statementMacro(stream, out, i);
  else if (stream.word[i + 1] === STATEMENT) {
    // A macro that is a whole statement, `;` included.
    out.blank(tokens.start[i] as number, tokens.end[i] as number);
    out.record("statement-macro", tokens.start[i] as number, tokens.end[i] as number);
  }
}

/** The brace before `while_each_thread(...)`, which ends a loop that `do` began. */
function closesDo(stream: Stream, brace: number): boolean {
  if (stream.tokens.code[brace] !== CLOSE_BRACE) return false;
  const before = (stream.partner[brace] as number) - 1;
  return before >= 0 && stream.word[before] === STATEMENT && textOf(stream, before) === "do";
}

/** `goto *table[i];` becomes `goto x;`: the tree says goto, the file says where to. */
function computedGoto(stream: Stream, out: MaskedText, i: number): void {
  const { tokens } = stream;
  if (textOf(stream, i) !== "goto") return;
  let end = i + 1;
  while (end < i + MAX_RANGE_TOKENS && end < tokens.count && tokens.code[end] !== SEMICOLON) end++;
  const start = tokens.start[i + 1] as number;
  out.blank(start, tokens.end[end - 1] as number);
  out.put(start, "x");
  out.record("label", start, tokens.end[end - 1] as number);
}

/** `static DEFINE_X(a, b);` inside a function: only the call stays. */
function staticMacro(stream: Stream, out: MaskedText, i: number): void {
  const { tokens } = stream;
  if (stream.word[i + 1] !== PLAIN || tokens.kind[i + 1] !== IDENTIFIER || tokens.code[i + 2] !== OPEN_PAREN) return;
  const close = stream.partner[i + 2] as number;
  if (close > 0 && tokens.code[close + 1] === SEMICOLON) out.blank(tokens.start[i] as number, tokens.end[i] as number);
}

/** A label directly before a closing brace has no statement: `out: }`. The colon becomes the missing `;`. */
function label(stream: Stream, out: MaskedText, i: number): void {
  const { tokens } = stream;
  if (tokens.code[i + 2] !== CLOSE_BRACE) return;
  out.put(tokens.start[i + 1] as number, ";");
  out.record("label", tokens.start[i] as number, tokens.end[i + 1] as number);
}

/** `name(...)` followed by something that no expression goes on with. */
function statementMacro(stream: Stream, out: MaskedText, name: number): void {
  const { tokens } = stream;
  const open = name + 1;
  let close = stream.partner[open] as number;
  if (close < 0) return;
  // scoped_guard-like: name(a)(b) { ... }
  if (tokens.code[close + 1] === OPEN_PAREN && (stream.partner[close + 1] as number) > 0) {
    const second = stream.partner[close + 1] as number;
    if (tokens.code[second + 1] === OPEN_BRACE) {
      out.blank(tokens.start[close + 1] as number, tokens.end[second] as number);
      close = second;
    }
  }
  const after = close + 1;
  const code = tokens.code[after];
  const kind = tokens.kind[after];
  const text = textOf(stream, name);
  const takesBlock = code === OPEN_BRACE;
  const takesStatement = kind === IDENTIFIER && stream.word[after] !== OPERATOR;
  if (takesBlock || (looksLikeLoop(text) && startsStatementAfterLoop(stream, after))) {
    loopMacro(stream, out, name, text);
  } else if (code === EQUALS && tokens.code[after + 1] === OPEN_BRACE) {
    // DECLARE_BITMAP(a, n) = { 0 };
    const start = tokens.start[name] as number;
    if (out.replace(start, tokens.end[close] as number, "int x")) {
      out.record("statement-macro", start, tokens.end[close] as number);
    }
  } else if (takesStatement && /^if|^scoped_|guard/.test(text)) {
    loopMacro(stream, out, name, text);
  } else if (takesStatement || code === CLOSE_BRACE) {
    missingSemicolon(stream, out, name, close);
  } else if (code === SEMICOLON && looksLikeLoop(text) && /^(?:hlist_|list_|for_?each)/.test(text)) {
    loopMacro(stream, out, name, text);
  }
}

/** What follows a loop macro without braces: anything but the end of a call or an operator between operands. */
function startsStatementAfterLoop(stream: Stream, after: number): boolean {
  const { tokens, word } = stream;
  if (tokens.kind[after] === IDENTIFIER) return word[after] !== OPERATOR;
  const code = tokens.code[after];
  return code === PLUS_PLUS || code === MINUS_MINUS || code === STAR || code === OPEN_PAREN;
}

/** `1000baseT` is a number to the lexer and part of a name to the macro that pastes it. */
function numberLike(stream: Stream, out: MaskedText, i: number): void {
  if (VALID_NUMBER.test(textOf(stream, i))) return;
  const start = stream.tokens.start[i] as number;
  const end = stream.tokens.end[i] as number;
  out.identifier(start, end);
  out.record("argument", start, end);
}

/** A macro that takes a statement reads as `while` or `if`; which one it was is in the file's own text. */
function loopMacro(stream: Stream, out: MaskedText, name: number, text: string): void {
  const start = stream.tokens.start[name] as number;
  const end = stream.tokens.end[name] as number;
  const keyword = looksLikeLoop(text) && text.length >= 5 ? "while" : "if";
  if (!out.replace(start, end, keyword)) return;
  out.record("loop-macro", start, end);
  // `for_each_x() {`: a condition must not be empty; the name's last letter makes room for one.
  const open = name + 1;
  const paren = stream.tokens.start[open] as number;
  if ((stream.partner[open] as number) !== open + 1 || paren !== end || end - start <= keyword.length) return;
  out.put(paren - 1, "(");
  out.put(paren, "0");
  out.record("loop-macro", start, paren + 1);
}

/** `NAME(a, b)` without `;` becomes `NAME,a, b;`: a comma expression of the same length. */
function missingSemicolon(stream: Stream, out: MaskedText, name: number, close: number): void {
  const { tokens } = stream;
  const open = name + 1;
  out.put(tokens.start[open] as number, close === open + 1 ? " " : ",");
  out.put(tokens.start[close] as number, ";");
  out.record("statement-macro", tokens.start[name] as number, tokens.end[close] as number);
}

/** `case 1 ... 5:` keeps its lower bound. */
function caseRange(stream: Stream, out: MaskedText, i: number): void {
  const { tokens } = stream;
  let end = i + 1;
  while (end < i + MAX_RANGE_TOKENS && tokens.code[end] !== COLON && tokens.code[end] !== SEMICOLON) end++;
  let start = i;
  while (start > 0 && tokens.code[start] !== SEMICOLON && stream.word[start] !== STATEMENT && i - start < 20) start--;
  if (stream.word[start] !== STATEMENT || textOf(stream, start) !== "case" || tokens.code[end] !== COLON) return;
  out.blank(tokens.start[i] as number, tokens.end[end - 1] as number);
  out.record("range", tokens.start[i] as number, tokens.end[end - 1] as number);
}

/** `&&label`, the address of a label: one `&` goes. */
function labelAddress(stream: Stream, out: MaskedText, i: number): void {
  const { tokens } = stream;
  const before = tokens.kind[i - 1];
  const code = tokens.code[i - 1];
  const operand = before === IDENTIFIER || before === NUMBER || before === STRING || before === CHARACTER;
  if (operand && stream.word[i - 1] !== STATEMENT) return;
  if (code === CLOSE_PAREN || code === CLOSE_BRACKET || code === CLOSE_BRACE) return;
  out.put(tokens.start[i] as number, " ");
}

/**
 * Constants pasted from strings and macros: `KERN_ERR "text" PRIu64 FMT(x) "text"`. The macros go; a string stays.
 */
function stringNeighbours(stream: Stream, out: MaskedText, i: number): void {
  const { tokens, word } = stream;
  callBefore(stream, out, i);
  let first = i;
  while (first > 0 && tokens.kind[first - 1] === IDENTIFIER && word[first - 1] === PLAIN) {
    if (stream.enclosing[first - 1] !== stream.enclosing[i]) break;
    first--;
  }
  // At file scope and in structs a word before a string is a declaration's (extern "C", asm labels).
  if (first < i && stream.context[i] !== FILE && stream.context[i] !== STRUCT) blankRun(stream, out, first, i);
  let last = i + 1;
  for (;;) {
    if (tokens.kind[last] === IDENTIFIER && word[last] === PLAIN) {
      const group = tokens.code[last + 1] === OPEN_PAREN ? (stream.partner[last + 1] as number) : -1;
      last = group > 0 ? group + 1 : last + 1;
    } else break;
  }
  if (last > i + 1 && stream.context[i] !== ENUM) blankRun(stream, out, i + 1, last);
}

/** `__stringify(X) "text"`: a call directly before a string is a macro that makes a string. */
function callBefore(stream: Stream, out: MaskedText, i: number): void {
  const { tokens } = stream;
  if (tokens.code[i - 1] !== CLOSE_PAREN) return;
  const open = stream.partner[i - 1] as number;
  if (open <= 0 || tokens.kind[open - 1] !== IDENTIFIER || stream.word[open - 1] !== PLAIN) return;
  blankRun(stream, out, open - 1, i);
}

function blankRun(stream: Stream, out: MaskedText, from: number, to: number): void {
  const { tokens } = stream;
  out.blank(tokens.start[from] as number, tokens.end[to - 1] as number);
  out.record("string-macro", tokens.start[from] as number, tokens.end[to - 1] as number);
}
