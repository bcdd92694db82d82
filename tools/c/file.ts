/**
 * One C file: masked, and cut into functions that are parsed one by one.
 */
import type { Configuration } from "./configuration.ts";
import { functionsInText, type TextFunction } from "./functions-in-text.ts";
import { LineTable, lex } from "./lex.ts";
import { FILE, FUNCTION } from "./mask/structure.ts";
import { MAX_NESTING, type Masked, mask } from "./mask.ts";
import type { ParseFailure, ParseJob } from "./parse-check.ts";
import { CLOSE_BRACE, OPEN_BRACE, SEMICOLON } from "./punctuators.ts";
import { parsePiece, type SyntaxNode } from "./syntax.ts";

/** A place that could not be handled, in the words of the reports. */
export interface Unparsed {
  readonly file: string;
  readonly function: string | null;
  readonly line: number;
  readonly reason: string;
}

export interface CFunction {
  readonly file: CFile;
  readonly name: string;
  readonly nameOffset: number;
  /** Where its declaration starts. */
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  readonly isStatic: boolean;
  /** The function's tree, parsed when it is first asked for; null when it does not parse. */
  syntax(): SyntaxNode | null;
}

export interface CFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly masked: Masked;
  readonly lines: LineTable;
  /** Functions in text that the configuration keeps. */
  readonly functions: readonly CFunction[];
  /** All functions, switched-off ones too, as jobs for a parse checker. */
  readonly pieces: readonly FilePiece[];
  /** How many functions a text search finds, in all preprocessor branches. */
  readonly functionsInText: number;
  /** Of those, how many were not looked at because the whole file was refused. */
  readonly functionsRefused: number;
  /** Of those, how many the configuration switches off. */
  readonly functionsInactive: number;
  /** What is known to be lost without parsing: refused files, broken conditions, functions split by them. */
  readonly unparsed: readonly Unparsed[];
}

/** Functions that are parsed from one text. */
export interface FilePiece {
  readonly names: readonly string[];
  /** Byte offset of the job's text in the file. */
  readonly base: number;
  readonly job: ParseJob;
}

/** Larger files are listed and left alone. The largest of any kernel, generated register lists, are below this. */
export const MAX_FILE_BYTES = 64_000_000;
/** No line of C is this long; one that is comes from a generator or an attacker. */
export const MAX_LINE_BYTES = 1_000_000;

function longestLine(text: Buffer): number {
  let longest = 0;
  let from = 0;
  for (let at = text.indexOf(10); at >= 0; at = text.indexOf(10, from)) {
    if (at - from > longest) longest = at - from;
    from = at + 1;
  }
  return Math.max(longest, text.length - from);
}

/**
 * Reads one file.
 *
 * @param path its path in the kernel tree, for reports
 * @param text its bytes
 * @param options `functions: false` for headers that are only asked for definitions: no function is parsed
 * @returns the file, with a list of what is lost already; never throws
 */
export function readCFile(
  path: string,
  text: Buffer,
  configuration: Configuration,
  options: { readonly functions: boolean } = { functions: true },
): CFile {
  const refused = refusal(text);
  if (refused !== null) return refusedFile(path, text, configuration, refused, options.functions);
  const masked = mask(text, configuration);
  const lines = new LineTable(text);
  const unparsed: Unparsed[] = masked.problems.map(({ offset, reason }) => ({
    file: path,
    function: null,
    line: lines.lineAt(offset),
    reason,
  }));
  if (masked.stream.depth > MAX_NESTING) {
    const reason = `brackets nested ${masked.stream.depth} deep, more than ${MAX_NESTING}: not parsed`;
    return refusedFile(path, text, configuration, reason, options.functions);
  }
  if (!masked.stream.balanced) unparsed.push({ file: path, function: null, ...unbalanced(masked, lines) });
  const found = options.functions ? functionsInText(masked.source, masked.allTokens) : [];
  const file: Draft = {
    path,
    sizeBytes: text.length,
    masked,
    lines,
    functions: [],
    pieces: [],
    functionsInText: found.length,
    functionsRefused: 0,
    functionsInactive: 0,
    unparsed,
  };
  const functionsInactive = cutFunctions(file, { masked, base: 0, depth: 0 }, found, configuration);
  return Object.assign(file, { functionsInactive });
}

/** Where the brackets of a file stop making sense: the first one without a partner. */
function unbalanced(masked: Masked, lines: LineTable): { readonly line: number; readonly reason: string } {
  const { tokens, partner } = masked.stream;
  for (let i = 0; i < tokens.count; i++) {
    const code = tokens.code[i] as number;
    if (!BRACKETS.has(code) || (partner[i] as number) >= 0) continue;
    return {
      line: lines.lineAt(tokens.start[i] as number),
      reason: `"${String.fromCharCode(code)}" without its partner`,
    };
  }
  return { line: 1, reason: "brackets do not balance; a } in the first column is taken as the end of a function" };
}

const BRACKETS = new Set([..."()[]{}"].map((bracket) => bracket.charCodeAt(0)));

/** A file while it is being read. */
interface Draft extends CFile {
  readonly functions: CFunction[];
  readonly pieces: FilePiece[];
  readonly unparsed: Unparsed[];
}

function refusal(text: Buffer): string | null {
  if (text.length > MAX_FILE_BYTES) return `${text.length} bytes, more than ${MAX_FILE_BYTES}: not parsed`;
  // Shorter files cannot have such a line.
  const line = text.length > MAX_LINE_BYTES ? longestLine(text) : 0;
  if (line > MAX_LINE_BYTES) return `a line of ${line} bytes, more than ${MAX_LINE_BYTES}: not parsed`;
  return null;
}

/** A file that is not looked into: its functions are counted, so that they count as lost. */
function refusedFile(
  path: string,
  text: Buffer,
  configuration: Configuration,
  reason: string,
  countFunctions: boolean,
): CFile {
  const nothing = Buffer.alloc(0);
  const counted = countFunctions && text.length <= MAX_FILE_BYTES;
  const functions = counted ? functionsInText(text.toString("latin1"), lex(text).tokens).length : 0;
  return {
    path,
    sizeBytes: text.length,
    masked: mask(nothing, configuration),
    lines: new LineTable(nothing),
    functions: [],
    pieces: [],
    functionsInText: functions,
    functionsRefused: functions,
    functionsInactive: 0,
    unparsed: [{ file: path, function: null, line: 1, reason }],
  };
}

/** A stretch of a file that is masked as one: the whole file, or one switched-off range of it. */
interface Region {
  readonly masked: Masked;
  /** Byte offset of the region in the file. */
  readonly base: number;
  /** How many switched-off ranges it is inside of. */
  readonly depth: number;
}

/** Switched-off text in switched-off text; two or three levels are real. */
const MAX_REGION_DEPTH = 32;

/**
 * Cuts out every function that the text search found. Functions that the configuration switches off are parsed too, in
 * a region of their own: what the tool cannot read should be known before somebody switches it on.
 *
 * @returns how many of them are switched off
 */
function cutFunctions(
  file: Draft,
  region: Region,
  found: readonly TextFunction[],
  configuration: Configuration,
): number {
  if (found.length === 0) return 0;
  const { masked, base } = region;
  const starts = declarationStarts(masked);
  const switchedOff = new Map<number, TextFunction[]>();
  const names: string[] = [];
  const bounds: number[] = [];
  for (const one of found) {
    const range = inactiveRange(masked.preprocessed.inactive, one.bodyStart - base);
    const other = range === null ? undefined : otherBody(region, one, starts);
    if (other !== undefined) {
      names.push(one.name);
      bounds.push(other.start, other.end);
      const body = { ...one, bodyStart: base + other.bodyStart, bodyEnd: base + other.end };
      if (masked === file.masked) file.functions.push(cFunction(file, body, other.start));
      continue;
    }
    if (range !== null) {
      const already = switchedOff.get(range);
      if (already === undefined) switchedOff.set(range, [one]);
      else already.push(one);
      continue;
    }
    const start = starts.get(one.bodyStart - base);
    if (start === undefined) {
      fail(file, one, one.bodyStart, "not recognised as a function definition");
      continue;
    }
    names.push(one.name);
    bounds.push(start, one.bodyEnd - base);
    if (masked === file.masked) file.functions.push(cFunction(file, one, start));
  }
  if (names.length > 0) file.pieces.push({ names, base, job: { text: masked.text, bounds } });
  for (const [index, functions] of switchedOff) cutSwitchedOff(file, region, index, functions, configuration);
  return [...switchedOff.values()].reduce((sum, functions) => sum + functions.length, 0);
}

/** A head with two bodies, one per preprocessor branch: the one in use, where the text search saw the other. */
function otherBody(
  { masked, base }: Region,
  one: TextFunction,
  starts: ReadonlyMap<number, number>,
): { readonly start: number; readonly bodyStart: number; readonly end: number } | undefined {
  const name = one.nameOffset - base;
  if (inactiveRange(masked.preprocessed.inactive, name) !== null) return undefined;
  const { tokens, partner } = masked.stream;
  for (const [bodyStart, start] of starts) {
    if (start > name || bodyStart < name) continue;
    const brace = tokens.start.indexOf(bodyStart);
    const close = brace < 0 ? -1 : (partner[brace] as number);
    return close < 0 ? undefined : { start, bodyStart, end: tokens.end[close] as number };
  }
  return undefined;
}

function cutSwitchedOff(
  file: Draft,
  { masked, base, depth }: Region,
  index: number,
  functions: readonly TextFunction[],
  configuration: Configuration,
): void {
  const from = masked.preprocessed.inactive[index] as number;
  const to = masked.preprocessed.inactive[index + 1] as number;
  const inside: TextFunction[] = [];
  for (const one of functions) {
    if (one.bodyEnd <= base + to) inside.push(one);
    else fail(file, one, one.bodyStart, "split by a preprocessor condition that switches off only a part of it");
  }
  if (depth >= MAX_REGION_DEPTH) {
    for (const one of inside)
      fail(file, one, one.bodyStart, `inside more than ${MAX_REGION_DEPTH} switched-off conditions`);
    return;
  }
  const text = Buffer.from(masked.source.slice(from, to), "latin1");
  const region = { masked: mask(text, configuration), base: base + from, depth: depth + 1 };
  cutFunctions(file, region, inside, configuration);
}

function fail(file: Draft, one: TextFunction, offset: number, reason: string): void {
  file.unparsed.push({ file: file.path, function: one.name, line: file.lines.lineAt(offset), reason });
}

/** What a parse checker found in a file's pieces, in the words of the reports. */
export function failuresOf(file: CFile, failures: readonly (readonly ParseFailure[])[]): readonly Unparsed[] {
  return file.pieces.flatMap((piece, i) =>
    (failures[i] ?? []).map((failure) => ({
      file: file.path,
      function: piece.names[failure.index] ?? null,
      line: file.lines.lineAt(piece.base + failure.offset),
      reason: failure.reason,
    })),
  );
}

/** Index of the switched-off range that holds `offset`; null where the text is in use. */
function inactiveRange(inactive: readonly number[], offset: number): number | null {
  for (let i = 0; i < inactive.length && (inactive[i] as number) <= offset; i += 2) {
    if (offset < (inactive[i + 1] as number)) return i;
  }
  return null;
}

/** For each function body's `{`: where the definition starts. */
function declarationStarts(masked: Masked): ReadonlyMap<number, number> {
  const { tokens, context, opens, partner } = masked.stream;
  const starts = new Map<number, number>();
  let first = -1;
  for (let i = 0; i < tokens.count; i++) {
    // Tokens that were blanked (macros at file scope) are no part of a definition.
    if (first < 0 && masked.bytes[tokens.start[i] as number] !== 32) first = i;
    const code = tokens.code[i];
    if (code === SEMICOLON || (code === CLOSE_BRACE && (partner[i] as number) < 0)) first = -1;
    else if (code === OPEN_BRACE && context[i] === FILE) {
      const close = partner[i] as number;
      const isFunction = opens[i] === FUNCTION;
      if (isFunction && first >= 0) starts.set(tokens.start[i] as number, tokens.start[first] as number);
      if (close > i) i = close;
      if (isFunction) first = -1;
    }
  }
  return starts;
}

function cFunction(file: CFile, one: TextFunction, start: number): CFunction {
  let kept: SyntaxNode | null = null;
  return {
    file,
    name: one.name,
    nameOffset: one.nameOffset,
    start,
    bodyStart: one.bodyStart,
    end: one.bodyEnd,
    isStatic: /\bstatic\b/.test(file.masked.source.slice(start, one.nameOffset)),
    syntax() {
      if (kept !== null) return kept;
      const again = parsePiece(file.masked.text.slice(start, one.bodyEnd), start);
      if (!again.ok) return null;
      kept = again.root();
      return kept;
    },
  };
}
