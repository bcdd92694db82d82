/** `check SYSTEM --validate`: the slice compiled, and random histories of model and compiled slice compared. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../kernel/input-error.ts";
import type { KernelSource } from "../kernel/source.ts";
import { buildHarness, CompileError, type Compiler, findCompiler, type HarnessFiles } from "../native/compiler.ts";
import { lineCoverage } from "../native/coverage.ts";
import { type Difference, differenceAgain, examine } from "../native/difference.ts";
import { HarnessError } from "../native/harness-process.ts";
import { sliceSource } from "../native/slice-source.ts";
import {
  Bench,
  HISTORIES_PER_BATCH,
  SeededDecisions,
  type ValidationPart,
  type ValidationSetup,
} from "../native/validation.ts";
import type { DifferenceFile, ValidationReport } from "../native/validation-report.ts";
import { charIsSignedIn } from "../translate/c-types.ts";
import type { TranslatedSlice } from "../translate/model.ts";
import type { JobProgress } from "./check-jobs.ts";
import type { Prepared } from "./check-system.ts";
import { writeFiles } from "./out.ts";
import { cacheFolder, installationFolder } from "./surroundings.ts";
import { runHistories } from "./validate-jobs.ts";

/** How much is compared. */
export interface ValidationRequest {
  readonly histories: number;
  /** Null: those of every validation. */
  readonly hz: readonly number[] | null;
  readonly seed: number;
}

/** HZ as distributions have it, and the two at the ends of Kconfig.hz. */
const USUAL_HZ: readonly number[] = [100, 250, 1000];
/** Decisions in a history. */
export const MAX_DECISIONS = 50;
export const DEFAULT_HISTORIES = 10_000;
/** Coverage is looked at in so many of them: it makes them slow, and more add next to nothing. */
const COVERAGE_HISTORIES = 2000;

/** What can be compared of a prepared system. */
export interface Validated {
  readonly prepared: Prepared;
  readonly slice: TranslatedSlice;
  readonly source: KernelSource;
}

function harnessFiles(): HarnessFiles {
  const read = (name: string): string =>
    readFileSync(join(installationFolder(), "templates", "native", name), "latin1");
  return { prelude: read("prelude.h"), interface: read("interface.h"), runtime: read("runtime.c") };
}

function skipped(reason: string, seed: number, compiler: Compiler | null): ValidationReport {
  return {
    ...{ status: "skipped", reason, compiler: compiler?.version ?? null, hz: [], seed, histories: 0, decisions: 0 },
    ...{
      events: 0,
      switches: {},
      stopped: 0,
      cut: {},
      unrecorded: {},
      coverage: null,
      difference: null,
      notes: [],
      file: null,
      replay: null,
    },
  };
}

/** The setup of a validation, with all harnesses compiled; a sentence where there can be none. */
async function setUp(
  { prepared, slice, source }: Validated,
  compiler: Compiler,
  request: ValidationRequest,
): Promise<{ readonly setup: ValidationSetup; readonly notes: readonly string[] }> {
  const files = harnessFiles();
  const { text, plan, notes } = sliceSource(slice, files.prelude);
  const hz = request.hz ?? USUAL_HZ;
  const harnesses = await Promise.all(
    hz.map(async (one) => {
      const charIsSigned = charIsSignedIn(source.version);
      const asked = { slice: text, files, hz: one, charIsSigned, compiler, cacheDirectory: cacheFolder() };
      return { hz: one, executable: (await buildHarness(asked)).executable };
    }),
  );
  const { system, javascript, request: checked } = prepared.setup;
  const { facts } = checked;
  return {
    setup: { system, javascript, plan, harnesses, facts, maxDecisions: MAX_DECISIONS, seed: request.seed },
    notes,
  };
}

/**
 * Compares a prepared system's model with its C, compiled.
 *
 * @returns `skipped` with the reason where there is no compiler, or it does not take the slice
 */
export async function validate(
  subject: Validated,
  request: ValidationRequest,
  progress: JobProgress,
): Promise<ValidationReport> {
  const { exercise } = subject.prepared.system;
  if (exercise === undefined) return skipped(`${subject.prepared.system.name} has no exercise`, request.seed, null);
  const compiler = await findCompiler();
  if (compiler === null) return skipped("no C compiler was found (cc, gcc, clang)", request.seed, null);
  try {
    const { setup, notes } = await setUp(subject, compiler, request);
    const part = await runHistories(setup, exercise, request.histories, workerScript(), progress);
    const difference = part.difference === null ? null : await examine(setup, exercise, part.difference);
    const little = difference === null ? tooLittle(part) : null;
    if (little !== null) return skipped(little, request.seed, compiler);
    return {
      status: difference === null ? "same" : "different",
      reason: difference === null ? null : differenceText(difference),
      compiler: compiler.version,
      hz: hzOf(setup, request.histories),
      seed: request.seed,
      ...partOf(part),
      coverage: difference === null ? coverageOf(subject, setup, request.histories) : null,
      difference,
      notes,
      file: null,
      replay: null,
    };
  } catch (error) {
    if (error instanceof CompileError) {
      return skipped(`the slice does not compile: ${error.message}`, request.seed, compiler);
    }
    if (error instanceof HarnessError) return skipped(error.message, request.seed, compiler);
    throw error;
  }
}

/** The values of HZ that histories were run with: batches take turns. */
function hzOf({ harnesses }: ValidationSetup, histories: number): readonly number[] {
  return harnesses.slice(0, Math.ceil(histories / HISTORIES_PER_BATCH)).map((one) => one.hz);
}

/** How many were compared before the first difference depends on nobody's speed; all else that was counted does. */
function partOf(part: ValidationPart): ValidationPart {
  if (part.difference === null) return part;
  return {
    ...part,
    histories: part.difference.number + 1,
    decisions: 0,
    events: 0,
    switches: {},
    stopped: 0,
    cut: {},
    unrecorded: {},
  };
}

/** More than that of a validation that could only be made in part says too little. */
const MAX_CUT_SHARE = 0.25;

/** Why too little was compared; null where it was enough. */
function tooLittle({ histories, cut, unrecorded }: ValidationPart): string | null {
  const reasons = Object.entries({ ...cut, ...unrecorded }).sort(([, a], [, b]) => b - a);
  const count = reasons.reduce((sum, [, one]) => sum + one, 0);
  if (count <= MAX_CUT_SHARE * histories) return null;
  return `${count} of ${histories} histories could be compared in part only, most of them for: ${reasons[0]?.[0]}`;
}

function workerScript(): URL | null {
  const script = new URL("./validate-worker.js", import.meta.url);
  return existsSync(script) ? script : null;
}

function coverageOf({ prepared }: Validated, setup: ValidationSetup, histories: number): ValidationReport["coverage"] {
  const { exercise } = prepared.system;
  const [first] = setup.harnesses;
  if (exercise === undefined || first === undefined) return null;
  const decisions = new SeededDecisions();
  const { text } = prepared.translation;
  const count = Math.min(histories, COVERAGE_HISTORIES);
  return lineCoverage(text, setup.javascript, exercise, count, (number) => {
    decisions.begin(setup.seed, number);
    return Bench.optionsOf(setup, first.hz, decisions);
  });
}

/** A difference in one sentence. */
function differenceText({ model, compiled, place, modelFunction }: Difference): string {
  const where = place === null ? (modelFunction ?? "the slice") : `${place.file}:${place.line} (${place.function})`;
  return `at ${where} the model does "${model ?? "nothing"}" and the compiled C "${compiled ?? "nothing"}"`;
}

/** Writes a difference to a file that `--replay` takes. @returns the report with its path */
export function withDifferenceFile(
  report: ValidationReport,
  subject: Validated,
  candidate: string | undefined,
  out: string,
  replay: (path: string) => string,
): ValidationReport {
  const { difference } = report;
  if (difference === null) return report;
  const { system, translation } = subject.prepared;
  const file: DifferenceFile = {
    format: "groundhog-difference",
    version: 1,
    system: system.name,
    kernel: { id: subject.source.id, version: subject.source.version },
    modelSha256: translation.sha256,
    ...(candidate === undefined ? {} : { candidate }),
    maxDecisions: MAX_DECISIONS,
    difference,
  };
  const name = `${system.name}-${difference.hz}hz-${translation.sha256.slice(0, 8)}.difference.json`;
  writeFiles(out, new Map([[name, `${JSON.stringify(file, null, 1)}\n`]]));
  const path = join(out, name);
  return { ...report, file: path, replay: replay(path) };
}

/** Runs a difference's decisions again. */
export async function replayDifference(subject: Validated, file: DifferenceFile): Promise<ValidationReport> {
  const { exercise } = subject.prepared.system;
  const compiler = await findCompiler();
  if (exercise === undefined || compiler === null) {
    return skipped("no C compiler was found (cc, gcc, clang)", 0, null);
  }
  const { hz, decisions } = file.difference;
  try {
    const { setup, notes } = await setUp(subject, compiler, { histories: 1, hz: [hz], seed: 0 });
    const again = { ...setup, maxDecisions: file.maxDecisions };
    const difference = await differenceAgain(again, exercise, hz, decisions);
    return {
      ...skipped("", 0, compiler),
      status: difference === null ? "same" : "different",
      reason: difference === null ? null : differenceText(difference),
      ...{ hz: [hz], histories: 1, decisions: decisions.length, difference, notes },
    };
  } catch (error) {
    if (error instanceof CompileError || error instanceof HarnessError) return skipped(error.message, 0, compiler);
    throw error;
  }
}

/**
 * The number of histories from the command line.
 *
 * @throws InputError naming the option
 */
export function historiesOf(text: string | undefined, isWanted: boolean): number {
  if (text === undefined) return DEFAULT_HISTORIES;
  if (!isWanted) throw new InputError("--histories", "has a meaning with --validate only");
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 100_000_000) return value;
  throw new InputError(`--histories ${text}`, "is not an integer from 1 to 100000000");
}
