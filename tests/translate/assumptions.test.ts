/** What a model takes for granted is told: decided conditions, played functions. A played stub is not believed. */
import { describe, expect, test } from "vitest";
import { everythingEnabled, fromDotConfig } from "../../tools/c/configuration.ts";
import { scanKernel } from "../../tools/timing/scan.ts";
import { memorySource } from "../timing/memory-source.ts";
import { FILE, type Setup, translated, translatedProgram, unmodelledIn } from "./harness.ts";

const TEXT = `#define OWN 1
int f(int x)
{
#ifdef CONFIG_A
	x++;
#ifndef FEATURE
	x--;
#endif
#elif defined(CONFIG_B)
	x = 0;
#endif
#if defined(CONFIG_A) && OWN
	x += 2;
#else
	x += 3;
#endif
	if (IS_ENABLED(CONFIG_C))
		x += 4;
	return x;
}
#ifdef CONFIG_ELSEWHERE
int g(void)
{
#ifdef CONFIG_OTHER
	return 1;
#endif
	return 0;
}
#endif
`;

describe("conditions in functions of the model", () => {
  test("are told by name and place, and no others", async () => {
    const { assumptions } = await translated(TEXT, { entries: ["f"] });
    const head = "conditions in functions of the model: taken as";
    expect(assumptions).toEqual([
      `${head} defined: CONFIG_A (${FILE}:12, ${FILE}:4)`,
      `${head} defined: CONFIG_B (${FILE}:9)`,
      `${head} defined: CONFIG_C (${FILE}:17)`,
      `${head} not defined: FEATURE (${FILE}:6)`,
    ]);
  });

  test("that a .config decides are not", async () => {
    const assumed = async (configuration: ReturnType<typeof everythingEnabled>): Promise<string> => {
      const scan = await scanKernel(memorySource({ [FILE]: TEXT }), [FILE], configuration);
      return translatedProgram(scan.program, { entries: ["f"] }).assumptions.join("\n");
    };
    expect(await assumed(everythingEnabled())).toContain("CONFIG_A");
    const told = await assumed(fromDotConfig("CONFIG_A=y\nCONFIG_C=y\n", "x"));
    expect(told).not.toMatch(/CONFIG_[AB]/);
    expect(told).toContain("FEATURE");
  });
});

describe("functions that the surroundings play", () => {
  const setup: Setup = { entries: ["f"], environment: ["int play(int x)", "int other(int x)", "void send(int *x)"] };
  const f = "int f(int x) { send(&x); return play(x) + other(x); }\n";

  test("are told where the tree defines them", async () => {
    const { assumptions } = await translated(
      `int play(int x) { return x; }\nint unused(void) { return 0; }\n${f}`,
      setup,
    );
    expect(assumptions).toEqual(["played by the surroundings, whatever their bodies say: play"]);
    expect((await translated(f, setup)).assumptions).toEqual([]);
  });

  test.each([
    ["int play(int x)\n{\n\treturn -11;\n\treturn x * 2;\n}\n", "play", 3],
    ["int play(int x)\n{\n\tint y = 1;\n\treturn y;\n\tif (x)\n\t\treturn 2;\n\treturn 3;\n}\n", "play", 4],
    ["void send(int *x)\n{\n\t*x = -11; return;\n\t*x = 0;\n}\n", "send", 3],
  ])("that return before their end are not what is played: %s", async (text, name, line) => {
    const found = await unmodelledIn(text + f, setup);
    expect(found).toContain(
      `${line}: ${name} is played by the surroundings, and returns here before it has done what they play`,
    );
    expect(found.join()).toContain(`call of ${name}, which does more than the model takes it for (${FILE}:${line})`);
  });

  test("may end in any other way", async () => {
    const bodies = [
      "return x;",
      "if (x)\n\t\treturn 1;\n\treturn 2;",
      "if (x)\n\t\tgoto out;\n\treturn 1;\nout:\n\treturn 2;",
    ];
    for (const body of bodies) expect(await unmodelledIn(`int play(int x)\n{\n\t${body}\n}\n${f}`, setup)).toEqual([]);
  });
});
