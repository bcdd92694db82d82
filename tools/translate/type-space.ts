/**
 * The types of a kernel's own declarations: structs with the layout that the wire sees, typedefs, variables at file
 * scope. Everything is looked up when it is first asked for.
 */
import { evaluateText } from "../c/evaluate.ts";
import type { CFile } from "../c/file.ts";
import type { Program } from "../c/program.ts";
import { plainValue } from "../c/sum.ts";
import { childOf, parsePiece, type SyntaxNode } from "../c/syntax.ts";
import {
  type CType,
  type DataModel,
  decayed,
  type IntType,
  integerOfWords,
  namedInteger,
  pointerTo,
  S8,
  S32,
  S64,
  structType,
  U8,
  U32,
  U64,
  VOID,
} from "./c-types.ts";
import { bitFieldType, bitWidths, declaratorIn, roundUp } from "./declarators.ts";
import { type ExpandedText, type Token, tokensOf } from "./expand.ts";
import { knownConstant } from "./known-constants.ts";
import { isPackedSpecifier, withPacked } from "./packed.ts";
import { LONG, runtimeStruct, runtimeTag, ULONG } from "./runtime-structs.ts";
import { enumBodies, headerTypedef, type TypedefText, typedefTexts } from "./typedefs.ts";
import { variablesOf } from "./variables.ts";

/** The union that a member is in, directly or with others in a struct, and which of its members that is. */
export interface UnionBranch {
  readonly union: string;
  readonly branch: string;
}

export interface FieldInfo {
  readonly name: string;
  readonly type: CType;
  /** Bytes from the start of the struct; null in structs whose layout is not needed or not known. */
  readonly offset: number | null;
  /** Width of a bit-field, 0 where it is not known; null for all other members. */
  readonly bits: number | null;
  /** Unions without a name of their own that it is in, outermost first. */
  readonly unions: readonly UnionBranch[];
}

export interface StructInfo {
  readonly tag: string;
  /** `wire`: packed, so it lives in bytes. `runtime`: the simulator has it. `object`: everything else. */
  readonly kind: "object" | "wire" | "runtime";
  readonly fields: ReadonlyMap<string, FieldInfo>;
  readonly sizeBytes: number | null;
  readonly place: { readonly file: string; readonly line: number } | null;
}

export interface Declared {
  readonly name: string | null;
  readonly type: CType;
}

/** A variable at file scope. */
export interface GlobalInfo {
  readonly type: CType;
  readonly file: CFile;
  readonly line: number;
  readonly isStatic: boolean;
  /** Declarator with its initializer, and the text it points into; null where it is only declared. */
  readonly initializer: { readonly node: SyntaxNode; readonly text: ExpandedText } | null;
}

type Expand = (tokens: readonly Token[]) => ExpandedText;

interface Layout {
  readonly fields: Map<string, FieldInfo>;
  sizeBytes: number | null;
  alignment: number;
}

/** The struct or union whose members are laid out. */
interface Whereabouts {
  readonly tag: string;
  readonly isUnion: boolean;
  readonly isPacked: boolean;
  readonly at: number;
  readonly unions: readonly UnionBranch[];
}

const TYPE_NODES = new Set(["primitive_type", "sized_type_specifier", "type_identifier"]);

export class TypeSpace {
  private readonly structs = new Map<string, StructInfo | null>();
  private typedefTexts: ReadonlyMap<string, TypedefText> | null = null;
  private enumBodies: ReadonlyMap<string, string> | null = null;
  private readonly enums = new Map<string, CType>();
  private readonly typedefs = new Map<string, CType | null>();
  private readonly globals = new Map<string, readonly GlobalInfo[]>();
  private readonly anonymous = new Map<string, string>();

  constructor(
    private readonly program: Program,
    readonly model: DataModel,
    private readonly expand: Expand,
  ) {}

  /** Plain char. */
  get char(): IntType {
    return this.model.charIsSigned ? S8 : U8;
  }

  /** The type that a type node names: `struct x`, `unsigned int`, `mid_callback_t`. */
  typeOf(node: SyntaxNode, text: string): CType {
    const words = text.slice(node.start, node.end).trim().replace(/\s+/g, " ");
    switch (node.type) {
      case "primitive_type":
      case "sized_type_specifier":
        if (words === "void") return VOID;
        return (
          namedInteger(words, this.model) ??
          integerOfWords(words.split(" "), this.model) ?? { kind: "unknown", name: words }
        );
      case "struct_specifier":
      case "union_specifier": {
        const name = childOf(node, "name");
        const body = childOf(node, "body");
        const tag = name === undefined ? this.anonymousTag(words) : text.slice(name.start, name.end);
        if (body !== undefined && name === undefined && !this.structs.has(tag)) {
          this.structs.set(tag, this.bodyInfo(tag, node, text, isPackedSpecifier(node, text), null));
        }
        return structType(runtimeTag(tag) ?? tag);
      }
      case "enum_specifier": {
        const name = childOf(node, "name");
        const body = childOf(node, "body");
        if (body !== undefined) return this.enumOf(text.slice(body.start, body.end));
        return name === undefined ? U32 : this.enumType(text.slice(name.start, name.end));
      }
      default:
        return this.named(words);
    }
  }

  /** The same each time that the same words are read: functions are translated in several rounds. */
  private anonymousTag(words: string): string {
    const known = this.anonymous.get(words) ?? `anonymous_${this.anonymous.size + 1}`;
    this.anonymous.set(words, known);
    return known;
  }

  private enumType(tag: string): CType {
    let known = this.enums.get(tag);
    if (known === undefined) {
      this.enumBodies ??= enumBodies(this.program);
      known = this.enumOf(this.enumBodies.get(tag) ?? "");
      this.enums.set(tag, known);
    }
    return known;
  }

  /** gcc gives an enum the first of unsigned int, int, unsigned long and long that has all its values. */
  private enumOf(body: string): CType {
    const values = [...body.matchAll(/(?:^|[{,])\s*([A-Za-z_]\w*)/g)].flatMap(([, name]) => {
      const value = this.enumerator(name as string);
      return value === null ? [] : [value];
    });
    const isNegative = values.some((value) => value < 0);
    const isWide = values.some((value) => value > 0xffff_ffff || value < -0x8000_0000);
    const isTall = isNegative && values.some((value) => value > 0x7fff_ffff);
    if (isWide || isTall) return isNegative ? S64 : U64;
    return isNegative ? S32 : U32;
  }

  /** The value of an enumerator; null where it is none, or is no number. */
  enumerator(name: string): number | null {
    let back = 0;
    for (let one = this.program.enumerator(name), i = 0; one !== undefined && i < 10_000; i++) {
      if (one.valueText !== null) {
        const base = this.constant(one.valueText);
        return base === null || !Number.isSafeInteger(base + back) ? null : base + back;
      }
      if (one.previous === null) return back;
      back++;
      one = this.program.enumerator(one.previous);
    }
    return null;
  }

  /** A typedef by its name. */
  named(name: string): CType {
    const integer = namedInteger(name, this.model);
    if (integer !== null) return integer;
    const runtime = runtimeTag(name);
    if (runtime !== null) return structType(runtime);
    let known = this.typedefs.get(name);
    if (known === undefined) {
      // A typedef that refers to itself ends here.
      this.typedefs.set(name, null);
      known = this.findTypedef(name);
      this.typedefs.set(name, known);
    }
    return known ?? { kind: "unknown", name };
  }

  private findTypedef(name: string): CType | null {
    this.typedefTexts ??= typedefTexts(this.program);
    const target = this.program.typedef(name);
    const found = this.typedefTexts.get(name) ?? (target === undefined ? headerTypedef(this.program, name) : undefined);
    if (found === undefined) {
      if (typeof target === "string") return structType(runtimeTag(target) ?? target);
      // A struct without a tag goes by its typedef's name.
      return target === undefined ? null : structType(name);
    }
    const piece = parsePiece(found.text, 0);
    const root = piece.ok ? piece.root() : null;
    const definition = root?.children.find((child) => child.type === "type_definition");
    const type = definition === undefined ? undefined : childOf(definition, "type");
    if (definition === undefined || type === undefined) return null;
    const base = this.typeOf(type, found.text);
    for (const child of definition.children) {
      if (child.field !== "declarator") continue;
      const declared = this.declared(child, base, found.text);
      if (declared.name === name) return declared.type;
    }
    return null;
  }

  /** The name and type that a declarator declares on a base type. */
  declared(node: SyntaxNode | undefined, base: CType, text: string): Declared {
    if (node === undefined) return { name: null, type: base };
    switch (node.type) {
      case "identifier":
      case "field_identifier":
      case "type_identifier":
        return { name: text.slice(node.start, node.end), type: base };
      case "pointer_declarator":
      case "abstract_pointer_declarator":
        return this.declared(declaratorIn(node), pointerTo(base), text);
      case "array_declarator":
      case "abstract_array_declarator": {
        const size = childOf(node, "size");
        const length = size === undefined ? null : this.constant(text.slice(size.start, size.end));
        return this.declared(declaratorIn(node), { kind: "array", of: base, length }, text);
      }
      case "function_declarator":
      case "abstract_function_declarator": {
        const parameters = this.parameters(childOf(node, "parameters"), text).map((one) => one.type);
        return this.declared(declaratorIn(node), { kind: "function", result: base, parameters }, text);
      }
      default: {
        const inner = declaratorIn(node);
        return inner === undefined ? { name: null, type: base } : this.declared(inner, base, text);
      }
    }
  }

  /** The parameters of a function declarator, with arrays and functions as the pointers that they are. */
  parameters(list: SyntaxNode | undefined, text: string): readonly Declared[] {
    const all: Declared[] = [];
    for (const child of list?.children ?? []) {
      if (child.type !== "parameter_declaration") continue;
      const type = childOf(child, "type");
      if (type === undefined) continue;
      const declared = this.declared(childOf(child, "declarator"), this.typeOf(type, text), text);
      if (declared.type.kind === "void") continue;
      all.push({ name: declared.name, type: decayed(declared.type) });
    }
    return all;
  }

  /** A whole type name, as in casts and sizeof: `struct x *`. */
  typeName(node: SyntaxNode, text: string): CType {
    const type = childOf(node, "type");
    if (type === undefined) return TYPE_NODES.has(node.type) ? this.typeOf(node, text) : { kind: "unknown", name: "?" };
    return this.declared(childOf(node, "declarator"), this.typeOf(type, text), text).type;
  }

  /**
   * Notes that code looks at bytes as a struct.
   *
   * @returns whether that is news; false also where the struct's members are no plain integers at known places
   */
  layOverBytes(tag: string): boolean {
    const info = this.struct(tag);
    if (info === null || info.kind !== "object" || !this.isPlain(structType(tag))) return false;
    const fields = new Map([...info.fields].map(([name, one]) => [name, { ...one, type: this.inBytes(one.type) }]));
    this.structs.set(tag, { ...info, kind: "wire", fields });
    return true;
  }

  /** Integers, and arrays and structs of integers, at known places. */
  private isPlain(type: CType): boolean {
    if (type.kind === "int") return !type.isBool;
    if (type.kind === "array") return this.isPlain(type.of);
    const info = type.kind === "struct" ? this.struct(type.tag) : null;
    if (info === null || info.kind === "runtime" || info.sizeBytes === null) return false;
    return [...info.fields.values()].every((one) => one.offset !== null && one.bits === null && this.isPlain(one.type));
  }

  struct(tag: string): StructInfo | null {
    let known = this.structs.get(tag);
    if (known === undefined) {
      this.structs.set(tag, null);
      known = this.findStruct(tag);
      this.structs.set(tag, known);
    }
    return known;
  }

  private findStruct(tag: string): StructInfo | null {
    const runtime = runtimeStruct(tag);
    if (runtime !== null) {
      const fields = new Map(
        Object.entries(runtime.fields).map(([name, declared]) => {
          const type = declared === LONG ? this.long(true) : declared === ULONG ? this.long(false) : declared;
          return [name, { name, type, offset: null, bits: null, unions: [] }];
        }),
      );
      return { tag, kind: "runtime", fields, sizeBytes: tag === "kvec" ? this.model.longBits / 4 : null, place: null };
    }
    const site = this.program.structSite(tag);
    if (site === undefined) return null;
    const { file, start, end } = site;
    const { stream, source } = file.masked;
    const first = firstTokenAt(stream.tokens.start, stream.tokens.count, start);
    const last = firstTokenAt(stream.tokens.start, stream.tokens.count, end);
    const tokens = withPacked(tokensOf(source, stream.tokens, first, last), source);
    const text = this.expand([...tokens, { ...SEMICOLON, offset: end }]);
    const piece = parsePiece(text.text, 0);
    const root = piece.ok ? piece.root() : null;
    const node = root?.children.find((child) => child.type.endsWith("_specifier") || child.type === "declaration");
    const specifier = node?.type === "declaration" ? childOf(node, "type") : node;
    if (specifier === undefined) return null;
    const isPacked = /^[^;{]{0,160}\bpacked\b|^[^;{]{0,160}__packed\b/.test(
      source.slice(end, end + 200).split(/[;{]/)[0] ?? "",
    );
    const place = { file: file.path, line: file.lines.lineAt(start) };
    return this.bodyInfo(tag, specifier, text.text, isPacked, place);
  }

  private long(signed: boolean): CType {
    return { kind: "int", bits: this.model.longBits, signed, isBool: false };
  }

  private bodyInfo(
    tag: string,
    specifier: SyntaxNode,
    text: string,
    isPacked: boolean,
    place: StructInfo["place"],
  ): StructInfo {
    const layout: Layout = { fields: new Map(), sizeBytes: 0, alignment: 1 };
    const body = childOf(specifier, "body");
    if (body !== undefined) {
      const isUnion = specifier.type === "union_specifier";
      this.members(body, text, { tag, isUnion, isPacked, at: 0, unions: [] }, layout);
    }
    if (layout.sizeBytes !== null && !isPacked) layout.sizeBytes = roundUp(layout.sizeBytes, layout.alignment);
    return { tag, kind: isPacked ? "wire" : "object", fields: layout.fields, sizeBytes: layout.sizeBytes, place };
  }

  private members(body: SyntaxNode, text: string, where: Whereabouts, layout: Layout): void {
    for (const declaration of body.children) {
      if (declaration.type !== "field_declaration") continue;
      const typeNode = childOf(declaration, "type");
      if (typeNode === undefined) continue;
      const declarators = declaration.children.filter((child) => child.field === "declarator");
      const inner = declarators.length === 0 ? childOf(typeNode, "body") : undefined;
      if (inner !== undefined) {
        this.anonymousMember(inner, typeNode, text, where, layout);
        continue;
      }
      const base = this.typeOf(typeNode, text);
      const widths = bitWidths(declaration);
      const hasBits = declaration.children.some((child) => child.type === "bitfield_clause");
      if (hasBits) layout.sizeBytes = null;
      for (const [i, declarator] of declarators.entries()) {
        const declared = this.declared(declarator, base, text);
        const { name } = declared;
        if (name === null) continue;
        // What stands in bytes is looked at as bytes.
        const type = where.isPacked ? this.inBytes(declared.type) : declared.type;
        const offset = hasBits ? null : this.place(type, where, layout);
        const width = widths[i];
        const bits = width === undefined ? null : (this.constant(text.slice(width.start, width.end)) ?? 0);
        const held = bits === null ? type : bitFieldType(type, bits);
        layout.fields.set(name, { name, type: held, offset, bits, unions: branchesOf(where, name) });
      }
    }
  }

  /** A struct member of a packed struct: the same members, by their bytes. */
  private inBytes(type: CType): CType {
    if (type.kind === "array") return { ...type, of: this.inBytes(type.of) };
    const info = type.kind === "struct" ? this.struct(type.tag) : null;
    if (info?.kind !== "object") return type;
    const tag = `${info.tag}__bytes`;
    if (!this.structs.has(tag)) {
      const fields = new Map([...info.fields].map(([name, one]) => [name, { ...one, type: this.inBytes(one.type) }]));
      this.structs.set(tag, { ...info, tag, kind: "wire", fields });
    }
    return structType(tag);
  }

  /** Members of a member without a name are the struct's own. */
  private anonymousMember(
    body: SyntaxNode,
    specifier: SyntaxNode,
    text: string,
    where: Whereabouts,
    layout: Layout,
  ): void {
    const isUnion = specifier.type === "union_specifier";
    const alignment = where.isPacked ? 1 : this.bodyAlignment(body, text);
    const start = roundUp(where.isUnion ? where.at : (layout.sizeBytes ?? 0), alignment);
    const nested: Layout = { fields: layout.fields, sizeBytes: start, alignment };
    const unions = branchesOf(where, `${body.start}`);
    const tag = `${where.tag}.${body.start}`;
    const before = new Set(layout.fields.keys());
    this.members(body, text, { tag, isUnion, isPacked: where.isPacked, at: start, unions }, nested);
    const ends = nested.sizeBytes === null ? null : roundUp(nested.sizeBytes, alignment);
    if (layout.sizeBytes === null) {
      for (const [name, field] of layout.fields) {
        if (!before.has(name)) layout.fields.set(name, { ...field, offset: null });
      }
    }
    layout.alignment = Math.max(layout.alignment, alignment);
    layout.sizeBytes = layout.sizeBytes === null || ends === null ? null : Math.max(layout.sizeBytes, ends);
  }

  /** Alignment of an unnamed struct or union, from a layout of its own. */
  private bodyAlignment(body: SyntaxNode, text: string): number {
    const draft: Layout = { fields: new Map(), sizeBytes: 0, alignment: 1 };
    this.members(body, text, { tag: "", isUnion: true, isPacked: false, at: 0, unions: [] }, draft);
    return draft.alignment;
  }

  /** Gives a member its offset and moves the end of the struct. */
  private place(type: CType, where: Whereabouts, layout: Layout): number | null {
    const size = type.kind === "array" && type.length === null ? 0 : this.sizeOf(type);
    if (layout.sizeBytes === null) return null;
    if (size === null) {
      layout.sizeBytes = null;
      return null;
    }
    const alignment = where.isPacked ? 1 : this.alignmentOf(type);
    layout.alignment = Math.max(layout.alignment, alignment);
    const offset = roundUp(where.isUnion ? where.at : layout.sizeBytes, alignment);
    layout.sizeBytes = where.isUnion ? Math.max(layout.sizeBytes, offset + size) : offset + size;
    return offset;
  }

  /** sizeof; null where the layout is not known. */
  sizeOf(type: CType): number | null {
    switch (type.kind) {
      case "int":
        return type.bits / 8;
      case "pointer":
        return this.model.longBits / 8;
      case "array": {
        const one = this.sizeOf(type.of);
        return one === null || type.length === null ? null : one * type.length;
      }
      case "struct":
        return this.struct(type.tag)?.sizeBytes ?? null;
      case "void":
        return 1;
      default:
        return null;
    }
  }

  private alignmentOf(type: CType): number {
    switch (type.kind) {
      case "array":
        return this.alignmentOf(type.of);
      case "struct": {
        const info = this.struct(type.tag);
        if (info === null || info.kind === "wire") return 1;
        return Math.max(1, ...[...info.fields.values()].map((field) => this.alignmentOf(field.type)));
      }
      default:
        return this.sizeOf(type) ?? 1;
    }
  }

  /** The value of a constant expression in a declaration. */
  constant(text: string): number | null {
    if (/^\s*(?:0|[1-9]\d{0,8})\s*$/.test(text)) return Number(text);
    const evaluated = (one: string): number | null => {
      const sum = evaluateText(one, this.program);
      return sum === null ? null : plainValue(sum);
    };
    return evaluated(text) ?? evaluated(this.withKnown(text));
  }

  /** A constant expression with the names that no header at hand may define: `XPRT_TRANSPORT_TCP | (1 << 31)`. */
  private withKnown(text: string): string {
    return text.replace(/\b[A-Z]\w*\b/g, (name) => {
      const known = knownConstant(name) ?? (text.trim() === name ? null : this.enumerator(name));
      return known === null ? name : `${known}`;
    });
  }

  /**
   * A variable at file scope, its definition if there is one.
   * @param from the file that asks: static variables of others are not seen from there.
   */
  global(name: string, from: CFile | null = null): GlobalInfo | null {
    let known = this.globals.get(name);
    if (known === undefined) {
      known = this.findGlobals(name);
      this.globals.set(name, known);
    }
    const seen = known.filter((one) => from === null || !one.isStatic || one.file === from || isHeader(one.file));
    const own = seen.filter((one) => one.file === from && one.isStatic);
    const all = own.length > 0 ? own : seen;
    return all.find((one) => one.initializer !== null) ?? all[0] ?? null;
  }

  private findGlobals(name: string): readonly GlobalInfo[] {
    // The kernel's own work queues (include/linux/workqueue.h), which no file of a client declares.
    if (/^system_\w*wq$/.test(name)) {
      const [file] = this.program.files;
      const type = pointerTo(structType("workqueue_struct"));
      return file === undefined ? [] : [{ type, file, line: 0, isStatic: false, initializer: null }];
    }
    return (variablesOf(this.program).get(name) ?? []).flatMap(
      ({ file, token }) => this.globalAt(file, token, name) ?? [],
    );
  }

  private globalAt(file: CFile, at: number, name: string): GlobalInfo | null {
    const { stream, source } = file.masked;
    const { tokens, partner } = stream;
    const textAt = (i: number): string => source.slice(tokens.start[i], tokens.end[i]);
    let first = at;
    while (first > 0 && !/^[;}]$/.test(textAt(first - 1))) first--;
    let last = at;
    while (last < tokens.count && textAt(last) !== ";") {
      const close = partner[last] as number;
      last = close > last ? close + 1 : last + 1;
    }
    const all = tokensOf(source, tokens, first, last + 1);
    const isStatic = all.some((token) => token.text === "static");
    const words = all.filter((token) => !STORAGE.test(token.text));
    if (words[0]?.text === "typedef" || words.length < 3) return null;
    const text = this.expand(words);
    const piece = parsePiece(text.text, 0);
    const root = piece.ok ? piece.root() : null;
    const declaration = root?.children.find((child) => child.type === "declaration");
    const typeNode = declaration === undefined ? undefined : childOf(declaration, "type");
    if (declaration === undefined || typeNode === undefined) return null;
    const base = this.typeOf(typeNode, text.text);
    for (const child of declaration.children) {
      if (child.field !== "declarator") continue;
      const declared = this.declared(child, base, text.text);
      if (declared.name !== name || declared.type.kind === "function") continue;
      const value = child.type === "init_declarator" ? childOf(child, "value") : undefined;
      const initializer = value === undefined ? null : { node: value, text };
      const line = file.lines.lineAt(tokens.start[at] as number);
      return { type: declared.type, file, line, isStatic, initializer };
    }
    return null;
  }
}

const STORAGE = /^(?:static|extern|const|volatile|register|GLOBAL_EXTERN|inline)$/;
const SEMICOLON: Token = { text: ";", kind: 5, offset: 0, hidden: new Set() };

function isHeader(file: CFile): boolean {
  return file.path.endsWith(".h");
}

/** The unions that a member of a struct or union is in. */
function branchesOf(where: Whereabouts, branch: string): readonly UnionBranch[] {
  return where.isUnion ? [...where.unions, { union: where.tag, branch }] : where.unions;
}

/** Index of the first token that starts at an offset or behind it. */
export function firstTokenAt(starts: Uint32Array, count: number, offset: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
