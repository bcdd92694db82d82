/**
 * C statements -> TypeScript statements. Variables are declared at the top of their function, since C's scopes and
 * TypeScript's blocks differ where there is a goto.
 */
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import { type CType, decayed, type IntType, isInt, pointerTo, promoted, structType } from "./c-types.ts";
import type { FunctionContext, Local } from "./context.ts";
import { convert } from "./conversions.ts";
import { assign, expression } from "./expressions.ts";
import { initialStatements, sizedByInitializer } from "./initializers.ts";
import { breakText, continueText, enterFrame, gotoText, leaveFrame, roundText, sequence } from "./jumps.ts";
import { type Place, update, variablePlace } from "./places.ts";
import { asNumber, condition, constantValue, type Value } from "./value.ts";
import type { Writer } from "./writer.ts";

/** Writes one statement; where it names a member that threads share, somebody else may run before it. */
export function statement(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  const shared = ctx.model.sharedMembers;
  if (shared === null || !ENDED.has(node.type) || !namesMember(ctx, node, shared)) {
    plainStatement(ctx, out, node);
    return;
  }
  ctx.blocks = true;
  out.add(`yield* ${ctx.model.use("preemption", "preempt_at_access")}(kernel);`, ctx.line(node));
  plainStatement(ctx, out, node);
}

/** Statements without others in them, and the heads of branches. */
const ENDED: ReadonlySet<string> = new Set([
  "expression_statement",
  "declaration",
  "return_statement",
  "if_statement",
  "switch_statement",
]);

/** Whether a statement's own expressions name one of the members; branches are statements of their own. */
function namesMember(ctx: FunctionContext, node: SyntaxNode, members: ReadonlySet<string>): boolean {
  const heads = /^(?:if|switch)_/.test(node.type) ? [childOf(node, "condition")] : [node];
  return heads.some((head) => {
    if (head === undefined) return false;
    return [head, ...descendants(head)].some((one) => one.type === "field_identifier" && members.has(ctx.textOf(one)));
  });
}

function plainStatement(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  switch (node.type) {
    case "compound_statement":
      ctx.enterScope();
      sequence(ctx, out, node.children);
      ctx.leaveScope();
      return;
    case "declaration":
      declaration(ctx, out, node);
      return;
    case "expression_statement":
      expressionStatement(ctx, out, node);
      return;
    case "if_statement":
      ifStatement(ctx, out, node);
      return;
    case "while_statement":
      whileStatement(ctx, out, node);
      return;
    case "do_statement":
      doStatement(ctx, out, node);
      return;
    case "for_statement":
      forStatement(ctx, out, node);
      return;
    case "switch_statement":
      switchStatement(ctx, out, node);
      return;
    case "return_statement":
      returnStatement(ctx, out, node);
      return;
    case "break_statement":
      out.add(breakText(ctx) ?? `${ctx.fail(node, "break outside a loop")};`, ctx.line(node));
      return;
    case "continue_statement":
      out.add(continueText(ctx) ?? `${ctx.fail(node, "continue outside a loop")};`, ctx.line(node));
      return;
    case "goto_statement":
      gotoStatement(ctx, out, node);
      return;
    case "labeled_statement":
      // A label that is not in a sequence: `if (x) out: y;`. Nothing jumps into it (jumps.ts would have failed).
      for (const child of node.children) if (child.field !== "label") statement(ctx, out, child);
      return;
    case "attributed_statement":
      for (const child of node.children) statement(ctx, out, child);
      return;
    default:
      out.add(
        `${ctx.fail(node, `not translated: ${node.type.replaceAll("_", " ")}: ${ctx.textOf(node)}`)};`,
        ctx.line(node),
      );
  }
}

/** Writes a statement as the body of a loop or branch. */
function body(ctx: FunctionContext, out: Writer, node: SyntaxNode | undefined): void {
  out.inside(() => {
    if (node !== undefined) statement(ctx, out, node);
  });
}

function expressionStatement(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  const inner = node.children[0];
  if (inner === undefined) return;
  const line = ctx.line(node);
  const text = statementText(ctx, inner);
  if (text !== "") out.add(`${text};`, line);
}

/** An expression whose value nobody looks at. */
function statementText(ctx: FunctionContext, node: SyntaxNode): string {
  if (node.type === "update_expression") return update(ctx, node, true).code;
  if (node.type === "assignment_expression") return assign(ctx, node, true).code;
  if (node.type === "comma_expression") {
    const parts = [childOf(node, "left"), childOf(node, "right")].flatMap((one) => one ?? []);
    return parts
      .map((one) => statementText(ctx, one))
      .filter((one) => one !== "")
      .join(", ");
  }
  if (node.type === "parenthesized_expression" && node.children[0] !== undefined) {
    return statementText(ctx, node.children[0]);
  }
  const { code } = expression(ctx, node);
  // Calls without effect leave the zero of their type behind.
  if (/^(?:undefined|NULL|-?\d+n?|true|false|[\w.]+)$/.test(code)) return "";
  return code.startsWith("(") && code.endsWith(")") && closesAtEnd(code) ? code.slice(1, -1) : code;
}

/** Whether the first parenthesis closes with the last. */
function closesAtEnd(code: string): boolean {
  let depth = 0;
  for (let i = 0; i < code.length; i++) {
    if (code[i] === "(") depth++;
    else if (code[i] === ")" && --depth === 0) return i === code.length - 1;
    else if (code[i] === '"') i = code.indexOf('"', i + 1);
  }
  return false;
}

function declaration(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  const typeNode = childOf(node, "type");
  if (typeNode === undefined) return;
  const base = ctx.model.types.typeOf(typeNode, ctx.text.text);
  const specifier = node.children.find((child) => child.type === "storage_class_specifier");
  const storage = specifier === undefined ? "" : ctx.textOf(specifier);
  for (const child of node.children) {
    if (child.field !== "declarator") continue;
    const declared = ctx.model.types.declared(child, base, ctx.text.text);
    if (declared.name === null || declared.type.kind === "function") continue;
    if (storage === "extern") continue;
    const initializer = child.type === "init_declarator" ? childOf(child, "value") : undefined;
    const type = sizedByInitializer(ctx, declared.type, initializer);
    const local = ctx.declare(declared.name, type);
    if (storage === "static") out.add(`${ctx.fail(child, `static local ${declared.name}`)};`, ctx.line(child));
    initialise(ctx, out, child, local, initializer);
  }
}

function initialise(
  ctx: FunctionContext,
  out: Writer,
  node: SyntaxNode,
  local: Local,
  initializer: SyntaxNode | undefined,
): void {
  const line = ctx.line(node);
  const place = localPlace(local);
  // An object is a new one each time its declaration is passed.
  const isObject = local.type.kind === "struct" || local.type.kind === "array";
  if (isObject) out.add(`${local.name} = ${ctx.model.initial(local.type, `"${local.name}"`, "null")};`, line);
  if (initializer === undefined) return;
  ctx.at = initializer;
  for (const text of initialStatements(ctx, place, initializer)) out.add(text, line);
}

function localPlace(local: Local): Place {
  const text = local.isBoxed ? `${local.name}.value` : local.name;
  return variablePlace(text, local.type, () => (local.isBoxed ? local.name : null));
}

function asked(ctx: FunctionContext, node: SyntaxNode | undefined): string {
  return node === undefined ? "true" : condition(expression(ctx, node)).code;
}

function ifStatement(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  const test = asked(ctx, childOf(node, "condition"));
  out.add(`if (${test}) {`, ctx.line(node));
  body(ctx, out, childOf(node, "consequence"));
  const alternative = childOf(node, "alternative");
  if (alternative !== undefined) {
    out.add("} else {");
    body(ctx, out, alternative.type === "else_clause" ? withoutKeyword(alternative, "else") : alternative);
  }
  out.add("}");
}

/** What stands behind a keyword. */
function withoutKeyword(node: SyntaxNode, keyword: string): SyntaxNode | undefined {
  return node.children.find((child) => child.type !== keyword);
}

/** First in a loop: a loop that never blocks has to end as a fault, not as a check that hangs. */
function goRound(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  out.inside(() => out.add(roundText(ctx, ctx.line(node))));
}

function whileStatement(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  const test = asked(ctx, childOf(node, "condition"));
  const head = out.add(`while (${test}) {`, ctx.line(node));
  const frame = enterFrame(ctx, "loop", head);
  goRound(ctx, out, node);
  body(ctx, out, childOf(node, "body"));
  leaveFrame(ctx, frame);
  out.add("}");
}

function doStatement(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  const head = out.add("do {", ctx.line(node));
  const frame = enterFrame(ctx, "loop", head);
  goRound(ctx, out, node);
  body(ctx, out, childOf(node, "body"));
  leaveFrame(ctx, frame);
  out.add(`} while (${asked(ctx, childOf(node, "condition"))});`);
}

const LIST_CURSOR = "__list_cursor";

function forStatement(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  ctx.enterScope();
  const initializer = childOf(node, "initializer");
  const isList = initializer !== undefined && ctx.textOf(initializer).startsWith(LIST_CURSOR);
  if (isList) listCursor(ctx, node);
  const first = forInitializer(ctx, out, initializer);
  const condition_ = childOf(node, "condition");
  const test = condition_ === undefined ? "" : asked(ctx, condition_);
  const update_ = childOf(node, "update");
  const step = update_ === undefined ? "" : statementText(ctx, update_);
  const head = out.add(`for (${first}; ${test}; ${step}) {`, ctx.line(node));
  const frame = enterFrame(ctx, "loop", head);
  goRound(ctx, out, node);
  body(ctx, out, childOf(node, "body"));
  leaveFrame(ctx, frame);
  out.add("}");
  if (isList) ctx.cursors.pop();
  ctx.leaveScope();
}

/** The place in the list of a list_for_each_entry(), and the one after it. */
function listCursor(ctx: FunctionContext, node: SyntaxNode): void {
  const type = pointerTo(structType("list_head"));
  const cursor = ctx.declareAs(LIST_CURSOR, "cursor", type);
  if (ctx.textOf(node).includes("__list_keep")) ctx.declareAs(`${LIST_CURSOR}_next`, `${cursor.name}_next`, type);
  ctx.cursors.push(cursor);
}

function forInitializer(ctx: FunctionContext, out: Writer, node: SyntaxNode | undefined): string {
  if (node === undefined) return "";
  if (node.type !== "declaration") return statementText(ctx, node);
  declaration(ctx, out, node);
  return "";
}

function returnStatement(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  const inner = withoutKeyword(node, "return");
  const line = ctx.line(node);
  if (inner === undefined || ctx.result.kind === "void") {
    if (inner !== undefined) out.add(`${expression(ctx, inner).code};`, line);
    out.add("return;", line);
    return;
  }
  const converted = convert(ctx, expression(ctx, inner), decayed(ctx.result));
  out.add(`return ${plainText(converted, ctx.result)};`, line);
}

function plainText(one: Value, type: CType): string {
  const isNumber = isInt(type) && !type.isBool;
  return isNumber && one.form === "boolean" ? `Number(${one.code})` : one.code;
}

function gotoStatement(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  const label = childOf(node, "label");
  const line = ctx.line(node);
  const texts = label === undefined ? null : gotoText(ctx, ctx.textOf(label));
  if (texts === null) out.add(`${ctx.fail(node, `not translated: ${ctx.textOf(node)} into a block`)};`, line);
  else for (const text of texts) out.add(text, line);
}

interface Case {
  readonly nodes: readonly SyntaxNode[];
  readonly labels: readonly (string | null)[];
  readonly line: number;
}

/** The cases of a switch, with their labels as values of the type of what is asked; null for forms not understood. */
function casesOf(ctx: FunctionContext, node: SyntaxNode, type: IntType): readonly Case[] | null {
  const list = childOf(node, "body");
  const cases: { nodes: SyntaxNode[]; labels: (string | null)[]; line: number }[] = [];
  for (const child of list?.children ?? []) {
    if (child.type !== "case_statement") {
      if (child.type === "declaration" && cases.length === 0) continue;
      return null;
    }
    const valueNode = childOf(child, "value");
    const one = valueNode === undefined ? null : expression(ctx, valueNode);
    if (one !== null && (one.constant === null || !isInt(one.type))) return null;
    const label = one === null ? null : constantValue(one.constant ?? 0n, type).code;
    const nodes = child.children.filter(
      (inner) => inner !== valueNode && inner.type !== ":" && !/^(?:case|default)$/.test(inner.type),
    );
    if (nodes.some((inner) => hasCaseOfItsOuter(inner))) return null;
    const last = cases.at(-1);
    if (last !== undefined && last.nodes.length === 0) {
      last.labels.push(label);
      last.nodes.push(...nodes);
    } else cases.push({ nodes, labels: [label], line: ctx.line(child) });
  }
  return cases;
}

/** Whether a case stands inside another statement (Duff's device), where no block of TypeScript can be entered. */
function hasCaseOfItsOuter(node: SyntaxNode): boolean {
  if (node.type === "switch_statement") return false;
  return node.type === "case_statement" || node.children.some(hasCaseOfItsOuter);
}

/** Statements that control does not come out of at the end. */
function leaves(node: SyntaxNode | undefined): boolean {
  if (node === undefined) return false;
  if (/^(?:break|return|continue|goto)_statement$/.test(node.type)) return true;
  if (node.type === "compound_statement") return leaves(node.children.at(-1));
  return false;
}

function switchStatement(ctx: FunctionContext, out: Writer, node: SyntaxNode): void {
  const head = childOf(node, "condition");
  const test = head === undefined ? null : asNumber(expression(ctx, head));
  const type = test !== null && isInt(test.type) ? promoted(test.type) : null;
  const cases = type === null ? null : casesOf(ctx, node, type);
  if (cases === null || test === null) {
    out.add(`${ctx.fail(node, "not translated: switch of this form")};`, ctx.line(node));
    return;
  }
  ctx.enterScope();
  for (const child of childOf(node, "body")?.children ?? []) {
    if (child.type === "declaration") declareOnly(ctx, child);
  }
  const falls = cases.some((one, i) => i < cases.length - 1 && one.nodes.length > 0 && !leaves(one.nodes.at(-1)));
  if (falls) fallThrough(ctx, out, node, test.code, cases);
  else plainSwitch(ctx, out, node, test.code, cases);
  ctx.leaveScope();
}

/** Variables declared before the first case: they are there, but no initializer is ever run. */
function declareOnly(ctx: FunctionContext, node: SyntaxNode): void {
  const typeNode = childOf(node, "type");
  if (typeNode === undefined) return;
  const base = ctx.model.types.typeOf(typeNode, ctx.text.text);
  for (const child of node.children) {
    if (child.field !== "declarator") continue;
    const { name, type } = ctx.model.types.declared(child, base, ctx.text.text);
    if (name !== null) ctx.declare(name, type);
  }
}

function plainSwitch(ctx: FunctionContext, out: Writer, node: SyntaxNode, test: string, cases: readonly Case[]): void {
  const head = out.add(`switch (${test}) {`, ctx.line(node));
  const frame = enterFrame(ctx, "switch", head);
  out.inside(() => {
    for (const one of cases) {
      for (const label of one.labels) out.add(label === null ? "default:" : `case ${label}:`, one.line);
      out.inside(() => sequence(ctx, out, one.nodes));
    }
  });
  leaveFrame(ctx, frame);
  out.add("}");
}

/** Cases that run into the next: each is what follows a block that the dispatch leaves. */
function fallThrough(ctx: FunctionContext, out: Writer, node: SyntaxNode, test: string, cases: readonly Case[]): void {
  const names = cases.map((_, i) => ctx.labelName(`case_${i + 1}_`));
  const head = out.add("{", ctx.line(node));
  const frame = enterFrame(ctx, "block", head);
  for (const name of [...names].reverse()) out.add(`${name}: {`);
  out.add(`switch (${test}) {`, ctx.line(node));
  out.inside(() => {
    cases.forEach((one, i) => {
      for (const label of one.labels) out.add(label === null ? "default:" : `case ${label}:`, one.line);
      out.inside(() => out.add(`break ${names[i]};`));
    });
    if (!cases.some((one) => one.labels.includes(null))) {
      out.add("default:");
      out.inside(() => out.add(breakText(ctx) ?? "break;"));
    }
  });
  out.add("}");
  for (const one of cases) {
    out.add("}");
    sequence(ctx, out, one.nodes);
  }
  leaveFrame(ctx, frame);
  out.add("}");
}
