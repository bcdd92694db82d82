/**
 * What follows from a comparison, in each direction.
 */
import type { CfgNode, Edge } from "../c/cfg.ts";
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import type { Outcome } from "./fact.ts";
import type { Scope } from "./scope.ts";

/** Branches are summarised, not printed: past these the reader is better served by the source. */
const MAX_CALLS = 12;
const MAX_NODES = 200;

const STATEMENTS = new Set(["if_statement", "while_statement", "do_statement", "for_statement"]);
const LEAVES = /^(?:return|goto|break|continue)_statement$/;

/** Calls in a piece of code, in source order, without casts and sizeof. */
export function callNames(scope: Scope, node: SyntaxNode): { readonly name: string; readonly node: SyntaxNode }[] {
  const calls: { name: string; node: SyntaxNode }[] = [];
  for (const inner of descendants(node)) {
    if (inner.type !== "call_expression") continue;
    const callee = childOf(inner, "function");
    if (callee !== undefined) calls.push({ name: scope.text(callee).replace(/^\((\w+)\)$/, "$1"), node: inner });
  }
  return calls;
}

/**
 * What happens when a comparison is true and when it is false.
 *
 * @param site the comparison (or the macro call that holds it) in the function's tree
 */
export function outcomes(scope: Scope, site: SyntaxNode): { readonly whenTrue: Outcome; readonly whenFalse: Outcome } {
  const condition = scope.cfg.nodes.find(
    (node) =>
      node.kind === "condition" &&
      node.syntax !== null &&
      node.syntax.start <= site.start &&
      node.syntax.end >= site.end,
  );
  if (condition === undefined || condition.syntax === null) return valueOutcomes(scope, site);
  const whole = condition.syntax.start === site.start && condition.syntax.end === site.end;
  const frame = enclosingStatement(condition.syntax);
  if (!whole || frame === null) {
    const text = `part of the condition ${scope.text(condition.syntax)}`;
    return { whenTrue: { calls: [], ends: [text] }, whenFalse: { calls: [], ends: [text] } };
  }
  const follow = (when: "true" | "false"): Outcome => {
    const edge = condition.next.find((one) => one.when === when);
    return edge === undefined ? { calls: [], ends: ["never"] } : branch(scope, edge, frame, condition);
  };
  return { whenTrue: follow("true"), whenFalse: follow("false") };
}

/**
 * The condition that a comparison is a part of: of an if or a loop, of `?:`, or what is returned.
 *
 * @returns undefined where the comparison is all of it
 */
export function wholeCondition(scope: Scope, site: SyntaxNode): string | undefined {
  let whole = site;
  for (let at = site.parent; at !== null; at = at.parent) {
    const isPart = /^(?:binary|parenthesized|unary)_expression$/.test(at.type);
    const isWrapper =
      at.type === "argument_list" || (at.type === "call_expression" && /^(?:un)?likely\b/.test(scope.text(at)));
    if (!isPart && !isWrapper) break;
    whole = at;
  }
  const text = withoutOuterParentheses(scope.text(whole));
  return text === scope.text(site) ? undefined : text;
}

function withoutOuterParentheses(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return text;
  }
  return text.slice(1, -1).trim();
}

function enclosingStatement(node: SyntaxNode): SyntaxNode | null {
  for (let at = node.parent; at !== null; at = at.parent) {
    if (STATEMENTS.has(at.type)) return at;
    if (at.type === "compound_statement") return null;
  }
  return null;
}

/** Follows one side of a condition as far as the statement that it controls goes. */
function branch(scope: Scope, edge: Edge, frame: SyntaxNode, condition: CfgNode): Outcome {
  const calls: string[] = [];
  const ends = new Set<string>();
  // A loop comes back to its condition: that is another round, no consequence.
  const seen = new Set<CfgNode>([condition]);
  const work = [edge.to];
  while (work.length > 0 && seen.size < MAX_NODES) {
    const node = work.shift() as CfgNode;
    if (seen.has(node)) continue;
    seen.add(node);
    const { syntax } = node;
    if (node.kind === "exit") ends.add("returns");
    else if (syntax === null && node.kind === "statement") {
      // Joins have no text of their own: look through them, but not out of the statement.
      if (node.next.length > 0) work.push(...node.next.map((next) => next.to));
      else ends.add("continues");
    } else if (syntax !== null && (syntax.start < frame.start || syntax.end > frame.end)) ends.add("continues");
    else if (syntax !== null) {
      for (const { name } of callNames(scope, syntax))
        if (calls.length < MAX_CALLS && !calls.includes(name)) calls.push(name);
      if (LEAVES.test(syntax.type)) ends.add(scope.text(syntax).replace(/;$/, "").trim());
      else work.push(...node.next.map((next) => next.to));
    }
  }
  return { calls, ends: [...ends] };
}

/** A comparison that is no condition: its value is returned, stored or handed on. */
function valueOutcomes(scope: Scope, site: SyntaxNode): { readonly whenTrue: Outcome; readonly whenFalse: Outcome } {
  let use = "value used";
  for (let at = site.parent; at !== null; at = at.parent) {
    if (at.type === "return_statement") {
      use = site.parent === at ? "returned" : `part of what is returned: ${scope.text(at)}`;
      break;
    }
    if (at.type === "assignment_expression" || at.type === "init_declarator") {
      const target = childOf(at, "left") ?? childOf(at, "declarator");
      use = `stored in ${target === undefined ? "a variable" : scope.text(target)}`;
      break;
    }
    if (at.type === "call_expression") {
      const callee = childOf(at, "function");
      use = `argument of ${callee === undefined ? "a call" : scope.text(callee)}`;
      break;
    }
    if (at.type === "conditional_expression" && childOf(at, "condition")?.start === site.start) {
      const text = (field: string): Outcome => {
        const node = childOf(at, field);
        return { calls: [], ends: [`value ${node === undefined ? "of the condition" : scope.text(node)}`] };
      };
      return { whenTrue: text("consequence"), whenFalse: text("alternative") };
    }
    if (at.type === "compound_statement") break;
  }
  return { whenTrue: { calls: [], ends: [`${use}: true`] }, whenFalse: { calls: [], ends: [`${use}: false`] } };
}
