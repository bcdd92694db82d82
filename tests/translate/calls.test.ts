/** Calls: direct, through pointers, over the boundary, of what blocks, of what is not known. */
import { describe, expect, test } from "vitest";
import { UnmodelledFault } from "../../tools/simulator/model.ts";
import { FILE, instance, model, translated, unmodelledIn } from "./harness.ts";

describe("functions", () => {
  test("recursion, also through another", async () => {
    const { call } = await model(`
      static int odd(int n);
      static int even(int n) { return n == 0 ? 1 : odd(n - 1); }
      static int odd(int n) { return n == 0 ? 0 : even(n - 1); }
      int f(int n) { return n < 2 ? 1 : n * f(n - 1); }
      int g(int n) { return even(n) * 10 + odd(n); }
    `);
    expect([call("f", 5), call("g", 7), call("g", 8)]).toEqual([120, 1, 10]);
  });

  test("arguments and results are converted", async () => {
    const { call } = await model(`
      static u8 narrow(u8 x) { return x + 1; }
      static bool truth(int x) { return x; }
      static long wide(unsigned int x) { return x; }
      long f(void) { return narrow(511) * 1000 + narrow(254) + truth(256) + (wide(-1) > 0); }
      static int count(int is_set) { return is_set + is_set; }
      long g(int x) { return count(x > 3) + count(!x); }
    `);
    expect([call("f"), call("g", 5), call("g", 0)]).toEqual([257, 2, 2]);
  });

  test("static ones of two files", async () => {
    const files = {
      "fs/cifs/a.c": "static int help(void) { return 1; }\nint a(void) { return help(); }\n",
      "fs/cifs/b.c":
        "static int help(void) { return 2; }\nint help_2(void) { return 3; }\nint b(void) { return help() * 10 + help_2(); }\n",
    };
    const { call } = await model(files, { entries: ["a", "b"] });
    expect([call("a"), call("b")]).toEqual([1, 23]);
  });

  test("names that mean something to TypeScript, the model or the simulator", async () => {
    const names = [
      "new",
      "kernel",
      "environment",
      "globals",
      "add64",
      "toU8",
      "elementAt",
      "Struct",
      "yield",
      "arguments",
    ];
    const more = ["NULL_", "model", "copyStruct", "Ref", "number", "await", "undefined", "foo", "Number", "it"];
    const all = [...names, ...more];
    const text = `
      struct foo { int foo; u8 small; };
      struct Map { int Map; };
      static int delete(int x) { return x * 2; }
      static int mulS32(int x) { return x * x + 1; }
      static int foo(struct foo *foo) { struct Map Map = { 4 }; foo->small += 300; return foo->foo + foo->small + Map.Map; }
      static int plus(u64 add64, u8 *toU8, int Ref) { int *p = &Ref; toU8[0]++; *p += 1; return add64 + add64 > 3 && toU8[0] == 1 ? Ref : 0; }
      long f(void) {
        ${all.map((name, i) => `int ${name} = ${i};`).join(" ")}
        u8 b[1] = {};
        return ${all.join(" + ")} + delete(4) + mulS32(3) + plus(2, b, 6);
      }
      long g(void) { struct foo x = { 5 }; return foo(&x); }`;
    const { call } = await model(text, { entries: ["f", "g"] });
    expect(call("f")).toBe((19 * 20) / 2 + 8 + 10 + 7);
    expect(call("g")).toBe(5 + 44 + 4);
  });
});

describe("through pointers", () => {
  const ops = `
    struct thing;
    struct ops { int (*quick)(struct thing *t, int x); int (*slow)(struct thing *t); void (*none)(void); };
    struct thing { const struct ops *ops; int n; int (*call)(int); };
    static int quick_a(struct thing *t, int x) { return t->n + x; }
    static int slow_a(struct thing *t) { msleep(8); return ++t->n; }
    static int quick_b(struct thing *t, int x) { return t->n * x; }
    static const struct ops ops_a = { .quick = quick_a, .slow = slow_a };
    static const struct ops ops_b = { .quick = quick_b };
    static int twice(int x) { return 2 * x; }
    static int later(int x) { msleep(4); return 3 * x; }
    static int apply(int (*fn)(int), int x) { return fn(x); }
  `;

  test("a table's members, and members of an object", async () => {
    const text = `${ops}
      int f(int which) { struct thing t = { .n = 5 }; t.ops = which ? &ops_b : &ops_a; t.call = twice;
        return t.ops->quick(&t, 3) * 100 + t.call(4) + (t.ops->none ? 1 : 0); }`;
    const { call } = await model(text, { entries: ["f"] });
    expect([call("f", 0), call("f", 1)]).toEqual([808, 1508]);
  });

  test("what blocks makes its callers block, through a table, a variable and an argument", async () => {
    const text = `${ops}
      int f(void) { struct thing t = { .ops = &ops_a, .n = 5 }; int n = t.ops->slow(&t); return n * 10 + t.n; }
      int g(int x) { int (*fn)(int) = x ? later : twice; return apply(fn, x + 1) + apply(&twice, 1); }`;
    const { block } = await model(text, { entries: ["f", "g"] }, {}, { hz: 250, timers: "exact" });
    // msleep(8) sleeps msecs_to_jiffies(8) + 1 jiffies.
    expect(block("f")).toEqual({ result: 66, ticks: 3 });
    expect(block("g", 1)).toEqual({ result: 8, ticks: 2 });
    expect(block("g", 0)).toEqual({ result: 4, ticks: 0 });
  });

  test("members that the environment plays, and tables that the system names", async () => {
    const text = `${ops}\nint f(struct thing *t) { return t->ops->quick(t, 1) * 10 + t->ops->slow(t); }`;
    const setup = { entries: ["f"], environmentMembers: ["ops.slow"], tables: { ops: ["ops_b", "ops_c"] } };
    const played = { members: { slow: () => 4 } };
    const { call, kernel, structs, tables } = await model(text, setup, played);
    const thing = new (structs.thing as NonNullable<typeof structs.thing>)(kernel);
    thing.n = 6;
    thing.ops = { ...tables.ops_b, slow: () => 4 };
    expect(call("f", thing)).toBe(64);
  });
});

describe("what blocks", () => {
  test("a function that calls what sleeps, in a loop and in a condition", async () => {
    const { block } = await model(
      `static int nap(int ms) { msleep(ms); return ms; }
       int f(int n) { int sum = 0; while (n-- > 0 && nap(4) == 4) sum += nap(4); return sum; }`,
      { entries: ["f"] },
      {},
      { hz: 250, timers: "exact" },
    );
    expect(block("f", 2)).toEqual({ result: 8, ticks: 8 });
  });

  test("x += f() reads x after f() has slept", async () => {
    const text = `
      struct s { int n; };
      static int grow(struct s *s) { msleep(4); s->n += 10; return 1; }
      int f(void) { struct s s = { 1 }; s.n += grow(&s); return s.n; }`;
    expect((await model(text, { entries: ["f"] })).block("f").result).toBe(12);
  });

  test("a store that also reads goes its way to current once", async () => {
    const { text } = await translated("int f(void)\n{\n\tcurrent->flags |= 4;\n\treturn current->flags;\n}\n");
    expect(text.match(/currentTask\(kernel\)/g)).toHaveLength(2);
  });

  test("wait_event, a thread, delayed work, completions", async () => {
    const text = `
      struct server { struct delayed_work echo; wait_queue_head_t wait; struct completion done; int n; unsigned long when; };
      extern struct workqueue_struct *wq;
      struct workqueue_struct *wq;
      static void tick(struct work_struct *work)
      {
        struct server *server = container_of(work, struct server, echo.work);
        server->n++;
        wake_up(&server->wait);
        if (server->n < 3) queue_delayed_work(wq, &server->echo, HZ);
      }
      static int helper(void *data)
      {
        struct server *server = data;
        wait_event(server->wait, server->n >= 2);
        server->when = jiffies;
        complete(&server->done);
        return 0;
      }
      long f(void)
      {
        struct server server = {};
        unsigned long start = jiffies;
        struct task_struct *task;
        init_waitqueue_head(&server.wait);
        init_completion(&server.done);
        INIT_DELAYED_WORK(&server.echo, tick);
        queue_delayed_work(wq, &server.echo, HZ);
        task = kthread_run(helper, &server, "helper \\"%d\\"", 1);
        if (IS_ERR(task)) return -1;
        wait_for_completion(&server.done);
        long left = wait_event_timeout(server.wait, server.n == 5, 10 * HZ);
        return (server.when - start) * 1000 + server.n * 10 + left;
      }`;
    const { block } = await model(text, { entries: ["f"] }, {}, { hz: 250, timers: "exact" });
    expect(block("f")).toEqual({ result: 500_030, ticks: 3000 });
  });

  test("a wait whose condition blocks is not modelled", async () => {
    const text =
      "static int g(void)\n{\n\tmsleep(1);\n\treturn 1;\n}\nvoid f(wait_queue_head_t *w)\n{\n\tmsleep(1);\n\twait_event(*w, g());\n}\n";
    expect(await unmodelledIn(text, { entries: ["f"] })).toEqual([expect.stringMatching(/^9: /)]);
  });
});

describe("the boundary", () => {
  test("the environment gets the arguments and the place of the call", async () => {
    const seen: unknown[] = [];
    const played = {
      send: (...given: readonly unknown[]) => {
        seen.push(...given);
        return -11;
      },
    };
    const setup = { entries: ["f"], environment: ["int send(int what, bool urgent)"] };
    const { call } = await model("int f(int x)\n{\n\treturn send(x > 2, x) == -EAGAIN;\n}\n", setup, played);
    expect(call("f", 3)).toBe(1);
    expect(seen).toEqual([1, true, `${FILE}:3 f`]);
  });

  test("the environment gets the address of an integer where C casts it to that of bytes", async () => {
    const seen: number[] = [];
    const played = {
      option: (value: { value: number }) => {
        seen.push(value.value);
        value.value++;
        return 0;
      },
    };
    const setup = { entries: ["f"], environment: ["int option(char *value, unsigned int bytes)"] };
    const text = "int f(u32 x)\n{\n\toption((char *)&x, sizeof(x));\n\treturn x;\n}\n";
    const { call } = await model(text, setup, played);
    expect([call("f", 7), seen]).toEqual([8, [7]]);
  });

  test("a call without effect leaves the effects of its arguments", async () => {
    const text =
      'static int next(int *n)\n{\n\treturn ++*n;\n}\nint f(int x)\n{\n\tlog("%d", next(&x), x++);\n\tif (log(x))\n\t\treturn -1;\n\treturn x;\n}\n';
    const setup = { entries: ["f"], noEffect: [{ reason: "logging", names: "log\\w*" }] };
    expect((await model(text, setup)).call("f", 5)).toBe(7);
    expect((await translated(text, setup)).noEffect).toEqual({ log: "logging" });
  });

  test("effects in arguments of a call that may be left out are told of, and stop the run", async () => {
    const head = `struct s { unsigned long state; int n; atomic_t count; };
static int bump(struct s *s) { return ++s->n; }
static int twice(struct s *s) { return bump(s) * 2; }
static int look(struct s *s) { int n = s->n; n++; return n; }
static int deep(struct s *s) { return look(s) + atomic_read(&s->count); }
`;
    const setup = { entries: ["f"], noEffect: [{ reason: "logging", names: "log", mayBeLeftOut: true }] };
    const f = (argument: string): string =>
      `${head}int f(struct s *s)\n{\n\tlog("%d", ${argument});\n\treturn s->n;\n}\n`;
    const seen = [
      "s->n++",
      "(s->n = 3)",
      "test_and_set_bit(2, &s->state)",
      "xchg(&s->n, 3)",
      "atomic_inc_return(&s->count)",
    ];
    for (const argument of [...seen, "bump(s)", "1 + twice(s)"]) {
      const translation = await translated(f(argument), setup);
      const what = "a side effect in an argument of log, which may not be evaluated";
      expect([argument, translation.unmodelled]).toEqual([argument, [{ file: FILE, line: 8, what }]]);
    }
    for (const argument of ["s->n + 1", "test_bit(2, &s->state)", "look(s)", "deep(s)"]) {
      expect([argument, await unmodelledIn(f(argument), setup)]).toEqual([argument, []]);
    }
  });

  test("a call said to be without effect that stores a watched field is told of", async () => {
    const stores = ["s.when"];
    const noEffect = [{ reason: "logging", names: "note\\w*" }];
    const struct = "struct s { unsigned long when; int n; };\n";
    const f = "int f(struct s *s)\n{\n\tnote(s);\n\treturn s->n;\n}\n";
    const setup = { entries: ["f"], stores, noEffect };
    const direct = "void note(struct s *s)\n{\n\ts->when = jiffies;\n}\n";
    const macro = "#define note(s) ((s)->when = 0)\n";
    const counted = "void note(struct s *s)\n{\n\ts->when++;\n}\n";
    const once = "void note(struct s *s)\n{\n\tWRITE_ONCE(s->when, 0);\n}\n";
    for (const note of [direct, macro, counted, once]) {
      const found = await unmodelledIn(struct + note + f, setup);
      expect(found.join("\n"), note).toContain("note is not in the model, and stores when");
    }
    const harmless = "void note(struct s *s)\n{\n\tif (s->when == 5)\n\t\tother(s->n);\n}\n";
    expect(await unmodelledIn(struct + harmless + f, setup)).toEqual([]);
  });

  test("all functions that store a watched field are in the slice", async () => {
    const text = `struct s { unsigned long when; };
      #define touch(s) ((s)->when = jiffies)
      void f(struct s *s) { }
      void a(struct s *s) { s->when = 1; }
      void b(struct s *s) { s->when++; }
      void c(struct s *s) { touch(s); }
      void d(struct s *s) { WRITE_ONCE(s->when, 2); }
      unsigned long e(struct s *s) { return s->when == 5; }`;
    const { functions } = await translated(text, { entries: ["f"], stores: ["s.when"] });
    expect(functions.map((one) => one.name).sort()).toEqual(["a", "b", "c", "d", "f"]);
  });
});

describe("what is not known", () => {
  test("stops the run where it is reached, with file and line, and not before", async () => {
    const translation = await translated("int f(int x)\n{\n\tif (x)\n\t\treturn mystery(x);\n\treturn 4;\n}\n");
    expect(translation.unmodelled).toEqual([
      { file: FILE, line: 4, what: "call of mystery, which the model does not know" },
    ]);
    const { call } = instance(translation);
    expect(call("f", 0)).toBe(4);
    expect(() => call("f", 1)).toThrow(UnmodelledFault);
    expect(() => call("f", 1)).toThrow(`${FILE}:4: call of mystery`);
  });

  test("in any type: a pointer, a struct, a truth, a condition", async () => {
    const uses = [
      "int *p = mystery(); return *p;",
      "struct s *p = mystery(); return p->n;",
      "bool b = mystery(); return b;",
    ];
    for (const use of [
      ...uses,
      "if (mystery()) return 1; return 2;",
      "return mystery()->n;",
      "char *c = mystery(); return c[0];",
    ]) {
      const translation = await translated(`struct s { int n; };\nint f(void)\n{\n\t${use}\n}\n`);
      expect(translation.unmodelled[0], use).toMatchObject({ line: 4 });
      expect(() => instance(translation).call("f"), use).toThrow(`${FILE}:4: `);
    }
  });

  test.each([
    ["does not parse", "int f(int x)\n{\n\treturn x +;\n}\n"],
    ["K&R", "int f(x)\n\tint x;\n{\n\treturn x;\n}\n"],
    ["a range of cases", "int f(int x)\n{\n\tswitch (x) {\n\tcase 1 ... 3:\n\t\treturn 1;\n\t}\n\treturn 0;\n}\n"],
  ])("a function that %s fails as a whole", async (_what, text) => {
    const translation = await translated(`${text}int g(int x)\n{\n\treturn x ? f(x) : 7;\n}\n`, { entries: ["g"] });
    expect(translation.unmodelled).not.toEqual([]);
    const { call } = instance(translation);
    expect(call("g", 0)).toBe(7);
    expect(() => call("g", 1)).toThrow(UnmodelledFault);
  });

  test("a slice without its entry", async () => {
    await expect(translated("int f(void)\n{\n\treturn 1;\n}\n", { entries: ["g"] })).rejects.toThrow(/no function g/);
  });
});
