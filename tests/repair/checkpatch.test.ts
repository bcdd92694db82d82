/** checkpatch.pl of a kernel, played by small scripts of our own. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findProgram } from "../../tools/kernel/programs.ts";
import { checkpatch } from "../../tools/repair/checkpatch.ts";
import { temporaryFolder, withPath } from "../kernel/fixtures.ts";
import { memorySource } from "../timing/memory-source.ts";

const SCRIPT = "scripts/checkpatch.pl";
const MAILS = ["0001-one.patch", "0002-two.patch"].map((name) => ({ name, contents: Buffer.from(`mail ${name}\n`) }));
const UNSIGNED = 'print "$f:12: ERROR: Missing Signed-off-by: line(s)\\n" for my @all = grep { !/^--/ } @ARGV;';

/** Runs a Perl program in the place of checkpatch.pl; `$f` is the first mail's name. */
async function run(perl: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const text = `#!/usr/bin/env perl\nuse strict;\nmy ($f) = grep { !/^--/ } @ARGV;\n${perl}\n`;
  const cache = temporaryFolder();
  const { tool, status, detail } = await checkpatch(memorySource({ [SCRIPT]: text, ...files }), MAILS, cache);
  expect(tool).toBe("checkpatch");
  expect(readdirSync(cache, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())).toEqual([]);
  return `${status}: ${detail}`;
}

const PASSED = "passed: nothing but the missing Signed-off-by";

// Without perl there is nothing to try.
describe.skipIf(findProgram("perl") === null)("the script's word", () => {
  test.each([
    ["nothing at all", "exit 0;", PASSED],
    ["the missing sign-off of both mails", `${UNSIGNED} exit 1;`, PASSED],
    ["an error", 'print "$f:7: ERROR: spaces required\\n"; exit 1;', "failed: ERROR: spaces required"],
    ["a warning", 'print "$f:7: WARNING: line over 100 columns\\n"; exit 1;', "failed: WARNING: line over 100 columns"],
    ["a check of --strict", 'print "$f:7: CHECK: Alignment\\n"; exit 1;', "failed: CHECK: Alignment"],
    ["a complaint without a line", 'print "WARNING: no description\\n"; exit 1;', "failed: WARNING: no description"],
    ["one more than the sign-off", `${UNSIGNED} print "$f:9: CHECK: more\\n"; exit 1;`, "failed: CHECK: more"],
    ["a complaint and no status", 'print "$f:7: ERROR: late\\n"; exit 0;', "failed: ERROR: late"],
    ["words that are no complaint", 'print "total: 0 errors, 0 warnings\\nNOTE: ERRORS\\n"; exit 0;', PASSED],
  ])("%s", async (_, perl, wanted) => {
    expect(await run(perl)).toBe(wanted);
  });

  test.each([
    ["dies", 'die "no such module\\n";', /^skipped: .*does not run with this perl: no such module$/],
    ["does not compile", "if (;", /^skipped: .*does not run with this perl: ./],
    ["dies after a word on the sign-off", `${UNSIGNED} die "half way\\n";`, /^skipped: .*half way$/],
    ["fails without a word", "exit 1;", /^skipped: /],
    ["dies after a complaint", 'print "$f:7: ERROR: first\\n"; die;', /^failed: ERROR: first$/],
  ])("a script that %s", async (_, perl, wanted) => {
    expect(await run(perl)).toMatch(wanted);
  });

  test("gets the mails by name, --strict, no tree, and the tree's own lists beside it", async () => {
    const shown =
      'print "ERROR: ", join("|", @ARGV, (-e "scripts/spelling.txt" ? "spelling" : "none"), do { local (@ARGV, $/) = $f; <> }); exit 1;';
    expect(await run(shown, { "scripts/spelling.txt": "teh||the\n" })).toBe(
      "failed: ERROR: --strict|--no-tree|--terse|--no-summary|0001-one.patch|0002-two.patch|spelling|mail 0001-one.patch",
    );
    expect(await run(shown)).toContain("|none|");
  });
});

test("without a script it is skipped, and says so", async () => {
  const result = await checkpatch(memorySource({ Makefile: "" }), MAILS, temporaryFolder());
  expect(result).toEqual({ tool: "checkpatch", status: "skipped", detail: `this kernel tree has no ${SCRIPT}` });
});

test("without perl it is skipped, and says so", async () => {
  const source = memorySource({ [SCRIPT]: "exit 0;\n" });
  const result = await withPath([join(temporaryFolder(), "none")], () => checkpatch(source, MAILS, temporaryFolder()));
  expect(result).toEqual({ tool: "checkpatch", status: "skipped", detail: "perl is not on this machine" });
});
