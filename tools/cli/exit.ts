/** Exit codes that scripts rely on. */
export const EXIT = {
  /** Done, and what was asked holds. */
  done: 0,
  /** Violated, or findings. */
  findings: 1,
  /** Usage error, bad input, internal error. */
  usage: 2,
  inconclusive: 3,
} as const;

export type Exit = (typeof EXIT)[keyof typeof EXIT];

/** What `git bisect run` takes codes for (git-bisect(1)): 125 skips a revision, 128 and more stop the search. */
export const BISECT_EXIT = { good: 0, bad: 1, skip: 125, stop: 128 } as const;

export type BisectExit = (typeof BISECT_EXIT)[keyof typeof BISECT_EXIT];
