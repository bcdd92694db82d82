/**
 * Depth first with a bound on preemptions and with state hashing: every schedule that needs no more than so many
 * preemptions, a state that was seen with as many left being passed over. The bound grows from 0, so that a violation
 * is found with the fewest.
 *
 * A state that comes back on the way to itself is a loop without progress; times that were to come may be nearer, so
 * it is gone round many times more from the beginning before it is believed. It is a violation where a scheduler could
 * go round it for ever without starving anybody: whoever can run all along the loop runs in it, and time passes.
 */
import type { Decision } from "../simulator/decisions.ts";
import { SimulationFault } from "../simulator/fault.ts";
import {
  SCHEDULE_LABEL,
  type ScheduleAction,
  type ScheduleBounds,
  type ScheduleEnd,
  type ScheduleSearch,
  type ScheduleSubject,
  type ScheduleViolation,
  TIME_BIT,
} from "./schedule.ts";
import { type SavedState, StateImage } from "./state-image.ts";
import { StateTable } from "./state-table.ts";

/** A loop is gone round again from the beginning, so often at least and for so many steps, before it is believed. */
const CONFIRMING_ROUNDS = 12;
const CONFIRMING_STEPS = 60_000;
/** So often a state that came back may turn out not to be a loop; then it is no longer looked at as one. */
const MAX_REFUTED = 3;

/** A place of the present history where other ways are left. */
interface Branch {
  readonly saved: SavedState;
  readonly depth: number;
  readonly actions: readonly ScheduleAction[];
  readonly left: number;
  next: number;
}

/** The present history, step by step: columns of one table. */
class Path {
  readonly h1: number[] = [];
  readonly h2: number[] = [];
  /** Who could run, and who did. */
  readonly could: number[] = [];
  readonly did: number[] = [];
  readonly chosen: number[] = [];
  readonly counts: number[] = [];
  readonly costs: number[] = [];
  /** Coarse hashes where time has just gone on; 0 elsewhere. */
  readonly c1: number[] = [];
  readonly c2: number[] = [];

  get length(): number {
    return this.h1.length;
  }

  cut(length: number): void {
    const { h1, h2, could, did, chosen, counts, costs, c1, c2 } = this;
    for (const column of [h1, h2, could, did, chosen, counts, costs, c1, c2]) column.length = length;
  }

  /** The decisions of the first steps: where there was one possibility, nobody decided. */
  decisions(steps: number): Decision[] {
    const all: Decision[] = [];
    for (let i = 0; i < steps; i++) {
      const n = this.counts[i] as number;
      if (n > 1) all.push({ label: SCHEDULE_LABEL, n, chosen: this.chosen[i] as number });
    }
    return all;
  }
}

class DepthFirst {
  readonly image: StateImage;
  readonly table: StateTable;
  readonly path = new Path();
  /** Where a coarse state of the present history stands in it. */
  readonly onPath: StateTable;
  transitions = 0;
  ends = 0;
  minSeconds: number | null = null;
  maxSeconds: number | null = null;
  violation: ScheduleViolation | null = null;
  isCut = false;
  private readonly refuted = new Map<string, number>();

  constructor(
    readonly subject: ScheduleSubject,
    readonly bounds: ScheduleBounds,
    readonly fresh: () => ScheduleSubject,
  ) {
    this.image = new StateImage({
      roots: () => subject.roots,
      now: () => subject.now,
      role: (className, field) => subject.role(className, field),
      atoms: subject.atoms,
    });
    this.table = new StateTable(bounds.states);
    this.onPath = new StateTable(bounds.states);
  }

  /** Everything within a number of preemptions. */
  search(preemptions: number): void {
    const { path } = this;
    const branches: Branch[] = [];
    let left = preemptions;
    for (;;) {
      const actions = left < 0 ? null : this.look(left);
      if (actions !== null) {
        if (hasOthers(actions, 1, left)) {
          branches.push({ saved: this.image.save(), depth: path.length - 1, actions, left, next: 1 });
        }
        left = this.go(actions, 0, left);
        continue;
      }
      if (this.violation !== null || this.table.isFull) return;
      const branch = branches.at(-1);
      if (branch === undefined) return;
      this.unwind(branch.depth + 1);
      left = this.turn(branches, branch);
    }
  }

  /** Takes the next way of a branch; -1 where there is none, or it ends at once. */
  private turn(branches: Branch[], branch: Branch): number {
    while (branch.next < branch.actions.length) {
      const at = branch.next++;
      if ((branch.actions[at] as ScheduleAction).cost > branch.left) continue;
      if (!hasOthers(branch.actions, branch.next, branch.left)) branches.pop();
      this.image.restore(branch.saved);
      return this.go(this.subject.actions(), at, branch.left);
    }
    branches.pop();
    return -1;
  }

  /** Forgets the steps behind a depth. */
  private unwind(depth: number): void {
    const { path, onPath } = this;
    for (let i = path.length - 1; i >= depth; i--) {
      if (path.c1[i] !== 0 || path.c2[i] !== 0) onPath.set(path.c1[i] as number, path.c2[i] as number, 0);
    }
    path.cut(depth);
  }

  /** Looks at the present state: what can be done in it, or null where nothing has to be. */
  private look(left: number): readonly ScheduleAction[] | null {
    const { subject, path, table, onPath, image } = this;
    image.hash();
    const { h1, h2 } = image;
    const isLater = ((path.did.at(-1) ?? 0) & TIME_BIT) !== 0;
    // Where no time has passed, whoever goes round will be interrupted: the machine sees to that.
    if (table.get(h1, h2) >= left && (isLater || !this.isSpinning(h1, h2))) {
      const at = isLater ? this.placeOf(h1, h2) : -1;
      if (at >= 0) this.cameBack(at, `${h1} ${h2}`);
      return null;
    }
    if (!table.set(h1, h2, left)) return null;
    let [c1, c2] = [0, 0];
    if (isLater) {
      image.coarseHash();
      [c1, c2] = [image.h1, image.h2];
      const at = onPath.get(c1, c2) - 1;
      if (at >= 0) this.cameBack(at, `${c1} ${c2}`);
      if (this.violation !== null) return null;
    }
    if (path.length >= this.bounds.steps) {
      this.isCut = true;
      return null;
    }
    const actions = subject.actions();
    path.h1.push(h1);
    path.h2.push(h2);
    path.could.push(actions.reduce((all, one) => all | one.who, 0));
    path.did.push(0);
    path.chosen.push(0);
    path.counts.push(actions.length);
    path.costs.push(0);
    path.c1.push(c1);
    path.c2.push(c2);
    if (c1 !== 0 || c2 !== 0) onPath.set(c1, c2, path.length);
    if (actions.length > 0) return actions;
    this.report({ kind: "bad", property: "progress", what: "nothing can happen any more", seconds: 0 }, null);
    return null;
  }

  /** Does an action of the present state; what is left of the preemptions, or -1 where the history ended. */
  private go(actions: readonly ScheduleAction[], index: number, left: number): number {
    const { subject, path } = this;
    const action = actions[index] as ScheduleAction;
    const at = path.length - 1;
    path.did[at] = action.who;
    path.chosen[at] = index;
    path.costs[at] = action.cost;
    this.transitions++;
    try {
      subject.take(index);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const kind = error instanceof SimulationFault ? error.kind : error.name;
      this.report({ kind: "bad", property: `fault ${kind}`, what: error.message, seconds: 0 }, null);
      return -1;
    }
    const end = subject.end();
    if (end === null) return left - action.cost;
    if (end.kind === "bad") this.report(end, null);
    else {
      this.ends++;
      this.minSeconds = Math.min(this.minSeconds ?? end.seconds, end.seconds);
      this.maxSeconds = Math.max(this.maxSeconds ?? end.seconds, end.seconds);
    }
    return -1;
  }

  /** Where the history was in this very state before: it is known then, and a loop nevertheless; -1 when it was not. */
  private placeOf(h1: number, h2: number): number {
    const { path } = this;
    for (let i = path.length - 1; i >= 0; i--) if (path.h1[i] === h1 && path.h2[i] === h2) return i;
    return -1;
  }

  /** Whether the history was in this state before, and no time has gone on since. */
  private isSpinning(h1: number, h2: number): boolean {
    const { path } = this;
    for (let i = path.length - 1; i >= 0 && ((path.did[i] as number) & TIME_BIT) === 0; i--) {
      if (path.h1[i] === h1 && path.h2[i] === h2) return true;
    }
    return false;
  }

  /** The present state is one that the history was in before, but for times that are nearer now. */
  private cameBack(at: number, key: string): void {
    const { path } = this;
    if ((this.refuted.get(key) ?? 0) >= MAX_REFUTED) return;
    let could = -1;
    let did = 0;
    for (let i = at; i < path.length; i++) {
      could &= path.could[i] as number;
      did |= path.did[i] as number;
    }
    const starved = could & ~did & ~TIME_BIT;
    if (starved !== 0) return;
    const steps = path.length - at;
    const loop = { fromStep: at, fromDecision: path.decisions(at).length, steps };
    if (!this.goesOn(loop)) {
      this.refuted.set(key, (this.refuted.get(key) ?? 0) + 1);
      return;
    }
    const what = "the same state comes back without progress";
    this.report({ kind: "bad", property: "progress", what, seconds: 0 }, loop);
  }

  /** Whether going round the loop again and again, from a fresh beginning, never comes to progress. */
  private goesOn(loop: { readonly fromStep: number; readonly steps: number }): boolean {
    const { path } = this;
    const subject = this.fresh();
    const steps = path.length + Math.max(CONFIRMING_ROUNDS * loop.steps, CONFIRMING_STEPS);
    for (let i = 0; i < steps; i++) {
      const place = i < path.length ? i : loop.fromStep + ((i - loop.fromStep) % loop.steps);
      const actions = subject.actions();
      if (actions.length !== path.counts[place]) return false;
      subject.take(path.chosen[place] as number);
      const end = subject.end();
      if (end !== null) return end.kind === "bad";
    }
    return true;
  }

  /**
   * Runs the history once more from the beginning.
   *
   * @throws SimulationFault of kind nondeterminism where it comes to anything else: then nothing here can be believed
   */
  private requireSame(end: ScheduleEnd, mustEnd: boolean): void {
    const { path } = this;
    const subject = this.fresh();
    const differs = (step: number, what: string): never => {
      throw new SimulationFault("nondeterminism", `step ${step} of a history is not the same again: ${what}`);
    };
    for (let i = 0; i < path.length; i++) {
      const actions = subject.actions();
      if (actions.length !== path.counts[i]) differs(i, `${path.counts[i]} actions, and ${actions.length}`);
      if (actions.length === 0) return;
      try {
        subject.take(path.chosen[i] as number);
      } catch (error) {
        if (end.property.startsWith("fault ") && i === path.length - 1) return;
        throw error;
      }
      const again = subject.end();
      if (i < path.length - 1 ? again !== null : mustEnd && again?.what !== end.what) {
        differs(i, `"${end.what}", and "${again?.what ?? "no end"}"`);
      }
    }
  }

  private report(end: ScheduleEnd, loop: ScheduleViolation["loop"]): void {
    if (this.violation !== null) return;
    const { path } = this;
    this.requireSame(end, loop === null);
    const preemptions = path.costs.reduce((sum, one) => sum + one, 0);
    const { property, what } = end;
    this.violation = { property, what, decisions: path.decisions(path.length), loop, preemptions };
  }
}

/** Whether there is another way from a place on that can be paid for. */
function hasOthers(actions: readonly ScheduleAction[], from: number, left: number): boolean {
  for (let i = from; i < actions.length; i++) if ((actions[i] as ScheduleAction).cost <= left) return true;
  return false;
}

function least(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function most(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

/**
 * Searches with 0, 1, 2, ... preemptions up to the bound, until something is violated.
 *
 * @param fresh a subject at the beginning, the same each time
 */
export function depthFirst(fresh: () => ScheduleSubject, bounds: ScheduleBounds): ScheduleSearch {
  let states = 0;
  let transitions = 0;
  let smaller = -1;
  let [minSeconds, maxSeconds]: (number | null)[] = [null, null];
  for (let preemptions = 0; ; preemptions++) {
    const search = new DepthFirst(fresh(), bounds, fresh);
    search.search(preemptions);
    const { violation, table, isCut } = search;
    const stoppedBy =
      violation !== null ? "violation" : table.isFull ? "states" : isCut ? "steps" : ("complete" as const);
    states += table.size;
    transitions += search.transitions;
    minSeconds = least(minSeconds ?? null, search.minSeconds);
    maxSeconds = most(maxSeconds ?? null, search.maxSeconds);
    const found: ScheduleSearch = {
      strategy: "depth first",
      states,
      transitions,
      ends: search.ends,
      minSeconds,
      maxSeconds,
      violation,
      stoppedBy,
      preemptions,
    };
    // Where one preemption more led to no further state, none will.
    const isDone = stoppedBy === "complete" && table.size === smaller;
    if (violation !== null || table.isFull || isDone || preemptions >= bounds.preemptions) return found;
    smaller = table.size;
  }
}
