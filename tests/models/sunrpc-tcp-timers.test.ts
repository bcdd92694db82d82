import { describe, expect, test } from "vitest";
import {
  connect,
  disconnect,
  release,
  sendmsg,
  setSynCount,
  setUserTimeout,
  shutdown,
} from "../../kernel-models/sunrpc-reconnect/tcp.ts";
import * as c from "../../kernel-models/sunrpc-reconnect/tcp-constants.ts";
import { serverRestarts, serverStops } from "../../kernel-models/sunrpc-reconnect/tcp-network.ts";
import { NEWEST_TCP, type TcpOptions, tcpOptionsOf } from "../../kernel-models/sunrpc-reconnect/tcp-options.ts";
import { modelTimeout, nextTick } from "../../kernel-models/sunrpc-reconnect/tcp-timer.ts";
import { Bench, look } from "./sunrpc-tcp-bench.ts";

const REQUEST = { xid: 7, replyBytes: 40 };

/** The tick at which something is logged next. */
function tickOfNews(b: Bench): number {
  for (let next = nextTick(b.net); next !== null && b.log.length === 0; next = nextTick(b.net)) b.runUntil(next);
  return b.tick;
}

describe("connecting to a silent host", () => {
  const kernels: readonly (readonly [string, Partial<TcpOptions>, number])[] = [
    [
      "2.6.32",
      { synTimeoutSeconds: 3, synRetries: 5, synLinearTimeouts: 0, synCounts: false, synBaseIsInit: false },
      21,
    ],
    ["2.6.39", { synTimeoutSeconds: 3, synRetries: 5, synLinearTimeouts: 0, synCounts: false }, 189],
    ["3.4", { synRetries: 5, synLinearTimeouts: 0, synCounts: false }, 63],
    ["3.10", { synLinearTimeouts: 0, synCounts: false }, 127],
    ["4.19", { synLinearTimeouts: 0, synBaseIsInit: false }, 31],
    ["6.1", { synLinearTimeouts: 0 }, 127],
    ["6.12", {}, 131],
  ];

  test.each(kernels)("%s gives up", (_name, options, seconds) => {
    const b = new Bench(options);
    b.net.clientToServer = "drop";
    connect(b, b.net, b.socket);
    expect(tickOfNews(b)).toBe(seconds * 1000);
    expect(b.news()).toEqual(["state_change CLOSE err=110 shut=3", "error_report CLOSE err=110 shut=3"]);
    expect(connect(b, b.net, b.socket)).toBe(-c.ETIMEDOUT);
  });

  test("the next SYN arrives when the way is open again", () => {
    const b = new Bench({ synLinearTimeouts: 0 });
    b.net.clientToServer = "drop";
    connect(b, b.net, b.socket);
    b.runUntil(2000);
    b.net.clientToServer = "open";
    expect(tickOfNews(b)).toBe(3001);
    expect(b.news()).toEqual(["state_change ESTABLISHED err=0 shut=0"]);
  });

  test("TCP_SYNCNT shortens it", () => {
    const b = new Bench({ synLinearTimeouts: 0 });
    expect([setSynCount(b.sk, 0), setSynCount(b.sk, 2)]).toEqual([-c.EINVAL, 0]);
    b.net.clientToServer = "drop";
    connect(b, b.net, b.socket);
    expect(tickOfNews(b)).toBe(7000);
  });
});

describe("a connection whose segments are lost", () => {
  test("the model of tcp_retries2 is 924.6 s", () => {
    const b = new Bench();
    expect([modelTimeout(b.net, 15, 200), modelTimeout(b.net, 6, 1000), modelTimeout(b.net, 5, 3000)]).toEqual([
      924_600, 127_000, 189_000,
    ]);
  });

  test("gives up at the first retransmission after that, with ETIMEDOUT", () => {
    const b = new Bench().connected();
    b.net.clientToServer = "drop";
    const start = b.tick;
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    const passed = tickOfNews(b) - start;
    expect(passed).toBeGreaterThanOrEqual(924_600);
    expect(passed).toBeLessThan(924_600 + 121_000);
    expect(b.news()).toEqual(["state_change CLOSE err=110 shut=3", "error_report CLOSE err=110 shut=3"]);
  });

  test("reports before it is closed in kernels before 6.10", () => {
    const b = new Bench({ timeoutReportsLast: false }).connected();
    b.net.clientToServer = "drop";
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    tickOfNews(b);
    expect(b.news()).toEqual(["error_report ESTABLISHED err=110 shut=0", "state_change CLOSE err=110 shut=3"]);
  });

  test("gives up after TCP_USER_TIMEOUT", () => {
    const b = new Bench().connected();
    setUserTimeout(b.net, b.sk, 30_000);
    b.net.clientToServer = "drop";
    const start = b.tick;
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    // Counted from the first retransmission, which is 201 ms behind.
    expect(tickOfNews(b) - start).toBe(30_201);
  });

  test("is answered in order once the way is open, at the next retransmission", () => {
    const b = new Bench().connected();
    b.net.clientToServer = "drop";
    const start = b.tick;
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    b.run(1000);
    b.net.clientToServer = "open";
    sendmsg(b, b.net, b.socket, 100, { xid: 8, replyBytes: 40 });
    // 201 + 402 + 804: the second request waits behind the gap.
    expect(tickOfNews(b) - start).toBe(1408);
    b.run(1);
    expect(b.sk.tp.receiveQueue.map(({ xid }) => xid)).toEqual([7, 8]);
    expect(b.sk.tp.timer).toBe("none");
  });

  test("an orphan gives its port back after tcp_orphan_retries", () => {
    const b = new Bench().connected();
    b.net.clientToServer = "drop";
    release(b, b.net, b.socket);
    b.run(99_000);
    expect(b.net.socks.length).toBe(1);
    b.run(60_000);
    expect([b.net.socks, b.news()]).toEqual([[], []]);
  });
});

describe("a connection whose route became a blackhole", () => {
  test("keeps what it cannot send and tries the route again, up to 16 times since 5.4", () => {
    const b = new Bench().connected();
    b.net.clientToServer = "blackhole";
    const start = b.tick;
    expect(sendmsg(b, b.net, b.socket, 100, REQUEST)).toBe(100);
    expect([b.sk.tp.timer, b.sk.tp.unacknowledged.map(({ sent }) => sent)]).toEqual(["probe", [false]]);
    const passed = tickOfNews(b) - start;
    expect(passed).toBeGreaterThan(924_600);
    expect(passed).toBeLessThan(926_000);
    expect(b.news()).toEqual(["state_change CLOSE err=110 shut=3", "error_report CLOSE err=110 shut=3"]);
  });

  test("gives up with the route's error if the segment had gone out before", () => {
    const b = new Bench().connected();
    b.net.clientToServer = "drop";
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    b.net.clientToServer = "blackhole";
    tickOfNews(b);
    expect(b.news()[0]).toBe("state_change CLOSE err=22 shut=3");
  });

  test("the history of the report: FIN, then the route comes back and RST follows what was left", () => {
    const b = new Bench({ resetReportsLast: false, synLinearTimeouts: 0 }).connected();
    b.net.clientToServer = "blackhole";
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    serverRestarts(b, b.net);
    b.run(10_000);
    expect(b.news()).toEqual(["state_change CLOSE_WAIT err=0 shut=1", "data_ready CLOSE_WAIT err=0 shut=1"]);
    b.net.clientToServer = "open";
    b.run(20_000);
    expect(b.news()).toEqual(["error_report CLOSE_WAIT err=32 shut=1", "state_change CLOSE err=32 shut=3"]);
    disconnect(b, b.net, b.socket);
    expect(b.news()).toEqual(["error_report CLOSE err=32 shut=0"]);
    // A task that finds EPIPE shuts down what is being connected anew: the connection comes to be, and cannot send.
    expect(sendmsg(b, b.net, b.socket, 100, REQUEST)).toBe(-c.EPIPE);
    expect(shutdown(b, b.net, b.socket, c.SHUT_RDWR)).toBe(-c.ENOTCONN);
    expect(connect(b, b.net, b.socket)).toBe(-c.EINPROGRESS);
    b.run(10);
    expect(look(b.sk)).toBe("ESTABLISHED err=0 shut=3");
    expect(sendmsg(b, b.net, b.socket, 100, REQUEST)).toBe(-c.EPIPE);
  });

  test("a server that vanished answers with RST, which is ECONNRESET without FIN", () => {
    const b = new Bench().connected();
    b.net.clientToServer = "blackhole";
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    serverStops(b, b.net, "silent");
    b.net.clientToServer = "open";
    b.run(300);
    expect(b.news()).toEqual(["state_change CLOSE err=104 shut=3", "error_report CLOSE err=104 shut=3"]);
  });
});

describe("options from sources", () => {
  const nothing = { input: null, timer: null, ipv4: null, route: null, header: null };

  test("what a tree lacks is as in the newest kernel", () => {
    expect(tcpOptionsOf(nothing)).toEqual(NEWEST_TCP);
  });

  test("the order in tcp_reset() and the callback's arguments", () => {
    const input = `static void tcp_reset(struct sock *sk)
{
	sk->sk_error_report(sk);
	tcp_done(sk);
}
static void f(struct sock *sk)
{
	sk->sk_data_ready(sk, 0);
}
`;
    expect(tcpOptionsOf({ ...nothing, input })).toMatchObject({
      resetReportsLast: false,
      dataReadyHasBytes: true,
      synRepeatsAfterBadAck: false,
    });
  });

  test("what decides when to give up", () => {
    const timer = `static void tcp_write_err(struct sock *sk)
{
	tcp_done_with_error(sk, ETIMEDOUT);
}
static bool retransmits_timed_out(struct sock *sk, unsigned int boundary)
{
	const unsigned int rto_base = TCP_RTO_MIN;
}
`;
    const header = "#define TCP_SYN_RETRIES	 5\n#define TCP_TIMEOUT_INIT ((unsigned)(3*HZ))\n";
    expect(tcpOptionsOf({ ...nothing, timer, header, ipv4: "", route: "rth = ERR_PTR(-ENETUNREACH);" })).toMatchObject({
      timeoutReportsLast: true,
      synBaseIsInit: false,
      synCounts: false,
      synRetries: 5,
      synTimeoutSeconds: 3,
      synLinearTimeouts: 0,
      blackholeErrno: c.ENETUNREACH,
    });
  });
});
