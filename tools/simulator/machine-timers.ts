/**
 * The timers of a Machine: the same times of expiry as timers-exact.ts and timers-levels.ts, in one short array of
 * plain fields, so that it can be saved and put back. There are a handful of timers.
 */
import type { Clock } from "./clock.ts";
import { SimulationFault } from "./fault.ts";
import { runToEnd } from "./frame.ts";
import type { Int64 } from "./integers.ts";
import type { TimerBase, TimerKind, TimerList } from "./timers.ts";
import { applySlack } from "./timers-exact.ts";
import { granularityTicks } from "./timers-levels.ts";

export class MachineTimers implements TimerBase {
  /** Pending timers in the order of expiry; those of one tick in the order of arming. */
  readonly pending: TimerList[] = [];

  constructor(
    readonly clock: Clock,
    readonly kind: TimerKind,
  ) {}

  get nextTick(): number {
    return this.pending[0]?.tick ?? Number.POSITIVE_INFINITY;
  }

  get all(): readonly TimerList[] {
    return this.pending;
  }

  modify(timer: TimerList, expires: Int64, mayAddSlack: boolean): 0 | 1 {
    if (timer.func === null) throw new SimulationFault("bug-on", `timer ${timer.name} has no function`);
    const wasPending = timer.heapIndex >= 0;
    if (wasPending) this.cancel(timer);
    timer.expires = expires;
    timer.tick = this.tickFor(expires, mayAddSlack);
    // What is armed for the past expires in the next tick.
    if (timer.tick <= this.clock.tick) timer.tick = this.clock.tick + 1;
    let at = this.pending.length;
    while (at > 0 && (this.pending[at - 1] as TimerList).tick > timer.tick) at--;
    this.pending.splice(at, 0, timer);
    timer.heapIndex = 0;
    return wasPending ? 1 : 0;
  }

  private tickFor(expires: Int64, mayAddSlack: boolean): number {
    const { clock } = this;
    const tick = clock.tickOf(expires, clock.tick);
    if (this.kind === "exact") return tick;
    if (this.kind === "slack") return mayAddSlack ? applySlack(tick, clock.tick) : tick;
    // calc_wheel_index(): the next multiple of the level's granule behind it.
    const granule = granularityTicks(clock.hz, Math.max(0, tick - clock.tick));
    return (Math.floor(tick / granule) + 1) * granule;
  }

  cancel(timer: TimerList): void {
    const at = this.pending.indexOf(timer);
    if (at >= 0) this.pending.splice(at, 1);
    timer.heapIndex = -1;
  }

  run(): number {
    let count = 0;
    for (;;) {
      const [timer] = this.pending;
      if (timer === undefined || timer.tick > this.clock.tick) return count;
      this.cancel(timer);
      runToEnd(timer.func?.(timer));
      count++;
    }
  }
}
