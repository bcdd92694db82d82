/**
 * Control flow of one function: which statement can follow which, with conditions split at && and ||.
 */
import type { Code } from "./fragment.ts";
import { childOf, type SyntaxNode } from "./syntax.ts";

/** An edge out of a node; `when` says under which outcome it is taken. */
export interface Edge {
  readonly to: CfgNode;
  readonly when: "always" | "true" | "false" | CaseLabel;
}

/** Leaving a switch by one of its labels; `default` has no values. */
export interface CaseLabel {
  readonly values: readonly SyntaxNode[];
  readonly isDefault: boolean;
}

export interface CfgNode {
  readonly id: number;
  readonly kind: "entry" | "exit" | "statement" | "condition" | "switch";
  /** The statement or condition; null for entry and exit. */
  readonly syntax: SyntaxNode | null;
  readonly next: Edge[];
}

export interface Cfg {
  readonly entry: CfgNode;
  readonly exit: CfgNode;
  readonly nodes: readonly CfgNode[];
  /** goto targets that do not exist in the function, and statements that are not understood. */
  readonly problems: readonly { readonly node: SyntaxNode; readonly reason: string }[];
}

interface Targets {
  readonly onBreak: CfgNode | null;
  readonly onContinue: CfgNode | null;
}

/** An exit of code built so far, waiting for what comes next. */
interface Loose {
  readonly from: CfgNode;
  readonly when: Edge["when"];
}

class Builder {
  readonly nodes: CfgNode[] = [];
  readonly problems: { node: SyntaxNode; reason: string }[] = [];
  readonly exit: CfgNode;
  private readonly labels = new Map<string, CfgNode>();
  private readonly gotos: { from: CfgNode; label: string; node: SyntaxNode }[] = [];
  private switchNode: CfgNode | null = null;
  private switchHasDefault = false;

  constructor(private readonly code: Code) {
    this.exit = this.node("exit", null);
  }

  node(kind: CfgNode["kind"], syntax: SyntaxNode | null): CfgNode {
    const node: CfgNode = { id: this.nodes.length, kind, syntax, next: [] };
    this.nodes.push(node);
    return node;
  }

  private text(node: SyntaxNode): string {
    return this.code.source.slice(node.start, node.end);
  }

  join(loose: readonly Loose[], to: CfgNode): void {
    for (const { from, when } of loose) from.next.push({ to, when });
  }

  finish(): void {
    for (const { from, label, node } of this.gotos) {
      const target = this.labels.get(label);
      if (target === undefined) this.problems.push({ node, reason: `no label ${label} in this function` });
      from.next.push({ to: target ?? this.exit, when: "always" });
    }
  }

  /** Builds a sequence of statements; returns its loose ends. */
  sequence(statements: readonly SyntaxNode[], entry: readonly Loose[], targets: Targets): Loose[] {
    let loose = [...entry];
    for (const statement of statements) loose = this.statement(statement, loose, targets);
    return loose;
  }

  private statement(node: SyntaxNode, entry: readonly Loose[], targets: Targets): Loose[] {
    switch (node.type) {
      case "compound_statement":
        return this.sequence(node.children, entry, targets);
      case "if_statement":
        return this.ifStatement(node, entry, targets);
      case "while_statement":
        return this.whileStatement(node, entry, targets);
      case "do_statement":
        return this.doStatement(node, entry, targets);
      case "for_statement":
        return this.forStatement(node, entry, targets);
      case "switch_statement":
        return this.switchStatement(node, entry, targets);
      case "case_statement":
        return this.caseStatement(node, entry, targets);
      case "labeled_statement":
        return this.labeled(node, entry, targets);
      case "goto_statement":
        return this.jump(node, entry);
      case "return_statement":
        this.join([{ from: this.plain(node, entry), when: "always" }], this.exit);
        return [];
      case "break_statement":
        return this.leave(node, entry, targets.onBreak);
      case "continue_statement":
        return this.leave(node, entry, targets.onContinue);
      default:
        return this.simple(node, entry);
    }
  }

  private plain(node: SyntaxNode, entry: readonly Loose[]): CfgNode {
    const made = this.node("statement", node);
    this.join(entry, made);
    return made;
  }

  private simple(node: SyntaxNode, entry: readonly Loose[]): Loose[] {
    // A label before a closing brace was masked into an expression statement; its own text still ends with a colon.
    const label = node.type === "expression_statement" ? /^(\w+)\s*:$/.exec(this.text(node))?.[1] : undefined;
    const made = this.plain(node, entry);
    if (label !== undefined) this.labels.set(label, made);
    return [{ from: made, when: "always" }];
  }

  private leave(node: SyntaxNode, entry: readonly Loose[], target: CfgNode | null): Loose[] {
    const made = this.plain(node, entry);
    if (target === null) this.problems.push({ node, reason: `${this.text(node)} outside a loop or switch` });
    made.next.push({ to: target ?? this.exit, when: "always" });
    return [];
  }

  private jump(node: SyntaxNode, entry: readonly Loose[]): Loose[] {
    const made = this.plain(node, entry);
    const label = childOf(node, "label");
    if (label === undefined || !/^\w+$/.test(this.text(label))) {
      this.problems.push({ node, reason: "computed goto" });
      made.next.push({ to: this.exit, when: "always" });
    } else this.gotos.push({ from: made, label: this.text(label), node });
    return [];
  }

  private labeled(node: SyntaxNode, entry: readonly Loose[], targets: Targets): Loose[] {
    const label = childOf(node, "label");
    const here = this.node("statement", null);
    this.join(entry, here);
    if (label !== undefined) this.labels.set(this.text(label), here);
    const rest = node.children.filter((child) => child.field !== "label" && child.type !== ":");
    return this.sequence(rest, [{ from: here, when: "always" }], targets);
  }

  /** Builds a condition; returns the loose ends of its outcomes. */
  private condition(node: SyntaxNode, entry: readonly Loose[]): { readonly yes: Loose[]; readonly no: Loose[] } {
    if (node.type === "parenthesized_expression" && node.children.length === 1) {
      return this.condition(node.children[0] as SyntaxNode, entry);
    }
    if (node.type === "unary_expression" && childOf(node, "operator")?.type === "!") {
      const argument = childOf(node, "argument");
      if (argument !== undefined) {
        const { yes, no } = this.condition(argument, entry);
        return { yes: no, no: yes };
      }
    }
    const operator = node.type === "binary_expression" ? childOf(node, "operator")?.type : undefined;
    const left = childOf(node, "left");
    const right = childOf(node, "right");
    if ((operator === "&&" || operator === "||") && left !== undefined && right !== undefined) {
      const first = this.condition(left, entry);
      const second = this.condition(right, operator === "&&" ? first.yes : first.no);
      return operator === "&&"
        ? { yes: second.yes, no: [...first.no, ...second.no] }
        : { yes: [...first.yes, ...second.yes], no: second.no };
    }
    const hint = this.wrapped(node);
    if (hint !== null) return this.condition(hint, entry);
    const made = this.node("condition", node);
    this.join(entry, made);
    return { yes: [{ from: made, when: "true" }], no: [{ from: made, when: "false" }] };
  }

  /** The argument of likely() and unlikely(). */
  private wrapped(node: SyntaxNode): SyntaxNode | null {
    if (node.type !== "call_expression") return null;
    const callee = childOf(node, "function");
    const args = childOf(node, "arguments")?.children ?? [];
    if (callee === undefined || args.length !== 1) return null;
    return /^(?:un)?likely$/.test(this.text(callee)) ? (args[0] as SyntaxNode) : null;
  }

  /** The keyword as the file has it: `while` and `if` may stand for a macro that takes a statement. */
  private keyword(node: SyntaxNode): string {
    return /^\w+/.exec(this.text(node))?.[0] ?? "";
  }

  private ifStatement(node: SyntaxNode, entry: readonly Loose[], targets: Targets): Loose[] {
    const condition = childOf(node, "condition");
    const then = childOf(node, "consequence");
    const alternative = childOf(node, "alternative");
    if (condition === undefined || then === undefined) return this.simple(node, entry);
    const keyword = this.keyword(node);
    // include/linux/cleanup.h: scoped_guard() runs its body once.
    if (keyword === "scoped_guard") return this.sequence([then], this.opaqueCondition(condition, entry).yes, targets);
    const { yes, no } = keyword === "if" ? this.condition(condition, entry) : this.opaqueCondition(condition, entry);
    const out = this.sequence([then], yes, targets);
    if (alternative === undefined) return [...out, ...no];
    return [
      ...out,
      ...this.sequence(
        alternative.children.filter((child) => child.type !== "else"),
        no,
        targets,
      ),
    ];
  }

  private opaqueCondition(node: SyntaxNode, entry: readonly Loose[]): { readonly yes: Loose[]; readonly no: Loose[] } {
    const made = this.node("condition", node);
    this.join(entry, made);
    return { yes: [{ from: made, when: "true" }], no: [{ from: made, when: "false" }] };
  }

  private whileStatement(node: SyntaxNode, entry: readonly Loose[], targets: Targets): Loose[] {
    const condition = childOf(node, "condition");
    const body = childOf(node, "body");
    if (condition === undefined || body === undefined) return this.simple(node, entry);
    const head = this.node("statement", null);
    const after = this.node("statement", null);
    this.join(entry, head);
    const start: Loose[] = [{ from: head, when: "always" }];
    const isMacro = this.keyword(node) !== "while";
    const { yes, no } = isMacro ? this.opaqueCondition(condition, start) : this.condition(condition, start);
    this.join(this.sequence([body], yes, { ...targets, onBreak: after, onContinue: head }), head);
    if (isMacro || !this.isAlwaysTrue(condition)) this.join(no, after);
    return [{ from: after, when: "always" }];
  }

  private doStatement(node: SyntaxNode, entry: readonly Loose[], targets: Targets): Loose[] {
    const condition = childOf(node, "condition");
    const body = childOf(node, "body");
    if (condition === undefined || body === undefined) return this.simple(node, entry);
    const head = this.node("statement", null);
    const test = this.node("statement", null);
    const after = this.node("statement", null);
    this.join(entry, head);
    const out = this.sequence([body], [{ from: head, when: "always" }], {
      ...targets,
      onBreak: after,
      onContinue: test,
    });
    this.join(out, test);
    const { yes, no } = this.condition(condition, [{ from: test, when: "always" }]);
    if (!this.isZero(condition)) this.join(yes, head);
    this.join(no, after);
    return [{ from: after, when: "always" }];
  }

  private isZero(node: SyntaxNode): boolean {
    return /^\(?\s*(?:0|false)\s*\)?$/.test(this.text(node));
  }

  private isAlwaysTrue(node: SyntaxNode): boolean {
    return /^\(?\s*(?:1|true)\s*\)?$/.test(this.text(node));
  }

  private forStatement(node: SyntaxNode, entry: readonly Loose[], targets: Targets): Loose[] {
    const initializer = childOf(node, "initializer");
    const condition = childOf(node, "condition");
    const update = childOf(node, "update");
    const body = childOf(node, "body");
    if (body === undefined) return this.simple(node, entry);
    const start = initializer === undefined ? [...entry] : this.simple(initializer, entry);
    const head = this.node("statement", null);
    const step = this.node("statement", update ?? null);
    const after = this.node("statement", null);
    this.join(start, head);
    let yes: Loose[] = [{ from: head, when: "always" }];
    if (condition !== undefined) {
      const outcomes = this.condition(condition, yes);
      yes = outcomes.yes;
      if (!this.isAlwaysTrue(condition)) this.join(outcomes.no, after);
    }
    this.join(this.sequence([body], yes, { ...targets, onBreak: after, onContinue: step }), step);
    step.next.push({ to: head, when: "always" });
    return [{ from: after, when: "always" }];
  }

  private switchStatement(node: SyntaxNode, entry: readonly Loose[], targets: Targets): Loose[] {
    const condition = childOf(node, "condition");
    const body = childOf(node, "body");
    if (condition === undefined || body === undefined) return this.simple(node, entry);
    const head = this.node("switch", condition);
    const after = this.node("statement", null);
    this.join(entry, head);
    const outer = { node: this.switchNode, hasDefault: this.switchHasDefault };
    this.switchNode = head;
    this.switchHasDefault = false;
    const out = this.sequence(body.children, [], { ...targets, onBreak: after });
    if (!this.switchHasDefault) head.next.push({ to: after, when: { values: [], isDefault: true } });
    this.switchNode = outer.node;
    this.switchHasDefault = outer.hasDefault;
    this.join(out, after);
    return [{ from: after, when: "always" }];
  }

  private caseStatement(node: SyntaxNode, entry: readonly Loose[], targets: Targets): Loose[] {
    const value = childOf(node, "value");
    const here = this.node("statement", null);
    this.join(entry, here);
    if (this.switchNode === null) this.problems.push({ node, reason: "case outside a switch" });
    if (value === undefined) this.switchHasDefault = true;
    const values = value === undefined ? [] : [value];
    this.switchNode?.next.push({ to: here, when: { values, isDefault: value === undefined } });
    const rest = node.children.filter((child) => child.field !== "value" && !/^(?:case|default|:)$/.test(child.type));
    return this.sequence(rest, [{ from: here, when: "always" }], targets);
  }
}

/** Builds the control flow graph of a function's body. */
export function controlFlow(body: SyntaxNode, code: Code): Cfg {
  const builder = new Builder(code);
  const entry = builder.node("entry", null);
  const loose = builder.sequence(body.children, [{ from: entry, when: "always" }], { onBreak: null, onContinue: null });
  builder.join(loose, builder.exit);
  builder.finish();
  return { entry, exit: builder.exit, nodes: builder.nodes, problems: builder.problems };
}

/** Nodes that can be reached from `from` without leaving through `blocked` nodes, `from` included. */
export function reachable(from: CfgNode, blocked: (node: CfgNode) => boolean): ReadonlySet<CfgNode> {
  const seen = new Set<CfgNode>([from]);
  const work = [from];
  for (;;) {
    const node = work.pop();
    if (node === undefined) return seen;
    if (blocked(node)) continue;
    for (const { to } of node.next) {
      if (seen.has(to)) continue;
      seen.add(to);
      work.push(to);
    }
  }
}
