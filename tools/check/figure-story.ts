/**
 * What a system says of its figures: the shape of their JSON, and text as data. A system makes it, report/ lays it
 * out; both know only this.
 */
import type { z } from "zod";
import type { Zod } from "./witness.ts";

export interface Table {
  readonly head: readonly string[];
  /** One for each column. */
  readonly align: readonly ("left" | "right")[];
  readonly rows: readonly (readonly string[])[];
}

/** A line of text, an empty one to part paragraphs, or a table. */
export type Block = string | Table;

/** Something that can be said of a revision and may be another in the next. */
export interface Trait {
  /** What of, in a few words; the same in every revision. */
  readonly name: string;
  readonly text: string;
}

export interface FigureStory<Figures = unknown> {
  /** Every field with its unit in its name or its description: it is what `groundhog schema check` prints. */
  schema(zod: Zod): z.ZodType<Figures>;
  /**
   * What `check` prints of them.
   *
   * @param timersFrom the file that says how timers are rounded, or what was assumed
   */
  blocks(figures: Figures, timersFrom: string): readonly Block[];
  /** What somebody can do who meets a violation, a sentence each: `check` and `run` print them below the verdict. */
  advice?(figures: Figures): readonly string[];
  /**
   * The figures with what only a clock can tell of a check; tools/cli has one. Whatever else is in them does not depend
   * on it.
   *
   * @param seconds of one thread's time that the jobs took
   */
  timed?(figures: Figures, seconds: number): Figures;
  /** Heads of the columns in which `run` sums them up, and what stands there. */
  readonly columns: readonly string[];
  cells(figures: Figures): readonly string[];
  /** What a history tells when it changes, in the order in which it is told; the same names whatever the figures. */
  traits(figures: Figures): readonly Trait[];
}
