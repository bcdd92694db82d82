/**
 * Pieces of a kernel's C as text for a compiler: tokens as they stand in the file, without comments, annotations and
 * switched-off branches, and with line markers, so that everything the compiler says names the kernel's own lines.
 */
import type { CFile } from "../c/file.ts";
import { IDENTIFIER } from "../c/lex.ts";
import { type Token, tokensOf } from "../translate/expand.ts";
import { firstTokenAt } from "../translate/type-space.ts";

/** Some tokens of one file. */
export interface Piece {
  readonly file: CFile;
  readonly tokens: readonly Token[];
}

/** The tokens between two byte offsets of a file. */
export function pieceOf(file: CFile, start: number, end: number): Piece {
  const { stream, source } = file.masked;
  const { tokens } = stream;
  const first = firstTokenAt(tokens.start, tokens.count, start);
  const last = firstTokenAt(tokens.start, tokens.count, end);
  return { file, tokens: tokensOf(source, tokens, first, last) };
}

/** A file name in a line marker; what is no plain character would end the string or the line. */
function quotedPath(path: string): string {
  return `"${path.replace(/[^\x20-\x7e]|["\\]/g, "?")}"`;
}

/**
 * The text of a piece, each token on its own line of the kernel's file. Flag 3 of the marker says that the text is not
 * the harness's own, so that the compiler's opinion of kernel style is not asked for (GCC manual, Preprocessor Output).
 */
export function textOfPiece({ file, tokens }: Piece): string {
  let text = "";
  let line = -1;
  for (const token of tokens) {
    const at = file.lines.lineAt(token.offset);
    if (line < 0 || at < line || at > line + 40) {
      text += `${line < 0 ? "" : "\n"}# ${at} ${quotedPath(file.path)} 3\n`;
    } else text += at > line ? "\n".repeat(at - line) : " ";
    text += token.text;
    line = at + (token.text.match(/\n/g)?.length ?? 0);
  }
  return `${text}\n`;
}

/** The words of a piece, each once. */
export function wordsOf(tokens: readonly Token[]): ReadonlySet<string> {
  return new Set(tokens.flatMap((token) => (token.kind === IDENTIFIER ? [token.text] : [])));
}

/** Tokens cut at a punctuator that stands outside all brackets. */
export function cutAt(tokens: readonly Token[], separator: string): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (/^[([{]$/.test(token.text)) depth++;
    else if (/^[)\]}]$/.test(token.text)) depth--;
    if (depth === 0 && token.text === separator) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}
