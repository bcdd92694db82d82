/** What a system folder exports: everything that tools/ take from it, and nothing that they know of it themselves. */
import type { DraftStory } from "../tools/check/draft-story.ts";
import type { Exercise } from "../tools/check/exercise.ts";
import type { FigureStory } from "../tools/check/figure-story.ts";
import type { NarrowingOption } from "../tools/check/narrowing.ts";
import type { Runner, RunOutcome } from "../tools/check/run.ts";
import type { SystemProperties } from "../tools/check/system-check.ts";
import type { CheckResult } from "../tools/check/verdict.ts";
import type { WitnessStory } from "../tools/check/witness.ts";
import type { RepairStory } from "../tools/repair/candidate.ts";
import type { MachineParts } from "../tools/simulator/machine-modules.ts";
import type { SystemEntry } from "../tools/timing/probe.ts";
import type { SystemModel } from "../tools/translate/boundary.ts";

/** Where a runner says which machine a model's calls are about, before it sets a model up or lets one run. */
export interface MachineSlot {
  readonly enter: (parts: MachineParts) => void;
  /** The model's text, as it was translated. */
  readonly text: string;
}

/**
 * A system that is translated, run and checked.
 *
 * What is a method here is one so that a system of its own scenarios, records and figures is also a `System` of unknown
 * ones: code that knows no system carries them from one of its methods to another, and never looks into them.
 *
 * @typeParam Scenario one simulated history, as plain data: a witness holds it
 * @typeParam Run what came of it, as plain data
 * @typeParam Figures what a whole check measures, as plain data
 */
export interface System<Scenario = unknown, Run extends RunOutcome = RunOutcome, Figures = unknown>
  extends SystemEntry {
  /** Where its C is, wherever a tree has it; one of them is enough. */
  readonly folders: readonly string[];
  /** What to slice, and where it begins. */
  readonly model: SystemModel;
  /** What changes the system besides its folders: a commit that touches one of these is one of its commits. */
  readonly beside: readonly string[];
  /**
   * @param model what the generated module exports
   * @param facts what the translation says besides the text
   */
  createRunner(model: Readonly<Record<string, unknown>>, facts: unknown, machine?: MachineSlot): Runner<Scenario, Run>;
  /**
   * `frames`: the model runs on a Machine of several CPUs, whose schedules can be explored. createRunner() gets where
   * the parts of each machine are to be put, and the model's text. On a Simulation when absent.
   */
  readonly execution?: "frames";
  /**
   * What else of a kernel's sources the surroundings depend on, as plain data; it is among the facts of
   * createRunner(), as `kernel`.
   *
   * @param read the text of a file, null where the tree does not have it
   */
  kernelFacts?(read: (path: string) => Promise<string | null>): Promise<unknown>;
  readonly properties: SystemProperties<Scenario, Run, Figures>;
  /** With which options `check` and `fix` narrow what is explored; none for a system without any. */
  readonly options: readonly NarrowingOption[];
  readonly witness: WitnessStory<Scenario, Run>;
  readonly figures: FigureStory<Figures>;
  /** Random histories for comparing the model with compiled C; a system without cannot be validated. */
  readonly exercise?: Exercise;
  /** What bug reports and replies say of a violation; a system without has no drafts. */
  readonly draft?: DraftStory<CheckResult<Scenario, Figures>>;
  /** What candidate patches are compared by, and what their messages tell; a system without is not repaired. */
  readonly repair?: RepairStory<CheckResult<Scenario, Figures>>;
}

/** A system for which there may be candidate patches. */
export interface RepairableSystem<Scenario = unknown, Run extends RunOutcome = RunOutcome, Figures = unknown>
  extends System<Scenario, Run, Figures> {
  readonly repair: RepairStory<CheckResult<Scenario, Figures>>;
}
