/**
 * What must hold of a reconnect, and the table of scenarios in which it is looked at: one job each.
 *
 * progress: once the way is open again and the server listens, the call ends. one-worker: the connect worker never
 * runs twice at once. no-lost-call: a call of a hard mount does not end with an error.
 */
import type { RunFault } from "../../tools/check/run.ts";
import type { ScheduleBounds, ScheduleSearch, ScheduleSubject } from "../../tools/check/schedule.ts";
import type { Strategies } from "../../tools/check/strategies.ts";
import type { CheckRequest, SystemProperties } from "../../tools/check/system-check.ts";
import type { CheckResult, PropertyKind, PropertyResult, Schedule, Verdict } from "../../tools/check/verdict.ts";
import { type Bounded, boundsText, counted, cutReasons, isCut, preemptionBound } from "./bounds.ts";
import type { Figures, ScenarioFigures, Workers } from "./figure-types.ts";
import { type ReconnectRun, type ReconnectRunner, ROLE_OPTIONS } from "./reconnect-run.ts";
import type { Scenario } from "./scenarios.ts";
import { cpusText, sentenceOf, withErrorNamed } from "./words.ts";
import { workaroundsOf } from "./workaround.ts";

/** What is asked of a check: lists of policies, numbers of CPUs, schedulers; null for the whole table. */
export interface ReconnectRequest extends CheckRequest {
  readonly users: readonly string[] | null;
  readonly rpciods: readonly string[] | null;
  readonly cpus: readonly number[] | null;
  readonly schedulers: readonly Scenario["scheduler"][] | null;
  readonly preemptions: readonly number[] | null;
  /** One at most, as of preemptions. */
  readonly strategies: readonly StrategyName[] | null;
}

type StrategyName = "depth-first" | "random" | "priorities";

interface Explorer {
  /** @param seed of what is drawn at random */
  readonly search: (job: Job, strategy: StrategyName, seed: number) => ScheduleSearch;
  /** What was read of the kernel, besides its model. */
  readonly survey: Survey;
}

interface Survey {
  /** What of TCP was read, and what was taken for granted. */
  readonly told: readonly string[];
  readonly workers: Workers | null;
}

interface Job {
  readonly scenario: Scenario;
  readonly bounds: ScheduleBounds;
  readonly histories: number;
}

interface ReconnectWork {
  readonly request: ReconnectRequest;
  readonly explorer: Explorer;
  readonly survey: Survey;
  readonly job: Job;
  readonly result: ScheduleSearch;
}

/** The document's: users with and without a real-time priority, rpciod below and above. */
export const USERS: readonly string[] = ["OTHER", "RR 50"];
export const RPCIODS: readonly string[] = ["OTHER", "RR 49", "RR 51"];
/** RR 49 is to a user with OTHER as RR 51 is; to one with RR 50 it is as OTHER, with fewer schedules. */
const BRIEF_RPCIODS: readonly string[] = ["OTHER", "RR 51"];
const CPUS: readonly number[] = [1, 2];
const SCHEDULERS: readonly Scenario["scheduler"][] = ["fair", "eager", "any"];
const KINDS: Readonly<Record<string, PropertyKind>> = {
  progress: "progress",
  "one-worker": "safety",
  "no-lost-call": "safety",
};

/** Preemptions that nobody had to make, in one history, where the request does not say. */
const PREEMPTIONS = 4;
const BRIEF_PREEMPTIONS = 1;
const MAX_STATES = 400_000;
const MAX_STEPS = 20_000;
/** Histories of a scenario where they are drawn at random. */
const HISTORIES = 2_000;
const BRIEF_HISTORIES = 100;
/** Changes of random priorities plus one: what is looked for takes few. */
const DEPTH = 4;
/** So often a loop is gone round in its witness. */
const WITNESS_ROUNDS = 12;

/** Where schedules and CPUs are left alone. */
const GLANCE_CPUS: readonly number[] = [1];
const GLANCE_SCHEDULERS: readonly Scenario["scheduler"][] = ["fair"];

function plan(request: ReconnectRequest): readonly Job[] {
  const isGlance = request.size === "glance";
  const isBrief = isGlance || request.size === "brief";
  const preemptions = request.preemptions?.at(-1) ?? (isBrief ? BRIEF_PREEMPTIONS : PREEMPTIONS);
  const jobs: Job[] = [];
  for (const hz of request.hz ?? [250]) {
    for (const cpus of request.cpus ?? (isGlance ? GLANCE_CPUS : CPUS)) {
      for (const user of request.users ?? USERS) {
        for (const rpciod of request.rpciods ?? (isBrief ? BRIEF_RPCIODS : RPCIODS)) {
          for (const scheduler of request.schedulers ?? (isGlance ? GLANCE_SCHEDULERS : SCHEDULERS)) {
            const { longBits, timers } = request.facts;
            const scenario: Scenario = {
              ...{ hz, longBits, timers, user, rpciod, cpus, scheduler },
              pauseSeconds: 10,
              restartSeconds: 5,
              healSeconds: 15,
              serverEnd: "fin",
              boundSeconds: 900,
            };
            const bound = scheduler === "any" ? preemptions : 0;
            const histories = isBrief ? BRIEF_HISTORIES : HISTORIES;
            jobs.push({ scenario, histories, bounds: { preemptions: bound, states: MAX_STATES, steps: MAX_STEPS } });
          }
        }
      }
    }
  }
  return jobs;
}

function explorerOf(run: unknown, strategies: Strategies): Explorer {
  const { subject, text, told, workers } = run as ReconnectRunner;
  const role = strategies.rolesOf(text, ROLE_OPTIONS);
  const search = ({ scenario, bounds, histories }: Job, strategy: StrategyName, seed: number): ScheduleSearch => {
    const fresh = (): ScheduleSubject => subject(scenario, role);
    // Where there is one schedule only, nothing is drawn.
    if (strategy === "depth-first" || scenario.scheduler !== "any") return strategies.depthFirst(fresh, bounds);
    const walked = { histories, seed, states: bounds.states, steps: bounds.steps };
    if (strategy === "random") return strategies.randomWalks(fresh, walked);
    return strategies.randomPriorities(fresh, { ...walked, depth: DEPTH });
  };
  return { search, survey: { told, workers } };
}

function strategyOf({ strategies }: ReconnectRequest): StrategyName {
  return strategies?.at(-1) ?? "depth-first";
}

const isFault = (search: ScheduleSearch): boolean => search.violation?.property.startsWith("fault ") === true;

function verdictOf(search: ScheduleSearch): Verdict {
  if (isFault(search)) return "inconclusive";
  if (search.violation !== null) return "violated";
  return search.ends > 0 && !isCut(search) ? "holds" : "inconclusive";
}

function figuresOf({ scenario }: Job, search: ScheduleSearch): ScenarioFigures {
  const { user, rpciod, cpus, scheduler } = scenario;
  const { violation, states, transitions, preemptions, stoppedBy, maxSeconds } = search;
  return {
    ...{ user, rpciod, cpus, scheduler },
    verdict: verdictOf(search),
    recoverySeconds: violation === null ? maxSeconds : null,
    ...{ states, transitions },
    preemptions: violation?.preemptions ?? preemptions,
    stoppedBy,
    property: violation?.property ?? null,
    what: violation === null ? null : withErrorNamed(violation.what),
  };
}

/** A violation as a history that can be run again. */
function scheduleOf({ scenario }: Job, { violation }: ScheduleSearch): Schedule<Scenario> | null {
  if (violation === null) return null;
  const { loop, decisions } = violation;
  if (loop === null) return { scenario, decisions };
  const { fromStep, steps } = loop;
  return { scenario: { ...scenario, loop: { fromStep, steps, rounds: WITNESS_ROUNDS } }, decisions };
}

type Done = readonly [Job, ScheduleSearch];

/** The plainest violation: nobody interferes, then the fewest decisions. */
function plainest(found: readonly Done[]): Done | null {
  const rank = ([{ scenario }, { violation }]: Done): number =>
    ({ fair: 0, eager: 1_000_000, any: 2_000_000 })[scenario.scheduler] + (violation?.decisions.length ?? 0);
  return [...found].sort((a, b) => rank(a) - rank(b))[0] ?? null;
}

function settingText({ scenario: { user, rpciod, cpus, scheduler } }: Job, { violation }: ScheduleSearch): string {
  const preempted = scheduler === "any" ? ` (${counted(violation?.preemptions ?? 0, "preemption")})` : "";
  return `user ${user}, rpciod ${rpciod}, ${cpusText(cpus)}, scheduler ${scheduler}${preempted}`;
}

/** What a scenario is one combination of. */
function combination(done: readonly Done[]): string {
  const isManyHz = new Set(done.map(([{ scenario }]) => scenario.hz)).size > 1;
  return `${isManyHz ? "HZ, " : ""}user, rpciod, CPUs and scheduler`;
}

function propertyOf(
  name: string,
  done: readonly Done[],
  /** Why not every schedule could be followed; null where each was. */
  why: string | null,
): PropertyResult<Scenario> {
  const against = done.filter(([, search]) => search.violation?.property === name);
  const first = plainest(against);
  const kind = KINDS[name] ?? "safety";
  if (first === null) {
    // A search ends at the first violation, and what comes behind it was not seen.
    const ended = done.filter(([, search]) => search.violation !== null && !isFault(search)).length;
    const verdict = why !== null || ended > 0 || done.length === 0 ? "inconclusive" : "holds";
    const open = why === null ? endedText(ended, done.length) : `not every schedule could be followed: ${why}`;
    const detail = verdict === "holds" ? "in every schedule that was explored" : open;
    return { name, kind, verdict, violation: null, detail };
  }
  const [job, search] = first;
  const what = sentenceOf(name, search.violation?.what ?? "");
  const share = `${against.length} of ${done.length} combinations of ${combination(done)}`;
  const detail = `${what} for ${settingText(job, search)}; ${share}`;
  return { name, kind, verdict: "violated", violation: scheduleOf(job, search), detail };
}

function endedText(ended: number, all: number): string {
  const searches = `${ended} of ${counted(all, "search", "searches")}`;
  return `not seen in what was explored; ${searches} ended at a violation of another property`;
}

function boundedOf(request: ReconnectRequest, [{ scenario, bounds, histories }, search]: Done): Bounded {
  const many = strategyOf(request) === "depth-first" ? "all" : "drawn";
  return { bounds, histories, search, schedules: scenario.scheduler === "any" ? many : "one" };
}

function conclude(
  request: ReconnectRequest,
  jobs: readonly Job[],
  results: readonly (ScheduleSearch | RunFault)[],
  unmodelled: number,
  { told, workers }: Survey,
): CheckResult<Scenario, Figures> {
  const done = jobs.flatMap((job, i): Done[] => {
    const result = results[i];
    return result === undefined || "message" in result ? [] : [[job, result]];
  });
  const faults = [
    ...results.flatMap((one) => ("message" in one ? [one.message] : [])),
    ...done.flatMap(([, search]) => (isFault(search) ? [search.violation?.what ?? ""] : [])),
  ];
  const stuck = done.filter(([, one]) => one.violation === null && one.ends === 0 && !isCut(one)).length;
  const all = done.map((one) => boundedOf(request, one));
  const cut = cutReasons(all);
  const others = [
    ...new Set(faults),
    ...(unmodelled > 0
      ? [`${counted(unmodelled, "place")} of the slice ${unmodelled === 1 ? "is" : "are"} not modelled`]
      : []),
    ...(stuck > 0 ? [`${counted(stuck, "scenario")} came to no end within the bounds`] : []),
  ];
  const reasons = [...others, ...cut.map(({ whole }) => whole)];
  const [why = null] = [...others, ...cut.map((one) => one.why)];
  const properties = Object.keys(KINDS).map((name) => propertyOf(name, done, why));
  const isViolated = properties.some(({ verdict }) => verdict === "violated");
  const scenarios = done.map(([job, search]) => figuresOf(job, search));
  const searches = done.map(([, search]) => search);
  const sum = (value: (one: ScheduleSearch) => number): number => searches.reduce((all, one) => all + value(one), 0);
  return {
    verdict: isViolated ? "violated" : reasons.length > 0 ? "inconclusive" : "holds",
    properties,
    figures: {
      scenarios,
      workarounds: workaroundsOf(scenarios),
      workers,
      exploration: {
        strategy: [...new Set(searches.map(({ strategy }) => strategy))].join(" and ") || "depth first",
        bound: preemptionBound(all),
        states: sum(({ states }) => states),
        transitions: sum(({ transitions }) => transitions),
        statesPerSecond: null,
      },
    },
    bounds: [...boundsText(all), ...told],
    reasons: isViolated ? [] : reasons,
  };
}

export const reconnectProperties: SystemProperties<Scenario, ReconnectRun, Figures, ReconnectWork> = {
  kinds: KINDS,
  explorer: explorerOf,
  survey: (_, { survey }) => survey,
  plan: (request) => plan(request),
  judge: (property, _, run) => {
    if (run.endsWith === "open") return null;
    return run.property === property && run.endsWith !== "progress";
  },
  cost: ({ bounds, scenario }) => bounds.preemptions * 10 + scenario.cpus,
  runJob: (request, job, { search }) => search(job, strategyOf(request), request.seed),
  conclude: (request, survey, jobs, results, unmodelled) => conclude(request, jobs, results, unmodelled, survey),
};
