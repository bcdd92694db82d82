/** The file of a difference between a model and its compiled C: written by a validation, read by `--replay`. */
import { z } from "zod";
import type { DifferenceFile } from "./validation-report.ts";

/** A file that is no difference, or no good one. */
export class DifferenceError extends Error {}

const MAX_DECISIONS = 1_000_000;
const text = z.string().max(100_000);
const decision = z.strictObject({
  label: z.string().max(200),
  n: z
    .int()
    .min(1)
    .max(2 ** 32),
  chosen: z
    .int()
    .min(0)
    .max(2 ** 32),
});

const difference = z.strictObject({
  hz: z.int().min(12).max(12_287),
  decisions: z.array(decision).max(MAX_DECISIONS),
  model: text.nullable(),
  compiled: text.nullable(),
  place: z.strictObject({ file: text, line: z.int(), function: text }).nullable(),
  modelFunction: text.nullable(),
  before: z.array(text).max(100),
});

const file = z.strictObject({
  format: z.literal("groundhog-difference"),
  version: z.literal(1),
  system: text,
  kernel: z.strictObject({ id: text, version: text.nullable() }),
  modelSha256: text,
  candidate: text.optional(),
  maxDecisions: z.int().min(1).max(MAX_DECISIONS),
  difference,
});

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}

/** Whether a file says that it is one; what is wrong with it, parseDifference() tells. */
export function isDifference(content: string): boolean {
  const value = parsed(content);
  return typeof value === "object" && value !== null && "format" in value && value.format === "groundhog-difference";
}

/**
 * Reads the file of a difference.
 *
 * @throws DifferenceError naming the first thing that is wrong with it
 */
export function parseDifference(content: string): DifferenceFile {
  const value = parsed(content);
  const version = typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
  if (version !== 1) {
    throw new DifferenceError(`is a difference of version ${JSON.stringify(version)}; this reads version 1`);
  }
  const result = file.safeParse(value);
  if (result.success) {
    const { candidate, ...rest } = result.data;
    return candidate === undefined ? rest : { ...rest, candidate };
  }
  const [issue] = result.error.issues;
  throw new DifferenceError(`is no good difference: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "bad value"}`);
}
