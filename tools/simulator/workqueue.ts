/**
 * Work items, delayed work and queueing them: kernel/workqueue.c. Running them is in worker.ts, cancelling and
 * flushing in workqueue-cancel.ts.
 *
 * A work item is pending from the moment it is queued, or its timer is armed, until its function is about to be
 * called (WORK_STRUCT_PENDING_BIT); while it is, queueing it again changes nothing. Since the bit is cleared before
 * the call, a running item can be queued again, by itself too, and then runs once more after it has ended.
 */
import type { LatencyPolicy } from "./decisions.ts";
import { SimulationFault } from "./fault.ts";
import { Fifo } from "./fifo.ts";
import { eq64, type Int64 } from "./integers.ts";
import type { Simulation } from "./simulation.ts";
import type { Coroutine } from "./tasks.ts";
import { add_timer, TimerList } from "./timers.ts";
import { kickWorker, type Worker } from "./worker.ts";

/** work_func_t; one that may block is a coroutine. */
export type WorkFunction = ((work: WorkStruct) => void) | ((work: WorkStruct) => Coroutine);

/** Who waits for the end of a run: the number of the run, and what to do then. */
export interface FlushWaiter {
  readonly run: number;
  readonly done: () => void;
}

/** Shared, since nearly no work item is ever flushed. */
const NOBODY: readonly FlushWaiter[] = [];

/** struct work_struct. */
export class WorkStruct {
  func: WorkFunction | null = null;
  /** The delayed work that it is a part of: to_delayed_work(). */
  delayed: DelayedWork | null = null;
  /** WORK_STRUCT_PENDING_BIT. */
  pending = false;
  /** How many are cancelling it (WORK_OFFQ_CANCELING; since 6.10 the disable count): queueing it fails. */
  disabled = 0;
  /** The queue on whose list it is. */
  queue: WorkqueueStruct | null = null;
  /** The worker that runs it. */
  worker: Worker | null = null;
  /** The worker that will run it because it is running it now. */
  collision: Worker | null = null;
  /** How many runs have begun. */
  runs = 0;
  flushWaiters: readonly FlushWaiter[] = NOBODY;

  /** @param owner the struct that the work is a member of: what container_of() yields. */
  constructor(
    readonly kernel: Simulation,
    readonly name = "work",
    readonly owner: unknown = null,
  ) {}
}

/** struct delayed_work. */
export class DelayedWork {
  readonly work: WorkStruct;
  readonly timer: TimerList;
  /** Where it is to be queued when the timer fires. */
  wq: WorkqueueStruct | null = null;

  constructor(kernel: Simulation, name = "delayed-work", owner: unknown = null) {
    this.work = new WorkStruct(kernel, name, owner);
    this.work.delayed = this;
    this.timer = new TimerList(kernel.timers, name, this);
    this.timer.func = delayed_work_timer_fn;
  }
}

export interface WorkqueueOptions {
  /** Work items that may run at a time (max_active); 0 or absent: WQ_DFL_ACTIVE, 256. 1 for an ordered queue. */
  readonly maxActive?: number;
  /** How late a worker starts after it was woken. */
  readonly latency?: LatencyPolicy | null;
}

const WQ_DFL_ACTIVE = 256;

/** struct workqueue_struct with workers of its own; the kernel's share pools, which only makes them later. */
export class WorkqueueStruct {
  readonly list = new Fifo<WorkStruct>();
  /** Workers without work, the last to become idle last (the kernel takes that one first, too). */
  readonly idle: Worker[] = [];
  readonly workers: Worker[] = [];
  readonly maxActive: number;
  readonly latency: LatencyPolicy | null;

  constructor(
    readonly kernel: Simulation,
    readonly name: string,
    options: WorkqueueOptions = {},
  ) {
    this.maxActive = options.maxActive || WQ_DFL_ACTIVE;
    this.latency = options.latency ?? null;
  }
}

/** alloc_workqueue(). */
export function alloc_workqueue(kernel: Simulation, name: string, options: WorkqueueOptions = {}): WorkqueueStruct {
  return new WorkqueueStruct(kernel, name, options);
}

/** alloc_ordered_workqueue() and create_singlethread_workqueue(): one item at a time. */
export function alloc_ordered_workqueue(
  kernel: Simulation,
  name: string,
  latency: LatencyPolicy | null = null,
): WorkqueueStruct {
  return new WorkqueueStruct(kernel, name, { maxActive: 1, latency });
}

/** Initialising a pending work item would lose it: a fault. */
export function INIT_WORK(work: WorkStruct, func: WorkFunction): void {
  if (work.pending) throw new SimulationFault("bug-on", `INIT_WORK on ${work.name}, which is pending`);
  work.func = func;
}

export function INIT_DELAYED_WORK(dwork: DelayedWork, func: WorkFunction): void {
  INIT_WORK(dwork.work, func);
}

export function work_pending(work: WorkStruct): boolean {
  return work.pending;
}

export function delayed_work_pending(dwork: DelayedWork): boolean {
  return dwork.work.pending;
}

/** work_busy(): bit 0 pending, bit 1 running. */
export function work_busy(work: WorkStruct): number {
  return (work.pending ? 1 : 0) | (work.worker === null ? 0 : 2);
}

/** __queue_work(): onto the list; the pending bit is set already. */
export function insertWork(wq: WorkqueueStruct, work: WorkStruct): void {
  if (work.func === null) throw new SimulationFault("bug-on", `work ${work.name} has no function`);
  work.queue = wq;
  wq.list.push(work);
  wq.kernel.trace?.({ tick: wq.kernel.clock.tick, kind: "work-queue", queue: wq.name, work: work.name });
  kickWorker(wq);
}

/** __queue_delayed_work(): with a delay of 0 at once and without a timer. */
export function insertDelayedWork(wq: WorkqueueStruct, dwork: DelayedWork, delay: Int64): void {
  // On the work item's queue so that flush_delayed_work() and the timer find it.
  dwork.wq = wq;
  if (eq64(delay, 0)) {
    insertWork(wq, dwork.work);
    return;
  }
  dwork.timer.expires = wq.kernel.clock.jiffiesPlus(delay);
  add_timer(dwork.timer);
}

/** delayed_work_timer_fn(). */
function delayed_work_timer_fn(timer: TimerList): void {
  const dwork = timer.owner as DelayedWork;
  if (dwork.wq !== null) insertWork(dwork.wq, dwork.work);
}

/** False when the work was pending already, and then nothing changes. */
export function queue_work(wq: WorkqueueStruct, work: WorkStruct): boolean {
  if (work.pending || work.disabled > 0) return false;
  work.pending = true;
  insertWork(wq, work);
  return true;
}

/**
 * Queues after `delay` jiffies. False when it was pending already, and then nothing changes, the earlier time of
 * expiry included.
 */
export function queue_delayed_work(wq: WorkqueueStruct, dwork: DelayedWork, delay: Int64): boolean {
  const { work } = dwork;
  if (work.pending || work.disabled > 0) return false;
  work.pending = true;
  insertDelayedWork(wq, dwork, delay);
  return true;
}
