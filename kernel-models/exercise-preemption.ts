/** When threads of a random history lose the CPU between two steps of C: at some locks, and for how long. */
import type { PreemptionPolicy } from "../tools/simulator/preemption.ts";
import type { Dice } from "./exercise-dice.ts";

/** Preemption points from one preemption to the next: right behind it, and far away. */
const DISTANCES: readonly number[] = [1, 1, 2, 3, 4, 6, 9, 16];
/** Ticks off the CPU: a turn of somebody else, or long enough for something to come from outside. */
const TICKS: readonly number[] = [0, 0, 2, 8];

/** A policy for one history. One decision for each preemption says where the next is; 0 says that there is none. */
export function preemptions(dice: Dice): PreemptionPolicy {
  let left = 1;
  let ticks: number | null = null;
  return (kernel) => {
    // Where nobody else would run, it is put off to the next point.
    if (--left > 0 || (ticks === 0 && !kernel.isContended)) return null;
    const now = ticks;
    const chosen = dice.choose(DISTANCES.length * TICKS.length, "preemption");
    left = chosen === 0 ? Number.POSITIVE_INFINITY : (DISTANCES[chosen % DISTANCES.length] ?? 1);
    ticks = TICKS[Math.floor(chosen / DISTANCES.length)] ?? 0;
    return now;
  };
}
