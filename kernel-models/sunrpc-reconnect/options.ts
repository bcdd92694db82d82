/** The options that narrow the table of reconnects. */
import type { NarrowingOption } from "../../tools/check/narrowing.ts";
import { schedulingOf } from "./scenarios.ts";

const policy = (word: string): string | null => (schedulingOf(word) === null ? null : word);
const POLICY = "OTHER, or RR or FIFO and a priority from 1 to 99, such as `RR 50`";

function integer(from: number, to: number): (word: string) => number | null {
  return (word) => {
    const value = /^\d{1,3}$/.test(word) ? Number(word) : Number.NaN;
    return value >= from && value <= to ? value : null;
  };
}

export const reconnectOptions: readonly NarrowingOption[] = [
  {
    name: "user",
    values: "<POLICY,...>",
    help: 'only these policies of the thread that calls stat(), such as "RR 50", quoted (default: OTHER, RR 50)',
    key: "users",
    read: policy,
    what: POLICY,
  },
  {
    name: "rpciod",
    values: "<POLICY,...>",
    help: "only these policies of rpciod, in the same way (default: OTHER, RR 49, RR 51)",
    key: "rpciods",
    read: policy,
    what: POLICY,
  },
  {
    name: "cpus",
    values: "<N,...>",
    help: "only these numbers of CPUs (default: 1 and 2)",
    key: "cpus",
    read: integer(1, 4),
    what: "a number of CPUs from 1 to 4",
  },
  {
    name: "scheduler",
    values: "<KIND,...>",
    help: "only these schedulers: fair, eager, any (default: all)",
    key: "schedulers",
    read: (word) => (word === "fair" || word === "eager" || word === "any" ? word : null),
    what: "fair, eager or any",
  },
  {
    name: "preemptions",
    values: "<N>",
    help: "how many preemptions that nobody had to make a history may have (default: 4)",
    isSingle: true,
    key: "preemptions",
    read: integer(0, 20),
    what: "a number from 0 to 20",
  },
  {
    name: "strategy",
    values: "<NAME>",
    help: "how schedules of `any` are gone through: depth-first, random, priorities (default: depth-first)",
    isSingle: true,
    key: "strategies",
    read: (word) => (word === "depth-first" || word === "random" || word === "priorities" ? word : null),
    what: "depth-first, random or priorities",
  },
];
