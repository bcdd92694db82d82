/**
 * C text -> preprocessing tokens, over bytes.
 *
 * Every position in this room is a byte offset into the file as it is on disk. Old kernel files are Latin-1, new ones
 * UTF-8; reading each byte as one character keeps offsets true for both and cannot fail on invalid input.
 */

export const IDENTIFIER = 1;
export const NUMBER = 2;
export const STRING = 3;
export const CHARACTER = 4;
export const PUNCTUATOR = 5;
/** A whole preprocessor line with its continuations and the comments in it. */
export const DIRECTIVE = 6;

/** Tokens as parallel arrays: a kernel file has tens of thousands, and objects would cost more than the parse. */
export interface Tokens {
  readonly count: number;
  readonly kind: Uint8Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  /** Punctuators: their bytes as a big-endian number (punctuators.ts); 0 for all other tokens. */
  readonly code: Uint32Array;
}

export interface Lexed {
  readonly tokens: Tokens;
  /** Comments as [start, end) pairs, in order. */
  readonly comments: readonly number[];
  /** Offsets of bytes that are no C at all outside strings and comments: NUL and other control characters. */
  readonly stray: readonly number[];
  /** Offsets of a byte order mark's bytes; empty where there is none. */
  readonly marks: readonly number[];
}

const IDENTIFIER_START = 1;
const DIGIT = 2;
const SPACE = 4;

/** Character classes by byte; bytes from 0x80 on count as letters (names in Latin-1 or UTF-8). */
const CLASS = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  if ((c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || c === 36 || c >= 128) CLASS[c] = IDENTIFIER_START;
  else if (c >= 48 && c <= 57) CLASS[c] = DIGIT;
  else if (c === 32 || (c >= 9 && c <= 13)) CLASS[c] = SPACE;
}

/** Second bytes that join a first byte into a two-byte operator, by first byte. */
const PAIRS: Readonly<Record<string, string>> = {
  "-": "->=",
  "+": "+=",
  "<": "<=",
  ">": ">=",
  "=": "=",
  "!": "=",
  "&": "&=",
  "|": "|=",
  "*": "=",
  "/": "=",
  "%": "=",
  "^": "=",
  "#": "#",
};
const JOINS = new Uint8Array(256 * 256);
for (const [first, seconds] of Object.entries(PAIRS)) {
  for (const second of seconds) JOINS[first.charCodeAt(0) * 256 + second.charCodeAt(0)] = 1;
}

class TokenSink {
  kind: Uint8Array;
  start: Uint32Array;
  end: Uint32Array;
  code: Uint32Array;
  count = 0;

  /** Starts again with the arrays that are there. */
  restart(): void {
    this.count = 0;
  }

  constructor(capacity: number) {
    this.kind = new Uint8Array(capacity);
    this.start = new Uint32Array(capacity);
    this.end = new Uint32Array(capacity);
    this.code = new Uint32Array(capacity);
  }

  add(kind: number, start: number, end: number, code: number): void {
    const i = this.count++;
    if (i >= this.kind.length) this.grow();
    this.kind[i] = kind;
    this.start[i] = start;
    this.end[i] = end;
    this.code[i] = code;
  }

  private grow(): void {
    const capacity = this.kind.length * 2;
    const copy = <T extends Uint8Array | Uint32Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.kind = copy(new Uint8Array(capacity), this.kind);
    this.start = copy(new Uint32Array(capacity), this.start);
    this.end = copy(new Uint32Array(capacity), this.end);
    this.code = copy(new Uint32Array(capacity), this.code);
  }
}

/** One sink for all files, grown to the largest: the tokens of a file are copied out of it in their exact number. */
const scratch = new TokenSink(65_536);

const NEWLINE = 10;
const BACKSLASH = 92;
const SLASH = 47;
const STAR = 42;
const QUOTE = 34;
const APOSTROPHE = 39;
const HASH = 35;
const DOT = 46;

/** End of a comment that starts at `at` (which holds `/`); -1 where no comment starts there. */
function commentEnd(text: Buffer, at: number): number {
  const next = text[at + 1];
  if (next === STAR) {
    const close = text.indexOf("*/", at + 2, "latin1");
    return close < 0 ? text.length : close + 2;
  }
  if (next !== SLASH) return -1;
  let i = at + 2;
  for (; i < text.length; i++) {
    if (text[i] === NEWLINE && text[i - 1] !== BACKSLASH && !(text[i - 1] === 13 && text[i - 2] === BACKSLASH)) break;
  }
  return i;
}

/** End of a string or character constant; one that is not closed ends with its line, as compilers recover. */
function quotedEnd(text: Buffer, at: number): number {
  const quote = text[at];
  let i = at + 1;
  for (; i < text.length; i++) {
    const c = text[i];
    if (c === BACKSLASH) {
      // A backslash before CR LF continues the line like one before LF.
      i += text[i + 1] === 13 && text[i + 2] === NEWLINE ? 2 : 1;
    } else if (c === quote) return i + 1;
    else if (c === NEWLINE) return i;
  }
  return Math.min(i, text.length);
}

/** End of a directive that starts at `#`: the end of its last continued line, comments that span lines included. */
function directiveEnd(text: Buffer, at: number, comments: number[]): number {
  let i = at + 1;
  while (i < text.length) {
    const c = text[i];
    if (c === NEWLINE) {
      const continued = text[i - 1] === BACKSLASH || (text[i - 1] === 13 && text[i - 2] === BACKSLASH);
      if (!continued) return i;
      i++;
    } else if (c === SLASH) {
      const end = commentEnd(text, i);
      if (end < 0) i++;
      else {
        comments.push(i, end);
        i = end;
      }
    } else if (c === QUOTE || c === APOSTROPHE) {
      // `#error don't` has a lone apostrophe: an unclosed constant ends with its line.
      i = quotedEnd(text, i);
    } else i++;
  }
  return text.length;
}

/** End of a preprocessing number (C11 6.4.8): digits, letters, dots, and signs after an exponent letter. */
function numberEnd(text: Buffer, at: number): number {
  let i = at + 1;
  for (; i < text.length; i++) {
    const c = text[i] as number;
    if (CLASS[c] === IDENTIFIER_START || CLASS[c] === DIGIT || c === DOT) continue;
    const exponent = (text[i - 1] as number) | 32;
    if ((c === 43 || c === 45) && (exponent === 101 || exponent === 112) && !isHexadecimal(text, at, exponent))
      continue;
    break;
  }
  return i;
}

/** In 0xe+1 the e is a digit, so that the sign is an operator; p starts a hexadecimal exponent. */
function isHexadecimal(text: Buffer, at: number, exponent: number): boolean {
  return exponent === 101 && text[at] === 48 && ((text[at + 1] as number) | 32) === 120;
}

/**
 * Splits C text into tokens.
 *
 * @param text the file's bytes
 * @returns tokens with byte offsets, comments, and stray bytes; never throws, whatever the bytes are
 */
export function lex(text: Buffer): Lexed {
  scratch.restart();
  const sink = scratch;
  const comments: number[] = [];
  const stray: number[] = [];
  const marks: number[] = [];
  const length = text.length;
  let lineIsBlankSoFar = true;
  // A UTF-8 byte order mark is no part of the first word.
  let i = text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? 3 : 0;
  for (let mark = 0; mark < i; mark++) marks.push(mark);
  while (i < length) {
    const c = text[i] as number;
    const charClass = CLASS[c];
    if (charClass === SPACE) {
      if (c === NEWLINE) lineIsBlankSoFar = true;
      i++;
      continue;
    }
    if (c === SLASH) {
      const end = commentEnd(text, i);
      if (end >= 0) {
        comments.push(i, end);
        i = end;
        continue;
      }
    }
    const start = i;
    if (c === HASH && lineIsBlankSoFar) {
      i = directiveEnd(text, i, comments);
      sink.add(DIRECTIVE, start, i, 0);
      continue;
    }
    lineIsBlankSoFar = false;
    if (charClass === IDENTIFIER_START) {
      do i++;
      while (i < length && (CLASS[text[i] as number] as number) & (IDENTIFIER_START | DIGIT));
      sink.add(IDENTIFIER, start, i, 0);
    } else if (charClass === DIGIT || (c === DOT && CLASS[text[i + 1] as number] === DIGIT)) {
      i = numberEnd(text, i);
      sink.add(NUMBER, start, i, 0);
    } else if (c === QUOTE || c === APOSTROPHE) {
      i = quotedEnd(text, i);
      sink.add(c === QUOTE ? STRING : CHARACTER, start, i, 0);
    } else if (c < 32 || c === 127 || c === BACKSLASH) {
      stray.push(i);
      i++;
    } else {
      i = punctuatorToken(text, i, sink);
    }
  }
  return { tokens: finish(sink), comments, stray, marks };
}

function punctuatorToken(text: Buffer, start: number, sink: TokenSink): number {
  const c = text[start] as number;
  const next = text[start + 1];
  if (next === undefined || JOINS[c * 256 + next] === 0) {
    if (c === DOT && next === DOT && text[start + 2] === DOT) {
      sink.add(PUNCTUATOR, start, start + 3, 0x2e2e2e);
      return start + 3;
    }
    sink.add(PUNCTUATOR, start, start + 1, c);
    return start + 1;
  }
  if ((c === 60 || c === 62) && next === c && text[start + 2] === 61) {
    sink.add(PUNCTUATOR, start, start + 3, c * 65536 + c * 256 + 61);
    return start + 3;
  }
  sink.add(PUNCTUATOR, start, start + 2, c * 256 + next);
  return start + 2;
}

function finish(sink: TokenSink): Tokens {
  const { count } = sink;
  return {
    count,
    kind: sink.kind.slice(0, count),
    start: sink.start.slice(0, count),
    end: sink.end.slice(0, count),
    code: sink.code.slice(0, count),
  };
}

/** Line starts of a text, so that offsets become lines without counting again. */
export class LineTable {
  private kept: Uint32Array | null = null;

  /** The table is made when it is first asked: most files have nothing to report. */
  constructor(private readonly text: Buffer) {}

  private get starts(): Uint32Array {
    if (this.kept === null) {
      const starts = [0];
      for (let i = this.text.indexOf(NEWLINE); i >= 0; i = this.text.indexOf(NEWLINE, i + 1)) starts.push(i + 1);
      this.kept = Uint32Array.from(starts);
    }
    return this.kept;
  }

  /** @returns the 1-based line that holds byte `offset` */
  lineAt(offset: number): number {
    const { starts } = this;
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  /** @returns the 1-based column of byte `offset`, in bytes */
  columnAt(offset: number): number {
    return offset - (this.starts[this.lineAt(offset) - 1] as number) + 1;
  }

  get lineCount(): number {
    return this.starts.length;
  }
}
