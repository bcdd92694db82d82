/** What happens to the RPC client from outside in a random history: at each turn one thing, and then time passes. */
import type { Socket } from "../../tools/simulator/sockets.ts";
import { cond_resched, kthread_run, sendSignal } from "../../tools/simulator/tasks.ts";
import { callSomething, type Outer } from "./exercise-calls.ts";
import { callback, read, receive } from "./exercise-environment.ts";
import { client, message, mount } from "./exercise-objects.ts";
import type { World } from "./exercise-world.ts";
import { type Members, setMember } from "./members.ts";

type Action = (world: World, calls: readonly Outer[]) => void;

const TASK_BITS = 2 ** 12;
/** RPC_TASK_SOFT, and by kernel RPC_TASK_SWAPPER, _SOFTCONN, _TIMEOUT, _SENT, _NOCONNECT and others. */
const FLAGS: readonly number[] = [0, 0x200, 0, 0x200, 0x2, 0x400, 0x1000, 0x800, 0x2000, 0x8200, 0x4000, 0x1200];
const ASYNC = 1;

/** A call, whose thread waits for its end, or that goes on by itself. */
function newTask(world: World): void {
  const { dice } = world;
  const clnt = world.any(world.clients, "client");
  if (clnt === undefined) return;
  const chosen = dice.choose(TASK_BITS, "task");
  const msg = message(world, chosen);
  const flags = FLAGS[(chosen >> 6) % FLAGS.length] ?? 0;
  const isAsync = (chosen & 0x800) !== 0 || (chosen & 0x400) !== 0;
  if (!isAsync && (chosen & 0x200) !== 0) {
    const thread = world.start("rpc_call_sync", clnt, msg, flags);
    if (thread !== null) world.threads.push(thread);
    return;
  }
  const all = flags | (isAsync ? ASYNC : 0);
  if (world.model.structs["rpc_task_setup"] === undefined) {
    world.threads.push(world.startFunction(world.fn("rpc_run_task") ?? (() => 0), [clnt, msg, all]));
    return;
  }
  const setup = world.make("rpc_task_setup", {
    rpc_client: clnt,
    rpc_message: msg,
    callback_ops: operations(world, chosen),
    flags: all,
    priority: (chosen % 4) - 1,
  });
  world.threads.push(world.startFunction(world.fn("rpc_run_task") ?? (() => 0), [setup]));
}

/** What NFS has to say of its calls. */
function operations(world: World, chosen: number): Members {
  return world.make("rpc_call_ops", {
    rpc_call_done: world.member("rpc_call_done"),
    rpc_call_prepare: (chosen & 0x20) === 0 ? null : world.member("rpc_call_prepare"),
    rpc_count_stats: (chosen & 0x40) === 0 ? null : world.member("rpc_count_stats"),
    rpc_release: (chosen & 0x80) === 0 ? null : world.member("rpc_release"),
  });
}

/** [TCP_*] of include/net/tcp_states.h, those first that C tells apart. */
const STATES: readonly number[] = [1, 1, 1, 7, 8, 4, 5, 9, 11, 2, 3, 6];

function anySocket(world: World): Socket | undefined {
  const { sockets } = world;
  // The newest is nearly always the one that matters.
  return world.dice.once(6, "old-socket") ? world.any(sockets, "socket") : sockets[sockets.length - 1];
}

function stateChange(world: World): void {
  const socket = anySocket(world);
  if (socket === undefined) return;
  const chosen = world.dice.choose(STATES.length * 4, "state");
  if (chosen >= STATES.length * 3) socket.sk_shutdown = chosen % 4;
  callback(world, socket, "sk_state_change", STATES[chosen % STATES.length]);
}

const SOCKET_ERRORS: readonly number[] = [104, 111, 110, 32, 113, 107, 0, 101];

function errorReport(world: World): void {
  const socket = anySocket(world);
  if (socket === undefined) return;
  const chosen = world.dice.choose(2 * SOCKET_ERRORS.length, "socket-error");
  socket.sk_err = SOCKET_ERRORS[chosen % SOCKET_ERRORS.length] ?? 0;
  if (chosen >= SOCKET_ERRORS.length) socket.sk_state = 7;
  callback(world, socket, "sk_error_report");
}

function dataReady(world: World): void {
  const socket = anySocket(world);
  if (socket === undefined) return;
  if (world.fn("xprt_lookup_rqst") === undefined) receive(world, socket);
  else callback(world, socket, "sk_data_ready");
}

/** SOCK_ASYNC_NOSPACE and SOCK_NOSPACE as they may be found. */
function writeSpace(world: World): void {
  const socket = anySocket(world);
  if (socket === undefined) return;
  socket.flags = world.dice.choose(8, "socket-flags");
  callback(world, socket, "sk_write_space");
}

function reply(world: World): void {
  const xprt = world.any(world.xprts, "answered");
  if (xprt === undefined) return;
  world.startFunction(() => read(world, xprt), []);
}

function signal(world: World): void {
  const thread = world.any(world.threads, "signalled");
  if (thread !== undefined) sendSignal(thread, world.dice.choose(3, "signal") > 0 ? "kill" : "signal");
}

function mountAgain(world: World): void {
  const [xprt] = world.xprts;
  if (xprt !== undefined && world.dice.choose(2, "mount") === 1) client(world, xprt);
  else kthread_run(world.kernel, "mount", () => mount(world));
}

/** A busy machine: somebody runs between the others. */
function busy(world: World): void {
  kthread_run(world.kernel, "busy", function* () {
    for (let i = 0; i < 3; i++) yield* cond_resched(world.kernel);
  });
}

function store(world: World): void {
  const chosen = world.dice.choose(8, "store");
  const task = world.any(world.allTasks(), "stored");
  const xprt = world.any(world.xprts, "stored");
  if (chosen < 3 && xprt !== undefined)
    xprt["state"] = (Number(xprt["state"]) & ~0x1e) | (world.dice.choose(16, "bits") << 1);
  else if (chosen === 3 && xprt !== undefined) setMember(xprt, "reestablish_timeout", world.kernel.hz * 3);
  else if (chosen === 4 && task !== undefined) setMember(task, "tk_flags", Number(task["tk_flags"]) ^ 0x200);
  else if (chosen === 5 && task !== undefined) setMember(task, "tk_cred_retry", 1);
  else if (chosen === 6 && task !== undefined) setMember(task, "tk_garb_retry", 1);
}

const ACTIONS: readonly (readonly [number, Action])[] = [
  [10, newTask],
  [8, stateChange],
  [3, errorReport],
  [5, dataReady],
  [3, writeSpace],
  [8, reply],
  [3, signal],
  [1, mountAgain],
  [1, busy],
  [2, store],
  [8, callSomething],
  // Nothing but time.
  [4, () => undefined],
];
const DRAWN: readonly Action[] = ACTIONS.flatMap(([weight, action]) => Array<Action>(weight).fill(action));

/** Ticks, or seconds: delays of reconnections, timeouts of calls, the idle transport's time. */
const TICKS: readonly number[] = [0, 0, 0, 0, 0, 0, 1, 1, 2, 7];
const SECONDS: readonly number[] = [0.25, 1, 3, 3, 10, 61, 301];
const DELAYS = TICKS.length + SECONDS.length;

/** Something happens, and after some time the next thing does, as long as there are decisions left. */
export function turn(world: World, calls: readonly Outer[]): void {
  const { kernel, dice } = world;
  if (dice.isOver) {
    kernel.stop("the decisions are used up");
    return;
  }
  const chosen = dice.choose(DRAWN.length * DELAYS, "action");
  const delay = chosen % DELAYS;
  const ticks = TICKS[delay] ?? Math.ceil((SECONDS[delay - TICKS.length] ?? 1) * kernel.hz);
  if (world.xprts.length > 0) DRAWN[Math.floor(chosen / DELAYS)]?.(world, calls);
  else if (kernel.runQueue.length === 0) mountAgain(world);
  kernel.after(ticks, () => turn(world, calls));
}
