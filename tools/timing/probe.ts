/**
 * Periodic probes in the facts: a job that arms itself again, the guards that skip its work, and the deadlines
 * elsewhere that wait for what it brings.
 */
import type { DeadlineFact, DelayedWorkFact, Fact, Reference, TimestampFact } from "./fact.ts";

/** What a system names of the source: never what the source says there. */
export interface SystemEntry {
  readonly name: string;
  readonly title: string;
  /** The function that is the probe, in a system that is about one. */
  readonly probe?: string;
}

export interface Probe {
  readonly handler: DelayedWorkFact;
  /** Calls in the probe itself that arm it again. */
  readonly rearms: readonly DelayedWorkFact[];
  /** Calls elsewhere that arm it. */
  readonly kicks: readonly DelayedWorkFact[];
  /** Deadlines inside the probe: when its work is skipped. */
  readonly guards: readonly DeadlineFact[];
  /** Deadlines in other functions on the timestamps that the guards look at: who gives up, and when. */
  readonly watchdogs: readonly DeadlineFact[];
  /** Where these timestamps are stored. */
  readonly stamps: readonly TimestampFact[];
}

/** Names of the fields that a probe's own re-arming depends on: its intervals. */
export function intervalFields(probe: Probe): readonly string[] {
  const symbols = probe.rearms.flatMap((rearm) => rearm.delay?.terms.flatMap((term) => term.symbols) ?? []);
  const fields = symbols.flatMap((name) => /(?:->|\.)(\w+)$/.exec(name)?.[1] ?? []);
  return [...new Set(fields)];
}

function sameField(a: Reference | null, b: Reference | null): boolean {
  if (a === null || b === null || a.field === null || a.field !== b.field) return false;
  return a.struct === b.struct || a.struct === null || b.struct === null;
}

/**
 * Finds a probe by its function's name.
 *
 * @returns null when no work item is bound to a function of that name
 */
export function probeOf(facts: readonly Fact[], name: string): Probe | null {
  const work = facts.filter((fact): fact is DelayedWorkFact => fact.kind === "delayed-work");
  const handler = work.find((fact) => fact.operation === "handler" && fact.function === name);
  if (handler === undefined) return null;
  const arming = work.filter(
    (fact) => fact.handler === name && (fact.operation === "queue" || fact.operation === "modify"),
  );
  const deadlines = facts.filter((fact): fact is DeadlineFact => fact.kind === "deadline");
  const guards = deadlines.filter((fact) => fact.function === name);
  const watched = guards.map((guard) => guard.timestamp);
  const onSame = (reference: Reference | null): boolean => watched.some((one) => sameField(one, reference));
  return {
    handler,
    rearms: arming.filter((fact) => fact.selfRearm),
    kicks: arming.filter((fact) => !fact.selfRearm),
    guards,
    watchdogs: deadlines.filter((fact) => fact.function !== name && onSame(fact.timestamp)),
    stamps: facts.filter((fact): fact is TimestampFact => fact.kind === "timestamp" && onSame(fact.target)),
  };
}
