/** Sessions with scan and run on the sample kernel. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow, groundhog, kernelTree, newFolder, useBundle } from "./session.ts";

useBundle();

describe("scan", () => {
  test("the sample: facts a line each, then kernel, coverage and count", () => {
    const { exit, stdout } = groundhog(["scan", "--kernel", "sample@11"]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(
      /^fs\/cifs\/connect\.c:\d+: server_unresponsive: deadline: jiffies after server->lstrp \+ 3 x server->echo_interval: .*return true/m,
    );
    expect(stdout).toMatch(/^sample@11, Linux 0\.1\.0: fs\/cifs, net\/sunrpc$/m);
    expect(stdout).toMatch(/^\d+ functions in \d+ files, 100\.00% parsed; configuration: everything enabled/m);
    expect(stdout).toMatch(/^\d+ timing facts; findings: none looked for/m);
  });

  test("paths: a file, a folder, with ./ and with a slash at the end", () => {
    const facts = (path: string): string[] =>
      groundhog(["scan", "--kernel", "sample", path])
        .stdout.split("\n")
        .filter((line) => /^[\w/]+\.c:\d/.test(line));
    const file = facts("net/sunrpc/sched.c");
    expect(file.length).toBeGreaterThan(10);
    expect(file.every((line) => line.startsWith("net/sunrpc/sched.c:"))).toBe(true);
    expect(facts("./net/sunrpc/sched.c")).toEqual(file);
    expect(facts("net/sunrpc/")).toEqual(facts("net/sunrpc"));
    expect(facts("net")).toEqual(expect.arrayContaining(file));
  });

  test("kinds: once, twice, and with a comma", () => {
    const kinds = (...args: string[]): string[] => {
      const { exit, stdout } = groundhog(["scan", "--kernel", "sample", "--json", ...args]);
      expect(exit).toBe(0);
      return [...new Set((JSON.parse(stdout) as { facts: { kind: string }[] }).facts.map((fact) => fact.kind))].sort();
    };
    expect(kinds("--kind", "deadline")).toEqual(["deadline"]);
    expect(kinds("--kind", "deadline", "--kind", "wake-up")).toEqual(["deadline", "wake-up"]);
    expect(kinds("--kind", "deadline,wake-up")).toEqual(["deadline", "wake-up"]);
    expect(kinds("--kind=deadline", "fs/smb/client")).toEqual(["deadline"]);
    expect(kinds("--kind", "deadline", "fs/smb/client")).toEqual(["deadline"]);
  });

  test("--config decides what is switched off", () => {
    const folder = kernelTree({
      "fs/cifs/a.c":
        "#ifdef CONFIG_CIFS_DEBUG\nvoid f(void)\n{\n\tmsleep(5);\n}\n#endif\nvoid g(void)\n{\n\tmsleep(6);\n}\n",
      ".config": "CONFIG_CIFS=y\n# CONFIG_CIFS_DEBUG is not set\n",
    });
    const all = groundhog(["scan", "--kernel", folder]);
    expect([all.exit, /waits 5 ms/.test(all.stdout), /waits 6 ms/.test(all.stdout)]).toEqual([0, true, true]);
    const some = groundhog(["scan", "--kernel", ".", "--config", ".config"], { cwd: folder });
    expect([some.exit, /waits 5 ms/.test(some.stdout), /waits 6 ms/.test(some.stdout)]).toEqual([0, false, true]);
    expect(some.stdout).toMatch(/\.config \(1 options\)/);
    expect(some.stdout).toMatch(/1 of them in preprocessor branches that are not taken/);
  });

  test("what cannot be parsed is listed with its line", () => {
    const folder = kernelTree({
      "fs/cifs/a.c": "void ok(void)\n{\n\tmsleep(1);\n}\nvoid broken(void)\n{\n\tif (((x) {\n}\n",
    });
    const { exit, stdout } = groundhog(["scan", "--kernel", folder]);
    expect(exit).not.toBe(2);
    expect(stdout).toMatch(/^fs\/cifs\/a\.c:\d+: (?:broken: )?not parsed: /m);
    expect(stdout).not.toContain("100.00% parsed");
  });

  test("the current directory is the kernel when it is one, and a line says so", () => {
    const folder = kernelTree({ "fs/cifs/a.c": "void g(void)\n{\n\tmsleep(6);\n}\n" });
    const { exit, stdout, stderr } = groundhog(["scan"], { cwd: folder });
    expect([exit, /waits 6 ms/.test(stdout)]).toEqual([0, true]);
    expect(stderr).toMatch(/^no --kernel given: using the kernel tree in .+\n$/);
  });
});

describe("run", () => {
  test("prints one table and writes its reports", () => {
    const out = newFolder();
    const { exit, stdout } = groundhog(["run", "--kernel", "sample", "--out", join(out, "new/reports")]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^file +delayed-work +deadline +timestamp +timed-wait +wake-up +task-state +facts$/m);
    expect(stdout).toMatch(/^SMB echo \(cifs-echo\)$/m);
    expect(stdout).toMatch(/gives up {2}when jiffies after server->lstrp \+ 3 x server->echo_interval/);
    expect(filesBelow(out)).toEqual([
      "new/reports/cifs-echo.model.ts",
      "new/reports/report.md",
      "new/reports/scan.json",
      "new/reports/sunrpc-reconnect.model.ts",
    ]);
    const report = readFileSync(join(out, "new/reports/report.md"), "utf8");
    expect(report).toContain("Nothing: every function was parsed");
    expect(report).not.toMatch(/undefined|\[object|\{\{/);
  });

  test("the sums of the table are right", () => {
    const { stdout } = groundhog(["run", "--kernel", "sample", "--out", newFolder()]);
    const rows = stdout.split("\n").filter((line) => /^(?:\S+\.c|all) +/.test(line));
    const numbers = rows.map((row) =>
      row
        .split(/\s+/)
        .slice(1)
        .map((cell) => (cell === "." ? 0 : Number(cell))),
    );
    const all = numbers.at(-1) ?? [];
    const sums = all.map((_, column) => numbers.slice(0, -1).reduce((sum, row) => sum + (row[column] ?? 0), 0));
    expect(all).toEqual(sums);
    for (const row of numbers) expect(row.at(-1)).toBe(row.slice(0, -1).reduce((sum, one) => sum + one, 0));
  });

  test("a kernel without the system says so", () => {
    const { exit, stdout } = groundhog(["run", "cifs-echo", "--kernel", "sample@1", "--out", newFolder()]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/SMB echo \(cifs-echo\): this kernel has no cifs_echo_request\(\)/);
  });

  test("reports are replaced, not added to; other files stay", () => {
    const out = newFolder();
    const once = groundhog(["run", "--kernel", "sample@1", "--out", out]);
    const first = readFileSync(join(out, "scan.json"), "utf8");
    const again = groundhog(["run", "--kernel", "sample@12", "--out", out]);
    const files = ["cifs-echo.model.ts", "report.md", "scan.json", "sunrpc-reconnect.model.ts"];
    expect([once.exit, again.exit, filesBelow(out)]).toEqual([0, 0, files]);
    expect(readFileSync(join(out, "scan.json"), "utf8")).not.toBe(first);
  });
});
