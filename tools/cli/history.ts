/** `groundhog history`: how the timing of a system changed over a range of commits. */

import type { System } from "../../kernel-models/system.ts";
import {
  commitsTouching,
  oneCommit,
  openRepository,
  type Range,
  type Repository,
  resolveRange,
} from "../history/commits.ts";
import { MissingObjectError } from "../history/objects.ts";
import { type Change, type History, walkHistory } from "../history/walk.ts";
import { InputError } from "../kernel/input-error.ts";
import { historyMail, historyText } from "../report/history.ts";
import type { HistoryChange, HistoryDocument, HistoryState } from "../report/history-schema.ts";
import { EXIT, type Exit } from "./exit.ts";
import { type Glance, Glances } from "./glance.ts";
import { type RevisionState, StateReader } from "./history-states.ts";
import { resultCache } from "./result-cache.ts";
import { cacheFolder, configurationOf, jobProgress, jsonLine, paintForTerminal, print } from "./surroundings.ts";
import { systemNamed } from "./systems.ts";

export interface HistoryOptions {
  readonly config?: string;
  readonly all?: boolean;
  readonly mail?: boolean;
  readonly cache: boolean;
  readonly json?: boolean;
}

const BOUNDS = [
  "Each model is checked at a glance, in its usual setting only; `check` tells more of a revision.",
  "Commits that change the system only through files elsewhere count with the next one that touches its folders.",
];

/** Runs the command. */
export async function historyCommand(
  name: string,
  path: string,
  range: string | undefined,
  options: HistoryOptions,
): Promise<Exit> {
  const system = systemNamed(name);
  if (options.json === true && options.mail === true) throw new InputError("--mail", "is text; --json is another");
  const repository = await openRepository(path, process.cwd());
  const document = await historyOf(system, repository, await resolveRange(repository, range ?? "HEAD"), options);
  const text =
    options.mail === true ? historyMail(document) : historyText(document, options.all === true, paintForTerminal());
  await print(options.json === true ? jsonLine(document) : text);
  return EXIT.done;
}

/** A whole history, from the cache where nothing of it is new: commits never change. */
export async function historyOf(
  system: System,
  repository: Repository,
  range: Range,
  options: Pick<HistoryOptions, "config" | "cache">,
): Promise<HistoryDocument> {
  const folder = options.cache ? cacheFolder() : null;
  const configuration = configurationOf(options.config);
  const folders = [...system.folders, ...system.beside];
  const shallow = [...repository.shallow].sort();
  const ends = [range.tip, range.without, shallow, repository.replaced];
  const key = JSON.stringify([system.name, ...ends, folders, configuration.description]);
  const cache = resultCache<HistoryDocument>(options.config === undefined ? folder : null, "history", isHistory);
  const known = cache.get(key);
  if (known !== null) return { ...known, repository: repository.id, range: range.text };
  const reader = new StateReader(repository, system, configuration);
  const glances = new Glances(system, resultCache<Glance>(folder, `glance-${system.name}`, isGlance));
  try {
    const { history, isWhole } = await walk(repository, range, folders, reader, glances);
    const document = documentOf(system, repository, range, history, glances);
    // What is missing may come back.
    if (isWhole) cache.put(key, document);
    return document;
  } finally {
    await reader.close();
  }
}

async function walk(
  repository: Repository,
  range: Range,
  folders: readonly string[],
  reader: StateReader,
  glances: Glances,
): Promise<{ readonly history: History<RevisionState>; readonly isWhole: boolean }> {
  let isWhole = true;
  const history = await walkHistory<RevisionState>({
    commits: await commitsTouching(repository, range, folders),
    other: (commit) => oneCommit(repository, commit),
    stateOf: async (commit) => {
      const state = await reader.at(commit);
      glances.want(state);
      return state;
    },
    reasonOf: (error) => {
      if (!(error instanceof MissingObjectError)) return error instanceof InputError ? error.message : null;
      isWhole = false;
      return `${error.message}: the repository is damaged, or a partial clone`;
    },
    progress: jobProgress("read"),
  });
  const left = jobProgress("checked");
  let most = 0;
  await glances.settle((waiting) => {
    most = Math.max(most, waiting + 1);
    left(most - waiting, most);
  });
  return { history, isWhole };
}

function documentOf(
  system: System,
  repository: Repository,
  range: Range,
  history: History<RevisionState>,
  glances: Glances,
): HistoryDocument {
  const stateOf = (state: RevisionState): HistoryState => stateDocument(state, glances.of(state));
  const keys = history.changes.flatMap(({ after }) => (after.model === null ? [] : [after.key]));
  const models = new Set(keys).size;
  return {
    system: system.name,
    repository: repository.id,
    range: range.text,
    tip: range.tip,
    folders: [...system.folders, ...system.beside],
    bounds: BOUNDS,
    commits: history.commits,
    models,
    isShallow: repository.shallow.size > 0,
    changes: history.changes.flatMap((change) => changeDocument(change, repository, stateOf)),
    last: history.last === null ? null : stateOf(history.last),
    skipped: [...history.skipped],
  };
}

function stateDocument({ absent }: RevisionState, glance: Glance | null): HistoryState {
  return {
    isThere: glance !== null,
    absent,
    verdict: glance?.verdict ?? null,
    violated: (glance?.properties ?? []).filter((one) => one.verdict === "violated").map(({ name }) => name),
    traits: [...(glance?.traits ?? [])],
    reasons: [...(glance?.reasons ?? [])],
  };
}

/** A history that begins without the system begins with nothing to tell; what of it a revision lacks is no change. */
function changeDocument(
  { commit, before, after }: Change<RevisionState>,
  repository: Repository,
  stateOf: (state: RevisionState) => HistoryState,
): readonly HistoryChange[] {
  const isEdge = before.length === 0 && (commit.parents.length > 0 || repository.shallow.has(commit.commit));
  if (after.model === null && (before.length === 0 || before.some(({ model }) => model === null))) return [];
  const [old] = before;
  const then = before.map(stateOf);
  const now = stateOf(after);
  const factsGone = (old?.facts ?? []).filter((fact) => !after.facts.includes(fact));
  const factsNew = after.facts.filter((fact) => old?.facts.includes(fact) !== true);
  const told = ({ isThere, verdict, traits }: HistoryState): string => JSON.stringify([isThere, verdict, traits]);
  const isSame = then.length > 0 && then.every((one) => told(one) === told(now));
  const { date, author, subject } = commit;
  return [
    {
      ...{ commit: commit.commit, date, author, subject },
      isTimed: !isSame || factsGone.length > 0 || factsNew.length > 0,
      isEdge,
      before: then,
      after: now,
      factsGone,
      factsNew,
    },
  ];
}

function isHistory(value: unknown): value is HistoryDocument {
  return (
    typeof value === "object" && value !== null && "changes" in value && Array.isArray(value.changes) && "last" in value
  );
}

export function isGlance(value: unknown): value is Glance {
  return (
    typeof value === "object" &&
    value !== null &&
    "traits" in value &&
    Array.isArray(value.traits) &&
    "verdict" in value
  );
}
