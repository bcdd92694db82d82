/** Patches as mails: made by git, taken by git, reversed; with and without a repository that they are based on. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { GitOrigin } from "../../tools/kernel/source.ts";
import { makePatches, type PatchRequest } from "../../tools/repair/patch.ts";
import { expectInputError, git, makeRepository, temporaryFolder, withPath, writeFiles } from "../kernel/fixtures.ts";

const PATH = "fs/cifs/connect.c";
const BEFORE = "int one;\nint two;\nint three;\n";
const AFTER = "int one;\nint two = 2;\nint three;\n";
const MESSAGE = "cifs: set two\n\nTwo is two.\n\nLink: https://example.org/1\n";
const AUTHOR = { name: "Nora Sample", email: "nora@example.org", seconds: 1_600_000_000 };

const files = (contents: Readonly<Record<string, string | Buffer>>): ReadonlyMap<string, Buffer> =>
  new Map(Object.entries(contents).map(([path, text]) => [path, Buffer.from(text)]));

function request(changes: Partial<PatchRequest> = {}): PatchRequest {
  return {
    before: files({ [PATH]: BEFORE }),
    changes: [{ after: files({ [PATH]: AFTER }), message: MESSAGE }],
    origin: null,
    author: AUTHOR,
    cover: null,
    cacheDirectory: join(temporaryFolder(), "cache"),
    ...changes,
  };
}

/** A repository with a history, and its newest commit. */
function repository(text: string | Buffer = BEFORE): GitOrigin {
  const directory = makeRepository({ [PATH]: "int one;\n", Makefile: "VERSION = 6\n", "fs/other.c": "int other;\n" });
  writeFiles(directory, { [PATH]: text });
  git(directory, "commit", "--quiet", "--all", "--message=second");
  return { repository: directory, commit: head(directory) };
}

const head = (directory: string): string => git(directory, "rev-parse", "HEAD").trim();

const TOOLS = ["git apply --check", "git am", "git apply --reverse"];
const statuses = async (one: PatchRequest): Promise<readonly string[]> =>
  (await makePatches(one)).checks.map(({ tool, status }) => `${tool}: ${status}`);
const ALL_PASSED = TOOLS.map((tool) => `${tool}: passed`);

/** The mails' texts by name. */
async function mailsOf(one: PatchRequest): Promise<Readonly<Record<string, string>>> {
  const { mails } = await makePatches(one);
  return Object.fromEntries(mails.map(({ name, contents }) => [name, contents.toString("latin1")]));
}

/** All that may tell that a repository was written to. */
function stateOf(directory: string): unknown {
  const walk = (folder: string): readonly string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? walk(path) : [`${path} ${statSync(path).size} ${statSync(path).mtimeMs}`];
    });
  return {
    files: [...walk(directory)].sort(),
    status: directory.endsWith(".git") ? "" : git(directory, "--no-optional-locks", "status", "--porcelain"),
    refs: git(directory, "for-each-ref"),
    objects: git(directory, "count-objects", "-v"),
  };
}

describe("a patch without a repository", () => {
  test("is a mail with author, date, message, numbers and diff", async () => {
    const { mails, size, checks } = await makePatches(request());
    expect(mails.map((one) => one.name)).toEqual(["0001-cifs-set-two.patch"]);
    const text = mails[0]?.contents.toString() ?? "";
    expect(text).toMatch(/^From [0-9a-f]{40} Mon Sep 17 00:00:00 2001\nFrom: Nora Sample <nora@example\.org>\n/);
    expect(text).toContain(
      "Date: Sun, 13 Sep 2020 12:26:40 +0000\nSubject: [PATCH] cifs: set two\n\nTwo is two.\n\nLink: ",
    );
    expect(text).toContain(`diff --git a/${PATH} b/${PATH}\n`);
    expect(text).toContain("\n-int two;\n+int two = 2;\n");
    expect(text).not.toMatch(/base-commit|^-- $/m);
    expect(size).toEqual({ files: 1, added: 1, removed: 1 });
    expect(checks.map(({ tool, status }) => `${tool}: ${status}`)).toEqual(ALL_PASSED);
  });

  test("is the same mail every time", async () => {
    expect(await mailsOf(request())).toEqual(await mailsOf(request()));
  });

  test("leaves nothing in the cache", async () => {
    const one = request();
    await makePatches(one);
    const left = readdirSync(one.cacheDirectory, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(left).toEqual([]);
  });

  test("keeps Latin-1, CRLF, and a last line without newline, to the byte", async () => {
    const bytes = (number: number): Buffer =>
      Buffer.concat([
        Buffer.from(`int two = ${number};\r\n`),
        Buffer.from([0x2f, 0x2f, 0xe9, 0xa0, 0x0a]),
        Buffer.from("int last;"),
      ]);
    const before = files({ [PATH]: bytes(1) });
    const after = files({ [PATH]: bytes(2) });
    const { mails, checks } = await makePatches(request({ before, changes: [{ after, message: MESSAGE }] }));
    expect(checks.map(({ tool, status, detail }) => `${tool}: ${status === "passed" ? status : detail}`)).toEqual(
      ALL_PASSED,
    );
    const patch = mails[0]?.contents ?? Buffer.alloc(0);
    expect(patch.includes(Buffer.from([0x2f, 0x2f, 0xe9, 0xa0, 0x0a]))).toBe(true);
  });

  test("a line that looks like mail stays a line", async () => {
    const before = files({ [PATH]: "int one;\n\nFrom nobody\n---\n>From x\n" });
    const after = files({ [PATH]: "int two;\n\nFrom nobody\n---\n>From x\nFrom nora Mon Sep 17 00:00:00 2001\n" });
    expect(await statuses(request({ before, changes: [{ after, message: MESSAGE }] }))).toEqual(ALL_PASSED);
  });

  test("settings, hooks and templates of whoever runs it do not matter", async () => {
    const home = temporaryFolder();
    writeFileSync(
      join(home, ".gitconfig"),
      "[format]\n\tsignature = mine\n\tsubjectPrefix = MINE\n[diff]\n\tnoprefix = true\n[core]\n\tautocrlf = true\n[user]\n\tname = Other\n",
    );
    const homeBefore = process.env.HOME;
    process.env.HOME = home;
    try {
      expect(await mailsOf(request())).toEqual(await mailsOf(request()));
      const [text] = Object.values(await mailsOf(request()));
      expect(text).toContain("Subject: [PATCH] cifs: set two");
      expect(text).not.toMatch(/mine|Other/);
    } finally {
      process.env.HOME = homeBefore;
    }
  });

  test("needs git, and says so", async () => {
    await withPath([temporaryFolder()], () => expectInputError(makePatches(request()), /git/));
  });
});

describe("what does not hold shows as failed", () => {
  test.each([
    ["", null],
    [" of a repository", repository],
  ])("a change without effect%s: git does not take an empty patch", async (_, origin) => {
    const changes = [{ after: files({ [PATH]: BEFORE }), message: MESSAGE }];
    const { size, checks } = await makePatches(request({ changes, origin: origin?.() ?? null }));
    expect(size).toEqual({ files: 0, added: 0, removed: 0 });
    expect(checks.map(({ status }) => status)).toEqual(["failed", "failed", "failed"]);
  });

  test("a base that is not what was changed", async () => {
    const { checks } = await makePatches(request({ origin: repository("int one;\nint 2;\nint three;\n") }));
    const [apply, am] = checks;
    expect([apply?.status, am?.status]).toEqual(["failed", "failed"]);
    expect(apply?.detail).toMatch(/patch failed|does not apply/);
    for (const one of checks) expect(one.detail).not.toContain("\n");
  });

  test("a base with other lines far away: the patch applies, and the result is not what was checked", async () => {
    const far = `${"int far;\n".repeat(20)}`;
    const before = files({ [PATH]: `${BEFORE}${far}int end;\n` });
    const after = files({ [PATH]: `${AFTER}${far}int end = 1;\n` });
    // The change of the last line is in the base already: it is missing in the patch.
    const origin = repository(`${BEFORE}${far}int end = 1;\n`);
    const { checks } = await makePatches(request({ before, changes: [{ after, message: MESSAGE }], origin }));
    const [apply, am] = checks;
    expect(apply?.status).toBe("passed");
    expect(am).toEqual({ tool: "git am", status: "failed", detail: `${PATH} is not what it should be` });
  });
});

describe("a patch with a repository", () => {
  test("names its commit as base, with paths of twelve digits, and leaves the repository alone", async () => {
    const origin = repository();
    const before = stateOf(origin.repository);
    const { mails, checks } = await makePatches(request({ origin }));
    expect(stateOf(origin.repository)).toEqual(before);
    const text = mails[0]?.contents.toString() ?? "";
    expect(/^base-commit: (.*)$/m.exec(text)?.[1]).toBe(origin.commit);
    const blob = git(origin.repository, "rev-parse", "--short=12", `HEAD:${PATH}`).trim();
    expect(text).toContain(`\nindex ${blob}..`);
    expect(checks.map(({ tool, status }) => `${tool}: ${status}`)).toEqual(ALL_PASSED);
  });

  test("is taken by git am in a clone of it", async () => {
    const origin = repository();
    const { mails } = await makePatches(request({ origin }));
    const clone = join(temporaryFolder(), "clone");
    git(temporaryFolder(), "clone", "--quiet", origin.repository, clone);
    const mail = join(clone, "..", "one.patch");
    writeFileSync(mail, mails[0]?.contents ?? "");
    git(clone, "am", "--quiet", mail);
    expect(readFileSync(join(clone, PATH), "utf8")).toBe(AFTER);
    expect(git(clone, "log", "-1", "--format=%an|%ae|%at|%s|%b").trim()).toBe(
      `Nora Sample|nora@example.org|${AUTHOR.seconds}|cifs: set two|Two is two.\n\nLink: https://example.org/1`,
    );
    expect(git(clone, "rev-parse", "HEAD~1").trim()).toBe(origin.commit);
  });

  test("may be of an older commit, of a dirty work tree, of a linked one, and of a bare repository", async () => {
    const { repository: directory, commit } = repository();
    writeFiles(directory, { [PATH]: "int later;\n" });
    git(directory, "commit", "--quiet", "--all", "--message=third");
    writeFiles(directory, { [PATH]: "int dirty;\n" });
    const [linked, bare] = [join(temporaryFolder(), "linked"), join(temporaryFolder(), "bare.git")];
    git(directory, "worktree", "add", "--quiet", "--detach", linked);
    git(directory, "clone", "--quiet", "--bare", directory, bare);
    for (const place of [directory, linked, bare]) {
      const before = stateOf(place);
      const { mails, checks } = await makePatches(request({ origin: { repository: place, commit } }));
      expect(checks.map(({ tool, status }) => `${tool}: ${status}`)).toEqual(ALL_PASSED);
      expect(mails[0]?.contents.toString()).toContain(`base-commit: ${commit}\n`);
      expect(stateOf(place)).toEqual(before);
    }
  });

  test("may be of a shallow clone", async () => {
    const { repository: directory, commit } = repository();
    const shallow = join(temporaryFolder(), "shallow");
    git(temporaryFolder(), "clone", "--quiet", "--depth=1", `file://${directory}`, shallow);
    expect(head(shallow)).toBe(commit);
    expect(git(shallow, "rev-parse", "--is-shallow-repository").trim()).toBe("true");
    const before = stateOf(shallow);
    const { mails, checks } = await makePatches(request({ origin: { repository: shallow, commit } }));
    expect(checks.map(({ tool, status }) => `${tool}: ${status}`)).toEqual(ALL_PASSED);
    expect(mails[0]?.contents.toString()).toContain(`base-commit: ${commit}\n`);
    expect(stateOf(shallow)).toEqual(before);
  });

  test("may be of a partial clone that lacks other files", async () => {
    const { repository: directory, commit } = repository();
    git(directory, "config", "uploadpack.allowFilter", "true");
    const partial = join(temporaryFolder(), "partial");
    git(temporaryFolder(), "clone", "--quiet", "--no-checkout", "--filter=blob:none", `file://${directory}`, partial);
    git(partial, "cat-file", "-p", `${commit}:${PATH}`);
    const missing = (): string => git(partial, "rev-list", "--objects", "--missing=print", commit);
    const before = missing();
    expect(before).toMatch(/^\?/m);
    const { checks } = await makePatches(request({ origin: { repository: partial, commit } }));
    expect(checks.map(({ tool, status }) => `${tool}: ${status}`)).toEqual(ALL_PASSED);
    expect(missing()).toBe(before);
  });

  test("keeps the mode of an executable file", async () => {
    const { repository: directory } = repository();
    git(directory, "update-index", "--chmod=+x", PATH);
    git(directory, "commit", "--quiet", "--message=third");
    const { mails } = await makePatches(request({ origin: { repository: directory, commit: head(directory) } }));
    expect(mails[0]?.contents.toString()).toMatch(/^index .* 100755$/m);
    expect(mails[0]?.contents.toString()).not.toContain("old mode");
  });

  test("of a repository that is none, or lacks the commit, is an error in one line", async () => {
    const commit = "1".repeat(40);
    await expectInputError(makePatches(request({ origin: { repository: temporaryFolder(), commit } })), /./);
    await expectInputError(makePatches(request({ origin: { ...repository(), commit } })), /./);
  });
});

describe("a series", () => {
  const changes = [
    { after: files({ [PATH]: AFTER }), message: "cifs: set two\n\nFirst.\n" },
    {
      after: files({ [PATH]: AFTER.replace("three", "three = 3"), "fs/cifs/new.h": "int new;\n" }),
      message: "cifs: set three\n\nSecond.\n",
    },
  ];
  const cover = { subject: "cifs: set $& both", text: "Why $1 both.\n\n1. cifs: set two\n2. cifs: set three\n" };
  const before = files({ [PATH]: BEFORE, "fs/cifs/new.h": "" });

  test("is a cover letter and one mail each, numbered, each on top of those before", async () => {
    const { mails, size, checks } = await makePatches(request({ before, changes, cover }));
    expect(mails.map((one) => one.name)).toEqual([
      "0000-cover-letter.patch",
      "0001-cifs-set-two.patch",
      "0002-cifs-set-three.patch",
    ]);
    const [letter, first, second] = mails.map((one) => one.contents.toString());
    expect(letter).toContain("Subject: [PATCH 0/2] cifs: set $& both\n");
    expect(letter).toContain(`\n\n${cover.text}`);
    expect(letter).not.toMatch(/\*\*\*/);
    expect(first).toContain("Subject: [PATCH 1/2] cifs: set two\n");
    expect(first).not.toContain("three = 3");
    expect(second).toContain("\n-int three;\n+int three = 3;\n");
    expect(size).toEqual({ files: 2, added: 3, removed: 2 });
    expect(checks.map(({ tool, status }) => `${tool}: ${status}`)).toEqual(ALL_PASSED);
  });

  test("with a repository names the base once, in the cover letter", async () => {
    const origin = repository();
    const state = stateOf(origin.repository);
    const { mails, checks } = await makePatches(request({ changes: changes.slice(0, 1), cover, origin }));
    expect(mails.map(({ contents }) => contents.toString().includes(`base-commit: ${origin.commit}`))).toEqual([
      true,
      false,
    ]);
    expect(checks.map(({ tool, status }) => `${tool}: ${status}`)).toEqual(ALL_PASSED);
    expect(stateOf(origin.repository)).toEqual(state);
  });

  test("of which the second does not fit is failed, though the first applies", async () => {
    const origin = repository();
    git(origin.repository, "rm", "--quiet", PATH);
    git(origin.repository, "commit", "--quiet", "--message=gone");
    const gone = { ...origin, commit: head(origin.repository) };
    const { checks } = await makePatches(request({ changes, origin: gone }));
    expect(checks.find((one) => one.tool === "git am")?.status).toBe("failed");
  });
});
