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

/** Claims of the no-effect list, and of functions that the environment plays, that the source contradicts. */
export function effectsOf(model: ModelContext): readonly Unmodelled[] {
  const fields = model.boundary.system.stores.map((key) => key.slice(key.indexOf(".") + 1));
  if (fields.length === 0) return [];
  const stores = storesOf(fields);
  const found: Unmodelled[] = [];
  for (const name of [...model.noEffectCalls.keys(), ...model.environmentCalls.keys()]) {
    const start = model.program.function(name);
    const storing = start === undefined ? null : reaches(model, start, stores);
    if (storing === null) continue;
    const { file } = storing.fn;
    const line = file.lines.lineAt(storing.offset);
    found.push({ file: file.path, line, what: `${name} is not in the model, and stores ${storing.field}` });
  }
  return found;
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
