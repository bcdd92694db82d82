/** Who wakes whom, and with which status. */
import { describe, expect, test } from "vitest";
import { factIn, factsIn } from "./memory-source.ts";

function inFunction(statement: string): string {
  return `void wake(struct server *server, struct rpc_task *task, int status)\n{\n\t${statement};\n}\n`;
}

describe("wake-ups", () => {
  test.each([
    ["wake_up(&server->response_q)", "&server->response_q", null],
    ["wake_up_all(&server->response_q)", "&server->response_q", null],
    ["wake_up_interruptible(&server->request_q)", "&server->request_q", null],
    ["wake_up_process(server->tsk)", "server->tsk", null],
    ["wake_up_bit(&server->flags, 3)", "&server->flags", null],
    ["wake_up_var(&server->count)", "&server->count", null],
    ["swake_up_one(&server->q)", "&server->q", null],
    ["complete(&server->ready)", "&server->ready", null],
    ["complete_all(&server->ready)", "&server->ready", null],
    ["rpc_wake_up(&server->pending)", "&server->pending", null],
    ["rpc_wake_up_status(&server->pending, -EAGAIN)", "&server->pending", "-EAGAIN"],
    ["rpc_wake_up_queued_task(&server->pending, task)", "task", null],
    ["rpc_wake_up_queued_task_set_status(&server->pending, task, -EIO)", "task", "-EIO"],
    ["rpc_wake_up_queued_task_on_wq(wq, &server->pending, task)", "task", null],
    ["rpc_wake_up_task_queue_locked(&server->pending, task)", "task", null],
    [
      "xprt_wake_pending_tasks(server->xprt, status < 0 ? status : -EAGAIN)",
      "server->xprt",
      "status < 0 ? status : -EAGAIN",
    ],
  ])("%s", async (call, target, status) => {
    const fact = await factIn("wake-up", inFunction(call));
    expect([fact.target, fact.status, fact.expression, fact.function, fact.line]).toEqual([
      target,
      status,
      call,
      "wake",
      3,
    ]);
    expect(fact.primitive).toBe(call.slice(0, call.indexOf("(")));
  });
});

describe("no wake-ups", () => {
  test.each([
    "init_waitqueue_head(&server->response_q)",
    "init_completion(&server->ready)",
    "complete_request(server)",
    "completed(server)",
    "server->ops->complete(server)",
    "wakeup(server)",
    "wake_up_q_add(&q, task)",
    "waitqueue_active(&server->response_q)",
    "report(wake_up)",
    'log("wake_up(&server->response_q)")',
  ])("%s", async (statement) => {
    expect(await factsIn("wake-up", inFunction(statement))).toEqual([]);
  });
});
