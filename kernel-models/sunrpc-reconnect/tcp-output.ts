/**
 * What a sock sends: net/ipv4/tcp_output.c.
 */
import { RTO_MAX_SECONDS, RTO_MINS_PER_SECOND, TCP_CLOSE } from "./tcp-constants.ts";
import { reachServer, seconds, type TcpNetwork } from "./tcp-network.ts";
import { isIn, Segment, type Sock, type TcpContext, type TimerKind } from "./tcp-socket.ts";

export function rtoMax(net: TcpNetwork): number {
  return seconds(net, RTO_MAX_SECONDS);
}

/** TCP_RTO_MIN. */
export function rtoMin(net: TcpNetwork): number {
  return net.options.ticksPerSecond / RTO_MINS_PER_SECOND;
}

/**
 * The RTO of a connection whose round trips all take the same time: tcp_rtt_estimator() keeps the deviation at
 * TCP_RTO_MIN at least, and __tcp_set_rto() adds it to the round trip.
 */
export function measuredRto(net: TcpNetwork): number {
  return net.options.rttTicks + rtoMin(net);
}

export function setTimer(ctx: TcpContext, sk: Sock, kind: TimerKind, ticks: number): void {
  sk.tp.timer = kind;
  sk.tp.timerTick = ctx.tick + ticks;
}

export function clearTimer(sk: Sock): void {
  sk.tp.timer = "none";
  sk.tp.timerTick = 0;
}

/** tcp_clear_retrans(), and what tcp_ack() resets when something new was acknowledged. */
export function forgetRetries(sk: Sock): void {
  const { tp } = sk;
  tp.retransmits = 0;
  tp.probes = 0;
  tp.started = false;
  tp.startTick = 0;
}

export function packetsOut(sk: Sock): boolean {
  return sk.tp.unacknowledged.some(({ sent }) => sent);
}

/** Takes acknowledged segments out of the queue. */
export function acknowledge(net: TcpNetwork, sk: Sock, segments: readonly Segment[]): boolean {
  const { tp } = sk;
  const kept = tp.unacknowledged.filter((segment) => !segments.includes(segment));
  if (kept.length === tp.unacknowledged.length) return false;
  for (const segment of segments) if (tp.unacknowledged.includes(segment)) sk.sk_wmem_queued -= segment.bytes;
  tp.unacknowledged.splice(0, tp.unacknowledged.length, ...kept);
  // tcp_ack(): a route that failed meanwhile is forgotten, and the RTO is as measured.
  sk.sk_err_soft = 0;
  tp.rtoTicks = measuredRto(net);
  forgetRetries(sk);
  return true;
}

/**
 * tcp_transmit_skb(): false when there is no route. A sock that was routed before finds out at its next segment, since
 * changes of the table make cached routes invalid (rt_is_expired() in ipv4_dst_check(), net/ipv4/route.c);
 * ip_queue_xmit() then says -EHOSTUNREACH, which nobody reports.
 */
export function transmit(ctx: TcpContext, net: TcpNetwork, sk: Sock, segment: Segment): boolean {
  if (net.clientToServer === "blackhole") return false;
  segment.sent = true;
  if (net.clientToServer === "open" && reachServer(ctx, net, sk, segment)) acknowledge(net, sk, [segment]);
  return true;
}

/** tcp_rearm_rto(): the timer runs while something is out. */
export function rearm(ctx: TcpContext, sk: Sock): void {
  if (packetsOut(sk)) setTimer(ctx, sk, "retransmit", sk.tp.rtoTicks);
  else clearTimer(sk);
}

/**
 * __tcp_push_pending_frames(): tcp_write_xmit() sends what was not sent until one fails; tcp_check_probe_timer() starts
 * the timer of window probes if nothing is out at all, which is how a sock without a route tries again.
 */
export function push(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  if (isIn(sk, TCP_CLOSE)) return;
  const wasOut = packetsOut(sk);
  for (const segment of sk.tp.unacknowledged.filter(({ sent }) => !sent)) {
    if (!transmit(ctx, net, sk, segment)) break;
  }
  if (packetsOut(sk)) {
    if (!wasOut || sk.tp.timer === "none") rearm(ctx, sk);
  } else if (sk.tp.unacknowledged.length === 0) {
    clearTimer(sk);
  } else if (sk.tp.timer === "none") {
    setTimer(ctx, sk, "probe", sk.tp.rtoTicks);
  }
}

/** tcp_send_fin(). That FIN may ride on data that was not sent yet makes no difference here. */
export function tcp_send_fin(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  sk.tp.unacknowledged.push(new Segment("fin", 0, null));
  push(ctx, net, sk);
}
