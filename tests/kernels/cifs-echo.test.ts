/**
 * The SMB echo of real kernels, as it is and with the old bug. Figures are those that a booted kernel showed, and those
 * of a published capture.
 */
import { describe, expect, test } from "vitest";
import type { RunRecord, Scenario } from "../../kernel-models/cifs-echo/echo-run.ts";
import { cifsEcho } from "../../kernel-models/cifs-echo/system.ts";
import type { Schedule } from "../../tools/check/verdict.ts";
import { completed, differenceOf, type Played, parseWitness, play, type Witness } from "../../tools/check/witness.ts";
import { replay, timelineOf, witnessesOf } from "../../tools/cli/witnesses.ts";
import { checkedModel, type EchoChecked } from "./checked.ts";
import { type Context, type Subject, useSubjects } from "./subjects.ts";
import { typeComplaints } from "./type-check.ts";

const VERSIONS = ["6.1", "6.12"] as const;

const subjects = useSubjects(VERSIONS);
const kernel = (context: Context, version: string): Subject => subjects.get(context, version);

/** The witness of the old bug, as its file has it. */
function witnessOf({ checked, source }: Subject): { readonly witness: Witness<Scenario>; readonly timeline: string } {
  const made = witnessesOf(checked[2], source).find((one) => one.property === "healthy-server-kept");
  const text = made?.files.get(made.file);
  if (made === undefined || text === undefined) throw new Error("no witness");
  return { witness: parseWitness(text, cifsEcho), timeline: made.timeline };
}

describe.each(VERSIONS)("linux-source-%s as it is: 3 intervals", (version) => {
  test("holds, with nothing left unmodelled", (context) => {
    const { checked, models } = kernel(context, version);
    expect(models[3].unmodelled).toEqual([]);
    expect(models[3].timers).toBe("levels");
    expect(checked[3].result.reasons).toEqual([]);
    expect(checked[3].result.properties.map((one) => one.verdict)).toEqual(
      checked[3].result.properties.map(() => "holds"),
    );
    expect(checked[3].result.figures.timeoutIntervals).toBe(3);
  });

  test("a server that dies right after an answered echo is declared dead 186.37 s after that echo", (context) => {
    const [detection] = kernel(context, version).checked[3].result.figures.detection;
    expect(detection?.afterEchoSeconds).toBeGreaterThan(186.27);
    expect(detection?.afterEchoSeconds).toBeLessThan(186.47);
  });

  test("an interval of 60 s has no window at any HZ", async (context) => {
    const { models } = kernel(context, version);
    const { result } = await checkedModel(models[3], { hz: [100, 250, 300, 1000], size: "brief" });
    expect([result.verdict, result.figures.windows, result.figures.idle.length]).toEqual(["holds", [], 4]);
  });
});

test("the models type-check under the project's own tsconfig", (context) => {
  const texts = VERSIONS.map((version) => [version, kernel(context, version).models[3].text] as const);
  const broken = `${texts[0]?.[1] ?? ""}\nexport const wrong: number = "text";\n`;
  const complaints = typeComplaints(new Map([...texts, ["broken", broken]]));
  expect(complaints.filter((one) => !one.includes("type-check-broken"))).toEqual([]);
  expect(complaints.join()).toMatch(/type-check-broken\.ts:\d+: Type 'string' is not assignable to type 'number'/);
});

describe.each(VERSIONS)("linux-source-%s with the old bug: 2 intervals", (version) => {
  test("the window of 2.44 to 2.88 s, a share of 0.72%, a period of 61.440 s", (context) => {
    const { figures, verdict } = kernel(context, version).checked[2].result;
    expect(verdict).toBe("violated");
    expect(figures.windows.map((one) => [one.fromSeconds, one.toSeconds])).toEqual([[2.44, 2.88]]);
    expect(figures.worstShare).toBeGreaterThan(0.0071);
    expect(figures.worstShare).toBeLessThan(0.0073);
    expect(figures.idle[0]?.periodSeconds).toBe(61.44);
    expect([figures.wheel, figures.timeoutIntervals, figures.idleEchoesPerHour]).toEqual(["levels", 2, 58.59]);
    expect(figures.reproduce).toMatch(/HZ=250.*echo_interval=60.*2\.44 to 2\.88 s/);
  });

  test("the watchdog fires on the arrival of the late echo's answer, 120.2 to 120.3 s after the last one", (context) => {
    const subject = kernel(context, version);
    const { witness, timeline } = witnessOf(subject);
    const { record } = play(subject.checked[2].run, witness, cifsEcho.witness);
    const { declaredDead, responses } = record;
    const gap = ((declaredDead?.tick ?? 0) - (declaredDead?.lastResponseTick ?? 0)) / 250;
    expect(gap).toBeGreaterThan(120.2);
    expect(gap).toBeLessThan(120.3);
    expect(responses.at(-1)).toBe(declaredDead?.tick);
    expect(declaredDead?.by).toMatch(/^fs\/smb\/client\/connect\.c:\d+ server_unresponsive$/);
    expect(timeline).toMatch(/triggered by the answer itself/);
  });

  test("a dead server is declared dead 121.86 s after its last answered echo", (context) => {
    const [detection] = kernel(context, version).checked[2].result.figures.detection;
    expect(detection?.afterEchoSeconds).toBeGreaterThan(121.76);
    expect(detection?.afterEchoSeconds).toBeLessThan(121.96);
  });

  test("exact timers and short round trips: no window", async (context) => {
    const { models } = kernel(context, version);
    const { result } = await checkedModel(models[2], {
      wheel: "exact",
      own: { roundTrips: ["1jiffy", 0.5] },
      size: "brief",
    });
    expect([result.verdict, result.figures.windows]).toEqual(["holds", []]);
    expect(result.figures.idle[0]?.periodSeconds).toBe(60);
  });

  test("the witness comes to the same end again; a changed one does not, and neither does another kernel", (context) => {
    const subject = kernel(context, version);
    const { witness } = witnessOf(subject);
    const endOf = (checked: EchoChecked, one: Witness<Scenario>) =>
      differenceOf(witness.expected, expected(checked, one));
    expect(endOf(subject.checked[2], witness)).toBeNull();
    const moved = { ...witness, scenario: { ...witness.scenario, touches: [750] } };
    expect(endOf(subject.checked[2], moved)).toMatch(/^endsWith was declared-dead and is now kept$/);
    expect(endOf(subject.checked[3], witness)).toMatch(/^endsWith was declared-dead and is now kept$/);
    const nearby = { ...witness, scenario: { ...witness.scenario, touches: [662] } };
    expect(endOf(subject.checked[2], nearby)).toMatch(/lastResponseTick was/);
  });
});

function expected(checked: EchoChecked, witness: Witness<Scenario>): Witness["expected"] {
  const played = replay(checked, witness);
  if (played === null) throw new Error("other decisions");
  return played.expected;
}

/** Seconds of the day. */
function at(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(":").map(Number);
  return (hours * 60 + minutes) * 60 + seconds;
}

describe.each(VERSIONS)("the published capture, on linux-source-%s with the old bug", (version) => {
  const ANCHOR = at("19:04:59.37");
  const scenario: Scenario = {
    hz: 250,
    longBits: 64,
    timers: "levels",
    msleepAddsJiffy: true,
    echoIntervalSeconds: 60,
    rttTicks: 1,
    startOffsetTicks: 0,
    anchorEcho: 4,
    // One jiffy later it is answered: 19:05:01.95.
    touches: [Math.round((at("19:05:01.95") - ANCHOR) * 250) - 1],
    deathTicks: null,
    endEchoesAfterAnchor: 4,
  };

  const played = ({
    run,
  }: EchoChecked): { readonly schedule: Schedule<Scenario>; readonly played: Played<RunRecord> } => {
    const schedule = completed(run, { scenario, maxLatenessTicks: 0, decisions: [] });
    return { schedule, played: play(run, schedule, cifsEcho.witness) };
  };

  test("each time within 0.15 s", (context) => {
    const { record } = played(kernel(context, version).checked[2]).played;
    const time = (tick: number): number => ANCHOR + (tick - record.anchorTick) / 250;
    const near = (ticks: readonly number[], times: readonly string[]): void => {
      expect(ticks).toHaveLength(times.length);
      for (const [i, tick] of ticks.entries()) {
        expect(Math.abs(time(tick) - at(times[i] ?? "")), `${times[i]}`).toBeLessThan(0.15);
      }
    };
    const sent = ["19:01:55.05", "19:02:56.49", "19:03:57.94", "19:04:59.37", "19:07:02.27"];
    near(record.echoes, sent);
    near(record.works, [...sent.slice(0, 4), "19:06:00.90", "19:07:02.27"]);
    near([record.declaredDead?.lastResponseTick ?? 0], ["19:05:01.95"]);
    near([record.declaredDead?.tick ?? 0], ["19:07:02.26"]);
  });

  test("the timeline says what the drift is, and why there is a window", (context) => {
    const { schedule, played: whole } = played(kernel(context, version).checked[2]);
    const text = timelineOf(cifsEcho, schedule, whole);
    expect(text).toMatch(/The echo runs every 61\.440 s instead of every 60 s because .*granularity of 2\.048 s/);
    expect(text).toMatch(/this is the drift, not processing time\./);
    expect(text).toMatch(/The window exists because a response that comes a little after an echo suppresses the next/);
    expect(text).toMatch(/61\.440 +echo suppressed +last response 58\.860 s ago/);
  });

  test("with 3 intervals the connection would have been kept", (context) => {
    const { record } = played(kernel(context, version).checked[3]).played;
    expect(record.declaredDead).toBeNull();
    expect(record.echoes).toHaveLength(7);
  });
});
