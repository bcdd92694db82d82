/**
 * Whether calls that are said to be without effect are so: what such a function, or what it calls, stores must not be
 * a field of which every store belongs to the model.
 */
import type { CFunction } from "../c/file.ts";
import { descendants, type SyntaxNode } from "../c/syntax.ts";
import { localTypes } from "../c/types.ts";
import type { Prototype } from "./boundary.ts";
import type { ModelContext, Unmodelled } from "./context.ts";
import { macroChange, outsideChange } from "./outside-changes.ts";

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

/** What sleeps: a call of it puts off whatever comes after. */
const SLEEPING = /\b(?:[mnsu]sleep\w*|schedule_timeout\w*|wait_event\w*|wait_for_completion\w*)\s*\(/;

/** Something that a function outside the model must not do, and how it is said. */
interface Offence {
  readonly pattern: RegExp;
  readonly what: (match: RegExpExecArray) => string;
  /** Whether a match is one; every match when absent. */
  readonly isMeant?: (fn: CFunction, match: RegExpExecArray) => boolean;
}

/** Whether a store may be one to `struct.field`: not where the variable in front of it is of another struct. */
function mayBe(fn: CFunction, match: RegExpExecArray, key: string): boolean {
  const [tag = "", field = ""] = key.split(".");
  if (storedField(match) !== field) return false;
  const before = codeOf(fn).slice(Math.max(0, match.index - 80), match.index + match[0].indexOf(field));
  const base = /(?:^|[^\w>.\]])(\w+)\s*(?:->|\.)\s*$/.exec(before)?.[1];
  const known = base === undefined ? null : (localTypes(fn).get(base) ?? null);
  return known === null || known === tag;
}

/** Text that arms or cancels a work of one of these names. */
export function armingOf(fields: readonly string[]): RegExp {
  const work = `(?:->|\\.)\\s*(?:${fields.join("|")})\\b`;
  return new RegExp(`\\b(?:queue|mod|cancel)_delayed_work\\w*\\s*\\([^;]*${work}`);
}

/** Functions outside the model whose claim the source contradicts, with the place that does. */
export function contradictions(model: ModelContext): ReadonlyMap<string, Unmodelled> {
  const found = new Map<string, Unmodelled>();
  const { stores, guarded, works } = model.boundary.system;
  const offences: Offence[] = [...storing([...stores, ...guarded])];
  if (works.length > 0) {
    offences.push({ pattern: armingOf(works.map(memberName)), what: () => `arms or cancels ${works.join(", ")}` });
  }
  const sleeping: Offence = { pattern: SLEEPING, what: (match) => `sleeps (${match[0].replace(/\s*\($/, "")})` };
  const withoutEffect = [...offences, ...storing(model.boundary.system.state), sleeping];
  for (const name of model.noEffectCalls.keys()) contradict(model, name, withoutEffect, found);
  for (const name of [...model.environmentCalls.keys(), ...model.noEffectTaken.keys()]) {
    contradict(model, name, offences, found);
  }
  for (const one of model.environmentCalls.values()) contradictByReturn(one, found);
  for (const name of model.noEffectCalls.keys()) if (!found.has(name)) contradictByChange(model, name, found);
  return found;
}

/** Stores to one of these fields; none to look for where there is no field. */
function storing(keys: readonly string[]): readonly Offence[] {
  if (keys.length === 0) return [];
  const isMeant = (fn: CFunction, match: RegExpExecArray): boolean => keys.some((key) => mayBe(fn, match, key));
  return [{ pattern: storesOf(keys.map(memberName)), isMeant, what: (match) => `stores ${storedField(match)}` }];
}

function memberName(key: string): string {
  return key.slice(key.indexOf(".") + 1);
}

function contradict(
  model: ModelContext,
  name: string,
  offences: readonly Offence[],
  found: Map<string, Unmodelled>,
): void {
  const start = model.program.function(name);
  for (const { pattern, what, isMeant } of offences) {
    const inMacro = macroStores(model, name, pattern, what);
    if (inMacro !== null) found.set(name, inMacro);
    const guilty = start === undefined ? null : reaches(model, start, pattern, isMeant);
    if (guilty === null) continue;
    const { file } = guilty.fn;
    const line = file.lines.lineAt(guilty.offset);
    found.set(name, { file: file.path, line, what: `${name} is not in the model, and ${what(guilty.match)}` });
  }
}

/**
 * A function that is played returns before its end, whatever it is given: its body was written for more than it does
 * now, and what is played is what it was written for.
 */
function contradictByReturn(one: CFunction | Prototype, found: Map<string, Unmodelled>): void {
  const root = "bodyStart" in one ? one.syntax() : null;
  const body =
    root === null ? undefined : [root, ...descendants(root)].find(({ type }) => type === "compound_statement");
  if (body === undefined || !("bodyStart" in one)) return;
  const at = body.children.findIndex(({ type }) => type === "return_statement");
  const next = body.children[at + 1];
  // Behind a label, a goto goes on.
  if (at < 0 || next === undefined || next.type === "labeled_statement") return;
  const line = one.file.lines.lineAt((body.children[at] as SyntaxNode).start);
  const what = `${one.name} is played by the surroundings, and returns here before it has done what they play`;
  found.set(one.name, { file: one.file.path, line, what });
}

/** A function that is said to be without effect changes something that the model keeps, or that nobody can tell. */
function contradictByChange(model: ModelContext, name: string, found: Map<string, Unmodelled>): void {
  // Static functions of several files may share the name.
  const files = new Set([...model.slice.keys()].map((fn) => fn.file));
  const macro = [...files].flatMap((file) => model.program.ownMacro(name, file) ?? [])[0];
  const inMacro = macro === undefined ? null : macroChange(model, name);
  if (macro !== undefined && inMacro !== null) {
    found.set(name, { file: macro.path, line: macro.line, what: `${name} is not in the model, and ${inMacro}` });
    return;
  }
  const starts = new Set([...files].flatMap((file) => model.program.definition(name, file) ?? []));
  for (const start of starts) {
    const change = outsideChange(model, start);
    if (change === null) continue;
    const { file } = change.fn;
    const line = file.lines.lineAt(change.offset);
    found.set(name, { file: file.path, line, what: `${name} is not in the model, and ${change.what}` });
    return;
  }
}

const withoutComments = new WeakMap<CFunction, string>();

/** A function's body, comments and strings blanked: what stands in them does nothing. Offsets stay. */
export function codeOf(fn: CFunction): string {
  let known = withoutComments.get(fn);
  if (known === undefined) {
    known = fn.file.masked.source
      .slice(fn.bodyStart, fn.end)
      .replace(/\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"/g, (text) => text.replace(/[^\n]/g, " "));
    withoutComments.set(fn, known);
  }
  return known;
}

/** What a macro of that name stores itself; it is not expanded where it is said to be without effect. */
function macroStores(model: ModelContext, name: string, stores: RegExp, what: Offence["what"]): Unmodelled | null {
  const found = model.program.macrosOfFiles.find(({ macro }) => macro.name === name);
  const match = found === undefined ? null : stores.exec(found.macro.body);
  if (found === undefined || match === null) return null;
  const line = found.file.lines.lineAt(found.macro.offset);
  return { file: found.file.path, line, what: `${name} is not in the model, and ${what(match)}` };
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
  pattern: RegExp,
  isMeant: Offence["isMeant"],
): { readonly fn: CFunction; readonly match: RegExpExecArray; readonly offset: number } | null {
  const seen = new Set([start]);
  const queue = [start];
  for (let fn = queue.shift(); fn !== undefined && seen.size < MAX_FUNCTIONS; fn = queue.shift()) {
    const body = codeOf(fn);
    for (const match of body.matchAll(new RegExp(pattern, "g"))) {
      if (isMeant === undefined || isMeant(fn, match)) return { fn, match, offset: fn.bodyStart + match.index };
    }
    for (const [, callee] of body.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)) {
      const next = model.program.definition(callee as string, fn.file);
      if (next === undefined || seen.has(next) || model.slice.has(next)) continue;
      if (model.boundary.isBeyond(next.name)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return null;
}
