/**
 * One run for many phases. A phase is a time that a scenario leaves open, in ticks: a request comes x ticks after an
 * echo. Instead of a run per x, a run is made at x0 with the number x0 + EPS in its place, and finds out for which
 * further phases x0 + s it would have taken the same course: the same events in the same order, the same branches.
 *
 * Times of a simulation are integers far below 2^36, so a double has room for 16 binary places. A value v + k * EPS
 * stands for the function v + k * s of the shift s; k is its slope. Sums, differences and products with an integer
 * carry slopes by themselves. What looks at such a value narrows the range of shifts, held by the recorder:
 * - A condition is decided as it is at x0, and the range ends where it would come out otherwise.
 * - A quotient that is rounded is an integer, and the range ends where it would be another one. Of a timer
 *   that moves by whole granules per shift the granule moves by whole numbers (movingQuotient()).
 * - Events are ordered. Two that fall on one tick at x0 and on different ones later are a PhaseTie: ranks order them at
 *   x0, slopes do afterwards, and no range holds both.
 * - Anything else, which would lose the fraction (bits, 32-bit integers, BigInt), is a PhaseDependent.
 * After either exception the phase x0 is to be run alone, with an integer.
 *
 * The hooks are small and leave what a plain run never needs to functions of its own: V8 inlines up to a budget, and
 * plain runs must stay as fast as without them.
 *
 * No operation drops a fraction in silence: results with one are checked to be exact (linear()). Code that handles
 * times with operators of its own must do the same: compare by isLater() or by the functions of jiffies.ts and
 * integers.ts, and add by add64().
 */
import { SimulationFault } from "./fault.ts";

/** What one tick of shift is written as. */
export const EPS = 2 ** -16;
/** Slopes are at most this, so that the sum of two is never taken for a tick (1/64 is 1024 EPS). */
const MAX_FRACTION = 2 ** -6;
/** Numbers below this have 16 exact binary places. */
export const MAX_SHIFTING = 2 ** 36;
/** More phases than these are split; with the largest slope a value stays below 2^37, where no operation wraps. */
export const MAX_SHIFT = 2 ** 24;

/** The number that stands for all phases from `x` ticks on. */
export function phaseTicks(x: number): number {
  return x + EPS;
}

/** Whether a value depends on the phase. Infinity does not. */
export function isShifting(value: number | bigint): boolean {
  return typeof value === "number" && Math.floor(value) !== value;
}

/** The value at shift 0, v of v + k * EPS; a value without slope is itself. */
export function baseOf(value: number): number {
  return Math.floor(value) === value ? value : Math.round(value) + 0;
}

/** The ticks that a value moves per tick of shift, k of v + k * EPS. */
export function slopeOf(value: number): number {
  return Math.floor(value) === value ? 0 : (value - Math.round(value)) / EPS;
}

/** The value at a shift, v + k * shift; whatever is not a number is itself. */
export function valueAt(value: number, shift: number): number {
  return Math.floor(value) === value ? value : Math.round(value) + slopeOf(value) * shift + 0;
}

/** Two events fall on one tick at the phase x0 itself, and on different ones at x0 + 1. */
export class PhaseTie extends Error {
  override readonly name = "PhaseTie";
}

/** An operation that is not followed over phases met a value that depends on the phase. */
export class PhaseDependent extends Error {
  override readonly name = "PhaseDependent";
}

/** Collects, during a run, for which shifts it stands. */
export class PhaseRecorder {
  /** The run stands for the shifts 0 to this, in ticks. Only narrows. */
  maxShift: number;
  /** Why the run stands for nothing; thrown, and kept in case a model catches what it does not know. */
  abandoned: PhaseTie | PhaseDependent | null = null;

  /** @param maxShift the largest shift of interest. */
  constructor(maxShift: number = MAX_SHIFT) {
    this.maxShift = Math.min(maxShift, MAX_SHIFT);
  }

  /** Narrows the range to the shifts with low <= value <= high; the value lies there at shift 0. */
  within(value: number, low: number, high: number): void {
    const base = baseOf(value);
    const slope = slopeOf(value);
    if (slope === 0) return;
    const room = slope > 0 ? high - base : base - low;
    const shift = Math.floor(room / Math.abs(slope));
    if (shift < this.maxShift) this.maxShift = Math.max(shift, 0);
  }

  abandon(reason: PhaseTie | PhaseDependent): never {
    this.abandoned ??= reason;
    throw reason;
  }
}

/**
 * The recorder of the run that goes on. A module variable, because the arithmetic that generated code calls has two
 * numbers at hand and no kernel; it is right because runs do not overlap in a thread: withPhase() is synchronous.
 */
let active: PhaseRecorder | null = null;

/** The recorder of the present run; null in a plain run. */
export function activeRecorder(): PhaseRecorder | null {
  return active;
}

/**
 * Runs `body` with values that depend on the phase.
 * @returns what `body` returns; it holds for the shifts 0 to recorder.maxShift.
 * @throws PhaseTie, PhaseDependent: the run stands for nothing. Whatever else `body` throws, otherwise.
 */
export function withPhase<T>(recorder: PhaseRecorder, body: () => T): T {
  if (active !== null) throw new SimulationFault("unsupported", "a run over phases within another");
  active = recorder;
  let result: T;
  try {
    result = body();
  } catch (error) {
    throw recorder.abandoned ?? error;
  } finally {
    active = null;
  }
  // A model that reports faults as results may have caught the exception.
  if (recorder.abandoned !== null) throw recorder.abandoned;
  return result;
}

function recorderOf(value: number): PhaseRecorder {
  if (active !== null) return active;
  throw new SimulationFault("phase-without-recorder", `${value} is no integer, and no run over phases goes on`);
}

/** Ends a run over phases: `what` has no meaning for a range of phases. */
export function phaseDependent(what: string): never {
  const reason = new PhaseDependent(what);
  if (active !== null) active.abandon(reason);
  throw new SimulationFault("phase-without-recorder", `${what}, with a number that is no integer`);
}

/** Refuses a value that depends on the phase, for operations that would lose the fraction. */
export function requireFixed(value: number | bigint, what: string): void {
  if (isShifting(value)) phaseDependent(what);
}

/** A sum, difference or product with a fraction, after the check that nothing of it was lost. */
export function linear(value: number): number {
  const fraction = value - Math.round(value);
  const isExact = value < MAX_SHIFTING && value > -MAX_SHIFTING;
  if (!isExact || fraction > MAX_FRACTION || fraction < -MAX_FRACTION) phaseDependent(`the result ${value}`);
  recorderOf(value);
  return value;
}

/** a * b where a depends on the phase; b must not. */
export function linearProduct(a: number, b: number): number {
  requireFixed(b, "a product of two values");
  const fraction = (a - Math.round(a)) * b;
  // Checked on the fraction alone, since in the product it may have become an integer.
  if (fraction > MAX_FRACTION || fraction < -MAX_FRACTION) phaseDependent(`the product ${a} * ${b}`);
  if (!(Math.abs(a * b) < MAX_SHIFTING)) phaseDependent(`the product ${a} * ${b}`);
  return a * b + 0;
}

/** Whether value > 0, for a value that depends on the phase: as it is at shift 0, and held. */
export function isPositive(value: number): boolean {
  const recorder = recorderOf(value);
  const result = Math.round(value) > 0;
  if (result) recorder.within(value, 1, Number.POSITIVE_INFINITY);
  else recorder.within(value, Number.NEGATIVE_INFINITY, 0);
  return result;
}

/** Whether value === 0, likewise. */
export function isZero(value: number): boolean {
  const recorder = recorderOf(value);
  const base = Math.round(value);
  if (base > 0) recorder.within(value, 1, Number.POSITIVE_INFINITY);
  else if (base < 0) recorder.within(value, Number.NEGATIVE_INFINITY, -1);
  else recorder.within(value, 0, 0);
  return base === 0;
}

/** Whether a > b, of ticks; any numbers, NaN excepted. */
export function isLater(a: number, b: number): boolean {
  const difference = a - b;
  return Math.floor(difference) === difference ? difference > 0 : isPositive(difference);
}

/** The later of two ticks: Math.max(). */
export function latest(a: number, b: number): number {
  return isLater(b, a) ? b : a;
}

/** Holds low <= value <= high, which is so at shift 0. */
export function holdWithin(value: number, low: number, high: number): void {
  if (isShifting(value)) recorderOf(value).within(value, low, high);
}

/** Math.floor(value / divisor) for a positive integer divisor: an integer, and the same at each shift. */
export function floorQuotient(value: number, divisor: number): number {
  return Math.floor(value) === value ? Math.floor(value / divisor) : shiftingQuotient(value, divisor);
}

function shiftingQuotient(value: number, divisor: number): number {
  const quotient = Math.floor(Math.round(value) / divisor);
  recorderOf(value).within(value, quotient * divisor, (quotient + 1) * divisor - 1);
  return quotient;
}

/** As floorQuotient(), but where the value moves by whole divisors per shift the quotient moves by whole numbers. */
export function movingQuotient(value: number, divisor: number): number {
  const slope = slopeOf(value) / divisor;
  if (slope === 0 || Math.floor(slope) !== slope) return floorQuotient(value, divisor);
  recorderOf(value);
  return Math.floor(Math.round(value) / divisor) + slope * EPS;
}

/**
 * Keeps an event after another one, given how many ticks it comes later: a positive number. One that is 0 at shift 0
 * and not later is a PhaseTie.
 */
export function keepLater(ticks: number): void {
  if (Math.floor(ticks) !== ticks) keepShiftingLater(ticks);
}

function keepShiftingLater(ticks: number): void {
  const recorder = recorderOf(ticks);
  if (Math.round(ticks) <= 0) recorder.abandon(new PhaseTie(`two events ${ticks} ticks apart`));
  recorder.within(ticks, 1, Number.POSITIVE_INFINITY);
}
