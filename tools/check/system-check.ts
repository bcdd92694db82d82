/**
 * What a system folder gives to be checked, and what it is given. kernel-models/ imports these types only; the
 * strategies come in as arguments, so that a system knows none of them.
 */
import type { TimerKind } from "../simulator/timers.ts";
import type { RunFault, RunRecord, RunScenario, Scenario } from "./scenario.ts";
import type { CheckResult } from "./verdict.ts";

/** Facts of the kernel that a history depends on and that are not in the model's text. */
export interface KernelFacts {
  readonly timers: TimerKind;
  readonly longBits: 32 | 64;
  readonly msleepAddsJiffy: boolean;
}

/** A round trip: seconds, or one jiffy whatever HZ is. */
export type RoundTrip = number | "1jiffy";

/** What is asked; absent lists mean the system's own table. */
export interface CheckRequest {
  readonly facts: KernelFacts;
  readonly hz: readonly number[] | null;
  readonly echoIntervals: readonly number[] | null;
  readonly roundTrips: readonly RoundTrip[] | null;
  /** Of the random workloads. */
  readonly seed: number;
  /** `brief` is a narrow table that ends in seconds, for `run`. */
  readonly size: "full" | "brief";
}

/** Phases from..to (inclusive) in which a run takes the same course. */
export interface ScenarioRegion {
  readonly from: number;
  readonly to: number;
  /** What came of the run at a phase of the region. */
  readonly at: (phase: number) => RunRecord;
}

export interface Sweep {
  readonly regions: readonly ScenarioRegion[];
  readonly runs: number;
}

/** Strategies of tools/check/ as a system sees them. */
export interface Explorer {
  /** One run; it is replayed once, and any difference is a fault. */
  readonly once: RunScenario;
  /** Every phase from `from` to `to`, both included. */
  readonly sweep: (from: number, to: number, scenarioAt: (phase: number) => Scenario) => Sweep;
}

/**
 * A system's properties, cut into jobs that can be done in any order and in any thread; jobs and results are plain
 * data. The result does not depend on who did what.
 */
export interface SystemProperties<Survey = unknown, Job = unknown, Result = unknown> {
  /** A few runs that say what the table can be: once, before all jobs. */
  readonly survey: (request: CheckRequest, explorer: Explorer) => Survey;
  /** The jobs in the order of the report. */
  readonly plan: (request: CheckRequest, survey: Survey) => readonly Job[];
  /** Whether one history violates a property; null when it says nothing of it, or there is no such property. */
  readonly judge: (property: string, scenario: Scenario, record: RunRecord) => boolean | null;
  /** Which jobs take long, in any unit: they are begun first. */
  readonly cost: (job: Job) => number;
  readonly runJob: (request: CheckRequest, job: Job, explorer: Explorer) => Result;
  /** @param results in the order of the jobs; a fault where a job could not be done. */
  readonly conclude: (
    request: CheckRequest,
    survey: Survey,
    jobs: readonly Job[],
    results: readonly (Result | RunFault)[],
    unmodelled: number,
  ) => CheckResult;
}
