/**
 * A system's slice of a kernel -> the text of one TypeScript module.
 *
 * Rounds: whether a function is a coroutine depends on what it calls, so functions are translated until the answer
 * does not change any more. Each round starts at the entry points and takes in what they call.
 */
import { createHash } from "node:crypto";
import type { CFile, CFunction } from "../c/file.ts";
import type { Program } from "../c/program.ts";
import { assumedConditions, playedFunctions } from "./assumptions.ts";
import { Boundary, type SystemModel } from "./boundary.ts";
import { charIsSignedIn, type DataModel, type FunctionType } from "./c-types.ts";
import { ModelContext, type Unmodelled } from "./context.ts";
import { armingOf, codeOf, contradictions, storesOf, storingMacros } from "./effects.ts";
import type { ExpandedText, Token } from "./expand.ts";
import { fileScopeValues } from "./file-scope.ts";
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
  /** What the model takes for granted of this kernel: for the bounds of a check. */
  readonly assumptions: readonly string[];
}

/** Rounds until nobody's kind changes; real slices take three. */
const MAX_ROUNDS = 12;
/** A slice of more functions has run away from what it was to model. */
const MAX_FUNCTIONS = 400;

export class MissingEntryError extends Error {
  /** @param names of functions of which one would have to be there, for the kernel to have the system. */
  constructor(
    message: string,
    readonly names: readonly string[],
  ) {
    super(message);
  }
}

/** What a system's model cannot do without, and a kernel does not have. */
export interface Lack {
  readonly count: "no" | "none of the";
  readonly what: string;
  readonly names: readonly string[];
}

/** What a kernel lacks of a system; null where the model can be made. */
export function lackOf(program: Program, { entries, observed, name }: SystemModel): Lack | null {
  const isThere = (one: string): boolean => program.function(one) !== undefined;
  if (observed.length > 0 && !observed.some(isThere)) {
    return { count: "none of the", what: `functions ${observed.join(", ")}, which ${name} watches`, names: observed };
  }
  const missing = entries.find((entry) => entry.optional !== true && !isThere(entry.name));
  if (missing === undefined) return null;
  const what = `function ${missing.name}, where the model of ${name} begins`;
  return { count: "no", what, names: [missing.name] };
}

/** A translation, and what the translator found out on the way: who compiles the same slice needs that. */
export interface TranslatedSlice {
  readonly translation: Translation;
  readonly model: ModelContext;
  readonly expand: (tokens: readonly Token[]) => ExpandedText;
}

/**
 * Translates a system's slice.
 *
 * @throws MissingEntryError when the kernel has none of the functions where the model begins
 */
export function translateSystem(program: Program, system: SystemModel, options: TranslateOptions): Translation {
  return translateSlice(program, system, options).translation;
}

/** As translateSystem(), with what the translator knows of the slice. */
export function translateSlice(program: Program, system: SystemModel, options: TranslateOptions): TranslatedSlice {
  const charIsSigned = charIsSignedIn(options.kernel.version);
  const slicer = new Slicer(program, system, { longBits: options.longBits, charIsSigned });
  const functions = slicer.run();
  const { model } = slicer;
  // A header is read once for each function that is looked for in it.
  const byPath = new Map([...model.slice.keys()].map(({ file }) => [file.path, file]));
  const used = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const files = used.map((file) => ({ path: file.path, sha256: hashOf(file) }));
  const text = moduleText(model, slicer.expand, functions, {
    ...options,
    system: system.name,
    files,
    parameters: slicer.parameters(),
    constants: slicer.constants(),
  });
  const unmodelled = [
    ...functions.flatMap((one) => one.unmodelled),
    ...slicer.fileScope,
    ...sharedUnions(model),
    ...model.contradicted.values(),
    ...slicer.armingElsewhere(),
    ...slicer.missingNames(),
  ];
  const translation: Translation = {
    text,
    // Where the kernel lies on this machine is no part of the model.
    sha256: createHash("sha256")
      .update(text.replace(/^ \* Kernel: .*$/m, ""))
      .digest("hex"),
    unmodelled: distinct(unmodelled),
    noEffect: Object.fromEntries([...model.noEffectTaken, ...model.noEffectCalls].sort(([a], [b]) => (a < b ? -1 : 1))),
    environment: [...model.environmentCalls.keys(), ...model.environmentMembers].sort(),
    files,
    functions: functions.map(({ name, file, line }) => ({ name, file, line })),
    notes: slicer.notes,
    assumptions: [
      ...assumedConditions(program, model.slice.keys()),
      ...playedFunctions([...model.environmentCalls].flatMap(([name, one]) => ("bodyStart" in one ? [name] : []))),
    ],
  };
  return { translation, model, expand: slicer.expand };
}

/** Members of one union stand in the same bytes, and the model gives each its own place: only one may be used. */
function sharedUnions(model: ModelContext): readonly Unmodelled[] {
  return [...model.unions.values()].flatMap((branches) => {
    const [first, second] = [...branches.values()];
    if (first === undefined || second === undefined) return [];
    const inTurn = model.boundary.system.inTurn ?? [];
    if ([...branches.values()].every(({ member }) => inTurn.includes(member))) return [];
    const what = `not translated: the members ${first.member} and ${second.member} of one union`;
    return [{ file: second.file, line: second.line, what }];
  });
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
  /** Functions that store watched fields; the same in all rounds. */
  private storing: readonly CFunction[] | null = null;
  /** What is to be said of those that are not in the model. */
  private readonly outside: string[] = [];
  /** What was not understood of initial values at file scope. */
  fileScope: readonly Unmodelled[] = [];

  constructor(
    private readonly program: Program,
    private readonly system: SystemModel,
    machine: DataModel,
  ) {
    const boundary = new Boundary(system);
    this.expand = expanderOf(program, boundary, (name) => this.model.types.named(name).kind !== "unknown");
    const types = new TypeSpace(program, machine, this.expand);
    this.model = new ModelContext(program, types, boundary);
    const signatures = signatureReader(this.model, this.expand);
    const parsed = new Map<string, FunctionType | null>();
    this.model.parse = (text) => {
      let known = parsed.get(text);
      if (known === undefined) {
        known = signatures.ofText(text);
        parsed.set(text, known);
      }
      return known;
    };
    this.model.signatureOf = signatures.ofFunction;
  }

  run(): readonly TranslatedFunction[] {
    for (let round = 0; ; round++) {
      this.model.startRound();
      const functions = this.round();
      const blocking = this.blockingAmong(functions);
      // Locals must not hide what stands at the top of the model, and that is known at the end of a round only.
      // A call that is not answered takes its arguments out of the model: what was found stays found.
      const contradicted = new Map([...this.model.contradicted, ...contradictions(this.model)]);
      if (!same(new Set(contradicted.keys()), new Set(this.model.contradicted.keys()))) this.model.isUnsettled = true;
      this.model.contradicted = contradicted;
      const isStable = same(blocking, this.model.blocking) && !this.model.noteTopNames() && !this.model.isUnsettled;
      this.model.blocking = blocking;
      if (isStable) return functions;
      if (round === MAX_ROUNDS) {
        this.notes.push(`who blocks was not settled after ${MAX_ROUNDS} rounds`);
        return functions;
      }
    }
  }

  /** A kernel in which nobody finds what the system watches has another shape: no verdict can be told from it. */
  private round(): readonly TranslatedFunction[] {
    this.notes.length = 0;
    const lacks = lackOf(this.program, this.system);
    if (lacks !== null) throw new MissingEntryError(`has ${lacks.count} ${lacks.what}`, lacks.names);
    const entries = this.system.entries.flatMap((entry) => this.program.function(entry.name) ?? []);
    for (const fn of entries) this.model.want(fn);
    this.storing ??= this.storingFunctions();
    for (const fn of this.storing) this.model.want(fn);
    this.notes.push(...this.outside);
    const done: TranslatedFunction[] = [];
    for (;;) {
      const fn = this.model.next();
      if (fn === undefined) {
        if (!this.takeFileScope()) return done;
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
      const stores = storesOf([field]);
      const macros = [...storingMacros(this.model, stores)];
      const uses = new RegExp(`${stores.source}${macros.map((name) => `|\\b${name}\\s*\\(`).join("")}`);
      for (const { fn, offset } of this.matches(uses)) {
        if (this.model.boundary.isOutside(fn.name)) this.noteOutside(fn, offset, `stores ${field}`);
        else found.push(fn);
      }
    }
    for (const key of this.system.works) {
      const field = key.slice(key.indexOf(".") + 1);
      for (const { fn, offset } of this.matches(armingOf([field]))) {
        if (this.model.boundary.isOutside(fn.name)) this.noteOutside(fn, offset, `arms or cancels ${field}`);
        else this.arming.set(fn, { offset, field });
      }
    }
    return found;
  }

  private readonly arming = new Map<CFunction, { readonly offset: number; readonly field: string }>();

  /** Names that the system builds on and that this kernel does not have: what they told, nobody tells. */
  missingNames(): readonly Unmodelled[] {
    const { stores, works } = this.system;
    const file = [...this.model.slice.keys()][0]?.file.path ?? "";
    const missing = [...stores, ...works].filter((key) => {
      const [tag = "", field = ""] = key.split(".");
      return this.model.types.struct(tag)?.fields.has(field) !== true;
    });
    return missing.map((key) => ({ file, line: 1, what: `this kernel has no ${key}, which the system builds on` }));
  }

  /** Functions that arm or cancel the system's work, and that nothing in the model calls: who does, and when? */
  armingElsewhere(): readonly Unmodelled[] {
    return [...this.arming].flatMap(([fn, { offset, field }]) => {
      if (this.model.slice.has(fn)) return [];
      const line = fn.file.lines.lineAt(offset);
      return [{ file: fn.file.path, line, what: `${fn.name} arms or cancels ${field}, and is not in the model` }];
    });
  }

  /** Functions whose text has a match, with the place of the first one. */
  private matches(pattern: RegExp): readonly { readonly fn: CFunction; readonly offset: number }[] {
    return this.program.files.flatMap((file) =>
      file.functions.flatMap((fn) => {
        const match = pattern.exec(codeOf(fn));
        return match === null ? [] : [{ fn, offset: fn.bodyStart + match.index }];
      }),
    );
  }

  /** What happens behind the boundary is said, not modelled. */
  private noteOutside(fn: CFunction, offset: number, what: string): void {
    const place = `${fn.file.path}:${fn.file.lines.lineAt(offset)}`;
    this.outside.push(`${place}: ${fn.name} ${what}: not in the model, which ends at calls of that function`);
  }

  /** Gives what stands at file scope its initial values; true when that brought in something new. */
  private takeFileScope(): boolean {
    const before = this.size();
    this.fileScope = fileScopeValues(this.model);
    return this.size() > before;
  }

  private size(): number {
    const { slice, globals, fields } = this.model;
    return [...fields.values()].reduce((sum, names) => sum + names.size, slice.size + globals.size);
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
