/** The properties of cifs-echo on an echo written by hand: figures that must come out, and changes that must show. */
import { describe, expect, test } from "vitest";
import { type Explorer, echoExplorer } from "../../kernel-models/cifs-echo/echo-run.ts";
import type { EchoCheck } from "../../kernel-models/cifs-echo/figure-types.ts";
import { echoProperties } from "../../kernel-models/cifs-echo/properties.ts";
import type { EchoRequest } from "../../kernel-models/cifs-echo/table.ts";
import { STRATEGIES } from "../../tools/check/strategies.ts";
import type { KernelFacts } from "../../tools/check/system-check.ts";
import { everyPhase, type StandIn, standIn, THREE, TWO } from "./stand-in.ts";

const FACTS: KernelFacts = { timers: "levels", longBits: 64, msleepAddsJiffy: true };
const USUAL: EchoRequest = {
  facts: FACTS,
  hz: [250],
  echoIntervals: [60],
  roundTrips: ["1jiffy"],
  seed: 1,
  size: "brief",
};

function checkWith(strategies: Explorer, request: EchoRequest, unmodelled = 0): EchoCheck {
  const survey = echoProperties.survey(request, strategies);
  const jobs = echoProperties.plan(request, survey);
  const results = jobs.map((job) => echoProperties.runJob(request, job, strategies));
  return echoProperties.conclude(request, survey, jobs, results, unmodelled);
}

const check = (code: StandIn, request: Partial<EchoRequest> = {}, unmodelled = 0): EchoCheck =>
  checkWith(echoExplorer(standIn(code), STRATEGIES), { ...USUAL, ...request }, unmodelled);
const verdicts = ({ properties }: EchoCheck): string[] => properties.map((one) => one.verdict);

describe("HZ=250, 60 s, round trip one jiffy", () => {
  test("2 x with levels: period, window, share, detection", () => {
    const { verdict, properties, figures } = check(TWO);
    expect(verdict).toBe("violated");
    expect(properties.map((one) => [one.name, one.verdict])).toEqual([
      ["healthy-server-kept", "violated"],
      ["dead-server-noticed", "holds"],
      ["echo-goes-on", "holds"],
      ["echo-resumes", "holds"],
    ]);
    expect(figures.windows).toEqual([
      { hz: 250, echoIntervalSeconds: 60, rttSeconds: 0.004, fromSeconds: 2.44, toSeconds: 2.88, share: 110 / 15_360 },
    ]);
    expect(figures.idle[0]?.periodSeconds).toBe(61.44);
    expect([figures.timeoutIntervals, figures.idleEchoesPerHour, figures.wheel]).toEqual([2, 58.59, "levels"]);
    const [detection] = figures.detection;
    expect(detection?.afterEchoSeconds).toBeCloseTo(121.86, 1);
    expect(detection?.worstSeconds).toBeCloseTo(121.86, 1);
    expect(detection?.bestSeconds).toBeCloseTo(121.86 - 61.44, 1);
    expect(figures.reproduce).toMatch(/echo_interval=60.*2\.66 s after the second.*2\.44 to 2\.88 s.*Wait: 122\.9 s/);
    expect(properties[0]?.violation?.scenario.touches).toEqual([664]);
    expect(properties[0]?.detail).toMatch(/declared dead 120\.2 s after its last response, by server_unresponsive/);
  });

  test("3 x: no window, and 186.37 s", () => {
    const { verdict, figures } = check(THREE);
    expect(verdict).toBe("holds");
    expect([figures.windows, figures.worstShare, figures.reproduce]).toEqual([[], 0, null]);
    expect(figures.detection[0]?.afterEchoSeconds).toBeCloseTo(186.37, 1);
    expect(figures.timeoutIntervals).toBe(3);
  });

  test("2 x with exact timers: none", () => {
    const { verdict, figures } = check(TWO, { facts: { ...FACTS, timers: "exact" } });
    expect([verdict, figures.windows, figures.idle[0]?.periodSeconds]).toEqual(["holds", [], 60]);
  });
});

test("3 x: none for 60 s at any HZ", () => {
  const { verdict, figures } = check(THREE, { hz: [100, 300, 1000] });
  expect([verdict, figures.windows]).toEqual(["holds", []]);
});

describe("what changes in the code shows", () => {
  test("without the guard there is no window, with 2 x", () => {
    expect(check({ ...TWO, guard: false }).verdict).toBe("holds");
  });

  test("an echo that is not armed again: a live server is given up on an idle mount", () => {
    const { verdict, properties, figures } = check({ ...TWO, rearms: false });
    expect(verdict).toBe("violated");
    expect(properties[0]?.detail).toMatch(/after no request at all/);
    expect(figures.worstShare).toBe(1);
  });

  test("no watchdog: a dead server is never noticed", () => {
    const { properties, figures } = check({ ...TWO, timeoutIntervals: null });
    expect(properties.map((one) => one.verdict)).toEqual(["holds", "violated", "holds", "inconclusive"]);
    expect(properties[1]?.violation?.scenario.deathTicks).toBe(2);
    expect(figures.timeoutIntervals).toBeNull();
    expect(figures.detection[0]?.worstSeconds).toBeNull();
  });

  test("5 x, and an interval that no mount option changes", () => {
    const { verdict, figures, bounds } = check(
      { ...TWO, timeoutIntervals: 5, fixedIntervalSeconds: 60 },
      { echoIntervals: [1, 30] },
    );
    expect(verdict).toBe("holds");
    expect(figures.timeoutIntervals).toBe(5);
    expect(figures.detection.map((one) => one.echoIntervalSeconds)).toEqual([60]);
    expect(bounds[0]).toMatch(/echo interval 60 s \(fixed by this kernel/);
  });

  test("a fault in a run, and calls that are not modelled: inconclusive, never holds", () => {
    const fault = check({ ...THREE, unmodelledEcho: true });
    expect([fault.verdict, verdicts(fault)]).toEqual(["inconclusive", Array(4).fill("inconclusive")]);
    expect(fault.reasons).toEqual(["unmodelled: echo() was reached"]);
    expect(verdicts(check(THREE, {}, 2))).toEqual(Array(4).fill("inconclusive"));
    // A violation that was seen stays one.
    expect(verdicts(check(TWO, {}, 2))).toEqual(["violated", ...Array(3).fill("inconclusive")]);
  });
});

describe("round trips", () => {
  test("those of the table go up to half the interval, those that are asked for are taken", () => {
    const of = (roundTrips: EchoRequest["roundTrips"]): number[] =>
      check(THREE, { hz: [100], echoIntervals: [2], size: "full", roundTrips }).figures.idle.map(
        (one) => one.rttSeconds,
      );
    expect(of(null)).toEqual([0.01, 0.5, 0.9]);
    expect(of([1.5])).toEqual([1.5]);
  });

  test("2 x, 5 s: given up on an idle mount, all of the time", () => {
    const { figures } = check(TWO, { roundTrips: [5] });
    expect(figures.windows).toEqual([
      { hz: 250, echoIntervalSeconds: 60, rttSeconds: 5, fromSeconds: 0, toSeconds: expect.any(Number), share: 1 },
    ]);
  });
});

describe("regions say the same as every phase on its own", () => {
  test.each([
    [TWO, "levels", 5, "1jiffy"],
    [TWO, "levels", 10, 0.5],
    [TWO, "slack", 10, 0.5],
    [TWO, "exact", 5, 1.5],
    [{ ...THREE, guard: false }, "levels", 5, 0.9],
  ] as const)("%j %s, %i s, round trip %s", (code, timers, interval, roundTrip) => {
    const request = {
      ...USUAL,
      facts: { ...FACTS, timers },
      hz: [100],
      echoIntervals: [interval],
      roundTrips: [roundTrip],
    };
    const slow = checkWith(everyPhase(standIn(code)), request);
    const fast = checkWith(echoExplorer(standIn(code), STRATEGIES), request);
    expect(fast.figures).toEqual(slow.figures);
    expect(fast.properties).toEqual(slow.properties);
  });
});

describe("random workloads", () => {
  test("the same seed gives the same result, job by job", () => {
    const strategies = echoExplorer(standIn(TWO), STRATEGIES);
    const request = { ...USUAL, hz: [100], echoIntervals: [5], size: "full" as const };
    const survey = echoProperties.survey(request, strategies);
    const jobs = echoProperties.plan(request, survey).filter((job) => job.kind === "workload");
    expect(jobs.length).toBe(4);
    const run = (): unknown[] => jobs.map((job) => echoProperties.runJob(request, job, strategies));
    expect(run()).toEqual(run());
    const others = echoProperties.plan({ ...request, seed: 2 }, survey).filter((job) => job.kind === "workload");
    expect(others).not.toEqual(jobs);
  });

  test("find what one request alone does not, and shrink it", () => {
    // A watchdog of 1.2 intervals, and no guard: a server that pauses is given up, one that does not is kept.
    const strategies = echoExplorer(standIn({ ...TWO, timeoutIntervals: 1.2, guard: false }), STRATEGIES);
    const combination = { hz: 100, echoIntervalSeconds: 30, rttTicks: 1, isForDetection: true };
    const request = { ...USUAL, size: "full" as const };
    const phases = echoProperties.runJob(request, { kind: "phases", combination }, strategies);
    expect(phases.kind === "phases" && phases.result.violation).toBeNull();
    const violations = Array.from({ length: 80 }, (_, seed) => {
      const found = echoProperties.runJob(request, { kind: "workload", combination, seed }, strategies);
      return found.kind === "workload" ? found.result.violation : null;
    }).filter((one) => one !== null);
    expect(violations.length).toBeGreaterThan(0);
    for (const { scenario, schedule } of violations) {
      expect([scenario.pauses?.length, scenario.touches, schedule.maxLatenessTicks]).toEqual([1, [], 0]);
    }
  });
});

test("the published capture: every time to 0.15 s", () => {
  // 2 x, HZ=250. The echo of 19:04:59.37 is the anchor; a request is answered at 19:05:01.95.
  const run = standIn(TWO);
  const answered = 1.95 + 60 - 59.37;
  const record = run({
    hz: 250,
    ...FACTS,
    echoIntervalSeconds: 60,
    rttTicks: 1,
    startOffsetTicks: 0,
    anchorEcho: 4,
    touches: [Math.round(answered * 250) - 1],
    deathTicks: null,
    endEchoesAfterAnchor: 4,
  });
  const seconds = (tick: number): number => (tick - record.anchorTick) / 250 + 4 * 60 + 59.37;
  const captured = [115.05, 176.49, 237.94, 299.37, 360.9, 422.27];
  expect(record.works).toHaveLength(6);
  for (const [i, tick] of record.works.entries())
    expect(Math.abs(seconds(tick) - (captured[i] ?? 0))).toBeLessThan(0.15);
  expect(record.echoes.map((tick) => record.works.indexOf(tick))).toEqual([0, 1, 2, 3, 5]);
  expect(Math.abs(seconds(record.declaredDead?.lastResponseTick ?? 0) - 301.95)).toBeLessThan(0.15);
  const reconnect = seconds(record.declaredDead?.tick ?? 0);
  expect(reconnect).toBeGreaterThan(422.25 - 0.15);
  expect(reconnect).toBeLessThan(422.27 + 0.15);
});
