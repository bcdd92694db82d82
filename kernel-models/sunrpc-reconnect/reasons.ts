/** Why a history came to its end, in sentences below its timeline: each of them only where the events show it. */
import type { TraceEvent } from "../../tools/simulator/trace.ts";
import { errorNamed } from "./errors.ts";
import type { ReconnectRun } from "./reconnect-run.ts";
import type { Scenario } from "./scenarios.ts";

/** An event as `kind text`. */
type Text = string;

function textsOf(events: readonly TraceEvent[]): readonly Text[] {
  return events.flatMap((one) => (one.kind === "note" ? [`${one.name} ${one.values[0]}`] : []));
}

/**
 * Why a history came to its end.
 *
 * @returns none where the events show nothing but the end
 */
export function reasonsOf(scenario: Scenario, run: ReconnectRun, events: readonly TraceEvent[]): readonly string[] {
  if (run.endsWith === "loop") return reasonsOfLoop(scenario, events);
  if (run.endsWith !== "bad") return [];
  const texts = textsOf(events);
  if (run.property === "no-lost-call") return reasonsOfError(texts);
  return run.property === "one-worker" ? reasonsOfWorkers(texts) : [];
}

/** Whether the task sends after a wake-up although nothing was connected, and fails. */
function sendsUnconnected(texts: readonly Text[], at: number): boolean {
  const next = texts.slice(at + 1, at + 4).find((one) => /^tcp (?:send|synack)/.test(one));
  return next !== undefined && /^tcp send = -/.test(next);
}

/** What goes round: the network changes no more in a loop. */
function reasonsOfLoop({ loop, hz }: Scenario, events: readonly TraceEvent[]): readonly string[] {
  const all = textsOf(events);
  const texts = all.slice(all.findLastIndex((one) => one.startsWith("network ")) + 1);
  const reasons: string[] = [];
  if (texts.some((one, i) => /^wake stat by rpciod/.test(one) && /^tcp disconnect/.test(texts[i + 1] ?? ""))) {
    reasons.push(
      "The worker's own disconnect calls the error callback, which wakes the task before there is a connection.",
    );
  }
  if (texts.some((one, i) => /^wake stat .*tk_status = -11$/.test(one) && sendsUnconnected(texts, i))) {
    reasons.push(
      "The status -EAGAIN that the wake-up gives to the task is taken for a connection: it goes on and sends.",
    );
  }
  if (texts.some((one) => /^tcp shutdown = -107/.test(one))) {
    reasons.push(
      "The task sends on a closed socket and shuts it down: the next connection is shut down before it is used.",
    );
  }
  if (loop !== undefined) {
    const ticks = (events.at(-1)?.tick ?? 0) - (events[0]?.tick ?? 0);
    const rounds = `${loop.rounds} rounds are in the witness (${(ticks / hz).toFixed(1)} s in all)`;
    reasons.push(`The same state comes back every ${loop.steps} steps; ${rounds}.`);
  }
  return reasons;
}

/** The last call of a socket before the end, if it was no success, and the last wake-up. */
function reasonsOfError(texts: readonly Text[]): readonly string[] {
  const end = texts.findLastIndex((one) => one.startsWith("user stat() = "));
  if (end < 0) return [];
  const before = texts.slice(0, end);
  const wakeAt = before.findLastIndex((one) => one.startsWith("wake stat "));
  const callAt = before.findLastIndex((one) => /^tcp \w+ = /.test(one));
  const [, by = "", status = ""] = /^wake stat by (.*?)(?:, tk_status = (-\d+))?$/.exec(before[wakeAt] ?? "") ?? [];
  const [, call = "", error = ""] = /^tcp (\w+) = (-\d+)/.exec(before[callAt] ?? "") ?? [];
  const clauses = [
    ...(call === "" ? [] : [{ at: callAt, text: `${call}() says ${errorNamed(error)}` }]),
    ...(by === "" ? [] : [{ at: wakeAt, text: `the task is woken by ${by}${withStatus(status)}` }]),
  ].sort((a, b) => a.at - b.at);
  const last = `the call ends with ${errorNamed(texts[end]?.replace(/^.* = /, "") ?? "")}`;
  const whole = [...clauses.map(({ text }) => text), `and ${last}`].join(", ");
  return clauses.length === 0 ? [] : [`At last ${whole}.`];
}

function withStatus(status: string): string {
  return status === "" ? "" : ` with ${errorNamed(status)}`;
}

/** Where the second of two workers begins. */
function reasonsOfWorkers(texts: readonly Text[]): readonly string[] {
  const running: string[] = [];
  for (const text of texts) {
    const [, what, where = ""] = /^work connect_worker (begins|ends)(?: on (\S+))?/.exec(text) ?? [];
    if (what === "ends") running.pop();
    if (what !== "begins") continue;
    const [first] = running;
    if (first !== undefined) return [`The connect worker begins on ${where} before it has ended on ${first}.`];
    running.push(where);
  }
  return [];
}
