/**
 * Work queues of a Machine: each CPU has workers of its own, which run the works that were queued on it. A worker runs
 * one work after the other; when it sleeps in one, the next is idle or is woken (concurrency management, since
 * 2.6.36; before, and for queues with one item at a time, the works behind wait).
 */
import { SimulationFault } from "./fault.ts";
import { AttemptFrame, BLOCKED, Frame, SUSPENDED } from "./frame.ts";
import { checkLocks } from "./held-locks.ts";
import { eq64, type Int64 } from "./integers.ts";
import { type Machine, MachineThread } from "./machine.ts";
import { runningThread } from "./machine-frames.ts";
import { TASK_IDLE, TASK_UNINTERRUPTIBLE } from "./tasks.ts";
import type { TimerList } from "./timers.ts";
import { DelayedWork, type WorkqueueOptions, type WorkStruct } from "./workqueue.ts";

/** include/linux/sched.h, since 2.6.36: code asks whether it runs in a work. */
const PF_WQ_WORKER = 0x20;

/** A queued or running work, with its queue. */
export interface QueuedWork {
  readonly work: WorkStruct;
  readonly queue: MachineQueue;
}

/** struct workqueue_struct. */
export class MachineQueue {
  constructor(
    readonly name: string,
    /** Works of it that run at a time on one CPU; 0 for as many as there are workers. */
    readonly maxActive: number,
  ) {}
}

/** struct worker_pool of one CPU. */
export class MachinePool {
  readonly works: QueuedWork[] = [];
  readonly running: QueuedWork[] = [];
  readonly workers: MachineThread[] = [];

  constructor(readonly cpu: number) {}
}

/** struct delayed_work, whose timer queues it on the CPU that armed it. */
export class MachineDelayedWork extends DelayedWork {
  /** The CPU of the timer. */
  timerCpu = 0;
  target: MachineQueue | null = null;
}

/** worker_thread(): takes works off the pool's list, and sleeps when there is none. */
export class WorkerFrame extends Frame {
  private present: QueuedWork | null = null;

  constructor(
    private readonly machine: Machine,
    private readonly pool: MachinePool,
    private readonly flushers: MachineThread[],
  ) {
    super();
  }

  get frameName(): string {
    return "worker_thread";
  }

  override step(): Frame {
    const { machine, pool } = this;
    this.sent = undefined;
    if (this.present !== null) {
      this.end(this.present);
      if (nextOf(pool) >= 0) return SUSPENDED;
    }
    const at = nextOf(pool);
    if (at < 0) {
      runningThread(machine).state = TASK_IDLE;
      return SUSPENDED;
    }
    const [taken] = pool.works.splice(at, 1);
    if (taken === undefined) return SUSPENDED;
    return this.begin(taken);
  }

  private begin(taken: QueuedWork): Frame {
    const { work } = taken;
    this.present = taken;
    this.pool.running.push(taken);
    work.pending = false;
    this.machine.tell("work", `${work.name} begins on ${runningThread(this.machine).name}`);
    const called: unknown = work.func?.(work);
    return called instanceof Frame ? called : this.step();
  }

  private end(taken: QueuedWork): void {
    checkLocks(runningThread(this.machine), null, `the work ${taken.work.name}`);
    const { running } = this.pool;
    running.splice(running.indexOf(taken), 1);
    this.present = null;
    this.machine.tell("work", `${taken.work.name} ends`);
    for (const thread of this.flushers.splice(0)) this.machine.wake(thread, TASK_UNINTERRUPTIBLE);
  }
}

/** The place of the first work that may run now; -1 when there is none. */
function nextOf(pool: MachinePool): number {
  return pool.works.findIndex(({ work, queue }) => {
    if (pool.running.some((one) => one.work === work)) return false;
    return queue.maxActive === 0 || pool.running.filter((one) => one.queue === queue).length < queue.maxActive;
  });
}

/** How many works of a work item are under way on all CPUs; more than one is a second worker at once. */
export function runningCount(pools: readonly MachinePool[], work: WorkStruct): number {
  return pools.reduce((sum, pool) => sum + pool.running.filter((one) => one.work === work).length, 0);
}

/** All work queues of a machine. */
export class MachineWork {
  readonly pools: readonly MachinePool[];
  /** Threads that wait for a work to end; all of them look when one has. */
  readonly flushers: MachineThread[] = [];

  /**
   * @param priority of the workers; 0 for SCHED_OTHER
   * @param workersPerCpu two let another work run while one sleeps
   * @param runOnce whether a work that is queued while it runs waits for its end, on whichever CPU that is: since 3.7
   */
  constructor(
    private readonly machine: Machine,
    priority: number,
    workersPerCpu: number,
    private readonly runOnce = false,
  ) {
    this.pools = machine.cpus.map(({ index }) => new MachinePool(index));
    for (const pool of this.pools) {
      for (let i = 0; i < workersPerCpu; i++) {
        const worker = new MachineThread(
          `rpciod/${pool.cpu}${i === 0 ? "" : `:${i}`}`,
          priority,
          pool.cpu,
          true,
          new WorkerFrame(machine, pool, this.flushers),
        );
        worker.flags = PF_WQ_WORKER;
        pool.workers.push(worker);
        worker.state = TASK_IDLE;
        machine.threads.push(worker);
      }
    }
  }

  /** __queue_work() on a CPU; the pending bit is set already. */
  insert(queue: MachineQueue, work: WorkStruct, cpu: number): void {
    if (work.func === null) throw new SimulationFault("bug-on", `work ${work.name} has no function`);
    const running = this.runOnce ? this.pools.find((one) => one.running.some((each) => each.work === work)) : undefined;
    const pool = running ?? (this.pools[cpu] as MachinePool);
    pool.works.push({ work, queue });
    this.machine.tell("queue", work.name);
    const idle = pool.workers.find((one) => one.state === TASK_IDLE && nextOf(pool) >= 0);
    if (idle !== undefined) this.machine.wake(idle, TASK_IDLE);
  }

  queue(queue: MachineQueue, work: WorkStruct): boolean {
    if (work.pending || work.disabled > 0) return false;
    work.pending = true;
    this.insert(queue, work, this.machine.runningCpu.index);
    return true;
  }

  queueDelayed(queue: MachineQueue, dwork: MachineDelayedWork, delay: Int64): boolean {
    const { work } = dwork;
    if (work.pending || work.disabled > 0) return false;
    work.pending = true;
    this.armed(queue, dwork, delay);
    return true;
  }

  private armed(queue: MachineQueue, dwork: MachineDelayedWork, delay: Int64): void {
    dwork.target = queue;
    dwork.timerCpu = this.machine.runningCpu.index;
    if (eq64(delay, 0)) {
      this.insert(queue, dwork.work, dwork.timerCpu);
      return;
    }
    this.machine.timers.modify(dwork.timer, this.machine.clock.jiffiesPlus(delay), true);
  }

  /** delayed_work_timer_fn(). */
  timerFired(timer: TimerList): void {
    const dwork = timer.owner as MachineDelayedWork;
    if (dwork.target !== null) this.insert(dwork.target, dwork.work, dwork.timerCpu);
  }

  /** Takes a pending work back; whether it was pending. */
  cancel(work: WorkStruct, dwork: MachineDelayedWork | null): boolean {
    if (!work.pending) return false;
    work.pending = false;
    if (dwork !== null && dwork.timer.heapIndex >= 0) {
      this.machine.timers.cancel(dwork.timer);
      return true;
    }
    for (const { works } of this.pools) {
      const at = works.findIndex((one) => one.work === work);
      if (at >= 0) works.splice(at, 1);
    }
    return true;
  }

  /** mod_delayed_work(). */
  modify(queue: MachineQueue, dwork: MachineDelayedWork, delay: Int64): boolean {
    if (dwork.work.disabled > 0) return false;
    const wasPending = this.cancel(dwork.work, dwork);
    dwork.work.pending = true;
    this.armed(queue, dwork, delay);
    return wasPending;
  }

  /** Whether a work is on a list, on a timer or under way. */
  isBusy(work: WorkStruct, withPending: boolean): boolean {
    return (withPending && work.pending) || runningCount(this.pools, work) > 0;
  }
}

/** cancel_work_sync(), flush_work(): until the work does not run (and, for a flush, is not queued either). */
export class WorkDoneFrame extends AttemptFrame<boolean> {
  constructor(
    private readonly machine: Machine,
    private readonly work: MachineWork,
    private readonly item: WorkStruct,
    private readonly isFlush: boolean,
    private readonly result: boolean,
  ) {
    super();
  }

  get frameName(): string {
    return this.isFlush ? "flush_work" : "cancel_work_sync";
  }

  attempt(): boolean | typeof BLOCKED {
    if (!this.work.isBusy(this.item, this.isFlush)) return this.result;
    const thread = runningThread(this.machine);
    thread.state = TASK_UNINTERRUPTIBLE;
    this.work.flushers.push(thread);
    return BLOCKED;
  }
}

export function maxActiveOf(options: WorkqueueOptions): number {
  return options.maxActive ?? 0;
}
