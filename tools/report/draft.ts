/**
 * Drafts of what people send about a violation: a bug report, a cover letter, a reply to a reporter. Nothing here
 * sends anything. All words are in templates/draft-*.txt.hbs; the layout is made here, in at most 75 columns.
 */
import Handlebars from "handlebars";
import type { BugStory } from "../check/draft-story.ts";
import type { CheckResult } from "../check/verdict.ts";
import type { Measure } from "../repair/candidate.ts";
import type { Placed } from "../repair/comparison.ts";
import { type Affected, affectedText, broughtBy } from "./affected.ts";
import { filled, filledParagraphs, listed, numbered } from "./columns.ts";
import type { KernelLogReport } from "./draft-log.ts";
import type { AttachmentDocument, BugDocument } from "./draft-schema.ts";

/** Texts of the templates, by what they are called after `draft-`. */
export const DRAFT_TEMPLATES = ["bugzilla", "description", "comment", "cover", "reply", "patch", "checked"] as const;
export type DraftTemplates = Readonly<Record<(typeof DRAFT_TEMPLATES)[number], string>>;

/** A candidate that holds, as a mail. */
export interface DraftPatch {
  readonly placed: Placed;
  readonly fileName: string;
  readonly mail: Buffer;
}

/** What was found out of a kernel. */
export interface DraftFacts {
  readonly system: { readonly name: string; readonly title: string };
  readonly component: string;
  readonly kernel: { readonly id: string; readonly version: string | null };
  readonly result: Omit<CheckResult, "figures">;
  /** The options that narrowed what was explored, as they were given. */
  readonly narrowedTo: readonly string[];
  readonly unmodelled: readonly { readonly file: string; readonly line: number; readonly what: string }[];
  /** Null where nothing is violated. */
  readonly violation: Violation | null;
}

/** What is told of the first violated property. */
export interface Violation {
  readonly property: string;
  readonly bug: BugStory;
  /** Why the kernel does what it does, and the same with what the best patch changes: paragraphs. */
  readonly cause: string;
  readonly what: string;
  readonly timeline: string;
  /** The same, cut to a few rows. */
  readonly shortTimeline: string;
  readonly advice: readonly string[];
  readonly measures: readonly Measure[];
  /** In order of preference. */
  readonly candidates: readonly Placed[];
  readonly patch: DraftPatch | null;
  /** Null where nobody asked. */
  readonly affected: Affected | null;
}

/** So many places outside the model are named; the rest is counted. */
const MAX_UNMODELLED = 5;
const FIELD_WIDTH = 17;
/** Bugzilla's first comment holds no more; texts of ours are far below. */
const MAX_DESCRIPTION = 65_535;

/** A kernel as somebody elsewhere knows it: without the folders of this machine. */
export function kernelName({ id, version }: DraftFacts["kernel"]): string {
  const name = withoutFolders(id);
  return version === null ? name : `Linux ${version} (${name})`;
}

/** `~/src/linux@v6.6` is `linux@v6.6` elsewhere; what is behind the @ may have slashes of its own. */
function withoutFolders(path: string): string {
  const at = path.lastIndexOf("@");
  const [folder, revision] = at < 0 ? [path, ""] : [path.slice(0, at), path.slice(at)];
  return `${folder.replace(/\/+$/, "").split("/").at(-1) || folder}${revision}`;
}

/** Figures that could not be measured, such as the recovery of a call that hangs, have nothing to say. */
function figuresText(measures: readonly Measure[]): string {
  const known = measures.filter(({ value }) => value !== null);
  return known.map(({ text }) => text).join("; ");
}

function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function candidateText({ candidate, why }: Placed): string {
  const { name, title, verdict, measures, size } = candidate;
  const changed = size === null ? "" : `; +${size.added} -${size.removed} lines`;
  const figures = verdict === "holds" && measures.length > 0 ? `. ${figuresText(measures)}${changed}` : "";
  return `${name} (${title}): ${why}${figures}.`;
}

/** The subject of a mail that git made, without [PATCH]. */
function subjectOf(mail: Buffer): string {
  const subject = /^Subject: (.*(?:\n .*)*)/m.exec(mail.toString("utf8"))?.[1] ?? "";
  return subject.replace(/\n /g, " ").replace(/^\[PATCH[^\]]*\]\s*/, "");
}

function patchData({ patch }: Violation): Readonly<Record<string, string>> | null {
  if (patch === null) return null;
  const { name, title, measures, checks } = patch.placed.candidate;
  return {
    name,
    title,
    figures: figuresText(measures),
    checks: checks.map(({ tool, status }) => `${tool} ${status}`).join(", "),
    subject: `[PATCH 0/1] ${subjectOf(patch.mail)}`,
  };
}

/** What was explored and what was not, a sentence each. */
function bounds({ result, unmodelled }: DraftFacts): readonly string[] {
  const places = unmodelled.slice(0, MAX_UNMODELLED).map(({ file, line, what }) => `${file}:${line}: ${what}`);
  const more = unmodelled.length - places.length;
  return [...result.bounds, ...places, ...(more > 0 ? [`${more} more places are outside the model`] : [])];
}

function common(facts: DraftFacts): object {
  const { kernel, narrowedTo, system } = facts;
  return {
    kernel: kernelName(kernel),
    title: system.title,
    isNarrowed: narrowedTo.length > 0,
    narrowedTo: narrowedTo.join(" "),
    bounds: bounds(facts),
  };
}

function violationData(violation: Violation): object {
  const { bug, property, cause, what, advice, measures, candidates, affected } = violation;
  return {
    ...bug,
    actual: capitalised(bug.actual),
    property,
    cause: filledParagraphs(cause),
    what: filledParagraphs(what),
    advice,
    figuresBefore: figuresText(measures),
    candidates: candidates.map(candidateText),
    patch: patchData(violation),
    noPatch: candidates.length === 0 ? "there are no candidates." : "no candidate holds and applies.",
    affected: affected === null ? null : affectedText(affected, withoutFolders(affected.repository)),
  };
}

/** Fills in a template; every line of prose is at most 75 columns wide. */
function rendered(name: keyof DraftTemplates, templates: DraftTemplates, data: object): string {
  const handlebars = Handlebars.create();
  handlebars.registerPartial("patch", templates.patch);
  handlebars.registerPartial("checked", templates.checked);
  handlebars.registerHelper("fill", function fill(this: unknown, options: Handlebars.HelperOptions) {
    return `${filled(options.fn(this).trim()).join("\n")}\n`;
  });
  handlebars.registerHelper("listed", (items: readonly string[]) => listed(items));
  handlebars.registerHelper("numbered", (items: readonly string[]) => numbered(items));
  handlebars.registerHelper("field", (label: string, value: string) =>
    filled(value, { first: label.padEnd(FIELD_WIDTH), rest: " ".repeat(FIELD_WIDTH) }).join("\n"),
  );
  // A mail's header goes on in lines that begin with a blank (RFC 5322, 2.2.3).
  handlebars.registerHelper("header", (label: string, value: string) =>
    filled(`${label} ${value}`, { first: "", rest: " " }).join("\n"),
  );
  const text = handlebars.compile(templates[name], { noEscape: true })(data);
  return `${text
    .replace(/[ \t]+$/gm, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim()}\n`;
}

/** A new bug, in the shape of Bugzilla's REST API. */
export function bugDocument(facts: DraftFacts, violation: Violation, templates: DraftTemplates): BugDocument {
  const { timeline, affected, bug } = violation;
  const data = { ...common(facts), ...violationData(violation), timeline };
  const brought = affected === null ? null : broughtBy(affected);
  return {
    product: "File System",
    component: facts.component,
    version: "2.5",
    summary: bug.summary,
    description: rendered("description", templates, data).slice(0, MAX_DESCRIPTION),
    op_sys: "Linux",
    rep_platform: "All",
    cf_kernel_version: facts.kernel.version ?? withoutFolders(facts.kernel.id),
    ...(brought === null ? {} : { cf_regression: "Yes", cf_bisect_commit: brought.commit }),
  };
}

/** The patch as an attachment; none where no candidate holds. */
export function attachmentDocuments(
  facts: DraftFacts,
  violation: Violation,
  templates: DraftTemplates,
): readonly AttachmentDocument[] {
  const { patch } = violation;
  if (patch === null) return [];
  return [
    {
      ids: [],
      data: patch.mail.toString("base64"),
      file_name: patch.fileName,
      summary: patch.placed.candidate.title,
      content_type: "text/plain",
      is_patch: true,
      comment: rendered("comment", templates, { ...common(facts), ...violationData(violation) }).trimEnd(),
    },
  ];
}

/** The same as text, for pasting. */
export function bugText(
  bug: BugDocument,
  attachments: readonly AttachmentDocument[],
  templates: DraftTemplates,
): string {
  return rendered("bugzilla", templates, { bug, attachments });
}

/** A cover letter for the best candidate, which must be there. */
export function coverText(facts: DraftFacts, violation: Violation, templates: DraftTemplates): string {
  const { shortTimeline: timeline } = violation;
  return rendered("cover", templates, { ...common(facts), ...violationData(violation), timeline });
}

const LOG_LIMIT =
  "The lines were found by their text. They say that the functions named above ran, and when; not that it came to " +
  "that in the way that the model shows.";
const NO_LOG_LIMIT = "No line of the log stands behind any of this.";

/** A reply to somebody who sent a kernel log. */
export function replyText(facts: DraftFacts, log: KernelLogReport, templates: DraftTemplates): string {
  const { violation, result } = facts;
  return rendered("reply", templates, {
    ...common(facts),
    ...(violation === null ? {} : { ...violationData(violation), timeline: violation.shortTimeline }),
    ...log,
    isOne: log.recognised === 1,
    isCut: log.recognised > log.quoted.length,
    isViolated: violation !== null,
    properties: result.properties.map(({ name, detail }) => `${name}: ${detail}.`),
    limits: [log.quoted.length > 0 ? LOG_LIMIT : NO_LOG_LIMIT, ...bounds(facts)],
  });
}
