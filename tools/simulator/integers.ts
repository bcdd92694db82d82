/**
 * Exact 64-bit C integer arithmetic for generated code.
 *
 * A 64-bit value, signed or unsigned, is its *signed residue* mod 2^64: a JS number when that is a safe integer,
 * otherwise a bigint in [-2^63, 2^63). `(unsigned long)-1` is the number -1. The form is canonical, so `===` compares
 * values; signedness lives in the operations (`divS64` / `divU64`), as it does in a machine. Jiffies, delays and
 * deadlines are numbers in all but contrived states, which is what makes the fast path the common one. -0 is never
 * produced.
 *
 * The kernel is built with -fno-strict-overflow (Makefile), so signed overflow wraps; what C leaves undefined beyond
 * that (a shift count outside the width, a division by zero) throws a SimulationFault.
 *
 * In a run over phases a number may have a fraction, see phase.ts: sums carry it, comparisons and quotients narrow the
 * range of phases, the rest refuses it. A number with a fraction never reaches BigInt().
 */
import { SimulationFault } from "./fault.ts";
import {
  floorQuotient,
  isPositive,
  isShifting,
  isZero,
  linear,
  linearProduct,
  MAX_SHIFTING,
  phaseDependent,
  requireFixed,
} from "./phase.ts";

/** A 64-bit integer in the form above. */
export type Int64 = number | bigint;

const MAX_SAFE = Number.MAX_SAFE_INTEGER;
const TWO_32 = 0x1_0000_0000;
/** 2^n as numbers: `2 ** n` with a variable n is a call into libm. */
const POWER_OF_TWO: readonly number[] = Array.from({ length: 64 }, (_, n) => 2 ** n);

/** The canonical form of any integer, reduced mod 2^64. */
export function fromBigInt(value: bigint): Int64 {
  const residue = BigInt.asIntN(64, value);
  return residue >= -BigInt(MAX_SAFE) && residue <= BigInt(MAX_SAFE) ? Number(residue) : residue;
}

/** The value read as unsigned, for printing (%lu) and for references in tests. */
export function toUnsignedBigInt(value: Int64): bigint {
  return BigInt.asUintN(64, wide(value));
}

/** BigInt(value), which must be an integer. */
function wide(value: Int64): bigint {
  requireFixed(value, "64-bit arithmetic beyond safe integers");
  return BigInt(value);
}

/** Whether a sum or difference is an integer of which no fraction of an operand was rounded off. */
function isPlain(value: number): boolean {
  return Math.floor(value) === value && value < MAX_SHIFTING && value > -MAX_SHIFTING;
}

export function add64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    // Exact whenever the result is safe: a sum of safe integers beyond that rounds to something beyond it, too.
    const sum = a + b;
    if (isPlain(sum)) return sum;
    if (isShifting(a) || isShifting(b)) return linear(sum);
    if (sum <= MAX_SAFE && sum >= -MAX_SAFE) return sum;
  }
  return fromBigInt(wide(a) + wide(b));
}

export function sub64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    const difference = a - b;
    if (isPlain(difference)) return difference;
    if (isShifting(a) || isShifting(b)) return linear(difference);
    if (difference <= MAX_SAFE && difference >= -MAX_SAFE) return difference;
  }
  return fromBigInt(wide(a) - wide(b));
}

export function mul64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    if (isShifting(a)) return linearProduct(a, b);
    if (isShifting(b)) return linearProduct(b, a);
    const product = a * b;
    // + 0 turns -0 (from -1 * 0) into 0.
    if (product <= MAX_SAFE && product >= -MAX_SAFE) return product + 0;
  }
  return fromBigInt(wide(a) * wide(b));
}

export function neg64(a: Int64): Int64 {
  return sub64(0, a);
}

export function not64(a: Int64): Int64 {
  return sub64(-1, a);
}

/** Puts a signed high and an unsigned low word together; only -2^53 falls out of the safe range. */
function fromWords(high: number, low: number): Int64 {
  const value = high * TWO_32 + low;
  return value >= -MAX_SAFE ? value : BigInt(value);
}

/** The bits of a value differ from phase to phase. */
function requireBits(a: number, b: number): void {
  if (isShifting(a) || isShifting(b)) phaseDependent("a bit operation");
}

export function and64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    if ((a | 0) === a && (b | 0) === b) return a & b;
    requireBits(a, b);
    return fromWords(Math.floor(a / TWO_32) & Math.floor(b / TWO_32), (a & b) >>> 0);
  }
  return fromBigInt(wide(a) & wide(b));
}

export function or64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    if ((a | 0) === a && (b | 0) === b) return a | b;
    requireBits(a, b);
    return fromWords(Math.floor(a / TWO_32) | Math.floor(b / TWO_32), (a | b) >>> 0);
  }
  return fromBigInt(wide(a) | wide(b));
}

export function xor64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    if ((a | 0) === a && (b | 0) === b) return a ^ b;
    requireBits(a, b);
    return fromWords(Math.floor(a / TWO_32) ^ Math.floor(b / TWO_32), (a ^ b) >>> 0);
  }
  return fromBigInt(wide(a) ^ wide(b));
}

function powerOfTwo(count: Int64): number {
  const power = typeof count === "number" ? POWER_OF_TWO[count] : undefined;
  if (power === undefined) {
    requireFixed(count, "a shift count");
    throw new SimulationFault("shift-count", `shift of a 64-bit value by ${count} is undefined in C`);
  }
  return power;
}

export function shl64(a: Int64, count: Int64): Int64 {
  const power = powerOfTwo(count);
  if (typeof a === "number") {
    if (isShifting(a)) return linearProduct(a, power);
    const shifted = a * power;
    if (shifted <= MAX_SAFE && shifted >= -MAX_SAFE) return shifted;
  }
  return fromBigInt(wide(a) << BigInt(count));
}

/** Arithmetic shift right (signed types). */
export function shrS64(a: Int64, count: Int64): Int64 {
  const power = powerOfTwo(count);
  // Dividing by a power of two is exact, so floor is the arithmetic shift.
  if (typeof a === "number") return floorQuotient(a, power);
  return fromBigInt(a >> BigInt(count));
}

/** Logical shift right (unsigned types). */
export function shrU64(a: Int64, count: Int64): Int64 {
  const power = powerOfTwo(count);
  if (typeof a === "number" && a >= 0) return floorQuotient(a, power);
  return fromBigInt(toUnsignedBigInt(a) >> BigInt(count));
}

function divisionByZero(): never {
  throw new SimulationFault("division-by-zero", "division of a 64-bit value by zero");
}

/** The quotient of a value that depends on the phase, where truncating is rounding down. */
function shiftingQuotient(a: number, b: number): number {
  requireFixed(b, "a division by it");
  if (!(a >= 1 && b > 0)) phaseDependent("a division of what may be negative");
  return floorQuotient(a, b);
}

/** Truncates towards zero; LONG_MIN / -1, which traps on x86 and is undefined in C, is a fault. */
export function divS64(a: Int64, b: Int64): Int64 {
  if (b === 0) divisionByZero();
  if (typeof a === "number" && typeof b === "number") {
    if (isShifting(a) || isShifting(b)) return shiftingQuotient(a, b);
    return Math.trunc(a / b) + 0;
  }
  const quotient = wide(a) / wide(b);
  if (quotient === 2n ** 63n) throw new SimulationFault("division-overflow", "the smallest 64-bit value divided by -1");
  return fromBigInt(quotient);
}

export function divU64(a: Int64, b: Int64): Int64 {
  if (b === 0) divisionByZero();
  if (typeof a === "number" && typeof b === "number" && a >= 0 && b > 0) {
    return isShifting(a) || isShifting(b) ? shiftingQuotient(a, b) : Math.trunc(a / b);
  }
  return fromBigInt(toUnsignedBigInt(a) / toUnsignedBigInt(b));
}

/** The remainder has the sign of the dividend. */
export function modS64(a: Int64, b: Int64): Int64 {
  if (b === 0) divisionByZero();
  if (typeof a === "number" && typeof b === "number") {
    if (isShifting(a) || isShifting(b)) return a - shiftingQuotient(a, b) * b;
    return (a % b) + 0;
  }
  return fromBigInt(wide(a) % wide(b));
}

export function modU64(a: Int64, b: Int64): Int64 {
  if (b === 0) divisionByZero();
  if (typeof a === "number" && typeof b === "number" && a >= 0 && b > 0) {
    return isShifting(a) || isShifting(b) ? a - shiftingQuotient(a, b) * b : a % b;
  }
  return fromBigInt(toUnsignedBigInt(a) % toUnsignedBigInt(b));
}

/**
 * A bigint is further from any number that depends on the phase than that can move, so only two numbers are looked at.
 * The difference of two safe integers may be rounded, and then has no fraction either.
 */
function isFixed(a: Int64, b: Int64): boolean {
  return typeof a !== "number" || typeof b !== "number" || !isShifting(a - b);
}

export function eq64(a: Int64, b: Int64): boolean {
  // Equal numbers have equal slopes, too.
  return a === b || (typeof a === "number" && typeof b === "number" && isShifting(a - b) && isZero(a - b));
}

export function ltS64(a: Int64, b: Int64): boolean {
  return isFixed(a, b) ? a < b : isPositive(Number(b) - Number(a));
}

export function leS64(a: Int64, b: Int64): boolean {
  return isFixed(a, b) ? a <= b : !isPositive(Number(a) - Number(b));
}

/** Whether a value is below 0, and so is above 2^63 as unsigned. */
function isNegative(a: Int64): boolean {
  return isShifting(a) ? isPositive(-Number(a)) : a < 0;
}

/** Unsigned: among residues of one sign the order is the signed one, and every negative residue is above 2^63. */
export function ltU64(a: Int64, b: Int64): boolean {
  const isAbove = isNegative(b);
  return isNegative(a) === isAbove ? ltS64(a, b) : isAbove;
}

export function leU64(a: Int64, b: Int64): boolean {
  const isAbove = isNegative(b);
  return isNegative(a) === isAbove ? leS64(a, b) : isAbove;
}

/**
 * To a signed 64-bit type from any canonical value. The canonical number of a narrower signed type is its sign
 * extension and that of a narrower unsigned type its zero extension, so nothing changes; the function states that the
 * conversion was thought of.
 */
export function toS64(value: Int64): Int64 {
  return value;
}

/** To an unsigned 64-bit type; the same residue, see toS64. */
export function toU64(value: Int64): Int64 {
  return value;
}

export function toS32(value: Int64): number {
  if (typeof value !== "number") return Number(BigInt.asIntN(32, value));
  requireFixed(value, "a conversion to 32 bits");
  return value | 0;
}

export function toU32(value: Int64): number {
  if (typeof value !== "number") return Number(BigInt.asUintN(32, value));
  requireFixed(value, "a conversion to 32 bits");
  return value >>> 0;
}

export function toS16(value: Int64): number {
  return (toS32(value) << 16) >> 16;
}

export function toU16(value: Int64): number {
  return toS32(value) & 0xffff;
}

export function toS8(value: Int64): number {
  return (toS32(value) << 24) >> 24;
}

export function toU8(value: Int64): number {
  return toS32(value) & 0xff;
}

/** To _Bool: 1 for any value but zero, which is what sets it apart from a narrow integer. */
export function toBool(value: Int64 | boolean): 0 | 1 {
  if (typeof value === "number" && isShifting(value)) return isZero(value) ? 0 : 1;
  return value === 0 || value === false ? 0 : 1;
}
