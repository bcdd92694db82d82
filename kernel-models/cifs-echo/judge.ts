/** Whether one history violates a property: what the check asks of its runs, and a replay of its witness. */
import type { RunRecord, Scenario } from "./echo-run.ts";

/** The server keeps its promise: it lives, and answers within half an echo interval. */
function isHealthy({ deathTicks, rttTicks, pauses, echoIntervalSeconds, hz }: Scenario): boolean {
  const limit = (echoIntervalSeconds * hz) / 2;
  return (
    deathTicks === null && rttTicks <= limit && (pauses ?? []).every((one) => one.toTicks - one.fromTicks <= limit)
  );
}

/** After one echo could not be sent, none was tried again: the work was not armed, or no longer runs. */
export function isSilenced(record: RunRecord): boolean {
  const [failed] = record.failedEchoes;
  if (failed === undefined || record.echoes.some((tick) => tick > failed)) return false;
  // A client that gives the server up may do so before the next echo is due; then the work was armed at least.
  const worksSince = record.works.filter((tick) => tick > failed).length;
  return record.declaredDead === null || (worksSince === 0 && record.unarmed.length > 0);
}

/** A server that is back after it was declared dead is sent no echo. */
export function isForgotten(scenario: Scenario, record: RunRecord): boolean {
  const { revivalTicks } = scenario;
  if (revivalTicks === undefined || record.declaredDead === null) return false;
  return !record.echoes.some((tick) => tick > record.anchorTick + revivalTicks);
}

/**
 * Whether a history violates a property; null when the history says nothing of it (a dead server is not what
 * healthy-server-kept is about), or when there is no such property.
 */
export function violates(property: string, scenario: Scenario, record: RunRecord): boolean | null {
  switch (property) {
    case "healthy-server-kept":
      return isHealthy(scenario) || record.declaredDead === null ? record.declaredDead !== null : null;
    case "dead-server-noticed":
      return scenario.deathTicks === null ? null : record.declaredDead === null;
    case "echo-goes-on":
      return record.failedEchoes.length === 0 ? null : isSilenced(record);
    case "echo-resumes":
      return scenario.revivalTicks === undefined ? null : isForgotten(scenario, record);
    default:
      return null;
  }
}
