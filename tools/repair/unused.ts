/** What an edit leaves without use: locals that are only stored to, labels that nobody jumps to. */
import type { CFunction } from "../c/file.ts";
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import type { Workbench } from "./workbench.ts";

/** Takes out locals that lost their last reader to the edits made so far, with what only stores to them. */
export function dropUnusedLocals(bench: Workbench, fn: CFunction): void {
  for (const name of bench.localNames(fn)) {
    const uses = usesOf(bench, fn, name);
    const isMentioned = bench.edits.textsIn(fn.file.path).some((text) => new RegExp(`\\b${name}\\b`).test(text));
    const lost = uses.some((node) => bench.isGone({ fn, node }));
    const left = uses.filter((node) => !bench.isGone({ fn, node }));
    if (!lost || isMentioned || !left.every((node) => isStored(node) || isDeclared(node))) continue;
    dropLocal(bench, fn, name, left);
  }
}

function usesOf(bench: Workbench, fn: CFunction, name: string): readonly SyntaxNode[] {
  const root = fn.syntax();
  if (root === null) return [];
  return [...descendants(root)].filter((node) => node.type === "identifier" && bench.words({ fn, node }) === name);
}

/** Whether this use of a name is the target of a plain assignment that stands alone. */
function isStored(node: SyntaxNode): boolean {
  const assignment = node.parent;
  return (
    assignment?.type === "assignment_expression" &&
    childOf(assignment, "left") === node &&
    childOf(assignment, "operator")?.type === "=" &&
    assignment.parent?.type === "expression_statement"
  );
}

function isDeclared(node: SyntaxNode): boolean {
  const { parent } = node;
  if (parent?.type === "declaration") return true;
  return parent?.type === "init_declarator" && childOf(parent, "declarator") === node;
}

/** All or nothing: a local that is declared with others, or stored to beside other work, stays. */
function dropLocal(bench: Workbench, fn: CFunction, name: string, left: readonly SyntaxNode[]): void {
  const statements = new Set<SyntaxNode>();
  for (const node of left) {
    const statement = removable(bench, fn, bench.statementAround({ fn, node }), name);
    if (statement === null) return;
    statements.add(statement);
  }
  const text = bench.textOf(fn.file);
  const isWhole = (one: SyntaxNode): boolean => text.isFirstOnLine(one.start) && text.isLastOnLine(one.end);
  if (![...statements].every((one) => bench.isInList(one) && isWhole(one))) return;
  for (const node of statements) bench.removeStatement({ fn, node });
}

/** The largest statement around that does nothing but store to the local; null where one does something else. */
function removable(bench: Workbench, fn: CFunction, statement: SyntaxNode, name: string): SyntaxNode | null {
  if (statement.type === "declaration") {
    const declarators = statement.children.filter((one) => one.field === "declarator");
    return declarators.length === 1 && hasNoEffect(statement) ? statement : null;
  }
  if (!storesOnly(bench, fn, statement, name)) return null;
  let best = statement;
  for (let at = statement.parent; at !== null; at = at.parent) {
    if (!["compound_statement", "else_clause", "if_statement"].includes(at.type)) break;
    if (at.parent === null || !storesOnly(bench, fn, at, name)) break;
    if (at.type === "if_statement") best = at;
  }
  return best;
}

function storesOnly(bench: Workbench, fn: CFunction, node: SyntaxNode, name: string): boolean {
  switch (node.type) {
    case "expression_statement": {
      const [assignment] = node.children;
      const target = assignment?.type === "assignment_expression" ? childOf(assignment, "left") : undefined;
      const value = assignment === undefined ? undefined : childOf(assignment, "right");
      const isMeant = target?.type === "identifier" && bench.words({ fn, node: target }) === name;
      return isMeant && value !== undefined && hasNoEffect(value);
    }
    case "compound_statement":
    case "else_clause":
      return node.children.filter((one) => one.type !== "else").every((one) => storesOnly(bench, fn, one, name));
    case "if_statement": {
      const condition = childOf(node, "condition");
      const branches = node.children.filter((one) => one !== condition && one.type !== "if");
      return (
        condition !== undefined && hasNoEffect(condition) && branches.every((one) => storesOnly(bench, fn, one, name))
      );
    }
    default:
      return false;
  }
}

function hasNoEffect(node: SyntaxNode): boolean {
  for (const one of descendants(node)) {
    if (["call_expression", "assignment_expression", "update_expression"].includes(one.type)) return false;
  }
  return true;
}

/** Takes out labels whose last goto the edits have taken out. */
export function dropUnusedLabels(bench: Workbench, fn: CFunction): void {
  const root = fn.syntax();
  if (root === null) return;
  const nodes = [...descendants(root)];
  for (const labeled of nodes.filter((one) => one.type === "labeled_statement")) {
    const label = childOf(labeled, "label");
    if (label === undefined) continue;
    const name = bench.words({ fn, node: label });
    const jumps = nodes.filter(
      (one) => one.type === "goto_statement" && bench.words({ fn, node: childOf(one, "label") ?? one }) === name,
    );
    if (jumps.length === 0 || !jumps.every((node) => bench.isGone({ fn, node }))) continue;
    const text = bench.textOf(fn.file);
    const end = text.isLastOnLine(label.end + 1) ? text.lineEnd(label.end) : label.end + 1;
    bench.edit(fn, text.lineStart(label.start), end, "");
  }
}
