/**
 * Kernel threads as coroutines: a thread runs until it gives up the CPU with `yield`, which is schedule()
 * (kernel/sched/core.c). Whether it then sleeps is said by its state, set before, as in the kernel: a wake-up between
 * set_current_state() and schedule() is not lost, one before set_current_state() is.
 */
import { maxScheduleTimeout } from "./clock.ts";
import type { LatencyPolicy } from "./decisions.ts";
import { SimulationFault } from "./fault.ts";
import { add64, eq64, type Int64, ltS64, sub64, toS32 } from "./integers.ts";
import type { Simulation } from "./simulation.ts";
import { TimerList } from "./timers.ts";

// include/linux/sched.h
export const TASK_RUNNING = 0x0;
export const TASK_INTERRUPTIBLE = 0x1;
export const TASK_UNINTERRUPTIBLE = 0x2;
export const TASK_DEAD = 0x80;
export const TASK_WAKEKILL = 0x100;
export const TASK_NOLOAD = 0x400;
export const TASK_KILLABLE = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;
export const TASK_IDLE = TASK_UNINTERRUPTIBLE | TASK_NOLOAD;
export const TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;

/** include/linux/errno.h */
export const ERESTARTSYS = 512;

/** C code that may block: `yield` is schedule(). */
export type Coroutine<T = void> = Generator<undefined, T, undefined>;

/** struct task_struct, as far as scheduling goes. */
export class Task {
  state = TASK_RUNNING;
  /** PF_* and numbers that C looks at; nothing here depends on them. */
  flags = 0;
  pid = 0;
  tgid = 0;
  signal: "none" | "signal" | "kill" = "none";
  /** Spinlocks that it holds: it is not preempted under them. */
  locks = 0;
  /** It has lost the CPU and is runnable, whatever its state says. */
  isPreempted = false;
  /** Where between two ticks it is after a sleep by the microsecond: that tick, and the part of it that has passed. */
  sleptTick = -1;
  sleptPart = 0;
  /** The timer of schedule_timeout(): one, since a thread waits in one place. */
  timeout: TimerList | null = null;

  /**
   * @param step runs the thread until it gives up the CPU.
   * @param latency how late it starts after a wake-up; null for at once.
   */
  constructor(
    readonly kernel: Simulation,
    readonly name: string,
    readonly step: (task: Task) => void,
    readonly latency: LatencyPolicy | null = null,
  ) {}
}

/** Makes a thread runnable that was not, now or after its latency. */
export function activate(task: Task): void {
  const { kernel } = task;
  task.state = TASK_RUNNING;
  const lateTicks = task.latency === null ? 0 : task.latency(kernel.decisions);
  kernel.trace?.({ tick: kernel.clock.tick, kind: "task-wake", task: task.name, lateTicks });
  if (lateTicks === 0) kernel.runQueue.push(task);
  else kernel.after(lateTicks, () => kernel.runQueue.push(task));
}

/** try_to_wake_up(): 1 when the thread was in one of the states of `mode`. */
export function wake_up_state(task: Task, mode: number): 0 | 1 {
  if ((task.state & mode) === 0) return 0;
  // It has not called schedule() yet: it is still on the CPU, or waits for it, and need not be queued.
  if (task === task.kernel.current || task.isPreempted) task.state = TASK_RUNNING;
  else activate(task);
  return 1;
}

export function wake_up_process(task: Task): 0 | 1 {
  return wake_up_state(task, TASK_NORMAL);
}

/** Sends a signal; `kill` also wakes what is TASK_KILLABLE (kernel/signal.c, signal_wake_up_state()). */
export function sendSignal(task: Task, signal: "signal" | "kill"): void {
  if (task.signal !== "kill") task.signal = signal;
  wake_up_state(task, signal === "kill" ? TASK_INTERRUPTIBLE | TASK_WAKEKILL : TASK_INTERRUPTIBLE);
}

export function signal_pending(task: Task): boolean {
  return task.signal !== "none";
}

export function fatal_signal_pending(task: Task): boolean {
  return task.signal === "kill";
}

/** signal_pending_state() of include/linux/sched/signal.h. */
export function signal_pending_state(state: number, task: Task): boolean {
  if ((state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) === 0 || task.signal === "none") return false;
  return (state & TASK_INTERRUPTIBLE) !== 0 || task.signal === "kill";
}

/** `current`. */
export function currentTask(kernel: Simulation): Task {
  if (kernel.current === null) throw new SimulationFault("schedule-outside-task", "blocking outside a thread");
  return kernel.current;
}

export function set_current_state(kernel: Simulation, state: number): void {
  currentTask(kernel).state = state;
}

/** Runs a coroutine until it gives up the CPU; true when it has ended. */
export function resume(task: Task, body: Coroutine): boolean {
  if (body.next().done === true) return true;
  const { kernel } = task;
  if (task.isPreempted) return false;
  if (task.state === TASK_RUNNING) kernel.runQueue.push(task);
  else kernel.trace?.({ tick: kernel.clock.tick, kind: "task-sleep", task: task.name, state: task.state });
  return false;
}

/** kthread_run(): a thread that runs `body`, runnable at once. */
export function kthread_run(
  kernel: Simulation,
  name: string,
  body: () => Coroutine,
  latency: LatencyPolicy | null = null,
): Task {
  const coroutine = body();
  const step = (task: Task): void => {
    if (!resume(task, coroutine)) return;
    task.state = TASK_DEAD;
    kernel.trace?.({ tick: kernel.clock.tick, kind: "task-end", task: name });
  };
  const task = new Task(kernel, name, step, latency);
  kernel.runQueue.push(task);
  return task;
}

/** Gives up the CPU; sleeps unless the state is TASK_RUNNING. */
export function* schedule(kernel: Simulation): Coroutine {
  currentTask(kernel);
  yield;
}

/** need_resched(): whether somebody else wants the CPU; nobody says so, who is to lose it does at once. */
export function need_resched(_kernel: Simulation): boolean {
  return false;
}

/** yield() and cond_resched(): stays runnable, behind the others. */
export function* cond_resched(kernel: Simulation): Coroutine {
  currentTask(kernel).state = TASK_RUNNING;
  yield;
}

/**
 * The first half of schedule_timeout(): arms the thread's timer. Apart, so that what waits in a loop can do without a
 * coroutine per round.
 * @returns when it expires in jiffies (unsigned long); null when it never does.
 */
export function armTimeout(task: Task, timeout: Int64): Int64 | null {
  const { clock, timers } = task.kernel;
  if (timeout === maxScheduleTimeout(clock.longBits)) return null;
  if (task.timeout === null) {
    task.timeout = new TimerList(timers, `${task.name}/timeout`, task);
    task.timeout.func = () => wake_up_process(task);
  }
  const expires = clock.jiffiesPlus(timeout);
  timers.modify(task.timeout, expires, false);
  return expires;
}

/** The second half of schedule_timeout(): disarms the timer; what is left of the timeout in jiffies. */
export function disarmTimeout(task: Task, timeout: Int64, expires: Int64 | null): Int64 {
  if (expires === null) return timeout;
  if (task.timeout !== null && task.timeout.heapIndex >= 0) task.kernel.timers.cancel(task.timeout);
  const { clock } = task.kernel;
  const left = sub64(expires, clock.jiffies);
  const signed = clock.longBits === 32 ? toS32(left) : left;
  if (ltS64(signed, 0)) return 0;
  return signed;
}

/**
 * Sleeps in the state set before until woken, `timeout` jiffies (long) at most: kernel/time/timer.c.
 * @returns what is left of the timeout in jiffies, 0 when it has passed; MAX_SCHEDULE_TIMEOUT for itself.
 */
export function* schedule_timeout(kernel: Simulation, timeout: Int64): Coroutine<Int64> {
  const task = currentTask(kernel);
  if (ltS64(timeout, 0)) {
    task.state = TASK_RUNNING;
    return 0;
  }
  const expires = armTimeout(task, timeout);
  yield;
  return disarmTimeout(task, timeout, expires);
}

export function* schedule_timeout_interruptible(kernel: Simulation, timeout: Int64): Coroutine<Int64> {
  set_current_state(kernel, TASK_INTERRUPTIBLE);
  return yield* schedule_timeout(kernel, timeout);
}

export function* schedule_timeout_uninterruptible(kernel: Simulation, timeout: Int64): Coroutine<Int64> {
  set_current_state(kernel, TASK_UNINTERRUPTIBLE);
  return yield* schedule_timeout(kernel, timeout);
}

export function* schedule_timeout_killable(kernel: Simulation, timeout: Int64): Coroutine<Int64> {
  set_current_state(kernel, TASK_KILLABLE);
  return yield* schedule_timeout(kernel, timeout);
}

/** Sleeps for that many milliseconds: kernel/time/timer.c; by 6.18 in kernel/time/sleep_timeout.c. */
export function* msleep(kernel: Simulation, msecs: number): Coroutine {
  const extra = kernel.msleepAddsJiffy ? 1 : 0;
  let timeout = kernel.clock.toUnsignedLong(add64(kernel.units.msecs_to_jiffies(msecs), extra));
  while (!eq64(timeout, 0)) timeout = yield* schedule_timeout_uninterruptible(kernel, timeout);
}

export function* ssleep(kernel: Simulation, seconds: number): Coroutine {
  yield* msleep(kernel, seconds * 1000);
}
