/** Cancelling, modifying and flushing work: kernel/workqueue.c. What waits is a coroutine. */
import { Completion, complete, wait_for_completion } from "./completion.ts";
import { SimulationFault } from "./fault.ts";
import type { Int64 } from "./integers.ts";
import type { Coroutine } from "./tasks.ts";
import { del_timer } from "./timers.ts";
import { releaseFlushWaiters } from "./worker.ts";
import { type DelayedWork, insertDelayedWork, insertWork, type WorkqueueStruct, type WorkStruct } from "./workqueue.ts";

/** Takes a queued item off its list; false when it is on none. */
function takeOffList(work: WorkStruct): boolean {
  if (work.collision !== null) {
    const { scheduled } = work.collision;
    scheduled.splice(scheduled.indexOf(work), 1);
    work.collision = null;
  } else if (work.queue === null || !work.queue.list.remove(work)) return false;
  work.queue = null;
  // Nobody need wait for the run that will not be; in the kernel the barrier is a queued item of its own.
  releaseFlushWaiters(work, work.runs + 1, work.runs + 1);
  return true;
}

/** try_to_grab_pending(): whether it was pending. The pending bit is set afterwards, so that nobody else queues it. */
function grabPending(work: WorkStruct, dwork: DelayedWork | null): boolean {
  const wasPending = work.pending;
  work.pending = true;
  if (!wasPending) return false;
  if (dwork !== null && del_timer(dwork.timer) === 1) return true;
  if (takeOffList(work)) return true;
  throw new SimulationFault("unsupported", `cancelling ${work.name} as plain work while its timer is armed: it spins`);
}

function cancel(work: WorkStruct, dwork: DelayedWork | null): boolean {
  const wasPending = grabPending(work, dwork);
  work.pending = false;
  const { trace, clock } = work.kernel;
  if (wasPending) trace?.({ tick: clock.tick, kind: "work-cancel", work: work.name });
  return wasPending;
}

function* cancelSync(work: WorkStruct, dwork: DelayedWork | null): Coroutine<boolean> {
  const wasPending = cancel(work, dwork);
  // Queueing fails meanwhile: that is how an item that re-arms itself is stopped.
  work.disabled++;
  yield* flush_work(work);
  work.disabled--;
  return wasPending;
}

/** True when it was pending; a running function is not waited for. */
export function cancel_work(work: WorkStruct): boolean {
  return cancel(work, null);
}

export function cancel_delayed_work(dwork: DelayedWork): boolean {
  return cancel(dwork.work, dwork);
}

/** Cancels, and waits until the function does not run; true when it was pending. */
export function cancel_work_sync(work: WorkStruct): Coroutine<boolean> {
  return cancelSync(work, null);
}

export function cancel_delayed_work_sync(dwork: DelayedWork): Coroutine<boolean> {
  return cancelSync(dwork.work, dwork);
}

/**
 * Queues after `delay` jiffies, and in place of an earlier queueing if there is one; true when there was. On work
 * that is being cancelled it does nothing (and says true before 6.10, false since; false here).
 */
export function mod_delayed_work(wq: WorkqueueStruct, dwork: DelayedWork, delay: Int64): boolean {
  const { work } = dwork;
  if (work.disabled > 0) return false;
  const wasPending = grabPending(work, dwork);
  insertDelayedWork(wq, dwork, delay);
  return wasPending;
}

/** Waits for the last queued run to end, or the present one; false when there was nothing to wait for. */
export function* flush_work(work: WorkStruct): Coroutine<boolean> {
  const isQueued = work.queue !== null || work.collision !== null;
  if (!isQueued && work.worker === null) return false;
  const ended = new Completion(work.kernel);
  const waiter = { run: isQueued ? work.runs + 1 : work.runs, done: () => complete(ended) };
  work.flushWaiters = [...work.flushWaiters, waiter];
  yield* wait_for_completion(ended);
  return true;
}

/** Queues at once what waits for its timer, then flushes. */
export function flush_delayed_work(dwork: DelayedWork): Coroutine<boolean> {
  if (del_timer(dwork.timer) === 1 && dwork.wq !== null) insertWork(dwork.wq, dwork.work);
  return flush_work(dwork.work);
}

/** Waits for everything that is queued or runs now; armed timers are not waited for. */
export function* flush_workqueue(wq: WorkqueueStruct): Coroutine {
  const running = wq.workers.flatMap((worker) => [...(worker.current ? [worker.current] : []), ...worker.scheduled]);
  for (const work of [...running, ...wq.list.toArray()]) yield* flush_work(work);
}
