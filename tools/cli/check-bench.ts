/**
 * A model set up to be run, in whichever thread: the system's runner on the loaded model, and what jobs explore with.
 */
import type { System } from "../../kernel-models/system.ts";
import { framesOf } from "../check/frames.ts";
import { instantiateModel } from "../check/load-model.ts";
import type { RunFault, Runner, RunOutcome } from "../check/run.ts";
import { STRATEGIES } from "../check/strategies.ts";
import type { CheckRequest } from "../check/system-check.ts";
import { type MachineParts, machineModules } from "../simulator/machine-modules.ts";
import type { BenchSetup } from "./check-jobs.ts";

export interface Bench<Scenario = unknown, Run extends RunOutcome = RunOutcome> {
  readonly system: System<Scenario, Run>;
  readonly request: CheckRequest;
  readonly run: Runner<Scenario, Run>;
  /** The system's own. */
  readonly explorer: unknown;
}

/** Loads the model and sets up the runner. */
export function benchFor<Scenario, Run extends RunOutcome>(
  system: System<Scenario, Run>,
  { javascript, text, facts, request }: BenchSetup,
): Bench<Scenario, Run> {
  const run =
    system.execution === "frames" ? framed(system, { javascript, text }, facts) : plain(system, javascript, facts);
  return { system, request, run, explorer: system.properties.explorer(run, STRATEGIES) };
}

function plain<Scenario, Run extends RunOutcome>(
  system: System<Scenario, Run>,
  javascript: string,
  facts: unknown,
): Runner<Scenario, Run> {
  return system.createRunner(instantiateModel(javascript), facts);
}

/** The runner of a system on a machine whose threads are frames. */
function framed<Scenario, Run extends RunOutcome>(
  system: System<Scenario, Run>,
  { javascript, text }: Pick<BenchSetup, "javascript" | "text">,
  facts: unknown,
): Runner<Scenario, Run> {
  let present: MachineParts | null = null;
  const parts = (): MachineParts => {
    if (present === null) throw new Error("a model runs on no machine");
    return present;
  };
  const model = instantiateModel(framesOf(javascript), machineModules(parts));
  const enter = (entered: MachineParts): void => {
    present = entered;
  };
  return system.createRunner(model, facts, { enter, text });
}

/** One job; what it throws becomes a fault, so that one combination that fails does not take the others along. */
export function runJob(bench: Bench, job: unknown): unknown | RunFault {
  try {
    return bench.system.properties.runJob(bench.request, job, bench.explorer);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const kind = "kind" in error && typeof error.kind === "string" ? error.kind : error.name;
    return { kind, message: error.message } satisfies RunFault;
  }
}
