/**
 * A random history of a model: what it may be made under, and the function that makes one. Such histories need not be
 * likely. They are for comparing the model with the C that it was translated from, line by line and branch by branch.
 */
import type { DecisionSource } from "../simulator/decisions.ts";
import type { TimerKind } from "../simulator/timers.ts";

/** What a random history is made under. */
export interface ExerciseOptions {
  readonly hz: number;
  readonly longBits: 32 | 64;
  readonly timers: TimerKind;
  readonly msleepAddsJiffy: boolean;
  readonly decisions: DecisionSource;
  /** After so many decisions the history ends. */
  readonly maxDecisions: number;
  /** Bytes of a struct, given by its class, where they are known; as for the model itself, 1 otherwise. */
  readonly sizeOf?: (struct: unknown) => number;
}

/**
 * One random history of a model: everything that surroundings can decide is asked of `decisions`.
 *
 * @param module what the generated module exports
 * @throws whatever the model throws: SimulationFault, UnmodelledFault, TypeError for a null pointer
 */
export type Exercise = (module: Readonly<Record<string, unknown>>, options: ExerciseOptions) => void;
