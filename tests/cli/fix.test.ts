/** Sessions with fix: patches that plain git takes, a tree that stays as it is, refusals in one line. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type FixDocument, fixSchema } from "../../tools/report/schema.ts";
import { expectOneLine, groundhog, newFolder, type Session, useBundle } from "./session.ts";

useBundle();

const NARROW = ["--hz", "250", "--echo-interval", "60", "--rtt", "1jiffy"];
/** The same patch mails wherever and whenever the tests run. */
const SAME = {
  SOURCE_DATE_EPOCH: "1700000000",
  GIT_AUTHOR_NAME: "A. Tester",
  GIT_AUTHOR_EMAIL: "tester@example.org",
};
const MAX_MS = 120_000;

function fix(kernel: string, out: string, ...args: string[]): Session {
  const all = ["fix", "cifs-echo", "--kernel", kernel, ...NARROW, "--out", out, ...args];
  return groundhog(all, { env: SAME, maxMs: MAX_MS });
}

function documentOf(session: Session): FixDocument {
  return fixSchema.parse(JSON.parse(session.stdout));
}

function git(directory: string, ...args: string[]): string {
  const env = { PATH: process.env.PATH ?? "", HOME: directory, GIT_CONFIG_GLOBAL: "/dev/null" };
  const identity = ["-c", "user.name=M", "-c", "user.email=m@example.org", "-c", "advice.detachedHead=false"];
  const done = spawnSync("git", [...identity, ...args], { cwd: directory, env, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`git ${args.join(" ")}: ${done.stderr}`);
  return done.stdout;
}

/** A work tree of the sample at one of its steps, made without groundhog's own reading of it. */
function sampleTree(step: number): string {
  const directory = newFolder();
  const history = join(import.meta.dirname, "../../kernel-models/sample/history");
  git(directory, "init", "--quiet", "--initial-branch=main");
  const patches = readdirSync(history)
    .filter((name) => /^\d{4}-/.test(name))
    .sort()
    .slice(0, step)
    .map((name) => join(history, name));
  git(directory, "am", "--quiet", "--committer-date-is-author-date", ...patches);
  return directory;
}

function fingerprint(directory: string): string {
  const hash = createHash("sha256");
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .sort();
  for (const path of files) hash.update(`${path}\0`).update(readFileSync(path));
  return hash.digest("hex");
}

describe("the sample with two intervals", () => {
  // One session for several tests: all candidates are checked in it.
  let out = "";
  let session: Session | null = null;
  const document = (): FixDocument => {
    out ||= newFolder();
    session ??= fix("sample@9", out, "--json", "--link", "https://bugzilla.kernel.org/show_bug.cgi?id=202611");
    return documentOf(session);
  };

  test("patches are the golden ones, and the best comes first", { timeout: MAX_MS }, async () => {
    const { before, needed, candidates } = document();
    expect([session?.stderr, session?.exit]).toEqual(["", 0]);
    expect([before, needed]).toEqual(["violated", true]);
    expect(candidates.map(({ name, verdict, applies }) => [name, verdict, applies])).toEqual([
      ["look-twice", "holds", true],
      ["rearm-from-response", "holds", true],
      ["always-echo", "holds", true],
      ["three-intervals", "holds", true],
      ["fixed-schedule", "violated", true],
      ["rearm-first", "violated", true],
    ]);
    for (const { name, verdict, patch, checks } of candidates) {
      expect(checks.filter((one) => one.status === "failed")).toEqual([]);
      expect(patch !== null).toBe(verdict === "holds");
      if (patch === null) continue;
      const golden = join(import.meta.dirname, "golden", `sample-9-${name}.patch`);
      await expect(readFileSync(patch, "latin1")).toMatchFileSnapshot(golden);
    }
  });

  test("plain git takes each patch on a clean tree, and takes it back", { timeout: MAX_MS }, () => {
    document();
    const tree = sampleTree(9);
    const base = git(tree, "rev-parse", "HEAD").trim();
    const patches = readdirSync(out).filter((name) => name.endsWith(".patch"));
    expect(patches).toHaveLength(4);
    for (const name of patches) {
      const path = join(out, name);
      expect(readFileSync(path, "latin1")).toMatch(/^base-commit: [0-9a-f]{40}$/m);
      git(tree, "apply", "--check", path);
      git(tree, "am", "--quiet", path);
      expect(git(tree, "diff", "--stat", base)).not.toBe("");
      git(tree, "apply", "--reverse", path);
      expect(git(tree, "diff", base)).toBe("");
      git(tree, "reset", "--quiet", "--hard", base);
    }
  });

  test("patches of another kernel stand beside these, and replace none", { timeout: MAX_MS }, () => {
    document();
    const patches = (): ReadonlyMap<string, string> => {
      const names = readdirSync(out).filter((name) => name.endsWith(".patch"));
      return new Map(names.map((name) => [name, readFileSync(join(out, name), "latin1")]));
    };
    const before = patches();
    const { candidates } = documentOf(fix("sample@5", out, "--json"));
    const written = candidates.flatMap(({ patch }) => (patch === null ? [] : [patch.slice(out.length + 1)]));
    expect(written.length).toBeGreaterThan(0);
    expect(written.filter((name) => before.has(name))).toEqual([]);
    const after = patches();
    for (const [name, text] of before) expect(after.get(name)).toBe(text);
    for (const name of written) rmSync(join(out, name));
  });

  test("a refuted candidate has a witness that is replayed on its edit", { timeout: MAX_MS }, () => {
    const { candidates } = document();
    const refuted = candidates.find((one) => one.name === "rearm-first");
    expect(refuted?.why).toMatch(/^refuted: healthy-server-kept: /);
    expect(refuted?.replay).toMatch(/--candidate rearm-first/);
    const replay = groundhog(["check", "cifs-echo", "--replay", refuted?.witness ?? "", "--out", out]);
    expect(replay.stdout).toMatch(/with rearm-first.*violated[\s\S]*came to the same end, event for event/);
    expect(replay.exit).toBe(1);
  });

  test("a series has a cover letter and applies as a whole", { timeout: MAX_MS }, () => {
    const made = fix("sample@5", newFolder(), "--json", "--series", "three-intervals,look-twice");
    const { series, candidates } = documentOf(made);
    expect([made.exit, candidates, series?.candidate.verdict]).toEqual([0, [], "holds"]);
    const [cover, ...patches] = series?.patches ?? [];
    const letter = readFileSync(cover ?? "", "latin1");
    expect(letter).toMatch(/^Subject: \[PATCH 0\/2\] cifs: /m);
    expect(letter).not.toMatch(/\*\*\* (?:SUBJECT|BLURB) HERE/);
    const tree = sampleTree(5);
    git(tree, "am", "--quiet", ...patches);
    expect(git(tree, "log", "--oneline").split("\n")).toHaveLength(8);
  });
});

test("the tree and its repository stay as they are, and patches name their base", { timeout: MAX_MS }, () => {
  const tree = sampleTree(7);
  const base = git(tree, "rev-parse", "HEAD").trim();
  const before = fingerprint(tree);
  const { series } = documentOf(fix(tree, newFolder(), "--json", "--series", "three-intervals"));
  expect(fingerprint(tree)).toBe(before);
  const [cover = "", patch = ""] = (series?.patches ?? []).map((path) => readFileSync(path, "latin1"));
  expect(cover).toContain(`base-commit: ${base}`);
  // The commit that made it two intervals, found in the history.
  expect(patch).toMatch(/^Fixes: [0-9a-f]{12} \("cifs: take a server for dead after two echo intervals"\)$/m);
});

test("a tree that differs from its commit has no base to name", { timeout: MAX_MS }, () => {
  const tree = sampleTree(7);
  const connect = join(tree, "fs/cifs/connect.c");
  writeFileSync(connect, `${readFileSync(connect, "latin1")}\n/* mine */\n`);
  const { series } = documentOf(fix(tree, newFolder(), "--json", "--series", "three-intervals"));
  expect(series?.patches).toHaveLength(2);
  for (const path of series?.patches ?? []) expect(readFileSync(path, "latin1")).not.toMatch(/base-commit/);
});

describe("the command that takes a patch", () => {
  /** Runs what was printed, from a folder that is neither the tree nor the one with the patches. */
  function taken(command: string): void {
    const identity = { GIT_AUTHOR_NAME: "M", GIT_AUTHOR_EMAIL: "m@x.org", GIT_COMMITTER_NAME: "M" };
    const env = {
      PATH: process.env.PATH ?? "",
      ...identity,
      GIT_COMMITTER_EMAIL: "m@x.org",
      GIT_CONFIG_GLOBAL: "/dev/null",
    };
    const done = spawnSync("sh", ["-c", command], { cwd: newFolder(), env, encoding: "utf8" });
    expect([done.status, done.stderr]).toEqual([0, ""]);
  }
  const patience = (tree: string): string =>
    /^.*\b(\d) \* SMB_ECHO_INTERVAL/m.exec(readFileSync(join(tree, "fs/cifs/connect.c"), "latin1"))?.[1] ?? "";

  test("is git am in a work tree, whatever its name is", { timeout: MAX_MS }, () => {
    const tree = join(newFolder(), "it's a tree");
    cpSync(sampleTree(7), tree, { recursive: true });
    const { stdout } = fix(tree, newFolder(), "--series", "three-intervals");
    expect(stdout).toMatch(/^Only --hz 250 .* were checked; run again without them before you send anything\.$/m);
    const command = /^To take it, signed off by you: (git -C .* am --signoff \/.*)$/m.exec(stdout)?.[1] ?? "";
    expect(patience(tree)).toBe("2");
    taken(command);
    expect(patience(tree)).toBe("3");
    expect(git(tree, "log", "-1", "--format=%b")).toMatch(/^Signed-off-by: M <m@x\.org>$/m);
  });

  test("is patch in a plain directory", { timeout: MAX_MS }, ({ skip }) => {
    if (spawnSync("patch", ["--version"]).status !== 0) skip("there is no patch(1)");
    const tree = newFolder();
    cpSync(sampleTree(7), tree, { recursive: true });
    rmSync(join(tree, ".git"), { recursive: true });
    const { series } = documentOf(fix(tree, newFolder(), "--json", "--series", "three-intervals"));
    expect(series?.candidate.take).toMatch(/^patch -d .* -p1 < \/.*\.patch$/);
    taken(series?.candidate.take ?? "");
    expect(patience(tree)).toBe("3");
  });
});

test("where nothing is needed, no patch is written, and the table says so", { timeout: MAX_MS }, () => {
  const out = newFolder();
  const session = fix("sample", out);
  expect(session.stdout).toMatch(
    /^Only --hz 250 --echo-interval 60 --rtt 1jiffy were checked; run again without them for the whole table\.\nNothing needs repair/m,
  );
  expect(session.stdout).toMatch(/three-intervals +already there/);
  expect(session.exit).toBe(0);
  expect(readdirSync(out).filter((name) => name.endsWith(".patch"))).toEqual([]);
});

test("a source that a recipe does not recognise is named with its place, and gets no patch", {
  timeout: MAX_MS,
}, () => {
  const tree = newFolder();
  cpSync(sampleTree(5), tree, { recursive: true });
  const connect = join(tree, "fs/cifs/connect.c");
  const text = readFileSync(connect, "latin1").replaceAll(
    "2 * SMB_ECHO_INTERVAL",
    "SMB_ECHO_INTERVAL + SMB_ECHO_INTERVAL",
  );
  writeFileSync(connect, text);
  const out = newFolder();
  const { candidates } = documentOf(fix(tree, out, "--json"));
  const three = candidates.find((one) => one.name === "three-intervals");
  expect(three).toMatchObject({ applies: false, alreadyThere: false, verdict: null, patch: null });
  expect(three?.why).toMatch(/^does not apply: fs\/cifs\/connect\.c:124: .*no product/);
  expect(existsSync(out) ? readdirSync(out).filter((name) => /three-intervals.*patch$/.test(name)) : []).toEqual([]);
});

describe("bad input is one line and exit code 2", () => {
  test.each([
    [["--series", "no-such"], /--series no-such: there is no candidate "no-such".*always-echo/],
    [["--series", "always-echo,always-echo"], /names a candidate twice/],
    [
      ["--series", "always-echo", "--series", "no-such"],
      /--series always-echo,no-such: there is no candidate "no-such"/,
    ],
    [["--hz", "250", "--hz", "3"], /--hz 250,3: "3" is not/],
    [["--rtt", "1", "--rtt", "x"], /--rtt 1,x: "x" is not/],
    [["--series", ""], /there is no candidate ""/],
    [["--link", "javascript:alert(1)"], /is no http or https address/],
    [["--link", "https://example.org/\nSigned-off-by: x"], /is no http or https address/],
    [["--out", "-"], /fix writes several files/],
    [["--hz", "3"], /--hz 3/],
  ])("%j", (args, message) => {
    expectOneLine(groundhog(["fix", "cifs-echo", "--kernel", "sample@5", ...args]), message);
  });

  test("a system or kernel that has none", () => {
    expectOneLine(groundhog(["fix", "nfs-echo", "--kernel", "sample"]), /no such system/);
    expectOneLine(groundhog(["fix", "cifs-echo", "--kernel", "sample@1"]), /sample@1: /);
    expectOneLine(groundhog(["check", "cifs-echo", "--kernel", "sample", "--candidate", "x"]), /no candidate "x"/);
  });
});
