/**
 * Where C text comes from. Every form of `--kernel` becomes one `KernelSource`; whoever reads C knows nothing else.
 */

/** Something a source could not hand out, said instead of skipped in silence. */
export interface SourceNote {
  /** Path inside the kernel tree. */
  readonly file: string;
  readonly reason: string;
}

/** A commit in a repository on this machine. */
export interface GitOrigin {
  /** Real path. */
  readonly repository: string;
  /** Full name of the commit. */
  readonly commit: string;
}

/** A kernel tree, or the part of one that was asked for. */
export interface KernelSource {
  /** What was opened, in a form that a person recognises: `debian:6.1`, `linux.git@v6.1`, a directory's path. */
  readonly id: string;
  /** Version from the top-level Makefile, such as `6.1.192` or `6.18.0-rc3`; null where the tree has no Makefile. */
  readonly version: string | null;
  /** The commit that the tree is of, where it was opened as a revision of a git repository. */
  readonly origin?: GitOrigin;
  /** Real path of the tree's top, where it was opened as a directory. */
  readonly directory?: string;
  /** What was left out so far, with reasons (symlinks that leave the tree, submodules, oversized members, ...). */
  readonly notes: readonly SourceNote[];
  /**
   * All regular files at or below `prefix` (a folder or a file; `""` is the whole tree), sorted by byte order.
   * Paths are relative to the tree's top, with `/`, without a leading `./`. Unknown prefixes give an empty list.
   */
  list(prefix: string): Promise<readonly string[]>;
  /**
   * The bytes of one file, or null where the tree has no such regular file.
   * @throws InputError when the file is there and cannot be read
   */
  read(path: string): Promise<Buffer | null>;
  /** Lets go of child processes and handles; reading afterwards is an error. */
  close(): Promise<void>;
}

/** What `openKernel` needs besides the specification; everything machine-specific comes in here, from tools/cli. */
export interface OpenOptions {
  /** Folders and files that will be read; archives and packages keep only these (and the top-level Makefile). */
  readonly wanted: readonly string[];
  /** groundhog's own cache folder; created when needed. */
  readonly cacheDirectory: string;
  /** The folder kernel-models/sample of this installation. */
  readonly sampleDirectory: string;
  /** Directory that relative specifications and the absent `--kernel` refer to. */
  readonly workingDirectory: string;
  /** One line of progress for a person ("downloading linux-source-6.1 ..."); never results. */
  readonly progress?: (line: string) => void;
}
