/**
 * Worker threads: worker_thread() and process_one_work() of kernel/workqueue.c. A step runs one work item, so that
 * other runnable threads may come between two items (cond_resched() in process_one_work()).
 *
 * A function that does not block runs straight through; one that is a coroutine keeps its worker until it ends, and
 * the queue's other items go to further workers, up to max_active.
 */
import { activate, type Coroutine, resume, TASK_IDLE, Task } from "./tasks.ts";
import type { FlushWaiter, WorkFunction, WorkqueueStruct, WorkStruct } from "./workqueue.ts";

/** struct worker. */
export interface Worker {
  readonly queue: WorkqueueStruct;
  readonly task: Task;
  current: WorkStruct | null;
  currentFunc: WorkFunction | null;
  /** A work function that has blocked. */
  body: Coroutine | null;
  /** Items that this worker must run because it ran them when another worker came to them. */
  readonly scheduled: WorkStruct[];
}

function makeWorker(queue: WorkqueueStruct): Worker {
  const step = (): void => workerStep(worker);
  const task = new Task(queue.kernel, `kworker/${queue.name}/${queue.workers.length}`, step, queue.latency);
  const worker: Worker = { queue, task, current: null, currentFunc: null, body: null, scheduled: [] };
  queue.workers.push(worker);
  return worker;
}

/** kick_pool(): an idle worker is woken; when there is none and the queue may have one more, it is made. */
export function kickWorker(queue: WorkqueueStruct): void {
  const worker = queue.idle.pop() ?? (queue.workers.length < queue.maxActive ? makeWorker(queue) : null);
  if (worker !== null) activate(worker.task);
}

/** assign_work(): the next item; one that runs elsewhere is left to the worker that runs it. */
function nextWork(worker: Worker): WorkStruct | null {
  const own = worker.scheduled.shift();
  if (own !== undefined) {
    own.collision = null;
    return own;
  }
  for (;;) {
    const work = worker.queue.list.shift();
    if (work === undefined) return null;
    const elsewhere = work.worker;
    // find_worker_executing_work(): the function must be the same, too; otherwise the memory was used anew.
    if (elsewhere === null || elsewhere.currentFunc !== work.func) return work;
    elsewhere.scheduled.push(work);
    work.collision = elsewhere;
  }
}

function workerStep(worker: Worker): void {
  const { queue, task } = worker;
  if (worker.body !== null) {
    if (!resume(task, worker.body)) return;
    endWork(worker);
  } else {
    const work = nextWork(worker);
    if (work !== null && !beginWork(worker, work)) return;
  }
  if (worker.scheduled.length > 0 || queue.list.length > 0) {
    queue.kernel.runQueue.push(task);
  } else {
    task.state = TASK_IDLE;
    queue.idle.push(worker);
  }
}

/** process_one_work() up to the end of the function; false when that has blocked. */
function beginWork(worker: Worker, work: WorkStruct): boolean {
  const { kernel, name } = worker.queue;
  const { func } = work;
  worker.current = work;
  worker.currentFunc = func;
  work.worker = worker;
  work.queue = null;
  work.runs++;
  work.pending = false;
  kernel.trace?.({ tick: kernel.clock.tick, kind: "work-start", queue: name, work: work.name });
  const body: unknown = func?.(work);
  // Only a coroutine returns an object; a plain function may return what the C function's last call did.
  if (typeof body === "object" && body !== null) {
    worker.body = body as Coroutine;
    if (!resume(worker.task, worker.body)) return false;
  }
  endWork(worker);
  return true;
}

function endWork(worker: Worker): void {
  const { kernel, name } = worker.queue;
  const work = worker.current;
  worker.current = null;
  worker.currentFunc = null;
  worker.body = null;
  if (work === null) return;
  kernel.trace?.({ tick: kernel.clock.tick, kind: "work-end", queue: name, work: work.name });
  if (work.worker === worker) work.worker = null;
  releaseFlushWaiters(work, 0, work.runs);
}

/** Lets those go on who wait for a run with a number in [from, to]. */
export function releaseFlushWaiters(work: WorkStruct, from: number, to: number): void {
  if (work.flushWaiters.length === 0) return;
  const isDue = ({ run }: FlushWaiter): boolean => run >= from && run <= to;
  const due = work.flushWaiters.filter(isDue);
  work.flushWaiters = work.flushWaiters.filter((waiter) => !isDue(waiter));
  for (const waiter of due) waiter.done();
}
