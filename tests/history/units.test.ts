/** Cutting C into units: nothing is lost, and what changed is told by its names. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changedUnits, includesOf, unitsOf, wordsOf } from "../../tools/history/units.ts";

/** Names that the units define which only one of two texts has. */
function changedNames(before: string, after: string): ReadonlySet<string> {
  return new Set(changedUnits(unitsOf(before), unitsOf(after)).flatMap((unit) => [...wordsOf(unit).defined]));
}

function defined(text: string): readonly string[] {
  return [...wordsOf(text).defined].sort();
}

const FILE = [
  "/* A file. */\n#include <linux/slab.h>\n\n",
  "#define INTERVAL (60 * HZ)\n#define LONG(x) \\\n\tdo { \\\n\t\tf(x); \\\n\t} while (0)\n\n",
  "struct server {\n\tint status;\n\tstruct work echo;\n};\n\n",
  "enum state {\n\tNEW = 0,\n\tGOOD,\n};\n\n",
  "static int limit = 5;\nint f(struct server *server);\n\n",
  "/*\n * Says\n\n * more.\n */\nstatic int first(struct server *server)\n{\n\tif (server->status) {\n\t\treturn 1;\n\t}\n\treturn 0;\n}\n\n",
  "static const struct {\n\tint a;\n} map[] = {\n\t{ 1 },\n\t{ 2 },\n};\n\n",
  "#ifdef CONFIG_A\nint second(void)\n{\n\treturn 2;\n}\n#else\nint second(void)\n{\n\treturn 3;\n}\n#endif\n\n",
  "int third(void)\n{\n#ifdef CONFIG_B\n\tif (a) {\n#else\n\tif (b) {\n#endif\n\t\treturn 4;\n\t}\n\treturn 0;\n}\n\n",
  "static struct ops table = {\n\t.first = first,\n\t.second = second,\n};\n",
];
const TEXT = FILE.join("");

describe("units", () => {
  test("joined are the file, of texts that are C and of texts that are not", () => {
    const joined = (text: string): string =>
      unitsOf(text)
        .map((unit) => unit.text)
        .join("");
    expect(joined(TEXT)).toBe(TEXT);
    const piece = fc.constantFrom(
      ...[
        "{",
        "}",
        "\n",
        "\n}",
        "#if X\n",
        "#endif\n",
        "#else",
        "\\\n",
        "/*",
        "*/",
        "//",
        '"',
        "'",
        ";",
        "int f(void)",
      ],
      ...["} map[] = {", "\r\n", " ", "#define M(x) x", "\u0000", "\u00e9", "struct s {"],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        expect(joined(pieces.join(""))).toBe(pieces.join(""));
      }),
      { numRuns: 2_000 },
    );
  });

  test("are of one definition each where functions follow each other", () => {
    const functions = [..."abc"].map((name) => `int ${name}(void)\n{\n\treturn 1;\n}\n`);
    expect(unitsOf(functions.join("\n")).filter(({ text }) => text.includes("return"))).toHaveLength(3);
  });

  test("take no more than linear time", () => {
    const pieces = [
      "/*",
      "\n}",
      "\n} {",
      "#if X\n",
      "{",
      "a, ",
      "enum {",
      "f(",
      "a(b",
      "/* {",
      "*/",
      "\n}/*",
      "struct a ",
    ];
    const slow = pieces.filter((piece) => {
      const text = piece.repeat(Math.ceil(200_000 / piece.length));
      const start = performance.now();
      for (const unit of unitsOf(text).slice(0, 5)) wordsOf(unit.text);
      return performance.now() - start > 2_000;
    });
    expect(slow).toEqual([]);
  });
});

describe("what changed", () => {
  test.each<[string, string, string, readonly string[], readonly string[]]>([
    ["a function's body", "return 1;", "return 7;", ["first"], ["second", "third", "INTERVAL", "server", "table"]],
    ["a macro", "60 * HZ", "90 * HZ", ["INTERVAL"], ["first", "server"]],
    ["a continued line of a macro", "f(x)", "g(x)", ["LONG"], ["first", "server"]],
    ["a member", "int status;", "long status;", ["server"], ["first", "INTERVAL"]],
    ["an enumerator", "GOOD,", "BETTER,", ["GOOD", "BETTER", "state"], ["first", "INTERVAL"]],
    ["a variable", "limit = 5", "limit = 6", ["limit"], ["first", "INTERVAL", "server"]],
    ["an #else branch", "return 3;", "return 5;", ["second"], ["first", "third"]],
    ["a condition within a function", "#ifdef CONFIG_B", "#ifdef CONFIG_C", ["third"], ["first", "second"]],
    ["a condition around functions", "#ifdef CONFIG_A", "#ifdef CONFIG_C", ["second"], ["first", "third"]],
    ["an array of an unnamed struct", "{ 2 }", "{ 3 }", ["map"], ["first", "server"]],
    ["an ops table", ".second = second", ".second = third", ["table"], ["first", "map"]],
    ["an #endif that moves", "#endif\n\nint third", "\nint third", ["third", "table"], ["first"]],
    ["a comment with an empty line", " * more.", " * much more.", [], ["second", "third", "INTERVAL", "server"]],
  ])("%s", (_, from, to, names, others) => {
    expect(TEXT).toContain(from);
    const found = changedNames(TEXT, TEXT.replace(from, to));
    for (const name of names) expect(found).toContain(name);
    for (const name of others) expect(found).not.toContain(name);
  });

  test("nothing has, in the same text, and where definitions only change places", () => {
    expect(changedUnits(unitsOf(TEXT), unitsOf(TEXT))).toEqual([]);
    const [a, b] = ["int a(void)\n{\n\treturn 1;\n}\n\n", "int b(void)\n{\n\treturn 2;\n}\n\n"];
    expect(changedUnits(unitsOf(a + b), unitsOf(b + a))).toEqual([]);
  });

  test("a definition that is there twice, and then once", () => {
    const a = "#define A 1\n\n";
    expect(changedNames(a + a, a)).toContain("A");
  });

  test("a brace at the beginning of a line within a comment ends nothing that matters", () => {
    const text = "int f(void)\n{\n\t/*\n} not the end {\n\t*/\n\treturn 1;\n}\n\nint g(void)\n{\n\treturn 1;\n}\n";
    expect(changedNames(text, text.replace("return 1;\n}\n\nint g", "return 2;\n}\n\nint g"))).toContain("f");
  });
});

describe("the words of a unit", () => {
  test.each<[string, readonly string[]]>([
    ["int f(struct s *a, int b);\n", ["f"]],
    ["static int a, *b = &c, d[3];\n", ["a", "b", "d"]],
    ["typedef struct s *s_ptr;\n", ["s_ptr"]],
    ["typedef int (*callback)(struct s *);\n", ["callback"]],
    ["struct s {\n\tint member;\n};\n", ["s"]],
    ["enum e {\n\tA,\n\tB = 2,\n};\n", ["A", "B", "e"]],
    ["#define MAX 5\n", ["MAX"]],
    ["#undef MAX\n", ["MAX"]],
    ["DEFINE_MUTEX(lock);\n", ["lock"]],
    ["static LIST_HEAD(servers);\n", ["servers"]],
    ["module_param(limit, int, 0644);\n", []],
    ["int (*hook)(int);\n", ["hook"]],
    ["EXPORT_SYMBOL(f);\n", []],
    ["union u {\n\tint a;\n\tlong b;\n} value;\n", ["u", "value"]],
  ])("%j", (text, names) => {
    for (const name of names) expect(defined(text)).toContain(name);
    expect(defined(text)).not.toContain("member");
  });

  test("have none of comments and strings, and all where comments are torn", () => {
    expect([...wordsOf('/* silent */ int f(void)\n{\n\tg("quiet"); // hush\n}\n').words].sort()).toEqual(
      ["f", "g", "int", "return", "void"].filter((word) => word !== "return"),
    );
    expect(defined("goes on */ int f(void)\n{\n\tg();\n}\n")).toEqual(expect.arrayContaining(["f", "g", "goes"]));
    expect(defined("int f; /* goes on\n")).toEqual(expect.arrayContaining(["f", "goes"]));
  });

  test("are all of them where braces do not balance", () => {
    expect(defined("int f(void)\n{\n\tif (a) {\n}\n")).toEqual(expect.arrayContaining(["f", "a"]));
  });
});

test("includes", () => {
  expect(includesOf('#include <linux/fs.h>\n # include "a.h"\n#include MACRO\n')).toEqual([
    { path: "linux/fs.h", isSystem: true },
    { path: "a.h", isSystem: false },
  ]);
});

/** A definition with the name that it is known by. */
interface Definition {
  readonly name: string;
  readonly text: string;
  /** The text without the comment before it. */
  readonly code: string;
}

const number = fc.nat({ max: 9 });
/** What may stand in a function, braces and brackets balanced or balanced in each branch. */
const statement = fc.oneof(
  number.map((n) => `\treturn ${n};\n`),
  number.map((n) => `\tif (a) {\n\t\tg(${n});\n\t}\n`),
  number.map((n) => `#ifdef CONFIG_${n}\n\tif (a) {\n#else\n\tif (b) {\n#endif\n\t\tg(${n});\n\t}\n`),
  number.map((n) => `\t/* } ${n}\n\n\t { */\n`),
  number.map((n) => `\tprintk("} { ${n} /* \\"");\n`),
  number.map((n) => `\t// it's } ${n}\n`),
  number.map((n) => `\tg('${n}', '"', '{');\n`),
  number.map((n) => `\n\tg(${n});\n\n`),
  number.map((n) => `#if 0\n\tg(${n});\n#endif\n`),
);
const body = fc.array(statement, { minLength: 1, maxLength: 4 }).map((lines) => lines.join(""));

const definition = (name: string): fc.Arbitrary<Definition> =>
  fc
    .oneof(
      body.map((text) => `static int ${name}(struct s *a, int b)\n{\n${text}}\n`),
      body.map((text) => `int ${name}(struct s *a,\n\t\tint b) {\n${text}}\n`),
      number.map((n) => `#define ${name} (${n})\n`),
      number.map((n) => `#define ${name}(x) \\\n\tdo { \\\n\t\tg(x, ${n}); \\\n\t} while (0)\n`),
      number.map((n) => `struct ${name} {\n\tint a[${n}];\n\tstruct {\n\t\tint b;\n\t} c;\n};\n`),
      number.map((n) => `enum {\n\tOTHER_${name} = ${n},\n\t${name},\n};\n`),
      number.map((n) => `static int ${name} = ${n};\n`),
      number.map((n) => `static struct {\n\tint a;\n} ${name}[] = {\n\t{ ${n} },\n};\n`),
      number.map((n) => `static const int ${name}[] = { ${n}, 1 };\n`),
      number.map((n) => `typedef int ${name}[${n}];\n`),
      number.map((n) => `static DEFINE_TIMER(${name}, g, ${n});\n`),
      number.map(
        (n) => `#ifdef CONFIG_${n}\nint ${name}(void)\n{\n\treturn 1;\n}\n#else\n#define ${name}() 0\n#endif\n`,
      ),
    )
    .chain((text) =>
      fc.constantFrom("", "/* Why. */\n", "/*\n * Why:\n\n * because {.\n */\n", "// it's\n").map((comment) => ({
        name,
        text: comment + text,
        code: text,
      })),
    );

const NAMES = [..."abcdefgh"].map((letter) => `name_${letter}`);
const definitions = fc.tuple(...NAMES.map(definition));
const gap = fc.constantFrom("", "\n", "\n\n", "/* text */\n", "#include <x.h>\n", "\n/* a\n\n b */\n\n");

test("a definition whose text is another is among the names of the units that changed", () => {
  const file = fc.record({
    before: definitions,
    after: definitions,
    kept: fc.array(fc.boolean(), { minLength: NAMES.length, maxLength: NAMES.length }),
    gaps: fc.array(gap, { minLength: NAMES.length, maxLength: NAMES.length }),
    guard: fc.constantFrom("", "#ifndef _GUARD_H\n#define _GUARD_H\n\n"),
  });
  fc.assert(
    fc.property(file, ({ before, after, kept, gaps, guard }) => {
      const now = before.map((one, i) => (kept[i] === true ? one : (after[i] ?? one)));
      const joined = (all: readonly Definition[]): string =>
        guard + all.map(({ text }, i) => `${gaps[i]}${text}`).join("") + (guard === "" ? "" : "#endif\n");
      const found = changedNames(joined(before), joined(now));
      for (const [i, one] of before.entries()) {
        if (one.code !== now[i]?.code) expect(found).toContain(one.name);
      }
    }),
    { numRuns: 3_000 },
  );
});

test("a condition that is put around some definitions is a change of all of them", () => {
  const file = fc.record({
    all: definitions,
    from: fc.nat({ max: NAMES.length - 1 }),
    length: fc.integer({ min: 1, max: NAMES.length }),
    directive: fc.constantFrom("#if 0\n", "#ifdef CONFIG_X\n"),
  });
  fc.assert(
    fc.property(file, ({ all, from, length, directive }) => {
      const within = (i: number): boolean => i >= from && i < from + length;
      const text = all.map((one) => one.text).join("\n");
      const wrapped = all
        .map((one, i) => {
          const isLast = within(i) && !within(i + 1 < all.length ? i + 1 : -1);
          return `${i === from ? directive : ""}${one.text}${isLast ? "#endif\n" : ""}`;
        })
        .join("\n");
      const found = changedNames(text, wrapped);
      for (const [i, { name }] of all.entries()) if (within(i)) expect(found).toContain(name);
    }),
    { numRuns: 1_000 },
  );
});
