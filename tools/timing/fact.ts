/**
 * Timing facts: single statements about time in the source, each with its place and a normalised form.
 */
import type { Term } from "../c/sum.ts";

/** Where a fact stands. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The function around it; null at file scope. */
  readonly function: string | null;
}

/** The fields that every fact has. */
export interface FactBase extends Place {
  /** The source expression, without comments, on one line. */
  readonly expression: string;
  /** The macro that the fact was found through, when it does not stand in the function's own text. */
  readonly viaMacro?: string;
}

/** A length of time. */
export interface Duration {
  readonly expression: string;
  /** The unit of terms without HZ; a term with HZ is in seconds times its factor. */
  readonly unit: TimeUnit;
  readonly terms: readonly Term[];
  /** The length when it is a constant; null when it depends on a variable or on HZ in another way. */
  readonly seconds: number | null;
  /** In words: `2 x server->echo_interval - 1 s`. */
  readonly text: string;
  /** True for a point in time whose distance from now is not known, where a length was to be expected. */
  readonly absolute?: boolean;
  /** What the local variables in it can hold. */
  readonly locals?: readonly LocalValue[];
}

export type TimeUnit = "jiffies" | "s" | "ms" | "us" | "ns";

/** A local variable with the expressions that are assigned to it. */
export interface LocalValue {
  readonly name: string;
  readonly values: readonly string[];
}

/** A field of a struct, a variable, or whatever an expression refers to. */
export interface Reference {
  readonly expression: string;
  /** Tag of the struct that has the field; null where the declarations do not tell. */
  readonly struct: string | null;
  readonly field: string | null;
}

export interface CallAt {
  readonly name: string;
  readonly line: number;
}

/** What a function that handles a work item or timer does about its own re-arming. */
export interface Rearm {
  /** On which paths through the handler the item is armed again. */
  readonly paths: "all" | "some" | "none";
  /** Whether calls that can take time stand before it on some path. */
  readonly position: "before-work" | "after-work" | null;
  readonly sites: readonly { readonly file: string; readonly line: number; readonly via: string | null }[];
  /** Ways out of the handler on which it is not armed again: the line of the `return`, or of the closing brace. */
  readonly exitsWithout: readonly { readonly line: number; readonly statement: string }[];
  readonly callsBefore: readonly CallAt[];
  readonly callsAfter: readonly CallAt[];
}

/** What is armed: work with a delay, work without one, a timer. */
export type Mechanism = "delayed-work" | "work" | "timer" | "hrtimer";

export interface DelayedWorkFact extends FactBase {
  readonly kind: "delayed-work";
  /** `expiry` is a store into timer->expires, which arms nothing before add_timer(). */
  readonly operation: "bind" | "queue" | "modify" | "cancel" | "expiry" | "handler";
  readonly mechanism: Mechanism;
  readonly primitive: string;
  readonly item: Reference;
  /** The function that runs; the nearest one bound where an item has several. */
  readonly handler: string | null;
  /** All functions that may run. */
  readonly handlers: readonly string[];
  /** The helper that was handed the item and arms it; absent where the primitive is called here. */
  readonly viaHelper?: string;
  readonly queue: string | null;
  readonly delay: Duration | null;
  /** Whether the call stands in the item's own handler. */
  readonly selfRearm: boolean;
  /** On `handler` facts only. */
  readonly rearm: Rearm | null;
}

/** What happens when a comparison comes out one way. */
export interface Outcome {
  readonly calls: readonly string[];
  /** `return false`, `goto requeue_echo`, `continues`, `returned as value`, ... */
  readonly ends: readonly string[];
}

export interface DeadlineFact extends FactBase {
  readonly kind: "deadline";
  readonly primitive: string;
  /** The clock; null when neither side could be traced to one. */
  readonly clock: string | null;
  /** True when: clock RELATION timestamp + offset. */
  readonly relation: "after" | "before" | "after-or-at" | "before-or-at";
  readonly timestamp: Reference | null;
  readonly offset: Duration;
  /** The whole condition, where the comparison is only a part of it: other parts decide as well. */
  readonly condition?: string;
  readonly whenTrue: Outcome;
  readonly whenFalse: Outcome;
}

export interface TimestampFact extends FactBase {
  readonly kind: "timestamp";
  readonly clock: string;
  readonly target: Reference;
  /** What is added to the clock; null when nothing is. */
  readonly offset: Duration | null;
}

export interface TimedWaitFact extends FactBase {
  readonly kind: "timed-wait";
  readonly primitive: string;
  readonly length: Duration;
  /** What is waited for: the condition, the completion, the queue; null for a plain sleep. */
  readonly awaits: string | null;
}

export interface WakeUpFact extends FactBase {
  readonly kind: "wake-up";
  readonly primitive: string;
  readonly target: string;
  /** The status handed to the woken, as written; null where the primitive passes none. */
  readonly status: string | null;
}

export interface TaskStateFact extends FactBase {
  readonly kind: "task-state";
  /** The state: the function that runs as tk_action. */
  readonly state: string;
  /** Values or ranges of tk_status that lead to the transition; empty when it does not depend on it. */
  readonly status: readonly string[];
  readonly next: string;
  /** The function that stores the next state, where the state calls one (rpc_exit). */
  readonly via?: string;
}

export type Fact = DelayedWorkFact | DeadlineFact | TimestampFact | TimedWaitFact | WakeUpFact | TaskStateFact;
export type FactKind = Fact["kind"];

export const FACT_KINDS: readonly FactKind[] = [
  "delayed-work",
  "deadline",
  "timestamp",
  "timed-wait",
  "wake-up",
  "task-state",
];

/** Something in the way of a fact, with its place. */
export interface FactProblem {
  readonly file: string;
  readonly function: string | null;
  readonly line: number;
  readonly reason: string;
}

/** What each kind's collector returns: never a fact less without a problem more. */
export interface Collected<F extends Fact> {
  readonly facts: readonly F[];
  readonly problems: readonly FactProblem[];
}
