/**
 * Temporary folders inside groundhog's cache, and the one way in which something becomes part of the cache: it is
 * finished in a temporary folder first and then renamed. So whatever stands in its final place is complete.
 */
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { InputError } from "./input-error.ts";
import { makeFolder } from "./make-folder.ts";

/** A temporary folder of another machine (a cache on NFS) cannot be asked whether it is alive; a day is ample. */
const FOREIGN_AGE_SECONDS = 24 * 60 * 60;

const INTERRUPTIONS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs `work` with a new temporary folder in the cache and removes the folder afterwards, also when the process is
 * interrupted: then children are ended through the signal given to `work`, the folder is removed, and the
 * interruption goes on as it would have without this function.
 *
 * @param cacheDirectory groundhog's cache; made when needed
 * @param work gets the folder and a signal for its children (option `signal` of spawn)
 * @throws InputError when the cache cannot be written
 */
export async function withTemporary<T>(
  cacheDirectory: string,
  work: (directory: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const directory = makeTemporary(cacheDirectory);
  const aborter = new AbortController();
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  const onInterruption = (name: NodeJS.Signals) => {
    stopListening();
    aborter.abort();
    remove();
    // Someone else who listens (tools/cli) decides what happens next; if nobody does, the signal does what it would.
    if (process.listenerCount(name) === 0) {
      process.kill(process.pid, name);
    }
  };
  const stopListening = () => {
    for (const name of INTERRUPTIONS) {
      process.off(name, onInterruption);
    }
  };
  for (const name of INTERRUPTIONS) {
    process.on(name, onInterruption);
  }
  try {
    return await work(directory, aborter.signal);
  } finally {
    stopListening();
    remove();
  }
}

/**
 * Renames a finished folder to its final place in the cache.
 *
 * @returns false when another run was faster; its result stays, and the caller's is removed with its temporary folder
 */
export function moveIntoPlace(finished: string, place: string): boolean {
  makeFolder(dirname(place));
  try {
    renameSync(finished, place);
    return true;
  } catch (error) {
    // rename(2): a folder is replaced only when it is empty, so a complete one is never lost.
    if (error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST")) {
      return false;
    }
    throw error;
  }
}

/** Removes what interrupted runs left behind: folders whose process is gone. */
export function removeStaleTemporaries(cacheDirectory: string, nowMilliseconds: number): void {
  const top = join(cacheDirectory, "tmp");
  for (const name of readNames(top)) {
    const [, machine, owner] = /^(.*)-(\d+)-[^-]*$/.exec(name) ?? [];
    const directory = join(top, name);
    const stale =
      machine === machineName() && owner !== undefined
        ? !isAlive(Number(owner))
        : nowMilliseconds / 1000 - modifiedSeconds(directory, nowMilliseconds) > FOREIGN_AGE_SECONDS;
    if (stale) {
      try {
        rmSync(directory, { recursive: true, force: true });
      } catch {
        // Another run may be removing it at the same time; it is nobody's result either way.
      }
    }
  }
}

function makeTemporary(cacheDirectory: string): string {
  try {
    makeFolder(join(cacheDirectory, "tmp"));
    removeStaleTemporaries(cacheDirectory, Date.now());
    return mkdtempSync(join(cacheDirectory, "tmp", `${machineName()}-${process.pid}-`));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new InputError(cacheDirectory, `the cache folder cannot be written (${code})`, { cause: error });
  }
}

/** Part of the folder's name: process numbers mean something on one machine only. */
function machineName(): string {
  return hostname().replace(/[^\w.]/g, "_");
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function readNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function modifiedSeconds(path: string, fallbackMilliseconds: number): number {
  return (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? fallbackMilliseconds) / 1000;
}
