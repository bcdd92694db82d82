/** `groundhog draft bugzilla|cover|reply SYSTEM`: text to send, from verdict, witness, candidates and history. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RepairableSystem, System } from "../../kernel-models/system.ts";
import { openRepository, type Range, type Repository, releaseOf, resolveRange } from "../history/commits.ts";
import { InputError } from "../kernel/input-error.ts";
import { type Affected, affectedBy } from "../report/affected.ts";
import { MAIL_COLUMNS } from "../report/columns.ts";
import { coverLetter } from "../report/commit-message.ts";
import {
  attachmentDocuments,
  bugDocument,
  bugText,
  coverText,
  DRAFT_TEMPLATES,
  type DraftFacts,
  type DraftPatch,
  type DraftTemplates,
  kernelName,
  replyText,
  type Violation,
} from "../report/draft.ts";
import { logDocument, logReport } from "../report/draft-log.ts";
import type { DraftDocument } from "../report/draft-schema.ts";
import { printable } from "../report/words.ts";
import { type LogReading, readKernelLog } from "../timing/kernel-log.ts";
import { printSites } from "../timing/print-sites.ts";
import { isRepairable } from "./candidates.ts";
import { type NarrowingOptions, narrowingOf } from "./check-options.ts";
import type { Narrowing } from "./check-system.ts";
import { readLog } from "./draft-log.ts";
import { EXIT, type Exit } from "./exit.ts";
import { authorOf, narrowedTo, subjectOf } from "./fix.ts";
import { historyOf } from "./history.ts";
import { checkOut, writeFiles } from "./out.ts";
import { messageTemplates } from "./provenances.ts";
import type { Subject } from "./repair-request.ts";
import { type Repair, repairSystem } from "./repair-system.ts";
import { cacheFolder, configurationOf, installationFolder, jsonLine, openForCommand, print } from "./surroundings.ts";
import { type Systems, systemNamed } from "./systems.ts";
import { mailTimeline, modelTag } from "./witnesses.ts";

export interface DraftOptions extends NarrowingOptions {
  readonly kernel?: string;
  readonly config?: string;
  /** A repository, and which of its commits. */
  readonly history?: string;
  readonly range?: string;
  /** For replies. */
  readonly log?: string;
  readonly out: string;
  readonly json?: boolean;
}

export const DRAFT_KINDS = ["bugzilla", "cover", "reply"] as const;
export type DraftKind = (typeof DRAFT_KINDS)[number];

/** Rows of a timeline: as many as `check` shows, and what a letter has room for. */
const FULL_ROOM = { columns: MAIL_COLUMNS, maxRows: 60 };
const SHORT_ROOM = { columns: MAIL_COLUMNS, maxRows: 16 };
/** To standard output: no files are written. */
const NO_FOLDER = "-";

type DraftableSystem = RepairableSystem & Required<Pick<System, "draft">>;

function isDraftable(system: System): system is DraftableSystem {
  return isRepairable(system) && system.draft !== undefined;
}

function kindNamed(word: string): DraftKind {
  const kind = DRAFT_KINDS.find((one) => one === word);
  if (kind === undefined) throw new InputError(word, `no such draft; there are ${DRAFT_KINDS.join(", ")}`);
  return kind;
}

/** Options that belong to other kinds are refused before anything is computed. */
function refuseOddOptions(kind: DraftKind, { log, history, range }: DraftOptions): void {
  if (kind === "reply" && log === undefined) throw new InputError("--log", "a reply needs the reporter's kernel log");
  if (kind !== "reply" && log !== undefined) throw new InputError("--log", `has no meaning for ${kind}`);
  if (kind === "reply" && history !== undefined) throw new InputError("--history", "has no meaning for reply");
  if (range !== undefined && history === undefined) throw new InputError("--range", "needs --history REPO");
}

interface History {
  readonly repository: Repository;
  readonly range: Range;
}

async function openHistory({ history, range }: DraftOptions): Promise<History | null> {
  if (history === undefined) return null;
  const repository = await openRepository(history, process.cwd());
  return { repository, range: await resolveRange(repository, range ?? "HEAD") };
}

async function affectedIn(
  system: System,
  property: string,
  history: History | null,
  options: DraftOptions,
): Promise<Affected | null> {
  if (history === null) return null;
  const { repository, range } = history;
  const document = await historyOf(system, repository, range, { ...options, cache: true });
  return affectedBy(document, property, (commit) => releaseOf(repository, commit));
}

function draftTemplates(): DraftTemplates {
  const folder = join(installationFolder(), "templates");
  const read = (name: string): string => readFileSync(join(folder, `draft-${name}.txt.hbs`), "utf8");
  return Object.fromEntries(DRAFT_TEMPLATES.map((name) => [name, read(name)])) as Record<
    (typeof DRAFT_TEMPLATES)[number],
    string
  >;
}

/** The best candidate that holds, as it would be mailed. */
function bestPatch({ placed, mails }: Repair): DraftPatch | null {
  for (const one of placed) {
    const mail = mails.get(one.candidate.name);
    if (mail !== undefined) return { placed: one, fileName: mail.name, mail: mail.contents };
  }
  return null;
}

/** Everything that is told of the first violated property; null where none is. */
async function violationOf(
  system: DraftableSystem,
  subject: Subject,
  narrowing: Narrowing,
  affectedIn: (property: string) => Promise<Affected | null>,
): Promise<Violation | null> {
  const { before } = subject;
  const { result } = before;
  const property = result.properties.find(({ verdict }) => verdict === "violated")?.name;
  if (property === undefined) return null;
  const repair = await repairSystem(subject, {
    narrowing,
    series: null,
    trailers: [],
    compiles: false,
    triesAll: false,
    cacheDirectory: cacheFolder(),
    author: await authorOf(),
  });
  const patch = bestPatch(repair);
  const after = patch === null ? null : (repair.checked.get(patch.placed.candidate.name)?.result ?? null);
  const templates = messageTemplates(system);
  const story = system.repair.story(result, after);
  return {
    property,
    bug: system.draft.bug(result, property),
    cause: coverLetter({ ...templates, effect: "" }, story, []),
    what: coverLetter(templates, story, []),
    timeline: (mailTimeline(before, property, FULL_ROOM) ?? "").trim(),
    shortTimeline: (mailTimeline(before, property, SHORT_ROOM) ?? "").trim(),
    advice: system.figures.advice?.(result.figures) ?? [],
    measures: system.repair.measures(result),
    candidates: repair.placed,
    patch,
    affected: await affectedIn(property),
  };
}

/** Why there is nothing to send; null where there is something. */
function whyNothing(kind: DraftKind, { result, violation, kernel, system }: DraftFacts): string | null {
  const where = `${kernelName(kernel)}: ${system.title} (${system.name})`;
  if (result.verdict === "inconclusive") return `${where}: inconclusive: ${result.reasons.join("; ")}`;
  if (kind === "reply") return null;
  if (violation === null) return `${where}: holds: there is nothing to report`;
  if (kind === "cover" && violation.patch === null) return `${where}: no candidate patch holds: there is none to cover`;
  return null;
}

/** A draft with the files that --out takes. */
interface Draft {
  readonly document: DraftDocument;
  readonly text: string;
  readonly files: ReadonlyMap<string, string | Buffer>;
}

function draftOf(kind: DraftKind, facts: DraftFacts, reading: LogReading | null, stem: string): Draft {
  const { system, kernel, result, violation } = facts;
  const why = whyNothing(kind, facts);
  const { id, version } = kernel;
  const about = { system: system.name, kernel: { id, version }, verdict: result.verdict, why };
  const templates = draftTemplates();
  const patch = violation?.patch ?? null;
  const patches: [string, Buffer][] = patch === null ? [] : [[patch.fileName, patch.mail]];
  const drafted = (document: DraftDocument, text: string, more: [string, string | Buffer][]): Draft => {
    const files: [string, string | Buffer][] = why === null ? [[`${stem}.txt`, text], ...more] : [];
    return { document, text: why === null ? text : `${printable(why)}\n`, files: new Map(files) };
  };
  if (kind === "reply" && reading !== null) {
    const text = why === null ? replyText(facts, logReport(reading), templates) : null;
    const document: DraftDocument = { kind, ...about, text, log: logDocument(reading) };
    return drafted(document, text ?? "", patches);
  }
  if (kind === "cover") {
    const text = why === null && violation !== null ? coverText(facts, violation, templates) : null;
    return drafted({ kind, ...about, text }, text ?? "", patches);
  }
  const isBug = why === null && violation !== null;
  const bug = isBug ? bugDocument(facts, violation, templates) : null;
  const attachments = isBug ? [...attachmentDocuments(facts, violation, templates)] : [];
  const document: DraftDocument = { kind: "bugzilla", ...about, bug, attachments };
  const text = bug === null ? "" : bugText(bug, attachments, templates);
  return drafted(document, text, [[`${stem}.json`, `${JSON.stringify(document, null, 1)}\n`], ...patches]);
}

/** 0: drafted, or nothing to report; 1: there is no patch to cover; 3: inconclusive. */
function exitOf({ verdict, why }: DraftDocument): Exit {
  if (verdict === "inconclusive") return EXIT.inconclusive;
  return why !== null && verdict === "violated" ? EXIT.findings : EXIT.done;
}

async function show({ document, text, files }: Draft, options: DraftOptions): Promise<void> {
  const written = options.out === NO_FOLDER || files.size === 0 ? [] : writeFiles(options.out, files);
  if (options.json === true) return print(jsonLine(document));
  return print(written.length === 0 ? text : `written: ${written.map(printable).join(", ")}\n`);
}

/** Runs the command; nothing is ever sent. */
export async function draftCommand(
  word: string,
  name: string,
  options: DraftOptions,
  systems?: Systems,
): Promise<Exit> {
  const kind = kindNamed(word);
  const system = systemNamed(name, systems);
  if (!isDraftable(system)) throw new InputError(name, "has no drafts yet");
  // A draft needs a witness and patches, as `run` does, and takes its table.
  const narrowing: Narrowing = { ...narrowingOf(options, system), size: "brief" };
  const configuration = configurationOf(options.config);
  refuseOddOptions(kind, options);
  if (options.out !== NO_FOLDER) checkOut(options.out, "draft");
  const log = options.log === undefined ? null : readLog(options.log);
  const history = await openHistory(options);
  const source = await openForCommand(options.kernel, []);
  try {
    const subject = await subjectOf(system, source, configuration, narrowing);
    const { result, translation } = subject.before;
    const affected = (property: string) => affectedIn(system, property, history, options);
    const facts: DraftFacts = {
      system,
      component: system.draft.component,
      kernel: source,
      result,
      narrowedTo: narrowedTo(options),
      unmodelled: translation.unmodelled,
      violation: await violationOf(system, subject, narrowing, affected),
    };
    const sites = printSites(subject.program, translation.functions, system.draft.prints);
    const reading = log === null ? null : readKernelLog(log, sites);
    const draft = draftOf(kind, facts, reading, `${name}-${kind}-${modelTag(subject.before)}`);
    await show(draft, options);
    return exitOf(draft.document);
  } finally {
    await source.close();
  }
}
