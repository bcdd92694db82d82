/** Mutexes: include/linux/mutex.h. Who comes first is served first; spinning for a while before is left out. */
import { SimulationFault } from "./fault.ts";
import { preempt } from "./preemption.ts";
import type { Simulation } from "./simulation.ts";
import { Struct } from "./structs.ts";
import { activate, type Coroutine, currentTask, TASK_UNINTERRUPTIBLE, type Task } from "./tasks.ts";

/** struct mutex. */
export class Mutex extends Struct {
  /** The thread that has it. */
  owner: unknown = null;
  /** Threads that wait for it, in the order of their coming. */
  readonly waiters: Task[] = [];
}

/** mutex_init(). */
export function mutex_init(lock: Mutex): void {
  lock.owner = null;
  lock.waiters.length = 0;
}

/** mutex_lock(): sleeps until the mutex is the thread's own. */
export function* mutex_lock(kernel: Simulation, lock: Mutex): Coroutine {
  const task = currentTask(kernel);
  yield* preempt(kernel);
  if (lock.owner === task) throw new SimulationFault("bug-on", "a mutex is locked twice by one thread");
  if (lock.owner === null) {
    lock.owner = task;
    return;
  }
  lock.waiters.push(task);
  while (lock.owner !== task) {
    task.state = TASK_UNINTERRUPTIBLE;
    yield;
  }
}

/** mutex_trylock(): whether the mutex is the thread's own now. */
export function mutex_trylock(kernel: Simulation, lock: Mutex): number {
  if (lock.owner !== null) return 0;
  lock.owner = currentTask(kernel);
  return 1;
}

/** mutex_unlock(): hands it to who has waited longest. */
export function mutex_unlock(kernel: Simulation, lock: Mutex): void {
  if (lock.owner !== currentTask(kernel)) throw new SimulationFault("bug-on", "a mutex is unlocked by another thread");
  const next = lock.waiters.shift() ?? null;
  lock.owner = next;
  if (next !== null) activate(next);
}

export function mutex_is_locked(lock: Mutex): number {
  return lock.owner === null ? 0 : 1;
}
