/** Random walks, random priorities and replays, on toys that a search through everything decides. */
import { describe, expect, test } from "vitest";
import { depthFirst } from "../../tools/check/schedule-depth-first.ts";
import { randomPriorities } from "../../tools/check/schedule-priorities.ts";
import { randomWalks } from "../../tools/check/schedule-random.ts";
import { isConfirmed, replaySchedule } from "../../tools/check/schedule-replay.ts";
import { SimulationFault } from "../../tools/simulator/fault.ts";
import { LOST_UPDATE, PROGRESS, pairToy, pollerToy, TWO_PREEMPTIONS, toySubjects } from "./toy-subject.ts";

const BOUNDS = { histories: 200, states: 10_000, steps: 1000, seed: 1, depth: 3 };
const SOUND = pairToy([() => undefined, () => undefined], ({ pc0, pc1 }) => (pc0 + pc1 === 4 ? PROGRESS : null));

describe.each([
  ["random walks", randomWalks],
  ["random priorities", randomPriorities],
] as const)("%s", (strategy, search) => {
  test("find races, whose decisions lead there again", () => {
    for (const toy of [LOST_UPDATE, TWO_PREEMPTIONS]) {
      const found = search(toySubjects(toy), BOUNDS);
      expect(found).toMatchObject({ strategy, stoppedBy: "violation", violation: { property: "safety", loop: null } });
      const again = replaySchedule(toySubjects(toy)(), found.violation?.decisions ?? [], 100);
      expect(again.end?.what).toBe(found.violation?.what);
    }
  });

  test("find a loop, and not one that ends", () => {
    expect(search(toySubjects(pollerToy(0)), BOUNDS).violation?.loop).toMatchObject({ steps: 2 });
    expect(search(toySubjects(pollerToy(500)), BOUNDS)).toMatchObject({ violation: null, ends: 200 });
  });

  test("see no more states than there are, and stop", () => {
    const found = search(toySubjects(SOUND), BOUNDS);
    const all = depthFirst(toySubjects(SOUND), { preemptions: 9, states: 10_000, steps: 1000 });
    expect(found).toMatchObject({ violation: null, stoppedBy: "histories", ends: BOUNDS.histories });
    expect(found.states).toBeGreaterThan(2);
    expect(found.states).toBeLessThanOrEqual(all.states);
  });

  test("are the same for the same seed", () => {
    const once = search(toySubjects(TWO_PREEMPTIONS), BOUNDS);
    expect(search(toySubjects(TWO_PREEMPTIONS), BOUNDS)).toEqual(once);
    const seeds = Array.from({ length: 20 }, (_, seed) => search(toySubjects(TWO_PREEMPTIONS), { ...BOUNDS, seed }));
    expect(new Set(seeds.map(({ transitions }) => transitions)).size).toBeGreaterThan(1);
  });
});

test("a replay that comes to another decision or another end is a fault", () => {
  const kindOf = (run: () => unknown): string => {
    try {
      run();
      return "none";
    } catch (error) {
      return error instanceof SimulationFault ? error.kind : String(error);
    }
  };
  const subject = toySubjects(LOST_UPDATE);
  expect(kindOf(() => replaySchedule(subject(), [{ label: "schedule", n: 3, chosen: 2 }], 10))).toBe("replay-mismatch");
  const violation = { property: "safety", what: "another", decisions: [], loop: null, preemptions: 0 };
  expect(kindOf(() => isConfirmed(subject(), violation, 100))).toBe("nondeterminism");
});
