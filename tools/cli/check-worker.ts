/**
 * The second thread of a check: takes jobs from the shared counter until none is left, then ends. See check-jobs.ts.
 */
import { parentPort } from "node:worker_threads";
import { benchFor, runJob } from "./check-bench.ts";
import type { FromCheckWorker, ToCheckWorker } from "./check-jobs.ts";
import { systemNamed } from "./systems.ts";

const port = parentPort;

port?.once("message", ({ setup, jobs, order, taken }: ToCheckWorker) => {
  const counter = new Int32Array(taken);
  const bench = benchFor(systemNamed(setup.system), setup);
  for (;;) {
    const index = order[Atomics.add(counter, 0, 1)];
    if (index === undefined) break;
    port.postMessage({ index, result: runJob(bench, jobs[index]) } satisfies FromCheckWorker);
  }
  // Nothing keeps the thread after this: it ends by itself, without terminate().
});
