/**
 * Exhaustive in the phase, by rectangles of phases.
 *
 * With timers in levels a region ends where a timer falls into the next bucket, though nothing else is different there:
 * from one bucket to the next, everything that hangs on the timer moves by one granule. So a phase is seen as
 * x + r + G * k, with r in [0, G) and k from 0 on, and three runs are made: one along r at k = 0 (it stands for
 * r = 0 to R = G - 1), one along k at r = 0 and one along k at r = R (both stand for k = 0 to K). They share their
 * course. In it every value is affine in r and k: sums and products with constants are, and a rounded quotient is,
 * because along r it does not change, and along k either it does not change or what is rounded moves by whole divisors
 * (movingQuotient() in phase.ts). Every condition is the sign of an affine function, or a bound on one. The runs say
 * that it holds at the four corners, so it holds in the whole rectangle: all of its phases take the same course.
 *
 * The last phase of each rectangle is replayed plainly, and must come out as the runs say.
 */
import { SimulationFault } from "../simulator/fault.ts";
import { activeRecorder, EPS, PhaseRecorder, valueAt, withPhase } from "../simulator/phase.ts";

/** Phases from..to (inclusive) in which a run takes the same course. */
export interface Region<Run> {
  readonly from: number;
  readonly to: number;
  /** What came of the run at a phase of the region. */
  readonly at: (phase: number) => Run;
}

export interface Sweep<Run> {
  readonly regions: readonly Region<Run>[];
  readonly runs: number;
}

/** What a sweep must know of records: in runs over phases their ticks carry slopes. */
export interface TickRecords<Run> {
  /** A record with each tick mapped, always in the same order; the rest stays as it is. */
  readonly map: (record: Run, map: (tick: number) => number) => Run;
  /** Whether two runs came to the same: every tick, every count. */
  readonly same: (a: Run, b: Run) => boolean;
}

/** A run over the phases `phase` + s * step. */
interface Line<Run> {
  readonly record: Run;
  readonly maxShift: number;
}

/** The runs of a sweep, and what their records are. */
interface Swept<Run> {
  readonly run: (phase: number) => Run;
  readonly records: TickRecords<Run>;
}

/** Fewer phases in a row are not worth two more runs. */
const MIN_WIDTH = 8;
/** After so many phases in a row that had to be run alone, runs over phases are tried ever more rarely, up to this. */
const MAX_PHASES_BETWEEN_TRIES = 32;

/** A run over the phases from `phase` on, `step` apart; null when it stands for nothing. */
function lineFrom<Run>({ run }: Swept<Run>, phase: number, step: number, maxShift: number): Line<Run> | null {
  const recorder = new PhaseRecorder(maxShift);
  try {
    const record = withPhase(recorder, () => run(phase + step * EPS));
    return { record, maxShift: recorder.maxShift };
  } catch {
    // Whatever it was: the plain run of this phase says whether the scenario is at fault.
    return null;
  }
}

function recordAt<Run>({ records }: Swept<Run>, record: Run, shift: number): Run {
  return records.map(record, (tick) => valueAt(tick, shift));
}

/** A record in a rectangle: what `along` says of r, moved by what `across` says of k. */
function recordIn<Run>({ records }: Swept<Run>, along: Run, across: Run, r: number, k: number): Run {
  const moved: number[] = [];
  records.map(across, (tick) => {
    moved.push(valueAt(tick, k) - valueAt(tick, 0));
    return tick;
  });
  let next = 0;
  return records.map(along, (tick) => valueAt(tick, r) + (moved[next++] ?? 0));
}

interface Rectangle<Run> {
  readonly steps: number;
  readonly across: Run | null;
  readonly runs: number;
}

/** How many buckets the region from `phase` of `width` phases can be repeated for. */
function repeated<Run>(swept: Swept<Run>, phase: number, width: number, to: number): Rectangle<Run> {
  const room = Math.floor((to - phase + 1) / width) - 1;
  // Granules are powers of two; other widths end for another reason.
  if (width < MIN_WIDTH || (width & (width - 1)) !== 0 || room < 1) return { steps: 0, across: null, runs: 0 };
  const first = lineFrom(swept, phase, width, room);
  if (first === null || first.maxShift === 0) return { steps: 0, across: null, runs: 1 };
  const last = lineFrom(swept, phase + width - 1, width, first.maxShift);
  const steps = last?.maxShift ?? 0;
  return { steps, across: first.record, runs: 2 };
}

/**
 * Runs a scenario for every phase from `from` to `to`, both included.
 *
 * @param run makes everything anew and is deterministic; it gets an integer, or one with an infinitesimal added that it
 * must handle as phase.ts says
 * @throws SimulationFault of kind "region-mismatch" when the plain run of a rectangle's last phase gives something
 * else, "nondeterminism" when two plain runs of one phase differ; whatever `run` throws in a plain run
 */
export function sweepRecords<Run>(
  from: number,
  to: number,
  run: (phase: number) => Run,
  records: TickRecords<Run>,
): Sweep<Run> {
  const swept: Swept<Run> = { run, records };
  if (activeRecorder() !== null) throw new SimulationFault("unsupported", "a sweep within a run over phases");
  const regions: Region<Run>[] = [];
  let runs = 0;
  let failures = 0;
  let nextTry = from;
  for (let phase = from; phase <= to; ) {
    const start = phase;
    const isTried = start >= nextTry && start < to;
    const line = isTried ? lineFrom(swept, start, 1, to - start) : null;
    if (isTried) runs++;
    if (line !== null) failures = 0;
    else if (isTried) nextTry = start + Math.min(2 ** failures++, MAX_PHASES_BETWEEN_TRIES);
    const region = line === null ? singleRegion(swept, start) : wideRegion(swept, start, line, to);
    runs += region.runs;
    regions.push(region);
    phase = region.to + 1;
  }
  return { regions, runs };
}

function singleRegion<Run>({ run, records }: Swept<Run>, phase: number): Region<Run> & { readonly runs: number } {
  const record = run(phase);
  if (!records.same(record, run(phase))) {
    throw new SimulationFault("nondeterminism", `two runs at the phase ${phase} differ`);
  }
  return { from: phase, to: phase, at: () => record, runs: 2 };
}

function wideRegion<Run>(
  swept: Swept<Run>,
  start: number,
  line: Line<Run>,
  to: number,
): Region<Run> & { readonly runs: number } {
  const { run, records } = swept;
  const width = line.maxShift + 1;
  const { steps, across, runs } = repeated(swept, start, width, to);
  const end = start + (steps + 1) * width - 1;
  const at = (phase: number): Run => {
    const offset = phase - start;
    if (steps === 0 || across === null) return recordAt(swept, line.record, offset);
    return recordIn(swept, line.record, across, offset % width, Math.floor(offset / width));
  };
  if (!records.same(at(end), run(end))) {
    const where = `the phases ${start} to ${end}`;
    throw new SimulationFault("region-mismatch", `runs over ${where} say something else of ${end} than a run at it`);
  }
  return { from: start, to: end, at, runs: runs + 1 };
}
