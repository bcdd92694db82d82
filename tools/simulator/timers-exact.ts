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
import { Heap } from "./heap.ts";
import type { Int64 } from "./integers.ts";
import type { TimerBase, TimerList } from "./timers.ts";
import type { TraceListener } from "./trace.ts";

/** apply_slack() with the default slack of -1: `expires` and the result as ticks. */
export function applySlack(expiresTick: number, nowTick: number): number {
  const delta = expiresTick - nowTick;
  if (delta < 256) return expiresTick;
  const limit = expiresTick + Math.floor(delta / 256);
  // The highest bit in which the two differ: below it, the limit is cleared.
  let span = 1;
  while (Math.floor(expiresTick / span) !== Math.floor(limit / span)) span *= 2;
  const kept = Math.max(span / 2, 1);
  return Math.floor(limit / kept) * kept;
}

export class ExactTimers implements TimerBase {
  private readonly pending = new Heap<TimerList>();
  private sequence = 0;

  constructor(
    readonly clock: Clock,
    private readonly trace: TraceListener | null,
    readonly kind: "exact" | "slack",
  ) {}

  get nextTick(): number {
    return this.pending.nextTick;
  }

  modify(timer: TimerList, wanted: Int64, mayAddSlack: boolean): 0 | 1 {
    if (timer.func === null) throw new SimulationFault("bug-on", `timer ${timer.name} has no function`);
    const { clock, pending } = this;
    const next = clock.tick + 1;
    const expires = mayAddSlack && this.kind === "slack" ? this.slackened(wanted) : wanted;
    const wasPending = timer.heapIndex >= 0;
    if (wasPending) {
      if (timer.expires === expires) return 1;
      pending.remove(timer);
    }
    timer.expires = expires;
    timer.tick = Math.max(clock.tickOf(expires, next), next);
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

  cancel(timer: TimerList): void {
    this.pending.remove(timer);
    this.trace?.({ tick: this.clock.tick, kind: "timer-cancel", timer: timer.name });
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
      timer.func?.(timer);
      count++;
    }
  }
}
