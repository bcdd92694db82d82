/** Expressions -> sums, with HZ as a symbol. */
import { describe, expect, test } from "vitest";
import { evaluateText } from "../../tools/c/evaluate.ts";
import type { Sum } from "../../tools/c/sum.ts";
import { bytes, programOf } from "./fixtures.ts";

function value(text: string, definitions = ""): Sum | null {
  return evaluateText(text, programOf(definitions));
}

/** A sum as text: `2*hz + 3 + 1*x`. */
function shown(text: string, definitions = ""): string | null {
  const sum = value(text, definitions);
  if (sum === null) return null;
  const terms = sum.map(({ factor, hz, symbols }) =>
    [factor, ...Array.from({ length: hz }, () => "hz"), ...symbols].join("*"),
  );
  return terms.length === 0 ? "0" : terms.join(" + ");
}

describe("HZ", () => {
  test("60 * HZ is sixty of it", () => {
    expect(value("60 * HZ")).toEqual([{ factor: 60, hz: 1, symbols: [] }]);
    expect(value("60 * HZ")).toEqual([{ factor: 60, hz: 1, symbols: [] }]);
  });

  test.each([
    ["HZ", "1*hz"],
    ["HZ / 10", "0.1*hz"],
    ["HZ >> 1", "0.5*hz"],
    ["HZ << 2", "4*hz"],
    ["5 * HZ + HZ / 2 + 3", "5.5*hz + 3"],
    ["(60 * HZ) / HZ", "60"],
    ["HZ - HZ", "0"],
    ["-(2 * HZ)", "-2*hz"],
    ["HZ * HZ", "1*hz*hz"],
    ["(unsigned long)(5 * HZ)", "5*hz"],
    ["CONFIG_HZ * 3", "3*hz"],
    ["msecs_to_jiffies(500)", "0.5*hz"],
    ["msecs_to_jiffies(5 * MSEC_PER_SEC)", "5*hz"],
    ["usecs_to_jiffies(250)", "0.00025*hz"],
    ["secs_to_jiffies(30)", "30*hz"],
    ["nsecs_to_jiffies(1000000000)", "1*hz"],
    ["jiffies_to_msecs(2 * HZ)", "2000"],
    ["jiffies_to_usecs(msecs_to_jiffies(3))", "3000"],
    ["round_jiffies_relative(5 * HZ)", "5*hz"],
    ["READ_ONCE(x) * HZ", "1*hz*x"],
    ["2 * server->echo_interval - HZ / 2", "2*server->echo_interval + -0.5*hz"],
  ])("%s", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });
});

describe("ktime", () => {
  test.each([
    ["ktime_set(1, 500)", "1000000500"],
    ["ms_to_ktime(20)", "20000000"],
    ["us_to_ktime(3)", "3000"],
    ["ns_to_ktime(7)", "7"],
    ["10 * NSEC_PER_MSEC", "10000000"],
  ])("%s", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });
});

describe("integers", () => {
  test.each([
    ["1 + 2 * 3", "7"],
    ["(1 + 2) * 3", "9"],
    ["7 / 2", "3"],
    ["-7 / 2", "-3"],
    ["7 % 4", "3"],
    ["0x10 + 010 + 1UL + 2ull", "27"],
    ["0b101", "5"],
    ["1 << 10", "1024"],
    ["1 << 31", "2147483648"],
    ["0xff00 >> 8", "255"],
    ["-1 >> 1", "-1"],
    ["6 & 3 | 8 ^ 1", "11"],
    ["~0", "-1"],
    ["~0x100000000", "-4294967297"],
    ["!0 + !5", "1"],
    ["3 > 2 && 2 >= 2 || 0", "1"],
    ["1 == 2", "0"],
    ["'a'", "97"],
    ["'\\n'", "10"],
    ["'\\0'", "0"],
    ["(u8)(3)", "3"],
  ])("%s", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test.each(["1 / 0", "5 % 0", "sizeof(struct s)", "f(x)", "a ? b : c", "x / y", "x[3]", "p->q.r"])(
    "%s stays unresolved",
    (text) => {
      const sum = value(text);
      if (sum !== null) expect(sum.some((term) => term.symbols.length > 0)).toBe(true);
    },
  );

  test("unknown names stay symbols, sorted in products", () => {
    expect(shown("unknown")).toBe("1*unknown");
    expect(shown("z * a * 3")).toBe("3*a*z");
    expect(shown("x + x + y - x")).toBe("1*x + 1*y");
    expect(shown("UNKNOWN_MACRO")).toBe("1*UNKNOWN_MACRO");
  });

  test("what is no expression is null", () => {
    expect(["", "if (a)", "}", "1 +", "(", "int a"].map((text) => value(text))).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});

describe("macros", () => {
  test("through macros", () => {
    expect(shown("TIMEOUT", "#define TIMEOUT (BASE * 2)\n#define BASE (30 * HZ)\n")).toBe("60*hz");
  });

  test("function-like macros, nested", () => {
    expect(shown("SECS(5) + TWICE(SECS(1))", "#define SECS(x) ((x) * HZ)\n#define TWICE(y) ((y) + (y))\n")).toBe(
      "7*hz",
    );
    expect(shown("NOTHING()", "#define NOTHING() 3\n")).toBe("3");
  });

  test("a macro with the wrong number of arguments stays a call", () => {
    expect(shown("F(1)", "#define F(a, b) ((a) + (b))\n")).toBe("1*F(1)");
  });

  test("macros without parentheses bind as their text does", () => {
    expect(shown("A * 2", "#define A 1 + 2\n")).toBe("5");
    expect(shown("DOUBLE(1 + 2)", "#define DOUBLE(x) x * 2\n")).toBe("5");
  });

  test("a macro's parameter hides a macro of the same name", () => {
    expect(shown("F(3)", "#define X 7\n#define F(X) ((X) + 1)\n")).toBe("4");
  });

  test("a product of two names is an expression, not the declaration of a pointer", () => {
    expect(shown("A", "#define A BASE * HZ\n#define BASE 5\n")).toBe("5*hz");
    expect(shown("A", "#define A (BASE * HZ)\n#define BASE 5\n")).toBe("5*hz");
  });

  test("the first definition wins; comments and continuations are no part of it", () => {
    expect(shown("A", "#define A /* five */ \\\n\t5 // seconds\n#undef A\n#define A 6\n")).toBe("5");
  });

  test("a macro that is defined to nothing stays a symbol", () => {
    expect(shown("EMPTY", "#define EMPTY\n")).toBe("1*EMPTY");
  });

  test("recursion ends", () => {
    expect(shown("A", "#define A B\n#define B A\n")).toMatch(/^1\*[AB]$/);
    expect(shown("A", "#define A (A + 1)\n")).toBe("1*A + 1");
    expect(shown("F(1)", "#define F(x) G(x)\n#define G(x) F(x)\n")).not.toBe("");
  });

  test("chains and doubling macros come back", () => {
    const chain = Array.from({ length: 5_000 }, (_, i) => `#define M${i} (M${i + 1} + 1)\n`).join("");
    expect(() => value("M0", chain)).not.toThrow();
    const doubling = Array.from({ length: 40 }, (_, i) => `#define D${i + 1} (D${i} + D${i})\n`).join("");
    expect(() => value("D20", doubling)).not.toThrow();
    const calls = Array.from({ length: 40 }, (_, i) => `#define C${i + 1}(x) (C${i}(x) * C${i}((x) + 1))\n`).join("");
    expect(() => value("C20(1)", calls)).not.toThrow();
  });

  test("long expressions come back", () => {
    expect(() => value(Array.from({ length: 30_000 }, () => "1").join(" + "))).not.toThrow();
    expect(() => value(`${"-(".repeat(5_000)}1${")".repeat(5_000)}`)).not.toThrow();
    expect(() => value(`A`, `#define A ${"!".repeat(50_000)}1\n`)).not.toThrow();
  });
});

describe("enumerators", () => {
  const ENUMS =
    "enum a { ZERO, ONE, TEN = 10, ELEVEN, COPY = ONE + TEN, AFTER, };\nenum { SHIFTED = 1 << 4, NEXT_SHIFTED };\n";

  test.each([
    ["ZERO", "0"],
    ["ONE", "1"],
    ["TEN", "10"],
    ["ELEVEN", "11"],
    ["COPY", "11"],
    ["AFTER", "12"],
    ["SHIFTED + NEXT_SHIFTED", "33"],
    ["ONE * HZ", "1*hz"],
  ])("%s", (text, expected) => {
    expect(shown(text, ENUMS)).toBe(expected);
  });

  test("the value of the hundredth without a value of its own", () => {
    const names = Array.from({ length: 200 }, (_, i) => `E${i}`).join(", ");
    expect(shown("E24", `enum long_one { ${names} };\n`)).toBe("24");
    expect(shown("E100", `enum long_one { ${names} };\n`)).toBe("100");
  });

  test("enumerators that name each other end", () => {
    expect(() => value("A1", "enum e { A1 = B1, B1 = A1 };\n")).not.toThrow();
  });

  test("an enumerator through a macro of its own name, as uapi headers have them", () => {
    expect(shown("OPT", "enum { OPT = 7,\n#define OPT OPT\n};\n")).toBe("7");
  });
});

describe("headers", () => {
  test("are searched when a name is not found in the files", () => {
    const headers = [
      { path: "include/a.h", text: bytes("#define OTHER 1\n") },
      {
        path: "include/b.h",
        text: bytes("#ifndef _B\n#define _B\n#define LIMIT (3 * HZ)\nenum { FROM_HEADER = 4 };\n#endif\n"),
      },
    ];
    const program = programOf("int a;\n", headers);
    expect(evaluateText("LIMIT + FROM_HEADER", program)).toEqual([
      { factor: 3, hz: 1, symbols: [] },
      { factor: 4, hz: 0, symbols: [] },
    ]);
  });
});
