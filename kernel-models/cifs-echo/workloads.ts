/**
 * Random workloads with faults, each made from its own seed: users who touch the share at random, a server that is
 * slow and pauses, workers that start late. First the server stays alive, and must be kept; then it dies, and that
 * must be noticed.
 */

import type { RunFault } from "../../tools/check/run.ts";
import type { CheckRequest } from "../../tools/check/system-check.ts";
import { firstChoice, RandomDecisions, RecordingDecisions, ReplayDecisions } from "../../tools/simulator/decisions.ts";
import { below, type Generator32, seededGenerator } from "../../tools/simulator/random.ts";
import type { EchoSchedule, Explorer, RunRecord, RunScenario, Scenario } from "./echo-run.ts";
import { type Violation, violationOf } from "./findings.ts";
import { dyingScenario, idleScenario } from "./scenarios.ts";
import type { Combination } from "./table.ts";

const MAX_TOUCHES = 5;
const MAX_PAUSES = 2;
/** Requests and faults fall into so many echo intervals after the anchor. */
const BUSY_INTERVALS = 4;
/** Echo works that are watched: as many intervals, or more works where they come more often. */
const WORKS = 8;
/** Works of a kernel that looks ever so often whether an echo is due. */
const MAX_WORKS = 128;
/** A worker starts late by at most a quarter of a second. */
export const MAX_LATENESS_DIVISOR = 4;
/** A server answers within that part of the echo interval: beyond it nothing is promised. */
const PROMISE_DIVISOR = 2;

export interface WorkloadResult {
  readonly violation: (Violation & { readonly schedule: EchoSchedule }) | null;
  readonly unnoticed: EchoSchedule | null;
  readonly fault: RunFault | null;
  readonly runs: number;
}

interface Workload {
  readonly scenario: Scenario;
  readonly maxLatenessTicks: number;
}

function randomTicks(generator: Generator32, limit: number): number {
  return below(generator, Math.max(1, Math.floor(limit)));
}

/** A workload from a generator; every request in it is answered within the promise. */
function workload(request: CheckRequest, combination: Combination, generator: Generator32): Workload {
  const idle = idleScenario(request, combination);
  const interval = combination.echoIntervalSeconds * combination.hz;
  const busy = BUSY_INTERVALS * interval;
  const touches = Array.from({ length: below(generator, MAX_TOUCHES + 1) }, () => randomTicks(generator, busy));
  const longest = Math.floor(interval / PROMISE_DIVISOR) - combination.rttTicks;
  const pauses: { fromTicks: number; toTicks: number }[] = [];
  for (let left = longest < 1 ? 0 : below(generator, MAX_PAUSES + 1); left > 0; left--) {
    const fromTicks = randomTicks(generator, busy);
    pauses.push({ fromTicks, toTicks: fromTicks + 1 + randomTicks(generator, longest) });
  }
  const maxLatenessTicks = below(generator, 2) * randomTicks(generator, combination.hz / MAX_LATENESS_DIVISOR + 1);
  const startOffsetTicks = randomTicks(generator, interval);
  return {
    scenario: {
      ...idle,
      startOffsetTicks,
      touches: touches.sort((a, b) => a - b),
      // Two pauses that overlap would make one that is too long.
      pauses: apart(pauses),
      endEchoesAfterAnchor: WORKS,
    },
    maxLatenessTicks,
  };
}

function apart(pauses: readonly { fromTicks: number; toTicks: number }[]): typeof pauses {
  const sorted = [...pauses].sort((a, b) => a.fromTicks - b.fromTicks);
  return sorted.filter((one, i) => i === 0 || one.fromTicks > (sorted[i - 1]?.toTicks ?? 0));
}

function runWith(
  run: RunScenario,
  { scenario, maxLatenessTicks }: Workload,
  generator: Generator32 | null,
): RecordedRun {
  const recording = new RecordingDecisions(generator === null ? firstChoice : new RandomDecisions(generator));
  const record = run(scenario, { decisions: recording, maxLatenessTicks });
  return { record, schedule: { scenario, maxLatenessTicks, decisions: recording.decisions } };
}

interface RecordedRun {
  readonly record: RunRecord;
  readonly schedule: EchoSchedule;
}

/**
 * A workload with a server that lives, followed until the watchdog's patience with the last request has passed. Works
 * that come several times in an interval end a run early; then it is made again, and longer.
 */
function runAlive(run: RunScenario, made: Workload, generator: Generator32): RecordedRun {
  const { hz, echoIntervalSeconds } = made.scenario;
  // Works are late rather than early, but for those on a fixed schedule: by less than the wheel's eighth.
  const leastTicks = (WORKS - 1) * echoIntervalSeconds * hz;
  for (let works = WORKS; ; works *= 2) {
    const found = runWith(run, { ...made, scenario: { ...made.scenario, endEchoesAfterAnchor: works } }, generator);
    const { anchorTick, declaredDead, fault, works: seen } = found.record;
    const since = seen.filter((tick) => tick > anchorTick);
    const isCut = since.length >= works && (since.at(-1) ?? anchorTick) - anchorTick < leastTicks;
    if (!isCut || declaredDead !== null || fault !== null || works >= MAX_WORKS) return found;
  }
}

/** Runs one workload: alive, then dying. */
export function runWorkload(
  request: CheckRequest,
  combination: Combination,
  seed: number,
  explorer: Explorer,
): WorkloadResult {
  const generator = seededGenerator(seed);
  const made = workload(request, combination, generator);
  const alive = runAlive(explorer.once, made, generator);
  const death = 1 + randomTicks(generator, BUSY_INTERVALS * combination.echoIntervalSeconds * combination.hz);
  const dying = { ...made, scenario: dyingScenario(made.scenario, death) };
  const dead = runWith(explorer.once, dying, generator);
  const fault = alive.record.fault ?? dead.record.fault;
  const violated = alive.record.fault === null && alive.record.declaredDead !== null;
  const unnoticed = dead.record.fault === null && dead.record.declaredDead === null;
  return {
    violation: violated ? shrunken(alive, explorer.once) : null,
    unnoticed: unnoticed ? dead.schedule : null,
    fault,
    runs: 4,
  };
}

/** Everything that can be left out of a violation, one thing at a time. */
function* simpler({ scenario, maxLatenessTicks }: EchoSchedule): Generator<Workload> {
  if (maxLatenessTicks > 0) yield { scenario, maxLatenessTicks: 0 };
  const pauses = scenario.pauses ?? [];
  for (const left of pauses) {
    yield { scenario: { ...scenario, pauses: pauses.filter((one) => one !== left) }, maxLatenessTicks };
  }
  for (const [i] of scenario.touches.entries()) {
    yield { scenario: { ...scenario, touches: scenario.touches.filter((_, j) => j !== i) }, maxLatenessTicks };
  }
  if (scenario.startOffsetTicks !== 0) yield { scenario: { ...scenario, startOffsetTicks: 0 }, maxLatenessTicks };
}

/** The violation without what it does not need. */
function shrunken(found: RecordedRun, run: RunScenario): WorkloadResult["violation"] {
  let best = found;
  const plain = runWith(run, found.schedule, null);
  if (isViolation(plain.record)) best = plain;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const candidate of simpler(best.schedule)) {
      const again = runAgain(run, candidate, best.schedule);
      if (again === null) continue;
      best = again;
      isSmaller = true;
      break;
    }
  }
  const violation = violationOf(best.schedule.scenario, best.record);
  return violation === null ? null : { ...violation, schedule: best.schedule };
}

function isViolation(record: RunRecord): boolean {
  return record.fault === null && record.declaredDead !== null;
}

/** A simpler workload, with the decisions that were taken as far as they still fit and none after that. */
function runAgain(run: RunScenario, candidate: Workload, before: EchoSchedule): RecordedRun | null {
  const { scenario, maxLatenessTicks } = candidate;
  for (const decisions of [[], before.decisions]) {
    const source = fitting(new ReplayDecisions(decisions, firstChoice));
    const recording = new RecordingDecisions(source);
    const record = run(scenario, { decisions: recording, maxLatenessTicks });
    if (isViolation(record))
      return { record, schedule: { scenario, maxLatenessTicks, decisions: recording.decisions } };
  }
  return null;
}

/** Decisions of another run: where a question differs from the one that was asked then, nobody interferes. */
function fitting(recorded: ReplayDecisions): { choose: (n: number, label: string) => number } {
  let hasDiverged = false;
  return {
    choose: (n, label) => {
      if (hasDiverged) return 0;
      try {
        return recorded.choose(n, label);
      } catch {
        hasDiverged = true;
        return 0;
      }
    },
  };
}
