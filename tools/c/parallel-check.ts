/**
 * A parse checker with a second thread: it takes jobs from the front while the main thread is busy with other things,
 * and the main thread takes what is left from the back when it is done with them.
 */
import { Worker } from "node:worker_threads";
import { checkJob, type ParseChecker, type ParseFailure, type ParseJob } from "./parse-check.ts";

export type ToWorker =
  | { readonly kind: "start"; readonly claims: SharedArrayBuffer }
  | { readonly kind: "job"; readonly number: number; readonly job: ParseJob }
  | { readonly kind: "finish" }
  | { readonly kind: "close" };

export type FromWorker =
  | { readonly kind: "checked"; readonly number: number; readonly failures: readonly ParseFailure[] }
  | { readonly kind: "finished" };

/** Jobs with a claim of their own; the main thread alone does those beyond. */
const MAX_SHARED_JOBS = 65_536;

/**
 * Starts the second thread. When it fails (no memory, no such file), the main thread does all of the work.
 *
 * @param script the compiled parse-worker
 */
export function parallelChecker(script: URL): ParseChecker & { close(): Promise<void> } {
  const claims = new Int32Array(new SharedArrayBuffer(4 * MAX_SHARED_JOBS));
  const jobs: ParseJob[] = [];
  const results = new Map<number, readonly ParseFailure[]>();
  let worker: Worker | null = new Worker(script, { stdout: false });
  let finished: () => void = () => {};
  const workerDone = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const send = (message: ToWorker): void => worker?.postMessage(message);
  worker.on("message", (message: FromWorker) => {
    if (message.kind === "finished") finished();
    else results.set(message.number, message.failures);
  });
  let ending: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    ending = resolve;
  });
  const giveUp = (): void => {
    worker = null;
    finished();
    ending();
  };
  worker.on("error", giveUp);
  worker.on("exit", giveUp);
  // A forgotten close() must not keep the process alive.
  worker.unref();
  send({ kind: "start", claims: claims.buffer as SharedArrayBuffer });
  return {
    add(job) {
      const number = jobs.push(job) - 1;
      if (number < MAX_SHARED_JOBS) send({ kind: "job", number, job });
      return number;
    },
    async finish() {
      for (let number = jobs.length - 1; number >= 0; number--) {
        const mine = number >= MAX_SHARED_JOBS || Atomics.compareExchange(claims, number, 0, 2) === 0;
        if (mine) results.set(number, checkJob(jobs[number] as ParseJob));
      }
      worker?.ref();
      send({ kind: "finish" });
      if (worker !== null) await workerDone;
      // Jobs that the thread claimed and never answered, because it died.
      return jobs.map((job, number) => results.get(number) ?? checkJob(job));
    },
    async close() {
      if (worker === null) return;
      // terminate() in the middle of loading the native parser brings the whole process down: let the thread end by
      // itself, with nothing left to claim.
      for (let number = 0; number < Math.min(jobs.length, MAX_SHARED_JOBS); number++) {
        Atomics.compareExchange(claims, number, 0, 2);
      }
      worker.ref();
      send({ kind: "close" });
      await ended;
    },
  };
}
