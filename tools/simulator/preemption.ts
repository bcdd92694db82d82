/**
 * Where another thread may come between two steps of this one. On the machine of simulation.ts nobody does: it has one
 * CPU without preemption, so these calls do nothing there. Explorations of schedules put functions of their own here.
 */
import type { Simulation } from "./simulation.ts";
import type { Coroutine } from "./tasks.ts";

/** A place where the scheduler may let others run: before a lock, a bit operation, a wake-up, a shared member. */
export function* preempt(_kernel: Simulation): Coroutine {}

/**
 * A spinlock is taken: until it is released, nobody else runs on this CPU.
 *
 * @param _object that has the lock as a member, or a pointer to the lock; undefined where neither is known
 * @param _lock what C calls it
 * @param _isShared whether readers take it, who do not keep each other out
 * @param _place of the call
 */
export function* enter_critical(
  _kernel: Simulation,
  _object: unknown,
  _lock: string,
  _isShared: boolean,
  _place: string,
): Coroutine {}

/** A spinlock is released. */
export function* leave_critical(_kernel: Simulation, _object: unknown, _lock: string, _place: string): Coroutine {}
