/**
 * A runner that does each run twice and fails on any difference: a model that depends on anything but its scenario and
 * its decisions (time of day, chance, what ran before it) gives verdicts that nobody can trust.
 */
import { firstChoice, RecordingDecisions, ReplayDecisions } from "../simulator/decisions.ts";
import { SimulationFault } from "../simulator/fault.ts";
import type { Runner, RunOptions, RunOutcome } from "./run.ts";

/**
 * Wraps a runner so that each run is replayed once from its own decisions.
 *
 * @param same whether two runs came to the same
 * @param nameOf a scenario in a few words
 * @throws SimulationFault `replay-mismatch` when the two runs differ
 */
export function replayed<Scenario, Run extends RunOutcome>(
  run: Runner<Scenario, Run>,
  same: (a: Run, b: Run) => boolean,
  nameOf: (scenario: Scenario) => string,
): Runner<Scenario, Run> {
  return (scenario: Scenario, options: RunOptions = {}): Run => {
    const recording = new RecordingDecisions(options.decisions ?? firstChoice);
    const first = run(scenario, { ...options, decisions: recording });
    const { trace: _, ...silent } = options;
    const replay = new ReplayDecisions(recording.decisions);
    const second = run(scenario, { ...silent, decisions: replay });
    if (replay.used !== recording.decisions.length || !same(first, second)) {
      const which = nameOf(scenario);
      throw new SimulationFault("replay-mismatch", `the same run came out differently the second time (${which})`);
    }
    return first;
  };
}
