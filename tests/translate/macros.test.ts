/** Macros: those of the files are expanded as C does it, some of the kernel's are worded anew. */
import { describe, expect, test } from "vitest";
import { model, unmodelledIn } from "./harness.ts";

async function run(definitions: string, result: string, x = 3): Promise<unknown> {
  return (await model(`${definitions}\nlong f(int x)\n{\n\tint n = 0;\n\treturn ${result};\n}\n`)).call("f", x);
}

describe("macros of the file", () => {
  test.each([
    ["without arguments", "#define A (1 + 2)\n#define B (A * 10)", "B + A", 33],
    ["with arguments, which are not evaluated first", "#define TWICE(a) a * 2", "TWICE(1 + x)", 7],
    ["with effects in an argument", "#define TWICE(a) ((a) + (a))", "TWICE(n++) * 10 + n", 12],
    ["nested, and not expanded within itself", "#define f1(x) (x + 1)\n#define g1(x) f1(f1(x))", "g1(g1(x))", 7],
    ["a name that expands to itself", "#define x x", "x", 3],
    ["pasting", "#define NAME(a, b) a##b\n#define VALUE 7", "NAME(VAL, UE) + NAME(1, 2)", 19],
    [
      "pasting with an empty argument",
      "#define NAME(a, b) a##b##_end\nenum { one_end = 1, x_end = 2 };",
      "NAME(one,) + NAME(, x)",
      3,
    ],
    ["pasting twice", "#define J(a, b, c) a##b##c", "J(0x, 1, 0)", 16],
    ["strings", "#define TEXT(a) #a", 'strlen(TEXT(a + "b"))', 7],
    [
      "a string of an argument that is a macro",
      "#define V 12\n#define S(a) #a\n#define T(a) S(a)",
      "strlen(S(V)) * 10 + strlen(T(123))",
      13,
    ],
    [
      "any number of arguments",
      "#define SUM(a, ...) add(a, __VA_ARGS__)\nstatic int add(int a, int b, int c) { return a * 100 + b * 10 + c; }",
      "SUM(1, 2, 3)",
      123,
    ],
    [
      "any number under a name",
      "#define SUM(a, rest...) add(a, rest)\nstatic int add(int a, int b, int c) { return a * 100 + b * 10 + c; }",
      "SUM(1, (2), 3)",
      123,
    ],
    [
      "none of any number",
      "#define CALL(fn, ...) fn(x, ##__VA_ARGS__)\nstatic int one(int a) { return a; }\nstatic int two(int a, int b) { return a * b; }",
      "CALL(one) * 100 + CALL(two, 5)",
      315,
    ],
    [
      "a whole statement",
      "#define RETURN_IF(c, v) do { if (c) return v; } while (0)\nstatic int g(int x) { RETURN_IF(x > 2, 5); return 6; }",
      "g(x) * 10 + g(1)",
      56,
    ],
    ["over several lines", "#define LONG(a) \\\n  ((a) + \\\n   1)", "LONG(x)", 4],
    [
      "commas in brackets",
      "#define FIRST(a, b) (a)\nstatic int pair(int a, int b) { return a + b; }",
      "FIRST(pair(x, 1), 5)",
      4,
    ],
    ["a type", "#define word_t unsigned short", "(word_t)65537", 1],
    [
      "a cast in front of a sign",
      "#define CUT(a) ((u8)-(a))",
      "CUT(x) + ((u8)(x) & 2) + (u32)-1 / (u32)-1",
      253 + 2 + 1,
    ],
    ["a product that looks like a cast", "#define AND(a, b, c) ((a * (b)) & c)", "AND(x, x, x)", 1],
  ])("%s", async (_what, definitions, result, expected) => {
    expect(await run(definitions, result)).toBe(expected);
  });

  test("one that grows without end is not modelled, and ends", async () => {
    const lines = Array.from({ length: 40 }, (_, i) => `#define M${i + 1} M${i} + M${i}`);
    const text = `#define M0 1\n${lines.join("\n")}\nlong f(void)\n{\n\treturn M40;\n}\n`;
    expect(await unmodelledIn(text)).toEqual([expect.stringMatching(/macros expand to more than/)]);
  });

  test("calls nested by the hundred", async () => {
    const text = `#define M(a) (a + 1)\nlong f(void)\n{\n\treturn ${"M(".repeat(300)}0${")".repeat(300)};\n}\n`;
    expect((await model(text)).call("f")).toBe(300);
  });
});

describe("macros of the kernel", () => {
  test.each([
    ["min and max have the common type", "min(-1, x) + max(2u, 5u)", 4],
    ["min_t", "min_t(u8, 257, 5)", 1],
    ["clamp", "clamp(x, 5, 9) * 10 + clamp(20, 5, 9)", 59],
    ["READ_ONCE and WRITE_ONCE", "(WRITE_ONCE(n, 5), READ_ONCE(n) + 1)", 6],
    ["likely", "likely(x) + unlikely(!x)", 1],
    ["WARN_ON is its condition, once", "WARN_ON(n++ == 0) * 10 + n", 11],
    ["offsetof", "offsetof(struct s, b)", 4],
    ["IS_ENABLED of what is on", "IS_ENABLED(CONFIG_SMP)", 1],
  ])("%s", async (_what, result, expected) => {
    expect(await run("struct s { u8 a; int b; };", result)).toBe(expected);
  });

  test("swap of structs, and of integers of different types", async () => {
    const { call } = await model(`
      struct pair { int a; u8 b; };
      struct wire { u8 kind; __le16 id; } __packed;
      long structs(void) {
        struct pair pairs[2] = { { 1, 2 }, { 3, 4 } }, *p = pairs;
        swap(p[0], p[1]);
        return p[0].a * 1000 + p[0].b * 100 + p[1].a * 10 + p[1].b;
      }
      long wires(void) {
        struct wire x = { .kind = 1, .id = 2 }, y = { .kind = 3, .id = 4 };
        swap(x, y);
        return x.kind * 1000 + x.id * 100 + y.kind * 10 + y.id;
      }
      long narrow(void) { int a = 300; u8 b = 5; swap(a, b); return a * 1000 + b; }
    `);
    expect([call("structs"), call("wires"), call("narrow")]).toEqual([3412, 3412, 5044]);
  });

  test("swap, do_div, BUG_ON", async () => {
    const { call } = await model(`
      long swapped(void) { int a = 1, b = 2; swap(a, b); return a * 10 + b; }
      long divided(void) { u64 n = 4294967296ULL * 10 + 7; u32 rest = do_div(n, 10); return n == 4294967296ULL && rest == 7; }
      void trap(int x) { BUG_ON(x == 3); }
    `);
    expect([call("swapped"), call("divided")]).toEqual([21, 1]);
    expect(call("trap", 2)).toBeUndefined();
    expect(() => call("trap", 3)).toThrow(/BUG in trap/);
  });

  test("what needs the compiler's extensions is told of", async () => {
    for (const result of ["({ int y = x; y; })", "(typeof(x))x", "1.5 > 1", "__builtin_clz(x)", "&&out"]) {
      expect(await unmodelledIn(`long f(int x)\n{\n\treturn ${result};\nout:\n\treturn 0;\n}\n`), result).not.toEqual(
        [],
      );
    }
    expect(await unmodelledIn("long f(int x)\n{\n\tdouble d = x;\n\treturn d / 2;\n}\n")).not.toEqual([]);
    expect(await unmodelledIn("long f(int x)\n{\n\ttypeof(x) y = 300;\n\treturn y;\n}\n")).not.toEqual([]);
    expect(
      await unmodelledIn('int f(int x)\n{\n\tasm volatile("mov %0, 5" : "=r" (x));\n\treturn x;\n}\n'),
    ).not.toEqual([]);
    expect(await unmodelledIn('int f(int x)\n{\n\tasm volatile("" ::: "memory");\n\treturn x;\n}\n')).toEqual([]);
  });
});
