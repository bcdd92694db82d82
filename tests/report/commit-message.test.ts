/** Commit messages and cover letters: 75 columns, and data that stays data. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  commitMessage,
  coverLetter,
  type MessageData,
  type MessageTemplates,
  subjectLine,
} from "../../tools/report/commit-message.ts";

const read = (...path: readonly string[]): string =>
  readFileSync(join(import.meta.dirname, "../../templates", ...path), "utf8");

/** The project's own frames around small texts. */
const TEMPLATES: MessageTemplates = {
  message: read("commit-message.txt.hbs"),
  cover: read("cover-letter.txt.hbs"),
  cause: "It waits for {{{who}}}.\n",
  effect: "{{#if better}}It is better.{{else}}It is worse.{{/if}}\n",
};
const DATA: MessageData = {
  prefix: "cifs",
  subject: "wait longer",
  change: "Wait {{{who}}}.\n",
  story: { who: "nobody", better: true, missing: null },
  trailers: ['Fixes: 0123456789ab ("cifs: wait")', "Link: https://example.org/1"],
};
const message = (changes: Partial<MessageData> = {}, templates: Partial<MessageTemplates> = {}): string =>
  commitMessage({ ...TEMPLATES, ...templates }, { ...DATA, ...changes });
const LONG = `${"word ".repeat(60)}end.`;

describe("a commit message", () => {
  test("is subject, cause, change, effect, and trailers", () => {
    expect(message()).toBe(
      "cifs: wait longer\n\nIt waits for nobody.\n\nWait nobody.\n\nIt is better.\n\n" +
        'Fixes: 0123456789ab ("cifs: wait")\nLink: https://example.org/1\n',
    );
    expect(message({ trailers: [] })).toMatch(/It is better\.\n$/);
    expect(message({ story: { who: "x", better: false } })).toContain("It is worse.");
  });

  test("wraps paragraphs at 75 columns, not before, and trailers not at all", () => {
    const trailer = `Link: https://example.org/${"long/".repeat(30)}`;
    const lines = message({
      change: LONG,
      trailers: [trailer, `Fixes: 0123456789ab ("${"cifs: ".repeat(20)}")`],
    }).split("\n");
    expect(lines).toContain(trailer);
    const body = lines.filter((line) => !/^(?:Link|Fixes):/.test(line));
    for (const line of body) expect(line.length).toBeLessThanOrEqual(75);
    expect(lines).toContain("word ".repeat(15).trim());
    expect(message({ change: `${"x".repeat(36)} ${"y".repeat(38)} z` })).toContain(
      `${"x".repeat(36)} ${"y".repeat(38)}\nz`,
    );
  });

  test("keeps a word that is longer than a line whole, on a line of its own", () => {
    const word = "w".repeat(200);
    expect(message({ story: { ...DATA.story, who: word } })).toContain(`\nIt waits for\n${word}.\n`);
  });

  test("has no line of blanks, no blanks at ends, and one blank line between paragraphs", () => {
    const text = message({ change: "\n\n  a  \n  \n\n\n b   c\n" });
    expect(text).toContain("\n\na\n\nb c\n\n");
    expect(text).not.toMatch(/[ \t]\n|\n\n\n|\n\n$/);
  });

  test("a change is a template of the story, and its result is none", () => {
    expect(message({ change: "{{#if better}}yes{{else}}no{{/if}} {{{who}}}" })).toContain("\n\nyes nobody\n\n");
    const story = { who: "{{better}} {{> cause}} {{{{raw}}}} \\{{x}}", better: true };
    expect(message({ story })).toContain("It waits for {{better}} {{> cause}} {{{{raw}}}} \\{{x}}.");
    expect(message({ story })).toContain("Wait {{better}} {{> cause}} {{{{raw}}}} \\{{x}}.");
    expect(message({ prefix: "{{who}}", subject: "{{> effect}}" })).toMatch(/^\{\{who\}\}: \{\{> effect\}\}\n\nIt/);
    expect(message({ trailers: ["Link: {{who}}"] })).toMatch(/\nLink: \{\{who\}\}\n$/);
  });

  test("marks of HTML stay as they are", () => {
    expect(message({ story: { who: "a < b && \"c\" > 'd'" } })).toContain("It waits for a < b && \"c\" > 'd'.");
  });

  test("the story cannot reach what is no story", () => {
    for (const change of ["{{constructor}}", "{{__proto__.constructor}}", "{{lookup this 'constructor'}}"]) {
      expect(message({ change })).not.toMatch(/function|native|object Object/i);
    }
    expect(message({ story: { constructor: "mine" }, change: "{{constructor}}" })).toContain("mine");
  });

  test.each([
    ["control characters", "a\u001b[31mb\u0007c\u0000d", "a?[31mb?c?d"],
    ["letters beyond ASCII", "Jos\u00e9 \u2026", "Jos? ?"],
    ["a direction mark", "a\u202eb", "a?b"],
  ])("%s become question marks", (_, text, wanted) => {
    expect(message({ story: { who: text }, change: "." })).toContain(`It waits for ${wanted}.`);
    expect(subjectLine({ prefix: "cifs", subject: text })).toBe(`cifs: ${wanted}`);
  });

  test("whatever the data, it is printable ASCII, its first line is the subject, and its trailers are its end", () => {
    const text = fc.string({ unit: "binary", maxLength: 60 });
    fc.assert(
      fc.property(text, text, text, (who, subject, word) => {
        const result = message({
          story: { who, better: false },
          subject,
          trailers: [`Link: x${word.replace(/\s/g, "")}`],
        });
        expect(result).toMatch(/^[\n\x20-\x7e]*$/);
        const [first, second] = result.split("\n");
        expect(first).toBe(subjectLine({ prefix: "cifs", subject }));
        expect(second).toBe("");
        expect(result).toMatch(/\n\nLink: x[^\n]*\n$/);
        for (const line of result.split("\n").slice(1, -2)) expect(line.includes(" ") && line.length > 75).toBe(false);
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});

describe("trailers", () => {
  test("keep their lines and their order, and stand last, however many they are", () => {
    const trailers = [
      'Fixes: 1 ("a: b")',
      "Reported-by: A <a@example.org>",
      "Link: https://example.org/2",
      "Cc: stable@vger.kernel.org # 6.1",
    ];
    expect(message({ trailers }).endsWith(`\n\n${trailers.join("\n")}\n`)).toBe(true);
  });

  test("a paragraph that only begins like one is wrapped", () => {
    expect(message({ change: `Note: ${LONG}\nand more` })).toMatch(/\nNote: (?:word ){13}word\n/);
  });
});

describe("the subject line", () => {
  test("is one line", () => {
    expect(subjectLine({ prefix: "smb: client", subject: "a\n\nb  c" })).toBe("smb: client: a b c");
    const [first, blank, body] = message({ subject: "a\nSigned-off-by: x" }).split("\n");
    expect([first, blank, body]).toEqual(["cifs: a Signed-off-by: x", "", "It waits for nobody."]);
  });

  test("may hold what a replacement would take for a pattern", () => {
    expect(message({ subject: "$& $1 $$ SUBJECT" }).split("\n")[0]).toBe("cifs: $& $1 $$ SUBJECT");
  });
});

describe("a cover letter", () => {
  const letter = (trailers: readonly string[] = []): string => coverLetter(TEMPLATES, DATA.story, trailers);

  test("is cause, effect, and trailers", () => {
    expect(letter(["Link: x"])).toBe("It waits for nobody.\n\nIt is better.\n\nLink: x\n");
    expect(letter()).toMatch(/\nIt is better\.\n$/);
  });
});

describe("the templates of cifs-echo", () => {
  const own = { cause: read("cifs-echo", "cause.txt.hbs"), effect: read("cifs-echo", "effect.txt.hbs") };

  test("stay within 75 columns with whatever they are told", () => {
    const value = fc.constantFrom<string | boolean | null>("60", "0.5", true, false, null, "a {{b}} c");
    const keys = [...`${own.cause}${own.effect}`.matchAll(/\{\{[{#~]*(?:if |unless |else if )?(\w+)/g)].map(
      (match) => match[1] ?? "",
    );
    expect(keys.length).toBeGreaterThan(10);
    fc.assert(
      fc.property(fc.record(Object.fromEntries(keys.map((key) => [key, value]))), (story) => {
        const lines = message({ story, change: LONG }, own).split("\n");
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(75);
      }),
      { seed: 11, numRuns: 200 },
    );
  });
});
