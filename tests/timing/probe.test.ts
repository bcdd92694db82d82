/** Probes put together from facts: what belongs to one and what does not. */
import { expect, test } from "vitest";
import { probeOf } from "../../tools/timing/probe.ts";
import { scanText } from "./memory-source.ts";

const STRUCTS =
  "struct server { struct delayed_work echo; unsigned long lstrp; };\nstruct other { unsigned long lstrp; };\n";
const JOB = `static void probe(struct work_struct *work)
{
	struct server *server = container_of(work, struct server, echo.work);
	if (time_before(jiffies, server->lstrp + HZ))
		goto out;
	send(server);
out:
	queue_delayed_work(wq, &server->echo, 2 * HZ);
}
`;
const START =
  "void start(struct server *s)\n{\n\tINIT_DELAYED_WORK(&s->echo, probe);\n\tqueue_delayed_work(wq, &s->echo, 0);\n}\n";

test("a function that nothing is bound to is no probe", async () => {
  expect(probeOf((await scanText(STRUCTS + JOB)).facts, "probe")).toBeNull();
  expect(probeOf((await scanText(STRUCTS + JOB + START)).facts, "start")).toBeNull();
});

test("guards inside, watchdogs outside, stamps anywhere; fields of the same name in other structs are others", async () => {
  const rest = `void reader(struct server *server, struct other *other)
{
	server->lstrp = jiffies;
	other->lstrp = jiffies;
	if (time_after(jiffies, server->lstrp + 3 * HZ))
		reconnect(server);
	if (time_after(jiffies, other->lstrp + 9 * HZ))
		reconnect(server);
}
`;
  const probe = probeOf((await scanText(STRUCTS + JOB + START + rest)).facts, "probe");
  expect(probe?.guards.map((one) => one.offset.seconds)).toEqual([1]);
  expect(probe?.watchdogs.map((one) => one.offset.seconds)).toEqual([3]);
  expect(probe?.stamps.map((one) => one.target.struct)).toEqual(["server"]);
  expect(probe?.rearms.map((one) => one.delay?.seconds)).toEqual([2]);
  expect(probe?.kicks.map((one) => [one.function, one.delay?.seconds])).toEqual([["start", 0]]);
});

test("a probe without a guard watches nothing that anybody else could wait for", async () => {
  const job = JOB.replace("\tif (time_before(jiffies, server->lstrp + HZ))\n\t\tgoto out;\n", "");
  const probe = probeOf((await scanText(STRUCTS + job + START)).facts, "probe");
  expect([probe?.guards, probe?.watchdogs, probe?.handler.rearm?.paths]).toEqual([[], [], "all"]);
});
