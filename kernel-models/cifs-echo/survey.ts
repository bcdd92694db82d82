/**
 * A few runs before the table: whether the mount option sets the echo interval, and how many intervals the watchdog
 * waits. Both are measured on the model, since kernels differ in how they say it.
 */

import type { RunFault, RunOptions } from "../../tools/check/run.ts";
import type { CheckRequest } from "../../tools/check/system-check.ts";
import type { TraceEvent } from "../../tools/simulator/trace.ts";
import type { Explorer, RunRecord, Scenario } from "./echo-run.ts";
import { dyingScenario, idleScenario, longestGap } from "./scenarios.ts";

export interface Survey {
  /** The interval of a kernel without the option (SMB_ECHO_INTERVAL); null where the option sets it. */
  readonly fixedIntervalSeconds: number | null;
  /** Echo intervals from the last response to the watchdog's action; null where it does not act. */
  readonly timeoutIntervals: number | null;
  readonly fault: RunFault | null;
}

const HZ = 250;
/** A work that runs more often than that at intervals of minutes is no echo work: there is no interval to count by. */
const MIN_PERIOD_SECONDS = 0.5;
/** Two intervals of the option's range (1 to 600 s) that are far apart. */
const SHORT_SECONDS = 300;
const LONG_SECONDS = 600;

/** A run that could not be followed says nothing of what it was to measure. */
class Unmeasured extends Error {
  constructor(readonly fault: RunFault) {
    super(fault.message);
  }
}

function followed(scenario: Scenario, explorer: Explorer, options: RunOptions = {}): RunRecord {
  const record = explorer.once(scenario, options);
  if (record.fault !== null) throw new Unmeasured(record.fault);
  return record;
}

/**
 * The longest time for which the echo work is put off, in seconds, with exact timers: what the code asks for, without
 * the wheel's part. From one run to the next, and from the mount to the first: there are kernels that look more often
 * than once an interval whether an echo is due. Null where the work does not run twice.
 */
function periodSeconds(request: CheckRequest, echoIntervalSeconds: number, explorer: Explorer): number | null {
  const idle = idleScenario(request, { hz: HZ, echoIntervalSeconds, rttTicks: 1 });
  const delays = new Map<number, number>();
  const trace = (event: TraceEvent): void => {
    if (event.kind === "timer-start") delays.set(event.firesAtTick, event.firesAtTick - event.tick);
  };
  const { works } = followed({ ...idle, timers: "exact" }, explorer, { trace });
  const gap = longestGap(works);
  const [first] = works;
  if (gap === null || first === undefined) return null;
  if (gap / HZ < MIN_PERIOD_SECONDS) {
    const message = `the echo work runs every ${gap / HZ} s at an echo interval of ${echoIntervalSeconds} s`;
    throw new Unmeasured({ kind: "survey", message });
  }
  return Math.max(gap, delays.get(first) ?? 0) / HZ;
}

/** Seconds from the last response to the declaration; null when it does not come. */
function patienceSeconds(request: CheckRequest, echoIntervalSeconds: number, explorer: Explorer): number | null {
  const idle = idleScenario(request, { hz: HZ, echoIntervalSeconds, rttTicks: 1 });
  const { declaredDead } = followed(dyingScenario(idle, 2), explorer);
  return declaredDead === null ? null : (declaredDead.tick - declaredDead.lastResponseTick) / HZ;
}

/** The interval that the mount option does not change, to the second; null where it does, or nothing was measured. */
function fixedInterval(request: CheckRequest, explorer: Explorer): number | null {
  const short = periodSeconds(request, SHORT_SECONDS, explorer);
  const long = periodSeconds(request, LONG_SECONDS, explorer);
  // To the second: with exact timers a period is the interval and what a busy machine adds.
  return short === null || short !== long ? null : Math.max(1, Math.round(short));
}

function timeoutIntervals(request: CheckRequest, fixedSeconds: number | null, explorer: Explorer): number | null {
  const a = patienceSeconds(request, SHORT_SECONDS, explorer);
  const b = patienceSeconds(request, LONG_SECONDS, explorer);
  if (a === null || b === null) return null;
  // The difference leaves out what does not depend on the interval: the rhythm in which the watchdog looks.
  const slope = (b - a) / (LONG_SECONDS - SHORT_SECONDS);
  const intervals = fixedSeconds === null ? Math.round(slope * 10) / 10 : Math.floor(a / fixedSeconds);
  if (Number.isFinite(intervals) && intervals >= 0) return intervals;
  const message = `the watchdog waits ${a} s at intervals of ${SHORT_SECONDS} s and ${b} s at ${LONG_SECONDS} s`;
  throw new Unmeasured({ kind: "survey", message });
}

/** Measures what the table depends on. */
export function survey(request: CheckRequest, explorer: Explorer): Survey {
  let fixedIntervalSeconds: number | null = null;
  try {
    fixedIntervalSeconds = fixedInterval(request, explorer);
    return {
      fixedIntervalSeconds,
      timeoutIntervals: timeoutIntervals(request, fixedIntervalSeconds, explorer),
      fault: null,
    };
  } catch (error) {
    if (!(error instanceof Unmeasured)) throw error;
    return { fixedIntervalSeconds, timeoutIntervals: null, fault: error.fault };
  }
}
