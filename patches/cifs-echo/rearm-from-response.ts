/** The next echo is due one interval after the last response: an echo that is skipped is made up for in time. */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Workbench } from "../../tools/repair/workbench.ts";

export const rearmFromResponse: Recipe = {
  name: "rearm-from-response",
  title: "re-arm for one interval after the last response",
  subject: "make echoes due one interval after the last response",
  change: `When an echo is skipped, arm the work for the moment at which one interval
has passed since the response that made it skip; when an echo is sent, for
one interval later, as before. The connection is then never silent for
much more than one interval, and nothing is sent that was not sent before.
The guard's margin of one second goes: the work is armed for the very
moment from which it sends.`,
  edit: (bench: Workbench) => {
    const guards = bench.guards();
    const [guard, second] = guards;
    if (guard === undefined) bench.refuseAt(bench.probe.handler, "no echo is skipped after recent traffic");
    if (second !== undefined) bench.refuseAt(second.fact, "more than one deadline in the routine");
    const { fn, node: armed, args, delay } = bench.rearm();
    if (guard.fn !== fn) bench.refuseAt(guard.fact, "not in the function that arms the work");
    if (armed.start < guard.node.start) bench.refuse(guard, "the work is armed before the guard is looked at");
    const { due, isRecentWhenTrue } = bench.dueOf(guard);
    const left = bench.freshName(fn, ["left", "left_jiffies", "remaining"]);
    const statement = bench.statementAround(guard);
    if (!/^(?:if|expression)_statement$/.test(statement.type)) {
      bench.refuse(guard, "the guard stands in a declaration or a loop");
    }
    bench.declare(fn, bench.isJumpedOver({ fn, node: statement }) ? `long ${left} = 0;` : `long ${left};`);
    if (!bench.isInList(statement)) bench.refuse(guard, "the guard stands in the branch of another statement");
    const tested = bench.testedBefore(guard);
    if (tested !== null) bench.refuse(guard, `${tested} is tested in the same condition before it is looked at`);
    bench.insertBefore({ fn, node: statement }, [
      "/* What is left of the interval that began with the last response. */",
      `${left} = ${due} - jiffies;`,
      "",
    ]);
    bench.replace(guard, bench.inPlaceOf(guard, isRecentWhenTrue ? `${left} > 0` : `${left} <= 0`));
    const interval = bench.source({ fn, node: delay });
    bench.replace(
      { fn, node: armed },
      bench.callOf({ fn, node: armed }, [...args.slice(0, -1), `${left} > 0 ? ${left} : ${interval}`]),
    );
  },
};
