/** The options that narrow the table of the echo. */
import type { NarrowingOption } from "../../tools/check/narrowing.ts";
import type { RoundTrip } from "./table.ts";

/** SMB_ECHO_INTERVAL_MIN and SMB_ECHO_INTERVAL_MAX of cifsglob.h. */
function echoInterval(word: string): number | null {
  const value = /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN;
  return value >= 1 && value <= 600 ? value : null;
}

function roundTrip(word: string): RoundTrip | null {
  if (word === "1jiffy") return word;
  const value = /^\d{1,4}(?:\.\d{1,6})?$/.test(word) ? Number(word) : Number.NaN;
  return value > 0 && value <= 600 ? value : null;
}

export const echoOptions: readonly NarrowingOption[] = [
  {
    name: "echo-interval",
    values: "<N,...>",
    help: "only these echo intervals, in seconds (default: 1 to 600)",
    key: "echoIntervals",
    read: echoInterval,
    what: "an integer from 1 to 600, in seconds",
  },
  {
    name: "rtt",
    values: "<S,...>",
    help: "only these round trips, in seconds or 1jiffy (default: up to half the interval)",
    key: "roundTrips",
    read: roundTrip,
    what: "1jiffy or a number of seconds up to 600",
  },
];
