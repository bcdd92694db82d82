/**
 * What must hold of the SMB echo, and how it is looked for: the table of combinations, each swept over all phases, and
 * random workloads.
 *
 * - healthy-server-kept (safety): a server that answers every request within half an echo interval is never declared
 *   dead.
 * - echo-goes-on (progress): after an echo that could not be sent, echoes are sent again.
 * - echo-resumes (progress): after a reconnect to a server that is back, echoes are sent again.
 * - dead-server-noticed (progress): a dead server is declared dead within a bound; the model itself yields the bound.
 */

import type { RunFault } from "../../tools/check/run.ts";
import type { SystemProperties } from "../../tools/check/system-check.ts";
import type { PropertyResult, Verdict } from "../../tools/check/verdict.ts";
import type { Rhythm } from "./alignments.ts";
import { type EchoSchedule, type Explorer, echoExplorer, type RunRecord, type Scenario } from "./echo-run.ts";
import type { EchoCheck, Figures } from "./figure-types.ts";
import { type Explored, figuresOf, usualOf } from "./figures.ts";
import type { Violation } from "./findings.ts";
import { violates } from "./judge.ts";
import { type CombinationResult, exploreCombination, MAX_DYING_SECONDS } from "./phases.ts";
import { GIVE_UP } from "./scenarios.ts";
import { type Survey, survey } from "./survey.ts";
import { type Combination, combinations, type EchoRequest } from "./table.ts";
import { MAX_LATENESS_DIVISOR, runWorkload, type WorkloadResult } from "./workloads.ts";

export type EchoJob =
  | { readonly kind: "phases"; readonly combination: Combination }
  | { readonly kind: "workload"; readonly combination: Combination; readonly seed: number };

export type EchoResult =
  | { readonly kind: "phases"; readonly result: CombinationResult }
  | { readonly kind: "workload"; readonly result: WorkloadResult };

/** Random workloads for each combination of a table. */
const WORKLOADS = { full: 4, brief: 2, glance: 0 } as const;
/** Seeds of one --seed value are consecutive; those of the next begin that far on. */
const SEEDS_APART = 1_000_003;
const WORKLOAD_COST = 0.02;

function plan(request: EchoRequest, found: Survey): readonly EchoJob[] {
  const table = combinations(request, found.fixedIntervalSeconds);
  const phases = table.map((combination): EchoJob => ({ kind: "phases", combination }));
  const workloads = table.flatMap((combination, i) =>
    Array.from({ length: WORKLOADS[request.size] }, (_, j): EchoJob => {
      const seed = request.seed * SEEDS_APART + i * WORKLOADS[request.size] + j;
      return { kind: "workload", combination, seed };
    }),
  );
  return [...phases, ...workloads];
}

function runJob(request: EchoRequest, job: EchoJob, explorer: Explorer): EchoResult {
  return job.kind === "phases"
    ? { kind: "phases", result: exploreCombination(request, job.combination, explorer) }
    : { kind: "workload", result: runWorkload(request, job.combination, job.seed, explorer) };
}

/** Runs grow with the interval, and so does their number. */
function cost(job: EchoJob): number {
  const { hz, echoIntervalSeconds } = job.combination;
  return echoIntervalSeconds ** 2 * hz * (job.kind === "phases" ? 1 : WORKLOAD_COST);
}

/** Everything that was found, put together. */
interface Findings {
  readonly explored: readonly Explored[];
  readonly workloads: readonly WorkloadResult[];
  readonly faults: readonly RunFault[];
}

function gathered(found: Survey, jobs: readonly EchoJob[], results: readonly (EchoResult | RunFault)[]): Findings {
  const explored: Explored[] = [];
  const workloads: WorkloadResult[] = [];
  const faults: RunFault[] = found.fault === null ? [] : [found.fault];
  for (const [i, result] of results.entries()) {
    const combination = jobs[i]?.combination;
    if (combination === undefined) continue;
    if ("message" in result) faults.push(result);
    else if (result.kind === "phases") {
      explored.push({ combination, result: result.result });
      faults.push(...result.result.faults);
    } else {
      workloads.push(result.result);
      if (result.result.fault !== null) faults.push(result.result.fault);
    }
  }
  const distinct = new Map(faults.map((fault) => [`${fault.kind}: ${fault.message}`, fault]));
  return { explored, workloads, faults: [...distinct.values()] };
}

/**
 * What makes one witness preferable to another: fewer faults of the surroundings, a fast server, fewer requests, the
 * usual settings, a shorter history.
 */
function burden({ scenario, ticksAfterAnchor }: Violation, maxLatenessTicks: number): readonly number[] {
  const { hz, echoIntervalSeconds, rttTicks, touches, pauses } = scenario;
  return [
    (pauses?.length ?? 0) + Math.sign(maxLatenessTicks),
    Math.max(rttTicks / hz, 0.5),
    touches.length,
    echoIntervalSeconds === 60 ? 0 : 1,
    hz === 250 ? 0 : 1,
    rttTicks / hz,
    ticksAfterAnchor / hz,
  ];
}

function isLighter(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((value, j) => value !== b[j]);
  return i >= 0 && (a[i] ?? 0) < (b[i] ?? 0);
}

interface Candidate {
  readonly violation: Violation;
  readonly schedule: EchoSchedule;
}

/** The violation that is easiest to follow. */
function lightest({ explored, workloads }: Findings): Candidate | null {
  const candidates: Candidate[] = [];
  for (const { result } of explored) {
    if (result.violation === null) continue;
    const { scenario } = result.violation;
    candidates.push({ violation: result.violation, schedule: schedule(scenario) });
  }
  for (const { violation } of workloads)
    if (violation !== null) candidates.push({ violation, schedule: violation.schedule });
  const burdens = candidates.map(({ violation, schedule }) => burden(violation, schedule.maxLatenessTicks));
  return candidates.reduce<Candidate | null>((best, one, i) => {
    const other = best === null ? null : burdens[candidates.indexOf(best)];
    return other == null || isLighter(burdens[i] ?? [], other) ? one : best;
  }, null);
}

/** The combination that the witness is of; null where it is of a random workload, or there is none. */
function shownBy(findings: Findings): Explored | null {
  const violation = lightest(findings)?.violation;
  return findings.explored.find(({ result }) => violation !== undefined && result.violation === violation) ?? null;
}

function settings({ hz, echoIntervalSeconds, rttTicks }: Omit<Combination, "isForDetection">): string {
  const rtt = rttTicks === 1 ? "one jiffy" : `${rttTicks / hz} s`;
  const slow = rttTicks > (echoIntervalSeconds * hz) / 2 ? " (slower than what is promised: half the interval)" : "";
  return `HZ=${hz}, echo interval ${echoIntervalSeconds} s, round trip ${rtt}${slow}`;
}

/** `1 combination`, `156 combinations`. */
function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

/** The worst of all: nobody has to do anything. */
function idleDeaths(explored: readonly Explored[]): string {
  const idle = explored.filter(({ result }) => result.isDeclaredDeadWhenIdle);
  const [first] = idle;
  if (first === undefined) return "";
  return `, ${idle.length} of them without any request (such as ${settings(first.combination)})`;
}

function keptDetail(findings: Findings, verdict: Verdict, found: Candidate | null): string {
  const { explored, workloads } = findings;
  const affected = explored.filter(({ result }) => result.violation !== null).length;
  if (found === null) {
    const what = `${counted(explored.length, "combination")} and ${counted(workloads.length, "random workload")}`;
    return verdict === "holds"
      ? `in ${what}, no server that answers was declared dead`
      : `no violation was seen in ${what}, but not all could be followed`;
  }
  const { violation } = found;
  const { scenario } = violation;
  const { hz, touches } = scenario;
  const touch =
    touches[0] === undefined ? "no request at all" : `one request ${(touches[0] / hz).toFixed(2)} s after an echo`;
  const requests = touches.length > 1 ? `${touches.length} requests` : touch;
  return (
    `${settings(scenario)}: after ${requests}, a server that answers is declared dead ` +
    `${(violation.gapTicks / hz).toFixed(1)} s after its last response, by ${violation.by}; ` +
    `affected: ${affected} of ${counted(explored.length, "combination")}${idleDeaths(explored)}`
  );
}

function safety(findings: Findings, isUnsure: boolean): PropertyResult<Scenario> {
  const found = lightest(findings);
  const verdict = found !== null ? "violated" : isUnsure ? "inconclusive" : "holds";
  return {
    name: "healthy-server-kept",
    kind: "safety",
    verdict,
    violation: found?.schedule ?? null,
    detail: keptDetail(findings, verdict, found),
  };
}

/** A dead server that nobody notices; on the usual mount where possible. */
function unnoticed({ explored, workloads }: Findings): EchoSchedule | null {
  const usual = usualOf(explored);
  const inOrder = usual === null ? explored : [usual, ...explored];
  for (const { result } of inOrder) {
    if (result.unnoticed !== null) return schedule(result.unnoticed);
  }
  return workloads.find((one) => one.unnoticed !== null)?.unnoticed ?? null;
}

function noticedDetail({ explored }: Findings): string {
  const usual = usualOf(explored.filter(({ result }) => result.detection !== null));
  if (usual === null && explored.some(({ result }) => result.isDeclaredDeadWhenIdle)) {
    return "does not arise: the live server is declared dead before";
  }
  if (usual === null) return "no server died in a run that could be followed to its end";
  const { combination, result } = usual;
  const { detection } = result;
  const worst = Math.max(detection?.worst ?? 0, detection?.worstAfterRequest ?? 0) / combination.hz;
  return (
    `declared dead at most ${worst.toFixed(2)} s after its last answer with ` +
    `${settings(combination)}; for other settings see the figures`
  );
}

function progress(findings: Findings, isUnsure: boolean): PropertyResult<Scenario> {
  const violation = unnoticed(findings);
  const base = { name: "dead-server-noticed", kind: "progress", violation } as const;
  if (violation !== null) {
    const limit = `${GIVE_UP.intervals} echo intervals and ${GIVE_UP.seconds} s`;
    const detail = `${settings(violation.scenario)}: a dead server was not declared dead within ${limit}`;
    return { ...base, verdict: "violated", detail };
  }
  const isOpen = isUnsure || findings.explored.every(({ result }) => result.detection === null);
  return { ...base, verdict: isOpen ? "inconclusive" : "holds", detail: noticedDetail(findings) };
}

function goesOn({ explored }: Findings, isUnsure: boolean): PropertyResult<Scenario> {
  const silenced = explored.map(({ result }) => result.silenced).find((one) => one !== null) ?? null;
  const base = { name: "echo-goes-on", kind: "progress" } as const;
  if (silenced !== null) {
    const detail = `${settings(silenced)}: after one echo could not be sent, no further one was tried`;
    return { ...base, verdict: "violated", violation: schedule(silenced), detail };
  }
  const isTried = explored.some(({ result }) => result.isFailureTried);
  const detail = isTried
    ? "after one echo could not be sent, the next was sent"
    : "no second echo was tried, so none could fail";
  return { ...base, verdict: isUnsure || !isTried ? "inconclusive" : "holds", violation: null, detail };
}

function resumes({ explored }: Findings, isUnsure: boolean): PropertyResult<Scenario> {
  const forgotten = explored.map(({ result }) => result.forgotten).find((one) => one !== null) ?? null;
  const base = { name: "echo-resumes", kind: "progress" } as const;
  if (forgotten !== null) {
    const detail = `${settings(forgotten)}: after a reconnect to a server that is back, no echo was sent`;
    return { ...base, verdict: "violated", violation: schedule(forgotten), detail };
  }
  const isOpen = isUnsure || explored.every(({ result }) => result.detection === null);
  const detail = isOpen
    ? "no server came back in a run that could be followed to its end"
    : "after a reconnect to a server that is back, echoes were sent again";
  return { ...base, verdict: isOpen ? "inconclusive" : "holds", violation: null, detail };
}

function schedule(scenario: Scenario): EchoSchedule {
  return { scenario, maxLatenessTicks: 0, decisions: [] };
}

/** Combinations in which something is so, with the first as an example. */
function where(explored: readonly Explored[], isSo: (result: CombinationResult) => boolean): string | null {
  const found = explored.filter(({ result }) => isSo(result));
  const [first] = found;
  if (first === undefined) return null;
  const { hz, echoIntervalSeconds } = first.combination;
  return `at ${counted(found.length, "combination")} (such as HZ=${hz}, ${echoIntervalSeconds} s)`;
}

/** Where echoes do not find the mount in the same state each time: what was explored of it, and what was not. */
function rhythms(explored: readonly Explored[]): readonly string[] {
  const found = explored.flatMap(({ result }) => (result.rhythm === null ? [] : [result.rhythm]));
  const sum = (value: (rhythm: Rhythm) => number): number => found.reduce((total, one) => total + value(one), 0);
  const differing = where(explored, ({ rhythm }) => rhythm !== null);
  // Where an idle mount is given up there are no further echoes.
  const isCut = ({ rhythm, isDeclaredDeadWhenIdle }: CombinationResult): boolean =>
    rhythm !== null && !rhythm.isWhole && !isDeclaredDeadWhenIdle;
  const cut = where(explored, isCut);
  const least = Math.min(...explored.flatMap(({ result }) => (isCut(result) ? (result.rhythm?.states ?? []) : [])));
  const astray = where(explored, ({ isStraying }) => isStraying);
  return [
    differing === null
      ? []
      : `the state of the mount differs from echo to echo ${differing}: ${counted(
          sum((one) => one.states),
          "state",
        )} ` +
        `that lead to ${counted(
          sum((one) => one.courses),
          "course",
        )} of events, of which ` +
        `${sum((one) => one.explored).toLocaleString("en-US")} were explored, each from its first echo on`,
    cut === null
      ? []
      : `the rhythm of the echoes does not repeat within ${least} echoes ${cut}: states at the first ${least} only, ` +
        "or at some more",
    astray === null
      ? []
      : `a request moves the echoes to places of the timer wheel at which no phases were explored ${astray}: such ` +
        "histories were followed until the watchdog's patience had passed, without further requests",
  ].flat();
}

function bounds(request: EchoRequest, found: Survey, { explored, workloads }: Findings): readonly string[] {
  const sum = (value: (one: CombinationResult) => number, noun: string): string =>
    counted(
      explored.reduce((total, { result }) => total + value(result), 0),
      noun,
    );
  const list = (values: readonly (number | string)[]): string => [...new Set(values)].join(", ");
  const of = explored.map(({ combination }) => combination);
  const rtts = of.map(({ rttTicks, hz }) => (rttTicks === 1 ? "1 jiffy" : `${rttTicks / hz} s`));
  const interval =
    found.fixedIntervalSeconds === null
      ? ""
      : " (fixed by this kernel: no mount option of the name echo_interval sets it)";
  return [
    `${counted(explored.length, "combination")} of HZ ${list(of.map(({ hz }) => hz))}, echo interval ` +
      `${list(of.map((one) => one.echoIntervalSeconds))} s${interval}, round trip ${list(rtts)}` +
      `${request.roundTrips === null ? ", up to half the echo interval" : ""}; timers: ${request.facts.timers}`,
    `one isolated request at every jiffy between two echoes: ${sum((one) => one.phases, "phase")} in ` +
      `${sum((one) => one.runs, "run")}; each course is replayed once`,
    "mounts at the quarters of the echo timer's granule and one jiffy around its edge, of which " +
      `${sum((one) => one.alignments, "alignment")} differ${explored.length === 1 ? "" : " over all combinations"}`,
    ...rhythms(explored),
    `${counted(workloads.length, "random workload")} (seed ${request.seed}): up to 5 requests, pauses of the ` +
      `server within half an echo interval, workers late by up to ${1 / MAX_LATENESS_DIVISOR} s`,
    "a server that dies just after an echo, just before the answer to the next, and, for echo intervals up to " +
      `${MAX_DYING_SECONDS} s, just after a request at every jiffy between two echoes`,
    "an echo that cannot be sent: the second attempt of a mount; a server that is back 10 s after it was declared dead",
    `a dead server counts as unnoticed after ${GIVE_UP.intervals} echo intervals and ${GIVE_UP.seconds} s`,
    "one CPU, one connection; the transport loses nothing; requests are answered in full",
  ];
}

function conclude(
  request: EchoRequest,
  found: Survey,
  jobs: readonly EchoJob[],
  results: readonly (EchoResult | RunFault)[],
  unmodelled: number,
): EchoCheck {
  const findings = gathered(found, jobs, results);
  const isUnsure = unmodelled > 0 || findings.faults.length > 0 || findings.explored.length === 0;
  const properties = [safety, progress, goesOn, resumes].map((property) => property(findings, isUnsure));
  const reasons = findings.faults.map((fault) => `${fault.kind}: ${fault.message}`);
  if (unmodelled > 0) reasons.push(`${counted(unmodelled, "place")} of the model's slice not modelled`);
  const isViolated = properties.some((one) => one.verdict === "violated");
  return {
    verdict: isViolated ? "violated" : isUnsure ? "inconclusive" : "holds",
    properties,
    figures: figuresOf(request, found, findings.explored, shownBy(findings)),
    bounds: bounds(request, found, findings),
    reasons,
  };
}

/** What goes from one method of the properties to another. */
interface EchoWork {
  readonly request: EchoRequest;
  readonly explorer: Explorer;
  readonly survey: Survey;
  readonly job: EchoJob;
  readonly result: EchoResult;
}

/** The properties of cifs-echo. */
export const echoProperties: SystemProperties<Scenario, RunRecord, Figures, EchoWork> = {
  kinds: {
    "healthy-server-kept": "safety",
    "dead-server-noticed": "progress",
    "echo-goes-on": "progress",
    "echo-resumes": "progress",
  },
  explorer: echoExplorer,
  survey,
  plan,
  cost,
  runJob,
  judge: violates,
  conclude,
};
