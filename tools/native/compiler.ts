/** The system's C compiler, and the harness that it makes of a slice. */
import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../kernel/make-folder.ts";
import { moveIntoPlace, withTemporary } from "../kernel/temporary.ts";
import { runLimited } from "./limited.ts";
import { protocolNumbers } from "./protocol.ts";

export interface Compiler {
  readonly command: string;
  /** The first line of `--version`. */
  readonly version: string;
}

/** Files of templates/native/, by name. */
export interface HarnessFiles {
  readonly prelude: string;
  readonly interface: string;
  readonly runtime: string;
}

/** A harness that cannot be made: the compiler's first complaint. */
export class CompileError extends Error {}

/** What a system's compiler is called, the one that is meant by default first. */
const NAMES = ["cc", "gcc", "clang"];
const COMPILE_SECONDS = 120;
const PROBE_SECONDS = 20;

/** A compiler must find its parts, speak English, and ask nobody. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"] ?? "", LC_ALL: "C", TMPDIR: process.env["TMPDIR"] ?? "/tmp" };
}

/** The first line of what a program says, without what a terminal would take for commands. */
function plainLine(text: string): string {
  return (text.split("\n")[0] ?? "")
    .replace(/[^\x20-\x7e]/g, "")
    .trim()
    .slice(0, 120);
}

/** The first of the usual compilers that runs; null where there is none. */
export async function findCompiler(names: readonly string[] = NAMES): Promise<Compiler | null> {
  for (const command of names) {
    try {
      const { stdout } = await runLimited(command, ["--version"], { env: environment(), seconds: PROBE_SECONDS });
      return { command, version: plainLine(stdout) || command };
    } catch {
      // The next one, or none.
    }
  }
  return null;
}

/**
 * As the kernel's Makefile has it where it matters for what a program means (KBUILD_CFLAGS): signed arithmetic wraps,
 * types may alias, null pointers are not reasoned about, locals that nobody set are zero (CONFIG_INIT_STACK_ALL_ZERO).
 * Warnings are about the harness's own text; the kernel's stands behind line markers that say so.
 */
function flags(hz: number, charIsSigned: boolean): readonly string[] {
  return [
    ...["-std=gnu11", "-O2", "-g", "-no-pie", "-fno-pie", "-fwrapv", "-fno-strict-aliasing"],
    ...["-fno-strict-overflow", "-fno-delete-null-pointer-checks", "-fno-builtin", "-fno-stack-protector"],
    ...[charIsSigned ? "-fsigned-char" : "-funsigned-char", "-U_FORTIFY_SOURCE", `-DHZ=${hz}`],
    ...["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-int-conversion"],
  ];
}

/** Locals are compared where they are handed over: without this nobody knows what is in them. gcc 12, clang 16. */
const NEEDED = "-ftrivial-auto-var-init=zero";

/** What not every compiler knows. */
const OPTIONAL = [
  "-Wno-deprecated-non-prototype",
  "-Wno-unknown-warning-option",
  "-Wno-incompatible-pointer-types",
  "-Wno-incompatible-function-pointer-types",
  "-Wno-implicit-function-declaration",
  // What is read through a null pointer stops the model where C reads it: the compiler must not put it off to where it
  // is used.
  "-fno-tree-sink",
  "-fno-shrink-wrap",
];

async function takesFlag(compiler: Compiler, directory: string, flag: string): Promise<boolean> {
  const file = join(directory, "empty.c");
  writeFileSync(file, "int empty;\n");
  try {
    const words = ["-Werror", flag, "-c", "-o", join(directory, "empty.o"), file];
    await runLimited(compiler.command, words, { env: environment(), seconds: PROBE_SECONDS });
    return true;
  } catch {
    return false;
  }
}

const known = new Map<string, Promise<readonly string[]>>();

function optionalFlags(compiler: Compiler, directory: string): Promise<readonly string[]> {
  let answer = known.get(compiler.command);
  if (answer === undefined) {
    answer = (async () => {
      const taken: string[] = [];
      for (const flag of OPTIONAL) if (await takesFlag(compiler, directory, flag)) taken.push(flag);
      return taken;
    })();
    known.set(compiler.command, answer);
  }
  return answer;
}

/** What is compiled. */
export interface HarnessRequest {
  /** The slice's C, of slice-source.ts. */
  readonly slice: string;
  readonly files: HarnessFiles;
  readonly hz: number;
  readonly charIsSigned: boolean;
  readonly compiler: Compiler;
  /** groundhog's cache: a harness that was made before is used again. */
  readonly cacheDirectory: string;
}

/** A harness on disk. */
export interface Harness {
  readonly executable: string;
  readonly directory: string;
}

function protocolHeader(): string {
  return protocolNumbers()
    .map(({ name, value }) => `#define ${name} ${value}\n`)
    .join("");
}

/**
 * Compiles a slice.
 *
 * @throws CompileError with what the compiler says first
 */
export async function buildHarness(request: HarnessRequest): Promise<Harness> {
  const { slice, files, hz, charIsSigned, compiler, cacheDirectory } = request;
  const texts: Readonly<Record<string, string>> = {
    "slice.c": slice,
    "prelude.h": files.prelude,
    "interface.h": files.interface,
    "runtime.c": files.runtime,
    "protocol.h": protocolHeader(),
  };
  const words = [...flags(hz, charIsSigned), ...OPTIONAL, compiler.version];
  const hash = createHash("sha256")
    .update(JSON.stringify([texts, words]))
    .digest("hex")
    .slice(0, 24);
  const place = join(cacheDirectory, "harness", hash);
  const executable = join(place, "harness");
  if (existsSync(executable)) return { executable, directory: place };
  await withTemporary(cacheDirectory, async (directory, signal) => {
    const made = join(directory, "harness");
    makeFolder(made);
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(made, name), text, "latin1");
    if (!(await takesFlag(compiler, directory, NEEDED))) throw new CompileError(`${compiler.version} has no ${NEEDED}`);
    const optional = [NEEDED, ...(await optionalFlags(compiler, directory))];
    await compile(compiler, made, [...flags(hz, charIsSigned), ...optional], signal);
    moveIntoPlace(made, place);
  });
  return { executable, directory: place };
}

async function compile(
  compiler: Compiler,
  directory: string,
  given: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const words = [...given, "-o", "harness", "slice.c", "runtime.c"];
  try {
    const options = { cwd: directory, env: environment(), seconds: COMPILE_SECONDS, signal };
    await runLimited(compiler.command, words, options);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    const first = lines.find((line) => /error/.test(line)) ?? lines[0] ?? "it failed without a word";
    throw new CompileError(first.trim().slice(0, 300), { cause: error });
  }
}
