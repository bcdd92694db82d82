/** Programs that are run with limits: what takes too long is ended with all that it started. */
import { spawn } from "node:child_process";

export interface Limits {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Of wall time, and of CPU time of each process. */
  readonly seconds: number;
  /** Ends it, too. */
  readonly signal?: AbortSignal;
}

/** A compiler of C needs a tenth of that. */
const MEMORY_KILOBYTES = 4_000_000;
const MAX_OUTPUT = 1 << 20;
/** sh sets the limits, and becomes the program: `sh -c '...' sh program words`. */
const LIMITING = `ulimit -v ${MEMORY_KILOBYTES}; ulimit -t "$1"; shift; exec "$@"`;

/**
 * Runs a program to its end.
 *
 * @throws Error with what it said on standard error, when it fails or is ended
 */
export function runLimited(command: string, words: readonly string[], limits: Limits): Promise<{ stdout: string }> {
  const { env, cwd, seconds, signal } = limits;
  return new Promise((resolve, reject) => {
    const given = ["-c", LIMITING, "sh", String(seconds), command, ...words];
    // A process group of its own: a compiler is several programs, and the first of them waits for the others.
    const child = spawn("/bin/sh", given, { env, cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    const end = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    };
    const timer = setTimeout(() => {
      stderr += `\n${command} took more than ${seconds} s\n`;
      end();
    }, seconds * 1000);
    signal?.addEventListener("abort", end);
    child.stdout.on("data", (chunk: Buffer) => {
      if (stdout.length < MAX_OUTPUT) stdout += chunk.toString("latin1");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (stderr.length < MAX_OUTPUT) stderr += chunk.toString("latin1");
    });
    const done = (error: Error | null): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      if (error === null) resolve({ stdout });
      else reject(error);
    };
    child.on("error", done);
    child.on("close", (code) => done(code === 0 ? null : new Error(stderr.trim() || `${command} ended with ${code}`)));
  });
}
