/** A system's model made from a kernel: the scan that the translator reads, and what the kernel's timers are like. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { System } from "../../kernel-models/system.ts";
import type { Configuration } from "../c/configuration.ts";
import type { ParseChecker } from "../c/parse-check.ts";
import type { Program } from "../c/program.ts";
import { InputError } from "../kernel/input-error.ts";
import type { KernelSource } from "../kernel/source.ts";
import { type KernelTimers, kernelTimers } from "../timing/kernel-timers.ts";
import { scanKernel } from "../timing/scan.ts";
import { MissingEntryError, type TranslatedSlice, type Translation, translateSlice } from "../translate/model.ts";
import { installationFolder } from "./surroundings.ts";

/** A model's text with all that is known of its kernel. */
export interface KernelModel extends Translation, KernelTimers {
  /** What else of the kernel the system's surroundings depend on; null where they depend on nothing. */
  readonly kernel: unknown;
}

/** How a model reaches the simulator: from a folder of kernel-models/, such as generated/. */
const SIMULATOR_PATH = "../../tools/simulator";
/** Models are for 64-bit machines. */
export const LONG_BITS = 64;

/** Coverage is the business of scan. */
export const NO_CHECKER: ParseChecker = { add: () => 0, finish: async () => [] };

/** The kernel's C, without the coverage that scan and run tell of. */
export async function programOf(source: KernelSource, configuration: Configuration): Promise<Program> {
  return (await scanKernel(source, [], configuration, NO_CHECKER)).program;
}

/** A model with what the translator knows of its slice. */
export interface KernelSlice {
  readonly model: KernelModel;
  readonly slice: TranslatedSlice;
}

/** Translates a system's slice of a kernel; see sliceOf(). */
export async function modelOf(source: KernelSource, program: Program, system: System): Promise<KernelModel> {
  return (await sliceOf(source, program, system)).model;
}

/**
 * Translates a system's slice of a kernel.
 *
 * @throws InputError when the kernel does not have the system
 */
export async function sliceOf(
  source: KernelSource,
  program: Program,
  system: Pick<System, "model" | "kernelFacts">,
): Promise<KernelSlice> {
  const timers = await kernelTimers(source);
  const template = readFileSync(join(installationFolder(), "templates", "model.ts.hbs"), "utf8");
  try {
    const slice = translateSlice(program, system.model, {
      kernel: { id: source.id, version: source.version },
      longBits: LONG_BITS,
      template,
      simulatorPath: SIMULATOR_PATH,
    });
    const read = async (path: string): Promise<string | null> => (await source.read(path))?.toString("latin1") ?? null;
    const kernel = (await system.kernelFacts?.(read)) ?? null;
    return { model: { ...slice.translation, ...timers, kernel }, slice };
  } catch (error) {
    if (error instanceof MissingEntryError) throw new InputError(source.id, error.message, { cause: error });
    throw error;
  }
}
