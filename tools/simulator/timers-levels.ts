/**
 * Timers since 4.8 (kernel/time/timer.c): a wheel of 9 levels (8 where HZ <= 100) of 64 buckets, each level 8 times
 * coarser than the one below, without cascading. A timer expires when its bucket does: at the next multiple of its
 * level's granularity above `expires`, so always later than `expires`, by one granule at most.
 *
 * The bucket's expiry is known when the timer is armed, so the pending timers are kept in a heap by it; what depends
 * on the wheel (levels, buckets, the order within a tick) is computed as the kernel does:
 * - forward_timer_base(): base->clk is jiffies, or one ahead of it once a bucket of this tick was run.
 * - calc_index(): `(expires >> LVL_SHIFT(lvl)) + 1` in 6.1.192 and later, `(expires + LVL_GRAN(lvl)) >> LVL_SHIFT(lvl)`
 *   up to 5.15; the same buckets, at the wrap too.
 * - __run_timers() expires the highest level first, and each bucket from the timer added last (hlist_add_head()).
 * - mod_timer() into the bucket that the timer is in already only sets `expires`. During expiry this can make a
 *   timer that is due at the same tick, and is re-armed for 63 ticks later by a function that runs before its own,
 *   expire at once: its bucket has the same index. The kernel does so, too.
 *
 * Not followed, since it depends on when the CPU is idle: base->clk is also one ahead of jiffies at the tick of a timer
 * that was taken out on a busy CPU, and before 5.9 at any tick on a busy CPU, and one behind after some idle phases.
 * That moves the border between two levels (a delay of 63 * 8^n jiffies) by one jiffy. Nor followed: before 5.8 a delay
 * for the last level (1.5 days and more at HZ=1000) was cut to an absolute value and could expire early (e2a71bdea816).
 */
import type { Clock } from "./clock.ts";
import { SimulationFault } from "./fault.ts";
import { eq64, type Int64 } from "./integers.ts";
import { PendingTimers } from "./pending-timers.ts";
import { baseOf, holdWithin, isLater, isShifting, movingQuotient, phaseDependent } from "./phase.ts";
import { expire, type TimerBase, type TimerList } from "./timers.ts";
import type { TraceListener } from "./trace.ts";

const LVL_CLK_SHIFT = 3;
const LVL_BITS = 6;
const LVL_SIZE = 2 ** LVL_BITS;
const LVL_MASK = LVL_SIZE - 1;
const MAX_DEPTH = 9;

/** LVL_GRAN(n): ticks between two buckets of level n. */
const LVL_GRAN: readonly number[] = Array.from({ length: MAX_DEPTH }, (_, level) => 2 ** (level * LVL_CLK_SHIFT));
/** LVL_START(n): the least delay that goes to level n. */
const LVL_START: readonly number[] = Array.from({ length: MAX_DEPTH + 1 }, (_, level) =>
  level === 0 ? 0 : (LVL_SIZE - 1) * 2 ** ((level - 1) * LVL_CLK_SHIFT),
);

/** LVL_DEPTH. */
export function levelDepth(hz: number): 8 | 9 {
  return hz > 100 ? 9 : 8;
}

/** The granularity, in ticks, of a timer armed for `delayTicks` after base->clk. */
export function granularityTicks(hz: number, delayTicks: number): number {
  return LVL_GRAN[levelOf(delayTicks, levelDepth(hz))] ?? 1;
}

function levelOf(delayTicks: number, depth: number): number {
  let level = 0;
  while (level < depth - 1 && delayTicks >= (LVL_START[level + 1] ?? 0)) level++;
  return level;
}

/** Where in the wheel a timer goes. */
interface Place {
  readonly level: number;
  /** The bucket within its level; in level 0 it may depend on the phase, as bucketTick does. */
  readonly bucket: number;
  readonly bucketTick: number;
}

/**
 * The place of a timer in a run over phases, as modify() finds it in a plain run: the level is held, and so is the
 * granule, except in level 0, which does not round.
 */
function shiftingPlace(expiresTick: number, clk: number, depth: number): Place {
  if (isLater(clk, expiresTick)) return { level: 0, bucket: shiftingBucket(clk), bucketTick: clk };
  const cutoff = LVL_START[depth] ?? 0;
  const isBeyond = !isLater(cutoff, expiresTick - clk);
  const tick = isBeyond ? clk + cutoff - (LVL_GRAN[depth - 1] ?? 1) : expiresTick;
  const level = levelOf(baseOf(tick - clk), depth);
  const nextStart = level < depth - 1 ? (LVL_START[level + 1] ?? 0) : Number.POSITIVE_INFINITY;
  holdWithin(tick - clk, LVL_START[level] ?? 0, nextStart - 1);
  const granule = LVL_GRAN[level] ?? 1;
  const granules = (level === 0 ? tick : movingQuotient(tick, granule)) + 1;
  return { level, bucket: shiftingBucket(granules), bucketTick: granules * granule };
}

function shiftingBucket(granules: number): number {
  const base = baseOf(granules);
  return (base & LVL_MASK) + (granules - base);
}

/** Whether two buckets, by level and place, are one. */
function isSameBucket(a: number, b: number): boolean {
  // With two slopes they meet at some phases; in two levels they never do.
  if (isShifting(a - b) && baseOf(a) >> LVL_BITS === baseOf(b) >> LVL_BITS) phaseDependent("a bucket of the wheel");
  return a === b;
}

/** Ranks within one tick: overdue buckets, then high levels before low ones, then the timer added last. */
const OVERDUE_RANK = -(2 ** 48);
const LEVEL_RANK = 2 ** 43;

export class LevelTimers extends PendingTimers implements TimerBase {
  readonly kind = "levels";
  private readonly depth: number;
  /** base->clk as __run_timers() left it: one past the bucket that was run last. */
  private clk = Number.NEGATIVE_INFINITY;
  /** Within __run_timers(), where buckets that are due at this very tick are still to come. */
  private isRunning = false;

  constructor(clock: Clock, trace: TraceListener | null) {
    super(clock, trace);
    this.depth = levelDepth(clock.hz);
  }

  modify(timer: TimerList, expires: Int64): 0 | 1 {
    if (timer.func === null) throw new SimulationFault("bug-on", `timer ${timer.name} has no function`);
    const wasPending = timer.heapIndex >= 0;
    if (wasPending && eq64(timer.expires, expires)) return 1;
    // At every phase alike: the last bucket's tick is the present one, or before it by one at least (advanceTo()).
    const clk = Math.max(this.clk, this.clock.tick);
    let expiresTick = this.clock.tickOf(expires, clk);
    let level = 0;
    let bucketTick = clk;
    let bucket = clk & LVL_MASK;
    if (isShifting(expiresTick) || isShifting(clk)) {
      ({ level, bucket, bucketTick } = shiftingPlace(expiresTick, clk, this.depth));
    } else if (expiresTick >= clk) {
      const cutoff = LVL_START[this.depth] ?? 0;
      const lastGranule = LVL_GRAN[this.depth - 1] ?? 1;
      if (expiresTick - clk >= cutoff) expiresTick = clk + cutoff - lastGranule;
      level = levelOf(expiresTick - clk, this.depth);
      const granule = LVL_GRAN[level] ?? 1;
      const granules = Math.floor(expiresTick / granule) + 1;
      bucketTick = granules * granule;
      bucket = granules & LVL_MASK;
    }
    const index = level * LVL_SIZE + bucket;
    if (wasPending) {
      if (isSameBucket(index, timer.bucketIndex)) {
        timer.expires = expires;
        return 1;
      }
      this.remove(timer);
    }
    timer.expires = expires;
    timer.bucketIndex = index;
    this.enqueue(timer, level, bucketTick);
    return wasPending ? 1 : 0;
  }

  private enqueue(timer: TimerList, level: number, bucketTick: number): void {
    const now = this.clock.tick;
    // Once the softirq of the present tick is over, what is due now is run by the next, before all else.
    const isOverdue = !isLater(bucketTick, now) && !this.isRunning;
    timer.bucketTick = bucketTick;
    timer.tick = isOverdue ? now + 1 : bucketTick;
    timer.rank = (MAX_DEPTH - level) * LEVEL_RANK - this.sequence++ + (isOverdue ? OVERDUE_RANK : 0);
    this.pending.push(timer);
    this.trace?.({ tick: now, kind: "timer-start", timer: timer.name, firesAtTick: timer.tick });
  }

  run(): number {
    const { clock, pending } = this;
    const now = clock.tick;
    let count = 0;
    this.isRunning = true;
    for (;;) {
      const timer = pending.peek();
      if (timer === undefined || timer.tick > now) break;
      pending.remove(timer);
      this.clk = timer.bucketTick + 1;
      this.trace?.({ tick: now, kind: "timer-expire", timer: timer.name });
      expire(timer);
      count++;
    }
    this.isRunning = false;
    return count;
  }
}
