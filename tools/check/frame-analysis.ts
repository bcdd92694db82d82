/**
 * What becomes of the variables of a model whose coroutines are made into frames: which of them are fields, and of
 * which object. Names are resolved by TypeScript's own checker, the text being plain JavaScript.
 */
import type ts from "typescript";
import { ModelError } from "./load-model.ts";

export type TypeScript = typeof ts;

/** A function whose variables are fields: of its frame when it is a generator, of an object of their own otherwise. */
export interface Owner {
  readonly node: ts.FunctionLikeDeclaration;
  /** What the object is called in the code of the function and of those within it: `$1`. */
  readonly variable: string;
  /** Its fields in order, by the variables they were. */
  readonly fields: Map<ts.Symbol, string>;
}

export interface Analysis {
  readonly ts: TypeScript;
  readonly source: ts.SourceFile;
  /** Nodes with a yield in them that belongs to the same function. */
  readonly yielding: ReadonlySet<ts.Node>;
  readonly owners: ReadonlyMap<ts.Node, Owner>;
  /** Variables that nothing stores after they are declared. */
  readonly isConstant: (symbol: ts.Symbol) => boolean;
  /** Names that occur in the text; new ones must differ. */
  readonly names: Set<string>;
  /** The variable that an identifier means; undefined for names of members and for what is declared nowhere. */
  readonly symbolOf: (identifier: ts.Identifier) => ts.Symbol | undefined;
  /** Whether an identifier is a variable that is declared nowhere. */
  readonly isFree: (identifier: ts.Identifier) => boolean;
  /** The owner of a variable that has become a field. */
  readonly ownerOf: (symbol: ts.Symbol) => Owner | undefined;
}

/** Fields of Frame, which locals must not be called. */
const FRAME_MEMBERS = ["label", "caller", "sent", "frameName", "step", "constructor"];

export function functionAround(typescript: TypeScript, node: ts.Node): ts.FunctionLikeDeclaration | undefined {
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (typescript.isFunctionLike(at)) return at as ts.FunctionLikeDeclaration;
  }
  return undefined;
}

export function isGenerator(node: ts.Node): boolean {
  return (node as Partial<ts.FunctionLikeDeclaration>).asteriskToken !== undefined && "body" in node;
}

function parse(typescript: TypeScript, javascript: string): [ts.SourceFile, ts.TypeChecker] {
  const path = "/model.js";
  const source = typescript.createSourceFile(path, javascript, typescript.ScriptTarget.ES2022, true);
  const host: ts.CompilerHost = {
    getSourceFile: (name) => (name === path ? source : undefined),
    getDefaultLibFileName: () => "/lib.d.ts",
    writeFile: () => {},
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    fileExists: (name) => name === path,
    readFile: () => undefined,
  };
  const options = { allowJs: true, noLib: true, noResolve: true, types: [], target: typescript.ScriptTarget.ES2022 };
  return [source, typescript.createProgram({ rootNames: [path], options, host }).getTypeChecker()];
}

/** Collects facts about all identifiers and yields in one walk. */
class Collector {
  readonly yielding = new Set<ts.Node>();
  readonly names = new Set<string>();
  readonly stored = new Set<ts.Symbol>();
  /** Where each variable is mentioned. */
  readonly mentions = new Map<ts.Symbol, ts.Identifier[]>();

  constructor(
    private readonly ts: TypeScript,
    private readonly checker: ts.TypeChecker,
  ) {}

  visit(node: ts.Node): void {
    const { ts } = this;
    if (ts.isYieldExpression(node)) this.markYield(node);
    if (ts.isIdentifier(node)) {
      this.names.add(node.text);
      const symbol = this.symbolOf(node);
      if (symbol !== undefined) this.mention(node, symbol);
    }
    ts.forEachChild(node, (child) => this.visit(child));
  }

  symbolOf(node: ts.Identifier): ts.Symbol | undefined {
    const { ts, checker } = this;
    const { parent } = node;
    if (!isVariableName(ts, node)) return undefined;
    if (ts.isShorthandPropertyAssignment(parent) && parent.name === node) {
      return checker.getShorthandAssignmentValueSymbol(parent);
    }
    return checker.getSymbolAtLocation(node);
  }

  /** Whether it has no declaration. */
  isFree(node: ts.Identifier): boolean {
    return this.symbolOf(node)?.valueDeclaration === undefined;
  }

  private markYield(node: ts.Node): void {
    for (let at: ts.Node = node; !this.ts.isFunctionLike(at) && !this.yielding.has(at); at = at.parent) {
      this.yielding.add(at);
    }
  }

  private mention(node: ts.Identifier, symbol: ts.Symbol): void {
    const known = this.mentions.get(symbol);
    if (known === undefined) this.mentions.set(symbol, [node]);
    else known.push(node);
    if (isStore(this.ts, node)) this.stored.add(symbol);
  }
}

/** Whether an identifier is not just the name of a member. */
function isVariableName(typescript: TypeScript, node: ts.Identifier): boolean {
  const { parent } = node;
  if (typescript.isPropertyAccessExpression(parent) || typescript.isPropertyAssignment(parent)) {
    return parent.name !== node;
  }
  return !(typescript.isBindingElement(parent) && parent.propertyName === node);
}

/** Whether an identifier that is no declaration may be stored to; destructuring counts wherever it might be. */
function isStore(typescript: TypeScript, node: ts.Identifier): boolean {
  let at: ts.Node = node;
  let { parent } = node;
  while (typescript.isParenthesizedExpression(parent)) [at, parent] = [parent, parent.parent];
  if (typescript.isPrefixUnaryExpression(parent) || typescript.isPostfixUnaryExpression(parent)) {
    const { PlusPlusToken, MinusMinusToken } = typescript.SyntaxKind;
    return parent.operator === PlusPlusToken || parent.operator === MinusMinusToken;
  }
  if (typescript.isBinaryExpression(parent)) {
    const { FirstAssignment, LastAssignment } = typescript.SyntaxKind;
    const { kind } = parent.operatorToken;
    if (parent.left === at && kind >= FirstAssignment && kind <= LastAssignment) return true;
    return isInPattern(typescript, parent);
  }
  if (typescript.isForInStatement(parent) || typescript.isForOfStatement(parent)) return parent.initializer === at;
  return isInPattern(typescript, at);
}

/** Within `[…]` or `{…}` on the left of an assignment or of a loop over values. */
function isInPattern(typescript: TypeScript, node: ts.Node): boolean {
  const { isArrayLiteralExpression, isObjectLiteralExpression, isPropertyAssignment } = typescript;
  let at = node;
  for (let { parent } = at; ; at = parent, { parent } = at) {
    const goesOn =
      isArrayLiteralExpression(parent) ||
      isObjectLiteralExpression(parent) ||
      isPropertyAssignment(parent) ||
      typescript.isShorthandPropertyAssignment(parent) ||
      typescript.isSpreadElement(parent) ||
      typescript.isSpreadAssignment(parent);
    if (goesOn) continue;
    if (typescript.isBinaryExpression(parent) && parent.left === at) {
      return parent.operatorToken.kind === typescript.SyntaxKind.EqualsToken;
    }
    return (typescript.isForInStatement(parent) || typescript.isForOfStatement(parent)) && parent.initializer === at;
  }
}

/** The block, loop or function that a variable belongs to. */
function containerOf(typescript: TypeScript, declaration: ts.Node): ts.Node {
  const isVar =
    typescript.isVariableDeclaration(declaration) &&
    (typescript.getCombinedNodeFlags(declaration) & typescript.NodeFlags.BlockScoped) === 0;
  for (let at = declaration.parent; ; at = at.parent) {
    if (typescript.isFunctionLike(at) || typescript.isSourceFile(at)) return at;
    if (isVar && !typescript.isCatchClause(at)) continue;
    if (typescript.isBlock(at) && typescript.isFunctionLike(at.parent)) return at.parent;
    const holds =
      typescript.isBlock(at) ||
      typescript.isCaseBlock(at) ||
      typescript.isCatchClause(at) ||
      typescript.isForStatement(at) ||
      typescript.isForInStatement(at) ||
      typescript.isForOfStatement(at);
    if (holds) return at;
  }
}

/** Decides which variables are fields, and gives them to their owners. */
class Assigner {
  readonly owners = new Map<ts.Node, Owner>();
  readonly owned = new Map<ts.Symbol, Owner>();

  constructor(
    private readonly ts: TypeScript,
    private readonly collected: Collector,
  ) {}

  /** Every generator owns its frame, with variables or without. */
  ownersOfGenerators(node: ts.Node): void {
    if (isGenerator(node)) this.ownerFor(node as ts.FunctionLikeDeclaration);
    this.ts.forEachChild(node, (child) => this.ownersOfGenerators(child));
  }

  decide(symbol: ts.Symbol, mentions: readonly ts.Identifier[]): void {
    const { ts } = this;
    const declaration = symbol.valueDeclaration;
    if (declaration === undefined || this.owned.has(symbol) || !this.isVariable(declaration)) return;
    const home = functionAround(ts, declaration);
    if (home === undefined) return;
    const container = containerOf(ts, declaration);
    const visitors = mentions.filter((one) => functionAround(ts, one) !== home);
    const isCaptured = visitors.some((one) => this.crossesGenerator(one, home));
    const isOfFrame = isGenerator(home) && (container === home || this.collected.yielding.has(container));
    if (!isOfFrame && !(isCaptured && (isGenerator(home) || functionAround(ts, home) !== undefined))) return;
    if (visitors.length > 0) this.checkLoop(symbol, container, home);
    this.give(symbol, this.ownerFor(home));
    for (const other of this.sameList(declaration)) this.give(other, this.ownerFor(home));
  }

  private isVariable(declaration: ts.Declaration): boolean {
    const { ts } = this;
    if (ts.isFunctionExpression(declaration) || ts.isClassExpression(declaration)) return false;
    return (
      ts.isVariableDeclaration(declaration) ||
      ts.isParameter(declaration) ||
      ts.isBindingElement(declaration) ||
      ts.isFunctionDeclaration(declaration) ||
      ts.isClassDeclaration(declaration)
    );
  }

  /** Variables of one `let a, b;` become fields together. */
  private sameList(declaration: ts.Declaration): readonly ts.Symbol[] {
    const { ts } = this;
    const list = ts.findAncestor(declaration, ts.isVariableDeclarationList);
    if (list === undefined || functionAround(ts, list) !== functionAround(ts, declaration)) return [];
    const found: ts.Symbol[] = [];
    const visit = (name: ts.BindingName): void => {
      if (ts.isIdentifier(name)) {
        const symbol = this.collected.symbolOf(name);
        if (symbol !== undefined) found.push(symbol);
      } else for (const element of name.elements) if (ts.isBindingElement(element)) visit(element.name);
    };
    for (const one of list.declarations) visit(one.name);
    return found;
  }

  private give(symbol: ts.Symbol, owner: Owner): void {
    if (this.owned.has(symbol)) return;
    this.owned.set(symbol, owner);
    const taken = new Set([...FRAME_MEMBERS, ...owner.fields.values()]);
    let name = symbol.name;
    for (let i = 2; taken.has(name); i++) name = `${symbol.name}_${i}`;
    owner.fields.set(symbol, name);
  }

  private ownerFor(node: ts.FunctionLikeDeclaration): Owner {
    const known = this.owners.get(node);
    if (known !== undefined) return known;
    let depth = 0;
    for (let at: ts.Node | undefined = node; at !== undefined; at = functionAround(this.ts, at)) depth++;
    const owner = { node, variable: `$${depth}`, fields: new Map<ts.Symbol, string>() };
    this.owners.set(node, owner);
    return owner;
  }

  private crossesGenerator(mention: ts.Node, home: ts.Node): boolean {
    for (let at = functionAround(this.ts, mention); at !== undefined && at !== home; at = functionAround(this.ts, at)) {
      if (isGenerator(at)) return true;
    }
    return false;
  }

  /** A field is one variable; in JavaScript every round of a loop has its own. */
  private checkLoop(symbol: ts.Symbol, container: ts.Node, home: ts.FunctionLikeDeclaration): void {
    if (container === home) return;
    for (let at = container; at !== home; at = at.parent) {
      if (!this.ts.isIterationStatement(at, false)) continue;
      const name = nameOfFunction(this.ts, home);
      throw new ModelError(`${name} hands ${symbol.name} to a function; every round of its loop has a new one`);
    }
  }
}

/** What reports call a function. */
export function nameOfFunction(typescript: TypeScript, node: ts.Node): string {
  const { name } = node as { name?: ts.Node };
  if (name !== undefined && typescript.isIdentifier(name)) return name.text;
  const { parent } = node;
  if (parent !== undefined && typescript.isVariableDeclaration(parent) && typescript.isIdentifier(parent.name)) {
    return parent.name.text;
  }
  const around = parent === undefined ? undefined : functionAround(typescript, node);
  return around === undefined ? "anonymous" : `${nameOfFunction(typescript, around)}_body`;
}

/**
 * Looks at a model's text.
 *
 * @throws ModelError when a variable cannot be a field
 */
export function analyse(typescript: TypeScript, javascript: string): Analysis {
  const [source, checker] = parse(typescript, javascript);
  const collected = new Collector(typescript, checker);
  collected.visit(source);
  const assigner = new Assigner(typescript, collected);
  assigner.ownersOfGenerators(source);
  for (const [symbol, mentions] of collected.mentions) assigner.decide(symbol, mentions);
  return {
    ts: typescript,
    source,
    yielding: collected.yielding,
    owners: assigner.owners,
    names: collected.names,
    isConstant: (symbol) => !collected.stored.has(symbol),
    symbolOf: (identifier) => collected.symbolOf(identifier),
    isFree: (identifier) => isVariableName(typescript, identifier) && collected.isFree(identifier),
    ownerOf: (symbol) => assigner.owned.get(symbol),
  };
}
