import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type BlobAnswer, createBatchParser, openBlobs } from "../../tools/kernel/cat-file.ts";
import { explainGit } from "../../tools/kernel/explain-git.ts";
import { openRevision, splitRevision } from "../../tools/kernel/git.ts";
import { LIMITS } from "../../tools/kernel/limits.ts";
import {
  expectInputError,
  git,
  KERNEL,
  makeRepository,
  opened,
  temporaryFolder,
  WANTED,
  withPath,
  writeFiles,
} from "./fixtures.ts";

function open(repository: string, revision: string, limits = LIMITS) {
  return opened(openRevision(`linux@${revision}`, { repository, revision }, WANTED, limits));
}

describe("a revision", () => {
  test("has an id, a version, files in byte order, and their bytes", async () => {
    const repository = makeRepository({
      ...KERNEL,
      "net/sunrpc/bin.c": Buffer.from([0, 0xe9, 10, 13, 0]),
      "net/sunrpc/empty.c": "",
    });
    const source = await open(repository, "main");
    expect(source.id).toBe("linux@main");
    expect(source.version).toBe("6.1.7-rc2");
    expect(await source.list("fs/smb/")).toEqual(["fs/smb/client/cifsglob.h", "fs/smb/client/connect.c"]);
    expect(await source.list("net/sunrpc/xprt.c")).toEqual(["net/sunrpc/xprt.c"]);
    expect(await source.list("")).toHaveLength(8);
    expect(await source.read("net/sunrpc/bin.c")).toEqual(Buffer.from([0, 0xe9, 10, 13, 0]));
    expect(await source.read("net/sunrpc/empty.c")).toEqual(Buffer.alloc(0));
  });

  test("answers with nothing for what is not there or leads out", async () => {
    const source = await open(makeRepository(KERNEL), "HEAD");
    for (const path of ["fs/none", "../x", "/etc", "fs/../../x", "fs/*", ":/", ":(top)fs", ":(glob)fs", "a\0b"]) {
      expect(await source.list(path)).toEqual([]);
      expect(await source.read(path)).toBeNull();
    }
    expect(await source.read("fs/smb")).toBeNull();
  });

  test("is the one that was asked for, not the work tree or HEAD", async () => {
    const repository = makeRepository(KERNEL);
    git(repository, "tag", "--annotate", "--message=x", "v1");
    writeFiles(repository, { "net/sunrpc/xprt.c": "second\n" });
    git(repository, "commit", "--quiet", "--all", "--message=second");
    writeFiles(repository, { "net/sunrpc/xprt.c": "not committed\n" });
    const text = async (revision: string) => String(await (await open(repository, revision)).read("net/sunrpc/xprt.c"));
    expect(await text("v1")).toBe("int xprt;\n");
    expect(await text("HEAD")).toBe("second\n");
    expect(await text("HEAD~1")).toBe("int xprt;\n");
    expect(await text("HEAD@{1}")).toBe("int xprt;\n");
    expect(await text("main^{tree}")).toBe("second\n");
    expect(await text(git(repository, "rev-parse", "v1").trim().slice(0, 12))).toBe("int xprt;\n");
  });

  test("of a bare repository works as well", async () => {
    const bare = join(temporaryFolder(), "linux.git");
    execFileSync("git", ["clone", "--quiet", "--bare", makeRepository(KERNEL), bare]);
    expect((await open(bare, "main")).version).toBe("6.1.7-rc2");
  });

  test("is read without a trace: work tree, index, HEAD and objects stay as they are", async () => {
    const repository = makeRepository(KERNEL);
    // A racy index is what makes other git commands write it.
    writeFiles(repository, { "net/sunrpc/xprt.c": "int xprt;\n" });
    const state = () =>
      readdirSync(repository, { recursive: true, encoding: "utf8" })
        .sort()
        .map((path) => [path, statSync(join(repository, path)).mtimeMs]);
    const before = state();
    const source = await open(repository, "HEAD");
    for (const path of await source.list("")) {
      await source.read(path);
    }
    expect(state()).toEqual(before);
  });

  test("runs no program that the repository's configuration names", async () => {
    const repository = makeRepository({ ...KERNEL, ".gitattributes": "*.c filter=evil diff=evil\n" });
    const trap = join(temporaryFolder(), "trap");
    const marker = `${trap}.ran`;
    writeFiles(join(trap, ".."), { trap: `#!/bin/sh\ntouch ${marker}\n` });
    chmodSync(trap, 0o755);
    for (const key of [
      "core.fsmonitor",
      "core.pager",
      "filter.evil.smudge",
      "diff.evil.textconv",
      "core.sshCommand",
      "core.editor",
    ]) {
      git(repository, "config", key, trap);
    }
    const source = await open(repository, "HEAD");
    await source.list("");
    await source.read("net/sunrpc/xprt.c");
    expect(existsSync(marker)).toBe(false);
    // The trap does work: status asks the file system monitor.
    git(repository, "status");
    expect(existsSync(marker)).toBe(true);
  });

  test("is not misled by GIT_DIR, PAGER and EDITOR, as set in hooks and shells", async () => {
    const repository = makeRepository(KERNEL);
    const other = makeRepository({ ...KERNEL, Makefile: "VERSION = 1\nPATCHLEVEL = 0\n" });
    Object.assign(process.env, { GIT_DIR: join(other, ".git"), PAGER: "less", EDITOR: "vi", GIT_PAGER: "less" });
    try {
      expect((await open(repository, "HEAD")).version).toBe("6.1.7-rc2");
    } finally {
      for (const name of ["GIT_DIR", "PAGER", "EDITOR", "GIT_PAGER"]) {
        delete process.env[name];
      }
    }
  });

  test("symlinks and submodules are notes", async () => {
    const repository = makeRepository(KERNEL);
    symlinkSync("xprt.c", join(repository, "net/sunrpc/link.c"));
    git(repository, "add", "--all");
    const commit = git(repository, "rev-parse", "HEAD").trim();
    git(repository, "update-index", "--add", "--cacheinfo", `160000,${commit},net/sunrpc/module`);
    git(repository, "commit", "--quiet", "--message=links");
    const source = await open(repository, "HEAD");
    expect(await source.list("net")).toEqual(["net/sunrpc/xprt.c"]);
    expect(await source.read("net/sunrpc/link.c")).toBeNull();
    expect(await source.read("net/sunrpc/module")).toBeNull();
    expect(source.notes).toEqual([
      { file: "net/sunrpc/link.c", reason: "symlink, not followed" },
      { file: "net/sunrpc/module", reason: "submodule, not followed" },
    ]);
  });

  test("oversized blobs are notes, and the next answer is still right; too many files are an error", async () => {
    const repository = makeRepository({ ...KERNEL, "net/sunrpc/big.c": "x".repeat(300_000) });
    const source = await open(repository, "HEAD", { ...LIMITS, fileBytes: 1000 });
    const [big, small] = await Promise.all([source.read("net/sunrpc/big.c"), source.read("net/sunrpc/xprt.c")]);
    expect([big, small?.toString()]).toEqual([null, "int xprt;\n"]);
    expect(source.notes).toEqual([{ file: "net/sunrpc/big.c", reason: "larger than 1000 bytes, left out" }]);
    await expectInputError((await open(repository, "HEAD", { ...LIMITS, keptFiles: 3 })).list(""), /more than 3 files/);
  });

  test("overlapping reads get their own answers", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`net/sunrpc/f${index}.c`, `${index}\n`.repeat(index * 20)]),
    );
    const source = await open(makeRepository({ ...KERNEL, ...files }), "HEAD");
    const paths = Object.keys(files);
    const texts = await Promise.all(paths.map(async (path) => String(await source.read(path))));
    expect(texts).toEqual(Object.values(files));
  });
});

describe("refused with one line", () => {
  test.each(["--output=/tmp/x", "-h", "^HEAD", "a\nb", "a\0b", "", "x".repeat(500)])(
    "revision %j",
    async (revision) => {
      await expectInputError(open(makeRepository(KERNEL), revision), /no revision|a revision is missing/);
    },
  );

  test.each([
    "nosuch",
    "HEAD..main",
    "HEAD~99",
    "0000000000000000000000000000000000000000",
    "HEAD:Makefile",
    "HEAD:fs",
  ])("revision %s, which is none or has no kernel", async (revision) => {
    await expectInputError(open(makeRepository(KERNEL), revision), /^linux@.*: \S.*(revision|tree)/);
  });

  test("no kernel in it", async () => {
    await expectInputError(open(makeRepository({ "README.md": "x" }), "HEAD"), /no kernel tree: looked for/);
  });

  test("a folder that is no repository, also inside another repository", async () => {
    const repository = makeRepository(KERNEL);
    await expectInputError(open(join(repository, "fs"), "HEAD"), /not a git repository/);
    await expectInputError(open(temporaryFolder(), "HEAD"), /not a git repository/);
  });

  test("a machine without git", async () => {
    const repository = makeRepository(KERNEL);
    await withPath([temporaryFolder()], () => expectInputError(open(repository, "HEAD"), /git is not installed/));
  });

  test.runIf(process.getuid?.() === 0)("a repository of another user", async () => {
    const repository = makeRepository(KERNEL);
    chownSync(repository, 65534, 65534);
    chownSync(join(repository, ".git"), 65534, 65534);
    await expectInputError(open(repository, "HEAD"), /belongs to another user; .* --add safe\.directory \//);
  });

  test("git's reasons are shortened", () => {
    expect(explainGit("warning: x\nfatal: detected dubious ownership in repository at '/r'\nTo add\n")).toMatch(
      /safe.directory \/r$/,
    );
    expect(explainGit("error: one\nfatal: two")).toBe("one");
    expect(explainGit("")).toBe("git failed");
  });

  test("a blob that a partial clone does not have; it is not fetched", async () => {
    const origin = makeRepository(KERNEL);
    git(origin, "config", "uploadpack.allowFilter", "true");
    const clone = join(temporaryFolder(), "partial.git");
    git(temporaryFolder(), "clone", "--quiet", "--bare", "--filter=blob:none", `file://${origin}`, clone);
    await expectInputError(open(clone, "HEAD"), /partial clone that lacks a needed file|missing from the repository/);
    renameSync(origin, `${origin}.away`);
    await expectInputError(open(clone, "HEAD"), /partial clone that lacks a needed file|missing from the repository/);
    rmSync(`${origin}.away`, { recursive: true });
  });
});

describe("splitRevision", () => {
  test("at the last @ that has a directory before it", () => {
    const top = temporaryFolder();
    for (const name of ["repo", "a@b", "a"]) {
      mkdirSync(join(top, name));
    }
    const split = (spec: string) => {
      const found = splitRevision(spec, top);
      return found === null ? null : [found.repository.slice(top.length + 1), found.revision];
    };
    expect(split("repo@v6.1")).toEqual(["repo", "v6.1"]);
    expect(split("repo@HEAD@{1}")).toEqual(["repo", "HEAD@{1}"]);
    expect(split("a@b@v6.1")).toEqual(["a@b", "v6.1"]);
    expect(split("a@c")).toEqual(["a", "c"]);
    expect(split(`${top}/repo@x`)).toEqual(["repo", "x"]);
    expect(split("none@x")).toBeNull();
    expect(split("@x")).toBeNull();
    expect(split(`${"x".repeat(5000)}@x`)).toBeNull();
    expect(split("repo@")).toEqual(["repo", ""]);
  });
});

describe("cat-file", () => {
  test("the parser takes answers in any pieces", () => {
    const output = Buffer.from("aa blob 3\na\nb\nbb missing\ncc tree 2\nxx\ndd blob 9\n123456789\nee blob 0\n\n");
    for (let size = 1; size <= output.length; size++) {
      const answers: BlobAnswer[] = [];
      const parse = createBatchParser(8, (answer) => answers.push(answer));
      for (let at = 0; at < output.length; at += size) {
        parse(output.subarray(at, at + size));
      }
      expect(answers).toEqual([
        { kind: "blob", bytes: Buffer.from("a\nb") },
        { kind: "missing" },
        { kind: "other", type: "tree", bytes: expect.any(Buffer) },
        { kind: "oversized", sizeBytes: 9 },
        { kind: "blob", bytes: Buffer.alloc(0) },
      ]);
    }
  });

  test("the parser refuses what is not git's protocol", () => {
    expect(() => createBatchParser(8, () => {})(Buffer.from("hello world\n"))).toThrow("not understood");
    expect(() => createBatchParser(8, () => {})(Buffer.alloc(2000, "x"))).toThrow("without a header");
  });

  test("git that dies while it is asked is an error, not a hang", async () => {
    const directory = temporaryFolder();
    const fake = join(directory, "git");
    writeFiles(directory, { git: "#!/bin/sh\nread line\necho 'fatal: object file is empty' >&2\nexit 128\n" });
    chmodSync(fake, 0o755);
    const blobs = openBlobs("linux@x", directory, { PATH: `${directory}:/usr/bin:/bin` }, 1000);
    const answers = ["a".repeat(40), "b".repeat(40)].map((name) => blobs.read(name));
    await Promise.all(answers.map((answer) => expectInputError(answer, /linux@x: object file is empty/)));
    await expectInputError(blobs.read("c".repeat(40)), /object file is empty/);
    await blobs.close();
  });

  test("git that is killed midway through an answer is an error", async () => {
    const directory = temporaryFolder();
    writeFiles(directory, { git: "#!/bin/sh\nread line\nprintf 'aa blob 100\\nhalf'\nkill -9 $$\n" });
    chmodSync(join(directory, "git"), 0o755);
    const blobs = openBlobs("linux@x", directory, { PATH: `${directory}:/usr/bin:/bin` }, 1000);
    await expectInputError(blobs.read("a".repeat(40)), /git cat-file ended \(SIGKILL\)/);
    await blobs.close();
  });

  test("git that cannot be started, and names that are none, are errors", async () => {
    const blobs = openBlobs("linux@x", temporaryFolder(), { PATH: "/nonexistent" }, 1000);
    await expectInputError(blobs.read("a".repeat(40)), /git cannot be started/);
    await expectInputError(blobs.read("HEAD\nmain"), /is no object name/);
    await blobs.close();
  });

  test("reading after close is an error, and no child stays", async () => {
    const repository = makeRepository(KERNEL);
    const source = await openRevision("x", { repository, revision: "HEAD" }, WANTED);
    await source.list("net");
    await source.close();
    await expect(source.read("net/sunrpc/xprt.c")).rejects.toThrow("closed");
    const children = spawnSync("ps", ["--ppid", String(process.pid), "-o", "args="], { encoding: "utf8" });
    expect(children.stdout).not.toContain("cat-file");
  });
});

test("a damaged object is an InputError that names the file", async () => {
  const repository = makeRepository(KERNEL);
  const object = git(repository, "rev-parse", "HEAD:net/sunrpc/xprt.c").trim();
  const file = join(repository, ".git/objects", object.slice(0, 2), object.slice(2));
  expect(readFileSync(file).length).toBeGreaterThan(0);
  rmSync(file);
  const source = await open(repository, "HEAD");
  await expectInputError(source.read("net/sunrpc/xprt.c"), /net\/sunrpc\/xprt.c: this file is missing/);
  expect(String(await source.read("Makefile"))).toContain("VERSION");
});
