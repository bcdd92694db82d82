/** The options of `check` that narrow its table, from text to numbers. */
import type { RoundTrip } from "../check/system-check.ts";
import { InputError } from "../kernel/input-error.ts";
import type { TimerKind } from "../simulator/timers.ts";
import type { Narrowing } from "./check-system.ts";

export interface NarrowingOptions {
  readonly hz?: string;
  readonly echoInterval?: string;
  readonly rtt?: string;
  readonly wheel?: string;
  readonly seed?: string;
}

const WHEELS: readonly TimerKind[] = ["exact", "levels", "slack"];
const MAX_SEED = 1_000_000_000;
const MAX_LIST = 20;

function listOf<T>(
  option: string,
  text: string | undefined,
  read: (one: string) => T | null,
  what: string,
): readonly T[] | null {
  if (text === undefined) return null;
  const words = text.split(",").map((one) => one.trim());
  if (words.length > MAX_LIST) throw new InputError(`${option} ${text}`, `more than ${MAX_LIST} values`);
  const values = words.map((one) => {
    const value = read(one);
    if (value === null) throw new InputError(`${option} ${text}`, `${JSON.stringify(one)} is not ${what}`);
    return value;
  });
  return [...new Set(values)];
}

function integerIn(text: string, from: number, to: number): number | null {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : null;
}

function roundTrip(text: string): RoundTrip | null {
  if (text === "1jiffy") return text;
  const value = /^\d{1,4}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  return value > 0 && value <= 600 ? value : null;
}

/**
 * Reads the options.
 *
 * @throws InputError naming the option and the value
 */
export function narrowingOf(options: NarrowingOptions): Narrowing {
  const wheel = options.wheel === undefined ? null : WHEELS.find((one) => one === options.wheel);
  if (wheel === undefined)
    throw new InputError(`--wheel ${options.wheel}`, `no such wheel; there are ${WHEELS.join(", ")}`);
  const seed = integerIn(options.seed ?? "1", 0, MAX_SEED);
  if (seed === null) throw new InputError(`--seed ${options.seed}`, `is not an integer from 0 to ${MAX_SEED}`);
  return {
    // include/linux/jiffies.h takes HZ from 12 to 12287; 100 to 1000 is what Kconfig.hz offers, and rounding allows.
    hz: listOf("--hz", options.hz, (one) => integerIn(one, 12, 12_287), "an integer from 12 to 12287"),
    // SMB_ECHO_INTERVAL_MIN and SMB_ECHO_INTERVAL_MAX of cifsglob.h.
    echoIntervals: listOf(
      "--echo-interval",
      options.echoInterval,
      (one) => integerIn(one, 1, 600),
      "an integer from 1 to 600, in seconds",
    ),
    roundTrips: listOf("--rtt", options.rtt, roundTrip, "1jiffy or a number of seconds up to 600"),
    wheel,
    seed,
    size: "full",
  };
}
