/** Explorations of one combination that are a few runs each: deaths, failures, a busy mount, a slow socket. */

import type { Alignment } from "./alignments.ts";
import type { Explorer, RunRecord, Scenario } from "./echo-run.ts";
import type { Findings } from "./findings.ts";
import { isForgotten, isSilenced } from "./judge.ts";
import { dyingScenario, giveUpTicks, intervalTicks, lasting, longestGap, type Rate, rateAfter } from "./scenarios.ts";

/** As long as a full socket buffer may well take; more than most granules of the wheel, so that it shows. */
const SLOW_SENDING_SECONDS = 2;
/** Seconds for which a server stays away after it was declared dead: a few attempts to connect fail. */
const AWAY_SECONDS = 10;
/** A busy mount asks for something so many times in an interval, and is watched for so many intervals. */
const BUSY = { requestsPerInterval: 4, intervals: 16 } as const;
/** No echo work comes so often that a run should end for it. */
const MAX_WORKS_PER_INTERVAL = 100;

export interface DetectionTicks {
  readonly best: number;
  readonly worst: number;
  readonly afterEcho: number;
  readonly worstAfterRequest: number | null;
}

/** The worst and the best of both. */
export function worseOf(a: DetectionTicks | null, b: DetectionTicks | null): DetectionTicks | null {
  if (a === null || b === null) return a ?? b;
  const requests = [a.worstAfterRequest, b.worstAfterRequest].filter((one) => one !== null);
  return {
    best: Math.min(a.best, b.best),
    worst: Math.max(a.worst, b.worst),
    afterEcho: Math.max(a.afterEcho, b.afterEcho),
    worstAfterRequest: requests.length === 0 ? null : Math.max(...requests),
  };
}

/** A run, counted, and its fault kept. */
function runOnce(scenario: Scenario, explorer: Explorer, into: Findings): RunRecord {
  const record = explorer.once(scenario);
  into.runs += 2;
  if (record.fault !== null) into.fault(record.fault);
  return record;
}

/**
 * A server that dies on an idle mount: just after it answered the anchor echo, and just before it would have answered
 * the next. All deaths in between leave the same requests unanswered, and so lead to the same history.
 */
export function detectIdle(
  { scenario }: Alignment,
  spanTicks: number,
  explorer: Explorer,
  into: Findings,
): DetectionTicks | null {
  const early = dyingScenario(scenario, scenario.rttTicks + 1);
  const late = dyingScenario(scenario, spanTicks + scenario.rttTicks);
  const [first, second] = [runOnce(early, explorer, into), runOnce(late, explorer, into)];
  if (first.fault !== null || second.fault !== null) return null;
  if (first.declaredDead === null || second.declaredDead === null) {
    into.unnoticed ??= first.declaredDead === null ? early : late;
    return null;
  }
  const afterEcho = first.declaredDead.tick - first.anchorTick;
  const best = second.declaredDead.tick - second.anchorTick - (spanTicks + scenario.rttTicks);
  return { best: Math.max(best, 0), worst: afterEcho - scenario.rttTicks, afterEcho, worstAfterRequest: null };
}

/**
 * The longest silence after which an answer is still taken note of, in ticks between two answers: what the watchdog
 * waits for whatever the rhythm is in which it looks. Null where an answer that comes at once is not.
 *
 * @param deadTicks after so long a silence the server is declared dead in any case
 */
export function longestSurvived(idle: Scenario, deadTicks: number, explorer: Explorer, into: Findings): number | null {
  const { rttTicks } = idle;
  const fromTicks = rttTicks + 1;
  const isSurvived = (silence: number): boolean => {
    const toTicks = rttTicks + silence;
    const scenario: Scenario = {
      ...dyingScenario(idle, toTicks),
      deathTicks: null,
      // Something to be answered when the pause is over, whatever becomes of the echoes.
      touches: [fromTicks],
      pauses: [{ fromTicks, toTicks }],
      endTicksAfterAnchor: toTicks + intervalTicks(idle),
    };
    const { declaredDead, anchorTick, fault } = runOnce(scenario, explorer, into);
    return fault === null && (declaredDead === null || declaredDead.lastResponseTick >= anchorTick + toTicks);
  };
  let [survived, lost] = [rttTicks + 1, deadTicks + 1];
  if (survived >= lost || !isSurvived(survived)) return null;
  while (lost - survived > 1) {
    const middle = Math.floor((survived + lost) / 2);
    if (isSurvived(middle)) survived = middle;
    else lost = middle;
  }
  return survived;
}

/** How long the echo's own work puts the next one off. */
export function slowPeriod(idle: Scenario, explorer: Explorer, into: Findings): number | null {
  const slow = { ...idle, sendBlocksTicks: SLOW_SENDING_SECONDS * idle.hz };
  const { works, anchorTick, fault } = runOnce(slow, explorer, into);
  // The anchor echo was sent 2 s after its work began.
  const anchored = works.filter((tick) => tick <= anchorTick).at(-1);
  // A mount that is given up before its next work tells by those before.
  return fault === null ? (longestGap(works, anchored) ?? longestGap(works)) : null;
}

/**
 * Echoes on a mount that is busy, by the works that could have sent them; null where it was not followed to its end.
 * The server lives and answers everything: a declaration is a violation here, too.
 */
export function busyRate(idle: Scenario, explorer: Explorer, into: Findings): Rate | null {
  const interval = intervalTicks(idle);
  const every = Math.max(1, Math.floor(interval / BUSY.requestsPerInterval));
  const endTicksAfterAnchor = BUSY.intervals * interval;
  const touches = Array.from({ length: Math.floor(endTicksAfterAnchor / every) }, (_, i) => (i + 1) * every);
  const scenario: Scenario = {
    ...idle,
    endEchoesAfterAnchor: BUSY.intervals * MAX_WORKS_PER_INTERVAL,
    touches,
    endTicksAfterAnchor,
  };
  const record = runOnce(scenario, explorer, into);
  if (record.fault !== null) return null;
  into.silence(record);
  if (record.declaredDead !== null) into.violate(scenario, record);
  const works = rateAfter(record.works, record.anchorTick);
  // Up to the last work, sent echo or not: it is the works that set the time.
  return works === null
    ? { count: 0, ticks: endTicksAfterAnchor }
    : { count: record.echoes.filter((tick) => tick > record.anchorTick).length, ticks: works.ticks };
}

/** Works that a run after a failed echo is cut off at, should its time not end it: far more than an interval has. */
const MAX_WORKS_WATCHED = 1000;

/**
 * One echo cannot be sent: the history in which no further one is ever tried; null when there is one. A request just
 * after the failure keeps the server from being declared dead before the next echo is due.
 */
export function echoesEnd({ echoes }: RunRecord, idle: Scenario, explorer: Explorer, into: Findings): Scenario | null {
  const [one, two] = echoes;
  const touches = one === undefined || two === undefined ? [] : [two - one + 1];
  const first = { ...idle, anchorEcho: 1, failedEcho: 2, touches };
  // Counted in time: works may be many to an echo. An interval may pass until the failure, one is skipped because of
  // the request, one goes by in vain, and one more is for the wheel and the answer.
  const untilFailure = one === undefined || two === undefined ? intervalTicks(idle) : two - one;
  const scenario = {
    ...lasting(first, MAX_WORKS_WATCHED),
    endTicksAfterAnchor: untilFailure + 4 * intervalTicks(idle) + 2 * idle.rttTicks,
  };
  const record = runOnce(scenario, explorer, into);
  into.isFailureTried ||= record.failedEchoes.length > 0;
  return record.fault === null && isSilenced(record) ? scenario : null;
}

/** A server that dies, is declared dead and comes back: the history in which it is sent no echo; null when it is. */
export function notResumed(idle: Scenario, noticedTicks: number, explorer: Explorer, into: Findings): Scenario | null {
  const { hz, rttTicks, echoIntervalSeconds } = idle;
  const dying = dyingScenario(idle, rttTicks + 1);
  const revivalTicks = rttTicks + 1 + noticedTicks + AWAY_SECONDS * hz;
  const scenario: Scenario = {
    ...dying,
    revivalTicks,
    endTicksAfterAnchor: revivalTicks + (3 * echoIntervalSeconds + AWAY_SECONDS) * hz,
    maxTicksAfterMount: (dying.maxTicksAfterMount ?? 0) + revivalTicks + giveUpTicks(hz, echoIntervalSeconds),
  };
  const record = runOnce(scenario, explorer, into);
  // A client that never gave the server up has nothing to resume.
  return record.fault === null && isForgotten(scenario, record) ? scenario : null;
}

/** A mount that sends no echoes and is never given up: nothing would tell a dead server from a live one. */
export function noticesDeathWithoutEchoes(idle: Scenario, explorer: Explorer, into: Findings): void {
  const dying = dyingScenario({ ...idle, anchorEcho: 1 }, idle.rttTicks + 1);
  const record = runOnce(dying, explorer, into);
  if (record.fault === null && record.declaredDead === null) into.unnoticed ??= dying;
}
