/**
 * A kernel source and some paths -> C files, program, timing facts, coverage.
 */
import { posix } from "node:path";
import type { Configuration } from "../c/configuration.ts";
import { type CFile, failuresOf, readCFile, type Unparsed } from "../c/file.ts";
import { type ParseChecker, sequentialChecker } from "../c/parse-check.ts";
import { type HeaderText, Program } from "../c/program.ts";
import { withoutUnknownNames } from "../c/unknown-names.ts";
import { smbClientFolder } from "../kernel/find.ts";
import { InputError } from "../kernel/input-error.ts";
import type { KernelSource, SourceNote } from "../kernel/source.ts";
import { collectTimingFacts, isWatchedMacro, WATCHED_NAMES } from "./collect.ts";
import type { Fact, FactProblem } from "./fact.ts";

/** How much of the functions in the text could be parsed. */
export interface Coverage {
  readonly files: number;
  readonly bytes: number;
  /** Functions that a text search finds, in all preprocessor branches. */
  readonly functions: number;
  readonly functionsWithErrors: number;
  /** Of all functions, those that the configuration switches off: parsed, but without facts. */
  readonly functionsInactive: number;
  readonly unparsed: readonly Unparsed[];
}

/** A condition of the preprocessor that was decided against the text. */
export interface SwitchedOff {
  readonly file: string;
  readonly line: number;
  readonly condition: string;
}

export interface Scan {
  readonly kernel: { readonly id: string; readonly version: string | null };
  readonly configuration: { readonly description: string; readonly switchedOff: readonly SwitchedOff[] };
  readonly paths: readonly string[];
  readonly coverage: Coverage;
  readonly facts: readonly Fact[];
  /** What kept facts from being found or complete. */
  readonly problems: readonly FactProblem[];
  readonly notes: readonly SourceNote[];
  readonly program: Program;
}

/**
 * The default paths: the SMB client wherever this tree has it, and sunrpc.
 *
 * @throws InputError when the tree has neither
 */
export async function defaultPaths(source: KernelSource): Promise<readonly string[]> {
  const client = await smbClientFolder(source);
  const sunrpc = (await source.list("net/sunrpc")).length > 0 ? "net/sunrpc" : null;
  const paths = [client, sunrpc].filter((path) => path !== null);
  if (paths.length === 0) {
    throw new InputError(source.id, "has no fs/smb/client, fs/cifs or net/sunrpc; name the paths to scan");
  }
  return paths;
}

/**
 * Scans paths of a kernel.
 *
 * @param paths folders or files of the kernel tree; empty for the default paths
 * @param checker parses every function for the coverage figure, perhaps in another thread
 * @throws InputError when a path is not in the kernel or has no C files
 */
export async function scanKernel(
  source: KernelSource,
  paths: readonly string[],
  configuration: Configuration,
  checker: ParseChecker = sequentialChecker(),
): Promise<Scan> {
  const wanted = paths.length === 0 ? await defaultPaths(source) : paths.map(cleanPath);
  const names = await cFilesIn(source, wanted);
  const files = await Promise.all(names.map(async (path) => readOne(source, path, configuration, checker)));
  const read = files.filter((file) => file !== null);
  const cFiles = read.map((one) => one.file);
  const headers = await headersOf(async (path) => {
    const text = await source.read(path);
    return text === null ? null : { path, text };
  }, cFiles);
  const program = programFrom(cFiles, headers, configuration);
  const { facts, problems } = collectTimingFacts(program);
  const failures = await checker.finish();
  const unparsed = read.flatMap(({ file, jobs }) => [
    ...file.unparsed,
    ...failuresOf(
      file,
      jobs.map((number) => failures[number] ?? []),
    ),
  ]);
  return {
    kernel: { id: source.id, version: source.version },
    configuration: { description: configuration.description, switchedOff: switchedOff(program.files) },
    paths: wanted,
    coverage: coverageOf(cFiles, unparsed),
    facts,
    problems,
    notes: source.notes,
    program,
  };
}

/** The program of files that were read already, as the timing facts need it. */
export function programFrom(
  files: readonly CFile[],
  headers: readonly HeaderText[],
  configuration: Configuration,
): Program {
  return withoutUnknownNames(new Program(files, headers, configuration, WATCHED_NAMES, isWatchedMacro));
}

/** Paths may come with `./` and trailing slashes, as shells complete them. */
function cleanPath(path: string): string {
  if (path === "") throw new InputError('""', "names no path; . is the whole kernel");
  const clean = path.replace(/^(?:\.\/)+/, "").replace(/\/+$/, "");
  if (clean.split("/").includes("..")) throw new InputError(path, "leaves the kernel tree");
  return clean === "." ? "" : clean;
}

async function cFilesIn(source: KernelSource, paths: readonly string[]): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const path of paths) {
    const listed = await source.list(path);
    if (listed.length === 0) throw new InputError(path === "" ? "." : path, `not in ${source.id}`);
    const c = listed.filter((name) => /\.[ch]$/.test(name) || name === path);
    if (c.length === 0) throw new InputError(path === "" ? "." : path, `has no C files in ${source.id}`);
    for (const name of c) names.add(name);
  }
  return [...names].sort();
}

/** A file with the numbers of its jobs. */
interface ReadFile {
  readonly file: CFile;
  readonly jobs: readonly number[];
}

async function readOne(
  source: KernelSource,
  path: string,
  configuration: Configuration,
  checker: ParseChecker,
): Promise<ReadFile | null> {
  const text = await source.read(path);
  if (text === null) return null;
  const file = readCFile(path, text, configuration);
  return { file, jobs: file.pieces.map((piece) => checker.add(piece.job)) };
}

/**
 * Headers that the scanned files include, so that structs and constants can be looked up. Headers that stand in one
 * folder belong together: what they include from their own folder is taken too.
 */
export async function headersOf(
  read: (path: string) => Promise<HeaderText | null>,
  files: readonly CFile[],
): Promise<readonly HeaderText[]> {
  const known = new Set(files.map((file) => file.path));
  const first = new Set<string>();
  for (const file of files) {
    for (const include of file.masked.preprocessed.includes) {
      // fs/smb/client includes "../common/smb2pdu.h".
      first.add(include.system ? `include/${include.path}` : posix.join(posix.dirname(file.path), include.path));
    }
  }
  const readAll = async (paths: Iterable<string>): Promise<HeaderText[]> => {
    const fresh = [...paths].filter((path) => !known.has(path) && !path.split("/").includes(".."));
    for (const path of fresh) known.add(path);
    return (await Promise.all(fresh.map(read))).filter((one) => one !== null);
  };
  const headers = await readAll(first);
  for (let fresh = headers, round = 0; fresh.length > 0 && round < MAX_HEADER_ROUNDS; round++) {
    fresh = await readAll(siblingsOf(fresh));
    headers.push(...fresh);
  }
  return headers;
}

/** Families of headers include each other a few levels deep. */
const MAX_HEADER_ROUNDS = 5;

/** Headers of their own folder that some headers include. include/linux itself is the whole kernel, no family. */
function siblingsOf(headers: readonly HeaderText[]): ReadonlySet<string> {
  const siblings = new Set<string>();
  for (const { path, text } of headers) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (folder === "include/linux") continue;
    for (const [, included] of text.toString("latin1").matchAll(/^#\s*include\s*<([^>]+)>/gm)) {
      if (`include/${included}`.startsWith(`${folder}/`)) siblings.add(`include/${included}`);
    }
  }
  return siblings;
}

function coverageOf(files: readonly CFile[], unparsed: readonly Unparsed[]): Coverage {
  const broken = new Set(
    unparsed.filter((one) => one.function !== null).map((one) => `${one.file} ${one.function} ${one.line}`),
  );
  const sum = (value: (file: CFile) => number): number => files.reduce((total, file) => total + value(file), 0);
  return {
    files: files.length,
    bytes: sum((file) => file.sizeBytes),
    functions: sum((file) => file.functionsInText),
    functionsWithErrors: broken.size + sum((file) => file.functionsRefused),
    functionsInactive: sum((file) => file.functionsInactive),
    unparsed,
  };
}

function switchedOff(files: readonly CFile[]): readonly SwitchedOff[] {
  return files.flatMap((file) =>
    file.masked.preprocessed.choices
      .filter((choice) => !choice.taken)
      .map((choice) => ({ file: file.path, line: file.lines.lineAt(choice.offset), condition: choice.condition })),
  );
}
