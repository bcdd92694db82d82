/** Wait queues: include/linux/wait.h and kernel/sched/wait.c. */
import { eq64, type Int64 } from "./integers.ts";
import type { Simulation } from "./simulation.ts";
import {
  type Coroutine,
  currentTask,
  ERESTARTSYS,
  schedule_timeout,
  signal_pending_state,
  TASK_IDLE,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_NORMAL,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  type Task,
  wake_up_state,
} from "./tasks.ts";

/** wait_queue_entry_t. */
export interface WaitQueueEntry {
  readonly task: Task;
  /** WQ_FLAG_EXCLUSIVE. */
  exclusive: boolean;
  /** autoremove_wake_function() instead of default_wake_function(). */
  readonly autoremove: boolean;
}

/** wait_queue_head_t. */
export class WaitQueueHead {
  readonly entries: WaitQueueEntry[] = [];

  constructor(readonly kernel: Simulation) {}
}

export function init_waitqueue_head(head: WaitQueueHead): void {
  head.entries.length = 0;
}

/** DEFINE_WAIT(): an entry for the current thread that leaves the queue when it wakes the thread. */
export function DEFINE_WAIT(kernel: Simulation): WaitQueueEntry {
  return { task: currentTask(kernel), exclusive: false, autoremove: true };
}

/** DECLARE_WAITQUEUE(wait, current): an entry that stays until it is removed. */
export function DECLARE_WAITQUEUE(kernel: Simulation): WaitQueueEntry {
  return { task: currentTask(kernel), exclusive: false, autoremove: false };
}

export function waitqueue_active(head: WaitQueueHead): boolean {
  return head.entries.length > 0;
}

/** At the head: of waiters that are not exclusive the last to come is woken first. */
export function add_wait_queue(head: WaitQueueHead, entry: WaitQueueEntry): void {
  entry.exclusive = false;
  // Nearly always the only one.
  if (head.entries.length === 0) head.entries.push(entry);
  else head.entries.unshift(entry);
}

/** At the tail: exclusive waiters are woken in the order of their coming, after all others. */
export function add_wait_queue_exclusive(head: WaitQueueHead, entry: WaitQueueEntry): void {
  entry.exclusive = true;
  head.entries.push(entry);
}

export function remove_wait_queue(head: WaitQueueHead, entry: WaitQueueEntry): void {
  const { length } = head.entries;
  if (length > 0 && head.entries[length - 1] === entry) {
    head.entries.pop();
    return;
  }
  const at = head.entries.indexOf(entry);
  if (at >= 0) head.entries.splice(at, 1);
}

export function prepare_to_wait(head: WaitQueueHead, entry: WaitQueueEntry, state: number): void {
  if (!head.entries.includes(entry)) add_wait_queue(head, entry);
  entry.exclusive = false;
  entry.task.state = state;
}

export function prepare_to_wait_exclusive(head: WaitQueueHead, entry: WaitQueueEntry, state: number): void {
  if (!head.entries.includes(entry)) add_wait_queue_exclusive(head, entry);
  entry.exclusive = true;
  entry.task.state = state;
}

export function finish_wait(head: WaitQueueHead, entry: WaitQueueEntry): void {
  entry.task.state = TASK_RUNNING;
  remove_wait_queue(head, entry);
}

/** __wake_up_common(): every waiter that is not exclusive, and `exclusiveCount` of the exclusive; 0 means all. */
export function __wake_up(head: WaitQueueHead, mode: number, exclusiveCount: number): void {
  let left = exclusiveCount;
  for (const entry of [...head.entries]) {
    if (wake_up_state(entry.task, mode) === 0) continue;
    if (entry.autoremove) remove_wait_queue(head, entry);
    if (entry.exclusive && --left === 0) return;
  }
}

export function wake_up(head: WaitQueueHead): void {
  if (head.entries.length > 0) __wake_up(head, TASK_NORMAL, 1);
}

export function wake_up_nr(head: WaitQueueHead, count: number): void {
  __wake_up(head, TASK_NORMAL, count);
}

export function wake_up_all(head: WaitQueueHead): void {
  __wake_up(head, TASK_NORMAL, 0);
}

export function wake_up_interruptible(head: WaitQueueHead): void {
  __wake_up(head, TASK_INTERRUPTIBLE, 1);
}

export function wake_up_interruptible_all(head: WaitQueueHead): void {
  __wake_up(head, TASK_INTERRUPTIBLE, 0);
}

type Condition = () => boolean;

/** ___wait_event(): 0, or -ERESTARTSYS when a signal that the state allows is pending. */
function* waitEvent(head: WaitQueueHead, condition: Condition, state: number, exclusive: boolean): Coroutine<number> {
  if (condition()) return 0;
  const { kernel } = head;
  const entry = DEFINE_WAIT(kernel);
  for (;;) {
    if (signal_pending_state(state, entry.task)) {
      remove_wait_queue(head, entry);
      // The condition is looked at once more, as prepare_to_wait_event() explains.
      return condition() ? 0 : -ERESTARTSYS;
    }
    if (exclusive) prepare_to_wait_exclusive(head, entry, state);
    else prepare_to_wait(head, entry, state);
    if (condition()) break;
    yield;
  }
  finish_wait(head, entry);
  return 0;
}

/**
 * ___wait_event() with schedule_timeout(): what is left of the timeout, at least 1, when the condition came true;
 * 0 when it did not within `timeout` jiffies; -ERESTARTSYS on a signal.
 */
function* waitEventTimeout(head: WaitQueueHead, condition: Condition, state: number, timeout: Int64): Coroutine<Int64> {
  // ___wait_cond_timeout()
  if (condition()) return eq64(timeout, 0) ? 1 : timeout;
  if (eq64(timeout, 0)) return 0;
  const { kernel } = head;
  const entry = DEFINE_WAIT(kernel);
  let left = timeout;
  for (;;) {
    const interrupted = signal_pending_state(state, entry.task);
    if (interrupted) remove_wait_queue(head, entry);
    else prepare_to_wait(head, entry, state);
    const isTrue = condition();
    const hasPassed = eq64(left, 0);
    if (isTrue && hasPassed) left = 1;
    if (isTrue || hasPassed) break;
    if (interrupted) return -ERESTARTSYS;
    left = yield* schedule_timeout(kernel, left);
  }
  finish_wait(head, entry);
  return left;
}

/** Sleeps until the condition holds; looked at after each wake-up of the queue. */
export function* wait_event(head: WaitQueueHead, condition: Condition): Coroutine {
  yield* waitEvent(head, condition, TASK_UNINTERRUPTIBLE, false);
}

export function* wait_event_idle(head: WaitQueueHead, condition: Condition): Coroutine {
  yield* waitEvent(head, condition, TASK_IDLE, false);
}

export function wait_event_interruptible(head: WaitQueueHead, condition: Condition): Coroutine<number> {
  return waitEvent(head, condition, TASK_INTERRUPTIBLE, false);
}

export function wait_event_interruptible_exclusive(head: WaitQueueHead, condition: Condition): Coroutine<number> {
  return waitEvent(head, condition, TASK_INTERRUPTIBLE, true);
}

export function wait_event_killable(head: WaitQueueHead, condition: Condition): Coroutine<number> {
  return waitEvent(head, condition, TASK_KILLABLE, false);
}

export function wait_event_timeout(head: WaitQueueHead, condition: Condition, timeout: Int64): Coroutine<Int64> {
  return waitEventTimeout(head, condition, TASK_UNINTERRUPTIBLE, timeout);
}

export function wait_event_interruptible_timeout(
  head: WaitQueueHead,
  condition: Condition,
  timeout: Int64,
): Coroutine<Int64> {
  return waitEventTimeout(head, condition, TASK_INTERRUPTIBLE, timeout);
}

export function wait_event_killable_timeout(
  head: WaitQueueHead,
  condition: Condition,
  timeout: Int64,
): Coroutine<Int64> {
  return waitEventTimeout(head, condition, TASK_KILLABLE, timeout);
}
