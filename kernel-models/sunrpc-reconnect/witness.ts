/** Witness files of sunrpc-reconnect: their own part, and how they are told. */
import type { Timeline, TimelineRow } from "../../tools/check/timeline.ts";
import type { WitnessStory } from "../../tools/check/witness.ts";
import type { TraceEvent } from "../../tools/simulator/trace.ts";
import { reasonsOf } from "./reasons.ts";
import type { ReconnectRun } from "./reconnect-run.ts";
import { type Scenario, schedulingOf } from "./scenarios.ts";
import { cpusText, sentenceOf, withErrorNamed } from "./words.ts";

/** Rows of a timeline: a loop goes round again and again, and once is enough. */
const MAX_ROWS = 120;

/** What a network fault is, in words. */
const FAULTS: Readonly<Record<string, string>> = {
  blackhole: "nothing reaches the server any more",
  restart: "the server restarts",
  heal: "the way to the server is open again",
};

function rowOf(event: TraceEvent, from: number, hz: number): TimelineRow[] {
  if (event.kind !== "note") return [];
  const text = String(event.values[0] ?? "");
  const time = ((event.tick - from) / hz).toFixed(3);
  const place = /^(.*) \(([^()]*)\)$/.exec(text);
  const what = withErrorNamed(place?.[1] ?? text);
  const likeness = `${event.name} ${what}`;
  const woken = event.name === "wake" ? /^(\S+) by (.*?)(?:, (tk_status = .*))?$/.exec(what) : null;
  if (woken !== null) {
    const [, who = "", by = "", status] = woken;
    return [
      {
        time,
        event: `${THREADS[who] ?? who} is woken`,
        effect: [`by ${by}`, status ?? ""].filter(Boolean).join(", "),
        likeness,
      },
    ];
  }
  const told = WORDS[event.name]?.(what) ?? what;
  return [{ time, event: told, effect: place?.[2] ?? "", likeness }];
}

/** Threads as people call them. */
const THREADS: Readonly<Record<string, string>> = { stat: "the task" };

/** What events of a kind are in words. */
const WORDS: Readonly<Record<string, (what: string) => string>> = {
  network: (what) => FAULTS[what] ?? what,
  queue: (what) => `${what} is queued`,
  reply: (what) => `answer to ${what}`,
  user: (what) => (what === "stat()" ? "the user calls stat()" : what.replace("stat() =", "stat() returns")),
};

/** What the times count from, by the places of the first fault and of the network's healing. */
function origin(begin: number, heal: number): string {
  if (begin < 0) return "the first call";
  return heal < 0 ? "the way to the server was cut" : "the way to the server was open again";
}

function timelineOf(scenario: Scenario, run: ReconnectRun, events: readonly TraceEvent[]): Timeline {
  const { hz, user, rpciod, cpus, scheduler } = scenario;
  const begin = events.findIndex((one) => one.kind === "note" && one.name === "network");
  const from = events.findIndex((one) => one.kind === "note" && one.name === "network" && one.values[0] === "heal");
  const zero = events[from < 0 ? Math.max(begin, 0) : from]?.tick ?? 0;
  const reasons = reasonsOf(scenario, run, events);
  const rows = events.slice(Math.max(begin, 0)).flatMap((one) => rowOf(one, zero, hz));
  return {
    setting: `user ${user}, rpciod ${rpciod}, ${cpusText(cpus)}, scheduler ${scheduler}, HZ=${hz}`,
    from: origin(begin, from),
    rows: rows.slice(0, MAX_ROWS),
    reasons: reasons.length === 0 && run.endsWith !== "progress" ? [`${endOf(scenario, run)}.`] : reasons,
  };
}

function endOf(_: Scenario, { endsWith, property, what, seconds }: ReconnectRun): string {
  switch (endsWith) {
    case "progress":
      return `the call ends ${seconds.toFixed(1)} s after the way is open`;
    case "open":
      return "the history ends before the call does";
    default:
      return sentenceOf(property, what);
  }
}

export const reconnectWitness: WitnessStory<Scenario, ReconnectRun> = {
  schemas: (zod) => {
    const policy = zod
      .string()
      .max(10)
      .refine((text) => schedulingOf(text) !== null, "is no policy");
    const seconds = zod.number().min(0).max(100_000);
    const count = zod.int().min(0).max(1_000_000);
    return {
      scenario: zod.strictObject({
        hz: zod.int().min(12).max(12_287),
        longBits: zod.union([zod.literal(32), zod.literal(64)]),
        timers: zod.enum(["exact", "slack", "levels"]),
        user: policy,
        rpciod: policy,
        cpus: zod.int().min(1).max(4),
        scheduler: zod.enum(["fair", "eager", "any"]),
        pauseSeconds: seconds,
        restartSeconds: seconds,
        healSeconds: seconds,
        way: zod.enum(["blackhole", "drop"]).exactOptional(),
        serverEnd: zod.enum(["fin", "rst"]),
        loop: zod.strictObject({ fromStep: count, steps: count.min(1), rounds: count.max(1000) }).exactOptional(),
        boundSeconds: seconds,
      }),
      expected: zod.strictObject({
        endsWith: zod.enum(["progress", "bad", "loop", "open"]),
        property: zod.string().max(100),
        what: zod.string().max(500),
        seconds: zod.number(),
        steps: count,
        rounds: count,
      }),
    };
  },
  expectedOf: ({ endsWith, property, what, seconds, steps, rounds }) => ({
    ...{ endsWith, property, what, seconds, steps, rounds },
  }),
  nameOf: ({ user, rpciod, cpus, scheduler }) =>
    `user-${user}-rpciod-${rpciod}-${cpus}cpu-${scheduler}`.toLowerCase().replaceAll(" ", ""),
  endOf,
  timelineOf,
  propertyOf: ({ property }) => String(property),
};
