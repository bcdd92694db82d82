/** The shapes of what `draft` prints with --json. Those of bug and attachment are Bugzilla's, not ours to change. */
import { z } from "zod";

const summary = z.string().min(1).max(255);

/** What POST /rest/bug takes, with the fields that bugzilla.kernel.org has of its own. */
export const bugSchema = z.strictObject({
  product: z.literal("File System"),
  component: z.string().min(1),
  version: z.literal("2.5").describe("the only one that bugzilla.kernel.org has; see cf_kernel_version"),
  summary,
  description: z.string().min(1).max(65_535).describe("the first comment"),
  op_sys: z.literal("Linux"),
  rep_platform: z.literal("All"),
  cf_kernel_version: z.string().max(255),
  cf_regression: z.literal("Yes").exactOptional().describe("absent where no commit is known to have brought it"),
  cf_bisect_commit: z.string().max(255).exactOptional().describe("the commit that brought it"),
});

/** What POST /rest/bug/ID/attachment takes. */
export const attachmentSchema = z.strictObject({
  ids: z.array(z.int()).describe("the bug's number, which Bugzilla gives: to be filled in"),
  data: z.base64().min(1),
  file_name: z.string().min(1).max(255),
  summary,
  content_type: z.literal("text/plain"),
  is_patch: z.boolean(),
  comment: z.string().max(65_535),
});

const about = {
  system: z.string(),
  kernel: z.strictObject({ id: z.string(), version: z.string().nullable() }),
  verdict: z.enum(["holds", "violated", "inconclusive"]),
  why: z.string().nullable().describe("why there is nothing to send; null where there is"),
};

const text = z.string().nullable().describe("null where there is nothing to send");

const bugzilla = z.strictObject({
  kind: z.literal("bugzilla"),
  ...about,
  bug: bugSchema.nullable(),
  attachments: z.array(attachmentSchema),
});

const cover = z.strictObject({ kind: z.literal("cover"), ...about, text });

const place = z.strictObject({ file: z.string(), line: z.int().min(1), function: z.string() });

const reply = z.strictObject({
  kind: z.literal("reply"),
  ...about,
  text,
  log: z.strictObject({
    lines: z.int().describe("of the log"),
    recognised: z.int().describe("lines that functions of the model print"),
    quoted: z.array(
      z.strictObject({
        number: z.int().min(1),
        stampSeconds: z.number().nullable().describe("as the log has it, since boot"),
        text: z.string(),
        printedBy: z.array(place).min(1),
      }),
    ),
  }),
});

/** `draft --json` */
export const draftSchema = z.discriminatedUnion("kind", [bugzilla, cover, reply]);

export type DraftDocument = z.infer<typeof draftSchema>;
export type BugDocument = z.infer<typeof bugSchema>;
export type AttachmentDocument = z.infer<typeof attachmentSchema>;
export type LogDocument = z.infer<typeof reply>["log"];
