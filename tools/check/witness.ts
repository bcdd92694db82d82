/**
 * Witness files: a history that leads to a violation, with what must come of it, so that anybody can run it again.
 *
 * They come from outside when they are read: every field is checked, and sizes are bounded.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { firstChoice, RecordingDecisions, ReplayDecisions } from "../simulator/decisions.ts";
import { TraceRecorder, traceText } from "../simulator/trace.ts";
import type { RunRecord, RunScenario } from "./scenario.ts";
import type { Schedule } from "./verdict.ts";

/** A witness file is a few kilobytes; decisions of long random runs make it longer. */
export const MAX_WITNESS_BYTES = 4_000_000;
const MAX_TOUCHES = 1000;
const MAX_DECISIONS = 100_000;
const MAX_TRACE_EVENTS = 1_000_000;
/** 48 days at HZ=12287: beyond every history that the check makes. */
const MAX_TICKS = 2 ** 36;

const ticks = z.int().min(0).max(MAX_TICKS);

const scenario = z.strictObject({
  hz: z.int().min(12).max(12_287),
  longBits: z.union([z.literal(32), z.literal(64)]),
  timers: z.enum(["exact", "slack", "levels"]),
  msleepAddsJiffy: z.boolean(),
  echoIntervalSeconds: z.int().min(1).max(100_000),
  rttTicks: ticks,
  startOffsetTicks: ticks,
  anchorEcho: z.int().min(1).max(100),
  touches: z.array(ticks).max(MAX_TOUCHES),
  deathTicks: ticks.nullable(),
  pauses: z
    .array(z.strictObject({ fromTicks: ticks, toTicks: ticks }))
    .max(MAX_TOUCHES)
    .optional(),
  revivalTicks: ticks.optional(),
  failedEcho: z.int().min(1).max(1000).optional(),
  sendBlocksTicks: ticks.optional(),
  endEchoesAfterAnchor: z.int().min(1).max(1_000_000),
  endTicksAfterAnchor: ticks.optional(),
  maxTicksAfterMount: ticks.optional(),
});

const decision = z.strictObject({ label: z.string().max(100), n: z.int().min(2), chosen: z.int().min(0) });

const expected = z.strictObject({
  endsWith: z.enum(["declared-dead", "kept"]),
  anchorTick: z.int(),
  declaredDeadTick: z.int().nullable(),
  lastResponseTick: z.int().nullable(),
  by: z.string().max(500).nullable(),
  events: z.int(),
  traceSha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const witness = z.strictObject({
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
    .optional(),
  scenario,
  maxLatenessTicks: z.int().min(0).max(1_000_000),
  decisions: z.array(decision).max(MAX_DECISIONS),
  expected,
});

export type Witness = z.infer<typeof witness>;
export type Expected = Witness["expected"];

/** A witness file that cannot be used; the message is one line for a person, without the file's name. */
export class WitnessError extends Error {
  override readonly name = "WitnessError";
}

/**
 * Reads a witness from the text of its file.
 *
 * @throws WitnessError naming the first thing that is wrong with it
 */
export function parseWitness(text: string): Witness {
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
  const parsed = witness.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new WitnessError(`is no good witness: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "bad value"}`);
}

/** The text of a witness file. */
export function witnessText(value: Witness): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

/** What a history came to, with its trace. */
export interface Played {
  readonly record: RunRecord;
  readonly recorder: TraceRecorder;
  readonly expected: Expected;
}

/**
 * The schedule with every decision that its run asks for, so that a replay need not know who answered.
 *
 * @param schedule one whose decisions end early; from there on nobody interferes
 */
export function completed(run: RunScenario, schedule: Schedule): Schedule {
  const { scenario, maxLatenessTicks } = schedule;
  const recording = new RecordingDecisions(new ReplayDecisions(schedule.decisions, firstChoice));
  run(scenario, { decisions: recording, maxLatenessTicks });
  return { ...schedule, decisions: recording.decisions };
}

/**
 * Runs a schedule and keeps its trace.
 *
 * @throws SimulationFault `replay-mismatch` when the run asks for other decisions than the schedule has
 */
export function play(run: RunScenario, schedule: Schedule): Played {
  const recorder = new TraceRecorder(MAX_TRACE_EVENTS);
  const decisions = new ReplayDecisions(schedule.decisions);
  const { maxLatenessTicks } = schedule;
  const record = run(schedule.scenario, { decisions, maxLatenessTicks, trace: recorder.listen });
  return { record, recorder, expected: expectedOf(record, recorder) };
}

function expectedOf(record: RunRecord, recorder: TraceRecorder): Expected {
  const { declaredDead, anchorTick, events } = record;
  return {
    endsWith: declaredDead === null ? "kept" : "declared-dead",
    anchorTick,
    declaredDeadTick: declaredDead?.tick ?? null,
    lastResponseTick: declaredDead?.lastResponseTick ?? null,
    by: declaredDead?.by ?? null,
    events,
    traceSha256: createHash("sha256").update(traceText(recorder.events)).digest("hex"),
  };
}

/** The first thing in which a replay differs from what its witness says; null when it came to the same end. */
export function differenceOf(wanted: Expected, found: Expected): string | null {
  for (const key of Object.keys(wanted) as (keyof Expected)[]) {
    if (wanted[key] !== found[key]) return `${key} was ${wanted[key]} and is now ${found[key]}`;
  }
  return null;
}
