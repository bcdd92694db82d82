/**
 * Unions whose branches are alive in turn: in C they are the same bytes, in the model each branch has a place of its
 * own. What is compared of them is what the model stores into: storing to a branch makes it alive, and from then on
 * nothing else of the union counts before it is stored to. The compiled slice has the bytes as they are, those of other
 * branches too, and in the model the members of other branches are buried under a value that is nobody's: whoever uses
 * a member that nobody has set since its branch came alive does something else on both sides.
 */
import type { StructLayout } from "./layout.ts";

/** A union of a struct. */
export interface UnionPlan {
  /** Leaves of all branches. */
  readonly leaves: readonly number[];
}

/** What the unions of a struct are made of; null for structs without. */
export interface UnionPlans {
  readonly all: readonly UnionPlan[];
  /** Of each leaf: which union, -1 for none, and the name of its branch. */
  readonly unionOf: readonly number[];
  readonly branchOf: readonly string[];
  /** Of each part: the same. */
  readonly unionOfPart: readonly number[];
  readonly branchOfPart: readonly string[];
}

/** What a buried member holds: pointers lead nowhere, and numbers are of a kind that stands out. */
export const BURIED = Object.freeze(Object.create(null) as object);
export const BURIED_NUMBER = 0x5a5a_5a5a;

export function unionsOf({ leaves, parts }: StructLayout): UnionPlans | null {
  const names = [...new Set([...leaves, ...parts].flatMap(({ shared }) => shared?.union ?? []))];
  if (names.length === 0) return null;
  const unionOf = leaves.map(({ shared }) => (shared === null ? -1 : names.indexOf(shared.union)));
  return {
    all: names.map((_, i) => ({ leaves: leaves.flatMap((_leaf, at) => (unionOf[at] === i ? [at] : [])) })),
    unionOf,
    branchOf: leaves.map(({ shared }) => shared?.branch ?? ""),
    unionOfPart: parts.map(({ shared }) => (shared === null ? -1 : names.indexOf(shared.union))),
    branchOfPart: parts.map(({ shared }) => shared?.branch ?? ""),
  };
}

/** Who is told of leaves. */
export interface LeafTold {
  /** It is not looked at from now on. */
  readonly sleep: (leaf: number) => void;
  /** It is to be told, whatever it was before. */
  readonly wake: (leaf: number) => void;
  /** Whether it is zero now. */
  readonly isZero: (leaf: number) => boolean;
  /** Something else was stored over it: in the model it is to be what no store makes of it. */
  readonly bury: (leaf: number) => void;
}

/** The unions of one object. */
export class UnionStates {
  private readonly alive: (string | null)[];
  private readonly isAwake: boolean[];

  constructor(private readonly plans: UnionPlans) {
    this.alive = plans.all.map(() => null);
    this.isAwake = plans.unionOf.map((union) => union < 0);
  }

  /** As for a new object. */
  clear(): void {
    this.alive.fill(null);
    for (let i = 0; i < this.isAwake.length; i++) this.isAwake[i] = (this.plans.unionOf[i] ?? -1) < 0;
  }

  /** Another branch is alive; all leaves sleep. */
  private enliven(union: number, branch: string, told: LeafTold): void {
    this.alive[union] = branch;
    for (const leaf of this.plans.all[union]?.leaves ?? []) {
      if (this.isAwake[leaf] === true) told.sleep(leaf);
      this.isAwake[leaf] = false;
      if (this.plans.branchOf[leaf] !== branch) told.bury(leaf);
    }
  }

  /**
   * The branch of a union that is alive after some stores. Where several were stored to, memory was cleared first, or
   * one branch was left for another: the one that was not alive is the later one, unless it is all zero and the other
   * is not.
   */
  private aliveAfter(union: number, changed: Int32Array, count: number, told: LeafTold): string | null {
    const { unionOf, branchOf } = this.plans;
    const was = this.alive[union] ?? null;
    let other: string | null = null;
    let isOtherZero = true;
    let isOwnZero = true;
    for (let i = 0; i < count; i++) {
      const leaf = changed[i] as number;
      if (unionOf[leaf] !== union) continue;
      const branch = branchOf[leaf] as string;
      const isZero = told.isZero(leaf);
      if (branch === was) isOwnZero &&= isZero;
      else if (other === null || (isOtherZero && !isZero)) {
        other = branch;
        isOtherZero = isZero;
      }
    }
    return other === null || (isOtherZero && !isOwnZero) ? was : other;
  }

  /**
   * What is to be told of leaves that have changed in the model.
   *
   * @param changed leaves, of which those that are not to be told are taken out
   * @returns how many are left
   */
  settle(changed: Int32Array, count: number, told: LeafTold): number {
    const { unionOf, branchOf, all } = this.plans;
    for (let union = 0; union < all.length; union++) {
      const branch = this.aliveAfter(union, changed, count, told);
      if (branch !== this.alive[union] && branch !== null) this.enliven(union, branch, told);
    }
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const leaf = changed[i] as number;
      const union = unionOf[leaf] as number;
      if (union >= 0) {
        if (this.alive[union] !== branchOf[leaf]) {
          told.bury(leaf);
          continue;
        }
        if (this.isAwake[leaf] !== true) told.wake(leaf);
        this.isAwake[leaf] = true;
      }
      changed[kept++] = leaf;
    }
    return kept;
  }

  /** A member without scalars of its own was initialised: a work. */
  initialise(part: number, told: LeafTold): void {
    const union = this.plans.unionOfPart[part] ?? -1;
    if (union < 0) return;
    this.alive[union] = this.plans.branchOfPart[part] ?? null;
    for (const leaf of this.plans.all[union]?.leaves ?? []) {
      this.isAwake[leaf] = false;
      told.sleep(leaf);
      told.bury(leaf);
    }
  }

  /** Whether a member is what was stored last of its union. */
  isAlive(part: number): boolean {
    const union = this.plans.unionOfPart[part] ?? -1;
    return union < 0 || this.alive[union] === this.plans.branchOfPart[part];
  }
}
