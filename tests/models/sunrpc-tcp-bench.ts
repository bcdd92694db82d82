/** One socket on one network, with callbacks that write down what they saw. */

import { connect, createSocket } from "../../kernel-models/sunrpc-reconnect/tcp.ts";
import * as c from "../../kernel-models/sunrpc-reconnect/tcp-constants.ts";
import { deliver, deliverable } from "../../kernel-models/sunrpc-reconnect/tcp-input.ts";
import { TcpNetwork } from "../../kernel-models/sunrpc-reconnect/tcp-network.ts";
import { NEWEST_TCP, type TcpOptions } from "../../kernel-models/sunrpc-reconnect/tcp-options.ts";
import type { Sock, SockCallback, Socket, TcpContext } from "../../kernel-models/sunrpc-reconnect/tcp-socket.ts";
import { dueTimers, fireTimer, nextTick } from "../../kernel-models/sunrpc-reconnect/tcp-timer.ts";

const NAMES: Readonly<Record<number, string>> = {
  [c.TCP_ESTABLISHED]: "ESTABLISHED",
  [c.TCP_SYN_SENT]: "SYN_SENT",
  [c.TCP_FIN_WAIT1]: "FIN_WAIT1",
  [c.TCP_FIN_WAIT2]: "FIN_WAIT2",
  [c.TCP_CLOSE]: "CLOSE",
  [c.TCP_CLOSE_WAIT]: "CLOSE_WAIT",
  [c.TCP_LAST_ACK]: "LAST_ACK",
  [c.TCP_CLOSING]: "CLOSING",
};

/** State, error and shutdown of a sock in a word. */
export function look(sk: Sock): string {
  return `${NAMES[sk.sk_state]} err=${sk.sk_err} shut=${sk.sk_shutdown}`;
}

export class Bench implements TcpContext {
  tick = 0;
  readonly log: string[] = [];
  readonly net: TcpNetwork;
  readonly socket: Socket;
  readonly sk: Sock;

  constructor(options: Partial<TcpOptions> = {}) {
    this.net = new TcpNetwork({ ...NEWEST_TCP, ...options });
    this.socket = createSocket(this.net);
    this.sk = this.watch(this.socket);
  }

  /** Sets callbacks that write to the log. */
  watch(socket: Socket): Sock {
    const { sk } = socket;
    if (sk === null) throw new Error("no sock");
    const told =
      (name: string): SockCallback =>
      (seen) =>
        this.log.push(`${name} ${look(seen)}`);
    sk.sk_state_change = told("state_change");
    sk.sk_error_report = told("error_report");
    sk.sk_write_space = told("write_space");
    sk.sk_data_ready = (seen, bytes) =>
      this.log.push(`data_ready${bytes === undefined ? "" : `(${bytes})`} ${look(seen)}`);
    return sk;
  }

  call(fn: SockCallback, ...args: [sk: Sock, bytes?: number]): void {
    fn(...args);
  }

  /** What was logged since the last look. */
  news(): string[] {
    return this.log.splice(0);
  }

  /** Lets all come that comes until a tick: packets first, in their order. */
  runUntil(end: number): void {
    for (let next = nextTick(this.net); next !== null && next <= end; next = nextTick(this.net)) {
      this.tick = Math.max(this.tick, next);
      const index = this.net.packets.findIndex((_, at) => deliverable(this.net, at, this.tick));
      if (index >= 0) deliver(this, this.net, index);
      else for (const sk of dueTimers(this.net, this.tick).slice(0, 1)) fireTimer(this, this.net, sk);
    }
    this.tick = end;
  }

  run(ticks: number): void {
    this.runUntil(this.tick + ticks);
  }

  /** Connects, and forgets what was logged. */
  connected(): this {
    connect(this, this.net, this.socket);
    this.run(10);
    this.log.length = 0;
    return this;
  }
}
