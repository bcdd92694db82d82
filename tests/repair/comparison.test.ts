/** Candidates in order, and the sentence that says why each is where it is. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Candidate, Measure, ToolCheck } from "../../tools/repair/candidate.ts";
import { inOrder } from "../../tools/repair/comparison.ts";

function measure(name: string, value: number | null, changes: Partial<Measure> = {}): Measure {
  return {
    name,
    unit: "s",
    value,
    better: "less",
    tolerance: 0.5,
    cell: String(value),
    text: `${name} ${value} s`,
    isMinor: false,
    meaning: null,
    ...changes,
  };
}

function candidate(name: string, changes: Partial<Candidate> = {}): Candidate {
  return {
    name,
    title: name,
    proposal: { kind: "edits", edits: [] },
    verdict: "holds",
    refutation: null,
    size: { files: 1, added: 2, removed: 2 },
    measures: [],
    checks: [],
    patch: null,
    ...changes,
  };
}

const FAILED: ToolCheck = { tool: "checkpatch", status: "failed", detail: "WARNING: long" };
const noticed = (value: number | null, changes: Partial<Measure> = {}): Pick<Candidate, "measures"> => ({
  measures: [measure("noticed after", value, changes)],
});
const lines = (added: number, removed = 0): Pick<Candidate, "size"> => ({ size: { files: 1, added, removed } });
const names = (all: readonly Candidate[]): readonly string[] => inOrder(all, true).map((one) => one.candidate.name);
const whys = (all: readonly Candidate[], isNeeded = true): readonly string[] =>
  inOrder(all, isNeeded).map((one) => one.why);

describe("groups", () => {
  const ALL = [
    candidate("other", {
      proposal: { kind: "not-recognised", file: "a.c", line: 7, reason: "no guard" },
      verdict: null,
    }),
    candidate("refuted", { verdict: "violated", refutation: "kept: it was not" }),
    candidate("unsure", { verdict: "inconclusive" }),
    candidate("unchecked", { verdict: null }),
    candidate("rough", { checks: [FAILED] }),
    candidate("there", { proposal: { kind: "already-there", why: "three already" } }),
    candidate("good"),
  ];
  const ORDER = ["good", "there", "rough", "unsure", "unchecked", "refuted", "other"];

  test("come in the order of their use, whatever the order they came in", () => {
    expect(names(ALL)).toEqual(ORDER);
    expect(names([...ALL].reverse())).toEqual(["good", "there", "rough", "unchecked", "unsure", "refuted", "other"]);
  });

  test("say what they are", () => {
    expect(whys(ALL)).toEqual([
      "holds",
      "this kernel has it: three already",
      "holds, but checkpatch failed: WARNING: long",
      "the check with it is inconclusive",
      "the check with it is inconclusive",
      "refuted: kept: it was not",
      "does not apply: a.c:7: no guard",
    ]);
    expect(whys([candidate("refuted", { verdict: "violated" })])).toEqual(["refuted: the check is violated with it"]);
  });

  test("outrank figures: what is refuted stays behind, however good it looks", () => {
    expect(names([candidate("a", { ...noticed(1), verdict: "violated" }), candidate("b", noticed(900))])).toEqual([
      "b",
      "a",
    ]);
  });

  test("of what is refuted or does not apply keep their order", () => {
    const refuted = (name: string, value: number): Candidate =>
      candidate(name, { ...noticed(value), verdict: "violated" });
    expect(names([refuted("a", 9), refuted("b", 1), refuted("c", 5)])).toEqual(["a", "b", "c"]);
  });

  test("with a tool that was skipped are those that hold", () => {
    const skipped = candidate("skipped", { checks: [{ ...FAILED, status: "skipped" }], ...noticed(1) });
    expect(names([candidate("b", noticed(9)), skipped])).toEqual(["skipped", "b"]);
  });

  test("in a kernel that holds anyway are no repairs", () => {
    expect(whys([candidate("a")], false)).toEqual(["holds, as the kernel does without it"]);
  });
});

describe("figures", () => {
  test("count in their order; less or more is better as they say", () => {
    expect(names([candidate("a", noticed(9)), candidate("b", noticed(3)), candidate("c", noticed(6))])).toEqual([
      "b",
      "c",
      "a",
    ]);
    const margin = (value: number): Pick<Candidate, "measures"> => noticed(value, { better: "more" });
    expect(names([candidate("a", margin(3)), candidate("b", margin(9))])).toEqual(["b", "a"]);
    const two = (one: number, other: number): Pick<Candidate, "measures"> => ({
      measures: [measure("first", one), measure("second", other)],
    });
    expect(names([candidate("a", two(5, 1)), candidate("b", two(4, 9)), candidate("c", two(4.2, 2))])).toEqual([
      "c",
      "b",
      "a",
    ]);
  });

  test("that differ by the tolerance or less are the same, and then the size decides", () => {
    const [a, b] = [candidate("a", { ...noticed(3), ...lines(9) }), candidate("b", { ...noticed(3.5), ...lines(2) })];
    expect(names([a, b])).toEqual(["b", "a"]);
    expect(names([a, candidate("c", { ...noticed(3.6), ...lines(2) })])).toEqual(["a", "c"]);
  });

  test("that are not known, or that the other one lacks, tell nothing", () => {
    expect(names([candidate("a", noticed(null)), candidate("b", noticed(3))])).toEqual(["a", "b"]);
    expect(names([candidate("a"), candidate("b", noticed(3))])).toEqual(["a", "b"]);
    expect(
      names([candidate("a", { ...noticed(9), size: null }), candidate("b", { ...noticed(9), ...lines(1) })]),
    ).toEqual(["a", "b"]);
  });

  test("of less weight count after the size", () => {
    const echoes = (value: number): Pick<Candidate, "measures"> => noticed(value, { isMinor: true });
    expect(
      names([candidate("a", { ...echoes(1), ...lines(9) }), candidate("b", { ...echoes(9), ...lines(2) })]),
    ).toEqual(["b", "a"]);
    expect(names([candidate("a", echoes(9)), candidate("b", echoes(1))])).toEqual(["b", "a"]);
  });
});

describe("why", () => {
  test("names the neighbour and the figure; the first is compared with the second, the others with the one before", () => {
    const all = [
      candidate("a", noticed(9)),
      candidate("b", noticed(3)),
      candidate("c", { ...noticed(9), ...lines(20) }),
    ];
    expect(whys(all)).toEqual([
      "holds; preferred to a: noticed after 3 s, not 9 s",
      "holds; behind b: noticed after 9 s, not 3 s",
      "holds; behind a: 20 changed lines, not 4",
    ]);
  });

  test("says so where nothing tells two apart, and says nothing of neighbours in other groups", () => {
    expect(whys([candidate("a"), candidate("b")])).toEqual([
      "holds; no figure tells it from b",
      "holds; no figure tells it from a",
    ]);
    expect(whys([candidate("a"), candidate("b", { verdict: "violated", refutation: "x" })])).toEqual([
      "holds",
      "refuted: x",
    ]);
    expect(whys([])).toEqual([]);
  });
});

describe("tolerances that go in circles", () => {
  /** By the first figure a and b, and b and c, are alike, and c is better than a; by the size a beats b and b beats c. */
  const CIRCLE = [
    candidate("a", { ...noticed(1.0), ...lines(1) }),
    candidate("b", { ...noticed(0.6), ...lines(2) }),
    candidate("c", { ...noticed(0.2), ...lines(3) }),
  ];

  test("end, with every candidate once", () => {
    expect([...names(CIRCLE)].sort()).toEqual(["a", "b", "c"]);
  });

  test("never lose or double a candidate, whatever the figures, and keep the groups", () => {
    const arbitrary = fc.record({
      value: fc.option(fc.double({ min: 0, max: 3, noNaN: true })),
      size: fc.nat({ max: 4 }),
      verdict: fc.constantFrom("holds", "violated", "inconclusive"),
      failed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 8 }), (all) => {
        const candidates = all.map(({ value, size, verdict, failed }, i) =>
          candidate(`c${i}`, { ...noticed(value), ...lines(size), verdict, checks: failed ? [FAILED] : [] }),
        );
        const placed = inOrder(candidates, true);
        expect(new Set(placed.map((one) => one.candidate))).toEqual(new Set(candidates));
        expect(placed).toHaveLength(candidates.length);
        const groups = placed.map(({ candidate: { verdict, checks } }) =>
          verdict === "violated" ? 3 : verdict === "inconclusive" ? 2 : checks.length,
        );
        expect(groups).toEqual([...groups].sort());
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});
