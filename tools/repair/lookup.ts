/** Functions and calls found by what they are: a name, the member that they are stored in, what they lead to. */
import type { CFunction } from "../c/file.ts";
import { declaratorName } from "../c/program.ts";
import { ancestorOf, childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import { NotRecognised } from "./recipe.ts";
import type { Site, Workbench } from "./workbench.ts";

/** A function that some member holds, and the assignments that put it there. */
export interface Callback {
  readonly fn: CFunction;
  readonly stores: readonly Site[];
}

/** Calls are followed so many functions deep. */
const MAX_DEPTH = 12;

/** What there is in a program, for a recipe that looks for places. */
export class Lookup {
  constructor(private readonly bench: Workbench) {}

  /** The function of that name; refused where there is none, or more than one that could be meant. */
  functionNamed(name: string): CFunction {
    const found = this.bench.program.files.flatMap((file) => file.functions.filter((one) => one.name === name));
    const [fn, other] = found;
    if (fn === undefined) return this.missing(name);
    if (other !== undefined) {
      throw new NotRecognised(other.file.path, lineOf(other), `${name}() is there more than once`);
    }
    if (fn.syntax() === null) throw new NotRecognised(fn.file.path, lineOf(fn), `${name}() does not parse`);
    return fn;
  }

  /** Names the first place that speaks of what is missing: a prototype, a call. */
  private missing(name: string): never {
    const { files } = this.bench.program;
    for (const file of files) {
      const at = file.masked.source.search(new RegExp(`\\b${name}\\b`));
      if (at >= 0) throw new NotRecognised(file.path, file.lines.lineAt(at), `${name}() has no body here`);
    }
    throw new NotRecognised(files[0]?.path ?? "", 1, `there is no ${name}()`);
  }

  /** Functions of files whose text has a word; asking every function for its tree would parse the kernel. */
  private functionsWith(word: string): readonly CFunction[] {
    const pattern = new RegExp(`\\b${word}\\b`);
    return this.bench.program.files
      .filter((file) => pattern.test(file.masked.source))
      .flatMap(({ functions, masked }) =>
        functions.filter((fn) => pattern.test(masked.source.slice(fn.start, fn.end))),
      );
  }

  /** The functions that are stored into a member by their names, with all places that do so, in file order. */
  callbacksIn(member: string): readonly Callback[] {
    const found = new Map<CFunction, Site[]>();
    for (const fn of this.functionsWith(member)) {
      for (const node of descendantsOf(fn)) {
        const value = node.type === "assignment_expression" ? childOf(node, "right") : undefined;
        if (value?.type !== "identifier" || !this.isField(fn, childOf(node, "left"), member)) continue;
        const stored = this.bench.program.callee(this.bench.words({ fn, node: value }), fn.file);
        if (stored !== undefined) found.set(stored, [...(found.get(stored) ?? []), { fn, node }]);
      }
    }
    return [...found].map(([fn, stores]) => ({ fn, stores }));
  }

  private isField(fn: CFunction, node: SyntaxNode | undefined, name: string): boolean {
    const field = node?.type === "field_expression" ? childOf(node, "field") : undefined;
    return field !== undefined && this.bench.words({ fn, node: field }) === name;
  }

  /** The functions that INIT_WORK() and its kin bind to a member, in file order. */
  workersIn(member: string): readonly CFunction[] {
    const found = new Set<CFunction>();
    const isMeant = new RegExp(`(?:->|\\.)${member}$`);
    for (const fn of this.functionsWith(member)) {
      for (const call of this.callsIn(fn, /^INIT_(?:DELAYED_)?WORK$/)) {
        const [bound, worker] = this.argumentsOf(call);
        const named = worker === undefined ? undefined : this.bench.program.callee(worker, fn.file);
        if (bound !== undefined && named !== undefined && isMeant.test(bound)) found.add(named);
      }
    }
    return [...found];
  }

  /** A call's arguments, as written. */
  argumentsOf({ fn, node }: Site): readonly string[] {
    return (childOf(node, "arguments")?.children ?? []).map((one) => this.bench.source({ fn, node: one }));
  }

  /** Calls by name in a function's own text, in the order of their places. */
  callsIn(fn: CFunction, name: string | RegExp): readonly Site[] {
    return descendantsOf(fn).flatMap((node) => {
      const called = this.calledName({ fn, node });
      if (called === null) return [];
      return (typeof name === "string" ? called === name : name.test(called)) ? [{ fn, node }] : [];
    });
  }

  /** The name that a call calls; null for what is no call, or goes through a pointer. */
  private calledName({ fn, node }: Site): string | null {
    const callee = node.type === "call_expression" ? childOf(node, "function") : undefined;
    return callee?.type === "identifier" ? this.bench.words({ fn, node: callee }) : null;
  }

  /** Calls in a function's own text that come to a call of `name` sooner or later; calls through pointers do not. */
  callsThatReach(fn: CFunction, name: string): readonly Site[] {
    return this.callsIn(fn, /./).filter((site) => {
      return this.calledName(site) === name || this.callersBehind([site], name).length > 0;
    });
  }

  /** The functions behind some calls that call `name` in their own text. */
  callersBehind(calls: readonly Site[], name: string): readonly CFunction[] {
    return [...this.functionsBehind(calls)].filter((fn) => this.callsIn(fn, name).length > 0);
  }

  /** All functions with a body in the scanned files that some calls come to. */
  private functionsBehind(calls: readonly Site[]): ReadonlySet<CFunction> {
    const seen = new Set<CFunction>();
    let level = calls.flatMap((site) => this.called(site));
    for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
      const fresh = [...new Set(level)].filter((one) => !seen.has(one));
      for (const one of fresh) seen.add(one);
      level = fresh.flatMap((fn) => this.callsIn(fn, /./).flatMap((site) => this.called(site)));
    }
    return seen;
  }

  private called(site: Site): readonly CFunction[] {
    const name = this.calledName(site);
    const fn = name === null ? undefined : this.bench.program.callee(name, site.fn.file);
    return fn === undefined ? [] : [fn];
  }

  /** The workers themselves, and functions that they call, that call `name` in their own text. */
  partsThatCall(workers: readonly CFunction[], name: string): readonly CFunction[] {
    const own = workers.filter((fn) => this.callsIn(fn, name).length > 0);
    const behind = workers.flatMap((fn) => this.callersBehind(this.callsIn(fn, /./), name));
    return [...new Set([...own, ...behind])];
  }

  /** Name of the one local or parameter that points to a struct; null where there is none, or more. */
  pointerTo(fn: CFunction, tag: string): string | null {
    const names = descendantsOf(fn).flatMap((node) => {
      const type = /^(?:parameter_)?declaration$/.test(node.type) ? childOf(node, "type") : undefined;
      if (type === undefined || this.bench.words({ fn, node: type }) !== `struct ${tag}`) return [];
      return node.children.filter((one) => one.field === "declarator").flatMap((one) => pointerName(fn, one));
    });
    const [name, other] = new Set(names);
    return other === undefined ? (name ?? null) : null;
  }

  /** The statement that is nothing but this call; refused where the result is looked at. */
  callStatement({ fn, node }: Site): Site {
    const statement = ancestorOf(node, new Set(["expression_statement"]));
    if (statement === null || statement.children[0] !== node) {
      return this.bench.refuse({ fn, node }, "is no statement of its own");
    }
    return { fn, node: statement };
  }
}

/** What a declarator declares, where that is a plain pointer; functions, and pointers to such, only return one. */
function pointerName({ file }: CFunction, declarator: SyntaxNode): readonly string[] {
  if ([...descendants(declarator)].some((one) => one.type === "function_declarator")) return [];
  const { name, indirections } = declaratorName(declarator, file.masked.source);
  return name !== null && indirections === 1 ? [name] : [];
}

function descendantsOf(fn: CFunction): readonly SyntaxNode[] {
  const root = fn.syntax();
  return root === null ? [] : [...descendants(root)];
}

function lineOf(fn: CFunction): number {
  return fn.file.lines.lineAt(fn.nameOffset);
}
