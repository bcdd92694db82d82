/**
 * Doubly linked lists: include/linux/list.h. A ListHead is both the head and the entry, which stands in a struct that
 * container_of() yields; a loop over a list is `for (p = head.next; p !== head; p = p.next)`.
 */
import { SimulationFault } from "./fault.ts";
import { Struct } from "./structs.ts";

/** struct list_head; a new one is an empty list. */
export class ListHead extends Struct {
  static readonly bytes = 16;
  next: ListHead = this;
  prev: ListHead = this;
}

/** What list_del() leaves in an entry (include/linux/poison.h): touching what it points to is a fault. */
function poison(name: string): ListHead {
  const head = new ListHead();
  const touched = (): never => {
    throw new SimulationFault("bad-pointer", `${name}: a list entry is used that list_del() has taken off its list`);
  };
  // It stands in no struct, which container_of() says; clearing and copying the struct of the entry ask for that, too.
  for (const key of ["next", "prev"]) Object.defineProperty(head, key, { get: touched, set: touched });
  return head;
}

export const LIST_POISON1: ListHead = poison("LIST_POISON1");
export const LIST_POISON2: ListHead = poison("LIST_POISON2");

/** Memory that was cleared and never initialised has null in it, which C would follow. */
function linkOf(head: ListHead, link: "next" | "prev"): ListHead {
  const other: ListHead | null = head[link];
  if (other === null) throw new SimulationFault("bad-pointer", `the ${link} of a list head that was not initialised`);
  return other;
}

function insert(entry: ListHead, prev: ListHead, next: ListHead): void {
  next.prev = entry;
  entry.next = next;
  entry.prev = prev;
  prev.next = entry;
}

/** __list_del_entry(). */
function unlink(entry: ListHead): void {
  const next = linkOf(entry, "next");
  const prev = linkOf(entry, "prev");
  next.prev = prev;
  prev.next = next;
}

export function INIT_LIST_HEAD(list: ListHead): void {
  list.next = list;
  list.prev = list;
}

/** After the head. */
export function list_add(entry: ListHead, head: ListHead): void {
  insert(entry, head, linkOf(head, "next"));
}

/** Before the head: at the end. */
export function list_add_tail(entry: ListHead, head: ListHead): void {
  insert(entry, linkOf(head, "prev"), head);
}

/** Takes an entry off its list and poisons it, so that a second list_del() is a fault. */
export function list_del(entry: ListHead): void {
  unlink(entry);
  entry.next = LIST_POISON1;
  entry.prev = LIST_POISON2;
}

export function list_del_init(entry: ListHead): void {
  unlink(entry);
  INIT_LIST_HEAD(entry);
}

/** Assignments in the kernel's order, for an empty `old` makes an empty list of `entry`. */
export function list_replace(old: ListHead, entry: ListHead): void {
  entry.next = linkOf(old, "next");
  entry.next.prev = entry;
  entry.prev = linkOf(old, "prev");
  entry.prev.next = entry;
}

export function list_replace_init(old: ListHead, entry: ListHead): void {
  list_replace(old, entry);
  INIT_LIST_HEAD(old);
}

export function list_move(entry: ListHead, head: ListHead): void {
  unlink(entry);
  list_add(entry, head);
}

export function list_move_tail(entry: ListHead, head: ListHead): void {
  unlink(entry);
  list_add_tail(entry, head);
}

export function list_empty(head: ListHead): boolean {
  return head.next === head;
}

export function list_empty_careful(head: ListHead): boolean {
  return head.next === head && head.prev === head;
}

export function list_is_singular(head: ListHead): boolean {
  return !list_empty(head) && head.next === head.prev;
}

export function list_is_first(entry: ListHead, head: ListHead): boolean {
  return entry.prev === head;
}

export function list_is_last(entry: ListHead, head: ListHead): boolean {
  return entry.next === head;
}

export function list_is_head(entry: ListHead, head: ListHead): boolean {
  return entry === head;
}

/** Puts what is on `list` between two entries that are next to each other; `list` itself keeps its pointers. */
function splice(list: ListHead, prev: ListHead, next: ListHead): void {
  if (list_empty(list)) return;
  const first = linkOf(list, "next");
  const last = linkOf(list, "prev");
  first.prev = prev;
  prev.next = first;
  last.next = next;
  next.prev = last;
}

/** Puts what is on `list` at the start of `head`'s; `list` must be initialised before it is used again. */
export function list_splice(list: ListHead, head: ListHead): void {
  splice(list, head, linkOf(head, "next"));
}

export function list_splice_tail(list: ListHead, head: ListHead): void {
  splice(list, linkOf(head, "prev"), head);
}

export function list_splice_init(list: ListHead, head: ListHead): void {
  list_splice(list, head);
  INIT_LIST_HEAD(list);
}

export function list_splice_tail_init(list: ListHead, head: ListHead): void {
  list_splice_tail(list, head);
  INIT_LIST_HEAD(list);
}
