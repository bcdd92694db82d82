/** Spinlocks where threads are explored: calls say which lock it is, and take nothing else into the model. */
import { expect, test } from "vitest";
import { translated } from "./harness.ts";

const PREEMPTION = {
  before: "nothing",
  take: "spin_lock\\w* (?:read|write)_lock",
  release: "spin_unlock\\w* (?:read|write)_unlock",
  members: [],
};

const TEXT = `
  struct queue { spinlock_t lock; int n; };
  struct transport { struct queue queue; rwlock_t callbacks; struct queue *other; };
  static DEFINE_SPINLOCK(all);
  void f(struct transport *t, spinlock_t *lock, struct unknown *u) {
    unsigned long flags;
    spin_lock(&t->queue.lock);
    spin_unlock(&(t->queue).lock);
    read_lock(&t->callbacks);
    read_unlock(&t->callbacks);
    write_lock(&t->callbacks);
    spin_lock_irqsave(&t->other->lock, flags);
    spin_lock(&all);
    spin_lock(lock);
    spin_lock(&u->hidden->lock);
  }
`;

test("a call names the object and the member, the variable, or the pointer", async () => {
  const { text, unmodelled } = await translated(TEXT, { entries: ["f"], preemption: PREEMPTION });
  expect(unmodelled).toEqual([]);
  const calls = [...text.matchAll(/yield\* (\w+_critical)\(kernel, (.*), "[^"]*\.c:(\d+) f"\)/g)];
  expect(calls.map(([, name, given]) => `${name}: ${given}`)).toEqual([
    'enter_critical: t.queue, "queue.lock", false',
    'leave_critical: t.queue, "queue.lock"',
    'enter_critical: t, "transport.callbacks", true',
    'leave_critical: t, "transport.callbacks"',
    'enter_critical: t, "transport.callbacks", false',
    'enter_critical: t.other, "queue.lock", false',
    'enter_critical: globals, "all", false',
    'enter_critical: lock, "*lock", false',
    'enter_critical: undefined, "u->hidden->lock", false',
  ]);
  expect(calls.map((one) => Number(one[3]))).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15]);
});
