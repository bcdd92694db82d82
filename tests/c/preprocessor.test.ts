/** Preprocessor lines: what they switch off, define and include. */
import { describe, expect, test } from "vitest";
import { type Configuration, fromDotConfig } from "../../tools/c/configuration.ts";
import { lex } from "../../tools/c/lex.ts";
import { type Preprocessed, preprocess } from "../../tools/c/preprocessor.ts";
import { bytes, EVERYTHING } from "./fixtures.ts";

const SOME = fromDotConfig("CONFIG_A=y\nCONFIG_M=m\n", "x");

function read(text: string, configuration: Configuration = SOME): Preprocessed {
  return preprocess(text, lex(bytes(text)).tokens, configuration);
}

function switchedOff(text: string, configuration: Configuration = SOME): readonly string[] {
  const { inactive } = read(text, configuration);
  return inactive.flatMap((start, i) => (i % 2 === 0 ? [text.slice(start, inactive[i + 1])] : []));
}

describe("groups", () => {
  test("#if, #elif and #else: one branch is taken, the ranges end where directives begin", () => {
    const group = (condition: string): string =>
      `a\n#if ${condition}\nb\n#elif defined(CONFIG_A)\nc\n#elif 1\nd\n#else\ne\n#endif\nf\n`;
    expect(switchedOff(group("1"))).toEqual(["\nc\n", "\nd\n", "\ne\n"]);
    expect(switchedOff(group("0"))).toEqual(["\nb\n", "\nd\n", "\ne\n"]);
    expect(switchedOff(group("CONFIG_B").replace("CONFIG_A", "CONFIG_C").replace("#elif 1", "#elif 0"))).toEqual([
      "\nb\n",
      "\nc\n",
      "\nd\n",
    ]);
  });

  test("#ifdef, #ifndef, #elifdef, #elifndef", () => {
    expect(switchedOff("#ifdef CONFIG_A\na\n#endif\n#ifdef CONFIG_B\nb\n#endif\n")).toEqual(["\nb\n"]);
    expect(switchedOff("#ifndef CONFIG_A\na\n#endif\n#ifndef CONFIG_B\nb\n#endif\n")).toEqual(["\na\n"]);
    expect(switchedOff("#ifdef CONFIG_B\na\n#elifdef CONFIG_A\nb\n#elifndef CONFIG_B\nc\n#endif\n")).toEqual([
      "\na\n",
      "\nc\n",
    ]);
  });

  test("modules are not built in, but IS_ENABLED", () => {
    expect(switchedOff("#ifdef CONFIG_M\na\n#endif\n#if IS_ENABLED(CONFIG_M)\nb\n#endif\n")).toEqual(["\na\n"]);
  });

  test("groups inside switched-off text are one range with it, whatever their conditions", () => {
    const text = "#if 0\na\n#if 1\nb\n#else\nc\n#endif\n#garbage (\nd\n#endif\ne\n";
    expect(switchedOff(text)).toEqual(["\na\n#if 1\nb\n#else\nc\n#endif\n#garbage (\nd\n"]);
    expect(read(text).problems).toEqual([]);
    expect(read(text).choices.map((choice) => choice.condition)).toEqual(["#if 0"]);
  });

  test("groups inside a taken branch are decided", () => {
    expect(switchedOff("#if 1\na\n#if 0\nb\n#endif\nc\n#else\nd\n#endif\n")).toEqual(["\nb\n", "\nd\n"]);
  });

  test("blanks, comments and continuations in directives", () => {
    expect(switchedOff("  #  if /* why */ 0 // not\na\n # endif /* 0 */\nb\n")).toEqual(["\na\n "]);
    expect(switchedOff("#if defined(CONFIG_A) && \\\n    defined(CONFIG_B)\na\n#endif\n")).toEqual(["\na\n"]);
    expect(switchedOff("#if defined(CONFIG_A) && \\\r\n    !defined(CONFIG_B)\r\na\r\n#endif\r\n")).toEqual([]);
    expect(switchedOff("#if /* a\n b */ 0\na\n#endif\n")).toEqual(["\na\n"]);
  });

  test("directives in comments and strings are text", () => {
    expect(switchedOff('/*\n#if 0\n*/ a\nchar *s = "\\\n#if 0\\\n";\n')).toEqual([]);
  });

  test("everything enabled takes #ifdef of unknown names, and says what it took", () => {
    expect(switchedOff("#ifdef FANCY\na\n#else\nb\n#endif\n", EVERYTHING)).toEqual(["\nb\n"]);
    expect(read("#ifdef FANCY\n#endif\n#ifndef FANCY\n#endif\n", EVERYTHING).choices).toEqual([
      { offset: 0, condition: "#ifdef FANCY", taken: true },
      { offset: 20, condition: "#ifndef FANCY", taken: false },
    ]);
  });
});

describe("guards and defaults", () => {
  test.each([
    ["#ifndef", "#ifndef _X_H\n#define _X_H\na\n#endif\n"],
    [
      "#ifndef with a comment between",
      "#ifndef _X_H /* guard */\n/* text */\n\n# define _X_H 1\na\n#endif /* _X_H */\n",
    ],
    ["#if !defined()", "#if !defined(_X_H)\n#define _X_H\na\n#endif\n"],
    ["#if ! defined", "#if ! defined _X_H\n#define _X_H\na\n#endif\n"],
  ])("an include guard by %s keeps the file", (_, text) => {
    expect(switchedOff(text, EVERYTHING)).toEqual([]);
  });

  test("a default value is defined", () => {
    const { macros } = read("#ifndef TIMEOUT\n#define TIMEOUT (5 * HZ)\n#endif\n", EVERYTHING);
    expect(macros.map((macro) => `${macro.name} = ${macro.body}`)).toEqual(["TIMEOUT = (5 * HZ)"]);
  });

  test("a name that the file defined or undefined before is known", () => {
    expect(switchedOff("#define B\n#ifdef B\na\n#endif\n#undef B\n#ifdef B\nb\n#endif\n", EVERYTHING)).toEqual([
      "\nb\n",
    ]);
    expect(switchedOff("#define B 3\n#ifndef B\n#define B 4\n#endif\n#if B == 3\nb\n#endif\n", EVERYTHING)).toEqual([
      "\n#define B 4\n",
    ]);
  });

  test("macros of the file have their value in conditions", () => {
    expect(switchedOff("#define LIMIT (BASE + 1)\n#define BASE 2\n#if LIMIT > 3\na\n#endif\n")).toEqual(["\na\n"]);
  });

  test("definitions in switched-off text do not count", () => {
    const { macros, includes } = read(
      '#if 0\n#define A 1\n#include "a.h"\n#else\n#define B 1\n#include <b.h>\n#endif\n',
    );
    expect(macros.map((macro) => macro.name)).toEqual(["B"]);
    expect(includes).toEqual([{ path: "b.h", system: true }]);
  });
});

describe("macros", () => {
  test("object-like, function-like, variadic, continued", () => {
    const { macros } = read(
      "#define A\n#define B(x, y) ((x) + /* plus */ (y))\n#define C (x)\n#define D(fmt, ...) p(fmt, ##__VA_ARGS__)\n#define E(args...) q(args)\n#define F() \\\n  g(1, \\\n    2)\n",
    );
    expect(macros.map(({ name, parameters, body }) => ({ name, parameters, body: body.replace(/\s+/g, " ") }))).toEqual(
      [
        { name: "A", parameters: null, body: "" },
        { name: "B", parameters: ["x", "y"], body: "((x) + (y))" },
        { name: "C", parameters: null, body: "(x)" },
        { name: "D", parameters: ["fmt", "__VA_ARGS__"], body: "p(fmt, ##__VA_ARGS__)" },
        { name: "E", parameters: ["args"], body: "q(args)" },
        { name: "F", parameters: [], body: "g(1, 2)" },
      ],
    );
  });

  test("offsets are those of the directive", () => {
    const text = "a\n  #define A 1\nb\n";
    const [macro] = read(text).macros;
    expect(text.slice(macro?.offset, macro?.endOffset)).toBe("#define A 1");
  });

  test("a comment marker in a macro's string is text", () => {
    expect(read('#define URL "http://x" /* no */\n').macros[0]?.body).toBe('"http://x"');
  });
});

describe("what is broken is listed", () => {
  test.each([
    ["#if\na\n#endif\n", "condition not understood (empty condition); taken as false"],
    ["#if (1\na\n#endif\n", 'condition not understood (")" expected); taken as false'],
    ["#if 1 +\na\n#endif\n", "condition not understood (the condition ends too early); taken as false"],
    ["#ifdef\na\n#endif\n", "#ifdef without a name"],
    ["#ifndef 3\na\n#endif\n", "#ifndef without a name"],
    ["#endif\n", "#endif without #if"],
    ["#else\n", "#else without #if"],
    ["#elif 1\n", "#elif without #if"],
    ["#if 1\na\n", "#if without #endif"],
    ["#if 1\n#else\n#else\n#endif\n", "#else after #else"],
    ["#define\n", "#define without a name"],
    ["#define 3\n", "#define without a name"],
  ])("%j", (text, reason) => {
    expect(read(text).problems.map((problem) => problem.reason)).toEqual([reason]);
  });

  test("a broken condition is taken as false, its #else is taken", () => {
    expect(switchedOff("#if (\na\n#else\nb\n#endif\n")).toEqual(["\na\n"]);
  });

  test("an #if that is never closed switches off to the end of the file", () => {
    expect(switchedOff("a\n#if 0\nb\nc")).toEqual(["\nb\nc"]);
  });

  test("every problem has the place of its directive", () => {
    expect(read("a\n#endif\n\n#if 1\n").problems.map((problem) => problem.offset)).toEqual([2, 10]);
  });
});
