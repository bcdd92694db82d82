/**
 * All files that are looked at together, with lookups over them; headers join when a name is not found otherwise.
 */
import type { Configuration } from "./configuration.ts";
import { type CFile, type CFunction, readCFile } from "./file.ts";
import {
  type CallSite,
  type Enumerator,
  type FileIndex,
  indexFile,
  type StructSite,
  type TableEntry,
} from "./file-index.ts";
import type { MacroDefinition } from "./preprocessor.ts";
import { childOf, parsePiece, type SyntaxNode } from "./syntax.ts";

/** A header that may be asked, not yet looked into. */
export interface HeaderText {
  readonly path: string;
  readonly text: Buffer;
}

export interface FieldType {
  readonly name: string;
  /** Tag of its struct type, or the typedef's name; null for built-in types. */
  readonly typeName: string | null;
  /** How many `*` and `[]` stand between the field and the type. */
  readonly indirections: number;
}

export interface StructType {
  readonly tag: string;
  readonly fields: ReadonlyMap<string, FieldType>;
}

/** Reads and indexes C on demand. */
export class Program {
  readonly files: readonly CFile[];
  private readonly indexes: FileIndex[];
  private readonly functions = new Map<string, CFunction[]>();
  private readonly macros = new Map<string, MacroDefinition>();
  private readonly enums = new Map<string, Enumerator>();
  private readonly structSites = new Map<string, StructSite>();
  private readonly structTypes = new Map<string, StructType | null>();
  private readonly typedefs = new Map<string, string | StructSite>();
  private readonly variables = new Map<string, string | null>();
  private readonly unread: HeaderText[];
  private readonly missing = new Set<string>();

  /**
   * @param files what is scanned
   * @param headers what may be needed to understand it; read only when a name is missing
   * @param watched names whose uses other than calls are wanted too (`usesOf`)
   */
  constructor(
    files: readonly CFile[],
    headers: readonly HeaderText[],
    readonly configuration: Configuration,
    watched: ReadonlySet<string> = new Set(),
  ) {
    this.files = files;
    this.unread = [...headers];
    this.indexes = files.map((file) => indexFile(file, watched));
    for (const index of this.indexes) this.add(index);
  }

  private add(index: FileIndex): void {
    const { file } = index;
    for (const one of file.functions) {
      const known = this.functions.get(one.name);
      if (known === undefined) this.functions.set(one.name, [one]);
      else known.push(one);
    }
    for (const macro of file.masked.preprocessed.macros) {
      // The first definition wins; later ones are redefinitions for other configurations.
      if (!this.macros.has(macro.name)) this.macros.set(macro.name, macro);
    }
    for (const [name, enumerator] of index.enumerators) if (!this.enums.has(name)) this.enums.set(name, enumerator);
    for (const [tag, site] of index.structs) if (!this.structSites.has(tag)) this.structSites.set(tag, site);
    for (const [name, target] of index.typedefs) if (!this.typedefs.has(name)) this.typedefs.set(name, target);
    for (const [name, tag] of index.variables) if (!this.variables.has(name)) this.variables.set(name, tag);
  }

  get tables(): readonly TableEntry[] {
    return this.indexes.flatMap((index) => index.tables);
  }

  /** Calls of a function or macro in the scanned files, in file order. */
  callsTo(name: string): readonly CallSite[] {
    return this.indexes.flatMap((index) => index.calls.get(name) ?? []);
  }

  /** Uses of a watched name inside functions, other than calls. */
  usesOf(name: string): readonly CallSite[] {
    return this.indexes.flatMap((index) => index.mentions.get(name) ?? []);
  }

  /** Function-like macros of the scanned files. */
  get functionMacros(): readonly MacroDefinition[] {
    return this.files.flatMap((file) => file.masked.preprocessed.macros.filter((macro) => macro.parameters !== null));
  }

  /** Names that are called in the scanned files and that a test accepts. */
  calledNames(accept: (name: string) => boolean): readonly string[] {
    const names = new Set<string>();
    for (const index of this.indexes) for (const name of index.calls.keys()) if (accept(name)) names.add(name);
    return [...names];
  }

  /** The function with a name, preferring one in `near` (static functions may share names). */
  function(name: string, near?: CFile): CFunction | undefined {
    const known = this.functions.get(name);
    return known?.find((one) => one.file === near) ?? known?.[0];
  }

  macro(name: string): MacroDefinition | undefined {
    return this.macros.get(name) ?? this.search(name, "#define", () => this.macros.get(name));
  }

  enumerator(name: string): Enumerator | undefined {
    return this.enums.get(name) ?? this.search(name, "enum", () => this.enums.get(name));
  }

  /** Tag of the struct type of a variable at file scope. */
  variableTag(name: string): string | null | undefined {
    return this.variables.get(name);
  }

  typedef(name: string): string | StructSite | undefined {
    return this.typedefs.get(name);
  }

  /** A struct or union with its fields; anonymous members' fields are its own. */
  struct(tag: string): StructType | undefined {
    const known = this.structTypes.get(tag);
    if (known !== undefined) return known ?? undefined;
    let site = this.structSites.get(tag) ?? this.search(tag, "struct", () => this.structSites.get(tag));
    if (site === undefined) {
      const target = this.typedefs.get(tag);
      if (typeof target === "string" && target !== tag) return this.struct(target);
      if (typeof target === "object") site = target;
    }
    const types = site === undefined ? [] : structType(tag, site);
    for (const type of types) this.structTypes.set(type.tag, type);
    if (types.length === 0) this.structTypes.set(tag, null);
    return this.structTypes.get(tag) ?? undefined;
  }

  /** Looks for a definition in headers that were not read so far, by text, and reads those that have it. */
  private search<T>(name: string, keyword: string, found: () => T | undefined): T | undefined {
    const key = `${keyword} ${name}`;
    if (this.missing.has(key)) return undefined;
    for (let i = 0; i < this.unread.length; i++) {
      const header = this.unread[i] as HeaderText;
      if (!mayDefine(header.text, name, keyword)) continue;
      this.unread.splice(i, 1);
      i--;
      const file = readCFile(header.path, header.text, this.configuration, { functions: false });
      this.add(indexFile(file, new Set()));
      const result = found();
      if (result !== undefined) return result;
    }
    this.missing.add(key);
    return undefined;
  }
}

function isWordByte(byte: number | undefined): boolean {
  return (
    byte !== undefined &&
    ((byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95)
  );
}

/** Whether a header has the name in a place that may define it. */
function mayDefine(text: Buffer, name: string, keyword: string): boolean {
  for (let at = text.indexOf(name, 0, "latin1"); at >= 0; at = text.indexOf(name, at + 1, "latin1")) {
    if (isWordByte(text[at - 1]) || isWordByte(text[at + name.length])) continue;
    if (keyword === "enum") return true;
    if (keyword === "#define" && /#\s*define\s+$/.test(text.toString("latin1", Math.max(0, at - 24), at))) return true;
    if (keyword === "struct" && /^\s*\{/.test(text.toString("latin1", at + name.length, at + name.length + 16)))
      return true;
  }
  return false;
}

/** A struct and the unnamed structs among its members, which get names such as `rpc_task.u`. */
function structType(tag: string, site: StructSite): readonly StructType[] {
  const { file, start, end } = site;
  const result = parsePiece(`${file.masked.text.slice(start, end)};`, start);
  const root = result.ok ? result.root() : null;
  if (root === null) return [];
  const types: StructType[] = [];
  const body = [...walkFor(root, "field_declaration_list")][0];
  addStruct(tag, body, file.masked.source, types);
  return types;
}

function addStruct(tag: string, body: SyntaxNode | undefined, source: string, types: StructType[]): void {
  const fields = new Map<string, FieldType>();
  types.push({ tag, fields });
  if (body !== undefined) collectFields(tag, body, source, fields, types);
}

function* walkFor(node: SyntaxNode, type: string): Generator<SyntaxNode> {
  if (node.type === type) yield node;
  for (const child of node.children) yield* walkFor(child, type);
}

function collectFields(
  tag: string,
  list: SyntaxNode,
  source: string,
  fields: Map<string, FieldType>,
  types: StructType[],
): void {
  for (const declaration of list.children) {
    if (declaration.type !== "field_declaration") continue;
    const type = childOf(declaration, "type");
    const declarators = declaration.children.filter((child) => child.field === "declarator");
    const body = type === undefined ? undefined : childOf(type, "body");
    // Members of a member without a name are the struct's own.
    if (declarators.length === 0 && body !== undefined) collectFields(tag, body, source, fields, types);
    const typeName = type === undefined ? null : typeNameOf(type, source);
    for (const declarator of declarators) {
      const { name, indirections } = declaratorName(declarator, source);
      if (name === null) continue;
      const inner = typeName ?? (body === undefined ? null : `${tag}.${name}`);
      fields.set(name, { name, typeName: inner, indirections });
      if (typeName === null && body !== undefined) addStruct(`${tag}.${name}`, body, source, types);
    }
  }
}

/** Tag of `struct x`, name of a typedef; null for built-in types and for structs without a tag. */
export function typeNameOf(type: SyntaxNode, source: string): string | null {
  if (type.type === "struct_specifier" || type.type === "union_specifier") {
    const name = childOf(type, "name");
    return name === undefined ? null : source.slice(name.start, name.end);
  }
  return type.type === "type_identifier" ? source.slice(type.start, type.end) : null;
}

/** The name that a declarator declares, through pointers, arrays, initialisers and functions. */
export function declaratorName(
  declarator: SyntaxNode,
  source: string,
): { readonly name: string | null; readonly indirections: number } {
  let node = declarator;
  let indirections = 0;
  for (;;) {
    if (node.type === "pointer_declarator" || node.type === "array_declarator") indirections++;
    if (node.type === "identifier" || node.type === "field_identifier") {
      return { name: source.slice(node.start, node.end), indirections };
    }
    const inner: SyntaxNode | undefined =
      childOf(node, "declarator") ??
      node.children.find((child) => child.type.endsWith("declarator") || child.type.endsWith("identifier"));
    if (inner === undefined) return { name: null, indirections };
    node = inner;
  }
}
