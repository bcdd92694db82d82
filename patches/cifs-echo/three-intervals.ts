/** The watchdog waits three intervals: the quick fix of the published analysis, and what the kernel did in 2019. */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Workbench } from "../../tools/repair/workbench.ts";

const WANTED = 3;
/** Numbers of intervals as comments write them; "one interval" is more often said of something else. */
const WORDS: Readonly<Record<number, readonly (readonly [word: string, wanted: string])[]>> = {
  2: [
    ["two", "three"],
    ["Two", "Three"],
  ],
};
/** What follows a number that counts intervals; comments may go on in the next line. */
const BREAK = "(?:[ \\t]+|[ \\t]*\\r?\\n[ \\t]*\\*?[ \\t]*)";
const COUNTED = `(?=${BREAK}(?:(?:echo${BREAK})?intervals?\\b(?!${BREAK}of\\b)|of${BREAK}them\\b))`;

export const threeIntervals: Recipe = {
  name: "three-intervals",
  title: "wait three echo intervals before giving up, as mainline does since 2019",
  subject: "wait three echo intervals before giving a server up",
  change: `Wait three echo intervals, so that one skipped echo and the lateness of the
timers do not use up the time in which a live server can answer. The price
is that a dead server is noticed one interval later.`,
  edit: (bench: Workbench) => {
    const watchdogs = bench.watchdogs();
    const [first] = watchdogs;
    if (first === undefined) {
      const [other] = bench.probe.watchdogs;
      const place = other ?? bench.probe.handler;
      const what = other === undefined ? "nobody waits for the responses" : `waits for ${other.offset.text}`;
      bench.refuseAt(place, `${what}: no product of a number and the echo interval`);
    }
    const short = watchdogs.filter(({ own }) => own.count < WANTED);
    if (short.length === 0) bench.alreadyThere(`the watchdog waits ${first.own.count} intervals`);
    for (const { fn, own, stated } of short) {
      for (const { factor } of stated) bench.setFactor({ fn, factor }, WANTED);
      bench.replaceInComments(fn, new RegExp(`(?<![\\d.])\\b${own.count}${COUNTED}`, "g"), `${WANTED}`);
      for (const [word, wanted] of WORDS[own.count] ?? []) {
        bench.replaceInComments(fn, new RegExp(`\\b${word}${COUNTED}`, "g"), wanted);
      }
    }
  },
};
