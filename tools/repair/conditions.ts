/** A statement that is done under one more condition than before. */
import { childOf } from "../c/syntax.ts";
import { columns } from "./source-text.ts";
import type { Site, Workbench } from "./workbench.ts";

const MAX_COLUMNS = 80;
/** Operators that bind looser than &&. */
const LOOSE = /^(?:conditional_expression|assignment_expression|comma_expression)$/;

/**
 * Lets a statement be done only where a condition holds: as a part of the `if` whose only branch it is, else in an `if`
 * of its own.
 *
 * @param condition an operand of &&
 * @param comment a sentence to stand above the `if`; null for none
 */
export function guardStatement(bench: Workbench, site: Site, condition: string, comment: string | null): void {
  const { fn, node } = site;
  bench.refuseVariants(fn);
  const { parent } = node;
  if (parent?.type === "if_statement" && node.field === "consequence") {
    extendCondition(bench, { fn, node: parent }, condition, comment);
    return;
  }
  if (!bench.isInList(node) && parent?.type !== "case_statement") {
    bench.refuse(site, "is the branch of a statement that is no plain if");
  }
  const text = bench.textOf(fn.file);
  if (!text.isFirstOnLine(node.start) || !text.isLastOnLine(node.end)) {
    bench.refuse(site, "shares its line with something else");
  }
  const indent = text.indent(node.start);
  const said = comment === null ? "" : `${bench.commentOf(comment, indent)}\n${indent}`;
  const moved = bench.source(site).replace(/\n/g, "\n\t");
  bench.replace(site, `${said}if (${condition})\n${indent}\t${moved}`);
}

/** `if (a)` becomes `if (a && condition)`. */
function extendCondition(bench: Workbench, { fn, node }: Site, condition: string, comment: string | null): void {
  const outer = childOf(node, "condition");
  const inner = outer?.children[0];
  if (childOf(node, "alternative") !== undefined || outer === undefined || inner === undefined) {
    bench.refuse({ fn, node }, "has an else, which would be done in more cases");
  }
  const operator = inner.type === "binary_expression" ? childOf(inner, "operator")?.type : undefined;
  const isTorn = operator === "||" || LOOSE.test(inner.type);
  const words = bench.source({ fn, node: inner });
  const text = bench.textOf(fn.file);
  const lastLine = words.slice(words.lastIndexOf("\n") + 1);
  const start = words.includes("\n") ? columns(lastLine) : text.column(inner.start) + lastLine.length;
  const isLong = start + condition.length + 8 > MAX_COLUMNS;
  const column = text.column(inner.start);
  const glue = isLong ? ` &&\n${"\t".repeat(Math.floor(column / 8))}${" ".repeat(column % 8)}` : " && ";
  if (isTorn) bench.edit(fn, inner.start, inner.start, "(");
  bench.edit(fn, inner.end, inner.end, `${isTorn ? ")" : ""}${glue}${condition}`);
  if (comment !== null) bench.insertBefore({ fn, node }, [bench.commentOf(comment, bench.indentOf({ fn, node }))]);
}
