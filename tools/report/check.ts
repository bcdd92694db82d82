/** The result of `check`: text for the terminal, a JSON document. */
import type { Block } from "../check/figure-story.ts";
import type { CheckResult, Verdict } from "../check/verdict.ts";
import type { ValidationReport } from "../native/validation-report.ts";
import { plainTable } from "./plain-table.ts";
import type { Paint } from "./scan-text.ts";
import type { CheckDocument } from "./schema.ts";
import { validationDocument, validationLine, validationLines } from "./validation.ts";
import { printable } from "./words.ts";

/** A system's figures, and what it says of them. */
export interface ToldFigures {
  /** Plain data, as the system's schema declares it. */
  readonly document: unknown;
  /** What to do about a violation, a sentence each. */
  readonly advice: readonly string[];
  readonly blocks: readonly Block[];
  readonly cells: readonly string[];
}

/** What there is to say of one system. */
export interface CheckReport {
  readonly system: { readonly name: string; readonly title: string };
  readonly kernel: { readonly id: string; readonly version: string | null };
  /** The candidate patch that the kernel was given first; null for the kernel as it is. */
  readonly candidate: string | null;
  /** Whether one witness was run again, instead of a check. */
  readonly isReplay: boolean;
  readonly result: Omit<CheckResult, "figures">;
  /** Null where nothing was measured. */
  readonly figures: ToldFigures | null;
  /** Heads of the system's columns in the table of systems. */
  readonly columns: readonly string[];
  readonly unmodelled: readonly { readonly file: string; readonly line: number; readonly what: string }[];
  readonly model: {
    readonly sha256: string;
    readonly functions: readonly string[];
    readonly files: readonly { readonly path: string; readonly sha256: string }[];
    readonly timersFrom: string;
    readonly notes: readonly string[];
  };
  /** Whether the compiled C does the same as the model; null where nobody asked. */
  readonly validation: ValidationReport | null;
  /** By the name of the violated property. */
  readonly witnesses: ReadonlyMap<
    string,
    { readonly path: string; readonly replay: string; readonly timeline: string }
  >;
}

/** The JSON document of `check --json`; its shape is declared in schema.ts. */
export function checkDocument(report: CheckReport): CheckDocument {
  const { system, kernel, result, unmodelled, model, witnesses } = report;
  return {
    system: system.name,
    kernel: { id: kernel.id, version: kernel.version },
    candidate: report.candidate,
    verdict: result.verdict,
    bounds: [...result.bounds],
    properties: result.properties.map(({ name, kind, verdict, detail }) => ({
      name,
      kind,
      verdict,
      witness: witnesses.get(name)?.path ?? null,
      replay: witnesses.get(name)?.replay ?? null,
      detail,
    })),
    figures: report.figures?.document ?? null,
    unmodelled: unmodelled.map((one) => ({ ...one })),
    reasons: [...result.reasons],
    model: {
      ...model,
      functions: [...model.functions],
      files: model.files.map((one) => ({ ...one })),
      notes: [...model.notes],
    },
    validation: report.validation === null ? null : validationDocument(report.validation),
  };
}

export function verdictText(verdict: Verdict, paint: Paint): string {
  return verdict === "holds" ? paint.bold(verdict) : paint.warn(verdict);
}

/** The blocks that a system has of its figures. */
function blockLines(blocks: readonly Block[]): readonly string[] {
  return blocks.map((block) => {
    if (typeof block === "string") return printable(block);
    return plainTable(
      block.head.map(printable),
      block.align,
      block.rows.map((row) => row.map(printable)),
    );
  });
}

function adviceLines({ figures }: CheckReport): readonly string[] {
  return figures?.advice.map(printable) ?? [];
}

function propertyLines(report: CheckReport, paint: Paint): readonly string[] {
  return report.result.properties.flatMap(({ name, kind, verdict, detail }) => {
    const witness = report.witnesses.get(name);
    return [
      `${paint.bold(name)} (${kind}): ${verdictText(verdict, paint)}: ${printable(detail)}`,
      ...(witness === undefined
        ? []
        : [`  witness: ${printable(witness.path)}`, `  replay:  ${printable(witness.replay)}`]),
    ];
  });
}

/** One line: which kernel, which system, what came out. */
export function headLine(report: CheckReport, paint: Paint): string {
  const { kernel, system, result, candidate } = report;
  const version = kernel.version === null ? "" : `, Linux ${printable(kernel.version)}`;
  const patched = candidate === null ? "" : `, with ${printable(candidate)}`;
  const what = `${printable(kernel.id)}${version}${patched}: ${system.title} (${system.name})`;
  const doubt = report.validation?.status === "skipped" ? paint.warn(" (translation not validated)") : "";
  // One history in which nothing is violated is far from a check that holds.
  const scope = report.isReplay && result.verdict === "holds" ? " in this one history" : "";
  return `${what}: ${verdictText(result.verdict, paint)}${scope}${doubt}`;
}

function indented(text: string): readonly string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${printable(line)}`.trimEnd());
}

/** Verdict and properties in a few lines, for `run`. */
export function shortCheckLines(report: CheckReport, paint: Paint): readonly string[] {
  const more = report.unmodelled.length === 0 ? [] : [`not modelled: ${report.unmodelled.length} places (see check)`];
  const reasons = report.result.reasons.map((one) => `could not be followed: ${printable(one)}`);
  return [
    `verdict   ${verdictText(report.result.verdict, paint)}`,
    ...propertyLines(report, paint),
    ...adviceLines(report),
    ...(report.validation === null ? [] : [validationLine(report.validation, paint)]),
    ...more,
    ...reasons,
  ];
}

/**
 * One row for each system: the end of `run`. Systems that measure the same have a column for each figure; where they
 * measure different things, each figure is told with its name, so that it is still one table.
 */
export function systemTable(reports: readonly CheckReport[], paint: Paint): string {
  const columns = reports[0]?.columns ?? [];
  const isAlike = reports.every((report) => report.columns.join("|") === columns.join("|"));
  const rows = reports.map((report) => {
    const cells = report.figures?.cells.map(printable) ?? report.columns.map(() => "-");
    const named = report.columns.map((column, i) => `${column} ${cells[i] ?? "-"}`).join("; ");
    return [report.system.name, verdictText(report.result.verdict, paint), ...(isAlike ? cells : [named])];
  });
  const heads = isAlike ? columns : ["figures"];
  return plainTable(
    ["system", "verdict", ...heads].map((title) => paint.dim(title)),
    ["left", "left", ...heads.map(() => (isAlike ? ("right" as const) : ("left" as const)))],
    rows,
  );
}

/** The terminal's view. */
export function checkText(report: CheckReport, paint: Paint): string {
  const { result, unmodelled, model, witnesses } = report;
  const lines = [headLine(report, paint), "", ...propertyLines(report, paint)];
  const advice = adviceLines(report);
  if (advice.length > 0) lines.push("", ...advice);
  if (report.validation !== null) lines.push("", ...validationLines(report.validation, paint));
  for (const [name, { timeline }] of witnesses) lines.push("", `Timeline of ${name}:`, ...indented(timeline));
  if (report.figures !== null) lines.push("", ...blockLines(report.figures.blocks));
  if (unmodelled.length > 0) {
    lines.push("", `Not modelled (${unmodelled.length}):`);
    for (const { file, line, what } of unmodelled) {
      lines.push(`  ${paint.bold(`${printable(file)}:${line}:`)} ${printable(what)}`);
    }
  }
  if (result.reasons.length > 0)
    lines.push("", "Could not be followed:", ...result.reasons.map((one) => `  ${printable(one)}`));
  if (result.bounds.length > 0) lines.push("", "Bounds:", ...result.bounds.map((one) => `  ${printable(one)}`));
  lines.push("", `model: ${model.functions.length} functions, sha256 ${model.sha256.slice(0, 12)}`);
  if (model.notes.length > 0) lines.push("", "Outside the model:", ...model.notes.map((one) => `  ${printable(one)}`));
  return `${lines.join("\n")}\n`;
}
