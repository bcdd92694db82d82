/** What a validation of the translation says, for the terminal and as JSON. */
import type { ValidationReport } from "../native/validation-report.ts";
import type { Paint } from "./scan-text.ts";
import type { ValidationDocument } from "./schema.ts";
import { printable } from "./words.ts";

/** The part of the JSON documents of `check` and `run`; its shape is declared in schema.ts. */
export function validationDocument(report: ValidationReport): ValidationDocument {
  const { coverage, difference } = report;
  return {
    ...report,
    hz: [...report.hz],
    switches: { ...report.switches },
    cut: { ...report.cut },
    unrecorded: { ...report.unrecorded },
    notes: [...report.notes],
    coverage: coverage === null ? null : { ...coverage, notReached: coverage.notReached.map((one) => ({ ...one })) },
    difference:
      difference === null
        ? null
        : {
            ...difference,
            decisions: difference.decisions.map((one) => ({ ...one })),
            before: [...difference.before],
          },
  };
}

const number = (value: number): string => String(value).replace(/\B(?=(?:\d{3})+$)/g, ",");

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((a, b) => a + b, 0);
}

/** One sentence: whether the compiled C did the same. */
export function validationLine(report: ValidationReport, paint: Paint): string {
  if (report.status === "skipped") return paint.warn(`translation not validated: ${printable(report.reason ?? "")}`);
  if (report.status === "different") {
    return `${paint.warn("the translation differs from the compiled C")}: ${printable(report.reason ?? "")}`;
  }
  const hz = `HZ=${report.hz.join(", ")}`;
  const what = `${number(report.histories)} random ${report.histories === 1 ? "history" : "histories"}`;
  const more = report.decisions === 0 ? "" : ` of ${number(report.decisions)} decisions`;
  return `translation: the compiled C (${printable(report.compiler ?? "")}) did the same in ${what}${more}, ${hz}`;
}

/** More of it: what was not compared, and what a difference looks like. */
export function validationLines(report: ValidationReport, paint: Paint): readonly string[] {
  const { coverage, difference } = report;
  const lines = [validationLine(report, paint)];
  if (coverage !== null) {
    lines.push(
      `  ${coverage.reached} of ${coverage.lines} lines of the slice were reached${missed(coverage.notReached)}`,
    );
  }
  const switches = Object.entries(report.switches).map(([where, count]) => `${number(count)} times ${where}`);
  if (switches.length > 0) lines.push(`  threads switched ${switches.join(", ")}`);
  if (report.stopped > 0) {
    lines.push(`  ${number(report.stopped)} histories ended at BUG(), or at a call that is not in the model`);
  }
  const cut = sum(report.cut);
  if (cut > 0) {
    const where = "random answers led to a place where the model stops, which is no finding";
    lines.push(`  ${number(cut)} histories were compared in part: ${where}:`);
    const reasons = Object.entries(report.cut).sort(([, a], [, b]) => b - a);
    for (const [reason, count] of reasons.slice(0, MAX_REASONS))
      lines.push(`    ${number(count)}: ${printable(reason)}`);
    if (reasons.length > MAX_REASONS) lines.push(`    and ${reasons.length - MAX_REASONS} more reasons`);
  }
  for (const [reason, count] of Object.entries(report.unrecorded)) {
    lines.push(`  ${number(count)} histories were not compared: ${printable(reason)}`);
  }
  for (const note of report.notes) lines.push(`  ${printable(note)}`);
  if (difference === null) return lines;
  const before = difference.before.map((one) => `      ${printable(one)}`);
  return [
    ...lines,
    `  after ${difference.decisions.length} decisions, HZ=${difference.hz}:`,
    ...before,
    `  model:    ${printable(difference.model ?? "nothing more")}`,
    `  compiled: ${printable(difference.compiled ?? "nothing more")}`,
    ...(report.file === null ? [] : [`  saved:    ${printable(report.file)}`]),
    ...(report.replay === null ? [] : [`  replay:   ${printable(report.replay)}`]),
  ];
}

const MAX_REASONS = 5;
const MAX_MISSED = 12;

/** The lines that no history came to: nobody has compared those. */
function missed(lines: readonly { readonly file: string; readonly line: number }[]): string {
  if (lines.length === 0) return "";
  const byFile = new Map<string, number[]>();
  for (const { file, line } of lines.slice(0, MAX_MISSED)) byFile.set(file, [...(byFile.get(file) ?? []), line]);
  const texts = [...byFile].map(([file, all]) => `${printable(file)}:${all.join(",")}`);
  const more = lines.length > MAX_MISSED ? ` and ${lines.length - MAX_MISSED} more` : "";
  return `; not ${texts.join(" ")}${more}`;
}
