/** Witness files of cifs-echo: their own part, and how they are told. */
import type { Expected, WitnessSchemas, WitnessStory, Zod } from "../../tools/check/witness.ts";
import type { RunRecord, Scenario } from "./echo-run.ts";
import { echoTimeline } from "./timeline.ts";

const MAX_TOUCHES = 1000;
/** 48 days at HZ=12287: beyond every history that the check makes. */
const MAX_TICKS = 2 ** 36;

function schemas(zod: Zod): WitnessSchemas<Scenario> {
  const ticks = zod.int().min(0).max(MAX_TICKS);

  const scenario = zod.strictObject({
    hz: zod.int().min(12).max(12_287),
    longBits: zod.union([zod.literal(32), zod.literal(64)]),
    timers: zod.enum(["exact", "slack", "levels"]),
    msleepAddsJiffy: zod.boolean(),
    echoIntervalSeconds: zod.int().min(1).max(100_000),
    rttTicks: ticks,
    startOffsetTicks: ticks,
    anchorEcho: zod.int().min(1).max(100),
    touches: zod.array(ticks).max(MAX_TOUCHES),
    deathTicks: ticks.nullable(),
    pauses: zod
      .array(zod.strictObject({ fromTicks: ticks, toTicks: ticks }))
      .max(MAX_TOUCHES)
      .exactOptional(),
    revivalTicks: ticks.exactOptional(),
    failedEcho: zod.int().min(1).max(1000).exactOptional(),
    sendBlocksTicks: ticks.exactOptional(),
    endEchoesAfterAnchor: zod.int().min(1).max(1_000_000),
    endTicksAfterAnchor: ticks.exactOptional(),
    maxTicksAfterMount: ticks.exactOptional(),
  });

  const expected = zod.strictObject({
    endsWith: zod.enum(["declared-dead", "kept"]),
    anchorTick: zod.int(),
    declaredDeadTick: zod.int().nullable(),
    lastResponseTick: zod.int().nullable(),
    by: zod.string().max(500).nullable(),
    events: zod.int(),
  });
  return { scenario, expected };
}

function expectedOf({ declaredDead, anchorTick, events }: RunRecord): Expected {
  return {
    endsWith: declaredDead === null ? "kept" : "declared-dead",
    anchorTick,
    declaredDeadTick: declaredDead?.tick ?? null,
    lastResponseTick: declaredDead?.lastResponseTick ?? null,
    by: declaredDead?.by ?? null,
    events,
  };
}

function endOf({ hz }: Scenario, { declaredDead }: RunRecord): string {
  if (declaredDead === null) return "the server is kept";
  const seconds = (declaredDead.tick - declaredDead.lastResponseTick) / hz;
  return `the server is declared dead ${seconds.toFixed(1)} s after its last response`;
}

/** What a witness of the echo says. */
export const echoWitness: WitnessStory<Scenario, RunRecord> = {
  schemas,
  expectedOf,
  nameOf: ({ hz, echoIntervalSeconds, rttTicks }) => `${hz}hz-${echoIntervalSeconds}s-${rttTicks}jiffies`,
  endOf,
  timelineOf: echoTimeline,
};
