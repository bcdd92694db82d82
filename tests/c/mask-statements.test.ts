/** Macros where statements should stand: one row for each construct of kernel C. */
import { describe, expect, test } from "vitest";
import { type Construct, expectDigestible, syntaxOf, textsOf } from "./fixtures.ts";

const LOOPS: readonly Construct[] = [
  {
    name: "list_for_each_entry with braces",
    c: "static int count(struct list_head *head)\n{\n\tstruct node *n;\n\tint i = 0;\n\n\tlist_for_each_entry(n, head, link) {\n\t\ti++;\n\t}\n\treturn i;\n}\n",
    keeps: "count head node link i return",
    raw: "fails",
  },
  {
    name: "list_for_each_entry without braces",
    c: "static void all(struct list_head *head)\n{\n\tstruct node *n;\n\n\tlist_for_each_entry(n, head, link)\n\t\tvisit(n);\n\tdone();\n}\n",
    keeps: "head link visit done",
    raw: "fails",
  },
  {
    name: "a loop macro that takes another one",
    c: "static void all(void)\n{\n\thlist_for_each_entry_rcu(a, h, link)\n\t\tfor_each_set_bit(b, a->mask, 8)\n\t\t\tif (b)\n\t\t\t\tvisit(a, b);\n}\n",
    keeps: "a h link b mask visit",
    raw: "fails",
  },
  {
    name: "a loop macro before an increment",
    c: "static int n(void)\n{\n\tint i = 0;\n\n\tlist_for_each(p, &head)\n\t\t++i;\n\tlist_for_each(p, &head)\n\t\t*total += 1;\n\treturn i;\n}\n",
    keeps: "p head i total return",
    raw: "fails",
  },
  {
    name: "a loop macro without arguments",
    c: "static void all(void)\n{\n\tfor_each_possible() {\n\t\tvisit();\n\t}\n}\n",
    keeps: "visit",
    raw: "fails",
  },
  {
    name: "a loop macro with an empty body",
    c: "static void all(void)\n{\n\tlist_for_each(p, &head);\n\tdone();\n}\n",
    keeps: "p head done",
    raw: "parses",
  },
  {
    name: "a loop whose name is a field before",
    c: "static void all(struct t *t)\n{\n\tt->for_each(t);\n\tfor_each_t(t, list) {\n\t\tvisit(t);\n\t}\n}\n",
    keeps: "t for_each list visit",
    raw: "fails",
  },
  {
    name: "do {} while_each_thread()",
    c: "static void all(void)\n{\n\tdo_each_thread(g, p) {\n\t\tvisit(p);\n\t} while_each_thread(g, p);\n\tdo {\n\t\tvisit(p);\n\t} while_each_pid_task(pid, PIDTYPE_PGID, p);\n}\n",
    keeps: "g p visit pid PIDTYPE_PGID",
    raw: "fails",
  },
  {
    name: "scoped_guard with and without braces",
    c: "static void locked(struct s *s)\n{\n\tscoped_guard(mutex, &s->lock) {\n\t\ts->n++;\n\t}\n\tscoped_guard(spinlock_irqsave, &s->lock)\n\t\ts->n--;\n\tguard(mutex)(&s->lock);\n\ts->m = 0;\n}\n",
    keeps: "mutex s lock n spinlock_irqsave m",
    raw: "fails",
  },
  {
    name: "a macro with two groups before a block",
    c: "static void locked(struct s *s)\n{\n\twith_lock(mutex)(&s->lock) {\n\t\ts->n++;\n\t}\n}\n",
    keeps: "mutex n",
    raw: "fails",
  },
];

const STATEMENTS: readonly Construct[] = [
  {
    name: "a statement macro without semicolon",
    c: "static int f(void)\n{\n\tTRACE_IT(a, b)\n\treturn 0;\n}\n\nstatic void g(void)\n{\n\tTRACE_END()\n}\n",
    keeps: "TRACE_IT a b return TRACE_END",
    raw: "fails",
  },
  {
    name: "a word that is a whole statement",
    c: "static int f(int a)\n{\n\tENTER_HERE\n\tif (a)\n\t\treturn 1;\n\tLEAVE_HERE\n\treturn 0;\n}\n",
    keeps: "a return",
    hides: "ENTER_HERE",
    raw: "fails",
  },
  {
    name: "a label before a closing brace",
    c: "static void f(int a)\n{\n\tif (a)\n\t\tgoto out;\n\tg();\nout:\n}\n",
    keeps: "a goto out g",
    raw: "fails",
  },
  {
    name: "a label before a closing brace in a block",
    c: "static void f(int a)\n{\n\twhile (a) {\n\t\tif (g(a))\n\t\t\tgoto next;\n\t\ta--;\nnext: ;\n\t}\n\tdo {\n\t\tgoto last;\nlast:\n\t} while (a);\n}\n",
    keeps: "a next last",
    raw: "fails",
  },
  {
    name: "a case range",
    c: "static int f(int a)\n{\n\tswitch (a) {\n\tcase 1 ... 5:\n\t\treturn 1;\n\tcase LOW...HIGH:\n\tcase 'a' ... 'z':\n\t\treturn 2;\n\t}\n\treturn 0;\n}\n",
    keeps: "case 1 LOW 'a' return",
    hides: "HIGH 'z'",
    raw: "fails",
  },
  {
    name: "addresses of labels",
    c: "static int f(int a)\n{\n\tvoid *p = &&first;\n\tstatic const void *const table[] = {\n\t\t[0] = &&first,\n\t\t&&second,\n\t};\n\n\tif (a && table[a])\n\t\tg(&&first, p && a);\nfirst:\n\treturn 1;\nsecond:\n\treturn 2;\n}\n",
    keeps: "p table first second a && g return",
    raw: "parses",
  },
  {
    name: "computed goto",
    c: "static int f(int a)\n{\n\tgoto *table[a];\nfirst:\n\treturn 1;\n}\n",
    keeps: "first goto return",
    raw: "fails",
  },
  {
    name: "asm goto behind a macro's name",
    c: 'static int f(void)\n{\n\tasm_volatile_goto("1: jmp %l[out]" : : "i" (1) : : out);\n\treturn 1;\nout:\n\treturn 0;\n}\n',
    keeps: "f return 1 out 0",
    raw: "fails",
  },
  {
    name: "asm with operands",
    c: 'static unsigned long f(unsigned long x)\n{\n\tunsigned long y;\n\n\tasm volatile("mov %1, %0\\n\\t"\n\t\t     "add $1, %0"\n\t\t     : "=r" (y) : [in] "r" (x), "i" (8) : "cc", "memory");\n\tasm goto("1: jmp %l[out]" : : : : out);\n\t__asm__ __volatile__("" ::: "memory");\nout:\n\treturn y;\n}\n',
    keeps: "x y out return",
    hides: "cc memory",
    raw: "parses",
  },
  {
    name: "static DEFINE_X() in a function",
    c: "static int f(void)\n{\n\tstatic DEFINE_RATELIMIT_STATE(rs, 5 * HZ, 10);\n\tstatic DEFINE_MUTEX(lock);\n\n\tmutex_lock(&lock);\n\treturn ok(&rs);\n}\n",
    keeps: "rs 5 HZ 10 lock mutex_lock ok",
    raw: "fails",
  },
  {
    name: "DECLARE_BITMAP locals, with and without initialiser",
    c: "static int f(void)\n{\n\tDECLARE_BITMAP(a, 64) = { 0 };\n\tDECLARE_BITMAP(b, 64);\n\tDECLARE_WAITQUEUE(wait, current);\n\n\treturn g(a, b, &wait);\n}\n",
    keeps: "b wait current return g",
    raw: "fails",
  },
  {
    name: "fallthrough in its three spellings",
    c: "static int f(int a)\n{\n\tswitch (a) {\n\tcase 1:\n\t\ta++;\n\t\t[[fallthrough]];\n\tcase 2:\n\t\ta++;\n\t\tfallthrough;\n\tcase 3:\n\t\ta++;\n\t\t__attribute__((__fallthrough__));\n\tdefault:\n\t\tbreak;\n\t}\n\treturn a;\n}\n",
    keeps: "case 1 2 3 default break",
    raw: "fails",
  },
  {
    name: "a closing brace in the first column inside a function",
    c: "static int f(int a)\n{\n\tif (a) {\n\t\ta++;\n}\n\telse {\n\t\ta--;\n\t}\n\treturn a;\n}\n\nstatic int g(void) { return 1; }\n",
    keeps: "if else return g 1",
    raw: "parses",
  },
  {
    name: "#if and #else with half an if each",
    c: "static int f(int a)\n{\n#ifdef CONFIG_A\n\tif (a > 1) {\n#else\n\tif (a > 2) {\n#endif\n\t\ta++;\n\t}\n\treturn a;\n}\n\nstatic int g(void)\n{\n\treturn 2;\n}\n",
    keeps: "if a 1 g",
    hides: "3",
    raw: "fails",
  },
  {
    name: "a condition that goes on in a switched-off part",
    c: "static int f(int a)\n{\n\tif (a\n#if IS_ENABLED(CONFIG_B)\n\t    && g(a)\n#endif\n\t    )\n\t\treturn 1;\n\treturn 0;\n}\n",
    keeps: "a g return",
    raw: "fails",
  },
  {
    name: "statement expressions and local labels",
    c: "static int f(int a)\n{\n\tint b = ({\n\t\t__label__ again;\n\t\tint c = a;\nagain:\n\t\tif (c-- > 0)\n\t\t\tgoto again;\n\t\tc;\n\t});\n\n\treturn b;\n}\n",
    keeps: "a b c again goto",
    raw: "parses",
  },
  {
    name: "numbers that are parts of names",
    c: "static void f(struct s *s)\n{\n\tset_mode(s, 1000baseT, Full);\n\tset_value(s, 0x1f, 10UL, 1.5e3, 0b101);\n}\n",
    keeps: "set_mode s Full 0x1f 10UL 1.5e3 0b101",
    raw: "fails",
  },
];

describe("loops that are macros", () => {
  test.each(LOOPS)("$name", (row) => {
    expectDigestible(row);
  });
});

describe("statements that are macros", () => {
  test.each(STATEMENTS)("$name", (row) => {
    expectDigestible(row);
  });
});

describe("what the tree has of them", () => {
  test("the body of a loop macro belongs to the loop", () => {
    const [, row] = LOOPS;
    if (row === undefined) throw new Error("row missing");
    const file = expectDigestible(row);
    expect(textsOf(file, syntaxOf(file, "all"), "while_statement")).toEqual([
      "list_for_each_entry(n, head, link) visit(n);",
    ]);
  });

  test("the words of a node are those of the file, whatever the parser saw", () => {
    const file = expectDigestible({
      name: "",
      c: "static void f(void)\n{\n\tfor_each_x(x, y) { g(min_t(unsigned int, 1, 2)); }\n}\n",
      keeps: "x y g 1 2",
      raw: "fails",
    });
    expect(textsOf(file, syntaxOf(file, "f"), "argument_list")).toEqual([
      "(min_t(unsigned int, 1, 2))",
      "(unsigned int, 1, 2)",
    ]);
  });

  test("both halves of an if stay one function", () => {
    const row = STATEMENTS.find((one) => one.name.startsWith("#if and #else"));
    if (row === undefined) throw new Error("row missing");
    const file = expectDigestible(row);
    expect(file.functions.map((one) => one.name)).toEqual(["f", "g"]);
  });
});
