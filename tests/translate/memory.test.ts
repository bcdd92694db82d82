/** Structs, unions, arrays, pointers, bytes: what C's memory holds after stores through all kinds of places. */
import { describe, expect, test } from "vitest";
import { SimulationFault } from "../../tools/simulator/fault.ts";
import { Ref } from "../../tools/simulator/pointers.ts";
import { instance, model, translated, unmodelledIn } from "./harness.ts";

/** `f(void)` with a body, behind declarations at file scope. */
async function run(declarations: string, body: string, version = "6.1.0"): Promise<unknown> {
  return (await model(`${declarations}\nlong f(void)\n{\n${body}\n}\n`, { entries: ["f"], version })).call("f");
}

const POINT = "struct point { int x; u8 small; struct inner { long a; bool b; } in; int list[3]; };";

describe("structs", () => {
  test.each([
    ["a fresh one", "struct point p = { 0 };\nreturn p.x + p.in.a + p.list[2];", 0],
    ["members and nested members", "struct point p = {};\np.in.a = 5;\np.x = p.in.a + 1;\nreturn p.x;", 6],
    [
      "designated",
      "struct point p = { .in = { .a = 4 }, .x = 3, .list = { 1, 2, 3 } };\nreturn p.x * p.in.a + p.list[2];",
      15,
    ],
    ["by position", "struct point p = { 7, 300 };\nreturn p.x + p.small;", 7 + 44],
    [
      "assignment copies all of it",
      "struct point p = { 1 }, q;\nq = p;\np.x = 9;\np.in.a = 8;\nq.in.a += 2;\nreturn q.x * 100 + q.in.a;",
      102,
    ],
    [
      "initialised from another",
      "struct point p = { .list = { 1, 2 } };\nstruct point q = p;\np.list[1] = 50;\nreturn q.list[1];",
      2,
    ],
    ["a pointer to one", "struct point p = {}, *q = &p;\nq->small = 258;\n(*q).x = 3;\nreturn p.small + p.x;", 5],
    [
      "a literal",
      "struct point p;\np = (struct point){ .x = 8 };\nstruct point *q = &(struct point){ .x = 2 };\nreturn p.x + q->x;",
      10,
    ],
    ["the value of a store is what was stored", "struct point p;\nint n = p.small = 513;\nreturn n;", 1],
    [
      "++ and compound on members",
      "struct point p = {}, *q = &p;\nq->small--;\nint n = q->small++ + ++q->x;\nq->in.a += 5;\nq->in.a <<= 2;\nreturn n + q->in.a + q->small;",
      255 + 1 + 20 + 0,
    ],
    [
      "memset and memcpy",
      "struct point p = { 5 }, q = { 6 };\nmemcpy(&p, &q, sizeof(p));\nmemset(&q, 0, sizeof(q));\nreturn p.x * 10 + q.x;",
      60,
    ],
    ["sizeof, with padding", "return sizeof(struct point) * 100 + sizeof(struct inner);", 40 * 100 + 16],
  ])("%s", async (_what, body, expected) => expect(await run(POINT, body)).toBe(expected));

  test("a member of a type that no file defines has an address, which clearing the struct leaves", async () => {
    const text = `struct part { int n; struct nowhere hidden; };
      static int has(void *p) { return p != NULL; }
      long f(void) { struct part p = { 1 }; memset(&p, 0, sizeof(p)); return has(&p.hidden); }`;
    expect((await model(text, { entries: ["f"] })).call("f")).toBe(1);
  });

  test("handed over and given back by value", async () => {
    const text = `${POINT}
      static int change(struct point p) { p.x = 50; return p.x; }
      static struct point make(int x) { struct point p = { .x = x }; return p; }
      long f(void) { struct point p = { 1 }; int n = change(p); struct point q = make(7); q = make(q.x + 1); return n + p.x + q.x; }`;
    expect((await model(text, { entries: ["f"] })).call("f")).toBe(59);
  });

  test.each([
    ["u32 b : 3", "s.b = 13;\nreturn s.b;", 5],
    ["u32 b : 3", "s.b = 7;\ns.b++;\nreturn s.b;", 0],
    ["u32 b : 3", "return s.b - 1 < 0;", 1],
    ["u32 b : 3", "int n = s.b = 9;\nreturn n;", 1],
    ["signed int b : 3", "s.b = 5;\nreturn s.b;", -3],
    ["bool b : 1", "s.b = 2;\nreturn s.b;", 1],
    ["unsigned b : 32", "s.b = -1;\nreturn s.b > 0;", 1],
  ])("bit-field %s: %s", async (member, body, expected) => {
    expect(await run(`struct s { int a; ${member}; int c; };`, `struct s s = {};\n${body}`)).toBe(expected);
  });

  test("several bit-fields of one declaration have their own widths, and a member beside them has none", async () => {
    const body = "struct s s = {};\ns.a = 13;\ns.b = 33;\ns.c = 200;\nreturn s.a * 10000 + s.b * 1000 + s.c;";
    expect(await run("struct s { u8 a : 3, b : 5, c; };", body)).toBe(51200);
  });

  test("a bit-field wider than int is not modelled", async () => {
    expect(await unmodelledIn("struct s { u64 b : 40; };\nu64 f(struct s *s)\n{\n\treturn s->b;\n}\n")).toHaveLength(1);
  });

  test("members named like those that every class has", async () => {
    const names = ["constructor", "embedder", "cell", "prototype", "__proto__", "toString", "bytes", "delete", "name"];
    const text = `struct odd { ${names.map((name) => `int ${name};`).join(" ")} };
      long f(void) { struct odd o = {}; struct odd *p = &o; int *q;
      ${names.map((name, i) => `p->${name} = ${i + 1};`).join(" ")} q = &o.cell; *q += 100;
      return ${names.map((name, i) => `o.${name} * ${10 ** i}`).join(" + ")}; }`;
    expect((await model(text)).call("f")).toBe(names.reduce((sum, _, i) => sum + (i + 1) * 10 ** i, 100 * 100));
  });
});

describe("unions", () => {
  const text = (uses: string): string => `
struct u { int kind; union { int number; struct { int a; int b; } pair; long wide; }; };
long f(struct u *u)
{
	${uses}
}
`;

  test("one member may be used, and all of a struct that is a member", async () => {
    expect(await unmodelledIn(text("u->number = 3; return u->number + u->kind;"))).toEqual([]);
    expect(await unmodelledIn(text("u->pair.a = 3; return u->pair.b;"))).toEqual([]);
  });

  test("two members share their bytes, which a model cannot show", async () => {
    expect(await unmodelledIn(text("u->number = 3; return u->wide;"))).toEqual([
      "5: not translated: the members number and wide of one union",
    ]);
    expect(
      await unmodelledIn("union v { int a; u8 b; };\nint f(union v *v)\n{\n\tv->a = 1;\n\treturn v->b;\n}\n"),
    ).toHaveLength(1);
  });

  test("in a packed struct they are bytes", async () => {
    const packed =
      "struct w { union { __le32 word; u8 bytes[4]; } __attribute__((packed)) u; } __attribute__((packed));";
    expect(
      await run(packed, "struct w w = {};\nw.u.word = 0x04030201;\nreturn w.u.bytes[1] * 10 + w.u.bytes[3];"),
    ).toBe(24);
  });
});

describe("arrays and pointers", () => {
  test.each([
    ["elements", "int a[4] = { 1, 2 };\na[2] = a[0] + a[1];\nreturn a[2] * 10 + a[3];", 30],
    [
      "designated elements and ranges",
      "int a[6] = { [4] = 5, 6, [1 ... 2] = 7 };\nreturn a[0] * 1000 + a[1] * 100 + a[2] * 10 + a[4] + a[5];",
      781,
    ],
    ["as long as its list", "int a[] = { 1, 2, [5] = 3 };\nreturn sizeof(a) / sizeof(a[0]);", 6],
    ["ARRAY_SIZE", "u16 a[7];\nreturn ARRAY_SIZE(a);", 7],
    ["two dimensions", "int a[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };\na[1][2] += a[0][1];\nreturn a[1][2];", 8],
    ["pointer arithmetic", "int a[4] = { 1, 2, 3, 4 }, *p = a;\np += 2;\nreturn *p * 10 + p[-1] + (p - a) * 100;", 232],
    [
      "*p++ and friends",
      "int a[4] = { 1, 2, 3, 4 }, *p = a;\nint n = *p++;\nn = n * 10 + *++p;\n*p++ = 9;\n*p += 5;\nreturn n * 1000 + a[2] * 100 + a[3];",
      13_909,
    ],
    [
      "an index with an effect, once",
      "int a[4] = {}, i = 0;\na[i++] += 5;\na[i++]++;\n++a[i++];\nreturn i * 1000 + a[0] * 100 + a[1] * 10 + a[2];",
      3511,
    ],
    [
      "bytes with an index with an effect, once",
      "u8 a[4] = {};\nint i = 0;\na[i++] += 250;\na[i++]--;\na[0] += 10;\nreturn i * 1000 + a[0] * 100 + a[1];",
      2000 + 400 + 255,
    ],
    [
      "the value of a store to an element",
      "int a[2], b[2];\nu8 c[2];\nint n = a[0] = b[1] = c[1] = 511;\nreturn n + a[0] + b[1];",
      255 * 3,
    ],
    [
      "&a[i], comparisons, and the end",
      "int a[3] = { 1, 2, 3 }, n = 0;\nfor (int *p = a; p < &a[0] + 3; p++) n += *p;\nreturn n + (&a[2] > &a[1]) + (&a[1] == a + 1);",
      8,
    ],
    [
      "structs in an array",
      "struct s { int a; } s[3] = { { 1 }, { 2 }, { 3 } }, *p = s;\np++;\np->a += 10;\nreturn s[1].a * 10 + p[1].a + (&s[2] - s);",
      125,
    ],
    [
      "an out-parameter of an out-parameter",
      "int x = 1, y = 2, *p = &x, **q = &p;\n**q = 5;\n*q = &y;\n*p = 7;\nreturn x * 10 + y;",
      57,
    ],
    [
      "a variable whose address is taken",
      "int x = 1, *p = &x;\n*p += 4;\nx++;\n(*p)++;\nint y = (*p)--;\nreturn x * 10 + y;",
      67,
    ],
    [
      "sign of another kind behind a pointer",
      "unsigned int x = 5;\nint *p = (int *)&x;\n*p = -1;\nreturn (x == 0xffffffff) * 10 + (*p < 0);",
      11,
    ],
    [
      "memory for one, and for several",
      "struct s { int a; } *p = kzalloc(sizeof(*p), GFP_KERNEL), *q = kcalloc(3, sizeof(*q), GFP_KERNEL);\np->a = 1;\nq[2].a = 4;\nreturn p->a + q[2].a + (p != NULL);",
      6,
    ],
    ["null", "int *p = NULL, x = 1;\nif (!p) p = &x;\nreturn p ? *p : 7;", 1],
  ])("%s", async (_what, body, expected) => expect(await run("", body)).toBe(expected));

  test("outside an array is a fault", async () => {
    await expect(run("", "int a[2] = {}, i = 2;\nreturn a[i];")).rejects.toThrow(SimulationFault);
    await expect(run("", "int a[2] = {}, i = -1;\nreturn a[i];")).rejects.toThrow(SimulationFault);
    await expect(run("", "u8 a[2] = {}, *p = a;\nreturn p[-1];")).rejects.toThrow(SimulationFault);
  });

  test.each([
    [
      "a struct as another",
      "struct a { int x; };\nstruct b { int y; };\nint f(struct a *a)\n{\n\treturn ((struct b *)a)->y;\n}\n",
    ],
    ["a struct as bytes", "struct a { int x; };\nint f(struct a *a)\n{\n\treturn ((u8 *)a)[0];\n}\n"],
    ["a struct as integers", "struct a { int x; };\nint f(struct a *a)\n{\n\treturn *(int *)a;\n}\n"],
    [
      "bytes as a struct with a pointer in it",
      "struct a { int x; int *q; };\nint f(char *p)\n{\n\treturn ((struct a *)p)->x;\n}\n",
    ],
    ["integers of another width", "int f(u64 x)\n{\n\treturn *(u32 *)&x;\n}\n"],
    ["a pointer as a number", "long f(int *p)\n{\n\treturn (long)p & 3;\n}\n"],
    ["a number as a pointer", "int *f(long x)\n{\n\treturn (int *)(x + 1);\n}\n"],
  ])("not modelled, with its line: %s", async (_what, text) => {
    const [first, ...more] = await unmodelledIn(text);
    expect(first).toMatch(new RegExp(`^${text.split("\n").length - 2}: `));
    expect(more).toEqual([]);
  });

  test("bytes as a struct of integers are read as the compiler lays it out", async () => {
    const body =
      "u8 b[8] = { 1, 0, 0, 0, 2, 1 };\nstruct a *a = (struct a *)b;\na->c++;\nreturn a->n * 1000 + a->s + b[6];";
    expect(await run("struct a { int n; u16 s; u8 c; };", body)).toBe(1000 + 258 + 1);
  });

  test("a struct that begins with another is that, too", async () => {
    const declarations = "struct base { int n; };\nstruct derived { struct base base; int m; };";
    expect(
      await run(
        declarations,
        "struct derived d = { { 4 }, 5 };\nstruct base *b = (struct base *)&d;\nb->n++;\nreturn ((struct derived *)b)->m * 10 + d.base.n;",
      ),
    ).toBe(55);
  });
});

describe("characters", () => {
  test.each([
    ["a string", 'const char *s = "ab" "c";\nreturn s[0] + s[2] + s[3];', 97 + 99],
    ["its size", 'char s[] = "abc";\nreturn sizeof("abcd") * 10 + sizeof(s);', 54],
    [
      "escapes",
      'char s[] = "\\n\\t\\\\\\"\\x41\\101\\0z";\nreturn s[0] * 1000000 + s[2] * 10000 + s[4] * 100 + s[5] - s[6] + (s[7] == \'z\');',
      10 * 1e6 + 92 * 10_000 + 6500 + 65 + 1,
    ],
    ["blanks", 'return strlen("a  b\tc");', 6],
    ["a buffer", 'char b[8] = "ab";\nb[1]++;\nb[2] = \'d\';\nreturn strcmp(b, "acd") * 100 + strlen(b);', 3],
    ["bytes with a sign", "char b[2];\nb[0] = 200;\nu8 c = b[0];\nreturn b[0] + c;", -56 + 200],
    ["memcmp", 'return memcmp("abc", "abd", 3) < 0;', 1],
  ])("%s", async (_what, body, expected) => expect(await run("", body)).toBe(expected));

  test("wide strings, and escapes that C does not have, are not modelled", async () => {
    expect(await unmodelledIn('int f(void)\n{\n\treturn L"a"[0];\n}\n')).toHaveLength(1);
    expect(await unmodelledIn('int f(void)\n{\n\treturn "\\q"[0];\n}\n')).toHaveLength(1);
  });
});

test.each([
  ["__packed", 7],
  ["__attribute__((packed))", 7],
  ["", 10],
])("a struct without a name in a packed one that is %s", async (packed, bytes) => {
  const wire = `struct wire { __le16 id; struct { u8 high; __le32 low; } ${packed} tail; } __packed;`;
  const body = "struct wire w = {};\nw.tail.low = 1;\nreturn sizeof(w) * 10 + ((u8 *)&w)[sizeof(w) - 4];";
  expect(await run(wire, body)).toBe(bytes * 10 + 1);
});

describe("packed structs over bytes", () => {
  const packed = `struct part { u8 a; __le16 b; } __attribute__((packed));
    struct plain { u8 c; __be32 d; };
    struct wire { __be32 length; u8 kind; __le16 ids[2]; struct part parts[2]; struct plain plain; __le64 big; } __attribute__((packed));`;
  test.each([
    ["sizes", "return sizeof(struct wire) * 100 + sizeof(struct part);", (4 + 1 + 4 + 6 + 8 + 8) * 100 + 3],
    [
      "the bytes of a member",
      "struct wire w = {};\nu8 *p = (u8 *)&w;\nw.length = cpu_to_be32(0x01020304);\nreturn p[0] * 10 + p[3];",
      14,
    ],
    [
      "reading what came",
      "u8 b[31] = { 0, 0, 1, 0, 9 };\nstruct wire *w = (struct wire *)b;\nreturn be32_to_cpu(w->length) + w->kind;",
      265,
    ],
    [
      "elements wider than a byte",
      "struct wire w = {};\nu8 *p = (u8 *)&w;\nw.ids[1] = 0x0102;\nw.ids[0]++;\nreturn p[7] * 1000 + p[8] * 100 + p[5] + w.ids[1];",
      2000 + 100 + 1 + 0x102,
    ],
    [
      "structs in it",
      "struct wire w = {};\nu8 *p = (u8 *)&w;\nw.parts[1].b = 0x0506;\nw.parts[0].a = 7;\nreturn p[9] * 100 + p[13] * 10 + p[14];",
      700 + 65,
    ],
    [
      "structs that are not packed keep their gaps",
      "struct wire w = {};\nu8 *p = (u8 *)&w;\nw.plain.d = cpu_to_be32(3);\nreturn p[15 + 7];",
      3,
    ],
    [
      "64 bits",
      "struct wire w = {};\nw.big = cpu_to_le64(0x1122334455667788ULL);\nreturn ((u8 *)&w)[23] == 0x88 && le64_to_cpu(w.big) >> 56 == 0x11;",
      1,
    ],
    ["assignment copies bytes", "struct wire v = {}, w;\nv.kind = 5;\nw = v;\nv.kind = 6;\nreturn w.kind;", 5],
    [
      "assignment of a part",
      "struct wire v = {}, w = {};\nv.parts[1].a = 5;\nw.kind = 1;\nw.parts[0] = v.parts[1];\nreturn w.parts[0].a * 10 + w.kind;",
      51,
    ],
    [
      "pointer steps",
      "struct part p[3] = {};\nstruct part *q = p;\nq++;\nq->a = 4;\nq[1].a = 5;\nreturn p[1].a * 10 + p[2].a + (q - p) * 100 + sizeof(p);",
      154,
    ],
    ["compound", "struct wire w = {};\nw.kind += 255;\nw.kind++;\nint n = w.kind--;\nreturn n * 1000 + w.kind;", 255],
    ["the value of a store", "struct wire w = {};\nint n = w.kind = 257;\nreturn n;", 1],
    [
      "an unaligned word",
      "u8 b[5] = { 1, 2, 3, 4, 5 };\nreturn get_unaligned_be16(b + 1) + *(u16 *)(b + 3);",
      0x203 + 0x504,
    ],
  ])("%s", async (_what, body, expected) => expect(await run(packed, body)).toBe(expected));
});

describe("what the caller says the size of", () => {
  const text = `
    struct inner { int n; };
    struct outer { int n; struct inner in; };
    struct other { int n; };
    static struct inner *make(size_t size, int count)
    {
      struct inner *inner = kzalloc(size, GFP_KERNEL);
      struct other *others = kcalloc(count, sizeof(struct other), GFP_KERNEL);
      others[count - 1].n = count;
      inner->n = others[1].n;
      return inner;
    }
    int f(void)
    {
      struct inner *inner = make(sizeof(struct outer), 2);
      container_of(inner, struct outer, in)->n = 40;
      return container_of(inner, struct outer, in)->n + inner->n;
    }
  `;

  test("is the larger struct, and nothing else that is allocated there is", async () => {
    const translation = await translated(text, {
      entries: ["f"],
      allocations: [{ function: "make", struct: "outer", member: "in" }],
    });
    expect(translation.unmodelled).toEqual([]);
    expect(instance(translation).call("f")).toBe(42);
  });
});

describe("initial values", () => {
  test("of members of members, and of works at file scope", async () => {
    const text = `
      struct how { int count; union { void *data; char *text; } arg; };
      static int ran;
      static void run(struct work_struct *work) { ran++; }
      static DECLARE_WORK(work, run);
      int f(int *p)
      {
        struct how how = { .arg.data = p, .count = 3 };
        return how.count + *(int *)how.arg.data;
      }
      void g(void) { queue_work(system_wq, &work); }
      int h(void) { return ran; }
    `;
    const translation = await translated(text, { entries: ["f", "g", "h"] });
    expect(translation.unmodelled).toEqual([]);
    const { kernel, call } = instance(translation);
    expect(call("f", new Ref(4))).toBe(7);
    call("g");
    kernel.run({ untilTick: kernel.clock.tick + 1 });
    expect(call("h")).toBe(1);
  });
});

describe("container_of and lists", () => {
  const text = `
    struct item { int n; struct list_head entry; };
    struct work { struct outer { int depth; struct item item; } outer; };
    static LIST_HEAD(unused);
    struct box { struct list_head items; int count; };
    static void add(struct box *b, int n)
    {
      struct item *i = kzalloc(sizeof(*i), GFP_KERNEL);
      i->n = n;
      list_add_tail(&i->entry, &b->items);
      b->count++;
    }
    long sum(void)
    {
      struct box b = {};
      struct item *i, *next;
      long n = 0;
      INIT_LIST_HEAD(&b.items);
      for (int k = 1; k <= 4; k++)
        add(&b, k);
      list_for_each_entry(i, &b.items, entry)
        n = n * 10 + i->n;
      list_for_each_entry_safe(i, next, &b.items, entry) {
        if (i->n % 2) { list_del(&i->entry); kfree(i); }
      }
      list_for_each_entry(i, &b.items, entry) {
        if (i->n == 2) continue;
        n = n * 10 + i->n;
        break;
      }
      i = list_first_entry(&b.items, struct item, entry);
      return n * 10 + i->n;
    }
    long outwards(void)
    {
      struct work w = {};
      struct list_head *p = &w.outer.item.entry;
      struct item *i = container_of(p, struct item, entry);
      int *q = &w.outer.depth;
      i->n = 5;
      container_of(p, struct work, outer.item.entry)->outer.depth = 7;
      return w.outer.item.n * 10 + *q + container_of(q, struct outer, depth)->item.n;
    }`;

  test("each entry, safely and with break", async () => {
    const { call } = await model(text, { entries: ["sum"], noEffect: [{ reason: "memory", names: "kfree" }] });
    expect(call("sum")).toBe(123_442);
  });

  test("behind the last entry there is none, and who follows it is stopped", async () => {
    const found = `struct item { int n; struct list_head entry; };
      long find(struct list_head *head, int n) { struct item *i;
        list_for_each_entry(i, head, entry) if (i->n == n) break;
        return &i->entry == head ? -1 : i->n; }`;
    const { call } = await model(`${found}
      long f(int n) { struct list_head head; struct item one = { 4 }; INIT_LIST_HEAD(&head); list_add(&one.entry, &head); return find(&head, n); }`);
    expect(call("f", 4)).toBe(4);
    expect(() => call("f", 5)).toThrow(TypeError);
  });

  test("one and several structs up", async () => {
    expect((await model(text, { entries: ["outwards"] })).call("outwards")).toBe(62);
  });
});

describe("variables at file scope", () => {
  const text = `
    enum kind { FIRST = 3, SECOND };
    struct limits { int low; const char *name; unsigned long wait; int (*get)(void); };
    static int answer(void) { return 40; }
    static int count = 5;
    static unsigned long timeout = 3 * HZ;
    static int table[] = { 1, 2, [4] = 9 };
    static u8 bytes[] = { 1, 255 };
    static const char name[] = "abc";
    static struct limits limits = { .low = -4, .name = "xyz", .wait = HZ / 2, .get = answer };
    static struct limits both[2] = { { .low = 1 }, { .low = 2 } };
    static int *there = &count;
    static enum kind kind = SECOND;
    static bool flag = 7;
    long f(void) { return count++ + ARRAY_SIZE(table) * 10 + table[4] * 100 + kind * 1000; }
    long g(void) { return limits.low + limits.get() + limits.name[1] + both[1].low + flag; }
    unsigned long h(void) { return timeout + limits.wait; }
    long i(void) { *there += 10; return count * 10 + sizeof(name) + bytes[1]; }
  `;

  test("start with what the C says", async () => {
    const { call, globals } = await model(text, {}, {}, { hz: 100 });
    expect([call("f"), call("f")]).toEqual([4955, 4956]);
    expect(call("g")).toBe(-4 + 40 + 121 + 2 + 1);
    expect(call("h")).toBe(350);
    expect(call("i")).toBe(170 + 4 + 255);
    expect(globals.count).toBe(17);
  });

  test("static ones of two files are two", async () => {
    const files = {
      "fs/cifs/a.c": "static int state = 1;\nint shared = 5;\nint a(void) { return ++state + shared; }\n",
      "fs/cifs/b.c": "static int state = 10;\nextern int shared;\nint b(void) { shared++; return ++state; }\n",
      "fs/cifs/c.c": "static int shared = 100;\nint c(void) { return shared++; }\n",
    };
    const { call } = await model(files);
    expect([call("b"), call("a"), call("c"), call("a")]).toEqual([11, 8, 100, 9]);
  });

  test("an initial value that is not understood is told of, and stops nothing else", async () => {
    expect(await unmodelledIn("static long x = (long)&x;\nlong f(void)\n{\n\treturn x;\n}\n")).toEqual([
      expect.stringMatching(/^1: /),
    ]);
  });

  test("a static variable of a function is not modelled; an extern one is the file's", async () => {
    expect(await unmodelledIn("int f(void)\n{\n\tstatic int n;\n\treturn n++;\n}\n")).toEqual(["3: static local n"]);
    const text = "int total = 4;\nint f(void)\n{\n\textern int total;\n\treturn total;\n}\n";
    expect((await model(text)).call("f")).toBe(4);
  });
});
