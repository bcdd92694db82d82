/** A system that nobody knows, through the same commands as the echo: with its own scenarios, figures and words. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { cifsEcho } from "../../kernel-models/cifs-echo/system.ts";
import { checkCommand } from "../../tools/cli/check.ts";
import { fixCommand } from "../../tools/cli/fix.ts";
import { modelCommand } from "../../tools/cli/model.ts";
import { runCommand } from "../../tools/cli/run.ts";
import { checkSchemaOf, schemasWith } from "../../tools/report/schema.ts";
import { DOOR_C, DOOR_FILE, door } from "./door-system.ts";

const SYSTEMS = [door, cifsEcho];
const FOLDER = mkdtempSync(join(tmpdir(), "groundhog-door-"));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

/** A kernel of one file. */
function kernelWith(name: string, text: string): string {
  const folder = join(FOLDER, name);
  for (const [path, content] of [
    ["Makefile", "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n"],
    [DOOR_FILE, text],
  ] as const) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

const KERNEL = kernelWith("heavy", DOOR_C);
const LIGHT = kernelWith("light", DOOR_C.replace("strength > 3", "strength > 0"));
const OUT = join(FOLDER, "out");

/** What a command prints, and its exit code. */
async function said(command: () => Promise<number>): Promise<{ readonly exit: number; readonly text: string }> {
  const texts: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((...given: readonly unknown[]) => {
    texts.push(String(given[0]));
    const done = given.at(-1);
    if (typeof done === "function") done();
    return true;
  });
  try {
    return { exit: await command(), text: texts.join("") };
  } finally {
    spy.mockRestore();
  }
}

const check = (options: Partial<Parameters<typeof checkCommand>[1]> = {}, name = "door") =>
  said(() => checkCommand(name, { kernel: KERNEL, out: OUT, ...options }, SYSTEMS));

async function witnessPath(): Promise<string> {
  const { text } = await check({ json: true });
  const path = JSON.parse(text).properties[0].witness;
  expect(path).toMatch(/door-door-opens-mixed-4-[0-9a-f]{8}\.witness\.json$/);
  return path;
}

test("check: its verdict, its timeline, its table", async () => {
  const { exit, text } = await check();
  expect(exit).toBe(1);
  expect(text).toMatch(/heavy door \(door\): violated/);
  expect(text).toMatch(/^door-opens \(progress\): violated: within the visitors' patience$/m);
  expect(text).toMatch(/^ {2}mixed visitors\n {2}Times in seconds after they came\.$/m);
  expect(text).toMatch(/^ {2} *3 {2}a weak push$/m);
  expect(text).toContain("Nobody strong came twice in a row.");
  expect(text).toMatch(/^visitors +verdict +pushes\nstrong +holds +2\nmixed +violated +4$/m);
});

test("check --json: the shape that it declares, beside that of others", async () => {
  const document = JSON.parse((await check({ json: true })).text);
  const own = checkSchemaOf(door.figures.schema(z)).parse(document);
  expect(own.figures?.scenarios.map((one) => one.verdict)).toEqual(["holds", "violated"]);
  expect(schemasWith(SYSTEMS.map((one) => one.figures)).check.safeParse(document).success).toBe(true);
  expect(schemasWith([cifsEcho.figures]).check.safeParse(document).success).toBe(false);
});

test("check --replay: the same end on the same kernel, another one on another", async () => {
  const replay = await witnessPath();
  const again = await check({ replay });
  expect(again.exit).toBe(1);
  expect(again.text).toContain("the witness came to the same end, event for event");
  const other = await check({ replay, kernel: LIGHT });
  expect(other.exit).toBe(0);
  expect(other.text).toMatch(/\(door\): holds in this one history$/m);
  expect(other.text).toMatch(
    /: holds: on this kernel the door opens: in this one history, door-opens is not violated;/,
  );
});

test("a witness that was changed, or is another system's, is refused", async () => {
  const replay = await witnessPath();
  await expect(check({ replay }, "cifs-echo")).rejects.toThrow(/is a witness of "door", not of cifs-echo/);
  const damaged = join(FOLDER, "damaged.json");
  const witness = JSON.parse(readFileSync(replay, "utf8"));
  writeFileSync(damaged, JSON.stringify({ ...witness, scenario: { ...witness.scenario, hz: 250 } }));
  await expect(check({ replay: damaged })).rejects.toThrow(/is no good witness: scenario/);
  writeFileSync(damaged, JSON.stringify({ ...witness, expected: { ...witness.expected, pushes: 3 } }));
  await expect(check({ replay: damaged })).rejects.toThrow(/is damaged: on its own model, pushes was 3 and is now 4/);
});

test("its options narrow; those of another system are refused", async () => {
  const { exit, text } = await check({ own: { visitors: "strong" }, json: true });
  expect([exit, JSON.parse(text).figures.scenarios.length]).toEqual([0, 1]);
  await expect(check({ own: { visitors: "tall" } })).rejects.toThrow(/"tall" is not strong or mixed/);
  await expect(check({ own: { rtt: "5" } })).rejects.toThrow("--rtt: is an option of another system, not of door");
  await expect(check({ own: { visitors: "strong" }, replay: await witnessPath() })).rejects.toThrow(
    /--visitors: has no meaning with --replay/,
  );
});

test("check --validate: what has no exercise is not validated, and says so", async () => {
  const { exit, text } = await check({ validate: true });
  expect(exit).toBe(1);
  expect(text).toContain("translation not validated: door has no exercise");
});

test("model: its slice", async () => {
  const { text } = await said(() => modelCommand("door", { kernel: KERNEL, out: "-" }, SYSTEMS));
  expect(text).toContain("door_push");
});

test("fix: nothing to offer", async () => {
  await expect(fixCommand("door", { kernel: KERNEL, out: OUT }, SYSTEMS)).rejects.toThrow("has no candidates yet");
});

test("run: beside a system that the kernel lacks", async () => {
  const { exit, text } = await said(() => runCommand([], { kernel: KERNEL, out: OUT }, SYSTEMS));
  expect(exit).toBe(1);
  expect(text).toMatch(/^heavy door \(door\)\n {2}verdict {3}violated$/m);
  expect(text).toMatch(/SMB echo \(cifs-echo\): this kernel has no cifs_echo_request\(\)/);
  // In 12 orders two come in a row who are strong, or four push in vain; and one history of strong visitors.
  expect(text).toMatch(/^system +verdict +histories\ndoor +violated +13$/m);
  const none = kernelWith("none", "int nothing;\n");
  const absent = await said(() => runCommand(["door"], { kernel: none, out: OUT }, SYSTEMS));
  expect(absent.exit).toBe(0);
  expect(absent.text).toMatch(/door\): this kernel has no function door_shut, where the model of door begins/);
});
