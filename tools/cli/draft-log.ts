/** The kernel log that `draft reply --log` names: a file or standard input, bounded in size. */
import { closeSync, openSync, readSync } from "node:fs";
import { InputError } from "../kernel/input-error.ts";

export const MAX_LOG_BYTES = 10_000_000;
const STANDARD_INPUT = 0;
const CHUNK = 1 << 16;

/** Reads until the end, or until there is more than is wanted: pipes and /proc files do not say their size. */
function readBounded(descriptor: number, name: string): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.alloc(CHUNK);
    const read = readSync(descriptor, chunk, 0, CHUNK, null);
    if (read === 0) return Buffer.concat(chunks);
    size += read;
    if (size > MAX_LOG_BYTES) throw new InputError(name, `more than ${MAX_LOG_BYTES / 1e6} MB are too much for a log`);
    chunks.push(chunk.subarray(0, read));
  }
}

/**
 * Reads a log.
 *
 * @param file a path, or - for standard input
 * @throws InputError when it cannot be read, or is too large
 */
export function readLog(file: string): Buffer {
  const name = file === "-" ? "standard input" : file;
  let descriptor: number | null = null;
  try {
    descriptor = file === "-" ? STANDARD_INPUT : openSync(file, "r");
    return readBounded(descriptor, name);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    const why = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
    throw new InputError(name === "" ? "--log" : name, why, { cause: error });
  } finally {
    if (descriptor !== null && descriptor !== STANDARD_INPUT) closeSync(descriptor);
  }
}
