/** What an edit must leave as it was: honest edits pass, and a byte elsewhere is seen. */
import { describe, expect, test } from "vitest";
import type { Program } from "../../tools/c/program.ts";
import type { Edit } from "../../tools/repair/recipe.ts";
import { patchedFiles, verifyEdits } from "../../tools/repair/verify-edits.ts";
import { applyTo, C, CONFIGURATION, changed, H, HEADER, kernel, programOfTexts, RECIPE_NAMES } from "./echo-kernel.ts";

/** The edits' result with more changes, as "parse: passed" and "places: ..." */
function verified(
  program: Program,
  edits: readonly Edit[],
  more: Readonly<Record<string, (text: string) => string>> = {},
): readonly string[] {
  const result = new Map(patchedFiles(program.files, edits));
  for (const [path, edit] of Object.entries(more)) {
    const text = result.get(path) ?? Buffer.from(textOf(program, path), "latin1");
    result.set(path, Buffer.from(edit(text.toString("latin1")), "latin1"));
  }
  return verifyEdits(program.files, result, edits, CONFIGURATION).map(({ tool, status, detail }) =>
    status === "passed" ? `${tool}: passed` : `${tool}: ${detail}`,
  );
}

const textOf = (program: Program, path: string): string =>
  program.files.find((one) => one.path === path)?.masked.source ?? "";
const with1 = (before: string, after: string) => (text: string) => changed(text, [before, after]);

const PASSED = ["parse: passed", "places: passed"];

describe("honest edits pass", () => {
  test.each(RECIPE_NAMES)("those of %s", (name) => {
    const { program, edits } = applyTo(name, kernel({}));
    expect(edits.length).toBeGreaterThan(0);
    expect(verified(program, edits)).toEqual(PASSED);
  });

  test("a number in a macro, though the same number stands elsewhere outside of functions", () => {
    const header = changed(HEADER, ["#define ECHO", "#define OTHER 3\n#define ECHO"]);
    const program = programOfTexts(kernel({ header }));
    const start = header.indexOf("60");
    const within = { kind: "macro", name: "ECHO_INTERVAL", start: start - 1, end: start + 2 } as const;
    expect(verified(program, [{ file: H, start, end: start + 2, text: "3", within }])).toEqual(PASSED);
  });

  test("none at all", () => expect(verified(programOfTexts(kernel({})), [])).toEqual(PASSED));

  test("what they change is named", () => {
    const { program, edits } = applyTo("fixed-schedule", kernel({}));
    const [, places] = verifyEdits(program.files, patchedFiles(program.files, edits), edits, CONFIGURATION);
    expect(places?.detail).toBe("changes TCP_Server_Info, cifs_echo_request and nothing else");
  });
});

describe("what changes besides is seen", () => {
  const COMMENTED = "/* Two steps: after three intervals the server is given up. */";
  test.each([
    [
      "a byte of another function",
      "always-echo",
      C,
      with1("2 * server->status;", "3 * server->status;"),
      "bystander is changed",
    ],
    [
      "a comment in another function",
      "always-echo",
      C,
      with1("/* two intervals */", "/* two  intervals */"),
      "bystander is changed",
    ],
    [
      "a blank at file scope",
      "always-echo",
      C,
      with1("\n\nstatic void", "\n\n\nstatic void"),
      "changed outside of functions",
    ],
    [
      "a new declaration",
      "always-echo",
      C,
      with1("static bool", "int more;\nstatic bool"),
      "changed outside of functions",
    ],
    [
      "another function's comment",
      "always-echo",
      C,
      with1("/* Two steps", "/* Three steps"),
      "changed outside of functions",
    ],
    [
      "more of the comment that is meant",
      "three-intervals",
      C,
      with1(COMMENTED, "/* Three. */"),
      "changed outside of functions",
    ],
    [
      "a new function",
      "always-echo",
      C,
      (text: string) => `${text}\nint more(void)\n{\n\treturn 1;\n}\n`,
      "other functions than before",
    ],
    ["a function's name", "always-echo", C, with1("int bystander(", "int bystandee("), "other functions than before"],
    [
      "another struct member",
      "fixed-schedule",
      H,
      with1("int status;", "long status;"),
      "changed outside of functions",
    ],
    [
      "the new member's type",
      "fixed-schedule",
      H,
      with1("unsigned long echo_due", "long echo_due"),
      "changed outside of functions",
    ],
    ["a macro", "fixed-schedule", H, with1("(60 * HZ)", "(61 * HZ)"), "changed outside of functions"],
    ["a file without edits", "always-echo", H, with1("(60 * HZ)", "(61 * HZ)"), "changed outside of functions"],
  ] as const)("%s", (_, name, file, edit, why) => {
    const { program, edits } = applyTo(name, kernel({}));
    const [parse, places] = verified(program, edits, { [file]: edit });
    expect([parse, places]).toEqual(["parse: passed", `places: ${file}: ${why}`]);
  });

  test("the place of the function that is meant does not matter to the others", () => {
    const { program, edits } = applyTo("always-echo", kernel({}));
    // The routine itself may be anything: that is the model's business.
    expect(verified(program, edits, { [C]: with1("rc = server->ops->echo(server);", "rc = 1;") })).toEqual(PASSED);
  });

  test.each([
    ["a brace", with1("\tif (rc)\n", "\tif (rc) {\n")],
    ["a condition", with1("\tif (rc)\n", "\tif (rc\n")],
    ["a directive", with1("\tif (rc)\n", "#else\n\tif (rc)\n")],
    ["a comment", with1("\tif (rc)\n", "\t/* if (rc)\n")],
  ])("%s that breaks the routine", (_, edit) => {
    const { program, edits } = applyTo("always-echo", kernel({}));
    const [parse, places] = verified(program, edits, { [C]: edit });
    expect([parse, places].some((one) => !/passed$/.test(one ?? ""))).toBe(true);
  });

  test("a routine that does not parse any more is named with its line", () => {
    const { program, edits } = applyTo("look-twice", kernel({}));
    const [parse] = verified(program, edits, { [C]: with1("\tif (rc)\n", "\tif (rc rc)\n") });
    expect(parse).toMatch(/^parse: fs\/cifs\/connect\.c:\d+: ./);
  });

  test("a file that nobody has read is a fault, not a result", () => {
    const { program, edits } = applyTo("look-twice", kernel({}));
    const [edit] = edits;
    if (edit === undefined) throw new Error("fixture");
    expect(() => patchedFiles(program.files, [{ ...edit, file: "fs/other.c" }])).toThrow("not read");
    expect(() => verifyEdits(program.files, new Map([["fs/other.c", Buffer.from("")]]), edits, CONFIGURATION)).toThrow(
      "not read",
    );
  });
});
