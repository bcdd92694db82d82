/**
 * Code that can be looked at: a function of a file, or text that macros put in its place.
 */
import type { Configuration } from "./configuration.ts";
import { everythingEnabled } from "./configuration.ts";
import type { CFile } from "./file.ts";
import { mask } from "./mask.ts";
import { childOf, parsePiece, type SyntaxNode } from "./syntax.ts";

/** A tree with the text that its offsets point into. */
export interface Code {
  readonly source: string;
  /** Where the code stands in a file; macro text stands where the macro is used. */
  readonly offsetOf: (node: SyntaxNode) => number;
}

const BLANKS = /\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|\s+/g;

/** Text of C without comments, with single blanks. */
export function plainText(text: string): string {
  // Comments become a blank too, so the second pass only joins neighbours.
  return text.includes("\n") || text.includes("/") || text.includes("  ") || text.includes("\t")
    ? text.replace(BLANKS, " ").replace(/ +/g, " ").trim()
    : text.trim();
}

/** Bytes that were read as Latin-1 characters, as the UTF-8 that they usually are. */
export function decoded(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is "all of ASCII"
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  const utf8 = Buffer.from(text, "latin1").toString("utf8");
  return utf8.includes("\ufffd") ? text : utf8;
}

/** The words of a node, from the file (masking may have changed what the parser saw). */
export function textOfNode(code: Code, node: SyntaxNode): string {
  return decoded(plainText(code.source.slice(node.start, node.end)));
}

/** The code of a file's functions. */
export function codeOfFile(file: CFile): Code {
  return { source: file.masked.source, offsetOf: (node) => node.start };
}

const PREFIX = "void f(void) { ";
let configuration: Configuration | null = null;

/** An expression or statement from text that is in no file as it stands, such as an expanded macro. */
export interface Fragment {
  readonly code: Code;
  /** The body's first expression, where the text is one expression. */
  readonly expression: SyntaxNode | null;
  readonly body: SyntaxNode;
}

/**
 * Parses the text of an expression or statement.
 *
 * @param offset where in a file the text stands in for something
 * @returns null when it does not parse
 */
export function parseFragment(text: string, offset: number): Fragment | null {
  // In parentheses first: `A * HZ` alone would be a declaration of a pointer.
  const expression = STATEMENT.test(text) ? null : parseBody(`(${text})`, offset, true);
  return expression ?? parseBody(text, offset, false);
}

const STATEMENT = /^\s*(?:if|for|while|do|switch|return|goto|break|continue|case|default|else)\b/;

function parseBody(text: string, offset: number, isExpression: boolean): Fragment | null {
  configuration ??= everythingEnabled();
  const source = `${PREFIX}${text.replace(/\n/g, " ")}; }`;
  const masked = mask(Buffer.from(source, "latin1"), configuration);
  const result = parsePiece(masked.text, 0);
  const root = result.ok ? result.root() : null;
  // Text with a brace too many would end the function and begin something else.
  const definition = root?.children.length === 1 ? root.children[0] : undefined;
  const body = definition?.type === "function_definition" ? childOf(definition, "body") : undefined;
  if (body === undefined) return null;
  const code: Code = { source: masked.source, offsetOf: () => offset };
  const statements = body.children.filter(
    (child) => child.type !== "expression_statement" || child.children.length > 0,
  );
  const only = statements.length === 1 && statements[0]?.type === "expression_statement" ? statements[0] : undefined;
  const expression = only?.children[0] ?? null;
  if (!isExpression) return { code, expression, body };
  const inner = expression?.type === "parenthesized_expression" ? expression.children[0] : undefined;
  return inner === undefined || inner.type === "compound_statement" ? null : { code, expression: inner, body };
}
