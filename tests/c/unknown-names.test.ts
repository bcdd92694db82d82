/** Names in conditions that nobody defines: undefined within functions, as a build takes them. */
import { describe, expect, test } from "vitest";
import { fromDotConfig } from "../../tools/c/configuration.ts";
import { readCFile } from "../../tools/c/file.ts";
import { type HeaderText, Program } from "../../tools/c/program.ts";
import { withoutUnknownNames } from "../../tools/c/unknown-names.ts";
import { CONFIGURATION } from "../repair/echo-kernel.ts";

function programOf(text: string, headers: readonly HeaderText[] = [], configuration = CONFIGURATION): Program {
  const files = [readCFile("fs/cifs/a.c", Buffer.from(text, "latin1"), configuration)];
  return withoutUnknownNames(new Program(files, headers, configuration));
}

/** Whether text behind #if, #ifdef or the like is seen within a function. */
function isSeen(condition: string, before = "", headers: readonly HeaderText[] = []): boolean {
  const text = `${before}\nvoid f(void)\n{\n${condition}\n\tseen();\n#endif\n\tother();\n}\n`;
  const program = programOf(text, headers);
  expect(program.callsTo("other").length).toBe(1);
  return program.callsTo("seen").length === 1;
}

describe("within a function", () => {
  test.each(["#ifdef NOBODYS", "#if defined(NOBODYS)", "#if NOBODYS", "#if defined(CONFIG_A) && NOBODYS > 0"])(
    "%s is off",
    (condition) => {
      expect(isSeen(condition)).toBe(false);
    },
  );

  test("#ifndef and the alternative are on", () => {
    expect(isSeen("#ifndef NOBODYS")).toBe(true);
    expect(isSeen("#ifdef NOBODYS\n\tmore();\n#else")).toBe(true);
  });

  test("what the file, a header, Kconfig or the compiler defines stays on", () => {
    expect(isSeen("#ifdef SOMEBODYS", "#define SOMEBODYS 1")).toBe(true);
    // Another branch than the one that is taken may define it: then it is an option.
    expect(isSeen("#ifdef SOMEBODYS", "#ifdef __cplusplus\n#define SOMEBODYS 1\n#endif")).toBe(true);
    const text = Buffer.from("#ifdef CONFIG_A\n# define SOMEBODYS\n#endif\n", "latin1");
    expect(isSeen("#ifdef SOMEBODYS", "", [{ path: "include/linux/a.h", text }])).toBe(true);
    expect(isSeen("#ifdef CONFIG_ANYTHING")).toBe(true);
    expect(isSeen("#ifdef __x86_64__")).toBe(true);
  });
});

test("at file scope nothing changes, and a file without such names is not read again", () => {
  expect(programOf("#ifdef NOBODYS\nvoid f(void) { seen(); }\n#endif\n").callsTo("seen").length).toBe(1);
  const program = new Program([readCFile("a.c", Buffer.from("void f(void) { }\n"), CONFIGURATION)], [], CONFIGURATION);
  expect(withoutUnknownNames(program)).toBe(program);
});

test("what a default decides is told from what a .config says", () => {
  const config = fromDotConfig("CONFIG_A=y\n", "x");
  const names = ["CONFIG_A", "CONFIG_B", "FEATURE", "PAGE_SIZE", "__GNUC__"];
  expect(names.map((name) => CONFIGURATION.isGuess(name))).toEqual([true, true, true, false, false]);
  expect(names.map((name) => config.isGuess(name))).toEqual([false, false, true, false, false]);
});
