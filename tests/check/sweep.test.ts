/** Sweeps by regions against brute force: one plain run for every phase. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add64, ltS64, toS32 } from "../../tools/simulator/integers.ts";
import { EPS } from "../../tools/simulator/phase.ts";
import type { TimerKind } from "../../tools/simulator/timers.ts";
import { type TraceEvent, TraceRecorder } from "../../tools/simulator/trace.ts";
import { type EchoOutcome, type EchoSetup, runEcho } from "./echo-model.ts";
import { randomScenario, runScenario } from "./random-scenario.ts";
import { outcomeAt, type Region, sameOutcome, sweepCounts, sweepPhases } from "./region-sweep.ts";

/** The first phase at which a region says something else than a plain run; null when there is none. */
function firstDifference<T>(regions: readonly Region<T>[], run: (phase: number) => T): string | null {
  for (const { from, to, outcome } of regions) {
    for (let phase = from; phase <= to; phase++) {
      const said = outcomeAt(outcome, phase - from);
      const plain = run(phase);
      if (sameOutcome(said, plain)) continue;
      return `phase ${phase} of ${from} to ${to}: ${JSON.stringify(said)} and not ${JSON.stringify(plain)}`;
    }
  }
  return null;
}

function expectCover(regions: readonly Region<unknown>[], from: number, to: number): void {
  let next = from;
  for (const region of regions) {
    expect(region.from).toBe(next);
    expect(region.to).toBeGreaterThanOrEqual(region.from);
    expect(region.isSingle).toBe(region.from === region.to);
    next = region.to + 1;
  }
  expect(next).toBe(to + 1);
}

/** The outcome with every event of the run, so that not even the order within a tick can differ. */
function tracedEcho(setup: EchoSetup): (phase: number) => { outcome: EchoOutcome; events: readonly TraceEvent[] } {
  return (phase) => {
    const recorder = new TraceRecorder();
    const outcome = runEcho(setup, phase, recorder.listen);
    return { outcome, events: recorder.events };
  };
}

describe("the echo, swept", () => {
  const KINDS: readonly TimerKind[] = ["levels", "exact", "slack"];
  const SMALL = [
    { intervalSeconds: 5, rttTicks: 1, intervalsToDeath: 2 },
    { intervalSeconds: 5, rttTicks: 150, intervalsToDeath: 2, startOffset: 33 },
    { intervalSeconds: 8, rttTicks: 90, intervalsToDeath: 1, startOffset: 500 },
    { intervalSeconds: 10, rttTicks: 50, intervalsToDeath: 2, startOffset: 7 },
    { intervalSeconds: 10, rttTicks: 1, intervalsToDeath: 3, dies: true },
    { intervalSeconds: 7, rttTicks: 90, intervalsToDeath: 1, dies: true, startOffset: 1 },
  ];
  const setups: readonly EchoSetup[] = KINDS.flatMap((timers) => SMALL.map((one) => ({ hz: 100, timers, ...one })));

  test.each(setups)("%o", (setup) => {
    const last = setup.intervalSeconds * setup.hz;
    const run = tracedEcho(setup);
    const counts = sweepCounts();
    const regions = sweepPhases(0, last, run, { counts });
    expectCover(regions, 0, last);
    expect(firstDifference(regions, run)).toBeNull();
    expect(counts.phases).toBe(last + 1);
    expect(counts.replays).toBe(regions.length);
    expect(regions.length).toBeLessThan(last / 4);
  });

  test("15,360 phases of 60 s at HZ=250", () => {
    const setup: EchoSetup = { hz: 250, timers: "levels", intervalSeconds: 60, rttTicks: 1, intervalsToDeath: 2 };
    const run = (phase: number): EchoOutcome => runEcho(setup, phase);
    const regions = sweepPhases(0, 15_359, run);
    expectCover(regions, 0, 15_359);
    expect(firstDifference(regions, run)).toBeNull();
    // There are phases at which a healthy server is declared dead, and they are a few.
    const dead = regions.filter(({ outcome }) => outcome.dead !== null);
    const share = dead.reduce((sum, { from, to }) => sum + to - from + 1, 0) / 15_360;
    expect(share).toBeGreaterThan(0.005);
    expect(share).toBeLessThan(0.05);
    expect(regions.length).toBeLessThan(600);
  });

  test("jiffies of 32 bits are swept phase by phase", () => {
    const setup: EchoSetup = {
      hz: 100,
      timers: "levels",
      longBits: 32,
      intervalSeconds: 3,
      rttTicks: 1,
      intervalsToDeath: 2,
    };
    const counts = sweepCounts();
    const regions = sweepPhases(0, 299, (phase) => runEcho(setup, phase), { counts });
    expectCover(regions, 0, 299);
    expect(regions.length).toBe(300);
    expect(counts.abandoned).toBeLessThan(20);
  });
});

describe("random scenarios", () => {
  test("every event of every phase is what a plain run has", () => {
    let phases = 0;
    let regionsMade = 0;
    fc.assert(
      fc.property(randomScenario, (scenario) => {
        const run = (phase: number): readonly TraceEvent[] => runScenario(scenario, phase);
        const regions = sweepPhases(0, scenario.phases, run);
        expectCover(regions, 0, scenario.phases);
        expect(firstDifference(regions, run)).toBeNull();
        phases += scenario.phases + 1;
        regionsMade += regions.length;
      }),
      { numRuns: 500, seed: 42 },
    );
    // Were most phases run alone, the check would say little.
    expect(regionsMade).toBeLessThan(phases / 3);
  });
});

describe("what a sweep notices", () => {
  test("a comparison that leaves the range alone", () => {
    const careless = (phase: number): boolean => Math.round(phase) < 100;
    expect(() => sweepPhases(0, 200, careless)).toThrow("something else of 200");
    const careful = (phase: number): boolean => ltS64(phase, 100);
    expect(sweepPhases(0, 200, careful).map(({ from, to, outcome }) => [from, to, outcome])).toEqual([
      [0, 99, true],
      [100, 200, false],
    ]);
  });

  test("a lost fraction", () => {
    expect(() => sweepPhases(0, 200, (phase) => Math.round(phase))).toThrow("something else");
    expect(sweepPhases(0, 200, (phase) => add64(phase, 1))).toEqual([
      { from: 0, to: 200, outcome: 1 + EPS, isSingle: false },
    ]);
  });

  test("a run that is not deterministic, also where phases are run alone", () => {
    let n = 0;
    expect(() => sweepPhases(0, 9, (phase) => [toS32(phase), n++])).toThrow("two runs at the phase 0 differ");
  });

  test("a fault of the model at a phase comes through; one of the run over phases does not", () => {
    const faulty = (phase: number): number => {
      if (ltS64(90, phase)) throw new Error("of the model");
      return 0;
    };
    expect(() => sweepPhases(0, 200, faulty)).toThrow("of the model");
    expect(sweepPhases(0, 90, faulty).length).toBe(1);
    const fussy = (phase: number): number => Number(BigInt(phase));
    expect(sweepPhases(0, 20, fussy).length).toBe(21);
  });

  test("what is no range of phases", () => {
    expect(() => sweepPhases(0, Number.NaN, () => 0)).toThrow("phases from 0");
    expect(() => sweepPhases(0.5, 9, () => 0)).toThrow("phases from 0.5");
    expect(sweepPhases(5, 4, () => 0)).toEqual([]);
    expect(sweepPhases(5, 5, (phase) => phase)).toEqual([{ from: 5, to: 5, outcome: 5, isSingle: true }]);
  });

  test("a caller's own comparison", () => {
    let n = 0;
    const regions = sweepPhases(0, 9, () => n++, { same: () => true, at: (outcome) => outcome });
    expect(regions.length).toBe(1);
  });
});

test("plain data is compared deeply", () => {
  const value = { a: [1, "x", null], b: { c: 2n } };
  expect(sameOutcome(value, structuredClone(value))).toBe(true);
  const others = [{ a: [1, "x"], b: value.b }, { a: value.a }, { a: value.a, b: [] }, { a: value.a, d: value.b }, null];
  for (const other of others) expect(sameOutcome(value, other)).toBe(false);
  expect(outcomeAt({ a: [10 - 2 * EPS, "x", null, 5n] }, 3)).toEqual({ a: [4, "x", null, 5n] });
});
