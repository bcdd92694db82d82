/** `bisect-run`: exit codes as git bisect run takes them, and under git itself. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { edit, git, sampleRepository, useSampleRepository } from "./repositories.ts";
import { groundhog, newFolder, shell, useBundle } from "./session.ts";

useBundle();
useSampleRepository();

function run(cwd: string, ...args: readonly string[]) {
  return groundhog(["bisect-run", ...args], { cwd });
}

describe("exit codes", () => {
  test.each([
    ["step-3", "bug", 0],
    ["step-9", "bug", 1],
    ["step-9", "fix", 0],
    ["step-12", "fix", 1],
    ["step-1", "bug", 125],
  ])("%s, looking for the %s: %d", (step, find, code) => {
    const repository = sampleRepository();
    git(repository, "checkout", "-q", step);
    const { exit, stdout, stderr } = run(repository, "cifs-echo", "--find", find);
    expect([exit, stderr]).toEqual([code, ""]);
    expect(stdout).toMatch(/^[^\n]*cifs[^\n]*\n$/);
  });

  test("a tree whose C does not hold together is skipped", () => {
    const repository = sampleRepository();
    const from = "bool cifs_set_status(";
    edit(repository, "fs/smb/client/connect.c", "static bool server_unresponsive(", `${from}{{{ server_unresponsive(`);
    expect(run(repository, "cifs-echo").exit).toBe(125);
  });

  test("a tree of another folder, and a revision", () => {
    const repository = sampleRepository();
    expect(run(newFolder(), "cifs-echo", "--kernel", `${repository}@step-9`).exit).toBe(1);
    expect(run(newFolder(), "cifs-echo", "--kernel", "sample@3").exit).toBe(0);
  });

  test.each([
    [["nonsense"]],
    [[]],
    [["cifs-echo", "--nonsense"]],
    [["cifs-echo", "--find", "love"]],
    [["cifs-echo", "--hz", "many"]],
    [["cifs-echo", "--kernel", "/nonexistent"]],
    [["cifs-echo", "--config", "/nonexistent"]],
    [["cifs-echo", "more", "words"]],
  ])("%j stops the search", (args) => {
    const { exit, stdout, stderr } = run(newFolder(), ...args);
    expect([exit, stdout]).toEqual([128, ""]);
    expect(stderr).toMatch(/^groundhog: [^\n]+\n$|^error: /);
  });

  test("an empty folder stops the search, too", () => {
    expect(run(newFolder(), "cifs-echo").exit).toBe(128);
  });
});

describe("git bisect run", () => {
  test("finds the bug's introduction", () => {
    const repository = sampleRepository();
    const { exit, stdout } = shell(
      "git bisect start step-8 step-3 && git bisect run $GROUNDHOG bisect-run cifs-echo && git bisect reset",
      { cwd: repository, maxMs: 110_000 },
    );
    const culprit = git(repository, "rev-parse", "step-5").trim();
    expect(exit).toBe(0);
    expect(stdout).toContain(`${culprit} is the first bad commit`);
    expect(git(repository, "status", "--porcelain")).toBe("");
  });

  test("finds the fix, with git's terms, past revisions without the system", () => {
    const repository = sampleRepository();
    const { exit, stdout } = shell(
      "git bisect start --term-old=broken --term-new=fixed step-12 step-9 && " +
        "git bisect run $GROUNDHOG bisect-run cifs-echo --find fix",
      { cwd: repository, maxMs: 110_000 },
    );
    expect(exit).toBe(0);
    expect(stdout).toMatch(new RegExp(`${git(repository, "rev-parse", "step-11").trim()} is the first \\S+ commit`));
  });

  test("stops at a usage error", () => {
    const repository = sampleRepository();
    const { exit, stdout } = shell("git bisect start step-8 step-3 && git bisect run $GROUNDHOG bisect-run nonsense", {
      cwd: join(repository, "."),
      maxMs: 110_000,
    });
    expect(exit).not.toBe(0);
    expect(stdout).not.toContain("is the first bad commit");
  });
});
