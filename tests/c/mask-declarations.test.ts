/** Annotations and macros at file scope, in structs and in enums: one row for each construct of kernel C. */
import { describe, expect, test } from "vitest";
import { type Construct, expectDigestible, syntaxOf } from "./fixtures.ts";

const TAIL = "static int last(void)\n{\n\treturn 7;\n}\n";

const ANNOTATIONS: readonly Construct[] = [
  {
    name: "before the type, between type and name, after the parameters",
    c: "static __init int f(void)\n{\n\treturn 1;\n}\nstatic int __init g(void)\n{\n\treturn 2;\n}\nint h(void) __must_check;\n__must_check int i(void) { return 3; }\n",
    keeps: "static f return 1 g 2 h i 3",
    raw: "fails",
  },
  {
    name: "on parameters, pointers, variables and members",
    c: "static long f(char __user *p, struct s __rcu **q, int n __maybe_unused)\n{\n\tvoid __iomem *r __maybe_unused = q;\n\tint a[3] __aligned(8);\n\n\treturn g((void __force *)p, r, a);\n}\nstruct s {\n\tu32 a __aligned(4);\n\tvoid __percpu *b;\n} __packed __aligned(8);\n",
    keeps: "f p q n r g a struct s b",
    raw: "fails",
  },
  {
    name: "__releases after the parameter list",
    c: "static void f(struct s *s)\n\t__releases(&s->lock)\n\t__acquires(RCU)\n{\n\tg(s);\n}\n",
    keeps: "f s g",
    hides: "__releases __acquires RCU",
    raw: "fails",
  },
  {
    name: "with format arguments",
    c: "static __printf(2, 3) void f(int n, const char *fmt, ...)\n{\n\tg(n, fmt);\n}\n__printf(1, 0)\nint h(const char *fmt)\n{\n\treturn 0;\n}\n",
    keeps: "f n fmt g h return 0",
    raw: "fails",
  },
  {
    name: "__attribute__ with nested parentheses",
    c: '__attribute__((section(".x"), format(printf, 1, 2))) static int f(const char *a, ...)\n{\n\treturn 0;\n}\nstatic int g(void) __attribute__((alias("f")));\n',
    keeps: "f a return 0 g",
    raw: "parses",
  },
  {
    name: "unknown ones in capitals",
    c: "static NOINLINE_HERE int f(void)\n{\n\treturn 1;\n}\nint EXPORTED_API g(struct s *s)\n{\n\treturn 2;\n}\nAPI_CALL int API_RETURN h(void)\n{\n\treturn 3;\n}\n",
    keeps: "f return 1 g s 2 h 3",
    hides: "NOINLINE_HERE EXPORTED_API API_CALL API_RETURN",
    raw: "fails",
  },
  {
    name: "unknown ones with arguments",
    c: "static __unheard_of(1, 2) int f(int a)\n{\n\treturn a;\n}\nVENDOR_ATTR(3) static int g(void)\n{\n\treturn 1;\n}\n",
    keeps: "f a return g 1",
    raw: "fails",
  },
  {
    name: "unknown ones after the parameter list",
    c: "static int f(struct s *s)\n\t__unheard_of(s->lock) ALSO_THIS\n{\n\treturn 1;\n}\nint g(int a) ALSO_THIS;\n",
    keeps: "f s return 1 g a",
    hides: "ALSO_THIS",
    raw: "fails",
  },
  {
    name: "unknown ones in parameters and after arrays",
    c: "static int f(const char *const NOT_NULL a, struct s *IN_OUT s)\n{\n\treturn *a;\n}\nstatic int table[3] IN_SECTION = { 1, 2, 3 };\n",
    keeps: "f a s return table 1",
    hides: "NOT_NULL IN_SECTION",
    raw: "fails",
  },
  {
    name: "types that look like annotations stay",
    c: "static __be32 f(__u8 a, __le16 *b)\n{\n\treturn (__force __be32)a;\n}\nDWORD g(HANDLE h)\n{\n\treturn 1;\n}\n",
    keeps: "__be32 f __u8 a __le16 b DWORD g HANDLE h return 1",
    raw: "fails",
  },
  {
    name: "a member that is called like an annotation",
    c: "static int f(struct s *s)\n{\n\treturn s->__unused + s->x.__user;\n}\n",
    keeps: "f s __unused x __user",
    raw: "parses",
  },
];

const FILE_SCOPE: readonly Construct[] = [
  {
    name: "declaring macros with semicolon",
    c: `static DEFINE_MUTEX(lock);\nDECLARE_DELAYED_WORK(work, fn);\nEXPORT_SYMBOL_GPL(last);\nmodule_init(start);\nMODULE_LICENSE("GPL");\n${TAIL}`,
    keeps: "last return 7",
    raw: "parses",
  },
  {
    name: "declaring macros without semicolon",
    c: `DEFINE_SHOW_ATTRIBUTE(stats)\nstatic LIST_HEAD(heads)\nstatic int first(int a)\n{\n\treturn a;\n}\nEXPORT_IT(first)\nSTAMP()\n${TAIL}`,
    keeps: "first a return last 7",
    raw: "fails",
  },
  {
    name: "declaring macros with an initialiser",
    c: `static DEFINE_PER_CPU(int, counter) = 3;\nDEFINE_SPARSE(table)[] = { 1, 2 };\n${TAIL}`,
    keeps: "last return 7",
    raw: "fails",
  },
  {
    name: "macros that define functions",
    c: "SYSCALL_DEFINE3(frob, int, fd, char __user *, buf, size_t, count)\n{\n\treturn do_frob(fd, buf, count);\n}\nBPF_CALL_1(bpf_x, u64, a) {\n\treturn a;\n}\nstatic MY_SHOW_FN(name)\n{\n\treturn 0;\n}\n",
    keeps: "return do_frob fd buf count a 0",
    raw: "fails",
  },
  {
    name: "macros that define functions over several lines",
    c: "SYSCALL_DEFINE2(frob, int, fd,\n\t\tstruct s *, s)\n{\n\treturn do_frob(fd, s);\n}\n",
    keeps: "return do_frob fd s",
    raw: "fails",
  },
  {
    name: "a function that returns a struct pointer, and one on one line",
    c: "struct s *f(void)\n{\n\treturn NULL;\n}\nstatic inline struct s g(void) { return (struct s) { .a = 1 }; }\nconst struct s *const *h(int n) { return 0; }\n",
    keeps: "struct s f return NULL g a 1 const h n 0",
    raw: "parses",
  },
  {
    name: "a string in pieces and asm at file scope",
    c: `asm(".text\\n"\n    ".globl x\\n");\nMODULE_DESCRIPTION("a " "b" TAIL_TEXT);\n${TAIL}`,
    keeps: "last return 7",
    raw: "parses",
  },
];

const MEMBERS: readonly Construct[] = [
  {
    name: "struct_group and its kin",
    c: `struct s {\n\tint a;\n\tstruct_group(inner,\n\t\tint b;\n\t\tint c;\n\t);\n\tstruct_group_tagged(tag, name, u8 d; u8 e; );\n\t__struct_group(tag2, name2, __packed, int f;);\n\tint g;\n};\n${TAIL}`,
    keeps: "struct s a b c d e f g last",
    hides: "struct_group inner tag name",
    raw: "fails",
  },
  {
    name: "DECLARE_BITMAP and other declaring members",
    c: `struct s {\n\tDECLARE_BITMAP(flags, 64);\n\tint a;\n\tDECLARE_FLEX_ARRAY(struct t, items);\n\tKABI_RESERVE(1)\n\tKABI_RESERVE(2)\n\tint (*fn)(struct s *s, int);\n};\n${TAIL}`,
    keeps: "struct s a int fn last",
    hides: "DECLARE_BITMAP KABI_RESERVE",
    raw: "fails",
  },
  {
    name: "macros as enumerators",
    c: `enum e {\n\tFIRST,\n\tMANY(x),\n\tOTHER(y)\n\tLAST = 4,\n};\n${TAIL}`,
    keeps: "enum e FIRST LAST 4 last",
    hides: "MANY",
    raw: "fails",
  },
];

describe("annotations", () => {
  test.each(ANNOTATIONS)("$name", (row) => {
    expectDigestible(row);
  });
});

describe("macros at file scope", () => {
  test.each(FILE_SCOPE)("$name", (row) => {
    expectDigestible(row);
  });

  test("a macro before a function does not give it its name", () => {
    const file = expectDigestible({ ...(FILE_SCOPE[1] as Construct) });
    expect(file.functions.map((one) => one.name)).toEqual(["first", "last"]);
  });

  test("an annotation with arguments before a function does not give it its name", () => {
    const row = ANNOTATIONS.find((one) => one.name === "unknown ones with arguments");
    const file = expectDigestible({ ...(row as Construct) });
    expect(file.functions.map((one) => one.name)).toEqual(["f", "g"]);
  });

  test("an annotation after the parameter list does not give it its name", () => {
    const row = ANNOTATIONS.find((one) => one.name === "unknown ones after the parameter list");
    expect(expectDigestible({ ...(row as Construct) }).functions.map((one) => one.name)).toEqual(["f"]);
  });
});

describe("members and enumerators", () => {
  test.each(MEMBERS)("$name", (row) => {
    const file = expectDigestible(row);
    expect(syntaxOf(file, "last").type).toBe("translation_unit");
  });
});
