/** A commit's change of some files taken back in another revision, in memory: by git's three-way merge of each file. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Snapshot } from "./snapshot.ts";

/** Files of the later revision with the change taken back, by path; a reason where that cannot be done. */
export type TakenBack =
  | { readonly files: ReadonlyMap<string, Buffer>; readonly reason: null }
  | { readonly files: null; readonly reason: string };

/** Name of a file without its folders: files move, and nearly always keep it. */
const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/**
 * Takes back what a commit changed.
 *
 * @param before the tree of the commit's parent
 * @param after the commit's own
 * @param later the revision in which it is taken back
 * @param prefixes folders whose files count; a file that moved from one to another is the same file
 */
export async function takeBack(
  before: Snapshot,
  after: Snapshot,
  later: Snapshot,
  prefixes: readonly string[],
): Promise<TakenBack> {
  const [old, changed, present] = await Promise.all([before, after, later].map((one) => filesIn(one, prefixes)));
  if (old === undefined || changed === undefined || present === undefined) return refused("no files");
  const files = new Map<string, Buffer>();
  for (const [name, path] of changed) {
    const oldPath = old.get(name);
    const content = await after.read(path);
    const was = oldPath === undefined ? null : await before.read(oldPath);
    if (content === null || was?.equals(content) === true) continue;
    const place = present.get(name);
    const here = place === undefined ? null : await later.read(place);
    if (was === null || place === undefined || here === null) return refused(`${path} came or went`);
    const merged = await merge(here, content, was);
    if (merged === null) return refused(`its change of ${path} is in the way of later ones`);
    files.set(place, merged);
  }
  for (const [name, path] of old) if (!changed.has(name)) return refused(`${path} came or went`);
  return files.size === 0 ? refused("it changed none of the system's files") : { files, reason: null };
}

function refused(reason: string): TakenBack {
  return { files: null, reason };
}

/** C files by name; of two with one name the first. */
async function filesIn(snapshot: Snapshot, prefixes: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const prefix of prefixes) {
    for (const path of await snapshot.list(prefix)) {
      if (/\.[ch]$/.test(path) && !found.has(baseName(path))) found.set(baseName(path), path);
    }
  }
  return found;
}

/** git merge-file: what leads from `base` to `other` applied to `ours`; null where it conflicts. */
async function merge(ours: Buffer, base: Buffer, other: Buffer): Promise<Buffer | null> {
  const folder = mkdtempSync(join(tmpdir(), "groundhog-merge-"));
  try {
    const paths = ["ours", "base", "other"].map((name) => join(folder, name));
    for (const [i, content] of [ours, base, other].entries()) writeFileSync(paths[i] as string, content);
    return await new Promise<Buffer | null>((resolve, reject) => {
      execFile(
        "git",
        ["merge-file", "-p", "-q", ...paths],
        {
          encoding: "buffer",
          maxBuffer: 64_000_000,
          cwd: folder,
          env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
        },
        (error, stdout) => {
          if (error === null) resolve(stdout);
          else if (typeof error.code === "number" && error.code > 0) resolve(null);
          else reject(error);
        },
      );
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
