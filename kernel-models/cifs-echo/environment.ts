/**
 * What the model of the SMB echo runs among: a mount, a server on the other end of a socket, users of the share. The
 * kernel's own arithmetic is nowhere here; what the model calls over its boundary is answered by its C name.
 */

import type { RunFault, RunOptions } from "../../tools/check/run.ts";
import { lateUpTo } from "../../tools/simulator/decisions.ts";
import { SimulationFault } from "../../tools/simulator/fault.ts";
import { ltS64 } from "../../tools/simulator/integers.ts";
import { UnmodelledFault } from "../../tools/simulator/model.ts";
import { nullPointerFault } from "../../tools/simulator/null-pointers.ts";
import { PhaseDependent, PhaseTie } from "../../tools/simulator/phase.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import { type Coroutine, kthread_run } from "../../tools/simulator/tasks.ts";
import type { DelayedWork, WorkStruct } from "../../tools/simulator/workqueue.ts";
import { boundaryOf, lastResponse } from "./boundary.ts";
import type { RunRecord, RunScenario, Scenario } from "./echo-run.ts";
import { EchoHistory, isCoroutine, RUN_ENDS } from "./history.ts";
import { type ModelInstance, type ModelModule, mountOptions, negotiated } from "./mount.ts";
import { SmbServer } from "./server.ts";

/**
 * All wheel levels that a timer of 600 s or less comes to agree at such ticks. The first one after boot, since jiffies
 * wraps in 32 bits 300 s after it: histories of some minutes run across the wrap.
 */
const MOUNT_TICK_MULTIPLE = 2 ** 15;

/**
 * A runner of scenarios on a generated model.
 *
 * @param module what the generated module exports
 */
export function createRunner(module: Readonly<Record<string, unknown>>): RunScenario {
  const model = module as unknown as ModelModule;
  return (scenario, options = {}) => run(model, scenario, options);
}

function run(module: ModelModule, scenario: Scenario, options: RunOptions): RunRecord {
  const kernel = new Simulation({
    hz: scenario.hz,
    longBits: scenario.longBits,
    timers: scenario.timers,
    msleepAddsJiffy: scenario.msleepAddsJiffy,
    ...(options.decisions === undefined ? {} : { decisions: options.decisions }),
    trace: options.trace ?? null,
  });
  const history = new EchoHistory(kernel, scenario);
  const server = new SmbServer(kernel, scenario, history);
  const lateness = options.maxLatenessTicks ?? 0;
  const environment = boundaryOf(kernel, module, history, server);
  const model = module.createModel(kernel, environment.functions, {
    workqueueOptions: lateness > 0 ? { latency: lateUpTo(lateness) } : {},
  });
  environment.connect(model);
  server.connect(model, module);
  const base = Math.ceil((kernel.clock.tick + 1) / MOUNT_TICK_MULTIPLE) * MOUNT_TICK_MULTIPLE;
  const mountTick = base + scenario.startOffsetTicks;
  history.anchorTick = mountTick;
  kernel.at(mountTick, () => {
    kthread_run(kernel, "mount", () => mount(kernel, module, model, scenario, history, server));
  });
  const bound = scenario.maxTicksAfterMount;
  const fault = outcome(kernel, bound === undefined ? {} : { untilTick: mountTick + bound });
  return history.record(fault, server.unanswered + unnoted(history, server));
}

/** 1 when the kernel has not taken note of the last answer that arrived, else 0. */
function unnoted({ responses }: EchoHistory, server: SmbServer): number {
  const last = responses.at(-1);
  return last !== undefined && ltS64(lastResponse(server), last) ? 1 : 0;
}

/** mount(2), as far as the echo goes: the session is made, and then the server has agreed to everything. */
function* mount(
  kernel: Simulation,
  module: ModelModule,
  model: ModelInstance,
  scenario: Scenario,
  history: EchoHistory,
  server: SmbServer,
): Coroutine {
  const made = model.functions["cifs_get_tcp_session"]?.(...mountOptions(kernel, model, scenario));
  const session = isCoroutine(made) ? yield* made : made;
  negotiated(session, module.constants);
  server.session = session as Record<string, unknown>;
  const echo = server.session["echo"] as DelayedWork;
  const original = echo.work.func as (work: WorkStruct) => unknown;
  // Seen from outside, the work is one that says when it runs.
  echo.work.func = (work) => history.echoWork(echo, () => original(work));
}

/** Runs to the end; what kept it from getting there, if anything did. */
function outcome(kernel: Simulation, bounds: { readonly untilTick?: number }): RunFault | null {
  try {
    const result = kernel.run(bounds);
    return result.stoppedBy === "events" ? { kind: "too-many-events", message: "the run did not end" } : null;
  } catch (error) {
    if (error === RUN_ENDS) return null;
    if (error instanceof PhaseTie || error instanceof PhaseDependent) throw error;
    if (error instanceof UnmodelledFault) return { kind: "unmodelled", message: error.message };
    if (error instanceof SimulationFault) return { kind: error.kind, message: error.message };
    if (error instanceof TypeError) return { kind: "null-pointer", message: nullPointerFault(error, "").message };
    throw error;
  }
}
