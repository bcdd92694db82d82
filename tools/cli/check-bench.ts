/**
 * A model set up to be run, in whichever thread: the system's runner on the loaded model, and the strategies.
 */
import { explorer } from "../check/explorer.ts";
import { instantiateModel } from "../check/load-model.ts";
import type { RunFault, RunScenario } from "../check/scenario.ts";
import type { CheckRequest, Explorer } from "../check/system-check.ts";
import type { BenchSetup } from "./check-jobs.ts";
import { type CheckableSystem, checkableSystem } from "./systems.ts";

export interface Bench {
  readonly system: CheckableSystem;
  readonly request: CheckRequest;
  readonly run: RunScenario;
  readonly explorer: Explorer;
}

/** Loads the model and sets up the runner. */
export function benchFor({ system: name, javascript, facts, request }: BenchSetup): Bench {
  const system = checkableSystem(name);
  const run = system.createRunner(instantiateModel(javascript), facts);
  return { system, request, run, explorer: explorer(run) };
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
