/**
 * Conversions of values between C types, as assignments, calls and casts do them, and sizeof. What TypeScript's objects
 * cannot show in two ways at once (a struct as bytes, a struct as another) is not modelled, and said to be so.
 */
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import { type CType, decayed, type IntType, isInt, type PointerType, sameType, VOID } from "./c-types.ts";
import type { FunctionContext } from "./context.ts";
import { expression, failed, ulong } from "./expressions.ts";
import { placeOf } from "./places.ts";
import { stringBytes } from "./strings.ts";
import { BINDS, condition, constantValue, inPlace, nullPointer, toInteger, type Value, value } from "./value.ts";

/** Converts a value to a type as an assignment or a cast does. */
export function convert(ctx: FunctionContext, one: Value, type: CType, isCast = false): Value {
  if (type.kind === "void") return { ...one, type: VOID };
  const failure = retyped(ctx, one, type);
  if (failure !== null) return failure;
  if (isInt(type)) {
    if (isInt(one.type)) return toInteger(one, type);
    if (type.isBool) return { ...condition(one), type };
    return notConverted(ctx, "a pointer becomes an integer", type);
  }
  const to = decayed(type);
  if (to.kind === "unknown" && isInt(one.type))
    return notConverted(ctx, "an integer gets a type that is not known", to);
  if (to.kind !== "pointer") return { ...one, type };
  if (one.constant === 0n) return nullPointer(to);
  if (isInt(one.type)) return notConverted(ctx, "an integer becomes a pointer", to);
  return convertPointer(ctx, one, to, isCast);
}

const FAILURE = /^unmodelled<.*?>\(("(?:[^"\\]|\\.)*", "(?:[^"\\]|\\.)*"\))$/;

/** What fails when it is reached fails in every type. */
function retyped(ctx: FunctionContext, one: Value, type: CType): Value | null {
  const rest = FAILURE.exec(one.code)?.[1];
  if (rest === undefined) return null;
  return { ...value(`unmodelled<${ctx.model.ts(decayed(type))}>(${rest}`, decayed(type)), form: "value" };
}

function notConverted(ctx: FunctionContext, what: string, type: CType): Value {
  return { ...value(ctx.failHere(what, ctx.model.ts(type)), type), form: "value" };
}

function convertPointer(ctx: FunctionContext, one: Value, to: PointerType, isCast: boolean): Value {
  const { model } = ctx;
  const from = decayed(one.type);
  if (from.kind !== "pointer") return { ...one, type: to };
  const target = model.pointerForm(to);
  const source = model.pointerForm(from);
  if (target === "void" || target === "unknown") return { ...one, type: to };
  if (source === "struct" && target === "struct") return otherStruct(ctx, one, from, to);
  if (source === "struct" && (target === "bytes" || target === "cell")) {
    return notConverted(ctx, "a struct is looked at as bytes", to);
  }
  if (target === "struct" && source === "bytes" && to.to.kind === "struct" && model.types.layOverBytes(to.to.tag)) {
    // From the next round on it is a struct that lives in bytes.
    model.isUnsettled = true;
    return convertPointer(ctx, one, to, isCast);
  }
  if (target === "struct" && (source === "bytes" || source === "cell")) {
    return notConverted(ctx, "bytes are looked at as a struct whose layout the model does not keep", to);
  }
  if (target === "cell" && isInt(to.to) && !to.to.isBool && source !== "cell") {
    // Bytes read as wider integers: the address stays, the width changes.
    const text = `${model.use("model", "cellsAt")}(${one.code}, ${to.to.bits / 8}, ${to.to.signed})`;
    return value(`(${text} as unknown as ${model.ts(to)})`, to);
  }
  if (target === "cell" && source === "cell" && !sameCells(from.to, to.to)) {
    return otherSign(ctx, one, from.to, to) ?? notConverted(ctx, "integers are looked at in another width", to);
  }
  if (target === "bytes" && source !== "bytes") {
    return value(`${model.use("model", "bytesAt")}(${one.code})`, to);
  }
  if (target === "bytes" && source === "bytes" && isCast && isInt(to.to)) {
    return { ...reinterpreted(ctx, one, to), type: to };
  }
  const text = model.ts(to);
  if (model.ts(from) === text) return { ...one, type: to };
  const through = source === "void" || source === "unknown" ? "" : "unknown as ";
  return value(`(${one.code} as ${through}${text})`, to);
}

/** Whether what two pointers point to is held in the same way. */
function sameCells(from: CType, to: CType): boolean {
  if (isInt(from) && isInt(to)) {
    return from.isBool === to.isBool && from.bits === to.bits && (from.bits === 64 || from.signed === to.signed);
  }
  if (from.kind === "pointer" && to.kind === "pointer") {
    return from.to.kind === to.to.kind || from.to.kind === "void" || to.to.kind === "void";
  }
  return from.kind === to.kind || from.kind === "unknown" || to.kind === "unknown";
}

/** `(int *)&x` of an unsigned int: what is read is converted; null where the width changes, too. */
function otherSign(ctx: FunctionContext, one: Value, from: CType, to: PointerType): Value | null {
  if (!isInt(from) || !isInt(to.to) || from.isBool || to.to.isBool || from.bits !== to.to.bits) return null;
  const { model } = ctx;
  const conversion = (type: IntType): string => `to${type.signed ? "S" : "U"}${type.bits}`;
  const made = `${model.use("model", "otherSign")}(${one.code}, ${conversion(to.to)}, ${conversion(from)})`;
  return value(one.code === "NULL" ? "NULL" : made, to);
}

/** A pointer to a struct as one to another: the first member of either, or not modelled. */
function otherStruct(ctx: FunctionContext, one: Value, from: PointerType, to: PointerType): Value {
  const { model } = ctx;
  if (sameType(from, to) || model.ts(from) === model.ts(to)) return { ...one, type: to };
  const inner = firstMembers(ctx, from.to, to.to);
  if (inner !== null) {
    for (const [tag, name] of inner) ctx.model.useMember(tag, name);
    return value([inPlace(one, BINDS.primary), ...inner.map(([, name]) => name)].join("."), to);
  }
  const outer = firstMembers(ctx, to.to, from.to);
  if (outer === null) return notConverted(ctx, "a struct is looked at as another", to);
  for (const [tag, name] of outer) ctx.model.useMember(tag, name);
  const container = `${model.use("structs", "container_of")}<${model.ts(to)}>`;
  return value(`${container}(${one.code}, ${outer.length})`, to);
}

/** The first members by which one struct begins with another: `[tag, member]`, outermost first. */
function firstMembers(ctx: FunctionContext, outer: CType, inner: CType): readonly (readonly [string, string])[] | null {
  const path: [string, string][] = [];
  for (let at = outer; path.length < 8; ) {
    if (at.kind !== "struct" || inner.kind !== "struct") return null;
    if (at.tag === inner.tag) return path.length === 0 ? null : path;
    const struct = ctx.model.types.struct(at.tag);
    const first = struct === null ? undefined : [...struct.fields.values()][0];
    if (struct?.kind !== "object" || first === undefined || first.type.kind !== "struct") return null;
    path.push([at.tag, first.name]);
    at = first.type;
  }
  return null;
}

/** A byte pointer with another sign: `(unsigned char *)buf`. */
function reinterpreted(ctx: FunctionContext, one: Value, to: PointerType): Value {
  if (!isInt(to.to)) return one;
  const from = one.type.kind === "pointer" && isInt(one.type.to) ? one.type.to : null;
  if (from !== null && from.signed === to.to.signed) return one;
  if (one.code === "NULL") return { ...one, type: to };
  return value(`${ctx.model.use("model", "bytesAs")}(${one.code}, ${to.to.signed})`, to);
}

/** The name at the bottom of a type that is not known; null for all others. */
function unknownName(type: CType): string | null {
  if (type.kind === "pointer") return unknownName(type.to);
  if (type.kind === "array") return unknownName(type.of);
  if (type.kind === "function") return unknownName(type.result);
  return type.kind === "unknown" ? type.name : null;
}

/** `(type)value`. */
export function cast(ctx: FunctionContext, node: SyntaxNode): Value {
  const typeNode = childOf(node, "type");
  const inner = childOf(node, "value");
  if (typeNode === undefined || inner === undefined) return failed(ctx, node, "cast");
  const type = ctx.model.types.typeName(typeNode, ctx.text.text);
  // `(a * (b)) & c` reads like a cast of &c.
  const name = unknownName(type);
  if (name !== null && ctx.local(name) !== undefined) return failed(ctx, node, "what may be a product");
  const given = expression(ctx, inner);
  return handedOn(ctx, node, inner, given, type) ?? convert(ctx, given, type, true);
}

/**
 * An address that is handed on as a number, as to the functions of timers up to 4.14: `(unsigned long)p` as an
 * argument, and `(struct x *)data` of the parameter. Null for all other casts.
 */
function handedOn(ctx: FunctionContext, node: SyntaxNode, inner: SyntaxNode, one: Value, type: CType): Value | null {
  const isLong = (of: CType): boolean => isInt(of) && of.bits === ctx.model.types.model.longBits;
  if (one.constant !== null) return null;
  if (isLong(type) && decayed(one.type).kind === "pointer" && node.parent?.type === "argument_list") {
    return value(`${ctx.model.use("model", "addressOf")}(${one.code})`, type);
  }
  if (type.kind === "pointer" && isLong(one.type) && inner.type === "identifier") {
    return value(`${ctx.model.use("model", "pointerAt")}<${ctx.model.ts(type)}>(${one.code})`, type);
  }
  return null;
}

/** `sizeof(type)` and `sizeof value`. */
export function sizeOf(ctx: FunctionContext, node: SyntaxNode): Value {
  const typeNode = childOf(node, "type");
  const inner = childOf(node, "value");
  const type =
    typeNode !== undefined
      ? ctx.model.types.typeName(typeNode, ctx.text.text)
      : inner === undefined
        ? null
        : typeOfExpression(ctx, inner);
  const size = type === null ? null : ctx.model.types.sizeOf(type);
  if (size !== null) return constantValue(BigInt(size), ulong(ctx));
  if (type?.kind === "struct" && ctx.model.types.struct(type.tag)?.kind !== "wire") {
    // Objects have no bytes: their size is only ever handed to calls that allocate, clear or copy whole objects.
    return value(`${ctx.model.use("model", "sizeOfStruct")}(${ctx.model.ts(type)})`, ulong(ctx));
  }
  return failed(ctx, node, "sizeof", ulong(ctx));
}

/** The type of an expression, without anything that its translation leaves behind; null where it is not understood. */
export function typeOfExpression(ctx: FunctionContext, node: SyntaxNode): CType | null {
  let inner = node;
  while (inner.type === "parenthesized_expression" && inner.children[0] !== undefined) inner = inner.children[0];
  if (inner.type === "string_literal" || inner.type === "concatenated_string") {
    const bytes = stringBytes(ctx, inner);
    return bytes === null ? null : { kind: "array", of: ctx.model.types.char, length: bytes.length + 1 };
  }
  if (inner.type === "identifier") {
    const type = typeOfName(ctx, inner);
    if (type !== null) return type;
  }
  const before = { failures: ctx.unmodelled.length, blocks: ctx.blocks };
  const place = placeOf(ctx, inner);
  const type = place === null ? expression(ctx, inner).type : place.type;
  const isUnderstood = ctx.unmodelled.length === before.failures;
  ctx.unmodelled.length = before.failures;
  ctx.blocks = before.blocks;
  return isUnderstood ? type : null;
}

/** `sizeof(name)` looks alike for a variable and a typedef; null for a variable. */
function typeOfName(ctx: FunctionContext, node: SyntaxNode): CType | null {
  const name = ctx.textOf(node);
  if (ctx.local(name) !== undefined) return null;
  const type = ctx.model.types.named(name);
  return type.kind === "unknown" ? null : type;
}
