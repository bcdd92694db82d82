import { describe, expect, test } from "vitest";
import type { Int64 } from "../../tools/simulator/integers.ts";
import * as k from "../../tools/simulator/kernel-structs.ts";
import { BytePointer, ElementPointer, FieldPointer, NULL, Ref } from "../../tools/simulator/pointers.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import { arriveAt, EAGAIN, MSG_DONTWAIT, MSG_WAITALL, Socket } from "../../tools/simulator/sockets.ts";
import { container_of, memset, Struct, structArray } from "../../tools/simulator/structs.ts";
import { type Coroutine, kthread_run } from "../../tools/simulator/tasks.ts";

describe("atomics", () => {
  test("32 bits wrap", () => {
    const v = new k.atomic_t();
    k.atomic_set(v, 0x7fff_ffff);
    expect([k.atomic_inc_return(v), k.atomic_dec_return(v)]).toEqual([-0x8000_0000, 0x7fff_ffff]);
    k.atomic_set(v, 0xffff_ffff);
    expect([k.atomic_read(v), k.atomic_inc_and_test(v), k.atomic_read(v)]).toEqual([-1, true, 0]);
  });

  test("what each returns", () => {
    const v = new k.atomic_t();
    expect([k.atomic_inc_not_zero(v), k.atomic_add_return(3, v), k.atomic_inc_not_zero(v)]).toEqual([false, 3, true]);
    expect([k.atomic_fetch_add(2, v), k.atomic_sub_return(4, v)]).toEqual([4, 2]);
    expect([k.atomic_dec_and_test(v), k.atomic_dec_and_test(v), k.atomic_dec_and_test(v)]).toEqual([
      false,
      true,
      false,
    ]);
    k.atomic_add(5, v);
    k.atomic_sub(1, v);
    k.atomic_inc(v);
    k.atomic_dec(v);
    expect([k.atomic_sub_and_test(3, v), k.atomic_xchg(v, 8), k.atomic_cmpxchg(v, 9, 1)]).toEqual([true, 0, 8]);
    expect([k.atomic_cmpxchg(v, 8, 1), k.atomic_add_unless(v, 1, 1), k.atomic_read(v)]).toEqual([8, false, 1]);
  });

  test("64 bits", () => {
    const v = new k.atomic_long_t();
    k.atomic_long_set(v, 2n ** 63n - 1n);
    expect([k.atomic64_inc_return(v), k.atomic_long_dec_return(v)]).toEqual([-(2n ** 63n), 2n ** 63n - 1n]);
    k.atomic64_set(v, 1);
    k.atomic64_add(2 ** 53 - 1, v);
    expect(k.atomic64_read(v)).toBe(2n ** 53n);
    k.atomic64_sub(2n ** 53n - 1n, v);
    expect([k.atomic64_dec_and_test(v), k.atomic64_dec_and_test(v), v.counter]).toEqual([true, false, -1]);
    k.atomic64_inc(v);
    k.atomic64_dec(v);
    expect(k.atomic64_sub_return(4, v)).toBe(-5);
  });
});

describe("reference counts", () => {
  test("kref_put releases with the last reference, once", () => {
    const ref = new k.kref();
    const released: k.kref[] = [];
    const release = (one: k.kref): void => void released.push(one);
    k.kref_init(ref);
    k.kref_get(ref);
    expect([k.kref_read(ref), k.kref_put(ref, release), released.length]).toEqual([2, 0, 0]);
    expect([k.kref_put(ref, release), released]).toEqual([1, [ref]]);
    expect(k.kref_get_unless_zero(ref)).toBe(false);
    expect(() => k.kref_get(ref)).toThrow("taken when the count is 0");
    expect(() => k.kref_put(ref, release)).toThrow("dropped when the count is 0");
    expect(container_of(ref.refcount.refs, 2)).toBe(ref);
  });

  test("a release function that may block would never run: a fault", () => {
    const ref = new k.kref();
    k.kref_init(ref);
    expect(() => k.kref_put(ref, function* (): Coroutine {})).toThrow("may block");
  });

  test("refcount_t", () => {
    const r = new k.refcount_t();
    expect(k.refcount_inc_not_zero(r)).toBe(false);
    k.refcount_set(r, 1);
    k.refcount_inc(r);
    k.refcount_dec(r);
    expect([k.refcount_inc_not_zero(r), k.refcount_read(r), k.refcount_dec_and_test(r)]).toEqual([true, 2, false]);
    expect(() => k.refcount_dec(r)).toThrow("last reference");
    k.refcount_set(r, 3);
    expect([k.refcount_sub_and_test(2, r), k.refcount_dec_and_test(r)]).toEqual([false, true]);
    expect(() => k.refcount_inc(r)).toThrow("count is 0");
  });
});

test("bits of a member, a variable and an array of longs", () => {
  const object = { flags: 0 as Int64 };
  const longs: Int64[] = [0, 0];
  for (const place of [new FieldPointer(object, "flags"), new Ref<Int64>(0), new ElementPointer(longs)]) {
    k.set_bit(0, place);
    k.set_bit(40, place);
    k.set_bit(63, place);
    expect([k.test_bit(40, place), k.test_bit(41, place), k.test_bit(63, place)]).toEqual([true, false, true]);
    k.clear_bit(63, place);
    expect(place.value).toBe(2 ** 40 + 1);
    expect([k.test_and_set_bit(1, place), k.test_and_set_bit(1, place)]).toEqual([false, true]);
    expect([k.test_and_clear_bit(1, place), k.test_and_clear_bit(1, place)]).toEqual([true, false]);
  }
  k.set_bit(66, new ElementPointer(longs));
  expect(longs).toEqual([2 ** 40 + 1, 4]);
  expect(() => k.set_bit(66, new FieldPointer(object, "flags"))).toThrow("no array");
});

function setUp() {
  const kernel = new Simulation({ hz: 250, timers: "exact" });
  const socket = new Socket(kernel);
  const msg = new k.msghdr();
  const buffer = new Uint8Array(12).fill(0xee);
  const vecs = structArray(2, () => new k.kvec());
  const [first, second] = vecs as [k.kvec, k.kvec];
  Object.assign(first, { iov_base: new BytePointer(buffer, 1), iov_len: 3 });
  Object.assign(second, { iov_base: new BytePointer(buffer, 6, 4), iov_len: 5 });
  const results: number[] = [];
  const receive = (body: () => Coroutine<number>): void => {
    kthread_run(kernel, "cifsd", function* () {
      results.push(yield* body());
    });
    kernel.run();
  };
  const come = (bytes: number, payload: unknown = null): void => arriveAt(socket, kernel.clock.tick, bytes, payload);
  return { kernel, socket, msg, buffer, vecs, first, second, results, receive, come };
}

const E = 0xee;

describe("receiving into memory", () => {
  test("kernel_recvmsg fills the kvecs in their order, from payloads in theirs", () => {
    const { socket, msg, buffer, first, results, receive, come } = setUp();
    come(4, new Uint8Array([1, 2, 3, 4]));
    come(9, new Uint8Array([5, 6, 7, 8, 9, 10, 11, 12, 13]));
    receive(() => k.receive_kernel_recvmsg(socket, msg, first, 2, 8, MSG_WAITALL));
    expect(results).toEqual([8]);
    expect([...buffer]).toEqual([E, 1, 2, 3, E, E, 4, 5, 6, 7, 8, E]);
    // What is left of the second chunk comes from its middle.
    receive(() => k.receive_kernel_recvmsg(socket, msg, first, 1, 2, 0));
    expect([...buffer.subarray(0, 4)]).toEqual([E, 9, 10, 3]);
    expect([socket.bytesQueued, k.msg_data_left(msg)]).toEqual([3, 0]);
  });

  test("sock_recvmsg goes on where msg_iter stands", () => {
    const { socket, msg, buffer, first, results, receive, come } = setUp();
    k.iov_iter_kvec(msg.msg_iter, 0, first, 2, 8);
    come(2, new Uint8Array([1, 2]));
    receive(() => k.receive_sock_recvmsg(socket, msg, 0));
    expect([k.msg_data_left(msg), k.iov_iter_count(msg.msg_iter)]).toEqual([6, 6]);
    come(4, new Uint8Array([3, 4, 5, 6]));
    receive(() => k.receive_sock_recvmsg_size(socket, msg, 3, 0));
    expect([...buffer]).toEqual([E, 1, 2, 3, E, E, 4, 5, E, E, E, E]);
    receive(() => k.receive_sock_recvmsg(socket, msg, 0));
    expect([buffer[8], results]).toEqual([6, [2, 3, 1]]);
    receive(() => k.receive_sock_recvmsg(socket, msg, MSG_DONTWAIT));
    expect([results[3], k.msg_data_left(msg)]).toEqual([-EAGAIN, 2]);
  });

  test("payloads without bytes, and what a payload is too short for, are zeros", () => {
    const { socket, msg, buffer, first, receive, come } = setUp();
    come(2, "no bytes");
    come(4, new Uint8Array([7]));
    receive(() => k.receive_kernel_recvmsg(socket, msg, first, 2, 6, MSG_WAITALL));
    expect([...buffer]).toEqual([E, 0, 0, 7, E, E, 0, 0, 0, E, E, E]);
  });

  test("a lone kvec, discarding, advancing", () => {
    const { socket, msg, buffer, first, second, results, receive, come } = setUp();
    const lone = new k.kvec();
    Object.assign(lone, { iov_base: first.iov_base, iov_len: 2 });
    come(
      20,
      Uint8Array.from({ length: 20 }, (_, i) => i),
    );
    receive(() => k.receive_kernel_recvmsg(socket, msg, lone, 1, 2, 0));
    k.iov_iter_discard(msg.msg_iter, 0, 5);
    receive(() => k.receive_sock_recvmsg(socket, msg, 0));
    expect([results, k.msg_data_left(msg), buffer[1], buffer[2], buffer[3]]).toEqual([[2, 5], 0, 0, 1, E]);
    k.iov_iter_kvec(msg.msg_iter, 0, first, 2, 8);
    k.iov_iter_advance(msg.msg_iter, 4);
    k.iov_iter_truncate(msg.msg_iter, 2);
    receive(() => k.receive_sock_recvmsg(socket, msg, 0));
    expect([...buffer.subarray(6, 10), results[2]]).toEqual([E, 7, 8, E, 2]);
    expect([msg.msg_iter.kvec === second, k.msg_data_left(msg)]).toEqual([true, 0]);
  });

  test("more than the kvecs hold, and memory that is not there, are faults", () => {
    const over = setUp();
    over.come(20);
    const { socket, msg, first } = over;
    expect(() => over.receive(() => k.receive_kernel_recvmsg(socket, msg, first, 2, 9, 0))).toThrow("more bytes than");
    const outside = setUp();
    outside.come(20);
    outside.first.iov_len = 12;
    const wide = () => k.receive_kernel_recvmsg(outside.socket, outside.msg, outside.first, 1, 12, 0);
    expect(() => outside.receive(wide)).toThrow("of 12 bytes");
    const none = setUp();
    none.come(1);
    none.first.iov_base = NULL;
    const nowhere = () => k.receive_kernel_recvmsg(none.socket, none.msg, none.first, 1, 1, 0);
    expect(() => none.receive(nowhere)).toThrow("does not point to bytes");
  });

  test("a msghdr can be cleared as C does", () => {
    const { msg, first } = setUp();
    msg.msg_flags = 3;
    k.iov_iter_kvec(msg.msg_iter, 1, first, 2, 8);
    memset(msg, 0, 96);
    expect([msg.msg_flags, k.msg_data_left(msg), msg.msg_iter.kvec, first.iov_len]).toEqual([0, 0, null, 3]);
  });
});

test("a socket is its own sock", () => {
  const { socket } = setUp();
  socket.sk.sk_rcvtimeo = 5;
  socket.sk.sk_sndtimeo = 6;
  expect([socket.sk === socket, socket.sk_rcvtimeo, socket.sk_sndtimeo, socket.state]).toEqual([true, 5, 6, 3]);
});

test("the names of an address share a place", () => {
  const address = new k.SocketAddress();
  address.sin6_family = 10;
  address.sin6_port = 0xbd01;
  expect([address.sa_family, address.ss_family, address.sin_family, address.sin_port]).toEqual([10, 10, 10, 0xbd01]);
  memset(address, 0, 128);
  expect([address.ss_family, address.sin6_port, address instanceof Struct]).toEqual([0, 0, true]);
});
