/** New members of structs. */
import type { CFile } from "../c/file.ts";
import { declaratorName, type Program } from "../c/program.ts";
import { descendants, parsePiece, type SyntaxNode } from "../c/syntax.ts";
import type { Place } from "../timing/fact.ts";
import type { Workbench } from "./workbench.ts";

interface Member {
  readonly file: CFile;
  readonly declaration: SyntaxNode;
  readonly struct: { readonly start: number; readonly end: number };
}

/** Where a member of a struct is declared, alone on its lines; null where that cannot be said. */
function memberOf(program: Program, tag: string, field: string): Member | null {
  const site = program.structSite(tag);
  if (site === undefined) return null;
  const { file, start, end } = site;
  const parsed = parsePiece(`${file.masked.text.slice(start, end)};`, start);
  const root = parsed.ok ? parsed.root() : null;
  if (root === null) return null;
  for (const declaration of descendants(root)) {
    if (declaration.type !== "field_declaration") continue;
    const names = declaration.children
      .filter((one) => one.field === "declarator")
      .map((one) => declaratorName(one, file.masked.source).name);
    if (names.includes(field)) return { file, declaration, struct: { start, end } };
  }
  return null;
}

/** Whether a member shares its place with others. */
function isUnion(declaration: SyntaxNode): boolean {
  for (let at = declaration.parent; at !== null; at = at.parent) if (at.type === "union_specifier") return true;
  return false;
}

export interface NewMember {
  /** Tag of the struct. */
  readonly tag: string;
  /** The member after which it is to stand. */
  readonly after: string;
  readonly name: string;
  /** The declaration with its semicolon, without indentation. */
  readonly line: string;
}

/**
 * Puts a member into a struct, on the line after another one.
 *
 * @param at the place to name where it cannot be done
 */
export function addMember(bench: Workbench, at: Place, { tag, after, name, line }: NewMember): void {
  const type = bench.program.struct(tag);
  if (type?.fields.has(name) === true) bench.refuseAt(at, `struct ${tag} has a member ${name} already`);
  const member = memberOf(bench.program, tag, after);
  if (member === null) bench.refuseAt(at, `the member ${after} of struct ${tag} is not found in the headers`);
  const { file, declaration } = member;
  const text = bench.textOf(file);
  if (!text.isFirstOnLine(declaration.start) || !text.isLastOnLine(declaration.end)) {
    bench.refuseAt(at, `the member ${after} of struct ${tag} shares its line with something else`);
  }
  if (isUnion(declaration)) bench.refuseAt(at, `the member ${after} of struct ${tag} stands in a union`);
  if (text.conditionDepth(member.struct.start, declaration.start) !== 0) {
    bench.refuseAt(at, `the member ${after} of struct ${tag} stands under a preprocessor condition`);
  }
  const offset = text.lineEnd(declaration.end);
  const within = { kind: "struct", name: tag, ...member.struct } as const;
  const inserted = `${text.indent(declaration.start)}${line}\n`;
  bench.edits.add({ file: file.path, start: offset, end: offset, text: inserted, within });
}
