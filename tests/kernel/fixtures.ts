/** Makes kernels, archives and repositories for the tests of tools/kernel, in temporary folders. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { pack } from "tar-stream";
import { afterEach, expect } from "vitest";
import { InputError } from "../../tools/kernel/input-error.ts";
import type { KernelSource, OpenOptions } from "../../tools/kernel/source.ts";

export const WANTED = ["fs/smb/client", "fs/cifs", "net/sunrpc"];

export const MAKEFILE = "# SPDX\nVERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 7\nEXTRAVERSION = -rc2\nNAME = Test\n";

/** A partial kernel: paths and contents. */
export const KERNEL: Readonly<Record<string, string>> = {
  Makefile: MAKEFILE,
  Kconfig: "menu\n",
  "fs/smb/client/connect.c": "int connect;\n",
  "fs/smb/client/cifsglob.h": "int glob;\n",
  "fs/ext4/inode.c": "int inode;\n",
  "net/sunrpc/xprt.c": "int xprt;\n",
};

const temporaries: string[] = [];
const sources: KernelSource[] = [];

afterEach(async () => {
  for (const source of sources.splice(0)) {
    await source.close();
  }
  for (const directory of temporaries.splice(0)) {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** A new folder that is removed after the test. */
export function temporaryFolder(): string {
  const directory = mkdtempSync(join(tmpdir(), "groundhog-kernel-test-"));
  temporaries.push(directory);
  return directory;
}

/** Closes the source after the test. */
export async function opened(opening: Promise<KernelSource>): Promise<KernelSource> {
  const source = await opening;
  sources.push(source);
  return source;
}

export function options(changes: Partial<OpenOptions> = {}): OpenOptions {
  const empty = temporaryFolder();
  return {
    wanted: WANTED,
    cacheDirectory: join(empty, "cache"),
    sampleDirectory: join(empty, "sample"),
    workingDirectory: empty,
    ...changes,
  };
}

export function writeFiles(directory: string, files: Readonly<Record<string, string | Buffer>>): string {
  for (const [path, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), contents);
  }
  return directory;
}

/** Fails unless `promise` ends in an InputError whose message is one line and matches. */
export async function expectInputError(promise: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await promise.then(
    () => new Error("nothing was thrown"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  expect(error instanceof Error ? error.message : "").toMatch(message);
  expect(error instanceof Error ? error.message : "\n").not.toContain("\n");
}

/** git with an environment of its own; the settings of whoever runs the tests do not matter. */
export function git(directory: string, ...args: string[]): string {
  return execFileSync("git", args, {
    cwd: directory,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH ?? "",
      HOME: directory,
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_AUTHOR_NAME: "A",
      GIT_AUTHOR_EMAIL: "a@example.org",
      GIT_COMMITTER_NAME: "A",
      GIT_COMMITTER_EMAIL: "a@example.org",
    },
  });
}

/** A repository with one commit of these files. */
export function makeRepository(files: Readonly<Record<string, string | Buffer>>, name = "linux"): string {
  const repository = join(temporaryFolder(), name);
  mkdirSync(repository);
  git(repository, "init", "--quiet", "--initial-branch=main");
  writeFiles(repository, files);
  git(repository, "add", "--all");
  git(repository, "commit", "--quiet", "--message=first");
  return repository;
}

/** A member of a test archive: contents, or a header of another kind. */
export interface Member {
  readonly name: string;
  readonly contents?: string | Buffer;
  readonly type?: "symlink" | "link" | "directory" | "character-device" | "block-device" | "fifo";
  readonly linkname?: string;
}

export function members(files: Readonly<Record<string, string | Buffer>>, top: string): Member[] {
  return Object.entries(files).map(([path, contents]) => ({ name: top + path, contents }));
}

export async function makeTar(entries: readonly Member[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, contents, type, linkname } of entries) {
    if (type === undefined) {
      archive.entry({ name }, contents ?? "");
    } else {
      archive.entry({ name, type, linkname: linkname ?? "" });
    }
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<unknown> as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export type Packing = "none" | "gz" | "xz" | "zst";

/** Compresses with the system's programs (found before a test hides them). */
export function compress(data: Buffer, packing: Packing): Buffer {
  if (packing === "none") {
    return data;
  }
  if (packing === "gz") {
    return gzipSync(data);
  }
  const [program, ...args] = packing === "xz" ? ["xz", "-0", "-c"] : ["zstd", "-1", "-c", "-q"];
  const result = spawnSync(program ?? "", args, { input: data, maxBuffer: 1 << 30, env: { PATH: "/usr/bin:/bin" } });
  if (result.status !== 0) {
    throw new Error(`${program} is needed to make test archives: ${result.stderr}`);
  }
  return result.stdout;
}

/** A .deb, as ar(5) has it. */
export function makeAr(files: readonly (readonly [string, Buffer])[]): Buffer {
  const parts = files.flatMap(([name, data]) => [
    Buffer.from(`${name.padEnd(16)}${"0".padEnd(12)}0     0     100644  ${String(data.length).padEnd(10)}\`\n`),
    data,
    Buffer.alloc(data.length % 2, "\n"),
  ]);
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}

/** A linux-source package of these files. */
export async function makePackage(
  files: Readonly<Record<string, string | Buffer>>,
  outer: Packing = "xz",
  inner: Packing = "xz",
): Promise<Buffer> {
  const tree = compress(await makeTar(members(files, "linux-source-6.1/")), inner);
  const ending = inner === "none" ? "" : `.${inner}`;
  const data = await makeTar([
    { name: "./usr/src/", type: "directory" },
    { name: "./usr/share/doc/linux-source-6.1/copyright", contents: "GPL\n" },
    { name: `./usr/src/linux-source-6.1.tar${ending}`, contents: tree },
  ]);
  return makeAr([
    ["debian-binary", Buffer.from("2.0\n")],
    ["control.tar", await makeTar([{ name: "./control", contents: "Package: linux-source-6.1\n" }])],
    [`data.tar${outer === "none" ? "" : `.${outer}`}`, compress(data, outer)],
  ]);
}

/** Runs `work` as on a machine that has only these programs (paths of files, linked by their own names). */
export async function withPath<T>(folders: readonly string[], work: () => Promise<T>): Promise<T> {
  const before = process.env.PATH;
  process.env.PATH = folders.join(delimiter);
  try {
    return await work();
  } finally {
    process.env.PATH = before;
  }
}

/** Bundles a script that uses tools/kernel, for tests that need processes of their own. */
export async function bundleScript(contents: string): Promise<string> {
  const outfile = join(temporaryFolder(), "script.mjs");
  await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" },
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "warning",
    banner: { js: 'import { createRequire as cr } from "node:module"; const require = cr(import.meta.url);' },
  });
  return outfile;
}
