/** From a kernel to a verdict on one system: translate, plan, run the jobs, conclude. */
import { existsSync } from "node:fs";
import { compileModel } from "../check/load-model.ts";
import type { RunScenario } from "../check/scenario.ts";
import type { CheckRequest, KernelFacts } from "../check/system-check.ts";
import type { CheckResult } from "../check/verdict.ts";
import type { TimerKind } from "../simulator/timers.ts";
import { benchFor } from "./check-bench.ts";
import { type BenchSetup, type JobProgress, runJobs } from "./check-jobs.ts";
import type { CheckableSystem } from "./systems.ts";
import { type KernelModel, LONG_BITS } from "./translation.ts";

/** What the command line may narrow; null where it says nothing. */
export interface Narrowing {
  readonly hz: CheckRequest["hz"];
  readonly echoIntervals: CheckRequest["echoIntervals"];
  readonly roundTrips: CheckRequest["roundTrips"];
  readonly wheel: TimerKind | null;
  readonly seed: number;
  readonly size: CheckRequest["size"];
}

/** The brief table of `run`. */
export const BRIEFLY: Narrowing = {
  hz: null,
  echoIntervals: null,
  roundTrips: null,
  wheel: null,
  seed: 1,
  size: "brief",
};

/** A system's model, ready to run. */
export interface Prepared {
  readonly system: CheckableSystem;
  readonly translation: KernelModel;
  readonly setup: BenchSetup;
  readonly run: RunScenario;
}

export interface Checked extends Prepared {
  readonly result: CheckResult;
}

/** Loads a model. */
export function prepare(system: CheckableSystem, translation: KernelModel, narrowing: Narrowing): Prepared {
  const { text, ...facts } = translation;
  const kernelFacts: KernelFacts = {
    timers: narrowing.wheel ?? translation.timers,
    longBits: LONG_BITS,
    msleepAddsJiffy: translation.msleepAddsJiffy,
  };
  const { wheel: _, ...rest } = narrowing;
  const setup: BenchSetup = {
    system: system.name,
    javascript: compileModel(text),
    facts,
    request: { facts: kernelFacts, ...rest },
  };
  return { system, translation, setup, run: benchFor(setup).run };
}

/** The compiled second thread beside the bundle; sources run without a bundle do everything in one thread. */
function workerScript(): URL | null {
  const script = new URL("./check-worker.js", import.meta.url);
  return existsSync(script) ? script : null;
}

/** Checks a prepared system. */
export async function checkPrepared(prepared: Prepared, progress: JobProgress): Promise<Checked> {
  const { system, setup, translation } = prepared;
  const { properties } = system;
  const bench = benchFor(setup);
  const survey = properties.survey(setup.request, bench.explorer);
  const jobs = properties.plan(setup.request, survey);
  const results = await runJobs(setup, jobs, workerScript(), progress);
  const unmodelled = translation.unmodelled.length;
  return { ...prepared, result: properties.conclude(setup.request, survey, jobs, results, unmodelled) };
}
