/**
 * Makes kernel C digestible for a parser that knows C but no macros, without moving a byte.
 *
 * Text is overwritten by text of the same length, and newlines stay where they are, so that every offset of the syntax
 * tree points into the file as it is on disk. The tree tells the structure; the words are always read from the file.
 */
import type { Configuration } from "./configuration.ts";
import { DIRECTIVE, type Lexed, lex, type Tokens } from "./lex.ts";
import { withoutAnnotations } from "./mask/annotations.ts";
import { maskArguments } from "./mask/arguments.ts";
import { type MaskEdit, MaskedText } from "./mask/edits.ts";
import { maskFileScope } from "./mask/file-scope.ts";
import { maskMembers } from "./mask/members.ts";
import { maskStatements } from "./mask/statements.ts";
import { type Stream, structureOf } from "./mask/structure.ts";
import { type Preprocessed, preprocess, type SourceProblem } from "./preprocessor.ts";

/** Bracket nesting; real code stays below 30, and deep trees would overflow native stacks. */
export const MAX_NESTING = 400;

export interface Masked {
  /** What the parser reads: as long as the file, with the same newlines. */
  readonly bytes: Buffer;
  /** The same, each byte as one character. */
  readonly text: string;
  /** The file, each byte as one character. */
  readonly source: string;
  readonly edits: readonly MaskEdit[];
  readonly preprocessed: Preprocessed;
  /** What is wrong with the text before any parser sees it. */
  readonly problems: readonly SourceProblem[];
  /** The tokens that are left, with their bracket structure. */
  readonly stream: Stream;
  /** All tokens of the file, directives and switched-off text included. */
  readonly allTokens: Tokens;
}

/**
 * Masks one file.
 *
 * @param text the file's bytes; not changed
 * @param configuration which preprocessor branches are taken
 */
export function mask(text: Buffer, configuration: Configuration): Masked {
  const source = text.toString("latin1");
  const lexed = lex(text);
  const preprocessed = preprocess(source, lexed.tokens, configuration);
  return maskTokens(text, source, lexed, preprocessed);
}

function maskTokens(text: Buffer, source: string, lexed: Lexed, preprocessed: Preprocessed): Masked {
  const out = new MaskedText(Buffer.from(text));
  const { comments, marks, stray, tokens } = lexed;
  for (let i = 0; i < comments.length; i += 2) out.blank(comments[i] as number, comments[i + 1] as number);
  const words = withoutAnnotations(source, tokens, preprocessed.inactive, out);
  const stream: Stream = { ...words, ...structureOf(words), gone: new Uint8Array(words.tokens.count) };
  const blankRest = (): void => {
    for (const offset of [...stray, ...marks]) out.blank(offset, offset + 1);
    for (let i = 0; i < tokens.count; i++) {
      if (tokens.kind[i] === DIRECTIVE) out.blank(tokens.start[i] as number, tokens.end[i] as number);
    }
    const { inactive } = preprocessed;
    for (let i = 0; i < inactive.length; i += 2) out.blank(inactive[i] as number, inactive[i + 1] as number);
  };
  const problems = [...preprocessed.problems, ...lexicalProblems(source, lexed)];
  // No spread here: it would call the getters.
  return Object.assign(lazily(stream, out, blankRest), { source, preprocessed, problems, stream, allTokens: tokens });
}

/** The masked text, made when somebody wants to parse: of headers without functions nobody does, most of the time. */
function lazily(stream: Stream, out: MaskedText, blankRest: () => void): Pick<Masked, "bytes" | "text" | "edits"> {
  let text: string | null = null;
  const finished = (): string => {
    if (text !== null) return text;
    blankRest();
    // Deeper text is refused by the reader; the rules' cost grows with depth.
    if (stream.depth <= MAX_NESTING) {
      maskFileScope(stream, out);
      maskMembers(stream, out);
      maskArguments(stream, out);
      maskStatements(stream, out);
    }
    text = out.bytes.toString("latin1");
    return text;
  };
  return {
    get bytes() {
      finished();
      return out.bytes;
    },
    get text() {
      return finished();
    },
    get edits() {
      finished();
      return out.edits;
    },
  };
}

/** Comments that never end, and bytes that are no C at all. */
function lexicalProblems(source: string, { comments, stray }: Lexed): readonly SourceProblem[] {
  const problems: SourceProblem[] = [];
  const last = comments.at(-2);
  if (
    last !== undefined &&
    source.startsWith("/*", last) &&
    !/^\/\*[\s\S]*\*\/$/.test(source.slice(last, comments.at(-1)))
  ) {
    problems.push({ offset: last, reason: "comment without end: everything after it is lost" });
  }
  // A backslash outside a directive continues the line, which means nothing there.
  const odd = stray.filter((offset) => source[offset] !== "\\");
  const first = odd[0];
  if (first !== undefined) {
    const code = source.charCodeAt(first).toString(16).padStart(2, "0");
    problems.push({
      offset: first,
      reason: `${odd.length} control characters in the code (the first is 0x${code}), read as blanks`,
    });
  }
  return problems;
}
