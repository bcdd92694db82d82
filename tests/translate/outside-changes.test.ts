/** Functions that are said to be without effect and change what the model keeps: no call of one is passed over. */
import { describe, expect, test } from "vitest";
import { FILE, type Setup, unmodelledIn } from "./harness.ts";

const HEAD = `struct part { unsigned long flags; int unused; };
struct s {
  unsigned long state; int n, counted; atomic_t count; struct list_head list; struct work_struct work;
  struct part part, other; unsigned long unused; int (*ready)(int);
};
static unsigned long total, untouched;
static int now(int x) { return x; }
static inline void forget(struct s *s) { clear_bit(3, &s->state); }
#define FORGET(s) clear_bit(3, &(s)->state)
#define ASSIGN(s) do { (s)->n = 4; } while (0)
#define LOOK(s) test_bit(3, &(s)->state)
`;
/** Line 1 of what follows HEAD. */
const FIRST = HEAD.split("\n").length;
const TAIL = `
int f(struct s *s)
{
  int (*ready)(int) = now;
  s->ready = ready;
  forget(s);
  total++;
  if (test_bit(1, &s->state) || !list_empty(&s->list) || atomic_read(&s->count) || s->part.flags)
    return s->n;
  INIT_WORK(&s->work, NULL);
  note(s);
  return s->counted + total + s->ready(1);
}
`;
const SETUP: Setup = { entries: ["f"], noEffect: [{ reason: "logging", names: "note say\\w*" }] };

/** What is said of note() with a body. */
async function said(body: string, setup: Setup = SETUP, before = ""): Promise<readonly string[]> {
  return unmodelledIn(`${HEAD}${before}void note(struct s *s)\n{\n  ${body}\n}${TAIL}`, setup);
}

/** The line of its body, where nothing stands before it. */
const BODY = FIRST + 2;

describe("a function without effect that", () => {
  test.each([
    ["set_bit(2, &s->state);", "changes (set_bit) s.state"],
    ["if (test_and_clear_bit(2, &(s->state))) return;", "changes (test_and_clear_bit) s.state"],
    ["atomic_inc(&s->count);", "changes (atomic_inc) s.count"],
    ["xchg(&s->n, 2);", "changes (xchg) s.n"],
    ["cmpxchg(&s->n, 2, 3);", "changes (cmpxchg) s.n"],
    ["s->n = 3;", "stores s.n"],
    ["s->n |= 3;", "stores s.n"],
    // Given back on one path only, or before: somebody sees the store.
    ["s->n = 3; if (s->unused) kfree(s);", "stores s.n"],
    ["s->n = 3; kfree(&s->part);", "stores s.n"],
    ["--s->n;", "stores s.n"],
    ["WRITE_ONCE(s->n, 3);", "changes (WRITE_ONCE) s.n"],
    ["s->part.flags = 1;", "stores part.flags"],
    ["struct part *p = &s->part; p->flags = 1;", "stores part.flags"],
    ["list_del_init(&s->list);", "changes (list_del_init) s.list"],
    ["queue_work(NULL, &s->work);", "changes (queue_work) s.work"],
    ["memset(&s->part, 0, sizeof(s->part));", "changes (memset) s.part"],
    ["s->ready = NULL;", "stores s.ready"],
    ["total = 0;", "stores total"],
    ["unsigned long *p = &s->state; tell(p);", "hands on s.state"],
    ["bump(&s->state);", "hands on s.state"],
    ["FORGET(s);", "changes (clear_bit) s.state (macro FORGET)"],
    ["ASSIGN(s);", "stores s.n (macro ASSIGN)"],
  ])("does %s contradicts that", async (body, what) => {
    const found = await said(body);
    const line = what.includes("macro") ? FIRST : BODY;
    expect(found).toContain(`${line}: note is not in the model, and ${what}`);
    const call = `call of note, which does more than the model takes it for (${FILE}:${line})`;
    expect(found.map((one) => one.replace(/^\d+: /, ""))).toContain(call);
    expect(found.length).toBe(2);
  });

  test("calls what does so contradicts it at that place, in the slice and outside of it", async () => {
    const inSlice = HEAD.split("\n").findIndex((line) => line.includes("void forget")) + 1;
    expect(await said("forget(s);")).toContain(`${inSlice}: note is not in the model, and changes (clear_bit) s.state`);
    const before = "static void deeper(struct s *it) { it->n = 1; }\nvoid deep(struct s *it) { deeper(it); }\n";
    expect(await said("deep(s);", SETUP, before)).toContain(`${FIRST}: note is not in the model, and stores s.n`);
  });

  test("changes what the model knows nothing of, or only looks, is believed", async () => {
    const harmless = [
      "s->unused = 1; set_bit(1, &s->unused); untouched = 2;",
      "s->part.unused = 3; s->other.flags = 3;",
      "if (test_bit(2, &s->state) && LOOK(s) && atomic_read(&s->count) && list_empty(&s->list)) say(s->n);",
      "int n = s->n; n = 4; struct part own; own.flags = 1;",
      "char text[4]; memcpy(text, &s->n, sizeof(s->n));",
      "s->n = 3; if (s->unused) say(s->n); kfree(s);",
    ];
    for (const body of harmless) expect([body, await said(body)]).toEqual([body, []]);
  });

  test("keeps the books as its system says is believed", async () => {
    const setup = { ...SETUP, bookkeeping: ["s.count", "total"] };
    expect(await said("atomic_inc(&s->count); total++;", setup)).toEqual([]);
    expect((await said("s->n++;", setup)).length).toBe(2);
  });
});
