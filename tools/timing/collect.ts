/**
 * All timing facts of a program, in one stable order.
 */
import type { MacroDefinition } from "../c/preprocessor.ts";
import type { Program } from "../c/program.ts";
import { CLOCK_CALLS, CLOCK_NAMES, CLOCK_STORES } from "./clocks.ts";
import { COMPARISON_NAMES, collectDeadlines, memberName } from "./deadline.ts";
import { collectDelayedWork } from "./delayed-work.ts";
import { FACT_KINDS, type Fact, type FactProblem } from "./fact.ts";
import { ARMS, BINDS } from "./primitives.ts";
import { Scopes } from "./scope.ts";
import { collectTaskStates } from "./task-state.ts";
import { collectTimedWaits, TIMED_WAIT_FIELDS, WAIT_NAMES } from "./timed-wait.ts";
import { collectTimestamps } from "./timestamp.ts";
import { mentionedNames, UseFinder } from "./uses.ts";
import { collectWakeUps } from "./wake-up.ts";

/** Names whose uses other than calls the collectors ask for; a program must be told before it is indexed. */
export const WATCHED_NAMES: ReadonlySet<string> = new Set([
  ...CLOCK_NAMES,
  ...TIMED_WAIT_FIELDS,
  "tk_action",
  "expires",
  "function",
]);

const PRIMITIVES: ReadonlySet<string> = new Set([
  ...ARMS.keys(),
  ...BINDS.keys(),
  ...COMPARISON_NAMES,
  ...CLOCK_STORES.keys(),
  ...CLOCK_NAMES,
  ...CLOCK_CALLS,
  ...WAIT_NAMES,
]);

/** Macros without parameters that stand for a primitive, or for a whole call of one. */
export function isWatchedMacro(macro: MacroDefinition): boolean {
  if (macro.parameters !== null) return false;
  return mentionedNames(macro).some((name) => PRIMITIVES.has(name));
}

export interface TimingFacts {
  readonly facts: readonly Fact[];
  readonly problems: readonly FactProblem[];
}

/**
 * Collects the timing facts of a program.
 *
 * @param program made with `WATCHED_NAMES`
 * @returns facts sorted by file, line, column and kind, and what was in the way
 */
export function collectTimingFacts(program: Program): TimingFacts {
  const uses = new UseFinder(program, new Scopes(program));
  const timestamps = collectTimestamps(uses);
  const stamped = new Set(timestamps.facts.map(({ target }) => target.field ?? memberName(target.expression)));
  const collected = [
    collectDelayedWork(uses),
    collectDeadlines(uses, stamped),
    timestamps,
    collectTimedWaits(uses),
    collectWakeUps(uses),
    collectTaskStates(uses),
  ];
  const facts = collected.flatMap((one): readonly Fact[] => one.facts);
  const problems = [...collected.flatMap((one) => one.problems), ...uses.problems];
  return { facts: facts.toSorted(byPlace), problems: uniqueProblems(problems) };
}

/** Byte order, not the locale's: the same everywhere. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byPlace(a: Fact, b: Fact): number {
  return (
    compareText(a.file, b.file) ||
    a.line - b.line ||
    a.column - b.column ||
    FACT_KINDS.indexOf(a.kind) - FACT_KINDS.indexOf(b.kind) ||
    compareText(JSON.stringify(a), JSON.stringify(b))
  );
}

function uniqueProblems(problems: readonly FactProblem[]): readonly FactProblem[] {
  const byKey = new Map(problems.map((one) => [`${one.file}:${one.line} ${one.reason}`, one]));
  return [...byKey.values()].toSorted(
    (a, b) => compareText(a.file, b.file) || a.line - b.line || compareText(a.reason, b.reason),
  );
}
