/** The figures of a check of sunrpc-reconnect: their shape in JSON, and how they are printed. */
import type { Block, FigureStory } from "../../tools/check/figure-story.ts";
import { counted } from "./bounds.ts";
import type { Figures, ScenarioFigures } from "./figure-types.ts";
import { violationText } from "./words.ts";
import { adviceOf } from "./workaround.ts";

function outcome({ verdict, recoverySeconds, property, what }: ScenarioFigures): string {
  if (verdict === "holds")
    return recoverySeconds === null ? "recovers" : `recovers within ${recoverySeconds.toFixed(1)} s`;
  if (what === null) return "not followed to its end";
  return verdict === "inconclusive" ? `not followed to its end: ${what}` : violationText(property ?? "", what);
}

/** Which schedules were gone through: for all of them how far, or with how many preemptions it went wrong. */
function schedules({ scheduler, verdict, property, preemptions }: ScenarioFigures, bound: number | null): string {
  if (scheduler !== "any") return scheduler;
  if (verdict !== "violated") return bound === null ? "any (drawn)" : `any (up to ${bound})`;
  return `any (${property === "progress" ? "hangs" : "fails"} with ${preemptions})`;
}

/** How many preemptions that nobody had to make the schedules had. */
function upTo(bound: Figures["exploration"]["bound"]): string {
  if (bound === null) return "any number of preemptions";
  return bound === 0 ? "no preemptions" : `up to ${counted(bound, "preemption")}`;
}

function blocks({ scenarios, exploration }: Figures, timersFrom: string): readonly Block[] {
  const { strategy, bound, states, transitions, statesPerSecond } = exploration;
  const speed = statesPerSecond === null ? "" : `, ${Math.round(statesPerSecond)} states a second`;
  return [
    {
      head: ["user", "rpciod", "CPUs", "schedules", "outcome", "states"],
      align: ["left", "left", "right", "left", "left", "right"],
      rows: scenarios.map((one) => [
        one.user,
        one.rpciod,
        String(one.cpus),
        schedules(one, bound),
        outcome(one),
        String(one.states),
      ]),
    },
    ...(scenarios.some(({ scheduler }) => scheduler === "any")
      ? ["any: every schedule with so many preemptions that nobody had to make"]
      : []),
    "",
    `${strategy}, ${upTo(bound)}: ${states} states, ${transitions} transitions${speed}`,
    `timers as in ${timersFrom}`,
  ];
}

export const reconnectFigures: FigureStory<Figures> = {
  schema: (zod) =>
    zod.strictObject({
      scenarios: zod.array(
        zod.strictObject({
          user: zod.string().describe("policy of the thread that calls stat()"),
          rpciod: zod.string().describe("policy of the workers"),
          cpus: zod.int(),
          scheduler: zod.enum(["fair", "eager", "any"]),
          verdict: zod.enum(["holds", "violated", "inconclusive"]),
          recoverySeconds: zod.number().nullable().describe("from the way being open to the call's end, at most"),
          states: zod.int(),
          transitions: zod.int(),
          preemptions: zod.int().describe("that nobody had to make: the bound, or those of the violation"),
          stoppedBy: zod.string(),
          property: zod.string().nullable().describe("which property is violated, where one is"),
          what: zod.string().nullable().describe("what happened, where it is a violation"),
        }),
      ),
      workarounds: zod
        .array(
          zod.strictObject({
            rpciod: zod.string().describe("policy of the workers"),
            users: zod.array(zod.string()).describe("for whom something goes wrong otherwise, and nothing with it"),
            recoverySeconds: zod.number().describe("with it, at most"),
          }),
        )
        .describe("of the settings that were tried; empty where nothing is violated"),
      workers: zod
        .enum(["rpciod", "kworker"])
        .nullable()
        .describe("threads that run rpciod's works: its own, or those of all queues; null: the tree does not say"),
      exploration: zod.strictObject({
        strategy: zod.string(),
        bound: zod.int().nullable().describe("preemptions that nobody had to make; null: any number, drawn at random"),
        states: zod.int(),
        transitions: zod.int(),
        statesPerSecond: zod.number().nullable().describe("by the clock of this machine"),
      }),
    }),
  blocks,
  advice: ({ scenarios, workarounds, workers }) => adviceOf(scenarios, workarounds, workers),
  timed: (figures, seconds) => {
    const { exploration } = figures;
    const statesPerSecond = seconds > 0 ? Math.round(exploration.states / seconds) : null;
    return { ...figures, exploration: { ...exploration, statesPerSecond } };
  },
  columns: ["scenarios violated", "slowest recovery"],
  cells: ({ scenarios }) => {
    const bad = scenarios.filter(({ verdict }) => verdict === "violated").length;
    const slowest = Math.max(0, ...scenarios.map(({ recoverySeconds }) => recoverySeconds ?? 0));
    return [`${bad} of ${scenarios.length}`, slowest === 0 ? "-" : `${slowest.toFixed(1)} s`];
  },
  traits: ({ scenarios }) =>
    scenarios.map(({ user, rpciod, cpus, scheduler, verdict, recoverySeconds, what }) => ({
      name: `user ${user}, rpciod ${rpciod}, ${cpus} CPU${cpus === 1 ? "" : "s"}, ${scheduler}`,
      text: verdict === "holds" ? `recovers in ${recoverySeconds?.toFixed(1) ?? "-"} s` : (what ?? verdict),
    })),
};
