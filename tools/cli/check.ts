/** `groundhog check SYSTEM`: verdict, figures, witness; `--replay FILE` runs a witness again. */
import { join } from "node:path";
import type { Configuration } from "../c/configuration.ts";
import type { CheckResult, Verdict } from "../check/verdict.ts";
import { differenceOf, type Played, type Witness } from "../check/witness.ts";
import { InputError } from "../kernel/input-error.ts";
import type { KernelSource } from "../kernel/source.ts";
import { type CheckReport, checkDocument, checkText } from "../report/check.ts";
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
} from "./surroundings.ts";
import { type CheckableSystem, checkableSystem } from "./systems.ts";
import { modelOf, programOf } from "./translation.ts";
import { readWitness, replay, scheduleOf, timelineOf, witnessesOf } from "./witnesses.ts";

export interface CheckOptions extends NarrowingOptions {
  readonly kernel?: string;
  readonly config?: string;
  readonly replay?: string;
  /** A recipe whose edit is made before anything else. */
  readonly candidate?: string;
  readonly out: string;
  readonly json?: boolean;
}

/** Scripts tell the verdicts apart by these. */
export function exitOf(verdict: Verdict): Exit {
  return { holds: EXIT.done, violated: EXIT.findings, inconclusive: EXIT.inconclusive }[verdict];
}

/** What is checked: what a replay must be told again. */
export type KernelOptions = Pick<CheckOptions, "kernel" | "config" | "candidate">;

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The command that runs a witness again. */
export function replayCommand(system: string, options: KernelOptions, path: string): string {
  const candidate = options.candidate === undefined ? [] : ["--candidate", options.candidate];
  const kernel = options.kernel === undefined ? [] : ["--kernel", options.kernel];
  const config = options.config === undefined ? [] : ["--config", options.config];
  return [...invocation(), "check", system, ...kernel, ...config, ...candidate, "--replay", path].map(quoted).join(" ");
}

type Unwritten = Omit<CheckReport, "witnesses">;

function reportOf(
  { system, translation }: Prepared,
  source: KernelSource,
  result: CheckReport["result"],
  candidate: string | undefined,
): Unwritten {
  const { sha256, functions, files, timersFrom, notes, unmodelled } = translation;
  return {
    system,
    kernel: { id: source.id, version: source.version },
    candidate: candidate ?? null,
    result,
    unmodelled: unmodelled.map(({ file, line, what }) => ({ file, line, what })),
    model: { sha256, functions: functions.map((one) => one.name), files, timersFrom, notes },
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
  system: CheckableSystem,
  configuration: Configuration,
  candidate: string | undefined,
): Promise<ReadKernel> {
  const asItIs = { source, program: await programOf(source, configuration) };
  return candidate === undefined ? asItIs : withCandidate(system, asItIs, candidate);
}

async function show(report: CheckReport, options: CheckOptions): Promise<Exit> {
  await print(options.json === true ? jsonLine(checkDocument(report)) : checkText(report, paintForTerminal()));
  return exitOf(report.result.verdict);
}

/** What a replay says of the property that its witness is about. */
function replayResult(
  file: string,
  witness: Witness,
  played: Played | null,
  isSameModel: boolean,
  judge: CheckableSystem["properties"]["judge"],
): Omit<CheckResult, "figures"> {
  const { property } = witness;
  const kind = property === "healthy-server-kept" ? "safety" : "progress";
  const difference =
    played === null ? "other decisions are asked for" : differenceOf(witness.expected, played.expected);
  if (difference !== null && isSameModel) {
    throw new InputError(file, `was changed since it was written, or is damaged: on its own model, ${difference}`);
  }
  const fault = played?.record.fault ?? null;
  // The witness' own property is asked of what came now: ends can be alike where one violates it and one does not.
  const judged =
    played === null || fault !== null ? null : judge(property, scheduleOf(witness).scenario, played.record);
  const verdict = judged === null ? "inconclusive" : judged ? "violated" : "holds";
  const end = difference === null ? "came to the same end, event for event" : `came to another end: ${difference}`;
  const detail = `the witness ${end}${isSameModel ? "" : "; it was made from another model"}`;
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
  const isSameModel = prepared.translation.sha256 === witness.modelSha256;
  const result = {
    ...replayResult(file, witness, played, isSameModel, prepared.system.properties.judge),
    figures: null,
  };
  const command = replayCommand(prepared.system.name, options, file);
  const timeline = played === null ? "" : timelineOf(scheduleOf(witness), played);
  const witnesses = new Map([[witness.property, { path: file, replay: command, timeline }]]);
  return show({ ...reportOf(prepared, source, result, options.candidate), witnesses }, options);
}

async function fullCheck(prepared: Prepared, source: KernelSource, options: CheckOptions): Promise<Exit> {
  const checked = await checkPrepared(prepared, jobProgress("checked"));
  return show(reportWithWitnesses(checked, source, options).report, options);
}

/** A witness says itself what is run. */
function refuseNarrowing({ hz, echoInterval, rtt, wheel }: CheckOptions): void {
  const given = Object.entries({ "--hz": hz, "--echo-interval": echoInterval, "--rtt": rtt, "--wheel": wheel });
  for (const [option, value] of given) {
    if (value !== undefined) throw new InputError(option, "has no meaning with --replay: the witness says what is run");
  }
}

/** Runs the command; the result goes to standard output, witnesses to the folder of --out. */
export async function checkCommand(name: string, options: CheckOptions): Promise<Exit> {
  const system: CheckableSystem = checkableSystem(name);
  const narrowing: Narrowing = narrowingOf(options);
  const configuration = configurationOf(options.config);
  checkOut(options.out, "check");
  const witness = options.replay === undefined ? null : readWitness(options.replay, name);
  if (witness !== null) refuseNarrowing(options);
  // A witness is about the kernel that it was found in, where nothing else is said.
  const kernel = options.kernel ?? witness?.kernel.id;
  const source = await openForCommand(kernel, []);
  try {
    // The same holds of a candidate patch.
    const candidate = options.candidate ?? witness?.candidate;
    const made = await kernelToCheck(source, system, configuration, candidate);
    const translation = await modelOf(made.source, made.program, system);
    const prepared = prepare(system, translation, narrowing);
    if (witness === null || options.replay === undefined) return await fullCheck(prepared, source, options);
    const chosen = {
      ...options,
      ...(kernel === undefined ? {} : { kernel }),
      ...(candidate === undefined ? {} : { candidate }),
    };
    return await replayWitness(options.replay, witness, prepared, source, chosen);
  } finally {
    await source.close();
  }
}
