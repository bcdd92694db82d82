/**
 * Macros of the kernel that the translator words itself: those that need a compiler's extensions (typeof, statement
 * expressions), and those of headers that a partial tree lacks. Each says the same as the kernel's, in calls that
 * start with two underscores and that expressions.ts knows.
 */
import type { MacroDefinition } from "../c/preprocessor.ts";

/** The head of a loop over the entries of a list; `isSafe` where the body may take its entry off. */
function listLoop(link: "next" | "prev", isSafe = false): string {
  const entry = `__list_next(pos, __list_cursor, member)${isSafe ? " && __list_keep(__list_cursor->next)" : ""}`;
  const first = `__list_cursor = (head)->${link}`;
  const next = isSafe ? "__list_kept()" : `__list_cursor->${link}`;
  return `for (${first}; __list_cursor != (head) ? ${entry} : __list_end(pos); __list_cursor = ${next})`;
}

const WORDS: readonly (readonly [string, string])[] = [
  // include/linux/container_of.h (before 5.16: kernel.h), list.h
  ["container_of(ptr, type, member)", "__container_of((ptr), (type *)0, member)"],
  ["container_of_const(ptr, type, member)", "__container_of((ptr), (type *)0, member)"],
  ["list_entry(ptr, type, member)", "__container_of((ptr), (type *)0, member)"],
  ["list_first_entry(ptr, type, member)", "__container_of((ptr)->next, (type *)0, member)"],
  ["list_last_entry(ptr, type, member)", "__container_of((ptr)->prev, (type *)0, member)"],
  [
    "list_first_entry_or_null(ptr, type, member)",
    "(list_empty(ptr) ? (type *)0 : __container_of((ptr)->next, (type *)0, member))",
  ],
  ["list_next_entry(pos, member)", "__container_of((pos)->member.next, pos, member)"],
  ["list_prev_entry(pos, member)", "__container_of((pos)->member.prev, pos, member)"],
  ["list_for_each(pos, head)", "for (pos = (head)->next; pos != (head); pos = pos->next)"],
  [
    "list_for_each_safe(pos, n, head)",
    "for (pos = (head)->next, n = pos->next; pos != (head); pos = n, n = pos->next)",
  ],
  ["list_for_each_prev(pos, head)", "for (pos = (head)->prev; pos != (head); pos = pos->prev)"],
  // The place in the list is kept apart: at the end the kernel's own pos is no entry, and here it is NULL.
  ["list_for_each_entry(pos, head, member)", listLoop("next")],
  ["list_for_each_entry_rcu(pos, head, member)", listLoop("next")],
  ["list_for_each_entry_reverse(pos, head, member)", listLoop("prev")],
  ["list_for_each_entry_safe(pos, n, head, member)", listLoop("next", true)],
  // include/linux/wait_bit.h
  ["__WAIT_BIT_KEY_INITIALIZER(word, bit)", "{ .flags = word, .bit_nr = bit }"],
  // include/linux/rbtree.h
  ["rb_entry(ptr, type, member)", "__container_of((ptr), (type *)0, member)"],
  ["RB_ROOT", "((struct rb_root) { .rb_node = 0 })"],
  ["RB_EMPTY_ROOT(root)", "((root)->rb_node == 0)"],
  ["RB_EMPTY_NODE(node)", "((node)->__rb_parent_color == (void *)(node))"],
  ["RB_CLEAR_NODE(node)", "((node)->__rb_parent_color = (void *)(node))"],
  // include/linux/timer.h
  ["from_timer(var, callback_timer, field)", "__container_of((callback_timer), var, field)"],
  ["timer_container_of(var, callback_timer, field)", "__container_of((callback_timer), var, field)"],
  ["freezable_schedule()", "schedule()"],
  ["freezable_schedule_unsafe()", "schedule()"],
  ["schedule_work(work)", "queue_work(system_wq, work)"],
  ["schedule_delayed_work(dwork, delay)", "queue_delayed_work(system_wq, dwork, delay)"],
  ["to_delayed_work(work)", "__container_of((work), (struct delayed_work *)0, work)"],
  // include/linux/minmax.h (before 5.10: kernel.h)
  ["min(x, y)", "__min((x), (y))"],
  ["max(x, y)", "__max((x), (y))"],
  ["umin(x, y)", "__min(0u + (x) + 0ul + 0ull, 0u + (y) + 0ul + 0ull)"],
  ["umax(x, y)", "__max(0u + (x) + 0ul + 0ull, 0u + (y) + 0ul + 0ull)"],
  ["min_t(type, x, y)", "__min((type)(x), (type)(y))"],
  ["max_t(type, x, y)", "__max((type)(x), (type)(y))"],
  ["min3(x, y, z)", "__min(__min((x), (y)), (z))"],
  ["max3(x, y, z)", "__max(__max((x), (y)), (z))"],
  ["clamp(val, lo, hi)", "__min(__max((val), (lo)), (hi))"],
  ["clamp_t(type, val, lo, hi)", "__min(__max((type)(val), (type)(lo)), (type)(hi))"],
  ["clamp_val(val, lo, hi)", "__min(__max((val), __like(val, lo)), __like(val, hi))"],
  // include/linux/jiffies.h: a product in the argument's own type; `(x) *` would read like a cast
  ["secs_to_jiffies(_secs)", "((unsigned long)(HZ * (_secs)))"],
  // include/linux/compiler.h, asm/rwonce.h, asm/barrier.h
  ["DIV_ROUND_UP(n, d)", "(((n) + (d) - 1) / (d))"],
  ["might_sleep()", "do { } while (0)"],
  ["cond_resched_lock(lock)", "0"],
  ["likely(x)", "__truth(x)"],
  ["unlikely(x)", "__truth(x)"],
  ["READ_ONCE(x)", "(x)"],
  ["ACCESS_ONCE(x)", "(x)"],
  ["WRITE_ONCE(x, val)", "((x) = (val))"],
  ["data_race(x)", "(x)"],
  ["smp_load_acquire(p)", "(*(p))"],
  ["smp_store_release(p, v)", "(*(p) = (v))"],
  ["smp_store_mb(var, value)", "((var) = (value))"],
  ["rcu_dereference(p)", "(p)"],
  ["rcu_dereference_protected(p, c)", "(p)"],
  ["rcu_dereference_check(p, c)", "(p)"],
  ["rcu_dereference_raw(p)", "(p)"],
  ["RCU_INIT_POINTER(p, v)", "((p) = (v))"],
  ["rcu_access_pointer(p)", "(p)"],
  ["rcu_assign_pointer(p, v)", "((p) = (v))"],
  ["fallthrough", ""],
  // include/asm-generic/bug.h, linux/kernel.h, stddef.h, kconfig.h, array_size.h
  ["BUG()", "__bug()"],
  ["BUG_ON(condition)", "do { if (condition) __bug(); } while (0)"],
  ["WARN_ON(condition)", "((condition) ? 1 : 0)"],
  ["WARN_ON_ONCE(condition)", "((condition) ? 1 : 0)"],
  ["WARN(condition, ...)", "((condition) ? 1 : 0)"],
  ["WARN_ONCE(condition, ...)", "((condition) ? 1 : 0)"],
  ["BUILD_BUG_ON(condition)", "do { } while (0)"],
  ["ARRAY_SIZE(arr)", "__array_size(arr)"],
  ["IS_ENABLED(option)", "1"],
  ["IS_REACHABLE(option)", "1"],
  ["offsetof(type, member)", "__offsetof((type *)0, member)"],
  ["offsetofend(type, member)", "__offsetofend((type *)0, member)"],
  ["struct_size(p, member, count)", "(sizeof(*(p)) + sizeof(*(p)->member) * (count))"],
  ["LIST_HEAD(name)", "struct list_head name"],
  ["DECLARE_WORK(n, f)", "struct work_struct n = { .func = f }"],
  ["DECLARE_DELAYED_WORK(n, f)", "struct delayed_work n = { .work = { .func = f } }"],
  ["DECLARE_WAIT_QUEUE_HEAD(name)", "struct wait_queue_head name"],
  ["DECLARE_COMPLETION_ONSTACK(work)", "struct completion work"],
  ["DECLARE_COMPLETION(work)", "struct completion work"],
  // include/linux/slab.h, since 6.19
  ["kzalloc_obj(object, ...)", "__allocate_object()"],
  ["kmalloc_obj(object, ...)", "__allocate_object()"],
  ["swap(a, b)", "__swap(a, b)"],
  ["THIS_MODULE", "0"],
  // include/linux/byteorder/generic.h
  ["be16_add_cpu(p, v)", "(*(p) = cpu_to_be16(be16_to_cpu(*(p)) + (v)))"],
  ["be32_add_cpu(p, v)", "(*(p) = cpu_to_be32(be32_to_cpu(*(p)) + (v)))"],
  ["le16_add_cpu(p, v)", "(*(p) = cpu_to_le16(le16_to_cpu(*(p)) + (v)))"],
  ["le32_add_cpu(p, v)", "(*(p) = cpu_to_le32(le32_to_cpu(*(p)) + (v)))"],
  ["be32_to_cpup(p)", "be32_to_cpu(*(p))"],
  ["le32_to_cpup(p)", "le32_to_cpu(*(p))"],
  ["__func__", '"function"'],
  // include/linux/cleanup.h: locks, which are without effect here (no-effect.ts)
  ["guard(name)", "__guard"],
  ["scoped_guard(name, ...)", "if (1)"],
  // include/linux/wait.h: the condition is asked again after each wake-up
  ["do_div(n, base)", "__do_div(n, base)"],
];

const KNOWN: ReadonlyMap<string, MacroDefinition> = new Map(
  WORDS.map(([head, body]) => {
    const match = /^(\w+)(?:\(([^)]*)\))?$/.exec(head);
    const name = match?.[1] ?? head;
    const list = match?.[2];
    const parameters =
      list === undefined
        ? null
        : list
            .split(",")
            .map((one) => one.trim().replace("...", "__VA_ARGS__"))
            .filter((one) => one !== "");
    return [name, { name, parameters, body, offset: 0, endOffset: 0 }];
  }),
);

/** The translator's own wording of a macro, if it has one. */
export function knownMacro(name: string): MacroDefinition | undefined {
  return KNOWN.get(name);
}
