/**
 * Retransmission and giving up: softirq context, net/ipv4/tcp_timer.c. Keepalive is left out: where the C of sunrpc
 * sets it, a request is under way most of the time, and then it does nothing.
 */
import { SimulationFault } from "../../tools/simulator/fault.ts";
import { ORPHAN_RETRIES, TCP_CLOSE, TCP_RETR2, TCP_SYN_SENT } from "./tcp-constants.ts";
import { blackholeErrno, expire, seconds, type TcpNetwork } from "./tcp-network.ts";
import { clearTimer, forgetRetries, packetsOut, push, rtoMax, rtoMin, setTimer, transmit } from "./tcp-output.ts";
import { isDead, isIn, type Sock, type TcpContext } from "./tcp-socket.ts";
import { tcp_write_err } from "./tcp-states.ts";

/** When something happens by itself next: a packet that is due, or a timer; null for never. */
export function nextTick(net: TcpNetwork): number | null {
  const ticks = [
    ...net.packets.map(({ dueTick }) => dueTick),
    ...net.socks.filter(({ tp }) => tp.timer !== "none").map(({ tp }) => tp.timerTick),
  ];
  return ticks.length === 0 ? null : Math.min(...ticks);
}

/** Socks whose timer is due. */
export function dueTimers(net: TcpNetwork, tick: number): Sock[] {
  return net.socks.filter(({ tp }) => tp.timer !== "none" && tp.timerTick <= tick);
}

/** tcp_write_timer_handler(). */
export function fireTimer(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  expire(ctx, net);
  const { timer, timerTick } = sk.tp;
  if (timer === "none" || timerTick > ctx.tick) throw new SimulationFault("bad-configuration", "this timer is not due");
  clearTimer(sk);
  if (isIn(sk, TCP_CLOSE)) return;
  if (timer === "probe") probeTimer(ctx, net, sk);
  else retransmitTimer(ctx, net, sk);
}

/**
 * The time that `retries` retransmissions take if the first comes after `base` and the time between them doubles up to
 * TCP_RTO_MAX: tcp_model_timeout(); before 5.1 a part of retransmits_timed_out(). 15 with TCP_RTO_MIN are 924.6 s.
 */
export function modelTimeout(net: TcpNetwork, retries: number, base: number): number {
  const max = rtoMax(net);
  const linear = Math.floor(Math.log2(Math.floor(max / base)));
  if (retries <= linear) return (2 ** (retries + 1) - 1) * base;
  return (2 ** (linear + 1) - 1) * base + (retries - linear) * max;
}

/** retransmits_timed_out(). */
function timedOut(ctx: TcpContext, net: TcpNetwork, sk: Sock, retries: number, base: number, user: number): boolean {
  const { retransmits, startTick } = sk.tp;
  return retransmits > 0 && ctx.tick - startTick >= (user === 0 ? modelTimeout(net, retries, base) : user);
}

/** tcp_write_timeout(): whether it is time to give up. */
function expired(ctx: TcpContext, net: TcpNetwork, sk: Sock): boolean {
  const { tp } = sk;
  const { synRetries, synLinearTimeouts, synCounts, synBaseIsInit, synTimeoutSeconds } = net.options;
  if (isIn(sk, TCP_SYN_SENT)) {
    const retries = tp.synRetries || synRetries;
    if (synCounts && tp.retransmits >= retries + synLinearTimeouts) return true;
    const base = synBaseIsInit ? seconds(net, synTimeoutSeconds) : rtoMin(net);
    // Kernels that do not count SYNs do not apply TCP_USER_TIMEOUT to them either (syn_set).
    return timedOut(ctx, net, sk, retries, base, synCounts ? tp.userTimeoutTicks : 0);
  }
  // tcp_orphan_retries(): an orphan that has backed off to the full has no retries left.
  const retries = isDead(sk) ? (tp.rtoTicks < rtoMax(net) ? ORPHAN_RETRIES : 0) : TCP_RETR2;
  return timedOut(ctx, net, sk, retries, rtoMin(net), tp.userTimeoutTicks);
}

/** What is left of TCP_USER_TIMEOUT, if that is shorter: tcp_clamp_rto_to_user_timeout() and its like for probes. */
function clamped(ctx: TcpContext, net: TcpNetwork, sk: Sock, ticks: number): number {
  const { userTimeoutTicks, startTick } = sk.tp;
  if (userTimeoutTicks === 0 || !net.options.clampsToUserTimeout) return ticks;
  return Math.min(ticks, Math.max(1, startTick + userTimeoutTicks - ctx.tick));
}

/** tcp_retransmit_timer(). */
function retransmitTimer(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  const { tp } = sk;
  const [head] = tp.unacknowledged;
  if (head === undefined || !packetsOut(sk)) return;
  if (expired(ctx, net, sk)) {
    tcp_write_err(ctx, net, sk);
    return;
  }
  if (!tp.started) {
    tp.started = true;
    tp.startTick = ctx.tick;
  }
  tp.retransmits++;
  const doubles = !isIn(sk, TCP_SYN_SENT) || tp.retransmits > net.options.synLinearTimeouts;
  if (doubles) tp.rtoTicks = Math.min(2 * tp.rtoTicks, rtoMax(net));
  if (net.clientToServer === "blackhole") {
    // __tcp_retransmit_skb() asks inet_sk_rebuild_header() for a route, which leaves what it was told in sk_err_soft.
    sk.sk_err_soft = blackholeErrno(net);
  } else {
    repeat(ctx, net, sk);
  }
  if (packetsOut(sk)) setTimer(ctx, sk, "retransmit", clamped(ctx, net, sk, tp.rtoTicks));
}

/**
 * All that was lost goes out again. In truth that is the first segment, and the others as ACKs come in, a few round
 * trips later.
 */
function repeat(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  for (const segment of [...sk.tp.unacknowledged]) {
    if (segment.sent) transmit(ctx, net, sk, segment);
    // RST is the answer to each of them; one is enough.
    if (net.packets.some(({ kind, connection }) => kind === "rst" && connection === sk.tp.connection)) return;
  }
  push(ctx, net, sk);
}

/** tcp_probe_timer(), tcp_send_probe0(): nothing is out, so it is the send head that tries the route. */
function probeTimer(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  const { tp } = sk;
  if (!tp.started) {
    tp.started = true;
    tp.startTick = ctx.tick;
  }
  const user = tp.userTimeoutTicks;
  const limit = isDead(sk) ? ORPHAN_RETRIES : TCP_RETR2;
  const spent = net.options.probeLimitIsExclusive ? tp.probes >= limit : tp.probes > limit;
  if (spent || (user !== 0 && ctx.tick - tp.startTick >= user)) {
    tcp_write_err(ctx, net, sk);
    return;
  }
  if (net.clientToServer !== "blackhole") {
    // icsk_rto itself was not backed off: only icsk_backoff, which starts anew.
    forgetRetries(sk);
    push(ctx, net, sk);
    return;
  }
  tp.probes++;
  const backoff = Math.min(tp.probes, TCP_RETR2);
  setTimer(ctx, sk, "probe", clamped(ctx, net, sk, Math.min(tp.rtoTicks * 2 ** backoff, rtoMax(net))));
}
