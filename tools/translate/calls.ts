/**
 * Calls: of primitives, of the environment, of functions of the slice, through pointers, and of names without effect.
 */
import type { CFunction } from "../c/file.ts";
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import type { Prototype } from "./boundary.ts";
import { primitiveOf } from "./boundary.ts";
import { builtinCall } from "./builtins.ts";
import { type CType, decayed, type FunctionType, isInt, S32, structType } from "./c-types.ts";
import type { FunctionContext } from "./context.ts";
import { convert } from "./conversions.ts";
import { expression, failed } from "./expressions.ts";
import { criticalCall } from "./locks.ts";
import { quotedText } from "./names.ts";
import { callChanges } from "./outside-changes.ts";
import { placeOf, readPlace } from "./places.ts";
import { asNumber, BINDS, constantValue, inPlace, nullPointer, type Value, value } from "./value.ts";

/** The value of a call. */
export function callExpression(ctx: FunctionContext, node: SyntaxNode): Value {
  const written = childOf(node, "function");
  const callee = stripped(written);
  const list = childOf(node, "arguments")?.children ?? [];
  if (callee === undefined || written === undefined) return failed(ctx, node, "call");
  const type = written === callee ? null : castType(ctx, callee);
  if (type !== null && list[0] !== undefined) return convert(ctx, expression(ctx, list[0]), type, true);
  if (callee.type !== "identifier") return pointerCall(ctx, node, callee, list);
  const name = ctx.textOf(callee);
  if (ctx.local(name) !== undefined) return pointerCall(ctx, node, callee, list);
  const point = ctx.model.boundary.preemption(name);
  if (point === "take" || point === "release") return criticalCall(ctx, node, point, list);
  const result = namedCall(ctx, node, name, list);
  return point === null ? result : preempted(ctx, result);
}

/** Somebody else may run before a call is made. */
function preempted(ctx: FunctionContext, result: Value): Value {
  ctx.blocks = true;
  const code = `(yield* ${ctx.model.use("preemption", "preempt")}(kernel), ${result.code})`;
  return { ...result, code, binds: BINDS.primary, constant: null };
}

function namedCall(ctx: FunctionContext, node: SyntaxNode, name: string, list: readonly SyntaxNode[]): Value {
  const builtin = builtinCall(ctx, node, name, list);
  if (builtin !== null) return builtin;
  const { boundary, program } = ctx.model;
  const fn = program.definition(name, ctx.file);
  if (boundary.isBeyond(name)) return beyondCall(ctx, node, name, fn, list);
  const environment = boundary.played(name, list.length);
  if (environment !== undefined) return environmentCall(ctx, node, environment, fn, list);
  const noEffect = boundary.noEffect(name);
  if (noEffect !== null) return noEffectCall(ctx, node, name, fn, list);
  const primitive = primitiveOf(name);
  if (primitive !== undefined) return primitiveCall(ctx, node, primitive, list);
  if (fn !== undefined) return sliceCall(ctx, node, fn, list);
  return unmodelledCall(ctx, node, name, list);
}

/** `(u32)(x)` reads like a call to a parser that knows no types. */
function castType(ctx: FunctionContext, callee: SyntaxNode): CType | null {
  const name = ctx.textOf(callee);
  if (callee.type !== "identifier" || ctx.local(name) !== undefined) return null;
  const type = ctx.model.types.named(name);
  return type.kind === "unknown" ? null : type;
}

function stripped(node: SyntaxNode | undefined): SyntaxNode | undefined {
  let at = node;
  while (at?.type === "parenthesized_expression" && at.children.length === 1) at = at.children[0];
  return at;
}

/** Arguments converted to the parameters' types; more than there are parameters are handed on as they are. */
export function argumentList(ctx: FunctionContext, list: readonly SyntaxNode[], type: FunctionType | null): string[] {
  return list.map((node, i) => oneArgument(ctx, node, type?.parameters[i]));
}

function oneArgument(ctx: FunctionContext, node: SyntaxNode, parameter: CType | undefined): string {
  const given = expression(ctx, node);
  if (parameter === undefined) return (isInt(given.type) ? asNumber(given) : given).code;
  if (parameter.kind === "struct") return structArgument(ctx, node, parameter.tag, given);
  return convert(ctx, given, parameter).code;
}

/**
 * Arguments of what the environment plays. It gets the address of an integer as that, where C casts it to the address
 * of bytes: option values of sockets.
 */
function playedArguments(ctx: FunctionContext, list: readonly SyntaxNode[], type: FunctionType): string[] {
  return list.map((node, i) => {
    const inner = node.type === "cast_expression" ? stripped(childOf(node, "value")) : undefined;
    if (inner?.type === "pointer_expression" && ctx.textOf(inner).startsWith("&")) {
      const address = expression(ctx, inner);
      const parameter = type.parameters[i] ?? address.type;
      if (address.type.kind === "pointer" && isInt(address.type.to)) {
        return `(${address.code} as unknown as ${ctx.model.ts(parameter)})`;
      }
    }
    return oneArgument(ctx, node, type.parameters[i]);
  });
}

/** A struct is handed over by value: the callee gets a copy. */
function structArgument(ctx: FunctionContext, node: SyntaxNode, tag: string, given: Value): string {
  const kind = ctx.model.types.struct(tag)?.kind;
  if (given.type.kind !== "struct" || given.type.tag !== tag || kind === undefined) {
    return failed(ctx, node, "a struct as an argument", structType(tag)).code;
  }
  return structCopy(ctx, tag, given.code);
}

/** A struct that has what another one has now. */
export function structCopy(ctx: FunctionContext, tag: string, code: string): string {
  const struct = ctx.model.types.struct(tag);
  const fresh = ctx.model.initial(structType(tag), '"copy"', "null");
  if (struct?.kind !== "wire") return `${ctx.model.use("structs", "copyStruct")}(${fresh}, ${code})`;
  return `${ctx.model.use("structs", "memcpy")}(${fresh}, ${code}, ${struct.sizeBytes ?? 0})`;
}

/** A call's text as a value of its result type, awaited where it blocks. */
export function called(ctx: FunctionContext, text: string, result: CType, blocks: boolean): Value {
  if (!blocks) return value(text, result);
  ctx.blocks = true;
  return value(`(yield* ${text})`, result);
}

function primitiveCall(ctx: FunctionContext, node: SyntaxNode, one: Prototype, list: readonly SyntaxNode[]): Value {
  const type = ctx.model.prototype(one);
  if (type === null) return failed(ctx, node, `prototype of ${one.name}`);
  const name = ctx.model.use(one.module ?? "", one.name);
  const given = argumentList(ctx, list, type);
  const text = `${name}(${[...(one.takesKernel ? ["kernel"] : []), ...given].join(", ")})`;
  return called(ctx, text, type.result, one.blocks);
}

function environmentCall(
  ctx: FunctionContext,
  node: SyntaxNode,
  one: Prototype,
  fn: CFunction | undefined,
  list: readonly SyntaxNode[],
): Value {
  const type = fn === undefined ? ctx.model.prototype(one) : ctx.model.signature(fn);
  if (type === null) return failed(ctx, node, `prototype of ${one.name}`);
  ctx.model.environmentCalls.set(one.name, fn ?? one);
  const contradicted = contradictedCall(ctx, node, one.name, type.result);
  if (contradicted !== null) return contradicted;
  const place = placeOfCall(ctx, node);
  const text = `environment.${one.name}(${[...playedArguments(ctx, list, type), place].join(", ")})`;
  return called(ctx, text, type.result, one.blocks);
}

/** Who calls, and where: it may be worth a line in a timeline. */
export function placeOfCall(ctx: FunctionContext, node: SyntaxNode): string {
  return quotedText(`${ctx.file.path}:${ctx.line(node)} ${ctx.functionName}`);
}

function sliceCall(ctx: FunctionContext, node: SyntaxNode, fn: CFunction, list: readonly SyntaxNode[]): Value {
  const type = ctx.model.signature(fn);
  if (type === null) return unmodelledCall(ctx, node, fn.name, list);
  const { name } = ctx.model.want(fn);
  ctx.model.put(ctx.model.calls, ctx.functionName, name);
  const text = `${name}(${argumentList(ctx, list, type).join(", ")})`;
  const result = called(ctx, text, type.result, ctx.model.blocking.has(name));
  if (!ctx.model.boundary.system.observed.includes(fn.name)) return result;
  ctx.model.observes = true;
  const observed = `environment.observe(${quotedText(fn.name)}, ${placeOfCall(ctx, node)})`;
  return { ...result, code: `(${observed}, ${result.code})`, binds: BINDS.primary, constant: null };
}

/** A call that no history is to come to; it is no gap of the model, and so on no list. */
function beyondCall(
  ctx: FunctionContext,
  node: SyntaxNode,
  name: string,
  fn: CFunction | undefined,
  list: readonly SyntaxNode[],
): Value {
  const type = fn === undefined ? S32 : (ctx.model.signature(fn)?.result ?? S32);
  const given = list.filter((one) => hasEffects(ctx, one)).map((one) => expression(ctx, one).code);
  const place = JSON.stringify(`${ctx.file.path}:${ctx.line(node)}`);
  ctx.model.use("model", "unmodelled");
  const reason = JSON.stringify(`call of ${name}, which is beyond the model`);
  const text = `unmodelled<${ctx.model.ts(type)}>(${place}, ${reason})`;
  return value(given.length === 0 ? text : `(${[...given, text].join(", ")})`, type);
}

/** A call of what stores a watched field behind the model's back: nothing can be said of what comes after it. */
function contradictedCall(ctx: FunctionContext, node: SyntaxNode, name: string, type: CType): Value | null {
  const known = ctx.model.contradicted.get(name);
  if (known === undefined) return null;
  return value(
    ctx.fail(
      node,
      `call of ${name}, which does more than the model takes it for (${known.file}:${known.line})`,
      ctx.model.ts(type),
    ),
    type,
  );
}

function noEffectCall(
  ctx: FunctionContext,
  node: SyntaxNode,
  name: string,
  fn: CFunction | undefined,
  list: readonly SyntaxNode[],
): Value {
  const family = ctx.model.boundary.noEffect(name);
  ctx.model.noEffectCalls.set(name, family?.reason ?? "");
  const signature = fn === undefined ? null : ctx.model.signature(fn);
  const type = signature?.result ?? S32;
  const contradicted = contradictedCall(ctx, node, name, type);
  if (contradicted !== null) return contradicted;
  if (family?.mayBeLeftOut === true && list.some((one) => changesWhenEvaluated(ctx, one))) {
    const what = `a side effect in an argument of ${name}, which may not be evaluated`;
    return value(ctx.fail(node, what, ctx.model.ts(type)), type);
  }
  // What C evaluates before the call is evaluated here, too, where it can matter.
  const evaluated = list.filter((one) => hasEffects(ctx, one)).map((one) => expression(ctx, one).code);
  const result = family?.result !== undefined ? noEffectResult(ctx, node, family.result, type) : zero(type);
  if (evaluated.length === 0) return { ...result, code: result.code };
  return { ...result, code: `(${[...evaluated, result.code].join(", ")})`, binds: BINDS.primary, constant: null };
}

function noEffectResult(ctx: FunctionContext, node: SyntaxNode, text: string, type: CType): Value {
  if (/^-?\d+$/.test(text)) return { ...constantValue(BigInt(text), S32), type: isInt(type) ? type : S32 };
  if (text.startsWith('"')) {
    return value(`${ctx.model.use("pointers", "cstring")}(${text})`, { kind: "pointer", to: { ...S32, bits: 8 } });
  }
  return failed(ctx, node, `result ${text}`, type);
}

/** The zero of a type. */
export function zero(type: CType): Value {
  if (isInt(type)) return constantValue(0n, type);
  if (decayed(type).kind === "pointer") return nullPointer(type);
  if (type.kind === "void") return value("undefined", type);
  return value("NULL", type);
}

/** Whether evaluating an expression does more than look: assignments, and calls that are not without effect. */
function hasEffects(ctx: FunctionContext, node: SyntaxNode): boolean {
  for (const one of [node, ...descendants(node)]) {
    if (one.type === "assignment_expression" || one.type === "update_expression") return true;
    if (one.type !== "call_expression") continue;
    const callee = stripped(childOf(one, "function")) ?? one;
    const name = ctx.textOf(callee);
    // `(slab_flags_t)(x)` reads like a call.
    if (castType(ctx, callee) !== null) continue;
    const isQuiet = ctx.model.boundary.noEffect(name) !== null || PURE.test(name);
    if (!isQuiet) return true;
  }
  return false;
}

/** Whether somebody sees that an expression was evaluated: assignments, and calls that store. */
function changesWhenEvaluated(ctx: FunctionContext, node: SyntaxNode): boolean {
  return [node, ...descendants(node)].some((one) => {
    if (one.type === "assignment_expression" || one.type === "update_expression") return true;
    const callee = one.type === "call_expression" ? stripped(childOf(one, "function")) : undefined;
    return callee !== undefined && callChanges(ctx.model.program, ctx.textOf(callee), ctx.file);
  });
}

const PURE =
  /^(?:atomic_read|le\d+_to_cpu|be\d+_to_cpu|cpu_to_[lb]e\d+|ntohs|ntohl|htons|htonl|__min|__max|list_empty)$/;

function pointerCall(ctx: FunctionContext, node: SyntaxNode, callee: SyntaxNode, list: readonly SyntaxNode[]): Value {
  const inner = callee.type === "pointer_expression" ? (childOf(callee, "argument") ?? callee) : callee;
  const place = placeOf(ctx, inner);
  const target = place === null ? expression(ctx, inner) : readPlace(ctx, place);
  const key = place?.key ?? null;
  const type = functionType(target.type);
  if (type === null) return failed(ctx, node, "call through this");
  if (key !== null && ctx.model.boundary.system.environmentMembers.includes(key)) {
    ctx.model.environmentMembers.add(key);
    return value(
      `${inPlace(target, BINDS.primary)}(${argumentList(ctx, list, type).join(", ")})${cast(ctx, type)}`,
      type.result,
    );
  }
  if (key !== null) ctx.model.put(ctx.model.calls, ctx.functionName, `->${key}`);
  const text = `${inPlace(target, BINDS.primary)}(${argumentList(ctx, list, type).join(", ")})`;
  if (ctx.model.mayBlock(key, type)) {
    return called(ctx, `${ctx.model.use("model", "indirect")}(${text})`, type.result, true);
  }
  return value(`(${text}${cast(ctx, type)})`, type.result);
}

/** What is called through a pointer may block as far as its type goes; here it is known that it does not. */
function cast(ctx: FunctionContext, type: FunctionType): string {
  return ` as ${ctx.model.ts(type.result)}`;
}

function functionType(type: CType): FunctionType | null {
  if (type.kind === "function") return type;
  if (type.kind === "pointer" && type.to.kind === "function") return type.to;
  // `mid_receive_t **`: a pointer to a pointer is called as what it points to.
  if (type.kind === "pointer" && type.to.kind === "pointer") return functionType(type.to);
  return null;
}

function unmodelledCall(ctx: FunctionContext, node: SyntaxNode, name: string, list: readonly SyntaxNode[]): Value {
  const type: CType = S32;
  const given = list.filter((one) => hasEffects(ctx, one)).map((one) => expression(ctx, one).code);
  const text = ctx.fail(node, `call of ${name}, which the model does not know`, ctx.model.ts(type));
  return value(given.length === 0 ? text : `(${[...given, text].join(", ")})`, type);
}
