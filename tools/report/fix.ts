/** The result of `fix`: a table of candidates for the terminal, a JSON document. */
import type { CheckResult } from "../check/verdict.ts";
import type { Candidate, Measure, ToolCheck } from "../repair/candidate.ts";
import type { Placed } from "../repair/comparison.ts";
import { verdictText } from "./check.ts";
import { plainTable } from "./plain-table.ts";
import type { Paint } from "./scan-text.ts";
import type { FixDocument } from "./schema.ts";
import { printable } from "./words.ts";

/** A witness file, and the command that runs it again. */
export interface Proof {
  readonly path: string;
  readonly replay: string;
}

/** How a patch is taken. */
export interface Take {
  /** What is to be said of it: ` onto 5291dabb792f, signed off by you`. */
  readonly where: string;
  /** Paths in it are absolute. */
  readonly command: string;
}

export interface FixReport {
  readonly system: { readonly name: string; readonly title: string };
  readonly kernel: { readonly id: string; readonly version: string | null };
  readonly before: CheckResult;
  readonly isNeeded: boolean;
  /** The options that narrowed what was explored, as they were given; empty for the whole table. */
  readonly narrowedTo: readonly string[];
  /** Whether it was the narrow table of `run`. */
  readonly isBrief: boolean;
  /** Figures of the kernel as it is. */
  readonly measures: readonly Measure[];
  readonly placed: readonly Placed[];
  /** Paths of patches by candidate. */
  readonly patches: ReadonlyMap<string, string>;
  readonly takes: ReadonlyMap<string, Take>;
  /** Of the kernel as it is, where it violates the check; and of refuted candidates, by name. */
  readonly proof: Proof | null;
  readonly proofs: ReadonlyMap<string, Proof>;
  readonly series: {
    readonly candidate: Candidate;
    readonly patches: readonly string[];
    readonly take: Take | null;
  } | null;
}

function figuresOf(measures: readonly Measure[], before: readonly Measure[]): FixDocument["figures"] {
  return measures.map(({ name, unit, value }) => ({
    name,
    unit,
    value,
    before: before.find((one) => one.name === name)?.value ?? null,
  }));
}

function candidateDocument(
  { candidate, why }: Placed,
  { patch, take, proof }: { readonly patch: string | null; readonly take: Take | null; readonly proof: Proof | null },
  before: readonly Measure[],
): FixDocument["candidates"][number] {
  const { name, title, verdict, proposal, checks, measures, size } = candidate;
  return {
    name,
    title,
    verdict,
    applies: proposal.kind === "edits",
    alreadyThere: proposal.kind === "already-there",
    patch,
    take: take?.command ?? null,
    witness: proof?.path ?? null,
    replay: proof?.replay ?? null,
    checks: checks.map((one) => ({ ...one })),
    figures: figuresOf(measures, before),
    size: size === null ? null : { ...size },
    why,
  };
}

/** The JSON document of `fix --json`; its shape is declared in schema.ts. */
export function fixDocument(report: FixReport): FixDocument {
  const { system, kernel, before, isNeeded, measures, placed, patches, takes, proof, proofs, series } = report;
  const filesOf = (name: string) => ({
    patch: patches.get(name) ?? null,
    take: takes.get(name) ?? null,
    proof: proofs.get(name) ?? null,
  });
  return {
    system: system.name,
    kernel: { id: kernel.id, version: kernel.version },
    before: before.verdict,
    needed: isNeeded,
    witness: proof?.path ?? null,
    replay: proof?.replay ?? null,
    figures: figuresOf(measures, measures),
    candidates: placed.map((one) => candidateDocument(one, filesOf(one.candidate.name), measures)),
    series:
      series === null
        ? null
        : {
            candidate: candidateDocument(
              { candidate: series.candidate, why: "was asked for" },
              { patch: null, take: series.take, proof: null },
              measures,
            ),
            patches: [...series.patches],
          },
    bounds: [...before.bounds],
    reasons: [...before.reasons],
  };
}

/** `6 passed`, `5 passed, 1 skipped`. */
function checksText(checks: readonly ToolCheck[]): string {
  const counts = (["passed", "failed", "skipped"] as const).map((status) => ({
    status,
    count: checks.filter((one) => one.status === status).length,
  }));
  const shown = counts.filter((one) => one.count > 0).map(({ status, count }) => `${count} ${status}`);
  return shown.length === 0 ? "-" : shown.join(", ");
}

function verdictCell({ proposal, verdict }: Candidate, paint: Paint): string {
  if (proposal.kind === "already-there") return "already there";
  if (proposal.kind === "not-recognised" || verdict === null) return "does not apply";
  return verdictText(verdict, paint);
}

function table({ measures, placed, before, series }: FixReport, paint: Paint): string {
  const names = measures.map((one) => one.name);
  const row = (title: string, verdict: string, of: readonly Measure[], rest: readonly string[]): readonly string[] => [
    title,
    verdict,
    ...names.map((name) => {
      const measure = of.find((one) => one.name === name);
      return measure?.cell ?? "-";
    }),
    ...rest,
  ];
  const candidateRow = (candidate: Candidate): readonly string[] => {
    const { size } = candidate;
    const lines = size === null ? "-" : `+${size.added} -${size.removed}`;
    const checks = checksText(candidate.checks);
    return row(candidate.name, verdictCell(candidate, paint), candidate.measures, [lines, checks]);
  };
  return plainTable(
    ["candidate", "verdict", ...names, "lines", "checks"].map((title) => paint.dim(title)),
    ["left", "left", ...names.map(() => "right" as const), "right", "left"],
    [
      row("(as it is)", verdictText(before.verdict, paint), measures, ["", ""]),
      ...placed.map(({ candidate }) => candidateRow(candidate)),
      ...(series === null ? [] : [candidateRow(series.candidate)]),
    ],
  );
}

/** That less than the whole table was checked, and what to do about it; said before anybody is told to take a patch. */
function narrowedLines({ narrowedTo, isBrief, isNeeded, system }: FixReport): readonly string[] {
  const purpose = isNeeded ? "before you send anything" : "for the whole table";
  if (isBrief) return [`Only the narrow table of run was checked; run groundhog fix ${system.name} ${purpose}.`];
  if (narrowedTo.length === 0) return [];
  const [was, it] = narrowedTo.length === 1 ? ["was", "it"] : ["were", "them"];
  return [`Only ${narrowedTo.map(printable).join(" ")} ${was} checked; run again without ${it} ${purpose}.`];
}

function takeLines(take: Take | null | undefined): readonly string[] {
  return take == null ? [] : [`To take it${printable(take.where)}: ${printable(take.command)}`];
}

function outcomeLines(report: FixReport): readonly string[] {
  const { before, isNeeded, placed, takes, series } = report;
  if (!isNeeded)
    return [
      ...narrowedLines(report),
      "Nothing needs repair: the check holds. What each candidate would change is shown all the same.",
    ];
  if (series !== null) return [...narrowedLines(report), ...takeLines(series.take)];
  const best = placed.find(({ candidate }) => candidate.patch !== null);
  if (best !== undefined) {
    const { name, title } = best.candidate;
    return [...narrowedLines(report), `Best: ${name}: ${title}.`, ...takeLines(takes.get(name))];
  }
  const unsure = before.verdict === "inconclusive" ? "; the check of the kernel as it is is inconclusive" : "";
  return [...narrowedLines(report), `No candidate holds${unsure}.`];
}

function checkText({ tool, status, detail }: ToolCheck): string {
  return `${tool} ${status}: ${printable(detail)}`;
}

/** What was skipped for the same reason with every candidate that was tried: said once. */
function skippedForAll(candidates: readonly Candidate[]): ReadonlySet<string> {
  const tried = candidates.filter((one) => one.checks.length > 0);
  const skipped = tried.map(({ checks }) => checks.filter((one) => one.status === "skipped").map(checkText));
  const [first] = skipped;
  return new Set((first ?? []).filter((text) => skipped.length > 1 && skipped.every((one) => one.includes(text))));
}

/** Checks that did not pass, of one candidate. */
function checkLines({ checks }: Candidate, saidOnce: ReadonlySet<string>): readonly string[] {
  const texts = checks.filter((one) => one.status !== "passed").map(checkText);
  return texts.filter((one) => !saidOnce.has(one)).map((one) => `    ${one}`);
}

function proofLines({ path, replay }: Proof, indent: string): readonly string[] {
  return [`${indent}witness: ${printable(path)}`, `${indent}replay:  ${printable(replay)}`];
}

/** Table, reasons and patches in lines; `run` shows them below a system's verdict. */
export function fixLines(report: FixReport, paint: Paint): readonly string[] {
  const { placed, patches, proofs, series } = report;
  const outcome = outcomeLines(report);
  const lines = [...table(report, paint).split("\n"), ...(outcome.length === 0 ? [] : ["", ...outcome]), ""];
  const saidOnce = skippedForAll(placed.map((one) => one.candidate));
  for (const { candidate, why } of placed) {
    const patch = patches.get(candidate.name);
    lines.push(
      `${paint.bold(candidate.name)}: ${candidate.title}`,
      `    ${printable(why)}`,
      ...checkLines(candidate, saidOnce),
    );
    if (patch !== undefined) lines.push(`    patch: ${printable(patch)}`);
    const proof = proofs.get(candidate.name);
    if (proof !== undefined) lines.push(...proofLines(proof, "    "));
  }
  if (series !== null) {
    lines.push(`${paint.bold("series")} ${series.candidate.name}`, ...checkLines(series.candidate, saidOnce));
    lines.push(...series.patches.map((path) => `    patch: ${printable(path)}`));
    if (series.patches.length === 0) lines.push("    not written: it does not hold, or a check failed");
  }
  if (saidOnce.size > 0) lines.push("", ...[...saidOnce].map((one) => `With every candidate: ${one}`));
  return lines;
}

/** The terminal's view. */
export function fixText(report: FixReport, paint: Paint): string {
  const { kernel, system, before, proof } = report;
  const version = kernel.version === null ? "" : `, Linux ${printable(kernel.version)}`;
  const what = `${printable(kernel.id)}${version}: ${system.title} (${system.name})`;
  const head = `${what}: ${verdictText(before.verdict, paint)}`;
  const reasons = before.reasons.map((one) => `could not be followed: ${printable(one)}`);
  const columns = report.measures.flatMap(({ name, meaning }) => (meaning === null ? [] : [`${name}: ${meaning}`]));
  const shown = proof === null ? [] : proofLines(proof, "  ");
  return `${[head, ...shown, ...reasons, "", ...fixLines(report, paint), "", ...columns].join("\n")}\n`;
}
