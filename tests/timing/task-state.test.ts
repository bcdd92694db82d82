/** The RPC state machine as edges. */
import { describe, expect, test } from "vitest";
import { factsIn, scanText } from "./memory-source.ts";

/** Edges of one state, as `next: status or status`, in source order. */
async function edgesOf(body: string, before = ""): Promise<string[]> {
  const text = `struct rpc_task { int tk_status; void (*tk_action)(struct rpc_task *); };
${before}static void call_state(struct rpc_task *task)\n{\n${body}\n}\n`;
  const facts = await factsIn("task-state", text);
  expect(facts.every((one) => one.state === "call_state")).toBe(true);
  return facts.map((one) => `${one.next}: ${one.status.length === 0 ? "any" : one.status.join(" or ")}`);
}

const go = (next: string): string => `task->tk_action = ${next};`;

describe("switch", () => {
  test("groups, fall-through and default", async () => {
    const body = `	switch (task->tk_status) {
	case 0:
		${go("call_transmit")}
		return;
	case -ECONNREFUSED:
	case -ECONNRESET:
		rpc_delay(task, 3 * HZ);
		fallthrough;
	case -EAGAIN:
		${go("call_bind")}
		return;
	default:
		${go("call_exit")}
	}`;
    expect(await edgesOf(body)).toEqual([
      "call_transmit: == 0",
      "call_bind: == -EAGAIN or == -ECONNREFUSED or == -ECONNRESET",
      "call_exit: other than 0, -ECONNREFUSED, -ECONNRESET, -EAGAIN",
    ]);
  });

  test("a store after it is reached by the cases that break", async () => {
    const body = `	switch (task->tk_status) {
	case -EIO:
		rpc_exit(task, -EIO);
		return;
	case -EAGAIN:
		break;
	case -ETIMEDOUT:
		note(task);
	}
	${go("call_bind")}`;
    expect(await edgesOf(body)).toEqual([
      "call_bind: == -EAGAIN or == -ETIMEDOUT or other than -EIO, -EAGAIN, -ETIMEDOUT",
    ]);
  });

  test("default in the middle falls through to the next", async () => {
    const body = `	switch (task->tk_status) {
	case -EIO:
		return;
	default:
		note(task);
	case -EAGAIN:
		${go("call_bind")}
	}`;
    expect(await edgesOf(body)).toEqual(["call_bind: == -EAGAIN or other than -EIO, -EAGAIN"]);
  });

  test("a condition inside a case does not hide the case", async () => {
    const body = `	switch (task->tk_status) {
	case -EAGAIN:
		if (task->tk_flags)
			${go("call_bind")}
		else
			${go("call_connect")}
		break;
	}`;
    expect(await edgesOf(body)).toEqual(["call_bind: == -EAGAIN", "call_connect: == -EAGAIN"]);
  });
});

describe("if", () => {
  test("a chain", async () => {
    const body = `	if (task->tk_status >= 0)
		${go("call_transmit")}
	else if (task->tk_status == -EAGAIN)
		${go("call_bind")}
	else
		${go("call_exit")}`;
    expect(await edgesOf(body)).toEqual([
      "call_transmit: >= 0",
      "call_bind: == -EAGAIN",
      "call_exit: < 0 and != -EAGAIN",
    ]);
  });

  test("a bare test and its negation", async () => {
    expect(await edgesOf(`\tif (task->tk_status)\n\t\treturn;\n\t${go("a")}`)).toEqual(["a: == 0"]);
    expect(await edgesOf(`\tif (!task->tk_status)\n\t\treturn;\n\t${go("a")}`)).toEqual(["a: != 0"]);
    expect(await edgesOf(`\tif (unlikely(task->tk_status < 0))\n\t\t${go("a")}`)).toEqual(["a: < 0"]);
  });

  test("either of two", async () => {
    const body = `\tif (task->tk_status == -EAGAIN || task->tk_status == -EPIPE)\n\t\t${go("call_bind")}\n\telse\n\t\t${go("call_exit")}`;
    expect(await edgesOf(body)).toEqual(["call_bind: == -EAGAIN or == -EPIPE", "call_exit: != -EAGAIN and != -EPIPE"]);
  });

  test("the status on the right", async () => {
    const body = `\tif (-EAGAIN == task->tk_status)\n\t\t${go("a")}\n\telse if (0 > task->tk_status)\n\t\t${go("b")}`;
    expect(await edgesOf(body)).toEqual(["a: == -EAGAIN", "b: != -EAGAIN and < 0"]);
  });

  test("tests of something else say nothing", async () => {
    expect(await edgesOf(`\tif (task->tk_flags == 3)\n\t\t${go("a")}\n\telse\n\t\t${go("b")}`)).toEqual([
      "a: any",
      "b: any",
    ]);
  });

  test("a store on both sides of a test does not depend on it", async () => {
    const body = `\tif (task->tk_status < 0)\n\t\tnote(task);\n\t${go("a")}`;
    expect(await edgesOf(body)).toEqual(["a: any"]);
  });

  test("a value that was ruled out before", async () => {
    const body = `\tif (task->tk_status == -EAGAIN)\n\t\tnote(task);\n\tif (task->tk_status == -EPIPE)\n\t\treturn;\n\t${go("a")}`;
    const [edge = ""] = await edgesOf(body);
    // However it is put, -EPIPE must not lead there and -EAGAIN must.
    expect(edge).not.toContain("== -EPIPE");
    expect(edge).toMatch(/== -EAGAIN|: != -EPIPE$/);
  });

  test("a path that contradicts itself is none", async () => {
    const body = `	switch (task->tk_status) {
	case -EAGAIN:
		note(task);
		break;
	default:
		return;
	}
	if (task->tk_status == -EPIPE)
		${go("never")}
	else
		${go("call_bind")}`;
    expect(await edgesOf(body)).toContain("call_bind: == -EAGAIN");
    expect(await edgesOf(body)).not.toContain("never: == -EPIPE");
  });
});

describe("copies of the status", () => {
  test.each([
    ["\tint status = task->tk_status;\n"],
    ["\tint status;\n\tstatus = task->tk_status;\n"],
    ["\tconst int status = (task->tk_status);\n"],
    ["\tint status = 0;\n\tstatus = task->tk_status;\n"],
    ["\tint status = READ_ONCE(task->tk_status);\n"],
  ])("%s", async (copy) => {
    const body = `${copy}\tif (status >= 0) {\n\t\t${go("a")}\n\t\treturn;\n\t}\n\t${go("b")}`;
    expect(await edgesOf(body)).toEqual(["a: >= 0", "b: < 0"]);
  });

  test("the status is overwritten, the copy is not", async () => {
    const body = `	int status = task->tk_status;
	task->tk_status = 0;
	switch (status) {
	case -EAGAIN:
		${go("call_bind")}
		break;
	default:
		${go("call_exit")}
	}`;
    expect(await edgesOf(body)).toEqual(["call_bind: == -EAGAIN", "call_exit: other than -EAGAIN"]);
  });

  test("what is tested after it was overwritten is the new status; of a local that is overwritten, nothing is known", async () => {
    const body = `\ttask->tk_status = decode(task);\n\tif (task->tk_status < 0)\n\t\t${go("a")}\n\telse\n\t\t${go("b")}`;
    expect(await edgesOf(body)).toEqual(["a: < 0", "b: >= 0"]);
    const local = `\tint status = task->tk_status;\n\tstatus = decode(task);\n\tif (status < 0)\n\t\t${go("a")}`;
    expect(await edgesOf(local)).toEqual(["a: any"]);
    const added = `\ttask->tk_status += 1;\n\tif (task->tk_status < 0)\n\t\t${go("a")}`;
    expect(await edgesOf(added)).toEqual(["a: any"]);
  });

  test("what was known before it was overwritten stays known", async () => {
    const body = `\tif (task->tk_status != -EAGAIN)\n\t\treturn;\n\ttask->tk_status = 0;\n\tif (task->tk_status == 0)\n\t\t${go("a")}`;
    expect(await edgesOf(body)).toEqual(["a: == -EAGAIN"]);
  });
});

describe("stores", () => {
  test("goto and labels", async () => {
    const body = `\tif (task->tk_status == -EIO)\n\t\tgoto out;\n\t${go("a")}\n\treturn;\nout:\n\t${go("b")}`;
    expect(await edgesOf(body)).toEqual(["a: != -EIO", "b: == -EIO"]);
  });

  test("the end of the machine, and a choice of two", async () => {
    expect(await edgesOf("\ttask->tk_action = NULL;")).toEqual(["NULL: any"]);
    expect((await edgesOf("\ttask->tk_action = task->tk_flags ? call_a : call_b;")).sort()).toEqual([
      "call_a: any",
      "call_b: any",
    ]);
  });

  test("a loop comes to an end, and only the last store counts", async () => {
    const body = `\twhile (task->tk_status < 0) {\n\t\tif (task->tk_status == -EAGAIN)\n\t\t\t${go("a")}\n\t\tnext(task);\n\t}\n\t${go("b")}`;
    expect((await edgesOf(body))[0]).toMatch(/^b: .*>= 0/);
  });

  test.each(["if (task->tk_action == call_bind) note(task)", "run(task->tk_action)", "action = task->tk_action"])(
    "%s is none",
    async (statement) => {
      expect(await edgesOf(`\t${statement};`)).toEqual([]);
    },
  );

  test("many tests in a row are bounded, and the report says so or all is there", async () => {
    const tests = Array.from({ length: 60 }, (_, i) => `\tif (task->tk_status == -${i + 1})\n\t\tnote(task);`).join(
      "\n",
    );
    const scan = await scanText(`static void call_state(struct rpc_task *task)\n{\n${tests}\n\t${go("a")}\n}\n`);
    expect(scan.facts.length + scan.problems.length).toBeGreaterThan(0);
  });
});
