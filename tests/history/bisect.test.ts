/** The search alone, on random histories, against asking every commit. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BisectResult, bisect, type Side } from "../../tools/history/bisect.ts";
import type { Commit } from "../../tools/history/commits.ts";

/** A commit that begins a side, or none; merges have the new side when a parent has it. */
interface Case {
  readonly commits: readonly Commit[];
  readonly culprit: number;
  readonly unknown: ReadonlySet<number>;
}

function commitOf(number: number, parents: readonly number[]): Commit {
  const rest = { tree: "", date: "", author: "", subject: "" };
  return { commit: String(number), parents: parents.map(String), ...rest };
}

/** Each commit has one or two parents among those before it, or one that is outside. The last one leads to all. */
const dag = (maxUnknown: number): fc.Arbitrary<Case> =>
  fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { minLength: 1, maxLength: 30 }).chain((seeds) => {
    const heads = new Set<number>();
    const commits = seeds.map(([a, b, isMerge], i) => {
      const parents = new Set(i === 0 ? [-1] : [(a % (i + 1)) - 1, ...(isMerge ? [(b % (i + 1)) - 1] : [])]);
      for (const parent of parents) heads.delete(parent);
      heads.add(i);
      return commitOf(i, [...parents]);
    });
    if (heads.size > 1) commits.push(commitOf(commits.length, [...heads]));
    return fc.record({
      commits: fc.constant(commits),
      culprit: fc.nat({ max: commits.length - 1 }),
      unknown: fc
        .uniqueArray(fc.nat({ max: commits.length - 1 }), { maxLength: maxUnknown })
        .map((list) => new Set(list)),
    });
  });

/** All that have the culprit among what led to them. */
function newOnes({ commits, culprit }: Case): ReadonlySet<string> {
  const found = new Set<string>([String(culprit)]);
  for (const { commit, parents } of commits) if (parents.some((one) => found.has(one))) found.add(commit);
  return found;
}

async function searched(one: Case): Promise<{ readonly result: BisectResult; readonly asked: readonly string[] }> {
  const isNew = newOnes(one);
  const asked: string[] = [];
  const result = await bisect(one.commits, async ({ commit }): Promise<Side> => {
    asked.push(commit);
    if (one.unknown.has(Number(commit))) return "unknown";
    return isNew.has(commit) ? "new" : "old";
  });
  return { result, asked };
}

/** Which commits can be the first new one, by brute force: those that agree with all answers that were given. */
function possible(one: Case, asked: readonly string[]): readonly string[] {
  const truth = newOnes(one);
  const told = asked.filter((commit) => !one.unknown.has(Number(commit)));
  return one.commits
    .filter((_, culprit) => {
      const supposed = newOnes({ ...one, culprit });
      return told.every((commit) => supposed.has(commit) === truth.has(commit));
    })
    .map(({ commit }) => commit);
}

describe("the first commit", () => {
  test("is the culprit, whatever the branches, and nobody is asked twice", async () => {
    await fc.assert(
      fc.asyncProperty(dag(0), async (one) => {
        const { result, asked } = await searched(one);
        expect(result.first?.commit).toBe(String(one.culprit));
        expect([result.steps, new Set(asked).size]).toEqual([asked.length, asked.length]);
      }),
      { numRuns: 500 },
    );
  });

  test("takes as many steps as halving does on a line", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 500 }), fc.nat(), async (length, seed) => {
        const commits = Array.from({ length }, (_, i) => commitOf(i, [i - 1]));
        const { result } = await searched({ commits, culprit: seed % length, unknown: new Set() });
        expect(result.first?.commit).toBe(String(seed % length));
        expect(result.steps).toBeLessThanOrEqual(Math.floor(Math.log2(length)) + 1);
      }),
    );
  });

  test("is never another one, and lies among candidates that agree with all answers, when some commits cannot be told", async () => {
    await fc.assert(
      fc.asyncProperty(dag(8), async (one) => {
        // The newer end has been judged before the search.
        const unknown = new Set([...one.unknown].filter((i) => i !== one.commits.length - 1));
        const fair = { ...one, unknown };
        const { result, asked } = await searched(fair);
        const candidates = result.candidates.map(({ commit }) => commit);
        expect(candidates).toContain(String(one.culprit));
        expect([...candidates].sort()).toEqual([...possible(fair, asked)].sort());
        expect(result.first?.commit).toBe(candidates.length === 1 ? String(one.culprit) : undefined);
        // Whoever is a candidate beside the first that is told to be new could not be told.
        expect(candidates.filter((commit) => !unknown.has(Number(commit))).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("edges", () => {
  const line = [0, 1, 2, 3].map((i) => commitOf(i, [i - 1]));

  test("no commit at all, and none that is new", async () => {
    expect(await bisect([], () => Promise.resolve("new"))).toEqual({ first: null, candidates: [], steps: 0 });
    const none = await bisect(line, () => Promise.resolve("old"));
    expect([none.first, none.candidates]).toEqual([null, []]);
  });

  test("old ones all, but for one that cannot be told: that one may be it", async () => {
    const result = await bisect(line, async ({ commit }) => (commit === "3" ? "unknown" : "old"));
    expect([result.first, result.candidates.map(({ commit }) => commit)]).toEqual([null, ["3"]]);
  });

  test("nobody can be told", async () => {
    const result = await bisect(line, () => Promise.resolve("unknown"));
    expect([result.first, result.candidates.length, result.steps]).toEqual([null, 4, 4]);
  });

  test("long histories are halved, too", async () => {
    const commits = Array.from({ length: 5_000 }, (_, i) => commitOf(i, [i - 1]));
    const result = await bisect(commits, async ({ commit }) => (Number(commit) >= 1_234 ? "new" : "old"));
    expect(result.first?.commit).toBe("1234");
    expect(result.steps).toBeLessThanOrEqual(14);
  });
});
