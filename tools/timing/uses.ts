/**
 * Calls of kernel primitives, written out or hidden in macros.
 */
import type { CallSite } from "../c/file-index.ts";
import { type Code, type Fragment, parseFragment, plainText, textOfNode } from "../c/fragment.ts";
import type { MacroDefinition } from "../c/preprocessor.ts";
import type { FileMacro, Program } from "../c/program.ts";
import { ancestorOf, childOf, descendants, nodeAt, type SyntaxNode } from "../c/syntax.ts";
import { CLOCK_CALLS, CLOCK_NAMES, clockOf } from "./clocks.ts";
import type { FactProblem } from "./fact.ts";
import type { Scope, Scopes } from "./scope.ts";

/** One call of a primitive. */
export interface Use {
  readonly primitive: string;
  readonly scope: Scope;
  /** The call, in `code`. */
  readonly call: SyntaxNode;
  readonly args: readonly SyntaxNode[];
  readonly code: Code;
  /** The node of the function that the call is, or the macro call that it is inside of. */
  readonly site: SyntaxNode;
  readonly viaMacro: string | null;
  /**
   * What the call is of its macro's text: all of it (or there is no macro), all but a `!` before it, or a part;
   * `handed` for the call of a helper that is handed what it arms.
   */
  readonly place: "whole" | "negated" | "part" | "handed";
}

const CALL = new Set(["call_expression"]);
/** Macros in macros; deeper ones are reported. */
const MAX_EXPANSIONS = 4;
/** Text that macros grow to; the largest real ones have a few kilobytes. */
const MAX_EXPANDED_BYTES = 100_000;

export class UseFinder {
  readonly problems: FactProblem[] = [];
  private readonly wrappers = new Map<string, readonly FileMacro[]>();

  constructor(
    readonly program: Program,
    readonly scopes: Scopes,
  ) {}

  /** All calls of some primitives inside functions, in file order per primitive. */
  *of(primitives: ReadonlySet<string>): Generator<Use> {
    for (const name of primitives) {
      for (const site of this.program.callsTo(name)) yield* this.direct(site);
    }
    for (const { macro, file } of this.wrappersOf(primitives)) {
      for (const site of this.sitesOf(macro)) {
        // A macro of a .c file means nothing in other files.
        if (site.file === file || !file.path.endsWith(".c")) yield* this.through(site, macro, primitives);
      }
    }
  }

  /** Every place where a clock is read, written out. */
  *clockSites(): Generator<{ readonly scope: Scope; readonly clock: SyntaxNode }> {
    // `#define NOW jiffies` is another name for the clock.
    const names = [...CLOCK_NAMES];
    for (const { macro } of this.program.macrosOfFiles) {
      if (macro.parameters === null && clockOf(macro.body.replace(/^\(|\)$/g, "")) !== null) names.push(macro.name);
    }
    const sites = [
      ...names.flatMap((name) => this.program.usesOf(name)),
      ...CLOCK_CALLS.flatMap((name) => this.program.callsTo(name)),
    ];
    for (const site of sites) {
      const scope = site.function === null ? null : this.scopes.of(site.function);
      if (scope !== null) yield { scope, clock: nodeAt(scope.root, site.offset, site.offset + site.name.length) };
    }
  }

  /** Macros of the scanned files whose text calls one of the primitives, directly or through such a macro. */
  private wrappersOf(primitives: ReadonlySet<string>): readonly FileMacro[] {
    const key = [...primitives].join(" ");
    const known = this.wrappers.get(key);
    if (known !== undefined) return known;
    const macros = this.program.macrosOfFiles;
    const found = new Set<FileMacro>();
    const names = new Set(primitives);
    for (let round = 0; round < MAX_EXPANSIONS; round++) {
      const before = found.size;
      for (const one of macros) {
        if (found.has(one) || names.has(one.macro.name)) continue;
        if (mentionedNames(one.macro).some((name) => names.has(name))) found.add(one);
      }
      for (const { macro } of found) names.add(macro.name);
      if (found.size === before) break;
    }
    const list = [...found];
    this.wrappers.set(key, list);
    return list;
  }

  /** Calls of a macro, and its other uses where it takes no arguments. */
  private sitesOf(macro: MacroDefinition): Iterable<CallSite> {
    const sites = new Map(this.program.callsTo(macro.name).map((site) => [`${site.file.path} ${site.offset}`, site]));
    const others = macro.parameters === null ? this.program.usesOf(macro.name) : [];
    for (const site of others) sites.set(`${site.file.path} ${site.offset}`, site);
    return sites.values();
  }

  /** Assignments in macros that mention a clock: `#define alive(s) ((s)->lstrp = jiffies)`. */
  *storesInMacros(): Generator<{
    readonly scope: Scope;
    readonly store: SyntaxNode;
    readonly code: Code;
    readonly site: SyntaxNode;
    readonly macro: string;
  }> {
    const clocks = new RegExp(`\\b(?:${[...CLOCK_NAMES, ...CLOCK_CALLS].join("|")})\\b`);
    for (const { macro, file } of this.program.macrosOfFiles) {
      if (macro.parameters === null || !clocks.test(macro.body) || !/[^=!<>]=[^=]/.test(macro.body)) continue;
      for (const site of this.program.callsTo(macro.name)) {
        if (site.file !== file && file.path.endsWith(".c")) continue;
        const expansion = this.expansion(site, macro, new Set());
        if (expansion === null) continue;
        const { scope, call, fragment } = expansion;
        for (const store of descendants(fragment.body)) {
          if (store.type !== "assignment_expression") continue;
          yield { scope, store, code: fragment.code, site: call, macro: macro.name };
        }
      }
    }
  }

  private *direct(site: CallSite): Generator<Use> {
    const located = this.locate(site);
    if (located === null) return;
    const { scope, call } = located;
    const args = childOf(call, "arguments")?.children ?? [];
    yield { primitive: site.name, scope, call, args, code: scope.code, site: call, viaMacro: null, place: "whole" };
  }

  /** A macro's text at one of its uses, parsed. */
  private expansion(
    site: CallSite,
    macro: MacroDefinition,
    primitives: ReadonlySet<string>,
  ): { readonly scope: Scope; readonly call: SyntaxNode; readonly fragment: Fragment } | null {
    const located = this.locate(site);
    if (located === null) return null;
    const { scope, call } = located;
    const list = call.type === "call_expression" ? childOf(call, "arguments") : undefined;
    const args = (list?.children ?? []).map((node) => scope.text(node));
    const whole = `${macro.body}${list === undefined ? "" : `(${args.join(", ")})`}`;
    const text =
      macro.parameters === null ? this.expandInside(whole, primitives, 1) : this.expand(macro, args, primitives, 0);
    const fragment = text === null ? null : parseFragment(text, call.start);
    if (fragment === null) this.problem(site, `macro ${macro.name} could not be expanded here`);
    return fragment === null ? null : { scope, call, fragment };
  }

  private *through(site: CallSite, macro: MacroDefinition, primitives: ReadonlySet<string>): Generator<Use> {
    const expansion = this.expansion(site, macro, primitives);
    if (expansion === null) return;
    const { scope, call, fragment } = expansion;
    for (const node of descendants(fragment.body)) {
      if (node.type !== "call_expression") continue;
      const callee = childOf(node, "function");
      const primitive = callee === undefined ? "" : textOfNode(fragment.code, callee);
      if (!primitives.has(primitive)) continue;
      const inner = childOf(node, "arguments")?.children ?? [];
      const place = placeIn(fragment.expression, node);
      const { code } = fragment;
      yield { primitive, scope, call: node, args: inner, code, site: call, viaMacro: macro.name, place };
    }
  }

  /** A macro's text with its arguments in place, and macros in it that hide primitives expanded as well. */
  private expand(
    macro: MacroDefinition,
    args: readonly string[],
    primitives: ReadonlySet<string>,
    depth: number,
  ): string | null {
    if (macro.parameters === null || depth > MAX_EXPANSIONS) return null;
    const values = new Map<string, string>();
    for (const [i, parameter] of macro.parameters.entries()) {
      const value = parameter === "__VA_ARGS__" ? args.slice(i).join(", ") : args[i];
      if (value === undefined) return null;
      values.set(parameter, value);
    }
    // Replacements are inserted as they are: a `$` in an argument is no pattern here.
    if (macro.body.length > MAX_EXPANDED_BYTES) return null;
    const text = macro.body.replace(/\b[A-Za-z_]\w*\b/g, (word) => values.get(word) ?? word);
    return text.length > MAX_EXPANDED_BYTES ? null : this.expandInside(text, primitives, depth + 1);
  }

  private expandInside(text: string, primitives: ReadonlySet<string>, depth: number): string | null {
    for (const { macro: inner } of this.wrappersOf(primitives)) {
      if (inner.parameters === null) {
        const at = new RegExp(`\\b${inner.name}\\b`).exec(text);
        if (at === null || depth > MAX_EXPANSIONS) continue;
        const after = at.index + inner.name.length;
        return this.expandInside(text.slice(0, at.index) + inner.body + text.slice(after), primitives, depth + 1);
      }
      const at = new RegExp(`\\b${inner.name}\\s*\\(`).exec(text);
      if (at === null) continue;
      const args = splitArguments(text, at.index + at[0].length);
      if (args === null) return null;
      const expanded = this.expand(inner, args.values, primitives, depth);
      if (expanded === null) return null;
      return this.expandInside(text.slice(0, at.index) + expanded + text.slice(args.end), primitives, depth + 1);
    }
    return depth > MAX_EXPANSIONS * 4 ? null : text;
  }

  /** The call node at a call site. */
  locate(site: CallSite): { readonly scope: Scope; readonly call: SyntaxNode } | null {
    if (site.function === null) return null;
    const scope = this.scopes.of(site.function);
    if (scope === null) {
      // One line for the function says it all, however many primitives it calls.
      const { file, name, nameOffset } = site.function;
      const reason = "does not parse, so that nothing is known of its timing";
      this.problems.push({ file: file.path, function: name, line: file.lines.lineAt(nameOffset), reason });
      return null;
    }
    const name = nodeAt(scope.root, site.offset, site.offset + site.name.length);
    const call = ancestorOf(name, CALL);
    const callee = call === null ? undefined : childOf(call, "function");
    if (call !== null && callee !== undefined && withoutParentheses(callee) === name) return { scope, call };
    // A macro without parameters may be an expression by itself.
    if (this.program.macro(site.name)?.parameters === null) return { scope, call: name };
    this.problem(site, `${site.name}: used in a way that is not understood`);
    return null;
  }

  private problem(site: CallSite, reason: string): void {
    this.problems.push({
      file: site.file.path,
      function: site.function?.name ?? null,
      line: site.file.lines.lineAt(site.offset),
      reason,
    });
  }
}

const mentioned = new WeakMap<MacroDefinition, readonly string[]>();

/** Names that a macro's text calls; a macro without parameters may also be another name for one. */
export function mentionedNames(macro: MacroDefinition): readonly string[] {
  let names = mentioned.get(macro);
  if (names === undefined) {
    // Thousands of macros are numbers: nothing to look for in those.
    const isNumber = /^\(?-?[0-9]/.test(macro.body);
    const pattern = macro.parameters === null ? /[A-Za-z_]\w*/g : /[A-Za-z_]\w*(?=\s*\()/g;
    names = isNumber && macro.body.length < 16 ? [] : (macro.body.match(pattern) ?? []);
    mentioned.set(macro, names);
  }
  return names;
}

function placeIn(expression: SyntaxNode | null, node: SyntaxNode): Use["place"] {
  const whole = expression === null ? node : withoutParentheses(expression);
  if (whole === node) return "whole";
  const argument =
    whole.type === "unary_expression" && childOf(whole, "operator")?.type === "!"
      ? childOf(whole, "argument")
      : undefined;
  return argument !== undefined && withoutParentheses(argument) === node ? "negated" : "part";
}

function withoutParentheses(node: SyntaxNode): SyntaxNode {
  let inner = node;
  while (inner.type === "parenthesized_expression" && inner.children.length === 1)
    inner = inner.children[0] as SyntaxNode;
  return inner;
}

/** Arguments of a call in text, from after its opening parenthesis. */
function splitArguments(text: string, from: number): { readonly values: string[]; readonly end: number } | null {
  const values: string[] = [];
  let depth = 0;
  let start = from;
  for (let i = from; i < text.length; i++) {
    const c = text[i] as string;
    if (c === "(" || c === "[" || c === "{") depth++;
    else if (c === ")" && depth === 0) {
      const last = plainText(text.slice(start, i));
      if (last !== "" || values.length > 0) values.push(last);
      return { values, end: i + 1 };
    } else if (c === ")" || c === "]" || c === "}") depth--;
    else if (c === "," && depth === 0) {
      values.push(plainText(text.slice(start, i)));
      start = i + 1;
    }
  }
  return null;
}

/** Names that macros of the scanned files call and that a test accepts, called anywhere else or not. */
export function namesInMacros(program: Program, accept: (name: string) => boolean): string[] {
  const names = new Set<string>();
  for (const { macro } of program.macrosOfFiles)
    for (const name of mentionedNames(macro)) if (accept(name)) names.add(name);
  return [...names];
}
