/**
 * A runner that does each run twice and fails on any difference: a model that depends on anything but its scenario and
 * its decisions (time of day, chance, what ran before it) gives verdicts that nobody can trust.
 */
import { firstChoice, RecordingDecisions, ReplayDecisions } from "../simulator/decisions.ts";
import { SimulationFault } from "../simulator/fault.ts";
import { type RunOptions, type RunRecord, type RunScenario, type Scenario, sameRecord } from "./scenario.ts";

/**
 * Wraps a runner so that each run is replayed once from its own decisions.
 *
 * @throws SimulationFault `replay-mismatch` when the two runs differ
 */
export function replayed(run: RunScenario): RunScenario {
  return (scenario: Scenario, options: RunOptions = {}): RunRecord => {
    const recording = new RecordingDecisions(options.decisions ?? firstChoice);
    const first = run(scenario, { ...options, decisions: recording });
    const { trace: _, ...silent } = options;
    const replay = new ReplayDecisions(recording.decisions);
    const second = run(scenario, { ...silent, decisions: replay });
    if (replay.used !== recording.decisions.length || !sameRecord(first, second)) {
      const which = `HZ=${scenario.hz}, ${scenario.echoIntervalSeconds} s, touches at ${scenario.touches.join(", ")}`;
      throw new SimulationFault("replay-mismatch", `the same run came out differently the second time (${which})`);
    }
    return first;
  };
}
