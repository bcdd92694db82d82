/** The sample kernel at each step of its history, against the tables of kernel-models/sample/README.md. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import { openKernel } from "../../tools/kernel/open.ts";
import type { Duration, Fact } from "../../tools/timing/fact.ts";
import { type Probe, probeOf } from "../../tools/timing/probe.ts";
import { type Scan, scanKernel } from "../../tools/timing/scan.ts";
import { factsOfKind } from "./memory-source.ts";

const STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const PROJECT = join(import.meta.dirname, "../..");
const cache = mkdtempSync(join(tmpdir(), "groundhog-sample-test-"));
const scans = new Map<number, Scan>();

beforeAll(async () => {
  for (const step of STEPS) {
    const source = await openKernel(`sample@${step}`, {
      wanted: ["fs", "net", "include", "kernel"],
      cacheDirectory: cache,
      sampleDirectory: join(PROJECT, "kernel-models/sample"),
      workingDirectory: cache,
    });
    scans.set(step, await scanKernel(source, [], everythingEnabled()));
    await source.close();
  }
});

afterAll(() => rmSync(cache, { recursive: true, force: true }));

function scanAt(step: number): Scan {
  const scan = scans.get(step);
  if (scan === undefined) throw new Error(`step ${step} was not scanned`);
  return scan;
}

/** The echo job, which must be there. */
function echoAt(step: number): Probe {
  const probe = probeOf(scanAt(step).facts, "cifs_echo_request");
  if (probe === null) throw new Error(`step ${step} has no echo job`);
  return probe;
}

function edges(step: number, state: string): string[] {
  return factsOfKind(scanAt(step), "task-state")
    .filter((fact) => fact.state === state)
    .flatMap((fact) =>
      fact.status.length === 0 ? [`any: ${fact.next}`] : fact.status.map((one) => `${one}: ${fact.next}`),
    );
}

/** Seconds where a name in the length has one known value. */
function secondsOf(length: Duration): number | null {
  if (length.seconds !== null) return length.seconds;
  const [term] = length.terms;
  const [name] = term?.symbols ?? [];
  const values = length.locals?.find((local) => local.name === name)?.values ?? [];
  const value = values.length === 1 ? Number(values[0]) : Number.NaN;
  return term === undefined || length.terms.length !== 1 || Number.isNaN(value) ? null : term.factor * value;
}

/** A fact without its place. */
function placeless(fact: Fact): string {
  const withoutLines = JSON.stringify({
    ...fact,
    file: fact.file.replace(/^fs\/(?:cifs|smb\/client)\//, ""),
    line: 0,
    column: 0,
  });
  return withoutLines.replace(/"line":\d+/g, '"line":0').replace(/"fs\/(?:cifs|smb\/client)\//g, '"');
}

describe.each(STEPS)("step %i", (step) => {
  test("every function is parsed, and nothing is left unsaid", () => {
    const { coverage, problems, notes } = scanAt(step);
    expect([coverage.functionsWithErrors, coverage.unparsed, coverage.functionsInactive]).toEqual([0, [], 0]);
    expect([problems, notes]).toEqual([[], []]);
    expect(coverage.functions).toBeGreaterThan(90);
  });

  test("what is the same at all steps: cifs", () => {
    const waits = factsOfKind(scanAt(step), "timed-wait").map(
      (one) => `${one.function} ${one.primitive} ${one.length.text}`,
    );
    expect(waits).toEqual(
      expect.arrayContaining([
        "generic_ip_connect sk_rcvtimeo 7 s",
        "generic_ip_connect sk_sndtimeo 5 s",
        "cifs_readv_from_socket msleep 1 ms",
        "cifs_reconnect msleep 3000 ms",
        "smb2_reconnect wait_event_interruptible_timeout 10 s",
        "smb_send msleep 1 << tries",
      ]),
    );
    const stamps = factsOfKind(scanAt(step), "timestamp").filter((one) => one.target.field === "lstrp");
    expect(stamps.map((one) => one.function).sort()).toEqual([
      "cifs_abort_connection",
      "cifs_demultiplex_thread",
      "cifs_get_tcp_session",
    ]);
    expect(stamps.every((one) => one.target.struct === "TCP_Server_Info" && one.clock === "jiffies")).toBe(true);
  });

  test("what is the same at all steps: sunrpc", () => {
    const waits = factsOfKind(scanAt(step), "timed-wait").map(
      (one) => `${one.function} ${one.primitive} ${one.length.text}`,
    );
    expect(waits).toEqual(
      expect.arrayContaining([
        "call_reserveresult rpc_delay 0.25 s",
        "call_bind_status rpc_delay 0.25 s",
        "call_bind_status rpc_delay 3 s",
        "call_connect_status rpc_delay 3 s",
        "call_status rpc_delay 3 s",
        "xprt_reserve_xprt tk_timeout 0",
      ]),
    );
    const work = factsOfKind(scanAt(step), "delayed-work");
    const connects = work
      .filter((one) => one.function === "xs_connect")
      .map((one) => [one.item.field, one.handler, one.delay?.text]);
    expect(connects).toEqual([
      ["connect_worker", "xs_tcp_setup_socket", "xprt->reestablish_timeout"],
      ["connect_worker", "xs_tcp_setup_socket", "0"],
    ]);
    const debug = work.find((one) => one.operation === "handler" && one.function === "rpc_show_tasks");
    expect(debug?.rearm?.paths).toBe("all");
    expect(work.find((one) => one.function === "rpc_show_tasks" && one.selfRearm)?.delay?.seconds).toBe(300);
    expect(edges(step, "call_status")).toEqual(
      expect.arrayContaining([
        "== -ECONNRESET: call_bind",
        "== -ENOTCONN: call_bind",
        "== -EPIPE: call_bind",
        "== -ECONNREFUSED: call_bind",
        "== -EAGAIN: call_transmit",
        "== -ETIMEDOUT: call_timeout",
        "== -EHOSTDOWN: call_timeout",
        ">= 0: call_decode",
      ]),
    );
  });
});

describe("the echo job", () => {
  test("is not there at step 1, nor is anything that watches", () => {
    expect(probeOf(scanAt(1).facts, "cifs_echo_request")).toBeNull();
    expect(factsOfKind(scanAt(1), "deadline").some((one) => one.timestamp?.field === "lstrp")).toBe(false);
  });

  test.each(STEPS.slice(1))("step %i: re-arms itself at the end, on each path", (step) => {
    const { handler, rearms, kicks } = echoAt(step);
    expect([handler.rearm?.paths, handler.rearm?.position, handler.rearm?.exitsWithout]).toEqual([
      "all",
      "after-work",
      [],
    ]);
    expect(handler.rearm?.callsBefore.map((call) => call.name)).toEqual(["server->ops->can_echo", "server->ops->echo"]);
    expect(rearms.map((one) => [one.primitive, one.queue])).toEqual([["queue_delayed_work", "cifsiod_wq"]]);
    expect(kicks.map((one) => one.function)).toEqual(
      step < 10 ? ["cifs_get_tcp_session"] : ["cifs_reconnect", "cifs_get_tcp_session"],
    );
    const cancels = factsOfKind(scanAt(step), "delayed-work").filter(
      (one) => one.operation === "cancel" && one.item.field === "echo",
    );
    expect(cancels.map((one) => one.function)).toEqual(
      step < 10 ? ["cifs_put_tcp_session"] : ["clean_demultiplex_info", "cifs_put_tcp_session"],
    );
  });

  test.each([
    [[2, 3, 4, 5, 6, 7, 8], "60 s", 60, "59 s", 59],
    [[9], "server->echo_interval", null, "server->echo_interval - 1 s", null],
    [[10, 11, 12], "server->echo_interval", null, "echo_interval - 1 s", null],
  ])("steps %j: delay %s, guard %s", (steps, delay, delaySeconds, guard, guardSeconds) => {
    for (const step of steps) {
      const { rearms, guards } = echoAt(step);
      expect(rearms.map((one) => [one.delay?.text, one.delay?.seconds])).toEqual([[delay, delaySeconds]]);
      expect(guards.map((one) => [one.relation, one.timestamp?.field, one.offset.text, one.offset.seconds])).toEqual([
        ["before", "lstrp", guard, guardSeconds],
      ]);
      expect(guards[0]?.whenTrue.ends).toEqual(["goto requeue_echo"]);
    }
  });

  test("from step 10 on the guard's interval is 0 while negotiating, and a reconnect kicks the job", () => {
    for (const step of [10, 11, 12]) {
      const { guards, kicks } = echoAt(step);
      const [local] = guards[0]?.offset.locals ?? [];
      expect([local?.name, [...(local?.values ?? [])].sort()]).toEqual([
        "echo_interval",
        ["0", "server->echo_interval"],
      ]);
      const kick = kicks.find((one) => one.function === "cifs_reconnect");
      expect([kick?.operation, kick?.delay?.seconds]).toEqual(["modify", 0]);
    }
  });
});

describe("the deadline", () => {
  test.each([
    [[3, 4], "cifs_readv_from_socket", "60 s x echo_retries", "return -ECONNABORTED"],
    [[5, 6, 7, 8], "server_unresponsive", "120 s", "return true"],
    [[9, 10], "server_unresponsive", "2 x server->echo_interval", "return true"],
    [[11, 12], "server_unresponsive", "3 x server->echo_interval", "return true"],
  ])("steps %j: in %s after %s", (steps, where, text, end) => {
    for (const step of steps) {
      const { watchdogs } = echoAt(step);
      expect(watchdogs.map((one) => [one.function, one.relation, one.timestamp?.field, one.offset.text])).toEqual([
        [where, "after", "lstrp", text],
      ]);
      expect(watchdogs[0]?.whenTrue.calls).toContain("cifs_reconnect");
      expect(watchdogs[0]?.whenTrue.ends).toEqual([end]);
    }
  });

  test("none at step 2", () => expect(echoAt(2).watchdogs).toEqual([]));

  test.each([
    [3, 300],
    [4, 300],
    [5, 120],
    [8, 120],
  ])("step %i: %i s", (step, seconds) => {
    // Steps 3 and 4: five echo intervals, where the five is what a module parameter starts with.
    expect(echoAt(step).watchdogs.map((one) => secondsOf(one.offset))).toEqual([seconds]);
  });
});

describe("call_connect_status", () => {
  test.each([
    [[1, 2, 3], "call_connect"],
    [[4, 5, 6], "call_transmit"],
    [[7, 8, 9, 10, 11, 12], "call_bind"],
  ])("steps %j: -EAGAIN leads to %s", (steps, next) => {
    for (const step of steps) {
      const onAgain = edges(step, "call_connect_status").filter((edge) => edge.startsWith("== -EAGAIN"));
      expect(onAgain).toEqual([`== -EAGAIN: ${next}`]);
    }
  });

  test("xs_error_report wakes with -EAGAIN at steps 4 and 5 only", () => {
    const wakers = (step: number) =>
      factsOfKind(scanAt(step), "wake-up").filter((one) => one.function === "xs_error_report");
    expect(STEPS.filter((step) => wakers(step).length > 0)).toEqual([4, 5]);
    expect(wakers(4).map((one) => [one.primitive, one.status])).toEqual([["xprt_wake_pending_tasks", "-EAGAIN"]]);
  });
});

test("members of the union in struct rpc_task are known to be its own", () => {
  const work = factsOfKind(scanAt(12), "delayed-work").filter((one) => one.item.field === "tk_work");
  expect(work.length).toBeGreaterThan(0);
  for (const one of work) expect(one.item.struct).toMatch(/^rpc_task\b/);
});

describe("refactorings", () => {
  test.each([
    [7, 8],
    [11, 12],
  ])("from step %i to %i no fact changes but its place", (before, after) => {
    const facts = (step: number): string[] => scanAt(step).facts.map(placeless).sort();
    expect(facts(after)).toEqual(facts(before));
  });

  test("every other step changes some", () => {
    for (const step of STEPS.slice(1).filter((one) => one !== 8 && one !== 12)) {
      expect(scanAt(step).facts.map(placeless).sort()).not.toEqual(
        scanAt(step - 1)
          .facts.map(placeless)
          .sort(),
      );
    }
  });
});
