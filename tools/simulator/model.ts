/**
 * What generated models need besides the kernel's own primitives: places that were not translated, memory that is
 * allocated, calls through pointers.
 */
import { SimulationFault } from "./fault.ts";
import { type Int64, ltS64 } from "./integers.ts";
import { BytePointer, NULL, type Pointer } from "./pointers.ts";
import type { Simulation } from "./simulation.ts";
import { type Struct, structArray } from "./structs.ts";
import { type Coroutine, resume, TASK_DEAD, TASK_UNINTERRUPTIBLE, Task } from "./tasks.ts";

/** A place of the C that the model does not know was reached: nothing can be said of what comes after. */
export class UnmodelledFault extends SimulationFault {
  /** @param place file and line */
  constructor(
    readonly place: string,
    readonly what: string,
  ) {
    super("unsupported", place === "" ? what : `${place}: ${what}`);
  }
}

/** Stops the run; its type is that of the value which C would have there. */
export function unmodelled<T>(place: string, what: string): T {
  throw new UnmodelledFault(place, what);
}

/** A function that is on the list of those without effect, where C stores or hands on its address. */
export function withoutEffect(_name: string): () => never {
  return () => undefined as never;
}

/** A function that no history is to come to, where C stores or hands on its address. */
export function beyond(name: string): () => never {
  return () => unmodelled<never>("", `call of ${name}, which is beyond the model`);
}

/** BUG(): include/asm-generic/bug.h. */
export function bug(name: string): never {
  throw new SimulationFault("bug-on", `BUG in ${name}`);
}

/** The end of a function that should have returned a value. */
export function endWithoutValue(name: string): never {
  throw new SimulationFault("bug-on", `the end of ${name} was reached without a value`);
}

/** A call through a pointer to a function that may block or not. */
export function* indirect<T>(called: T | Coroutine<T>): Coroutine<T> {
  return isCoroutine(called) ? yield* called : called;
}

function isCoroutine<T>(called: T | Coroutine<T>): called is Coroutine<T> {
  return typeof called === "object" && called !== null && Symbol.iterator in called && "next" in called;
}

/** `(__be32 *)buf`: bytes seen as wider integers. What are no bytes keeps its own cells. */
export function cellsAt(pointer: unknown, width: 1 | 2 | 4 | 8, signed: boolean): unknown {
  return pointer instanceof BytePointer ? pointer.as(width, signed) : pointer;
}

/** `(int *)p` of a pointer to unsigned int, or the other way round: each value is converted on its way. */
export class OtherSign implements Pointer<number> {
  /**
   * @param read to the type that is seen
   * @param write to the type that is there
   */
  constructor(
    private readonly there: Pointer<number>,
    private readonly read: (value: number) => number,
    private readonly write: (value: number) => number,
  ) {}

  get value(): number {
    return this.read(this.there.value);
  }

  set value(value: number) {
    this.there.value = this.write(value);
  }

  at(index: Int64): number {
    return this.read(this.there.at(index));
  }

  setAt(index: Int64, value: number): void {
    this.there.setAt(index, this.write(value));
  }

  plus(count: Int64): OtherSign {
    return new OtherSign(this.there.plus(count), this.read, this.write);
  }
}

/** As OtherSign; the null pointer stays one. */
export function otherSign(
  there: Pointer<number>,
  read: (value: number) => number,
  write: (value: number) => number,
): Pointer<number> {
  return there === null ? NULL : new OtherSign(there, read, write);
}

/** `(unsigned char *)p` of a pointer to bytes; the null pointer stays one. */
export function bytesAs(pointer: BytePointer, signed: boolean): BytePointer {
  return pointer === null ? NULL : pointer.as(1, signed);
}

/** `(char *)p`: wider integers seen as bytes. */
export function bytesAt(pointer: unknown): BytePointer {
  if (pointer === null) return null as never;
  if (!(pointer instanceof BytePointer)) throw new SimulationFault("unsupported", "an object is looked at as bytes");
  return pointer.width === 1 ? pointer : pointer.as(1, false);
}

/**
 * `(unsigned long)p`: an address that is handed on as a number, as the functions of timers got one up to 4.14. It
 * stays what it points to; whoever counts with it is stopped.
 */
export function addressOf(pointer: unknown): Int64 {
  return (pointer === null ? 0 : pointer) as Int64;
}

/** `(struct x *)data`: what addressOf() made a number of. */
export function pointerAt<T>(address: Int64): T {
  if (typeof address === "object") return address;
  if (address === 0) return null as T;
  throw new SimulationFault("bad-pointer", `the number ${address} as a pointer`);
}

/** Fresh bytes, all zero. */
export function allocateBytes(count: Int64): BytePointer {
  return new BytePointer(new Uint8Array(Number(count)), 0, 1, false);
}

/**
 * What kmalloc() and its kin return: memory that outlives the function, which no local is. Nothing here depends on it;
 * who watches a run from outside can tell the two apart.
 */
export function allocated<T>(memory: T): T {
  return memory;
}

/** sizeof a struct whose members are kept but not its layout: one, so that n times as many bytes are n objects. */
export function sizeOfStruct(_struct: unknown): number {
  return 1;
}

/** kmalloc(n * sizeof(struct x)): the first of an array of them. */
export function allocateStructs<T extends Struct>(bytes: Int64, size: number, make: () => T): T {
  const count = Math.max(1, Math.floor(Number(bytes) / size));
  const [first] = structArray(count, make);
  if (first === undefined) throw new SimulationFault("unsupported", "an allocation of nothing");
  return first;
}

/** `(struct x) { .member = ... }`. */
export function initialised<T>(object: T, fill: (it: T) => void): T {
  fill(object);
  return object;
}

type Less = (a: Int64, b: Int64) => boolean;

export function min64(a: Int64, b: Int64, less: Less = ltS64): Int64 {
  return less(b, a) ? b : a;
}

export function max64(a: Int64, b: Int64, less: Less = ltS64): Int64 {
  return less(a, b) ? b : a;
}

/** kthread_create(): a thread that does not run before wake_up_process() (kernel/kthread.c). */
export function kthread_create(kernel: Simulation, name: string, body: () => Coroutine): Task {
  let coroutine: Coroutine | null = null;
  const step = (task: Task): void => {
    coroutine ??= body();
    if (resume(task, coroutine)) task.state = TASK_DEAD;
  };
  const task = new Task(kernel, name, step);
  task.state = TASK_UNINTERRUPTIBLE;
  return task;
}
