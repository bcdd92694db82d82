/** The recipes for the SMB echo, on the sample kernel and on variants of a small routine: edits, and refusals. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { patchedFiles, verifyEdits } from "../../tools/repair/verify-edits.ts";
import {
  applyTo,
  C,
  CONFIGURATION,
  changed,
  ECHO,
  HEADER,
  kernel,
  outcome,
  RECIPE_NAMES,
  sampleTexts,
  type Texts,
  WATCHDOG,
} from "./echo-kernel.ts";

const GUARD = "time_before(jiffies, server->lstrp + server->echo_interval - HZ)";
const SKIP = `\tif (${GUARD})\n\t\tgoto requeue;\n`;
const COMMENT = "\t/* Traffic of late is a sign of life. */\n";
const REARM = "queue_delayed_work(cifsiod_wq, &server->echo, server->echo_interval);";

const LOOKED = [
  `-\t${REARM}`,
  "+\tqueue_delayed_work(cifsiod_wq, &server->echo,",
  "+\t\t\t   server->echo_interval / 2);",
];
const LEFT = [
  "+\t/* What is left of the interval that began with the last response. */",
  "+\tleft = server->lstrp + server->echo_interval - jiffies;",
  "+",
];
const ARMED_WITH_LEFT = [
  `-\t${REARM}`,
  "+\tqueue_delayed_work(cifsiod_wq, &server->echo,",
  "+\t\t\t   left > 0 ? left : server->echo_interval);",
];
const MEMBER = "+\tunsigned long echo_due; /* when echo is to run, in jiffies */";
const SCHEDULED = [
  `-\t${REARM}`,
  "+\tnow = jiffies;",
  "+\tserver->echo_due += server->echo_interval;",
  "+\t/* A first run, one out of turn, or one that is late by an interval. */",
  "+\tif (server->echo_due - now > server->echo_interval)",
  "+\t\tserver->echo_due = now + server->echo_interval;",
  "+\tqueue_delayed_work(cifsiod_wq, &server->echo, server->echo_due - now);",
];
const WAITS_THREE = [
  "-\tif (time_after(jiffies, server->lstrp + 2 * server->echo_interval)) {",
  '-\t\tprintk("silent for %lu seconds\\n", (2 * server->echo_interval) / HZ);',
  "+\tif (time_after(jiffies, server->lstrp + 3 * server->echo_interval)) {",
  '+\t\tprintk("silent for %lu seconds\\n", (3 * server->echo_interval) / HZ);',
];
const SAYS_THREE = [
  "-/* Two steps: after two intervals the server is given up. */",
  "+/* Two steps: after three intervals the server is given up. */",
];

/** The kernel with another echo routine: replacements of places in it. */
const echo = (...edits: readonly (readonly [string, string])[]): Texts => kernel({ echo: changed(ECHO, ...edits) });
/** The kernel with another guard. */
const guard = (text: string): Texts => echo([SKIP, text]);
/** The kernel with 2 * interval in other words, wherever it stands. */
const factor = (words: string, header = HEADER): Texts =>
  kernel({ watchdog: WATCHDOG.replaceAll("2 * server->echo_interval", words), header });
/** The header with lines before its first macro. */
const defining = (lines: string): string => changed(HEADER, ["#define ECHO", `${lines}\n#define ECHO`]);

describe("the plain routine", () => {
  test.each([
    ["three-intervals", [...SAYS_THREE, ...WAITS_THREE]],
    ["fixed-schedule", [MEMBER, "+\tunsigned long now;", ...SCHEDULED]],
    ["always-echo", [...`${COMMENT}${SKIP}`.split("\n").map((line) => `-${line}`)]],
    [
      "rearm-first",
      [
        `+\t${REARM}`,
        "+",
        "-\t\tgoto requeue;",
        "+\t\treturn;",
        "-\t\tgoto requeue;",
        "+\t\treturn;",
        "-",
        "-requeue:",
        `-\t${REARM}`,
      ],
    ],
    ["rearm-from-response", ["+\tlong left = 0;", ...LEFT, `-\tif (${GUARD})`, "+\tif (left > 0)", ...ARMED_WITH_LEFT]],
    [
      "look-twice",
      [`-\tif (${GUARD})`, "+\tif (time_before(jiffies, server->lstrp + server->echo_interval * 3 / 4))", ...LOOKED],
    ],
  ])("%s changes these lines and no others", (name, lines) => {
    expect(outcome(name, kernel({}))).toEqual(lines);
  });
});

describe("a recipe says why it does nothing", () => {
  const NO_MULTIPLE = "no product of a number and the echo interval";
  test.each<readonly [string, string, Texts, readonly [string, string, string] | readonly [string, string]]>([
    ["always-echo", "without a guard", guard(""), ["already there", "no echo is skipped after recent traffic"]],
    [
      "rearm-first",
      "armed at the beginning already",
      echo([`\t${REARM}\n`, "\t;\n"], ["\tif (server->status", `\t${REARM}\n\tif (server->status`]),
      ["already there", "the work is armed before it does anything that takes time"],
    ],
    ["three-intervals", "three already", factor("3 * server->echo_interval"), ["already there", "waits 3 intervals"]],
    ["three-intervals", "five", factor("server->echo_interval * 5"), ["already there", "waits 5 intervals"]],
    [
      "three-intervals",
      "a variable number",
      factor("echo_retries * server->echo_interval"),
      ["refused", "if (time_after(", `echo_retries x server->echo_interval: ${NO_MULTIPLE}`],
    ],
    ["three-intervals", "a fixed time", factor("120 * HZ"), ["refused", "if (time_after(", NO_MULTIPLE]],
    ["three-intervals", "one interval", factor("server->echo_interval"), ["refused", "if (time_after(", NO_MULTIPLE]],
    [
      "three-intervals",
      "a deadline in a macro",
      kernel({
        header: defining("#define SILENT(s) time_after(jiffies, (s)->lstrp + 2 * (s)->echo_interval)"),
        watchdog: changed(WATCHDOG, [
          "time_after(jiffies, server->lstrp + 2 * server->echo_interval)",
          "SILENT(server)",
        ]),
      }),
      ["refused", "if (SILENT(server))", "stands in the macro SILENT"],
    ],
    ["three-intervals", "no watchdog", guard(""), ["refused", "static void cifs_echo_request", "nobody waits"]],
    [
      "always-echo",
      "a guard whose value is stored",
      guard(`\trc = ${GUARD};\n\tif (rc)\n\t\tgoto requeue;\n`),
      ["refused", `rc = ${GUARD};`, "is used as a value"],
    ],
    [
      "always-echo",
      "a guard in a local bool",
      guard(`\tbool recent = ${GUARD};\n\tif (recent)\n\t\tgoto requeue;\n`),
      ["refused", `bool recent = ${GUARD};`, "is used as a value"],
    ],
    [
      "rearm-from-response",
      "a guard in a local bool",
      guard(`\tbool recent = ${GUARD};\n\tif (recent)\n\t\tgoto requeue;\n`),
      ["refused", `bool recent = ${GUARD};`, "stands in a declaration"],
    ],
    [
      "rearm-from-response",
      "a guard that is waited for",
      guard(`\twhile (${GUARD})\n\t\tmsleep(1);\n`),
      ["refused", `while (${GUARD})`, "or a loop"],
    ],
    [
      "rearm-from-response",
      "a guard behind the arming",
      echo([`\t${REARM}\n`, "\t;\n"], ["\tif (server->status", `\t${REARM}\n\tif (server->status`]),
      ["refused", `if (${GUARD})`, "armed before the guard"],
    ],
    [
      "always-echo",
      "a negated guard",
      guard(`\tif (!${GUARD})\n\t\tserver->status = 2;\n`),
      ["refused", `if (!${GUARD})`, "would have to take the place of the if"],
    ],
    [
      "always-echo",
      "a guard that calls come before",
      guard(`\tif (busy(server) && ${GUARD})\n\t\tgoto requeue;\n`),
      ["refused", `if (busy(server) && ${GUARD})`, "would not be done any more"],
    ],
    [
      "always-echo",
      "a guard with a label in its branch",
      echo(
        [SKIP, `\tif (${GUARD}) {\nskip:\n\t\tgoto requeue;\n\t}\n`],
        ["if (rc)", "if (rc == 2)\n\t\tgoto skip;\n\tif (rc)"],
      ),
      ["refused", `if (${GUARD}) {`, "a label stands in what would go"],
    ],
    [
      "always-echo",
      "a guard that ends in two ways, by the configuration",
      guard(`\tif (${GUARD})\n#ifdef CONFIG_X\n\t\tgoto requeue;\n#else\n\t\treturn;\n#endif\n`),
      ["refused", `if (${GUARD})`, "preprocessor condition"],
    ],
    [
      "always-echo",
      "a guard in an else",
      guard(`\tif (rc)\n\t\tserver->status = 2;\n\telse if (${GUARD})\n\t\tgoto requeue;\n`),
      ["refused", `else if (${GUARD})`, "the branch of another statement"],
    ],
    [
      "always-echo",
      "a guard in a macro",
      kernel({
        header: defining("#define RECENT(s) time_before(jiffies, (s)->lstrp + (s)->echo_interval - HZ)"),
        echo: changed(ECHO, [GUARD, "RECENT(server)"]),
      }),
      ["refused", "if (RECENT(server))", "stands in the macro RECENT"],
    ],
    [
      "rearm-from-response",
      "two terms in the guard",
      echo(["server->echo_interval - HZ", "server->echo_interval + HZ"]),
      ["refused", "if (time_before(", "no timestamp plus one interval"],
    ],
    [
      "look-twice",
      "a clock that is read before",
      echo(["int rc;", "int rc;\n\tunsigned long clock = jiffies;"], ["time_before(jiffies", "time_before(clock"]),
      ["refused", "if (time_before(clock", "not read in the comparison itself"],
    ],
    ["look-twice", "no guard", guard(""), ["refused", "static void cifs_echo_request", "no echo is skipped"]],
    [
      "fixed-schedule",
      "a member of that name",
      kernel({ header: changed(HEADER, ["\tunsigned long lstrp;", "\tlong echo_due;\n\tunsigned long lstrp;"]) }),
      ["refused", REARM, "has a member echo_due already"],
    ],
    [
      "fixed-schedule",
      "a member that shares its line",
      kernel({ header: changed(HEADER, ["\tint status;\n\t", "\tint status; "]) }),
      ["refused", REARM, "shares its line"],
    ],
    [
      "fixed-schedule",
      "no name left for a local",
      echo(["int rc;", "int rc, now, now_jiffies, at;"]),
      ["refused", "static void cifs_echo_request", "uses the names now, now_jiffies, at already"],
    ],
  ])("%s: %s", (name, _, texts, [kind, ...words]) => {
    const [found, ...said] = outcome(name, texts);
    expect(found).toBe(kind);
    expect(said).toHaveLength(words.length);
    for (const [i, part] of words.entries()) expect(said[i]).toContain(part);
  });
});

describe("what arms itself otherwise is refused by every recipe that touches the arming", () => {
  const TOUCHING = ["three-intervals", "fixed-schedule", "rearm-first", "rearm-from-response", "look-twice"];
  const EARLIER = `\tif (${GUARD}) {\n\t\t${REARM}\n\t\treturn;\n\t}\n`;
  const REFUSED: readonly (readonly [string, Texts, string, string])[] = [
    ["in two places", guard(EARLIER), REARM, "more than one place"],
    ["under a condition", echo([`\t${REARM}`, `\tif (rc)\n\t\t${REARM}`]), REARM, "under a condition"],
    ["in braces", echo([`\t${REARM}`, `\tif (rc) {\n\t\t${REARM}\n\t}`]), REARM, "under a condition"],
    ["and looks at the result", echo([REARM, `rc = ${REARM}`]), `rc = ${REARM}`, "result of arming"],
    [
      "through a helper",
      kernel({
        echo: `static void arm(struct TCP_Server_Info *server)\n{\n\t${REARM}\n}\n\n${changed(ECHO, [REARM, "arm(server);"])}`,
      }),
      "static void cifs_echo_request(struct work_struct *work)",
      "does not arm itself again",
    ],
  ];
  const cases = REFUSED.flatMap(([what, texts, line, why]) =>
    TOUCHING.map((name) => [what, name, texts, line, why] as const),
  );
  test.each(cases)("%s: %s", (_, name, texts, line, why) => {
    const [kind, where, reason] = outcome(name, texts);
    expect([kind, where]).toEqual(["refused", line]);
    expect(reason).toContain(why);
  });

  test("rearm-first: a routine that may end without arming itself would arm itself there, too", () => {
    const texts = echo([COMMENT, `\tif (server->status == 7)\n\t\treturn;\n\n${COMMENT}`]);
    expect(outcome("rearm-first", texts)).toEqual(["refused", REARM, expect.stringContaining("may end without")]);
    expect(outcome("look-twice", texts)[0]).toMatch(/^-/);
  });

  test("rearm-first: a local that is set on the way is not known at the beginning; one that is set there is", () => {
    const declared = echo(
      ["int rc;", "int rc;\n\tunsigned long delay = server->echo_interval;"],
      ["&server->echo, server->echo_interval", "&server->echo, delay"],
    );
    expect(outcome("rearm-first", declared)[0]).toBe("+\tqueue_delayed_work(cifsiod_wq, &server->echo, delay);");
    const assigned = { ...declared, [C]: changed(declared[C] ?? "", ["\trc = ", "\tdelay = 2 * HZ;\n\trc = "]) };
    expect(outcome("rearm-first", assigned)[2]).toContain("the local delay is not what it will be");
  });
});

describe("the watchdog's number", () => {
  test.each([
    ["behind the interval", "server->echo_interval * 2", "server->echo_interval * 3"],
    ["with a suffix", "2UL * server->echo_interval", "3UL * server->echo_interval"],
    ["without blanks", "2*server->echo_interval", "3*server->echo_interval"],
  ])("%s", (_, before, after) => {
    const texts = factor(before);
    const lines = outcome("three-intervals", texts).filter((line) => /echo_interval/.test(line));
    expect(lines).toEqual(
      WAITS_THREE.map((line) => line.replace(/[23] \* server->echo_interval/, line[0] === "-" ? before : after)),
    );
  });

  test.each([
    ["of the length", "unsigned long timeout = 2 * server->echo_interval;", "server->lstrp + timeout"],
    ["of the point in time", "unsigned long timeout = server->lstrp + 2 * server->echo_interval;", "timeout"],
  ])("in a local %s", (_, declaration, use) => {
    const watchdog = changed(
      WATCHDOG,
      ["server->lstrp + 2 * server->echo_interval", use],
      ["{\n\tif", `{\n\t${declaration}\n\n\tif`],
    );
    const lines = outcome("three-intervals", kernel({ watchdog }));
    expect(lines).toContain(`+\t${declaration.replace("2 *", "3 *")}`);
    expect(lines).toHaveLength(6);
  });

  test("in a macro: the macro is changed, and what it says is checked", () => {
    const texts = factor(
      "ECHO_COUNT * server->echo_interval",
      defining("#define YEARS 3\n#define ECHO_COUNT  (2)\t/* at least */"),
    );
    const { program, edits } = applyTo("three-intervals", texts);
    expect(outcome("three-intervals", texts)).toEqual([
      "-#define ECHO_COUNT  (2)\t/* at least */",
      "+#define ECHO_COUNT  (3)\t/* at least */",
      ...SAYS_THREE,
    ]);
    const checks = verifyEdits(program.files, patchedFiles(program.files, edits), edits, CONFIGURATION);
    expect(checks.map((one) => one.status)).toEqual(["passed", "passed"]);
  });

  const COUNTED = "ECHO_COUNT * server->echo_interval";
  const COUNT = "#define ECHO_COUNT 2";
  test.each([
    [
      "another function",
      factor(COUNTED, `${defining(COUNT)}static inline int f(void)\n{\n\treturn ECHO_COUNT;\n}\n`),
      "is used in",
    ],
    [
      "the same function for something else",
      {
        ...factor(COUNTED, defining(COUNT)),
        [C]: changed(factor(COUNTED)[C] ?? "", ["return false", "return server->status > ECHO_COUNT"]),
      },
      "is used in",
    ],
    [
      "another branch",
      factor(COUNTED, defining(`#ifdef CONFIG_X\n${COUNT}\n#else\n${COUNT}\n#endif`)),
      "more than once",
    ],
  ])("in a macro that %s has too is refused", (_, texts, why) => {
    expect(outcome("three-intervals", texts)).toEqual([
      "refused",
      expect.stringMatching(/^if \(time_after/),
      expect.stringContaining(why),
    ]);
  });

  test("comments of the routine that count intervals count on; other numbers and other comments stay", () => {
    const watchdog = `/*\n * After 2 echo intervals, or two of them: two seconds.\n */\n${changed(
      WATCHDOG.slice(WATCHDOG.indexOf("\n") + 1),
      ["\t\tcifs_rec", "\t\t/* two intervals \xe9 */\n\t\tcifs_rec"],
    )}`;
    expect(outcome("three-intervals", kernel({ watchdog })).filter((line) => !/server->/.test(line))).toEqual([
      "- * After 2 echo intervals, or two of them: two seconds.",
      "+ * After 3 echo intervals, or three of them: two seconds.",
      "-\t\t/* two intervals \xe9 */",
      "+\t\t/* three intervals \xe9 */",
    ]);
  });
});

describe("the guard's forms", () => {
  test.each([
    ["likely()", `\tif (likely(${GUARD}))\n\t\tgoto requeue;\n`, "likely(left > 0)"],
    [
      "swapped",
      "\tif (time_after(server->lstrp + server->echo_interval - HZ, jiffies))\n\t\tgoto requeue;\n",
      "left > 0",
    ],
    ["in braces", `\tif (${GUARD}) {\n\t\tgoto requeue;\n\t}\n`, "left > 0"],
    [
      "the other way round",
      "\tif (!time_after_eq(jiffies, server->lstrp + server->echo_interval - HZ))\n\t\tgoto requeue;\n",
      "!(left <= 0)",
    ],
    ["beside a condition that calls nothing", `\tif (rc && ${GUARD})\n\t\tgoto requeue;\n`, "rc && left > 0"],
  ])("%s", (_, text, condition) => {
    const texts = guard(text);
    expect(outcome("always-echo", texts)).toEqual(`${COMMENT}${text}`.split("\n").map((line) => `-${line}`));
    const lines = outcome("rearm-from-response", texts);
    expect(lines.find((line) => line.startsWith("+\tif"))?.replace(/ \{$/, "")).toBe(`+\tif (${condition})`);
    expect(lines).toEqual(expect.arrayContaining([...LEFT, ...ARMED_WITH_LEFT]));
  });

  test("negated: what is left is compared as one operand of the negation", () => {
    const lines = outcome("rearm-from-response", guard(`\tif (!${GUARD})\n\t\tserver->status = 2;\n`));
    expect(lines).toContain("+\tif (!(left > 0))");
  });

  test.each([
    ["behind ||", `\tif (rc ||\n\t    ${GUARD})\n\t\tgoto requeue;\n`],
    ["before ||", `\tif (${GUARD} || rc)\n\t\tgoto requeue;\n`],
    ["among three", `\tif (${GUARD} ||\n\t    /* why */ rc)\n\t\tgoto requeue;\n`],
    ["negated, behind &&", `\tif (rc && !${GUARD})\n\t\tgoto requeue;\n`],
  ])("always-echo takes one operand out: %s", (_, text) => {
    expect(applyTo("always-echo", guard(text)).after[C]).toContain(`${COMMENT}\tif (rc)\n\t\tgoto requeue;\n`);
  });

  test("always-echo words the comment anew that gave the recent traffic as a reason", () => {
    const texts = echo(
      [COMMENT, "\t/* Not without a server. Nor after a recent response. */\n"],
      [GUARD, `!server || ${GUARD}`],
    );
    expect(applyTo("always-echo", texts).after[C]).toContain(
      "\t/*\n\t * Not without a server. Recent traffic is no reason to skip it: the\n" +
        "\t * next one may come too late.\n\t */\n\tif (!server)\n\t\tgoto requeue;\n",
    );
  });

  test("always-echo takes a local out that only the guard has read, and a label that only it has jumped to", () => {
    const texts = echo(
      ["int rc;", "unsigned long wait = server->echo_interval;\n\tint rc;"],
      ["server->lstrp + server->echo_interval - HZ", "server->lstrp + wait - HZ"],
      ["status != 1)\n\t\tgoto requeue;", "status != 1)\n\t\tserver->status = 1;"],
    );
    const { after } = applyTo("always-echo", texts);
    expect(after[C]).not.toMatch(/\bwait\b|requeue:/);
    expect(after[C]).toContain(`\n\n\t${REARM}\n}`);
  });

  test("always-echo leaves locals and labels that were without use before", () => {
    const texts = echo(["int rc;", "int idle = 0;\n\tint rc;"], ["\trc = server", "lonely:\n\trc = server"]);
    expect(outcome("always-echo", texts)).toEqual(`${COMMENT}${SKIP}`.split("\n").map((line) => `-${line}`));
  });

  test("rearm-from-response under another condition: what is left is nothing where the guard is not looked at", () => {
    const texts = echo(
      [SKIP, `\tif (server->ops) {\n\t${SKIP.replace("\n\t\t", "\n\t\t\t")}\t}\n`],
      ["\tif (server->status != 1)\n\t\tgoto requeue;\n\n", ""],
    );
    expect(outcome("rearm-from-response", texts)[0]).toBe("+\tlong left = 0;");
  });

  test("an interval that sums would tear apart gets parentheses", () => {
    const chosen = "server->echo_interval ? server->echo_interval : HZ";
    const texts = echo(
      ["&server->echo, server->echo_interval", `&server->echo, ${chosen}`],
      ["+ server->echo_interval - HZ", `+ (${chosen}) - HZ`],
    );
    const added = (name: string): string =>
      outcome(name, texts)
        .filter((line) => line.startsWith("+"))
        .join("\n");
    expect(added("fixed-schedule")).toContain(`if (server->echo_due - now > (${chosen}))`);
    expect(added("fixed-schedule")).toContain(`= now + (${chosen});`);
    expect(added("rearm-from-response")).toContain(`left = server->lstrp + (${chosen}) - jiffies;`);
    expect(added("look-twice")).toContain(`server->lstrp + (${chosen}) * 3 / 4`);
    expect(added("look-twice")).toContain(`(${chosen}) / 2);`);
  });
});

describe("what a breaker found", () => {
  const watch = (...edits: Parameters<typeof changed>[1][]): Texts =>
    kernel({ watchdog: edits.reduce((text, edit) => changed(text, edit), WATCHDOG) });

  test.each([
    [
      "more than a product is waited for",
      ["+ 2 * server->echo_interval", "+ server->echo_interval + 2 * server->echo_interval"],
    ],
    ["a part of a product is waited for", ["+ 2 * server->echo_interval", "+ 2 * server->echo_interval / 3"]],
  ] as const)("three-intervals: %s", (_, edit) => {
    expect(outcome("three-intervals", watch(edit))[0]).toBe("refused");
  });

  test("a guard whose neighbour stores something is refused by always-echo", () => {
    const texts = echo([`\tif (${GUARD})`, `\tif ((rc = server->status) && ${GUARD})`]);
    expect(outcome("always-echo", texts)[2]).toMatch(/would not be done any more/);
  });

  test("a pointer that the same condition tests is not looked at before", () => {
    const texts = echo([`\tif (${GUARD})`, `\tif (server && ${GUARD})`]);
    expect(outcome("rearm-from-response", texts)[2]).toMatch(/server is tested in the same condition/);
  });

  test.each(["always-echo", "rearm-first", "look-twice"])("%s sees what the configuration switches off", (name) => {
    const texts = echo([`\t${REARM}`, `#ifndef CONFIG_X\n\tserver->status = 2;\n#endif\n\t${REARM}`]);
    expect(outcome(name, texts)[2]).toMatch(/preprocessor condition/);
  });
});

describe("on the sample", () => {
  const cache = mkdtempSync(join(tmpdir(), "groundhog-recipes-test-"));
  const at = (step: number): Promise<Texts> => sampleTexts(step, cache);
  afterAll(() => rmSync(cache, { recursive: true }));

  test("step 5: the number of the deadline, of its message and of its comment", async () => {
    expect(outcome("three-intervals", await at(5))).toEqual([
      "-/* One interval may pass without an echo, so it takes two of them to be sure. */",
      "+/* One interval may pass without an echo, so it takes three of them to be sure. */",
      "-\tif (time_after(jiffies, server->lstrp + 2 * SMB_ECHO_INTERVAL)) {",
      "+\tif (time_after(jiffies, server->lstrp + 3 * SMB_ECHO_INTERVAL)) {",
      "-\t\t\t server->hostname, (2 * SMB_ECHO_INTERVAL) / HZ);",
      "+\t\t\t server->hostname, (3 * SMB_ECHO_INTERVAL) / HZ);",
    ]);
  });

  test("step 5: the interval is a macro, and stays one factor", async () => {
    expect(outcome("look-twice", await at(5))).toEqual([
      "-\tif (time_before(jiffies, server->lstrp + SMB_ECHO_INTERVAL - HZ))",
      "+\tif (time_before(jiffies, server->lstrp + SMB_ECHO_INTERVAL * 3 / 4))",
      "-\tqueue_delayed_work(cifsiod_wq, &server->echo, SMB_ECHO_INTERVAL);",
      "+\tqueue_delayed_work(cifsiod_wq, &server->echo, SMB_ECHO_INTERVAL / 2);",
    ]);
  });

  test("step 9: the member stands behind the work in its struct, and a comment that is history stays", async () => {
    const [member, local, ...rest] = outcome("fixed-schedule", await at(9));
    expect([member, local, rest]).toEqual([MEMBER, "+\tunsigned long now;", SCHEDULED]);
    const { after } = applyTo("three-intervals", await at(9));
    expect(after[C]).toContain("this was echo_retries * SMB_ECHO_INTERVAL, with 5 for a start");
    expect(after[C]).toContain("so it takes three of them to be sure");
  });

  test("step 12: three intervals are there; the jumps of a switch become returns; a comment with the word now stays", async () => {
    const texts = await at(12);
    expect(outcome("three-intervals", texts)).toEqual(["already there", "the watchdog waits 3 intervals"]);
    const first = outcome("rearm-first", texts);
    expect(first.filter((line) => line === "+\t\treturn;")).toHaveLength(2);
    expect(first.at(-1)).toBe(`-\t${REARM}`);
    expect(outcome("fixed-schedule", texts)).toContain("+\tunsigned long now_jiffies;");
    expect(outcome("rearm-from-response", texts)).toContain("+\tleft = server->lstrp + echo_interval - jiffies;");
  });

  test.each([5, 9, 12])(
    "step %i: every recipe passes the checks of its edits, and is there or gone the second time",
    async (step) => {
      const texts = await at(step);
      for (const name of RECIPE_NAMES) {
        const { program, proposal, edits, after } = applyTo(name, texts);
        if (proposal.kind !== "edits") continue;
        const checks = verifyEdits(program.files, patchedFiles(program.files, edits), edits, CONFIGURATION);
        expect(checks.map((one) => [name, one.status, one.detail])).toEqual(
          checks.map((one) => [name, "passed", one.detail]),
        );
        if (name !== "look-twice") expect([name, applyTo(name, after).proposal.kind]).not.toEqual([name, "edits"]);
      }
    },
  );
});
