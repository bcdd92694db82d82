/**
 * Trees and blobs of a repository, each read once as long as it is in use: neighbouring revisions share nearly all.
 */
import { type BlobReader, openBlobs } from "../kernel/cat-file.ts";
import { Recent } from "./recent.ts";
import { includesOf, type Unit, unitsOf } from "./units.ts";

/** An entry of a tree; of what is neither a folder nor a regular file only that it is there. */
export interface Entry {
  readonly kind: "folder" | "file" | "symlink" | "submodule";
  readonly object: string;
}

/** A blob's bytes, and what was read off them. */
export interface Content {
  readonly object: string;
  readonly bytes: Buffer;
  readonly units: () => readonly Unit[];
  readonly includes: () => ReturnType<typeof includesOf>;
}

/** What a revision cannot be judged without, and the repository does not have: a damaged or a partial clone. */
export class MissingObjectError extends Error {}

/** Bytes of blobs that are kept, and entries of trees. */
const BLOB_BYTES = 96_000_000;
const TREE_ENTRIES = 400_000;

const KINDS: Readonly<Record<string, Entry["kind"]>> = {
  "40000": "folder",
  "100644": "file",
  "100755": "file",
  "100664": "file",
  "120000": "symlink",
  "160000": "submodule",
};

export class RepositoryObjects {
  private readonly reader: BlobReader;
  private readonly trees = new Recent<string, ReadonlyMap<string, Entry>>(TREE_ENTRIES);
  private readonly blobs = new Recent<string, Content>(BLOB_BYTES);
  /** Blobs that were read from git: for the tests that each is read once. */
  blobsRead = 0;

  /**
   * @param subject how the repository is called in errors
   * @param environment of git, complete: gitEnvironment()
   * @param maxBytes of a blob; larger ones are as if they were not there
   */
  constructor(subject: string, directory: string, environment: Readonly<Record<string, string>>, maxBytes: number) {
    this.reader = openBlobs(subject, directory, environment, maxBytes);
  }

  /** @throws MissingObjectError */
  async tree(object: string): Promise<ReadonlyMap<string, Entry>> {
    const known = this.trees.get(object);
    if (known !== undefined) return known;
    const answer = await this.reader.read(object);
    if (answer.kind !== "other" || answer.type !== "tree") throw new MissingObjectError(`no tree ${object}`);
    const entries = entriesOf(answer.bytes, object.length / 2);
    this.trees.set(object, entries, entries.size + 1);
    return entries;
  }

  /**
   * @returns null for one that is too large
   * @throws MissingObjectError
   */
  async blob(object: string): Promise<Content | null> {
    const known = this.blobs.get(object);
    if (known !== undefined) return known;
    const answer = await this.reader.read(object);
    if (answer.kind === "oversized") return null;
    if (answer.kind !== "blob") throw new MissingObjectError(`no blob ${object}`);
    this.blobsRead++;
    const content = contentOf(object, answer.bytes);
    this.blobs.set(object, content, content.bytes.length);
    return content;
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}

function contentOf(object: string, bytes: Buffer): Content {
  let units: readonly Unit[] | null = null;
  let includes: ReturnType<typeof includesOf> | null = null;
  const text = (): string => bytes.toString("latin1");
  return {
    object,
    bytes,
    units: () => (units ??= unitsOf(text())),
    includes: () => (includes ??= includesOf(text())),
  };
}

/**
 * Takes a tree object apart: `MODE NAME\0` and the raw object name, again and again (git-mktree(1); the format is that
 * of git's tree.c).
 *
 * @param width bytes of an object name: 20, or 32 with SHA-256
 */
export function entriesOf(bytes: Buffer, width: number): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const end = bytes.indexOf(0, space);
    if (space < 0 || end < 0 || end + 1 + width > bytes.length) break;
    const kind = KINDS[bytes.toString("latin1", at, space)];
    const object = bytes.toString("hex", end + 1, end + 1 + width);
    if (kind !== undefined) entries.set(bytes.toString("latin1", space + 1, end), { kind, object });
    at = end + 1 + width;
  }
  return entries;
}
