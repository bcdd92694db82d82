/**
 * Which spinlock a call takes or releases: the object that has it and its member, so that a run can tell one lock that
 * is taken twice, or kept, from two locks.
 */
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import { type CType, VOID } from "./c-types.ts";
import { called, placeOfCall } from "./calls.ts";
import type { FunctionContext } from "./context.ts";
import { typeOfExpression } from "./conversions.ts";
import { expression } from "./expressions.ts";
import { quotedText } from "./names.ts";
import type { Value } from "./value.ts";

/** A lock's object and its name, as texts of TypeScript. */
interface LockText {
  readonly object: string;
  readonly lock: string;
}

/** The functions that take a lock under which nobody else runs on the CPU, and those that release it. */
export function criticalCall(
  ctx: FunctionContext,
  node: SyntaxNode,
  point: "take" | "release",
  list: readonly SyntaxNode[],
): Value {
  const name = ctx.model.use("preemption", point === "take" ? "enter_critical" : "leave_critical");
  const callee = childOf(node, "function");
  const isShared = callee !== undefined && ctx.textOf(callee).startsWith("read_");
  const { object, lock } = list[0] === undefined ? { object: "undefined", lock: '""' } : lockOf(ctx, list[0]);
  const how = point === "take" ? `, ${isShared}` : "";
  return called(ctx, `${name}(kernel, ${object}, ${lock}${how}, ${placeOfCall(ctx, node)})`, VOID, true);
}

/** The member in `&object->member`, the variable in `&lock`, and any other pointer as it is. */
function lockOf(ctx: FunctionContext, node: SyntaxNode): LockText {
  const text = ctx.textOf(node).replace(/[\s&()]/g, "");
  const inner = addressed(node);
  if (inner === null) return { object: codeOf(ctx, node), lock: quotedText(`*${text}`) };
  const [owner, field] = [childOf(inner, "argument"), childOf(inner, "field")];
  if (inner.type === "field_expression" && owner !== undefined && field !== undefined) {
    const tag = structOf(typeOfExpression(ctx, owner));
    return { object: codeOf(ctx, owner), lock: quotedText(tag === null ? text : `${tag}.${ctx.textOf(field)}`) };
  }
  const isGlobal = inner.type === "identifier" && ctx.local(text) === undefined;
  return { object: isGlobal ? "globals" : "undefined", lock: quotedText(text) };
}

/** What `&` stands before; null where it does not. */
function addressed(node: SyntaxNode): SyntaxNode | null {
  let at: SyntaxNode | undefined = node;
  while (at?.type === "parenthesized_expression") at = at.children[0];
  if (at?.type !== "pointer_expression" || childOf(at, "operator")?.type !== "&") return null;
  let inner = childOf(at, "argument");
  while (inner?.type === "parenthesized_expression") inner = inner.children[0];
  return inner ?? null;
}

/**
 * A lock may belong to what the model knows nothing of, such as signal handlers: then its text has to tell it from
 * others, as no history depends on more.
 */
function codeOf(ctx: FunctionContext, node: SyntaxNode): string {
  return typeOfExpression(ctx, node) === null ? "undefined" : expression(ctx, node).code;
}

function structOf(type: CType | null): string | null {
  const to = type?.kind === "pointer" ? type.to : type;
  return to?.kind === "struct" ? to.tag : null;
}
