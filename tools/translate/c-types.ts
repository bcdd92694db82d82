/**
 * C types, and the rules by which integers convert: C11 6.3.1.1 (promotion) and 6.3.1.8 (usual arithmetic
 * conversions), for the kernel's data models LP64 and ILP32 with little-endian byte order.
 */

export interface IntType {
  readonly kind: "int";
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
  /** _Bool: not a number but true or false. */
  readonly isBool: boolean;
}

export interface PointerType {
  readonly kind: "pointer";
  readonly to: CType;
}

export interface ArrayType {
  readonly kind: "array";
  readonly of: CType;
  /** Number of elements; null where the declaration does not say or it is no constant. */
  readonly length: number | null;
}

export interface StructTypeRef {
  readonly kind: "struct";
  readonly tag: string;
}

export interface FunctionType {
  readonly kind: "function";
  readonly result: CType;
  readonly parameters: readonly CType[];
}

export type CType =
  | IntType
  | PointerType
  | ArrayType
  | StructTypeRef
  | FunctionType
  | { readonly kind: "void" }
  /** A type that is not known; nothing can be done with its values but hand them on. */
  | { readonly kind: "unknown"; readonly name: string };

export const VOID: CType = { kind: "void" };
export const S8 = int(8, true);
export const U8 = int(8, false);
export const S16 = int(16, true);
export const U16 = int(16, false);
export const S32 = int(32, true);
export const U32 = int(32, false);
export const S64 = int(64, true);
export const U64 = int(64, false);
export const BOOL: IntType = { kind: "int", bits: 8, signed: false, isBool: true };
export const VOID_POINTER: PointerType = { kind: "pointer", to: VOID };
export const CHAR_POINTER: PointerType = { kind: "pointer", to: S8 };

function int(bits: IntType["bits"], signed: boolean): IntType {
  return { kind: "int", bits, signed, isBool: false };
}

export function pointerTo(to: CType): PointerType {
  return { kind: "pointer", to };
}

export function structType(tag: string): StructTypeRef {
  return { kind: "struct", tag };
}

export function isInt(type: CType): type is IntType {
  return type.kind === "int";
}

/** Integers narrower than int become int. */
export function promoted(type: IntType): IntType {
  return type.bits < 32 ? S32 : type;
}

/** The common type of two operands. */
export function commonType(a: IntType, b: IntType): IntType {
  const left = promoted(a);
  const right = promoted(b);
  if (left.bits !== right.bits) return left.bits > right.bits ? left : right;
  return left.signed ? right : left;
}

/** Whether every value of one type is a value of another, so that converting changes nothing. */
export function fitsIn(from: IntType, to: IntType): boolean {
  if (from.isBool) return true;
  if (to.isBool) return false;
  if (from.signed === to.signed) return from.bits <= to.bits;
  return !from.signed && from.bits < to.bits;
}

export function sameType(a: CType, b: CType): boolean {
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case "int":
      return b.kind === "int" && a.bits === b.bits && a.signed === b.signed && a.isBool === b.isBool;
    case "pointer":
      return b.kind === "pointer" && sameType(a.to, b.to);
    case "array":
      return b.kind === "array" && a.length === b.length && sameType(a.of, b.of);
    case "struct":
      return b.kind === "struct" && a.tag === b.tag;
    case "unknown":
      return b.kind === "unknown" && a.name === b.name;
    case "function":
      return (
        b.kind === "function" &&
        sameType(a.result, b.result) &&
        a.parameters.length === b.parameters.length &&
        a.parameters.every((one, i) => sameType(one, b.parameters[i] as CType))
      );
    default:
      return true;
  }
}

/** The type a value of an array or function type has in an expression. */
export function decayed(type: CType): CType {
  if (type.kind === "array") return pointerTo(type.of);
  if (type.kind === "function") return pointerTo(type);
  return type;
}

/** The value of a constant in a type, wrapped as the machine does. */
export function wrap(value: bigint, type: IntType): bigint {
  if (type.isBool) return value === 0n ? 0n : 1n;
  return type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
}

export function typeText(type: CType): string {
  switch (type.kind) {
    case "int":
      return type.isBool ? "bool" : `${type.signed ? "s" : "u"}${type.bits}`;
    case "pointer":
      return `${typeText(type.to)} *`;
    case "array":
      return `${typeText(type.of)}[${type.length ?? ""}]`;
    case "struct":
      return `struct ${type.tag}`;
    case "function":
      return `function returning ${typeText(type.result)}`;
    case "void":
      return "void";
    case "unknown":
      return type.name;
  }
}

/** What the compiler makes of long and of plain char. */
export interface DataModel {
  readonly longBits: 32 | 64;
  /** Whether char has a sign. */
  readonly charIsSigned: boolean;
}

/**
 * Whether plain char has a sign in a kernel: as the machine has it (x86: yes) up to 6.1; Makefile has -funsigned-char
 * in KBUILD_CFLAGS since 6.2.
 * @param version `6.1.192`; null where it is not known: a kernel of today.
 */
export function charIsSignedIn(version: string | null): boolean {
  const match = /^(\d+)\.(\d+)/.exec(version ?? "");
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major < 6 || (major === 6 && minor < 2);
}

/** Names of integer types: the language's, include/linux/types.h and uapi/linux/types.h. */
export function namedInteger(name: string, model: DataModel): IntType | null {
  const long = model.longBits === 64 ? { s: S64, u: U64 } : { s: S32, u: U32 };
  switch (name) {
    case "char":
      return model.charIsSigned ? S8 : U8;
    case "long":
    case "ssize_t":
    case "ptrdiff_t":
    case "intptr_t":
    case "off_t":
    case "__kernel_off_t":
    case "clock_t":
    case "time_t":
      return long.s;
    case "ulong":
    case "size_t":
    case "uintptr_t":
    case "__kernel_size_t":
    case "__kernel_ulong_t":
      return long.u;
    default:
      return FIXED.get(name) ?? null;
  }
}

const FIXED: ReadonlyMap<string, IntType> = new Map([
  ...names(S8, "s8 __s8 int8_t"),
  ...names(U8, "u8 __u8 uint8_t u_char unchar"),
  ...names(S16, "short s16 __s16 int16_t"),
  ...names(U16, "u16 __u16 uint16_t __le16 __be16 u_short ushort umode_t __sum16 sa_family_t __kernel_sa_family_t"),
  ...names(S32, "int s32 __s32 int32_t pid_t"),
  ...names(U32, "u32 __u32 uint32_t __le32 __be32 uint u_int gfp_t kuid_t kgid_t dev_t fmode_t __wsum slab_flags_t"),
  ...names(S64, "s64 __s64 int64_t loff_t time64_t ktime_t"),
  ...names(U64, "u64 __u64 uint64_t __le64 __be64 sector_t blkcnt_t"),
  ...names(BOOL, "bool _Bool"),
]);

function names(type: IntType, list: string): [string, IntType][] {
  return list.split(" ").map((name) => [name, type]);
}

const INTEGER_WORD = /^(?:char|short|int|long|signed|unsigned|__signed__|const|volatile)$/;

/** Combinations of the words char, short, int, long, signed, unsigned; null for others, such as double. */
export function integerOfWords(words: readonly string[], model: DataModel): IntType | null {
  if (words.some((word) => !INTEGER_WORD.test(word))) return null;
  const count = (word: string): number => words.filter((one) => one === word).length;
  const signed = count("unsigned") === 0;
  const long = count("long");
  if (count("char") > 0) {
    const isPlain = signed && count("signed") + count("__signed__") === 0;
    return isPlain ? namedInteger("char", model) : signed ? S8 : U8;
  }
  if (count("short") > 0) return signed ? S16 : U16;
  if (long >= 2) return signed ? S64 : U64;
  if (long === 1) return namedInteger(signed ? "long" : "ulong", model) as IntType;
  return signed ? S32 : U32;
}
