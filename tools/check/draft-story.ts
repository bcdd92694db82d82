/** What a system says of a violation to people who do not have groundhog: data for drafts. A system makes it. */
import type { CheckResult } from "./verdict.ts";

/** A violation as bug reports tell it. */
export interface BugStory {
  /** One line without a full stop, at most MAX_SUMMARY characters of ASCII. */
  readonly summary: string;
  /** What to do on a real machine, in order, from the check's figures; empty where it is not known. */
  readonly steps: readonly string[];
  readonly expected: string;
  readonly actual: string;
}

/** Bugzilla's short_desc holds no more. */
export const MAX_SUMMARY = 255;

export interface DraftStory<Result extends CheckResult = CheckResult> {
  /** Bugzilla's component of the product "File System". */
  readonly component: string;
  /** Names of the system's own functions and macros that print to the kernel log, besides the kernel's. */
  readonly prints: RegExp;
  /** @param property name of a violated property of the result */
  bug(result: Result, property: string): BugStory;
}
