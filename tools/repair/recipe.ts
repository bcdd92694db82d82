/**
 * What a recipe is: one way to repair a probe, described in terms of the code's structure. patches/ imports these types
 * only; the workbench comes in as an argument.
 */
import type { Workbench } from "./workbench.ts";

export interface Recipe {
  /** Lower case with dashes; the name of its file, too. */
  readonly name: string;
  /** What is changed, in a few words, for a table. */
  readonly title: string;
  /** The subject line after the subsystem's prefix. */
  readonly subject: string;
  /** What the patch does and why that helps: Handlebars text that the commit message's template takes in. */
  readonly change: string;
  /** Makes the edits on the workbench. Ends early through bench.refuse() or bench.alreadyThere(). */
  readonly edit: (bench: Workbench) => void;
}

/** A source that a recipe does not recognise: where it stopped, and why. */
export class NotRecognised extends Error {
  override readonly name = "NotRecognised";

  constructor(
    readonly file: string,
    /** 1-based. */
    readonly line: number,
    readonly reason: string,
  ) {
    super(`${file}:${line}: ${reason}`);
  }
}

/** The source already has what the recipe would bring. */
export class AlreadyThere extends Error {
  override readonly name = "AlreadyThere";
}

/** The text [start, end) of a file is replaced; both are byte offsets of the file before all edits. */
export interface Edit {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  /** ASCII. */
  readonly text: string;
  /** The function, struct or macro that the edit is in: nothing outside of these may change. */
  readonly within: Region;
}

/** A named stretch of a file before all edits; a `whole-function` goes, with its comment and a blank line. */
export interface Region {
  readonly kind: "function" | "whole-function" | "struct" | "macro";
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** What a recipe makes of a source. */
export type Proposal =
  | { readonly kind: "edits"; readonly edits: readonly Edit[] }
  | { readonly kind: "already-there"; readonly why: string }
  | { readonly kind: "not-recognised"; readonly file: string; readonly line: number; readonly reason: string };
