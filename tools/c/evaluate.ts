/**
 * Expressions -> sums, through macros, enums, casts and the kernel's conversions between jiffies and other units.
 */
import { characterValue } from "./character.ts";
import type { Enumerator } from "./file-index.ts";
import { type Code, type Fragment, parseFragment, plainText, textOfNode } from "./fragment.ts";
import type { Program } from "./program.ts";
import { add, constant, divide, HZ, multiply, plainValue, type Sum, scale, symbol, type Term } from "./sum.ts";
import { childOf, type SyntaxNode } from "./syntax.ts";

/** What a name that is no constant stands for. */
export type Resolve = (node: SyntaxNode, text: string) => Sum | null;

export interface EvaluateOptions {
  readonly program: Program;
  readonly code: Code;
  /** Asked for identifiers that are neither macro nor enumerator; null keeps the name as a symbol. */
  readonly resolve?: Resolve;
}

// Macros refer to macros, a few levels deep; the bound ends self-references.
const MAX_DEPTH = 24;

/** Constants of include/linux/time64.h and vdso/time64.h, for trees in which the headers are not at hand. */
const KNOWN: ReadonlyMap<string, number> = new Map([
  ["MSEC_PER_SEC", 1000],
  ["USEC_PER_MSEC", 1000],
  ["NSEC_PER_USEC", 1000],
  ["NSEC_PER_MSEC", 1e6],
  ["USEC_PER_SEC", 1e6],
  ["NSEC_PER_SEC", 1e9],
]);

/** include/linux/jiffies.h: units per second of the argument of X_to_jiffies(). */
const TO_JIFFIES: ReadonlyMap<string, number> = new Map([
  ["secs_to_jiffies", 1],
  ["msecs_to_jiffies", 1e3],
  ["__msecs_to_jiffies", 1e3],
  ["usecs_to_jiffies", 1e6],
  ["__usecs_to_jiffies", 1e6],
  ["nsecs_to_jiffies", 1e9],
  ["nsecs_to_jiffies64", 1e9],
]);

/** include/linux/jiffies.h: units per second of the result of jiffies_to_X(). */
const FROM_JIFFIES: ReadonlyMap<string, number> = new Map([
  ["jiffies_to_msecs", 1e3],
  ["jiffies_to_usecs", 1e6],
  ["jiffies_to_nsecs", 1e9],
  ["jiffies64_to_nsecs", 1e9],
]);

/** include/linux/ktime.h: nanoseconds per unit of the argument. */
const TO_KTIME: ReadonlyMap<string, number> = new Map([
  ["ms_to_ktime", 1e6],
  ["us_to_ktime", 1e3],
  ["ns_to_ktime", 1],
]);

/** include/linux/ktime.h: what the second argument, in its unit, adds to the first in nanoseconds. */
const KTIME_SHIFTS: ReadonlyMap<string, number> = new Map([
  ["ktime_add", 1],
  ["ktime_add_ns", 1],
  ["ktime_add_us", 1e3],
  ["ktime_add_ms", 1e6],
  ["ktime_add_safe", 1],
  ["ktime_sub", -1],
  ["ktime_sub_ns", -1],
  ["ktime_sub_us", -1e3],
  ["ktime_sub_ms", -1e6],
]);

/** Wrappers that hand their first argument through. */
export const TRANSPARENT: ReadonlySet<string> = new Set([
  "READ_ONCE",
  "WRITE_ONCE",
  "ACCESS_ONCE",
  "likely",
  "unlikely",
  "round_jiffies",
  "round_jiffies_relative",
  "round_jiffies_up",
  "round_jiffies_up_relative",
  "__round_jiffies_relative",
  "cpu_to_le32",
  "le32_to_cpu",
  "data_race",
]);

/** Work for one expression, macros included: doubling macros would otherwise take for ever. */
const MAX_NODES = 20_000;
const MAX_MACRO_BYTES = 20_000;

/** An enum's members that are counted back to one with a value. */
const MAX_ENUMERATORS = 10_000;

/** What a macro's name or parameter stands for. */
interface Bound {
  readonly sum: Sum;
  /** How tightly its text binds. */
  readonly precedence: number;
  readonly text: string;
}

/** C11 6.5.5 to 6.5.15, tighter is higher. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "|": 3,
  "^": 4,
  "&": 5,
  "==": 6,
  "!=": 6,
  "<": 7,
  ">": 7,
  "<=": 7,
  ">=": 7,
  "<<": 8,
  ">>": 8,
  "+": 9,
  "-": 9,
  "*": 10,
  "/": 10,
  "%": 10,
};
const UNARY = 11;
const PRIMARY = 12;

function precedenceOf(node: SyntaxNode): number {
  if (node.type === "binary_expression") return PRECEDENCE[childOf(node, "operator")?.type ?? ""] ?? 0;
  if (/^(?:conditional|assignment|comma)_expression$/.test(node.type)) return 0;
  return /^(?:unary|cast|pointer|sizeof)_expression$/.test(node.type) ? UNARY : PRIMARY;
}

/** Thrown inside for what is no sum; never leaves this file. */
const NO_SUM = Symbol("no sum");

class Evaluator {
  /** Names and calls that stand for a macro's text. */
  private readonly textual = new Map<SyntaxNode, Bound>();

  constructor(
    private readonly options: EvaluateOptions,
    private readonly depth: number,
    private readonly bound: ReadonlyMap<string, Bound>,
    private readonly expanding: ReadonlySet<string>,
    private readonly budget: { left: number },
  ) {}

  sum(node: SyntaxNode): Sum {
    if (--this.budget.left < 0) throw NO_SUM;
    switch (node.type) {
      case "number_literal":
        return this.number(node);
      case "char_literal":
        return constant(characterValue(this.text(node)));
      case "identifier":
        return this.name(node);
      case "parenthesized_expression":
        return this.sum(this.only(node));
      case "cast_expression":
        return this.operand(this.child(node, "value"), UNARY, false) ?? this.sum(this.child(node, "value"));
      case "unary_expression":
        return this.unary(node);
      case "binary_expression":
        return this.binary(node);
      case "call_expression":
        return this.call(node);
      case "sizeof_expression":
        throw NO_SUM;
      case "assignment_expression":
        return this.sum(this.child(node, "right"));
      default:
        return this.opaque(node);
    }
  }

  private text(node: SyntaxNode): string {
    return textOfNode(this.options.code, node);
  }

  private child(node: SyntaxNode, field: string): SyntaxNode {
    const child = childOf(node, field);
    if (child === undefined) throw NO_SUM;
    return child;
  }

  private only(node: SyntaxNode): SyntaxNode {
    const child = node.children[0];
    if (child === undefined || node.children.length !== 1) throw NO_SUM;
    return child;
  }

  private opaque(node: SyntaxNode): Sum {
    const text = this.text(node);
    return this.options.resolve?.(node, text) ?? symbol(text);
  }

  private number(node: SyntaxNode): Sum {
    const text = this.text(node).replace(/[uUlL]+$/, "");
    const value = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
    if (!Number.isFinite(value)) throw NO_SUM;
    return constant(value);
  }

  private name(node: SyntaxNode): Sum {
    const name = this.text(node);
    const bound = this.bound.get(name);
    if (bound !== undefined) {
      this.textual.set(node, bound);
      return bound.sum;
    }
    if (name === "HZ" || name === "CONFIG_HZ") return HZ;
    const resolved = this.options.resolve?.(node, name) ?? null;
    if (resolved !== null) return resolved;
    return this.constantName(name, node) ?? symbol(name);
  }

  /** A macro's or enumerator's value; null when the name is neither, or its text is no sum. */
  private constantName(name: string, node: SyntaxNode): Sum | null {
    const { program } = this.options;
    if (this.expanding.has(name) || this.depth > MAX_DEPTH) return null;
    // Names of variables are lower case far more often than not; headers are searched for the others only.
    const known = KNOWN.get(name);
    if (known !== undefined) return constant(known);
    const macro = looksConstant(name) ? program.macro(name) : undefined;
    // `#define OPT OPT` is how uapi headers tell that an enumerator is there.
    if (macro !== undefined && macro.parameters === null && macro.body !== name) {
      return this.expanded(this.inside(macro.body, new Map(), name), node);
    }
    const enumerator = looksConstant(name) ? program.enumerator(name) : undefined;
    return enumerator === undefined ? null : this.enumerated(enumerator);
  }

  /** Counts back to the last enumerator with a value of its own. */
  private enumerated(enumerator: Enumerator): Sum | null {
    let at = enumerator;
    for (let steps = 0; steps < MAX_ENUMERATORS; steps++) {
      if (at.valueText !== null) {
        const base = this.inside(at.valueText, new Map(), at.name)?.sum ?? null;
        return base === null ? null : add(base, constant(steps));
      }
      if (at.previous === null) return constant(steps);
      const before = this.options.program.enumerator(at.previous);
      if (before === undefined) return null;
      at = before;
    }
    return null;
  }

  /** Notes that a node stands for text, and how tightly that text binds. */
  private expanded(value: Bound | null, node: SyntaxNode): Sum | null {
    if (value !== null) this.textual.set(node, value);
    return value?.sum ?? null;
  }

  /**
   * An operand of an operator; null where it is a macro whose text binds less tightly than the operator. Macros are
   * text: `#define A 1 + 2` used as `A * 2` is 1 + 2 * 2.
   */
  private operand(node: SyntaxNode, level: number, isRight: boolean): Sum | null {
    const sum = this.sum(node);
    const precedence = this.textual.get(node)?.precedence ?? PRIMARY;
    return precedence < level || (isRight && precedence === level) ? null : sum;
  }

  /** The sum of an expression as it reads with its macros' text in place. */
  private regrouped(parts: readonly (SyntaxNode | string)[]): Sum {
    const words = parts.map((part) =>
      typeof part === "string" ? part : (this.textual.get(part)?.text ?? this.text(part)),
    );
    const fragment = this.depth > MAX_DEPTH ? null : parseFragment(words.join(" "), 0);
    if (fragment?.expression == null) throw NO_SUM;
    const options = { ...this.options, code: fragment.code };
    const inner = new Evaluator(options, this.depth + 1, this.bound, this.expanding, this.budget);
    return inner.sum(fragment.expression);
  }

  /** The sum of some text, such as a macro's body, with parameters bound. */
  private inside(text: string, bound: ReadonlyMap<string, Bound>, name: string): Bound | null {
    const fragment: Fragment | null = text.length > MAX_MACRO_BYTES ? null : parseFragment(plainText(text), 0);
    if (fragment?.expression == null || this.budget.left < 0) return null;
    const { program } = this.options;
    const inner = new Evaluator(
      { program, code: fragment.code },
      this.depth + 1,
      bound,
      new Set([...this.expanding, name]),
      this.budget,
    );
    const sum = inner.tryFor(fragment.expression);
    return sum === null ? null : { sum, precedence: precedenceOf(fragment.expression), text };
  }

  tryFor(node: SyntaxNode): Sum | null {
    try {
      return this.sum(node);
    } catch (error) {
      // Trees are at most 1,200 levels deep, but macros in macros stack them.
      if (error === NO_SUM || error instanceof RangeError) return null;
      throw error;
    }
  }

  private unary(node: SyntaxNode): Sum {
    const operator = childOf(node, "operator")?.type;
    const argument = this.child(node, "argument");
    const sum = this.operand(argument, UNARY, false);
    if (sum === null) return this.regrouped([operator ?? "", argument]);
    if (operator === "-") return scale(sum, -1);
    if (operator === "+") return sum;
    const value = plainValue(sum);
    if (value === null) return this.opaque(node);
    // Two's complement of any width.
    if (operator === "~") return constant(-value - 1);
    if (operator === "!") return constant(value === 0 ? 1 : 0);
    return this.opaque(node);
  }

  private binary(node: SyntaxNode): Sum {
    const operator = childOf(node, "operator")?.type ?? "";
    const level = precedenceOf(node);
    const left = this.operand(this.child(node, "left"), level, false);
    // a + (b + c) and a * (b * c) come out the same either way.
    const right = this.operand(this.child(node, "right"), level, operator !== "+" && operator !== "*");
    if (left === null || right === null)
      return this.regrouped([this.child(node, "left"), operator, this.child(node, "right")]);
    if (operator === "+") return add(left, right);
    if (operator === "-") return add(left, scale(right, -1));
    if (operator === "*") return multiply(left, right) ?? this.opaque(node);
    if (operator === "/") return divide(left, right) ?? this.opaque(node);
    const a = plainValue(left);
    const b = plainValue(right);
    if (b !== null && operator === "<<") return multiply(left, constant(2 ** b)) ?? this.opaque(node);
    if (a === null || b === null) {
      if (b !== null && operator === ">>" && left.every((term) => term.hz > 0)) return scale(left, 1 / 2 ** b);
      return this.opaque(node);
    }
    const value = integerOperation(operator, a, b);
    return value === null ? this.opaque(node) : constant(value);
  }

  private call(node: SyntaxNode): Sum {
    const name = this.text(this.child(node, "function"));
    const args = this.child(node, "arguments").children;
    const first = args[0];
    const perSecond = TO_JIFFIES.get(name);
    if (perSecond !== undefined && first !== undefined) {
      const value = this.sum(first);
      const product = value.every((term) => term.hz === 0) ? multiply(value, HZ) : null;
      return product === null ? this.opaque(node) : scale(product, 1 / perSecond);
    }
    const fromJiffies = FROM_JIFFIES.get(name);
    if (fromJiffies !== undefined && first !== undefined) {
      const value = this.sum(first);
      if (value.every((term) => term.hz === 1)) return scale(lowerHz(value), fromJiffies);
      return this.opaque(node);
    }
    const toKtime = TO_KTIME.get(name);
    if (toKtime !== undefined && first !== undefined) return scale(this.sum(first), toKtime);
    const shift = KTIME_SHIFTS.get(name);
    if (shift !== undefined && first !== undefined && args[1] !== undefined) {
      return add(this.sum(first), scale(this.sum(args[1]), shift));
    }
    if (name === "ktime_set" && first !== undefined && args[1] !== undefined) {
      return add(scale(this.sum(first), 1e9), this.sum(args[1]));
    }
    if (TRANSPARENT.has(name) && first !== undefined) return this.sum(first);
    return this.castCall(node, args) ?? this.macroCall(name, args, node) ?? this.opaque(node);
  }

  /** `(u8)(x)` reads like a call of `u8` to a parser that knows no typedefs. */
  private castCall(node: SyntaxNode, args: readonly SyntaxNode[]): Sum | null {
    const callee = this.child(node, "function");
    const only = args.length === 1 ? args[0] : undefined;
    if (only === undefined || callee.type !== "parenthesized_expression") return null;
    return /^\( ?(?:(?:__)?[us](?:8|16|32|64)|\w+_t) ?\)$/.test(this.text(callee)) ? this.sum(only) : null;
  }

  private macroCall(name: string, args: readonly SyntaxNode[], node: SyntaxNode): Sum | null {
    if (this.expanding.has(name) || this.depth > MAX_DEPTH) return null;
    const macro = this.options.program.macro(name);
    if (macro?.parameters == null || macro.parameters.length !== args.length) return null;
    const bound = new Map<string, Bound>();
    for (const [i, parameter] of macro.parameters.entries()) {
      const argument = args[i] as SyntaxNode;
      const sum = this.tryFor(argument);
      if (sum === null) return null;
      bound.set(parameter, { sum, precedence: precedenceOf(argument), text: this.text(argument) });
    }
    return this.expanded(this.inside(macro.body, bound, name), node);
  }
}

function lowerHz(sum: Sum): Sum {
  return sum.map((term): Term => ({ ...term, hz: term.hz - 1 }));
}

/** Constants are upper case by convention; looking up every lower-case local in every header would take seconds. */
function looksConstant(name: string): boolean {
  return /[A-Z]/.test(name) || /_(?:timeout|interval|delay|hz|secs|msecs)$/i.test(name);
}

function integerOperation(operator: string, a: number, b: number): number | null {
  switch (operator) {
    case "%":
      return b === 0 ? null : a % b;
    case "&":
      return Number(BigInt(Math.trunc(a)) & BigInt(Math.trunc(b)));
    case "|":
      return Number(BigInt(Math.trunc(a)) | BigInt(Math.trunc(b)));
    case "^":
      return Number(BigInt(Math.trunc(a)) ^ BigInt(Math.trunc(b)));
    case ">>":
      return Math.floor(a / 2 ** b);
    case "==":
      return a === b ? 1 : 0;
    case "!=":
      return a !== b ? 1 : 0;
    case "<":
      return a < b ? 1 : 0;
    case ">":
      return a > b ? 1 : 0;
    case "<=":
      return a <= b ? 1 : 0;
    case ">=":
      return a >= b ? 1 : 0;
    case "&&":
      return a !== 0 && b !== 0 ? 1 : 0;
    case "||":
      return a !== 0 || b !== 0 ? 1 : 0;
    default:
      return null;
  }
}

/**
 * Evaluates an expression.
 *
 * @returns a sum of terms (a constant when all names are known), or null for what is no integer expression
 */
export function evaluate(node: SyntaxNode, options: EvaluateOptions): Sum | null {
  return new Evaluator(options, 0, new Map(), new Set(), { left: MAX_NODES }).tryFor(node);
}

/** Evaluates the text of an expression, such as a macro's body. */
export function evaluateText(text: string, program: Program): Sum | null {
  const fragment = parseFragment(plainText(text), 0);
  return fragment?.expression == null ? null : evaluate(fragment.expression, { program, code: fragment.code });
}
