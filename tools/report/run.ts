/**
 * The result of `run`: a table for the terminal, a Markdown report, a JSON document.
 */
import Handlebars from "handlebars";
import type { FactKind } from "../timing/fact.ts";
import type { Scan } from "../timing/scan.ts";
import { type CheckReport, checkDocument, shortCheckLines, systemTable } from "./check.ts";
import { type FixReport, fixDocument, fixLines } from "./fix.ts";
import { plainTable } from "./plain-table.ts";
import type { SystemStory } from "./probe-text.ts";
import { coverageText, type Paint, PLAIN, unhandledLines } from "./scan-text.ts";
import type { RunDocument } from "./schema.ts";
import { printable } from "./words.ts";

export interface FileRow {
  readonly file: string;
  readonly counts: Readonly<Record<FactKind, number>>;
  readonly total: number;
}

export interface RunReport {
  readonly scan: Scan;
  readonly rows: readonly FileRow[];
  readonly stories: readonly SystemStory[];
  /** What the check said, by system; systems that the kernel lacks, or that have no model, are not in it. */
  readonly checks: ReadonlyMap<string, CheckReport>;
  /** Candidate patches, by system. */
  readonly fixes: ReadonlyMap<string, FixReport>;
  /** The columns of the table. */
  readonly kinds: readonly FactKind[];
}

/** Gathers what `run` says. */
export function runReport(
  scan: Scan,
  stories: readonly SystemStory[],
  kinds: readonly FactKind[],
  checks: ReadonlyMap<string, CheckReport> = new Map(),
  fixes: ReadonlyMap<string, FixReport> = new Map(),
): RunReport {
  const byFile = new Map<string, Record<FactKind, number>>();
  for (const fact of scan.facts) {
    let counts = byFile.get(fact.file);
    if (counts === undefined) {
      counts = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<FactKind, number>;
      byFile.set(fact.file, counts);
    }
    counts[fact.kind]++;
  }
  const rows = [...byFile].map(([file, counts]) => ({
    file,
    counts,
    total: Object.values(counts).reduce((sum, count) => sum + count, 0),
  }));
  return { scan, rows, stories, checks, fixes, kinds };
}

function totals({ rows, kinds }: RunReport): readonly number[] {
  return [
    ...kinds.map((kind) => rows.reduce((sum, row) => sum + row.counts[kind], 0)),
    rows.reduce((s, r) => s + r.total, 0),
  ];
}

function factTable(report: RunReport, paint: Paint): string {
  const shown = (count: number): string => (count === 0 ? "." : String(count));
  const rows = report.rows.map((row) => [
    printable(row.file),
    ...report.kinds.map((kind) => shown(row.counts[kind])),
    String(row.total),
  ]);
  return plainTable(
    ["file", ...report.kinds, "facts"].map((title) => paint.dim(title)),
    ["left", ...report.kinds.map(() => "right" as const), "right"],
    [...rows, [paint.bold("all"), ...totals(report).map((count) => paint.bold(String(count)))]],
  );
}

function kernelLine(scan: Scan): string {
  const version = scan.kernel.version === null ? "" : ` (Linux ${printable(scan.kernel.version)})`;
  const note = /^sample(?:@|$)/.test(scan.kernel.id)
    ? " - the small kernel that ships with groundhog, no real one"
    : "";
  return `${printable(scan.kernel.id)}${version}${note}: ${scan.paths.map(printable).join(", ")}`;
}

function storyLines(story: SystemStory, report: RunReport, paint: Paint): readonly string[] {
  const check = report.checks.get(story.system.name);
  const title = paint.bold(`${story.system.title} (${story.system.name})`);
  if (story.lines === null) return [`${title}: this kernel has no ${printable(story.lacks)}`];
  const verdict = check === undefined ? [] : shortCheckLines(check, paint);
  const fix = report.fixes.get(story.system.name);
  const candidates = fix === undefined ? [] : ["", ...fixLines(fix, paint)];
  return [title, ...[...story.lines, ...verdict, ...candidates].map((line) => (line === "" ? "" : `  ${line}`))];
}

/** The terminal's view. */
export function runText(report: RunReport, written: readonly string[], paint: Paint): string {
  const { scan, stories } = report;
  const unhandled = unhandledLines(scan, paint);
  return `${[
    kernelLine(scan),
    `configuration: ${printable(scan.configuration.description)}`,
    "",
    factTable(report, paint),
    "",
    coverageText(scan.coverage),
    ...(unhandled.length === 0 ? [] : ["", `Not handled (${unhandled.length}):`, ...unhandled]),
    ...stories.flatMap((story) => ["", ...storyLines(story, report, paint)]),
    ...(report.checks.size === 0 ? [] : ["", systemTable([...report.checks.values()], paint)]),
    "",
    `written: ${written.map(printable).join(", ")}`,
  ].join("\n")}\n`;
}

function checkOf({ checks }: RunReport, system: string): RunDocument["systems"][number]["check"] {
  const check = checks.get(system);
  return check === undefined ? null : checkDocument(check);
}

function fixOf({ fixes }: RunReport, system: string): RunDocument["systems"][number]["fix"] {
  const fix = fixes.get(system);
  return fix === undefined ? null : fixDocument(fix);
}

/** The JSON document of `run --json`; its shape is declared in schema.ts. */
export function runDocument(report: RunReport, written: readonly string[]): RunDocument {
  const { scan, rows, stories } = report;
  const { coverage } = scan;
  return {
    kernel: scan.kernel,
    configuration: scan.configuration.description,
    coverage: { ...coverage, unparsed: coverage.unparsed.map((one) => ({ ...one })) },
    files: rows.map((row) => ({ file: row.file, facts: { ...row.counts } })),
    systems: stories.map((story) => ({
      system: story.system.name,
      present: story.lines !== null,
      lines: [...(story.lines ?? [])],
      check: checkOf(report, story.system.name),
      fix: fixOf(report, story.system.name),
    })),
    written: [...written],
  };
}

/** Table cells and list items must not end where C text has a bar or a backtick. */
function markdown(text: string): string {
  return printable(text).replace(/[\\`*_{}[\]<>|#]/g, (character) => `\\${character}`);
}

/**
 * The Markdown report.
 *
 * @param template text of templates/run-report.md.hbs
 */
export function runMarkdown(report: RunReport, template: string): string {
  const { scan } = report;
  const render = Handlebars.compile(template, { noEscape: true, strict: true, assumeObjects: false });
  return render({
    kernel: markdown(kernelLine(scan)),
    configuration: markdown(scan.configuration.description),
    coverage: coverageText(scan.coverage),
    kinds: report.kinds,
    rows: report.rows.map((row) => ({
      file: markdown(row.file),
      counts: report.kinds.map((kind) => row.counts[kind]),
      total: row.total,
    })),
    totals: totals(report),
    // Indented blocks are code in Markdown: text in them is shown as it is.
    stories: report.stories.map((story) => ({
      lines: storyLines(story, report, PLAIN).flatMap((line) => line.split("\n").map((one) => `    ${one}`)),
    })),
    unhandled: unhandledLines(scan, PLAIN).map((line) => `    ${line}`),
    switchedOff: scan.configuration.switchedOff.map(
      (one) => `    ${printable(one.file)}:${one.line}: ${printable(one.condition)}`,
    ),
  });
}
