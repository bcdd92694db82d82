/**
 * Structs of generated code, and what C does with memory as a whole: container_of(), pointer arithmetic on structs,
 * memset() and its kin, strings, exchanging.
 *
 * A struct is an object whose members are its fields; a struct member is an object of its own that knows what it
 * stands in. Where memory would have to be seen in two ways at once (a struct as bytes) there is a fault.
 */
import { Completion } from "./completion.ts";
import { SimulationFault } from "./fault.ts";
import { eq64, type Int64, toU8 } from "./integers.ts";
import { BytePointer, ElementPointer, elementAt, FieldPointer, type Pointer } from "./pointers.ts";
import { TimerList } from "./timers.ts";
import { WaitQueueHead } from "./wait.ts";
import { DelayedWork, WorkStruct } from "./workqueue.ts";

/** Where an element of an array of structs is. */
interface Cell {
  readonly array: readonly Struct[];
  readonly index: number;
}

/**
 * Base of all structs: `class TCP_Server_Info extends Struct { refs = new atomic_t(this) }`. A subclass may have
 * `static readonly bytes`, its sizeof, which is how memset() and memcpy() know the number of elements.
 */
export abstract class Struct {
  /** The struct that this one is a member of. */
  embedder: unknown;
  /** Its place when it is an element of an array. */
  cell: Cell | null = null;

  constructor(embedder: unknown = null) {
    this.embedder = embedder;
  }
}

/** A struct that no file of the kernel defines: nothing looks into it, but pointers may point to it. */
export class OpaqueStruct extends Struct {}

function badPointer(what: string): never {
  throw new SimulationFault("bad-pointer", what);
}

function unsupported(what: string): never {
  throw new SimulationFault("unsupported", what);
}

/** The class of an object, for messages; a C struct has the name of its class. */
function nameOf(value: unknown): string {
  return typeof value === "object" && value !== null ? value.constructor.name : String(value);
}

/** What an object is a member of; null when it does not know. */
function embedderOf(pointer: unknown): unknown {
  if (pointer instanceof Struct) return pointer.embedder;
  if (pointer instanceof WorkStruct) return pointer.delayed ?? pointer.owner;
  if (pointer instanceof DelayedWork) return pointer.work.owner;
  if (pointer instanceof TimerList) return pointer.owner;
  if (pointer instanceof FieldPointer) return pointer.object;
  return null;
}

/**
 * container_of(): the struct that `pointer` is a member of (include/linux/container_of.h).
 * @param depth how many structs up: 2 for `container_of(&echo.work, struct TCP_Server_Info, echo.work)`.
 */
export function container_of<T>(pointer: unknown, depth: number): T {
  let at = pointer;
  for (let i = 0; ; i++) {
    if (at === null || at === undefined) {
      badPointer(
        i === 0 ? "container_of(NULL)" : `container_of: a ${nameOf(pointer)} that stands in no ${i} struct(s)`,
      );
    }
    if (i === depth) return at as T;
    at = embedderOf(at);
  }
}

/** `struct T name[count]`: elements that know their place. */
export function structArray<T extends Struct>(count: Int64, make: (index: number) => T): T[] {
  const array: T[] = [];
  for (let index = 0; index < count; index++) {
    const element = make(index);
    element.cell = { array, index };
    array.push(element);
  }
  return array;
}

/** What stands for one past the end; C may have that pointer but not look behind it. */
const ends = new WeakMap<readonly Struct[], Struct>();
/** The same for one before the first, where loops that count down end. */
const beginnings = new WeakMap<readonly Struct[], Struct>();

function endOf(array: readonly Struct[], index: number): Struct {
  const all = index < 0 ? beginnings : ends;
  const known = all.get(array);
  if (known !== undefined) return known;
  const cell: Cell = { array, index };
  const touched = (): never => {
    throw new SimulationFault("out-of-bounds", `the struct behind the last of an array of ${array.length} is used`);
  };
  // The prototype lets instanceof see a Struct. It is a member of nothing: what points to it may be cleared and copied.
  const end = new Proxy(Object.create(Struct.prototype) as Struct, {
    get: (_target, key) => (key === "cell" ? cell : key === "embedder" ? null : touched()),
    set: touched,
  });
  all.set(array, end);
  return end;
}

/** `pointer + count` on a pointer to a struct; one past either end is there, anything beyond is a fault. */
export function structPlus<T extends Struct>(pointer: T, count: Int64): T {
  if (count === 0) return pointer;
  const { cell } = pointer;
  if (cell === null) throw new SimulationFault("out-of-bounds", `${nameOf(pointer)} + ${count}: it is in no array`);
  const index = cell.index + Number(count);
  if (index === cell.array.length || index === -1) return endOf(cell.array, index) as T;
  return elementAt(cell.array, index) as T;
}

/** `a - b` in elements of the array that both are in. */
export function structMinus(a: Struct, b: Struct): number {
  if (a === b) return 0;
  if (a.cell === null || a.cell.array !== b.cell?.array) badPointer("the distance of structs that share no array");
  return a.cell.index - b.cell.index;
}

/** The bytes that a BytePointer or a byte array names. */
function memoryAt(place: BytePointer | Uint8Array, count: number): Uint8Array {
  const isPointer = place instanceof BytePointer;
  const bytes = isPointer ? place.bytes : place;
  const from = isPointer ? place.offset : 0;
  if (!(from >= 0 && count >= 0 && from + count <= bytes.length && Number.isInteger(from + count))) {
    throw new SimulationFault("out-of-bounds", `${count} bytes at offset ${from} of ${bytes.length} bytes of memory`);
  }
  return bytes.subarray(from, from + count);
}

function isMemory(place: unknown): place is BytePointer | Uint8Array {
  return place instanceof BytePointer || place instanceof Uint8Array;
}

/** A run of elements of an array of scalars or pointers. */
interface Elements {
  readonly array: unknown[];
  readonly from: number;
  readonly count: number;
}

function elementsAt(place: ElementPointer<unknown> | unknown[], bytes: number, elementBytes: number): Elements {
  const isPointer = place instanceof ElementPointer;
  const array = isPointer ? place.array : place;
  const from = isPointer ? place.index : 0;
  if (elementBytes <= 0) unsupported(`${bytes} bytes of an array whose elements have no known size`);
  const count = bytes / elementBytes;
  if (!Number.isInteger(count)) unsupported(`${bytes} bytes of an array whose elements have ${elementBytes}`);
  if (from < 0 || from + count > array.length) {
    throw new SimulationFault("out-of-bounds", `${count} elements from ${from} of an array of ${array.length}`);
  }
  return { array, from, count };
}

/** sizeof by the class, or 0 when the class does not say. */
function sizeOf(struct: Struct): number {
  const { bytes } = struct.constructor as { readonly bytes?: number };
  return bytes ?? 0;
}

/**
 * How many structs from `first` on have that many bytes; all of one when its size is not known, or as many as there
 * are bytes in an array of such, whose size is 1 (sizeOfStruct() of model.ts).
 */
function structCount(first: Struct, bytes: number): number {
  const size = sizeOf(first);
  if (size === 0) return first.cell === null ? 1 : bytes;
  const count = bytes / size;
  if (!Number.isInteger(count))
    unsupported(`${bytes} bytes of ${nameOf(first)}, which has ${size}: a part of a struct`);
  return count;
}

function isEmbedded(value: unknown, owner: unknown): boolean {
  return value instanceof Struct && (value.embedder === owner || value.cell?.array === owner);
}

/** Members of the simulator's own kind hold state that clearing or copying bytes would tear apart. */
function checkPlain(value: unknown, owner: Struct, key: string): void {
  const isPart =
    value instanceof Completion ||
    value instanceof WaitQueueHead ||
    ((value instanceof WorkStruct || value instanceof DelayedWork || value instanceof TimerList) &&
      embedderOf(value) === owner);
  if (isPart) unsupported(`clearing or copying ${nameOf(owner)}.${key}, a ${nameOf(value)}, as bytes`);
}

/** The zero of what stands in a place: what memset(…, 0, …) leaves there. Embedded structs and arrays are cleared. */
function cleared(value: unknown, owner: unknown): unknown {
  if (typeof value === "number" || typeof value === "bigint") return 0;
  if (typeof value === "boolean") return false;
  if (value instanceof Uint8Array) return value.fill(0);
  if (Array.isArray(value)) {
    for (const [i, element] of value.entries()) value[i] = cleared(element, value);
    return value;
  }
  if (isEmbedded(value, owner)) {
    clearStruct(value as Struct);
    return value;
  }
  return null;
}

/** Works and timers that nothing is waiting for are cleared like other members; whether this is such a one. */
function clearedIdle(value: unknown, owner: Struct): boolean {
  if (value instanceof TimerList) {
    if (value.heapIndex >= 0 || embedderOf(value) !== owner) return false;
    value.func = null;
    value.expires = 0;
    return true;
  }
  if (!(value instanceof WorkStruct) || value.pending || value.worker !== null || embedderOf(value) !== owner) {
    return false;
  }
  value.func = null;
  return true;
}

/** Members as C has them. A pointer to a member of the same struct cannot be told from the member: a fault. */
function membersOf(struct: Struct): [Record<string, unknown>, string[]] {
  const members = struct as unknown as Record<string, unknown>;
  const keys = Object.keys(struct).filter((key) => key !== "embedder" && key !== "cell");
  const embedded = keys.map((key) => members[key]).filter((value) => isEmbedded(value, struct));
  if (new Set(embedded).size < embedded.length) unsupported(`a ${nameOf(struct)} that points into itself, as bytes`);
  return [members, keys];
}

/** memset(struct, 0, sizeof(*struct)). */
function clearStruct(struct: Struct): void {
  const [members, keys] = membersOf(struct);
  for (const key of keys) {
    if (clearedIdle(members[key], struct)) continue;
    checkPlain(members[key], struct, key);
    members[key] = cleared(members[key], struct);
  }
}

/**
 * `*to = *from`: members are copied, embedded structs and arrays by what is in them, pointers as pointers.
 * @returns `to`.
 */
export function copyStruct<T extends Struct>(to: T, from: T): T {
  if (to.constructor !== from.constructor) unsupported(`copying a ${nameOf(from)} onto a ${nameOf(to)}`);
  const [target, keys] = membersOf(to);
  const [source] = membersOf(from);
  for (const key of keys) {
    checkPlain(target[key], to, key);
    target[key] = copied(target[key], source[key], to);
  }
  return to;
}

/** What stands in a place after `value` was copied there. */
function copied(place: unknown, value: unknown, owner: unknown): unknown {
  if (isEmbedded(place, owner)) return copyStruct(place as Struct, value as Struct);
  if (place instanceof Uint8Array && value instanceof Uint8Array) {
    place.set(value);
    return place;
  }
  if (Array.isArray(place) && Array.isArray(value)) {
    for (const [i, element] of value.entries()) place[i] = copied(place[i], element, place);
    return place;
  }
  return value;
}

/**
 * memset(). Bytes take any value; structs and arrays only 0.
 * @param bytes how many; of structs a multiple of their size.
 * @param elementBytes size of an element when the target is an array of scalars or pointers.
 * @returns the target.
 */
export function memset<T>(target: T, value: Int64, bytes: Int64, elementBytes = 0): T {
  const size = Number(bytes);
  if (isMemory(target)) memoryAt(target, size).fill(toU8(value));
  else if (target === null) badPointer(`memset(NULL) of ${size} bytes`);
  else if (value !== 0) unsupported(`memset of ${nameOf(target)} to ${value}`);
  else clearElements(firstStruct(target), size, elementBytes);
  return target;
}

function clearElements(target: unknown, size: number, elementBytes: number): void {
  if (target instanceof Struct) {
    const count = structCount(target, size);
    for (let i = 0; i < count; i++) clearStruct(structPlus(target, i));
  } else if (isElements(target)) {
    const { array, from, count } = elementsAt(target, size, elementBytes);
    for (let i = from; i < from + count; i++) array[i] = cleared(array[i], array);
  } else unsupported(`memset of ${nameOf(target)}`);
}

/** An array of structs decays to its first; an array of pointers to structs stays an array. */
function firstStruct(place: unknown): unknown {
  if (!Array.isArray(place)) return place;
  const first: unknown = place[0];
  return first instanceof Struct && first.cell?.array === place ? first : place;
}

function overlap(a: BytePointer | Uint8Array, b: BytePointer | Uint8Array, size: number): boolean {
  const x = memoryAt(a, size);
  const y = memoryAt(b, size);
  return x.buffer === y.buffer && Math.abs(x.byteOffset - y.byteOffset) < size;
}

/** memcpy() of memory that overlaps is undefined in C, hence a fault; otherwise as memmove(). */
export function memcpy<T>(to: T, from: unknown, bytes: Int64, elementBytes = 0): T {
  if (isMemory(to) && isMemory(from) && overlap(to, from, Number(bytes))) {
    badPointer(`memcpy of ${bytes} bytes that overlap`);
  }
  return memmove(to, from, bytes, elementBytes);
}

/**
 * memmove(): bytes to bytes, structs to structs of the same type, elements to elements.
 * @param elementBytes size of an element when both are arrays of scalars or pointers.
 * @returns the target.
 */
export function memmove<T>(to: T, from: unknown, bytes: Int64, elementBytes = 0): T {
  const size = Number(bytes);
  if (to === null || from === null) badPointer(`copying ${size} bytes from or to NULL`);
  const target = firstStruct(to);
  const source = firstStruct(from);
  if (isMemory(target) && isMemory(source)) memoryAt(target, size).set(memoryAt(source, size));
  else if (target instanceof Struct && source instanceof Struct) copyStructs(target, source, structCount(target, size));
  else if (isElements(target) && isElements(source)) {
    const run = elementsAt(target, size, elementBytes);
    const values = elementsAt(source, size, elementBytes);
    const taken = values.array.slice(values.from, values.from + values.count);
    for (const [i, value] of taken.entries()) run.array[run.from + i] = value;
  } else unsupported(`copying ${size} bytes of ${nameOf(from)} onto ${nameOf(to)}`);
  return to;
}

function isElements(place: unknown): place is ElementPointer<unknown> | unknown[] {
  return place instanceof ElementPointer || Array.isArray(place);
}

function copyStructs(to: Struct, from: Struct, count: number): void {
  // Within one array, what is copied later must not have been overwritten.
  const isUpwards = to.cell !== null && to.cell.array === from.cell?.array && to.cell.index > from.cell.index;
  for (let step = 0; step < count; step++) {
    const i = isUpwards ? count - 1 - step : step;
    copyStruct(structPlus(to, i), structPlus(from, i));
  }
}

/** Whether two structs of one kind have the same in all members. */
function sameStruct(a: Struct, b: Struct): boolean {
  const [left, keys] = membersOf(a);
  const [right] = membersOf(b);
  return keys.every((key) => {
    const [x, y] = [left[key], right[key]];
    if (isEmbedded(x, a) && isEmbedded(y, b)) return sameStruct(x as Struct, y as Struct);
    if (!Array.isArray(x) || !Array.isArray(y)) return x === y;
    return x.every((one, i) => (one instanceof Struct ? sameStruct(one, y[i] as Struct) : one === y[i]));
  });
}

/**
 * memcmp() of bytes: the difference of the first bytes that differ, 0 when none do. Structs are compared by their
 * members; which of two that differ is the larger one, nobody can say.
 */
export function memcmp(a: unknown, b: unknown, bytes: Int64): number {
  if (a instanceof Struct && b instanceof Struct && a.constructor === b.constructor && sameStruct(a, b)) return 0;
  if (!isMemory(a) || !isMemory(b)) return unsupported(`comparing ${nameOf(a)} with ${nameOf(b)} as bytes`);
  const x = memoryAt(a, Number(bytes));
  const y = memoryAt(b, Number(bytes));
  for (let i = 0; i < x.length; i++) {
    const difference = elementAt(x, i) - elementAt(y, i);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Length of a C string; a fault when its memory ends before it does. */
export function strlen(text: BytePointer): number {
  let length = 0;
  while (elementAt(text.bytes, text.offset + length) !== 0) length++;
  return length;
}

const same = (code: number): number => code;

/** __tolower() of include/linux/ctype.h with the Latin-1 table of lib/ctype.c. */
function toLower(code: number): number {
  const isUpper = (code >= 0x41 && code <= 0x5a) || (code >= 0xc0 && code <= 0xde && code !== 0xd7);
  return isUpper ? code + 0x20 : code;
}

/** The difference of the first characters that differ among the first `count`. */
function compareText(a: BytePointer, b: BytePointer, count: number, fold: (code: number) => number): number {
  for (let i = 0; i < count; i++) {
    const code = elementAt(a.bytes, a.offset + i);
    const difference = fold(code) - fold(elementAt(b.bytes, b.offset + i));
    if (difference !== 0) return difference;
    if (code === 0) break;
  }
  return 0;
}

/** -1, 0 or 1: lib/string.c. */
export function strcmp(a: BytePointer, b: BytePointer): number {
  return Math.sign(compareText(a, b, Number.POSITIVE_INFINITY, same));
}

export function strncmp(a: BytePointer, b: BytePointer, count: Int64): number {
  return Math.sign(compareText(a, b, Number(count), same));
}

/** The difference of the lower-case characters: lib/string.c. */
export function strcasecmp(a: BytePointer, b: BytePointer): number {
  return compareText(a, b, Number.POSITIVE_INFINITY, toLower);
}

export function strncasecmp(a: BytePointer, b: BytePointer, count: Int64): number {
  return compareText(a, b, Number(count), toLower);
}

/** Stores a value and returns what was there. */
export function xchg<T>(pointer: Pointer<T>, value: T): T {
  const old = pointer.value;
  pointer.value = value;
  return old;
}

function isNumeric(value: unknown): value is Int64 {
  return typeof value === "number" || typeof value === "bigint";
}

/** Stores `value` when `old` is there; returns what was there. */
export function cmpxchg<T>(pointer: Pointer<T>, old: T, value: T): T {
  const found = pointer.value;
  const isSame = isNumeric(found) && isNumeric(old) ? eq64(found, old) : found === old;
  if (isSame) pointer.value = value;
  return found;
}
