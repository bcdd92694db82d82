/**
 * Whether every function parses. The trees are dropped at once: who needs one parses that function again.
 */
import { MAX_PIECE_BYTES, parsePiece } from "./syntax.ts";

/** Functions of one stretch of masked text. */
export interface ParseJob {
  /** Masked text, each byte as one character. */
  readonly text: string;
  /** Start and end of each function in `text`, in turn. */
  readonly bounds: readonly number[];
}

export interface ParseFailure {
  /** Which function of the job: an index into its pairs of bounds. */
  readonly index: number;
  /** Byte offset in the job's text. */
  readonly offset: number;
  readonly reason: string;
}

/** Parses the functions of a job and tells which do not. */
export function checkJob(job: ParseJob): readonly ParseFailure[] {
  const failures: ParseFailure[] = [];
  for (let i = 0; i < job.bounds.length; i += 2) {
    const start = job.bounds[i] as number;
    const end = job.bounds[i + 1] as number;
    const result =
      end - start > MAX_PIECE_BYTES
        ? { ok: false as const, offset: start, reason: `longer than ${MAX_PIECE_BYTES} bytes, not parsed` }
        : parsePiece(job.text.slice(start, end), start);
    if (!result.ok) failures.push({ index: i / 2, offset: result.offset, reason: result.reason });
  }
  return failures;
}

/** Checks jobs as they come in; results are complete when `finish` resolves. */
export interface ParseChecker {
  /** Hands over a job; its results come under the number that is returned. */
  add(job: ParseJob): number;
  /** Failures by job number. */
  finish(): Promise<readonly (readonly ParseFailure[])[]>;
}

/** Checks in this thread, when asked for the results. */
export function sequentialChecker(): ParseChecker {
  const jobs: ParseJob[] = [];
  return {
    add: (job) => jobs.push(job) - 1,
    finish: async () => jobs.map(checkJob),
  };
}
