/** Sessions with check and model that need no verdict: words, files, shapes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectOneLine, groundhog, newFolder, useBundle } from "./session.ts";

useBundle();

const check = (...args: string[]) => groundhog(["check", "cifs-echo", "--kernel", "sample", ...args]);

describe("bad input is one line and exit code 2", () => {
  test.each([
    [["--hz", "3"], /--hz 3: .*12 to 12287/],
    [["--rtt", "soon"], /--rtt soon: .*1jiffy/],
    [["--echo-interval", "60,,1"], /--echo-interval/],
    [["--wheel", "square"], /--wheel square: .*exact, levels, slack/],
    [["--seed", "x"], /--seed x/],
    [["--out", "-"], /--out -: check writes several files/],
    [["--replay", "/does/not/exist"], /\/does\/not\/exist: no such file/],
    [["--replay", "/"], /not a regular file/],
    [["--config", "/does/not/exist"], /no such file/],
  ])("%j", (args, message) => expectOneLine(check(...args), message));

  test("a system that is not there", () => {
    expectOneLine(
      groundhog(["check", "nfs-echo", "--kernel", "sample"]),
      /nfs-echo: no such system; there are cifs-echo/,
    );
    expectOneLine(groundhog(["model", "nfs-echo", "--kernel", "sample"]), /nfs-echo: no such system/);
  });

  test("witness files that are none", () => {
    const folder = newFolder();
    const witness = (text: string): string => {
      const path = join(folder, "w.json");
      writeFileSync(path, text);
      return path;
    };
    expectOneLine(check("--replay", witness("")), /w\.json: is not JSON/);
    expectOneLine(check("--replay", witness("{}")), /w\.json: is no witness/);
    expectOneLine(check("--replay", witness('{"format":"groundhog-witness","version":9}')), /version 9/);
    expectOneLine(check("--replay", witness('{"format":"groundhog-witness","version":1}')), /is no good witness: /);
  });
});

test("the schema of check names the fields that are promised", () => {
  const { exit, stdout } = groundhog(["schema", "check"]);
  expect(exit).toBe(0);
  const { properties } = JSON.parse(stdout) as { properties: Record<string, unknown> };
  for (const name of ["system", "kernel", "verdict", "bounds", "properties", "figures", "unmodelled"]) {
    expect(properties).toHaveProperty(name);
  }
});
