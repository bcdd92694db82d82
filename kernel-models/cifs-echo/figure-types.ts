/** The figures of a check of cifs-echo, in seconds. */
import type { CheckResult } from "../../tools/check/verdict.ts";
import type { TimerKind } from "../../tools/simulator/timers.ts";
import type { Scenario } from "./echo-run.ts";

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

/** What a check of cifs-echo says. */
export type EchoCheck = CheckResult<Scenario, Figures>;
