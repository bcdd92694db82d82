/**
 * The first commit with a new verdict, found as git bisect finds it: by halving the commits that are left, which may
 * lie on several branches.
 */
import type { Commit } from "./commits.ts";

/** What a revision turned out to be: as before, as after, or nothing that can be told. */
export type Side = "old" | "new" | "unknown";

export interface BisectResult {
  /** The first commit that is `new`; null where the untold ones leave several, or none is. */
  readonly first: Commit | null;
  /** Those among which it is: the first alone where that is known; empty where no commit is `new`. */
  readonly candidates: readonly Commit[];
  /** Commits that were asked for. */
  readonly steps: number;
}

/** Beyond so many commits halves are taken by their order, which costs steps where there are many branches. */
const MAX_WEIGHED = 2_000;

/**
 * Finds it.
 *
 * @param commits parents before children; what came before them is old
 * @param sideOf asked once for each commit at most
 */
export async function bisect(
  commits: readonly Commit[],
  sideOf: (commit: Commit) => Promise<Side>,
): Promise<BisectResult> {
  let left = new Map(commits.map((commit) => [commit.commit, commit]));
  const unknown = new Set<string>();
  const told = new Set<string>();
  let hasNew = false;
  let steps = 0;
  for (;;) {
    const next = middle(left, hasNew, (name) => unknown.has(name) || told.has(name));
    if (next === null) break;
    steps++;
    const side = await sideOf(next);
    if (side === "unknown") {
      unknown.add(next.commit);
      continue;
    }
    told.add(next.commit);
    hasNew ||= side === "new";
    const behind = ancestors(left, next.commit);
    // A new one: it or something before it is the first. An old one: nothing before it is.
    left = new Map([...left].filter(([name]) => behind.has(name) === (side === "new")));
  }
  const candidates = [...left.values()];
  const isTold = candidates.some(({ commit }) => told.has(commit));
  if (!isTold && unknown.size === 0) return { first: null, candidates: [], steps };
  return { first: candidates.length === 1 && isTold ? (candidates[0] ?? null) : null, candidates, steps };
}

/** A commit and all that led to it, among those that are left. */
function ancestors(left: ReadonlyMap<string, Commit>, name: string): ReadonlySet<string> {
  const seen = new Set<string>([name]);
  const queue = [name];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const parent of left.get(at)?.parents ?? []) {
      if (!left.has(parent) || seen.has(parent)) continue;
      seen.add(parent);
      queue.push(parent);
    }
  }
  return seen;
}

/**
 * The commit that halves what is left best, of those that may be asked for.
 *
 * @param hasNew one of them is known to be new; else it may be that none is, which is one more thing to be left
 */
function middle(left: ReadonlyMap<string, Commit>, hasNew: boolean, isDone: (name: string) => boolean): Commit | null {
  const open = [...left.values()].filter(({ commit }) => !isDone(commit));
  if (left.size > MAX_WEIGHED) return open[Math.floor((open.length - 1) / 2)] ?? null;
  let best: Commit | null = null;
  let bestWeight = -1;
  for (const commit of open) {
    const before = ancestors(left, commit.commit).size;
    const weight = Math.min(before, left.size - before + (hasNew ? 0 : 1));
    if (weight > bestWeight) [best, bestWeight] = [commit, weight];
  }
  return best;
}
