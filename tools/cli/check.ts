/** `groundhog check SYSTEM`: verdict, figures, witness; `--replay FILE` runs a witness again. */
import { join } from "node:path";
import type { System } from "../../kernel-models/system.ts";
import type { Configuration } from "../c/configuration.ts";
import type { FigureStory } from "../check/figure-story.ts";
import type { CheckResult, Verdict } from "../check/verdict.ts";
import { differenceOf, type Played, type Witness } from "../check/witness.ts";
import { InputError } from "../kernel/input-error.ts";
import type { KernelSource } from "../kernel/source.ts";
import type { DifferenceFile, ValidationReport } from "../native/validation-report.ts";
import { type CheckReport, checkDocument, checkText, type ToldFigures } from "../report/check.ts";
import { type ReadKernel, withCandidate } from "./candidates.ts";
import { type NarrowingOptions, narrowingOf } from "./check-options.ts";
import { type Checked, checkPrepared, type Narrowing, type Prepared, prepare } from "./check-system.ts";
import { EXIT, type Exit } from "./exit.ts";
import { checkOut, writeFiles } from "./out.ts";
import {
  configurationOf,
  invocation,
  jobProgress,
  jsonLine,
  openForCommand,
  paintForTerminal,
  print,
  quoted,
} from "./surroundings.ts";
import { requireFolders, type Systems, systemNamed } from "./systems.ts";
import { programOf, sliceOf } from "./translation.ts";
import { historiesOf, replayDifference, type Validated, validate, withDifferenceFile } from "./validate.ts";
import { readProof, replay, timelineOf, witnessesOf } from "./witnesses.ts";

export interface CheckOptions extends NarrowingOptions {
  readonly kernel?: string;
  readonly config?: string;
  readonly replay?: string;
  /** A recipe whose edit is made before anything else. */
  readonly candidate?: string;
  readonly out: string;
  readonly json?: boolean;
  /** Whether the compiled C is to be compared. */
  readonly validate?: boolean;
  readonly histories?: string;
}

/** Scripts tell the verdicts apart by these. */
export function exitOf(verdict: Verdict): Exit {
  return { holds: EXIT.done, violated: EXIT.findings, inconclusive: EXIT.inconclusive }[verdict];
}

/** What is checked: what a replay must be told again. */
export type KernelOptions = Pick<CheckOptions, "kernel" | "config" | "candidate">;

/** The command that runs a witness again. */
export function replayCommand(system: string, options: KernelOptions, path: string): string {
  const candidate = options.candidate === undefined ? [] : ["--candidate", options.candidate];
  const kernel = options.kernel === undefined ? [] : ["--kernel", options.kernel];
  const config = options.config === undefined ? [] : ["--config", options.config];
  return [...invocation(), "check", system, ...kernel, ...config, ...candidate, "--replay", path].map(quoted).join(" ");
}

/** A system's figures with what it says of them. */
export function toldFigures<Figures>(
  { figures: story }: { readonly figures: FigureStory<Figures> },
  figures: Figures,
  timersFrom: string,
): ToldFigures {
  return {
    document: figures,
    advice: story.advice?.(figures) ?? [],
    blocks: story.blocks(figures, timersFrom),
    cells: story.cells(figures),
  };
}

type Unwritten = Omit<CheckReport, "witnesses">;

function reportOf(
  { system, translation }: Prepared,
  source: KernelSource,
  result: CheckReport["result"] & { readonly figures?: unknown },
  candidate: string | undefined,
): Unwritten {
  const { sha256, functions, files, timersFrom, notes, unmodelled } = translation;
  return {
    system,
    kernel: { id: source.id, version: source.version },
    candidate: candidate ?? null,
    isReplay: false,
    result,
    figures: result.figures === undefined ? null : toldFigures(system, result.figures, timersFrom),
    columns: system.figures.columns,
    unmodelled: unmodelled.map(({ file, line, what }) => ({ file, line, what })),
    model: { sha256, functions: functions.map((one) => one.name), files, timersFrom, notes },
    validation: null,
  };
}

/**
 * A checked system as a report, its witnesses written.
 *
 * @returns with the paths of the files
 */
export function reportWithWitnesses(
  checked: Checked,
  source: KernelSource,
  options: KernelOptions & Pick<CheckOptions, "out">,
): { readonly report: CheckReport; readonly written: readonly string[] } {
  const made = witnessesOf(checked, source, options.candidate);
  const written = writeFiles(options.out, new Map(made.flatMap((one) => [...one.files])));
  const witnesses = new Map(
    made.map(({ property, file, timeline }) => {
      const path = join(options.out, file);
      return [property, { path, replay: replayCommand(checked.system.name, options, path), timeline }];
    }),
  );
  return { report: { ...reportOf(checked, source, checked.result, options.candidate), witnesses }, written };
}

/** The kernel as the command line wants it: with the edit of a candidate, where one is named. */
async function kernelToCheck(
  source: KernelSource,
  system: System,
  configuration: Configuration,
  candidate: string | undefined,
): Promise<ReadKernel> {
  await requireFolders(source, [system]);
  const asItIs = { source, program: await programOf(source, configuration) };
  return candidate === undefined ? asItIs : withCandidate(system, asItIs, candidate);
}

async function show(report: CheckReport, options: CheckOptions): Promise<Exit> {
  await print(options.json === true ? jsonLine(checkDocument(report)) : checkText(report, paintForTerminal()));
  return exitOf(report.result.verdict);
}

/** What a replay comes to, besides a verdict. */
interface Replayed {
  readonly witness: Witness;
  /** Null where the model asks for other decisions than the witness has. */
  readonly played: Played | null;
  readonly isSameModel: boolean;
  /** Whether the witness' property is violated; null where the history says nothing of it. */
  readonly judged: boolean | null;
  readonly candidate: string | undefined;
}

/** What came of a witness in a sentence. Of other models it is told what happens there, not how the numbers differ. */
function endOfReplay({ witness, played, isSameModel, judged, candidate }: Replayed, system: System): string {
  const other = isSameModel ? "" : "; the witness was made from another model";
  if (played === null) return `this model asks for other decisions than the witness has${other}`;
  const isSameEnd = differenceOf(witness.expected, played.expected) === null;
  if (isSameEnd) return `the witness came to the same end, event for event${other}`;
  const here = `on this kernel${candidate === undefined ? "" : ` with ${candidate}`}`;
  if (played.record.fault !== null) return `${here} the history cannot be followed to its end${other}`;
  const end = system.witness.endOf(witness.scenario, played.record);
  if (judged === true) return `${here}, too, ${end}${other}`;
  const meaning = judged === null ? `nothing is said of ${witness.property}` : `${witness.property} is not violated`;
  return `${here} ${end}: in this one history, ${meaning}${other}`;
}

/**
 * What a replay says of the property that its witness is about.
 *
 * @throws InputError where the witness' own model does something else: the file is not what was written
 */
function replayResult(
  file: string,
  witness: Witness,
  played: Played | null,
  { system, translation }: Prepared,
  candidate: string | undefined,
): Omit<CheckResult, "figures"> {
  const { property } = witness;
  const { kinds, judge } = system.properties;
  const kind = kinds[property] ?? "progress";
  const isSameModel = translation.sha256 === witness.modelSha256;
  const difference =
    played === null ? "other decisions are asked for" : differenceOf(witness.expected, played.expected);
  if (difference !== null && isSameModel) {
    throw new InputError(file, `was changed since it was written, or is damaged: on its own model, ${difference}`);
  }
  const fault = played?.record.fault ?? null;
  // The witness' own property is asked of what came now: ends can be alike where one violates it and one does not.
  const judged = played === null || fault !== null ? null : judge(property, witness.scenario, played.record);
  if (isSameModel && fault === null && judged !== true) {
    const why = `on its own model, its history does not violate ${property}`;
    throw new InputError(file, `was changed since it was written: ${why}`);
  }
  const verdict = judged === null ? "inconclusive" : judged ? "violated" : "holds";
  const detail = endOfReplay({ witness, played, isSameModel, judged, candidate }, system);
  const reasons = fault === null ? [] : [`${fault.kind}: ${fault.message}`];
  if (played !== null && fault === null && judged === null) reasons.push(`the history says nothing of ${property}`);
  return {
    verdict,
    properties: [{ name: property, kind, verdict, violation: null, detail }],
    bounds: ["this one history only"],
    reasons: played === null ? [...reasons, "this model asks for other decisions than the witness has"] : reasons,
  };
}

async function replayWitness(
  file: string,
  witness: Witness,
  prepared: Prepared,
  source: KernelSource,
  options: CheckOptions,
): Promise<Exit> {
  const played = replay(prepared, witness);
  const result = replayResult(file, witness, played, prepared, options.candidate);
  const command = replayCommand(prepared.system.name, options, file);
  const timeline = played === null ? "" : timelineOf(prepared.system, witness, played);
  const witnesses = new Map([[witness.property, { path: file, replay: command, timeline }]]);
  const report = { ...reportOf(prepared, source, result, options.candidate), isReplay: true };
  return show({ ...report, witnesses }, options);
}

/** What a comparison with the compiled C means for a verdict: a model that does something else proves nothing. */
export function withValidation(report: CheckReport, validation: ValidationReport): CheckReport {
  const { result } = report;
  if (validation.status === "same") return { ...report, validation };
  if (validation.status === "skipped") {
    const bounds = [...result.bounds, `translation not validated: ${validation.reason}`];
    return { ...report, validation, result: { ...result, bounds } };
  }
  const reasons = [...result.reasons, `the translation differs from the compiled C ${validation.reason}`];
  return { ...report, validation, result: { ...result, verdict: "inconclusive", reasons } };
}

/** Compares a prepared system with its C where that is wanted. */
export async function validated(
  report: CheckReport,
  subject: Validated,
  options: KernelOptions & Pick<CheckOptions, "out" | "validate" | "histories">,
  narrowing: Narrowing,
): Promise<CheckReport> {
  if (options.validate !== true) return report;
  const request = { histories: historiesOf(options.histories, true), hz: narrowing.hz, seed: narrowing.seed };
  const made = await validate(subject, request, jobProgress("compared"));
  const { name } = subject.prepared.system;
  const replay = (path: string): string => replayCommand(name, options, path);
  return withValidation(report, withDifferenceFile(made, subject, options.candidate, options.out, replay));
}

async function fullCheck(subject: Validated, options: CheckOptions, narrowing: Narrowing): Promise<Exit> {
  const { prepared, source } = subject;
  const checked = await checkPrepared(prepared, jobProgress("checked"), "timed");
  const { report } = reportWithWitnesses(checked, source, options);
  return show(await validated(report, subject, options, narrowing), options);
}

/** A difference says whether it is still there; the properties are not asked. */
async function showDifference(subject: Validated, file: DifferenceFile, options: CheckOptions): Promise<Exit> {
  const again = await replayDifference(subject, file);
  const validation = { ...again, file: options.replay ?? null };
  const reasons = ["only the translation was looked at"];
  const isSameModel = subject.prepared.translation.sha256 === file.modelSha256;
  if (isSameModel && again.status === "same") {
    const why = "was changed, is damaged, or another groundhog wrote it: on its own model both sides do the same";
    throw new InputError(options.replay ?? "--replay", why);
  }
  const bounds = ["this one history only", ...(isSameModel ? [] : ["the difference was found on another model"])];
  const result = { verdict: "inconclusive", properties: [], bounds, reasons } as const;
  const report = reportOf(subject.prepared, subject.source, result, options.candidate);
  const shown: CheckReport = { ...report, validation, witnesses: new Map() };
  await print(options.json === true ? jsonLine(checkDocument(shown)) : checkText(shown, paintForTerminal()));
  return validation.status === "same"
    ? EXIT.done
    : validation.status === "different"
      ? EXIT.findings
      : EXIT.inconclusive;
}

/** A witness says itself what is run. */
function refuseNarrowing({ hz, own, wheel, validate: isValidated }: CheckOptions): void {
  const others = Object.entries(own ?? {}).map(([name, value]) => [`--${name}`, value] as const);
  const narrowed = { "--hz": hz, ...Object.fromEntries(others), "--wheel": wheel };
  const given = Object.entries({ ...narrowed, "--validate": isValidated });
  for (const [option, value] of given) {
    if (value !== undefined) throw new InputError(option, "has no meaning with --replay: the witness says what is run");
  }
}

/** Runs the command; the result goes to standard output, witnesses to the folder of --out. */
export async function checkCommand(name: string, options: CheckOptions, systems?: Systems): Promise<Exit> {
  const system: System = systemNamed(name, systems);
  const narrowing: Narrowing = narrowingOf(options, system);
  const configuration = configurationOf(options.config);
  historiesOf(options.histories, options.validate === true);
  checkOut(options.out, "check");
  const proof = options.replay === undefined ? null : readProof(options.replay, system);
  if (proof !== null) refuseNarrowing(options);
  // A witness is about the kernel that it was found in, where nothing else is said.
  const kernel = options.kernel ?? proof?.kernel.id;
  const source = await openForCommand(kernel, []);
  try {
    // The same holds of a candidate patch.
    const candidate = options.candidate ?? proof?.candidate;
    const made = await kernelToCheck(source, system, configuration, candidate);
    const { model, slice } = await sliceOf(made.source, made.program, system);
    const prepared = prepare(system, model, narrowing);
    const subject = { prepared, slice, source };
    if (proof === null || options.replay === undefined) return await fullCheck(subject, options, narrowing);
    const chosen = {
      ...options,
      ...(kernel === undefined ? {} : { kernel }),
      ...(candidate === undefined ? {} : { candidate }),
    };
    return proof.format === "groundhog-difference"
      ? await showDifference(subject, proof, chosen)
      : await replayWitness(options.replay, proof, prepared, source, chosen);
  } finally {
    await source.close();
  }
}
