/**
 * Timestamps: places where a clock is stored into a field or variable.
 */
import { TRANSPARENT } from "../c/evaluate.ts";
import { add, symbol } from "../c/sum.ts";
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import { CLOCK_STORES, clockOf } from "./clocks.ts";
import { durationOf, opaqueDuration } from "./duration.ts";
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

/** Calls that store: name -> index of the target (the value comes next). include/asm-generic/rwonce.h, barrier.h, atomic */
const STORE_CALLS: ReadonlySet<string> = new Set([
  "WRITE_ONCE",
  "smp_store_release",
  "smp_store_mb",
  "atomic_set",
  "atomic_long_set",
  "atomic64_set",
  "xchg",
]);

/** The assignment or storing call whose value a clock takes part in by arithmetic. */
function storeAround(clock: SyntaxNode, scope: Scope): SyntaxNode | null {
  for (let at = clock.parent; at !== null; at = at.parent) {
    if (STORES.has(at.type)) return at;
    if (at.type === "call_expression") {
      const callee = childOf(at, "function");
      if (callee === undefined) return null;
      const name = scope.text(callee);
      const isOwnCall = callee.start <= clock.start && callee.end >= clock.end;
      if (STORE_CALLS.has(name) && !isOwnCall) return at;
      if (!isOwnCall && !TRANSPARENT.has(name) && !/^ktime_(?:add|sub)/.test(name)) return null;
      continue;
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
  const place = { kind: "timestamp" as const, ...scope.place(store), expression: scope.text(store) };
  const operator = store.type === "assignment_expression" ? childOf(store, "operator")?.type : "=";
  if (operator !== "=" && operator !== "+=") return null;
  const sum = scope.sum(value);
  const clockTerm = sum?.find((term) => term.symbols.some((name) => clockOf(name) !== null));
  const clock = clockTerm === undefined ? clockInside(value, scope) : clockOf(clockTerm.symbols.join());
  if (sum == null || clock === null) return null;
  const rest = sum.filter((term) => term !== clockTerm);
  // jiffies - start is a span, no timestamp; jiffies - CONSTANT is one.
  if (
    rest.some((term) => term.factor < 0 && term.hz === 0 && term.symbols.some((name) => !/^[A-Z0-9_]+$/.test(name)))
  ) {
    return null;
  }
  const reference = scope.reference(target);
  if (clockTerm === undefined || clockTerm.factor !== 1) {
    return { ...place, clock: clock.name, target: reference, offset: opaqueDuration(scope.text(value), clock.unit) };
  }
  // `deadline += jiffies` makes a point in time of a length.
  const before = operator === "+=" ? symbol(scope.text(target)) : [];
  const offset = add(rest, before);
  return {
    ...place,
    clock: clock.name,
    target: reference,
    offset: offset.length === 0 ? null : durationOf(offset, clock.unit, scope.text(value), scope.localValues(offset)),
  };
}

/** The clock in an expression that is no sum, such as `jiffies | 1` or `late ? jiffies : 0`. */
function clockInside(value: SyntaxNode, scope: Scope): ReturnType<typeof clockOf> {
  for (const node of descendants(value)) {
    const clock = node.type === "identifier" || node.type === "call_expression" ? clockOf(scope.text(node)) : null;
    if (clock !== null) return clock;
  }
  return null;
}
