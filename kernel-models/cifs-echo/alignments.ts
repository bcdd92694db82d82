/**
 * The mounts of one combination that lead to different histories, and the echoes that phases count from.
 *
 * Most kernels arm the echo work for the same time again and again: the timer wheel rounds the first one, and from then
 * on every echo finds the mount in the same state, so that one echo is enough. Where the times vary, as they do when
 * the work is to keep a fixed schedule, they meet the wheel at another place each time. Then the mount is followed from
 * echo to echo until a state comes again, and each echo from which on things happen at other times is an anchor.
 */

import type { RunFault } from "../../tools/check/run.ts";
import { granularityTicks } from "../../tools/simulator/timers-levels.ts";
import type { Explorer, RunRecord, Scenario } from "./echo-run.ts";
import { ANCHOR_ECHO, IDLE_WORKS, intervalTicks, lasting, longestGap, type Rate, rateAfter } from "./scenarios.ts";
import { startOffsets } from "./table.ts";

/** How far a mount that does not settle is followed. */
export interface RhythmLimits {
  /** Echoes of one mount that become anchors. */
  readonly anchors: number;
  /** What one run from each of these takes together, in simulated seconds: every run begins with the mount. */
  readonly seconds: number;
  /** Echo works in which a state may come again. */
  readonly works: number;
}

/** An echo that phases count from. */
export interface Alignment {
  readonly scenario: Scenario;
  /** The same mount with phases counted from the echo before, where that makes no difference; else null. */
  readonly early: Scenario | null;
  /** To the next echo; null when there was none to measure by. */
  readonly spanTicks: number | null;
  /** The longest time between two works. */
  readonly periodTicks: number | null;
  readonly works: Rate | null;
  /** How many states of the rhythm it stands for. */
  readonly states: number;
}

/** An idle mount. */
export interface Mount {
  readonly scenario: Scenario;
  readonly record: RunRecord;
  readonly alignments: readonly Alignment[];
  /** Whether echoes were seen at the place of the wheel that a tick has. */
  readonly isKnownPlace: (tick: number) => boolean;
}

/** Mounts whose state differs from echo to echo. */
export interface Rhythm {
  /** States that were seen, different courses that they lead to, and how many of these were explored. */
  readonly states: number;
  readonly courses: number;
  readonly explored: number;
  /** Whether a state came again within the bound, with every mount: there are no others. */
  readonly isWhole: boolean;
}

export interface Mounts {
  readonly mounts: readonly Mount[];
  /** Null where every echo of a mount finds it in the same state. */
  readonly rhythm: Rhythm | null;
}

/** What is told of runs and faults. */
interface Counts {
  runs: number;
  readonly fault: (fault: RunFault) => void;
}

/** An idle mount is watched for so many works at first, and at most until it is clear what state it is in. */
const FIRST_WORKS = IDLE_WORKS + 2;
const MAX_IDLE_WORKS = 64;
/** Each time that a mount is followed further it is followed so many times as far. */
const FURTHER = 4;

interface Watched {
  readonly scenario: Scenario;
  readonly record: RunRecord;
  /** For how long each work armed itself; null where it did not, or nothing is known of it. */
  readonly delays: readonly (number | null)[];
  /** When the first timer of the echo's length was to expire, and the largest granule in use. */
  readonly expiresTick: number;
  readonly granuleTicks: number;
}

/** Runs an idle mount and listens to its timers. */
function watch(scenario: Scenario, explorer: Explorer, into: Counts): Watched {
  const interval = intervalTicks(scenario);
  const delays: (number | null)[] = [];
  let expiresTick: number | null = null;
  let granuleTicks = 1;
  const record = explorer.once(scenario, {
    trace: (event) => {
      if (event.kind === "note" && event.name === "echo-work") delays.push(null);
      if (event.kind === "note" && event.name === "echo-armed") delays[delays.length - 1] = Number(event.values[0]);
      if (event.kind !== "timer-start") return;
      const delay = event.firesAtTick - event.tick;
      // At or above the granule that the delay itself led to: the delay was not more than this.
      granuleTicks = Math.max(granuleTicks, granularityTicks(scenario.hz, delay));
      if (delay >= interval) expiresTick ??= event.tick + interval;
    },
  });
  into.runs += 2;
  if (record.fault !== null) into.fault(record.fault);
  return { scenario, record, delays, expiresTick: expiresTick ?? 0, granuleTicks };
}

/** Whether the run ended with the works that were waited for. */
function hasAllWorks({ scenario, record }: Watched): boolean {
  const { works, anchorTick, declaredDead, fault } = record;
  const since = works.filter((tick) => tick > anchorTick).length;
  return declaredDead === null && fault === null && since >= scenario.endEchoesAfterAnchor;
}

/**
 * The work with which it is clear what followed an echo: several, in several intervals, for some kernels look often
 * whether an echo is due. Null where the run did not come so far.
 */
function horizonAfter({ scenario, record }: Watched, fromTick: number): number | null {
  const since = record.works.filter((tick) => tick > fromTick);
  // Works on a fixed schedule may come a little early: less than the wheel's eighth of an interval.
  const leastTicks = (IDLE_WORKS - 0.5) * intervalTicks(scenario);
  return since.find((tick, i) => i + 1 >= IDLE_WORKS && tick - fromTick >= leastTicks) ?? null;
}

function isClearAt(watched: Watched, echo: number): boolean {
  const tick = watched.record.echoes[echo - 1];
  return tick !== undefined && horizonAfter(watched, tick) !== null;
}

/** An idle mount, watched until it is clear in which states it is at the anchor echo and at the next. */
function watchNext(scenario: Scenario, explorer: Explorer, into: Counts): Watched {
  for (let works = FIRST_WORKS; ; works *= 2) {
    const watched = watch(lasting(scenario, works), explorer, into);
    if (works >= MAX_IDLE_WORKS || !hasAllWorks(watched) || isClearAt(watched, ANCHOR_ECHO + 1)) return watched;
  }
}

/** What of a tick matters to timers. */
type PlaceOf = (tick: number) => number;

/**
 * Timers in levels look at a tick only modulo the granules in use, and exact ones only at differences. Slack depends on
 * all bits.
 */
function placesOf({ timers }: Scenario, granuleTicks: number): PlaceOf {
  if (timers === "exact") return () => 0;
  if (timers === "slack") return (tick) => tick;
  return (tick) => ((tick % granuleTicks) + granuleTicks) % granuleTicks;
}

/** The largest granule of the timer with which the echo work arms itself; the mount may arm it for another time. */
function echoGranuleTicks({ scenario, delays }: Watched): number {
  const known = delays.filter((delay) => delay !== null);
  const all = known.length === 0 ? [intervalTicks(scenario)] : known;
  return Math.max(...all.map((delay) => granularityTicks(scenario.hz, delay)));
}

/** In which state a mount is at one of its echoes, as far as it shows. */
interface State {
  /** What comes when. */
  readonly course: string;
  /** For how long the works arm themselves, which tells more than when they run: the wheel has not rounded it. */
  readonly delays: string;
  /** How long the server has not been heard of. */
  readonly silence: number | null;
}

function stateAt(watched: Watched, echo: number): State {
  const { works, echoes, responses, anchorTick } = watched.record;
  const from = echoes[echo - 1] ?? anchorTick;
  const end = horizonAfter(watched, from) ?? Number.POSITIVE_INFINITY;
  const since = (ticks: readonly number[]): string =>
    ticks
      .filter((tick) => tick > from && tick <= end)
      .map((tick) => tick - from)
      .join(" ");
  // The run ends within the last work: what is answered at that tick may be missing.
  const answers = since(responses.filter((tick) => tick < end));
  const last = responses.filter((tick) => tick <= from).at(-1);
  return {
    course: `${since(works)}/${since(echoes)}/${answers}`,
    delays: watched.delays.filter((_, i) => (works[i] ?? 0) >= from && (works[i] ?? 0) < end).join(" "),
    silence: last === undefined ? null : from - last,
  };
}

/** What tells states and courses from each other. */
interface Keys {
  /** Mounts that agree in this lead to the same history. */
  readonly mountKey: (watched: Watched, echo: number) => string;
  /** Echoes of a mount that agree in this lead to the same events, as long as these are watched. */
  readonly courseKey: (watched: Watched, echo: number) => string;
  /** Echoes that agree in this, too, find the mount in the same state. */
  readonly stateKey: (watched: Watched, echo: number) => string;
  readonly placeOf: PlaceOf;
}

function keysOf(first: Watched): Keys {
  const { scenario } = first;
  const anyPlace = placesOf(scenario, first.granuleTicks);
  // Where slack depends on all bits no place comes twice: what can come again is what follows.
  const placeOf = scenario.timers === "slack" ? () => 0 : placesOf(scenario, echoGranuleTicks(first));
  const tickOf = ({ record }: Watched, echo: number): number => record.echoes[echo - 1] ?? record.anchorTick;
  const courseKey = (watched: Watched, echo: number): string => {
    const { course, silence } = stateAt(watched, echo);
    return `${placeOf(tickOf(watched, echo))}/${course}/${silence}`;
  };
  return {
    mountKey: (watched, echo) => `${anyPlace(tickOf(watched, echo))}/${stateAt(watched, echo).course}`,
    courseKey,
    stateKey: (watched, echo) => `${courseKey(watched, echo)}/${stateAt(watched, echo).delays}`,
    placeOf,
  };
}

function alignmentAt(watched: Watched, echo: number, early: Scenario | null, states: number): Alignment {
  const { scenario, record } = watched;
  const { echoes, works, anchorTick } = record;
  const [at, next] = [echoes[echo - 1], echoes[echo]];
  return {
    scenario: lasting({ ...scenario, anchorEcho: echo }, IDLE_WORKS),
    early,
    spanTicks: at === undefined || next === undefined ? null : next - at,
    // A mount that is given up before its next work tells by those before.
    periodTicks: longestGap(works, at ?? anchorTick) ?? longestGap(works),
    works: rateAfter(works, at ?? anchorTick),
    states,
  };
}

/**
 * A mount that is in the same state at each echo. Where the echo before the anchor is at the same place of the wheel
 * and the same follows it, it makes shorter runs, with the same state once it was answered.
 */
function settledMount(watched: Watched, keys: Keys): Mount {
  const { scenario, record } = watched;
  const isSameBefore =
    record.fault === null &&
    record.echoes.length >= ANCHOR_ECHO &&
    keys.mountKey(watched, ANCHOR_ECHO - 1) === keys.mountKey(watched, ANCHOR_ECHO);
  const alignment = alignmentAt(watched, ANCHOR_ECHO, null, 1);
  const early = isSameBefore ? { ...alignment.scenario, anchorEcho: ANCHOR_ECHO - 1 } : null;
  return {
    scenario,
    record,
    alignments: [{ ...alignment, early }],
    isKnownPlace: knownPlaces(watched, keys),
  };
}

function knownPlaces({ record }: Watched, { placeOf }: Keys): Mount["isKnownPlace"] {
  const places = new Set(record.echoes.slice(ANCHOR_ECHO - 1).map(placeOf));
  return (tick) => places.has(placeOf(tick));
}

/** The first echo with a course, and how many states have it. */
interface Seen {
  readonly echo: number;
  readonly states: number;
}

interface Walk {
  readonly watched: Watched;
  readonly courses: ReadonlyMap<string, Seen>;
  readonly states: ReadonlySet<string>;
  readonly isWhole: boolean;
}

/** Follows a mount from echo to echo until a state comes again, or one that an earlier mount came to. */
function walk(start: Watched, known: ReadonlySet<string>, keys: Keys, limits: RhythmLimits, go: Watch): Walk {
  for (let watched = start, works = start.scenario.endEchoesAfterAnchor; ; ) {
    const states = new Set<string>();
    const courses = new Map<string, Seen>();
    let isWhole = false;
    for (let echo = ANCHOR_ECHO; isClearAt(watched, echo); echo++) {
      const state = keys.stateKey(watched, echo);
      isWhole = states.has(state) || known.has(state);
      if (isWhole) break;
      states.add(state);
      const course = keys.courseKey(watched, echo);
      const found = courses.get(course) ?? { echo, states: 0 };
      courses.set(course, { ...found, states: found.states + 1 });
    }
    if (isWhole || works >= limits.works || !hasAllWorks(watched)) return { watched, courses, states, isWhole };
    works = Math.min(works * FURTHER, limits.works);
    watched = go(lasting(watched.scenario, works));
  }
}

type Watch = (scenario: Scenario) => Watched;

/** What the mounts that do not settle come to, all together. */
class Wandering {
  readonly states = new Set<string>();
  readonly courses = new Set<string>();
  readonly explored = new Set<string>();
  isWhole = true;

  constructor(
    private readonly keys: Keys,
    private readonly limits: RhythmLimits,
  ) {}

  /** The echoes from which something happens that was not explored before, as far as the limits go. */
  private choose({ watched, courses }: Walk): readonly (readonly [string, Seen])[] {
    const { anchors, seconds } = this.limits;
    const chosen: (readonly [string, Seen])[] = [];
    let left = seconds;
    for (const [course, seen] of courses) {
      if (this.explored.has(course)) continue;
      left -= (seen.echo + IDLE_WORKS) * watched.scenario.echoIntervalSeconds;
      if (left < 0 || chosen.length === anchors) break;
      chosen.push([course, seen]);
    }
    return chosen;
  }

  /** The mount, with its anchors. */
  add(walked: Walk): Mount {
    const { watched, courses, states, isWhole } = walked;
    const isNew = this.choose(walked);
    for (const state of states) this.states.add(state);
    for (const course of courses.keys()) this.courses.add(course);
    for (const [course] of isNew) this.explored.add(course);
    this.isWhole &&= isWhole;
    return {
      scenario: watched.scenario,
      record: watched.record,
      alignments: isNew.map(([, one]) => alignmentAt(watched, one.echo, null, one.states)),
      isKnownPlace: knownPlaces(watched, this.keys),
    };
  }

  get rhythm(): Rhythm | null {
    const { states, courses, explored, isWhole } = this;
    return states.size === 0 ? null : { states: states.size, courses: courses.size, explored: explored.size, isWhole };
  }
}

/**
 * Mounts that lead to different histories. By the anchor echo the answer to an earlier echo has set the receive
 * timeout and the time of the last response anew, so that what is left of the mount's place is the echo's own. Of two
 * mounts that agree in that one is explored.
 */
export function mountsOf(idle: Scenario, limits: RhythmLimits, explorer: Explorer, into: Counts): Mounts {
  const first = watchNext(idle, explorer, into);
  const keys = keysOf(first);
  const settled = new Map<string, Mount>();
  const wandering = new Wandering(keys, limits);
  const others: Mount[] = [];
  for (const startOffsetTicks of startOffsets(idle.hz, idle.echoIntervalSeconds, first.expiresTick)) {
    const watched = startOffsetTicks === 0 ? first : watchNext({ ...idle, startOffsetTicks }, explorer, into);
    const isClear = [ANCHOR_ECHO, ANCHOR_ECHO + 1].every((echo) => isClearAt(watched, echo));
    const [here, next] = [keys.stateKey(watched, ANCHOR_ECHO), keys.stateKey(watched, ANCHOR_ECHO + 1)];
    if (!isClear || here === next) {
      const key = keys.mountKey(watched, ANCHOR_ECHO);
      if (!settled.has(key)) settled.set(key, settledMount(watched, keys));
    } else if (!wandering.states.has(here)) {
      const walked = walk(watched, wandering.states, keys, limits, (scenario) => watch(scenario, explorer, into));
      others.push(wandering.add(walked));
    }
  }
  return { mounts: [...settled.values(), ...others], rhythm: wandering.rhythm };
}
