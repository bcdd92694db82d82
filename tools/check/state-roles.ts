/**
 * Which members of a model's structs are times, counters, or looked at by nobody: read off the model's own text, so
 * that states which differ in nothing that matters are the same state. Without it a loop would never come back to
 * where it was: statistics grow, and times pass.
 */
import type { Role } from "./state-visitors.ts";

/** A statement of the model that stores a member: the member, and what it becomes. */
const STORE = /^\s*(?:yield\* .*; )?[\w.$[\]()]*?\.(\w+) = (.*);\s*(?:\/\/.*)?$/;
const READ = /\.([A-Za-z_]\w*)\b/g;
const CLOCK = /\bkernel\.jiffies(?:64)?\b/;
/** Times in nanoseconds are always ones that have passed. */
const PASSED = /\bktime_get\)?\(kernel\)/;

interface Stores {
  /** What each member becomes, by its name. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  /** Members that other statements name. */
  readonly named: ReadonlySet<string>;
}

function storesIn(text: string): Stores {
  const texts = new Map<string, string[]>();
  const named = new Set<string>();
  for (const line of text.split("\n")) {
    const match = STORE.exec(line);
    const rest = match === null ? line : (line.slice(0, line.indexOf(`.${match[1]} = `)) ?? "");
    // What leads to the member is read; constructors say `this.x = 0`.
    for (const [, name] of rest.matchAll(READ)) named.add(name as string);
    if (match === null || /^\s*this\./.test(line)) continue;
    const [, field = "", value = ""] = match;
    texts.set(field, [...(texts.get(field) ?? []), value]);
  }
  return { texts, named };
}

/** Members that are read where it matters: not only to count themselves, or others that nobody reads. */
function observed({ texts, named }: Stores): ReadonlySet<string> {
  const seen = new Set(named);
  for (let before = -1; before < seen.size; ) {
    before = seen.size;
    for (const [field, values] of texts) {
      if (!seen.has(field)) continue;
      for (const value of values)
        for (const [, name] of value.matchAll(READ)) if (name !== field) seen.add(name as string);
    }
  }
  return seen;
}

/** Members that hold a time: the clock's, or what is worked out from another time. */
function times({ texts }: Stores, clock: RegExp): ReadonlySet<string> {
  const found = new Set<string>();
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const [field, values] of texts) {
      const isTime = values.some(
        (value) => clock.test(value) || [...value.matchAll(READ)].some(([, name]) => found.has(name as string)),
      );
      // A duration is a difference of times, and no time.
      if (isTime && !values.some((value) => /\bsub64\(/.test(value))) found.add(field);
    }
  }
  return found;
}

/** Members that only ever grow by a constant, or start anew. */
function counters({ texts }: Stores): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [field, values] of texts) {
    const grows = new RegExp(`^\\(?add\\w+\\([\\w.$]*\\.${field}, \\d+\\)|^\\([\\w.$]*\\.${field} \\+ 1\\)`);
    if (values.some((one) => grows.test(one)) && values.every((one) => grows.test(one) || /^\d+$/.test(one))) {
      found.add(field);
    }
  }
  return found;
}

/** A function of the model: its text, by name. */
function functionsIn(text: string): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const match of text.matchAll(/^ {2}(?:async )?function\*? (\w+)\(([\s\S]*?)^ {2}\}$/gm)) {
    all.set(match[1] as string, match[0]);
  }
  return all;
}

/** Functions that can run once everything is set up: what is begun with, what is handed on, and what these call. */
function running(
  text: string,
  functions: ReadonlyMap<string, string>,
  { begins, setups }: RoleOptions,
): ReadonlySet<string> {
  const taken = [...text.matchAll(/\b([A-Za-z_]\w*)\b(?!\s*[(:*])/g)].map(([, name]) => name as string);
  const seen = new Set<string>(setups);
  // The list of all functions at the end of the model takes nobody's address.
  const listed = new Set(/^ {4}functions: \{[\s\S]*?^ {4}\}/m.exec(text)?.[0].match(/\w+/g) ?? []);
  const counts = new Map<string, number>();
  for (const name of taken) counts.set(name, (counts.get(name) ?? 0) + 1);
  const isTaken = (name: string): boolean => (counts.get(name) ?? 0) > (listed.has(name) ? 1 : 0);
  const isRoot = (name: string): boolean => begins.includes(name) || (!setups.includes(name) && isTaken(name));
  const queue = [...functions.keys()].filter(isRoot);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const [, called] of (functions.get(name) ?? "").matchAll(/\b([A-Za-z_]\w*)\b/g)) {
      if (functions.has(called as string) && !seen.has(called as string)) queue.push(called as string);
    }
  }
  return new Set([...seen].filter((name) => !setups.includes(name)));
}

/** What is never stored once everything is set up: members by their names, in classes that are never copied whole. */
interface Constants {
  readonly stored: ReadonlySet<string>;
  readonly changing: ReadonlySet<string>;
}

function constantsIn(text: string, options: RoleOptions): Constants {
  const functions = functionsIn(text);
  const stored = new Set<string>();
  const changing = new Set<string>();
  const classes = new Map<string, ReadonlyMap<string, string>>();
  for (const [, name, body] of text.matchAll(/^export class (\w+)[^{]*\{([\s\S]*?)^\}/gm)) {
    const members = [...(body as string).matchAll(/^ {2}(?:readonly )?(\w+): (\w+)(?:\[\])?;/gm)];
    classes.set(name as string, new Map(members.map((one) => [one[1] as string, one[2] as string])));
  }
  for (const name of running(text, functions, options)) {
    const body = functions.get(name) ?? "";
    for (const [, field] of body.matchAll(/\.(\w+)(?:\[[^\]]*\])? (?:[-+*|&^]|<<|>>)?= /g)) stored.add(field as string);
    for (const [, field] of body.matchAll(/FieldPointer\([\w.$]+, "(\w+)"\)/g)) stored.add(field as string);
    for (const [, made] of body.matchAll(/\bnew (\w+)\(/g)) changing.add(made as string);
    for (const [, whole] of body.matchAll(/\b(?:memset|memcpy|memmove|copyStruct|initialised)\(([\w.]+)/g)) {
      const path = (whole as string).split(".");
      const last = path.at(-1) as string;
      const local = new RegExp(`\\b${last}: (\\w+)`).exec(body)?.[1];
      for (const members of classes.values()) {
        const of = path.length > 1 ? members.get(last) : local;
        if (of !== undefined) changing.add(of);
      }
    }
  }
  // What stands in a struct that is copied is copied, too.
  for (let before = -1; before < changing.size; ) {
    before = changing.size;
    for (const name of [...changing])
      for (const part of classes.get(name)?.values() ?? []) if (classes.has(part)) changing.add(part);
  }
  return { stored, changing };
}

export interface RoleOptions {
  /** Functions that run once everything is set up, besides those whose address is taken. */
  readonly begins: readonly string[];
  /** Functions that only set things up, before anything is explored. */
  readonly setups: readonly string[];
  /** Members that the surroundings store. */
  readonly played: ReadonlySet<string>;
  /** Members of which only matters which are the same: transaction numbers, cookies. */
  readonly names: ReadonlySet<string>;
  /** Members of the simulator's and the surroundings' own classes, as `Class.member`. */
  readonly own: Readonly<Record<string, Role>>;
}

/** How each member of a model is hashed: for StateImage. */
export function rolesOf(text: string, options: RoleOptions): (className: string, field: string) => Role {
  const stores = storesIn(text);
  const seen = observed(stores);
  const clock = times(stores, CLOCK);
  const passed = times(stores, PASSED);
  const counts = counters(stores);
  const { stored, changing } = constantsIn(text, options);
  const declared = new Set([...text.matchAll(/^export class (\w+)/gm)].map(([, name]) => name as string));
  return (className, field) => {
    const own = options.own[`${className}.${field}`] ?? options.own[`*.${field}`];
    if (own !== undefined) return own;
    // What a frame finds around itself: the machine, the globals.
    if (className.endsWith("_frame")) return /^\$\d+$/.test(field) ? "constant" : "plain";
    const isFixed = declared.has(className) && !changing.has(className) && !stored.has(field);
    if (isFixed && !options.played.has(field)) return "constant";
    if (options.names.has(field)) return "name";
    // What is not the model's own is the surroundings', which look at all of it.
    if (!declared.has(className) || !stores.texts.has(field)) return "plain";
    if (!seen.has(field) || passed.has(field)) return "skip";
    if (clock.has(field)) return "deadline";
    return counts.has(field) ? "count" : "plain";
  };
}
