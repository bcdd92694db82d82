/**
 * Places that hold a value: variables, members, elements, what a pointer points to. How each is read, stored to, and
 * what its address is.
 */
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import { type ArrayType, type CType, decayed, isInt, type PointerType, pointerTo, S32, S64 } from "./c-types.ts";
import type { FunctionContext } from "./context.ts";
import { convert } from "./conversions.ts";
import { expression, failed, pointerArithmetic } from "./expressions.ts";
import { globalType } from "./file-scope.ts";
import { fieldName } from "./names.ts";
import type { FieldInfo, StructInfo } from "./type-space.ts";
import { arithmetic, BINDS, constantValue, inPlace, narrowed, type Value, value } from "./value.ts";

export interface Place {
  readonly type: CType;
  /** How it stores: by an assignment, whose value is what was stored, or by a call, which has none. */
  readonly stores: "assignment" | "call";
  /** Width of a bit-field; null for all other places. */
  readonly bits: number | null;
  /** Whether it is an array that stands in bytes although its elements are wider. */
  readonly isInBytes: boolean;
  /** Text that reads it; for a struct, the object itself. */
  readonly read: string;
  readonly binds: number;
  /** Text that stores a value of its type. */
  readonly write: (text: string) => string;
  /** Text of a pointer to it; null where there is none. */
  readonly address: () => string | null;
  /** Whether reading it twice is the same as once. */
  readonly isPure: boolean;
  /** `struct.member`, for function pointers. */
  readonly key: string | null;
}

/** Calls that only look, so that a text with them can stand twice. */
const LOOKING = /\.(?:plus|as|at|get)\(|\b(?:elementAt|structPlus|to[SU]\d+|(?:add|sub|mul)64|container_of<[^>]*>)\(/g;

/** Whether evaluating a text twice is the same as once. */
function isPureText(code: string): boolean {
  return !/[\w>)]\(|=[^=]|\+\+|--/.test(code.replace(LOOKING, "").replace(/[=!]==/g, ""));
}

/** What becomes of a value on the way to a place: kept in a variable where it must not be worked out twice. */
type Once = (one: Value) => Value;

const asItIs: Once = (one) => one;

/** The place that an expression names; null when it names none. */
export function placeOf(ctx: FunctionContext, node: SyntaxNode, once: Once = asItIs): Place | null {
  switch (node.type) {
    case "parenthesized_expression":
      return node.children[0] === undefined ? null : placeOf(ctx, node.children[0], once);
    case "identifier":
      return namedPlace(ctx, ctx.textOf(node));
    case "field_expression":
      return memberPlace(ctx, node, once);
    case "subscript_expression":
      return elementPlace(ctx, node, once);
    case "pointer_expression": {
      const argument = childOf(node, "argument");
      if (childOf(node, "operator")?.type !== "*" || argument === undefined) return null;
      return pointedPlace(ctx, once(expression(ctx, argument)));
    }
    default:
      return null;
  }
}

/** A place that can be read and stored to with its way there gone once: `before` says what has to be done first. */
function oncePlace(
  ctx: FunctionContext,
  node: SyntaxNode,
): { readonly place: Place; readonly before: readonly string[] } | null {
  const before: string[] = [];
  const once: Once = (one) => {
    if (isPureText(one.code)) return one;
    const kept = ctx.temporary("place", decayed(one.type));
    before.push(`${kept.name} = ${one.code}`);
    return { ...one, code: kept.name, binds: BINDS.primary };
  };
  const place = placeOf(ctx, node, once);
  return place === null || !place.isPure ? null : { place, before };
}

function namedPlace(ctx: FunctionContext, name: string): Place | null {
  const local = ctx.local(name);
  if (local !== undefined) {
    const text = local.isBoxed ? `${local.name}.value` : local.name;
    return variablePlace(text, local.type, () => (local.isBoxed ? local.name : null));
  }
  const global = ctx.model.types.global(name, ctx.file);
  if (global === null) return null;
  const member = ctx.model.globalName(name, global);
  const address = (): string => `new ${ctx.model.use("pointers", "FieldPointer")}(globals, "${member}")`;
  return variablePlace(`globals.${member}`, globalType(ctx.model, member, global), address);
}

/** A place that an assignment of TypeScript stores to. */
export function variablePlace(text: string, type: CType, address: () => string | null): Place {
  return {
    type,
    stores: "assignment",
    bits: null,
    isInBytes: false,
    read: text,
    binds: BINDS.primary,
    write: (one) => `${text} = ${one}`,
    address,
    isPure: true,
    key: null,
  };
}

/** The struct object or bytes that `x->m` or `x.m` looks into. */
function memberPlace(ctx: FunctionContext, node: SyntaxNode, once: Once): Place | null {
  const argument = childOf(node, "argument");
  const fieldNode = childOf(node, "field");
  if (argument === undefined || fieldNode === undefined) return null;
  const base = once(expression(ctx, argument));
  const type = base.type.kind === "pointer" ? base.type.to : base.type;
  if (type.kind !== "struct") return null;
  const struct = ctx.model.types.struct(type.tag);
  const name = ctx.textOf(fieldNode);
  const field = struct?.fields.get(name);
  if (struct === null || field === undefined) return null;
  return memberOf(ctx, struct, field, base);
}

/** A member of the struct that a value is, or points to. */
export function memberOf(ctx: FunctionContext, struct: StructInfo, field: FieldInfo, base: Value): Place | null {
  return struct.kind === "wire" ? wirePlace(ctx, struct, field, base) : objectPlace(ctx, struct, field, base);
}

function objectPlace(ctx: FunctionContext, struct: StructInfo, field: FieldInfo, base: Value): Place | null {
  // Bit-fields whose width is not told, or that are wider than an int, have no arithmetic here.
  if (field.bits !== null && (field.bits === 0 || field.bits > 32 || !isInt(field.type))) return null;
  if (struct.kind === "object") ctx.model.useField(struct, field.name, ctx);
  const object = inPlace(base, BINDS.primary);
  const name = struct.kind === "runtime" ? field.name : fieldName(field.name);
  const address = (): string => `new ${ctx.model.use("pointers", "FieldPointer")}(${base.code}, "${name}")`;
  return {
    ...variablePlace(`${object}.${name}`, field.type, address),
    bits: isInt(field.type) && field.type.isBool ? null : field.bits,
    isPure: isPureText(base.code),
    key: `${struct.tag}.${field.name}`,
  };
}

/** A member of a packed struct: read from its bytes. */
function wirePlace(ctx: FunctionContext, struct: StructInfo, field: FieldInfo, base: Value): Place | null {
  if (field.offset === null) return null;
  const at = `${inPlace(base, BINDS.primary)}.plus(${field.offset})`;
  const pointer = field.offset === 0 ? base.code : at;
  // Nested structs and arrays are further on in the same bytes.
  if (!isInt(field.type)) return bytePlace(ctx, pointer, field.type);
  // _Bool in bytes: what a byte other than 0 and 1 would be, C leaves open.
  if (field.type.isBool) return null;
  ctx.model.useField(struct, field.name, ctx);
  const accessor = `${ctx.model.wireName(struct.tag)}.${fieldName(field.name)}`;
  return {
    ...variablePlace(`${accessor}.get(${base.code})`, field.type, () => `${accessor}.pointer(${base.code})`),
    stores: "call",
    write: (one) => `${accessor}.set(${base.code}, ${one})`,
    isPure: isPureText(base.code),
  };
}

/** What stands at an address in bytes; null for what is not kept in bytes: pointers and bool. */
function bytePlace(ctx: FunctionContext, pointer: string, type: CType): Place | null {
  const isPure = isPureText(pointer);
  if (type.kind === "struct") {
    const isWire = ctx.model.types.struct(type.tag)?.kind === "wire";
    return isWire ? { ...variablePlace(pointer, type, () => pointer), isPure } : null;
  }
  if (type.kind === "array") {
    if (bytePlace(ctx, pointer, type.of) === null) return null;
    const isPlain = isInt(type.of) && type.of.bits === 8;
    return { ...variablePlace(pointer, type, () => pointer), isPure, isInBytes: !isPlain };
  }
  if (!isInt(type) || type.isBool) return null;
  if (type.bits === 8) return byteAt(ctx, value(pointer, pointerTo(type)), "0");
  const cells = wideCells(ctx, pointer, type);
  return { ...variablePlace(`${cells}.value`, type, () => cells), isPure };
}

/** Bytes as integers of a wider type. */
function wideCells(ctx: FunctionContext, pointer: string, type: CType): string {
  const bits = isInt(type) ? type.bits : 8;
  const signed = isInt(type) && type.signed;
  return `(${pointer}.as(${bits / 8}, ${signed}) as unknown as ${ctx.model.ts(pointerTo(type))})`;
}

function elementPlace(ctx: FunctionContext, node: SyntaxNode, once: Once): Place | null {
  const argument = childOf(node, "argument");
  const indexNode = childOf(node, "index");
  if (argument === undefined || indexNode === undefined) return null;
  const arrayPlace = placeOf(ctx, argument, once);
  if (arrayPlace !== null && arrayPlace.type.kind === "array") {
    const index = once(convert(ctx, expression(ctx, indexNode), S64));
    return arrayElement(ctx, arrayPlace, arrayPlace.type, index);
  }
  const base = once(arrayPlace === null ? expression(ctx, argument) : readPlace(ctx, arrayPlace));
  const index = once(convert(ctx, expression(ctx, indexNode), S64));
  const moved = pointerArithmetic(ctx, "+", base, index);
  if (base.type.kind !== "pointer") return null;
  const form = ctx.model.pointerForm(base.type);
  const number = index.code;
  if (form === "bytes" && isInt(base.type.to)) return byteAt(ctx, base, number);
  if (form === "cell") {
    const pointer = inPlace(base, BINDS.primary);
    return {
      ...variablePlace(`${pointer}.at(${number})`, base.type.to, () => `${pointer}.plus(${number})`),
      stores: "call",
      write: (one) => `${pointer}.setAt(${number}, ${one})`,
      isPure: isPureText(base.code) && isPureText(number),
    };
  }
  return moved === null ? null : pointedPlace(ctx, moved);
}

function byteAt(ctx: FunctionContext, base: Value, index: string): Place {
  const type = (base.type as PointerType).to;
  const pointer = inPlace(base, BINDS.primary);
  const sign = ctx.model.use("integers", isInt(type) && type.signed ? "toS8" : "toU8");
  return {
    ...variablePlace(`${sign}(${pointer}.at(${index}))`, type, () => `${pointer}.plus(${index})`),
    stores: "call",
    write: (one) => `${pointer}.setAt(${index}, ${one})`,
    isPure: isPureText(base.code) && isPureText(index),
  };
}

/** `array[index]`. */
export function arrayElement(ctx: FunctionContext, array: Place, type: ArrayType, index: Value): Place | null {
  const { model } = ctx;
  const form = model.arrayForm(type.of);
  const number = index.code;
  if (array.isInBytes) {
    const size = model.types.sizeOf(type.of);
    if (size === null) return null;
    const bytes = arithmetic("*", { ...index, constant: index.constant }, constantValue(BigInt(size), S64));
    return bytes === null ? null : bytePlace(ctx, `${array.read}.plus(${bytes.code})`, type.of);
  }
  if (form === "bytes") {
    const pointer = value(array.read, pointerTo(type.of));
    if (isInt(type.of)) return byteAt(ctx, pointer, number);
    const moved = pointerArithmetic(ctx, "+", pointer, index);
    return moved === null ? null : pointedPlace(ctx, moved);
  }
  const read = `${model.use("pointers", "elementAt")}(${array.read}, ${number})`;
  return {
    ...variablePlace(read, type.of, () => `new ${model.use("pointers", "ElementPointer")}(${array.read}, ${number})`),
    stores: "call",
    write: (one) => `${model.use("pointers", "setElementAt")}(${array.read}, ${number}, ${one})`,
    isPure: array.isPure && isPureText(index.code),
  };
}

/** `*p`. */
export function pointedPlace(ctx: FunctionContext, pointer: Value): Place | null {
  const type = decayed(pointer.type);
  if (type.kind !== "pointer") return null;
  const text = inPlace(pointer, BINDS.primary);
  const isPure = isPureText(pointer.code);
  switch (ctx.model.pointerForm(type)) {
    case "struct":
      return { ...variablePlace(text, type.to, () => text), isPure };
    case "bytes":
      if (!isInt(type.to)) return { ...variablePlace(text, type.to, () => text), isPure };
      return byteAt(ctx, pointer, "0");
    case "cell":
      return { ...variablePlace(`${text}.value`, type.to, () => text), isPure };
    case "function":
      return { ...variablePlace(text, type, () => text), isPure };
    default:
      return null;
  }
}

/** The value in a place; arrays become pointers to their first element. */
export function readPlace(ctx: FunctionContext, place: Place): Value {
  if (place.type.kind !== "array") return value(place.read, readType(place), place.binds);
  const type = pointerTo(place.type.of);
  const { model } = ctx;
  if (place.isInBytes) {
    if (isInt(place.type.of)) return value(wideCells(ctx, place.read, place.type.of), type);
    if (place.type.of.kind !== "struct") return failedHere(ctx, "an array of arrays in bytes", type);
    return value(place.read, type);
  }
  switch (model.arrayForm(place.type.of)) {
    case "bytes":
      return value(place.read, type, place.binds);
    case "structs":
      return value(`${model.use("pointers", "elementAt")}(${place.read}, 0)`, type);
    default:
      return value(`new ${model.use("pointers", "ElementPointer")}(${place.read}, 0)`, type);
  }
}

function failedHere(ctx: FunctionContext, what: string, type: CType): Value {
  return value(ctx.failHere(what, ctx.model.ts(type)), type);
}

/** A bit-field that is narrower than int is read as an int: C11 6.3.1.1. */
function readType(place: Place): CType {
  if (place.bits === null || !isInt(place.type)) return place.type;
  return place.bits < 32 || place.type.signed ? S32 : place.type;
}

/**
 * `left = value`.
 * @param isStatement whether nobody looks at the value of the assignment.
 */
export function assignment(
  ctx: FunctionContext,
  node: SyntaxNode,
  left: SyntaxNode,
  right: Value,
  isStatement: boolean,
): Value {
  const place = placeOf(ctx, left);
  return place === null ? failed(ctx, node, "assignment to this") : assignTo(ctx, node, place, right, isStatement);
}

/**
 * Stores a value in a place, converted to its type; the result is the value stored.
 * @param isStatement whether nobody looks at that.
 */
export function assignTo(
  ctx: FunctionContext,
  node: SyntaxNode,
  place: Place,
  right: Value,
  isStatement = false,
): Value {
  if (place.type.kind === "struct") {
    if (right.type.kind !== "struct") return failed(ctx, node, "assignment of a struct");
    return structAssignment(ctx, node, place, place.type.tag, right);
  }
  if (place.type.kind === "array") return failed(ctx, node, "assignment to an array");
  remember(ctx, place, right);
  const converted = narrowed(convert(ctx, right, place.type), place.bits);
  const type = readType(place);
  if (place.stores === "assignment") return value(place.write(converted.code), type, BINDS.assign);
  if (isStatement) return value(place.write(converted.code), type);
  if (isPlainText(converted.code)) return value(`(${place.write(converted.code)}, ${converted.code})`, type);
  const kept = ctx.temporary("stored", place.type).name;
  return value(`(${kept} = ${converted.code}, ${place.write(kept)}, ${kept})`, type);
}

function isPlainText(code: string): boolean {
  return /^(?:-?\d+n?|true|false|NULL)$/.test(code);
}

function structAssignment(ctx: FunctionContext, node: SyntaxNode, place: Place, tag: string, right: Value): Value {
  const struct = ctx.model.types.struct(tag);
  if (struct?.kind !== "wire") {
    return value(`${ctx.model.use("structs", "copyStruct")}(${place.read}, ${right.code})`, place.type);
  }
  if (struct.sizeBytes === null) return failed(ctx, node, "assignment of a struct of unknown size");
  const copy = `${ctx.model.use("structs", "memmove")}(${place.read}, ${right.code}, ${struct.sizeBytes})`;
  return value(copy, place.type);
}

/** Which functions a member can hold decides whether calls through it may block. */
function remember(ctx: FunctionContext, place: Place, right: Value): void {
  if (place.key !== null && /^\w+$/.test(right.code)) ctx.model.put(ctx.model.stored, place.key, right.code);
}

/** `left op= right`. */
export function compoundAssignment(
  ctx: FunctionContext,
  node: SyntaxNode,
  left: SyntaxNode,
  right: SyntaxNode,
  operator: string,
  isStatement: boolean,
): Value {
  const target = oncePlace(ctx, left);
  if (target === null) return failed(ctx, node, "assignment to this");
  const { place } = target;
  const before = [...target.before];
  const operand = calledFirst(ctx, place, expression(ctx, right), before);
  const current = readPlace(ctx, place);
  const result =
    isInt(current.type) && isInt(operand.type)
      ? arithmetic(operator, current, operand)
      : pointerArithmetic(ctx, operator, current, operand);
  if (result === null) return failed(ctx, node, "assignment of these types");
  return after(before, assignTo(ctx, node, place, result, isStatement));
}

/** In `x->n += f()` the call may change x->n: compilers call first and read then. */
function calledFirst(ctx: FunctionContext, place: Place, operand: Value, before: string[]): Value {
  if (isPureText(operand.code) || /^\w+$/.test(place.read)) return operand;
  const kept = ctx.temporary("operand", decayed(operand.type));
  const text = operand.form === "boolean" && !(isInt(kept.type) && kept.type.isBool) ? `Number(${operand.code})` : null;
  before.push(`${kept.name} = ${text ?? operand.code}`);
  return value(kept.name, kept.type);
}

/** A value behind what has to be done first. */
function after(before: readonly string[], one: Value): Value {
  if (before.length === 0) return one;
  return { ...one, code: `(${[...before, one.code].join(", ")})`, binds: BINDS.primary, constant: null };
}

/** `x++`, `--x`; as a statement nobody looks at the value. */
export function update(ctx: FunctionContext, node: SyntaxNode, isStatement: boolean): Value {
  const operator = childOf(node, "operator");
  const argument = childOf(node, "argument");
  const target = argument === undefined ? null : oncePlace(ctx, argument);
  if (operator === undefined || argument === undefined || target === null) {
    return failed(ctx, node, "increment of this");
  }
  const { place, before } = target;
  const sign = operator.type === "++" ? "+" : "-";
  const one = constantValue(1n, { kind: "int", bits: 32, signed: true, isBool: false });
  const step = (from: Value, by: string): Value | null =>
    isInt(from.type) ? arithmetic(by, from, one) : pointerArithmetic(ctx, by, from, one);
  const current = readPlace(ctx, place);
  const moved = step(current, sign);
  if (moved === null) return failed(ctx, node, "increment of this type");
  const isPrefix = operator.start < argument.start;
  if (isStatement || isPrefix) return after(before, assignTo(ctx, node, place, moved, isStatement));
  const old = ctx.temporary("old", place.type);
  const kept = value(old.name, readType(place));
  const stored = step(kept, sign);
  if (stored === null) return failed(ctx, node, "increment of this type");
  const parts = [`${old.name} = ${place.read}`, assignTo(ctx, node, place, stored, true).code, old.name];
  return after(before, { ...kept, code: `(${parts.join(", ")})` });
}
