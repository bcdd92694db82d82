/**
 * Functions of a kernel file as a reader with an editor would count them, for comparison with the tool's own count.
 *
 * Shares no code with tools/c on purpose: comments and strings are removed by one regular expression, directives by
 * another, and bodies are what stands between a `{` and a `}` that begin a line.
 */

const COMMENTS_AND_STRINGS =
  /\/\*[\s\S]*?\*\/|\/\/(?:\\\r?\n|[^\n])*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/g;
const DIRECTIVES = /^[ \t]*#(?:\\\r?\n|[^\n])*/gm;

/** The text without comments, strings and directives; lines stay lines. */
export function bareText(text: string): string {
  return text
    .replace(COMMENTS_AND_STRINGS, (match) => (match.startsWith("/") ? match.replace(/[^\n]+/g, " ") : '""'))
    .replace(DIRECTIVES, (match) => match.replace(/[^\n]+/g, ""));
}

/** Headers end with `)` or annotations; what has `=`, `struct x` alone or `enum` before the brace is no function. */
const KERNEL_STYLE = /\)[\s\w()&>.,*\-[\]]*?\n\{/g;
/** The brace on the header's last line; a label (`out:`) before an `if` is no header. */
const BRACE_ON_HEADER = /^[A-Za-z_][^;={}:]*\)[ \t\w]*\{[^\n]*$/gm;
/** `static inline int f(int a)` with a body on the line below that ends where it begins: `{ return a; }`. */
const HEADER_BEFORE_LINE_BODY = /^[A-Za-z_][^;={}:]*\)[ \t]*\n[ \t]+\{[^{}]*\}/gm;

/** Counts functions in all preprocessor branches. */
export function countFunctions(text: string): number {
  const bare = bareText(text);
  const matches = (pattern: RegExp): number => [...bare.matchAll(pattern)].length;
  return matches(KERNEL_STYLE) + matches(BRACE_ON_HEADER) + matches(HEADER_BEFORE_LINE_BODY);
}
