/** What `bisect` found, as text. */
import type { BisectDocument } from "./history-schema.ts";
import type { Paint } from "./scan-text.ts";
import { printable } from "./words.ts";

const SHORT = 12;
const CONFIRMED = {
  confirmed: "Confirmed",
  "not-confirmed": "Not confirmed",
  "does-not-apply": "Not confirmed: it cannot be taken back at the newer end",
  "not-tried": "Not confirmed",
} as const;

const CHANGES = { holds: "holds", violated: "is violated", inconclusive: "is inconclusive" } as const;

export function bisectText(document: BisectDocument, paint: Paint): string {
  const { system, first, candidates, before, after, steps, commitsConsidered, skipped, confirmation, reasons } =
    document;
  const lines: string[] = [];
  if (first === null) {
    lines.push(paint.bold(`${system}: no one commit is found: ${reasons.join("; ")}`));
    lines.push(
      ...candidates.map(
        ({ commit, date, subject }) => `  ${commit.slice(0, SHORT)}  ${date.slice(0, 10)}  ${printable(subject)}`,
      ),
    );
  } else {
    const { commit, date, author, subject } = first;
    lines.push(
      paint.bold(`${commit} is the first commit at which ${system} ${CHANGES[after]} (before: ${before})`),
      "",
    );
    lines.push(`  ${printable(subject)}`, `  ${printable(author)}, ${date.slice(0, 10)}`, "");
    lines.push(`${CONFIRMED[confirmation.status]}: ${printable(confirmation.detail)}.`);
  }
  lines.push(`${steps} revisions were checked, of ${commitsConsidered} commits that touch the system.`);
  for (const one of skipped) lines.push(`skipped: ${one.commit.slice(0, SHORT)}: ${printable(one.reason)}`);
  return `${lines.join("\n")}\n`;
}
