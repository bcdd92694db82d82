/** Text in 75 columns. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { filled, filledParagraphs, listed, MAIL_COLUMNS, numbered } from "../../tools/report/columns.ts";

test("any text fits, loses nothing but blanks, and has no control characters", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), fc.nat({ max: 20 }), (text, indent) => {
      const lines = filled(text, { first: "> ", rest: " ".repeat(indent) });
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(MAIL_COLUMNS);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(lines.join("")).not.toMatch(/[\u0000-\u001f]/);
    }),
    { seed: 7 },
  );
});

test("a number keeps its unit, and a word that is too long is cut", () => {
  const [first, second] = filled(`${"x".repeat(72)} 12 s`);
  expect([first, second]).toEqual(["x".repeat(72), "12 s"]);
  expect(filled("y".repeat(100)).map((line) => line.length)).toEqual([75, 25]);
});

test("paragraphs and lists", () => {
  expect(filledParagraphs("a\nb\n\n  c\n")).toBe("a b\n\nc");
  expect(listed(["a", "b ".repeat(40)])).toBe(`- a\n- ${"b ".repeat(37).trim()}\n  b b b`);
  expect(numbered(Array.from({ length: 10 }, () => "x")).split("\n")[0]).toBe(" 1. x");
});
