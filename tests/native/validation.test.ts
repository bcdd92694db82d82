/** Random histories of the sample kernel's model against its compiled C: alike, and not alike when either is changed. */
import { describe, expect, test } from "vitest";
import { exercise } from "../../kernel-models/cifs-echo/exercise.ts";
import { compileModel } from "../../tools/check/load-model.ts";
import { buildHarness, CompileError, findCompiler } from "../../tools/native/compiler.ts";
import { type Difference, differenceAgain, examine } from "../../tools/native/difference.ts";
import { isDifference, parseDifference } from "../../tools/native/difference-file.ts";
import type { ValidationSetup } from "../../tools/native/validation.ts";
import type { DifferenceFile } from "../../tools/native/validation-report.ts";
import { editedSample, sampleKernel } from "./sample.ts";
import { CACHE, COMPILER, compared, comparisonOf, HARNESS_FILES } from "./setup.ts";

const FILE = "fs/smb/client/connect.c";

/** The first difference that some histories show, looked into. */
async function firstDifference(setup: ValidationSetup, histories = 3000): Promise<Difference> {
  const { difference } = await compared(setup, histories);
  if (difference === null) throw new Error("no difference");
  return examine(setup, exercise, difference);
}

describe.skipIf(COMPILER === null)("the sample kernel (needs a C compiler)", () => {
  test("model and compiled C do the same, at every HZ, and the same each time", async () => {
    const { setup } = await comparisonOf(await sampleKernel(), [100, 250, 1000]);
    const part = await compared(setup, 2000);
    expect(part).toMatchObject({ histories: 2000, difference: null, unrecorded: {} });
    // Many decisions and events a history: otherwise nothing much was compared.
    expect(part.decisions).toBeGreaterThan(50_000);
    expect(part.events).toBeGreaterThan(200_000);
    expect(await compared(setup, 2000)).toEqual(part);
    expect(await compared({ ...setup, seed: 2 }, 2000)).not.toEqual(part);
  });

  const changes: readonly (readonly [what: string, before: string, after: string])[] = [
    ["the watchdog's patience", "3 * server->echo_interval", "2 * server->echo_interval"],
    ["what a response does to the time of the last one", "server->lstrp = jiffies;", "server->lstrp = jiffies + 1;"],
  ];
  test.each(changes)("C with %s changed is told from the model", async (_what, before, after) => {
    const changed = await comparisonOf(await editedSample({ file: FILE, replace: [[before, after]] }));
    const { setup } = await comparisonOf(await sampleKernel());
    const mixed = { ...setup, harnesses: changed.setup.harnesses };
    const difference = await firstDifference(mixed);
    expect(difference.place?.file).toBe(FILE);
    expect(difference.place?.line).toBeGreaterThan(1);
    expect(difference.modelFunction).toMatch(/^[a-z_0-9]+$/);
    expect(difference.model).not.toBe(difference.compiled);
    // The decisions lead there again, and to nothing where both are alike.
    expect(await differenceAgain(mixed, exercise, 250, difference.decisions)).toEqual(difference);
    expect(await differenceAgain(setup, exercise, 250, difference.decisions)).toBeNull();
  });

  test("a changed model is told from the C, with a store, a call or a result of both sides", async () => {
    const { setup, text } = await comparisonOf(await sampleKernel());
    const mutant = text.replace(/(server\.lstrp = )kernel\.jiffies/, "$1sub64(kernel.jiffies, 1)");
    expect(mutant).not.toBe(text);
    const imported = /\bsub64\b/.test(text.split("createModel")[0] ?? "");
    expect(imported).toBe(true);
    const difference = await firstDifference({ ...setup, javascript: compileModel(mutant) });
    // A store of what is there already is no event.
    expect(`${difference.model}, ${difference.compiled}`).toMatch(/lstrp = -?\d+(?:,|$)/);
    expect(difference.decisions.length).toBeLessThanOrEqual(50);
  });

  test("C that the compiler does not take is told with its first complaint", async () => {
    const request = { files: HARNESS_FILES, hz: 250, charIsSigned: true, cacheDirectory: CACHE } as const;
    const compiler = COMPILER;
    if (compiler === null) throw new Error("no compiler");
    const slice = '#include "interface.h"\nint x = unknown;\n';
    await expect(buildHarness({ ...request, compiler, slice })).rejects.toThrow(CompileError);
    await expect(buildHarness({ ...request, compiler, slice })).rejects.toThrow(/unknown/);
  });

  test("warnings of the harness's own text are errors", async () => {
    const compiler = COMPILER;
    if (compiler === null) throw new Error("no compiler");
    const request = { files: HARNESS_FILES, hz: 250, charIsSigned: true, cacheDirectory: CACHE, compiler } as const;
    const slice = '#include "interface.h"\nstatic int never(void) { return 0; }\n';
    await expect(buildHarness({ ...request, slice })).rejects.toThrow(/never/);
  });
});

test("without a compiler there is none to be found", async () => {
  expect(await findCompiler(["groundhog-has-no-such-compiler"])).toBeNull();
});

describe("files of differences", () => {
  const file: DifferenceFile = {
    format: "groundhog-difference",
    version: 1,
    system: "cifs-echo",
    kernel: { id: "sample", version: "0.1.0" },
    modelSha256: "0123",
    maxDecisions: 50,
    difference: {
      hz: 250,
      decisions: [{ label: "next", n: 3, chosen: 2 }],
      model: "a",
      compiled: "b",
      place: { file: "x.c", line: 3, function: "f" },
      modelFunction: null,
      before: ["c"],
    },
  };

  test("are read as they were written", () => {
    const text = JSON.stringify(file);
    expect(isDifference(text)).toBe(true);
    expect(parseDifference(text)).toEqual(file);
    expect(parseDifference(JSON.stringify({ ...file, candidate: "look-twice" }))).toMatchObject({
      candidate: "look-twice",
    });
  });

  test.each([
    ["{}", /version undefined/],
    ["nonsense", /version/],
    [JSON.stringify({ ...file, version: 2 }), /version 2; this reads version 1/],
    [JSON.stringify({ ...file, maxDecisions: 0 }), /maxDecisions/],
    [JSON.stringify({ ...file, difference: { ...file.difference, hz: 5 } }), /difference\.hz/],
    [JSON.stringify({ ...file, more: 1 }), /more/],
  ])("that are damaged are refused: %s", (text, reason) => {
    expect(() => parseDifference(text)).toThrow(reason);
  });

  test("are told from witnesses by what they say they are", () => {
    expect(isDifference("[]")).toBe(false);
    expect(isDifference('{"format":"groundhog-witness"}')).toBe(false);
    expect(isDifference("\u0000")).toBe(false);
  });
});
