/** `history` on the sample's repository: what it says is exact, in each of its forms. */
import { describe, expect, test } from "vitest";
import { changedTraits } from "../../tools/report/history.ts";
import { type HistoryDocument, historySchema } from "../../tools/report/history-schema.ts";
import { edit, git, sampleRepository, useSampleRepository } from "./repositories.ts";
import { expectOneLine, groundhog, newFolder, useBundle } from "./session.ts";

useBundle();
useSampleRepository();

function history(...args: readonly string[]): string {
  const { exit, stdout, stderr } = groundhog(["history", ...args]);
  expect([exit, stderr]).toEqual([0, ""]);
  return stdout;
}

function documentOf(...args: readonly string[]): HistoryDocument {
  return historySchema.parse(JSON.parse(history(...args, "--json")));
}

/** Each change of the timing: its day, and what changed. */
function story({ changes }: HistoryDocument): readonly (readonly string[])[] {
  return changes
    .filter(({ isTimed }) => isTimed)
    .map(({ date, before, after }) => [date.slice(0, 10), ...changedTraits(before, after)]);
}

describe("the echo's story", () => {
  test("comes out day by day, in words and figures", () => {
    const found = documentOf("cifs-echo", sampleRepository());
    expect(story(found)).toEqual([
      [
        "2011-01-11",
        "not there -> violated",
        "timeout never",
        "vulnerable share 0.00%",
        "period of the echo 61.44 s",
        "dead server noticed after never",
      ],
      ["2011-01-20", "violated -> holds", "timeout never -> 5 x 60 s", "dead server noticed after never -> 301.16 s"],
      [
        "2012-02-21",
        "holds -> violated",
        "timeout 5 x 60 s -> 2 x 60 s",
        "vulnerable share 0.00% -> 0.72%",
        "dead server noticed after 301.16 s -> 121.96 s",
      ],
      ["2016-01-14", "timeout 2 x 60 s -> 2 x echo_interval"],
      ["2016-02-24"],
      [
        "2019-07-24",
        "violated -> holds",
        "timeout 2 x echo_interval -> 3 x echo_interval",
        "vulnerable share 0.72% -> 0.00%",
        "dead server noticed after 121.96 s -> 186.47 s",
      ],
    ]);
    expect([found.commits, found.models, found.isShallow, found.skipped]).toEqual([9, 7, false, []]);
    expect(found.last?.verdict).toBe("holds");
  });

  test("names commits, subjects and authors as git does", () => {
    const repository = sampleRepository();
    const change = documentOf("cifs-echo", repository).changes.find(({ date }) => date.startsWith("2012"));
    const told = git(repository, "log", "-1", "--format=%H%n%aI%n%an%n%s", "step-5").trim().split("\n");
    expect([change?.commit, change?.date, change?.author, change?.subject]).toEqual(told);
    expect(change?.factsNew).toEqual([expect.stringContaining("server_unresponsive(): deadline")]);
    expect(change?.factsGone).toEqual([expect.stringContaining("cifs_readv_from_socket(): deadline")]);
  });

  test("a local that is renamed changes no model's timing, and a folder that moves nothing at all", () => {
    const text = history("cifs-echo", sampleRepository());
    expect(text).not.toMatch(/^2014|^2023/m);
    expect(text).toMatch(/1 more changed the model and nothing of the timing \(--all lists them\)/);
    const all = history("cifs-echo", sampleRepository(), "--all");
    expect(all).toMatch(/^2014-06-02 .*\n {4}the model is another; verdict, figures and timing facts are the same/m);
    expect(all).not.toMatch(/^2023/m);
  });

  test("of the other system has its hang", () => {
    const found = documentOf("sunrpc-reconnect", sampleRepository());
    const verdicts = found.changes.map(({ date, after }) => [date.slice(0, 4), after.verdict]);
    expect(verdicts).toEqual([
      ["2010", "holds"],
      ["2011", "violated"],
      ["2012", "holds"],
      ["2013", "holds"],
    ]);
  });
});

describe("forms", () => {
  test("--mail has at most 75 columns, and every row says what it is there for", () => {
    const mail = history("cifs-echo", sampleRepository(), "--mail");
    expect(Math.max(...mail.split("\n").map((line) => line.length))).toBeLessThanOrEqual(75);
    expect(mail).toMatch(/^2012-02-21 {2}[0-9a-f]{12} {2}violated\n {2}cifs: take .*\n {4}holds -> violated$/m);
    expect(mail).toMatch(/^2016-02-24 .*\n.*\n {4}\S/m);
  });

  test("--mail keeps its columns with a subject that has no blanks", () => {
    const repository = sampleRepository();
    edit(repository, "fs/smb/client/connect.c", "lstrp + 3 *", "lstrp + 4 *", "x".repeat(300));
    const mail = history("cifs-echo", repository, "--mail");
    expect(Math.max(...mail.split("\n").map((line) => line.length))).toBeLessThanOrEqual(75);
  });

  test("the cache changes nothing, and leaving it out neither", () => {
    const repository = sampleRepository();
    const env = { XDG_CACHE_HOME: newFolder() };
    const [first, second] = [0, 1].map(() => groundhog(["history", "cifs-echo", repository, "--json"], { env }));
    expect(first?.exit).toBe(0);
    expect(second).toEqual(first);
    expect(groundhog(["history", "cifs-echo", repository, "--json", "--no-cache"], { env })).toEqual(first);
  });

  test("another commit is not told from the cache of the last", () => {
    const repository = sampleRepository();
    const before = documentOf("cifs-echo", repository);
    const made = edit(repository, "fs/smb/client/connect.c", "lstrp + 3 *", "lstrp + 4 *");
    const after = documentOf("cifs-echo", repository);
    expect([after.changes.length, after.changes.at(-1)?.commit]).toEqual([before.changes.length + 1, made]);
  });

  test("--json and --mail, an unknown system, too few words", () => {
    const repository = sampleRepository();
    expectOneLine(groundhog(["history", "cifs-echo", repository, "--json", "--mail"]), /--mail/);
    expectOneLine(groundhog(["history", "nonsense", repository]), /nonsense: no such system/);
    expect(groundhog(["history", "cifs-echo"]).exit).toBe(2);
  });
});

describe("ranges", () => {
  test("begin with how it was, where parents lie outside", () => {
    const found = documentOf("cifs-echo", sampleRepository(), "step-4..step-9");
    expect(story(found).map(([day]) => day)).toEqual(["2012-02-21", "2016-01-14"]);
    expect(found.changes[0]?.before[0]?.verdict).toBe("holds");
  });

  test("A.. and ..B are as git takes them", () => {
    const repository = sampleRepository();
    expect(story(documentOf("cifs-echo", repository, "step-9..")).map(([day]) => day)).toEqual([
      "2016-02-24",
      "2019-07-24",
    ]);
    expect(documentOf("cifs-echo", repository, "..step-3").commits).toBe(0);
  });

  test("may be empty", () => {
    const repository = sampleRepository();
    for (const range of ["step-9..step-9", "step-9..step-3", "step-3..step-4"]) {
      const found = documentOf("cifs-echo", repository, range);
      expect([range, found.commits, found.changes, found.last]).toEqual([range, 0, [], null]);
    }
    expect(history("cifs-echo", repository, "step-9..step-9")).toMatch(/No commit of the range touches/);
    expect(history("cifs-echo", repository, "step-9..step-9", "--mail")).toMatch(/\S/);
  });

  test.each([
    ["--output=/tmp/groundhog-owned", /--output|option/],
    ["step-1...step-3", /step-1\.\.\.step-3: a range is A\.\.B/],
    ["^step-1", /this is no revision/],
    ["step-1..--all", /this is no revision/],
    ["step-1..nowhere", /nowhere: git knows no such revision/],
    ["step-1:fs", /step-1:fs/],
    ["step-1 step-2", /git knows no such revision|step-1 step-2/],
    ["", /""|range|revision/],
    ["a\u001b[31mb", /this is no revision/],
  ])("%j is refused", (range, message) => {
    const repository = sampleRepository();
    expectOneLine(groundhog(["history", "cifs-echo", repository, range]), message);
  });

  test("after -- an option is no option, either", () => {
    expectOneLine(
      groundhog(["history", "cifs-echo", sampleRepository(), "--", "--output=/tmp/groundhog-owned"]),
      /this is no revision/,
    );
  });
});
