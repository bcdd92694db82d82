/**
 * The kernel's clock: a counter of ticks, and jiffies as the kernel's unsigned long shows it.
 *
 * Inside the simulator a time is a *tick*: jiffies_64 as a signed residue, a plain number that only grows. The kernel
 * variable `jiffies` is its low 32 bits where long has 32 (include/linux/jiffies.h), the whole of it where long has
 * 64. The counter starts at INITIAL_JIFFIES, 300 s before the low 32 bits wrap.
 */
import { SimulationFault } from "./fault.ts";
import { add64, type Int64, sub64, toS32 } from "./integers.ts";
import { keepLater, MAX_SHIFTING, requireFixed } from "./phase.ts";

export interface ClockOptions {
  /** Ticks per second: CONFIG_HZ. */
  readonly hz: number;
  /** Width of long; 64 when absent. */
  readonly longBits?: 32 | 64;
  /** jiffies_64 at the start as a signed residue: -n is n ticks before the 64-bit wrap. INITIAL_JIFFIES when absent. */
  readonly startTick?: number;
}

/** INITIAL_JIFFIES of include/linux/jiffies.h: (unsigned long)(unsigned int)(-300*HZ). */
export function initialJiffies(hz: number): number {
  return (-300 * hz) >>> 0;
}

export class Clock {
  readonly hz: number;
  readonly longBits: 32 | 64;
  readonly startTick: number;
  /** jiffies_64. */
  tick: number;
  /** jiffies, the kernel's unsigned long. */
  jiffies: number;

  constructor(options: ClockOptions) {
    // include/linux/jiffies.h, SHIFT_HZ: "#error Invalid value of HZ." outside 12 to 12287.
    if (!Number.isInteger(options.hz) || options.hz < 12 || options.hz > 12_287) {
      throw new SimulationFault("bad-configuration", `HZ is ${options.hz}, not an integer from 12 to 12287`);
    }
    this.hz = options.hz;
    this.longBits = options.longBits ?? 64;
    this.startTick = options.startTick ?? initialJiffies(this.hz);
    if (!Number.isSafeInteger(this.startTick)) {
      throw new SimulationFault("bad-configuration", `the start tick ${this.startTick} is not a safe integer`);
    }
    this.tick = this.startTick;
    this.jiffies = this.longBits === 32 ? this.tick >>> 0 : this.tick;
  }

  /**
   * Sets the clock to the next tick at which something happens. In a run over phases this is what keeps the order of
   * events: each tick stays later than the one before at every phase of the range, so all do, and what falls on one
   * tick has one slope and falls on one tick at every phase. What is pending and never reached is compared where it
   * is taken out, or where the run ends.
   */
  advanceTo(tick: number): void {
    keepLater(tick - this.tick);
    if (this.longBits === 32) requireFixed(tick, "jiffies of 32 bits");
    this.tick = tick;
    this.jiffies = this.longBits === 32 ? tick >>> 0 : tick;
  }

  /** Seconds since the start of the simulation. */
  get seconds(): number {
    requireFixed(this.tick, "seconds");
    return (this.tick - this.startTick) / this.hz;
  }

  /** A value as unsigned long of this machine. */
  toUnsignedLong(value: Int64): Int64 {
    return this.longBits === 32 ? toS32(value) >>> 0 : value;
  }

  /** jiffies + delay in unsigned long. */
  jiffiesPlus(delay: Int64): Int64 {
    if (typeof delay === "number") {
      const sum = this.jiffies + delay;
      // Where the sum is no integer, or so large that a fraction may have been rounded off, add64() knows.
      if (Math.floor(sum) === sum && sum < MAX_SHIFTING) return this.longBits === 32 ? sum >>> 0 : sum;
    }
    return this.toUnsignedLong(add64(this.jiffies, delay));
  }

  /**
   * The tick that a value of jiffies names, seen from the tick `from`: by signed difference, as the kernel compares.
   * What lies beyond the safe range is so far off that nothing can tell; it is cut to the nearest safe number.
   */
  tickOf(jiffies: Int64, from: number): number {
    if (this.longBits === 32) return from + ((toS32(jiffies) - from) | 0);
    if (typeof jiffies === "number") return jiffies;
    const distance = sub64(jiffies, from);
    if (typeof distance === "number") return Math.min(from + distance, Number.MAX_SAFE_INTEGER);
    return distance < 0 ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  }
}

/** MAX_SCHEDULE_TIMEOUT (include/linux/sched.h): LONG_MAX, "for ever". */
export function maxScheduleTimeout(longBits: 32 | 64): Int64 {
  return longBits === 32 ? 0x7fff_ffff : 0x7fff_ffff_ffff_ffffn;
}

/** MAX_JIFFY_OFFSET (include/linux/jiffies.h): (LONG_MAX >> 1) - 1. */
export function maxJiffyOffset(longBits: 32 | 64): Int64 {
  return longBits === 32 ? 0x3fff_fffe : 0x3fff_ffff_ffff_fffen;
}
