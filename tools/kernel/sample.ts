/**
 * The small kernel that ships with groundhog: a folder `tree/` (its files at the start, may be absent) and a folder
 * `history/` of patch mails, made into a git repository whose commit names are the same on every machine.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { SimpleGit } from "simple-git";
import { explainGit } from "./explain-git.ts";
import { openRevision } from "./git.ts";
import { InputError } from "./input-error.ts";
import { isolatedGit } from "./isolated-git.ts";
import { sortByBytes } from "./paths.ts";
import type { KernelSource, OpenOptions } from "./source.ts";
import { moveIntoPlace, withTemporary } from "./temporary.ts";

/** Committer of every commit, and author of the first one, which has no mail. */
const BUILDER = { name: "groundhog", email: "groundhog@localhost" };
const START_DATE = "2020-01-01T00:00:00+0000";

/** Part of the cache key: to be raised when this file builds the same sample in another way. */
const LAYOUT = 1;

/** One step of the sample's history. */
export interface SampleStep {
  /** 1 for the first patch. */
  readonly number: number;
  /** The patch file's name without number and ending. */
  readonly name: string;
  /** Path of the patch mail. */
  readonly patch: string;
}

/**
 * The steps of a sample, in the order of their file names.
 *
 * @throws InputError when the folder holds no `history/*.patch`
 */
export function sampleSteps(sampleDirectory: string): readonly SampleStep[] {
  const history = join(sampleDirectory, "history");
  const names = existsSync(history) ? readdirSync(history).filter((name) => /^\d{4}-.+\.patch$/.test(name)) : [];
  if (names.length === 0) {
    throw new InputError(sampleDirectory, "holds no sample kernel: there is no history/NNNN-NAME.patch");
  }
  return sortByBytes(names).map((name, index) => ({
    number: index + 1,
    name: name.replace(/^\d{4}-/, "").replace(/\.patch$/, ""),
    patch: join(history, name),
  }));
}

/**
 * Opens the sample, built into the cache when it is not there yet.
 *
 * @param id `sample` or `sample@STEP`
 * @param step number (1 is the first) or name of a step; null for the newest
 * @throws InputError when there is no such step (all are listed) or git cannot build the sample
 */
export async function openSample(id: string, step: string | null, options: OpenOptions): Promise<KernelSource> {
  const steps = sampleSteps(options.sampleDirectory);
  const found = step === null ? steps.at(-1) : steps.find((known) => isStep(known, step));
  if (found === undefined) {
    const known = steps.map(({ number, name }) => `${number} (${name})`).join(", ");
    throw new InputError(id, `no such step; there are ${known}`);
  }
  const repository = await cachedSample(options);
  return openRevision(id, { repository, revision: `refs/tags/step-${found.number}` }, options.wanted);
}

function isStep(known: SampleStep, step: string): boolean {
  return known.name === step || (/^\d{1,4}$/.test(step) && known.number === Number(step));
}

/** Path of the sample's repository in the cache; its key is what the sample consists of. */
async function cachedSample(options: OpenOptions): Promise<string> {
  const place = join(options.cacheDirectory, "sample", contentsKey(options.sampleDirectory));
  if (!existsSync(place)) {
    options.progress?.("building the sample kernel's history");
    await withTemporary(options.cacheDirectory, async (directory) => {
      const repository = join(directory, "sample");
      await buildSampleRepository(options.sampleDirectory, repository);
      moveIntoPlace(repository, place);
    });
  }
  return place;
}

function contentsKey(sampleDirectory: string): string {
  const hash = createHash("sha256").update(`layout ${LAYOUT}\n`);
  const tree = join(sampleDirectory, "tree");
  const files = existsSync(tree) ? readdirSync(tree, { recursive: true, withFileTypes: true }) : [];
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  for (const path of [...sortByBytes(paths), ...sampleSteps(sampleDirectory).map((step) => step.patch)]) {
    const contents = readFileSync(path);
    hash.update(`${path.slice(sampleDirectory.length)}\0${contents.length}\0`).update(contents);
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * Builds the sample's git repository: branch `main`, one commit for `tree/` where there is one, one per patch, tags
 * `step-1` to `step-N`. The same sample gives the same commit names, whatever the user's git configuration, locale,
 * time zone and umask.
 *
 * @param targetDirectory made here; must not exist yet or be empty
 * @returns the steps, in order
 * @throws InputError when a patch does not apply, or git is not there
 */
export async function buildSampleRepository(
  sampleDirectory: string,
  targetDirectory: string,
): Promise<readonly SampleStep[]> {
  const steps = sampleSteps(sampleDirectory);
  if (existsSync(targetDirectory) && readdirSync(targetDirectory).length > 0) {
    throw new InputError(targetDirectory, "the folder is not empty");
  }
  mkdirSync(targetDirectory, { recursive: true });
  const git = isolatedGit(targetDirectory, { ...BUILDER, date: START_DATE });
  try {
    await git.raw("init", "--quiet", "--template=", "--object-format=sha1", "--initial-branch=main");
    await commitStart(git, join(sampleDirectory, "tree"), targetDirectory);
    for (const step of steps) {
      await applyStep(git, step);
    }
  } catch (error) {
    throw error instanceof InputError ? error : gitFailed(sampleDirectory, error);
  }
  return steps;
}

async function commitStart(git: SimpleGit, tree: string, targetDirectory: string): Promise<void> {
  if (!existsSync(tree) || readdirSync(tree).length === 0) {
    return;
  }
  cpSync(tree, targetDirectory, { recursive: true });
  await git.raw("add", "--all", "--force");
  await git.raw("commit", "--quiet", "--no-verify", "--message=Start of the sample kernel");
}

async function applyStep(git: SimpleGit, step: SampleStep): Promise<void> {
  try {
    await git.raw("am", "--quiet", "--patch-format=mbox", "--committer-date-is-author-date", step.patch);
    await git.raw("tag", `step-${step.number}`);
  } catch (error) {
    throw gitFailed(basename(step.patch), error);
  }
}

function gitFailed(subject: string, error: unknown): InputError {
  const message = error instanceof Error ? error.message : String(error);
  return new InputError(subject, explainGit(message), { cause: error });
}
