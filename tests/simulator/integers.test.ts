import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SimulationFault } from "../../tools/simulator/fault.ts";
import * as i from "../../tools/simulator/integers.ts";
import * as w from "../../tools/simulator/integers32.ts";

type Int64 = i.Int64;

const asS = (value: bigint): bigint => BigInt.asIntN(64, value);
const asU = (value: bigint): bigint => BigInt.asUintN(64, value);

/** 64-bit values with weight on the borders of the two forms and of the type. */
const int64 = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
    fc.bigInt({ min: -300n, max: 300n }),
    fc
      .tuple(fc.constantFrom(31n, 32n, 33n, 52n, 53n, 62n, 63n), fc.bigInt({ min: -3n, max: 3n }), fc.boolean())
      .map(([bit, near, negative]) => asS((negative ? -(2n ** bit) : 2n ** bit) + near)),
  )
  .map(i.fromBigInt);

/** Equal, canonical and not -0. */
function same(actual: Int64, expected: bigint): void {
  expect(BigInt(actual)).toBe(asS(expected));
  expect(Number.isSafeInteger(Number(asS(expected))) ? typeof actual : "bigint").toBe(typeof actual);
  expect(Object.is(actual, -0)).toBe(false);
}

const binary: Record<string, [(a: Int64, b: Int64) => Int64, (a: bigint, b: bigint) => bigint]> = {
  add64: [i.add64, (a, b) => a + b],
  sub64: [i.sub64, (a, b) => a - b],
  mul64: [i.mul64, (a, b) => a * b],
  and64: [i.and64, (a, b) => a & b],
  or64: [i.or64, (a, b) => a | b],
  xor64: [i.xor64, (a, b) => a ^ b],
  "divU64 (b forced odd)": [(a, b) => i.divU64(a, i.or64(b, 1)), (a, b) => asU(a) / asU(b | 1n)],
  "modU64 (b forced odd)": [(a, b) => i.modU64(a, i.or64(b, 1)), (a, b) => asU(a) % asU(b | 1n)],
  "modS64 (b forced odd)": [(a, b) => i.modS64(a, i.or64(b, 1)), (a, b) => a % (b | 1n)],
};

describe("64-bit arithmetic agrees with BigInt mod 2^64", () => {
  for (const [name, [actual, reference]] of Object.entries(binary)) {
    test(name, () => {
      fc.assert(
        fc.property(int64, int64, (a, b) => same(actual(a, b), reference(BigInt(a), BigInt(b)))),
        { numRuns: 2000 },
      );
    });
  }

  test("divS64 truncates towards zero", () => {
    fc.assert(
      fc.property(int64, int64, (a, b) => {
        fc.pre(b !== 0 && !(BigInt(a) === -(2n ** 63n) && b === -1));
        same(i.divS64(a, b), BigInt(a) / BigInt(b));
      }),
      { numRuns: 2000 },
    );
    expect(i.divS64(-7, 2)).toBe(-3);
    expect(i.modS64(-7, 2)).toBe(-1);
    // The greatest safe dividend, just below a multiple: a rounded quotient would be one too large.
    for (const divisor of [2, 3, 5, 4095, 4096, 2 ** 26, 2 ** 27 - 1]) {
      same(i.divS64(Number.MAX_SAFE_INTEGER, divisor), BigInt(Number.MAX_SAFE_INTEGER) / BigInt(divisor));
    }
  });

  test("shifts, negation, complement, comparisons", () => {
    fc.assert(
      fc.property(int64, int64, fc.integer({ min: 0, max: 63 }), (a, b, n) => {
        same(i.shl64(a, n), BigInt(a) << BigInt(n));
        same(i.shrS64(a, n), BigInt(a) >> BigInt(n));
        same(i.shrU64(a, n), asU(BigInt(a)) >> BigInt(n));
        same(i.neg64(a), -BigInt(a));
        same(i.not64(a), ~BigInt(a));
        expect(i.ltU64(a, b)).toBe(asU(BigInt(a)) < asU(BigInt(b)));
        expect(i.leU64(a, b)).toBe(asU(BigInt(a)) <= asU(BigInt(b)));
        expect(i.ltS64(a, b)).toBe(BigInt(a) < BigInt(b));
        expect(i.leS64(a, b)).toBe(BigInt(a) <= BigInt(b));
        expect(i.eq64(a, b)).toBe(BigInt(a) === BigInt(b));
      }),
      { numRuns: 3000 },
    );
  });

  test("unsigned long -1 is the number -1 and the greatest value", () => {
    expect(i.sub64(0, 1)).toBe(-1);
    expect(i.fromBigInt(2n ** 64n - 1n)).toBe(-1);
    expect(i.ltU64(5, -1)).toBe(true);
    expect(i.ltS64(5, -1)).toBe(false);
    expect(i.toUnsignedBigInt(-1)).toBe(2n ** 64n - 1n);
    expect(i.add64(-1, 1)).toBe(0);
  });

  test("what C leaves undefined is a fault", () => {
    expect(() => i.divU64(1, 0)).toThrow(SimulationFault);
    expect(() => i.modS64(1, 0)).toThrow(SimulationFault);
    expect(() => i.shl64(1, 64)).toThrow(SimulationFault);
    expect(() => i.shrS64(1, -1)).toThrow(SimulationFault);
    expect(() => i.shrU64(1, 2n ** 60n)).toThrow(SimulationFault);
    expect(() => i.divS64(-(2n ** 63n), -1)).toThrow(SimulationFault);
  });
});

test("conversions are the casts of C", () => {
  fc.assert(
    fc.property(int64, (a) => {
      const big = BigInt(a);
      expect(BigInt(i.toS32(a))).toBe(BigInt.asIntN(32, big));
      expect(BigInt(i.toU32(a))).toBe(BigInt.asUintN(32, big));
      expect(BigInt(i.toS16(a))).toBe(BigInt.asIntN(16, big));
      expect(BigInt(i.toU16(a))).toBe(BigInt.asUintN(16, big));
      expect(BigInt(i.toS8(a))).toBe(BigInt.asIntN(8, big));
      expect(BigInt(i.toU8(a))).toBe(BigInt.asUintN(8, big));
      expect(i.toBool(a)).toBe(big === 0n ? 0 : 1);
      same(i.toS64(a), big);
      same(i.toU64(a), big);
    }),
    { numRuns: 2000 },
  );
});

describe("32-bit arithmetic", () => {
  const s32 = fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), -1, 0, 1, 2 ** 31 - 1));
  const u32 = s32.map((value) => value >>> 0);

  test("agrees with BigInt mod 2^32", () => {
    fc.assert(
      fc.property(s32, s32, u32, u32, fc.integer({ min: 0, max: 31 }), (a, b, c, d, n) => {
        expect(BigInt(w.mulS32(a, b))).toBe(BigInt.asIntN(32, BigInt(a) * BigInt(b)));
        expect(BigInt(w.mulU32(c, d))).toBe(BigInt.asUintN(32, BigInt(c) * BigInt(d)));
        expect(BigInt(w.shlS32(a, n))).toBe(BigInt.asIntN(32, BigInt(a) << BigInt(n)));
        expect(BigInt(w.shlU32(c, n))).toBe(BigInt.asUintN(32, BigInt(c) << BigInt(n)));
        expect(BigInt(w.shrS32(a, n))).toBe(BigInt(a) >> BigInt(n));
        expect(BigInt(w.shrU32(c, n))).toBe(BigInt(c) >> BigInt(n));
        fc.pre(b !== 0 && d !== 0 && !(a === -(2 ** 31) && b === -1));
        expect(BigInt(w.divS32(a, b))).toBe(BigInt(a) / BigInt(b));
        expect(BigInt(w.divU32(c, d))).toBe(BigInt(c) / BigInt(d));
        expect(BigInt(w.modS32(a, b))).toBe(BigInt(a) % BigInt(b));
        expect(BigInt(w.modU32(c, d))).toBe(BigInt(c) % BigInt(d));
      }),
      { numRuns: 2000 },
    );
  });

  test("what C leaves undefined is a fault", () => {
    expect(() => w.divS32(1, 0)).toThrow(SimulationFault);
    expect(() => w.divS32(-(2 ** 31), -1)).toThrow(SimulationFault);
    expect(() => w.shlS32(1, 32)).toThrow(SimulationFault);
    expect(() => w.shrU32(1, -1)).toThrow(SimulationFault);
  });
});
