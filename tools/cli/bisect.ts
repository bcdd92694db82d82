/** `groundhog bisect`: the first commit at which the verdict changes. Work tree, HEAD and index stay as they are. */
import type { System } from "../../kernel-models/system.ts";
import type { Configuration } from "../c/configuration.ts";
import type { Verdict } from "../check/verdict.ts";
import { type BisectResult, bisect, type Side } from "../history/bisect.ts";
import {
  type Commit,
  commitsTouching,
  isAncestor,
  oneCommit,
  openRepository,
  type Repository,
  resolveCommit,
} from "../history/commits.ts";
import { MissingObjectError } from "../history/objects.ts";
import { takeBack } from "../history/take-back.ts";
import type { Skipped } from "../history/walk.ts";
import { InputError } from "../kernel/input-error.ts";
import { patchedSource } from "../repair/patched-source.ts";
import { bisectText } from "../report/bisect.ts";
import type { BisectDocument } from "../report/history-schema.ts";
import { type NarrowingOptions, narrowingOf } from "./check-options.ts";
import { BRIEFLY, checkPrepared, type Narrowing, prepare } from "./check-system.ts";
import { EXIT, type Exit } from "./exit.ts";
import { type RevisionState, StateReader } from "./history-states.ts";
import { type ResultCache, resultCache } from "./result-cache.ts";
import { cacheFolder, configurationOf, jsonLine, paintForTerminal, print } from "./surroundings.ts";
import { systemNamed } from "./systems.ts";
import { type KernelModel, modelOf, programOf } from "./translation.ts";

export interface BisectOptions extends NarrowingOptions {
  readonly config?: string;
  readonly find?: string;
  readonly cache: boolean;
  readonly json?: boolean;
}

/** What is known of a revision. */
interface Told {
  readonly verdict: Verdict;
  readonly reason: string;
}

/** What the functions here share. */
interface Search {
  readonly system: System;
  readonly repository: Repository;
  readonly configuration: Configuration;
  readonly reader: StateReader;
  readonly narrowing: Narrowing;
  readonly cache: ResultCache<Told>;
  readonly skipped: Skipped[];
}

/** Runs the command. */
export async function bisectCommand(
  name: string,
  path: string,
  goodName: string,
  badName: string,
  options: BisectOptions,
): Promise<Exit> {
  const system = systemNamed(name);
  const find = options.find ?? "bug";
  if (find !== "bug" && find !== "fix") throw new InputError(`--find ${find}`, "is neither bug nor fix");
  const isNarrowed =
    options.hz !== undefined || options.wheel !== undefined || Object.keys(options.own ?? {}).length > 0;
  const narrowing = isNarrowed ? narrowingOf(options, system) : BRIEFLY;
  const configuration = configurationOf(options.config);
  const repository = await openRepository(path, process.cwd());
  const [good, bad] = [await resolveCommit(repository, goodName), await resolveCommit(repository, badName)];
  const reader = new StateReader(repository, system, configuration);
  const folder = options.cache && options.config === undefined ? cacheFolder() : null;
  const cache = resultCache<Told>(folder, `verdict-${system.name}`, isTold);
  const search: Search = { system, repository, configuration, reader, narrowing, cache, skipped: [] };
  try {
    const document = await found(search, { good, bad, goodName, badName, find });
    await print(options.json === true ? jsonLine(document) : bisectText(document, paintForTerminal()));
    return document.first === null ? EXIT.inconclusive : EXIT.done;
  } finally {
    await reader.close();
  }
}

interface Ends {
  readonly good: string;
  readonly bad: string;
  readonly goodName: string;
  readonly badName: string;
  readonly find: "bug" | "fix";
}

async function found(search: Search, ends: Ends): Promise<BisectDocument> {
  const { repository, system } = search;
  const isBug = ends.find === "bug";
  const [older, newer] = isBug ? [ends.good, ends.bad] : [ends.bad, ends.good];
  const [olderName, newerName] = isBug ? [ends.goodName, ends.badName] : [ends.badName, ends.goodName];
  const [before, after] = isBug ? (["holds", "violated"] as const) : (["violated", "holds"] as const);
  await requireEnd(search, await oneCommit(repository, older), olderName, before);
  const end = await oneCommit(repository, newer);
  await requireEnd(search, end, newerName, after);
  if (!(await isAncestor(repository, older, newer))) {
    const hint = (await isAncestor(repository, newer, older))
      ? "; the other way round, --find fix looks for the fix"
      : "";
    throw new InputError(
      `${olderName}..${newerName}`,
      `${olderName} is no ancestor of ${newerName}${isBug ? hint : ""}`,
    );
  }
  const folders = [...system.folders, ...system.beside];
  const range = { text: `${olderName}..${newerName}`, tip: newer, without: [older] };
  const commits = await commitsTouching(repository, range, folders);
  const result = await bisect(commits, (commit) => sideOf(search, commit, after));
  return documentOf(search, ends, { before, after, end, commits, result });
}

/** Endpoints first: a search between ends that do not differ finds something that means nothing. */
async function requireEnd(search: Search, commit: Commit, name: string, wanted: Verdict): Promise<void> {
  const { verdict, reason } = await tell(search, commit);
  if (verdict === wanted) return;
  const why = reason === "" ? "" : `: ${reason}`;
  throw new InputError(
    `${search.repository.id}@${name}`,
    `${search.system.name} ${inWords(verdict)} there, and was to be "${wanted}"${why}`,
  );
}

async function sideOf(search: Search, commit: Commit, after: Verdict): Promise<Side> {
  const { verdict, reason } = await tell(search, commit);
  if (process.stderr.isTTY === true) process.stderr.write(`${commit.commit.slice(0, 12)} ${verdict}\n`);
  if (verdict !== "inconclusive") return verdict === after ? "new" : "old";
  search.skipped.push({ commit: commit.commit, reason });
  return "unknown";
}

/** The verdict on a revision; what it cannot be told of is inconclusive. */
async function tell(search: Search, commit: Commit): Promise<Told> {
  let state: RevisionState;
  try {
    state = await search.reader.at(commit);
  } catch (error) {
    if (!(error instanceof MissingObjectError) && !(error instanceof InputError)) throw error;
    return { verdict: "inconclusive", reason: error.message };
  }
  if (state.model === null) return { verdict: "inconclusive", reason: state.absent ?? "the system is not there" };
  const key = JSON.stringify([state.key, search.narrowing]);
  const known = search.cache.get(key);
  if (known !== null) return known;
  const told = await checked(search, state.model);
  search.cache.put(key, told);
  return told;
}

async function checked({ system, narrowing }: Search, model: KernelModel): Promise<Told> {
  const { result } = await checkPrepared(prepare(system, model, narrowing), () => undefined);
  const reason = result.verdict === "inconclusive" ? (result.reasons[0] ?? "") : "";
  return { verdict: result.verdict, reason };
}

interface Outcome {
  readonly before: Verdict;
  readonly after: Verdict;
  readonly end: Commit;
  readonly commits: readonly Commit[];
  readonly result: BisectResult;
}

async function documentOf(search: Search, ends: Ends, outcome: Outcome): Promise<BisectDocument> {
  const { before, after, commits, result } = outcome;
  const { first, candidates, steps } = result;
  const told = ({ commit, date, author, subject }: Commit) => ({ commit, date, author, subject });
  const reasons =
    first !== null
      ? []
      : candidates.length === 0
        ? [`every commit that touches the system's folders is ${before}: what changed the verdict lies elsewhere`]
        : [`${candidates.length} commits are left, and those between them cannot be judged`];
  return {
    system: search.system.name,
    good: ends.good,
    bad: ends.bad,
    find: ends.find,
    first: first === null ? null : told(first),
    candidates: first === null ? candidates.map(told) : [],
    before,
    after,
    steps: steps + 2,
    commitsConsidered: commits.length,
    skipped: search.skipped,
    confirmation: await confirmation(search, outcome),
    reasons,
  };
}

/** Takes the culprit's change back at the newer end: the verdict must be the old one there. */
async function confirmation(search: Search, { before, end, result }: Outcome): Promise<BisectDocument["confirmation"]> {
  const { first } = result;
  const parent = first?.parents[0];
  if (first === null || parent === undefined) return { status: "not-tried", detail: "there is no one commit" };
  if (first.parents.length > 1) return { status: "not-tried", detail: "it is a merge" };
  const { system, repository, reader } = search;
  const { folders, beside } = system;
  const [was, is, later] = await Promise.all(
    [await oneCommit(repository, parent), first, end].map((commit) => reader.snapshot(commit)),
  );
  if (was === undefined || is === undefined || later === undefined) throw new Error("a snapshot is missing");
  const taken = await takeBack(was, is, later, [...folders, ...beside]);
  if (taken.files === null) return { status: "does-not-apply", detail: taken.reason };
  const program = (await programOf(later, search.configuration)).replaced(taken.files);
  try {
    const model = await modelOf(patchedSource(later, taken.files), program, system);
    const { verdict } = await checked(search, model);
    const name = end.commit.slice(0, 12);
    if (verdict === before)
      return { status: "confirmed", detail: `with its change taken back, ${name} ${inWords(verdict)}` };
    return { status: "not-confirmed", detail: `with its change taken back, ${name} ${inWords(verdict)} all the same` };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { status: "does-not-apply", detail: `without it the system cannot be translated: ${error.message}` };
  }
}

function inWords(verdict: Verdict): string {
  return verdict === "holds" ? "holds" : `is ${verdict}`;
}

function isTold(value: unknown): value is Told {
  return typeof value === "object" && value !== null && "verdict" in value && "reason" in value;
}
