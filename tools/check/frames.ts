/**
 * A model's coroutines made into frames: every generator becomes a function that returns a Frame (simulator/frame.ts),
 * an object whose fields are its position, its parameters, its locals, and what it keeps while an expression is
 * interrupted. A generator would hide all of that; the state of a frame can be hashed, saved and put back.
 *
 * There is one class for each generator. It stands at the beginning of the outermost function (a model's createModel())
 * and so is made once per model; variables of functions in between come to it as an object in a field.
 */
import { createRequire } from "node:module";
import type ts from "typescript";
import {
  type Analysis,
  analyse,
  functionAround,
  isGenerator,
  nameOfFunction,
  type Owner,
  type TypeScript,
} from "./frame-analysis.ts";
import { StepWriter } from "./frame-expressions.ts";
import { StatementSteps } from "./frame-statements.ts";
import { FrameText, functionOfParameter } from "./frame-text.ts";
import { ModelError } from "./load-model.ts";

const HEADER =
  "const { Frame: $Frame, SUSPENDED: $SUSPENDED, RETURNED: $RETURNED } = " +
  'require("../../tools/simulator/frame.ts");\n';

/**
 * Makes frames of all generators of a model.
 *
 * @param javascript from compileModel()
 * @returns JavaScript for instantiateModel(), whose blocking functions return frames
 * @throws ModelError when a generator has what frames cannot do, with its name: a yield within try, for-in, for-of or
 * an optional call, a yield in a case, `this`, `arguments`, a variable of a loop that a function captures
 */
export function framesOf(javascript: string): string {
  // TypeScript takes a tenth of a second to load; what needs no frames must not load it.
  const typescript = createRequire(import.meta.url)("typescript") as TypeScript;
  return new FrameModule(analyse(typescript, javascript)).text();
}

class FrameModule {
  private readonly frames: FrameText;
  /** Texts of classes by the function at whose beginning they stand, or the file. */
  private readonly classes = new Map<ts.Node, string[]>();

  constructor(private readonly analysis: Analysis) {
    this.frames = new FrameText(analysis, (generator) => this.frameFor(generator));
    for (const name of analysis.names) {
      if (/^\$(?:\d+|t\d+|v|l|c|Frame|SUSPENDED|RETURNED)?$/.test(name)) {
        throw new ModelError(`the model has a variable ${name}, a name that frames use`);
      }
    }
  }

  text(): string {
    const { source } = this.analysis;
    return this.frames.render(source, null, () => {
      const edits = [...this.classes].map(([home, texts]) => {
        const start = this.beginningOf(home);
        return { start, end: start, text: `\n${texts.join("\n")}\n` };
      });
      const start = this.beginningOf(source);
      return [{ start, end: start, text: `\n${HEADER}` }, ...edits];
    });
  }

  /** Behind the directives of a file or of a function's body. */
  private beginningOf(home: ts.Node): number {
    const { ts, source } = this.analysis;
    const block = ts.isSourceFile(home) ? home : ((home as ts.FunctionLikeDeclaration).body as ts.Block);
    const first = block.statements.find((one) => !ts.isExpressionStatement(one) || !ts.isStringLiteral(one.expression));
    return first === undefined ? block.statements.end : first.getStart(source);
  }

  /** The outermost function around, when classes can stand in it; otherwise the file. */
  private homeOf(generator: ts.Node): ts.Node {
    const { ts, source } = this.analysis;
    let home: ts.Node = source;
    for (let at = functionAround(ts, generator); at !== undefined; at = functionAround(ts, at)) home = at;
    if (home === source || isGenerator(home)) return source;
    const { body } = home as ts.FunctionLikeDeclaration;
    return body !== undefined && ts.isBlock(body) ? home : source;
  }

  /** Writes the class of a generator, and returns the function that makes its frames. */
  private frameFor(node: ts.FunctionLikeDeclaration): string {
    const { ts, owners } = this.analysis;
    const owner = owners.get(node) as Owner;
    const name = nameOfFunction(ts, node);
    if (!ts.isFunctionDeclaration(node) && !ts.isFunctionExpression(node)) {
      throw new ModelError(`${name} is a coroutine that is a method`);
    }
    const className = this.freshName(`${name}_frame`);
    const around = this.ownersAround(node);
    const home = this.homeOf(node);
    const known = this.classes.get(home) ?? [];
    this.classes.set(home, known);
    known.push(this.classText(owner, className, name, around));
    const parameters = node.parameters.map((one) => this.frames.render(one, null)).join(", ");
    const given = [...this.parameterNames(owner), ...around.map((one) => one.variable)].join(", ");
    return `function ${node.name?.text ?? ""}(${parameters}) { return new ${className}(${given}); }`;
  }

  private freshName(wanted: string): string {
    const { names } = this.analysis;
    let name = wanted;
    for (let i = 2; names.has(name); i++) name = `${wanted}_${i}`;
    names.add(name);
    return name;
  }

  /** Functions around whose variables a generator, or one within it, mentions. */
  private ownersAround(node: ts.Node): readonly Owner[] {
    const { ts, symbolOf, ownerOf } = this.analysis;
    const found = new Set<Owner>();
    const visit = (at: ts.Node): void => {
      const symbol = ts.isIdentifier(at) ? symbolOf(at) : undefined;
      const owner = symbol === undefined ? undefined : ownerOf(symbol);
      if (owner !== undefined && !isWithin(owner.node, node)) found.add(owner);
      ts.forEachChild(at, visit);
    };
    visit(node);
    return [...found];
  }

  private parameterNames(owner: Owner): readonly string[] {
    return this.parameterFields(owner).map(([symbol]) => symbol.name);
  }

  private parameterFields(owner: Owner): readonly (readonly [ts.Symbol, string])[] {
    const { ts } = this.analysis;
    return [...owner.fields].filter(
      ([symbol]) => functionOfParameter(ts, symbol.valueDeclaration as ts.Node) === owner.node,
    );
  }

  private classText(owner: Owner, className: string, name: string, around: readonly Owner[]): string {
    const { variable, node } = owner;
    const writer = new StepWriter(variable);
    new StatementSteps(this.frames, writer, node).body((node.body as ts.Block).statements);
    const given = this.parameterFields(owner);
    const isGiven = new Set(given.map(([symbol]) => symbol));
    const outer = around.map((one) => one.variable);
    const stores = [
      ...given.map(([symbol, field]) => `this.${field} = ${symbol.name};`),
      ...outer.map((one) => `this.${one} = ${one};`),
      ...[...owner.fields].filter(([symbol]) => !isGiven.has(symbol)).map(([, field]) => `this.${field} = undefined;`),
      ...Array.from({ length: writer.temporaries }, (_, i) => `this.$t${i} = undefined;`),
    ];
    const parameters = [...given.map(([symbol]) => symbol.name), ...outer].join(", ");
    const prologue = outer.map((one) => `const ${one} = ${variable}.${one};`);
    return [
      `class ${className} extends $Frame {`,
      `  constructor(${parameters}) {`,
      "    super();",
      ...stores.map((one) => `    ${one}`),
      "  }",
      `  get frameName() { return ${JSON.stringify(name)}; }`,
      "  step() {",
      `    const ${variable} = this;`,
      ...prologue.map((one) => `    ${one}`),
      `    let $v, $c, $l = ${variable}.label;`,
      "    $: for (;;) switch ($l) {",
      ...writer.lines.map((one) => `      ${one}`),
      "    }",
      "  }",
      "}",
    ].join("\n");
  }
}

function isWithin(node: ts.Node, around: ts.Node): boolean {
  for (let at: ts.Node | undefined = node; at !== undefined; at = at.parent) if (at === around) return true;
  return false;
}
