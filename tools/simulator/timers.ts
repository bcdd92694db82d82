/**
 * Timers: include/linux/timer.h and kernel/time/timer.c. One interface for the kernel's three ways to expire them:
 * exactly, exactly after slack was added, and in levels.
 *
 * At one tick, timers expire before anything else happens: jiffies is advanced by the tick interrupt, whose softirq
 * runs them. A softirq that is late (ksoftirqd) is not modelled.
 */
import type { Clock } from "./clock.ts";
import { SimulationFault } from "./fault.ts";
import type { HeapNode } from "./heap.ts";
import type { Int64 } from "./integers.ts";

/**
 * Which timers a kernel has, to be read from its own timer.c: `levels` where calc_wheel_index() is (4.8 and later),
 * `slack` where apply_slack() is (2.6.35 to 4.7), `exact` where neither is (before 2.6.35).
 */
export type TimerKind = "exact" | "slack" | "levels";

export type TimerFunction = (timer: TimerList) => void;

/** struct timer_list. */
export class TimerList implements HeapNode {
  tick = 0;
  rank = 0;
  heapIndex = -1;
  /** Bucket of the wheel that the timer is or was in (TIMER_ARRAYMASK of timer->flags); `levels` only. */
  bucketIndex = -1;
  /** When that bucket is due; earlier than `tick` for a timer that was armed for the past. `levels` only. */
  bucketTick = 0;
  /** timer->expires in jiffies, unsigned long. */
  expires: Int64 = 0;
  func: TimerFunction | null = null;

  /** @param owner the struct that the timer is a member of: what container_of() or from_timer() yields. */
  constructor(
    readonly base: TimerBase,
    readonly name = "timer",
    readonly owner: unknown = null,
  ) {}
}

/** struct timer_base and what its CPU does with it. */
export interface TimerBase {
  readonly kind: TimerKind;
  readonly clock: Clock;
  /** The tick at which the next timer expires; Infinity when none is pending. */
  readonly nextTick: number;
  /** The timers that are pending, in no order that means anything. */
  readonly all: readonly TimerList[];
  /** __mod_timer(): 1 when the timer was pending. `mayAddSlack` is what sets mod_timer() apart from it before 4.8. */
  modify(timer: TimerList, expires: Int64, mayAddSlack: boolean): 0 | 1;
  /** Takes a pending timer out. */
  cancel(timer: TimerList): void;
  /** __run_timers(): expires what is due at the present tick; returns how many. */
  run(): number;
}

/** Calls a timer's function, in softirq context: it ends, or it is a fault. */
export function expire(timer: TimerList): void {
  const called: unknown = timer.func?.(timer);
  if (typeof called !== "object" || called === null || !("next" in called)) return;
  if ((called as Iterator<unknown>).next().done === true) return;
  throw new SimulationFault("bug-on", `the function of timer ${timer.name} sleeps`);
}

/**
 * timer_setup(), setup_timer(), init_timer() with a function. A pending timer must not be set up again.
 *
 * @param _flags of include/linux/timer.h: no timer is put off here because its CPU is idle
 */
export function timer_setup(timer: TimerList, func: TimerFunction, _flags = 0): void {
  if (timer_pending(timer)) throw new SimulationFault("bug-on", `timer ${timer.name} is set up while pending`);
  timer.func = func;
}

/**
 * setup_timer() up to 4.14: the function gets a number, mostly the address of what the timer stands in.
 */
export function setup_timer(timer: TimerList, func: (data: never) => void, data: unknown): void {
  timer_setup(timer, () => func(data as never));
}

/** init_timer() up to 4.14: a timer without a function, which is stored later. */
export function init_timer(timer: TimerList): void {
  if (timer_pending(timer)) throw new SimulationFault("bug-on", `timer ${timer.name} is set up while pending`);
}

export function timer_pending(timer: TimerList): boolean {
  return timer.heapIndex >= 0;
}

/** Arms or re-arms: 0 when it was not pending, 1 when it was. The same `expires` again changes nothing. */
export function mod_timer(timer: TimerList, expires: Int64): 0 | 1 {
  return timer.base.modify(timer, expires, true);
}

/** As mod_timer(), but leaves a timer alone that is not pending. */
export function mod_timer_pending(timer: TimerList, expires: Int64): 0 | 1 {
  return timer_pending(timer) ? timer.base.modify(timer, expires, false) : 0;
}

/** Arms for timer.expires. BUG_ON(timer_pending(timer)) in kernel/time/timer.c is a fault. */
export function add_timer(timer: TimerList): void {
  if (timer_pending(timer)) throw new SimulationFault("bug-on", `add_timer on ${timer.name}, which is pending`);
  timer.base.modify(timer, timer.expires, true);
}

/** Disarms: 1 when it was pending. */
export function del_timer(timer: TimerList): 0 | 1 {
  if (!timer_pending(timer)) return 0;
  timer.base.cancel(timer);
  return 1;
}

/** Timer functions run to their end at once, so there is no running one to wait for. */
export const del_timer_sync = del_timer;
/** The name up to 6.2 for a timer that does not arm itself again. */
export const del_singleshot_timer_sync = del_timer;
/** The name since 6.2. */
export const timer_delete = del_timer;
export const timer_delete_sync = del_timer;
