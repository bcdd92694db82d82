/**
 * One history by its decisions: what a search has found is run again from a fresh beginning, and round its loop, before
 * it is believed.
 */
import { type Decision, decide, ReplayDecisions } from "../simulator/decisions.ts";
import { SimulationFault } from "../simulator/fault.ts";
import { SCHEDULE_LABEL, type ScheduleEnd, type ScheduleSubject, type ScheduleViolation } from "./schedule.ts";

/** What came of a history whose decisions were given. */
export interface ReplayedSchedule {
  /** How it ended; null where it was still under way. */
  readonly end: ScheduleEnd | null;
  readonly steps: number;
}

/** What a fault of the model is, as the end of a history. */
export function endOfFault(error: unknown): ScheduleEnd {
  if (!(error instanceof Error)) throw error;
  const kind = error instanceof SimulationFault ? error.kind : error.name;
  return { kind: "bad", property: `fault ${kind}`, what: error.message, seconds: 0 };
}

/** What it is when a subject can do nothing more. */
export const NOTHING: ScheduleEnd = {
  kind: "bad",
  property: "progress",
  what: "nothing can happen any more",
  seconds: 0,
};

/**
 * Runs given decisions, the first way where none are left.
 *
 * @param steps at most; a loop that stands behind `from` is gone round until then
 * @throws SimulationFault of kind replay-mismatch where there is something else to decide than there was
 */
export function replaySchedule(
  subject: ScheduleSubject,
  decisions: readonly Decision[],
  steps: number,
  loop: ScheduleViolation["loop"] = null,
): ReplayedSchedule {
  const source = new ReplayDecisions(decisions, { choose: () => 0 });
  const chosen: number[] = [];
  const counts: number[] = [];
  for (let i = 0; i < steps; i++) {
    const actions = subject.actions();
    if (actions.length === 0) return { end: NOTHING, steps: i };
    const isRound = loop !== null && i >= loop.fromStep + loop.steps;
    const index = isRound ? (chosen[i - loop.steps] as number) : decide(source, actions.length, SCHEDULE_LABEL);
    if (isRound && actions.length !== counts[i - loop.steps]) differs(i);
    chosen.push(index);
    counts.push(actions.length);
    try {
      subject.take(index);
    } catch (error) {
      return { end: endOfFault(error), steps: i + 1 };
    }
    const end = subject.end();
    if (end !== null) return { end, steps: i + 1 };
  }
  return { end: null, steps };
}

function differs(step: number): never {
  throw new SimulationFault("replay-mismatch", `step ${step} of a loop is another this time`);
}

/**
 * Whether a violation comes about again from the beginning; a loop must be gone round so many steps.
 *
 * @throws SimulationFault of kind nondeterminism where a history that ended does not end alike
 */
export function isConfirmed(subject: ScheduleSubject, found: ScheduleViolation, steps: number): boolean {
  const { end } = replaySchedule(subject, found.decisions, steps, found.loop);
  if (found.loop !== null) return end === null || end.kind === "bad";
  if (end?.property === found.property && end.what === found.what) return true;
  throw new SimulationFault("nondeterminism", `"${found.what}", and again "${end?.what ?? "no end"}"`);
}
