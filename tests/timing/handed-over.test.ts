/** Work items that are handed to helpers as parameters. */
import { expect, test } from "vitest";
import { factsIn } from "./memory-source.ts";

const SERVER = `struct delayed_work { int pending; };
struct work_struct { int flags; };
struct server { struct delayed_work echo; struct delayed_work other; };
`;
const HELPER = `static void arm_it(struct delayed_work *dwork, unsigned long delay)
{
	queue_delayed_work(wq, dwork, delay);
}
`;
const BIND = `void start(struct server *server)
{
	INIT_DELAYED_WORK(&server->echo, echo_job);
}
`;
const job = (body: string): string => `static void echo_job(struct work_struct *work)
{
	struct server *server = container_of(work, struct server, echo.work);
${body}
}
`;

test("a helper's caller arms the item, after the delay that it hands over", async () => {
  const facts = await factsIn("delayed-work", SERVER + HELPER + job("\tarm_it(&server->echo, 5 * HZ);") + BIND);
  const armed = facts.find((one) => one.viaHelper === "arm_it");
  expect([armed?.function, armed?.item.field, armed?.delay?.seconds, armed?.selfRearm]).toEqual([
    "echo_job",
    "echo",
    5,
    true,
  ]);
  expect(facts.find((one) => one.operation === "handler")?.rearm?.paths).toBe("all");
});

test("another item handed to the same helper does not arm this one", async () => {
  const facts = await factsIn("delayed-work", SERVER + HELPER + job("\tarm_it(&server->other, 5 * HZ);") + BIND);
  expect(facts.find((one) => one.operation === "handler")?.rearm?.paths).toBe("none");
});

test("through a helper of a helper", async () => {
  const outer = "static void arm_soon(struct delayed_work *w)\n{\n\tarm_it(w, HZ);\n}\n";
  const facts = await factsIn("delayed-work", SERVER + HELPER + outer + job("\tarm_soon(&server->echo);") + BIND);
  const armed = facts.find((one) => one.function === "echo_job" && one.operation === "queue");
  expect([armed?.viaHelper, armed?.delay?.seconds]).toEqual(["arm_soon", 1]);
});
