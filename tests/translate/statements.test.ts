/** Control flow: what each statement of C does, with results worked out by hand. */
import { describe, expect, test } from "vitest";
import { model, translated, unmodelledIn } from "./harness.ts";

/** One function `f(int x)` with a body, called with several arguments. */
async function results(body: string, given: readonly number[]): Promise<readonly unknown[]> {
  const { call } = await model(`int f(int x)\n{\n\tint n = 0;\n${body}\n}\n`);
  return given.map((x) => call("f", x));
}

describe("switch", () => {
  test.each([
    [
      "falls through, with default in the middle",
      "switch (x) { case 1: n += 1; default: n += 10; case 2: n += 100; break; case 3: n += 1000; }\nreturn n;",
      [0, 1, 2, 3],
      [110, 111, 100, 1000],
    ],
    ["default first", "switch (x) { default: n = 5; break; case 2: n = 7; }\nreturn n;", [1, 2], [5, 7]],
    [
      "several labels in a row, and default among them",
      "switch (x) { case 1: case 2: n = 1; break; case 3: default: n = 2; break; case 4: n = 3; }\nreturn n;",
      [1, 2, 3, 4, 5],
      [1, 1, 2, 3, 2],
    ],
    ["no case that fits", "switch (x) { case 1: n = 1; }\nreturn n;", [0, 1], [0, 1]],
    [
      "nested, each with its own break",
      "switch (x) { case 1: switch (n) { case 0: n = 3; break; default: n = 4; } n += 10; break; case 2: n = 9; }\nreturn n;",
      [1, 2, 3],
      [13, 9, 0],
    ],
    [
      "in a loop: continue is the loop's, break the switch's",
      "for (int i = 0; i < 5; i++) { switch (i) { case 1: continue; case 2: break; case 3: n += 100; default: n += 1; } n += 10; }\nreturn n;",
      [0],
      [10 + 1 + 10 + 100 + 1 + 10 + 1 + 10],
    ],
    [
      "break of a loop in a case",
      "switch (x) { case 1: while (1) { n++; if (n == 4) break; } n += 10; case 2: n += 100; }\nreturn n;",
      [1, 2],
      [114, 100],
    ],
    [
      "returns and gotos instead of break",
      "switch (x) { case 1: return 5; case 2: goto out; case 3: n = 7; }\nreturn n;\nout:\nreturn 6;",
      [1, 2, 3, 4],
      [5, 6, 7, 0],
    ],
    [
      "braces around cases",
      "switch (x) { case 1: { int y = 4; n = y; break; } case 2: { n = 2; } }\nreturn n;",
      [1, 2],
      [4, 2],
    ],
    [
      "labels are converted to the type of what is asked",
      "u32 y = x;\nswitch (y) { case -1: n = 1; break; case 0x80000000: n = 2; }\nreturn n;",
      [-1, -0x8000_0000, 1],
      [1, 2, 0],
    ],
    ["64 bits", "u64 y = x;\nswitch (y << 60) { case 1ULL << 60: n = 1; }\nreturn n;", [1, 17, 2], [1, 1, 0]],
    ["a truth", "switch (x > 3) { case 0: n = 4; break; case 1: n = 5; }\nreturn n;", [3, 4], [4, 5]],
    [
      "a variable declared before the first case",
      "switch (x) { int y; case 1: y = 5; n = y; }\nreturn n;",
      [1, 2],
      [5, 0],
    ],
    ["empty cases at the end", "switch (x) { case 1: n = 1; case 2: default: ; }\nreturn n;", [1, 2], [1, 0]],
  ])("%s", async (_what, body, given, expected) => expect(await results(body, given)).toEqual(expected));

  test("cases inside other statements are not modelled", async () => {
    const text =
      "int f(int x)\n{\n\tswitch (x) {\n\tcase 1:\n\t\tif (x) {\n\tcase 2:\n\t\t\treturn 4;\n\t\t}\n\t}\n\treturn 0;\n}\n";
    expect(await unmodelledIn(text)).toEqual([expect.stringMatching(/^3: .*switch/)]);
  });
});

describe("goto", () => {
  test.each([
    ["forward", "if (x) goto out;\nn = 1;\nout:\nn += 10;\nreturn n;", [0, 1], [11, 10]],
    ["back", "again:\nn++;\nif (n < x) goto again;\nreturn n;", [0, 5], [1, 5]],
    [
      "forward over labels that are crossed",
      "if (x == 1) goto a;\nif (x == 2) goto b;\nn += 1;\na: n += 10;\nb: n += 100;\nreturn n;",
      [0, 1, 2],
      [111, 110, 100],
    ],
    [
      "both ways in one list",
      "goto middle;\nfirst: n += 1;\nif (n > 50) goto last;\nmiddle: n += 10;\nif (n < x) goto first;\nlast: return n;",
      [0, 20, 1000],
      [10, 21, 55],
    ],
    [
      "out of nested loops",
      "for (int i = 0; i < 10; i++) for (int j = 0; j < 10; j++) { n++; if (i * 10 + j == x) goto done; }\nn = -1;\ndone:\nreturn n;",
      [0, 37, 200],
      [1, 38, -1],
    ],
    [
      "out of a switch in a loop, and back",
      "int tries = 0;\nretry:\nfor (;;) { switch (tries) { case 0: case 1: tries++; goto retry; default: goto out; } }\nout:\nreturn tries + x;",
      [0, 5],
      [2, 7],
    ],
    [
      "a loop around a label has its own break and continue",
      "for (int i = 0; i < 4; i++) { int t = 0;\nagain:\nt++; if (t < 3) goto again; if (i == 2) continue; if (i == 3) break; n += t; }\nreturn n;",
      [0],
      [6],
    ],
    [
      "labels in a row",
      "if (x == 1) goto a;\nif (x == 2) goto b;\nreturn 9;\na: b: return n + 3;",
      [0, 1, 2],
      [9, 3, 3],
    ],
    ["a label at the end", "if (x) goto out;\nn = 4;\nif (n) return n;\nout: ;\nreturn 1;", [0, 1], [4, 1]],
    [
      "within a case",
      "switch (x) { case 1: again: n++; if (n < 3) goto again; break; case 2: n = 7; }\nreturn n;",
      [1, 2],
      [3, 7],
    ],
    [
      "cleaning up, as the kernel does",
      "if (x == 1) goto err1;\nn += 1;\nif (x == 2) goto err2;\nn += 2;\nreturn n;\nerr2:\nn += 10;\nerr1:\nn += 100;\nreturn -n;",
      [0, 1, 2],
      [3, -100, -111],
    ],
  ])("%s", async (_what, body, given, expected) => expect(await results(body, given)).toEqual(expected));

  test("into a block from outside, and to an address, is not modelled", async () => {
    expect(
      await unmodelledIn("int f(int x)\n{\n\tgoto in;\n\tif (x) {\nin:\n\t\treturn 1;\n\t}\n\treturn 0;\n}\n"),
    ).toEqual([expect.stringMatching(/^3: .*goto in/)]);
    expect(await unmodelledIn("int f(void *p)\n{\n\tgoto *p;\n}\n")).toHaveLength(1);
  });

  test("labels that are words of TypeScript", async () => {
    expect(await results("if (x) goto delete;\nn = 1;\ndelete: n += 2;\nreturn n;", [0, 1])).toEqual([3, 2]);
  });
});

describe("loops", () => {
  test.each([
    ["while", "while (x--) n += x;\nreturn n;", [0, 4], [0, 6]],
    ["do once", "do n++; while (n < x);\nreturn n;", [0, 3], [1, 3]],
    ["for without parts", "for (;;) { if (n == x) break; n++; }\nreturn n;", [3], [3]],
    ["for with commas", "int i, j;\nfor (i = 0, j = x; i < j; i++, j--) n += j - i;\nreturn n;", [5], [9]],
    [
      "continue in do-while asks the condition",
      "do { n++; if (n == 2) continue; } while (n < x);\nreturn n;",
      [2, 5],
      [2, 5],
    ],
    ["do { } while (0) with break", "do { if (x) break; n = 5; } while (0);\nreturn n;", [0, 1], [5, 0]],
    [
      "a variable of its own in each round",
      "for (int i = 0; i < x; i++) { int y = i; y++; n += y; }\nreturn n;",
      [3],
      [6],
    ],
    ["shadowing", "int y = 1;\n{ int y = 5; n += y; { int y = 20; n += y; } }\nreturn n + y;", [0], [26]],
    [
      "a loop's variable hides another",
      "int i = 7;\nfor (int i = 0; i < 3; i++) n += i;\nreturn n * 10 + i;",
      [0],
      [37],
    ],
  ])("%s", async (_what, body, given, expected) => expect(await results(body, given)).toEqual(expected));
});

describe("expressions that are statements, and effects in their order", () => {
  test.each([
    ["short circuit", "x && n++;\nx || (n += 10);\nreturn n;", [0, 1], [10, 1]],
    ["what is not reached has no effect", "if (x && ++n > 5) n = 50;\nreturn n;", [0, 1], [0, 1]],
    ["comma", "return (n = x, n++, n * 2);", [4], [10]],
    ["?: works out one side", "int a = 0, b = 0;\nx ? a++ : b++;\nreturn a * 10 + b;", [0, 1], [1, 10]],
    ["?: without middle works out once", "return n++ ?: (x + n);", [5], [6]],
    ["assignments in a row", "int a, b;\na = b = n = x;\nreturn a + b + n;", [2], [6]],
    ["an assignment as a condition", "if ((n = x) != 0) return n;\nreturn -1;", [0, 7], [-1, 7]],
    ["!, and !!", "return !x * 10 + !!x;", [0, 7], [10, 1]],
  ])("%s", async (_what, body, given, expected) => expect(await results(body, given)).toEqual(expected));
});

describe("a loop that never blocks ends as a fault that names it", () => {
  test.each([
    ["while", "while (1)\n\t\tx++;"],
    ["do", "do { x++; } while (1);"],
    ["for", "for (;;)\n\t\tx++;"],
    ["a jump back", "again:\n\tx++;\n\tgoto again;"],
  ])("%s", async (_what, body) => {
    const { call } = await model(`int f(int x)\n{\n\t${body}\n\treturn x;\n}\n`);
    expect(() => call("f", 1)).toThrow(/:3: 100000 rounds of this loop without blocking/);
  });

  test("one that ends may go round often", async () => {
    const { call } = await model("int f(int x)\n{\n\twhile (x < 90000)\n\t\tx++;\n\treturn x;\n}\n");
    expect(call("f", 0)).toBe(90_000);
  });
});

test("the end of a function without its value is a fault, not a value", async () => {
  const { call } = await model("int f(int x)\n{\n\tif (x)\n\t\treturn 3;\n}\n");
  expect(call("f", 1)).toBe(3);
  expect(() => call("f", 0)).toThrow(/end of f/);
});

test("the same text comes out each time", async () => {
  const text = "int f(int x)\n{\n\tswitch (x) { case 1: x++; case 2: goto out; }\nout:\n\treturn x;\n}\n";
  expect((await translated(text)).sha256).toBe((await translated(text)).sha256);
});
