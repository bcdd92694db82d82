/** Sessions with the bundle, as a shell would have them: arguments in; exit code, output and files out. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";

const PROJECT = join(import.meta.dirname, "../..");
/** What a package of groundhog has, as package.json's `files` says, and what is needed to build it. */
const COPIED = ["package.json", "build.mjs"];
const LINKED = ["node_modules", "tools", "templates", "patches", "kernel-models/sample"];

export interface Session {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SessionOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly maxMs?: number;
}

/** Most sessions take a second or two, a run with candidates up to twenty; one that hangs fails by its exit code. */
const MAX_SESSION_MS = 60_000;

const folders: string[] = [];
let home = "";
let bundle = "";

/** A new folder that is removed after the file's tests. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "groundhog-cli-test-"));
  folders.push(folder);
  return folder;
}

/**
 * Builds an installation of its own for a test file: never stale, and nobody's build can pull it away. The sample's
 * history is built too, so that no session is the first.
 */
export function useBundle(): void {
  beforeAll(() => {
    home = newFolder();
    const installation = newFolder();
    for (const name of COPIED) copyFileSync(join(PROJECT, name), join(installation, name));
    mkdirSync(join(installation, "kernel-models"));
    for (const name of LINKED) symlinkSync(join(PROJECT, name), join(installation, name));
    const build = spawnSync(process.execPath, ["build.mjs"], { cwd: installation, encoding: "utf8" });
    if (build.status !== 0) throw new Error(`build.mjs: ${build.stderr}`);
    bundle = join(installation, "dist/groundhog.js");
    groundhog(["scan", "--kernel", "sample"]);
  });
  afterAll(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
}

function environment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? "", HOME: home, XDG_CACHE_HOME: join(home, "cache"), ...extra };
}

/** Runs `groundhog ARGS`. */
export function groundhog(args: readonly string[], options: SessionOptions = {}): Session {
  return session(spawnSync(process.execPath, [bundle, ...args], settings(options)));
}

/** Runs a shell command in which `$GROUNDHOG` is the program. */
export function shell(command: string, options: SessionOptions = {}): Session {
  const env = { GROUNDHOG: `${process.execPath} ${bundle}`, ...options.env };
  return session(spawnSync("bash", ["-c", command], settings({ ...options, env })));
}

function settings(options: SessionOptions) {
  const env = environment(options.env ?? {});
  return {
    cwd: options.cwd ?? home,
    env,
    encoding: "utf8" as const,
    maxBuffer: 1 << 28,
    timeout: options.maxMs ?? MAX_SESSION_MS,
  };
}

function session({ status, stdout, stderr }: SpawnSyncReturns<string>): Session {
  return { exit: status, stdout, stderr };
}

/** A kernel tree with these files beside its Makefile. */
export function kernelTree(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = newFolder();
  const all = { Makefile: "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 7\nEXTRAVERSION =\n", Kconfig: "menu\n", ...files };
  for (const [path, contents] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), contents);
  }
  return folder;
}

/** All files below a folder, sorted. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Bad input: exit code 2, nothing on standard output, one line that begins with the program's name. */
export function expectOneLine(result: Session, message: RegExp): void {
  expect(result.stderr).toMatch(/^groundhog: [^\n]+\n$/);
  expect(result.stderr).toMatch(message);
  expect(result.stderr).not.toMatch(/^\s+at |internal error|\.js:\d+/m);
  expect([result.exit, result.stdout]).toEqual([2, ""]);
}
