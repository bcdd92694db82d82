import { describe, expect, test } from "vitest";
import {
  bind,
  connect,
  createSocket,
  disconnect,
  recvmsg,
  release,
  sendmsg,
  shutdown,
} from "../../kernel-models/sunrpc-reconnect/tcp.ts";
import * as c from "../../kernel-models/sunrpc-reconnect/tcp-constants.ts";
import { deliver } from "../../kernel-models/sunrpc-reconnect/tcp-input.ts";
import { serverRestarts, serverStops } from "../../kernel-models/sunrpc-reconnect/tcp-network.ts";
import { sock_error, tcp_inq } from "../../kernel-models/sunrpc-reconnect/tcp-socket.ts";
import { Bench, look } from "./sunrpc-tcp-bench.ts";

const CLIENT_PORT = 700;
const REQUEST = { xid: 7, replyBytes: 40 };

describe("connecting", () => {
  test("is in progress, already, and done; only the last makes the socket SS_CONNECTED", () => {
    const b = new Bench();
    expect(connect(b, b.net, b.socket)).toBe(-c.EINPROGRESS);
    expect([look(b.sk), b.socket.state]).toEqual(["SYN_SENT err=0 shut=0", c.SS_CONNECTING]);
    expect(connect(b, b.net, b.socket)).toBe(-c.EALREADY);
    expect(sendmsg(b, b.net, b.socket, 100)).toBe(-c.EAGAIN);
    b.run(1);
    expect(b.news()).toEqual(["state_change ESTABLISHED err=0 shut=0"]);
    expect(b.socket.state).toBe(c.SS_CONNECTING);
    expect(connect(b, b.net, b.socket)).toBe(0);
    expect(b.socket.state).toBe(c.SS_CONNECTED);
    expect(connect(b, b.net, b.socket)).toBe(-c.EISCONN);
  });

  test("to a port that nobody listens on is refused; the next connect() says so, and disconnects", () => {
    const b = new Bench();
    b.net.listening = false;
    connect(b, b.net, b.socket);
    b.run(1);
    expect(b.news()).toEqual(["state_change CLOSE err=111 shut=3", "error_report CLOSE err=111 shut=3"]);
    expect(connect(b, b.net, b.socket)).toBe(-c.ECONNREFUSED);
    expect(b.news()).toEqual(["error_report CLOSE err=0 shut=0"]);
    expect(b.socket.state).toBe(c.SS_UNCONNECTED);
    expect(connect(b, b.net, b.socket)).toBe(-c.EINPROGRESS);
  });

  test("over a blackhole route of which nothing is known stops", () => {
    const b = new Bench({ blackholeErrno: null });
    b.net.clientToServer = "blackhole";
    expect(() => connect(b, b.net, b.socket)).toThrow(/what connect\(\) says of a blackhole route is not known/);
  });

  test.each([c.EINVAL, c.ENETUNREACH])(
    "over a blackhole route fails at once with %i and no callback",
    (blackholeErrno) => {
      const b = new Bench({ blackholeErrno });
      b.net.clientToServer = "blackhole";
      b.sk.sk_err = 5;
      expect(connect(b, b.net, b.socket)).toBe(-blackholeErrno);
      expect([look(b.sk), b.socket.state, b.news()]).toEqual(["CLOSE err=5 shut=0", c.SS_UNCONNECTED, []]);
    },
  );

  test("again from the port of a connection that the server still has takes RST and another SYN", () => {
    const b = new Bench();
    bind(b, b.net, b.socket, CLIENT_PORT);
    b.connected();
    b.net.clientToServer = "blackhole";
    disconnect(b, b.net, b.socket);
    b.net.clientToServer = "open";
    connect(b, b.net, b.socket);
    b.run(1);
    expect([look(b.sk), b.net.connections.length]).toEqual(["SYN_SENT err=0 shut=0", 0]);
    b.run(3);
    expect(look(b.sk)).toBe("ESTABLISHED err=0 shut=0");
  });

  test("a port can be bound once, and twice with SO_REUSEPORT", () => {
    const b = new Bench();
    expect(bind(b, b.net, b.socket, CLIENT_PORT)).toBe(0);
    expect(bind(b, b.net, b.socket, CLIENT_PORT)).toBe(-c.EINVAL);
    const other = createSocket(b.net);
    const sk = b.watch(other);
    expect(bind(b, b.net, other, CLIENT_PORT)).toBe(-c.EADDRINUSE);
    sk.sk_reuseport = 1;
    b.sk.sk_reuseport = 1;
    expect(bind(b, b.net, other, CLIENT_PORT)).toBe(0);
    b.connected();
    expect(connect(b, b.net, other)).toBe(-c.EADDRNOTAVAIL);
  });
});

describe("disconnecting (AF_UNSPEC)", () => {
  test("an ESTABLISHED sock reports one error, at the end, and leaves ECONNRESET for the next call", () => {
    const b = new Bench().connected();
    expect(disconnect(b, b.net, b.socket)).toBe(0);
    expect(b.news()).toEqual(["error_report CLOSE err=104 shut=0"]);
    expect([b.socket.state, b.net.connections.length]).toEqual([c.SS_UNCONNECTED, 0]);
    expect(sendmsg(b, b.net, b.socket, 100)).toBe(-c.ECONNRESET);
    expect(sendmsg(b, b.net, b.socket, 100)).toBe(-c.EPIPE);
  });

  test("a closed sock reports an error, too, although there is none, and opens what shutdown() closed", () => {
    const b = new Bench();
    shutdown(b, b.net, b.socket, c.SHUT_RDWR);
    b.news();
    disconnect(b, b.net, b.socket);
    expect(b.news()).toEqual(["error_report CLOSE err=0 shut=0"]);
  });

  test("a sock that waits for the answer to SYN reports ECONNRESET; the answer comes to nobody", () => {
    const b = new Bench();
    connect(b, b.net, b.socket);
    disconnect(b, b.net, b.socket);
    expect(b.news()).toEqual(["error_report CLOSE err=104 shut=0"]);
    b.run(10);
    expect([b.news(), b.net.connections.length]).toEqual([[], 0]);
  });

  test("LAST_ACK leaves no error", () => {
    const b = new Bench().connected();
    serverRestarts(b, b.net);
    b.run(1);
    shutdown(b, b.net, b.socket, c.SHUT_RDWR);
    b.news();
    disconnect(b, b.net, b.socket);
    expect(b.news()).toEqual(["error_report CLOSE err=0 shut=0"]);
  });
});

describe("shutting down", () => {
  test("a closed sock is -ENOTCONN, and yet it is shut and says so; a connection made then cannot send", () => {
    const b = new Bench();
    expect(shutdown(b, b.net, b.socket, c.SHUT_RDWR)).toBe(-c.ENOTCONN);
    expect(b.news()).toEqual(["state_change CLOSE err=0 shut=3"]);
    expect(b.socket.state).toBe(c.SS_UNCONNECTED);
    expect(connect(b, b.net, b.socket)).toBe(-c.EINPROGRESS);
    b.run(1);
    expect(b.news()).toEqual(["state_change ESTABLISHED err=0 shut=3"]);
    expect(sendmsg(b, b.net, b.socket, 100)).toBe(-c.EPIPE);
    expect(sendmsg(b, b.net, b.socket, 100)).toBe(-c.EPIPE);
    expect(shutdown(b, b.net, b.socket, c.SHUT_RDWR)).toBe(0);
    b.run(10);
    expect(b.news()).toEqual([
      "state_change FIN_WAIT1 err=0 shut=3",
      "state_change FIN_WAIT2 err=0 shut=3",
      // tcp_done() for TIME_WAIT, then tcp_fin() itself, then FIN as something to read.
      "state_change CLOSE err=0 shut=3",
      "state_change CLOSE err=0 shut=3",
      "data_ready CLOSE err=0 shut=3",
    ]);
    expect(b.net.connections).toEqual([]);
  });

  test("only for sending still lets replies in, and the server's FIN closes", () => {
    const b = new Bench({ rttTicks: 5 }).connected();
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    shutdown(b, b.net, b.socket, c.SHUT_WR);
    b.run(5);
    expect(b.news()).toEqual([
      "state_change FIN_WAIT1 err=0 shut=2",
      "data_ready FIN_WAIT1 err=0 shut=2",
      "state_change FIN_WAIT2 err=0 shut=2",
      "state_change CLOSE err=0 shut=3",
      "state_change CLOSE err=0 shut=3",
      "data_ready CLOSE err=0 shut=3",
    ]);
    expect([recvmsg(b.socket, 100), recvmsg(b.socket, 100)]).toEqual([40, 0]);
  });

  test("between disconnect and connect goes on for ever, always the same: the report's loop of handshakes", () => {
    const b = new Bench();
    bind(b, b.net, b.socket, CLIENT_PORT);
    b.connected();
    // xs_tcp_reuse_connection(), the task that error_report woke, and xs_tcp_finish_connecting().
    const round = (): unknown[] => {
      disconnect(b, b.net, b.socket);
      const results = [sendmsg(b, b.net, b.socket, 1), shutdown(b, b.net, b.socket, c.SHUT_WR)];
      results.push(connect(b, b.net, b.socket));
      b.run(10);
      results.push(sendmsg(b, b.net, b.socket, 1));
      const { socket, sk, net } = b;
      return [...results, look(sk), socket.state, sk.tp.connection, net.connections, net.packets, net.timeWaits];
    };
    const first = structuredClone(round());
    expect(first.slice(0, 5)).toEqual([
      -c.ECONNRESET,
      -c.ENOTCONN,
      -c.EINPROGRESS,
      -c.EPIPE,
      "ESTABLISHED err=0 shut=2",
    ]);
    expect(round()).toEqual(first);
    expect(round()).toEqual(first);
  });

  test("a sock that is connecting disconnects it", () => {
    const b = new Bench();
    connect(b, b.net, b.socket);
    expect(shutdown(b, b.net, b.socket, c.SHUT_RDWR)).toBe(0);
    expect(b.news()).toEqual(["error_report CLOSE err=104 shut=0", "state_change CLOSE err=104 shut=0"]);
    expect(b.socket.state).toBe(c.SS_UNCONNECTED);
  });

  test("a sock that was refused makes the socket one that cannot connect until it is disconnected", () => {
    const b = new Bench();
    b.net.listening = false;
    connect(b, b.net, b.socket);
    b.run(1);
    expect(shutdown(b, b.net, b.socket, c.SHUT_RDWR)).toBe(-c.ENOTCONN);
    expect(b.socket.state).toBe(c.SS_DISCONNECTING);
    expect(connect(b, b.net, b.socket)).toBe(-c.EINVAL);
    disconnect(b, b.net, b.socket);
    expect(connect(b, b.net, b.socket)).toBe(-c.EINPROGRESS);
  });

  test("after FIN of the server ends in LAST_ACK, and its ACK closes", () => {
    const b = new Bench().connected();
    serverRestarts(b, b.net);
    b.run(1);
    expect(b.news()).toEqual(["state_change CLOSE_WAIT err=0 shut=1", "data_ready CLOSE_WAIT err=0 shut=1"]);
    expect(shutdown(b, b.net, b.socket, c.SHUT_RDWR)).toBe(0);
    expect(b.news()).toEqual(["state_change LAST_ACK err=0 shut=3"]);
    b.run(1);
    expect(b.news()).toEqual(["state_change CLOSE err=0 shut=3"]);
  });

  test("with a reply under way resets the connection when the reply comes", () => {
    const b = new Bench().connected();
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    shutdown(b, b.net, b.socket, c.SHUT_RDWR);
    b.news();
    b.run(1);
    expect(b.news()).toEqual(["state_change CLOSE err=104 shut=3", "error_report CLOSE err=104 shut=3"]);
  });
});

describe("sending and receiving", () => {
  test("a request is answered after a round trip", () => {
    const b = new Bench({ rttTicks: 30 }).connected();
    b.run(30);
    b.news();
    expect(sendmsg(b, b.net, b.socket, 60)).toBe(60);
    expect(sendmsg(b, b.net, b.socket, 40, REQUEST)).toBe(40);
    expect(recvmsg(b.socket, 100)).toBe(-c.EAGAIN);
    b.run(29);
    expect(b.news()).toEqual([]);
    b.run(1);
    expect(b.news()).toEqual(["data_ready ESTABLISHED err=0 shut=0"]);
    expect([tcp_inq(b.sk), b.sk.tp.receiveQueue[0]?.xid]).toEqual([40, 7]);
    expect([recvmsg(b.socket, 30), recvmsg(b.socket, 30), recvmsg(b.socket, 30)]).toEqual([30, 10, -c.EAGAIN]);
  });

  test("a full buffer takes a part, then nothing, and sk_write_space says when there is room", () => {
    const b = new Bench({ sendBufferBytes: 100 }).connected();
    expect(sendmsg(b, b.net, b.socket, 150, REQUEST)).toBe(100);
    expect(sendmsg(b, b.net, b.socket, 50, REQUEST)).toBe(-c.EAGAIN);
    expect([b.sk.sk_wmem_queued, b.socket.flags]).toEqual([100, 1 << c.SOCK_NOSPACE]);
    b.run(1);
    expect(b.news()).toEqual(["write_space ESTABLISHED err=0 shut=0"]);
    expect(sendmsg(b, b.net, b.socket, 50, REQUEST)).toBe(50);
    b.run(1);
    expect(b.news()).toContain("data_ready ESTABLISHED err=0 shut=0");
  });

  test("what was received before RST can be read; then comes the error, then the end", () => {
    const b = new Bench().connected();
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    serverStops(b, b.net, "rst");
    b.run(1);
    expect(b.news()).toEqual([
      "data_ready ESTABLISHED err=0 shut=0",
      "state_change CLOSE err=104 shut=3",
      "error_report CLOSE err=104 shut=3",
    ]);
    expect([recvmsg(b.socket, 40), recvmsg(b.socket, 40), recvmsg(b.socket, 40)]).toEqual([40, -c.ECONNRESET, 0]);
  });

  test("a closed sock that never was connected has nothing to give", () => {
    const b = new Bench();
    expect([recvmsg(b.socket, 40), sendmsg(b, b.net, b.socket, 40)]).toEqual([-c.ENOTCONN, -c.EPIPE]);
  });

  test("sk_data_ready has an argument more in old kernels", () => {
    const b = new Bench({ dataReadyHasBytes: true }).connected();
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    b.run(1);
    expect(b.news()).toEqual(["data_ready(0) ESTABLISHED err=0 shut=0"]);
  });
});

describe("RST", () => {
  test("is told in the order of the kernel's version", () => {
    const b = new Bench({ resetReportsLast: false }).connected();
    serverStops(b, b.net, "rst");
    b.run(1);
    expect(b.news()).toEqual(["error_report ESTABLISHED err=104 shut=0", "state_change CLOSE err=104 shut=3"]);
  });

  test("answers what a client sends that has had FIN, and that is EPIPE", () => {
    const b = new Bench().connected();
    serverRestarts(b, b.net);
    b.run(1);
    b.news();
    expect(sendmsg(b, b.net, b.socket, 100, REQUEST)).toBe(100);
    b.run(1);
    expect(b.news()).toEqual(["state_change CLOSE err=32 shut=3", "error_report CLOSE err=32 shut=3"]);
    expect([sendmsg(b, b.net, b.socket, 1), sock_error(b.sk)]).toEqual([-c.EPIPE, 0]);
  });

  test("answers all when the server forgets at once", () => {
    const b = new Bench({ serverFinSeconds: 0 }).connected();
    serverRestarts(b, b.net);
    b.run(2);
    expect(b.news()).toEqual([
      "state_change CLOSE_WAIT err=0 shut=1",
      "data_ready CLOSE_WAIT err=0 shut=1",
      "state_change CLOSE err=32 shut=3",
      "error_report CLOSE err=32 shut=3",
    ]);
  });
});

describe("releasing", () => {
  test("runs no callback; FIN goes, and the port is in TIME_WAIT", () => {
    const b = new Bench();
    bind(b, b.net, b.socket, CLIENT_PORT);
    b.connected();
    release(b, b.net, b.socket);
    expect([b.socket.sk, look(b.sk), b.net.socks.length]).toEqual([null, "FIN_WAIT1 err=0 shut=3", 1]);
    b.run(5);
    expect([b.news(), b.net.socks, b.net.connections, b.net.packets]).toEqual([[], [], [], []]);
    const next = createSocket(b.net);
    expect(bind(b, b.net, next, CLIENT_PORT)).toBe(-c.EADDRINUSE);
    b.run(60_000);
    expect(bind(b, b.net, next, CLIENT_PORT)).toBe(0);
  });

  test("with something unread resets", () => {
    const b = new Bench().connected();
    sendmsg(b, b.net, b.socket, 100, REQUEST);
    b.run(1);
    b.news();
    release(b, b.net, b.socket);
    expect([b.news(), b.net.socks, b.net.connections, b.net.timeWaits]).toEqual([[], [], [], []]);
  });
});

test("packets of one connection come in order, and not before they are due", () => {
  const b = new Bench().connected();
  sendmsg(b, b.net, b.socket, 100, REQUEST);
  serverRestarts(b, b.net);
  expect(() => deliver(b, b.net, 0)).toThrow("packet 0 cannot arrive now");
  b.tick += 1;
  expect(() => deliver(b, b.net, 1)).toThrow("packet 1 cannot arrive now");
  deliver(b, b.net, 0);
  expect(b.net.packets.map(({ kind }) => kind)).toEqual(["fin"]);
});
