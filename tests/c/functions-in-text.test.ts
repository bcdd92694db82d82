/** The text search that coverage is measured by. */
import { describe, expect, test } from "vitest";
import { functionsInText } from "../../tools/c/functions-in-text.ts";
import { lex } from "../../tools/c/lex.ts";
import { bytes } from "./fixtures.ts";

/** Functions as `name body`. */
function found(text: string): readonly string[] {
  return functionsInText(text, lex(bytes(text)).tokens).map((one) => {
    expect(text.slice(one.nameOffset, one.nameOffset + one.name.length)).toBe(one.name);
    return `${one.name} ${text.slice(one.bodyStart, one.bodyEnd).replace(/\s+/g, " ")}`;
  });
}

function names(text: string): readonly string[] {
  return functionsInText(text, lex(bytes(text)).tokens).map((one) => one.name);
}

describe("functions", () => {
  test("kernel style, one-liners, several on one line", () => {
    expect(found("static int f(void)\n{\n\treturn 1;\n}\nint g(int a) { return a; } void h(void) {}\n")).toEqual([
      "f { return 1; }",
      "g { return a; }",
      "h {}",
    ]);
  });

  test("struct results, pointers, function pointer parameters, attributes", () => {
    expect(
      names(
        "struct s *a(struct s *x)\n{\n}\nconst char *const *b(int (*fn)(struct s *, int), void *p)\n{\n}\n" +
          "static __always_inline u32 __must_check c(u32 x) __releases(x->lock)\n__acquires(y)\n{\n}\n" +
          "__printf(1, 2) static int d(const char *fmt, ...)\n{\n}\nenum e g(enum e x) {}\nunion u h(void)\n{\n}\n",
      ),
    ).toEqual(["a", "b", "c", "d", "g", "h"]);
  });

  test("macros that define functions", () => {
    expect(names("SYSCALL_DEFINE2(frob, int, fd, int, n)\n{\n}\nstatic SHOW(name) {\n}\n")).toEqual([
      "SYSCALL_DEFINE2",
      "SHOW",
    ]);
  });

  test("a function that returns a pointer to a function", () => {
    expect(names("static int (*pick(int n))(struct s *)\n{\n\treturn fns[n];\n}\nvoid g(void) {}\n")).toEqual([
      "pick",
      "g",
    ]);
  });

  test("a macro without semicolon before a function is not its name", () => {
    expect(names('MODULE_ALIAS("x")\nstatic int f(void)\n{\n}\nEXPORT_IT(f)\nint g(void)\n{\n}\n')).toEqual(["f", "g"]);
  });

  test("directives and comments between header and body", () => {
    expect(names("int f(void) /* { */\n// {\n#define X {\n{\n}\n")).toEqual(["f"]);
  });
});

describe("no functions", () => {
  test.each([
    ["prototypes", "int f(void);\nextern int g(int a);\n"],
    [
      "structs, unions, enums",
      "struct s { int a; };\nunion u { int a; };\nenum e { A = F(1), B };\ntypedef struct { int a; } t;\n",
    ],
    [
      "structs with attributes",
      "struct s {\n\tint (*fn)(void);\n} __attribute__((packed));\nstruct __packed t {\n\tint a;\n};\n",
    ],
    [
      "initialisers",
      "static struct s a = { .f = f };\nint b[] = { [F(1)] = 2 };\nDEFINE_X(c) = { 1 };\nstatic struct s d = (struct s) { 1 };\n",
    ],
    ["strings and comments", '/* int f(void) { } */\nchar *s = "int f(void) { }";\n// int f(void) { }\n'],
    ["macro bodies", "#define F(x) int f(void) { return x; }\n#define G \\\n  int g(void) \\\n  { \\\n  }\n"],
    ["an empty file", ""],
  ])("in %s", (_, text) => {
    expect(names(text)).toEqual([]);
  });

  test("in functions: blocks, loops and statement expressions", () => {
    expect(
      names(
        "void f(void)\n{\n\tif (a) {\n\t}\n\tlist_for_each(x, y) {\n\t}\n\tx = ({ g(1); });\n\tstruct s z = { 1 };\n}\n",
      ),
    ).toEqual(["f"]);
  });
});

describe("preprocessor branches", () => {
  test("functions of all branches count", () => {
    expect(
      names("#ifdef A\nint f(void)\n{\n}\n#else\nint f(int a)\n{\n}\n#endif\n#if 0\nint g(void) {}\n#endif\n"),
    ).toEqual(["f", "f", "g"]);
  });

  test("halves of an if, of a header, and of a body", () => {
    expect(
      found("int f(int a)\n{\n#ifdef A\n\tif (a) {\n#else\n\tif (!a) {\n#endif\n\t\tx();\n\t}\n}\nint g(void) {}\n")
        .length,
    ).toBe(2);
    expect(names("#ifdef A\nint f(int a)\n#else\nint f(long a)\n#endif\n{\n}\nint g(void) {}\n")).toEqual(["f", "g"]);
    expect(names("int f(void)\n{\n#if A\n\tx();\n}\n#else\n\ty();\n}\n#endif\nint g(void) {}\n")).toEqual(["f", "g"]);
    expect(
      names("int f(void)\n{\n#if A\n\tif (a) {\n#elif B\n\tif (b) {\n#else\n\t{\n#endif\n\t}\n}\nint g(void) {}\n"),
    ).toEqual(["f", "g"]);
  });

  test("a block that opens in one group and closes in another of the same condition", () => {
    expect(
      names("int f(void)\n{\n#ifdef A\n\tif (a) {\n#endif\n\t\tx();\n#ifdef A\n\t}\n#endif\n}\nint g(void) {}\n"),
    ).toEqual(["f", "g"]);
  });

  test("branches that open nothing on one side", () => {
    expect(
      names(
        "int f(void)\n{\n#ifdef A\n\tif (a) {\n#else\n\tx();\n#endif\n\ty();\n#ifdef A\n\t}\n#endif\n}\nint g(void)\n{\n}\n",
      ),
    ).toEqual(["f", "g"]);
  });
});

describe("braces that do not balance", () => {
  test("a closing brace too few inside: the function ends at the brace in the first column", () => {
    expect(names("int f(void)\n{\n\tif (a) {\n\t\tx();\n}\n\nint g(void)\n{\n}\n")).toEqual(["f", "g"]);
  });

  test("a closing brace too many", () => {
    expect(names("int f(void)\n{\n\t}\n}\n\nint g(void)\n{\n}\n")).toContain("g");
  });

  test("the function's own closing brace is missing: its neighbour is still found", () => {
    expect(names("int f(void)\n{\n\tx();\n\nint g(void)\n{\n\ty();\n}\n\nint h(void)\n{\n}\n")).toEqual([
      "f",
      "g",
      "h",
    ]);
  });

  test("the last function's closing brace is missing: it is found still", () => {
    expect(names("int f(void)\n{\n}\n\nint g(void)\n{\n\tx();\n")).toEqual(["f", "g"]);
  });
});
