/** Affected commits of a history: of one property, whatever else is wrong. */
import { expect, test } from "vitest";
import { affectedBy, affectedText, broughtBy } from "../../tools/report/affected.ts";
import type { HistoryChange, HistoryDocument, HistoryState } from "../../tools/report/history-schema.ts";

function state(...violated: string[]): HistoryState {
  const verdict = violated.length === 0 ? "holds" : "violated";
  return { isThere: true, absent: null, verdict, violated, traits: [], reasons: [] };
}

const ABSENT: HistoryState = { ...state(), isThere: false, absent: "not there", verdict: null };

function change(n: number, before: readonly HistoryState[], after: HistoryState, isEdge = false): HistoryChange {
  const commit = String(n).repeat(40);
  const date = `200${n}-01-02T03:04:05+00:00`;
  const words = { date, author: "A", subject: `commit ${n}\u001b[1m`, factsGone: [], factsNew: [] };
  return { commit, ...words, isTimed: true, isEdge, before: [...before], after };
}

function history(...changes: HistoryChange[]): HistoryDocument {
  const words = { system: "s", repository: "/home/me/linux", range: "a..b", tip: "t", folders: [], bounds: [] };
  const last = changes.at(-1)?.after ?? null;
  return { ...words, commits: 9, models: 3, isShallow: false, changes, last, skipped: [] };
}

const release = async (commit: string): Promise<string | null> => (commit.startsWith("1") ? "v3.4-rc1" : null);

test("another property's violation is none of this one", async () => {
  const all = history(
    change(1, [ABSENT], state("other")),
    change(2, [state("other")], state("mine")),
    change(3, [state("mine")], state("mine", "other")),
    change(4, [state("mine", "other")], state()),
  );
  const affected = await affectedBy(all, "mine", release);
  expect(affected.rows.map(({ commit, verdict }) => [commit[0], verdict])).toEqual([
    ["2", "violated"],
    ["4", "holds"],
  ]);
  expect(broughtBy(affected)?.commit).toBe("2".repeat(40));
  const other = await affectedBy(all, "other", release);
  expect(other.rows[0]?.release).toBe("v3.4-rc1");
  // Twice begun: which one brought it, nobody can say.
  expect(broughtBy(other)).toBeNull();
});

test("where the history begins nothing was brought", async () => {
  const affected = await affectedBy(history(change(1, [], state("mine"), true)), "mine", release);
  expect(broughtBy(affected)).toBeNull();
  expect(affectedText(affected, "linux")).toMatch(/violated; older commits are not known,\s+released in v3\.4-rc1/);
});

test("as text: narrow, plain, and cut where there is no end of turns", async () => {
  const turns = Array.from({ length: 40 }, (_, i) =>
    change(i % 10, [i % 2 === 0 ? state() : state("mine")], i % 2 === 0 ? state("mine") : state()),
  );
  const text = affectedText(await affectedBy(history(...turns), "mine", release), "linux");
  expect(text).toContain("(28 more in the middle are left out)");
  expect(text).not.toContain("\u001b");
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(75);
  expect(affectedText(await affectedBy(history(), "mine", release), "linux")).toContain("None of them");
});
