/** Small structs that kernel code is full of: atomics, reference counts, bits, I/O vectors; receiving into those. */
import { SimulationFault } from "./fault.ts";
import { add64, and64, eq64, type Int64, not64, or64, shl64, sub64, toS32 } from "./integers.ts";
import { BytePointer, NULL, type Pointer } from "./pointers.ts";
import { type ReceiveTarget, type Socket, sock_recvmsg } from "./sockets.ts";
import { Struct, structPlus } from "./structs.ts";
import type { Coroutine } from "./tasks.ts";

/** atomic_t: an int that wraps (include/linux/atomic/atomic-instrumented.h). One thread runs at a time. */
export class atomic_t extends Struct {
  static readonly bytes = 4;
  counter = 0;
}

export function atomic_read(v: atomic_t): number {
  return v.counter;
}

export function atomic_set(v: atomic_t, value: number): void {
  v.counter = toS32(value);
}

/** The new value. */
export function atomic_add_return(value: number, v: atomic_t): number {
  v.counter = toS32(v.counter + value);
  return v.counter;
}

export function atomic_sub_return(value: number, v: atomic_t): number {
  return atomic_add_return(-value, v);
}

export function atomic_inc_return(v: atomic_t): number {
  return atomic_add_return(1, v);
}

export function atomic_dec_return(v: atomic_t): number {
  return atomic_add_return(-1, v);
}

export function atomic_add(value: number, v: atomic_t): void {
  atomic_add_return(value, v);
}

export function atomic_sub(value: number, v: atomic_t): void {
  atomic_add_return(-value, v);
}

export function atomic_inc(v: atomic_t): void {
  atomic_add_return(1, v);
}

export function atomic_dec(v: atomic_t): void {
  atomic_add_return(-1, v);
}

/** The old value. */
export function atomic_fetch_add(value: number, v: atomic_t): number {
  const old = v.counter;
  atomic_add_return(value, v);
  return old;
}

/** Whether it is 0 now. */
export function atomic_dec_and_test(v: atomic_t): boolean {
  return atomic_add_return(-1, v) === 0;
}

export function atomic_inc_and_test(v: atomic_t): boolean {
  return atomic_add_return(1, v) === 0;
}

export function atomic_sub_and_test(value: number, v: atomic_t): boolean {
  return atomic_add_return(-value, v) === 0;
}

/** Whether it was added to because it was not `unless`. */
export function atomic_add_unless(v: atomic_t, value: number, unless: number): boolean {
  if (v.counter === unless) return false;
  atomic_add_return(value, v);
  return true;
}

export function atomic_inc_not_zero(v: atomic_t): boolean {
  return atomic_add_unless(v, 1, 0);
}

/** The old value. */
export function atomic_xchg(v: atomic_t, value: number): number {
  const old = v.counter;
  v.counter = toS32(value);
  return old;
}

export function atomic_cmpxchg(v: atomic_t, old: number, value: number): number {
  return v.counter === old ? atomic_xchg(v, value) : v.counter;
}

/** atomic64_t. */
export class atomic64_t extends Struct {
  static readonly bytes = 8;
  counter: Int64 = 0;
}

export function atomic64_read(v: atomic64_t): Int64 {
  return v.counter;
}

export function atomic64_set(v: atomic64_t, value: Int64): void {
  v.counter = value;
}

/** The new value. */
export function atomic64_add_return(value: Int64, v: atomic64_t): Int64 {
  v.counter = add64(v.counter, value);
  return v.counter;
}

export function atomic64_sub_return(value: Int64, v: atomic64_t): Int64 {
  v.counter = sub64(v.counter, value);
  return v.counter;
}

export function atomic64_inc_return(v: atomic64_t): Int64 {
  return atomic64_add_return(1, v);
}

export function atomic64_dec_return(v: atomic64_t): Int64 {
  return atomic64_add_return(-1, v);
}

export function atomic64_add(value: Int64, v: atomic64_t): void {
  atomic64_add_return(value, v);
}

export function atomic64_sub(value: Int64, v: atomic64_t): void {
  atomic64_sub_return(value, v);
}

export function atomic64_inc(v: atomic64_t): void {
  atomic64_add_return(1, v);
}

export function atomic64_dec(v: atomic64_t): void {
  atomic64_add_return(-1, v);
}

export function atomic64_dec_and_test(v: atomic64_t): boolean {
  return eq64(atomic64_add_return(-1, v), 0);
}

/** atomic_long_t where long has 64 bits (include/linux/atomic/atomic-long.h). */
export class atomic_long_t extends atomic64_t {}

export const atomic_long_read = atomic64_read;
export const atomic_long_set = atomic64_set;
export const atomic_long_add_return = atomic64_add_return;
export const atomic_long_sub_return = atomic64_sub_return;
export const atomic_long_inc_return = atomic64_inc_return;
export const atomic_long_dec_return = atomic64_dec_return;
export const atomic_long_add = atomic64_add;
export const atomic_long_sub = atomic64_sub;
export const atomic_long_inc = atomic64_inc;
export const atomic_long_dec = atomic64_dec;
export const atomic_long_dec_and_test = atomic64_dec_and_test;

/** refcount_t (include/linux/refcount.h); what the kernel warns of and then saturates is a fault. */
export class refcount_t extends Struct {
  static readonly bytes = 4;
  readonly refs = new atomic_t(this);
}

function takeReference(refs: atomic_t): void {
  if (refs.counter <= 0) throw new SimulationFault("bug-on", `a reference is taken when the count is ${refs.counter}`);
  atomic_inc(refs);
}

function dropReferences(refs: atomic_t, count: number): boolean {
  if (refs.counter < count) {
    throw new SimulationFault("bug-on", `${count} reference(s) dropped when the count is ${refs.counter}`);
  }
  return atomic_sub_and_test(count, refs);
}

export function refcount_set(r: refcount_t, value: number): void {
  atomic_set(r.refs, value);
}

export function refcount_read(r: refcount_t): number {
  return atomic_read(r.refs);
}

export function refcount_inc(r: refcount_t): void {
  takeReference(r.refs);
}

/** False when the count is 0, and then nothing changes. */
export function refcount_inc_not_zero(r: refcount_t): boolean {
  if (r.refs.counter === 0) return false;
  takeReference(r.refs);
  return true;
}

export function refcount_dec(r: refcount_t): void {
  if (dropReferences(r.refs, 1)) throw new SimulationFault("bug-on", "refcount_dec dropped the last reference");
}

export function refcount_dec_and_test(r: refcount_t): boolean {
  return dropReferences(r.refs, 1);
}

export function refcount_sub_and_test(count: number, r: refcount_t): boolean {
  return dropReferences(r.refs, count);
}

/** struct kref (include/linux/kref.h); its member was an atomic_t before 4.11, which counts the same. */
export class kref extends Struct {
  static readonly bytes = 4;
  readonly refcount = new refcount_t(this);
}

export function kref_init(ref: kref): void {
  refcount_set(ref.refcount, 1);
}

export function kref_read(ref: kref): number {
  return refcount_read(ref.refcount);
}

export function kref_get(ref: kref): void {
  refcount_inc(ref.refcount);
}

/** False when the count is 0. */
export function kref_get_unless_zero(ref: kref): boolean {
  return refcount_inc_not_zero(ref.refcount);
}

/**
 * Drops a reference, and calls `release` with the last one.
 * @returns 1 when it did, else 0. A release function that may block is a fault, for nobody would wait for it.
 */
export function kref_put(ref: kref, release: (ref: kref) => unknown): number {
  if (!refcount_dec_and_test(ref.refcount)) return 0;
  const result = release(ref);
  if (typeof result === "object" && result !== null) {
    throw new SimulationFault("unsupported", "kref_put with a release function that may block");
  }
  return 1;
}

/** Bits in arrays of unsigned long of 64 bits: include/linux/bitops.h. */
const BITS_PER_LONG = 64;

function wordOf(nr: Int64): number {
  return Math.floor(Number(nr) / BITS_PER_LONG);
}

function maskOf(nr: Int64): Int64 {
  return shl64(1, Number(nr) % BITS_PER_LONG);
}

export function test_bit(nr: Int64, address: Pointer<Int64>): boolean {
  return and64(address.at(wordOf(nr)), maskOf(nr)) !== 0;
}

export function set_bit(nr: Int64, address: Pointer<Int64>): void {
  const at = wordOf(nr);
  address.setAt(at, or64(address.at(at), maskOf(nr)));
}

export function clear_bit(nr: Int64, address: Pointer<Int64>): void {
  const at = wordOf(nr);
  address.setAt(at, and64(address.at(at), not64(maskOf(nr))));
}

/** Sets the bit; whether it was set before. */
export function test_and_set_bit(nr: Int64, address: Pointer<Int64>): boolean {
  const wasSet = test_bit(nr, address);
  if (!wasSet) set_bit(nr, address);
  return wasSet;
}

/** With an order of memory, which is none here. */
export const clear_bit_unlock = clear_bit;
export const test_and_set_bit_lock = test_and_set_bit;

/** Clears the bit; whether it was set before. */
export function test_and_clear_bit(nr: Int64, address: Pointer<Int64>): boolean {
  const wasSet = test_bit(nr, address);
  if (wasSet) clear_bit(nr, address);
  return wasSet;
}

export const __set_bit = set_bit;
export const __clear_bit = clear_bit;
export const __test_and_set_bit = test_and_set_bit;
export const __test_and_clear_bit = test_and_clear_bit;

/** struct kvec (include/linux/uio.h). */
export class kvec extends Struct {
  static readonly bytes = 16;
  /** `void *`; receiving needs a BytePointer. */
  iov_base: unknown = null;
  iov_len: Int64 = 0;
}

/** struct iov_iter of kvecs or of nothing (ITER_DISCARD): lib/iov_iter.c. It takes what a socket receives. */
export class iov_iter extends Struct implements ReceiveTarget {
  kvec: kvec = NULL;
  nr_segs = 0;
  /** Bytes of the first kvec that are used up. */
  iov_offset = 0;
  /** Bytes that may still come. */
  count: Int64 = 0;
  isDiscard = false;
  /** READ or WRITE; ITER_DEST or ITER_SOURCE since 6.2. */
  data_source = 0;

  /** copy_to_iter(): `count` bytes of `source` from `from` on, zeros where it has none; moves on. */
  put(source: Uint8Array | null, from: number, count: number): void {
    let done = 0;
    while (done < count && !this.isDiscard) {
      const room = Math.min(this.room(), count - done);
      const { iov_base } = this.kvec;
      if (iov_base instanceof Struct) fillWords(iov_base, this.iov_offset, room, source, from + done);
      else if (iov_base instanceof BytePointer) {
        fill(iov_base.bytes, iov_base.offset + this.iov_offset, room, source, from + done);
      } else throw new SimulationFault("bad-pointer", "receiving into an iov_base that does not point to bytes");
      this.iov_offset += room;
      done += room;
    }
    this.count = sub64(this.count, count);
  }

  /** Moves on without copying. */
  skip(count: number): void {
    let left = this.isDiscard ? 0 : count;
    while (left > 0) {
      const room = Math.min(this.room(), left);
      this.iov_offset += room;
      left -= room;
    }
    this.count = sub64(this.count, count);
  }

  /** Bytes left in the first kvec that has any; used-up ones are left behind. */
  private room(): number {
    while (this.nr_segs > 0 && this.iov_offset >= Number(this.kvec.iov_len)) {
      this.iov_offset = 0;
      this.nr_segs--;
      if (this.nr_segs > 0) this.kvec = structPlus(this.kvec, 1);
    }
    if (this.nr_segs === 0) throw new SimulationFault("out-of-bounds", "more bytes than the kvecs of an iov_iter have");
    return Number(this.kvec.iov_len) - this.iov_offset;
  }
}

function fill(bytes: Uint8Array, at: number, count: number, source: Uint8Array | null, from: number): void {
  if (!(at >= 0 && at + count <= bytes.length)) {
    throw new SimulationFault("out-of-bounds", `receiving ${count} bytes at ${at} of ${bytes.length} bytes of memory`);
  }
  const there = source === null ? 0 : Math.max(Math.min(count, source.length - from), 0);
  // Headers are some bytes long, and a loop is then faster than a subarray.
  if (source !== null) for (let i = 0; i < there; i++) bytes[at + i] = source[from + i] as number;
  if (there < count) bytes.fill(0, at + there, at + count);
}

/** The members of a struct that is nothing but words of 32 bits, in their order; null for all others. */
export function wordsIn(struct: Struct): readonly string[] | null {
  const { bytes } = struct.constructor as { readonly bytes?: number };
  const names = Object.entries(struct).flatMap(([name, value]) => (typeof value === "number" ? [name] : []));
  return bytes === WORD_BYTES * names.length ? names : null;
}

const WORD_BYTES = 4;

/** A header is received into a struct: whole words of it, little-endian. */
function fillWords(struct: Struct, at: number, count: number, source: Uint8Array | null, from: number): void {
  const names = wordsIn(struct);
  if (names === null || at % WORD_BYTES !== 0 || count % WORD_BYTES !== 0) {
    throw new SimulationFault("bad-pointer", "receiving into a part of a struct");
  }
  const bytes = new Uint8Array(count);
  fill(bytes, 0, count, source, from);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i += WORD_BYTES) {
    const name = names[(at + i) / WORD_BYTES] ?? "";
    (struct as unknown as Record<string, number>)[name] = view.getUint32(i, true);
  }
}

/**
 * iov_iter_kvec().
 * @param first the first of `nr` kvecs: an element of an array, or a lone one.
 * @param count bytes in all.
 */
export function iov_iter_kvec(iter: iov_iter, direction: number, first: kvec, nr: Int64, count: Int64): void {
  iter.data_source = direction;
  iter.isDiscard = false;
  iter.kvec = first;
  iter.nr_segs = Number(nr);
  iter.iov_offset = 0;
  iter.count = Number(count);
}

/** iov_iter_discard(): what comes is thrown away. */
export function iov_iter_discard(iter: iov_iter, direction: number, count: Int64): void {
  iov_iter_kvec(iter, direction, NULL, 0, count);
  iter.isDiscard = true;
}

export function iov_iter_count(iter: iov_iter): Int64 {
  return iter.count;
}

/** iov_iter_advance(): at most what is left. */
export function iov_iter_advance(iter: iov_iter, bytes: Int64): void {
  iter.skip(Math.min(Number(bytes), Number(iter.count)));
}

/** iov_iter_truncate(): at most so many bytes from here. */
export function iov_iter_truncate(iter: iov_iter, count: Int64): void {
  if (iter.count > count) iter.count = Number(count);
}

/**
 * struct sockaddr, sockaddr_in, sockaddr_in6 and sockaddr_storage in one, for kernel code casts between them. Their
 * families share a place, and so do the ports (big-endian).
 */
export class SocketAddress extends Struct {
  sa_family = 0;
  sin_port = 0;
  sin_addr: unknown = null;
  sin6_addr: unknown = null;

  get ss_family(): number {
    return this.sa_family;
  }

  set ss_family(family: number) {
    this.sa_family = family;
  }

  get sin_family(): number {
    return this.sa_family;
  }

  set sin_family(family: number) {
    this.sa_family = family;
  }

  get sin6_family(): number {
    return this.sa_family;
  }

  set sin6_family(family: number) {
    this.sa_family = family;
  }

  get sin6_port(): number {
    return this.sin_port;
  }

  set sin6_port(port: number) {
    this.sin_port = port;
  }
}

/** struct msghdr of include/linux/socket.h. */
export class msghdr extends Struct {
  msg_name: unknown = null;
  msg_namelen = 0;
  readonly msg_iter = new iov_iter(this);
  msg_control: unknown = null;
  msg_controllen: Int64 = 0;
  msg_flags = 0;
}

/** msg_data_left(). */
export function msg_data_left(msg: msghdr): Int64 {
  return msg.msg_iter.count;
}

/**
 * sock_recvmsg(sock, msg, flags), since 4.7 (net/socket.c): receives what msg_iter has room for and moves it on.
 * @returns bytes or a negative error, as sock_recvmsg() of sockets.ts.
 */
export function receive_sock_recvmsg(socket: Socket, msg: msghdr, flags: number): Coroutine<number> {
  return sock_recvmsg(socket, Number(msg.msg_iter.count), flags, msg.msg_iter);
}

/** sock_recvmsg(sock, msg, size, flags), before 4.7. */
export function receive_sock_recvmsg_size(socket: Socket, msg: msghdr, size: Int64, flags: number): Coroutine<number> {
  return sock_recvmsg(socket, Number(size), flags, msg.msg_iter);
}

/** kernel_recvmsg(sock, msg, vec, num, size, flags): net/socket.c. It sets msg_iter to the kvecs first. */
export function receive_kernel_recvmsg(
  socket: Socket,
  msg: msghdr,
  vec: kvec,
  nr: Int64,
  size: Int64,
  flags: number,
): Coroutine<number> {
  iov_iter_kvec(msg.msg_iter, 0, vec, nr, size);
  return sock_recvmsg(socket, Number(size), flags, msg.msg_iter);
}
