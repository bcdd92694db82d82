/** Macros that a client defines over names which the translator treats itself: they are not passed over. */
import { expect, test } from "vitest";
import { UnmodelledFault } from "../../tools/simulator/model.ts";
import { instance, type Setup, translated, unmodelledIn } from "./harness.ts";

const SETUP: Setup = {
  entries: ["f"],
  environment: ["int play(int x)"],
  noEffect: [
    { reason: "logging", names: "say" },
    { reason: "locks", names: "spin_(?:un)?lock" },
  ],
  preemption: { before: "nothing", take: "spin_lock", release: "spin_unlock", members: [] },
};
const F = `int f(struct work_struct *w, spinlock_t *lock, int x)
{
  spin_lock(lock);
  queue_work(NULL, w);
  say(x);
  BUG_ON(x == 7);
  x = play(x);
  spin_unlock(lock);
  return HZ + x;
}
`;

test.each([
  ["#define queue_work(a, b) false", "queue_work"],
  ["#define queue_work(a, b)", "queue_work"],
  ["#define spin_lock(x) do { } while (0)", "spin_lock"],
  ["#define play(x) 0", "play"],
  ["#define BUG_ON(x) do { } while (0)", "BUG_ON"],
  ["#define HZ 7", "HZ"],
])("%s makes what uses it unmodelled, and stops the run there", async (macro, name) => {
  const translation = await translated(`${macro}\n${F}`, SETUP);
  const what = `f: ${name} is a macro of fs/cifs/sample.c:1, and not what it is elsewhere`;
  expect(translation.unmodelled.map((one) => [one.line, one.what])).toEqual([[2, what]]);
  expect(() => instance(translation).call("f", null, null, 1)).toThrow(UnmodelledFault);
});

test("also where the name comes out of another macro, or the macro stands in a header of the client", async () => {
  const through =
    "#define queue_work(a, b) false\n#define go(w) queue_work(NULL, w)\nvoid f(struct work_struct *w) { go(w); }\n";
  expect((await unmodelledIn(through, SETUP)).join()).toContain("f: queue_work is a macro of fs/cifs/sample.c:1");
  const files = { "fs/cifs/own.h": "\n#define queue_work(a, b) false\n", "fs/cifs/a.c": F };
  expect((await unmodelledIn(files, SETUP)).join()).toContain("f: queue_work is a macro of fs/cifs/own.h:2");
});

test("a macro of another file does not reach this one, and what logs may be a macro", async () => {
  const files = {
    "fs/cifs/a.c": F,
    "fs/cifs/b.c": "#define queue_work(a, b) false\nint g(void) { return queue_work(1, 2); }\n",
  };
  expect(await unmodelledIn(files, SETUP)).toEqual([]);
  expect(await unmodelledIn(`#define say(x) printk(x)\n${F}`, SETUP)).toEqual([]);
});

test("a macro that is said to be without effect and changes a bit is told of", async () => {
  const text = `struct s { unsigned long state; };
#define say(s) set_bit(1, &(s)->state)
int f(struct s *s) { say(s); return test_bit(1, &s->state); }
`;
  expect(await unmodelledIn(text, SETUP)).toContain(
    "2: say is not in the model, and changes (set_bit) s.state (macro say)",
  );
});
