/** Candidates in order of preference, and one sentence each that says what puts it in its place. */
import type { Candidate, Measure } from "./candidate.ts";

export interface Placed {
  readonly candidate: Candidate;
  readonly why: string;
}

/** Groups, the best first: what a maintainer can use, what is not sure, what is refuted, what does not apply. */
function rankOf({ verdict, proposal, checks }: Candidate): number {
  if (proposal.kind === "already-there") return 1;
  if (proposal.kind === "not-recognised") return 5;
  if (verdict === "violated") return 4;
  if (verdict === "inconclusive" || verdict === null) return 3;
  return checks.some((one) => one.status === "failed") ? 2 : 0;
}

interface Difference {
  /** Negative: the first is better. */
  readonly order: number;
  readonly text: string;
}

/** Compares one figure; null when it does not tell two candidates apart. */
function measureDifference(a: Measure, b: Measure | undefined): Difference | null {
  if (b === undefined || a.value === null || b.value === null) return null;
  if (Math.abs(a.value - b.value) <= Math.max(a.tolerance, b.tolerance)) return null;
  const order = (a.value - b.value) * (a.better === "less" ? 1 : -1);
  return { order, text: `${a.text}, not ${b.text.replace(`${b.name} `, "")}` };
}

function linesOf({ size }: Candidate): number {
  return size === null ? 0 : size.added + size.removed;
}

function firstMeasure(a: Candidate, b: Candidate, isMinor: boolean): Difference | null {
  for (const measure of a.measures.filter((one) => one.isMinor === isMinor)) {
    const other = b.measures.find((one) => one.name === measure.name);
    const found = measureDifference(measure, other);
    if (found !== null) return found;
  }
  return null;
}

function sizeDifference(a: Candidate, b: Candidate): Difference | null {
  const [mine, theirs] = [linesOf(a), linesOf(b)];
  if (a.size === null || b.size === null || mine === theirs) return null;
  return { order: mine - theirs, text: `${mine} changed lines, not ${theirs}` };
}

/** The first thing that tells two candidates of one group apart. */
function difference(a: Candidate, b: Candidate): Difference | null {
  return firstMeasure(a, b, false) ?? sizeDifference(a, b) ?? firstMeasure(a, b, true);
}

function compare(a: Candidate, b: Candidate): number {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) return rank;
  // Figures of what is refuted or does not apply put nothing in an order.
  if (rankOf(a) > 3) return 0;
  return difference(a, b)?.order ?? 0;
}

/** What a candidate is, before it is compared with its neighbours. */
function standing(candidate: Candidate, isNeeded: boolean): string {
  const { proposal, verdict, checks } = candidate;
  if (proposal.kind === "already-there") return `this kernel has it: ${proposal.why}`;
  if (proposal.kind === "not-recognised") {
    return `does not apply: ${proposal.file}:${proposal.line}: ${proposal.reason}`;
  }
  const failed = checks.find((one) => one.status === "failed");
  if (verdict === "violated") return `refuted: ${candidate.refutation ?? "the check is violated with it"}`;
  if (verdict !== "holds") return "the check with it is inconclusive";
  if (failed !== undefined) return `holds, but ${failed.tool} failed: ${failed.detail}`;
  return isNeeded ? "holds" : "holds, as the kernel does without it";
}

/**
 * Puts candidates in order: those that hold by their figures in the order of importance, then by size.
 *
 * @param isNeeded whether the kernel violates the check as it is
 */
export function inOrder(candidates: readonly Candidate[], isNeeded: boolean): readonly Placed[] {
  // Tolerances make "as good as" no equivalence: a plain sort could go in circles, picking the best each time cannot.
  const left = [...candidates];
  const sorted: Candidate[] = [];
  while (left.length > 0) {
    const best = left.reduce((one, other) => (compare(other, one) < 0 ? other : one));
    left.splice(left.indexOf(best), 1);
    sorted.push(best);
  }
  return sorted.map((candidate, i) => ({ candidate, why: why(candidate, sorted, i, isNeeded) }));
}

function why(candidate: Candidate, sorted: readonly Candidate[], i: number, isNeeded: boolean): string {
  const what = standing(candidate, isNeeded);
  const rank = rankOf(candidate);
  const [before, next] = [sorted[i - 1], sorted[i + 1]];
  const isFirst = before === undefined || rankOf(before) !== rank;
  const other = isFirst ? next : before;
  if (rank > 0 || other === undefined || rankOf(other) !== rank) return what;
  const found = difference(candidate, other);
  const place = isFirst ? "preferred to" : "behind";
  if (found === null) return `${what}; no figure tells it from ${other.name}`;
  return `${what}; ${place} ${other.name}: ${found.text}`;
}
