/**
 * Text of a model with its variables in their new places: nodes are copied as they stand, but for names of variables
 * that are fields now, generators, which become functions that make frames, and, within a generator, jumps to places
 * that are labels now.
 */
import type ts from "typescript";
import { type Analysis, functionAround, isGenerator, nameOfFunction, type Owner } from "./frame-analysis.ts";
import { ModelError } from "./load-model.ts";

/** Where the statements of a generator lead that was made into steps. */
export interface Jumps {
  readonly generator: ts.Node;
  /** The label of the place behind a statement, or of its next round; undefined when it stayed as it is. */
  readonly labelOf: (target: ts.Node, kind: "break" | "continue") => number | undefined;
}

/** What a generator becomes: the text that takes its place. Its class is put elsewhere by whoever is asked. */
export type FrameMaker = (generator: ts.FunctionLikeDeclaration) => string;

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Goes on at a label. */
export function jumpTo(label: number): string {
  return `$l = ${label}; continue $;`;
}

export class FrameText {
  constructor(
    readonly analysis: Analysis,
    private readonly frameOf: FrameMaker,
  ) {}

  /**
   * @param jumps of the generator that the node stands in; null outside
   * @param more further edits, of a file
   */
  render(node: ts.Node, jumps: Jumps | null, more: () => readonly Edit[] = () => []): string {
    const edits: Edit[] = [];
    this.collect(node, jumps, edits);
    edits.push(...more());
    edits.sort((a, b) => a.start - b.start || a.end - b.end);
    const { text } = this.analysis.source;
    let result = "";
    let at = node.getStart(this.analysis.source);
    for (const edit of edits) {
      result += text.slice(at, edit.start) + edit.text;
      at = edit.end;
    }
    return result + text.slice(at, node.end);
  }

  /** The place of a variable, `$1.x`; null when it stayed a variable. */
  placeOf(identifier: ts.Identifier): string | null {
    const symbol = this.analysis.symbolOf(identifier);
    const owner = symbol === undefined ? undefined : this.analysis.ownerOf(symbol);
    return symbol === undefined || owner === undefined ? null : `${owner.variable}.${owner.fields.get(symbol)}`;
  }

  private collect(node: ts.Node, jumps: Jumps | null, edits: Edit[]): void {
    const { ts } = this.analysis;
    if (isGenerator(node)) {
      edits.push(this.replaced(node, this.frameOf(node as ts.FunctionLikeDeclaration)));
      return;
    }
    this.checkNames(node, jumps);
    if (ts.isIdentifier(node)) this.identifier(node, edits);
    else if (ts.isVariableDeclarationList(node) && this.isMoved(node)) {
      edits.push(this.replaced(node, this.declarations(node, jumps)));
    } else if (jumps !== null && this.isLeaving(node, jumps)) this.leaving(node, jumps, edits);
    else {
      if (ts.isFunctionLike(node)) this.variablesOf(node as ts.FunctionLikeDeclaration, edits);
      ts.forEachChild(node, (child) => this.collect(child, jumps, edits));
    }
  }

  private replaced(node: ts.Node, text: string): Edit {
    return { start: node.getStart(this.analysis.source), end: node.end, text };
  }

  private identifier(node: ts.Identifier, edits: Edit[]): void {
    const { ts } = this.analysis;
    const place = this.placeOf(node);
    const { parent } = node;
    if (place === null || this.isOwnName(node) || this.isInOwnParameters(node)) return;
    const isShort =
      (ts.isShorthandPropertyAssignment(parent) && parent.name === node) ||
      (ts.isBindingElement(parent) &&
        parent.name === node &&
        parent.propertyName === undefined &&
        parent.dotDotDotToken === undefined &&
        ts.isObjectBindingPattern(parent.parent));
    // A call of a variable has no `this`.
    const isCalled = ts.isCallExpression(parent) && parent.expression === node;
    edits.push(this.replaced(node, isShort ? `${node.text}: ${place}` : isCalled ? `(0, ${place})` : place));
  }

  /** `f` of `function f() {}`. */
  private isOwnName(node: ts.Identifier): boolean {
    const { ts } = this.analysis;
    const { parent } = node;
    return (ts.isFunctionDeclaration(parent) || ts.isClassDeclaration(parent)) && parent.name === node;
  }

  /** Defaults of parameters see the parameters themselves: they are evaluated before the fields are there. */
  private isInOwnParameters(node: ts.Identifier): boolean {
    const { ts } = this.analysis;
    const symbol = this.analysis.symbolOf(node);
    const owner = symbol === undefined ? undefined : this.analysis.ownerOf(symbol);
    if (owner === undefined) return false;
    return ts.findAncestor(node, (at) => ts.isParameter(at) && at.parent === owner.node) !== undefined;
  }

  private checkNames(node: ts.Node, jumps: Jumps | null): void {
    const { ts } = this.analysis;
    const isArguments = ts.isIdentifier(node) && node.text === "arguments" && this.analysis.isFree(node);
    if (jumps === null || !(isArguments || node.kind === ts.SyntaxKind.ThisKeyword)) return;
    let around: ts.Node | undefined = functionAround(ts, node);
    while (around !== undefined && ts.isArrowFunction(around)) around = functionAround(ts, around);
    if (around !== jumps.generator) return;
    throw new ModelError(
      `${nameOfFunction(ts, around)} is a coroutine that uses ${isArguments ? "arguments" : "this"}`,
    );
  }

  private isMoved(list: ts.VariableDeclarationList): boolean {
    const [first] = list.declarations;
    const [name] = first === undefined ? [] : this.namesIn(first.name);
    return name !== undefined && this.placeOf(name) !== null;
  }

  private namesIn(name: ts.BindingName): readonly ts.Identifier[] {
    const { ts } = this.analysis;
    if (ts.isIdentifier(name)) return [name];
    return name.elements.flatMap((element) => (ts.isBindingElement(element) ? this.namesIn(element.name) : []));
  }

  /** `let a = 1, b;` as stores. */
  private declarations(list: ts.VariableDeclarationList, jumps: Jumps | null): string {
    const { ts } = this.analysis;
    if (ts.isForInStatement(list.parent) || ts.isForOfStatement(list.parent)) {
      return list.declarations.map((one) => this.render(one.name, jumps)).join("");
    }
    const isVar = (list.flags & ts.NodeFlags.BlockScoped) === 0;
    const stores = list.declarations.map((one) => {
      const initial = one.initializer === undefined ? null : this.render(one.initializer, jumps);
      return this.declared(one, initial, isVar);
    });
    const text = stores.filter((one) => one !== "").join(", ");
    return text === "" ? "void 0" : text;
  }

  /** The store that a declaration is; empty when it stores nothing. */
  declared(declaration: ts.VariableDeclaration, initial: string | null, isVar: boolean): string {
    const target = this.render(declaration.name, null);
    if (initial === null) return isVar ? "" : `${target} = undefined`;
    return this.analysis.ts.isIdentifier(declaration.name) ? `${target} = ${initial}` : `(${target} = ${initial})`;
  }

  /** Return, and jumps to what is a label now. */
  private isLeaving(node: ts.Node, jumps: Jumps): boolean {
    const { ts } = this.analysis;
    if (ts.isReturnStatement(node)) return functionAround(ts, node) === jumps.generator;
    return (ts.isBreakStatement(node) || ts.isContinueStatement(node)) && this.labelFor(node, jumps) !== undefined;
  }

  private leaving(node: ts.Node, jumps: Jumps, edits: Edit[]): void {
    const { ts } = this.analysis;
    if (ts.isReturnStatement(node)) {
      const { variable } = this.analysis.owners.get(jumps.generator) as Owner;
      const value = node.expression === undefined ? "" : this.render(node.expression, jumps);
      edits.push(this.replaced(node, `{ ${value === "" ? "" : `${variable}.sent = (${value}); `}return $RETURNED; }`));
      return;
    }
    const label = this.labelFor(node as ts.BreakOrContinueStatement, jumps);
    edits.push(this.replaced(node, `{ ${jumpTo(label as number)} }`));
  }

  /** The label that a jump leads to; undefined when its target is in the same text. */
  private labelFor(node: ts.BreakOrContinueStatement, jumps: Jumps): number | undefined {
    const { ts } = this.analysis;
    const isContinue = ts.isContinueStatement(node);
    for (let at = node.parent; at !== undefined && !ts.isFunctionLike(at); at = at.parent) {
      const isTarget =
        node.label === undefined
          ? ts.isIterationStatement(at, false) || (!isContinue && ts.isSwitchStatement(at))
          : ts.isLabeledStatement(at) && at.label.text === node.label.text;
      if (isTarget) return jumps.labelOf(at, isContinue ? "continue" : "break");
    }
    return undefined;
  }

  /** Puts an object with the variables that frames need at the beginning of a function that is no generator. */
  private variablesOf(node: ts.FunctionLikeDeclaration, edits: Edit[]): void {
    const { ts, owners } = this.analysis;
    const owner = owners.get(node);
    const { body } = node;
    if (owner === undefined || body === undefined) return;
    const fields = [...owner.fields].map(([symbol, field]) => {
      const declaration = symbol.valueDeclaration as ts.Declaration;
      const isThere = ts.isFunctionDeclaration(declaration) || functionOfParameter(ts, declaration) === node;
      return `${field}: ${isThere ? symbol.name : "undefined"}`;
    });
    const made = `const ${owner.variable} = { ${fields.join(", ")} };`;
    if (ts.isBlock(body)) {
      const start = body.getStart(this.analysis.source) + 1;
      edits.push({ start, end: start, text: ` ${made}` });
      return;
    }
    const start = body.getStart(this.analysis.source);
    edits.push({ start, end: start, text: `{ ${made} return ` }, { start: body.end, end: body.end, text: "; }" });
  }
}

/** The function that a variable is a parameter of, or stands in a pattern of one. */
export function functionOfParameter(typescript: typeof ts, declaration: ts.Node): ts.Node | undefined {
  for (let at = declaration; ; at = at.parent) {
    if (typescript.isParameter(at)) return at.parent;
    if (!typescript.isBindingElement(at) && !typescript.isBindingName(at)) return undefined;
  }
}
