/**
 * The RPC state machine as edges: in which state, on which status, which state comes next.
 *
 * A state is the function that runs as `tk_action` (net/sunrpc/sched.c, __rpc_execute). The edges are found by
 * following control flow from the state's entry to each store into tk_action, with what is known of tk_status on the
 * way.
 */
import type { CfgNode, Edge } from "../c/cfg.ts";
import { childOf, descendants, nodeAt, type SyntaxNode } from "../c/syntax.ts";
import type { Collected, FactProblem, TaskStateFact } from "./fact.ts";
import type { Scope } from "./scope.ts";
import type { UseFinder } from "./uses.ts";

/** Nodes visited per function, times what is known of the status: beyond, the function is reported. */
const MAX_STEPS = 20_000;
const MAX_KNOWN = 4;

const NEGATED: Readonly<Record<string, string>> = {
  "==": "!=",
  "!=": "==",
  "<": ">=",
  ">=": "<",
  ">": "<=",
  "<=": ">",
};

const SWAPPED: Readonly<Record<string, string>> = {
  "==": "==",
  "!=": "!=",
  "<": ">",
  ">": "<",
  "<=": ">=",
  ">=": "<=",
};

/** One test of the status that a path has passed. */
interface Condition {
  /** `tk_status`, or the local that holds it. */
  readonly name: string;
  readonly text: string;
}

/** What a path knows of the status. */
interface Known {
  readonly conditions: readonly Condition[];
  /** Names that no longer hold what the path was decided by: later tests of these say nothing about it. */
  readonly overwritten: readonly string[];
  /** The last store into tk_action on the path; two where one expression chooses. */
  readonly store: readonly Store[];
}

/** Collects all transitions. */
export function collectTaskStates(uses: UseFinder): Collected<TaskStateFact> {
  const facts: TaskStateFact[] = [];
  const problems: FactProblem[] = [];
  const stores = storesByScope(uses);
  const helpers = helperTargets(stores);
  for (const [scope, own] of stores) {
    facts.push(...transitions(scope, [...own, ...storesThroughHelpers(scope, helpers, uses)], problems));
  }
  return { facts, problems };
}

interface Store {
  readonly node: SyntaxNode;
  readonly next: string;
  /** The function that stores, where the state calls one. */
  readonly via: string | null;
}

function storesByScope(uses: UseFinder): ReadonlyMap<Scope, readonly Store[]> {
  const found = new Map<Scope, Store[]>();
  for (const site of uses.program.usesOf("tk_action")) {
    const scope = site.function === null ? null : uses.scopes.of(site.function);
    if (scope === null) continue;
    const name = nodeAt(scope.root, site.offset, site.offset + site.name.length);
    const stores = storesAt(scope, name);
    if (stores.length > 0) found.set(scope, [...(found.get(scope) ?? []), ...stores]);
  }
  return found;
}

/** `task->tk_action = next`, or the same through WRITE_ONCE(); `c ? a : b` stores one of two. */
function storesAt(scope: Scope, name: SyntaxNode): readonly Store[] {
  const field = name.parent;
  const holder = field?.parent;
  if (field == null || holder == null || childOf(field, "field") !== name) return [];
  if (holder.type === "assignment_expression" && childOf(holder, "left") === field) {
    return storesOf(scope, holder, childOf(holder, "right"));
  }
  const call = holder.type === "argument_list" && holder.children[0] === field ? holder.parent : null;
  const callee = call === null ? undefined : childOf(call, "function");
  const isStore = callee !== undefined && scope.text(callee) === "WRITE_ONCE";
  return call !== null && isStore ? storesOf(scope, call, holder.children[1]) : [];
}

function storesOf(scope: Scope, node: SyntaxNode, value: SyntaxNode | undefined): readonly Store[] {
  if (value === undefined) return [];
  if (value.type !== "conditional_expression") return [{ node, next: scope.text(value), via: null }];
  const values = [childOf(value, "consequence"), childOf(value, "alternative")];
  return values.flatMap((one) => storesOf(scope, node, one));
}

/** Functions that store one state whatever the status is, such as rpc_exit(): name -> that state. */
function helperTargets(stores: ReadonlyMap<Scope, readonly Store[]>): ReadonlyMap<string, string> {
  const targets = new Map<string, string>();
  for (const [scope, own] of stores) {
    const next = own.length === 1 ? own[0]?.next : undefined;
    // A value that the caller hands over, or that the helper chooses, is not known here.
    if (next !== undefined && /^\w+$/.test(next) && scope.program.function(next, scope.fn.file) !== undefined) {
      targets.set(scope.fn.name, next);
    }
  }
  return targets;
}

/** Calls of such functions in a state. */
function storesThroughHelpers(scope: Scope, helpers: ReadonlyMap<string, string>, uses: UseFinder): readonly Store[] {
  const found: Store[] = [];
  for (const [name, next] of helpers) {
    if (name === scope.fn.name) continue;
    for (const site of uses.program.callsTo(name)) {
      const located = site.function === scope.fn ? uses.locate(site) : null;
      if (located !== null) found.push({ node: located.call, next, via: name });
    }
  }
  return found;
}

function transitions(scope: Scope, stores: readonly Store[], problems: FactProblem[]): TaskStateFact[] {
  const status = new StatusReader(scope);
  const found = new Map<Store, Set<string>>();
  const seen = new Set<string>();
  const start: Known = { conditions: [], overwritten: [], store: [] };
  const work: { node: CfgNode; known: Known }[] = [{ node: scope.cfg.entry, known: start }];
  for (let steps = 0; work.length > 0; steps++) {
    if (steps > MAX_STEPS) {
      const reason = `more than ${MAX_STEPS} steps through the state's paths: transitions may be missing`;
      problems.push({ ...scope.place(scope.root), line: scope.fn.file.lines.lineAt(scope.fn.nameOffset), reason });
      break;
    }
    const { node, known } = work.pop() as { node: CfgNode; known: Known };
    const words = known.conditions.map(({ text }) => text);
    const held = known.store.map((one) => stores.indexOf(one));
    const key = [node.id, held.join(), known.overwritten.join(), ...words].join(";");
    if (seen.has(key)) continue;
    seen.add(key);
    // Only the last store on a path counts: the others were overwritten before the state ended.
    for (const store of node === scope.cfg.exit ? known.store : []) {
      found.set(store, (found.get(store) ?? new Set<string>()).add(words.join(" and ")));
    }
    const after = afterStatement(node, known, stores, status);
    for (const edge of node.next) {
      const learnt = status.learn(node, edge, after);
      if (learnt !== null) work.push({ node: edge.to, known: learnt });
    }
  }
  for (const { node, reason } of scope.cfg.problems) problems.push({ ...scope.place(node), reason });
  return stores.flatMap((store) => {
    const conditions = found.get(store);
    return conditions === undefined ? [] : [fact(scope, store, [...conditions])];
  });
}

/** The stores that hold after one more: the others of the same expression stay. */
function here(known: Known, store: Store): readonly Store[] {
  return [...known.store.filter((one) => one.node === store.node), store];
}

function afterStatement(node: CfgNode, known: Known, stores: readonly Store[], status: StatusReader): Known {
  const { syntax } = node;
  if (syntax === null || node.kind === "switch") return known;
  let after = known;
  for (const store of stores) {
    if (store.node.start >= syntax.start && store.node.end <= syntax.end)
      after = { ...after, store: here(after, store) };
  }
  for (const { name, isReset } of status.overwrittenBy(syntax)) {
    // `tk_status = 0` after a decision leaves the decision as it was; a new result makes it one about that result.
    const conditions = isReset ? after.conditions : after.conditions.filter((one) => one.name !== name);
    const overwritten = isReset ? [...new Set([...after.overwritten, name])].sort() : after.overwritten;
    after = { ...after, conditions, overwritten };
  }
  return after;
}

/** `< 0` for `>= 0`, `!= -EAGAIN` for `== -EAGAIN`. */
function complement(condition: string): string {
  const [, operator = "", rest = ""] = /^(\S+)( .*)$/.exec(condition) ?? [];
  return `${NEGATED[operator] ?? "?"}${rest}`;
}

function fact(scope: Scope, store: Store, conditions: readonly string[]): TaskStateFact {
  // A path on which nothing was learnt reaches the store whatever the status is; so do two that complement each other.
  const known = new Set(conditions);
  const any = known.has("") || conditions.some((one) => known.has(complement(one)));
  const status = any ? [] : [...conditions].sort();
  return {
    kind: "task-state",
    ...scope.place(store.node),
    expression: scope.text(store.node),
    state: scope.fn.name,
    status,
    next: store.next,
    ...(store.via === null ? {} : { via: store.via }),
  };
}

/** Reads tests of tk_status, under that name or that of a local which holds it. */
class StatusReader {
  private readonly aliases: ReadonlySet<string>;

  constructor(private readonly scope: Scope) {
    const aliases = new Set<string>();
    for (const [name, definitions] of scope.definitions) {
      if (definitions.some((one) => one !== null && this.isField(one))) aliases.add(name);
    }
    this.aliases = aliases;
  }

  private isField(node: SyntaxNode): boolean {
    return /(?:->|\.)tk_status\)*$/.test(this.scope.text(node));
  }

  /** `tk_status`, or the local that holds it; null for anything else. */
  private nameOf(node: SyntaxNode | undefined): string | null {
    if (node === undefined) return null;
    if (node.type === "parenthesized_expression") return this.nameOf(node.children[0]);
    if (node.type === "field_expression") return this.isField(node) ? "tk_status" : null;
    if (node.type === "call_expression" && this.scope.text(node).startsWith("READ_ONCE")) {
      return this.nameOf(childOf(node, "arguments")?.children[0]);
    }
    const name = node.type === "identifier" ? this.scope.text(node) : "";
    return this.aliases.has(name) ? name : null;
  }

  /** Names of the status that a statement stores something else into; `isReset` when that is a constant. */
  overwrittenBy(statement: SyntaxNode): readonly { readonly name: string; readonly isReset: boolean }[] {
    const names: { name: string; isReset: boolean }[] = [];
    for (const node of descendants(statement)) {
      if (node.type !== "assignment_expression") continue;
      const name = this.nameOf(childOf(node, "left"));
      const right = childOf(node, "right");
      if (name === null || right === undefined || this.nameOf(right) !== null) continue;
      const isConstant = /^-? ?\w+$/.test(this.scope.text(right)) && !this.isLocal(right);
      // A local that held the status and now holds something else is no status any more.
      names.push({ name, isReset: isConstant || name !== "tk_status" });
    }
    return names;
  }

  private isLocal(node: SyntaxNode): boolean {
    return node.type === "identifier" && this.scope.definitions.has(this.scope.text(node));
  }

  /** What a path knows after an edge; null for an edge that contradicts what it knows. */
  learn(node: CfgNode, edge: Edge, known: Known): Known | null {
    if (node.syntax === null || (node.kind !== "switch" && node.kind !== "condition")) return known;
    const test =
      node.kind === "switch"
        ? { name: this.nameOf(node.syntax), text: this.caseCondition(node, edge) }
        : this.test(node.syntax, edge);
    const { name, text } = test;
    if (name === null || text === null || known.overwritten.includes(name)) return known;
    if (known.conditions.some((one) => one.text === text)) return known;
    const values = known.conditions.filter((one) => one.text.startsWith("== "));
    // A single value says all there is to know, and excludes every other.
    if (text.startsWith("== ")) {
      if (values.length > 0 || known.conditions.some((one) => excludes(one.text, text))) return null;
      return { ...known, conditions: [{ name, text }] };
    }
    const contradicts = known.conditions.some((one) => one.text === complement(text));
    if (contradicts || values.some((one) => excludes(text, one.text))) return null;
    if (values.length > 0 || known.conditions.length >= MAX_KNOWN) return known;
    return { ...known, conditions: [...known.conditions, { name, text }] };
  }

  private caseCondition(node: CfgNode, edge: Edge): string | null {
    if (typeof edge.when === "string") return null;
    if (!edge.when.isDefault) return `== ${edge.when.values.map((value) => this.caseText(value)).join(", ")}`;
    const others = node.next.flatMap(({ when }) => (typeof when === "string" ? [] : when.values));
    return others.length === 0 ? null : `other than ${others.map((value) => this.caseText(value)).join(", ")}`;
  }

  /** `case -A ... -B:` keeps both ends; the parser saw the first only. */
  private caseText(value: SyntaxNode): string {
    const rest = /^\s*\.\.\.\s*([^:;{}]+)/.exec(this.scope.code.source.slice(value.end, value.end + 200))?.[1];
    return rest === undefined ? this.scope.text(value) : `${this.scope.text(value)} ... ${rest.trim()}`;
  }

  private test(condition: SyntaxNode, edge: Edge): { readonly name: string | null; readonly text: string | null } {
    const holds = edge.when === "true";
    if (condition.type !== "binary_expression") {
      return { name: this.nameOf(condition), text: holds ? "!= 0" : "== 0" };
    }
    const operator = childOf(condition, "operator")?.type ?? "";
    const left = childOf(condition, "left");
    const right = childOf(condition, "right");
    const isSwapped = this.nameOf(left) === null;
    const name = this.nameOf(isSwapped ? right : left);
    const other = isSwapped ? left : right;
    const direct = isSwapped ? SWAPPED[operator] : operator;
    const negated = direct === undefined ? undefined : NEGATED[direct];
    if (name === null || other === undefined || direct === undefined || negated === undefined)
      return { name: null, text: null };
    return { name, text: `${holds ? direct : negated} ${this.scope.text(other)}` };
  }
}

/** Whether a condition cannot hold for a value: `!= -EAGAIN` and `other than -EAGAIN, -EPIPE` for `== -EAGAIN`. */
function excludes(condition: string, value: string): boolean {
  const wanted = value.slice("== ".length);
  if (condition === `!= ${wanted}`) return true;
  // Errors are negative.
  if (/^(?:>=|>|==) 0$/.test(condition) && wanted.startsWith("-")) return true;
  if (!condition.startsWith("other than ")) return false;
  return condition.slice("other than ".length).split(", ").includes(wanted);
}
