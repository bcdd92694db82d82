/** Bad input: exit code 2, one line that names what is wrong, nothing half-written. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectOneLine, filesBelow, groundhog, kernelTree, newFolder, useBundle } from "./session.ts";

useBundle();

const C = "void f(void)\n{\n\tmsleep(1);\n}\n";

describe("--kernel", () => {
  test.each([
    ["/nonexistent/linux", /\/nonexistent\/linux: no such file or directory/],
    ["", /--kernel/],
    ["sample@99", /sample@99: no such step; there are 1/],
    ["sample@", /sample@/],
    ["debian:", /debian:/],
    ["/dev/null", /\/dev\/null/],
    ["/nonexistent@v6.1", /nonexistent/],
  ])("%j", (kernel, message) => {
    expectOneLine(groundhog(["scan", "--kernel", kernel]), message);
  });

  test("an empty folder", () => expectOneLine(groundhog(["scan", "--kernel", newFolder()]), /the folder is empty/));

  test("a tree with nothing to scan by default", () => {
    expectOneLine(groundhog(["scan", "--kernel", kernelTree({ "fs/ext4/a.c": C })]), /name the paths to scan/);
  });

  test.each([
    [["check", "sunrpc-reconnect"], /: has no net\/sunrpc, where sunrpc-reconnect is$/m],
    [["check", "cifs-echo"], /: has no fs\/smb\/client or fs\/cifs, where cifs-echo is$/m],
    [["model", "sunrpc-reconnect", "--out", "-"], /: has no net\/sunrpc, where sunrpc-reconnect is$/m],
    [["fix", "sunrpc-reconnect"], /: has no net\/sunrpc, where sunrpc-reconnect is$/m],
    [["run"], /: has no fs\/smb\/client, fs\/cifs or net\/sunrpc, where cifs-echo and sunrpc-reconnect are$/m],
  ])("a tree without the folder that %j needs", (command, message) => {
    const folder = kernelTree({ "fs/ext4/a.c": C, "net/sunrpc/Kconfig": "menu\n" });
    const result = groundhog([...command, "--kernel", folder], { cwd: newFolder() });
    expectOneLine(result, message);
    expect(result.stderr).not.toMatch(/paths to scan/);
  });

  test("a system whose folder is there, and another's is not", () => {
    const folder = kernelTree({ "net/sunrpc/a.c": C });
    expectOneLine(groundhog(["check", "cifs-echo", "--kernel", folder]), /: has no fs\/smb\/client or fs\/cifs, where/);
    expectOneLine(
      groundhog(["check", "sunrpc-reconnect", "--kernel", folder]),
      /call_connect_status, which sunrpc-reconnect watches/,
    );
  });

  test("a revision that git does not know", () => {
    const folder = kernelTree({ "fs/cifs/a.c": C });
    expectOneLine(groundhog(["scan", "--kernel", `${folder}@v6.1`]), /v6\.1|git/);
  });

  test("a text file that is no archive", () => {
    const file = join(newFolder(), "notes.txt");
    writeFileSync(file, "no kernel\n");
    const { exit, stdout, stderr } = groundhog(["scan", "--kernel", file]);
    expect([exit, stdout]).toEqual([2, ""]);
    // Reading an archive is told as progress; the error is one line after that.
    expect(stderr).toMatch(/^(?:reading [^\n]+\n)?groundhog: \S*notes\.txt: [^\n]+\n$/);
  });

  test("a name that would forge a line or an escape sequence", () => {
    expectOneLine(groundhog(["scan", "--kernel", "/no\ngroundhog: all is well\u001b[32m"]), /no such file/);
  });
});

describe("paths", () => {
  test.each([
    [["no/such/folder"], /no\/such\/folder: not in sample/],
    [["fs/smb/client/nothing.c"], /nothing\.c: not in sample/],
    [["fs/smb/client", "nowhere"], /nowhere: not in sample/],
    [["../etc"], /\.\.\/etc: leaves the kernel tree/],
    [["fs/../../etc/passwd"], /leaves the kernel tree/],
    [[".."], /leaves the kernel tree/],
    [["/etc/passwd"], /\/etc\/passwd/],
    [["fs/smb/client/connect.c/x"], /not in sample/],
  ])("%j", (paths, message) => {
    expectOneLine(groundhog(["scan", "--kernel", "sample", ...paths]), message);
  });

  test("a folder without C", () => {
    expectOneLine(groundhog(["scan", "--kernel", kernelTree({ "doc/a.rst": "text\n" }), "doc"]), /doc: has no C files/);
  });

  test("a symbolic link out of the tree is not followed", () => {
    const folder = kernelTree({ "fs/cifs/a.c": C });
    const secret = join(newFolder(), "secret.c");
    writeFileSync(secret, "void secret(void)\n{\n\tmsleep(77);\n}\n");
    symlinkSync(secret, join(folder, "fs/cifs/b.c"));
    const { exit, stdout } = groundhog(["scan", "--kernel", folder, "fs/cifs"]);
    expect([exit, stdout.includes("77")]).toEqual([0, false]);
  });
});

describe("--kind, --config, schema, systems", () => {
  test("a kind that there is not", () => {
    expectOneLine(groundhog(["scan", "--kernel", "sample", "--kind", "nonsense"]), /nonsense.*delayed-work, deadline/);
    expectOneLine(groundhog(["scan", "--kernel", "sample", "--kind", ""]), /--kind/);
    expectOneLine(groundhog(["scan", "--kernel", "sample", "--kind", "deadline,,x"]), /--kind/);
  });

  test.each([
    ["missing", null, /no such file/],
    ["empty", "", /no CONFIG_ settings/],
    ["comments only", "# CONFIG_X is not set\n", /no CONFIG_ settings/],
    [
      "binary",
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 27, 91, 51, 49, 109, 10]),
      /line 1 is not a CONFIG_ setting/,
    ],
    ["C", C, /line 1 is not a CONFIG_ setting/],
    ["one bad line", "CONFIG_A=y\nCONFIG_B=m\noops\n", /line 3 /],
    ["one endless line", `CONFIG_A=${"x".repeat(10_000)}\n`, /line 1 /],
    ["huge", "CONFIG_A=y\n".repeat(400_000), /too many/],
  ])("a .config that is %s", (_, contents, message) => {
    const file = join(newFolder(), "dot.config");
    if (contents !== null) writeFileSync(file, contents);
    for (const command of ["scan", "run"]) {
      expectOneLine(groundhog([command, "--kernel", "sample", "--config", file], { cwd: newFolder() }), message);
    }
  });

  test("a .config that is a folder", () => {
    expectOneLine(groundhog(["scan", "--kernel", "sample", "--config", newFolder()]), /not a regular file/);
  });

  test("a schema and a system that there are not", () => {
    expectOneLine(groundhog(["schema", "nonsense"]), /nonsense: .*scan, run/);
    expectOneLine(groundhog(["schema", "toString"]), /toString/);
    expectOneLine(
      groundhog(["run", "nonsense", "--kernel", "sample"]),
      /nonsense: no such system; there are cifs-echo/,
    );
  });
});

describe("--out", () => {
  test("a file where a folder is needed", () => {
    const folder = newFolder();
    writeFileSync(join(folder, "file"), "mine\n");
    for (const out of ["file", "file/below"]) {
      expectOneLine(groundhog(["run", "--kernel", "sample", "--out", out], { cwd: folder }), /cannot be written/);
    }
    expect(filesBelow(folder)).toEqual(["file"]);
  });

  test("a folder where a file is to be written", () => {
    const folder = newFolder();
    mkdirSync(join(folder, "out/report.md"), { recursive: true });
    expectOneLine(
      groundhog(["run", "--kernel", "sample", "--out", "out"], { cwd: folder }),
      /report\.md: cannot be written/,
    );
    expect(filesBelow(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test.each(["/proc/groundhog", "/dev/null/x", "-", "x\u0000y", ""])("%j", (out) => {
    if (out.includes("\u0000")) {
      expect(() => groundhog(["run", "--out", out])).toThrow(/null bytes/);
      return;
    }
    const folder = newFolder();
    // In /proc, where no folder can be made, Node's recursive mkdir tries for ever.
    const result = groundhog(["run", "--kernel", "sample", "--out", out], { cwd: folder, maxMs: 4_000 });
    expectOneLine(result, /--out|cannot be written/);
    expect(filesBelow(folder)).toEqual([]);
  });

  test("is not made when the kernel cannot be opened", () => {
    const folder = newFolder();
    expectOneLine(groundhog(["run", "--kernel", "/nonexistent", "--out", "out"], { cwd: folder }), /nonexistent/);
    expect(filesBelow(folder)).toEqual([]);
  });
});

test("--debug adds the stack, after the line", () => {
  const { exit, stderr } = groundhog(["--debug", "scan", "--kernel", "/nonexistent"]);
  expect(exit).toBe(2);
  expect(stderr).toMatch(/^groundhog: \/nonexistent: [^\n]+\n/);
  expect(stderr).toMatch(/^\s+at /m);
});
