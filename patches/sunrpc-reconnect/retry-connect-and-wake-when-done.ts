/** Both remedies of the report together, as its author would have it. */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Workbench } from "../../tools/repair/workbench.ts";
import { retryConnect } from "./retry-connect.ts";
import { wakeWhenDone } from "./wake-when-done.ts";

export const retryConnectAndWakeWhenDone: Recipe = {
  name: "retry-connect-and-wake-when-done",
  title: "both: wake when the worker is done, and look again on -EAGAIN",
  subject: "wake tasks when the connect worker is done, and let them look again",
  change: `Wake the tasks that wait for a connection when the connect worker is done,
and not before: what the worker does to the old connection wakes nobody
while XPRT_CONNECTING is set, and a worker that ends with a closed socket
wakes when it has cleared it. And when a task is woken with -EAGAIN all the
same, send it back to where a connection is made, as one that meets
-ENOTCONN is, instead of letting it send on a guess.`,
  edit: (bench: Workbench) => {
    const [woken, retried] = [wakeWhenDone(bench), retryConnect(bench)];
    // One of the two alone is a recipe of its own.
    if (woken !== null && retried !== null) bench.alreadyThere(`${woken}; ${retried}`);
    if (woken !== null) bench.alreadyThere(`${woken}: what is left is retry-connect`);
    if (retried !== null) bench.alreadyThere(`${retried}: what is left is wake-when-done`);
  },
};
