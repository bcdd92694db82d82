/**
 * The kernel's clocks and their units.
 */
import type { TimeUnit } from "./fact.ts";

/** Variables that are clocks (include/linux/jiffies.h; CURRENT_TIME until 4.12). */
const CLOCK_VARIABLES: ReadonlyMap<string, TimeUnit> = new Map([
  ["jiffies", "jiffies"],
  ["jiffies_64", "jiffies"],
  ["tcp_jiffies32", "jiffies"],
  ["CURRENT_TIME", "s"],
  ["CURRENT_TIME_SEC", "s"],
]);

/** Functions that read a clock (include/linux/timekeeping.h, sched/clock.h, jiffies.h, old include/linux/time.h). */
const CLOCK_FUNCTIONS: ReadonlyMap<string, TimeUnit> = new Map([
  ["get_jiffies_64", "jiffies"],
  ["get_seconds", "s"],
  ["ktime_get_seconds", "s"],
  ["ktime_get_real_seconds", "s"],
  ["ktime_get_boottime_seconds", "s"],
  ["ktime_get_clocktai_seconds", "s"],
  ["ktime_get", "ns"],
  ["ktime_get_real", "ns"],
  ["ktime_get_boottime", "ns"],
  ["ktime_get_raw", "ns"],
  ["ktime_get_coarse", "ns"],
  ["ktime_get_coarse_real", "ns"],
  ["ktime_get_coarse_boottime", "ns"],
  ["ktime_get_clocktai", "ns"],
  ["ktime_get_ns", "ns"],
  ["ktime_get_real_ns", "ns"],
  ["ktime_get_boottime_ns", "ns"],
  ["ktime_get_raw_ns", "ns"],
  ["ktime_get_coarse_ns", "ns"],
  ["ktime_get_mono_fast_ns", "ns"],
  ["ktime_get_real_fast_ns", "ns"],
  ["ktime_get_boot_fast_ns", "ns"],
  ["ktime_get_clocktai_ns", "ns"],
  ["current_time", "s"],
  ["current_fs_time", "s"],
  ["current_kernel_time", "s"],
  ["local_clock", "ns"],
  ["sched_clock", "ns"],
]);

/** Functions that store a clock through a pointer argument: name -> argument index. */
export const CLOCK_STORES: ReadonlyMap<string, number> = new Map([
  ["ktime_get_ts64", 0],
  ["ktime_get_ts", 0],
  ["ktime_get_real_ts64", 0],
  ["ktime_get_real_ts", 0],
  ["ktime_get_coarse_ts64", 0],
  ["ktime_get_coarse_real_ts64", 0],
  ["ktime_get_boottime_ts64", 0],
  ["ktime_get_raw_ts64", 0],
  ["ktime_get_clocktai_ts64", 0],
  ["getnstimeofday", 0],
  ["getnstimeofday64", 0],
  ["do_gettimeofday", 0],
]);

export const CLOCK_NAMES: readonly string[] = [...CLOCK_VARIABLES.keys()];
export const CLOCK_CALLS: readonly string[] = [...CLOCK_FUNCTIONS.keys()];

/** The clock that a term's symbol is, with its unit; null when it is none. */
export function clockOf(symbol: string): { readonly name: string; readonly unit: TimeUnit } | null {
  const variable = CLOCK_VARIABLES.get(symbol);
  if (variable !== undefined) return { name: symbol, unit: variable };
  const call = /^(\w+)\s*\(/.exec(symbol)?.[1];
  const unit = call === undefined ? undefined : CLOCK_FUNCTIONS.get(call);
  return unit === undefined ? null : { name: `${call}()`, unit };
}
