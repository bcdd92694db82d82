/**
 * The model's memory as the comparison sees it: which objects have numbers, where pointers point, and which scalars
 * have changed since the last look. The harness's runtime keeps the same books on its own memory.
 */
import { OtherSign } from "../simulator/model.ts";
import { BytePointer, ElementPointer, FieldPointer } from "../simulator/pointers.ts";
import { ErrorPointer } from "../simulator/sleep.ts";
import { Struct } from "../simulator/structs.ts";
import { DelayedWork, WorkStruct } from "../simulator/workqueue.ts";
import type { CompiledLayout } from "./compiled-layouts.ts";
import { COMMAND, CONTENT_BYTES, CONTENT_DEPTH, CONTENT_LEAVES, EVENT, ORDINAL_BITS, POINTER } from "./protocol.ts";
import { BURIED, BURIED_NUMBER, UnionStates } from "./unions.ts";
import type { Words } from "./words.ts";

type Members = Record<string, unknown>;
interface Named {
  object: unknown;
  /** Null for plain bytes. */
  readonly layout: CompiledLayout | null;
  readonly shadow: unknown[];
  readonly codes: Int32Array;
  readonly unions: UnionStates | null;
}

/** Of plain bytes there is nothing to remember. */
const BYTES: Named = { object: null, layout: null, shadow: [], codes: new Int32Array(0), unions: null };

/** A history that the harness has no words for. */
export class UnrecordableError extends Error {}

const ORDINALS = 2 ** ORDINAL_BITS;
/** The harness has room for so many objects. */
const MAX_OBJECTS = 4000;

export class Memory {
  private readonly objects: Named[] = [];
  /** Those that may change, and tables that nobody stores to. */
  private readonly watched: number[] = [];
  private readonly fixed: number[] = [];
  /** By layout, what earlier histories had; and how many of them the present one has. */
  private readonly spare: Named[][] = [];
  private readonly used: number[] = [];
  private places = new Map<unknown, number>();
  private locals = new Map<unknown, number>();
  private localCount = 0;
  private readonly changed = new Int32Array(4096);
  /** The last pointer's code. */
  low = 0;
  high = 0;

  /**
   * @param functions numbers of functions by the function itself
   * @param layoutOf which layout an object of the simulator or the model has
   */
  constructor(
    private readonly layouts: readonly CompiledLayout[],
    private readonly functions: ReadonlyMap<unknown, number>,
    private readonly layoutOf: (object: object) => CompiledLayout | null,
    readonly script: Words,
    readonly events: Words,
  ) {}

  /** Forgets all objects. */
  clear(): void {
    this.objects.length = 0;
    this.objects.push(BYTES);
    this.watched.length = 0;
    this.fixed.length = 0;
    this.used.fill(0);
    this.places = new Map();
    this.locals = new Map();
    this.localCount = 0;
  }

  /** Room for what is remembered of an object: making it anew for each would take longer than all else. */
  private roomFor(object: unknown, layout: CompiledLayout): Named {
    const { index, zeros } = layout;
    this.spare[index] ??= [];
    const spare = this.spare[index];
    const at = this.used[index] ?? 0;
    this.used[index] = at + 1;
    const there = spare[at];
    if (there === undefined) {
      const unions = layout.unions === null ? null : new UnionStates(layout.unions);
      const made: Named = { object, layout, shadow: zeros.slice(), codes: new Int32Array(2 * zeros.length), unions };
      spare.push(made);
      return made;
    }
    there.object = object;
    const { shadow } = there;
    for (let i = 0; i < zeros.length; i++) shadow[i] = zeros[i];
    there.codes.fill(0);
    there.unions?.clear();
    return there;
  }

  /** Gives an object the next number. */
  name(object: unknown, layout: CompiledLayout | null): number {
    const { objects, places } = this;
    const id = objects.length;
    if (id >= MAX_OBJECTS) throw new UnrecordableError(`more than ${MAX_OBJECTS} objects`);
    if (layout === null) {
      objects.push(BYTES);
      places.set(object, id * ORDINALS);
      return id;
    }
    const named = this.roomFor(object, layout);
    objects.push(named);
    this.watched.push(id);
    if (id > 1) places.set(object, id * ORDINALS);
    if (layout.parts.length > 0) this.nameParts(id, object, layout);
    if (object instanceof DelayedWork) places.set(object.work, id * ORDINALS);
    if (layout.heads.length > 0) this.nameLinks(named, layout);
    return id;
  }

  private nameParts(id: number, object: unknown, layout: CompiledLayout): void {
    const { places } = this;
    const parts = layout.readParts(object);
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      const place = id * ORDINALS + (layout.partOrdinals[i] as number);
      places.set(part instanceof BytePointer ? part.bytes : part, place);
      if (part instanceof DelayedWork) places.set(part.work, place);
    }
  }

  /** A list head begins as an empty list, on both sides. */
  private nameLinks(named: Named, layout: CompiledLayout): void {
    for (const { leaf, head } of layout.heads) {
      const list = head(named.object);
      this.encode(list);
      named.shadow[leaf] = list;
      named.codes[2 * leaf] = this.low;
      named.codes[2 * leaf + 1] = this.high;
    }
  }

  has(object: unknown): boolean {
    return this.places.has(object instanceof BytePointer ? object.bytes : object);
  }

  /** Finds the code of a pointer; `low` and `high` have it then. */
  encode(value: unknown): void {
    this.high = 0;
    if (value === null || value === undefined || value === 0 || value === false) {
      this.low = 0;
      return;
    }
    this.low = 1;
    if (typeof value === "function") {
      const index = this.functions.get(value);
      if (index === undefined) return;
      this.high = POINTER.FUNCTION;
      this.low = index;
      return;
    }
    const place = this.places.get(value);
    if (place !== undefined) this.place(place, 0);
    else this.encodeOther(value);
  }

  /** What is no object itself, but points to one or into one. */
  private encodeOther(value: unknown): void {
    if (value instanceof BytePointer) {
      this.place(this.places.get(value.bytes), value.offset);
    } else if (value instanceof ErrorPointer) {
      this.high = POINTER.ERROR;
      this.low = value.code;
    } else if (value instanceof FieldPointer) {
      this.encodeField(value.object, String(value.key));
    } else if (value instanceof ElementPointer) {
      this.place(this.places.get(value.array), 0);
    } else if (value instanceof OtherSign) this.encode(targetOf(value));
  }

  private place(place: number | undefined, offset: number): void {
    if (place === undefined) return;
    const id = Math.floor(place / ORDINALS);
    const ordinal = place % ORDINALS;
    this.high = id;
    this.low = (this.objects[id]?.layout?.canonical[ordinal] ?? ordinal) | (offset << ORDINAL_BITS);
  }

  private encodeField(object: unknown, key: string): void {
    const place = this.places.get(object);
    if (place === undefined) return;
    const id = Math.floor(place / ORDINALS);
    const layout = this.objects[id]?.layout;
    const ordinal = layout?.ordinals.get(`${layout.prefixes[place % ORDINALS] ?? ""}${key}`);
    this.high = id;
    this.low = ordinal ?? 0;
  }

  /** As encode(), and what has no number yet is given one and made in the harness. */
  encodeForScript(value: unknown): void {
    this.encode(value);
    if (this.low !== 1 || this.high !== 0 || typeof value !== "object" || value === null) return;
    const local = this.locals.get(value);
    if (local !== undefined) {
      this.low = local;
      this.high = POINTER.LOCAL;
      return;
    }
    if (value instanceof BytePointer) this.sendBytes(value.bytes);
    else if (value instanceof FieldPointer || value instanceof ElementPointer || value instanceof OtherSign) return;
    else this.sendObject(outermost(value));
    this.encode(value);
  }

  private sendBytes(bytes: Uint8Array): void {
    const { script } = this;
    script.push(COMMAND.NEW_BYTES);
    script.push(this.name(bytes, null));
    script.push(bytes.length);
    this.sendAllBytes(bytes);
  }

  /** Fresh memory is all zero on the other side: only what is not is sent. */
  private sendAllBytes(bytes: Uint8Array): void {
    let to = bytes.length;
    while (to > 0 && bytes[to - 1] === 0) to--;
    if (to > 0) this.sendStored(new BytePointer(bytes), to);
  }

  /** Bytes that the surroundings stored into memory that the slice knows, from a pointer on. */
  sendStored(pointer: BytePointer, limit: number): void {
    this.encode(pointer);
    if (this.high <= 0) return;
    const { bytes, offset } = pointer;
    const count = Math.min(limit, bytes.length - offset);
    const { script } = this;
    script.push(COMMAND.BYTES);
    script.pair(this.low, this.high);
    script.push(count);
    script.bytes(bytes, offset, count);
  }

  private sendObject(object: object): void {
    const layout = this.layoutOf(object);
    const { script } = this;
    if (layout === null) {
      // Nothing looks into it: any memory does.
      script.push(COMMAND.NEW);
      script.push(this.name(object, null));
      script.push(-1);
      return;
    }
    const elements = elementsWith(object);
    const first = this.nameAll(elements, layout);
    elements.forEach((element, i) => {
      for (const part of layout.readParts(element)) if (part instanceof BytePointer) this.sendAllBytes(part.bytes);
      this.sendChanges(first + i);
    });
  }

  /** Gives structs that stand in a row their numbers, on both sides. @returns the first one's */
  private nameAll(elements: readonly object[], layout: CompiledLayout): number {
    const first = this.objects.length;
    for (const element of elements) this.name(element, layout);
    const { script } = this;
    script.push(elements.length === 1 ? COMMAND.NEW : COMMAND.NEW_ARRAY);
    script.pair(first, layout.index);
    if (elements.length !== 1) script.push(elements.length);
    return first;
  }

  /** Memory that the slice allocates itself. */
  nameAllocated(memory: object): void {
    const { script } = this;
    if (memory instanceof BytePointer) {
      const id = this.name(memory.bytes, null);
      script.push(COMMAND.NEW_BYTES);
      script.push(id);
      script.push(memory.bytes.length);
      return;
    }
    const layout = this.layoutOf(memory);
    if (layout === null) throw new UnrecordableError("an allocation of a struct without a layout");
    this.nameAll(elementsWith(memory), layout);
  }

  /** What the surroundings stored since the last look goes into the script. */
  sendAllChanges(): void {
    const { watched } = this;
    // Objects that join on the way are sent whole when they do.
    const count = watched.length;
    const { objects, changed } = this;
    for (let i = 0; i < count; i++) {
      const id = watched[i] as number;
      const { object, layout, shadow } = objects[id] as Named;
      const many = (layout as CompiledLayout).differ(object, shadow, changed);
      if (many > 0) this.sendChangesOf(id, many);
    }
  }

  /** What variables point to that the surroundings made, such as work queues. */
  sendObjectsOf(id: number): void {
    const { object, layout, shadow, codes } = this.objects[id] as Named;
    if (layout === null) return;
    const values = layout.read(object);
    values.forEach((value, leaf) => {
      if (layout.leaves[leaf]?.kind !== "pointer" || layout.links[leaf] === true) return;
      if (typeof value !== "object" || value === null || this.has(value)) return;
      this.encodeForScript(value);
      this.script.push(COMMAND.WRITE);
      this.script.pair(id, leaf);
      this.script.pair(this.low, this.high);
      shadow[leaf] = value;
      codes[2 * leaf] = this.low;
      codes[2 * leaf + 1] = this.high;
    });
  }

  private sendChanges(id: number): void {
    const { object, layout, shadow } = this.objects[id] as Named;
    if (layout === null) return;
    const count = layout.differ(object, shadow, this.changed);
    if (count > 0) this.sendChangesOf(id, count);
  }

  /** The changes that differ() found. */
  private sendChangesOf(id: number, count: number): void {
    if (count === 1) {
      this.sendChange(id, this.changed[0] as number);
      return;
    }
    // What is sent along the way looks for changes, too.
    const changed = this.changed.slice(0, count);
    for (let i = 0; i < count; i++) this.sendChange(id, changed[i] as number);
  }

  private sendChange(id: number, leaf: number): void {
    const { layout, shadow, codes } = this.objects[id] as Named;
    const { script } = this;
    const value = shadow[leaf];
    if (layout?.isPointer[leaf] === true) {
      this.encodeForScript(value);
      if (codes[2 * leaf] === this.low && codes[2 * leaf + 1] === this.high) return;
      script.record(COMMAND.WRITE, id, leaf, this.low, this.high);
      // What is a local to the script has no name for the slice.
      if (this.high === POINTER.LOCAL) this.encode(value);
    } else {
      this.scalar(value);
      script.record(COMMAND.WRITE, id, leaf, this.low, this.high);
    }
    codes[2 * leaf] = this.low;
    codes[2 * leaf + 1] = this.high;
  }

  /** What the slice stored since the last look goes into the events. */
  tellChanges(): void {
    this.tellChangesIn(this.watched);
  }

  /** From now on nobody stores to these objects: they are only looked at again in the end, by tellFixed(). */
  fix(ids: readonly number[]): void {
    const { watched, fixed } = this;
    for (const id of ids) fixed.push(id);
    let kept = 0;
    for (const id of watched) if (!ids.includes(id)) watched[kept++] = id;
    watched.length = kept;
  }

  /** A store to something fixed, late as it is, makes a difference to the other side. */
  tellFixed(): void {
    this.tellChangesIn(this.fixed);
  }

  private tellChangesIn(ids: readonly number[]): void {
    const { objects, changed } = this;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number;
      const named = objects[id] as Named;
      const count = (named.layout as CompiledLayout).differ(named.object, named.shadow, changed);
      if (count > 0) this.tellChangesOf(id, named, count);
    }
  }

  private ofUnion(command: number, id: number, leaf: number): void {
    this.script.push(command);
    this.script.pair(id, leaf);
  }

  /** A work is initialised: where it stands in a union, over all else that stands there. */
  initialise(work: object): void {
    this.ofPart(work, (unions, part, id) =>
      unions.initialise(part, {
        sleep: (leaf) => this.ofUnion(COMMAND.SCRAMBLE, id, leaf),
        wake: () => undefined,
        isZero: () => true,
        bury: (leaf) => bury(this.objects[id] as Named, leaf),
      }),
    );
  }

  /** Whether nothing was stored over a work since it was initialised. */
  isAlive(work: object): boolean {
    return this.ofPart(work, (unions, part) => unions.isAlive(part)) ?? true;
  }

  /** Does something with the union that a member stands in; null where it stands in none. */
  private ofPart<T>(member: object, what: (unions: UnionStates, part: number, id: number) => T): T | null {
    const place = this.places.get(member);
    const id = place === undefined ? 0 : Math.floor(place / ORDINALS);
    const { unions, layout, object } = this.objects[id] ?? BYTES;
    if (unions === null || layout === null) return null;
    const part = layout.readParts(object).indexOf(member);
    return part < 0 ? null : what(unions, part, id);
  }

  private tellChangesOf(id: number, named: Named, given: number): void {
    let count = given;
    const { events, changed } = this;
    const { shadow, codes, unions } = named;
    const { isPointer, eventOrdinals } = named.layout as CompiledLayout;
    let woken: Set<number> | null = null;
    if (unions !== null) {
      count = unions.settle(changed, count, {
        sleep: (leaf) => this.ofUnion(COMMAND.SLEEP, id, leaf),
        wake: (leaf) => {
          woken = (woken ?? new Set()).add(leaf);
          this.ofUnion(COMMAND.WAKE, id, leaf);
        },
        isZero: (leaf) => shadow[leaf] === null || shadow[leaf] === 0 || shadow[leaf] === false,
        bury: (leaf) => bury(named, leaf),
      });
    }
    for (let i = 0; i < count; i++) {
      const leaf = changed[i] as number;
      const value = shadow[leaf];
      if (isPointer[leaf] === true) this.encode(value);
      else this.scalar(value);
      const { low, high } = this;
      const isWoken = (woken as Set<number> | null)?.has(leaf) === true;
      if (codes[2 * leaf] === low && codes[2 * leaf + 1] === high && !isWoken) continue;
      codes[2 * leaf] = low;
      codes[2 * leaf + 1] = high;
      events.record(EVENT.CHANGE, id, eventOrdinals[leaf] as number, low, high);
    }
  }

  /** The two words of a value that is no pointer, as Words has them: `low` and `high`. */
  private scalar(value: unknown): void {
    if (typeof value === "number" && (value | 0) === value) {
      this.low = value;
      this.high = value >> 31;
      return;
    }
    const { events } = this;
    events.value(value);
    events.length -= 2;
    this.low = events.data[events.length] as number;
    this.high = events.data[events.length + 1] as number;
  }

  /** An argument that is a pointer, and what it points to where that has no number. */
  tellPointer(value: unknown, layout: number | null): void {
    const { events } = this;
    this.encode(value);
    const { low, high } = this;
    events.pair(low, high);
    if (low === 1 && high === 0) {
      this.locals.set(value, this.localCount++);
      if (layout !== null && isRecord(value)) this.tellContent(layout, value, 1);
    }
    if (high > 0 && value instanceof BytePointer && this.objects[high]?.layout === null) this.tellBytes(value);
    else events.push(0);
  }

  private tellContent(index: number, object: Members, depth: number): void {
    const layout = this.layouts[index] as CompiledLayout;
    const { events } = this;
    if (layout.leaves.length > CONTENT_LEAVES) return;
    layout.read(object).forEach((value, i) => {
      const leaf = layout.leaves[i];
      if (leaf?.shared !== null) {
        events.pair(0, 0);
        if (leaf?.kind === "pointer") events.push(0);
        return;
      }
      if (leaf.kind !== "pointer") {
        events.value(value);
        return;
      }
      this.encode(value);
      const { low, high } = this;
      events.pair(low, high);
      if (high > 0 && value instanceof BytePointer && this.objects[high]?.layout === null) this.tellBytes(value);
      else events.push(0);
      const target = layout.targets[i] ?? -1;
      const isDeeper = low === 1 && high === 0 && target >= 0 && layout.links[i] !== true && depth < CONTENT_DEPTH;
      if (isDeeper && isRecord(value)) this.tellContent(target, value, depth + 1);
    });
  }

  private tellBytes({ bytes, offset }: BytePointer): void {
    const { events } = this;
    const count = Math.min(CONTENT_BYTES, bytes.length - offset);
    events.push(count);
    events.bytes(bytes, offset, count);
  }

  /** Values of the scalars of an object without a number. */
  readUnnamed(value: unknown, layout: number): unknown[] | null {
    if (!isRecord(value) || this.has(value)) return null;
    return (this.layouts[layout] as CompiledLayout).read(value);
  }

  layout(index: number): CompiledLayout {
    return this.layouts[index] as CompiledLayout;
  }
}

/** Lets a member in a branch of a union that is not alive be what no store makes of it. */
function bury({ object, layout, shadow }: Named, leaf: number): void {
  const value = layout?.isPointer[leaf] === true ? BURIED : BURIED_NUMBER;
  layout?.storeShared[leaf]?.(object, value);
  shadow[leaf] = value;
}

function isRecord(value: unknown): value is Members {
  return typeof value === "object" && value !== null;
}

/** The array that a struct is an element of, as a whole; a struct on its own is one of itself. */
function elementsWith(object: object): readonly object[] {
  return (object instanceof Struct ? object.cell?.array : undefined) ?? [object];
}

/** What an object is a member of in the end: it is handed over whole. */
function outermost(object: object): object {
  let at = object;
  for (;;) {
    const owner: unknown =
      at instanceof Struct
        ? at.embedder
        : at instanceof WorkStruct
          ? (at.delayed ?? at.owner)
          : at instanceof DelayedWork
            ? at.work.owner
            : null;
    if (typeof owner !== "object" || owner === null) return at;
    at = owner;
  }
}

/** The pointer that is seen as one to another type. */
function targetOf(pointer: OtherSign): unknown {
  return (pointer as unknown as { readonly there: unknown }).there;
}
