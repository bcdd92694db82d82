/**
 * One revision after another, each judged only where it differs from the one before in something that the judgement
 * depends on.
 *
 * A judgement says which names it has looked up, found or not. A revision whose files differ from the last one's in no
 * unit (units.ts) that defines one of these names, or mentions a member that is watched wherever it stands, is judged
 * alike. In doubt a revision is judged anew: that costs time and nothing else.
 */
import { posix } from "node:path";
import type { Configuration } from "../c/configuration.ts";
import { type CFile, readCFile } from "../c/file.ts";
import type { HeaderText, Program } from "../c/program.ts";
import type { KernelSource } from "../kernel/source.ts";
import { headersOf, programFrom } from "../timing/scan.ts";
import type { RepositoryObjects } from "./objects.ts";
import { Recent } from "./recent.ts";
import { Snapshot } from "./snapshot.ts";
import { changedUnits, wordsOf } from "./units.ts";

export interface Judgement<T> {
  readonly value: T;
  /** Names whose definitions it depends on. */
  readonly names: ReadonlySet<string>;
  /** Words that matter wherever they stand: members of which every store belongs to the model. */
  readonly watched: ReadonlySet<string>;
}

export interface ReaderOptions<T> {
  /** Folders of which the first that a revision has is read. */
  readonly folders: readonly string[];
  readonly configuration: Configuration;
  readonly judge: (source: KernelSource, program: Program) => Promise<Judgement<T>>;
  /** What of the files besides the program's the judgement depends on: asked anew when one of them is another. */
  readonly besides: (source: KernelSource) => Promise<string>;
}

/** What the last judgement was made of. */
interface Present<T> extends Judgement<T> {
  /** Blobs of the program's files by path; null where there is none. */
  readonly files: ReadonlyMap<string, string | null>;
  /** The same of what it read besides, and what it found there. */
  readonly besides: ReadonlyMap<string, string | null>;
  readonly found: string;
  readonly release: string;
}

/** Of the version only this is looked at: what depends on it, such as the signedness of char, changes with releases. */
function releaseOf(version: string | null): string {
  return /^\d+\.\d+/.exec(version ?? "")?.[0] ?? "";
}

/** Parsed files that are kept, by their sizes in bytes. */
const FILE_BYTES = 12_000_000;
const HEADER_BYTES = 12_000_000;
/** Families of headers include each other a few levels deep: scan.ts. */
const MAX_HEADER_ROUNDS = 5;

export class RevisionReader<T> {
  private present: Present<T> | null = null;
  private readonly parsed = new Recent<string, CFile>(FILE_BYTES);
  private readonly headers = new Recent<string, HeaderText>(HEADER_BYTES);
  /** How many revisions were judged, and how many were alike the one before. */
  judged = 0;
  alike = 0;
  /** Told why a revision is judged. */
  onJudge: ((id: string, why: string) => void) | null = null;

  constructor(
    private readonly objects: RepositoryObjects,
    private readonly options: ReaderOptions<T>,
  ) {}

  /**
   * @param id how reports call the revision
   * @param tree full name of its tree
   * @returns what the judgement is; null for a revision that has none of the folders
   * @throws MissingObjectError, and whatever the judge throws
   */
  async at(id: string, tree: string): Promise<T | null> {
    const snapshot = await Snapshot.open(id, tree, this.objects);
    const own = await this.ownFiles(snapshot);
    if (own.size === 0) return null;
    const files = new Map<string, string | null>([...own, ...(await this.included(snapshot, own))]);
    const besides = new Map<string, string | null>();
    for (const path of this.present?.besides.keys() ?? []) besides.set(path, await snapshot.blobOf(path));
    const why = await this.difference(snapshot, files, besides);
    if (why === null && this.present !== null) {
      this.alike++;
      this.present = { ...this.present, files, besides };
      return this.present.value;
    }
    this.onJudge?.(id, why ?? "");
    return this.judge(snapshot, own, files);
  }

  private async judge(
    snapshot: Snapshot,
    own: ReadonlyMap<string, string>,
    files: ReadonlyMap<string, string | null>,
  ): Promise<T> {
    this.judged++;
    this.present = null;
    const program = await this.program(snapshot, own);
    snapshot.asked.clear();
    const judgement = await this.options.judge(snapshot, program);
    const found = await this.options.besides(snapshot);
    // Reading the Makefile is asking for the version, which is looked at by itself.
    const besides = new Map([...snapshot.asked].filter(([path]) => path !== "Makefile" && !files.has(path)));
    this.present = { ...judgement, files, besides, found, release: releaseOf(snapshot.version) };
    return judgement.value;
  }

  private async ownFiles(snapshot: Snapshot): Promise<ReadonlyMap<string, string>> {
    for (const folder of this.options.folders) {
      const files = [...(await snapshot.files(folder))].filter(([path]) => /\.[ch]$/.test(path));
      if (files.some(([path]) => path.endsWith(".c"))) return new Map(files);
    }
    return new Map();
  }

  /** Headers that may be looked into, whatever conditions they are included under; null where the tree has none. */
  private async included(
    snapshot: Snapshot,
    own: ReadonlyMap<string, string>,
  ): Promise<ReadonlyMap<string, string | null>> {
    const found = new Map<string, string | null>();
    let fresh = new Set<string>();
    for (const [path, blob] of own) {
      for (const include of (await this.objects.blob(blob))?.includes() ?? []) {
        const wanted = include.isSystem ? `include/${include.path}` : posix.join(posix.dirname(path), include.path);
        if (!own.has(wanted)) fresh.add(wanted);
      }
    }
    for (let round = 0; fresh.size > 0 && round <= MAX_HEADER_ROUNDS; round++) {
      const siblings = new Set<string>();
      for (const path of fresh) {
        const blob = await snapshot.blobOf(path);
        found.set(path, blob);
        const folder = path.slice(0, path.lastIndexOf("/"));
        if (blob === null || folder === "include/linux") continue;
        for (const include of (await this.objects.blob(blob))?.includes() ?? []) {
          const wanted = `include/${include.path}`;
          if (wanted.startsWith(`${folder}/`) && !found.has(wanted) && !own.has(wanted)) siblings.add(wanted);
        }
      }
      fresh = siblings;
    }
    return found;
  }

  /** Something in which files differ from the last judgement's and on which it depends; null where there is nothing. */
  private async difference(
    snapshot: Snapshot,
    files: ReadonlyMap<string, string | null>,
    besides: ReadonlyMap<string, string | null>,
  ): Promise<string | null> {
    const { present } = this;
    if (present === null) return "the first";
    if (releaseOf(snapshot.version) !== present.release) return "another release";
    const other = [...besides].find(([path, blob]) => present.besides.get(path) !== blob)?.[0];
    if (other !== undefined && (await this.options.besides(snapshot)) !== present.found) return other;
    for (const path of new Set([...files.keys(), ...present.files.keys()])) {
      const [before, after] = [present.files.get(path) ?? null, files.get(path) ?? null];
      if (before === after) continue;
      const why = await this.differenceIn(present, before, after);
      if (why !== null) return `${path}: ${why}`;
    }
    return null;
  }

  private async differenceIn(present: Present<T>, before: string | null, after: string | null): Promise<string | null> {
    const unitsIn = async (blob: string | null) =>
      blob === null ? [] : ((await this.objects.blob(blob))?.units() ?? []);
    for (const unit of changedUnits(await unitsIn(before), await unitsIn(after))) {
      const { defined, words } = wordsOf(unit);
      for (const name of defined) if (present.names.has(name)) return name;
      for (const word of words) if (present.watched.has(word)) return word;
    }
    return null;
  }

  private async program(snapshot: Snapshot, own: ReadonlyMap<string, string>): Promise<Program> {
    const { configuration } = this.options;
    const files: CFile[] = [];
    for (const [path, blob] of own) {
      const key = `${blob} ${path}`;
      let file = this.parsed.get(key);
      if (file === undefined) {
        const content = await this.objects.blob(blob);
        if (content === null) continue;
        file = readCFile(path, content.bytes, configuration);
        this.parsed.set(key, file, content.bytes.length);
      }
      files.push(file);
    }
    return programFrom(files, await headersOf((path) => this.header(snapshot, path), files), configuration);
  }

  /** The same object for the same header: what was read off it is known then. */
  private async header(snapshot: Snapshot, path: string): Promise<HeaderText | null> {
    const content = await snapshot.content(path);
    if (content === null) return null;
    const key = `${content.object} ${path}`;
    const known = this.headers.get(key) ?? { path, text: content.bytes };
    this.headers.set(key, known, content.bytes.length);
    return known;
  }
}
