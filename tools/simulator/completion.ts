/** Completions: kernel/sched/completion.c. */
import { maxScheduleTimeout } from "./clock.ts";
import { eq64, type Int64 } from "./integers.ts";
import type { Simulation } from "./simulation.ts";
import {
  type Coroutine,
  currentTask,
  ERESTARTSYS,
  schedule_timeout,
  signal_pending_state,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_NORMAL,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  type Task,
  wake_up_state,
} from "./tasks.ts";

const UINT_MAX = 0xffff_ffff;

/** struct completion. */
export class Completion {
  done = 0;
  /** Threads in the order of their coming; complete() wakes one. */
  readonly waiters: Task[] = [];

  constructor(readonly kernel: Simulation) {}
}

export function init_completion(x: Completion): void {
  x.done = 0;
  x.waiters.length = 0;
}

export function reinit_completion(x: Completion): void {
  x.done = 0;
}

/** Lets one waiter, present or future, go on. */
export function complete(x: Completion): void {
  if (x.done !== UINT_MAX) x.done++;
  // swake_up_locked(): the first waiter leaves the list.
  const first = x.waiters.shift();
  if (first !== undefined) wake_up_state(first, TASK_NORMAL);
}

/** Lets all waiters go on, until reinit_completion(). */
export function complete_all(x: Completion): void {
  x.done = UINT_MAX;
  for (const task of x.waiters.splice(0)) wake_up_state(task, TASK_NORMAL);
}

export function completion_done(x: Completion): boolean {
  return x.done !== 0;
}

export function try_wait_for_completion(x: Completion): boolean {
  if (x.done === 0) return false;
  if (x.done !== UINT_MAX) x.done--;
  return true;
}

/** do_wait_for_common(): what is left of the timeout, at least 1; 0 when it passed; -ERESTARTSYS on a signal. */
function* waitForCommon(x: Completion, timeout: Int64, state: number): Coroutine<Int64> {
  let left = timeout;
  if (x.done === 0) {
    const task = currentTask(x.kernel);
    do {
      if (signal_pending_state(state, task)) {
        left = -ERESTARTSYS;
        break;
      }
      if (!x.waiters.includes(task)) x.waiters.push(task);
      task.state = state;
      left = yield* schedule_timeout(x.kernel, left);
    } while (x.done === 0 && !eq64(left, 0));
    task.state = TASK_RUNNING;
    const at = x.waiters.indexOf(task);
    if (at >= 0) x.waiters.splice(at, 1);
    if (x.done === 0) return left;
  }
  try_wait_for_completion(x);
  return eq64(left, 0) ? 1 : left;
}

export function* wait_for_completion(x: Completion): Coroutine {
  yield* waitForCommon(x, maxScheduleTimeout(x.kernel.clock.longBits), TASK_UNINTERRUPTIBLE);
}

export function wait_for_completion_timeout(x: Completion, timeout: Int64): Coroutine<Int64> {
  return waitForCommon(x, timeout, TASK_UNINTERRUPTIBLE);
}

function* untilDone(x: Completion, state: number): Coroutine<number> {
  const left = yield* waitForCommon(x, maxScheduleTimeout(x.kernel.clock.longBits), state);
  return left === -ERESTARTSYS ? -ERESTARTSYS : 0;
}

/** 0, or -ERESTARTSYS on a signal. */
export function wait_for_completion_interruptible(x: Completion): Coroutine<number> {
  return untilDone(x, TASK_INTERRUPTIBLE);
}

export function wait_for_completion_killable(x: Completion): Coroutine<number> {
  return untilDone(x, TASK_KILLABLE);
}

export function wait_for_completion_interruptible_timeout(x: Completion, timeout: Int64): Coroutine<Int64> {
  return waitForCommon(x, timeout, TASK_INTERRUPTIBLE);
}
