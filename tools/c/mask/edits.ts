/**
 * Edits that keep every byte where it is: text is overwritten by text of the same length, and newlines stay.
 */

/** What was done to a place, so that later stages know what the parser did not see. */
export type MaskKind =
  | "annotation"
  | "asm"
  | "loop-macro"
  | "statement-macro"
  | "file-macro"
  | "member-macro"
  | "type-argument"
  | "argument"
  | "label"
  | "string-macro"
  | "typeof"
  | "range"
  | "keyword";

export interface MaskEdit {
  readonly kind: MaskKind;
  readonly start: number;
  readonly end: number;
}

const SPACE = 32;
const NEWLINE = 10;
const RETURN = 13;
const UNDERSCORE = 95;

/** The text that the parser will see, with a record of each place where it differs from the file. */
export class MaskedText {
  readonly edits: MaskEdit[] = [];

  constructor(readonly bytes: Buffer) {}

  /** Records an edit; kinds that happen everywhere and mean nothing later are not worth an object each. */
  record(kind: MaskKind, start: number, end: number): void {
    this.edits.push({ kind, start, end });
  }

  /** Overwrites [start, end) by spaces. */
  blank(start: number, end: number): void {
    const { bytes } = this;
    for (let i = start; i < end; i++) {
      const c = bytes[i];
      if (c !== NEWLINE && c !== RETURN) bytes[i] = SPACE;
    }
  }

  /**
   * Writes `word` at `start` and blanks the rest of [start, end).
   * @returns false, with nothing changed, where the word is longer than the place or a newline is in its way
   */
  replace(start: number, end: number, word: string): boolean {
    if (word.length > end - start) return false;
    const newline = this.bytes.indexOf(NEWLINE, start);
    if (newline >= 0 && newline < start + word.length) return false;
    this.blank(start, end);
    this.bytes.write(word, start, "latin1");
    return true;
  }

  /** Turns [start, end) into one identifier; where it spans lines, into one on its longest line. */
  identifier(start: number, end: number): void {
    let bestStart = start;
    let bestEnd = start;
    for (let from = start; from < end; ) {
      let to = this.bytes.indexOf(NEWLINE, from);
      if (to < 0 || to > end) to = end;
      const last = this.bytes[to - 1] === RETURN ? to - 1 : to;
      if (last - from > bestEnd - bestStart) {
        bestStart = from;
        bestEnd = last;
      }
      from = to + 1;
    }
    this.blank(start, bestStart);
    this.blank(bestEnd, end);
    for (let i = bestStart; i < bestEnd; i++) {
      const c = this.bytes[i] as number;
      const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === UNDERSCORE || (c >= 48 && c <= 57);
      if (!letter) this.bytes[i] = UNDERSCORE;
    }
    // A leading digit would make it a number.
    const first = this.bytes[bestStart] as number;
    if (first >= 48 && first <= 57) this.bytes[bestStart] = UNDERSCORE;
  }

  put(at: number, character: string): void {
    this.bytes[at] = character.charCodeAt(0);
  }
}
