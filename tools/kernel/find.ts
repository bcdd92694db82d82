/**
 * Where things are in a kernel. Found by looking, never by version: distributions move and backport.
 */
import type { KernelSource } from "./source.ts";

/** The SMB client moved from fs/cifs to fs/smb/client in Linux 6.4, and in later 6.1 stable kernels too. */
const SMB_CLIENT_FOLDERS = ["fs/smb/client", "fs/cifs"] as const;

/** The timer wheel moved from kernel/timer.c to kernel/time/timer.c in Linux 3.17. */
const TIMER_FILES = ["kernel/time/timer.c", "kernel/timer.c"] as const;

/**
 * The folder of the SMB client.
 * @returns null when the tree has none
 */
export async function smbClientFolder(source: KernelSource): Promise<string | null> {
  for (const folder of SMB_CLIENT_FOLDERS) {
    if ((await source.list(folder)).some((path) => path.endsWith(".c"))) {
      return folder;
    }
  }
  return null;
}

/**
 * The file with the timer wheel.
 * @returns null when the tree (often a partial one) has none
 */
export async function timerSource(source: KernelSource): Promise<string | null> {
  for (const path of TIMER_FILES) {
    if ((await source.list(path)).includes(path)) {
      return path;
    }
  }
  return null;
}
