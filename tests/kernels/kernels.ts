/**
 * Real kernels for tests: linux-source packages of the system's apt, kept in GROUNDHOG_TEST_CACHE or in a folder below
 * the system's temporary one, so that only the first run downloads.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ALWAYS_WANTED } from "../../tools/cli/surroundings.ts";
import { InputError } from "../../tools/kernel/input-error.ts";
import { openKernel } from "../../tools/kernel/open.ts";
import type { KernelSource } from "../../tools/kernel/source.ts";

export const CACHE = process.env.GROUNDHOG_TEST_CACHE ?? join(tmpdir(), "groundhog-test-cache");

/** What the tests read of a kernel: as the commands do, so that a package is unpacked once for all. */
export const WANTED = ALWAYS_WANTED;

/** A kernel, or the reason why this machine cannot have it. */
export type Supplied =
  | { readonly source: KernelSource; readonly why: null }
  | { readonly source: null; readonly why: string };

/**
 * Opens `debian:VERSION`.
 *
 * @returns the reason instead where apt-get is missing, offline, or does not offer the package; other errors are thrown,
 * because they are bugs
 */
export async function debianKernel(version: string): Promise<Supplied> {
  const options = {
    wanted: WANTED,
    cacheDirectory: CACHE,
    sampleDirectory: "/nonexistent",
    workingDirectory: tmpdir(),
  };
  try {
    return { source: await openKernel(`debian:${version}`, options), why: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { source: null, why: `apt cannot supply linux-source-${version}: ${error.message}` };
  }
}
