/** The compile check with programs and header packages that are made up: no network, no compiler. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { debianHeaders } from "../../tools/kernel/debian-headers.ts";
import { isInside } from "../../tools/kernel/paths.ts";
import type { ToolCheck } from "../../tools/repair/candidate.ts";
import { type CompileRequest, compileTouched } from "../../tools/repair/compile.ts";
import { temporaryFolder, withPath, writeFiles } from "../kernel/fixtures.ts";

/** A client with a Makefile that says more than object names. */
const TREE: Readonly<Record<string, string>> = {
  "fs/smb/client/Makefile":
    "ccflags-y += -I$(src) -fplugin=./evil.so $(shell touch evil)\n" +
    "obj-$(CONFIG_CIFS) += cifs.o\n" +
    "cifs-y := connect.o \\\n\tsess.o file.o dir.o asn1.o # and more\n" +
    "cifs-$(CONFIG_CIFS_SWN_UPCALL) += cifs_swn.o\n" +
    "CFLAGS_sess.o := -DSESSION=1 -Wa,--evil\n" +
    "$(info $(shell touch evil))\n",
  "fs/smb/client/connect.c": '#include <linux/fs.h>\n#include "cifsglob.h"\nint connect;\n',
  "fs/smb/client/sess.c": '#include "cifsglob.h"\n',
  "fs/smb/client/file.c": '#include "cifsglob.h"\n',
  "fs/smb/client/dir.c": '#include "cifsglob.h"\n',
  "fs/smb/client/asn1.c": '#include "cifsglob.h"\n#include "init.asn1.h"\n',
  "fs/smb/client/cifs_swn.c": "int swn;\n",
  "fs/smb/client/cifsglob.h": '#include "../common/smb2pdu.h"\n#include "../../nls/utils.h"\n',
  "fs/smb/common/Makefile": "obj-$(CONFIG_SMBFS) += arc4.o\n",
  "fs/smb/common/arc4.c": "int arc4;\n",
  "fs/smb/common/smb2pdu.h": "int pdu;\n",
  "fs/fat/Makefile": "obj-y += fat.o\nfat-objs := cache.o\n",
  "fs/fat/cache.c": "int cache;\n",
};

const AUTO_CONF = "CONFIG_CIFS=m\nCONFIG_SMBFS=m\nCONFIG_HZ=250\n";

interface Machine {
  /** A shell script; `$M` is the folder that it is told to build. Absent: there is no make. */
  readonly make?: string;
  readonly gcc?: boolean;
  /** Versions of headers in the cache. */
  readonly headers?: readonly string[];
  readonly cacheName?: string;
}

interface Room {
  readonly cacheDirectory: string;
  readonly path: readonly string[];
  /** Where the fake make notes its arguments and Makefile. */
  readonly noted: string;
}

function program(folder: string, name: string, script: string): void {
  writeFiles(folder, { [name]: `#!/bin/sh\n${script}\n` });
  chmodSync(join(folder, name), 0o755);
}

function room({ make, gcc = true, headers = [], cacheName = "cache" }: Machine): Room {
  const top = temporaryFolder();
  const [cacheDirectory, bin, noted] = [join(top, cacheName), join(top, "bin"), join(top, "noted")];
  mkdirSync(bin);
  if (gcc) {
    program(bin, "gcc-12", "echo 12.2.0");
  }
  if (make !== undefined) {
    const note = `{ echo "$@"; while IFS= read -r l; do echo "$l"; done < "$M/Makefile"; } >> ${noted}`;
    program(bin, "make", `for a in "$@"; do case "$a" in M=*) M="\${a#M=}";; esac; done\n${note}\n${make}`);
  }
  for (const version of headers) {
    const name = "linux-headers-6.1.0-9-";
    const flavour = { arm64: "arm64", x64: "amd64" }[process.arch as string] ?? process.arch;
    const folder = join(
      cacheDirectory,
      "debian-headers",
      `${name}${flavour}_${version}`,
      "usr/src",
      `${name}${flavour}`,
    );
    writeFiles(folder, {
      Makefile: "all:\n",
      ".kernelvariables": "CC = $(CROSS_COMPILE)gcc-12\n",
      "include/config/auto.conf": AUTO_CONF,
    });
  }
  return { cacheDirectory, path: [bin], noted };
}

function reader(files: Readonly<Record<string, string>>): Pick<CompileRequest, "list" | "read"> {
  return {
    list: async (prefix) => Object.keys(files).filter((path) => isInside(path, prefix)),
    read: async (path) => (files[path] === undefined ? null : Buffer.from(files[path], "latin1")),
  };
}

function compile(at: Room, changes: Partial<CompileRequest> = {}): Promise<ToolCheck> {
  return withPath(at.path, () =>
    compileTouched({
      version: "6.1.192",
      touched: ["fs/smb/client/connect.c"],
      ...reader(TREE),
      cacheDirectory: at.cacheDirectory,
      ...changes,
    }),
  );
}

/** A fake make that says something and ends. */
function saying(words: string, status: number): Machine {
  return { make: `echo "${words}" >&2\nexit ${status}`, headers: ["6.1.192-2"] };
}

describe("skipped, with the reason", () => {
  const complete = { make: "exit 0", headers: ["6.1.192-2"] };

  test.each<readonly [string, Machine, Partial<CompileRequest>, RegExp]>([
    ["no version", complete, { version: null }, /^the kernel's version is unknown/],
    ["another version", { make: "" }, { version: "v6" }, /^v6 is no kernel version such as 6\.1\.192$/],
    ["no C", complete, { touched: ["Documentation/x.rst", "fs/smb/client/Makefile"] }, /^the patch touches no C file$/],
    [
      "a kernel without Makefiles",
      complete,
      reader({ Makefile: "VERSION = 6\n", "fs/smb/client/connect.c": "" }),
      /^there is no Makefile in fs\/smb\/client or above/,
    ],
    ["no make", { gcc: true }, {}, /^make is not on this machine$/],
    ["no compiler", { make: "", gcc: false }, {}, /^gcc is not on this machine$/],
    ["no apt", { make: "" }, {}, /^header packages: apt-cache is not on this machine, and nothing is in the cache$/],
    ["a space in the path", { make: "", cacheName: "my cache" }, {}, /my cache: the path has a space/],
    [
      "an option that is off",
      complete,
      { touched: ["fs/smb/client/cifs_swn.c"] },
      /^cifs_swn\.o is not built.*SWN_UPCALL/,
    ],
    ["no module", complete, { touched: ["fs/fat/cache.c"] }, /^cache\.o is part of the kernel proper/],
    [
      "a header of nobody",
      complete,
      { touched: ["fs/fat/fat.h"] },
      /^no module was found that includes fs\/fat\/fat\.h$/,
    ],
    ["a file that is gone", complete, { touched: ["fs/smb/client/gone.c"] }, /^the patch leaves nothing to compile$/],
    [
      "kbuild's own trouble",
      saying("make: *** no fixdep.  Stop.", 2),
      {},
      /^kbuild stopped: make: \*\*\* no fixdep\. {2}Stop\.$/,
    ],
    [
      "a generated header",
      saying("$M/asn1.c:2:10: fatal error: init.asn1.h: No such file or directory", 2),
      { touched: ["fs/smb/client/asn1.c"] },
      /^fs\/smb\/client\/asn1\.c needs init\.asn1\.h, which only a whole build makes$/,
    ],
    [
      "a header of a folder that was not opened",
      saying("$M/cifsglob.h:2:10: fatal error: ../../nls/utils.h: No such file or directory", 2),
      {},
      /^fs\/smb\/client\/cifsglob\.h includes \.\.\/\.\.\/nls\/utils\.h, which is not in the part/,
    ],
    [
      "what is broken without the patch",
      saying("$M/connect.c:7:2: error: no member named 'x'", 2),
      { readOriginal: reader(TREE).read },
      /^it does not compile without the patch either: fs\/smb\/client\/connect\.c:7: error: no member named 'x'$/,
    ],
  ])("%s", async (_, machine, changes, reason) => {
    const result = await compile(room(machine), changes);
    expect(result).toEqual({ tool: "compile", status: "skipped", detail: expect.stringMatching(reason) });
  });
});

describe("with headers, make and gcc", () => {
  test("says what was built, and runs nothing of the tree", async () => {
    const at = room({ make: '[ -f "$M/cifsglob.h" ] && [ -f "$M/../common/smb2pdu.h" ]', headers: ["6.1.192-2"] });
    const touched = ["fs/smb/client/connect.c", "fs/smb/client/sess.c", "fs/smb/client/cifs_swn.c"];
    const result = await compile(at, { touched });
    expect(result.detail).toMatch(
      /^connect\.o and sess\.o built against linux-headers-\S+ 6\.1\.192-2 with gcc 12\.2\.0; cifs_swn\.o is not built, .*off/,
    );
    expect(result.status).toBe("passed");
    const [args = "", ...makefile] = readFileSync(at.noted, "utf8").trimEnd().split("\n");
    expect(args).toMatch(/ -C \S+ M=\S+\/fs\/smb\/client CC=\S+\/gcc-12 .*connect\.o sess\.o$/);
    expect(makefile).toEqual([
      "ccflags-y := -I$(src)",
      "CFLAGS_sess.o += -DSESSION=1",
      "obj-m := cifs.o",
      "cifs-y := connect.o sess.o",
    ]);
    expect(existsSync("evil")).toBe(false);
    expect(readdirSync(join(at.cacheDirectory, "tmp"))).toEqual([]);
  });

  test.each([
    ["fs/smb/client/cifsglob.h", /^connect\.o, sess\.o and file\.o built/],
    // Not included by the folder's own objects, but by those of the folder beside it; through cifsglob.h.
    ["fs/smb/common/smb2pdu.h", /^connect\.o, sess\.o and file\.o built/],
  ])("builds some that include %s", async (header, built) => {
    const result = await compile(room({ make: "exit 0", headers: ["6.1.192-2"] }), { touched: [header] });
    expect(result).toEqual({ tool: "compile", status: "passed", detail: expect.stringMatching(built) });
  });

  test("names the nearest headers, and the kernel's own version", async () => {
    const at = room({ make: "exit 0", headers: ["6.1.170-1", "6.1.190-2", "6.1.190-10", "6.12.192-1"] });
    const { detail } = await compile(at);
    expect(detail).toMatch(/ 6\.1\.190-10 with gcc 12\.2\.0; the kernel is 6\.1\.192$/);
  });

  test.each([
    ["an error", "$M/connect.c:7:2: error: expected ';'", 2, "fs/smb/client/connect.c:7: error: expected ';'"],
    ["a warning", "$M/connect.c:7:2: warning: unused", 0, "fs/smb/client/connect.c:7: warning: unused"],
    ["a path of newer kbuild", "connect.c:7:2: error: e", 2, "fs/smb/client/connect.c:7: error: e"],
    [
      "an error before a warning",
      "$M/sess.c:1:1: warning: w\n$M/sess.c:2:1: error: e",
      2,
      "fs/smb/client/sess.c:2: error: e",
    ],
    [
      "a header's line with its user's",
      "include/linux/build_bug.h:78:4: error: e\n$M/connect.c:9:2: note: in expansion of macro",
      2,
      "include/linux/build_bug.h:78: error: e (from fs/smb/client/connect.c:9)",
    ],
  ])("fails with %s", async (_, words, status, detail) => {
    const result = await compile(room(saying(words, status)));
    expect(result).toEqual({ tool: "compile", status: "failed", detail });
  });

  test("blames the patch for what it brings itself", async () => {
    const make = 'while read -r l; do case "$l" in *bad*) echo "$M/connect.c:9:1: error: bad" >&2; exit 2;; esac; done';
    const at = room({ make: `${make} < "$M/connect.c"\nexit 0`, headers: ["6.1.192-2"] });
    const patched = reader({ ...TREE, "fs/smb/client/connect.c": "bad\n" });
    const result = await compile(at, { ...patched, readOriginal: reader(TREE).read });
    expect(result.detail).toBe("fs/smb/client/connect.c:9: error: bad");
    expect(result.status).toBe("failed");
  });

  test("keeps control characters and long lines away from the terminal", async () => {
    const words = `$M/connect.c:7:2: error: \u001b[31m${"x".repeat(5_000)}`;
    const { detail } = await compile(room(saying(words, 2)));
    expect(detail).toMatch(/^fs\/smb\/client\/connect\.c:7: error: {2}\[31mx+$/);
    expect(detail.length).toBeLessThanOrEqual(400);
  });
});

test("damaged headers in the cache are named", async () => {
  const at = room({ headers: ["6.1.192-2"] });
  const get = () => withPath(at.path, () => debianHeaders("6.1.192", at));
  const headers = await get();
  expect(headers).toMatchObject({ kernel: "6.1.192", compiler: "gcc-12" });
  rmSync(typeof headers === "string" ? headers : headers.directory, { recursive: true });
  expect(await get()).toMatch(/_6\.1\.192-2: this part of the cache is damaged; remove it$/);
});
