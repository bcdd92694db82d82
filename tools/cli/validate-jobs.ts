/** The histories of a validation, shared by two threads: each takes the next batch until none is left. */
import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Exercise } from "../check/exercise.ts";
import { HarnessError } from "../native/harness-process.ts";
import { HISTORIES_PER_BATCH, type ValidationPart, type ValidationSetup, Validator } from "../native/validation.ts";
import type { JobProgress } from "./check-jobs.ts";

export interface ToValidateWorker {
  readonly setup: ValidationSetup;
  readonly histories: number;
  /** Two numbers: how many histories are taken, and whether one was found to differ. */
  readonly shared: SharedArrayBuffer;
}

export type FromValidateWorker = { readonly part: ValidationPart } | { readonly failed: string };

/** Takes batches from the shared counter; none once a history differs, for then the earlier ones are taken already. */
export async function takeHistories(
  { setup, histories, shared }: ToValidateWorker,
  exercise: Exercise,
  progress: JobProgress,
): Promise<ValidationPart> {
  const counter = new Int32Array(shared);
  const next = (): number | null => {
    if (Atomics.load(counter, 1) !== 0) return null;
    const first = Atomics.add(counter, 0, HISTORIES_PER_BATCH);
    progress(Math.min(first, histories), histories);
    return first < histories ? first : null;
  };
  const stop = (): void => void Atomics.store(counter, 1, 1);
  try {
    return await new Validator(setup, exercise).run(next, histories, stop);
  } catch (error) {
    // Nobody needs the rest.
    stop();
    throw error;
  }
}

/** Below this a second thread costs more than it saves. */
const MIN_SHARED = 1000;

function startHelper(script: URL, message: ToValidateWorker): Promise<ValidationPart | null> {
  const worker = new Worker(script, { stdout: false });
  return new Promise((resolve, reject) => {
    worker.on("message", (said: FromValidateWorker) => {
      if ("part" in said) resolve(said.part);
      else reject(new HarnessError(said.failed));
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve(null));
    worker.postMessage(message);
  });
}

/**
 * Compares histories in two threads. What comes out does not depend on who took which.
 *
 * @param script the compiled validate-worker; null: everything is done in this thread
 */
export async function runHistories(
  setup: ValidationSetup,
  exercise: Exercise,
  histories: number,
  script: URL | null,
  progress: JobProgress,
): Promise<ValidationPart> {
  const message: ToValidateWorker = { setup, histories, shared: new SharedArrayBuffer(8) };
  const isShared = script !== null && histories >= MIN_SHARED && existsSync(script);
  const helper = isShared ? startHelper(script, message) : null;
  helper?.catch(() => undefined);
  const own = await takeHistories(message, exercise, progress);
  progress(histories, histories);
  const other = (await helper) ?? null;
  return other === null ? own : merged(own, other);
}

function merged(a: ValidationPart, b: ValidationPart): ValidationPart {
  const [first, second] = [a.difference, b.difference];
  const difference = first === null ? second : second === null || first.number < second.number ? first : second;
  return {
    histories: a.histories + b.histories,
    decisions: a.decisions + b.decisions,
    events: a.events + b.events,
    switches: added(a.switches, b.switches),
    stopped: a.stopped + b.stopped,
    cut: added(a.cut, b.cut),
    unrecorded: added(a.unrecorded, b.unrecorded),
    difference,
  };
}

type Counts = Readonly<Record<string, number>>;

function added(a: Counts, b: Counts): Counts {
  const all: Record<string, number> = { ...a };
  for (const [key, count] of Object.entries(b)) all[key] = (all[key] ?? 0) + count;
  return Object.fromEntries(Object.entries(all).sort(([x], [y]) => (x < y ? -1 : 1)));
}
