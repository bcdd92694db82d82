/** The kernel's own scripts/checkpatch.pl on a patch. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, runProgram } from "../kernel/programs.ts";
import type { KernelSource } from "../kernel/source.ts";
import { withTemporary } from "../kernel/temporary.ts";
import type { ToolCheck } from "./candidate.ts";
import type { Mail } from "./patch.ts";

const TOOL = "checkpatch";
const SCRIPT = "scripts/checkpatch.pl";
/** What the script reads besides, where a tree has it. */
const COMPANIONS = ["scripts/spelling.txt", "scripts/const_structs.checkpatch"];
/** It takes a second or two. */
const LIMIT_SECONDS = 60;
const COMPLAINT = /^(?:.*:\d*:?\s*)?(ERROR|WARNING|CHECK):\s*(.*)$/;
/** Signing off is the sender's business. */
const EXPECTED = /Missing Signed-off-by/;

/**
 * Runs the script with --strict.
 *
 * @returns failed for any error, warning or check but the missing Signed-off-by; skipped where there is no script, no
 * perl, or the script does not run with this perl
 */
export async function checkpatch(
  source: KernelSource,
  mails: readonly Mail[],
  cacheDirectory: string,
): Promise<ToolCheck> {
  const script = await source.read(SCRIPT);
  if (script === null) return skipped(`this kernel tree has no ${SCRIPT}`);
  const perl = findProgram("perl");
  if (perl === null) return skipped("perl is not on this machine");
  const companions = await Promise.all(COMPANIONS.map(async (path) => [path, await source.read(path)] as const));
  return withTemporary(cacheDirectory, async (directory, signal) => {
    mkdirSync(join(directory, "scripts"));
    writeFileSync(join(directory, SCRIPT), script);
    for (const [path, contents] of companions) if (contents !== null) writeFileSync(join(directory, path), contents);
    const patches = mails.map(({ name, contents }) => {
      writeFileSync(join(directory, name), contents);
      return name;
    });
    const args = [SCRIPT, "--strict", "--no-tree", "--terse", "--no-summary", ...patches];
    const { status, stdout, stderr } = await runProgram(perl, args, {
      directory,
      signal,
      timeoutSeconds: LIMIT_SECONDS,
    });
    return judged(status, stdout, stderr);
  });
}

function judged(status: number | null, stdout: string, stderr: string): ToolCheck {
  if (status === null) return skipped(`did not end within ${LIMIT_SECONDS} s`);
  const complaints = stdout.split("\n").flatMap((line) => {
    const [, level, message] = COMPLAINT.exec(line) ?? [];
    return level === undefined || message === undefined ? [] : [`${level}: ${message}`];
  });
  const real = complaints.filter((one) => !EXPECTED.test(one));
  const [first] = real;
  if (first !== undefined) return { tool: TOOL, status: "failed", detail: first };
  // 1 is "has complaints"; without any, or with another status, the script itself is what went wrong.
  if (status > 1 || (status === 1 && complaints.length === 0)) {
    return skipped(`the script does not run with this perl: ${stderr.trim().split("\n", 1)[0] ?? ""}`);
  }
  return { tool: TOOL, status: "passed", detail: "nothing but the missing Signed-off-by" };
}

function skipped(detail: string): ToolCheck {
  return { tool: TOOL, status: "skipped", detail };
}
