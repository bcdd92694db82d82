/** What stands around the places that recipes edit: names, declarations, lines, line ends, indentation, old letters. */
import { describe, expect, test } from "vitest";
import {
  applyTo,
  C,
  changed,
  ECHO,
  H,
  HEADER,
  kernel,
  outcome,
  RECIPE_NAMES,
  type Texts,
  WATCHDOG,
} from "./echo-kernel.ts";

const GUARD = "time_before(jiffies, server->lstrp + server->echo_interval - HZ)";
const COMMENT = "\t/* Traffic of late is a sign of life. */\n";
const REARM = "queue_delayed_work(cifsiod_wq, &server->echo, server->echo_interval);";

/** The kernel with another echo routine: replacements of places in it. */
const echo = (...edits: readonly (readonly [string, string])[]): Texts => kernel({ echo: changed(ECHO, ...edits) });
const everyText = (texts: Texts, edit: (text: string) => string): Texts =>
  Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, edit(text)]));

describe("the routine's surroundings", () => {
  test("a local of the wished name makes the recipe take another one", () => {
    const texts = echo(["int rc;", "int rc, now, left;"]);
    expect(outcome("fixed-schedule", texts)).toContain("+\tunsigned long now_jiffies;");
    expect(outcome("rearm-from-response", texts)).toContain("+\tif (left_jiffies > 0)");
  });

  const BARE = `static void cifs_echo_request(struct work_struct *work)\n{\n\tping(server);\n\t${REARM}\n}\n`;
  const GLOBAL = `${HEADER}extern struct TCP_Server_Info *server;\n`;

  test("a function without declarations gets them as a paragraph of their own", () => {
    const texts = kernel({ header: GLOBAL, echo: BARE });
    expect(applyTo("fixed-schedule", texts).after[C]).toContain(
      "{\n\tunsigned long now;\n\n\tping(server);\n\tnow = jiffies;\n",
    );
    expect(applyTo("rearm-first", texts).after[C]).toContain(`{\n\t${REARM}\n\n\tping(server);\n}\n`);
  });

  test.each(["fixed-schedule", "rearm-first"])("%s refuses a body on one line", (name) => {
    const one = BARE.replaceAll(/\n\t?/g, " ").trim();
    const [kind, line] = outcome(name, kernel({ header: GLOBAL, echo: `${one}\n` }));
    expect([kind, line]).toEqual(["refused", one]);
  });

  test.each(["fixed-schedule", "rearm-first"])(
    "%s refuses a routine of which the configuration chooses the text",
    (name) => {
      const condition = expect.stringContaining("preprocessor condition");
      for (const declared of [
        "\tint rc;\n#ifdef CONFIG_X\n\tint more;\n#endif\n",
        "#ifndef X\n\tint more;\n#endif\n\tint rc;\n",
      ]) {
        expect(outcome(name, echo(["\tint rc;\n", declared]))).toEqual(["refused", REARM, condition]);
      }
    },
  );

  test.each([
    [
      "another statement",
      "int rc; server->status = 2;",
      ["fixed-schedule", "rearm-first", "rearm-from-response"],
      "int rc;",
    ],
    ["a comment that goes on", "int rc; /* of\n\t\t     echo */", ["fixed-schedule", "rearm-first"], "int rc;"],
  ])("declarations that share their line with %s are refused", (_, text, names, line) => {
    for (const name of names) expect(outcome(name, echo(["int rc;", text]))[1]).toContain(line);
  });

  test("arming that shares its line with other work is not taken out with it, comments or not", () => {
    const texts = echo([REARM, `${REARM} /* a */ wake_up(server); /* b */`]);
    expect(outcome("rearm-first", texts)).toEqual([
      "refused",
      expect.stringContaining(REARM),
      expect.stringContaining("shares"),
    ]);
  });

  test.each(RECIPE_NAMES)("%s in a file with CRLF writes CRLF, and nothing else changes", (name) => {
    const texts = kernel({});
    const dos = everyText(texts, (text) => text.replaceAll("\n", "\r\n"));
    const { after, proposal } = applyTo(name, dos);
    expect(proposal.kind).toBe("edits");
    expect(everyText(after, (text) => text.replaceAll("\r\n", "\n"))).toEqual(applyTo(name, texts).after);
    for (const text of Object.values(after))
      expect(
        text
          .split("\n")
          .slice(0, -1)
          .every((line) => line.endsWith("\r")),
      ).toBe(true);
  });

  test.each(RECIPE_NAMES)("%s where blanks indent: the same tokens", (name) => {
    const blanks = everyText(kernel({}), (text) => text.replaceAll("\t", "    "));
    const squeezed = (texts: Texts): Texts => everyText(texts, (text) => text.replace(/\s+/g, " "));
    expect(squeezed(applyTo(name, blanks).after)).toEqual(squeezed(applyTo(name, kernel({})).after));
  });

  test.each(RECIPE_NAMES)(
    "%s leaves Latin-1 in comments as it is, or says that it would have to write it anew",
    (name) => {
      const around = echo(
        [COMMENT, "\t/* Tr\xe4fic \xa0 of late is a sign of life. */\n"],
        ["int rc;", "int rc; /* \xe9 */"],
      );
      const { after, proposal } = applyTo(name, around);
      expect(proposal.kind).toBe("edits");
      expect(after[C]).toContain("int rc; /* \xe9 */");
      expect(/Tr\xe4fic \xa0 of/.test(after[C] ?? "")).toBe(name !== "always-echo");
      const inside = echo(["&server->echo, server->echo_interval", "&server->echo, server->/* \xe9 */echo_interval"]);
      const [first, line, why] = outcome(name, inside);
      if (/^(?:three-intervals|always-echo)$/.test(name)) expect(first).toMatch(/^[-+]/);
      else expect([first, why, line]).toEqual(["refused", expect.stringContaining("beyond ASCII"), expect.any(String)]);
    },
  );

  test("always-echo refuses to word a comment anew of which Latin-1 would stay", () => {
    const texts = echo([COMMENT, "\t/* Jos\xe9 says so. A recent response. */\n"], [GUARD, `rc || ${GUARD}`]);
    expect(outcome("always-echo", texts)[2]).toContain("beyond ASCII");
  });

  test("nothing of a kernel without a probe of that name is touched: a fixture's mistake is no result", () => {
    expect(() => applyTo("always-echo", { [H]: HEADER, [C]: WATCHDOG })).toThrow("no probe");
  });
});
