/** The workers of a machine, as the code that runs on them sees them. */
import { expect, test } from "vitest";
import { Machine, type Outside } from "../../tools/simulator/machine.ts";
import { MachineWork } from "../../tools/simulator/machine-work.ts";

const NOBODY: Outside = { nextTick: Number.POSITIVE_INFINITY, run: () => undefined, mayComeEarly: false };

test("a worker is marked as one, on every CPU", () => {
  const machine = new Machine({ hz: 250, longBits: 64, timers: "exact", cpus: 2, scheduler: "fair" }, NOBODY);
  const { pools } = new MachineWork(machine, 0, 2);
  // PF_WQ_WORKER of include/linux/sched.h
  expect(pools.flatMap(({ workers }) => workers.map(({ cpu, flags }) => [cpu, flags & 0x20]))).toEqual([
    [0, 0x20],
    [0, 0x20],
    [1, 0x20],
    [1, 0x20],
  ]);
});
