/**
 * A git repository of our own in a temporary folder: nothing of the user's settings, hooks or attributes is used, and
 * nothing of the user's repository is written.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SimpleGit } from "simple-git";
import { explainGit } from "../kernel/explain-git.ts";
import { gitEnvironment } from "../kernel/git.ts";
import { InputError } from "../kernel/input-error.ts";
import { isolatedGit } from "../kernel/isolated-git.ts";
import type { GitOrigin } from "../kernel/source.ts";

/** Who a patch is from, and when. */
export interface Author {
  readonly name: string;
  readonly email: string;
  /** Seconds since 1970. */
  readonly seconds: number;
}

export class ScratchGit {
  private constructor(
    readonly directory: string,
    private readonly git: SimpleGit,
  ) {}

  /**
   * Makes a repository in a folder.
   *
   * @param origin a repository whose objects are visible in the new one; it is not written to
   * @throws InputError when git is not there, or refuses
   */
  static async create(directory: string, author: Author, origin: GitOrigin | null): Promise<ScratchGit> {
    mkdirSync(directory, { recursive: true });
    const { name, email, seconds } = author;
    const git = isolatedGit(
      directory,
      { name, email, date: `${seconds} +0000` },
      {
        completion: { onExit: false },
        // The status tells, not whether there is anything on stderr.
        errors: (error, { exitCode, stdOut, stdErr }) =>
          error ??
          (exitCode === 0 ? undefined : Buffer.concat([...stdErr, ...stdOut, Buffer.from(`status ${exitCode}`)])),
      },
    );
    const scratch = new ScratchGit(directory, git);
    const format = origin === null ? "sha1" : origin.commit.length === 64 ? "sha256" : "sha1";
    await scratch.run("init", "--quiet", "--template=", `--object-format=${format}`, "--initial-branch=main");
    if (origin !== null) await scratch.borrow(origin);
    return scratch;
  }

  /** Lets this repository see another one's objects. */
  private async borrow({ repository }: GitOrigin): Promise<void> {
    const theirs = (name: string): string => {
      const args = ["-C", repository, "rev-parse", "--path-format=absolute", "--git-path", name];
      // The user's own settings say which repositories are safe; GIT_DIR and its kin would lead elsewhere.
      const env = gitEnvironment(repository);
      return execFileSync("git", args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    };
    const own = join(this.directory, ".git");
    try {
      writeFileSync(join(own, "objects", "info", "alternates"), `${theirs("objects")}\n`);
      // A shallow clone ends somewhere, and git must know where.
      if (existsSync(theirs("shallow"))) copyFileSync(theirs("shallow"), join(own, "shallow"));
    } catch (error) {
      mkdirSync(join(own, "objects", "info"), { recursive: true });
      throw new InputError(repository, "its objects cannot be found by git", { cause: error });
    }
  }

  /**
   * Runs git.
   *
   * @returns what it prints
   * @throws InputError with git's reason in one line
   */
  async run(...args: readonly string[]): Promise<string> {
    try {
      return await this.git.raw(...args);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new InputError(`git ${args[0] ?? ""}`, explainGit(message), { cause: error });
    }
  }

  /** Puts files into the work tree. */
  write(files: ReadonlyMap<string, Buffer>): void {
    for (const [path, contents] of files) {
      const place = join(this.directory, path);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, contents);
    }
  }

  /** Commits all that is in the work tree; a commit without changes has an empty patch, which git does not take. */
  async commitAll(message: string): Promise<string> {
    const file = join(this.directory, ".git", "message");
    writeFileSync(file, message);
    await this.run("add", "--all", "--force");
    await this.run(
      "commit",
      "--quiet",
      "--allow-empty",
      "--no-verify",
      "--no-gpg-sign",
      "--cleanup=verbatim",
      "-F",
      file,
    );
    return (await this.run("rev-parse", "HEAD")).trim();
  }

  /** Commits other contents for some files of a commit, without a work tree. */
  async commitOnto(parent: string, files: ReadonlyMap<string, Buffer>, message: string): Promise<string> {
    await this.run("read-tree", parent);
    const place = join(this.directory, ".git", "blob");
    for (const [path, contents] of files) {
      const mode = /^\d{6}/.exec(await this.run("ls-tree", "--full-tree", parent, "--", path))?.[0] ?? "100644";
      writeFileSync(place, contents);
      const blob = (await this.run("hash-object", "-w", "--no-filters", place)).trim();
      await this.run("update-index", "--add", "--cacheinfo", `${mode},${blob},${path}`);
    }
    // A partial clone lacks most of the other files.
    const tree = (await this.run("write-tree", "--missing-ok")).trim();
    const file = join(this.directory, ".git", "message");
    writeFileSync(file, message);
    return (await this.run("commit-tree", "--no-gpg-sign", "-p", parent, "-F", file, tree)).trim();
  }
}
