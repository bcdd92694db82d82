/**
 * Our own: the work looks twice in an interval whether an echo is due. A skipped echo is made up for after half an
 * interval, and the margin of the guard grows with the interval instead of being one second. Half an interval is what a
 * live server may take to answer: so no second echo is sent while the first may still be answered in time.
 */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Workbench } from "../../tools/repair/workbench.ts";

/** Looks in an interval. One, late by as much as the wheel allows (1/8), stays below the guard's 3/4; two do not. */
const LOOKS = 2;

export const lookTwice: Recipe = {
  name: "look-twice",
  title: "look twice an interval whether an echo is due",
  subject: "look twice an interval whether an echo is due",
  change: `Run the echo work twice in an interval, and let it send when three quarters
of an interval have passed since the last response. An echo that is skipped
is then made up for after half an interval instead of a whole one. An idle
connection still sees one echo in an interval; the price is a second run of
the work, which finds nothing to do. The guard's fixed margin of one second
goes: it meant little with long intervals and everything with short ones.`,
  edit: (bench: Workbench) => {
    const guards = bench.guards();
    const [guard, second] = guards;
    if (guard === undefined) bench.refuseAt(bench.probe.handler, "no echo is skipped after recent traffic");
    if (second !== undefined) bench.refuseAt(second.fact, "more than one deadline in the routine");
    const { fn, node: armed, args, delay } = bench.rearm();
    if (guard.fn !== fn) bench.refuseAt(guard.fact, "not in the function that arms the work");
    const interval = bench.source({ fn, node: delay });
    const { timestamp, interval: waited, argsWith } = bench.dueOf(guard);
    bench.replace(guard, bench.callOf(guard, argsWith(`${timestamp} + ${bench.factorOf(waited)} * 3 / 4`)));
    const parts = [...args.slice(0, -1), `${bench.factorOf(interval)} / ${LOOKS}`];
    bench.replace({ fn, node: armed }, bench.callOf({ fn, node: armed }, parts));
  },
};
