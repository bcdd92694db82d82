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

function sitesIn(program: Program): ReadonlyMap<string, readonly VariableSite[]> {
  const all = new Map<string, VariableSite[]>();
  for (const file of program.files) {
    const { stream, source } = file.masked;
    const { tokens, context, enclosing } = stream;
    for (let i = 0; i + 1 < tokens.count; i++) {
      if (tokens.kind[i] !== IDENTIFIER || context[i] !== FILE || (enclosing[i] as number) >= 0) continue;
      if (!BEHIND.test(source.charAt(tokens.start[i + 1] as number))) continue;
      const name = source.slice(tokens.start[i], tokens.end[i]);
      const sites = all.get(name);
      if (sites === undefined) all.set(name, [{ file, token: i }]);
      else sites.push({ file, token: i });
    }
  }
  return all;
}
