/**
 * Bounds on what is taken in from outside. Each is far above what a real kernel needs and far below what hurts.
 * A source that hits one says which.
 */
export interface Limits {
  /** Largest single file handed out. The largest in Linux 6.12 is a generated GPU register header of 23 MB. */
  readonly fileBytes: number;
  /** All files kept from one archive. Linux 6.12 has 1.4 GB in all; fs, net, kernel and include together 110 MB. */
  readonly keptBytes: number;
  /** Files kept from one archive, or listed from one tree. Linux 6.12 has 86,629. */
  readonly keptFiles: number;
  /** Members looked at in one archive, kept or not. Linux 6.12 has 92,000 with its folders. */
  readonly members: number;
  /** Bytes that may come out of one decompressor: a bomb is cut off here. A kernel tar is below 2 GB. */
  readonly unpackedBytes: number;
}

export const LIMITS: Limits = {
  fileBytes: 64 * 1024 ** 2,
  keptBytes: 512 * 1024 ** 2,
  keptFiles: 500_000,
  members: 1_000_000,
  unpackedBytes: 16 * 1024 ** 3,
};

/** Notes kept per source: a tree of a million symlinks must not become a million lines. */
export const MAX_NOTES = 1_000;

/** Bytes of the Makefile that are searched for the version; it stands in the first lines. */
export const MAKEFILE_HEAD_BYTES = 64 * 1024;

/** A number of bytes for a person: `64 MiB`, `1536 bytes`. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1024 ** 3 && bytes % 1024 ** 3 === 0) {
    return `${bytes / 1024 ** 3} GiB`;
  }
  if (bytes >= 1024 ** 2 && bytes % 1024 ** 2 === 0) {
    return `${bytes / 1024 ** 2} MiB`;
  }
  return `${bytes} bytes`;
}
