/** An echo is sent at every run of the echo work: the second solution of the published analysis. */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Workbench } from "../../tools/repair/workbench.ts";

export const alwaysEcho: Recipe = {
  name: "always-echo",
  title: "send the echo whatever the recent traffic",
  subject: "send echoes whatever the recent traffic",
  change: `Send the echo at every run of the work. A live server then has something to
answer in every interval, whatever came before. The price is one echo in an
interval on connections that are busy anyway.`,
  edit: (bench: Workbench) => {
    const guards = bench.guards();
    if (guards.length === 0) bench.alreadyThere("no echo is skipped after recent traffic");
    for (const { fn, node, fact } of guards) {
      const isRecent = fact.relation === "before" || fact.relation === "before-or-at";
      const statement = bench.statementAround({ fn, node });
      // The outcome that stands for traffic of late never comes.
      bench.assume({ fn, node }, !isRecent);
      if (!bench.isGone({ fn, node: statement })) {
        bench.replaceSentences(
          { fn, node: statement },
          (sentence) => /\brespon[sd]|\brecent/i.test(sentence),
          "Recent traffic is no reason to skip it: the next one may come too late.",
        );
      }
      bench.dropUnused(fn);
    }
  },
};
