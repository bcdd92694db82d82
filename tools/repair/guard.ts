/** Guards taken apart: a clock compared with a timestamp, an interval, and what is taken off it. */
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import type { GuardSite } from "./probe-sites.ts";
import type { Workbench } from "./workbench.ts";

export interface Due {
  /** The clock, as written: `jiffies`. */
  readonly clock: string;
  readonly timestamp: string;
  /** What is added to the timestamp, without what is subtracted again. */
  readonly interval: string;
  /** timestamp + interval. */
  readonly due: string;
  /** Whether the comparison is true while that is still to come. */
  readonly isRecentWhenTrue: boolean;
  /** The comparison's arguments with another expression in the place of the point in time. */
  readonly argsWith: (time: string) => readonly string[];
}

interface SignedTerm {
  readonly node: SyntaxNode;
  readonly isAdded: boolean;
}

/** The terms of a sum, signs carried in. */
function termsOf(node: SyntaxNode, isAdded = true): readonly SignedTerm[] {
  if (node.type === "parenthesized_expression" && node.children[0] !== undefined) {
    return termsOf(node.children[0], isAdded);
  }
  const operator = node.type === "binary_expression" ? childOf(node, "operator")?.type : undefined;
  const [left, right] = [childOf(node, "left"), childOf(node, "right")];
  if ((operator !== "+" && operator !== "-") || left === undefined || right === undefined) return [{ node, isAdded }];
  return [...termsOf(left, isAdded), ...termsOf(right, operator === "+" ? isAdded : !isAdded)];
}

/** Takes a guard apart; refuses where it is another comparison than of a clock with a timestamp plus an interval. */
export function dueOf(bench: Workbench, guard: GuardSite): Due {
  const { fn, node, fact } = guard;
  const args = node.type === "call_expression" ? (childOf(node, "arguments")?.children ?? []) : [];
  const [first, second] = args;
  if (args.length !== 2 || first === undefined || second === undefined || fact.clock !== "jiffies") {
    return bench.refuse(guard, "is no comparison of jiffies with a point in time");
  }
  const isClock = (one: SyntaxNode): boolean => bench.words({ fn, node: one }) === "jiffies";
  const time = isClock(first) ? second : isClock(second) ? first : null;
  if (time === null) return bench.refuse(guard, "the clock is not read in the comparison itself");
  const terms = termsOf(time);
  const timestamp = terms.find(
    (one) => one.isAdded && bench.words({ fn, node: one.node }) === fact.timestamp?.expression,
  );
  const added = terms.filter((one) => one.isAdded && one !== timestamp);
  const [interval, other] = added;
  if (timestamp === undefined || interval === undefined || other !== undefined) {
    return bench.refuse(guard, "the point in time is no timestamp plus one interval");
  }
  const stamp = bench.source({ fn, node: timestamp.node });
  const length = bench.source({ fn, node: interval.node });
  return {
    clock: "jiffies",
    timestamp: stamp,
    interval: length,
    due: `${stamp} + ${bench.termOf({ fn, node: interval.node })}`,
    isRecentWhenTrue: fact.relation === "before" || fact.relation === "before-or-at",
    argsWith: (text) => (time === second ? ["jiffies", text] : [text, "jiffies"]),
  };
}
