/** Both remedies of the report together, as its author would have it. */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Workbench } from "../../tools/repair/workbench.ts";
import { retryConnect } from "./retry-connect.ts";
import { wakeWhenDone } from "./wake-when-done.ts";

export const retryConnectAndWakeWhenDone: Recipe = {
  name: "retry-connect-and-wake-when-done",
  title: "both: wake when the worker is done, and look again on -EAGAIN",
  subject: "wake tasks when the connect worker is done, and let them look again",
  change: `Do not wake the pending tasks for what the connect worker does to the old
connection while XPRT_CONNECTING is set: the task that waits for the worker
would run before there is anything to send on. And when such a task is woken
with -EAGAIN all the same, send it back to where a connection is made, as
one that meets -ENOTCONN is, instead of letting it send on a guess.`,
  edit: (bench: Workbench) => {
    const [woken, retried] = [wakeWhenDone(bench), retryConnect(bench)];
    // One of the two alone is a recipe of its own.
    if (woken !== null || retried !== null)
      bench.alreadyThere([woken, retried].filter((one) => one !== null).join("; "));
  },
};
