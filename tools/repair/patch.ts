/**
 * Patches as mails, made by git, and the proof that git takes them: on a clean tree, forwards and backwards.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../kernel/input-error.ts";
import type { GitOrigin } from "../kernel/source.ts";
import { withTemporary } from "../kernel/temporary.ts";
import type { PatchSize, ToolCheck } from "./candidate.ts";
import { type Author, ScratchGit } from "./scratch-git.ts";

/** One commit of a series: contents by path after it, and its message. */
export interface Change {
  readonly after: ReadonlyMap<string, Buffer>;
  readonly message: string;
}

export interface PatchRequest {
  /** The files that any of the changes touch, as they are in the kernel. */
  readonly before: ReadonlyMap<string, Buffer>;
  readonly changes: readonly Change[];
  readonly origin: GitOrigin | null;
  readonly author: Author;
  /** Subject and text of a cover letter; null for none. */
  readonly cover: { readonly subject: string; readonly text: string } | null;
  readonly cacheDirectory: string;
}

export interface Mail {
  /** Its name as git gives it: 0001-subject.patch. */
  readonly name: string;
  readonly contents: Buffer;
}

/** Whether a mail is a cover letter, by the name that git gives it: it changes nothing. */
export function isCover(name: string): boolean {
  return name.startsWith("0000-");
}

export interface MadePatches {
  /** The cover letter first, where there is one. */
  readonly mails: readonly Mail[];
  readonly size: PatchSize;
  readonly checks: readonly ToolCheck[];
}

/**
 * Makes the mails in a scratch repository and tries them in another one.
 *
 * @throws InputError when git is not there, or cannot read the repository that the kernel came from
 */
export function makePatches(request: PatchRequest): Promise<MadePatches> {
  return withTemporary(request.cacheDirectory, async (directory) => {
    const { mails, size } = await formatted(request, directory);
    const patches = mails.filter((one) => !isCover(one.name));
    return { mails, size, checks: await tried(request, patches, directory) };
  });
}

/** Commits the changes one after the other and lets git format them. */
async function formatted(
  { before, changes, origin, author, cover }: PatchRequest,
  directory: string,
): Promise<Pick<MadePatches, "mails" | "size">> {
  const git = await ScratchGit.create(join(directory, "make"), author, origin);
  git.write(before);
  const base = origin?.commit ?? (await git.commitAll("The kernel as it is\n"));
  let head = base;
  for (const { after, message } of changes) {
    if (origin !== null) head = await git.commitOnto(head, after, message);
    else {
      git.write(after);
      head = await git.commitAll(message);
    }
  }
  const folder = join(directory, "mails");
  await git.run(
    "-c",
    "core.abbrev=12",
    "-c",
    "diff.noprefix=false",
    "format-patch",
    "--quiet",
    "--no-signature",
    "--no-renames",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    `--${cover === null ? "no-" : ""}cover-letter`,
    ...(origin === null ? [] : [`--base=${base}`]),
    `--output-directory=${folder}`,
    `${base}..${head}`,
  );
  const numbers = await git.run("diff", "--no-ext-diff", "--no-renames", "--numstat", base, head);
  const mails = readdirSync(folder)
    .sort()
    .map((name) => ({ name, contents: withCover(readFileSync(join(folder, name)), cover) }));
  return { mails, size: sizeOf(numbers) };
}

/** Git leaves two places in a cover letter; other mails have neither. */
function withCover(contents: Buffer, cover: PatchRequest["cover"]): Buffer {
  if (cover === null) return contents;
  const text = contents.toString("latin1");
  const filled = text
    .replace("*** SUBJECT HERE ***", () => cover.subject)
    .replace("*** BLURB HERE ***", () => cover.text.trimEnd());
  return Buffer.from(filled, "latin1");
}

function sizeOf(numbers: string): PatchSize {
  const lines = numbers.split("\n").flatMap((line) => /^(\d+)\t(\d+)\t/.exec(line) ?? []);
  let [files, added, removed] = [0, 0, 0];
  for (let i = 0; i + 2 < lines.length; i += 3) {
    files++;
    added += Number(lines[i + 1]);
    removed += Number(lines[i + 2]);
  }
  return { files, added, removed };
}

/** Applies the mails to a clean tree as a maintainer would. */
async function tried(
  { before, changes, author }: PatchRequest,
  mails: readonly Mail[],
  directory: string,
): Promise<readonly ToolCheck[]> {
  const folder = join(directory, "try");
  const git = await ScratchGit.create(folder, author, null);
  git.write(before);
  await git.commitAll("The kernel as it is\n");
  const paths = mails.map(({ name, contents }) => {
    const path = join(directory, name);
    writeFileSync(path, contents);
    return path;
  });
  const wanted = new Map([...before, ...changes.flatMap(({ after }) => [...after])]);
  const [first] = paths;
  const checks = [
    await check("git apply --check", "applies to the original", async () => {
      if (first !== undefined) await git.run("apply", "--check", first);
      return null;
    }),
    await check("git am", "taken on a clean tree, with the result that was checked", async () => {
      await git.run("am", "--quiet", "--keep-cr", "--patch-format=mbox", ...paths);
      return differenceOf(folder, wanted);
    }),
    await check("git apply --reverse", "applied and reversed, every byte is as before", async () => {
      for (const path of [...paths].reverse()) await git.run("apply", "--reverse", path);
      return differenceOf(folder, before);
    }),
  ];
  return checks;
}

/** @param run what is tried; returns or throws what is wrong */
async function check(tool: string, detail: string, run: () => Promise<string | null>): Promise<ToolCheck> {
  try {
    const wrong = await run();
    return { tool, status: wrong === null ? "passed" : "failed", detail: wrong ?? detail };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { tool, status: "failed", detail: error.message };
  }
}

function differenceOf(folder: string, wanted: ReadonlyMap<string, Buffer>): string | null {
  for (const [path, contents] of wanted) {
    const place = join(folder, path);
    if (!existsSync(place) || !readFileSync(place).equals(contents)) return `${path} is not what it should be`;
  }
  return null;
}
