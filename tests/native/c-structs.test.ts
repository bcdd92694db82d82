/** Structs of the harness: the kernel's own text, of which the members that are named stay. */
import { describe, expect, test } from "vitest";
import type { StructSite } from "../../tools/c/file-index.ts";
import { structText } from "../../tools/native/c-structs.ts";
import { programOfText } from "../translate/harness.ts";

async function siteOf(text: string): Promise<StructSite> {
  const program = await programOfText(`${text}\nint f(void)\n{\n\treturn 0;\n}\n`);
  const site = program.structSite("x");
  if (site === undefined) throw new Error("no struct x");
  return site;
}

/** The struct's words on one line, without line markers. */
async function filtered(text: string, names: readonly string[]): Promise<string> {
  const made = structText("struct x", await siteOf(text), (name) => names.includes(name));
  return made.text
    .replace(/^# .*$/gm, "")
    .replace(/\s+/g, " ")
    .trim();
}

describe("members that are named stay", () => {
  test.each([
    ["struct x { int a; struct y *b; char c[4]; };", ["a", "c"], "struct x { int a ; char c [ 4 ] ; };"],
    ["struct x { int a, *b; unsigned c:3, d:5; };", ["b", "d"], "struct x { int a , * b ; unsigned c : 3 , d : 5 ; };"],
    [
      "struct x { int (*call)(int, struct y *); void (**more)(void); };",
      ["call"],
      "struct x { int ( * call ) ( int , struct y * ) ; };",
    ],
    ["struct x { union { int a; long b; }; int c; };", ["b"], "struct x { union { long b ; } ; };"],
    ["struct x { struct { int a; int b; } in; int c; };", ["in", "a"], "struct x { struct { int a ; } in ; };"],
    ["struct x { struct { int a; } in; int c; };", ["a", "c"], "struct x { int c ; };"],
    ["struct x { enum { ONE, TWO } a; int b; };", ["a"], "struct x { enum { ONE , TWO } a ; };"],
    ["struct x { DECLARE_BITMAP(a, 8); int b; };", ["a"], "struct x { DECLARE_BITMAP ( a , 8 ) ; };"],
    ["struct x { int a; };", [], "struct x { };"],
  ])("%s", async (text, names, expected) => {
    expect(await filtered(text, names)).toBe(expected);
  });

  test("packed ones are packed", async () => {
    const text = "struct x { char a; int b; } __attribute__((packed));";
    expect(await filtered(text, ["a", "b"])).toBe("struct x { char a ; int b ; } __attribute__((packed));");
  });
});
