/** The timeline of a witness as text. */
import Handlebars from "handlebars";
import type { Timeline, TimelineRow } from "../check/timeline.ts";
import { filled } from "./columns.ts";
import { printable } from "./words.ts";

/** Some things go on and on: of more rows alike than this only the first and last are shown. */
const MAX_ALIKE = 4;
/** Whatever is left is cut in the middle. */
const MAX_ROWS = 60;

/** A row, or how many are left out. */
type Shown = TimelineRow | { readonly leftOut: number };

/** For texts that are narrow and short; a terminal has no end on the right. */
export interface TimelineRoom {
  readonly columns: number;
  readonly maxRows: number;
}

function shown(rows: readonly TimelineRow[], maxRows: number): readonly Shown[] {
  const all: Shown[] = [];
  for (let i = 0; i < rows.length; ) {
    let end = i + 1;
    while (end < rows.length && rows[end]?.likeness === rows[i]?.likeness) end++;
    const run = rows.slice(i, end);
    if (run.length <= MAX_ALIKE) all.push(...run);
    else all.push(...run.slice(0, 2), { leftOut: run.length - 3 }, ...run.slice(-1));
    i = end;
  }
  if (all.length <= maxRows) return all;
  const half = Math.floor(maxRows / 2);
  const middle = all.slice(half, -half).reduce((sum, row) => sum + ("leftOut" in row ? row.leftOut : 1), 0);
  return [...all.slice(0, half), { leftOut: middle }, ...all.slice(-half)];
}

/** How far what a row does stands to the right of its time, where it has a line of its own. */
const OWN_LINE = 4;

/** One row; what it does goes onto lines of its own where it does not fit. */
function rowText(time: string, event: string, effect: string, columns: number): string {
  const row = `${time}  ${event}  ${effect}`.trimEnd();
  if (row.length <= columns) return row;
  const indent = " ".repeat(time.length + 2);
  const head = filled(event, { first: `${time}  `, rest: indent }, columns);
  const deeper = indent + " ".repeat(OWN_LINE);
  return [...head, ...filled(effect, { first: deeper, rest: deeper }, columns)].join("\n");
}

/**
 * The timeline as text.
 *
 * @param template text of templates/timeline.txt.hbs
 * @param room none for a terminal
 */
export function timelineText(
  { setting, from, rows, reasons }: Timeline,
  template: string,
  room: TimelineRoom | null = null,
): string {
  const columns = room?.columns ?? Number.POSITIVE_INFINITY;
  const fitted = (text: string): string => (room === null ? text : filled(text, undefined, columns).join("\n"));
  const lines = shown(rows, room?.maxRows ?? MAX_ROWS).map((row) =>
    "leftOut" in row
      ? { time: "...", event: `${row.leftOut} more`, effect: "" }
      : { time: row.time, event: row.event, effect: printable(row.effect) },
  );
  const widest = (key: "time" | "event"): number => Math.max(...lines.map((line) => line[key].length), key.length);
  const [timeWidth, eventWidth] = [widest("time"), widest("event")];
  const render = Handlebars.compile(template, { noEscape: true, strict: true, assumeObjects: false });
  return render({
    setting: fitted(setting),
    from,
    head: `${"time".padStart(timeWidth)}  ${"event".padEnd(eventWidth)}  what it does`,
    rows: lines.map(({ time, event, effect }) =>
      rowText(time.padStart(timeWidth), event.padEnd(eventWidth), effect, columns),
    ),
    reasons: reasons.map(fitted),
  });
}
