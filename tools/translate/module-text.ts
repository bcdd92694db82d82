/**
 * The text of a model: everything that the translation found out, through templates/model.ts.hbs.
 */
import { basename } from "node:path";
import Handlebars from "handlebars";
import { decayed, type FunctionType, isInt } from "./c-types.ts";
import type { ModelContext } from "./context.ts";
import type { ExpandedText, Token } from "./expand.ts";
import { globalType } from "./file-scope.ts";
import type { TranslatedFunction } from "./function.ts";
import { fieldName, quotedText } from "./names.ts";
import { runtimeStruct } from "./runtime-structs.ts";
import type { StructInfo } from "./type-space.ts";

export interface ModuleOptions {
  readonly system: string;
  readonly kernel: { readonly id: string; readonly version: string | null };
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly template: string;
  readonly simulatorPath: string;
  readonly longBits: 32 | 64;
}

type Expand = (tokens: readonly Token[]) => ExpandedText;

/** Renders the module. */
export function moduleText(
  model: ModelContext,
  _expand: Expand,
  functions: readonly TranslatedFunction[],
  options: ModuleOptions,
): string {
  const bodies = functions.map((one) => functionText(one));
  const tables = tablesOf(model);
  const globals = globalsOf(model);
  const setups = setupsOf(model);
  const environment = environmentOf(model);
  // Last: what stands above brings in structs by their names.
  const structs = structsOf(model);
  const wires = wiresOf(model);
  // What the template says of each struct.
  if (structs.length > 0) model.use("structs", "Struct");
  const whole = JSON.stringify([bodies, tables, setups, globals, structs, wires, environment]);
  useNames(model, whole);
  const render = Handlebars.compile(options.template, { noEscape: true, strict: true });
  return render({
    system: options.system,
    kernel: [options.kernel.id, options.kernel.version].flatMap((one) => (one === null ? [] : oneLine(one))).join(", "),
    files: options.files.map((file) => ({ path: oneLine(file.path), sha256: file.sha256 })),
    imports: importsOf(model, options.simulatorPath, whole),
    comparisons: `{ ${[...model.comparisons].sort().join(", ")} }`,
    hasComparisons: model.comparisons.size > 0,
    longBits: options.longBits,
    usesHz: /\bHZ\b/.test(whole),
    usesMissing: /\bmissing\(/.test(whole),
    environment,
    wires,
    structs,
    globals,
    globalsModel: globals.some((one) => /\bmodel\b/.test(one.initial)) ? "model" : "_model",
    globalsKernel: globals.some((one) => /\bkernel\b/.test(one.initial)) ? "kernel" : "_kernel",
    tables,
    setups,
    functions: bodies,
    names: functions.map((one) => one.name),
    structNames: structs.map((one) => one.name),
    tableNames: tables.map((one) => one.name),
    parameters: quotedText(options.parameters),
    constants: quotedText(options.constants),
  });
}

/** Names from outside must not end the comment that they stand in. */
function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").replaceAll("*/", "*_/");
}

function functionText(one: TranslatedFunction): {
  readonly doc: string;
  readonly head: string;
  readonly lines: readonly string[];
} {
  const file = oneLine(basename(one.file));
  let last = -1;
  const lines = one.lines.map(({ text, depth, source }) => {
    const indented = `${"  ".repeat(depth + 1)}${text}`;
    if (source === null || source === last) return indented;
    last = source;
    return `${indented} // ${file}:${source}`;
  });
  return { doc: `${oneLine(one.file)}:${one.line}`, head: one.head, lines };
}

/** Simulator functions that value.ts writes by name alone. */
const BY_NAME: Readonly<Record<string, RegExp>> = {
  integers: /\b(?:(?:add|sub|mul|neg|not|and|or|xor|shl|eq|(?:shr|div|mod|l[te])[SU])64|to[SU](?:8|16|32)|toBool)\b/g,
  integers32: /\b(?:mul|div|mod|shl|shr)[SU]32\b/g,
  pointers: /\bNULL\b/g,
};

function useNames(model: ModelContext, whole: string): void {
  for (const [module, pattern] of Object.entries(BY_NAME)) {
    for (const [name] of whole.matchAll(pattern)) model.use(module, name);
  }
}

/** What the template itself says. */
const ALWAYS = ["Simulation", "WorkqueueOptions"];

function importsOf(model: ModelContext, simulatorPath: string, whole: string): readonly string[] {
  const words = new Set(whole.match(/[A-Za-z_]\w*/g) ?? []);
  for (const name of ALWAYS) words.add(name);
  words.add("Struct");
  if (model.comparisons.size > 0) words.add("jiffiesComparisons");
  model.use("simulation", "type Simulation");
  model.use("workqueue", "type WorkqueueOptions");
  return [...model.imports]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([module, names]) => {
      const plain = (name: string): string => name.replace(/^type /, "");
      const sorted = [...names].sort((a, b) => (plain(a) < plain(b) ? -1 : 1));
      // A class that is imported for good need not be imported as a type.
      const kept = sorted.filter((name) => words.has(plain(name)) && (plain(name) === name || !names.has(plain(name))));
      return kept.length === 0 ? [] : `import { ${kept.join(", ")} } from "${simulatorPath}/${module}.ts";`;
    });
}

function environmentOf(model: ModelContext): {
  readonly functions: readonly string[];
  readonly members: readonly string[];
} {
  const functions = [...model.environmentCalls]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, one]) => {
      const type = "bodyStart" in one ? model.signature(one) : model.prototype(one);
      const blocks = model.boundary.played(name)?.blocks ?? false;
      return type === null ? [] : [`readonly ${name}: ${callable(model, type, blocks, true)};`];
    });
  const members = [...model.environmentMembers].sort().flatMap((key) => {
    const [tag = "", member = ""] = key.split(".");
    const type = model.types.struct(tag)?.fields.get(member)?.type;
    const target = type === undefined ? undefined : functionTypeOf(decayed(type));
    return target === undefined ? [] : [`readonly ${member}: ${callable(model, target, false, false)};`];
  });
  const told = model.observes ? ["readonly observe: (name: string, place: string) => void;"] : [];
  return { functions: [...told, ...functions], members };
}

function functionTypeOf(type: ReturnType<typeof decayed>): FunctionType | undefined {
  if (type.kind === "function") return type;
  return type.kind === "pointer" ? functionTypeOf(type.to) : undefined;
}

function callable(model: ModelContext, type: FunctionType, blocks: boolean, hasPlace: boolean): string {
  const given = [
    ...type.parameters.map((one, i) => `a${i}: ${model.ts(one)}`),
    ...(hasPlace ? ["place: string"] : []),
  ].join(", ");
  const result = model.ts(type.result);
  if (!blocks) return `(${given}) => ${result}`;
  model.use("tasks", "type Coroutine");
  return `(${given}) => Coroutine<${result}>`;
}

interface ClassText {
  readonly name: string;
  readonly place: string;
  /** Name of the constructor's parameter. */
  readonly kernel: string;
  readonly bytes: number | null;
  readonly fields: readonly FieldText[];
}

interface FieldText {
  readonly declared: string;
  readonly initial: string;
}

function structsOf(model: ModelContext): readonly ClassText[] {
  const texts: ClassText[] = [];
  // Fields of struct type bring in further structs, so the list grows while it is walked.
  const done = new Set<string>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const tag of [...model.fields.keys()].sort()) {
      if (done.has(tag) || runtimeStruct(tag) !== null) continue;
      done.add(tag);
      changed = true;
      const struct = model.types.struct(tag);
      if (struct !== null) texts.push(classOf(model, struct));
    }
  }
  return texts.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function classOf(model: ModelContext, struct: StructInfo): ClassText {
  const names = [...struct.fields.keys()].filter((name) => model.fields.get(struct.tag)?.has(name) === true);
  const fields = names.map((name) => {
    const type = struct.fields.get(name)?.type ?? { kind: "void" as const };
    return {
      declared: `${fieldName(name)}: ${model.ts(type)};`,
      initial: `this.${fieldName(name)} = ${model.initial(type, `"${fieldName(name)}"`, "this")};`,
    };
  });
  const place = struct.place === null ? "" : `${oneLine(struct.place.file)}:${struct.place.line}`;
  const usesKernel = fields.some((one) => /\bkernel\b/.test(one.initial));
  return {
    name: model.tsStruct(struct.tag),
    place,
    bytes: struct.sizeBytes,
    fields,
    kernel: usesKernel ? "kernel" : "_kernel",
  };
}

function wiresOf(model: ModelContext): readonly { readonly name: string; readonly fields: readonly string[] }[] {
  return [...model.wireFields]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([tag, names]) => {
      const struct = model.types.struct(tag);
      const fields = [...names].sort().flatMap((name) => {
        const field = struct?.fields.get(name);
        if (field === undefined || field.offset === null || !isInt(field.type)) return [];
        const { bits, signed } = field.type;
        const made = bits === 64 ? model.use("pointers", "WireField64") : model.use("pointers", "WireField");
        const given = bits === 64 ? `${field.offset}` : `${field.offset}, ${bits / 8}, ${signed}`;
        return [`${fieldName(name)}: new ${made}(${given}),`];
      });
      return { name: model.wireName(tag), fields };
    });
}

function globalsOf(model: ModelContext): readonly FieldText[] {
  const sorted = [...model.globals].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, global]) => {
    const type = globalType(model, name, global);
    const isQueue = type.kind === "pointer" && type.to.kind === "struct" && type.to.tag === "workqueue_struct";
    // Work queues are made when the module is loaded; which options they get does not show here.
    const start =
      isQueue && global.initializer === null
        ? `${model.use("workqueue", "alloc_workqueue")}(kernel, "${name}", model.workqueueOptions)`
        : model.initial(type, `"${name}"`, "null");
    return { declared: `${name}: ${model.ts(type)};`, initial: `this.${name} = ${start};` };
  });
}

interface TableText {
  readonly name: string;
  readonly start: string;
  readonly lines: readonly string[];
}

function tablesOf(model: ModelContext): readonly TableText[] {
  return [...model.tables].map(([name, { tag, lines }]) => ({
    name,
    // What the code names itself is a variable at file scope already.
    start: model.globals.has(name) ? `globals.${name}` : `new ${model.tsStruct(tag)}(kernel)`,
    lines,
  }));
}

/** Statements that give variables at file scope their initial values. */
function setupsOf(model: ModelContext): readonly string[] {
  return [...model.setups].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, lines]) => lines);
}
