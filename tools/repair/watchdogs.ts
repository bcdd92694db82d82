/**
 * Who waits for a probe: deadlines that are a number of its intervals, and the messages that state how long that is.
 */
import type { CFunction } from "../c/file.ts";
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import type { DeadlineFact } from "../timing/fact.ts";
import { intervalOf, isSameQuantity, type Multiple, multiplesIn } from "./probe-sites.ts";
import type { Site, Workbench } from "./workbench.ts";

/** A deadline that waits for a multiple of the interval. */
export interface WatchdogSite extends Site {
  readonly fact: DeadlineFact;
  readonly own: Multiple;
  /** The product of the deadline, and those with the same number in messages of its function. */
  readonly stated: readonly Multiple[];
}

/** Functions and macros that print: cifs_dbg, cifs_server_dbg, cERROR, printk, pr_err, ... */
const PRINTS = /(?:^|_)(?:dbg|debug|err|warn|info|notice|log)(?:_|$)|^c(?:ERROR|FYI)$|^cifserror$|^printk/;

/**
 * The watchdogs that wait for a multiple of the interval. Others, of a fixed length, have nothing to do with it.
 *
 * Refuses where the multiple is only a part of what is waited for, and where a message states the time in a way that is
 * not understood: it would go on stating the old one.
 */
export function watchdogSites(bench: Workbench): readonly WatchdogSite[] {
  const interval = intervalOf(bench);
  return bench.probe.watchdogs.flatMap((fact) => {
    const { fn, node } = bench.site(fact);
    const multiples = multiplesIn(bench, fn, interval);
    const own = ownMultiple(bench, { fn, node }, fact, multiples);
    if (own === null) return [];
    const messages = messagesIn(bench, fn);
    // A message with another number was wrong before, or speaks of something else: either way it is understood.
    const printed = multiples.filter((one) => messages.some((at) => isInside(one.node, at)));
    for (const message of messages) refuseUnknown(bench, { fn, node: message }, interval, own, printed);
    const stated = printed.filter((one) => one !== own && one.count === own.count);
    return [{ fn, node, fact, own, stated: [own, ...stated] }];
  });
}

function isInside(inner: SyntaxNode, outer: SyntaxNode): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

function withoutParentheses(node: SyntaxNode): SyntaxNode {
  const inner = node.type === "parenthesized_expression" ? node.children[0] : undefined;
  return inner === undefined ? node : withoutParentheses(inner);
}

/** How far locals are followed to what they are set to. */
const MAX_LOCALS = 4;

/** The product that is added to the timestamp, directly or by way of locals that hold nothing else. */
function ownMultiple(
  bench: Workbench,
  { fn, node }: Site,
  fact: DeadlineFact,
  multiples: readonly Multiple[],
): Multiple | null {
  const sides = node.type === "call_expression" ? (childOf(node, "arguments")?.children ?? []) : node.children;
  const sums = sides.map((side) => termsOf(bench, fn, side, MAX_LOCALS));
  const near = multiples.filter((one) => sums.some((terms) => terms.some((term) => isInside(one.node, term))));
  const [own] = near;
  if (own === undefined) return null;
  const sum = sums.find((terms) => terms.includes(own.node)) ?? [];
  const isStamp = (term: SyntaxNode): boolean => bench.words({ fn, node: term }) === fact.timestamp?.expression;
  if (near.length > 1 || sum.length !== 2 || !sum.some(isStamp)) {
    bench.refuse({ fn, node }, `waits for ${fact.offset.text}: more than a number of intervals after the timestamp`);
  }
  return own;
}

/** The terms of a sum, locals followed; what is no sum is one term. */
function termsOf(bench: Workbench, fn: CFunction, node: SyntaxNode, depth: number): readonly SyntaxNode[] {
  const plain = withoutParentheses(node);
  if (plain.type === "identifier") {
    const value = depth === 0 ? null : onlyValue(bench, fn, bench.words({ fn, node: plain }));
    return value === null ? [plain] : termsOf(bench, fn, value, depth - 1);
  }
  const isSum = plain.type === "binary_expression" && childOf(plain, "operator")?.type === "+";
  const [left, right] = [childOf(plain, "left"), childOf(plain, "right")];
  if (!isSum || left === undefined || right === undefined) return [plain];
  return [...termsOf(bench, fn, left, depth), ...termsOf(bench, fn, right, depth)];
}

/** The only expression that a local is ever set to; null where there are several, or its address is given away. */
function onlyValue(bench: Workbench, fn: CFunction, name: string): SyntaxNode | null {
  const root = fn.syntax();
  if (root === null || !bench.localNames(fn).has(name) || bench.givesAway(fn, name)) return null;
  const values: (SyntaxNode | undefined)[] = bench
    .assignmentsTo(fn, name)
    .map((one) => (childOf(one, "operator")?.type === "=" ? childOf(one, "right") : undefined));
  for (const one of descendants(root)) {
    const target = one.type === "init_declarator" ? childOf(one, "declarator") : undefined;
    if (target !== undefined && bench.words({ fn, node: target }) === name) values.push(childOf(one, "value"));
  }
  return values.length === 1 ? (values[0] ?? null) : null;
}

/** Calls that print, outermost first. */
function messagesIn(bench: Workbench, fn: CFunction): readonly SyntaxNode[] {
  const root = fn.syntax();
  if (root === null) return [];
  return [...descendants(root)].filter((node) => {
    const callee = node.type === "call_expression" ? childOf(node, "function") : undefined;
    return callee !== undefined && PRINTS.test(bench.words({ fn, node: callee }));
  });
}

/** Refuses a message that speaks of the interval, or of the number of intervals, in another way than as a product. */
function refuseUnknown(
  bench: Workbench,
  message: Site,
  interval: string,
  own: Multiple,
  printed: readonly Multiple[],
): void {
  const { fn, node } = message;
  const counted = new RegExp(
    `\\b(?:${own.count}|${own.count === 2 ? "two|twice" : own.count}) (?:echo )?intervals?\\b`,
    "i",
  );
  for (const one of descendants(node)) {
    if (printed.some((known) => isInside(one, known.node))) continue;
    const words = bench.words({ fn, node: one });
    const isText = one.type === "string_literal" && counted.test(words);
    const isQuantity = ["identifier", "field_expression"].includes(one.type) && isSameQuantity(words, interval);
    const [left, right] = [childOf(one, "left"), childOf(one, "right")];
    const isProduct = one.type === "binary_expression" && childOf(one, "operator")?.type === "*";
    const isMultiple =
      isProduct && [left, right].some((side) => side !== undefined && isNumber(bench, fn, side, own.count));
    if (isText || isQuantity || isMultiple) {
      bench.refuse(message, `a message states the time in a way that is not understood: ${words.slice(0, 80)}`);
    }
  }
}

function isNumber(bench: Workbench, fn: CFunction, node: SyntaxNode, count: number): boolean {
  return new RegExp(`^(?:${count}|0[xX]0*${count.toString(16)})[uUlL]*$`).test(bench.words({ fn, node }));
}
