import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StateTable } from "../../tools/check/state-table.ts";

const half = fc.oneof(
  fc.integer(),
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: 0, max: 50 }).map((n) => n << 20),
);
const entry = fc.tuple(half, half, fc.nat(2 ** 31 - 2));

describe("the table of states", () => {
  test("is a map from hashes to numbers", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 400 }), (entries) => {
        const table = new StateTable(1000);
        const expected = new Map<string, number>();
        for (const [h1, h2, value] of entries) {
          expect(table.get(h1, h2)).toBe(expected.get(`${h1} ${h2}`) ?? -1);
          expect(table.set(h1, h2, value)).toBe(true);
          expected.set(`${h1} ${h2}`, value);
          expect(table.get(h1, h2)).toBe(value);
        }
        expect([table.size, table.isFull]).toEqual([expected.size, false]);
        for (const [h1, h2] of entries) expect(table.get(h1, h2)).toBe(expected.get(`${h1} ${h2}`));
      }),
    );
  });

  test("grows, and keeps what it has", () => {
    const table = new StateTable(100_000);
    for (let i = 0; i < 50_000; i++) table.set(Math.imul(i, 0x9e3779b1), i, i % 7);
    expect(table.size).toBe(50_000);
    for (let i = 0; i < 50_000; i++) expect(table.get(Math.imul(i, 0x9e3779b1), i)).toBe(i % 7);
    expect(table.get(1, -1)).toBe(-1);
  });

  test("turns states away when it is full, and says so", () => {
    const table = new StateTable(3);
    for (let i = 0; i < 3; i++) expect(table.set(i, i, 0)).toBe(true);
    expect(table.isFull).toBe(false);
    expect(table.set(3, 3, 0)).toBe(false);
    expect([table.isFull, table.size, table.get(3, 3)]).toEqual([true, 3, -1]);
    // One that is there may still change.
    expect(table.set(1, 1, 9)).toBe(true);
    expect(table.get(1, 1)).toBe(9);
    table.clear();
    expect([table.isFull, table.size, table.get(1, 1)]).toEqual([false, 0, -1]);
  });
});
