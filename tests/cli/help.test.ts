/** What the program says about itself, and what it says to words that it does not know. */
import { describe, expect, test } from "vitest";
import { SYSTEMS } from "../../kernel-models/registry.ts";
import { groundhog, useBundle } from "./session.ts";

useBundle();

const COMMANDS = ["run", "scan", "model", "check", "fix", "draft", "schema"];

describe("--help", () => {
  test.each(COMMANDS)("%s has two examples that begin with the command", (command) => {
    const { exit, stdout, stderr } = groundhog([command, "--help"]);
    expect([exit, stderr]).toEqual([0, ""]);
    const examples = [...stdout.matchAll(/^ {2}\$ (.+)$/gm)].map((match) => match[1] ?? "");
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const example of examples) expect(example).toMatch(new RegExp(`^groundhog ${command}\\b`));
  });

  test.each(["check", "fix", "draft"])("%s has an example of each system", (command) => {
    const { stdout } = groundhog([command, "--help"]);
    for (const { name } of SYSTEMS)
      expect(stdout).toMatch(new RegExp(`^  \\$ groundhog ${command} (?:[a-z]+ )?${name} `, "m"));
  });

  test("lists every command that there is", () => {
    const { exit, stdout, stderr } = groundhog(["--help"]);
    expect([exit, stderr]).toEqual([0, ""]);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
  });

  test("fits a terminal of 80 columns", () => {
    for (const command of COMMANDS) {
      const options = groundhog([command, "--help"]).stdout.split("Examples:")[0] ?? "";
      expect(options.split("\n").filter((line) => line.length > 80)).toEqual([]);
    }
  });

  test("the example with --kind and a path works as written", () => {
    const example = /^ {2}\$ groundhog (scan .*--kind.*)$/m.exec(groundhog(["scan", "--help"]).stdout)?.[1] ?? "";
    expect(example).not.toBe("");
    const words = example.split(" ").map((word) => (word.includes("linux@") ? "sample" : word));
    const { exit, stdout, stderr } = groundhog(words);
    expect(stderr).toBe("");
    expect(exit).not.toBe(2);
    expect(stdout).toContain("server_unresponsive: deadline:");
  });
});

test("--version is one line", () => {
  expect(groundhog(["--version"])).toEqual({ exit: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: "" });
});

describe("words that are not known", () => {
  test.each([
    [["scan", "--bogus"], "--bogus"],
    [["--bogus"], "--bogus"],
    [["bogus"], "bogus"],
    [["scann"], "scann"],
    [["schema"], "COMMAND"],
    [["schema", "scan", "run"], "argument"],
    [["scan", "--kernel"], "--kernel"],
    [["run", "--json=yes"], "--json"],
  ])("%j: exit code 2 and one line that names it", (args, word) => {
    const { exit, stdout, stderr } = groundhog(args);
    expect([exit, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(word);
    expect(stderr).not.toMatch(/^\s+at /m);
    // cli.md: one clear line on standard error.
    expect(stderr).toMatch(/^groundhog: [^\n]+\n$/);
  });

  test("no word at all: the help, and exit code 2", () => {
    const { exit, stdout, stderr } = groundhog([]);
    expect(exit).toBe(2);
    expect(stdout + stderr).toContain("Usage: groundhog");
  });
});
