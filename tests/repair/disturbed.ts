/**
 * Texts in which somebody has worked without changing what the probe does: comments and blanks between tokens, other
 * names for locals, statements and braces more, functions elsewhere. And the same texts with all of that undone.
 */
import fc from "fast-check";

/** A stretch of a file that recipes may change: a function or a struct, with the comment before it. */
interface Stretch {
  readonly name: string;
  readonly pattern: RegExp;
}

const COMMENT = String.raw`(?:/\*(?:(?!\*/)[\s\S])*\*/\n)?`;
export const PROBE_TEXT: Stretch = {
  name: "probe",
  pattern: new RegExp(`^${COMMENT}static void\\s+cifs_echo_request\\([^;{]*\\)\\n\\{\\n[\\s\\S]*?\\n\\}\\n`, "m"),
};
export const WATCHDOG_TEXT: Stretch = {
  name: "watchdog",
  pattern: new RegExp(
    `^${COMMENT}(?:static )?bool\\s+server_unresponsive\\([^;{]*\\)\\n\\{\\n[\\s\\S]*?\\n\\}\\n`,
    "m",
  ),
};
export const STRUCT_TEXT: Stretch = { name: "struct", pattern: /^struct TCP_Server_Info \{\n[\s\S]*?\n\};\n/m };

/** One way of disturbing; numbers choose places, as shares of a thousand. */
export type Disturbance =
  | { readonly kind: "gap"; readonly stretch: string; readonly at: number; readonly text: string }
  | { readonly kind: "statement"; readonly stretch: string; readonly at: number }
  | { readonly kind: "braces"; readonly stretch: string; readonly at: number }
  | { readonly kind: "rename"; readonly stretch: string; readonly at: number }
  | { readonly kind: "move"; readonly stretch: string };

const GAPS = [
  " ",
  "  ",
  "\t",
  "\n",
  "\n\n",
  "\n\t\t\t",
  "\r\n",
  "/* so */",
  "/* don't \" { ( */",
  " /* on\n * two */ ",
  "// end\n",
  "\n/* own line */\n",
  "\n\n/* apart */\n\n",
  "\n\t/* A response of some kind. */\n",
];

const STRETCHES = fc.constantFrom("probe", "probe", "watchdog", "struct");
const FUNCTIONS = fc.constantFrom("probe", "watchdog");
const PLACE = fc.nat({ max: 999 });

export const disturbance: fc.Arbitrary<Disturbance> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("gap" as const),
      stretch: STRETCHES,
      at: PLACE,
      text: fc.constantFrom(...GAPS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("statement" as const), stretch: FUNCTIONS, at: PLACE }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("braces" as const), stretch: FUNCTIONS, at: PLACE }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rename" as const), stretch: FUNCTIONS, at: PLACE }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("move" as const), stretch: FUNCTIONS }) },
);

/** Tokens with the blanks and comments before each; a directive is one token. */
interface Piece {
  readonly gap: string;
  readonly token: string;
}

const GAP = String.raw`(?:\s|/\*[\s\S]*?\*/|//[^\n]*)*`;
const OPERATOR = String.raw`<<=|>>=|\.\.\.|->|\+\+|--|&&|\|\||<<|>>|[-+*/%&|^!<>=]=`;
const TOKEN = String.raw`^[ \t]*#(?:\\\r?\n|[^\n])*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\w+|${OPERATOR}|[^\s\w]`;

/** Takes a text apart with regular expressions: nothing of what is tested. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let rest = 0;
  for (const match of text.matchAll(new RegExp(`(${GAP})(${TOKEN}|$)`, "gm"))) {
    if (match.index !== rest) throw new Error(`fixture: not taken apart at ${text.slice(rest, rest + 20)}`);
    rest += match[0].length;
    if (match[0] === "") break;
    found.push({ gap: match[1] ?? "", token: match[2] ?? "" });
  }
  return found;
}

const joined = (all: readonly Piece[]): string => all.map(({ gap, token }) => gap + token).join("");
const chosen = (at: number, count: number): number => Math.floor((at * count) / 1000);
const isDirective = (piece: Piece | undefined): boolean => piece !== undefined && /^[ \t]*#/.test(piece.token);

function withGap(all: Piece[], at: number, text: string): Piece[] {
  const i = chosen(at, all.length);
  const piece = all[i];
  // The first token keeps the stretch's beginning on its line, and directives theirs.
  if (piece === undefined || i === 0 || piece.token === "" || isDirective(piece) || isDirective(all[i - 1])) return all;
  const isCode = /^(?:\s|\/\*[\s\S]*\*\/)*$/.test(piece.gap);
  // A comment behind a division would begin one token earlier.
  const apart = all[i - 1]?.token === "/" ? ` ${text}` : text;
  return all.with(i, {
    ...piece,
    gap: isCode && at % 2 === 0 ? apart + piece.gap : `${piece.gap}${isCode ? "" : "\n"}${apart}`,
  });
}

/** Where statements of the body's own list end, behind the declarations and before the last statement. */
function statementEnds(all: readonly Piece[]): readonly number[] {
  const ends: number[] = [];
  let [braces, parentheses, isBehind] = [0, 0, false];
  for (const [i, { token, gap }] of all.entries()) {
    if (braces === 1 && /\n[ \t]*\r?\n/.test(gap)) isBehind = true;
    if (token === "{") braces++;
    if (token === "}") braces--;
    if (token === "(") parentheses++;
    if (token === ")") parentheses--;
    const isEnd = braces === 1 && parentheses === 0 && (token === ";" || token === "}");
    const next = all[i + 1]?.token ?? "";
    if (isEnd && isBehind && !/^(?:else|while|\}|)$|^[ \t]*#/.test(next)) ends.push(i);
  }
  return ends;
}

function withStatement(all: Piece[], at: number): Piece[] {
  const ends = statementEnds(all);
  const end = ends[chosen(at, ends.length)];
  if (end === undefined) return all;
  const words = ["mark", "(", ")", ";"].map((token, i) => ({ gap: i === 0 ? "\n\t" : "", token }));
  return all.toSpliced(end + 1, 0, ...words);
}

/** Braces around a goto that stands alone in its if. */
function withBraces(all: Piece[], at: number): Piece[] {
  const jumps = all.flatMap(({ token }, i) =>
    token === "goto" && all[i - 1]?.token === ")" && all[i + 2]?.token === ";" ? [i] : [],
  );
  const i = jumps[chosen(at, jumps.length)];
  if (i === undefined || all[i + 3]?.token === "else") return all;
  return all.toSpliced(i + 3, 0, { gap: "\n\t", token: "}" }).toSpliced(i, 0, { gap: " ", token: "{" });
}

/** Another name for a local: one that is declared at the beginning of a line. */
function renamed(all: Piece[], at: number): Piece[] {
  const locals = [...joined(all).matchAll(/^\t(?:struct |unsigned )?\w+ \**(\w+)(?: = [^;]*)?;/gm)].map(
    (match) => match[1] ?? "",
  );
  const name = locals[chosen(at, locals.length)];
  if (name === undefined || /^local_|^return$/.test(name)) return all;
  return all.map((piece, i) => {
    const isMember =
      /^(?:->|\.)$/.test(all[i - 1]?.token ?? "") || (/^,$/.test(all[i - 1]?.token ?? "") && all[i + 1]?.token === ".");
    return piece.token === name && !isMember ? { ...piece, token: `local_${name}` } : piece;
  });
}

function disturbedStretch(text: string, name: string, all: readonly Disturbance[]): string {
  let at = pieces(text);
  const own = (kind: Disturbance["kind"]): readonly number[] =>
    all.flatMap((one) => (one.kind === kind && one.stretch === name && "at" in one ? [one.at] : []));
  // Blanks last: they would make it hard to say where declarations end.
  for (const place of own("statement")) at = withStatement(at, place);
  for (const place of own("braces")) at = withBraces(at, place);
  for (const place of own("rename")) at = renamed(at, place);
  for (const one of all) if (one.kind === "gap" && one.stretch === name) at = withGap(at, one.at, one.text);
  return joined(at);
}

const fence = (edge: string, name: string): string => `extern int fence_${edge}_${name};\n`;

/** A text with its stretches disturbed, moved to the end where that is asked for, and each between two fences. */
export function disturbed(text: string, stretches: readonly Stretch[], all: readonly Disturbance[]): string {
  let result = text;
  for (const { name, pattern } of stretches) {
    const match = pattern.exec(result);
    if (match === null) throw new Error(`fixture: no ${name}`);
    const fenced = fence("before", name) + disturbedStretch(match[0], name, all) + fence("behind", name);
    const isMoved = all.some((one) => one.kind === "move" && one.stretch === name);
    const [head, tail] = [result.slice(0, match.index), result.slice(match.index + match[0].length)];
    result = isMoved ? `${head}${tail}\n${fenced}` : head + fenced + tail;
  }
  return result;
}

/** The stretches of a text by name, and all that is outside of them. */
export function split(
  text: string,
  names: readonly string[],
): { readonly inside: ReadonlyMap<string, string>; readonly outside: string } {
  const inside = new Map<string, string>();
  let outside = text;
  for (const name of names) {
    const [from, to] = [outside.indexOf(fence("before", name)), outside.indexOf(fence("behind", name))];
    if (from < 0 || to < 0) throw new Error(`the fences of ${name} are gone`);
    const start = from + fence("before", name).length;
    inside.set(name, outside.slice(start, to));
    outside = outside.slice(0, start) + outside.slice(to);
  }
  return { inside, outside };
}

/** The tokens of a stretch with every disturbance undone, and without parentheses that say nothing. */
export function undone(text: string): string {
  return pieces(text)
    .map(({ token }) => token.replace(/^local_/, ""))
    .filter((token) => token !== "{" && token !== "}" && token !== "")
    .join(" ")
    .replace(/mark \( \) ;(?: |$)/g, "")
    .replace(/(?<!\w )\( (\w+(?: -> \w+)*) \)/g, "$1")
    .trim();
}
