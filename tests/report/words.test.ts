/** Facts in words: the words must say what the fact says, and no more. */
import { describe, expect, test } from "vitest";
import { factText, printable, rearmText } from "../../tools/report/words.ts";
import { factIn, factsIn, scanText } from "../timing/memory-source.ts";

const STRUCTS =
  "struct server { struct delayed_work echo; struct timer_list idle; unsigned long lstrp; int a; int b; };\n";

function inFunction(body: string): string {
  return `${STRUCTS}int f(struct server *server, unsigned long wait)\n{\n${body}\n\treturn 0;\n}\n`;
}

async function wordsFor(body: string): Promise<string[]> {
  return (await scanText(inFunction(body))).facts.map(factText);
}

describe("one line for each kind", () => {
  test.each([
    ["\tmsleep(3000);", "waits 3000 ms = 3 s (msleep)"],
    ["\tschedule_timeout(5 * HZ);", "waits 5 s (schedule_timeout)"],
    ["\twait_event_timeout(q, server->a, 5 * HZ);", "waits 5 s for server->a (wait_event_timeout)"],
    ["\twake_up(&server->q);", "wakes &server->q (wake_up)"],
    ["\trpc_wake_up_status(&server->q, -EAGAIN);", "wakes &server->q with -EAGAIN (rpc_wake_up_status)"],
    ["\tserver->lstrp = jiffies;", "server.lstrp = jiffies"],
    ["\tserver->lstrp = jiffies + 2 * HZ;", "server.lstrp = jiffies + 2 s"],
    ["\tserver->lstrp = jiffies - 2 * HZ;", "server.lstrp = jiffies - 2 s"],
    [
      "\tif (time_after(jiffies, server->lstrp - HZ))\n\t\treturn 1;",
      "jiffies after server->lstrp - 1 s: then return 1; else continues",
    ],
    [
      "\tif (time_after_eq(jiffies, server->lstrp + 2 * wait))\n\t\tgo(server);",
      "jiffies at or after server->lstrp + 2 x wait: then calls go; continues; else continues",
    ],
    [
      "\tschedule_delayed_work(&server->echo, HZ);",
      "queues server.echo -> no known function after 1 s (schedule_delayed_work)",
    ],
  ])("%s", async (body, words) => expect(await wordsFor(body)).toEqual([words]));

  test("a task's transition", async () => {
    const text =
      "void call_x(struct rpc_task *task)\n{\n\tif (task->tk_status == -EAGAIN)\n\t\ttask->tk_action = call_y;\n}\n";
    expect(factText(await factIn("task-state", text))).toBe("call_x -> call_y on tk_status == -EAGAIN");
  });

  test("a product keeps its brackets", async () => {
    const [words] = await wordsFor("\tserver->lstrp = jiffies + 2 * (server->a << server->b);");
    expect(words).toBe("server.lstrp = jiffies + 2 x (server->a << server->b)");
  });

  test("an expiry time that cannot be traced to the clock is not called a delay", async () => {
    const [words] = await wordsFor("\tmod_timer(&server->idle, server->lstrp);");
    expect(words).not.toMatch(/ after server->lstrp/);
  });
});

describe("re-arming", () => {
  const handler = async (body: string): Promise<string> => {
    const text = `${STRUCTS}void run(struct work_struct *work)\n{\n\tstruct server *server = container_of(work, struct server, echo.work);
${body}\n}\nvoid set(struct server *server)\n{\n\tINIT_DELAYED_WORK(&server->echo, run);\n}\n`;
    const fact = (await factsIn("delayed-work", text)).find((one) => one.operation === "handler");
    return fact === undefined ? "" : rearmText(fact);
  };
  const QUEUE = "\tschedule_delayed_work(&server->echo, HZ);";

  test.each([
    ["\tping(server);", "does not arm itself again"],
    [`\tping(server);\n${QUEUE}`, "arms itself again on all paths, after its work (ping)"],
    [`${QUEUE}\n\tping(server);`, "arms itself again on all paths, before its work"],
    [
      `\tif (ping(server))\n\t\treturn;\n${QUEUE}`,
      "arms itself again on some of its paths, after its work (ping); not when it leaves at line 6 (return;)",
    ],
  ])("%s", async (body, words) => expect(await handler(body)).toBe(words));

  test("a job that does nothing else is not said to do it before its work", async () => {
    expect(await handler(QUEUE)).toBe("arms itself again on all paths");
  });
});

describe("printable", () => {
  test.each([
    ["plain text, žluť", "plain text, žluť"],
    ["\u001b[31mred", "?[31mred"],
    ["a\nb\tc\u0000d\u007fe\u009bf", "a?b?c?d?e?f"],
    ["\u2028\u2029\u202e\u2066", "????"],
  ])("%j", (text, shown) => expect(printable(text)).toBe(shown));
});
