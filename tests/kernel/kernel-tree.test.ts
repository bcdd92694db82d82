import { describe, expect, test } from "vitest";
import { InputError } from "../../tools/kernel/input-error.ts";
import { createNoteBook, kernelVersion } from "../../tools/kernel/kernel-tree.ts";
import { formatBytes, MAX_NOTES } from "../../tools/kernel/limits.ts";
import { cleanPrefix, cleanWanted, isInside, isTreePath, isWanted, sortByBytes } from "../../tools/kernel/paths.ts";

describe("kernelVersion prints as the kernel does", () => {
  test.each([
    ["VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\nEXTRAVERSION =\n", "6.1.192"],
    ["VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\nEXTRAVERSION =\n", "6.1.0"],
    ["VERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\n", "6.18.0-rc3"],
    ["VERSION = 6\nPATCHLEVEL = 1\n", "6.1"],
    ["VERSION=2\nPATCHLEVEL=6\nSUBLEVEL=32\nEXTRAVERSION=.71\r\n", "2.6.32.71"],
    ["VERSION = 6 # six\nPATCHLEVEL := 1\nVERSION = 7\n", "6.1"],
    ["VERSION = 6\nPATCHLEVEL = 1\nEXTRAVERSION = -\u001b[31m$(shell id)\n", "6.1-31mshellid"],
  ])("%j", (makefile, version) => {
    expect(kernelVersion(makefile)).toBe(version);
  });

  test.each([
    "",
    "VERSION = 6\n",
    "PATCHLEVEL = 1\n",
    "VERSION = six\nPATCHLEVEL = 1\n",
    "XVERSION = 6\nPATCHLEVEL = 1\n",
    "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = x\n",
    `${"#\n".repeat(40_000)}VERSION = 6\nPATCHLEVEL = 1\n`,
  ])("null for %#", (makefile) => {
    expect(kernelVersion(makefile)).toBeNull();
  });
});

describe("paths", () => {
  test("isTreePath", () => {
    expect(["fs", "fs/smb/client/connect.c", "a..b", ".config", "repo@x"].filter((path) => !isTreePath(path))).toEqual(
      [],
    );
    expect(["", "/etc", "..", "a/../b", "a//b", "./a", "a/", "a\0b"].filter(isTreePath)).toEqual([]);
  });

  test("cleanPrefix", () => {
    expect(["", ".", "./fs//smb/", "fs"].map(cleanPrefix)).toEqual(["", "", "fs/smb", "fs"]);
    expect(["/fs", "..", "fs/../../etc", "a\0"].map(cleanPrefix)).toEqual([null, null, null, null]);
  });

  test("cleanWanted drops what another covers and what leads out", () => {
    expect(cleanWanted(["net/sunrpc/", "fs/smb", "./fs/smb/client", "fs/smbx", "../x", "fs/smb"])).toEqual([
      "fs/smb",
      "fs/smbx",
      "net/sunrpc",
    ]);
    expect(cleanWanted(["fs", ""])).toEqual([""]);
  });

  test("isInside and isWanted end at folder borders", () => {
    expect(isInside("fs/smb/a.c", "fs/smb")).toBe(true);
    expect(isInside("fs/smbx/a.c", "fs/smb")).toBe(false);
    expect(isWanted("Makefile", ["fs"])).toBe(true);
    expect(isWanted("net/Makefile", ["fs"])).toBe(false);
  });

  test("sortByBytes is the order of bytes, not of UTF-16 units", () => {
    expect(sortByBytes(["b", "\u{1f600}", "\uffee", "a/b", "a-b", "a.c"])).toEqual([
      "a-b",
      "a.c",
      "a/b",
      "b",
      "\uffee",
      "\u{1f600}",
    ]);
  });
});

test("a note book keeps one note per file, and not without end", () => {
  const book = createNoteBook();
  book.add("a", "first");
  book.add("a", "second");
  expect(book.notes).toEqual([{ file: "a", reason: "first" }]);
  for (let index = 0; index < 2 * MAX_NOTES; index++) {
    book.add(`file${index}`, "symlink");
  }
  expect(book.notes).toHaveLength(MAX_NOTES + 1);
  expect(book.notes.at(-1)?.reason).toMatch(/more than 1000 notes/);
});

test("formatBytes", () => {
  expect([1024 ** 3 * 2, 64 * 1024 ** 2, 1536].map(formatBytes)).toEqual(["2 GiB", "64 MiB", "1536 bytes"]);
});

test("an InputError is one line without terminal escapes", () => {
  expect(new InputError("a\nb\u001b[31m", "c\r\nd").message).toBe("a b [31m: c d");
  expect(new InputError("a".repeat(9_000), "b".repeat(9_000)).message).toHaveLength(500 + 2 + 2_000);
});
