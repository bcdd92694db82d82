import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromBigInt, type Int64 } from "../../tools/simulator/integers.ts";
import * as p from "../../tools/simulator/pointers.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe("pointers to variables and members", () => {
  test("of a member that the object does not have is a fault: it is a struct of another kind", () => {
    class Other {
      readonly tk_flags: number | undefined = 1;
    }
    const runstate = new p.FieldPointer(new Other() as { tk_runstate?: number }, "tk_runstate");
    expect(() => runstate.value).toThrow("tk_runstate of a Other, which has no such member");
    expect(() => runstate.at(0)).toThrow("tk_runstate");
  });

  test("read and write what they name, and nothing beside it", () => {
    const x = new p.Ref(5);
    x.value = 6;
    x.setAt(0, x.at(0) + 1);
    expect([x.value, x.plus(0)]).toEqual([7, x]);
    const server = { lstrp: 3 as Int64, name: "a" };
    const lstrp: p.Pointer<Int64> = new p.FieldPointer(server, "lstrp");
    lstrp.value = 2n ** 60n;
    lstrp.setAt(0, lstrp.at(0));
    expect([server.lstrp, lstrp.value]).toEqual([2n ** 60n, 2n ** 60n]);
    for (const pointer of [x, lstrp]) {
      expect(() => pointer.at(1)).toThrow("no array");
      expect(() => pointer.setAt(-1, 1)).toThrow("no array");
      expect(() => pointer.plus(1)).toThrow("no array");
    }
  });

  test("NULL can be compared with, and does not narrow what it is compared with", () => {
    const find = (there: boolean): p.Ref<number> => (there ? new p.Ref(1) : p.NULL);
    let found = find(false);
    if (found === p.NULL) found = find(true);
    expect(found.value).toBe(1);
  });
});

describe("pointers into arrays", () => {
  test("index, move and measure; outside they may lie, not look", () => {
    const array = [10, 20, 30];
    const second = new p.ElementPointer(array, 1);
    const end = second.plus(2);
    expect([second.value, second.at(-1), second.at(1), end.minus(second), second.minus(end)]).toEqual([
      20, 10, 30, 2, -2,
    ]);
    second.value = 21;
    second.setAt(1, 31);
    expect(array).toEqual([10, 21, 31]);
    expect(() => end.value).toThrow("element 3 of an array of 3");
    expect(() => second.at(-2)).toThrow("element -1");
    expect(() => end.setAt(0, 1)).toThrow("element 3");
    expect(() => second.at(2n ** 62n)).toThrow("array of 3");
    expect(() => second.minus(new p.ElementPointer([1]))).toThrow("two arrays");
  });

  test("elementAt and setElementAt", () => {
    const array = [1, 2];
    p.setElementAt(array, 1, 5);
    expect(p.elementAt(array, 1)).toBe(5);
    for (const index of [-1, 2, 0.5, Number.NaN]) expect(() => p.elementAt(array, index)).toThrow("array of 2");
    expect(() => p.setElementAt(array, 2, 1)).toThrow("element 2");
  });
});

describe("bytes", () => {
  test("load and store as a DataView does, for every width and sign", () => {
    const widths = fc.constantFrom<p.Width>(1, 2, 4, 8);
    const value = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(widths, fc.boolean(), fc.nat(8), value, (width, signed, offset, big) => {
        const pointer = new p.BytePointer(new Uint8Array(16), offset, width, signed);
        pointer.value = fromBigInt(big);
        const view = new DataView(pointer.bytes.buffer);
        const expected = {
          1: () => (signed ? view.getInt8(offset) : view.getUint8(offset)),
          2: () => (signed ? view.getInt16(offset, true) : view.getUint16(offset, true)),
          4: () => (signed ? view.getInt32(offset, true) : view.getUint32(offset, true)),
          8: () => fromBigInt(view.getBigInt64(offset, true)),
        }[width]();
        expect(pointer.value).toBe(expected);
        expect(BigInt.asUintN(8 * width, BigInt(pointer.value))).toBe(BigInt.asUintN(8 * width, big));
        // Nothing beside it was written.
        expect(pointer.bytes.filter((byte, at) => byte !== 0 && (at < offset || at >= offset + width))).toHaveLength(0);
      }),
    );
  });

  test("the 64-bit values at the edge of the safe integers", () => {
    for (const big of [2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n) + 1n, -(2n ** 53n), -1n, -(2n ** 63n)]) {
      const pointer = new p.BytePointer(new Uint8Array(8), 0, 8);
      pointer.value = fromBigInt(big);
      expect(pointer.value).toBe(fromBigInt(big));
      expect(BigInt(p.swab64(p.swab64(pointer.value)))).toBe(big);
    }
  });

  test("move by their width, are cast, measured and compared", () => {
    const buffer = bytes(1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff);
    const words = new p.BytePointer(buffer, 0, 4);
    expect([words.at(0), words.at(1), words.plus(1).value]).toEqual([0x04030201, 0xffffffff, 0xffffffff]);
    expect(words.plus(1).as(4, true).value).toBe(-1);
    expect(words.plus(1).as(2, false).at(-1)).toBe(0x0403);
    expect([words.plus(2).minus(words), words.as(1, false).plus(3).minus(words)]).toEqual([2, 3]);
    expect(() => words.minus(new p.BytePointer(bytes(1)))).toThrow("two buffers");
  });

  test("outside the memory is a fault", () => {
    const pointer = new p.BytePointer(new Uint8Array(6), 3, 4);
    for (const at of [0, 1, -1]) {
      expect(() => pointer.at(at)).toThrow("of 6 bytes of memory");
      expect(() => pointer.setAt(at, 1)).toThrow("of 6 bytes of memory");
    }
    expect(() => pointer.as(8, false).plus(-1).value).toThrow("of 6 bytes of memory");
    expect(() => new p.BytePointer(new Uint8Array(4), 0.5).value).toThrow("0.5");
    expect(pointer.bytes.every((byte) => byte === 0)).toBe(true);
  });

  test("samePointer compares places, not the objects that name them", () => {
    const [buffer, array, object] = [bytes(1, 2), [1, 2], { a: 1, b: 2 }];
    const places = (): unknown[] => [
      null,
      object,
      new p.BytePointer(buffer),
      new p.BytePointer(buffer, 1),
      new p.BytePointer(bytes(1, 2)),
      new p.ElementPointer(array, 0),
      new p.ElementPointer(array, 1),
      new p.FieldPointer(object, "a"),
      new p.FieldPointer(object, "b"),
    ];
    const again = places();
    for (const [i, a] of places().entries()) {
      // The fifth is new memory each time.
      if (i === 4) continue;
      for (const [j, b] of again.entries()) expect([i, j, p.samePointer(a, b)]).toEqual([i, j, i === j]);
    }
    expect(p.samePointer(new p.BytePointer(buffer), new p.BytePointer(buffer, 0, 4, true))).toBe(true);
  });
});

describe("strings and packed structs", () => {
  test("cstring and textOf", () => {
    const text = p.cstring("né");
    expect([...text.bytes]).toEqual([0x6e, 0xe9, 0]);
    expect(text.at(1)).toBe(0xe9 - 256);
    expect([p.textOf(text), p.textOf(text.plus(1)), p.textOf(null), p.textOf(p.cstring("abc"), 2)]).toEqual([
      "né",
      "é",
      "(null)",
      "ab",
    ]);
    expect(p.textOf(new p.BytePointer(bytes(0x61)))).toBe("a");
    expect(() => p.cstring("€")).toThrow("Latin-1");
  });

  test("members at their offsets", () => {
    const header = new p.BytePointer(new Uint8Array(16), 2);
    const status = new p.WireField(0, 4);
    const credits = new p.WireField(4, 2, true);
    const mid = new p.WireField64(6);
    status.set(header, 0xc0000001);
    credits.set(header, -2);
    mid.set(header, -1);
    expect([status.get(header), credits.get(header), mid.get(header)]).toEqual([0xc0000001, -2, -1]);
    expect([...header.bytes]).toEqual([0, 0, 1, 0, 0, 0xc0, 0xfe, 0xff, ...Array(8).fill(0xff)]);
    expect([credits.pointer(header).value, mid.pointer(header).value, credits.pointer(header).offset]).toEqual([
      -2, -1, 6,
    ]);
    expect(() => mid.get(header.plus(1))).toThrow("memory");
  });
});

describe("byte order", () => {
  test("swapped and straight", () => {
    expect([p.htons(0x1234), p.be16_to_cpu(0x3412), p.cpu_to_le16(0x51234)]).toEqual([0x3412, 0x1234, 0x1234]);
    expect([p.htonl(0x12345678), p.ntohl(0x78563412), p.swab32(0x80)]).toEqual([0x78563412, 0x12345678, 0x80000000]);
    expect([p.swab64(1), p.swab64(0x80), p.swab64(-1)]).toEqual([2n ** 56n, -(2n ** 63n), -1]);
    expect([p.cpu_to_le64(2n ** 60n), p.le32_to_cpu(-1)]).toEqual([2n ** 60n, 0xffffffff]);
  });

  test("unaligned access, whatever the width of the pointer", () => {
    const at = new p.BytePointer(new Uint8Array(11), 3, 4, true);
    p.put_unaligned_be32(0x01020304, at);
    expect([p.get_unaligned_be32(at), p.get_unaligned_le32(at), p.get_unaligned_be16(at)]).toEqual([
      0x01020304, 0x04030201, 0x0102,
    ]);
    p.put_unaligned_le64(0x0807060504030201n, at);
    expect([...at.bytes]).toEqual([0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(p.get_unaligned_be64(at)).toBe(0x0102030405060708n);
    p.put_unaligned_be64(0x0102030405060708n, at);
    p.put_unaligned_le16(0xaabb, at);
    expect([...at.bytes.subarray(3, 6)]).toEqual([0xbb, 0xaa, 3]);
    expect(() => p.get_unaligned_le16(null)).toThrow("NULL");
    expect(() => p.put_unaligned_le32(1, {})).toThrow("no buffer");
  });
});
