/** What a check says. */
import type { Decision } from "../simulator/decisions.ts";
import type { TimerKind } from "../simulator/timers.ts";

/** `holds` within the printed bounds; `violated` with a witness; `inconclusive` with the reasons. */
export type Verdict = "holds" | "violated" | "inconclusive";

/** safety: nothing bad within the bounds. progress: something good within a bound. */
export type PropertyKind = "safety" | "progress";

/** A history that leads to a violation: all that a run depends on besides the model. */
export interface Schedule<Scenario = unknown> {
  readonly scenario: Scenario;
  /** How late a woken worker may start; nobody is late when absent. */
  readonly maxLatenessTicks?: number;
  readonly decisions: readonly Decision[];
}

export interface PropertyResult<Scenario = unknown> {
  readonly name: string;
  readonly kind: PropertyKind;
  readonly verdict: Verdict;
  /** The shortest violation that was found. */
  readonly violation: Schedule<Scenario> | null;
  /** One sentence. */
  readonly detail: string;
}

/** Phases after an echo at which one request leads to the violation: [from, to). */
export interface Window {
  readonly hz: number;
  readonly echoIntervalSeconds: number;
  readonly rttSeconds: number;
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Of the time between two echoes, as a fraction of 1; where these times differ, on the average. */
  readonly share: number;
}

/** How long after its death a server is declared dead; null where it never is. */
export interface Detection {
  readonly hz: number;
  readonly echoIntervalSeconds: number;
  readonly rttSeconds: number;
  /** It dies just before it would have answered the next echo. */
  readonly bestSeconds: number | null;
  /** It dies just after it answered an echo. */
  readonly worstSeconds: number | null;
  /** From the sending of the last answered echo to the declaration, on an idle mount. */
  readonly afterEchoSeconds: number | null;
  /** From the last answer to the declaration, whatever the phase of the one request that was answered last. */
  readonly worstAfterRequestSeconds: number | null;
}

/** An idle mount. */
export interface IdleFigures {
  readonly hz: number;
  readonly echoIntervalSeconds: number;
  readonly rttSeconds: number;
  /** From one run of the echo work to the next, at most; null where it runs once only. */
  readonly periodSeconds: number | null;
  /** The same where sending an echo takes 2 s: what the job's own work adds. Null where it was not measured. */
  readonly periodWhenSendingTakes2Seconds: number | null;
  /** On the average of the time that the mount was watched. */
  readonly echoesPerHour: number;
  /** The longest time between two responses of a live server, whatever the phase of the one request. */
  readonly longestSilenceSeconds: number | null;
  /** What the watchdog would have waited beyond that; negative where it did not. Null where it never acts. */
  readonly marginSeconds: number | null;
}

export interface Figures {
  readonly wheel: TimerKind;
  /** How many echo intervals without a response the watchdog waits, as measured; null when it never acts. */
  readonly timeoutIntervals: number | null;
  /** The interval of a kernel that has no mount option for it; null where the option sets it. */
  readonly fixedIntervalSeconds: number | null;
  readonly windows: readonly Window[];
  /** The largest share of one combination, all its windows together. */
  readonly worstShare: number;
  readonly detection: readonly Detection[];
  /** At HZ=250, 60 s and the shortest round trip where the table has them, else in its first combination. */
  readonly idleEchoesPerHour: number;
  /** The same on a mount whose users ask for something every quarter of the echo interval. */
  readonly busyEchoesPerHour: number;
  readonly idle: readonly IdleFigures[];
  /** Combinations in which an idle mount is declared dead, without any request. */
  readonly idleDeaths: readonly {
    readonly hz: number;
    readonly echoIntervalSeconds: number;
    readonly rttSeconds: number;
  }[];
  /** How to see the violation on a real machine; null when there is none. */
  readonly reproduce: string | null;
}

export interface CheckResult<Scenario = unknown> {
  readonly verdict: Verdict;
  readonly properties: readonly PropertyResult<Scenario>[];
  readonly figures: Figures;
  /** What was explored and what was not, a sentence each. */
  readonly bounds: readonly string[];
  /** Why the verdict is inconclusive; empty when it is not. */
  readonly reasons: readonly string[];
}

/** The verdict of a whole check: a violation that was seen stays one whatever else could not be followed. */
export function overallVerdict(properties: readonly PropertyResult[]): Verdict {
  if (properties.some((one) => one.verdict === "violated")) return "violated";
  return properties.length === 0 || properties.some((one) => one.verdict === "inconclusive") ? "inconclusive" : "holds";
}
