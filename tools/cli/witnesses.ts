/** Witness files: made from the violations of a check, written, read and run again. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { System } from "../../kernel-models/system.ts";
import type { RunOutcome } from "../check/run.ts";
import type { Schedule } from "../check/verdict.ts";
import {
  completed,
  MAX_WITNESS_BYTES,
  type Played,
  parseWitness,
  play,
  type Witness,
  WitnessError,
  witnessText,
} from "../check/witness.ts";
import { InputError } from "../kernel/input-error.ts";
import type { KernelSource } from "../kernel/source.ts";
import { DifferenceError, isDifference, parseDifference } from "../native/difference-file.ts";
import type { DifferenceFile } from "../native/validation-report.ts";
import { type TimelineRoom, timelineText } from "../report/timeline.ts";
import { printable } from "../report/words.ts";
import type { Checked, Prepared } from "./check-system.ts";
import { installationFolder } from "./surroundings.ts";

/** A violated property's files, by name below the folder of --out. */
export interface WitnessFiles {
  readonly property: string;
  readonly file: string;
  readonly timeline: string;
  readonly files: ReadonlyMap<string, string>;
}

/** The timeline of a run, through templates/timeline.txt.hbs. */
export function timelineOf<Scenario, Run extends RunOutcome>(
  { witness }: Pick<System<Scenario, Run>, "witness">,
  { scenario }: Schedule<Scenario>,
  { record, recorder }: Played<Run>,
  room: TimelineRoom | null = null,
): string {
  const template = readFileSync(join(installationFolder(), "templates", "timeline.txt.hbs"), "utf8");
  return timelineText(witness.timelineOf(scenario, record, recorder.events), template, room);
}

/** By what names of files tell kernels apart. */
export function modelTag({ translation }: Pick<Prepared, "translation">): string {
  return translation.sha256.slice(0, 8);
}

/** A name that another kernel's witness, or one of other settings, does not have. */
function stemOf(checked: Checked, property: string, scenario: unknown): string {
  const { system } = checked;
  const settings = system.witness.nameOf(scenario);
  if (!/^[\w-]+$/.test(settings)) throw new Error(`${system.name}: ${JSON.stringify(settings)} names no file`);
  return `${system.name}-${property}-${settings}-${modelTag(checked)}`;
}

/** The timeline of the shortest violation of a property, as mails show it; null where there is no violation. */
export function mailTimeline({ system, run, result }: Checked, property: string, room: TimelineRoom): string | null {
  const violation = result.properties.find(({ name }) => name === property)?.violation ?? null;
  if (violation === null) return null;
  const schedule = completed(run, violation);
  return timelineOf(system, schedule, play(run, schedule, system.witness), room);
}

/**
 * One witness with its timeline for each violated property.
 *
 * @param candidate the candidate patch that the kernel was given before it was checked
 */
export function witnessesOf(
  checked: Checked,
  kernel: Pick<KernelSource, "id" | "version">,
  candidate?: string,
): readonly WitnessFiles[] {
  const { system, run, result, translation } = checked;
  return result.properties.flatMap(({ name, violation }) => {
    if (violation === null) return [];
    const schedule = completed(run, violation);
    const played = play(run, schedule, system.witness);
    const witness: Witness = {
      format: "groundhog-witness",
      version: 1,
      system: system.name,
      property: name,
      kernel: { id: kernel.id, version: kernel.version },
      modelSha256: translation.sha256,
      ...(candidate === undefined ? {} : { candidate }),
      scenario: schedule.scenario,
      ...(schedule.maxLatenessTicks === undefined ? {} : { maxLatenessTicks: schedule.maxLatenessTicks }),
      decisions: schedule.decisions,
      expected: played.expected,
    };
    const stem = stemOf(checked, name, schedule.scenario);
    const file = `${stem}.witness.json`;
    const timeline = timelineOf(system, schedule, played);
    const files = new Map([
      [file, witnessText(witness)],
      [`${stem}.timeline.txt`, timeline],
    ]);
    return [{ property: name, file, timeline, files }];
  });
}

function proofText(file: string): string {
  try {
    const status = statSync(file);
    if (!status.isFile()) throw new InputError(file, "not a regular file");
    if (status.size > MAX_WITNESS_BYTES) throw new InputError(file, `${status.size} bytes are too many for a witness`);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new InputError(file, code === "ENOENT" ? "no such file" : `cannot be read (${code})`, { cause: error });
  }
}

/**
 * Reads what `--replay` takes: a witness of a violation, or a difference between a model and its compiled C.
 *
 * @throws InputError when it cannot be read, or is not of this system
 */
export function readProof(file: string, system: System): Witness | DifferenceFile {
  const text = proofText(file);
  try {
    if (!isDifference(text)) return parseWitness(text, system);
    const proof = parseDifference(text);
    if (proof.system === system.name) return proof;
    throw new InputError(file, `is a witness of ${printable(proof.system)}, not of ${system.name}`);
  } catch (error) {
    if (error instanceof WitnessError || error instanceof DifferenceError) {
      throw new InputError(file, error.message, { cause: error });
    }
    throw error;
  }
}

/** Plays a witness on a model; null when the model asks for decisions that the witness does not have. */
export function replay<Scenario, Run extends RunOutcome>(
  { run, system }: Prepared<Scenario, Run>,
  witness: Witness<Scenario>,
): Played<Run> | null {
  try {
    return play(run, witness, system.witness);
  } catch (error) {
    if (error instanceof Error && "kind" in error && error.kind === "replay-mismatch") return null;
    throw error;
  }
}
