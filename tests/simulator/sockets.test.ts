import { describe, expect, test } from "vitest";
import { Simulation } from "../../tools/simulator/simulation.ts";
import * as k from "../../tools/simulator/sockets.ts";
import { kthread_run, sendSignal, type Task } from "../../tools/simulator/tasks.ts";

function setUp(timers: "exact" | "levels" = "exact") {
  const kernel = new Simulation({ hz: 250, timers });
  const socket = new k.Socket(kernel);
  const log: string[] = [];
  const start = kernel.clock.tick;
  const reader = (sizes: readonly number[], flags = 0): Task =>
    kthread_run(kernel, "cifsd", function* () {
      for (const size of sizes) {
        const result = yield* k.sock_recvmsg(socket, size, flags);
        log.push(`${kernel.clock.tick - start} ${result}`);
      }
    });
  return { kernel, socket, log, start, reader };
}

describe("receiving", () => {
  test("returns what there is, up to what was asked for, across chunks", () => {
    const { kernel, socket, log, start, reader } = setUp();
    reader([4, 100, 100, 3, 3]);
    k.arriveAt(socket, start + 5, 10, "first");
    k.arriveAt(socket, start + 5, 2, "second");
    k.arriveAt(socket, start + 9, 6, "third");
    kernel.run();
    // The header at once; then the rest of the first chunk. The second arrived behind the reader's wake-up.
    expect(log).toEqual(["5 4", "5 6", "5 2", "9 3", "9 3"]);
    expect([socket.bytesReceived, socket.bytesQueued, socket.lastPayload]).toEqual([18, 0, "third"]);
  });

  test("-EAGAIN after sk_rcvtimeo, and the socket goes on", () => {
    const { kernel, socket, log, start, reader } = setUp();
    socket.sk_rcvtimeo = 7 * 250;
    reader([4, 4, 4]);
    k.arriveAt(socket, start + 2000, 4);
    kernel.run();
    expect(log).toEqual(["1750 -11", "2000 4", "3750 -11"]);
  });

  test("the receive timeout goes through the wheel", () => {
    const { kernel, socket, log, start, reader } = setUp("levels");
    socket.sk_rcvtimeo = 7 * 250;
    reader([4]);
    kernel.run();
    const expected = (Math.floor((start + 1750) / 64) + 1) * 64 - start;
    expect(log).toEqual([`${expected} -11`]);
  });

  test("without a timeout it waits for ever", () => {
    const { kernel, log, reader } = setUp();
    reader([4]);
    expect(kernel.run().stoppedBy).toBe("idle");
    expect(log).toEqual([]);
  });

  test("MSG_WAITALL waits for all, for one timeout in all, and gives what came when it passes", () => {
    const { kernel, socket, log, start, reader } = setUp();
    socket.sk_rcvtimeo = 100;
    reader([4, 4], k.MSG_WAITALL);
    k.arriveAt(socket, start + 60, 3);
    k.arriveAt(socket, start + 80, 2);
    kernel.run();
    expect(log).toEqual(["80 4", "180 1"]);
  });

  test("MSG_DONTWAIT does not wait; other flags are a fault", () => {
    const { kernel, log, reader } = setUp();
    reader([4], k.MSG_DONTWAIT);
    kernel.run();
    expect(log).toEqual(["0 -11"]);
    reader([4], 0x2);
    expect(() => kernel.run()).toThrow("flags");
  });

  test("the peer's close: what is queued, then 0", () => {
    const { kernel, socket, log, start, reader } = setUp();
    reader([4, 4, 4]);
    k.arriveAt(socket, start + 5, 6);
    kernel.at(start + 5, () => k.closeByPeer(socket));
    kernel.run();
    expect(log).toEqual(["5 4", "5 2", "5 0"]);
  });

  test("a failed connection: the error once, then 0; sending says -EPIPE", () => {
    const { kernel, socket, log, start, reader } = setUp();
    reader([4, 4]);
    kernel.at(start + 5, () => k.failConnection(socket, k.ECONNRESET));
    kernel.run();
    expect(log).toEqual(["5 -104", "5 0"]);
    expect(k.sock_sendmsg(socket, 10)).toBe(-k.EPIPE);
  });

  test("shutdown wakes the reader", () => {
    const { kernel, socket, log, start, reader } = setUp();
    reader([4]);
    kernel.at(start + 5, () => k.kernel_sock_shutdown(socket, k.SHUT_RDWR));
    kernel.run();
    expect(log).toEqual(["5 0"]);
  });

  test("a signal interrupts: -EINTR with a timeout, -ERESTARTSYS without", () => {
    for (const [timeout, expected] of [
      [100, -k.EINTR],
      [null, -512],
    ] as const) {
      const { kernel, socket, log, start, reader } = setUp();
      if (timeout !== null) socket.sk_rcvtimeo = timeout;
      const task = reader([4]);
      kernel.at(start + 5, () => void sendSignal(task, "signal"));
      kernel.run();
      expect(log).toEqual([`5 ${expected}`]);
    }
  });

  test("sk_data_ready may be replaced, as sunrpc does", () => {
    const { kernel, socket, start } = setUp();
    let called = 0;
    socket.sk_data_ready = () => {
      called++;
    };
    k.arriveAt(socket, start + 5, 4);
    kernel.run();
    expect(called).toBe(1);
    expect(() => k.arrive(socket, 0)).toThrow("0 bytes");
  });
});

test("sending hands bytes and payload to the peer, who may refuse", () => {
  const { socket } = setUp();
  const sent: unknown[] = [];
  socket.onSend = (bytes, payload) => {
    sent.push([bytes, payload]);
    return payload === "full" ? -k.EAGAIN : bytes;
  };
  expect(k.kernel_sendmsg(socket, 72, "echo")).toBe(72);
  expect(k.kernel_sendmsg(socket, 72, "full")).toBe(-k.EAGAIN);
  expect(sent).toEqual([
    [72, "echo"],
    [72, "full"],
  ]);
});
