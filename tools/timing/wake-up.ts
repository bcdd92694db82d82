/**
 * Wake-ups: who wakes whom, and with which status.
 */
import type { Collected, WakeUpFact } from "./fact.ts";
import { namesInMacros, type UseFinder } from "./uses.ts";

/** include/linux/wait.h, swait.h, completion.h, sched.h, wait_bit.h, sunrpc/sched.h, sunrpc/xprt.h. */
const WAKE_UP = new RegExp(
  `^(?:${[
    "(?:__)?wake_up(?:_\\w+)?",
    "swake_up\\w*",
    "rpc_wake_up\\w*",
    "xprt_wake_\\w+",
    "(?:kthread_)?complete(?:_all|_on_current_cpu|_and_exit)?",
    "wakeup_\\w+",
    "rpc_make_runnable",
  ].join("|")})$`,
);
/** Not wake-ups although the names look like it: tests, and the queue's own initialisation. */
const NOT_WAKE_UPS = new Set(["wake_up_klogd", "wake_up_q_add", "rpc_wake_up_action"]);

/** Wake-ups that hand over a status, with the argument's index (-1: the last one). */
const STATUS: readonly (readonly [RegExp, number])[] = [
  [/^rpc_wake_up_status$/, 1],
  [/^rpc_wake_up_queued_task_set_status$/, 2],
  [/^xprt_wake_pending_tasks$/, 1],
  [/^(?:rpc|xprt)_wake_up\w*_status$/, -1],
];

/** What is woken, where it is not the first argument (net/sunrpc/sched.c). */
const TARGET: readonly (readonly [RegExp, number])[] = [
  [/^rpc_wake_up_(?:task_on_wq_)?queue\w*_on_wq$|^rpc_wake_up_queued_task_on_wq$/, 2],
  [/^rpc_wake_up_(?:queued_task|task_queue)\w*$/, 1],
  [/^rpc_wake_up_first_on_wq$/, 1],
];

/** Collects all wake-ups. */
export function collectWakeUps(uses: UseFinder): Collected<WakeUpFact> {
  const facts: WakeUpFact[] = [];
  const isWakeUp = (name: string): boolean => WAKE_UP.test(name) && !NOT_WAKE_UPS.has(name);
  const names = [...uses.program.calledNames(isWakeUp), ...namesInMacros(uses.program, isWakeUp)];
  for (const use of uses.of(new Set(names))) {
    const { scope, args, code, primitive } = use;
    const index = STATUS.find(([pattern]) => pattern.test(primitive))?.[1];
    const status = index === undefined ? undefined : index < 0 ? args.at(-1) : args[index];
    const target = args[TARGET.find(([pattern]) => pattern.test(primitive))?.[1] ?? 0];
    facts.push({
      kind: "wake-up",
      ...scope.place(use.site),
      expression: scope.text(use.site),
      ...(use.viaMacro === null ? {} : { viaMacro: use.viaMacro }),
      primitive,
      target: target === undefined ? "" : scope.text(target, code),
      status: status === undefined ? null : scope.text(status, code),
    });
  }
  return { facts, problems: [] };
}
