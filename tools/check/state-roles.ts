/**
 * Which members of a model's structs are times, counters, or looked at by nobody: read off the model's own text, so
 * that states which differ in nothing that matters are the same state. Without it a loop would never come back to
 * where it was: statistics grow, and times pass.
 */
import type { Role } from "./state-visitors.ts";

/** A statement of the model that stores a member: the member, and what it becomes. */
const STORE = /^\s*(?:yield\* .*; )?[\w.$[\]()]*?\.(\w+) = (.*);\s*(?:\/\/.*)?$/;
const READ = /\.([A-Za-z_]\w*)\b/g;
const CLOCK = /\bkernel\.jiffies(?:64)?\b|\bktime_get\)?\(kernel\)/;

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
function times({ texts }: Stores): ReadonlySet<string> {
  const found = new Set<string>();
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const [field, values] of texts) {
      const isTime = values.some(
        (value) => CLOCK.test(value) || [...value.matchAll(READ)].some(([, name]) => found.has(name as string)),
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

export interface RoleOptions {
  /** Members of which only matters which are the same: transaction numbers, cookies. */
  readonly names: ReadonlySet<string>;
  /** Members of the simulator's and the surroundings' own classes, as `Class.member`. */
  readonly own: Readonly<Record<string, Role>>;
}

/** How each member of a model is hashed: for StateImage. */
export function rolesOf(text: string, options: RoleOptions): (className: string, field: string) => Role {
  const stores = storesIn(text);
  const seen = observed(stores);
  const clock = times(stores);
  const counts = counters(stores);
  return (className, field) => {
    const own = options.own[`${className}.${field}`];
    if (own !== undefined) return own;
    if (options.names.has(field)) return "name";
    if (!stores.texts.has(field)) return "plain";
    if (!seen.has(field)) return "skip";
    if (clock.has(field)) return "deadline";
    return counts.has(field) ? "count" : "plain";
  };
}
