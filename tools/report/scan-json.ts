/**
 * A scan as the JSON document of `scan --json`.
 */
import type { Scan } from "../timing/scan.ts";
import type { ScanDocument } from "./schema.ts";

/** Shapes a scan for `scan --json`; the shape is declared in schema.ts. */
export function scanDocument(scan: Scan): ScanDocument {
  const { coverage } = scan;
  return {
    kernel: scan.kernel,
    configuration: {
      description: scan.configuration.description,
      switchedOff: scan.configuration.switchedOff.map((one) => ({ ...one })),
    },
    paths: [...scan.paths],
    coverage: {
      files: coverage.files,
      bytes: coverage.bytes,
      functions: coverage.functions,
      functionsWithErrors: coverage.functionsWithErrors,
      functionsInactive: coverage.functionsInactive,
      unparsed: coverage.unparsed.map((one) => ({ ...one })),
    },
    facts: scan.facts as ScanDocument["facts"],
    findings: [],
    problems: scan.problems.map((one) => ({ ...one })),
    notes: scan.notes.map((one) => ({ ...one })),
  };
}
