/** Pieces of declarations, and the arithmetic of a struct's layout. */
import { childOf, type SyntaxNode } from "../c/syntax.ts";
import type { CType } from "./c-types.ts";

export function declaratorIn(node: SyntaxNode): SyntaxNode | undefined {
  return (
    childOf(node, "declarator") ??
    node.children.find((child) => child.field !== "size" && /declarator$|identifier$/.test(child.type))
  );
}

/** For each declarator of a declaration the node of its width, if it is a bit-field. */
export function bitWidths({ children }: SyntaxNode): readonly (SyntaxNode | undefined)[] {
  return children.flatMap((child, i) => {
    if (child.field !== "declarator") return [];
    const next = children[i + 1];
    return [next?.type === "bitfield_clause" ? next.children.at(-1) : undefined];
  });
}

export function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** What a bit-field holds: one of a 64-bit type that has at most 32 bits is read and stored like one of 32. */
export function bitFieldType(type: CType, bits: number): CType {
  return type.kind === "int" && type.bits === 64 && bits > 0 && bits <= 32 ? { ...type, bits: 32 } : type;
}
