/**
 * One combination explored: an isolated request at every jiffy between two echoes, and the death of the server.
 */

import type { RunFault } from "../../tools/check/run.ts";
import type { CheckRequest } from "../../tools/check/system-check.ts";
import { type Alignment, type Mount, mountsOf, type Rhythm, type RhythmLimits } from "./alignments.ts";
import type { Explorer, RunRecord, Scenario } from "./echo-run.ts";
import { Findings, mergedRanges, type PhaseRange, size, type Violation } from "./findings.ts";
import { dyingScenario, idleScenario, intervalTicks, type Rate, rateAfter } from "./scenarios.ts";
import {
  busyRate,
  type DetectionTicks,
  detectIdle,
  echoesEnd,
  longestSurvived,
  noticesDeathWithoutEchoes,
  notResumed,
  slowPeriod,
  worseOf,
} from "./single-runs.ts";
import type { Combination } from "./table.ts";

/** Echo works after the request, an interval each, where the watchdog never acts. */
const MIN_WORKS = 3;
/** Echo works after the request where it acts only after very long; some kernels look four times in an interval. */
const MAX_WORKS = 64;
/** How far mounts that do not settle are followed. */
const RHYTHM = {
  full: { anchors: 8, seconds: 8000, works: 256 },
  brief: { anchors: 2, seconds: 8000, works: 64 },
  glance: { anchors: 2, seconds: 8000, works: 64 },
} satisfies Record<CheckRequest["size"], RhythmLimits>;
/** Echo intervals up to which the death after a request is explored at every phase of it: runs grow with them. */
export const MAX_DYING_SECONDS = 120;

/** Phases at which one request leads to a violation. */
export interface WindowTicks extends PhaseRange {
  /** Of the time between two echoes; of all those that were explored, where they differ. */
  readonly share: number;
}

export interface CombinationResult {
  /** Ticks between two echoes that are sent; null when there are not two. */
  readonly spanTicks: number | null;
  /** The longest time between two runs of the echo work on an idle mount; null when there are not two. */
  readonly periodTicks: number | null;
  /** The same where sending an echo takes 2 s; null where it was not measured. */
  readonly slowPeriodTicks: number | null;
  /** Echo requests on an idle mount; null where there are none after the anchor. */
  readonly idleRate: Rate | null;
  /** Echo requests on a mount that is busy; null where it was not measured. */
  readonly busyRate: Rate | null;
  /** The longest time between two responses of a live server. */
  readonly longestSilenceTicks: number | null;
  /** The longest silence after which an answer is still taken note of; null where it was not measured. */
  readonly survivedTicks: number | null;
  readonly windows: readonly WindowTicks[];
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
  /** What differs from echo to echo; null where the mounts settle. */
  readonly rhythm: Rhythm | null;
  /** After some request the echoes come at places of the wheel at which no phases were explored. */
  readonly isStraying: boolean;
  readonly phases: number;
  readonly runs: number;
}

/**
 * Whether a request's consequences are over by the end of the run: it was answered, and so was an echo that was sent
 * after that, and the client has taken note of it. Where that echo came at a place of the wheel at which idle ones do,
 * the state is then that of the anchor echo's answer, from which everything goes on as before; else it is `astray`.
 */
function outcomeFor(record: RunRecord, phase: number, rttTicks: number, mount: Mount): "over" | "astray" | "open" {
  // A thread that sleeps when the answer arrives may look at its watchdog first when it wakes up.
  if (record.requestsUnanswered > 0) return "open";
  const answered = record.anchorTick + phase + rttTicks;
  const last = record.responses.at(-1) ?? Number.NEGATIVE_INFINITY;
  const echoes = record.echoes.filter((tick) => tick >= answered && tick + rttTicks <= last);
  if (echoes.length === 0) return "open";
  return echoes.some(mount.isKnownPlace) ? "over" : "astray";
}

/**
 * One request at every phase, and a server that stays alive. Runs last until two echoes could be sent and answered;
 * where that did not happen, they are made again and last until the watchdog's patience has passed.
 *
 * @returns the phases at which the server is declared dead
 */
function sweepHealthy(
  { scenario, early, spanTicks: span }: Alignment & { readonly spanTicks: number },
  mount: Mount,
  works: number,
  explorer: Explorer,
  into: Findings,
): readonly PhaseRange[] {
  const { hz, rttTicks } = scenario;
  const endTicksAfterAnchor = 2 * span + rttTicks + hz;
  const bad: Bad[] = [];
  // Until the anchor echo is answered, what was before it may matter.
  const first = early === null ? span - 1 : Math.min(2 * rttTicks + hz, span - 1);
  for (const [anchored, from, to] of [
    [scenario, 0, first],
    [early ?? scenario, first + 1, span - 1],
  ] as const) {
    if (from > to) continue;
    const long = { ...anchored, endEchoesAfterAnchor: works };
    const open = sweepRange({ from, to }, { ...long, endTicksAfterAnchor }, mount, explorer, into, bad);
    for (const range of mergedRanges(open)) {
      const left = sweepRange(range, long, mount, explorer, into, bad);
      into.isStraying ||= left.some((one) => one.isAstray);
    }
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
  into.phases += span;
  return windows;
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

/** Phases at which a request's consequences were not over when the run ended. */
interface OpenRange extends PhaseRange {
  readonly isAstray: boolean;
}

/** One request at every phase of a range; returns the phases at which its consequences were not over. */
function sweepRange(
  range: PhaseRange,
  scenario: Scenario,
  mount: Mount,
  explorer: Explorer,
  into: Findings,
  bad: Bad[],
): readonly OpenRange[] {
  const { regions, runs } = explorer.sweep(range.from, range.to, (phase) => ({ ...scenario, touches: [phase] }));
  into.runs += runs;
  const open: OpenRange[] = [];
  for (const { from, to, at } of regions) {
    const record = at(from);
    if (record.fault !== null) {
      into.fault(record.fault);
      continue;
    }
    const ends = from === to ? [from] : [from, to];
    for (const phase of ends) into.silence(at(phase));
    if (record.declaredDead !== null) bad.push({ from, to, scenario, at });
    else {
      const outcomes = ends.map((phase) => outcomeFor(at(phase), phase, scenario.rttTicks, mount));
      if (outcomes.some((one) => one !== "over")) open.push({ from, to, isAstray: outcomes.includes("astray") });
    }
  }
  return open;
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

/** How many echo works a run must see after the request: until the watchdog's patience has passed. */
function worksToWatch(detection: DetectionTicks | null, alignment: Alignment): number {
  const { works, scenario } = alignment;
  if (works === null) return MIN_WORKS;
  const perInterval = Math.max(1, Math.round((works.count / works.ticks) * intervalTicks(scenario)));
  const least = MIN_WORKS * perInterval;
  if (detection === null) return Math.min(least, MAX_WORKS);
  const patience = Math.ceil((detection.afterEcho * works.count) / works.ticks) + 1;
  return Math.min(Math.max(patience, least), MAX_WORKS);
}

/** What was swept from one echo on. */
interface Swept {
  readonly alignment: Alignment;
  readonly spanTicks: number;
  readonly windows: readonly PhaseRange[];
}

/**
 * Windows of all mounts and echoes together. Their share is of the time between two echoes; where these differ, each
 * counts as often as its like was seen.
 */
function windowsOf(swept: readonly Swept[], isSettled: boolean): readonly WindowTicks[] {
  const all = mergedRanges(swept.flatMap(({ windows }) => windows));
  const sum = (value: (one: Swept) => number): number =>
    swept.reduce((total, one) => total + one.alignment.states * value(one), 0);
  const spanTicks = swept[0]?.spanTicks ?? Number.POSITIVE_INFINITY;
  return all.map((window) => {
    if (isSettled) return { ...window, share: Math.min(size(window) / spanTicks, 1) };
    const within = ({ windows }: Swept): number =>
      windows.reduce((phases, one) => phases + (window.from <= one.from && one.to <= window.to ? size(one) : 0), 0);
    return { ...window, share: sum(within) / sum((one) => one.spanTicks) };
  });
}

/** What comes of the mounts: all that is not of one run. */
interface Explored {
  readonly detection: DetectionTicks | null;
  readonly survivedTicks: number | null;
  readonly isDeclaredDeadWhenIdle: boolean;
  readonly swept: readonly Swept[];
}

function exploreMounts(
  mounts: readonly Mount[],
  isForDetection: boolean,
  explorer: Explorer,
  into: Findings,
): Explored {
  let detection: DetectionTicks | null = null;
  let survivedTicks: number | null = null;
  let isDeclaredDeadWhenIdle = false;
  const swept: Swept[] = [];
  for (const mount of mounts) {
    const { record, scenario } = mount;
    if (record.fault !== null) continue;
    into.silence(record);
    if (record.declaredDead !== null) {
      isDeclaredDeadWhenIdle = true;
      into.violate(scenario, record);
      continue;
    }
    for (const alignment of mount.alignments) {
      const { spanTicks } = alignment;
      if (spanTicks === null) {
        into.fault({ kind: "no-echoes", message: "no two echoes are sent on an idle mount: no phases to explore" });
        noticesDeathWithoutEchoes(alignment.scenario, explorer, into);
        continue;
      }
      const here = detectIdle(alignment, spanTicks, explorer, into);
      const isSwept = isForDetection && scenario.echoIntervalSeconds <= MAX_DYING_SECONDS;
      const worst = isSwept && here !== null ? sweepDying(alignment, spanTicks, explorer, into) : null;
      if (here !== null) {
        detection = worseOf(detection, { ...here, worstAfterRequest: worst });
        survivedTicks ??= longestSurvived(alignment.scenario, here.worst, explorer, into);
      }
      const works = worksToWatch(here, alignment);
      const windows = sweepHealthy({ ...alignment, spanTicks }, mount, works, explorer, into);
      swept.push({ alignment, spanTicks, windows });
    }
  }
  return { detection, survivedTicks, isDeclaredDeadWhenIdle, swept };
}

/** What one mount tells, and is asked of the shortest round trip alone. */
function exploreOnce(
  idle: Scenario,
  first: Mount | undefined,
  detection: DetectionTicks | null,
  explorer: Explorer,
  into: Findings,
): Pick<CombinationResult, "slowPeriodTicks" | "busyRate" | "silenced" | "forgotten"> {
  const hasEchoes = first?.alignments.some(({ spanTicks }) => spanTicks !== null) ?? false;
  return {
    slowPeriodTicks: slowPeriod(idle, explorer, into),
    busyRate: hasEchoes ? busyRate(idle, explorer, into) : null,
    silenced: first === undefined ? null : echoesEnd(first.record, idle, explorer, into),
    forgotten: detection === null ? null : notResumed(idle, detection.worst, explorer, into),
  };
}

const NOT_ASKED = { slowPeriodTicks: null, busyRate: null, silenced: null, forgotten: null } as const;

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
  const into = new Findings();
  const idle = idleScenario(request, combination);
  const { mounts, rhythm } = mountsOf(idle, RHYTHM[request.size], explorer, into);
  const { isForDetection } = combination;
  const { detection, survivedTicks, isDeclaredDeadWhenIdle, swept } = exploreMounts(
    mounts,
    isForDetection,
    explorer,
    into,
  );
  const [first] = mounts;
  const once = isForDetection ? exploreOnce(idle, first, detection, explorer, into) : NOT_ASKED;
  const alignments = mounts.flatMap((mount) => mount.alignments);
  const periods = alignments.map(({ periodTicks }) => periodTicks).filter((one) => one !== null);
  const { violation, unnoticed, faults, isFailureTried, isStraying, longestSilenceTicks, phases, runs } = into;
  return {
    spanTicks: alignments[0]?.spanTicks ?? null,
    periodTicks: periods.length === 0 ? null : rhythm === null ? (periods[0] ?? null) : Math.max(...periods),
    idleRate: first === undefined ? null : rateAfter(first.record.echoes, first.record.anchorTick),
    ...once,
    longestSilenceTicks,
    survivedTicks,
    windows: windowsOf(swept, rhythm === null),
    isDeclaredDeadWhenIdle,
    violation,
    detection,
    isFailureTried,
    unnoticed,
    faults,
    alignments: alignments.length,
    rhythm,
    isStraying,
    phases,
    runs,
  };
}
