import { describe, expect, test } from "vitest";
import { Completion } from "../../tools/simulator/completion.ts";
import type { Int64 } from "../../tools/simulator/integers.ts";
import { LIST_POISON1, ListHead, list_add, list_del } from "../../tools/simulator/lists.ts";
import { PhaseDependent, PhaseRecorder, phaseTicks, withPhase } from "../../tools/simulator/phase.ts";
import { BytePointer, cstring, ElementPointer, FieldPointer, NULL, Ref } from "../../tools/simulator/pointers.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import * as s from "../../tools/simulator/structs.ts";
import { DelayedWork, WorkStruct } from "../../tools/simulator/workqueue.ts";

const kernel = new Simulation({ hz: 250 });

class Inner extends s.Struct {
  static readonly bytes = 16;
  count: Int64 = 1;
  big: Int64 = 2n ** 60n;
}

class Outer extends s.Struct {
  lstrp: Int64 = 7;
  isSet = true;
  readonly inner = new Inner(this);
  other: Inner = NULL;
  readonly cells = s.structArray(2, () => new Inner());
  readonly numbers = [1, 2, 3];
  readonly name = new Uint8Array([1, 2]);
  func: (() => void) | null = () => {};
}

class Item extends s.Struct {
  readonly list = new ListHead(this);
  next: Inner = NULL;

  constructor() {
    super();
    list_add(this.list, new ListHead());
  }
}

class Server extends s.Struct {
  readonly echo = new DelayedWork(kernel, "echo", this);
  readonly work = new WorkStruct(kernel, "work", this);
  readonly list = new ListHead(this);
  readonly outer = new Outer(this);
  lstrp: Int64 = 0;
}

describe("container_of", () => {
  const server = new Server();

  test("goes up from members of every kind", () => {
    expect(s.container_of(server.echo.work, 1)).toBe(server.echo);
    expect(s.container_of(server.echo.timer, 1)).toBe(server.echo);
    expect(s.container_of(server.outer.inner, 1)).toBe(server.outer);
    expect(s.container_of(server.list, 0)).toBe(server.list);
    const found = [server.echo.work, server.echo.timer, server.outer.inner].map((one) => s.container_of(one, 2));
    const direct = [server.echo, server.work, server.list, new FieldPointer(server, "lstrp")];
    for (const one of [...found, ...direct.map((pointer) => s.container_of(pointer, 1))]) expect(one).toBe(server);
  });

  test("NULL and what stands in nothing are faults", () => {
    expect(() => s.container_of(null, 1)).toThrow("container_of(NULL)");
    expect(() => s.container_of(null, 0)).toThrow("container_of(NULL)");
    expect(() => s.container_of(server, 1)).toThrow("a Server that stands in no 1");
    expect(() => s.container_of(server.list, 2)).toThrow("a ListHead that stands in no 2");
    expect(() => s.container_of(new Completion(kernel), 1)).toThrow("Completion");
  });
});

describe("arrays of structs", () => {
  const array = s.structArray(3, (index) => {
    const inner = new Inner();
    inner.count = index;
    return inner;
  });
  const [first, , third] = array as [Inner, Inner, Inner];

  test("pointers move and are measured", () => {
    expect([s.structPlus(first, 2), s.structPlus(third, -2), s.structPlus(third, 0)]).toEqual([third, first, third]);
    expect([s.structMinus(third, first), s.structMinus(first, third)]).toEqual([2, -2]);
    expect(() => s.structPlus(first, 4)).toThrow("element 4 of an array of 3");
    expect(() => s.structPlus(first, -2)).toThrow("element -2");
    const lone = new Inner();
    expect(s.structPlus(lone, 0)).toBe(lone);
    expect(s.structMinus(lone, lone)).toBe(0);
    expect(() => s.structPlus(lone, 1)).toThrow("in no array");
    expect(() => s.structMinus(lone, first)).toThrow("share no array");
  });

  test("one past the end is there, is always the same, and must not be used", () => {
    const end = s.structPlus(third, 1);
    expect(s.structPlus(first, 3) === end).toBe(true);
    expect(s.structMinus(end, first)).toBe(3);
    expect(s.structPlus(end, -1)).toBe(third);
    expect(() => end.count).toThrow("behind the last");
    expect(() => s.structPlus(first, -1).count).toThrow("before the first");
    expect(() => {
      end.count = 1;
    }).toThrow("behind the last");
    let sum = 0;
    for (let at = first; at !== end; at = s.structPlus(at, 1)) sum += Number(at.count);
    expect(sum).toBe(3);
  });
});

describe("memset", () => {
  test("of a struct that points to a list's poison, or to the end of an array, which are parts of nothing", () => {
    const item = new Item();
    list_del(item.list);
    const array = s.structArray(1, () => new Inner());
    item.next = s.structPlus(array[0] as Inner, 1);
    s.memset(item, 0, 16);
    expect([item.list.next, item.next]).toEqual([null, null]);
    expect(() => s.container_of(LIST_POISON1, 1)).toThrow("LIST_POISON1");
  });

  test("of bytes takes any value, within the memory", () => {
    const buffer = new Uint8Array(4);
    expect(s.memset(new BytePointer(buffer, 1), 0x1ff, 2)).toBeInstanceOf(BytePointer);
    expect([...buffer]).toEqual([0, 0xff, 0xff, 0]);
    s.memset(buffer, 1, 4);
    expect([...buffer]).toEqual([1, 1, 1, 1]);
    expect(() => s.memset(new BytePointer(buffer, 1), 0, 4)).toThrow("4 bytes at offset 1 of 4");
    expect(() => s.memset(null, 0, 4)).toThrow("NULL");
  });

  test("of a struct clears members, embedded structs and arrays; pointers become NULL, what they named stays", () => {
    const outer = new Outer();
    const other = new Inner();
    outer.other = other;
    s.memset(outer, 0, 200);
    expect([outer.lstrp, outer.isSet, outer.other, outer.func]).toEqual([0, false, null, null]);
    expect([outer.numbers, [...outer.name]]).toEqual([
      [0, 0, 0],
      [0, 0],
    ]);
    expect([outer.inner, ...outer.cells].map((one) => [one.count, one.big])).toEqual(Array(3).fill([0, 0]));
    expect([outer.inner.embedder, outer.cells[1]?.cell?.index, other.count]).toEqual([outer, 1, 1]);
  });

  test("of an array of structs clears as many as the bytes hold", () => {
    const array = s.structArray(3, () => new Inner());
    s.memset(array, 0, 32);
    expect(array.map((one) => one.count)).toEqual([0, 0, 1]);
    expect(() => s.memset(array, 0, 24)).toThrow("part of a struct");
    expect(() => s.memset(array, 0, 80)).toThrow("element 4");
  });

  test("of scalars and pointers needs the size of an element", () => {
    const numbers: unknown[] = [5, 2n ** 60n, true, new Inner()];
    s.memset(new ElementPointer(numbers, 1), 0, 24, 8);
    expect(numbers).toEqual([5, 0, false, null]);
    expect(() => s.memset(numbers, 0, 16)).toThrow("no known size");
    expect(() => s.memset(numbers, 0, 12, 8)).toThrow("elements have 8");
    expect(() => s.memset(numbers, 0, 40, 8)).toThrow("5 elements");
  });

  test("of what cannot be torn apart is a fault", () => {
    expect(() => s.memset(new Server(), 0, 100)).toThrow("Server.echo, a DelayedWork");
    expect(() => s.memset(new Inner(), 1, 16)).toThrow("to 1");
    expect(() => s.memset(new Inner(), 0, 8)).toThrow("part of a struct");
    const outer = new Outer();
    outer.other = outer.inner;
    expect(() => s.memset(outer, 0, 200)).toThrow("points into itself");
  });
});

describe("memcpy and memmove", () => {
  test("bytes; memcpy must not overlap", () => {
    const buffer = new Uint8Array([1, 2, 3, 4, 5]);
    const at = (offset: number): BytePointer => new BytePointer(buffer, offset);
    s.memcpy(at(3), at(0), 2);
    expect([...buffer]).toEqual([1, 2, 3, 1, 2]);
    expect(() => s.memcpy(at(1), at(0), 2)).toThrow("overlap");
    s.memmove(at(1), at(0), 4);
    expect([...buffer]).toEqual([1, 1, 2, 3, 1]);
    expect(() => s.memmove(at(4), at(0), 2)).toThrow("memory");
    expect(() => s.memmove(null, at(0), 2)).toThrow("NULL");
  });

  test("struct to struct: contents of what is embedded, pointers as such, its place stays its own", () => {
    const [to, from] = [new Outer("here"), new Outer()];
    from.other = new Inner();
    from.inner.count = 5;
    s.memset(from.cells, 0, 32);
    from.numbers[1] = 9;
    from.name[0] = 8;
    expect(s.memcpy(to, from, 200)).toBe(to);
    expect([to.inner.count, to.cells[1]?.count, to.numbers, [...to.name]]).toEqual([5, 0, [1, 9, 3], [8, 2]]);
    expect([to.other === from.other, to.inner === from.inner, to.embedder]).toEqual([true, false, "here"]);
    from.inner.count = 6;
    from.numbers[1] = 10;
    expect([to.inner.count, to.numbers[1]]).toEqual([5, 9]);
    expect(() => s.memcpy(to, new Inner(), 16)).toThrow("copying a Inner onto a Outer");
    expect(() => s.copyStruct(new Server(), new Server())).toThrow("Server.echo");
  });

  test("structs within one array, in either direction", () => {
    for (const [to, from, expected] of [
      [1, 0, [0, 0, 1, 3]],
      [0, 1, [1, 2, 2, 3]],
    ] as const) {
      const array = s.structArray(4, () => new Inner());
      for (const [i, one] of array.entries()) one.count = i;
      s.memmove(array[to], array[from], 32);
      expect(array.map((one) => one.count)).toEqual(expected);
    }
  });

  test("elements of arrays", () => {
    const pointers = [new Inner(), new Inner()];
    const copy: Inner[] = [NULL, NULL];
    s.memcpy(copy, pointers, 16, 8);
    expect(copy[1]).toBe(pointers[1]);
    expect(() => s.memcpy(copy, pointers, 16)).toThrow("no known size");
    expect(() => s.memcpy(copy, new BytePointer(new Uint8Array(16)), 16, 8)).toThrow("copying 16 bytes of BytePointer");
  });
});

test("memcmp and strings", () => {
  const [abc, abd] = [cstring("abc"), cstring("abd")];
  expect([s.memcmp(abc, abd, 2), s.memcmp(abc, abd, 3), s.memcmp(abd, abc.bytes, 4)]).toEqual([0, -1, 1]);
  expect(() => s.memcmp(abc, abd, 5)).toThrow("memory");
  expect(() => s.memcmp(abc, new Inner(), 2)).toThrow("as bytes");
  expect([s.strlen(abc), s.strlen(abc.plus(3))]).toEqual([3, 0]);
  expect(() => s.strlen(new BytePointer(new Uint8Array([65])))).toThrow("element 1");
  expect([s.strcmp(abc, abc.plus(0)), s.strcmp(abc, abd), s.strcmp(abd, abc)]).toEqual([0, -1, 1]);
  // Characters compare as unsigned; a prefix comes first.
  expect([s.strcmp(cstring("é"), cstring("z")), s.strcmp(cstring("ab"), abc)]).toEqual([1, -1]);
  expect([s.strncmp(abc, abd, 2), s.strncmp(abc, abd, 3)]).toEqual([0, -1]);
  expect([s.strcasecmp(cstring("SrvÉ"), cstring("sRVé")), s.strcasecmp(cstring("×"), cstring("÷"))]).toEqual([0, -32]);
  expect([s.strncasecmp(cstring("ABx"), cstring("aby"), 2), s.strcasecmp(cstring("B"), cstring("a"))]).toEqual([0, 1]);
});

test("a tick that depends on the phase goes through members, and is never cut to bytes", () => {
  const shifting = phaseTicks(500);
  const over = (body: () => void): number => {
    const recorder = new PhaseRecorder();
    withPhase(recorder, body);
    return recorder.maxShift;
  };
  const [to, from] = [new Inner(), new Inner()];
  from.count = shifting;
  over(() => s.memcpy(to, from, 16));
  expect(to.count).toBe(shifting);
  for (const width of [1, 2, 4, 8] as const) {
    const pointer = new BytePointer(new Uint8Array(8), 0, width);
    expect(() => over(() => pointer.setAt(0, shifting))).toThrow(PhaseDependent);
  }
  expect(() => over(() => s.memset(new Uint8Array(4), shifting, 4))).toThrow(PhaseDependent);
  expect(() => over(() => s.memset(new Uint8Array(600), 0, shifting))).toThrow("600 bytes of memory");
  // Ten ticks later it would be equal: the comparison narrows the region.
  expect(over(() => expect(s.cmpxchg(new Ref<Int64>(shifting), 510, 1)).toBe(shifting))).toBe(9);
});

test("xchg and cmpxchg", () => {
  const x = new Ref<Int64>(1);
  expect([s.xchg(x, 2), s.cmpxchg(x, 1, 5), x.value, s.cmpxchg(x, 2, 5), x.value]).toEqual([1, 2, 2, 2, 5]);
  const [a, b] = [new Inner(), new Inner()];
  const y = new Ref(a);
  expect([s.cmpxchg(y, b, b) === a, y.value === a, s.cmpxchg(y, a, b) === a, y.value === b]).toEqual(
    Array(4).fill(true),
  );
});
