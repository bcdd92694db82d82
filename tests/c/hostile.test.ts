/**
 * Texts that nobody wrote to be compiled. Each must come back, with what was not read listed; how long that may take is
 * the test runner's limit only, because machines differ.
 */
import { describe, expect, test } from "vitest";
import { type CFile, readCFile } from "../../tools/c/file.ts";
import { indexFile } from "../../tools/c/file-index.ts";
import { bytes, EVERYTHING, expectSameShape, lostIn, programOf, readC } from "./fixtures.ts";

const SECONDS = 1000;
const MANY = 100_000;
const FUNCTION = "int f(void)\n{\n\treturn 1;\n}\n";

/** Reads a text through every stage up to the index. */
function through(text: string): CFile {
  const buffer = bytes(text);
  const file = readCFile("hostile.c", buffer, EVERYTHING);
  if (file.masked.bytes.length > 0) expectSameShape(buffer, file.masked);
  indexFile(file, new Set());
  return file;
}

function reasons(file: CFile): string {
  return lostIn(file)
    .map((one) => one.reason)
    .join("\n");
}

describe("sizes", () => {
  test("a line of 10 MB is refused, and its functions count as lost", () => {
    const file = through(`${FUNCTION}int a = ${"1 + ".repeat(2_500_000)}1;\n`);
    expect(reasons(file)).toContain("a line of");
    expect(file.functionsInText).toBe(1);
    expect(file.functions).toEqual([]);
  });

  test("an identifier of 1 MB", () => {
    const file = through(`${FUNCTION}int ${"a".repeat(999_000)};\nint ${"b".repeat(900_000)}(void)\n{\n}\n`);
    expect(file.functionsInText).toBe(2);
    expect(file.functions.map((one) => one.name.length)).toEqual([1, 900_000]);
  });

  test("5 MB of comments", () => {
    const file = through(`${"/* a comment of thirty-two bytes */\n// and another\n".repeat(MANY)}${FUNCTION}`);
    expect(reasons(file)).toBe("");
    expect(file.functions.map((one) => one.name)).toEqual(["f"]);
  });

  test("a comment of 5 MB, a string of 1 MB over many lines", () => {
    expect(through(`/*${"x\n".repeat(2_500_000)}*/\n${FUNCTION}`).functions.length).toBe(1);
    expect(through(`char *s = "${"x\\\n".repeat(300_000)}";\n${FUNCTION}`).functions.length).toBe(1);
  });

  test("a function of more than 2 MB is listed", () => {
    const file = through(`int f(void)\n{\n${"\ta = b + c * d;\n".repeat(150_000)}}\n`);
    expect(reasons(file)).toContain("longer than 2000000 bytes");
  });

  test("20,000 functions", () => {
    const file = through(Array.from({ length: 20_000 }, (_, i) => `int f${i}(void)\n{\n\treturn ${i};\n}\n`).join(""));
    expect(file.functions.length).toBe(20_000);
    expect(file.functions.at(-1)?.name).toBe("f19999");
  });
});

describe("files of one thing", () => {
  test.each([
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "#",
    "\\",
    '"',
    "'",
    "/",
    "*",
    "\0",
    "\n",
    ";",
    "a",
    "0",
    ".",
    "-",
    "#\n",
    "}\n",
    "{\n",
    "({[",
    "a(",
    "x ",
    "\n#\n",
  ])(
    "%j alone and 100,000 times",
    (text) => {
      through(text);
      through(text.repeat(MANY));
      through(`int f(void)\n{\n${text.repeat(20_000)}\n}\n${FUNCTION}`);
    },
    60 * SECONDS,
  );

  test("a file of { only says so", () => {
    expect(reasons(through("{".repeat(MANY)))).not.toBe("");
    expect(reasons(through("{"))).not.toBe("");
  });
});

describe("brackets", () => {
  const OPENERS = "([{";
  const mixed = Array.from({ length: MANY }, (_, i) => OPENERS[i % 3] ?? "").join("");
  const closing = [...mixed].reverse().map((open) => ({ "(": ")", "[": "]", "{": "}" })[open] ?? "");

  test.each([
    ["open only", mixed],
    ["balanced", mixed + closing.join("")],
    ["closed in the wrong order", mixed + ")]}".repeat(MANY / 3)],
    ["( closed by ]", "(".repeat(MANY) + "]".repeat(MANY)],
    ["[ closed by )", "[".repeat(MANY) + ")".repeat(MANY)],
    ["( closed by }", "(".repeat(MANY) + "}".repeat(MANY)],
    ["blocks in a function", `int f(void)\n{\n${"{\n".repeat(MANY)}${"}\n".repeat(MANY)}}\n`],
    ["parentheses in a function", `int f(void)\n{\nreturn ${"(".repeat(MANY)}1${")".repeat(MANY)};\n}\n`],
  ])(
    "100,000, %s: listed",
    (_, text) => {
      expect(reasons(through(`${FUNCTION}${text}`))).toMatch(/nested|partner/);
    },
    60 * SECONDS,
  );

  test("functions of a file that is refused for its depth count as lost", () => {
    const file = through(`${FUNCTION}int a = ${"(".repeat(500)}1${")".repeat(500)};\n`);
    expect(reasons(file)).toContain("nested 500 deep");
    expect([file.functionsInText, file.functionsRefused, file.functions.length]).toEqual([1, 1, 0]);
  });
});

describe("trees that are deep without brackets", () => {
  test.each([
    ["else if", `if (a) ; ${"else if (a) b();\n".repeat(5_000)}`],
    ["if if if", `${"if (a)\n".repeat(5_000)};`],
    ["sum", `x = 1${" + a\n".repeat(20_000)};`],
    ["negations", `x = ${"!\n".repeat(20_000)}a;`],
    ["assignments", `${"a =\n".repeat(20_000)}1;`],
    ["pointers", `int ${"*\n".repeat(20_000)}p;`],
    ["questions", `x = ${"a ? b :\n".repeat(20_000)}c;`],
    ["labels", `${Array.from({ length: 20_000 }, (_, i) => `l${i}:\n`).join("")} ;`],
    ["casts", `x = ${"(int)\n".repeat(20_000)}a;`],
    ["calls", `x = f${"(1)\n".repeat(20_000)};`],
    ["macros that take statements", `${"each(a)\n".repeat(20_000)};`],
  ])(
    "%s: a tree, or a reason why there is none",
    (_, body) => {
      const file = through(`int f(int a)\n{\n\t${body}\n}\n`);
      const [one] = file.functions;
      const tree = one?.syntax() ?? null;
      if (tree === null) expect(reasons(file)).not.toBe("");
    },
    60 * SECONDS,
  );

  test("a struct member with 20,000 stars", () => {
    expect(() => programOf(`struct s {\n\tint ${"*\n".repeat(20_000)}p;\n\tint a;\n};\n`).struct("s")).not.toThrow();
  });
});

describe("conditions", () => {
  test("100,000 nested #if are listed when they are never closed", () => {
    const file = through(`${"#if 1\n".repeat(MANY)}${FUNCTION}`);
    expect(file.unparsed.length).toBe(MANY);
    expect(file.functions.length).toBe(1);
  });

  test("100,000 nested #if that are closed", () => {
    expect(reasons(through(`${"#ifdef A\n".repeat(MANY)}${FUNCTION}${"#endif\n".repeat(MANY)}`))).toBe("");
  });

  test(
    "3,000 nested #if 0 around a function: it is counted, and the parse of switched-off text ends",
    () => {
      const file = through(`${"#if 0\n".repeat(3_000)}${FUNCTION}${"#endif\n".repeat(3_000)}`);
      expect(file.functionsInText).toBe(1);
    },
    120 * SECONDS,
  );

  test("an expression nested 10,000 deep, and one of 1 MB", () => {
    expect(reasons(through(`#if ${"(".repeat(10_000)}1${")".repeat(10_000)}\n#endif\n${FUNCTION}`))).toContain(
      "nested more than 100 deep",
    );
    expect(reasons(through(`#if ${"9".repeat(900_000)}\n#endif\n${FUNCTION}`))).toBe("");
    expect(reasons(through(`#if ${"1 +".repeat(300_000)} 1\n#endif\n${FUNCTION}`))).toBe("");
  });

  test("a chain of 20,000 macros in a condition is listed", () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => `#define M${i} M${i + 1}\n`).join("");
    expect(() => through(`${chain}#if M0\n#endif\n${FUNCTION}`)).not.toThrow();
  });

  test("a shift by a huge number does not throw", () => {
    expect(() =>
      through(`#if 1 << 99999999999999999999\n#endif\n#if ${"9".repeat(30)} * ${"9".repeat(30)} << 3\n#endif\n`),
    ).not.toThrow();
  });
});

describe("cut off in the middle", () => {
  test.each([
    ["a string", `${FUNCTION}int g(void)\n{\n\tputs("abc`],
    ["a character", `${FUNCTION}int g(void)\n{\n\tputc('`],
    ["an escape", `${FUNCTION}int g(void)\n{\n\tputs("abc\\`],
    ["a comment", `${FUNCTION}int g(void)\n{\n\t/* abc`],
    ["a directive", `${FUNCTION}int g(void)\n{\n#if defined(`],
    ["a continued directive", `${FUNCTION}int g(void)\n{\n#define A \\\n`],
    ["a call", `${FUNCTION}int g(void)\n{\n\tf(1, container_of(a, struct`],
    ["a header", `${FUNCTION}int g(void`],
  ])("%s: what stands before is read, the rest is listed", (_, text) => {
    const file = through(text);
    expect(file.functions.map((one) => one.name)).toContain("f");
    expect(reasons(file)).not.toBe("");
  });
});

describe("macros at file scope, one after the other", () => {
  test.each([
    "static A(x) ",
    "A(x)\n",
    "__user ",
    "typeof(",
    "__user (",
    "struct_group(a, ",
    'asm("" : ',
    "case 1 ... ",
    "[[",
    "x: ",
  ])(
    "20,000 times %j",
    (text) => {
      through(`${text.repeat(20_000)}\n${FUNCTION}`);
      through(`int f(void)\n{\n${text.repeat(20_000)}\n}\n`);
    },
    60 * SECONDS,
  );

  test(
    "a long line of type arguments and loops",
    () => {
      through(`int f(void)\n{\n${"g(int); each_x(a) { } ".repeat(40_000)}\n}\n`);
    },
    60 * SECONDS,
  );

  test("a file that is readable after all of this", () => {
    expect(lostIn(readC(FUNCTION))).toEqual([]);
  });
});
