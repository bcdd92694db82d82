/**
 * `--kernel K`: which form K is, and the choice when there is no K.
 *
 * The forms are loaded when they are used: a directory is open before git's wrapper would be loaded.
 */
import { existsSync, type Stats, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { openDirectory } from "./directory.ts";
import { InputError } from "./input-error.ts";
import { cleanWanted } from "./paths.ts";
import type { KernelSource, OpenOptions } from "./source.ts";

const FORMS = "a kernel directory, REPO@REV, a source archive, debian:X.Y, sample, or sample@STEP";

/**
 * Opens the kernel that a specification names.
 *
 * `sample` and `debian:...` are these words even where a file has the same name (`./sample` is the file); a path that
 * exists is that path even where it has an `@`.
 *
 * @param spec as the user wrote it; undefined when there is none
 * @throws InputError when it names nothing that can be opened
 */
export async function openKernel(spec: string | undefined, options: OpenOptions): Promise<KernelSource> {
  if (spec === undefined) {
    return openDefault(options);
  }
  if (spec.trim() === "" || spec.includes("\0")) {
    throw new InputError("--kernel", `names nothing; it takes ${FORMS}`);
  }
  if (spec === "sample" || spec.startsWith("sample@")) {
    const { openSample } = await import("./sample.ts");
    return openSample(spec, spec === "sample" ? null : spec.slice("sample@".length), options);
  }
  if (spec.startsWith("debian:")) {
    const { openDebian } = await import("./debian.ts");
    return openDebian(spec.slice("debian:".length), options);
  }
  return openPath(spec, options);
}

async function openPath(spec: string, options: OpenOptions): Promise<KernelSource> {
  const path = resolve(options.workingDirectory, spec);
  const status = statusOf(path, spec);
  if (status?.isDirectory()) {
    if (isBareRepository(path)) {
      throw new InputError(spec, `no kernel tree but a bare git repository; name a revision, such as ${spec}@HEAD`);
    }
    return openDirectory(directoryId(spec, path), path, options.wanted);
  }
  if (status?.isFile()) {
    const { openArchive } = await import("./archive.ts");
    return openArchive(spec, path, options);
  }
  if (status !== undefined) {
    throw new InputError(spec, "neither a directory nor a regular file");
  }
  if (spec.includes("@")) {
    const { openRevision, splitRevision } = await import("./git.ts");
    const revision = splitRevision(spec, options.workingDirectory);
    if (revision !== null) {
      return openRevision(spec, revision, options.wanted);
    }
  }
  throw new InputError(spec, `no such file or directory; --kernel takes ${FORMS}`);
}

/** `.` and `../..` say nothing in a report; everything else is shown as the user wrote it. */
function directoryId(spec: string, path: string): string {
  return /^[./]*$/.test(spec) ? path : spec;
}

function isBareRepository(path: string): boolean {
  return ["HEAD", "objects", "refs"].every((name) => existsSync(join(path, name)));
}

function statusOf(path: string, spec: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    if (code === "ENOTDIR" || code === "ENAMETOOLONG") {
      return undefined;
    }
    throw new InputError(spec, `cannot be read (${code})`, { cause: error });
  }
}

/** Without `--kernel`: the current directory, else the newest Debian kernel, else the sample. */
async function openDefault(options: OpenOptions): Promise<KernelSource> {
  const here = await currentTree(options);
  if (here !== null) {
    options.progress?.(`no --kernel given: using the kernel tree in ${here.id}`);
    return here;
  }
  const { newestCached, newestOffered, openDebian } = await import("./debian.ts");
  const cached = newestCached(options.cacheDirectory);
  if (cached !== null) {
    options.progress?.(`no --kernel given: using debian:${cached}, the newest in the cache`);
    return openDebian(cached, options);
  }
  const why = await tryDebian(async () => {
    const offered = await newestOffered(options);
    options.progress?.(`no --kernel given: using debian:${offered}, the newest that apt-get offers`);
    return openDebian(offered, options);
  });
  if (typeof why !== "string") {
    return why;
  }
  options.progress?.(`no --kernel given: using the sample kernel, because there is no Debian kernel (${why})`);
  const { openSample } = await import("./sample.ts");
  return openSample("sample", null, options);
}

async function tryDebian(open: () => Promise<KernelSource>): Promise<KernelSource | string> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof InputError) {
      return error.message;
    }
    throw error;
  }
}

/**
 * The current directory when it is a kernel tree. A Makefile with VERSION and PATCHLEVEL is not enough here, where
 * nobody asked for this directory: many projects took their Makefile's first lines from the kernel.
 */
async function currentTree(options: OpenOptions): Promise<KernelSource | null> {
  const directory = options.workingDirectory;
  let source: KernelSource;
  try {
    source = await openDirectory(directory, directory, []);
  } catch {
    return null;
  }
  for (const sign of ["Kconfig", ...cleanWanted(options.wanted).filter((folder) => folder !== "")]) {
    if ((await source.list(sign)).length > 0) {
      return source;
    }
  }
  return null;
}
