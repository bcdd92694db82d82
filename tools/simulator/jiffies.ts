/**
 * Comparisons of jiffies: include/linux/jiffies.h, time_after() and its kin. They look at the sign of the difference,
 * so that they hold across the wrap.
 *
 * The names with 64 and 32 are the kernel's own for fixed widths. Plain `time_after` compares unsigned long:
 * generated code imports the pair for its width, `import { time_after64 as time_after }`, or takes the set from
 * jiffiesComparisons().
 */
import { type Int64, ltS64, sub64 } from "./integers.ts";
import { isLater, requireFixed } from "./phase.ts";

export function time_after64(a: Int64, b: Int64): boolean {
  // Two safe integers are less than 2^63 apart: no wrap between them.
  if (typeof a === "number" && typeof b === "number") return isLater(a, b);
  return ltS64(sub64(b, a), 0);
}

export function time_before64(a: Int64, b: Int64): boolean {
  return time_after64(b, a);
}

/** Not the negation of time_before64: 2^63 apart, both differences are negative. */
export function time_after_eq64(a: Int64, b: Int64): boolean {
  if (typeof a === "number" && typeof b === "number") return !isLater(b, a);
  return !ltS64(sub64(a, b), 0);
}

export function time_before_eq64(a: Int64, b: Int64): boolean {
  return time_after_eq64(b, a);
}

/** Whether a is in [b, c]. */
export function time_in_range64(a: Int64, b: Int64, c: Int64): boolean {
  return time_after_eq64(a, b) && time_before_eq64(a, c);
}

/** Whether a is in [b, c). */
export function time_in_range_open64(a: Int64, b: Int64, c: Int64): boolean {
  return time_after_eq64(a, b) && time_before64(a, c);
}

/** (s32)(a - b). */
function difference32(a: Int64, b: Int64): number {
  requireFixed(a, "a comparison in 32 bits");
  requireFixed(b, "a comparison in 32 bits");
  return (Number(a) - Number(b)) | 0;
}

export function time_after32(a: Int64, b: Int64): boolean {
  return difference32(b, a) < 0;
}

export function time_before32(a: Int64, b: Int64): boolean {
  return time_after32(b, a);
}

export function time_after_eq32(a: Int64, b: Int64): boolean {
  return difference32(a, b) >= 0;
}

export function time_before_eq32(a: Int64, b: Int64): boolean {
  return time_after_eq32(b, a);
}

export function time_in_range32(a: Int64, b: Int64, c: Int64): boolean {
  return time_after_eq32(a, b) && time_before_eq32(a, c);
}

export function time_in_range_open32(a: Int64, b: Int64, c: Int64): boolean {
  return time_after_eq32(a, b) && time_before32(a, c);
}

/** time_between32(t, l, h): whether t is in [l, h], by distances from l. */
export function time_between32(t: number, l: number, h: number): boolean {
  return difference32(h, l) >>> 0 >= difference32(t, l) >>> 0;
}

/** The comparisons of unsigned long under their plain names. */
export interface JiffiesComparisons {
  readonly time_after: (a: Int64, b: Int64) => boolean;
  readonly time_before: (a: Int64, b: Int64) => boolean;
  readonly time_after_eq: (a: Int64, b: Int64) => boolean;
  readonly time_before_eq: (a: Int64, b: Int64) => boolean;
  readonly time_in_range: (a: Int64, b: Int64, c: Int64) => boolean;
  readonly time_in_range_open: (a: Int64, b: Int64, c: Int64) => boolean;
}

const COMPARISONS: Readonly<Record<32 | 64, JiffiesComparisons>> = {
  32: {
    time_after: time_after32,
    time_before: time_before32,
    time_after_eq: time_after_eq32,
    time_before_eq: time_before_eq32,
    time_in_range: time_in_range32,
    time_in_range_open: time_in_range_open32,
  },
  64: {
    time_after: time_after64,
    time_before: time_before64,
    time_after_eq: time_after_eq64,
    time_before_eq: time_before_eq64,
    time_in_range: time_in_range64,
    time_in_range_open: time_in_range_open64,
  },
};

/** The comparisons of unsigned long on a machine whose long has that many bits. */
export function jiffiesComparisons(longBits: 32 | 64): JiffiesComparisons {
  return COMPARISONS[longBits];
}
