/** What a candidate went through, and what came of it. */
import type { CheckResult, Verdict } from "../check/verdict.ts";
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
  /** The value as a table shows it: `121.94`. */
  readonly cell: string;
  /** Name and value in words: `noticed after 121.94 s`. */
  readonly text: string;
  /** Counts less than the size of the patch. */
  readonly isMinor: boolean;
  /** What it is, for the legend of a table; null where the name says it. */
  readonly meaning: string | null;
}

/** Text for a message: numbers as people write them. */
export type Story = Readonly<Record<string, string | boolean | null>>;

/** What a system tells of its checks for the comparison and the messages. */
export interface RepairStory<Result extends CheckResult = CheckResult> {
  /** In order of importance. */
  measures(result: Result): readonly Measure[];
  /** @param after null where there is nothing to compare with */
  story(before: Result, after: Result | null): Story;
  /** How subject lines of patches begin, by folder of the kernel. */
  readonly prefixes: Readonly<Record<string, string>>;
}

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
  /** Where the check is violated with it: by what, in a sentence; else null. */
  readonly refutation: string | null;
  readonly size: PatchSize | null;
  /** In order of importance. */
  readonly measures: readonly Measure[];
  readonly checks: readonly ToolCheck[];
  /** The text of the patch mail; null where none is offered. */
  readonly patch: string | null;
}
