/**
 * Depth first with a bound on preemptions and with state hashing: every schedule that needs no more than so many
 * preemptions, a state that was seen with as many left being passed over. The bound grows from 0, so that a violation
 * is found with the fewest.
 *
 * A state that comes back on the way to itself is a loop without progress. It is a violation where a scheduler could go
 * round it for ever without starving anybody: whoever can run all along the loop runs in it, and time passes.
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

/** How often a loop is gone round again, from the beginning, before it is believed. */
const CONFIRMING_ROUNDS = 12;

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

  get length(): number {
    return this.h1.length;
  }

  cut(length: number): void {
    for (const column of [this.h1, this.h2, this.could, this.did, this.chosen, this.counts, this.costs]) column.length = length;
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
  /** Where a state of the present history stands in it. */
  readonly onPath: StateTable;
  transitions = 0;
  ends = 0;
  minSeconds: number | null = null;
  maxSeconds: number | null = null;
  violation: ScheduleViolation | null = null;
  isCut = false;

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
      return this.go(branch.actions, at, branch.left);
    }
    branches.pop();
    return -1;
  }

  /** Forgets the steps behind a depth. */
  private unwind(depth: number): void {
    const { path, onPath } = this;
    for (let i = path.length - 1; i >= depth; i--) onPath.set(path.h1[i] as number, path.h2[i] as number, 0);
    path.cut(depth);
  }

  /** Looks at the present state: what can be done in it, or null where nothing has to be. */
  private look(left: number): readonly ScheduleAction[] | null {
    const { subject, path, table, onPath, image } = this;
    image.hash();
    const { h1, h2 } = image;
    const at = onPath.get(h1, h2) - 1;
    // Where no time has passed, whoever goes round will be interrupted: the machine sees to that.
    if (at >= 0 && this.hasTimePassed(at)) return this.cameBack(at);
    if (at < 0) {
      if (table.get(h1, h2) >= left) return null;
      if (!table.set(h1, h2, left)) return null;
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
    onPath.set(h1, h2, path.length);
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

  private hasTimePassed(since: number): boolean {
    const { did } = this.path;
    for (let i = since; i < did.length; i++) if (((did[i] as number) & TIME_BIT) !== 0) return true;
    return false;
  }

  /** The present state is one that the history was in before. */
  private cameBack(at: number): null {
    const { path } = this;
    let could = -1;
    let did = 0;
    for (let i = at; i < path.length; i++) {
      could &= path.could[i] as number;
      did |= path.did[i] as number;
    }
    const starved = could & ~did & ~TIME_BIT;
    if (starved !== 0) return null;
    const steps = path.length - at;
    const loop = { fromStep: at, fromDecision: path.decisions(at).length, steps };
    if (!this.goesOn(loop)) return null;
    const end = { kind: "bad", property: "progress", what: "the same state comes back without progress", seconds: 0 };
    this.report(end as ScheduleEnd, loop);
    return null;
  }

  /** Whether going round the loop again and again, from a fresh beginning, never comes to progress. */
  private goesOn(loop: { readonly fromStep: number; readonly steps: number }): boolean {
    const { path } = this;
    const subject = this.fresh();
    const rounds = path.length + CONFIRMING_ROUNDS * loop.steps;
    for (let i = 0; i < rounds; i++) {
      const place = i < path.length ? i : loop.fromStep + ((i - loop.fromStep) % loop.steps);
      const actions = subject.actions();
      if (actions.length !== path.counts[place]) return false;
      subject.take(path.chosen[place] as number);
      if (subject.end() !== null) return false;
    }
    return true;
  }

  private report(end: ScheduleEnd, loop: ScheduleViolation["loop"]): void {
    if (this.violation !== null) return;
    const { path } = this;
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

/**
 * Searches with 0, 1, 2, ... preemptions up to the bound, until something is violated.
 *
 * @param fresh a subject at the beginning, the same each time
 */
export function depthFirst(fresh: () => ScheduleSubject, bounds: ScheduleBounds): ScheduleSearch {
  let states = 0;
  let transitions = 0;
  let smaller = -1;
  for (let preemptions = 0; ; preemptions++) {
    const search = new DepthFirst(fresh(), bounds, fresh);
    search.search(preemptions);
    const { violation, table, isCut } = search;
    const stoppedBy =
      violation !== null ? "violation" : table.isFull ? "states" : isCut ? "steps" : ("complete" as const);
    states += table.size;
    transitions += search.transitions;
    const found: ScheduleSearch = {
      strategy: "depth first",
      states,
      transitions,
      ends: search.ends,
      minSeconds: search.minSeconds,
      maxSeconds: search.maxSeconds,
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
