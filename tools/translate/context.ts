/**
 * What the translator knows while it works: the model as a whole, and the function at hand.
 */
import type { CFile, CFunction } from "../c/file.ts";
import type { Program } from "../c/program.ts";
import type { SyntaxNode } from "../c/syntax.ts";
import type { Boundary, Prototype } from "./boundary.ts";
import { type CType, type FunctionType, isInt, type PointerType, typeText } from "./c-types.ts";
import type { ExpandedText } from "./expand.ts";
import type { ParsedFunction } from "./function.ts";
import type { Frame, Target } from "./jumps.ts";
import { fieldName, isModelWord, quotedText, safeName } from "./names.ts";
import { runtimeStruct } from "./runtime-structs.ts";
import type { GlobalInfo, StructInfo, TypeSpace } from "./type-space.ts";

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

/** How TypeScript holds what a pointer points to. */
export type PointerForm = "struct" | "bytes" | "cell" | "function" | "void" | "unknown";

export class ModelContext {
  /** Members of object structs that the model uses: the only ones that it keeps. */
  readonly fields = new Map<string, Set<string>>();
  readonly wireFields = new Map<string, Set<string>>();
  /** Variables at file scope by their name in the model. */
  readonly globals = new Map<string, GlobalInfo>();
  /** Statements that give them their initial values, by the same names. */
  readonly setups = new Map<string, readonly string[]>();
  /** Unions of which the model uses members: union -> member -> the first place that uses it. */
  readonly unions = new Map<string, Map<string, UnionUse>>();
  /** Functions whose address is taken, by the kind of their calls, from the last round. */
  private takenBefore: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  private readonly taken = new Map<string, Set<string>>();
  readonly environmentCalls = new Map<string, CFunction | Prototype>();
  /** Members of ops tables that the environment plays and that are called: `struct.member`. */
  readonly environmentMembers = new Set<string>();
  /** Ops tables: statements that fill in the members that the model uses. */
  readonly tables = new Map<string, { readonly tag: string; readonly lines: readonly string[] }>();
  /** Whether a call of the model is told to the environment before it is made. */
  observes = false;
  /** Comparisons of jiffies that the model uses. */
  readonly comparisons = new Set<string>();
  /** Functions without effect of which only the address is taken: they run in threads of their own. */
  readonly noEffectTaken = new Map<string, string>();
  readonly noEffectCalls = new Map<string, string>();
  readonly imports = new Map<string, Set<string>>();
  readonly slice = new Map<CFunction, SliceFunction>();
  private readonly queue: CFunction[] = [];
  /** Names at the top of the model, from all rounds so far: classes of structs, imports. */
  private readonly topNames = new Set<string>();
  /** Functions that may block, from the last round. */
  blocking: ReadonlySet<string> = new Set();
  /** Functions that must be coroutines whatever they call: bodies of threads. */
  readonly threads = new Set<string>();
  /** Who was put into which member: the candidates of calls through it, by `struct.member`. */
  readonly stored = new Map<string, Set<string>>();
  readonly calls = new Map<string, Set<string>>();
  /** Trees of functions, or why there is none: the same in all rounds. */
  readonly parsed = new Map<CFunction, ParsedFunction | string>();

  constructor(
    readonly program: Program,
    readonly types: TypeSpace,
    readonly boundary: Boundary,
  ) {
    const members = boundary.system.preemption?.members;
    this.sharedMembers = members === undefined ? null : new Set(members.map((key) => key.slice(key.indexOf(".") + 1)));
  }

  /** Names of members that threads share without a lock; null where nobody asks. */
  readonly sharedMembers: ReadonlySet<string> | null;
  /** Functions outside the model that store what the system watches: calls of them are not answered. */
  contradicted: ReadonlyMap<string, Unmodelled> = new Map();
  /** Whether this round found something out that earlier functions of the round did not know yet. */
  isUnsettled = false;

  /** Forgets what a round found out, but for who blocks. */
  startRound(): void {
    this.isUnsettled = false;
    this.noteTopNames();
    this.storedBefore = copyOf(this.stored);
    this.takenBefore = copyOf(this.taken);
    const maps = [
      this.fields,
      this.wireFields,
      this.environmentCalls,
      this.noEffectCalls,
      this.noEffectTaken,
      this.imports,
      this.setups,
    ];
    for (const one of [...maps, this.slice, this.stored, this.taken, this.calls, this.globals, this.unions])
      one.clear();
    for (const one of [this.environmentMembers, this.threads, this.comparisons]) one.clear();
    this.queue.length = 0;
  }

  /** Notes the names at the top of the model as it is now; false when all were known. */
  noteTopNames(): boolean {
    const before = this.topNames.size;
    for (const tag of this.fields.keys()) this.topNames.add(this.className(tag));
    for (const tag of this.wireFields.keys()) this.topNames.add(this.wireName(tag));
    for (const names of this.imports.values()) for (const name of names) this.topNames.add(name);
    for (const name of this.tables.keys()) this.topNames.add(name);
    return this.topNames.size > before;
  }

  /**
   * Whether a call through a pointer can block.
   * @param key `struct.member`, null for other pointers.
   */
  mayBlock(key: string | null, type: FunctionType): boolean {
    const keys = key === null ? [...this.storedBefore.keys()] : [key];
    const names = keys.flatMap((one) => [...(this.storedBefore.get(one) ?? [])]);
    // A function may have come to the pointer by way of a variable or an argument.
    const others = this.takenBefore.get(callKind(type)) ?? [];
    return [...names, ...others].some((name) => this.blocking.has(name));
  }

  /** Notes that a function's address is taken. */
  takeAddress(name: string, type: FunctionType): void {
    this.put(this.taken, callKind(type), name);
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
      case "struct": {
        const made = this.newStruct(type.tag, name, owner);
        // It has an address all the same.
        return made === "null" ? `new ${this.use("structs", "OpaqueStruct")}(${owner})` : made;
      }
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
      const others = new Set([...this.slice.values()].map((one) => one.name));
      const isFree = (name: string): boolean => !others.has(name) && !isModelWord(name);
      let name = safeName(fn.name);
      for (let i = 2; !isFree(name) || (i > 2 && this.program.function(name) !== undefined); i++) {
        name = `${fn.name}_${i}`;
      }
      known = { fn, name };
      this.slice.set(fn, known);
      this.queue.push(fn);
    }
    return known;
  }

  next(): CFunction | undefined {
    return this.queue.shift();
  }

  /** Keeps a member of a struct by their names. */
  useMember(tag: string, field: string): void {
    const struct = this.types.struct(tag);
    if (struct !== null && struct.kind !== "runtime") this.useField(struct, field);
  }

  /** Keeps a member of a struct; `ctx` is who asks for it. */
  useField(struct: StructInfo, field: string, ctx: FunctionContext | null = null): void {
    if (struct.kind === "object" && ctx !== null) this.noteUnions(struct, field, ctx);
    const all = struct.kind === "wire" ? this.wireFields : this.fields;
    const known = all.get(struct.tag);
    if (known === undefined) all.set(struct.tag, new Set([field]));
    else known.add(field);
  }

  private noteUnions(struct: StructInfo, field: string, ctx: FunctionContext): void {
    for (const { union, branch } of struct.fields.get(field)?.unions ?? []) {
      const known = this.unions.get(union) ?? new Map<string, UnionUse>();
      this.unions.set(union, known);
      if (known.has(branch)) continue;
      const line = ctx.at === null ? 0 : ctx.line(ctx.at);
      known.set(branch, { member: field, file: ctx.file.path, line });
    }
  }

  /** The name in the model of a variable at file scope; static ones of several files may share theirs in C. */
  globalName(name: string, global: GlobalInfo): string {
    for (let i = 1; ; i++) {
      const own = i === 1 ? fieldName(name) : `${name}_${i}`;
      const known = this.globals.get(own);
      if (known !== undefined && known !== global) continue;
      this.globals.set(own, global);
      return own;
    }
  }

  /** Names at the top of a model that a local must not hide. */
  isModelName(name: string): boolean {
    for (const names of this.imports.values()) if (names.has(name)) return true;
    return isModelWord(name) || this.program.function(name) !== undefined || this.topNames.has(name);
  }

  /** Name of a struct's class; functions may have the same name as a struct. */
  className(tag: string): string {
    const isTaken = isModelWord(tag) || this.program.function(tag) !== undefined;
    return isTaken ? `${tag}_struct` : safeName(tag);
  }

  /** Name of the members of a packed struct. */
  wireName(tag: string): string {
    return this.className(tag);
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
    return this.className(tag);
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

/** Where a member of a union is used first. */
export interface UnionUse {
  readonly member: string;
  readonly file: string;
  readonly line: number;
}

/** Functions of one kind can stand behind one pointer: the same result and parameters, pointers being all alike. */
function callKind(type: FunctionType): string {
  const kind = (one: CType): string => (one.kind === "pointer" || one.kind === "array" ? "pointer" : typeText(one));
  return [type.result, ...type.parameters].map(kind).join(",");
}

function copyOf(map: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map([...map].map(([key, names]) => [key, new Set(names)]));
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
  /** The expression that is being translated. */
  at: SyntaxNode | null = null;
  /** In how many others it stands. */
  depth = 0;

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
    return `unmodelled<${type}>(${quotedText(`${this.file.path}:${line}`)}, ${quotedText(said)})`;
  }

  /** As fail(), about the expression that is being translated. */
  failHere(what: string, type: string): string {
    if (this.at === null) throw new Error(`${what}: outside any expression of ${this.functionName}`);
    return this.fail(this.at, `not translated: ${what}: ${this.textOf(this.at)}`, type);
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
    if (this.boxed.has(cName) && isParameter) this.taken.add(`${name}_`);
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
  const line = text.replace(/[^\x20-\x7e]+/g, " ");
  return line.length > 160 ? `${line.slice(0, 157)}...` : line;
}
