/** Kernels with files that are not plain ASCII C: Latin-1, CRLF, control characters, huge, empty, unreadable. */
import { chmodSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { scanSchema } from "../../tools/report/schema.ts";
import { groundhog, kernelTree, newFolder, useBundle } from "./session.ts";

useBundle();

function scanOf(files: Readonly<Record<string, string | Buffer>>) {
  const { exit, stdout, stderr } = groundhog(["scan", "--kernel", kernelTree(files), "--json"]);
  expect([exit, stderr]).toEqual([0, ""]);
  return scanSchema.parse(JSON.parse(stdout));
}

const SLEEP = "void nap(void)\n{\n\tmsleep(100);\n}\n";

describe("odd texts", () => {
  test("Latin-1 in comments, strings and expressions", () => {
    const text = Buffer.from(
      `/* J\xf6rg */\nvoid nap(struct q *q)\n{\n\twait_event_timeout(q->w, is(q, "\xfc"), 2 * HZ);\n}\n`,
      "latin1",
    );
    const { facts, coverage } = scanOf({ "fs/cifs/a.c": text });
    expect(coverage.functionsWithErrors).toBe(0);
    expect(facts.map((one) => [one.line, one.column, one.expression])).toEqual([
      [4, 2, 'wait_event_timeout(q->w, is(q, "\u00fc"), 2 * HZ)'],
    ]);
  });

  test("UTF-8 is shown as it is; columns count bytes", () => {
    const { facts } = scanOf({ "fs/cifs/a.c": 'void nap(void)\n{\n\tsay("žluť"); msleep(5);\n}\n' });
    expect(facts.map((one) => one.column)).toEqual([1 + Buffer.byteLength('\tsay("žluť"); ')]);
  });

  test("CRLF: the same facts in the same lines", () => {
    const crlf = scanOf({ "fs/cifs/a.c": SLEEP.replaceAll("\n", "\r\n") });
    const lf = scanOf({ "fs/cifs/a.c": SLEEP });
    expect([crlf.facts, crlf.problems]).toEqual([lf.facts, []]);
    const macro =
      "#define LATE(s) \\\n\ttime_after(jiffies, (s)->t + \\\n\t\tHZ)\nint f(struct s *s)\n{\n\treturn LATE(s);\n}\n";
    const facts = scanOf({ "fs/cifs/a.c": macro.replaceAll("\n", "\r\n") }).facts;
    expect(facts).toEqual(scanOf({ "fs/cifs/a.c": macro }).facts);
    expect(facts).toHaveLength(1);
  });

  test("no newline at the end, an empty file, NUL bytes, a byte order mark", () => {
    const { facts, coverage } = scanOf({
      "fs/cifs/a.c": SLEEP.trimEnd(),
      "fs/cifs/b.c": "",
      "fs/cifs/c.c": `\ufeff${SLEEP}`,
      "fs/cifs/d.c": Buffer.concat([Buffer.from(SLEEP), Buffer.alloc(100)]),
    });
    expect([coverage.files, facts.map((one) => one.file)]).toEqual([4, ["fs/cifs/a.c", "fs/cifs/c.c", "fs/cifs/d.c"]]);
  });

  test("brackets a thousand deep and a line of a megabyte are refused with a reason, not a crash", () => {
    const deep = `int f(void)\n{\n\treturn ${"(".repeat(5000)}1${")".repeat(5000)};\n}\n`;
    const wide = `int g(void) { return ${"1+".repeat(600_000)}1; }\n`;
    const { coverage } = scanOf({ "fs/cifs/a.c": deep, "fs/cifs/b.c": wide, "fs/cifs/c.c": SLEEP });
    expect(coverage.unparsed.map((one) => one.file)).toEqual(["fs/cifs/a.c", "fs/cifs/b.c"]);
  });

  test("a macro that calls itself, and macros that multiply", () => {
    const layers = Array.from({ length: 12 }, (_, i) => `#define L${i + 1}(x) L${i}(x) L${i}(x) L${i}(x)`).join("\n");
    const text = `#define R(x) R(x); msleep(x)\n#define L0(x) msleep(x);\n${layers}\nvoid nap(void)\n{\n\tR(5);\n\tL12(7);\n}\n`;
    const { facts, problems } = scanOf({ "fs/cifs/a.c": text });
    expect(facts.length + problems.length).toBeGreaterThan(0);
  });
});

describe("hostile texts", () => {
  const ESC = "\u001b[2J\u001b]0;owned\u0007";
  const hostile = `void nap(struct q *q)\n{\n\twait_event_timeout(q->w, is(q, "${ESC}\u009b31m\u202e"), HZ);\n}\n`;

  test("escape sequences in an expression never reach a terminal", () => {
    const kernel = kernelTree({ "fs/cifs/a.c": hostile });
    for (const args of [["scan"], ["scan", "--json"], ["run", "--out", newFolder()]]) {
      const { exit, stdout, stderr } = groundhog([...args, "--kernel", kernel]);
      expect([exit, stderr]).toEqual([0, ""]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      if (!args.includes("--json")) expect(stdout).not.toMatch(/[\u202a-\u202e]/);
    }
  });

  test("in the names of files and in reasons neither", () => {
    const kernel = kernelTree({
      "fs/cifs/a\u001b[31m\n.c": SLEEP,
      "fs/cifs/b.c": `#if ${ESC}\n${SLEEP}#endif\nvoid f(void)\n{\n\tif (((\n}\n`,
    });
    const { exit, stdout, stderr } = groundhog(["scan", "--kernel", kernel]);
    expect(exit).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});

describe("odd trees", () => {
  test("a link that leaves the tree is left out and said to be", () => {
    const outside = kernelTree({ "fs/cifs/secret.c": SLEEP });
    const kernel = kernelTree({ "fs/cifs/a.c": SLEEP });
    symlinkSync(join(outside, "fs/cifs/secret.c"), join(kernel, "fs/cifs/b.c"));
    symlinkSync(".", join(kernel, "fs/cifs/loop"));
    const document = scanSchema.parse(JSON.parse(groundhog(["scan", "--kernel", kernel, "--json"]).stdout));
    expect(document.facts.map((one) => one.file)).toEqual(["fs/cifs/a.c"]);
    expect(document.notes.map((one) => one.file)).toContain("fs/cifs/b.c");
  });

  test.skipIf(process.getuid?.() === 0)("a file that may not be read is an error in one line", () => {
    const kernel = kernelTree({ "fs/cifs/a.c": SLEEP });
    chmodSync(join(kernel, "fs/cifs/a.c"), 0);
    const { exit, stderr } = groundhog(["scan", "--kernel", kernel]);
    expect(exit).toBe(2);
    expect(stderr).toMatch(/^groundhog: [^\n]*a\.c[^\n]*\n$/);
  });
});
