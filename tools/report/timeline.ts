/** A witness as a table of times that a person can read, with what each event does and why. */
import Handlebars from "handlebars";
import type { History, HistoryRow } from "../check/history.ts";
import type { RunRecord, Scenario } from "../check/scenario.ts";
import { printable } from "./words.ts";

export interface Timeline {
  readonly scenario: Scenario;
  readonly record: RunRecord;
  readonly history: History;
}

/** Seconds with three digits: a jiffy is 1 to 10 ms. */
function secondsText(ticks: number, hz: number): string {
  return (ticks / hz).toFixed(hz > 100 ? 3 : 2);
}

function ago(row: HistoryRow, hz: number): string {
  return row.sinceResponseTicks === null
    ? "no response so far"
    : `last response ${secondsText(row.sinceResponseTicks, hz)} s ago`;
}

function rearmText(row: HistoryRow, hz: number): string {
  return row.rearmedTicks === null ? "not armed again" : `armed again, fires in ${secondsText(row.rearmedTicks, hz)} s`;
}

function wordsOf(row: HistoryRow, timeline: Timeline): readonly [string, string] {
  const { scenario, record, history } = timeline;
  const { hz } = scenario;
  switch (row.kind) {
    case "echo-sent":
      return ["echo request sent", `${ago(row, hz)}; ${rearmText(row, hz)}`];
    case "echo-suppressed":
      return ["echo suppressed", `${ago(row, hz)}, which counts as recent; ${rearmText(row, hz)}`];
    case "echo-failed":
      return ["echo could not be sent", `${ago(row, hz)}; ${rearmText(row, hz)}`];
    case "request":
      return ["a user touches the share", "a request is sent"];
    case "echo-answer":
      return ["answer to the echo arrives", "the time of the last response is updated"];
    case "request-answer":
      return ["answer to the request arrives", "the time of the last response is updated"];
    case "answer":
      return ["an answer arrives", "the time of the last response is updated"];
    case "late-answer":
      return ["answer arrives", "too late: the watchdog looks before the time of the last response is updated"];
    case "server-pauses":
      return ["the server pauses", "its answers are delayed until the pause ends"];
    case "server-dies":
      return ["the server dies", "from now on nothing is answered"];
    case "server-back":
      return ["the server is back", "the client can connect to it"];
    case "declared-dead": {
      const gap = secondsText(row.tick - (record.declaredDead?.lastResponseTick ?? row.tick), hz);
      const cause = history.answeredAtDeath ? "triggered by the answer itself" : "a receive timeout has passed";
      return ["server declared dead", `${record.declaredDead?.by ?? ""}: last response ${gap} s ago; ${cause}`];
    }
  }
}

/** What the drift is, in one sentence; null when the echo comes as often as it is armed for. */
export function driftSentence({ scenario, history }: Timeline): string | null {
  const { hz, echoIntervalSeconds, timers } = scenario;
  const { periodTicks, granuleTicks } = history;
  // What matters then is that the work is not armed again.
  if (scenario.failedEcho !== undefined) return null;
  if (periodTicks === null || periodTicks <= echoIntervalSeconds * hz) return null;
  const period = `${secondsText(periodTicks, hz)} s`;
  const often = `The echo runs every ${period} instead of every ${echoIntervalSeconds} s`;
  if (timers === "slack") {
    return `${often} because mod_timer() adds slack to the expiry of its timer.`;
  }
  if (granuleTicks === 1) return null;
  const granule = `${secondsText(granuleTicks, hz)} s`;
  return (
    `${often} because the timer wheel keeps a timer of that length with a granularity of ${granule} (HZ=${hz}) and ` +
    "fires it at the next multiple: this is the drift, not processing time."
  );
}

/** Why the server could be declared dead, in one sentence; null when it was not, or when it was dead. */
export function windowSentence({ scenario, record, history }: Timeline): string | null {
  const { declaredDead } = record;
  const { hz, echoIntervalSeconds } = scenario;
  if (declaredDead === null || scenario.deathTicks !== null || scenario.failedEcho !== undefined) return null;
  const gap = secondsText(declaredDead.tick - declaredDead.lastResponseTick, hz);
  const intervals = ((declaredDead.tick - declaredDead.lastResponseTick) / hz / echoIntervalSeconds).toFixed(3);
  if (scenario.touches.length === 0 && history.suppressed > 0) {
    const works = history.suppressed === 1 ? "an echo" : `${history.suppressed} echoes`;
    return (
      `No request is needed: the answer to an echo comes so late that it suppresses ${works}, and for ${gap} s ` +
      `(${intervals} echo intervals) no response is noted.`
    );
  }
  if (history.suppressed === 0) {
    return `For ${gap} s (${intervals} echo intervals) no response was noted, though the server answered everything.`;
  }
  const works = history.suppressed === 1 ? "the next echo" : `the next ${history.suppressed} echoes`;
  return (
    `The window exists because a response that comes a little after an echo suppresses ${works}, and the drift puts ` +
    `off the one that follows: its answer comes ${gap} s (${intervals} echo intervals) after the last response, when ` +
    "the watchdog's time is up."
  );
}

/** Rows of a dead server's echo works go on and on: of more than this many alike only the first and last are shown. */
const MAX_ALIKE = 4;
/** Whatever is left is cut in the middle. */
const MAX_ROWS = 60;

/** A row, or how many are left out. */
type Shown = HistoryRow | { readonly leftOut: number };

function alike(a: HistoryRow, b: HistoryRow): boolean {
  return a.kind === b.kind && a.rearmedTicks === b.rearmedTicks;
}

function shown(rows: readonly HistoryRow[]): readonly Shown[] {
  const all: Shown[] = [];
  for (let i = 0; i < rows.length; ) {
    let end = i + 1;
    while (end < rows.length && alike(rows[end] as HistoryRow, rows[i] as HistoryRow)) end++;
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
export function timelineText(timeline: Timeline, template: string): string {
  const { scenario, history } = timeline;
  const { hz, echoIntervalSeconds, rttTicks, timers } = scenario;
  const roundTrip = rttTicks === 1 ? "one jiffy" : `${rttTicks / hz} s`;
  const lines = shown(history.rows).map((row) => {
    if ("leftOut" in row) return { time: "...", event: `${row.leftOut} more`, effect: "" };
    const [event, effect] = wordsOf(row, timeline);
    return { time: secondsText(row.tick - history.anchorTick, hz), event, effect: printable(effect) };
  });
  const widest = (key: "time" | "event"): number => Math.max(...lines.map((line) => line[key].length), key.length);
  const [timeWidth, eventWidth] = [widest("time"), widest("event")];
  const render = Handlebars.compile(template, { noEscape: true, strict: true, assumeObjects: false });
  return render({
    setting: `HZ=${hz}, echo interval ${echoIntervalSeconds} s, round trip ${roundTrip}, timers: ${timers}`,
    from: history.isAnchored ? "the echo from which the witness counts" : "the mount",
    head: `${"time".padStart(timeWidth)}  ${"event".padEnd(eventWidth)}  what it does`,
    rows: lines.map(({ time, event, effect }) =>
      `${time.padStart(timeWidth)}  ${event.padEnd(eventWidth)}  ${effect}`.trimEnd(),
    ),
    reasons: [driftSentence(timeline), windowSentence(timeline)].filter((one) => one !== null),
  });
}
