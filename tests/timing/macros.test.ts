/** Primitives that macros hide: what is found through them, and what is said about those that cannot be expanded. */
import { describe, expect, test } from "vitest";
import { FILE, factIn, factsIn, factsOfKind, scanText, scanTexts } from "./memory-source.ts";

const STRUCTS = `
struct server { unsigned long lstrp; unsigned long expiry; struct delayed_work echo; wait_queue_head_t response_q; };
`;

function withMacros(macros: string, body: string): string {
  return `${STRUCTS}${macros}\nint watch(struct server *server)\n{\n${body}\n\treturn 0;\n}\n`;
}

describe("function-like macros", () => {
  test("around time_after", async () => {
    const macro = "#define server_late(s, n) time_after(jiffies, (s)->lstrp + (n) * HZ)";
    const fact = await factIn("deadline", withMacros(macro, "\tif (server_late(server, 90))\n\t\treturn 1;"));
    expect([fact.viaMacro, fact.primitive, fact.expression]).toEqual([
      "server_late",
      "time_after",
      "server_late(server, 90)",
    ]);
    expect([fact.relation, fact.timestamp?.field, fact.timestamp?.struct]).toEqual(["after", "lstrp", "server"]);
    expect([fact.offset.seconds, fact.function, fact.line]).toEqual([90, "watch", 6]);
    expect(fact.whenTrue.ends).toEqual(["return 1"]);
  });

  test("around queue_delayed_work", async () => {
    const macro = "#define queue_echo(s) \\\n\tqueue_delayed_work(cifsiod_wq, &(s)->echo, 30 * HZ)";
    const fact = await factIn("delayed-work", withMacros(macro, "\tqueue_echo(server);"));
    expect([fact.viaMacro, fact.operation, fact.queue, fact.delay?.seconds]).toEqual([
      "queue_echo",
      "queue",
      "cifsiod_wq",
      30,
    ]);
    expect(fact.item).toEqual({ expression: "(server)->echo", struct: "server", field: "echo" });
  });

  test("a macro in a macro", async () => {
    const macros = `#define past(t) time_after(jiffies, (t))
#define silent(s, i) past((s)->lstrp + 2 * (i))
#define dead(s) unlikely(silent(s, 60 * HZ))`;
    const fact = await factIn("deadline", withMacros(macros, "\tif (dead(server))\n\t\treturn 1;"));
    expect([fact.viaMacro, fact.offset.seconds, fact.timestamp?.field]).toEqual(["dead", 120, "lstrp"]);
  });

  test("a macro of statements", async () => {
    const macro = `#define KICK(s) do { \\
\tcancel_delayed_work(&(s)->echo); \\
\tqueue_delayed_work(wq, &(s)->echo, 0); \\
} while (0)`;
    const facts = await factsIn("delayed-work", withMacros(macro, "\tKICK(server);"));
    expect(facts.map((one) => [one.operation, one.viaMacro])).toEqual(
      expect.arrayContaining([
        ["cancel", "KICK"],
        ["queue", "KICK"],
      ]),
    );
    expect(facts).toHaveLength(2);
  });

  test("around a sleep and a wake-up that nobody calls directly", async () => {
    const macros = `#define nap(n) msleep((n) * 100)
#define wake_server(s) wake_up_all(&(s)->response_q)
#define await(s, c) wait_event_timeout((s)->response_q, c, 7 * HZ)`;
    const scan = await scanText(
      withMacros(macros, "\tnap(3);\n\tawait(server, server->lstrp);\n\twake_server(server);"),
    );
    const waits = factsOfKind(scan, "timed-wait").map((one) => [one.primitive, one.length.seconds]);
    expect(waits).toContainEqual(["msleep", 0.3]);
    expect(waits).toContainEqual(["wait_event_timeout", 7]);
    expect(factsOfKind(scan, "wake-up").map((one) => one.primitive)).toEqual(["wake_up_all"]);
  });

  test("around a store of the clock", async () => {
    const fact = await factIn("timestamp", withMacros("#define alive(s) ((s)->lstrp = jiffies)", "\talive(server);"));
    expect([fact.viaMacro, fact.target.field, fact.clock]).toEqual(["alive", "lstrp", "jiffies"]);
  });

  test("a negation inside turns the outcomes round", async () => {
    const macro = "#define fresh(s) (!time_after(jiffies, (s)->expiry))";
    const fact = await factIn("deadline", withMacros(macro, "\tif (fresh(server))\n\t\treturn 7;\n\treturn 8;"));
    // The fact is about time_after, so that its truth leads out of the branch.
    expect([fact.relation, fact.whenTrue.ends, fact.whenFalse.ends]).toEqual(["after", ["continues"], ["return 7"]]);
  });

  test("a comparison of three outcomes keeps its operator", async () => {
    const macro = "#define earlier(a, b) (ktime_compare(a, b) < 0)";
    const fact = await factIn(
      "deadline",
      withMacros(macro, "\tif (earlier(ktime_get(), server->expiry))\n\t\treturn 1;"),
    );
    expect([fact.relation, fact.timestamp?.field]).toEqual(["before", "expiry"]);
  });

  test("two files with a macro of the same name have their own", async () => {
    const file = (field: string, name: string): string =>
      `${STRUCTS}#define late(s) time_after(jiffies, (s)->${field})\nint ${name}(struct server *s)\n{\n\treturn late(s);\n}\n`;
    const scan = await scanTexts({ "fs/cifs/a.c": file("lstrp", "a"), "fs/cifs/b.c": file("expiry", "b") });
    const facts = factsOfKind(scan, "deadline").map((one) => [one.file, one.timestamp?.field]);
    expect(facts).toEqual([
      ["fs/cifs/a.c", "lstrp"],
      ["fs/cifs/b.c", "expiry"],
    ]);
  });

  test("the definition is no fact, nor is a macro that nobody uses", async () => {
    expect((await scanText(withMacros("#define unused(s) time_after(jiffies, (s)->lstrp)", ""))).facts).toEqual([]);
  });

  test("what cannot be expanded is reported, not skipped", async () => {
    const macro = "#define arm(s, field) queue_delayed_work(wq, &(s)->field##_work, HZ)";
    const scan = await scanText(withMacros(macro, "\tarm(server, echo);"));
    expect(scan.problems.length + scan.facts.length).toBe(1);
  });
});

describe("object-like macros", () => {
  test("a call with its arguments", async () => {
    const macro = "#define REARM queue_delayed_work(wq, &server->echo, 5 * HZ)";
    const fact = await factIn("delayed-work", withMacros(macro, "\tREARM;"));
    expect([fact.primitive, fact.delay?.seconds]).toEqual(["queue_delayed_work", 5]);
  });

  test("another name for a primitive", async () => {
    const macro = "#define cifs_queue queue_delayed_work";
    const fact = await factIn("delayed-work", withMacros(macro, "\tcifs_queue(wq, &server->echo, 5 * HZ);"));
    expect([fact.primitive, fact.delay?.seconds]).toEqual(["queue_delayed_work", 5]);
  });

  test("another name for the clock", async () => {
    const text = withMacros(
      "#define NOW jiffies",
      "\tserver->lstrp = NOW;\n\tif (NOW - server->expiry > HZ)\n\t\treturn 1;",
    );
    const scan = await scanText(text);
    expect(factsOfKind(scan, "deadline").map((one) => [one.clock, one.timestamp?.field])).toEqual([
      ["jiffies", "expiry"],
    ]);
    expect(factsOfKind(scan, "timestamp").map((one) => one.target.field)).toEqual(["lstrp"]);
  });
});

describe("constants", () => {
  test.each([
    ["#define WAIT (3 * 20 * HZ)", "WAIT", 60],
    ["#define SECONDS 20\n#define WAIT (SECONDS * HZ)", "3 * WAIT", 60],
    ["#define WAIT(n) ((n) * HZ)", "WAIT(4) + WAIT(5)", 9],
    ["enum { A = 5, B, C };", "C * HZ", 7],
    ["enum { A, B, C };\n#define WAIT (C * HZ)", "WAIT", 2],
    ["#define WAIT_MS 2500", "msecs_to_jiffies(WAIT_MS)", 2.5],
    ["#define WAIT 0x10", "WAIT * HZ", 16],
    ["#define WAIT 010UL", "WAIT * HZ", 8],
    ["#define WAIT (1 << 3)", "WAIT * HZ", 8],
    ["#define WAIT 5 * HZ", "2 * WAIT", 10],
  ])("%s: %s", async (macros, delay, seconds) => {
    const fact = await factIn("delayed-work", withMacros(macros, `\tschedule_delayed_work(&server->echo, ${delay});`));
    expect(fact.delay?.seconds).toBe(seconds);
    expect(fact.delay?.expression).toBe(delay);
    expect(fact.file).toBe(FILE);
  });

  test.each([
    ["", "HZ + 1", [1, null], "1 s + 1 jiffy"],
    ["", "10", [null], "10 jiffies"],
    ["#define A B\n#define B A", "A * HZ", [null], "1 s x A"],
    ["", "server->expiry", [null], "server->expiry"],
    ["#define HALF(x) ((x) / 2)", "HALF(server->expiry)", [null], "0.5 x server->expiry"],
  ])("%s%s has no length in seconds", async (macros, delay, _parts, text) => {
    const fact = await factIn("delayed-work", withMacros(macros, `\tschedule_delayed_work(&server->echo, ${delay});`));
    expect([fact.delay?.seconds, fact.delay?.text]).toEqual([null, text]);
  });
});
