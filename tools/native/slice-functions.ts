/** Functions and variables of a slice as the harness compiles them: the kernel's text, with others called instead. */
import type { CFile, CFunction } from "../c/file.ts";
import { IDENTIFIER } from "../c/lex.ts";
import type { ModelContext } from "../translate/context.ts";
import { closing, type Token } from "../translate/expand.ts";
import { knownMacro } from "../translate/known-macros.ts";
import type { GlobalInfo } from "../translate/type-space.ts";
import { variablesOf } from "../translate/variables.ts";
import { cutAt, type Piece, pieceOf, textOfPiece } from "./c-text.ts";

/** Words before a declaration that say where it lives, which in the harness is one file. */
const STORAGE = /^(?:static|inline|extern|__inline|__inline__|noinline|asmlinkage|noinline_for_stack|GLOBAL_EXTERN)$/;

/** The head of a function: `int cifs_reconnect(struct TCP_Server_Info *server)`. */
export function headOf(fn: CFunction): Piece {
  const { file, tokens } = pieceOf(fn.file, fn.start, fn.bodyStart);
  return { file, tokens: tokens.filter((token) => !STORAGE.test(token.text)) };
}

/** What a function returns, in words: the tokens before its name. */
export function resultText(fn: CFunction): string {
  const { tokens } = headOf(fn);
  const name = tokens.findIndex((token) => token.text === fn.name);
  const words = tokens.slice(0, name).map((token) => token.text);
  return words.length === 0 ? "int" : words.join(" ");
}

/**
 * A function's text. Names of functions that share theirs with others in other files are those of the model, and a
 * function that must return a value says so where it does not.
 */
export function functionPiece(model: ModelContext, fn: CFunction, name: string, returnsValue: boolean): Piece {
  const head = headOf(fn).tokens.map((token) => (token.text === fn.name ? { ...token, text: name } : token));
  const all = withoutIdleArguments(model, pieceOf(fn.file, fn.bodyStart, fn.end).tokens);
  const body = all.map((token) => renamed(model, fn.file, token));
  const last = body.at(-1);
  if (!returnsValue || last === undefined) return { file: fn.file, tokens: [...head, ...body] };
  const end: Token = { ...last, text: "gh_stop(GH_STOP_BUG, __builtin_return_address(0));" };
  return { file: fn.file, tokens: [...head, ...body.slice(0, -1), end, last] };
}

/** A function that the translator cannot read as a whole: both sides stop there. */
export function stoppingPiece(fn: CFunction, name: string): Piece {
  const { file, tokens } = pieceOf(fn.file, fn.start, fn.end);
  const head = headOf(fn).tokens.map((token) => (token.text === fn.name ? { ...token, text: name } : token));
  const last = tokens.at(-1);
  const text = "{ gh_stop(GH_STOP_UNMODELLED, __builtin_return_address(0)); }";
  return { file, tokens: last === undefined ? head : [...head, { ...last, text }] };
}

/**
 * Takes arguments off calls without effect that only look at something, as the translator does: they name members and
 * variables that nothing else needs.
 */
function withoutIdleArguments(model: ModelContext, tokens: readonly Token[]): readonly Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    out.push(token);
    const open = tokens[i + 1];
    const isCall = token.kind === IDENTIFIER && open?.text === "(" && !/^(?:\.|->)$/.test(tokens[i - 1]?.text ?? "");
    if (!isCall || open === undefined || !isIdle(model, token.text)) continue;
    const close = closing(tokens, i + 1);
    const kept = cutAt(tokens.slice(i + 2, close), ",").filter((one) => hasEffects(model, one));
    out.push(open);
    kept.forEach((one, j) => {
      if (j > 0) out.push({ ...open, text: "," });
      out.push(...withoutIdleArguments(model, one));
    });
    out.push({ ...open, text: ")", offset: (tokens[close] as Token).offset });
    i = close;
  }
  return out;
}

/**
 * A call without effect that is nothing else besides: macros that the translator words itself stand for what they are
 * given, and the environment sees its arguments.
 */
function isIdle({ boundary }: ModelContext, name: string): boolean {
  return boundary.noEffect(name) !== null && knownMacro(name) === undefined && boundary.played(name) === undefined;
}

const STORING = /^(?:(?:[-+*/%&|^]|<<|>>)?=|\+\+|--)$/;
/** Calls that only compute. */
const PURE = /^(?:sizeof|atomic_read|le\d+_to_cpu|be\d+_to_cpu|cpu_to_[lb]e\d+|ntoh[sl]|hton[sl]|min|max|list_empty)$/;

function hasEffects(model: ModelContext, tokens: readonly Token[]): boolean {
  return tokens.some((token, i) => {
    if (STORING.test(token.text)) return true;
    if (token.kind !== IDENTIFIER || tokens[i + 1]?.text !== "(") return false;
    return !isIdle(model, token.text) && !PURE.test(token.text);
  });
}

function renamed(model: ModelContext, file: CFile, token: Token): Token {
  if (token.kind !== IDENTIFIER) return token;
  const fn = model.program.function(token.text) === undefined ? undefined : model.program.definition(token.text, file);
  const known = fn === undefined ? undefined : model.slice.get(fn);
  return known === undefined || known.name === token.text ? token : { ...token, text: known.name };
}

/** Words of C that a parameter's name is not. */
const TYPE_WORD = /^(?:void|char|short|int|long|unsigned|signed|bool|struct|union|enum|const|volatile|_Bool)$/;

/** Gives the parameters of a head names where it has none, and says what they are. */
export function namedHead(head: readonly Token[]): { readonly tokens: readonly Token[]; readonly names: string[] } {
  const open = head.findIndex((token) => token.text === "(");
  const inner = head.slice(open + 1, head.length - 1);
  const names: string[] = [];
  if (inner.length === 0 || (inner.length === 1 && inner[0]?.text === "void")) return { tokens: head, names };
  const tokens: Token[] = head.slice(0, open + 1);
  cutAt(inner, ",").forEach((part, i) => {
    if (i > 0) tokens.push({ ...(part[0] as Token), text: "," });
    const bracket = part.findIndex((token, j) => token.text === "(" && part[j + 1]?.text === "*");
    const candidates = bracket >= 0 ? part.slice(bracket, bracket + 3) : part;
    const last = candidates.findLast((token) => token.kind === IDENTIFIER);
    const isNamed = last !== undefined && part.length > 1 && !TYPE_WORD.test(last.text) && !isTag(part, last);
    names.push(isNamed ? last.text : `gh_a${i}`);
    tokens.push(...part);
    if (!isNamed) tokens.push({ ...(part.at(-1) as Token), text: `gh_a${i}`, kind: IDENTIFIER });
  });
  return { tokens: [...tokens, head.at(-1) as Token], names };
}

function isTag(part: readonly Token[], token: Token): boolean {
  return /^(?:struct|union|enum)$/.test(part[part.indexOf(token) - 1]?.text ?? "");
}

/** The declaration of a variable at file scope, from its first token to the semicolon; null where none is found. */
export function variablePiece(model: ModelContext, name: string, global: GlobalInfo): Piece | null {
  const sites = variablesOf(model.program).get(name) ?? [];
  const site = sites.find(({ file, token }) => {
    const offset = file.masked.stream.tokens.start[token] as number;
    return file === global.file && file.lines.lineAt(offset) === global.line;
  });
  if (site === undefined) return null;
  const { stream, source } = site.file.masked;
  const { tokens, partner } = stream;
  const textAt = (i: number): string => source.slice(tokens.start[i], tokens.end[i]);
  let first = site.token;
  while (first > 0 && !/^[;}]$/.test(textAt(first - 1))) first--;
  let last = site.token;
  while (last < tokens.count && textAt(last) !== ";") {
    const close = partner[last] as number;
    last = close > last ? close + 1 : last + 1;
  }
  return pieceOf(site.file, tokens.start[first] as number, tokens.end[last] as number);
}

/** A variable's definition, cut to the members that `initial` keeps: its declaration, and what it starts with. */
export interface VariableText {
  readonly declaration: string;
  readonly definition: string;
  readonly tokens: readonly Token[];
}

/**
 * A variable of the slice as the harness has it.
 *
 * @param replace what stands for the value of a member, null where the member is left out
 */
export function variableText(
  piece: Piece,
  name: string,
  replace: ((member: string, value: readonly Token[]) => readonly Token[] | null) | null,
): VariableText {
  const words = piece.tokens.filter((token) => !STORAGE.test(token.text) && token.text !== "const");
  const equals = words.findIndex((token) => token.text === "=");
  const end = words.findIndex((token) => token.text === ";");
  const head = words.slice(0, equals < 0 ? end : equals);
  const value = equals < 0 ? [] : words.slice(equals + 1, end);
  const kept = replace === null || value[0]?.text !== "{" ? value : designated(value, replace);
  const text = textOfPiece({ file: piece.file, tokens: head }).trimEnd();
  const start = kept.length === 0 ? "" : ` =\n${textOfPiece({ file: piece.file, tokens: kept })}`;
  // An array without a length has the one of its initializer, which the declaration need not say.
  const all = equals < 0 ? head : [...head, words[equals] as Token, ...kept];
  // `LIST_HEAD(name)` has its value within.
  const isMacro = words[1]?.text === "(" && words[2]?.text === name;
  return { declaration: isMacro ? "" : `extern\n${text};\n`, definition: `${text}${start};\n`, tokens: all };
}

function designated(
  value: readonly Token[],
  replace: (member: string, value: readonly Token[]) => readonly Token[] | null,
): readonly Token[] {
  const open = value[0] as Token;
  const close = value.at(-1) as Token;
  const items = cutAt(value.slice(1, -1), ",").flatMap((item): readonly (readonly Token[])[] => {
    const [dot, member, equals] = item;
    if (dot?.text !== "." || member === undefined || equals?.text !== "=") return item.length === 0 ? [] : [item];
    const kept = replace(member.text, item.slice(3));
    return kept === null ? [] : [[dot, member, equals, ...kept]];
  });
  const comma: Token = { ...open, text: "," };
  return [open, ...items.flatMap((item) => [...item, { ...comma, offset: item.at(-1)?.offset ?? 0 }]), close];
}
