/**
 * A run as every system has it: a scenario in, a record out. What stands in either is the system's own; here is only
 * what the check itself looks at.
 */
import type { DecisionSource } from "../simulator/decisions.ts";
import type { TraceListener } from "../simulator/trace.ts";

/** Why a run could not be followed to its end: an unmodelled call was reached, a null pointer followed, ... */
export interface RunFault {
  readonly kind: string;
  readonly message: string;
}

/** What the record of every run says, whatever else a system keeps in it. */
export interface RunOutcome {
  readonly fault: RunFault | null;
}

export interface RunOptions {
  /** Who decides about lateness and order; nobody interferes when absent. */
  readonly decisions?: DecisionSource;
  readonly trace?: TraceListener;
  /** How late a woken worker may start, in ticks: asked of `decisions`. 0 when absent. */
  readonly maxLatenessTicks?: number;
}

/**
 * Runs a scenario on a model. The same scenario and decisions give the same record and the same trace.
 *
 * It is declared as the type of a method, whose parameters TypeScript compares in both directions: a runner of one
 * system's scenarios can then be carried by code that knows no system, and that hands it none but its own scenarios.
 */
export type Runner<Scenario = unknown, Run extends RunOutcome = RunOutcome> = {
  run(scenario: Scenario, options?: RunOptions): Run;
}["run"];
