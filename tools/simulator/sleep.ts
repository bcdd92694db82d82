/** Sleeping by the microsecond, stopping threads, and error pointers: small pieces that generated code leans on. */
import { Completion, complete, wait_for_completion } from "./completion.ts";
import { decide } from "./decisions.ts";
import { SimulationFault } from "./fault.ts";
import { eq64, type Int64 } from "./integers.ts";
import { requireFixed } from "./phase.ts";
import type { Simulation } from "./simulation.ts";
import {
  type Coroutine,
  currentTask,
  TASK_DEAD,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  type Task,
  wake_up_process,
} from "./tasks.ts";

const USEC_PER_SEC = 1_000_000;

function checkMicroseconds(value: Int64): number {
  requireFixed(value, "a sleep in microseconds");
  if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value * 12_287)) return value;
  throw new SimulationFault("unsupported", `usleep_range of ${value} microseconds`);
}

/**
 * usleep_range(): sleeps at least `min_us` and at most `max_us` microseconds (kernel/time/timer.c; by 6.18 in
 * kernel/time/sleep_timeout.c). It is an hrtimer, which does not wait for a tick and so may end within the one in
 * which it began.
 *
 * The clock only knows ticks. By default the sleep ends as early as it can: it is taken to begin just after a tick
 * and to last `min_us`, so that 1000 us are 1 tick at HZ=1000 and 0 at HZ=250. What is left over is remembered while
 * the thread stays within its tick, for otherwise a loop of short sleeps would never reach the next one: at HZ=250
 * every fourth of them ends a tick later. The decision "usleep" may choose a later tick, up to that of a sleep of
 * `max_us` that begins just before a tick: 2 at HZ=1000 and 1 at HZ=250 for 2000 us.
 */
export function* usleep_range(kernel: Simulation, min_us: Int64, max_us: Int64): Coroutine {
  const min = checkMicroseconds(min_us);
  const max = checkMicroseconds(max_us);
  // usleep_range_state() warns of this since 6.7; before, the difference wrapped.
  if (max < min)
    throw new SimulationFault("bug-on", `usleep_range(${min}, ${max}): the bounds are the wrong way round`);
  const task = currentTask(kernel);
  const { clock, hz } = kernel;
  const passed = eq64(task.sleptTick, clock.tick) ? task.sleptPart : 0;
  const end = passed + min * hz;
  const earliest = Math.floor(end / USEC_PER_SEC);
  const latest = Math.max(Math.ceil((max * hz) / USEC_PER_SEC), earliest);
  const later = decide(kernel.decisions, latest - earliest + 1, "usleep");
  let hasFired = false;
  kernel.after(earliest + later, () => {
    hasFired = true;
    wake_up_process(task);
  });
  // Until the hrtimer has fired: other wake-ups do not end it, as in the loop of usleep_range_state().
  while (!hasFired) {
    task.state = TASK_UNINTERRUPTIBLE;
    yield;
  }
  task.state = TASK_RUNNING;
  task.sleptTick = clock.tick;
  // In units of 1 / USEC_PER_SEC tick.
  task.sleptPart = later === 0 ? end - earliest * USEC_PER_SEC : 0;
}

/** KTHREAD_SHOULD_STOP. */
const stopping = new WeakSet<Task>();

/** kthread_should_stop(): whether somebody called kthread_stop() on the present thread. */
export function kthread_should_stop(kernel: Simulation): boolean {
  return stopping.has(currentTask(kernel));
}

/**
 * kthread_stop(): tells a thread to end, wakes it and waits until it has (kernel/kthread.c).
 * @returns 0; what a thread returns is not kept, and one that has not run yet runs and sees kthread_should_stop().
 */
export function* kthread_stop(task: Task): Coroutine<number> {
  stopping.add(task);
  if (task.state === TASK_DEAD) return 0;
  const exited = new Completion(task.kernel);
  // Threads do not announce their end: it is looked for after each step that the thread takes from now on.
  const watched: { step: (task: Task) => void } = task;
  const { step } = watched;
  watched.step = (stepped) => {
    step(stepped);
    if (stepped.state === TASK_DEAD) complete(exited);
  };
  wake_up_process(task);
  yield* wait_for_completion(exited);
  return 0;
}

/** The freezer: nothing is ever suspended here. */
export function try_to_freeze(): boolean {
  return false;
}

export function set_freezable(): boolean {
  return false;
}

/** Signals are taken whatever a thread allows; who sends none sees no difference. */
export function allow_kernel_signal(_signal: number): void {}

export function allow_signal(_signal: number): void {}

/** MAX_ERRNO of include/linux/err.h. */
const MAX_ERRNO = 4095;

/** An error number where a pointer is expected: include/linux/err.h. */
export class ErrorPointer {
  /** @param code negative, -4095 at least. */
  constructor(readonly code: number) {}
}

/** One per code, so that two error pointers of one code are the same pointer. */
const errorPointers = new Map<number, ErrorPointer>();

/** The pointer for a negative error number; the null pointer for 0. Any other number is a fault. */
export function ERR_PTR(code: Int64): never {
  if (code === 0) return null as never;
  if (typeof code !== "number" || !Number.isInteger(code) || code > 0 || code < -MAX_ERRNO) {
    throw new SimulationFault("bad-pointer", `ERR_PTR(${code}), which is no error number`);
  }
  const known = errorPointers.get(code) ?? new ErrorPointer(code);
  errorPointers.set(code, known);
  return known as never;
}

/** No type guard: in the types of generated code an error pointer is a pointer like others. */
export function IS_ERR(pointer: unknown): boolean {
  return pointer instanceof ErrorPointer;
}

export function IS_ERR_OR_NULL(pointer: unknown): boolean {
  return pointer === null || pointer instanceof ErrorPointer;
}

/** The error number of an error pointer, 0 of the null pointer; an address as a number is a fault. */
export function PTR_ERR(pointer: unknown): number {
  if (pointer === null) return 0;
  if (pointer instanceof ErrorPointer) return pointer.code;
  throw new SimulationFault("bad-pointer", "PTR_ERR of a pointer to something");
}

export function PTR_ERR_OR_ZERO(pointer: unknown): number {
  return pointer instanceof ErrorPointer ? pointer.code : 0;
}

/** The same error where a pointer of another type is expected. */
export function ERR_CAST(pointer: unknown): never {
  return pointer as never;
}
