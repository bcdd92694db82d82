/** Fixed times: the interval is added to the time at which the work was due, not to the time at which it ended. */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Workbench } from "../../tools/repair/workbench.ts";

export const fixedSchedule: Recipe = {
  name: "fixed-schedule",
  title: "re-arm at the previous due time plus the interval",
  subject: "keep the echo work to a fixed schedule",
  change: `Remember when the work was due, and arm it for one interval after that,
whatever the work and the timer took. A schedule that is over, or was never
begun, starts anew.`,
  edit: (bench: Workbench) => {
    const { fn, node, statement, fact, args, delay } = bench.rearm();
    const { struct, field, expression } = fact.item;
    if (struct === null || field === null) bench.refuse({ fn, node }, "what is armed is no member of a struct");
    const member = `${field}_due`;
    bench.addMember(fact, {
      tag: struct,
      after: field,
      name: member,
      line: `unsigned long ${member}; /* when ${field} is to run, in jiffies */`,
    });
    const due = expression.replace(/\w+$/, member);
    const now = bench.freshName(fn, ["now", "now_jiffies", "at"]);
    bench.declare(fn, `unsigned long ${now};`);
    const interval = bench.termOf({ fn, node: delay });
    const others = args.slice(0, -1);
    const indent = bench.indentOf({ fn, node: statement });
    const lines = [
      `${now} = jiffies;`,
      `${due} += ${interval};`,
      "/* A first run, one out of turn, or one that is late by an interval. */",
      `if (${due} - ${now} > ${interval})`,
      `\t${due} = ${now} + ${interval};`,
      bench.callOf({ fn, node }, [...others, `${due} - ${now}`]),
    ];
    bench.replace({ fn, node: statement }, `${lines.join(`\n${indent}`)};`);
  },
};
