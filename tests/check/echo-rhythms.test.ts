/**
 * Echo works with other rhythms than one interval after the other, on an echo written by hand: what the check measures
 * of them, and whether it says what it did not explore.
 */
import { describe, expect, test } from "vitest";
import { mountsOf } from "../../kernel-models/cifs-echo/alignments.ts";
import { echoExplorer } from "../../kernel-models/cifs-echo/echo-run.ts";
import type { EchoCheck } from "../../kernel-models/cifs-echo/figure-types.ts";
import { Findings } from "../../kernel-models/cifs-echo/findings.ts";
import { echoProperties } from "../../kernel-models/cifs-echo/properties.ts";
import { idleScenario } from "../../kernel-models/cifs-echo/scenarios.ts";
import type { EchoRequest } from "../../kernel-models/cifs-echo/table.ts";
import { STRATEGIES } from "../../tools/check/strategies.ts";
import { type StandIn, standIn, THREE, TWO } from "./stand-in.ts";

const USUAL: EchoRequest = {
  facts: { timers: "levels", longBits: 64, msleepAddsJiffy: true },
  hz: [250],
  echoIntervals: [60],
  roundTrips: ["1jiffy"],
  seed: 1,
  size: "full",
};

function check(code: StandIn, request: Partial<EchoRequest> = {}): EchoCheck {
  const all = { ...USUAL, ...request };
  const strategies = echoExplorer(standIn(code), STRATEGIES);
  const survey = echoProperties.survey(all, strategies);
  const jobs = echoProperties.plan(all, survey);
  const results = jobs.map((job) => echoProperties.runJob(all, job, strategies));
  return echoProperties.conclude(all, survey, jobs, results, 0);
}

const DIFFERS = /^the state of the mount differs from echo to echo at 1 combination \(such as HZ=250, 60 s\): /;
const IS_CUT = /does not repeat within \d+ echoes at 1 combination/;
const said = ({ bounds }: EchoCheck, what: RegExp): string | null => bounds.find((one) => what.test(one)) ?? null;

describe("a fixed schedule: 64 places of the wheel at 60 s", () => {
  test("the window of later echoes is found, with its share of all of them", () => {
    // Two gaps of 59.392 s and one of 61.440 s follow each other: the second echo has no window, the next one does.
    const { verdict, figures, bounds } = check({ ...TWO, rhythm: "fixed" });
    expect([verdict, bounds.some((one) => DIFFERS.test(one))]).toEqual(["violated", true]);
    expect(figures.windows.length).toBeGreaterThan(0);
    expect(figures.worstShare).toBeGreaterThan(0);
    expect(figures.worstShare).toBeLessThan(0.01);
    expect(figures.idleEchoesPerHour).toBeCloseTo(60, 1);
    expect(figures.idle[0]?.periodSeconds).toBe(61.44);
    // The best time to notice is after the longest gap, the worst one after any.
    expect(figures.detection[0]?.bestSeconds).toBeLessThan(60.5);
  });

  test("followed until a state comes again, or the bound is said", () => {
    const whole = check({ ...THREE, rhythm: "fixed" });
    expect([whole.verdict, said(whole, IS_CUT)]).toEqual(["holds", null]);
    expect(said(whole, DIFFERS)).toMatch(/: 6\d states that lead to \d courses of events, of which \d were explored/);
    const brief = check({ ...THREE, rhythm: "fixed" }, { size: "brief" });
    expect(said(brief, DIFFERS)).toMatch(/of which 2 were explored/);
    expect(said(brief, IS_CUT)).not.toBeNull();
  });

  test("each state of the rhythm is counted for one of the courses that are explored", () => {
    const request = { ...USUAL, size: "full" as const };
    const idle = idleScenario(request, { hz: 250, echoIntervalSeconds: 60, rttTicks: 1 });
    const limits = { anchors: 100, seconds: 1e9, works: 256 };
    const { mounts, rhythm } = mountsOf(
      idle,
      limits,
      echoExplorer(standIn({ ...TWO, rhythm: "fixed" }), STRATEGIES),
      new Findings(),
    );
    const states = mounts.flatMap(({ alignments }) => alignments.map((one) => one.states));
    expect(states.reduce((a, b) => a + b, 0)).toBe(rhythm?.states);
    expect(rhythm?.isWhole).toBe(true);
  });
});

describe("rhythms that settle are not said to differ", () => {
  test.each([
    ["an interval", THREE, ["1jiffy", 5]],
    ["half an interval, slow servers", { ...TWO, rhythm: "half" }, ["1jiffy", 0.5, 5]],
    ["an interval after the last response", { ...TWO, rhythm: "response" }, ["1jiffy"]],
  ] as const)("%s", (_, code, roundTrips) => {
    const result = check(code, { roundTrips });
    expect([result.verdict, said(result, /differs from echo to echo/)]).toEqual(["holds", null]);
  });
});

describe("works that come more often than echoes", () => {
  test("an interval after the last response: no work is taken for the interval", () => {
    const { verdict, figures, bounds } = check({ ...TWO, rhythm: "response" });
    expect([verdict, figures.fixedIntervalSeconds, figures.timeoutIntervals]).toEqual(["holds", null, 2]);
    expect(figures.idle[0]?.periodSeconds).toBe(61.44);
    // One echo is put off by the request, and by the wheel: not by an interval.
    expect(figures.idle[0]?.longestSilenceSeconds).toBeLessThan(70);
    expect(bounds.join("\n")).toMatch(/a request moves the echoes to places of the timer wheel/);
  });

  test("a work at every jiffy, whatever the option says: a fault, not an interval of 0 s", () => {
    const strategies = echoExplorer(standIn({ ...TWO, rhythm: "jiffy" }), STRATEGIES);
    const survey = echoProperties.survey(USUAL, strategies);
    expect(survey.fixedIntervalSeconds).toBeNull();
    expect(survey.fault).toEqual({
      kind: "survey",
      message: expect.stringMatching(/runs every 0\.004 s at an echo interval/),
    });
  });
});

describe("echoes an hour on a busy mount", () => {
  test.each([
    ["none behind a guard", TWO, 0],
    ["all of them without one", { ...TWO, guard: false }, 58.59],
    ["all of them on a fixed schedule without one", { ...THREE, guard: false, rhythm: "fixed" }, 60],
  ] as const)("%s", (_, code, rate) => {
    expect(check(code).figures.busyEchoesPerHour).toBeCloseTo(rate, 0);
  });
});
