/** How patches are taken into the tree that a kernel came from: the command, for pasting. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { KernelSource } from "../kernel/source.ts";
import type { Take } from "../report/fix.ts";
import { cacheFolder, quoted } from "./surroundings.ts";

/** A repository that is the user's own, and has a work tree. */
function workTreeOf({ directory, origin }: Pick<KernelSource, "directory" | "origin">): string | null {
  const top = directory ?? origin?.repository;
  if (top === undefined || top.startsWith(`${cacheFolder()}/`)) return null;
  return existsSync(join(top, ".git")) ? top : null;
}

/**
 * @param paths of the mails, in order, without a cover letter
 * @returns null where there are none
 */
export function takeOf(source: Pick<KernelSource, "directory" | "origin">, paths: readonly string[]): Take | null {
  if (paths.length === 0) return null;
  const files = paths.map((one) => quoted(resolve(one)));
  const [first] = files;
  const tree = workTreeOf(source);
  const patched = (folder: string): string =>
    files.length === 1 ? `patch ${folder}-p1 < ${first}` : `cat ${files.join(" ")} | patch ${folder}-p1`;
  if (tree !== null) {
    const commit = source.origin === undefined ? "" : ` onto ${source.origin.commit.slice(0, 12)}`;
    return { where: `${commit}, signed off by you`, command: `git -C ${quoted(tree)} am --signoff ${files.join(" ")}` };
  }
  if (source.directory !== undefined) return { where: "", command: patched(`-d ${quoted(source.directory)} `) };
  const am = `git am --signoff ${files.join(" ")}`;
  return { where: " at the top of such a tree", command: `${am} (a git repository), or ${patched("")}` };
}
