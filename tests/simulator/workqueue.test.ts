import { describe, expect, test } from "vitest";
import { Completion, complete, wait_for_completion } from "../../tools/simulator/completion.ts";
import { lateUpTo, RandomDecisions } from "../../tools/simulator/decisions.ts";
import { seededGenerator } from "../../tools/simulator/random.ts";
import { Simulation, type SimulationOptions } from "../../tools/simulator/simulation.ts";
import { type Coroutine, kthread_run, schedule_timeout_uninterruptible } from "../../tools/simulator/tasks.ts";
import * as q from "../../tools/simulator/workqueue.ts";
import * as c from "../../tools/simulator/workqueue-cancel.ts";

function setUp(options: Partial<SimulationOptions> = {}, queue: q.WorkqueueOptions = {}) {
  const kernel = new Simulation({ hz: 250, timers: "exact", ...options });
  const wq = q.alloc_workqueue(kernel, "wq", queue);
  const log: string[] = [];
  const ticks = (): number => kernel.clock.tick - kernel.clock.startTick;
  const say = (text: string): void => void log.push(`${ticks()} ${text}`);
  return { kernel, wq, log, say, ticks };
}

/** Periods, in seconds, at which a job that re-arms itself `delaySeconds` later settles. */
function settledPeriods(options: SimulationOptions, delaySeconds: number): number[] {
  const kernel = new Simulation(options);
  const wq = q.alloc_workqueue(kernel, "cifsiod");
  const ticks: number[] = [];
  const echo = new q.DelayedWork(kernel, "echo");
  q.INIT_DELAYED_WORK(echo, () => {
    ticks.push(kernel.clock.tick);
    q.queue_delayed_work(wq, echo, delaySeconds * kernel.hz);
  });
  q.queue_delayed_work(wq, echo, 1);
  kernel.run({ untilTick: kernel.clock.tick + 40 * delaySeconds * kernel.hz });
  const periods = ticks.slice(1).map((tick, i) => (tick - (ticks[i] ?? 0)) / kernel.hz);
  return [...new Set(periods.slice(1))];
}

describe("a job that re-arms itself every 60 s", () => {
  test.each([100, 250, 300, 1000])("levels, HZ=%i: settles at 61.44 s, as measured on a booted kernel", (hz) => {
    for (const longBits of [32, 64] as const) expect(settledPeriods({ hz, longBits }, 60)).toEqual([61.44]);
  });

  test("exact: 60 s; with slack 60.16 s at HZ=250", () => {
    expect(settledPeriods({ hz: 250, timers: "exact" }, 60)).toEqual([60]);
    expect(settledPeriods({ hz: 250, timers: "slack" }, 60)).toEqual([60.16]);
  });

  test("lateness of the worker adds to the period unless the wheel hides it", () => {
    const decisions = new RandomDecisions(seededGenerator(1));
    const { kernel, wq, ticks } = setUp({ decisions, timers: "levels" }, { latency: lateUpTo(3) });
    const runs: number[] = [];
    const work = new q.DelayedWork(kernel);
    q.INIT_DELAYED_WORK(work, () => {
      runs.push(ticks());
      q.queue_delayed_work(wq, work, 15_000);
    });
    q.queue_delayed_work(wq, work, 1);
    kernel.run({ untilTick: kernel.clock.tick + 200_000 });
    const late = runs.slice(2).map((tick) => (tick + kernel.clock.startTick) % 512);
    expect(Math.max(...late)).toBeLessThanOrEqual(3);
    expect(new Set(late).size).toBeGreaterThan(1);
  });
});

describe("queueing", () => {
  test("pending work is left alone, the earlier expiry included", () => {
    const { kernel, wq, log, say } = setUp();
    const work = new q.DelayedWork(kernel);
    q.INIT_DELAYED_WORK(work, () => say("run"));
    expect(q.queue_delayed_work(wq, work, 10)).toBe(true);
    expect(q.queue_delayed_work(wq, work, 5)).toBe(false);
    expect(q.queue_delayed_work(wq, work, 0)).toBe(false);
    expect(q.queue_work(wq, work.work)).toBe(false);
    expect(q.delayed_work_pending(work)).toBe(true);
    expect(() => q.INIT_DELAYED_WORK(work, () => undefined)).toThrow("pending");
    kernel.run();
    expect(log).toEqual(["10 run"]);
    expect(q.delayed_work_pending(work)).toBe(false);
  });

  test("delay 0 needs no timer: it runs at this tick, with any wheel", () => {
    for (const timers of ["exact", "levels"] as const) {
      const { kernel, wq, log, say } = setUp({ timers });
      const work = new q.DelayedWork(kernel);
      q.INIT_DELAYED_WORK(work, () => say("run"));
      q.queue_delayed_work(wq, work, 0);
      expect(kernel.timers.nextTick).toBe(Number.POSITIVE_INFINITY);
      kernel.run();
      expect(log).toEqual(["0 run"]);
    }
  });

  test("mod_delayed_work replaces the expiry, or queues", () => {
    const { kernel, wq, log, say } = setUp();
    const work = new q.DelayedWork(kernel);
    q.INIT_DELAYED_WORK(work, () => say("run"));
    expect(c.mod_delayed_work(wq, work, 10)).toBe(false);
    expect(c.mod_delayed_work(wq, work, 5)).toBe(true);
    kernel.run();
    c.mod_delayed_work(wq, work, 10);
    expect(c.mod_delayed_work(wq, work, 0)).toBe(true);
    expect(c.mod_delayed_work(wq, work, 7)).toBe(true);
    kernel.run();
    expect(log).toEqual(["5 run", "12 run"]);
  });

  test("a running item can be queued again, and runs once more after it has ended", () => {
    const { kernel, wq, log, say } = setUp();
    const work = new q.WorkStruct(kernel);
    let left = 2;
    q.INIT_WORK(work, function* (): Coroutine {
      say(`begin busy=${q.work_busy(work)}`);
      if (left-- > 0) {
        expect(q.queue_work(wq, work)).toBe(true);
        expect(q.queue_work(wq, work)).toBe(false);
      }
      yield* schedule_timeout_uninterruptible(kernel, 10);
      say("end");
    });
    q.queue_work(wq, work);
    kernel.run();
    // Never two at a time, although the queue has workers to spare.
    expect(log).toEqual(["0 begin busy=2", "10 end", "10 begin busy=2", "20 end", "20 begin busy=2", "30 end"]);
  });

  test("max_active bounds how many run at a time; a blocked one lets others run", () => {
    for (const [maxActive, expected] of [
      [1, ["10 a", "20 b", "30 c"]],
      [2, ["10 a", "10 b", "20 c"]],
    ] as const) {
      const { kernel, wq, log, say } = setUp({}, { maxActive });
      for (const name of ["a", "b", "c"]) {
        const work = new q.WorkStruct(kernel, name);
        q.INIT_WORK(work, function* (): Coroutine {
          yield* schedule_timeout_uninterruptible(kernel, 10);
          say(name);
        });
        q.queue_work(wq, work);
      }
      kernel.run();
      expect(log).toEqual(expected);
    }
  });

  test("work starts late by the latency policy, and a worker that is up already does not", () => {
    const decisions = { choose: (n: number, label: string) => (label === "latency" ? n - 1 : 0) };
    const { kernel, wq, log, say } = setUp({ decisions }, { maxActive: 1, latency: lateUpTo(4) });
    for (const name of ["a", "b"]) {
      const work = new q.WorkStruct(kernel, name);
      q.INIT_WORK(work, () => say(name));
      q.queue_work(wq, work);
    }
    kernel.run();
    expect(log).toEqual(["4 a", "4 b"]);
  });

  test("work without a function is a fault", () => {
    const { kernel, wq } = setUp();
    expect(() => q.queue_work(wq, new q.WorkStruct(kernel))).toThrow("no function");
  });
});

describe("cancelling and flushing", () => {
  test("cancel_delayed_work: before the timer, on the list, and when there is nothing", () => {
    const { kernel, wq, log, say } = setUp();
    const work = new q.DelayedWork(kernel);
    q.INIT_DELAYED_WORK(work, () => say("run"));
    expect(c.cancel_delayed_work(work)).toBe(false);
    q.queue_delayed_work(wq, work, 10);
    expect(c.cancel_delayed_work(work)).toBe(true);
    q.queue_delayed_work(wq, work, 0);
    expect(c.cancel_delayed_work(work)).toBe(true);
    expect(q.delayed_work_pending(work)).toBe(false);
    q.queue_delayed_work(wq, work, 5);
    kernel.run();
    expect(log).toEqual(["5 run"]);
  });

  test("cancel_delayed_work_sync waits for the running function, whose re-arming fails", () => {
    const { kernel, wq, log, say } = setUp();
    const work = new q.DelayedWork(kernel);
    q.INIT_DELAYED_WORK(work, function* (): Coroutine {
      yield* schedule_timeout_uninterruptible(kernel, 10);
      say(`re-armed ${q.queue_delayed_work(wq, work, 5)}`);
    });
    q.queue_delayed_work(wq, work, 0);
    kernel.after(3, () => {
      kthread_run(kernel, "canceller", function* () {
        say(`cancelled ${yield* c.cancel_delayed_work_sync(work)}`);
        say(`queued ${q.queue_delayed_work(wq, work, 100)}`);
        say(`cancelled ${yield* c.cancel_delayed_work_sync(work)}`);
      });
    });
    expect(kernel.run().stoppedBy).toBe("idle");
    expect(log).toEqual(["10 re-armed false", "10 cancelled false", "10 queued true", "10 cancelled true"]);
  });

  test("flush_work waits for the last queued run; flush_delayed_work does not wait for the timer", () => {
    const { kernel, wq, log, say } = setUp();
    const work = new q.DelayedWork(kernel);
    q.INIT_DELAYED_WORK(work, function* (): Coroutine {
      yield* schedule_timeout_uninterruptible(kernel, 10);
      say("end");
    });
    kthread_run(kernel, "flusher", function* () {
      say(`flushed ${yield* c.flush_work(work.work)}`);
      q.queue_delayed_work(wq, work, 1000);
      say(`flushed ${yield* c.flush_delayed_work(work)}`);
      q.queue_work(wq, work.work);
      yield* schedule_timeout_uninterruptible(kernel, 5);
      q.queue_work(wq, work.work);
      say(`flushed ${yield* c.flush_work(work.work)}`);
    });
    kernel.run();
    expect(log).toEqual(["0 flushed false", "10 end", "10 flushed true", "20 end", "30 end", "30 flushed true"]);
  });

  test("who flushes a queued run that is cancelled goes on; who flushes the running one still waits", () => {
    const { kernel, wq, log, say } = setUp({}, { maxActive: 1 });
    const gate = new Completion(kernel);
    const work = new q.WorkStruct(kernel);
    q.INIT_WORK(work, () => wait_for_completion(gate));
    q.queue_work(wq, work);
    const flusher = (name: string) =>
      kthread_run(kernel, name, function* () {
        yield* c.flush_work(work);
        say(name);
      });
    kernel.after(1, () => flusher("of the running"));
    kernel.after(2, () => q.queue_work(wq, work));
    kernel.after(3, () => flusher("of the queued"));
    kernel.after(4, () => expect(c.cancel_work(work)).toBe(true));
    kernel.after(9, () => complete(gate));
    kernel.run();
    expect(log).toEqual(["4 of the queued", "9 of the running"]);
  });

  test("flush_workqueue waits for all that is queued and running", () => {
    const { kernel, wq, log, say } = setUp({}, { maxActive: 1 });
    for (const name of ["a", "b"]) {
      const work = new q.WorkStruct(kernel, name);
      q.INIT_WORK(work, function* (): Coroutine {
        yield* schedule_timeout_uninterruptible(kernel, 10);
        say(name);
      });
      q.queue_work(wq, work);
    }
    kernel.after(1, () => {
      kthread_run(kernel, "flusher", function* () {
        yield* c.flush_workqueue(wq);
        say("flushed");
      });
    });
    kernel.run();
    expect(log).toEqual(["10 a", "20 b", "20 flushed"]);
  });
});
