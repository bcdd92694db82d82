/** `history` and `bisect` on repositories as they are found: shallow, damaged, odd, hostile, in use. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { changedTraits } from "../../tools/report/history.ts";
import { type HistoryDocument, historySchema } from "../../tools/report/history-schema.ts";
import { commit, edit, git, replace, sampleRepository, useSampleRepository } from "./repositories.ts";
import { expectOneLine, groundhog, newFolder, type SessionOptions, useBundle } from "./session.ts";

useBundle();
useSampleRepository();

const CONNECT = "fs/smb/client/connect.c";
const THREE = "2 x echo_interval -> 3 x echo_interval";

function documentOf(repository: string, range: readonly string[] = [], options: SessionOptions = {}): HistoryDocument {
  const { exit, stdout, stderr } = groundhog(["history", "cifs-echo", repository, ...range, "--json"], options);
  expect([exit, stderr]).toEqual([0, ""]);
  return historySchema.parse(JSON.parse(stdout));
}

function textOf(repository: string, ...args: readonly string[]): string {
  const { exit, stdout, stderr } = groundhog(["history", "cifs-echo", repository, ...args]);
  expect([exit, stderr]).toEqual([0, ""]);
  return stdout;
}

/** Days of the changes of the timing. */
function days({ changes }: HistoryDocument): readonly string[] {
  return changes.filter(({ isTimed }) => isTimed).map(({ date }) => date.slice(0, 10));
}

const ALL_DAYS = ["2011-01-11", "2011-01-20", "2012-02-21", "2016-01-14", "2016-02-24", "2019-07-24"];

let made = 0;

/** A sample repository of which the cache has the models and not the history. */
function unknownRepository(): string {
  const repository = sampleRepository();
  made++;
  commit(repository, `number ${made}`);
  return repository;
}

function objectPath(repository: string, revision: string): string {
  const name = git(repository, "rev-parse", revision).trim();
  return join(repository, ".git/objects", name.slice(0, 2), name.slice(2));
}

describe("clones that lack something", () => {
  test("a shallow clone begins with how it was, which is no change", () => {
    const clone = join(newFolder(), "clone");
    const origin = sampleRepository();
    git(newFolder(), "clone", "-q", "--depth", "4", `file://${origin}`, clone);
    const found = documentOf(clone);
    expect(found.isShallow).toBe(true);
    const [first, ...rest] = found.changes;
    expect([first?.isEdge, first?.before, first?.after.verdict]).toEqual([true, [], "violated"]);
    expect(rest.filter(({ isTimed }) => isTimed).map(({ date }) => date.slice(0, 10))).toEqual(ALL_DAYS.slice(-2));
    const text = textOf(clone);
    expect(text).toMatch(/here the history begins: this is how it was, and no change/);
    expect(text).toMatch(/A shallow clone: what is behind its edge is not known/);
    expect(textOf(clone, "--mail")).toMatch(/here the history begins/);
  });

  test("a shallow clone that is deepened is read anew", () => {
    const clone = join(newFolder(), "clone");
    git(newFolder(), "clone", "-q", "--depth", "2", `file://${sampleRepository()}`, clone);
    expect(days(documentOf(clone))).not.toContain("2016-01-14");
    git(clone, "fetch", "-q", "--unshallow");
    const found = documentOf(clone);
    expect([found.isShallow, days(found)]).toEqual([false, ALL_DAYS]);
  });

  test("bisect in a shallow clone whose good end is behind the edge", () => {
    const clone = join(newFolder(), "clone");
    const origin = sampleRepository();
    const good = git(origin, "rev-parse", "step-3").trim();
    git(newFolder(), "clone", "-q", "--depth", "4", `file://${origin}`, clone);
    expectOneLine(groundhog(["bisect", "cifs-echo", clone, good, "HEAD~3"]), new RegExp(good));
  });

  test("a blob that is missing: the revisions that need it are skipped, by name", () => {
    const repository = unknownRepository();
    rmSync(objectPath(repository, "step-8:fs/cifs/connect.c"));
    const found = documentOf(repository);
    expect(found.skipped).toEqual([
      { commit: git(repository, "rev-parse", "step-8").trim(), reason: expect.stringMatching(/damaged, or a partial/) },
    ]);
    expect(days(found)).toEqual(ALL_DAYS);
    expect(textOf(repository)).toMatch(/\nskipped: [0-9a-f]{12}: .*damaged/);
  });

  test("what was missing and has come back is read", () => {
    const repository = unknownRepository();
    const path = objectPath(repository, "step-9:fs/cifs/connect.c");
    const bytes = readFileSync(path);
    rmSync(path);
    expect(documentOf(repository).skipped).toHaveLength(1);
    writeFileSync(path, bytes);
    const found = documentOf(repository);
    expect([found.skipped, days(found)]).toEqual([[], ALL_DAYS]);
  });

  test("a tree that is missing", () => {
    const repository = unknownRepository();
    rmSync(objectPath(repository, "step-12:fs/smb"));
    const found = documentOf(repository);
    expect(found.skipped).toEqual([
      { commit: expect.any(String), reason: expect.stringMatching(/^no tree .*damaged/) },
    ]);
    // It is the newest that cannot be judged: nothing is claimed of it.
    expect([days(found), found.last]).toEqual([ALL_DAYS, null]);
    expect(textOf(repository)).toMatch(/At the end: the newest of the commits could not be judged/);
  });

  test("a partial clone is not completed behind the user's back", () => {
    const origin = unknownRepository();
    git(origin, "config", "uploadpack.allowFilter", "true");
    const clone = join(newFolder(), "clone");
    git(newFolder(), "clone", "-q", "--bare", "--filter=blob:none", `file://${origin}`, clone);
    const before = readdirSync(join(clone, "objects/pack"));
    const found = documentOf(clone);
    expect(found.skipped.length).toBe(found.commits);
    expect(found.changes).toEqual([]);
    expect(readdirSync(join(clone, "objects/pack"))).toEqual(before);
  });
});

describe("what is no repository, or lies oddly", () => {
  test("no directory, no repository, a file, a folder within a repository", () => {
    const plain = newFolder();
    expectOneLine(groundhog(["history", "cifs-echo", "/nonexistent/linux"]), /\/nonexistent\/linux: no such/);
    expectOneLine(groundhog(["history", "cifs-echo", plain]), /not a git repository/);
    expectOneLine(groundhog(["history", "cifs-echo", ""]), /""/);
    const file = join(plain, "file");
    writeFileSync(file, "");
    expectOneLine(groundhog(["history", "cifs-echo", file]), /file: no such directory/);
    const repository = sampleRepository();
    mkdirSync(join(repository, "plain"));
    expectOneLine(groundhog(["history", "cifs-echo", join(repository, "plain")]), /not a git repository/);
    expectOneLine(groundhog(["bisect", "cifs-echo", plain, "a", "b"]), /not a git repository/);
  });

  test("a repository without a commit, and one that has no kernel", () => {
    const repository = newFolder();
    git(repository, "init", "-q");
    expectOneLine(groundhog(["history", "cifs-echo", repository]), /HEAD: git knows no such revision/);
    writeFileSync(join(repository, "README"), "text\n");
    commit(repository, "first");
    expect(textOf(repository)).toMatch(/No commit of the range touches the system/);
  });

  test("a bare repository, and one inside another", () => {
    const bare = join(newFolder(), "bare.git");
    const repository = sampleRepository();
    git(repository, "clone", "-q", "--bare", repository, bare);
    expect(days(documentOf(bare))).toEqual(ALL_DAYS);
    const outer = newFolder();
    git(outer, "init", "-q");
    git(outer, "commit", "-q", "--allow-empty", "-m", "outer");
    git(outer, "clone", "-q", repository, join(outer, "inner"));
    expect(days(documentOf(join(outer, "inner")))).toEqual(ALL_DAYS);
  });

  test("a second work tree, and paths with blanks and quotes", () => {
    const repository = sampleRepository();
    const tree = join(newFolder(), "my 'own' tree");
    git(repository, "worktree", "add", "-q", "--detach", tree, "step-9");
    expect(days(documentOf(tree))).toEqual(ALL_DAYS.slice(0, 4));
  });

  test("what git is told by the environment does not lead elsewhere", () => {
    const repository = sampleRepository();
    const other = newFolder();
    git(other, "init", "-q");
    const env = {
      GIT_DIR: join(other, ".git"),
      GIT_WORK_TREE: other,
      GIT_INDEX_FILE: join(other, "index"),
      GIT_OBJECT_DIRECTORY: join(other, ".git/objects"),
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "log.showSignature",
      GIT_CONFIG_VALUE_0: "true",
    };
    expect(days(documentOf(repository, [], { env }))).toEqual(ALL_DAYS);
  });

  test("settings of the user's that change what git log prints", () => {
    const repository = sampleRepository();
    const settings = {
      "log.showSignature": "true",
      "log.date": "relative",
      "log.decorate": "full",
      "log.follow": "true",
      "log.mailmap": "false",
      "log.abbrevCommit": "true",
      "format.pretty": "fuller",
      "color.ui": "always",
      "diff.renames": "copies",
      "log.diffMerges": "on",
      "i18n.logOutputEncoding": "UTF-16",
      "notes.displayRef": "refs/notes/*",
      "core.quotePath": "false",
      "core.commitGraph": "false",
    };
    const plain = documentOf(repository);
    for (const [name, value] of Object.entries(settings)) git(repository, "config", name, value);
    git(repository, "notes", "add", "-m", "a note", "step-5");
    const env = { XDG_CACHE_HOME: newFolder() };
    expect(documentOf(repository, [], { env })).toEqual(plain);
  });
});

describe("odd contents", () => {
  test("a submodule, a symbolic link and a huge file in the folder", () => {
    const repository = sampleRepository();
    symlinkSync("/etc/passwd", join(repository, "fs/smb/client/passwd.c"));
    writeFileSync(join(repository, "fs/smb/client/huge.c"), "/* text */\n".repeat(2_000_000));
    git(repository, "update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},fs/smb/client/module`);
    git(repository, "add", "fs");
    git(repository, "commit", "-q", "-m", "odd entries");
    edit(repository, CONNECT, "/* Fills iov,", "/* Fill iov,");
    const found = documentOf(repository);
    expect([days(found), found.skipped, found.last?.verdict]).toEqual([ALL_DAYS, [], "holds"]);
  });

  test("a folder that becomes a link or a file is a system that is gone", () => {
    const repository = sampleRepository();
    rmSync(join(repository, "fs/smb"), { recursive: true });
    symlinkSync("/etc", join(repository, "fs/smb"));
    commit(repository, "a link instead");
    const found = documentOf(repository);
    expect(found.last?.isThere).toBe(false);
    expect(
      changedTraits(found.changes.at(-1)?.before ?? [], found.last ?? (found.changes[0]?.after as never)),
    ).toContain("holds -> not there");
    expect(textOf(repository)).toMatch(/At the end: .*has none of fs\/smb\/client/);
  });

  test("a subject in Latin-1, and one that says nothing of its encoding", () => {
    const repository = sampleRepository();
    git(repository, "config", "i18n.commitEncoding", "ISO-8859-1");
    const message = join(newFolder(), "message");
    writeFileSync(message, Buffer.from("cifs: f\u00fcr J\u00f6rg\n", "latin1"));
    replace(repository, CONNECT, "lstrp + 3 *", "lstrp + 4 *");
    git(repository, "commit", "-q", "-a", "-F", message);
    git(repository, "config", "--unset", "i18n.commitEncoding");
    replace(repository, CONNECT, "lstrp + 4 *", "lstrp + 5 *");
    git(repository, "commit", "-q", "-a", "-F", message);
    const [said, unsaid] = documentOf(repository).changes.slice(-2);
    expect(said?.subject).toBe("cifs: f\u00fcr J\u00f6rg");
    expect(unsaid?.subject).toMatch(/^cifs: f.+r J.+rg$/);
  });

  test("control characters in subjects and names do not reach the terminal", () => {
    const repository = sampleRepository();
    git(repository, "config", "user.name", "E\u001b[31mve");
    edit(repository, CONNECT, "lstrp + 3 *", "lstrp + 4 *", "red \u001b[31m\u0007\u009b1m subject\rback");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;
    for (const form of [[], ["--all"], ["--mail"]]) {
      const text = textOf(repository, ...form);
      expect(text).toContain("red ");
      expect(text).not.toMatch(controls);
    }
    const bisected = groundhog(["bisect", "cifs-echo", repository, "HEAD", "step-9", "--find", "fix"]);
    expect([bisected.exit, controls.test(bisected.stdout)]).toEqual([0, false]);
  });

  test.each([
    ["braces that do not balance", "\tcifs_reconnect(server);\n", "\tcifs_reconnect(server);\n{{\n"],
    ["an end in the middle of a function", null, null],
    ["bytes that are no text", "static bool server_unresponsive(", "\u0000\u00ff\u0001(((server_unresponsive("],
  ])("one revision with %s", (_, from, to) => {
    const repository = sampleRepository();
    const path = join(repository, CONNECT);
    const whole = readFileSync(path, "latin1");
    const at = whole.indexOf("server->lstrp + 3");
    const broken = from === null || to === null ? whole.slice(0, at) : whole.replace(from, () => to);
    writeFileSync(path, broken, "latin1");
    commit(repository, "broken");
    writeFileSync(path, whole, "latin1");
    commit(repository, "mended");
    const found = documentOf(repository);
    expect(days(found).slice(0, ALL_DAYS.length)).toEqual(ALL_DAYS);
    expect(found.last?.verdict).toBe("holds");
    expect(found.changes.find(({ subject }) => subject === "broken")?.after.verdict).not.toBe("holds");
  });
});

describe("the repository is the user's", () => {
  /** What must be as it was: names of refs, index, work tree. */
  function imageOf(repository: string): unknown {
    const index = statSync(join(repository, ".git/index"), { bigint: true });
    return {
      index: [index.mtimeNs, index.size],
      head: readFileSync(join(repository, ".git/HEAD"), "utf8"),
      refs: git(repository, "for-each-ref"),
      files: execFileSync("find", [repository, "-not", "-path", "*/.git/index", "-printf", "%p %s %T@\n"], {
        encoding: "utf8",
      })
        .split("\n")
        .sort(),
    };
  }

  test("work tree, HEAD, index and objects stay as they are, also with changes in them", () => {
    const repository = sampleRepository();
    replace(repository, CONNECT, "lstrp + 3 *", "lstrp + 9 *");
    git(repository, "add", "--all");
    replace(repository, CONNECT, "lstrp + 9 *", "lstrp + 8 *");
    writeFileSync(join(repository, "untracked.c"), "int x;\n");
    const status = git(repository, "status", "--porcelain");
    const before = imageOf(repository);
    documentOf(repository);
    expect(groundhog(["bisect", "cifs-echo", repository, "step-3", "step-8"]).exit).toBe(0);
    expect(imageOf(repository)).toEqual(before);
    expect(git(repository, "status", "--porcelain")).toBe(status);
  });

  test("a lock of somebody who writes meanwhile is no hindrance", () => {
    const repository = sampleRepository();
    for (const lock of ["index.lock", "HEAD.lock", "packed-refs.lock", "shallow.lock"]) {
      writeFileSync(join(repository, ".git", lock), "");
    }
    expect(days(documentOf(repository))).toEqual(ALL_DAYS);
  });

  test("objects that are packed, and refs that are gone, in the middle of it", () => {
    const repository = sampleRepository();
    git(repository, "gc", "-q");
    expect(days(documentOf(repository, ["main"]))).toEqual(ALL_DAYS);
  });

  test("replace refs are followed, and what they say does not stay in the cache when they are gone", () => {
    const repository = sampleRepository();
    const plain = documentOf(repository);
    const path = "step-11:fs/cifs/connect.c";
    const blob = git(repository, "rev-parse", path).trim();
    replace(repository, CONNECT, "lstrp + 3 *", "lstrp + 7 *");
    const other = git(repository, "hash-object", "-w", CONNECT).trim();
    git(repository, "replace", blob, other);
    const text = textOf(repository);
    expect(text).toContain("2 x echo_interval -> 7 x echo_interval");
    expect(text).not.toContain(THREE);
    git(repository, "replace", "-d", blob);
    git(repository, "replace", "--graft", "step-5");
    const grafted = documentOf(repository);
    expect([days(grafted)[0], grafted.commits]).toEqual(["2012-02-21", 6]);
    git(repository, "replace", "-d", git(repository, "rev-parse", "step-5").trim());
    expect(documentOf(repository)).toEqual(plain);
  });
});
