/** What is read of a kernel's work queues. */
import { expect, test } from "vitest";
import { kernelWorks } from "../../kernel-models/sunrpc-reconnect/kernel-works.ts";

/** A __queue_work() with a body. */
const queueing = (body: string): string =>
  `static void __queue_work(int cpu, struct workqueue_struct *wq,\n\t\t\t struct work_struct *work)\n{\n${body}\n}\n`;

test.each([
  ["that asks who executes the work", queueing("\tworker = find_worker_executing_work(last, work);"), true],
  [
    "that asks for some queues only",
    queueing("\tif (wq->flags & WQ_NON_REENTRANT)\n\t\tworker = find_worker_executing_work(last, work);"),
    false,
  ],
  ["that asks nobody", queueing("\tinsert_work(cwq, work);"), false],
  // The function is there, and somebody else calls it.
  [
    "beside one that asks",
    `${queueing("\tinsert_work(cwq, work);")}static void flush(void)\n{\n\tfind_worker_executing_work(a, b);\n}\n`,
    false,
  ],
])("a __queue_work() %s", (_, text, runOnce) => {
  expect(kernelWorks(text).runOnce).toBe(runOnce);
});

test("a tree without work queues is said to be without", () => {
  expect(kernelWorks(null)).toEqual({
    runOnce: false,
    told: "kernel/workqueue.c is not in the tree: a work item may run on two CPUs at once, as up to 3.6.",
  });
  expect(kernelWorks("int x;").told).toContain("has no __queue_work()");
});
