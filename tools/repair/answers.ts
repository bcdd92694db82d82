/**
 * What a function does about one value of a status: the case or the comparison that singles it out, and what is stored
 * into a member then; and another answer in its place.
 */
import { type CfgNode, controlFlow } from "../c/cfg.ts";
import type { CFunction } from "../c/file.ts";
import { codeOfFile } from "../c/fragment.ts";
import { ancestorOf, childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import type { Site, Workbench } from "./workbench.ts";

/** A place that singles out one value. */
export interface Answer extends Site {
  readonly value: string;
  /** A label of a switch, or a comparison with ==. */
  readonly kind: "case" | "comparison";
  /** The assignments to the member that may come first from there. */
  readonly stores: readonly SyntaxNode[];
  /** What they assign, each once. */
  readonly next: readonly string[];
}

/** What takes the place of an answer. */
export interface NewAnswer {
  /** What is assigned to the member. */
  readonly next: string;
  /** A member whose assignments on the old way are made on the new one, too. */
  readonly keeping: string;
  /** A sentence for the comment, with its full stop. */
  readonly comment: string;
}

const JUMPS = new Set(["return_statement", "break_statement", "goto_statement", "continue_statement"]);

/** The places in a function that single out a value such as `-EAGAIN`, in their order. */
export function answersTo(bench: Workbench, fn: CFunction, value: string, member: string): readonly Answer[] {
  const body = bench.bodyNode(fn);
  if (body === null) return [];
  const cfg = controlFlow(body, codeOfFile(fn.file));
  const stop = cfg.problems[0];
  if (stop !== undefined) bench.refuse({ fn, node: stop.node }, stop.reason);
  const found: Answer[] = [];
  for (const { syntax, next } of cfg.nodes) {
    for (const { to, when } of next) {
      const place = placeOf(bench, { fn, value }, syntax, when);
      if (place === null) continue;
      const stores = firstStores(bench, fn, to, member);
      const words = stores.map((one) => bench.words({ fn, node: childOf(one, "right") ?? one }));
      found.push({ fn, value, ...place, stores, next: [...new Set(words)] });
    }
  }
  return found.toSorted((a, b) => a.node.start - b.node.start);
}

/** The label or comparison that an edge of the control flow is taken by, where it singles out the value. */
function placeOf(
  bench: Workbench,
  { fn, value }: { readonly fn: CFunction; readonly value: string },
  syntax: SyntaxNode | null,
  when: CfgNode["next"][number]["when"],
): Pick<Answer, "node" | "kind"> | null {
  if (typeof when === "object") {
    const label = when.values.find((node) => bench.words({ fn, node }) === value)?.parent;
    return label == null ? null : { node: label, kind: "case" };
  }
  if (when !== "true" || syntax?.type !== "binary_expression" || childOf(syntax, "operator")?.type !== "==")
    return null;
  const right = childOf(syntax, "right");
  return right !== undefined && bench.words({ fn, node: right }) === value
    ? { node: syntax, kind: "comparison" }
    : null;
}

/** Assignments to a member that come first on some way from a node of the control flow on. */
function firstStores(bench: Workbench, fn: CFunction, from: CfgNode, member: string): readonly SyntaxNode[] {
  const found = new Set<SyntaxNode>();
  const seen = new Set<CfgNode>([from]);
  for (const node of seen) {
    const store = node.syntax === null ? undefined : storesIn(bench, { fn, node: node.syntax }, member)[0];
    if (store !== undefined) found.add(store);
    else for (const { to } of node.next) seen.add(to);
  }
  return [...found];
}

/** Plain assignments to a member of anything, in their order. */
function storesIn(bench: Workbench, { fn, node }: Site, member: string): readonly SyntaxNode[] {
  return [...descendants(node)].filter((one) => {
    const target = one.type === "assignment_expression" ? childOf(one, "left") : undefined;
    const field = target?.type === "field_expression" ? childOf(target, "field") : undefined;
    return field !== undefined && bench.words({ fn, node: field }) === member;
  });
}

/** Lets another answer be given there, and to nothing else. */
export function answerWith(bench: Workbench, answer: Answer, wanted: NewAnswer): void {
  const { fn, node } = answer;
  bench.refuseVariants(fn);
  const [store, other] = answer.stores;
  if (store === undefined || other !== undefined) bench.refuse(answer, `more than one way on from ${answer.value}`);
  const held = answer.kind === "case" ? bodyOfCase(node) : bodyOfIf(node);
  if (held === null) bench.refuse(answer, `what is done on ${answer.value} is no list of statements`);
  if (answer.kind === "case" ? isAlone(node) : isWholeCondition(node)) answerAnew(bench, { fn, node: store }, wanted);
  else if (answer.kind === "case") splitCase(bench, answer, held, wanted);
  else moveToSwitch(bench, answer, held, wanted);
}

/** What is after the label of a case. */
function statementsOf(label: SyntaxNode): readonly SyntaxNode[] {
  return label.children.filter((one) => one.field !== "value" && !/^(?:case|default|:)$/.test(one.type));
}

/** The case that has the statements of a label: its own, or one of those after it. */
function bodyOfCase(label: SyntaxNode): SyntaxNode | null {
  const siblings = label.parent?.children ?? [];
  const own = siblings.slice(siblings.indexOf(label));
  return own.find((one) => one.type !== "case_statement" || statementsOf(one).length > 0) ?? null;
}

/** The labels that come to a statement of a case, or run into it; none for a statement that is in no case. */
export function casesOf(bench: Workbench, { fn, node }: Site): readonly string[] {
  const own = ancestorOf(node, new Set(["case_statement"]));
  const siblings = own?.parent?.children ?? [];
  const labels: string[] = [];
  for (let i = own === null ? -1 : siblings.indexOf(own); i >= 0; i--) {
    const one = siblings[i] as SyntaxNode;
    if (one.type !== "case_statement" || (one !== own && endsWithJump(one))) break;
    const value = childOf(one, "value");
    labels.unshift(value === undefined ? "default" : bench.words({ fn, node: value }));
  }
  return labels;
}

/** The block of an `if` that a comparison is a part of the condition of; null where it has an else. */
function bodyOfIf(comparison: SyntaxNode): SyntaxNode | null {
  let at = comparison;
  while (at.parent !== null && /^(?:binary|parenthesized)_expression$/.test(at.parent.type)) at = at.parent;
  const branch = at.field === "condition" && at.parent?.type === "if_statement" ? at.parent : null;
  if (branch === null || childOf(branch, "alternative") !== undefined) return null;
  return childOf(branch, "consequence") ?? null;
}

/** Whether a case has statements of its own, which no other value comes to. */
function isAlone(label: SyntaxNode): boolean {
  const siblings = label.parent?.children ?? [];
  const before = siblings[siblings.indexOf(label) - 1];
  return statementsOf(label).length > 0 && (before === undefined || endsWithJump(before));
}

function endsWithJump(node: SyntaxNode): boolean {
  const last = node.children.at(-1);
  return (
    JUMPS.has(node.type) ||
    (last !== undefined && /^(?:case|compound)_statement$/.test(node.type) && endsWithJump(last))
  );
}

function isWholeCondition({ parent }: SyntaxNode): boolean {
  return parent?.type === "parenthesized_expression" && parent.field === "condition";
}

/** Another value in the assignment, and another comment above it where there is one. */
function answerAnew(bench: Workbench, { fn, node: store }: Site, { next, comment }: NewAnswer): void {
  const value = childOf(store, "right");
  if (value === undefined) bench.refuse({ fn, node: store }, "assigns nothing");
  bench.replace({ fn, node: value }, next);
  const statement = bench.statementAround({ fn, node: store });
  bench.replaceSentences({ fn, node: statement }, () => true, comment);
}

/** The statements of a new case, without indentation: what is kept of the old ones, the new value, the old jump. */
function linesOfAnswer(bench: Workbench, answer: Answer, held: SyntaxNode, wanted: NewAnswer): readonly string[] {
  const { fn, value } = answer;
  const [store] = answer.stores;
  const target = store === undefined ? undefined : childOf(store, "left");
  const jump = held.children.at(-1);
  if (target === undefined || jump === undefined || !JUMPS.has(jump.type)) {
    return bench.refuse(answer, `what is done on ${value} does not end with a jump`);
  }
  const kept = storesIn(bench, { fn, node: held }, wanted.keeping).map((node) => `${bench.source({ fn, node })};`);
  return [
    `case ${value}:`,
    `\t/* ${wanted.comment} */`,
    ...[...kept, `${bench.source({ fn, node: target })} = ${wanted.next};`, bench.source({ fn, node: jump })].map(
      (line) => `\t${line}`,
    ),
  ];
}

/** Takes one label out of several, and gives it a case of its own behind theirs. */
function splitCase(bench: Workbench, answer: Answer, held: SyntaxNode, wanted: NewAnswer): void {
  const { fn, node: label } = answer;
  const text = bench.textOf(fn.file);
  const lines = linesOfAnswer(bench, answer, held, wanted);
  const colon = label.children.find((one) => one.type === ":") ?? childOf(label, "value") ?? label;
  const end = fn.file.masked.source.indexOf(":", colon.start) + 1;
  if (!text.isFirstOnLine(label.start) || !text.isLastOnLine(end) || !text.isLastOnLine(held.end)) {
    bench.refuse(answer, "shares its line with something else");
  }
  bench.edit(fn, text.lineStart(label.start), text.lineEnd(label.start), "");
  insertAfter(bench, { fn, node: held }, text.indent(label.start), lines);
}

function insertAfter(bench: Workbench, { fn, node }: Site, indent: string, lines: readonly string[]): void {
  const at = bench.textOf(fn.file).lineEnd(node.end);
  bench.edit(fn, at, at, lines.map((line) => `${indent}${line}\n`).join(""));
}

/** Takes a comparison out of the condition of an `if`, and puts a case into the switch that comes after it. */
function moveToSwitch(bench: Workbench, answer: Answer, held: SyntaxNode, wanted: NewAnswer): void {
  const { fn, node } = answer;
  const lines = linesOfAnswer(bench, answer, held, wanted);
  const compared = childOf(node, "left");
  const branch = held.parent;
  const siblings = branch?.parent?.children ?? [];
  const condition = compared === undefined ? "" : `(${bench.words({ fn, node: compared })})`;
  const after = siblings.slice(siblings.indexOf(branch as SyntaxNode) + 1).find((one) => {
    const value = one.type === "switch_statement" ? childOf(one, "condition") : undefined;
    return value !== undefined && bench.words({ fn, node: value }) === condition;
  });
  const cases = (after === undefined ? undefined : childOf(after, "body"))?.children ?? [];
  const fallback = cases.find((one) => one.type === "case_statement" && childOf(one, "value") === undefined);
  const before = fallback === undefined ? cases.at(-1) : cases[cases.indexOf(fallback) - 1];
  if (before === undefined) bench.refuse(answer, `no switch ${condition} after it that has cases`);
  if (!endsWithJump(before)) bench.refuse({ fn, node: before }, "a case that runs into the next one");
  bench.assume({ fn, node }, false);
  if (fallback !== undefined) bench.insertBefore({ fn, node: fallback }, lines);
  else insertAfter(bench, { fn, node: before }, bench.indentOf({ fn, node: before }), lines);
}
