/** A condition whose outcome is settled, taken out of the expression or the `if` around it. */
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import type { Site, Workbench } from "./workbench.ts";

/**
 * Takes a part of a condition out as if it always came out one way: `a || false` becomes `a`, `if (false) x;` goes.
 *
 * Refuses where the outcome is stored or returned, and where a whole branch would have to move.
 */
export function assume(bench: Workbench, site: Site, value: boolean): void {
  const { fn, node } = site;
  const { parent } = node;
  if (parent === null) bench.refuse(site, "a condition without surroundings");
  const operator = childOf(parent, "operator")?.type;
  const call = callAround(bench, fn, parent);
  if (parent.type === "parenthesized_expression") {
    const branch = parent.field === "condition" && parent.parent?.type === "if_statement" ? parent.parent : null;
    if (branch === null) assume(bench, { fn, node: parent }, value);
    else settle(bench, { fn, node: branch }, value);
  } else if (parent.type === "unary_expression" && operator === "!") assume(bench, { fn, node: parent }, !value);
  else if (call !== null) assume(bench, { fn, node: call }, value);
  else if (parent.type === "binary_expression" && (operator === "&&" || operator === "||")) {
    // false && x is false, true || x is true; the other way round the other operand decides.
    if (value === (operator === "||")) {
      const left = childOf(parent, "left");
      if (left !== undefined && left !== node && hasEffect(bench, { fn, node: left })) {
        bench.refuse(site, "what is done before it in the same condition would not be done any more");
      }
      assume(bench, { fn, node: parent }, value);
    } else dropOperand(bench, site);
  } else bench.refuse(site, `${bench.words(site)} is used as a value: its outcome cannot be taken out`);
}

const HINTS = /^(?:un)?likely$/;

/** Whether an expression does something: calls a function, stores a value. */
function hasEffect(bench: Workbench, { fn, node }: Site): boolean {
  return [...descendants(node)].some((one) => {
    if (one.type === "assignment_expression" || one.type === "update_expression") return true;
    const callee = one.type === "call_expression" ? childOf(one, "function") : undefined;
    return callee !== undefined && !HINTS.test(bench.words({ fn, node: callee }));
  });
}

/** likely(x) around x. */
function callAround(bench: Workbench, fn: Site["fn"], parent: SyntaxNode): SyntaxNode | null {
  const call = parent.type === "argument_list" ? parent.parent : null;
  const callee = call?.type === "call_expression" ? childOf(call, "function") : undefined;
  return callee !== undefined && HINTS.test(bench.words({ fn, node: callee })) ? call : null;
}

/** Takes one operand of && or || out, with the operator and the blanks that belong to it. */
function dropOperand(bench: Workbench, { fn, node }: Site): void {
  const { parent } = node;
  const sides = parent === null ? [] : [childOf(parent, "left"), childOf(parent, "right")];
  const [left, right] = sides;
  if (left === undefined || right === undefined) bench.refuse({ fn, node }, "an operand without a partner");
  if (node === right) bench.edit(fn, left.end, right.end, "");
  else bench.edit(fn, left.start, right.start, "");
}

/** An `if` whose condition is settled. */
function settle(bench: Workbench, { fn, node }: Site, value: boolean): void {
  const hasElse = childOf(node, "alternative") !== undefined || node.children.some((one) => one.type === "else_clause");
  if (value || hasElse) {
    bench.refuse({ fn, node }, "the whole condition of a branch that would have to take the place of the if");
  }
  if ([...descendants(node)].some((one) => one.type === "labeled_statement")) {
    bench.refuse({ fn, node }, "a label stands in what would go");
  }
  if (!bench.isInList(node)) bench.refuse({ fn, node }, "the if is itself the branch of another statement");
  bench.removeStatement({ fn, node });
}
