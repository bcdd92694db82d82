/** Rectangles of phases: every record of every phase is what a plain run has. */
import { describe, expect, test } from "vitest";
import { ECHO_RECORDS, type RunRecord, type Scenario } from "../../kernel-models/cifs-echo/echo-run.ts";
import { sweepRecords } from "../../tools/check/phase-sweep.ts";
import { IDLE } from "./echo-scenario.ts";
import { type StandIn, standIn, THREE, TWO } from "./stand-in.ts";

const BASE: Scenario = { ...IDLE, endEchoesAfterAnchor: 3 };

function compared(code: StandIn, scenario: Scenario, from: number, to: number): readonly number[] {
  const run = (phase: number): RunRecord => standIn(code)({ ...scenario, touches: [phase] });
  const { regions } = sweepRecords(from, to, run, ECHO_RECORDS);
  let next = from;
  for (const region of regions) {
    expect(region.from).toBe(next);
    for (let phase = region.from; phase <= region.to; phase++) expect(region.at(phase)).toEqual(run(phase));
    next = region.to + 1;
  }
  expect(next).toBe(to + 1);
  return regions.map((region) => region.to - region.from + 1);
}

describe("every phase of every rectangle is what a plain run has", () => {
  test.each([
    [TWO, "levels", 100, 10, 1],
    [TWO, "levels", 100, 30, 50],
    [THREE, "levels", 250, 10, 125],
    [TWO, "slack", 100, 10, 90],
    [TWO, "exact", 100, 10, 1],
    [{ ...THREE, guard: false }, "levels", 300, 5, 1],
  ] as const)("%j %s HZ=%i %i s %i ticks", (code, timers, hz, interval, rttTicks) => {
    const scenario = { ...BASE, hz, timers, echoIntervalSeconds: interval, rttTicks };
    compared(code, scenario, 0, interval * hz);
  });

  test("1000 jiffies a second, around the window", () => {
    const scenario = { ...BASE, hz: 1000, timers: "levels", echoIntervalSeconds: 60, rttTicks: 1 } as const;
    const widths = compared(TWO, scenario, 2000, 6000);
    expect(widths.length).toBeLessThan(60);
  });

  test("many buckets become one rectangle", () => {
    const scenario = { ...BASE, hz: 300, timers: "levels", echoIntervalSeconds: 600, rttTicks: 1 } as const;
    const widths = compared(TWO, scenario, 20_000, 21_500);
    expect(Math.max(...widths)).toBeGreaterThan(400);
  });
});

describe("what must fail", () => {
  const scenario = { ...BASE, hz: 100, timers: "levels", echoIntervalSeconds: 5, rttTicks: 1 } as const;

  test("a run that is not a function of its phase", () => {
    let runs = 0;
    const run = (phase: number): RunRecord => {
      const record = standIn(TWO)({ ...scenario, touches: [phase] });
      return { ...record, requestsUnanswered: runs++ };
    };
    expect(() => sweepRecords(0, 50, run, ECHO_RECORDS)).toThrow(/say something else|differ/);
  });

  test("a run that looks at its phase behind the recorder's back", () => {
    const run = (phase: number): RunRecord => {
      const record = standIn(TWO)({ ...scenario, touches: [phase] });
      return phase > 130 ? { ...record, requestsUnanswered: 1 } : record;
    };
    expect(() => sweepRecords(100, 200, run, ECHO_RECORDS)).toThrow(/say something else of/);
  });

  test("what a plain run throws comes out", () => {
    const run = (): RunRecord => {
      throw new Error("broken model");
    };
    expect(() => sweepRecords(0, 5, run, ECHO_RECORDS)).toThrow("broken model");
  });
});
