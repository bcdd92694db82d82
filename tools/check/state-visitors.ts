/**
 * Code that looks at objects of one shape, generated once per shape: loops over names of fields would be ten times
 * slower. What all of it shares while it goes through a heap is the Walk.
 *
 * The hash has two lanes of 32 bits. A value is a pair of words, one for each lane; integers are the same word in both,
 * everything else is salted differently in each, so that no two values of different types are the same pair. A step of
 * a lane is a bijection, so that two heaps that differ in one word never have the same hash.
 */
import { SimulationFault } from "../simulator/fault.ts";

export type Role = "plain" | "time" | "deadline" | "name" | "count" | "constant" | "skip" | "atom";

/** What an object carries from the time when it was first seen. A copy of a struct may have them of another. */
export interface Marked {
  /** Walk.base plus its number in the walk that saw it last; negative for an atom. */
  $mark?: number;
  /** Which visitor knows its shape; 0 is nobody's. */
  $kind?: number;
}

/** Salts of the lanes by the type of the value. */
const SALTS = {
  object: [0x2545f491, 0x7f4a7c15],
  atom: [0x5bd1e995, 0x1b873593],
  null: [0x4cf5ad43, 0x2745937f],
  true: [0x3c6ef372, 0x14292967],
  false: [0x510e527f, 0x1f83d9ab],
  undefined: [0x6a09e667, 0x3b67ae85],
  number: [0x428a2f98, 0x71374491],
  string: [0x59f111f1, 0x243185be],
  bigint: [0x550c7dc3, 0x72be5d74],
  function: [0x2de92c6f, 0x4a7484aa],
  other: [0x5cb0a9dc, 0x76f988da],
} as const;

const FACTOR_1 = 0x9e3779b1 | 0;
const FACTOR_2 = 0x85ebca6b | 0;

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/** A shape of objects, or the way in which arrays or bytes are seen. */
export interface Visitors {
  readonly hash: (walk: Walk, object: object) => void;
  readonly save: (walk: Walk, object: object) => void;
  readonly hashAndSave: (walk: Walk, object: object) => void;
  /** Puts back what `values` has from `at` on; where the next object begins. */
  readonly restore: (values: readonly unknown[], at: number) => number;
}

/** Numbers of atoms and shapes, one for each in the process: two images may look at the same object. */
const atomNumbers = new WeakMap<object, number>();
let atomCount = 0;

/** A number that is the same for the same object, from 1 on. */
export function atomNumber(atom: object): number {
  const known = atomNumbers.get(atom);
  if (known !== undefined) return known;
  atomNumbers.set(atom, ++atomCount);
  return atomCount;
}

/** One way through a heap: what was reached and not looked at yet, and what came of the rest. */
export class Walk {
  /** Marks from here on are of this walk. */
  base = 1;
  /** Objects that were reached; those from the one that is looked at are yet to be. */
  count = 0;
  readonly queue: object[] = [];
  readonly kinds: number[] = [];
  now = 0;
  h1 = 0;
  h2 = 0;
  /** The pair of the value that other() was asked for. */
  x = 0;
  y = 0;
  /** Of each object its kind, itself, and its values. */
  readonly values: unknown[] = [];
  filled = 0;
  /** Whether times to come are all alike. */
  isCoarse = false;
  /** Numbers of role "name" in the order in which they were met. */
  readonly names: number[] = [];
  private readonly strings = new Map<string, readonly [number, number]>();

  /** @param adopt gives an object that was never seen its kind. */
  constructor(private readonly adopt: (object: Marked) => void) {}

  /** The number of an object in this walk, which looks at it later if it has not yet; negative for an atom. */
  reach(object: Marked): number {
    let mark = object.$mark;
    if (mark !== undefined && mark >= this.base) return mark - this.base;
    if (mark === undefined || mark === 0 || object.$kind === undefined) {
      this.adopt(object);
      mark = object.$mark;
    }
    if (mark !== undefined && mark < 0) return mark;
    const number = this.count++;
    object.$mark = this.base + number;
    this.queue[number] = object;
    this.kinds[number] = object.$kind as number;
    return number;
  }

  /** What a number is called in this walk: the same for the same number, whichever it is. */
  nameOf(value: number): number {
    const at = this.names.indexOf(value);
    return at >= 0 ? at + 1 : this.names.push(value);
  }

  /** The pair of a value that is neither a small integer nor boolean, null or an object. */
  other(value: unknown): void {
    if (typeof value === "number") this.number(value);
    else if (typeof value === "string") this.text(value, SALTS.string);
    else if (typeof value === "bigint") this.text(value.toString(36), SALTS.bigint);
    else if (typeof value === "function") this.text(value.name, SALTS.function);
    else this.text(String(value), SALTS.other);
  }

  private number(value: number): void {
    double[0] = value;
    const low = words[0] as number;
    const high = words[1] as number;
    this.x = (low ^ Math.imul(high, FACTOR_2) ^ SALTS.number[0]) | 0;
    this.y = (high ^ Math.imul(low, FACTOR_1) ^ SALTS.number[1]) | 0;
  }

  private text(text: string, salt: readonly [number, number]): void {
    let pair = this.strings.get(text);
    if (pair === undefined) {
      pair = hashOfText(text);
      // Texts are names and the like; what makes them up all the time shall not fill the memory.
      if (this.strings.size > 100_000) this.strings.clear();
      this.strings.set(text, pair);
    }
    this.x = pair[0] ^ salt[0];
    this.y = pair[1] ^ salt[1];
  }
}

/** Both lanes over the characters of a text. */
export function hashOfText(text: string): readonly [number, number] {
  let a = 0x165667b1;
  let b = 0x27d4eb2f;
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), FACTOR_1);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ text.charCodeAt(i), FACTOR_2);
    b = (b << 15) | (b >>> 17);
  }
  return [a ^ text.length, b ^ text.length];
}

/** What a visitor is to do. */
interface Task {
  readonly kind: number;
  readonly tag: readonly [number, number];
  readonly hashes: boolean;
  readonly saves: boolean;
}

/** Constants are written out: what a function finds around itself, the compiler does not take for constant. */
const MIX =
  `a = Math.imul(a ^ x, ${FACTOR_1}); a = (a << 13) | (a >>> 19); ` +
  `b = Math.imul(b ^ y, ${FACTOR_2}); b = (b << 15) | (b >>> 17);`;

const pair = (salt: readonly [number, number]): string => `x = ${salt[0]}; y = ${salt[1]};`;

/** Reaches the object `v`; `w` is its number. Objects that were seen in another walk are taken in without a call. */
const REACH = `m = v.$mark;
    if (m >= base) w = m - base;
    else if (m > 0) { w = walk.count++; v.$mark = base + w; walk.queue[w] = v; walk.kinds[w] = v.$kind; }
    else w = walk.reach(v);`;

const FOLLOWED = `if (v === null) { ${pair(SALTS.null)} }
  else { ${REACH}
    x = w ^ ${SALTS.object[0]}; y = w ^ ${SALTS.object[1]}; }`;

const SMALL = 'typeof v === "number" && (w = v | 0) === v) { x = w; y = w; }';

const CONSTANTS = `if (v === true) { ${pair(SALTS.true)} }
  else if (v === false) { ${pair(SALTS.false)} }
  else if (v === undefined) { ${pair(SALTS.undefined)} }`;

const OTHER = "else { walk.other(v); x = walk.x; y = walk.y; }";

/**
 * Takes the value `v` in.
 * @param isObject whether it was one, or null, when the shape was first seen: what is likely is asked first.
 */
function plainText(isObject: boolean): string {
  const followed = `if (typeof v === "object") { ${FOLLOWED} }`;
  const small = `if (${SMALL}`;
  const [first, second] = isObject ? [followed, small] : [small, followed];
  return `${first}\n  else ${second}\n  else ${CONSTANTS}\n  ${OTHER}\n  ${MIX}`;
}

/** As plainText() for objects that are not followed; `i` tells the caches of this place apart. */
function atomText(i: number): string {
  return `if (v === null) { ${pair(SALTS.null)} }
  else if (typeof v === "object" || typeof v === "function") {
    if (v !== last${i}) { last${i} = v; number${i} = atomNumber(v); }
    x = number${i} ^ ${SALTS.atom[0]}; y = number${i} ^ ${SALTS.atom[1]};
  } else if (${SMALL}\n  else ${CONSTANTS}\n  ${OTHER}\n  ${MIX}`;
}

/** What becomes of a number `v` before it is taken in, by the field's role. */
const NUMBERS: Readonly<Partial<Record<Role, string>>> = {
  time: "if (v !== 0) v -= walk.now;",
  deadline: "v = v < walk.now ? -1 : walk.isCoarse ? 1 : v - walk.now;",
  name: "if (v !== 0) v = walk.nameOf(v);",
  count: `if (v > ${8}) v = ${8};`,
};

/** A field of a shape. */
export interface Field {
  readonly name: string;
  readonly role: Role;
  readonly isObject: boolean;
}

function fieldText(field: Field, i: number, { hashes, saves }: Task): string {
  const load = `v = o[${JSON.stringify(field.name)}];`;
  const store = saves ? `values[at + ${i + 2}] = v;` : "";
  if (field.role === "skip") return saves ? `${load} ${store}` : "";
  if (field.role === "constant") return `${load} if (typeof v === "object" && v !== null) { ${REACH} }`;
  if (field.role === "atom") return `${load} ${store} ${hashes ? atomText(i) : ""}`;
  if (!hashes) return `${load} ${store} if (typeof v === "object" && v !== null) { ${REACH} }`;
  const number = NUMBERS[field.role];
  if (number !== undefined) return `${load} ${store} if (typeof v === "number") { ${number} } ${plainText(false)}`;
  return `${load} ${store} ${plainText(field.isObject)}`;
}

function begin({ kind, tag, hashes, saves }: Task): string {
  const lanes = hashes ? `let a = walk.h1, b = walk.h2, x = ${tag[0]}, y = ${tag[1]};` : "";
  const place = saves ? `const values = walk.values, at = walk.filled; values[at] = ${kind}; values[at + 1] = o;` : "";
  return `const base = walk.base; let v, w = 0, m = 0; ${lanes} ${place} ${hashes ? MIX : ""}`;
}

function visitorText(name: string, fields: readonly Field[], task: Task): string {
  const body = inOrder(fields)
    .map((field, i) => fieldText(field, i, task))
    .join("\n  ");
  const saved = fields.filter((one) => one.role !== "constant").length;
  const end = `${task.hashes ? "walk.h1 = a; walk.h2 = b;" : ""} ${
    task.saves ? `walk.filled = at + ${saved + 2};` : ""
  }`;
  return `function ${name}(walk, o) { ${begin(task)}\n  ${body}\n  ${end} }`;
}

function arrayText(name: string, role: Role, task: Task): string {
  const field: Field = { name: "", role, isObject: true };
  const element = fieldText(field, 0, task).replace('o[""]', "o[i]").replace("at + 2", "at + 3 + i");
  const length = task.hashes ? `x = y = o.length; ${MIX}` : "";
  const place = task.saves ? "values[at + 2] = o.length;" : "";
  const end = `${task.hashes ? "walk.h1 = a; walk.h2 = b;" : ""} ${
    task.saves ? "walk.filled = at + 3 + o.length;" : ""
  }`;
  return `function ${name}(walk, o) { ${begin(task)} ${length} ${place}
  for (let i = 0; i < o.length; i++) { ${element} }\n  ${end} }`;
}

/** What is saved comes first, so that its places are known. */
function inOrder(fields: readonly Field[]): readonly Field[] {
  const isConstant = (one: Field): number => (one.role === "constant" ? 1 : 0);
  return [...fields].sort((a, b) => isConstant(a) - isConstant(b));
}

function restoreText(fields: readonly Field[]): string {
  const saved = fields.filter((one) => one.role !== "constant");
  const stores = saved.map(({ name }, i) => {
    const field = `o[${JSON.stringify(name)}]`;
    return `v = values[at + ${i + 2}]; if (${field} !== v) ${field} = v;`;
  });
  return `function restore(values, at) { const o = values[at + 1]; let v;
  ${stores.join("\n  ")}\n  return at + ${saved.length + 2}; }`;
}

const RESTORE_ARRAY = `function restore(values, at) { const o = values[at + 1], length = values[at + 2];
  if (o.length !== length) o.length = length;
  for (let i = 0; i < length; i++) { const v = values[at + 3 + i]; if (o[i] !== v) o[i] = v; }
  return at + 3 + length; }`;

/** Makes functions of texts. They are made of names of fields, which are quoted, and of nothing else from outside. */
function made(
  kind: number,
  tag: readonly [number, number],
  textOf: (name: string, task: Task) => string,
  restore: string,
  caches: number,
): Visitors {
  const variables = Array.from({ length: caches }, (_, i) => `let last${i} = null, number${i} = 0;`).join(" ");
  const source = `"use strict"; ${variables}
${textOf("hash", { kind, tag, hashes: true, saves: false })}
${textOf("save", { kind, tag, hashes: false, saves: true })}
${textOf("hashAndSave", { kind, tag, hashes: true, saves: true })}
${restore}\nreturn { hash, save, hashAndSave, restore };`;
  return new Function("atomNumber", source)(atomNumber) as Visitors;
}

/**
 * Visitors of objects with the same fields in the same order.
 *
 * @param tag what tells the class apart in hashes
 */
export function visitorsOfShape(kind: number, tag: readonly [number, number], fields: readonly Field[]): Visitors {
  return made(kind, tag, (name, task) => visitorText(name, fields, task), restoreText(fields), fields.length);
}

/** Visitors of arrays: their length, and their elements as plain values. */
export function visitorsOfArrays(kind: number): Visitors {
  return made(kind, hashOfText("[]"), (name, task) => arrayText(name, "plain", task), RESTORE_ARRAY, 1);
}

function mixBytes(walk: Walk, bytes: Uint8Array): void {
  let { h1: a, h2: b } = walk;
  a = Math.imul(a ^ bytes.length, FACTOR_1);
  b = Math.imul(b ^ bytes.length, FACTOR_2);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    a = Math.imul(((a << 13) | (a >>> 19)) ^ byte, FACTOR_1);
    b = Math.imul(((b << 15) | (b >>> 17)) ^ byte, FACTOR_2);
  }
  walk.h1 = a;
  walk.h2 = b;
}

/** Visitors of bytes: with what is in them, or just as something that is there. */
export function visitorsOfBytes(kind: number, hasContent: boolean): Visitors {
  const hash = (walk: Walk, object: object): void => {
    if (hasContent) mixBytes(walk, object as Uint8Array);
    else walk.h1 = Math.imul(walk.h1 ^ SALTS.other[0], FACTOR_1);
  };
  const save = (walk: Walk, object: object): void => {
    walk.values[walk.filled++] = kind;
    walk.values[walk.filled++] = object;
    walk.values[walk.filled++] = hasContent ? (object as Uint8Array).slice() : null;
  };
  return {
    hash,
    save,
    hashAndSave: (walk, object) => {
      hash(walk, object);
      save(walk, object);
    },
    restore: (values, at) => {
      const content = values[at + 2] as Uint8Array | null;
      if (content !== null) (values[at + 1] as Uint8Array).set(content);
      return at + 3;
    },
  };
}

/** What an image refuses to look into. */
export function refuseObject(what: string): never {
  throw new SimulationFault("unsupported", `a state with ${what}`);
}
