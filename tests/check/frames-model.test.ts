/**
 * The model of the sample's SMB echo with its coroutines as frames: its histories are those that it has as they stand.
 * The simulator's own primitives stay coroutines here, so each side is put into the clothes of the other.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { RunRecord, RunScenario, Scenario } from "../../kernel-models/cifs-echo/echo-run.ts";
import { cifsEcho } from "../../kernel-models/cifs-echo/system.ts";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import { framesOf } from "../../tools/check/frames.ts";
import { compileModel, type Interposed, instantiateModel } from "../../tools/check/load-model.ts";
import { modelOf, programOf } from "../../tools/cli/translation.ts";
import { openKernel } from "../../tools/kernel/open.ts";
import { Frame, FrameThread, RETURNED, SUSPENDED } from "../../tools/simulator/frame.ts";
import type { TraceEvent } from "../../tools/simulator/trace.ts";
import { IDLE } from "./echo-scenario.ts";

type AnyFunction = (...given: readonly unknown[]) => unknown;

const FOLDER = mkdtempSync(join(tmpdir(), "groundhog-frames-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

/** A coroutine of the simulator as a frame; it cannot be put back. */
class CoroutineFrame extends Frame {
  constructor(private readonly body: Generator) {
    super();
  }

  get frameName(): string {
    return "coroutine";
  }

  override step(): Frame {
    const next = this.body.next();
    if (next.done !== true) return SUSPENDED;
    this.sent = next.value;
    return RETURNED;
  }
}

/** Frames as coroutines, for the simulator. */
const threads = new WeakMap<Frame, FrameThread>();
const coroutine = {
  [Symbol.iterator](this: Frame): Frame {
    return this;
  },
  next(this: Frame): IteratorResult<undefined, unknown> {
    const thread = threads.get(this) ?? new FrameThread(this);
    threads.set(this, thread);
    return thread.run() ? { done: true, value: thread.value } : { done: false, value: undefined };
  },
};
Object.defineProperties(Frame.prototype, Object.getOwnPropertyDescriptors(coroutine));

const isGenerator = (value: unknown): value is Generator => Object.prototype.toString.call(value).includes("Generator");

/** A function whose coroutines are frames. */
function framed(fn: AnyFunction): AnyFunction {
  return (...given) => {
    const value = fn(...given);
    return isGenerator(value) ? new CoroutineFrame(value) : value;
  };
}

function framedAll(exported: object): object {
  const isClass = (value: unknown): boolean => /^class\b/.test(String(value));
  const entries = Object.entries(exported).map(([name, value]) => {
    return [name, typeof value === "function" && !isClass(value) ? framed(value as AnyFunction) : value];
  });
  return Object.fromEntries(entries);
}

const interpose: Interposed = (module, exported) => {
  if (module === "frame") return exported;
  const all = framedAll(exported) as Record<string, unknown>;
  return "indirect" in all ? { ...all, indirect: (called: unknown) => called } : all;
};

const SYSTEM = cifsEcho;

async function runners(): Promise<readonly [RunScenario, RunScenario]> {
  const sampleDirectory = join(import.meta.dirname, "../../kernel-models/sample");
  const wanted = ["fs/smb/client", "kernel/time"];
  const options = { wanted, cacheDirectory: FOLDER, sampleDirectory, workingDirectory: FOLDER };
  const source = await openKernel("sample", options);
  const translation = await modelOf(source, await programOf(source, everythingEnabled()), SYSTEM);
  const javascript = compileModel(translation.text);
  const text = framesOf(javascript);
  expect(javascript).toMatch(/function\*/);
  expect(text).not.toMatch(/function\*|yield/);
  const model = instantiateModel(text, interpose);
  const createModel = model["createModel"] as AnyFunction;
  const asFrames = {
    ...model,
    createModel: (kernel: unknown, environment: object, given: unknown) =>
      createModel(kernel, framedAll(environment), given),
  };
  return [SYSTEM.createRunner(instantiateModel(javascript), {}), SYSTEM.createRunner(asFrames, {})];
}

describe("the model of the sample, as frames", async () => {
  const [plain, frames] = await runners();

  function history(run: RunScenario, scenario: Scenario): readonly [RunRecord, readonly TraceEvent[]] {
    const trace: TraceEvent[] = [];
    return [run(scenario, { trace: (event) => void trace.push(event) }), trace];
  }

  test.each([
    ["nothing happens", {}],
    ["requests", { touches: [100, 5000, 20_000] }],
    ["the server dies", { deathTicks: 3000 }],
    ["the server comes back", { deathTicks: 3000, revivalTicks: 70_000, maxTicksAfterMount: 200_000 }],
    ["an echo fails, and sending blocks", { failedEcho: 2, sendBlocksTicks: 3 }],
    ["long pauses", { pauses: [{ fromTicks: 10, toTicks: 9000 }], touches: [20] }],
  ])("%s", (_name, change) => {
    const scenario = { ...IDLE, ...change };
    const [record, trace] = history(plain, scenario);
    expect(trace.length).toBeGreaterThan(20);
    expect(record.echoes.length).toBeGreaterThan(1);
    expect(history(frames, scenario)).toEqual([record, trace]);
  });
});
