/**
 * Files that commands write: to a temporary name first, then renamed, so that nobody ever sees half a file.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../kernel/input-error.ts";

/**
 * Writes files into a folder, which is made when it is not there.
 *
 * @param files contents by name, which may have folders in it
 * @returns the paths written
 * @throws InputError when a file cannot be written; files written before it stay, each of them whole
 */
export function writeFiles(folder: string, files: ReadonlyMap<string, string>): readonly string[] {
  const written: string[] = [];
  for (const [name, content] of files) {
    const path = join(folder, name);
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(temporary, content);
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      const code = error instanceof Error && "code" in error ? String(error.code) : "error";
      throw new InputError(path, `cannot be written (${code})`, { cause: error });
    }
    written.push(path);
  }
  return written;
}
