import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openKernel } from "../../tools/kernel/open.ts";
import { buildSampleRepository, sampleSteps } from "../../tools/kernel/sample.ts";
import { expectInputError, git, MAKEFILE, opened, options, temporaryFolder, writeFiles } from "./fixtures.ts";

/** A patch mail as `git format-patch` writes it, that changes net/sunrpc/xprt.c from `before` to `after`. */
function patch(subject: string, date: string, before: string | null, after: string): string {
  const head =
    before === null
      ? "new file mode 100644\n--- /dev/null\n+++ b/net/sunrpc/xprt.c\n@@ -0,0 +1 @@\n"
      : `--- a/net/sunrpc/xprt.c\n+++ b/net/sunrpc/xprt.c\n@@ -1 +1 @@\n-${before}\n`;
  return [
    "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001",
    "From: J\u00f6rg Maintainer <joerg@example.org>",
    `Date: ${date}`,
    `Subject: [PATCH 1/9] ${subject}`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=UTF-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    "Why: because.",
    "---",
    ` net/sunrpc/xprt.c | 1 +`,
    "",
    "diff --git a/net/sunrpc/xprt.c b/net/sunrpc/xprt.c",
    `${head}+${after}`,
    "-- ",
    "2.39.5",
    "",
  ].join("\n");
}

const HISTORY = {
  "history/0001-sunrpc-add-xprt.patch": patch("sunrpc: add xprt", "Mon, 1 Jun 2020 10:00:00 +0200", null, "int one;"),
  "history/0002-sunrpc-two.patch": patch("sunrpc: two", "Tue, 2 Jun 2020 10:00:00 -0700", "int one;", "int two;"),
  "history/0010-sunrpc-three.patch": patch("sunrpc: three", "Wed, 3 Jun 2020 10:00:00 +0000", "int two;", "int three;"),
};

const TREE = { "tree/Makefile": MAKEFILE, "tree/.gitignore": "*.c\n", "tree/fs/cifs/connect.c": "int connect;\r\n" };

function sample(files: Readonly<Record<string, string>> = { ...TREE, ...HISTORY }): string {
  return writeFiles(temporaryFolder(), files);
}

describe("buildSampleRepository", () => {
  test("makes one commit for the tree and one per patch, on main, with tags", async () => {
    const target = join(temporaryFolder(), "repo");
    const steps = await buildSampleRepository(sample(), target);
    expect(steps.map(({ number, name }) => [number, name])).toEqual([
      [1, "sunrpc-add-xprt"],
      [2, "sunrpc-two"],
      [3, "sunrpc-three"],
    ]);
    expect(git(target, "log", "--format=%an|%ai|%ci|%s|%D", "--reverse", "main").trim().split("\n")).toEqual([
      "groundhog|2020-01-01 00:00:00 +0000|2020-01-01 00:00:00 +0000|Start of the sample kernel|",
      "J\u00f6rg Maintainer|2020-06-01 10:00:00 +0200|2020-06-01 10:00:00 +0200|sunrpc: add xprt|tag: step-1",
      "J\u00f6rg Maintainer|2020-06-02 10:00:00 -0700|2020-06-02 10:00:00 -0700|sunrpc: two|tag: step-2",
      "J\u00f6rg Maintainer|2020-06-03 10:00:00 +0000|2020-06-03 10:00:00 +0000|sunrpc: three|HEAD -> main, tag: step-3",
    ]);
    expect(git(target, "log", "--format=%cn <%ce>").trim().split("\n")).toEqual(
      Array(4).fill("groundhog <groundhog@localhost>"),
    );
    expect(git(target, "status", "--porcelain")).toBe("");
    expect(git(target, "show", "step-1:fs/cifs/connect.c")).toBe("int connect;\r\n");
  });

  test("gives the same commits whatever the user's settings, time zone, umask and environment", async () => {
    const directory = sample();
    const plain = join(temporaryFolder(), "repo");
    await buildSampleRepository(directory, plain);
    const home = writeFiles(temporaryFolder(), {
      ".gitconfig":
        "[user]\nname=X\n[core]\nautocrlf=true\n[commit]\ngpgSign=true\n" +
        "[i18n]\ncommitEncoding=latin1\n[init]\ndefaultBranch=x\n",
      ".config/git/attributes": "* text eol=crlf\n",
      ".config/git/ignore": "*\n",
    });
    const settings = {
      HOME: home,
      TZ: "Asia/Tokyo",
      GIT_AUTHOR_NAME: "Y",
      GIT_DIR: "/nonexistent",
      GIT_DEFAULT_HASH: "sha256",
    };
    const before = Object.fromEntries(Object.keys(settings).map((name) => [name, process.env[name]]));
    const umask = process.umask(0o077);
    Object.assign(process.env, settings);
    const odd = join(temporaryFolder(), "repo");
    try {
      await buildSampleRepository(directory, odd);
    } finally {
      process.umask(umask);
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) {
          delete process.env[name];
        } else {
          process.env[name] = value;
        }
      }
    }
    expect(git(odd, "rev-parse", "main")).toBe(git(plain, "rev-parse", "main"));
    // Fixed here as well, so that a change of builder, git or machine shows.
    expect(git(plain, "rev-parse", "main").trim()).toMatchInlineSnapshot(`"42e541732a4f20954a2d0ffb7bd2cc8d29926d89"`);
  });

  test("works without a tree, and with an empty one", async () => {
    const target = join(temporaryFolder(), "repo");
    await buildSampleRepository(sample(HISTORY), target);
    expect(git(target, "rev-list", "--count", "main").trim()).toBe("3");
  });

  test("refuses a target with something in it, and a patch that does not apply, by its name", async () => {
    await expectInputError(buildSampleRepository(sample(), writeFiles(temporaryFolder(), { x: "" })), /is not empty/);
    const broken = sample({
      ...HISTORY,
      "history/0011-bad.patch": patch("bad", "Thu, 4 Jun 2020 10:00:00 +0000", "no", "x"),
    });
    await expectInputError(
      buildSampleRepository(broken, join(temporaryFolder(), "r")),
      /^0011-bad.patch: .*(apply|patch)/,
    );
  });

  test("steps are found by name only where there is a history", () => {
    expect(() => sampleSteps(temporaryFolder())).toThrow(/holds no sample kernel/);
    expect(sampleSteps(sample()).map((step) => step.number)).toEqual([1, 2, 3]);
  });
});

describe("--kernel sample", () => {
  test("is the newest; @STEP is a number or a name", async () => {
    const room = options({ sampleDirectory: sample() });
    const text = async (spec: string) => {
      const source = await opened(openKernel(spec, room));
      return [source.id, source.version, String(await source.read("net/sunrpc/xprt.c"))];
    };
    expect(await text("sample")).toEqual(["sample", "6.1.7-rc2", "int three;\n"]);
    expect(await text("sample@1")).toEqual(["sample@1", "6.1.7-rc2", "int one;\n"]);
    expect(await text("sample@0002")).toEqual(["sample@0002", "6.1.7-rc2", "int two;\n"]);
    expect(await text("sample@sunrpc-two")).toEqual(["sample@sunrpc-two", "6.1.7-rc2", "int two;\n"]);
  });

  test.each(["0", "4", "", "two", "-1", "step-1", "HEAD", "1\n2"])(
    "step %j is unknown; all are listed",
    async (step) => {
      const room = options({ sampleDirectory: sample() });
      const all = /no such step; there are 1 \(sunrpc-add-xprt\), 2 \(sunrpc-two\), 3 \(sunrpc-three\)$/;
      await expectInputError(openKernel(`sample@${step}`, room), all);
    },
  );

  test("is built once, again when it changes, and leaves no temporary folder", async () => {
    const lines: string[] = [];
    const room = options({ sampleDirectory: sample(), progress: (line) => lines.push(line) });
    await opened(openKernel("sample", room));
    const built = join(room.cacheDirectory, "sample");
    const [key = ""] = readdirSync(built);
    const time = statSync(join(built, key)).mtimeMs;
    await opened(openKernel("sample@1", room));
    expect(lines).toEqual(["building the sample kernel's history"]);
    expect(statSync(join(built, key)).mtimeMs).toBe(time);
    writeFileSync(join(room.sampleDirectory, "tree/Makefile"), "VERSION = 7\nPATCHLEVEL = 0\n");
    expect((await opened(openKernel("sample", room))).version).toBe("7.0");
    expect(readdirSync(built)).toHaveLength(2);
    expect(readdirSync(join(room.cacheDirectory, "tmp"))).toEqual([]);
  });

  test("two at once give one result", async () => {
    const room = options({ sampleDirectory: sample() });
    const both = await Promise.all([opened(openKernel("sample", room)), opened(openKernel("sample", room))]);
    expect(await Promise.all(both.map((source) => source.list("net")))).toEqual([
      ["net/sunrpc/xprt.c"],
      ["net/sunrpc/xprt.c"],
    ]);
    expect(readdirSync(join(room.cacheDirectory, "sample"))).toHaveLength(1);
  });

  test("is not there in an installation without one", async () => {
    const room = options();
    await expectInputError(openKernel("sample", room), /holds no sample kernel/);
    expect(existsSync(join(room.cacheDirectory, "sample"))).toBe(false);
  });
});
