/**
 * What the translator knows while it works: the model as a whole, and the function at hand.
 */
import type { CFile, CFunction } from "../c/file.ts";
import type { Program } from "../c/program.ts";
import type { SyntaxNode } from "../c/syntax.ts";
import type { Boundary, Prototype } from "./boundary.ts";
import { type CType, type FunctionType, isInt, type PointerType } from "./c-types.ts";
import type { ExpandedText } from "./expand.ts";
import type { Frame, Target } from "./jumps.ts";
import { runtimeStruct } from "./runtime-structs.ts";
import type { StructInfo, TypeSpace } from "./type-space.ts";

/** A place in the slice that the translator could not say in TypeScript, or a call that leaves the model unanswered. */
export interface Unmodelled {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/** A function of the slice. */
export interface SliceFunction {
  readonly fn: CFunction;
  /** Name in the model: the C name, or with a number where static functions share one. */
  readonly name: string;
}

/** Words of TypeScript that C uses as names, and the names that a model has itself. */
const RESERVED = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends " +
    "false finally for function if implements import in instanceof interface let new null package private protected " +
    "public return static super switch this throw true try typeof var void while with yield async of number string " +
    "boolean kernel environment globals tables model NULL HZ undefined Number Struct unmodelled __list_cursor"
  ).split(" "),
);

/** A C name as a TypeScript name. */
export function safeName(name: string): string {
  return RESERVED.has(name) ? `${name}_` : name;
}

/** How TypeScript holds what a pointer points to. */
export type PointerForm = "struct" | "bytes" | "cell" | "function" | "void" | "unknown";

export class ModelContext {
  /** Members of object structs that the model uses: the only ones that it keeps. */
  readonly fields = new Map<string, Set<string>>();
  readonly wireFields = new Map<string, Set<string>>();
  readonly globals = new Set<string>();
  readonly environmentCalls = new Map<string, CFunction | Prototype>();
  /** Members of ops tables that the environment plays and that are called: `struct.member`. */
  readonly environmentMembers = new Set<string>();
  /** Ops tables: TypeScript for each member that the model calls through. */
  readonly tables = new Map<string, { readonly tag: string; readonly entries: ReadonlyMap<string, string> }>();
  /** Comparisons of jiffies that the model uses. */
  readonly comparisons = new Set<string>();
  readonly noEffectCalls = new Map<string, string>();
  readonly imports = new Map<string, Set<string>>();
  readonly slice = new Map<CFunction, SliceFunction>();
  private readonly queue: CFunction[] = [];
  /** Structs that have a class, from all rounds so far. */
  private readonly classNames = new Set<string>();
  /** Functions that may block, from the last round. */
  blocking: ReadonlySet<string> = new Set();
  /** Functions that must be coroutines whatever they call: bodies of threads. */
  readonly threads = new Set<string>();
  /** Who was put into which member: the candidates of calls through it, by `struct.member`. */
  readonly stored = new Map<string, Set<string>>();
  readonly calls = new Map<string, Set<string>>();

  constructor(
    readonly program: Program,
    readonly types: TypeSpace,
    readonly boundary: Boundary,
  ) {}

  /** Forgets what a round found out, but for who blocks. */
  startRound(): void {
    for (const tag of this.fields.keys()) this.classNames.add(tag);
    for (const one of [this.fields, this.wireFields, this.environmentCalls, this.noEffectCalls, this.imports])
      one.clear();
    this.storedBefore = new Map([...this.stored].map(([key, names]) => [key, new Set(names)]));
    for (const one of [this.slice, this.stored, this.calls]) one.clear();
    for (const one of [this.globals, this.environmentMembers, this.threads, this.comparisons]) one.clear();
    this.queue.length = 0;
  }

  /** Whether a call through a member can block: `struct.member`, null for other pointers. */
  mayBlock(key: string | null): boolean {
    const keys = key === null ? [...this.storedBefore.keys()] : [key];
    return keys.some((one) => [...(this.storedBefore.get(one) ?? [])].some((name) => this.blocking.has(name)));
  }

  /** `stored` as the last round left it. */
  private storedBefore: ReadonlyMap<string, ReadonlySet<string>> = new Map();

  /** TypeScript for a new object of a struct type. */
  newStruct(tag: string, name: string, owner: string): string {
    const runtime = runtimeStruct(tag);
    if (runtime === null) {
      const struct = this.types.struct(tag);
      if (struct === null) return "null";
      if (struct.kind === "wire") return `${this.use("model", "allocateBytes")}(${struct.sizeBytes ?? 0})`;
      return `new ${this.tsStruct(tag)}(kernel${owner === "null" ? "" : `, ${owner}`})`;
    }
    const given = runtime.construct.replace("$name", name).replace("$owner", owner);
    const own = runtime.construct === "" && owner !== "null" ? owner : given;
    return `new ${this.use(runtime.module, runtime.className)}(${own})`;
  }

  /** TypeScript for the zero of a type. */
  initial(type: CType, name: string, owner: string): string {
    switch (type.kind) {
      case "int":
        return type.isBool ? "false" : "0";
      case "struct":
        return this.newStruct(type.tag, name, owner);
      case "array": {
        const length = type.length ?? 0;
        const form = this.arrayForm(type.of);
        if (form === "bytes") {
          const one = this.types.sizeOf(type.of) ?? 1;
          return `${this.use("model", "allocateBytes")}(${length * one})`;
        }
        const element = this.initial(type.of, name, owner);
        if (form === "structs" && type.of.kind === "struct" && element.startsWith("new ")) {
          return `${this.use("structs", "structArray")}(${length}, () => ${element})`;
        }
        return `Array.from({ length: ${length} }, (): ${this.ts(type.of)} => ${element})`;
      }
      case "pointer":
      case "function":
        return this.use("pointers", "NULL");
      default:
        return "null";
    }
  }

  use(module: string, name: string): string {
    const known = this.imports.get(module);
    if (known === undefined) this.imports.set(module, new Set([name]));
    else known.add(name);
    return name;
  }

  /** Takes a function into the slice. */
  want(fn: CFunction): SliceFunction {
    let known = this.slice.get(fn);
    if (known === undefined) {
      const taken = [...this.slice.values()].filter((one) => one.fn.name === fn.name).length;
      known = { fn, name: safeName(taken === 0 ? fn.name : `${fn.name}_${taken + 1}`) };
      this.slice.set(fn, known);
      this.queue.push(fn);
    }
    return known;
  }

  next(): CFunction | undefined {
    return this.queue.shift();
  }

  useField(struct: StructInfo, field: string): void {
    const all = struct.kind === "wire" ? this.wireFields : this.fields;
    const known = all.get(struct.tag);
    if (known === undefined) all.set(struct.tag, new Set([field]));
    else known.add(field);
  }

  /** Names at the top of a model that a local must not hide. */
  isModelName(name: string): boolean {
    for (const names of this.imports.values()) if (names.has(name)) return true;
    return this.program.function(name) !== undefined || this.classNames.has(name);
  }

  put(map: Map<string, Set<string>>, key: string, one: string): void {
    const known = map.get(key);
    if (known === undefined) map.set(key, new Set([one]));
    else known.add(one);
  }

  pointerForm(type: PointerType): PointerForm {
    const { to } = type;
    switch (to.kind) {
      case "void":
        return "void";
      case "function":
        return "function";
      case "int":
        return to.bits === 8 && !to.isBool ? "bytes" : "cell";
      case "struct": {
        const struct = this.types.struct(to.tag);
        if (struct === null) return "unknown";
        return struct.kind === "wire" ? "bytes" : "struct";
      }
      case "unknown":
        return "unknown";
      default:
        return "cell";
    }
  }

  /** How a member or local of array type is held. */
  arrayForm(of: CType): "bytes" | "structs" | "cells" {
    if (isInt(of)) return of.bits === 8 && !of.isBool ? "bytes" : "cells";
    if (of.kind !== "struct") return "cells";
    return this.types.struct(of.tag)?.kind === "wire" ? "bytes" : "structs";
  }

  /** The TypeScript type that holds a C type. */
  ts(type: CType): string {
    switch (type.kind) {
      case "void":
        return "void";
      case "int":
        if (type.isBool) return "boolean";
        if (type.bits < 64) return "number";
        this.use("integers", "type Int64");
        return "Int64";
      case "pointer":
        return this.tsPointer(type);
      case "array": {
        const form = this.arrayForm(type.of);
        return form === "bytes" ? this.use("pointers", "BytePointer") : `${this.ts(type.of)}[]`;
      }
      case "struct":
        return this.tsStruct(type.tag);
      case "function":
        return this.tsFunction(type, false);
      case "unknown":
        return "unknown";
    }
  }

  private tsPointer(type: PointerType): string {
    switch (this.pointerForm(type)) {
      case "void":
      case "unknown":
        return "unknown";
      case "bytes":
        return this.use("pointers", "BytePointer");
      case "function":
        return this.tsFunction(type.to as FunctionType, true);
      case "struct":
        return this.ts(type.to);
      case "cell":
        this.use("pointers", "type Pointer");
        return `Pointer<${this.ts(type.to)}>`;
    }
  }

  private tsFunction(type: FunctionType, mayBlock: boolean): string {
    const parameters = type.parameters.map((one, i) => `a${i}: ${this.ts(one)}`).join(", ");
    const result = this.ts(type.result);
    if (!mayBlock) return `(${parameters}) => ${result}`;
    this.use("tasks", "type Coroutine");
    return `(${parameters}) => ${result} | Coroutine<${result}>`;
  }

  tsStruct(tag: string): string {
    const runtime = runtimeStruct(tag);
    if (runtime !== null) return this.use(runtime.module, runtime.className);
    const struct = this.types.struct(tag);
    if (struct === null) return "unknown";
    if (struct.kind === "wire") return this.use("pointers", "BytePointer");
    if (!this.fields.has(tag)) this.fields.set(tag, new Set());
    return safeName(tag);
  }

  /** The signature of a function that the tree defines, or of a prototype. */
  prototype(one: Prototype): FunctionType | null {
    const text = one.text;
    return this.prototypes.get(text) ?? this.parsePrototype(text);
  }

  private readonly prototypes = new Map<string, FunctionType>();
  parse: ((text: string) => FunctionType | null) | null = null;

  private readonly signatures = new Map<CFunction, FunctionType | null>();

  /** The signature of a function that the tree defines. */
  signature(fn: CFunction): FunctionType | null {
    let known = this.signatures.get(fn);
    if (known === undefined) {
      known = this.signatureOf?.(fn) ?? null;
      this.signatures.set(fn, known);
    }
    return known;
  }

  signatureOf: ((fn: CFunction) => FunctionType | null) | null = null;

  private parsePrototype(text: string): FunctionType | null {
    const parsed = this.parse?.(text) ?? null;
    if (parsed !== null) this.prototypes.set(text, parsed);
    return parsed;
  }
}

/** A local variable or parameter. */
export interface Local {
  readonly name: string;
  readonly type: CType;
  /** Its address is taken: it lives in a Ref. */
  readonly isBoxed: boolean;
  readonly isParameter: boolean;
}

export class FunctionContext {
  readonly locals: Local[] = [];
  readonly unmodelled: Unmodelled[] = [];
  /** Callees that block, so that this function does. */
  blocks = false;
  private readonly scopes: Map<string, Local>[] = [new Map()];
  private readonly taken = new Set<string>();
  private temporaries = 0;
  private readonly labels = new Set<string>();
  /** Places in lists that are walked, innermost last. */
  readonly cursors: Local[] = [];
  /** What break and continue can mean, innermost last. */
  readonly frames: Frame[] = [];
  /** Labels that a goto can reach from here. */
  readonly targets: Target[] = [];

  constructor(
    readonly model: ModelContext,
    readonly file: CFile,
    readonly functionName: string,
    readonly text: ExpandedText,
    readonly result: CType,
    readonly boxed: ReadonlySet<string>,
  ) {}

  textOf(node: SyntaxNode): string {
    return this.text.text.slice(node.start, node.end).trim().replace(/\s+/g, " ");
  }

  line(node: SyntaxNode): number {
    return this.file.lines.lineAt(this.text.offsetAt(node.start));
  }

  /** Says that something was not understood; the text it returns fails when it is reached. */
  fail(node: SyntaxNode, what: string, type = "void"): string {
    const line = this.line(node);
    const said = plain(what);
    this.unmodelled.push({ file: this.file.path, line, what: said });
    this.model.use("model", "unmodelled");
    return `unmodelled<${type}>(${JSON.stringify(`${this.file.path}:${line}`)}, ${JSON.stringify(said)})`;
  }

  enterScope(): void {
    this.scopes.push(new Map());
  }

  leaveScope(): void {
    this.scopes.pop();
  }

  declare(cName: string, type: CType, isParameter = false): Local {
    let name = safeName(cName);
    for (let i = 2; this.taken.has(name) || this.model.isModelName(name); i++) name = `${safeName(cName)}_${i}`;
    this.taken.add(name);
    const isBoxed = this.boxed.has(cName) && isScalar(type);
    const local: Local = { name, type, isBoxed, isParameter };
    this.locals.push(local);
    (this.scopes.at(-1) as Map<string, Local>).set(cName, local);
    return local;
  }

  /** Declares a variable under a name that C does not see. */
  declareAs(cName: string, name: string, type: CType): Local {
    const local = this.declare(name, type);
    (this.scopes.at(-1) as Map<string, Local>).set(cName, local);
    return local;
  }

  /** A label that the function does not have yet. */
  labelName(stem: string): string {
    let name = stem;
    for (let i = 1; this.labels.has(name) || name === stem; i++)
      name = stem.endsWith("_") ? `${stem}${i}` : i === 1 ? `${stem}_` : `${stem}_${i}`;
    this.labels.add(name);
    return name;
  }

  local(cName: string): Local | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const found = (this.scopes[i] as Map<string, Local>).get(cName);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** A variable of the translator's own. */
  temporary(stem: string, type: CType): Local {
    return this.declare(`${stem}${++this.temporaries}`, type);
  }
}

function isScalar(type: CType): boolean {
  return type.kind === "int" || type.kind === "pointer" || type.kind === "unknown";
}

/** C comments and odd bytes are hostile: what is said of a place is one line of printable ASCII. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is "everything but printable ASCII"
  const line = text.replace(/[^\x20-\x7e]+/g, " ");
  return line.length > 160 ? `${line.slice(0, 157)}...` : line;
}
