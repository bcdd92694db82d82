/** How handlers arm themselves again: on which paths, before or after their work, through whom. */
import { describe, expect, test } from "vitest";
import type { Rearm } from "../../tools/timing/fact.ts";
import { factsIn } from "./memory-source.ts";

const STRUCTS = `
struct server { struct delayed_work echo; struct timer_list idle; struct hrtimer fine; int alive; unsigned long lstrp; };
`;
const QUEUE = "queue_delayed_work(wq, &server->echo, HZ)";

/** What is said of a handler of `server->echo` with this body, which starts at line 11 of the text. */
async function rearmOf(body: string, helpers = ""): Promise<Rearm> {
  const text = `${STRUCTS}int ping(struct server *server);
void set(struct server *server)
{
	INIT_DELAYED_WORK(&server->echo, run);
}
static void run(struct work_struct *work)
{
	struct server *server = container_of(work, struct server, echo.work);
${body}
}
${helpers}`;
  return handlerIn(text);
}

async function handlerIn(text: string): Promise<Rearm> {
  const handlers = (await factsIn("delayed-work", text)).filter((one) => one.operation === "handler");
  const [handler] = handlers;
  if (handlers.length !== 1 || handler?.rearm == null) throw new Error(`${handlers.length} handlers`);
  return handler.rearm;
}

const names = (calls: Rearm["callsBefore"]): string[] => calls.map((call) => call.name);

describe("paths", () => {
  test("all, after the work", async () => {
    const rearm = await rearmOf(`\tping(server);\n\t${QUEUE};`);
    expect([rearm.paths, rearm.position, rearm.exitsWithout]).toEqual(["all", "after-work", []]);
    expect([names(rearm.callsBefore), names(rearm.callsAfter)]).toEqual([["ping"], []]);
    expect(rearm.sites.map((site) => [site.line, site.via])).toEqual([[12, null]]);
  });

  test("all, first", async () => {
    const rearm = await rearmOf(`\t${QUEUE};\n\tping(server);`);
    expect([rearm.paths, rearm.position]).toEqual(["all", "before-work"]);
    expect([names(rearm.callsBefore), names(rearm.callsAfter)]).toEqual([[], ["ping"]]);
  });

  test("none", async () => {
    const rearm = await rearmOf("\tping(server);");
    expect(rearm).toEqual({
      paths: "none",
      position: null,
      sites: [],
      exitsWithout: [],
      callsBefore: [],
      callsAfter: [],
    });
  });

  test("a return before it", async () => {
    const rearm = await rearmOf(`\tif (!server->alive)\n\t\treturn;\n\tping(server);\n\t${QUEUE};`);
    expect([rearm.paths, rearm.exitsWithout]).toEqual(["some", [{ line: 12, statement: "return;" }]]);
  });

  test("a condition around it", async () => {
    const rearm = await rearmOf(`\tping(server);\n\tif (server->alive)\n\t\t${QUEUE};`);
    expect([rearm.paths, rearm.exitsWithout]).toEqual(["some", [{ line: 14, statement: "end of function" }]]);
  });

  test("a goto past it, and a goto to it", async () => {
    const past = await rearmOf(`\tif (!server->alive)\n\t\tgoto out;\n\t${QUEUE};\nout:\n\tping(server);`);
    expect(past.paths).toBe("some");
    const to = await rearmOf(`\tif (server->alive)\n\t\tgoto requeue;\n\tping(server);\nrequeue:\n\t${QUEUE};`);
    expect([to.paths, to.position, names(to.callsBefore)]).toEqual(["all", "after-work", ["ping"]]);
  });

  test("one in each branch", async () => {
    const rearm = await rearmOf(
      `\tif (server->alive)\n\t\t${QUEUE};\n\telse\n\t\tmod_delayed_work(wq, &server->echo, 0);`,
    );
    expect([rearm.paths, rearm.position, rearm.sites.length]).toEqual(["all", "before-work", 2]);
  });

  test("in a switch: cases without it count", async () => {
    const body = (last: string): string =>
      `\tswitch (server->alive) {\n\tcase 1:\n\t\t${QUEUE};\n\t\tbreak;\n\t${last}\n\t}`;
    expect((await rearmOf(body(`default:\n\t\t${QUEUE};`))).paths).toBe("all");
    expect((await rearmOf(body("case 2:\n\t\tbreak;"))).paths).toBe("some");
  });

  test("in the body of a loop, which may not run at all", async () => {
    expect((await rearmOf(`\twhile (server->alive--)\n\t\t${QUEUE};`)).paths).toBe("some");
    expect((await rearmOf(`\tdo {\n\t\t${QUEUE};\n\t} while (server->alive--);`)).paths).toBe("all");
  });

  test.each([`server->alive && ${QUEUE};`, `server->alive ? ${QUEUE} : 0;`, `(void)(server->alive || ${QUEUE});`])(
    "%s may not run either",
    async (statement) => {
      expect((await rearmOf(`\t${statement}`)).paths).toBe("some");
    },
  );

  test("an item of another field or struct is another item", async () => {
    const other = "\tstruct other *o = get_other(server);\n\tqueue_delayed_work(wq, &server->reconnect, HZ);";
    expect(
      (
        await rearmOf(
          `${other}\n\tqueue_delayed_work(wq, &o->echo, HZ);`,
          "struct other { struct delayed_work echo; };",
        )
      ).paths,
    ).toBe("none");
  });

  test("cancelling is no arming", async () => {
    expect((await rearmOf("\tcancel_delayed_work(&server->echo);")).paths).toBe("none");
  });
});

describe("work", () => {
  test("locks, accessors, messages and tests take no time", async () => {
    const rearm = await rearmOf(`\tspin_lock(&server->lock);
	server->alive = READ_ONCE(server->lstrp) != 0 && test_bit(1, &server->flags);
	spin_unlock(&server->lock);
	pr_debug("%d", server->alive);
	if (time_before(jiffies, server->lstrp + HZ))
		atomic_inc(&server->count);
	${QUEUE};`);
    expect([rearm.paths, rearm.position, rearm.callsBefore]).toEqual(["all", "before-work", []]);
  });

  test("mutexes, sends and calls through tables do", async () => {
    const rearm = await rearmOf(
      `\tmutex_lock(&server->mutex);\n\tserver->ops->echo(server);\n\tmutex_unlock(&server->mutex);\n\t${QUEUE};`,
    );
    expect([rearm.position, names(rearm.callsBefore)]).toEqual([
      "after-work",
      ["mutex_lock", "server->ops->echo", "mutex_unlock"],
    ]);
  });

  test("a call in a condition before it, and one that leads elsewhere only", async () => {
    const rearm = await rearmOf(`\tif (ping(server)) {\n\t\tgive_up(server);\n\t\treturn;\n\t}\n\t${QUEUE};`);
    expect([rearm.paths, names(rearm.callsBefore)]).toEqual(["some", ["ping"]]);
  });

  test("a call in the arguments stands before it", async () => {
    const rearm = await rearmOf("\tqueue_delayed_work(wq, &server->echo, negotiate_delay(server));");
    expect([rearm.position, names(rearm.callsBefore)]).toEqual(["after-work", ["negotiate_delay"]]);
  });
});

describe("helpers", () => {
  test("one that always arms", async () => {
    const helper = `static void rearm(struct server *server)\n{\n\t${QUEUE};\n}\n`;
    const rearm = await rearmOf("\tping(server);\n\trearm(server);", helper);
    expect([rearm.paths, rearm.sites.map((site) => site.via), names(rearm.callsBefore)]).toEqual([
      "all",
      ["rearm"],
      ["ping"],
    ]);
  });

  test("one that arms on a condition", async () => {
    const helper = `static void rearm(struct server *server)\n{\n\tif (server->alive)\n\t\t${QUEUE};\n}\n`;
    const rearm = await rearmOf("\tping(server);\n\trearm(server);", helper);
    expect([rearm.paths, rearm.sites.map((site) => site.via)]).toEqual(["some", ["rearm"]]);
  });

  test("a helper of a helper", async () => {
    const helpers = `static void inner(struct server *server)\n{\n\t${QUEUE};\n}
static void rearm(struct server *server)\n{\n\tinner(server);\n}\n`;
    const rearm = await rearmOf("\trearm(server);", helpers);
    expect([rearm.paths, rearm.sites.map((site) => site.via)]).toEqual(["all", ["rearm"]]);
  });

  test("a macro", async () => {
    const rearm = await rearmOf(
      "\tping(server);\n\tREARM(server);",
      `#define REARM(s) queue_delayed_work(wq, &(s)->echo, HZ)\n`,
    );
    expect([rearm.paths, rearm.position]).toEqual(["all", "after-work"]);
  });

  test("helpers that call each other come to an end", async () => {
    const helpers = `static void a(struct server *server)\n{\n\tb(server);\n}
static void b(struct server *server)\n{\n\tif (server->alive)\n\t\t${QUEUE};\n\telse\n\t\ta(server);\n}\n`;
    expect((await rearmOf("\ta(server);", helpers)).paths).toMatch(/^(?:some|all)$/);
  });
});

describe("items without a name of their own", () => {
  test("to_delayed_work(work), directly and in a local", async () => {
    const direct = await rearmOf("\tping(server);\n\tqueue_delayed_work(wq, to_delayed_work(work), HZ);");
    expect(direct.paths).toBe("all");
    const local = await rearmOf("\tstruct delayed_work *dw = to_delayed_work(work);\n\tschedule_delayed_work(dw, HZ);");
    expect(local.paths).toBe("all");
  });

  test("such a call is the handler's own", async () => {
    const text = `static void run(struct work_struct *work)\n{\n\tqueue_delayed_work(wq, to_delayed_work(work), 9 * HZ);\n}
void set(struct server *s)\n{\n\tINIT_DELAYED_WORK(&s->echo, run);\n}\n`;
    const queue = (await factsIn("delayed-work", text)).find((one) => one.operation === "queue");
    expect([queue?.handler, queue?.selfRearm, queue?.delay?.seconds]).toEqual(["run", true, 9]);
  });
});

describe("timers", () => {
  const timer = (bind: string, parameter: string, body: string): string => `${STRUCTS}
static void run(${parameter})\n{\n${body}\n}\nvoid set(struct server *server)\n{\n\t${bind};\n}\n`;
  const FROM = "\tstruct server *server = from_timer(server, t, idle);";

  test("timer_setup and mod_timer", async () => {
    const body = `${FROM}\n\tping(server);\n\tmod_timer(&server->idle, jiffies + HZ);`;
    const rearm = await handlerIn(timer("timer_setup(&server->idle, run, 0)", "struct timer_list *t", body));
    expect([rearm.paths, rearm.position]).toEqual(["all", "after-work"]);
  });

  test("setup_timer with a number for an argument", async () => {
    const body =
      "\tstruct server *server = (struct server *)data;\n\tif (server->alive)\n\t\tmod_timer(&server->idle, jiffies + HZ);";
    const rearm = await handlerIn(
      timer("setup_timer(&server->idle, run, (unsigned long)server)", "unsigned long data", body),
    );
    expect(rearm.paths).toBe("some");
  });

  test(".function, .expires and add_timer", async () => {
    const body =
      "\tstruct server *server = (struct server *)data;\n\tserver->idle.expires = jiffies + HZ;\n\tadd_timer(&server->idle);";
    expect((await handlerIn(timer("server->idle.function = run", "unsigned long data", body))).paths).toBe("all");
  });

  test("an expiry time alone arms nothing", async () => {
    const stored = `${FROM}\n\tserver->idle.expires = jiffies + HZ;`;
    const bind = "timer_setup(&server->idle, run, 0)";
    expect((await handlerIn(timer(bind, "struct timer_list *t", stored))).paths).toBe("none");
    const some = `${stored}\n\tif (server->alive)\n\t\tadd_timer(&server->idle);`;
    expect((await handlerIn(timer(bind, "struct timer_list *t", some))).paths).toBe("some");
  });

  test("mod_timer of the parameter", async () => {
    const body = "\tmod_timer(t, jiffies + HZ);";
    expect((await handlerIn(timer("timer_setup(&server->idle, run, 0)", "struct timer_list *t", body))).paths).toBe(
      "all",
    );
  });

  test("an hrtimer arms itself by what it returns", async () => {
    const text = `${STRUCTS}static enum hrtimer_restart run(struct hrtimer *t)
{
	if (stopped(t))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(t, ms_to_ktime(10));
	return HRTIMER_RESTART;
}
void set(struct server *server)\n{\n\tserver->fine.function = run;\n}\n`;
    expect((await handlerIn(text)).paths).toBe("some");
  });
});
