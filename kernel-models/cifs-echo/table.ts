/**
 * Which combinations of HZ, echo interval, round trip and wheel alignment are explored.
 */
import type { CheckRequest } from "../../tools/check/system-check.ts";
import { granularityTicks } from "../../tools/simulator/timers-levels.ts";

/** A round trip: seconds, or one jiffy whatever HZ is. */
export type RoundTrip = number | "1jiffy";

/** What is asked of a check of the echo; absent lists mean the table below. */
export interface EchoRequest extends CheckRequest {
  readonly echoIntervals: readonly number[] | null;
  readonly roundTrips: readonly RoundTrip[] | null;
}

/** CONFIG_HZ of the distributions; the range of the mount option (SMB_ECHO_INTERVAL_MIN and _MAX of cifsglob.h). */
const FULL = {
  hz: [100, 250, 300, 1000],
  echoIntervals: [1, 2, 5, 10, 30, 60, 120, 300, 600],
  roundTrips: ["1jiffy", 0.5, 0.9, 1.5, 5],
} satisfies Table;
const BRIEF = { hz: [250, 1000], echoIntervals: [1, 10, 60], roundTrips: ["1jiffy", 0.5] } satisfies Table;
/** The mount option's default, HZ of most distributions, a server nearby. */
const GLANCE = { hz: [250], echoIntervals: [60], roundTrips: ["1jiffy"] } satisfies Table;
const TABLES: Readonly<Record<CheckRequest["size"], Table>> = { full: FULL, brief: BRIEF, glance: GLANCE };

interface Table {
  readonly hz: readonly number[];
  readonly echoIntervals: readonly number[];
  readonly roundTrips: readonly RoundTrip[];
}

export interface Combination {
  readonly hz: number;
  readonly echoIntervalSeconds: number;
  readonly rttTicks: number;
  /** Whether this combination also tells how fast a dead server is noticed: the shortest round trip of each pair. */
  readonly isForDetection: boolean;
}

/** A round trip in ticks, one at least. */
export function roundTripTicks(roundTrip: RoundTrip, hz: number): number {
  return roundTrip === "1jiffy" ? 1 : Math.max(1, Math.round(roundTrip * hz));
}

/**
 * The combinations in the order of the report: by HZ, echo interval, round trip.
 *
 * Round trips of the table go up to half the echo interval, which is what is promised of a healthy server; those that
 * the request names are taken as they are.
 *
 * @param fixedIntervalSeconds the echo interval of a kernel that has no mount option for it; null for others
 */
export function combinations(request: EchoRequest, fixedIntervalSeconds: number | null): readonly Combination[] {
  const table = TABLES[request.size];
  const intervals =
    fixedIntervalSeconds === null ? (request.echoIntervals ?? table.echoIntervals) : [fixedIntervalSeconds];
  const found: Combination[] = [];
  for (const hz of request.hz ?? table.hz) {
    for (const echoIntervalSeconds of intervals) {
      const limit = request.roundTrips === null ? (echoIntervalSeconds * hz) / 2 : Number.POSITIVE_INFINITY;
      const all = (request.roundTrips ?? table.roundTrips).map((one) => roundTripTicks(one, hz));
      const ticks = [...new Set(all)].filter((one) => one <= limit);
      const shortest = Math.min(...ticks);
      for (const rttTicks of ticks) {
        found.push({ hz, echoIntervalSeconds, rttTicks, isForDetection: rttTicks === shortest });
      }
    }
  }
  return found;
}

/**
 * Mounts at several places of the wheel, in ticks after the first place: quarters of the echo timer's granule, and one
 * jiffy before, on and after the place where its expiry meets a granule's edge.
 *
 * @param expiresTick when the echo's first timer is to expire (before rounding) for a mount at the first place
 */
export function startOffsets(hz: number, echoIntervalSeconds: number, expiresTick: number): readonly number[] {
  const granule = granularityTicks(hz, echoIntervalSeconds * hz);
  if (granule === 1) return [0];
  const edge = granule - (((expiresTick % granule) + granule) % granule);
  const quarters = [0, 1, 2, 3].map((quarter) => Math.floor((quarter * granule) / 4));
  return [...new Set([...quarters, edge - 1, edge, edge + 1])];
}
