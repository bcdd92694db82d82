/**
 * Syntax trees as plain data.
 *
 * tree-sitter parses one function (or one declaration) at a time: an error in one cannot swallow its neighbours, and a
 * tree lives only as long as somebody looks at it. Offsets are those of the file, whatever piece was parsed.
 */
import Parser from "tree-sitter";
import C from "tree-sitter-c";

export interface SyntaxNode {
  /** Node type of tree-sitter-c's grammar; the operator or keyword itself for anonymous nodes. */
  readonly type: string;
  /** Field name in the parent, such as `condition`; null where it has none. */
  readonly field: string | null;
  /** Byte offsets into the file as it is on disk. */
  readonly start: number;
  readonly end: number;
  /** Named nodes and operators; brackets, commas and semicolons are left out. */
  readonly children: readonly SyntaxNode[];
  readonly parent: SyntaxNode | null;
}

/** A piece of a file that was parsed, or the reason why it was not. `root` is null for trees that are too deep. */
export type ParseResult =
  | { readonly ok: true; readonly root: () => SyntaxNode | null }
  | { readonly ok: false; readonly offset: number; readonly reason: string };

// Real functions take well under 50 ms; past this the input is hostile, and the report says that the bound was hit.
const PARSE_LIMIT_MICROSECONDS = 5_000_000;
/** Longer pieces are not parsed: the largest function of any kernel is a twentieth of this. */
export const MAX_PIECE_BYTES = 2_000_000;
/**
 * Levels of a tree. `a + b + c ...` and `else if` nest one level each; a few hundred are real. Everybody who walks
 * trees by recursion relies on this.
 */
export const MAX_TREE_DEPTH = 1200;

const LEFT_OUT = new Set(["(", ")", "{", "}", "[", "]", ",", ";", "comment"]);

let shared: Parser | null = null;

function parser(): Parser {
  if (shared === null) {
    shared = new Parser();
    shared.setLanguage(C as unknown as Parser.Language);
    shared.setTimeoutMicros(PARSE_LIMIT_MICROSECONDS);
  }
  return shared;
}

/**
 * Parses a piece of masked text.
 *
 * @param text the piece, each byte as one character
 * @param base byte offset of the piece in its file
 */
export function parsePiece(text: string, base: number): ParseResult {
  if (text.length > MAX_PIECE_BYTES) {
    return { ok: false, offset: base, reason: `longer than ${MAX_PIECE_BYTES} bytes, not parsed` };
  }
  let tree: Parser.Tree | undefined;
  try {
    tree = parser().parse(text, undefined, { bufferSize: 2 * text.length + 64 });
  } catch {
    tree = undefined;
  }
  if (tree === undefined || tree === null) {
    parser().reset();
    return { ok: false, offset: base, reason: `parser gave up after ${PARSE_LIMIT_MICROSECONDS / 1e6} s` };
  }
  const { rootNode } = tree;
  if (rootNode.hasError) return { ok: false, ...firstError(rootNode, base) };
  const parsed = tree;
  return { ok: true, root: () => convert(parsed, base) };
}

/** Where the parser lost its way. */
function firstError(root: Parser.SyntaxNode, base: number): { readonly offset: number; readonly reason: string } {
  let node = root;
  for (let depth = 0; depth < 10_000; depth++) {
    if (node.type === "ERROR") return { offset: base + node.startIndex, reason: "syntax not understood" };
    if (node.isMissing) return { offset: base + node.startIndex, reason: `"${node.type}" expected` };
    const next = node.children.find((child) => child.hasError || child.isMissing);
    if (next === undefined) break;
    node = next;
  }
  return { offset: base + node.startIndex, reason: "syntax not understood" };
}

interface MutableNode extends SyntaxNode {
  readonly children: SyntaxNode[];
}

/** Node type names by id, filled as they are met: crossing into native code for each string is the slow part. */
const TYPE_NAMES: (string | null | undefined)[] = [];
/** Field names by id; 0 is "no field". */
const FIELD_NAMES: (string | null | undefined)[] = [null];

/** Type of the node at the cursor; null for punctuation, which trees leave out. */
function typeAtCursor(cursor: Parser.TreeCursor): string | null {
  const id = cursor.nodeTypeId;
  let type = TYPE_NAMES[id];
  if (type === undefined) {
    const name = cursor.nodeType;
    type = LEFT_OUT.has(name) ? null : name;
    TYPE_NAMES[id] = type;
  }
  return type;
}

function nodeAtCursor(cursor: Parser.TreeCursor, type: string, base: number, parent: SyntaxNode | null): MutableNode {
  const fieldId = parent === null ? 0 : cursor.currentFieldId;
  let field = FIELD_NAMES[fieldId];
  if (field === undefined) {
    field = cursor.currentFieldName ?? null;
    FIELD_NAMES[fieldId] = field;
  }
  return { type, field, start: base + cursor.startIndex, end: base + cursor.endIndex, children: [], parent };
}

function convert(tree: Parser.Tree, base: number): SyntaxNode | null {
  const cursor = tree.walk();
  const root = nodeAtCursor(cursor, cursor.nodeType, base, null);
  const path: MutableNode[] = [root];
  let more = cursor.gotoFirstChild();
  while (more) {
    const type = typeAtCursor(cursor);
    if (type !== null) {
      const parent = path.at(-1) as MutableNode;
      const node = nodeAtCursor(cursor, type, base, parent);
      parent.children.push(node);
      if (cursor.gotoFirstChild()) {
        path.push(node);
        if (path.length > MAX_TREE_DEPTH) return null;
        continue;
      }
    }
    while (!cursor.gotoNextSibling()) {
      path.pop();
      more = path.length > 0 && cursor.gotoParent();
      if (!more || path.length === 0) return root;
    }
  }
  return root;
}

/** The child with a field name. */
export function childOf(node: SyntaxNode, field: string): SyntaxNode | undefined {
  return node.children.find((child) => child.field === field);
}

/** Visits a node and everything below it, parents first. */
export function* descendants(node: SyntaxNode): Generator<SyntaxNode> {
  const stack = [node];
  for (;;) {
    const next = stack.pop();
    if (next === undefined) return;
    yield next;
    for (let i = next.children.length - 1; i >= 0; i--) stack.push(next.children[i] as SyntaxNode);
  }
}

/** The innermost node that covers [start, end). */
export function nodeAt(root: SyntaxNode, start: number, end: number): SyntaxNode {
  let node = root;
  for (;;) {
    const inner: SyntaxNode | undefined = node.children.find((child) => child.start <= start && child.end >= end);
    if (inner === undefined) return node;
    node = inner;
  }
}

/** The nearest ancestor (or the node itself) of one of some types. */
export function ancestorOf(node: SyntaxNode, types: ReadonlySet<string>): SyntaxNode | null {
  for (let at: SyntaxNode | null = node; at !== null; at = at.parent) if (types.has(at.type)) return at;
  return null;
}
