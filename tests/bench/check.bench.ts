/**
 * The model of a real kernel, and of one with the watchdog's 3 made a 2: one combination (15,360 phases; the bar is
 * 0.5 s) by regions, against one run per phase of every 64th phase; and translating the slice, against the scan that
 * comes before. The whole table is a command: `node dist/groundhog.js check cifs-echo --kernel K` (the bar is 60 s).
 */
import { beforeAll, bench, describe } from "vitest";
import { echoExplorer, type RunScenario } from "../../kernel-models/cifs-echo/echo-run.ts";
import { cifsEcho } from "../../kernel-models/cifs-echo/system.ts";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import { compileModel, instantiateModel } from "../../tools/check/load-model.ts";
import { STRATEGIES } from "../../tools/check/strategies.ts";
import { modelOf, programOf } from "../../tools/cli/translation.ts";
import { openKernel } from "../../tools/kernel/open.ts";
import { IDLE } from "../check/echo-scenario.ts";
import { kernelFolder } from "./kernels.ts";

const PHASES = 15_360;
const STEP = 64;
const SYSTEM = cifsEcho;
const FOLDER = await kernelFolder("6.1");

const opened = await openKernel(FOLDER, {
  wanted: ["fs/smb/client", "kernel/time"],
  cacheDirectory: FOLDER,
  sampleDirectory: "",
  workingDirectory: FOLDER,
});
let run: RunScenario;

beforeAll(async () => {
  const model = await modelOf(opened, await programOf(opened, everythingEnabled()), SYSTEM);
  run = SYSTEM.createRunner(instantiateModel(compileModel(model.text)), {});
});

describe(`one combination, ${PHASES} phases, 6.1`, () => {
  bench("by regions, each replayed once", () => {
    const { regions } = echoExplorer(run, STRATEGIES).sweep(0, PHASES - 1, (phase) => ({
      ...IDLE,
      touches: [phase],
    }));
    if (regions.at(-1)?.to !== PHASES - 1) throw new Error("phases are missing");
  });
  bench(`a run for each ${STEP}th phase`, () => {
    for (let phase = 0; phase < PHASES; phase += STEP) run({ ...IDLE, touches: [phase] });
  });
});

describe("from C to a model, 6.1", () => {
  const options = { iterations: 3, time: 0, warmupIterations: 1, warmupTime: 0 };
  bench("scan", async () => void (await programOf(opened, everythingEnabled())), options);
  bench(
    "scan and translate",
    async () => void (await modelOf(opened, await programOf(opened, everythingEnabled()), SYSTEM)),
    options,
  );
});
