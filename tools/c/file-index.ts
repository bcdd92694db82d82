/**
 * What one file defines and uses, found in its tokens. Details that need a tree (the fields of a struct, the value of
 * a constant) are looked at only when somebody asks.
 */

import type { CFile, CFunction } from "./file.ts";
import { plainText } from "./fragment.ts";
import { IDENTIFIER } from "./lex.ts";
import { ENUM, FILE, INITIALIZER, STRUCT, type Stream, textOf } from "./mask/structure.ts";
import { OPERATOR, PLAIN, STATEMENT, STORAGE, TAGGED, TYPE } from "./mask/words.ts";
import {
  AMPERSAND,
  ARROW,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COMMA,
  DOT,
  EQUALS,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  SEMICOLON,
  STAR,
} from "./punctuators.ts";

/** `name(arguments)` somewhere in the file. */
export interface CallSite {
  readonly file: CFile;
  readonly name: string;
  /** Byte offset of the name. */
  readonly offset: number;
  /** Token index of the name in the file's stream. */
  readonly token: number;
  /** The function that it stands in; null at file scope. */
  readonly function: CFunction | null;
}

/** Where a struct or union body stands. */
export interface StructSite {
  readonly file: CFile;
  /** Byte offsets of the whole `struct x { ... }`. */
  readonly start: number;
  readonly end: number;
}

export interface Enumerator {
  readonly name: string;
  readonly file: CFile;
  readonly offset: number;
  /** Text after `=`; null where the value is one more than the one before. */
  readonly valueText: string | null;
  readonly previous: string | null;
}

/** One designated member of a table that holds a name, usually a function: `.echo = cifs_echo`. */
export interface TableEntry {
  readonly file: CFile;
  /** The table's variable name; null for a literal inside a function. */
  readonly table: string | null;
  /** Tag of the table's struct type. */
  readonly structTag: string | null;
  readonly field: string;
  readonly value: string;
  readonly offset: number;
}

export interface FileIndex {
  readonly file: CFile;
  readonly calls: ReadonlyMap<string, readonly CallSite[]>;
  readonly structs: ReadonlyMap<string, StructSite>;
  /** typedef name -> struct tag, or the body where the struct has no tag. */
  readonly typedefs: ReadonlyMap<string, string | StructSite>;
  readonly enumerators: ReadonlyMap<string, Enumerator>;
  readonly tables: readonly TableEntry[];
  /** Functions declared without a body. */
  readonly prototypes: ReadonlyMap<string, number>;
  /** Other uses of names that were asked for, inside functions. */
  readonly mentions: ReadonlyMap<string, readonly CallSite[]>;
  /** Variables at file scope, with their struct tag where they have one. */
  readonly variables: ReadonlyMap<string, string | null>;
  /** Text of the single number or name that a variable at file scope is initialised with. */
  readonly initials: ReadonlyMap<string, string>;
}

interface Draft {
  readonly calls: Map<string, CallSite[]>;
  readonly structs: Map<string, StructSite>;
  readonly typedefs: Map<string, string | StructSite>;
  readonly enumerators: Map<string, Enumerator>;
  readonly tables: TableEntry[];
  readonly prototypes: Map<string, number>;
  readonly mentions: Map<string, CallSite[]>;
  readonly variables: Map<string, string | null>;
  readonly initials: Map<string, string>;
}

/**
 * Indexes one file.
 *
 * @param watched names whose uses other than calls are wanted too, such as `jiffies`
 */
export function indexFile(file: CFile, watched: ReadonlySet<string>): FileIndex {
  const draft: Draft = {
    calls: new Map(),
    structs: new Map(),
    typedefs: new Map(),
    enumerators: new Map(),
    tables: [],
    prototypes: new Map(),
    mentions: new Map(),
    variables: new Map(),
    initials: new Map(),
  };
  const { stream } = file.masked;
  const { tokens, context, opens } = stream;
  const owner = functionFinder(file);
  for (let i = 0; i < tokens.count; i++) {
    const code = tokens.code[i];
    if (code === OPEN_PAREN) {
      call(file, stream, draft, i, owner);
    } else if (code === OPEN_BRACE) {
      if (opens[i] === ENUM) enumeration(file, stream, draft, i);
      else aggregate(file, stream, draft, i);
    } else if (code === DOT && context[i] === INITIALIZER) {
      tableEntry(file, stream, draft, i);
    } else if (context[i] === FILE && (code === SEMICOLON || code === EQUALS)) {
      variable(stream, draft, i);
    } else if (tokens.kind[i] === IDENTIFIER && context[i] !== FILE && stream.word[i] === PLAIN) {
      const name = textOf(stream, i);
      if (watched.has(name)) add(draft.mentions, siteOf(file, stream, i, name, owner));
    }
  }
  return { file, ...draft };
}

/** Which function a token belongs to; functions come in order, so one pointer walks along. */
function functionFinder(file: CFile): (offset: number) => CFunction | null {
  let at = 0;
  const functions = [...file.functions].sort((a, b) => a.bodyStart - b.bodyStart);
  return (offset) => {
    while (at < functions.length && (functions[at] as CFunction).end <= offset) at++;
    const candidate = functions[at];
    return candidate !== undefined && candidate.bodyStart <= offset ? candidate : null;
  };
}

function call(
  file: CFile,
  stream: Stream,
  draft: Draft,
  open: number,
  owner: (offset: number) => CFunction | null,
): void {
  const { tokens, word } = stream;
  // `(name)(arguments)` is a call as well; it looks like a cast, which does no harm here.
  const parenthesised = tokens.code[open - 1] === CLOSE_PAREN && tokens.code[open - 3] === OPEN_PAREN;
  const token = parenthesised ? open - 2 : open - 1;
  if (token < 0 || tokens.kind[token] !== IDENTIFIER || word[token] !== PLAIN) return;
  const offset = tokens.start[token] as number;
  const name = textOf(stream, token);
  if (stream.context[token] === FILE) {
    const close = stream.partner[open] as number;
    // `static NAME(...)` has no type: that is a macro. A type before the name makes it a declaration.
    const typed = token > 0 && tokens.kind[token - 1] === IDENTIFIER && word[token - 1] !== STORAGE;
    const declares = typed || (token > 0 && tokens.code[token - 1] === STAR);
    if (declares && close > 0 && tokens.code[close + 1] === SEMICOLON) draft.prototypes.set(name, offset);
    if (declares) return;
  }
  add(draft.calls, siteOf(file, stream, token, name, owner));
}

function siteOf(
  file: CFile,
  stream: Stream,
  token: number,
  name: string,
  owner: (offset: number) => CFunction | null,
): CallSite {
  const offset = stream.tokens.start[token] as number;
  return { file, name, offset, token, function: stream.context[token] === FILE ? null : owner(offset) };
}

function add(sites: Map<string, CallSite[]>, site: CallSite): void {
  const known = sites.get(site.name);
  if (known === undefined) sites.set(site.name, [site]);
  else known.push(site);
}

function enumeration(file: CFile, stream: Stream, draft: Draft, brace: number): void {
  const { tokens } = stream;
  const close = stream.partner[brace] as number;
  let previous: string | null = null;
  for (let i = brace + 1; i < close; i++) {
    if (tokens.kind[i] !== IDENTIFIER || stream.enclosing[i] !== brace) continue;
    const name = textOf(stream, i);
    let end = i + 1;
    while (end < close && !(tokens.code[end] === COMMA && stream.enclosing[end] === brace)) end++;
    const valued = tokens.code[i + 1] === EQUALS;
    const valueText = valued ? file.masked.source.slice(tokens.end[i + 1], tokens.end[end - 1]) : null;
    draft.enumerators.set(name, { name, file, offset: tokens.start[i] as number, valueText, previous });
    previous = name;
    i = end;
  }
}

/** `struct x {` and `typedef struct {...} x;`. */
function aggregate(file: CFile, stream: Stream, draft: Draft, brace: number): void {
  const { tokens, word } = stream;
  const close = stream.partner[brace] as number;
  if (close < 0) return;
  const tagged = word[brace - 1] === TAGGED ? brace - 1 : word[brace - 2] === TAGGED ? brace - 2 : -1;
  if (tagged < 0) return;
  const site = { file, start: tokens.start[tagged] as number, end: tokens.end[close] as number };
  const tag = tagged === brace - 2 ? textOf(stream, brace - 1) : null;
  if (tag !== null && !draft.structs.has(tag)) draft.structs.set(tag, site);
  const isTypedef = word[tagged - 1] === STORAGE && textOf(stream, tagged - 1) === "typedef";
  if (isTypedef && tokens.kind[close + 1] === IDENTIFIER && tokens.code[close + 2] === SEMICOLON) {
    draft.typedefs.set(textOf(stream, close + 1), tag ?? site);
  }
}

/** Texts of the arguments of a call, without comments. */
export function argumentTexts(site: CallSite): readonly string[] {
  const { stream, source } = site.file.masked;
  const { tokens } = stream;
  const open = tokens.code[site.token + 1] === CLOSE_PAREN ? site.token + 2 : site.token + 1;
  const close = stream.partner[open] as number;
  if (close < 0 || tokens.code[open] !== OPEN_PAREN) return [];
  const texts: string[] = [];
  let first = open + 1;
  for (let i = open + 1; i <= close; i++) {
    if (i !== close && (tokens.code[i] !== COMMA || stream.enclosing[i] !== open)) continue;
    if (i > first) texts.push(plainText(source.slice(tokens.start[first], tokens.end[i - 1])));
    first = i + 1;
  }
  return texts;
}

/** `.field = value` where the value is one name. */
function tableEntry(file: CFile, stream: Stream, draft: Draft, dot: number): void {
  const { tokens } = stream;
  if (tokens.kind[dot + 1] !== IDENTIFIER || tokens.code[dot + 2] !== EQUALS) return;
  const at = tokens.code[dot + 3] === AMPERSAND ? dot + 4 : dot + 3;
  const after = tokens.code[at + 1];
  if (tokens.kind[at] !== IDENTIFIER || (after !== COMMA && after !== CLOSE_BRACE)) return;
  const owner = tableOwner(stream, dot);
  draft.tables.push({
    file,
    ...owner,
    field: textOf(stream, dot + 1),
    value: textOf(stream, at),
    offset: tokens.start[dot + 1] as number,
  });
}

/** The variable whose initialiser a token stands in. */
function tableOwner(
  stream: Stream,
  index: number,
): { readonly table: string | null; readonly structTag: string | null } {
  const { tokens, word } = stream;
  let brace = stream.enclosing[index] as number;
  while (brace >= 0 && stream.context[brace] === INITIALIZER) brace = stream.enclosing[brace] as number;
  if (brace < 1 || tokens.code[brace - 1] !== EQUALS) return { table: null, structTag: null };
  let at = brace - 2;
  while (at >= 0 && tokens.code[at] === CLOSE_BRACKET) at = (stream.partner[at] as number) - 1;
  const table = tokens.kind[at] === IDENTIFIER ? textOf(stream, at) : null;
  let structTag: string | null = null;
  for (let i = at - 1; i >= 0 && (tokens.kind[i] === IDENTIFIER || tokens.code[i] === STAR); i--) {
    if (word[i] === TAGGED) structTag = textOf(stream, i + 1);
    if (word[i] === STATEMENT || word[i] === OPERATOR) break;
  }
  return { table, structTag };
}

/** Names that a declaration at file scope declares, before its `;` or `=`: variables, or types after `typedef`. */
function variable(stream: Stream, draft: Draft, end: number): void {
  const { tokens, word } = stream;
  const names: number[] = [];
  let tag: string | null = null;
  let isTypedef = false;
  let typed = false;
  for (let i = end - 1; i >= 0; i--) {
    const code = tokens.code[i];
    if (code === CLOSE_BRACKET) i = stream.partner[i] as number;
    else if (code === CLOSE_BRACE) {
      // `struct state { ... } global;` goes on before its body; any other brace ends the declaration before.
      const open = stream.partner[i] as number;
      if (open < 0 || stream.opens[open] !== STRUCT || names.length === 0) break;
      i = open;
    } else if (tokens.kind[i] === IDENTIFIER) {
      const after = tokens.code[i + 1];
      const declares = i + 1 === end || after === COMMA || after === OPEN_BRACKET;
      if (word[i] === TAGGED) tag = textOf(stream, i + 1);
      else if (word[i] === PLAIN && declares) names.push(i);
      else if (word[i] === STORAGE && textOf(stream, i) === "typedef") isTypedef = true;
      typed ||= word[i] === TYPE || word[i] === TAGGED || (word[i] === PLAIN && !declares);
    } else if (code !== STAR && code !== COMMA) break;
    if (i < 0) break;
  }
  if (!typed) return;
  const value = end + 1;
  const isSingle = tokens.code[end] === EQUALS && /[;,]/.test(source(stream, value + 1));
  if (isSingle && names[0] !== undefined && /^\w+$/.test(source(stream, value))) {
    draft.initials.set(textOf(stream, names[0]), source(stream, value));
  }
  for (const name of names.reverse()) {
    const text = textOf(stream, name);
    if (!isTypedef) draft.variables.set(text, tag);
    else if (tag !== null && !draft.typedefs.has(text)) draft.typedefs.set(text, tag);
  }
}

/** Text of a token that may not be there. */
function source(stream: Stream, index: number): string {
  return index < stream.tokens.count ? textOf(stream, index) : "";
}

/** Assignments to fields of a name (`x->name = ...`) inside the functions of a file. */
export function fieldAssignments(file: CFile, name: string): readonly CallSite[] {
  const { stream } = file.masked;
  const { tokens, context } = stream;
  const owner = functionFinder(file);
  const sites: CallSite[] = [];
  for (let i = 1; i < tokens.count; i++) {
    if (tokens.code[i + 1] !== EQUALS || (tokens.code[i - 1] !== ARROW && tokens.code[i - 1] !== DOT)) continue;
    if (context[i] !== FILE && textOf(stream, i) === name) sites.push(siteOf(file, stream, i, name, owner));
  }
  return sites;
}
