/** The machine that random histories run on: any time since boot, and loops that never block end soon. */
import type { ExerciseOptions } from "../tools/check/exercise.ts";
import { SimulationFault } from "../tools/simulator/fault.ts";
import { Simulation, type SimulationOptions } from "../tools/simulator/simulation.ts";
import type { Coroutine } from "../tools/simulator/tasks.ts";
import type { Dice } from "./exercise-dice.ts";
import { preemptions } from "./exercise-preemption.ts";

/** Steps of threads, arrivals and timers per decision: a work that re-arms itself without delay would never end. */
const EVENTS_PER_DECISION = 6;
export const MOST_EVENTS = (decisions: number): number => EVENTS_PER_DECISION * decisions + 100;
/** Rounds of loops from one decision to the next: none needs as many, and where nothing is decided nothing changes. */
const ROUNDS_PER_DECISION = 80;
/** How late workers may be, in ticks. */
export const LATENESS: readonly number[] = [0, 0, 1, 3];
/** How many ways there are for a history to begin. */
export const BEGINNINGS = 8;

/** A machine that gives up sooner on loops that never block. */
class ShortSimulation extends Simulation {
  private roundsLeft = ROUNDS_PER_DECISION;
  private decisionsLeft: number;

  constructor(
    options: SimulationOptions,
    private readonly dice: Dice,
  ) {
    super(options);
    this.decisionsLeft = dice.left;
  }

  override goRound(place: string): void {
    if (this.dice.left !== this.decisionsLeft) {
      this.decisionsLeft = this.dice.left;
      this.roundsLeft = ROUNDS_PER_DECISION;
    }
    if (--this.roundsLeft >= 0) return;
    throw new SimulationFault("endless-loop", `${place}: this loop was cut off, as random answers kept it going`);
  }
}

/** jiffies_64 at the beginning: after boot, around the wrap of 32 bits and of its sign, or long after. */
function startTick(chosen: number, hz: number): number | undefined {
  const wrap = 2 ** 32;
  const ticks = [undefined, wrap - 5, wrap - 70 * hz, wrap - 200 * hz, wrap / 2 - 3 * hz, 0, 12_345_678, 9 * wrap - hz];
  return ticks[chosen % ticks.length];
}

/** A machine for one history. @param beginning which of the BEGINNINGS */
export function simulation(options: ExerciseOptions, dice: Dice, beginning: number): Simulation {
  const { hz, longBits, timers, msleepAddsJiffy } = options;
  const tick = startTick(beginning, hz);
  const start = tick === undefined ? {} : { startTick: tick };
  const preemption = preemptions(dice);
  return new ShortSimulation({ hz, longBits, timers, msleepAddsJiffy, preemption, decisions: dice, ...start }, dice);
}

/** Whether a call of the model has begun a coroutine. */
export function isCoroutine(made: unknown): made is Coroutine<unknown> {
  return typeof made === "object" && made !== null && Symbol.iterator in made && "next" in made;
}
