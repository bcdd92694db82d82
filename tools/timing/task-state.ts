/**
 * The RPC state machine as edges: in which state, on which status, which state comes next.
 *
 * A state is the function that runs as `tk_action` (net/sunrpc/sched.c, __rpc_execute). The edges are found by
 * following control flow from the state's entry to each store into tk_action, with what is known of tk_status on the
 * way.
 */
import type { CfgNode, Edge } from "../c/cfg.ts";
import { ancestorOf, childOf, descendants, nodeAt, type SyntaxNode } from "../c/syntax.ts";
import type { Collected, FactProblem, TaskStateFact } from "./fact.ts";
import type { Scope } from "./scope.ts";
import type { UseFinder } from "./uses.ts";

/** Nodes visited per function, times what is known of the status: beyond, the function is reported. */
const MAX_STEPS = 20_000;
const MAX_KNOWN = 4;

const ASSIGNMENT = new Set(["assignment_expression"]);
const NEGATED: Readonly<Record<string, string>> = {
  "==": "!=",
  "!=": "==",
  "<": ">=",
  ">=": "<",
  ">": "<=",
  "<=": ">",
};

/** What a path knows of the status that the state began with. */
interface Known {
  readonly conditions: readonly string[];
  /** tk_status, or locals that held it, once overwritten: later tests of these say nothing about what it was. */
  readonly overwritten: readonly string[];
}

/** Collects all transitions. */
export function collectTaskStates(uses: UseFinder): Collected<TaskStateFact> {
  const facts: TaskStateFact[] = [];
  const problems: FactProblem[] = [];
  const done = new Set<Scope>();
  for (const site of uses.program.usesOf("tk_action")) {
    const scope = site.function === null ? null : uses.scopes.of(site.function);
    if (scope === null || done.has(scope)) continue;
    done.add(scope);
    const stores = storesIn(scope, uses);
    if (stores.length === 0) continue;
    facts.push(...transitions(scope, stores, problems));
  }
  return { facts, problems };
}

interface Store {
  readonly node: SyntaxNode;
  readonly next: string;
}

function storesIn(scope: Scope, uses: UseFinder): readonly Store[] {
  const stores: Store[] = [];
  for (const site of uses.program.usesOf("tk_action")) {
    if (site.function !== scope.fn) continue;
    const name = nodeAt(scope.root, site.offset, site.offset + site.name.length);
    const store = ancestorOf(name, ASSIGNMENT);
    const left = store === null ? undefined : childOf(store, "left");
    const right = store === null ? undefined : childOf(store, "right");
    if (store === null || left === undefined || right === undefined || childOf(left, "field") !== name) continue;
    stores.push({ node: store, next: scope.text(right) });
  }
  return stores;
}

function transitions(scope: Scope, stores: readonly Store[], problems: FactProblem[]): TaskStateFact[] {
  const status = new StatusReader(scope);
  const found = new Map<Store, Set<string>>(stores.map((store) => [store, new Set<string>()]));
  const seen = new Set<string>();
  const work: { node: CfgNode; known: Known }[] = [
    { node: scope.cfg.entry, known: { conditions: [], overwritten: [] } },
  ];
  for (let steps = 0; work.length > 0; steps++) {
    if (steps > MAX_STEPS) {
      const reason = `more than ${MAX_STEPS} steps through the state's paths: transitions may be missing`;
      problems.push({ ...scope.place(scope.root), line: scope.fn.file.lines.lineAt(scope.fn.nameOffset), reason });
      break;
    }
    const { node, known } = work.pop() as { node: CfgNode; known: Known };
    const key = `${node.id} ${known.overwritten.join()} ${known.conditions.join(";")}`;
    if (seen.has(key)) continue;
    seen.add(key);
    let after = known;
    if (node.syntax !== null && node.kind !== "switch") {
      for (const store of stores) {
        if (store.node.start >= node.syntax.start && store.node.end <= node.syntax.end) {
          found.get(store)?.add(known.conditions.join(" and "));
        }
      }
      const overwritten = status.overwrittenBy(node.syntax).filter((name) => !known.overwritten.includes(name));
      if (overwritten.length > 0) after = { ...known, overwritten: [...known.overwritten, ...overwritten].sort() };
    }
    for (const edge of node.next) work.push({ node: edge.to, known: status.learn(node, edge, after) });
  }
  for (const { node, reason } of scope.cfg.problems) problems.push({ ...scope.place(node), reason });
  return stores.map((store) => fact(scope, store, [...(found.get(store) ?? [])]));
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
  };
}

/** Reads tests of tk_status, under that name or that of a local which holds it. */
class StatusReader {
  private readonly aliases: ReadonlySet<string>;

  constructor(private readonly scope: Scope) {
    const aliases = new Set<string>();
    for (const [name, definitions] of scope.definitions) {
      const first = definitions[0];
      if (first != null && this.isField(first)) aliases.add(name);
    }
    this.aliases = aliases;
  }

  private isField(node: SyntaxNode): boolean {
    return /(?:->|\.)tk_status$/.test(this.scope.text(node));
  }

  /** `tk_status`, or the local that holds it; null for anything else. */
  private nameOf(node: SyntaxNode | undefined): string | null {
    if (node === undefined) return null;
    if (node.type === "parenthesized_expression") return this.nameOf(node.children[0]);
    if (node.type === "field_expression") return this.isField(node) ? "tk_status" : null;
    const name = node.type === "identifier" ? this.scope.text(node) : "";
    return this.aliases.has(name) ? name : null;
  }

  /** Names of the status that a statement stores something else into. */
  overwrittenBy(statement: SyntaxNode): readonly string[] {
    const names: string[] = [];
    for (const node of descendants(statement)) {
      if (node.type !== "assignment_expression") continue;
      const name = this.nameOf(childOf(node, "left"));
      if (name !== null && this.nameOf(childOf(node, "right")) === null) names.push(name);
    }
    return names;
  }

  learn(node: CfgNode, edge: Edge, known: Known): Known {
    if (node.syntax === null || (node.kind !== "switch" && node.kind !== "condition")) return known;
    const tested = node.kind === "switch" ? node.syntax : this.testedNode(node.syntax);
    const name = this.nameOf(tested);
    if (name === null || known.overwritten.includes(name)) return known;
    const condition = node.kind === "switch" ? this.caseCondition(node, edge) : this.test(node.syntax, edge);
    if (condition === null || known.conditions.includes(condition)) return known;
    // A single value says all there is to know.
    if (condition.startsWith("== ")) return { ...known, conditions: [condition] };
    if (known.conditions.some((one) => one.startsWith("== ")) || known.conditions.length >= MAX_KNOWN) return known;
    return { ...known, conditions: [...known.conditions, condition] };
  }

  private caseCondition(node: CfgNode, edge: Edge): string | null {
    if (typeof edge.when === "string") return null;
    if (!edge.when.isDefault) return `== ${edge.when.values.map((value) => this.scope.text(value)).join(", ")}`;
    const others = node.next.flatMap(({ when }) => (typeof when === "string" ? [] : when.values));
    return others.length === 0 ? null : `other than ${others.map((value) => this.scope.text(value)).join(", ")}`;
  }

  /** The status in a condition: the condition itself, or the left side of its comparison. */
  private testedNode(condition: SyntaxNode): SyntaxNode | undefined {
    return condition.type === "binary_expression" ? childOf(condition, "left") : condition;
  }

  private test(condition: SyntaxNode, edge: Edge): string | null {
    const holds = edge.when === "true";
    if (condition.type !== "binary_expression") return holds ? "!= 0" : "== 0";
    const operator = childOf(condition, "operator")?.type ?? "";
    const right = childOf(condition, "right");
    if (right === undefined || NEGATED[operator] === undefined) return null;
    return `${holds ? operator : NEGATED[operator]} ${this.scope.text(right)}`;
  }
}
