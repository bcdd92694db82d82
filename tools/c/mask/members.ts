/**
 * Macros among the members of structs and the constants of enums.
 */

import { IDENTIFIER } from "../lex.ts";
import { CLOSE_BRACE, COMMA, OPEN_BRACE, OPEN_PAREN, SEMICOLON, STAR } from "../punctuators.ts";
import type { MaskedText } from "./edits.ts";
import { ENUM, INITIALIZER, STRUCT, type Stream, textOf } from "./structure.ts";
import { PLAIN } from "./words.ts";

/** How many arguments stand before the members (include/linux/stddef.h, include/uapi/linux/stddef.h). */
const MEMBER_GROUPS: ReadonlyMap<string, number> = new Map([
  ["struct_group", 1],
  ["struct_group_attr", 2],
  ["struct_group_tagged", 2],
  ["__struct_group", 3],
]);

/** Masks macros where a member, an enumerator or an element of an initialiser should stand. */
export function maskMembers(stream: Stream, out: MaskedText): void {
  const { tokens, context } = stream;
  let afterMacro = -1;
  for (let i = 1; i < tokens.count; i++) {
    if (tokens.code[i] !== OPEN_PAREN || tokens.kind[i - 1] !== IDENTIFIER || stream.word[i - 1] !== PLAIN) continue;
    const enclosing = stream.enclosing[i] as number;
    if (enclosing < 0 || (stream.partner[i] as number) < 0) continue;
    // `type (*name)(...)` is a function pointer.
    if (tokens.code[i + 1] === STAR || tokens.code[(stream.partner[i] as number) + 1] === OPEN_PAREN) continue;
    const before = tokens.code[i - 2];
    const kind = context[i];
    const first = before === SEMICOLON || before === OPEN_BRACE || before === CLOSE_BRACE || afterMacro === i - 1;
    if (kind === STRUCT && first && tokens.code[enclosing] === OPEN_BRACE) {
      memberMacro(stream, out, i - 1, i);
      // REG(a) REG(b): the next member may follow without a `;`.
      afterMacro = (stream.partner[i] as number) + 1;
    } else if (kind === STRUCT && tokens.code[enclosing] === OPEN_PAREN && before === COMMA) {
      // Inside struct_group(name, MACRO(...); ...): the members start after a comma.
      if (isMemberGroup(stream, enclosing)) memberMacro(stream, out, i - 1, i);
    } else if (tokens.code[enclosing] === OPEN_BRACE && (before === COMMA || before === OPEN_BRACE)) {
      if (kind === ENUM) enumeratorMacro(stream, out, i);
      else if (kind === INITIALIZER) elementMacro(stream, out, i);
    }
  }
}

function isMemberGroup(stream: Stream, open: number): boolean {
  return open > 0 && MEMBER_GROUPS.has(textOf(stream, open - 1));
}

function memberMacro(stream: Stream, out: MaskedText, name: number, open: number): void {
  const { tokens } = stream;
  const close = stream.partner[open] as number;
  const skipped = MEMBER_GROUPS.get(textOf(stream, name));
  const start = tokens.start[name] as number;
  out.record("member-macro", start, tokens.end[close] as number);
  if (skipped === undefined) {
    // DECLARE_BITMAP(a, n); or an annotation before the real member.
    const last = tokens.code[close + 1] === SEMICOLON ? close + 1 : close;
    out.blank(start, tokens.end[last] as number);
    return;
  }
  let commas = 0;
  let at = open + 1;
  for (; at < close && commas < skipped; at++) {
    if (tokens.code[at] === COMMA && stream.enclosing[at] === open) commas++;
  }
  out.blank(start, tokens.end[at - 1] as number);
  const last = tokens.code[close + 1] === SEMICOLON ? close + 1 : close;
  out.blank(tokens.start[close] as number, tokens.end[last] as number);
}

/** `NAME(x)` in an enum stands for several enumerators; it goes with its comma. */
function enumeratorMacro(stream: Stream, out: MaskedText, open: number): void {
  const { tokens } = stream;
  const close = stream.partner[open] as number;
  const last = tokens.code[close + 1] === COMMA ? close + 1 : close;
  out.record("member-macro", tokens.start[open - 1] as number, tokens.end[last] as number);
  out.blank(tokens.start[open - 1] as number, tokens.end[last] as number);
}

/** Elements that bring their own comma: `ENTRY(a) ENTRY(b)`. */
function elementMacro(stream: Stream, out: MaskedText, open: number): void {
  const { tokens } = stream;
  let name = open - 1;
  let close = stream.partner[open] as number;
  while (tokens.kind[close + 1] === IDENTIFIER && tokens.code[close + 2] === OPEN_PAREN) {
    out.blank(tokens.start[name] as number, tokens.end[close] as number);
    out.record("member-macro", tokens.start[name] as number, tokens.end[close] as number);
    name = close + 1;
    const next = stream.partner[close + 2] as number;
    if (next < 0) return;
    close = next;
  }
}
