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

export interface FileMacro {
  readonly macro: MacroDefinition;
  readonly file: CFile;
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
  /** Calls and watched uses of all scanned files, by name. */
  private readonly calls = new Map<string, CallSite[]>();
  private readonly mentions = new Map<string, CallSite[]>();
  private callers: ReadonlyMap<CFunction, ReadonlySet<CFunction>> | null = null;
  private fileMacros: readonly FileMacro[] | null = null;
  private readonly initials = new Map<string, string | null>();
  private places: Places | null = null;
  /** Names of the folders of the scanned files. */
  private folders: ReadonlySet<string> | null = null;
  private readonly readHeaders = new Set<HeaderText>();
  private readonly missing = new Set<string>();
  /** Every name that was looked up, found or not: what the answers so far depend on. */
  readonly asked = new Set<string>();

  /**
   * @param files what is scanned
   * @param headers what may be needed to understand it; read only when a name is missing
   * @param watched names whose uses other than calls are wanted too (`usesOf`)
   * @param watchedMacro says the same of macros that the files define
   */
  constructor(
    files: readonly CFile[],
    private readonly headers: readonly HeaderText[],
    readonly configuration: Configuration,
    private readonly watched: ReadonlySet<string> = new Set(),
    private readonly watchedMacro: (macro: MacroDefinition) => boolean = () => false,
  ) {
    this.files = files;
    const names = new Set(watched);
    for (const { macro } of this.macrosOfFiles) if (watchedMacro(macro)) names.add(macro.name);
    this.indexes = files.map((file) => indexOf(file, names));
    for (const index of this.indexes) {
      this.add(index);
      merge(this.calls, index.calls);
      merge(this.mentions, index.mentions);
    }
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
    for (const [name, text] of index.initials) {
      // Static variables of the same name in two files: neither is known to be meant.
      this.initials.set(name, this.initials.has(name) && this.initials.get(name) !== text ? null : text);
    }
    for (const [name, tag] of index.variables) if (!this.variables.has(name)) this.variables.set(name, tag);
  }

  /**
   * The program as it would be with other contents for some of its files; files that stay are not read again.
   *
   * @param changed contents by path, headers among them
   * @param configuration for these files, and all that is read later
   */
  replaced(changed: ReadonlyMap<string, Buffer>, configuration: Configuration = this.configuration): Program {
    const files = this.files.map((file) => {
      const text = changed.get(file.path);
      return text === undefined ? file : readCFile(file.path, text, configuration);
    });
    const headers = this.headers.map((one) => {
      const text = changed.get(one.path);
      return text === undefined ? one : { path: one.path, text };
    });
    return new Program(files, headers, configuration, this.watched, this.watchedMacro);
  }

  /** Whether a file or a header has a #define of a name, whether it is switched on or not. */
  definesMacro(name: string): boolean {
    this.asked.add(name);
    this.places ??= placesOf(this.headers);
    return this.macros.has(name) || this.places["#define"].has(name);
  }

  get tables(): readonly TableEntry[] {
    return this.indexes.flatMap((index) => index.tables);
  }

  /** Calls of a function or macro in the scanned files, in file order. */
  callsTo(name: string): readonly CallSite[] {
    return this.calls.get(name) ?? [];
  }

  /** Uses of a watched name inside functions, other than calls. */
  usesOf(name: string): readonly CallSite[] {
    return this.mentions.get(name) ?? [];
  }

  /** Macros of the scanned files that take arguments or stand for code, with the file that defines them. */
  get macrosOfFiles(): readonly FileMacro[] {
    this.fileMacros ??= this.files.flatMap((file) =>
      file.masked.preprocessed.macros.filter((macro) => macro.body !== "").map((macro) => ({ macro, file })),
    );
    return this.fileMacros;
  }

  /** Names that are called in the scanned files and that a test accepts. */
  calledNames(accept: (name: string) => boolean): string[] {
    return [...this.calls.keys()].filter(accept);
  }

  /** The function with a name, preferring one in `near` (static functions may share names). */
  function(name: string, near?: CFile): CFunction | undefined {
    this.asked.add(name);
    const known = this.functions.get(name);
    return known?.find((one) => one.file === near) ?? known?.[0];
  }

  /** The function that a call by name means in a file: its own, or one of another file that is not static. */
  callee(name: string, from: CFile): CFunction | undefined {
    this.asked.add(name);
    const known = this.functions.get(name);
    return known?.find((one) => one.file === from) ?? known?.find((one) => !one.isStatic);
  }

  /** As callee(), and functions of headers, which every file that includes them has as its own. */
  definition(name: string, from: CFile): CFunction | undefined {
    const known = this.callee(name, from) ?? this.functions.get(name)?.find((one) => one.file.path.endsWith(".h"));
    return known ?? this.headerFunction(name);
  }

  /**
   * A function with a body in a header of a folder nearby, or of the folder of include/ that has the client's name
   * (net/sunrpc and include/linux/sunrpc); all others of include/ are the kernel's.
   */
  private headerFunction(name: string): CFunction | undefined {
    const key = `function ${name}`;
    if (this.missing.has(key)) return undefined;
    this.missing.add(key);
    const body = new RegExp(`\\b${name}\\s*\\([^;{}]*\\)\\s*\\{`);
    for (const header of this.headers) {
      if (!this.isOwn(header) || !header.text.includes(name)) continue;
      if (!body.test(header.text.toString("latin1"))) continue;
      const file = readCFile(header.path, header.text, this.configuration);
      const found = file.functions.find((one) => one.name === name);
      if (found === undefined) continue;
      this.missing.delete(key);
      this.functions.set(name, [found]);
      return found;
    }
    return undefined;
  }

  private isOwn({ path }: HeaderText): boolean {
    if (!path.startsWith("include/")) return true;
    const folder = (of: string): string => of.split("/").at(-2) ?? "";
    this.folders ??= new Set(this.files.map((file) => folder(file.path)));
    return this.folders.has(folder(path));
  }

  /** Files in which a typedef of a name may stand and that are not among those that are scanned. */
  typedefHeaders(name: string): readonly CFile[] {
    this.asked.add(name);
    const words = new RegExp(`\\btypedef\\b[^;{}]*\\b${name}\\b`);
    return this.headers.flatMap((header) => {
      const { text } = header;
      if (!text.includes(name) || !words.test(text.toString("latin1"))) return [];
      return [headerFile(header, this.configuration)];
    });
  }

  /** Functions that call a function by name; calls through pointers are not seen. */
  callersOf(fn: CFunction): ReadonlySet<CFunction> {
    this.callers ??= this.callGraph();
    return this.callers.get(fn) ?? new Set();
  }

  private callGraph(): ReadonlyMap<CFunction, Set<CFunction>> {
    const callers = new Map<CFunction, Set<CFunction>>();
    for (const name of this.functions.keys()) {
      for (const site of this.callsTo(name)) {
        const callee = site.function === null ? undefined : this.callee(name, site.file);
        if (callee === undefined || site.function === null) continue;
        const known = callers.get(callee);
        if (known === undefined) callers.set(callee, new Set([site.function]));
        else known.add(site.function);
      }
    }
    return callers;
  }

  macro(name: string): MacroDefinition | undefined {
    this.asked.add(name);
    return this.macros.get(name) ?? this.search(name, "#define", () => this.macros.get(name));
  }

  /** Where a file sees a macro of a name that the client defines itself: in the file, or in a header of its folders. */
  ownMacro(name: string, from: CFile): { readonly path: string; readonly line: number } | undefined {
    for (const file of this.files) {
      if (file !== from && !file.path.endsWith(".h")) continue;
      const macro = file.masked.preprocessed.macros.find((one) => one.name === name);
      if (macro !== undefined) return { path: file.path, line: file.lines.lineAt(macro.offset) };
    }
    this.places ??= placesOf(this.headers);
    const header = this.places["#define"].get(name)?.find((one) => this.isOwn(one));
    if (header === undefined) return undefined;
    const before = header.text.toString("latin1").split(new RegExp(`^[ \\t]*#[ \\t]*define[ \\t]+${name}\\b`, "m"))[0];
    return { path: header.path, line: before?.split("\n").length ?? 1 };
  }

  enumerator(name: string): Enumerator | undefined {
    this.asked.add(name);
    return this.enums.get(name) ?? this.search(name, "enum", () => this.enums.get(name));
  }

  /** Tag of the struct type of a variable at file scope. */
  variableTag(name: string): string | null | undefined {
    this.asked.add(name);
    return this.variables.get(name);
  }

  /** Text of the constant that a variable at file scope starts with; undefined where it has none or several. */
  initialValue(name: string): string | undefined {
    this.asked.add(name);
    return this.initials.get(name) ?? undefined;
  }

  /** What a typedef's name stands for; one of a struct in its own braces is looked for in the headers, too. */
  typedef(name: string): string | StructSite | undefined {
    this.asked.add(name);
    return this.typedefs.get(name) ?? this.search(name, "typedef", () => this.typedefs.get(name));
  }

  /** Where the body of a struct or union stands; a typedef's name does for a struct without a tag. */
  structSite(tag: string): StructSite | undefined {
    this.asked.add(tag);
    const site = this.structSites.get(tag) ?? this.search(tag, "struct", () => this.structSites.get(tag));
    if (site !== undefined) return site;
    const target = this.typedef(tag);
    return typeof target === "object" ? target : undefined;
  }

  /** A struct or union with its fields; anonymous members' fields are its own. */
  struct(tag: string): StructType | undefined {
    this.asked.add(tag);
    const known = this.structTypes.get(tag);
    if (known !== undefined) return known ?? undefined;
    let site = this.structSites.get(tag) ?? this.search(tag, "struct", () => this.structSites.get(tag));
    if (site === undefined) {
      const target = this.typedef(tag);
      if (typeof target === "string" && target !== tag) return this.struct(target);
      if (typeof target === "object") site = target;
    }
    const types = site === undefined ? [] : structType(tag, site);
    for (const type of types) this.structTypes.set(type.tag, type);
    if (types.length === 0) this.structTypes.set(tag, null);
    return this.structTypes.get(tag) ?? undefined;
  }

  /** Looks for a definition in headers that were not read so far, by text, and reads those that have it. */
  private search<T>(name: string, keyword: Keyword, found: () => T | undefined): T | undefined {
    const key = `${keyword} ${name}`;
    if (this.missing.has(key)) return undefined;
    this.places ??= placesOf(this.headers);
    for (const header of this.places[keyword].get(name) ?? []) {
      if (this.readHeaders.has(header)) continue;
      this.readHeaders.add(header);
      this.add(headerIndex(header, this.configuration));
      const result = found();
      if (result !== undefined) return result;
    }
    this.missing.add(key);
    return undefined;
  }
}

type Keyword = "#define" | "struct" | "typedef" | "enum";
/** In which headers a name may be defined, by what it is defined as. */
type Places = Readonly<Record<Keyword, ReadonlyMap<string, readonly HeaderText[]>>>;

const DEFINE = /^[ \t]*#[ \t]*define[ \t]+(\w+)/gm;
const STRUCT = /\b(?:struct|union)\s+(\w+)\s*\{/g;
/** The end of `typedef struct { ... } name;`, as kernel code writes it. */
const TYPEDEF_END = /^\}[ \t]*(?:__\w+[ \t]+)*(\w+)[ \t]*;/gm;
const ENUM_BODY = /\benum\b[^{};]{0,200}\{([^}]*)\}/g;

/** One pass over all headers: asking each of them for each name would take longer than the scan. */
function placesOf(headers: readonly HeaderText[]): Places {
  const places = { "#define": new Map(), struct: new Map(), typedef: new Map(), enum: new Map() } satisfies Record<
    Keyword,
    Map<string, HeaderText[]>
  >;
  for (const header of headers) {
    for (const [keyword, name] of definedIn(header)) {
      const known = places[keyword].get(name);
      if (known === undefined) places[keyword].set(name, [header]);
      else if (known.at(-1) !== header) known.push(header);
    }
  }
  return places;
}

/** Programs of neighbouring revisions, and of a patch and its base, share most of their headers. */
const definitions = new WeakMap<HeaderText, readonly (readonly [Keyword, string])[]>();

function definedIn(header: HeaderText): readonly (readonly [Keyword, string])[] {
  const known = definitions.get(header);
  if (known !== undefined) return known;
  const text = header.text.toString("latin1");
  const all = (pattern: RegExp): readonly string[] => [...text.matchAll(pattern)].map((match) => match[1] as string);
  const enumerators = all(ENUM_BODY).flatMap((body) => body.match(/\b[A-Za-z_]\w*/g) ?? []);
  const found: readonly (readonly [Keyword, string])[] = [
    ...all(DEFINE).map((name) => ["#define", name] as const),
    ...all(STRUCT).map((name) => ["struct", name] as const),
    ...all(TYPEDEF_END).map((name) => ["typedef", name] as const),
    ...enumerators.map((name) => ["enum", name] as const),
  ];
  definitions.set(header, found);
  return found;
}

/** A header that was read only to be asked for definitions, and what was found in it. */
interface ReadHeader {
  readonly configuration: Configuration;
  readonly file: CFile;
  index: FileIndex | null;
}

const readHeaders = new WeakMap<HeaderText, ReadHeader>();

function readHeader(header: HeaderText, configuration: Configuration): ReadHeader {
  const known = readHeaders.get(header);
  if (known?.configuration === configuration) return known;
  const file = readCFile(header.path, header.text, configuration, { functions: false });
  const read: ReadHeader = { configuration, file, index: null };
  readHeaders.set(header, read);
  return read;
}

function headerFile(header: HeaderText, configuration: Configuration): CFile {
  return readHeader(header, configuration).file;
}

function headerIndex(header: HeaderText, configuration: Configuration): FileIndex {
  const read = readHeader(header, configuration);
  read.index ??= indexFile(read.file, new Set());
  return read.index;
}

const indexes = new WeakMap<CFile, { readonly watched: string; readonly index: FileIndex }>();

/** As indexFile(), once for a file and the same watched names. */
function indexOf(file: CFile, watched: ReadonlySet<string>): FileIndex {
  const names = [...watched].sort().join(" ");
  const known = indexes.get(file);
  if (known?.watched === names) return known.index;
  const index = indexFile(file, watched);
  indexes.set(file, { watched: names, index });
  return index;
}

function merge(into: Map<string, CallSite[]>, from: ReadonlyMap<string, readonly CallSite[]>): void {
  for (const [name, sites] of from) {
    const known = into.get(name);
    if (known === undefined) into.set(name, [...sites]);
    else known.push(...sites);
  }
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
