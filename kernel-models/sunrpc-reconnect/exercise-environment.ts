/**
 * Surroundings of the RPC client that do anything: sockets cannot be made, connects and sends end with errors of all
 * kinds, now or later, replies are short, credentials are stale. They remember nothing themselves, so one set serves
 * all histories of a model.
 */

import type { Pointer } from "../../tools/simulator/pointers.ts";
import { ERR_PTR } from "../../tools/simulator/sleep.ts";
import { arrive, Net, Socket } from "../../tools/simulator/sockets.ts";
import { type Coroutine, cond_resched, schedule_timeout_uninterruptible } from "../../tools/simulator/tasks.ts";
import { isCoroutine } from "../exercise-machine.ts";
import { credential } from "./exercise-objects.ts";
import { newBuffer, type World } from "./exercise-world.ts";
import { type Members, type ModelModule, objectIn, setMember } from "./members.ts";

type Given = Readonly<Record<string, unknown>>;
type Play = (world: World, given: Given) => unknown;
/** Whose history it is that runs now. */
export type Present = () => World;

/** The functions of the environment, and the members of ops tables, of one kernel. */
export function surroundings(module: ModelModule, present: Present): Readonly<Record<string, unknown>> {
  const functions: Record<string, unknown> = {
    members: {
      rpc_call_done: (task: unknown) => toEnd(present(), callDone(present(), task as Members)),
      rpc_call_prepare: (task: unknown) => toEnd(present(), callPrepare(present(), task as Members)),
      rpc_count_stats: () => undefined,
      rpc_release: () => undefined,
    },
    observe: () => undefined,
  };
  for (const [name, parameters] of Object.entries(module.parameters)) {
    const play = PLAYED[name] ?? ((world: World) => world.dice.result(name));
    functions[name] = (...all: readonly unknown[]): unknown => {
      const given: Record<string, unknown> = {};
      for (let i = 0; i < parameters.length; i++) given[parameters[i] as string] = all[i];
      return play(present(), given);
    };
  }
  return functions;
}

/** The first of some names that an argument has. */
function argument(given: Given, ...names: readonly string[]): unknown {
  for (const name of names) if (given[name] !== undefined) return given[name];
  return undefined;
}

function store(pointer: unknown, value: unknown): void {
  if (pointer !== undefined && pointer !== null) (pointer as Pointer<unknown>).value = value;
}

/** What does not block, though the model has preemption points in it, is run at once, and nobody comes in between. */
function toEnd({ kernel }: World, body: Coroutine): void {
  kernel.atomic++;
  while (body.next().done !== true);
  kernel.atomic--;
}

/** rpc_call_done: NFS calls again where the answer does not please it. */
function* callDone(world: World, task: Members): Coroutine {
  if (world.fn("rpc_restart_call") !== undefined && world.dice.once(8, "restart")) {
    yield* world.call("rpc_restart_call", task);
  }
}

/** rpc_call_prepare: NFSv4 waits for its sequence slot here, others start at once. */
function* callPrepare(world: World, task: Members): Coroutine {
  if (world.dice.once(16, "prepare")) yield* world.call("rpc_exit", task, -5);
  else yield* world.call("rpc_call_start", task);
}

/** What some calls are like that take their time: nothing, a turn of somebody else, or some ticks. */
function* pause(world: World): Coroutine {
  const chosen = world.dice.choose(8, "pause");
  if (chosen === 7) yield* schedule_timeout_uninterruptible(world.kernel, 2);
  else if (chosen > 4) yield* cond_resched(world.kernel);
}

const mayFail =
  (name: string): Play =>
  (world) =>
    world.dice.result(name);

const PLAYED: Readonly<Record<string, Play>> = {
  sock_create_kern: newSocket,
  __sock_create: newSocket,
  sock_release: (world) => pause(world),
  fput: (world) => pause(world),
  __fput_sync: (world) => pause(world),
  sock_alloc_file: (world) => (world.dice.result("file") === 0 ? world.make("file") : ERR_PTR(-23)),
  kernel_connect: connect,
  kernel_bind: bind,
  kernel_sendmsg: (world, given) => send(world, Number(argument(given, "size", "len", "a4"))),
  kernel_sock_shutdown: shutdown,
  kernel_getsockname: (world, given) => {
    const address = argument(given, "addr", "a1") as Members;
    address["sin_port"] = 700;
    return world.dice.result("getsockname") === 0 ? 0 : -107;
  },
  xs_sendpages: sendPages,
  xprt_sock_sendmsg: sendRecord,
  tcp_read_sock: (world, given) => read(world, (argument(given, "sk", "a0") as Members)["sk_user_data"]),
  xs_read_stream: (world, given) => readStream(world, given["transport"] as Members),
  xs_tcp_data_receive: (world, given) => read(world, (given["transport"] as Members)["xprt"]),
  xs_poll_socket_readable: (world) => world.dice.once(4, "readable"),
  rpc_alloc_task: allocTask,
  rpc_task_get_first_xprt: ({ dice }, given) =>
    dice.once(32, "no-xprt") ? null : ((given["clnt"] as Members)["cl_xprt"] ?? null),
  rpc_task_get_next_xprt: (_world, given) => (given["clnt"] as Members)["cl_xprt"] ?? null,
  rpc_task_set_debuginfo: ({ module }, given) => {
    const magic = module.constants["RPC_TASK_MAGIC_ID"];
    if (magic !== undefined) setMember(given["task"] as Members, "tk_magic", magic);
    return 0;
  },
  rpc_xdr_encode: encode,
  rpc_verify_header: (world) => {
    const error = world.dice.result("header");
    return error === 0 ? newBuffer() : ERR_PTR(error);
  },
  rpc_decode_header: mayFail("header"),
  rpcauth_refreshcred: refresh,
  rpcauth_bindcred: (world, given) => {
    const held = objectIn(given["task"] as Members, "tk_msg");
    if (held !== null) setMember(held, "rpc_cred", credential(world));
    return 0;
  },
  rpcauth_uptodatecred: ({ dice }) => (dice.once(6, "stale") ? 0 : 1),
  rpcauth_xmit_need_reencode: ({ dice }) => (dice.once(6, "reencode") ? 1 : 0),
  rpcb_getport_async: (world, given) => toEnd(world, bindPort(world, given)),
  rpc_malloc: (world, given) => {
    const isThere = world.dice.result("memory") === 0;
    if (given["size"] !== undefined) return isThere ? newBuffer() : null;
    const request = objectIn(given["task"] as Members, "tk_rqstp");
    if (isThere && request !== null) setMember(request, "rq_buffer", newBuffer());
    return isThere ? 0 : -12;
  },
  xprt_wait_on_pinned_rqst: (_world, given) => {
    const pins = objectIn(given["req"] as Members, "rq_pin");
    if (pins !== null) pins["counter"] = 0;
  },
  kmem_cache_create: ({ dice }) => (dice.result("cache") === 0 ? {} : null),
  mempool_create_slab_pool: ({ dice }) => (dice.result("pool") === 0 ? {} : null),
  net_random: ({ dice }) => RANDOM[dice.choose(RANDOM.length, "random")],
  prandom_u32: ({ dice }) => RANDOM[dice.choose(RANDOM.length, "random")],
  get_random_u32: ({ dice }) => RANDOM[dice.choose(RANDOM.length, "random")],
  xs_get_random_port: () => 700,
  xprt_iter_get_next: ({ dice, xprts }) => (dice.once(8, "no-xprt") ? null : (xprts[0] ?? null)),
  sock_net: ({ dice }) => network(dice.choose(4, "net")),
  kstrdup: ({ dice }, given) => (dice.once(32, "kstrdup") ? null : (argument(given, "s", "a0") ?? null)),
};

/** net.ipv4.tcp_syn_retries */
const SYN_RETRIES: readonly number[] = [6, 0, 127, 2];

function network(chosen: number): Net {
  const made = new Net();
  made.ipv4.sysctl_tcp_syn_retries = SYN_RETRIES[chosen] ?? 6;
  return made;
}

const RANDOM: readonly number[] = [1, 0xffff_fffe, 0, 0x7fff_ffff];

function newSocket(world: World, given: Given): number {
  const error = world.dice.result("socket");
  if (error !== 0) return error;
  const socket = new Socket(world.kernel, "rpc");
  // TCP_CLOSE, SS_UNCONNECTED
  socket.sk_state = 7;
  socket.state = 1;
  world.sockets.push(socket);
  store(argument(given, "res", "a3", "a4"), socket);
  return 0;
}

/** A port that is taken, now and then. */
function bind({ dice }: World): number {
  return dice.once(4, "bind") ? -98 : dice.result("bind-result");
}

// EINPROGRESS, 0, EALREADY and others that xs_tcp_setup_socket() tells apart.
const CONNECTS: readonly number[] = [-115, -115, -115, -115, -115, 0, -114, -99, -111, -104, -101, -98];
/** Ticks until the handshake is over, or fails. */
const HANDSHAKES: readonly number[] = [1, 0, 3, 90];
const ESTABLISHED = 1;
const SYN_SENT = 2;
const CLOSE = 7;

function* connect(world: World, given: Given): Coroutine<number> {
  const { dice, kernel } = world;
  const socket = argument(given, "sock", "a0") as Socket;
  const address = argument(given, "addr", "a1") as { readonly sa_family: number };
  yield* pause(world);
  if (address.sa_family === 0) {
    const error = dice.result("disconnect");
    if (error === 0) yield* changeState(world, socket, CLOSE);
    return error;
  }
  const error = dice.result("connect");
  if (error !== 0) return error;
  const chosen = dice.choose(CONNECTS.length * HANDSHAKES.length * 4, "connect-result");
  const result = CONNECTS[chosen % CONNECTS.length] ?? -115;
  if (result === -115 || result === 0) socket.sk_state = SYN_SENT;
  const how = Math.floor(chosen / CONNECTS.length);
  const ticks = HANDSHAKES[how % HANDSHAKES.length] ?? 1;
  const state = how < 3 * HANDSHAKES.length ? ESTABLISHED : CLOSE;
  if (result === 0) yield* changeState(world, socket, state);
  else if (result === -115) kernel.after(ticks, () => callback(world, socket, "sk_state_change", state));
  return result;
}

type Callback = "sk_state_change" | "sk_data_ready" | "sk_write_space" | "sk_error_report";

/** A callback of a socket, from a softirq that came upon some thread. */
export function callback(world: World, socket: Socket, name: Callback, state?: number): void {
  if (state !== undefined) socket.sk_state = state;
  world.startFunction(socket[name] as (...given: readonly unknown[]) => unknown, [socket, 0]);
}

/** The state of a socket is another, and whoever wants to know is told at once. */
function* changeState(_world: World, socket: Socket, state: number): Coroutine {
  socket.sk_state = state;
  const made: unknown = socket.sk_state_change(socket);
  if (isCoroutine(made)) yield* made;
}

const CLOSING: readonly number[] = [4, 5, 7, 8, 9, 11];

function* shutdown(world: World, given: Given): Coroutine<number> {
  const socket = argument(given, "sock", "a0") as Socket;
  const chosen = world.dice.choose(2 * CLOSING.length, "shutdown");
  if (chosen < CLOSING.length) yield* changeState(world, socket, CLOSING[chosen] ?? CLOSE);
  return world.dice.result("shutdown-result");
}

/** Sends all of it, a part, or nothing; an error where something fails. */
function* send(world: World, bytes: number): Coroutine<number> {
  const error = world.dice.result("send");
  if (error !== 0) return error;
  const chosen = world.dice.choose(8, "sent");
  if (chosen === 6) yield* pause(world);
  return chosen === 7 ? Math.min(bytes, 20) : chosen === 5 ? -11 : bytes;
}

function* sendPages(world: World, given: Given): Coroutine<number> {
  const xdr = given["xdr"] as { readonly len: number };
  const sent = yield* send(world, xdr.len - Number(given["base"]));
  if (given["sent_p"] === undefined) return sent;
  if (sent > 0) add(given["sent_p"], sent);
  return sent < 0 ? sent : 0;
}

function* sendRecord(world: World, given: Given): Coroutine<number> {
  const xdr = given["xdr"] as { readonly len: number };
  const marker = Number(given["marker"]) === 0 ? 0 : 4;
  const sent = yield* send(world, xdr.len + marker - Number(given["base"]));
  if (sent > 0) add(given["sent_p"], sent);
  return sent < 0 ? sent : 0;
}

function add(pointer: unknown, count: number): void {
  const cell = pointer as Pointer<number>;
  cell.value = cell.value + count;
}

/** Bytes of a reply; fewer than 12 are too few for its header. */
const REPLIES: readonly number[] = [112, 112, 112, 28, 12, 11, 4, 0];

/** Answers one of the requests of a transport, as the C that reads records does it; the bytes that were read. */
export function* read(world: World, xprt: unknown): Coroutine<number> {
  if (xprt === null || xprt === undefined) return 0;
  const requests = world.requests(xprt as Members);
  const chosen = world.dice.choose(REPLIES.length * 8, "reply");
  const copied = REPLIES[chosen % REPLIES.length] ?? 0;
  const which = Math.floor(chosen / REPLIES.length);
  const request = requests[which % Math.max(1, requests.length)];
  // Now and then one that nobody waits for.
  const xid = Number(request?.["rq_xid"] ?? 0) + (which === 7 ? 1 : 0);
  if (world.fn("xprt_lookup_rqst") === undefined) {
    yield* world.call("xprt_complete_rqst", xprt, xid >>> 0, copied);
    return copied;
  }
  const found = yield* world.call("xprt_lookup_rqst", xprt, xid >>> 0);
  if (found !== null && found !== undefined) {
    yield* world.call("xprt_complete_rqst", (found as Members)["rq_task"], copied);
  }
  return copied;
}

/** xs_read_stream(): a record, or why there is none: EAGAIN, ESHUTDOWN, or the connection's error. */
function* readStream(world: World, transport: Members): Coroutine<number> {
  const error = world.dice.result("read");
  if (error !== 0) return error;
  const chosen = world.dice.choose(4, "stream");
  if (chosen === 0) return -11;
  if (chosen === 1) return -108;
  return yield* read(world, transport["xprt"]);
}

/** A reply's header comes in on a socket that the kernel reads itself. */
export function receive(world: World, socket: Socket): void {
  const requests = world.xprts.flatMap((xprt) => world.requests(xprt));
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  const chosen = world.dice.choose(REPLIES.length * 8, "reply");
  const which = Math.floor(chosen / REPLIES.length);
  const request = requests[which % Math.max(1, requests.length)];
  view.setUint32(0, Number(request?.["rq_xid"] ?? 0) + (which === 7 ? 1 : 0), true);
  view.setUint32(4, REPLIES[chosen % REPLIES.length] ?? 0, true);
  const after: unknown = socket.sk_data_ready;
  // The callback is called from a thread of its own: it may block where it must not, and that is the model's business.
  socket.sk_data_ready = () => undefined;
  arrive(socket, which === 6 ? 4 : 8, bytes);
  socket.sk_data_ready = after as Socket["sk_data_ready"];
  callback(world, socket, "sk_data_ready");
}

function allocTask(world: World): unknown {
  if (world.dice.result("task") !== 0) return null;
  const task = world.make("rpc_task");
  world.tasks.push(task);
  return task;
}

const REQUEST_BYTES = 128;

/** rpc_xdr_encode(): the request has its bytes, or its arguments do not fit, or its credentials are gone. */
function encode(world: World, given: Given): void {
  const task = given["task"] as Members;
  const error = world.dice.result("encode");
  const request = objectIn(task, "tk_rqstp");
  setMember(task, "tk_status", error);
  if (request === null || error !== 0) return;
  const buffer = objectIn(request, "rq_snd_buf");
  if (buffer !== null) setMember(buffer, "len", REQUEST_BYTES);
  setMember(request, "rq_slen", REQUEST_BYTES);
  setMember(request, "rq_bytes_sent", 0);
}

function refresh(world: World, given: Given): number {
  const task = given["task"] as Members;
  const request = objectIn(task, "tk_rqstp");
  if (request !== null) setMember(request, "rq_cred", credential(world));
  const error = world.dice.result("refresh");
  setMember(task, "tk_status", error);
  return error;
}

/** rpcb_getport_async(): the portmapper answers at once, with a port or without. */
function* bindPort(world: World, given: Given): Coroutine {
  const task = given["task"] as Members;
  const xprt = objectIn(task, "tk_xprt") ?? objectIn(objectIn(task, "tk_rqstp"), "rq_xprt");
  const error = world.dice.result("bind-port");
  if (error === 0) yield* world.call("xprt_set_bound", xprt);
  setMember(task, "tk_status", error);
}
