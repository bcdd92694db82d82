import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StateImage } from "../../tools/check/state-image.ts";
import type { Role } from "../../tools/check/state-visitors.ts";
import { SimulationFault } from "../../tools/simulator/fault.ts";
import { LIST_POISON1, LIST_POISON2, ListHead, list_add_tail, list_del } from "../../tools/simulator/lists.ts";
import { Struct } from "../../tools/simulator/structs.ts";

class Node {
  value: unknown = 0;
  left: Node | null = null;
  right: unknown = null;
  list: unknown[] = [];
  at: unknown = 100;
  skipped: unknown = 0;
  atom: unknown = null;
}

const ROLES: Readonly<Record<string, Role>> = { at: "time", skipped: "skip", atom: "atom" };
const ATOMS = [LIST_POISON1, LIST_POISON2];

function imageOf(root: object, clock = { now: 100 }, bytes: "reference" | "content" = "reference"): StateImage {
  const role = (_class: string, field: string): Role => ROLES[field] ?? "plain";
  return new StateImage({ roots: () => [root], now: () => clock.now, role, atoms: ATOMS, bytes });
}

function hashOf(image: StateImage): string {
  image.hash();
  return `${image.h1} ${image.h2}`;
}

/** Three nodes in a ring with a shared list. */
function ring(): Node[] {
  const nodes = [new Node(), new Node(), new Node()];
  const shared = [1, "two", null];
  nodes.forEach((node, i) => {
    node.left = nodes[(i + 1) % 3] ?? null;
    node.right = nodes[(i + 2) % 3];
    node.list = shared;
  });
  return nodes;
}

const VALUES: readonly unknown[] = [
  0,
  1,
  -1,
  2 ** 31,
  2 ** 32,
  -(2 ** 31),
  1.5,
  2.5,
  Number.MAX_SAFE_INTEGER,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1n,
  2n ** 63n,
  -(2n ** 63n),
  "",
  "1",
  "ab",
  "ba",
  true,
  false,
  null,
  undefined,
  function one() {},
  function two() {},
];

describe("the hash", () => {
  test("of each kind of value differs, in a field, in an array, alone or in the midst", () => {
    for (const place of ["right", "value", 0, 2] as const) {
      const [root] = ring() as [Node];
      const image = imageOf(root);
      const put = (value: unknown): void => {
        if (typeof place === "number") root.list[place] = value;
        else root[place] = value;
      };
      const hashes = VALUES.map((value) => {
        put(value);
        return hashOf(image);
      });
      expect(new Set(hashes).size).toBe(VALUES.length);
    }
  });

  test("changes in both halves with every small change, for many integers", () => {
    const [root] = ring() as [Node];
    const image = imageOf(root);
    const halves: Set<number>[] = [new Set(), new Set()];
    for (let i = 0; i < 2000; i++) {
      root.value = i;
      image.hash();
      halves[0]?.add(image.h1);
      halves[1]?.add(image.h2);
    }
    expect(halves.map((one) => one.size)).toEqual([2000, 2000]);
  });

  test("is that of the structure, not of the objects", () => {
    const [a] = ring() as [Node];
    const [b] = ring() as [Node];
    const image = imageOf(a);
    const other = imageOf(b);
    expect(hashOf(image)).toBe(hashOf(other));
    // Garbage and other walks in between do not matter.
    imageOf(ring()).hash();
    expect(hashOf(image)).toBe(hashOf(other));
    b.list = [...b.list];
    expect(hashOf(image)).not.toBe(hashOf(other));
  });

  test("tells references apart", () => {
    const [root, second, third] = ring() as [Node, Node, Node];
    const image = imageOf(root);
    const before = hashOf(image);
    root.left = third;
    root.right = second;
    expect(hashOf(image)).not.toBe(before);
    root.right = third;
    expect(hashOf(image)).not.toBe(before);
    root.right = root;
    expect(hashOf(image)).not.toBe(before);
  });

  test("counts the elements of arrays", () => {
    const root = { list: [0, 0] };
    const image = imageOf(root);
    const hashes = [2, 3, 0, 1].map((length) => {
      root.list = Array.from({ length }, () => 0);
      return hashOf(image);
    });
    expect(new Set(hashes).size).toBe(4);
  });

  test("tells classes and names of fields apart", () => {
    class Other {
      value = 0;
    }
    class Another {
      value = 0;
    }
    const hashes = [new Other(), new Another(), { value: 0 }, { valve: 0 }].map((it) => hashOf(imageOf({ it })));
    expect(new Set(hashes).size).toBe(4);
  });

  test("takes times from now on", () => {
    const [root] = ring() as [Node];
    const clock = { now: 2 ** 32 - 5 };
    root.at = 2 ** 32;
    const image = imageOf(root, clock);
    const before = hashOf(image);
    clock.now += 1000;
    expect(hashOf(image)).not.toBe(before);
    for (const node of [root, root.left, root.right] as Node[]) node.at = (node.at as number) + 1000;
    expect(hashOf(image)).toBe(before);
  });

  test("leaves out what is skipped, and does not follow it or atoms", () => {
    const [root] = ring() as [Node];
    const image = imageOf(root);
    const before = hashOf(image);
    root.skipped = new Map();
    expect(hashOf(image)).toBe(before);
    const [one, two] = [{ value: 1, map: new Map() }, { value: 1 }];
    root.atom = one;
    const withOne = hashOf(image);
    one.value = 2;
    expect(hashOf(image)).toBe(withOne);
    root.atom = two;
    expect(hashOf(image)).not.toBe(withOne);
    expect(hashOf(image)).not.toBe(before);
  });

  test("of bytes is asked for", () => {
    const root = { bytes: new Uint8Array(8) };
    const [plain, deep] = [imageOf(root), imageOf(root, { now: 0 }, "content")];
    const before = [hashOf(plain), hashOf(deep)];
    root.bytes[3] = 1;
    expect([hashOf(plain) === before[0], hashOf(deep) === before[1]]).toEqual([true, false]);
  });

  test("never reads the poison of lists", () => {
    const head = new ListHead();
    const entry = new ListHead(new Node());
    list_add_tail(entry, head);
    const image = imageOf({ head, entry });
    const before = hashOf(image);
    list_del(entry);
    expect(hashOf(image)).not.toBe(before);
    entry.next = LIST_POISON2;
    expect(hashOf(image)).not.toBe(before);
  });
});

describe("what cannot be looked into", () => {
  test.each([
    ["a map", new Map()],
    ["a set", new Set()],
    ["a coroutine", (function* () {})()],
    ["something frozen", Object.freeze({ a: 1 })],
    [
      "an accessor",
      {
        get a() {
          return 1;
        },
      },
    ],
  ])("%s is a fault, and what comes after it is right", (_name, value) => {
    const [root] = ring() as [Node];
    const image = imageOf(root);
    const before = hashOf(image);
    root.value = value;
    expect(() => image.hash()).toThrow(SimulationFault);
    expect(() => image.save()).toThrow(SimulationFault);
    root.value = 0;
    expect(hashOf(image)).toBe(before);
  });
});

describe("a saved state", () => {
  test("is put back into the same objects, any number of times", () => {
    const nodes = ring() as [Node, Node, Node];
    const [root, second] = nodes;
    const clock = { now: 100 };
    const image = imageOf(root, clock, "content");
    const bytes = new Uint8Array([1, 2, 3]);
    Object.assign(root, { atom: clock, skipped: bytes, value: bytes });
    const saved = image.hashAndSave();
    const before = `${image.h1} ${image.h2}`;
    for (let i = 0; i < 3; i++) {
      Object.assign(root, { left: new Node(), right: null, value: 5, skipped: 7, atom: null, at: -1 });
      second.list.push(1, 2, 3);
      second.list[0] = "changed";
      second.left = second;
      bytes[1] = 99;
      expect(hashOf(image)).not.toBe(before);
      image.restore(saved);
      expect(hashOf(image)).toBe(before);
      expect([root.left, root.value, root.skipped, root.atom]).toEqual([second, bytes, bytes, clock]);
      expect(root.left).toBe(second);
      expect([...second.list]).toEqual([1, "two", null]);
      expect([...bytes]).toEqual([1, 2, 3]);
    }
  });

  test("save alone and hash with save are the same", () => {
    const [root] = ring() as [Node];
    const image = imageOf(root);
    expect(image.save().values).toEqual(image.hashAndSave().values);
    const together = `${image.h1} ${image.h2}`;
    expect(hashOf(image)).toBe(together);
    expect(image.objectCount).toBe(4);
  });

  test("a struct that was copied or cleared as bytes is still seen", () => {
    class Pair extends Struct {
      a = 1;
      b: unknown = null;
    }
    const [one, two] = [new Pair(), new Pair()];
    const image = imageOf({ one, two });
    const before = hashOf(image);
    for (const key of Object.keys(one)) Reflect.set(two, key, Reflect.get(one, key));
    expect(hashOf(image)).toBe(before);
    for (const key of ["$mark", "$kind"]) Reflect.set(two, key, 0);
    expect(hashOf(image)).toBe(before);
    for (const key of ["$mark", "$kind"]) Reflect.set(two, key, undefined);
    expect(hashOf(image)).toBe(before);
  });

  test("two images may look at the same objects", () => {
    const [root] = ring() as [Node];
    const [a, b] = [imageOf(root), imageOf(root, { now: 0 })];
    const [one, two] = [hashOf(a), hashOf(b)];
    const saved = a.save();
    for (let i = 0; i < 3; i++) expect([hashOf(a), hashOf(b)]).toEqual([one, two]);
    root.value = 3;
    b.hash();
    a.restore(saved);
    expect([hashOf(b), hashOf(a)]).toEqual([two, one]);
  });
});

/** A heap of nodes: of each the numbers of those that it refers to, and a value. */
const heaps = fc.array(
  fc.record({ left: fc.nat(7), right: fc.nat(7), value: fc.constantFrom(...VALUES.slice(0, 20)), at: fc.nat(3) }),
  { minLength: 1, maxLength: 8 },
);
type Heap = (typeof heaps)["generate"] extends (...given: never[]) => { value: infer T } ? T : never;

function built(heap: Heap, order: readonly number[]): Node {
  const nodes: Node[] = [];
  for (const i of order) nodes[i] = new Node();
  heap.forEach((one, i) => {
    const node = nodes[i] as Node;
    node.left = nodes[one.left] ?? null;
    node.right = nodes[one.right] ?? null;
    node.value = one.value;
    node.list = [nodes[one.right] ?? one.at];
  });
  return nodes[0] as Node;
}

/** The structure in words: what the hash must tell apart, and nothing else. */
function described(root: Node): string {
  const seen: unknown[] = [];
  const words: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) {
      words.push(typeof value === "object" ? "null" : `${typeof value} ${String(value)}`);
      return;
    }
    const known = seen.indexOf(value);
    if (known >= 0) {
      words.push(`#${known}`);
      return;
    }
    seen.push(value);
    const parts: unknown[] = Array.isArray(value) ? value : [];
    const { left, right, value: own, list } = value as Node;
    words.push(Array.isArray(value) ? `[${value.length}` : "{");
    for (const part of Array.isArray(value) ? parts : [left, list, right, own]) visit(part);
  };
  visit(root);
  return words.join(" ");
}

test("random heaps: the same hash when and only when the structure is the same", () => {
  const byHash = new Map<string, string>();
  fc.assert(
    fc.property(heaps, (heap) => {
      const there = heap.map((_, i) => i);
      const [a, b] = [built(heap, there), built(heap, there.toReversed())];
      const hash = hashOf(imageOf(a));
      expect(hashOf(imageOf(b))).toBe(hash);
      const words = described(a);
      expect(byHash.get(hash) ?? words).toBe(words);
      byHash.set(hash, words);
    }),
    { numRuns: 2000 },
  );
  expect(byHash.size).toBe(new Set(byHash.values()).size);
});
