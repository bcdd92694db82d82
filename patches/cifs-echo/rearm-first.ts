/** The re-arm moves to the beginning of the routine: "not enough", says the published analysis. */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Workbench } from "../../tools/repair/workbench.ts";

export const rearmFirst: Recipe = {
  name: "rearm-first",
  title: "re-arm at the beginning of the routine",
  subject: "re-arm the echo work before it sends",
  change: `Arm the echo work at the beginning of its routine, so that the time which
sending takes does not put off the next run.`,
  edit: (bench: Workbench) => {
    if (bench.probe.handler.rearm?.position === "before-work") {
      bench.alreadyThere("the work is armed before it does anything that takes time");
    }
    const { fn, node, statement } = bench.rearm();
    if (bench.probe.handler.rearm?.paths !== "all") {
      bench.refuse({ fn, node }, "the routine may end without arming itself, and would not any more");
    }
    for (const name of bench.localsIn({ fn, node })) {
      if (bench.assignmentsTo(fn, name).length > 0 || bench.givesAway(fn, name)) {
        bench.refuse({ fn, node }, `the local ${name} is not what it will be at the beginning of the routine`);
      }
    }
    const stored = [...bench.fieldsIn({ fn, node })].find((name) => bench.fieldsStored(fn).has(name));
    if (stored !== undefined) {
      bench.refuse({ fn, node }, `${stored} is not what it will be at the beginning of the routine`);
    }
    if (bench.isLocked({ fn, node: statement })) bench.refuse({ fn, node }, "the work is armed under a lock");
    bench.insertAtBeginning(fn, `${bench.source({ fn, node })};`);
    bench.takeFromEnd({ fn, node: statement });
  },
};
