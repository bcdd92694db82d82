/** Git in a repository of our own: nothing of the user's or the system's settings, attributes or hooks is used. */
import { dirname } from "node:path";
import { type SimpleGit, type SimpleGitOptions, simpleGit } from "simple-git";

/** Author and committer of every commit; what goes into a commit's name. */
export interface GitIdentity {
  readonly name: string;
  readonly email: string;
  /** As git takes it: `2020-01-01T00:00:00+0000`, or seconds and zone. */
  readonly date: string;
}

/**
 * Git for a folder, which may not be a repository yet.
 *
 * @param directory becomes HOME, too
 * @param options of simple-git, besides
 */
export function isolatedGit(
  directory: string,
  { name, email, date }: GitIdentity,
  options: Partial<SimpleGitOptions> = {},
): SimpleGit {
  return simpleGit({
    baseDir: directory,
    config: ["core.fileMode=false", "core.attributesFile=/dev/null", "core.excludesFile=/dev/null", "gc.auto=0"],
    unsafe: { allowUnsafeConfigPaths: true, allowUnsafeTemplateDir: true },
    ...options,
  }).env({
    PATH: process.env.PATH ?? "",
    LC_ALL: "C",
    TZ: "UTC",
    HOME: directory,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_CEILING_DIRECTORIES: dirname(directory),
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  });
}
