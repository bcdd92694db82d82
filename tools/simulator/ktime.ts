/** Time in nanoseconds: include/linux/ktime.h. The clock has nothing finer than a jiffy, and so has this. */
import { add64, divS64, divU64, type Int64, mul64, sub64 } from "./integers.ts";
import type { Simulation } from "./simulation.ts";

const NSEC_PER_SEC = 1_000_000_000;

/** ktime_get(): since boot. */
export function ktime_get(kernel: Simulation): Int64 {
  return mul64(kernel.clock.tick, Math.floor(NSEC_PER_SEC / kernel.hz));
}

/** nsecs_to_jiffies(), where HZ divides a second: kernel/time/time.c. */
export function nsecs_to_jiffies(kernel: Simulation, n: Int64): Int64 {
  return divU64(n, Math.floor(NSEC_PER_SEC / kernel.hz));
}

export function ktime_set(secs: Int64, nsecs: Int64): Int64 {
  return add64(mul64(secs, NSEC_PER_SEC), nsecs);
}

export const ktime_add = add64;
export const ktime_sub = sub64;

export function ktime_to_ns(kt: Int64): Int64 {
  return kt;
}

export function ktime_to_us(kt: Int64): Int64 {
  return divS64(kt, 1000);
}

export function ktime_to_ms(kt: Int64): Int64 {
  return divS64(kt, 1_000_000);
}

export function ktime_us_delta(later: Int64, earlier: Int64): Int64 {
  return ktime_to_us(ktime_sub(later, earlier));
}
