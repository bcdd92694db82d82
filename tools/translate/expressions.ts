/**
 * C expressions -> TypeScript expressions.
 */
import { characterValue } from "../c/character.ts";
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import {
  CHAR_POINTER,
  type CType,
  decayed,
  isInt,
  type PointerType,
  pointerTo,
  S32,
  U64,
  VOID,
  VOID_POINTER,
} from "./c-types.ts";
import { callExpression } from "./calls.ts";
import type { FunctionContext } from "./context.ts";
import { knownConstant } from "./known-constants.ts";
import { assignment, assignTo, compoundAssignment, type Place, placeOf, readPlace, update } from "./places.ts";
import {
  arithmetic,
  asNumber,
  BINDS,
  comparison,
  condition,
  constantValue,
  inPlace,
  literal,
  negated,
  nullPointer,
  toInteger,
  truth,
  unaryArithmetic,
  type Value,
  value,
} from "./value.ts";

/** The value of an expression. What is not understood becomes a call that fails when it is reached. */
export function expression(ctx: FunctionContext, node: SyntaxNode): Value {
  switch (node.type) {
    case "number_literal":
      return literal(ctx.textOf(node), ctx.model.types.model.longBits) ?? failed(ctx, node, "number");
    case "char_literal":
      return constantValue(BigInt(characterValue(ctx.textOf(node))), S32);
    case "string_literal":
    case "concatenated_string":
      return stringLiteral(ctx, node);
    case "true":
      return constantValue(1n, S32);
    case "false":
      return constantValue(0n, S32);
    case "null":
      return nullPointer(VOID_POINTER);
    case "identifier":
      return identifier(ctx, node);
    case "parenthesized_expression":
      return expression(ctx, only(node));
    case "field_expression":
    case "subscript_expression":
      return readAt(ctx, node);
    case "pointer_expression":
      return pointerExpression(ctx, node);
    case "unary_expression":
      return unary(ctx, node);
    case "binary_expression":
      return binary(ctx, node);
    case "conditional_expression":
      return conditional(ctx, node);
    case "assignment_expression":
      return assign(ctx, node);
    case "update_expression":
      return update(ctx, node, false);
    case "comma_expression":
      return comma(ctx, node);
    case "cast_expression":
      return cast(ctx, node);
    case "sizeof_expression":
      return sizeOf(ctx, node);
    case "call_expression":
      return callExpression(ctx, node);
    case "compound_literal_expression":
      return compoundLiteral(ctx, node);
    default:
      return failed(ctx, node, node.type.replaceAll("_", " "));
  }
}

function only(node: SyntaxNode): SyntaxNode {
  return node.children[0] ?? node;
}

/** A place that the translator cannot say; its type is not known. */
export function failed(ctx: FunctionContext, node: SyntaxNode, what: string, type: CType = S32): Value {
  const text = ctx.fail(node, `not translated: ${what}: ${ctx.textOf(node)}`, ctx.model.ts(type));
  return value(text, type);
}

function stringLiteral(ctx: FunctionContext, node: SyntaxNode): Value {
  const parts = node.type === "string_literal" ? [node] : node.children;
  const text = parts.map((part) => ctx.textOf(part).replace(/^"|"$/g, "")).join("");
  // What C and JSON escape in the same way is all that kernel strings use; other escapes are kept as they are.
  const plain = text.replace(/\\(?![nt"\\])/g, "\\\\").replace(/\t/g, "\\t");
  return value(`${ctx.model.use("pointers", "cstring")}("${plain}")`, CHAR_POINTER);
}

function readAt(ctx: FunctionContext, node: SyntaxNode): Value {
  const place = placeOf(ctx, node);
  return place === null ? failed(ctx, node, "member or element") : readPlace(ctx, place);
}

function identifier(ctx: FunctionContext, node: SyntaxNode): Value {
  const name = ctx.textOf(node);
  const { model } = ctx;
  switch (name) {
    case "NULL":
      return nullPointer(VOID_POINTER);
    case "true":
    case "false":
      return constantValue(name === "true" ? 1n : 0n, S32);
    case "HZ":
      return value("HZ", S32);
    case "jiffies":
    case "jiffies_64":
      return value(`kernel.${name === "jiffies" ? "jiffies" : "jiffies64"}`, name === "jiffies" ? ulong(ctx) : U64);
    case "current":
      return value(`${model.use("tasks", "currentTask")}(kernel)`, pointerTo({ kind: "struct", tag: "task_struct" }));
    default:
      break;
  }
  const place = placeOf(ctx, node);
  if (place !== null) return readPlace(ctx, place);
  const enumerator = enumeratorValue(ctx, name);
  if (enumerator !== null) return constantValue(enumerator, S32);
  const known = knownConstant(name);
  if (known !== null) return constantValue(known, S32);
  const fn = functionValue(ctx, name);
  if (fn !== null) return fn;
  return failed(ctx, node, "name that is not declared");
}

export function ulong(ctx: FunctionContext): CType & { kind: "int" } {
  const { longBits } = ctx.model.types.model;
  return { kind: "int", bits: longBits, signed: false, isBool: false };
}

function enumeratorValue(ctx: FunctionContext, name: string): bigint | null {
  const { program } = ctx.model;
  let back = 0n;
  for (let enumerator = program.enumerator(name), i = 0; enumerator !== undefined && i < 10_000; i++) {
    if (enumerator.valueText !== null) {
      const base = ctx.model.types.constant(enumerator.valueText);
      return base === null ? null : BigInt(base) + back;
    }
    if (enumerator.previous === null) return back;
    back++;
    enumerator = program.enumerator(enumerator.previous);
  }
  return null;
}

/** A function's name as a value: it goes into a member or a call. */
export function functionValue(ctx: FunctionContext, name: string): Value | null {
  const { model } = ctx;
  const fn = model.program.definition(name, ctx.file);
  const environment = model.boundary.played(name);
  if (environment !== undefined) {
    model.environmentCalls.set(name, fn ?? environment);
    const type = fn === undefined ? model.prototype(environment) : model.signature(fn);
    return type === null ? null : value(`environment.${name}`, pointerTo(type));
  }
  if (fn === undefined) return null;
  const type = model.signature(fn);
  const family = model.boundary.noEffect(name);
  if (family !== null && type !== null) {
    model.noEffectCalls.set(name, family.reason);
    return value(`${model.use("model", "withoutEffect")}("${name}")`, pointerTo(type));
  }
  return type === null ? null : value(model.want(fn).name, pointerTo(type));
}

function pointerExpression(ctx: FunctionContext, node: SyntaxNode): Value {
  const operator = childOf(node, "operator")?.type;
  const argument = childOf(node, "argument");
  if (argument === undefined) return failed(ctx, node, "pointer expression");
  if (operator === "*") return readAt(ctx, node);
  return addressOf(ctx, argument);
}

/** `&x`. */
export function addressOf(ctx: FunctionContext, node: SyntaxNode): Value {
  const inner = node.type === "parenthesized_expression" ? only(node) : node;
  if (inner.type === "parenthesized_expression") return addressOf(ctx, inner);
  if (inner.type === "pointer_expression" && childOf(inner, "operator")?.type === "*") {
    const argument = childOf(inner, "argument");
    if (argument !== undefined) return expression(ctx, argument);
  }
  const place = placeOf(ctx, inner);
  if (place === null) {
    const fn = inner.type === "identifier" ? functionValue(ctx, ctx.textOf(inner)) : null;
    return fn ?? failed(ctx, inner, "address of this", VOID_POINTER);
  }
  const type = pointerTo(place.type.kind === "array" ? place.type.of : place.type);
  if (place.type.kind === "array") return readPlace(ctx, place);
  if (place.type.kind === "struct") return value(place.read, type, place.binds);
  const text = place.address();
  return text === null ? failed(ctx, inner, "address of this", type) : value(text, type);
}

function unary(ctx: FunctionContext, node: SyntaxNode): Value {
  const operator = childOf(node, "operator")?.type;
  const argument = childOf(node, "argument");
  if (argument === undefined) return failed(ctx, node, "operator");
  const operand = expression(ctx, argument);
  if (operator === "!") return negated(operand);
  if (operator === "-" || operator === "~" || operator === "+") {
    return unaryArithmetic(operator, operand) ?? failed(ctx, node, "operator on this type");
  }
  return failed(ctx, node, `operator ${operator ?? "?"}`);
}

function binary(ctx: FunctionContext, node: SyntaxNode): Value {
  const operator = childOf(node, "operator")?.type ?? "";
  const leftNode = childOf(node, "left");
  const rightNode = childOf(node, "right");
  if (leftNode === undefined || rightNode === undefined) return failed(ctx, node, "operator");
  const left = expression(ctx, leftNode);
  const right = expression(ctx, rightNode);
  if (operator === "&&" || operator === "||") return logical(operator, left, right);
  const bothInts = isInt(left.type) && isInt(right.type);
  if (/^[=!<>]=?$/.test(operator) && operator !== "=" && operator !== "!") {
    const compared = bothInts ? comparison(operator, left, right) : pointerComparison(ctx, operator, left, right);
    return compared ?? failed(ctx, node, "comparison of these types");
  }
  const result = bothInts ? arithmetic(operator, left, right) : pointerArithmetic(ctx, operator, left, right);
  return result ?? failed(ctx, node, "operator on these types");
}

function logical(operator: "&&" | "||", left: Value, right: Value): Value {
  const a = condition(left);
  const b = condition(right);
  if (a.constant !== null || a.code === "true" || a.code === "false") {
    const isTrue = a.code === "true" || (a.constant !== null && a.constant !== 0n);
    if (operator === "&&") return isTrue ? b : truth("false", BINDS.primary);
    return isTrue ? truth("true", BINDS.primary) : b;
  }
  const binds = operator === "&&" ? BINDS.and : BINDS.or;
  return truth(`${inPlace(a, binds)} ${operator} ${inPlace(b, binds + 1)}`, binds);
}

function pointerComparison(ctx: FunctionContext, operator: string, left: Value, right: Value): Value | null {
  if (operator !== "==" && operator !== "!=") return relation(ctx, operator, left, right);
  const symbol = `${operator}=`;
  const isNull = (one: Value): boolean => one.constant === 0n;
  if (isNull(left) || isNull(right)) {
    const other = isNull(left) ? right : left;
    if (isNull(left) && isNull(right)) return constantValue(operator === "==" ? 1n : 0n, S32);
    return truth(`${inPlace(other, BINDS.equality + 1)} ${symbol} NULL`, BINDS.equality);
  }
  if (isInt(left.type) || isInt(right.type)) return null;
  const form = left.type.kind === "pointer" ? ctx.model.pointerForm(left.type) : "unknown";
  if (form === "struct" || form === "function") {
    // Types that TypeScript sees no overlap in can still be the same object.
    return truth(`${inPlace(left, 10)} ${symbol} (${right.code} as unknown)`, BINDS.equality);
  }
  const same = `${ctx.model.use("pointers", "samePointer")}(${left.code}, ${right.code})`;
  return operator === "==" ? truth(same, BINDS.primary) : truth(`!${same}`, BINDS.unary);
}

/** `p < q` within one buffer. */
function relation(ctx: FunctionContext, operator: string, left: Value, right: Value): Value | null {
  if (left.type.kind !== "pointer" || right.type.kind !== "pointer") return null;
  if (ctx.model.pointerForm(left.type) !== "bytes") return null;
  return truth(`${inPlace(left, BINDS.primary)}.minus(${right.code}) ${operator} 0`, BINDS.relation);
}

/** Pointer plus or minus integer, and the distance of two pointers. */
export function pointerArithmetic(ctx: FunctionContext, operator: string, left: Value, right: Value): Value | null {
  if (operator === "+" && isInt(left.type) && right.type.kind === "pointer")
    return pointerArithmetic(ctx, operator, right, left);
  if (left.type.kind !== "pointer" || (operator !== "+" && operator !== "-")) return null;
  const form = ctx.model.pointerForm(left.type);
  if (isInt(right.type)) {
    const count = toInteger(asNumber(right), { kind: "int", bits: 64, signed: true, isBool: false });
    const moved = operator === "+" ? count : (unaryArithmetic("-", count) as Value);
    if (form === "struct") {
      return value(`${ctx.model.use("structs", "structPlus")}(${left.code}, ${moved.code})`, left.type);
    }
    if (form === "bytes") return bytesPlus(ctx, left, moved);
    if (form === "void") {
      const bytes = `(${left.code} as ${ctx.model.use("pointers", "BytePointer")})`;
      return value(`${bytes}.plus(${moved.code})`, left.type);
    }
    if (form === "cell") return value(`${inPlace(left, BINDS.primary)}.plus(${moved.code})`, left.type);
    return null;
  }
  if (right.type.kind !== "pointer" || operator !== "-") return null;
  if (form === "struct") {
    return value(`${ctx.model.use("structs", "structMinus")}(${left.code}, ${right.code})`, { ...S32, bits: 64 });
  }
  if (form !== "bytes") return null;
  return value(`${inPlace(left, BINDS.primary)}.minus(${right.code})`, { ...S32, bits: 64 });
}

function bytesPlus(ctx: FunctionContext, left: Value, moved: Value): Value {
  const to = (left.type as PointerType).to;
  const size = ctx.model.types.sizeOf(to) ?? 1;
  const bytes = size === 1 ? moved.code : `mul64(${size}, ${moved.code})`;
  return value(`${inPlace(left, BINDS.primary)}.plus(${bytes})`, left.type);
}

function conditional(ctx: FunctionContext, node: SyntaxNode): Value {
  const test = childOf(node, "condition");
  const yesNode = childOf(node, "consequence");
  const noNode = childOf(node, "alternative");
  if (test === undefined || noNode === undefined) return failed(ctx, node, "conditional");
  const asked = condition(expression(ctx, test));
  // GNU C: `a ?: b` is a where it is not zero.
  const yes = expression(ctx, yesNode ?? test);
  const no = expression(ctx, noNode);
  const type = isInt(yes.type) && isInt(no.type) ? commonOf(yes, no) : yes.constant === 0n ? no.type : yes.type;
  const a = convert(ctx, yes, type);
  const b = convert(ctx, no, type);
  if (asked.code === "true" || asked.code === "false") return asked.code === "true" ? a : b;
  const both = `${inPlace(asked, BINDS.or)} ? ${inPlace(a, BINDS.conditional)} : ${inPlace(b, BINDS.conditional)}`;
  const bothTruths = a.form === "boolean" && b.form === "boolean";
  if (bothTruths) return truth(both, BINDS.conditional, type);
  const [x, y] = isInt(type) ? [asNumber(a), asNumber(b)] : [a, b];
  const text = `${inPlace(asked, BINDS.or)} ? ${inPlace(x, BINDS.conditional)} : ${inPlace(y, BINDS.conditional)}`;
  return value(text, isInt(type) && type.isBool ? S32 : type, BINDS.conditional);
}

function commonOf(a: Value, b: Value): CType {
  if (isInt(a.type) && isInt(b.type) && a.type.isBool && b.type.isBool) return a.type;
  return arithmetic("+", { ...asNumber(a), constant: null }, { ...asNumber(b), constant: null })?.type ?? a.type;
}

function assign(ctx: FunctionContext, node: SyntaxNode): Value {
  const operator = childOf(node, "operator")?.type ?? "=";
  const left = childOf(node, "left");
  const right = childOf(node, "right");
  if (left === undefined || right === undefined) return failed(ctx, node, "assignment");
  if (operator !== "=") return compoundAssignment(ctx, node, left, right, operator.slice(0, -1));
  return assignment(ctx, node, left, expression(ctx, right));
}

function comma(ctx: FunctionContext, node: SyntaxNode): Value {
  const left = childOf(node, "left");
  const right = childOf(node, "right");
  if (left === undefined || right === undefined) return failed(ctx, node, "comma");
  const first = expression(ctx, left);
  const second = expression(ctx, right);
  if (/^[\w.]+$/.test(first.code)) return second;
  return { ...second, code: `(${first.code}, ${second.code})`, binds: BINDS.primary, constant: null };
}

function cast(ctx: FunctionContext, node: SyntaxNode): Value {
  const typeNode = childOf(node, "type");
  const inner = childOf(node, "value");
  if (typeNode === undefined || inner === undefined) return failed(ctx, node, "cast");
  const type = ctx.model.types.typeName(typeNode, ctx.text.text);
  return convert(ctx, expression(ctx, inner), type, true);
}

/** Converts a value to a type as an assignment or a cast does. */
export function convert(ctx: FunctionContext, one: Value, type: CType, isCast = false): Value {
  if (type.kind === "void") return { ...one, type: VOID };
  if (isInt(type)) {
    if (isInt(one.type)) return toInteger(one, type);
    if (type.isBool) return { ...condition(one), type };
    ctx.model.use("model", "unmodelled");
    return value(`unmodelled<${ctx.model.ts(type)}>("", "a pointer becomes an integer")`, type);
  }
  const to = decayed(type);
  if (to.kind !== "pointer") return { ...one, type };
  if (one.constant === 0n) return nullPointer(to);
  if (isInt(one.type)) {
    ctx.model.use("model", "unmodelled");
    return value(`unmodelled<${ctx.model.ts(to)}>("", "an integer becomes a pointer")`, to);
  }
  return convertPointer(ctx, one, to, isCast);
}

function convertPointer(ctx: FunctionContext, one: Value, to: PointerType, isCast: boolean): Value {
  const { model } = ctx;
  const from = decayed(one.type);
  if (from.kind !== "pointer") return { ...one, type: to };
  const target = model.pointerForm(to);
  const source = model.pointerForm(from);
  if (target === "void" || target === "unknown") return { ...one, type: to };
  if (target === "cell" && isInt(to.to) && !to.to.isBool && source !== "cell") {
    // Bytes read as wider integers: the address stays, the width changes.
    const text = `${model.use("model", "cellsAt")}(${one.code}, ${to.to.bits / 8}, ${to.to.signed})`;
    return value(`(${text} as unknown as ${model.ts(to)})`, to);
  }
  if (target === "bytes" && source !== "bytes" && source !== "struct") {
    return value(`${model.use("model", "bytesAt")}(${one.code})`, to);
  }
  if (target === "bytes" && source === "bytes" && isCast && isInt(to.to))
    return { ...reinterpreted(one, to), type: to };
  const text = model.ts(to);
  if (model.ts(from) === text) return { ...one, type: to };
  const through = source === "void" || source === "unknown" ? "" : "unknown as ";
  return value(`(${one.code} as ${through}${text})`, to);
}

/** A byte pointer with another sign: `(unsigned char *)buf`. */
function reinterpreted(one: Value, to: PointerType): Value {
  if (!isInt(to.to)) return one;
  const from = one.type.kind === "pointer" && isInt(one.type.to) ? one.type.to : null;
  if (from !== null && from.signed === to.to.signed) return one;
  return value(`${inPlace(one, BINDS.primary)}.as(1, ${to.to.signed})`, to);
}

function sizeOf(ctx: FunctionContext, node: SyntaxNode): Value {
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
  if (type?.kind === "struct") {
    // Objects have no bytes: their size is only ever handed to calls that allocate, clear or copy whole objects.
    return value(`${ctx.model.use("model", "sizeOfStruct")}(${ctx.model.ts(type)})`, ulong(ctx));
  }
  return failed(ctx, node, "sizeof", ulong(ctx));
}

/** The type of an expression, without anything that its translation leaves behind. */
function typeOfExpression(ctx: FunctionContext, node: SyntaxNode): CType | null {
  const inner = node.type === "parenthesized_expression" ? only(node) : node;
  const before = ctx.unmodelled.length;
  const place: Place | null = placeOf(ctx, inner);
  const type = place === null ? expression(ctx, inner).type : place.type;
  ctx.unmodelled.length = before;
  return type;
}

function compoundLiteral(ctx: FunctionContext, node: SyntaxNode): Value {
  const typeNode = childOf(node, "type");
  const list = childOf(node, "value");
  if (typeNode === undefined || list === undefined) return failed(ctx, node, "compound literal");
  const type = ctx.model.types.typeName(typeNode, ctx.text.text);
  if (type.kind !== "struct" || ctx.model.types.struct(type.tag)?.kind !== "object") {
    return failed(ctx, node, "compound literal of this type", type);
  }
  const parts = structInitializer(ctx, type.tag, list, "it");
  ctx.model.use("model", "initialised");
  return value(`initialised(new ${ctx.model.ts(type)}(kernel), (it) => { ${parts.join(" ")} })`, type);
}

/** Statements that give an object the members of an initializer list. */
export function structInitializer(ctx: FunctionContext, tag: string, list: SyntaxNode, object: string): string[] {
  const struct = ctx.model.types.struct(tag);
  if (struct === null) return [ctx.fail(list, "initializer of an unknown struct")];
  const names = [...struct.fields.keys()];
  const lines: string[] = [];
  let next = 0;
  for (const item of list.children) {
    const designated = item.type === "initializer_pair";
    const fieldNode = designated ? item.children.find((one) => one.type === "field_designator") : undefined;
    const name = fieldNode === undefined ? names[next] : ctx.textOf(fieldNode).replace(/^\s*\.\s*/, "");
    const valueNode = designated ? childOf(item, "value") : item;
    const field = name === undefined ? undefined : struct.fields.get(name);
    if (field === undefined || valueNode === undefined || name === undefined) {
      lines.push(`${ctx.fail(item, "initializer")};`);
      continue;
    }
    next = names.indexOf(name) + 1;
    if (valueNode.type === "initializer_list") {
      if (valueNode.children.length > 0) lines.push(`${ctx.fail(item, "nested initializer")};`);
      continue;
    }
    if (struct.kind !== "runtime") ctx.model.useField(struct, name);
    const place = memberPlaceOf(object, name, field.type);
    lines.push(`${assignTo(ctx, valueNode, place, expression(ctx, valueNode)).code};`);
  }
  return lines;
}

function memberPlaceOf(object: string, name: string, type: CType): Place {
  return {
    type,
    read: `${object}.${name}`,
    binds: BINDS.primary,
    write: (text) => `${object}.${name} = ${text}`,
    address: () => null,
    isPure: true,
    key: null,
  };
}
