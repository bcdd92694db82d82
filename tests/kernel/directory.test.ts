import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDirectory } from "../../tools/kernel/directory.ts";
import { LIMITS } from "../../tools/kernel/limits.ts";
import { bundleScript, expectInputError, KERNEL, opened, temporaryFolder, WANTED, writeFiles } from "./fixtures.ts";

function open(directory: string, limits = LIMITS) {
  return opened(openDirectory(directory, directory, WANTED, limits));
}

describe("a kernel tree", () => {
  test("has an id, a version, files in byte order, and their bytes", async () => {
    const directory = writeFiles(temporaryFolder(), { ...KERNEL, "net/sunrpc/latin.c": Buffer.from([0xe9, 0x0a]) });
    const source = await open(directory);
    expect(source.id).toBe(directory);
    expect(source.version).toBe("6.1.7-rc2");
    expect(await source.list("fs/smb/")).toEqual(["fs/smb/client/cifsglob.h", "fs/smb/client/connect.c"]);
    expect(await source.list("fs/smb/client/connect.c")).toEqual(["fs/smb/client/connect.c"]);
    expect(await source.list("")).toHaveLength(7);
    expect(await source.read("net/sunrpc/latin.c")).toEqual(Buffer.from([0xe9, 0x0a]));
    expect(source.notes).toEqual([]);
  });

  test("answers with nothing for what is not there or leads out", async () => {
    const source = await open(writeFiles(temporaryFolder(), KERNEL));
    for (const path of [
      "fs/none",
      "fs/smb/client/connect.c/x",
      "../x",
      "/etc",
      "fs/../../x",
      "x".repeat(300),
      "a\0b",
    ]) {
      expect(await source.list(path)).toEqual([]);
      expect(await source.read(path)).toBeNull();
    }
    expect(await source.read("/etc/passwd")).toBeNull();
    expect(await source.read("fs/smb")).toBeNull();
    expect(await source.read("")).toBeNull();
  });

  test("leaves the repository around it out", async () => {
    const directory = writeFiles(temporaryFolder(), { ...KERNEL, ".git/HEAD": "ref", "fs/.gitignore": "*.o" });
    const source = await open(directory);
    expect((await source.list("")).filter((path) => path.includes(".git"))).toEqual(["fs/.gitignore"]);
    expect(await source.read(".git/HEAD")).toBeNull();
    expect(await source.list(".git")).toEqual([]);
  });

  test("is not read after it was closed", async () => {
    const source = await openDirectory("x", writeFiles(temporaryFolder(), KERNEL), WANTED);
    await source.close();
    await expect(source.read("Makefile")).rejects.toThrow("closed");
    await expect(source.list("")).rejects.toThrow("closed");
  });

  test("is not changed by reading", async () => {
    const directory = writeFiles(temporaryFolder(), KERNEL);
    const state = () =>
      readdirSync(directory, { recursive: true, encoding: "utf8" })
        .sort()
        .map((path) => [path, statSync(join(directory, path)).mtimeMs]);
    const before = state();
    const source = await open(directory);
    for (const path of await source.list("")) {
      await source.read(path);
    }
    expect(state()).toEqual(before);
  });
});

describe("what is accepted", () => {
  test("a wanted folder without a Makefile; the version is unknown then", async () => {
    const source = await open(writeFiles(temporaryFolder(), { "net/sunrpc/xprt.c": "" }));
    expect(source.version).toBeNull();
  });

  test("a Makefile without wanted folders", async () => {
    const source = await open(
      writeFiles(temporaryFolder(), { Makefile: "VERSION = 5\nPATCHLEVEL = 4\nSUBLEVEL = 0\n" }),
    );
    expect(source.version).toBe("5.4.0");
  });

  test("a symlink to a tree", async () => {
    const link = join(temporaryFolder(), "link");
    symlinkSync(writeFiles(temporaryFolder(), KERNEL), link);
    expect(await (await open(link)).list("net")).toEqual(["net/sunrpc/xprt.c"]);
  });

  test("not: some other folder; the error says what was looked for", async () => {
    const directory = writeFiles(temporaryFolder(), { Makefile: "all:\n", "fs/smb/server/x.c": "" });
    await expectInputError(
      open(directory),
      /: no kernel tree: .*VERSION and PATCHLEVEL.*fs\/cifs, fs\/smb\/client, net/,
    );
  });

  test("not: an empty folder, nor one that is not there, nor a file", async () => {
    await expectInputError(open(temporaryFolder()), /the folder is empty/);
    await expectInputError(open(join(temporaryFolder(), "none")), /cannot be read \(ENOENT\)/);
    await expectInputError(open(join(writeFiles(temporaryFolder(), { file: "" }), "file")), /\(ENOTDIR\)/);
  });
});

describe("hostile trees", () => {
  test("symlinks: inside is read, outside is a note, folders are not followed, loops end", async () => {
    const outside = writeFiles(temporaryFolder(), { "secret.c": "secret", "folder/x.c": "x" });
    const directory = writeFiles(temporaryFolder(), KERNEL);
    const at = (name: string) => join(directory, "net/sunrpc", name);
    symlinkSync("xprt.c", at("inside.c"));
    symlinkSync(join(outside, "secret.c"), at("outside.c"));
    symlinkSync("../../fs/smb", at("folder"));
    symlinkSync(join(outside, "folder"), at("outfolder"));
    symlinkSync("loop.c", at("loop.c"));
    symlinkSync("nothing", at("dangling.c"));
    symlinkSync("/dev/zero", at("zero.c"));
    symlinkSync("..", at("up"));
    const source = await open(directory);
    expect(await source.list("net")).toEqual(["net/sunrpc/inside.c", "net/sunrpc/xprt.c"]);
    expect((await source.read("net/sunrpc/inside.c"))?.toString()).toBe("int xprt;\n");
    for (const name of ["outside.c", "folder", "loop.c", "dangling.c", "zero.c"]) {
      expect(await source.read(`net/sunrpc/${name}`)).toBeNull();
    }
    expect(await source.read("net/sunrpc/folder/client/connect.c")).toBeNull();
    expect(await source.read("net/sunrpc/outfolder/x.c")).toBeNull();
    expect(await source.list("net/sunrpc/folder/client")).toEqual([]);
    const reasons = new Map(source.notes.map((note) => [note.file.slice("net/sunrpc/".length), note.reason]));
    expect(Object.fromEntries(reasons)).toEqual({
      "outside.c": "symlink out of the tree, not followed",
      folder: "symlink to a folder, not followed",
      outfolder: "symlink out of the tree, not followed",
      "loop.c": "symlink in a loop",
      "dangling.c": "symlink to nothing that can be read",
      "zero.c": "symlink out of the tree, not followed",
      up: "symlink to a folder, not followed",
    });
  });

  test("a neighbour whose path begins with the tree's is outside", async () => {
    const top = temporaryFolder();
    writeFiles(top, { "linux-evil/secret.c": "secret" });
    const directory = writeFiles(join(top, "linux"), KERNEL);
    symlinkSync("../linux-evil/secret.c", join(directory, "x.c"));
    expect(await (await open(directory)).read("x.c")).toBeNull();
  });

  test("FIFOs and sockets are notes and never hang", async () => {
    const directory = writeFiles(temporaryFolder(), KERNEL);
    spawnSync("mkfifo", [join(directory, "net/sunrpc/fifo.c")]);
    const server = createServer().listen(join(directory, "net/sunrpc/socket.c"));
    await new Promise((resolve) => server.once("listening", resolve));
    const source = await open(directory);
    expect(await source.list("net")).toEqual(["net/sunrpc/xprt.c"]);
    expect(await source.read("net/sunrpc/fifo.c")).toBeNull();
    expect(await source.read("net/sunrpc/socket.c")).toBeNull();
    expect(source.notes.map((note) => note.reason)).toEqual(["FIFO, not a regular file", "socket, not a regular file"]);
    server.close();
  });

  test("a Makefile that is a FIFO does not hang", async () => {
    const directory = writeFiles(temporaryFolder(), { "net/sunrpc/xprt.c": "" });
    spawnSync("mkfifo", [join(directory, "Makefile")]);
    expect((await open(directory)).version).toBeNull();
  });

  test("oversized files are notes; too many files are an error that says so", async () => {
    const directory = writeFiles(temporaryFolder(), { ...KERNEL, "net/sunrpc/big.c": "x".repeat(1001) });
    const source = await open(directory, { ...LIMITS, fileBytes: 1000 });
    expect(await source.read("net/sunrpc/big.c")).toBeNull();
    expect(source.notes).toEqual([{ file: "net/sunrpc/big.c", reason: "larger than 1000 bytes, left out" }]);
    const bounded = await open(directory, { ...LIMITS, keptFiles: 3 });
    await expectInputError(bounded.list(""), /more than 3 files/);
  });

  test("names that are not UTF-8 are notes", async () => {
    const directory = writeFiles(temporaryFolder(), KERNEL);
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/net/sunrpc/`), Buffer.from([0xff]), Buffer.from(".c")]), "");
    const source = await open(directory);
    expect(await source.list("net")).toEqual(["net/sunrpc/xprt.c"]);
    expect(source.notes.map((note) => note.reason)).toEqual(["the name is not UTF-8"]);
  });

  test("an unreadable file is an InputError, an unreadable folder a note", async () => {
    // Root may read everything, so this runs as another user when the tests run as root.
    const script = await bundleScript(`
      import { openDirectory } from "../../tools/kernel/directory.ts";
      const source = await openDirectory("tree", process.argv[2] ?? "", ["net/sunrpc"]);
      const files = await source.list("");
      const error = await source.read("net/sunrpc/xprt.c").catch((reason) => reason);
      console.log(JSON.stringify({ files, name: error.name, message: error.message, notes: source.notes }));
    `);
    const top = mkdtempSync(join(tmpdir(), "groundhog-unreadable-"));
    try {
      chmodSync(top, 0o755);
      writeFiles(top, { Makefile: KERNEL.Makefile ?? "", "net/sunrpc/xprt.c": "" });
      mkdirSync(join(top, "closed"));
      chmodSync(join(top, "closed"), 0o000);
      chmodSync(join(top, "net/sunrpc/xprt.c"), 0o000);
      chmodSync(join(script, ".."), 0o755);
      const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
      const result = spawnSync(process.execPath, [script, top], { encoding: "utf8", ...user });
      expect(result.stderr).toBe("");
      expect(JSON.parse(result.stdout)).toEqual({
        files: ["Makefile", "net/sunrpc/xprt.c"],
        name: "InputError",
        message: "tree: net/sunrpc/xprt.c: cannot be read (EACCES)",
        notes: [{ file: "closed", reason: "the folder cannot be read (EACCES)" }],
      });
    } finally {
      rmSync(top, { recursive: true, force: true });
    }
  });
});

test("134 files are listed and read in well under a tenth of a second", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 134 }, (_, index) => [`net/sunrpc/file${index}.c`, "x".repeat(27_000)]),
  );
  const directory = writeFiles(temporaryFolder(), files);
  const start = performance.now();
  const source = await open(directory);
  let bytes = 0;
  for (const path of await source.list("net/sunrpc")) {
    bytes += (await source.read(path))?.length ?? 0;
  }
  expect(bytes).toBe(134 * 27_000);
  // Measured 5 to 17 ms; the margin is for a busy machine.
  expect(performance.now() - start).toBeLessThan(300);
});
