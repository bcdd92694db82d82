/** What is said below a timeline: nothing but what the history shows. */
import { describe, expect, test } from "vitest";
import type { ReconnectRun } from "../../kernel-models/sunrpc-reconnect/reconnect-run.ts";
import type { Scenario } from "../../kernel-models/sunrpc-reconnect/scenarios.ts";
import { reconnectWitness } from "../../kernel-models/sunrpc-reconnect/witness.ts";
import type { TraceEvent } from "../../tools/simulator/trace.ts";

const SCENARIO: Scenario = {
  hz: 250,
  longBits: 64,
  timers: "levels",
  user: "RR 50",
  rpciod: "OTHER",
  cpus: 1,
  scheduler: "fair",
  pauseSeconds: 10,
  restartSeconds: 5,
  healSeconds: 15,
  serverEnd: "fin",
  boundSeconds: 900,
};
const LOOP = { fromStep: 3, steps: 4, rounds: 12 };

function reasons(
  lines: readonly string[],
  run: Pick<ReconnectRun, "endsWith" | "property" | "what">,
): readonly string[] {
  const events = lines.map((line, tick): TraceEvent => {
    const at = line.indexOf(" ");
    return { tick, kind: "note", name: line.slice(0, at), values: [line.slice(at + 1)] };
  });
  const scenario = run.endsWith === "loop" ? { ...SCENARIO, loop: LOOP } : SCENARIO;
  const record: ReconnectRun = { ...run, seconds: 1, steps: 9, rounds: 0, fault: null };
  return reconnectWitness.timelineOf(scenario, record, events).reasons;
}

const BEFORE = ["network blackhole", "user stat()", "tcp send = 128 (a.c:1 f)", "network restart"];
/** A wake-up whose status is taken for a connection, which is not why the call ends. */
const TAKEN = ["wake stat by rpciod/0, tk_status = -11", "tcp send = -88 (a.c:1 f)"];
const LOST = { endsWith: "bad", property: "no-lost-call", what: "a hard call ends with -5" } as const;

describe("a call that ends with an error", () => {
  test.each<readonly [string, readonly string[], string]>([
    [
      "because the worker hands the error on",
      ["tcp connect = -101 (a.c:2 g)", "wake stat by rpciod/0, tk_status = -101"],
      "At last connect() says -ENETUNREACH, the task is woken by rpciod/0 with -ENETUNREACH, and the call ends with -EIO.",
    ],
    [
      "because of an error that is not handed on",
      ["tcp connect = -22 (a.c:2 g)", "wake stat by rpciod/0"],
      "At last connect() says -EINVAL, the task is woken by rpciod/0, and the call ends with -EIO.",
    ],
    [
      "after a wake-up by a callback, within a call that succeeds",
      ["wake stat by rpciod/0, tk_status = -107", "tcp disconnect = 0 (a.c:2 g)"],
      "At last the task is woken by rpciod/0 with -ENOTCONN, and the call ends with -EIO.",
    ],
  ])("%s", (_, lines, sentence) => {
    expect(reasons([...BEFORE, ...TAKEN, ...lines, "user stat() = -5"], LOST)).toEqual([sentence]);
  });
});

describe("a loop", () => {
  const HANGS = { endsWith: "loop", property: "progress", what: "the loop went round" } as const;
  const ROUNDS = "The same state comes back every 4 steps; 12 rounds are in the witness (0.0 s in all).";
  const SENDS =
    "The status -EAGAIN that the wake-up gives to the task is taken for a connection: it goes on and sends.";

  test("in which a status is taken for a connection", () => {
    expect(reasons([...BEFORE, "network heal", ...TAKEN], HANGS)).toEqual([SENDS, ROUNDS]);
  });

  test("in which it is not: that it was before is no reason", () => {
    const lines = [
      ...BEFORE,
      ...TAKEN,
      "wake stat by rpciod/0, tk_status = -11",
      "tcp disconnect = 0",
      "tcp shutdown = -107",
    ];
    const round = ["wake stat by an interrupt, tk_status = -110", "tcp connect = -115 (a.c:2 g)"];
    expect(reasons([...lines, "network heal", ...round], HANGS)).toEqual([ROUNDS]);
  });
});

test("two workers at once: where they are", () => {
  const work = ["work connect_worker begins on rpciod/0", "work connect_worker ends"];
  const both = [
    "work connect_worker begins on rpciod/0:1",
    "work other begins on rpciod/1",
    "work connect_worker begins on rpciod/1",
  ];
  const what = "two connect workers run at once";
  expect(reasons([...BEFORE, ...work, ...TAKEN, ...both], { endsWith: "bad", property: "one-worker", what })).toEqual([
    "The connect worker begins on rpciod/1 before it has ended on rpciod/0:1.",
  ]);
});

test("a replay in which the call ends says nothing of what made it hang elsewhere", () => {
  const ends = { endsWith: "progress", property: "progress", what: "the call ends" } as const;
  expect(reasons([...BEFORE, "network heal", ...TAKEN, "user stat() = 0"], ends)).toEqual([]);
  expect(reasons([...BEFORE, ...TAKEN], { endsWith: "open", property: "", what: "" })).toEqual([
    "the history ends before the call does.",
  ]);
});
