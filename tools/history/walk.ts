/**
 * A history as the states that its commits are in, and the commits at which a state begins: those that differ from all
 * their parents.
 */
import type { Commit } from "./commits.ts";

/** A commit whose state is none of its parents'. */
export interface Change<State> {
  readonly commit: Commit;
  /** The states of its parents, each once; empty at the beginning of a history. */
  readonly before: readonly State[];
  readonly after: State;
}

/** A commit that could not be judged. */
export interface Skipped {
  readonly commit: string;
  readonly reason: string;
}

export interface History<State> {
  readonly commits: number;
  readonly changes: readonly Change<State>[];
  readonly skipped: readonly Skipped[];
  /** The state of the newest commit; null without any, and where it could not be judged. */
  readonly last: State | null;
}

export interface WalkOptions<State> {
  /** Parents before children. */
  readonly commits: readonly Commit[];
  /** A parent that is not among them. */
  readonly other: (commit: string) => Promise<Commit>;
  /** Of a commit; equal states are the same object. */
  readonly stateOf: (commit: Commit) => Promise<State>;
  /** Why a commit cannot be judged; null where that is no reason to go on, and the error is thrown. */
  readonly reasonOf: (error: unknown) => string | null;
  readonly progress: (done: number, all: number) => void;
}

/** Goes through a history once. A commit that cannot be judged hands on the states of its parents. */
export async function walkHistory<State>(options: WalkOptions<State>): Promise<History<State>> {
  const { commits, stateOf, reasonOf, progress } = options;
  const known = new Map<string, readonly State[]>();
  const changes: Change<State>[] = [];
  const skipped: Skipped[] = [];
  const statesOf = async (commit: Commit, inherited: readonly State[]): Promise<readonly State[]> => {
    try {
      return [await stateOf(commit)];
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === null) throw error;
      skipped.push({ commit: commit.commit, reason });
      return inherited;
    }
  };
  for (const [i, commit] of commits.entries()) {
    const before = new Set<State>();
    for (const parent of commit.parents) {
      let states = known.get(parent);
      if (states === undefined) {
        states = await statesOf(await options.other(parent), []);
        known.set(parent, states);
      }
      for (const state of states) before.add(state);
    }
    const judged = skipped.length;
    const states = await statesOf(commit, [...before]);
    known.set(commit.commit, states);
    const [after] = states;
    if (judged === skipped.length && after !== undefined && !before.has(after)) {
      changes.push({ commit, before: [...before], after });
    }
    progress(i + 1, commits.length);
  }
  const newest = commits.at(-1)?.commit ?? "";
  const isJudged = skipped.at(-1)?.commit !== newest;
  const last = isJudged ? (known.get(newest)?.[0] ?? null) : null;
  return { commits: commits.length, changes, skipped, last };
}
