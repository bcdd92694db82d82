/**
 * What a model gets for the modules of the simulator when it runs on a Machine: the same names, made for threads that
 * are frames. Functions that are the same on both are handed on; coroutines that have no counterpart here are a fault.
 */
import { SimulationFault } from "./fault.ts";
import { SuspendFrame } from "./frame.ts";
import { releaseLock, takeLock } from "./held-locks.ts";
import type { Int64 } from "./integers.ts";
import type { Machine } from "./machine.ts";
import {
  CriticalFrame,
  LateValueFrame,
  type MachineBitWaiter,
  type MachineMutex,
  MutexFrame,
  PreemptFrame,
  runningThread,
  SLEEP_MODES,
  TimeoutFrame,
  unlockMutex,
  WaitOnBitFrame,
  wakeBit,
  wordOf,
} from "./machine-frames.ts";
import { MachineDelayedWork, MachineQueue, type MachineWork, maxActiveOf, WorkDoneFrame } from "./machine-work.ts";
import type { Task } from "./tasks.ts";
import { WaitQueueHead } from "./wait.ts";
import type { WorkFunction, WorkqueueOptions, WorkStruct } from "./workqueue.ts";

type Functions = Readonly<Record<string, unknown>>;

/** Who sleeps on bits, and the machine's work queues: what the modules share. */
export interface MachineParts {
  readonly machine: Machine;
  readonly work: MachineWork;
  readonly bitWaiters: MachineBitWaiter[];
  /** kernel_recvmsg() of the surroundings' sockets, which does not sleep: into the first of some vectors. */
  readonly receive: (socket: unknown, vector: { iov_base: unknown }, bytes: number, flags: number) => number;
}

/**
 * The modules of a machine, for instantiateModel().
 *
 * @param parts asked when a model is set up and runs, so that one set of modules serves all machines of a process
 */
export function machineModules(parts: () => MachineParts): (name: string, exported: object) => object {
  const overrides: Readonly<Record<string, Functions>> = {
    model: { indirect: <T>(called: T): T => called },
    preemption: preemption(),
    tasks: tasks(),
    "wait-bit": waitBit(parts),
    workqueue: workqueue(parts),
    "workqueue-cancel": cancelling(parts),
    "kernel-structs": {
      receive_kernel_recvmsg: (
        ...[socket, _msg, vectors, _count, bytes, flags]: [unknown, unknown, unknown, Int64, Int64, number]
      ) => parts().receive(socket, firstOf(vectors), Number(bytes), flags),
    },
    mutex: {
      mutex_lock: (machine: Machine, lock: MachineMutex) => new MutexFrame(machine, lock),
      mutex_unlock: unlockMutex,
      mutex_trylock: (machine: Machine, lock: MachineMutex) => {
        if (lock.owner !== null) return 0;
        lock.owner = runningThread(machine);
        return 1;
      },
    },
    sockets: { tcp_sk: (sk: { readonly tp: unknown }) => sk.tp },
  };
  return (name, exported) => {
    const own = overrides[name];
    const guarded = COROUTINES.has(name) ? refusing(name, exported) : exported;
    return own === undefined ? guarded : { ...guarded, ...own };
  };
}

/** The first vector of an array, or the only one. */
function firstOf(vectors: unknown): { iov_base: unknown } {
  if (typeof vectors === "object" && vectors !== null && "iov_base" in vectors) return vectors as { iov_base: unknown };
  throw new SimulationFault("unsupported", "a receive into what is no vector");
}

/** Modules with coroutines, which cannot be used here. */
const COROUTINES = new Set(["tasks", "sleep", "wait", "wait-bit", "completion", "sockets", "workqueue-cancel"]);

/** Functions that fault where they would hand out a coroutine. */
function refusing(module: string, exported: object): object {
  return Object.fromEntries(
    Object.entries(exported).map(([name, value]) => {
      if (typeof value !== "function" || /^[A-Z]\w*[a-z]/.test(name)) return [name, value];
      const plain = value as (...given: readonly unknown[]) => unknown;
      const guarded = (...given: readonly unknown[]): unknown => {
        const result = plain(...given);
        if (typeof result !== "object" || result === null || !(Symbol.iterator in result) || !("next" in result)) {
          return result;
        }
        throw new SimulationFault("unsupported", `${name} (${module}) where threads are explored`);
      };
      return [name, guarded];
    }),
  );
}

function preemption(): Functions {
  const preempt = (machine: Machine): PreemptFrame | undefined =>
    machine.mayBePreempted ? new PreemptFrame() : undefined;
  return {
    preempt,
    preempt_at_access: preempt,
    enter_critical: (machine: Machine, object: unknown, lock: string, isShared: boolean, place: string) => {
      if (machine.mayBePreempted) return new CriticalFrame(machine, object, lock, isShared, place);
      takeLock(machine.lockOwner, { object, lock, place }, isShared);
      return undefined;
    },
    leave_critical: (machine: Machine, object: unknown, lock: string, place: string) => {
      releaseLock(machine.lockOwner, { object, lock, place });
      // preempt_enable(): who was woken under the lock takes the CPU now.
      return machine.mustGiveWay ? new PreemptFrame() : undefined;
    },
  };
}

/** A call of the surroundings is over: who was woken in it takes the CPU before its value is looked at. */
export function afterCall(machine: Machine, value: unknown): unknown {
  return machine.mustGiveWay ? new LateValueFrame(value) : value;
}

function tasks(): Functions {
  const timeout =
    (mode: number | null) =>
    (machine: Machine, ticks: Int64): TimeoutFrame =>
      new TimeoutFrame(machine, ticks, mode, false);
  return {
    currentTask: (machine: Machine) => runningThread(machine),
    set_current_state: (machine: Machine, state: number) => {
      runningThread(machine).state = state;
    },
    schedule: () => new SuspendFrame(),
    cond_resched: (machine: Machine) => (machine.mayBePreempted ? new PreemptFrame() : undefined),
    schedule_timeout: timeout(null),
    schedule_timeout_interruptible: timeout(SLEEP_MODES.interruptible),
    schedule_timeout_uninterruptible: timeout(SLEEP_MODES.uninterruptible),
    schedule_timeout_killable: timeout(SLEEP_MODES.uninterruptible),
    msleep: (machine: Machine, msecs: number) =>
      new TimeoutFrame(machine, machine.units.msecs_to_jiffies(msecs), SLEEP_MODES.uninterruptible, true),
    ssleep: (machine: Machine, seconds: number) =>
      new TimeoutFrame(machine, seconds * machine.hz, SLEEP_MODES.uninterruptible, true),
    need_resched: (machine: Machine) => machine.mustGiveWay,
  };
}

type BitAction = ((word: unknown, mode: number) => unknown) | null;

function waitBit(parts: () => MachineParts): Functions {
  const wait = (machine: Machine, word: unknown, bit: number, action: BitAction, mode: number): WaitOnBitFrame =>
    new WaitOnBitFrame(machine, parts().bitWaiters, word as never, bit, action, mode);
  return {
    wake_up_bit: (machine: Machine, word: unknown, bit: number) => wakeBit(machine, parts().bitWaiters, word, bit),
    out_of_line_wait_on_bit: wait,
    wait_on_bit_action: wait,
    wait_on_bit: (machine: Machine, word: unknown, bit: number, mode: number) => wait(machine, word, bit, null, mode),
    bit_waitqueue: (machine: Machine, word: unknown, bit: number) => {
      const { object, key } = wordOf(word);
      const head = new WaitQueueHead(machine as never);
      for (const waiter of parts().bitWaiters) {
        if (waiter.object !== object || waiter.key !== key || waiter.bit !== bit) continue;
        head.entries.push({ task: waiter.thread as unknown as Task, exclusive: false, autoremove: false });
      }
      return head;
    },
    __wake_up_locked_key: (head: WaitQueueHead, mode: number) => {
      for (const { task } of head.entries) parts().machine.wake(task as never, mode);
    },
    wait_on_bit_lock: () => {
      throw new SimulationFault("unsupported", "wait_on_bit_lock where threads are explored");
    },
  };
}

function workqueue(parts: () => MachineParts): Functions {
  const fired = (timer: never): void => parts().work.timerFired(timer);
  return {
    DelayedWork: class extends MachineDelayedWork {
      constructor(kernel: never, name?: string, owner?: unknown) {
        super(kernel, name, owner);
        this.timer.func = fired as never;
      }
    },
    alloc_workqueue: (_machine: Machine, name: string, options: WorkqueueOptions) =>
      new MachineQueue(name, maxActiveOf(options)),
    queue_work: (queue: MachineQueue, work: WorkStruct) => parts().work.queue(queue, work),
    queue_delayed_work: (queue: MachineQueue, dwork: MachineDelayedWork, delay: Int64) =>
      parts().work.queueDelayed(queue, dwork, delay),
    // A work that is pending and initialised anew is lost; rpc_make_runnable() does so with works that are not.
    INIT_WORK: (work: WorkStruct, func: WorkFunction) => {
      if (work.pending) throw new SimulationFault("bug-on", `INIT_WORK on ${work.name}, which is pending`);
      work.func = func;
    },
    work_busy: (work: WorkStruct) => (work.pending ? 1 : 0) | (parts().work.isBusy(work, false) ? 2 : 0),
  };
}

function cancelling(parts: () => MachineParts): Functions {
  const done = (item: WorkStruct, isFlush: boolean, result: boolean): WorkDoneFrame => {
    const { machine, work } = parts();
    return new WorkDoneFrame(machine, work, item, isFlush, result);
  };
  return {
    cancel_work: (work: WorkStruct) => parts().work.cancel(work, null),
    cancel_delayed_work: (dwork: MachineDelayedWork) => parts().work.cancel(dwork.work, dwork),
    mod_delayed_work: (queue: MachineQueue, dwork: MachineDelayedWork, delay: Int64) =>
      parts().work.modify(queue, dwork, delay),
    cancel_work_sync: (work: WorkStruct) => done(work, false, parts().work.cancel(work, null)),
    cancel_delayed_work_sync: (dwork: MachineDelayedWork) =>
      done(dwork.work, false, parts().work.cancel(dwork.work, dwork)),
    flush_work: (work: WorkStruct) => done(work, true, parts().work.isBusy(work, true)),
    flush_delayed_work: (dwork: MachineDelayedWork) => done(dwork.work, true, parts().work.isBusy(dwork.work, true)),
  };
}
