/** A kernel with edits in some of its files, in memory: the tree on disk stays as it is. */
import type { KernelSource } from "../../tools/kernel/source.ts";

/** Texts to be replaced, everywhere in the file; each is to be there at least once. */
export interface Edit {
  readonly file: string;
  readonly replace: readonly (readonly [before: string, after: string])[];
}

/** An edit that does not fit the kernel's text: the test would test nothing. */
export class EditError extends Error {
  override readonly name = "EditError";
}

function replaced(file: string, text: string, edits: readonly Edit[]): string {
  let edited = text;
  for (const { replace } of edits.filter((one) => one.file === file)) {
    for (const [before, after] of replace) {
      if (before === "" || !edited.includes(before)) throw new EditError(`${file} does not have ${before}`);
      if (before === after) throw new EditError(`${file}: ${before} stays as it is`);
      edited = edited.replaceAll(before, () => after);
    }
  }
  return edited;
}

/**
 * Wraps a kernel source; edits are applied in order, each to what those before it left. Closing the edited kernel
 * leaves the one below open.
 *
 * @throws EditError when a text is not there, or nothing is changed
 */
export async function editedKernel(source: KernelSource, edits: readonly Edit[]): Promise<KernelSource> {
  const changed = new Map<string, Buffer>();
  for (const file of new Set(edits.map((one) => one.file))) {
    const bytes = await source.read(file);
    if (bytes === null) throw new EditError(`${source.id} has no ${file}`);
    // One character for each byte, as tools/c reads files.
    changed.set(file, Buffer.from(replaced(file, bytes.toString("latin1"), edits), "latin1"));
  }
  return {
    id: `${source.id}, edited`,
    version: source.version,
    notes: source.notes,
    list: (prefix) => source.list(prefix),
    read: async (path) => changed.get(path) ?? source.read(path),
    close: async () => {},
  };
}
