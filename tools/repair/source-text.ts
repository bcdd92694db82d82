/** The text of one C file as an editor sees it: lines, indentation, and the comments between tokens. */
import type { CFile } from "../c/file.ts";
import { DIRECTIVE, lex, type Tokens } from "../c/lex.ts";

export interface Comment {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Columns of a tab in kernel code (Documentation/process/coding-style.rst). */
export const TAB_COLUMNS = 8;

export class SourceText {
  readonly source: string;
  private readonly tokens: Tokens;
  private readonly comments: readonly Comment[];

  constructor(readonly file: CFile) {
    this.source = file.masked.source;
    const lexed = lex(Buffer.from(this.source, "latin1"));
    this.tokens = lexed.tokens;
    const found: Comment[] = [];
    for (let i = 0; i + 1 < lexed.comments.length; i += 2) {
      const [start, end] = [lexed.comments[i] as number, lexed.comments[i + 1] as number];
      found.push({ start, end, text: this.source.slice(start, end) });
    }
    this.comments = found;
  }

  /** Offset of the first character of the line that holds an offset. */
  lineStart(offset: number): number {
    return this.source.lastIndexOf("\n", offset - 1) + 1;
  }

  /** Offset just behind the newline of the line that holds an offset; the end of the file where there is none. */
  lineEnd(offset: number): number {
    const at = this.source.indexOf("\n", offset);
    return at < 0 ? this.source.length : at + 1;
  }

  /** The blanks at the beginning of a line. */
  indent(offset: number): string {
    const start = this.lineStart(offset);
    return /^[ \t]*/.exec(this.source.slice(start, this.lineEnd(start)))?.[0] ?? "";
  }

  /** Column of an offset, from 0, with tabs as kernel code has them. */
  column(offset: number): number {
    return columns(this.source.slice(this.lineStart(offset), offset));
  }

  /** Whether nothing but blanks stands before an offset on its line. */
  isFirstOnLine(offset: number): boolean {
    return /^\s*$/.test(this.source.slice(this.lineStart(offset), offset));
  }

  /** Whether nothing but blanks and one comment stands between an offset and the end of its line. */
  isLastOnLine(offset: number): boolean {
    const rest = this.source.slice(offset, this.lineEnd(offset));
    return /^[ \t]*(?:\/\*(?:(?!\*\/)[^\n])*\*\/|\/\/[^\n]*)?[ \t]*\r?\n?$/.test(rest);
  }

  isBlankLine(lineStart: number): boolean {
    return lineStart < this.source.length && /^\s*$/.test(this.source.slice(lineStart, this.lineEnd(lineStart)));
  }

  /** Offset of the first preprocessor condition in a stretch; null where there is none. */
  firstCondition(from: number, to: number): number | null {
    const { start, kind, count } = this.tokens;
    for (let i = 0; i < count; i++) {
      const at = start[i] as number;
      if (at < from || kind[i] !== DIRECTIVE) continue;
      if (at >= to) return null;
      if (/^#\s*(?:if|ifdef|ifndef|elif|else|endif)\b/.test(this.source.slice(at, at + 20))) return at;
    }
    return null;
  }

  /** Whether a line begins with a closing brace. */
  isClosingLine(lineStart: number): boolean {
    return /^[ \t]*\}/.test(this.source.slice(lineStart, this.lineEnd(lineStart)));
  }

  /** End of the last token before an offset; 0 where there is none. Comments are no tokens, directives are. */
  tokenEndBefore(offset: number): number {
    const { start, end, count } = this.tokens;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((start[middle] as number) < offset) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : (end[low - 1] as number);
  }

  /** How many more preprocessor conditions an offset stands under than an earlier one. */
  conditionDepth(from: number, to: number): number {
    const { kind, start, end, count } = this.tokens;
    let depth = 0;
    for (let i = 0; i < count; i++) {
      const at = start[i] as number;
      if (kind[i] !== DIRECTIVE || at < from || at >= to) continue;
      const word = /^#\s*(if|endif)/.exec(this.source.slice(at, end[i]))?.[1];
      if (word !== undefined) depth += word === "if" ? 1 : -1;
    }
    return depth;
  }

  /** Comments between the token before an offset and the offset, those on the earlier token's own line apart. */
  commentsBefore(offset: number): readonly Comment[] {
    const from = this.tokenEndBefore(offset);
    const ownLine = from === 0 ? 0 : this.lineEnd(from);
    return this.comments.filter((one) => one.start >= from && one.end <= offset && one.start >= ownLine);
  }

  /** Comments inside of a stretch. */
  commentsIn(start: number, end: number): readonly Comment[] {
    return this.comments.filter((one) => one.start >= start && one.end <= end);
  }

  /** The comment that speaks of the statement at an offset: no blank line between them. Null where there is none. */
  attachedComment(offset: number): Comment | null {
    const last = this.commentsBefore(offset).at(-1);
    if (last === undefined || !this.isFirstOnLine(last.start)) return null;
    return /\n[ \t]*\r?\n/.test(this.source.slice(last.end, offset)) ? null : last;
  }
}

/** How many columns a text takes from the beginning of a line on. */
export function columns(text: string): number {
  let column = 0;
  for (const character of text) {
    column = character === "\t" ? column + TAB_COLUMNS - (column % TAB_COLUMNS) : column + 1;
  }
  return column;
}
