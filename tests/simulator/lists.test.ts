import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as l from "../../tools/simulator/lists.ts";
import { container_of, memset, Struct } from "../../tools/simulator/structs.ts";

class Entry extends Struct {
  readonly list = new l.ListHead(this);

  constructor(readonly id: number) {
    super();
  }
}

/** What is on a list, both ways, which must agree. */
function idsOf(head: l.ListHead): number[] {
  const ids: number[] = [];
  for (let p = head.next; p !== head; p = p.next) ids.push(container_of<Entry>(p, 1).id);
  const back: number[] = [];
  for (let p = head.prev; p !== head; p = p.prev) back.unshift(container_of<Entry>(p, 1).id);
  expect(back).toEqual(ids);
  return ids;
}

function listOf(count: number): { head: l.ListHead; entries: Entry[] } {
  const head = new l.ListHead();
  const entries = Array.from({ length: count }, (_, id) => new Entry(id));
  for (const entry of entries) l.list_add_tail(entry.list, head);
  return { head, entries };
}

test("adding, moving and removing do to a list what they do to an array", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("add", "tail", "del", "move", "moveTail"), fc.nat(5)));
  fc.assert(
    fc.property(steps, (script) => {
      const { head, entries } = listOf(0);
      const model: number[] = [];
      for (let id = 0; id < 6; id++) entries.push(new Entry(id));
      for (const [step, id] of script) {
        const { list } = entries[id] as Entry;
        const at = model.indexOf(id);
        if (step === "add" || step === "tail") {
          if (at >= 0) continue;
          (step === "add" ? l.list_add : l.list_add_tail)(list, head);
        } else {
          if (at < 0) continue;
          model.splice(at, 1);
          if (step === "del") l.list_del_init(list);
          if (step === "move") l.list_move(list, head);
          if (step === "moveTail") l.list_move_tail(list, head);
        }
        if (step === "add" || step === "move") model.unshift(id);
        if (step === "tail" || step === "moveTail") model.push(id);
        expect(idsOf(head)).toEqual(model);
        expect([l.list_empty(head), l.list_empty_careful(head)]).toEqual(Array(2).fill(model.length === 0));
        expect(l.list_is_singular(head)).toBe(model.length === 1);
      }
    }),
  );
});

test("first, last and splicing", () => {
  const { head, entries } = listOf(2);
  const [first, last] = entries as [Entry, Entry];
  expect([l.list_is_first(first.list, head), l.list_is_last(first.list, head)]).toEqual([true, false]);
  expect([l.list_is_first(last.list, head), l.list_is_last(last.list, head)]).toEqual([false, true]);
  expect([l.list_is_head(head, head), l.list_is_head(first.list, head)]).toEqual([true, false]);
  const other = listOf(3);
  l.list_splice_init(head, other.head);
  expect([idsOf(other.head), idsOf(head)]).toEqual([[0, 1, 0, 1, 2], []]);
  l.list_splice_tail_init(other.head, head);
  expect([idsOf(other.head), idsOf(head)]).toEqual([[], [0, 1, 0, 1, 2]]);
  l.list_splice(other.head, head);
  expect(idsOf(head)).toHaveLength(5);
});

test("replacing, an empty list too", () => {
  const { head, entries } = listOf(3);
  l.list_replace_init((entries[1] as Entry).list, new Entry(7).list);
  expect(idsOf(head)).toEqual([0, 7, 2]);
  const [empty, fresh] = [new l.ListHead(), new l.ListHead()];
  l.list_replace(empty, fresh);
  expect(l.list_empty_careful(fresh)).toBe(true);
});

describe("an entry that was deleted", () => {
  test("is on no list and must not be deleted or walked from", () => {
    const { head, entries } = listOf(2);
    const { list } = entries[0] as Entry;
    l.list_del(list);
    expect(idsOf(head)).toEqual([1]);
    expect(l.list_empty(list)).toBe(false);
    expect(() => l.list_del(list)).toThrow("LIST_POISON");
    expect(() => l.list_move(list, head)).toThrow("LIST_POISON");
    expect(() => idsOf(list)).toThrow("LIST_POISON1");
    expect(() => l.list_add(new Entry(5).list, list)).toThrow("LIST_POISON1");
    expect(idsOf(head)).toEqual([1]);
    l.list_add(list, head);
    expect(idsOf(head)).toEqual([0, 1]);
  });

  test("cleared memory is no list", () => {
    const head = memset(new l.ListHead(), 0, 16);
    expect(() => l.list_add(new Entry(1).list, head)).toThrow("not initialised");
    l.INIT_LIST_HEAD(head);
    expect(l.list_empty_careful(head)).toBe(true);
  });
});
