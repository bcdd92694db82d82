/**
 * The bracket structure of a token stream: partners, what each token is enclosed by, and what each brace is.
 *
 * This is what masking needs to know about C before a parser has seen it: whether a `{` opens a function, a struct, an
 * enum, an initialiser or a block.
 */

import { IDENTIFIER, type Tokens } from "../lex.ts";
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COMMA,
  EQUALS,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
} from "../punctuators.ts";
import { PLAIN, TAGGED } from "./words.ts";

export const FILE = 0;
export const FUNCTION = 1;
export const STRUCT = 2;
export const ENUM = 3;
export const INITIALIZER = 4;

export interface Structure {
  /** Partner of each bracket token; -1 for other tokens and unbalanced brackets. */
  readonly partner: Int32Array;
  /** Innermost bracket token that encloses a token; -1 at file scope. */
  readonly enclosing: Int32Array;
  /** What the innermost brace around each token is (FILE where there is none). */
  readonly context: Uint8Array;
  /** What each `{` opens; FILE for all other tokens. */
  readonly opens: Uint8Array;
  /** Deepest nesting of brackets. */
  readonly depth: number;
  /** Whether every bracket has its partner. */
  readonly balanced: boolean;
}

/** Tokens with the text they come from and the word kind of each (words.ts). */
export interface WordStream {
  readonly tokens: Tokens;
  readonly source: string;
  readonly word: Uint8Array;
}

/** Tokens and what is known about them; what all masking rules work on. */
export interface Stream extends WordStream, Structure {
  /** Tokens that were blanked as part of something larger: no rule writes into them any more. */
  readonly gone: Uint8Array;
}

/** The text of a token. */
export function textOf(stream: WordStream, index: number): string {
  return stream.source.slice(stream.tokens.start[index], stream.tokens.end[index]);
}

/** Deeper text is not C that anybody wrote: the rest is left alone, and the caller refuses the file by its depth. */
const MAX_STRUCTURE_DEPTH = 2000;

/**
 * Finds partners and contexts. Unbalanced brackets get no partner. Where braces do not balance, a closing brace in the
 * first column ends whatever was left open, so that one broken function does not take the rest of the file with it.
 */
export function structureOf(stream: WordStream): Structure {
  const structure = bracketStructure(stream, false);
  return structure.balanced ? structure : { ...bracketStructure(stream, true), balanced: false };
}

function bracketStructure(stream: WordStream, trustFirstColumn: boolean): Structure {
  const { tokens, source } = stream;
  const { count, code } = tokens;
  const partner = new Int32Array(count).fill(-1);
  const enclosing = new Int32Array(count).fill(-1);
  const context = new Uint8Array(count);
  const opens = new Uint8Array(count);
  const stack: number[] = [];
  const contexts: number[] = [];
  let depth = 0;
  let balanced = true;
  // This loop sees every token of every file: what most tokens need is kept in two variables.
  let innermost = -1;
  let around = FILE;
  for (let i = 0; i < count; i++) {
    const c = code[i] as number;
    const opener = c === OPEN_PAREN || c === OPEN_BRACKET || c === OPEN_BRACE;
    const closes = c === CLOSE_PAREN || c === CLOSE_BRACKET || c === CLOSE_BRACE;
    if (trustFirstColumn && c === OPEN_BRACE && startsFunction(stream, i)) leaveFunction(stack, contexts);
    if (closes) {
      const start = tokens.start[i] as number;
      const firstColumn = trustFirstColumn && c === CLOSE_BRACE && (start === 0 || source.charCodeAt(start - 1) === 10);
      const open = partnerOf(c, code, stack, contexts, firstColumn);
      balanced &&= open >= 0 && open === stack.length - 1;
      if (open >= 0) {
        partner[stack[open] as number] = i;
        partner[i] = stack[open] as number;
        stack.length = open;
        contexts.length = open;
      }
    }
    if (closes || opener) {
      innermost = stack[stack.length - 1] ?? -1;
      around = contexts[contexts.length - 1] ?? FILE;
    }
    enclosing[i] = innermost;
    context[i] = around;
    if (!opener) continue;
    if (stack.length > MAX_STRUCTURE_DEPTH) {
      return { partner, enclosing, context, opens, depth: stack.length, balanced: true };
    }
    const inner = c === OPEN_BRACE ? braceContext(i, stream, around, partner) : around;
    if (c === OPEN_BRACE) opens[i] = inner;
    stack.push(i);
    contexts.push(inner);
    innermost = i;
    around = inner;
    if (stack.length > depth) depth = stack.length;
  }
  return { partner, enclosing, context, opens, depth, balanced: balanced && stack.length === 0 };
}

/** `{` in the first column after a parameter list. */
function startsFunction({ tokens, source }: WordStream, brace: number): boolean {
  const start = tokens.start[brace] as number;
  return (start === 0 || source.charCodeAt(start - 1) === 10) && tokens.code[brace - 1] === CLOSE_PAREN;
}

/** Drops a function that never ended, and all that is open inside it. */
function leaveFunction(stack: number[], contexts: number[]): void {
  const body = contexts.indexOf(FUNCTION);
  if (body < 0) return;
  stack.length = body;
  contexts.length = body;
}

/** Position on the stack of the bracket that a closing one belongs to; -1 where there is none. */
function partnerOf(
  c: number,
  code: Uint32Array,
  stack: readonly number[],
  contexts: readonly number[],
  firstColumn: boolean,
): number {
  const opener = c === CLOSE_PAREN ? OPEN_PAREN : c === CLOSE_BRACKET ? OPEN_BRACKET : OPEN_BRACE;
  if (firstColumn) {
    const body = stack.findIndex((open, at) => code[open] === OPEN_BRACE && contexts[at] === FUNCTION);
    if (body >= 0) return body;
  }
  // Look for the partner past brackets that were never closed, but not past a brace for a parenthesis.
  for (let at = stack.length - 1; at >= 0; at--) {
    const open = code[stack[at] as number];
    if (open === opener) return at;
    if (opener !== OPEN_BRACE && open === OPEN_BRACE) return -1;
  }
  return -1;
}

/** What a `{` opens, from the tokens before it. */
function braceContext(index: number, stream: WordStream, outer: number, partner: Int32Array): number {
  const { tokens } = stream;
  const previous = index - 1;
  if (previous < 0) return FILE;
  const code = tokens.code[previous] as number;
  const aggregate = aggregateBefore(previous, stream);
  if (aggregate >= 0) return aggregate;
  if (outer === INITIALIZER || code === EQUALS) return INITIALIZER;
  if (outer === FILE) return tokens.kind[previous] === IDENTIFIER || code === CLOSE_PAREN ? FUNCTION : FILE;
  if (outer !== FUNCTION) return outer;
  if (code === COMMA || code === CLOSE_BRACKET) return INITIALIZER;
  if (code === CLOSE_PAREN) return isCompoundLiteral(previous, stream, partner) ? INITIALIZER : FUNCTION;
  return FUNCTION;
}

/** `struct x {`, `union {`, `enum x {`, also with one unknown annotation before the tag. */
function aggregateBefore(previous: number, { tokens, word }: WordStream): number {
  for (let at = previous; at >= 0 && at > previous - 3 && tokens.kind[at] === IDENTIFIER; at--) {
    // Of the three words, `enum` is the only one with four letters.
    if (word[at] === TAGGED) return (tokens.end[at] as number) - (tokens.start[at] as number) === 4 ? ENUM : STRUCT;
    if (word[at] !== PLAIN) return -1;
  }
  return -1;
}

/** `(struct x) {` rather than `if (x) {` or `for_each(x) {`. */
function isCompoundLiteral(close: number, stream: WordStream, partner: Int32Array): boolean {
  const before = (partner[close] as number) - 1;
  if (before < 0) return false;
  if (stream.tokens.kind[before] === IDENTIFIER) return textOf(stream, before) === "return";
  // `foo(x)(y) {` is a macro that takes a block, as scoped guards are.
  return stream.tokens.code[before] !== CLOSE_PAREN;
}
