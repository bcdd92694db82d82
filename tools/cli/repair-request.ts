/** What is asked of a repair, and of which kernel. */

import type { RepairableSystem } from "../../kernel-models/system.ts";
import type { Configuration } from "../c/configuration.ts";
import type { Program } from "../c/program.ts";
import type { KernelSource } from "../kernel/source.ts";
import type { Author } from "../repair/scratch-git.ts";
import type { Fact } from "../timing/fact.ts";
import type { Checked, Narrowing } from "./check-system.ts";

/** What the command line says of a repair. */
export interface RepairRequest {
  readonly narrowing: Narrowing;
  /** Names of candidates to make a series of, in order; null for a comparison of all. */
  readonly series: readonly string[] | null;
  /** Lines such as `Link: https://...`. */
  readonly trailers: readonly string[];
  readonly compiles: boolean;
  /** Candidates that are not offered go through git and checkpatch, too. */
  readonly triesAll: boolean;
  readonly author: Author;
  /** For scratch repositories, and for header packages. */
  readonly cacheDirectory: string;
}

/** A kernel with what is known of it before any repair. */
export interface Subject {
  readonly system: RepairableSystem;
  readonly source: KernelSource;
  readonly configuration: Configuration;
  readonly program: Program;
  readonly facts: readonly Fact[];
  readonly before: Checked;
}
