/**
 * A run as a list of what happened when, for people: what each event did, and how long ago the last response was.
 */
import { granularityTicks } from "../../tools/simulator/timers-levels.ts";
import type { TraceEvent } from "../../tools/simulator/trace.ts";
import { type RunRecord, reachedAnchor, type Scenario } from "./echo-run.ts";

export type HistoryKind =
  | "echo-sent"
  | "echo-suppressed"
  | "echo-failed"
  | "request"
  | "echo-answer"
  | "request-answer"
  | "answer"
  | "late-answer"
  | "server-pauses"
  | "server-dies"
  | "server-back"
  | "declared-dead";

export interface HistoryRow {
  readonly tick: number;
  readonly kind: HistoryKind;
  /** Ticks since the last response; null when there was none. */
  readonly sinceResponseTicks: number | null;
  /** On echo works: after how many ticks the work's timer will fire; null where it was not armed. */
  readonly rearmedTicks: number | null;
}

export interface History {
  readonly rows: readonly HistoryRow[];
  readonly anchorTick: number;
  /** Whether times count from the anchor echo; else from the mount. */
  readonly isAnchored: boolean;
  /** Between the last two works; null when there are not two. */
  readonly periodTicks: number | null;
  /** The wheel's granule for a timer of one echo interval; 1 where timers are not rounded in levels. */
  readonly granuleTicks: number;
  /** Works without an echo between the last response and the declaration. */
  readonly suppressed: number;
  /** Whether an answer came at the very tick of the declaration. */
  readonly answeredAtDeath: boolean;
}

/** Ticks until the timer of a work fires, by the tick at which it was armed; the longest where several were. */
function armings(events: readonly TraceEvent[]): ReadonlyMap<number, number> {
  const works = new Set(events.flatMap((event) => (event.kind === "work-start" ? [event.work] : [])));
  const found = new Map<number, number>();
  for (const event of events) {
    if (event.kind !== "timer-start" || !works.has(event.timer)) continue;
    found.set(event.tick, Math.max(found.get(event.tick) ?? 0, event.firesAtTick - event.tick));
  }
  return found;
}

/** Rows of one tick in the order in which one leads to the other. */
const ORDER: readonly HistoryKind[] = [
  "server-pauses",
  "server-dies",
  "server-back",
  "request",
  "echo-answer",
  "request-answer",
  "answer",
  "late-answer",
  "echo-suppressed",
  "echo-failed",
  "echo-sent",
  "declared-dead",
];

/** A run's events in order. */
export function historyOf(scenario: Scenario, record: RunRecord, events: readonly TraceEvent[]): History {
  const { anchorTick, works, echoes, declaredDead } = record;
  const dead = declaredDead?.tick ?? Number.POSITIVE_INFINITY;
  // Runs end with the declaration, but for those in which the server comes back.
  const end = scenario.revivalTicks === undefined ? dead : Number.POSITIVE_INFINITY;
  const responses = record.responses.filter((tick) => tick <= end);
  const armed = armings(events);
  const sent = new Set(echoes);
  const touches = scenario.touches.map((touch) => anchorTick + touch);
  const requests = new Set(touches);
  const rows: HistoryRow[] = [];
  const add = (tick: number, kind: HistoryKind, rearmedTicks: number | null = null): void => {
    const last = responses.filter((one) => one < tick).at(-1);
    const since = last === undefined ? null : tick - last;
    rows.push({ tick, kind, sinceResponseTicks: since, rearmedTicks });
  };
  const failed = new Set(
    events.flatMap((event) => (event.kind === "note" && event.name === "echo-failed" ? [event.tick] : [])),
  );
  for (const tick of works) {
    const kind = sent.has(tick) ? "echo-sent" : failed.has(tick) ? "echo-failed" : "echo-suppressed";
    add(tick, kind, armed.get(tick) ?? null);
  }
  // Without the anchor echo, nothing of what was to follow it has happened.
  const isAnchored = reachedAnchor(scenario, record);
  for (const tick of isAnchored ? touches : []) if (tick <= dead) add(tick, "request");
  for (const tick of responses) {
    const asked = tick - scenario.rttTicks;
    if (tick === dead) add(tick, "late-answer");
    else add(tick, requests.has(asked) ? "request-answer" : sent.has(asked) ? "echo-answer" : "answer");
  }
  for (const { fromTicks } of isAnchored ? (scenario.pauses ?? []) : []) add(anchorTick + fromTicks, "server-pauses");
  if (isAnchored && scenario.deathTicks !== null) add(anchorTick + scenario.deathTicks, "server-dies");
  const { revivalTicks } = scenario;
  if (isAnchored && revivalTicks !== undefined) add(anchorTick + revivalTicks, "server-back");
  if (declaredDead !== null) add(declaredDead.tick, "declared-dead");
  rows.sort((a, b) => a.tick - b.tick || ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  const [last, before] = [works.at(-1), works.at(-2)];
  const since = declaredDead?.lastResponseTick ?? Number.POSITIVE_INFINITY;
  return {
    rows: rows.filter((row) => row.tick <= end),
    anchorTick,
    isAnchored,
    periodTicks: last === undefined || before === undefined ? null : last - before,
    granuleTicks:
      scenario.timers === "levels" ? granularityTicks(scenario.hz, scenario.echoIntervalSeconds * scenario.hz) : 1,
    suppressed: rows.filter((row) => row.kind === "echo-suppressed" && row.tick > since).length,
    answeredAtDeath: responses.includes(dead),
  };
}
