/**
 * A few runs before the table: whether the mount option sets the echo interval, and how many intervals the watchdog
 * waits. Both are measured on the model, since kernels differ in how they say it.
 */
import type { RunFault } from "../../tools/check/scenario.ts";
import type { CheckRequest, Explorer } from "../../tools/check/system-check.ts";
import { dyingScenario, idleScenario } from "./phases.ts";

export interface Survey {
  /** The interval of a kernel without the option (SMB_ECHO_INTERVAL); null where the option sets it. */
  readonly fixedIntervalSeconds: number | null;
  /** Echo intervals from the last response to the watchdog's action; null where it does not act. */
  readonly timeoutIntervals: number | null;
  readonly fault: RunFault | null;
}

const HZ = 250;
/** Two intervals of the option's range (1 to 600 s) that are far apart. */
const SHORT_SECONDS = 300;
const LONG_SECONDS = 600;

/** Seconds between two runs of the echo work with exact timers: what the code asks for, without the wheel's part. */
function periodSeconds(request: CheckRequest, echoIntervalSeconds: number, explorer: Explorer): number | RunFault {
  const idle = idleScenario(request, { hz: HZ, echoIntervalSeconds, rttTicks: 1 });
  const { works, fault } = explorer.once({ ...idle, timers: "exact" });
  const [last, before] = [works.at(-1), works.at(-2)];
  if (fault !== null) return fault;
  return last === undefined || before === undefined ? Number.NaN : (last - before) / HZ;
}

/** Seconds from the last response to the declaration; null when it does not come. */
function patienceSeconds(request: CheckRequest, echoIntervalSeconds: number, explorer: Explorer): number | null {
  const idle = idleScenario(request, { hz: HZ, echoIntervalSeconds, rttTicks: 1 });
  const { declaredDead } = explorer.once(dyingScenario(idle, 2));
  return declaredDead === null ? null : (declaredDead.tick - declaredDead.lastResponseTick) / HZ;
}

/** Measures what the table depends on. */
export function survey(request: CheckRequest, explorer: Explorer): Survey {
  const short = periodSeconds(request, SHORT_SECONDS, explorer);
  const long = periodSeconds(request, LONG_SECONDS, explorer);
  for (const one of [short, long]) {
    if (typeof one !== "number") return { fixedIntervalSeconds: null, timeoutIntervals: null, fault: one };
  }
  // To the second: with exact timers a period is the interval and what a busy machine adds.
  const isFixed = typeof short === "number" && short === long;
  const fixedIntervalSeconds = isFixed ? Math.round(short) : null;
  const a = patienceSeconds(request, SHORT_SECONDS, explorer);
  const b = patienceSeconds(request, LONG_SECONDS, explorer);
  if (a === null || b === null) return { fixedIntervalSeconds, timeoutIntervals: null, fault: null };
  // The difference leaves out what does not depend on the interval: the rhythm in which the watchdog looks.
  const slope = (b - a) / (LONG_SECONDS - SHORT_SECONDS);
  const intervals = fixedIntervalSeconds === null ? Math.round(slope * 10) / 10 : Math.floor(a / fixedIntervalSeconds);
  return { fixedIntervalSeconds, timeoutIntervals: intervals, fault: null };
}
