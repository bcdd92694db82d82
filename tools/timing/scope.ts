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
import { CLOCK_STORES, clockOf } from "./clocks.ts";
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

  /** What a local holds when only one expression is ever stored into it, or the same clock each time. */
  private resolver(depth: number, clocks: ClockLocals): (node: SyntaxNode, text: string) => Sum | null {
    return (node, text) => {
      if (node.type !== "identifier" || depth >= MAX_LOCAL_DEPTH) return null;
      const definitions = this.definitions.get(text) ?? [];
      const sums = definitions.map((definition) => this.definitionSum(definition, depth + 1, clocks));
      const [first] = sums;
      if (first == null) return null;
      const pure = isClock(first);
      if (sums.length > 1 && !(pure && sums.every((sum) => sum !== null && sameClock(sum, first)))) return null;
      if (clocks === "none" && hasClock(first)) return null;
      return clocks === "copies" && hasClock(first) && !pure ? null : first;
    };
  }

  private definitionSum(definition: SyntaxNode | null, depth: number, clocks: ClockLocals): Sum | null {
    if (definition === null) return null;
    return evaluate(definition, { program: this.program, code: this.code, resolve: this.resolver(depth, clocks) });
  }

  /**
   * The sum that an expression is, with locals and constants resolved; null when it is none.
   *
   * @param clocks which locals that hold a clock's value are replaced by the clock. A timestamp in a local is no clock:
   * `end = jiffies + HZ` and then `time_before(jiffies, end)` reads jiffies at two different times.
   */
  sum(node: SyntaxNode, code: Code = this.code, clocks: ClockLocals = "all"): Sum | null {
    return evaluate(node, { program: this.program, code, resolve: this.resolver(0, clocks) });
  }

  /** Locals among a sum's symbols that hold different things on different paths. */
  localValues(sum: Sum): readonly LocalValue[] {
    const names = new Set(sum.flatMap((term) => term.symbols).filter((name) => /^\w+$/.test(name)));
    const values: LocalValue[] = [];
    for (const name of names) {
      const initial = this.locals.has(name) ? undefined : this.program.initialValue(name);
      if (initial !== undefined) values.push({ name, values: [initial] });
      const definitions = this.definitions.get(name);
      const only = definitions?.length === 1 ? definitions[0] : undefined;
      const isStamp = only != null && hasClock(this.sum(only) ?? []);
      if (definitions === undefined || (definitions.length < 2 && !isStamp)) continue;
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

  /** The object whose address is the only thing that is ever stored into a local pointer. */
  private pointee(name: string): SyntaxNode | null {
    const definitions = this.definitions.get(name);
    const only = definitions?.length === 1 ? definitions[0] : undefined;
    const isAddress = only?.type === "pointer_expression" && childOf(only, "operator")?.type === "&";
    return isAddress ? only : null;
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
  expiry(node: SyntaxNode, unit: TimeUnit, code: Code = this.code): Duration {
    const sum = this.sum(node, code);
    if (sum === null || !sum.some((term) => term.symbols.join() === "jiffies" && term.factor === 1)) {
      const duration = this.duration(node, unit, code);
      return duration.seconds === null ? { ...duration, absolute: true } : duration;
    }
    const delay = add(sum, scale(symbol("jiffies"), -1));
    return durationOf(delay, unit, this.text(node, code), this.localValues(delay));
  }

  /** A length, or a point in time where the primitive of newer kernels takes one. */
  remaining(node: SyntaxNode, unit: TimeUnit, code: Code = this.code): Duration {
    const { absolute: _, ...duration } = this.expiry(node, unit, code);
    return duration;
  }

  /** What an expression refers to, through `&`, parentheses, and a local that is only ever pointed at one thing. */
  reference(node: SyntaxNode, code: Code = this.code): Reference {
    let target = node;
    for (let steps = 0; steps < MAX_REFERENCE_STEPS; steps++) {
      const pointed = target.type === "identifier" ? this.pointee(this.text(target, code)) : null;
      if (pointed !== null) return this.reference(pointed);
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

/**
 * Which locals stand for the clock that was stored into them: none, those that hold nothing but a clock (`now`), or
 * all, also those that hold a clock plus something.
 */
export type ClockLocals = "none" | "copies" | "all";

const MAX_REFERENCE_STEPS = 16;

/** Whether a clock takes part in a sum. */
export function hasClock(sum: Sum): boolean {
  return sum.some((term) => term.symbols.some((name) => clockOf(name) !== null));
}

/** Whether a sum is a clock and nothing else. */
function isClock(sum: Sum): boolean {
  return sum.length === 1 && sum[0]?.factor === 1 && sum[0].symbols.length === 1 && hasClock(sum);
}

function sameClock(a: Sum, b: Sum): boolean {
  return isClock(a) && a[0]?.symbols[0] === b[0]?.symbols[0];
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
    if (node.type === "declaration" && /^static\b/.test(scope.text(node))) {
      // A static local still holds what was stored the time before.
      for (const child of node.children) {
        const name = child.field === "declarator" ? declaratorName(child, source).name : null;
        if (name !== null) store(name, null);
      }
    } else if (node.type === "init_declarator") {
      const declarator = childOf(node, "declarator");
      const name = declarator === undefined ? null : declaratorName(declarator, source).name;
      if (name === null) continue;
      store(name, childOf(node, "value") ?? null);
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
