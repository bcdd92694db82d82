/**
 * One revision of a git repository, read from its objects: no checkout, and work tree, HEAD and index stay untouched.
 */
import { realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type SimpleGit, simpleGit } from "simple-git";
import { openBlobs } from "./cat-file.ts";
import { explainGit } from "./explain-git.ts";
import { InputError } from "./input-error.ts";
import { createNoteBook, type NoteBook, openTree, type TreeReader } from "./kernel-tree.ts";
import { formatBytes, LIMITS, type Limits } from "./limits.ts";
import { cleanPrefix, isInside, isTreePath, sortByBytes } from "./paths.ts";
import type { KernelSource } from "./source.ts";

/** Longest revision taken; git's own names are at most 255 bytes, `HEAD^{/text}` may be a little longer. */
const MAX_REVISION_LENGTH = 400;

/** Modes of tree entries that are no regular files (git-fast-import(1), "filemodify"). */
const FOLDER = "040000";
const SYMLINK = "120000";
const SUBMODULE = "160000";

export interface RevisionSpec {
  /** Absolute path of the repository. */
  readonly repository: string;
  readonly revision: string;
}

/**
 * Takes `REPO@REV` apart at the last `@` that has a directory before it, so that both `repo@HEAD@{1}` and
 * repositories with an `@` in their path work.
 *
 * @returns null when no `@` has a directory before it
 */
export function splitRevision(spec: string, workingDirectory: string): RevisionSpec | null {
  for (let at = spec.lastIndexOf("@"); at > 0; at = spec.lastIndexOf("@", at - 1)) {
    const repository = resolve(workingDirectory, spec.slice(0, at));
    if (isDirectory(repository)) {
      return { repository, revision: spec.slice(at + 1) };
    }
  }
  return null;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Not there, not reachable, or too long for a path: in each case not what the @ is behind.
    return false;
  }
}

/**
 * Opens a revision: a commit, tag or tree of a repository, bare or not.
 *
 * @param id how the source is called in reports and errors, usually the specification as written
 * @param spec repository and revision; the revision is hostile until git has resolved it
 * @param wanted folders of which one makes a tree without Makefile acceptable
 * @throws InputError when the revision is not acceptable, git refuses the repository, or there is no kernel in it
 */
export async function openRevision(
  id: string,
  spec: RevisionSpec,
  wanted: readonly string[],
  limits: Limits = LIMITS,
): Promise<KernelSource> {
  checkRevision(id, spec.revision);
  const directory = realpathSync(spec.repository);
  const environment = gitEnvironment(directory);
  const git = simpleGit({
    baseDir: directory,
    unsafe: { allowUnsafeConfigPaths: true },
    // Otherwise simple-git goes on 50 ms after git's exit, with what has arrived by then; only "close" comes after all.
    completion: { onExit: false },
  }).env(environment);
  const object = await resolveObject(id, git, spec.revision);
  const tree = await resolveObject(id, git, `${object}^{tree}`);
  const commit = await commitOf(git, object);
  const reader = readTree({ id, git, tree, directory, environment, limits, book: createNoteBook() });
  return openTree(id, reader, wanted, commit === null ? {} : { origin: { repository: directory, commit } });
}

/** The commit that an object is or names; null for a tree that no commit was named for. */
async function commitOf(git: SimpleGit, object: string): Promise<string | null> {
  try {
    return (await git.raw("rev-parse", "--verify", "--quiet", "--end-of-options", `${object}^{commit}`)).trim() || null;
  } catch {
    return null;
  }
}

/** Refuses what could pass for an option of git, or for several revisions, before git sees it. */
function checkRevision(id: string, revision: string): void {
  if (revision === "") {
    throw new InputError(id, "a revision is missing after the @");
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/^[-^]/.test(revision) || /[\u0000-\u001f\u007f]/.test(revision) || revision.length > MAX_REVISION_LENGTH) {
    throw new InputError(id, "this is no revision");
  }
}

/**
 * Environment for git on a repository of the user: their own settings (safe.directory lives there), nothing that
 * redirects git elsewhere (GIT_DIR, as set in hooks), and nothing that runs a program or reaches a network.
 */
export function gitEnvironment(directory: string): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const name of [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "TMPDIR",
    "SUDO_UID",
  ]) {
    const value = process.env[name];
    if (value !== undefined) {
      kept[name] = value;
    }
  }
  return {
    ...kept,
    LC_ALL: "C",
    // `REPO` is the repository itself: a plain folder inside some other repository must not open that one.
    GIT_CEILING_DIRECTORIES: dirname(directory),
    GIT_LITERAL_PATHSPECS: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    // A partial clone would fetch missing blobs: into the user's repository, with programs from its configuration.
    // The first is known to git 2.45 and later, the second (an empty list of protocols) to all before.
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "",
  };
}

async function resolveObject(id: string, git: SimpleGit, revision: string): Promise<string> {
  const output = await runGit(id, () => git.raw("rev-parse", "--verify", "--end-of-options", revision));
  const name = output.trim().split("\n").at(-1) ?? "";
  if (!/^[0-9a-f]{40,64}$/.test(name)) {
    throw new InputError(id, "git does not resolve this revision to one object");
  }
  return name;
}

async function runGit(id: string, run: () => Promise<string>): Promise<string> {
  try {
    return await run();
  } catch (error) {
    throw new InputError(id, explainGit(error instanceof Error ? error.message : String(error)), { cause: error });
  }
}

/** What the functions of one open revision share. */
interface Revision {
  readonly id: string;
  readonly git: SimpleGit;
  readonly tree: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: Limits;
  readonly book: NoteBook;
}

function readTree(revision: Revision): TreeReader {
  const { id, book } = revision;
  const blobs = openBlobs(id, revision.directory, revision.environment, revision.limits.fileBytes);
  const objects = new Map<string, string>();
  // One promise per place asked for, so that overlapping calls wait for the same ls-tree.
  const listedTrees = new Map<string, Promise<void>>();
  const listedFolders = new Map<string, Promise<void>>();
  const loadTree = (prefix: string): Promise<void> => {
    const known = [...listedTrees].find(([listed]) => isInside(prefix, listed))?.[1];
    const listing = known ?? addListing(revision, ["-r"], prefix === "" ? [] : [prefix], objects);
    listedTrees.set(prefix, listing);
    return listing;
  };
  // A single file: its folder is listed, without what is below, as the next file is likely to be in it too.
  const loadFile = (path: string): Promise<void> => {
    const known = [...listedTrees].find(([listed]) => isInside(path, listed))?.[1];
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    const listing =
      known ?? listedFolders.get(folder) ?? addListing(revision, [], folder === "" ? [] : [folder], objects);
    listedFolders.set(folder, listing);
    return listing;
  };
  return {
    notes: book.notes,
    async list(prefix) {
      const clean = cleanPrefix(prefix);
      if (clean === null) {
        return [];
      }
      await loadTree(clean);
      return sortByBytes([...objects.keys()].filter((path) => isInside(path, clean)));
    },
    async read(path) {
      if (!isTreePath(path)) {
        return null;
      }
      await loadFile(path);
      const object = objects.get(path);
      if (object === undefined) {
        return null;
      }
      const answer = await blobs.read(object);
      if (answer.kind === "blob") {
        return answer.bytes;
      }
      if (answer.kind === "oversized") {
        book.add(path, `larger than ${formatBytes(revision.limits.fileBytes)}, left out`);
        return null;
      }
      throw new InputError(`${id}: ${path}`, "this file is missing from the repository (damaged, or a partial clone)");
    },
    close: () => blobs.close(),
  };
}

/** Adds the regular files that ls-tree finds to `objects`, and notes for what is no regular file. */
async function addListing(
  revision: Revision,
  flags: readonly string[],
  paths: readonly string[],
  objects: Map<string, string>,
): Promise<void> {
  const output = await runGit(revision.id, () =>
    revision.git.raw("ls-tree", ...flags, "-z", "--full-tree", revision.tree, "--", ...paths),
  );
  for (const line of output.split("\0")) {
    const entry = /^(\d{6}) \w+ ([0-9a-f]+)\t(.*)$/s.exec(line);
    const [, mode, object, path] = entry ?? [];
    if (mode === undefined || object === undefined || path === undefined || mode === FOLDER) {
      continue;
    }
    if (mode === SUBMODULE) {
      revision.book.add(path, "submodule, not followed");
    } else if (mode === SYMLINK) {
      revision.book.add(path, "symlink, not followed");
    } else if (isTreePath(path)) {
      objects.set(path, object);
    } else {
      revision.book.add(path, "the path leaves the tree");
    }
  }
  if (objects.size > revision.limits.keptFiles) {
    throw new InputError(revision.id, `more than ${revision.limits.keptFiles} files`);
  }
}
