/**
 * Records a history of a model: what its surroundings did becomes a script for the compiled slice, what the model did
 * becomes the events that the compiled slice must have, too. The model's text is run as it stands; what is watched is
 * everything between it and the rest of the world.
 */

import { setFlagsFromString } from "node:v8";
import type { Exercise, ExerciseOptions } from "../check/exercise.ts";
import { instantiateModel } from "../check/load-model.ts";
import { SimulationFault } from "../simulator/fault.ts";
import type { Int64 } from "../simulator/integers.ts";
import { UnmodelledFault } from "../simulator/model.ts";
import { BytePointer } from "../simulator/pointers.ts";
import type { Simulation } from "../simulator/simulation.ts";
import { Struct } from "../simulator/structs.ts";
import type { Coroutine } from "../simulator/tasks.ts";
import { WorkStruct } from "../simulator/workqueue.ts";
import { BoundaryCalls } from "./boundary-calls.ts";
import type { EntryPlan, ValuePlan } from "./boundary-plan.ts";
import { type Canonical, type CompiledLayout, compiledLayouts } from "./compiled-layouts.ts";
import { placesOf } from "./layout.ts";
import { Memory, UnrecordableError } from "./memory.ts";
import { COMMAND, EVENT, FAULT, POINT, STOP } from "./protocol.ts";
import { runtimeClassTag, runtimeLayoutTag, SOCKET_CALLBACKS } from "./runtime-layouts.ts";
import { type SingleModel, singleModel, storedMembers } from "./single-model.ts";
import type { HarnessPlan } from "./slice-source.ts";
import { Words } from "./words.ts";

type AnyFunction = (...given: readonly unknown[]) => unknown;
type Members = Record<string, unknown>;

interface Instance {
  readonly globals: Members;
  readonly tables: Readonly<Record<string, Members>>;
  readonly functions: Record<string, AnyFunction>;
  readonly structs: Readonly<Record<string, unknown>>;
}

/** How a recorded history ended. */
export interface Recording {
  /** Words of the script and of the events in the recorder's buffers. */
  readonly scriptFrom: number;
  readonly scriptTo: number;
  readonly eventsFrom: number;
  readonly eventsTo: number;
  /**
   * Set where the model could not go on for a reason that C does not have (memory out of bounds, a loop without end):
   * only what came before is compared.
   */
  readonly cutBy: string | null;
  /** Whether both sides end at BUG(), or at a call that is not in the model. */
  readonly isStopped: boolean;
}

/**
 * Faults of the model that say nothing of what compiled C does: memory is used beyond its bounds or behind a null
 * pointer, a loop takes longer than a history lasts, or the simulator has no words for what C may do. All others are
 * places where C goes on.
 */
function isUndefinedInC({ kind, message }: SimulationFault): boolean {
  if (kind === "bad-pointer") return /NULL|overlap/.test(message);
  return kind === "endless-loop" || kind === "out-of-bounds" || kind === "unsupported";
}

/** Whether C goes on where the model stops: what the translator has no words for, the compiler has. */
function isTranslatedInC({ what }: UnmodelledFault): boolean {
  return what.startsWith("not translated");
}

/** Whether a number is an address: see addressOf() of the simulator. */
function isAddress(given: unknown): boolean {
  return typeof given === "object" && given !== null;
}

/** What stands at the start of a struct, an array or a union has its address: the harness tells which ordinals do. */
function canonicalOrdinals(plan: HarnessPlan, sizes: Int32Array): readonly Canonical[] {
  let at = plan.layouts.length;
  return plan.layouts.map(
    (layout) => new Map(placesOf(layout).map(({ ordinal }) => [ordinal, sizes[at++] ?? ordinal])),
  );
}

/** Who has the CPU: the slice, or what surrounds it. */
export type Control = "slice" | "surroundings";

export class Recorder {
  readonly script = new Words(1 << 16);
  readonly events = new Words(1 << 16);
  readonly layouts: readonly CompiledLayout[];
  memory: Memory;
  control: Control = "surroundings";
  /** The coroutine on the CPU; null between two. */
  current: number | null = null;
  /** Preemption points that the present history has come to. */
  points = 0;
  /** Preemptions in all histories at which the slice ran in another coroutine before the thread went on: by POINT. */
  readonly switches: number[] = Object.values(POINT).map(() => 0);
  /** How often the slice was entered or went on, each time in some coroutine. */
  private entries = 0;
  /** Whether a history is being recorded. */
  isRunning = false;
  private kernel: Simulation | null = null;
  private lastJiffies: Int64 = 0;
  private readonly busy: boolean[] = [];
  /** Codes of the arguments of a call. */
  private readonly codes: number[] = [];
  private readonly functions = new Map<unknown, number>();
  /** The slice's functions by number, which of them may block, and who calls them from outside. */
  private readonly present: AnyFunction[] = [];
  private readonly blocks: boolean[] = [];
  private readonly doors: readonly AnyFunction[];
  private readonly functionIndexes: ReadonlyMap<string, number>;
  private readonly entriesByName: ReadonlyMap<string, EntryPlan>;
  private readonly module: Readonly<Record<string, unknown>>;
  private readonly classes = new Map<unknown, CompiledLayout>();
  /** By layout: whether no function of the model stores to a member of that name. */
  private readonly isFixed: readonly boolean[];
  private readonly calls: BoundaryCalls;

  /**
   * @param javascript of compileModel()
   * @param structName the name of a struct's class in the model
   * @param sizes bytes of each layout's struct in the harness, and behind them which of its places share an address
   */
  constructor(
    readonly plan: HarnessPlan,
    javascript: string,
    private readonly exercise: Exercise,
    structName: (tag: string) => string,
    private readonly sizes: Int32Array,
  ) {
    // V8 puts what is made where others have lived long into memory that it seldom collects. Histories die young, and
    // there they would keep alive what they point to; half of the time went into moving that about.
    setFlagsFromString("--no-allocation-site-pretenuring");
    this.layouts = compiledLayouts(plan, canonicalOrdinals(plan, sizes));
    this.functionIndexes = new Map(plan.functions.map((name, i) => [name, i]));
    this.entriesByName = new Map(plan.entries.map((one) => [one.name, one]));
    this.doors = plan.entries.map((entry) => this.door(entry));
    this.doors.forEach((door, i) => {
      this.functions.set(door, i);
    });
    for (const [name, callback] of Object.entries(SOCKET_CALLBACKS)) this.known(`socket.${name}`, callback);
    const stored = storedMembers(javascript);
    const isStored = (path: string): boolean => path.split(".").some((one) => stored.has(one));
    this.isFixed = this.layouts.map(({ leaves }) => !leaves.some(({ ts }) => isStored(ts)));
    this.calls = new BoundaryCalls(this, plan, javascript);
    const exported = instantiateModel(singleModel(javascript, plan), (module, given) =>
      this.calls.interposed(module, given),
    );
    for (const layout of this.layouts) {
      const made = exported[structName(layout.tag)];
      if (made !== undefined) this.classes.set(made, layout);
    }
    this.module = { ...exported, createModel: this.createModel(exported["createModel"] as SingleModel) };
    this.memory = this.newMemory();
  }

  private newMemory(): Memory {
    return new Memory(this.layouts, this.functions, (object) => this.layoutOf(object), this.script, this.events);
  }

  private readonly sizeOf = (made: unknown): number => this.bytesOf(made);

  /** How many bytes a struct has in the harness; the model keeps no layout of most. */
  bytesOf(made: unknown): number {
    const tag = runtimeClassTag(made);
    const layout = this.classes.get(made) ?? this.layouts.find((one) => tag !== null && one.tag === tag);
    return layout === undefined ? 1 : (this.sizes[layout.index] ?? 1);
  }

  /** How many bytes an allocation has in the harness. */
  bytesOfMemory(memory: object): number {
    if (memory instanceof BytePointer) return memory.bytes.length;
    const count = memory instanceof Struct && memory.cell !== null ? memory.cell.array.length : 1;
    return count * this.bytesOf(memory.constructor);
  }

  private layoutOf(object: object): CompiledLayout | null {
    const known = this.classes.get(object.constructor);
    if (known !== undefined) return known;
    const tag = runtimeLayoutTag(object);
    return tag === null ? null : (this.layouts.find((one) => one.tag === tag) ?? null);
  }

  /** Forgets what was recorded so far. */
  clear(): void {
    this.script.length = 0;
    this.events.length = 0;
  }

  /**
   * Runs one history.
   *
   * @throws UnrecordableError where the exercise does what the harness has no words for
   */
  record(options: ExerciseOptions): Recording {
    const { script, events } = this;
    const scriptFrom = script.length;
    const eventsFrom = events.length;
    script.push(0);
    this.begin();
    let cutBy: string | null = null;
    // Many histories end by an exception, and collecting its stack would take as long as a quarter of a history.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    this.isRunning = true;
    try {
      this.exercise(this.module, { ...options, sizeOf: this.sizeOf });
    } catch (error) {
      cutBy = this.ended(error);
    } finally {
      this.isRunning = false;
      Error.stackTraceLimit = stackTraceLimit;
    }
    script.push(COMMAND.END);
    if (cutBy === null) {
      this.memory.tellFixed();
      events.push(EVENT.END);
    }
    script.data[scriptFrom] = script.length - scriptFrom - 1;
    const { isStopped } = this;
    return { scriptFrom, scriptTo: script.length, eventsFrom, eventsTo: events.length, cutBy, isStopped };
  }

  private isStopped = false;

  private begin(): void {
    this.isStopped = false;
    this.memory.clear();
    this.calls.begin();
    this.control = "surroundings";
    this.current = null;
    this.lastJiffies = 0;
    this.points = 0;
    this.busy.length = 0;
  }

  /** What the end of a run by a fault is for both sides. */
  private ended(error: unknown): string | null {
    if (error instanceof UnrecordableError) throw error;
    if (!(error instanceof SimulationFault || error instanceof TypeError)) throw error;
    if (this.control !== "slice") {
      const isNull = error instanceof TypeError && /of null/.test(error.message);
      return isNull ? "a null pointer is handed to the kernel's own functions" : `in a call: ${error.message}`;
    }
    if (error instanceof UnmodelledFault) {
      if (isTranslatedInC(error)) return error.what;
      this.stop(STOP.UNMODELLED);
    } else if (error instanceof SimulationFault && error.kind === "bug-on") this.stop(STOP.BUG);
    else if (error instanceof TypeError) {
      // C can count on from a null pointer; it cannot look behind one.
      if (/\((?:reading|setting) '(?:plus|minus)'/.test(error.message)) return "it counts on from a null pointer";
      this.events.push(EVENT.FAULT | (FAULT.MEMORY_ACCESS << 8));
    } else if (isUndefinedInC(error)) return error.message;
    else this.events.push(EVENT.FAULT | (FAULT.MODEL << 8));
    return null;
  }

  private stop(kind: number): void {
    this.isStopped = true;
    this.memory.tellChanges();
    this.events.push(EVENT.STOP | (kind << 8));
  }

  /** The model's createModel(), with everything around it watched. */
  private createModel(original: SingleModel): AnyFunction {
    const outside: Record<string, AnyFunction> = {};
    this.plan.entries.forEach(({ name }, i) => {
      outside[name] = this.doors[i] as AnyFunction;
    });
    original.watchEntries((name, fn) => {
      const index = this.entriesByName.get(name)?.index ?? -1;
      this.enterable(index, fn);
      return this.doors[index] ?? fn;
    });
    return (given, environment, options) => {
      const kernel = given as Simulation;
      this.kernel = kernel;
      this.calls.watchUnits(kernel);
      const watched = this.calls.environment(environment as Members);
      const instance = original(kernel, watched, options) as Instance;
      // The functions are the same in all histories: see singleModel().
      for (const { name, index } of this.plan.entries) {
        const fn = this.present[index] === undefined ? instance.functions[name] : undefined;
        if (fn !== undefined) this.enterable(index, fn);
      }
      this.nameVariables(instance);
      return { ...instance, functions: outside };
    };
  }

  private enterable(index: number, fn: AnyFunction): void {
    this.present[index] = fn;
    this.blocks[index] = fn.constructor.name === "GeneratorFunction";
  }

  /** Gives a function its number: both sides know it by that. */
  known(name: string, fn: unknown): void {
    const index = this.functionIndexes.get(name);
    if (index !== undefined) this.functions.set(fn, index);
  }

  private nameVariables(instance: Instance): void {
    const { memory, plan, script } = this;
    memory.name(instance.globals, this.layouts[plan.globals] as CompiledLayout);
    const fixed: number[] = [];
    for (const { name, layout } of plan.objects) {
      const table = instance.tables[name];
      const id = memory.name(instance.globals[name] ?? table, this.layouts[layout] as CompiledLayout);
      if (table !== undefined && this.isFixed[layout] === true) fixed.push(id);
    }
    memory.sendObjectsOf(1);
    script.push(COMMAND.LOOK);
    memory.tellChanges();
    memory.fix(fixed);
  }

  /** A function of the slice as the surroundings see it. */
  private door(entry: EntryPlan): AnyFunction {
    const { index } = entry;
    return (...given) => {
      const fn = this.present[index] as AnyFunction;
      if (this.control === "slice") return fn(...given);
      return this.blocks[index] === true
        ? this.enterCoroutine(entry, fn as (...all: readonly unknown[]) => Coroutine<unknown>, given)
        : this.enterPlain(entry, fn, given);
    };
  }

  private freeCoroutine(): number {
    const free = this.busy.indexOf(false);
    const index = free < 0 ? this.busy.length : free;
    this.busy[index] = true;
    return index;
  }

  /** The command for a call of the slice. @returns the coroutine; null when it is a call from within a call. */
  private enter(entry: EntryPlan, given: readonly unknown[]): number | null {
    const { script, memory, codes } = this;
    const index = this.current === null ? this.freeCoroutine() : null;
    this.beforeSlice();
    const { parameters } = entry;
    // First all pointers, since what they point to may have to be sent.
    for (let i = 0; i < parameters.length; i++) {
      const { kind } = parameters[i] as ValuePlan;
      if (kind === "untold") throw new UnrecordableError(`${entry.name} takes a struct by value`);
      if (kind !== "pointer" && !isAddress(given[i])) continue;
      memory.encodeForScript(given[i]);
      codes[2 * i] = memory.low;
      codes[2 * i + 1] = memory.high;
    }
    if (given[0] instanceof WorkStruct) this.mustBeAlive(given[0]);
    script.push(COMMAND.ENTER);
    script.push(index ?? 0);
    script.push(entry.index);
    script.push(parameters.length);
    for (let i = 0; i < parameters.length; i++) {
      const isPointer = (parameters[i] as ValuePlan).kind === "pointer" || isAddress(given[i]);
      script.push(isPointer ? 1 : 0);
      if (isPointer) script.pair(codes[2 * i] as number, codes[2 * i + 1] as number);
      else script.value(given[i]);
    }
    if (index !== null) {
      this.current = index;
      this.entries++;
    }
    return index;
  }

  /** A work that something else was stored over is no work any more: what C does with it nobody can say. */
  mustBeAlive(work: object): void {
    if (this.memory.isAlive(work)) return;
    throw new SimulationFault("unsupported", "a work is used whose memory another member of its union has");
  }

  private leave(entry: EntryPlan, index: number | null, result: unknown): void {
    const { memory, events } = this;
    memory.tellChanges();
    events.push(EVENT.RETURN | (entry.index << 8));
    if (entry.result.kind === "void") events.pair(0, 0);
    else if (entry.result.kind === "pointer") {
      memory.encode(result);
      events.pair(memory.low, memory.high);
    } else events.value(result);
    this.control = "surroundings";
    if (index === null) return;
    this.busy[index] = false;
    this.current = null;
  }

  private enterPlain(entry: EntryPlan, fn: AnyFunction, given: readonly unknown[]): unknown {
    const index = this.enter(entry, given);
    this.control = "slice";
    const result = fn(...given);
    this.leave(entry, index, result);
    return result;
  }

  private *enterCoroutine(
    entry: EntryPlan,
    fn: (...all: readonly unknown[]) => Coroutine<unknown>,
    given: readonly unknown[],
  ): Coroutine<unknown> {
    const index = this.enter(entry, given);
    const body = fn(...given);
    this.control = "slice";
    for (;;) {
      // From the second time on it goes on within the call in which it blocked, which is not the slice's own code.
      const step = body.next();
      if (step.done === true) {
        this.leave(entry, index, step.value);
        return step.value;
      }
      if (index !== null) {
        this.script.push(COMMAND.BLOCK);
        this.current = null;
      }
      yield;
      if (index === null) continue;
      this.current = index;
      this.entries++;
      this.script.push(COMMAND.RESUME);
      this.script.push(index);
    }
  }

  /** The thread loses the CPU at a preemption point of the slice. @returns what goOn() is given */
  preempt(kind: number, point: number): number {
    const { script, events } = this;
    script.push(COMMAND.PREEMPT);
    script.push(point);
    this.memory.tellChanges();
    events.push(EVENT.PREEMPT | (kind << 8));
    // A thread is preempted without spinlocks only; how many the compiled slice has taken it counts itself.
    events.push(0);
    this.control = "surroundings";
    return this.entries;
  }

  /** The thread has the CPU again. */
  goOn(kind: number, entries: number): void {
    const { script } = this;
    this.beforeSlice();
    script.push(COMMAND.RESULT);
    script.value(0);
    this.control = "slice";
    // It has gone on itself, which is no switch.
    if (this.entries > entries + 1) this.switches[kind] = (this.switches[kind] ?? 0) + 1;
  }

  /** Before the slice goes on: what changed around it. */
  beforeSlice(): void {
    const { script, kernel } = this;
    this.memory.sendAllChanges();
    const jiffies = kernel?.jiffies ?? 0;
    if (jiffies === this.lastJiffies) return;
    this.lastJiffies = jiffies;
    script.push(COMMAND.JIFFIES);
    script.value(jiffies);
  }
}
