/** Places where a clock is stored. */
import { describe, expect, test } from "vitest";
import { factIn, factsIn } from "./memory-source.ts";

const STRUCTS = `
struct timespec64 { long long tv_sec; };
struct server { unsigned long lstrp; unsigned long seen; long long stamp; struct timespec64 ts; struct server *peer; };
`;

function inFunction(body: string): string {
  return `${STRUCTS}\nvoid stamp(struct server *server, unsigned long wait)\n{\n${body}\n}\n`;
}

describe("stores", () => {
  test.each([
    ["server->lstrp = jiffies", "jiffies", "server->lstrp"],
    ["server->peer->lstrp = jiffies", "jiffies", "server->peer->lstrp"],
    ["server->lstrp = (unsigned long)(jiffies)", "jiffies", "server->lstrp"],
    ["WRITE_ONCE(server->lstrp, jiffies)", "jiffies", "server->lstrp"],
    ["server->stamp = get_jiffies_64()", "get_jiffies_64()", "server->stamp"],
    ["server->stamp = ktime_get_seconds()", "ktime_get_seconds()", "server->stamp"],
    ["server->stamp = ktime_get_real_ns()", "ktime_get_real_ns()", "server->stamp"],
    ["server->stamp = get_seconds()", "get_seconds()", "server->stamp"],
    ["server->stamp = ktime_get()", "ktime_get()", "server->stamp"],
    ["server->lstrp = tcp_jiffies32", "tcp_jiffies32", "server->lstrp"],
    ["ktime_get_real_ts64(&server->ts)", "ktime_get_real_ts64()", "server->ts"],
    ["getnstimeofday(&server->ts)", "getnstimeofday()", "server->ts"],
  ])("%s", async (statement, clock, target) => {
    const fact = await factIn("timestamp", inFunction(`\t${statement};`));
    expect([fact.clock, fact.target.expression, fact.target.struct]).toEqual([clock, target, "server"]);
    expect([fact.offset, fact.expression, fact.line, fact.column, fact.function]).toEqual([
      null,
      statement,
      7,
      2,
      "stamp",
    ]);
  });

  test.each([
    ["jiffies + 5 * HZ", 5, "5 s"],
    ["5 * HZ + jiffies", 5, "5 s"],
    ["jiffies - HZ", -1, "-1 s"],
    ["jiffies + wait", null, "wait"],
    ["jiffies + msecs_to_jiffies(20)", 0.02, "0.02 s"],
  ])("%s has an offset", async (value, seconds, text) => {
    const fact = await factIn("timestamp", inFunction(`\tserver->lstrp = ${value};`));
    expect([fact.offset?.seconds, fact.offset?.text]).toEqual([seconds, text]);
  });

  test("a copy of the clock in a local is a timestamp too, and a store of the copy", async () => {
    const facts = await factsIn("timestamp", inFunction("\tunsigned long now = jiffies;\n\tserver->lstrp = now;"));
    expect(facts.map((one) => [one.clock, one.target.expression])).toEqual([
      ["jiffies", "now"],
      ["jiffies", "server->lstrp"],
    ]);
  });

  test("one value for two fields", async () => {
    const facts = await factsIn("timestamp", inFunction("\tserver->lstrp = server->seen = jiffies;"));
    expect(facts.map((one) => one.target.field).sort()).toEqual(["lstrp", "seen"]);
  });

  test("a condition decides whether it is stored", async () => {
    const facts = await factsIn("timestamp", inFunction("\tserver->lstrp = wait ? jiffies : 0;"));
    expect(facts.map((one) => [one.clock, one.target.field])).toEqual([["jiffies", "lstrp"]]);
  });

  test("an initialiser", async () => {
    const facts = await factsIn(
      "timestamp",
      inFunction("\tstruct server fresh = { .lstrp = jiffies };\n\tuse(&fresh);"),
    );
    expect(facts.map((one) => [one.clock, one.target.field])).toEqual([["jiffies", "lstrp"]]);
  });
});

describe("no stores of a clock", () => {
  test.each([
    "wait = jiffies - server->lstrp",
    "server->seen ^= jiffies",
    "server->seen = jiffies * 31",
    "server->seen = jiffies & 7",
    "server->seen = jiffies % HZ",
    "server->seen = hash(jiffies)",
    "server->seen = max(server->lstrp, jiffies)",
    "server->seen = jiffies == server->lstrp",
    "server->lstrp = server->peer->jiffies",
    "report(jiffies)",
    'pr_info("%lu", jiffies)',
    "mod_timer(timer, jiffies + HZ)",
  ])("%s", async (statement) => {
    expect(await factsIn("timestamp", inFunction(`\t${statement};`))).toEqual([]);
  });
});
