import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Clock, type ClockOptions, initialJiffies } from "../../tools/simulator/clock.ts";
import type { Int64 } from "../../tools/simulator/integers.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import * as t from "../../tools/simulator/timers.ts";
import { applySlack, ExactTimers } from "../../tools/simulator/timers-exact.ts";
import { granularityTicks, LevelTimers } from "../../tools/simulator/timers-levels.ts";
import { type ReferenceTimer, ReferenceWheel } from "./reference-wheel.ts";

/** Arms one timer at `start`, returns how many ticks after arming it expires. */
function expiresAfter(base: t.TimerBase, expires: Int64): number {
  const timer = new t.TimerList(base);
  t.timer_setup(timer, () => undefined);
  t.mod_timer(timer, expires);
  return base.nextTick - base.clock.tick;
}

type Make = (clock: Clock) => t.TimerBase;
const levels: Make = (clock) => new LevelTimers(clock, null);
const exact: Make = (clock) => new ExactTimers(clock, null, "exact");

/** Never early, at most one granule late: the promise of the levels wheel, as a check that any timers can be put to. */
function checkLateness(make: Make, parameters: { numRuns: number; seed?: number }): void {
  fc.assert(
    fc.property(
      fc.constantFrom(100, 250, 300, 1000),
      fc.constantFrom(32 as const, 64 as const),
      fc.oneof(fc.nat(700), fc.nat(50_000), fc.nat(2 ** 24)),
      fc.nat(2 ** 24),
      (hz, longBits, delay, phase) => {
        const clock = new Clock({ hz, longBits });
        clock.advanceTo(clock.tick + phase);
        const late = expiresAfter(make(clock), clock.jiffiesPlus(delay)) - delay;
        expect(late).toBeGreaterThan(0);
        expect(late).toBeLessThanOrEqual(granularityTicks(hz, delay));
        expect((clock.tick + delay + late) % granularityTicks(hz, delay)).toBe(0);
      },
    ),
    parameters,
  );
}

describe("levels: when a timer expires", () => {
  test("never early, at most one granule late, on a multiple of the granule", () => {
    checkLateness(levels, { numRuns: 3000 });
  });

  test("the check notices a wheel that rounds down, and one that does not round", () => {
    class Down extends LevelTimers {
      override get nextTick(): number {
        return super.nextTick - granularityTicks(this.clock.hz, super.nextTick - this.clock.tick);
      }
    }
    expect(() => checkLateness((clock) => new Down(clock, null), { numRuns: 200, seed: 1 })).toThrow();
    expect(() => checkLateness(exact, { numRuns: 200, seed: 1 })).toThrow();
  });

  test("granules for 60 s: 2.048 s at 250, 4.096 s at 1000, 5.12 s at 100", () => {
    const seconds = [250, 1000, 100].map((hz) => granularityTicks(hz, 60 * hz) / hz);
    expect(seconds).toEqual([2.048, 4.096, 5.12]);
  });

  test("a delay beyond the wheel is cut to its capacity: 12 days at HZ=1000", () => {
    const clock = new Clock({ hz: 1000 });
    for (const delay of [2 ** 31, 2 ** 40, 2n ** 62n]) {
      const after = expiresAfter(levels(clock), clock.jiffiesPlus(delay));
      expect(after).toBeGreaterThan(1_073_741_822 - 2 * 16_777_216);
      expect(after).toBeLessThanOrEqual(1_073_741_822);
    }
  });

  test("8 levels at HZ=100, 9 above", () => {
    const capacity = (hz: number): number => {
      const clock = new Clock({ hz, startTick: 0 });
      return expiresAfter(levels(clock), 2 ** 40);
    };
    // The ends of the ranges in kernel/time/timer.c's tables, less the last granule, and the granule of the rounding.
    expect(capacity(100)).toBe(62 * 2 ** 21 + 2 ** 21);
    expect(capacity(1000)).toBe(62 * 2 ** 24 + 2 ** 24);
  });

  test("the past is the next tick", () => {
    const clock = new Clock({ hz: 250 });
    for (const make of [levels, exact]) {
      expect(expiresAfter(make(clock), clock.jiffies - 1)).toBe(1);
      expect(expiresAfter(make(clock), clock.jiffies - 100_000)).toBe(1);
      expect(expiresAfter(make(clock), clock.jiffies)).toBe(1);
    }
    const narrow = new Clock({ hz: 250, longBits: 32 });
    expect(expiresAfter(levels(narrow), narrow.jiffiesPlus(2 ** 31 + 5))).toBe(1);
  });
});

/** What is done to timers: at `gap` ticks after the last operation, one of six is armed or disarmed. */
const operation = fc.record({
  gap: fc.oneof(fc.nat(3), fc.nat(600)),
  timer: fc.nat(5),
  kind: fc.constantFrom("mod", "mod", "mod", "del"),
  delay: fc.oneof(fc.integer({ min: -3, max: 70 }), fc.nat(600), fc.nat(6000)),
});
/** What the expiry of a timer does: re-arm some timer, or nothing. */
const reaction = fc.option(
  fc.record({ timer: fc.nat(5), delay: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.nat(600)) }),
);

type Operation = { gap: number; timer: number; kind: string; delay: number };
type Reaction = { timer: number; delay: number } | null;

/** Names and ticks of expiry, in order, from the simulator's timers. */
function simulatorExpiries(
  options: ClockOptions,
  make: Make,
  operations: Operation[],
  reactions: Reaction[],
): string[] {
  const clock = new Clock(options);
  const base = make(clock);
  const out: string[] = [];
  let budget = 60;
  const timers = reactions.map((react, i) => {
    const timer = new t.TimerList(base, `t${i}`);
    timer.func = () => {
      out.push(`t${i}@${clock.tick - clock.startTick}`);
      const other = react === null || budget-- <= 0 ? undefined : timers[react.timer];
      if (react !== null && other !== undefined) t.mod_timer(other, clock.jiffiesPlus(react.delay));
    };
    return timer;
  });
  const advance = (until: number): void => {
    while (base.nextTick <= until) {
      clock.advanceTo(base.nextTick);
      base.run();
    }
    clock.advanceTo(until);
  };
  for (const { gap, timer, kind, delay } of operations) {
    advance(clock.tick + gap);
    const target = timers[timer];
    if (target === undefined) continue;
    if (kind === "del") t.del_timer(target);
    else t.mod_timer(target, clock.jiffiesPlus(delay));
  }
  advance(clock.tick + 20_000);
  return out;
}

function referenceExpiries(options: ClockOptions, operations: Operation[], reactions: Reaction[]): string[] {
  const bits = options.longBits ?? 64;
  const start = BigInt(options.startTick ?? initialJiffies(options.hz));
  const wheel = new ReferenceWheel(bits, options.hz, start);
  const out: string[] = [];
  let budget = 60;
  const after = (delay: number): bigint => BigInt.asUintN(bits, wheel.jiffies + BigInt(delay));
  const timers = reactions.map((react, i): ReferenceTimer => {
    const fire = (): void => {
      out.push(`t${i}@${BigInt.asUintN(bits, wheel.jiffies - start)}`);
      const other = react === null || budget-- <= 0 ? undefined : timers[react.timer];
      if (react !== null && other !== undefined) wheel.modTimer(other, after(react.delay));
    };
    return { name: `t${i}`, expires: 0n, index: -1, pending: false, fire };
  });
  const advance = (ticks: number): void => {
    for (let i = 0; i < ticks; i++) wheel.tick();
  };
  for (const { gap, timer, kind, delay } of operations) {
    advance(gap);
    const target = timers[timer];
    if (target === undefined) continue;
    if (kind === "del") wheel.delTimer(target);
    else wheel.modTimer(target, after(delay));
  }
  advance(20_000);
  return out;
}

describe("levels against a transcription of kernel/time/timer.c, tick by tick", () => {
  /** The first in front of the 32-bit wrap by few ticks, the others in front of 64-bit's, and where a kernel starts. */
  const starts: ClockOptions[] = [
    { hz: 250, longBits: 32, startTick: 2 ** 32 - 700 },
    { hz: 1000, longBits: 64, startTick: 2 ** 32 - 700 },
    { hz: 250, longBits: 64, startTick: -700 },
    { hz: 100, longBits: 64 },
    { hz: 100, longBits: 32 },
  ];

  function check(make: Make, parameters: { numRuns: number; seed?: number }): void {
    fc.assert(
      fc.property(
        fc.constantFrom(...starts),
        fc.array(operation, { minLength: 1, maxLength: 25 }),
        fc.array(reaction, { minLength: 6, maxLength: 6 }),
        (options, operations, reactions) => {
          const actual = simulatorExpiries(options, make, operations, reactions);
          expect(actual).toEqual(referenceExpiries(options, operations, reactions));
        },
      ),
      parameters,
    );
  }

  test("the same timers, at the same ticks, in the same order", () => check(levels, { numRuns: 150 }));

  test("re-arming into the same bucket keeps the place in it", () => {
    const options: ClockOptions = { hz: 100 };
    const operations = [
      { gap: 0, timer: 0, kind: "mod", delay: 100 },
      { gap: 0, timer: 1, kind: "mod", delay: 100 },
      { gap: 0, timer: 0, kind: "mod", delay: 101 },
    ];
    const expected = ["t1@104", "t0@104"];
    expect(referenceExpiries(options, operations, [null, null])).toEqual(expected);
    expect(simulatorExpiries(options, levels, operations, [null, null])).toEqual(expected);
  });

  test("re-armed for 63 ticks later by a timer of the same tick, a timer expires at once: the kernel does it", () => {
    const options: ClockOptions = { hz: 250 };
    const operations = [
      { gap: 0, timer: 0, kind: "mod", delay: 10 },
      { gap: 0, timer: 1, kind: "mod", delay: 10 },
    ];
    const reactions = (delay: number): Reaction[] => [null, { timer: 0, delay }];
    expect(referenceExpiries(options, operations, reactions(63))).toEqual(["t1@11", "t0@11"]);
    expect(simulatorExpiries(options, levels, operations, reactions(63))).toEqual(["t1@11", "t0@11"]);
    expect(simulatorExpiries(options, levels, operations, reactions(62))).toEqual(["t1@11", "t0@74"]);
  });

  test("the comparison notices another order within a tick", () => {
    class Reordered extends LevelTimers {
      override modify(timer: t.TimerList, expires: Int64): 0 | 1 {
        const result = super.modify(timer, expires);
        if (t.timer_pending(timer)) {
          this.cancel(timer);
          timer.rank = -timer.rank;
          (this as unknown as { pending: { push(node: t.TimerList): void } }).pending.push(timer);
        }
        return result;
      }
    }
    expect(() => check((clock) => new Reordered(clock, null), { numRuns: 150, seed: 1 })).toThrow();
  });

  test("both roundings of calc_index find the same bucket, at the wrap too", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.nat(8),
        fc.constantFrom(32, 64),
        (any, level, bits) => {
          const shift = BigInt(3 * level);
          for (const e of [BigInt.asUintN(bits, any), BigInt.asUintN(bits, -1n - (any & 0xfff_ffffn))]) {
            const old = BigInt.asUintN(bits, e + (1n << shift)) >> shift;
            const now = BigInt.asUintN(bits, (e >> shift) + 1n);
            expect(BigInt.asUintN(bits, now << shift)).toBe(BigInt.asUintN(bits, old << shift));
            expect(now & 63n).toBe(old & 63n);
          }
        },
      ),
    );
  });
});

describe("exact and slack", () => {
  test("exact: the first tick that is not before expires", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 30 }),
        fc.constantFrom(32 as const, 64 as const),
        (delay, longBits) => {
          const clock = new Clock({ hz: 250, longBits });
          expect(expiresAfter(exact(clock), clock.jiffiesPlus(delay))).toBe(delay);
        },
      ),
    );
  });

  test("a delay that no wheel holds never wraps into the past", () => {
    const clock = new Clock({ hz: 250 });
    expect(expiresAfter(exact(clock), clock.jiffiesPlus(2n ** 62n))).toBeGreaterThan(2 ** 50);
  });

  /** apply_slack() of 3.10 in unsigned long. */
  function slackReference(expires: bigint, jiffies: bigint): bigint {
    const delta = expires - jiffies;
    if (delta < 256n) return expires;
    const limit = expires + delta / 256n;
    const mask = expires ^ limit;
    if (mask === 0n) return expires;
    const bit = BigInt(mask.toString(2).length - 1);
    return limit & ~((1n << bit) - 1n);
  }

  test("slack is apply_slack(): at most 1/256 later, and round", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.oneof(fc.nat(600), fc.nat(2 ** 30)), (now, delay) => {
        const moved = applySlack(now + delay, now);
        expect(BigInt(moved)).toBe(slackReference(BigInt(now + delay), BigInt(now)));
        expect(moved - now - delay).toBeLessThanOrEqual(delay / 256);
      }),
      { numRuns: 2000 },
    );
  });

  test("mod_timer has slack, __mod_timer (schedule_timeout) has none", () => {
    const clock = new Clock({ hz: 250 });
    const base = new ExactTimers(clock, null, "slack");
    const timer = new t.TimerList(base);
    t.timer_setup(timer, () => undefined);
    base.modify(timer, clock.jiffiesPlus(15_000), false);
    expect(base.nextTick - clock.tick).toBe(15_000);
    t.mod_timer(timer, clock.jiffiesPlus(15_001));
    expect(base.nextTick - clock.tick).toBeGreaterThan(15_001);
  });
});

describe("the timer functions", () => {
  test.each(["exact", "slack", "levels"] as const)("%s: add, mod, del, pending", (kind) => {
    const kernel = new Simulation({ hz: 250, timers: kind });
    const fired: number[] = [];
    const timer = new t.TimerList(kernel.timers);
    t.timer_setup(timer, () => fired.push(kernel.clock.tick - kernel.clock.startTick));
    expect(t.timer_pending(timer)).toBe(false);
    expect(t.del_timer(timer)).toBe(0);
    timer.expires = kernel.clock.jiffiesPlus(10);
    t.add_timer(timer);
    expect(t.timer_pending(timer)).toBe(true);
    expect(() => t.add_timer(timer)).toThrow("pending");
    expect(() => t.timer_setup(timer, () => undefined)).toThrow("pending");
    expect(t.mod_timer(timer, kernel.clock.jiffiesPlus(10))).toBe(1);
    expect(t.mod_timer(timer, kernel.clock.jiffiesPlus(20))).toBe(1);
    expect(timer.expires).toBe(kernel.clock.jiffiesPlus(20));
    expect(t.del_timer(timer)).toBe(1);
    expect(t.mod_timer_pending(timer, kernel.clock.jiffiesPlus(20))).toBe(0);
    expect(t.timer_pending(timer)).toBe(false);
    expect(t.mod_timer(timer, kernel.clock.jiffiesPlus(5))).toBe(0);
    expect(kernel.run()).toMatchObject({ stoppedBy: "idle", events: 1 });
    expect(fired).toEqual([kind === "levels" ? 6 : 5]);
  });

  test("mod_timer to the same expires does nothing: the timer keeps its bucket while time goes on", () => {
    const kernel = new Simulation({ hz: 250, startTick: 0 });
    const fired: number[] = [];
    const timer = new t.TimerList(kernel.timers);
    t.timer_setup(timer, () => fired.push(kernel.clock.tick));
    t.mod_timer(timer, 1000);
    // Armed anew at 950 it would go to level 0 and expire at 1001; as it is, it stays in its bucket of 64 ticks.
    kernel.at(950, () => expect(t.mod_timer(timer, 1000)).toBe(1));
    kernel.run();
    expect(fired).toEqual([1024]);
  });

  test("a timer without a function is a fault", () => {
    for (const timers of ["exact", "levels"] as const) {
      const timer = new t.TimerList(new Simulation({ hz: 250, timers }).timers);
      expect(() => t.mod_timer(timer, 5)).toThrow("no function");
    }
  });

  test.each([
    { hz: 250, longBits: 32 as const },
    { hz: 250, longBits: 64 as const },
    { hz: 250, longBits: 64 as const, startTick: -75_000 },
  ])("jiffies wraps while a timer is pending: %o", (options) => {
    for (const [timers, delay] of [
      ["exact", 15_000],
      ["levels", 15_360],
    ] as const) {
      const kernel = new Simulation({ ...options, timers });
      const ticks: number[] = [];
      const timer = new t.TimerList(kernel.timers);
      t.timer_setup(timer, () => {
        ticks.push(kernel.clock.tick);
        t.mod_timer(timer, kernel.clock.jiffiesPlus(60 * kernel.hz));
      });
      t.mod_timer(timer, kernel.clock.jiffiesPlus(60 * kernel.hz));
      kernel.run({ untilTick: kernel.clock.startTick + 200_000 });
      const wrapAt = kernel.clock.startTick + 75_000;
      const before = ticks.filter((tick) => tick < wrapAt).length;
      expect(before).toBeGreaterThan(1);
      expect((ticks[before] ?? 0) - (ticks[before - 1] ?? 0)).toBe(delay);
      expect(ticks.length).toBeGreaterThan(before + 5);
    }
  });
});
