/** `bisect` on the sample's repository, and on what others may have made of it. */
import { beforeAll, describe, expect, test } from "vitest";
import { type BisectDocument, bisectSchema } from "../../tools/report/history-schema.ts";
import { commit, edit, git, replace, sampleRepository, useSampleRepository } from "./repositories.ts";
import { expectOneLine, groundhog, type Session, useBundle } from "./session.ts";

useBundle();
useSampleRepository();

const CONNECT = "fs/cifs/connect.c";
const MOVED = "fs/smb/client/connect.c";

function bisect(repository: string, good: string, bad: string, ...args: readonly string[]): Session {
  return groundhog(["bisect", "cifs-echo", repository, good, bad, ...args]);
}

function documentOf(exit: number, session: Session): BisectDocument {
  expect([session.exit, session.stderr]).toEqual([exit, ""]);
  return bisectSchema.parse(JSON.parse(session.stdout));
}

function nameOf(repository: string, revision: string): string {
  return git(repository, "rev-parse", `${revision}^{commit}`).trim();
}

/** The entry function of the sample has another name in the work tree: such a revision cannot be judged. */
function loseEntry(repository: string, path = CONNECT): void {
  replace(repository, path, "static void cifs_echo_request(", "static void cifs_lost_request(");
}

function findEntry(repository: string, path = CONNECT): void {
  replace(repository, path, "static void cifs_lost_request(", "static void cifs_echo_request(");
}

describe("on the sample", () => {
  let repository = "";
  beforeAll(() => {
    repository = sampleRepository();
  });

  test("the bug's introduction, as JSON", () => {
    const found = documentOf(0, bisect(repository, "step-3", "step-8", "--json"));
    const [commit, date, author, subject] = git(repository, "log", "-1", "--format=%H%n%aI%n%an%n%s", "step-5")
      .trim()
      .split("\n");
    expect(found.first).toEqual({ commit, date, author, subject });
    expect(found).toMatchObject({
      system: "cifs-echo",
      good: nameOf(repository, "step-3"),
      bad: nameOf(repository, "step-8"),
      before: "holds",
      after: "violated",
      commitsConsidered: 2,
      skipped: [],
      confirmation: { status: "confirmed" },
    });
    expect(found.steps).toBeLessThanOrEqual(4);
  });

  test("the bug's introduction, as text", () => {
    const { exit, stdout, stderr } = bisect(repository, "step-3", "step-8");
    expect([exit, stderr]).toEqual([0, ""]);
    const name = nameOf(repository, "step-5");
    expect(stdout).toMatch(
      new RegExp(`^${name} is the first commit at which cifs-echo is violated \\(before: holds\\)`),
    );
    expect(stdout).toMatch(/\n {2}cifs: take a server for dead after two echo intervals\n/);
    expect(stdout).toMatch(/\nConfirmed: with its change taken back, [0-9a-f]{12} holds\.\n/);
  });

  test("the fix, found at a revision whose files have moved since", () => {
    const found = documentOf(0, bisect(repository, "step-12", "step-9", "--find", "fix", "--json"));
    expect(found.first?.commit).toBe(nameOf(repository, "step-11"));
    expect([found.before, found.after, found.find]).toEqual(["violated", "holds", "fix"]);
    expect(found.confirmation.status).toBe("confirmed");
  });

  test("a setting that is named is the one that is checked", () => {
    // Before the echo was a mount option it is 60 s, whatever is asked for: HZ is what can be named.
    const found = documentOf(0, bisect(repository, "step-3", "step-6", "--hz", "1000", "--json"));
    expect(found.first?.commit).toBe(nameOf(repository, "step-5"));
  });

  test("ends that do not differ, or differ the wrong way round", () => {
    expectOneLine(bisect(repository, "step-3", "step-12"), /step-12: cifs-echo holds there, and was to be "violated"/);
    expectOneLine(bisect(repository, "step-5", "step-9"), /step-5: cifs-echo is violated there, and was to be "holds"/);
    expectOneLine(bisect(repository, "step-3", "step-3"), /step-3: cifs-echo holds there/);
    expectOneLine(
      bisect(repository, "step-1", "step-5"),
      /step-1: cifs-echo is inconclusive there.*: .*cifs_echo_request/,
    );
  });

  test("a good end that is no ancestor", () => {
    expectOneLine(
      bisect(repository, "step-12", "step-9"),
      /step-12 is no ancestor of step-9; the other way round, --find fix looks for the fix/,
    );
    git(repository, "checkout", "-q", "-b", "side", "step-3");
    edit(repository, CONNECT, "(cifsiod_wq, &server->echo, SMB", "(cifsiod_wq, &server->echo, 1 * SMB");
    git(repository, "checkout", "-q", "main");
    expectOneLine(bisect(repository, "side", "step-9"), /side is no ancestor of step-9$/m);
  });

  test("words that are nothing that git knows", () => {
    expectOneLine(bisect(repository, "nowhere", "step-5"), /nowhere: git knows no such revision/);
    expectOneLine(bisect(repository, "step-3", "^step-5"), /this is no revision/);
    expectOneLine(bisect(repository, "step-3", "step-5", "--find", "love"), /love.*is neither bug nor fix/);
    expectOneLine(bisect(repository, "step-3..step-4", "step-5"), /step-3\.\.step-4/);
    expect(groundhog(["bisect", "cifs-echo", repository, "step-3"]).exit).toBe(2);
  });
});

describe("revisions that cannot be judged", () => {
  /** From step 4 on, with revisions that lack the entry function around the change of the watchdog. */
  function repositoryWithGap(around: "before" | "culprit"): string {
    const repository = sampleRepository();
    git(repository, "checkout", "-q", "-b", "gap", "step-4");
    loseEntry(repository);
    commit(repository, "lose the entry");
    if (around === "before") {
      findEntry(repository);
      commit(repository, "find it again");
    }
    git(repository, "cherry-pick", "step-5");
    if (around === "culprit") {
      edit(repository, CONNECT, "/* Waking every seven", "/* Waking each seven", "a comment");
      findEntry(repository);
      commit(repository, "find it again");
    }
    edit(repository, CONNECT, "/* Fills iov,", "/* Fill iov,", "another comment");
    return repository;
  }

  test("are passed over and named where they are not in the way", () => {
    const repository = repositoryWithGap("before");
    const found = documentOf(0, bisect(repository, "step-4", "gap", "--json"));
    expect(found.first?.commit).toBe(nameOf(repository, "gap~1"));
    const lost = nameOf(repository, "gap~3");
    for (const { commit: one, reason } of found.skipped) {
      expect([one, reason]).toEqual([lost, expect.stringContaining("cifs_echo_request")]);
    }
  });

  test("several in a row around the culprit leave candidates, and exit code 3", () => {
    const repository = repositoryWithGap("culprit");
    const found = documentOf(3, bisect(repository, "step-4", "gap", "--json"));
    expect(found.first).toBeNull();
    const around = ["gap~4", "gap~3", "gap~2", "gap~1"].map((one) => nameOf(repository, one));
    expect(found.candidates.map(({ commit: one }) => one)).toEqual(around);
    expect(new Set(found.skipped.map(({ commit: one }) => one))).toEqual(new Set(around.slice(0, 3)));
    expect(found.confirmation.status).toBe("not-tried");
    const text = bisect(repository, "step-4", "gap");
    expect(text.exit).toBe(3);
    expect(text.stdout).toMatch(/no one commit is found: 4 commits are left/);
    expect(text.stdout).toMatch(/\n {2}[0-9a-f]{12} {2}\S+ {2}cifs: take a server for dead after two echo intervals\n/);
    expect(text.stdout).toMatch(/\nskipped: [0-9a-f]{12}: .*cifs_echo_request/);
  });
});

describe("branches and confirmation", () => {
  test("a culprit on a side branch is found behind the merge", () => {
    const repository = sampleRepository();
    git(repository, "checkout", "-q", "-b", "side", "step-12");
    edit(repository, MOVED, "/* Fills iov,", "/* Fill iov,", "a comment");
    const culprit = edit(repository, MOVED, "lstrp + 3 *", "lstrp + 2 *", "two again");
    git(repository, "checkout", "-q", "main");
    edit(repository, MOVED, "/* Waking every seven", "/* Waking each seven", "a comment on main");
    git(repository, "merge", "-q", "--no-ff", "-m", "merge side", "side");
    edit(repository, MOVED, "/* Waking each seven", "/* Woken each seven", "a comment after");
    const found = documentOf(0, bisect(repository, "step-12", "main", "--json"));
    expect([found.first?.commit, found.confirmation.status]).toEqual([culprit, "confirmed"]);
  });

  test("an evil merge is the culprit itself, and its change is not taken back", () => {
    const repository = sampleRepository();
    git(repository, "checkout", "-q", "-b", "side", "step-12");
    edit(repository, MOVED, "/* Fills iov,", "/* Fill iov,", "a comment");
    git(repository, "checkout", "-q", "main");
    edit(repository, MOVED, "/* Waking every seven", "/* Waking each seven", "a comment on main");
    git(repository, "merge", "-q", "--no-ff", "--no-commit", "side");
    replace(repository, MOVED, "lstrp + 3 *", "lstrp + 2 *");
    const culprit = commit(repository, "merge side, and more");
    const found = documentOf(0, bisect(repository, "step-12", "main", "--json"));
    expect([found.first?.commit, found.confirmation]).toEqual([
      culprit,
      { status: "not-tried", detail: "it is a merge" },
    ]);
  });

  test("later commits in the way of taking it back are said to be", () => {
    const repository = sampleRepository();
    const found = documentOf(0, bisect(repository, "step-3", "step-9", "--json"));
    expect(found.first?.commit).toBe(nameOf(repository, "step-5"));
    expect(found.confirmation).toEqual({
      status: "does-not-apply",
      detail: expect.stringMatching(/in the way of later ones$/),
    });
    expect(bisect(repository, "step-3", "step-9").stdout).toMatch(
      /\nNot confirmed: it cannot be taken back at the newer/,
    );
  });

  test("a verdict that stays when the change is taken back is not confirmed", () => {
    const repository = sampleRepository();
    const culprit = edit(repository, MOVED, "lstrp + 3 *", "lstrp + 2 *", "two again");
    edit(repository, MOVED, "lstrp + echo_interval - HZ", "lstrp + echo_interval * 9 - HZ", "skip more of them");
    const found = documentOf(0, bisect(repository, "step-12", "main", "--json"));
    expect(found.first?.commit).toBe(culprit);
    expect(found.confirmation).toEqual({
      status: "not-confirmed",
      detail: expect.stringMatching(/is violated all the same$/),
    });
  });
});
