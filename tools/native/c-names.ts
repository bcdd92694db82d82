/**
 * Everything that a slice's C names and that stands elsewhere in the kernel: macros, enumerators, typedefs and structs,
 * by the index. Each comes with what it needs itself.
 */
import type { StructSite } from "../c/file-index.ts";
import { IDENTIFIER } from "../c/lex.ts";
import type { Program } from "../c/program.ts";
import { type Token, tokensOfText } from "../translate/expand.ts";
import { firstTokenAt } from "../translate/type-space.ts";
import { enumBodies, headerTypedef, type TypedefText, typedefTexts } from "../translate/typedefs.ts";
import { structText } from "./c-structs.ts";
import { pieceOf, textOfPiece } from "./c-text.ts";

/** Words of C itself. */
const C_WORDS = new Set(
  (
    "auto break case char const continue default do double else enum extern float for goto if inline int long " +
    "register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while " +
    "_Bool _Generic _Static_assert _Alignof __func__ __VA_ARGS__ typeof __typeof__ asm __asm__ __attribute__ " +
    "__extension__ __builtin_expect __builtin_constant_p __builtin_types_compatible_p __builtin_choose_expr defined " +
    "__LINE__ __FILE__ __signed__ __const__ __volatile__ __inline__ __inline"
  ).split(" "),
);

/** Who treats a name otherwise: the prelude, the boundary, the slice itself. */
export type IsTreated = (name: string) => boolean;

export class CNames {
  readonly macros = new Map<string, string>();
  /** Enums by where their body stands. */
  private readonly enums = new Set<string>();
  /** Definitions in the order in which C needs them. */
  readonly types: string[] = [];
  /** Tags that only need to be known to be structs. */
  readonly forward = new Set<string>();
  /** Types that no file of the tree defines: they are opaque in the harness. */
  readonly opaque = new Set<string>();
  private readonly words = new Set<string>();
  private readonly defined = new Set<string>();
  private readonly typedefs: ReadonlyMap<string, TypedefText>;
  private readonly enumBodies: ReadonlyMap<string, string>;

  constructor(
    private readonly program: Program,
    private readonly isTreated: IsTreated,
    private readonly isPreludeType: IsTreated,
    private readonly isWire: IsTreated,
  ) {
    this.typedefs = typedefTexts(program);
    this.enumBodies = enumBodies(program);
  }

  /** Takes in the macros that some tokens name, and all words, which say what members are needed. */
  read(tokens: readonly Token[]): void {
    for (const [i, token] of tokens.entries()) {
      if (token.kind !== IDENTIFIER || C_WORDS.has(token.text)) continue;
      this.word(token.text, tokens[i - 1]?.text ?? "");
    }
  }

  private word(name: string, before: string): void {
    if (this.words.has(name)) return;
    this.words.add(name);
    if (this.isTreated(name) || /^(?:struct|union|enum)$/.test(before)) return;
    const macro = this.program.macro(name);
    if (macro !== undefined && !this.macros.has(name)) {
      const list = macro.parameters?.map((one) => (one === "__VA_ARGS__" ? "..." : one)).join(", ");
      this.macros.set(name, `#define ${name}${list === undefined ? "" : `(${list})`} ${macro.body}`);
      this.read(tokensOfText(macro.body, 0));
      return;
    }
    this.enumerator(name);
  }

  /** All words that were read so far. */
  get allWords(): ReadonlySet<string> {
    return this.words;
  }

  isNamed(name: string): boolean {
    return this.words.has(name);
  }

  private enumerator(name: string): void {
    const one = this.program.enumerator(name);
    if (one === undefined) return;
    const { file, offset } = one;
    const { stream } = file.masked;
    const { tokens, partner } = stream;
    const at = firstTokenAt(tokens.start, tokens.count, offset);
    const open = stream.enclosing[at] as number;
    const key = `${file.path}:${open}`;
    // One within a struct comes with that.
    if (open < 0 || (stream.enclosing[open] as number) >= 0 || this.enums.has(key)) return;
    const before = pieceOf(file, Math.max(0, (tokens.start[open] as number) - 80), tokens.start[open] as number).tokens;
    const tag = before.at(-2)?.text === "enum" ? ` ${before.at(-1)?.text}` : "";
    const body = pieceOf(file, tokens.start[open] as number, tokens.end[partner[open] as number] as number);
    this.enums.add(key);
    if (tag !== "") this.defined.add(`enum${tag}`);
    // What its values name comes first.
    this.read(body.tokens);
    this.types.push(`enum${tag}\n${textOfPiece(body)};\n`);
  }

  /** Takes in the types that tokens name; the structs among them whole where `isWhole` says so. */
  readTypes(tokens: readonly Token[], isWhole: boolean, hasAllMembers = false): void {
    for (const [i, token] of tokens.entries()) {
      if (token.kind !== IDENTIFIER) continue;
      const before = tokens[i - 1]?.text ?? "";
      if (before === "struct" || before === "union") {
        const isPointer = tokens[i + 1]?.text === "*";
        if (isWhole || !isPointer) this.struct(token.text, before, hasAllMembers);
        else this.forward.add(`${before} ${token.text}`);
      } else if (before === "enum") this.taggedEnum(token.text);
      else if (!C_WORDS.has(token.text) && !/^(?:\.|->)$/.test(before))
        this.typedef(token.text, asType(tokens, i), isWhole);
    }
  }

  /** Whether a name alone is a type. */
  isType(name: string): boolean {
    return this.defined.has(name);
  }

  /** The type that a declaration begins with, which a name alone can be. */
  readDeclaredType([first, next]: readonly Token[]): void {
    if (first?.kind !== IDENTIFIER || next?.text !== "*" || C_WORDS.has(first.text)) return;
    this.typedef(first.text, { ...next, kind: IDENTIFIER }, false, true);
  }

  private taggedEnum(tag: string): void {
    if (this.defined.has(`enum ${tag}`) || this.isPreludeType(tag)) return;
    const first = /[A-Za-z_]\w*/.exec(this.enumBodies.get(tag)?.replace(/\/\/.*$/gm, "") ?? "")?.[0];
    if (first !== undefined) this.enumerator(first);
    if (this.defined.has(`enum ${tag}`)) return;
    this.defined.add(`enum ${tag}`);
    this.types.push(`enum ${tag} { gh_${tag}_unknown };\n`);
    this.opaque.add(`enum ${tag}`);
  }

  /** A struct with the members that are named. */
  struct(tag: string, keyword = "struct", hasAllMembers = false): void {
    const site = this.isPreludeType(tag) ? undefined : this.program.structSite(tag);
    const head = `${site === undefined ? keyword : keywordOf(site)} ${tag}`;
    if (this.defined.has(head) || this.isPreludeType(tag)) return;
    this.defined.add(head);
    this.forward.add(head);
    if (site === undefined) {
      this.types.push(`${head} { char gh_opaque; };\n`);
      this.opaque.add(head);
      return;
    }
    // What lies on the wire has its size from all its members.
    this.define(head, site, hasAllMembers || this.isWire(tag));
  }

  private define(head: string, site: StructSite, hasAllMembers: boolean): void {
    const made = structText(head, site, (name) => hasAllMembers || this.isNamed(name));
    this.read(made.tokens.filter((_, i) => i > 0));
    this.readTypes(made.tokens, false, hasAllMembers);
    this.types.push(made.text);
  }

  /** What a struct is called in C: `struct x`, `union x`. */
  typeName(tag: string): string {
    const site = this.program.structSite(tag);
    return `${site === undefined ? "struct" : keywordOf(site)} ${tag}`;
  }

  private typedef(name: string, next: Token | undefined, isWhole: boolean, mustBeType = false): void {
    if (this.defined.has(name) || this.isPreludeType(name) || this.macros.has(name)) return;
    // Two names in a row: the first must be a type.
    const isType = mustBeType || (next?.kind === IDENTIFIER && !C_WORDS.has(next.text) && !this.isTreated(name));
    const found = this.typedefs.get(name) ?? (isType ? headerTypedef(this.program, name) : undefined);
    const target = found === undefined ? this.program.typedef(name) : undefined;
    if (found !== undefined) {
      this.defined.add(name);
      const tokens = tokensOfText(found.text, found.offset);
      this.read(tokens.filter((token) => token.text !== name));
      this.readTypes(
        tokens.filter((token) => token.text !== name),
        false,
      );
      this.types.push(`${tokens.map((token) => token.text).join(" ")}\n`);
    } else if (typeof target === "string") {
      this.defined.add(name);
      this.forward.add(`struct ${target}`);
      if (isWhole || next?.text !== "*") this.struct(target);
      this.types.push(`typedef struct ${target} ${name};\n`);
    } else if (target !== undefined) {
      this.defined.add(name);
      const made = structText("typedef struct", target, (one) => this.isNamed(one));
      this.readTypes(made.tokens, false);
      this.types.push(made.text.replace(/;\n$/, ` ${name};\n`));
    } else if (isType && next?.text !== MAYBE) {
      this.defined.add(name);
      this.opaque.add(name);
      this.types.push(`typedef struct { char gh_opaque; } ${name};\n`);
    }
  }
}

/**
 * What follows a word, for typedef(): a name where the word can only be a type. `sizeof(x)` and `x *y` at the start of
 * a statement are read as types; typedef() finds none where x is none.
 */
function asType(tokens: readonly Token[], i: number): Token | undefined {
  const next = tokens[i + 1];
  const before = tokens[i - 1]?.text ?? "";
  const isMeasured = before === "(" && next?.text === ")" && tokens[i - 2]?.text === "sizeof";
  const isDeclaring = /^[{;]?$/.test(before) && next?.text === "*" && tokens[i + 2]?.kind === IDENTIFIER;
  return isMeasured || isDeclaring ? { ...(next as Token), text: MAYBE, kind: IDENTIFIER } : next;
}

/** No word of C: stands for what follows a name that may be a type. */
const MAYBE = "?";

/** Whether a body is that of a struct or of a union. */
function keywordOf({ file, start }: StructSite): "struct" | "union" {
  return file.masked.source.startsWith("union", start) ? "union" : "struct";
}
