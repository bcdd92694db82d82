/** The strategies of this room on one runner, as a system's properties use them. */
import { sweepRecords } from "./phase-sweep.ts";
import { replayed } from "./replayed.ts";
import type { RunScenario } from "./scenario.ts";
import type { Explorer } from "./system-check.ts";

/** Strategies on a runner: single runs, each replayed once, and sweeps over phases by rectangles. */
export function explorer(run: RunScenario): Explorer {
  return {
    once: replayed(run),
    sweep: (from, to, scenarioAt) => sweepRecords(from, to, (phase) => run(scenarioAt(phase))),
  };
}
