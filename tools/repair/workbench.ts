/**
 * What recipes work with: places of facts in the syntax trees, and edits in terms of statements, terms and comments.
 *
 * Every operation either knows what it does or refuses, with the place where it stopped.
 */

import type { CFile, CFunction } from "../c/file.ts";
import { codeOfFile, textOfNode } from "../c/fragment.ts";
import type { Program } from "../c/program.ts";
import { ancestorOf, childOf, descendants, type SyntaxNode } from "../c/syntax.ts";
import type { Place } from "../timing/fact.ts";
import type { Probe } from "../timing/probe.ts";
import { type Answer, answersTo, answerWith, casesOf, type NewAnswer } from "./answers.ts";
import { assume } from "./assume.ts";
import { callText, commentText, sentencesOf, wordsOf } from "./comment-text.ts";
import { guardStatement } from "./conditions.ts";
import { Edits } from "./edits.ts";
import { type Ends, endsOf } from "./ends.ts";
import { type Due, dueOf } from "./guard.ts";
import { type Callback, Lookup } from "./lookup.ts";
import { addMember, type NewMember } from "./members.ts";
import { type GuardSite, guardSites, type RearmSite, rearmSite, setFactor } from "./probe-sites.ts";
import { AlreadyThere, NotRecognised, type Region } from "./recipe.ts";
import { SourceText } from "./source-text.ts";
import { dropUnusedLabels, dropUnusedLocals } from "./unused.ts";
import { type WatchdogSite, watchdogSites } from "./watchdogs.ts";
import { isIdleWithout, removeCallback } from "./whole-functions.ts";

/** A piece of a function's tree. */
export interface Site {
  readonly fn: CFunction;
  readonly node: SyntaxNode;
}

const FUNCTION_REGION = "function";

export class Workbench {
  readonly edits = new Edits();
  /** Functions and calls by what they are. */
  readonly find = new Lookup(this);
  private readonly texts = new Map<CFile, SourceText>();

  /** @param found the periodic probe that is to be repaired, from the facts of the program; null where there is none */
  constructor(
    readonly program: Program,
    private readonly found: Probe | null,
  ) {}

  /** The periodic probe; recipes of a system that is not about one do not ask for it. */
  get probe(): Probe {
    if (this.found === null) throw new Error("the recipe asks for a probe, and its system has none");
    return this.found;
  }

  /** Says that the source has it already. */
  alreadyThere(why: string): never {
    throw new AlreadyThere(why);
  }

  /** Stops at a place. */
  refuse({ fn, node }: Site, reason: string): never {
    throw new NotRecognised(fn.file.path, fn.file.lines.lineAt(node.start), reason);
  }

  /** Stops at the place of a fact. */
  refuseAt(place: Place, reason: string): never {
    throw new NotRecognised(place.file, place.line, reason);
  }

  textOf(file: CFile): SourceText {
    let text = this.texts.get(file);
    if (text === undefined) {
      text = new SourceText(file);
      this.texts.set(file, text);
    }
    return text;
  }

  /** The words of a node, on one line and without comments. */
  words({ fn, node }: Site): string {
    return textOfNode(codeOfFile(fn.file), node);
  }

  /** The words of a node as they stand in the file. */
  source({ fn, node }: Site): string {
    return fn.file.masked.source.slice(node.start, node.end);
  }

  /** Where a fact stands in its function's tree: the call, comparison or store that it was made from. */
  site(fact: Place & { readonly viaMacro?: string; readonly expression: string }): Site {
    const file = this.program.files.find((one) => one.path === fact.file);
    const fn = file?.functions.find(
      (one) => one.name === fact.function && this.holds(one, file.lines.lineAt(one.start), fact),
    );
    const root = fn?.syntax() ?? null;
    if (file === undefined || fn === undefined || root === null) return this.refuseAt(fact, "not in a parsed function");
    if (fact.viaMacro !== undefined) return this.refuseAt(fact, `stands in the macro ${fact.viaMacro}`);
    for (const node of descendants(root)) {
      const isHere = file.lines.lineAt(node.start) === fact.line && file.lines.columnAt(node.start) === fact.column;
      if (!isHere || this.words({ fn, node }) !== fact.expression) continue;
      this.refuseVariants(fn, fact);
      return { fn, node };
    }
    return this.refuseAt(fact, `${fact.expression}: not found as one expression`);
  }

  /** Refuses a function of which the configuration chooses the text: one variant would be changed, others not. */
  refuseVariants(fn: CFunction, place?: Place): void {
    const { file, name } = fn;
    const at = place ?? this.placeOf(fn);
    const condition = this.textOf(file).firstCondition(fn.start, fn.end);
    if (condition !== null) {
      const line = file.lines.lineAt(condition);
      this.refuseAt(
        at,
        `${name} has text under a preprocessor condition (line ${line}), of which one variant would change`,
      );
    }
    const variants = file.pieces.flatMap((piece) => piece.names).filter((one) => one === name).length;
    if (variants > 1) this.refuseAt(at, `${name} is there more than once, for different configurations`);
  }

  private placeOf({ file, name, nameOffset }: CFunction): Place {
    const [line, column] = [file.lines.lineAt(nameOffset), file.lines.columnAt(nameOffset)];
    return { file: file.path, function: name, line, column };
  }

  private holds(fn: CFunction, firstLine: number, { line }: Place): boolean {
    return firstLine <= line && line <= fn.file.lines.lineAt(fn.end - 1);
  }

  /** The function as a region that edits stay in; comments right before it are part of it. */
  region(fn: CFunction): Region {
    const comments = this.textOf(fn.file).commentsBefore(fn.start);
    const last = comments.at(-1);
    return { kind: FUNCTION_REGION, name: fn.name, start: last?.start ?? fn.start, end: fn.end };
  }

  /** The statements of a function's body. */
  body(fn: CFunction): readonly SyntaxNode[] {
    return this.bodyNode(fn)?.children ?? [];
  }

  /** The block that is a function's body; null where it does not parse. */
  bodyNode(fn: CFunction): SyntaxNode | null {
    const definition = this.definition(fn);
    return (definition === null ? undefined : childOf(definition, "body")) ?? null;
  }

  /** The whole function as a node, to be named in a refusal. */
  nodeOf(fn: CFunction): SyntaxNode {
    const node = this.definition(fn);
    if (node === null) this.refuseAt(this.placeOf(fn), "does not parse");
    return node;
  }

  private definition(fn: CFunction): SyntaxNode | null {
    const root = fn.syntax();
    if (root === null) return null;
    for (const node of descendants(root)) if (node.type === "function_definition") return node;
    return null;
  }

  replace({ fn, node }: Site, text: string): void {
    this.edit(fn, node.start, node.end, text);
  }

  /** Replaces [start, end) of a function. */
  edit(fn: CFunction, start: number, end: number, text: string): void {
    if (/[^\t\n\r\x20-\x7e]/.test(text)) {
      const line = fn.file.lines.lineAt(start);
      throw new NotRecognised(fn.file.path, line, "has letters beyond ASCII in what would be written anew");
    }
    this.edits.add({ file: fn.file.path, start, end, text, within: this.region(fn) });
  }

  /** Takes a statement's lines out, with the comment that speaks of it, and one of two blank lines that would meet. */
  removeStatement({ fn, node }: Site): void {
    const text = this.textOf(fn.file);
    if (!text.isFirstOnLine(node.start) || !text.isLastOnLine(node.end)) {
      this.refuse({ fn, node }, "shares its line with something else");
    }
    if (text.conditionDepth(node.start, node.end) !== 0) {
      this.refuse({ fn, node }, "ends under another preprocessor condition than it begins");
    }
    const comment = text.attachedComment(node.start);
    this.removeLines(fn, text.lineStart(comment?.start ?? node.start), text.lineEnd(node.end));
  }

  /** Takes whole lines out, with one of two blank lines that would meet, or that would begin or end a block. */
  private removeLines(fn: CFunction, start: number, end: number): void {
    const text = this.textOf(fn.file);
    const before = text.lineStart(start - 1);
    const isAfterBlank = text.isBlankLine(before);
    const isFirst = /\{\s*$/.test(text.source.slice(before, start));
    if ((isAfterBlank || isFirst) && text.isBlankLine(end)) this.edit(fn, start, text.lineEnd(end), "");
    else if (isAfterBlank && /^[ \t]*\}/.test(text.source.slice(end, text.lineEnd(end))))
      this.edit(fn, before, end, "");
    else this.edit(fn, start, end, "");
  }

  /**
   * Takes out a statement of which nothing may be left to jump to: where it ends the function, behind a label,
   * jumps to the label become returns.
   */
  takeFromEnd({ fn, node }: Site): void {
    const labeled = node.parent?.type === "labeled_statement" ? node.parent : null;
    const list = labeled?.parent;
    if (labeled === null || list?.children.at(-1) !== labeled) {
      this.removeStatement({ fn, node });
      return;
    }
    const text = this.textOf(fn.file);
    const isWhole = text.isFirstOnLine(labeled.start) && text.isLastOnLine(labeled.end);
    if (!isWhole || list.parent?.type !== "function_definition" || !this.isVoid(fn)) {
      this.refuse({ fn, node }, "a label would be left with nothing behind it");
    }
    const label = childOf(labeled, "label");
    const name = label === undefined ? "" : this.words({ fn, node: label });
    for (const jump of descendants(list)) {
      const target = jump.type === "goto_statement" ? childOf(jump, "label") : undefined;
      if (target !== undefined && this.words({ fn, node: target }) === name) {
        this.replace({ fn, node: jump }, "return;");
      }
    }
    this.removeLines(fn, text.lineStart(labeled.start), text.lineEnd(labeled.end));
  }

  /** Puts lines before a statement, and before the comments that lead to it. */
  insertBefore({ fn, node }: Site, lines: readonly string[]): void {
    const text = this.textOf(fn.file);
    const first = text.commentsBefore(node.start)[0]?.start ?? node.start;
    if (!text.isFirstOnLine(first)) this.refuse({ fn, node }, "shares its line with something else");
    const at = text.lineStart(first);
    const indent = text.indent(node.start);
    this.edit(fn, at, at, lines.map((line) => (line === "" ? "\n" : `${indent}${line}\n`)).join(""));
  }

  /** The declarations that a function begins with. */
  private declarations(fn: CFunction): readonly SyntaxNode[] {
    const body = this.body(fn);
    const first = body.findIndex((one) => one.type !== "declaration");
    return first < 0 ? body : body.slice(0, first);
  }

  /** End of the line on which the declarations of a function end. */
  private afterDeclarations(fn: CFunction): number {
    const text = this.textOf(fn.file);
    const last = this.declarations(fn).at(-1);
    const end = last?.end ?? fn.bodyStart + 1;
    if (!text.isLastOnLine(end)) {
      const node = last ?? this.definition(fn);
      if (node !== null) this.refuse({ fn, node }, "something else follows on the line of the last declaration");
    }
    if (last !== undefined && text.conditionDepth(fn.bodyStart, end) !== 0) {
      this.refuse({ fn, node: last }, "the declarations end under a preprocessor condition");
    }
    return text.lineEnd(end);
  }

  /** Declares a local variable, after those that are there. */
  declare(fn: CFunction, declaration: string): void {
    const at = this.afterDeclarations(fn);
    const isFirst = this.declarations(fn).length === 0;
    this.edit(fn, at, at, `\t${declaration}\n${isFirst ? "\n" : ""}`);
  }

  /** Puts a statement at the beginning of a function, after its declarations, as a paragraph of its own. */
  insertAtBeginning(fn: CFunction, statement: string): void {
    const at = this.afterDeclarations(fn);
    const isFirst = this.declarations(fn).length === 0;
    this.edit(fn, at, at, isFirst ? `\t${statement}\n\n` : `\n\t${statement}\n`);
  }

  /** A name for a local that the function does not know yet: the one that is wished for, if possible. */
  freshName(fn: CFunction, wished: readonly string[]): string {
    const text = fn.file.masked.source.slice(fn.start, fn.end);
    const free = wished.find((name) => !new RegExp(`\\b${name}\\b`).test(text) && !this.program.macro(name));
    const node = this.definition(fn);
    if (free === undefined && node !== null) this.refuse({ fn, node }, `uses the names ${wished.join(", ")} already`);
    return free ?? "";
  }

  /** Locals of a function that statements assign to, those of initialisers apart, with the place of each. */
  assignmentsTo(fn: CFunction, name: string): readonly SyntaxNode[] {
    const root = fn.syntax();
    if (root === null) return [];
    const found: SyntaxNode[] = [];
    for (const node of descendants(root)) {
      const target =
        node.type === "assignment_expression"
          ? childOf(node, "left")
          : node.type === "update_expression"
            ? childOf(node, "argument")
            : undefined;
      if (target?.type === "identifier" && this.words({ fn, node: target }) === name) found.push(node);
    }
    return found;
  }

  /** Whether a function gives the address of a local away, so that anybody may store to it. */
  givesAway(fn: CFunction, name: string): boolean {
    const root = fn.syntax();
    return (
      root === null ||
      [...descendants(root)].some((node) => {
        const isAddress = node.type === "pointer_expression" && childOf(node, "operator")?.type === "&";
        const target = isAddress ? childOf(node, "argument") : undefined;
        return target?.type === "identifier" && this.words({ fn, node: target }) === name;
      })
    );
  }

  /** Whether a statement is followed by an unlock in its list: what it does is done under a lock. */
  isLocked({ fn, node: statement }: Site): boolean {
    const outer = statement.parent?.type === "labeled_statement" ? statement.parent : statement;
    const siblings = outer.parent?.children ?? [];
    const after = siblings.slice(siblings.indexOf(outer) + 1);
    return after.some((node) => /^\w*unlock\w*\s*\(/.test(this.words({ fn, node })));
  }

  /** The lock that a statement is done under in its list, and the unlock, as statements; null where there is none. */
  locksAround({ fn, node }: Site): readonly [lock: string, unlock: string] | null {
    const siblings = node.parent?.children ?? [];
    const words = siblings.map((one) => this.source({ fn, node: one }));
    const at = siblings.indexOf(node);
    const lock = words.slice(0, at).findLast((one) => /^\w*_lock\w*\s*\(/.test(one));
    const unlock = words.slice(at + 1).find((one) => /^\w*_unlock\w*\s*\(/.test(one));
    return lock === undefined || unlock === undefined ? null : [lock, unlock];
  }

  /**
   * A name of the expression that the condition around it tests or stores before the expression is looked at: a pointer
   * that may be NULL, say. Null where there is none.
   */
  testedBefore({ fn, node }: Site): string | null {
    const names = [...descendants(node)].filter((one) => one.type === "identifier");
    const used = new Set(names.map((one) => this.words({ fn, node: one })));
    for (let at: SyntaxNode | null = node; at?.parent != null; at = at.parent) {
      if (at.parent.type !== "binary_expression" || at !== childOf(at.parent, "right")) continue;
      const left = childOf(at.parent, "left");
      for (const one of left === undefined ? [] : descendants(left)) {
        const name = one.type === "identifier" ? this.words({ fn, node: one }) : null;
        const isOnlyPassed = ["field_expression", "argument_list", "call_expression"].includes(one.parent?.type ?? "");
        if (name !== null && used.has(name) && !isOnlyPassed) return name;
      }
    }
    return null;
  }

  /** Names of the fields that statements of a function store to. */
  fieldsStored(fn: CFunction): ReadonlySet<string> {
    const root = fn.syntax();
    const names = new Set<string>();
    for (const node of root === null ? [] : descendants(root)) {
      const isStore = node.type === "assignment_expression" || node.type === "update_expression";
      const target = isStore ? (childOf(node, "left") ?? childOf(node, "argument")) : undefined;
      const field = target?.type === "field_expression" ? childOf(target, "field") : undefined;
      if (field !== undefined) names.add(this.words({ fn, node: field }));
    }
    return names;
  }

  /** Names of the fields that an expression looks at. */
  fieldsIn({ fn, node }: Site): ReadonlySet<string> {
    const fields = [...descendants(node)].filter((one) => one.type === "field_identifier");
    return new Set(fields.map((one) => this.words({ fn, node: one })));
  }

  /** Names of a function's locals. */
  localNames(fn: CFunction): ReadonlySet<string> {
    const names = new Set<string>();
    for (const declaration of this.body(fn).filter((one) => one.type === "declaration")) {
      for (const child of declaration.children.filter((one) => one.field === "declarator")) {
        for (const node of descendants(child)) {
          if (node.type !== "identifier") continue;
          names.add(this.words({ fn, node }));
          break;
        }
      }
    }
    return names;
  }

  /** Names of the locals that an expression uses. */
  localsIn({ fn, node }: Site): ReadonlySet<string> {
    const locals = this.localNames(fn);
    const used = [...descendants(node)].filter((one) => one.type === "identifier");
    return new Set(used.map((one) => this.words({ fn, node: one })).filter((name) => locals.has(name)));
  }

  /** The statement around an expression. */
  statementAround({ fn, node }: Site): SyntaxNode {
    let at: SyntaxNode | null = node;
    while (at !== null && !/_statement$|^declaration$/.test(at.type)) at = at.parent;
    return at ?? this.refuse({ fn, node }, "stands in no statement");
  }

  /** Whether what comes after a statement may run without it: behind a condition, or after a jump. */
  isJumpedOver({ fn, node }: Site): boolean {
    const root = fn.syntax();
    return (
      root === null ||
      !this.isOutermost(node) ||
      [...descendants(root)].some((one) => one.type === "goto_statement" && one.start < node.start)
    );
  }

  /** Whether a statement is one of a list, so that others can stand beside it. */
  isInList({ parent }: SyntaxNode): boolean {
    if (parent?.type === "labeled_statement") return this.isInList(parent);
    return parent?.type === "compound_statement";
  }

  /** Whether a statement is one of the function's own list, perhaps behind a label. */
  isOutermost({ parent }: SyntaxNode): boolean {
    if (parent?.type === "labeled_statement") return this.isOutermost(parent);
    return parent?.type === "compound_statement" && parent.parent?.type === "function_definition";
  }

  /** The parts of the probe that recipes change. */
  rearm(): RearmSite {
    return rearmSite(this);
  }

  guards(): readonly GuardSite[] {
    return guardSites(this);
  }

  watchdogs(): readonly WatchdogSite[] {
    return watchdogSites(this);
  }

  dueOf(guard: GuardSite): Due {
    return dueOf(this, guard);
  }

  setFactor(multiple: { readonly fn: CFunction; readonly factor: SyntaxNode }, count: number): void {
    setFactor(this, multiple, count);
  }

  /** Takes a part of a condition out as if it always came out one way. */
  assume(site: Site, value: boolean): void {
    assume(this, site, value);
  }

  /** Takes out what the edits made so far have left without use. */
  dropUnused(fn: CFunction): void {
    dropUnusedLocals(this, fn);
    dropUnusedLabels(this, fn);
  }

  /** The places in a function that single out one value of a status, and what comes of it. */
  answersTo(fn: CFunction, value: string, member: string): readonly Answer[] {
    return answersTo(this, fn, value, member);
  }

  /** The values of a switch that come to a statement of one of its cases by labels alone, `default` among them. */
  casesOf(site: Site): readonly string[] {
    return casesOf(this, site);
  }

  /** Lets another answer be given to that value, and to no other. */
  answerWith(answer: Answer, wanted: NewAnswer): void {
    answerWith(this, answer, wanted);
  }

  /** How a function ends: with what given back, and whom told. */
  endsOf(fn: CFunction, giveBack: string, tell: string): Ends {
    return endsOf(this, fn, giveBack, tell);
  }

  /** Lets a statement be done only where a condition holds. */
  guard(site: Site, condition: string, comment: string | null): void {
    guardStatement(this, site, condition, comment);
  }

  /** Whether a function does nothing without some of its calls but look at things, lock and log. */
  isIdleWithout(fn: CFunction, without: readonly Site[]): boolean {
    return isIdleWithout(this, fn, without);
  }

  /** Takes a callback out, with all that stores it; false, with nothing done, where it is used otherwise. */
  removeCallback(callback: Callback): boolean {
    return removeCallback(this, callback);
  }

  /** A sentence as a comment, as it would stand with an indentation. */
  commentOf(sentence: string, indent: string): string {
    return commentText(sentence, indent, false);
  }

  addMember(at: Place, member: NewMember): void {
    addMember(this, at, member);
  }

  indentOf({ fn, node }: Site): string {
    return this.textOf(fn.file).indent(node.start);
  }

  /** A call with other arguments, as it would stand at the place of the call; without the semicolon. */
  callOf({ fn, node }: Site, args: readonly string[]): string {
    const callee = childOf(node, "function");
    if (callee === undefined) return this.refuse({ fn, node }, "is no call");
    return callText(this.source({ fn, node: callee }), args, this.textOf(fn.file).column(node.start));
  }

  /** An expression as it can be an operand of a product. */
  factorOf(expression: string): string {
    const body = this.program.macro(expression)?.body.trim();
    const isBare = /^\w+(?:(?:->|\.)\w+)*$/.test(expression) && (body === undefined || /^(?:\(.*\)|\w+)$/.test(body));
    return isBare ? expression : `(${expression})`;
  }

  /** An expression as it can be a term of a sum, or be compared. */
  termOf(site: Site): string {
    const { node } = site;
    const operator = node.type === "binary_expression" ? childOf(node, "operator")?.type : undefined;
    const isTorn = operator === undefined ? node.type === "conditional_expression" : !/^[-+*/%]$/.test(operator);
    return isTorn ? `(${this.source(site)})` : this.source(site);
  }

  /** A comparison as it can take the place of a call: in parentheses where an operator around it binds closer. */
  inPlaceOf({ node: { parent } }: Site, comparison: string): string {
    const operator = parent?.type === "binary_expression" ? childOf(parent, "operator")?.type : undefined;
    const isLoose = /^(?:parenthesized_expression|argument_list)$/.test(parent?.type ?? "");
    return isLoose || operator === "&&" || operator === "||" ? comparison : `(${comparison})`;
  }

  /** Replaces words in the comments of a function, and in the one right before it. */
  replaceInComments(fn: CFunction, pattern: RegExp, replacement: string): void {
    const text = this.textOf(fn.file);
    const { start, end } = this.region(fn);
    for (const comment of text.commentsIn(start, end)) {
      for (const match of comment.text.matchAll(pattern)) {
        const at = comment.start + match.index;
        this.edit(fn, at, at + match[0].length, replacement);
      }
    }
  }

  /** In the comments right before a statement: sentences of some kind make room for another one. */
  replaceSentences({ fn, node }: Site, isMeant: (sentence: string) => boolean, replacement: string): void {
    const text = this.textOf(fn.file);
    for (const comment of text.commentsBefore(node.start)) {
      const sentences = sentencesOf(wordsOf(comment.text));
      const kept = sentences.filter((one) => !isMeant(one));
      if (kept.length === sentences.length) continue;
      const isBlock = comment.text.startsWith("/*\n");
      const words = [...kept, replacement].join(" ");
      this.edit(fn, comment.start, comment.end, commentText(words, text.indent(comment.start), isBlock));
      return;
    }
  }

  /** Whether a node stands in what is edited already. */
  isGone({ fn, node }: Site): boolean {
    return this.edits.isGone(fn.file.path, node.start, node.end);
  }

  /** The function that a node belongs to must return nothing for this. */
  isVoid(fn: CFunction): boolean {
    const node = this.definition(fn);
    const type = node === null ? undefined : childOf(node, "type");
    const declarator = node === null ? undefined : childOf(node, "declarator");
    return (
      type !== undefined && this.words({ fn, node: type }) === "void" && declarator?.type === "function_declarator"
    );
  }
}

/** The nearest ancestor of one type, the node itself included. */
export function ancestorOfType(node: SyntaxNode, type: string): SyntaxNode | null {
  return ancestorOf(node, new Set([type]));
}
