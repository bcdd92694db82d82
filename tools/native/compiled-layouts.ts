/** Layouts with the code that reads and stores the model's objects by them. */
import { isLink, type StructLayout } from "./layout.ts";
import type { HarnessPlan } from "./slice-source.ts";
import { type UnionPlans, unionsOf } from "./unions.ts";

/** Puts the numbers of the leaves that differ from `shadow` into `changed`, and the new values into `shadow`. */
type Differ = (object: unknown, shadow: unknown[], changed: Int32Array) => number;
type Reader = (object: unknown) => unknown[];

/** A layout with the code that reads its objects. */
export interface CompiledLayout extends StructLayout {
  readonly differ: Differ;
  readonly read: Reader;
  readonly readParts: Reader;
  readonly partOrdinals: readonly number[];
  /** By ordinal: the one that stands for it. */
  readonly canonical: readonly number[];
  /** Ordinals by path in the model's object. */
  readonly ordinals: ReadonlyMap<string, number>;
  /** Paths of parts by ordinal, with a dot behind. */
  readonly prefixes: readonly string[];
  /** Layout of what each leaf points to, -1 where it has none. */
  readonly targets: readonly number[];
  readonly links: readonly boolean[];
  /** Of each leaf: whether it is a pointer, and its ordinal. */
  readonly isPointer: readonly boolean[];
  readonly eventOrdinals: readonly number[];
  /** The links of list heads, with the heads that they are of. */
  readonly heads: readonly { readonly leaf: number; readonly head: (object: unknown) => unknown }[];
  /** What all scalars of a new object are. */
  readonly zeros: readonly unknown[];
  readonly unions: UnionPlans | null;
  /** Of each leaf in a union: how it is stored to. */
  readonly storeShared: readonly (((object: unknown, value: unknown) => void) | null)[];
}

function accessor(object: string, path: string): string {
  if (path === "") return object;
  return `${object}${path
    .split(".")
    .map((one) => `[${JSON.stringify(one)}]`)
    .join("")}`;
}

/** The ordinal that stands for each place of a struct: the lowest of those with its address. */
export type Canonical = ReadonlyMap<number, number>;

/** Code that reads is made once per layout: a loop over names would take several times as long. */
export function compiledLayouts(plan: HarnessPlan, canonical: readonly Canonical[]): readonly CompiledLayout[] {
  const indexes = new Map(plan.layouts.map((one) => [one.tag, one.index]));
  return plan.layouts.map((layout) => {
    const differs = layout.leaves.map(
      ({ ts }, i) => `v = ${accessor("o", ts)}; if (v !== s[${i}]) { s[${i}] = v; c[n++] = ${i}; }`,
    );
    const list = (paths: readonly string[]): string => `return [${paths.map((one) => accessor("o", one)).join(", ")}];`;
    const canonicalOf: Canonical = canonical[layout.index] ?? new Map();
    const places = [...layout.leaves, ...layout.parts];
    const prefixes: string[] = [];
    for (const { ordinal, ts } of layout.parts) prefixes[ordinal] = `${ts}.`;
    return {
      ...layout,
      differ: new Function("o", "s", "c", `let n = 0, v; ${differs.join(" ")} return n;`) as Differ,
      read: new Function("o", list(layout.leaves.map((one) => one.ts))) as Reader,
      readParts: new Function("o", list(layout.parts.map((one) => one.ts))) as Reader,
      partOrdinals: layout.parts.map(({ ordinal }) => ordinal),
      canonical: Array.from({ length: layout.count }, (_, ordinal) => canonicalOf.get(ordinal) ?? ordinal),
      isPointer: layout.leaves.map(({ kind }) => kind === "pointer"),
      eventOrdinals: layout.leaves.map(({ ordinal }) => ordinal),
      ordinals: new Map(places.map(({ ts, ordinal }) => [ts, canonicalOf.get(ordinal) ?? ordinal])),
      prefixes,
      targets: layout.leaves.map(({ target }) => (target === null ? -1 : (indexes.get(target) ?? -1))),
      links: layout.leaves.map(isLink),
      heads: layout.leaves.flatMap((one, leaf) => {
        if (!isLink(one)) return [];
        const path = one.ts.split(".").slice(0, -1).join(".");
        return [{ leaf, head: new Function("o", `return ${accessor("o", path)};`) as Reader }];
      }),
      unions: unionsOf(layout),
      storeShared: layout.leaves.map(({ shared, ts }) =>
        shared === null
          ? null
          : (new Function("o", "v", `${accessor("o", ts)} = v;`) as (o: unknown, v: unknown) => void),
      ),
      zeros: layout.leaves.map(({ kind }) => (kind === "bool" ? false : kind === "pointer" ? null : 0)),
    };
  });
}
