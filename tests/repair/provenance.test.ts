/** What a repository says of a patch, on the sample's history: base, prefix, and the commit that brought the bug. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openKernel } from "../../tools/kernel/open.ts";
import { buildSampleRepository } from "../../tools/kernel/sample.ts";
import type { GitOrigin } from "../../tools/kernel/source.ts";
import { type Culprit, culpritOf, originOf, subjectPrefix } from "../../tools/repair/provenance.ts";
import { git, makeRepository, opened, options, temporaryFolder, writeFiles } from "../kernel/fixtures.ts";
import { memorySource } from "../timing/memory-source.ts";
import { C, H, HEADER, kernel, PROBE, WATCHDOG } from "./echo-kernel.ts";

const SAMPLE = join(import.meta.dirname, "../../kernel-models/sample");
const OLD = "fs/cifs/connect.c";
const NEW = "fs/smb/client/connect.c";
const FOLDERS = { "fs/cifs": "cifs", "fs/smb/client": "smb: client" };

const folder = mkdtempSync(join(tmpdir(), "groundhog-provenance-test-"));
const repository = join(folder, "sample");
beforeAll(async () => {
  await buildSampleRepository(SAMPLE, repository);
});
afterAll(() => rmSync(folder, { recursive: true }));

const commitOf = (name: string, directory = repository): string =>
  git(directory, "rev-parse", `${name}^{commit}`).trim();
const step = (number: number): GitOrigin => ({ repository, commit: commitOf(`step-${number}`) });
const head = (directory: string): GitOrigin => ({ repository: directory, commit: commitOf("HEAD", directory) });
const culprit = (origin: GitOrigin, path: string): Promise<Culprit | null> =>
  culpritOf(origin, [path, ...[OLD, NEW].filter((one) => one !== path)], PROBE, "server_unresponsive");

describe("the commit that gave the watchdog its patience", () => {
  test.each([5, 6, 7, 8, 9, 10])("of step %i is step 5, whatever was moved and renamed since", async (number) => {
    expect(await culprit(step(number), OLD)).toEqual({
      commit: commitOf("step-5"),
      parent: commitOf("step-4"),
      subject: "cifs: take a server for dead after two echo intervals",
    });
  });

  test("of step 11 is step 11, and of step 12, in another folder, too", async () => {
    expect((await culprit(step(11), OLD))?.commit).toBe(commitOf("step-11"));
    expect((await culprit(step(12), NEW))?.commit).toBe(commitOf("step-11"));
  });

  test("is nobody where the history does not know the file's other place", async () => {
    expect(await culpritOf(step(12), [NEW], PROBE, "server_unresponsive")).not.toEqual(
      expect.objectContaining({ commit: commitOf("step-11") }),
    );
  });

  test.each([
    ["there is no watchdog yet", 2, OLD],
    ["the file is not there", 5, "fs/cifs/other.c"],
  ])("is nobody where %s", async (_, number, path) => {
    expect(await culpritOf(step(number), [path], PROBE, "server_unresponsive")).toBeNull();
  });

  test("is found without a program of the repository's configuration", async () => {
    const hostile = join(mkdtempSync(join(folder, "hostile-")), "repository");
    git(folder, "clone", "--quiet", repository, hostile);
    const mark = join(hostile, "ran");
    const run = `sh -c 'touch ${mark}; cat'`;
    for (const name of ["diff.x.textconv", "diff.x.command", "filter.x.clean", "filter.x.smudge", "filter.x.process"]) {
      git(hostile, "config", name, run);
    }
    writeFileSync(join(hostile, ".gitattributes"), "* filter=x diff=x\n");
    writeFileSync(join(hostile, ".git/info/attributes"), "* filter=x diff=x\n");
    const origin = { repository: hostile, commit: commitOf("step-9") };
    expect((await culprit(origin, OLD))?.commit).toBe(commitOf("step-5"));
    expect(await subjectPrefix(origin, OLD, {})).toBe("cifs");
    expect(existsSync(mark)).toBe(false);
  });

  test("is nobody in a repository that is none", async () => {
    expect(await culprit({ repository: folder, commit: "1".repeat(40) }, OLD)).toBeNull();
  });

  test("is the newest that made it so: what went away and came back came with the second", async () => {
    const text = (count: number): string => kernel({ watchdog: WATCHDOG.replaceAll("2 *", `${count} *`) })[C] ?? "";
    const directory = makeRepository({ [C]: text(2), [H]: HEADER });
    const commit = (count: number, message: string, more = ""): void => {
      writeFiles(directory, { [C]: text(count) + more });
      git(directory, "commit", "--quiet", "--all", `--message=${message}`);
    };
    commit(5, "cifs: five");
    commit(2, "cifs: two \u00e9 again\u0007");
    commit(2, "cifs: later", "/* lstrp */\n");
    const found = await culprit(head(directory), C);
    expect(found).toEqual({
      commit: commitOf("HEAD~1", directory),
      parent: commitOf("HEAD~2", directory),
      subject: "cifs: two \u00e9 again",
    });
  });

  test("is nobody where the first commit has it already", async () => {
    const directory = makeRepository(kernel({}));
    expect(await culprit(head(directory), C)).toBeNull();
  });

  test("a side branch does not matter, merges are no culprits", async () => {
    const directory = makeRepository(kernel({ watchdog: WATCHDOG.replaceAll("2 *", "5 *") }));
    git(directory, "checkout", "--quiet", "-b", "side");
    writeFiles(directory, { [C]: kernel({})[C] ?? "" });
    git(directory, "commit", "--quiet", "--all", "--message=cifs: two on the side");
    git(directory, "checkout", "--quiet", "main");
    writeFiles(directory, { "other.c": "int other;\n" });
    git(directory, "add", "--all");
    git(directory, "commit", "--quiet", "--message=other");
    git(directory, "merge", "--quiet", "--no-ff", "--message=merge", "side");
    expect((await culprit(head(directory), C))?.subject).toBe("cifs: two on the side");
  });
});

describe("the prefix of subject lines", () => {
  test("is what most commits to the file have", async () => {
    expect(await subjectPrefix(step(11), OLD, { "fs/cifs": "other" })).toBe("cifs");
  });

  test("is the folder's where the history is too short, in another folder, or not there", async () => {
    expect(await subjectPrefix(step(12), NEW, FOLDERS)).toBe("smb: client");
    expect(await subjectPrefix(step(1), OLD, FOLDERS)).toBe("cifs");
    expect(await subjectPrefix(null, NEW, FOLDERS)).toBe("smb: client");
    expect(await subjectPrefix({ repository: folder, commit: "1".repeat(40) }, OLD, FOLDERS)).toBe("cifs");
  });

  test("is made of the folders where nobody says anything", async () => {
    expect(await subjectPrefix(null, "fs/other/a.c", FOLDERS)).toBe("fs: other");
  });

  test("keeps several parts, and leaves out what is too long or no prefix", async () => {
    const directory = makeRepository({ "a.c": "0\n" });
    const subjects = (count: number, subject: string): void => {
      for (let i = 0; i < count; i++) {
        writeFiles(directory, { "a.c": `${subject} ${i}\n` });
        git(directory, "commit", "--quiet", "--all", `--message=${subject}`);
      }
    };
    subjects(6, `${"x".repeat(50)}: long`);
    subjects(6, "No prefix here");
    expect(await subjectPrefix(head(directory), "a.c", { "": "none" })).not.toContain("x");
    subjects(5, "smb: client: do it");
    expect(await subjectPrefix(head(directory), "a.c", {})).toBe("smb: client");
  });
});

describe("the commit that a kernel stands for", () => {
  const PATHS = [OLD, "fs/cifs/cifsglob.h"];
  const open = (spec: string) => opened(openKernel(spec, options({ wanted: ["fs/cifs", "fs/smb/client"] })));

  test("is the revision that was opened", async () => {
    const { commit } = step(9);
    const source = await open(`${repository}@${commit}`);
    expect(await originOf(source, PATHS)).toEqual({ repository, commit });
  });

  test("is HEAD of a clean work tree that was opened as a folder", async () => {
    const clone = clonedAt(9);
    expect(await originOf(await open(clone), PATHS)).toEqual({ repository: clone, commit: step(9).commit });
  });

  test("is none where one of the files is changed, new or gone; other files do not matter", async () => {
    const clone = clonedAt(9);
    writeFiles(clone, { "fs/cifs/smb2ops.c": "int changed;\n" });
    expect(await originOf(await open(clone), PATHS)).not.toBeNull();
    expect(await originOf(await open(clone), [...PATHS, "fs/cifs/smb2ops.c"])).toBeNull();
    writeFiles(clone, { "fs/cifs/new.c": "int new;\n" });
    expect(await originOf(await open(clone), ["fs/cifs/new.c"])).toBeNull();
    rmSync(join(clone, OLD));
    expect(await originOf(await open(clone), PATHS)).toBeNull();
  });

  test("is none of a folder that is no work tree, and of what is no folder", async () => {
    const plain = writeFiles(temporaryFolder(), { Makefile: "VERSION = 6\nPATCHLEVEL = 1\n", [OLD]: "int one;\n" });
    expect(await originOf(await open(plain), [OLD])).toBeNull();
    expect(await originOf(memorySource({ [OLD]: "int one;\n" }), [OLD])).toBeNull();
  });

  test("is not that of a repository further up, in which the files are others", async () => {
    const clone = clonedAt(9);
    writeFiles(join(clone, "inner"), { Makefile: "VERSION = 6\n", [OLD]: "int one;\n" });
    expect(await originOf(await open(join(clone, "inner")), [OLD])).toBeNull();
  });

  function clonedAt(number: number): string {
    const clone = join(temporaryFolder(), "clone");
    git(temporaryFolder(), "clone", "--quiet", repository, clone);
    git(clone, "checkout", "--quiet", "--detach", step(number).commit);
    return clone;
  }
});
