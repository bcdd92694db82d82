/**
 * The jobs of a check, done by two threads. What a job yields does not depend on who does it; jobs are claimed from a
 * shared counter, the long ones first, and results are put in the order of the plan.
 */
import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { System } from "../../kernel-models/system.ts";
import type { RunFault } from "../check/run.ts";
import type { CheckRequest } from "../check/system-check.ts";
import { type Bench, benchFor, runJob } from "./check-bench.ts";

/** What a thread needs to set up its bench: plain data. */
export interface BenchSetup {
  readonly system: string;
  /** The model as plain JavaScript, from compileModel(). */
  readonly javascript: string;
  /** The model's own text, for those who read how its members are used. */
  readonly text: string;
  /** What the translation says besides the text, for the environment. */
  readonly facts: unknown;
  readonly request: CheckRequest;
}

export interface ToCheckWorker {
  readonly setup: BenchSetup;
  readonly jobs: readonly unknown[];
  /** Indexes into jobs in the order in which they are begun. */
  readonly order: readonly number[];
  /** One counter: how many of `order` are taken. */
  readonly taken: SharedArrayBuffer;
}

export interface FromCheckWorker {
  readonly index: number;
  readonly result: unknown;
}

/** Told after each job that this thread did: how many are begun of how many. */
export type JobProgress = (begun: number, all: number) => void;

/** Below this many jobs a second thread costs more than it saves: it takes a tenth of a second to start. */
const MIN_SHARED_JOBS = 8;

/** Indexes of the jobs, the dearest first; equal ones keep their order. */
function byCost(bench: Bench, jobs: readonly unknown[]): readonly number[] {
  const costs = jobs.map((job) => bench.system.properties.cost(job));
  return jobs.map((_, i) => i).sort((a, b) => (costs[b] ?? 0) - (costs[a] ?? 0) || a - b);
}

/** How many threads do so many jobs. */
export function threadsFor(jobs: number, script: URL | null): 1 | 2 {
  return script !== null && jobs >= MIN_SHARED_JOBS && existsSync(script) ? 2 : 1;
}

/** The second thread; `done` resolves when it has ended, whatever it ended of. */
interface Helper {
  readonly results: Map<number, unknown>;
  readonly done: Promise<void>;
}

function startHelper(script: URL, message: ToCheckWorker): Helper {
  const results = new Map<number, unknown>();
  const worker = new Worker(script, { stdout: false });
  const done = new Promise<void>((resolve) => {
    worker.on("message", ({ index, result }: FromCheckWorker) => results.set(index, result));
    // It ends by itself when nothing is left to take. Jobs that it took and never answered are done again here.
    worker.on("error", () => resolve());
    worker.on("exit", () => resolve());
  });
  worker.postMessage(message);
  return { results, done };
}

/**
 * Does all jobs of a plan.
 *
 * @param system the one that the setup names: the second thread looks it up in the registry
 * @param script the compiled check-worker; null: everything is done in this thread
 * @returns the results in the order of the jobs, a fault where a job could not be done
 */
export async function runJobs(
  system: System,
  setup: BenchSetup,
  jobs: readonly unknown[],
  script: URL | null,
  progress: JobProgress,
): Promise<readonly (unknown | RunFault)[]> {
  const bench = benchFor(system, setup);
  const order = byCost(bench, jobs);
  const taken = new SharedArrayBuffer(4);
  const counter = new Int32Array(taken);
  const isShared = threadsFor(jobs.length, script) === 2;
  const helper = isShared && script !== null ? startHelper(script, { setup, jobs, order, taken }) : null;
  const results = new Map<number, unknown>();
  for (;;) {
    const place = Atomics.add(counter, 0, 1);
    const index = order[place];
    if (index === undefined) break;
    results.set(index, runJob(bench, jobs[index]));
    progress(Math.min(place + 1, jobs.length), jobs.length);
  }
  await helper?.done;
  return jobs.map((job, i) => results.get(i) ?? helper?.results.get(i) ?? runJob(bench, job));
}
