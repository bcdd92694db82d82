/** The figures of a check in words and tables. */
import type { Block, FigureStory, Trait } from "../../tools/check/figure-story.ts";
import { schema } from "./figure-schema.ts";
import type { Figures } from "./figure-types.ts";
import { usualDetection, worstNoticedSeconds } from "./figures.ts";

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;
const two = (value: number | null): string => (value === null ? "-" : value.toFixed(2));

/** A window: `2.44-2.88`, `all`; several are cut. */
function windowText(windows: Figures["windows"]): string {
  const [first, second] = windows;
  if (first === undefined) return "none";
  if (first.share === 1) return "all";
  const text = `${first.fromSeconds.toFixed(2)}-${first.toSeconds.toFixed(2)}`;
  return second === undefined ? text : `${text} and ${windows.length - 1} more`;
}

/** The least margin over all round trips of a row. */
function leastMargin(idle: Figures["idle"]): number | null {
  const margins = idle.flatMap((one) => one.marginSeconds ?? []);
  return margins.length === 0 ? null : Math.min(...margins);
}

/** A row for each HZ and echo interval: the window at the shortest round trip, and the worst over all round trips. */
function figureRows(figures: Figures): readonly (readonly string[])[] {
  return figures.detection.map((detection) => {
    const { hz, echoIntervalSeconds, rttSeconds } = detection;
    const same = (one: { hz: number; echoIntervalSeconds: number }): boolean =>
      one.hz === hz && one.echoIntervalSeconds === echoIntervalSeconds;
    const windows = figures.windows.filter(same);
    const idle = figures.idle.find((one) => same(one) && one.rttSeconds === rttSeconds);
    const shares = new Map<number, number>();
    for (const one of windows) shares.set(one.rttSeconds, (shares.get(one.rttSeconds) ?? 0) + one.share);
    const worst = [...shares].reduce<[number, number] | null>((a, b) => (a === null || b[1] > a[1] ? b : a), null);
    return [
      String(hz),
      `${echoIntervalSeconds}`,
      two(idle?.periodSeconds ?? null),
      windowText(windows.filter((one) => one.rttSeconds === rttSeconds)),
      percent(shares.get(rttSeconds) ?? 0),
      worst === null ? "none" : `${percent(worst[1])} at ${worst[0]} s`,
      two(leastMargin(figures.idle.filter(same))),
      two(detection.bestSeconds),
      two(worstNoticedSeconds(detection)),
    ];
  });
}

const HEAD = ["HZ", "interval", "period", "window", "share", "worst share", "least margin", "noticed: best", "worst"];

/** Where nobody has to do anything: for each echo interval, from which of the round trips on. */
function idleDeathLines({ idleDeaths }: Figures): readonly string[] {
  const least = new Map<string, number>();
  for (const { hz, echoIntervalSeconds, rttSeconds } of idleDeaths) {
    const key = `HZ=${hz}, echo interval ${echoIntervalSeconds} s`;
    least.set(key, Math.min(least.get(key) ?? Number.POSITIVE_INFINITY, rttSeconds));
  }
  if (least.size === 0) return [];
  const lines = [...least].map(([key, rtt]) => `  ${key}: at a round trip of ${rtt} s`);
  return ["", "An idle mount is declared dead without any request (the shortest round trip of those tried):", ...lines];
}

/** Whether the work re-arms itself before or after what takes its time. */
function slowLines(figures: Figures): readonly string[] {
  const slow = figures.idle.find((one) => one.periodWhenSendingTakes2Seconds !== null);
  if (slow === undefined || slow.periodWhenSendingTakes2Seconds === slow.periodSeconds) return [];
  const { hz, echoIntervalSeconds, periodSeconds, periodWhenSendingTakes2Seconds } = slow;
  return [
    `sending an echo that takes 2 s makes the period ${two(periodWhenSendingTakes2Seconds)} s instead of ` +
      `${two(periodSeconds)} s (HZ=${hz}, echo interval ${echoIntervalSeconds} s)`,
  ];
}

function blocks(figures: Figures, timersFrom: string): readonly Block[] {
  const intervals = figures.timeoutIntervals;
  const patience = intervals === null ? "never gives up" : `gives up after ${intervals} echo intervals`;
  const { idleEchoesPerHour: idle, busyEchoesPerHour: busy } = figures;
  const rates = idle === 0 && busy === 0 ? "" : `; ${idle} echoes an hour on an idle mount, ${busy} on a busy one`;
  return [
    `timers: ${figures.wheel} (${timersFrom}); the watchdog ${patience}${rates}`,
    ...(figures.fixedIntervalSeconds === null
      ? []
      : [
          `the echo interval is fixed at ${figures.fixedIntervalSeconds} s: ` +
            `no mount option of the name echo_interval sets it`,
        ]),
    ...slowLines(figures),
    "",
    "In seconds. Period, window and share (of the time between two echoes) at the shortest round trip; windows are",
    "counted from an echo. Worst share and least margin over all round trips; margin: how much longer than a live",
    "server's longest silence the watchdog waits. Noticed: from the death of a server to its being declared dead.",
    { head: HEAD, align: HEAD.map(() => "right" as const), rows: figureRows(figures) },
    ...idleDeathLines(figures),
    ...(figures.reproduce === null ? [] : ["", `To see it on a real machine: ${figures.reproduce}`]),
  ];
}

/** What `run` says of them in a row. */
function cells(figures: Figures): readonly string[] {
  const usual = usualDetection(figures);
  return [
    percent(figures.worstShare),
    `${two(leastMargin(figures.idle))} s`,
    usual === undefined ? "-" : `${two(worstNoticedSeconds(usual))} s`,
    String(figures.idleEchoesPerHour),
  ];
}

function traits(figures: Figures): readonly Trait[] {
  const { timeoutIntervals, fixedIntervalSeconds, worstShare, idle } = figures;
  const interval = fixedIntervalSeconds === null ? "echo_interval" : `${fixedIntervalSeconds} s`;
  const usual = usualDetection(figures);
  const noticed = usual === undefined ? null : worstNoticedSeconds(usual);
  return [
    { name: "timeout", text: timeoutIntervals === null ? "never" : `${timeoutIntervals} x ${interval}` },
    { name: "vulnerable share", text: percent(worstShare) },
    { name: "period of the echo", text: `${two(idle[0]?.periodSeconds ?? null)} s` },
    { name: "dead server noticed after", text: noticed === null ? "never" : `${two(noticed)} s` },
  ];
}

/** What is said of the figures of the echo. */
export const echoFigures: FigureStory<Figures> = {
  schema,
  blocks,
  columns: ["worst share", "least margin", "noticed: worst", "echoes an hour"],
  cells,
  traits,
};
