/** What a candidate went through, and what came of it. */
import type { Proposal } from "./recipe.ts";

/** One tool's word on a candidate. */
export interface ToolCheck {
  readonly tool: string;
  /** `skipped` where the tool or what it needs is not there; the detail says what. */
  readonly status: "passed" | "failed" | "skipped";
  readonly detail: string;
}

/** A figure of a check that candidates are compared by. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  /** Null where it could not be measured. */
  readonly value: number | null;
  /** Which way is better. */
  readonly better: "less" | "more";
  /** Differences up to this count as none. */
  readonly tolerance: number;
  /** Name and value in words: `noticed after 121.94 s`. */
  readonly text: string;
}

export type Verdict = "holds" | "violated" | "inconclusive";

/** What a patch changes in the source, in numbers. */
export interface PatchSize {
  readonly files: number;
  readonly added: number;
  readonly removed: number;
}

export interface Candidate {
  readonly name: string;
  readonly title: string;
  readonly proposal: Proposal;
  /** Null where there was nothing to check. */
  readonly verdict: Verdict | null;
  readonly size: PatchSize | null;
  /** In order of importance. */
  readonly measures: readonly Measure[];
  readonly checks: readonly ToolCheck[];
  /** The text of the patch mail; null where none is offered. */
  readonly patch: string | null;
}
