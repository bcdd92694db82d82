/** The second thread may be missing or die at any time: the answers must be the same. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parallelChecker } from "../../tools/c/parallel-check.ts";
import { checkJob, type ParseJob } from "../../tools/c/parse-check.ts";
import { readC } from "./fixtures.ts";

const JOBS: readonly ParseJob[] = Array.from({ length: 60 }, (_, i) => {
  const text = `int good${i}(void)\n{\n\treturn ${i};\n}\nint bad${i}(void)\n{\n\t${i % 3 === 0 ? "int = 3 +;" : "return 1;"}\n}\n`;
  return readC(text).pieces.map((piece) => piece.job);
}).flat();

/** What a thread does that takes a job and never answers. */
const TAKES_AND_DIES = `
import { parentPort } from "node:worker_threads";
let claims;
parentPort.on("message", (message) => {
  if (message.kind === "start") claims = new Int32Array(message.claims);
  if (message.kind === "job" && message.number < 5) Atomics.compareExchange(claims, message.number, 0, 1);
  if (message.kind === "job" && message.number === 5) process.exit(1);
});
`;

describe("a parallel checker", () => {
  let folder = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "groundhog-worker-test-"));
    // The bundle finds tree-sitter's native part through the project's packages.
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "dies.mjs"), TAKES_AND_DIES);
    writeFileSync(join(folder, "throws.mjs"), "throw new Error('no memory');\n");
    await build({
      entryPoints: ["tools/c/parse-worker.ts"],
      outfile: join(folder, "works.mjs"),
      bundle: true,
      platform: "node",
      format: "esm",
      packages: "external",
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(["works.mjs", "dies.mjs", "throws.mjs", "missing.mjs"])(
    "%s: every job has its answer, under its number",
    async (script) => {
      const checker = parallelChecker(pathToFileURL(join(folder, script)));
      const numbers = JOBS.map((job) => checker.add(job));
      // Gives the thread time to take some; the answers do not depend on how many.
      await new Promise((resolve) => setTimeout(resolve, 100));
      const results = await checker.finish();
      await checker.close();
      expect(numbers).toEqual(JOBS.map((_, i) => i));
      expect(results).toEqual(JOBS.map(checkJob));
      expect(results.filter((failures) => failures.length > 0).length).toBe(20);
    },
  );

  test("without jobs it ends", async () => {
    const checker = parallelChecker(pathToFileURL(join(tmpdir(), "groundhog-no-such-worker.mjs")));
    expect(await checker.finish()).toEqual([]);
    await checker.close();
  });
});
