/** Initializer lists and compound literals, as statements that fill a fresh object. */
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import { type ArrayType, type CType, pointerTo, S32, S64, structType } from "./c-types.ts";
import type { FunctionContext } from "./context.ts";
import { expression, failed } from "./expressions.ts";
import { fieldName } from "./names.ts";
import { arrayElement, assignTo, memberOf, type Place } from "./places.ts";
import { stringBytes } from "./strings.ts";
import { constantValue, type Value, value } from "./value.ts";

/** Ranges such as `[0 ... 99] = 1` are written out, up to so many elements. */
const MAX_RANGE = 1024;

/** `(struct x) { .member = ... }`. */
export function compoundLiteral(ctx: FunctionContext, node: SyntaxNode): Value {
  const typeNode = childOf(node, "type");
  const list = childOf(node, "value");
  if (typeNode === undefined || list === undefined) return failed(ctx, node, "compound literal");
  const type = ctx.model.types.typeName(typeNode, ctx.text.text);
  const kind = type.kind === "struct" ? ctx.model.types.struct(type.tag)?.kind : undefined;
  if (type.kind !== "struct" || kind === undefined || kind === "wire") {
    return failed(ctx, node, "compound literal of this type", type);
  }
  const parts = structInitializer(ctx, type.tag, list, "it");
  const made = ctx.model.initial(type, '"literal"', "null");
  ctx.model.use("model", "initialised");
  return value(`initialised(${made}, (it) => { ${parts.join(" ")} })`, type);
}

/** The type of a variable of which only the initializer tells the length. */
export function sizedByInitializer(ctx: FunctionContext, type: CType, initializer: SyntaxNode | undefined): CType {
  if (type.kind !== "array" || type.length !== null || initializer === undefined) return type;
  if (/^(?:string_literal|concatenated_string)$/.test(initializer.type)) {
    const bytes = stringBytes(ctx, initializer);
    return bytes === null ? type : { ...type, length: bytes.length + 1 };
  }
  if (initializer.type !== "initializer_list") return type;
  const ends = elementsOf(ctx, initializer)?.map((one) => one.last + 1);
  return ends === undefined ? type : { ...type, length: Math.max(0, ...ends) };
}

/** The initial value of a variable declared with an initializer list, as statements. */
export function listInitializer(ctx: FunctionContext, place: Place, list: SyntaxNode): string[] {
  const { type } = place;
  if (isZeroList(ctx, list)) return type.kind === "struct" || type.kind === "array" ? [] : [zeroed(ctx, place, list)];
  if (type.kind === "struct") return structInitializer(ctx, type.tag, list, place.read);
  if (type.kind === "array") return arrayInitializer(ctx, place, type, list);
  const first = list.children[0];
  if (first === undefined || list.children.length > 1) return [`${ctx.fail(list, "initializer of a scalar")};`];
  return initialStatements(ctx, place, first);
}

function zeroed(ctx: FunctionContext, place: Place, list: SyntaxNode): string {
  return `${assignTo(ctx, list, place, constantValue(0n, S32), true).code};`;
}

/** `{}` and `{ 0 }`: what was made afresh is zero already. */
function isZeroList(ctx: FunctionContext, list: SyntaxNode): boolean {
  const [first, second] = list.children;
  if (first === undefined) return true;
  if (second !== undefined) return false;
  return /^(?:0|NULL|false)$/.test(ctx.textOf(first)) || (first.type === "initializer_list" && isZeroList(ctx, first));
}

/** Statements that give a place its initial value: a list, a string, or an expression. */
export function initialStatements(ctx: FunctionContext, place: Place, initializer: SyntaxNode): string[] {
  if (initializer.type === "initializer_list") return listInitializer(ctx, place, initializer);
  if (place.type.kind === "array" && /^(?:string_literal|concatenated_string)$/.test(initializer.type)) {
    return [stringInitializer(ctx, place, place.type, initializer)];
  }
  return [`${assignTo(ctx, initializer, place, expression(ctx, initializer), true).code};`];
}

/** `char name[8] = "text"`. */
function stringInitializer(ctx: FunctionContext, place: Place, type: ArrayType, node: SyntaxNode): string {
  const bytes = stringBytes(ctx, node);
  if (bytes === null || ctx.model.arrayForm(type.of) !== "bytes" || type.length === null) {
    return `${ctx.fail(node, "initializer of an array")};`;
  }
  const text = expression(ctx, node).code;
  const count = Math.min(bytes.length + 1, type.length);
  return `${ctx.model.use("structs", "memcpy")}(${place.read}, ${text}, ${count});`;
}

interface Element {
  readonly first: number;
  readonly last: number;
  readonly value: SyntaxNode;
}

/** Which elements of an array the items of a list are for; null where a designator is not understood. */
function elementsOf(ctx: FunctionContext, list: SyntaxNode): readonly Element[] | null {
  const all: Element[] = [];
  let next = 0;
  for (const item of list.children) {
    if (item.type !== "initializer_pair") {
      all.push({ first: next, last: next, value: item });
      next++;
      continue;
    }
    const designators = item.children.filter((child) => child.field === "designator" || /designator$/.test(child.type));
    const [designator] = designators;
    const valueNode = childOf(item, "value");
    if (designator === undefined || designators.length > 1 || valueNode === undefined) return null;
    const bounds = boundsOf(ctx, designator);
    if (bounds === null || bounds.last - bounds.first >= MAX_RANGE) return null;
    all.push({ ...bounds, value: valueNode });
    next = bounds.last + 1;
  }
  return all;
}

/** `[3]` or `[3 ... 5]`. */
function boundsOf(ctx: FunctionContext, node: SyntaxNode): { readonly first: number; readonly last: number } | null {
  if (!/^subscript_(?:range_)?designator$/.test(node.type)) return null;
  const numbers = node.children.filter((child) => child.type !== "...").map((child) => expression(ctx, child).constant);
  const [first, last = first] = numbers;
  if (first === undefined || first === null || last === undefined || last === null) return null;
  if (first < 0n || last < first || last > 1_000_000n) return null;
  return { first: Number(first), last: Number(last) };
}

function arrayInitializer(ctx: FunctionContext, place: Place, type: ArrayType, list: SyntaxNode): string[] {
  const elements = elementsOf(ctx, list);
  if (elements === null) return [`${ctx.fail(list, "initializer of an array")};`];
  return elements.flatMap(({ first, last, value: item }) => {
    const lines: string[] = [];
    for (let i = first; i <= last; i++) {
      // `{ 0 }`: a fresh array is zero already.
      if (ctx.textOf(item) === "0" && last === first && elements.length === 1) continue;
      const element = arrayElement(ctx, place, type, constantValue(BigInt(i), S64));
      if (element === null) lines.push(`${ctx.fail(item, "initializer")};`);
      else lines.push(...initialStatements(ctx, element, item));
    }
    return lines;
  });
}

/**
 * Statements that give an object the members of an initializer list.
 *
 * @param keeps which members are wanted; all when absent
 */
export function structInitializer(
  ctx: FunctionContext,
  tag: string,
  list: SyntaxNode,
  object: string,
  keeps: (name: string) => boolean = () => true,
): string[] {
  const struct = ctx.model.types.struct(tag);
  if (struct === null) return [`${ctx.fail(list, "initializer of an unknown struct")};`];
  if (isZeroList(ctx, list)) return [];
  const names = [...struct.fields.keys()];
  const lines: string[] = [];
  let next = 0;
  for (const item of list.children) {
    const designated = item.type === "initializer_pair";
    const designators = designated ? item.children.filter((one) => /designator$/.test(one.type)) : [];
    const [designator] = designators;
    const name = designator === undefined ? names[next] : designatedName(ctx, designator);
    const valueNode = designated ? childOf(item, "value") : item;
    const field = name === undefined ? undefined : struct.fields.get(name);
    if (field === undefined || valueNode === undefined || name === undefined) {
      lines.push(`${ctx.fail(item, "initializer")};`);
      continue;
    }
    next = names.indexOf(name) + 1;
    if (!keeps(name)) continue;
    const base = value(object, pointerTo(structType(tag)));
    const place = within(ctx, memberOf(ctx, struct, field, base), designators.slice(1));
    // Without a brace of its own, a struct or array member takes several items.
    const isElided = !designated && isAggregate(field.type) && !isWhole(valueNode);
    if (place === null || isElided) lines.push(`${ctx.fail(item, `initializer of ${fieldName(name)}`)};`);
    else lines.push(...initialStatements(ctx, place, valueNode));
  }
  return lines;
}

/** `.name` of a designator. */
function designatedName(ctx: FunctionContext, designator: SyntaxNode): string {
  return ctx.textOf(designator).replace(/^\s*\.\s*/, "");
}

/** The place that further designators name in one: `.arg.data = x`. */
function within(ctx: FunctionContext, place: Place | null, designators: readonly SyntaxNode[]): Place | null {
  let at = place;
  for (const designator of designators) {
    const tag = at?.type.kind === "struct" ? at.type.tag : null;
    const struct = tag === null ? null : ctx.model.types.struct(tag);
    const field = struct?.fields.get(designatedName(ctx, designator));
    if (at === null || tag === null || struct === null || field === undefined) return null;
    at = memberOf(ctx, struct, field, value(at.read, pointerTo(structType(tag))));
  }
  return at;
}

function isAggregate(type: CType): boolean {
  return type.kind === "struct" || type.kind === "array";
}

function isWhole(node: SyntaxNode): boolean {
  return /^(?:initializer_list|string_literal|concatenated_string|compound_literal_expression|call_expression)$/.test(
    node.type,
  );
}
