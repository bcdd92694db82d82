/** The parts of a probe that recipes change: where it arms itself, what keeps it from probing, who waits for it. */
import type { CFunction } from "../c/file.ts";
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import type { DeadlineFact, DelayedWorkFact } from "../timing/fact.ts";
import { ARMS } from "../timing/primitives.ts";
import type { Site, Workbench } from "./workbench.ts";

/** The one call with which a probe arms itself again. */
export interface RearmSite extends Site {
  readonly fact: DelayedWorkFact;
  /** The call as a statement. */
  readonly statement: SyntaxNode;
  /** Its arguments, as written. */
  readonly args: readonly string[];
  readonly delay: SyntaxNode;
}

/** A deadline inside the probe that looks at recent traffic. */
export interface GuardSite extends Site {
  readonly fact: DeadlineFact;
}

/** A product of a whole number and the probe's interval. */
export interface Multiple {
  readonly node: SyntaxNode;
  /** The node with the number, and the number. */
  readonly factor: SyntaxNode;
  readonly count: number;
}

/** Where the probe arms itself: exactly one call, as a statement of its own in the probe's own text. */
export function rearmSite(bench: Workbench): RearmSite {
  const { rearms, handler } = bench.probe;
  const [fact, second] = rearms;
  if (fact === undefined) return bench.refuseAt(handler, "does not arm itself again");
  if (second !== undefined) return bench.refuseAt(second, "arms itself in more than one place");
  if (fact.function !== handler.function) return bench.refuseAt(fact, `arms itself through ${fact.function}()`);
  if (fact.viaHelper !== undefined) return bench.refuseAt(fact, `arms itself through ${fact.viaHelper}()`);
  const site = bench.site(fact);
  const { fn, node } = site;
  const list = childOf(node, "arguments");
  const args = list?.children ?? [];
  const place = ARMS.get(fact.primitive)?.delay ?? null;
  const delay = typeof place === "number" ? args[place] : undefined;
  if (node.type !== "call_expression" || delay === undefined) return bench.refuse(site, "is no call with a delay");
  const statement = node.parent;
  if (statement?.type !== "expression_statement") return bench.refuse(site, "the result of arming is looked at");
  if (!bench.isOutermost(statement)) return bench.refuse(site, "arms itself under a condition");
  return { fn, node, fact, statement, args: args.map((one) => bench.source({ fn, node: one })), delay };
}

/** The deadlines that keep the probe from probing after recent traffic. */
export function guardSites(bench: Workbench): readonly GuardSite[] {
  return bench.probe.guards.map((fact) => ({ ...bench.site(fact), fact }));
}

/** Whether two expressions name the same quantity: the same words, or the same field of two pointers. */
export function isSameQuantity(a: string, b: string): boolean {
  const field = /(?:->|\.)\s*(\w+)$/;
  const [left, right] = [field.exec(a)?.[1], field.exec(b)?.[1]];
  return a === b || (left !== undefined && left === right);
}

/** Number of a literal, or of a macro that stands for one; null for anything else. */
function wholeNumber(bench: Workbench, words: string): number | null {
  const literal = /^(\d{1,6})[uUlL]{0,3}$/.exec(words)?.[1];
  if (literal !== undefined) return Number(literal);
  const body = bench.program.macro(words)?.body.trim() ?? "";
  const inner = /^\(?\s*(\d{1,6})[uUlL]{0,3}\s*\)?$/.exec(body)?.[1];
  return inner === undefined ? null : Number(inner);
}

/** The probe's interval: what it arms itself with, without the factor or divisor that it may have. */
export function intervalOf(bench: Workbench): string {
  const { fn, delay } = rearmSite(bench);
  let node = delay;
  while (node.type === "parenthesized_expression" || node.type === "binary_expression") {
    const [left, right] = [childOf(node, "left"), childOf(node, "right")];
    const operator = childOf(node, "operator")?.type ?? "";
    const inner = node.type === "parenthesized_expression" ? node.children[0] : left;
    const isScaled = right === undefined || wholeNumber(bench, bench.words({ fn, node: right })) !== null;
    if (inner === undefined || !["", "*", "/"].includes(operator) || !isScaled) break;
    node = inner;
  }
  return bench.words({ fn, node });
}

/** What an expression is apart from parentheses and a division by HZ, which says it in seconds. */
function inSeconds(bench: Workbench, fn: CFunction, node: SyntaxNode): SyntaxNode {
  if (node.type === "parenthesized_expression" && node.children[0] !== undefined) {
    return inSeconds(bench, fn, node.children[0]);
  }
  const [left, right] = [childOf(node, "left"), childOf(node, "right")];
  const isDivided = node.type === "binary_expression" && childOf(node, "operator")?.type === "/";
  if (!isDivided || left === undefined || right === undefined) return node;
  return bench.words({ fn, node: right }) === "HZ" ? inSeconds(bench, fn, left) : node;
}

/** All products of a number and the interval in a function. */
export function multiplesIn(bench: Workbench, fn: CFunction, interval: string): readonly Multiple[] {
  const root = fn.syntax();
  if (root === null) return [];
  const found: Multiple[] = [];
  for (const node of descendants(root)) {
    if (node.type !== "binary_expression" || childOf(node, "operator")?.type !== "*") continue;
    const [left, right] = [childOf(node, "left"), childOf(node, "right")];
    if (left === undefined || right === undefined) continue;
    for (const [factor, other] of [
      [left, right],
      [right, left],
    ] as const) {
      const count = wholeNumber(bench, bench.words({ fn, node: factor }));
      if (count !== null && isSameQuantity(bench.words({ fn, node: inSeconds(bench, fn, other) }), interval)) {
        found.push({ node, factor, count });
        break;
      }
    }
  }
  return found;
}

/**
 * Writes another number into a multiple of the interval: into the literal, or into the macro that stands for it.
 *
 * Refuses where a macro's number is used for anything else than the multiples: it may mean something else there.
 */
export function setFactor(
  bench: Workbench,
  { fn, factor }: { fn: CFunction; factor: SyntaxNode },
  count: number,
): void {
  const words = bench.words({ fn, node: factor });
  if (/^\d/.test(words)) {
    bench.replace({ fn, node: factor }, words.replace(/^\d+/, String(count)));
    return;
  }
  const definition = bench.program.macrosOfFiles.find(({ macro }) => macro.name === words);
  if (definition === undefined) bench.refuse({ fn, node: factor }, `${words} is defined in another folder`);
  const elsewhere = usesElsewhere(bench, fn, words);
  if (elsewhere !== null) bench.refuse({ fn, node: factor }, `${words} is used in ${elsewhere}, too`);
  if (definitionsOf(bench, words) > 1) bench.refuse({ fn, node: factor }, `${words} is defined more than once`);
  const { macro, file } = definition;
  const text = file.masked.source;
  const end = text.indexOf("\n", macro.offset);
  const line = text.slice(macro.offset, end < 0 ? text.length : end);
  const at = new RegExp(`\\b${words}\\s+\\(?\\s*(?=\\d)`).exec(line);
  const number = at === null ? null : /^\d+/.exec(line.slice(at.index + at[0].length));
  if (at === null || number === null) bench.refuse({ fn, node: factor }, `${words}: no number on its line`);
  const start = macro.offset + at.index + at[0].length;
  if (bench.edits.isGone(file.path, start, start + number[0].length)) return;
  const within = { kind: "macro", name: words, start: macro.offset, end: macro.offset + line.length } as const;
  bench.edits.add({ file: file.path, start, end: start + number[0].length, text: String(count), within });
}

/** How often the scanned files define a macro, whatever the configuration. */
function definitionsOf(bench: Workbench, name: string): number {
  const define = new RegExp(`^[ \\t]*#[ \\t]*define[ \\t]+${name}\\b`, "gm");
  return bench.program.files.reduce((sum, { masked }) => sum + [...masked.source.matchAll(define)].length, 0);
}

/** Another place of the scanned files that uses a name for something else than a multiple; null where there is none. */
function usesElsewhere(bench: Workbench, fn: CFunction, name: string): string | null {
  const multiples = new Set(multiplesIn(bench, fn, intervalOf(bench)).map(({ factor }) => factor.start));
  const comments = bench.textOf(fn.file).commentsIn(fn.start, fn.end);
  const isComment = (at: number): boolean => comments.some((one) => one.start <= at && at < one.end);
  const word = new RegExp(`\\b${name}\\b`, "g");
  for (const file of bench.program.files) {
    const { source } = file.masked;
    if (!source.includes(name)) continue;
    for (const match of source.matchAll(word)) {
      const isOwn = file === fn.file && (multiples.has(match.index) || isComment(match.index));
      const line = source.slice(source.lastIndexOf("\n", match.index) + 1, match.index);
      if (!isOwn && !/^\s*#\s*(?:define|undef|ifn?def)\s+$/.test(line)) return file.path;
    }
  }
  return null;
}
