/** The options of `check` and `fix` that narrow what is explored, from text to values. */
import type { System } from "../../kernel-models/system.ts";
import { InputError } from "../kernel/input-error.ts";
import type { TimerKind } from "../simulator/timers.ts";
import type { Narrowing } from "./check-system.ts";

export interface NarrowingOptions {
  readonly hz?: string;
  readonly wheel?: string;
  readonly seed?: string;
  /** Those that systems declare, by their names; whosoever they are. */
  readonly own?: Readonly<Record<string, string>>;
}

const WHEELS: readonly TimerKind[] = ["exact", "levels", "slack"];
const MAX_SEED = 1_000_000_000;
const MAX_LIST = 20;

/** One value; `option` is what the user wrote, with all its words. */
function oneOf<T>(option: string, word: string, read: (one: string) => T | null, what: string): T {
  const value = read(word);
  if (value === null) throw new InputError(option, `${JSON.stringify(word)} is not ${what}`);
  return value;
}

function listOf<T>(
  option: string,
  text: string | undefined,
  read: (one: string) => T | null,
  what: string,
): readonly T[] | null {
  if (text === undefined) return null;
  const words = text.split(",").map((one) => one.trim());
  if (words.length > MAX_LIST) throw new InputError(`${option} ${text}`, `more than ${MAX_LIST} values`);
  return [...new Set(words.map((word) => oneOf(`${option} ${text}`, word, read, what)))];
}

function integerIn(text: string, from: number, to: number): number | null {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : null;
}

/** The lists of the system's own options, by the names that its requests have for them. */
function ownOf(system: Pick<System, "name" | "options">, given: Readonly<Record<string, string>>): Narrowing["own"] {
  for (const name of Object.keys(given)) {
    if (system.options.some((one) => one.name === name)) continue;
    throw new InputError(`--${name}`, `is an option of another system, not of ${system.name}`);
  }
  return Object.fromEntries(
    system.options.map(({ name, key, read, what, isSingle }) => {
      const text = given[name];
      if (isSingle !== true || text === undefined) return [key, listOf(`--${name}`, text, read, what)];
      return [key, [oneOf(`--${name} ${text}`, text.trim(), read, what)]];
    }),
  );
}

/**
 * Reads the options.
 *
 * @throws InputError naming the option and the value
 */
export function narrowingOf(options: NarrowingOptions, system: Pick<System, "name" | "options">): Narrowing {
  const wheel = options.wheel === undefined ? null : WHEELS.find((one) => one === options.wheel);
  if (wheel === undefined)
    throw new InputError(`--wheel ${options.wheel}`, `no such wheel; there are ${WHEELS.join(", ")}`);
  const seed = integerIn(options.seed ?? "1", 0, MAX_SEED);
  if (seed === null) throw new InputError(`--seed ${options.seed}`, `is not an integer from 0 to ${MAX_SEED}`);
  return {
    // include/linux/jiffies.h takes HZ from 12 to 12287; 100 to 1000 is what Kconfig.hz offers, and rounding allows.
    hz: listOf("--hz", options.hz, (one) => integerIn(one, 12, 12_287), "an integer from 12 to 12287"),
    own: ownOf(system, options.own ?? {}),
    wheel,
    seed,
    size: "full",
  };
}
