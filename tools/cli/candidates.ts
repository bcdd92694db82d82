/** Recipes by system, and a kernel with the edit of one of them. */

import type { RepairableSystem, System } from "../../kernel-models/system.ts";
import { RECIPES } from "../../patches/registry.ts";
import type { Program } from "../c/program.ts";
import { InputError } from "../kernel/input-error.ts";
import type { KernelSource } from "../kernel/source.ts";
import { patchedSource } from "../repair/patched-source.ts";
import { propose } from "../repair/propose.ts";
import type { Recipe } from "../repair/recipe.ts";
import { patchedFiles } from "../repair/verify-edits.ts";
import { collectTimingFacts } from "../timing/collect.ts";
import type { Fact } from "../timing/fact.ts";
import { type Probe, probeOf } from "../timing/probe.ts";

/** Whether there are candidates for a system, and it says what they are compared by. */
export function isRepairable(system: System): system is RepairableSystem {
  return system.repair !== undefined && recipesOf(system).length > 0;
}

/** All recipes of a system. */
export function recipesOf(system: System): readonly Recipe[] {
  return RECIPES[system.name] ?? [];
}

/**
 * The recipe of that name.
 *
 * @param option what to name in the error
 * @throws InputError when there is none
 */
export function recipeNamed(system: System, name: string, option: string): Recipe {
  const recipes = recipesOf(system);
  const recipe = recipes.find((one) => one.name === name);
  if (recipe !== undefined) return recipe;
  const known = recipes.map((one) => one.name).join(", ") || "none yet";
  throw new InputError(option, `there is no candidate ${JSON.stringify(name)} for ${system.name}; there are ${known}`);
}

/**
 * The probe of a system in a kernel's facts; null for a system that is not about one.
 *
 * @throws InputError when the kernel has none
 */
export function probeIn(system: System, facts: readonly Fact[], id: string): Probe | null {
  if (system.probe === undefined) return null;
  const probe = probeOf(facts, system.probe);
  if (probe === null) throw new InputError(id, `has no ${system.probe}() that is bound to a work item`);
  return probe;
}

/** A kernel source with what was read of it. */
export interface ReadKernel {
  readonly source: KernelSource;
  readonly program: Program;
}

/**
 * The kernel with a recipe's edit made; nothing is written.
 *
 * @throws InputError when the recipe does not apply, with the place where it stopped
 */
export function withCandidate(system: System, { source, program }: ReadKernel, name: string): ReadKernel {
  const recipe = recipeNamed(system, name, `--candidate ${name}`);
  const probe = probeIn(system, collectTimingFacts(program).facts, source.id);
  const proposal = propose(recipe, program, probe);
  if (proposal.kind === "already-there")
    throw new InputError(`--candidate ${name}`, `is there already: ${proposal.why}`);
  if (proposal.kind === "not-recognised") {
    throw new InputError(`${proposal.file}:${proposal.line}`, `${name} does not apply: ${proposal.reason}`);
  }
  const changed = patchedFiles(program.files, proposal.edits);
  return { source: patchedSource(source, changed), program: program.replaced(changed) };
}
