import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openArchive } from "../../tools/kernel/archive.ts";
import { LIMITS, type Limits } from "../../tools/kernel/limits.ts";
import { findProgram } from "../../tools/kernel/programs.ts";
import {
  compress,
  expectInputError,
  KERNEL,
  type Member,
  makeAr,
  makePackage,
  makeTar,
  members,
  opened,
  options,
  type Packing,
  temporaryFolder,
  withPath,
} from "./fixtures.ts";

const PACKINGS: readonly Packing[] = ["none", "gz", "xz", "zst"];

/** With the system's programs, and as on a machine without xz-utils and zstd. */
const MACHINES = [
  ["programs", (process.env.PATH ?? "").split(":")],
  ["libraries", ["/nonexistent"]],
] as const;

/** Bytes that do not compress, so that damage hits data rather than headers; the same in every run. */
const NOISE = makeNoise(400_000);

function makeNoise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let index = 0; index < length; index++) {
    // xorshift32: a congruential generator in floating point falls into a short cycle, which compresses.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}

function bigKernel(): Record<string, string | Buffer> {
  return { ...KERNEL, "net/sunrpc/noise.c": NOISE, "arch/noise.c": NOISE };
}

function file(data: Buffer, name = "linux"): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, data);
  return path;
}

function open(data: Buffer, limits: Limits = LIMITS, wanted?: readonly string[]) {
  const room = options(wanted === undefined ? {} : { wanted });
  return opened(openArchive("linux.tar", file(data), room, limits));
}

async function openMembers(entries: readonly Member[], limits: Limits = LIMITS) {
  return open(await makeTar(entries), limits);
}

test("the noise does not compress, or damage would not hit data", () => {
  expect(compress(NOISE, "xz").length).toBeGreaterThan(NOISE.length);
});

test("the programs and the libraries are what the tests believe", async () => {
  for (const name of ["xz", "zstd"]) {
    expect(findProgram(name)).toMatch(new RegExp(`/${name}$`));
    await withPath(MACHINES[1][1], async () => expect(findProgram(name)).toBeNull());
    // A folder of PATH that cannot be looked into, and a folder that bears the name, are passed over.
    const folder = temporaryFolder();
    mkdirSync(join(folder, name));
    await withPath(["x".repeat(5000), "", folder], async () => expect(findProgram(name)).toBeNull());
  }
});

describe.each(MACHINES)("with %s", (_, path) => {
  test.each(PACKINGS)(".tar packed with %s is read, whatever its name", async (packing) => {
    const data = compress(await makeTar(members(bigKernel(), "linux-6.1/")), packing);
    const source = await withPath(path, () => open(data));
    expect(source.id).toBe("linux.tar");
    expect(source.version).toBe("6.1.7-rc2");
    expect(await source.list("")).toEqual([
      "Makefile",
      "fs/smb/client/cifsglob.h",
      "fs/smb/client/connect.c",
      "net/sunrpc/noise.c",
      "net/sunrpc/xprt.c",
    ]);
    expect(await source.list("./net/sunrpc/")).toHaveLength(2);
    expect(await source.list("/net")).toEqual([]);
    expect(NOISE.equals((await source.read("net/sunrpc/noise.c")) ?? Buffer.alloc(0))).toBe(true);
    expect(await source.read("fs/ext4/inode.c")).toBeNull();
    expect(source.notes).toEqual([]);
  });

  test.each([
    ["xz", "xz"],
    ["gz", "xz"],
    ["zst", "zst"],
    ["none", "gz"],
    ["none", "none"],
  ] as const)("a .deb with data.tar in %s and the tree in %s is read", async (outer, inner) => {
    const data = await makePackage(bigKernel(), outer, inner);
    const source = await withPath(path, () => open(data));
    expect(source.version).toBe("6.1.7-rc2");
    expect(await source.list("net")).toEqual(["net/sunrpc/noise.c", "net/sunrpc/xprt.c"]);
  });

  test.each(PACKINGS)("%s cut short at any place is one clear line", async (packing) => {
    const data = compress(await makeTar(members(bigKernel(), "linux-6.1/")), packing);
    for (const length of [7, 100, 1024, data.length >> 1, data.length - 1030, data.length - 600]) {
      const cut = data.subarray(0, length);
      await withPath(path, () =>
        expectInputError(open(cut), /^linux\.tar: the (tar archive|\w+ data) is (cut short|damaged)/),
      );
    }
    await withPath(path, () => expectInputError(open(data.subarray(0, data.length >> 1)), /is cut short/));
  });

  test.each(["gz", "xz"] as const)("%s with one wrong byte is one clear line", async (packing) => {
    const data = compress(await makeTar(members(bigKernel(), "linux-6.1/")), packing);
    for (const at of [12, data.length >> 2, data.length >> 1, data.length - 20]) {
      const bad = Buffer.from(data);
      bad[at] = (bad[at] ?? 0) ^ 0x55;
      await withPath(path, () =>
        expectInputError(open(bad), /^linux\.tar: the (tar archive|\w+ data) is (cut short|damaged)/),
      );
    }
  });

  test("zst with a damaged header is one clear line", async () => {
    const bad = compress(await makeTar(members(bigKernel(), "linux-6.1/")), "zst");
    bad.fill(0xff, 4, 64);
    await withPath(path, () => expectInputError(open(bad), /^linux\.tar: the zstd data is damaged/));
  });

  test("a .deb whose inner archive is damaged is one clear line", async () => {
    const data = await makePackage(bigKernel(), "none", "xz");
    data.fill(0x55, data.length >> 1, (data.length >> 1) + 40);
    await withPath(path, () => expectInputError(open(data), /^linux\.tar: the xz data is damaged/));
  });

  test.each(["xz", "gz", "none"] as const)(
    "a .deb whose outer archive is damaged says so of that one, not of %s",
    async (inner) => {
      const data = await makePackage(bigKernel(), "gz", inner);
      data.fill(0x55, data.length >> 1, (data.length >> 1) + 40);
      await withPath(path, () => expectInputError(open(data), /^linux\.tar: the gzip data is damaged/));
    },
  );

  test("a .deb that is larger than all buffers, xz in xz", async () => {
    const data = await makePackage({ ...KERNEL, "net/sunrpc/noise.c": makeNoise(6_000_000) }, "xz", "xz");
    const source = await withPath(path, () => open(data));
    expect(await source.list("net")).toEqual(["net/sunrpc/noise.c", "net/sunrpc/xprt.c"]);
  });

  test("a bomb is cut off", async () => {
    for (const packing of ["gz", "xz", "zst"] as const) {
      const bomb = compress(await makeTar([{ name: "linux/x", contents: Buffer.alloc(20 * 1024 ** 2) }]), packing);
      const limits = { ...LIMITS, unpackedBytes: 1024 ** 2 };
      await withPath(path, () => expectInputError(open(bomb, limits), /unpacks to more than 1 MiB/));
    }
  });

  test("several archives at once", async () => {
    const data = compress(await makeTar(members(bigKernel(), "linux-6.1/")), "xz");
    const sources = await withPath(path, () => Promise.all([open(data), open(data), open(data)]));
    expect(sources.map((source) => source.version)).toEqual(["6.1.7-rc2", "6.1.7-rc2", "6.1.7-rc2"]);
  });
});

test("zst with one wrong byte is found by the program (the library does not look at the checksum)", async () => {
  const bad = compress(await makeTar(members(bigKernel(), "linux-6.1/")), "zst");
  const at = bad.length >> 1;
  bad[at] = (bad[at] ?? 0) ^ 0x55;
  await expectInputError(open(bad), /the zstd data is damaged/);
});

describe("the top folder", () => {
  test.each(["linux-6.1/", "./linux-6.1/", "", "./"])("%j", async (top) => {
    const source = await openMembers(
      [{ name: top, type: "directory" } as Member, ...members(KERNEL, top)].filter((entry) => entry.name !== ""),
    );
    expect(source.version).toBe("6.1.7-rc2");
    expect(await source.list("net")).toEqual(["net/sunrpc/xprt.c"]);
  });

  test("of a partial tree is not taken off", async () => {
    const source = await openMembers([
      { name: "net/sunrpc/xprt.c", contents: "x" },
      { name: "net/Makefile", contents: "y" },
    ]);
    expect(await source.list("")).toEqual(["net/sunrpc/xprt.c"]);
    expect(source.version).toBeNull();
  });

  test("with a file beside it", async () => {
    const source = await openMembers([{ name: "README", contents: "x" }, ...members(KERNEL, "")]);
    expect(await source.list("fs")).toHaveLength(2);
  });
});

describe("hostile members", () => {
  test("nothing is written, and what is wanted is noted", async () => {
    const evil = join(temporaryFolder(), "evil");
    const top = "linux-6.1/";
    const room = options();
    const data = await makeTar([
      { name: `${top}../../../../../..${evil}`, contents: "evil" },
      { name: evil, contents: "evil" },
      { name: `${top}net/sunrpc/../../../x.c`, contents: "evil" },
      { name: `${top}net/sunrpc/link.c`, type: "symlink", linkname: "/etc/passwd" },
      { name: `${top}net/sunrpc/hard.c`, type: "link", linkname: "/etc/passwd" },
      { name: `${top}net/sunrpc/zero.c`, type: "character-device" },
      { name: `${top}net/sunrpc/fifo.c`, type: "fifo" },
      { name: `${top}arch/link`, type: "symlink", linkname: "x" },
      ...members(KERNEL, top),
    ]);
    const source = await opened(openArchive("linux.tar", file(data), room));
    expect(await source.list("")).toEqual([
      "Makefile",
      "fs/smb/client/cifsglob.h",
      "fs/smb/client/connect.c",
      "net/sunrpc/xprt.c",
    ]);
    expect(existsSync(evil)).toBe(false);
    expect(existsSync(room.cacheDirectory)).toBe(false);
    expect(readdirSync(room.workingDirectory)).toEqual([]);
    expect(await source.read("net/sunrpc/link.c")).toBeNull();
    expect(source.notes.map((note) => note.reason)).toEqual([
      ...Array(3).fill("the name leads out of the tree, left out"),
      "symlink, not a regular file",
      "link, not a regular file",
      "character-device, not a regular file",
      "fifo, not a regular file",
    ]);
    expect(source.notes.at(3)?.file).toBe("net/sunrpc/link.c");
  });

  test("duplicates: the last counts, and a link that takes a file's place leaves none behind", async () => {
    const source = await openMembers([
      ...members(KERNEL, "linux/"),
      { name: "linux/net/sunrpc/xprt.c", contents: "second" },
      { name: "linux/fs/smb/client/connect.c", type: "symlink", linkname: "/etc/passwd" },
    ]);
    expect(String(await source.read("net/sunrpc/xprt.c"))).toBe("second");
    expect(await source.read("fs/smb/client/connect.c")).toBeNull();
    expect(source.notes).toEqual([
      { file: "net/sunrpc/xprt.c", reason: "more than once in the archive; the last one counts" },
      { file: "fs/smb/client/connect.c", reason: "more than once in the archive; the last one counts" },
    ]);
  });

  test.each(["linux/net/sunrpc/huge.c", "linux/arch/huge.c"])("%s that claims terabytes", async (name) => {
    const data = await makeTar([...members(KERNEL, "linux/"), { name, contents: "x" }]);
    const header = data.indexOf(name);
    // Base-256 size (tar(5)): 8 TiB.
    Buffer.from([0x80, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0]).copy(data, header + 124);
    data.write("        ", header + 148, "latin1");
    const sum = data.subarray(header, header + 512).reduce((total, byte) => total + byte, 0);
    data.write(`${sum.toString(8).padStart(6, "0")}\0 `, header + 148, "latin1");
    await expectInputError(open(data), /the tar archive is cut short/);
  });

  test("a file larger than the limit is a note", async () => {
    const entries = [...members(KERNEL, "linux/"), { name: "linux/net/sunrpc/big.c", contents: "x".repeat(2000) }];
    const source = await openMembers(entries, { ...LIMITS, fileBytes: 1000 });
    expect(await source.read("net/sunrpc/big.c")).toBeNull();
    expect(await source.list("net")).toEqual(["net/sunrpc/xprt.c"]);
    expect(source.notes).toEqual([{ file: "net/sunrpc/big.c", reason: "larger than 1000 bytes, left out" }]);
  });

  test.each([
    [{ members: 3 }, /more than 3 members/],
    [{ keptFiles: 2 }, /more than 2 files/],
    [{ keptBytes: 100 }, /more than 100 bytes/],
  ] as const)("limits are named: %j", async (limit, message) => {
    await expectInputError(openMembers(members(KERNEL, "linux/"), { ...LIMITS, ...limit }), message);
  });
});

describe("no kernel archives", () => {
  test.each([
    ["empty", Buffer.alloc(0), /the file is empty/],
    ["text", Buffer.from("hello\n"), /tar archive is .*, or this is none/],
    ["a block of text", Buffer.alloc(2048, "hello "), /tar archive is .*, or this is none/],
    ["text before zeros", Buffer.concat([Buffer.alloc(512, "hello "), Buffer.alloc(1024)]), /damaged, or this is none/],
    ["bzip2", Buffer.from("BZh91AY&SY"), /bzip2 is not read/],
    ["zip", Buffer.from("PK\u0003\u0004xxxxxx"), /zip is not read/],
    ["an ar archive of nothing", Buffer.from("!<arch>\n"), /no Debian package/],
    ["an ar archive cut short", Buffer.from("!<arch>\ndebian-b"), /the \.deb is cut short/],
    ["an ar archive of noise", Buffer.concat([Buffer.from("!<arch>\n"), Buffer.alloc(600, 0x41)]), /no ar header/],
    ["a .deb without data", makeAr([["debian-binary", Buffer.from("2.0\n")]]), /no data\.tar/],
    ["a .deb with an empty data.tar", makeAr([["data.tar", Buffer.alloc(0)]]), /the file is empty/],
    ["zeros", Buffer.alloc(10_240), /no kernel tree/],
  ])("%s", async (_, data, message) => {
    await expectInputError(open(data), message);
  });

  test("a .deb cut short says so", async () => {
    const data = await makePackage(KERNEL);
    await expectInputError(open(data.subarray(0, data.length - 50)), /the \.deb is cut short in data\.tar\.xz/);
  });

  test("some other .deb, and some other tar", async () => {
    const data = await makeTar([{ name: "./usr/bin/hello", contents: "x" }]);
    await expectInputError(open(makeAr([["data.tar", data]])), /no linux-source package/);
    await expectInputError(open(data), /no kernel tree: looked for/);
  });

  test("a file that is not there", async () => {
    await expectInputError(openArchive("x.tar", "/nonexistent/x.tar", options()), /x\.tar: cannot be read \(ENOENT\)/);
  });
});

test("an archive is not read after it was closed", async () => {
  const source = await openMembers(members(KERNEL, ""));
  await source.close();
  await expect(source.read("Makefile")).rejects.toThrow("closed");
});
