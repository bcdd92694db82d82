/** Candidate patches on real kernels with the multiplier of the watchdog set back to two: the whole way of `fix`. */
import { describe, expect, test } from "vitest";
import { cifsEcho } from "../../kernel-models/cifs-echo/system.ts";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import type { Narrowing } from "../../tools/cli/check-system.ts";
import { subjectOf } from "../../tools/cli/fix.ts";
import type { RepairRequest } from "../../tools/cli/repair-request.ts";
import { type Repair, repairSystem } from "../../tools/cli/repair-system.ts";
import type { KernelSource } from "../../tools/kernel/source.ts";
import { smbClientOnly, USUAL } from "./checked.ts";
import { editedKernel } from "./edited.ts";
import { CACHE, debianKernel } from "./kernels.ts";

const CONNECT = "fs/smb/client/connect.c";
const TWO_INTERVALS = {
  file: CONNECT,
  replace: [
    ["3 * server->echo_interval", "2 * server->echo_interval"],
    ["wait 3 echo intervals", "wait 2 echo intervals"],
  ],
} as const;

const REQUEST: RepairRequest = {
  narrowing: USUAL,
  series: null,
  trailers: ["Link: https://example.org/thread"],
  compiles: false,
  triesAll: true,
  author: { name: "A. Tester", email: "tester@example.org", seconds: 1_700_000_000 },
  cacheDirectory: CACHE,
};

async function repaired(
  source: KernelSource,
  request: Partial<RepairRequest> = {},
  narrowing: Partial<Narrowing> = {},
): Promise<Repair> {
  const all = {
    ...REQUEST,
    ...request,
    narrowing: { ...USUAL, ...narrowing, own: { ...USUAL.own, ...narrowing.own } },
  };
  const subject = await subjectOf(cifsEcho, smbClientOnly(source), everythingEnabled(), all.narrowing);
  return repairSystem(subject, all);
}

function verdicts({ placed }: Repair): Readonly<Record<string, string>> {
  return Object.fromEntries(
    placed.map(({ candidate: { name, proposal, verdict } }) => [
      name,
      proposal.kind === "edits" ? String(verdict) : proposal.kind,
    ]),
  );
}

function measure({ placed }: Repair, candidate: string, name: string): number {
  const found = placed.find((one) => one.candidate.name === candidate);
  return found?.candidate.measures.find((one) => one.name === name)?.value ?? Number.NaN;
}

describe.each(["6.1", "6.12"])("linux-source-%s", async (version) => {
  const { source, why } = await debianKernel(version);
  test.runIf(source === null)(`not tested: ${why}`, ({ skip }) => skip(why ?? ""));
  if (source === null) return;
  const two = await editedKernel(source, [TWO_INTERVALS]);
  // One run for several tests: it takes longer than all that is asked of it.
  let run: Promise<Repair> | null = null;
  const whole = (): Promise<Repair> => {
    run ??= repaired(two, { compiles: true });
    return run;
  };

  test("with two intervals candidates are proved or refuted, and go through git, checkpatch and the compiler", async ({
    skip,
  }) => {
    const repair = await whole();
    expect(repair.before.verdict).toBe("violated");
    expect(verdicts(repair)).toEqual({
      "look-twice": "holds",
      "rearm-from-response": "holds",
      "always-echo": "holds",
      "three-intervals": "holds",
      "fixed-schedule": "violated",
      "rearm-first": "violated",
    });
    const tools = ["parse", "places", "git apply --check", "git am", "git apply --reverse", "checkpatch"];
    for (const { candidate } of repair.placed) {
      const { name, checks, verdict, patch } = candidate;
      expect([name, checks.filter((one) => one.status === "failed")]).toEqual([name, []]);
      const passed = checks.filter((one) => one.status === "passed").map((one) => one.tool);
      expect(passed).toEqual(expect.arrayContaining(tools));
      expect(patch !== null).toBe(verdict === "holds");
    }
    const compiles = repair.placed.flatMap(({ candidate }) => candidate.checks.filter((one) => one.tool === "compile"));
    expect(compiles).toHaveLength(6);
    const missing = compiles.find((one) => one.status === "skipped");
    if (missing !== undefined) skip(missing.detail);
  }, 600_000);

  test("the figures say what each costs", async () => {
    const repair = await whole();
    expect(measure(repair, "always-echo", "noticed after")).toBeCloseTo(121.94, 0);
    expect(measure(repair, "three-intervals", "noticed after")).toBeCloseTo(186.46, 0);
    expect(measure(repair, "always-echo", "echoes/h busy")).toBeCloseTo(58.6, 0);
    expect(measure(repair, "look-twice", "echoes/h busy")).toBe(0);
    expect(measure(repair, "look-twice", "noticed after")).toBeCloseTo(121.94, 0);
  }, 300_000);

  test("mails have the prefix, lines of 75 columns, the figures, the link, and no sign-off", async () => {
    const repair = await whole();
    expect([...repair.mails.keys()].sort()).toEqual([
      "always-echo",
      "look-twice",
      "rearm-from-response",
      "three-intervals",
    ]);
    for (const { contents } of repair.mails.values()) {
      const text = contents.toString("latin1");
      const body = text.slice(text.indexOf("\n\n") + 2, text.indexOf("\n---\n"));
      expect(text).toMatch(/^Subject: \[PATCH\] smb: client: \w/m);
      expect(body.split("\n").filter((line) => line.length > 75)).toEqual([]);
      expect(body).toMatch(/2\.44 to 2\.88 s/);
      expect(body).toMatch(/\nLink: https:\/\/example\.org\/thread$/);
      expect(text).not.toMatch(/Signed-off-by/);
    }
  }, 300_000);

  test("with three intervals nothing is needed, no patch is offered, and the table still compares", async () => {
    const repair = await repaired(source);
    expect(repair.isNeeded).toBe(false);
    expect(repair.mails.size).toBe(0);
    expect(verdicts(repair)).toMatchObject({ "three-intervals": "already-there", "always-echo": "holds" });
    expect(measure(repair, "always-echo", "noticed after")).toBeCloseTo(186.46, 0);
  }, 300_000);

  test("with an exact wheel and short round trips two intervals are enough to begin with", async () => {
    const repair = await repaired(two, {}, { wheel: "exact", own: { roundTrips: ["1jiffy", 0.5] } });
    expect(repair.isNeeded).toBe(false);
  }, 300_000);

  test("a series is checked and applied as a whole", async () => {
    const repair = await repaired(two, { series: ["look-twice", "three-intervals"] });
    expect(repair.series?.candidate.verdict).toBe("holds");
    expect(repair.series?.candidate.checks.filter((one) => one.status !== "passed")).toEqual([]);
    const names = repair.series?.mails.map((one) => one.name.slice(0, 5));
    expect(names).toEqual(["0000-", "0001-", "0002-"]);
  }, 300_000);
});
