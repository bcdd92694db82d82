/**
 * A generated model with one fault in it, many times over: what a comparison with the kernel's own code must notice.
 * A fault is what a translator gets wrong (an operator, a width, a jump) or leaves out, and stands where C was
 * translated; what the template says of itself is no translation and is left alone.
 *
 * Places that no comparison can notice by their form alone are left out: the zeros that locals are declared with, which
 * stand for C's indeterminate values; jumps to where control goes anyway; returns with nothing behind them.
 */
import ts from "typescript";
import { below, seededGenerator } from "../../tools/simulator/random.ts";

export const KINDS = ["operator", "constant", "branch", "statement", "width"] as const;
export type MutantKind = (typeof KINDS)[number];

export interface Mutant {
  /** Kind, line, column, and what is done there: the same for the same text. */
  readonly id: string;
  readonly kind: MutantKind;
  /** Line of the model's text, from 1. */
  readonly line: number;
  /** The function; `createModel` for initial values, the struct's name for the fields of a packed one. */
  readonly functionName: string;
  readonly before: string;
  /** Empty where something is dropped. */
  readonly after: string;
  /** The whole model, made when it is asked for: thousands of them would not fit into memory. */
  readonly text: string;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What a mutant changes: one place, and what has to go with it so that the text still means one change. */
interface Change {
  readonly kind: MutantKind;
  /** The offset that it is named by. */
  readonly at: number;
  /** Tells changes of one kind at one offset apart. */
  readonly rule: string;
  readonly functionName: string;
  readonly place: Edit;
  readonly others: readonly Edit[];
}

type Others = Readonly<Record<string, readonly string[]>>;

const OTHER_OPERATORS: Others = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<=", ">"],
  "<=": ["<"],
  ">": [">="],
  ">=": [">"],
  "+": ["-"],
  "-": ["+"],
  "&&": ["||"],
  "||": ["&&"],
  "&": ["|"],
  "|": ["&"],
  "^": ["&"],
};
/** How tightly those bind whose mutants bind otherwise. */
const BINDS: Readonly<Record<string, number>> = { "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, ">>>": 6 };

/** Functions of the simulator that stand for a C operator. eq64 has no opposite: it gets a `!`. */
const OTHER_FUNCTIONS: Others = {
  add64: ["sub64"],
  sub64: ["add64"],
  mul64: ["add64"],
  divS64: ["mul64"],
  divU64: ["mul64"],
  modS64: ["divS64"],
  modU64: ["divU64"],
  neg64: ["not64"],
  not64: ["neg64"],
  and64: ["or64"],
  or64: ["and64"],
  xor64: ["and64"],
  shl64: ["shrU64"],
  shrS64: ["shl64"],
  shrU64: ["shl64"],
  ltS64: ["leS64", "ltU64"],
  ltU64: ["leU64", "ltS64"],
  leS64: ["ltS64", "leU64"],
  leU64: ["ltU64", "leS64"],
  mulS32: ["divS32"],
  mulU32: ["divU32"],
  divS32: ["mulS32"],
  divU32: ["mulU32"],
  modS32: ["divS32"],
  modU32: ["divU32"],
  shlS32: ["shrS32"],
  shlU32: ["shrU32"],
  shrS32: ["shlS32"],
  shrU32: ["shlU32"],
  time_after: ["time_before", "time_after_eq"],
  time_before: ["time_after", "time_before_eq"],
  time_after_eq: ["time_before_eq", "time_after"],
  time_before_eq: ["time_after_eq", "time_before"],
  time_in_range: ["time_in_range_open"],
  time_in_range_open: ["time_in_range"],
};

/** Functions that there are for both signs, and that are no conversions or comparisons. */
const SIGNED = /^(mul|div|mod|shr)([SU])(32|64)$/;
/** Conversions with another sign, or to a narrower type. toS64 and toU64 are alike: neither is the other's mutant. */
const OTHER_WIDTHS: Others = {
  toS8: ["toU8"],
  toU8: ["toS8"],
  toS16: ["toU16", "toS8"],
  toU16: ["toS16", "toU8"],
  toS32: ["toU32", "toS16"],
  toU32: ["toS32", "toU16"],
  toS64: ["toS32"],
  toU64: ["toU32"],
};

/** Bytes that integers in memory have. */
const CELL_WIDTHS = [1, 2, 4, 8];
const WIRE_WIDTHS = [1, 2, 4];

/** The function of the template that stands in for members of tables which the model does not have. */
const NOT_TRANSLATED = "missing";

/** The module of the simulator that has a name of the tables above. */
function moduleOf(name: string): string {
  if (name.startsWith("Wire")) return "pointers";
  return name.endsWith("32") && !name.startsWith("to") ? "integers32" : "integers";
}

/** Where names come from, and how one more is brought in. Nothing of it makes a new line. */
class Names {
  private readonly imports: readonly ts.ImportDeclaration[];
  private readonly known = new Set<string>();
  private comparisons: ts.ObjectBindingPattern | null = null;

  constructor(source: ts.SourceFile, model: ts.Block) {
    this.imports = source.statements.filter(ts.isImportDeclaration);
    for (const one of this.imports) for (const { name } of importedBy(one)) this.known.add(name.text);
    for (const { name, initializer } of declarationsIn(model.statements)) {
      if (!ts.isObjectBindingPattern(name) || calledName(initializer) !== "jiffiesComparisons") continue;
      this.comparisons = name;
      for (const element of name.elements) this.known.add(element.name.getText());
    }
  }

  /** The edits after which a name of the simulator can be used; null when there is no place for them. */
  bring(name: string): readonly Edit[] | null {
    if (this.known.has(name)) return [];
    if (name.startsWith("time_")) return behind(this.comparisons?.elements.at(-1), `, ${name}`);
    const pathOf = (one: ts.ImportDeclaration): string => (one.moduleSpecifier as ts.StringLiteral).text;
    const module = moduleOf(name);
    const there = this.imports.find((one) => pathOf(one).endsWith(`/${module}.ts`));
    if (there !== undefined) return behind(importedBy(there).at(-1), `, ${name}`);
    const [first] = this.imports;
    if (first === undefined) return null;
    const path = pathOf(first).replace(/[^/]+$/, `${module}.ts`);
    return [insert(first.getStart(), `import { ${name} } from "${path}"; `)];
  }
}

function importedBy(one: ts.ImportDeclaration): readonly ts.ImportSpecifier[] {
  const names = one.importClause?.namedBindings;
  return names !== undefined && ts.isNamedImports(names) ? names.elements : [];
}

function declarationsIn(statements: readonly ts.Statement[]): readonly ts.VariableDeclaration[] {
  return statements.filter(ts.isVariableStatement).flatMap((one) => one.declarationList.declarations);
}

function calledName(node: ts.Node | undefined): string | null {
  return node !== undefined && ts.isCallExpression(node) && ts.isIdentifier(node.expression)
    ? node.expression.text
    : null;
}

function insert(at: number, text: string): Edit {
  return { start: at, end: at, text };
}

function replace(node: ts.Node, text: string): Edit {
  return { start: node.getStart(), end: node.end, text };
}

function behind(node: ts.Node | undefined, text: string): readonly Edit[] | null {
  return node === undefined ? null : [insert(node.end, text)];
}

function inParentheses(node: ts.Node): readonly Edit[] {
  return [insert(node.getStart(), "("), insert(node.end, ")")];
}

function withoutParentheses(node: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(node) ? withoutParentheses(node.expression) : node;
}

function isOperand(node: ts.Node): boolean {
  const { parent } = node;
  return ts.isBinaryExpression(parent) && parent.operatorToken.kind !== ts.SyntaxKind.EqualsToken;
}

/** The parentheses without which another operator would take other operands. */
function parenthesesFor(node: ts.BinaryExpression, operator: string): readonly Edit[] {
  if (BINDS[node.operatorToken.getText()] === BINDS[operator]) return [];
  return [
    ...(isOperand(node) ? inParentheses(node) : []),
    ...[node.left, node.right].filter(ts.isBinaryExpression).flatMap(inParentheses),
  ];
}

/** Integers as constantValue() of the translator writes them. */
function integerText(value: bigint): string {
  return Number.isSafeInteger(Number(value)) ? `${value}` : `${value}n`;
}

function integerOf(node: ts.Node): bigint | null {
  if (ts.isNumericLiteral(node)) return BigInt(node.text);
  if (ts.isBigIntLiteral(node)) return BigInt(node.text.slice(0, -1));
  if (!ts.isPrefixUnaryExpression(node) || node.operator !== ts.SyntaxKind.MinusToken) return null;
  const value = integerOf(node.operand);
  return value === null ? null : -value;
}

function isBoolean(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword;
}

function isLoop(node: ts.Node): node is ts.IterationStatement {
  return ts.isIterationStatement(node, false);
}

function isCondition(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isConditionalExpression(parent) || ts.isForStatement(parent)) return parent.condition === node;
  return ts.isIfStatement(parent) || isLoop(parent);
}

/** `x | 0` and `x >>> 0`: C's conversions to int and to unsigned int. */
function isConversion(node: ts.BinaryExpression): boolean {
  const operator = node.operatorToken.kind;
  return (
    (operator === ts.SyntaxKind.BarToken || operator === ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken) &&
    node.right.getText() === "0"
  );
}

/** Statements that bound the model's own loops, or only keep the compiler quiet. */
function isNotTranslated(node: ts.ExpressionStatement): boolean {
  const { expression } = node;
  return ts.isVoidExpression(expression) || /^kernel\.goRound\(/.test(expression.getText());
}

/** The place of a statement among its siblings; null where it has none. */
function isLast(node: ts.Node): boolean | null {
  const { parent } = node;
  if (ts.isBlock(parent) || ts.isCaseOrDefaultClause(parent)) return parent.statements.at(-1) === node;
  return ts.isCaseBlock(parent) ? parent.clauses.at(-1) === node : null;
}

/** Whether anything else of the function runs when this statement does not leave it. */
function hasCodeBehind(statement: ts.Node): boolean {
  for (let node = statement; !ts.isFunctionLike(node.parent); node = node.parent) {
    if (isLast(node) === false || isLoop(node.parent)) return true;
  }
  return false;
}

/** Whether control gets to the same place without the jump. */
function isPointless(jump: ts.BreakOrContinueStatement): boolean {
  const label = jump.label?.text;
  for (let node: ts.Node = jump; ; node = node.parent) {
    const { parent } = node;
    if (ts.isFunctionLike(parent) || isLast(node) === false) return false;
    if (ts.isSwitchStatement(parent) && ts.isBreakStatement(jump) && label === undefined) return true;
    if (ts.isLabeledStatement(parent) && parent.label.text === label) return true;
    if (!isLoop(parent)) continue;
    const outer = ts.isLabeledStatement(parent.parent) ? parent.parent.label.text : undefined;
    return ts.isContinueStatement(jump) && (label === undefined || label === outer);
  }
}

/** Walks over what was translated, and keeps every change of it. */
class Finder {
  readonly changes: Change[] = [];
  private functionName = "";
  private readonly names: Names;

  constructor(
    private readonly text: string,
    private readonly source: ts.SourceFile,
  ) {
    const create = source.statements.find(
      (one): one is ts.FunctionDeclaration => ts.isFunctionDeclaration(one) && one.name?.text === "createModel",
    );
    if (create?.body === undefined) throw new Error("the model has no createModel()");
    this.names = new Names(source, create.body);
    this.wires();
    this.model(create.body);
  }

  private wires(): void {
    for (const { name, initializer } of declarationsIn(this.source.statements)) {
      if (initializer === undefined || !ts.isObjectLiteralExpression(initializer)) continue;
      this.functionName = name.getText();
      for (const one of initializer.properties) {
        if (ts.isPropertyAssignment(one) && ts.isNewExpression(one.initializer)) this.wire(one.initializer);
      }
    }
  }

  private model(body: ts.Block): void {
    for (const statement of body.statements) {
      const isFunction = ts.isFunctionDeclaration(statement);
      this.functionName = isFunction ? (statement.name?.text ?? "") : "createModel";
      if (isFunction && this.functionName !== NOT_TRANSLATED && statement.body !== undefined) {
        this.visit(statement.body);
      } else if (ts.isExpressionStatement(statement) || ts.isBlock(statement)) this.visit(statement);
    }
  }

  private add(kind: MutantKind, at: number, rule: string, place: Edit, others: readonly Edit[] | null = []): void {
    if (others === null) return;
    this.changes.push({ kind, at, rule, functionName: this.functionName, place, others });
  }

  /** A place that becomes another text. */
  private change(kind: MutantKind, node: ts.Node, text: string, others: readonly Edit[] | null = []): void {
    this.add(kind, node.getStart(), text, replace(node, text), others);
  }

  /** `;` is a statement wherever one has to be. */
  private drop(kind: MutantKind, node: ts.Statement): void {
    this.add(kind, node.getStart(), "dropped", replace(node, ";"));
  }

  private visit(node: ts.Node): void {
    if (ts.isTypeNode(node) || ts.isVariableStatement(node)) return;
    if (ts.isExpressionStatement(node)) {
      if (isNotTranslated(node)) return;
      this.drop("statement", node);
    }
    if (ts.isReturnStatement(node) && hasCodeBehind(node)) this.drop("statement", node);
    if (ts.isBreakOrContinueStatement(node) && !isPointless(node)) this.drop("branch", node);
    this.condition(node);
    if (ts.isCaseClause(node)) {
      this.integers("branch", node.expression);
      for (const one of node.statements) this.visit(one);
    } else if (ts.isBinaryExpression(node)) this.binary(node);
    else if (ts.isPrefixUnaryExpression(node)) this.prefix(node);
    else if (ts.isCallExpression(node)) this.call(node);
    else if (ts.isNewExpression(node)) this.construction(node);
    else if (integerOf(node) !== null) this.integers("constant", node);
    else if (isBoolean(node)) this.boolean("constant", node);
    else this.inside(node);
  }

  private inside(node: ts.Node): void {
    ts.forEachChild(node, (child) => this.visit(child));
  }

  /** A loop's condition is not made true: what blocks in it would go on for ever, and nothing be learnt of it. */
  private condition(node: ts.Node): void {
    if (ts.isConditionalExpression(node)) {
      const at = node.questionToken.getStart();
      for (const text of ["true", "false"]) this.add("branch", at, text, replace(node.condition, text));
    }
    if (ts.isIfStatement(node)) for (const text of ["true", "false"]) this.change("branch", node.expression, text);
    if (ts.isWhileStatement(node) || ts.isDoStatement(node)) this.change("branch", node.expression, "false");
    if (ts.isForStatement(node) && node.condition !== undefined) this.change("branch", node.condition, "false");
  }

  private integers(kind: MutantKind, node: ts.Node): void {
    const value = integerOf(node);
    if (value === null) return;
    this.change(kind, node, integerText(value + 1n));
    if (value !== 0n) this.change(kind, node, "0");
    if (value < 0n) this.add("operator", node.getStart(), "dropped", replace(node, node.getText().slice(1)));
  }

  /** What is a condition has been changed as one, or must not be: see condition(). */
  private boolean(kind: MutantKind, node: ts.Node): void {
    if (!isCondition(node)) this.change(kind, node, node.kind === ts.SyntaxKind.TrueKeyword ? "false" : "true");
  }

  private binary(node: ts.BinaryExpression): void {
    if (isConversion(node)) {
      this.conversion(node);
      return;
    }
    const { operatorToken } = node;
    for (const other of OTHER_OPERATORS[operatorToken.getText()] ?? []) {
      this.change("operator", operatorToken, other, parenthesesFor(node, other));
    }
    this.inside(node);
  }

  /** Of two conversions of one value only the outer one can be noticed, and only where it is missing. */
  private conversion(node: ts.BinaryExpression): void {
    const { left, operatorToken, end } = node;
    const at = operatorToken.getStart();
    const inner = withoutParentheses(left);
    const isDouble = ts.isBinaryExpression(inner) && isConversion(inner);
    const other = operatorToken.kind === ts.SyntaxKind.BarToken ? ">>>" : "|";
    if (!isDouble) this.add("width", at, other, { start: at, end, text: `${other} 0` }, parenthesesFor(node, other));
    const others = ts.isBinaryExpression(left) && isOperand(node) ? inParentheses(left) : [];
    this.add("width", at, "dropped", { start: left.end, end, text: "" }, others);
    this.visit(isDouble ? inner.left : left);
  }

  private prefix(node: ts.PrefixUnaryExpression): void {
    if (integerOf(node) !== null) {
      this.integers("constant", node);
      return;
    }
    const isSign = [ts.SyntaxKind.ExclamationToken, ts.SyntaxKind.MinusToken, ts.SyntaxKind.TildeToken].includes(
      node.operator,
    );
    if (isSign) this.add("operator", node.getStart(), "dropped", replace(node, node.operand.getText()));
    this.inside(node);
  }

  private call(node: ts.CallExpression): void {
    const { expression, arguments: given } = node;
    const name = calledName(node);
    if (name !== null) this.functions(expression, name);
    if (name === "eq64" && !ts.isPrefixUnaryExpression(node.parent)) {
      this.add("operator", node.getStart(), "negated", replace(node, `!${node.getText()}`));
    }
    const isView = ts.isPropertyAccessExpression(expression) && expression.name.text === "as";
    if (name !== "cellsAt" && !isView) {
      this.inside(node);
      return;
    }
    const [width, signed] = given.slice(-2);
    if (width !== undefined && signed !== undefined) this.cells(CELL_WIDTHS, width, signed);
    this.visit(expression);
    for (const one of given.slice(0, -2)) this.visit(one);
  }

  private functions(node: ts.Node, name: string): void {
    for (const other of own(OTHER_FUNCTIONS, name)) this.change("operator", node, other, this.names.bring(other));
    const otherSign = name.replace(SIGNED, (_, what, sign, bits) => `${what}${sign === "S" ? "U" : "S"}${bits}`);
    const widths = otherSign === name ? own(OTHER_WIDTHS, name) : [otherSign];
    for (const other of widths) this.change("width", node, other, this.names.bring(other));
  }

  /** Integers in memory, seen as the next narrower and the next wider ones, and with the other sign. */
  private cells(widths: readonly number[], width: ts.Node, signed: ts.Node): void {
    const at = widths.indexOf(Number(width.getText()));
    for (const other of [widths[at - 1], widths[at + 1]]) {
      if (at >= 0 && other !== undefined) this.change("width", width, `${other}`);
    }
    if (isBoolean(signed)) this.boolean("width", signed);
  }

  private construction(node: ts.NewExpression): void {
    const [, read, write] = node.arguments ?? [];
    if (node.expression.getText() === "OtherSign" && read !== undefined && write !== undefined) {
      const text = `${write.getText()}, ${read.getText()}`;
      this.add("width", read.getStart(), "swapped", { start: read.getStart(), end: write.end, text });
    }
    this.inside(node);
  }

  /** A member of 8 bytes loads as a residue, which has no sign: only its width can be wrong. */
  private wire(node: ts.NewExpression): void {
    const [offset, width, signed] = node.arguments ?? [];
    const name = node.expression.getText();
    if (name === "WireField" && width !== undefined && signed !== undefined) this.cells(WIRE_WIDTHS, width, signed);
    if (name !== "WireField64" || offset === undefined) return;
    const text = `new WireField(${offset.getText()}, 4, false)`;
    this.add("width", node.getStart(), "4", replace(node, text), this.names.bring("WireField"));
  }

  /** Changes as mutants; of changes that come to the same text the first one is kept. */
  mutants(): readonly Mutant[] {
    const order = (one: Change): number => KINDS.indexOf(one.kind);
    const sorted = [...this.changes].sort((a, b) => a.at - b.at || order(a) - order(b));
    const seen = new Set<string>([differenceOf(this.text, [])]);
    return sorted.flatMap((one) => {
      const edits = [one.place, ...one.others].sort((a, b) => a.start - b.start);
      const difference = differenceOf(this.text, edits);
      if (seen.has(difference)) return [];
      seen.add(difference);
      const { line, character } = this.source.getLineAndCharacterOfPosition(one.at);
      return [new TextMutant(this.text, edits, one, line + 1, character + 1)];
    });
  }
}

/** Words such as `constructor` are no entries of a table. */
function own(table: Others, name: string): readonly string[] {
  return Object.hasOwn(table, name) ? (table[name] ?? []) : [];
}

function edited(text: string, edits: readonly Edit[]): string {
  let at = 0;
  let result = "";
  for (const edit of edits) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/** What is different from the text, the same for two edits exactly when they come to the same text. */
function differenceOf(text: string, edits: readonly Edit[]): string {
  const mutated = edited(text, edits);
  const shorter = Math.min(text.length, mutated.length);
  let from = edits[0]?.start ?? shorter;
  while (from < shorter && text.charCodeAt(from) === mutated.charCodeAt(from)) from++;
  let tail = Math.min(text.length - (edits.at(-1)?.end ?? text.length), shorter - from);
  const isSame = (i: number): boolean =>
    text.charCodeAt(text.length - 1 - i) === mutated.charCodeAt(mutated.length - 1 - i);
  while (tail < shorter - from && isSame(tail)) tail++;
  return from === text.length ? "" : `${from} ${tail} ${mutated.slice(from, mutated.length - tail)}`;
}

class TextMutant implements Mutant {
  readonly id: string;
  readonly kind: MutantKind;
  readonly functionName: string;
  readonly before: string;
  readonly after: string;

  constructor(
    private readonly model: string,
    private readonly edits: readonly Edit[],
    change: Change,
    readonly line: number,
    column: number,
  ) {
    const { kind, functionName, rule, place } = change;
    this.id = `${kind}:${line}:${column}:${rule}`;
    this.kind = kind;
    this.functionName = functionName;
    this.before = model.slice(place.start, place.end).trim();
    this.after = place.text === ";" ? "" : place.text;
  }

  get text(): string {
    return edited(this.model, this.edits);
  }
}

/** All mutants of a generated model, by place and then by kind. */
export function mutantsOf(modelText: string): readonly Mutant[] {
  const source = ts.createSourceFile("model.ts", modelText, ts.ScriptTarget.ES2022, true);
  return new Finder(modelText, source).mutants();
}

function grouped<T>(all: readonly T[], key: (one: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(key(one));
    if (group === undefined) groups.set(key(one), [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

/** The first of each list, then the second of each, and so on. */
function interleaved<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const longest = Math.max(0, ...lists.map((one) => one.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((one) => one.slice(i, i + 1))).flat();
}

/**
 * Some of the mutants, the same for the same seed: as many of each kind as there are, of each kind as many in each
 * function, so that large functions and common kinds do not take all places.
 *
 * @returns in the order of the mutants
 */
export function pick(mutants: readonly Mutant[], count: number, seed: number): readonly Mutant[] {
  const random = seededGenerator(seed);
  const shuffled = <T>(all: readonly T[]): readonly T[] => {
    const result = [...all];
    for (let i = result.length - 1; i > 0; i--) {
      const j = below(random, i + 1);
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  };
  const kinds = grouped(mutants, (one) => one.kind).map((ofKind) => {
    const functions = grouped(ofKind, (one) => one.functionName);
    return interleaved(shuffled(functions.map(shuffled)));
  });
  const picked = new Set(interleaved(kinds).slice(0, count));
  return mutants.filter((one) => picked.has(one));
}
