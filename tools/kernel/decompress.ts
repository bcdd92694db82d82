/**
 * Decompression of streams, recognised by their first bytes.
 *
 * xz and zstd go through the system's programs where there are any: on linux-source-6.1 `xz` takes 4 s on two cores
 * (8 s on one) and the library 16 s. Both say the same in the same words when the data is damaged.
 */
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import xzLibrary from "xz-decompress";
import { InputError } from "./input-error.ts";
import { formatBytes, type Limits } from "./limits.ts";
import { filterThrough, findProgram } from "./programs.ts";

/** A form of compression, or `none`. */
export type Compression = "xz" | "gzip" | "zstd" | "none";

/** First bytes: XZ file format 2.1.1.1, RFC 1952 section 2.3.1, RFC 8878 section 3.1.1. */
const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
];

/** Seen and not read; named so that the error says more than "no tar archive". */
const FOREIGN_MAGIC: readonly (readonly [string, readonly number[]])[] = [
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
  ["lz4", [0x04, 0x22, 0x4d, 0x18]],
  ["lzip", [0x4c, 0x5a, 0x49, 0x50]],
  ["7-zip", [0x37, 0x7a, 0xbc, 0xaf]],
];

const MAGIC_BYTES = 6;

/** A hostile stream may ask for a dictionary of 4 GiB; `xz -9` needs 65 MiB, several threads of it some hundred. */
const XZ_MEMORY = "--memlimit-decompress=1GiB";

/** True when nested xz streams can be read at the same time: the library decodes one at a time per process. */
export function canNestXz(): boolean {
  return findProgram("xz") !== null;
}

/**
 * The contents of a stream that may be compressed.
 *
 * @param subject what errors name: the file that the user gave
 * @param input compressed or plain bytes
 * @throws InputError (from the result) when the data is cut short or damaged, of a kind that is not read, or more than
 *   `limits.unpackedBytes`
 */
export async function* decompress(
  subject: string,
  input: AsyncIterable<Uint8Array>,
  limits: Limits,
): AsyncGenerator<Uint8Array> {
  const { head, all } = await peek(input);
  if (head.length === 0) {
    throw new InputError(subject, "the file is empty");
  }
  let unpackedBytes = 0;
  for await (const chunk of choose(subject, head, all)) {
    unpackedBytes += chunk.length;
    if (unpackedBytes > limits.unpackedBytes) {
      throw new InputError(subject, `unpacks to more than ${formatBytes(limits.unpackedBytes)}, the most that is read`);
    }
    yield chunk;
  }
}

function choose(subject: string, head: Uint8Array, input: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const compression = compressionOf(head);
  switch (compression) {
    case "none": {
      const foreign = FOREIGN_MAGIC.find(([, magic]) => startsWith(head, magic));
      if (foreign !== undefined) {
        throw new InputError(subject, `${foreign[0]} is not read; give a .tar, .tar.gz, .tar.xz or .tar.zst`);
      }
      return input;
    }
    case "gzip":
      return gunzip(subject, input);
    case "xz": {
      const program = findProgram("xz");
      const args = ["--decompress", "--stdout", "--threads=0", XZ_MEMORY];
      return program === null ? unxz(subject, input) : throughProgram(subject, compression, program, args, input);
    }
    case "zstd": {
      const program = findProgram("zstd");
      const args = ["--decompress", "--stdout", "--quiet", "--no-progress"];
      return program === null ? unzstd(subject, input) : throughProgram(subject, compression, program, args, input);
    }
  }
}

/** Which compression a stream with these first bytes has. */
export function compressionOf(head: Uint8Array): Compression {
  return MAGIC.find(([, magic]) => startsWith(head, magic))?.[0] ?? "none";
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => head[index] === byte);
}

/** The first bytes of a stream, and the whole stream again. */
async function peek(
  input: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: Uint8Array; readonly all: AsyncIterable<Uint8Array> }> {
  const iterator = input[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < MAGIC_BYTES) {
    const next = await iterator.next();
    if (next.done) {
      break;
    }
    first.push(next.value);
    length += next.value.length;
  }
  const head = Buffer.concat(first);
  async function* all() {
    try {
      yield head;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head, all: all() };
}

function throughProgram(
  subject: string,
  compression: Compression,
  program: string,
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  return filterThrough(program, args, input, (stderr) => damaged(subject, compression, stderr));
}

/** One line whatever the decompressor: cut short where that is what it says, else damaged, with its own words. */
function damaged(subject: string, compression: Compression, complaint: string, cause?: unknown): InputError {
  if (/unexpected end|premature|unexpected EOF|cut short/i.test(complaint)) {
    return new InputError(subject, `the ${compression} data is cut short`, { cause });
  }
  const words = complaint.trim().split("\n").at(-1) ?? "";
  const detail = words.replace(/^(xz|zstd):\s*/, "").replace(/^(\(stdin\)|\/\*stdin\*\\)\s*:\s*/, "");
  return new InputError(subject, `the ${compression} data is damaged${detail === "" ? "" : ` (${detail})`}`, { cause });
}

async function* gunzip(subject: string, input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(input, { objectMode: false });
  const output = createGunzip({ chunkSize: 256 * 1024 });
  source.once("error", (error) => output.destroy(error));
  try {
    yield* source.pipe(output);
  } catch (error) {
    throw error instanceof InputError ? error : damaged(subject, "gzip", messageOf(error), error);
  } finally {
    source.destroy();
    output.destroy();
  }
}

async function* unxz(subject: string, input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = input[Symbol.asyncIterator]();
  let inputError: unknown = null;
  let inputEnded = false;
  const compressed = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await iterator.next();
        if (next.done) {
          inputEnded = true;
          controller.close();
        } else {
          controller.enqueue(next.value);
        }
      } catch (error) {
        inputError = error;
        controller.error(error);
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  try {
    yield* new xzLibrary.XzReadableStream(compressed);
  } catch (error) {
    if (inputError !== null) {
      throw inputError;
    }
    // XZ_BUF_ERROR: no progress, which at the end of the input means that there is less of it than there must be.
    const complaint = inputEnded && /error code 8/.test(messageOf(error)) ? "cut short" : messageOf(error);
    throw error instanceof InputError ? error : damaged(subject, "xz", complaint, error);
  } finally {
    await iterator.return?.();
  }
}

/** Note: the library does not look at zstd's content checksum, so damage inside a block may pass it. */
async function* unzstd(subject: string, input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => waiting.push(chunk));
  const push = (chunk: Uint8Array, last: boolean): readonly Uint8Array[] => {
    waiting = [];
    try {
      decoder.push(chunk, last);
    } catch (error) {
      throw damaged(subject, "zstd", messageOf(error), error);
    }
    return waiting;
  };
  for await (const chunk of input) {
    yield* push(chunk, false);
  }
  yield* push(new Uint8Array(0), true);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
