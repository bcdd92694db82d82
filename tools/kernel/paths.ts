/**
 * Paths inside a kernel tree: relative, with `/`, and never out of the tree.
 */

/** True for `fs/smb/client/connect.c`; false for absolute paths, `..`, `.`, empty parts and NUL bytes. */
export function isTreePath(path: string): boolean {
  return !path.includes("\0") && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/**
 * Prefix as a caller may write it (`./fs/smb/`, `fs//smb`) in its plain form (`fs/smb`); `""` is the whole tree.
 * @returns null when the prefix cannot name anything inside a tree
 */
export function cleanPrefix(prefix: string): string | null {
  if (prefix.startsWith("/")) {
    return null;
  }
  const parts = prefix.split("/").filter((part) => part !== "" && part !== ".");
  const clean = parts.join("/");
  return clean === "" || isTreePath(clean) ? clean : null;
}

/** True when `path` is `folder` or lies below it; the folder `""` is the whole tree. */
export function isInside(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

/** `wanted` folders and files in their plain form, sorted, without those that lie inside another. */
export function cleanWanted(wanted: readonly string[]): readonly string[] {
  const clean = sortByBytes([...new Set(wanted.map(cleanPrefix).filter((prefix) => prefix !== null))]);
  return clean.filter((prefix) => !clean.some((other) => other !== prefix && isInside(prefix, other)));
}

/** True when `path` is at or below one of `wanted`, or is the top-level Makefile, which is always kept. */
export function isWanted(path: string, wanted: readonly string[]): boolean {
  return path === "Makefile" || wanted.some((folder) => isInside(path, folder));
}

/** The paths in byte order, as git has them, in a new array. */
export function sortByBytes(paths: readonly string[]): string[] {
  const sorted = [...paths];
  // JavaScript compares UTF-16 units; that differs from byte order only where surrogate pairs are involved.
  if (sorted.some((path) => /[\ud800-\udfff]/.test(path))) {
    return sorted.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
  return sorted.sort();
}
