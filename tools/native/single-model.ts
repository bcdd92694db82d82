/**
 * A generated model makes all of its functions anew for each instance, since they are closures over its kernel. A
 * recorder makes thousands of instances, one after the other, and making the functions would cost more than running
 * them. Here createModel() is taken apart: its functions are made once, as they stand, and what they close over are
 * variables that each call sets anew. Only one instance is good at a time, the last one.
 */
import type { HarnessPlan } from "./slice-source.ts";

type AnyFunction = (...given: readonly unknown[]) => unknown;

/** createModel() of the text that singleModel() makes. */
export interface SingleModel extends AnyFunction {
  /**
   * Lets the surroundings' calls of functions of the slice be seen: functions whose address is taken, and bodies of
   * threads, become what `watch` makes of them. To be called once.
   */
  readonly watchEntries: (watch: (name: string, fn: AnyFunction) => AnyFunction) => void;
}

/** The body of createModel(), apart. */
interface Body {
  /** Variables that each call sets. */
  readonly variables: string[];
  /** Declarations of functions, as they stand. */
  readonly functions: string[];
  /** What each call does. */
  readonly statements: string[];
}

/**
 * The body of a thread. V8 makes a map for each generator function that is called, in memory that is seldom collected,
 * and with it lives all that the function closes over: the history. What is made for each thread must not be one.
 */
const THREAD = /function\* \(\) \{\s*yield\* (\w+)\(([^()]*)\);\s*\}/g;
const HEAD = /function createModel\((\w+), (\w+), (\w+)\) \{\n/;
const FOOT = "\n}\n";
const FUNCTION = /^ {2}function\*? \w+\(/;
const VARIABLE = /^ {2}(?:const|let) (\w+) = (.*)$/;
const PATTERN = /^ {2}const (\{ \w+(?:, \w+)* \}) = (.*);$/;

function takenApart(lines: readonly string[]): Body {
  const body: Body = { variables: [], functions: [], statements: [] };
  let isFunction = false;
  for (const line of lines) {
    if (FUNCTION.test(line)) isFunction = true;
    if (isFunction) {
      body.functions.push(line);
      if (line === "  }") isFunction = false;
      continue;
    }
    const variable = VARIABLE.exec(line);
    const pattern = PATTERN.exec(line);
    if (variable !== null) {
      body.variables.push(variable[1] ?? "");
      body.statements.push(`  ${variable[1]} = ${variable[2]}`);
    } else if (pattern !== null) {
      body.variables.push(...(pattern[1] ?? "").slice(2, -2).split(", "));
      body.statements.push(`  (${pattern[1]} = ${pattern[2]});`);
    } else body.statements.push(line);
  }
  return body;
}

/** Functions of the slice that others get hold of. A function's declaration is a variable of JavaScript. */
function watchedNames(body: string, plan: HarnessPlan): readonly string[] {
  const names = plan.entries.map(({ name }) => name);
  return names.filter((name) => {
    const uses = [...body.matchAll(new RegExp(`(?<![.\\w$"])${name.replaceAll("$", "\\$")}\\b(?![\\w$]*\\()`, "g"))];
    return uses.length > 0 || body.includes(`() => ${name}(`);
  });
}

/** createModel() as it stands in the text. */
function bodyOf(javascript: string): { readonly from: number; readonly to: number; readonly given: readonly string[] } {
  const head = HEAD.exec(javascript);
  const to = head === null ? -1 : javascript.indexOf(FOOT, head.index);
  if (head === null || to < 0) throw new Error("the model's text has no createModel()");
  return { from: head.index, to, given: head.slice(1) };
}

/** Names of members that the model's functions store to, or take the address of. */
export function storedMembers(javascript: string): ReadonlySet<string> {
  const { from, to } = bodyOf(javascript);
  const text = takenApart(javascript.slice(from, to).split("\n")).functions.join("\n");
  const stores = text.matchAll(/\.(\w+)(?:\[[^\]\n]*\])* ?(?:[-+*/%&|^<>?]*=(?!=)|\+\+|--)|"(\w+)"/g);
  return new Set([...stores].map(([, stored, quoted]) => stored ?? quoted ?? ""));
}

/**
 * @param javascript of compileModel()
 * @returns the same with a createModel() that is a SingleModel
 */
export function singleModel(javascript: string, plan: HarnessPlan): string {
  const { from, to, given } = bodyOf(javascript);
  const text = javascript.slice(javascript.indexOf("\n", from) + 1, to).replace(THREAD, "() => $1($2)");
  const watched = watchedNames(text.slice(0, text.lastIndexOf("  return {")), plan);
  const { variables, functions, statements } = takenApart(text.split("\n"));
  const made = [
    "const createModel = (() => {",
    `  let ${[...given, ...variables].join(", ")};`,
    ...functions,
    "  const create = function () {",
    `  [${given.join(", ")}] = arguments;`,
    ...statements,
    "  };",
    "  create.watchEntries = (watch) => {",
    ...watched.map((name) => `  ${name} = watch(${JSON.stringify(name)}, ${name});`),
    "  };",
    "  return create;",
    "})();",
  ];
  return `${javascript.slice(0, from)}${made.join("\n")}\n${javascript.slice(to + FOOT.length)}`;
}
