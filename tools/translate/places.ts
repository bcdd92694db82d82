/**
 * Places that hold a value: variables, members, elements, what a pointer points to. How each is read, stored to, and
 * what its address is.
 */
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import { type ArrayType, type CType, decayed, isInt, type PointerType, pointerTo, S64 } from "./c-types.ts";
import type { FunctionContext } from "./context.ts";
import { convert, expression, failed, pointerArithmetic, structInitializer } from "./expressions.ts";
import type { FieldInfo, StructInfo } from "./type-space.ts";
import { arithmetic, BINDS, constantValue, inPlace, type Value, value } from "./value.ts";

export interface Place {
  readonly type: CType;
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
const LOOKING = /\b(?:currentTask|elementAt|structPlus|toS\d+|toU\d+|add64|sub64|mul64)\(|container_of<[^>]*>\(/g;

/** Whether evaluating a text twice is the same as once. */
function isPureText(code: string): boolean {
  return !/[\w>)]\(|=[^=]|\+\+|--/.test(code.replace(LOOKING, "").replace(/[=!]==/g, ""));
}

/** The place that an expression names; null when it names none. */
export function placeOf(ctx: FunctionContext, node: SyntaxNode): Place | null {
  switch (node.type) {
    case "parenthesized_expression":
      return node.children[0] === undefined ? null : placeOf(ctx, node.children[0]);
    case "identifier":
      return namedPlace(ctx, ctx.textOf(node));
    case "field_expression":
      return memberPlace(ctx, node);
    case "subscript_expression":
      return elementPlace(ctx, node);
    case "pointer_expression": {
      const argument = childOf(node, "argument");
      if (childOf(node, "operator")?.type !== "*" || argument === undefined) return null;
      return pointedPlace(ctx, expression(ctx, argument));
    }
    default:
      return null;
  }
}

function namedPlace(ctx: FunctionContext, name: string): Place | null {
  const local = ctx.local(name);
  if (local !== undefined) {
    const text = local.isBoxed ? `${local.name}.value` : local.name;
    return variablePlace(text, local.type, () => (local.isBoxed ? local.name : null));
  }
  const global = ctx.model.types.global(name);
  if (global === null) return null;
  ctx.model.globals.add(name);
  const address = (): string => `new ${ctx.model.use("pointers", "FieldPointer")}(globals, "${name}")`;
  return variablePlace(`globals.${name}`, global.type, address);
}

function variablePlace(text: string, type: CType, address: () => string | null): Place {
  return {
    type,
    read: text,
    binds: BINDS.primary,
    write: (one) => `${text} = ${one}`,
    address,
    isPure: true,
    key: null,
  };
}

/** The struct object or bytes that `x->m` or `x.m` looks into. */
function memberPlace(ctx: FunctionContext, node: SyntaxNode): Place | null {
  const argument = childOf(node, "argument");
  const fieldNode = childOf(node, "field");
  if (argument === undefined || fieldNode === undefined) return null;
  const base = expression(ctx, argument);
  const type = base.type.kind === "pointer" ? base.type.to : base.type;
  if (type.kind !== "struct") return null;
  const struct = ctx.model.types.struct(type.tag);
  const name = ctx.textOf(fieldNode);
  const field = struct?.fields.get(name);
  if (struct === null || field === undefined) return null;
  return struct.kind === "wire" ? wirePlace(ctx, struct, field, base) : objectPlace(ctx, struct, field, base);
}

function objectPlace(ctx: FunctionContext, struct: StructInfo, field: FieldInfo, base: Value): Place {
  if (struct.kind === "object") ctx.model.useField(struct, field.name);
  const object = inPlace(base, BINDS.primary);
  const text = `${object}.${field.name}`;
  return {
    type: field.type,
    read: text,
    binds: BINDS.primary,
    write: (one) => `${text} = ${one}`,
    address: () => `new ${ctx.model.use("pointers", "FieldPointer")}(${base.code}, "${field.name}")`,
    isPure: isPureText(base.code),
    key: `${struct.tag}.${field.name}`,
  };
}

/** A member of a packed struct: read from its bytes. */
function wirePlace(ctx: FunctionContext, struct: StructInfo, field: FieldInfo, base: Value): Place | null {
  if (field.offset === null) return null;
  const at = `${inPlace(base, BINDS.primary)}.plus(${field.offset})`;
  const pointer = field.offset === 0 ? base.code : at;
  if (!isInt(field.type)) {
    // Nested structs and arrays are further on in the same bytes.
    return { ...variablePlace(pointer, field.type, () => pointer), isPure: isPureText(base.code) };
  }
  ctx.model.useField(struct, field.name);
  const accessor = `${struct.tag}.${field.name}`;
  return {
    type: field.type,
    read: `${accessor}.get(${base.code})`,
    binds: BINDS.primary,
    write: (one) => `${accessor}.set(${base.code}, ${one})`,
    address: () => `${accessor}.pointer(${base.code})`,
    isPure: isPureText(base.code),
    key: null,
  };
}

function elementPlace(ctx: FunctionContext, node: SyntaxNode): Place | null {
  const argument = childOf(node, "argument");
  const indexNode = childOf(node, "index");
  if (argument === undefined || indexNode === undefined) return null;
  const index = convert(ctx, expression(ctx, indexNode), S64);
  const arrayPlace = placeOf(ctx, argument);
  if (arrayPlace !== null && arrayPlace.type.kind === "array") {
    return arrayElement(ctx, arrayPlace, arrayPlace.type, index);
  }
  const base = arrayPlace === null ? expression(ctx, argument) : readPlace(ctx, arrayPlace);
  const moved = pointerArithmetic(ctx, "+", base, index);
  if (base.type.kind !== "pointer") return null;
  const form = ctx.model.pointerForm(base.type);
  const number = index.code;
  if (form === "bytes" && isInt(base.type.to)) return byteAt(ctx, base, number);
  if (form === "cell") {
    const pointer = inPlace(base, BINDS.primary);
    return {
      ...variablePlace(`${pointer}.at(${number})`, base.type.to, () => `${pointer}.plus(${number})`),
      write: (one) => `${pointer}.setAt(${number}, ${one})`,
      isPure: isPureText(base.code),
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
    write: (one) => `${pointer}.setAt(${index}, ${one})`,
    isPure: isPureText(base.code),
  };
}

function arrayElement(ctx: FunctionContext, array: Place, type: ArrayType, index: Value): Place | null {
  const { model } = ctx;
  const form = model.arrayForm(type.of);
  const number = index.code;
  if (form === "bytes") {
    const pointer = value(array.read, pointerTo(type.of));
    if (isInt(type.of)) return byteAt(ctx, pointer, number);
    const moved = pointerArithmetic(ctx, "+", pointer, index);
    return moved === null ? null : pointedPlace(ctx, moved);
  }
  const read = `${model.use("pointers", "elementAt")}(${array.read}, ${number})`;
  return {
    type: type.of,
    read,
    binds: BINDS.primary,
    write: (one) => `${model.use("pointers", "setElementAt")}(${array.read}, ${number}, ${one})`,
    address: () => `new ${model.use("pointers", "ElementPointer")}(${array.read}, ${number})`,
    isPure: array.isPure && isPureText(index.code),
    key: null,
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
  if (place.type.kind !== "array") return value(place.read, place.type, place.binds);
  const type = pointerTo(place.type.of);
  const { model } = ctx;
  switch (model.arrayForm(place.type.of)) {
    case "bytes":
      return value(place.read, type, place.binds);
    case "structs":
      return value(`${model.use("pointers", "elementAt")}(${place.read}, 0)`, type);
    default:
      return value(`new ${model.use("pointers", "ElementPointer")}(${place.read}, 0)`, type);
  }
}

/** `left = value`. */
export function assignment(ctx: FunctionContext, node: SyntaxNode, left: SyntaxNode, right: Value): Value {
  const place = placeOf(ctx, left);
  return place === null ? failed(ctx, node, "assignment to this") : assignTo(ctx, node, place, right);
}

/** Stores a value in a place, converted to its type; the result is the value stored. */
export function assignTo(ctx: FunctionContext, node: SyntaxNode, place: Place, right: Value): Value {
  if (place.type.kind === "struct") {
    if (right.type.kind !== "struct") return failed(ctx, node, "assignment of a struct");
    return value(`${ctx.model.use("structs", "copyStruct")}(${place.read}, ${right.code})`, place.type);
  }
  if (place.type.kind === "array") return failed(ctx, node, "assignment to an array");
  remember(ctx, place, right);
  const converted = convert(ctx, right, place.type);
  const text = converted.form === "boolean" && !isBool(place.type) ? `Number(${converted.code})` : converted.code;
  return { ...value(place.write(text), place.type, BINDS.assign) };
}

function isBool(type: CType): boolean {
  return isInt(type) && type.isBool;
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
): Value {
  const place = placeOf(ctx, left);
  if (place === null || !place.isPure) return failed(ctx, node, "assignment to this");
  const current = readPlace(ctx, place);
  const operand = expression(ctx, right);
  const result =
    isInt(current.type) && isInt(operand.type)
      ? arithmetic(operator, current, operand)
      : pointerArithmetic(ctx, operator, current, operand);
  return result === null ? failed(ctx, node, "assignment of these types") : assignTo(ctx, node, place, result);
}

/** `x++`, `--x`; as a statement nobody looks at the value. */
export function update(ctx: FunctionContext, node: SyntaxNode, isStatement: boolean): Value {
  const operator = childOf(node, "operator");
  const argument = childOf(node, "argument");
  const place = argument === undefined ? null : placeOf(ctx, argument);
  if (operator === undefined || argument === undefined || place === null || !place.isPure) {
    return failed(ctx, node, "increment of this");
  }
  const sign = operator.type === "++" ? "+" : "-";
  const one = constantValue(1n, { kind: "int", bits: 32, signed: true, isBool: false });
  const step = (from: Value, by: string): Value | null =>
    isInt(from.type) ? arithmetic(by, from, one) : pointerArithmetic(ctx, by, from, one);
  const current = readPlace(ctx, place);
  const moved = step(current, sign);
  if (moved === null) return failed(ctx, node, "increment of this type");
  const stored = assignTo(ctx, node, place, moved);
  const isPrefix = operator.start < argument.start;
  if (isStatement || isPrefix) return stored;
  // The old value: a step back from the new one, in the same width.
  const back = step({ ...stored, code: `(${stored.code})`, binds: BINDS.primary }, sign === "+" ? "-" : "+");
  return back === null ? stored : { ...convert(ctx, back, place.type), constant: null };
}

/** The initial value of a variable declared with an initializer list, as statements. */
export function listInitializer(ctx: FunctionContext, place: Place, list: SyntaxNode): string[] {
  const { type } = place;
  if (type.kind === "struct") {
    const kind = ctx.model.types.struct(type.tag)?.kind;
    if (kind === "object" || kind === "runtime") return structInitializer(ctx, type.tag, list, place.read);
  }
  if (type.kind === "array") {
    return list.children.flatMap((item, i) => {
      // `{ 0 }` and `{}`: a fresh array is zero already.
      if (ctx.textOf(item) === "0" || (item.type === "initializer_list" && item.children.length === 0)) return [];
      const index = constantValue(BigInt(i), S64);
      const element = arrayElement(ctx, place, type, index);
      if (element === null) return [`${ctx.fail(item, "initializer")};`];
      if (item.type === "initializer_list") return listInitializer(ctx, element, item);
      return [`${assignTo(ctx, item, element, expression(ctx, item)).code};`];
    });
  }
  const first = list.children[0];
  if (first === undefined) return [];
  return [`${assignTo(ctx, list, place, expression(ctx, first)).code};`];
}
