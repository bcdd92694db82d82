/**
 * Whether every function parses. The trees are dropped at once: who needs one parses that function again.
 */
import { CLOSE_BRACE, OPEN_BRACE, SEMICOLON } from "./punctuators.ts";
import { MAX_PIECE_BYTES, MAX_TREE_DEPTH, parsePiece } from "./syntax.ts";

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
    else if (mayBeDeep(job.text, start, end) && result.root() === null) {
      failures.push({ index: i / 2, offset: start, reason: `tree deeper than ${MAX_TREE_DEPTH} levels` });
    }
  }
  return failures;
}

/** `else if (a) b;` is the shortest thing with a semicolon that nests without brackets. */
const SHORTEST_ELSE_IF = 12;

/**
 * Whether a tree can be too deep at all, which takes a tree to find out: brackets are bounded before, so that depth
 * comes from long expressions or from chains of else-ifs.
 */
function mayBeDeep(text: string, start: number, end: number): boolean {
  if (end - start < MAX_TREE_DEPTH) return false;
  if (end - start > MAX_TREE_DEPTH * SHORTEST_ELSE_IF) return true;
  let run = 0;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === SEMICOLON || c === OPEN_BRACE || c === CLOSE_BRACE) run = 0;
    else if (++run > MAX_TREE_DEPTH) return true;
  }
  return false;
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
