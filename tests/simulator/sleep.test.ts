import { describe, expect, test } from "vitest";
import { type DecisionSource, RecordingDecisions } from "../../tools/simulator/decisions.ts";
import { NULL } from "../../tools/simulator/pointers.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import * as z from "../../tools/simulator/sleep.ts";
import * as s from "../../tools/simulator/tasks.ts";

/** The ticks at which sleeps end, one after another. */
function ends(hz: number, sleeps: readonly (readonly [number, number])[], decisions?: DecisionSource): number[] {
  const kernel = new Simulation({ hz, timers: "exact", ...(decisions === undefined ? {} : { decisions }) });
  const log: number[] = [];
  s.kthread_run(kernel, "sleeper", function* () {
    for (const [min, max] of sleeps) {
      yield* z.usleep_range(kernel, min, max);
      log.push(kernel.clock.tick - kernel.clock.startTick);
    }
  });
  kernel.run();
  return log;
}

describe("usleep_range", () => {
  test("ends as early as it can", () => {
    expect([ends(1000, [[1000, 2000]]), ends(250, [[1000, 2000]])]).toEqual([[1], [0]]);
    expect([ends(1000, [[999, 2000]]), ends(100, [[20_000, 30_000]]), ends(300, [[10_000, 10_000]])]).toEqual([
      [0],
      [2],
      [3],
    ]);
  });

  test("short sleeps add up, so that a loop of them gets on", () => {
    expect(ends(250, Array(9).fill([1000, 2000]))).toEqual([0, 0, 0, 1, 1, 1, 1, 2, 2]);
    // At HZ=300 a tick is 3,333 1/3 us, and no part of it is lost.
    expect(ends(300, Array(10).fill([1000, 1000])).at(-1)).toBe(3);
  });

  test("what was left over does not count for a sleep that begins at a later tick", () => {
    const kernel = new Simulation({ hz: 250, timers: "exact" });
    const log: number[] = [];
    s.kthread_run(kernel, "sleeper", function* () {
      for (let i = 0; i < 6; i++) {
        yield* z.usleep_range(kernel, 3000, 3000);
        if (i === 0) yield* s.schedule_timeout_uninterruptible(kernel, 5);
        log.push(kernel.clock.tick - kernel.clock.startTick);
      }
    });
    kernel.run();
    expect(log).toEqual([5, 5, 6, 7, 8, 8]);
  });

  test("the decision usleep may let it last until the latest tick", () => {
    const asked = (hz: number, sleep: readonly [number, number], chosen: number) => {
      const source = new RecordingDecisions({ choose: (_n, label) => (label === "usleep" ? chosen : 0) });
      return [ends(hz, [sleep], source), source.decisions.filter(({ label }) => label === "usleep").map(({ n }) => n)];
    };
    expect(asked(1000, [1000, 2000], 1)).toEqual([[2], [2]]);
    expect(asked(250, [1000, 2000], 1)).toEqual([[1], [2]]);
    expect(asked(100, [1000, 25_000], 3)).toEqual([[3], [4]]);
    expect(asked(1000, [2000, 2000], 0)).toEqual([[2], []]);
  });

  test("is not ended by another wake-up or a signal", () => {
    const kernel = new Simulation({ hz: 1000, timers: "exact" });
    let woke = 0;
    const sleeper = s.kthread_run(kernel, "sleeper", function* () {
      yield* z.usleep_range(kernel, 5000, 5000);
      woke = kernel.clock.tick - kernel.clock.startTick;
    });
    kernel.after(2, () => {
      s.sendSignal(sleeper, "kill");
      s.wake_up_process(sleeper);
    });
    kernel.run();
    expect(woke).toBe(5);
  });

  test("bounds the wrong way round, or too large, are faults", () => {
    expect(() => ends(250, [[2000, 1000]])).toThrow("wrong way round");
    expect(() => ends(250, [[-1, 1000]])).toThrow("-1 microseconds");
    expect(() => ends(250, [[0, 2 ** 52]])).toThrow("microseconds");
  });
});

describe("kthread_stop", () => {
  test("wakes the thread and waits until it has ended", () => {
    const kernel = new Simulation({ hz: 250, timers: "exact" });
    const log: string[] = [];
    const say = (text: string): void => void log.push(`${kernel.clock.tick - kernel.clock.startTick} ${text}`);
    const worker = s.kthread_run(kernel, "worker", function* () {
      while (!z.kthread_should_stop(kernel)) yield* s.schedule_timeout_interruptible(kernel, 1000);
      yield* s.schedule_timeout_uninterruptible(kernel, 7);
      say("ends");
    });
    const other = s.kthread_run(kernel, "other", function* () {
      yield* s.schedule_timeout_interruptible(kernel, 20);
      say(`other ${z.kthread_should_stop(kernel)}`);
    });
    s.kthread_run(kernel, "stopper", function* () {
      yield* s.schedule_timeout_uninterruptible(kernel, 5);
      say(`stopped ${yield* z.kthread_stop(worker)}`);
      say(`again ${yield* z.kthread_stop(worker)}`);
    });
    kernel.run();
    expect(log).toEqual(["12 ends", "12 stopped 0", "12 again 0", "20 other false"]);
    expect([worker.state, other.state]).toEqual([s.TASK_DEAD, s.TASK_DEAD]);
  });

  test("waits for ever for a thread that does not look", () => {
    const kernel = new Simulation({ hz: 250, timers: "exact" });
    let isStopped = false;
    const deaf = s.kthread_run(kernel, "deaf", function* () {
      for (;;) yield* s.schedule_timeout_uninterruptible(kernel, 1000);
    });
    s.kthread_run(kernel, "stopper", function* () {
      yield* z.kthread_stop(deaf);
      isStopped = true;
    });
    expect(kernel.run({ maxEvents: 100 }).stoppedBy).toBe("events");
    expect(isStopped).toBe(false);
  });
});

describe("error pointers", () => {
  test("are told from pointers and from NULL", () => {
    const error: { x: number } = z.ERR_PTR(-12);
    const fine = { x: 1 };
    const none: { x: number } = NULL;
    expect([error, fine, none].map(z.IS_ERR)).toEqual([true, false, false]);
    expect([error, fine, none].map(z.IS_ERR_OR_NULL)).toEqual([true, false, true]);
    expect([error, fine, none].map(z.PTR_ERR_OR_ZERO)).toEqual([-12, 0, 0]);
    expect([z.PTR_ERR(error), z.PTR_ERR(none), z.ERR_PTR(0)]).toEqual([-12, 0, null]);
    expect([z.ERR_PTR(-12) === error, z.ERR_PTR(-11) === error, z.ERR_CAST(error) === error]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("other numbers are no errors, and an address is no number", () => {
    for (const code of [1, -4096, -1.5, 2n ** 60n]) expect(() => z.ERR_PTR(code)).toThrow("no error number");
    expect(() => z.PTR_ERR({})).toThrow("PTR_ERR");
  });
});

test("there is no freezer", () => {
  z.allow_kernel_signal(9);
  z.allow_signal(9);
  expect([z.try_to_freeze(), z.set_freezable()]).toEqual([false, false]);
});
