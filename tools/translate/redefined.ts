/**
 * Names that the translator treats itself (primitives, locks, what the environment plays, macros that it words in its
 * own way), and that the client makes macros of: what they mean there, nobody has read. The macros of the kernel's own
 * headers are what the translator knows these names for.
 */
import type { CFunction } from "../c/file.ts";
import { IDENTIFIER } from "../c/lex.ts";
import type { ModelContext } from "./context.ts";
import type { Token } from "./expand.ts";
import type { ParsedFunction } from "./function.ts";
import { knownMacro } from "./known-macros.ts";

const answers = new WeakMap<ParsedFunction, string | null>();

/**
 * Says which name of a function is such a macro; null where none is.
 *
 * @param expanded the function with its macros expanded: a name may come out of another macro
 * @param tokens the function as it is written
 */
export function redefinedName(
  model: ModelContext,
  fn: CFunction,
  expanded: ParsedFunction,
  tokens: readonly Token[],
): string | null {
  let answer = answers.get(expanded);
  if (answer === undefined) {
    const written = tokens.filter((token) => token.kind === IDENTIFIER).map((token) => token.text);
    const names = new Set([...written, ...(expanded.text.text.match(/[A-Za-z_]\w*/g) ?? [])]);
    answer = [...names].map((name) => redefinition(model, fn, name)).find((one) => one !== null) ?? null;
    answers.set(expanded, answer);
  }
  return answer;
}

function redefinition({ boundary, program }: ModelContext, fn: CFunction, name: string): string | null {
  // What is without effect may be a macro; effects.ts looks into that one. Locks are on that list, too.
  const isQuiet = boundary.noEffect(name) !== null && boundary.preemption(name) === null;
  if (isQuiet || (!boundary.keeps(name) && knownMacro(name) === undefined)) return null;
  const macro = program.ownMacro(name, fn.file);
  return macro === undefined ? null : `${name} is a macro of ${macro.path}:${macro.line}, and not what it is elsewhere`;
}
