/**
 * Whether calls that are said to be without effect are so: what such a function, or what it calls, stores must not be
 * a field of which every store belongs to the model.
 */
import type { CFunction } from "../c/file.ts";
import type { ModelContext, Unmodelled } from "./context.ts";

/** Functions looked at behind one call; deeper chains of calls are bookkeeping. */
const MAX_FUNCTIONS = 200;

/** Text that stores a member of one of these names, or hands its address on. */
export function storesOf(fields: readonly string[]): RegExp {
  const member = `(?:->|\\.)\\s*(?<field>${fields.join("|")})\\b`;
  const forms = [
    `${member}\\s*(?:(?:[-+*/%&|^]|<<|>>)?=(?!=)|\\+\\+|--)`,
    `\\b(?:WRITE_ONCE|smp_store_\\w+)\\s*\\([^,;]*${member}`,
    `&\\s*[\\w>.[\\]-]*${member}`,
  ];
  // Names of groups must differ within one expression.
  return new RegExp(forms.map((one, i) => one.replace("<field>", `<field${i}>`)).join("|"));
}

/** The member that a match of storesOf() found. */
export function storedField(match: RegExpExecArray): string {
  return Object.values(match.groups ?? {}).find((one) => one !== undefined) ?? "";
}

/** Functions outside the model whose claim the source contradicts, with the place that does. */
export function contradictions(model: ModelContext): ReadonlyMap<string, Unmodelled> {
  const fields = model.boundary.system.stores.map((key) => key.slice(key.indexOf(".") + 1));
  const found = new Map<string, Unmodelled>();
  if (fields.length === 0) return found;
  const stores = storesOf(fields);
  for (const name of [...model.noEffectCalls.keys(), ...model.environmentCalls.keys()]) {
    const inMacro = macroStores(model, name, stores);
    if (inMacro !== null) found.set(name, inMacro);
    const start = model.program.function(name);
    const storing = start === undefined ? null : reaches(model, start, stores);
    if (storing === null) continue;
    const { file } = storing.fn;
    const line = file.lines.lineAt(storing.offset);
    found.set(name, { file: file.path, line, what: `${name} is not in the model, and stores ${storing.field}` });
  }
  return found;
}

/** What a macro of that name stores itself; it is not expanded where it is said to be without effect. */
function macroStores(model: ModelContext, name: string, stores: RegExp): Unmodelled | null {
  const found = model.program.macrosOfFiles.find(({ macro }) => macro.name === name);
  const match = found === undefined ? null : stores.exec(found.macro.body);
  if (found === undefined || match === null) return null;
  const line = found.file.lines.lineAt(found.macro.offset);
  return { file: found.file.path, line, what: `${name} is not in the model, and stores ${storedField(match)}` };
}

/** Macros that store a member themselves, or through another macro. */
export function storingMacros(model: ModelContext, stores: RegExp): ReadonlySet<string> {
  const names = new Set<string>();
  for (let before = -1; before < names.size; ) {
    before = names.size;
    for (const { macro } of model.program.macrosOfFiles) {
      const words = macro.body.match(/\b[A-Za-z_]\w*(?=\s*\()/g) ?? [];
      if (stores.test(macro.body) || words.some((word) => names.has(word))) names.add(macro.name);
    }
  }
  return names;
}

function reaches(
  model: ModelContext,
  start: CFunction,
  stores: RegExp,
): { readonly fn: CFunction; readonly field: string; readonly offset: number } | null {
  const seen = new Set([start]);
  const queue = [start];
  for (let fn = queue.shift(); fn !== undefined && seen.size < MAX_FUNCTIONS; fn = queue.shift()) {
    const body = fn.file.masked.source.slice(fn.bodyStart, fn.end);
    const match = stores.exec(body);
    if (match !== null) return { fn, field: storedField(match), offset: fn.bodyStart + match.index };
    for (const [, callee] of body.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)) {
      const next = model.program.definition(callee as string, fn.file);
      if (next === undefined || seen.has(next) || model.slice.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return null;
}
