/** A kernel's model and its compiled slice, set up for a comparison as `check --validate` does it. */
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exercise } from "../../kernel-models/cifs-echo/exercise.ts";
import { cifsEcho } from "../../kernel-models/cifs-echo/system.ts";
import { sunrpcReconnectSlice } from "../../kernel-models/sunrpc-reconnect/slice.ts";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import type { Exercise } from "../../tools/check/exercise.ts";
import { compileModel } from "../../tools/check/load-model.ts";
import { LONG_BITS, programOf, sliceOf } from "../../tools/cli/translation.ts";
import type { KernelSource } from "../../tools/kernel/source.ts";
import { buildHarness, type Compiler, findCompiler, type HarnessFiles } from "../../tools/native/compiler.ts";
import { sliceSource } from "../../tools/native/slice-source.ts";
import {
  HISTORIES_PER_BATCH,
  type ValidationPart,
  type ValidationSetup,
  Validator,
} from "../../tools/native/validation.ts";
import type { SystemModel } from "../../tools/translate/boundary.ts";
import { charIsSignedIn } from "../../tools/translate/c-types.ts";

export const CACHE = process.env["GROUNDHOG_TEST_CACHE"] ?? join(tmpdir(), "groundhog-test-cache");
const FOLDER = join(import.meta.dirname, "../../templates/native");

/** The compiler of this machine; the tests that need one say so in their names. */
export const COMPILER: Compiler | null = await findCompiler();

export const HARNESS_FILES: HarnessFiles = {
  prelude: readFileSync(join(FOLDER, "prelude.h"), "latin1"),
  interface: readFileSync(join(FOLDER, "interface.h"), "latin1"),
  runtime: readFileSync(join(FOLDER, "runtime.c"), "latin1"),
};

/** A comparison that can be run, and the model's text. */
export interface Comparison {
  readonly setup: ValidationSetup;
  readonly text: string;
}

/** What is compared of a system. */
export interface ComparedSystem {
  readonly name: string;
  readonly model: SystemModel;
  readonly maxDecisions: number;
}

const CIFS_ECHO: ComparedSystem = { name: "cifs-echo", model: cifsEcho.model, maxDecisions: 50 };
export const SUNRPC: ComparedSystem = { name: "sunrpc-reconnect", model: sunrpcReconnectSlice, maxDecisions: 60 };

/** Compiles a kernel's slice for some values of HZ, and its model. */
export async function comparisonOf(
  source: KernelSource,
  hz: readonly number[] = [250],
  system: ComparedSystem = CIFS_ECHO,
): Promise<Comparison> {
  if (COMPILER === null) throw new Error("no compiler");
  const { model, slice } = await sliceOf(source, await programOf(source, everythingEnabled()), system);
  const { text, plan } = sliceSource(slice, HARNESS_FILES.prelude);
  const request = {
    slice: text,
    files: HARNESS_FILES,
    charIsSigned: charIsSignedIn(source.version),
    compiler: COMPILER,
    cacheDirectory: CACHE,
  };
  const harnesses = await Promise.all(
    hz.map(async (one) => ({ hz: one, executable: (await buildHarness({ ...request, hz: one })).executable })),
  );
  const facts = { timers: model.timers, longBits: LONG_BITS, msleepAddsJiffy: model.msleepAddsJiffy } as const;
  const javascript = compileModel(model.text);
  const { maxDecisions } = system;
  const setup = { system: system.name, javascript, plan, harnesses, facts, maxDecisions, seed: 1 };
  return { setup, text: model.text };
}

/** Compares so many histories in this thread; of the model of the SMB echo unless there is another exercise. */
export async function compared(
  setup: ValidationSetup,
  histories: number,
  played: Exercise = exercise,
): Promise<ValidationPart> {
  let taken = 0;
  const next = (): number | null => {
    const first = taken;
    taken += HISTORIES_PER_BATCH;
    return first < histories ? first : null;
  };
  return new Validator(setup, played).run(next, histories, () => undefined);
}
