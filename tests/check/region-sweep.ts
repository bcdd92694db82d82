/**
 * Exhaustive in the phase, by regions: a run stands for all phases at which it takes the same course (phase.ts of the
 * simulator), and is replayed plainly at the last of them. Where no such run can be made, a phase is run alone.
 * The check sweeps by rectangles (phase-sweep.ts); this is the plainer way, with which tests look at phase.ts itself.
 */
import { SimulationFault } from "../../tools/simulator/fault.ts";
import {
  activeRecorder,
  MAX_SHIFT,
  PhaseRecorder,
  phaseTicks,
  valueAt,
  withPhase,
} from "../../tools/simulator/phase.ts";

/** Neighbouring phases with one course. */
export interface Region<T> {
  /** First phase, in ticks. */
  readonly from: number;
  /** Last phase, in ticks; included. */
  readonly to: number;
  /** What the run returned: of the phase `from + s` outcomeAt(outcome, s) tells. */
  readonly outcome: T;
  /** A region of one phase. */
  readonly isSingle: boolean;
}

/** What a sweep did; added to, so that several sweeps can share one. */
export interface SweepCounts {
  /** Phases that are covered. */
  phases: number;
  /** Runs that became regions, over phases and plain. */
  runs: number;
  /** Runs over phases that were given up. */
  abandoned: number;
  /** Plain runs that check a region. */
  replays: number;
}

export interface SweepOptions<T> {
  /** Counts to add to. */
  readonly counts?: SweepCounts;
  /** The outcome at a shift in ticks; outcomeAt() when absent. */
  readonly at?: (outcome: T, shift: number) => T;
  /** Whether two plain outcomes are one; sameOutcome() when absent. */
  readonly same?: (a: T, b: T) => boolean;
}

/** After so many phases in a row that had to be run alone, runs over phases are tried ever more rarely, up to this. */
const MAX_PHASES_BETWEEN_TRIES = 32;

/** Counts that start at nothing. */
export function sweepCounts(): SweepCounts {
  return { phases: 0, runs: 0, abandoned: 0, replays: 0 };
}

/**
 * Runs a scenario for every phase from `fromTick` to `toTick`, both included.
 * @param run makes everything anew and is deterministic; it gets an integer, or one with an infinitesimal added that
 * it must handle as phase.ts says. Its outcome is plain data: numbers, texts, arrays and objects of such.
 * @returns the regions in the order of phases, without gaps; neighbours may have the same outcome.
 * @throws SimulationFault of kind "region-mismatch" when a plain run at the last phase of a region gives something
 * else than the region, "nondeterminism" when two plain runs of one phase differ; whatever `run` throws in a plain run.
 */
export function sweepPhases<T>(
  fromTick: number,
  toTick: number,
  run: (phase: number) => T,
  options: SweepOptions<T> = {},
): readonly Region<T>[] {
  if (!Number.isSafeInteger(fromTick) || !Number.isSafeInteger(toTick) || Math.abs(toTick - fromTick) > 2 ** 34) {
    throw new SimulationFault("bad-configuration", `phases from ${fromTick} to ${toTick}`);
  }
  if (activeRecorder() !== null) throw new SimulationFault("unsupported", "a sweep within a run over phases");
  const counts = options.counts ?? sweepCounts();
  const regions: Region<T>[] = [];
  let phase = fromTick;
  let failures = 0;
  let nextTry = fromTick;
  while (phase <= toTick) {
    const isTried = phase >= nextTry && phase < toTick;
    const wide = isTried ? wideRegion(phase, toTick, run) : null;
    if (wide !== null) failures = 0;
    else if (isTried) {
      counts.abandoned++;
      nextTry = phase + Math.min(2 ** failures++, MAX_PHASES_BETWEEN_TRIES);
    }
    const region = wide ?? { from: phase, to: phase, outcome: run(phase), isSingle: true };
    check(region, wide !== null, run, options);
    counts.runs++;
    counts.replays++;
    counts.phases += region.to - region.from + 1;
    regions.push(region);
    phase = region.to + 1;
  }
  return regions;
}

/** A run over the phases from `phase` on; null when it stands for nothing. */
function wideRegion<T>(phase: number, toTick: number, run: (phase: number) => T): Region<T> | null {
  const recorder = new PhaseRecorder(Math.min(toTick - phase, MAX_SHIFT));
  try {
    const outcome = withPhase(recorder, () => run(phaseTicks(phase)));
    const { maxShift } = recorder;
    return { from: phase, to: phase + maxShift, outcome, isSingle: maxShift === 0 };
  } catch {
    // Whatever it was: the plain run of this phase says whether the scenario is at fault.
    return null;
  }
}

/** Replays the last phase of a region. */
function check<T>(region: Region<T>, isWide: boolean, run: (phase: number) => T, options: SweepOptions<T>): void {
  const at = options.at ?? outcomeAt;
  const same = options.same ?? sameOutcome;
  const { from, to, outcome } = region;
  if (same(isWide ? at(outcome, to - from) : outcome, run(to))) return;
  if (!isWide) throw new SimulationFault("nondeterminism", `two runs at the phase ${to} differ`);
  const where = `the phases ${from} to ${to}`;
  throw new SimulationFault("region-mismatch", `a run over ${where} says something else of ${to} than a run at it`);
}

/** Plain data with every number that depends on the phase put at a shift, in ticks. */
export function outcomeAt<T>(outcome: T, shift: number): T {
  return shifted(outcome, shift) as T;
}

function shifted(value: unknown, shift: number): unknown {
  if (typeof value === "number") return valueAt(value, shift);
  if (Array.isArray(value)) return value.map((one) => shifted(one, shift));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shifted(one, shift)]));
}

/** Whether two pieces of plain data are the same. */
export function sameOutcome(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const entries = Object.entries(a);
  if (entries.length !== Object.keys(b).length) return false;
  return entries.every(([key, one]) => Object.hasOwn(b, key) && sameOutcome(one, (b as Record<string, unknown>)[key]));
}
