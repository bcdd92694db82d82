/** Candidate patches of one system: each edit made, verified, modelled and checked anew, formatted, tried, compared. */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../c/program.ts";
import type { CheckResult } from "../check/verdict.ts";
import { InputError } from "../kernel/input-error.ts";
import type { KernelSource } from "../kernel/source.ts";
import type { Candidate, PatchSize, Story, ToolCheck } from "../repair/candidate.ts";
import { checkpatch } from "../repair/checkpatch.ts";
import { inOrder, type Placed } from "../repair/comparison.ts";
import { compileTouched } from "../repair/compile.ts";
import { isCover, type Mail, makePatches } from "../repair/patch.ts";
import { patchedSource } from "../repair/patched-source.ts";
import { propose } from "../repair/propose.ts";
import type { Edit, Proposal, Recipe } from "../repair/recipe.ts";
import { patchedFiles, verifyEdits } from "../repair/verify-edits.ts";
import { commitMessage, coverLetter, subjectLine } from "../report/commit-message.ts";
import { collectTimingFacts } from "../timing/collect.ts";
import type { Probe } from "../timing/probe.ts";
import { probeIn, recipeNamed, recipesOf } from "./candidates.ts";
import { type Checked, checkPrepared, prepare } from "./check-system.ts";
import { messageTemplates, Provenances } from "./provenances.ts";
import type { RepairRequest, Subject } from "./repair-request.ts";
import { jobProgress } from "./surroundings.ts";
import { modelOf } from "./translation.ts";
import { modelTag } from "./witnesses.ts";

export interface Repair {
  readonly isNeeded: boolean;
  readonly before: CheckResult;
  readonly placed: readonly Placed[];
  /** The check with each candidate, by its name. */
  readonly checked: ReadonlyMap<string, Checked>;
  readonly mails: ReadonlyMap<string, Mail>;
  /** The series that was asked for; null where none was. */
  readonly series: { readonly candidate: Candidate; readonly mails: readonly Mail[] } | null;
}

/** What all candidates of one run share. */
interface Room {
  readonly subject: Subject;
  readonly request: RepairRequest;
  /** Null where the system is not about one. */
  readonly probe: Probe | null;
  readonly isNeeded: boolean;
  readonly provenance: Provenances;
  readonly headerReasons: Map<string, string>;
}

/** A source to which candidates are applied: the kernel's, or that with the patches of a series so far. */
interface Base {
  /** Contents by path that differ from the kernel's. */
  readonly changed: ReadonlyMap<string, Buffer>;
  readonly program: Program;
}

/** A candidate's edit, made and checked, before there is a patch. */
interface Tried extends Base {
  readonly recipe: Recipe;
  readonly proposal: Proposal;
  readonly checks: readonly ToolCheck[];
  readonly checked: Checked | null;
}

/** A patch of a symbolic link's target is none that git takes at the link's path. */
function withoutLinks(proposal: Proposal, { directory }: KernelSource): Proposal {
  if (proposal.kind !== "edits" || directory === undefined) return proposal;
  const isLink = (file: string): boolean =>
    lstatSync(join(directory, file), { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const link = proposal.edits.find((one) => isLink(one.file));
  if (link === undefined) return proposal;
  return { kind: "not-recognised", file: link.file, line: 1, reason: "is a symbolic link, which git does not patch" };
}

/** Makes a recipe's edit on a program and puts the result through the check. */
async function tryRecipe(room: Room, recipe: Recipe, on: Base, probe: Probe | null): Promise<Tried> {
  const { subject, request } = room;
  const proposal = withoutLinks(propose(recipe, on.program, probe), subject.source);
  const unchanged = { recipe, proposal, changed: on.changed, program: on.program };
  if (proposal.kind !== "edits") return { ...unchanged, checks: [], checked: null };
  const edited = patchedFiles(on.program.files, proposal.edits);
  const checks = verifyEdits(on.program.files, edited, proposal.edits, subject.configuration);
  const changed = new Map([...on.changed, ...edited]);
  if (checks.some((one) => one.status === "failed")) return { ...unchanged, checks, checked: null };
  const program = on.program.replaced(edited);
  const translation = await modelOf(patchedSource(subject.source, changed), program, subject.system);
  const prepared = prepare(subject.system, translation, request.narrowing);
  const checked = await checkPrepared(prepared, jobProgress(recipe.name));
  return { recipe, proposal, changed, program, checks, checked };
}

function contentsOf(program: Program, paths: Iterable<string>): ReadonlyMap<string, Buffer> {
  const wanted = new Set(paths);
  const files = program.files.filter((one) => wanted.has(one.path));
  return new Map(files.map((one) => [one.path, Buffer.from(one.masked.source, "latin1")]));
}

/**
 * What a candidate's patch is called: the same in every run on one kernel, and told apart from other kernels' as
 * witnesses are. The model's sum covers all files of the slice, so that no patch replaces one of another kernel.
 */
export function patchName({ system, before }: Pick<Subject, "system" | "before">, candidate: string): string {
  return `${system.name}-${candidate}-${modelTag(before)}.patch`;
}

/** The same for the folder of a series. */
export function seriesFolder({ system, before }: Pick<Subject, "system" | "before">, series: Candidate): string {
  return `${system.name}-series-${series.name.replaceAll(",", "-")}-${modelTag(before)}`;
}

interface Formatted {
  readonly mail: Mail;
  readonly size: PatchSize;
  readonly checks: readonly ToolCheck[];
}

/** The patch of one candidate, with what the tools say of it. */
async function formatted(room: Room, tried: Tried): Promise<Formatted> {
  const { subject, request } = room;
  const paths = [...tried.changed.keys()];
  const { origin, prefix, trailers } = await room.provenance.of(paths);
  const { recipe, checked } = tried;
  const story = subject.system.repair.story(subject.before.result, checked?.result ?? null);
  const message = commitMessage(messageTemplates(subject.system), { prefix, ...recipe, story, trailers });
  const made = await makePatches({
    before: contentsOf(subject.program, paths),
    changes: [{ after: tried.changed, message }],
    origin,
    author: request.author,
    cover: null,
    cacheDirectory: request.cacheDirectory,
  });
  const [mail] = made.mails;
  if (mail === undefined) throw new Error("git made no patch");
  const checks = [...made.checks, await checkpatch(subject.source, [mail], request.cacheDirectory)];
  if (request.compiles) checks.push(await compiled(room, recipe.name, tried.changed));
  const name = patchName(subject, recipe.name);
  return { mail: { name, contents: mail.contents }, size: made.size, checks };
}

function compiled(
  { subject, request, headerReasons }: Room,
  name: string,
  changed: ReadonlyMap<string, Buffer>,
): Promise<ToolCheck> {
  const { source } = subject;
  const patched = patchedSource(source, changed);
  return compileTouched({
    version: source.version,
    touched: [...changed.keys()],
    list: patched.list,
    read: patched.read,
    readOriginal: (path) => source.read(path),
    cacheDirectory: request.cacheDirectory,
    reasons: headerReasons,
    progress: (line) => process.stderr.write(`${name}: ${line}\n`),
  });
}

/** Lines that edits add and take out, for candidates without a patch. */
function roughSize(edits: readonly Edit[], program: Program): PatchSize {
  const lines = (text: string): number => (text === "" ? 0 : text.replace(/\n$/, "").split("\n").length);
  let [added, removed] = [0, 0];
  for (const { file, start, end, text } of edits) {
    const source = program.files.find((one) => one.path === file)?.masked.source ?? "";
    added += lines(text);
    removed += lines(source.slice(start, end));
  }
  return { files: new Set(edits.map((one) => one.file)).size, added, removed };
}

async function candidateOf(room: Room, tried: Tried): Promise<{ candidate: Candidate; mail: Mail | null }> {
  const { recipe, proposal, checks } = tried;
  const result = tried.checked?.result ?? null;
  const { subject, request, isNeeded } = room;
  const { name, title } = recipe;
  const measures = result === null ? [] : subject.system.repair.measures(result);
  const violated = result?.properties.find((one) => one.verdict === "violated");
  const refutation = violated === undefined ? null : `${violated.name}: ${violated.detail}`;
  const base = { name, title, proposal, measures, refutation };
  if (proposal.kind !== "edits") {
    const verdict = proposal.kind === "already-there" ? subject.before.result.verdict : null;
    return { candidate: { ...base, verdict, size: null, checks, patch: null }, mail: null };
  }
  const verdict = result?.verdict ?? "inconclusive";
  const isOffered = verdict === "holds" && isNeeded;
  // An edit that damaged its surroundings has no result, and is not made a patch of.
  if (result === null || !(isOffered || request.triesAll)) {
    const size = roughSize(proposal.edits, subject.program);
    return { candidate: { ...base, verdict, size, checks, patch: null }, mail: null };
  }
  const made = await formatted(room, tried);
  const all = [...checks, ...made.checks];
  const isSound = isOffered && all.every((one) => one.status !== "failed");
  return {
    candidate: { ...base, verdict, size: made.size, checks: all, patch: isSound ? made.mail.name : null },
    mail: isSound ? made.mail : null,
  };
}

/** One patch after the other, each on top of those before; checked as a whole. */
async function seriesOf(room: Room, names: readonly string[]): Promise<NonNullable<Repair["series"]>> {
  const { subject, request } = room;
  const steps: Tried[] = [];
  let at: Base | Tried = { program: subject.program, changed: new Map() };
  for (const name of names) {
    const recipe = recipeNamed(subject.system, name, `--series ${names.join(",")}`);
    const { facts } = collectTimingFacts(at.program);
    const tried: Tried = await tryRecipe(room, recipe, at, probeIn(subject.system, facts, subject.source.id));
    const { proposal } = tried;
    if (proposal.kind === "not-recognised") {
      throw new InputError(`${proposal.file}:${proposal.line}`, `${name} does not apply: ${proposal.reason}`);
    }
    if (proposal.kind === "already-there") throw new InputError(name, `is there already: ${proposal.why}`);
    const failed = tried.checks.find((one) => one.status === "failed");
    if (failed !== undefined) throw new InputError(name, `${failed.tool}: ${failed.detail}`);
    steps.push(tried);
    at = tried;
  }
  const last = at as Tried;
  const result = last.checked?.result ?? null;
  const { origin, prefix, trailers } = await room.provenance.of([...last.changed.keys()]);
  const templates = messageTemplates(subject.system);
  const storyAfter = (after: CheckResult | null): Story => ({
    ...subject.system.repair.story(subject.before.result, after),
    isSeries: true,
  });
  const made = await makePatches({
    before: contentsOf(subject.program, last.changed.keys()),
    // Each message tells what has come about by then.
    changes: steps.map(({ recipe, changed, checked }, i) => {
      const story = { ...storyAfter(checked?.result ?? null), isFollowUp: i > 0 };
      return { after: changed, message: commitMessage(templates, { prefix, ...recipe, story, trailers }) };
    }),
    origin,
    author: request.author,
    cover: {
      subject: subjectLine({ prefix, subject: `repair the timing of the ${subject.system.title}` }),
      text: coverLetter(templates, { ...storyAfter(result), isSeries: false }, request.trailers),
    },
    cacheDirectory: request.cacheDirectory,
  });
  const patches = made.mails.filter((one) => !isCover(one.name));
  const own = steps.flatMap((one) => one.checks);
  const checks = [...own, ...made.checks, await checkpatch(subject.source, patches, request.cacheDirectory)];
  if (request.compiles) checks.push(await compiled(room, "the series", last.changed));
  const isSound = result?.verdict === "holds" && checks.every((one) => one.status !== "failed");
  const candidate: Candidate = {
    name: names.join(","),
    title: "the series",
    proposal: last.proposal,
    verdict: result?.verdict ?? "inconclusive",
    refutation: null,
    size: made.size,
    measures: result === null ? [] : subject.system.repair.measures(result),
    checks,
    patch: null,
  };
  return { candidate, mails: isSound ? made.mails : [] };
}

/** Puts all candidates of a system through the same check, or makes the series that is asked for. */
export async function repairSystem(subject: Subject, request: RepairRequest): Promise<Repair> {
  const probe = probeIn(subject.system, subject.facts, subject.source.id);
  const before = subject.before.result;
  const isNeeded = before.verdict !== "holds";
  const provenance = new Provenances(subject, request, probe, isNeeded);
  const room: Room = { subject, request, probe, isNeeded, provenance, headerReasons: new Map() };
  const checked = new Map<string, Checked>();
  const mails = new Map<string, Mail>();
  const candidates: Candidate[] = [];
  const start: Base = { program: subject.program, changed: new Map() };
  for (const recipe of request.series === null ? recipesOf(subject.system) : []) {
    const tried = await tryRecipe(room, recipe, start, probe);
    const { candidate, mail } = await candidateOf(room, tried);
    candidates.push(candidate);
    if (tried.checked !== null) checked.set(recipe.name, tried.checked);
    if (mail !== null) mails.set(recipe.name, mail);
  }
  const series = request.series === null ? null : await seriesOf(room, request.series);
  return { isNeeded, before, placed: inOrder(candidates, isNeeded), checked, mails, series };
}
