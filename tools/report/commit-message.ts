/** Commit messages and cover letters, all through templates/. */
import Handlebars from "handlebars";

/** Body lines (Documentation/process/submitting-patches.rst). */
const MAX_COLUMNS = 75;

export interface MessageTemplates {
  readonly message: string;
  readonly cover: string;
  /** The system's own: why the kernel does what it does, and what a candidate changes. */
  readonly cause: string;
  readonly effect: string;
}

export interface MessageData {
  readonly prefix: string;
  readonly subject: string;
  /** What the patch does, as the recipe says it. */
  readonly change: string;
  readonly story: Readonly<Record<string, string | boolean | null>>;
  readonly trailers: readonly string[];
}

function rendered(template: string, templates: MessageTemplates, data: object): string {
  const handlebars = Handlebars.create();
  handlebars.registerPartial("cause", `${templates.cause.trimEnd()}\n`);
  handlebars.registerPartial("effect", `${templates.effect.trimEnd()}\n`);
  return handlebars.compile(template, { noEscape: true })(data);
}

/** Text from outside may hold anything; a mail's body is printable ASCII here. */
function plain(text: string): string {
  return text.replace(/\t/g, " ").replace(/[^\n\x20-\x7e]/g, "?");
}

/** Paragraphs in lines of at most 75 columns; lists and trailers keep their lines. */
function wrappedParagraphs(text: string): string {
  const paragraphs = plain(text)
    .split(/\n[ \t]*\n+/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
  return paragraphs.map((one) => (isListing(one) ? one : wrap(one))).join("\n\n");
}

function isListing(paragraph: string): boolean {
  return paragraph.split("\n").every((line) => /^(?:[A-Z][\w-]+: \S|\d+\. )/.test(line));
}

function wrap(paragraph: string): string {
  const lines: string[] = [];
  // A number and its unit stay on one line.
  const kept = paragraph.replace(/(\d)\s+(?=s\b)/g, "$1\0");
  for (const word of kept.split(/[^\S\0]+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= MAX_COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  // git am takes these for the end of the message.
  const whole = lines.map((line) => line.replaceAll("\0", " "));
  return whole.map((line) => (/^(?:---|diff -|Index: )/.test(line) ? ` ${line}` : line)).join("\n");
}

/** The subject line of a patch, without [PATCH]. */
export function subjectLine({ prefix, subject }: Pick<MessageData, "prefix" | "subject">): string {
  return plain(`${prefix}: ${subject}`).replace(/\s+/g, " ");
}

/** The message of one patch's commit. */
export function commitMessage(templates: MessageTemplates, data: MessageData): string {
  const change = Handlebars.compile(data.change, { noEscape: true })(data.story);
  const text = rendered(templates.message, templates, { ...data.story, ...data, subject: "SUBJECT", change });
  const body = text.slice(text.indexOf("\n") + 1);
  return `${subjectLine(data)}\n\n${wrappedParagraphs(body)}\n`;
}

/** The text of a series' cover letter; git adds the list of patches. */
export function coverLetter(
  templates: MessageTemplates,
  story: MessageData["story"],
  trailers: readonly string[],
): string {
  return `${wrappedParagraphs(rendered(templates.cover, templates, { ...story, trailers }))}\n`;
}
