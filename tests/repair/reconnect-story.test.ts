/** What a check of the reconnect says of candidates: what they are compared by, and what their messages tell. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Figures, ScenarioFigures } from "../../kernel-models/sunrpc-reconnect/figure-types.ts";
import { reconnectMeasures, reconnectStory } from "../../kernel-models/sunrpc-reconnect/repair.ts";
import type { Scenario } from "../../kernel-models/sunrpc-reconnect/scenarios.ts";
import type { CheckResult } from "../../tools/check/verdict.ts";
import type { Candidate } from "../../tools/repair/candidate.ts";
import { inOrder } from "../../tools/repair/comparison.ts";
import { commitMessage } from "../../tools/report/commit-message.ts";

type Check = CheckResult<Scenario, Figures>;

function scenario(user: string, cpus: number, recoverySeconds: number | null): ScenarioFigures {
  return {
    user,
    rpciod: "OTHER",
    cpus,
    scheduler: "fair",
    verdict: recoverySeconds === null ? "violated" : "holds",
    recoverySeconds,
    states: 10,
    transitions: 11,
    preemptions: 0,
    stoppedBy: "complete",
    property: recoverySeconds === null ? "progress" : null,
    what: recoverySeconds === null ? "it comes to nothing" : null,
  };
}

/** A check of one scenario for each time; null is a hang. */
function checked(...times: readonly (number | null)[]): Check {
  const scenarios = times.map((seconds, i) => scenario(i === 0 ? "RR 50" : "OTHER", i + 1, seconds));
  const verdict = times.includes(null) ? "violated" : "holds";
  const share = "1 of 3 combinations of user, rpciod, CPUs and scheduler";
  const detail = `it comes to nothing with user RR 50; ${share}`;
  return {
    verdict,
    properties: [{ name: "progress", kind: "progress", verdict, violation: null, detail }],
    figures: {
      scenarios,
      workarounds: [],
      workers: null,
      exploration: { strategy: "depth first", bound: 3, states: 30, transitions: 33, statesPerSecond: null },
    },
    bounds: ["a stat() in a loop", "schedules with 3 preemptions"],
    reasons: [],
  };
}

describe("what candidates are compared by", () => {
  function candidate(name: string, check: Check, added: number): Candidate {
    return {
      name,
      title: name,
      proposal: { kind: "edits", edits: [] },
      verdict: check.verdict,
      refutation: check.verdict === "violated" ? "it hangs" : null,
      size: { files: 1, added, removed: 0 },
      measures: reconnectMeasures(check),
      checks: [],
      patch: null,
    };
  }
  const order = (...candidates: readonly Candidate[]): readonly string[] =>
    inOrder(candidates, true).map((one) => one.candidate.name);

  test("whether they hold, then the slowest recovery, then the size", () => {
    const hangs = candidate("hangs", checked(null, 1), 1);
    const slow = candidate("slow", checked(5, 60), 1);
    const long = candidate("long", checked(8, 5), 20);
    const alike = candidate("alike", checked(8.3, 5), 3);
    expect(order(hangs, slow, long, alike)).toEqual(["alike", "long", "slow", "hangs"]);
  });

  test("no recovery is told where there is none in some scenario", () => {
    expect(reconnectMeasures(checked(null, 4)).map(({ cell }) => cell)).toEqual(["1 of 2", "-"]);
    expect(reconnectMeasures(checked(2, 4)).map(({ cell }) => cell)).toEqual(["0 of 2", "4.00"]);
    expect(reconnectMeasures(checked()).map(({ cell }) => cell)).toEqual(["0 of 0", "-"]);
  });
});

describe("the message", () => {
  const template = (path: string): string => readFileSync(join(import.meta.dirname, "../../templates", path), "utf8");
  const templates = {
    message: template("commit-message.txt.hbs"),
    cover: template("cover-letter.txt.hbs"),
    cause: template("sunrpc-reconnect/cause.txt.hbs"),
    effect: template("sunrpc-reconnect/effect.txt.hbs"),
  };
  const text = (before: Check, after: Check | null): string =>
    commitMessage(templates, {
      prefix: "SUNRPC",
      subject: "try",
      change: "Try.",
      story: reconnectStory(before, after),
      trailers: [],
    }).replace(/\s+/g, " ");

  test("tells where it hung, in figures of the check", () => {
    const message = text(checked(null, 4, 7), checked(3, 4, 5));
    expect(message).toContain("Of 3 combinations of scheduling policies, CPUs and schedulers, 1 go wrong: user RR 50");
    expect(message).toContain("In the plainest of these: it comes to nothing with user RR 50. Try.");
    expect(message).toContain("in all of them: at most 5.00 s after the way is open (before, where it did: 7.00 s).");
    expect(message).toContain("within these bounds: schedules with 3 preemptions. Not tried on a running kernel.");
  });

  test("tells what is left", () => {
    const message = text(checked(null, null, 7), checked(3, null, 7));
    expect(message).toContain("the call returns in 1 of these");
    expect(message).toContain("It still goes wrong with user OTHER, rpciod OTHER, 2 CPUs.");
  });

  test("claims no hang where there is none", () => {
    const message = text(checked(50, 50), checked(11, 11));
    expect(message).toContain("No hang of this kernel is known; the call returns within 50.00 s.");
    expect(message).toContain("the call returns at most 11.00 s after the way is open (before: 50.00 s).");
    expect(message).not.toContain("may never return");
  });

  test("counts scenarios that there are too many of", () => {
    const message = text(checked(...Array.from({ length: 9 }, () => null)), null);
    expect(message).toContain("user OTHER, rpciod OTHER, 6 CPUs; and 3 more.");
  });
});
