/** What a validation says: types for the reports. */
import type { LineCoverage } from "./coverage.ts";
import type { Difference } from "./difference.ts";

/** Whether compiled C and model did the same. */
export interface ValidationReport {
  /** `skipped`: nothing was compared, and the translation is not validated. */
  readonly status: "same" | "different" | "skipped";
  /** Why it was skipped, or what the difference is, in one sentence; null when both did the same. */
  readonly reason: string | null;
  /** First line of the compiler's --version. */
  readonly compiler: string | null;
  readonly hz: readonly number[];
  readonly seed: number;
  readonly histories: number;
  readonly decisions: number;
  readonly events: number;
  /** How often threads switched at preemption points, by kind of point. */
  readonly switches: Readonly<Record<string, number>>;
  /** Histories that were compared up to a place only where the model cannot go on and C can, by reason. */
  readonly cut: Readonly<Record<string, number>>;
  /** Histories that end on both sides at BUG(), or at a call that is not in the model. */
  readonly stopped: number;
  /** Histories that could not be recorded, by reason. */
  readonly unrecorded: Readonly<Record<string, number>>;
  /** What the histories came to; null where it was not looked at. */
  readonly coverage: LineCoverage | null;
  readonly difference: Difference | null;
  /** What the compiled slice does not have as the kernel has it. */
  readonly notes: readonly string[];
  /** The file of the difference, and the command that runs it again. */
  readonly file: string | null;
  readonly replay: string | null;
}

/** A difference as a file. */
export interface DifferenceFile {
  readonly format: "groundhog-difference";
  readonly version: 1;
  readonly system: string;
  readonly kernel: { readonly id: string; readonly version: string | null };
  readonly modelSha256: string;
  readonly candidate?: string;
  readonly maxDecisions: number;
  readonly difference: Difference;
}
