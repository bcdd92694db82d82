/** Edits gathered, applied to texts, and what they may not do: overlap, or reach out of what they belong to. */
import type { Edit } from "./recipe.ts";

/** Edits of one source, in any order. */
export class Edits {
  private readonly list: Edit[] = [];

  /** @throws Error when the edit reaches out of its region, is no ASCII, or overlaps another: a fault of the recipe */
  add(edit: Edit): void {
    const { file, start, end, within } = edit;
    if (start > end || start < within.start || end > within.end) {
      throw new Error(`an edit of ${file} leaves ${within.name}: ${start} to ${end}`);
    }
    if (!/^[\t\n\r\x20-\x7e]*$/.test(edit.text)) throw new Error(`an edit of ${file} is no ASCII`);
    for (const other of this.list) {
      if (other.file === file && start < other.end && other.start < end) {
        throw new Error(`two edits of ${file} overlap at ${Math.max(start, other.start)}`);
      }
    }
    this.list.push(edit);
  }

  /** By file and place; insertions at one place in the order in which they were made. */
  get all(): readonly Edit[] {
    const byPlace = (a: Edit, b: Edit): number => a.start - b.start || a.end - b.end;
    return [...this.list].sort((a, b) => (a.file === b.file ? byPlace(a, b) : a.file < b.file ? -1 : 1));
  }

  /** Whether a place of a file is taken out or replaced. */
  isGone(file: string, start: number, end: number): boolean {
    return this.list.some((one) => one.file === file && one.start <= start && end <= one.end && one.start < one.end);
  }

  /** What the edits put into a file. */
  textsIn(file: string): readonly string[] {
    return this.list.filter((one) => one.file === file).map((one) => one.text);
  }
}

/**
 * A file's text with its edits.
 *
 * @param source one character for each byte
 * @param edits of this file, in order
 */
export function applied(source: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, text } of edits) {
    parts.push(source.slice(at, start), text);
    at = end;
  }
  parts.push(source.slice(at));
  return parts.join("");
}

/** Edits by file, in the order of places. */
export function editsByFile(edits: readonly Edit[]): ReadonlyMap<string, readonly Edit[]> {
  const byFile = new Map<string, Edit[]>();
  for (const edit of edits) byFile.set(edit.file, [...(byFile.get(edit.file) ?? []), edit]);
  return byFile;
}
