/**
 * What the repository that a kernel came from says of a patch: the commit that it is based on, how subject lines begin
 * there, and which commit gave the watchdog its patience.
 */
import { realpathSync } from "node:fs";
import { simpleGit } from "simple-git";
import { everythingEnabled } from "../c/configuration.ts";
import { readCFile } from "../c/file.ts";
import { functionsInText } from "../c/functions-in-text.ts";
import { lex } from "../c/lex.ts";
import { Program } from "../c/program.ts";
import { gitEnvironment, openRevision } from "../kernel/git.ts";
import type { GitOrigin, KernelSource } from "../kernel/source.ts";
import { collectTimingFacts, isWatchedMacro, WATCHED_NAMES } from "../timing/collect.ts";
import { probeOf } from "../timing/probe.ts";
import { NotRecognised } from "./recipe.ts";
import { Workbench } from "./workbench.ts";

/** Subjects looked at for the prefix; fewer than so many of one kind say nothing. */
const SUBJECTS = 50;
const MIN_ALIKE = 5;
/** Commits to the watchdog's file that are looked at, from the newest; the real history has some thousand. */
const MAX_COMMITS = 2000;
const MAX_PREFIX = 40;

/** A commit as `Fixes:` names it. */
export interface Culprit {
  readonly commit: string;
  readonly parent: string;
  readonly subject: string;
}

/**
 * The commit that a source stands for: the revision that was opened, or HEAD of the work tree that was opened as a
 * directory, where the files in question are as they are there.
 *
 * @returns null where there is no such commit
 */
export async function originOf(source: KernelSource, paths: readonly string[]): Promise<GitOrigin | null> {
  if (source.origin !== undefined) return source.origin;
  if (source.directory === undefined) return null;
  try {
    const head = await openRevision(source.id, { repository: source.directory, revision: "HEAD" }, paths);
    try {
      for (const path of paths) {
        const [committed, present] = [await head.read(path), await source.read(path)];
        if (committed === null || present === null || !committed.equals(present)) return null;
      }
      return head.origin ?? null;
    } finally {
      await head.close();
    }
  } catch {
    // Not a work tree, or one that git refuses: then there is no base to name.
    return null;
  }
}

/** Runs git on the origin's repository, which only reads; empty where git refuses. */
async function ask({ repository }: GitOrigin, ...args: readonly string[]): Promise<string> {
  try {
    const directory = realpathSync(repository);
    const options = {
      baseDir: directory,
      unsafe: { allowUnsafeConfigPaths: true },
      completion: { onExit: false },
    };
    return await simpleGit(options)
      .env(gitEnvironment(directory))
      .raw(...args);
  } catch {
    return "";
  }
}

/** A subject line that a mail can have. */
function plain(subject: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return subject.replace(/[\u0000-\u001f\u007f-\u009f\ufffd]/g, " ").trim();
}

/**
 * How subject lines begin: as most of the latest commits to the file have it, else by the folder.
 *
 * @param byFolder prefixes by folder, for kernels without a history
 */
export async function subjectPrefix(
  origin: GitOrigin | null,
  path: string,
  byFolder: Readonly<Record<string, string>>,
): Promise<string> {
  const own = Object.entries(byFolder).find(([folder]) => path.startsWith(`${folder}/`))?.[1];
  const otherwise = own ?? path.split("/").slice(0, -1).join(": ");
  if (origin === null) return otherwise;
  const log = await ask(origin, "log", "--format=%s", `--max-count=${SUBJECTS}`, origin.commit, "--", path);
  const counts = new Map<string, number>();
  for (const line of log.split("\n")) {
    const prefix = /^((?:[\w./-]+: )+)/.exec(plain(line))?.[1]?.replace(/: $/, "");
    if (prefix !== undefined && prefix.length <= MAX_PREFIX) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  return best !== undefined && best[1] >= MIN_ALIKE ? best[0] : otherwise;
}

/** How many intervals the watchdog of a probe waits in one version of a file; null where that is not said there. */
function patienceIn(path: string, text: Buffer, probeName: string): number | null {
  const configuration = everythingEnabled();
  const program = new Program([readCFile(path, text, configuration)], [], configuration, WATCHED_NAMES, isWatchedMacro);
  const probe = probeOf(collectTimingFacts(program).facts, probeName);
  if (probe === null) return null;
  try {
    return new Workbench(program, probe).watchdogs()[0]?.own.count ?? null;
  } catch (error) {
    if (error instanceof NotRecognised) return null;
    throw error;
  }
}

/** One commit's change of the watchdog's file: the blobs after and before it. */
interface Version {
  readonly commit: string;
  readonly parent: string;
  readonly subject: string;
  readonly blob: string;
  readonly before: string | null;
}

/** An absent blob in git's raw output. */
const NO_BLOB = /^0+$/;

/** What `git log --raw` prints: no diff is made, so no program of the repository's configuration is run. */
function versionsOf(log: string): readonly Version[] {
  return log.split("\0").flatMap((entry) => {
    const [head = "", ...lines] = entry.trim().split("\n");
    const [, commit, parent, subject] = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64})\t(.*)$/.exec(head) ?? [];
    const changes = lines.flatMap((line) => {
      const [, before, after] = /^:\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) [A-Z]/.exec(line) ?? [];
      return before === undefined || after === undefined ? [] : [{ before, after }];
    });
    // A move is a new file in one place and the end of one in another.
    const after = changes.find((one) => !NO_BLOB.test(one.after))?.after;
    const before = changes.find((one) => !NO_BLOB.test(one.before))?.before ?? null;
    if (commit === undefined || parent === undefined || subject === undefined || after === undefined) return [];
    return [{ commit, parent, subject: plain(subject), blob: after, before }];
  });
}

/**
 * The commit since which the watchdog waits as long as it does: the newest one that changed it to that.
 *
 * @param paths the watchdog's file, and where it was in other times
 * @param watchdogName the function that gives up, as it is called now
 * @returns null where the history does not say
 */
export async function culpritOf(
  origin: GitOrigin,
  paths: readonly string[],
  probeName: string,
  watchdogName: string,
): Promise<Culprit | null> {
  const names = new Set([probeName, watchdogName]);
  const log = await ask(
    origin,
    "-c",
    "log.showSignature=false",
    "log",
    "--no-merges",
    "--raw",
    "--no-abbrev",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--encoding=UTF-8",
    "--format=%x00%H %P%x09%s",
    `--max-count=${MAX_COMMITS}`,
    origin.commit,
    "--",
    ...paths,
  );
  const known = new Map<string, number | null>();
  const read = async (blob: string | null): Promise<number | null> => {
    if (blob === null) return null;
    const seen = known.get(blob);
    if (seen !== undefined) return seen;
    const text = await ask(origin, "cat-file", "blob", blob);
    const key = partsOf(text, names);
    const alike = known.get(key);
    const found = alike === undefined ? patienceIn(paths[0] ?? "", Buffer.from(text), probeName) : alike;
    known.set(key, found).set(blob, found);
    return found;
  };
  let now: number | null = null;
  for (const { commit, parent, subject, blob, before } of versionsOf(log)) {
    now ??= await read(blob);
    if (now === null) return null;
    if ((await read(before)) !== now) return { commit, parent, subject };
  }
  return null;
}

/** What a watchdog's patience is read from: versions that are alike in it need not be parsed. */
function partsOf(text: string, names: ReadonlySet<string>): string {
  const found = functionsInText(text, lex(Buffer.from(text, "latin1")).tokens).filter((one) => names.has(one.name));
  // Under another name it may be anywhere.
  if (found.length < names.size) return text;
  const macros = text.split("\n").filter((line) => /^\s*#\s*define\b/.test(line));
  return [...macros, ...found.map((one) => text.slice(one.bodyStart, one.bodyEnd))].join("\n");
}
