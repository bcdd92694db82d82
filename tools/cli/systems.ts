/** Systems by name. */
import { SYSTEMS } from "../../kernel-models/registry.ts";
import type { System } from "../../kernel-models/system.ts";
import { InputError } from "../kernel/input-error.ts";

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
