/**
 * Functions as a text search finds them, independent of the parser, so that a function which the parser swallowed
 * counts as lost.
 *
 * All branches of preprocessor conditions are searched: whatever the configuration, the text is somebody's code.
 */

import { DIRECTIVE, IDENTIFIER, type Tokens } from "./lex.ts";
import { wordKind } from "./mask/words.ts";
import { CLOSE_BRACE, CLOSE_PAREN, EQUALS, OPEN_BRACE, OPEN_PAREN, SEMICOLON, STAR } from "./punctuators.ts";

export interface TextFunction {
  readonly name: string;
  /** Byte offset of the name. */
  readonly nameOffset: number;
  /** Byte offsets of the body's braces; `bodyEnd` is after the closing one. */
  readonly bodyStart: number;
  readonly bodyEnd: number;
}

/** Braces of the branches of one #if group are counted from the same level; the last branch decides. */
interface Level {
  readonly depth: number;
  /** Where the branches so far ended; null before the first one did. */
  ended: number | null;
}

interface OpenFunction {
  readonly name: string;
  readonly nameOffset: number;
  readonly bodyStart: number;
}

/**
 * Finds every function body in a file. Where braces do not balance, or halves of an #if/#else end at different levels,
 * the first column decides: a `}` there ends a function, and a `{` after a header starts one.
 */
export function functionsInText(source: string, tokens: Tokens): readonly TextFunction[] {
  return search(source, tokens, false) ?? search(source, tokens, true) ?? [];
}

function search(source: string, tokens: Tokens, trustFirstColumn: boolean): TextFunction[] | null {
  const found: TextFunction[] = [];
  const levels: Level[] = [];
  let depth = 0;
  let open: OpenFunction | null = null;
  for (let i = 0; i < tokens.count; i++) {
    const start = tokens.start[i] as number;
    if (tokens.kind[i] === DIRECTIVE) {
      const after = directiveDepth(source.slice(start, start + 24), levels, depth);
      if (after === null && !trustFirstColumn) return null;
      depth = after ?? depth;
      continue;
    }
    const code = tokens.code[i];
    if (code !== OPEN_BRACE && code !== CLOSE_BRACE) continue;
    const firstColumn = trustFirstColumn && (start === 0 || source.charCodeAt(start - 1) === 10);
    if (code === OPEN_BRACE) {
      const header = depth === 0 || firstColumn ? functionHeader(source, tokens, i) : null;
      if (header !== null) {
        // The one before never ended; it is found all the same, and lost.
        if (open !== null) found.push({ ...open, bodyEnd: source.lastIndexOf("\n", header.nameOffset) + 1 });
        open = { ...header, bodyStart: start };
        depth = 0;
      }
      depth++;
    } else {
      if (depth === 0 && !trustFirstColumn) return null;
      depth = firstColumn ? 0 : Math.max(0, depth - 1);
      if (depth === 0 && open !== null) {
        found.push({ ...open, bodyEnd: start + 1 });
        open = null;
      }
    }
  }
  if (!trustFirstColumn) return depth === 0 ? found : null;
  if (open !== null) found.push({ ...open, bodyEnd: source.length });
  return found;
}

/** The depth after a directive; null where the branches of a group with #else end at different depths. */
function directiveDepth(text: string, levels: Level[], depth: number): number | null {
  const keyword = /^#\s*([a-z]+)/.exec(text)?.[1];
  if (keyword === "if" || keyword === "ifdef" || keyword === "ifndef") {
    levels.push({ depth, ended: null });
    return depth;
  }
  if (keyword !== "else" && keyword !== "elif" && keyword !== "endif") return depth;
  const level = keyword === "endif" ? levels.pop() : levels.at(-1);
  if (level === undefined) return depth;
  // Without an #else the other branch is empty, and opening a block in the one and closing it in another group is fine.
  if (level.ended !== null && level.ended !== depth) return null;
  level.ended = depth;
  return keyword === "endif" ? depth : level.depth;
}

/** The name before the parameter list before a `{`; null when this brace opens no function. */
function functionHeader(
  source: string,
  tokens: Tokens,
  brace: number,
): { readonly name: string; readonly nameOffset: number } | null {
  let name = -1;
  let i = brace - 1;
  while (i >= 0 && tokens.kind[i] === DIRECTIVE) i--;
  if (i < 0 || (tokens.code[i] !== CLOSE_PAREN && tokens.kind[i] !== IDENTIFIER)) return null;
  while (i >= 0) {
    const code = tokens.code[i];
    if (tokens.kind[i] === DIRECTIVE) {
      i--;
      continue;
    }
    if (code === EQUALS) return null;
    if (code === SEMICOLON || code === CLOSE_BRACE || code === OPEN_BRACE) break;
    if (code === CLOSE_PAREN) {
      const open = openingOf(tokens, i);
      if (open <= 0) return null;
      const before = open - 1;
      const pointed = tokens.code[before] === CLOSE_PAREN ? functionReturned(source, tokens, before) : -1;
      if (pointed >= 0) {
        name = pointed;
        break;
      }
      if (tokens.kind[before] === IDENTIFIER && isPlainWord(source, tokens, before)) {
        name = before;
        if (followsType(tokens, before)) break;
      }
      i = before;
      continue;
    }
    if (isTag(source, tokens, i) && name < 0) return null;
    i--;
  }
  if (name < 0) return null;
  return {
    name: source.slice(tokens.start[name], tokens.end[name]),
    nameOffset: tokens.start[name] as number,
  };
}

/** `int (*pick(int n))(int) {`: the name inside the group before the last parameter list; -1 where there is none. */
function functionReturned(source: string, tokens: Tokens, close: number): number {
  const open = openingOf(tokens, close);
  if (open < 0 || tokens.code[open + 1] !== STAR) return -1;
  for (let i = open + 2; i < close; i++) {
    if (tokens.kind[i] !== IDENTIFIER || tokens.code[i + 1] !== OPEN_PAREN) continue;
    return isPlainWord(source, tokens, i) ? i : -1;
  }
  return -1;
}

/**
 * A word after a type or a star is a declarator's name. Others are macros: annotations after the parameter list, or
 * SYSCALL_DEFINE3(...) in the place of the whole header, which counts when nothing better is found.
 */
function followsType(tokens: Tokens, name: number): boolean {
  return name > 0 && (tokens.kind[name - 1] === IDENTIFIER || tokens.code[name - 1] === STAR);
}

function isPlainWord(source: string, tokens: Tokens, index: number): boolean {
  return wordKind(source.slice(tokens.start[index], tokens.end[index])) === 0;
}

function isTag(source: string, tokens: Tokens, index: number): boolean {
  return (
    tokens.kind[index] === IDENTIFIER &&
    /^(?:struct|union|enum)$/.test(source.slice(tokens.start[index], tokens.end[index]))
  );
}

/** Index of the `(` that a `)` closes; -1 when there is none before the nearest brace or semicolon. */
function openingOf(tokens: Tokens, close: number): number {
  let depth = 0;
  for (let i = close; i >= 0; i--) {
    const code = tokens.code[i];
    if (code === CLOSE_PAREN) depth++;
    else if (code === OPEN_PAREN && --depth === 0) return i;
    else if (code === SEMICOLON || code === OPEN_BRACE || code === CLOSE_BRACE) return -1;
  }
  return -1;
}
