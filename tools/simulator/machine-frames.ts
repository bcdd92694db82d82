/** Primitives of a Machine that sleep, as frames: what they are for is said at their namesakes of the simulator. */
import { SimulationFault } from "./fault.ts";
import { Frame, RETURNED, SUSPENDED } from "./frame.ts";
import { takeLock } from "./held-locks.ts";
import { type Int64, ltS64 } from "./integers.ts";
import { test_bit } from "./kernel-structs.ts";
import type { Machine, MachineThread } from "./machine.ts";
import { FieldPointer, type Pointer } from "./pointers.ts";
import { TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from "./tasks.ts";
import { TimerList } from "./timers.ts";

/** The thread that runs now. */
export function runningThread(machine: Machine): MachineThread {
  if (machine.current === null) throw new SimulationFault("schedule-outside-task", "blocking outside a thread");
  return machine.current;
}

/** A preemption point at which somebody else may run. */
export class PreemptFrame extends Frame {
  get frameName(): string {
    return "preempt";
  }

  override step(): Frame {
    if (this.label !== 0) return RETURNED;
    this.label = 1;
    return SUSPENDED;
  }
}

/** The same, and then a spinlock is taken. */
export class CriticalFrame extends Frame {
  constructor(
    private readonly machine: Machine,
    readonly object: unknown,
    readonly lock: string,
    readonly isShared: boolean,
    readonly place: string,
  ) {
    super();
  }

  get frameName(): string {
    return "spin_lock";
  }

  override step(): Frame {
    if (this.label === 0) {
      this.label = 1;
      return SUSPENDED;
    }
    takeLock(runningThread(this.machine), this, this.isShared);
    return RETURNED;
  }
}

/** A value that is handed on when the thread runs again: somebody of a higher priority was woken in the call. */
export class LateValueFrame extends Frame {
  constructor(private readonly value: unknown) {
    super();
  }

  get frameName(): string {
    return "preempt";
  }

  override step(): Frame {
    if (this.label === 0) {
      this.label = 1;
      return SUSPENDED;
    }
    this.sent = this.value;
    return RETURNED;
  }
}

/** schedule_timeout(), msleep(): sleeps until the timer fires or somebody wakes the thread. */
export class TimeoutFrame extends Frame {
  private readonly timer: TimerList;
  private readonly thread: MachineThread;

  /** @param state of the thread while it sleeps; null for the one that it is in */
  constructor(
    private readonly machine: Machine,
    private readonly ticks: Int64,
    private readonly mode: number | null,
    private readonly isWhole: boolean,
  ) {
    super();
    this.thread = runningThread(machine);
    this.timer = new TimerList(machine.timers, "timeout", this.thread);
    this.timer.func = wakeOwner(machine);
  }

  get frameName(): string {
    return this.isWhole ? "msleep" : "schedule_timeout";
  }

  override step(): Frame {
    const { machine, timer } = this;
    if (this.label === 0) {
      this.label = 1;
      if (!ltS64(0, this.ticks)) {
        this.sent = 0;
        return RETURNED;
      }
      if (this.mode !== null) this.thread.state = this.mode;
      timer.expires = machine.clock.jiffiesPlus(this.ticks);
      machine.timers.modify(timer, timer.expires, false);
      return SUSPENDED;
    }
    if (timer.heapIndex >= 0) machine.timers.cancel(timer);
    const left = Number(timer.expires) - machine.clock.jiffies;
    this.sent = this.isWhole ? undefined : Math.max(0, left);
    return RETURNED;
  }
}

const wakers = new WeakMap<Machine, (timer: TimerList) => void>();

/** One function for all timers of a machine, so that states which differ in nothing else are the same. */
function wakeOwner(machine: Machine): (timer: TimerList) => void {
  const known = wakers.get(machine);
  if (known !== undefined) return known;
  const made = (timer: TimerList): void => {
    machine.wake(timer.owner as MachineThread);
  };
  wakers.set(machine, made);
  return made;
}

export const SLEEP_MODES = { interruptible: TASK_INTERRUPTIBLE, uninterruptible: TASK_UNINTERRUPTIBLE };

/** What threads of a machine see of a mutex: mutex.ts. */
export interface MachineMutex {
  owner: unknown;
  readonly waiters: unknown[];
}

/** mutex_lock(): sleeps until the mutex is the thread's own. */
export class MutexFrame extends Frame {
  constructor(
    private readonly machine: Machine,
    private readonly lock: MachineMutex,
  ) {
    super();
  }

  get frameName(): string {
    return "mutex_lock";
  }

  override step(): Frame {
    const thread = runningThread(this.machine);
    if (this.label === 0) {
      this.label = 1;
      if (this.lock.owner === thread) throw new SimulationFault("bug-on", "a mutex is locked twice by one thread");
      if (this.lock.owner === null) this.lock.owner = thread;
      else this.lock.waiters.push(thread);
    }
    if (this.lock.owner === thread) return RETURNED;
    thread.state = TASK_UNINTERRUPTIBLE;
    return SUSPENDED;
  }
}

/** mutex_unlock(): hands it to who has waited longest. */
export function unlockMutex(machine: Machine, lock: MachineMutex): void {
  const next = (lock.waiters.shift() ?? null) as MachineThread | null;
  lock.owner = next;
  if (next !== null) machine.wake(next, TASK_UNINTERRUPTIBLE);
}

/** Who waits for a bit of a member. */
export interface MachineBitWaiter {
  readonly thread: MachineThread;
  readonly object: object;
  readonly key: string;
  readonly bit: number;
}

/** The member that a pointer to a word points to. */
export function wordOf(word: unknown): { readonly object: object; readonly key: string } {
  if (word instanceof FieldPointer) return { object: word.object as object, key: word.key as string };
  throw new SimulationFault("unsupported", "waiting for a bit of what is no member of a struct");
}

/** __wait_on_bit(): wait-bit.ts. */
export class WaitOnBitFrame extends Frame {
  private waiter: MachineBitWaiter | null = null;

  /** @param action what waits; null for schedule() */
  constructor(
    private readonly machine: Machine,
    private readonly waiters: MachineBitWaiter[],
    private readonly word: FieldPointer<object, never>,
    private readonly bit: number,
    private readonly action: ((word: unknown, mode: number) => unknown) | null,
    private readonly mode: number,
  ) {
    super();
  }

  get frameName(): string {
    return "wait_on_bit";
  }

  private get isSet(): boolean {
    return test_bit(this.bit, this.word as unknown as Pointer<Int64>);
  }

  override step(): Frame {
    if (this.label === 1) {
      const result = typeof this.sent === "number" ? this.sent : 0;
      this.sent = undefined;
      if (!this.isSet || result !== 0) return this.finish(result);
      this.label = 0;
    }
    const thread = runningThread(this.machine);
    if (this.waiter === null) {
      const { object, key } = wordOf(this.word);
      this.waiter = { thread, object, key, bit: this.bit };
      this.waiters.push(this.waiter);
    }
    thread.state = this.mode;
    if (!this.isSet) return this.finish(0);
    this.label = 1;
    if (this.action === null) return SUSPENDED;
    const done = this.action(this.word, this.mode);
    if (done instanceof Frame) return done;
    this.sent = done;
    return this.step();
  }

  private finish(result: number): Frame {
    runningThread(this.machine).state = TASK_RUNNING;
    const at = this.waiter === null ? -1 : this.waiters.indexOf(this.waiter);
    if (at >= 0) this.waiters.splice(at, 1);
    this.waiter = null;
    this.sent = result;
    return RETURNED;
  }
}

/** wake_up_bit(): those whose bit is clear go on. */
export function wakeBit(machine: Machine, waiters: readonly MachineBitWaiter[], word: unknown, bit: number): void {
  const { object, key } = wordOf(word);
  if (test_bit(bit, word as Pointer<Int64>)) return;
  for (const waiter of [...waiters]) {
    if (waiter.object === object && waiter.key === key && waiter.bit === bit) machine.wake(waiter.thread);
  }
}
