/** Real kernels for measurements: unpacked once into a folder, so that what is timed starts from a directory. */
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openKernel } from "../../tools/kernel/open.ts";

const WANTED = ["fs/smb", "fs/cifs", "net/sunrpc", "include/linux", "include/net", "include/uapi/linux", "kernel/time"];

/** A folder with the parts of a Debian kernel that scans read; got through the tool's own cache. */
export async function kernelFolder(version: string): Promise<string> {
  const cache = process.env.GROUNDHOG_TEST_CACHE ?? join(tmpdir(), "groundhog-test-cache");
  const source = await openKernel(`debian:${version}`, {
    wanted: WANTED,
    cacheDirectory: cache,
    sampleDirectory: "",
    workingDirectory: process.cwd(),
  });
  const folder = join(tmpdir(), `groundhog-bench-${version}`);
  for (const prefix of [...WANTED, "Makefile"]) {
    for (const path of await source.list(prefix)) {
      const text = await source.read(path);
      if (text === null) continue;
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }
  await source.close();
  return folder;
}
