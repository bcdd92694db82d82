/**
 * Struct types of expressions, as far as declarations tell: enough to know that `server->lstrp` is a field of
 * `struct TCP_Server_Info`.
 */
import type { CFunction } from "./file.ts";
import { type Code, textOfNode } from "./fragment.ts";
import { declaratorName, type Program, typeNameOf } from "./program.ts";
import { childOf, descendants, type SyntaxNode } from "./syntax.ts";

/** Parameters and locals of a function: name -> tag of the struct type (through any pointers), null where unknown. */
export type LocalTypes = ReadonlyMap<string, string | null>;

/** Collects the declarations of a function. */
export function localTypes(fn: CFunction): LocalTypes {
  const types = new Map<string, string | null>();
  const root = fn.syntax();
  if (root === null) return types;
  const { source } = fn.file.masked;
  for (const node of descendants(root)) {
    if (node.type !== "declaration" && node.type !== "parameter_declaration") continue;
    const type = childOf(node, "type");
    if (type === undefined) continue;
    const typeName = typeNameOf(type, source);
    for (const declarator of node.children) {
      if (declarator.field !== "declarator") continue;
      const { name } = declaratorName(declarator, source);
      if (name !== null) types.set(name, typeName);
    }
  }
  return types;
}

const CONTAINER_OF = new RegExp(
  `^(?:${[
    "container_of(?:_const)?",
    "(?:hlist|list|rb|list_first|list_last)_entry",
    "from_timer",
    "timer_container_of",
  ].join("|")})$`,
);

/**
 * Tag of the struct that an expression is, or points to.
 *
 * @returns null when it is no struct or the declarations do not tell
 */
export function structOf(node: SyntaxNode, code: Code, locals: LocalTypes, program: Program): string | null {
  switch (node.type) {
    case "identifier": {
      const name = textOfNode(code, node);
      return locals.get(name) ?? program.variableTag(name) ?? null;
    }
    case "field_expression":
      return fieldOf(node, code, locals, program)?.typeName ?? null;
    case "parenthesized_expression":
    case "pointer_expression":
    case "subscript_expression": {
      const inner = childOf(node, "argument") ?? node.children[0];
      return inner === undefined ? null : structOf(inner, code, locals, program);
    }
    case "cast_expression":
      return /\bstruct\s+(\w+)/.exec(textOfNode(code, childOf(node, "type") ?? node))?.[1] ?? null;
    case "call_expression":
      return callResult(node, code, program);
    default:
      return null;
  }
}

function callResult(node: SyntaxNode, code: Code, program: Program): string | null {
  const callee = childOf(node, "function");
  const name = callee === undefined ? "" : textOfNode(code, callee);
  if (CONTAINER_OF.test(name)) return /\bstruct\s+(\w+)/.exec(textOfNode(code, node))?.[1] ?? null;
  const fn = program.function(name);
  if (fn === undefined) return null;
  const header = fn.file.masked.source.slice(fn.start, fn.nameOffset);
  return /\bstruct\s+(\w+)/.exec(header)?.[1] ?? null;
}

/** The field that a field expression names: its struct's tag, and its own type. */
export function fieldOf(
  node: SyntaxNode,
  code: Code,
  locals: LocalTypes,
  program: Program,
): { readonly structTag: string | null; readonly field: string; readonly typeName: string | null } | null {
  if (node.type !== "field_expression") return null;
  const argument = childOf(node, "argument");
  const fieldNode = childOf(node, "field");
  if (argument === undefined || fieldNode === undefined) return null;
  const field = textOfNode(code, fieldNode);
  const structTag = structOf(argument, code, locals, program);
  const struct = structTag === null ? undefined : program.struct(structTag);
  return { structTag: struct?.tag ?? structTag, field, typeName: struct?.fields.get(field)?.typeName ?? null };
}
