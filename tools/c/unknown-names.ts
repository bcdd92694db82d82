/**
 * Names that conditions within functions ask for and that nobody defines: no file of the program, none of its headers,
 * not Kconfig, not the compiler. A build takes them for undefined, whatever else is taken as on by default.
 */
import type { Configuration } from "./configuration.ts";
import type { CFile } from "./file.ts";
import type { Program } from "./program.ts";

const WORD = /[A-Za-z_]\w*/g;
/** Kconfig's names, and those of the compiler and of conditions themselves. */
const NOT_OURS = /^(?:CONFIG_|__|defined$|IS_[A-Z]+$|KERNEL_VERSION$|LINUX_VERSION_CODE$)/;

/** The program with such names undefined; the same one where there are none. */
export function withoutUnknownNames(program: Program): Program {
  const names = new Set(program.files.flatMap((file) => unknownIn(program, file)));
  if (names.size === 0) return program;
  const texts = program.files
    .filter((file) => [...names].some((name) => file.masked.source.includes(name)))
    .map((file) => [file.path, Buffer.from(file.masked.source, "latin1")] as const);
  const changed = program.replaced(new Map(texts), undefining(program.configuration, names));
  // What was decided here depends on what was asked here.
  for (const name of program.asked) changed.asked.add(name);
  return changed;
}

function unknownIn(program: Program, file: CFile): readonly string[] {
  const { choices } = file.masked.preprocessed;
  return choices.flatMap(({ offset, condition }) => {
    if (condition.startsWith("#else") || !file.functions.some((fn) => offset > fn.bodyStart && offset < fn.end)) {
      return [];
    }
    const words = condition.replace(/^#\w+/, "").match(WORD) ?? [];
    return words.filter(
      (name) => !NOT_OURS.test(name) && program.configuration.isDefined(name) && !isDefined(program, name),
    );
  });
}

/** Whether anybody defines a name at all, in text that is switched off too. */
function isDefined(program: Program, name: string): boolean {
  if (program.definesMacro(name)) return true;
  const define = new RegExp(`^[ \\t]*#[ \\t]*define[ \\t]+${name}\\b`, "m");
  return program.files.some(({ masked: { source } }) => source.includes(name) && define.test(source));
}

function undefining(configuration: Configuration, names: ReadonlySet<string>): Configuration {
  return {
    description: configuration.description,
    isGuess: (name) => configuration.isGuess(name),
    isDefined: (name) => !names.has(name) && configuration.isDefined(name),
    valueOf: (name) => (names.has(name) ? 0n : configuration.valueOf(name)),
  };
}
