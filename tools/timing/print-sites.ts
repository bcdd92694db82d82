/** Calls that print to the kernel log, with what they print: the way back from a line of a log to its source. */
import type { CallSite } from "../c/file-index.ts";
import { IDENTIFIER, STRING } from "../c/lex.ts";
import { textOf } from "../c/mask/structure.ts";
import type { Program } from "../c/program.ts";

/** A call that prints. */
export interface PrintSite {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  /** Its format, with `%s` for what the preprocessor would put in (PRIu64 and the like). */
  readonly format: string;
}

/** The kernel's own: include/linux/printk.h, net.h and dev_printk.h. */
const PRINTS = [
  /^_?printk(?:_\w+)?$/,
  /^pr_(?:emerg|alert|crit|err|warn|warning|notice|info|cont|debug|devel)(?:_\w+)?$/,
  /^net_(?:emerg|alert|crit|err|warn|notice|info|dbg)_ratelimited$/,
  /^dev_(?:err|warn|info|notice|dbg)(?:_\w+)?$/,
  /^WARN(?:_ONCE)?$/,
];

/** C's escapes, as far as formats have them; the rest stays as it is. */
function unescaped(literal: string): string {
  const simple: Readonly<Record<string, string>> = { n: "\n", t: "\t", '"': '"', "'": "'", "\\": "\\", r: "" };
  return literal.slice(1, -1).replace(/\\(.)/gs, (whole, letter: string) => simple[letter] ?? whole);
}

/** The first string among a call's arguments, with those that are pasted to it; null where there is none. */
function formatOf({ file, token }: CallSite): string | null {
  const { stream } = file.masked;
  const { tokens, partner } = stream;
  const end = partner[token + 1] ?? -1;
  let format: string | null = null;
  for (let i = token + 2; i < end; i++) {
    const kind = tokens.kind[i];
    if (kind === STRING) format = (format ?? "") + unescaped(textOf(stream, i));
    // A name between two strings stands for a string, too.
    else if (format !== null && kind === IDENTIFIER) format += "%s";
    else if (format !== null) break;
  }
  // An old level in front is no text: "<7>".
  return format?.replace(/^<[0-7cd]>/, "") ?? null;
}

/**
 * The print calls of some functions, in the order of the source.
 *
 * @param functions names, as a slice has them, with the files that they stand in
 * @param own names of the subsystem's own macros and functions that print
 */
export function printSites(
  program: Program,
  functions: readonly { readonly name: string; readonly file: string }[],
  own: RegExp,
): readonly PrintSite[] {
  const wanted = new Set(functions.map(({ name, file }) => `${file} ${name}`));
  const names = program.calledNames((name) => own.test(name) || PRINTS.some((one) => one.test(name)));
  const found: PrintSite[] = [];
  for (const site of names.flatMap((name) => program.callsTo(name))) {
    const { file, function: around, offset } = site;
    if (around === null || !wanted.has(`${file.path} ${around.name}`)) continue;
    const format = formatOf(site);
    if (format !== null)
      found.push({ file: file.path, line: file.lines.lineAt(offset), function: around.name, format });
  }
  return found.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}
