/**
 * What variables at file scope start with: ops tables, and the variables that the slice uses. Of a struct only those
 * members are given their values that the model keeps.
 */
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import { type CType, decayed, pointerTo, structType } from "./c-types.ts";
import { FunctionContext, type ModelContext, type Unmodelled } from "./context.ts";
import { initialStatements, sizedByInitializer, structInitializer } from "./initializers.ts";
import { fieldName, quotedText } from "./names.ts";
import { memberOf, variablePlace } from "./places.ts";
import type { FieldInfo, GlobalInfo, StructInfo } from "./type-space.ts";
import { value } from "./value.ts";

/**
 * Works out the initial values of all that the slice uses so far, in `tables` and `setups` of the model. Functions and
 * variables that these name join the slice, after which it has to be done again.
 *
 * @returns what was not understood; what starts with it keeps the zero of its type
 */
export function fileScopeValues(model: ModelContext): readonly Unmodelled[] {
  const unmodelled: Unmodelled[] = [];
  model.tables.clear();
  model.setups.clear();
  for (const [tag, names] of Object.entries(model.boundary.system.tables)) {
    if (!model.fields.has(tag)) continue;
    for (const name of names) {
      const global = model.types.global(name);
      if (global?.type.kind !== "struct" || global.initializer === null) continue;
      model.tables.set(name, { tag, lines: linesOf(model, name, global, name, unmodelled) });
    }
  }
  for (const [name, global] of model.globals) {
    if (global.initializer === null || model.tables.has(name)) continue;
    model.setups.set(name, linesOf(model, name, global, `globals.${name}`, unmodelled));
  }
  return unmodelled;
}

/** The type of a variable at file scope, with the length that its initializer gives to an array. */
export function globalType(model: ModelContext, name: string, { type, file, initializer }: GlobalInfo): CType {
  if (initializer === null || type.kind !== "array" || type.length !== null) return type;
  const ctx = new FunctionContext(model, file, name, initializer.text, type, new Set());
  return sizedByInitializer(ctx, type, initializer.node);
}

function linesOf(
  model: ModelContext,
  name: string,
  global: GlobalInfo,
  object: string,
  unmodelled: Unmodelled[],
): readonly string[] {
  const { file, initializer } = global;
  if (initializer === null) return [];
  const type = globalType(model, name, global);
  const ctx = new FunctionContext(model, file, name, initializer.text, type, new Set());
  ctx.at = initializer.node;
  const lines =
    type.kind === "struct"
      ? structLines(ctx, type.tag, initializer.node, object)
      : initialStatements(
          ctx,
          variablePlace(object, type, () => null),
          initializer.node,
        );
  unmodelled.push(...ctx.unmodelled);
  // A start that is not understood must not stop every run; the verdict says that it is not.
  const kept = lines.filter((line) => !line.includes("unmodelled<"));
  const temporaries = ctx.locals.map((one) => `let ${one.name}: ${model.ts(one.type)};`);
  return temporaries.length === 0 ? kept : ["{", ...temporaries, ...kept, "}"];
}

function structLines(ctx: FunctionContext, tag: string, list: SyntaxNode, object: string): readonly string[] {
  const { model } = ctx;
  const struct = model.types.struct(tag);
  const isDesignated = list.children.every((item) => item.children.some((child) => child.type === "field_designator"));
  const members = model.fields.get(tag) ?? new Set<string>();
  if (struct === null || struct.kind !== "object" || list.type !== "initializer_list" || !isDesignated) {
    return structInitializer(ctx, tag, list, object, (name) => struct?.kind !== "object" || members.has(name));
  }
  return list.children.flatMap((item) => {
    const designator = item.children.find((child) => child.type === "field_designator");
    const valueNode = childOf(item, "value");
    const name = designator === undefined ? "" : ctx.textOf(designator).replace(/^\.\s*/, "");
    const field = struct.fields.get(name);
    if (field === undefined || valueNode === undefined) return [`${ctx.fail(item, "initializer")};`];
    return members.has(name) ? memberLines(ctx, struct, field, valueNode, object) : [];
  });
}

function memberLines(
  ctx: FunctionContext,
  struct: StructInfo,
  field: FieldInfo,
  valueNode: SyntaxNode,
  object: string,
): readonly string[] {
  const type = decayed(field.type);
  if (type.kind === "pointer" && type.to.kind === "function") {
    const text = functionOf(ctx, `${struct.tag}.${field.name}`, ctx.textOf(valueNode));
    return text === null ? [] : [`${object}.${fieldName(field.name)} = ${text};`];
  }
  const place = memberOf(ctx, struct, field, value(object, pointerTo(structType(struct.tag))));
  return place === null
    ? [`${ctx.fail(valueNode, `initializer of ${field.name}`)};`]
    : initialStatements(ctx, place, valueNode);
}

/** A function behind a member of an ops table; null where there is none. */
function functionOf(ctx: FunctionContext, key: string, written: string): string | null {
  const { model } = ctx;
  const { boundary } = model;
  const name = written.replace(/^&\s*/, "");
  if (boundary.system.environmentMembers.includes(key)) {
    model.environmentMembers.add(key);
    return `environment.members.${key.slice(key.indexOf(".") + 1)}`;
  }
  const fn = model.program.definition(name, ctx.file);
  if (fn === undefined) return name === "NULL" || name === "0" ? null : `missing(${quotedText(name)})`;
  if (boundary.played(name) !== undefined) {
    model.environmentCalls.set(name, fn);
    return `environment.${name}`;
  }
  if (boundary.noEffect(name) !== null) return `${model.use("model", "withoutEffect")}("${name}")`;
  if (boundary.isBeyond(name)) {
    model.use("model", "unmodelled");
    return `missing("${name}")`;
  }
  const taken = model.want(fn).name;
  model.put(model.stored, key, taken);
  const type = model.signature(fn);
  if (type !== null) model.takeAddress(taken, type);
  return taken;
}
