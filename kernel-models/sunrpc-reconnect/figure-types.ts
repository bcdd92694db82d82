/** What a check of sunrpc-reconnect measures. */
import type { Verdict } from "../../tools/check/verdict.ts";

export interface ScenarioFigures {
  readonly user: string;
  readonly rpciod: string;
  readonly cpus: number;
  readonly scheduler: "fair" | "eager" | "any";
  readonly verdict: Verdict;
  /** From the way being open again to the end of the call, at most, where it ended; null where it never did. */
  readonly recoverySeconds: number | null;
  readonly states: number;
  readonly transitions: number;
  /** Preemptions that nobody had to make: up to so many were tried, or led to the violation. */
  readonly preemptions: number;
  /** `complete` where every schedule within that bound was explored. */
  readonly stoppedBy: string;
  /** Which property is violated, and what happened, where it is a violation. */
  readonly property: string | null;
  readonly what: string | null;
}

/** Threads that run works: the queue's own, or those that all queues share. */
export type Workers = "rpciod" | "kworker";

/** A policy of rpciod with which nothing goes wrong for users for whom something does with another. */
export interface Workaround {
  readonly rpciod: string;
  readonly users: readonly string[];
  /** From the way being open again to the end of the call, at most. */
  readonly recoverySeconds: number;
}

export interface Figures {
  readonly scenarios: readonly ScenarioFigures[];
  /** None where nothing is violated. */
  readonly workarounds: readonly Workaround[];
  /** Who runs the works of rpciod; null where the tree does not say. */
  readonly workers: Workers | null;
  readonly exploration: {
    readonly strategy: string;
    /** Preemptions that nobody had to make; null where schedules were drawn, with any number of them. */
    readonly bound: number | null;
    readonly states: number;
    readonly transitions: number;
    /** In one thread, by the clock of this machine; null where nobody looked at it. */
    readonly statesPerSecond: number | null;
  };
}
