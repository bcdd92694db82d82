/**
 * What a model takes for granted of its kernel, besides what its system says: how conditions of the preprocessor within
 * its functions were decided where nothing says so, and which functions of the tree are played. Every check tells it.
 */
import type { CFunction } from "../c/file.ts";
import type { Program } from "../c/program.ts";

/** A name that a condition in a function depends on, and that was decided by default. */
interface Assumed {
  readonly name: string;
  readonly isDefined: boolean;
  readonly place: string;
}

/** Words of conditions that are no names of macros. */
const OPERATORS = /^(?:defined|IS_ENABLED|IS_REACHABLE|IS_BUILTIN|IS_MODULE|KERNEL_VERSION)$/;
const WORD = /[A-Za-z_]\w*/g;
/** IS_ENABLED() in an expression; known-macros.ts takes it for true. */
const ENABLED = /\bIS_(?:ENABLED|REACHABLE)\s*\(\s*(\w+)\s*\)/g;

/** Lines for the bounds of a check: one for each name, with the places that depend on it. */
export function assumedConditions(program: Program, functions: Iterable<CFunction>): readonly string[] {
  const places = new Map<string, Set<string>>();
  for (const fn of functions) {
    for (const { name, isDefined, place } of [...conditionsOf(program, fn), ...enabledIn(fn)]) {
      const key = `taken as ${isDefined ? "defined" : "not defined"}: ${name}`;
      places.set(key, (places.get(key) ?? new Set()).add(place));
    }
  }
  return [...places]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, all]) => `conditions in functions of the model: ${key} (${[...all].sort().join(", ")})`);
}

/** Conditions of #if, #ifdef and their kin between a function's braces. */
function conditionsOf({ configuration }: Program, fn: CFunction): readonly Assumed[] {
  const { choices, macros } = fn.file.masked.preprocessed;
  return choices.flatMap(({ offset, condition }): Assumed[] => {
    if (offset < fn.bodyStart || offset >= fn.end || condition.startsWith("#else")) return [];
    const words = new Set(condition.replace(/^#\w+/, "").match(WORD) ?? []);
    return [...words].flatMap((name) => {
      const isOwn = macros.some((macro) => macro.name === name && macro.offset < offset);
      if (OPERATORS.test(name) || isOwn || !configuration.isGuess(name)) return [];
      return [{ name, isDefined: configuration.isDefined(name), place: placeOf(fn, offset) }];
    });
  });
}

function enabledIn(fn: CFunction): readonly Assumed[] {
  const body = fn.file.masked.source.slice(fn.bodyStart, fn.end);
  return [...body.matchAll(ENABLED)].flatMap((match) => {
    const offset = fn.bodyStart + match.index;
    const isDirective = /(?:^|\n)[ \t]*#[^\n]*$/.test(body.slice(0, match.index));
    return isDirective ? [] : [{ name: match[1] ?? "", isDefined: true, place: placeOf(fn, offset) }];
  });
}

function placeOf(fn: CFunction, offset: number): string {
  return `${fn.file.path}:${fn.file.lines.lineAt(offset)}`;
}

/** The line for functions that the tree defines and that the surroundings play. */
export function playedFunctions(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  return [`played by the surroundings, whatever their bodies say: ${[...names].sort().join(", ")}`];
}
