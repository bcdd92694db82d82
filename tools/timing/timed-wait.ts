/**
 * Timed waits: sleeps, waits with a timeout, and the timeouts of sockets and RPC tasks.
 */
import { childOf, nodeAt, type SyntaxNode } from "../c/syntax.ts";
import type { Collected, TimedWaitFact, TimeUnit } from "./fact.ts";
import type { Scope } from "./scope.ts";
import { namesInMacros, type UseFinder } from "./uses.ts";

interface Wait {
  /** Index of the length among the arguments; -1 is the last one. */
  readonly length: number;
  readonly unit: TimeUnit;
  /** Index of what is waited for; undefined for a plain sleep. */
  readonly awaits?: number;
}

/** include/linux/delay.h, sched.h, completion.h, wait_bit.h, sunrpc/sched.h, net/sock.h. */
const WAITS: ReadonlyMap<string, Wait> = new Map<string, Wait>([
  ...["", "_interruptible", "_uninterruptible", "_killable", "_idle"].map((suffix): [string, Wait] => [
    `schedule_timeout${suffix}`,
    { length: 0, unit: "jiffies" },
  ]),
  ...["", "_interruptible", "_uninterruptible", "_killable"].map((suffix): [string, Wait] => [
    `freezable_schedule_timeout${suffix}`,
    { length: 0, unit: "jiffies" },
  ]),
  ["io_schedule_timeout", { length: 0, unit: "jiffies" }],
  ["msleep", { length: 0, unit: "ms" }],
  ["msleep_interruptible", { length: 0, unit: "ms" }],
  ["ssleep", { length: 0, unit: "s" }],
  ["fsleep", { length: 0, unit: "us" }],
  ["usleep_range", { length: 1, unit: "us" }],
  ["usleep_range_state", { length: 1, unit: "us" }],
  ["mdelay", { length: 0, unit: "ms" }],
  ["udelay", { length: 0, unit: "us" }],
  ["wait_for_completion_timeout", { length: 1, unit: "jiffies", awaits: 0 }],
  ["wait_for_completion_interruptible_timeout", { length: 1, unit: "jiffies", awaits: 0 }],
  ["wait_for_completion_killable_timeout", { length: 1, unit: "jiffies", awaits: 0 }],
  ["wait_for_completion_io_timeout", { length: 1, unit: "jiffies", awaits: 0 }],
  ["wait_on_bit_timeout", { length: 3, unit: "jiffies", awaits: 0 }],
  ["wait_woken", { length: 2, unit: "jiffies", awaits: 0 }],
  ["down_timeout", { length: 1, unit: "jiffies", awaits: 0 }],
  ["schedule_hrtimeout_range", { length: 0, unit: "ns" }],
  ["schedule_hrtimeout", { length: 0, unit: "ns" }],
  ["read_poll_timeout", { length: 4, unit: "us", awaits: 2 }],
  ["readx_poll_timeout", { length: 5, unit: "us", awaits: 3 }],
  // The task is who waits, not what is waited for.
  ["rpc_delay", { length: 1, unit: "jiffies" }],
  ["rpc_sleep_on_timeout", { length: 3, unit: "jiffies", awaits: 0 }],
  ["rpc_sleep_on_priority_timeout", { length: 2, unit: "jiffies", awaits: 0 }],
  ["sock_set_sndtimeo", { length: 1, unit: "s" }],
]);

/** wait_event_timeout() and its many relatives take the queue first, the condition second and the timeout last. */
const WAIT_EVENT = /^(?:__)?(?:swait|wait)_event\w*timeout\w*$|^wait_var_event_timeout$/;

/** Fields that hold a timeout for somebody else's wait. */
export const TIMED_WAIT_FIELDS: readonly string[] = ["sk_rcvtimeo", "sk_sndtimeo", "tk_timeout"];

export const WAIT_NAMES: readonly string[] = [...WAITS.keys()];

/** Collects all timed waits. */
export function collectTimedWaits(uses: UseFinder): Collected<TimedWaitFact> {
  const facts: TimedWaitFact[] = [];
  const { program, scopes } = uses;
  const events = program.calledNames((name) => WAIT_EVENT.test(name));
  events.push(...namesInMacros(program, (name) => WAIT_EVENT.test(name)));
  for (const use of uses.of(new Set([...WAITS.keys(), ...events]))) {
    const wait = WAITS.get(use.primitive) ?? waitEvent(use.primitive);
    const length = wait.length < 0 ? use.args.at(-1) : use.args[wait.length];
    if (length === undefined) continue;
    const awaits = wait.awaits === undefined ? undefined : use.args[wait.awaits];
    facts.push({
      kind: "timed-wait",
      ...use.scope.place(use.site),
      expression: use.scope.text(use.site),
      ...(use.viaMacro === null ? {} : { viaMacro: use.viaMacro }),
      primitive: use.primitive,
      length: use.scope.remaining(length, wait.unit, use.code),
      awaits: awaits === undefined ? null : use.scope.text(awaits, use.code),
    });
  }
  for (const field of TIMED_WAIT_FIELDS) {
    for (const site of program.usesOf(field)) {
      const scope = site.function === null ? null : scopes.of(site.function);
      if (scope === null) continue;
      const name = nodeAt(scope.root, site.offset, site.offset + field.length);
      const store = storeInto(scope, name);
      const value = store === null ? undefined : (childOf(store, "right") ?? childOf(store, "arguments")?.children[1]);
      if (store === null || value === undefined) continue;
      facts.push({
        kind: "timed-wait",
        ...scope.place(store),
        expression: scope.text(store),
        primitive: field,
        length: scope.duration(value, "jiffies"),
        awaits: null,
      });
    }
  }
  return { facts, problems: [] };
}

function waitEvent(name: string): Wait {
  // wait_var_event_timeout(variable, condition, timeout) has no queue; the condition is second all the same.
  return { length: -1, unit: name.includes("hrtimeout") ? "ns" : "jiffies", awaits: 1 };
}

/** The assignment or WRITE_ONCE() that has this field as its target. */
function storeInto(scope: Scope, name: SyntaxNode): SyntaxNode | null {
  const field = name.parent;
  const store = field?.parent;
  if (field?.type !== "field_expression" || childOf(field, "field") !== name || store == null) return null;
  if (store.type === "assignment_expression") {
    return childOf(store, "left") === field && childOf(store, "operator")?.type === "=" ? store : null;
  }
  const call = store.type === "argument_list" && store.children[0] === field ? store.parent : null;
  const callee = call === null ? undefined : childOf(call, "function");
  return callee !== undefined && scope.text(callee) === "WRITE_ONCE" ? call : null;
}
