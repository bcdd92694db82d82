/**
 * Timers before 4.8 (kernel/timer.c, kernel/time/timer.c): expired at the first tick that is not before `expires`,
 * and at the next tick when that has passed, since base->timer_jiffies is one ahead of jiffies once a tick was run.
 *
 * From 2.6.35 to 4.7 mod_timer() and add_timer() first move `expires` by apply_slack(): up to 1/256 of the delay,
 * to the roundest number on the way. Delayed work goes through add_timer(), so 60 s become 60.16 s at HZ=250;
 * schedule_timeout() goes through __mod_timer() and stays exact.
 *
 * Timers of one tick expire in the order in which they were armed. The kernel's order differs where one of them came
 * down from an outer wheel by cascade() and the other did not; both happen within the tick.
 */
import type { Clock } from "./clock.ts";
import { SimulationFault } from "./fault.ts";
import { eq64, type Int64 } from "./integers.ts";
import { PendingTimers } from "./pending-timers.ts";
import { baseOf, floorQuotient, holdWithin, isLater, isShifting, latest, phaseDependent } from "./phase.ts";
import { expire, type TimerBase, type TimerList } from "./timers.ts";
import type { TraceListener } from "./trace.ts";

/**
 * apply_slack() with the default slack of -1: `expires` and the result as ticks. In a run over phases the result is
 * an integer where slack was added, and the range ends where it would be another one.
 */
export function applySlack(expiresTick: number, nowTick: number): number {
  const delta = expiresTick - nowTick;
  if (isLater(256, delta)) return expiresTick;
  const slack = floorQuotient(delta, 256);
  const rounded = roundest(baseOf(expiresTick), slack);
  if (isShifting(expiresTick)) holdRoundest(expiresTick, slack, rounded);
  return rounded;
}

/**
 * Keeps `rounded` the result for expiresTick. It is the number in (expires, expires + slack] that the highest power
 * of two divides: the limit without the bits below the highest one in which it differs from expires. There is one
 * such number, for between two that 2^n divides lies one that 2^(n+1) divides. So it stays the result as long as it
 * is in the interval and neither of its neighbours at a distance of its own power of two is: of the numbers that a
 * higher power divides those are the nearest.
 */
function holdRoundest(expiresTick: number, slack: number, rounded: number): void {
  if (rounded === 0) phaseDependent("slack across tick 0");
  let power = 1;
  while (rounded % (2 * power) === 0) power *= 2;
  holdWithin(expiresTick, Math.max(rounded - slack, rounded - power), Math.min(rounded, rounded + power - slack) - 1);
}

/** The number on the way from expiresTick to expiresTick + slack (1 at least) with most zero bits at its end. */
function roundest(expiresTick: number, slack: number): number {
  const limit = expiresTick + slack;
  // The highest bit in which the two differ: below it, the limit is cleared.
  let span = 1;
  while (Math.floor(expiresTick / span) !== Math.floor(limit / span)) span *= 2;
  const kept = Math.max(span / 2, 1);
  return Math.floor(limit / kept) * kept;
}

export class ExactTimers extends PendingTimers implements TimerBase {
  constructor(
    clock: Clock,
    trace: TraceListener | null,
    readonly kind: "exact" | "slack",
  ) {
    super(clock, trace);
  }

  modify(timer: TimerList, wanted: Int64, mayAddSlack: boolean): 0 | 1 {
    if (timer.func === null) throw new SimulationFault("bug-on", `timer ${timer.name} has no function`);
    const { clock, pending } = this;
    const next = clock.tick + 1;
    const expires = mayAddSlack && this.kind === "slack" ? this.slackened(wanted) : wanted;
    const wasPending = timer.heapIndex >= 0;
    if (wasPending) {
      if (eq64(timer.expires, expires)) return 1;
      this.remove(timer);
    }
    timer.expires = expires;
    timer.tick = latest(clock.tickOf(expires, next), next);
    timer.rank = this.sequence++;
    pending.push(timer);
    this.trace?.({ tick: clock.tick, kind: "timer-start", timer: timer.name, firesAtTick: timer.tick });
    return wasPending ? 1 : 0;
  }

  private slackened(expires: Int64): Int64 {
    const { clock } = this;
    const tick = clock.tickOf(expires, clock.tick);
    const moved = applySlack(tick, clock.tick);
    // Beyond safe integers slack is below the number's own grain, and the timer never expires anyway.
    return Number.isSafeInteger(moved) && moved !== tick ? clock.toUnsignedLong(moved) : expires;
  }

  run(): number {
    const { clock, pending } = this;
    const now = clock.tick;
    let count = 0;
    for (;;) {
      const timer = pending.peek();
      if (timer === undefined || timer.tick > now) return count;
      pending.remove(timer);
      this.trace?.({ tick: now, kind: "timer-expire", timer: timer.name });
      expire(timer);
      count++;
    }
  }
}
