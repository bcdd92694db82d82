/**
 * A kernel tree on disk. Synchronous file calls on purpose: the files are small and many, and a thread pool round
 * trip costs several times what the read itself does.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { InputError } from "./input-error.ts";
import { createNoteBook, type NoteBook, openTree, type TreeReader } from "./kernel-tree.ts";
import { formatBytes, LIMITS, type Limits } from "./limits.ts";
import { cleanPrefix, isInside, isTreePath, sortByBytes } from "./paths.ts";
import type { KernelSource } from "./source.ts";

/** What the functions of one open directory share. */
interface Tree {
  readonly id: string;
  /** Real path of the top. */
  readonly top: string;
  readonly book: NoteBook;
  readonly limits: Limits;
  /** Folders already looked at: true when the folder and all above it are real folders, no symlinks. */
  readonly realFolders: Map<string, boolean>;
}

/**
 * Opens a kernel tree, or a part of one, on disk. Nothing in it is ever written.
 *
 * Symlinked folders are not followed; symlinked files are read when they end inside the tree; FIFOs, sockets and
 * devices are never opened. All of these are notes. The top-level `.git` is no part of the tree.
 *
 * @param id how the tree is called in reports
 * @param directory its path
 * @param wanted folders of which one makes a tree without Makefile acceptable
 * @throws InputError when the directory cannot be read, is empty, or holds no kernel tree
 */
export async function openDirectory(
  id: string,
  directory: string,
  wanted: readonly string[],
  limits: Limits = LIMITS,
): Promise<KernelSource> {
  let top: string;
  try {
    top = realpathSync(directory);
    if (readdirSync(top).length === 0) {
      throw new InputError(id, "the folder is empty");
    }
  } catch (error) {
    throw error instanceof InputError ? error : cannotRead(id, error);
  }
  return openTree(id, readDirectory(id, top, limits), wanted, { directory: top });
}

/** Lists and reads below `top`, a real path, without asking whether it holds a kernel. */
export function readDirectory(id: string, top: string, limits: Limits = LIMITS): TreeReader {
  const tree: Tree = { id, top, book: createNoteBook(), limits, realFolders: new Map([["", true]]) };
  let open = true;
  const stillOpen = () => {
    if (!open) {
      throw new Error(`${id} was read after it was closed`);
    }
  };
  return {
    notes: tree.book.notes,
    async list(prefix) {
      stillOpen();
      const clean = cleanPrefix(prefix);
      return clean === null || isInside(clean, ".git") ? [] : listBelow(tree, clean);
    },
    async read(path) {
      stillOpen();
      return isTreePath(path) && !isInside(path, ".git") ? readFile(tree, path) : null;
    },
    async close() {
      open = false;
    },
  };
}

function listBelow(tree: Tree, prefix: string): readonly string[] {
  if (!hasRealFolders(tree, parentOf(prefix))) {
    return [];
  }
  const status = statusOf(tree, prefix);
  if (status === null) {
    return [];
  }
  if (prefix === "" || status.isDirectory()) {
    return listFolder(tree, prefix);
  }
  return isReadableFile(tree, prefix, status) ? [prefix] : [];
}

function listFolder(tree: Tree, folder: string): readonly string[] {
  const files: string[] = [];
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const entry of entriesOf(tree, next)) {
      const path = next === "" ? entry.name : `${next}/${entry.name}`;
      if (entry.name.includes("\ufffd")) {
        // Such a name cannot be turned back into the bytes that open the file.
        tree.book.add(path, "the name is not UTF-8");
      } else if (entry.isDirectory()) {
        if (path !== ".git") {
          waiting.push(path);
        }
      } else if (isReadableFile(tree, path, entry)) {
        files.push(path);
      }
      if (files.length > tree.limits.keptFiles) {
        throw new InputError(tree.id, `more than ${tree.limits.keptFiles} files below ${folder || "the top"}`);
      }
    }
  }
  return sortByBytes(files);
}

function entriesOf(tree: Tree, folder: string) {
  try {
    return readdirSync(join(tree.top, folder), { withFileTypes: true });
  } catch (error) {
    tree.book.add(folder, `the folder cannot be read (${codeOf(error)})`);
    return [];
  }
}

/** The part of `Stats` and `Dirent` that tells kinds of files apart. */
interface FileKind {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
}

function isReadableFile(tree: Tree, path: string, kind: FileKind): boolean {
  if (kind.isFile()) {
    return path !== ".git";
  }
  if (kind.isSymbolicLink()) {
    return symlinkTarget(tree, path) !== null;
  }
  if (!kind.isDirectory()) {
    const what = kind.isFIFO() ? "FIFO" : kind.isSocket() ? "socket" : "device";
    tree.book.add(path, `${what}, not a regular file`);
  }
  return false;
}

/** Real path of the regular file that a symlink ends at, or null with a note. */
function symlinkTarget(tree: Tree, path: string): string | null {
  try {
    const target = realpathSync(join(tree.top, path));
    if (!target.startsWith(tree.top.endsWith(sep) ? tree.top : tree.top + sep)) {
      tree.book.add(path, "symlink out of the tree, not followed");
      return null;
    }
    const status = lstatSync(target);
    if (status.isFile()) {
      return target;
    }
    tree.book.add(path, status.isDirectory() ? "symlink to a folder, not followed" : "symlink to no regular file");
  } catch (error) {
    tree.book.add(path, codeOf(error) === "ELOOP" ? "symlink in a loop" : "symlink to nothing that can be read");
  }
  return null;
}

/** True when every folder on the way is a folder, not a symlink to one; asked once per folder. */
function hasRealFolders(tree: Tree, folder: string): boolean {
  const known = tree.realFolders.get(folder);
  if (known !== undefined) {
    return known;
  }
  let real = false;
  if (hasRealFolders(tree, parentOf(folder))) {
    const status = statusOf(tree, folder);
    real = status?.isDirectory() ?? false;
    if (status?.isSymbolicLink()) {
      symlinkTarget(tree, folder);
    }
  }
  tree.realFolders.set(folder, real);
  return real;
}

function readFile(tree: Tree, path: string): Buffer | null {
  const folder = parentOf(path);
  if (!hasRealFolders(tree, folder)) {
    return null;
  }
  const status = statusOf(tree, path);
  if (status === null || !isReadableFile(tree, path, status)) {
    return null;
  }
  const place = status.isSymbolicLink() ? symlinkTarget(tree, path) : join(tree.top, path);
  return place === null ? null : readRegular(tree, path, place);
}

function readRegular(tree: Tree, path: string, place: string): Buffer | null {
  let handle: number | undefined;
  try {
    // The kind was looked at before; should the file become a FIFO or a symlink in between, this does not hang on it.
    handle = openSync(place, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const status = fstatSync(handle);
    if (!status.isFile()) {
      return null;
    }
    if (status.size > tree.limits.fileBytes) {
      tree.book.add(path, `larger than ${formatBytes(tree.limits.fileBytes)}, left out`);
      return null;
    }
    return readFileSync(handle);
  } catch (error) {
    if (isAbsent(error)) {
      return null;
    }
    throw cannotRead(`${tree.id}: ${path}`, error);
  } finally {
    if (handle !== undefined) {
      closeSync(handle);
    }
  }
}

function statusOf(tree: Tree, path: string) {
  try {
    return lstatSync(join(tree.top, path));
  } catch (error) {
    if (isAbsent(error)) {
      return null;
    }
    throw cannotRead(`${tree.id}: ${path}`, error);
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

function cannotRead(subject: string, error: unknown): InputError {
  return new InputError(subject, `cannot be read (${codeOf(error)})`, { cause: error });
}

function isAbsent(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
