/**
 * Random priorities with a few changes: PCT of Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler
 * with Probabilistic Guarantees of Finding Bugs" (ASPLOS 2010). Whoever has the highest priority runs; at d - 1 random
 * steps, who runs falls below everybody. Of n threads and histories of k steps, a bug that takes d constraints on their
 * order is found by one history with a probability of at least 1 / (n k^(d-1)).
 *
 * Time, and what arrives by itself, has a priority like a thread's. How long histories are is learnt from those before.
 */
import { below, type Generator32, seededGenerator } from "../simulator/random.ts";
import type { ScheduleAction, ScheduleSearch, ScheduleSubject } from "./schedule.ts";
import { type Chooser, type WalkBounds, walks } from "./schedule-walk.ts";

export interface PriorityBounds extends WalkBounds {
  /** d: constraints on the order of steps that a bug takes; one more than the changes of priorities. */
  readonly depth: number;
}

/** The priorities of one history, drawn when somebody is seen for the first time. */
class Priorities {
  private readonly of = new Map<number, number>();

  constructor(
    private readonly generator: Generator32,
    /** Below whom who runs falls, by the step. */
    private readonly changes: ReadonlyMap<number, number>,
  ) {}

  choose(actions: readonly ScheduleAction[], step: number): number {
    const at = this.highest(actions);
    const lower = this.changes.get(step);
    if (lower === undefined) return at;
    this.of.set((actions[at] as ScheduleAction).who, lower);
    return this.highest(actions);
  }

  private highest(actions: readonly ScheduleAction[]): number {
    let best = 0;
    for (let i = 1; i < actions.length; i++) {
      if (this.priorityOf(actions[i]) > this.priorityOf(actions[best])) best = i;
    }
    return best;
  }

  private priorityOf(action: ScheduleAction | undefined): number {
    const who = action?.who ?? 0;
    const known = this.of.get(who);
    if (known !== undefined) return known;
    const made = 1 + this.generator.next();
    this.of.set(who, made);
    return made;
  }
}

/** @returns the same for the same seed */
export function randomPriorities(fresh: () => ScheduleSubject, bounds: PriorityBounds): ScheduleSearch {
  const generator = seededGenerator(bounds.seed);
  let longest = 1;
  const begin = (): Chooser => {
    const changes = new Map(Array.from({ length: bounds.depth - 1 }, (_, i) => [below(generator, longest), -i]));
    const priorities = new Priorities(generator, changes);
    return (actions, step) => {
      longest = Math.max(longest, step + 1);
      return priorities.choose(actions, step);
    };
  };
  return walks("random priorities", fresh, bounds, begin);
}
