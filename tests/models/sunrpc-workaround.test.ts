/** Which settings a check recommends, from its own results alone, and what is said of how to make them. */
import { describe, expect, test } from "vitest";
import type { ScenarioFigures } from "../../kernel-models/sunrpc-reconnect/figure-types.ts";
import { adviceOf, workaroundsOf, workersIn } from "../../kernel-models/sunrpc-reconnect/workaround.ts";

type Row = readonly [user: string, rpciod: string, scheduler: ScenarioFigures["scheduler"], seconds: number | null];

function scenario([user, rpciod, scheduler, recoverySeconds]: Row): ScenarioFigures {
  return {
    ...{ user, rpciod, scheduler, recoverySeconds },
    cpus: 1,
    verdict: recoverySeconds === null ? "violated" : "holds",
    states: 1,
    transitions: 1,
    preemptions: 0,
    stoppedBy: "complete",
    property: recoverySeconds === null ? "progress" : null,
    what: recoverySeconds === null ? "it comes to nothing" : null,
  };
}

const scenarios = (...rows: readonly Row[]): readonly ScenarioFigures[] => rows.map(scenario);
const advice = (rows: readonly ScenarioFigures[], workers: "rpciod" | "kworker" | null = "rpciod"): readonly string[] =>
  adviceOf(rows, workaroundsOf(rows), workers);

const MIXED = scenarios(
  ["OTHER", "OTHER", "any", null],
  ["OTHER", "FIFO 7", "any", 8],
  ["OTHER", "RR 60", "fair", 8],
  ["OTHER", "RR 60", "any", 68.04],
  ["RR 50", "OTHER", "any", null],
  ["RR 50", "FIFO 7", "any", null],
  ["RR 50", "RR 60", "any", 9],
);

describe("what avoids a violation", () => {
  test("is a policy with which no scenario of a user fails, with the slowest recovery", () => {
    expect(workaroundsOf(MIXED)).toEqual([
      { rpciod: "FIFO 7", users: ["OTHER"], recoverySeconds: 8 },
      { rpciod: "RR 60", users: ["OTHER", "RR 50"], recoverySeconds: 68.04 },
    ]);
    expect(advice(MIXED)).toEqual([
      "Avoided, among the settings tried, by rpciod RR 60 (recovers within 68.0 s).",
      "Avoided for user OTHER alone, among the settings tried, by rpciod FIFO 7 (recovers within 8.0 s).",
      "To set it, as root: chrt -r -p 60 PID, for each thread rpciod/N.",
    ]);
  });

  test("is nothing where nothing is violated", () => {
    const rows = scenarios(["OTHER", "OTHER", "any", 8], ["OTHER", "RR 60", "any", 8]);
    expect([workaroundsOf(rows), advice(rows)]).toEqual([[], []]);
  });

  test("is no policy that was not followed to its end", () => {
    const rows = scenarios(["OTHER", "OTHER", "any", null], ["OTHER", "RR 60", "any", 8]);
    const open = rows.map((one) => ({
      ...one,
      verdict: one.verdict === "holds" ? ("inconclusive" as const) : one.verdict,
    }));
    expect(workaroundsOf(open)).toEqual([]);
    expect(advice(open)).toEqual(["For user OTHER no setting of rpciod that was tried avoids it."]);
  });

  test("counts for the schedules that were looked at", () => {
    const rows = scenarios(["RR 50", "OTHER", "fair", null], ["RR 50", "FIFO 60", "fair", 8]);
    expect(advice(rows)).toEqual([
      "Avoided, among the settings tried (of schedules, fair only), by rpciod FIFO 60 (recovers within 8.0 s).",
      "To set it, as root: chrt -f -p 60 PID, for each thread rpciod/N.",
    ]);
  });

  test("cannot be set where all queues share their threads", () => {
    expect(advice(MIXED, "kworker").at(-1)).toMatch(/^It cannot be set for good on this kernel: works run in kworkers/);
    expect(advice(MIXED, null).at(-1)).toMatch(/^To set it, .*; a kernel without such threads has none to set: /);
  });
});

test("who runs works is read from the header", () => {
  expect(workersIn("#define create_workqueue(name) __create_workqueue((name), 0, 0, 0)\n")).toBe("rpciod");
  expect(workersIn("#define create_workqueue(name) alloc_workqueue((name), WQ_MEM_RECLAIM, 1)\n")).toBe("kworker");
  expect([workersIn(null), workersIn("struct work_struct;\n")]).toEqual([null, null]);
});
