/** What a check of cifs-echo says of candidate patches: figures to compare by, and the story for their messages. */

import type { Measure, RepairStory, Story } from "../../tools/repair/candidate.ts";
import type { EchoCheck, Figures } from "./figure-types.ts";
import { usualDetection, worstNoticedSeconds } from "./figures.ts";

function noticedSeconds(figures: Figures): number | null {
  return worstNoticedSeconds(usualDetection(figures));
}

/** The least of margin / interval over all combinations: how near the nearest violation is. */
function leastMargin({ idle, fixedIntervalSeconds }: Figures): { readonly share: number; readonly at: string } | null {
  let least: { share: number; at: string } | null = null;
  for (const one of idle) {
    if (one.marginSeconds === null) continue;
    const share = one.marginSeconds / (fixedIntervalSeconds ?? one.echoIntervalSeconds);
    if (least !== null && share >= least.share) continue;
    const settings = `HZ=${one.hz}, ${one.echoIntervalSeconds} s, round trip ${one.rttSeconds} s`;
    least = { share, at: `${one.marginSeconds.toFixed(2)} s at ${settings}` };
  }
  return least;
}

/** Two digits, as in a table. */
function two(value: number | null): string {
  return value === null ? "-" : value.toFixed(2);
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** The figures in the order in which they count: a dead server's detection, traffic, robustness. */
export function echoMeasures({ figures }: EchoCheck): readonly Measure[] {
  const noticed = noticedSeconds(figures);
  const margin = leastMargin(figures);
  const { busyEchoesPerHour: busy, idleEchoesPerHour: idle, worstShare } = figures;
  return [
    {
      name: "noticed after",
      meaning: "from a dead server's last response to its being declared dead",
      unit: "s",
      value: noticed,
      isMinor: false,
      better: "less",
      // The phase of the wheel moves it by that much.
      tolerance: 0.03 * (noticed ?? 0),
      cell: two(noticed),
      text: noticed === null ? "noticed after - s" : `noticed after ${noticed.toFixed(2)} s`,
    },
    {
      name: "echoes/h busy",
      meaning: "with a request every quarter of the interval",
      unit: "1/h",
      value: busy,
      isMinor: false,
      better: "less",
      tolerance: 1,
      cell: two(busy),
      text: `echoes/h busy ${busy.toFixed(1)}`,
    },
    {
      name: "echoes/h idle",
      meaning: null,
      unit: "1/h",
      value: idle,
      isMinor: false,
      better: "less",
      tolerance: 0.1 * idle,
      cell: two(idle),
      text: `echoes/h idle ${idle.toFixed(1)}`,
    },
    {
      name: "least margin",
      meaning: "how much longer than a live server's longest silence the watchdog waits, of the interval",
      unit: "share of the interval",
      value: margin?.share ?? null,
      isMinor: true,
      better: "more",
      tolerance: 0.1,
      cell: margin === null ? "-" : `${(margin.share * 100).toFixed(0)}%`,
      text: margin === null ? "least margin -" : `least margin ${percent(margin.share)}`,
    },
    {
      name: "worst window",
      meaning: "of the time between echoes, over all round trips; 100% is a mount that dies without any request",
      unit: "share of the time between two echoes",
      value: worstShare,
      isMinor: true,
      better: "less",
      tolerance: 0.001,
      cell: `${(worstShare * 100).toFixed(2)}%`,
      text: `worst window ${(worstShare * 100).toFixed(2)}%`,
    },
  ];
}

function seconds(value: number | null | undefined, digits = 2): string | null {
  return value == null ? null : value.toFixed(digits);
}

/** A figure after the change, and what it was before. */
function changed(before: number | null, after: number | null, digits: number, unit: string): string {
  const [was, is] = [before, after].map((one) => (one === null ? "an unknown time" : `${one.toFixed(digits)}${unit}`));
  return was === is ? `${is} (as before)` : `${is} (before: ${was})`;
}

/**
 * What the templates of messages tell: cause and window of the kernel as it is, effect of a candidate.
 *
 * @param after null where there is nothing to compare with
 */
export function echoStory(before: EchoCheck, after: EchoCheck | null): Story {
  const { figures } = before;
  const usual = usualDetection(figures);
  const window =
    figures.windows.find((one) => one.hz === usual?.hz && one.echoIntervalSeconds === usual?.echoIntervalSeconds) ??
    figures.windows[0];
  const shown = window ?? usual;
  const idle = figures.idle.find(
    (one) =>
      one.hz === shown?.hz &&
      one.echoIntervalSeconds === shown?.echoIntervalSeconds &&
      one.rttSeconds === shown?.rttSeconds,
  );
  const kept = before.properties.find((one) => one.name === "healthy-server-kept");
  const margin = after === null ? null : leastMargin(after.figures);
  return {
    timers: { levels: "the timer wheel", slack: "timer slack", exact: "" }[figures.wheel],
    intervals: figures.timeoutIntervals === null ? null : String(figures.timeoutIntervals),
    hz: shown === undefined ? null : String(shown.hz),
    interval: shown === undefined ? null : String(shown.echoIntervalSeconds),
    roundTrip:
      shown === undefined ? null : shown.rttSeconds * shown.hz <= 1 ? "at once" : `after ${shown.rttSeconds} s`,
    period: seconds(idle?.periodSeconds),
    // Later than the jiffy that any timer may take.
    isLate: idle?.periodSeconds != null && idle.periodSeconds > idle.echoIntervalSeconds + 2 / idle.hz,
    // Sending that takes longer puts the next run off: it is armed after that.
    isArmedLate:
      idle?.periodSeconds != null &&
      idle.periodWhenSendingTakes2Seconds != null &&
      idle.periodWhenSendingTakes2Seconds > idle.periodSeconds,
    // Fewer echoes where there is other traffic.
    skips: figures.busyEchoesPerHour < figures.idleEchoesPerHour / 2,
    usualHz: usual === undefined ? null : String(usual.hz),
    usualInterval: usual === undefined ? null : String(usual.echoIntervalSeconds),
    windowFrom: seconds(window?.fromSeconds),
    windowTo: seconds(window?.toSeconds),
    isAlways: window?.share === 1,
    share: window === undefined ? null : (window.share * 100).toFixed(2),
    keptDetail: kept?.verdict === "violated" ? kept.detail : null,
    noticed: changed(noticedSeconds(figures), after === null ? null : noticedSeconds(after.figures), 2, " s"),
    busyRate: changed(figures.busyEchoesPerHour, after?.figures.busyEchoesPerHour ?? null, 1, ""),
    idleRate: changed(figures.idleEchoesPerHour, after?.figures.idleEchoesPerHour ?? null, 1, ""),
    marginAfter: margin?.at ?? null,
    explored: after?.bounds[0] ?? before.bounds[0] ?? null,
  };
}

/** What the repair of cifs-echo needs besides its recipes. */
export const echoRepair: RepairStory<EchoCheck> = {
  measures: echoMeasures,
  story: echoStory,
  prefixes: { "fs/smb/client": "smb: client", "fs/cifs": "cifs" },
};
