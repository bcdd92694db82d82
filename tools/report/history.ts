/** A history as text for a terminal, and as a table for mails. */
import type { HistoryChange, HistoryDocument, HistoryState } from "./history-schema.ts";
import { plainTable } from "./plain-table.ts";
import type { Paint } from "./scan-text.ts";
import { printable } from "./words.ts";

/** Columns of a mail. */
const MAIL_COLUMNS = 75;
const SHORT = 12;

/** What is another after a change, in words: `timeout 5 x 60 s -> 2 x 60 s`. */
export function changedTraits(before: readonly HistoryState[], after: HistoryState): readonly string[] {
  const old = before[0];
  const verdict = (state: HistoryState | undefined): string =>
    state === undefined ? "" : state.isThere ? (state.verdict ?? "") : "not there";
  const words: string[] = [];
  if (verdict(old) !== verdict(after)) {
    words.push(old === undefined ? verdict(after) : `${verdict(old)} -> ${verdict(after)}`);
  }
  for (const { name, text } of after.traits) {
    const was = old?.traits.find((one) => one.name === name)?.text;
    if (was === undefined) words.push(`${name} ${text}`);
    else if (was !== text) words.push(`${name} ${was} -> ${text}`);
  }
  return words;
}

function changeLines(change: HistoryChange, paint: Paint): readonly string[] {
  const { commit, date, subject, after, before, isTimed, isEdge, factsGone, factsNew } = change;
  const head = `${date.slice(0, 10)}  ${paint.bold(commit.slice(0, SHORT))}  ${printable(subject)}`;
  const words = changedTraits(isEdge ? [] : before, after);
  const lines = words.map((word) => `    ${printable(word)}`);
  if (isEdge) lines.unshift("    (here the history begins: this is how it was, and no change)");
  else if (!isTimed) lines.push(paint.dim("    the model is another; verdict, figures and timing facts are the same"));
  else if (words.length === 0) lines.push("    verdict and figures are the same; timing facts are not:");
  if (!after.isThere && after.absent !== null) lines.push(`    ${printable(after.absent)}`);
  lines.push(...after.reasons.slice(0, 2).map((reason) => `    ${printable(reason)}`));
  const isFirst = before.every((one) => !one.isThere);
  if (!isFirst && after.isThere) {
    lines.push(...factsGone.map((fact) => paint.dim(`    - ${printable(fact)}`)));
    lines.push(...factsNew.map((fact) => paint.dim(`    + ${printable(fact)}`)));
  }
  return [head, ...lines, ""];
}

/** @param isAll also changes of the model that changed nothing of the timing */
export function historyText(history: HistoryDocument, isAll: boolean, paint: Paint): string {
  const { system, repository, range, commits, models, folders, changes, bounds, skipped, last } = history;
  const shown = changes.filter((one) => isAll || one.isTimed || one.isEdge);
  const hidden = changes.length - shown.length;
  const where = folders.join(", ");
  const first = `${system} in ${repository}, ${range}: ${commits} commits touch ${where}; ${models} models`;
  const lines = [paint.bold(printable(first)), ...bounds.map((one) => paint.dim(one)), ""];
  for (const change of shown) lines.push(...changeLines(change, paint));
  if (shown.length === 0) lines.push("Nothing that concerns the timing changed.", "");
  if (hidden > 0) lines.push(`${hidden} more changed the model and nothing of the timing (--all lists them).`);
  if (history.isShallow) lines.push("A shallow clone: what is behind its edge is not known.");
  for (const { commit, reason } of skipped.slice(0, 20)) {
    lines.push(`skipped: ${commit.slice(0, SHORT)}: ${printable(reason)}`);
  }
  if (skipped.length > 20) lines.push(`skipped: ${skipped.length - 20} more (--json lists them)`);
  lines.push(lastLine(last, commits));
  return `${lines.join("\n")}\n`;
}

function lastLine(last: HistoryState | null, commits: number): string {
  if (last === null && commits > 0) return "At the end: the newest of the commits could not be judged";
  if (last === null) return "No commit of the range touches the system.";
  if (!last.isThere) return `At the end: ${printable(last.absent ?? "not there")}`;
  return `At the end: ${last.verdict}; ${last.traits.map(({ name, text }) => `${name} ${text}`).join("; ")}`;
}

/** As a table of at most 75 columns: a row for each change of the timing, what changed below it. */
export function historyMail(history: HistoryDocument): string {
  const changes = history.changes.filter((one) => one.isTimed || one.isEdge);
  const rows = changes.map(({ date, commit, after }) => [
    date.slice(0, 10),
    commit.slice(0, SHORT),
    after.verdict ?? "not there",
  ]);
  const table = plainTable(["date", "commit", "verdict"], ["left", "left", "left"], rows).split("\n");
  const lines: string[] = [table[0] ?? ""];
  for (const [i, change] of changes.entries()) {
    lines.push(table[i + 1] ?? "", ...wrapped(printable(change.subject), "  "));
    for (const word of mailWords(change)) lines.push(...wrapped(printable(word), "    "));
  }
  if (changes.length === 0) lines.push(...wrapped("Nothing that concerns the timing changed.", ""));
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** A row without a reason to be there would be a riddle to whoever gets the mail. */
function mailWords({ before, after, isEdge }: HistoryChange): readonly string[] {
  if (isEdge) return ["(here the history begins: how it was)", ...changedTraits([], after)];
  const words = changedTraits(before, after);
  return words.length > 0 ? words : ["verdict and figures are the same; timing facts are not"];
}

/** Lines of at most 75 columns, those after the first indented deeper. A word that is longer than a line is broken. */
function wrapped(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  const room = MAIL_COLUMNS - indent.length - 2;
  let line = indent;
  for (const word of text.split(" ").flatMap((one) => one.match(new RegExp(`.{1,${room}}`, "gsu")) ?? [])) {
    if (line.trim() !== "" && line.length + word.length + 1 > MAIL_COLUMNS) {
      lines.push(line);
      line = `${indent}  `;
    }
    line += line.trim() === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}
