/**
 * C expressions -> TypeScript expressions.
 */
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import { type CType, decayed, isInt, type PointerType, pointerTo, S32, U64, VOID_POINTER } from "./c-types.ts";
import { callExpression } from "./calls.ts";
import type { FunctionContext } from "./context.ts";
import { cast, convert, sizeOf } from "./conversions.ts";
import { compoundLiteral } from "./initializers.ts";
import { knownConstant } from "./known-constants.ts";
import { assignment, compoundAssignment, placeOf, readPlace, update } from "./places.ts";
import { literalBytes, quoted, stringBytes } from "./strings.ts";
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
  const outer = ctx.at;
  ctx.at = node;
  ctx.depth++;
  const result = translated(ctx, node);
  ctx.depth--;
  // What is done with the value of a whole expression is told as being about that.
  if (ctx.depth > 0) ctx.at = outer;
  return result;
}

function translated(ctx: FunctionContext, node: SyntaxNode): Value {
  switch (node.type) {
    case "number_literal":
      return literal(ctx.textOf(node), ctx.model.types.model.longBits) ?? failed(ctx, node, "number");
    case "char_literal":
      return character(ctx, node);
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
      return assign(ctx, node, false);
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
  const bytes = stringBytes(ctx, node);
  const type = pointerTo(ctx.model.types.char);
  if (bytes === null) return failed(ctx, node, "string", type);
  return value(`${ctx.model.use("pointers", "cstring")}(${quoted(bytes)})`, type);
}

/** `'a'`: an int with the value of a char. */
function character(ctx: FunctionContext, node: SyntaxNode): Value {
  const bytes = literalBytes(ctx.textOf(node), "'");
  if (bytes?.length !== 1) return failed(ctx, node, "character");
  return toInteger(constantValue(BigInt(bytes[0] ?? 0), ctx.model.types.char), S32);
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
  const enumerator = ctx.model.types.enumerator(name);
  if (enumerator !== null) return enumeratorValue(ctx, BigInt(enumerator));
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

/** An enumerator is an int, or where it does not fit the first wider type that has it, as gcc has it. */
function enumeratorValue(ctx: FunctionContext, number: bigint): Value {
  if (number >= -0x8000_0000n && number <= 0x7fff_ffffn) return constantValue(number, S32);
  if (number >= 0n && number <= 0xffff_ffffn) return constantValue(number, { ...S32, signed: false });
  return constantValue(number, { ...ulong(ctx), bits: 64, signed: number < 0n });
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
    model.noEffectTaken.set(name, family.reason);
    return value(`${model.use("model", "withoutEffect")}("${name}")`, pointerTo(type));
  }
  if (type === null) return null;
  if (model.boundary.isBeyond(name)) return value(`${model.use("model", "beyond")}("${name}")`, pointerTo(type));
  const taken = model.want(fn).name;
  model.takeAddress(taken, type);
  return value(taken, pointerTo(type));
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
  if (inner.type === "compound_literal_expression") {
    const object = expression(ctx, inner);
    return object.type.kind === "struct" ? value(object.code, pointerTo(object.type)) : object;
  }
  const place = placeOf(ctx, inner);
  if (place === null) {
    const fn = inner.type === "identifier" ? functionValue(ctx, ctx.textOf(inner)) : null;
    return fn ?? failed(ctx, inner, "address of this", VOID_POINTER);
  }
  const type = pointerTo(place.type.kind === "array" ? place.type.of : place.type);
  if (place.type.kind === "array") return readPlace(ctx, place);
  if (place.type.kind === "struct") return value(place.read, type, place.binds);
  if (place.bits !== null) return failed(ctx, inner, "address of a bit-field", type);
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
  const distance = pointerArithmetic(ctx, "-", left, right);
  return distance === null ? null : truth(`${distance.code} ${operator} 0`, BINDS.relation);
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
  const type = { ...S32, bits: 64 } as const;
  if (form === "cell") {
    const pointer = ctx.model.use("pointers", "ElementPointer");
    const cells = `${pointer}<${ctx.model.ts((left.type as PointerType).to)}>`;
    const [a, b] = [left, right].map((one) => `(${one.code} as unknown as ${cells})`);
    return value(`${a}.minus(${b})`, type);
  }
  if (form !== "bytes") return null;
  const bytes = value(`${inPlace(left, BINDS.primary)}.minus(${right.code})`, type);
  const size = ctx.model.types.sizeOf(left.type.to);
  if (size === null || size === 0) return null;
  return size === 1 ? bytes : arithmetic("/", bytes, constantValue(BigInt(size), type));
}

function bytesPlus(ctx: FunctionContext, left: Value, moved: Value): Value | null {
  const to = (left.type as PointerType).to;
  const size = ctx.model.types.sizeOf(to);
  if (size === null) return null;
  const bytes = size === 1 ? moved.code : `mul64(${size}, ${moved.code})`;
  return value(`${inPlace(left, BINDS.primary)}.plus(${bytes})`, left.type);
}

function conditional(ctx: FunctionContext, node: SyntaxNode): Value {
  const test = childOf(node, "condition");
  const yesNode = childOf(node, "consequence");
  const noNode = childOf(node, "alternative");
  if (test === undefined || noNode === undefined) return failed(ctx, node, "conditional");
  if (yesNode === undefined) return withoutMiddle(ctx, node, test, noNode);
  const asked = condition(expression(ctx, test));
  const yes = expression(ctx, yesNode);
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

/** GNU C: `a ?: b` is a where it is not zero, and a is worked out once. */
function withoutMiddle(ctx: FunctionContext, node: SyntaxNode, test: SyntaxNode, noNode: SyntaxNode): Value {
  const first = asNumber(expression(ctx, test));
  const kept = ctx.temporary("first", decayed(first.type));
  const yes = value(kept.name, kept.type);
  const no = expression(ctx, noNode);
  const type = isInt(yes.type) && isInt(no.type) ? commonOf(yes, no) : yes.type;
  if (isInt(yes.type) !== isInt(no.type) && no.constant !== 0n) return failed(ctx, node, "?: of these types");
  const asked = condition({ ...yes, code: `(${kept.name} = ${first.code})` });
  const [a, b] = [convert(ctx, yes, type), convert(ctx, no, type)];
  const [x, y] = isInt(type) ? [asNumber(a), asNumber(b)] : [a, b];
  const text = `${inPlace(asked, BINDS.or)} ? ${inPlace(x, BINDS.conditional)} : ${inPlace(y, BINDS.conditional)}`;
  return value(text, isInt(type) && type.isBool ? S32 : type, BINDS.conditional);
}

function commonOf(a: Value, b: Value): CType {
  if (isInt(a.type) && isInt(b.type) && a.type.isBool && b.type.isBool) return a.type;
  return arithmetic("+", { ...asNumber(a), constant: null }, { ...asNumber(b), constant: null })?.type ?? a.type;
}

/**
 * `left = right` and its kin.
 * @param isStatement whether nobody looks at the value.
 */
export function assign(ctx: FunctionContext, node: SyntaxNode, isStatement: boolean): Value {
  const operator = childOf(node, "operator")?.type ?? "=";
  const left = childOf(node, "left");
  const right = childOf(node, "right");
  if (left === undefined || right === undefined) return failed(ctx, node, "assignment");
  const outer = ctx.at;
  ctx.at = node;
  const result =
    operator === "="
      ? assignment(ctx, node, left, expression(ctx, right), isStatement)
      : compoundAssignment(ctx, node, left, right, operator.slice(0, -1), isStatement);
  ctx.at = outer;
  return result;
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
