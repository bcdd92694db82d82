/** Rounding to whole seconds, so that timers which may be late fire together: kernel/time/timer.c, round_jiffies(). */
import type { Clock } from "./clock.ts";
import { add64, type Int64, modU64, sub64, toS32 } from "./integers.ts";
import { jiffiesComparisons } from "./jiffies.ts";

/** round_jiffies_common(): to the nearest second, down only within the first quarter; `cpu` skews by 3 jiffies each. */
function roundCommon(clock: Clock, original: Int64, cpu: number, forceUp: boolean): Int64 {
  const skew = 3 * cpu;
  const skewed = clock.toUnsignedLong(add64(original, skew));
  const rem = toS32(modU64(skewed, clock.hz));
  const down = rem < Math.trunc(clock.hz / 4) && !forceUp;
  const rounded = clock.toUnsignedLong(sub64(sub64(skewed, rem), down ? skew : skew - clock.hz));
  // time_is_after_jiffies(j): a value that rounding put into the past is left alone.
  return jiffiesComparisons(clock.longBits).time_before(clock.jiffies, rounded) ? rounded : original;
}

function roundRelative(clock: Clock, delta: Int64, cpu: number, forceUp: boolean): Int64 {
  const target = roundCommon(clock, clock.jiffiesPlus(delta), cpu, forceUp);
  return clock.toUnsignedLong(sub64(target, clock.jiffies));
}

/** An absolute time in jiffies, rounded. */
export function round_jiffies(clock: Clock, j: Int64, cpu = 0): Int64 {
  return roundCommon(clock, j, cpu, false);
}

/** A delay in jiffies, rounded so that it ends on a full second. */
export function round_jiffies_relative(clock: Clock, j: Int64, cpu = 0): Int64 {
  return roundRelative(clock, j, cpu, false);
}

export function round_jiffies_up(clock: Clock, j: Int64, cpu = 0): Int64 {
  return roundCommon(clock, j, cpu, true);
}

export function round_jiffies_up_relative(clock: Clock, j: Int64, cpu = 0): Int64 {
  return roundRelative(clock, j, cpu, true);
}
