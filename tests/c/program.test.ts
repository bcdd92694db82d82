/** Lookups over several files and headers, and the types of expressions. */
import { describe, expect, test } from "vitest";
import { readCFile } from "../../tools/c/file.ts";
import { codeOfFile } from "../../tools/c/fragment.ts";
import { Program } from "../../tools/c/program.ts";
import { descendants } from "../../tools/c/syntax.ts";
import { fieldOf, localTypes, structOf } from "../../tools/c/types.ts";
import { bytes, EVERYTHING, functionNamed, programOf, syntaxOf } from "./fixtures.ts";

function programWith(files: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Program {
  return new Program(
    Object.entries(files).map(([path, text]) => readCFile(path, bytes(text), EVERYTHING)),
    Object.entries(headers).map(([path, text]) => ({ path, text: bytes(text) })),
    EVERYTHING,
  );
}

/** Fields as `name: type *`. */
function fields(program: Program, tag: string): readonly string[] {
  return [...(program.struct(tag)?.fields.values() ?? [])].map(
    ({ name, typeName, indirections }) => `${name}: ${typeName}${"*".repeat(indirections)}`,
  );
}

describe("structs", () => {
  test("members with their types, pointers, arrays, bit fields, functions", () => {
    const program = programOf(
      "struct s {\n\tint a;\n\tstruct t *b, c[3];\n\tu32 d:3;\n\tstruct delayed_work echo;\n\tvoid (*fn)(struct s *);\n\tunsigned long __rcu *e __aligned(8);\n\tDECLARE_BITMAP(f, 3);\n};\n",
    );
    expect(fields(program, "s")).toEqual([
      "a: null",
      "b: t*",
      "c: t*",
      "d: u32",
      "echo: delayed_work",
      "fn: null*",
      "e: null*",
    ]);
  });

  test("members of anonymous structs and unions are the struct's own", () => {
    const program = programOf(
      "struct s {\n\tunion {\n\t\tint a;\n\t\tstruct { int b; union { int c; }; };\n\t};\n\tint d;\n};\n",
    );
    expect(fields(program, "s")).toEqual(["a: null", "b: null", "c: null", "d: null"]);
  });

  test("unnamed types of named members get a name of their own", () => {
    const program = programOf(
      "struct s {\n\tstruct { int a; struct { int x; } deep; } in;\n\tunion u { int b; } un;\n};\n",
    );
    expect(fields(program, "s")).toEqual(["in: s.in", "un: u"]);
    expect(fields(program, "s.in")).toEqual(["a: null", "deep: s.in.deep"]);
    expect(fields(program, "s.in.deep")).toEqual(["x: null"]);
    expect(fields(program, "u")).toEqual(["b: null"]);
  });

  test("struct_group members and text in conditions", () => {
    const program = programOf(
      "struct s {\n\tstruct_group(g,\n\t\tint a;\n\t\tint b;\n\t);\n#ifdef CONFIG_X\n\tint c;\n#else\n\tint d;\n#endif\n};\n",
    );
    expect(fields(program, "s")).toEqual(["a: null", "b: null", "c: null"]);
  });

  test("through typedefs, with and without tag", () => {
    const program = programOf(
      "typedef struct { int a; } one_t;\ntypedef struct two { int b; } two_t;\nstruct three { int c; };\ntypedef struct three three_t;\n",
    );
    expect(fields(program, "one_t")).toEqual(["a: null"]);
    expect(fields(program, "two_t")).toEqual(["b: null"]);
    expect(fields(program, "three_t")).toEqual(["c: null"]);
  });

  test("from headers, when a file does not have them; unknown ones are undefined", () => {
    const program = programWith(
      { "a.c": "struct s *s;\n" },
      { "b.h": "/* struct s { */\n", "c.h": "struct s\n{\n\tint a;\n};\n" },
    );
    expect(fields(program, "s")).toEqual(["a: null"]);
    expect(program.struct("nothing")).toBeUndefined();
    expect(program.struct("nothing")).toBeUndefined();
  });

  test("through a typedef in a header that nobody has asked for anything before", () => {
    const program = programWith({ "a.c": "\n" }, { "h.h": "typedef struct {\n\tint a;\n\tstruct t *b;\n} one_t;\n" });
    expect(fields(program, "one_t")).toEqual(["a: null", "b: t*"]);
    expect(program.typedef("two_t")).toBeUndefined();
  });

  test("typedefs that name each other end", () => {
    expect(() =>
      programOf("typedef struct b { int x; } a;\ntypedef struct a { int y; } b;\n").struct("a"),
    ).not.toThrow();
  });
});

describe("names", () => {
  test("of two static functions the one in the same file is meant", () => {
    const program = programWith({
      "a.c": "static int f(void) { return 1; }\n",
      "b.c": "static int f(void) { return 2; }\n",
    });
    expect(program.function("f")?.file.path).toBe("a.c");
    expect(program.function("f", program.files[1])?.file.path).toBe("b.c");
    expect(program.function("g")).toBeUndefined();
  });

  test("macros and enumerators of files come before those of headers", () => {
    const program = programWith(
      { "a.c": "#define A 1\nenum { B = 1 };\n" },
      { "b.h": "#define A 2\n#define C 3\nenum { B = 2, D = 4 };\n" },
    );
    expect([
      program.macro("A")?.body,
      program.macro("C")?.body,
      program.enumerator("B")?.valueText?.trim(),
      program.enumerator("D")?.valueText?.trim(),
    ]).toEqual(["1", "3", "1", "4"]);
    expect(program.macro("E")).toBeUndefined();
  });

  test("calls, uses and called names over files", () => {
    const program = programWith({
      "a.c": "int f(void) { return g(1); }\n",
      "b.c": "int h(void) { return g(2) + k(); }\n",
    });
    expect(program.callsTo("g").map((site) => site.file.path)).toEqual(["a.c", "b.c"]);
    expect(program.calledNames((name) => name !== "k")).toEqual(["g"]);
    expect(program.usesOf("jiffies")).toEqual([]);
  });
});

describe("types of expressions", () => {
  const TEXT = `struct inner { unsigned long stamp; };
struct server { struct inner in; struct inner *ptr; struct inner list[2]; };
static struct server *global;
static struct server *pick(int n) { return global; }
int f(struct server *s, struct work_struct *work)
{
	struct server *t = container_of(work, struct server, work), local;
	const struct inner *const *deep;

	t->in.stamp = 1;
	s->ptr->stamp = 2;
	local.list[0].stamp = 3;
	global->in.stamp = 4;
	((struct server *)work)->in.stamp = 5;
	(*s).in.stamp = 6;
	pick(1)->in.stamp = 7;
	container_of(work, struct server, work)->in.stamp = 8;
	unknown->stamp = 9;
	(&local)->in.stamp = 10;
	(*deep)->stamp = 11;
}
`;

  test("field expressions know their struct", () => {
    const program = programOf(TEXT);
    const [file] = program.files;
    if (file === undefined) throw new Error("no file");
    const code = codeOfFile(file);
    const locals = localTypes(functionNamed(file, "f"));
    const stamps = [...descendants(syntaxOf(file, "f"))]
      .filter((node) => node.type === "field_expression" && node.parent?.type === "assignment_expression")
      .map((node) => fieldOf(node, code, locals, program));
    expect(stamps.map((one) => `${one?.structTag}.${one?.field}`)).toEqual([
      ...Array.from({ length: 8 }, () => "inner.stamp"),
      "null.stamp",
      "inner.stamp",
      "inner.stamp",
    ]);
  });

  test("locals and parameters, with their tags", () => {
    const program = programOf(TEXT);
    const [file] = program.files;
    if (file === undefined) throw new Error("no file");
    expect([...localTypes(functionNamed(file, "f"))]).toEqual([
      ["s", "server"],
      ["work", "work_struct"],
      ["t", "server"],
      ["local", "server"],
      ["deep", "inner"],
    ]);
  });

  test("what is no struct is null", () => {
    const program = programOf("int f(int a) { return a + 1; }\n");
    const [file] = program.files;
    if (file === undefined) throw new Error("no file");
    const types = [...descendants(syntaxOf(file, "f"))].map((node) =>
      structOf(node, codeOfFile(file), new Map(), program),
    );
    expect(types.every((one) => one === null)).toBe(true);
  });
});
