/** What a check of sunrpc-reconnect says of candidate patches: figures to compare by, and what their messages tell. */
import type { CheckResult } from "../../tools/check/verdict.ts";
import type { Measure, RepairStory, Story } from "../../tools/repair/candidate.ts";
import type { Figures, ScenarioFigures } from "./figure-types.ts";
import type { Scenario } from "./scenarios.ts";
import { cpusText } from "./words.ts";

type ReconnectCheck = CheckResult<Scenario, Figures>;

/** Times that differ by less are alike: a jiffy more or less, or one more step on a CPU. */
const ALIKE_SECONDS = 0.5;
/** So many lines of a message name scenarios; the rest is counted. */
const MOST_NAMED = 6;

function isViolated({ verdict }: ScenarioFigures): boolean {
  return verdict === "violated";
}

/** Seconds to recover where it takes longest; null where no scenario was followed to its end. */
function slowestSeconds({ scenarios }: Figures): number | null {
  const known = scenarios.flatMap(({ recoverySeconds }) => (recoverySeconds === null ? [] : [recoverySeconds]));
  return known.length === 0 ? null : Math.max(...known);
}

/** The figures in the order in which they count: hangs, then the longest recovery. */
export function reconnectMeasures({ figures }: ReconnectCheck): readonly Measure[] {
  const { scenarios } = figures;
  const violated = scenarios.filter(isViolated).length;
  // A recovery that never comes is no short one.
  const slowest = violated > 0 ? null : slowestSeconds(figures);
  const cell = slowest === null ? "-" : slowest.toFixed(2);
  return [
    {
      name: "violated in",
      meaning: "scenarios in which the call hangs or fails, or two connect workers run at once",
      unit: "scenarios",
      value: violated,
      isMinor: false,
      better: "less",
      tolerance: 0,
      cell: `${violated} of ${scenarios.length}`,
      text: `violated in ${violated} of ${scenarios.length} scenarios`,
    },
    {
      name: "recovers within",
      meaning: "from the way to the server being open again to the end of the call, in the slowest scenario",
      unit: "s",
      value: slowest,
      isMinor: false,
      better: "less",
      tolerance: ALIKE_SECONDS,
      cell,
      text: `recovers within ${cell} s`,
    },
  ];
}

/** Policies and CPUs of scenarios in words, each once. */
function named(scenarios: readonly ScenarioFigures[]): readonly string[] {
  const words = scenarios.map(({ user, rpciod, cpus }) => {
    return `user ${user}, rpciod ${rpciod}, ${cpusText(cpus)}`;
  });
  return [...new Set(words)];
}

/** The same as one sentence's end; null for none. */
function listed(scenarios: readonly ScenarioFigures[]): string | null {
  const all = named(scenarios);
  if (all.length === 0) return null;
  const more = all.length - MOST_NAMED;
  return [...all.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

function seconds(value: number | null): string | null {
  return value === null ? null : value.toFixed(2);
}

const isAlike = (a: ScenarioFigures, b: ScenarioFigures): boolean =>
  a.user === b.user && a.rpciod === b.rpciod && a.cpus === b.cpus && a.scheduler === b.scheduler;

/**
 * What the templates of messages tell: where the kernel hangs as it is, and what is left of that with a candidate.
 *
 * @param after null where there is nothing to compare with
 */
export function reconnectStory(before: ReconnectCheck, after: ReconnectCheck | null): Story {
  const violated = before.figures.scenarios.filter(isViolated);
  const later = after?.figures.scenarios ?? [];
  const mended = violated.filter((one) => later.some((other) => isAlike(one, other) && other.verdict === "holds"));
  const left = later.filter(isViolated);
  const progress = before.properties.find(({ name }) => name === "progress");
  const first = before.properties.find(({ verdict }) => verdict === "violated");
  const [was, is] = [slowestSeconds(before.figures), after === null ? null : slowestSeconds(after.figures)];
  return {
    scenarios: String(before.figures.scenarios.length),
    violated: violated.length === 0 ? null : String(violated.length),
    where: listed(violated),
    isHang: progress?.verdict === "violated",
    // How many scenarios it is in all is said already.
    what: first?.detail.replace(/; \d+ of \d+ combinations of [^;]*$/, "") ?? null,
    slowestBefore: seconds(was),
    mended: mended.length === 0 ? null : String(mended.length),
    isAllMended: mended.length > 0 && left.length === 0 && mended.length === violated.length,
    left: listed(left),
    slowestAfter: seconds(is),
    explored: after?.bounds[1] ?? before.bounds[1] ?? null,
  };
}

/** What the repair of sunrpc-reconnect needs besides its recipes. */
export const reconnectRepair: RepairStory<ReconnectCheck> = {
  measures: reconnectMeasures,
  story: reconnectStory,
  prefixes: { "net/sunrpc": "SUNRPC" },
};
