/**
 * Expressions of a generator as statements that end where it suspends: what was evaluated before is kept in fields of
 * the frame, as many as it takes, and what is left is an expression without a yield.
 */
import type ts from "typescript";
import { nameOfFunction } from "./frame-analysis.ts";
import type { FrameText, Jumps } from "./frame-text.ts";
import { ModelError } from "./load-model.ts";

/** The steps of one generator, as text. */
export class StepWriter {
  readonly lines: string[] = [];
  /** How many fields hold values between steps. */
  temporaries = 0;
  private labels = 1;

  constructor(readonly frame: string) {}

  emit(line: string): void {
    this.lines.push(line);
  }

  newLabel(): number {
    return this.labels++;
  }

  /** The place of a label is here. */
  place(label: number): void {
    this.emit(`case ${label}:`);
  }

  jump(label: number): void {
    this.emit(`$l = ${label}; continue $;`);
  }

  jumpUnless(condition: string, label: number): void {
    this.emit(`if (!(${condition})) { $l = ${label}; continue $; }`);
  }

  jumpIf(condition: string, label: number): void {
    this.emit(`if (${condition}) { $l = ${label}; continue $; }`);
  }
}

export class ExpressionSteps {
  private used = 0;

  constructor(
    private readonly text: FrameText,
    private readonly writer: StepWriter,
    private readonly jumps: Jumps,
  ) {}

  /** An expression whose value is used at once, in the next line; what was kept for it is forgotten. */
  settled(node: ts.Expression, isUsed = true): string {
    const before = this.used;
    const value = this.value(node, isUsed);
    if (this.used === before) return value;
    if (isUsed) this.writer.emit(`$c = (${value});`);
    else if (value !== "undefined") this.writer.emit(`(${value});`);
    this.forget(before);
    return isUsed ? "$c" : "undefined";
  }

  /** Jumps when the condition is not as it is wanted to be. */
  branch(node: ts.Expression, wanted: boolean, label: number): void {
    const { ts, yielding } = this.text.analysis;
    const { AmpersandAmpersandToken: and, BarBarToken: or, ExclamationToken: not } = ts.SyntaxKind;
    if (!yielding.has(node)) this.leave(this.text.render(node, this.jumps), wanted, label);
    else if (ts.isParenthesizedExpression(node)) this.branch(node.expression, wanted, label);
    else if (ts.isPrefixUnaryExpression(node) && node.operator === not) this.branch(node.operand, !wanted, label);
    else if (ts.isBinaryExpression(node) && node.operatorToken.kind === (wanted ? and : or)) {
      this.branch(node.left, wanted, label);
      this.branch(node.right, wanted, label);
    } else if (ts.isBinaryExpression(node) && node.operatorToken.kind === (wanted ? or : and)) {
      const through = this.writer.newLabel();
      this.branch(node.left, !wanted, through);
      this.branch(node.right, wanted, label);
      this.writer.place(through);
    } else this.leave(this.settled(node), wanted, label);
  }

  private leave(condition: string, wanted: boolean, label: number): void {
    if (wanted) this.writer.jumpUnless(condition, label);
    else this.writer.jumpIf(condition, label);
  }

  /** Text of the value, to be evaluated next; every yield in it has been written as steps before. */
  private value(node: ts.Expression, isUsed = true): string {
    const { ts, yielding } = this.text.analysis;
    if (ts.isIdentifier(node)) return this.text.placeOf(node) ?? node.text;
    if (!yielding.has(node)) return this.text.render(node, this.jumps);
    if (ts.isParenthesizedExpression(node)) return `(${this.value(node.expression, isUsed)})`;
    if (ts.isYieldExpression(node)) return this.yielded(node, isUsed);
    if (ts.isBinaryExpression(node)) return this.binary(node, isUsed);
    if (ts.isConditionalExpression(node)) return this.conditional(node);
    if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) return this.access(node);
    if (ts.isCallExpression(node)) return this.call(node);
    if (ts.isNewExpression(node)) {
      const [callee = "", ...given] = this.operands([node.expression, ...(node.arguments ?? [])]);
      return `new (${callee})(${given.join(", ")})`;
    }
    if (ts.isArrayLiteralExpression(node)) return `[${this.operands(node.elements).join(", ")}]`;
    if (ts.isObjectLiteralExpression(node)) return this.object(node);
    if (ts.isTemplateExpression(node)) return this.template(node);
    return this.unary(node);
  }

  private unary(node: ts.Expression): string {
    const { ts } = this.text.analysis;
    if (ts.isPrefixUnaryExpression(node)) return `${ts.tokenToString(node.operator)} ${this.value(node.operand)}`;
    if (ts.isPostfixUnaryExpression(node)) return `${this.value(node.operand)}${ts.tokenToString(node.operator)}`;
    if (ts.isTypeOfExpression(node)) return `typeof ${this.value(node.expression)}`;
    if (ts.isVoidExpression(node)) return `void ${this.value(node.expression)}`;
    return this.refuse(node);
  }

  refuse(node: ts.Node): never {
    const { ts } = this.text.analysis;
    const name = nameOfFunction(ts, this.jumps.generator);
    throw new ModelError(`${name} blocks within a ${ts.SyntaxKind[node.kind]}, which no frame can`);
  }

  /** Keeps a value in a field of the frame. */
  private kept(value: string): string {
    const name = `${this.writer.frame}.$t${this.used++}`;
    this.writer.temporaries = Math.max(this.writer.temporaries, this.used);
    this.writer.emit(`${name} = (${value});`);
    return name;
  }

  private forget(before: number): void {
    for (; this.used > before; this.used--) this.writer.emit(`${this.writer.frame}.$t${this.used - 1} = undefined;`);
  }

  private yielded(node: ts.YieldExpression, isUsed: boolean): string {
    const { writer } = this;
    const { frame } = writer;
    const operand = node.expression === undefined ? null : this.value(node.expression);
    const label = writer.newLabel();
    if (node.asteriskToken === undefined) {
      if (operand !== null) writer.emit(`(${operand});`);
      writer.emit(`${frame}.label = ${label}; return $SUSPENDED;`);
      writer.place(label);
      return "undefined";
    }
    writer.emit(`if (($v = ${operand}) instanceof $Frame) { ${frame}.label = ${label}; return $v; }`);
    if (isUsed) writer.emit(`${frame}.sent = $v;`);
    writer.place(label);
    writer.emit(`${isUsed ? `$v = ${frame}.sent; ` : ""}${frame}.sent = undefined;`);
    return isUsed ? "$v" : "undefined";
  }

  /** Values in the order in which they are evaluated; those before a yield are kept. */
  private operands(nodes: readonly ts.Expression[]): readonly string[] {
    const { yielding } = this.text.analysis;
    const last = nodes.findLastIndex((one) => yielding.has(one));
    return nodes.map((one, i) => {
      if (i >= last || this.isStable(one)) return this.operand(one);
      const { ts } = this.text.analysis;
      if (ts.isSpreadElement(one)) return `...${this.kept(`[...${this.value(one.expression)}]`)}`;
      return this.kept(this.value(one));
    });
  }

  private operand(node: ts.Expression): string {
    const { ts } = this.text.analysis;
    if (ts.isOmittedExpression(node)) return "";
    return ts.isSpreadElement(node) ? `...${this.value(node.expression)}` : this.value(node);
  }

  /** Whether it has the same value after a yield as before it. */
  private isStable(node: ts.Expression): boolean {
    const { ts, symbolOf, isConstant } = this.text.analysis;
    if (ts.isParenthesizedExpression(node)) return this.isStable(node.expression);
    if (ts.isLiteralExpression(node) || ts.isOmittedExpression(node)) return true;
    const { TrueKeyword, FalseKeyword, NullKeyword, CommaToken } = ts.SyntaxKind;
    if (node.kind === TrueKeyword || node.kind === FalseKeyword || node.kind === NullKeyword) return true;
    // esbuild's `(0, import_x.y)`: imports do not change.
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === CommaToken) {
      return this.isStable(node.left) && this.isStable(node.right);
    }
    if (ts.isPropertyAccessExpression(node)) return isImport(ts, node);
    if (!ts.isIdentifier(node)) return false;
    const symbol = symbolOf(node);
    // What is declared nowhere belongs to JavaScript: undefined, Math, Number.
    if (symbol?.valueDeclaration === undefined) return true;
    return isConstant(symbol) && this.isDeclaredOnce(symbol.valueDeclaration);
  }

  /** A variable that is declared without a value, or in a place that may not have been reached, may still change. */
  private isDeclaredOnce(declaration: ts.Declaration): boolean {
    const { ts } = this.text.analysis;
    if (ts.isParameter(declaration) || ts.isFunctionDeclaration(declaration)) return true;
    return ts.isVariableDeclaration(declaration) && (declaration.parent.flags & ts.NodeFlags.Const) !== 0;
  }

  private access(node: ts.PropertyAccessExpression | ts.ElementAccessExpression): string {
    const { ts, yielding } = this.text.analysis;
    const dot = node.questionDotToken === undefined ? "" : "?.";
    if (ts.isPropertyAccessExpression(node)) {
      return `${this.value(node.expression)}${dot === "" ? "." : dot}${node.name.text}`;
    }
    if (ts.isOptionalChain(node) && yielding.has(node.argumentExpression)) this.refuse(node);
    const [object, key] = this.operands([node.expression, node.argumentExpression]);
    return `${object}${dot}[${key}]`;
  }

  private call(node: ts.CallExpression): string {
    const { ts, yielding } = this.text.analysis;
    const callee = node.expression;
    const blocksInArguments = node.arguments.some((one) => yielding.has(one));
    const isMember = ts.isPropertyAccessExpression(callee) || ts.isElementAccessExpression(callee);
    if (ts.isOptionalChain(node) && (blocksInArguments || !isMember || node.questionDotToken !== undefined)) {
      this.refuse(node);
    }
    if (!isMember) {
      const [called = "", ...given] = this.operands([callee, ...node.arguments]);
      return `(0, ${called})(${given.join(", ")})`;
    }
    if (!blocksInArguments) return `${this.access(callee)}(${this.operands(node.arguments).join(", ")})`;
    // The member is looked up before the arguments are evaluated.
    const [object, key] = this.reference(callee);
    const called = this.kept(`${object}${key}`);
    return `${[`${called}.call(${object}`, ...this.operands(node.arguments)].join(", ")})`;
  }

  /** An object and the access to its member, `.x` or `[k]`, both as they are before what comes next. */
  private reference(node: ts.PropertyAccessExpression | ts.ElementAccessExpression): readonly [string, string] {
    const { ts } = this.text.analysis;
    const settle = (one: ts.Expression): string => (this.isStable(one) ? this.value(one) : this.kept(this.value(one)));
    if (ts.isPropertyAccessExpression(node)) return [settle(node.expression), `.${node.name.text}`];
    const [object = "", key = ""] = this.operands([node.expression, node.argumentExpression]);
    const keep = (one: ts.Expression, value: string): string => (this.isStable(one) ? value : this.kept(value));
    // The key may be the value that was just sent, which keeping the object does not touch.
    const at = object.startsWith(`${this.writer.frame}.$t`) ? object : keep(node.expression, object);
    return [at, `[${keep(node.argumentExpression, key)}]`];
  }

  private binary(node: ts.BinaryExpression, isUsed: boolean): string {
    const { ts } = this.text.analysis;
    const { kind } = node.operatorToken;
    const { CommaToken, AmpersandAmpersandToken, BarBarToken, QuestionQuestionToken } = ts.SyntaxKind;
    if (kind === CommaToken) {
      const left = this.settled(node.left, false);
      if (left !== "undefined") this.writer.emit(`(${left});`);
      return this.value(node.right, isUsed);
    }
    if (kind === AmpersandAmpersandToken || kind === BarBarToken || kind === QuestionQuestionToken) {
      return this.shortCircuit(node);
    }
    if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment) return this.assignment(node);
    const [left, right] = this.operands([node.left, node.right]);
    return `${left} ${node.operatorToken.getText()} ${right}`;
  }

  private shortCircuit(node: ts.BinaryExpression): string {
    const { ts, yielding } = this.text.analysis;
    const operator = node.operatorToken.getText();
    if (!yielding.has(node.right)) return `${this.value(node.left)} ${operator} ${this.value(node.right)}`;
    const end = this.writer.newLabel();
    const result = this.kept(this.value(node.left));
    if (node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken) this.writer.jumpUnless(result, end);
    else if (node.operatorToken.kind === ts.SyntaxKind.BarBarToken) this.writer.jumpIf(result, end);
    else this.writer.jumpIf(`${result} !== undefined && ${result} !== null`, end);
    this.writer.emit(`${result} = ${this.value(node.right)};`);
    this.writer.place(end);
    return result;
  }

  private conditional(node: ts.ConditionalExpression): string {
    const otherwise = this.writer.newLabel();
    const end = this.writer.newLabel();
    const result = this.kept("undefined");
    this.branch(node.condition, true, otherwise);
    this.writer.emit(`${result} = ${this.value(node.whenTrue)};`);
    this.writer.jump(end);
    this.writer.place(otherwise);
    this.writer.emit(`${result} = ${this.value(node.whenFalse)};`);
    this.writer.place(end);
    return result;
  }

  private assignment(node: ts.BinaryExpression): string {
    const { ts, yielding } = this.text.analysis;
    const { left, right, operatorToken } = node;
    const operator = operatorToken.getText();
    const isPlain = operatorToken.kind === ts.SyntaxKind.EqualsToken;
    const isMember = ts.isPropertyAccessExpression(left) || ts.isElementAccessExpression(left);
    if (yielding.has(left) && !isMember) this.refuse(node);
    if (!yielding.has(right)) return `${this.value(left)} ${operator} ${this.value(right)}`;
    if (/^(?:&&|\|\||\?\?)=$/.test(operator)) this.refuse(node);
    if (isMember) {
      const [object, key] = this.reference(left);
      const place = `${object}${key}`;
      if (isPlain) return `${place} = ${this.value(right)}`;
      const old = this.kept(place);
      return `${place} = ${old} ${operator.slice(0, -1)} (${this.value(right)})`;
    }
    const place = this.text.render(left, this.jumps);
    if (isPlain) return `${place} = ${this.value(right)}`;
    const old = this.kept(place);
    return `${place} = ${old} ${operator.slice(0, -1)} (${this.value(right)})`;
  }

  private object(node: ts.ObjectLiteralExpression): string {
    const { ts } = this.text.analysis;
    const values: ts.Expression[] = [];
    const names: string[] = [];
    for (const member of node.properties) {
      const { name } = member;
      if (name === undefined || ts.isComputedPropertyName(name)) return this.refuse(node);
      if (ts.isPropertyAssignment(member)) values.push(member.initializer);
      else if (ts.isShorthandPropertyAssignment(member)) values.push(member.name);
      else this.refuse(node);
      names.push(name.getText());
    }
    return `({ ${this.operands(values).map((value, i) => `${names[i]}: ${value}`)} })`;
  }

  private template(node: ts.TemplateExpression): string {
    const { ts } = this.text.analysis;
    const values = this.operands(node.templateSpans.map((one) => one.expression));
    const parts = node.templateSpans.map(({ literal }, i) => {
      const text = literal.getText();
      return `\${${values[i]}${ts.isTemplateMiddle(literal) ? text.slice(0, -2) : text}`;
    });
    return node.head.getText().slice(0, -2) + parts.join("");
  }
}

function isImport(typescript: typeof ts, node: ts.PropertyAccessExpression): boolean {
  return typescript.isIdentifier(node.expression) && /^import_\w+$/.test(node.expression.text);
}
