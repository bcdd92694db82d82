/**
 * Calls of the slice's functions from outside: those that nothing reaches while a mount lives, and others with
 * arguments that nobody else would pass.
 */
import type { World } from "./exercise-world.ts";
import { type Members, objectIn } from "./members.ts";

/** A function that can be called, and how. */
export interface Outer {
  readonly name: string;
  readonly given: (world: World) => readonly unknown[] | null;
}

const STATUSES: readonly number[] = [-11, -110, -107, 0, -5, -104, -111, -512, -4, 5];

function status(world: World): number {
  return STATUSES[world.dice.choose(STATUSES.length, "status")] ?? 0;
}

function task(world: World): Members | null {
  return world.any(world.allTasks(), "called") ?? null;
}

function xprt(world: World): Members | null {
  return world.any(world.xprts, "called") ?? null;
}

function request(world: World): Members | null {
  return objectIn(task(world), "tk_rqstp");
}

/** The arguments where all are there. */
function all(...given: readonly unknown[]): readonly unknown[] | null {
  return given.includes(null) ? null : given;
}

type Arguments = (world: World) => readonly unknown[] | null;

const ofXprt: Arguments = (world) => all(xprt(world));
const ofTask: Arguments = (world) => all(task(world));
const ofRequest: Arguments = (world) => all(request(world));

const QUEUES: readonly string[] = ["pending", "sending", "binding", "backlog"];

function queue(world: World): unknown {
  const held = xprt(world);
  return held === null ? null : (held[QUEUES[world.dice.choose(QUEUES.length, "queue")] ?? ""] ?? held["pending"]);
}

/** The queue that a task waits on, and the task. */
const asleep: Arguments = (world) => {
  const held = task(world);
  return held === null ? null : all(held["tk_waitqueue"], held);
};

const XPRT_ONLY = "xprt_force_disconnect xprt_disconnect_done xprt_write_space xprt_clear_connecting xprt_set_bound";
const TASK_ONLY = "rpc_check_timeout xprt_request_wait_receive rpc_signal_task rpc_restart_call";

const ARGUMENTS: Readonly<Record<string, Arguments>> = {
  ...Object.fromEntries(XPRT_ONLY.split(/\s+/).map((name) => [name, ofXprt])),
  ...Object.fromEntries(TASK_ONLY.split(/\s+/).map((name) => [name, ofTask])),
  rpc_force_rebind: (world) => all(world.any(world.clients, "called") ?? null),
  xs_wake_write: (world) => all(xprt(world)?.["embedder"] ?? null),
  xprt_adjust_timeout: ofRequest,
  xprt_conditional_disconnect: (world) => {
    const held = xprt(world);
    const cookie = Number(held?.["connect_cookie"] ?? 0) - world.dice.choose(2, "cookie");
    return held === null ? null : [held, cookie >>> 0];
  },
  xprt_wake_pending_tasks: (world) => all(xprt(world), status(world)),
  rpc_wake_up: (world) => all(queue(world)),
  rpc_wake_up_next: (world) => all(queue(world)),
  rpc_wake_up_status: (world) => all(queue(world), status(world)),
  rpc_wake_up_queued_task: asleep,
  rpc_exit: (world) => all(task(world), status(world)),
};

/** The functions of a kernel that can be called from outside. */
export function callable(functions: Readonly<Record<string, unknown>>): readonly Outer[] {
  return Object.entries(ARGUMENTS).flatMap(([name, given]) => (functions[name] === undefined ? [] : [{ name, given }]));
}

/** Calls one of them. */
export function callSomething(world: World, calls: readonly Outer[]): void {
  const one = world.any(calls, "function");
  const given = one?.given(world) ?? null;
  if (one !== undefined && given !== null) world.start(one.name, ...given);
}
