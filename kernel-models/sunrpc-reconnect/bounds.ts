/** What a check of sunrpc-reconnect explored, and what it did not, in sentences. */
import type { ScheduleBounds, ScheduleSearch } from "../../tools/check/schedule.ts";

/** A search with what bounded it. */
export interface Bounded {
  readonly bounds: ScheduleBounds;
  readonly histories: number;
  /** one: nobody interferes. all: every schedule within the bounds. drawn: some, with any number of preemptions. */
  readonly schedules: "one" | "all" | "drawn";
  readonly search: ScheduleSearch;
}

/** `1 scenario`, `2,000 histories`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? noun : plural}`;
}

/** Whether schedules within the bounds were left out, so that finding nothing shows nothing. */
export function isCut({ violation, stoppedBy }: ScheduleSearch): boolean {
  return violation === null && stoppedBy !== "complete";
}

/** What ended a search before it was complete. */
function cutText(one: Bounded): string {
  return `${boundText(one)}${one.search.ends === 0 ? "; none has come to its end" : ""}`;
}

function boundText({ search, bounds, histories }: Bounded): string {
  switch (search.stoppedBy) {
    case "steps":
      return `histories were followed for ${counted(bounds.steps, "step")} and no further`;
    case "states":
      return `the search ended at ${counted(bounds.states, "state")}`;
    case "histories":
      return `${counted(histories, "history", "histories")} were drawn at random`;
    default:
      return search.stoppedBy;
  }
}

/** Why searches that found nothing say nothing: in a few words, and as a sentence. None where all were complete. */
export function cutReasons(all: readonly Bounded[]): readonly { readonly why: string; readonly whole: string }[] {
  const cut = all.filter(({ search }) => isCut(search));
  return [...new Set(cut.map(cutText))].map((why) => {
    const alike = counted(cut.filter((one) => cutText(one) === why).length, "scenario");
    return { why, whole: `in ${alike}, no violation was found, but not every schedule was looked at: ${why}` };
  });
}

/**
 * How far from the schedule in which nobody interferes the searches went; null where schedules were drawn, for which
 * preemptions are not counted.
 */
export function preemptionBound(all: readonly Bounded[]): number | null {
  if (all.some(({ schedules }) => schedules === "drawn")) return null;
  return Math.max(0, ...all.map(({ bounds }) => bounds.preemptions));
}

function preemptionText(all: readonly Bounded[]): string {
  if (all.every(({ schedules }) => schedules === "one")) return "";
  const bound = preemptionBound(all);
  const many = bound === null ? "any number of preemptions" : `up to ${counted(bound, "preemption")}`;
  return `schedules "any": ${many} that nobody had to make; `;
}

/** What every search stands on, and how far it went. */
export function boundsText(all: readonly Bounded[]): readonly string[] {
  const by = (reason: ScheduleSearch["stoppedBy"]) => all.filter(({ search }) => search.stoppedBy === reason);
  const drawn = all.filter(({ schedules }) => schedules === "drawn");
  const [states, steps] = [by("states"), by("steps")];
  const have = (cut: readonly Bounded[]): string =>
    `${counted(cut.length, "scenario")} ${cut.length === 1 ? "has" : "have"}`;
  return [
    `a stat() in a loop on a hard mount over TCP (timeo=600, retrans=2); for 15 s nothing reaches the server, which is
      restarted after 5 s (FIN, then RST); the call must end within 900 s of the way being open`.replace(/\s+/g, " "),
    `${preemptionText(all)}sections under a spinlock, calls of a socket and softirqs are one step each; packets come in
      order after one jiffy, or while threads still run`.replace(/\s+/g, " "),
    "times that have passed count as passed however long ago; loops are gone round many times before they are believed",
    "memory does not run out; portmapper, credentials and arguments are always good; no signals, no suspend, IPv4 only",
    ...(drawn.length === 0
      ? []
      : [`${counted(drawn.length, "scenario")} by schedules drawn at random, which show what can happen only`]),
    ...(states.length === 0 ? [] : [`${have(states)} more states than were looked at`]),
    ...(steps.length === 0 ? [] : [`${have(steps)} histories of more steps than were followed`]),
  ];
}
