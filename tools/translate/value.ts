/**
 * C values as TypeScript text, with their C type: conversions, arithmetic in the real widths, comparisons.
 *
 * Integers up to 32 bits are JS numbers that are kept in range; 64-bit ones are the simulator's Int64. bool is JS's
 * boolean; comparisons have C type int and JS form boolean, and become numbers only where C counts with them.
 */
import {
  BOOL,
  type CType,
  commonType,
  fitsIn,
  type IntType,
  isInt,
  promoted,
  S32,
  S64,
  sameType,
  U64,
  wrap,
} from "./c-types.ts";

/** How tightly a text binds in TypeScript; higher is tighter. */
export const BINDS = {
  comma: 1,
  assign: 2,
  conditional: 3,
  or: 4,
  and: 5,
  bitOr: 6,
  bitXor: 7,
  bitAnd: 8,
  equality: 9,
  relation: 10,
  shift: 11,
  sum: 12,
  product: 13,
  unary: 15,
  primary: 20,
} as const;

export interface Value {
  readonly code: string;
  readonly type: CType;
  /** What the text is in JS: a boolean, or a value of the type's own kind. */
  readonly form: "value" | "boolean";
  readonly binds: number;
  /** Its value where it is a constant expression. */
  readonly constant: bigint | null;
}

export function value(code: string, type: CType, binds: number = BINDS.primary): Value {
  return { code, type, form: isInt(type) && type.isBool ? "boolean" : "value", binds, constant: null };
}

export function truth(code: string, binds: number, type: CType = S32): Value {
  return { code, type, form: "boolean", binds, constant: null };
}

export function constantValue(number: bigint, type: IntType): Value {
  const wrapped = wrap(number, type);
  if (type.isBool)
    return { code: wrapped === 0n ? "false" : "true", type, form: "boolean", binds: 20, constant: wrapped };
  const residue = type.bits === 64 ? BigInt.asIntN(64, wrapped) : wrapped;
  const isSafe = residue <= BigInt(Number.MAX_SAFE_INTEGER) && residue >= -BigInt(Number.MAX_SAFE_INTEGER);
  const code = isSafe ? `${residue}` : `${residue}n`;
  return { code, type, form: "value", binds: residue < 0n ? BINDS.unary : BINDS.primary, constant: wrapped };
}

/** The null pointer. */
export function nullPointer(type: CType): Value {
  return { code: "NULL", type, form: "value", binds: BINDS.primary, constant: 0n };
}

/** The text, in parentheses where it binds less tightly than its place needs. */
export function inPlace(one: Value, needed: number): string {
  return one.binds >= needed ? one.code : `(${one.code})`;
}

function is64(type: CType): boolean {
  return isInt(type) && type.bits === 64;
}

/** As the condition of an `if`. */
export function condition(one: Value): Value {
  if (one.form === "boolean") return one;
  if (one.constant !== null) return truth(one.constant === 0n ? "false" : "true", BINDS.primary);
  if (one.type.kind !== "int") return truth(`${inPlace(one, BINDS.equality)} !== NULL`, BINDS.equality);
  if (is64(one.type)) return truth(`toBool(${one.code}) === 1`, BINDS.equality);
  return truth(`${inPlace(one, BINDS.equality)} !== 0`, BINDS.equality);
}

export function negated(one: Value): Value {
  if (one.constant !== null) return constantValue(one.constant === 0n ? 1n : 0n, S32);
  if (one.form === "value" && one.type.kind !== "int") {
    return truth(`${inPlace(one, BINDS.equality)} === NULL`, BINDS.equality);
  }
  if (one.form === "value" && !is64(one.type)) return truth(`${inPlace(one, BINDS.equality)} === 0`, BINDS.equality);
  return truth(`!${inPlace(condition(one), BINDS.unary)}`, BINDS.unary);
}

/** As a number of its own type: booleans become 0 and 1. */
export function asNumber(one: Value): Value {
  if (one.form === "value") return one;
  const type = isInt(one.type) && !one.type.isBool ? one.type : S32;
  if (one.constant !== null) return constantValue(one.constant, type);
  return { ...value(`Number(${one.code})`, type), type };
}

const NARROW: Readonly<Record<string, string>> = {
  "8s": "toS8",
  "8u": "toU8",
  "16s": "toS16",
  "16u": "toU16",
  "32s": "toS32",
  "32u": "toU32",
};

/** Converts an integer to an integer type. */
export function toInteger(one: Value, type: IntType): Value {
  if (type.isBool) {
    if (one.constant !== null) return constantValue(one.constant === 0n ? 0n : 1n, BOOL);
    return { ...condition(one), type: BOOL };
  }
  if (one.constant !== null) return constantValue(one.constant, type);
  const number = asNumber(one);
  const from = number.type;
  if (!isInt(from) || fitsIn(from, type) || (from.bits === 64 && type.bits === 64)) return { ...number, type };
  // A narrower signed value is its own sign extension, which is the residue of the unsigned type.
  if (type.bits === 64) return { ...number, type };
  if (from.bits <= 32 && type.bits === 32) {
    const text = type.signed ? `${inPlace(number, BINDS.bitOr)} | 0` : `${inPlace(number, BINDS.shift)} >>> 0`;
    return value(text, type, type.signed ? BINDS.bitOr : BINDS.shift);
  }
  return value(`${NARROW[`${type.bits}${type.signed ? "s" : "u"}`]}(${number.code})`, type);
}

/** A value cut to the width of a bit-field; as it is where there is none. */
export function narrowed(one: Value, bits: number | null): Value {
  if (bits === null || !isInt(one.type) || bits >= one.type.bits) return one;
  if (one.constant !== null) {
    const cut = one.type.signed ? BigInt.asIntN(bits, one.constant) : BigInt.asUintN(bits, one.constant);
    return constantValue(cut, one.type);
  }
  if (!one.type.signed) {
    const code = `(${inPlace(one, BINDS.bitAnd)} & ${2 ** bits - 1}) >>> 0`;
    return { ...one, code, binds: BINDS.shift };
  }
  const shift = 32 - bits;
  return { ...one, code: `(${inPlace(one, BINDS.shift)} << ${shift}) >> ${shift}`, binds: BINDS.shift };
}

/** Names of simulator functions that a text calls, for the imports. */
export type Use = (name: string) => void;

type Fold = (a: bigint, b: bigint) => bigint | null;

const FOLDS: Readonly<Record<string, Fold>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0n ? null : a / b),
  "%": (a, b) => (b === 0n ? null : a % b),
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
};

const NAMES_64: Readonly<Record<string, readonly [signed: string, unsigned: string]>> = {
  "+": ["add64", "add64"],
  "-": ["sub64", "sub64"],
  "*": ["mul64", "mul64"],
  "/": ["divS64", "divU64"],
  "%": ["modS64", "modU64"],
  "&": ["and64", "and64"],
  "|": ["or64", "or64"],
  "^": ["xor64", "xor64"],
  "<<": ["shl64", "shl64"],
  ">>": ["shrS64", "shrU64"],
};

const NAMES_32: Readonly<Record<string, readonly [signed: string, unsigned: string]>> = {
  "*": ["mulS32", "mulU32"],
  "/": ["divS32", "divU32"],
  "%": ["modS32", "modU32"],
  "<<": ["shlS32", "shlU32"],
  ">>": ["shrS32", "shrU32"],
};

const INFIX_32: Readonly<Record<string, number>> = {
  "+": BINDS.sum,
  "-": BINDS.sum,
  "&": BINDS.bitAnd,
  "|": BINDS.bitOr,
  "^": BINDS.bitXor,
};

/** `a op b` for integers: + - * / % & | ^ << >>. */
export function arithmetic(operator: string, left: Value, right: Value): Value | null {
  const a = asNumber(left);
  const b = asNumber(right);
  if (!isInt(a.type) || !isInt(b.type)) return null;
  const isShift = operator === "<<" || operator === ">>";
  const type = isShift ? promoted(a.type) : commonType(a.type, b.type);
  const x = toInteger(a, type);
  const y = isShift ? toInteger(b, promoted(b.type)) : toInteger(b, type);
  if (x.constant !== null && y.constant !== null) {
    const folded = isShift
      ? foldShift(operator, x.constant, y.constant, type)
      : FOLDS[operator]?.(x.constant, y.constant);
    if (folded !== undefined && folded !== null) return constantValue(folded, type);
  }
  if (type.bits === 64) return call64(NAMES_64, operator, type, [x, y]);
  const binds = INFIX_32[operator];
  if (binds === undefined) return call64(NAMES_32, operator, type, [x, y]);
  const infix = `${inPlace(x, binds)} ${operator} ${inPlace(y, binds + 1)}`;
  // Bit operations of two signed values stay in range; everything else is cut to its width.
  if (type.signed) {
    return /[&|^]/.test(operator) ? value(infix, type, binds) : value(`(${infix}) | 0`, type, BINDS.bitOr);
  }
  return value(`(${infix}) >>> 0`, type, BINDS.shift);
}

function foldShift(operator: string, a: bigint, count: bigint, type: IntType): bigint | null {
  if (count < 0n || count >= BigInt(type.bits)) return null;
  return operator === "<<" ? a << count : a >> count;
}

function call64(
  names: Readonly<Record<string, readonly [string, string]>>,
  operator: string,
  type: IntType,
  operands: readonly Value[],
): Value | null {
  const pair = names[operator];
  if (pair === undefined) return null;
  return value(`${type.signed ? pair[0] : pair[1]}(${operands.map((one) => one.code).join(", ")})`, type);
}

const COMPARED: Readonly<Record<string, string>> = {
  "==": "===",
  "!=": "!==",
  "<": "<",
  ">": ">",
  "<=": "<=",
  ">=": ">=",
};

/** `a op b` for integers, op one of == != < > <= >=. */
export function comparison(operator: string, left: Value, right: Value): Value | null {
  const symbol = COMPARED[operator];
  if (symbol === undefined) return null;
  const isEquality = operator === "==" || operator === "!=";
  if (left.form === "boolean" && right.form === "boolean" && isEquality) {
    return truth(`${inPlace(left, 10)} ${symbol} ${inPlace(right, 10)}`, BINDS.equality);
  }
  const a = asNumber(left);
  const b = asNumber(right);
  if (!isInt(a.type) || !isInt(b.type)) return null;
  const type = commonType(a.type, b.type);
  const x = toInteger(a, type);
  const y = toInteger(b, type);
  if (x.constant !== null && y.constant !== null) {
    return constantValue(compareConstants(operator, x.constant, y.constant) ? 1n : 0n, S32);
  }
  const binds = isEquality ? BINDS.equality : BINDS.relation;
  if (type.bits < 64) return truth(`${inPlace(x, binds + 1)} ${symbol} ${inPlace(y, binds + 1)}`, binds);
  if (isEquality) {
    const equal = `eq64(${x.code}, ${y.code})`;
    return operator === "==" ? truth(equal, BINDS.primary) : truth(`!${equal}`, BINDS.unary);
  }
  const [first, second] = operator.startsWith(">") ? [y, x] : [x, y];
  const name = `${operator.endsWith("=") ? "le" : "lt"}${type.signed ? "S" : "U"}64`;
  return truth(`${name}(${first.code}, ${second.code})`, BINDS.primary);
}

function compareConstants(operator: string, a: bigint, b: bigint): boolean {
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case ">":
      return a > b;
    case "<=":
      return a <= b;
    default:
      return a >= b;
  }
}

/** `-a` and `~a`. */
export function unaryArithmetic(operator: "-" | "~" | "+", operand: Value): Value | null {
  const number = asNumber(operand);
  if (!isInt(number.type)) return null;
  const type = promoted(number.type);
  const x = toInteger(number, type);
  if (operator === "+") return x;
  if (x.constant !== null) return constantValue(operator === "-" ? -x.constant : ~x.constant, type);
  if (type.bits === 64) return value(`${operator === "-" ? "neg64" : "not64"}(${x.code})`, type);
  const text = `${operator}${inPlace(x, BINDS.unary)}`;
  if (operator === "~" && type.signed) return value(text, type, BINDS.unary);
  return value(`${text} ${type.signed ? "| 0" : ">>> 0"}`, type, type.signed ? BINDS.bitOr : BINDS.shift);
}

/** An integer literal's value and type: C11 6.4.4.1. */
export function literal(text: string, longBits: 32 | 64): Value | null {
  const match = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)([uUlL]*)$/.exec(text);
  if (match === null) return null;
  const digits = match[1] as string;
  const suffix = (match[2] as string).toLowerCase();
  const isOctal = /^0\d/.test(digits);
  if (isOctal && /[89]/.test(digits)) return null;
  const number = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  const isDecimal = /^[1-9]/.test(digits) || digits === "0";
  const longs = suffix.replace("u", "").length;
  const least = longs === 2 ? 64 : longs === 1 ? longBits : 32;
  for (const bits of [32, 64] as const) {
    if (bits < least) continue;
    const signed: IntType = bits === 32 ? S32 : S64;
    const unsigned: IntType = { ...signed, signed: false };
    if (!suffix.includes("u") && number < 1n << BigInt(bits - 1)) return constantValue(number, signed);
    if ((suffix.includes("u") || !isDecimal) && number < 1n << BigInt(bits)) return constantValue(number, unsigned);
  }
  return constantValue(number, U64);
}

/** Whether a value of one pointer type may stand for another without a word in TypeScript. */
export function sameRepresentation(a: CType, b: CType): boolean {
  return sameType(a, b);
}
