/** Structs within structs that are packed: the annotation is no token, but it says how their members lie. */
import { descendants, type SyntaxNode } from "../c/syntax.ts";
import type { Token } from "./expand.ts";

const PACKED = " __attribute__((packed))";

/** Gives each closing brace the annotation that stands behind it, as text that compilers and parsers know. */
export function withPacked(tokens: readonly Token[], source: string): readonly Token[] {
  return tokens.map((token, i) => {
    const next = tokens[i + 1];
    if (token.text !== "}" || next === undefined) return token;
    const between = source.slice(token.offset + 1, next.offset);
    return /\b(?:__packed|packed|__packed__)\b/.test(between) ? { ...token, text: `}${PACKED}` } : token;
  });
}

/** Whether a struct specifier says that it is packed. */
export function isPackedSpecifier(node: SyntaxNode, text: string): boolean {
  const own = node.children.filter((child) => child.field !== "body");
  return own
    .flatMap((child) => [child, ...descendants(child)])
    .some(({ start, end }) => text.slice(start, end) === "packed");
}
