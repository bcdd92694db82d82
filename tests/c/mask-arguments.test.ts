/** Arguments that no function could take: one row for each construct of kernel C. */
import { describe, expect, test } from "vitest";
import { type Construct, expectDigestible, syntaxOf, textsOf } from "./fixtures.ts";

const f = (body: string): string => `static void f(struct s *s, int n)\n{\n\t${body}\n}\n`;

const TYPES: readonly Construct[] = [
  {
    name: "container_of with a struct type",
    c: f("struct t *t = container_of(s, struct t, member.inner);\n\n\tg(t);"),
    keeps: "container_of s member inner g t",
    raw: "fails",
  },
  { name: "min_t", c: f("n = min_t(unsigned int, n, 4096);"), keeps: "n min_t 4096", raw: "fails" },
  {
    name: "min_t over two lines",
    c: f("n = min_t(unsigned\n\t\t  long long, n,\n\t\t  s->max);"),
    keeps: "n min_t s max",
    raw: "fails",
  },
  {
    name: "clamp_t with a pointer type",
    c: f("p = clamp_t(u8 *, p, lo, hi);\n\tq = clamp_t(const struct s *, q, lo, hi);"),
    keeps: "p clamp_t lo hi q",
    raw: "fails",
  },
  {
    name: "va_arg",
    c: "static int f(int n, ...)\n{\n\tva_list args;\n\tint x;\n\n\tva_start(args, n);\n\tx = va_arg(args, int);\n\ty = va_arg(args, struct s *);\n\tva_end(args);\n\treturn x;\n}\n",
    keeps: "n va_list args va_arg x return",
    raw: "fails",
  },
  {
    name: "typeof in declarations, casts and arguments",
    c: f("typeof(s->n) a = 0;\n\t__typeof__(*s) *b = (typeof(b))s;\n\n\tg(a, (typeof(n))b, max_t(typeof(a), a, n));"),
    keeps: "a 0 b s g max_t n",
    raw: "fails",
  },
  {
    name: "typeof over lines",
    c: f("typeof(s\n\t       ->member) a = 0;\n\n\tg(a);"),
    keeps: "a 0 g",
    raw: "fails",
  },
  {
    name: "offsetof with nested members",
    c: f("n = offsetof(struct s, a.b[3].c) + offsetof(struct s, d) + offsetofend(struct s, e);"),
    keeps: "n a b 3 c d e offsetofend",
    raw: "fails",
  },
  {
    name: "alignof of an expression",
    c: f("n = __alignof__(s->n) + __alignof__(struct s) + sizeof(struct s) + sizeof(*s) + _Alignof(s->n);"),
    keeps: "n s sizeof",
    raw: "fails",
  },
  {
    name: "sizeof with types stays as it is",
    c: f("n = sizeof(struct s) * sizeof(unsigned long);\n\tg(sizeof(const char *));"),
    keeps: "n sizeof struct s unsigned long g const char",
    raw: "parses",
  },
  {
    name: "types of prototypes inside functions stay",
    c: f("extern int g(struct s *, unsigned int);\n\n\tg(s, n);"),
    keeps: "extern int g struct s unsigned n",
    raw: "parses",
  },
  {
    name: "a type argument of a call at file scope after =",
    c: "static struct t x = {\n\t.size = ALIGN_TO(sizeof(struct t), unsigned long),\n\t.off = field_of(struct t, off),\n};\nstatic int b[FIELD_SIZE(struct t, b)];\nstatic int f(void) { return x.size; }\n",
    keeps: "x size ALIGN_TO off field_of b f return",
    raw: "fails",
  },
];

const OTHERS: readonly Construct[] = [
  {
    name: "wait_event_cmd with statements",
    c: f("wait_event_cmd(s->wait, n == 0, spin_unlock(&s->lock); x = 1, spin_lock(&s->lock););\n\tg(n);"),
    keeps: "wait_event_cmd wait n 0 spin_unlock lock spin_lock g",
    raw: "fails",
  },
  {
    name: "an if and a return as arguments",
    c: f("on_each(s, if (n) return, goto out);\nout:\n\tg(n);"),
    keeps: "on_each s out g n",
    raw: "fails",
  },
  {
    name: "a block as argument",
    c: f("run_locked(s, { n++; g(n); });\n\tg(n);"),
    keeps: "run_locked s g",
    raw: "parses",
  },
  {
    name: "a block with calls, types and loops as argument",
    c: f("run_locked(s, { list_for_each(p, s) { n = min_t(int, n, 1); } });\n\tg(n);"),
    keeps: "run_locked s",
    raw: "fails",
  },
  {
    name: "a statement with a type argument as argument",
    c: f("run_locked(s, if (n) n = min_t(unsigned int, n, 1));\n\tg(n);"),
    keeps: "run_locked s",
    raw: "fails",
  },
  {
    name: "a statement with a string glued from macros as argument",
    c: f('run_locked(s, return print(KERN_ERR "text" PRIu64));\n\tg(n);'),
    keeps: "run_locked s",
    raw: "fails",
  },
  {
    name: "operators as arguments",
    c: f("ASSERT_CMP(n, ==, 1);\n\tASSERT_CMP(n, <, s->max);\n\tFOLD(+, n, 1);\n\tCHECK(n, &&, s);"),
    keeps: "ASSERT_CMP n 1 s max FOLD CHECK",
    raw: "fails",
  },
  {
    name: "empty arguments",
    c: f("TRACE(n, , s);\n\tTRACE(, n);\n\tTRACE(n, );\n\tTRACE(,);\n\tTRACE();"),
    keeps: "TRACE n s",
    raw: "fails",
  },
  {
    name: "strings glued from macros",
    c: f(
      'printk(KERN_ERR PREFIX "a %" PRIu64 " b" SUFFIX "\\n", n);\n\tdbg(FMT_A FMT_B, n);\n\tdbg(__stringify(N) "x" STR(y) "z");',
    ),
    keeps: 'printk " b" n dbg FMT_A "x"',
    hides: "KERN_ERR PRIu64 FMT_B SUFFIX",
    raw: "fails",
  },
  {
    name: "strings glued from macros in an initialiser",
    c: 'static const char *const names[] = {\n\tPREFIX "a" SUFFIX,\n\tNAME(b) "c",\n\t[2] = "d" "e",\n};\nstatic int f(void) { return 0; }\n',
    keeps: 'names "a" "c" "d" "e" f return',
    raw: "fails",
  },
  {
    name: "elements that bring their own comma",
    c: "static const struct e table[] = {\n\tENTRY(a)\n\tENTRY(b)\n\tENTRY(c)\n\t{ 0 },\n};\nstatic int f(void) { return 0; }\n",
    keeps: "table 0 f return",
    raw: "fails",
  },
  {
    name: "compound literals as arguments",
    c: f("g(&(struct t){ .a = 1, .b = { 2, 3 } }, (int[]){ 1, 2 }, n);\n\t*s = (struct s){ };\n\treturn;"),
    keeps: "g struct t a 1 b 2 3 n s return",
    raw: "parses",
  },
  {
    name: "the elvis operator and a nested call",
    c: f("n = g(n ?: h(n, min_t(int, n, 1)), n);"),
    keeps: "n g h min_t 1",
    raw: "parses",
  },
];

describe("types as arguments", () => {
  test.each(TYPES)("$name", (row) => {
    expectDigestible(row);
  });
});

describe("other arguments", () => {
  test.each(OTHERS)("$name", (row) => {
    expectDigestible(row);
  });
});

describe("what the tree has of them", () => {
  test("a type argument is one argument with the file's words", () => {
    const file = expectDigestible({ ...(TYPES[0] as Construct) });
    const args = textsOf(file, syntaxOf(file, "f"), "identifier").filter((text) => text.includes("struct"));
    expect(args).toEqual(["struct t"]);
  });

  test("an operator argument does not make an expression of its neighbours", () => {
    const file = expectDigestible({ name: "", c: f("ASSERT_CMP(n, ==, 1);"), keeps: "n 1", raw: "fails" });
    expect(textsOf(file, syntaxOf(file, "f"), "binary_expression")).toEqual([]);
    expect(textsOf(file, syntaxOf(file, "f"), "identifier")).toContain("==");
  });
});
