/** What follows from a deadline, whichever way it comes out. */
import { describe, expect, test } from "vitest";
import { factIn } from "./memory-source.ts";

function inFunction(body: string): string {
  return `struct server { unsigned long lstrp; int state; };\nint watch(struct server *server)\n{\n${body}\n}\n`;
}

const LATE = "time_after(jiffies, server->lstrp + 5 * HZ)";

async function outcomesOf(body: string) {
  const { whenTrue, whenFalse } = await factIn("deadline", inFunction(body));
  return { whenTrue, whenFalse };
}

const GOES_ON = { calls: [], ends: ["continues"] };

describe("conditions", () => {
  test("return with calls before it", async () => {
    const { whenTrue, whenFalse } = await outcomesOf(
      `\tif (${LATE}) {\n\t\tlog(server);\n\t\treconnect(server);\n\t\treturn 1;\n\t}\n\treturn 0;`,
    );
    expect(whenTrue).toEqual({ calls: ["log", "reconnect"], ends: ["return 1"] });
    expect(whenFalse).toEqual(GOES_ON);
  });

  test("goto", async () => {
    const outcomes = await outcomesOf(`\tif (${LATE})\n\t\tgoto out;\n\tping(server);\nout:\n\treturn 0;`);
    expect(outcomes).toEqual({ whenTrue: { calls: [], ends: ["goto out"] }, whenFalse: GOES_ON });
  });

  test("both branches", async () => {
    const outcomes = await outcomesOf(
      `\tif (${LATE})\n\t\treconnect(server);\n\telse\n\t\treturn ping(server);\n\treturn 0;`,
    );
    expect(outcomes).toEqual({
      whenTrue: { calls: ["reconnect"], ends: ["continues"] },
      whenFalse: { calls: ["ping"], ends: ["return ping(server)"] },
    });
  });

  test("a negation turns the branches round", async () => {
    const outcomes = await outcomesOf(`\tif (!${LATE})\n\t\treturn 0;\n\treconnect(server);\n\treturn 1;`);
    expect(outcomes).toEqual({ whenTrue: GOES_ON, whenFalse: { calls: [], ends: ["return 0"] } });
  });

  test("unlikely() is looked through", async () => {
    const outcomes = await outcomesOf(`\tif (unlikely(${LATE}))\n\t\treturn 1;\n\treturn 0;`);
    expect(outcomes).toEqual({ whenTrue: { calls: [], ends: ["return 1"] }, whenFalse: GOES_ON });
  });

  test("a conjunction: false is certain, true may be either", async () => {
    const { whenTrue, whenFalse } = await outcomesOf(
      `\tif (${LATE} && server->state == 2)\n\t\treturn 1;\n\treturn 0;`,
    );
    expect([...whenTrue.ends].sort()).toEqual(["continues", "return 1"]);
    expect(whenFalse).toEqual(GOES_ON);
  });

  test("a disjunction: true is certain, false may be either", async () => {
    const { whenTrue, whenFalse } = await outcomesOf(`\tif (server->state || ${LATE})\n\t\treturn 1;\n\treturn 0;`);
    expect([whenTrue.ends, whenFalse.ends]).toEqual([["return 1"], ["continues"]]);
    const first = await outcomesOf(`\tif (${LATE} || server->state)\n\t\treturn 1;\n\treturn 0;`);
    expect([first.whenTrue.ends, [...first.whenFalse.ends].sort()]).toEqual([["return 1"], ["continues", "return 1"]]);
  });

  test("a loop: true runs the body, false leaves", async () => {
    const { whenTrue, whenFalse } = await outcomesOf(
      "\twhile (time_before(jiffies, server->lstrp)) {\n\t\tpoll(server);\n\t\tif (server->state)\n\t\t\tbreak;\n\t}\n\treturn 0;",
    );
    expect(whenTrue.calls).toEqual(["poll"]);
    expect(whenFalse).toEqual(GOES_ON);
  });

  test("a do loop", async () => {
    const { whenTrue, whenFalse } = await outcomesOf(
      "\tdo {\n\t\tpoll(server);\n\t} while (time_before(jiffies, server->lstrp));\n\treturn 0;",
    );
    expect(whenTrue.calls).toEqual(["poll"]);
    expect(whenFalse).toEqual(GOES_ON);
  });
});

describe("values", () => {
  test.each([
    [`\treturn ${LATE};`, "returned: true", "returned: false"],
    [`\tint late = ${LATE};\n\treturn late;`, "stored in late: true", "stored in late: false"],
    [`\tserver->state = ${LATE};\n\treturn 0;`, "stored in server->state: true", "stored in server->state: false"],
    [`\ttell(${LATE});\n\treturn 0;`, "argument of tell: true", "argument of tell: false"],
    [`\treturn ${LATE} ? 7 : 8;`, "value 7", "value 8"],
  ])("%s", async (body, whenTrue, whenFalse) => {
    const outcomes = await outcomesOf(body);
    expect([outcomes.whenTrue.ends, outcomes.whenFalse.ends]).toEqual([[whenTrue], [whenFalse]]);
  });
});
