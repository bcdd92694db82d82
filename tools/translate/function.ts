/**
 * One C function -> one TypeScript function.
 */
import type { CFunction } from "../c/file.ts";
import { IDENTIFIER } from "../c/lex.ts";
import type { MacroDefinition } from "../c/preprocessor.ts";
import type { Program } from "../c/program.ts";
import { childOf, descendants, parsePiece, type SyntaxNode } from "../c/syntax.ts";
import type { Boundary } from "./boundary.ts";
import { decayed, type FunctionType } from "./c-types.ts";
import { FunctionContext, type Local, type ModelContext, type Unmodelled } from "./context.ts";
import { ExpandedText, Expander, ExpansionError, type Token, tokensOf } from "./expand.ts";
import { sequence } from "./jumps.ts";
import { knownMacro } from "./known-macros.ts";
import { quotedText } from "./names.ts";
import { redefinedName } from "./redefined.ts";
import { firstTokenAt } from "./type-space.ts";
import { type Line, Writer } from "./writer.ts";

export interface TranslatedFunction {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** `name(parameters): result`, with `function` or `function*` before it. */
  readonly head: string;
  readonly lines: readonly Line[];
  readonly unmodelled: readonly Unmodelled[];
  readonly blocks: boolean;
}

const PUNCTUATOR = 5;

/** An expander that knows which names the translator treats itself. */
export function expanderOf(
  program: Program,
  boundary: Boundary,
  isType: (name: string) => boolean,
): (tokens: readonly Token[]) => ExpandedText {
  const lookup = (name: string): MacroDefinition | null => {
    const known = knownMacro(name);
    if (known !== undefined) return known;
    if (boundary.keeps(name)) return null;
    return program.macro(name) ?? null;
  };
  const answers = new Map<string, MacroDefinition | null>();
  const expander = new Expander((name) => {
    let answer = answers.get(name);
    if (answer === undefined) {
      answer = lookup(name);
      answers.set(name, answer);
    }
    return answer;
  });
  return (tokens) => {
    const expanded = withStatementsAfterLabels(expander.expandAll(tokens));
    return new ExpandedText(withPlainCasts(expanded, isType));
  };
}

/**
 * `(u32)-x` reads like a difference to a parser that knows no types, and `(u32)(x)` like a call: `const` tells it that
 * this is a type. It changes nothing, since the value of a cast has no qualifiers.
 */
function withPlainCasts(tokens: readonly Token[], isType: (name: string) => boolean): readonly Token[] {
  const variables = new Set(
    tokens.flatMap((token, i) => {
      const next = tokens[i + 1]?.text ?? "";
      const isDeclared = /^[,;)]$/.test(next) && /^(?:\w+|\*)$/.test(tokens[i - 1]?.text ?? "");
      return isDeclared || /^(?:=|\+\+|--|->|\.|\[)$/.test(next) ? [token.text] : [];
    }),
  );
  const out: Token[] = [];
  tokens.forEach((token, i) => {
    const isCast = token.kind === IDENTIFIER && tokens[i - 1]?.text === "(" && tokens[i + 1]?.text === ")";
    if (isCast && !variables.has(token.text) && isType(token.text)) {
      out.push({ text: "const", kind: IDENTIFIER, offset: token.offset, hidden: token.hidden });
    }
    out.push(token);
    // `(a * (b)) & c` reads like a cast of &c, and `(a * +(b)) & c` does not; operands of * are promoted anyway.
    const before = tokens[i - 1];
    const isFactor = token.text === "*" && /^[(*]$/.test(tokens[i + 1]?.text ?? "") && tokens[i - 2]?.text === "(";
    if (isFactor && before !== undefined && variables.has(before.text) && !isType(before.text)) {
      out.push({ text: "+", kind: PUNCTUATOR, offset: token.offset, hidden: token.hidden });
    }
  });
  return out;
}

/** C23 lets a label stand before a closing brace; the grammar wants a statement there. */
function withStatementsAfterLabels(tokens: readonly Token[]): readonly Token[] {
  const out: Token[] = [];
  tokens.forEach((token, i) => {
    out.push(token);
    if (token.text !== ":" || tokens[i + 1]?.text !== "}") return;
    out.push({ text: ";", kind: PUNCTUATOR, offset: token.offset, hidden: token.hidden });
  });
  return out;
}

function functionTokens(fn: CFunction, end: number): Token[] {
  const { stream, source } = fn.file.masked;
  const { tokens } = stream;
  const first = firstTokenAt(tokens.start, tokens.count, fn.start);
  const last = firstTokenAt(tokens.start, tokens.count, end);
  // In the body, static and extern say what becomes of a variable.
  return tokensOf(source, tokens, first, last).filter(
    (token) => token.offset > fn.bodyStart || !STORAGE.test(token.text),
  );
}

const STORAGE = /^(?:static|inline|extern|__inline|__inline__|noinline|asmlinkage|noinline_for_stack)$/;

/** A function's text with all macros expanded, and its tree; neither changes from round to round. */
export interface ParsedFunction {
  readonly text: ExpandedText;
  readonly declarator: SyntaxNode;
  readonly type: SyntaxNode;
  readonly body: SyntaxNode;
}

function parsed(
  model: ModelContext,
  fn: CFunction,
  expand: (tokens: readonly Token[]) => ExpandedText,
): ParsedFunction | string {
  let known = model.parsed.get(fn);
  if (known === undefined) {
    known = parsedAnew(fn, expand);
    model.parsed.set(fn, known);
  }
  return known;
}

function parsedAnew(fn: CFunction, expand: (tokens: readonly Token[]) => ExpandedText): ParsedFunction | string {
  let text: ExpandedText;
  try {
    text = expand(functionTokens(fn, fn.end));
  } catch (error) {
    if (error instanceof ExpansionError) return error.message;
    throw error;
  }
  const piece = parsePiece(text.text, 0);
  if (!piece.ok) {
    const line = fn.file.lines.lineAt(text.offsetAt(piece.offset));
    return `does not parse after macro expansion: ${piece.reason} at line ${line}`;
  }
  const definition = piece.root()?.children.find((child) => child.type === "function_definition");
  const declarator = definition === undefined ? undefined : functionDeclarator(definition);
  const type = definition === undefined ? undefined : childOf(definition, "type");
  const body = definition === undefined ? undefined : childOf(definition, "body");
  if (declarator === undefined || type === undefined || body === undefined) return "no function after macro expansion";
  return { text, declarator, type, body };
}

function functionDeclarator(definition: SyntaxNode): SyntaxNode | undefined {
  return childOf(definition, "declarator");
}

/** The signature of a prototype or of a function's header. */
export function signatureReader(
  model: ModelContext,
  expand: (tokens: readonly Token[]) => ExpandedText,
): {
  readonly ofText: (text: string) => FunctionType | null;
  readonly ofFunction: (fn: CFunction) => FunctionType | null;
} {
  const ofText = (text: string): FunctionType | null => {
    const piece = parsePiece(text, 0);
    const root = piece.ok ? piece.root() : null;
    const declaration = root?.children.find((child) => child.type === "declaration");
    const type = declaration === undefined ? undefined : childOf(declaration, "type");
    const declarator = declaration === undefined ? undefined : childOf(declaration, "declarator");
    if (type === undefined || declarator === undefined) return null;
    const declared = model.types.declared(declarator, model.types.typeOf(type, text), text).type;
    return declared.kind === "function" ? declared : null;
  };
  const ofFunction = (fn: CFunction): FunctionType | null => {
    const header = expand(functionTokens(fn, fn.bodyStart));
    return ofText(`${header.text};`);
  };
  return { ofText, ofFunction };
}

/** Names of a function's parameters, in order. */
export function parameterNames(
  model: ModelContext,
  fn: CFunction,
  expand: (tokens: readonly Token[]) => ExpandedText,
): readonly string[] {
  return namesInPrototype(model, `${expand(functionTokens(fn, fn.bodyStart)).text};`);
}

export function namesInPrototype(model: ModelContext, text: string): readonly string[] {
  const piece = parsePiece(text, 0);
  const root = piece.ok ? piece.root() : null;
  for (const node of root === null ? [] : descendants(root)) {
    if (node.type !== "parameter_list") continue;
    return model.types.parameters(node, text).map((one, i) => one.name ?? `a${i}`);
  }
  return [];
}

/** Locals whose address is taken. */
function boxedNames(text: ExpandedText, body: SyntaxNode): ReadonlySet<string> {
  const names = new Set<string>();
  for (const node of descendants(body)) {
    if (node.type !== "pointer_expression" || childOf(node, "operator")?.type !== "&") continue;
    let inner = childOf(node, "argument");
    while (inner?.type === "parenthesized_expression") inner = inner.children[0];
    if (inner?.type === "identifier") names.add(text.text.slice(inner.start, inner.end).trim());
  }
  return names;
}

/** Translates one function; what is not understood is in `unmodelled`, and fails when it is reached. */
export function translateFunction(
  model: ModelContext,
  fn: CFunction,
  name: string,
  expand: (tokens: readonly Token[]) => ExpandedText,
): TranslatedFunction {
  const { file } = fn;
  const line = file.lines.lineAt(fn.nameOffset);
  const type = model.signature(fn);
  const text = parsed(model, fn, expand);
  const result = typeof text === "string" ? text : (redefinedName(model, fn, text, functionTokens(fn, fn.end)) ?? text);
  if (typeof result === "string" || type === null) {
    return broken(model, fn, name, typeof result === "string" ? result : "its declaration is not understood");
  }
  const ctx = new FunctionContext(model, file, name, result.text, type.result, boxedNames(result.text, result.body));
  ctx.unmodelled.push(...assembly(fn));
  const parameters = parametersOf(ctx, result);
  const out = new Writer();
  out.inside(() => sequence(ctx, out, result.body.children));
  const blocks = ctx.blocks || model.threads.has(name) || model.blocking.has(name);
  const head = headOf(ctx, name, parameters, out.lines, blocks);
  const lines = [...declarations(ctx, out.lines), ...out.lines];
  if (type.result.kind !== "void" && !endsWithReturn(out.lines)) {
    lines.push({ text: `return ${model.use("model", "endWithoutValue")}("${name}");`, depth: 1, source: null });
  }
  return { name, file: file.path, line, head, lines, unmodelled: ctx.unmodelled, blocks };
}

/** Assembly is left out; where it gives variables new values, or jumps, that is told. */
function assembly(fn: CFunction): readonly Unmodelled[] {
  const { source } = fn.file.masked;
  const body = source.slice(fn.bodyStart, fn.end);
  return [...body.matchAll(/\b(?:asm|__asm__|__asm)\b[^;"]*(?:\bgoto\b[^;]*|"[^;]*:[^;]*"\s*[=+])/g)].map((match) => {
    const line = fn.file.lines.lineAt(fn.bodyStart + match.index);
    return { file: fn.file.path, line, what: "not translated: assembly with results" };
  });
}

function broken(model: ModelContext, fn: CFunction, name: string, reason: string): TranslatedFunction {
  const { file } = fn;
  const line = file.lines.lineAt(fn.nameOffset);
  const type = model.signature(fn);
  const what = `${fn.name}: ${reason}`;
  model.use("model", "unmodelled");
  const result = type === null ? "unknown" : model.ts(type.result);
  const parameters = (type?.parameters ?? []).map((one, i) => `_a${i}: ${model.ts(one)}`).join(", ");
  const text = `return unmodelled<${result}>(${quotedText(`${file.path}:${line}`)}, ${quotedText(what)});`;
  const blocks = model.threads.has(name);
  return {
    name,
    file: file.path,
    line,
    head: blocks
      ? `function* ${name}(${parameters}): Coroutine<${result}>`
      : `function ${name}(${parameters}): ${result}`,
    lines: [{ text, depth: 1, source: line }],
    unmodelled: [{ file: file.path, line, what }],
    blocks,
  };
}

function parametersOf(ctx: FunctionContext, { declarator, text }: ParsedFunction): readonly Local[] {
  let at: SyntaxNode | undefined = declarator;
  while (at !== undefined && at.type !== "function_declarator") at = childOf(at, "declarator");
  const list = at === undefined ? undefined : childOf(at, "parameters");
  return ctx.model.types
    .parameters(list, text.text)
    .map((one, i) => ctx.declare(one.name ?? `unnamed${i}`, decayed(one.type), true));
}

function headOf(
  ctx: FunctionContext,
  name: string,
  parameters: readonly Local[],
  lines: readonly Line[],
  blocks: boolean,
): string {
  const isUsed = usage(lines);
  const texts = parameters.map((one) => {
    const ts = ctx.model.ts(one.type);
    if (one.isBoxed) return `${one.name}_: ${ts}`;
    // A parameter that only calls without effect would see: the underscore says that this is meant.
    return `${isUsed(one.name) ? "" : "_"}${one.name}: ${ts}`;
  });
  const result = ctx.model.ts(ctx.result);
  if (!blocks) return `function ${name}(${texts.join(", ")}): ${result}`;
  ctx.model.use("tasks", "type Coroutine");
  return `function* ${name}(${texts.join(", ")}): Coroutine<${result}>`;
}

function usage(lines: readonly Line[]): (name: string) => boolean {
  const words = new Set(lines.flatMap((line) => line.text.match(/(?<![.\w$])[A-Za-z_$][\w$]*/g) ?? []));
  return (name) => words.has(name);
}

function declarations(ctx: FunctionContext, lines: readonly Line[]): Line[] {
  const isUsed = usage(lines);
  const stored = lines.map((line) => line.text.replace(/^(\w+) = /, ""));
  const words = new Set(stored.flatMap((text) => text.match(/(?<![.\w$])[A-Za-z_$][\w$]*/g) ?? []));
  const isRead = (name: string): boolean => words.has(name);
  const { model } = ctx;
  return ctx.locals.flatMap((one): Line[] => {
    const ts = model.ts(one.type);
    if (one.isBoxed) {
      if (!isUsed(one.name) && !one.isParameter) return [];
      const initial = one.isParameter ? `${one.name}_` : model.initial(one.type, '""', "null");
      return [
        { text: `const ${one.name} = new ${model.use("pointers", "Ref")}<${ts}>(${initial});`, depth: 1, source: null },
      ];
    }
    if (one.isParameter || !isUsed(one.name)) return [];
    const isObject = one.type.kind === "struct" || one.type.kind === "array";
    const initial = isObject ? model.use("pointers", "NULL") : model.initial(one.type, '""', "null");
    const line = (text: string): Line => ({ text, depth: 1, source: null });
    const declared = line(`let ${one.name}: ${ts} = ${initial};`);
    return isRead(one.name) ? [declared] : [declared, line(`void ${one.name}; // C only stores to it`)];
  });
}

function endsWithReturn(lines: readonly Line[]): boolean {
  const last = lines.at(-1);
  return last !== undefined && last.depth === 1 && last.text.startsWith("return");
}
