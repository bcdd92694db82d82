/**
 * Deadlines: comparisons of a clock with a timestamp plus an offset.
 */
import type { Code } from "../c/fragment.ts";
import { add, HZ, multiply, type Sum, scale, symbol, type Term } from "../c/sum.ts";
import { ancestorOf, childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import { clockOf } from "./clocks.ts";
import { durationOf, sumText } from "./duration.ts";
import type { Collected, DeadlineFact, Duration, Outcome, Reference, TimeUnit } from "./fact.ts";
import { outcomes, wholeCondition } from "./outcome.ts";
import type { ClockLocals, Scope } from "./scope.ts";
import type { Use, UseFinder } from "./uses.ts";

type Relation = DeadlineFact["relation"];

/** include/linux/jiffies.h, ktime.h: what is compared with what. `clock` fills the side that the name implies. */
const COMPARISONS: ReadonlyMap<
  string,
  { readonly relation: Relation; readonly clock?: string; readonly unit: TimeUnit }
> = (() => {
  const map = new Map<string, { relation: Relation; clock?: string; unit: TimeUnit }>();
  const relations: readonly (readonly [string, Relation])[] = [
    ["after", "after"],
    ["before", "before"],
    ["after_eq", "after-or-at"],
    ["before_eq", "before-or-at"],
  ];
  for (const [name, relation] of relations) {
    map.set(`time_${name}`, { relation, unit: "jiffies" });
    map.set(`time_${name}64`, { relation, unit: "jiffies" });
    map.set(`time_${name}32`, { relation, unit: "jiffies" });
    // time_is_before_jiffies(a): a is before jiffies, so that the clock is after a.
    const [from, to] = [name.replace("_eq", ""), name.endsWith("_eq") ? "_eq" : ""];
    const flipped = mirrored(relation);
    for (const suffix of ["jiffies", "jiffies64"]) {
      map.set(`time_is_${from}${to}_${suffix}`, { relation: flipped, clock: "jiffies", unit: "jiffies" });
    }
  }
  map.set("ktime_after", { relation: "after", unit: "ns" });
  map.set("ktime_before", { relation: "before", unit: "ns" });
  return map;
})();

/** time_in_range(a, b, c): b <= a <= c. */
const RANGES = new Set(["time_in_range", "time_in_range_open", "time_in_range64", "time_between32"]);

/** Three-way comparisons (include/linux/ktime.h, time64.h). */
const COMPARES: ReadonlyMap<string, TimeUnit> = new Map<string, TimeUnit>([
  ["ktime_compare", "ns"],
  ["timespec64_compare", "s"],
  ["timespec_compare", "s"],
]);

const OPERATORS: ReadonlyMap<string, Relation> = new Map([
  [">", "after"],
  ["<", "before"],
  [">=", "after-or-at"],
  ["<=", "before-or-at"],
]);

function mirrored(relation: Relation): Relation {
  switch (relation) {
    case "after":
      return "before";
    case "before":
      return "after";
    case "after-or-at":
      return "before-or-at";
    default:
      return "after-or-at";
  }
}

/** Names of all primitives that compare times. */
export const COMPARISON_NAMES: readonly string[] = [...COMPARISONS.keys(), ...RANGES, ...COMPARES.keys()];

/** Collects all deadlines. */
export function collectDeadlines(uses: UseFinder, stamped: ReadonlySet<string> = new Set()): Collected<DeadlineFact> {
  const facts: DeadlineFact[] = [];
  for (const use of uses.of(new Set(COMPARISON_NAMES))) facts.push(...fromCall(use, stamped));
  facts.push(...openCoded(uses, stamped));
  return { facts, problems: [] };
}

function fromCall(use: Use, stamped: ReadonlySet<string>): DeadlineFact[] {
  const { scope, args, code, primitive, site } = use;
  const via = use.viaMacro === null ? {} : { viaMacro: use.viaMacro };
  const expression = scope.text(site);
  const make = (left: SyntaxNode | string, right: SyntaxNode, relation: Relation, unit: TimeUnit): DeadlineFact => {
    const sides = (clocks: ClockLocals): readonly [Sum, Sum] => [
      typeof left === "string" ? symbol(left) : (scope.sum(left, code, clocks) ?? symbol(scope.text(left, code))),
      scope.sum(right, code, clocks) ?? symbol(scope.text(right, code)),
    ];
    const { parts, both } = compared({ scope, stamped }, sides, relation, unit);
    const timestamp = parts.timestamp === null ? null : referenceIn(scope, [left, right], parts.timestamp, code);
    return {
      kind: "deadline",
      ...scope.place(site),
      expression,
      ...via,
      primitive,
      clock: parts.clock,
      relation: parts.relation,
      timestamp,
      offset: offsetOf(scope, parts, both),
      ...conditionOf(scope, site),
      ...outcomesOf(use),
    };
  };
  const [a, b, c] = args;
  const comparison = COMPARISONS.get(primitive);
  if (comparison?.clock !== undefined && a !== undefined)
    return [make(comparison.clock, a, comparison.relation, comparison.unit)];
  if (comparison !== undefined && a !== undefined && b !== undefined)
    return [make(a, b, comparison.relation, comparison.unit)];
  if (RANGES.has(primitive) && a !== undefined && b !== undefined && c !== undefined) {
    const open = primitive === "time_in_range_open";
    return [
      halfOf(make(a, b, "after-or-at", "jiffies")),
      halfOf(make(a, c, open ? "before" : "before-or-at", "jiffies")),
    ];
  }
  const compareUnit = COMPARES.get(primitive);
  if (compareUnit !== undefined && a !== undefined && b !== undefined) {
    // compare(a, b) >= 0 means a >= b; == and no operator at all ask for equality, which is no deadline.
    const { parent } = use.call;
    const operator = parent?.type === "binary_expression" ? (childOf(parent, "operator")?.type ?? "") : "";
    const direct = OPERATORS.get(operator);
    if (direct === undefined) return [];
    const relation = use.call.field === "right" ? mirrored(direct) : direct;
    return [make(a, b, relation, compareUnit)];
  }
  return [];
}

interface Surroundings {
  readonly scope: Scope;
  /** Names of fields that clocks are stored into somewhere: of two candidates, these are the timestamps. */
  readonly stamped: ReadonlySet<string>;
}

interface Parts {
  readonly clock: string | null;
  readonly relation: Relation;
  readonly timestamp: string | null;
  readonly offset: Sum;
  readonly unit: TimeUnit;
}

/**
 * Brings `difference RELATION 0` into the form `clock RELATION timestamp + offset`.
 *
 * The timestamp is the term that is subtracted once from the clock and has no factor; what is left is the offset.
 */
function normalise({ scope, stamped }: Surroundings, difference: Sum, relation: Relation, unit: TimeUnit): Parts {
  const clockIn = (term: Term): ReturnType<typeof clockOf> => {
    const only = term.symbols.length === 1 ? (term.symbols[0] as string) : "";
    const stored = scope.clockLocals.get(only.replace(/^&\s*/, ""));
    return stored === undefined ? clockOf(only) : { name: stored, unit };
  };
  const clockTerm = difference.find((term) => clockIn(term) !== null);
  const clock = clockTerm === undefined ? null : clockIn(clockTerm);
  // Without a known clock the first unit term of the left side stands for it.
  const lead = clockTerm ?? difference.find((term) => term.factor === 1 && term.symbols.length === 1);
  if (lead === undefined) return { clock: null, relation, timestamp: null, offset: scale(difference, -1), unit };
  const positive = lead.factor > 0;
  const oriented = positive ? difference : scale(difference, -1);
  const rest = oriented.filter((term) => term.symbols.join() !== lead.symbols.join() || term.hz !== lead.hz);
  const isCandidate = (term: Term): boolean => term.factor === -1 && term.hz === 0 && term.symbols.length === 1;
  const stamp =
    rest.find((term) => isCandidate(term) && stamped.has(memberName(term.symbols[0] as string))) ??
    rest.find(isCandidate) ??
    rest.find((term) => term.factor === 1 && term.hz === 0 && term.symbols.length === 1 && clock === null);
  const offset = scale(
    rest.filter((term) => term !== stamp),
    -1,
  );
  return {
    clock: clock?.name ?? null,
    relation: positive ? relation : mirrored(relation),
    timestamp: stamp?.symbols[0] ?? null,
    offset,
    unit: clock?.unit ?? unit,
  };
}

/** `lstrp` for `server->lstrp`; a variable's own name otherwise. */
export function memberName(expression: string): string {
  return /(\w+)$/.exec(expression)?.[1] ?? expression;
}

function offsetOf(scope: Scope, parts: Parts, both: Sum): Duration {
  return durationOf(parts.offset, parts.unit, sumText(parts.offset, parts.unit), scope.localValues(both));
}

/** compare(a, b) >= 0 is tested as a whole. */
function outcomesOf(use: Use): Pick<DeadlineFact, "whenTrue" | "whenFalse"> {
  if (use.place === "negated") {
    const { whenTrue, whenFalse } = outcomes(use.scope, use.site);
    return { whenTrue: whenFalse, whenFalse: whenTrue };
  }
  if (use.place === "part") {
    const part: Outcome = { calls: [], ends: [`part of macro ${use.viaMacro ?? ""}`] };
    return { whenTrue: part, whenFalse: part };
  }
  const { parent } = use.site;
  const isCompared = COMPARES.has(use.primitive) && parent?.type === "binary_expression";
  return outcomes(use.scope, isCompared ? parent : use.site);
}

function conditionOf(scope: Scope, site: SyntaxNode): Pick<DeadlineFact, "condition"> {
  const condition = wholeCondition(scope, site);
  return condition === undefined ? {} : { condition };
}

/** One bound of a range: when it holds, the other one still has to. */
function halfOf(fact: DeadlineFact): DeadlineFact {
  const ends = fact.whenTrue.ends.map((end) => `if the other bound holds too: ${end}`);
  return { ...fact, whenTrue: { ...fact.whenTrue, ends } };
}

/**
 * Compares two sides with as few locals replaced by clocks as it takes to find one: a timestamp in a local would
 * otherwise cancel the clock that it is compared with.
 */
function compared(
  surroundings: Surroundings,
  sides: (clocks: ClockLocals) => readonly [Sum, Sum],
  relation: Relation,
  unit: TimeUnit,
): { readonly parts: Parts; readonly both: Sum } {
  const attempt = (clocks: ClockLocals): { readonly parts: Parts; readonly both: Sum } => {
    const [left, right] = sides(clocks);
    return { parts: normalise(surroundings, add(left, scale(right, -1)), relation, unit), both: add(left, right) };
  };
  for (const clocks of ["none", "copies"] as const) {
    const found = attempt(clocks);
    if (found.parts.clock !== null) return found;
  }
  return attempt("all");
}

/** The node whose text a symbol is, as a reference; symbols that came through a local have only their text. */
function referenceIn(scope: Scope, sides: readonly (SyntaxNode | string)[], name: string, code: Code): Reference {
  for (const side of sides) {
    if (typeof side === "string") continue;
    const found = findText(scope, side, name, code);
    if (found !== null) return scope.reference(found, code);
  }
  for (const definitions of scope.definitions.values()) {
    for (const definition of definitions) {
      const found = definition === null ? null : findText(scope, definition, name, scope.code);
      if (found !== null) return scope.reference(found);
    }
  }
  return { expression: name, struct: null, field: /(?:->|\.)(\w+)$/.exec(name)?.[1] ?? null };
}

function findText(scope: Scope, node: SyntaxNode, text: string, code: Code): SyntaxNode | null {
  if ((node.type === "identifier" || node.type.endsWith("expression")) && scope.text(node, code) === text) return node;
  for (const child of node.children) {
    const found = findText(scope, child, text, code);
    if (found !== null) return found;
  }
  return null;
}

const STORES = new Set(["assignment_expression", "init_declarator"]);

/** `jiffies - start > HZ` and `(long)(jiffies - x) >= 0`, `ktime_get_seconds() > x->expiry`. */
function openCoded(uses: UseFinder, stamped: ReadonlySet<string>): DeadlineFact[] {
  const facts: DeadlineFact[] = [];
  const seen = new Set<string>();
  for (const { scope, clock } of uses.clockSites()) {
    for (const comparison of [comparisonAround(scope, clock), ...comparisonsOfCopy(scope, clock)]) {
      const key = `${scope.fn.file.path}:${comparison?.start}`;
      if (comparison === null || seen.has(key)) continue;
      seen.add(key);
      const fact = fromOperator(scope, comparison, stamped);
      if (fact !== null) facts.push(fact);
    }
  }
  return facts;
}

/** `now = ktime_get_real_seconds()`: comparisons of `now` are comparisons of the clock. */
function comparisonsOfCopy(scope: Scope, clock: SyntaxNode): readonly SyntaxNode[] {
  const store = ancestorOf(clock, STORES);
  const target = store === null ? undefined : (childOf(store, "left") ?? childOf(store, "declarator"));
  if (target?.type !== "identifier") return [];
  const name = scope.text(target);
  const found: SyntaxNode[] = [];
  for (const node of descendants(scope.root)) {
    if (node.type !== "identifier" || scope.text(node) !== name) continue;
    const comparison = comparisonAround(scope, node);
    if (comparison !== null) found.push(comparison);
  }
  return found;
}

/** Calls that a span of time passes through on its way into a comparison. */
const CONVERSION =
  /^(?:jiffies_to_\w+|ktime_to_\w+|ktime_(?:sub|add)\w*|ktime_[mun]s_delta|READ_ONCE|abs|div_u64|do_div)$/;

/** `(u32)(x)` reads like a call to a parser that knows no typedefs. */
const CAST = /^\( ?(?:(?:__)?[us](?:8|16|32|64)|\w+_t|(?:unsigned )?(?:long|int)) ?\)$/;

/** The comparison that a clock's value takes part in: through arithmetic, casts and conversions. */
function comparisonAround(scope: Scope, clock: SyntaxNode): SyntaxNode | null {
  for (let at = clock.parent; at !== null; at = at.parent) {
    if (at.type === "binary_expression" && OPERATORS.has(childOf(at, "operator")?.type ?? "")) return at;
    if (at.type === "call_expression") {
      const callee = childOf(at, "function");
      if (callee === undefined) return null;
      const isOwnCall = callee.start <= clock.start && callee.end >= clock.end;
      if (!isOwnCall && !CONVERSION.test(scope.text(callee)) && !CAST.test(scope.text(callee))) return null;
      continue;
    }
    if (!/^(?:binary|parenthesized|cast|unary)_expression$|^argument_list$/.test(at.type)) return null;
  }
  return null;
}

/** Conversions of a span: how many of the clock's units one of the result is; with HZ for jiffies. */
const SPANS: ReadonlyMap<string, { readonly scale: number; readonly inHz: boolean; readonly operands: 1 | 2 }> =
  new Map([
    ["jiffies_to_msecs", { scale: 1e-3, inHz: true, operands: 1 as const }],
    ["jiffies_to_usecs", { scale: 1e-6, inHz: true, operands: 1 as const }],
    ["ktime_to_ms", { scale: 1e6, inHz: false, operands: 1 as const }],
    ["ktime_to_us", { scale: 1e3, inHz: false, operands: 1 as const }],
    ["ktime_to_ns", { scale: 1, inHz: false, operands: 1 as const }],
    ["ktime_ms_delta", { scale: 1e6, inHz: false, operands: 2 as const }],
    ["ktime_us_delta", { scale: 1e3, inHz: false, operands: 2 as const }],
  ]);

/** `jiffies_to_msecs(jiffies - x) > 500` compares jiffies - x with half a second. */
function convertedSpan(
  scope: Scope,
  node: SyntaxNode,
  other: SyntaxNode,
  sumOf: (node: SyntaxNode) => Sum,
): readonly [Sum, Sum] | null {
  const callee = node.type === "call_expression" ? childOf(node, "function") : undefined;
  const span = callee === undefined ? undefined : SPANS.get(scope.text(callee));
  const [a, b] = childOf(node, "arguments")?.children ?? [];
  if (span === undefined || a === undefined) return null;
  const inside = span.operands === 2 && b !== undefined ? add(sumOf(a), scale(sumOf(b), -1)) : sumOf(a);
  const length = scale(sumOf(other), span.scale);
  return [inside, span.inHz ? (multiply(length, HZ) ?? length) : length];
}

function fromOperator(scope: Scope, comparison: SyntaxNode, stamped: ReadonlySet<string>): DeadlineFact | null {
  const left = childOf(comparison, "left");
  const right = childOf(comparison, "right");
  const relation = OPERATORS.get(childOf(comparison, "operator")?.type ?? "");
  if (left === undefined || right === undefined || relation === undefined) return null;
  const span = (clocks: ClockLocals, node: SyntaxNode): Sum =>
    scope.sum(node, scope.code, clocks) ?? symbol(scope.text(node));
  const sides = (clocks: ClockLocals): readonly [Sum, Sum] => {
    const of = (node: SyntaxNode): Sum => span(clocks, node);
    const converted = convertedSpan(scope, left, right, of);
    if (converted !== null) return converted;
    const mirror = convertedSpan(scope, right, left, of);
    return mirror === null ? [of(left), of(right)] : [mirror[1], mirror[0]];
  };
  const { parts, both } = compared({ scope, stamped }, sides, relation, "jiffies");
  if (parts.clock === null) return null;
  const expression = scope.text(comparison);
  return {
    kind: "deadline",
    ...scope.place(comparison),
    expression,
    primitive: "open-coded",
    clock: parts.clock,
    relation: parts.relation,
    timestamp: parts.timestamp === null ? null : referenceIn(scope, [left, right], parts.timestamp, scope.code),
    offset: offsetOf(scope, parts, both),
    ...conditionOf(scope, comparison),
    ...outcomes(scope, comparison),
  };
}
