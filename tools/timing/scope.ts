/**
 * One function as the collectors see it: tree, types of names, what locals hold, control flow.
 */
import { type Cfg, controlFlow } from "../c/cfg.ts";
import { evaluate } from "../c/evaluate.ts";
import type { CFunction } from "../c/file.ts";
import { type Code, codeOfFile, textOfNode } from "../c/fragment.ts";
import type { Program } from "../c/program.ts";
import { declaratorName } from "../c/program.ts";
import { add, plainValue, type Sum, scale, symbol } from "../c/sum.ts";
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import { fieldOf, type LocalTypes, localTypes, structOf } from "../c/types.ts";
import { CLOCK_STORES } from "./clocks.ts";
import { durationOf, opaqueDuration } from "./duration.ts";
import type { Duration, LocalValue, Place, Reference, TimeUnit } from "./fact.ts";

/** Values of a local are followed through this many assignments to other locals. */
const MAX_LOCAL_DEPTH = 4;

export class Scope {
  readonly code: Code;
  readonly root: SyntaxNode;
  private localTypesKept: LocalTypes | null = null;
  private definitionsKept: ReadonlyMap<string, readonly (SyntaxNode | null)[]> | null = null;
  private cfgKept: Cfg | null = null;
  private clockLocalsKept: ReadonlyMap<string, string> | null = null;

  constructor(
    readonly program: Program,
    readonly fn: CFunction,
    root: SyntaxNode,
  ) {
    this.code = codeOfFile(fn.file);
    this.root = root;
  }

  get locals(): LocalTypes {
    this.localTypesKept ??= localTypes(this.fn);
    return this.localTypesKept;
  }

  get cfg(): Cfg {
    if (this.cfgKept === null) {
      const definition = this.root.children.find((child) => child.type === "function_definition") ?? this.root;
      this.cfgKept = controlFlow(childOf(definition, "body") ?? definition, this.code);
    }
    return this.cfgKept;
  }

  text(node: SyntaxNode, code: Code = this.code): string {
    return textOfNode(code, node);
  }

  place(node: SyntaxNode): Place {
    const { file } = this.fn;
    return {
      file: file.path,
      line: file.lines.lineAt(node.start),
      column: file.lines.columnAt(node.start),
      function: this.fn.name,
    };
  }

  line(node: SyntaxNode): number {
    return this.fn.file.lines.lineAt(node.start);
  }

  /** Every expression that is stored into each local; null for a store that cannot be seen (its address is taken). */
  get definitions(): ReadonlyMap<string, readonly (SyntaxNode | null)[]> {
    this.definitionsKept ??= collectDefinitions(this);
    return this.definitionsKept;
  }

  /** What a local holds when only one expression is ever stored into it. */
  private resolver(depth: number): (node: SyntaxNode, text: string) => Sum | null {
    return (node, text) => {
      if (node.type !== "identifier") return null;
      const definitions = this.definitions.get(text);
      const only = definitions?.length === 1 ? definitions[0] : undefined;
      if (only == null || depth >= MAX_LOCAL_DEPTH) return null;
      return evaluate(only, { program: this.program, code: this.code, resolve: this.resolver(depth + 1) });
    };
  }

  /** The sum that an expression is, with locals and constants resolved; null when it is none. */
  sum(node: SyntaxNode, code: Code = this.code): Sum | null {
    return evaluate(node, { program: this.program, code, resolve: this.resolver(0) });
  }

  /** Locals among a sum's symbols that hold different things on different paths. */
  localValues(sum: Sum): readonly LocalValue[] {
    const names = new Set(sum.flatMap((term) => term.symbols).filter((name) => /^\w+$/.test(name)));
    const values: LocalValue[] = [];
    for (const name of names) {
      const definitions = this.definitions.get(name);
      if (definitions === undefined || definitions.length < 2) continue;
      const texts = definitions.map((node) => (node === null ? "?" : this.valueText(node)));
      values.push({ name, values: [...new Set(texts)] });
    }
    return values;
  }

  /** Locals that a clock was stored into through a pointer: `ktime_get_real_ts64(&now)` -> now: its name. */
  get clockLocals(): ReadonlyMap<string, string> {
    if (this.clockLocalsKept === null) {
      const clocks = new Map<string, string>();
      for (const node of descendants(this.root)) {
        if (node.type !== "call_expression") continue;
        const callee = childOf(node, "function");
        const name = callee === undefined ? "" : this.text(callee);
        const index = CLOCK_STORES.get(name);
        const target = index === undefined ? undefined : childOf(node, "arguments")?.children[index];
        const local = target === undefined ? null : this.reference(target);
        if (local !== null && local.field === null) clocks.set(local.expression, `${name}()`);
      }
      this.clockLocalsKept = clocks;
    }
    return this.clockLocalsKept;
  }

  private valueText(node: SyntaxNode): string {
    const sum = this.sum(node);
    const plain = sum === null ? null : plainValue(sum);
    return plain === null ? this.text(node) : String(plain);
  }

  duration(node: SyntaxNode, unit: TimeUnit, code: Code = this.code): Duration {
    const sum = this.sum(node, code);
    const expression = this.text(node, code);
    return sum === null ? opaqueDuration(expression, unit) : durationOf(sum, unit, expression, this.localValues(sum));
  }

  /** The time from now until a point in time: an expiry time with the clock taken off. */
  remaining(node: SyntaxNode, unit: TimeUnit, code: Code = this.code): Duration {
    const sum = this.sum(node, code);
    if (sum === null || !sum.some((term) => term.symbols.join() === "jiffies" && term.factor === 1)) {
      return this.duration(node, unit, code);
    }
    const delay = add(sum, scale(symbol("jiffies"), -1));
    return durationOf(delay, unit, this.text(node, code), this.localValues(delay));
  }

  /** What an expression refers to, through `&` and parentheses. */
  reference(node: SyntaxNode, code: Code = this.code): Reference {
    let target = node;
    for (;;) {
      const inner: SyntaxNode | undefined =
        target.type === "pointer_expression"
          ? childOf(target, "argument")
          : target.type === "parenthesized_expression"
            ? target.children[0]
            : undefined;
      if (inner === undefined) break;
      target = inner;
    }
    const field = fieldOf(target, code, this.locals, this.program);
    const expression = this.text(target, code);
    if (field !== null) return { expression, struct: field.structTag, field: field.field };
    return { expression, struct: structOf(target, code, this.locals, this.program), field: null };
  }
}

function collectDefinitions(scope: Scope): ReadonlyMap<string, (SyntaxNode | null)[]> {
  const definitions = new Map<string, (SyntaxNode | null)[]>();
  const store = (name: string, value: SyntaxNode | null): void => {
    const known = definitions.get(name);
    if (known === undefined) definitions.set(name, [value]);
    else known.push(value);
  };
  const { source } = scope.fn.file.masked;
  for (const node of descendants(scope.root)) {
    if (node.type === "init_declarator") {
      const declarator = childOf(node, "declarator");
      const name = declarator === undefined ? null : declaratorName(declarator, source).name;
      if (name !== null) store(name, childOf(node, "value") ?? null);
    } else if (node.type === "assignment_expression") {
      const left = childOf(node, "left");
      if (left?.type !== "identifier") continue;
      const isPlain = childOf(node, "operator")?.type === "=";
      store(scope.text(left), isPlain ? (childOf(node, "right") ?? null) : null);
    } else if (node.type === "update_expression") {
      const argument = childOf(node, "argument");
      if (argument?.type === "identifier") store(scope.text(argument), null);
    } else if (node.type === "pointer_expression" && childOf(node, "operator")?.type === "&") {
      const argument = childOf(node, "argument");
      if (argument?.type === "identifier") store(scope.text(argument), null);
    } else if (node.type === "parameter_declaration") {
      const declarator = childOf(node, "declarator");
      const name = declarator === undefined ? null : declaratorName(declarator, source).name;
      if (name !== null) store(name, null);
    }
  }
  return definitions;
}

/** Scopes by function, made once. */
export class Scopes {
  private readonly scopes = new Map<CFunction, Scope | null>();

  constructor(readonly program: Program) {}

  of(fn: CFunction): Scope | null {
    let scope = this.scopes.get(fn);
    if (scope === undefined) {
      const root = fn.syntax();
      scope = root === null ? null : new Scope(this.program, fn, root);
      this.scopes.set(fn, scope);
    }
    return scope;
  }
}
