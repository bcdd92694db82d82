import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compileModel, instantiateModel, ModelError } from "../../tools/check/load-model.ts";
import { SimulationFault } from "../../tools/simulator/fault.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";

const load = (text: string): Readonly<Record<string, unknown>> => instantiateModel(compileModel(text));

describe("a model's text", () => {
  test("becomes a module on the very simulator that runs here", () => {
    const model = load(`
      import { Simulation } from "../../tools/simulator/simulation.ts";
      import type { Int64 } from "../../tools/simulator/integers.ts";
      import { SimulationFault } from "../../../tools/simulator/fault.ts";
      export const kernel: Simulation = new Simulation({ hz: 250 });
      export function later(by: Int64): Int64 { return kernel.clock.jiffiesPlus(by); }
      export const fault = new SimulationFault("unsupported", "a");
    `);
    expect(model.kernel).toBeInstanceOf(Simulation);
    expect(model.fault).toBeInstanceOf(SimulationFault);
    const later = model.later as (by: number) => number;
    expect(later(5)).toBe(new Simulation({ hz: 250 }).jiffies + 5);
  });

  // A Machine is what a model runs on; no model names it.
  const modules = readdirSync(join(import.meta.dirname, "../../tools/simulator")).filter(
    (file) => !/^machine\b/.test(file),
  );

  test.each(modules)("every module of the simulator: %s", (file) => {
    const model = load(`import * as all from "../../tools/simulator/${file}"; export const names = Object.keys(all);`);
    expect(model.names).toBeInstanceOf(Array);
  });

  test("coroutines stay coroutines", () => {
    const model = load("export function* f(): Generator<undefined, number, undefined> { yield; return 7; }");
    const body = (model.f as () => Generator)();
    expect([body.next().done, body.next().value]).toEqual([false, 7]);
  });

  test.each([
    ["node:fs", 'import { readFileSync } from "node:fs"; export const a = readFileSync;'],
    [
      "../../tools/kernel/open.ts",
      'import { openKernel } from "../../tools/kernel/open.ts"; export const a = openKernel;',
    ],
    ["simulator/none.ts", 'import { x } from "../../tools/simulator/none.ts"; export const a = x;'],
    ["simulator/__proto__.ts", 'import { x } from "../../tools/simulator/__proto__.ts"; export const a = x;'],
  ])("gets nothing but the simulator: %s", (what, text) => {
    expect(() => load(text)).toThrow(ModelError);
    expect(() => load(text)).toThrow(what);
  });

  test("one that is not TypeScript, and one that fails while it is set up", () => {
    expect(() => load("export const = 3;")).toThrow(/is not TypeScript: .*1:13/);
    expect(() => load("export const a = (null as never as { b: number }).b;")).toThrow(/cannot be set up/);
  });
});
