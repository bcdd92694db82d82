/** The histories that explorations vary: an idle mount with a server that lives, and with one that dies. */

import type { CheckRequest } from "../../tools/check/system-check.ts";
import type { RunRecord, Scenario } from "./echo-run.ts";
import type { Combination } from "./table.ts";

/** The echo that phases count from: the period has settled by the first. */
export const ANCHOR_ECHO = 2;
/** An idle mount is watched for so many echo works; a slow server's echoes go out at every second or third of them. */
export const IDLE_WORKS = 4;
/** Works after which a dead server's run ends in any case; its end is the limit in time. */
const DEAD_WORKS = 100_000;
/** A dead server that is not declared dead within so many intervals and seconds never is, for the verdict. */
export const GIVE_UP = { intervals: 10, seconds: 60 } as const;

/** The limit of runs with a dead server, in ticks after its death. */
export function giveUpTicks(hz: number, echoIntervalSeconds: number): number {
  return (GIVE_UP.intervals * echoIntervalSeconds + GIVE_UP.seconds) * hz;
}

/** One echo interval. */
export function intervalTicks({ hz, echoIntervalSeconds }: Pick<Scenario, "hz" | "echoIntervalSeconds">): number {
  return echoIntervalSeconds * hz;
}

/** An idle mount with a server that stays alive; what the explorations vary is set by them. */
export function idleScenario(request: CheckRequest, combination: Omit<Combination, "isForDetection">): Scenario {
  const { hz, echoIntervalSeconds, rttTicks } = combination;
  const idle: Scenario = {
    hz,
    ...request.facts,
    echoIntervalSeconds,
    rttTicks,
    startOffsetTicks: 0,
    anchorEcho: ANCHOR_ECHO,
    touches: [],
    deathTicks: null,
    endEchoesAfterAnchor: IDLE_WORKS,
  };
  return lasting(idle, IDLE_WORKS);
}

/** The same history until so many echo works ran after the anchor. */
export function lasting(idle: Scenario, works: number): Scenario {
  return {
    ...idle,
    endEchoesAfterAnchor: works,
    // Twice the works that are waited for, at twice the interval: only code that no longer re-arms gets there.
    maxTicksAfterMount:
      4 * (Math.max(idle.anchorEcho, ANCHOR_ECHO) + works) * intervalTicks(idle) +
      giveUpTicks(idle.hz, idle.echoIntervalSeconds),
  };
}

/** The same history with a server that dies, and time to notice. */
export function dyingScenario(idle: Scenario, deathTicks: number): Scenario {
  const { hz, echoIntervalSeconds, anchorEcho } = idle;
  // Echoes of a slow server come at every third work at the latest, and works late by the wheel's eighth.
  const untilAnchor = 2 * (ANCHOR_ECHO + 1) + 4 * Math.max(anchorEcho - ANCHOR_ECHO, 0);
  return {
    ...idle,
    deathTicks,
    endEchoesAfterAnchor: DEAD_WORKS,
    maxTicksAfterMount: untilAnchor * intervalTicks(idle) + deathTicks + 2 * giveUpTicks(hz, echoIntervalSeconds),
  };
}

/** The longest of the times between ticks that follow each other, from a tick on; null where there are not two. */
export function longestGap(ticks: readonly number[], fromTick = Number.NEGATIVE_INFINITY): number | null {
  const since = ticks.filter((tick) => tick >= fromTick);
  const gaps = since.slice(1).map((tick, i) => tick - (since[i] ?? tick));
  return gaps.length === 0 ? null : Math.max(...gaps);
}

/** How often works or echoes come: so many in so many ticks. */
export interface Rate {
  readonly count: number;
  readonly ticks: number;
}

/** How often things happen after a tick, up to the last that was seen; null where none was. */
export function rateAfter(ticks: readonly number[], fromTick: number): Rate | null {
  const since = ticks.filter((tick) => tick > fromTick);
  const last = since.at(-1);
  return last === undefined ? null : { count: since.length, ticks: last - fromTick };
}

/** The echo that phases count from, where it was sent. */
export function anchorOf({ anchorEcho }: Scenario, { echoes }: RunRecord): number | null {
  return echoes[anchorEcho - 1] ?? null;
}
