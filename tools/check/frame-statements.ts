/**
 * Statements of a generator as steps: control flow that a yield stands in becomes labels and jumps between them,
 * everything else stays as it is.
 */
import type ts from "typescript";
import { functionAround } from "./frame-analysis.ts";
import { ExpressionSteps, type StepWriter } from "./frame-expressions.ts";
import type { FrameText, Jumps } from "./frame-text.ts";

/** Labels of a statement that can be left, or gone round. */
interface Target {
  readonly break: number;
  readonly continue?: number;
}

export class StatementSteps implements Jumps {
  private readonly targets = new Map<ts.Node, Target>();
  private readonly expressions: ExpressionSteps;

  constructor(
    private readonly text: FrameText,
    private readonly writer: StepWriter,
    readonly generator: ts.FunctionLikeDeclaration,
  ) {
    this.expressions = new ExpressionSteps(text, writer, this);
  }

  labelOf(target: ts.Node, kind: "break" | "continue"): number | undefined {
    return this.targets.get(target)?.[kind];
  }

  /** The whole body, from label 0 to the end of the function. */
  body(statements: readonly ts.Statement[]): void {
    this.writer.place(0);
    this.list(statements);
    this.writer.emit("return $RETURNED;");
  }

  /** Functions of a block are there before its first statement. */
  private list(statements: readonly ts.Statement[]): void {
    const { ts } = this.text.analysis;
    const [functions, others] = [
      statements.filter((one) => ts.isFunctionDeclaration(one)),
      statements.filter((one) => !ts.isFunctionDeclaration(one)),
    ];
    for (const one of functions) {
      const place = one.name === undefined ? null : this.text.placeOf(one.name);
      if (place !== null) this.writer.emit(`${place} = ${this.text.render(one, this)};`);
    }
    for (const one of others) this.statement(one);
  }

  private statement(node: ts.Statement): void {
    const { ts, yielding } = this.text.analysis;
    if (!yielding.has(node)) this.asItIs(node);
    else if (ts.isBlock(node)) this.list(node.statements);
    else if (ts.isExpressionStatement(node)) this.expression(node.expression);
    else if (ts.isVariableStatement(node)) this.declarations(node.declarationList);
    else if (ts.isIfStatement(node)) this.choice(node);
    else if (ts.isReturnStatement(node)) this.end(node);
    else if (ts.isThrowStatement(node)) this.writer.emit(`throw ${this.expressions.settled(node.expression)};`);
    else if (ts.isSwitchStatement(node)) this.switching(node);
    else if (ts.isLabeledStatement(node)) this.labelled(node);
    else this.loop(node);
  }

  private asItIs(node: ts.Statement): void {
    const { ts } = this.text.analysis;
    if (ts.isEmptyStatement(node)) return;
    const text = this.text.render(node, this);
    const place = ts.isClassDeclaration(node) && node.name !== undefined ? this.text.placeOf(node.name) : null;
    this.writer.emit(place === null ? text : `${place} = ${text};`);
  }

  private expression(node: ts.Expression): void {
    const text = this.expressions.settled(node, false);
    // In parentheses, since what is left of a comma may begin as a block does.
    if (text !== "undefined") this.writer.emit(`(${text});`);
  }

  private declarations(list: ts.VariableDeclarationList): void {
    const { ts } = this.text.analysis;
    const isVar = (list.flags & ts.NodeFlags.BlockScoped) === 0;
    for (const one of list.declarations) {
      const initial = one.initializer === undefined ? null : this.expressions.settled(one.initializer);
      const store = this.text.declared(one, initial, isVar);
      if (store !== "") this.writer.emit(`${store};`);
    }
  }

  private choice(node: ts.IfStatement): void {
    const { writer } = this;
    const otherwise = writer.newLabel();
    this.expressions.branch(node.expression, true, otherwise);
    this.statement(node.thenStatement);
    if (node.elseStatement === undefined) {
      writer.place(otherwise);
      return;
    }
    const end = writer.newLabel();
    writer.jump(end);
    writer.place(otherwise);
    this.statement(node.elseStatement);
    writer.place(end);
  }

  private end(node: ts.ReturnStatement): void {
    const { expression } = node;
    if (expression !== undefined) {
      this.writer.emit(`${this.writer.frame}.sent = (${this.expressions.settled(expression)});`);
    }
    this.writer.emit("return $RETURNED;");
  }

  /** The cases are found as ever; what they do is elsewhere. */
  private switching(node: ts.SwitchStatement): void {
    const { ts, yielding } = this.text.analysis;
    const { writer } = this;
    const end = writer.newLabel();
    this.targets.set(node, { break: end });
    const { clauses } = node.caseBlock;
    const labels = clauses.map(() => writer.newLabel());
    const value = this.expressions.settled(node.expression);
    writer.emit(`switch (${value}) {`);
    for (const [i, clause] of clauses.entries()) {
      if (ts.isCaseClause(clause) && yielding.has(clause.expression)) this.expressions.refuse(clause);
      const test = ts.isCaseClause(clause) ? `case ${this.text.render(clause.expression, this)}` : "default";
      writer.emit(`${test}: $l = ${labels[i]}; continue $;`);
    }
    writer.emit("}");
    writer.jump(end);
    for (const [i, clause] of clauses.entries()) {
      writer.place(labels[i] as number);
      this.list(clause.statements);
    }
    writer.place(end);
  }

  private labelled(node: ts.LabeledStatement): void {
    const { ts } = this.text.analysis;
    const end = this.writer.newLabel();
    let inner: ts.Statement = node.statement;
    while (ts.isLabeledStatement(inner)) inner = inner.statement;
    if (!ts.isIterationStatement(inner, false)) this.targets.set(node, { break: end });
    else {
      const target = this.targets.get(inner) ?? { break: end, continue: this.writer.newLabel() };
      this.targets.set(inner, target);
      this.targets.set(node, target);
    }
    this.statement(node.statement);
    this.writer.place(end);
  }

  private loop(node: ts.Statement): void {
    const { ts } = this.text.analysis;
    const { writer } = this;
    const known = this.targets.get(node);
    const again = known?.continue ?? writer.newLabel();
    const end = writer.newLabel();
    // A label before the loop has an end of its own right behind this one.
    if (known === undefined) this.targets.set(node, { break: end, continue: again });
    if (ts.isWhileStatement(node)) {
      writer.place(again);
      this.expressions.branch(node.expression, true, end);
      this.statement(node.statement);
      writer.jump(again);
    } else if (ts.isDoStatement(node)) this.doLoop(node, again);
    else if (ts.isForStatement(node)) this.forLoop(node, again, end);
    else this.refuse(node);
    writer.place(end);
  }

  private doLoop(node: ts.DoStatement, again: number): void {
    const start = this.writer.newLabel();
    this.writer.place(start);
    this.statement(node.statement);
    this.writer.place(again);
    this.expressions.branch(node.expression, false, start);
  }

  private forLoop(node: ts.ForStatement, again: number, end: number): void {
    const { ts } = this.text.analysis;
    const { initializer, condition, incrementor } = node;
    const start = this.writer.newLabel();
    if (initializer !== undefined && ts.isVariableDeclarationList(initializer)) this.declarations(initializer);
    else if (initializer !== undefined) this.expression(initializer);
    this.writer.place(start);
    if (condition !== undefined) this.expressions.branch(condition, true, end);
    this.statement(node.statement);
    this.writer.place(again);
    if (incrementor !== undefined) this.expression(incrementor);
    this.writer.jump(start);
  }

  private refuse(node: ts.Statement): never {
    return this.expressions.refuse(node);
  }
}

/** Whether a node stands in a function at all. */
export function isInFunction(text: FrameText, node: ts.Node): boolean {
  return functionAround(text.analysis.ts, node) !== undefined;
}
