/**
 * One combination explored: an isolated request at every jiffy between two echoes, and the death of the server.
 */
import type { RunFault, RunRecord, Scenario } from "../../tools/check/scenario.ts";
import type { CheckRequest, Explorer } from "../../tools/check/system-check.ts";
import { granularityTicks } from "../../tools/simulator/timers-levels.ts";
import { isForgotten, isSilenced } from "./judge.ts";
import { type Combination, startOffsets } from "./table.ts";

/** The echo that phases count from: the period has settled by the first. */
const ANCHOR_ECHO = 2;
/** An idle mount is watched for so many echo works; a slow server's echoes go out at every second or third of them. */
const IDLE_WORKS = 4;
/** Echo works after the request where the watchdog never acts, or only after very long. */
const MIN_WORKS = 3;
const MAX_WORKS = 12;
/** Works after which a dead server's run ends in any case; its end is the limit in time. */
const DEAD_WORKS = 100_000;
/** A dead server that is not declared dead within so many intervals and seconds never is, for the verdict. */
export const GIVE_UP = { intervals: 10, seconds: 60 } as const;
const MAX_FAULTS = 3;
/** As long as a full socket buffer may well take; more than most granules of the wheel, so that it shows. */
const SLOW_SENDING_SECONDS = 2;
/** Echo intervals up to which the death after a request is explored at every phase of it: runs grow with them. */
export const MAX_DYING_SECONDS = 120;

/** Phases in ticks, both included. */
export interface PhaseRange {
  readonly from: number;
  readonly to: number;
}

/** A history that ends in a violation, with what there is to say about it. */
export interface Violation {
  readonly scenario: Scenario;
  readonly gapTicks: number;
  readonly ticksAfterAnchor: number;
  readonly by: string;
}

export interface DetectionTicks {
  readonly best: number;
  readonly worst: number;
  readonly afterEcho: number;
  readonly worstAfterRequest: number | null;
}

export interface CombinationResult {
  /** Ticks between two echoes that are sent, and between two runs of the echo work; null when there are not two. */
  readonly spanTicks: number | null;
  readonly periodTicks: number | null;
  /** The period where sending an echo takes SLOW_SENDING_SECONDS; null where it was not measured. */
  readonly slowPeriodTicks: number | null;
  /** The longest time between two responses of a live server. */
  readonly longestSilenceTicks: number | null;
  /** The longest silence after which an answer is still taken note of; null where it was not measured. */
  readonly survivedTicks: number | null;
  readonly windows: readonly PhaseRange[];
  readonly isDeclaredDeadWhenIdle: boolean;
  readonly violation: Violation | null;
  readonly detection: DetectionTicks | null;
  /** An echo could not be sent once, and none is ever sent again. */
  readonly silenced: Scenario | null;
  /** Whether there was an echo that could fail. */
  readonly isFailureTried: boolean;
  /** A server that came back after it was declared dead, and is sent no echo any more. */
  readonly forgotten: Scenario | null;
  /** A dead server that is never declared dead. */
  readonly unnoticed: Scenario | null;
  readonly faults: readonly RunFault[];
  readonly alignments: number;
  readonly phases: number;
  readonly runs: number;
}

/** The limit of runs with a dead server, in ticks after its death. */
export function giveUpTicks(hz: number, echoIntervalSeconds: number): number {
  return (GIVE_UP.intervals * echoIntervalSeconds + GIVE_UP.seconds) * hz;
}

/** An idle mount with a server that stays alive; what the explorations vary is set by them. */
export function idleScenario(request: CheckRequest, combination: Omit<Combination, "isForDetection">): Scenario {
  const { hz, echoIntervalSeconds, rttTicks } = combination;
  return {
    hz,
    ...request.facts,
    echoIntervalSeconds,
    rttTicks,
    startOffsetTicks: 0,
    anchorEcho: ANCHOR_ECHO,
    touches: [],
    deathTicks: null,
    endEchoesAfterAnchor: IDLE_WORKS,
    // Twice the works that are waited for, at twice the interval: only code that no longer re-arms gets there.
    maxTicksAfterMount:
      4 * (ANCHOR_ECHO + IDLE_WORKS) * echoIntervalSeconds * hz + giveUpTicks(hz, echoIntervalSeconds),
  };
}

/** The same history with a server that dies, and time to notice. */
export function dyingScenario(idle: Scenario, deathTicks: number): Scenario {
  const { hz, echoIntervalSeconds } = idle;
  return {
    ...idle,
    deathTicks,
    endEchoesAfterAnchor: DEAD_WORKS,
    maxTicksAfterMount:
      2 * (ANCHOR_ECHO + 1) * echoIntervalSeconds * hz + deathTicks + 2 * giveUpTicks(hz, echoIntervalSeconds),
  };
}

/** What is found while the alignments of one combination are explored. */
class Findings {
  windows: PhaseRange[] = [];
  violation: Violation | null = null;
  unnoticed: Scenario | null = null;
  readonly faults: RunFault[] = [];
  longestSilenceTicks: number | null = null;
  isFailureTried = false;
  phases = 0;
  runs = 0;

  fault(fault: RunFault): void {
    const isKnown = this.faults.some((one) => one.kind === fault.kind && one.message === fault.message);
    if (!isKnown && this.faults.length < MAX_FAULTS) this.faults.push(fault);
  }

  /** How long the server was not heard of, between responses and before it was given up. */
  silence({ anchorTick, responses, declaredDead }: RunRecord): void {
    let before: number | null = null;
    const heard = declaredDead === null ? responses : [...responses, declaredDead.tick];
    for (const tick of heard) {
      if (before !== null && tick > anchorTick) {
        this.longestSilenceTicks = Math.max(this.longestSilenceTicks ?? 0, tick - before);
      }
      before = tick;
    }
  }

  /** A run with a live server that was declared dead. */
  violate(scenario: Scenario, record: RunRecord): void {
    this.violation ??= violationOf(scenario, record);
  }
}

/** A violation in numbers; null when the server was not declared dead. */
export function violationOf(scenario: Scenario, record: RunRecord): Violation | null {
  const { declaredDead, anchorTick } = record;
  if (declaredDead === null) return null;
  const { tick, lastResponseTick, by } = declaredDead;
  return { scenario, gapTicks: tick - lastResponseTick, ticksAfterAnchor: tick - anchorTick, by };
}

interface Alignment {
  readonly scenario: Scenario;
  readonly record: RunRecord;
  /** The same mount with phases counted from the echo before, where that makes no difference; else null. */
  readonly early: Scenario | null;
  /** Null when there was no second echo to measure by. */
  readonly spanTicks: number | null;
  readonly periodTicks: number | null;
}

/** The time between the anchor echo and the next, and between the works. */
function measured(scenario: Scenario, record: RunRecord, early: Scenario | null): Alignment {
  const { echoes, works } = record;
  const anchor = echoes[scenario.anchorEcho - 1];
  const next = echoes[scenario.anchorEcho];
  const [last, before] = [works.at(-1), works.at(-2)];
  return {
    scenario,
    record,
    early,
    spanTicks: anchor === undefined || next === undefined ? null : next - anchor,
    periodTicks: last === undefined || before === undefined ? null : last - before,
  };
}

/** When the first timer of the echo's length was to expire, and the largest granule in use. */
function wheelOf(scenario: Scenario, explorer: Explorer): { expiresTick: number; granuleTicks: number } {
  const interval = scenario.echoIntervalSeconds * scenario.hz;
  let expiresTick: number | null = null;
  let granuleTicks = 1;
  explorer.once(scenario, {
    trace: (event) => {
      if (event.kind !== "timer-start") return;
      const delay = event.firesAtTick - event.tick;
      // At or above the granule that the delay itself led to: the delay was not more than this.
      granuleTicks = Math.max(granuleTicks, granularityTicks(scenario.hz, delay));
      if (delay >= interval) expiresTick ??= event.tick + interval;
    },
  });
  return { expiresTick: expiresTick ?? 0, granuleTicks };
}

/** What of a history matters after the anchor echo: where on the wheel it is, and what comes when. */
function stateKey(scenario: Scenario, record: RunRecord, granuleTicks: number): string {
  const { anchorTick } = record;
  const modulus = { levels: granuleTicks, exact: 1, slack: Number.MAX_SAFE_INTEGER }[scenario.timers];
  // As many as every idle run has: it ends with so many works after its anchor.
  const since = (ticks: readonly number[]): string =>
    ticks
      .filter((tick) => tick > anchorTick)
      .map((tick) => tick - anchorTick)
      .join(" ");
  return `${anchorTick % modulus}/${since(record.works)}/${since(record.echoes)}/${since(record.responses)}`;
}

/**
 * The same mount with the echo before as the anchor, when it is at the same place of the wheel and the same follows:
 * shorter runs with the same state once that echo was answered.
 */
function earlyAnchor(
  scenario: Scenario,
  key: string,
  granuleTicks: number,
  explorer: Explorer,
  findings: Findings,
): Scenario | null {
  const early = { ...scenario, anchorEcho: scenario.anchorEcho - 1 };
  const record = explorer.once(early);
  findings.runs += 2;
  return record.fault === null && stateKey(early, record, granuleTicks) === key ? early : null;
}

/**
 * Mounts that lead to different histories. By the anchor echo the answer to an earlier echo has set the receive
 * timeout and the time of the last response anew, so that what is left of the mount's place is the echo's own. Timers
 * in levels look at a tick only modulo the granules in use, and exact ones only at differences: of two mounts that
 * agree in that one is explored. Slack depends on all bits, and every place is explored.
 */
function alignments(idle: Scenario, explorer: Explorer, findings: Findings): readonly Alignment[] {
  const { expiresTick, granuleTicks } = wheelOf(idle, explorer);
  const found = new Map<string, Alignment>();
  for (const startOffsetTicks of startOffsets(idle.hz, idle.echoIntervalSeconds, expiresTick)) {
    const scenario = { ...idle, startOffsetTicks };
    const record = explorer.once(scenario);
    findings.runs += 2;
    if (record.fault !== null) findings.fault(record.fault);
    const key = stateKey(scenario, record, granuleTicks);
    if (found.has(key)) continue;
    found.set(key, measured(scenario, record, earlyAnchor(scenario, key, granuleTicks, explorer, findings)));
  }
  return [...found.values()];
}

/**
 * Whether a request's consequences are over by the end of the run: it was answered, and so was an echo that was sent
 * after that, and the client has taken note of it. The state is then that of the anchor echo's answer, from which
 * everything goes on as before.
 */
function isSettled(record: RunRecord, phase: number, rttTicks: number): boolean {
  // A thread that sleeps when the answer arrives may look at its watchdog first when it wakes up.
  if (record.requestsUnanswered > 0) return false;
  const answered = record.anchorTick + phase + rttTicks;
  const echo = record.echoes.find((tick) => tick >= answered);
  return echo !== undefined && record.responses.some((tick) => tick >= echo + rttTicks);
}

/**
 * One request at every phase, and a server that stays alive. Runs last until two echoes could be sent and answered;
 * where that did not happen, they are made again and last until the watchdog's patience has passed.
 */
function sweepHealthy(
  alignment: Alignment,
  spanTicks: number,
  works: number,
  explorer: Explorer,
  into: Findings,
): void {
  const { scenario, early } = alignment;
  const { hz, rttTicks } = scenario;
  const endTicksAfterAnchor = 2 * spanTicks + rttTicks + hz;
  const bad: Bad[] = [];
  // Until the anchor echo is answered, what was before it may matter.
  const first = early === null ? spanTicks - 1 : Math.min(2 * rttTicks + hz, spanTicks - 1);
  for (const [anchored, from, to] of [
    [scenario, 0, first],
    [early ?? scenario, first + 1, spanTicks - 1],
  ] as const) {
    if (from > to) continue;
    const long = { ...anchored, endEchoesAfterAnchor: works };
    const unsettled = sweepRange({ from, to }, { ...long, endTicksAfterAnchor }, explorer, into, bad);
    for (const range of unsettled) sweepRange(range, long, explorer, into, bad);
  }
  const windows = mergedRanges(bad);
  const widest = windows.reduce<PhaseRange | null>(
    (best, one) => (best === null || size(one) > size(best) ? one : best),
    null,
  );
  if (widest !== null) {
    // The middle of the widest window is the easiest to hit on a real machine.
    const phase = Math.floor((widest.from + widest.to) / 2);
    const found = bad.find((one) => phase >= one.from && phase <= one.to);
    if (found !== undefined) into.violate(...settledViolation(scenario, found, phase, explorer));
  }
  into.windows = mergedRanges([...into.windows, ...windows]);
  into.phases += spanTicks;
}

/** A violation counted from the settled anchor, as people know it, where it is one from there too. */
function settledViolation(scenario: Scenario, found: Bad, phase: number, explorer: Explorer): [Scenario, RunRecord] {
  const { anchorEcho } = scenario;
  const settled = { ...found.scenario, anchorEcho, touches: [phase] };
  const record = explorer.once(settled);
  if (record.declaredDead !== null) return [settled, record];
  return [{ ...found.scenario, touches: [phase] }, found.at(phase)];
}

/** Phases at which a live server is declared dead. */
interface Bad extends PhaseRange {
  readonly scenario: Scenario;
  readonly at: (phase: number) => RunRecord;
}

/** One request at every phase of a range; returns the phases at which its consequences were not over. */
function sweepRange(
  range: PhaseRange,
  scenario: Scenario,
  explorer: Explorer,
  into: Findings,
  bad: Bad[],
): readonly PhaseRange[] {
  const { regions, runs } = explorer.sweep(range.from, range.to, (phase) => ({ ...scenario, touches: [phase] }));
  into.runs += runs;
  const unsettled: PhaseRange[] = [];
  for (const { from, to, at } of regions) {
    const record = at(from);
    if (record.fault === null) for (const phase of from === to ? [from] : [from, to]) into.silence(at(phase));
    if (record.fault !== null) into.fault(record.fault);
    else if (record.declaredDead !== null) bad.push({ from, to, scenario, at });
    else if (![from, to].every((phase) => isSettled(at(phase), phase, scenario.rttTicks))) unsettled.push({ from, to });
  }
  return mergedRanges(unsettled);
}

function size(range: PhaseRange): number {
  return range.to - range.from + 1;
}

/** Ranges in order, those that touch made one. */
export function mergedRanges(ranges: readonly PhaseRange[]): PhaseRange[] {
  const merged: PhaseRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else merged.push(range);
  }
  return merged;
}

/**
 * A server that dies on an idle mount: just after it answered the anchor echo, and just before it would have answered
 * the next. All deaths in between leave the same requests unanswered, and so lead to the same history.
 */
function detectIdle(
  alignment: Alignment,
  spanTicks: number,
  explorer: Explorer,
  into: Findings,
): DetectionTicks | null {
  const { scenario } = alignment;
  const early = dyingScenario(scenario, scenario.rttTicks + 1);
  const late = dyingScenario(scenario, spanTicks + scenario.rttTicks);
  const [first, second] = [explorer.once(early), explorer.once(late)];
  into.runs += 4;
  for (const record of [first, second]) if (record.fault !== null) into.fault(record.fault);
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
function longestSurvived(idle: Scenario, deadTicks: number, explorer: Explorer, into: Findings): number | null {
  const { rttTicks, hz, echoIntervalSeconds } = idle;
  const fromTicks = rttTicks + 1;
  const isSurvived = (silence: number): boolean => {
    const toTicks = rttTicks + silence;
    const scenario: Scenario = {
      ...dyingScenario(idle, toTicks),
      deathTicks: null,
      // Something to be answered when the pause is over, whatever becomes of the echoes.
      touches: [fromTicks],
      pauses: [{ fromTicks, toTicks }],
      endTicksAfterAnchor: toTicks + echoIntervalSeconds * hz,
    };
    const { declaredDead, anchorTick, fault } = explorer.once(scenario);
    into.runs += 2;
    if (fault !== null) into.fault(fault);
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

/** A server that dies just after it answered one request, at every phase of that; the longest time to notice. */
function sweepDying(alignment: Alignment, spanTicks: number, explorer: Explorer, into: Findings): number | null {
  const { scenario } = alignment;
  // Nothing is asked between the request and the next echo, whose answer does not come any more.
  const dying = dyingScenario(scenario, spanTicks + scenario.rttTicks);
  const scenarioAt = (phase: number): Scenario => ({ ...dying, touches: [phase] });
  const { regions, runs } = explorer.sweep(0, spanTicks - 1, scenarioAt);
  let worst: number | null = null;
  for (const { from, to, at } of regions) {
    for (const phase of from === to ? [from] : [from, to]) {
      const { fault, declaredDead, anchorTick } = at(phase);
      if (fault !== null) into.fault(fault);
      else if (declaredDead === null) into.unnoticed ??= scenarioAt(phase);
      else worst = Math.max(worst ?? 0, declaredDead.tick - anchorTick - phase - scenario.rttTicks);
    }
  }
  into.phases += spanTicks;
  into.runs += runs;
  return worst;
}

function worseOf(a: DetectionTicks | null, b: DetectionTicks | null): DetectionTicks | null {
  if (a === null || b === null) return a ?? b;
  const requests = [a.worstAfterRequest, b.worstAfterRequest].filter((one) => one !== null);
  return {
    best: Math.min(a.best, b.best),
    worst: Math.max(a.worst, b.worst),
    afterEcho: Math.max(a.afterEcho, b.afterEcho),
    worstAfterRequest: requests.length === 0 ? null : Math.max(...requests),
  };
}

/** How many echo works a run must see after the request: until the watchdog's patience has passed. */
function worksToWatch(detection: DetectionTicks | null, periodTicks: number | null): number {
  if (detection === null || periodTicks === null) return MIN_WORKS;
  return Math.min(Math.max(Math.ceil(detection.afterEcho / periodTicks) + 1, MIN_WORKS), MAX_WORKS);
}

/**
 * Explores one combination at every alignment that makes a difference.
 *
 * @returns windows as the union over the alignments, detection as the worst and best over them
 */
export function exploreCombination(
  request: CheckRequest,
  combination: Combination,
  explorer: Explorer,
): CombinationResult {
  const findings = new Findings();
  const found = alignments(idleScenario(request, combination), explorer, findings);
  let detection: DetectionTicks | null = null;
  let isDeclaredDeadWhenIdle = false;
  let survivedTicks: number | null = null;
  for (const alignment of found) {
    const { record, scenario, spanTicks, periodTicks } = alignment;
    if (record.fault !== null) continue;
    findings.silence(record);
    if (record.declaredDead !== null) {
      isDeclaredDeadWhenIdle = true;
      findings.violate(scenario, record);
      continue;
    }
    if (spanTicks === null) {
      findings.fault({ kind: "no-echoes", message: "no two echoes are sent on an idle mount: no phases to explore" });
      noticesDeathWithoutEchoes(scenario, explorer, findings);
      continue;
    }
    const here = detectIdle(alignment, spanTicks, explorer, findings);
    const isSwept = combination.isForDetection && combination.echoIntervalSeconds <= MAX_DYING_SECONDS;
    const worst = isSwept && here !== null ? sweepDying(alignment, spanTicks, explorer, findings) : null;
    if (here !== null) {
      detection = worseOf(detection, { ...here, worstAfterRequest: worst });
      survivedTicks ??= longestSurvived(scenario, here.worst, explorer, findings);
    }
    sweepHealthy(alignment, spanTicks, worksToWatch(here, periodTicks), explorer, findings);
  }
  const first = found[0];
  const slowPeriodTicks = combination.isForDetection ? slowPeriod(request, combination, explorer, findings) : null;
  const silenced =
    combination.isForDetection && first !== undefined
      ? echoesEnd(first, request, combination, explorer, findings)
      : null;
  const forgotten =
    combination.isForDetection && detection !== null
      ? notResumed(idleScenario(request, combination), detection.worst, explorer, findings)
      : null;
  const { windows, violation, unnoticed, faults, phases, runs, longestSilenceTicks } = findings;
  return {
    spanTicks: first?.spanTicks ?? null,
    periodTicks: first?.periodTicks ?? null,
    slowPeriodTicks,
    longestSilenceTicks,
    survivedTicks,
    windows,
    isDeclaredDeadWhenIdle,
    violation,
    detection,
    silenced,
    isFailureTried: findings.isFailureTried,
    forgotten,
    unnoticed,
    faults,
    alignments: found.length,
    phases,
    runs,
  };
}

/** How long the echo's own work puts the next one off. */
function slowPeriod(
  request: CheckRequest,
  combination: Combination,
  explorer: Explorer,
  into: Findings,
): number | null {
  const idle = idleScenario(request, combination);
  const { works, fault } = explorer.once({ ...idle, sendBlocksTicks: SLOW_SENDING_SECONDS * idle.hz });
  into.runs += 2;
  const [last, before] = [works.at(-1), works.at(-2)];
  return fault !== null || last === undefined || before === undefined ? null : last - before;
}

/**
 * One echo cannot be sent: the history in which no further one is ever tried; null when there is one. A request just
 * after the failure keeps the server from being declared dead before the next echo is due.
 */
function echoesEnd(
  { record: { echoes } }: Alignment,
  request: CheckRequest,
  combination: Combination,
  explorer: Explorer,
  into: Findings,
): Scenario | null {
  const [one, two] = echoes;
  const touches = one === undefined || two === undefined ? [] : [two - one + 1];
  const scenario = { ...idleScenario(request, combination), anchorEcho: 1, failedEcho: 2, touches };
  const record = explorer.once(scenario);
  into.runs += 2;
  if (record.fault !== null) into.fault(record.fault);
  into.isFailureTried ||= record.failedEchoes.length > 0;
  return record.fault === null && isSilenced(record) ? scenario : null;
}

/** Seconds for which a server stays away after it was declared dead: a few attempts to connect fail. */
const AWAY_SECONDS = 10;

/** A server that dies, is declared dead and comes back: the history in which it is sent no echo; null when it is. */
function notResumed(idle: Scenario, noticedTicks: number, explorer: Explorer, into: Findings): Scenario | null {
  const { hz, rttTicks, echoIntervalSeconds } = idle;
  const dying = dyingScenario(idle, rttTicks + 1);
  const revivalTicks = rttTicks + 1 + noticedTicks + AWAY_SECONDS * hz;
  const scenario: Scenario = {
    ...dying,
    revivalTicks,
    endTicksAfterAnchor: revivalTicks + (3 * echoIntervalSeconds + AWAY_SECONDS) * hz,
    maxTicksAfterMount: (dying.maxTicksAfterMount ?? 0) + revivalTicks + giveUpTicks(hz, echoIntervalSeconds),
  };
  const record = explorer.once(scenario);
  into.runs += 2;
  if (record.fault !== null) into.fault(record.fault);
  // A client that never gave the server up has nothing to resume.
  return record.fault === null && isForgotten(scenario, record) ? scenario : null;
}

/** A mount that sends no echoes and is never given up: nothing would tell a dead server from a live one. */
function noticesDeathWithoutEchoes(idle: Scenario, explorer: Explorer, into: Findings): void {
  const dying = dyingScenario({ ...idle, anchorEcho: 1 }, idle.rttTicks + 1);
  const record = explorer.once(dying);
  into.runs += 2;
  if (record.fault !== null) into.fault(record.fault);
  else if (record.declaredDead === null) into.unnoticed ??= dying;
}
