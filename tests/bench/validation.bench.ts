/**
 * Histories of 50 decisions a second, model against compiled C, in two threads: the bar is 5,000 for cifs-echo. With
 * GROUNDHOG_HISTORIES=1000000 the long comparison: once, by hand, and any difference ends it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bench, describe } from "vitest";
import { kernelFolder } from "./kernels.ts";

const HISTORIES = Number(process.env.GROUNDHOG_HISTORIES ?? 50_000);
const BUNDLE = join(import.meta.dirname, "../../dist/groundhog.js");

interface Compared {
  readonly status: string;
  readonly histories: number;
}

/** The command itself, in two threads, with the least that check does besides. */
function validated(kernel: string): Compared {
  const out = mkdtempSync(join(tmpdir(), "groundhog-bench-"));
  try {
    const narrow = ["--hz", "250", "--echo-interval", "60", "--rtt", "1jiffy"];
    const words = ["check", "cifs-echo", "--kernel", kernel, ...narrow, "--json", "--out", out];
    const compare = ["--validate", "--histories", String(HISTORIES)];
    const { stdout } = spawnSync(process.execPath, [BUNDLE, ...words, ...compare], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    return JSON.parse(stdout).validation;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

const folders = [await kernelFolder("6.1"), await kernelFolder("6.12"), "sample"];

describe.skipIf(!existsSync(BUNDLE))(`${HISTORIES} histories`, () => {
  const options = { iterations: 1, time: 0, warmupIterations: 0, warmupTime: 0 };
  for (const kernel of folders) {
    bench(
      kernel,
      () => {
        const { status, histories } = validated(kernel);
        if (status !== "same" || histories !== HISTORIES) throw new Error(`${kernel}: ${status} after ${histories}`);
      },
      options,
    );
  }
});
