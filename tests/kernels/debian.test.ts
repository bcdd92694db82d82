/**
 * The linux-source packages of the system's apt. Kept in GROUNDHOG_TEST_CACHE, or a folder below the system's temporary
 * one, so that only the first run downloads.
 */
import { statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { smbClientFolder, timerSource } from "../../tools/kernel/find.ts";
import { openKernel } from "../../tools/kernel/open.ts";
import { findProgram } from "../../tools/kernel/programs.ts";
import type { KernelSource, OpenOptions } from "../../tools/kernel/source.ts";
import { expectInputError, opened, options, temporaryFolder, withPath } from "../kernel/fixtures.ts";

const CACHE = process.env.GROUNDHOG_TEST_CACHE ?? join(tmpdir(), "groundhog-test-cache");
const WANTED = ["fs/smb/client", "fs/cifs", "net/sunrpc", "kernel/time", "kernel/timer.c"];
const NONE = ["/nonexistent"];

function room(changes: Partial<OpenOptions> = {}): OpenOptions {
  return options({ wanted: WANTED, cacheDirectory: CACHE, ...changes });
}

function onlyXz(): string {
  const folder = temporaryFolder();
  const xz = findProgram("xz");
  if (xz !== null) {
    symlinkSync(xz, join(folder, "xz"));
  }
  return folder;
}

describe.each(["6.1", "6.12"])("debian:%s", (version) => {
  let why: string | null = null;

  beforeAll(async () => {
    // Not in a test, because the first run downloads 150 MB.
    const source: KernelSource | null = await openKernel(`debian:${version}`, room()).catch((error: Error) => {
      why = error.message;
      return null;
    });
    await source?.close();
  });

  test("has the SMB client, sunrpc and the timer wheel; and no apt is run any more", async (context) => {
    context.skip(why !== null, `apt cannot supply linux-source-${version}: ${why}`);
    const lines: string[] = [];
    const start = performance.now();
    const source = await withPath(NONE, () =>
      opened(openKernel(`debian:${version}`, room({ progress: (line) => lines.push(line) }))),
    );
    expect(lines).toEqual([]);
    expect(source.id).toBe(`debian:${version}`);
    expect(source.version).toMatch(new RegExp(`^${version}\\.\\d+$`));
    expect(await smbClientFolder(source)).toBe("fs/smb/client");
    expect(await timerSource(source)).toBe("kernel/time/timer.c");
    expect(String(await source.read("net/sunrpc/xprt.c"))).toContain("xprt_reconnect_delay");
    const files = [...(await source.list("fs/smb/client")), ...(await source.list("net/sunrpc"))];
    expect(files.filter((file) => /\.[ch]$/.test(file)).length).toBeGreaterThan(130);
    expect(source.notes).toEqual([]);
    // Measured 55 ms in a new process, all told.
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  test("gives another folder from the package in the cache", async (context) => {
    context.skip(why !== null, `apt cannot supply linux-source-${version}: ${why}`);
    const lines: string[] = [];
    // Without apt-get on PATH a download is impossible. One of the two kernels is unpacked without xz as well.
    const machine = version === "6.1" ? NONE : [onlyXz()];
    const extra = room({ wanted: [...WANTED, "fs/nfs"], progress: (line) => lines.push(line) });
    const parts = join(CACHE, "debian", version, "parts");
    const before = statSync(parts).mtimeMs;
    const source = await withPath(machine, () => opened(openKernel(`debian:${version}`, extra)));
    expect(await source.read("fs/nfs/super.c")).not.toBeNull();
    expect(lines.every((line) => /^unpacking fs\/nfs from linux-source/.test(line))).toBe(true);
    expect(lines.length).toBe(statSync(parts).mtimeMs === before ? 0 : 1);
  });
});

describe("what apt does not have", () => {
  test("is told in one line with apt's reason", async () => {
    const elsewhere = join(temporaryFolder(), "cache");
    await expectInputError(
      openKernel("debian:0.99", room({ cacheDirectory: elsewhere })),
      /^debian:0\.99: (apt-get cannot download linux-source-0\.99 \(.+\)(?:; there are debian:.*)?|apt-get is not on this machine.*)$/,
    );
  });
});
