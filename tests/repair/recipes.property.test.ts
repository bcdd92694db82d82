/** Whatever else stands around, a recipe makes the same edit or says why not; and never touches another place. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { disturbance, pieces, undone } from "./disturbed.ts";
import { type Applied, applyTo, ECHO, RECIPE_NAMES, sampleTexts } from "./echo-kernel.ts";
import { survey } from "./steadiness.ts";

const cache = mkdtempSync(join(tmpdir(), "groundhog-property-test-"));
afterAll(() => rmSync(cache, { recursive: true }));

describe.each([5, 9, 12])("the sample's step %i", (step) => {
  test.each(RECIPE_NAMES)("%s", async (name) => {
    const { applies, refuses } = survey(name, await sampleTexts(step, cache), { seed: step, runs: 60 });
    if (step === 12 && name === "three-intervals") expect(applies).toBe(0);
    else expect(applies).toBeGreaterThan(refuses);
  });
});

describe("the oracle", () => {
  /** A recipe that also does something else, but only where the text is disturbed. */
  const spoiled =
    (before: RegExp, after: string) =>
    (name: string, texts: Readonly<Record<string, string>>): Applied => {
      const applied = applyTo(name, texts);
      if (!Object.values(texts).some((text) => /mark\(\)|local_|\/\* so \*\//.test(text))) return applied;
      const edited = Object.entries(applied.after).map(([path, text]) => [path, text.replace(before, after)]);
      return { ...applied, after: Object.fromEntries(edited) };
    };

  test.each([
    ["in another function", /generic_ip_connect/, "generic_ip_connec"],
    ["to a blank outside of functions", /\n\n/, "\n"],
    ["to a comment of another function", /Hangs up/, "hangs up"],
    ["in the function that waits", /return false;/, "return true;"],
    ["to the condition before the guard", /!=/, "=="],
    ["to the arming", /cifsiod_wq,/, "system_wq,"],
    ["to the struct", /struct delayed_work/, "struct work_struct"],
  ])("sees a change %s", async (_, before, after) => {
    const texts = await sampleTexts(9, cache);
    const apply = spoiled(before, after);
    expect(() => survey("look-twice", texts, { seed: 1, runs: 60, apply })).toThrow("Property failed");
  });

  test("sees a refusal without a reason, or at a place that has nothing to do with it", async () => {
    const texts = await sampleTexts(9, cache);
    const refusing =
      (reason: string, line: number) =>
      (name: string, all: typeof texts): Applied => {
        const proposal = { kind: "not-recognised", file: "fs/cifs/connect.c", line, reason } as const;
        return { ...applyTo(name, all), proposal, edits: [], after: all };
      };
    for (const apply of [refusing("", 30), refusing("why", 1)]) {
      expect(() => survey("look-twice", texts, { seed: 1, runs: 20, apply })).toThrow("Property failed");
    }
  });

  test("undoes what disturbs, and nothing else", () => {
    expect(undone("if (a) {\n\t/* x */ goto out; // y\n}\nmark();\nlocal_rc = 1;")).toBe(
      undone("if(a) goto out; rc = 1;"),
    );
    expect(undone("a = 1;")).not.toBe(undone("a = 2;"));
    expect(undone("a->b();")).not.toBe(undone("a->c();"));
    expect(undone('"/* a */"')).not.toBe(undone('""'));
  });

  test("takes texts apart so that they can be put together again", () => {
    expect(
      pieces(ECHO)
        .map(({ gap, token }) => gap + token)
        .join(""),
    ).toBe(ECHO);
  });

  test("meets every kind of disturbance", () => {
    const kinds = new Set(fc.sample(disturbance, { seed: 1, numRuns: 100 }).map((one) => one.kind));
    expect([...kinds].sort()).toEqual(["braces", "gap", "move", "rename", "statement"]);
  });
});
