/**
 * Conversions between jiffies, milliseconds and microseconds: kernel/time/time.c and include/linux/jiffies.h.
 *
 * Where 1000 is a multiple of HZ the kernel divides and rounds up; where it is not (HZ=300) it multiplies with a
 * reciprocal from kernel/time/timeconst.bc, which rounds up as well and can overshoot by one (3 jiffies are 11 ms on a
 * 32-bit kernel with HZ=300). Both are transcribed, not idealised.
 */
import { maxJiffyOffset } from "./clock.ts";
import { fromBigInt, type Int64, toU32, toUnsignedBigInt } from "./integers.ts";

const MSEC_PER_SEC = 1000;
const USEC_PER_SEC = 1_000_000;

/** Multiplication, adjustment and shift that stand for a division. */
interface Reciprocal {
  readonly mul: bigint;
  readonly adj: bigint;
  readonly shr: bigint;
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

/** fmuls(32, n, d), fmul(s, n, d) and fadj(s, n, d) of kernel/time/timeconst.bc. */
export function reciprocal(numerator: number, denominator: number): Reciprocal {
  const n = BigInt(numerator);
  const d = BigInt(denominator);
  for (let shr = 0n; ; shr++) {
    const mul = ((1n << shr) * n + d - 1n) / d;
    if (mul < 1n << 31n) continue;
    const reduced = d / gcd(n, d);
    return { mul, adj: ((1n << shr) * (reduced - 1n)) / reduced, shr };
  }
}

/** The conversions for one HZ and one width of long, under the kernel's names. */
export interface TimeUnits {
  /** Milliseconds (unsigned int) to jiffies (unsigned long), rounded up; negative as int: MAX_JIFFY_OFFSET. */
  readonly msecs_to_jiffies: (msecs: Int64) => Int64;
  /** Microseconds (unsigned int) to jiffies (unsigned long), rounded up. */
  readonly usecs_to_jiffies: (usecs: Int64) => Int64;
  /** Jiffies (unsigned long) to milliseconds, cut to unsigned int. Since 4.19 rounded up where HZ needs rounding. */
  readonly jiffies_to_msecs: (jiffies: Int64) => number;
  /** Jiffies (unsigned long) to microseconds, cut to unsigned int. */
  readonly jiffies_to_usecs: (jiffies: Int64) => number;
}

function scaled(value: bigint, { mul, shr }: Reciprocal, addend: bigint): bigint {
  return BigInt.asUintN(64, mul * value + addend) >> shr;
}

function jiffiesToMsecs(hz: number, longBits: 32 | 64): (jiffies: Int64) => number {
  const wrap = (value: bigint): bigint => BigInt.asUintN(longBits, value);
  if (MSEC_PER_SEC % hz === 0) {
    const factor = BigInt(MSEC_PER_SEC / hz);
    return (jiffies) => Number(BigInt.asUintN(32, factor * toUnsignedBigInt(jiffies)));
  }
  if (hz % MSEC_PER_SEC === 0) {
    const divisor = BigInt(hz / MSEC_PER_SEC);
    return (jiffies) => Number(BigInt.asUintN(32, wrap(toUnsignedBigInt(jiffies) + divisor - 1n) / divisor));
  }
  if (longBits === 32) {
    const toMsec = reciprocal(MSEC_PER_SEC, hz);
    const roundUp = (1n << toMsec.shr) - 1n;
    return (jiffies) => Number(BigInt.asUintN(32, scaled(toUnsignedBigInt(jiffies), toMsec, roundUp)));
  }
  const common = gcd(BigInt(hz), BigInt(MSEC_PER_SEC));
  const numerator = BigInt(MSEC_PER_SEC) / common;
  const denominator = BigInt(hz) / common;
  // DIV_ROUND_UP in unsigned long.
  return (jiffies) => {
    const dividend = wrap(wrap(toUnsignedBigInt(jiffies) * numerator) + denominator - 1n);
    return Number(BigInt.asUintN(32, dividend / denominator));
  };
}

function jiffiesToUsecs(hz: number, longBits: 32 | 64): (jiffies: Int64) => number {
  if (USEC_PER_SEC % hz === 0) {
    const factor = BigInt(USEC_PER_SEC / hz);
    return (jiffies) => Number(BigInt.asUintN(32, factor * toUnsignedBigInt(jiffies)));
  }
  if (longBits === 32) {
    const toUsec = reciprocal(USEC_PER_SEC, hz);
    return (jiffies) => Number(BigInt.asUintN(32, scaled(toUnsignedBigInt(jiffies), toUsec, 0n)));
  }
  const common = gcd(BigInt(hz), BigInt(USEC_PER_SEC));
  const numerator = BigInt(USEC_PER_SEC) / common;
  const denominator = BigInt(hz) / common;
  return (jiffies) =>
    Number(BigInt.asUintN(32, BigInt.asUintN(64, toUnsignedBigInt(jiffies) * numerator) / denominator));
}

function msecsToJiffies(hz: number, longBits: 32 | 64, toMsecs: (jiffies: Int64) => number): (msecs: Int64) => Int64 {
  const infinite = maxJiffyOffset(longBits);
  const limit = hz > MSEC_PER_SEC ? toMsecs(infinite) : Number.POSITIVE_INFINITY;
  const toHz = reciprocal(hz, MSEC_PER_SEC);
  return (msecs) => {
    const m = toU32(msecs);
    if (m >= 0x8000_0000 || m > limit) return infinite;
    if (MSEC_PER_SEC % hz === 0) return Math.ceil(m / (MSEC_PER_SEC / hz));
    if (hz % MSEC_PER_SEC === 0) return longBits === 32 ? (m * (hz / MSEC_PER_SEC)) >>> 0 : m * (hz / MSEC_PER_SEC);
    return fromBigInt(BigInt.asUintN(longBits, scaled(BigInt(m), toHz, toHz.adj)));
  };
}

function usecsToJiffies(hz: number, longBits: 32 | 64, toUsecs: (jiffies: Int64) => number): (usecs: Int64) => Int64 {
  const infinite = maxJiffyOffset(longBits);
  const limit = toUsecs(infinite);
  const toHz = reciprocal(hz, USEC_PER_SEC);
  return (usecs) => {
    const u = toU32(usecs);
    if (u > limit) return infinite;
    if (USEC_PER_SEC % hz === 0) {
      const divisor = USEC_PER_SEC / hz;
      // unsigned int + long is unsigned int where long has 32 bits, and may wrap there.
      const sum = u + divisor - 1;
      return Math.floor((longBits === 32 ? sum >>> 0 : sum) / divisor);
    }
    return fromBigInt(BigInt.asUintN(longBits, scaled(BigInt(u), toHz, toHz.adj)));
  };
}

const made = new Map<string, TimeUnits>();

/** The conversions for HZ and a width of long; made once, since a sweep creates thousands of simulations. */
export function timeUnits(hz: number, longBits: 32 | 64): TimeUnits {
  const key = `${hz}/${longBits}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const jiffies_to_msecs = jiffiesToMsecs(hz, longBits);
  const jiffies_to_usecs = jiffiesToUsecs(hz, longBits);
  const units: TimeUnits = {
    msecs_to_jiffies: msecsToJiffies(hz, longBits, jiffies_to_msecs),
    usecs_to_jiffies: usecsToJiffies(hz, longBits, jiffies_to_usecs),
    jiffies_to_msecs,
    jiffies_to_usecs,
  };
  made.set(key, units);
  return units;
}
