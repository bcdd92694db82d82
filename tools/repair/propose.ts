/** A recipe applied to a source: its edits, or why there are none. */
import type { Program } from "../c/program.ts";
import type { Probe } from "../timing/probe.ts";
import { AlreadyThere, type Edit, NotRecognised, type Proposal, type Recipe } from "./recipe.ts";
import { Workbench } from "./workbench.ts";

/**
 * Asks a recipe for its edits; nothing is changed.
 *
 * @param probe null for a system that is not about one
 * @throws whatever is no refusal: a fault of the recipe
 */
export function propose(recipe: Recipe, program: Program, probe: Probe | null): Proposal {
  const bench = new Workbench(program, probe);
  try {
    recipe.edit(bench);
  } catch (error) {
    if (error instanceof AlreadyThere) return { kind: "already-there", why: error.message };
    if (error instanceof NotRecognised) {
      return { kind: "not-recognised", file: error.file, line: error.line, reason: error.reason };
    }
    throw error;
  }
  return { kind: "edits", edits: bench.edits.all.map((edit) => withLineEnds(program, edit)) };
}

/** The edit with line ends as its file has them. */
function withLineEnds(program: Program, edit: Edit): Edit {
  const source = program.files.find((one) => one.path === edit.file)?.masked.source ?? "";
  const isDos = source[source.indexOf("\n") - 1] === "\r";
  return isDos ? { ...edit, text: edit.text.replace(/\r?\n/g, "\r\n") } : edit;
}
