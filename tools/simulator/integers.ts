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
 */
import { SimulationFault } from "./fault.ts";

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
  return BigInt.asUintN(64, BigInt(value));
}

export function add64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    // Exact whenever the result is safe: a sum of safe integers beyond that rounds to something beyond it, too.
    const sum = a + b;
    if (sum <= MAX_SAFE && sum >= -MAX_SAFE) return sum;
  }
  return fromBigInt(BigInt(a) + BigInt(b));
}

export function sub64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    const difference = a - b;
    if (difference <= MAX_SAFE && difference >= -MAX_SAFE) return difference;
  }
  return fromBigInt(BigInt(a) - BigInt(b));
}

export function mul64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    const product = a * b;
    // + 0 turns -0 (from -1 * 0) into 0.
    if (product <= MAX_SAFE && product >= -MAX_SAFE) return product + 0;
  }
  return fromBigInt(BigInt(a) * BigInt(b));
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

export function and64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    if ((a | 0) === a && (b | 0) === b) return a & b;
    return fromWords(Math.floor(a / TWO_32) & Math.floor(b / TWO_32), (a & b) >>> 0);
  }
  return fromBigInt(BigInt(a) & BigInt(b));
}

export function or64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    if ((a | 0) === a && (b | 0) === b) return a | b;
    return fromWords(Math.floor(a / TWO_32) | Math.floor(b / TWO_32), (a | b) >>> 0);
  }
  return fromBigInt(BigInt(a) | BigInt(b));
}

export function xor64(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    if ((a | 0) === a && (b | 0) === b) return a ^ b;
    return fromWords(Math.floor(a / TWO_32) ^ Math.floor(b / TWO_32), (a ^ b) >>> 0);
  }
  return fromBigInt(BigInt(a) ^ BigInt(b));
}

function powerOfTwo(count: Int64): number {
  const power = typeof count === "number" ? POWER_OF_TWO[count] : undefined;
  if (power === undefined) {
    throw new SimulationFault("shift-count", `shift of a 64-bit value by ${count} is undefined in C`);
  }
  return power;
}

export function shl64(a: Int64, count: Int64): Int64 {
  const power = powerOfTwo(count);
  if (typeof a === "number") {
    const shifted = a * power;
    if (shifted <= MAX_SAFE && shifted >= -MAX_SAFE) return shifted;
  }
  return fromBigInt(BigInt(a) << BigInt(count));
}

/** Arithmetic shift right (signed types). */
export function shrS64(a: Int64, count: Int64): Int64 {
  const power = powerOfTwo(count);
  // Dividing by a power of two is exact, so floor is the arithmetic shift.
  if (typeof a === "number") return Math.floor(a / power);
  return fromBigInt(a >> BigInt(count));
}

/** Logical shift right (unsigned types). */
export function shrU64(a: Int64, count: Int64): Int64 {
  const power = powerOfTwo(count);
  if (typeof a === "number" && a >= 0) return Math.floor(a / power);
  return fromBigInt(toUnsignedBigInt(a) >> BigInt(count));
}

function divisionByZero(): never {
  throw new SimulationFault("division-by-zero", "division of a 64-bit value by zero");
}

/** Truncates towards zero; LONG_MIN / -1, which traps on x86 and is undefined in C, is a fault. */
export function divS64(a: Int64, b: Int64): Int64 {
  if (b === 0) divisionByZero();
  if (typeof a === "number" && typeof b === "number") return Math.trunc(a / b) + 0;
  const quotient = BigInt(a) / BigInt(b);
  if (quotient === 2n ** 63n) throw new SimulationFault("division-overflow", "the smallest 64-bit value divided by -1");
  return fromBigInt(quotient);
}

export function divU64(a: Int64, b: Int64): Int64 {
  if (b === 0) divisionByZero();
  if (typeof a === "number" && typeof b === "number" && a >= 0 && b > 0) return Math.trunc(a / b);
  return fromBigInt(toUnsignedBigInt(a) / toUnsignedBigInt(b));
}

/** The remainder has the sign of the dividend. */
export function modS64(a: Int64, b: Int64): Int64 {
  if (b === 0) divisionByZero();
  if (typeof a === "number" && typeof b === "number") return (a % b) + 0;
  return fromBigInt(BigInt(a) % BigInt(b));
}

export function modU64(a: Int64, b: Int64): Int64 {
  if (b === 0) divisionByZero();
  if (typeof a === "number" && typeof b === "number" && a >= 0 && b > 0) return a % b;
  return fromBigInt(toUnsignedBigInt(a) % toUnsignedBigInt(b));
}

export function eq64(a: Int64, b: Int64): boolean {
  return a === b;
}

export function ltS64(a: Int64, b: Int64): boolean {
  return a < b;
}

export function leS64(a: Int64, b: Int64): boolean {
  return a <= b;
}

/** Unsigned: among residues of one sign the order is the signed one, and every negative residue is above 2^63. */
export function ltU64(a: Int64, b: Int64): boolean {
  return a < 0 === b < 0 ? a < b : b < 0;
}

export function leU64(a: Int64, b: Int64): boolean {
  return a < 0 === b < 0 ? a <= b : b < 0;
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
  return typeof value === "number" ? value | 0 : Number(BigInt.asIntN(32, value));
}

export function toU32(value: Int64): number {
  return typeof value === "number" ? value >>> 0 : Number(BigInt.asUintN(32, value));
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
  return value === 0 || value === false ? 0 : 1;
}
