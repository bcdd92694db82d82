/**
 * What functions that are said to be without effect change all the same: members and variables that the model keeps.
 * Looked for are stores, and calls that change what they get the address of: bits, counters, lists, works, timers. They
 * are followed into what they call, into functions of the slice too.
 */
import type { CFile, CFunction } from "../c/file.ts";
import { codeOfFile, textOfNode } from "../c/fragment.ts";
import type { MacroDefinition } from "../c/preprocessor.ts";
import type { Program } from "../c/program.ts";
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import { fieldOf, type LocalTypes, localTypes } from "../c/types.ts";
import { isInt } from "./c-types.ts";
import type { ModelContext } from "./context.ts";
import { knownMacro } from "./known-macros.ts";
import { runtimeStruct } from "./runtime-structs.ts";

/** Functions looked at behind one call; deeper chains of calls are bookkeeping. */
const MAX_FUNCTIONS = 200;

/** What changes that of which it gets the address. */
const CHANGING = new RegExp(
  `^(?:${[
    "_{0,2}(?:test_and_)?(?:set|clear|change)_bit\\w*",
    "(?:atomic|atomic64|atomic_long|refcount|kref)_(?!read\\b|long_read\\b)\\w+",
    "(?:try_)?(?:cmp)?xchg\\w*",
    "list_(?:add|del|move|splice|replace|rotate)\\w*",
    "(?:__)?INIT_\\w+",
    "(?:queue|mod|cancel|schedule|flush)_(?:delayed_)?work\\w*",
    "(?:__)?wake_up\\w*",
    "complete\\w*",
    "(?:mod|add|del|setup|init)_timer\\w*",
    "timer_(?:setup|delete|shutdown)\\w*",
    "mem(?:set|cpy|move)",
  ].join("|")})$`,
);
/** What stores to its first argument. */
const STORING = /^(?:WRITE_ONCE|smp_store_\w+|rcu_assign_pointer|RCU_INIT_POINTER|swap|(?:try_)?(?:cmp)?xchg\w*)$/;
/** What looks at that of which it gets the address, or copies it. */
const LOOKING = /^(?:test_bit\w*|\w+_read|READ_ONCE|smp_load_acquire|mem(?:cpy|move|cmp)|sizeof)$/;
/** Of some, only what is written to matters. */
const FIRST_ONLY = /^mem(?:cpy|move)$/;

/** What gives back the memory that one of its arguments points to. */
const FREEING = /^(?:kfree|kvfree|kfree_sensitive|kzfree|mempool_free|kmem_cache_free)$/;

/** A member or variable that a function changes. */
interface Change {
  /** null for a variable, and for a member of what the declarations do not tell. */
  readonly tag: string | null;
  readonly name: string;
  readonly isMember: boolean;
  /** The members, from the outermost on, in which a struct stands that has the changed one: as `struct.member`. */
  readonly within: readonly string[];
  readonly what: string;
  readonly offset: number;
  /** Its address is kept: whoever has it may change it, if it is a number. */
  readonly isEscape: boolean;
}

/** What is to be known of a function, whatever the model is. */
interface Facts {
  readonly changes: readonly Change[];
  readonly calls: readonly string[];
}

const known = new WeakMap<CFunction, Facts | null>();

function factsOf(fn: CFunction, program: Program): Facts | null {
  let facts = known.get(fn);
  if (facts === undefined) {
    const root = fn.syntax();
    facts = root === null ? null : new Reader(fn, program).read(root);
    known.set(fn, facts);
  }
  return facts;
}

/** Reads a function's tree. */
class Reader {
  private readonly changes: Change[] = [];
  private readonly calls = new Set<string>();
  private readonly code;
  private readonly locals: LocalTypes;

  constructor(
    fn: CFunction,
    private readonly program: Program,
  ) {
    this.code = codeOfFile(fn.file);
    this.locals = localTypes(fn);
  }

  read(root: SyntaxNode): Facts {
    for (const node of descendants(root)) {
      if (node.type === "call_expression") this.call(node);
      else if (node.type === "assignment_expression") this.change(childOf(node, "left"), "stores");
      else if (node.type === "update_expression") this.change(childOf(node, "argument"), "stores");
      else if (node.type === "pointer_expression" && this.isKept(node)) this.change(addressed(node), "hands on", true);
    }
    return { changes: this.changes, calls: [...this.calls] };
  }

  private call(node: SyntaxNode): void {
    const callee = childOf(node, "function");
    if (callee === undefined) return;
    const name = textOfNode(this.code, callee);
    this.calls.add(name);
    const given = childOf(node, "arguments")?.children ?? [];
    if (STORING.test(name)) this.change(addressed(given[0]) ?? given[0], `changes (${name})`);
    if (!CHANGING.test(name)) return;
    for (const one of FIRST_ONLY.test(name) ? given.slice(0, 1) : given) {
      this.change(addressed(one), `changes (${name})`);
    }
  }

  /** Whether an address goes into a variable, to the caller, or to a call that may do anything with it. */
  private isKept(node: SyntaxNode): boolean {
    let at = node.parent;
    while (at?.type === "parenthesized_expression" || at?.type === "cast_expression") at = at.parent;
    if (at === null) return false;
    const callee = at.type === "argument_list" && at.parent !== null ? childOf(at.parent, "function") : undefined;
    if (callee !== undefined) return !LOOKING.test(textOfNode(this.code, callee));
    return /^(?:init_declarator|assignment_expression|return_statement)$/.test(at.type);
  }

  private change(place: SyntaxNode | null | undefined, what: string, isEscape = false): void {
    const inner = plain(place);
    if (inner === null) return;
    const at = { what, offset: inner.start, isEscape };
    if (inner.type === "identifier") {
      const name = textOfNode(this.code, inner);
      if (!this.locals.has(name)) this.changes.push({ ...at, tag: null, name, isMember: false, within: [] });
      return;
    }
    const found = fieldOf(inner, this.code, this.locals, this.program);
    if (found === null || this.isOwn(inner) || this.isFreedBehind(inner)) return;
    const { structTag: tag, field: name } = found;
    this.changes.push({ ...at, tag, name, isMember: true, within: this.outer(inner) });
  }

  /** Whether a member is one of a struct that is a local of the function. */
  private isOwn(node: SyntaxNode): boolean {
    const holder = this.holder(node);
    if (holder?.type === "field_expression") return this.isOwn(holder);
    return holder?.type === "identifier" && this.locals.has(textOfNode(this.code, holder));
  }

  /** Whether what a member is changed of is given back behind that, in the same block: nobody sees the change. */
  private isFreedBehind(node: SyntaxNode): boolean {
    const owner = plain(childOf(node, "argument"));
    if (owner?.type !== "identifier") return false;
    const name = textOfNode(this.code, owner);
    let statement: SyntaxNode = node;
    while (statement.parent !== null && statement.parent.type !== "compound_statement") statement = statement.parent;
    const behind = (statement.parent?.children ?? []).filter((one) => one.start >= statement.end);
    return behind.some((one) => {
      const call = one.type === "expression_statement" ? one.children[0] : undefined;
      const callee = call?.type === "call_expression" ? childOf(call, "function") : undefined;
      if (call === undefined || callee === undefined || !FREEING.test(textOfNode(this.code, callee))) return false;
      return (childOf(call, "arguments")?.children ?? []).some((given) => textOfNode(this.code, given) === name);
    });
  }

  /** The struct of `struct.member`; null behind a pointer. */
  private holder(node: SyntaxNode): SyntaxNode | null {
    const [argument, field] = [plain(childOf(node, "argument")), childOf(node, "field")];
    if (argument === null || field === undefined) return null;
    return this.code.source.slice(argument.end, field.start).includes("->") ? null : argument;
  }

  /** What `a->b.c` leads through: `b` of the struct of `a`. */
  private outer(node: SyntaxNode): readonly string[] {
    const argument = this.holder(node);
    if (argument?.type !== "field_expression") return [];
    const found = fieldOf(argument, this.code, this.locals, this.program);
    if (found?.structTag === undefined || found.structTag === null) return [];
    return [...this.outer(argument), `${found.structTag}.${found.field}`];
  }
}

/** What `&` stands before; null where it does not. */
function addressed(node: SyntaxNode | undefined): SyntaxNode | null {
  let at = node;
  while (at?.type === "parenthesized_expression" || at?.type === "cast_expression") {
    at = childOf(at, "value") ?? at.children[0];
  }
  if (at?.type !== "pointer_expression" || childOf(at, "operator")?.type !== "&") return null;
  return childOf(at, "argument") ?? null;
}

/** The member or variable that a place is, or is an element of. */
function plain(node: SyntaxNode | null | undefined): SyntaxNode | null {
  let at = node ?? undefined;
  while (at?.type === "parenthesized_expression" || at?.type === "subscript_expression") {
    at = childOf(at, "argument") ?? at.children[0];
  }
  return at === undefined || !/^(?:identifier|field_expression)$/.test(at.type) ? null : at;
}

/** Text of a macro that stores a member, or hands the address of one to a call. */
const MACRO_STORE = /(?:->|\.)\s*(\w+)[\s)]*(?:(?:[-+*/%&|^]|<<|>>)?=(?!=)|\+\+|--)/g;
const MACRO_CALL = /\b(\w+)\s*\(([^;{}]*)/g;
const MACRO_ADDRESS = /&[^,;&]*?(?:->|\.)\s*(\w+)\s*[,)]/g;

/** What a macro's text shows; which struct its members are of, it does not tell. */
function factsOfMacro({ body }: MacroDefinition): Facts {
  const changes: Change[] = [];
  const calls: string[] = [];
  const note = (name: string | undefined, what: string): void => {
    if (name !== undefined)
      changes.push({ tag: null, name, isMember: true, within: [], what, offset: 0, isEscape: false });
  };
  for (const [, name] of body.matchAll(MACRO_STORE)) note(name, "stores");
  for (const [, callee = "", given = ""] of body.matchAll(MACRO_CALL)) {
    calls.push(callee);
    if (!CHANGING.test(callee)) continue;
    for (const [, name] of given.matchAll(MACRO_ADDRESS)) note(name, `changes (${callee})`);
  }
  return { changes, calls };
}

/** How the model knows what is changed, if it keeps it and does not leave it to functions without effect. */
function keptName(model: ModelContext, { tag, name, isMember, within, isEscape }: Change): string | null {
  const { bookkeeping = [] } = model.boundary.system;
  if (!isMember) return isEscape || !model.globals.has(name) || bookkeeping.includes(name) ? null : name;
  if (within.some((key) => bookkeeping.includes(key) || !isKept(model, key))) return null;
  const tags = tag === null ? [...model.fields.keys()] : [tag];
  for (const key of tags.map((one) => `${one}.${name}`)) {
    if (!isKept(model, key) || bookkeeping.includes(key)) continue;
    if (!isEscape || isNumber(model, key)) return key;
  }
  return null;
}

function isKept(model: ModelContext, key: string): boolean {
  const [tag = "", name = ""] = key.split(".");
  return model.fields.get(tag)?.has(name) === true || Object.hasOwn(runtimeStruct(tag)?.fields ?? {}, name);
}

function isNumber(model: ModelContext, key: string): boolean {
  const [tag = "", name = ""] = key.split(".");
  const type = model.types.struct(tag)?.fields.get(name)?.type;
  return type !== undefined && isInt(type);
}

/** A change behind a call that is said to be without effect. */
export interface OutsideChange {
  /** The function that makes it; one that uses a macro which does. */
  readonly fn: CFunction;
  readonly offset: number;
  readonly what: string;
}

/** The first change of what the model keeps that a function makes, or what it calls. */
export function outsideChange(model: ModelContext, start: CFunction): OutsideChange | null {
  const seen = new Set([start]);
  for (const fn of seen) {
    const facts = factsOf(fn, model.program);
    if (facts === null) return { fn, offset: fn.nameOffset, what: `calls ${fn.name}, which does not parse` };
    for (const change of facts.changes) {
      const name = keptName(model, change);
      if (name !== null) return { fn, offset: change.offset, what: `${change.what} ${name}` };
    }
    for (const name of facts.calls) {
      const next = model.program.definition(name, fn.file);
      if (next === undefined) {
        const what = macroChange(model, name);
        if (what !== null) return { fn, offset: fn.nameOffset, what };
      } else if (!model.boundary.isBeyond(name) && seen.size < MAX_FUNCTIONS) seen.add(next);
    }
  }
  return null;
}

/** The same for a macro, and those that it uses. */
export function macroChange(model: ModelContext, start: string): string | null {
  const seen = new Set([start]);
  for (const name of seen) {
    const macro = CHANGING.test(name) || STORING.test(name) ? undefined : model.program.macro(name);
    if (macro === undefined || knownMacro(name) !== undefined) continue;
    const { changes, calls } = factsOfMacro(macro);
    const changed = changes.find((one) => keptName(model, one) !== null);
    if (changed !== undefined) return `${changed.what} ${keptName(model, changed)} (macro ${name})`;
    for (const callee of calls) if (seen.size < MAX_FUNCTIONS) seen.add(callee);
  }
  return null;
}

/** Whether a call by name changes anything but locals, whatever a model keeps. */
export function callChanges(program: Program, name: string, from: CFile): boolean {
  if (CHANGING.test(name) || STORING.test(name)) return true;
  const start = program.definition(name, from);
  const seen = new Set(start === undefined ? [] : [start]);
  for (const fn of seen) {
    const facts = factsOf(fn, program);
    if (facts === null || facts.changes.some((one) => !one.isEscape)) return true;
    for (const callee of facts.calls) {
      if (CHANGING.test(callee) || STORING.test(callee)) return true;
      const next = program.definition(callee, fn.file);
      if (next !== undefined && seen.size < MAX_FUNCTIONS) seen.add(next);
    }
  }
  return false;
}
