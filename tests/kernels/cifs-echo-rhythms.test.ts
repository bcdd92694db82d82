/**
 * linux-source-6.1 with the old bug and another rhythm of the echo work, as patches may give it: what the check
 * measures of these, and that it sees where one echo does not speak for the others.
 */
import { expect, test } from "vitest";
import { checkedKernel, type EchoChecked } from "./checked.ts";
import type { Edit } from "./edited.ts";
import { editedKernel } from "./edited.ts";
import { GUARD, inConnect, REARM, WORK_BEGINS, waiting } from "./mutations.ts";
import { type Context, useSubjects } from "./subjects.ts";

const VERSION = "6.1";
const subjects = useSubjects([VERSION]);
const INTERVAL = "server->echo_interval";
const GLOBAL = "fs/smb/client/cifsglob.h";
const MEMBER = "\tunsigned long echo_interval;\n";

const TWICE = inConnect([REARM, REARM.replace(INTERVAL, `${INTERVAL} / 2`)]);
const ALWAYS = inConnect([GUARD, "false"]);
const FROM_RESPONSE = inConnect(
  [WORK_BEGINS, `${WORK_BEGINS}\tlong rest = server->lstrp + ${INTERVAL} - jiffies;\n`],
  [GUARD, "rest > 0"],
  [REARM, REARM.replace(INTERVAL, `rest > 0 ? rest : ${INTERVAL}`)],
);
const FIXED: readonly Edit[] = [
  { file: GLOBAL, replace: [[MEMBER, `${MEMBER}\tunsigned long echo_due;\n`]] },
  ...inConnect([
    `${REARM};`,
    `server->echo_due += ${INTERVAL};
	if (server->echo_due - jiffies > ${INTERVAL})
		server->echo_due = jiffies + ${INTERVAL};
	${REARM.replace(INTERVAL, "server->echo_due - jiffies")};`,
  ]),
];

type RoundTrips = readonly (number | "1jiffy")[];

async function checked(context: Context, edits: readonly Edit[], ...roundTrips: RoundTrips): Promise<EchoChecked> {
  const { source } = subjects.get(context, VERSION);
  return checkedKernel(await editedKernel(source, [...waiting(2), ...edits]), { own: { roundTrips } });
}

const differs = ({ result }: EchoChecked): string | undefined =>
  result.bounds.find((one) => one.startsWith("the state of the mount differs from echo to echo"));

test("half an interval: as many echoes, and settled with slow servers, too", async (context) => {
  const found = await checked(context, TWICE, "1jiffy", 5);
  const { verdict, figures } = found.result;
  expect([verdict, differs(found), found.translation.unmodelled]).toEqual(["holds", undefined, []]);
  expect(figures.idle.map((one) => [one.periodSeconds, one.echoesPerHour, one.marginSeconds])).toEqual([
    [30.72, 58.59, 30.28],
    [30.72, 39.06, 25.284],
  ]);
  expect(figures.busyEchoesPerHour).toBe(0);
});

test("an interval after the last response: two works for some echoes, and no interval of a jiffy", async (context) => {
  const found = await checked(context, FROM_RESPONSE, "1jiffy");
  const { verdict, figures } = found.result;
  expect([verdict, differs(found), found.translation.unmodelled]).toEqual(["holds", undefined, []]);
  expect([figures.fixedIntervalSeconds, figures.timeoutIntervals]).toEqual([null, 2]);
  expect([figures.idle[0]?.periodSeconds, figures.idleEchoesPerHour, figures.busyEchoesPerHour]).toEqual([
    61.44, 58.59, 0,
  ]);
  expect(figures.idle[0]?.marginSeconds).toBeGreaterThan(50);
  expect(figures.detection[0]?.worstAfterRequestSeconds).toBe(121.944);
});

test("a fixed schedule: the bug is still there, but not after the second echo", async (context) => {
  const found = await checked(context, FIXED, "1jiffy");
  const { verdict, figures } = found.result;
  expect([verdict, found.translation.unmodelled]).toEqual(["violated", []]);
  expect(differs(found)).toMatch(/64 states|65 states/);
  expect(figures.windows.map((one) => [one.fromSeconds, one.toSeconds])).toEqual([[0.392, 0.832]]);
  expect(figures.worstShare).toBeLessThan(0.007);
  expect(figures.idleEchoesPerHour).toBeCloseTo(60, 1);
  expect(figures.reproduce).toMatch(/until \d+ echoes were sent.* s after the last .*s after the last echo/);
});

test("no guard: as many echoes on a busy mount as on an idle one", async (context) => {
  const { figures } = (await checked(context, ALWAYS, "1jiffy")).result;
  expect([figures.idleEchoesPerHour, figures.busyEchoesPerHour]).toEqual([58.59, 58.59]);
});
