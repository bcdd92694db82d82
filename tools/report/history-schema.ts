/** The shapes of what `history` and `bisect` print with --json. */
import { z } from "zod";

const verdict = z.enum(["holds", "violated", "inconclusive"]);

const trait = z.strictObject({ name: z.string(), text: z.string() });

const state = z.strictObject({
  isThere: z.boolean().describe("whether the revision has the system"),
  absent: z.string().nullable().describe("why it does not"),
  verdict: verdict.nullable().describe("at a glance: see bounds"),
  violated: z.array(z.string()).describe("names of the violated properties"),
  traits: z.array(trait).describe("figures in words; the same names in every revision"),
  reasons: z.array(z.string()),
});

const commit = z.strictObject({
  commit: z.string(),
  date: z.string().describe("the author's, ISO 8601"),
  author: z.string(),
  subject: z.string(),
});

const skipped = z.array(z.strictObject({ commit: z.string(), reason: z.string() }));

export const historySchema = z.strictObject({
  system: z.string(),
  repository: z.string(),
  range: z.string(),
  tip: z.string().describe("the newest commit of the range"),
  folders: z.array(z.string()).describe("a commit that touches one of these was looked at"),
  bounds: z.array(z.string()),
  commits: z.int().describe("that touch the folders"),
  models: z.int().describe("different ones among them"),
  isShallow: z.boolean().describe("a shallow clone: what is behind its edge is not known"),
  changes: z.array(
    commit.extend({
      isTimed: z.boolean().describe("whether verdict, figures or timing facts changed, or only the model's text"),
      isEdge: z.boolean().describe("the clone or the range begins here: this is the state, and no change"),
      before: z.array(state).describe("of its parents, those that differ"),
      after: state,
      factsGone: z.array(z.string()),
      factsNew: z.array(z.string()),
    }),
  ),
  last: state
    .nullable()
    .describe("of the newest commit that touches the folders; null without one, and where it was skipped"),
  skipped,
});

export const bisectSchema = z.strictObject({
  system: z.string(),
  good: z.string(),
  bad: z.string(),
  find: z.enum(["bug", "fix"]),
  first: commit.nullable().describe("the first commit with the new verdict; null where that is not known"),
  candidates: z.array(commit).describe("where skipped commits are in the way: those among which the first one is"),
  before: verdict,
  after: verdict,
  steps: z.int().describe("revisions that were checked, the ends among them"),
  commitsConsidered: z.int(),
  skipped,
  confirmation: z.strictObject({
    status: z.enum(["confirmed", "not-confirmed", "does-not-apply", "not-tried"]),
    detail: z.string(),
  }),
  reasons: z.array(z.string()),
});

export type HistoryDocument = z.infer<typeof historySchema>;
export type HistoryChange = HistoryDocument["changes"][number];
export type HistoryState = z.infer<typeof state>;
export type BisectDocument = z.infer<typeof bisectSchema>;
