import { describe, expect, test } from "vitest";
import * as p from "../../tools/simulator/preemption.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import * as s from "../../tools/simulator/tasks.ts";
import { TimerList } from "../../tools/simulator/timers.ts";

/** A machine on which threads lose the CPU for so many ticks wherever they can; never when null. */
function setUp(ticks: number | null) {
  const kernel = new Simulation({ hz: 250, timers: "exact", preemption: () => ticks });
  const log: string[] = [];
  const say = (text: string): void => void log.push(`${kernel.clock.tick - kernel.clock.startTick} ${text}`);
  const thread = (name: string, body: () => s.Coroutine): s.Task => s.kthread_run(kernel, name, body);
  return { kernel, log, say, thread };
}

describe("a thread at a preemption point", () => {
  test.each([
    [null, ["0 a1", "0 a2", "0 b"]],
    [0, ["0 a1", "0 b", "0 a2"]],
    [3, ["0 a1", "0 b", "3 a2"]],
  ])("off the CPU for %s ticks", (ticks, expected) => {
    const { kernel, log, say, thread } = setUp(ticks);
    thread("a", function* () {
      say("a1");
      yield* p.preempt(kernel);
      say("a2");
    });
    thread("b", function* () {
      say("b");
      yield* s.cond_resched(kernel);
    });
    kernel.run();
    expect(log).toEqual(expected);
  });

  test("runs on whatever its state says, and is woken without being queued twice", () => {
    const { kernel, log, say, thread } = setUp(2);
    const sleeper = thread("sleeper", function* () {
      s.set_current_state(kernel, s.TASK_UNINTERRUPTIBLE);
      yield* p.preempt(kernel);
      say(`state ${sleeper.state}`);
      yield* s.schedule(kernel);
      say("woken before it slept: goes on at once");
    });
    kernel.after(1, () => expect(s.wake_up_process(sleeper)).toBe(1));
    expect(kernel.run().stoppedBy).toBe("idle");
    expect(log).toEqual(["2 state 0", "2 woken before it slept: goes on at once"]);
    expect(sleeper.state).toBe(s.TASK_DEAD);
  });

  test("keeps its state where nobody wakes it", () => {
    const { kernel, log, say, thread } = setUp(0);
    const sleeper = thread("sleeper", function* () {
      s.set_current_state(kernel, s.TASK_UNINTERRUPTIBLE);
      yield* p.preempt(kernel);
      say("before it sleeps");
      yield* s.schedule(kernel);
      say("woken");
    });
    expect(kernel.run().stoppedBy).toBe("idle");
    expect(sleeper.state).toBe(s.TASK_UNINTERRUPTIBLE);
    s.wake_up_process(sleeper);
    kernel.run();
    expect(log).toEqual(["0 before it sleeps", "0 woken"]);
  });
});

describe("under a spinlock", () => {
  test("nobody comes before the last one is released", () => {
    const { kernel, log, say, thread } = setUp(0);
    thread("a", function* () {
      say("asks");
      yield* p.enter_critical(kernel);
      say("has one");
      yield* p.enter_critical(kernel);
      yield* p.preempt(kernel);
      yield* p.leave_critical(kernel);
      say("has one again");
      yield* p.leave_critical(kernel);
      say("has none");
    });
    const other = function* (name: string): s.Coroutine {
      yield* s.cond_resched(kernel);
      say(name);
    };
    thread("b", () => other("b"));
    kernel.run();
    expect(log).toEqual(["0 asks", "0 has one", "0 has one again", "0 b", "0 has none"]);
  });

  test("releasing what nobody holds is a bug", () => {
    const { kernel, thread } = setUp(null);
    thread("a", function* () {
      yield* p.leave_critical(kernel);
    });
    expect(() => kernel.run()).toThrow("nobody holds");
  });
});

test("timers and calls that run at once are not preempted", () => {
  const { kernel, log, say, thread } = setUp(0);
  const timer = new TimerList(kernel.timers, "timer");
  timer.func = function* () {
    yield* p.enter_critical(kernel);
    yield* p.leave_critical(kernel);
    say("timer");
  };
  kernel.timers.modify(timer, kernel.clock.jiffiesPlus(2), false);
  thread("a", function* () {
    kernel.atomic++;
    for (const _ of p.preempt(kernel)) say("preempted");
    kernel.atomic--;
    say("a");
    yield* s.cond_resched(kernel);
  });
  kernel.run();
  expect(log).toEqual(["0 a", "2 timer"]);
});
