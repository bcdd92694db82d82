/** The tree of one revision as a KernelSource, on objects that all revisions share. */
import { kernelVersion } from "../kernel/kernel-tree.ts";
import { isTreePath } from "../kernel/paths.ts";
import type { KernelSource, SourceNote } from "../kernel/source.ts";
import type { Content, Entry, RepositoryObjects } from "./objects.ts";

export class Snapshot implements KernelSource {
  readonly notes: SourceNote[] = [];
  /** Of each path that was asked for, its blob; null where the tree has no such file. */
  readonly asked = new Map<string, string | null>();

  private constructor(
    readonly id: string,
    readonly version: string | null,
    private readonly root: string,
    private readonly objects: RepositoryObjects,
  ) {}

  /**
   * @param id how reports call the revision
   * @param tree full name of its tree
   */
  static async open(id: string, tree: string, objects: RepositoryObjects): Promise<Snapshot> {
    const makefile = (await objects.tree(tree)).get("Makefile");
    const text = makefile?.kind === "file" ? await objects.blob(makefile.object) : null;
    return new Snapshot(id, text === null ? null : kernelVersion(text.bytes.toString("latin1")), tree, objects);
  }

  /** The blob of a path; null where the tree has no such regular file. */
  async blobOf(path: string): Promise<string | null> {
    if (!isTreePath(path)) return null;
    const entry = await this.entry(path);
    return entry?.kind === "file" ? entry.object : null;
  }

  private async entry(path: string): Promise<Entry | undefined> {
    let entries = await this.objects.tree(this.root);
    const names = path.split("/");
    for (const name of names.slice(0, -1)) {
      const folder = entries.get(name);
      if (folder?.kind !== "folder") return undefined;
      entries = await this.objects.tree(folder.object);
    }
    return entries.get(names.at(-1) ?? "");
  }

  async content(path: string): Promise<Content | null> {
    const blob = await this.blobOf(path);
    this.asked.set(path, blob);
    return blob === null ? null : this.objects.blob(blob);
  }

  async read(path: string): Promise<Buffer | null> {
    return (await this.content(path))?.bytes ?? null;
  }

  async list(prefix: string): Promise<readonly string[]> {
    return [...(await this.files(prefix)).keys()];
  }

  /** All regular files at or below a path, with their blobs, in byte order. */
  async files(prefix: string): Promise<ReadonlyMap<string, string>> {
    const clean = prefix.replace(/\/+$/, "");
    const found: [string, string][] = [];
    const entry = clean === "" ? ({ kind: "folder", object: this.root } as const) : await this.entry(clean);
    if (entry?.kind === "file") found.push([clean, entry.object]);
    if (entry?.kind === "folder") await this.collect(entry.object, clean === "" ? "" : `${clean}/`, found);
    return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private async collect(tree: string, prefix: string, found: [string, string][]): Promise<void> {
    for (const [name, { kind, object }] of await this.objects.tree(tree)) {
      const path = `${prefix}${name}`;
      if (kind === "folder") await this.collect(object, `${path}/`, found);
      else if (kind === "file") found.push([path, object]);
      else if (!this.notes.some(({ file }) => file === path)) {
        this.notes.push({ file: path, reason: `${kind}, not followed` });
      }
    }
  }

  /** The objects are closed by whoever opened them. */
  async close(): Promise<void> {}
}
