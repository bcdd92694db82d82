/** Witness files: made from the violations of a check, written, read and run again. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { historyOf } from "../check/history.ts";
import type { Scenario } from "../check/scenario.ts";
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
import { timelineText } from "../report/timeline.ts";
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
export function timelineOf(schedule: Schedule, played: Played): string {
  const { scenario } = schedule;
  const { record, recorder } = played;
  const history = historyOf(scenario, record, recorder.events);
  const template = readFileSync(join(installationFolder(), "templates", "timeline.txt.hbs"), "utf8");
  return timelineText({ scenario, record, history }, template);
}

/** A name that another kernel's witness, or one of other settings, does not have. */
function stemOf(system: string, property: string, scenario: Scenario, modelSha256: string): string {
  const { hz, echoIntervalSeconds, rttTicks } = scenario;
  return `${system}-${property}-${hz}hz-${echoIntervalSeconds}s-${rttTicks}jiffies-${modelSha256.slice(0, 8)}`;
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
    const played = play(run, schedule);
    const witness: Witness = {
      format: "groundhog-witness",
      version: 1,
      system: system.name,
      property: name,
      kernel: { id: kernel.id, version: kernel.version },
      modelSha256: translation.sha256,
      ...(candidate === undefined ? {} : { candidate }),
      ...plain(schedule),
      expected: played.expected,
    };
    const stem = stemOf(system.name, name, schedule.scenario, translation.sha256);
    const file = `${stem}.witness.json`;
    const timeline = timelineOf(schedule, played);
    const files = new Map([
      [file, witnessText(witness)],
      [`${stem}.timeline.txt`, timeline],
    ]);
    return [{ property: name, file, timeline, files }];
  });
}

/** A schedule in the shape of the file: lists that can be written to. */
function plain(schedule: Schedule): Pick<Witness, "scenario" | "maxLatenessTicks" | "decisions"> {
  const { scenario, maxLatenessTicks, decisions } = schedule;
  const { pauses, ...rest } = scenario;
  return {
    scenario: {
      ...rest,
      touches: [...scenario.touches],
      ...(pauses === undefined ? {} : { pauses: pauses.map((one) => ({ ...one })) }),
    },
    maxLatenessTicks,
    decisions: decisions.map((one) => ({ ...one })),
  };
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
export function readProof(file: string, system: string): Witness | DifferenceFile {
  const text = proofText(file);
  try {
    const proof = isDifference(text) ? parseDifference(text) : parseWitness(text);
    if (proof.system === system) return proof;
    throw new InputError(file, `is a witness of ${printable(proof.system)}, not of ${system}`);
  } catch (error) {
    if (error instanceof WitnessError || error instanceof DifferenceError) {
      throw new InputError(file, error.message, { cause: error });
    }
    throw error;
  }
}

/** The witness as something to play: absent fields are absent, not undefined. */
export function scheduleOf({ scenario, maxLatenessTicks, decisions }: Witness): Schedule {
  const present = Object.entries(scenario).filter(([, value]) => value !== undefined);
  return {
    scenario: Object.fromEntries(present) as unknown as Scenario,
    maxLatenessTicks,
    decisions,
  };
}

/** Plays a witness on a model; null when the model asks for decisions that the witness does not have. */
export function replay(prepared: Prepared, witness: Witness): Played | null {
  try {
    return play(prepared.run, scheduleOf(witness));
  } catch (error) {
    if (error instanceof Error && "kind" in error && error.kind === "replay-mismatch") return null;
    throw error;
  }
}
