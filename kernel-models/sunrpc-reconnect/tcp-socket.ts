/**
 * struct socket, struct sock and what of struct tcp_sock decides how TCP behaves: plain fields only, so that a state
 * can be walked, hashed and restored. Members that the C of sunrpc reads or writes have C's names.
 */
import { SOCK_DEAD, SS_UNCONNECTED, TCP_CLOSE } from "./tcp-constants.ts";
import type { TcpOptions } from "./tcp-options.ts";

/** A callback of a sock. The model's own may be any function that the surroundings can run. */
export type SockCallback = (sk: Sock, bytes?: number) => unknown;

/** What the surroundings do for TCP. It is handed to each operation and no part of the state. */
export interface TcpContext {
  /** The tick now. */
  readonly tick: number;
  /** Runs a callback of a sock to its end, in the context of the operation that calls it. */
  call(fn: SockCallback, ...args: [sk: Sock, bytes?: number]): void;
}

// The callbacks that sock_init_data() of net/core/sock.c sets. They wake who sleeps on the socket: nobody here.
export function sock_def_wakeup(_sk: Sock): void {}
export function sock_def_readable(_sk: Sock): void {}
/** tcp_init_sock() of net/ipv4/tcp.c sets it in the place of sock_def_write_space(). */
export function sk_stream_write_space(_sk: Sock): void {}
export function sock_def_error_report(_sk: Sock): void {}

/** A request that ends in a segment. */
export interface SentRecord {
  readonly xid: number;
  /** What the server answers with. */
  readonly replyBytes: number;
}

export type SegmentKind = "syn" | "data" | "fin";

/** A piece of the client's stream that the server has not acknowledged. */
export class Segment {
  /** Whether it went out at least once; what did not waits at the send head. */
  sent = false;
  /** Whether the server has it, and an ACK is under way. */
  delivered = false;

  constructor(
    readonly kind: SegmentKind,
    readonly bytes: number,
    readonly record: SentRecord | null,
  ) {}
}

/** Part of a reply, as it lies in the receive queue. */
export class Received {
  bytesTaken = 0;

  constructor(
    readonly xid: number,
    readonly bytes: number,
  ) {}
}

/** What the transmit timer is for: ICSK_TIME_RETRANS, ICSK_TIME_PROBE0 of include/net/inet_connection_sock.h. */
export type TimerKind = "none" | "retransmit" | "probe";

/** struct tcp_sock, inet_connection_sock and inet_sock. */
export class TcpSock {
  /** Written by the C of sunrpc up to 5.7. */
  nonagle = 0;
  linger2 = 0;
  /** Names the connection in packets; 0 is none. */
  connection = 0;
  /** inet_num; 0 is none. */
  localPort = 0;
  /** Sent or to be sent, not acknowledged, in order. */
  readonly unacknowledged: Segment[] = [];
  readonly receiveQueue: Received[] = [];
  timer: TimerKind = "none";
  timerTick = 0;
  rtoTicks = 0;
  /** icsk_retransmits. */
  retransmits = 0;
  /** icsk_probes_out. */
  probes = 0;
  /** retrans_stamp, or icsk_probes_tstamp: when trying began. */
  startTick = 0;
  started = false;
  /** icsk_syn_retries (TCP_SYNCNT); 0 means the default. */
  synRetries = 0;
  /** icsk_user_timeout (TCP_USER_TIMEOUT) in ticks; 0 is none. */
  userTimeoutTicks = 0;
}

/** struct socket_wq as far as C looks into it (since 2.6.35). */
export class SocketWq {
  flags = 0;
}

/** struct sock. */
export class Sock {
  sk_state = TCP_CLOSE;
  /** Positive. */
  sk_err = 0;
  /** Positive; what a timeout reports if it is not 0. */
  sk_err_soft = 0;
  sk_shutdown = 0;
  sk_user_data: unknown = null;
  sk_state_change: SockCallback = sock_def_wakeup;
  sk_data_ready: SockCallback = sock_def_readable;
  sk_write_space: SockCallback = sk_stream_write_space;
  sk_error_report: SockCallback = sock_def_error_report;
  sk_socket: Socket | null;
  sk_wq: SocketWq | null = new SocketWq();
  sk_flags = 0;
  sk_allocation = 0;
  sk_userlocks = 0;
  sk_reuse = 0;
  sk_reuseport = 0;
  sk_lingertime = 0;
  sk_sndbuf: number;
  sk_rcvbuf = 131_072;
  sk_wmem_queued = 0;
  sk_write_pending = 0;
  sk_use_task_frag = true;
  sk_net_refcnt = 0;
  /** sock_owned_by_user(): nobody does while other code runs, for all operations are one step. */
  sk_owned_by_user = false;
  readonly tp = new TcpSock();

  constructor(socket: Socket, options: TcpOptions) {
    this.sk_socket = socket;
    // tcp_wmem[2] of tcp_init() in net/ipv4/tcp.c at its usual 4 MiB, if all fits anyway.
    this.sk_sndbuf = options.sendBufferBytes === 0 ? 4_194_304 : options.sendBufferBytes;
  }
}

/**
 * struct proto_ops. The C of sunrpc looks at sendpage (up to 6.4) and poll (TLS, since 6.5); the surroundings play
 * them.
 */
export class ProtoOps {
  sendpage: unknown = null;
  poll: unknown = null;
}

/** struct socket. */
export class Socket {
  state = SS_UNCONNECTED;
  flags = 0;
  /** NULL once the socket was released. */
  ops: ProtoOps | null = null;
  file: unknown = null;
  sk: Sock | null;

  constructor(options: TcpOptions) {
    this.sk = new Sock(this, options);
  }
}

/** sock_flag(), sock_set_flag(), sock_reset_flag() of include/net/sock.h. */
export function sock_flag(sk: Sock, flag: number): boolean {
  return (sk.sk_flags & (1 << flag)) !== 0;
}

export function sock_set_flag(sk: Sock, flag: number): void {
  sk.sk_flags |= 1 << flag;
}

export function sock_reset_flag(sk: Sock, flag: number): void {
  sk.sk_flags &= ~(1 << flag);
}

/** sock_error() of include/net/sock.h: the pending error as a negative number, once. */
export function sock_error(sk: Sock): number {
  const error = sk.sk_err;
  sk.sk_err = 0;
  return error === 0 ? 0 : -error;
}

/** `(1 << sk->sk_state) & ...` with the TCPF_ values of include/net/tcp_states.h. */
export function isIn(sk: Sock, ...states: readonly number[]): boolean {
  return states.includes(sk.sk_state);
}

export function isDead(sk: Sock): boolean {
  return sock_flag(sk, SOCK_DEAD);
}

/** tcp_inq(): bytes that can be received. */
export function tcp_inq(sk: Sock): number {
  return sk.tp.receiveQueue.reduce((sum, part) => sum + part.bytes - part.bytesTaken, 0);
}
