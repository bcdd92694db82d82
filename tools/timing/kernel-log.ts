/**
 * A kernel log from outside: which of its lines a kernel's print calls have printed.
 *
 * Logs come from strangers. Matching goes from one literal piece of a format to the next by text search, so that no
 * line, however odd, takes longer than its length and the number of pieces; nothing of a log becomes a pattern.
 */
import type { PrintSite } from "./print-sites.ts";

/** A line of a log that was recognised. */
export interface LogLine {
  /** Counted from 1. */
  readonly number: number;
  /** What the kernel puts in front: seconds since boot; null where the log has none. */
  readonly stampSeconds: number | null;
  /** Without control characters, and cut where it is too long. */
  readonly text: string;
  /** Calls that print such a line; several where their formats do not differ. */
  readonly sites: readonly PrintSite[];
}

export interface LogReading {
  readonly lines: number;
  readonly matches: readonly LogLine[];
  /** More than that were recognised, and not kept. */
  readonly matchesLeftOut: number;
}

/** The kernel's own lines end before (LOG_LINE_MAX, PRINTKRB_RECORD_MAX: 1024). */
export const MAX_LINE = 1200;
const MAX_MATCHES = 10_000;
/** Formats of less own text would fit anything. */
const LEAST_LETTERS = 8;
/** So often the next place of a piece is tried before a line is given up. */
const MAX_TRIES = 20;

/** A conversion of printf with what it can print, or text as it is. */
type Piece = { readonly text: string } | { readonly fits: RegExp };

interface Pattern {
  readonly site: PrintSite;
  readonly pieces: readonly Piece[];
  readonly letters: number;
}

const CONVERSION = /%(?:%|[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?(?:hh?|ll?|[zjtLq])?([diuxXocspPn])(?:[A-Za-z]\w*)?)/g;
const ANYTHING = /^.*$/s;

/** What a conversion prints; `%pISpc` and its kin print nearly anything, and so do strings. */
function fits(conversion: string | undefined): RegExp {
  if (conversion === "d" || conversion === "i") return /^ *-?\d+ *$/;
  if (conversion === "u") return /^ *\d+ *$/;
  if (conversion === "x" || conversion === "X") return /^ *(?:0x)?[\da-f]+ *$/i;
  return ANYTHING;
}

function piecesOf(format: string): readonly Piece[] {
  const pieces: Piece[] = [];
  const add = (text: string): void => {
    const last = pieces.at(-1);
    if (text === "") return;
    if (last !== undefined && "text" in last) pieces[pieces.length - 1] = { text: last.text + text };
    else pieces.push({ text });
  };
  let at = 0;
  for (const match of format.matchAll(CONVERSION)) {
    add(format.slice(at, match.index));
    at = match.index + match[0].length;
    const last = pieces.at(-1);
    if (match[0] === "%%") add("%");
    // Two in a row cannot be told apart.
    else if (last !== undefined && "fits" in last) pieces[pieces.length - 1] = { fits: ANYTHING };
    // `%pISpc` has letters after it that belong to it; `%dms` has letters that do not.
    else {
      pieces.push({ fits: fits(match[1]) });
      if (match[1] !== "p") at -= (/[diuxXocsPn]([A-Za-z]\w*)$/.exec(match[0])?.[1] ?? "").length;
    }
  }
  add(format.slice(at));
  return pieces;
}

/** A pattern for each line that a call prints. */
function patternsOf(site: PrintSite): readonly Pattern[] {
  return site.format.split("\n").flatMap((line) => {
    const pieces = piecesOf(line.trim());
    const letters = pieces.reduce((sum, one) => sum + ("text" in one ? one.text.replace(/[\W_]/g, "").length : 0), 0);
    return letters < LEAST_LETTERS ? [] : [{ site, pieces, letters }];
  });
}

/** Where a text next stands in a line such that what is between fits; -1 where it does not. */
function nextPlace(line: string, text: string, from: number, between: RegExp | null, isLast: boolean): number {
  if (isLast) {
    // Nothing comes after it: only the end of the line can be meant.
    const at = line.length - text.length;
    return at >= from && line.endsWith(text) && (between === null || between.test(line.slice(from, at))) ? at : -1;
  }
  let at = line.indexOf(text, from);
  for (let tries = 0; at >= 0 && tries < MAX_TRIES; tries++) {
    if (between === null || between.test(line.slice(from, at))) return at;
    at = line.indexOf(text, at + 1);
  }
  return -1;
}

/** Whether a line ends in what a pattern prints; before that may stand what macros and pr_fmt() put there. */
function isPrinted(line: string, { pieces }: Pattern): boolean {
  let at = 0;
  // The prefix is anybody's, and so is a conversion at the beginning.
  let between: RegExp | null = ANYTHING;
  for (const [i, piece] of pieces.entries()) {
    if ("fits" in piece) {
      if (i > 0) between = piece.fits;
      continue;
    }
    const place = nextPlace(line, piece.text, at, between, i === pieces.length - 1);
    if (place < 0) return false;
    at = place + piece.text.length;
    between = null;
  }
  return between === null ? at === line.length : between.test(line.slice(at));
}

/** Control characters, and whatever else a terminal or a mail would take for more than text. */
function plain(line: string): string {
  return line.replace(/\t/g, " ").replace(/[^\x20-\x7e]/g, "?");
}

const STAMP = /^[^[]{0,120}\[\s{0,12}(\d{1,10}\.\d{1,9})\](?:\s?\[\s{0,8}[TC]\d{1,9}\])?\s?/;

/**
 * Reads a log.
 *
 * @param log its bytes; nothing in them is trusted
 */
export function readKernelLog(log: Buffer, sites: readonly PrintSite[]): LogReading {
  const patterns = sites.flatMap(patternsOf);
  const matches: LogLine[] = [];
  let [number, matchesLeftOut] = [0, 0];
  for (let start = 0; start < log.length; ) {
    const newline = log.indexOf(10, start);
    const end = newline < 0 ? log.length : newline;
    number++;
    if (end === start) {
      start++;
      continue;
    }
    const cut = Math.min(end, start + MAX_LINE);
    const text = plain(log.toString("latin1", start, cut).trimEnd());
    start = end + 1;
    const stamp = STAMP.exec(text);
    const message = stamp === null ? text : text.slice(stamp[0].length);
    const fitting = patterns.filter((one) => isPrinted(message, one));
    const most = Math.max(0, ...fitting.map(({ letters }) => letters));
    if (fitting.length === 0) continue;
    if (matches.length >= MAX_MATCHES) {
      matchesLeftOut++;
      continue;
    }
    const best = new Set(fitting.filter(({ letters }) => letters === most).map(({ site }) => site));
    const stampSeconds = stamp === null ? null : Number(stamp[1]);
    const shown = end > cut ? `${text} [cut]` : text;
    matches.push({ number, stampSeconds, text: shown, sites: [...best] });
  }
  return { lines: number, matches, matchesLeftOut };
}
