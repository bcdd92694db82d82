/** String and character literals of C as bytes, and bytes as TypeScript text. */
import type { SyntaxNode } from "../c/syntax.ts";
import type { FunctionContext } from "./context.ts";

/** C11 6.4.4.4, and gcc's \e. */
const SIMPLE: Readonly<Record<string, number>> = {
  n: 10,
  t: 9,
  r: 13,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  e: 27,
  '"': 34,
  "'": 39,
  "\\": 92,
  "?": 63,
};

/**
 * The bytes of one literal.
 *
 * @param text with its quotes
 * @returns null for wide literals, and for escapes that C does not have
 */
export function literalBytes(text: string, quote: '"' | "'"): readonly number[] | null {
  if (text.length < 2 || !text.startsWith(quote) || !text.endsWith(quote)) return null;
  const inner = text.slice(1, -1);
  const bytes: number[] = [];
  for (let i = 0; i < inner.length; i++) {
    if (inner[i] !== "\\") {
      bytes.push(inner.charCodeAt(i) & 0xff);
      continue;
    }
    const rest = inner.slice(i + 1);
    const splice = /^\r?\n/.exec(rest);
    if (splice !== null) {
      i += splice[0].length;
      continue;
    }
    const number = /^(?:x([0-9a-fA-F]+)|([0-7]{1,3}))/.exec(rest);
    const simple = SIMPLE[rest[0] ?? ""];
    if (number !== null) {
      bytes.push(Number.parseInt(number[1] ?? number[2] ?? "0", number[1] === undefined ? 8 : 16) & 0xff);
      i += number[0].length;
    } else if (simple !== undefined) {
      bytes.push(simple);
      i++;
    } else return null;
  }
  return bytes;
}

/** The bytes of a string literal, or of several in a row, without the NUL; null where one is no plain literal. */
export function stringBytes(ctx: FunctionContext, node: SyntaxNode): readonly number[] | null {
  const parts = node.type === "string_literal" ? [node] : node.children;
  const bytes: number[] = [];
  for (const part of parts) {
    const one = literalBytes(ctx.text.text.slice(part.start, part.end).trim(), '"');
    if (one === null) return null;
    bytes.push(...one);
  }
  return bytes;
}

/** Bytes as a string literal of TypeScript, in printable ASCII. */
export function quoted(bytes: readonly number[]): string {
  const characters = bytes.map((byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    if (byte === 10) return "\\n";
    if (byte === 9) return "\\t";
    if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
    return `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `"${characters.join("")}"`;
}
