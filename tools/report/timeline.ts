/** The timeline of a witness as text. */
import Handlebars from "handlebars";
import type { Timeline, TimelineRow } from "../check/timeline.ts";
import { printable } from "./words.ts";

/** Some things go on and on: of more rows alike than this only the first and last are shown. */
const MAX_ALIKE = 4;
/** Whatever is left is cut in the middle. */
const MAX_ROWS = 60;

/** A row, or how many are left out. */
type Shown = TimelineRow | { readonly leftOut: number };

function shown(rows: readonly TimelineRow[]): readonly Shown[] {
  const all: Shown[] = [];
  for (let i = 0; i < rows.length; ) {
    let end = i + 1;
    while (end < rows.length && rows[end]?.likeness === rows[i]?.likeness) end++;
    const run = rows.slice(i, end);
    if (run.length <= MAX_ALIKE) all.push(...run);
    else all.push(...run.slice(0, 2), { leftOut: run.length - 3 }, ...run.slice(-1));
    i = end;
  }
  if (all.length <= MAX_ROWS) return all;
  return [...all.slice(0, MAX_ROWS / 2), { leftOut: all.length - MAX_ROWS }, ...all.slice(-MAX_ROWS / 2)];
}

/**
 * The timeline as text.
 *
 * @param template text of templates/timeline.txt.hbs
 */
export function timelineText({ setting, from, rows, reasons }: Timeline, template: string): string {
  const lines = shown(rows).map((row) =>
    "leftOut" in row
      ? { time: "...", event: `${row.leftOut} more`, effect: "" }
      : { time: row.time, event: row.event, effect: printable(row.effect) },
  );
  const widest = (key: "time" | "event"): number => Math.max(...lines.map((line) => line[key].length), key.length);
  const [timeWidth, eventWidth] = [widest("time"), widest("event")];
  const render = Handlebars.compile(template, { noEscape: true, strict: true, assumeObjects: false });
  return render({
    setting,
    from,
    head: `${"time".padStart(timeWidth)}  ${"event".padEnd(eventWidth)}  what it does`,
    rows: lines.map(({ time, event, effect }) =>
      `${time.padStart(timeWidth)}  ${event.padEnd(eventWidth)}  ${effect}`.trimEnd(),
    ),
    reasons,
  });
}
