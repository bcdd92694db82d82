import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as d from "../../tools/simulator/decisions.ts";
import { Fifo } from "../../tools/simulator/fifo.ts";
import { Heap, type HeapNode } from "../../tools/simulator/heap.ts";
import { below, seededGenerator, splitMix64, xoshiro128 } from "../../tools/simulator/random.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import { arriveAt, Socket, sock_recvmsg } from "../../tools/simulator/sockets.ts";
import { cond_resched, kthread_run, msleep } from "../../tools/simulator/tasks.ts";
import { mod_timer, TimerList, timer_setup } from "../../tools/simulator/timers.ts";
import { TraceRecorder, traceText } from "../../tools/simulator/trace.ts";
import {
  alloc_workqueue,
  DelayedWork,
  INIT_DELAYED_WORK,
  queue_delayed_work,
} from "../../tools/simulator/workqueue.ts";

describe("the event loop", () => {
  test("at one tick: timers, then threads, then arrivals in their order", () => {
    const kernel = new Simulation({ hz: 250, timers: "exact" });
    const log: string[] = [];
    const tick = kernel.clock.tick + 10;
    kernel.at(tick, () => log.push("arrival 1"));
    kernel.at(tick, () => log.push("arrival 2"));
    const timer = new TimerList(kernel.timers);
    timer_setup(timer, () => {
      log.push("timer");
      kthread_run(kernel, "thread", function* () {
        log.push("thread");
        yield* cond_resched(kernel);
        log.push("thread again");
      });
    });
    mod_timer(timer, kernel.clock.jiffiesPlus(10));
    kernel.run();
    expect(log).toEqual(["timer", "thread", "thread again", "arrival 1", "arrival 2"]);
  });

  test("says which bound stopped it, and goes on from there", () => {
    const kernel = new Simulation({ hz: 250 });
    const wq = alloc_workqueue(kernel, "wq");
    const work = new DelayedWork(kernel);
    let runs = 0;
    INIT_DELAYED_WORK(work, () => {
      if (++runs === 7) kernel.stop("seven");
      queue_delayed_work(wq, work, 10);
    });
    queue_delayed_work(wq, work, 10);
    const start = kernel.clock.tick;
    expect(kernel.run({ untilTick: start + 5 })).toEqual({
      stoppedBy: "tick",
      reason: null,
      tick: start + 5,
      events: 0,
    });
    expect(kernel.run({ maxEvents: 4 })).toMatchObject({ stoppedBy: "events", events: 4 });
    expect(runs).toBe(2);
    expect(kernel.run()).toMatchObject({ stoppedBy: "stop", reason: "seven" });
    expect(kernel.run({ untilTick: kernel.clock.tick + 23 })).toMatchObject({ stoppedBy: "tick", reason: null });
    expect(runs).toBe(9);
    expect(new Simulation({ hz: 250 }).run({ untilTick: 2 ** 40 })).toMatchObject({ stoppedBy: "idle", events: 0 });
  });

  test("a thread that never sleeps is stopped by the bound on events", () => {
    const kernel = new Simulation({ hz: 250 });
    kthread_run(kernel, "spinner", function* () {
      for (;;) yield* cond_resched(kernel);
    });
    expect(kernel.run({ maxEvents: 1000 })).toMatchObject({ stoppedBy: "events", events: 1000 });
  });

  test("an event in the past is a fault", () => {
    const kernel = new Simulation({ hz: 250 });
    expect(() => kernel.at(kernel.clock.tick - 1, () => undefined)).toThrow("tick");
    expect(() => kernel.at(Number.NaN, () => undefined)).toThrow("tick");
  });
});

/** Threads, late workers, a socket and a re-arming job: everything that asks for decisions. */
function busyRun(decisions: d.DecisionSource): string {
  const recorder = new TraceRecorder();
  const kernel = new Simulation({ hz: 250, decisions, trace: recorder.listen });
  const wq = alloc_workqueue(kernel, "wq", { latency: d.lateUpTo(5) });
  const socket = new Socket(kernel);
  socket.sk_rcvtimeo = 100;
  for (const name of ["a", "b", "c"]) {
    const work = new DelayedWork(kernel, name);
    INIT_DELAYED_WORK(work, () => void queue_delayed_work(wq, work, 50));
    queue_delayed_work(wq, work, 50);
    kthread_run(kernel, `thread-${name}`, function* () {
      for (;;) {
        yield* msleep(kernel, 200);
        arriveAt(socket, kernel.clock.tick + d.decide(kernel.decisions, 60, "round-trip"), 4);
        kernel.note("received", yield* sock_recvmsg(socket, 4));
      }
    });
  }
  kernel.run({ untilTick: kernel.clock.tick + 2000 });
  return traceText(recorder.events);
}

describe("determinism", () => {
  test("the same seed gives the same bytes, another seed others", () => {
    const run = (seed: number): string => busyRun(new d.RandomDecisions(seededGenerator(seed)));
    const first = run(1);
    expect(first.split("\n").length).toBeGreaterThan(200);
    expect(run(1)).toBe(first);
    expect(run(2)).not.toBe(first);
    expect(busyRun(d.firstChoice)).toBe(busyRun(d.firstChoice));
  });

  test("recorded decisions replay to the same bytes; a record of another run is noticed", () => {
    const recording = new d.RecordingDecisions(new d.RandomDecisions(seededGenerator(3)));
    const first = busyRun(recording);
    const replay = new d.ReplayDecisions(recording.decisions);
    expect(busyRun(replay)).toBe(first);
    expect(replay.used).toBe(recording.decisions.length);
    const tampered = recording.decisions.map((one, i) => (i === 40 ? { ...one, n: one.n + 1 } : one));
    expect(() => busyRun(new d.ReplayDecisions(tampered))).toThrow("decision 40");
    expect(() => busyRun(new d.ReplayDecisions(recording.decisions.slice(0, 50)))).toThrow("ends before");
    expect(busyRun(new d.ReplayDecisions(recording.decisions.slice(0, 50), d.firstChoice))).not.toBe(first);
  });

  test("no clock, no randomness and nothing of the project in the simulator", () => {
    const folder = new URL("../../tools/simulator/", import.meta.url);
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(15);
    for (const file of files) {
      const text = readFileSync(new URL(file, folder), "utf8");
      expect(text, file).not.toMatch(/Date\b|Math\.random|performance\.|setTimeout|setInterval|process\.|globalThis/);
      for (const [, from] of text.matchAll(/from "([^"]+)"/g)) expect(from, file).toMatch(/^\.\/[\w-]+\.ts$/);
    }
  });

  test("the trace recorder is bounded and prints 64-bit values", () => {
    const recorder = new TraceRecorder(1);
    const kernel = new Simulation({ hz: 250, trace: recorder.listen });
    kernel.note("big", 2n ** 60n, true, null);
    kernel.note("dropped");
    expect(recorder.dropped).toBe(1);
    expect(JSON.parse(traceText(recorder.events))).toMatchObject({
      kind: "note",
      values: ["1152921504606846976", true, null],
    });
  });
});

describe("decisions", () => {
  test("answers outside the question are a fault; one possibility is not asked for", () => {
    for (const bad of [-1, 2, 0.5, Number.NaN]) {
      expect(() => d.decide({ choose: () => bad }, 2, "x")).toThrow("was chosen");
      expect(d.decide({ choose: () => bad }, 1, "x")).toBe(0);
    }
  });

  test("ties are decided: every order of three threads is reached", () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const kernel = new Simulation({ hz: 250, decisions: new d.RandomDecisions(seededGenerator(seed)) });
      let order = "";
      for (const name of ["a", "b", "c"]) {
        // biome-ignore lint/correctness/useYield: a thread that ends at once
        kthread_run(kernel, name, function* () {
          order += name;
        });
      }
      kernel.run();
      orders.add(order);
    }
    expect([...orders].sort()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
  });
});

describe("random numbers", () => {
  test("SplitMix64 and xoshiro128** give the published values", () => {
    expect(splitMix64(1_234_567n, 3)).toEqual([6457827717110365317n, 3203168211198807973n, 9817491932198370423n]);
    const generator = xoshiro128([1, 2, 3, 4]);
    expect([1, 2, 3, 4].map(() => generator.next())).toEqual([11_520, 0, 5_927_040, 70_819_200]);
  });

  test("below is in range and even", () => {
    const generator = seededGenerator(7n);
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 50_000; i++) {
      const drawn = below(generator, 5);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    expect(counts.length).toBe(5);
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

describe("heap and queue against plain arrays", () => {
  test("a heap gives the least, whatever was removed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(20), fc.constantFrom("push", "push", "pop", "remove"), fc.nat()), { maxLength: 80 }),
        (steps) => {
          const heap = new Heap<HeapNode>();
          const model: HeapNode[] = [];
          for (const [rank, [tick, kind, pick]] of steps.entries()) {
            const node = { tick, rank, heapIndex: -1 };
            if (kind === "push") {
              heap.push(node);
              model.push(node);
            } else if (kind === "pop") {
              model.sort((a, b) => a.tick - b.tick || a.rank - b.rank);
              expect(heap.pop()).toBe(model.shift());
            } else if (model.length > 0) {
              const [gone] = model.splice(pick % model.length, 1);
              if (gone !== undefined) heap.remove(gone);
              expect(gone?.heapIndex).toBe(-1);
            }
            expect(heap.size).toBe(model.length);
            expect(heap.nextTick).toBe(Math.min(Number.POSITIVE_INFINITY, ...model.map((one) => one.tick)));
          }
        },
      ),
    );
  });

  test("a queue keeps its order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("push", "push", "push", "shift", "take", "remove"), fc.nat()), {
          maxLength: 300,
        }),
        (steps) => {
          const fifo = new Fifo<number>();
          const model: number[] = [];
          for (const [i, [kind, pick]] of steps.entries()) {
            const at = model.length === 0 ? 0 : pick % model.length;
            if (kind === "push") fifo.push(model[model.push(i) - 1] ?? 0);
            else if (kind === "shift") expect(fifo.shift()).toBe(model.shift());
            else if (kind === "take") expect(fifo.takeAt(at)).toBe(model.splice(at, 1)[0]);
            else
              expect(fifo.remove(pick)).toBe(model.includes(pick) && model.splice(model.indexOf(pick), 1).length === 1);
            expect(fifo.toArray()).toEqual(model);
            expect(fifo.length).toBe(model.length);
          }
        },
      ),
    );
  });
});
