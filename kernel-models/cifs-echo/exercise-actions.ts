/** What happens to a connection from outside in a random history: at each turn one thing, and then some time passes. */
import { type ListHead, list_del_init, list_empty } from "../../tools/simulator/lists.ts";
import { IS_ERR } from "../../tools/simulator/sleep.ts";
import { arrive, closeByPeer, failConnection, type Socket } from "../../tools/simulator/sockets.ts";
import { type Coroutine, kthread_run, sendSignal, type Task, wake_up_process } from "../../tools/simulator/tasks.ts";
import type { DelayedWork, WorkqueueStruct } from "../../tools/simulator/workqueue.ts";
import { mod_delayed_work } from "../../tools/simulator/workqueue-cancel.ts";
import { callbackArguments, callSomething } from "./exercise-calls.ts";
import { makeContext, makeMid, makeSession } from "./exercise-objects.ts";
import { type Store, storeSomething } from "./exercise-stores.ts";
import { LARGE_BYTES, SCATTER, scatter, type World } from "./exercise-world.ts";
import { isCoroutine } from "./history.ts";
import { type Members, negotiated } from "./mount.ts";

/** What a kernel has of the things that happen. */
export interface Repertoire {
  /** Functions that can be called. */
  readonly calls: readonly string[];
  /** Members of a connection that others store. */
  readonly stores: readonly Store[];
  /** Variables at file scope that can be changed. */
  readonly globals: readonly Store[];
  /** Whether connections are channels of others, which a mount then says. */
  readonly hasChannels: boolean;
}

type Action = (world: World, server: Members, repertoire: Repertoire) => void;

/** Mounts, at the beginning and now and then. */
export function mount(world: World, { hasChannels }: Repertoire): void {
  const made = world.model.functions["cifs_get_tcp_session"];
  if (made === undefined) return;
  const given: unknown[] = [makeContext(world)];
  if (hasChannels)
    given.push(world.servers.length > 0 && world.dice.once(4, "channel") ? world.server("primary") : null);
  kthread_run(world.kernel, "mount", () => mounting(world, made, given));
}

function* mounting(
  world: World,
  made: (...given: readonly unknown[]) => unknown,
  given: readonly unknown[],
): Coroutine {
  const result = made(...given);
  const server = isCoroutine(result) ? yield* result : result;
  if (IS_ERR(server) || server === null) return;
  const { servers } = world;
  if (!servers.includes(server as Members)) servers.push(server as Members);
  if (!world.dice.once(4, "negotiated")) negotiated(server, world.constants);
}

/** [RFC 1002] 4.3.1: mostly messages, then what keeps a session alive, answers it or refuses it, and others. */
const PACKETS: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x85, 0x82, 0x83, 0x84, 0xff, 1];
/** Around the lengths of headers, of the small buffer and of the largest message; buffers have 512 bytes. */
const LENGTHS: readonly number[] = [
  68, 73, 80, 100, 160, 200, 128, 68, 63, 64, 62, 65, 33, 32, 36, 37, 31, 12, 11, 4, 0, 444, 445, 446, 480, 500, 300,
  72, 448, 16_589, 70_000, 0xff_ffff,
];
const LENGTH_BYTES = 4;

function receive(world: World, server: Members): void {
  const socket = server["ssocket"] as Socket | null;
  if (socket === null) return;
  const chosen = world.dice.choose(PACKETS.length * LENGTHS.length * 4, "message");
  const length = LENGTHS[chosen % LENGTHS.length] ?? 0;
  const bytes = world.memory.payloads.take();
  // The header of SMB2 begins behind the length; older kernels look at it together with the length.
  scatter(bytes, world.dice.choose(SCATTER, "header"), "vals" in server && chosen % 2 === 0 ? LENGTH_BYTES : 0);
  if ((chosen & 0x100) === 0) answerKnown(world, bytes, chosen);
  bytes[0] = PACKETS[(chosen >> 5) % PACKETS.length] ?? 0;
  bytes[1] = length >> 16;
  bytes[2] = length >> 8;
  bytes[3] = length;
  const all = LENGTH_BYTES + Math.min(length, LARGE_BYTES - LENGTH_BYTES);
  // The rest comes at once, after a tick, or later than the connection waits for it.
  const first = chosen >> 9 === 3 ? 1 + (chosen % Math.min(all, 4 + (chosen & 64))) : all;
  const delay = (chosen & 3) === 3 ? 9 * world.kernel.hz : chosen & 1;
  arrive(socket, first, bytes);
  if (first < all) world.kernel.after(delay, () => arrive(socket, all - first, bytes.subarray(first)));
}

/** Gives a message the number and command of a request, in kernels that look for it by these. */
function answerKnown(world: World, bytes: Uint8Array, chosen: number): void {
  const { mids } = world;
  const mid = mids[chosen % Math.max(1, mids.length)];
  if (mid === undefined || typeof mid["mid"] !== "number") return;
  const { command } = mid;
  bytes[8] = typeof command === "number" ? command : mid["mid"];
  bytes[34] = mid["mid"];
}

function close(_world: World, server: Members): void {
  const socket = server["ssocket"] as Socket | null;
  if (socket !== null) closeByPeer(socket);
}

// ECONNRESET, ETIMEDOUT, EPIPE, EINTR, EAGAIN
const FAILURES: readonly number[] = [104, 110, 32, 4, 11];

function fail(world: World, server: Members): void {
  const socket = server["ssocket"] as Socket | null;
  if (socket !== null) failConnection(socket, FAILURES[world.dice.choose(FAILURES.length, "error")] ?? 104);
}

/** The states of a connection change by far most often, and most depends on them. */
const STATES: readonly number[] = [3, 1, 4, 5, 3, 1, 4, 0, 3, 1, 4, 5, 3, 1, 4, 2];

function change(world: World, server: Members): void {
  server["tcpStatus"] = STATES[world.dice.choose(STATES.length, "status")];
}

/** A signal comes, and is flushed some ticks later: while it is there, the thread does little but wait for that. */
function signal(world: World, server: Members): void {
  const task = server["tsk"] as Task | null;
  if (task === null) return;
  sendSignal(task, world.dice.choose(2, "signal") === 1 ? "kill" : "signal");
  world.kernel.after(FLUSHED_AFTER_TICKS, () => {
    task.signal = "none";
  });
}
const FLUSHED_AFTER_TICKS = 5;

/** What cifs_put_tcp_session() does to the thread: takes it away, lets it end, and sends the signal, at once or not. */
function put(world: World, server: Members): void {
  const task = server["tsk"] as Task | null;
  server["tsk"] = null;
  server["tcpStatus"] = world.constants["CifsExiting"] ?? 2;
  if (task === null) return;
  const { kernel } = world;
  const chosen = world.dice.choose(6, "put");
  kernel.after((chosen % 3) * kernel.hz, () => sendSignal(task, "kill"));
  if (chosen % 3 !== 0) return;
  // Requests that come while the thread waits for the last ones (twice, an eighth of a second each).
  for (const part of [10, 5]) kernel.after(Math.ceil(kernel.hz / part), () => void makeMid(world, server));
}

function wake(_world: World, server: Members): void {
  const task = server["tsk"] as Task | null;
  if (task !== null) wake_up_process(task);
}

/** A request is answered, or given up, by somebody else. */
function answer(world: World): void {
  const { mids } = world;
  const mid = mids[world.dice.choose(mids.length, "answered")];
  if (mid === undefined || list_empty(mid["qhead"] as ListHead)) return;
  list_del_init(mid["qhead"] as ListHead);
  const state = "mid_state" in mid ? "mid_state" : "midState";
  mid[state] = 1 << world.dice.choose(5, "state");
  const callback = mid["callback"] as ((...given: readonly unknown[]) => unknown) | null;
  const server = world.servers[0];
  if (callback !== null && server !== undefined) world.callInThread(callback, callbackArguments(server, mid));
}

function echoNow(world: World, server: Members): void {
  const { globals } = world.model;
  const queue = (globals["cifsiod_wq"] ?? globals["system_nrt_wq"]) as WorkqueueStruct | undefined;
  if (queue !== undefined) mod_delayed_work(queue, server["echo"] as DelayedWork, world.dice.choose(2, "when"));
}

const ACTIONS: readonly (readonly [number, Action])[] = [
  [18, receive],
  [1, close],
  [1, fail],
  [5, change],
  [1, signal],
  [1, put],
  [1, wake],
  [6, (world, server, { stores }) => storeSomething(world, server, stores)],
  [2, (world, _server, { globals }) => storeSomething(world, world.model.globals, globals)],
  [4, (world, server) => void makeMid(world, server)],
  [3, makeSession],
  [2, (world, _server, repertoire) => mount(world, repertoire)],
  [3, answer],
  [2, echoNow],
  [12, (world, server, { calls }) => callSomething(world, server, calls)],
  // Nothing but time.
  [4, () => undefined],
];
const DRAWN: readonly Action[] = ACTIONS.flatMap(([weight, action]) => Array<Action>(weight).fill(action));

/**
 * Ticks, or seconds. Often several things happen at one tick; long waits are rare, since a thread that asks its socket
 * every few seconds makes most of a history in them.
 */
const TICKS: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 7];
const SECONDS: readonly number[] = [1, 8, 61, 185];
const DELAYS = TICKS.length + SECONDS.length;

/** Something happens, and after some time the next thing does, as long as there are decisions left. */
export function turn(world: World, repertoire: Repertoire): void {
  const { kernel, dice } = world;
  if (dice.isOver) {
    kernel.stop("the decisions are used up");
    return;
  }
  const chosen = dice.choose(DRAWN.length * DELAYS, "action");
  const delay = chosen % DELAYS;
  const ticks = TICKS[delay] ?? (SECONDS[delay - TICKS.length] ?? 1) * kernel.hz;
  const server = world.server("server");
  if (server === null) mountAgain(world, repertoire);
  else DRAWN[Math.floor(chosen / DELAYS)]?.(world, server, repertoire);
  kernel.after(ticks, () => turn(world, repertoire));
}

/** Without a connection there is nothing to do but to make one, once the last attempt had its time. */
function mountAgain(world: World, repertoire: Repertoire): void {
  if (world.kernel.runQueue.length === 0) mount(world, repertoire);
}
