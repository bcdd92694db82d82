/** What a check says. */
import type { Decision } from "../simulator/decisions.ts";

/** `holds` within the printed bounds; `violated` with a witness; `inconclusive` with the reasons. */
export type Verdict = "holds" | "violated" | "inconclusive";

/** safety: nothing bad within the bounds. progress: something good within a bound. */
export type PropertyKind = "safety" | "progress";

/** A history that leads to a violation: all that a run depends on besides the model. */
export interface Schedule<Scenario = unknown> {
  readonly scenario: Scenario;
  /** How late a woken worker may start; nobody is late when absent. */
  readonly maxLatenessTicks?: number;
  readonly decisions: readonly Decision[];
}

export interface PropertyResult<Scenario = unknown> {
  readonly name: string;
  readonly kind: PropertyKind;
  readonly verdict: Verdict;
  /** The shortest violation that was found. */
  readonly violation: Schedule<Scenario> | null;
  /** One sentence. */
  readonly detail: string;
}

/** What a system's check comes to; figures are plain data of the system's own. */
export interface CheckResult<Scenario = unknown, Figures = unknown> {
  readonly verdict: Verdict;
  readonly properties: readonly PropertyResult<Scenario>[];
  readonly figures: Figures;
  /** What was explored and what was not, a sentence each. */
  readonly bounds: readonly string[];
  /** Why the verdict is inconclusive; empty when it is not. */
  readonly reasons: readonly string[];
}

/** The verdict of a whole check: a violation that was seen stays one whatever else could not be followed. */
export function overallVerdict(properties: readonly PropertyResult[]): Verdict {
  if (properties.some((one) => one.verdict === "violated")) return "violated";
  return properties.length === 0 || properties.some((one) => one.verdict === "inconclusive") ? "inconclusive" : "holds";
}
