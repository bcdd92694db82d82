/** Lines of a kernel log as a reply quotes them. */
import type { LogLine, LogReading } from "../timing/kernel-log.ts";
import { filled } from "./columns.ts";
import type { LogDocument } from "./draft-schema.ts";

const MAX_QUOTED = 12;
/** Of a longer line only the beginning is quoted. */
const MAX_QUOTED_LENGTH = 220;
/** So many calls are named where a line could be of any of them. */
const MAX_SITES = 3;

/** What a reply says of a log. */
export interface KernelLogReport {
  readonly lines: number;
  readonly recognised: number;
  readonly quoted: readonly { readonly quote: string; readonly by: string }[];
}

/** The lines to quote: the first of each call that prints, so that none is lost among repetitions, then the first. */
function chosen(matches: readonly LogLine[]): readonly LogLine[] {
  const seen = new Set<unknown>();
  const firsts = matches.filter(({ sites: [site] }) => !seen.has(site) && seen.add(site));
  const others = matches.filter((one) => !firsts.includes(one));
  return [...firsts, ...others].slice(0, MAX_QUOTED).sort((a, b) => a.number - b.number);
}

function quote({ text }: LogLine): string {
  const cut = text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)} [cut]` : text;
  return filled(cut, { first: "> ", rest: "> " }).join("\n");
}

function by({ number, stampSeconds, sites }: LogLine): string {
  const places = sites.slice(0, MAX_SITES).map(({ file, line, function: name }) => `${file}:${line} ${name}`);
  const more = sites.length > MAX_SITES ? ` or ${sites.length - MAX_SITES} more` : "";
  const when = stampSeconds === null ? "without a time" : `${stampSeconds} s after boot`;
  return filled(`line ${number}, ${when}: ${places.join(" or ")}${more}`, { first: "  ", rest: "    " }).join("\n");
}

export function logReport({ lines, matches, matchesLeftOut }: LogReading): KernelLogReport {
  const quoted = chosen(matches).map((one) => ({ quote: quote(one), by: by(one) }));
  return { lines, recognised: matches.length + matchesLeftOut, quoted };
}

export function logDocument({ lines, matches, matchesLeftOut }: LogReading): LogDocument {
  return {
    lines,
    recognised: matches.length + matchesLeftOut,
    quoted: chosen(matches).map(({ number, stampSeconds, text, sites }) => ({
      number,
      stampSeconds,
      text,
      printedBy: sites.map(({ file, line, function: name }) => ({ file, line, function: name })),
    })),
  };
}
