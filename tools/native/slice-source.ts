/**
 * The C that is compiled: the very functions that were translated, as they stand in the kernel's files, with what they
 * name taken from the kernel by the index, and stubs for everything that leaves the slice.
 */
import type { CFunction } from "../c/file.ts";
import type { Token } from "../translate/expand.ts";
import { globalType } from "../translate/file-scope.ts";
import { knownConstant } from "../translate/known-constants.ts";
import type { TranslatedSlice } from "../translate/model.ts";
import { JIFFIES_COMPARISONS } from "../translate/primitives.ts";
import { runtimeStruct } from "../translate/runtime-structs.ts";
import type { GlobalInfo } from "../translate/type-space.ts";
import { variablesOf } from "../translate/variables.ts";
import {
  boundaryPlan,
  type CallPlan,
  type DeclaredCall,
  type EntryPlan,
  entryPlans,
  isAllocation,
  type SliceEntry,
} from "./boundary-plan.ts";
import { CNames } from "./c-names.ts";
import { type Piece, textOfPiece } from "./c-text.ts";
import { type GlobalPlan, Layouts, type StructLayout } from "./layout.ts";
import { layoutTables } from "./layout-text.ts";
import { SOCKET_CALLBACKS } from "./runtime-layouts.ts";
import {
  functionPiece,
  headOf,
  resultText,
  stoppingPiece,
  type VariableText,
  variablePiece,
  variableText,
} from "./slice-functions.ts";
import { entryText, lockText, memberName, noEffectText, preemptedText, stubText } from "./stub-text.ts";

/** What both sides of a comparison have to agree on; plain data, which threads can hand to each other. */
export interface HarnessPlan {
  readonly calls: readonly CallPlan[];
  readonly entries: readonly EntryPlan[];
  readonly layouts: readonly StructLayout[];
  /** The model's class of each layout's struct. */
  readonly classNames: readonly string[];
  /** Layout of the variables at file scope. */
  readonly globals: number;
  /** Variables that are objects of their own, by their names in the model, with their layouts. */
  readonly objects: readonly { readonly name: string; readonly layout: number }[];
  /** What a function pointer may point to, in the order of the harness's table. */
  readonly functions: readonly string[];
}

/** The text to compile, and the plan of it. */
export interface SliceSource {
  readonly text: string;
  readonly plan: HarnessPlan;
  /** What the harness cannot give the slice as the kernel has it: opaque types. */
  readonly notes: readonly string[];
}

/** Comparisons of jiffies for trees without include/linux/jiffies.h. */
const COMPARISONS: Readonly<Record<string, string>> = {
  time_after: "(a, b) ((long)((b) - (a)) < 0)",
  time_before: "(a, b) time_after(b, a)",
  time_after_eq: "(a, b) ((long)((a) - (b)) >= 0)",
  time_before_eq: "(a, b) time_after_eq(b, a)",
  time_in_range: "(a, b, c) (time_after_eq(a, b) && time_before_eq(a, c))",
  time_in_range_open: "(a, b, c) (time_after_eq(a, b) && time_before(a, c))",
};

/** Names that a header of ours defines: macros, functions, types. */
export function definedNames(header: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [, name] of header.matchAll(/^#define\s+(\w+)/gm)) names.add(name as string);
  for (const [, name] of header.matchAll(/\b(\w+)\([^()]*(?:\([^()]*\)[^()]*)*\)(?:\n\{|\s*\{|;$)/gm)) {
    names.add(name as string);
  }
  for (const [, name] of header.matchAll(/^struct\s+(\w+)\s*[{;]/gm)) names.add(name as string);
  for (const [, list] of header.matchAll(/^typedef\s+(?:struct\s*\{[^}]*\}|[\w\s]*?\b(?=\w+\s*[,;]))([^;]*);/gm)) {
    for (const [name] of (list as string).matchAll(/\b[A-Za-z_]\w*/g)) names.add(name);
  }
  for (const order of ["le", "be"]) {
    for (const bits of [16, 32, 64]) {
      names.add(`get_unaligned_${order}${bits}`);
      names.add(`put_unaligned_${order}${bits}`);
    }
  }
  return names;
}

/**
 * Writes the C of a slice.
 *
 * @param prelude text of templates/native/prelude.h
 */
export function sliceSource(slice: TranslatedSlice, prelude: string): SliceSource {
  return new SliceWriter(slice, definedNames(prelude)).write();
}

class SliceWriter {
  private readonly layouts: Layouts;
  private readonly names: CNames;
  private readonly calls: readonly DeclaredCall[];
  private readonly entries: readonly SliceEntry[];
  private readonly callNames: ReadonlySet<string>;
  private readonly unmodelledCalls: ReadonlySet<string>;

  constructor(
    private readonly slice: TranslatedSlice,
    private readonly prelude: ReadonlySet<string>,
  ) {
    const { model, translation } = slice;
    this.layouts = new Layouts(model);
    this.calls = boundaryPlan(model, this.layouts);
    this.entries = entryPlans(model, this.layouts);
    this.callNames = new Set(this.calls.map((one) => one.name));
    this.unmodelledCalls = new Set(
      translation.unmodelled.flatMap(
        ({ what }) => /^call of (\w+), which the model does not know/.exec(what)?.[1] ?? [],
      ),
    );
    this.names = new CNames(
      model.program,
      (name) => this.isTreated(name),
      (name) => prelude.has(name) || runtimeStruct(name) !== null,
      (tag) => model.types.struct(tag)?.kind === "wire",
    );
  }

  /** Whether a name is not to be looked up as a macro of the kernel. */
  private isTreated(name: string): boolean {
    if (this.prelude.has(name)) return true;
    if (JIFFIES_COMPARISONS.has(name)) return false;
    return this.slice.model.boundary.keeps(name) || isAllocation(name);
  }

  write(): SliceSource {
    const { model } = this.slice;
    const functions = this.functionTexts();
    const variables = this.variables();
    const globals = this.layouts.ofGlobals(variables.map((one) => one.plan));
    // Structs without a tag are members of others only.
    for (const tag of [...model.fields.keys()].sort()) if (!/^anonymous_\d+$/.test(tag)) this.layouts.of(tag);
    this.layouts.close();
    const others = this.otherVariables(variables.map((one) => one.plan.c));
    this.takeTypes([...variables.map((one) => one.text), ...others]);
    const keywords = this.structsOfLayouts();
    const all = this.layouts.all;
    const objects = variables.flatMap(({ plan }) => {
      const layout =
        plan.type.kind === "struct" && this.layouts.isObject(plan.type) ? this.layouts.of(plan.type.tag) : null;
      return layout === null ? [] : [{ name: plan.ts, c: plan.c, layout: layout.index }];
    });
    const addresses = this.addresses();
    const sections = [
      '#include "interface.h"\n#include "protocol.h"\n#include "prelude.h"\n',
      this.constants(),
      [...this.names.macros.values()].map(asKernel).join(""),
      this.comparisons(),
      [...this.names.forward].map((one) => `${one};\n`).join(""),
      asKernel(this.names.types.join("")),
      this.calls.map((one) => stubText(model, one)).join(""),
      this.prototypes(),
      this.noEffects(),
      this.preemptedCalls(),
      others.map((one) => one.definition).join(""),
      variables.map((one) => one.text.declaration).join(""),
      variables.map((one) => one.text.definition).join(""),
      functions,
      harnessLine(),
      layoutTables(all, keywords, { globals: globals.index, objects, variables: variables.map((one) => one.plan) }),
      entryText(
        this.entries,
        addresses.map((one) => one.c),
      ),
    ];
    return {
      text: sections.join("\n"),
      plan: {
        calls: this.calls.map(({ declared: _, type: __, ...call }) => call),
        entries: this.entries.map(({ fn: _, ...entry }) => entry),
        classNames: all.map(({ tag }) => model.className(tag)),
        layouts: all,
        globals: globals.index,
        objects: objects.map(({ name, layout }) => ({ name, layout })),
        functions: addresses.map((one) => one.name),
      },
      notes: [...this.names.opaque].map((one) => `${one} is opaque in the harness`),
    };
  }

  private functionTexts(): string {
    const pieces = this.entries.map((entry) => this.piece(entry));
    for (const { tokens } of pieces) this.names.read(tokens);
    return pieces.map((piece) => `${STATIC}${textOfPiece(piece)}`).join("");
  }

  private piece({ fn, name, result }: SliceEntry): Piece {
    const { model, translation } = this.slice;
    const isBroken = translation.unmodelled.some(
      ({ file, what }) => file === fn.file.path && what.startsWith(`${fn.name}: `),
    );
    return isBroken ? stoppingPiece(fn, name) : functionPiece(model, fn, name, result.kind !== "void");
  }

  /** Variables at file scope and ops tables, by their names in the model. */
  private variables(): readonly { readonly plan: GlobalPlan; readonly text: VariableText }[] {
    const { model } = this.slice;
    const all = new Map<string, GlobalInfo>(model.globals);
    for (const name of model.tables.keys()) {
      const global = model.types.global(name);
      if (global !== null && !all.has(name)) all.set(name, global);
    }
    return [...all]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([ts, global]) => {
        const text = this.variable(ts, global);
        this.names.read(text.tokens);
        return { plan: { ts, c: ts, type: globalType(model, ts, global) }, text };
      });
  }

  /** Variables that only calls without effect name: the model does not keep them, and C wants them declared. */
  private otherVariables(known: readonly string[]): readonly VariableText[] {
    const { model } = this.slice;
    const sites = variablesOf(model.program);
    return [...this.names.allWords].sort().flatMap((name) => {
      if (known.includes(name) || this.isTreated(name) || !sites.has(name)) return [];
      const global = model.types.global(name);
      const piece = global === null ? null : variablePiece(model, name, global);
      if (piece === null) return [];
      const text = variableText({ file: piece.file, tokens: untilValue(piece.tokens) }, name, null);
      return [text];
    });
  }

  private variable(name: string, global: GlobalInfo): VariableText {
    const piece = variablePiece(this.slice.model, name, global);
    if (piece === null) {
      // The kernel's own work queues, which no file of the slice declares.
      return { declaration: "", definition: `struct workqueue_struct *${name};\n`, tokens: [] };
    }
    const tag = global.type.kind === "struct" ? global.type.tag : null;
    if (tag === null) return variableText(piece, name, null);
    const kept = this.slice.model.fields.get(tag) ?? new Set<string>();
    return variableText(piece, name, (member, value) =>
      kept.has(member) ? this.memberValue(tag, member, value) : null,
    );
  }

  /** What an ops table has: a function of the slice, a stub, or one that the slice does not have. */
  private memberValue(tag: string, member: string, value: readonly Token[]): readonly Token[] {
    const { model } = this.slice;
    const key = `${tag}.${member}`;
    const [first] = value;
    if (first === undefined) return value;
    if (this.calls.some((one) => one.kind === "member" && one.name === key)) {
      return [{ ...first, text: `(void *)${memberName(key)}` }];
    }
    const name = value.filter((token) => token.text !== "&")[0]?.text ?? "";
    const fn = model.program.function(name);
    if (value.length > 2 || fn === undefined) return value;
    const known = model.slice.get(fn);
    if (known !== undefined) return [{ ...first, text: known.name }];
    const isThere = this.callNames.has(name) || model.boundary.noEffect(name) !== null;
    return isThere ? value : [{ ...first, text: "(void *)gh_missing" }];
  }

  /** Types that the functions, the stubs and the variables name. */
  private takeTypes(variables: readonly VariableText[]): void {
    const { model } = this.slice;
    for (const entry of this.entries) this.names.readTypes(this.piece(entry).tokens, true);
    for (const { tokens } of variables) {
      this.names.readDeclaredType(tokens);
      this.names.readTypes(tokens, false);
    }
    for (const { declared } of this.calls) {
      if (declared !== null && "bodyStart" in declared) this.names.readTypes(headOf(declared).tokens, false);
    }
    for (const name of this.noEffectNames()) {
      const fn = model.program.function(name);
      if (fn !== undefined) this.names.readTypes(headOf(fn).tokens, false);
    }
  }

  /** Takes in the structs of all layouts. @returns what each is called in C */
  private structsOfLayouts(): (tag: string) => string {
    for (const { tag } of this.layouts.all) if (tag !== "" && runtimeStruct(tag) === null) this.names.struct(tag);
    return (tag) => (/^(?:atomic_t|atomic64_t|refcount_t)$/.test(tag) ? tag : this.names.typeName(tag));
  }

  /** Constants that all kernels share, for trees that may lack them or have them for other machines. */
  private constants(): string {
    return [...this.names.allWords]
      .filter((name) => !this.prelude.has(name) && knownConstant(name) !== null)
      .sort()
      .map((name) => `#undef ${name}\n#define ${name} ${knownConstant(name)}\n`)
      .join("");
  }

  private comparisons(): string {
    const missing = [...JIFFIES_COMPARISONS].filter((name) => !this.names.macros.has(name));
    return missing.map((name) => `#define ${name}${COMPARISONS[name]}\n`).join("");
  }

  private prototypes(): string {
    return this.entries
      .map(({ fn, name }) => {
        const { file, tokens } = headOf(fn);
        const renamed = tokens.map((token) => (token.text === fn.name ? { ...token, text: name } : token));
        return `${STATIC}${textOfPiece({ file, tokens: renamed }).trimEnd()};\n`;
      })
      .join("");
  }

  private noEffectNames(): readonly string[] {
    const { boundary, program } = this.slice.model;
    const variables = variablesOf(program);
    return [...this.names.allWords]
      .filter((name) => !this.prelude.has(name) && !this.callNames.has(name) && boundary.played(name) === undefined)
      .filter((name) => program.function(name) !== undefined || !(variables.has(name) || this.names.isType(name)))
      .filter((name) => boundary.noEffect(name) !== null || boundary.isBeyond(name) || this.unmodelledCalls.has(name))
      .sort();
  }

  /** Calls without effect, and those that no history is to come to. */
  private noEffects(): string {
    const { model } = this.slice;
    const { boundary } = model;
    const texts = this.noEffectNames().map((name) => {
      const point = boundary.preemption(name);
      if (point === "take" || point === "release") return lockText(name, point);
      const fn: CFunction | undefined = model.program.function(name);
      const result = fn === undefined ? "int" : resultText(fn);
      const isGone = boundary.isBeyond(name) || this.unmodelledCalls.has(name) || model.contradicted.has(name);
      return noEffectText(name, result, isGone ? "stop" : (boundary.noEffect(name)?.result ?? null));
    });
    return texts.join("");
  }

  /** Calls before which another thread may come, as the translator has it. */
  private preemptedCalls(): string {
    const { boundary } = this.slice.model;
    return [...this.names.allWords]
      .filter((name) => boundary.preemption(name) === "before" && (this.prelude.has(name) || this.callNames.has(name)))
      .sort()
      .map(preemptedText)
      .join("");
  }

  /** Functions whose addresses both sides know. */
  private addresses(): readonly { readonly name: string; readonly c: string }[] {
    const { model } = this.slice;
    return [
      ...this.entries.map(({ name }) => ({ name, c: name })),
      ...this.calls
        .filter((one) => one.kind === "environment")
        .map(({ name }) => ({ name: `environment.${name}`, c: name })),
      ...this.calls
        .filter((one) => one.kind === "member")
        .map(({ name, exported }) => ({ name: `members.${exported}`, c: memberName(name) })),
      ...[...model.noEffectTaken.keys()].sort().map((name) => ({ name: `without.${name}`, c: name })),
      ...Object.keys(SOCKET_CALLBACKS).map((name) => ({ name: `socket.${name}`, c: `gh_${name}` })),
    ];
  }
}

/** A declaration without what it starts with. */
function untilValue(tokens: readonly Token[]): readonly Token[] {
  const equals = tokens.findIndex((token) => token.text === "=");
  const end = tokens.at(-1);
  return equals < 0 || end === undefined ? tokens : [...tokens.slice(0, equals), end];
}

/** The slice's functions are nobody else's: some are called as functions of the C library are. */
const STATIC = "static __attribute__((unused))\n";

/** Text that is the kernel's, whose style is not the compiler's business here. */
function asKernel(text: string): string {
  return `# 1 "kernel" 3\n${text}\n`;
}

/** Text that is the harness's own again: warnings count. */
function harnessLine(): string {
  return '# 1 "harness"\n';
}
