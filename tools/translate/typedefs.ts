/** Typedefs of scalar, pointer, function and enum types, found by text: those of structs are in the program's index. */
import type { CFile } from "../c/file.ts";
import type { Program } from "../c/program.ts";

/** Where a typedef stands, and its words. */
export interface TypedefText {
  readonly file: CFile;
  readonly offset: number;
  readonly text: string;
}

const TYPEDEF = /\btypedef\b(?:\s+enum\b[^;{}]{0,100}\{[^{}]*\})?[^;{}]{1,600};/g;

/** All typedefs without a struct's body in the files of a program, by name; the first of a name counts. */
export function typedefTexts(program: Program): ReadonlyMap<string, TypedefText> {
  return textsIn(program.files);
}

/** The same of a header that is not scanned. */
export function headerTypedef(program: Program, name: string): TypedefText | undefined {
  return textsIn(program.typedefHeaders(name)).get(name);
}

function textsIn(files: readonly CFile[]): ReadonlyMap<string, TypedefText> {
  const all = new Map<string, TypedefText>();
  for (const file of files) {
    if (!file.masked.source.includes("typedef")) continue;
    const clean = file.masked.source.replace(/\/\*[\s\S]*?\*\//g, (comment) => " ".repeat(comment.length));
    for (const match of clean.matchAll(TYPEDEF)) {
      const text = match[0];
      const head = text.replace(/\{[^{}]*\}/, " ");
      const name =
        /\(\s*\*?\s*(\w+)\s*\)\s*\(/.exec(head)?.[1] ??
        /(\w+)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*;$/.exec(head)?.[1] ??
        /(\w+)\s*(?:\[[^\]]*\]\s*)*;$/.exec(head)?.[1];
      if (name !== undefined && !all.has(name)) all.set(name, { file, offset: match.index, text });
    }
  }
  return all;
}

const ENUM = /\benum\s+(\w+)\s*\{([^{}]*)\}/g;

/** Names of the enumerators of each enum with a tag, in the files of a program. */
export function enumBodies(program: Program): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const file of program.files) {
    const { source } = file.masked;
    if (!source.includes("enum")) continue;
    const clean = source.replace(/\/\*[\s\S]*?\*\//g, " ");
    for (const match of clean.matchAll(ENUM)) {
      const [, tag = "", body = ""] = match;
      if (!all.has(tag)) all.set(tag, body);
    }
  }
  return all;
}
