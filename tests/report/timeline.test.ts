import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Scenario } from "../../kernel-models/cifs-echo/echo-run.ts";
import { historyOf } from "../../kernel-models/cifs-echo/event-rows.ts";
import { driftSentence, echoTimeline, windowSentence } from "../../kernel-models/cifs-echo/timeline.ts";
import { echoWitness } from "../../kernel-models/cifs-echo/witness.ts";
import { completed, play } from "../../tools/check/witness.ts";
import { timelineText } from "../../tools/report/timeline.ts";
import { UNLUCKY } from "../check/echo-scenario.ts";
import { standIn, TWO } from "../check/stand-in.ts";

const TEMPLATE = readFileSync(join(import.meta.dirname, "../../templates/timeline.txt.hbs"), "utf8");

function timeline(scenario: Scenario) {
  const run = standIn(TWO);
  const { record, recorder } = play(run, completed(run, { scenario, decisions: [] }), echoWitness);
  const text = timelineText(echoTimeline(scenario, record, recorder.events), TEMPLATE);
  return { scenario, record, history: historyOf(scenario, record, recorder.events), text };
}

test("a table of times, and why", () => {
  expect(`\n${timeline(UNLUCKY).text}`).toBe(`
HZ=250, echo interval 60 s, round trip one jiffy, timers: levels
Times in seconds after the echo from which the witness counts.

   time  event                          what it does
-61.440  echo request sent              no response so far; armed again, fires in 61.440 s
-61.436  answer to the echo arrives     the time of the last response is updated
  0.000  echo request sent              last response 61.436 s ago; armed again, fires in 61.440 s
  0.004  answer to the echo arrives     the time of the last response is updated
  2.656  a user touches the share       a request is sent
  2.660  answer to the request arrives  the time of the last response is updated
 61.440  echo suppressed                last response 58.780 s ago, which counts as recent; armed again, fires in 61.440 s
122.880  echo request sent              last response 120.220 s ago; armed again, fires in 61.440 s
122.884  answer arrives                 too late: the watchdog looks before the time of the last response is updated
122.884  server declared dead           server_unresponsive: last response 120.224 s ago; triggered by the answer itself

The echo runs every 61.440 s instead of every 60 s because the timer wheel keeps a timer of that length with a \
granularity of 2.048 s (HZ=250) and fires it at the next multiple: this is the drift, not processing time.

The window exists because a response that comes a little after an echo suppresses the next echo, and the drift puts \
off the one that follows: its answer comes 120.224 s (2.004 echo intervals) after the last response, when the \
watchdog's time is up.
`);
});

test("without drift and without a window nothing is explained", () => {
  const exact = timeline({ ...UNLUCKY, timers: "exact" });
  expect([driftSentence(exact), windowSentence(exact)]).toEqual([null, null]);
});

test("a dead server: no window to explain, and the receive timeout as the cause", () => {
  const dying = timeline({ ...UNLUCKY, touches: [], deathTicks: 2, endEchoesAfterAnchor: 9 });
  expect(windowSentence(dying)).toBeNull();
  const { text } = dying;
  expect(text).toMatch(/the server dies +from now on nothing is answered/);
  expect(text).toMatch(/last response 121\.86\d s ago; a receive timeout has passed/);
});

test("in a mail: what a row does goes onto lines of its own where it does not fit, and rows are fewer", () => {
  const run = standIn(TWO);
  const { record, recorder } = play(run, completed(run, { scenario: UNLUCKY, decisions: [] }), echoWitness);
  const told = echoTimeline(UNLUCKY, record, recorder.events);
  const text = timelineText(told, TEMPLATE, { columns: 75, maxRows: 60 });
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(75);
  expect(text).toContain(" 61.440  echo suppressed\n             last response 58.780 s ago");
  expect(text).toContain("  2.656  a user touches the share       a request is sent\n");
  expect(timelineText(told, TEMPLATE, { columns: 75, maxRows: 4 })).toContain("...  6 more\n");
});
