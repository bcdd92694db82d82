/**
 * The check that a patched kernel compiles: the objects of the touched files, built by kbuild against Debian's header
 * packages.
 *
 * Nothing of the tree is run: of its Makefiles only the names of objects and plain compiler flags are read, and kbuild
 * gets a Makefile written here. The tree's files go into a temporary copy. objtool is left out, because it needs libelf
 * and looks at machine code, which no candidate is about.
 */
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import { debianHeaders, type KernelHeaders } from "../kernel/debian-headers.ts";
import { findProgram, type ProgramResult, runProgram } from "../kernel/programs.ts";
import { withTemporary } from "../kernel/temporary.ts";
import type { ToolCheck } from "./candidate.ts";
import {
  filesOf,
  findModules,
  type ModuleBuild,
  type Needed,
  type PatchedTree,
  type Plan,
  planObjects,
  readOnce,
  withoutNew,
} from "./compile-plan.ts";
import { type KernelOptions, makefileFor, readOptions } from "./kbuild.ts";

/** What is compiled, and where. */
export interface CompileRequest {
  /** The kernel's version from its Makefile, such as 6.1.192; null where unknown. */
  readonly version: string | null;
  /** Paths of the files that the patch touches, in the kernel's tree (fs/smb/client/connect.c). */
  readonly touched: readonly string[];
  /** The patched tree. */
  readonly list: (prefix: string) => Promise<readonly string[]>;
  readonly read: (path: string) => Promise<Buffer | null>;
  /**
   * The tree without the patch, where the caller has it. What does not compile is then tried without the patch too, and
   * the patch is not blamed for what goes wrong all the same (headers of another version, a newer compiler).
   */
  readonly readOriginal?: (path: string) => Promise<Buffer | null>;
  readonly cacheDirectory: string;
  /** Why there are no headers, by version; added to. */
  readonly reasons?: Map<string, string>;
  readonly progress?: (line: string) => void;
}

/** A build of a few objects takes 3 to 15 s. */
const BUILD_SECONDS = 300;
const VERSION_SECONDS = 20;
const MAX_DETAIL_CHARACTERS = 400;
/** Compilers that may be there without the plain name. */
const GCC_NAMES = ["gcc", ...Array.from({ length: 15 }, (_, i) => `gcc-${i + 8}`)];

/** What a build is made with. */
interface Bench {
  readonly headers: KernelHeaders;
  readonly make: string;
  readonly compiler: string;
  readonly options: KernelOptions;
}

/** The first thing that the compiler has to say. */
interface Complaint {
  /** `skipped`: it is the surroundings that are at fault. */
  readonly status: "failed" | "skipped";
  readonly detail: string;
  /** The compiler's words without their place, to compare builds by. */
  readonly words: string;
}

/**
 * Builds the objects of the touched .c files, and for each touched header up to three .c files that include it.
 *
 * Passed means: no error and no warning; Debian's kernels compile without any.
 *
 * @throws InputError when the run is interrupted, or the cache cannot be written
 */
export async function compileTouched(request: CompileRequest): Promise<ToolCheck> {
  if (request.version === null) {
    return check("skipped", "the kernel's version is unknown, so that no headers can be chosen");
  }
  const tree = readOnce(request);
  const modules = await findModules(tree);
  if (typeof modules === "string") {
    return check("skipped", modules);
  }
  const bench = await openBench(request, request.version);
  if (typeof bench === "string") {
    return check("skipped", bench);
  }
  const plan = await planObjects(tree, modules, bench.options);
  const objects = plan.modules.flatMap((one) => one.objects);
  if (objects.length === 0) {
    return check("skipped", plan.leftOut.join("; ") || "the patch leaves nothing to compile");
  }
  request.progress?.(`compiling ${inWords(objects)} against ${bench.headers.description}`);
  const complaint = await build(request.cacheDirectory, tree, plan, bench);
  if (complaint === null) {
    return check("passed", await describe(request, request.version, plan, bench));
  }
  if (complaint.status === "failed" && request.readOriginal !== undefined) {
    const original = readOnce({ ...request, read: request.readOriginal });
    const before = await build(request.cacheDirectory, original, await withoutNew(plan, original.read), bench);
    if (before?.words === complaint.words) {
      return check("skipped", `it does not compile without the patch either: ${complaint.detail}`);
    }
  }
  return check(complaint.status, complaint.detail);
}

function check(status: ToolCheck["status"], detail: string): ToolCheck {
  return { tool: "compile", status, detail: oneLine(detail) };
}

/** What a compiler prints holds text of the tree: no control characters, and not too much of it. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is being removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").slice(0, MAX_DETAIL_CHARACTERS);
}

function inWords(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

async function describe(request: CompileRequest, version: string, plan: Plan, bench: Bench): Promise<string> {
  const { headers, compiler } = bench;
  const { stdout } = await withTemporary(request.cacheDirectory, (directory, signal) =>
    runProgram(compiler, ["-dumpfullversion"], { directory, signal, timeoutSeconds: VERSION_SECONDS }),
  );
  const built = `${inWords(plan.modules.flatMap((one) => one.objects))} built against ${headers.description}`;
  const numbers = /^\d+\.\d+(?:\.\d+)?/.exec(version)?.[0] ?? version;
  return [
    `${built} with gcc ${stdout.trim()}`,
    ...(numbers === headers.kernel ? [] : [`the kernel is ${version}`]),
    ...(headers.compiler === null || basename(compiler) === headers.compiler
      ? []
      : [`the headers are for ${headers.compiler}`]),
    ...plan.leftOut,
  ].join("; ");
}

/** The programs and headers, or why there are none. What is cheap to know is asked before anything is downloaded. */
async function openBench(request: CompileRequest, version: string): Promise<Bench | string> {
  const make = findProgram("make");
  if (make === null) {
    return "make is not on this machine";
  }
  if (GCC_NAMES.every((name) => findProgram(name) === null)) {
    return "gcc is not on this machine";
  }
  // Words of make(1) and of the shell; kbuild itself refuses spaces and colons.
  if (/[\s:;$#%'"`\\&|<>()*?[\]!=]/.test(request.cacheDirectory)) {
    return `kbuild cannot work in ${request.cacheDirectory}: the path has a space or another special character`;
  }
  const headers = await debianHeaders(version, request);
  if (typeof headers === "string") {
    return headers;
  }
  const names = headers.compiler === null ? GCC_NAMES : [headers.compiler, ...GCC_NAMES];
  const compiler = names.map(findProgram).find((path) => path !== null);
  if (compiler === undefined) {
    return "gcc is not on this machine";
  }
  const options = readOptions(readFileSync(join(headers.directory, "include/config/auto.conf"), "latin1"));
  return { headers, make, compiler, options };
}

/** Writes what a module needs below `copy`. */
async function writeCopy(tree: PatchedTree, one: ModuleBuild, options: KernelOptions, copy: string): Promise<Needed> {
  const needed = await filesOf(tree, one);
  for (const [path, contents] of needed.files) {
    mkdirSync(join(copy, dirname(path)), { recursive: true });
    writeFileSync(join(copy, path), contents);
  }
  writeFileSync(join(copy, one.module.folder, "Makefile"), makefileFor(one.module, one.objects, options));
  return needed;
}

/** Builds all of the plan; the first complaint ends it. */
function build(cacheDirectory: string, tree: PatchedTree, plan: Plan, bench: Bench): Promise<Complaint | null> {
  return withTemporary(cacheDirectory, async (directory, signal) => {
    for (const [index, one] of plan.modules.entries()) {
      // Without links, so that the compiler names files as this does.
      const copy = join(realpathSync(directory), `copy-${index}`);
      const needed = await writeCopy(tree, one, bench.options, copy);
      const folder = join(copy, one.module.folder);
      const args = [
        "--no-print-directory",
        "-C",
        bench.headers.directory,
        `M=${folder}`,
        `CC=${bench.compiler}`,
        // Touched headers of include/ come before those of the header packages.
        `NOSTDINC_FLAGS=-nostdinc -I${join(copy, "include")} -I${join(copy, "include/uapi")}`,
        "objtool-enabled=",
        ...one.objects,
      ];
      const result = await runProgram(bench.make, args, { directory, signal, timeoutSeconds: BUILD_SECONDS });
      const complaint = complaintOf(result, { copy, folder: one.module.folder, bench, needed });
      if (complaint !== null) {
        return complaint;
      }
    }
    return null;
  });
}

interface BuiltPlace {
  readonly copy: string;
  readonly folder: string;
  readonly bench: Bench;
  readonly needed: Needed;
}

/** What the build says; null when it went through without a word from the compiler. */
function complaintOf(result: ProgramResult, place: BuiltPlace): Complaint | null {
  const skipped = (detail: string): Complaint => ({ status: "skipped", detail, words: "" });
  if (result.status === null) {
    return skipped(`the build took longer than ${BUILD_SECONDS} s`);
  }
  const lines = result.stderr.split("\n");
  // With a place: what gcc and make say without one is about themselves.
  const said = lines.map((line) =>
    /^(\S+?|\{standard input\}):(\d+)(?::\d+)?: ((?:fatal )?error|warning): (.*)$/i.exec(line),
  );
  const first =
    said.find((match) => match !== null && !/warning/i.test(match[3] ?? "")) ?? said.find((match) => match !== null);
  if (first === undefined || first === null) {
    const stopped = lines.find((line) => line.includes("***")) ?? lines[0] ?? "";
    return result.status === 0 ? null : skipped(`kbuild stopped: ${treePaths(stopped, place)}`);
  }
  const [, file = "", line = "", kind = "", words = ""] = first;
  const missing = /^(.*): No such file or directory$/.exec(words)?.[1] ?? "";
  if (place.needed.generated.includes(missing)) {
    return skipped(`${treePaths(file, place)} needs ${missing}, which only a whole build makes`);
  }
  if (place.needed.unseen.includes(missing)) {
    return skipped(
      `${treePaths(file, place)} includes ${missing}, which is not in the part of the kernel that was opened`,
    );
  }
  const detail = `${treePaths(file, place)}:${line}: ${kind}: ${words}`;
  return { status: "failed", detail: `${detail}${cameFrom(lines, first.input, place)}`, words };
}

/** A complaint in a header says little without the line that it came from. */
function cameFrom(lines: readonly string[], line: string, place: BuiltPlace): string {
  if (line.startsWith(place.copy)) {
    return "";
  }
  const prefix = `${place.copy}/`;
  const near = lines.slice(lines.indexOf(line) + 1).find((one) => one.startsWith(prefix));
  const from = near === undefined ? undefined : /^(\S+?:\d+)/.exec(near)?.[1];
  return from === undefined ? "" : ` (from ${treePaths(from, place)})`;
}

/** Paths as they are in the kernel's tree. */
function treePaths(text: string, { copy, folder, bench }: BuiltPlace): string {
  const shown = text
    .replaceAll(`${copy}/`, "")
    .replaceAll(`${bench.headers.root}/usr/src/`, "")
    .replace(/^linux-headers-[^/\s]+\/(?:\.\.\/linux-headers-[^/\s]+\/)?/, "")
    .replace(/^\.\//, "");
  // Newer kbuild works in the module's folder.
  const path = /^[\w+-]+\.[ch]$/.test(shown) ? `${folder}/${shown}` : shown;
  return /^\S+$/.test(path) ? posix.normalize(path) : path;
}
