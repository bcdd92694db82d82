/** The small kernel of threads-kernel.ts as a system of its own: where its model begins, and its random histories. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Exercise } from "../../tools/check/exercise.ts";
import { compileModel } from "../../tools/check/load-model.ts";
import { buildHarness } from "../../tools/native/compiler.ts";
import { sliceSource } from "../../tools/native/slice-source.ts";
import { type DecisionSource, lateUpTo } from "../../tools/simulator/decisions.ts";
import { BytePointer, cstring, type ElementPointer, type Pointer } from "../../tools/simulator/pointers.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import { kthread_stop } from "../../tools/simulator/sleep.ts";
import {
  type Coroutine,
  cond_resched,
  kthread_run,
  schedule_timeout_uninterruptible,
  sendSignal,
  type Task,
} from "../../tools/simulator/tasks.ts";
import { type WaitQueueHead, wake_up_all } from "../../tools/simulator/wait.ts";
import type { SystemModel } from "../../tools/translate/boundary.ts";
import { type TranslatedSlice, translateSlice } from "../../tools/translate/model.ts";
import { programOfText } from "../translate/harness.ts";
import { CACHE, COMPILER, type Comparison, HARNESS_FILES } from "./setup.ts";
import { THREADS_KERNEL } from "./threads-kernel.ts";

const TEMPLATE = readFileSync(join(import.meta.dirname, "../../templates/model.ts.hbs"), "utf8");

const SYSTEM: SystemModel = {
  name: "threads",
  entries: (
    "ghr_create ghr_get_xprt ghr_close ghr_new ghr_run ghr_wake ghr_put ghr_input " +
    "ghp_open ghp_add ghp_ship ghp_wait ghp_shut"
  )
    .split(" ")
    .map((name) => ({ name })),
  environment: [
    "int ghr_open(struct ghr_xprt *xprt, int port)",
    "blocking int ghr_poll(struct ghr_xprt *xprt)",
    "void ghr_shut(struct ghr_xprt *xprt)",
    "void ghr_lost(struct ghr_xprt *xprt, u32 xid)",
    "void ghr_pong(struct ghr_xprt *xprt, char *bytes)",
    "int ghp_transmit(struct ghp_pool *pool, const struct ghp_wire *wire, unsigned int count, int *used)",
    "void ghp_ask(struct ghp_pool *pool, int *numbers, struct ghp_pair *told)",
    "blocking int kthread_stop(struct task_struct *k)",
  ],
  environmentMembers: ["ghr_ops.send", "ghr_task.tk_done_cb", "ghp_pool.hook"],
  tables: { ghr_ops: ["ghr_tcp_ops"] },
  noEffect: [{ reason: "memory is not counted, and nobody reads what is printed", names: "kfree ghr_trace" }],
  beyond: ["ghr_dump"],
  stores: [],
  guarded: [],
  state: [],
  works: [],
  observed: [],
  constants: [],
};

/** The kernel's slice with what the translator knows of it. */
export async function threadsSlice(): Promise<TranslatedSlice> {
  return translateSlice(await programOfText(THREADS_KERNEL), SYSTEM, {
    kernel: { id: "threads", version: "6.1.0" },
    longBits: 64,
    template: TEMPLATE,
    simulatorPath: "../../tools/simulator",
  });
}

/** The model and the compiled slice, for some values of HZ. */
export async function threadsComparison(hz: readonly number[]): Promise<Comparison> {
  if (COMPILER === null) throw new Error("no compiler");
  const slice = await threadsSlice();
  const { text, plan } = sliceSource(slice, HARNESS_FILES.prelude);
  const request = { slice: text, files: HARNESS_FILES, charIsSigned: true, compiler: COMPILER, cacheDirectory: CACHE };
  const harnesses = await Promise.all(
    hz.map(async (one) => ({ hz: one, executable: (await buildHarness({ ...request, hz: one })).executable })),
  );
  const javascript = compileModel(slice.translation.text);
  const facts = { timers: "levels", longBits: 64, msleepAddsJiffy: true } as const;
  const setup = { system: SYSTEM.name, javascript, plan, harnesses, facts, maxDecisions: 60, seed: 1 };
  return { setup, text: slice.translation.text };
}

type Members = Record<string, unknown>;
type AnyFunction = (...given: readonly unknown[]) => unknown;
interface Model {
  readonly functions: Readonly<Record<string, AnyFunction>>;
  readonly environment: { readonly members: Members };
}
interface Module {
  readonly createModel: (kernel: Simulation, environment: unknown, options: unknown) => Model;
}

// include/uapi/asm-generic/errno-base.h, errno.h
const ERRORS: readonly number[] = [-107, -32, -11, -110, -111, -115, -5, -104];
const STATUSES: readonly number[] = [0, 0, 0, 9, 7, -11, -107, -110, 200_000, -5];
const BYTES: readonly number[] = [0, 1, 20, 65_535, 65_536];
const KINDS: readonly number[] = [2, 2, 2, 9, 9, 1];
const COUNTS: readonly number[] = [11, 11, 11, 11, 10, 16];
const TIMES: readonly number[] = [0, 1, 10, 300, 5_000];
const KEYS: readonly number[] = [0, 1, 2, 3, 70_000, 0xffff_fff1, 0x8000_0002, 115];
const PAUSES: readonly number[] = [0, 0, 0, 1, 3, 0.1, 1.1, 6];

/** Counts the decisions of a history; nothing interferes once they are used up. */
class Dice implements DecisionSource {
  /** How often calls fail, out of 8. */
  trouble = 0;
  onEnd: () => void = () => undefined;

  constructor(
    private readonly source: DecisionSource,
    private left: number,
  ) {}

  choose(n: number, label: string): number {
    if (this.left <= 0 || n < 2) return 0;
    if (--this.left === 0) this.onEnd();
    return this.source.choose(n, label);
  }

  pick(items: readonly number[], label: string): number {
    return items[this.choose(items.length, label)] ?? 0;
  }

  result(label: string): number {
    const chosen = this.choose(8 * ERRORS.length, label);
    return chosen % 8 < this.trouble ? (ERRORS[chosen >> 3] ?? 0) : 0;
  }
}

/** One history: the machine, the transports and tasks that there are, and the threads that wait for them. */
class World {
  readonly transports: Members[] = [];
  readonly tasks: Members[] = [];
  readonly threads: Task[] = [];
  readonly pools: Members[] = [];
  /** Whether it is a history of pools and not of transports. */
  isPool = false;
  model!: Model;

  constructor(
    readonly kernel: Simulation,
    readonly dice: Dice,
  ) {}

  call(name: string, ...given: readonly unknown[]): unknown {
    return (this.model.functions[name] as AnyFunction)(...given);
  }

  /** Calls a function that may block, in a thread of its own. */
  start(name: string, ...given: readonly unknown[]): void {
    const { kernel } = this;
    const body = (): Coroutine => this.call(name, ...given) as Coroutine;
    const run = function* (): Coroutine {
      yield* body();
    };
    this.threads.push(kthread_run(kernel, name, run));
  }

  any<T>(items: readonly T[], label: string): T | undefined {
    return items[this.dice.choose(items.length, label)];
  }
}

function environmentOf(world: World): Members {
  const { kernel, dice } = world;
  return {
    ghr_open: () => dice.result("open"),
    *ghr_poll(): Coroutine<number> {
      const chosen = dice.choose(3, "poll");
      if (chosen === 1) yield* schedule_timeout_uninterruptible(kernel, 2);
      else if (chosen === 2) yield* cond_resched(kernel);
      return dice.result("poll-result");
    },
    ghr_shut: () => undefined,
    ghr_lost: () => undefined,
    ghr_pong: () => undefined,
    kthread_stop: (task: unknown) => kthread_stop(task as Task),
    observe: () => undefined,
    ghp_transmit(_pool: unknown, _wire: unknown, _count: unknown, used: unknown): number {
      const chosen = dice.choose(8, "transmit");
      if (chosen > 4) (used as Pointer<number>).value = chosen - 6;
      return chosen === 1 ? -11 : dice.result("transmit-result");
    },
    ghp_ask(_pool: unknown, numbers: unknown, told: unknown): void {
      const chosen = dice.choose(16, "ask");
      (numbers as ElementPointer<number>).setAt(chosen % 3, chosen - 8);
      if (chosen > 8) Object.assign(told as Members, { a: -chosen, b: chosen });
    },
    members: { send: () => dice.result("send"), tk_done_cb: () => undefined, hook: () => undefined },
  };
}

function create(world: World): void {
  const { dice } = world;
  const made = world.call("ghr_create", 100, dice.pick([400, 5_000], "most"), dice.choose(5, "retries"));
  world.transports.push(made as Members);
}

function newTask(world: World): void {
  const transport = world.any(world.transports, "transport");
  const chosen = world.dice.choose(64, "task");
  const isAsync = (chosen & 1) === 1;
  const bytes = world.dice.pick(BYTES, "bytes");
  const task = world.call("ghr_new", transport, isAsync, (chosen >> 1) & 7, bytes) as Members;
  if (chosen > 31) task["tk_done_cb"] = world.model.environment.members["tk_done_cb"];
  world.tasks.push(task);
  world.start("ghr_run", task, isAsync ? world.dice.pick(TIMES, "patience") : 0);
}

/** A message: an answer to one of the tasks, or to none. */
function input(world: World): void {
  const { dice } = world;
  const task = world.any(world.tasks, "answered");
  const transport = (task?.["tk_xprt"] as Members | null | undefined) ?? world.transports[0];
  const bytes = Buffer.alloc(dice.pick(COUNTS, "count"));
  const chosen = dice.choose(8, "message");
  bytes.writeUInt32BE((Number(task?.["tk_xid"] ?? 0) + (chosen === 7 ? 1 : 0)) >>> 0, 0);
  bytes[4] = dice.pick(KINDS, "kind");
  bytes.writeUInt16LE(chosen === 6 ? 65 : 8, 5);
  bytes.writeInt32BE(dice.pick(STATUSES, "status"), 7 > bytes.length - 4 ? 6 : 7);
  world.call("ghr_input", transport, new BytePointer(new Uint8Array(bytes)), bytes.length);
}

function signal(world: World): void {
  const thread = world.any([...world.threads, ...receivers(world)], "signalled");
  if (thread !== undefined) sendSignal(thread, "signal");
}

function receivers(world: World): readonly Task[] {
  return world.transports.flatMap(({ receiver }) => (receiver === null ? [] : [receiver as Task]));
}

function wakeUp(world: World): void {
  const transport = world.any(world.transports, "woken");
  wake_up_all((world.dice.choose(2, "queue") === 0 ? transport?.["wait"] : transport?.["input"]) as WaitQueueHead);
}

function wakeTask(world: World): void {
  const task = world.any(world.tasks, "task");
  if (task !== undefined) world.call("ghr_wake", task, world.dice.pick(STATUSES, "status"));
}

function put(world: World): void {
  const task = world.any(world.tasks, "put");
  if (task === undefined) return;
  world.call("ghr_put", task);
  // Nobody keeps a task that has no transport any more.
  if (task["tk_xprt"] === null) world.tasks.splice(world.tasks.indexOf(task), 1);
}

function openPool(world: World): void {
  const chosen = world.dice.choose(16, "pool");
  const made = world.call("ghp_open", chosen >> 1, chosen) as Members;
  if ((chosen & 1) === 1) made["hook"] = world.model.environment.members["hook"];
  world.pools.push(made);
}

function add(world: World): void {
  const { dice } = world;
  const pool = world.any(world.pools, "which-pool");
  const key = dice.pick(KEYS, "key");
  if (pool !== undefined) world.call("ghp_add", pool, key, cstring(`e${dice.choose(6, "name")}`));
}

function inPool(name: string, ...most: readonly number[]): (world: World) => void {
  return (world) => {
    const pool = world.any(world.pools, "which-pool");
    if (pool === undefined) return;
    const given = most.map((one) => world.dice.choose(one, "argument"));
    if (name === "ghp_ship") world.call(name, pool);
    else world.start(name, pool, ...given);
  };
}

/** What happens to a pool. */
const POOL_ACTIONS: readonly ((world: World) => void)[] = [
  openPool,
  add,
  add,
  add,
  inPool("ghp_ship"),
  inPool("ghp_wait", 4, 6),
  inPool("ghp_wait", 4, 6),
  inPool("ghp_shut"),
  signal,
];

const ACTIONS: readonly ((world: World) => void)[] = [
  newTask,
  newTask,
  newTask,
  input,
  input,
  input,
  input,
  signal,
  wakeUp,
  wakeTask,
  put,
  (world) => world.call("ghr_get_xprt", world.any(world.transports, "get")),
  (world) => world.start("ghr_close", world.any(world.transports, "close")),
  create,
  (world) => {
    world.dice.trouble = world.dice.choose(6, "trouble");
  },
];

function turn(world: World): void {
  world.any(world.isPool ? POOL_ACTIONS : ACTIONS, "action")?.(world);
  const { kernel, dice } = world;
  kernel.after(Math.floor(dice.pick(PAUSES, "pause") * kernel.hz), () => turn(world));
}

/** One random history. */
export const threadsExercise: Exercise = (module, options) => {
  const { hz, longBits, timers, msleepAddsJiffy } = options;
  const dice = new Dice(options.decisions, options.maxDecisions);
  const beginning = dice.choose(4 * 3 * 16, "beginning");
  const startTick = [2 ** 32 - 3 * hz, 2 ** 32 - 5, 12_345, 2 ** 33][beginning & 3] ?? 0;
  const kernel = new Simulation({ hz, longBits, timers, msleepAddsJiffy, decisions: dice, startTick });
  dice.onEnd = () => kernel.stop("the decisions are used up");
  const world = new World(kernel, dice);
  const latency = (beginning >> 2) % 3;
  dice.trouble = Math.floor(beginning / 12) >> 2;
  world.isPool = Math.floor(beginning / 12) % 2 === 1;
  world.model = (module as unknown as Module).createModel(kernel, environmentOf(world), {
    workqueueOptions: latency > 0 ? { latency: lateUpTo(latency) } : {},
  });
  kernel.after(0, () => (world.isPool ? openPool(world) : create(world)));
  kernel.after(0, () => turn(world));
  kernel.run({ maxEvents: 1_000 });
};
