/**
 * Spinlocks and rwlocks that somebody holds: kernel/locking/spinlock.c. Nobody else runs under one, so that a lock is
 * never waited for; but who takes his own lock again waits for ever, and who goes away with one lets others wait.
 */
import { SimulationFault } from "./fault.ts";
import { FieldPointer, samePointer } from "./pointers.ts";

/** Which lock a call is about: a member of an object, a variable at file scope, or what a pointer points to. */
export interface LockName {
  /** What has the lock as a member, or a pointer to the lock; undefined where only the text of the call tells. */
  readonly object: unknown;
  /** What C calls it: `struct.member`, the variable, or `*pointer`. */
  readonly lock: string;
  /** Where the call is, and in which function. */
  readonly place: string;
}

/** One lock of a context, which links those that it holds: the last taken first. */
export class HeldLock implements LockName {
  /** @param isShared whether it was taken by a reader: readers do not keep each other out */
  constructor(
    readonly object: unknown,
    readonly lock: string,
    readonly place: string,
    readonly isShared: boolean,
    readonly next: HeldLock | null,
  ) {}
}

/** Who holds locks: a thread with the callbacks that run in it, or all softirqs together. */
export interface LockOwner {
  held: HeldLock | null;
}

/** The object and the member of it that is the lock; the member is null where the object is the lock. */
function placeOf({ object, lock }: LockName): { readonly object: unknown; readonly member: string | null } {
  if (object instanceof FieldPointer) return { object: object.object, member: String(object.key) };
  return { object, member: lock.startsWith("*") ? null : (/\w+$/.exec(lock)?.[0] ?? lock) };
}

/** A lock is the same whether it is named as a member or by a pointer to it. */
function isSame(a: LockName, b: LockName): boolean {
  if (a.object === undefined || b.object === undefined) return a.object === b.object && a.lock === b.lock;
  const [one, other] = [placeOf(a), placeOf(b)];
  if (one.member === other.member) return samePointer(one.object, other.object);
  if (one.member !== null && other.member !== null) return false;
  return lockAt(one) === lockAt(other);
}

function lockAt({ object, member }: { readonly object: unknown; readonly member: string | null }): unknown {
  return member === null ? object : (object as Readonly<Record<string, unknown>>)[member];
}

/** spin_lock(), read_lock(), write_lock(). */
export function takeLock(owner: LockOwner, { object, lock, place }: LockName, isShared: boolean): void {
  if (object === null) throw new SimulationFault("bad-pointer", `${place} takes ${lock} of a null pointer`);
  for (let one = owner.held; one !== null; one = one.next) {
    if (!isSame(one, { object, lock, place }) || (isShared && one.isShared)) continue;
    throw new SimulationFault(
      "bug-on",
      `${place} takes ${lock}, which it holds since ${one.place}: it waits for itself`,
    );
  }
  owner.held = new HeldLock(object, lock, place, isShared, owner.held);
}

/** spin_unlock(), read_unlock(), write_unlock(). Locks need not be released in the order in which they were taken. */
export function releaseLock(owner: LockOwner, name: LockName): void {
  owner.held = without(owner.held, name);
}

function without(held: HeldLock | null, name: LockName): HeldLock | null {
  if (held === null) throw new SimulationFault("bug-on", `${name.place} releases ${name.lock}, which it does not hold`);
  if (isSame(held, name)) return held.next;
  return new HeldLock(held.object, held.lock, held.place, held.isShared, without(held.next, name));
}

/**
 * Says that a section is over.
 *
 * @param before what was held when it began
 * @throws SimulationFault of kind bug-on when it keeps a lock, or has released one that was not its own
 */
export function checkLocks(owner: LockOwner, before: HeldLock | null, what: string): void {
  const { held } = owner;
  if (held === before) return;
  const lock = held ?? before;
  const did = held === null ? "is released in" : "is still held at the end of";
  throw new SimulationFault("bug-on", `${lock?.lock}, taken at ${lock?.place}, ${did} ${what}`);
}
