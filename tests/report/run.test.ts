/** The report of `run`: what a C file says cannot break its Markdown or its table. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { probeStory } from "../../tools/report/probe-text.ts";
import { runDocument, runMarkdown, runReport, runText } from "../../tools/report/run.ts";
import { scanDocument } from "../../tools/report/scan-json.ts";
import { coveragePercent, PLAIN, scanText as textOfScan } from "../../tools/report/scan-text.ts";
import { scanSchema } from "../../tools/report/schema.ts";
import { FACT_KINDS } from "../../tools/timing/fact.ts";
import { probeOf } from "../../tools/timing/probe.ts";
import { scanTexts } from "../timing/memory-source.ts";
import { runSchema } from "./echo-schemas.ts";

const TEMPLATE = readFileSync(join(import.meta.dirname, "../../templates/run-report.md.hbs"), "utf8");
const SYSTEM = { name: "echo", title: "Echo", probe: "run_echo" };
const NASTY = "fs/cifs/a|b`c*<script>_.c";
const FILES = {
  "fs/cifs/a.c": `struct s { struct delayed_work w; unsigned long t; };
static void run_echo(struct work_struct *work)
{
	struct s *s = container_of(work, struct s, w.work);
	if (time_before(jiffies, s->t + HZ))
		return;
	schedule_delayed_work(&s->w, 2 * HZ);
}
void set(struct s *s)
{
	INIT_DELAYED_WORK(&s->w, run_echo);
}
`,
  [NASTY]: 'void nap(void)\n{\n\twait_event_timeout(q, is("</pre>|`{{kernel}}`"), HZ);\n}\n',
};

async function reportOf(files: Readonly<Record<string, string>>) {
  const scan = await scanTexts(files);
  return { scan, report: runReport(scan, [probeStory(SYSTEM, probeOf(scan.facts, SYSTEM.probe))], FACT_KINDS) };
}

describe("run", () => {
  test("counts facts by file and kind", async () => {
    const { report, scan } = await reportOf(FILES);
    expect(report.rows.map((row) => row.file)).toEqual(["fs/cifs/a.c", NASTY]);
    expect(report.rows.reduce((sum, row) => sum + row.total, 0)).toBe(scan.facts.length);
    runSchema.parse(runDocument(report, ["x"]));
  });

  test("tells the probe's story", async () => {
    const { report } = await reportOf(FILES);
    const text = runText(report, ["out/scan.json"], PLAIN);
    expect(text).toMatch(/re-arms {3}after 2 s/);
    expect(text).toMatch(/skipped {3}when jiffies before s->t \+ 1 s/);
    expect(text).toMatch(/gives up {2}never/);
    expect(text).toMatch(/^written: out\/scan\.json$/m);
  });

  test("Markdown: names are escaped, cells stay cells, nothing is expanded twice", async () => {
    const { report } = await reportOf(FILES);
    const markdown = runMarkdown(report, TEMPLATE);
    const rows = markdown.split("\n").filter((line) => line.startsWith("| "));
    const cells = rows.map((row) => row.replace(/\\\|/g, "").split("|").length);
    expect(new Set(cells).size).toBe(1);
    expect(markdown).toContain("a\\|b\\`c\\*\\<script\\>\\_.c");
    expect(markdown).not.toMatch(/<script>|<\/pre>/);
  });

  test("Markdown: what was not handled is a block of code, each line of it", async () => {
    const { scan } = await reportOf(FILES);
    const problem = { file: "a.c", function: null, line: 3, reason: "bad\n# Heading <b>" };
    const markdown = runMarkdown(runReport({ ...scan, problems: [problem] }, [], FACT_KINDS), TEMPLATE);
    expect(markdown).toContain("    a.c:3: not understood: bad?# Heading <b>");
    expect(markdown).not.toMatch(/^# Heading/m);
  });

  test("a kernel without facts", async () => {
    const { report } = await reportOf({ "fs/cifs/a.c": "int x;\n" });
    expect(runText(report, [], PLAIN)).toMatch(/^all( +0){6} +0$|^all( +[.0])+$/m);
    expect(runMarkdown(report, TEMPLATE)).toContain("| all | 0 | 0 | 0 | 0 | 0 | 0 | 0 |");
    expect(runText(report, [], PLAIN)).toMatch(/no run_echo\(\)/);
  });
});

describe("scan", () => {
  test("the document has the declared shape", async () => {
    const { scan } = await reportOf(FILES);
    scanSchema.parse(JSON.parse(JSON.stringify(scanDocument(scan))));
  });

  test("every fact is one line of the text", async () => {
    const { scan } = await reportOf(FILES);
    const lines = textOfScan(scan, scan.facts, PLAIN).split("\n");
    expect(lines.filter((line) => /^fs\/\S+:\d+: /.test(line))).toHaveLength(scan.facts.length);
  });

  test.each([
    [0, 0, "100.00"],
    [3, 0, "100.00"],
    [3, 1, "66.66"],
    [100_000, 1, "99.99"],
    [2, 2, "0.00"],
  ])("%i functions, %i with errors: %s per cent", (functions, functionsWithErrors, percent) => {
    const coverage = { files: 1, bytes: 1, functions, functionsWithErrors, functionsInactive: 0, unparsed: [] };
    expect(coveragePercent(coverage)).toBe(percent);
  });
});
