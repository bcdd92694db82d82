/** Where names stand at file scope that may be variables: one pass over all files, since many names are asked for. */
import type { CFile } from "../c/file.ts";
import { IDENTIFIER } from "../c/lex.ts";
import { FILE } from "../c/mask/structure.ts";
import type { Program } from "../c/program.ts";

/** A name at file scope, by its file and the index of its token. */
export interface VariableSite {
  readonly file: CFile;
  readonly token: number;
}

const known = new WeakMap<Program, ReadonlyMap<string, readonly VariableSite[]>>();

/** What stands behind a name that is declared as a variable; a function's name has a bracket there. */
const BEHIND = /^[=;,[)]/;

/** Sites of all names that may be variables at file scope, in the order of the files. */
export function variablesOf(program: Program): ReadonlyMap<string, readonly VariableSite[]> {
  let all = known.get(program);
  if (all === undefined) {
    all = sitesIn(program);
    known.set(program, all);
  }
  return all;
}

/** Macros whose first argument is the name of a variable: `static LIST_HEAD(xprt_list);`. */
const DECLARING = /^(?:LIST_HEAD|DECLARE_WORK|DECLARE_DELAYED_WORK|DECLARE_WAIT_QUEUE_HEAD)$/;

function isDeclaring(source: string, tokens: CFile["masked"]["stream"]["tokens"], at: number): boolean {
  return at >= 0 && DECLARING.test(source.slice(tokens.start[at], tokens.end[at]));
}

function sitesIn(program: Program): ReadonlyMap<string, readonly VariableSite[]> {
  const all = new Map<string, VariableSite[]>();
  for (const file of program.files) {
    const { stream, source } = file.masked;
    const { tokens, context, enclosing } = stream;
    for (let i = 0; i + 1 < tokens.count; i++) {
      if (tokens.kind[i] !== IDENTIFIER || context[i] !== FILE) continue;
      const bracket = enclosing[i] as number;
      if (bracket >= 0 && (bracket !== i - 1 || !isDeclaring(source, tokens, bracket - 1))) continue;
      if (!BEHIND.test(source.charAt(tokens.start[i + 1] as number))) continue;
      const name = source.slice(tokens.start[i], tokens.end[i]);
      const sites = all.get(name);
      if (sites === undefined) all.set(name, [{ file, token: i }]);
      else sites.push({ file, token: i });
    }
  }
  return all;
}
