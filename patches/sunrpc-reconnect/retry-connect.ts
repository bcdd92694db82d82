/** A task that is woken with -EAGAIN goes back to where connections are made: the report's own remedy. */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Workbench } from "../../tools/repair/workbench.ts";

const STATE = "call_connect_status";
const ACTION = "tk_action";
const ONWARD = "call_transmit";

/** Where this source sends a task that has lost its connection. */
function wayBack(bench: Workbench): string {
  const fn = bench.find.functionNamed("call_status");
  const lost = bench.answersTo(fn, "-ENOTCONN", ACTION);
  const ways = [...new Set(lost.flatMap((one) => one.next))];
  const [way, other] = ways;
  if (way === undefined || other !== undefined || !/^call_(?:bind|connect)$/.test(way)) {
    const place = { fn, node: lost[0]?.node ?? bench.nodeOf(fn) };
    return bench.refuse(place, "does not say whether a task without a connection goes to call_bind or to call_connect");
  }
  return way;
}

/**
 * Makes the edit.
 *
 * @returns why there is nothing to do, where the source has it; else null
 */
export function retryConnect(bench: Workbench): string | null {
  const fn = bench.find.functionNamed(STATE);
  const answers = bench.answersTo(fn, "-EAGAIN", ACTION);
  if (answers.length === 0) bench.refuse({ fn, node: bench.nodeOf(fn) }, "has no case for -EAGAIN");
  const onward = answers.filter((one) => one.next.includes(ONWARD));
  const [answer, other] = onward;
  if (answer === undefined) {
    const next = [...new Set(answers.flatMap((one) => one.next))].join(" or ");
    if (next === "") bench.refuse(answers[0] ?? { fn, node: bench.nodeOf(fn) }, `-EAGAIN leads to no other ${ACTION}`);
    return `on -EAGAIN, ${STATE}() goes to ${next}`;
  }
  if (other !== undefined) bench.refuse(other, "more than one place goes on to transmit on -EAGAIN");
  bench.answerWith(answer, {
    next: wayBack(bench),
    keeping: "tk_status",
    comment: "To be woken says nothing of the connection.",
  });
  return null;
}

export const retryConnectRecipe: Recipe = {
  name: "retry-connect",
  title: "go back to bind or connect when a connect ends with -EAGAIN",
  subject: "look at the connection again when a connect ends with -EAGAIN",
  change: `Tasks are woken with -EAGAIN for many reasons, and only one of them is that
the transport is connected. When a task that waited for a connection is
woken with -EAGAIN, send it back to where a connection is made, as one that
meets -ENOTCONN is: a transport that is connected is passed by there
without a wait, and for any other the task waits again.`,
  edit: (bench: Workbench) => {
    const why = retryConnect(bench);
    if (why !== null) bench.alreadyThere(why);
  },
};
