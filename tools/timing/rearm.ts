/**
 * How a handler arms its own item again: on which paths, and before or after its work.
 */
import { type CfgNode, reachable } from "../c/cfg.ts";
import type { CFunction } from "../c/file.ts";
import type { Program } from "../c/program.ts";
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import type { CallAt, Rearm } from "./fact.ts";
import { callNames } from "./outcome.ts";
import { ARMS, isInstant } from "./primitives.ts";
import type { Scope } from "./scope.ts";
import type { UseFinder } from "./uses.ts";

/** A call that arms an item. */
export interface ArmedItem {
  readonly key: string;
  /** A local or parameter: its name says nothing in other functions. */
  readonly isLocal: boolean;
  readonly scope: Scope;
  readonly site: SyntaxNode;
  /** The item is the function's own parameter: a handler that arms itself whatever the item is called. */
  readonly isSelf: boolean;
}

type KeysMatch = (a: string, b: string) => boolean;

/**
 * Helpers in helpers that are looked into for "on all of its paths". Deeper ones are still found, and count as arming
 * on some paths only.
 */
const MAX_HELPERS = 3;
/** The lists in a fact are for people; the counts behind them are not needed beyond this. */
const MAX_LISTED = 20;

/** A place in the handler where the item is armed, and whether passing it means that it surely is. */
interface Site {
  readonly node: CfgNode;
  readonly syntax: SyntaxNode;
  readonly via: string | null;
  readonly sure: boolean;
}

/** Analyses one handler. */
export function rearmOf(
  uses: UseFinder,
  scope: Scope,
  key: string,
  items: readonly ArmedItem[],
  keysMatch: KeysMatch,
): Rearm {
  // Variables at file scope are static far more often than not.
  const sameFile = (item: ArmedItem): boolean => item.scope.fn.file === scope.fn.file;
  const matching = items.filter((item) => {
    if (item.isSelf && item.scope === scope) return true;
    return keysMatch(item.key, key) && (!item.isLocal || item.scope === scope) && (key.includes(".") || sameFile(item));
  });
  const search: Search = { uses, items: matching, arming: armingFunctions(uses.program, matching) };
  const sites = search.arming.has(scope.fn) ? findSites(search, scope, 0) : [];
  if (sites.length === 0) {
    return { paths: "none", position: null, sites: [], exitsWithout: [], callsBefore: [], callsAfter: [] };
  }
  const exitsWithout = exitsAvoiding(scope, sites);
  const callsBefore = callsOnTheWay(scope, sites);
  return {
    paths: exitsWithout.length === 0 ? "all" : "some",
    position: callsBefore.length > 0 ? "after-work" : "before-work",
    sites: sites.map((site) => ({ file: scope.fn.file.path, line: scope.line(site.syntax), via: site.via })),
    exitsWithout,
    callsBefore,
    callsAfter: callsAfter(scope, sites),
  };
}

/** What is looked for: one item's arming calls, and the functions that lead to them. */
interface Search {
  readonly uses: UseFinder;
  readonly items: readonly ArmedItem[];
  readonly arming: ReadonlySet<CFunction>;
}

/** Nodes of the handler that arm the item, themselves or through a helper. */
function findSites(search: Search, scope: Scope, depth: number): readonly Site[] {
  const direct = search.items.filter((item) => item.scope === scope);
  const sites: Site[] = [];
  for (const node of scope.cfg.nodes) {
    const { syntax } = node;
    if (syntax === null) continue;
    const here = direct.find((item) => item.site.start >= syntax.start && item.site.end <= syntax.end);
    if (here !== undefined) {
      sites.push({ node, syntax: here.site, via: null, sure: isUnconditional(here.site, syntax) });
      continue;
    }
    for (const call of callNames(scope, syntax)) {
      const helper = search.uses.program.callee(call.name, scope.fn.file);
      if (helper === undefined || helper === scope.fn || !search.arming.has(helper)) continue;
      const sure = isUnconditional(call.node, syntax) && alwaysArms(search, helper, depth + 1);
      sites.push({ node, syntax: call.node, via: call.name, sure });
    }
  }
  return sites;
}

/** Whether a call happens whenever its statement does: not behind `&&`, `||` or `?:`. */
function isUnconditional(call: SyntaxNode, statement: SyntaxNode): boolean {
  for (let at = call; at !== statement && at.parent !== null; at = at.parent) {
    const { parent } = at;
    const operator = parent.type === "binary_expression" ? childOf(parent, "operator")?.type : undefined;
    if ((operator === "&&" || operator === "||") && at.field === "right") return false;
    if (parent.type === "conditional_expression" && at.field !== "condition") return false;
  }
  return true;
}

/** Functions from which the arming calls are reached by calls by name; calls through pointers are not followed. */
function armingFunctions(program: Program, items: readonly ArmedItem[]): ReadonlySet<CFunction> {
  const found = new Set(items.map((item) => item.scope.fn));
  const work = [...found];
  for (;;) {
    const fn = work.pop();
    if (fn === undefined) return found;
    for (const caller of program.callersOf(fn)) {
      if (found.has(caller)) continue;
      found.add(caller);
      work.push(caller);
    }
  }
}

/** Whether a helper arms the item on all of its paths. */
function alwaysArms(search: Search, helper: CFunction, depth: number): boolean {
  const scope = depth > MAX_HELPERS ? null : search.uses.scopes.of(helper);
  if (scope === null) return false;
  const sites = findSites(search, scope, depth);
  return sites.length > 0 && exitsAvoiding(scope, sites).length === 0;
}

/** Ways out of a function that pass no place which surely arms the item. */
function exitsAvoiding(scope: Scope, sites: readonly Site[]): Rearm["exitsWithout"] {
  const arming = new Set(sites.filter((site) => site.sure).map((site) => site.node));
  const exits: { line: number; statement: string }[] = [];
  for (const node of reachable(scope.cfg.entry, (one) => arming.has(one))) {
    if (arming.has(node) || !node.next.some((edge) => edge.to === scope.cfg.exit)) continue;
    const { syntax } = node;
    const isReturn = syntax?.type === "return_statement";
    exits.push(
      isReturn
        ? { line: scope.line(syntax), statement: scope.text(syntax) }
        : { line: scope.fn.file.lines.lineAt(scope.fn.end - 1), statement: "end of function" },
    );
  }
  const unique = new Map(exits.map((exit) => [`${exit.line} ${exit.statement}`, exit]));
  return [...unique.values()].sort((a, b) => a.line - b.line).slice(0, MAX_LISTED);
}

/** Calls that can take time on some path from the handler's entry to an arming call. */
function callsOnTheWay(scope: Scope, sites: readonly Site[]): readonly CallAt[] {
  const arming = new Set(sites.map((site) => site.node));
  const before = reachable(scope.cfg.entry, (node) => arming.has(node));
  const leading = leadingTo(scope, arming);
  const calls: CallAt[] = [];
  for (const node of before) {
    if (node.syntax === null || arming.has(node) || !leading.has(node)) continue;
    calls.push(...slowCalls(scope, node.syntax));
  }
  // What stands in the arming call's own arguments happens before it, too.
  for (const site of sites) if (site.via === null) calls.push(...slowCalls(scope, site.syntax));
  return unique(calls);
}

/** Nodes from which one of the targets can be reached. */
function leadingTo(scope: Scope, targets: ReadonlySet<CfgNode>): ReadonlySet<CfgNode> {
  const before = new Map<CfgNode, CfgNode[]>();
  for (const node of scope.cfg.nodes) {
    for (const { to } of node.next) {
      const known = before.get(to);
      if (known === undefined) before.set(to, [node]);
      else known.push(node);
    }
  }
  const found = new Set(targets);
  const work = [...targets];
  for (;;) {
    const node = work.pop();
    if (node === undefined) return found;
    for (const previous of before.get(node) ?? []) {
      if (found.has(previous)) continue;
      found.add(previous);
      work.push(previous);
    }
  }
}

function callsAfter(scope: Scope, sites: readonly Site[]): readonly CallAt[] {
  const calls: CallAt[] = [];
  const seen = new Set<CfgNode>(sites.map((site) => site.node));
  for (const site of sites) {
    for (const edge of site.node.next) {
      for (const node of reachable(edge.to, (one) => seen.has(one))) {
        if (seen.has(node)) continue;
        seen.add(node);
        if (node.syntax !== null) calls.push(...slowCalls(scope, node.syntax));
      }
    }
  }
  return unique(calls);
}

function slowCalls(scope: Scope, syntax: SyntaxNode): CallAt[] {
  return callNames(scope, syntax)
    .filter(({ name }) => !isInstant(name) && !ARMS.has(name))
    .map(({ name, node }) => ({ name, line: scope.line(node) }));
}

function unique(calls: readonly CallAt[]): readonly CallAt[] {
  const byKey = new Map(calls.map((call) => [`${call.line} ${call.name}`, call]));
  return [...byKey.values()].sort((a, b) => a.line - b.line || a.name.localeCompare(b.name)).slice(0, MAX_LISTED);
}
