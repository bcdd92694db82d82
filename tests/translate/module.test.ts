/** The text of a model as a whole: it type-checks under the project's tsconfig, and no C breaks out of it. */
import { join } from "node:path";
import fc from "fast-check";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { FILE, instance, model, translated } from "./harness.ts";

const PROJECT = join(import.meta.dirname, "../..");

/** What the compiler says of texts as files of kernel-models/generated/. */
function complaints(texts: readonly string[]): readonly string[] {
  const config = ts.readConfigFile(join(PROJECT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, PROJECT);
  const paths = texts.map((_, i) => join(PROJECT, `kernel-models/generated/test-${i}.ts`));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  const textOf = (path: string): string | undefined => texts[paths.indexOf(path)];
  host.fileExists = (path) => textOf(path) !== undefined || fileExists(path);
  host.readFile = (path) => textOf(path) ?? readFile(path);
  host.getSourceFile = (path, language, ...more) => {
    const text = textOf(path);
    return text === undefined
      ? getSourceFile(path, language, ...more)
      : ts.createSourceFile(path, text, language, true);
  };
  const program = ts.createProgram(paths, options, host);
  return ts.getPreEmitDiagnostics(program).map((one) => {
    const line = one.file === undefined ? 0 : one.file.getLineAndCharacterOfPosition(one.start ?? 0).line;
    const text = one.file?.text.split("\n")[line]?.trim() ?? "";
    return `${ts.flattenDiagnosticMessageText(one.messageText, " ")}: ${text}`;
  });
}

const EVERYTHING = `
  enum state { NEW, GOOD, GONE = -1 };
  struct inner { u64 wide; bool flag : 1; u32 bits : 5; char name[16]; };
  struct ops { int (*open)(struct server *s, int how); void (*close)(struct server *s); };
  struct header { __be32 length; u8 kind; __le16 ids[3]; __le64 id; } __attribute__((packed));
  struct server {
    struct list_head list; struct inner inner; struct inner more[2]; const struct ops *ops; enum state state;
    struct delayed_work echo; wait_queue_head_t wait; unsigned long when; int counts[4]; u32 *place; atomic_t refs;
    int (*call)(int); void *data; struct server *next; u8 bytes[8]; char *text;
  };
  static struct server *servers[3];
  static int total = 5 * HZ;
  static const char *const names[] = { "a", "b\\"c" };
  static int open_one(struct server *s, int how) { if (how) msleep(how); return s->inner.bits; }
  static void close_one(struct server *s) { s->state = GONE; }
  static const struct ops one_ops = { .open = open_one, .close = close_one };
  static int plus(int x) { return x + 1; }
  static void out(int *where, u8 **bytes, struct server **s) { *where += 1; **bytes = 3; *bytes += 1; if (s) *s = NULL; }
  static struct inner copy(struct inner i) { i.wide++; i.flag = !i.flag; return i; }
  static void tick(struct work_struct *work)
  {
    struct server *s = container_of(work, struct server, echo.work);
    s->when = jiffies;
    wake_up(&s->wait);
  }
  long f(struct server *s, int x, u64 y, char *buffer)
  {
    struct server *i, *next;
    struct header *header = (struct header *)buffer;
    struct inner one = { .wide = y, .name = "ab" }, two;
    int n = 0, *p = &n;
    u8 *bytes = s->bytes;
    bool flag = x;
    u32 word = x;
    two = copy(one);
    INIT_DELAYED_WORK(&s->echo, tick);
    out(&n, &bytes, &next);
    out(p, &bytes, NULL);
    s->ops = &one_ops;
    s->call = x > 3 ? plus : NULL;
    s->place = &word;
    *s->place += 2;
    s->counts[n++] |= s->counts[1]--;
    s->counts[2] = s->bytes[1] = x;
    s->inner.bits += 3;
    s->more[1].wide <<= 3;
    s->text = buffer ?: (char *)names[1];
    n += s->call ? s->call(x) : -1;
    n += s->ops->open(s, flag ? 0 : 4);
    list_for_each_entry_safe(i, next, &s->list, list) { if (i->state == GOOD) { n++; continue; } list_del(&i->list); break; }
    switch (s->state) { case NEW: n++; case GOOD: { int k = 3; n += k; break; } case GONE: goto done; default: n = 0; }
  again:
    if (n > 100) goto done;
    n *= 2;
    if (n < x) goto again;
    do { n--; } while (n > 3 && y-- > 7);
    n += be32_to_cpu(header->length) + header->ids[x & 1]++ + le64_to_cpu(header->id);
    flag |= n > 3;
    flag++;
    memset(&two, 0, sizeof(two));
    memcpy(buffer, s->inner.name, 4);
    wait_event_timeout(s->wait, s->when != 0 && time_after(jiffies, s->when), HZ);
    mystery(s, n);
    servers[x & 1] = s;
  done:
    return n + flag + two.wide + total + (x, y) + min_t(u64, y, x) + sizeof(*s) / 2 + (s->state == GONE) + atomic_read(&s->refs);
  }
  static int closes(const struct ops *ops, struct server *s) { ops->close(s); return s->state; }
  int g(struct server *s) { return closes(s->ops, s); }
  void thread(struct server *s) { struct task_struct *t = kthread_run((int (*)(void *))g, s, "g"); if (!IS_ERR(t)) wake_up_process(t); }
`;

test("models type-check under the project's own settings", async () => {
  const hostile = await translated(HOSTILE, { entries: ["f"] });
  const texts = [
    (await translated(EVERYTHING, { entries: ["f", "g", "thread"] })).text,
    (await translated(EVERYTHING, { entries: ["f", "g"], longBits: 32, version: "7.0" })).text,
    hostile.text,
    (await translated("int f(void)\n{\n\treturn 1;\n}\n")).text,
  ];
  expect(complaints(texts)).toEqual([]);
  // And a model that does not is found out.
  const wrong = texts[3]?.replace("return 1;", 'return "1";') ?? "";
  expect(complaints([wrong])).toEqual([expect.stringContaining("not assignable to type 'number'")]);
}, 60_000);

// Each of these would end a comment, a string or a template if it came through as it is.
const HOSTILE = `
  struct odd { int x; }; /* */
  int f(int x)
  {
    const char *s = "*/ \`\${globalThis.broken = 1}\` \\\\ \\" ' </script> \xe2\x80\xa8 \\0 //";
    const char *t = "\xff\x85" "\\
";
    char c = '"', d = '\`', e = '\\\\', g = '\\'';
    unknown_call("\`\${globalThis.broken = 2}*/\\n", x); // */ \` \${globalThis.broken = 3}
    if (x) goto constructor;
    __proto__:
    if (x > 5) goto __proto__;
    constructor:
    return s[0] + c + d + e + g + t[0];
  }
`;

describe("hostile text", () => {
  test("stays text", async () => {
    const translation = await translated(HOSTILE, { entries: ["f"] });
    expect(translation.text).toMatch(/^[\x20-\x7e\n]*$/);
    const { call } = instance(translation);
    expect(() => call("f", 1)).toThrow(/unknown_call/);
    expect((globalThis as Record<string, unknown>).broken).toBeUndefined();
  });

  test("names of files and kernels do not end the comments that they stand in", async () => {
    const path = `fs/cifs/a */ b\u00e9\n\`$${"{1}"}.c`;
    const files = { [path]: "struct s { int n; };\nint f(struct s *s)\n{\n\treturn unknown(s->n);\n}\n" };
    const { text } = await translated(files, { entries: ["f"], version: "6.1 */ throw 1; /*" });
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(complaints([text])).toEqual([]);
  }, 60_000);

  test("names that only gcc takes", async () => {
    const text =
      "struct s { int a$b; };\nint f(int x$)\n{\n\tstruct s s$ = { x$ };\n\tint \xe9 = 2;\n\treturn s$.a$b + \xe9;\n}\n";
    const { text: out, unmodelled } = await translated(text, { entries: ["f"] });
    expect(out).toMatch(/^[\x20-\x7e\n]*$/);
    if (unmodelled.length === 0) expect((await model(text, { entries: ["f"] })).call("f", 3)).toBe(5);
  });

  test("any bytes between the tokens of a function", async () => {
    const pieces = fc.constantFrom(
      ..."return x + 1 ; if ( x ) { } else while goto out out: case 1: default: switch \" ' /* */ // \\ ` $ { } \0 #".split(
        " ",
      ),
      "\n",
      "\xe2\x80\xa9",
      '"a"',
      "(u8)",
      "*",
      "&x",
      "x = 3",
      "[0]",
      ".y",
      "->y",
      "f(x)",
      "do",
    );
    const bodies = fc.sample(fc.array(pieces, { minLength: 1, maxLength: 12 }), { numRuns: 150, seed: 7 });
    for (const body of bodies) {
      const text = `int f(int x)\n{\n${body.join(" ")}\n}\nint g(int x)\n{\n\treturn x;\n}\n`;
      let translation: Awaited<ReturnType<typeof translated>>;
      try {
        translation = await translated(text, { entries: ["f"] });
      } catch (error) {
        // Where the brackets do not close, there is no f to begin with.
        expect(String(error)).toMatch(/has no function f/);
        continue;
      }
      expect(translation.text).toMatch(/^[\x20-\x7e\n]*$/);
      expect(() => instance(translation), body.join(" ")).not.toThrow();
    }
  }, 60_000);

  test("what is unmodelled names the file as it is called", async () => {
    expect((await translated("int f(void)\n{\n\treturn no();\n}\n")).unmodelled[0]?.file).toBe(FILE);
  });
});

test("long sums and deep nesting are translated or told of, and end", async () => {
  const sum = Array.from({ length: 1000 }, () => "x").join(" + ");
  expect((await model(`int f(int x)\n{\n\treturn ${sum};\n}\n`)).call("f", 2)).toBe(2000);
  const deep = `${"(".repeat(380)}x${")".repeat(380)}`;
  expect((await model(`int f(int x)\n{\n\treturn ${deep};\n}\n`)).call("f", 2)).toBe(2);
  const ifs = `${"if (x) { ".repeat(300)}x++; ${"}".repeat(300)}`;
  expect((await model(`int f(int x)\n{\n\t${ifs}\n\treturn x;\n}\n`)).call("f", 2)).toBe(3);
  const tooLong = Array.from({ length: 1300 }, () => "x").join(" + ");
  expect((await translated(`int f(int x)\n{\n\treturn ${tooLong};\n}\n`)).unmodelled).toHaveLength(1);
});
