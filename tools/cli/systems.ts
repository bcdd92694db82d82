/** Systems by name. */
import { SYSTEMS } from "../../kernel-models/registry.ts";
import type { System } from "../../kernel-models/system.ts";
import { InputError } from "../kernel/input-error.ts";
import type { KernelSource } from "../kernel/source.ts";

/** Where systems are looked up: the registry, but for tests that bring their own. */
export type Systems = readonly System[];

/**
 * The system of that name.
 *
 * @throws InputError when there is none
 */
export function systemNamed(name: string, systems: Systems = SYSTEMS): System {
  const system = systems.find((one) => one.name === name);
  if (system === undefined) {
    throw new InputError(name, `no such system; there are ${systems.map((one) => one.name).join(", ")}`);
  }
  return system;
}

/** `a, b or c` */
function listed(words: readonly string[], conjunction: string): string {
  return [words.slice(0, -1).join(", "), ...words.slice(-1)].filter(Boolean).join(` ${conjunction} `);
}

/**
 * That a kernel has the C of one of some systems at least.
 *
 * @throws InputError naming the folders that it lacks
 */
export async function requireFolders(source: KernelSource, systems: readonly System[]): Promise<void> {
  const folders = [...new Set(systems.flatMap((one) => one.folders))];
  for (const folder of folders) if ((await source.list(folder)).some((path) => path.endsWith(".c"))) return;
  const names = systems.map((one) => one.name);
  const are = names.length === 1 ? "is" : "are";
  throw new InputError(source.id, `has no ${listed(folders, "or")}, where ${listed(names, "and")} ${are}`);
}
