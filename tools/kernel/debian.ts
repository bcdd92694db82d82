/**
 * `debian:X.Y`: the linux-source-X.Y package, kept in groundhog's cache.
 *
 *     CACHE/debian/X.Y/package/linux-source-X.Y_VERSION_all.deb
 *     CACHE/debian/X.Y/parts/KEY/manifest.json    which folders were unpacked together, and each file's size
 *     CACHE/debian/X.Y/parts/KEY/files/...
 *
 * `package` and each part come into being by one rename, so what is there is complete; a part never changes. Another
 * folder is another part, unpacked from the package that is already there.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { compareVersions, downloadLinuxSource, offeredVersions } from "./apt.ts";
import { unpackArchive } from "./archive.ts";
import { InputError } from "./input-error.ts";
import { openTree, type TreeReader } from "./kernel-tree.ts";
import { cleanPrefix, cleanWanted, isInside, isTreePath, isWanted, sortByBytes } from "./paths.ts";
import type { KernelSource, OpenOptions } from "./source.ts";
import type { Unpacked } from "./tar.ts";
import { moveIntoPlace, removeStaleTemporaries, withTemporary } from "./temporary.ts";

/** Strict, because the version becomes part of paths and command lines. */
const VERSION = /^\d{1,3}\.\d{1,4}$/;

const manifestShape = z.object({
  wanted: z.array(z.string()),
  files: z.array(z.object({ path: z.string().refine(isTreePath), sizeBytes: z.number().int().nonnegative() })),
  notes: z.array(z.object({ file: z.string(), reason: z.string() })),
});

/** Folders that were unpacked together. */
interface Part extends z.infer<typeof manifestShape> {
  readonly directory: string;
}

/**
 * Opens a Debian kernel; downloads and unpacks what is not in the cache yet.
 *
 * @param version `X.Y`, as the user wrote it
 * @throws InputError when it is no version, or apt cannot supply it (with apt's reason)
 */
export async function openDebian(version: string, options: OpenOptions): Promise<KernelSource> {
  const id = `debian:${version}`;
  if (!VERSION.test(version)) {
    throw new InputError(id, "this is no kernel version such as 6.1");
  }
  removeStaleTemporaries(options.cacheDirectory, Date.now());
  const place = join(options.cacheDirectory, "debian", version);
  const wanted = cleanWanted(options.wanted);
  const missing = notCovered(wanted, readParts(place));
  if (missing.length > 0 || !existsSync(join(place, "parts"))) {
    const file = cachedPackage(place) ?? (await downloadPackage(id, version, place, options));
    options.progress?.(`unpacking ${missing.join(", ") || "the Makefile"} from ${basename(file)}`);
    await addPart(id, file, missing, place, options);
  }
  return openTree(id, readFromParts(id, readParts(place), wanted), options.wanted);
}

/** The newest `X.Y` in the cache, or null. Asks nobody but the file system. */
export function newestCached(cacheDirectory: string): string | null {
  const top = join(cacheDirectory, "debian");
  const versions = namesIn(top).filter(
    (name) => VERSION.test(name) && ["package", "parts"].some((part) => namesIn(join(top, name, part)).length > 0),
  );
  return versions.sort(compareVersions).at(-1) ?? null;
}

/**
 * The newest `X.Y` that apt offers.
 * @throws InputError when there is none
 */
export async function newestOffered(options: OpenOptions): Promise<string> {
  const subject = "debian";
  const versions = await withTemporary(options.cacheDirectory, (directory, signal) =>
    offeredVersions(subject, { directory, signal, progress: (line) => options.progress?.(line) }),
  );
  const newest = versions.at(-1);
  if (newest === undefined) {
    throw new InputError(subject, "apt-get offers no linux-source package");
  }
  return newest;
}

function notCovered(wanted: readonly string[], parts: readonly Part[]): readonly string[] {
  return wanted.filter((folder) => !parts.some((part) => part.wanted.some((known) => isInside(folder, known))));
}

function cachedPackage(place: string): string | null {
  const name = namesIn(join(place, "package")).find((file) => file.endsWith(".deb"));
  return name === undefined ? null : join(place, "package", name);
}

async function downloadPackage(id: string, version: string, place: string, options: OpenOptions): Promise<string> {
  await withTemporary(options.cacheDirectory, async (directory, signal) => {
    const progress = (line: string) => options.progress?.(line);
    const file = await downloadLinuxSource(id, version, { directory, signal, progress });
    const finished = join(directory, "package");
    mkdirSync(finished);
    renameSync(file, join(finished, basename(file)));
    moveIntoPlace(finished, join(place, "package"));
  });
  const file = cachedPackage(place);
  if (file === null) {
    throw new InputError(id, `the download has disappeared from ${place}`);
  }
  return file;
}

async function addPart(
  id: string,
  file: string,
  wanted: readonly string[],
  place: string,
  options: OpenOptions,
): Promise<void> {
  // The package's path is the subject: it is what the user has to remove when it is damaged.
  const unpacked = await unpackArchive(file, file, wanted, options.cacheDirectory);
  const key = createHash("sha256").update(wanted.join("\0")).digest("hex").slice(0, 16);
  await withTemporary(options.cacheDirectory, async (directory) => {
    const finished = join(directory, "part");
    try {
      writePart(finished, wanted, unpacked);
    } catch (error) {
      throw new InputError(id, `cannot be unpacked into the cache (${String(error)})`, { cause: error });
    }
    moveIntoPlace(finished, join(place, "parts", key));
  });
}

function writePart(directory: string, wanted: readonly string[], { files, notes }: Unpacked): void {
  const made = new Set<string>();
  const sizes: { path: string; sizeBytes: number }[] = [];
  for (const [path, contents] of files) {
    const target = join(directory, "files", path);
    if (!made.has(dirname(target))) {
      mkdirSync(dirname(target), { recursive: true });
      made.add(dirname(target));
    }
    // wx: never through something that is already there.
    writeFileSync(target, contents, { flag: "wx" });
    sizes.push({ path, sizeBytes: contents.length });
  }
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "manifest.json"), JSON.stringify({ wanted, files: sizes, notes }));
}

function readParts(place: string): readonly Part[] {
  return namesIn(join(place, "parts")).map((key) => {
    const directory = join(place, "parts", key);
    try {
      const manifest: unknown = JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8"));
      return { ...manifestShape.parse(manifest), directory };
    } catch (error) {
      throw new InputError(directory, "this part of the cache is damaged; remove it", { cause: error });
    }
  });
}

/** Shows only what is wanted now, so that a run sees the same whatever earlier runs left in the cache. */
function readFromParts(id: string, parts: readonly Part[], wanted: readonly string[]): TreeReader {
  const places = new Map<string, { readonly path: string; readonly sizeBytes: number }>();
  for (const part of parts) {
    for (const { path, sizeBytes } of part.files.filter((file) => isWanted(file.path, wanted))) {
      places.set(path, { path: join(part.directory, "files", path), sizeBytes });
    }
  }
  const notes = new Map(parts.flatMap((part) => part.notes).map((note) => [note.file, note]));
  const paths = sortByBytes([...places.keys()]);
  let open = true;
  const stillOpen = () => {
    if (!open) {
      throw new Error(`${id} was read after it was closed`);
    }
  };
  return {
    notes: [...notes.values()].filter((note) => note.file === "" || isWanted(note.file, wanted)),
    async list(prefix) {
      stillOpen();
      const clean = cleanPrefix(prefix);
      return clean === null ? [] : paths.filter((path) => isInside(path, clean));
    },
    async read(path) {
      stillOpen();
      const file = places.get(path);
      return file === undefined ? null : readChecked(file.path, file.sizeBytes);
    },
    async close() {
      open = false;
    },
  };
}

function readChecked(path: string, sizeBytes: number): Buffer {
  let contents: Buffer | null = null;
  try {
    contents = readFileSync(path);
  } catch {
    // Said below: gone and shortened are the same to the user.
  }
  if (contents?.length !== sizeBytes) {
    throw new InputError(path, "this file of the cache is damaged; remove the folder debian in the cache");
  }
  return contents;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
