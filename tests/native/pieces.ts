/**
 * Text of C in pieces: an operand knows how tightly it binds, so that it gets parentheses where C needs them, and each
 * operand can be taken out or replaced, which is what makes a failing expression small.
 */

/** How tightly C's operators bind; higher is tighter. */
export const LEVEL = {
  comma: 1,
  assign: 2,
  conditional: 3,
  or: 4,
  and: 5,
  bitOr: 6,
  bitXor: 7,
  bitAnd: 8,
  equality: 9,
  relation: 10,
  shift: 11,
  sum: 12,
  product: 13,
  unary: 15,
  primary: 20,
} as const;

/** An operand's place: what stands there, and how tightly it must bind to stand there bare. */
export interface Slot {
  readonly piece: Piece;
  readonly needs: number;
  /** Parentheses that C does not need; other texts leave them out, which is what tests how operators bind. */
  readonly isGrouped: boolean;
  /** The simplest that may stand here where a plain number may not. */
  readonly atLeast?: Piece;
}

export interface Piece {
  readonly level: number;
  readonly parts: readonly (string | Slot)[];
}

export function leaf(text: string, level: number = LEVEL.primary): Piece {
  return { level, parts: [text] };
}

export function textOf(piece: Piece): string {
  return piece.parts
    .map((part) => {
      if (typeof part === "string") return part;
      const text = textOf(part.piece);
      return part.isGrouped || part.piece.level < part.needs ? `(${text})` : text;
    })
    .join("");
}

const SMALLEST: readonly Piece[] = [leaf("0"), leaf("1")];

function smallerIn(slot: Slot): readonly Slot[] {
  const inner = insideSmaller(slot.piece);
  const whole = slot.atLeast === undefined ? simplerThan(slot.piece) : [slot.atLeast];
  return [...whole.filter((one) => textOf(one) !== textOf(slot.piece)), ...inner].map((piece) => ({ ...slot, piece }));
}

/** What may stand in the place of a piece: a number, or one of its own operands. */
function simplerThan(piece: Piece): readonly Piece[] {
  const operands = piece.parts.filter((part) => typeof part !== "string");
  return [...SMALLEST, ...operands.map((one) => one.piece)];
}

/** The piece with one of its operands made smaller. */
export function insideSmaller(piece: Piece): readonly Piece[] {
  return piece.parts.flatMap((part, i) =>
    typeof part === "string"
      ? []
      : smallerIn(part).map((smaller) => ({ ...piece, parts: piece.parts.with(i, smaller) })),
  );
}

/** Simpler expressions in the place of one, the simplest first; sooner or later there are none. */
export function smallerPieces(piece: Piece): readonly Piece[] {
  const isLeaf = piece.parts.every((part) => typeof part === "string");
  return [...(isLeaf && piece.level === LEVEL.primary ? [] : simplerThan(piece)), ...insideSmaller(piece)];
}
