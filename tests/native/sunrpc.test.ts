/** The RPC client of the sample kernel against its compiled C: random histories, the lines that they reach, mutants. */
import { describe, expect, test } from "vitest";
import { exercise } from "../../kernel-models/sunrpc-reconnect/exercise.ts";
import type { Exercise } from "../../tools/check/exercise.ts";
import { compileModel } from "../../tools/check/load-model.ts";
import { lineCoverage } from "../../tools/native/coverage.ts";
import { Bench, SeededDecisions } from "../../tools/native/validation.ts";
import { mutantsOf, pick } from "./mutants.ts";
import { foundShare, MutationTest } from "./mutation.ts";
import { sampleKernel } from "./sample.ts";
import { COMPILER, compared, comparisonOf, SUNRPC } from "./setup.ts";

const HISTORIES = 10_000;
/** Where another thread may come: see pointText(). */
const POINTS = ["before a lock is taken", "after a lock is released", "before a bit operation or a call"];
/** All mutants and more histories: by hand, `GROUNDHOG_MUTANTS=10000 npx vitest run tests/native/sunrpc.test.ts`. */
const MUTANTS = Number(process.env["GROUNDHOG_MUTANTS"] ?? 100);
const MUTANT_HISTORIES = 300;
/** Of those that change what some history is. */
const MIN_SHARE = 0.95;

const TAKEN = "yield* enter_critical(kernel, ";
const RELEASED = "yield* leave_critical(kernel, ";

/** A text without the first call that begins like that. */
function without(text: string, call: string): string {
  const at = text.indexOf(call);
  expect(at).toBeGreaterThan(0);
  return text.slice(0, at) + text.slice(text.indexOf(";", at) + 1);
}

/** A text in which two neighbouring lines, known by what is in them, have changed places. */
function swapped(text: string, first: string, second: string): string {
  const lines = text.split("\n");
  const at = lines.findIndex((line, i) => line.includes(first) && lines[i + 1]?.includes(second) === true);
  expect(at).toBeGreaterThan(0);
  const [one = "", other = ""] = lines.splice(at, 2);
  lines.splice(at, 0, other, one);
  return lines.join("\n");
}

/** The same histories, but nobody is preempted: threads run until they block. */
const unpreempted: Exercise = (module, options) => {
  const { decisions } = options;
  const choose = (n: number, label: string): number => (label === "preemption" ? 0 : decisions.choose(n, label));
  exercise(module, { ...options, decisions: { choose } });
};

describe.skipIf(COMPILER === null)("the RPC client of the sample (needs a C compiler)", () => {
  test(`${HISTORIES} histories do the same compiled`, async () => {
    const { setup } = await comparisonOf(await sampleKernel(), [100, 250, 1000], SUNRPC);
    const part = await compared(setup, HISTORIES, exercise);
    expect(part).toMatchObject({ histories: HISTORIES, difference: null, unrecorded: {} });
    expect(part.decisions).toBeGreaterThan(40 * HISTORIES);
    for (const point of POINTS) expect(part.switches[point], point).toBeGreaterThan(HISTORIES / 10);
    expect(Object.values(part.cut).reduce((a, b) => a + b, 0)).toBeLessThan(HISTORIES / 10);
  }, 120_000);

  test("histories come to nearly all lines", async () => {
    const { setup, text } = await comparisonOf(await sampleKernel(), [250], SUNRPC);
    const decisions = new SeededDecisions();
    const { reached, lines } = lineCoverage(text, setup.javascript, exercise, 1000, (number) => {
      decisions.begin(1, number);
      return Bench.optionsOf(setup, 250, decisions);
    });
    expect(lines).toBeGreaterThan(450);
    expect(reached / lines).toBeGreaterThan(0.95);
  }, 60_000);

  // Lists of a waiting task and its work are in the same memory: what was not set anew is not what it was.
  test.each([
    ["a list that is not initialised anew", "INIT_LIST_HEAD(wait.timer_list);"],
    ["a work that is not", "INIT_WORK(task.u.tk_work, rpc_async_schedule);"],
  ])(
    "%s is told from one that is",
    async (_what, dropped) => {
      const { setup, text } = await comparisonOf(await sampleKernel(), [250], SUNRPC);
      const mutant = text.replace(dropped, "");
      expect(mutant).not.toBe(text);
      const part = await compared({ ...setup, javascript: compileModel(mutant) }, 1000, exercise);
      expect(part.difference).not.toBeNull();
    },
    60_000,
  );

  // Between two lines of C nobody looks, unless another thread comes between them.
  test.each([
    ["stored after the lock is released", "transport.sock = sock.value;", RELEASED],
    ["cleared after the lock is released", "transport.sock = NULL;", RELEASED],
    ["set after the lock is released", "idle = !(yield* preempt(kernel), test_and_set_bit(0,", RELEASED],
    ["cleared under the lock instead of before", "task.tk_rqstp = NULL;", TAKEN],
  ])(
    "what is %s is found, and is not where threads run until they block",
    async (_what, store, lock) => {
      const { setup, text } = await comparisonOf(await sampleKernel(), [250], SUNRPC);
      const mutant = swapped(text, store, lock);
      const changed = { ...setup, javascript: compileModel(mutant) };
      expect((await compared(changed, 1000, exercise)).difference).not.toBeNull();
      expect(await compared(changed, 1000, unpreempted)).toMatchObject({ difference: null, switches: {} });
    },
    60_000,
  );

  test.each([
    ["a lock that is not taken", TAKEN],
    ["a lock that is not released", RELEASED],
  ])(
    "%s is found",
    async (_what, lock) => {
      const { setup, text } = await comparisonOf(await sampleKernel(), [250], SUNRPC);
      const javascript = compileModel(without(text, lock));
      expect((await compared({ ...setup, javascript }, 1000, exercise)).difference).not.toBeNull();
    },
    60_000,
  );

  test("mutants of the model are found, nearly all of those that change behaviour", async () => {
    const { setup, text } = await comparisonOf(await sampleKernel(), [250], SUNRPC);
    const mutants = pick(mutantsOf(text), MUTANTS, 1);
    const fates = await new MutationTest(setup, text, MUTANT_HISTORIES, exercise).run(mutants);
    const missed = fates.filter(({ fate }) => fate === "missed").map(({ mutant }) => mutant.id);
    expect(missed.length).toBeLessThan(mutants.length / 20);
    expect(foundShare(fates)).toBeGreaterThanOrEqual(MIN_SHARE);
    expect(fates.filter(({ fate }) => fate === "found").length).toBeGreaterThan(mutants.length / 2);
  }, 300_000);
});
