/** What one file defines and uses. */
import { describe, expect, test } from "vitest";
import { argumentTexts, type FileIndex, indexFile } from "../../tools/c/file-index.ts";
import { readC } from "./fixtures.ts";

function index(text: string, watched: readonly string[] = []): FileIndex {
  return indexFile(readC(text), new Set(watched));
}

/** Calls as `name in function: arguments`. */
function calls(text: string, name: string): readonly string[] {
  return (index(text).calls.get(name) ?? []).map(
    (site) => `${site.function?.name ?? "file"}: ${argumentTexts(site).join(" | ")}`,
  );
}

describe("call sites", () => {
  const TEXT = `static DECLARE_DELAYED_WORK(work, fn);
static int f(struct s *s)
{
	/* g(comment) */
	g(s, /* two */ 2,
	  h(3, "a, b"));
	s->ops->g(4);
	if (g())
		return (*g)(5);
	list_for_each_entry(p, &s->list, link)
		g(min_t(unsigned int, 1, 2), (struct s){ 1, 2 }, a[1, 2]);
	return sizeof(g);
}

int k(void) { return g(k); }
`;

  test("have their function and their arguments' texts", () => {
    expect(calls(TEXT, "g")).toEqual([
      'f: s | 2 | h(3, "a, b")',
      "f: 4",
      "f: ",
      "f: min_t(unsigned int, 1, 2) | (struct s){ 1, 2 } | a[1, 2]",
      "k: k",
    ]);
    expect(calls(TEXT, "h")).toEqual(['f: 3 | "a, b"']);
    expect(calls(TEXT, "min_t")).toEqual(["f: unsigned int | 1 | 2"]);
  });

  test("at file scope are macros", () => {
    expect(calls(TEXT, "DECLARE_DELAYED_WORK")).toEqual(["file: work | fn"]);
  });

  test("definitions, keywords and switched-off text are no calls", () => {
    expect([
      ...index(
        "int f(int a)\n{\n\tif (a)\n\t\treturn sizeof(a);\n\twhile (a) ;\n\tswitch (a) { }\n#if 0\n\tg();\n#endif\n}\n",
      ).calls.keys(),
    ]).toEqual([]);
  });

  test("offsets are those of the name", () => {
    const [site] = index(TEXT).calls.get("h") ?? [];
    expect(TEXT.slice(site?.offset, (site?.offset ?? 0) + 2)).toBe("h(");
  });

  test("a function without arguments, and one with an empty one", () => {
    expect(calls("void f(void) { g( ); g(1, ); g(, 1); }\n", "g")[0]).toBe("f: ");
  });
});

describe("functions and prototypes", () => {
  test("prototypes are told from definitions and from macros", () => {
    const { prototypes, calls: sites } = index(
      "int f(void);\nstruct s *g(int a, int (*fn)(int));\nextern __must_check int h(void) __init;\nstatic MACRO(x);\nMODULE(y);\nint k(void) { return 0; }\nunsigned long m(void);\n",
    );
    expect([...prototypes.keys()]).toEqual(["f", "g", "h", "m"]);
    expect([...sites.keys()]).toEqual(["MACRO", "MODULE"]);
  });

  test("static functions of one file", () => {
    expect(
      readC("static int f(void) { return 1; }\nint g(void) { return f(); }\n").functions.map((one) => one.name),
    ).toEqual(["f", "g"]);
  });
});

describe("structs, typedefs and variables", () => {
  test("struct bodies, nested ones, unions", () => {
    const text =
      "struct a { int x; struct b { int y; } in; };\nunion u { int a; };\nstruct c *p;\nstruct d f(struct e *x) { struct g { int z; } h; }\n";
    const { structs } = index(text);
    expect([...structs.keys()]).toEqual(["a", "b", "u", "g"]);
    const site = structs.get("a");
    expect(text.slice(site?.start, site?.end)).toBe("struct a { int x; struct b { int y; } in; }");
  });

  test("typedefs of structs with and without tag and body", () => {
    const { typedefs } = index(
      "typedef struct { int a; } one_t;\ntypedef struct two { int a; } two_t;\nstruct three { int a; };\ntypedef struct three three_t;\n",
    );
    expect(typeof typedefs.get("one_t")).toBe("object");
    expect(typedefs.get("two_t")).toBe("two");
    expect(typedefs.get("three_t")).toBe("three");
  });

  test("a typedef is no variable", () => {
    expect([...index("typedef struct a a_t;\ntypedef int b_t;\n").variables.keys()]).toEqual([]);
  });

  test("variables at file scope, with their struct's tag", () => {
    const { variables } = index(
      "static struct workqueue_struct *wq;\nint n = 3;\nstruct s table[3][4] = { };\nextern struct t *const t;\nstatic u32 counter;\nint f(void) { struct local l; return 0; }\n",
    );
    expect([...variables]).toEqual([
      ["wq", "workqueue_struct"],
      ["n", null],
      ["table", "s"],
      ["t", "t"],
      ["counter", null],
    ]);
  });

  test("a variable that is declared with its struct's body", () => {
    expect(index("static struct state {\n\tint a;\n} global;\n").variables.get("global")).toBe("state");
  });

  test("several variables of one declaration", () => {
    expect([...index("static struct s *a, *b;\n").variables.keys()]).toEqual(["a", "b"]);
  });
});

describe("enums", () => {
  test("values and predecessors", () => {
    const { enumerators } = index("enum e { A, B = (1 << 3), /* c */ C, D = F(1, 2), };\nenum { G };\n");
    expect(
      [...enumerators.values()].map(({ name, valueText, previous }) => `${name} ${valueText?.trim()} ${previous}`),
    ).toEqual(["A undefined null", "B (1 << 3) A", "C undefined B", "D F(1, 2) C", "G undefined null"]);
  });

  test("in structs and functions too", () => {
    expect([
      ...index("struct s { enum { A, B } e; };\nint f(void) { enum { C } x; return C; }\n").enumerators.keys(),
    ]).toEqual(["A", "B", "C"]);
  });
});

describe("ops tables", () => {
  test("designated members that are names, with table and struct", () => {
    const { tables } = index(
      "const struct ops ops = {\n\t.open = my_open,\n\t.close\t= &my_close,\n\t.size = 3,\n\t.call = f(x),\n\t.in = { .deep = my_deep },\n};\n",
    );
    expect(tables.map(({ table, structTag, field, value }) => `${structTag} ${table}.${field} = ${value}`)).toEqual([
      "ops ops.open = my_open",
      "ops ops.close = my_close",
      "ops ops.deep = my_deep",
    ]);
  });

  test("arrays of tables, and literals in functions", () => {
    const { tables } = index(
      "static struct ops list[2] = {\n\t[0] = { .open = a },\n\t[1] = { .open = b, },\n};\nint f(void)\n{\n\tstruct ops o = { .open = c };\n\n\tg((struct ops){ .open = d });\n}\n",
    );
    expect(tables.map(({ table, structTag, value }) => `${structTag} ${table} ${value}`)).toEqual([
      "ops list a",
      "ops list b",
      "ops o c",
      "null null d",
    ]);
  });

  test("assignments to members in functions are no table", () => {
    expect(index("void f(struct s *s) { s->open = my_open; s->o.open = my_open; }\n").tables).toEqual([]);
  });
});

describe("watched names", () => {
  test("their uses inside functions are found, others not", () => {
    const { mentions } = index(
      "int jiffies;\nint f(void) { return jiffies + other; }\nint g(void) { return x.jiffies; }\n",
      ["jiffies"],
    );
    expect([...mentions.keys()]).toEqual(["jiffies"]);
    expect(mentions.get("jiffies")?.map((site) => site.function?.name)).toContain("f");
  });
});
