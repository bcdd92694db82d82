/**
 * C arithmetic on int and unsigned int, where a plain JS operator is not enough. Values are canonical: int is a JS
 * number in [-2^31, 2^31), unsigned int one in [0, 2^32). Sums, differences and bit operations are written in place
 * by generated code as `(a + b) | 0` or `(a + b) >>> 0`.
 *
 * No int depends on the phase (phase.ts): toS32() and toU32() refuse such a value. The functions here refuse it too,
 * for values that came another way.
 */
import { SimulationFault } from "./fault.ts";
import { requireFixed } from "./phase.ts";

function requireInts(a: number, b: number | bigint): void {
  requireFixed(a, "32-bit arithmetic");
  requireFixed(b, "32-bit arithmetic");
}

export function mulS32(a: number, b: number): number {
  requireInts(a, b);
  return Math.imul(a, b);
}

export function mulU32(a: number, b: number): number {
  requireInts(a, b);
  return Math.imul(a, b) >>> 0;
}

function checkDivisor(b: number): void {
  if (b === 0) throw new SimulationFault("division-by-zero", "division of a 32-bit value by zero");
}

/** Truncates towards zero; INT_MIN / -1 is undefined in C and a fault here. */
export function divS32(a: number, b: number): number {
  requireInts(a, b);
  checkDivisor(b);
  if (b === -1 && a === -0x8000_0000) throw new SimulationFault("division-overflow", "INT_MIN divided by -1");
  return (a / b) | 0;
}

export function divU32(a: number, b: number): number {
  requireInts(a, b);
  checkDivisor(b);
  return (a / b) >>> 0;
}

export function modS32(a: number, b: number): number {
  requireInts(a, b);
  checkDivisor(b);
  return (a % b) | 0;
}

export function modU32(a: number, b: number): number {
  requireInts(a, b);
  checkDivisor(b);
  return (a % b) >>> 0;
}

/** JS takes shift counts mod 32, C leaves the rest undefined. */
function checkCount(count: number | bigint): number {
  if (typeof count === "bigint" || count < 0 || count > 31) {
    throw new SimulationFault("shift-count", `shift of a 32-bit value by ${count} is undefined in C`);
  }
  return count;
}

export function shlS32(a: number, count: number | bigint): number {
  requireInts(a, count);
  return a << checkCount(count);
}

export function shlU32(a: number, count: number | bigint): number {
  requireInts(a, count);
  return (a << checkCount(count)) >>> 0;
}

export function shrS32(a: number, count: number | bigint): number {
  requireInts(a, count);
  return a >> checkCount(count);
}

export function shrU32(a: number, count: number | bigint): number {
  requireInts(a, count);
  return a >>> checkCount(count);
}
