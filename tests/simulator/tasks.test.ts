import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxScheduleTimeout } from "../../tools/simulator/clock.ts";
import * as x from "../../tools/simulator/completion.ts";
import { lateUpTo } from "../../tools/simulator/decisions.ts";
import type { Int64 } from "../../tools/simulator/integers.ts";
import { Simulation, type SimulationOptions } from "../../tools/simulator/simulation.ts";
import * as s from "../../tools/simulator/tasks.ts";
import * as w from "../../tools/simulator/wait.ts";

function setUp(options: Partial<SimulationOptions> = {}) {
  const kernel = new Simulation({ hz: 250, timers: "exact", ...options });
  const log: string[] = [];
  const say = (text: string): void => void log.push(`${kernel.clock.tick - kernel.clock.startTick} ${text}`);
  const thread = (name: string, body: () => s.Coroutine): s.Task => s.kthread_run(kernel, name, body);
  return { kernel, log, say, thread };
}

describe("schedule_timeout", () => {
  test("returns 0 when the time has passed, else what is left", () => {
    for (const longBits of [32, 64] as const) {
      const { kernel, log, say, thread } = setUp({ longBits, startTick: 2 ** 32 - 5 });
      const sleeper = thread("sleeper", function* () {
        say(`left ${yield* s.schedule_timeout_interruptible(kernel, 10)}`);
        say(`left ${yield* s.schedule_timeout_interruptible(kernel, 10)}`);
      });
      kernel.after(13, () => expect(s.wake_up_process(sleeper)).toBe(1));
      kernel.run();
      expect(log).toEqual(["10 left 0", "13 left 7"]);
      expect(sleeper.state).toBe(s.TASK_DEAD);
    }
  });

  test("goes through the wheel: 7 s at HZ=250 wake up to 256 ms late", () => {
    fc.assert(
      fc.property(fc.nat(5000), (phase) => {
        const { kernel, log, say, thread } = setUp({ timers: "levels", startTick: phase });
        thread("sleeper", function* () {
          say(`left ${yield* s.schedule_timeout_interruptible(kernel, 1750)}`);
        });
        kernel.run();
        const woke = Number.parseInt(log[0] ?? "", 10);
        expect(woke).toBeGreaterThan(1750);
        expect(woke).toBeLessThanOrEqual(1750 + 64);
        expect((woke + phase) % 64).toBe(0);
      }),
    );
  });

  test("has no slack, unlike mod_timer, from 2.6.35 to 4.7", () => {
    const { kernel, log, say, thread } = setUp({ timers: "slack" });
    thread("sleeper", function* () {
      say(`left ${yield* s.schedule_timeout_interruptible(kernel, 15_001)}`);
    });
    kernel.run();
    expect(log).toEqual(["15001 left 0"]);
  });

  test("woken early, its timer is disarmed and does not disturb a later sleep", () => {
    const { kernel, log, say, thread } = setUp();
    const sleeper = thread("sleeper", function* () {
      yield* s.schedule_timeout_interruptible(kernel, 10);
      yield* s.schedule_timeout_interruptible(kernel, maxScheduleTimeout(64));
      say("up");
    });
    kernel.after(5, () => s.wake_up_process(sleeper));
    kernel.after(50, () => s.wake_up_process(sleeper));
    kernel.run();
    expect(log).toEqual(["50 up"]);
  });

  test("MAX_SCHEDULE_TIMEOUT never fires and comes back", () => {
    for (const longBits of [32, 64] as const) {
      const { kernel, thread } = setUp({ longBits });
      const max = maxScheduleTimeout(longBits);
      let left: Int64 = 0;
      const sleeper = thread("sleeper", function* () {
        left = yield* s.schedule_timeout_uninterruptible(kernel, max);
      });
      expect(kernel.run().stoppedBy).toBe("idle");
      s.wake_up_process(sleeper);
      kernel.run();
      expect(left).toBe(max);
    }
  });

  test("a state of TASK_RUNNING does not sleep; a wake-up before schedule() is not lost", () => {
    const { kernel, log, say, thread } = setUp();
    const sleeper = thread("sleeper", function* () {
      say(`left ${yield* s.schedule_timeout(kernel, 10)}`);
      s.set_current_state(kernel, s.TASK_INTERRUPTIBLE);
      s.wake_up_process(s.currentTask(kernel));
      say(`left ${yield* s.schedule_timeout(kernel, 10)}`);
      // The other order loses it: woken while running, then asleep.
      s.wake_up_process(s.currentTask(kernel));
      s.set_current_state(kernel, s.TASK_INTERRUPTIBLE);
      say(`left ${yield* s.schedule_timeout(kernel, 10)}`);
      say(`left ${yield* s.schedule_timeout(kernel, -5)}`);
    });
    kernel.run();
    expect(log).toEqual(["0 left 10", "0 left 10", "10 left 0", "10 left 0"]);
    expect(s.wake_up_process(sleeper)).toBe(0);
  });

  test("msleep sleeps a jiffy more before 6.14, and wakes for nothing but time", () => {
    for (const [msleepAddsJiffy, expected] of [
      [true, 26],
      [false, 25],
    ] as const) {
      const { kernel, log, say, thread } = setUp({ msleepAddsJiffy });
      const sleeper = thread("sleeper", function* () {
        yield* s.msleep(kernel, 100);
        say("up");
      });
      kernel.after(5, () => s.wake_up_process(sleeper));
      kernel.run();
      expect(log).toEqual([`${expected} up`]);
    }
  });

  test("wakes late by the latency policy", () => {
    const { kernel, log, say } = setUp({ decisions: { choose: (n) => n - 1 } });
    const body = function* (): s.Coroutine {
      yield* s.schedule_timeout_interruptible(kernel, 10);
      say("up");
    };
    s.kthread_run(kernel, "late", body, lateUpTo(2));
    kernel.run();
    expect(log).toEqual(["12 up"]);
  });

  test("blocking outside a thread is a fault", () => {
    const { kernel } = setUp();
    expect(() => s.schedule_timeout(kernel, 5).next()).toThrow("outside a thread");
  });
});

describe("wait queues", () => {
  test("wait_event looks at its condition after each wake-up", () => {
    const { kernel, log, say, thread } = setUp();
    const head = new w.WaitQueueHead(kernel);
    let count = 0;
    thread("waiter", function* () {
      yield* w.wait_event(head, () => count >= 2);
      say("go");
    });
    for (const tick of [3, 5, 9]) {
      kernel.after(tick, () => {
        count++;
        w.wake_up(head);
      });
    }
    kernel.run();
    expect(log).toEqual(["5 go"]);
    expect(w.waitqueue_active(head)).toBe(false);
  });

  test("a condition that comes true without a wake-up is not noticed: a lost wake-up hangs", () => {
    const { kernel, log, thread, say } = setUp();
    const head = new w.WaitQueueHead(kernel);
    let ready = false;
    thread("waiter", function* () {
      yield* w.wait_event(head, () => ready);
      say("go");
    });
    kernel.after(3, () => {
      ready = true;
    });
    expect(kernel.run().stoppedBy).toBe("idle");
    expect(log).toEqual([]);
  });

  test("wait_event_timeout: 0 too late, 1 at the last moment, what is left otherwise", () => {
    const left = (readyAt: number, wakeAt: number): Int64 => {
      const { kernel, thread } = setUp();
      const head = new w.WaitQueueHead(kernel);
      let result: Int64 = -1;
      let ready = false;
      thread("waiter", function* () {
        result = yield* w.wait_event_timeout(head, () => ready, 10);
      });
      kernel.after(readyAt, () => {
        ready = true;
      });
      kernel.after(wakeAt, () => w.wake_up(head));
      kernel.run();
      return result;
    };
    expect(left(4, 4)).toBe(6);
    expect(left(0, 20)).toBe(1);
    expect(left(4, 20)).toBe(1);
    expect(left(20, 20)).toBe(0);
    expect(left(20, 5)).toBe(0);
  });

  test("a timeout of 0 does not sleep", () => {
    const { kernel, log, say, thread } = setUp();
    const head = new w.WaitQueueHead(kernel);
    thread("waiter", function* () {
      say(`${yield* w.wait_event_timeout(head, () => false, 0)} ${yield* w.wait_event_timeout(head, () => true, 0)}`);
    });
    kernel.run();
    expect(log).toEqual(["0 0 1"]);
  });

  test("wake_up wakes all but the exclusive, and one of these; the last to wait first", () => {
    const { kernel, log, say, thread } = setUp();
    const head = new w.WaitQueueHead(kernel);
    let open = false;
    const shared = (name: string) =>
      thread(name, function* () {
        yield* w.wait_event_interruptible(head, () => open);
        say(name);
      });
    const exclusive = (name: string) =>
      thread(name, function* () {
        yield* w.wait_event_interruptible_exclusive(head, () => open);
        say(name);
      });
    exclusive("x1");
    shared("s1");
    exclusive("x2");
    shared("s2");
    kernel.after(1, () => {
      open = true;
      w.wake_up(head);
    });
    kernel.after(2, () => w.wake_up_all(head));
    kernel.run();
    expect(log).toEqual(["1 s2", "1 s1", "1 x1", "2 x2"]);
  });

  test("wake_up_interruptible leaves the uninterruptible asleep", () => {
    const { kernel, log, say, thread } = setUp();
    const head = new w.WaitQueueHead(kernel);
    thread("waiter", function* () {
      yield* w.wait_event(head, () => kernel.clock.tick > kernel.clock.startTick);
      say("go");
    });
    kernel.after(3, () => w.wake_up_interruptible(head));
    kernel.after(8, () => w.wake_up(head));
    kernel.run();
    expect(log).toEqual(["8 go"]);
  });

  test("signals interrupt what may be interrupted", () => {
    const { kernel, log, say, thread } = setUp();
    const head = new w.WaitQueueHead(kernel);
    const tasks = [
      thread("interruptible", function* () {
        say(`i ${yield* w.wait_event_interruptible(head, () => false)}`);
      }),
      thread("killable", function* () {
        say(`k ${yield* w.wait_event_killable(head, () => false)}`);
      }),
      thread("timeout", function* () {
        say(`t ${yield* w.wait_event_interruptible_timeout(head, () => false, 100)}`);
      }),
      thread("uninterruptible", function* () {
        say(`u ${yield* w.wait_event_timeout(head, () => false, 50)}`);
      }),
    ];
    kernel.after(3, () => tasks.forEach((task) => void s.sendSignal(task, "signal")));
    kernel.after(7, () => tasks.forEach((task) => void s.sendSignal(task, "kill")));
    kernel.run();
    expect(log).toEqual(["3 i -512", "3 t -512", "7 k -512", "50 u 0"]);
    expect(w.waitqueue_active(head)).toBe(false);
  });
});

describe("completions", () => {
  test("complete lets one go on, also one that comes later; complete_all all", () => {
    const { kernel, log, say, thread } = setUp();
    const done = new x.Completion(kernel);
    for (const name of ["a", "b", "c"]) {
      thread(name, function* () {
        yield* x.wait_for_completion(done);
        say(name);
      });
    }
    kernel.after(2, () => x.complete(done));
    kernel.after(4, () => x.complete_all(done));
    kernel.run();
    expect(log).toEqual(["2 a", "4 b", "4 c"]);
    expect(x.try_wait_for_completion(done)).toBe(true);
    x.reinit_completion(done);
    expect(x.try_wait_for_completion(done)).toBe(false);
    x.complete(done);
    expect([x.try_wait_for_completion(done), x.completion_done(done)]).toEqual([true, false]);
  });

  test("timeouts and signals", () => {
    const { kernel, log, say, thread } = setUp();
    const done = new x.Completion(kernel);
    const waiter = thread("waiter", function* () {
      say(`${yield* x.wait_for_completion_timeout(done, 10)}`);
      say(`${yield* x.wait_for_completion_timeout(done, 10)}`);
      say(`${yield* x.wait_for_completion_killable(done)}`);
    });
    kernel.after(14, () => x.complete(done));
    kernel.after(20, () => s.sendSignal(waiter, "kill"));
    kernel.run();
    expect(log).toEqual(["10 0", "14 6", "20 -512"]);
  });
});
