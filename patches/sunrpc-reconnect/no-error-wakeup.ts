/** The error callback wakes nobody: what was done upstream in 3.7 for the report that this system is made from. */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Workbench } from "../../tools/repair/workbench.ts";

const MEMBER = "sk_error_report";
const WAKE = "xprt_wake_pending_tasks";

export const noErrorWakeup: Recipe = {
  name: "no-error-wakeup",
  title: "wake no tasks when a socket reports an error",
  subject: "let changes of state alone wake the tasks of a socket",
  change: `Do not wake the pending tasks when the socket reports an error. The connect
worker causes such a report itself when it takes the old connection down,
and then wakes the very task that waits for it. Where an error ends a
connection, a change of state to TCP_CLOSE follows, and that callback wakes
the tasks anyway.`,
  edit: (bench: Workbench) => {
    // Where it has another name, nothing is known of who wakes.
    bench.find.functionNamed(WAKE);
    const callbacks = bench.find.callbacksIn(MEMBER);
    if (callbacks.length === 0) bench.alreadyThere(`no function of this source is stored in ${MEMBER}`);
    const waking = callbacks.filter(({ fn }) => bench.find.callsIn(fn, WAKE).length > 0);
    if (waking.length === 0) {
      const names = callbacks.map(({ fn }) => `${fn.name}()`).join(", ");
      bench.alreadyThere(`what is stored in ${MEMBER} wakes no tasks itself: ${names}`);
    }
    for (const callback of waking) {
      const { fn } = callback;
      const calls = bench.find.callsIn(fn, WAKE);
      if (bench.isIdleWithout(fn, calls) && bench.removeCallback(callback)) continue;
      bench.refuseVariants(fn);
      for (const call of calls) bench.removeStatement(bench.find.callStatement(call));
      bench.dropUnused(fn);
    }
  },
};
