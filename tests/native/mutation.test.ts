/** How good the comparison is: automatic mutants of the sample kernel's model must be found. */
import { describe, expect, test } from "vitest";
import { mutantsOf, pick } from "./mutants.ts";
import { foundShare, MutationTest } from "./mutation.ts";
import { sampleKernel } from "./sample.ts";
import { COMPILER, comparisonOf } from "./setup.ts";

/** All mutants and more histories: by hand, `GROUNDHOG_MUTANTS=10000 npx vitest run tests/native/mutation.test.ts`. */
const MUTANTS = Number(process.env["GROUNDHOG_MUTANTS"] ?? 150);
const HISTORIES = 600;
/** Of those that change what some history is. */
const MIN_SHARE = 0.95;

describe.skipIf(COMPILER === null)("mutants of the sample kernel's model (needs a C compiler)", () => {
  test("are found, nearly all of those that change behaviour", async () => {
    const { setup, text } = await comparisonOf(await sampleKernel());
    const mutants = pick(mutantsOf(text), MUTANTS, 1);
    const fates = await new MutationTest(setup, text, HISTORIES).run(mutants);
    const missed = fates.filter(({ fate }) => fate === "missed").map(({ mutant }) => mutant.id);
    expect(missed.length).toBeLessThan(mutants.length / 20);
    expect(foundShare(fates)).toBeGreaterThanOrEqual(MIN_SHARE);
    // Most of them change something: otherwise the share would say little.
    expect(fates.filter(({ fate }) => fate === "found").length).toBeGreaterThan(mutants.length / 2);
  }, 300_000);
});
