/**
 * What an edit must leave as it was: how well its files parse, and everything outside of the functions and structs that
 * it is meant to change. Looked at from the outside, on the finished text.
 */
import type { Configuration } from "../c/configuration.ts";
import { type CFile, type CFunction, failuresOf, readCFile, type Unparsed } from "../c/file.ts";
import { plainText } from "../c/fragment.ts";
import { checkJob } from "../c/parse-check.ts";
import type { ToolCheck } from "./candidate.ts";
import { applied, editsByFile } from "./edits.ts";
import type { Edit } from "./recipe.ts";

/** New contents by path. */
export function patchedFiles(files: readonly CFile[], edits: readonly Edit[]): ReadonlyMap<string, Buffer> {
  const changed = new Map<string, Buffer>();
  for (const [path, own] of editsByFile(edits)) {
    const file = files.find((one) => one.path === path);
    if (file === undefined) throw new Error(`an edit of ${path}, which was not read`);
    changed.set(path, Buffer.from(applied(file.masked.source, own), "latin1"));
  }
  return changed;
}

function unparsedIn(file: CFile): readonly Unparsed[] {
  const failures = file.pieces.map((piece) => checkJob(piece.job));
  return [...file.unparsed, ...failuresOf(file, failures)];
}

/**
 * Whether the changed files parse as well as before, and nothing else changed.
 *
 * @param files the files before
 * @param changed contents by path, as they would be written
 */
export function verifyEdits(
  files: readonly CFile[],
  changed: ReadonlyMap<string, Buffer>,
  edits: readonly Edit[],
  configuration: Configuration,
): readonly ToolCheck[] {
  const parsing: string[] = [];
  const elsewhere: string[] = [];
  for (const [path, text] of changed) {
    const before = files.find((one) => one.path === path);
    if (before === undefined) throw new Error(`${path} was not read`);
    const after = readCFile(path, text, configuration);
    const [lost, lostBefore] = [unparsedIn(after), unparsedIn(before)];
    const first = lost[0];
    if (lost.length > lostBefore.length && first !== undefined) {
      parsing.push(`${path}:${first.line}: ${first.reason}`);
    }
    elsewhere.push(
      ...changesElsewhere(
        before,
        after,
        edits.filter((one) => one.file === path),
      ),
    );
  }
  const names = [...new Set(edits.map(({ within }) => within.name))];
  return [
    { tool: "parse", status: parsing.length === 0 ? "passed" : "failed", detail: parsing[0] ?? "parses as before" },
    {
      tool: "places",
      status: elsewhere.length === 0 ? "passed" : "failed",
      detail: elsewhere[0] ?? `changes ${names.join(", ")} and nothing else`,
    },
  ];
}

/** Functions, and text between them, that differ though no edit is meant to be there. */
function changesElsewhere(before: CFile, after: CFile, edits: readonly Edit[]): readonly string[] {
  const meant = new Set(edits.filter(({ within }) => within.kind === "function").map(({ within }) => within.name));
  const gone = edits.filter(({ within }) => within.kind === "whole-function");
  const torn = gone.find((one) => !isWhole(before, one));
  const kept = before.functions.filter((fn) => !gone.some((one) => one.start <= fn.start && fn.end <= one.end));
  const found: string[] = torn === undefined ? [] : [`${before.path}: ${torn.within.name} does not go as a whole`];
  const names = (functions: readonly CFunction[]): string => functions.map((one) => one.name).join(" ");
  if (names(kept) !== names(after.functions)) found.push(`${before.path}: other functions than before`);
  for (const [i, fn] of kept.entries()) {
    const other = after.functions[i];
    if (other === undefined || meant.has(fn.name)) continue;
    if (textOf(fn) !== textOf(other)) found.push(`${before.path}: ${fn.name} is changed`);
  }
  if (between(after) !== meantBetween(before, kept, edits)) {
    found.push(`${before.path}: changed outside of functions`);
  }
  return found;
}

/** Whether an edit takes out one function of the name that it says, its comment and blanks, and nothing else. */
function isWhole({ functions, masked }: CFile, { start, end, text, within }: Edit): boolean {
  const inside = functions.filter((fn) => fn.start < end && start < fn.end);
  const [fn, other] = inside;
  if (fn === undefined || other !== undefined || fn.name !== within.name || text !== "") return false;
  const around = `${masked.source.slice(start, fn.start)}${masked.source.slice(fn.end, end)}`;
  return start <= fn.start && fn.end <= end && plainText(around) === "";
}

function textOf(fn: CFunction): string {
  return fn.file.masked.source.slice(fn.start, fn.end);
}

/** The stretches of a file between some functions. */
function gaps({ masked }: CFile, functions: readonly CFunction[]): readonly (readonly [start: number, end: number])[] {
  const ends = [0, ...functions.map((one) => one.end)];
  return ends.map((end, i) => [end, functions[i]?.start ?? masked.source.length]);
}

/** The text of a file without its functions. */
function between(file: CFile): string {
  return gaps(file, file.functions)
    .map(([start, end]) => file.masked.source.slice(start, end))
    .join("");
}

/** What the edits are meant to leave of that: members of structs, macros, comments before functions. */
function meantBetween(file: CFile, kept: readonly CFunction[], edits: readonly Edit[]): string {
  return gaps(file, kept)
    .map(([from, to]) => {
      const own = edits.filter(({ start, end }) => from <= start && end <= to);
      const moved = own.map((one) => ({ ...one, start: one.start - from, end: one.end - from }));
      return applied(file.masked.source.slice(from, to), moved);
    })
    .join("");
}
