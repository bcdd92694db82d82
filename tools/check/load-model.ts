/**
 * The text of a generated model made into a running module. A model imports nothing but files of tools/simulator; it
 * gets the very instances that the check itself runs on, from the table below, and no other module at all.
 */
import { createRequire } from "node:module";
import * as clock from "../simulator/clock.ts";
import * as completion from "../simulator/completion.ts";
import * as decisions from "../simulator/decisions.ts";
import * as fault from "../simulator/fault.ts";
import * as fifo from "../simulator/fifo.ts";
import * as frame from "../simulator/frame.ts";
import * as heap from "../simulator/heap.ts";
import * as heldLocks from "../simulator/held-locks.ts";
import * as integers from "../simulator/integers.ts";
import * as integers32 from "../simulator/integers32.ts";
import * as jiffies from "../simulator/jiffies.ts";
import * as kernelStructs from "../simulator/kernel-structs.ts";
import * as ktime from "../simulator/ktime.ts";
import * as lists from "../simulator/lists.ts";
import * as model from "../simulator/model.ts";
import * as mutex from "../simulator/mutex.ts";
import * as nullPointers from "../simulator/null-pointers.ts";
import * as pendingTimers from "../simulator/pending-timers.ts";
import * as phase from "../simulator/phase.ts";
import * as pointers from "../simulator/pointers.ts";
import * as preemption from "../simulator/preemption.ts";
import * as random from "../simulator/random.ts";
import * as rbtree from "../simulator/rbtree.ts";
import * as roundJiffies from "../simulator/round-jiffies.ts";
import * as simulation from "../simulator/simulation.ts";
import * as sleep from "../simulator/sleep.ts";
import * as sockets from "../simulator/sockets.ts";
import * as structs from "../simulator/structs.ts";
import * as tasks from "../simulator/tasks.ts";
import * as timeUnits from "../simulator/time-units.ts";
import * as timers from "../simulator/timers.ts";
import * as timersExact from "../simulator/timers-exact.ts";
import * as timersLevels from "../simulator/timers-levels.ts";
import * as trace from "../simulator/trace.ts";
import * as wait from "../simulator/wait.ts";
import * as waitBit from "../simulator/wait-bit.ts";
import * as worker from "../simulator/worker.ts";
import * as workqueue from "../simulator/workqueue.ts";
import * as workqueueCancel from "../simulator/workqueue-cancel.ts";

/** Modules of the simulator by file name without its ending. */
const SIMULATOR: Readonly<Record<string, object>> = {
  clock,
  completion,
  decisions,
  fault,
  fifo,
  frame,
  heap,
  "held-locks": heldLocks,
  integers,
  integers32,
  jiffies,
  "kernel-structs": kernelStructs,
  ktime,
  lists,
  model,
  mutex,
  "null-pointers": nullPointers,
  "pending-timers": pendingTimers,
  phase,
  pointers,
  preemption,
  random,
  rbtree,
  "round-jiffies": roundJiffies,
  simulation,
  sleep,
  sockets,
  structs,
  tasks,
  "time-units": timeUnits,
  timers,
  "timers-exact": timersExact,
  "timers-levels": timersLevels,
  trace,
  wait,
  "wait-bit": waitBit,
  worker,
  workqueue,
  "workqueue-cancel": workqueueCancel,
};

/** A model that cannot be loaded: a mistake of the translation, never of the input. */
export class ModelError extends Error {
  override readonly name = "ModelError";
}

/** Members become plain stores in the constructor: defining them one by one is several times slower. */
const FIELDS = { compilerOptions: { useDefineForClassFields: false } };
const TRANSFORM = { loader: "ts", format: "cjs", target: "node20", charset: "utf8", tsconfigRaw: FIELDS } as const;
/** What new Function() and instantiateModel() put before a model's text. */
export const MODEL_PREFIX = '(function anonymous(require,module,exports\n) {\n"use strict";\n';

/**
 * Takes the types off a model: TypeScript to CommonJS, one statement after the other as they stand.
 *
 * @returns plain JavaScript for instantiateModel(), in any thread
 * @throws ModelError when the text is not TypeScript
 */
export function compileModel(text: string): string {
  // esbuild starts a process of its own; what never compiles a model must not load it.
  const { transformSync } = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
  try {
    return transformSync(text, TRANSFORM).code;
  } catch (error) {
    const first = error instanceof Error ? (error.message.split("\n")[1] ?? error.message) : String(error);
    throw new ModelError(`the model is not TypeScript: ${first}`, { cause: error });
  }
}

/**
 * The source map of compileModel()'s text, as JSON: which line of the model each of its lines comes from.
 *
 * @throws ModelError when the text is not TypeScript
 */
export function modelSourceMap(text: string): string {
  const { transformSync } = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
  return transformSync(text, { ...TRANSFORM, sourcemap: "external" }).map;
}

/** `../../tools/simulator/timers.ts` and the like; the folder before it does not matter. */
const SIMULATOR_PATH = /(?:^|\/)simulator\/([a-z0-9-]+)\.ts$/;

function simulatorModule(path: string, interpose: Interposed): object {
  const name = SIMULATOR_PATH.exec(path)?.[1] ?? "";
  const found = Object.hasOwn(SIMULATOR, name) ? SIMULATOR[name] : undefined;
  if (found === undefined) throw new ModelError(`the model imports ${path}, which is no module of the simulator`);
  return interpose(name, found);
}

/** Gives a model something else for a module of the simulator: who watches a run puts itself between the two. */
export type Interposed = (module: string, exported: object) => object;

/**
 * Runs the text of compileModel() once.
 *
 * @returns what the module exports
 * @throws ModelError when it imports anything but the simulator, or fails while it is set up
 */
export function instantiateModel(
  javascript: string,
  interpose: Interposed = (_, exported) => exported,
): Readonly<Record<string, unknown>> {
  const module: { exports: Record<string, unknown> } = { exports: {} };
  try {
    // The text is the tool's own output from C, in which C strings are quoted; it sees the simulator and nothing else.
    const body = new Function("require", "module", "exports", `"use strict";\n${javascript}`);
    body((path: string) => simulatorModule(path, interpose), module, module.exports);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`the model cannot be set up: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  return module.exports;
}
