/**
 * How a sock changes its state, whoever makes it: net/ipv4/tcp.c, tcp_input.c, tcp_minisocks.c, tcp_timer.c. The order
 * of stores and callbacks is the kernel's, since callbacks look at sk_state, sk_err and sk_shutdown.
 */
import {
  ECONNREFUSED,
  ECONNRESET,
  EPIPE,
  ETIMEDOUT,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
  SOCK_BINDPORT_LOCK,
  SOCK_DONE,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LAST_ACK,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
} from "./tcp-constants.ts";
import { removeFrom, sendAck, sendReset, startTimeWait, type TcpNetwork } from "./tcp-network.ts";
import { clearTimer, forgetRetries, tcp_send_fin } from "./tcp-output.ts";
import { isDead, isIn, type Sock, sock_reset_flag, sock_set_flag, type TcpContext } from "./tcp-socket.ts";

/** tcp_set_state(): a sock that closes is found by no packet, and gives back a port that nobody bound it to. */
export function tcp_set_state(sk: Sock, state: number): void {
  if (state === TCP_CLOSE) {
    sk.tp.connection = 0;
    if ((sk.sk_userlocks & SOCK_BINDPORT_LOCK) === 0) sk.tp.localPort = 0;
  }
  sk.sk_state = state;
}

/** inet_csk_destroy_sock(). */
export function destroy(net: TcpNetwork, sk: Sock): void {
  sk.tp.localPort = 0;
  removeFrom(net.socks, sk);
}

/** tcp_write_queue_purge(). */
export function purge(sk: Sock): void {
  sk.tp.unacknowledged.length = 0;
  sk.sk_wmem_queued = 0;
}

/** tcp_done(): closed both ways, and state_change says so; an orphan goes. */
export function tcp_done(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  tcp_set_state(sk, TCP_CLOSE);
  clearTimer(sk);
  sk.sk_shutdown = SHUTDOWN_MASK;
  if (isDead(sk)) destroy(net, sk);
  else ctx.call(sk.sk_state_change, sk);
}

/**
 * Ends a sock with an error, in the order of the kernel's version: tcp_reset(), tcp_write_err(), tcp_done_with_error().
 */
function endWithError(ctx: TcpContext, net: TcpNetwork, sk: Sock, error: number, reportsLast: boolean): void {
  sk.sk_err = error;
  if (reportsLast) {
    purge(sk);
    tcp_done(ctx, net, sk);
    if (!isDead(sk)) ctx.call(sk.sk_error_report, sk);
  } else {
    if (!isDead(sk)) ctx.call(sk.sk_error_report, sk);
    tcp_done(ctx, net, sk);
  }
}

/** tcp_reset(): the peer refused, or reset. What was received can still be read. */
export function tcp_reset(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  if (isIn(sk, TCP_CLOSE)) return;
  const error = isIn(sk, TCP_SYN_SENT) ? ECONNREFUSED : isIn(sk, TCP_CLOSE_WAIT) ? EPIPE : ECONNRESET;
  endWithError(ctx, net, sk, error, net.options.resetReportsLast);
}

/** tcp_write_err(): retransmissions gave up. A route that failed is told in the place of ETIMEDOUT. */
export function tcp_write_err(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  endWithError(ctx, net, sk, sk.sk_err_soft || ETIMEDOUT, net.options.timeoutReportsLast);
}

/** tcp_time_wait(): a struct of its own waits; the sock itself is done, so state_change sees TCP_CLOSE. */
export function tcp_time_wait(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  startTimeWait(ctx, net, sk.tp.localPort);
  tcp_done(ctx, net, sk);
}

/** tcp_fin(), and the sk_data_ready() at the end of tcp_data_queue(), through which a FIN goes like data. */
export function tcp_fin(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  sk.sk_shutdown |= RCV_SHUTDOWN;
  sock_set_flag(sk, SOCK_DONE);
  const { connection } = sk.tp;
  switch (sk.sk_state) {
    case TCP_ESTABLISHED:
      tcp_set_state(sk, TCP_CLOSE_WAIT);
      break;
    case TCP_FIN_WAIT1:
      tcp_set_state(sk, TCP_CLOSING);
      break;
    case TCP_FIN_WAIT2:
      tcp_time_wait(ctx, net, sk);
      break;
    default:
      break;
  }
  if (!isDead(sk)) {
    ctx.call(sk.sk_state_change, sk);
    dataReady(ctx, net, sk);
  }
  sendAck(ctx, net, connection);
}

export function dataReady(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  if (net.options.dataReadyHasBytes) ctx.call(sk.sk_data_ready, sk, 0);
  else ctx.call(sk.sk_data_ready, sk);
}

/**
 * tcp_rcv_state_process(), when an ACK covers all that was sent, FIN with it.
 * @returns whether the segment is done with, so that nothing else in it counts.
 */
export function finAcknowledged(ctx: TcpContext, net: TcpNetwork, sk: Sock): boolean {
  switch (sk.sk_state) {
    case TCP_FIN_WAIT1:
      tcp_set_state(sk, TCP_FIN_WAIT2);
      sk.sk_shutdown |= SEND_SHUTDOWN;
      if (!isDead(sk)) ctx.call(sk.sk_state_change, sk);
      return false;
    case TCP_CLOSING:
      tcp_time_wait(ctx, net, sk);
      return true;
    case TCP_LAST_ACK:
      tcp_done(ctx, net, sk);
      return true;
    default:
      return false;
  }
}

/** tcp_need_reset(). */
function needsReset(state: number): boolean {
  return [TCP_ESTABLISHED, TCP_CLOSE_WAIT, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_SYN_RECV].includes(state);
}

/**
 * tcp_disconnect(): whatever the state was, sk_shutdown is 0 afterwards and error_report is called, once, at the very
 * end; even on a sock that was closed. sk_err is ECONNRESET if there was a connection or an attempt at one, otherwise
 * as it was.
 */
export function tcp_disconnect(ctx: TcpContext, net: TcpNetwork, sk: Sock): number {
  const { tp } = sk;
  const { connection } = tp;
  const before = sk.sk_state;
  const unsent = tp.unacknowledged.some(({ sent }) => !sent);
  if (before !== TCP_CLOSE) tcp_set_state(sk, TCP_CLOSE);
  if (needsReset(before) || (unsent && (before === TCP_CLOSING || before === TCP_LAST_ACK))) {
    sendReset(net, connection);
    sk.sk_err = ECONNRESET;
  } else if (before === TCP_SYN_SENT) {
    sk.sk_err = ECONNRESET;
  }
  clearTimer(sk);
  tp.receiveQueue.length = 0;
  purge(sk);
  sk.sk_shutdown = 0;
  sock_reset_flag(sk, SOCK_DONE);
  forgetRetries(sk);
  ctx.call(sk.sk_error_report, sk);
  return 0;
}

/** tcp_close_state() with its table new_state[]: the state after this side closes. Whether FIN is to be sent. */
export function closeState(sk: Sock): boolean {
  switch (sk.sk_state) {
    case TCP_ESTABLISHED:
    case TCP_SYN_RECV:
      tcp_set_state(sk, TCP_FIN_WAIT1);
      return true;
    case TCP_CLOSE_WAIT:
      tcp_set_state(sk, TCP_LAST_ACK);
      return true;
    case TCP_SYN_SENT:
      tcp_set_state(sk, TCP_CLOSE);
      return false;
    default:
      return false;
  }
}

/** tcp_shutdown(). */
export function tcp_shutdown(ctx: TcpContext, net: TcpNetwork, sk: Sock, how: number): void {
  if ((how & SEND_SHUTDOWN) === 0 || !isIn(sk, TCP_ESTABLISHED, TCP_SYN_SENT, TCP_CLOSE_WAIT)) return;
  if (closeState(sk)) tcp_send_fin(ctx, net, sk);
}
