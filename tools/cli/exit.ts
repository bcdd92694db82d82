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
