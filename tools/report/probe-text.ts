/**
 * A probe in words: what re-arms after how long, what is skipped when, what gives up after how long.
 */
import type { DelayedWorkFact, Place } from "../timing/fact.ts";
import type { FieldStore } from "../timing/field-stores.ts";
import type { Probe, SystemEntry } from "../timing/probe.ts";
import { deadlineText, outcomeText, printable, rearmText, referenceText } from "./words.ts";

/** What the facts say of a system. */
export interface SystemStory {
  readonly system: SystemEntry;
  /** Null where the kernel does not have the system; none where the facts have nothing to say. */
  readonly lines: readonly string[] | null;
  /** What the kernel lacks; said where `lines` is null. */
  readonly lacks: string;
}

function at(place: Place): string {
  return `${place.file}:${place.line} ${place.function ?? ""}`.trim();
}

/**
 * Tells what the facts say about a probe.
 *
 * @param intervals the fields that its delay depends on, with what they are set to
 */
export function probeStory(
  system: SystemEntry,
  probe: Probe | null,
  intervals: readonly { readonly field: string; readonly stores: readonly FieldStore[] }[] = [],
): SystemStory {
  const lacks = `${system.probe}() that is bound to a work item`;
  if (probe === null) return { system, lines: null, lacks };
  const lines: string[] = [];
  for (const rearm of probe.rearms) {
    lines.push(`re-arms   after ${rearm.delay?.text ?? "a delay that is not known"}  (${at(rearm)})`);
  }
  lines.push(`          ${rearmText(probe.handler)}`);
  for (const { field, stores } of intervals) {
    const values = stores.map((store) => `${store.value.text} (${at(store.place)})`);
    if (values.length > 0) lines.push(`          ${field} is set to ${values.join(", ")}`);
  }
  for (const guard of probe.guards) {
    lines.push(`skipped   when ${deadlineText(guard)}  (${at(guard)})`);
    if (guard.condition !== undefined) lines.push(`          as a part of: ${guard.condition}`);
    lines.push(`          then ${outcomeText(guard.whenTrue)}`);
  }
  for (const watchdog of probe.watchdogs) {
    lines.push(`gives up  when ${deadlineText(watchdog)}  (${at(watchdog)})`);
    if (watchdog.condition !== undefined) lines.push(`          as a part of: ${watchdog.condition}`);
    lines.push(`          then ${outcomeText(watchdog.whenTrue)}`);
  }
  if (probe.guards.length === 0) lines.push("skipped   never: no deadline in the job itself");
  if (probe.watchdogs.length === 0) lines.push("gives up  never: no deadline elsewhere on what the job looks at");
  const stamps = probe.stamps.map((stamp) => at(stamp));
  const watched = probe.guards[0]?.timestamp ?? null;
  if (watched !== null && stamps.length > 0) {
    lines.push(`signs of life: ${referenceText(watched)} is stored at ${stamps.join(", ")}`);
  }
  const kicks = probe.kicks.map((kick) => `${at(kick)}${kickDelay(kick)}`);
  if (kicks.length > 0) lines.push(`armed by  ${kicks.join(", ")}`);
  return { system, lines: lines.map(printable), lacks };
}

function kickDelay({ delay }: DelayedWorkFact): string {
  if (delay === null) return "";
  return delay.seconds === 0 ? " (at once)" : ` (after ${delay.text})`;
}
