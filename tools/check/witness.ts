/**
 * Witness files: a history that leads to a violation, with what must come of it, so that anybody can run it again.
 *
 * They come from outside when they are read: every field is checked, and sizes are bounded.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { firstChoice, RecordingDecisions, ReplayDecisions } from "../simulator/decisions.ts";
import { type TraceEvent, TraceRecorder, traceText } from "../simulator/trace.ts";
import type { Runner, RunOutcome } from "./run.ts";
import type { Timeline } from "./timeline.ts";
import type { PropertyKind, Schedule } from "./verdict.ts";

/** A witness file is a few kilobytes; decisions of long random runs make it longer. */
export const MAX_WITNESS_BYTES = 4_000_000;
const MAX_DECISIONS = 100_000;
const MAX_TRACE_EVENTS = 1_000_000;

const decision = z.strictObject({ label: z.string().max(100), n: z.int().min(2), chosen: z.int().min(0) });

const shape = {
  format: z.literal("groundhog-witness"),
  version: z.literal(1),
  system: z.string().max(100),
  // It is printed.
  property: z.string().regex(/^[a-z][a-z-]{0,99}$/),
  kernel: z.strictObject({ id: z.string().max(4096), version: z.string().max(200).nullable() }),
  modelSha256: z.string().regex(/^[0-9a-f]{64}$/),
  // The candidate patch that the kernel was given first; none when absent.
  candidate: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,99}$/)
    .exactOptional(),
};
const decided = {
  // How late a woken worker may start; nobody is late when absent.
  maxLatenessTicks: z.int().min(0).max(1_000_000).exactOptional(),
  decisions: z.array(decision).max(MAX_DECISIONS),
};
const traced = { traceSha256: z.string().regex(/^[0-9a-f]{64}$/) };

/** What a run came to, in numbers and words: a system's own, and the sum of its trace. */
export type Expected = Readonly<Record<string, string | number | boolean | null>>;

/** Everything that a history depends on besides the model, and what must come of it. */
export interface Witness<Scenario = unknown> extends Schedule<Scenario> {
  readonly format: "groundhog-witness";
  readonly version: 1;
  readonly system: string;
  readonly property: string;
  readonly kernel: { readonly id: string; readonly version: string | null };
  readonly modelSha256: string;
  readonly candidate?: string;
  readonly expected: Expected;
}

/** zod, as systems get it: their folders import types only, and what runs models need not load it. */
export type Zod = typeof z;

/** What of a witness file is a system's own. Sizes must be bounded: such files come from outside. */
export interface WitnessSchemas<Scenario = unknown> {
  readonly scenario: z.ZodType<Scenario>;
  /** Numbers, words and null; what a system's expectedOf() gives. */
  readonly expected: z.ZodObject;
}

/** What a system says of its runs, for witnesses and for those who read them. */
export interface WitnessStory<Scenario = unknown, Run extends RunOutcome = RunOutcome> {
  schemas(zod: Zod): WitnessSchemas<Scenario>;
  /** What a replay must come to again; the trace's sum is added to it. */
  expectedOf(run: Run): Expected;
  /** The settings of a scenario for the name of its file: letters, digits and dashes. */
  nameOf(scenario: Scenario): string;
  /** What came of a run, as a clause: `the call ends 8.0 s after the way is open`. */
  endOf(scenario: Scenario, run: Run): string;
  timelineOf(scenario: Scenario, run: Run, events: readonly TraceEvent[]): Timeline;
  /** The property that an end violates by its own words; absent where ends name none. */
  propertyOf?(expected: Expected): string;
}

/** A witness file that cannot be used; the message is one line for a person, without the file's name. */
export class WitnessError extends Error {
  override readonly name = "WitnessError";
}

/** The system whose witness a file is to be. */
export interface WitnessedSystem<Scenario = unknown, Run extends RunOutcome = RunOutcome> {
  readonly name: string;
  readonly witness: WitnessStory<Scenario, Run>;
  readonly properties: { readonly kinds: Readonly<Record<string, PropertyKind>> };
}

/**
 * Reads a witness from the text of its file.
 *
 * @throws WitnessError naming the first thing that is wrong with it
 */
export function parseWitness<Scenario, Run extends RunOutcome>(
  text: string,
  system: WitnessedSystem<Scenario, Run>,
): Witness<Scenario> {
  if (text.length > MAX_WITNESS_BYTES) throw new WitnessError(`${text.length} bytes are too many for a witness`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new WitnessError("is not JSON, so no witness");
  }
  const format = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (format !== "groundhog-witness") throw new WitnessError('is no witness: "format" is not "groundhog-witness"');
  const version = "version" in (value as object) ? (value as { version: unknown }).version : undefined;
  if (version !== 1) throw new WitnessError(`is a witness of version ${JSON.stringify(version)}; this reads version 1`);
  const named = "system" in (value as object) ? (value as { system: unknown }).system : undefined;
  if (typeof named === "string" && named !== system.name) {
    throw new WitnessError(`is a witness of ${JSON.stringify(named.slice(0, 100))}, not of ${system.name}`);
  }
  const { scenario, expected } = system.witness.schemas(z);
  const parsed = z.strictObject({ ...shape, scenario, ...decided, expected: expected.extend(traced) }).safeParse(value);
  if (parsed.success) return withItsProperty(parsed.data as Witness<Scenario>, system);
  const issue = parsed.error.issues[0];
  throw new WitnessError(`is no good witness: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "bad value"}`);
}

/** The witness, if its property is one of the system's, and the one that its end says: another is not what was seen. */
function withItsProperty<Scenario, Run extends RunOutcome>(
  witness: Witness<Scenario>,
  system: WitnessedSystem<Scenario, Run>,
): Witness<Scenario> {
  const { property, expected } = witness;
  const { kinds } = system.properties;
  if (!Object.hasOwn(kinds, property)) {
    const all = Object.keys(kinds).join(", ");
    throw new WitnessError(`is no good witness: ${system.name} has no property ${property}; there are ${all}`);
  }
  const said = system.witness.propertyOf?.(expected) ?? property;
  if (said === property) return witness;
  throw new WitnessError(
    `is no good witness: it is to violate ${property}, and its own end violates ${JSON.stringify(said)}`,
  );
}

/** The text of a witness file. */
export function witnessText(value: Witness): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

/** What a history came to, with its trace. */
export interface Played<Run extends RunOutcome = RunOutcome> {
  readonly record: Run;
  readonly recorder: TraceRecorder;
  readonly expected: Expected;
}

/**
 * The schedule with every decision that its run asks for, so that a replay need not know who answered.
 *
 * @param schedule one whose decisions end early; from there on nobody interferes
 */
export function completed<Scenario, Run extends RunOutcome>(
  run: Runner<Scenario, Run>,
  schedule: Schedule<Scenario>,
): Schedule<Scenario> {
  const { scenario, maxLatenessTicks = 0 } = schedule;
  const recording = new RecordingDecisions(new ReplayDecisions(schedule.decisions, firstChoice));
  run(scenario, { decisions: recording, maxLatenessTicks });
  return { ...schedule, decisions: recording.decisions };
}

/**
 * Runs a schedule and keeps its trace.
 *
 * @throws SimulationFault `replay-mismatch` when the run asks for other decisions than the schedule has
 */
export function play<Scenario, Run extends RunOutcome>(
  run: Runner<Scenario, Run>,
  schedule: Schedule<Scenario>,
  { expectedOf }: Pick<WitnessStory<Scenario, Run>, "expectedOf">,
): Played<Run> {
  const recorder = new TraceRecorder(MAX_TRACE_EVENTS);
  const decisions = new ReplayDecisions(schedule.decisions);
  const { maxLatenessTicks = 0 } = schedule;
  const record = run(schedule.scenario, { decisions, maxLatenessTicks, trace: recorder.listen });
  const traceSha256 = createHash("sha256").update(traceText(recorder.events)).digest("hex");
  return { record, recorder, expected: { ...expectedOf(record), traceSha256 } };
}

/** The first thing in which a replay differs from what its witness says; null when it came to the same end. */
export function differenceOf(wanted: Expected, found: Expected): string | null {
  for (const key of Object.keys(wanted)) {
    if (wanted[key] !== found[key]) return `${key} was ${wanted[key]} and is now ${found[key]}`;
  }
  return null;
}
