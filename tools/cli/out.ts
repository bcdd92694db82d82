/**
 * Files that commands write: to a temporary name first, then renamed, so that nobody ever sees half a file.
 */
import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../kernel/input-error.ts";
import { makeFolder } from "../kernel/make-folder.ts";

/**
 * Refuses a folder that cannot be one, before anything is computed.
 *
 * @param command what writes there
 * @throws InputError naming --out
 */
export function checkOut(folder: string, command: string): void {
  if (folder === "") throw new InputError("--out", "names no folder");
  if (folder === "-") throw new InputError("--out -", `${command} writes several files; name a folder`);
  for (let at = folder; ; at = dirname(at)) {
    const isFolder = folderAt(at);
    if (isFolder === false) throw new InputError(folder, `cannot be written: ${at} is no folder`);
    if (isFolder === true || dirname(at) === at) return;
  }
}

/** Whether a folder is there; null where nothing is, or nothing that can be looked at. */
function folderAt(path: string): boolean | null {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Not there, or behind something that is no folder: what is above it says more.
    return null;
  }
}

/**
 * Writes files into a folder, which is made when it is not there.
 *
 * @param files contents by name, which may have folders in it
 * @returns the paths written
 * @throws InputError when a file cannot be written; files written before it stay, each of them whole
 */
export function writeFiles(folder: string, files: ReadonlyMap<string, string | Buffer>): readonly string[] {
  const written: string[] = [];
  for (const [name, content] of files) {
    const path = join(folder, name);
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      makeFolder(dirname(path));
      writeFileSync(temporary, content);
      renameSync(temporary, path);
    } catch (error) {
      removeQuietly(temporary);
      const code = error instanceof Error && "code" in error ? String(error.code) : "error";
      throw new InputError(path, `cannot be written (${code})`, { cause: error });
    }
    written.push(path);
  }
  return written;
}

/** Removes files of a folder, where they are there. */
export function removeFiles(folder: string, names: readonly string[]): void {
  for (const name of names) removeQuietly(join(folder, name));
}

/** What could not be written may not be removable either; the first error is the one to tell. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nothing was written there.
  }
}
