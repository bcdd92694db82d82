/** The shape of the figures in JSON. */
import type { Zod } from "../../tools/check/witness.ts";

/** Declares the figures of a check of the echo. */
export function schema(zod: Zod) {
  const combination = {
    hz: zod.int(),
    echoIntervalSeconds: zod.number(),
    rttSeconds: zod.number().describe("from a request to its answer"),
  };

  return zod.strictObject({
    wheel: zod.enum(["exact", "slack", "levels"]).describe("how timers are rounded"),
    timeoutIntervals: zod
      .number()
      .nullable()
      .describe("echo intervals without a response that the watchdog waits, as measured; null: it never acts"),
    fixedIntervalSeconds: zod.number().nullable().describe("the interval of a kernel without a mount option for it"),
    windows: zod
      .array(
        zod.strictObject({
          ...combination,
          fromSeconds: zod.number().describe("after an echo"),
          toSeconds: zod.number(),
          share: zod.number().describe("of the time between two echoes"),
        }),
      )
      .describe("when one request leads to a live server being declared dead"),
    worstShare: zod.number().describe("the largest share of one combination"),
    detection: zod.array(
      zod.strictObject({
        ...combination,
        bestSeconds: zod.number().nullable().describe("from the death, just before an answer; null: never noticed"),
        worstSeconds: zod.number().nullable().describe("from the death, just after an answered echo"),
        afterEchoSeconds: zod.number().nullable().describe("from the sending of the last answered echo"),
        worstAfterRequestSeconds: zod.number().nullable().describe("from the last answer, to a request at any phase"),
      }),
    ),
    idleEchoesPerHour: zod.number(),
    busyEchoesPerHour: zod.number().describe("where users ask for something every quarter of the echo interval"),
    idle: zod.array(
      zod.strictObject({
        ...combination,
        periodSeconds: zod.number().nullable(),
        periodWhenSendingTakes2Seconds: zod.number().nullable(),
        echoesPerHour: zod.number(),
        longestSilenceSeconds: zod.number().nullable(),
        marginSeconds: zod.number().nullable(),
      }),
    ),
    idleDeaths: zod
      .array(zod.strictObject(combination))
      .describe("an idle mount is declared dead, without any request"),
    reproduce: zod.string().nullable().describe("how to see the violation on a real machine"),
  });
}
