/** From a kernel to a verdict on one system: translate, plan, run the jobs, conclude. */
import { existsSync } from "node:fs";
import type { System } from "../../kernel-models/system.ts";
import { compileModel } from "../check/load-model.ts";
import type { Runner, RunOutcome } from "../check/run.ts";
import type { CheckRequest, KernelFacts } from "../check/system-check.ts";
import type { CheckResult } from "../check/verdict.ts";
import type { TimerKind } from "../simulator/timers.ts";
import { benchFor } from "./check-bench.ts";
import { type BenchSetup, type JobProgress, runJobs, threadsFor } from "./check-jobs.ts";
import { type KernelModel, LONG_BITS } from "./translation.ts";

/** What the command line may narrow; null where it says nothing. */
export interface Narrowing {
  readonly hz: CheckRequest["hz"];
  /** Lists of the system's own options, by the names that its requests have for them. */
  readonly own: Readonly<Record<string, readonly unknown[] | null>>;
  readonly wheel: TimerKind | null;
  readonly seed: number;
  readonly size: CheckRequest["size"];
}

/** The brief table of `run`. */
export const BRIEFLY: Narrowing = {
  hz: null,
  own: {},
  wheel: null,
  seed: 1,
  size: "brief",
};

/** A system's model, ready to run. */
export interface Prepared<Scenario = unknown, Run extends RunOutcome = RunOutcome, Figures = unknown> {
  readonly system: System<Scenario, Run, Figures>;
  readonly translation: KernelModel;
  readonly setup: BenchSetup;
  readonly run: Runner<Scenario, Run>;
}

export interface Checked<Scenario = unknown, Run extends RunOutcome = RunOutcome, Figures = unknown>
  extends Prepared<Scenario, Run, Figures> {
  readonly result: CheckResult<Scenario, Figures>;
}

/** Loads a model. */
export function prepare<Scenario, Run extends RunOutcome, Figures>(
  system: System<Scenario, Run, Figures>,
  translation: KernelModel,
  narrowing: Narrowing,
): Prepared<Scenario, Run, Figures> {
  const { text, ...facts } = translation;
  const kernelFacts: KernelFacts = {
    timers: narrowing.wheel ?? translation.timers,
    longBits: LONG_BITS,
    msleepAddsJiffy: translation.msleepAddsJiffy,
  };
  const { hz, seed, size, own } = narrowing;
  const absent = Object.fromEntries(system.options.map(({ key }) => [key, null]));
  const setup: BenchSetup = {
    system: system.name,
    javascript: compileModel(text),
    text,
    facts,
    request: { facts: kernelFacts, hz, seed, size, ...absent, ...own },
  };
  return { system, translation, setup, run: benchFor(system, setup).run };
}

/** The compiled second thread beside the bundle; sources run without a bundle do everything in one thread. */
function workerScript(): URL | null {
  const script = new URL("./check-worker.js", import.meta.url);
  return existsSync(script) ? script : null;
}

/** Checks a prepared system. Speeds are told only where they are asked for: with them, no two runs write the same. */
export async function checkPrepared<Scenario, Run extends RunOutcome, Figures>(
  prepared: Prepared<Scenario, Run, Figures>,
  progress: JobProgress,
  clock: "timed" | "untimed" = "untimed",
): Promise<Checked<Scenario, Run, Figures>> {
  const { system, setup, translation } = prepared;
  const { properties } = system;
  const bench = benchFor(system, setup);
  const survey = properties.survey(setup.request, bench.explorer);
  const jobs = properties.plan(setup.request, survey);
  const begun = performance.now();
  const results = await runJobs(system, setup, jobs, workerScript(), progress);
  const seconds = ((performance.now() - begun) / 1000) * threadsFor(jobs.length, workerScript());
  const unmodelled = translation.unmodelled.length;
  const result = properties.conclude(setup.request, survey, jobs, results, unmodelled);
  const figures = (clock === "timed" ? system.figures.timed?.(result.figures, seconds) : null) ?? result.figures;
  const bounds = [...result.bounds, ...translation.assumptions];
  return { ...prepared, result: { ...result, bounds, figures } };
}
