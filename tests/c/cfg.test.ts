/** Control flow: which statement can follow which. */
import { describe, expect, test } from "vitest";
import { type Cfg, type CfgNode, controlFlow, reachable } from "../../tools/c/cfg.ts";
import { codeOfFile } from "../../tools/c/fragment.ts";
import { childOf } from "../../tools/c/syntax.ts";
import { nodeOf, readC, syntaxOf } from "./fixtures.ts";

interface Flow {
  readonly cfg: Cfg;
  readonly textOf: (node: CfgNode) => string;
}

function flow(body: string): Flow {
  const file = readC(`int f(int a, int b)\n{\n${body}\n}\n`);
  const code = codeOfFile(file);
  const block = childOf(nodeOf(syntaxOf(file, "f"), "function_definition"), "body");
  if (block === undefined) throw new Error("no body");
  const textOf = (node: CfgNode): string =>
    node.syntax === null ? node.kind : code.source.slice(node.syntax.start, node.syntax.end).replace(/\s+/g, " ");
  return { cfg: controlFlow(block, code), textOf };
}

/** For each visible node: where it leads, with nodes that stand for nothing in the text left out. */
function edges(body: string): Readonly<Record<string, readonly string[]>> {
  const { cfg, textOf } = flow(body);
  const visible = (node: CfgNode): boolean => node.syntax !== null || node.kind === "entry" || node.kind === "exit";
  const targets = (node: CfgNode, seen: Set<CfgNode>): readonly string[] => {
    if (visible(node)) return [textOf(node)];
    if (seen.has(node)) return ["(for ever)"];
    seen.add(node);
    return node.next.flatMap((edge) => targets(edge.to, seen));
  };
  const label = (when: CfgNode["next"][number]["when"]): string => {
    if (typeof when !== "string") return when.isDefault ? "default: " : "case: ";
    return when === "always" ? "" : when === "true" ? "+" : "-";
  };
  const shown: Record<string, string[]> = {};
  for (const node of cfg.nodes) {
    if (!visible(node) || node.kind === "exit") continue;
    const out = node.next.flatMap((edge) => targets(edge.to, new Set()).map((to) => label(edge.when) + to));
    shown[textOf(node)] = [...(shown[textOf(node)] ?? []), ...out].sort();
  }
  return shown;
}

/** Statements that can be reached from the entry. */
function reached(body: string): readonly string[] {
  const { cfg, textOf } = flow(body);
  return [...reachable(cfg.entry, () => false)]
    .filter((node) => node.syntax !== null)
    .map(textOf)
    .sort();
}

function problems(body: string): readonly string[] {
  return flow(body).cfg.problems.map((problem) => problem.reason);
}

describe("branches", () => {
  test("a sequence", () => {
    expect(edges("x();\ny();")).toEqual({ entry: ["x();"], "x();": ["y();"], "y();": ["exit"] });
  });

  test("if and else", () => {
    expect(edges("if (a) x(); else y();\nz();")).toEqual({
      entry: ["a"],
      a: ["+x();", "-y();"],
      "x();": ["z();"],
      "y();": ["z();"],
      "z();": ["exit"],
    });
  });

  test("if without else, else if, returns", () => {
    expect(edges("if (a) return 1; else if (b) x();\nreturn 2;")).toEqual({
      entry: ["a"],
      a: ["+return 1;", "-b"],
      b: ["+x();", "-return 2;"],
      "x();": ["return 2;"],
      "return 1;": ["exit"],
      "return 2;": ["exit"],
    });
  });

  test("&& and || are split, ! turns round, likely() is looked through", () => {
    expect(edges("if (a && b) x();\ny();")).toMatchObject({ a: ["+b", "-y();"], b: ["+x();", "-y();"] });
    expect(edges("if (a || b) x();\ny();")).toMatchObject({ a: ["+x();", "-b"], b: ["+x();", "-y();"] });
    expect(edges("if (!a) x();\ny();")).toMatchObject({ a: ["+y();", "-x();"] });
    expect(edges("if (!(a && !b)) x();\ny();")).toMatchObject({ a: ["+b", "-x();"], b: ["+x();", "-y();"] });
    expect(edges("if (unlikely(a) && likely(!b)) x();\ny();")).toMatchObject({
      a: ["+b", "-y();"],
      b: ["+y();", "-x();"],
    });
    expect(edges("if (a && (b || c)) x();\ny();")).toMatchObject({
      a: ["+b", "-y();"],
      b: ["+x();", "-c"],
      c: ["+x();", "-y();"],
    });
  });

  test("scoped_guard runs its body once and has no way round it", () => {
    const shown = edges("scoped_guard(mutex, &m) { x(); }\ny();");
    expect(shown["x();"]).toEqual(["y();"]);
    expect(shown.entry).toEqual(["(mutex, &m)"]);
    expect(shown["(mutex, &m)"]).toEqual(["+x();"]);
  });

  test("a macro that takes a statement may or may not run it", () => {
    const shown = edges("if_locked(a) { x(); }\ny();");
    expect(shown["(a)"]).toEqual(["+x();", "-y();"]);
  });
});

describe("loops", () => {
  test("while", () => {
    expect(edges("while (a) x();\ny();")).toEqual({
      entry: ["a"],
      a: ["+x();", "-y();"],
      "x();": ["a"],
      "y();": ["exit"],
    });
  });

  test("while (1) is left by break only", () => {
    expect(reached("while (1) { x(); }\ny();")).toEqual(["1", "x();"]);
    expect(reached("while (true) { if (a) break; }\ny();")).toContain("y();");
  });

  test("do-while, and do while (0), which runs once", () => {
    expect(edges("do { x(); } while (a);\ny();")).toMatchObject({ "x();": ["a"], a: ["+x();", "-y();"] });
    expect(edges("do { x(); } while (0);\ny();")).toMatchObject({ entry: ["x();"], "x();": ["0"], "0": ["-y();"] });
  });

  test("continue in do-while (0) leaves it", () => {
    expect(edges("do { if (a) continue; x(); } while (0);\ny();")["continue;"]).toEqual(["0"]);
  });

  test("for with all parts, continue goes to the step", () => {
    expect(edges("for (i = 0; i < a; i++) { if (b) continue; x(); }\ny();")).toEqual({
      entry: ["i = 0"],
      "i = 0": ["i < a"],
      "i < a": ["+b", "-y();"],
      b: ["+continue;", "-x();"],
      "continue;": ["i++"],
      "x();": ["i++"],
      "i++": ["i < a"],
      "y();": ["exit"],
    });
  });

  test("for with a declaration", () => {
    expect(edges("for (int i = 0; i < a; i++) x();")).toMatchObject({ entry: ["int i = 0;"], "int i = 0;": ["i < a"] });
  });

  test("for (;;) is left by break, return and goto only", () => {
    expect(reached("for (;;) { x(); }\ny();")).toEqual(["x();"]);
    expect(reached("for (;;) { if (a) break; }\ny();")).toContain("y();");
    expect(reached("for (;;) { if (a) goto out; }\nout:\ny();")).toContain("y();");
    expect(edges("for (;;) x();")["x();"]).toEqual(["x();"]);
  });

  test("break and continue belong to the innermost loop", () => {
    const shown = edges("while (a) { while (b) { if (c) break; if (d) continue; x(); } y(); }\nz();");
    expect(shown["break;"]).toEqual(["y();"]);
    expect(shown["continue;"]).toEqual(["b"]);
    expect(shown["y();"]).toEqual(["a"]);
  });

  test("loop macros run their body any number of times", () => {
    const shown = edges("list_for_each_entry(p, head, link) { if (p->a) break; x(p); }\ny();");
    expect(shown["(p, head, link)"]).toEqual(["+p->a", "-y();"]);
    expect(shown["x(p);"]).toEqual(["(p, head, link)"]);
    expect(shown["break;"]).toEqual(["y();"]);
  });

  test("a loop macro over the constant 1 still ends", () => {
    expect(reached("for_each_cpu(1) x();\ny();")).toContain("y();");
  });

  test("do {} while_each_thread()", () => {
    expect(reached("do { x(); } while_each_thread(g, p);\ny();")).toEqual(["g, p", "x();", "y();"]);
  });
});

describe("switch", () => {
  test("fall-through, default, break", () => {
    expect(edges("switch (a) { case 1: x(); case 2: y(); break; default: z(); }\nw();")).toMatchObject({
      entry: ["(a)"],
      "(a)": ["case: x();", "case: y();", "default: z();"],
      "x();": ["y();"],
      "y();": ["break;"],
      "break;": ["w();"],
      "z();": ["w();"],
    });
  });

  test("without default it may be passed by", () => {
    expect(edges("switch (a) { case 1: x(); }\nw();")["(a)"]).toEqual(["case: x();", "default: w();"]);
  });

  test("several labels for one statement, and the values of each", () => {
    const { cfg, textOf } = flow("switch (a) { case 1: case 2: x(); break; case 3 ... 5: y(); }");
    const head = cfg.nodes.find((node) => node.kind === "switch");
    const values = head?.next.flatMap(({ when }) => (typeof when === "string" ? [] : when.values));
    expect(values?.map((value) => textOf({ id: 0, kind: "statement", syntax: value, next: [] }))).toEqual([
      "1",
      "2",
      "3",
    ]);
  });

  test("continue in a switch belongs to the loop, break to the switch", () => {
    const shown = edges("while (a) { switch (b) { case 1: continue; case 2: break; } x(); }\ny();");
    expect(shown["continue;"]).toEqual(["a"]);
    expect(shown["break;"]).toEqual(["x();"]);
  });

  test("text before the first label is not reached", () => {
    expect(reached("switch (a) { x(); case 1: y(); }")).not.toContain("x();");
  });

  test("a switch in a switch", () => {
    const shown = edges("switch (a) { case 1: switch (b) { default: x(); } y(); break; default: z(); }\nw();");
    expect(shown["(b)"]).toEqual(["default: x();"]);
    expect(shown["(a)"]).toEqual(["case: (b)", "default: z();"]);
    expect(shown["x();"]).toEqual(["y();"]);
  });
});

describe("goto", () => {
  test("forward, backward, and into a loop", () => {
    expect(edges("again:\nx();\nif (a) goto again;\nif (b) goto out;\ny();\nout:\nz();")).toMatchObject({
      "goto again;": ["x();"],
      "goto out;": ["z();"],
      "y();": ["z();"],
    });
    expect(edges("goto in;\nwhile (a) { x(); in: y(); }")["goto in;"]).toEqual(["y();"]);
  });

  test("a label before a closing brace", () => {
    expect(reached("if (a) goto out;\nx();\nout:")).toContain("goto out;");
    expect(problems("if (a) goto out;\nx();\nout:")).toEqual([]);
    const shown = edges("while (a) { if (b) goto next; x(); next: }\ny();");
    expect(problems("while (a) { if (b) goto next; x(); next: }")).toEqual([]);
    expect(shown["next:"]).toEqual(["a"]);
  });

  test("a label that does not exist is listed and leads out", () => {
    expect(problems("goto nowhere;")).toEqual(["no label nowhere in this function"]);
    expect(edges("goto nowhere;")["goto nowhere;"]).toEqual(["exit"]);
  });

  test("code after goto and return is not reached, unless by a label", () => {
    expect(reached("return 1;\nx();")).toEqual(["return 1;"]);
    expect(reached("if (a) goto l;\nreturn 1;\nl: x();")).toContain("x();");
  });

  test("computed goto is listed", () => {
    expect(problems("goto *table[a];\nout:\nreturn 1;")).toEqual(["computed goto"]);
  });

  test("break and case without their statement are listed", () => {
    expect(problems("break;")).toEqual(["break; outside a loop or switch"]);
    expect(problems("continue;")).toEqual(["continue; outside a loop or switch"]);
  });
});

describe("reachability", () => {
  test("blocked nodes are reached and not left", () => {
    const { cfg, textOf } = flow("x();\nif (a) y();\nz();");
    const from = reachable(cfg.entry, (node) => textOf(node) === "a");
    expect([...from].map(textOf)).toEqual(["entry", "x();", "a"]);
  });

  test("every edge leads to a node of the graph, whatever the body", () => {
    const { cfg } = flow(
      "while (a) { if (b) goto x; switch (a) { case 1: break; default: return 1; } x: b--; }\ndo a--; while (a);",
    );
    const nodes = new Set(cfg.nodes);
    expect(cfg.nodes.flatMap((node) => node.next).every((edge) => nodes.has(edge.to))).toBe(true);
    expect(reachable(cfg.entry, () => false).has(cfg.exit)).toBe(true);
  });
});
