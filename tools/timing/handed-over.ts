/**
 * Items that are handed to a helper as a parameter: `arm_it(&server->echo, 5 * HZ)` arms the echo, although the call of
 * queue_delayed_work() names only the helper's parameter.
 */
import { declaratorName } from "../c/program.ts";
import { childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import type { DelayedWorkFact } from "./fact.ts";
import { ARMS } from "./primitives.ts";
import type { Scope } from "./scope.ts";
import type { Use, UseFinder } from "./uses.ts";

/** An arming call with what is known of it. */
export interface Armed {
  readonly fact: DelayedWorkFact;
  readonly use: Use;
}

/** Helpers in helpers; the facts at the helpers themselves stay in any case. */
const MAX_ROUNDS = 3;

/** The arming calls that callers make through helpers, one for each call of a helper. */
export function handedOver(uses: UseFinder, armed: readonly Armed[]): readonly Armed[] {
  const found: Armed[] = [];
  let level = armed;
  for (let round = 0; round < MAX_ROUNDS && level.length > 0; round++) {
    level = level.flatMap((one) => [...atCallers(uses, one)]);
    found.push(...level);
  }
  return found;
}

function* atCallers(uses: UseFinder, { fact, use }: Armed): Generator<Armed> {
  const { scope } = use;
  const names = parameterNames(scope);
  const item = names.indexOf(fact.item.expression);
  if (fact.item.field !== null || item < 0 || fact.operation === "expiry") return;
  for (const site of uses.program.callsTo(scope.fn.name)) {
    if (site.function === null || uses.program.callee(site.name, site.file) !== scope.fn) continue;
    const located = uses.locate(site);
    const args = located === null ? [] : (childOf(located.call, "arguments")?.children ?? []);
    const argument = args[item];
    if (located === null || argument === undefined) continue;
    const { scope: caller, call } = located;
    yield {
      use: { ...use, scope: caller, call, args, code: caller.code, site: call, viaMacro: null, place: "handed" },
      fact: {
        ...fact,
        ...caller.place(call),
        expression: caller.text(call),
        item: caller.reference(argument),
        delay: delayAt(fact, names, caller, args),
        viaHelper: scope.fn.name,
      },
    };
  }
}

/** The delay that a caller hands over, where the helper's delay is a parameter. */
function delayAt(
  fact: DelayedWorkFact,
  names: readonly string[],
  caller: Scope,
  args: readonly SyntaxNode[],
): DelayedWorkFact["delay"] {
  const { delay } = fact;
  const argument = delay === null ? undefined : args[names.indexOf(delay.expression)];
  if (delay === null || argument === undefined) return delay;
  const isAbsolute = ARMS.get(fact.primitive)?.absolute === true;
  return isAbsolute ? caller.expiry(argument, delay.unit) : caller.duration(argument, delay.unit);
}

/** Names of a function's parameters, in order. */
function parameterNames(scope: Scope): readonly string[] {
  const names: string[] = [];
  for (const node of descendants(scope.root)) {
    if (node.type === "compound_statement") break;
    if (node.type !== "parameter_declaration") continue;
    const declarator = childOf(node, "declarator");
    const { name } = declarator === undefined ? { name: null } : declaratorName(declarator, scope.code.source);
    names.push(name ?? "");
  }
  return names;
}
