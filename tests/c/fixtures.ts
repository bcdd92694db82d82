/** What the tests of tools/c share: C texts become files, and masked text is compared with what it came from. */
import { expect } from "vitest";
import { type Configuration, everythingEnabled } from "../../tools/c/configuration.ts";
import { type CFile, type CFunction, failuresOf, readCFile, type Unparsed } from "../../tools/c/file.ts";
import { codeOfFile, textOfNode } from "../../tools/c/fragment.ts";
import { DIRECTIVE, lex } from "../../tools/c/lex.ts";
import { type Masked, mask } from "../../tools/c/mask.ts";
import { checkJob } from "../../tools/c/parse-check.ts";
import { type HeaderText, Program } from "../../tools/c/program.ts";
import { descendants, parsePiece, type SyntaxNode } from "../../tools/c/syntax.ts";

export const EVERYTHING: Configuration = everythingEnabled();

/** C as it would be on disk: every character of the text is one byte. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

export function readC(text: string, configuration: Configuration = EVERYTHING, path = "test.c"): CFile {
  return readCFile(path, bytes(text), configuration);
}

export function programOf(text: string, headers: readonly HeaderText[] = [], watched: readonly string[] = []): Program {
  return new Program([readC(text)], headers, EVERYTHING, new Set(watched));
}

/** Everything that the file reports as lost, functions that do not parse included. */
export function lostIn(file: CFile): readonly Unparsed[] {
  const failures = file.pieces.map((piece) => checkJob(piece.job));
  return [...file.unparsed, ...failuresOf(file, failures)];
}

export function functionNamed(file: CFile, name: string): CFunction {
  const found = file.functions.find((one) => one.name === name);
  if (found === undefined)
    throw new Error(`no function ${name} among ${file.functions.map((one) => one.name).join(", ")}`);
  return found;
}

export function syntaxOf(file: CFile, name: string): SyntaxNode {
  const root = functionNamed(file, name).syntax();
  if (root === null) throw new Error(`${name} does not parse: ${JSON.stringify(lostIn(file))}`);
  return root;
}

/** Texts of all nodes of a type, as the file has them. */
export function textsOf(file: CFile, root: SyntaxNode, type: string): readonly string[] {
  const code = codeOfFile(file);
  return [...descendants(root)].filter((node) => node.type === type).map((node) => textOfNode(code, node));
}

export function nodeOf(root: SyntaxNode, type: string): SyntaxNode {
  for (const node of descendants(root)) if (node.type === type) return node;
  throw new Error(`no ${type}`);
}

function newlinesOf(text: Buffer): readonly number[] {
  const found: number[] = [];
  for (let at = text.indexOf(10); at >= 0; at = text.indexOf(10, at + 1)) found.push(at);
  return found;
}

/** Fails unless masking kept the length, and every newline (and no other byte is one) where it was. */
export function expectSameShape(text: Buffer, masked: Masked): void {
  if (masked.bytes.length !== text.length) expect(masked.bytes.length).toBe(text.length);
  const same = newlinesOf(masked.bytes).join() === newlinesOf(text).join();
  if (!same) expect(newlinesOf(masked.bytes)).toEqual(newlinesOf(text));
}

/** Edits that masking does not write down, because nothing later depends on them. */
const UNRECORDED = [
  { before: /^offsetof$/, after: /^offset_f$/ },
  { before: /^&&$/, after: /^ &$/ },
  { before: /[Aa]lignof/, after: /^sizeof *$/ },
];

/**
 * Fails unless every token of the file stands at its own offset: unchanged, blanked, or inside an edit that masking
 * wrote down.
 */
export function expectTokensInPlace(text: Buffer, masked: Masked): void {
  const { tokens } = lex(text);
  const out = masked.bytes.toString("latin1");
  const moved: string[] = [];
  for (let i = 0; i < tokens.count; i++) {
    const start = tokens.start[i] ?? 0;
    const end = tokens.end[i] ?? 0;
    const before = masked.source.slice(start, end);
    const after = out.slice(start, end);
    const blank = after.trim() === "";
    if (tokens.kind[i] === DIRECTIVE ? blank : blank || after === before) continue;
    if (masked.edits.some((edit) => edit.start < end && edit.end > start)) continue;
    if (UNRECORDED.some((one) => one.before.test(before) && one.after.test(after))) continue;
    moved.push(`${before} -> ${after}`);
  }
  expect(moved).toEqual([]);
}

/** One kernel construct. */
export interface Construct {
  readonly name: string;
  readonly c: string;
  /** Words that must be found unchanged in at least one of their places. */
  readonly keeps: string;
  /** Whether the text is C to a parser as it stands; `fails` is the point of most rows. */
  readonly raw: "fails" | "parses";
  /** Words that the parser must not see. */
  readonly hides?: string;
}

/** The table test for one construct; returns the file for more questions. */
export function expectDigestible({ c, keeps, raw, hides }: Construct): CFile {
  const text = bytes(c);
  const masked = mask(text, EVERYTHING);
  expectSameShape(text, masked);
  expectTokensInPlace(text, masked);
  const file = readC(c);
  expect(lostIn(file)).toEqual([]);
  expect(file.functions.length).toBe(file.functionsInText);
  const out = masked.bytes.toString("latin1");
  for (const word of keeps.split(" ").filter((one) => one !== "")) {
    const places = placesOf(c, word);
    const kept = places.filter((at) => out.startsWith(word, at));
    expect(kept, `${word} of offsets ${places.join()} is gone`).not.toEqual([]);
  }
  for (const word of (hides ?? "").split(" ").filter((one) => one !== "")) expect(placesOf(out, word)).toEqual([]);
  expect(parsePiece(c, 0).ok ? "parses" : "fails").toBe(raw);
  for (const one of file.functions) expectRangesInside(one);
  return file;
}

function placesOf(text: string, word: string): readonly number[] {
  const pattern = new RegExp(`(?<![\\w$])${word.replace(/[^\w]/g, "\\$&")}(?![\\w$])`, "g");
  return [...text.matchAll(pattern)].map((match) => match.index);
}

/** Fails unless every node lies inside its function and its parent. */
export function expectRangesInside(one: CFunction): void {
  const root = one.syntax();
  if (root === null) return;
  for (const node of descendants(root)) {
    const outer = node.parent ?? { start: one.start, end: one.end };
    const inside = node.start >= outer.start && node.end <= outer.end && node.start <= node.end;
    if (!inside) {
      expect.fail(`${one.name}: ${node.type} [${node.start}, ${node.end}) leaves [${outer.start}, ${outer.end})`);
    }
  }
}
