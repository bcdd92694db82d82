/** What goes where: one JSON document, progress apart, no escape sequences, the same bytes each time. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { echoFigures } from "../../kernel-models/cifs-echo/figure-text.ts";
import { reconnectFigures } from "../../kernel-models/sunrpc-reconnect/figure-text.ts";
import { COMMANDS, jsonSchema, scanSchema } from "../../tools/report/schema.ts";
import { runSchema } from "../report/echo-schemas.ts";
import { groundhog, kernelTree, newFolder, shell, useBundle } from "./session.ts";

useBundle();

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const ESCAPES = /\u001b|\u009b/;

/** A shell word for each; none of the tests' words has a quote. */
const words = (args: readonly string[]): string => args.map((arg) => `'${arg}'`).join(" ");

function json(args: readonly string[]): unknown {
  const { exit, stdout, stderr } = groundhog([...args, "--json"]);
  expect([exit, stderr]).toEqual([0, ""]);
  expect(stdout.endsWith("\n") && !stdout.slice(0, -1).includes("\n")).toBe(true);
  return JSON.parse(stdout);
}

function fromExported(command: string): z.ZodType {
  const { exit, stdout } = groundhog(["schema", command]);
  expect(exit).toBe(0);
  return z.fromJSONSchema(JSON.parse(stdout) as Parameters<typeof z.fromJSONSchema>[0]);
}

describe("--json", () => {
  test.each(["sample@1", "sample@3", "sample@12"])("scan of %s has the declared shape", (kernel) => {
    const document = json(["scan", "--kernel", kernel]);
    scanSchema.parse(document);
    fromExported("scan").parse(document);
  });

  test("scan of headers and of one kind too", () => {
    scanSchema.parse(json(["scan", "--kernel", "sample", "include", "kernel/time"]));
    const document = scanSchema.parse(json(["scan", "--kernel", "sample", "--kind", "wake-up"]));
    expect(document.facts.length).toBeGreaterThan(10);
    // The kinds that are shown do not change what was scanned.
    expect(document.coverage).toEqual(scanSchema.parse(json(["scan", "--kernel", "sample"])).coverage);
  });

  test("run has the declared shape and names what it wrote", () => {
    const out = newFolder();
    const document = json(["run", "--kernel", "sample", "--out", out]);
    fromExported("run").parse(document);
    const { written, systems, kernel } = runSchema.parse(document);
    const names = ["scan.json", "report.md", "cifs-echo.model.ts", "sunrpc-reconnect.model.ts"];
    expect(written).toEqual(names.map((name) => join(out, name)));
    expect(systems.map((one) => [one.system, one.present, one.check?.verdict])).toEqual([
      ["cifs-echo", true, "holds"],
      ["sunrpc-reconnect", true, "holds"],
    ]);
    expect(kernel).toEqual({ id: "sample", version: "0.1.0" });
    const scan = JSON.parse(readFileSync(join(out, "scan.json"), "utf8"));
    expect(scanSchema.parse(scan)).toEqual(json(["scan", "--kernel", "sample"]));
  });

  test("a document that breaks the shape is refused by both", () => {
    const document = scanSchema.parse(json(["scan", "--kernel", "sample@1"]));
    const broken = { ...document, facts: [{ ...document.facts[0], kind: "rumour" }] };
    expect(scanSchema.safeParse(broken).success).toBe(false);
    expect(fromExported("scan").safeParse(broken).success).toBe(false);
    expect(scanSchema.safeParse({ ...document, extra: 1 }).success).toBe(false);
    expect(fromExported("scan").safeParse({ ...document, extra: 1 }).success).toBe(false);
  });

  test("schema prints what the code declares", () => {
    for (const command of ["bisect", "check", "draft", "fix", "history", "run", "scan"] as const) {
      expect(JSON.parse(groundhog(["schema", command]).stdout)).toEqual(
        JSON.parse(JSON.stringify(jsonSchema(command, [echoFigures, reconnectFigures]))),
      );
    }
    expect([...COMMANDS].sort()).toEqual(["bisect", "check", "draft", "fix", "history", "run", "scan"]);
  });
});

describe("streams", () => {
  test("progress goes to standard error, results to standard output", () => {
    const folder = newFolder();
    // A cache of its own, so that there is something to tell about.
    const first = groundhog(["scan", "--kernel", "sample", "--json"], { env: { XDG_CACHE_HOME: folder } });
    expect([first.exit, first.stderr]).toEqual([0, "building the sample kernel's history\n"]);
    scanSchema.parse(JSON.parse(first.stdout));
  });

  test.each([
    [["scan", "--kernel", "sample"], {}],
    [["scan", "--kernel", "sample"], { FORCE_COLOR: "1" }],
    [["run", "--kernel", "sample", "--out", "out"], { FORCE_COLOR: "3", CLICOLOR_FORCE: "1" }],
    [["scan", "--help"], { FORCE_COLOR: "1" }],
    [["scan", "--nonsense"], { FORCE_COLOR: "1" }],
  ])("%j in a pipe has no escape sequences (%j)", (args, env) => {
    const { stdout, stderr } = groundhog(args, { env: { TERM: "xterm-256color", ...env }, cwd: newFolder() });
    expect(stdout + stderr).not.toMatch(ESCAPES);
    expect((stdout + stderr).length).toBeGreaterThan(20);
  });

  test("a terminal has colours, unless NO_COLOR is set", () => {
    const inTerminal = (env: string): string =>
      shell(`script -qec "env ${env} TERM=xterm-256color $GROUNDHOG scan --kernel sample" /dev/null`).stdout;
    expect(inTerminal("A=1")).toMatch(ESCAPES);
    expect(inTerminal("NO_COLOR=1")).not.toMatch(ESCAPES);
    expect(inTerminal("NO_COLOR=1")).toContain("server_unresponsive");
  });

  test.each([
    ["scan --kernel sample", "head -1"],
    ["scan --kernel sample --json", "head -c 100"],
    ["run --kernel sample --out out --json", "head -c 1"],
    ["schema scan", "true"],
    ["--help", "true"],
  ])("%s | %s: a reader that has seen enough is no error", (command, reader) => {
    const result = shell(`set -o pipefail; $GROUNDHOG ${command} | ${reader} > /dev/null; echo "\${PIPESTATUS[0]}"`, {
      cwd: newFolder(),
    });
    expect([result.stdout, result.stderr]).toEqual(["0\n", ""]);
  });

  test("a full disk is an error in one line", () => {
    const { stdout, stderr } = shell("$GROUNDHOG scan --kernel sample > /dev/full; echo $?");
    expect(stdout).toBe("2\n");
    expect(stderr).toMatch(/^groundhog: [^\n]+\n$/);
  });
});

describe("the same bytes", () => {
  test.each([
    [["scan", "--kernel", "sample"]],
    [["scan", "--kernel", "sample", "--json"]],
    [["scan", "--kernel", "sample", "--json", "net/sunrpc", "fs"]],
    [["run", "--kernel", "sample", "--out", "out", "--json"]],
  ])("%j", { timeout: 240_000 }, (args) => {
    // Two in a row and two at once: the second thread takes another share of the work each time.
    const cwd = newFolder();
    const one = groundhog(args, { cwd });
    expect(groundhog(args, { cwd }).stdout).toBe(one.stdout);
    const list = words(args);
    const both = shell(`$GROUNDHOG ${list} > a & $GROUNDHOG ${list.replace("'out'", "'out2'")} > b; wait; cat a`, {
      cwd,
    });
    expect(both.stdout).toBe(one.stdout);
  });

  test("with broken functions too, and the order of the arguments does not matter", () => {
    const broken = (i: number): string => `void f${i}(void)\n{\n\tif (((${i}) {\n}\n`;
    const ok = (i: number): string => `void g${i}(void)\n{\n\tmsleep(${i});\n}\n`;
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [
        `fs/cifs/f${i}.c`,
        Array.from({ length: 20 }, (__, j) => ok(j) + broken(j)).join(""),
      ]),
    );
    const kernel = kernelTree(files);
    const args = ["scan", "--kernel", kernel, "--json"];
    const one = groundhog([...args, "fs/cifs/f1.c", "fs/cifs/f2.c"]).stdout;
    const turned = groundhog([...args, "fs/cifs/f2.c", "fs/cifs/f1.c", "fs/cifs/f2.c"]).stdout;
    const facts = (text: string): unknown => (JSON.parse(text) as { facts: unknown }).facts;
    expect(facts(turned)).toEqual(facts(one));
    const all = groundhog(args);
    for (let i = 0; i < 3; i++) expect(groundhog(args).stdout).toBe(all.stdout);
    expect(scanSchema.parse(JSON.parse(all.stdout)).coverage.functionsWithErrors).toBeGreaterThan(0);
  });
});
