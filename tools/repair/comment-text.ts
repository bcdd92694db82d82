/** Comments taken apart into sentences and put together again, as kernel code has them. */
import { columns } from "./source-text.ts";

/** Lines of code and comments (Documentation/process/coding-style.rst). */
const MAX_COLUMNS = 80;

/** The words of a comment, without its stars and line breaks. */
export function wordsOf(comment: string): string {
  return comment
    .replace(/^\/\*+|\*+\/$|^\/\//g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, "").trim())
    .join(" ")
    .replace(/\s+/g, " ")
    .trim();
}

/** Sentences as people write them in comments: the last may lack its full stop. */
export function sentencesOf(words: string): readonly string[] {
  return words
    .split(/(?<=[.!?])\s+(?=[A-Z])/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/**
 * A comment of words, on one line where it fits.
 *
 * @param indent the blanks before it
 * @param isBlock always with the opening and closing marks on lines of their own
 */
export function commentText(words: string, indent: string, isBlock: boolean): string {
  const line = `/* ${words} */`;
  if (!isBlock && columns(indent) + line.length <= MAX_COLUMNS) return line;
  const width = MAX_COLUMNS - columns(indent) - 3;
  return ["/*", ...wrapped(words, width).map((one) => `${indent} * ${one}`), `${indent} */`].join("\n");
}

/** Words in lines of at most so many columns; a longer word stays whole. */
export function wrapped(words: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of words.split(/\s+/).filter((one) => one !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A call with its arguments, broken before the last one where the line would be too long. */
export function callText(name: string, args: readonly string[], startColumn: number): string {
  const line = `${name}(${args.join(", ")})`;
  // The semicolon, too.
  if (startColumn + line.length + 1 <= MAX_COLUMNS) return line;
  const column = startColumn + name.length + 1;
  const indent = "\t".repeat(Math.floor(column / 8)) + " ".repeat(column % 8);
  return `${name}(${args.slice(0, -1).join(", ")},\n${indent}${args.at(-1)})`;
}
