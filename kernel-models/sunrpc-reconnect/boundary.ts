/**
 * The functions that the model calls over its boundary, by their C names. Their parameters have moved over the years,
 * so arguments are taken by the names that this kernel gives them. Sockets are TCP's (tcp.ts); a call is sent and
 * answered as one record; credentials and arguments are always good.
 */
import { runToEnd } from "../../tools/simulator/frame.ts";
import type { Machine } from "../../tools/simulator/machine.ts";
import { afterCall } from "../../tools/simulator/machine-modules.ts";
import { BytePointer, type Pointer } from "../../tools/simulator/pointers.ts";
import { Net } from "../../tools/simulator/sockets.ts";
import { type Members, type ModelInstance, type ModelModule, makeStruct, objectIn, setMember } from "./members.ts";
import {
  type Address,
  AF_INET,
  AF_UNSPEC,
  requireDontWait,
  requireLocal,
  requireServer,
  requireTcp,
  swapped,
} from "./socket-arguments.ts";
import {
  bind,
  connect,
  createSocket,
  disconnect,
  readSock,
  recvmsg,
  release,
  sendmsg,
  setSynCount,
  setUserTimeout,
  shutdown,
} from "./tcp.ts";
import type { TcpNetwork } from "./tcp-network.ts";
import type { Sock, Socket, TcpContext } from "./tcp-socket.ts";

type Given = Readonly<Record<string, unknown>>;
type Played = (given: Given, place: string) => unknown;

/** What a call of stat() takes on the wire, and its answer: the figures of a GETATTR. */
const REQUEST_BYTES = 128;
export const REPLY_BYTES = 112;
/** The marker of a record: RFC 5531, section 11. */
const MARKER_BYTES = 4;
// include/uapi/asm-generic/errno.h
const ESHUTDOWN = 108;
export const BUFFER = new BytePointer(new Uint8Array(REQUEST_BYTES + REPLY_BYTES));
const EAGAIN = 11;

/** What the surroundings of a model share. */
export interface Surroundings {
  readonly machine: Machine;
  readonly net: TcpNetwork;
  readonly module: ModelModule;
  /** The model; null while it is being made. */
  model: ModelInstance | null;
}

/** What TCP is given: the time, and how the callbacks of sockets are run. */
export function tcpContext(machine: Machine): TcpContext {
  return {
    get tick(): number {
      return machine.clock.tick;
    },
    call: (fn, ...args) => machine.atomically(`the callback ${fn.name}`, () => runToEnd(fn(...args))),
  };
}

/** Everything that the model asks of its surroundings. */
export function boundaryOf(around: Surroundings): Readonly<Record<string, unknown>> {
  const { machine, module } = around;
  const played: Readonly<Record<string, Played>> = {
    ...sockets(around),
    ...options(around),
    ...records(around),
    ...calls(around),
  };
  const functions: Record<string, unknown> = {
    members: { rpc_call_done: () => undefined, rpc_call_prepare: () => undefined },
    observe: (name: string, place: string) => machine.tell("call", `${name} from ${place}`),
  };
  for (const [name, parameters] of Object.entries(module.parameters)) {
    const play = played[name] ?? (() => 0);
    functions[name] = (...all: readonly unknown[]): unknown => {
      const given: Record<string, unknown> = {};
      for (let i = 0; i < parameters.length; i++) given[parameters[i] as string] = all[i];
      return play(given, String(all[parameters.length] ?? ""));
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

/** Numbers that a timeline shows as errors. */
function told(machine: Machine, name: string, result: number, place: string): unknown {
  machine.tell("tcp", `${name} = ${result}${place === "" ? "" : ` (${place})`}`);
  return afterCall(machine, result);
}

/** The flags of a message, struct msghdr. */
function flagsOf(given: Given): number {
  return Number((argument(given, "msg", "a1") as Members)["msg_flags"]);
}

function sockets({ machine, net }: Surroundings): Readonly<Record<string, Played>> {
  const ctx = tcpContext(machine);
  // A namespace may come first, and where a tree names no parameters only their number tells.
  const create =
    (name: string): Played =>
    (given, place) => {
      const first = given["a4"] === undefined ? 0 : 1;
      const number = (named: string, at: number): number => Number(argument(given, named, `a${first + at}`));
      requireTcp({ name, place }, number("family", 0), number("type", 1), number("protocol", 2));
      store(argument(given, "res", `a${first + 3}`), createSocket(net));
      return 0;
    };
  const close = (socket: Socket, place: string): unknown => {
    release(ctx, net, socket);
    return told(machine, "close", 0, place);
  };
  const closeFile = (given: Given, place: string): unknown =>
    close((argument(given, "file", "a0") as { readonly socket: Socket }).socket, place);
  return {
    sock_create_kern: create("sock_create_kern"),
    __sock_create: create("__sock_create"),
    sock_release: (given, place) => close(argument(given, "sock", "a0") as Socket, place),
    fput: closeFile,
    __fput_sync: closeFile,
    sock_alloc_file: (given) => {
      const socket = argument(given, "sock", "a0") as Socket;
      const file = { socket };
      socket.file = file;
      return file;
    },
    kernel_bind: (given, place) => {
      const address = argument(given, "addr", "a1") as Address;
      requireLocal({ name: "kernel_bind", place }, address);
      return bind(ctx, net, argument(given, "sock", "a0") as Socket, swapped(address.sin_port ?? 0));
    },
    // Up to 4.16 the length is stored, from then on returned; the client asks for neither.
    kernel_getsockname: (given) => {
      const { sk } = argument(given, "sock", "a0") as Socket;
      const address = argument(given, "addr", "a1") as Members;
      for (const name of ["sa_family", "ss_family", "sin_family"]) setMember(address, name, AF_INET);
      setMember(address, "sin_port", swapped(sk?.tp.localPort ?? 0));
      return 0;
    },
    kernel_connect: (given, place) => {
      const socket = argument(given, "sock", "a0") as Socket;
      const address = argument(given, "addr", "a1") as Address;
      requireServer({ name: "kernel_connect", place }, address, Number(argument(given, "flags", "a3")));
      if (address.sa_family === AF_UNSPEC) return told(machine, "disconnect", disconnect(ctx, net, socket), place);
      return told(machine, "connect", connect(ctx, net, socket), place);
    },
    kernel_sock_shutdown: (given, place) => {
      const socket = argument(given, "sock", "a0") as Socket;
      return told(machine, "shutdown", shutdown(ctx, net, socket, Number(argument(given, "how", "a1"))), place);
    },
  };
}

// include/linux/socket.h, include/uapi/linux/tcp.h, include/uapi/asm-generic/socket.h
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;
const SOL_TCP = 6;
const TCP_SYNCNT = 7;
const TCP_USER_TIMEOUT = 18;

/** Options of sockets, those that TCP here depends on: how long it tries. */
function options({ net }: Surroundings): Readonly<Record<string, Played>> {
  const userTimeout = (sk: Sock, milliseconds: number): number => {
    setUserTimeout(net, sk, milliseconds);
    return 0;
  };
  return {
    tcp_sock_set_user_timeout: (given) =>
      userTimeout(argument(given, "sk", "a0") as Sock, Number(argument(given, "val", "a1"))),
    tcp_sock_set_syncnt: (given) =>
      setSynCount(argument(given, "sk", "a0") as Sock, Number(argument(given, "val", "a1"))),
    kernel_setsockopt: (given) => {
      const { sk } = argument(given, "sock", "a0") as Socket;
      const level = Number(argument(given, "level", "a1"));
      const name = Number(argument(given, "optname", "a2"));
      if (sk === null) return 0;
      const value = Number((argument(given, "optval", "a3") as Pointer<number>).value);
      if (level === SOL_SOCKET && name === SO_REUSEPORT) sk.sk_reuseport = value;
      if (level !== SOL_TCP) return 0;
      if (name === TCP_SYNCNT) return setSynCount(sk, value);
      return name === TCP_USER_TIMEOUT ? userTimeout(sk, value) : 0;
    },
    sock_set_reuseport: (given) => {
      (argument(given, "sk", "a0") as Sock).sk_reuseport = 1;
    },
    sock_net: () => {
      const made = new Net();
      made.ipv4.sysctl_tcp_syn_retries = net.options.synRetries;
      return made;
    },
  };
}

/** Sending and receiving whole records. */
function records(around: Surroundings): Readonly<Record<string, Played>> {
  const { machine, net } = around;
  const ctx = tcpContext(machine);
  /** Sends the rest of what the owner of the write lock has; the bytes taken, or an error. */
  const send = (socket: Socket | null, bytes: number): number => {
    if (socket === null) return -88;
    const xprt = socket.sk?.sk_user_data as Members | null;
    const request = objectIn(objectIn(xprt, "snd_task"), "tk_rqstp");
    const record = request === null ? null : { xid: Number(request["rq_xid"]), replyBytes: REPLY_BYTES };
    return sendmsg(ctx, net, socket, bytes, record);
  };
  return {
    kernel_sendmsg: (given, place) => {
      requireDontWait({ name: "kernel_sendmsg", place }, flagsOf(given));
      const bytes = Number(argument(given, "size", "len", "a4"));
      return told(machine, "send", send(argument(given, "sock", "a0") as Socket, bytes), place);
    },
    xs_sendpages: (given, place) => {
      const xdr = given["xdr"] as { readonly len: number };
      // 4.20 to 5.7 hand the record's marker over apart from the rest.
      const marker = Number(given["rm"] ?? 0) === 0 ? 0 : MARKER_BYTES;
      const sent = send(given["sock"] as Socket | null, xdr.len + marker - Number(given["base"]));
      machine.tell("tcp", `send = ${sent} (${place})`);
      if (given["sent_p"] === undefined) return afterCall(machine, sent);
      if (sent > 0) add(given["sent_p"], sent);
      return afterCall(machine, sent < 0 ? sent : 0);
    },
    xprt_sock_sendmsg: (given, place) => {
      requireDontWait({ name: "xprt_sock_sendmsg", place }, flagsOf(given));
      const xdr = given["xdr"] as { readonly len: number };
      const marker = Number(given["marker"]) === 0 ? 0 : MARKER_BYTES;
      const sent = send(given["sock"] as Socket | null, xdr.len + marker - Number(given["base"]));
      machine.tell("tcp", `send = ${sent} (${place})`);
      if (sent > 0) add(given["sent_p"], sent);
      return afterCall(machine, sent < 0 ? sent : 0);
    },
    tcp_read_sock: (given) => {
      const sk = argument(given, "sk", "a0") as Sock;
      return afterCall(machine, completeRecords(around, sk));
    },
    xs_read_stream: (given, place) => {
      requireDontWait({ name: "xs_read_stream", place }, Number(argument(given, "flags", "a1")));
      const transport = given["transport"] as Members;
      return afterCall(machine, readStream(around, transport));
    },
    xs_poll_socket_readable: (given) => {
      const sk = (given["transport"] as Members)["inet"] as Sock | null;
      return (sk?.tp.receiveQueue.length ?? 0) > 0;
    },
  };
}

function add(pointer: unknown, count: number): void {
  const cell = pointer as Pointer<number>;
  cell.value = cell.value + count;
}

/** Hands every reply that is there to its request; the bytes read. */
function completeRecords(around: Surroundings, sk: Sock): number {
  let total = 0;
  for (;;) {
    const [head] = sk.tp.receiveQueue;
    if (head === undefined) return total;
    const { xid, bytes } = head;
    total += readSock(sk, bytes);
    completeRequest(around, sk.sk_user_data as Members, xid, bytes);
  }
}

/** xprt_lookup_rqst() and xprt_complete_rqst(), as the C that reads records calls them. */
function completeRequest({ machine, model }: Surroundings, xprt: Members, xid: number, bytes: number): void {
  machine.atomically("xprt_complete_rqst", () => {
    const request = runToEnd(model?.functions["xprt_lookup_rqst"]?.(xprt, xid)) as Members | null;
    if (request !== null && request !== undefined) {
      setMember(request, "rq_private_buf", request["rq_private_buf"]);
      runToEnd(model?.functions["xprt_complete_rqst"]?.(request["rq_task"], bytes));
    }
    machine.tell("reply", `xid ${xid}${request === null ? ", which nobody waits for" : ""}`);
  });
}

/**
 * kernel_recvmsg(): the header of a reply, as C has laid it out where it is to go: the transaction and the length.
 *
 * @returns its bytes; 0 at the end of the stream, or an error
 */
export function receiveHeader(socket: unknown, vector: { iov_base: unknown }, bytes: number, flags: number): number {
  requireDontWait({ name: "kernel_recvmsg", place: "" }, flags);
  const { sk } = socket as Socket;
  const [head] = sk?.tp.receiveQueue ?? [];
  if (sk === null || head === undefined) return recvmsg(socket as Socket, bytes);
  const { xid, bytes: length } = head;
  const target = vector.iov_base as Members;
  setMember(target, "xid", xid);
  setMember(target, "len", length);
  readSock(sk, length);
  return bytes;
}

/** xs_read_stream(): a record's bytes; -ESHUTDOWN at the end of the stream, the connection's error. */
function readStream(around: Surroundings, transport: Members): number {
  const socket = transport["sock"] as Socket | null;
  const sk = transport["inet"] as Sock | null;
  if (socket === null || sk === null) return -EAGAIN;
  const [head] = sk.tp.receiveQueue;
  if (head === undefined) {
    const result = recvmsg(socket, 4);
    return result === 0 ? -ESHUTDOWN : result;
  }
  const { xid, bytes } = head;
  const read = readSock(sk, bytes);
  completeRequest(around, sk.sk_user_data as Members, xid, bytes);
  return read;
}

/** What a call is made of, and what its arguments and credentials come to. */
function calls(around: Surroundings): Readonly<Record<string, Played>> {
  const { machine } = around;
  const fresh = (name: string): Members | null =>
    around.model === null ? null : makeStruct(machine, around.model, name);
  return {
    rpc_alloc_task: () => fresh("rpc_task"),
    kmem_cache_create: () => ({}),
    mempool_create_slab_pool: () => ({}),
    // The mount has one transport: neither pNFS nor trunking.
    rpc_task_get_first_xprt: (given) => (given["clnt"] as Members)["cl_xprt"],
    rpc_task_get_next_xprt: (given) => (given["clnt"] as Members)["cl_xprt"],
    // The iterator is a member of the client.
    xprt_iter_get_next: (given) => ((argument(given, "xpi", "a0") as Members)["embedder"] as Members)["cl_xprt"],
    rpc_xdr_encode: (given) => encode(given["task"] as Members),
    rpc_verify_header: () => ({}),
    rpc_decode_header: () => 0,
    rpcauth_refreshcred: (given) => {
      const request = objectIn(given["task"] as Members, "tk_rqstp");
      if (request !== null && around.model !== null) setMember(request, "rq_cred", credential(machine, around.model));
      setMember(given["task"] as Members, "tk_status", 0);
      return 0;
    },
    // A number for messages, and up to 2.6.36 a mark that shows a task.
    rpc_task_set_debuginfo: (given) => {
      const magic = around.module.constants["RPC_TASK_MAGIC_ID"];
      if (magic !== undefined) setMember(given["task"] as Members, "tk_magic", magic);
      return 0;
    },
    rpcauth_bindcred: (given) => {
      const message = objectIn(given["task"] as Members, "tk_msg");
      if (message !== null && around.model !== null) setMember(message, "rpc_cred", credential(machine, around.model));
      return 0;
    },
    rpcauth_uptodatecred: () => 1,
    rpcauth_xmit_need_reencode: () => 0,
    rpcb_getport_async: (given) => bound(around, given["task"] as Members),
    // A buffer, whose content nobody looks at; since 4.8 a result, and the request has the buffer.
    rpc_malloc: (given) => (given["size"] === undefined ? 0 : BUFFER),
    net_random: () => 1,
    prandom_u32: () => 1,
    get_random_u32: () => 1,
    xs_get_random_port: () => 700,
    // Names are never changed, so that a copy is as good as the name.
    kstrdup: (given) => argument(given, "s", "a0"),
  };
}

/** AUTH_UNIX: a credential that is never stale. */
export function credential(machine: Machine, model: ModelInstance): Members {
  const auth = makeStruct(machine, model, "rpc_auth", { au_cslack: 10, au_rslack: 2, au_verfsize: 2, au_ralign: 2 });
  return makeStruct(machine, model, "rpc_cred", { cr_auth: auth });
}

/** rpc_xdr_encode(): the request has its bytes. */
function encode(task: Members): void {
  const request = objectIn(task, "tk_rqstp");
  if (request === null) return;
  const buffer = objectIn(request, "rq_snd_buf");
  if (buffer !== null) {
    setMember(buffer, "len", REQUEST_BYTES);
    const [head] = (buffer["head"] ?? []) as readonly Members[];
    if (head !== undefined) setMember(head, "iov_base", BUFFER);
  }
  setMember(request, "rq_slen", REQUEST_BYTES);
  setMember(request, "rq_bytes_sent", 0);
  setMember(task, "tk_status", 0);
}

/** rpcb_getport_async(): the server's portmapper answers at once; the port is the same as ever. */
function bound({ machine, model }: Surroundings, task: Members): void {
  const xprt = objectIn(task, "tk_xprt") ?? objectIn(objectIn(task, "tk_rqstp"), "rq_xprt");
  machine.atomically("xprt_set_bound", () => runToEnd(model?.functions["xprt_set_bound"]?.(xprt)));
  setMember(task, "tk_status", 0);
}
