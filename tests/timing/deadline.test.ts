/** Deadlines that the kernel's own comparison macros express. */
import { describe, expect, test } from "vitest";
import { factIn, factsIn } from "./memory-source.ts";

const STRUCTS = `
#define HZ CONFIG_HZ
#define INTERVAL (60 * HZ)
enum { FEW = 1, RETRIES };
struct server { unsigned long lstrp; unsigned long interval; unsigned long expiry; int state; };
`;

function inFunction(body: string): string {
  return `${STRUCTS}\nint watch(struct server *server, unsigned long limit)\n{\n${body}\n\treturn 0;\n}\n`;
}

function deadlineIn(condition: string) {
  return factIn("deadline", inFunction(`\tif (${condition})\n\t\treturn 1;`));
}

describe("which way round", () => {
  test.each([
    ["time_after(jiffies, server->expiry)", "after"],
    ["time_before(jiffies, server->expiry)", "before"],
    ["time_after_eq(jiffies, server->expiry)", "after-or-at"],
    ["time_before_eq(jiffies, server->expiry)", "before-or-at"],
    // The clock on the right turns the relation round.
    ["time_after(server->expiry, jiffies)", "before"],
    ["time_before(server->expiry, jiffies)", "after"],
    ["time_after_eq(server->expiry, jiffies)", "before-or-at"],
    ["time_before_eq(server->expiry, jiffies)", "after-or-at"],
    ["time_after64(get_jiffies_64(), server->expiry)", "after"],
    ["time_before64(server->expiry, get_jiffies_64())", "after"],
    // Names that say where the argument is, not where jiffies is.
    ["time_is_before_jiffies(server->expiry)", "after"],
    ["time_is_after_jiffies(server->expiry)", "before"],
    ["time_is_before_eq_jiffies(server->expiry)", "after-or-at"],
    ["time_is_after_eq_jiffies(server->expiry)", "before-or-at"],
    ["ktime_after(ktime_get(), server->expiry)", "after"],
    ["ktime_before(ktime_get(), server->expiry)", "before"],
    ["ktime_after(server->expiry, ktime_get())", "before"],
  ])("%s: the clock is %s", async (condition, relation) => {
    const fact = await deadlineIn(condition);
    expect(fact.relation).toBe(relation);
    expect(fact.clock).toMatch(/^(?:jiffies|get_jiffies_64\(\)|ktime_get\(\))$/);
    expect(fact.timestamp).toEqual({ expression: "server->expiry", struct: "server", field: "expiry" });
    expect(fact.offset.terms).toEqual([]);
    expect(fact.offset.seconds).toBe(0);
  });

  test("a range is two deadlines", async () => {
    const range = "time_in_range(jiffies, server->lstrp, server->lstrp + INTERVAL)";
    const facts = await factsIn("deadline", inFunction(`\tif (${range})\n\t\treturn 1;`));
    expect(facts.map((one) => [one.relation, one.timestamp?.field, one.offset.seconds])).toEqual(
      expect.arrayContaining([
        ["after-or-at", "lstrp", 0],
        ["before-or-at", "lstrp", 60],
      ]),
    );
    expect(facts).toHaveLength(2);
  });

  test("an open range does not hold its end; a timestamp in the range of the clock counts too", async () => {
    const open = "time_in_range_open(jiffies, server->lstrp, server->expiry)";
    const ends = await factsIn("deadline", inFunction(`\tif (${open})\n\t\treturn 1;`));
    expect(ends.map((one) => one.relation).sort()).toEqual(["after-or-at", "before"]);
    const inside = "time_in_range(server->lstrp, jiffies - INTERVAL, jiffies)";
    const facts = await factsIn("deadline", inFunction(`\tif (${inside})\n\t\treturn 1;`));
    expect(facts.map((one) => [one.relation, one.offset.seconds])).toEqual(
      expect.arrayContaining([
        ["before-or-at", 60],
        ["after-or-at", 0],
      ]),
    );
  });
});

describe("offsets", () => {
  test.each([
    ["server->lstrp + INTERVAL", 60, "60 s"],
    ["server->lstrp + 5 * INTERVAL", 300, "300 s"],
    ["server->lstrp + RETRIES * INTERVAL", 120, "120 s"],
    ["server->lstrp + INTERVAL - HZ", 59, "59 s"],
    ["server->lstrp - HZ", -1, "-1 s"],
    ["server->lstrp + HZ / 10", 0.1, "0.1 s"],
    ["server->lstrp + (HZ >> 2)", 0.25, "0.25 s"],
    ["server->lstrp + (5 * HZ) / 2", 2.5, "2.5 s"],
    ["server->lstrp + 7 / 2 * HZ", 3, "3 s"],
    ["server->lstrp + msecs_to_jiffies(1500)", 1.5, "1.5 s"],
    ["server->lstrp + secs_to_jiffies(20)", 20, "20 s"],
    ["server->lstrp + 3 * server->interval", null, "3 x server->interval"],
    ["server->lstrp + server->interval - HZ", null, "server->interval - 1 s"],
    ["server->lstrp + 1", null, "1 jiffy"],
    ["server->lstrp + limit * HZ", null, "1 s x limit"],
  ])("%s", async (sum, seconds, text) => {
    const { offset, timestamp } = await deadlineIn(`time_after(jiffies, ${sum})`);
    expect(timestamp?.field).toBe("lstrp");
    expect([offset.seconds, offset.text, offset.unit]).toEqual([seconds, text, "jiffies"]);
  });

  test("an offset on the clock's side is taken to the other", async () => {
    const { offset, timestamp, relation } = await deadlineIn("time_after(jiffies - 2 * INTERVAL, server->lstrp)");
    expect([relation, timestamp?.field, offset.seconds]).toEqual(["after", "lstrp", 120]);
  });

  test("the timestamp is the field that a clock is stored into, not whatever stands first", async () => {
    const stamped = "\tserver->lstrp = jiffies;\n";
    const body = `${stamped}\tif (time_after(jiffies, server->interval + server->lstrp))\n\t\treturn 1;`;
    const fact = await factIn("deadline", inFunction(body));
    expect([fact.timestamp?.field, fact.offset.text]).toEqual(["lstrp", "server->interval"]);
  });

  test("READ_ONCE, casts and parentheses are looked through", async () => {
    const { offset, timestamp } = await deadlineIn(
      "time_after((unsigned long)jiffies, (READ_ONCE(server->lstrp)) + HZ)",
    );
    expect([timestamp?.field, offset.seconds]).toEqual(["lstrp", 1]);
  });
});

describe("locals", () => {
  test("a local with one definition is what it was set to", async () => {
    const body =
      "\tunsigned long wait = 2 * INTERVAL;\n\tif (time_after(jiffies, server->lstrp + wait))\n\t\treturn 1;";
    const { offset } = await factIn("deadline", inFunction(body));
    expect(offset.seconds).toBe(120);
    expect(offset.locals).toBeUndefined();
  });

  test("a local with several is listed", async () => {
    const body = `\tunsigned long wait;
\tif (server->state == 1)
\t\twait = 0;
\telse
\t\twait = server->interval;
\tif (time_before(jiffies, server->lstrp + wait - HZ))
\t\treturn 1;`;
    const { offset } = await factIn("deadline", inFunction(body));
    expect([offset.seconds, offset.text]).toEqual([null, "wait - 1 s"]);
    expect(offset.locals).toEqual([{ name: "wait", values: ["0", "server->interval"] }]);
  });

  test("`now = jiffies` is the clock", async () => {
    const body = "\tunsigned long now = jiffies;\n\tif (time_after(now, server->expiry))\n\t\treturn 1;";
    const fact = await factIn("deadline", inFunction(body));
    expect([fact.clock, fact.relation, fact.timestamp?.field]).toEqual(["jiffies", "after", "expiry"]);
  });

  test("`now = jiffies` at the top and again in a loop is still the clock", async () => {
    const body = `\tunsigned long now = jiffies;
\twhile (server->state) {
\t\tif (time_after(now, server->expiry))
\t\t\treturn 1;
\t\tnow = jiffies;
\t}`;
    const fact = await factIn("deadline", inFunction(body));
    expect([fact.clock, fact.relation, fact.timestamp?.field]).toEqual(["jiffies", "after", "expiry"]);
  });

  test("`start = jiffies` is a timestamp where the clock itself stands beside it", async () => {
    const body = "\tunsigned long start = jiffies;\n\tif (time_after(jiffies, start + 10 * HZ))\n\t\treturn 1;";
    const fact = await factIn("deadline", inFunction(body));
    expect([fact.clock, fact.relation, fact.timestamp?.expression]).toEqual(["jiffies", "after", "start"]);
    expect(fact.offset.seconds).toBe(10);
  });

  test("`end = jiffies + 10 * HZ` is a point in time ahead of a loop", async () => {
    const body = "\tunsigned long end = jiffies + 10 * HZ;\n\twhile (time_before(jiffies, end))\n\t\tpoll(server);";
    const fact = await factIn("deadline", inFunction(body));
    expect([fact.clock, fact.relation, fact.timestamp?.expression]).toEqual(["jiffies", "before", "end"]);
    expect(fact.whenTrue.calls).toEqual(["poll"]);
  });

  test("a static local keeps its value from the call before", async () => {
    const body = `\tstatic unsigned long last;
\tif (time_before(jiffies, last + 5 * HZ))
\t\treturn 1;
\tlast = jiffies;`;
    const fact = await factIn("deadline", inFunction(body));
    expect([fact.clock, fact.relation, fact.timestamp?.expression, fact.offset.seconds]).toEqual([
      "jiffies",
      "before",
      "last",
      5,
    ]);
  });

  test("a static local that is moved on by a step is not its own step", async () => {
    const body = `\tstatic unsigned long next;
\tif (time_before(jiffies, next))
\t\treturn 1;
\tnext = next + 5 * HZ;`;
    const fact = await factIn("deadline", inFunction(body));
    expect([fact.timestamp?.expression, fact.offset.seconds]).toEqual(["next", 0]);
  });
});

describe("not deadlines", () => {
  test.each([
    "server->expiry > server->lstrp",
    "jiffies == server->expiry",
    "jiffies & 1",
    "hash(jiffies) > limit",
    "server_time_after(server, limit)",
    "server->state > RETRIES",
    "time_after_all(jiffies, server->expiry)",
  ])("%s", async (condition) => {
    expect(await factsIn("deadline", inFunction(`\tif (${condition})\n\t\treturn 1;`))).toEqual([]);
  });

  test("comments, strings and switched-off text", async () => {
    const body = `\t/* time_after(jiffies, server->expiry) */
\tlog("time_after(jiffies, server->expiry)"); // time_before(jiffies, limit)
#if 0
\tif (time_after(jiffies, server->expiry))
\t\treturn 1;
#endif`;
    expect(await factsIn("deadline", inFunction(body))).toEqual([]);
  });
});
