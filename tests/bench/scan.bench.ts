/**
 * Scanning against raw tree-sitter on the same files in the same process, and the whole command against spatch.
 *
 * Run with `npm run bench`. The figures that count are the ratios; spatch (Debian's coccinelle) is optional.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Parser from "tree-sitter";
import C from "tree-sitter-c";
import { bench, describe } from "vitest";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import { openDirectory } from "../../tools/kernel/directory.ts";
import { scanKernel } from "../../tools/timing/scan.ts";
import { kernelFolder } from "./kernels.ts";

const folder = await kernelFolder("6.1");
const paths = ["fs/smb/client", "net/sunrpc"];
const wanted = ["fs/smb", "net/sunrpc", "include"];

const source = await openDirectory(folder, folder, wanted);
const names = (await Promise.all(paths.map((path) => source.list(path)))).flat().filter((name) => /\.[ch]$/.test(name));
const texts = names.map((name) => readFileSync(join(folder, name), "latin1"));

/** A two-rule semantic patch: work that re-arms itself, and comparisons of jiffies. */
const SEMANTIC_PATCH = `@rearm@
identifier f, w;
expression q, i, d;
@@
f(struct work_struct *w) { <...
* queue_delayed_work(q, i, d)
...> }

@compare@
expression a, b;
@@
(
* time_after(a, b)
|
* time_before(a, b)
)
`;

describe("SMB client and net/sunrpc of 6.1, in one process", () => {
  bench("raw tree-sitter parse", () => {
    const parser = new Parser();
    parser.setLanguage(C as unknown as Parser.Language);
    for (const text of texts) parser.parse(text, undefined, { bufferSize: 2 * text.length + 64 });
  });

  bench("groundhog scan", async () => {
    const kernel = await openDirectory(folder, folder, wanted);
    await scanKernel(kernel, paths, everythingEnabled());
  });
});

describe("the whole command, cold, from a directory", () => {
  bench("groundhog scan", () => {
    execFileSync(process.execPath, ["dist/groundhog.js", "scan", "--kernel", folder], { maxBuffer: 1e8 });
  });

  const hasSpatch = spawnSync("spatch", ["--version"]).status === 0;
  const patch = join(mkdtempSync(join(tmpdir(), "groundhog-spatch-")), "timing.cocci");
  writeFileSync(patch, SEMANTIC_PATCH);
  // spatch takes one folder at a time; the two figures add up.
  for (const path of paths) {
    bench.skipIf(!hasSpatch)(
      `spatch, two rules, ${path}`,
      () => {
        const args = ["--sp-file", patch, "--jobs", "2", "--very-quiet", "--dir", join(folder, path)];
        const { status, stdout, stderr } = spawnSync("spatch", args, { maxBuffer: 1e8 });
        if (status !== 0 || stdout.length === 0) throw new Error(`spatch: ${status} ${stderr.toString()}`);
      },
      { iterations: 2, warmupIterations: 0, time: 0 },
    );
  }
});
