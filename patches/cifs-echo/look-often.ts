/**
 * Our own: the work looks four times in an interval whether an echo is due. A skipped echo is made up for after a
 * quarter of the interval, and the margin of the guard grows with the interval instead of being one second.
 */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Workbench } from "../../tools/repair/workbench.ts";

/** Looks in an interval. Three quarters, late by as much as the wheel allows (1/8), stay below the guard's 7/8. */
const LOOKS = 4;

export const lookOften: Recipe = {
  name: "look-often",
  title: "look four times an interval whether an echo is due",
  subject: "look more often whether an echo is due",
  change: `Run the echo work four times in an interval, and let it send when seven
eighths of an interval have passed since the last response. An echo that is
skipped is made up for after a quarter of an interval instead of a whole
one, and as many echoes are sent as before: one in an interval without other
traffic. The margin of one second, which said nothing of short intervals
and of slow servers, goes.`,
  edit: (bench: Workbench) => {
    const guards = bench.guards();
    const [guard, second] = guards;
    if (guard === undefined) bench.refuseAt(bench.probe.handler, "no echo is skipped after recent traffic");
    if (second !== undefined) bench.refuseAt(second.fact, "more than one deadline in the routine");
    const { fn, node: armed, args, delay } = bench.rearm();
    if (guard.fn !== fn) bench.refuseAt(guard.fact, "not in the function that arms the work");
    const interval = bench.source({ fn, node: delay });
    const { timestamp, interval: waited, argsWith } = bench.dueOf(guard);
    bench.replace(guard, bench.callOf(guard, argsWith(`${timestamp} + ${bench.factorOf(waited)} * 7 / 8`)));
    const parts = [...args.slice(0, -1), `${bench.factorOf(interval)} / ${LOOKS}`];
    bench.replace({ fn, node: armed }, bench.callOf({ fn, node: armed }, parts));
  },
};
