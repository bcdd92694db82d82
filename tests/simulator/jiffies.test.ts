import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Clock, initialJiffies, maxJiffyOffset } from "../../tools/simulator/clock.ts";
import { fromBigInt, type Int64 } from "../../tools/simulator/integers.ts";
import { jiffiesComparisons, time_between32 } from "../../tools/simulator/jiffies.ts";
import { round_jiffies, round_jiffies_relative, round_jiffies_up } from "../../tools/simulator/round-jiffies.ts";
import { reciprocal, timeUnits } from "../../tools/simulator/time-units.ts";

describe.each([32, 64] as const)("time_after and its kin, unsigned long of %i bits", (bits) => {
  const c = jiffiesComparisons(bits);
  const form = (value: bigint): Int64 => (bits === 32 ? Number(BigInt.asUintN(32, value)) : fromBigInt(value));
  const anywhere = fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });
  /** Close together, opposite (half the range apart) or anywhere. */
  const distance = fc.oneof(
    fc.bigInt({ min: -5n, max: 5n }),
    fc.bigInt({ min: -3n, max: 3n }).map((near) => 2n ** BigInt(bits - 1) + near),
    anywhere,
  );
  const negative = (value: bigint): boolean => BigInt.asIntN(bits, value) < 0n;

  test("look at the sign of the difference", () => {
    fc.assert(
      fc.property(anywhere, distance, distance, (a, toB, toC) => {
        const [b, d] = [a + toB, a + toC];
        const [x, y, z] = [form(a), form(b), form(d)];
        expect(c.time_after(x, y)).toBe(negative(b - a));
        expect(c.time_before(x, y)).toBe(negative(a - b));
        expect(c.time_after_eq(x, y)).toBe(!negative(a - b));
        expect(c.time_before_eq(x, y)).toBe(!negative(b - a));
        expect(c.time_in_range(x, y, z)).toBe(!negative(a - b) && !negative(d - a));
        expect(c.time_in_range_open(x, y, z)).toBe(!negative(a - b) && negative(a - d));
        if (bits === 32) {
          const gap = (to: bigint): bigint => BigInt.asUintN(32, to - b);
          expect(time_between32(Number(x), Number(y), Number(z))).toBe(gap(d) >= gap(a));
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("hold across the wrap", () => {
    const before = form(-10n);
    expect(c.time_after(form(5n), before)).toBe(true);
    expect(c.time_before(before, form(5n))).toBe(true);
  });
});

describe("jiffies", () => {
  test("start 300 s before the low 32 bits wrap", () => {
    expect(initialJiffies(250)).toBe(2 ** 32 - 75_000);
    for (const longBits of [32, 64] as const) {
      const clock = new Clock({ hz: 250, longBits });
      expect(clock.jiffies).toBe(4_294_892_296);
      clock.advanceTo(clock.tick + 75_000);
      expect(clock.jiffies).toBe(longBits === 32 ? 0 : 2 ** 32);
      expect(clock.seconds).toBe(300);
    }
  });

  test("a start below zero wraps 64 bits", () => {
    const clock = new Clock({ hz: 250, startTick: -10 });
    expect(clock.jiffies).toBe(-10);
    clock.advanceTo(5);
    expect(clock.jiffies).toBe(5);
  });

  test("jiffies + delay is unsigned long", () => {
    const narrow = new Clock({ hz: 250, longBits: 32 });
    expect(narrow.jiffiesPlus(75_001)).toBe(1);
    const wide = new Clock({ hz: 250 });
    expect(wide.jiffiesPlus(maxJiffyOffset(64))).toBe(0x3fff_ffff_ffff_fffen + BigInt(wide.tick));
    expect(wide.jiffiesPlus(2n ** 63n - 1n)).toBe(-(2n ** 63n) + BigInt(wide.tick) - 1n);
  });

  test("HZ outside include/linux/jiffies.h is refused", () => {
    for (const hz of [0, 11, 12_288, 99.5, Number.NaN]) expect(() => new Clock({ hz })).toThrow("HZ is");
  });
});

describe("conversions", () => {
  const milliseconds = fc.oneof(fc.nat(10_000), fc.nat(0x7fff_ffff));

  test.each([100, 250, 1000])("HZ=%i: msecs_to_jiffies is the exact ceiling", (hz) => {
    const { msecs_to_jiffies } = timeUnits(hz, 64);
    fc.assert(
      fc.property(milliseconds, (m) => {
        const ceiling = (BigInt(m) * BigInt(hz) + 999n) / 1000n;
        expect(BigInt(msecs_to_jiffies(m))).toBe(ceiling);
      }),
    );
  });

  test.each([300, 24, 128, 256, 1024, 1200])("HZ=%i: the ceiling, or one above for long times", (hz) => {
    const { msecs_to_jiffies, usecs_to_jiffies, jiffies_to_usecs } = timeUnits(hz, 64);
    fc.assert(
      fc.property(milliseconds, (m) => {
        // In units of a jiffy / 1000: never short; the ceiling up to a minute, one more at most beyond.
        const excess = BigInt(msecs_to_jiffies(m)) * 1000n - BigInt(m) * BigInt(hz);
        expect(excess >= 0n && excess < (m <= 60_000 ? 1000n : 2000n)).toBe(true);
        // What exceeds MAX_JIFFY_OFFSET in microseconds is for ever; the kernel cuts that limit to 32 bits first.
        fc.pre(m <= jiffies_to_usecs(maxJiffyOffset(64)));
        const excessOfMicro = BigInt(usecs_to_jiffies(m)) * 1_000_000n - BigInt(m) * BigInt(hz);
        expect(excessOfMicro >= 0n && excessOfMicro < 2_000_000n).toBe(true);
      }),
    );
  });

  test("HZ=300 in small values: the ceiling", () => {
    const { msecs_to_jiffies, jiffies_to_msecs, usecs_to_jiffies, jiffies_to_usecs } = timeUnits(300, 64);
    expect([1, 3, 4, 10, 1000, 60_000].map(msecs_to_jiffies)).toEqual([1, 1, 2, 3, 300, 18_000]);
    // DIV_ROUND_UP since 4.19: one jiffy is 3.33 ms.
    expect([0, 1, 2, 3, 300].map(jiffies_to_msecs)).toEqual([0, 4, 7, 10, 1000]);
    expect([0, 1, 3].map(jiffies_to_usecs)).toEqual([0, 3333, 10_000]);
    expect([1, 3333, 3334, 10_000].map(usecs_to_jiffies)).toEqual([1, 1, 2, 3]);
  });

  test("the constants for HZ=300 are those that kernel/timeconst.pl of 2.6.39 lists", () => {
    expect(reciprocal(1000, 300)).toEqual({ mul: 0xd555_5556n, adj: 0x2aaa_aaaan, shr: 30n });
    expect(reciprocal(300, 1000)).toEqual({ mul: 0x9999_999an, adj: 0x1_cccc_ccccn, shr: 33n });
    expect(reciprocal(1_000_000, 300)).toEqual({ mul: 0xd055_5556n, adj: 0xa_aaaan, shr: 20n });
    expect(reciprocal(300, 1_000_000)).toEqual({ mul: 0x9d49_5183n, adj: 0x7ff_cb92_3a29n, shr: 43n });
  });

  test("negative milliseconds are MAX_JIFFY_OFFSET", () => {
    expect(timeUnits(250, 64).msecs_to_jiffies(-1)).toBe(0x3fff_ffff_ffff_fffen);
    expect(timeUnits(300, 32).msecs_to_jiffies(0x8000_0000)).toBe(0x3fff_fffe);
    expect(timeUnits(2000, 64).msecs_to_jiffies(5)).toBe(10);
  });

  test("jiffies_to_msecs is cut to unsigned int", () => {
    expect(timeUnits(250, 64).jiffies_to_msecs(2 ** 30)).toBe(0);
    expect(timeUnits(250, 32).jiffies_to_msecs(15_000)).toBe(60_000);
    // The reciprocal is rounded up and the product again: a 32-bit kernel with HZ=300 says 11, a 64-bit one 10.
    expect(timeUnits(300, 32).jiffies_to_msecs(3)).toBe(11);
    expect(timeUnits(250, 64).usecs_to_jiffies(4001)).toBe(2);
  });

  test("round_jiffies goes to full seconds, down in the first quarter only, never into the past", () => {
    const clock = new Clock({ hz: 1000, startTick: 5000 });
    expect(round_jiffies(clock, 7249)).toBe(7000);
    expect(round_jiffies(clock, 7250)).toBe(8000);
    expect(round_jiffies_up(clock, 7249)).toBe(8000);
    expect(round_jiffies(clock, 5100)).toBe(5100);
    expect(round_jiffies_relative(clock, 2400)).toBe(3000);
    expect(round_jiffies(clock, 7300, 2)).toBe(7994);
    const narrow = new Clock({ hz: 250, longBits: 32 });
    // Across the wrap the value is rounded as an unsigned long, and so is the relative one.
    expect(round_jiffies_relative(narrow, 75_240)).toBe(75_250);
  });
});
