/** Git repositories for the tests of history and bisect: the sample's, and what others do to theirs. */
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll } from "vitest";
import { buildSampleRepository } from "../../tools/kernel/sample.ts";
import { newFolder } from "./session.ts";

const SAMPLE = join(import.meta.dirname, "../../kernel-models/sample");
let built = "";

/** Builds the sample's repository once for a test file. */
export function useSampleRepository(): void {
  beforeAll(async () => {
    built = join(newFolder(), "linux");
    await buildSampleRepository(SAMPLE, built);
  });
}

/** A copy of its own: branch main, tags step-1 to step-12. */
export function sampleRepository(): string {
  const repository = join(newFolder(), "linux");
  cpSync(built, repository, { recursive: true });
  return repository;
}

/** git with settings of its own, at a time that does not change. */
export function git(directory: string, ...args: readonly string[]): string {
  return execFileSync("git", args, {
    cwd: directory,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH ?? "",
      HOME: directory,
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_AUTHOR_NAME: "A",
      GIT_AUTHOR_EMAIL: "a@example.org",
      GIT_AUTHOR_DATE: "2024-01-01T00:00:00+0000",
      GIT_COMMITTER_NAME: "A",
      GIT_COMMITTER_EMAIL: "a@example.org",
      GIT_COMMITTER_DATE: "2024-01-01T00:00:00+0000",
    },
  });
}

/** Replaces text in a file of the work tree; text that is not there is a fault of the test. */
export function replace(repository: string, path: string, from: string, to: string): void {
  const file = join(repository, path);
  const text = readFileSync(file, "latin1");
  if (!text.includes(from)) throw new Error(`${path} does not have: ${from}`);
  writeFileSync(
    file,
    text.replace(from, () => to),
    "latin1",
  );
}

/** Commits all that is in the work tree; returns the commit's name. */
export function commit(repository: string, message: string): string {
  git(repository, "add", "--all");
  git(repository, "commit", "--quiet", "--allow-empty", "-m", message);
  return git(repository, "rev-parse", "HEAD").trim();
}

/** One replacement as a commit. */
export function edit(repository: string, path: string, from: string, to: string, message = `edit ${path}`): string {
  replace(repository, path, from, to);
  return commit(repository, message);
}
