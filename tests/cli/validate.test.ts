/** `check --validate` as a shell sees it: with a compiler, without one, with odd arguments, and a difference run again. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findCompiler } from "../../tools/native/compiler.ts";
import { checkSchema, runSchema } from "../report/echo-schemas.ts";
import { filesBelow, groundhog, newFolder, useBundle } from "./session.ts";

useBundle();

const COMPILER = await findCompiler();
const NARROW = ["--hz", "250", "--echo-interval", "60", "--rtt", "1jiffy"];
const CHECK = ["check", "cifs-echo", "--kernel", "sample", ...NARROW];

/** A PATH with git, which opens the sample kernel, and without any compiler. */
function pathWithoutCompiler(): string {
  const folder = join(newFolder(), "bin");
  mkdirSync(folder);
  const git = spawnSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).stdout.trim();
  symlinkSync(git, join(folder, "git"));
  return folder;
}

/** Makes the compiled slice of a cache another program: its watchdog waits for two intervals instead of three. */
function disturb(harnesses: string): void {
  const [name = ""] = readdirSync(harnesses);
  const folder = join(harnesses, name);
  const slice = readFileSync(join(folder, "slice.c"), "latin1");
  const changed = slice.replace("3 * server -> echo_interval", "2 * server -> echo_interval");
  expect(changed).not.toBe(slice);
  writeFileSync(join(folder, "slice.c"), changed, "latin1");
  const flags = ["-std=gnu11", "-O1", "-g", "-no-pie", "-fwrapv", "-w", "-ftrivial-auto-var-init=zero", "-DHZ=250"];
  const { status } = spawnSync("cc", [...flags, "-o", "harness", "slice.c", "runtime.c"], { cwd: folder });
  expect(status).toBe(0);
}

describe.skipIf(COMPILER === null)("with a C compiler", () => {
  test("says what was compared, and which lines were not reached", () => {
    const { exit, stdout } = groundhog([...CHECK, "--validate", "--histories", "500", "--out", newFolder()]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(
      /^translation: the compiled C \(.+\) did the same in 500 random histories of [\d,]+ decisions/m,
    );
    expect(stdout).toMatch(/^ {2}\d+ of \d+ lines of the slice were reached; not connect\.c:[\d,]+$/m);
  });

  test("prints the same as one document, each time the same", () => {
    const words = [...CHECK, "--validate", "--histories", "400", "--seed", "7", "--json", "--out", newFolder()];
    const first = groundhog(words);
    const document = checkSchema.parse(JSON.parse(first.stdout));
    expect(document.validation).toMatchObject({ status: "same", histories: 400, seed: 7, hz: [250], difference: null });
    expect(document.validation?.coverage?.reached).toBeGreaterThan(100);
    expect(groundhog(words).stdout).toBe(first.stdout);
  });

  test("is a part of run", () => {
    const words = ["run", "--kernel", "sample@9", "--validate", "--json", "--out", newFolder()];
    const { stdout } = groundhog(words, { maxMs: 150_000 });
    const document = runSchema.parse(JSON.parse(stdout));
    expect(document.systems[0]?.check?.validation).toMatchObject({ status: "same", histories: 10_000 });
  }, 180_000);

  test("tells a difference, saves it, and finds it again", () => {
    const cache = newFolder();
    const env = { XDG_CACHE_HOME: cache };
    const words = [...CHECK, "--validate", "--histories", "2000"];
    expect(groundhog([...words, "--out", newFolder()], { env }).exit).toBe(0);
    disturb(join(cache, "groundhog", "harness"));
    const out = newFolder();
    const { exit, stdout } = groundhog([...words, "--out", out], { env });
    expect(exit).toBe(3);
    expect(stdout).toMatch(/: inconclusive$/m);
    expect(stdout).toMatch(
      /^the translation differs from the compiled C: at fs\/smb\/client\/\w+\.c:\d+ \(\w+\) the model does "/m,
    );
    const [file = ""] = filesBelow(out).filter((one) => one.endsWith(".difference.json"));
    const again = groundhog(["check", "cifs-echo", "--replay", join(out, file), "--json"], { env });
    expect(again.exit).toBe(1);
    expect(checkSchema.parse(JSON.parse(again.stdout)).validation).toMatchObject({ status: "different", histories: 1 });
    // Nothing is different any more: on the same model that cannot be.
    rmSync(join(cache, "groundhog", "harness"), { recursive: true });
    const refused = groundhog(["check", "cifs-echo", "--replay", join(out, file)], { env });
    expect(refused).toMatchObject({ exit: 2, stdout: "" });
    expect(refused.stderr).toMatch(/on its own model both sides do the same\n$/);
  });

  test("runs the decisions of a difference again", () => {
    const folder = newFolder();
    const file = join(folder, "old.difference.json");
    const decisions = Array.from({ length: 20 }, (_, i) => ({ label: "old", n: 8, chosen: i % 8 }));
    const difference = { hz: 250, decisions, model: "a", compiled: "b", place: null, modelFunction: null, before: [] };
    const content = {
      ...{ format: "groundhog-difference", version: 1, system: "cifs-echo", modelSha256: "0" },
      ...{ kernel: { id: "sample", version: null }, maxDecisions: 50, difference },
    };
    writeFileSync(file, JSON.stringify(content));
    const { exit, stdout } = groundhog(["check", "cifs-echo", "--replay", file]);
    expect(stdout).toMatch(
      /^translation: the compiled C .* did the same in 1 random history of 20 decisions, HZ=250$/m,
    );
    expect(exit).toBe(0);
    writeFileSync(file, JSON.stringify({ ...content, version: 3 }));
    const refused = groundhog(["check", "cifs-echo", "--replay", file]);
    expect(refused).toMatchObject({ exit: 2, stdout: "" });
    expect(refused.stderr).toBe(`groundhog: ${file}: is a difference of version 3; this reads version 1\n`);
  });
});

describe("without a C compiler", () => {
  const env = { PATH: pathWithoutCompiler() };

  test("the verdict says that the translation is not validated", () => {
    const { exit, stdout } = groundhog([...CHECK, "--validate", "--out", newFolder()], { env });
    expect(exit).toBe(0);
    expect(stdout.split("\n")[0]).toMatch(/: holds \(translation not validated\)$/);
    expect(stdout).toMatch(/^translation not validated: no C compiler was found \(cc, gcc, clang\)$/m);
  });

  test("the document says so, too", () => {
    const { stdout } = groundhog([...CHECK, "--validate", "--json", "--out", newFolder()], { env });
    const { validation, bounds } = checkSchema.parse(JSON.parse(stdout));
    expect(validation).toMatchObject({
      status: "skipped",
      reason: "no C compiler was found (cc, gcc, clang)",
      histories: 0,
    });
    expect(bounds).toContain("translation not validated: no C compiler was found (cc, gcc, clang)");
  });

  test("nothing is said where nobody asked", () => {
    const { stdout } = groundhog([...CHECK, "--json", "--out", newFolder()], { env });
    expect(checkSchema.parse(JSON.parse(stdout)).validation).toBeNull();
  });
});

test.each([
  [["--histories", "10"], "--histories: has a meaning with --validate only"],
  [["--validate", "--histories", "0"], "--histories 0: is not an integer from 1 to 100000000"],
  [["--validate", "--histories", "-5"], "--histories -5: is not an integer from 1 to 100000000"],
  [["--validate", "--histories", "many"], "--histories many: is not an integer from 1 to 100000000"],
])("%j is refused in one line", (words, line) => {
  expect(groundhog([...CHECK, ...words])).toEqual({ exit: 2, stdout: "", stderr: `groundhog: ${line}\n` });
});
