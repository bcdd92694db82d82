/** What becomes of a model's text: every change that is meant, none that is not, and all of them models still. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { compileModel } from "../../tools/check/load-model.ts";
import { openKernel } from "../../tools/kernel/open.ts";
import * as integers from "../../tools/simulator/integers.ts";
import * as integers32 from "../../tools/simulator/integers32.ts";
import { jiffiesComparisons } from "../../tools/simulator/jiffies.ts";
import { translated } from "../kernels/checked.ts";
import { KINDS, type Mutant, type MutantKind, mutantsOf, pick } from "./mutants.ts";

const HEAD = `import { type Int64, add64, toS32 } from "../../tools/simulator/integers.ts";
import { jiffiesComparisons } from "../../tools/simulator/jiffies.ts";

export const constants: Readonly<Record<string, number>> = {"CifsGood":1};

const hdr = {
  Flags: new WireField(14, 2, false),
  Id: new WireField64(24),
};

export class server extends Struct {
  static readonly bytes = 16;
  constructor() {
    this.status = 3;
  }
}

export function createModel(kernel: Simulation, environment: Environment, model: ModelOptions) {
  const HZ = kernel.hz;
  const { time_after } = jiffiesComparisons(64);
  const globals = new Globals(kernel, model);

  /** fs/a.c:1 */
  function* f(server: TCP_Server_Info, n: number): Coroutine<number> {
`;
const TAIL = `
  }

  function missing(name: string): () => never {
    return () => unmodelled<never>(name, "a member of an ops table");
  }

  const table = new smb_version_values(kernel);
  table.header_size = 64;
  globals.enabled = true;

  return {
    functions: { f },
    count: 5,
  };
}
`;
/** What mutants may name besides what the model names. */
const SIMULATOR: Readonly<Record<string, unknown>> = { ...integers, ...integers32, ...jiffiesComparisons(64) };
const FIRST_LINE = HEAD.split("\n").length;

/** A model whose one function has that body. */
function modelWith(body: string): string {
  return HEAD + body + TAIL;
}

/** Mutants of a function's body alone. */
function inBody(body: string): readonly Mutant[] {
  return mutantsOf(modelWith(body)).filter((one) => one.functionName === "f");
}

/** `before => after` of one kind. */
function changes(body: string, kind: MutantKind): readonly string[] {
  return inBody(body)
    .filter((one) => one.kind === kind)
    .map((one) => `${one.before} => ${one.after}`.trimEnd());
}

/** What a line of the body has become, for each mutant of one kind. */
function lines(line: string, kind: MutantKind): readonly string[] {
  return inBody(line)
    .filter((one) => one.kind === kind)
    .map((one) => one.text.split("\n")[FIRST_LINE - 1] ?? "");
}

describe("operators", () => {
  test.each([
    ["x = a === b;", ["=== => !=="]],
    ["x = a !== b;", ["!== => ==="]],
    ["x = a < b;", ["< => <=", "< => >"]],
    ["x = a <= b;", ["<= => <"]],
    ["x = a > b;", ["> => >="]],
    ["x = a >= b;", [">= => >"]],
    ["x = (a + b) | 0;", ["+ => -"]],
    ["x = (a - b) >>> 0;", ["- => +"]],
    ["x = a && b;", ["&& => ||"]],
    ["x = a || b;", ["|| => &&"]],
    ["x = a & b;", ["& => |"]],
    ["x = a | b;", ["| => &"]],
    ["x = a ^ b;", ["^ => &"]],
    ["x = !a;", ["!a => a"]],
    ["x = -a | 0;", ["-a => a"]],
    ["x = ~a;", ["~a => a"]],
    ["x = -12;", ["-12 => 12"]],
    ["x = eq64(a, b);", ["eq64(a, b) => !eq64(a, b)"]],
    ["x = !eq64(a, b);", ["!eq64(a, b) => eq64(a, b)"]],
    ["x = add64(a, mul64(b, c));", ["add64 => sub64", "mul64 => add64"]],
    ["x = ltU64(a, b);", ["ltU64 => leU64", "ltU64 => ltS64"]],
    ["x = mulS32(a, b);", ["mulS32 => divS32"]],
    ["x = time_after(a, b);", ["time_after => time_before", "time_after => time_after_eq"]],
    // Neither functions that only sound alike, nor words that every object has.
    ["x = server.add64(a) as number; constructor(a);", []],
  ])("%s", (body, expected) => expect(changes(body, "operator")).toEqual(expected));

  test.each([
    ["x = a && b && c;", ["x = (a || b) && c;", "x = a && b || c;"]],
    ["x = a || b && c;", ["x = a && (b && c);", "x = a || (b || c);"]],
    ["x = a || (b && c) || d;", ["x = (a && (b && c)) || d;", "x = a || (b || c) || d;", "x = (a || (b && c)) && d;"]],
    ["x = (a & 3) === 1;", ["x = (a | 3) === 1;", "x = (a & 3) !== 1;"]],
  ])("take the operands of the one before: %s", (line, expected) => {
    const same = (text: string): unknown => compileModel(modelWith(text));
    const found = lines(line, "operator");
    expect(found.map(same)).toEqual(expected.map(same));
  });
});

describe("constants", () => {
  test.each([
    ["x = 5;", ["5 => 6", "5 => 0"]],
    ["x = 1;", ["1 => 2", "1 => 0"]],
    ["x = 0;", ["0 => 1"]],
    ["x = -12;", ["-12 => -11", "-12 => 0"]],
    ["x = -1;", ["-1 => 0"]],
    ["x = 9007199254740991;", ["9007199254740991 => 9007199254740992n", "9007199254740991 => 0"]],
    ["x = -9223372036854775808n;", ["-9223372036854775808n => -9223372036854775807n", "-9223372036854775808n => 0"]],
    ["x = true; y = false;", ["true => false", "false => true"]],
    ["x = a | 0; y = a >>> 0;", []],
    ["let x: number = 0; const y = new Ref<number>(0); void x;", []],
    ['kernel.goRound("fs/a.c:7"); environment.observe("f", "fs/a.c:8 f");', []],
    ["x = elementAt(mids as number[], 0) as 3;", ["0 => 1"]],
    // A loop that never blocks.
    ["do { a(); } while (false);", []],
  ])("%s", (body, expected) => expect(changes(body, "constant")).toEqual(expected));
});

describe("branches", () => {
  test.each([
    ["if (a) { b(); }", ["a => true", "a => false"]],
    ["x = a ? b : c;", ["a => true", "a => false"]],
    ["while (a) { b(); }", ["a => false"]],
    ["do { b(); } while (a);", ["a => false"]],
    ["for (i = b; a; i = c) { b(); }", ["a => false"]],
    ["for (;;) { if (false) { b(); } }", ["false => true"]],
    ["switch (a) { case 3: b(); break; default: c(); }", ["3 => 4", "3 => 0", "break; =>"]],
    ["switch (a) { case 0: case -5: b(); }", ["0 => 1", "-5 => -4", "-5 => 0"]],
    ["out: { s: switch (a) { default: b(); break out; } c(); }", ["break out; =>"]],
    ["loop_1: while (true) { for (;;) { continue loop_1; } }", ["true => false", "continue loop_1; =>"]],
    ["while (true) { if (a) { continue; } b(); }", ["true => false", "a => true", "a => false", "continue; =>"]],
    ["again_: for (;;) { a(); break again_; }", ["break again_; =>"]],
  ])("%s", (body, expected) => expect(changes(body, "branch")).toEqual(expected));

  test.each([
    "switch (a) { case b: c(); default: d(); break; }",
    "switch_1: { a(); if_: { break switch_1; } }",
    "loop_1: for (;;) { a(); switch (b) { default: continue loop_1; } }",
    "do { a(); { continue; } } while (b);",
  ])("jumps to where control goes anyway are no mutants: %s", (body) => {
    expect(changes(body, "branch").filter((one) => /break|continue/.test(one))).toEqual([]);
  });
});

describe("statements", () => {
  test.each([
    ["x = a;", ["x = a; =>"]],
    ["yield* msleep(kernel, HZ);", ["yield* msleep(kernel, HZ); =>"]],
    ["server.ops.set(server) as void;", ["server.ops.set(server) as void; =>"]],
    ["(x = a, y = b);", ["(x = a, y = b); =>"]],
    ["if (a) { return b; } c();", ["return b; =>", "c(); =>"]],
    ["while (a) { return b; }", ["return b; =>"]],
    ["switch (a) { case b: return c; default: return d; }", ["return c; =>"]],
    ["if (a) { return b; } else { return c; }", []],
    ['let x: number = 0; void x; kernel.goRound("fs/a.c:7"); return x;', []],
    ["go(function* () { yield* g(server); });", ["go(function* () { yield* g(server); }); =>", "yield* g(server); =>"]],
  ])("%s", (body, expected) => expect(changes(body, "statement")).toEqual(expected));
});

describe("widths", () => {
  test.each([
    ["x = toS32(a);", ["toS32 => toU32", "toS32 => toS16"]],
    ["x = toU8(toS16(a));", ["toU8 => toS8", "toS16 => toU16", "toS16 => toS8"]],
    ["x = (a + b) | 0;", ["| 0 => >>> 0", "| 0 =>"]],
    ["x = (a + b) >>> 0;", [">>> 0 => | 0", ">>> 0 =>"]],
    // Only the outer conversion of two can be seen.
    ["x = (a + b) >>> 0 | 0;", ["| 0 =>"]],
    ["x = mulU32(a, b);", ["mulU32 => mulS32"]],
    ["x = divU32(a, b);", ["divU32 => divS32"]],
    ["x = cellsAt(a, 4, false);", ["4 => 2", "4 => 8", "false => true"]],
    ["x = server.buf.as(1, true);", ["1 => 2", "true => false"]],
    ["x = new OtherSign(p, toS32, toU32);", ["toS32, toU32 => toU32, toS32"]],
  ])("%s", (body, expected) => expect(changes(body, "width")).toEqual(expected));

  test("conversions keep their operands", () => {
    expect(lines("x = a >>> 0 !== b;", "width")).toEqual(["x = (a | 0) !== b;", "x = a !== b;"]);
    expect(lines("x = a & b | 0;", "width")).toEqual(["x = (a & b) >>> 0;", "x = a & b;"]);
  });
});

describe("a whole model", () => {
  const mutants = mutantsOf(modelWith("return toS32(n);"));

  test("outside of functions only fields of packed structs and initial values are changed", () => {
    expect(mutants.map((one) => `${one.id} ${one.functionName}: ${one.before} => ${one.after}`)).toEqual([
      "width:7:28:1 hdr: 2 => 1",
      "width:7:28:4 hdr: 2 => 4",
      "width:7:31:true hdr: false => true",
      "width:8:7:4 hdr: new WireField64(24) => new WireField(24, 4, false)",
      "width:25:8:toU32 f: toS32 => toU32",
      "width:25:8:toS16 f: toS32 => toS16",
      "statement:33:3:dropped createModel: table.header_size = 64; => ",
      "constant:33:23:65 createModel: 64 => 65",
      "constant:33:23:0 createModel: 64 => 0",
      "statement:34:3:dropped createModel: globals.enabled = true; => ",
      "constant:34:21:false createModel: true => false",
    ]);
  });

  test("names that a mutant needs are brought in, on the lines that are there", () => {
    const textOf = (body: string, after: string): string => {
      const found = inBody(body).find((one) => one.after === after);
      expect(found?.text.split("\n")).toHaveLength(modelWith(body).split("\n").length);
      return found?.text ?? "";
    };
    expect(textOf("x = toS32(a);", "toU32")).toContain("{ type Int64, add64, toS32, toU32 } from");
    expect(textOf("x = time_after(a, b);", "time_before")).toContain("const { time_after, time_before } = jiffies");
    expect(textOf("x = mulS32(a, b);", "divS32")).toMatch(
      /^import \{ divS32 \} from "\.\.\/\.\.\/tools\/simulator\/integers32\.ts"; import \{ type Int64/,
    );
    expect(textOf("x = add64(a, toS32(b));", "sub64")).toContain("x = sub64(a, toS32(b));");
  });

  test.each(Object.keys(SIMULATOR))("functions become functions that are there: %s", (name) => {
    for (const { before, after, text } of inBody(`x = ${name}(a, b);`)) {
      if (before !== name) continue;
      expect(SIMULATOR[after], after).toBeTypeOf("function");
      expect(compileModel(text)).toContain(`${after})(a, b)`.replace(/^(time_\w+)\)/, "$1"));
    }
  });

  test("of changes that come to the same text one is kept", () => {
    expect(inBody("if (true) { a(); }").map((one) => one.id)).toEqual(["branch:25:5:false", "statement:25:13:dropped"]);
    expect(inBody("x = !!a;").filter((one) => one.kind === "operator")).toHaveLength(1);
  });

  test("the text of a model without createModel() is refused", () => {
    expect(() => mutantsOf("export const a = 1;")).toThrow("no createModel()");
  });
});

describe("the sample kernel's model", () => {
  let model = "";
  let mutants: readonly Mutant[] = [];

  beforeAll(async () => {
    const cache = mkdtempSync(join(tmpdir(), "groundhog-mutants-test-"));
    try {
      const source = await openKernel("sample", {
        wanted: ["fs", "net", "include", "kernel"],
        cacheDirectory: cache,
        sampleDirectory: join(import.meta.dirname, "../../kernel-models/sample"),
        workingDirectory: cache,
      });
      model = (await translated(source)).text;
      await source.close();
    } finally {
      rmSync(cache, { recursive: true, force: true });
    }
    mutants = mutantsOf(model);
  });

  const ofKind = (kind: MutantKind): readonly Mutant[] => mutants.filter((one) => one.kind === kind);

  test.each([
    ["operator", 70],
    ["constant", 120],
    ["branch", 85],
    ["statement", 95],
    ["width", 15],
  ] as const)("has enough of each kind: %s", (kind, floor) => {
    expect(ofKind(kind).length).toBeGreaterThan(floor);
  });

  test("none is the model, none is another one, and no two have one name", () => {
    expect(new Set([model, ...mutants.map((one) => one.text)]).size).toBe(mutants.length + 1);
    expect(new Set(mutants.map((one) => one.id)).size).toBe(mutants.length);
  });

  test("all are models, and no two places are out of order", () => {
    for (const one of mutants) expect(() => compileModel(one.text), one.id).not.toThrow();
    const places = mutants.map((one) => one.line);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test("lines are those of the model", () => {
    const ofModel = model.split("\n");
    for (const one of mutants) {
      const changed = one.text.split("\n");
      expect(changed).toHaveLength(ofModel.length);
      expect(changed[one.line - 1], one.id).not.toBe(ofModel[one.line - 1]);
      expect(ofModel[one.line - 1], one.id).toContain(one.before);
    }
  });

  test("names that mutants use are there", () => {
    const named = mutants.filter((one) => /^(?:time_|[a-z]+[SU]?\d+$)/.test(one.after));
    expect(named.length).toBeGreaterThan(20);
    for (const { id, after, text } of named) {
      expect(SIMULATOR[after], id).toBeTypeOf("function");
      expect(text, id).toMatch(new RegExp(`^(?:import|  const) \\{.*\\b${after}\\b.*\\} (?:from|=)`, "m"));
    }
  });

  test("a pick is the same for the same seed, and has something of every kind and of many functions", () => {
    const picked = pick(mutants, 60, 1);
    expect(picked).toHaveLength(60);
    expect(pick(mutants, 60, 1)).toEqual(picked);
    expect(pick(mutants, 60, 2)).not.toEqual(picked);
    expect(picked).toEqual(mutants.filter((one) => picked.includes(one)));
    for (const kind of KINDS) expect(picked.filter((one) => one.kind === kind)).toHaveLength(12);
    const functions = (some: readonly Mutant[]): number => new Set(some.map((one) => one.functionName)).size;
    expect(functions(picked)).toBeGreaterThan(functions(mutants) * 0.75);
  });

  test("a pick of more than there are is all of them", () => {
    expect(pick(mutants, mutants.length + 1, 1)).toEqual(mutants);
    expect(pick(mutants, 0, 1)).toEqual([]);
  });
});
