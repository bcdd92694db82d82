/** Spinlocks: which is which, who holds them, and what must not be left behind. */
import { describe, expect, test } from "vitest";
import { SimulationFault } from "../../tools/simulator/fault.ts";
import { checkLocks, type LockName, type LockOwner, releaseLock, takeLock } from "../../tools/simulator/held-locks.ts";
import { FieldPointer } from "../../tools/simulator/pointers.ts";
import { OpaqueStruct } from "../../tools/simulator/structs.ts";

class Queue {
  readonly lock = new OpaqueStruct(this);
  other = 0;
}

const ONE = new Queue();
const TWO = new Queue();

function named(object: unknown, lock: string, place = "f.c:1 f"): LockName {
  return { object, lock, place };
}

function faultOf(run: () => void): string {
  try {
    run();
    return "";
  } catch (error) {
    return error instanceof SimulationFault ? error.message : String(error);
  }
}

/** What comes of taking one lock under another. */
function both(a: LockName, b: LockName, areShared: readonly [boolean, boolean] = [false, false]): string {
  const owner: LockOwner = { held: null };
  takeLock(owner, a, areShared[0]);
  return faultOf(() => takeLock(owner, b, areShared[1]));
}

describe("a lock that is taken twice", () => {
  const first = named(ONE, "queue.lock", "sched.c:7 wake");
  const said = "sched.c:9 sleep takes queue.lock, which it holds since sched.c:7 wake: it waits for itself";

  test("is a fault that names the lock and both places", () => {
    expect(both(first, named(ONE, "queue.lock", "sched.c:9 sleep"))).toBe(said);
  });

  test("is another one in another object, another member, or another variable", () => {
    expect(both(first, named(TWO, "queue.lock"))).toBe("");
    expect(both(first, named(ONE, "queue.other"))).toBe("");
    expect(both(named(ONE, "a_lock"), named(ONE, "b_lock"))).toBe("");
  });

  test("is the same one behind a pointer, however that is held", () => {
    const pointers = [ONE.lock, new FieldPointer(ONE, "lock")];
    for (const one of pointers) {
      for (const again of [named(ONE, "queue.lock"), ...pointers.map((each) => named(each, "*other"))]) {
        expect(both(named(one, "*lock"), again)).toContain("waits for itself");
        expect(both(again, named(one, "*lock"))).toContain("waits for itself");
      }
      expect(both(named(one, "*lock"), named(TWO, "queue.lock"))).toBe("");
      expect(both(named(TWO.lock, "*lock"), named(one, "*lock"))).toBe("");
    }
  });

  test("by readers only is none", () => {
    expect(both(first, first, [true, true])).toBe("");
    expect(both(first, first, [true, false])).toContain("waits for itself");
    expect(both(first, first, [false, true])).toContain("waits for itself");
  });

  test("and of which only the text is known is told by that", () => {
    expect(both(named(undefined, "a->lock"), named(undefined, "a->lock"))).toContain("waits for itself");
    expect(both(named(undefined, "a->lock"), named(undefined, "b->lock"))).toBe("");
    expect(both(named(undefined, "a->lock"), named(ONE, "queue.lock"))).toBe("");
  });
});

describe("locks", () => {
  test("are released in any order, and are what was held before then", () => {
    const owner: LockOwner = { held: null };
    takeLock(owner, named(ONE, "queue.lock"), false);
    const { held } = owner;
    takeLock(owner, named(TWO, "queue.lock"), false);
    takeLock(owner, named(TWO, "queue.other"), false);
    releaseLock(owner, named(TWO, "queue.lock"));
    releaseLock(owner, named(TWO, "queue.other"));
    expect(owner.held).toBe(held);
    releaseLock(owner, named(ONE, "queue.lock"));
    expect(owner.held).toBe(null);
  });

  test("that nobody holds cannot be released", () => {
    const owner: LockOwner = { held: null };
    takeLock(owner, named(ONE, "queue.lock"), false);
    expect(faultOf(() => releaseLock(owner, named(TWO, "queue.lock", "sched.c:9 wake")))).toBe(
      "sched.c:9 wake releases queue.lock, which it does not hold",
    );
  });

  test("of a null pointer are a fault", () => {
    expect(faultOf(() => takeLock({ held: null }, named(null, "queue.lock"), false))).toContain("null pointer");
  });

  test("that a section keeps, or takes away from who ran before, are a fault", () => {
    const owner: LockOwner = { held: null };
    checkLocks(owner, null, "the work");
    takeLock(owner, named(ONE, "queue.lock", "sched.c:7 wake"), false);
    expect(faultOf(() => checkLocks(owner, null, "the work"))).toBe(
      "queue.lock, taken at sched.c:7 wake, is still held at the end of the work",
    );
    const { held } = owner;
    releaseLock(owner, named(ONE, "queue.lock"));
    expect(faultOf(() => checkLocks(owner, held, "the callback"))).toBe(
      "queue.lock, taken at sched.c:7 wake, is released in the callback",
    );
  });
});
