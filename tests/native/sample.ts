/** The sample kernel for comparisons, as it is and with edits in its C. */
import { join } from "node:path";
import { ALWAYS_WANTED } from "../../tools/cli/surroundings.ts";
import { openKernel } from "../../tools/kernel/open.ts";
import type { KernelSource } from "../../tools/kernel/source.ts";
import { type Edit, editedKernel } from "../kernels/edited.ts";
import { CACHE } from "./setup.ts";

const PROJECT = join(import.meta.dirname, "../..");

/** The sample kernel at a step of its history; the newest when absent. */
export function sampleKernel(step?: number): Promise<KernelSource> {
  return openKernel(step === undefined ? "sample" : `sample@${step}`, {
    wanted: ALWAYS_WANTED,
    cacheDirectory: CACHE,
    sampleDirectory: join(PROJECT, "kernel-models/sample"),
    workingDirectory: PROJECT,
  });
}

/** The same with texts of a file replaced. */
export async function editedSample(edit: Edit): Promise<KernelSource> {
  return editedKernel(await sampleKernel(), [edit]);
}
