/**
 * A connected stream socket as the kernel's own code reads it: tcp_recvmsg_locked() in net/ipv4/tcp.c, sk_wait_data()
 * in net/core/sock.c. It counts bytes; what they mean is the environment's business, which may attach a payload to
 * each chunk.
 */
import { maxScheduleTimeout } from "./clock.ts";
import { SimulationFault } from "./fault.ts";
import { Fifo } from "./fifo.ts";
import { eq64, type Int64 } from "./integers.ts";
import type { Simulation } from "./simulation.ts";
import {
  armTimeout,
  type Coroutine,
  currentTask,
  disarmTimeout,
  ERESTARTSYS,
  signal_pending,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
} from "./tasks.ts";
import { add_wait_queue, DECLARE_WAITQUEUE, remove_wait_queue, WaitQueueHead, wake_up_interruptible } from "./wait.ts";

// include/uapi/asm-generic/errno.h
export const EINTR = 4;
export const EAGAIN = 11;
export const EPIPE = 32;
export const ECONNRESET = 104;
export const ENOTCONN = 107;
// include/linux/socket.h
export const MSG_DONTWAIT = 0x40;
export const MSG_WAITALL = 0x100;
// enum sock_shutdown_cmd of include/linux/net.h
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

const RCV_SHUTDOWN = 1;
const SEND_SHUTDOWN = 2;

// include/net/tcp_states.h, include/uapi/linux/in.h
export const TCP_ESTABLISHED = 1;
export const IPPROTO_TCP = 6;
// socket_state of include/uapi/linux/net.h
const SS_CONNECTED = 3;
// tcp_rmem[1] and tcp_wmem[1] as tcp_init() in net/ipv4/tcp.c sets them; nothing depends on them.
const DEFAULT_RCVBUF = 131_072;
const DEFAULT_SNDBUF = 16_384;

interface Chunk {
  bytesLeft: number;
  /** Bytes that were received already: where in the payload the next one is. */
  bytesTaken: number;
  readonly payload: unknown;
}

/** Where received bytes go. */
export interface ReceiveTarget {
  /** Stores `count` bytes: those of `source` from `from` on, zeros when there is no source or where it ends. */
  put(source: Uint8Array | null, from: number, count: number): void;
}

/** What the peer does with what is sent; may return how many bytes were taken, or a negative error. */
export type SendHandler = ((bytes: number, payload: unknown) => void) | ((bytes: number, payload: unknown) => number);

/** struct netns_ipv4 of include/net/netns/ipv4.h: settings that code other than TCP looks at. */
export class NetnsIpv4 {
  sysctl_tcp_syn_retries = 0;
}

/** struct net of include/net/net_namespace.h. */
export class Net {
  readonly ipv4 = new NetnsIpv4();
}

/** struct proto_ops, as far as C calls through it. */
export class ProtoOps {
  connect: (socket: Socket, address: unknown, bytes: number, flags: number) => number = () => 0;
}

/** struct socket and struct sock in one: `sk` is the same object. Members that only C code sets have no effect. */
export class Socket {
  /** Jiffies (long) that a receive waits; MAX_SCHEDULE_TIMEOUT for ever. */
  sk_rcvtimeo: Int64;
  /** Jiffies (long) that a send waits; sends do not block here. */
  sk_sndtimeo: Int64;
  sk_rcvbuf = DEFAULT_RCVBUF;
  sk_sndbuf = DEFAULT_SNDBUF;
  sk_allocation = 0;
  sk_reuse = 0;
  sk_use_task_frag = true;
  sk_net_refcnt = 0;
  sk_user_data: unknown = null;
  state = SS_CONNECTED;
  flags: Int64 = 0;
  ops = new ProtoOps();
  /** A positive error number that the next call reports. */
  sk_err = 0;
  sk_shutdown = 0;
  /** Called when data came; sock_def_readable() wakes who waits. */
  sk_data_ready: (socket: Socket) => void = sock_def_readable;
  /** Called when the connection changed; sock_def_wakeup(). */
  sk_state_change: (socket: Socket) => void = sock_def_readable;
  /** Called when there is room to send; sock_def_write_space(). */
  sk_write_space: (socket: Socket) => void = sock_def_write_space;
  /** Called when an error is there to be reported; sock_def_error_report(). */
  sk_error_report: (socket: Socket) => void = sock_def_readable;
  /** TCP_* of include/net/tcp_states.h. */
  sk_state = TCP_ESTABLISHED;
  sk_flags: Int64 = 0;
  sk_write_pending = 0;
  sk_userlocks = 0;
  sk_no_check = 0;
  sk_bound_dev_if = 0;
  linger2 = 0;
  nonagle = 0;
  sk_protocol = IPPROTO_TCP;
  onSend: SendHandler | null = null;
  readonly wait: WaitQueueHead;
  readonly chunks = new Fifo<Chunk>();
  /** Bytes that have come and were not received yet. */
  bytesQueued = 0;
  /** Bytes that were received, ever: the place in the stream. */
  bytesReceived = 0;
  /** The payload of the chunk that the last received byte came from. */
  lastPayload: unknown = null;
  private partial: Chunk | null = null;

  constructor(
    readonly kernel: Simulation,
    readonly name = "socket",
  ) {
    this.wait = new WaitQueueHead(kernel);
    this.sk_rcvtimeo = maxScheduleTimeout(kernel.clock.longBits);
    this.sk_sndtimeo = this.sk_rcvtimeo;
  }

  /** `sock->sk`. */
  get sk(): this {
    return this;
  }

  /** `sk->sk_wq`: its flags were the socket's own before there was one, and are again. */
  get sk_wq(): this {
    return this;
  }

  /** `sk->sk_socket`. */
  get sk_socket(): this {
    return this;
  }

  /** Takes up to `wanted` bytes out of what is queued; they go to `target` if there is one. */
  take(wanted: number, target: ReceiveTarget | null = null): number {
    const taken = Math.min(wanted, this.bytesQueued);
    let left = taken;
    while (left > 0) {
      this.partial ??= this.chunks.shift() ?? null;
      if (this.partial === null) break;
      const piece = Math.min(left, this.partial.bytesLeft);
      const { payload, bytesTaken } = this.partial;
      target?.put(payload instanceof Uint8Array ? payload : null, bytesTaken, piece);
      this.partial.bytesTaken += piece;
      this.partial.bytesLeft -= piece;
      this.lastPayload = payload;
      left -= piece;
      if (this.partial.bytesLeft === 0) this.partial = null;
    }
    this.bytesQueued -= taken;
    this.bytesReceived += taken;
    return taken;
  }
}

/** tcp_sk(). */
export function tcp_sk(sk: Socket): Socket {
  return sk;
}

/** Wakes those that wait in a receive. */
export function sock_def_readable(socket: Socket): void {
  wake_up_interruptible(socket.wait);
}

/** Sends do not block here. */
export function sock_def_write_space(_socket: Socket): void {}

/** Bytes arrive now. */
export function arrive(socket: Socket, bytes: number, payload: unknown = null): void {
  if (bytes <= 0) throw new SimulationFault("bad-configuration", `a chunk of ${bytes} bytes arrives`);
  socket.chunks.push({ bytesLeft: bytes, bytesTaken: 0, payload });
  socket.bytesQueued += bytes;
  const { trace, clock } = socket.kernel;
  trace?.({ tick: clock.tick, kind: "socket-arrive", socket: socket.name, bytes });
  socket.sk_data_ready(socket);
}

/** Bytes will arrive at a tick; chunks for one tick arrive in the order of these calls. */
export function arriveAt(socket: Socket, tick: number, bytes: number, payload: unknown = null): void {
  socket.kernel.at(tick, () => arrive(socket, bytes, payload));
}

/** The peer closes its side (FIN): what is queued can be received, then 0. */
export function closeByPeer(socket: Socket): void {
  end(socket, RCV_SHUTDOWN, 0);
}

/** The connection fails (RST: ECONNRESET): the next call reports it, later ones see a closed connection. */
export function failConnection(socket: Socket, error: number): void {
  end(socket, RCV_SHUTDOWN | SEND_SHUTDOWN, error);
}

/** kernel_sock_shutdown(). */
export function kernel_sock_shutdown(socket: Socket, how: number): number {
  // inet_shutdown(): "how++" makes 0, 1, 2 the bits RCV_SHUTDOWN, SEND_SHUTDOWN, both.
  end(socket, how + 1, 0);
  return 0;
}

function end(socket: Socket, shutdown: number, error: number): void {
  socket.sk_shutdown |= shutdown;
  if (error !== 0) socket.sk_err = error;
  const { trace, clock } = socket.kernel;
  trace?.({ tick: clock.tick, kind: "socket-close", socket: socket.name, error });
  socket.sk_state_change(socket);
}

/** sock_error(): the pending error as a negative number, once. */
function takeError(socket: Socket): number {
  const error = socket.sk_err;
  socket.sk_err = 0;
  return -error;
}

/** Why a receive that has nothing must not wait: its result; null when it may. */
function emptyResult(socket: Socket, timeo: Int64): number | null {
  if (socket.sk_err !== 0) return takeError(socket);
  if ((socket.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
  if (eq64(timeo, 0)) return -EAGAIN;
  if (!signal_pending(currentTask(socket.kernel))) return null;
  // sock_intr_errno()
  return timeo === maxScheduleTimeout(socket.kernel.clock.longBits) ? -ERESTARTSYS : -EINTR;
}

/** Whether a receive that has something gives up waiting for more. */
function mustStop(socket: Socket, timeo: Int64): boolean {
  return (
    eq64(timeo, 0) ||
    socket.sk_err !== 0 ||
    (socket.sk_shutdown & RCV_SHUTDOWN) !== 0 ||
    signal_pending(currentTask(socket.kernel))
  );
}

/**
 * Receives up to `bytes` bytes: as soon as there is one, or with MSG_WAITALL when all are there.
 * @param target where they go; only counted when null.
 * @returns how many; 0 when the connection is closed; -EAGAIN when nothing came within sk_rcvtimeo (which holds for
 * the whole call) or with MSG_DONTWAIT; -EINTR or -ERESTARTSYS on a signal; otherwise the connection's error.
 */
export function* sock_recvmsg(
  socket: Socket,
  bytes: number,
  flags = 0,
  target: ReceiveTarget | null = null,
): Coroutine<number> {
  const { trace, clock } = socket.kernel;
  if ((flags & ~(MSG_DONTWAIT | MSG_WAITALL)) !== 0) {
    throw new SimulationFault("unsupported", `receive flags 0x${flags.toString(16)}`);
  }
  // sock_rcvlowat() with the usual SO_RCVLOWAT of 1.
  const lowWater = (flags & MSG_WAITALL) !== 0 ? bytes : Math.min(bytes, 1);
  const entry = DECLARE_WAITQUEUE(socket.kernel);
  const { task } = entry;
  let timeo: Int64 = (flags & MSG_DONTWAIT) !== 0 ? 0 : socket.sk_rcvtimeo;
  let result = 0;
  while (bytes > 0) {
    result += socket.take(bytes - result, target);
    if (result >= lowWater) break;
    if (result > 0) {
      if (mustStop(socket, timeo)) break;
    } else {
      const empty = emptyResult(socket, timeo);
      if (empty !== null) {
        result = empty;
        break;
      }
    }
    // sk_wait_data(): until data comes or something else happens.
    add_wait_queue(socket.wait, entry);
    task.state = TASK_INTERRUPTIBLE;
    const expires = armTimeout(task, timeo);
    yield;
    timeo = disarmTimeout(task, timeo, expires);
    task.state = TASK_RUNNING;
    remove_wait_queue(socket.wait, entry);
  }
  trace?.({ tick: clock.tick, kind: "socket-receive", socket: socket.name, result });
  return result;
}

/** kernel_recvmsg(): the same for what is modelled. */
export const kernel_recvmsg = sock_recvmsg;

/** Sends without blocking: bytes sent, the connection's error, or -EPIPE after a shutdown. */
export function sock_sendmsg(socket: Socket, bytes: number, payload: unknown = null): number {
  const result = sendResult(socket, bytes, payload);
  const { trace, clock } = socket.kernel;
  trace?.({ tick: clock.tick, kind: "socket-send", socket: socket.name, result });
  return result;
}

export const kernel_sendmsg = sock_sendmsg;

function sendResult(socket: Socket, bytes: number, payload: unknown): number {
  if (socket.sk_err !== 0) return takeError(socket);
  if ((socket.sk_shutdown & SEND_SHUTDOWN) !== 0) return -EPIPE;
  const taken: unknown = socket.onSend?.(bytes, payload);
  return typeof taken === "number" ? taken : bytes;
}
