/** Wrappers around what a model calls over its boundary: each call is told, and its outcome goes into the script. */

import type { Int64 } from "../simulator/integers.ts";
import { type iov_iter, type kvec, wordsIn } from "../simulator/kernel-structs.ts";
import { allocateStructs } from "../simulator/model.ts";
import { BytePointer, ElementPointer, FieldPointer, type Pointer } from "../simulator/pointers.ts";
import { GOES_ON } from "../simulator/preemption.ts";
import type { Simulation } from "../simulator/simulation.ts";
import { Struct, structPlus } from "../simulator/structs.ts";
import type { Coroutine } from "../simulator/tasks.ts";
import { DelayedWork, WorkStruct } from "../simulator/workqueue.ts";
import type { CallPlan, ValuePlan } from "./boundary-plan.ts";
import { BytePool } from "./byte-pool.ts";
import { UnrecordableError } from "./memory.ts";
import { COMMAND, CONTENT_BYTES, EVENT, POINT, POINTER } from "./protocol.ts";
import type { Recorder } from "./recorder.ts";
import type { HarnessPlan } from "./slice-source.ts";

type AnyFunction = (...given: readonly unknown[]) => unknown;
type Members = Record<string, unknown>;

/** The functions of preemption.ts that are places of the slice's C, too. */
const POINTS: readonly (readonly [string, number])[] = [
  ["preempt", POINT.BEFORE],
  ["enter_critical", POINT.TAKE],
  ["leave_critical", POINT.RELEASE],
];

/** What an argument pointed to before a call, for what the call stores through it. */
type Before = { readonly argument: number } & (
  | { readonly kind: "cell"; readonly pointer: Pointer<unknown>; readonly value: unknown }
  | { readonly kind: "cells"; readonly pointer: ElementPointer<unknown>; readonly values: readonly unknown[] }
  | { readonly kind: "leaves"; readonly object: unknown; readonly layout: number; readonly values: readonly unknown[] }
  | { readonly kind: "bytes"; readonly pointer: BytePointer; readonly copy: Buffer }
);

export class BoundaryCalls {
  private readonly byExport = new Map<string, CallPlan>();
  private readonly without = new Map<string, AnyFunction>();
  private readonly pool = new BytePool();
  /** Room for copies of bytes. */
  private readonly copies: Buffer[] = [];
  /** Conversions of time that the model calls. */
  private readonly units: readonly CallPlan[];

  constructor(
    private readonly recorder: Recorder,
    private readonly plan: HarnessPlan,
    javascript: string,
  ) {
    for (const one of plan.calls) if (one.module !== null) this.byExport.set(`${one.module}.${one.exported}`, one);
    this.units = plan.calls.filter(({ kind, name }) => kind === "unit" && javascript.includes(`units.${name}(`));
  }

  /** A module of the simulator with the functions that the model calls in it watched. */
  interposed(module: string, exported: object): object {
    const members: Members = { ...exported };
    for (const [name, value] of Object.entries(members)) {
      const call = this.byExport.get(`${module}.${name}`);
      if (call !== undefined && typeof value === "function") members[name] = this.wrapped(call, value as AnyFunction);
    }
    if (module === "preemption") {
      for (const [name, kind] of POINTS) members[name] = this.preemptionPoint(kind, exported, name);
    }
    if (module === "model") {
      members["withoutEffect"] = (name: string) => this.withoutEffect(name);
      members["allocateBytes"] = (count: unknown) => this.allocatedBytes(Number(count));
      members["sizeOfStruct"] = (struct: unknown) => this.recorder.bytesOf(struct);
      members["allocateStructs"] = (bytes: Int64, size: number, make: () => Struct) =>
        // Where the model has no layout, its sizes are those of the harness here.
        allocateStructs(bytes, size === 1 ? this.recorder.bytesOf(make().constructor) : size, make);
    }
    return members;
  }

  /** While no history runs, what a module allocates is there for good. */
  private allocatedBytes(count: number): BytePointer {
    const bytes = this.recorder.isRunning ? this.pool.take(count) : new Uint8Array(count);
    return new BytePointer(bytes, 0, 1, false);
  }

  /** Before a history begins. */
  begin(): void {
    this.pool.reset();
  }

  private withoutEffect(name: string): AnyFunction {
    let known = this.without.get(name);
    if (known === undefined) {
      known = () => undefined;
      this.without.set(name, known);
    }
    this.recorder.known(`without.${name}`, known);
    return known;
  }

  /** A place where a thread of the slice may lose the CPU; both sides count them, and the script says where it does. */
  private preemptionPoint(kind: number, exported: object, name: string): AnyFunction {
    const { recorder } = this;
    const original = (exported as Readonly<Record<string, (kernel: Simulation) => Coroutine>>)[name];
    if (original === undefined) throw new Error(`the simulator has no ${name}()`);
    return (kernel) => {
      const point = ++recorder.points;
      const others = original(kernel as Simulation);
      return others === GOES_ON ? others : this.preempted(kind, point, others);
    };
  }

  private *preempted(kind: number, point: number, others: Coroutine): Coroutine {
    const { recorder } = this;
    const entries = recorder.preempt(kind, point);
    yield* others;
    recorder.goOn(kind, entries);
  }

  private readonly environments = new WeakMap<object, Members>();

  /** The environment with its functions watched; who makes the same one again gets the same. */
  environment(given: Members): Members {
    let known = this.environments.get(given);
    if (known === undefined) {
      known = this.watchedEnvironment(given);
      this.environments.set(given, known);
    }
    return known;
  }

  private watchedEnvironment(given: Members): Members {
    const { recorder } = this;
    const watched: Members = { ...given };
    const members: Members = { ...(given["members"] as Members | undefined) };
    for (const call of this.plan.calls) {
      if (call.kind !== "environment" && call.kind !== "member") continue;
      const home = call.kind === "member" ? members : watched;
      const original = home[call.exported];
      if (typeof original !== "function") continue;
      const wrapped = this.wrapped(call, original as AnyFunction);
      home[call.exported] = wrapped;
      recorder.known(call.kind === "member" ? `members.${call.exported}` : `environment.${call.exported}`, wrapped);
    }
    const observe = given["observe"];
    if (typeof observe === "function") {
      watched["observe"] = (...all: readonly unknown[]) => {
        recorder.control = "surroundings";
        (observe as AnyFunction)(...all);
        recorder.control = "slice";
      };
    }
    return { ...watched, members };
  }

  private readonly watchedUnits = new WeakMap<object, object>();

  /** Conversions of time, which the kernel object has. */
  watchUnits(kernel: Simulation): void {
    if (this.units.length === 0) return;
    let known = this.watchedUnits.get(kernel.units);
    if (known === undefined) {
      const units = kernel.units as unknown as Record<string, AnyFunction>;
      const watched: Record<string, AnyFunction> = { ...units };
      for (const call of this.units) {
        const original = units[call.exported];
        if (original !== undefined) watched[call.exported] = this.wrapped(call, original);
      }
      known = watched;
      this.watchedUnits.set(kernel.units, known);
    }
    (kernel as unknown as { units: unknown }).units = known;
  }

  private wrapped(call: CallPlan, original: AnyFunction): AnyFunction {
    const { recorder } = this;
    switch (call.kind) {
      case "wait":
        return (...all) => (recorder.control === "slice" ? this.wait(call, original, all) : original(...all));
      case "receive":
        return (...all) => (recorder.control === "slice" ? this.receive(call, original, all) : original(...all));
      case "thread":
        return (...all) => (recorder.control === "slice" ? this.thread(call, original, all) : original(...all));
      case "allocate":
        return (...all) => {
          if (recorder.control === "slice") this.allocate(call, all[0]);
          return original(...all);
        };
      default:
        break;
    }
    const skipped = call.takesKernel || call.kind === "rounding" ? 1 : 0;
    // Only what may touch memory is looked at afterwards; of the simulator's own functions those of timers do.
    const touches = call.kind === "environment" || call.kind === "member" || call.module === "timers";
    if (call.blocks) {
      return (...all) => (recorder.control === "slice" ? this.block(call, original, all, skipped) : original(...all));
    }
    return (...all) => {
      if (recorder.control !== "slice") return original(...all);
      this.tell(call, all, skipped);
      this.works(call, all[skipped + (call.name.startsWith("queue_") ? 1 : 0)]);
      const before = touches ? this.before(call, all, skipped) : null;
      recorder.control = "surroundings";
      const result = original(...all);
      if (before !== null) this.stores(before);
      this.result(call, result, touches);
      return result;
    };
  }

  /** What the initialising and queueing of a work means for the union that it may stand in. */
  private works({ name }: CallPlan, given: unknown): void {
    const work = given instanceof DelayedWork ? given.work : given;
    if (!(work instanceof WorkStruct)) return;
    const { memory } = this.recorder;
    if (name.startsWith("INIT_")) memory.initialise(given as object);
    else if (name.startsWith("queue_")) this.recorder.mustBeAlive(given as object);
  }

  /** The event of a call. */
  private tell(call: CallPlan, all: readonly unknown[], skipped: number): void {
    const { memory, events } = this.recorder;
    memory.tellChanges();
    events.push(EVENT.CALL | (call.id << 8));
    const { parameters } = call;
    for (let i = 0; i < parameters.length; i++) {
      const { kind, layout, cell } = parameters[i] as ValuePlan;
      const given = all[i + skipped];
      if (kind === "pointer") memory.tellPointer(given, cell === null ? layout : null);
      else if (kind === "untold") events.pair(0, 0);
      else events.value(given);
    }
    if (call.kind !== "environment" && call.kind !== "member") return;
    for (let i = 0; i < parameters.length; i++) {
      const given = all[i + skipped];
      if (given instanceof BytePointer && parameters[i]?.cell === null) this.show(i, given);
    }
  }

  /** Bytes of a local, of which the slice's C alone does not know how many there are. */
  private show(argument: number, pointer: BytePointer): void {
    const { memory, script, events } = this.recorder;
    if (memory.has(pointer)) return;
    const { bytes, offset } = pointer;
    const count = Math.min(CONTENT_BYTES, bytes.length - offset);
    if (count <= 0) return;
    script.push(COMMAND.SHOW);
    script.pair(argument, count);
    events.push(EVENT.BYTES | (count << 8));
    events.bytes(bytes, offset, count);
  }

  /** The result goes to the slice, and with it the CPU. */
  private result(call: CallPlan, result: unknown, touches: boolean): void {
    const { recorder } = this;
    const { memory, script } = recorder;
    if (touches) recorder.beforeSlice();
    if (call.result.kind === "pointer") {
      memory.encodeForScript(result);
      script.push(COMMAND.RESULT);
      script.pair(memory.low, memory.high);
    } else {
      script.push(COMMAND.RESULT);
      script.value(result ?? 0);
    }
    recorder.control = "slice";
  }

  private *block(call: CallPlan, original: AnyFunction, all: readonly unknown[], skipped: number): Coroutine<unknown> {
    this.tell(call, all, skipped);
    const before = this.before(call, all, skipped);
    this.recorder.control = "surroundings";
    const result = yield* original(...all) as Coroutine<unknown>;
    if (before !== null) this.stores(before);
    this.result(call, result, true);
    return result;
  }

  private *wait(call: CallPlan, original: AnyFunction, all: readonly unknown[]): Coroutine<unknown> {
    const { recorder } = this;
    const { script, events, memory } = recorder;
    const [head, test, ...rest] = all;
    this.tell(call, [head, ...rest], 0);
    recorder.control = "surroundings";
    const watched = (): boolean => {
      recorder.beforeSlice();
      script.push(COMMAND.EVALUATE);
      recorder.control = "slice";
      const isTrue = (test as () => boolean)();
      memory.tellChanges();
      events.push(EVENT.CONDITION | ((isTrue ? 1 : 0) << 8));
      recorder.control = "surroundings";
      return isTrue;
    };
    const result = yield* original(head, watched, ...rest) as Coroutine<unknown>;
    this.result(call, result, true);
    return result;
  }

  private thread(call: CallPlan, original: AnyFunction, all: readonly unknown[]): unknown {
    const { recorder } = this;
    const { memory, events } = recorder;
    const name = /^\(\) => (\w+)\(/.exec(String(all[2]))?.[1];
    const index = name === undefined ? undefined : this.plan.functions.indexOf(name);
    if (index === undefined || index < 0) throw new UnrecordableError("a thread whose body is not known");
    memory.tellChanges();
    events.push(EVENT.CALL | (call.id << 8));
    events.pair(index, POINTER.FUNCTION);
    events.push(0);
    recorder.control = "surroundings";
    const result = original(...all);
    this.result(call, result, false);
    return result;
  }

  private allocate(call: CallPlan, memory: unknown): void {
    const { recorder } = this;
    this.tell(call, [recorder.bytesOfMemory(memory as object)], 0);
    recorder.memory.nameAllocated(memory as object);
    this.result(call, memory, false);
  }

  private *receive(call: CallPlan, original: AnyFunction, all: readonly unknown[]): Coroutine<unknown> {
    const { recorder } = this;
    const { script } = recorder;
    const msg = all[1] as { readonly msg_iter: iov_iter };
    this.tell(call, receivingArguments(call, all), 0);
    const target =
      call.name === "kernel_recvmsg" ? { kvec: all[2] as kvec, iov_offset: 0, isDiscard: false } : { ...msg.msg_iter };
    recorder.control = "surroundings";
    const result = yield* original(...all) as Coroutine<unknown>;
    const count = Number(result);
    script.push(COMMAND.RECEIVED);
    if (count > 0 && !target.isDiscard) {
      const bytes = receivedBytes(target, count);
      script.push(count);
      script.bytes(bytes, 0, count);
    } else script.push(0);
    this.result(call, result, true);
    return result;
  }

  /** What the arguments point to now. @returns null where none of them points to anything that can be stored to */
  private before(call: CallPlan, all: readonly unknown[], skipped: number): readonly Before[] | null {
    let made: Before[] | null = null;
    const { parameters } = call;
    for (let i = 0; i < parameters.length; i++) {
      const given = all[i + skipped];
      if (given === null || typeof given !== "object") continue;
      const one = this.beforeOne(parameters[i] as ValuePlan, i, given);
      if (one === null) continue;
      if (made === null) made = [one];
      else made.push(one);
    }
    return made;
  }

  private beforeOne({ kind, cell, layout }: ValuePlan, argument: number, given: object): Before | null {
    const { memory } = this.recorder;
    if (kind !== "pointer") return null;
    if (given instanceof BytePointer) {
      return cell === null ? { kind: "bytes", argument, pointer: given, copy: this.copyOf(given) } : null;
    }
    if (cell !== null && given instanceof ElementPointer) {
      return { kind: "cells", argument, pointer: given, values: given.array.slice(given.index) };
    }
    if (cell !== null && !(given instanceof FieldPointer && memory.has(given.object))) {
      const pointer = given as Pointer<unknown>;
      return { kind: "cell", argument, pointer, value: pointer.value };
    }
    const values = cell === null && layout !== null ? memory.readUnnamed(given, layout) : null;
    return values === null || layout === null ? null : { kind: "leaves", argument, object: given, layout, values };
  }

  /** A copy of the bytes from a pointer on; in memory that is used again, since calls do not last long. */
  private copyOf({ bytes, offset }: BytePointer): Buffer {
    const count = Math.max(0, Math.min(WINDOW_BYTES, bytes.length - offset));
    const copy = this.copies.pop() ?? Buffer.alloc(WINDOW_BYTES);
    copy.set(offset === 0 && count === bytes.length ? bytes : bytes.subarray(offset, offset + count));
    return copy;
  }

  /** What a call stored through its arguments goes into the script. */
  private stores(before: readonly Before[]): void {
    for (const one of before) this.storesTo(one);
  }

  private storesTo(one: Before): void {
    const { memory } = this.recorder;
    const { argument } = one;
    if (one.kind === "cell") {
      if (one.pointer.value !== one.value) this.out(COMMAND.OUT, argument, 0, one.pointer.value);
    } else if (one.kind === "cells") {
      const { array, index } = one.pointer;
      one.values.forEach((value, j) => {
        if (array[index + j] !== value) this.out(COMMAND.OUT, argument, j, array[index + j]);
      });
    } else if (one.kind === "leaves") {
      const now = memory.readUnnamed(one.object, one.layout) ?? [];
      now.forEach((value, j) => {
        if (value !== one.values[j]) this.out(COMMAND.OUT_LEAF, argument, j, value);
      });
    } else {
      const { bytes, offset } = one.pointer;
      const count = Math.max(0, Math.min(WINDOW_BYTES, bytes.length - offset));
      if (one.copy.compare(bytes, offset, offset + count, 0, count) !== 0) memory.sendStored(one.pointer, WINDOW_BYTES);
      this.copies.push(one.copy);
    }
  }

  private out(command: number, argument: number, element: number, value: unknown): void {
    const { memory, script } = this.recorder;
    if (typeof value === "object" || typeof value === "function") {
      memory.encodeForScript(value);
      script.push(command);
      script.pair(argument, element);
      script.pair(memory.low, memory.high);
      return;
    }
    script.push(command);
    script.pair(argument, element);
    script.value(value);
  }
}

/** A call stores through a pointer to bytes no further than that. */
const WINDOW_BYTES = 512;

/** kernel_recvmsg() has a vector among its arguments. */
function receivingArguments(_call: CallPlan, all: readonly unknown[]): readonly unknown[] {
  return all;
}

interface Target {
  readonly kvec: kvec;
  readonly iov_offset: number;
}

/** Bytes of a buffer, or of a struct that is all words. */
function bytesAt(base: unknown, offset: number, count: number): Uint8Array {
  if (base instanceof BytePointer) return base.bytes.subarray(base.offset + offset, base.offset + offset + count);
  const names = base instanceof Struct ? wordsIn(base) : null;
  if (names === null) throw new UnrecordableError("receiving into something that is no buffer");
  const words = Uint32Array.from(names, (name) => (base as Record<string, number>)[name] ?? 0);
  return new Uint8Array(words.buffer, offset, count);
}

/** What was received, from where it was stored. */
function receivedBytes(target: Target, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let at = target.kvec;
  let offset = target.iov_offset;
  for (let done = 0; done < count; ) {
    const room = Number(at.iov_len) - offset;
    if (room <= 0) {
      at = structPlus(at, 1);
      offset = 0;
      continue;
    }
    const piece = Math.min(room, count - done);
    const { iov_base } = at;
    bytes.set(bytesAt(iov_base, offset, piece), done);
    done += piece;
    offset += piece;
  }
  return bytes;
}
