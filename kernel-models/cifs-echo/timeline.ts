/** A witness as a table of times that a person can read, with what each event does and why. */
import type { Timeline } from "../../tools/check/timeline.ts";
import type { TraceEvent } from "../../tools/simulator/trace.ts";
import type { RunRecord, Scenario } from "./echo-run.ts";
import { type History, type HistoryRow, historyOf } from "./event-rows.ts";

/** What the words are about. */
export interface EchoStory {
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

function wordsOf(row: HistoryRow, story: EchoStory): readonly [string, string] {
  const { scenario, record, history } = story;
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
export function driftSentence({ scenario, history }: EchoStory): string | null {
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
export function windowSentence({ scenario, record, history }: EchoStory): string | null {
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

/** The timeline of a run. */
export function echoTimeline(scenario: Scenario, record: RunRecord, events: readonly TraceEvent[]): Timeline {
  const story: EchoStory = { scenario, record, history: historyOf(scenario, record, events) };
  const { history } = story;
  const { hz, echoIntervalSeconds, rttTicks, timers } = scenario;
  const roundTrip = rttTicks === 1 ? "one jiffy" : `${rttTicks / hz} s`;
  return {
    setting: `HZ=${hz}, echo interval ${echoIntervalSeconds} s, round trip ${roundTrip}, timers: ${timers}`,
    from: history.isAnchored ? "the echo from which the witness counts" : "the mount",
    rows: history.rows.map((row) => {
      const [event, effect] = wordsOf(row, story);
      const time = secondsText(row.tick - history.anchorTick, hz);
      return { time, event, effect, likeness: `${row.kind} ${row.rearmedTicks}` };
    }),
    reasons: [driftSentence(story), windowSentence(story)].filter((one) => one !== null),
  };
}
