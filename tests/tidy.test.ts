/**
 * Keeps the house tidy: who may import whom (ARCHITECTURE.md, invariant 1), no wall clock and no chance where results
 * must repeat (invariant 4), no terminal below tools/cli, and the habits of style.md.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, posix } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const PROJECT = join(import.meta.dirname, "..");

/** Rooms below tools/ that a room may import values and types from, its own apart. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  c: ["kernel"],
  timing: ["c", "kernel"],
  rules: ["timing", "c", "kernel"],
  translate: ["c", "kernel"],
  simulator: [],
  check: ["simulator"],
  repair: ["check", "timing", "c", "kernel"],
  history: ["kernel", "c", "timing"],
  review: ["kernel", "c", "timing", "rules", "translate", "simulator", "check"],
  native: ["kernel", "c", "translate", "simulator", "check"],
  report: [],
  "kernel-models": ["simulator"],
  patches: ["simulator"],
};
/** Rooms of which only types may be imported, besides. */
const MAY_IMPORT_TYPES: Readonly<Record<string, readonly string[]>> = {
  report: [
    "kernel",
    "c",
    "timing",
    "rules",
    "translate",
    "simulator",
    "check",
    "repair",
    "history",
    "review",
    "native",
  ],
  "kernel-models": ["check", "repair", "timing", "translate"],
  patches: ["check", "repair", "timing"],
};
const REGISTRIES = new Set(["kernel-models", "patches"]);

/** Where the same input must give the same bytes. */
const NO_CLOCK = new Set(["simulator", "check", "c", "timing", "kernel-models"]);
const CLOCKS_AND_CHANCE = [
  /^(?:globalThis\.)?Date\.now$/,
  /^new Date$/,
  /^(?:globalThis\.)?performance\.\w+$/,
  /^Math\.random$/,
  /^(?:globalThis\.)?set(?:Timeout|Interval|Immediate)$/,
  /^process\.hrtime(?:\.bigint)?$/,
  /^(?:\w+\.)*random(?:UUID|Bytes|Int|Fill|FillSync)$|^(?:\w+\.)*getRandomValues$/,
];
const TERMINAL = [/^process\.(?:argv|exit|exitCode|stdin|stdout|stderr)$/, /^console\.\w+$/];
/** The threads of the parse checker; what they compute does not depend on who computes it. */
const MAY_HAVE_THREADS = new Set(["tools/c/parallel-check.ts", "tools/c/parse-worker.ts"]);
const MAX_LINES = 600;
const MAX_COLUMNS = 120;

/** `tools/c/file.ts` -> c; `kernel-models/x/system.ts` -> kernel-models. */
function roomOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  return top === "tools" ? second : top;
}

interface Import {
  readonly from: string;
  readonly onlyTypes: boolean;
}

function importOf(node: ts.Node): Import | null {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const clause = node.importClause;
    const names = clause?.namedBindings;
    const each = names !== undefined && ts.isNamedImports(names) ? names.elements : [];
    const allTypes = clause?.name === undefined && each.length > 0 && each.every((one) => one.isTypeOnly);
    return { from: node.moduleSpecifier.text, onlyTypes: clause?.isTypeOnly === true || allTypes };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    return { from: node.moduleSpecifier.text, onlyTypes: node.isTypeOnly };
  }
  const call =
    ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments[0] : undefined;
  if (call !== undefined) return { from: ts.isStringLiteral(call) ? call.text : "(computed)", onlyTypes: false };
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { from: node.argument.literal.text, onlyTypes: true };
  }
  return null;
}

function importComplaint(path: string, { from, onlyTypes }: Import): string | null {
  const room = roomOf(path);
  if (!from.startsWith(".")) {
    if (room === "simulator") return `imports ${from}: the simulator imports nothing`;
    if (REGISTRIES.has(room) && !onlyTypes) return `imports more than types of ${from}`;
    const threads = /worker_threads$/.test(from) && NO_CLOCK.has(room) && !MAY_HAVE_THREADS.has(path);
    return threads ? `imports ${from}` : null;
  }
  if (!from.endsWith(".ts")) return `imports ${from}, which does not end in .ts`;
  const target = posix.normalize(posix.join(posix.dirname(path), from));
  const other = roomOf(target);
  if (room === "cli") return null;
  if (other === room || MAY_IMPORT[room]?.includes(other) === true) return null;
  if (REGISTRIES.has(other)) return `imports ${target}: only tools/cli may`;
  if (MAY_IMPORT_TYPES[room]?.includes(other) === true) {
    return onlyTypes ? null : `imports more than types of ${target}`;
  }
  return `imports ${target}`;
}

/** `a.b.c` and `new A` as text; null for anything else. */
function nameOf(node: ts.Node): string | null {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isNewExpression(node)) {
    const inner = nameOf(node.expression);
    return inner === null ? null : `new ${inner}`;
  }
  if (ts.isPropertyAccessExpression(node)) {
    const inner = nameOf(node.expression);
    return inner === null ? null : `${inner}.${node.name.text}`;
  }
  if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression)) {
    const inner = nameOf(node.expression);
    return inner === null ? null : `${inner}.${node.argumentExpression.text}`;
  }
  return null;
}

function nodeComplaint(path: string, node: ts.Node): string | null {
  const room = roomOf(path);
  const imported = importOf(node);
  if (imported !== null) return importComplaint(path, imported);
  if (node.kind === ts.SyntaxKind.AnyKeyword) return "says any";
  if (ts.isExportAssignment(node)) return "has a default export";
  if (ts.isExportSpecifier(node) && node.name.text === "default") return "has a default export";
  if (node.kind === ts.SyntaxKind.DefaultKeyword && !ts.isDefaultClause(node.parent)) return "has a default export";
  const name = nameOf(node);
  if (name === null) return null;
  if (NO_CLOCK.has(room) && CLOCKS_AND_CHANCE.some((one) => one.test(name))) return `uses ${name}`;
  return room !== "cli" && TERMINAL.some((one) => one.test(name)) ? `uses ${name}` : null;
}

/** Everything that is wrong with a TypeScript file. */
function complaints(path: string, text: string): string[] {
  const found: string[] = [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const say = (offset: number, what: string): void => {
    found.push(`${path}:${source.getLineAndCharacterOfPosition(offset).line + 1} ${what}`);
  };
  const visit = (node: ts.Node): void => {
    const complaint = nodeComplaint(path, node);
    if (complaint !== null) say(node.getStart(), complaint);
    ts.forEachChild(node, visit);
  };
  visit(source);
  const room = roomOf(path);
  if (room !== "cli" && MAY_IMPORT[room] === undefined)
    say(0, `${room} is a room that tests/tidy.test.ts does not know`);
  for (const match of text.matchAll(/@ts-(?:ignore|nocheck|expect-error)/g)) say(match.index, `has ${match[0]}`);
  return [...found, ...shapeComplaints(path, text)];
}

/** Size and name, of any text file that is written by hand. */
function shapeComplaints(path: string, text: string): string[] {
  const found: string[] = [];
  const lines = text.replace(/\n$/, "").split("\n");
  if (/^(?:utils?|helpers?|misc|common|index)\.\w+$/.test(basename(path)))
    found.push(`${path} has a name that says nothing`);
  if (lines.length > MAX_LINES) found.push(`${path} has ${lines.length} lines, more than ${MAX_LINES}`);
  for (const [i, line] of lines.entries()) {
    if (line.length > MAX_COLUMNS) found.push(`${path}:${i + 1} has ${line.length} columns, more than ${MAX_COLUMNS}`);
  }
  return found;
}

/** C of ours names nobody real; text of the kernel names its authors. */
function authorComplaints(path: string, text: string): string[] {
  const lines = [...text.matchAll(/^.*(?:\bcopyright\b\s*(?:\(c\)|©|\d{4}|:)|\bMODULE_AUTHOR\s*\().*$/gim)].map(
    (match) => match[0],
  );
  return lines.filter((line) => !/Nora Sample|groundhog/.test(line)).map((line) => `${path} has "${line.trim()}"`);
}

function filesBelow(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(join(PROJECT, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (/^(?:node_modules|dist|generated|groundhog-out|coverage|\.git)$/.test(entry.name)) return [];
      return entry.isDirectory() ? filesBelow(path, ending) : ending.test(entry.name) ? [path] : [];
    })
    .sort();
}

const read = (path: string): string => readFileSync(join(PROJECT, path), "utf8");
const ROOMS = ["tools", "kernel-models", "patches", "templates"];
const WRITTEN = ROOMS.flatMap((room) => filesBelow(room, /\.ts$/));

describe("the house", () => {
  test("has files to look at", () => {
    expect(WRITTEN.length).toBeGreaterThan(50);
    expect(new Set(WRITTEN.map(roomOf)).size).toBeGreaterThanOrEqual(6);
  });

  test.each(WRITTEN)("%s", (path) => expect(complaints(path, read(path))).toEqual([]));

  test.each(filesBelow("templates", /\.hbs$/))("%s", (path) => expect(shapeComplaints(path, read(path))).toEqual([]));

  test.each(filesBelow("", /\.(?:c|h|patch)$/))("%s is nobody else's C", (path) => {
    expect(authorComplaints(path, read(path))).toEqual([]);
  });
});

describe("what must be caught is", () => {
  test.each([
    ["tools/kernel/a.ts", 'import { lex } from "../c/lex.ts";', "imports tools/c/lex.ts"],
    ["tools/c/a.ts", 'import type { Fact } from "../timing/fact.ts";', "imports tools/timing/fact.ts"],
    ["tools/c/mask/a.ts", 'import { x } from "../../timing/fact.ts";', "imports tools/timing/fact.ts"],
    ["tools/timing/a.ts", 'const x = await import("../translate/slice.ts");', "imports tools/translate/slice.ts"],
    ["tools/timing/a.ts", 'type X = import("../report/words.ts").X;', "imports tools/report/words.ts"],
    ["tools/simulator/a.ts", 'import { open } from "../kernel/open.ts";', "imports tools/kernel/open.ts"],
    ["tools/simulator/a.ts", 'import { readFileSync } from "node:fs";', "the simulator imports nothing"],
    ["tools/check/a.ts", 'export { SYSTEMS } from "../../kernel-models/registry.ts";', "only tools/cli may"],
    ["tools/repair/a.ts", 'import type { X } from "../../patches/registry.ts";', "only tools/cli may"],
    ["tools/report/a.ts", 'import { FACT_KINDS, type Fact } from "../timing/fact.ts";', "more than types"],
    ["tools/report/a.ts", 'import "../timing/fact.ts";', "more than types"],
    ["kernel-models/x/a.ts", 'import { check } from "../../tools/check/check.ts";', "more than types"],
    ["kernel-models/x/a.ts", 'import type { C } from "../../tools/c/file.ts";', "imports tools/c/file.ts"],
    ["kernel-models/x/a.ts", 'import { z } from "zod";', "imports more than types of zod"],
    ["patches/x/a.ts", 'import { exit } from "../../tools/cli/exit.ts";', "imports tools/cli/exit.ts"],
    ["tools/c/a.ts", 'import { lex } from "./lex.js";', "does not end in .ts"],
    ["tools/c/a.ts", 'import { Worker } from "node:worker_threads";', "imports node:worker_threads"],
    ["tools/attic/a.ts", "", "attic is a room that"],
    ["tools/simulator/a.ts", "const t = Date.now();", "uses Date.now"],
    ["tools/check/a.ts", "const t = new Date();", "uses new Date"],
    ["tools/c/a.ts", "const t = performance.now();", "uses performance.now"],
    ["tools/timing/a.ts", "const t = Math.random();", "uses Math.random"],
    ["kernel-models/x/a.ts", "setTimeout(() => {}, 5);", "uses setTimeout"],
    ["tools/check/a.ts", "const t = process.hrtime.bigint();", "uses process.hrtime"],
    ["tools/check/a.ts", "const t = globalThis.Date.now();", "uses globalThis.Date.now"],
    ["tools/check/a.ts", 'const t = Math["random"]();', "uses Math.random"],
    ["tools/check/a.ts", "const t = crypto.randomUUID();", "uses crypto.randomUUID"],
    ["tools/timing/a.ts", "const t = randomBytes(4);", "uses randomBytes"],
    ["tools/kernel/a.ts", "const t = process.argv[2];", "uses process.argv"],
    ["tools/report/a.ts", "process.exit(1);", "uses process.exit"],
    ["tools/report/a.ts", "process.stdout.write(text);", "uses process.stdout"],
    ["tools/c/a.ts", "process.stderr.write(text);", "uses process.stderr"],
    ["kernel-models/x/a.ts", "console.log(1);", "uses console.log"],
    ["tools/cli/a.ts", "export default 1;", "default export"],
    ["tools/cli/a.ts", "export default function f() {}", "default export"],
    ["tools/cli/a.ts", "export { x as default };", "default export"],
    ["tools/cli/a.ts", "const x: any = 1;", "says any"],
    ["tools/cli/a.ts", "const x = 1 as any;", "says any"],
    ["tools/cli/a.ts", "function f(x: Map<string, any[]>) {}", "says any"],
    ["tools/cli/a.ts", "// @ts-ignore\nf();", "has @ts-ignore"],
    ["tools/cli/utils.ts", "", "a name that says nothing"],
    ["tools/cli/a.ts", "\n".repeat(601), "lines, more than 600"],
    ["tools/cli/a.ts", `// ${"x".repeat(118)}`, "columns, more than 120"],
  ])("%s: %s", (path, text, complaint) => {
    expect(complaints(path, text).join("\n")).toContain(complaint);
  });

  test.each([
    ["a.c", "/* Copyright (C) 2002 A. Person */", 1],
    ["a.c", " * copyright 2002 by somebody", 1],
    ["a.patch", '+MODULE_AUTHOR("A. Person <a@example.org>");', 1],
    ["a.c", '/* a file of groundhog */\nMODULE_AUTHOR("Nora Sample");', 0],
  ])("%s: %s", (path, text, count) => {
    expect(authorComplaints(path, text)).toHaveLength(count);
  });
});

describe("what is allowed is not", () => {
  test.each([
    [
      "tools/cli/a.ts",
      'import { SYSTEMS } from "../../kernel-models/registry.ts";\nprocess.exit(new Date().getDay());',
    ],
    ["tools/timing/a.ts", 'import { lex } from "../c/lex.ts";\nimport type { Fact } from "./fact.ts";'],
    [
      "tools/report/a.ts",
      'import type { Fact } from "../timing/fact.ts";\nimport { type Scan } from "../timing/scan.ts";',
    ],
    ["kernel-models/x/a.ts", 'import type { z } from "zod";\nimport type { System } from "../system.ts";'],
    ["tools/check/a.ts", 'import { Clock } from "../simulator/clock.ts";'],
    ["tools/c/parallel-check.ts", 'import { Worker } from "node:worker_threads";'],
    ["tools/c/a.ts", "parser.setTimeoutMicros(5); // Date.now() and console.log, any\nconst s = 'process.exit';"],
    ["tools/c/a.ts", "switch (x) {\n  default:\n    any(x);\n}"],
    ["tools/kernel/a.ts", "const id = randomUUID();"],
    ["tools/cli/a.ts", `// ${"x".repeat(117)}`],
  ])("%s: %s", (path, text) => expect(complaints(path, text)).toEqual([]));
});
