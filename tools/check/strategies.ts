/** The strategies of this room, as systems get them: kernel-models/ imports their types only. */
import { type Sweep, sweepRecords, type TickRecords } from "./phase-sweep.ts";
import { replayed } from "./replayed.ts";
import type { Runner, RunOutcome } from "./run.ts";

/** What can be done with a system's runner. A system takes what it has a use for. */
export interface Strategies {
  /**
   * Each run is replayed once from its own decisions, and any difference is a fault.
   *
   * @param same whether two runs came to the same
   * @param nameOf a scenario in a few words, for the fault
   */
  readonly replayed: <Scenario, Run extends RunOutcome>(
    run: Runner<Scenario, Run>,
    same: (a: Run, b: Run) => boolean,
    nameOf: (scenario: Scenario) => string,
  ) => Runner<Scenario, Run>;
  /** A run at every phase from `from` to `to`, both included. */
  readonly sweep: <Run>(
    from: number,
    to: number,
    runAt: (phase: number) => Run,
    records: TickRecords<Run>,
  ) => Sweep<Run>;
}

export const STRATEGIES: Strategies = { replayed, sweep: sweepRecords };
