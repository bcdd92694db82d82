/**
 * The shapes of all JSON that groundhog prints, declared once. `groundhog schema COMMAND` exports them as JSON Schema.
 *
 * Only that command and the tests load zod; everybody else imports types from here, which cost nothing at run time.
 */
import { z } from "zod";
import type { FigureStory } from "../check/figure-story.ts";
import { draftSchema } from "./draft-schema.ts";
import { bisectSchema, historySchema } from "./history-schema.ts";

const place = {
  file: z.string().describe("path inside the kernel tree"),
  line: z.int().min(1),
  column: z.int().min(1).describe("in bytes"),
  function: z.string().nullable().describe("the function around it; null at file scope"),
  expression: z.string().describe("the source expression on one line, without comments"),
  viaMacro: z.string().optional().describe("the macro that the fact was found through"),
};

const reference = z.strictObject({
  expression: z.string(),
  struct: z.string().nullable().describe("tag of the struct that has the field, null where unknown"),
  field: z.string().nullable(),
});

const duration = z.strictObject({
  expression: z.string(),
  unit: z.enum(["jiffies", "s", "ms", "us", "ns"]).describe("unit of terms without HZ"),
  terms: z
    .array(
      z.strictObject({
        factor: z.number(),
        hz: z.int().describe("power of HZ: with 1, the factor counts seconds"),
        symbols: z.array(z.string()).describe("what could not be resolved to a number"),
      }),
    )
    .describe("the length is the sum of these products"),
  seconds: z.number().nullable().describe("null where it depends on a variable"),
  text: z.string(),
  absolute: z.boolean().optional().describe("a point in time, whose distance from now is not known"),
  locals: z
    .array(z.strictObject({ name: z.string(), values: z.array(z.string()) }))
    .optional()
    .describe("what local variables in it can hold"),
});

const outcome = z.strictObject({
  calls: z.array(z.string()),
  ends: z.array(z.string()).describe("return, goto, continues, ..."),
});

const callAt = z.strictObject({ name: z.string(), line: z.int() });

const rearm = z.strictObject({
  paths: z.enum(["all", "some", "none"]),
  position: z.enum(["before-work", "after-work"]).nullable(),
  sites: z.array(z.strictObject({ file: z.string(), line: z.int(), via: z.string().nullable() })),
  exitsWithout: z.array(z.strictObject({ line: z.int(), statement: z.string() })),
  callsBefore: z.array(callAt),
  callsAfter: z.array(callAt),
});

const delayedWork = z.strictObject({
  kind: z.literal("delayed-work"),
  ...place,
  operation: z.enum(["bind", "queue", "modify", "cancel", "expiry", "handler"]),
  mechanism: z.enum(["delayed-work", "work", "timer", "hrtimer"]),
  primitive: z.string(),
  item: reference,
  handler: z.string().nullable().describe("the nearest one bound where an item has several"),
  handlers: z.array(z.string()),
  viaHelper: z.string().optional().describe("the helper that was handed the item and arms it"),
  queue: z.string().nullable(),
  delay: duration.nullable(),
  selfRearm: z.boolean().describe("the call stands in the item's own handler"),
  rearm: rearm.nullable().describe("on handler facts: how it arms itself again"),
});

const deadline = z.strictObject({
  kind: z.literal("deadline"),
  ...place,
  primitive: z.string(),
  clock: z.string().nullable(),
  relation: z.enum(["after", "before", "after-or-at", "before-or-at"]).describe("clock RELATION timestamp + offset"),
  timestamp: reference.nullable(),
  offset: duration,
  condition: z.string().optional().describe("the whole condition, where the comparison is only a part of it"),
  whenTrue: outcome,
  whenFalse: outcome,
});

const timestamp = z.strictObject({
  kind: z.literal("timestamp"),
  ...place,
  clock: z.string(),
  target: reference,
  offset: duration.nullable(),
});

const timedWait = z.strictObject({
  kind: z.literal("timed-wait"),
  ...place,
  primitive: z.string(),
  length: duration,
  awaits: z.string().nullable(),
});

const wakeUp = z.strictObject({
  kind: z.literal("wake-up"),
  ...place,
  primitive: z.string(),
  target: z.string(),
  status: z.string().nullable(),
});

const taskState = z.strictObject({
  kind: z.literal("task-state"),
  ...place,
  state: z.string(),
  status: z.array(z.string()).describe("tests of tk_status that lead there; empty when it does not depend on it"),
  next: z.string(),
  via: z.string().optional().describe("the function that stores the next state, where the state calls one"),
});

const fact = z.discriminatedUnion("kind", [delayedWork, deadline, timestamp, timedWait, wakeUp, taskState]);

const problem = z.strictObject({
  file: z.string(),
  function: z.string().nullable(),
  line: z.int(),
  reason: z.string(),
});

const finding = z.strictObject({
  rule: z.string(),
  level: z.string(),
  file: z.string(),
  line: z.int(),
  function: z.string().nullable(),
  message: z.string(),
  related: z.array(z.strictObject({ file: z.string(), line: z.int(), message: z.string() })),
});

const kernel = z.strictObject({ id: z.string(), version: z.string().nullable() });

const coverage = z.strictObject({
  files: z.int(),
  bytes: z.int(),
  functions: z.int().describe("functions that a text search finds, in all preprocessor branches"),
  functionsWithErrors: z.int(),
  functionsInactive: z.int().describe("of all, those that the configuration switches off"),
  unparsed: z.array(problem),
});

/** `scan --json` */
export const scanSchema = z.strictObject({
  kernel,
  configuration: z.strictObject({
    description: z.string(),
    switchedOff: z
      .array(z.strictObject({ file: z.string(), line: z.int(), condition: z.string() }))
      .describe("preprocessor conditions that were decided against the text after them"),
  }),
  paths: z.array(z.string()),
  coverage,
  facts: z.array(fact),
  findings: z.array(finding).describe("empty until there are rules"),
  problems: z.array(problem).describe("what kept facts from being found or complete"),
  notes: z.array(z.strictObject({ file: z.string(), reason: z.string() })).describe("what the source left out"),
});

const verdict = z.enum(["holds", "violated", "inconclusive"]);

const unmodelled = z.strictObject({ file: z.string(), line: z.int(), what: z.string() });

const counts = z.record(z.string(), z.int()).describe("by reason");

/** What `--validate` says. */
export const validationSchema = z.strictObject({
  status: z
    .enum(["same", "different", "skipped"])
    .describe("same: model and compiled C agree; skipped: the translation is not validated"),
  reason: z.string().nullable(),
  compiler: z.string().nullable(),
  hz: z.array(z.int()),
  seed: z.int(),
  histories: z.int(),
  decisions: z.int(),
  events: z.int().describe("calls, stores, returns that were compared"),
  switches: counts.describe(
    "how often a thread lost the CPU and another one ran meanwhile, by what it was about to do",
  ),
  stopped: z.int().describe("histories that end on both sides at BUG() or at a call that is not in the model"),
  cut: counts.describe("histories that were compared up to a place where the model stops, by reason"),
  unrecorded: counts.describe("histories that could not be compared, by reason"),
  coverage: z
    .strictObject({
      reached: z.int(),
      lines: z.int(),
      notReached: z.array(z.strictObject({ file: z.string(), line: z.int() })),
    })
    .nullable()
    .describe("lines of the slice's C that the histories came to"),
  difference: z
    .strictObject({
      hz: z.int(),
      decisions: z.array(z.strictObject({ label: z.string(), n: z.int(), chosen: z.int() })),
      model: z.string().nullable(),
      compiled: z.string().nullable(),
      place: z.strictObject({ file: z.string(), line: z.int(), function: z.string() }).nullable(),
      modelFunction: z.string().nullable(),
      before: z.array(z.string()),
    })
    .nullable(),
  notes: z.array(z.string()),
  file: z.string().nullable().describe("path of the difference, for --replay"),
  replay: z.string().nullable(),
});

/**
 * `check --json`
 *
 * @param figures those of the systems
 */
export const checkSchemaOf = <Figures extends z.ZodType>(figures: Figures) =>
  z.strictObject({
    system: z.string(),
    kernel,
    candidate: z.string().nullable().describe("the candidate patch that the kernel was given first"),
    verdict,
    bounds: z.array(z.string()).describe("what was explored and what was not"),
    properties: z.array(
      z.strictObject({
        name: z.string(),
        kind: z.enum(["safety", "progress"]),
        verdict,
        witness: z.string().nullable().describe("path of the witness file"),
        replay: z.string().nullable().describe("the command that runs the witness again"),
        detail: z.string(),
      }),
    ),
    figures: figures.nullable().describe("null after --replay"),
    unmodelled: z.array(unmodelled).describe("calls of the slice that no model is known for"),
    reasons: z.array(z.string()).describe("why the verdict is inconclusive"),
    model: z.strictObject({
      sha256: z.string(),
      functions: z.array(z.string()),
      files: z.array(z.strictObject({ path: z.string(), sha256: z.string() })),
      timersFrom: z.string().describe("the file that says how timers are rounded, or what was assumed"),
      notes: z.array(z.string()),
    }),
    validation: validationSchema.nullable().describe("null without --validate"),
  });

const measure = z.strictObject({
  name: z.string(),
  unit: z.string(),
  value: z.number().nullable().describe("with the candidate"),
  before: z.number().nullable().describe("of the kernel as it is"),
});

const toolCheck = z.strictObject({
  tool: z.string().describe("parse, places, git am, checkpatch, compile, ..."),
  status: z.enum(["passed", "failed", "skipped"]),
  detail: z.string(),
});

const candidate = z.strictObject({
  name: z.string(),
  title: z.string(),
  verdict: verdict.nullable().describe("of the check with the candidate; null: it does not apply"),
  applies: z.boolean().describe("whether the recipe found its places in this source"),
  alreadyThere: z.boolean(),
  patch: z.string().nullable().describe("path of the patch; written for candidates that hold, where one is needed"),
  take: z.string().nullable().describe("the command that takes the patch into the tree that the kernel came from"),
  witness: z.string().nullable().describe("path of a witness, where the check is violated with the candidate"),
  replay: z.string().nullable().describe("the command that runs the witness again"),
  checks: z.array(toolCheck),
  figures: z.array(measure).describe("in order of importance"),
  size: z.strictObject({ files: z.int(), added: z.int(), removed: z.int() }).nullable().describe("in lines"),
  why: z.string().describe("what puts it in its place"),
});

/** `fix --json` */
export const fixSchema = z.strictObject({
  system: z.string(),
  kernel,
  before: verdict.describe("of the kernel as it is"),
  needed: z.boolean().describe("false: the kernel holds, and no patch is written"),
  witness: z.string().nullable().describe("path of a witness of the kernel as it is"),
  replay: z.string().nullable(),
  figures: z.array(measure).describe("of the kernel as it is"),
  candidates: z.array(candidate).describe("in order of preference"),
  series: z
    .strictObject({ candidate, patches: z.array(z.string()).describe("paths, the cover letter first") })
    .nullable()
    .describe("with --series"),
  bounds: z.array(z.string()).describe("what each check explored and what not"),
  reasons: z.array(z.string()).describe("why the verdict on the kernel as it is is inconclusive"),
});

const kindCounts = z.record(z.string(), z.int());

/** `run --json`; @see checkSchemaOf */
export const runSchemaOf = <Figures extends z.ZodType>(figures: Figures) =>
  z.strictObject({
    kernel,
    configuration: z.string(),
    coverage,
    files: z.array(z.strictObject({ file: z.string(), facts: kindCounts })),
    systems: z.array(
      z.strictObject({
        system: z.string(),
        present: z.boolean(),
        lines: z.array(z.string()).describe("the system's facts in words"),
        check: checkSchemaOf(figures)
          .nullable()
          .describe("null where the kernel has no such system, or there is no model of it"),
        fix: fixSchema.nullable().describe("candidate patches; null where there is no check"),
      }),
    ),
    written: z.array(z.string()).describe("files that were written"),
  });

export type ScanDocument = z.infer<typeof scanSchema>;
export type RunDocument = z.infer<ReturnType<typeof runSchemaOf>>;
export type ValidationDocument = z.infer<typeof validationSchema>;
export type CheckDocument = z.infer<ReturnType<typeof checkSchemaOf>>;
export type FixDocument = z.infer<typeof fixSchema>;

/** Commands with a JSON document. */
export const COMMANDS = ["scan", "run", "check", "fix", "history", "bisect", "draft"] as const;
export type DocumentedCommand = (typeof COMMANDS)[number];

/**
 * The schema of each command's document.
 *
 * @param stories what the systems say of their figures
 */
export function schemasWith(stories: readonly Pick<FigureStory, "schema">[]) {
  const shapes = stories.map((one) => one.schema(z));
  const [first = z.never(), ...others] = shapes;
  const figures = others.length === 0 ? first : z.union([first, ...others]);
  return {
    scan: scanSchema,
    run: runSchemaOf(figures),
    check: checkSchemaOf(figures),
    fix: fixSchema,
    history: historySchema,
    bisect: bisectSchema,
    draft: draftSchema,
  } as const;
}

/** JSON Schema (2020-12) of a command's document. */
export function jsonSchema(command: DocumentedCommand, stories: readonly Pick<FigureStory, "schema">[]): unknown {
  return z.toJSONSchema(schemasWith(stories)[command]);
}
