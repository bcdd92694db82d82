/**
 * A C file's text cut into units at file scope, without parsing: what a commit changed can be told by comparing the
 * units before and after, in microseconds, and most commits change none that a system's model is made of.
 *
 * A unit ends with a line that begins with `}`: a function, a struct, an enum, a table. What stands before its first
 * brace is cut at empty lines and at directives, too. The conditions of the preprocessor under which it stands belong
 * to a unit: an #endif that moves changes the units that it passes, whose text stays as it was.
 */
import { createHash } from "node:crypto";

export interface Unit {
  readonly text: string;
  /** Conditions and text: what makes two units the same. */
  readonly key: string;
}

/** What a unit may have to do with a model. */
export interface UnitWords {
  /** Names that it defines or declares at file scope; all words where that cannot be told. */
  readonly defined: ReadonlySet<string>;
  /** All words of its code; comments and strings have none, as far as it is clear what these are. */
  readonly words: ReadonlySet<string>;
}

/** Comments, strings and character constants. A comment that does not end goes on to the end of the text. */
const SILENT = /\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/g;
/** A directive with its continued lines. */
const DIRECTIVE = /^[ \t]*#[ \t]*(\w+)((?:\\\r?\n|[^\n])*)/gm;
const INCLUDE = /^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]/gm;
const WORD = /[A-Za-z_]\w*/g;
/** Something that is declared stands before one of these; a type stands before a name or a star. */
const DECLARED = /(?:\b(struct|union|enum)\s+)?\b([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)*([(=;,{):])/g;
/** Words that stand where names of declarations do: `sizeof(`, `unsigned int:`. */
const KEYWORDS = [
  ..."char const do double else enum extern float for if inline int long register return short".split(" "),
  ..."signed sizeof static struct switch union unsigned void volatile while".split(" "),
];
const ENUMERATORS = /\benum\b[^{};]*\{([^{}]*)\}/g;
const LINE_COMMENTS = /\/\*[\s\S]*?(\*\/|$)|\/\/[^\n]*/g;

/** Cuts a file. The texts of the units joined are the file's. */
export function unitsOf(text: string): readonly Unit[] {
  const cutter = new Cutter();
  const lastComment = text.lastIndexOf("*/");
  let from = 0;
  while (from < text.length) {
    const end = endOfUnit(text, from, lastComment);
    cutter.cut(text.slice(from, end));
    from = end;
  }
  return cutter.units;
}

/** Behind the next line that begins with `}`; one that opens another brace (`} map[] = {`) ends nothing. */
function endOfUnit(text: string, from: number, lastComment: number): number {
  for (let close = text.indexOf("\n}", from); close >= 0; close = text.indexOf("\n}", close + 1)) {
    const end = lineEnd(text, close + 1);
    const line = text.slice(close, end);
    if (line.includes("{")) continue;
    // A comment behind the brace may go on.
    const comment = line.lastIndexOf("/*");
    const ending = comment >= 0 && close + comment < lastComment ? text.indexOf("*/", close + comment) : -1;
    return ending >= end ? lineEnd(text, ending) : end;
  }
  return text.length;
}

class Cutter {
  readonly units: Unit[] = [];
  /** Of each condition that is open a digest of it and of all around it: they may be many, and stand in every key. */
  private readonly conditions: string[] = [];

  /** Cuts what stands before the first line with a brace, wherever in it that stands; the rest is one unit. */
  cut(piece: string): void {
    let from = 0;
    let inComment = false;
    for (let at = 0; at < piece.length; ) {
      const end = lineEnd(piece, at);
      if (!inComment && piece.charCodeAt(at) === HASH) {
        const directive = piece.slice(at, directiveEnd(piece, at));
        at += directive.length;
        if (!/^#[ \t]*(?:if|el|endif|include)/.test(directive)) continue;
        this.put(piece.slice(from, at - directive.length));
        this.put(directive);
        from = at;
        continue;
      }
      const { code, isOpen } = codeIn(piece.slice(at, end), inComment);
      if (code.includes("{")) break;
      if (!inComment && end === at + 1) {
        this.put(piece.slice(from, end));
        from = end;
      }
      inComment = isOpen;
      at = end;
    }
    this.put(piece.slice(from));
  }

  private put(text: string): void {
    if (text === "") return;
    this.units.push({ text, key: `${this.conditions.at(-1) ?? ""}\n${text}` });
    if (text.includes("#")) this.follow(text);
  }

  private follow(text: string): void {
    const { conditions } = this;
    for (const [all, directive = ""] of text.matchAll(DIRECTIVE)) {
      if (directive.startsWith("if")) conditions.push(digest(`${conditions.at(-1) ?? ""} ${all}`));
      else if (directive.startsWith("el")) conditions.push(digest(`${conditions.pop() ?? ""} ${all}`));
      else if (directive === "endif") conditions.pop();
    }
  }
}

const HASH = 0x23;

function digest(text: string): string {
  return createHash("sha1").update(text, "latin1").digest("base64");
}

/** A line without its comments, and whether one goes on in the next line. */
function codeIn(line: string, inComment: boolean): { readonly code: string; readonly isOpen: boolean } {
  if (!inComment && !line.includes("/")) return { code: line, isOpen: false };
  const end = inComment ? line.indexOf("*/") : -2;
  if (end === -1) return { code: "", isOpen: true };
  let isOpen = false;
  const code = line.slice(end + 2).replace(LINE_COMMENTS, (all: string, ending: string | undefined) => {
    if (all.startsWith("/*") && ending !== "*/") isOpen = true;
    return " ";
  });
  return { code, isOpen };
}

function lineEnd(text: string, at: number): number {
  const newline = text.indexOf("\n", at);
  return newline < 0 ? text.length : newline + 1;
}

function directiveEnd(text: string, at: number): number {
  let end = lineEnd(text, at);
  while (end < text.length && /\\\r?\n$/.test(text.slice(end - 3, end))) end = lineEnd(text, end);
  return end;
}

/**
 * Units that only one of two texts has, or has more often.
 *
 * @returns those of both sides; empty where the texts have the same units, in whatever order
 */
export function changedUnits(before: readonly Unit[], after: readonly Unit[]): readonly string[] {
  const counts = new Map<string, [Unit, number]>();
  const add = (unit: Unit, by: number): void => {
    const known = counts.get(unit.key);
    if (known === undefined) counts.set(unit.key, [unit, by]);
    else known[1] += by;
  };
  for (const unit of before) add(unit, 1);
  for (const unit of after) add(unit, -1);
  return [...counts.values()].filter(([, count]) => count !== 0).map(([{ text }]) => text);
}

/** What a text includes: `<linux/fs.h>` and `"cifsglob.h"`, whatever conditions they stand under. */
export function includesOf(text: string): readonly { readonly path: string; readonly isSystem: boolean }[] {
  return [...text.matchAll(INCLUDE)].map(([, quote, path]) => ({ path: path as string, isSystem: quote === "<" }));
}

/** Reads off a unit what it defines and which words it has. */
export function wordsOf(unit: string): UnitWords {
  // A comment that goes on in the next unit, or whose beginning stands in the one before: an apostrophe in it would
  // pass for the beginning of a character constant.
  let isTorn = unit.includes("*/") && !unit.slice(0, unit.indexOf("*/")).includes("/*");
  const code = unit.replace(SILENT, (text) => {
    if (!text.startsWith("/")) return '""';
    if (text.startsWith("/*") && (text.length < 4 || !text.endsWith("*/"))) isTorn = true;
    return " ";
  });
  isTorn ||= code.includes("*/");
  const tops = isTorn ? null : topsOf(code);
  if (tops === null) {
    const all = new Set(unit.match(WORD) ?? []);
    return { defined: all, words: all };
  }
  const words = new Set(code.match(WORD) ?? []);
  const defined = new Set([...macrosIn(code), ...tops.flatMap((top) => [...declaredIn(top)])]);
  for (const [, body] of code.matchAll(ENUMERATORS)) for (const name of body?.match(WORD) ?? []) defined.add(name);
  return { defined, words };
}

/**
 * What stands at file scope. Braces may balance in each branch of a condition only: then once with the first branch of
 * each, once with the last.
 */
function topsOf(code: string): readonly string[] | null {
  const plain = atFileScope(code.replace(DIRECTIVE, " "));
  if (plain !== null) return [plain];
  const tops = [atFileScope(withBranches(code, "first")), atFileScope(withBranches(code, "last"))];
  return tops.every((top) => top !== null) ? tops : null;
}

/** Of each condition in the code one branch, directives left out. */
function withBranches(code: string, which: "first" | "last"): string {
  const open: { kept: string; readonly before: string }[] = [];
  let text = "";
  let from = 0;
  for (const match of code.matchAll(DIRECTIVE)) {
    const directive = match[1] ?? "";
    text += code.slice(from, match.index);
    from = match.index + match[0].length;
    const inner = open.at(-1);
    if (directive.startsWith("if")) {
      open.push({ kept: "", before: text });
      text = "";
    } else if (inner !== undefined && directive.startsWith("el")) {
      if (inner.kept === "" || which === "last") inner.kept = text;
      text = "";
    } else if (inner !== undefined && directive === "endif") {
      const branch = inner.kept === "" || which === "last" ? text : inner.kept;
      text = `${inner.before} ${branch}`;
      open.pop();
    }
  }
  for (const { before } of open.reverse()) text = `${before} ${text}`;
  return text + code.slice(from);
}

function macrosIn(code: string): readonly string[] {
  const names: string[] = [];
  for (const [, directive, rest] of code.matchAll(DIRECTIVE)) {
    if (directive === "define" || directive === "undef") names.push(...(rest?.match(WORD)?.slice(0, 1) ?? []));
  }
  return names;
}

/** The code outside braces and of what is in them only the braces; null where they do not balance. */
function atFileScope(code: string): string | null {
  let depth = 0;
  let from = 0;
  let top = "";
  for (const match of code.matchAll(/[{}]/g)) {
    if (match[0] === "{") {
      if (depth++ === 0) top += code.slice(from, match.index + 1);
    } else {
      depth--;
      if (depth < 0) return null;
      if (depth === 0) from = match.index;
    }
  }
  return depth === 0 ? top + code.slice(from) : null;
}

function declaredIn(top: string): ReadonlySet<string> {
  const names = new Set<string>();
  // Names of parameters are nobody else's; those in the brackets of a macro may be variables.
  const bare = /\btypedef\b/.test(top) ? top : withoutParameters(top);
  for (const [, tagged, name, behind] of bare.matchAll(DECLARED)) {
    if (tagged === undefined || behind === "{") names.add(name as string);
  }
  for (const word of KEYWORDS) names.delete(word);
  return names;
}

/** `f(int a) {` and `int f(int a);` become `f() {` and `int f();`; `int (*f)(int a)` has its name in brackets. */
function withoutParameters(top: string): string {
  return top.replace(
    /\b([A-Za-z_]\w*)(\s*)\((?!\s*\*)([^()]*(?:\([^()]*\)[^()]*)*)\)/g,
    (all, name: string, gap: string) => (/[a-z]/.test(name) ? `${name}${gap}()` : all),
  );
}
