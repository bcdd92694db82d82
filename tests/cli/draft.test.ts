/** Sessions with draft: texts that fit mails, documents in Bugzilla's shapes, hostile logs, and words that are refused. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type DraftDocument, draftSchema } from "../../tools/report/draft-schema.ts";
import { expectOneLine, filesBelow, groundhog, newFolder, type Session, shell, useBundle } from "./session.ts";

useBundle();

const NARROW = ["--hz", "250", "--echo-interval", "60", "--rtt", "1jiffy"];
const ECHO = ["cifs-echo", "--kernel", "sample@9", ...NARROW];
const NFS = ["sunrpc-reconnect", "--kernel", "sample@4", "--cpus", "1", "--scheduler", "fair"];
/** The same patches wherever and whenever the tests run. */
const env = {
  SOURCE_DATE_EPOCH: "1700000000",
  GIT_AUTHOR_NAME: "A. Tester",
  GIT_AUTHOR_EMAIL: "tester@example.org",
};
const MAX_MS = 120_000;
const SILENT = "[  100.123456] CIFS VFS: Server nas is silent for 120 seconds, reconnecting";

function draft(kind: string, ...args: readonly string[]): Session {
  return groundhog(["draft", kind, ...args], { env, maxMs: MAX_MS });
}

function documentOf<K extends DraftDocument["kind"]>(
  kind: K,
  { stdout }: Session,
): Extract<DraftDocument, { kind: K }> {
  const document = draftSchema.parse(JSON.parse(stdout));
  if (document.kind !== kind) throw new Error(`a ${document.kind}, not a ${kind}`);
  return document as Extract<DraftDocument, { kind: K }>;
}

function expectMail(text: string): void {
  expect(text.split("\n").filter((line) => line.length > 75)).toEqual([]);
  expect(text).toMatch(/^[\n\x20-\x7e]+$/);
  expect(text).not.toMatch(/undefined|null|\[object|\{\{|\n\n\n/);
  expect(text.replace(/\s+/g, " ")).toContain(
    "Found and checked on a model made from this source; not tried on a running kernel.",
  );
}

/** The sample's history as a repository, with a tag as releases have them. */
function sampleRepository(): string {
  const directory = newFolder();
  const history = join(import.meta.dirname, "../../kernel-models/sample/history");
  const mails = readdirSync(history)
    .filter((name) => name.endsWith(".patch"))
    .sort()
    .map((name) => join(history, name));
  const git = (...args: readonly string[]): void => {
    const settings = { PATH: process.env.PATH ?? "", HOME: directory, GIT_CONFIG_GLOBAL: "/dev/null" };
    const who = ["-c", "user.name=Nora Sample", "-c", "user.email=nora@example.org"];
    const { status, stderr } = spawnSync("git", [...who, ...args], { cwd: directory, env: settings, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  };
  git("init", "--quiet", "--initial-branch=main");
  git("am", "--quiet", "--committer-date-is-author-date", ...mails);
  git("tag", "v0.2", "HEAD~2");
  return directory;
}

describe("bugzilla", () => {
  let repository = "";
  let json: Session;
  beforeAll(() => {
    repository = sampleRepository();
    json = draft("bugzilla", ...ECHO, "--history", repository, "--json");
  }, MAX_MS);

  test("is a new bug and its attachment in the shapes of Bugzilla's REST API", () => {
    expect([json.exit, json.stderr]).toEqual([0, ""]);
    const { bug, attachments, verdict, why } = documentOf("bugzilla", json);
    expect([verdict, why]).toEqual(["violated", null]);
    expect(bug).toMatchObject({
      product: "File System",
      component: "CIFS",
      summary: "cifs: a server that answers everything is declared dead after one request (HZ=250, 60 s)",
      cf_kernel_version: "0.1.0",
      cf_regression: "Yes",
      cf_bisect_commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    const [attachment] = attachments;
    expect(attachment).toMatchObject({ ids: [], content_type: "text/plain", is_patch: true });
    expect(attachment?.file_name).toMatch(/^cifs-echo-look-twice-[0-9a-f]{8}\.patch$/);
    expect(Buffer.from(attachment?.data ?? "", "base64").toString()).toMatch(
      /^From [0-9a-f]{40} [\s\S]+\n\+\+\+ b\/fs\/cifs/,
    );
    expectMail(bug?.description ?? "");
  });

  test("has steps with the computed window, timeline, affected versions and figures", () => {
    const text = documentOf("bugzilla", json).bug?.description.replace(/\s+/g, " ") ?? "";
    for (const words of [
      "2.66 s after the second (anywhere from 2.44 to 2.88 s), touch the share once",
      "122.884 server declared dead fs/cifs/connect.c:34 server_unresponsive",
      "2012-02-21 bb4eb2b36e8c violated from here on, released in v0.2",
      "look-twice: look twice an interval whether an echo is due",
      "Only --hz 250 --echo-interval 60 --rtt 1jiffy were checked.",
    ]) {
      expect(text).toContain(words);
    }
    // At the second step no server is ever declared dead: another bug.
    expect(text).not.toContain("763d74a5bcf8");
  });

  test("the same bytes twice, and as text in 75 columns; files with --out", () => {
    const out = newFolder();
    const written = draft("bugzilla", ...ECHO, "--history", repository, "--out", out);
    expect([written.exit, written.stderr]).toEqual([0, ""]);
    const files = filesBelow(out);
    expect(files.map((name) => name.replace(/-[0-9a-f]{8}\./, "."))).toEqual([
      "cifs-echo-bugzilla.json",
      "cifs-echo-bugzilla.txt",
      "cifs-echo-look-twice.patch",
    ]);
    for (const name of files) expect(written.stdout).toContain(join(out, name));
    const [document = "", text = ""] = files.map((name) => readFileSync(join(out, name), "utf8"));
    expect(JSON.parse(document)).toEqual(JSON.parse(json.stdout));
    expectMail(text);
    expect(text).toMatch(/^Product: +File System\nComponent: +CIFS\n/);
  });

  test("NFS, with its workaround; versions that nobody looked into are said to be so", () => {
    const { exit, stdout } = draft("bugzilla", ...NFS);
    expect(exit).toBe(0);
    expectMail(stdout);
    expect(stdout).toMatch(/^Component: +NFS$/m);
    // Nobody knows whether it is a regression.
    expect(stdout).not.toMatch(/^Regression/m);
    expect(stdout).toContain("Workaround:\n\n- Avoided");
    expect(stdout).toContain("Not looked into: only the kernel above was checked.");
    expect(stdout).toMatch(/^\d\. Run a loop of stat\(\) on the mount/m);
  });

  test("a kernel that holds has nothing to report", () => {
    const out = newFolder();
    const held = ["cifs-echo", "--kernel", "sample", ...NARROW, "--out", out];
    const { exit, stdout } = draft("bugzilla", ...held);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^Linux 0\.1\.0 \(sample\): SMB echo \(cifs-echo\): holds: there is nothing to report\n$/);
    expect(filesBelow(out)).toEqual([]);
    const { bug, attachments, why } = documentOf("bugzilla", draft("bugzilla", ...held, "--json"));
    expect([bug, attachments]).toEqual([null, []]);
    expect(why).toContain("nothing to report");
  });
});

test("inconclusive: the reasons, exit code 3, and no draft", () => {
  const few = ["--user", "RR 50", "--rpciod", "OTHER", "--cpus", "1", "--scheduler", "any", "--strategy", "random"];
  const { exit, stdout } = draft("bugzilla", "sunrpc-reconnect", "--kernel", "sample", ...few);
  expect(exit).toBe(3);
  expect(stdout).toMatch(
    /^Linux 0\.1\.0 \(sample\): [^\n]*: inconclusive: [^\n]*not every schedule was looked at[^\n]*\n$/,
  );
});

test("a cover letter compares the candidates by their figures", () => {
  const { exit, stdout, stderr } = draft("cover", ...ECHO);
  expect([exit, stderr]).toEqual([0, ""]);
  expectMail(stdout);
  expect(stdout).toMatch(/^Subject: \[PATCH 0\/1\] cifs: look twice an interval whether an echo is due\n\n/);
  for (const name of ["look-twice", "three-intervals", "rearm-first"]) expect(stdout).toContain(`\n- ${name} (`);
  expect(stdout).toContain("186.47 s");
});

describe("reply", () => {
  function logged(text: string): string {
    const file = join(newFolder(), "dmesg.txt");
    writeFileSync(file, text);
    return file;
  }

  test("quotes the lines that this kernel prints, with function, file and line", () => {
    const log = logged(`[ 1.0] unrelated\n${SILENT}\n[  101.5] CIFS: No connection to nas: -115\n`);
    const session = draft("reply", ...ECHO, "--log", log, "--json");
    expect(session.exit).toBe(0);
    const { log: read, text } = documentOf("reply", session);
    expectMail(text ?? "");
    expect(text).toContain("> [ 100.123456] CIFS VFS: Server nas is silent for 120 seconds,\n> reconnecting\n");
    expect(text?.replace(/\s+/g, " ")).toContain("100.123456 s after boot: fs/cifs/connect.c:32 server_unresponsive");
    expect(text).not.toContain("unrelated");
    expect(read.quoted.map(({ number, printedBy: [by] }) => [number, by?.function])).toEqual([
      [2, "server_unresponsive"],
      [3, "cifs_reconnect"],
    ]);
  });

  test("says plainly when there is none; a kernel that holds is answered, too", () => {
    const command = `printf 'nothing of cifs\\n' | $GROUNDHOG draft reply cifs-echo --kernel sample ${NARROW.join(" ")}`;
    const { exit, stdout } = shell(`${command} --log -`, { env, maxMs: MAX_MS });
    expect(exit).toBe(0);
    expectMail(stdout);
    expect(stdout).toMatch(/^No line of this log \(1 in all\) reads like/);
    expect(stdout.replace(/\s+/g, " ")).toContain("holds: within the bounds below nothing was found");
  });

  test("a hostile log stays quoted text of a dozen lines", () => {
    const evil = `[ 9.0] \u001b]0;x\u0007{{actual}}\u202e\r\u0000 ${"A".repeat(900)} Server x is silent for 1 seconds, reconnecting`;
    const log = logged(`${`${evil}\n`.repeat(500)}${"x".repeat(3_000_000)}`);
    const { exit, stdout } = draft("reply", ...ECHO, "--log", log);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^[\n\x20-\x7e]+$/);
    expect(stdout.split("\n").filter((line) => line.length > 75)).toEqual([]);
    expect(stdout.match(/^ {2}line \d+,/gm)).toHaveLength(12);
    expect(stdout).toContain("{{actual}}");
  });

  test("a log of more than 10 MB is refused", () => {
    expectOneLine(draft("reply", ...ECHO, "--log", logged("x\n".repeat(5_000_001))), /more than 10 MB/);
  });
});

describe("what is refused, in one line", () => {
  const missing = ["--log", "/nonexistent/log"];
  test.each([
    [["mail", ...ECHO], /mail: no such draft; there are bugzilla, cover, reply/],
    [["bugzilla", "cifs"], /cifs: no such system/],
    [["reply", ...ECHO], /--log: a reply needs/],
    [["bugzilla", ...ECHO, ...missing], /--log: has no meaning for bugzilla/],
    [["reply", ...ECHO, ...missing], /\/nonexistent\/log: no such file/],
    [["reply", ...ECHO, "--log", "/"], /\/: is a folder/],
    [["bugzilla", ...ECHO, "--range", "a..b"], /--range: needs --history/],
    [["bugzilla", ...ECHO, "--history", "/nonexistent"], /\/nonexistent: no such directory/],
    [["cover", ...ECHO, "--out", ""], /--out: names no folder/],
    [["cover", ...ECHO, "--hz", "no"], /--hz .*"no" is not/],
    [["cover", "cifs-echo", "--user", "OTHER"], /--user: is an option of another system/],
    [["cover"], /SYSTEM/],
  ])("%j", (args, message) => {
    const [kind = "", ...rest] = args;
    expectOneLine(draft(kind, ...rest), message);
  });
});
