/** Text in at most 75 columns, as mails and bug trackers want it (Documentation/process/submitting-patches.rst). */
import { printable } from "./words.ts";

export const MAIL_COLUMNS = 75;

/** What lines begin with: the first one, and those after it. */
export interface Indents {
  readonly first: string;
  readonly rest: string;
}

const NONE: Indents = { first: "", rest: "" };

/** A word in pieces that fit; a path that nobody can break is cut all the same, since mails would break it anyway. */
function pieces(word: string, columns: number): readonly string[] {
  const all: string[] = [];
  for (let at = 0; at < word.length; at += columns) all.push(word.slice(at, at + columns));
  return all;
}

/**
 * One paragraph as lines, without control characters.
 *
 * @param text whatever blanks and newlines are in it part words
 */
export function filled(text: string, { first, rest }: Indents = NONE, columns: number = MAIL_COLUMNS): string[] {
  const room = columns - Math.max(first.length, rest.length);
  const lines: string[] = [];
  // A number and its unit stay on one line.
  const kept = text.replace(/(\d)\s+(?=m?s\b)/g, "$1\0");
  for (const word of kept.split(/[^\S\0]+/).flatMap((one) => pieces(one, room))) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, i) => `${i === 0 ? first : rest}${printable(line.replaceAll("\0", " "))}`.trimEnd());
}

/** Paragraphs, parted by empty lines, one after the other. */
export function filledParagraphs(text: string, indents: Indents = NONE): string {
  const paragraphs = text
    .split(/\n[ \t]*\n+/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
  return paragraphs.map((one) => filled(one, indents).join("\n")).join("\n\n");
}

/** A list, each item with a dash or a number before it. */
export function listed(items: readonly string[], mark: (index: number) => string = () => "- "): string {
  return items
    .map((item, i) => {
      const first = mark(i);
      return filled(item, { first, rest: " ".repeat(first.length) }).join("\n");
    })
    .join("\n");
}

/** The same with numbers. */
export function numbered(items: readonly string[]): string {
  const width = String(items.length).length;
  return listed(items, (i) => `${String(i + 1).padStart(width)}. `);
}
