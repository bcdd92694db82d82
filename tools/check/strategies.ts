/** The strategies of this room, as systems get them: kernel-models/ imports their types only. */
import { type Sweep, sweepRecords, type TickRecords } from "./phase-sweep.ts";
import { replayed } from "./replayed.ts";
import type { Runner, RunOutcome } from "./run.ts";
import type { ScheduleBounds, ScheduleSearch, ScheduleSubject } from "./schedule.ts";
import { depthFirst } from "./schedule-depth-first.ts";
import { type PriorityBounds, randomPriorities } from "./schedule-priorities.ts";
import { randomWalks } from "./schedule-random.ts";
import type { WalkBounds } from "./schedule-walk.ts";
import { type RoleOptions, rolesOf } from "./state-roles.ts";
import type { Role } from "./state-visitors.ts";

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
  /** Every schedule within bounds, with the fewest preemptions first; see schedule-depth-first.ts. */
  readonly depthFirst: (fresh: () => ScheduleSubject, bounds: ScheduleBounds) => ScheduleSearch;
  /** Schedules drawn at random, step by step; see schedule-random.ts. */
  readonly randomWalks: (fresh: () => ScheduleSubject, bounds: WalkBounds) => ScheduleSearch;
  /** Schedules by random priorities that change a few times; see schedule-priorities.ts. */
  readonly randomPriorities: (fresh: () => ScheduleSubject, bounds: PriorityBounds) => ScheduleSearch;
  /** How members of a model's structs are hashed in states. */
  readonly rolesOf: (text: string, options: RoleOptions) => (className: string, field: string) => Role;
}

export const STRATEGIES: Strategies = {
  replayed,
  sweep: sweepRecords,
  depthFirst,
  randomWalks,
  randomPriorities,
  rolesOf,
};
