/** Sleeps, waits with a timeout, and the timeouts that sockets and RPC tasks are given. */
import { describe, expect, test } from "vitest";
import { factIn, factsIn } from "./memory-source.ts";

const STRUCTS = "struct sock { long sk_rcvtimeo; long sk_sndtimeo; };\nstruct rpc_task { long tk_timeout; };\n";

function inFunction(body: string): string {
  return `${STRUCTS}\nlong nap(struct sock *sk, struct rpc_task *task, long wait)\n{\n${body}\n\treturn 0;\n}\n`;
}

const waitIn = (statement: string) => factIn("timed-wait", inFunction(`\t${statement};`));

describe("sleeps", () => {
  test.each([
    ["msleep(3000)", 3, "ms"],
    ["msleep_interruptible(10)", 0.01, "ms"],
    ["ssleep(5)", 5, "s"],
    ["usleep_range(500, 1000)", 0.001, "us"],
    ["udelay(20)", 0.00002, "us"],
    ["fsleep(50)", 0.00005, "us"],
    ["schedule_timeout(HZ)", 1, "jiffies"],
    ["schedule_timeout_interruptible(2 * HZ)", 2, "jiffies"],
    ["schedule_timeout_killable(HZ / 2)", 0.5, "jiffies"],
    ["freezable_schedule_timeout_killable(HZ)", 1, "jiffies"],
  ])("%s", async (call, seconds, unit) => {
    const fact = await waitIn(call);
    expect([fact.length.seconds, fact.length.unit, fact.awaits, fact.expression]).toEqual([seconds, unit, null, call]);
  });

  test("a length that doubles is no constant", async () => {
    const { length } = await waitIn("msleep(1 << wait)");
    expect([length.seconds, length.text]).toEqual([null, "1 << wait"]);
  });

  test("what is left of a timeout is listed", async () => {
    const body = "\tlong left = 5 * HZ;\n\twhile (left)\n\t\tleft = schedule_timeout(left);";
    const { length } = await factIn("timed-wait", inFunction(body));
    expect([length.seconds, length.text]).toEqual([null, "left"]);
    expect(length.locals).toEqual([{ name: "left", values: ["5 * HZ", "schedule_timeout(left)"] }]);
  });
});

describe("waits for something", () => {
  test.each([
    ["wait_event_timeout(queue, done(sk), 10 * HZ)", 10, "done(sk)"],
    ["wait_event_interruptible_timeout(queue, sk->sk_rcvtimeo == 0, HZ)", 1, "sk->sk_rcvtimeo == 0"],
    ["wait_event_killable_timeout(queue, done(sk), msecs_to_jiffies(500))", 0.5, "done(sk)"],
    ["wait_event_freezable_timeout(queue, done(sk), HZ)", 1, "done(sk)"],
    ["swait_event_interruptible_timeout_exclusive(queue, done(sk), HZ)", 1, "done(sk)"],
    ["wait_event_interruptible_hrtimeout(queue, done(sk), ms_to_ktime(20))", 0.02, "done(sk)"],
    ["wait_var_event_timeout(&sk->x, done(sk), HZ)", 1, "done(sk)"],
    ["wait_for_completion_timeout(&sk->ready, 15 * HZ)", 15, "&sk->ready"],
    ["wait_for_completion_killable_timeout(&sk->ready, HZ)", 1, "&sk->ready"],
    ["wait_on_bit_timeout(&sk->flags, 3, TASK_KILLABLE, HZ)", 1, "&sk->flags"],
    ["rpc_delay(task, HZ >> 2)", 0.25, null],
    ["rpc_sleep_on_timeout(&queue, task, NULL, jiffies + 60 * HZ)", 60, "&queue"],
    ["rpc_sleep_on_priority_timeout(&queue, task, jiffies + HZ, 0)", 1, "&queue"],
  ])("%s", async (call, seconds, awaits) => {
    const fact = await waitIn(call);
    expect([fact.length.seconds, fact.awaits]).toEqual([seconds, awaits]);
  });

  test.each([
    // include/linux/wait.h, semaphore.h, hrtimer.h, iopoll.h
    ["wait_woken(&wait_entry, TASK_INTERRUPTIBLE, 3 * HZ)", 3],
    ["down_timeout(&sk->lock, 2 * HZ)", 2],
    ["schedule_hrtimeout_range(&expires, 100, HRTIMER_MODE_REL)", null],
    ["read_poll_timeout(ready, value, value > 0, 10, 5000, false, sk)", 0.005],
  ])("%s", async (call, seconds) => {
    expect((await waitIn(call)).length.seconds).toBe(seconds);
  });
});

describe("timeouts of others", () => {
  test.each([
    ["sk->sk_rcvtimeo = 7 * HZ", "sk_rcvtimeo", 7],
    ["sk->sk_sndtimeo = 5 * HZ", "sk_sndtimeo", 5],
    ["task->tk_timeout = 0", "tk_timeout", 0],
    ["task->tk_timeout = msecs_to_jiffies(100)", "tk_timeout", 0.1],
    ["sock_set_sndtimeo(sk, 5)", "sock_set_sndtimeo", 5],
  ])("%s", async (statement, primitive, seconds) => {
    const fact = await waitIn(statement);
    expect([fact.primitive, fact.length.seconds, fact.expression]).toEqual([primitive, seconds, statement]);
  });
});

describe("no timed waits", () => {
  test.each([
    "wait_event(queue, done(sk))",
    "wait_for_completion(&sk->ready)",
    "schedule()",
    "wait = sk->sk_rcvtimeo",
    "if (sk->sk_rcvtimeo == 5 * HZ) report(sk)",
    "sk->sk_rcvtimeo += HZ",
    "sk->ops->msleep(100)",
    "my_msleep(100)",
    "report(msleep)",
    "set_schedule_timeout(HZ)",
  ])("%s", async (statement) => {
    expect(await factsIn("timed-wait", inFunction(`\t${statement};`))).toEqual([]);
  });
});
