/**
 * Simulated work items per second in one thread: delayed work that re-arms itself through the levels wheel. Each
 * iteration runs WORK_ITEMS of them, so iterations per second times WORK_ITEMS is the figure; the target is 1,000,000.
 */
import { bench, describe } from "vitest";
import { Simulation, type SimulationOptions } from "../../tools/simulator/simulation.ts";
import {
  alloc_workqueue,
  DelayedWork,
  INIT_DELAYED_WORK,
  queue_delayed_work,
} from "../../tools/simulator/workqueue.ts";

const WORK_ITEMS = 100_000;

function rearming(options: SimulationOptions, jobs: number, items: number, delaySeconds: number): number {
  const kernel = new Simulation(options);
  const wq = alloc_workqueue(kernel, "cifsiod");
  let runs = 0;
  for (let i = 0; i < jobs; i++) {
    const echo = new DelayedWork(kernel, "echo");
    INIT_DELAYED_WORK(echo, () => {
      if (++runs < items) queue_delayed_work(wq, echo, delaySeconds * kernel.hz);
    });
    queue_delayed_work(wq, echo, delaySeconds * kernel.hz + i);
  }
  kernel.run();
  if (runs < items) throw new Error(`${runs} of ${items} work items ran`);
  return runs;
}

describe(`${WORK_ITEMS} work items`, () => {
  bench("one job, levels, HZ=250", () => {
    rearming({ hz: 250 }, 1, WORK_ITEMS, 60);
  });
  bench("one job, levels, HZ=1000, 32 bits", () => {
    rearming({ hz: 1000, longBits: 32 }, 1, WORK_ITEMS, 60);
  });
  bench("64 jobs, levels, HZ=250", () => {
    rearming({ hz: 250 }, 64, WORK_ITEMS, 60);
  });
  bench("one job, exact, HZ=250", () => {
    rearming({ hz: 250, timers: "exact" }, 1, WORK_ITEMS, 60);
  });
});

describe("15,360 simulations made, of 4 work items each: one sweep of a phase", () => {
  bench("levels, HZ=250", () => {
    for (let phase = 0; phase < 15_360; phase++) rearming({ hz: 250 }, 1, 4, 60);
  });
});
