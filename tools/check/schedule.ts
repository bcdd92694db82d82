/**
 * Schedules: what a search through interleavings is given, and what it says. A strategy is one small file beside this
 * one; it sees a subject that can do one of some actions, and whose state is plain data.
 */
import type { Decision } from "../simulator/decisions.ts";
import type { Role } from "./state-visitors.ts";

/** One way to go on. */
export interface ScheduleAction {
  /** 1 where it takes a preemption that nobody had to make. */
  readonly cost: 0 | 1;
  /** Who goes on, as a bit: threads by their number, 2^30 for time and what it brings. */
  readonly who: number;
}

/** Why a history ends. */
export interface ScheduleEnd {
  /** progress: what was wanted has come. bad: something that must not be, or nothing can happen any more. */
  readonly kind: "progress" | "bad";
  /** Which property, and what happened, for people. */
  readonly property: string;
  readonly what: string;
  /** How long it took since the faults stopped. */
  readonly seconds: number;
}

/** Something whose schedules are explored. A new one is at the beginning of what is explored. */
export interface ScheduleSubject {
  /** Where its state begins. */
  readonly roots: readonly object[];
  readonly now: number;
  /** How members are hashed. */
  role(className: string, field: string): Role;
  /** Objects that are never looked into. */
  readonly atoms: readonly object[];
  /** What can happen next; the first is what happens when nobody interferes. Empty when nothing ever will. */
  actions(): readonly ScheduleAction[];
  /** Does one of those that actions() has just named. */
  take(index: number): void;
  /** Whether the history has ended; asked after each step. */
  end(): ScheduleEnd | null;
}

export interface ScheduleBounds {
  /** Preemptions that nobody had to make, in one history. */
  readonly preemptions: number;
  readonly states: number;
  /** Steps of one history. */
  readonly steps: number;
}

/** A history that violates something, by its decisions; where it is a loop, from where on it repeats. */
export interface ScheduleViolation {
  readonly property: string;
  readonly what: string;
  readonly decisions: readonly Decision[];
  /** Steps and decisions before the loop begins; null where the history ends. */
  readonly loop: { readonly fromStep: number; readonly fromDecision: number; readonly steps: number } | null;
  readonly preemptions: number;
}

/** What a search found. */
export interface ScheduleSearch {
  readonly strategy: string;
  /** Distinct states that were seen. */
  readonly states: number;
  readonly transitions: number;
  /** Histories that came to progress. */
  readonly ends: number;
  /** The shortest and the longest time to progress. */
  readonly minSeconds: number | null;
  readonly maxSeconds: number | null;
  readonly violation: ScheduleViolation | null;
  /** What stopped it: `complete` where nothing within the bound of preemptions is left. */
  readonly stoppedBy: "complete" | "violation" | "states" | "steps" | "histories";
  /** The bound of preemptions that was reached. */
  readonly preemptions: number;
}

/** Who is told apart by a bit; time is the last. */
export const TIME_BIT = 1 << 30;

/** What the schedule decides, in witnesses. */
export const SCHEDULE_LABEL = "schedule";
