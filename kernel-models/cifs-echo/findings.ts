/** What is found while one combination is explored. */

import type { RunFault } from "../../tools/check/run.ts";
import type { RunRecord, Scenario } from "./echo-run.ts";

const MAX_FAULTS = 3;

/** Phases in ticks, both included. */
export interface PhaseRange {
  readonly from: number;
  readonly to: number;
}

/** A history that ends in a violation, with what there is to say about it. */
export interface Violation {
  readonly scenario: Scenario;
  readonly gapTicks: number;
  readonly ticksAfterAnchor: number;
  readonly by: string;
}

/** A violation in numbers; null when the server was not declared dead. */
export function violationOf(scenario: Scenario, record: RunRecord): Violation | null {
  const { declaredDead, anchorTick } = record;
  if (declaredDead === null) return null;
  const { tick, lastResponseTick, by } = declaredDead;
  return { scenario, gapTicks: tick - lastResponseTick, ticksAfterAnchor: tick - anchorTick, by };
}

/** Added to by everything that makes runs. */
export class Findings {
  violation: Violation | null = null;
  unnoticed: Scenario | null = null;
  readonly faults: RunFault[] = [];
  longestSilenceTicks: number | null = null;
  isFailureTried = false;
  /** A request moved the echoes to a place of the wheel at which none was explored. */
  isStraying = false;
  phases = 0;
  runs = 0;

  fault(fault: RunFault): void {
    const isKnown = this.faults.some((one) => one.kind === fault.kind && one.message === fault.message);
    if (!isKnown && this.faults.length < MAX_FAULTS) this.faults.push(fault);
  }

  /** How long the server was not heard of, between responses and before it was given up. */
  silence({ anchorTick, responses, declaredDead }: RunRecord): void {
    let before: number | null = null;
    const heard = declaredDead === null ? responses : [...responses, declaredDead.tick];
    for (const tick of heard) {
      if (before !== null && tick > anchorTick) {
        this.longestSilenceTicks = Math.max(this.longestSilenceTicks ?? 0, tick - before);
      }
      before = tick;
    }
  }

  /** A run with a live server that was declared dead. */
  violate(scenario: Scenario, record: RunRecord): void {
    this.violation ??= violationOf(scenario, record);
  }
}

/** Ranges in order, those that touch made one. */
export function mergedRanges(ranges: readonly PhaseRange[]): PhaseRange[] {
  const merged: PhaseRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else merged.push(range);
  }
  return merged;
}

/** How many phases a range has. */
export function size(range: PhaseRange): number {
  return range.to - range.from + 1;
}
