/** Layouts as C: how the harness reads, stores and finds the scalars of each struct. */
import { type GlobalPlan, isLink, type Leaf, placesOf, type StructLayout } from "./layout.ts";

/** Which variables at file scope there are. */
export interface VariablePlan {
  readonly globals: number;
  readonly objects: readonly { readonly c: string; readonly layout: number }[];
  readonly variables: readonly GlobalPlan[];
}

/** What a struct is called in C: `struct x`. */
export type TypeName = (tag: string) => string;

export function layoutTables(layouts: readonly StructLayout[], typeName: TypeName, plan: VariablePlan): string {
  const indexes = new Map(layouts.map((one) => [one.tag, one.index]));
  return [
    layouts.map((one) => functionsOf(one, typeName, indexes)).join("\n"),
    `const struct gh_layout gh_layouts[] = {\n${layouts.map((one) => `\t${rowOf(one, typeName)},\n`).join("")}};`,
    `const int gh_layout_count = ${layouts.length};`,
    `const int gh_globals_layout = ${plan.globals};`,
    variablesOf(layouts, plan),
  ].join("\n");
}

function place(layout: StructLayout, path: string): string {
  return layout.tag === "" ? path : `o->${path}`;
}

function functionsOf(layout: StructLayout, typeName: TypeName, indexes: ReadonlyMap<string, number>): string {
  const { index, leaves, parts, tag } = layout;
  const own = tag === "" ? "\t(void)p;\n" : `\t${typeName(tag)} *o = p;\n\n`;
  const quiet = tag === "" ? "" : "\t(void)o;\n";
  const reads = leaves.map((leaf, i) => `\tv[${i}] = ${readOf(leaf, place(layout, leaf.c))};\n`).join("");
  const stores = leaves
    .map((leaf, i) => `\tcase ${i}:\n\t\t${storeOf(leaf, place(layout, leaf.c))};\n\t\tbreak;\n`)
    .join("");
  const lists = parts
    .filter((one) => one.tag === "list_head")
    .map((one) => `\tINIT_LIST_HEAD(&${place(layout, one.c)});\n`);
  const self = tag === "list_head" ? ["\tINIT_LIST_HEAD(o);\n"] : [];
  // Heads at file scope are made lists when a module is loaded, which is no part of the slice.
  const begin = [...lists, ...self].join("");
  const start = `${own}${quiet}`;
  const rows = leaves.map((leaf) => `\t${leafRow(leaf, indexes)},\n`).join("");
  const choice = `\t(void)value;\n\tswitch (leaf) {\n${stores}\tdefault:\n\t\tbreak;\n\t}\n`;
  return [
    `static void gh_read_${index}(void *p, long long *v)\n{\n${start}\t(void)v;\n${reads}}`,
    `static void gh_store_${index}(void *p, int leaf, long long value)\n{\n${start}${choice}}`,
    `static void gh_begin_${index}(void *p)\n{\n${start}${begin}}`,
    `static const struct gh_leaf gh_leaf_${index}[] = {\n${rows}\t{ 0, 0, -1, 0, 0 },\n};`,
    placeTable(layout, typeName),
  ].join("\n");
}

function readOf({ kind }: Leaf, place: string): string {
  return kind === "pointer" ? `(long long)(unsigned long)${place}` : `(long long)${place}`;
}

function storeOf({ kind, hasAddress }: Leaf, place: string): string {
  if (kind === "pointer") return `${place} = (__typeof__(${place}))(unsigned long)value`;
  return hasAddress ? `${place} = (__typeof__(${place}))value` : `${place} = value`;
}

function leafRow(leaf: Leaf, indexes: ReadonlyMap<string, number>): string {
  const target = leaf.target === null ? -1 : (indexes.get(leaf.target) ?? -1);
  const kinds = `${isLink(leaf) ? 1 : 0}, ${leaf.shared === null ? 0 : 1}`;
  return `{ ${leaf.ordinal}, ${leaf.kind === "pointer" ? 1 : 0}, ${target}, ${kinds} }`;
}

function placeTable(layout: StructLayout, typeName: TypeName): string {
  const { index, tag } = layout;
  const type = typeName(tag);
  const rows = placesOf(layout).map(({ ordinal, c, kind }) => {
    const size = `sizeof(((${type} *)0)->${c})`;
    return `\t{ ${ordinal}, __builtin_offsetof(${type}, ${c}), ${size}, ${kind === "bytes" ? 1 : 0} },\n`;
  });
  return `static const struct gh_place gh_place_${index}[] = {\n${rows.join("")}\t{ 0, 0, 0, 0 },\n};`;
}

function rowOf(layout: StructLayout, typeName: TypeName): string {
  const { index, tag, leaves } = layout;
  const places = placesOf(layout).length;
  const size = tag === "" ? "0" : `sizeof(${typeName(tag)})`;
  const functions = ["read", "store", "begin"].map((name) => `gh_${name}_${index}`).join(", ");
  return `{ ${size}, ${leaves.length}, gh_leaf_${index}, ${functions}, ${places}, gh_place_${index} }`;
}

function variablesOf(layouts: readonly StructLayout[], plan: VariablePlan): string {
  const globals = layouts[plan.globals];
  const rows = plan.variables.map(({ c }) => {
    const object = plan.objects.find((one) => one.c === c);
    const known = [...(globals?.leaves ?? []), ...(globals?.parts ?? [])].find((one) => one.c === c);
    return `\t{ (void *)&${c}, sizeof(${c}), ${known?.ordinal ?? -1}, ${object?.layout ?? -1} },\n`;
  });
  return [
    `const struct gh_variable gh_variables[] = {\n${rows.join("")}\t{ (void *)0, 0, -1, -1 },\n};`,
    `const int gh_variable_count = ${rows.length};`,
  ].join("\n");
}
