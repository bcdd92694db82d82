/**
 * A system's slice of a kernel -> the text of one TypeScript module.
 *
 * Rounds: whether a function is a coroutine depends on what it calls, so functions are translated until the answer
 * does not change any more. Each round starts at the entry points and takes in what they call.
 */
import { createHash } from "node:crypto";
import type { CFile, CFunction } from "../c/file.ts";
import type { Program } from "../c/program.ts";
import { childOf } from "../c/syntax.ts";
import { Boundary, type SystemModel } from "./boundary.ts";
import { charIsSignedIn, type DataModel, isInt } from "./c-types.ts";
import { FunctionContext, ModelContext, type Unmodelled } from "./context.ts";
import { effectsOf } from "./effects.ts";
import type { ExpandedText, Token } from "./expand.ts";
import { convert, expression } from "./expressions.ts";
import {
  expanderOf,
  namesInPrototype,
  parameterNames,
  signatureReader,
  type TranslatedFunction,
  translateFunction,
} from "./function.ts";
import { moduleText } from "./module-text.ts";
import { TypeSpace } from "./type-space.ts";

export type { NoEffectFamily, SystemModel } from "./boundary.ts";
export type { Unmodelled } from "./context.ts";

export interface TranslateOptions {
  readonly kernel: { readonly id: string; readonly version: string | null };
  readonly longBits: 32 | 64;
  /** Handlebars text of templates/model.ts.hbs. */
  readonly template: string;
  /** How the module reaches tools/simulator/: `../../tools/simulator`. */
  readonly simulatorPath: string;
}

/** A model and what is to be known of it. */
export interface Translation {
  readonly text: string;
  readonly sha256: string;
  /** What the model does not know. Reached in a run, it stops the run and the verdict is inconclusive. */
  readonly unmodelled: readonly Unmodelled[];
  /** Calls without effect on timing: name -> reason. */
  readonly noEffect: Readonly<Record<string, string>>;
  readonly environment: readonly string[];
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  readonly functions: readonly { readonly name: string; readonly file: string; readonly line: number }[];
  readonly notes: readonly string[];
}

/** Rounds until nobody's kind changes; real slices take three. */
const MAX_ROUNDS = 12;
/** A slice of more functions has run away from what it was to model. */
const MAX_FUNCTIONS = 250;

export class MissingEntryError extends Error {}

/**
 * Translates a system's slice.
 *
 * @throws MissingEntryError when the kernel has none of the functions where the model begins
 */
export function translateSystem(program: Program, system: SystemModel, options: TranslateOptions): Translation {
  const charIsSigned = charIsSignedIn(options.kernel.version);
  const slicer = new Slicer(program, system, { longBits: options.longBits, charIsSigned });
  const functions = slicer.run();
  const { model } = slicer;
  const used = [...new Set([...model.slice.keys()].map((fn) => fn.file))].sort((a, b) => (a.path < b.path ? -1 : 1));
  const files = used.map((file) => ({ path: file.path, sha256: hashOf(file) }));
  const text = moduleText(model, slicer.expand, functions, {
    ...options,
    system: system.name,
    files,
    parameters: slicer.parameters(),
    constants: slicer.constants(),
  });
  const unmodelled = [...functions.flatMap((one) => one.unmodelled), ...effectsOf(model)];
  return {
    text,
    sha256: createHash("sha256").update(text).digest("hex"),
    unmodelled: distinct(unmodelled),
    noEffect: Object.fromEntries([...model.noEffectCalls].sort(([a], [b]) => (a < b ? -1 : 1))),
    environment: [...model.environmentCalls.keys(), ...model.environmentMembers].sort(),
    files,
    functions: functions.map(({ name, file, line }) => ({ name, file, line })),
    notes: slicer.notes,
  };
}

function hashOf(file: CFile): string {
  return createHash("sha256").update(Buffer.from(file.masked.source, "latin1")).digest("hex");
}

function distinct(all: readonly Unmodelled[]): readonly Unmodelled[] {
  const seen = new Map(all.map((one) => [`${one.file}:${one.line}:${one.what}`, one]));
  return [...seen.values()].sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

class Slicer {
  readonly model: ModelContext;
  readonly expand: (tokens: readonly Token[]) => ExpandedText;
  readonly notes: string[] = [];

  constructor(
    private readonly program: Program,
    private readonly system: SystemModel,
    machine: DataModel,
  ) {
    const boundary = new Boundary(system);
    this.expand = expanderOf(program, boundary);
    const types = new TypeSpace(program, machine, this.expand);
    this.model = new ModelContext(program, types, boundary);
    const signatures = signatureReader(this.model, this.expand);
    this.model.parse = signatures.ofText;
    this.model.signatureOf = signatures.ofFunction;
  }

  run(): readonly TranslatedFunction[] {
    for (let round = 0; ; round++) {
      this.model.startRound();
      const functions = this.round();
      const blocking = this.blockingAmong(functions);
      const isStable = same(blocking, this.model.blocking);
      this.model.blocking = blocking;
      if (isStable || round === MAX_ROUNDS) return functions;
    }
  }

  private round(): readonly TranslatedFunction[] {
    this.notes.length = 0;
    const entries = this.system.entries.flatMap((entry) => {
      const fn = this.program.function(entry.name);
      if (fn === undefined && entry.optional !== true) {
        throw new MissingEntryError(`has no function ${entry.name}, where the model of ${this.system.name} begins`);
      }
      return fn === undefined ? [] : [fn];
    });
    for (const fn of entries) this.model.want(fn);
    for (const fn of this.storingFunctions()) this.model.want(fn);
    const done: TranslatedFunction[] = [];
    for (;;) {
      const fn = this.model.next();
      if (fn === undefined) {
        if (!this.takeTableFunctions()) return done;
        continue;
      }
      if (done.length >= MAX_FUNCTIONS) {
        this.notes.push(`the slice has more than ${MAX_FUNCTIONS} functions; the rest is left out`);
        return done;
      }
      done.push(translateFunction(this.model, fn, this.model.want(fn).name, this.expand));
    }
  }

  /** Functions that store one of the fields of which every store belongs to the model. */
  private storingFunctions(): readonly CFunction[] {
    const found: CFunction[] = [];
    for (const key of this.system.stores) {
      const field = key.slice(key.indexOf(".") + 1);
      for (const { fn, offset } of this.matches(new RegExp(`(?:->|\\.)\\s*${field}\\s*=[^=]`))) {
        if (this.model.boundary.isOutside(fn.name)) this.noteOutside(fn, offset, `stores ${field}`);
        else found.push(fn);
      }
    }
    for (const key of this.system.works) {
      const field = key.slice(key.indexOf(".") + 1);
      const arming = new RegExp(`\\b(?:queue|mod)_delayed_work(?:_on)?\\s*\\([^;]*(?:->|\\.)\\s*${field}\\b`);
      for (const { fn, offset } of this.matches(arming)) {
        if (this.model.boundary.isOutside(fn.name)) this.noteOutside(fn, offset, `arms ${field}`);
      }
    }
    return found;
  }

  /** Functions whose text has a match, with the place of the first one. */
  private matches(pattern: RegExp): readonly { readonly fn: CFunction; readonly offset: number }[] {
    return this.program.files.flatMap((file) =>
      file.functions.flatMap((fn) => {
        const match = pattern.exec(file.masked.source.slice(fn.bodyStart, fn.end));
        return match === null ? [] : [{ fn, offset: fn.bodyStart + match.index }];
      }),
    );
  }

  /** What happens behind the boundary is said, not modelled. */
  private noteOutside(fn: CFunction, offset: number, what: string): void {
    const place = `${fn.file.path}:${fn.file.lines.lineAt(offset)}`;
    this.notes.push(`${place}: ${fn.name} ${what}: not in the model, which ends at calls of that function`);
  }

  /** Functions behind the members of ops tables that the model calls through; true when there were new ones. */
  private takeTableFunctions(): boolean {
    const before = this.model.slice.size;
    this.model.tables.clear();
    for (const [tag, names] of Object.entries(this.system.tables)) {
      const members = this.model.fields.get(tag);
      if (members === undefined) continue;
      for (const name of names) {
        const entries = this.tableEntries(name, members);
        if (entries !== null) this.model.tables.set(name, { tag, entries });
      }
    }
    // Tables that the code names itself.
    for (const name of this.model.globals) {
      const type = this.model.types.global(name)?.type;
      const members = type?.kind === "struct" ? this.model.fields.get(type.tag) : undefined;
      const entries = members === undefined ? null : this.tableEntries(name, members);
      if (entries !== null && type?.kind === "struct") this.model.tables.set(name, { tag: type.tag, entries });
    }
    return this.model.slice.size > before;
  }

  private tableEntries(name: string, members: ReadonlySet<string>): ReadonlyMap<string, string> | null {
    const global = this.model.types.global(name);
    const initializer = global?.initializer;
    if (global === null || initializer === null || initializer === undefined) return null;
    const tag = global.type.kind === "struct" ? global.type.tag : "";
    const entries = new Map<string, string>();
    for (const pair of initializer.node.children) {
      const designator = pair.children.find((child) => child.type === "field_designator");
      const valueNode = childOf(pair, "value");
      if (designator === undefined || valueNode === undefined) continue;
      const text = (start: number, end: number): string => initializer.text.text.slice(start, end).trim();
      const member = text(designator.start, designator.end).replace(/^\.\s*/, "");
      if (!members.has(member)) continue;
      const ctx = new FunctionContext(this.model, global.file, name, initializer.text, global.type, new Set());
      const type = this.model.types.struct(tag)?.fields.get(member)?.type;
      const value =
        type !== undefined && isInt(type)
          ? convert(ctx, expression(ctx, valueNode), type).code
          : this.tableValue(ctx, `${tag}.${member}`, text(valueNode.start, valueNode.end));
      if (value !== null) entries.set(member, value);
    }
    return entries;
  }

  private tableValue(ctx: FunctionContext, key: string, name: string): string | null {
    const member = key.slice(key.indexOf(".") + 1);
    if (this.system.environmentMembers.includes(key)) {
      this.model.environmentMembers.add(key);
      return `environment.members.${member}`;
    }
    const fn = this.program.definition(name, ctx.file);
    if (fn === undefined) return /^\w+$/.test(name) && name !== "NULL" ? `missing("${name}")` : null;
    const environment = this.model.boundary.played(name);
    if (environment !== undefined) {
      this.model.environmentCalls.set(name, fn);
      return `environment.${name}`;
    }
    const noEffect = this.model.boundary.noEffect(name);
    if (noEffect !== null) return `missing("${name}")`;
    const taken = this.model.want(fn).name;
    this.model.put(this.model.stored, key, taken);
    return taken;
  }

  private blockingAmong(functions: readonly TranslatedFunction[]): ReadonlySet<string> {
    const blocking = new Set(functions.filter((one) => one.blocks).map((one) => one.name));
    for (const name of this.model.threads) blocking.add(name);
    for (let changed = true; changed; ) {
      changed = false;
      for (const [caller, callees] of this.model.calls) {
        if (blocking.has(caller)) continue;
        const blocks = [...callees].some((callee) =>
          callee.startsWith("->")
            ? [...(this.model.stored.get(callee.slice(2)) ?? [])].some((one) => blocking.has(one))
            : blocking.has(callee),
        );
        if (blocks) {
          blocking.add(caller);
          changed = true;
        }
      }
    }
    return blocking;
  }

  /** Names of the parameters of what the environment plays: their order has changed over the years. */
  parameters(): Readonly<Record<string, readonly string[]>> {
    const all: Record<string, readonly string[]> = {};
    for (const [name, one] of [...this.model.environmentCalls].sort(([a], [b]) => (a < b ? -1 : 1))) {
      all[name] =
        "bodyStart" in one ? parameterNames(this.model, one, this.expand) : namesInPrototype(this.model, one.text);
    }
    return all;
  }

  /** Constants that the environment asks for, where the kernel has them. */
  constants(): Readonly<Record<string, number>> {
    const all: Record<string, number> = {};
    for (const name of this.system.constants) {
      const value = this.constantOf(name);
      if (value !== null) all[name] = value;
    }
    return all;
  }

  private constantOf(name: string): number | null {
    if (this.program.enumerator(name) === undefined && this.program.macro(name) === undefined) return null;
    return this.model.types.constant(name);
  }
}

function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one));
}
