/**
 * The properties of the reconnect on the sample: one-worker, which no step violates by itself, and what is said where a
 * search was cut short.
 */
import { describe, expect, test } from "vitest";
import { type ReconnectRequest, reconnectProperties } from "../../kernel-models/sunrpc-reconnect/properties.ts";
import type { ReconnectRun } from "../../kernel-models/sunrpc-reconnect/reconnect-run.ts";
import type { Scenario } from "../../kernel-models/sunrpc-reconnect/scenarios.ts";
import { sunrpcReconnect } from "../../kernel-models/sunrpc-reconnect/system.ts";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import type { RunFault } from "../../tools/check/run.ts";
import type { ScheduleBounds, ScheduleSearch } from "../../tools/check/schedule.ts";
import { STRATEGIES } from "../../tools/check/strategies.ts";
import type { Verdict } from "../../tools/check/verdict.ts";
import { play } from "../../tools/check/witness.ts";
import { checkPrepared, type Narrowing, type Prepared, prepare } from "../../tools/cli/check-system.ts";
import { modelOf, programOf } from "../../tools/cli/translation.ts";
import { firstChoice, ReplayDecisions } from "../../tools/simulator/decisions.ts";
import type { TraceEvent } from "../../tools/simulator/trace.ts";
import { type Edit, editedKernel } from "../kernels/edited.ts";
import { SOCKET, TRANSPORT } from "../repair/reconnect-kernel.ts";
import { sampleSource, WAKES_FIRST } from "./sunrpc-run.ts";

type Ready = Prepared<Scenario, ReconnectRun>;

/** The newest step, where everything holds. */
const NEWEST = 12;

/** Every schedule with one preemption, of a user and workers of each policy. */
function narrowing(cpus: number, own: Narrowing["own"] = {}): Narrowing {
  const users = ["OTHER", "RR 50"];
  const rpciods = ["OTHER", "RR 51"];
  const all = { users, rpciods, cpus: [cpus], schedulers: ["any"], preemptions: [1], ...own };
  return { hz: [250], own: all, wheel: null, seed: 1, size: "full" };
}

/** A step, edited, ready to be checked. */
async function prepared(narrowed: Narrowing, edits: readonly Edit[] = [], step = NEWEST): Promise<Ready> {
  const source = await editedKernel(await sampleSource(step), edits);
  const model = await modelOf(source, await programOf(source, everythingEnabled()), sunrpcReconnect);
  expect(model.unmodelled).toEqual([]);
  return prepare(sunrpcReconnect, model, narrowed);
}

describe("one-worker", () => {
  const ASKED = "if (!xprt_test_and_set_connecting(xprt))\n\t\txprt->ops->connect(task);";
  /** Who asks for a connection queues the worker whether it connects or not, but nobody is woken before its end. */
  const NEVER_ASKS: Edit = {
    file: TRANSPORT,
    replace: [[ASKED, "xprt_test_and_set_connecting(xprt);\n\txprt->ops->connect(task);"]],
  };

  const HOLDS = { progress: "holds", "one-worker": "holds", "no-lost-call": "holds" } as const;
  // A search ends at the first violation: nothing is said of the others.
  const VIOLATED = { progress: "inconclusive", "one-worker": "violated", "no-lost-call": "inconclusive" } as const;

  test.each<readonly [string, readonly Edit[], number, Readonly<Record<string, Verdict>>]>([
    ["holds on the step as it is", [], 2, HOLDS],
    // Who is woken runs while the worker does, and finds that somebody is connecting.
    ["holds where the worker wakes before it says that it connects no more", [WAKES_FIRST], 2, HOLDS],
    ["holds where nobody asks whether a worker is connecting", [NEVER_ASKS], 2, HOLDS],
    // A work item that runs on a CPU does not begin there again before it has ended.
    ["holds with both on one CPU", [WAKES_FIRST, NEVER_ASKS], 1, HOLDS],
    // On another CPU it does, as up to 3.6: __queue_work() of kernel/workqueue.c has looked where it runs since 3.7.
    ["is violated with both on two CPUs", [WAKES_FIRST, NEVER_ASKS], 2, VIOLATED],
  ])("%s", async (_, edits, cpus, verdicts) => {
    const ready = await prepared(narrowing(cpus), edits);
    const { result } = await checkPrepared(ready, () => {});
    expect(result.reasons).toEqual([]);
    expect(Object.fromEntries(result.properties.map(({ name, verdict }) => [name, verdict]))).toEqual(verdicts);
  });

  test("has a witness in which the second worker begins before the first has ended", async () => {
    const ready = await prepared(narrowing(2), [WAKES_FIRST, NEVER_ASKS]);
    const { result } = await checkPrepared(ready, () => {});
    const found = result.properties.find(({ name }) => name === "one-worker")?.violation ?? null;
    if (found === null) throw new Error("one-worker holds");
    const works: string[] = [];
    const trace = (event: TraceEvent): void => {
      const text = event.kind === "note" && event.name === "work" ? String(event.values[0]) : "";
      if (text.startsWith("connect_worker ")) works.push(text);
    };
    const run = ready.run(found.scenario, { decisions: new ReplayDecisions(found.decisions, firstChoice), trace });
    expect(run).toMatchObject({ endsWith: "bad", property: "one-worker", fault: null });
    expect(reconnectProperties.judge("one-worker", found.scenario, run)).toBe(true);
    expect(reconnectProperties.judge("progress", found.scenario, run)).toBe(false);
    const [before, ...begun] = works.slice(-3);
    expect(before).toBe("connect_worker ends");
    expect(begun.map((text) => text.replace(/:\d+$/, "")).sort()).toEqual([
      "connect_worker begins on rpciod/0",
      "connect_worker begins on rpciod/1",
    ]);
  });
});

test("a hang that needs a scheduler that prefers who is woken is found among all schedules, too", async () => {
  const own = { users: ["OTHER"], rpciods: ["OTHER"], schedulers: ["eager", "any"], preemptions: null };
  const { result } = await checkPrepared(await prepared(narrowing(1, own), [], 4), () => {});
  const scenarios = [
    { scheduler: "eager", verdict: "violated", preemptions: 0 },
    { scheduler: "any", verdict: "violated", preemptions: 4 },
  ];
  expect(result.figures).toMatchObject({ scenarios });
  expect(result.bounds.join()).toMatch(/schedules "any": up to 4 preemptions that nobody had to make/);
});

describe("what goes wrong before the restart", () => {
  const PLAINLY = { users: ["RR 50"], rpciods: ["OTHER"], schedulers: ["fair"] };
  const COMPLETES = "xprt_complete_rqst(xprt, reply.xid, reply.len);";
  const SENDS = "sent = kernel_sendmsg(sock, &msg, &rest, 1, rest.iov_len);";

  test.each([
    [
      "progress",
      "a call over an open way that is never answered",
      [COMPLETES, "reply.len = 0;"],
      "the first call has no answer after 900 s, with the way open all along",
    ],
    ["no-lost-call", "a call over an open way that fails", [SENDS, "sent = -EIO;"], "a hard call ends with -5"],
  ] as const)("%s: %s", async (name, _, replace, what) => {
    const ready = await prepared(narrowing(1, PLAINLY), [{ file: SOCKET, replace: [replace] }]);
    const { result } = await checkPrepared(ready, () => {});
    expect([result.verdict, result.reasons]).toEqual(["violated", []]);
    // Figures name errors as C does.
    const told = what.replace("-5", "-EIO");
    expect(result.figures).toMatchObject({ scenarios: [{ verdict: "violated", what: told, stoppedBy: "violation" }] });
    const found = result.properties.find((one) => one.name === name)?.violation ?? null;
    if (found === null) throw new Error(`${name} holds`);
    const played = play(ready.run, found, sunrpcReconnect.witness);
    expect(played.record).toMatchObject({ endsWith: "bad", property: name, what, fault: null });
    expect(reconnectProperties.judge(name, found.scenario, played.record)).toBe(true);
    const { from } = sunrpcReconnect.witness.timelineOf(found.scenario, played.record, played.recorder.events);
    expect(from).toBe("the first call");
  });
});

test("a tree that does not say what connect() does on a blackhole route has no verdict", async () => {
  // The step hangs with one error number and not with another.
  const whole = await sampleSource(4);
  const source = { ...whole, read: async (path: string) => (path === "Makefile" ? null : whole.read(path)) };
  const model = await modelOf(source, await programOf(source, everythingEnabled()), sunrpcReconnect);
  const narrowed = narrowing(1, { users: ["RR 50"], rpciods: ["OTHER"], schedulers: ["fair"] });
  const { result } = await checkPrepared(prepare(sunrpcReconnect, model, narrowed), () => {});
  expect([result.verdict, ...result.properties.map(({ verdict }) => verdict)]).toEqual(
    new Array(4).fill("inconclusive"),
  );
  expect(result.reasons.join()).toMatch(/^what connect\(\) says of a blackhole route is not known: neither/);
  expect(result.properties.map(({ violation }) => violation)).toEqual([null, null, null]);
});

describe("a search that was cut short", () => {
  type Cut = Partial<ScheduleBounds>;

  /** A row for each of the bounds, checked as a table. */
  async function searched(bounds: readonly Cut[]) {
    const { setup, run } = await prepared(narrowing(2, { users: ["OTHER"], rpciods: ["OTHER"] }));
    const request = setup.request as ReconnectRequest;
    const explorer = reconnectProperties.explorer(run, STRATEGIES);
    const told = reconnectProperties.survey(request, explorer);
    const [row] = reconnectProperties.plan(request, told);
    if (row === undefined) throw new Error("no row");
    const jobs = bounds.map((one) => ({ ...row, bounds: { ...row.bounds, ...one } }));
    const results: (ScheduleSearch | RunFault)[] = jobs.map((job) =>
      reconnectProperties.runJob(request, job, explorer),
    );
    return { result: reconnectProperties.conclude(request, told, jobs, results, 0), searches: results };
  }

  /** Less than what the search of the row takes, and enough for some histories to end. */
  const FEW_STATES: Cut = { states: 100 };
  const FEW_STEPS: Cut = { steps: 40 };

  test("holds where nothing cuts it", async () => {
    const { result, searches } = await searched([{}]);
    expect(searches).toMatchObject([{ violation: null, stoppedBy: "complete" }]);
    expect([result.verdict, result.reasons]).toEqual(["holds", []]);
  });

  test.each<readonly [ScheduleSearch["stoppedBy"], Cut, string, string]>([
    ["states", FEW_STATES, "the search ended at 100 states", "1 scenario has more states than were looked at"],
    [
      "steps",
      FEW_STEPS,
      "histories were followed for 40 steps and no further",
      "1 scenario has histories of more steps than were followed",
    ],
  ])("by the number of %s, and found nothing, is inconclusive and says so", async (stoppedBy, cut, why, bound) => {
    const { result, searches } = await searched([cut]);
    expect(searches).toMatchObject([{ violation: null, stoppedBy, ends: expect.any(Number) }]);
    // Histories came to their end: it is not for want of those.
    expect((searches[0] as ScheduleSearch).ends).toBeGreaterThan(0);
    expect([result.verdict, ...result.properties.map(({ verdict }) => verdict)]).toEqual(
      new Array(4).fill("inconclusive"),
    );
    expect(result.figures.scenarios.map(({ verdict }) => verdict)).toEqual(["inconclusive"]);
    expect(result.reasons).toEqual([
      `in 1 scenario, no violation was found, but not every schedule was looked at: ${why}`,
    ]);
    expect(result.bounds).toContain(bound);
    for (const { detail } of result.properties) expect(detail).toBe(`not every schedule could be followed: ${why}`);
  });

  test("makes a table inconclusive whose other rows hold", async () => {
    const { result } = await searched([{}, FEW_STATES, FEW_STATES, {}]);
    expect(result.reasons).toEqual([
      "in 2 scenarios, no violation was found, but not every schedule was looked at: the search ended at 100 states",
    ]);
    expect(result.verdict).toBe("inconclusive");
    expect(result.properties.map(({ verdict }) => verdict)).toEqual(new Array(3).fill("inconclusive"));
    expect(result.figures.scenarios.map(({ verdict }) => verdict)).toEqual([
      "holds",
      "inconclusive",
      "inconclusive",
      "holds",
    ]);
  });

  test("before any history has ended says so", async () => {
    const { result } = await searched([{ steps: 5 }]);
    expect(result.verdict).toBe("inconclusive");
    expect(result.reasons).toEqual([
      "in 1 scenario, no violation was found, but not every schedule was looked at: " +
        "histories were followed for 5 steps and no further; none has come to its end",
    ]);
  });
});
