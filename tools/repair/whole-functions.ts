/** Functions that go as a whole, with what put them to use. */
import type { CFunction } from "../c/file.ts";
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import type { Callback } from "./lookup.ts";
import type { Site, Workbench } from "./workbench.ts";

/** Calls that leave nothing behind when the function around them has nothing else to do; tracepoints are looked at. */
const IDLE_CALLS =
  /^(?:(?:raw_)?(?:spin|read|write)_(?:un)?lock\w*|rcu_read_(?:un)?lock|d?printk\w*|pr_\w+|(?:un)?likely)$/;
const MAX_DEPTH = 4;

/**
 * Whether a function does nothing without some of its calls but look at things, lock and log.
 *
 * @param without calls that are not counted
 */
export function isIdleWithout(bench: Workbench, fn: CFunction, without: readonly Site[], depth = 0): boolean {
  const root = fn.syntax();
  if (root === null || depth > MAX_DEPTH) return false;
  const locals = bench.localNames(fn);
  const left = new Set(without.map(({ node }) => node));
  return [...descendants(root)].every((node) => {
    const target = storedTo(node);
    if (target !== undefined) return target.type === "identifier" && locals.has(bench.words({ fn, node: target }));
    if (node.type !== "call_expression" || left.has(node)) return true;
    const callee = childOf(node, "function");
    if (callee?.type !== "identifier") return false;
    const name = bench.words({ fn, node: callee });
    const called = bench.program.callee(name, fn.file);
    return IDLE_CALLS.test(name) || (called !== undefined && isIdleWithout(bench, called, [], depth + 1));
  });
}

function storedTo(node: SyntaxNode): SyntaxNode | undefined {
  if (node.type === "assignment_expression") return childOf(node, "left");
  return node.type === "update_expression" ? childOf(node, "argument") : undefined;
}

/**
 * Takes a callback out of the file, with the comment before it, and the assignments that store it.
 *
 * @returns false, with nothing done, where something else speaks of it
 */
export function removeCallback(bench: Workbench, { fn, stores }: Callback): boolean {
  const known = [{ start: fn.start, end: fn.end }, ...stores.map(({ node }) => node)];
  const isKnown = (at: number): boolean => known.some((one) => one.start <= at && at < one.end);
  if (!fn.isStatic || !mentionsOf(bench, fn).every(isKnown)) return false;
  for (const { fn: user } of stores) bench.refuseVariants(user);
  bench.refuseVariants(fn);
  const text = bench.textOf(fn.file);
  const { start } = bench.region(fn);
  const from = text.lineStart(start);
  if (!text.isFirstOnLine(start) || !text.isLastOnLine(fn.end)) {
    const node = fn.syntax();
    if (node !== null) bench.refuse({ fn, node }, "shares its line with something else");
  }
  const next = text.lineEnd(fn.end);
  const end = text.isBlankLine(next) ? text.lineEnd(next) : next;
  const within = { kind: "whole-function", name: fn.name, start: from, end } as const;
  bench.edits.add({ file: fn.file.path, start: from, end, text: "", within });
  for (const store of stores) {
    const node = bench.statementAround(store);
    if (!bench.isInList(node)) bench.refuse(store, "is the branch of another statement");
    bench.removeStatement({ fn: store.fn, node });
  }
  return true;
}

/** Where code of the file has the function's name; comments do not count. */
function mentionsOf(bench: Workbench, fn: CFunction): readonly number[] {
  const text = bench.textOf(fn.file);
  const comments = text.commentsIn(0, text.source.length);
  return [...text.source.matchAll(new RegExp(`\\b${fn.name}\\b`, "g"))]
    .map(({ index }) => index)
    .filter((at) => !comments.some((one) => one.start <= at && at < one.end));
}
