/**
 * What comes to the client: softirq context, net/ipv4/tcp_input.c.
 */
import { SimulationFault } from "../../tools/simulator/fault.ts";
import {
  RCV_SHUTDOWN,
  SOCK_NOSPACE,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_SYN_SENT,
  TIMEOUT_MIN_TICKS,
} from "./tcp-constants.ts";
import { expire, type Packet, sendAck, sendReset, type TcpNetwork } from "./tcp-network.ts";
import { acknowledge, measuredRto, push, rearm, setTimer } from "./tcp-output.ts";
import { isDead, isIn, Received, type Sock, type TcpContext } from "./tcp-socket.ts";
import { dataReady, finAcknowledged, tcp_fin, tcp_reset, tcp_set_state, tcp_time_wait } from "./tcp-states.ts";

/** Whether a packet may be delivered: it is due, and it is the first of its connection. */
export function deliverable(net: TcpNetwork, index: number, tick: number): boolean {
  const packet = net.packets[index];
  if (packet === undefined || packet.dueTick > tick) return false;
  return net.packets.findIndex(({ connection }) => connection === packet.connection) === index;
}

/** Delivers a packet of those under way. */
export function deliver(ctx: TcpContext, net: TcpNetwork, index: number): void {
  expire(ctx, net);
  const packet = net.packets[index];
  if (packet === undefined || !deliverable(net, index, ctx.tick)) {
    throw new SimulationFault("bad-configuration", `packet ${index} cannot arrive now`);
  }
  net.packets.splice(index, 1);
  const sk = net.socks.find(({ tp }) => tp.connection === packet.connection);
  if (sk === undefined || isIn(sk, TCP_CLOSE)) strayPacket(ctx, net, packet);
  else if (isIn(sk, TCP_SYN_SENT)) synSent(ctx, net, sk, packet);
  else if (packet.kind === "rst") tcp_reset(ctx, net, sk);
  else synchronised(ctx, net, sk, packet);
}

/**
 * A packet of a connection that no sock has: tcp_v4_rcv() answers with RST (but RST itself). A sock that is connecting
 * from the same port finds its ACK unacceptable, and the same happens.
 */
function strayPacket(ctx: TcpContext, net: TcpNetwork, packet: Packet): void {
  if (packet.kind === "rst") return;
  const known = net.connections.find(({ connection }) => connection === packet.connection);
  if (known === undefined) return;
  sendReset(net, packet.connection);
  const rival = net.socks.find((sk) => isIn(sk, TCP_SYN_SENT) && sk.tp.localPort === known.clientPort);
  if (rival !== undefined && net.options.synRepeatsAfterBadAck && rival.tp.retransmits === 0) {
    setTimer(ctx, rival, "retransmit", TIMEOUT_MIN_TICKS);
  }
}

/** tcp_rcv_synsent_state_process(): sk_shutdown stays as it is, sock->state too. */
function synSent(ctx: TcpContext, net: TcpNetwork, sk: Sock, packet: Packet): void {
  if (packet.kind === "rst") {
    tcp_reset(ctx, net, sk);
  } else if (packet.kind === "synack") {
    acknowledge(net, sk, sk.tp.unacknowledged.slice(0, 1));
    sk.tp.rtoTicks = measuredRto(net);
    rearm(ctx, sk);
    tcp_set_state(sk, TCP_ESTABLISHED);
    const { connection } = sk.tp;
    if (!isDead(sk)) ctx.call(sk.sk_state_change, sk);
    sendAck(ctx, net, connection);
  }
}

/** tcp_rcv_established() and tcp_rcv_state_process() from ESTABLISHED on. */
function synchronised(ctx: TcpContext, net: TcpNetwork, sk: Sock, packet: Packet): void {
  const freed = acknowledge(net, sk, packet.acknowledged);
  if (freed) rearm(ctx, sk);
  if (freed && sk.tp.unacknowledged.length === 0 && finAcknowledged(ctx, net, sk)) return;
  if (isDead(sk) && isIn(sk, TCP_FIN_WAIT2) && packet.kind === "ack") {
    // An orphan needs no sock to wait for FIN (tcp_fin_timeout is as long as TIME_WAIT is).
    tcp_time_wait(ctx, net, sk);
    return;
  }
  if (packet.kind === "fin") tcp_fin(ctx, net, sk);
  else if (packet.kind === "data" && !dataArrives(ctx, net, sk, packet)) return;
  if (isIn(sk, TCP_CLOSE)) return;
  push(ctx, net, sk);
  if (freed) checkSpace(ctx, sk);
}

/**
 * Step 7 of tcp_rcv_state_process(), or tcp_data_queue().
 * @returns false when the data reset the connection, since this side will not read any more (TCPAbortOnData).
 */
function dataArrives(ctx: TcpContext, net: TcpNetwork, sk: Sock, packet: Packet): boolean {
  const { connection, receiveQueue } = sk.tp;
  if (isIn(sk, TCP_FIN_WAIT1, TCP_FIN_WAIT2) && (sk.sk_shutdown & RCV_SHUTDOWN) !== 0) {
    tcp_reset(ctx, net, sk);
    sendReset(net, connection);
    return false;
  }
  if (!isIn(sk, TCP_ESTABLISHED, TCP_FIN_WAIT1, TCP_FIN_WAIT2)) return true;
  receiveQueue.push(new Received(packet.xid, packet.bytes));
  if (!isDead(sk)) dataReady(ctx, net, sk);
  return true;
}

/** tcp_check_space(): whoever found the queue full hears that it is not any more. */
function checkSpace(ctx: TcpContext, sk: Sock): void {
  if (sk.sk_socket === null || (sk.sk_socket.flags & (1 << SOCK_NOSPACE)) === 0) return;
  if (isIn(sk, TCP_ESTABLISHED, TCP_CLOSE_WAIT, TCP_FIN_WAIT1, TCP_FIN_WAIT2)) ctx.call(sk.sk_write_space, sk);
}
