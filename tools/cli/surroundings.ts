/**
 * What the command line knows of the machine: folders, terminal, options that several commands share.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import pico from "picocolors";
import { type Configuration, everythingEnabled, fromDotConfig } from "../c/configuration.ts";
import { parallelChecker } from "../c/parallel-check.ts";
import { type ParseChecker, sequentialChecker } from "../c/parse-check.ts";
import { InputError } from "../kernel/input-error.ts";
import { openKernel } from "../kernel/open.ts";
import type { KernelSource } from "../kernel/source.ts";
import { type Paint, PLAIN } from "../report/scan-text.ts";

/** Folders that are read for every kernel whatever is scanned: headers, and what later stages look into. */
export const ALWAYS_WANTED: readonly string[] = [
  "fs/smb",
  "fs/cifs",
  "net/sunrpc",
  // What TCP does, of which the NFS client's sockets learn: kernel-models/sunrpc-reconnect/kernel-tcp.ts reads it.
  "net/ipv4/tcp_input.c",
  "net/ipv4/tcp_timer.c",
  "net/ipv4/tcp_ipv4.c",
  "net/ipv4/route.c",
  // The SMB client includes headers from there by relative paths (6.12); it does not compile without.
  "fs/nls",
  "include/linux",
  "include/net",
  "include/uapi/linux",
  "include/trace/events",
  "kernel/time",
  "kernel/timer.c",
  "kernel/workqueue.c",
  "scripts/checkpatch.pl",
  "scripts/spelling.txt",
  "scripts/const_structs.checkpatch",
];

/** The folder of this installation: the one with package.json, above the bundle or the source file. */
export function installationFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json")) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** `$XDG_CACHE_HOME/groundhog`, else `~/.cache/groundhog`; a relative XDG_CACHE_HOME is ignored, as XDG demands. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), ".cache"), "groundhog");
}

function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new InputError("current directory", "is gone", { cause: error });
  }
}

/**
 * Opens the kernel that --kernel names.
 *
 * @param paths what will be scanned besides the folders that are always wanted
 */
export function openForCommand(spec: string | undefined, paths: readonly string[]): Promise<KernelSource> {
  return openKernel(spec, {
    wanted: [...ALWAYS_WANTED, ...paths],
    cacheDirectory: cacheFolder(),
    sampleDirectory: join(installationFolder(), "kernel-models", "sample"),
    workingDirectory: workingDirectory(),
    progress: (line) => process.stderr.write(`${line}\n`),
  });
}

/** A second thread where the bundle has its script; sources run without a bundle do everything in one. */
export function checkerForCommand(): ParseChecker & { close(): Promise<void> } {
  const script = new URL("./parse-worker.js", import.meta.url);
  if (existsSync(script)) return parallelChecker(script);
  return { ...sequentialChecker(), close: async () => {} };
}

const MAX_CONFIG_BYTES = 4_000_000;

/** The configuration that --config names, or the default. */
export function configurationOf(file: string | undefined): Configuration {
  if (file === undefined) return everythingEnabled();
  let text: string;
  try {
    const status = statSync(file);
    if (!status.isFile()) throw new InputError(file, "not a regular file");
    const { size } = status;
    if (size > MAX_CONFIG_BYTES) throw new InputError(file, `${size} bytes are too many for a kernel .config`);
    text = readFileSync(file, "latin1");
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new InputError(file, code === "ENOENT" ? "no such file" : `cannot be read (${code})`, { cause: error });
  }
  return fromDotConfig(text, file);
}

/** Colours on a terminal, unless NO_COLOR says otherwise; none in pipes and files. */
export function paintForTerminal(): Paint {
  if (process.stdout.isTTY !== true || (process.env.NO_COLOR ?? "") !== "") return PLAIN;
  const colours = pico.createColors(true);
  return { bold: colours.bold, dim: colours.dim, warn: colours.yellow };
}

/** Writes to standard output and waits until it is taken, so that pipes get everything before the process ends. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      // A reader that has seen enough (`| head`) is no error of ours.
      if (error == null || ("code" in error && error.code === "EPIPE")) resolve();
      else
        reject(
          new InputError("standard output", `cannot be written (${"code" in error ? error.code : error.message})`),
        );
    });
  });
}

/** One JSON document as a line, without characters that a terminal would obey. */
export function jsonLine(document: unknown): string {
  const text = JSON.stringify(document).replace(/[\u007f-\u009f\u2028\u2029]/g, escaped);
  return `${text}\n`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Progress of many jobs as one line on standard error that is overwritten; nothing where that is no terminal. */
export function jobProgress(verb: string): (done: number, all: number) => void {
  if (process.stderr.isTTY !== true) return () => {};
  let shown = -1;
  return (done, all) => {
    const percent = Math.floor((100 * done) / Math.max(all, 1));
    if (percent === shown) return;
    shown = percent;
    process.stderr.write(percent === 100 ? "\r\u001b[K" : `\r${verb} ${percent}%`);
  };
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The words with which this program was started, for commands that are to be pasted. */
export function invocation(): readonly string[] {
  const script = process.argv[1] ?? "";
  if (!/(?:^|[\\/])groundhog\.js$/.test(script)) return ["groundhog"];
  const path = relative(process.cwd(), script);
  return ["node", path === "" || path.startsWith("..") ? script : path];
}
