/** Systems by name, and those among them that have a model to check. */
import { SYSTEMS } from "../../kernel-models/registry.ts";
import type { Exercise } from "../check/exercise.ts";
import type { RunScenario } from "../check/scenario.ts";
import type { SystemProperties } from "../check/system-check.ts";
import { InputError } from "../kernel/input-error.ts";
import type { RepairStory } from "../repair/candidate.ts";
import type { SystemEntry } from "../timing/probe.ts";
import type { SystemModel } from "../translate/model.ts";

/** A system that is translated, run and checked. */
export interface CheckableSystem extends SystemEntry {
  /** What to slice, and where it begins. */
  readonly model: SystemModel;
  /**
   * @param model what the generated module exports
   * @param facts what the translation says besides the text
   */
  readonly createRunner: (model: Readonly<Record<string, unknown>>, facts: unknown) => RunScenario;
  readonly properties: SystemProperties;
  /** Random histories for comparing the model with compiled C; a system without cannot be validated. */
  readonly exercise?: Exercise;
  /** What candidate patches are compared by, and what their messages tell. */
  readonly repair: RepairStory;
}

/**
 * The system of that name.
 *
 * @throws InputError when there is none
 */
export function systemNamed(name: string): SystemEntry {
  const system = SYSTEMS.find((one) => one.name === name);
  if (system === undefined) {
    throw new InputError(name, `no such system; there are ${SYSTEMS.map((one) => one.name).join(", ")}`);
  }
  return system;
}

/** Whether a system has a model. */
export function isCheckable(system: SystemEntry): system is CheckableSystem {
  return "model" in system && "createRunner" in system && "properties" in system && "repair" in system;
}

/**
 * The system of that name, with its model.
 *
 * @throws InputError when there is no such system, or none that is modelled
 */
export function checkableSystem(name: string): CheckableSystem {
  const system = systemNamed(name);
  if (!isCheckable(system)) throw new InputError(name, "has no model yet");
  return system;
}
