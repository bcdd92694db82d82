/** Results of all combinations as figures in seconds, and the recipe to see a violation on a real machine. */
import type { CheckRequest } from "../../tools/check/system-check.ts";
import type { Detection, Figures, IdleFigures, Window } from "./figure-types.ts";
import type { CombinationResult } from "./phases.ts";
import type { Rate } from "./scenarios.ts";
import type { Survey } from "./survey.ts";
import type { Combination } from "./table.ts";

/** A combination with what came of it. */
export interface Explored {
  readonly combination: Combination;
  readonly result: CombinationResult;
}

const SECONDS_PER_HOUR = 3600;

/** To the microsecond: differences of ticks over HZ have no more to say. */
function seconds(ticks: number, hz: number): number {
  return Math.round((ticks / hz) * 1e6) / 1e6;
}

/** To the hundredth; none where nothing was sent. */
function perHour(rate: Rate | null, hz: number): number {
  return rate === null ? 0 : Math.round(((SECONDS_PER_HOUR * hz * rate.count) / rate.ticks) * 100) / 100;
}

function names({ hz, echoIntervalSeconds, rttTicks }: Combination) {
  return { hz, echoIntervalSeconds, rttSeconds: seconds(rttTicks, hz) };
}

/** Windows of one combination: all of the time where an idle mount is given up, too. */
export function windowsOf({ combination, result }: Explored): readonly Window[] {
  const { hz } = combination;
  if (result.isDeclaredDeadWhenIdle) {
    const whole = result.spanTicks ?? result.periodTicks ?? combination.echoIntervalSeconds * hz;
    return [{ ...names(combination), fromSeconds: 0, toSeconds: seconds(whole, hz), share: 1 }];
  }
  return result.windows.map(({ from, to, share }) => ({
    ...names(combination),
    fromSeconds: seconds(from, hz),
    toSeconds: seconds(to + 1, hz),
    share,
  }));
}

function detectionOf({ combination, result }: Explored): Detection {
  const { hz } = combination;
  const { detection } = result;
  const inSeconds = (ticks: number | null | undefined): number | null => (ticks == null ? null : seconds(ticks, hz));
  return {
    ...names(combination),
    bestSeconds: inSeconds(detection?.best),
    worstSeconds: inSeconds(detection?.worst),
    afterEchoSeconds: inSeconds(detection?.afterEcho),
    worstAfterRequestSeconds: inSeconds(detection?.worstAfterRequest),
  };
}

function idleOf({ combination, result }: Explored, survey: Survey): IdleFigures {
  const { hz } = combination;
  const { idleRate, periodTicks, slowPeriodTicks, longestSilenceTicks, survivedTicks } = result;
  const silence = longestSilenceTicks === null ? null : seconds(longestSilenceTicks, hz);
  const interval = survey.fixedIntervalSeconds ?? combination.echoIntervalSeconds;
  // Where no answer can come late, by the intervals that the watchdog waits.
  const named = survey.timeoutIntervals === null ? null : survey.timeoutIntervals * interval;
  const patience = survivedTicks === null ? named : seconds(survivedTicks, hz);
  return {
    ...names(combination),
    periodSeconds: periodTicks === null ? null : seconds(periodTicks, hz),
    periodWhenSendingTakes2Seconds: slowPeriodTicks === null ? null : seconds(slowPeriodTicks, hz),
    echoesPerHour: perHour(idleRate, hz),
    longestSilenceSeconds: silence,
    marginSeconds: silence === null || patience === null ? null : Math.round((patience - silence) * 1e6) / 1e6,
  };
}

/** The settings that people know. */
function isUsual({ hz, echoIntervalSeconds }: Pick<Combination, "hz" | "echoIntervalSeconds">): boolean {
  return hz === 250 && echoIntervalSeconds === 60;
}

/** The combination that people know: HZ=250, echo_interval=60, a fast server; else the first. */
export function usualOf(explored: readonly Explored[]): Explored | null {
  const usual = explored.find(({ combination }) => isUsual(combination) && combination.isForDetection);
  return usual ?? explored[0] ?? null;
}

/** HZ=250, 60 s and the shortest round trip, where the table has them; else its first combination. */
export function usualDetection({ detection }: Pick<Figures, "detection">): Detection | undefined {
  return detection.find(isUsual) ?? detection[0];
}

/** From a server's death to its being declared dead, at the worst; null where that was not measured, or never comes. */
export function worstNoticedSeconds(detection: Detection | undefined): number | null {
  const all = [detection?.worstSeconds, detection?.worstAfterRequestSeconds].filter((one) => one != null);
  return all.length === 0 ? null : Math.max(...all);
}

function share(windows: readonly Window[]): number {
  return Math.min(
    windows.reduce((sum, one) => sum + one.share, 0),
    1,
  );
}

/**
 * All figures of a check.
 *
 * @param shown the combination of the witness, for the recipe
 */
export function figuresOf(
  request: CheckRequest,
  survey: Survey,
  explored: readonly Explored[],
  shown: Explored | null,
): Figures {
  const windows = explored.map(windowsOf);
  const usual = usualOf(explored);
  return {
    wheel: request.facts.timers,
    timeoutIntervals: survey.timeoutIntervals,
    fixedIntervalSeconds: survey.fixedIntervalSeconds,
    windows: windows.flat(),
    worstShare: windows.reduce((worst, one) => Math.max(worst, share(one)), 0),
    detection: explored.filter(({ combination }) => combination.isForDetection).map(detectionOf),
    idleEchoesPerHour: usual === null ? 0 : idleOf(usual, survey).echoesPerHour,
    busyEchoesPerHour: usual === null ? 0 : perHour(usual.result.busyRate, usual.combination.hz),
    idle: explored.map((one) => idleOf(one, survey)),
    idleDeaths: explored
      .filter(({ result }) => result.isDeclaredDeadWhenIdle)
      .map(({ combination }) => names(combination)),
    reproduce: shown === null ? null : recipe(shown, survey),
  };
}

function recipe(explored: Explored, survey: Survey): string | null {
  const { combination, result } = explored;
  const { hz, echoIntervalSeconds, rttTicks } = combination;
  const { violation } = result;
  if (violation === null) return null;
  const option =
    survey.fixedIntervalSeconds === null
      ? `with -o echo_interval=${echoIntervalSeconds}`
      : `(this kernel's echo interval is fixed at ${survey.fixedIntervalSeconds} s)`;
  const server =
    rttTicks === 1
      ? "a server that answers at once"
      : `a server that answers after ${seconds(rttTicks, hz)} s (tc qdisc netem delays it)`;
  const { anchorEcho, touches } = violation.scenario;
  const count = anchorEcho === 2 ? "two echoes were sent" : `${anchorEcho} echoes were sent`;
  const anchor = anchorEcho === 2 ? "second" : "last";
  const mount =
    `Boot with CONFIG_HZ=${hz} and mount a share of ${server} ${option}. Leave it alone until ${count}: ` +
    "they show as SMB echo requests in a capture of TCP port 445.";
  const [touch] = touches;
  const after = (violation.ticksAfterAnchor / hz).toFixed(1);
  const wait = `Wait: ${after} s after the ${anchor} echo the kernel log says "has not responded in ... seconds".`;
  if (touch === undefined) return `${mount} ${wait}`;
  const window = result.windows.find(({ from, to }) => touch >= from && touch <= to);
  const range =
    window === undefined
      ? ""
      : ` (anywhere from ${(window.from / hz).toFixed(2)} to ${((window.to + 1) / hz).toFixed(2)} s)`;
  const act =
    `${(touch / hz).toFixed(2)} s after the ${anchor}${range}, touch the share once with something that is not ` +
    "cached, for example stat -f on the mount point, and then not again.";
  return `${mount} ${act} ${wait}`;
}
