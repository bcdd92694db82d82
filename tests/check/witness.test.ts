import { describe, expect, test } from "vitest";
import {
  type EchoSchedule,
  type RunScenario,
  type Scenario,
  sameRecord,
  settingsText,
} from "../../kernel-models/cifs-echo/echo-run.ts";
import { historyOf } from "../../kernel-models/cifs-echo/event-rows.ts";
import { cifsEcho } from "../../kernel-models/cifs-echo/system.ts";
import { replayed } from "../../tools/check/replayed.ts";
import {
  completed,
  differenceOf,
  parseWitness,
  play,
  type Witness,
  WitnessError,
  witnessText,
} from "../../tools/check/witness.ts";
import { RandomDecisions, RecordingDecisions } from "../../tools/simulator/decisions.ts";
import { seededGenerator } from "../../tools/simulator/random.ts";
import { UNLUCKY } from "./echo-scenario.ts";
import { standIn, THREE, TWO } from "./stand-in.ts";

const PLAIN: EchoSchedule = { scenario: UNLUCKY, maxLatenessTicks: 0, decisions: [] };

function witnessOf(run: RunScenario, schedule: EchoSchedule): Witness<Scenario> {
  const whole = completed(run, schedule);
  return {
    format: "groundhog-witness",
    version: 1,
    system: "cifs-echo",
    property: "healthy-server-kept",
    kernel: { id: "sample", version: null },
    modelSha256: "0".repeat(64),
    ...whole,
    expected: play(run, whole, cifsEcho.witness).expected,
  };
}

describe("a witness", () => {
  test("survives its file and runs to the same end", () => {
    const witness = parseWitness(witnessText(witnessOf(standIn(TWO), PLAIN)), cifsEcho);
    const { expected, recorder } = play(standIn(TWO), witness as EchoSchedule, cifsEcho.witness);
    expect(differenceOf(witness.expected, expected)).toBeNull();
    expect(expected.endsWith).toBe("declared-dead");
    expect(recorder.dropped).toBe(0);
  });

  test("says so when another model comes to another end", () => {
    const witness = witnessOf(standIn(TWO), PLAIN);
    const { expected } = play(standIn(THREE), witness as EchoSchedule, cifsEcho.witness);
    expect(differenceOf(witness.expected, expected)).toBe("endsWith was declared-dead and is now kept");
  });

  test("with decisions: they are part of it, and one that differs is a fault", () => {
    const run = standIn(TWO);
    const recording = new RecordingDecisions(new RandomDecisions(seededGenerator(4)));
    run(UNLUCKY, { decisions: recording, maxLatenessTicks: 20 });
    const late: EchoSchedule = { scenario: UNLUCKY, maxLatenessTicks: 20, decisions: recording.decisions };
    expect(recording.decisions.some((one) => one.label === "latency" && one.chosen > 0)).toBe(true);
    const witness = witnessOf(run, late);
    expect(differenceOf(witness.expected, play(run, late, cifsEcho.witness).expected)).toBeNull();
    const [first, ...others] = late.decisions;
    if (first === undefined) throw new Error("no decisions");
    const changed = { ...late, decisions: [{ ...first, n: first.n + 1 }, ...others] };
    expect(() => play(run, changed, cifsEcho.witness)).toThrow(/decision 0 was/);
  });

  test.each([
    ["", /is not JSON/],
    ["[]", /is no witness/],
    ['{"format": "groundhog-witness", "version": 2}', /version 2; this reads version 1/],
    ['{"format": "groundhog-witness", "version": 1}', /is no good witness: system/],
  ])("%j is refused", (text, message) => {
    expect(() => parseWitness(text, cifsEcho)).toThrow(WitnessError);
    expect(() => parseWitness(text, cifsEcho)).toThrow(message);
  });

  test.each([
    ["hz", 3],
    ["touches", [-1]],
    ["touches", new Array(1001).fill(1)],
    ["anchorEcho", 0.5],
    ["timers", "quartz"],
    ["surprise", 1],
  ])("a scenario whose %s is %j is refused", (key, value) => {
    const good = witnessOf(standIn(TWO), PLAIN);
    const text = JSON.stringify({ ...good, scenario: { ...good.scenario, [key]: value } });
    expect(() => parseWitness(text, cifsEcho)).toThrow(/is no good witness: scenario/);
  });
});

describe("the property of a witness", () => {
  const text = (property: string): string => JSON.stringify({ ...witnessOf(standIn(TWO), PLAIN), property });

  test.each(["no-such-thing", "constructor", "has-own-property"])("%j, which the system does not have", (property) => {
    const message = `is no good witness: cifs-echo has no property ${property}; there are healthy-server-kept, `;
    expect(() => parseWitness(text(property), cifsEcho)).toThrow(WitnessError);
    expect(() => parseWitness(text(property), cifsEcho)).toThrow(message);
  });

  test("is the one that its end says, where ends say one", () => {
    const witness = { ...cifsEcho.witness, propertyOf: () => "echo-resumes" };
    const saying = { ...cifsEcho, witness };
    expect(parseWitness(text("echo-resumes"), saying).property).toBe("echo-resumes");
    expect(() => parseWitness(text("echo-goes-on"), saying)).toThrow(
      'it is to violate echo-goes-on, and its own end violates "echo-resumes"',
    );
  });
});

describe("each run is replayed once", () => {
  test("and comes out the same", () => {
    const run = standIn(TWO);
    expect(replayed(run, sameRecord, settingsText)(UNLUCKY)).toEqual(run(UNLUCKY));
  });

  test("one that depends on what ran before is a fault", () => {
    let runs = 0;
    const forgetful: RunScenario = (scenario, options) => {
      const record = standIn(TWO)(scenario, options);
      return { ...record, requestsUnanswered: runs++ };
    };
    expect(() => replayed(forgetful, sameRecord, settingsText)(UNLUCKY)).toThrow(
      /came out differently the second time/,
    );
  });

  test("one that asks for less the second time, too", () => {
    let runs = 0;
    const moody: RunScenario = (scenario, options) => {
      if (runs++ === 0) options?.decisions?.choose(2, "whim");
      return standIn(TWO)(scenario, options);
    };
    expect(() => replayed(moody, sameRecord, settingsText)(UNLUCKY)).toThrow(/came out differently/);
  });
});

test("the history of a run: what happened in which order", () => {
  const { record, recorder } = play(standIn(TWO), completed(standIn(TWO), PLAIN), cifsEcho.witness);
  const history = historyOf(UNLUCKY, record, recorder.events);
  const rows = history.rows.map((row) => [(row.tick - history.anchorTick) / 250, row.kind]);
  expect(rows).toEqual([
    [-61.44, "echo-sent"],
    [-61.436, "echo-answer"],
    [0, "echo-sent"],
    [0.004, "echo-answer"],
    [2.656, "request"],
    [2.66, "request-answer"],
    [61.44, "echo-suppressed"],
    [122.88, "echo-sent"],
    [122.884, "late-answer"],
    [122.884, "declared-dead"],
  ]);
  expect(history.rows.map((row) => row.rearmedTicks).filter((ticks) => ticks !== null)).toEqual([
    15_360, 15_360, 15_360, 15_360,
  ]);
  expect([history.granuleTicks, history.suppressed, history.answeredAtDeath]).toEqual([512, 1, true]);
});
