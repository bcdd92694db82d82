/**
 * The kernel's primitives for work that runs later (include/linux/workqueue.h, timer.h, hrtimer.h; the names that
 * older kernels had are here too).
 */
import type { Mechanism } from "./fact.ts";

export interface BindPrimitive {
  readonly mechanism: Mechanism;
  readonly item: number;
  readonly handler: number;
}

export interface ArmPrimitive {
  readonly operation: "queue" | "modify" | "cancel";
  readonly mechanism: Mechanism;
  readonly item: number;
  readonly queue?: number;
  /** Index of the delay, or of the expiry time where `absolute` is set. */
  readonly delay?: number;
  readonly absolute?: boolean;
}

/** What binds a function to an item. */
export const BINDS: ReadonlyMap<string, BindPrimitive> = new Map<string, BindPrimitive>([
  ...[
    "INIT_DELAYED_WORK",
    "INIT_DEFERRABLE_WORK",
    "INIT_DELAYED_WORK_DEFERRABLE",
    "INIT_DELAYED_WORK_ONSTACK",
    "__INIT_DELAYED_WORK",
    "DECLARE_DELAYED_WORK",
    "DECLARE_DEFERRABLE_WORK",
    "DECLARE_DEFERRED_WORK",
    "PREPARE_DELAYED_WORK",
    "__DELAYED_WORK_INITIALIZER",
    "kthread_init_delayed_work",
    "KTHREAD_DELAYED_WORK_INIT",
  ].map((name): [string, BindPrimitive] => [name, { mechanism: "delayed-work", item: 0, handler: 1 }]),
  ...[
    "INIT_WORK",
    "PREPARE_WORK",
    "__WORK_INITIALIZER",
    "kthread_init_work",
    "__INIT_WORK",
    "INIT_WORK_ONSTACK",
    "DECLARE_WORK",
    "INIT_RCU_WORK",
    "INIT_WORK_KEY",
  ].map((name): [string, BindPrimitive] => [name, { mechanism: "work", item: 0, handler: 1 }]),
  ...[
    "timer_setup",
    "timer_setup_on_stack",
    "__timer_setup",
    "setup_timer",
    "__setup_timer",
    "setup_timer_on_stack",
    "setup_deferrable_timer",
    "setup_pinned_timer",
    "DEFINE_TIMER",
  ].map((name): [string, BindPrimitive] => [name, { mechanism: "timer", item: 0, handler: 1 }]),
  ["hrtimer_setup", { mechanism: "hrtimer", item: 0, handler: 1 }],
  ["hrtimer_setup_on_stack", { mechanism: "hrtimer", item: 0, handler: 1 }],
]);

const delayed = (operation: ArmPrimitive["operation"], first: number, queue?: number): ArmPrimitive => ({
  operation,
  mechanism: "delayed-work",
  item: first,
  delay: first + 1,
  ...(queue === undefined ? {} : { queue }),
});

const cancel = (mechanism: Mechanism): ArmPrimitive => ({ operation: "cancel", mechanism, item: 0 });

/** What arms, re-arms or disarms an item. */
export const ARMS: ReadonlyMap<string, ArmPrimitive> = new Map<string, ArmPrimitive>([
  ["queue_delayed_work", delayed("queue", 1, 0)],
  ["queue_delayed_work_on", delayed("queue", 2, 1)],
  ["schedule_delayed_work", delayed("queue", 0)],
  ["schedule_delayed_work_on", delayed("queue", 1)],
  ["mod_delayed_work", delayed("modify", 1, 0)],
  ["mod_delayed_work_on", delayed("modify", 2, 1)],
  ["kthread_queue_delayed_work", delayed("queue", 1, 0)],
  ["kthread_mod_delayed_work", delayed("modify", 1, 0)],
  ["kthread_cancel_delayed_work_sync", cancel("delayed-work")],
  ["kthread_queue_work", { operation: "queue", mechanism: "work", item: 1, queue: 0 }],
  ["kthread_cancel_work_sync", cancel("work")],
  ["cancel_delayed_work", cancel("delayed-work")],
  ["cancel_delayed_work_sync", cancel("delayed-work")],
  ["cancel_rearming_delayed_work", cancel("delayed-work")],
  ["cancel_rearming_delayed_workqueue", { operation: "cancel", mechanism: "delayed-work", item: 1, queue: 0 }],
  ["disable_delayed_work", cancel("delayed-work")],
  ["disable_delayed_work_sync", cancel("delayed-work")],
  ["queue_work", { operation: "queue", mechanism: "work", item: 1, queue: 0 }],
  ["queue_work_on", { operation: "queue", mechanism: "work", item: 2, queue: 1 }],
  ["schedule_work", { operation: "queue", mechanism: "work", item: 0 }],
  ["schedule_work_on", { operation: "queue", mechanism: "work", item: 1 }],
  ["cancel_work", cancel("work")],
  ["cancel_work_sync", cancel("work")],
  ["mod_timer", { operation: "modify", mechanism: "timer", item: 0, delay: 1, absolute: true }],
  ["mod_timer_pending", { operation: "modify", mechanism: "timer", item: 0, delay: 1, absolute: true }],
  ["mod_timer_pinned", { operation: "modify", mechanism: "timer", item: 0, delay: 1, absolute: true }],
  ["timer_reduce", { operation: "modify", mechanism: "timer", item: 0, delay: 1, absolute: true }],
  ["add_timer", { operation: "queue", mechanism: "timer", item: 0 }],
  ["add_timer_on", { operation: "queue", mechanism: "timer", item: 0 }],
  ["add_timer_local", { operation: "queue", mechanism: "timer", item: 0 }],
  ["add_timer_global", { operation: "queue", mechanism: "timer", item: 0 }],
  ["del_timer", cancel("timer")],
  ["del_timer_sync", cancel("timer")],
  ["del_singleshot_timer_sync", cancel("timer")],
  ["timer_delete", cancel("timer")],
  ["timer_delete_sync", cancel("timer")],
  ["timer_shutdown", cancel("timer")],
  ["timer_shutdown_sync", cancel("timer")],
  ["hrtimer_start", { operation: "modify", mechanism: "hrtimer", item: 0, delay: 1 }],
  ["hrtimer_start_range_ns", { operation: "modify", mechanism: "hrtimer", item: 0, delay: 1 }],
  ["hrtimer_start_expires", { operation: "modify", mechanism: "hrtimer", item: 0 }],
  // Together with `return HRTIMER_RESTART` this is how a handler arms its own timer again.
  ["hrtimer_forward_now", { operation: "modify", mechanism: "hrtimer", item: 0, delay: 1 }],
  ["hrtimer_forward", { operation: "modify", mechanism: "hrtimer", item: 0, delay: 2 }],
  ["hrtimer_cancel", cancel("hrtimer")],
  ["hrtimer_try_to_cancel", cancel("hrtimer")],
]);

/**
 * Calls that take no time worth speaking of: accessors, tests, reference counts, lists, locks that do not sleep,
 * messages, and conversions. All others may: a handler that calls one of them before it re-arms re-arms late.
 */
const INSTANT: readonly RegExp[] = [
  /^[A-Z][A-Z0-9_]*$/,
  /^(?:container_of\w*|to_delayed_work|from_timer|timer_container_of|(?:READ|WRITE|ACCESS)_ONCE|likely|unlikely)$/,
  /^(?:__)?(?:set|clear|test|change)_(?:bit|and_\w+_bit)\w*$/,
  /^test_bit\w*$|^smp_\w+$|^(?:r|w)?mb$|^barrier$|^cpu_relax$/,
  /^(?:atomic|atomic64|atomic_long|refcount|kref|percpu_ref|this_cpu|per_cpu)_\w+$/,
  /^(?:raw_)?(?:spin|read|write)_(?:lock|unlock|trylock|is_locked)\w*$/,
  /^rcu_(?:read_\w+|dereference\w*|assign_pointer|access_pointer)$/,
  /^(?:__)?(?:h?list|llist|rb|hash|xa)_\w+$/,
  /^(?:time_(?:after|before|is|in)\w*|ktime_\w+|jiffies_to_\w+|\w+_to_jiffies|get_jiffies_64|round_jiffies\w*)$/,
  /^(?:pr|dev|net|netdev|cifs|smb|cifs_server|cifs_tcon)_(?:dbg|debug|info|warn|err|notice|cont)\w*$/,
  /^(?:printk\w*|d?f?printk|cFYI|cERROR|cifsfyi)$/,
  /^(?:trace|lockdep|might)_\w+$|^(?:min|max|clamp)(?:_t|3)?$/,
  /^(?:net_generic|net_eq|(?:le|be)\d+_to_cpu|cpu_to_\w+)$/,
  /^(?:current_\w+|smp_processor_id|raw_smp_processor_id|in_\w+|irqs_disabled|need_resched|__func__)$/,
  /^(?:delayed_)?work_(?:pending|busy)$|^timer_pending$|^hrtimer_active$|^list_empty\w*$/,
];

/** Whether a call returns at once, whatever the system does. */
export function isInstant(name: string): boolean {
  return INSTANT.some((pattern) => pattern.test(name));
}
