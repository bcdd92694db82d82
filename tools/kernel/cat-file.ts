/**
 * Blobs of a git repository through one long-lived `git cat-file --batch`: one process for all files.
 */
import { spawn } from "node:child_process";
import { explainGit } from "./explain-git.ts";
import { InputError } from "./input-error.ts";

/** What git has under one object name. */
export type BlobAnswer =
  | { readonly kind: "blob"; readonly bytes: Buffer }
  /** A tree, a commit or a tag, as git stores it. */
  | { readonly kind: "other"; readonly type: string; readonly bytes: Buffer }
  | { readonly kind: "oversized"; readonly sizeBytes: number }
  | { readonly kind: "missing" };

export interface BlobReader {
  /**
   * The object with this full hexadecimal name. Calls may overlap; each gets its own answer.
   * @throws InputError when git ends before it answers
   */
  read(objectName: string): Promise<BlobAnswer>;
  close(): Promise<void>;
}

/** A header is `NAME TYPE SIZE`: far shorter than this, so anything longer is not git's protocol. */
const MAX_HEADER_BYTES = 1_024;
const NEWLINE = 0x0a;

/**
 * Takes git's answers apart, in whatever pieces they arrive (git-cat-file(1), "BATCH OUTPUT").
 *
 * @param maxBytes objects larger than this are passed over, not kept
 * @param answer called once per object, in the order in which they were asked for
 * @throws Error from the returned function when the output is not that of `cat-file --batch`
 */
export function createBatchParser(maxBytes: number, answer: (answer: BlobAnswer) => void): (chunk: Buffer) => void {
  let header: Buffer = Buffer.alloc(0);
  let body: { type: string; size: number; kept: Buffer[]; left: number } | null = null;
  const takeHeader = (chunk: Buffer): Buffer => {
    const end = chunk.indexOf(NEWLINE);
    header = Buffer.concat([header, end < 0 ? chunk : chunk.subarray(0, end)]);
    if (header.length > MAX_HEADER_BYTES) {
      throw new Error("git cat-file gave an answer without a header");
    }
    if (end < 0) {
      return Buffer.alloc(0);
    }
    const line = header.toString("latin1");
    header = Buffer.alloc(0);
    const match = /^[0-9a-f]+ (\w+) (\d+)$/.exec(line);
    if (match?.[1] !== undefined) {
      // One more byte than the size: git puts a newline behind each object.
      body = { type: match[1], size: Number(match[2]), kept: [], left: Number(match[2]) + 1 };
    } else if (/ (missing|ambiguous)$/.test(line)) {
      answer({ kind: "missing" });
    } else {
      throw new Error("git cat-file gave an answer that is not understood");
    }
    return chunk.subarray(end + 1);
  };
  const takeBody = (chunk: Buffer, current: NonNullable<typeof body>): Buffer => {
    const part = chunk.subarray(0, current.left);
    current.left -= part.length;
    if (current.size <= maxBytes) {
      current.kept.push(part);
    }
    if (current.left === 0) {
      body = null;
      answer(finish(current));
    }
    return chunk.subarray(part.length);
  };
  const finish = (done: NonNullable<typeof body>): BlobAnswer => {
    if (done.size > maxBytes) {
      return { kind: "oversized", sizeBytes: done.size };
    }
    const bytes = Buffer.concat(done.kept).subarray(0, done.size);
    return done.type === "blob" ? { kind: "blob", bytes } : { kind: "other", type: done.type, bytes };
  };
  return (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      rest = body === null ? takeHeader(rest) : takeBody(rest, body);
    }
  };
}

interface Question {
  readonly resolve: (answer: BlobAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Starts `git cat-file --batch` in a repository.
 *
 * @param subject how the source is called in errors
 * @param directory the repository
 * @param environment of the child, complete
 * @param maxBytes objects larger than this are answered with `oversized`
 */
export function openBlobs(
  subject: string,
  directory: string,
  environment: Readonly<Record<string, string>>,
  maxBytes: number,
): BlobReader {
  const child = spawn("git", ["cat-file", "--batch"], {
    cwd: directory,
    env: { ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const questions: Question[] = [];
  let failure: Error | null = null;
  let complaint = "";
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()).once("error", () => resolve()));
  const fail = (error: Error) => {
    failure ??= error;
    for (const question of questions.splice(0)) {
      question.reject(failure);
    }
  };
  const parse = createBatchParser(maxBytes, (answer) => questions.shift()?.resolve(answer));
  child.stdout.on("data", (chunk: Buffer) => {
    try {
      parse(chunk);
    } catch (error) {
      fail(new InputError(subject, error instanceof Error ? error.message : String(error), { cause: error }));
      child.kill();
    }
  });
  child.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString("latin1")).slice(-2_000);
  });
  // Writing to a child that has just died is reported by "close" below, with its reason.
  child.stdin.on("error", () => {});
  child.once("error", (error) => fail(new InputError(subject, "git cannot be started", { cause: error })));
  child.once("close", (code, signal) => {
    fail(new InputError(subject, complaint === "" ? `git cat-file ended (${signal ?? code})` : explainGit(complaint)));
  });
  return {
    read(objectName) {
      if (!/^[0-9a-f]{40,64}$/.test(objectName)) {
        return Promise.reject(new InputError(subject, `${objectName} is no object name`));
      }
      return new Promise((resolve, reject) => {
        if (failure !== null) {
          reject(failure);
          return;
        }
        questions.push({ resolve, reject });
        child.stdin.write(`${objectName}\n`);
      });
    },
    async close() {
      fail(new Error(`${subject} was read after it was closed`));
      child.stdin.end();
      child.kill();
      await ended;
    },
  };
}
