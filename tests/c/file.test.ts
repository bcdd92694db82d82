/** One file: its functions, what is switched off, and what is listed as lost. */
import { describe, expect, test } from "vitest";
import { fromDotConfig } from "../../tools/c/configuration.ts";
import { codeOfFile, decoded, parseFragment, plainText, textOfNode } from "../../tools/c/fragment.ts";
import { checkJob, sequentialChecker } from "../../tools/c/parse-check.ts";
import { ancestorOf, descendants, nodeAt } from "../../tools/c/syntax.ts";
import { bytes, EVERYTHING, functionNamed, lostIn, readC, syntaxOf, textsOf } from "./fixtures.ts";

const GOOD = "int good(void)\n{\n\treturn 1;\n}\n";
const BAD = "int bad(void)\n{\n\tint = 3 +;\n}\n";

describe("functions", () => {
  test("start where their declaration starts, end after their brace", () => {
    const text =
      "/* a */\nstatic int\nf(int a)\n{\n\treturn a;\n}\n\nEXPORT_SYMBOL(f);\n#define X\n__must_check struct s *g(void) { }\n";
    const file = readC(text);
    expect(file.functions.map((one) => text.slice(one.start, one.end))).toEqual([
      "static int\nf(int a)\n{\n\treturn a;\n}",
      "struct s *g(void) { }",
    ]);
    expect(file.functions.map((one) => text.slice(one.nameOffset, one.nameOffset + 1))).toEqual(["f", "g"]);
  });

  test("a tree is built once, and knows its words and lines", () => {
    const file = readC(`\n\n${GOOD}`);
    const root = syntaxOf(file, "good");
    expect(functionNamed(file, "good").syntax()).toBe(root);
    expect(textsOf(file, root, "return_statement")).toEqual(["return 1;"]);
    const node = [...descendants(root)].find((one) => one.type === "return_statement");
    expect(file.lines.lineAt(node?.start ?? 0)).toBe(5);
    expect(ancestorOf(node ?? root, new Set(["compound_statement"]))?.start).toBe(
      functionNamed(file, "good").bodyStart,
    );
    expect(nodeAt(root, node?.start ?? 0, node?.end ?? 0)).toBe(node);
  });

  test("Latin-1 and UTF-8 bytes do not move offsets", () => {
    const text = Buffer.concat([
      bytes("/* \u00e9 */ "),
      Buffer.from('char *s = "é€";\n', "utf8"),
      bytes(GOOD),
    ]).toString("latin1");
    const file = readC(text);
    expect(lostIn(file)).toEqual([]);
    expect(textsOf(file, syntaxOf(file, "good"), "return_statement")).toEqual(["return 1;"]);
  });

  test("a name in UTF-8 is shown as such", () => {
    const text = Buffer.from('int f(void) { return g("é"); }\n', "utf8").toString("latin1");
    const file = readC(text);
    expect(textsOf(file, syntaxOf(file, "f"), "string_literal")).toEqual(['"é"']);
    expect(decoded("\u00e9")).toBe("\u00e9");
  });
});

describe("what is lost is listed", () => {
  test("a function that does not parse, with its line, and its neighbours are untouched", () => {
    const file = readC(`${GOOD}${BAD}${GOOD.replace("good", "also_good")}`);
    expect(file.functions.map((one) => one.syntax() === null)).toEqual([false, true, false]);
    expect(lostIn(file)).toEqual([{ file: "test.c", function: "bad", line: 7, reason: expect.any(String) }]);
  });

  test("broken conditions", () => {
    expect(lostIn(readC(`${GOOD}#if (\n#endif\n`))).toEqual([
      { file: "test.c", function: null, line: 5, reason: expect.stringContaining("condition not understood") },
    ]);
  });

  test.each([
    ["a ) too many at file scope", `int a);\n${GOOD}`],
    ["a } too many at file scope", `int a;\n}\n${GOOD}`],
    ["a ( too few", `int a(;\n${GOOD}`],
    ["a } too few at the end", `${GOOD}int f(void)\n{\n`],
    ["a ] too many in a function", `int f(void)\n{\n\ta];\n}\n${GOOD}`],
    ["a comment that never ends", `${GOOD}/* text\n${GOOD}`],
    ["a string that never ends", `${GOOD}int f(void)\n{\n\tg("abc);\n}\n`],
    ["NUL bytes in code", `${GOOD}int f(void)\n{\n\ta \0\0 b;\n}\n`],
  ])("%s", (_, text) => {
    expect(lostIn(readC(text))).not.toEqual([]);
  });

  test("a function whose tree is too deep is listed, since nobody can look into it", () => {
    const file = readC(`int f(int a)\n{\n\tx = 1${" + a\n".repeat(5_000)};\n}\n`);
    if (functionNamed(file, "f").syntax() === null) expect(lostIn(file).map((one) => one.function)).toEqual(["f"]);
  });
});

describe("switched-off text", () => {
  const TEXT = `#ifdef CONFIG_A\n${GOOD}#else\nint other(void)\n{\n\treturn 2;\n}\n#endif\n`;

  test("its functions count, are parsed for coverage, and are no functions of the file", () => {
    const file = readC(TEXT);
    expect([file.functionsInText, file.functionsInactive]).toEqual([2, 1]);
    expect(file.functions.map((one) => one.name)).toEqual(["good"]);
    expect(file.pieces.flatMap((piece) => piece.names)).toEqual(["good", "other"]);
  });

  test("with a .config the other branch is on", () => {
    const file = readC(TEXT, fromDotConfig("CONFIG_B=y\n", "x"));
    expect(file.functions.map((one) => one.name)).toEqual(["other"]);
  });

  test("a broken function in it is listed with its own line", () => {
    expect(lostIn(readC(`${GOOD}#if 0\n\n${BAD}#endif\n`))).toEqual([
      { file: "test.c", function: "bad", line: 9, reason: expect.any(String) },
    ]);
  });

  test("groups in groups", () => {
    const file = readC(`#if 0\n${GOOD}#if 0\n${GOOD.replace("good", "deep")}#else\n${BAD}#endif\n#endif\n`);
    expect([file.functionsInText, file.functionsInactive, file.functions.length]).toEqual([3, 3, 0]);
    expect(lostIn(file).map((one) => `${one.function} ${one.line}`)).toEqual(["bad 14"]);
  });

  test("a function that is split by a condition is listed", () => {
    const file = readC("#if 0\nint f(void)\n{\n#endif\n\treturn 1;\n}\n");
    expect(lostIn(file).map((one) => one.function)).toContain("f");
  });
});

describe("checking", () => {
  test("checkers number their jobs and give each its failures", async () => {
    const checker = sequentialChecker();
    const [good] = readC(GOOD).pieces;
    const [bad] = readC(GOOD + BAD).pieces;
    if (good === undefined || bad === undefined) throw new Error("no pieces");
    expect([checker.add(good.job), checker.add(bad.job)]).toEqual([0, 1]);
    const results = await checker.finish();
    expect(results.map((failures) => failures.map((one) => one.index))).toEqual([[], [1]]);
    expect(checkJob(bad.job)).toEqual(results[1]);
  });

  test("the two counts agree: functions that parse have a tree", () => {
    const file = readC(GOOD + BAD);
    expect(file.functionsInText - lostIn(file).length).toBe(
      file.functions.filter((one) => one.syntax() !== null).length,
    );
  });
});

describe("fragments", () => {
  test("an expression, a statement, and what is neither", () => {
    expect(parseFragment("a + 1", 7)?.expression?.type).toBe("binary_expression");
    expect(parseFragment("if (a) b()", 7)?.expression).toBeNull();
    expect(parseFragment("a +", 7)).toBeNull();
    expect(parseFragment("", 0)?.expression).toBeNull();
    const fragment = parseFragment("f(min_t(int, 1, 2))", 7);
    const node = fragment?.expression ?? null;
    if (fragment === null || node === null) throw new Error("no expression");
    expect(textOfNode(fragment.code, node)).toBe("f(min_t(int, 1, 2))");
    expect(fragment.code.offsetOf(node)).toBe(7);
  });

  test("a fragment cannot leave its function", () => {
    expect(parseFragment("a; } int g(void) { b", 0)?.expression ?? null).toBeNull();
  });

  test("plain text has single blanks and no comments", () => {
    expect(plainText(" a /* b */ +\n\t c // d\n + e ")).toBe("a + c + e");
    expect(codeOfFile(readC("", EVERYTHING)).source).toBe("");
  });
});
