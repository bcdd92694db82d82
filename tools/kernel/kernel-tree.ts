/**
 * What makes a tree a kernel tree, and the common part of all forms of `KernelSource`.
 */
import { InputError } from "./input-error.ts";
import { MAKEFILE_HEAD_BYTES, MAX_NOTES } from "./limits.ts";
import { cleanWanted } from "./paths.ts";
import type { KernelSource, SourceNote } from "./source.ts";

/** One form's way to list and read; `openTree` makes a `KernelSource` of it. */
export interface TreeReader {
  readonly notes: readonly SourceNote[];
  list(prefix: string): Promise<readonly string[]>;
  read(path: string): Promise<Buffer | null>;
  close(): Promise<void>;
}

/** Notes of one source: each file once, and no more than `MAX_NOTES`. */
export interface NoteBook {
  readonly notes: readonly SourceNote[];
  add(file: string, reason: string): void;
}

/** An empty note book. */
export function createNoteBook(initial: readonly SourceNote[] = []): NoteBook {
  const notes = [...initial];
  const known = new Set(notes.map((note) => note.file));
  return {
    notes,
    add(file, reason) {
      if (known.has(file) || known.size > MAX_NOTES) {
        return;
      }
      known.add(file);
      notes.push(
        known.size > MAX_NOTES
          ? { file: "", reason: `more than ${MAX_NOTES} notes; the rest is not shown` }
          : { file, reason },
      );
    },
  };
}

/**
 * The version that a kernel's top-level Makefile gives.
 *
 * Printed as the kernel does it (Makefile, `KERNELVERSION`): VERSION, .PATCHLEVEL, .SUBLEVEL where there is one,
 * EXTRAVERSION; so 6.1 is `6.1.0` and a release candidate `6.18.0-rc3`.
 *
 * @param makefile text of the Makefile
 * @returns null when VERSION or PATCHLEVEL is missing or no number
 */
export function kernelVersion(makefile: string): string | null {
  const values = new Map<string, string>();
  for (const line of makefile.slice(0, MAKEFILE_HEAD_BYTES).split("\n")) {
    const match = /^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*:?=[ \t]*([^#\r]*)/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined && !values.has(match[1])) {
      values.set(match[1], match[2].trim());
    }
  }
  const numbers = [values.get("VERSION"), values.get("PATCHLEVEL")];
  if (values.get("SUBLEVEL")) {
    numbers.push(values.get("SUBLEVEL"));
  }
  if (!numbers.every((number) => number !== undefined && /^\d{1,6}$/.test(number))) {
    return null;
  }
  // The version ends up in reports and file names, so what stands in the Makefile is bounded and plain.
  const extra = (values.get("EXTRAVERSION") ?? "").replace(/[^\w.+~-]/g, "").slice(0, 64);
  return numbers.join(".") + extra;
}

/**
 * Makes a `KernelSource` of a reader, provided that it holds a kernel tree or one of the wanted folders.
 *
 * @param id how the source is called in reports, and the subject of its errors
 * @param reader closed here when the tree is refused
 * @param wanted folders and files of which one is enough to make a partial tree
 * @param place where the tree comes from, where that is known
 * @throws InputError when there is neither a Makefile with VERSION and PATCHLEVEL nor anything wanted
 */
export async function openTree(
  id: string,
  reader: TreeReader,
  wanted: readonly string[],
  place: Pick<KernelSource, "origin" | "directory"> = {},
): Promise<KernelSource> {
  try {
    const makefile = await reader.read("Makefile");
    const version = makefile === null ? null : kernelVersion(makefile.toString("latin1"));
    if (version === null && !(await hasAny(reader, cleanWanted(wanted)))) {
      throw new InputError(id, noKernelHere(wanted));
    }
    return {
      ...place,
      id,
      version,
      get notes() {
        return reader.notes;
      },
      list: (prefix) => reader.list(prefix),
      read: (path) => reader.read(path),
      close: () => reader.close(),
    };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** The reason given when a tree is refused: what was looked for. */
export function noKernelHere(wanted: readonly string[]): string {
  const folders = cleanWanted(wanted).filter((folder) => folder !== "");
  const also = folders.length === 0 ? "" : `, and for ${folders.join(", ")}`;
  return `no kernel tree: looked for a Makefile with VERSION and PATCHLEVEL${also}`;
}

async function hasAny(reader: TreeReader, wanted: readonly string[]): Promise<boolean> {
  for (const prefix of wanted) {
    if ((await reader.list(prefix)).length > 0) {
      return true;
    }
  }
  return false;
}
