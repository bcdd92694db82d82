/**
 * The commits of a repository that touch some folders, as git tells of them: side branches that changed nothing are
 * left out.
 */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { type SimpleGit, simpleGit } from "simple-git";
import { explainGit } from "../kernel/explain-git.ts";
import { gitEnvironment } from "../kernel/git.ts";
import { InputError } from "../kernel/input-error.ts";

export interface Commit {
  readonly commit: string;
  readonly tree: string;
  /** Those of the commits that touch the folders, or that lie before the range. */
  readonly parents: readonly string[];
  /** ISO 8601, as the author's clock had it. */
  readonly date: string;
  readonly author: string;
  readonly subject: string;
}

/** A repository that was opened to be read. */
export interface Repository {
  /** As the user named it. */
  readonly id: string;
  /** Real path. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly git: SimpleGit;
  /** Commits whose parents a shallow clone does not have. */
  readonly shallow: ReadonlySet<string>;
  /** Replace refs and grafts, as git has them: with others the same commits have other parents and files. */
  readonly replaced: string;
}

/** Commits between two ends. */
export interface Range {
  /** As it is printed: `v6.1..v6.6`. */
  readonly text: string;
  /** The newest end, and commits whose ancestors are left out. */
  readonly tip: string;
  readonly without: readonly string[];
}

const FIELDS = ["%H", "%T", "%P", "%aI", "%an", "%s"];
const MAX_REVISION_LENGTH = 400;

/**
 * Opens a repository, bare or not.
 *
 * @throws InputError when it is none, or git refuses it
 */
export async function openRepository(id: string, workingDirectory: string): Promise<Repository> {
  const path = resolve(workingDirectory, id);
  const isFolder = id !== "" && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) throw new InputError(id === "" ? '""' : id, "no such directory");
  const directory = realpathSync(path);
  const environment = gitEnvironment(directory);
  const git = simpleGit({
    baseDir: directory,
    unsafe: { allowUnsafeConfigPaths: true },
    completion: { onExit: false },
  }).env(environment);
  const file = async (name: string): Promise<string> => {
    const found = resolve(directory, (await runGit(id, git, "rev-parse", "--git-path", name)).trim());
    return existsSync(found) ? readFileSync(found, "latin1") : "";
  };
  const shallow = new Set((await file("shallow")).split("\n").filter((line) => line !== ""));
  const refs = await runGit(id, git, "for-each-ref", "--format=%(refname) %(objectname)", "refs/replace");
  return { id, directory, environment, git, shallow, replaced: `${refs}${await file("info/grafts")}` };
}

async function runGit(id: string, git: SimpleGit, ...command: readonly string[]): Promise<string> {
  try {
    return await git.raw(...command);
  } catch (error) {
    throw new InputError(id, explainGit(error instanceof Error ? error.message : String(error)), { cause: error });
  }
}

/**
 * The commit that a revision names.
 *
 * @throws InputError when it names none, or could be taken for an option
 */
export async function resolveCommit({ id, git }: Repository, revision: string): Promise<string> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  const isOdd = revision === "" || /^[-^]/.test(revision) || /[\u0000-\u001f\u007f]/.test(revision);
  if (isOdd || revision.length > MAX_REVISION_LENGTH) throw new InputError(`${id}@${revision}`, "this is no revision");
  const name = await runGit(
    `${id}@${revision}`,
    git,
    "rev-parse",
    "--verify",
    "--end-of-options",
    `${revision}^{commit}`,
  );
  return name.trim();
}

/**
 * Reads a range: `A..B`, `A..` and `..B` as git takes them, and `B` alone for all that led to it.
 *
 * @throws InputError when an end is no revision
 */
export async function resolveRange(repository: Repository, text: string): Promise<Range> {
  if (text.includes("...")) throw new InputError(text, "a range is A..B; A...B is none");
  const at = text.indexOf("..");
  const [from, to] = at < 0 ? [null, text] : [text.slice(0, at) || "HEAD", text.slice(at + 2) || "HEAD"];
  const tip = await resolveCommit(repository, to);
  return { text, tip, without: from === null ? [] : [await resolveCommit(repository, from)] };
}

/**
 * The commits of a range that touch some folders, parents before children.
 *
 * @param folders may not exist in all revisions, or in none
 */
export async function commitsTouching(
  { id, git }: Repository,
  { tip, without }: Range,
  folders: readonly string[],
): Promise<readonly Commit[]> {
  const format = `--format=${FIELDS.join("%x00")}%x00`;
  const excluded = without.map((commit) => `^${commit}`);
  const options = ["--topo-order", "--reverse", "--parents", "--encoding=UTF-8", "--no-show-signature", "--no-notes"];
  const text = await runGit(id, git, "log", ...options, "--no-color", format, tip, ...excluded, "--", ...folders);
  const words = text.split("\0");
  const commits: Commit[] = [];
  for (let i = 0; i + FIELDS.length <= words.length; i += FIELDS.length) {
    const [commit = "", tree = "", parents = "", date = "", author = "", subject = ""] = words.slice(i);
    commits.push({ commit: commit.trim(), tree, parents: parents.split(" ").filter(Boolean), date, author, subject });
  }
  return commits;
}

/** A commit by itself: one at the edge of a range. */
export async function oneCommit({ id, git }: Repository, commit: string): Promise<Commit> {
  const format = `--format=${FIELDS.join("%x00")}`;
  const text = await runGit(
    id,
    git,
    "log",
    "-1",
    "--encoding=UTF-8",
    "--no-show-signature",
    "--no-color",
    format,
    commit,
  );
  const [name = "", tree = "", parents = "", date = "", author = "", subject = ""] = text.trim().split("\0");
  return { commit: name, tree, parents: parents.split(" ").filter(Boolean), date, author, subject };
}

/** Whether one commit is among what led to another. */
export async function isAncestor({ git }: Repository, older: string, newer: string): Promise<boolean> {
  try {
    return (await git.raw("merge-base", older, newer)).trim() === older;
  } catch {
    // No common ancestor at all.
    return false;
  }
}

/**
 * The oldest release of the kernel that has a commit, by git's count: `v3.4-rc1`.
 *
 * @returns null where no tag of such a name has it
 */
export async function releaseOf({ git }: Repository, commit: string): Promise<string | null> {
  try {
    const name = (await git.raw("describe", "--contains", "--match", "v[0-9]*", commit)).trim();
    return name.replace(/[~^].*$/, "") || null;
  } catch {
    // git calls it an error; a repository without tags is none.
    return null;
  }
}
