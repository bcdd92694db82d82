/**
 * tar archives as streams, and the choice of what is kept of them.
 */
import { extract } from "tar-stream";
import { InputError } from "./input-error.ts";
import { createNoteBook, type NoteBook } from "./kernel-tree.ts";
import { formatBytes, type Limits } from "./limits.ts";
import { isTreePath, isWanted } from "./paths.ts";
import type { SourceNote } from "./source.ts";

/** What tar-stream says of a member; unlike its own type, with what really comes out of hostile archives. */
export interface TarHeader {
  readonly name: string;
  readonly size: number;
  /** `file`, `directory`, `symlink`, ...; null for a type that tar-stream does not know. */
  readonly type: string | null;
  readonly pax?: unknown;
}

/** A member of an archive; its contents must be taken before the next one is asked for, or are passed over. */
export interface TarMember {
  readonly header: TarHeader;
  readonly body: AsyncIterable<Uint8Array>;
}

const BLOCK_BYTES = 512;

/**
 * The members of a tar archive.
 *
 * @param subject what errors name
 * @param input the archive, decompressed; its errors come out of the result
 * @throws InputError (from the result) when the archive is damaged, cut short, or none
 */
export async function* readTar(subject: string, input: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const extractor = extract();
  const feeding = feed(subject, extractor, input);
  try {
    for await (const entry of extractor) {
      // The stream is one of bytes, which its types leave open.
      yield { header: entry.header, body: entry as AsyncIterable<unknown> as AsyncIterable<Uint8Array> };
      entry.resume();
    }
    const failure = await feeding;
    if (failure !== null) {
      throw failure;
    }
  } catch (error) {
    extractor.destroy();
    // The input's own error explains more than what tar made of it.
    const failure = await feeding;
    throw failure ?? (error instanceof InputError ? error : damaged(subject, error));
  } finally {
    extractor.destroy();
    await feeding;
  }
}

/** Writes the input to the extractor; resolves to the input's error instead of rejecting, so that it is never lost. */
async function feed(
  subject: string,
  extractor: ReturnType<typeof extract>,
  input: AsyncIterable<Uint8Array>,
): Promise<Error | null> {
  const closed = new Promise<void>((resolve) => extractor.once("close", () => resolve()));
  let tail: Uint8Array = new Uint8Array(0);
  try {
    for await (const chunk of input) {
      tail = (chunk.length >= BLOCK_BYTES ? chunk : Buffer.concat([tail, chunk])).subarray(-BLOCK_BYTES);
      if (!extractor.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) {
        await Promise.race([new Promise((resolve) => extractor.once("drain", () => resolve(null))), closed]);
      }
      if (extractor.destroyed || extractor.destroying) {
        return null;
      }
    }
    // An archive cut between two members looks complete but for the zero blocks that end each archive (tar(5)).
    if (!tail.every((byte) => byte === 0)) {
      throw new InputError(subject, "the tar archive is cut short, or this is none");
    }
    extractor.end(undefined);
    return null;
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    extractor.destroy(failure);
    return failure;
  }
}

function damaged(subject: string, error: unknown): InputError {
  const message = error instanceof Error ? error.message : String(error);
  if (/Unexpected end/.test(message)) {
    return new InputError(subject, "the tar archive is cut short", { cause: error });
  }
  return new InputError(subject, "the tar archive is damaged, or this is none", { cause: error });
}

/** What was kept of an archive: paths inside the kernel tree and contents. */
export interface Unpacked {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly notes: readonly SourceNote[];
}

/** A path as the archive has it, and as it is once the archive's single top folder is taken off. */
interface Names {
  readonly whole: string;
  readonly below: string | null;
}

/** What is collected while the archive goes by. */
interface Collection {
  readonly subject: string;
  readonly wanted: readonly string[];
  readonly limits: Limits;
  readonly files: Map<string, Buffer>;
  readonly notes: { readonly names: Names; readonly reason: string }[];
  readonly tops: Set<string>;
  keptBytes: number;
}

/**
 * Keeps the wanted files of a kernel archive in memory; everything else goes by.
 *
 * Archives have one top folder (`linux-6.1/`), which is taken off, or none (`git archive` without a prefix). Which of
 * the two is known at the end only, so that until then a file is kept when it is wanted either way. Symlinks, hard
 * links, devices and hostile names among what is wanted are notes.
 *
 * @param wanted in plain form (`cleanWanted`); the top-level Makefile is kept as well
 * @throws InputError when the archive is damaged or goes beyond a limit, which is named
 */
export async function unpackTree(
  subject: string,
  input: AsyncIterable<Uint8Array>,
  wanted: readonly string[],
  limits: Limits,
): Promise<Unpacked> {
  const collection: Collection = {
    subject,
    wanted,
    limits,
    files: new Map(),
    notes: [],
    tops: new Set(),
    keptBytes: 0,
  };
  let members = 0;
  for await (const member of readTar(subject, input)) {
    members++;
    if (members > limits.members) {
      throw new InputError(subject, `more than ${limits.members} members, the most that is read`);
    }
    await collect(collection, member);
  }
  return finish(collection);
}

async function collect(collection: Collection, { header, body }: TarMember): Promise<void> {
  const whole = header.name.replace(/^(\.\/+)+/, "").replace(/\/+$/, "");
  if (whole === "" || whole === ".") {
    return;
  }
  if (!isTreePath(whole)) {
    collection.notes.push({ names: { whole, below: null }, reason: "the name leads out of the tree, left out" });
    return;
  }
  const slash = whole.indexOf("/");
  const names = { whole, below: slash < 0 ? null : whole.slice(slash + 1) };
  collection.tops.add(slash < 0 && header.type !== "directory" ? `${whole}\0file` : (whole.split("/", 1)[0] ?? ""));
  const isKept = [names.whole, names.below].some((name) => name !== null && isWanted(name, collection.wanted));
  if (!isKept || header.type === "directory") {
    return;
  }
  if (collection.files.has(whole)) {
    // The last one counts, as with tar itself; the first must not stay behind a link that takes its place.
    collection.notes.push({ names, reason: "more than once in the archive; the last one counts" });
    collection.keptBytes -= collection.files.get(whole)?.length ?? 0;
    collection.files.delete(whole);
  }
  if (header.type !== "file" && header.type !== "contiguous-file") {
    collection.notes.push({ names, reason: `${header.type ?? "member of unknown type"}, not a regular file` });
  } else if (isSparse(header)) {
    collection.notes.push({ names, reason: "sparse file, left out" });
  } else if (header.size > collection.limits.fileBytes) {
    const reason = `larger than ${formatBytes(collection.limits.fileBytes)}, left out`;
    collection.notes.push({ names, reason });
  } else {
    await keep(collection, whole, body);
  }
}

/** GNU tar describes sparse files in pax headers; their contents begin with a map of the holes. */
function isSparse(header: TarHeader): boolean {
  return Object.keys(header.pax ?? {}).some((key) => key.startsWith("GNU.sparse"));
}

async function keep(collection: Collection, name: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const { limits, files, subject } = collection;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) {
    chunks.push(chunk);
    collection.keptBytes += chunk.length;
    if (collection.keptBytes > limits.keptBytes) {
      throw new InputError(
        subject,
        `the wanted folders hold more than ${formatBytes(limits.keptBytes)}, the most kept`,
      );
    }
  }
  // Copied: the chunks are views of large buffers that would all stay in memory.
  files.set(name, Buffer.concat(chunks));
  if (files.size > limits.keptFiles) {
    throw new InputError(subject, `the wanted folders hold more than ${limits.keptFiles} files, the most kept`);
  }
}

function finish(collection: Collection): Unpacked {
  const strip = hasTopFolder(collection);
  const files = new Map<string, Buffer>();
  for (const [whole, contents] of collection.files) {
    const path = strip ? whole.slice(whole.indexOf("/") + 1) : whole;
    if (isWanted(path, collection.wanted)) {
      files.set(path, contents);
    }
  }
  const book: NoteBook = createNoteBook();
  for (const { names, reason } of collection.notes) {
    const path = strip ? names.below : names.whole;
    if (names.below === null || (path !== null && isWanted(path, collection.wanted))) {
      book.add(path ?? names.whole, reason);
    }
  }
  return { files, notes: book.notes };
}

/** True when everything lies in one folder, and that folder is not itself part of the kernel tree (`fs/` alone). */
function hasTopFolder(collection: Collection): boolean {
  const tops = [...collection.tops];
  if (tops.length !== 1 || tops[0]?.endsWith("\0file")) {
    return false;
  }
  const isFolderFile = (path: string) => path !== "Makefile" && isWanted(path, collection.wanted);
  const kept = [...collection.files.keys()];
  return kept.some((path) => isFolderFile(path.slice(path.indexOf("/") + 1))) || !kept.some(isFolderFile);
}
