/** Work items and timers: what is bound to what, and what arms it after how long. */
import { describe, expect, test } from "vitest";
import { factIn, factsIn, factsOfKind, scanText, scanTexts } from "./memory-source.ts";

const STRUCTS = `
struct server { struct delayed_work echo; struct work_struct close; struct timer_list idle; struct hrtimer fine; };
`;

function inFunction(body: string): string {
  return `${STRUCTS}\nint act(struct server *server, struct work_struct *work)\n{\n${body}\n\treturn 0;\n}\n`;
}

const ECHO = { expression: "server->echo", struct: "server", field: "echo" };
const IDLE = { expression: "server->idle", struct: "server", field: "idle" };

describe("arming", () => {
  test.each([
    ["queue_delayed_work(wq, &server->echo, HZ)", "queue", "wq", 1],
    ["queue_delayed_work_on(cpu, wq, &server->echo, 2 * HZ)", "queue", "wq", 2],
    ["schedule_delayed_work(&server->echo, 0)", "queue", null, 0],
    ["schedule_delayed_work_on(cpu, &server->echo, HZ / 2)", "queue", null, 0.5],
    ["mod_delayed_work(wq, &server->echo, 5 * HZ)", "modify", "wq", 5],
    ["mod_delayed_work_on(cpu, wq, &server->echo, 5 * HZ)", "modify", "wq", 5],
    ["queue_delayed_work(wq, &server->echo, round_jiffies_relative(60 * HZ))", "queue", "wq", 60],
  ])("%s", async (call, operation, queue, seconds) => {
    const fact = await factIn("delayed-work", inFunction(`\t${call};`));
    expect([fact.operation, fact.mechanism, fact.queue, fact.delay?.seconds]).toEqual([
      operation,
      "delayed-work",
      queue,
      seconds,
    ]);
    expect([fact.item, fact.expression, fact.function, fact.line]).toEqual([ECHO, call, "act", 6]);
  });

  test.each([
    ["cancel_delayed_work(&server->echo)", "delayed-work"],
    ["cancel_delayed_work_sync(&server->echo)", "delayed-work"],
    ["disable_delayed_work_sync(&server->echo)", "delayed-work"],
    ["cancel_work_sync(&server->close)", "work"],
    ["del_timer_sync(&server->idle)", "timer"],
    ["timer_shutdown_sync(&server->idle)", "timer"],
    ["hrtimer_cancel(&server->fine)", "hrtimer"],
  ])("%s", async (call, mechanism) => {
    const fact = await factIn("delayed-work", inFunction(`\t${call};`));
    expect([fact.operation, fact.mechanism, fact.delay, fact.rearm, fact.selfRearm]).toEqual([
      "cancel",
      mechanism,
      null,
      null,
      false,
    ]);
  });

  test.each([
    ["mod_timer(&server->idle, jiffies + 30 * HZ)", 30],
    ["mod_timer(&server->idle, round_jiffies(jiffies + 30 * HZ))", 30],
    ["mod_timer(&server->idle, 30 * HZ + jiffies)", 30],
    ["timer_reduce(&server->idle, jiffies + msecs_to_jiffies(250))", 0.25],
    ["mod_timer(&server->idle, jiffies)", 0],
  ])("%s: an expiry time is a delay once the clock is taken off", async (call, seconds) => {
    const fact = await factIn("delayed-work", inFunction(`\t${call};`));
    expect([fact.operation, fact.mechanism, fact.delay?.seconds, fact.item]).toEqual([
      "modify",
      "timer",
      seconds,
      IDLE,
    ]);
  });

  test("an expiry time in a local", async () => {
    const body = "\tunsigned long expires = jiffies + 20 * HZ;\n\tmod_timer(&server->idle, expires);";
    expect((await factIn("delayed-work", inFunction(body))).delay?.seconds).toBe(20);
  });

  test(".expires and add_timer", async () => {
    const facts = await factsIn(
      "delayed-work",
      inFunction("\tserver->idle.expires = jiffies + 3 * HZ;\n\tadd_timer(&server->idle);"),
    );
    expect(facts.map((one) => [one.primitive, one.delay?.seconds ?? null, one.item.field])).toEqual([
      [".expires", 3, "idle"],
      ["add_timer", null, "idle"],
    ]);
  });

  test("an hrtimer's delay is in nanoseconds", async () => {
    const call = "hrtimer_start(&server->fine, ms_to_ktime(100), HRTIMER_MODE_REL)";
    const { delay, mechanism } = await factIn("delayed-work", inFunction(`\t${call};`));
    expect([mechanism, delay?.unit, delay?.seconds]).toEqual(["hrtimer", "ns", 0.1]);
  });

  test("work without a delay", async () => {
    const facts = await factsIn(
      "delayed-work",
      inFunction("\tqueue_work(wq, &server->close);\n\tschedule_work(&server->close);"),
    );
    expect(facts.map((one) => [one.mechanism, one.operation, one.queue, one.delay])).toEqual([
      ["work", "queue", "wq", null],
      ["work", "queue", null, null],
    ]);
  });

  test("a delay that differs by path is listed", async () => {
    const body = `\tunsigned long delay = 0;
\tif (server->close.data)
\t\tdelay = 5 * HZ;
\tqueue_delayed_work(wq, &server->echo, delay);`;
    const { delay } = await factIn("delayed-work", inFunction(body));
    expect([delay?.seconds, delay?.text]).toEqual([null, "delay"]);
    expect(delay?.locals).toEqual([{ name: "delay", values: ["0", "5 * HZ"] }]);
  });
});

describe("binding", () => {
  test.each([
    ["INIT_DELAYED_WORK(&server->echo, run)", "delayed-work", "echo"],
    ["INIT_DEFERRABLE_WORK(&server->echo, run)", "delayed-work", "echo"],
    ["INIT_WORK(&server->close, run)", "work", "close"],
    ["timer_setup(&server->idle, run, 0)", "timer", "idle"],
    ["setup_timer(&server->idle, run, (unsigned long)server)", "timer", "idle"],
    ["setup_deferrable_timer(&server->idle, run, 0)", "timer", "idle"],
    ["server->idle.function = run", "timer", "idle"],
    ["server->idle.function = &run", "timer", "idle"],
    ["server->fine.function = run", "hrtimer", "fine"],
    ["hrtimer_setup(&server->fine, run, CLOCK_MONOTONIC, HRTIMER_MODE_REL)", "hrtimer", "fine"],
  ])("%s", async (call, mechanism, field) => {
    const text = `${STRUCTS}static void run(void *p)\n{\n\treport(p);\n}\nvoid set(struct server *server)\n{\n\t${call};\n}\n`;
    const facts = await factsIn("delayed-work", text);
    const bind = facts.find((one) => one.operation === "bind");
    expect([bind?.mechanism, bind?.handler, bind?.item.field, bind?.function]).toEqual([
      mechanism,
      "run",
      field,
      "set",
    ]);
    const handler = facts.find((one) => one.operation === "handler");
    expect([handler?.function, handler?.rearm?.paths, handler?.line]).toEqual(["run", "none", 3]);
  });

  test("arming is told which function will run", async () => {
    const text = `${STRUCTS}static void run(struct work_struct *work)\n{\n\treport(work);\n}
void set(struct server *s)\n{\n\tINIT_DELAYED_WORK(&s->echo, run);\n}
void go(struct server *server)\n{\n\tqueue_delayed_work(wq, &server->echo, HZ);\n}\n`;
    const queue = (await factsIn("delayed-work", text)).find((one) => one.operation === "queue");
    expect([queue?.handler, queue?.selfRearm]).toEqual(["run", false]);
  });

  test.each(["DECLARE_DELAYED_WORK", "DECLARE_DEFERRABLE_WORK"])("%s at file scope", async (macro) => {
    const text = `static void flush(struct work_struct *work);
static ${macro}(flush_work, flush);
static void flush(struct work_struct *work)
{
	schedule_delayed_work(&flush_work, 300 * HZ);
}
`;
    const facts = await factsIn("delayed-work", text);
    expect(facts.map((one) => [one.operation, one.function, one.handler, one.selfRearm])).toEqual([
      ["bind", null, "flush", false],
      ["handler", "flush", "flush", false],
      ["queue", "flush", "flush", true],
    ]);
    expect(facts[1]?.rearm?.paths).toBe("all");
  });

  test.each([
    ["static struct delayed_work w = __DELAYED_WORK_INITIALIZER(w, flush, 0);"],
    ["static struct rpc q = { .w = __DELAYED_WORK_INITIALIZER(q.w, flush, 0) };"],
    ["#define MY_WORK(n, f) static DECLARE_DELAYED_WORK(n, f)\nMY_WORK(w, flush);"],
  ])("%s", async (declaration) => {
    const text = `static void flush(struct work_struct *work)\n{\n\treport(work);\n}\n${declaration}\n`;
    const scan = await scanText(text);
    expect(factsOfKind(scan, "delayed-work").map((one) => [one.operation, one.handler])).toContainEqual([
      "bind",
      "flush",
    ]);
  });

  test("timer_setup without a function binds none", async () => {
    const facts = await factsIn("delayed-work", inFunction("\ttimer_setup(&server->idle, NULL, 0);"));
    expect(facts.map((one) => [one.operation, one.handler])).toEqual([["bind", null]]);
  });

  test("a function that is not in the scanned files is a problem", async () => {
    const scan = await scanText(inFunction("\tINIT_WORK(&server->close, elsewhere);"));
    expect(scan.problems.map((one) => [one.line, one.reason])).toEqual([[6, expect.stringContaining("elsewhere")]]);
  });

  test("a static function of the same name in another file is another function", async () => {
    const file = (name: string, delay: string): string => `struct ${name} { struct delayed_work work; };
static void run(struct work_struct *work)
{
	struct ${name} *x = container_of(work, struct ${name}, work.work);
${delay === "" ? "" : `\tschedule_delayed_work(&x->work, ${delay});\n`}}
void ${name}_init(struct ${name} *x)
{
	INIT_DELAYED_WORK(&x->work, run);
}
`;
    const scan = await scanTexts({ "fs/cifs/a.c": file("a", "HZ"), "fs/cifs/b.c": file("b", "") });
    const handlers = factsOfKind(scan, "delayed-work").filter((one) => one.operation === "handler");
    expect(handlers.map((one) => [one.file, one.rearm?.paths])).toEqual([
      ["fs/cifs/a.c", "all"],
      ["fs/cifs/b.c", "none"],
    ]);
  });
});

describe("no work", () => {
  test.each([
    "server->ops->queue_delayed_work(server)",
    "my_queue_delayed_work(wq, &server->echo, HZ)",
    "flush_delayed_work(&server->echo)",
    "report(queue_delayed_work)",
    'log("schedule_delayed_work(&server->echo, HZ)")',
    "server->ops.function = report",
    "server->lease.expires = jiffies + HZ",
  ])("%s", async (statement) => {
    const text = `struct ops { void *function; };\nstruct lease { unsigned long expires; };\nstruct delayed_work { int x; };
struct server { struct ops ops; struct lease lease; struct delayed_work echo; };
int act(struct server *server)\n{\n\t${statement};\n\treturn 0;\n}\n`;
    expect(await factsIn("delayed-work", text)).toEqual([]);
  });
});

test("a member of an unnamed union inside a struct has a struct of its own", async () => {
  const text = `struct task { union { struct work_struct tk_work; struct { unsigned long expires; } tk_wait; } u; };
void act(struct task *task)\n{\n\tqueue_work(wq, &task->u.tk_work);\n\ttask->u.tk_wait.expires = jiffies;\n}\n`;
  const scan = await scanText(text);
  const [work] = factsOfKind(scan, "delayed-work");
  const [stamp] = factsOfKind(scan, "timestamp");
  expect([work?.item.field, stamp?.target.field]).toEqual(["tk_work", "expires"]);
  expect(work?.item.struct).toMatch(/^task\b/);
  expect(stamp?.target.struct).toMatch(/^task\b/);
});

test("so has one that stands in a header", async () => {
  const scan = await scanTexts(
    {
      "fs/cifs/a.c":
        "#include <linux/task.h>\nvoid act(struct task *task)\n{\n\tqueue_work(wq, &task->u.tk_work);\n}\n",
      "include/linux/task.h":
        "struct task {\n\tint a;\n\tunion {\n\t\tstruct work_struct tk_work;\n\t\tint b;\n\t} u;\n};\n",
    },
    ["fs/cifs"],
  );
  const [work] = factsOfKind(scan, "delayed-work");
  expect([work?.item.struct, work?.item.field]).toEqual([expect.stringMatching(/^task\b/), "tk_work"]);
});
