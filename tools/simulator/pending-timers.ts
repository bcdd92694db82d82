/** What all kinds of timers share: the pending ones, in the order in which they expire, and how one is taken out. */
import type { Clock } from "./clock.ts";
import { Heap } from "./heap.ts";
import { keepLater } from "./phase.ts";
import type { TimerList } from "./timers.ts";
import type { TraceListener } from "./trace.ts";

export abstract class PendingTimers {
  protected readonly pending = new Heap<TimerList>();
  protected sequence = 0;

  constructor(
    readonly clock: Clock,
    protected readonly trace: TraceListener | null,
  ) {}

  get nextTick(): number {
    return this.pending.nextTick;
  }

  get all(): readonly TimerList[] {
    return this.pending.all;
  }

  /** Takes out what is still to come, and is so at every phase. */
  protected remove(timer: TimerList): void {
    keepLater(timer.tick - this.clock.tick);
    this.pending.remove(timer);
  }

  /** Takes a pending timer out for good. */
  cancel(timer: TimerList): void {
    this.remove(timer);
    this.trace?.({ tick: this.clock.tick, kind: "timer-cancel", timer: timer.name });
  }
}
