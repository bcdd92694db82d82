/** Runs of several processes on one cache, and runs that are killed, with an apt-get made for the test. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { moveIntoPlace, removeStaleTemporaries, withTemporary } from "../../tools/kernel/temporary.ts";
import { bundleScript, expectInputError, KERNEL, makePackage, temporaryFolder, writeFiles } from "./fixtures.ts";

const SCRIPT = `
  import { openKernel } from "../../tools/kernel/open.ts";
  const source = await openKernel("debian:6.1", {
    wanted: ["fs/smb/client", "net/sunrpc"],
    cacheDirectory: process.argv[2] ?? "",
    sampleDirectory: "/nonexistent",
    workingDirectory: "/",
    progress: (line) => process.stderr.write(line + "\\n"),
  });
  const files = await source.list("");
  const texts = await Promise.all(files.map(async (file) => String(await source.read(file))));
  console.log(JSON.stringify([source.version, ...files, texts.join("")]));
`;

const EXPECTED = [
  "6.1.7-rc2",
  "Makefile",
  "fs/smb/client/cifsglob.h",
  "fs/smb/client/connect.c",
  "net/sunrpc/xprt.c",
  [KERNEL.Makefile, "int glob;\n", "int connect;\n", "int xprt;\n"].join(""),
];

let script = "";

beforeAll(async () => {
  // Kept by a copy of its text: the folders of a test are removed after each.
  script = readFileSync(await bundleScript(SCRIPT), "utf8");
});

interface Room {
  readonly cache: string;
  readonly file: string;
  readonly path: string;
  readonly go: string;
}

/** An apt-get that writes half of the package, says so, and goes on when a file `go` appears. */
async function makeRoom(): Promise<Room> {
  const folder = temporaryFolder();
  writeFiles(folder, { "package.deb": await makePackage(KERNEL, "none", "none"), "script.mjs": script });
  const go = join(folder, "go");
  writeFileSync(
    join(folder, "apt-get"),
    [
      "#!/bin/sh",
      `head -c 1000 ${folder}/package.deb > linux-source-6.1_6.1.7-1_all.deb`,
      `echo $$ >> ${folder}/started`,
      `while [ ! -e ${go} ]; do sleep 0.02; done`,
      `cp ${folder}/package.deb linux-source-6.1_6.1.7-1_all.deb`,
      "",
    ].join("\n"),
  );
  chmodSync(join(folder, "apt-get"), 0o755);
  return { cache: join(folder, "cache"), file: join(folder, "script.mjs"), path: `${folder}:/usr/bin:/bin`, go };
}

interface Run {
  readonly child: ChildProcess;
  readonly done: Promise<{ readonly status: number | null; readonly signal: string | null; readonly output: string }>;
}

function run(room: Room): Run {
  const child = spawn(process.execPath, [room.file, room.cache], { env: { PATH: room.path } });
  let output = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const done = new Promise<Awaited<Run["done"]>>((resolve) =>
    child.once("close", (status, signal) => resolve({ status, signal, output: output || complaint })),
  );
  return { child, done };
}

/** Waits until `count` downloads are half done. */
async function downloading(room: Room, count: number): Promise<void> {
  const started = join(room.file, "..", "started");
  for (let waits = 0; waits < 500; waits++) {
    if (existsSync(started) && readFileSync(started, "utf8").trim().split("\n").length >= count) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("apt-get was not started");
}

function temporaries(room: Room): readonly string[] {
  return existsSync(join(room.cache, "tmp")) ? readdirSync(join(room.cache, "tmp")) : [];
}

describe("real processes", () => {
  test("two at once end with the same whole kernel", async () => {
    const room = await makeRoom();
    const runs = [run(room), run(room), run(room)];
    await downloading(room, 3);
    writeFileSync(room.go, "");
    for (const { done } of runs) {
      expect(JSON.parse((await done).output)).toEqual(EXPECTED);
    }
    expect(readdirSync(join(room.cache, "debian/6.1")).sort()).toEqual(["package", "parts"]);
    expect(readdirSync(join(room.cache, "debian/6.1/parts"))).toHaveLength(1);
    expect(temporaries(room)).toEqual([]);
  });

  test("a run that is killed leaves nothing that a later run trusts, and the later run tidies up", async () => {
    const room = await makeRoom();
    const first = run(room);
    await downloading(room, 1);
    first.child.kill("SIGKILL");
    await first.done;
    expect(temporaries(room)).toHaveLength(1);
    expect(existsSync(join(room.cache, "debian/6.1/package"))).toBe(false);
    writeFileSync(room.go, "");
    expect(JSON.parse((await run(room).done).output)).toEqual(EXPECTED);
    expect(temporaries(room)).toEqual([]);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s leaves no temporaries, and ends the run", async (name) => {
    const room = await makeRoom();
    const first = run(room);
    await downloading(room, 1);
    expect(temporaries(room)).toHaveLength(1);
    first.child.kill(name);
    const { status, signal } = await first.done;
    expect([status, signal]).toEqual([null, name]);
    expect(temporaries(room)).toEqual([]);
  });

  test("a live run's folder is not tidied up by another", async () => {
    const room = await makeRoom();
    const first = run(room);
    await downloading(room, 1);
    removeStaleTemporaries(room.cache, Date.now());
    expect(temporaries(room)).toHaveLength(1);
    writeFileSync(room.go, "");
    expect(JSON.parse((await first.done).output)).toEqual(EXPECTED);
  });
});

describe("temporary folders", () => {
  test("are removed when the work is done, and when it fails", async () => {
    const cache = temporaryFolder();
    const result = await withTemporary(cache, async (directory) => {
      writeFiles(directory, { "a/b": "x" });
      expect(readdirSync(join(cache, "tmp"))).toHaveLength(1);
      return "result";
    });
    expect(result).toBe("result");
    await expect(withTemporary(cache, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(readdirSync(join(cache, "tmp"))).toEqual([]);
    expect(process.listenerCount("SIGINT")).toBe(0);
  });

  test("of processes that are gone, or of other machines a day ago, are stale", () => {
    const cache = temporaryFolder();
    const here = hostname().replace(/[^\w.]/g, "_");
    // A process number beyond the largest that Linux gives (4,194,304).
    const names = [
      `${here}-4999999-dead`,
      `${here}-${process.pid}-mine`,
      `${here}-1-init`,
      "elsewhere-7-old",
      "elsewhere-7-new",
    ];
    for (const name of names) {
      mkdirSync(join(cache, "tmp", name, "folder"), { recursive: true });
    }
    const now = Date.now();
    utimesSync(join(cache, "tmp", "elsewhere-7-old"), now / 1000 - 90_000, now / 1000 - 90_000);
    removeStaleTemporaries(cache, now);
    expect(readdirSync(join(cache, "tmp")).sort()).toEqual([names[1], names[2], names[4]].sort());
  });

  test("a cache that cannot be written is an InputError", async () => {
    const cache = writeFiles(temporaryFolder(), { file: "" });
    await expectInputError(
      withTemporary(join(cache, "file"), async () => 1),
      /the cache folder cannot be written/,
    );
  });

  test("moveIntoPlace never replaces what is complete", () => {
    const top = writeFiles(temporaryFolder(), { "one/x": "1", "two/x": "2" });
    expect(moveIntoPlace(join(top, "one"), join(top, "deep/place"))).toBe(true);
    expect(moveIntoPlace(join(top, "two"), join(top, "deep/place"))).toBe(false);
    expect(readFileSync(join(top, "deep/place/x"), "utf8")).toBe("1");
    expect(() => moveIntoPlace(join(top, "three"), join(top, "other"))).toThrow("ENOENT");
  });
});
