/** As tests/repair/recipes.property.test.ts, on kernels that people run: with the old bug, and disturbed at run time. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KernelSource } from "../../tools/kernel/source.ts";
import { RECIPE_NAMES, type Texts } from "../repair/echo-kernel.ts";
import { survey } from "../repair/steadiness.ts";
import { editedKernel } from "./edited.ts";
import { debianKernel } from "./kernels.ts";
import { waiting } from "./mutations.ts";

const FILES = ["fs/smb/client/cifsglob.h", "fs/smb/client/connect.c"];

async function textsOf(source: KernelSource): Promise<Texts> {
  const texts: Record<string, string> = {};
  for (const path of FILES) texts[path] = String((await source.read(path))?.toString("latin1"));
  return texts;
}

describe.each(["6.1", "6.12"])("linux-source-%s", (version) => {
  let supplied: Awaited<ReturnType<typeof debianKernel>>;
  let texts: Texts = {};
  beforeAll(async () => {
    supplied = await debianKernel(version);
    // As it was before it waited for three intervals: then every recipe has something to do.
    if (supplied.source !== null) texts = await textsOf(await editedKernel(supplied.source, waiting(2)));
  });
  afterAll(async () => supplied.source?.close());

  test.for(RECIPE_NAMES)("%s", (name, context) => {
    context.skip(supplied.source === null, supplied.why ?? "");
    const { applies, refuses } = survey(name, texts, { seed: 6, runs: 40 });
    expect(applies).toBeGreaterThan(refuses);
  });
});
