/** A kernel source with some files replaced; the source below stays as it is. */
import type { KernelSource } from "../kernel/source.ts";

/**
 * The source with other contents for some of its files.
 *
 * Closing it lets go of nothing: the source below belongs to whoever opened it.
 *
 * @param changed contents by path; paths that the source does not have are not added
 */
export function patchedSource(source: KernelSource, changed: ReadonlyMap<string, Buffer>): KernelSource {
  return {
    id: source.id,
    version: source.version,
    notes: source.notes,
    list: (prefix) => source.list(prefix),
    read: async (path) => changed.get(path) ?? source.read(path),
    close: async () => {},
  };
}
