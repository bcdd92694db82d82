/**
 * The integer expressions of #if and #elif lines (C11 6.10.1), with the kernel's IS_ENABLED family.
 */

import { characterValue } from "./character.ts";

/** What the evaluator asks about names. */
export interface ConditionNames {
  isDefined(name: string): boolean;
  /** Replacement text of an object-like macro that the file itself defined before this line; undefined otherwise. */
  bodyOf(name: string): string | undefined;
  valueOf(name: string): bigint;
}

/** Thrown for text that is not a preprocessor expression; callers turn it into a listed problem. */
export class ConditionError extends Error {}

// Real conditions nest two or three levels; the bound keeps hostile ones off the JavaScript stack.
const MAX_DEPTH = 100;
/** Macros that one condition may expand; macros that double would be millions. */
const MAX_EXPANSIONS = 10_000;
const NAME = /([A-Za-z_$][\w$]*)/;
const NUMBER = /(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)[uUlL]*/;
const CHARACTER = /'(?:\\(?:x[0-9a-fA-F]+|[0-7]{1,3}|.)|[^'\\])'/;
const OPERATOR = /(&&|\|\||<<|>>|<=|>=|==|!=|[-+*/%&|^~!<>()?:,])/;
const TOKEN = new RegExp(`\\s*(?:${[NAME, NUMBER, CHARACTER, OPERATOR].map((one) => one.source).join("|")})`, "y");

type Token =
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "operator"; readonly text: string };

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  while (end < text.length && /\S/.test(text.slice(end))) {
    TOKEN.lastIndex = end;
    const match = TOKEN.exec(text);
    if (match === null) throw new ConditionError(`unexpected "${text.slice(end, end + 20).trim()}"`);
    end = TOKEN.lastIndex;
    if (match[1] !== undefined) tokens.push({ kind: "name", text: match[1] });
    else if (match[2] !== undefined) tokens.push({ kind: "number", value: integer(match[2]) });
    else if (match[3] !== undefined) tokens.push({ kind: "operator", text: match[3] });
    else tokens.push({ kind: "number", value: BigInt(characterValue(match[0].trim())) });
  }
  return tokens;
}

/** A leading zero means octal in C. */
function integer(text: string): bigint {
  return /^0[0-7]+$/.test(text) ? BigInt(`0o${text.slice(1)}`) : BigInt(/^0\d+$/.test(text) ? "0" : text);
}

const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", ">", "<=", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];

const truth = (value: boolean): bigint => (value ? 1n : 0n);

function apply(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "||":
      return truth(a !== 0n || b !== 0n);
    case "&&":
      return truth(a !== 0n && b !== 0n);
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "&":
      return a & b;
    case "==":
      return truth(a === b);
    case "!=":
      return truth(a !== b);
    case "<":
      return truth(a < b);
    case ">":
      return truth(a > b);
    case "<=":
      return truth(a <= b);
    case ">=":
      return truth(a >= b);
    case "<<":
      return BigInt.asIntN(64, a << (b & 63n));
    case ">>":
      return a >> (b & 63n);
    case "+":
      return BigInt.asIntN(64, a + b);
    case "-":
      return BigInt.asIntN(64, a - b);
    case "*":
      return BigInt.asIntN(64, a * b);
    default:
      // A division by zero may stand behind a && that C would not evaluate.
      if (b === 0n) return 0n;
      return operator === "/" ? a / b : a % b;
  }
}

class Evaluator {
  private position = 0;
  private depth = 0;
  private readonly tokens: readonly Token[];

  constructor(
    text: string,
    private readonly names: ConditionNames,
    private readonly expanding: ReadonlySet<string>,
    private readonly budget: { left: number },
  ) {
    this.tokens = tokenize(text);
  }

  run(): bigint {
    if (this.tokens.length === 0) throw new ConditionError("empty condition");
    const value = this.conditional();
    if (this.position < this.tokens.length) throw new ConditionError("text after the condition");
    return value;
  }

  private accept(text: string): boolean {
    const token = this.tokens[this.position];
    if (token?.kind !== "operator" || token.text !== text) return false;
    this.position++;
    return true;
  }

  private expect(text: string): void {
    if (!this.accept(text)) throw new ConditionError(`"${text}" expected`);
  }

  private conditional(): bigint {
    if (++this.depth > MAX_DEPTH) throw new ConditionError(`nested more than ${MAX_DEPTH} deep`);
    const condition = this.binary(0);
    let value = condition;
    if (this.accept("?")) {
      const yes = this.conditional();
      this.expect(":");
      const no = this.conditional();
      value = condition !== 0n ? yes : no;
    }
    this.depth--;
    return value;
  }

  private binary(level: number): bigint {
    const operators = LEVELS[level];
    if (operators === undefined) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const token = this.tokens[this.position];
      if (token?.kind !== "operator" || !operators.includes(token.text)) return left;
      this.position++;
      left = apply(token.text, left, this.binary(level + 1));
    }
  }

  private unary(): bigint {
    if (++this.depth > MAX_DEPTH) throw new ConditionError(`nested more than ${MAX_DEPTH} deep`);
    let value: bigint;
    if (this.accept("!")) value = truth(this.unary() === 0n);
    else if (this.accept("-")) value = -this.unary();
    else if (this.accept("+")) value = this.unary();
    else if (this.accept("~")) value = ~this.unary();
    else value = this.primary();
    this.depth--;
    return value;
  }

  private primary(): bigint {
    if (this.accept("(")) {
      const value = this.conditional();
      this.expect(")");
      return value;
    }
    const token = this.tokens[this.position++];
    if (token === undefined) throw new ConditionError("the condition ends too early");
    if (token.kind === "number") return token.value;
    if (token.kind === "operator") throw new ConditionError(`unexpected "${token.text}"`);
    return this.name(token.text);
  }

  private name(name: string): bigint {
    if (name === "defined") return truth(this.names.isDefined(this.operand()));
    const next = this.tokens[this.position];
    if (next?.kind === "operator" && next.text === "(") return this.call(name);
    const body = this.names.bodyOf(name);
    if (body !== undefined && body.trim() !== "" && !this.expanding.has(name)) {
      if (--this.budget.left < 0) throw new ConditionError(`more than ${MAX_EXPANSIONS} macros in it`);
      if (this.expanding.size >= MAX_DEPTH) throw new ConditionError(`macros nested more than ${MAX_DEPTH} deep`);
      return new Evaluator(body, this.names, new Set([...this.expanding, name]), this.budget).run();
    }
    return body !== undefined ? 1n : this.names.valueOf(name);
  }

  /** The operand of `defined`, with or without parentheses. */
  private operand(): string {
    const parenthesised = this.accept("(");
    const token = this.tokens[this.position++];
    if (token?.kind !== "name") throw new ConditionError("defined without a name");
    if (parenthesised) this.expect(")");
    return token.text;
  }

  private call(name: string): bigint {
    this.expect("(");
    const argument = this.tokens[this.position];
    const argumentName = argument?.kind === "name" ? argument.text : "";
    switch (name) {
      // include/linux/kconfig.h
      case "IS_ENABLED":
      case "IS_REACHABLE":
        this.skipArguments();
        return truth(this.names.isDefined(argumentName) || this.names.isDefined(`${argumentName}_MODULE`));
      case "IS_BUILTIN":
        this.skipArguments();
        return truth(this.names.isDefined(argumentName));
      case "IS_MODULE":
        this.skipArguments();
        return truth(this.names.isDefined(`${argumentName}_MODULE`));
      // include/generated/uapi/linux/version.h
      case "KERNEL_VERSION": {
        const [a = 0n, b = 0n, c = 0n] = this.arguments();
        return (a << 16n) + (b << 8n) + c;
      }
      default:
        // __has_attribute(x), __GNUC_PREREQ(4, 5), ...: present in any compiler that builds such a kernel.
        this.skipArguments();
        return 1n;
    }
  }

  private arguments(): bigint[] {
    const values: bigint[] = [];
    if (this.accept(")")) return values;
    do values.push(this.conditional());
    while (this.accept(","));
    this.expect(")");
    return values;
  }

  private skipArguments(): void {
    for (let open = 1; open > 0; ) {
      const token = this.tokens[this.position++];
      if (token === undefined) throw new ConditionError('")" expected');
      if (token.kind !== "operator") continue;
      if (token.text === "(") open++;
      else if (token.text === ")") open--;
    }
  }
}

/**
 * Evaluates an #if expression.
 *
 * @param text the expression, without comments and continuations
 * @throws ConditionError when the text is no such expression
 */
export function evaluateCondition(text: string, names: ConditionNames): boolean {
  return new Evaluator(text, names, new Set(), { left: MAX_EXPANSIONS }).run() !== 0n;
}
