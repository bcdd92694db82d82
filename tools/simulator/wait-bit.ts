/**
 * Waiting for a bit of a word: include/linux/wait_bit.h and kernel/sched/wait_bit.c (up to 4.12 wait.h and wait.c).
 * Queues of bits are hashed by address in the kernel, so that a waiter may be woken by strangers and looks again; here
 * each word has its own.
 */
import { SimulationFault } from "./fault.ts";
import type { Int64 } from "./integers.ts";
import { test_bit } from "./kernel-structs.ts";
import { FieldPointer, type Pointer } from "./pointers.ts";
import type { Simulation } from "./simulation.ts";
import { Struct } from "./structs.ts";
import {
  type Coroutine,
  currentTask,
  ERESTARTSYS,
  signal_pending_state,
  TASK_NORMAL,
  TASK_RUNNING,
  type Task,
  wake_up_state,
} from "./tasks.ts";
import { WaitQueueHead } from "./wait.ts";

/** struct wait_bit_key: which bit of which word; who is woken by a key is found by the queue here. */
export class WaitBitKey extends Struct {
  flags: unknown = null;
  bit_nr = 0;
  timeout: Int64 = 0;
}

/** Who waits for which bit of which member. */
interface BitWaiter {
  readonly task: Task;
  readonly object: object;
  readonly key: PropertyKey;
  readonly bit: number;
}

/** The waiters of each machine, in the order of their coming. */
const waiting = new WeakMap<Simulation, BitWaiter[]>();

function waitersOf(kernel: Simulation): BitWaiter[] {
  const known = waiting.get(kernel);
  if (known !== undefined) return known;
  const made: BitWaiter[] = [];
  waiting.set(kernel, made);
  return made;
}

/** The member that a pointer to a word points to. */
function memberOf(word: unknown): { readonly object: object; readonly key: PropertyKey } {
  if (word instanceof FieldPointer) return { object: word.object as object, key: word.key as PropertyKey };
  throw new SimulationFault("unsupported", "waiting for a bit of what is no member of a struct");
}

/** wake_up_bit(): those that wait for the bit go on, if it is clear when they look. */
export function wake_up_bit(kernel: Simulation, word: unknown, bit: number): void {
  const { object, key } = memberOf(word);
  for (const waiter of [...waitersOf(kernel)]) {
    if (waiter.object !== object || waiter.key !== key || waiter.bit !== bit) continue;
    // wake_bit_function(): who finds the bit set again sleeps on.
    if (test_bit(bit, word as Pointer<Int64>)) continue;
    wake_up_state(waiter.task, TASK_NORMAL);
  }
}

/** bit_waitqueue(): those that wait for the bit now, as a queue to wake them by. */
export function bit_waitqueue(kernel: Simulation, word: unknown, bit: number): WaitQueueHead {
  const { object, key } = memberOf(word);
  const head = new WaitQueueHead(kernel);
  for (const waiter of waitersOf(kernel)) {
    if (waiter.object !== object || waiter.key !== key || waiter.bit !== bit) continue;
    head.entries.push({ task: waiter.task, exclusive: false, autoremove: false });
  }
  return head;
}

/** __wake_up_locked_key(): the queue is one of bit_waitqueue(), which has the waiters of one bit only. */
export function __wake_up_locked_key(head: WaitQueueHead, mode: number, _key: unknown): void {
  for (const entry of head.entries) wake_up_state(entry.task, mode);
}

/** What a wait does instead of schedule(): 0, or a negative error that ends the wait. */
export type BitWaitAction =
  | ((word: unknown, mode: number) => number)
  | ((word: unknown, mode: number) => Coroutine<number>);

/**
 * out_of_line_wait_on_bit(): sleeps until the bit is clear or the action has enough. It queues first and looks at the
 * bit then, as __wait_on_bit() does.
 *
 * @param action what waits; schedule() with a look at signals when null
 * @returns 0, or what the action returned
 */
export function* out_of_line_wait_on_bit(
  kernel: Simulation,
  word: unknown,
  bit: number,
  action: BitWaitAction | null,
  mode: number,
): Coroutine<number> {
  const { object, key } = memberOf(word);
  const task = currentTask(kernel);
  const waiter: BitWaiter = { task, object, key, bit };
  const all = waitersOf(kernel);
  let result = 0;
  do {
    if (!all.includes(waiter)) all.push(waiter);
    task.state = mode;
    if (test_bit(bit, word as Pointer<Int64>)) {
      const done: unknown = action === null ? bitWait(task, mode) : action(word, mode);
      result = typeof done === "number" ? done : yield* done as Coroutine<number>;
    }
  } while (test_bit(bit, word as Pointer<Int64>) && result === 0);
  task.state = TASK_RUNNING;
  const at = all.indexOf(waiter);
  if (at >= 0) all.splice(at, 1);
  return result;
}

/** bit_wait(). */
function* bitWait(task: Task, mode: number): Coroutine<number> {
  yield;
  return signal_pending_state(mode, task) ? -ERESTARTSYS : 0;
}

/** wait_on_bit() up to 3.16, and wait_on_bit_action() since. */
export function* wait_on_bit_action(
  kernel: Simulation,
  word: unknown,
  bit: number,
  action: BitWaitAction | null,
  mode: number,
): Coroutine<number> {
  if (!test_bit(bit, word as Pointer<Int64>)) return 0;
  return yield* out_of_line_wait_on_bit(kernel, word, bit, action, mode);
}

/** wait_on_bit() since 3.17. */
export function wait_on_bit(kernel: Simulation, word: unknown, bit: number, mode: number): Coroutine<number> {
  return wait_on_bit_action(kernel, word, bit, null, mode);
}

/** wait_on_bit_lock() since 3.17: sleeps until the bit is clear, and sets it. */
export function* wait_on_bit_lock(kernel: Simulation, word: unknown, bit: number, mode: number): Coroutine<number> {
  const address = word as Pointer<Int64>;
  while (test_bit(bit, address)) {
    const result = yield* out_of_line_wait_on_bit(kernel, word, bit, null, mode);
    if (result !== 0) return result;
  }
  address.value = setBit(address.value, bit);
  return 0;
}

function setBit(value: Int64, bit: number): Int64 {
  if (typeof value !== "number" || bit > 30) throw new SimulationFault("unsupported", `bit ${bit} of a word as a lock`);
  return value | (1 << bit);
}
