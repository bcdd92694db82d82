/**
 * Source archives: .tar, .tar.gz, .tar.xz, .tar.zst, and linux-source .deb packages. Always streams; only what is
 * wanted stays in memory.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { AR_MAGIC, findDebianData } from "./ar.ts";
import { canNestXz, decompress } from "./decompress.ts";
import { InputError } from "./input-error.ts";
import { openTree, type TreeReader } from "./kernel-tree.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { cleanPrefix, cleanWanted, isInside, sortByBytes } from "./paths.ts";
import type { KernelSource, OpenOptions } from "./source.ts";
import { readTar, type Unpacked, unpackTree } from "./tar.ts";
import { withTemporary } from "./temporary.ts";

const READ_BYTES = 256 * 1024;

/**
 * Opens a source archive. What it is, is told by its first bytes; its name does not matter.
 *
 * @param id how it is called in reports and errors
 * @param path of the file
 * @throws InputError when it is damaged, cut short, beyond a limit, or holds no kernel tree
 */
export async function openArchive(
  id: string,
  path: string,
  options: OpenOptions,
  limits: Limits = LIMITS,
): Promise<KernelSource> {
  options.progress?.(`reading ${id}`);
  const unpacked = await unpackArchive(id, path, options.wanted, options.cacheDirectory, limits);
  return openTree(id, readUnpacked(id, unpacked), options.wanted);
}

/**
 * The wanted files of a source archive or linux-source package.
 *
 * @param subject what errors name
 * @param wanted folders and files to keep; the top-level Makefile always is
 * @param cacheDirectory used for a temporary file when nested xz streams have to be read one after the other
 * @throws InputError as `openArchive`
 */
export async function unpackArchive(
  subject: string,
  path: string,
  wanted: readonly string[],
  cacheDirectory: string,
  limits: Limits = LIMITS,
): Promise<Unpacked> {
  const folders = cleanWanted(wanted);
  try {
    if (await isArArchive(path)) {
      return await unpackPackage(subject, path, folders, cacheDirectory, limits);
    }
    return await unpackTree(subject, decompress(subject, readChunks(path), limits), folders, limits);
  } catch (error) {
    throw error instanceof InputError ? error : new InputError(subject, readFailure(error), { cause: error });
  }
}

function readFailure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return `cannot be read (${code})`;
}

function readChunks(path: string, range: { start?: number; end?: number } = {}): AsyncIterable<Uint8Array> {
  return createReadStream(path, { ...range, highWaterMark: READ_BYTES });
}

async function isArArchive(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(AR_MAGIC.length), 0, AR_MAGIC.length, 0);
    return buffer.toString("latin1", 0, bytesRead) === AR_MAGIC;
  } finally {
    await file.close();
  }
}

/** A linux-source package holds one archive, usr/src/linux-source-X.Y.tar.xz; the kernel tree is in that. */
async function unpackPackage(
  subject: string,
  path: string,
  wanted: readonly string[],
  cacheDirectory: string,
  limits: Limits,
): Promise<Unpacked> {
  const unpackInner = (inner: AsyncIterable<Uint8Array>) =>
    unpackTree(subject, decompress(subject, inner, limits), wanted, limits);
  if (canNestXz()) {
    return withInnerArchive(subject, path, limits, unpackInner);
  }
  // Without the xz program the inner archive waits in a file until the outer one is done and closed.
  return withTemporary(cacheDirectory, async (directory) => {
    const file = join(directory, "inner.tar");
    await withInnerArchive(subject, path, limits, (inner) => pipeline(inner, createWriteStream(file)));
    return unpackInner(readChunks(file));
  });
}

/** Gives the archive inside a package to `use`, as a stream that ends when `use` is done. */
async function withInnerArchive<T>(
  subject: string,
  path: string,
  limits: Limits,
  use: (inner: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const data = await findDebianData(subject, path);
  const range = { start: data.offset, end: data.offset + data.sizeBytes - 1 };
  const outer = decompress(subject, data.sizeBytes === 0 ? noChunks() : readChunks(path, range), limits);
  for await (const { header, body } of readTar(subject, outer)) {
    if (header.type === "file" && /^(\.\/)?usr\/src\/linux-source-[\w.+~-]+\.tar(\.\w+)?$/.test(header.name)) {
      return await use(body);
    }
  }
  throw new InputError(subject, "no linux-source package: there is no usr/src/linux-source-*.tar.* in it");
}

async function* noChunks(): AsyncGenerator<Uint8Array> {}

function readUnpacked(id: string, { files, notes }: Unpacked): TreeReader {
  const paths = sortByBytes([...files.keys()]);
  let open = true;
  const stillOpen = () => {
    if (!open) {
      throw new Error(`${id} was read after it was closed`);
    }
  };
  return {
    notes,
    async list(prefix) {
      stillOpen();
      const clean = cleanPrefix(prefix);
      return clean === null ? [] : paths.filter((path) => isInside(path, clean));
    },
    async read(path) {
      stillOpen();
      return files.get(path) ?? null;
    },
    async close() {
      open = false;
    },
  };
}
