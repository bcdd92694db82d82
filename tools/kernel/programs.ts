/**
 * Programs of the system: found on PATH, run without a shell, with a small environment and bounded output.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { InputError } from "./input-error.ts";

/** Enough for every list that is asked for; apt-cache search prints some hundred lines. */
const MAX_OUTPUT_CHARACTERS = 4 * 1024 ** 2;

/** Path of a program on PATH, or null. */
export function findProgram(name: string): string | null {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    if (folder !== "" && isExecutable(path)) {
      return path;
    }
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or in a folder of PATH that this user may not enter.
    return false;
  }
}

/** Messages in English, which is what is looked at; proxies, because apt-get needs them; nothing that sets options. */
function childEnvironment(): Record<string, string> {
  const kept: Record<string, string> = { LC_ALL: "C" };
  for (const name of ["PATH", "HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy", "APT_CONFIG"]) {
    const value = process.env[name];
    if (value !== undefined) {
      kept[name] = value;
    }
  }
  return kept;
}

export interface ProgramResult {
  /** Exit status; null when a signal ended the program. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly directory: string;
  /** Ends the program. */
  readonly signal: AbortSignal;
  /** The program is ended after this time; then `status` is null. */
  readonly timeoutSeconds: number;
}

/**
 * Runs a program to its end.
 *
 * @param program its path
 * @throws InputError when it cannot be started
 */
export function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      cwd: options.directory,
      env: childEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
      signal: options.signal,
      timeout: options.timeoutSeconds * 1000,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(0, MAX_OUTPUT_CHARACTERS);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(0, MAX_OUTPUT_CHARACTERS);
    });
    child.once("error", (error) => {
      const reason = error.name === "AbortError" ? "was interrupted" : "cannot be run";
      reject(new InputError(program, reason, { cause: error }));
    });
    child.once("close", (status) => resolve({ status, stdout, stderr }));
  });
}

/**
 * Sends a stream through a program, such as `xz -dc`.
 *
 * @param input its errors come out of the result
 * @returns what the program prints; the program is ended when the caller stops early
 * @throws the value of `explain(stderr)` when the program fails
 */
export async function* filterThrough(
  program: string,
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
  explain: (stderr: string) => Error,
): AsyncGenerator<Buffer> {
  const child = spawn(program, [...args], { env: childEnvironment(), stdio: "pipe" });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(0, 4_000);
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
    child.once("error", () => resolve(null));
  });
  const feeding = feed(child, input);
  try {
    for await (const chunk of child.stdout) {
      yield chunk;
    }
    // An error of the input is the reason for whatever the program then complained about.
    const inputError = await feeding;
    if (inputError !== null) {
      throw inputError;
    }
    if ((await ended) !== 0) {
      throw explain(stderr);
    }
  } finally {
    child.kill();
  }
}

/** Writes the input to the program; resolves to the input's error instead of rejecting, so that it is never lost. */
async function feed(child: ChildProcessWithoutNullStreams, input: AsyncIterable<Uint8Array>): Promise<Error | null> {
  // A program that has ended no longer reads: its exit status says why.
  let gone = false;
  const goneForGood = new Promise<void>((resolve) => {
    const leave = () => {
      gone = true;
      resolve();
    };
    child.stdin.once("error", leave).once("close", leave);
    child.once("error", leave);
  });
  try {
    for await (const chunk of input) {
      if (!child.stdin.write(chunk) && !gone) {
        await Promise.race([new Promise((resolve) => child.stdin.once("drain", resolve)), goneForGood]);
      }
      if (gone) {
        return null;
      }
    }
    child.stdin.end();
    return null;
  } catch (error) {
    child.kill();
    return error instanceof Error ? error : new Error(String(error));
  }
}
