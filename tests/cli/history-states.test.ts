/**
 * The claim of the incremental reader: what it says of a revision is what a judgement from the beginning says. And the
 * claim's test: with a rule that overlooks something, these histories show it.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import { StateReader } from "../../tools/cli/history-states.ts";
import { systemNamed } from "../../tools/cli/systems.ts";
import { type Commit, oneCommit, openRepository, type Repository } from "../../tools/history/commits.ts";
import { RepositoryObjects } from "../../tools/history/objects.ts";
import type { UnitWords } from "../../tools/history/units.ts";
import { commit, edit, git, replace, sampleRepository, useSampleRepository } from "./repositories.ts";

/** What the rule of relevance is made to overlook. */
const mutant = vi.hoisted((): { overlook: (unit: string, words: UnitWords) => UnitWords } => ({
  overlook: (_, words) => words,
}));

vi.mock("../../tools/history/units.ts", async (importOriginal) => {
  const units = await importOriginal<typeof import("../../tools/history/units.ts")>();
  return { ...units, wordsOf: (unit: string) => mutant.overlook(unit, units.wordsOf(unit)) };
});

useSampleRepository();

const D = "fs/smb/client";
const CONNECT = `${D}/connect.c`;
const GLOB = `${D}/cifsglob.h`;
const NOTHING: UnitWords = { defined: new Set(), words: new Set() };

let repository: Repository;
let names: readonly string[] = [];
const anew = new Map<string, string>();

beforeAll(async () => {
  const directory = sampleRepository();
  grow(directory);
  repository = await openRepository(directory, "/");
  names = git(directory, "rev-list", "--topo-order", "--reverse", "HEAD").trim().split("\n");
  for (const name of names) anew.set(name, (await keysOf([name]))[0]);
});

afterAll(() => {
  mutant.overlook = (_, words) => words;
});

/** Commits of every kind on top of the sample. */
function grow(directory: string): void {
  const change = (path: string, from: string, to: string) => edit(directory, path, from, to, `${path}: ${to}`);
  change(CONNECT, "int err = -ENOSYS;", "int err = -ENOSYS; /* nothing done */");
  change(CONNECT, "\tint err = -ENOSYS;", "\tint  err  =  -ENOSYS;");
  change(GLOB, "SMB_ECHO_INTERVAL_MAX 600", "SMB_ECHO_INTERVAL_MAX 900");
  change("include/linux/errno.h", "#define ENOSYS 38", "#define ENOSYS 39");
  change("include/linux/kernel.h", "(x) < (type)(y) ?", "(x) <= (type)(y) ?");
  change(`${D}/cifsfs.c`, "CIFS_MAX_OPTIONS 256", "CIFS_MAX_OPTIONS 512");
  change(GLOB, "\tbool echoes;", "\tbool doubtful;\n\tbool echoes;");
  change(GLOB, "\tCifsNew = 0,", "\tCifsNew = 1,");
  change(CONNECT, "lstrp + 3 *", "lstrp + 2 *");
  git(directory, "revert", "--no-edit", "HEAD");
  // A store of a watched member in a function that nobody calls, and behind a macro.
  change(`${D}/cifsfs.c`, "int cifs_parse_mount_options(", STORE + "int cifs_parse_mount_options(");
  change(`${D}/cifsfs.c`, "\tserver->lstrp = 1;", "\tserver->lstrp = 2;");
  change(GLOB, "#define HEADER_SIZE 4", "#define TOUCH(s) ((s)->lstrp = 3)\n#define HEADER_SIZE 4");
  change(`${D}/cifsfs.c`, "\tserver->lstrp = 2;", "\tTOUCH(server);");
  change(GLOB, "->lstrp = 3", "->lstrp = 4");
  // A header that was not there before.
  writeFileSync(join(directory, D, "retries.h"), "#define RETRIES 3\n");
  change(CONNECT, '#include "cifsproto.h"', '#include "cifsproto.h"\n#include "retries.h"');
  change(CONNECT, "lstrp + 3 *", "lstrp + RETRIES *");
  change(`${D}/retries.h`, "RETRIES 3", "RETRIES 4");
  change(
    `${D}/retries.h`,
    "#define RETRIES 4",
    "#ifdef CONFIG_X86\n#define RETRIES 5\n#else\n#define RETRIES 6\n#endif",
  );
  change(`${D}/retries.h`, "#ifdef CONFIG_X86", "#ifndef CONFIG_X86");
  // Nothing of a function is another, but for what stands around it.
  change(CONNECT, "\nstatic void cifs_echo_request(", "\n#if 0\nint x;\n#endif\nstatic void cifs_echo_request(");
  replace(directory, CONNECT, "int x;\n#endif\n", "int x;\n");
  change(CONNECT, "\n/* Fills iov", "\n#endif\n/* Fills iov");
  git(directory, "revert", "--no-edit", "HEAD");
  git(directory, "mv", CONNECT, `${D}/link.c`);
  commit(directory, "rename a file");
  change("Makefile", "PATCHLEVEL = 1", "PATCHLEVEL = 2");
  rmSync(join(directory, "kernel"), { recursive: true });
  commit(directory, "no timers");
  git(directory, "revert", "--no-edit", "HEAD");
  rmSync(join(directory, "fs"), { recursive: true });
  commit(directory, "no files");
  git(directory, "revert", "--no-edit", "HEAD");
  branches(directory);
}

const STORE = "void cifs_touch(struct TCP_Server_Info *server)\n{\n\tserver->lstrp = 1;\n}\n\n";

/** A side branch with a merge, and one whose merge changes the timeout. */
function branches(directory: string): void {
  for (const [name, to] of [
    ["side", null],
    ["evil", "lstrp + 2 *"],
  ] as const) {
    git(directory, "checkout", "-q", "-b", name);
    edit(directory, `${D}/smb2ops.c`, "int SMB2_echo(", `int SMB2_echo( /* ${name} */`, `on ${name}`);
    git(directory, "checkout", "-q", "main");
    edit(directory, `${D}/transport.c`, "\n", `\n/* ${name} */\n`, `beside ${name}`);
    git(directory, "merge", "-q", "--no-ff", "--no-commit", name);
    if (to !== null) replace(directory, `${D}/link.c`, "lstrp + RETRIES *", to);
    commit(directory, `merge ${name}`);
  }
}

/** States of revisions, one after another by one reader. */
async function keysOf(revisions: readonly string[], from = repository): Promise<readonly [string, ...string[]]> {
  const reader = new StateReader(from, systemNamed("cifs-echo"), everythingEnabled());
  const keys: string[] = [];
  try {
    for (const name of revisions) {
      const revision: Commit = await oneCommit(from, name);
      keys.push((await reader.at(revision)).key);
    }
    return keys as [string, ...string[]];
  } finally {
    await reader.close();
  }
}

/** Revisions of which the reader says something else in this order; by their subjects. */
async function differences(order: readonly string[]): Promise<readonly string[]> {
  const keys = await keysOf(order);
  return order
    .filter((name, i) => keys[i] !== anew.get(name))
    .map((name) => git(repository.directory, "log", "-1", "--format=%s", name).trim());
}

describe("judging what changed is judging anew", () => {
  test("in the order of history, and backwards", async () => {
    expect(await differences(names)).toEqual([]);
    expect(await differences([...names].reverse())).toEqual([]);
    // Not by saying the same of all.
    expect(new Set(anew.values()).size).toBeGreaterThan(20);
  });

  test("in any order, as a search has it", async () => {
    const orders = fc.sample(fc.shuffledSubarray([...names], { minLength: 12, maxLength: 12 }), {
      numRuns: 8,
      seed: 7,
    });
    for (const order of orders) expect(await differences(order)).toEqual([]);
  });

  test("after random edits of every file", async () => {
    const directory = sampleRepository();
    git(directory, "checkout", "-q", "-b", "random", "step-11");
    const edits = fc.sample(randomEdit, { numRuns: 60, seed: 11 });
    const made = edits.map((one, i) => one(directory, i));
    const random = await openRepository(directory, "/");
    const keys = await keysOf(made, random);
    const differing: string[] = [];
    for (const [i, name] of made.entries()) {
      const [key] = await keysOf([name], random);
      if (key !== keys[i]) differing.push(git(directory, "show", "--format=", name));
    }
    expect(differing).toEqual([]);
  });
});

/** One line of one file is left out, doubled, moved or has other numbers; the next edit takes it back half of the time. */
const randomEdit = fc
  .record({
    file: fc.constantFrom("connect.c", "cifsglob.h", "smb2ops.c", "transport.c", "cifsproto.h", "cifsfs.c"),
    at: fc.nat({ max: 100_000 }),
    to: fc.nat({ max: 100_000 }),
    kind: fc.constantFrom("drop", "double", "move", "number"),
    isBack: fc.boolean(),
  })
  .map(({ file, at, to, kind, isBack }) => (directory: string, number: number): string => {
    if (isBack && number > 0) git(directory, "checkout", "-q", "step-11", "--", "fs");
    const path = `fs/cifs/${file}`;
    const lines = git(directory, "show", `:${path}`).split("\n");
    const line = lines[at % lines.length] ?? "";
    if (kind === "number") {
      const i = lines.findIndex((one, j) => j >= at % lines.length && /\d/.test(one));
      if (i >= 0) lines[i] = (lines[i] ?? "").replace(/\d+/, (digits) => String(Number(digits) + 1));
    } else lines.splice(at % lines.length, 1, ...(kind === "double" ? [line, line] : []));
    if (kind === "move") lines.splice(to % lines.length, 0, line);
    writeFileSync(join(directory, path), lines.join("\n"));
    return commit(directory, `edit ${number}`);
  });

describe("a rule that overlooks something is found out", () => {
  test.each<[string, (unit: string, words: UnitWords) => UnitWords]>([
    ["macros", (unit, words) => (/^[ \t]*#[ \t]*define/m.test(unit) ? { ...words, defined: new Set() } : words)],
    ["functions", (unit, words) => (/\)\n\{/.test(unit) ? NOTHING : words)],
    ["structs and enums", (unit, words) => (/^(?:struct|enum) \w+ \{/m.test(unit) ? NOTHING : words)],
    ["stores in functions that nobody calls", (_, words) => ({ ...words, words: new Set() })],
    ["everything", () => NOTHING],
  ])("%s", async (_, overlook) => {
    mutant.overlook = overlook;
    try {
      expect(await differences(names)).not.toEqual([]);
    } finally {
      mutant.overlook = (_unit, words) => words;
    }
  });
});

test("each blob is read from git once", async () => {
  const reader = new StateReader(repository, systemNamed("cifs-echo"), everythingEnabled());
  const objects = Reflect.get(reader, "objects") as RepositoryObjects;
  const asked: string[] = [];
  const git_ = Reflect.get(objects, "reader") as { read: (object: string) => Promise<unknown> };
  const read = git_.read.bind(git_);
  git_.read = (object) => {
    asked.push(object);
    return read(object);
  };
  try {
    for (const name of names) await reader.at(await oneCommit(repository, name));
  } finally {
    await reader.close();
  }
  expect(objects).toBeInstanceOf(RepositoryObjects);
  expect(new Set(asked).size).toBe(asked.length);
  expect(objects.blobsRead).toBeGreaterThan(20);
  expect(reader.judged).toBeLessThan(names.length);
});
