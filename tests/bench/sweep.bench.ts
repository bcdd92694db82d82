/**
 * One sweep of the phase of a request between two echoes: 15,360 phases (HZ=250, an echo_interval of 60 s, timers in
 * levels) by regions and one by one. The aim is 0.1 s by regions.
 */
import { bench, describe } from "vitest";
import { type EchoSetup, runEcho } from "../check/echo-model.ts";
import { sweepPhases } from "../check/region-sweep.ts";

const PHASES = 15_360;
const SETUP: EchoSetup = { hz: 250, timers: "levels", intervalSeconds: 60, rttTicks: 1, intervalsToDeath: 2 };

describe(`${PHASES} phases`, () => {
  bench("by regions, each replayed once", () => {
    const regions = sweepPhases(0, PHASES - 1, (phase) => runEcho(SETUP, phase));
    if (regions.at(-1)?.to !== PHASES - 1) throw new Error("phases are missing");
  });
  bench(
    "one by one",
    () => {
      for (let phase = 0; phase < PHASES; phase++) runEcho(SETUP, phase);
    },
    { iterations: 3, time: 0, warmupIterations: 0, warmupTime: 0 },
  );
});
