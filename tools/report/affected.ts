/** Which commits of a history have a bug, for bug reports and cover letters. */
import { filled } from "./columns.ts";
import type { HistoryChange, HistoryDocument, HistoryState } from "./history-schema.ts";

/** A commit from which on a property is violated, or is no longer. */
export interface AffectedRow {
  readonly commit: string;
  readonly date: string;
  readonly subject: string;
  /** `violated`, `holds`, `inconclusive`, `not there`. */
  readonly verdict: string;
  /** The clone or the range begins here: the commit need not have brought it. */
  readonly isEdge: boolean;
  /** The oldest release that has the commit; null where that is not known. */
  readonly release: string | null;
}

export interface Affected {
  readonly property: string;
  readonly repository: string;
  readonly range: string;
  readonly commits: number;
  readonly rows: readonly AffectedRow[];
  /** More than that were found, and left out in the middle. */
  readonly leftOut: number;
  /** At the newest commit. */
  readonly last: string;
  readonly skipped: number;
}

const MAX_ROWS = 12;
const SHORT = 12;

/** What is known of one property: a kernel may have another bug at the same time. */
function verdictOf({ isThere, verdict, violated }: HistoryState, property: string): string {
  if (!isThere) return "not there";
  if (violated.includes(property)) return "violated";
  return verdict === "inconclusive" ? "inconclusive" : "holds";
}

/** Whether a change begins or ends what is violated. */
function isTurn({ before, after }: HistoryChange, property: string): boolean {
  const isNow = verdictOf(after, property) === "violated";
  const wasThen = before.some((one) => verdictOf(one, property) === "violated");
  return isNow !== wasThen;
}

function row({ commit, date, subject, isEdge, after }: HistoryChange, property: string): Omit<AffectedRow, "release"> {
  return { commit, date: date.slice(0, 10), subject, verdict: verdictOf(after, property), isEdge };
}

/**
 * @param property the one that the draft is about
 * @param release the oldest release that has a commit
 */
export async function affectedBy(
  history: HistoryDocument,
  property: string,
  release: (commit: string) => Promise<string | null>,
): Promise<Affected> {
  const turns = history.changes.filter((one) => isTurn(one, property)).map((one) => row(one, property));
  const leftOut = Math.max(0, turns.length - MAX_ROWS);
  const kept = leftOut === 0 ? turns : [...turns.slice(0, MAX_ROWS / 2), ...turns.slice(-MAX_ROWS / 2)];
  const rows: AffectedRow[] = [];
  for (const one of kept) rows.push({ ...one, release: await release(one.commit) });
  const { repository, range, commits, last, skipped } = history;
  const end = last === null ? "not there" : verdictOf(last, property);
  return { property, repository, range, commits, rows, leftOut, last: end, skipped: skipped.length };
}

/** The commit that brought the bug, where it is one and stands in the history; else null. */
export function broughtBy({ rows }: Affected): AffectedRow | null {
  const begun = rows.filter(({ verdict }) => verdict === "violated");
  const [first] = begun;
  return begun.length === 1 && first !== undefined && !first.isEdge ? first : null;
}

function rowLines({ commit, date, subject, verdict, isEdge, release }: AffectedRow): readonly string[] {
  const since = isEdge ? `${verdict}; older commits are not known` : `${verdict} from here on`;
  const tag = release === null ? "" : `, released in ${release}`;
  const rest = "      ";
  return [
    ...filled(`${date} ${commit.slice(0, SHORT)} ${since}${tag}`, { first: "  ", rest }),
    ...filled(subject, { first: rest, rest }),
  ];
}

/** @param repository how it is called where the reader is not on this machine */
export function affectedText(affected: Affected, repository: string): string {
  const { property, range, commits, rows, leftOut, last, skipped } = affected;
  const looked =
    `Of ${repository}, ${range}, the ${commits} commits that touch this code were looked at for ${property}, each ` +
    "model at a glance, in its usual setting only:";
  const found = rows.length === 0 ? ["None of them turns the verdict."] : rows.flatMap(rowLines);
  const more = leftOut === 0 ? [] : [`  (${leftOut} more in the middle are left out)`];
  const odd = skipped === 0 ? [] : filled(`${skipped} commits could not be looked at.`);
  return [...filled(looked), "", ...found, ...more, ...odd, `At the newest of them: ${last}.`].join("\n");
}
