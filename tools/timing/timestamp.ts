/**
 * Timestamps: places where a clock is stored into a field or variable.
 */
import { TRANSPARENT } from "../c/evaluate.ts";
import type { Code } from "../c/fragment.ts";
import { add, symbol } from "../c/sum.ts";
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import { CLOCK_STORES, clockOf } from "./clocks.ts";
import { durationOf, opaqueDuration } from "./duration.ts";
import type { Collected, Reference, TimestampFact } from "./fact.ts";
import type { Scope } from "./scope.ts";
import type { UseFinder } from "./uses.ts";

const STORES = new Set(["assignment_expression", "init_declarator", "initializer_pair"]);

/** Collects all timestamps. */
export function collectTimestamps(uses: UseFinder): Collected<TimestampFact> {
  const facts: TimestampFact[] = [];
  const seen = new Set<string>();
  for (const { scope, clock } of uses.clockSites()) {
    for (const store of storesWith(clock, scope)) {
      const key = `${scope.fn.file.path}:${store.start}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const fact = fromStore(scope, store);
      if (fact !== null) facts.push(fact);
    }
  }
  for (const { scope, store, code, site, macro } of uses.storesInMacros()) {
    const fact = fromStore(scope, store, code);
    if (fact !== null) facts.push({ ...fact, ...scope.place(site), expression: scope.text(site), viaMacro: macro });
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

/** Stores of a clock's value: where it stands, further out (`a = b = jiffies`), and stores of a local copy of it. */
function* storesWith(clock: SyntaxNode, scope: Scope): Generator<SyntaxNode> {
  let store = storeAround(clock, scope);
  for (let outer = store; outer !== null; outer = storeAround(outer, scope)) {
    store = outer;
    yield outer;
  }
  const target = store === null ? undefined : (childOf(store, "left") ?? childOf(store, "declarator"));
  if (target?.type !== "identifier") return;
  const name = scope.text(target);
  for (const node of descendants(scope.root)) {
    if (node.type !== "assignment_expression" || childOf(node, "left")?.type === "identifier") continue;
    const value = childOf(node, "right");
    if (value?.type === "identifier" && scope.text(value) === name) yield node;
  }
}

/** Calls that store into their first argument what the second one is (asm-generic/rwonce.h, barrier.h, atomic.h). */
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
    if (STORES.has(at.type)) return childOf(at, "left") === clock ? null : at;
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

function fromStore(scope: Scope, store: SyntaxNode, code: Code = scope.code): TimestampFact | null {
  const args = store.type === "call_expression" ? (childOf(store, "arguments")?.children ?? []) : [];
  const target =
    store.type === "call_expression"
      ? args[0]
      : (childOf(store, "left") ?? childOf(store, "declarator") ?? childOf(store, "designator"));
  const value = store.type === "call_expression" ? args[1] : (childOf(store, "right") ?? childOf(store, "value"));
  if (target === undefined || value === undefined) return null;
  const place = { kind: "timestamp" as const, ...scope.place(store), expression: scope.text(store, code) };
  const operator = store.type === "assignment_expression" ? childOf(store, "operator")?.type : "=";
  if (operator !== "=" && operator !== "+=") return null;
  const sum = scope.sum(stored(value), code);
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
  const reference = targetOf(scope, store, target, code);
  if (clockTerm !== undefined && (clockTerm.factor !== 1 || clockTerm.symbols.length > 1)) return null;
  if (clockTerm === undefined) {
    return {
      ...place,
      clock: clock.name,
      target: reference,
      offset: opaqueDuration(scope.text(value, code), clock.unit),
    };
  }
  // `deadline += jiffies` makes a point in time of a length.
  const before = operator === "+=" ? symbol(scope.text(target, code)) : [];
  const offset = add(rest, before);
  return {
    ...place,
    clock: clock.name,
    target: reference,
    offset:
      offset.length === 0 ? null : durationOf(offset, clock.unit, scope.text(value, code), scope.localValues(offset)),
  };
}

/** What `b = jiffies` stores further out: the value of the inner assignment. */
function stored(value: SyntaxNode): SyntaxNode {
  const inner = value.type === "assignment_expression" ? childOf(value, "right") : undefined;
  return inner === undefined ? value : stored(inner);
}

/** The field or variable stored into; `.lstrp = jiffies` in an initialiser names the field alone. */
function targetOf(scope: Scope, store: SyntaxNode, target: SyntaxNode, code: Code): Reference {
  if (store.type !== "initializer_pair") return scope.reference(target, code);
  const expression = scope.text(target, code);
  return { expression, struct: null, field: expression.replace(/^\./, "") };
}

/** The clock in an expression that is no sum and yet a time: `jiffies | 1` (never 0), `late ? jiffies : 0`. */
function clockInside(value: SyntaxNode, scope: Scope): ReturnType<typeof clockOf> {
  if (value.type === "parenthesized_expression") {
    const inner = value.children[0];
    return inner === undefined ? null : clockInside(inner, scope);
  }
  const operator = value.type === "binary_expression" ? childOf(value, "operator")?.type : undefined;
  if (operator !== "|" && value.type !== "conditional_expression") return null;
  for (const part of value.children) {
    const clock = part.field === "condition" ? null : clockOf(scope.text(part));
    if (clock !== null) return clock;
  }
  return null;
}
