/**
 * What an edit must leave as it was: how well its files parse, and everything outside of the functions and structs that
 * it is meant to change. Looked at from the outside, on the finished text.
 */
import type { Configuration } from "../c/configuration.ts";
import { type CFile, type CFunction, failuresOf, readCFile, type Unparsed } from "../c/file.ts";
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
  const found: string[] = [];
  const names = (file: CFile): string => file.functions.map((one) => one.name).join(" ");
  if (names(before) !== names(after)) found.push(`${before.path}: other functions than before`);
  for (const [i, fn] of before.functions.entries()) {
    const other = after.functions[i];
    if (other === undefined || meant.has(fn.name)) continue;
    if (textOf(fn) !== textOf(other)) found.push(`${before.path}: ${fn.name} is changed`);
  }
  const undone = edits
    .filter(({ within }) => within.kind !== "function")
    .reduce(
      (text, { start, end, text: put }) => {
        return text.replace(put, () => before.masked.source.slice(start, end));
      },
      between(after, before, edits),
    );
  if (between(before, before, edits) !== undone) found.push(`${before.path}: changed outside of functions`);
  return found;
}

function textOf(fn: CFunction): string {
  return fn.file.masked.source.slice(fn.start, fn.end);
}

/** The text of a file without its functions, and without all comments where one before a function is meant to change. */
function between(file: CFile, before: CFile, edits: readonly Edit[]): string {
  const isCommentMeant = edits.some(({ start, within }) => {
    const fn = before.functions.find((one) => within.kind === "function" && one.name === within.name);
    return fn !== undefined && start < fn.start;
  });
  const parts: string[] = [];
  let at = 0;
  for (const fn of file.functions) {
    parts.push(file.masked.source.slice(at, fn.start));
    at = fn.end;
  }
  parts.push(file.masked.source.slice(at));
  const text = parts.join("");
  return isCommentMeant ? text.replace(/\/\*[\s\S]*?\*\//g, "") : text;
}
