/** The expressions of #if lines. */
import { describe, expect, test } from "vitest";
import { ConditionError, type ConditionNames, evaluateCondition } from "../../tools/c/condition.ts";

/** A name's value is defined by the test; names that are not in the list are undefined and worth 0. */
function names(values: Readonly<Record<string, string | null>> = {}): ConditionNames {
  return {
    isDefined: (name) => Object.hasOwn(values, name),
    bodyOf: (name) => values[name] ?? undefined,
    valueOf: (name) => (Object.hasOwn(values, name) ? 1n : 0n),
  };
}

const KERNEL = names({
  CONFIG_A: null,
  CONFIG_M_MODULE: null,
  N: "5",
  VERSION_CODE: "KERNEL_VERSION(6, 1, 0)",
  EMPTY: "",
  SELF: "SELF + 1",
});

describe("holds", () => {
  test.each([
    "1",
    "!0",
    "-1 < 0",
    "~0 == -1",
    "1 + 2 * 3 == 7",
    "(1 + 2) * 3 == 9",
    "10 - 3 - 2 == 5",
    "7 / 2 == 3 && 7 % 2 == 1",
    "1 << 4 >> 2 == 4",
    "1 | 2 ^ 2 & 3",
    "0x10 == 16 && 010 == 8 && 0b11 == 3",
    "0x10UL == 16ull",
    "'a' == 97",
    "1 ? 2 : 0",
    "0 ? 0 : 0 ? 0 : 3",
    "1 || 1 / 0",
    "2 > 1 == 1",
    "1 <= 1 && 1 >= 1 && 1 != 2",
    "defined(CONFIG_A)",
    "defined CONFIG_A",
    "defined ( CONFIG_A ) && !defined CONFIG_B",
    "!defined(CONFIG_B) || nothing",
    "IS_ENABLED(CONFIG_A) && IS_BUILTIN(CONFIG_A) && !IS_MODULE(CONFIG_A)",
    "IS_ENABLED(CONFIG_M) && !IS_BUILTIN(CONFIG_M) && IS_MODULE(CONFIG_M) && IS_REACHABLE(CONFIG_M)",
    "!IS_ENABLED(CONFIG_B)",
    "KERNEL_VERSION(2, 6, 32) == 132640",
    "KERNEL_VERSION(6,1,0) > KERNEL_VERSION(5, 255, 255)",
    "VERSION_CODE >= KERNEL_VERSION(6,1,0)",
    "N == 5",
    "__has_attribute(__fallthrough__)",
    "__GNUC_PREREQ(4, (5))",
    "SELF",
  ])("%s", (condition) => {
    expect(evaluateCondition(condition, KERNEL)).toBe(true);
  });
});

describe("does not hold", () => {
  test.each([
    "0",
    "!1",
    "1 && 0",
    "UNKNOWN",
    "defined UNKNOWN",
    "1 / 0",
    "1 % 0",
    "2 == 3",
    "N < 5",
    "0 ? 1 : 0",
    "KERNEL_VERSION(2,6,32) > KERNEL_VERSION(2,6,33)",
  ])("%s", (condition) => {
    expect(evaluateCondition(condition, KERNEL)).toBe(false);
  });
});

describe("is no condition", () => {
  test.each([
    ["", "empty condition"],
    ["   ", "empty condition"],
    ["(1", '")" expected'],
    ["1)", "text after the condition"],
    ["1 +", "ends too early"],
    ["* 2", 'unexpected "*"'],
    ["1 2", "text after the condition"],
    ["defined", "without a name"],
    ["defined(", "without a name"],
    ["defined(1)", "without a name"],
    ["defined(A", '")" expected'],
    ["F(1", '")" expected'],
    ["1 ? 2", '":" expected'],
    ["@", "unexpected"],
    ['"text" == 1', "unexpected"],
    ["a = 1", "unexpected"],
  ])("%s", (condition, message) => {
    const evaluate = (): boolean => evaluateCondition(condition, KERNEL);
    expect(evaluate).toThrow(ConditionError);
    expect(evaluate).toThrow(message);
  });
});

describe("bounds", () => {
  test.each([
    ["parentheses", `${"(".repeat(10_000)}1${")".repeat(10_000)}`],
    ["negations", `${"!".repeat(10_000)}1`],
    ["questions", `${"1 ? ".repeat(10_000)}1${" : 0".repeat(10_000)}`],
  ])("%s nested 10,000 deep are refused", (_, condition) => {
    expect(() => evaluateCondition(condition, KERNEL)).toThrow(ConditionError);
  });

  test("long flat conditions are no problem", () => {
    const long = Array.from({ length: 20_000 }, (_, i) => `defined(X${i})`).join(" || ");
    expect(evaluateCondition(`${long} || 1`, KERNEL)).toBe(true);
  });

  test("macros that name each other end", () => {
    expect(evaluateCondition("A", names({ A: "B", B: "A" }))).toBe(true);
  });

  test("a chain of 20,000 macros is refused, not run off the stack", () => {
    const chain = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`M${i}`, `M${i + 1}`]));
    expect(() => evaluateCondition("M0", names(chain))).toThrow(ConditionError);
  });

  test("macros that double each time do not take exponential time", () => {
    let asked = 0;
    const doubling = names(Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`M${i + 1}`, `(M${i} + M${i})`])));
    const bodyOf = (name: string): string | undefined => {
      asked++;
      return doubling.bodyOf(name);
    };
    try {
      evaluateCondition("M16", { ...doubling, bodyOf });
    } catch (error) {
      expect(error).toBeInstanceOf(ConditionError);
    }
    expect(asked).toBeLessThan(20_000);
  });
});
