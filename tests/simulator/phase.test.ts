/** Each hook by itself: what a number with a fraction does to the range of phases that a run stands for. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Clock } from "../../tools/simulator/clock.ts";
import { Completion, wait_for_completion_timeout } from "../../tools/simulator/completion.ts";
import * as i from "../../tools/simulator/integers.ts";
import * as i32 from "../../tools/simulator/integers32.ts";
import * as j from "../../tools/simulator/jiffies.ts";
import * as p from "../../tools/simulator/phase.ts";
import { round_jiffies } from "../../tools/simulator/round-jiffies.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import { kthread_run, schedule_timeout_uninterruptible, wake_up_process } from "../../tools/simulator/tasks.ts";
import { timeUnits } from "../../tools/simulator/time-units.ts";
import { del_timer, mod_timer, TimerList, timer_setup } from "../../tools/simulator/timers.ts";
import { applySlack } from "../../tools/simulator/timers-exact.ts";

const { EPS } = p;
const FAR = 1000;

/** The result and the largest shift that it holds for. */
function held<T>(body: () => T, limit = FAR): { readonly result: T; readonly maxShift: number } {
  const recorder = new p.PhaseRecorder(limit);
  return { result: p.withPhase(recorder, body), maxShift: recorder.maxShift };
}

const slopes = fc.integer({ min: -3, max: 3 });
const moving = fc.tuple(fc.integer({ min: 1000, max: 9000 }), slopes).map(([base, slope]) => base + slope * EPS);

/**
 * An operation at a range of phases against itself at each of them: the same up to the shift where it is said to hold.
 */
function agrees(operation: (a: number, b: number) => i.Int64 | boolean, numRuns = 1000): void {
  fc.assert(
    fc.property(moving, moving, (a, b) => {
      const { result, maxShift } = held(() => operation(a, b), 40);
      for (let shift = 0; shift <= maxShift; shift++) {
        const now = typeof result === "number" ? p.valueAt(result, shift) : result;
        const plain = operation(p.valueAt(a, shift), p.valueAt(b, shift));
        if (now !== plain) throw new Error(`${now} and not ${plain} at the shift ${shift} of ${maxShift}`);
      }
    }),
    { numRuns, seed: 1 },
  );
}

describe("numbers that depend on the phase", () => {
  test("carry base and slope", () => {
    const x = p.phaseTicks(2 ** 32 - 7);
    expect([p.baseOf(x), p.slopeOf(x), p.valueAt(x, 5)]).toEqual([2 ** 32 - 7, 1, 2 ** 32 - 2]);
    const back = 100 - 3 * EPS;
    expect([p.baseOf(back), p.slopeOf(back), p.valueAt(back, 5)]).toEqual([100, -3, 85]);
    expect([p.baseOf(-EPS), p.valueAt(-EPS, 0), p.slopeOf(12)]).toEqual([0, 0, 0]);
    expect([x, 12, 12n, Number.POSITIVE_INFINITY].map(p.isShifting)).toEqual([true, false, false, false]);
  });

  test.each([
    ["add64", i.add64],
    ["sub64", i.sub64],
    ["mul64 by 250", (a: number) => i.mul64(a, 250)],
    ["mul64 by -1", (_: number, b: number) => i.mul64(-1, b)],
    ["shl64", (a: number) => i.shl64(a, 3)],
    ["neg64", i.neg64],
    ["not64", i.not64],
    ["eq64", i.eq64],
    ["ltS64", i.ltS64],
    ["leS64", i.leS64],
    ["ltU64", i.ltU64],
    ["leU64", i.leU64],
    ["ltU64 about 0", (a: number, b: number) => i.ltU64(a - 5000, b - 5000)],
    ["leU64 about 0", (a: number, b: number) => i.leU64(a - 5000, b - 5000)],
    ["divS64", (a: number) => i.divS64(a, 64)],
    ["divU64", (a: number) => i.divU64(a, 64)],
    ["modS64", (a: number) => i.modS64(a, 64)],
    ["modU64", (a: number) => i.modU64(a, 64)],
    ["shrS64", (a: number) => i.shrS64(a - 5000, 4)],
    ["shrU64", (a: number) => i.shrU64(a, 4)],
    ["toBool", (a: number) => i.toBool(a - 1020)],
    ["time_after64", j.time_after64],
    ["time_before64", j.time_before64],
    ["time_after_eq64", j.time_after_eq64],
    ["time_before_eq64", j.time_before_eq64],
    ["time_in_range64", (a: number, b: number) => j.time_in_range64(a, b, 7000)],
    ["time_in_range_open64", (a: number, b: number) => j.time_in_range_open64(a, b, 7000)],
    ["applySlack", (a: number, b: number) => applySlack(a + 60_000, b)],
    ["latest", p.latest],
  ] as const)("%s holds as long as it says", (_, operation) => agrees(operation));

  test("the check above notices a result that holds shorter", () => {
    expect(() => agrees((a, b) => Math.round(a) < Math.round(b))).toThrow();
    expect(() => agrees((a) => Math.floor(Math.round(a) / 64))).toThrow();
  });

  test.each([
    ["a > b, which it reaches", () => j.time_after64(10 + EPS, 15), false, 5],
    ["a >= b, which it reaches", () => j.time_after_eq64(10 + EPS, 15), false, 4],
    ["a > b, which it leaves with slope 3", () => j.time_after64(20 - 3 * EPS, 10), true, 3],
    ["one slope", () => j.time_after64(10 + EPS, 15 + EPS), false, FAR],
    ["from each other", () => j.time_after64(20 + EPS, 10 - EPS), true, FAR],
    ["equal at the phase itself only", () => i.eq64(10 + EPS, 10), true, 0],
    ["equal at a later phase", () => i.eq64(10 + EPS, 12), false, 1],
    ["a quotient", () => i.divU64(130 + EPS, 64), 2, 61],
    ["a quotient that comes down", () => i.divU64(130 - EPS, 64), 2, 2],
    ["a bigint is far", () => i.ltS64(10 + EPS, 2n ** 60n), true, FAR],
  ] as const)("%s", (_, body, result, maxShift) => {
    expect(held<unknown>(body)).toEqual({ result, maxShift });
  });
});

describe("what would lose the fraction is refused", () => {
  const x = p.phaseTicks(5000);
  const clock = new Clock({ hz: 250 });
  const at = (tick: number): Clock => {
    const moved = new Clock({ hz: 250, startTick: 0 });
    moved.advanceTo(tick);
    return moved;
  };
  test.each<readonly [string, () => unknown]>([
    ["and64", () => i.and64(x, 63)],
    ["or64", () => i.or64(1, x)],
    ["xor64", () => i.xor64(x, 2n ** 60n)],
    ["shift count", () => i.shl64(1, x)],
    ["two fractions multiplied", () => i.mul64(x, x)],
    ["a product with too large a slope", () => i.mul64(x, 2 ** 16)],
    ["a product that is too large", () => i.mul64(2 ** 34 + EPS, 250)],
    ["a sum that rounds the fraction off", () => i.add64(x, 2 ** 50)],
    ["a difference that does", () => i.sub64(2 ** 50, x)],
    ["a sum with a bigint", () => i.add64(x, 2n ** 60n)],
    ["a divisor", () => i.divS64(100, x)],
    ["a quotient of what is negative", () => i.divS64(-x, 3)],
    ["unsigned quotient of what is negative", () => i.divU64(-x, 3)],
    ["modulo of what is negative", () => i.modU64(-x, 3)],
    ["toS32", () => i.toS32(x)],
    ["toU32", () => i.toU32(x)],
    ["toS16", () => i.toS16(x)],
    ["toU16", () => i.toU16(x)],
    ["toS8", () => i.toS8(x)],
    ["toU8", () => i.toU8(x)],
    ["toUnsignedBigInt", () => i.toUnsignedBigInt(x)],
    ["mulS32", () => i32.mulS32(x, 2)],
    ["mulU32", () => i32.mulU32(2, x)],
    ["divS32", () => i32.divS32(x, 2)],
    ["divU32", () => i32.divU32(x, 2)],
    ["modS32", () => i32.modS32(x, 2)],
    ["modU32", () => i32.modU32(x, 2)],
    ["shlS32", () => i32.shlS32(x, 2)],
    ["shlU32", () => i32.shlU32(x, 2)],
    ["shrS32", () => i32.shrS32(x, 2)],
    ["shrU32", () => i32.shrU32(1, x)],
    ["time_after32", () => j.time_after32(x, 1)],
    ["time_after_eq32", () => j.time_after_eq32(1, x)],
    ["time_between32", () => j.time_between32(x, 1, 9)],
    ["jiffies_to_msecs", () => timeUnits(250, 64).jiffies_to_msecs(x)],
    ["jiffies_to_msecs by a reciprocal", () => timeUnits(300, 64).jiffies_to_msecs(x)],
    ["jiffies_to_usecs", () => timeUnits(1000, 32).jiffies_to_usecs(x)],
    ["msecs_to_jiffies", () => timeUnits(1000, 64).msecs_to_jiffies(x)],
    ["round_jiffies", () => round_jiffies(clock, x)],
    ["jiffies plus for ever", () => at(x).jiffiesPlus(2n ** 60n)],
    ["jiffies plus what rounds the fraction off", () => at(x).jiffiesPlus(2 ** 50)],
    ["jiffies of 32 bits", () => new Clock({ hz: 250, longBits: 32 }).advanceTo(2 ** 32 + EPS)],
  ])("%s", (_, body) => {
    expect(() => held(body)).toThrow(p.PhaseDependent);
    // A plain run has no such numbers: a fault, never a silent result.
    expect(body).toThrow("no integer");
  });

  test("a slope never grows into a tick", () => {
    const doubled = (times: number) => (): number => {
      let value: i.Int64 = p.phaseTicks(0);
      for (let n = 0; n < times; n++) value = i.add64(value, value);
      return p.slopeOf(Number(value));
    };
    expect(held(doubled(10)).result).toBe(1024);
    expect(() => held(doubled(11))).toThrow(p.PhaseDependent);
    expect(() => held(doubled(16))).toThrow(p.PhaseDependent);
  });

  test("a model cannot swallow it", () => {
    const swallow = (): string => {
      try {
        i.toS32(x);
      } catch {
        throw new Error("of the model");
      }
      return "";
    };
    expect(() => held(swallow)).toThrow(p.PhaseDependent);
    const deaf = (): string => {
      try {
        return `${i.toS32(x)}`;
      } catch {
        return "all is well";
      }
    };
    expect(() => held(deaf)).toThrow(p.PhaseDependent);
    expect(p.activeRecorder()).toBeNull();
    expect(() => held(() => held(() => 1))).toThrow("within another");
    expect(p.activeRecorder()).toBeNull();
  });
});

describe("events", () => {
  /** Runs a simulation in which things happen at ticks after its start; what happened, in order. */
  function order(ticks: readonly number[], untilTick?: number): { readonly result: string; readonly maxShift: number } {
    return held(() => {
      const kernel = new Simulation({ hz: 250 });
      let names = "";
      for (const [at, one] of ticks.entries()) kernel.after(one, () => (names += at));
      kernel.run(untilTick === undefined ? {} : { untilTick: kernel.clock.tick + untilTick });
      return names;
    });
  }

  test.each([
    ["one tick is caught up with", [10 + EPS, 50], undefined, "01", 39],
    ["from behind and from ahead", [50 - EPS, 10 + EPS], undefined, "10", 19],
    ["one slope", [10 + EPS, 50 + EPS, 10 + EPS], undefined, "021", FAR],
    ["what is not reached stays so", [10, 90 - EPS], 30, "0", 59],
    ["the end of the run", [10 + EPS], 30, "0", 20],
  ] as const)("%s", (_, ticks, until, result, maxShift) => {
    expect(order(ticks, until)).toEqual({ result, maxShift });
  });

  test.each([
    ["two on one tick", [10, 10 + EPS]],
    ["with the present", [0, EPS]],
    ["with the present, from the past", [5, -EPS]],
  ])("a tie: %s", (_, ticks) => expect(() => order(ticks)).toThrow(p.PhaseTie));

  test("what is taken out must have been to come at each phase", () => {
    const cancelled = (armedFor: number) => (): number => {
      const kernel = new Simulation({ hz: 250, timers: "exact" });
      const timer = new TimerList(kernel.timers);
      timer_setup(timer, () => undefined);
      mod_timer(timer, kernel.jiffies + armedFor);
      let was = -1;
      kernel.after(20, () => (was = del_timer(timer)));
      kernel.run();
      return was;
    };
    expect(held(cancelled(30 - EPS))).toEqual({ result: 1, maxShift: 9 });
    expect(held(cancelled(30 + EPS))).toEqual({ result: 1, maxShift: FAR });
    expect(() => held(cancelled(20 + EPS))).toThrow(p.PhaseTie);
  });

  test("a run that ends in a fault, too", () => {
    const faulty = (): string => {
      const kernel = new Simulation({ hz: 250 });
      kernel.after(30 - EPS, () => undefined);
      kernel.after(20, () => {
        throw new Error("of the model");
      });
      try {
        kernel.run();
      } catch (error) {
        return String(error);
      }
      return "";
    };
    expect(held(faulty)).toEqual({ result: "Error: of the model", maxShift: 9 });
  });

  test("seconds of a tick that depends on the phase are refused", () => {
    expect(() =>
      held(() => {
        const kernel = new Simulation({ hz: 250 });
        kernel.after(EPS + 1, () => kernel.note("at", kernel.clock.seconds));
        kernel.run();
      }),
    ).toThrow(p.PhaseDependent);
  });
});

describe("timers", () => {
  /** When a timer fires that is armed for `delay` at `at`; base 0 is a multiple of all granules. */
  function firesAt(kind: "levels" | "exact" | "slack", at: number, delay: number): [number, number, number] {
    const { result, maxShift } = held(() => {
      const kernel = new Simulation({ hz: 250, timers: kind, startTick: 2 ** 27 });
      const timer = new TimerList(kernel.timers);
      let tick = 0;
      timer_setup(timer, () => (tick = kernel.clock.tick - 2 ** 27));
      kernel.after(at, () => mod_timer(timer, kernel.clock.jiffiesPlus(delay)));
      kernel.run();
      return tick;
    }, 5000);
    return [p.baseOf(result), p.slopeOf(result), maxShift];
  }

  test("level 0 keeps the slope", () => expect(firesAt("levels", 10 + EPS, 50)).toEqual([61, 1, 5000]));
  test("level 2 rounds to 64", () => expect(firesAt("levels", 10 + EPS, 1750)).toEqual([1792, 0, 31]));
  test("level 2, backwards", () => expect(firesAt("levels", 60 - EPS, 1750)).toEqual([1856, 0, 18]));
  test("the delay decides the level", () => expect(firesAt("levels", 10, 1000 + EPS)).toEqual([1024, 0, 13]));
  test("up to the next level", () => expect(firesAt("levels", 14, 503 + EPS)).toEqual([520, 0, 0]));
  test("the present is not passed", () => expect(firesAt("levels", 10, 2 - EPS)).toEqual([13, -1, 2]));
  test("exact", () => expect(firesAt("exact", 10 + EPS, 1750)).toEqual([1760, 1, 5000]));
  test("exact, for the past", () => expect(firesAt("exact", 10, 2 - EPS)).toEqual([12, -1, 1]));
  test("levels, armed for the past", () => expect(firesAt("levels", 10, -5 + EPS)).toEqual([11, 0, 4]));
  test("exact, armed for the past", () => expect(firesAt("exact", 10, -3 + EPS)).toEqual([11, 0, 3]));
  test("no slack below 256 jiffies", () => {
    expect(held(() => applySlack(60_200 + EPS, 60_000))).toEqual({ result: 60_200 + EPS, maxShift: 55 });
  });

  test("one bucket or two, by the phase", () => {
    const rearmed = (first: number, second: number) => (): number => {
      const kernel = new Simulation({ hz: 250 });
      const timer = new TimerList(kernel.timers);
      timer_setup(timer, () => undefined);
      mod_timer(timer, kernel.jiffies + first);
      return mod_timer(timer, kernel.jiffies + second);
    };
    expect(() => held(rearmed(20, 10 + EPS))).toThrow(p.PhaseDependent);
    expect(held(rearmed(20 + EPS, 10 + EPS))).toEqual({ result: 1, maxShift: 42 });
    expect(held(rearmed(200, 10 + EPS))).toEqual({ result: 1, maxShift: 52 });
  });

  test("slack", () => {
    // 1760 + 6 (1750 / 256): the roundest number in (1760, 1766] is 1764, up to 1763; 1768 comes into reach at 1762.
    expect(firesAt("slack", 10 + EPS, 1750)).toEqual([1764, 0, 1]);
  });

  test.each([
    ["exact", 100, 40, 60, 59],
    // Fires at the granule after 2^20 + 100, 104; woken before that, there is nothing left from 101 on.
    ["levels", 100, 98, 2, 2],
  ] as const)("what is left of a timeout moves, and is compared with 0: %s", (timers, timeout, woken, left0, max) => {
    const { result, maxShift } = held(() => {
      const kernel = new Simulation({ hz: 250, timers, startTick: 2 ** 20 });
      const left: number[] = [];
      const task = kthread_run(kernel, "sleeper", function* () {
        left.push(Number(yield* schedule_timeout_uninterruptible(kernel, timeout)));
      });
      kernel.after(woken + EPS, () => task.state !== 0 && kernel.runQueue.push(task));
      kernel.run();
      return left[0] ?? -1;
    });
    expect([p.baseOf(result), p.slopeOf(result), maxShift]).toEqual([left0, -1, max]);
  });

  test("a wait that is woken for nothing goes on as long as something is left", () => {
    const { result, maxShift } = held(() => {
      const kernel = new Simulation({ hz: 250, startTick: 2 ** 20 });
      const completion = new Completion(kernel);
      const task = kthread_run(kernel, "waiter", function* () {
        yield* wait_for_completion_timeout(completion, 100);
        kernel.stop("over");
      });
      kernel.after(98 + EPS, () => wake_up_process(task));
      return kernel.run().tick - 2 ** 20;
    });
    // At 100 nothing is left, and it ends there and then.
    expect([result, maxShift]).toEqual([101, 1]);
  });
});
