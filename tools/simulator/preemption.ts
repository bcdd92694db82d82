/**
 * Where another thread may come between two steps of this one. On the machine of simulation.ts that is as its policy
 * says, and nobody comes where it has none. Explorations of schedules put functions of their own here.
 */
import { SimulationFault } from "./fault.ts";
import type { Simulation } from "./simulation.ts";
import type { Coroutine, Task } from "./tasks.ts";

/**
 * Asked at each point at which the thread on the CPU may lose it.
 *
 * @returns after how many ticks it is runnable again, behind those who are by then; null where it keeps the CPU
 */
export type PreemptionPolicy = (kernel: Simulation) => number | null;

/** What a point is at which nobody comes: a coroutine that has ended, so that going on costs nothing. */
export const GOES_ON: Coroutine = (function* () {})();
GOES_ON.next();

/** A place where the scheduler may let others run: before a lock, a bit operation, a wake-up. */
export function preempt(kernel: Simulation): Coroutine {
  const { current, preemption } = kernel;
  // Timers and what comes from outside are no threads; they end before anybody runs.
  if (preemption === null || current === null || current.locks > 0 || kernel.atomic > 0) return GOES_ON;
  const ticks = preemption(kernel);
  return ticks === null ? GOES_ON : preempted(current, ticks);
}

/**
 * A statement follows that names a member which threads share without a lock. Nobody comes here: who runs on this
 * machine is followed by compiled C, which has no call at such a place.
 */
export function preempt_at_access(_kernel: Simulation): Coroutine {
  return GOES_ON;
}

/**
 * A spinlock is taken: until it is released, nobody else runs on this CPU.
 *
 * @param _object that has the lock as a member, or a pointer to the lock; undefined where neither is known
 * @param _lock what C calls it
 * @param _isShared whether readers take it, who do not keep each other out
 * @param _place of the call
 */
export function enter_critical(
  kernel: Simulation,
  _object?: unknown,
  _lock?: string,
  _isShared?: boolean,
  _place?: string,
): Coroutine {
  const { current } = kernel;
  if (current === null) return GOES_ON;
  const others = preempt(kernel);
  if (others !== GOES_ON) return enterLater(current, others);
  current.locks++;
  return GOES_ON;
}

function* enterLater(task: Task, others: Coroutine): Coroutine {
  yield* others;
  task.locks++;
}

/** A spinlock is released. */
export function leave_critical(kernel: Simulation, _object?: unknown, _lock?: string, _place?: string): Coroutine {
  const { current } = kernel;
  if (current === null) return GOES_ON;
  if (current.locks <= 0) throw new SimulationFault("bug-on", "a spinlock is released that nobody holds");
  current.locks--;
  return preempt(kernel);
}

/** Off the CPU without sleeping: whatever its state is, it runs again. */
function* preempted(task: Task, ticks: number): Coroutine {
  const { kernel } = task;
  task.isPreempted = true;
  if (ticks === 0) kernel.runQueue.push(task);
  else kernel.after(ticks, () => kernel.runQueue.push(task));
  yield;
  task.isPreempted = false;
}
