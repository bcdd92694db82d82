/**
 * What a system folder gives to be checked, and what it is given. kernel-models/ imports these types only; the
 * strategies come in as arguments, so that a system knows none of them.
 */
import type { TimerKind } from "../simulator/timers.ts";
import type { RunFault, Runner, RunOutcome } from "./run.ts";
import type { Strategies } from "./strategies.ts";
import type { CheckResult, PropertyKind } from "./verdict.ts";

/** Facts of the kernel that a history depends on and that are not in the model's text. */
export interface KernelFacts {
  readonly timers: TimerKind;
  readonly longBits: 32 | 64;
  readonly msleepAddsJiffy: boolean;
}

/** What is asked; an absent list means the system's own table. A system's own options stand beside these. */
export interface CheckRequest {
  readonly facts: KernelFacts;
  readonly hz: readonly number[] | null;
  /** Of whatever is drawn at random. */
  readonly seed: number;
  /**
   * `brief` is a narrow table that ends in seconds, for `run`; `glance` the usual setting alone, for hundreds of
   * revisions.
   */
  readonly size: "full" | "brief" | "glance";
}

/** What a system's properties hand from one of their methods to another; nobody else looks into it. */
export interface WorkTypes {
  /** What is asked, with the system's own options. */
  readonly request: CheckRequest;
  readonly explorer: unknown;
  readonly survey: unknown;
  /** Plain data: jobs and results go from thread to thread. */
  readonly job: unknown;
  readonly result: unknown;
}

/**
 * A system's properties, cut into jobs that can be done in any order and in any thread; jobs and results are plain
 * data. The result does not depend on who did what.
 *
 * These are methods, so that code that knows no system can carry those of any: what it hands them it got from them.
 */
export interface SystemProperties<
  Scenario = unknown,
  Run extends RunOutcome = RunOutcome,
  Figures = unknown,
  Work extends WorkTypes = WorkTypes,
> {
  /** Every property by name, with its kind: a replay is told the name by its witness. */
  readonly kinds: Readonly<Record<string, PropertyKind>>;
  /** What jobs explore with: the strategies that this system has a use for, on its runner. */
  explorer(run: Runner<Scenario, Run>, strategies: Strategies): Work["explorer"];
  /** A few runs that say what the table can be: once, before all jobs. */
  survey(request: Work["request"], explorer: Work["explorer"]): Work["survey"];
  /** The jobs in the order of the report. */
  plan(request: Work["request"], survey: Work["survey"]): readonly Work["job"][];
  /** Whether one history violates a property; null when it says nothing of it, or there is no such property. */
  judge(property: string, scenario: Scenario, run: Run): boolean | null;
  /** Which jobs take long, in any unit: they are begun first. */
  cost(job: Work["job"]): number;
  runJob(request: Work["request"], job: Work["job"], explorer: Work["explorer"]): Work["result"];
  /** @param results in the order of the jobs; a fault where a job could not be done. */
  conclude(
    request: Work["request"],
    survey: Work["survey"],
    jobs: readonly Work["job"][],
    results: readonly (Work["result"] | RunFault)[],
    unmodelled: number,
  ): CheckResult<Scenario, Figures>;
}
