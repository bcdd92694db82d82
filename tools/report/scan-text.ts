/**
 * A scan as text, in the manner of compilers: `file:line: function: kind: what`.
 */
import type { Fact } from "../timing/fact.ts";
import type { Coverage, Scan } from "../timing/scan.ts";
import { factText, printable } from "./words.ts";

/** Colours or not, decided where the terminal is known. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly warn: (text: string) => string;
}

export const PLAIN: Paint = { bold: (text) => text, dim: (text) => text, warn: (text) => text };

/** Share of functions that parse, in per cent with two digits, rounded down so that 100.00 means all. */
export function coveragePercent(coverage: Coverage): string {
  const { functions, functionsWithErrors } = coverage;
  const share = functions === 0 ? 1 : (functions - functionsWithErrors) / functions;
  return (Math.floor(share * 10_000) / 100).toFixed(2);
}

/** `3,149 functions in 134 files, 100.00% parsed (65 of them switched off by the configuration)`. */
export function coverageText(coverage: Coverage): string {
  const count = (value: number): string => value.toLocaleString("en-US");
  const inactive =
    coverage.functionsInactive === 0
      ? ""
      : ` (${count(coverage.functionsInactive)} of them in preprocessor branches that are not taken)`;
  const noun = (value: number, name: string): string => `${count(value)} ${name}${value === 1 ? "" : "s"}`;
  const text = `${noun(coverage.functions, "function")} in ${noun(coverage.files, "file")}`;
  return `${text}, ${coveragePercent(coverage)}% parsed${inactive}`;
}

/** One fact as a line. */
export function factLine(fact: Fact, paint: Paint): string {
  const place = paint.bold(`${printable(fact.file)}:${fact.line}:`);
  const where = fact.function === null ? "" : ` ${printable(fact.function)}:`;
  const via = fact.viaMacro === undefined ? "" : paint.dim(` [through macro ${printable(fact.viaMacro)}]`);
  return `${place}${where} ${paint.dim(`${fact.kind}:`)} ${printable(factText(fact))}${via}`;
}

/** What could not be handled, a line each. */
export function unhandledLines(scan: Scan, paint: Paint): readonly string[] {
  const lines = [
    ...scan.coverage.unparsed.map((one) => ({ ...one, label: "not parsed" })),
    ...scan.problems.map((one) => ({ ...one, label: "not understood" })),
  ].map(({ file, line, function: name, reason, label }) => {
    const where = name === null ? "" : ` ${printable(name)}:`;
    return `${paint.bold(`${printable(file)}:${line}:`)}${where} ${paint.warn(`${label}:`)} ${printable(reason)}`;
  });
  const notes = scan.notes.map(
    (note) => `${paint.bold(`${printable(note.file)}:`)} ${paint.warn("left out:")} ${printable(note.reason)}`,
  );
  return [...lines, ...notes];
}

/** The whole scan. */
export function scanText(scan: Scan, facts: readonly Fact[], paint: Paint): string {
  const lines = facts.map((fact) => factLine(fact, paint));
  const unhandled = unhandledLines(scan, paint);
  if (unhandled.length > 0) lines.push("", ...unhandled);
  const version = scan.kernel.version === null ? "" : `, Linux ${printable(scan.kernel.version)}`;
  const counted = `${facts.length.toLocaleString("en-US")} timing fact${facts.length === 1 ? "" : "s"}`;
  lines.push(
    "",
    `${printable(scan.kernel.id)}${version}: ${scan.paths.map(printable).join(", ")}`,
    `${coverageText(scan.coverage)}; configuration: ${printable(scan.configuration.description)}`,
    `${counted}; findings: none looked for, there are no rules yet`,
  );
  return `${lines.join("\n")}\n`;
}
