/**
 * Macro expansion as the C preprocessor does it (C11 6.10.3), on tokens that remember where they stand in the file.
 *
 * The scan looks at masked text, which never moves a byte. Translation must know what a macro means, so it expands:
 * the tree's own macros by their definitions, a few of the kernel's by the wording of known-macros.ts, and the names
 * that the translator treats itself (primitives, boundary functions) not at all.
 */
import { IDENTIFIER, lex, PUNCTUATOR, STRING, type Tokens } from "../c/lex.ts";
import { ANNOTATION, wordKind } from "../c/mask/words.ts";
import type { MacroDefinition } from "../c/preprocessor.ts";

/** One token: its text, its kind (lex.ts), and the byte offset in the file where its text, or its macro's use, is. */
export interface Token {
  readonly text: string;
  readonly kind: number;
  readonly offset: number;
  /** Macros that must not expand in it any more. */
  readonly hidden: ReadonlySet<string>;
}

/** What a name stands for: a macro to expand, or null to leave it alone. */
export type MacroLookup = (name: string) => MacroDefinition | null;

/** Thrown when a text does not end within the bound; only macros written to do harm get there. */
export class ExpansionError extends Error {}

/** Tokens that one function may become; the largest real ones stay below a twentieth. */
const MAX_TOKENS = 400_000;
const NOTHING: ReadonlySet<string> = new Set();
/** Kind of what stands where a macro's argument is empty; lex.ts knows none such. */
const PLACEMARKER = -1;

/** Tokens [first, last) of a file, annotations and switched-off text left out already. */
export function tokensOf(source: string, tokens: Tokens, first: number, last: number): Token[] {
  const out: Token[] = [];
  for (let i = first; i < last; i++) {
    const offset = tokens.start[i] as number;
    out.push({ text: source.slice(offset, tokens.end[i]), kind: tokens.kind[i] as number, offset, hidden: NOTHING });
  }
  return out;
}

/** Tokens of text that stands for something at `offset`, without annotations such as __force. */
export function tokensOfText(text: string, offset: number): Token[] {
  const { tokens } = lex(Buffer.from(text, "latin1"));
  const out = tokensOf(text, tokens, 0, tokens.count).map((token) => ({ ...token, offset }));
  return withoutAnnotationWords(out);
}

function withoutAnnotationWords(tokens: readonly Token[]): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.kind !== IDENTIFIER || wordKind(token.text) !== ANNOTATION) {
      out.push(token);
      continue;
    }
    if (tokens[i + 1]?.text === "(") i = closing(tokens, i + 1);
  }
  return out;
}

/** Index of the partner of the bracket at `open`; the last index when it has none. */
export function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const { text, kind } = tokens[i] as Token;
    if (kind !== PUNCTUATOR) continue;
    if (text === "(" || text === "[" || text === "{") depth++;
    else if (text === ")" || text === "]" || text === "}") {
      depth--;
      if (depth === 0) return i;
    }
  }
  return tokens.length - 1;
}

/** Splits what stands between the bracket at `open` and its partner at commas. */
export function argumentsOf(tokens: readonly Token[], open: number, close: number): Token[][] {
  const all: Token[][] = [[]];
  for (let i = open + 1; i < close; i++) {
    const token = tokens[i] as Token;
    if (token.kind === PUNCTUATOR && (token.text === "(" || token.text === "{" || token.text === "[")) {
      const end = Math.min(closing(tokens, i), close - 1);
      (all.at(-1) as Token[]).push(...tokens.slice(i, end + 1));
      i = end;
    } else if (token.text === "," && token.kind === PUNCTUATOR) all.push([]);
    else (all.at(-1) as Token[]).push(token);
  }
  return all;
}

export class Expander {
  private readonly bodies = new Map<MacroDefinition, readonly Token[]>();
  private budget = MAX_TOKENS;

  constructor(private readonly lookup: MacroLookup) {}

  /**
   * Expands every macro in a text.
   *
   * @throws ExpansionError when the text grows beyond all bounds
   */
  expandAll(tokens: readonly Token[]): Token[] {
    this.budget = MAX_TOKENS;
    return this.expand(tokens);
  }

  private expand(input: readonly Token[]): Token[] {
    // The rest of the input as a stack, next token last, so that replacements are scanned again.
    const rest = [...input].reverse();
    const out: Token[] = [];
    while (rest.length > 0) {
      const token = rest.pop() as Token;
      if (--this.budget < 0) throw new ExpansionError(`macros expand to more than ${MAX_TOKENS} tokens`);
      const macro = token.kind === IDENTIFIER && !token.hidden.has(token.text) ? this.lookup(token.text) : null;
      if (macro === null) {
        out.push(token);
        continue;
      }
      const replacement = this.replacement(token, macro, rest);
      if (replacement === null) out.push(token);
      else for (let i = replacement.length - 1; i >= 0; i--) rest.push(replacement[i] as Token);
    }
    return out;
  }

  /** What a macro's use becomes; takes its arguments off `rest`. Null for a function-like macro without arguments. */
  private replacement(use: Token, macro: MacroDefinition, rest: Token[]): Token[] | null {
    const body = this.body(macro);
    const hidden = new Set([...use.hidden, macro.name]);
    if (macro.parameters === null) return this.placed(body, use.offset, hidden);
    if (rest.at(-1)?.text !== "(") return null;
    const call: Token[] = [];
    let depth = 0;
    while (rest.length > 0) {
      const token = rest.pop() as Token;
      call.push(token);
      if (token.text === "(") depth++;
      else if (token.text === ")" && --depth === 0) break;
    }
    const given = argumentsOf(call, 0, call.length - 1);
    return this.substitute(body, macro.parameters, given, use.offset, hidden);
  }

  private body(macro: MacroDefinition): readonly Token[] {
    let body = this.bodies.get(macro);
    if (body === undefined) {
      // A # at the start of a line would be a directive.
      body = tokensOfText(`; ${macro.body}`, 0).slice(1);
      this.bodies.set(macro, body);
    }
    return body;
  }

  private placed(tokens: readonly Token[], offset: number, hidden: ReadonlySet<string>): Token[] {
    const pasted = paste(tokens.map((token) => ({ ...token, offset, hidden: union(token.hidden, hidden) })));
    return pasted;
  }

  private substitute(
    body: readonly Token[],
    parameters: readonly string[],
    given: readonly Token[][],
    offset: number,
    hidden: ReadonlySet<string>,
  ): Token[] {
    const raw = (name: string): Token[] | null => {
      const index = parameters.findIndex((one) => one === name || one === `${name}...`);
      if (index < 0) return null;
      const isLast = index === parameters.length - 1 && (name === "__VA_ARGS__" || given.length > parameters.length);
      // A last parameter takes what is left, as `...` and `args...` do.
      if (!isLast) return given[index] ?? [];
      const comma: Token = { text: ",", kind: PUNCTUATOR, offset, hidden: NOTHING };
      return given.slice(index).flatMap((one, i) => (i === 0 ? one : [comma, ...one]));
    };
    const out: Token[] = [];
    for (let i = 0; i < body.length; i++) {
      const token = body[i] as Token;
      const next = body[i + 1];
      if (token.text === "#" && next !== undefined && raw(next.text) !== null) {
        const text = (raw(next.text) as Token[]).map((one) => one.text).join(" ");
        out.push({ text: JSON.stringify(text), kind: STRING, offset, hidden });
        i++;
        continue;
      }
      const argument = token.kind === IDENTIFIER ? raw(token.text) : null;
      if (argument === null) {
        out.push({ ...token, offset, hidden: union(token.hidden, hidden) });
        continue;
      }
      const pastes = next?.text === "##" || body[i - 1]?.text === "##";
      // C11 6.10.3.3: an empty argument next to ## is a placemarker.
      const empty: Token = { text: "", kind: PLACEMARKER, offset, hidden: NOTHING };
      const isVariadic = body[i - 2]?.text === "," && body[i - 1]?.text === "##";
      const pasted = argument.length === 0 && !isVariadic ? [empty] : argument;
      const inserted = pastes ? pasted : this.expand(argument);
      // `, ## __VA_ARGS__` without arguments takes the comma along.
      if (inserted.length === 0 && pastes && body[i - 1]?.text === "##" && out.at(-2)?.text === ",") out.splice(-2, 2);
      out.push(...inserted.map((one) => ({ ...one, hidden: union(one.hidden, hidden) })));
    }
    return paste(out);
  }
}

function union(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  if (a.size === 0) return b;
  return new Set([...a, ...b]);
}

/** Carries out `a ## b`. */
function paste(tokens: readonly Token[]): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    const next = tokens[i + 1];
    if (token.text !== "##" || token.kind !== PUNCTUATOR) {
      out.push(token);
      continue;
    }
    const left = out.at(-1);
    if (left === undefined || next === undefined) continue;
    if (left.text === "," || next.text === ",") continue;
    out.pop();
    const [joined] = tokensOfText(left.text + next.text, left.offset);
    out.push(
      joined === undefined
        ? { ...left, text: "", kind: PLACEMARKER }
        : { ...joined, offset: left.offset, hidden: left.hidden },
    );
    i++;
  }
  return out.filter((token) => token.kind !== PLACEMARKER);
}

/** Text for a parser, with the file's offset of each of its tokens. */
export class ExpandedText {
  readonly text: string;
  private readonly starts: number[] = [];
  private readonly offsets: number[] = [];

  constructor(tokens: readonly Token[]) {
    let text = "";
    for (const token of tokens) {
      this.starts.push(text.length);
      this.offsets.push(token.offset);
      text += `${token.text} `;
    }
    this.text = text;
  }

  /** Byte offset in the file of what stands at a position of the text. */
  offsetAt(position: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] as number) <= position) low = middle;
      else high = middle - 1;
    }
    return this.offsets[low] ?? 0;
  }
}
