/**
 * Histories one after the other, each from the beginning and each by somebody's choice: what random walks and random
 * priorities have in common. They prove nothing; they find where a search through everything would take too long.
 */
import { SimulationFault } from "../simulator/fault.ts";
import { below, type Generator32 } from "../simulator/random.ts";
import {
  SCHEDULE_LABEL,
  type ScheduleAction,
  type ScheduleEnd,
  type ScheduleSearch,
  type ScheduleSubject,
  type ScheduleViolation,
  TIME_BIT,
} from "./schedule.ts";
import { endOfFault, isConfirmed, NOTHING } from "./schedule-replay.ts";
import { type SavedState, StateImage } from "./state-image.ts";
import { StateTable } from "./state-table.ts";

export interface WalkBounds {
  readonly histories: number;
  /** Distinct states that are counted. */
  readonly states: number;
  /** Steps of one history. */
  readonly steps: number;
  /** Of everything that is drawn. */
  readonly seed: number;
}

/** Who chooses in one history: the place of an action, of at least two. */
export type Chooser = (actions: readonly ScheduleAction[], step: number) => number;

/** So often a state that came back may turn out not to be a loop; then it is no longer looked at as one. */
const MAX_REFUTED = 3;
/** A loop is gone round for so many steps before it is believed. */
const CONFIRMING_STEPS = 60_000;

/** Draws a place of the actions. */
export function drawn(generator: Generator32, actions: readonly ScheduleAction[]): number {
  return below(generator, actions.length);
}

class Walks {
  readonly table: StateTable;
  transitions = 0;
  ends = 0;
  minSeconds: number | null = null;
  maxSeconds: number | null = null;
  /** Of the history with the most. */
  preemptions = 0;
  private readonly subject: ScheduleSubject;
  private readonly image: StateImage;
  private readonly beginning: SavedState;
  private readonly refuted = new Map<string, number>();

  constructor(
    readonly fresh: () => ScheduleSubject,
    readonly bounds: WalkBounds,
  ) {
    this.table = new StateTable(bounds.states);
    const subject = fresh();
    this.subject = subject;
    this.image = new StateImage({
      roots: () => subject.roots,
      now: () => subject.now,
      role: (className, field) => subject.role(className, field),
      atoms: subject.atoms,
    });
    this.beginning = this.image.save();
  }

  /** One history; what it violates, or null. */
  walk(choose: Chooser): ScheduleViolation | null {
    const { subject, image, table, bounds } = this;
    image.restore(this.beginning);
    const seen = new StateTable(bounds.steps + 1);
    const history = new History();
    for (let step = 0; step < bounds.steps; step++) {
      image.hash();
      table.set(image.h1, image.h2, 0);
      if (history.isLater) {
        image.coarseHash();
        const loop = this.loopOf(seen, history);
        if (loop !== null) return loop;
        seen.set(image.h1, image.h2, step);
      }
      const actions = subject.actions();
      if (actions.length === 0) return this.violation(history, NOTHING);
      const index = actions.length === 1 ? 0 : choose(actions, step);
      history.add(actions, index);
      this.transitions++;
      const end = endAfter(subject, index);
      if (end?.kind === "bad") return this.violation(history, end);
      if (end === null) continue;
      this.ends++;
      this.minSeconds = Math.min(this.minSeconds ?? end.seconds, end.seconds);
      this.maxSeconds = Math.max(this.maxSeconds ?? end.seconds, end.seconds);
      break;
    }
    this.preemptions = Math.max(this.preemptions, history.preemptions);
    return null;
  }

  /** The loop that the present state closes, where there is one that starves nobody and goes on for long. */
  private loopOf(seen: StateTable, history: History): ScheduleViolation | null {
    const { h1, h2 } = this.image;
    const at = seen.get(h1, h2);
    const key = `${h1} ${h2}`;
    const refuted = this.refuted.get(key) ?? 0;
    if (at < 0 || refuted >= MAX_REFUTED || history.starves(at)) return null;
    const steps = history.did.length - at;
    const fromDecision = history.placeOfDecision(at);
    const found: ScheduleViolation = {
      property: "progress",
      what: "the same state comes back without progress",
      decisions: [...history.decisions],
      loop: { fromStep: at, fromDecision, steps },
      preemptions: history.preemptions,
    };
    const most = history.did.length + Math.max(CONFIRMING_STEPS, 12 * steps);
    if (this.goesOn(found, most)) return found;
    this.refuted.set(key, refuted + 1);
    return null;
  }

  private goesOn(found: ScheduleViolation, steps: number): boolean {
    try {
      return isConfirmed(this.fresh(), found, steps);
    } catch (error) {
      // Something else to decide the second time round: it is no loop.
      if (error instanceof SimulationFault && error.kind === "replay-mismatch") return false;
      throw error;
    }
  }

  private violation(history: History, { property, what }: ScheduleEnd): ScheduleViolation {
    const { decisions, preemptions } = history;
    const found = { property, what, decisions, loop: null, preemptions };
    isConfirmed(this.fresh(), found, history.did.length + 1);
    return found;
  }
}

function endAfter(subject: ScheduleSubject, index: number): ScheduleEnd | null {
  try {
    subject.take(index);
  } catch (error) {
    return endOfFault(error);
  }
  return subject.end();
}

/** One history, step by step. */
class History {
  readonly decisions: { readonly label: string; readonly n: number; readonly chosen: number }[] = [];
  readonly could: number[] = [];
  readonly did: number[] = [];
  private readonly decided: number[] = [];
  preemptions = 0;

  get isLater(): boolean {
    return ((this.did.at(-1) ?? 0) & TIME_BIT) !== 0;
  }

  add(actions: readonly ScheduleAction[], index: number): void {
    const { who, cost } = actions[index] as ScheduleAction;
    this.decided.push(this.decisions.length);
    this.could.push(actions.reduce((all, one) => all | one.who, 0));
    this.did.push(who);
    this.preemptions += cost;
    if (actions.length > 1) this.decisions.push({ label: SCHEDULE_LABEL, n: actions.length, chosen: index });
  }

  placeOfDecision(step: number): number {
    return this.decided[step] ?? this.decisions.length;
  }

  /** Whether somebody could have run in every step from one on, and did in none. */
  starves(from: number): boolean {
    let could = -1;
    let did = 0;
    for (let i = from; i < this.did.length; i++) {
      could &= this.could[i] as number;
      did |= this.did[i] as number;
    }
    return (could & ~did & ~TIME_BIT) !== 0;
  }
}

/**
 * Histories until one violates something.
 *
 * @param begin who chooses in the next history
 */
export function walks(
  strategy: string,
  fresh: () => ScheduleSubject,
  bounds: WalkBounds,
  begin: () => Chooser,
): ScheduleSearch {
  const all = new Walks(fresh, bounds);
  let violation: ScheduleViolation | null = null;
  for (let i = 0; i < bounds.histories && violation === null; i++) violation = all.walk(begin());
  const { table, transitions, ends, minSeconds, maxSeconds, preemptions } = all;
  const stoppedBy = violation === null ? "histories" : "violation";
  return {
    ...{ strategy, states: table.size, transitions, ends, minSeconds, maxSeconds, violation, stoppedBy },
    preemptions: violation?.preemptions ?? preemptions,
  };
}
