/**
 * C pointers for generated code, and memory as bytes.
 *
 * A pointer to a struct is the JS object itself. What C points into otherwise (a variable, a member, an element, a
 * byte of a buffer) needs an object that stands for the address: the classes below. A pointer may lie anywhere, for
 * kernel code compares `p + n` with the end of a buffer before it looks; reading or writing outside is a fault.
 *
 * Bytes are those of a little-endian machine (x86-64) that allows unaligned access.
 */
import { SimulationFault } from "./fault.ts";
import { fromBigInt, type Int64, shrU64, toS32, toU16, toU32 } from "./integers.ts";

/** The null pointer, assignable to every pointer type. */
export const NULL = null as never;

/** What C can do with a pointer to T; an index counts elements. */
export interface Pointer<T> {
  /** `*p`. */
  value: T;
  /** `p[index]`. */
  at(index: Int64): T;
  /** `p[index] = value`. */
  setAt(index: Int64, value: T): void;
  /** `p + count`. */
  plus(count: Int64): Pointer<T>;
}

function outOfBounds(what: string): never {
  throw new SimulationFault("out-of-bounds", what);
}

/** Int64 as an offset: a bigint is far outside any array, and stays so as a rounded number. */
function toNumber(value: Int64): number {
  return typeof value === "number" ? value : Number(value);
}

/** For a pointer to a lone object, which is an array of one element (C11 6.5.6p7). */
function checkLone(index: Int64): void {
  if (index !== 0) outOfBounds(`element ${index} of a variable that is no array`);
}

/** A variable whose address is taken: declared as `const x = new Ref(0)`, used as `x.value`, its address is `x`. */
export class Ref<T> implements Pointer<T> {
  constructor(public value: T) {}

  at(index: Int64): T {
    checkLone(index);
    return this.value;
  }

  setAt(index: Int64, value: T): void {
    checkLone(index);
    this.value = value;
  }

  plus(count: Int64): Pointer<T> {
    checkLone(count);
    return this;
  }
}

/** The address of a member that is no struct: `&server->lstrp`. */
export class FieldPointer<O extends object, K extends keyof O> implements Pointer<O[K]> {
  constructor(
    readonly object: O,
    readonly key: K,
  ) {}

  get value(): O[K] {
    const { object, key } = this;
    const found = object[key];
    // C that takes one struct for another reads whatever lies there.
    if (found === undefined) {
      throw new SimulationFault(
        "bad-pointer",
        `${String(key)} of a ${object.constructor.name}, which has no such member`,
      );
    }
    return found;
  }

  set value(value: O[K]) {
    this.object[this.key] = value;
  }

  at(index: Int64): O[K] {
    checkLone(index);
    return this.value;
  }

  setAt(index: Int64, value: O[K]): void {
    checkLone(index);
    this.object[this.key] = value;
  }

  plus(count: Int64): Pointer<O[K]> {
    checkLone(count);
    return this;
  }
}

/** `array[index]`; a fault outside the array. */
export function elementAt<T>(array: ArrayLike<T>, index: Int64): T {
  const element = array[toNumber(index)];
  // No element of a C array is undefined, so one look serves as the check of the bounds.
  if (element === undefined) outOfBounds(`element ${index} of an array of ${array.length}`);
  return element;
}

/** `array[index] = value`; a fault outside the array. */
export function setElementAt<T>(array: T[], index: Int64, value: T): void {
  elementAt(array, index);
  array[toNumber(index)] = value;
}

/** A pointer into an array. */
export class ElementPointer<T> implements Pointer<T> {
  constructor(
    readonly array: T[],
    readonly index = 0,
  ) {}

  get value(): T {
    return elementAt(this.array, this.index);
  }

  set value(value: T) {
    setElementAt(this.array, this.index, value);
  }

  at(index: Int64): T {
    return elementAt(this.array, this.index + toNumber(index));
  }

  setAt(index: Int64, value: T): void {
    setElementAt(this.array, this.index + toNumber(index), value);
  }

  plus(count: Int64): ElementPointer<T> {
    return new ElementPointer(this.array, this.index + toNumber(count));
  }

  /** `this - other` in elements; a fault when they point into different arrays. */
  minus(other: ElementPointer<T>): number {
    if (other.array !== this.array) throw new SimulationFault("bad-pointer", "the distance between two arrays");
    return this.index - other.index;
  }
}

/** Bytes that an integer in memory has. */
export type Width = 1 | 2 | 4 | 8;

const TWO_32 = 0x1_0000_0000;

/** The 64-bit value with that signed high and unsigned low word. */
function joinWords(high: number, low: number): Int64 {
  const value = high * TWO_32 + low;
  return Number.isSafeInteger(value) ? value : fromBigInt((BigInt(high) << 32n) + BigInt(low));
}

function highWord(value: Int64): number {
  return toU32(shrU64(value, 32));
}

function byteFault(bytes: Uint8Array, at: number, width: number): never {
  outOfBounds(`${width} byte(s) at offset ${at} of ${bytes.length} bytes of memory`);
}

/** A 1, 2 or 4 byte integer. An absent byte is undefined, whatever is wrong with the offset. */
function loadWord(bytes: Uint8Array, at: number, width: Width, signed: boolean): number {
  const first = bytes[at];
  if (first === undefined || at + width > bytes.length) byteFault(bytes, at, width);
  if (width === 1) return signed ? (first << 24) >> 24 : first;
  const low = first | ((bytes[at + 1] as number) << 8);
  if (width === 2) return signed ? (low << 16) >> 16 : low;
  const word = low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
  return signed ? word : word >>> 0;
}

function load(bytes: Uint8Array, at: number, width: Width, signed: boolean): Int64 {
  if (width !== 8) return loadWord(bytes, at, width, signed);
  if (at + 8 > bytes.length) byteFault(bytes, at, 8);
  return joinWords(loadWord(bytes, at + 4, 4, true), loadWord(bytes, at, 4, false));
}

/** Conversions go through integers.ts, which knows what a word may be. */
function store(bytes: Uint8Array, at: number, width: Width, value: Int64): void {
  if (bytes[at] === undefined || at + width > bytes.length) byteFault(bytes, at, width);
  const low = toS32(value);
  bytes[at] = low;
  if (width === 1) return;
  bytes[at + 1] = low >> 8;
  if (width === 2) return;
  bytes[at + 2] = low >> 16;
  bytes[at + 3] = low >> 24;
  if (width === 8) store(bytes, at + 4, 4, highWord(value));
}

/** A pointer to integers of one width in bytes of memory: `u8 *`, `char *`, `__le32 *`. */
export class BytePointer implements Pointer<Int64> {
  /**
   * @param offset of the byte pointed to.
   * @param width bytes of an element.
   * @param signed whether an element is; of no meaning for 8 bytes, which load as a residue.
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly offset = 0,
    readonly width: Width = 1,
    readonly signed = false,
  ) {}

  get value(): Int64 {
    return load(this.bytes, this.offset, this.width, this.signed);
  }

  set value(value: Int64) {
    store(this.bytes, this.offset, this.width, value);
  }

  at(index: Int64): Int64 {
    return load(this.bytes, this.offset + toNumber(index) * this.width, this.width, this.signed);
  }

  setAt(index: Int64, value: Int64): void {
    store(this.bytes, this.offset + toNumber(index) * this.width, this.width, value);
  }

  plus(count: Int64): BytePointer {
    return new BytePointer(this.bytes, this.offset + toNumber(count) * this.width, this.width, this.signed);
  }

  /** A cast to a pointer to integers of another type. */
  as(width: Width, signed: boolean): BytePointer {
    return new BytePointer(this.bytes, this.offset, width, signed);
  }

  /** `this - other` in elements; a fault when they point into different memory. */
  minus(other: BytePointer): number {
    if (other.bytes !== this.bytes) throw new SimulationFault("bad-pointer", "the distance between two buffers");
    return Math.trunc((this.offset - other.offset) / this.width);
  }
}

/** `a == b` of two pointers of any kind: whether they name the same place. */
export function samePointer(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a instanceof BytePointer && b instanceof BytePointer) return a.bytes === b.bytes && a.offset === b.offset;
  if (a instanceof ElementPointer && b instanceof ElementPointer) return a.array === b.array && a.index === b.index;
  return a instanceof FieldPointer && b instanceof FieldPointer && a.object === b.object && a.key === b.key;
}

/** A string literal: `const char *` to its Latin-1 characters and a NUL. */
export function cstring(text: string): BytePointer {
  const bytes = new Uint8Array(text.length + 1);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff)
      throw new SimulationFault("unsupported", `character ${code} in a string: only Latin-1 is possible`);
    bytes[i] = code;
  }
  return new BytePointer(bytes, 0, 1, true);
}

/** A C string for reports: up to its NUL, the end of its memory, or `maxLength` characters. */
export function textOf(pointer: BytePointer | null, maxLength = 256): string {
  if (pointer === null) return "(null)";
  let text = "";
  for (let at = pointer.offset; text.length < maxLength; at++) {
    const code = pointer.bytes[at];
    if (code === undefined || code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
}

/** A member of up to 4 bytes of a packed struct that lives in bytes; the struct is a pointer to its first byte. */
export class WireField {
  constructor(
    readonly offset: number,
    readonly width: 1 | 2 | 4,
    readonly signed = false,
  ) {}

  get(struct: BytePointer): number {
    return loadWord(struct.bytes, struct.offset + this.offset, this.width, this.signed);
  }

  set(struct: BytePointer, value: Int64): void {
    store(struct.bytes, struct.offset + this.offset, this.width, value);
  }

  /** The address of the member. */
  pointer(struct: BytePointer): BytePointer {
    return new BytePointer(struct.bytes, struct.offset + this.offset, this.width, this.signed);
  }
}

/** A member of 8 bytes of such a struct. */
export class WireField64 {
  constructor(
    readonly offset: number,
    readonly signed = false,
  ) {}

  get(struct: BytePointer): Int64 {
    return load(struct.bytes, struct.offset + this.offset, 8, this.signed);
  }

  set(struct: BytePointer, value: Int64): void {
    store(struct.bytes, struct.offset + this.offset, 8, value);
  }

  pointer(struct: BytePointer): BytePointer {
    return new BytePointer(struct.bytes, struct.offset + this.offset, 8, this.signed);
  }
}

/** Byte order: include/uapi/linux/swab.h and include/uapi/linux/byteorder/little_endian.h. Arguments are truncated. */
export function swab16(value: Int64): number {
  const word = toU16(value);
  return ((word << 8) | (word >> 8)) & 0xffff;
}

export function swab32(value: Int64): number {
  const word = toU32(value);
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

/** A residue, as all 64-bit values are. */
export function swab64(value: Int64): Int64 {
  return joinWords(toS32(swab32(toU32(value))), swab32(highWord(value)));
}

function same64(value: Int64): Int64 {
  return value;
}

export const cpu_to_le16 = toU16;
export const cpu_to_le32 = toU32;
export const cpu_to_le64 = same64;
export const le16_to_cpu = toU16;
export const le32_to_cpu = toU32;
export const le64_to_cpu = same64;
export const cpu_to_be16 = swab16;
export const cpu_to_be32 = swab32;
export const cpu_to_be64 = swab64;
export const be16_to_cpu = swab16;
export const be32_to_cpu = swab32;
export const be64_to_cpu = swab64;
export const htons = swab16;
export const ntohs = swab16;
export const htonl = swab32;
export const ntohl = swab32;

/** `const void *` as a pointer to bytes. */
function toBytes(p: unknown): BytePointer {
  if (p instanceof BytePointer) return p;
  throw new SimulationFault("bad-pointer", p === null ? "bytes at NULL" : "the bytes of something that is no buffer");
}

/** get_unaligned_*() and put_unaligned_*() (include/linux/unaligned.h): by the pointer's place, whatever its width. */
export function get_unaligned_le16(p: unknown): number {
  const { bytes, offset } = toBytes(p);
  return loadWord(bytes, offset, 2, false);
}

export function get_unaligned_le32(p: unknown): number {
  const { bytes, offset } = toBytes(p);
  return loadWord(bytes, offset, 4, false);
}

export function get_unaligned_le64(p: unknown): Int64 {
  const { bytes, offset } = toBytes(p);
  return load(bytes, offset, 8, false);
}

export function get_unaligned_be16(p: unknown): number {
  return swab16(get_unaligned_le16(p));
}

export function get_unaligned_be32(p: unknown): number {
  return swab32(get_unaligned_le32(p));
}

export function get_unaligned_be64(p: unknown): Int64 {
  return swab64(get_unaligned_le64(p));
}

export function put_unaligned_le16(value: Int64, p: unknown): void {
  const { bytes, offset } = toBytes(p);
  store(bytes, offset, 2, value);
}

export function put_unaligned_le32(value: Int64, p: unknown): void {
  const { bytes, offset } = toBytes(p);
  store(bytes, offset, 4, value);
}

export function put_unaligned_le64(value: Int64, p: unknown): void {
  const { bytes, offset } = toBytes(p);
  store(bytes, offset, 8, value);
}

export function put_unaligned_be16(value: Int64, p: unknown): void {
  const { bytes, offset } = toBytes(p);
  store(bytes, offset, 2, swab16(value));
}

export function put_unaligned_be32(value: Int64, p: unknown): void {
  const { bytes, offset } = toBytes(p);
  store(bytes, offset, 4, swab32(value));
}

export function put_unaligned_be64(value: Int64, p: unknown): void {
  const { bytes, offset } = toBytes(p);
  store(bytes, offset, 8, swab64(value));
}
