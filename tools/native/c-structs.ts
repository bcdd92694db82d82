/**
 * Struct definitions for the harness: the kernel's own text, of which only members stay that the compiled C names. What
 * is left out drags in half a kernel of headers, and nothing looks at it.
 */
import type { StructSite } from "../c/file-index.ts";
import { IDENTIFIER } from "../c/lex.ts";
import type { Token } from "../translate/expand.ts";
import { closing } from "../translate/expand.ts";
import { withPacked } from "../translate/packed.ts";
import { cutAt, type Piece, pieceOf, textOfPiece } from "./c-text.ts";

/** A struct's text, and what it needs. */
export interface StructText {
  readonly text: string;
  /** Tokens of the members that stay. */
  readonly tokens: readonly Token[];
}

/** Names that a member's declaration declares. */
export function declaredNames(declaration: readonly Token[]): readonly string[] {
  const last = declaration.at(-1);
  const open = declaration.findIndex((token) => token.text === "(");
  // `DECLARE_BITMAP(name, bits)` and its kin: which argument is the name is not told by its form.
  if (open === 1 && last?.text === ")") return declaration.filter(isName).map((token) => token.text);
  return cutAt(declaration, ",").flatMap((part) => {
    const bracket = part.findIndex((token) => token.text === "(");
    if (bracket >= 0 && part[bracket + 1]?.text === "*") {
      const name = part.slice(bracket).find(isName);
      return name === undefined ? [] : [name.text];
    }
    const end = part.findIndex((token) => token.text === "[" || token.text === ":");
    const name = part.slice(0, end < 0 ? part.length : end).findLast(isName);
    return name === undefined ? [] : [name.text];
  });
}

function isName(token: Token): boolean {
  return token.kind === IDENTIFIER;
}

/** Whether a declaration is a struct or union with a body, and where that body is. */
function bodyOf(declaration: readonly Token[]): { readonly open: number; readonly close: number } | null {
  const open = declaration.findIndex((token) => token.text === "{");
  const bracket = declaration.findIndex((token) => token.text === "(");
  if (open < 0 || (bracket >= 0 && bracket < open)) return null;
  return { open, close: closing(declaration, open) };
}

interface Filtered {
  readonly tokens: readonly Token[];
  readonly names: readonly string[];
}

/** The members of a body that are named somewhere. */
function filtered(body: readonly Token[], source: string, isNamed: (name: string) => boolean): readonly Filtered[] {
  return cutAt(body, ";").flatMap((declaration): Filtered[] => {
    if (declaration.length === 0) return [];
    const inner = bodyOf(declaration);
    const isEnum = declaration[0]?.text === "enum";
    if (inner === null || isEnum) {
      const names = declaredNames(inner === null ? declaration : declaration.slice(inner.close + 1));
      return names.some(isNamed) ? [{ tokens: [...declaration, SEMICOLON(declaration)], names }] : [];
    }
    const kept = filtered(declaration.slice(inner.open + 1, inner.close), source, isNamed);
    const own = declaredNames(declaration.slice(inner.close + 1));
    const isKept = own.length > 0 ? own.some(isNamed) : kept.length > 0;
    if (!isKept) return [];
    const head = declaration.slice(0, inner.open + 1);
    const tail = withPacked(declaration.slice(inner.close), source);
    const tokens = [...head, ...kept.flatMap((one) => one.tokens), ...tail, SEMICOLON(declaration)];
    const isUnion = head[0]?.text === "union";
    const names = own.length > 0 ? own : isUnion ? kept.flatMap((one) => one.names) : (kept[0]?.names ?? []);
    return [{ tokens, names }];
  });
}

const SEMICOLON = (near: readonly Token[]): Token => {
  const last = near.at(-1) as Token;
  return { ...last, text: ";", kind: 0 };
};

/**
 * A struct or union with the members that are named.
 *
 * @param head what it is called in the harness: `struct x`
 * @param isNamed whether the compiled C names a member
 */
export function structText(head: string, site: StructSite, isNamed: (name: string) => boolean): StructText {
  const { file, start, end } = site;
  const { tokens }: Piece = pieceOf(file, start, end);
  const open = tokens.findIndex((token) => token.text === "{");
  const members = filtered(tokens.slice(open + 1, closing(tokens, open)), file.masked.source, isNamed);
  const kept = members.flatMap((one) => one.tokens);
  const body = kept.length === 0 ? "" : textOfPiece({ file, tokens: kept });
  return {
    text: `${head} {\n${body}}${isPacked(site) ? " __attribute__((packed))" : ""};\n`,
    tokens: kept,
  };
}

/** `__packed` and `__attribute__((packed))` stand behind the body. */
function isPacked({ file, end }: StructSite): boolean {
  const behind = file.masked.source.slice(end, end + 200).split(/[;{]/)[0] ?? "";
  return /packed/.test(behind);
}
