/**
 * Timestamps: places where a clock is stored into a field or variable.
 */
import { ancestorOf, childOf, type SyntaxNode } from "../c/syntax.ts";
import { CLOCK_STORES, clockOf } from "./clocks.ts";
import { durationOf } from "./duration.ts";
import type { Collected, TimestampFact } from "./fact.ts";
import type { Scope } from "./scope.ts";
import type { UseFinder } from "./uses.ts";

const STORES = new Set(["assignment_expression", "init_declarator"]);

/** Collects all timestamps. */
export function collectTimestamps(uses: UseFinder): Collected<TimestampFact> {
  const facts: TimestampFact[] = [];
  const seen = new Set<string>();
  for (const { scope, clock } of uses.clockSites()) {
    const store = storeAround(clock, scope);
    if (store === null) continue;
    const key = `${scope.fn.file.path}:${store.start}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const fact = fromStore(scope, store);
    if (fact !== null) facts.push(fact);
  }
  for (const use of uses.of(new Set(CLOCK_STORES.keys()))) {
    const target = use.args[CLOCK_STORES.get(use.primitive) ?? 0];
    if (target === undefined) continue;
    facts.push({
      kind: "timestamp",
      ...use.scope.place(use.site),
      expression: use.scope.text(use.site),
      ...(use.viaMacro === null ? {} : { viaMacro: use.viaMacro }),
      clock: `${use.primitive}()`,
      target: use.scope.reference(target, use.code),
      offset: null,
    });
  }
  return { facts, problems: [] };
}

/** The assignment whose value a clock takes part in by arithmetic; WRITE_ONCE(x, jiffies) is an assignment too. */
function storeAround(clock: SyntaxNode, scope: Scope): SyntaxNode | null {
  const store = ancestorOf(clock, STORES);
  for (let at = clock.parent; at !== null; at = at.parent) {
    if (at === store) return store;
    if (at.type === "call_expression") {
      const callee = childOf(at, "function");
      if (callee !== undefined && callee.start <= clock.start && callee.end >= clock.end) continue;
      return callee !== undefined && scope.text(callee) === "WRITE_ONCE" ? at : null;
    }
    if (!/^(?:binary|parenthesized|cast|unary|conditional)_expression$|^argument_list$/.test(at.type)) return null;
  }
  return null;
}

function fromStore(scope: Scope, store: SyntaxNode): TimestampFact | null {
  const args = store.type === "call_expression" ? (childOf(store, "arguments")?.children ?? []) : [];
  const target = store.type === "call_expression" ? args[0] : (childOf(store, "left") ?? childOf(store, "declarator"));
  const value = store.type === "call_expression" ? args[1] : (childOf(store, "right") ?? childOf(store, "value"));
  if (target === undefined || value === undefined) return null;
  if (store.type === "assignment_expression" && childOf(store, "operator")?.type !== "=") return null;
  const sum = scope.sum(value);
  const clockTerm = sum?.find(
    (term) => term.factor === 1 && term.symbols.length === 1 && clockOf(term.symbols[0] as string) !== null,
  );
  if (sum == null || clockTerm === undefined) return null;
  const clock = clockOf(clockTerm.symbols[0] as string);
  if (clock === null) return null;
  const rest = sum.filter((term) => term !== clockTerm);
  // jiffies - start is a span, no timestamp.
  if (rest.some((term) => term.factor < 0 && term.symbols.length === 1 && term.hz === 0)) return null;
  return {
    kind: "timestamp",
    ...scope.place(store),
    expression: scope.text(store),
    clock: clock.name,
    target: scope.reference(target),
    offset: rest.length === 0 ? null : durationOf(rest, clock.unit, scope.text(value), scope.localValues(rest)),
  };
}
