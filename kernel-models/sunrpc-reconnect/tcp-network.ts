/**
 * The network between the client and one server, and the server.
 *
 * What the client sends is judged when it is sent: it reaches the server at once, or never. The answer comes one round
 * trip later, as a packet that somebody outside delivers. So the flight to the server takes no step of its own; a
 * server that stops while a request is under way is one that stopped before.
 */
import { SimulationFault } from "../../tools/simulator/fault.ts";
import { TIMEWAIT_SECONDS } from "./tcp-constants.ts";
import type { TcpOptions } from "./tcp-options.ts";
import type { Segment, Sock, TcpContext } from "./tcp-socket.ts";

/** Why a history cannot go on over a blackhole route. */
export const UNKNOWN_BLACKHOLE =
  "what connect() says of a blackhole route is not known: neither net/ipv4/route.c nor a version in Makefile tells";

/**
 * open: segments arrive. blackhole: a route of that type (`ip route add blackhole`), so connect() fails and segments
 * never leave the socket's queue. drop: segments leave and are lost on the way.
 */
export type Path = "open" | "blackhole" | "drop";

/** challenge: an ACK for another connection than the client's. ack: of data or of the client's FIN. */
export type PacketKind = "synack" | "ack" | "data" | "fin" | "rst" | "challenge";

/** A segment under way to the client. */
export class Packet {
  /** Of a reply. */
  bytes = 0;
  xid = 0;
  /** What it acknowledges, of the client's. */
  readonly acknowledged: Segment[] = [];

  constructor(
    readonly kind: PacketKind,
    readonly connection: number,
    readonly dueTick: number,
  ) {}
}

/** A connection as the server knows it. */
export class ServerConnection {
  /** The handshake is over and the service has it. */
  accepted = false;
  /** The service closed it: FIN was sent, and what still comes is answered with RST. */
  closing = false;
  /** The client closed it first, and the service after that: nothing but the client's ACK is missing. */
  lastAck = false;
  /** When the server forgets a closing connection. */
  forgetTick = 0;

  constructor(
    readonly connection: number,
    readonly clientPort: number,
  ) {}
}

/** struct inet_timewait_sock: keeps the client's end of a connection from being used again. */
export class TimeWait {
  constructor(
    readonly localPort: number,
    readonly untilTick: number,
  ) {}
}

/** All of TCP's state. */
export class TcpNetwork {
  clientToServer: Path = "open";
  /** The server's port: whether somebody listens. */
  listening = true;
  readonly connections: ServerConnection[] = [];
  readonly packets: Packet[] = [];
  /** Socks that are not destroyed: those of sockets, and orphans that still speak. */
  readonly socks: Sock[] = [];
  readonly timeWaits: TimeWait[] = [];

  constructor(readonly options: TcpOptions) {}
}

export function seconds(net: TcpNetwork, count: number): number {
  return count * net.options.ticksPerSecond;
}

/**
 * What a client learns of a blackhole route, positive.
 *
 * @throws SimulationFault where the kernel does not say
 */
export function blackholeErrno({ options }: TcpNetwork): number {
  if (options.blackholeErrno !== null) return options.blackholeErrno;
  throw new SimulationFault("unsupported", UNKNOWN_BLACKHOLE);
}

/** Takes an element out of an array. */
export function removeFrom<T>(array: T[], element: T): void {
  const index = array.indexOf(element);
  if (index >= 0) array.splice(index, 1);
}

/** Drops what time has ended. Every operation does it first, so that it takes no event. */
export function expire(ctx: TcpContext, net: TcpNetwork): void {
  for (const wait of net.timeWaits.filter(({ untilTick }) => untilTick <= ctx.tick)) removeFrom(net.timeWaits, wait);
  for (const known of net.connections.filter(({ closing, forgetTick }) => closing && forgetTick <= ctx.tick)) {
    removeFrom(net.connections, known);
  }
}

/** A number that names no connection that is still known anywhere; small, so that states recur. */
export function freeConnection(net: TcpNetwork): number {
  const taken = (number: number) =>
    net.socks.some(({ tp }) => tp.connection === number) ||
    net.connections.some(({ connection }) => connection === number) ||
    net.packets.some(({ connection }) => connection === number);
  let number = 1;
  while (taken(number)) number++;
  return number;
}

/** Sends to the client. */
export function answer(ctx: TcpContext, net: TcpNetwork, kind: PacketKind, connection: number): Packet {
  const packet = new Packet(kind, connection, ctx.tick + net.options.rttTicks);
  net.packets.push(packet);
  return packet;
}

function knownBy(net: TcpNetwork, connection: number): ServerConnection | null {
  return net.connections.find((known) => known.connection === connection) ?? null;
}

/** SYN at the server. */
function synReachesServer(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  const { connection, localPort } = sk.tp;
  if (knownBy(net, connection) !== null) return;
  // The server still has a connection of the same two ends: it acknowledges what it has of that one
  // (tcp_send_challenge_ack() of net/ipv4/tcp_input.c), the client answers with RST, and only its next SYN is welcome.
  const old = net.connections.find(({ clientPort }) => clientPort === localPort);
  if (old !== undefined) {
    answer(ctx, net, "challenge", old.connection);
  } else if (net.listening) {
    net.connections.push(new ServerConnection(connection, localPort));
    answer(ctx, net, "synack", connection);
  } else {
    answer(ctx, net, "rst", connection);
  }
}

/** FIN or data that the server takes: whether it is acknowledged without a packet. */
function serverTakes(ctx: TcpContext, net: TcpNetwork, sk: Sock, segment: Segment, known: ServerConnection): boolean {
  segment.delivered = true;
  if (segment.kind === "fin") {
    const packet = answer(ctx, net, known.closing ? "ack" : "fin", sk.tp.connection);
    packet.acknowledged.push(...sk.tp.unacknowledged.filter(({ delivered }) => delivered));
    if (known.closing) {
      // Both sides have closed. The server's TIME_WAIT takes a new SYN (tcp_timewait_state_process()), so it counts for
      // nothing.
      removeFrom(net.connections, known);
    } else {
      // The service closes, too: FIN comes with the ACK.
      known.closing = true;
      known.lastAck = true;
      known.forgetTick = ctx.tick + seconds(net, TIMEWAIT_SECONDS);
    }
    return false;
  }
  if (net.options.sendBufferBytes !== 0) answer(ctx, net, "ack", sk.tp.connection).acknowledged.push(segment);
  if (segment.record !== null) {
    const reply = answer(ctx, net, "data", sk.tp.connection);
    reply.xid = segment.record.xid;
    reply.bytes = segment.record.replyBytes;
  }
  return net.options.sendBufferBytes === 0;
}

/**
 * A segment of a client comes to the server, over an open path.
 * @returns whether it is acknowledged without a packet.
 */
export function reachServer(ctx: TcpContext, net: TcpNetwork, sk: Sock, segment: Segment): boolean {
  if (segment.kind === "syn") {
    synReachesServer(ctx, net, sk);
    return false;
  }
  const { connection, unacknowledged } = sk.tp;
  const known = knownBy(net, connection);
  if (known === null || (known.closing && segment.kind === "data")) {
    // No such connection (tcp_v4_rcv()), or data after the service closed it (tcp_rcv_state_process(), FIN_WAIT1 and
    // 2).
    if (known !== null) removeFrom(net.connections, known);
    answer(ctx, net, "rst", connection);
    return false;
  }
  known.accepted = true;
  if (segment.delivered) return false;
  // What comes behind a gap waits there until the gap is filled; that the server reports the gap is left out, so it is
  // the client's timer that fills it.
  const gap = unacknowledged.findIndex(({ delivered }) => !delivered);
  if (unacknowledged[gap] !== segment) return false;
  return serverTakes(ctx, net, sk, segment, known);
}

/** A pure ACK of the client: nothing, or RST when the server does not know the connection. */
export function sendAck(ctx: TcpContext, net: TcpNetwork, connection: number): void {
  if (net.clientToServer !== "open") return;
  const known = knownBy(net, connection);
  if (known === null) answer(ctx, net, "rst", connection);
  else if (known.lastAck) removeFrom(net.connections, known);
  else known.accepted = true;
}

/** RST of the client: the server forgets the connection if it hears of it. */
export function sendReset(net: TcpNetwork, connection: number): void {
  if (net.clientToServer !== "open") return;
  const known = knownBy(net, connection);
  if (known !== null) removeFrom(net.connections, known);
}

/** How a server's connections end: the service closes them, resets them, or all is lost in silence. */
export type ServerEnd = "fin" | "rst" | "silent";

/**
 * The service stops: nobody listens, and connections end.
 * @param repliesLost whether requests whose replies are under way stay unanswered.
 */
export function serverStops(ctx: TcpContext, net: TcpNetwork, how: ServerEnd, repliesLost = false): void {
  expire(ctx, net);
  net.listening = false;
  if (repliesLost)
    for (const packet of net.packets.filter(({ kind }) => kind === "data")) removeFrom(net.packets, packet);
  for (const known of [...net.connections]) {
    if (known.closing) continue;
    // inet_csk_listen_stop(): connections that nobody accepted are reset; the client's next segment will show it.
    if (known.accepted && how !== "silent") answer(ctx, net, how, known.connection);
    if (known.accepted && how === "fin") {
      known.closing = true;
      known.forgetTick = ctx.tick + seconds(net, net.options.serverFinSeconds);
    } else {
      removeFrom(net.connections, known);
    }
  }
  expire(ctx, net);
}

/** The service starts: somebody listens. */
export function serverStarts(net: TcpNetwork): void {
  net.listening = true;
}

/** `/etc/init.d/nfs restart` in one step. */
export function serverRestarts(ctx: TcpContext, net: TcpNetwork, how: ServerEnd = "fin", repliesLost = false): void {
  serverStops(ctx, net, how, repliesLost);
  serverStarts(net);
}

/** Enters TIME_WAIT for a sock's two ends: tcp_time_wait() of net/ipv4/tcp_minisocks.c, without tcp_done(). */
export function startTimeWait(ctx: TcpContext, net: TcpNetwork, localPort: number): void {
  net.timeWaits.push(new TimeWait(localPort, ctx.tick + seconds(net, TIMEWAIT_SECONDS)));
}
