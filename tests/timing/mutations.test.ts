/**
 * The facts follow the code: an echo job of our own, changed a little at a time, with what must change in the facts.
 */
import { describe, expect, test } from "vitest";
import type { Scan } from "../../tools/timing/scan.ts";
import { factsOfKind, scanText } from "./memory-source.ts";

const ECHO = `
#define SMB_ECHO_INTERVAL (60 * HZ)
struct TCP_Server_Info { struct delayed_work echo; unsigned long lstrp; int tcpStatus; };

static void cifs_echo_request(struct work_struct *work)
{
	struct TCP_Server_Info *server = container_of(work, struct TCP_Server_Info, echo.work);

	if (server->tcpStatus != CifsGood)
		goto requeue_echo;
	if (time_before(jiffies, server->lstrp + SMB_ECHO_INTERVAL - HZ))
		goto requeue_echo;
	send_echo(server);
requeue_echo:
	queue_delayed_work(cifsiod_wq, &server->echo, SMB_ECHO_INTERVAL);
}

static bool server_unresponsive(struct TCP_Server_Info *server)
{
	if (time_after(jiffies, server->lstrp + 2 * SMB_ECHO_INTERVAL)) {
		cifs_reconnect(server);
		return true;
	}
	return false;
}

void start(struct TCP_Server_Info *server)
{
	server->lstrp = jiffies;
	INIT_DELAYED_WORK(&server->echo, cifs_echo_request);
}
`;

/** What a reader of the facts would note down. */
interface Story {
  readonly delaySeconds: number | null;
  readonly rearm: string;
  readonly exits: readonly string[];
  readonly guard: string | null;
  readonly watchdog: string;
}

function storyOf(scan: Scan): Story {
  const work = factsOfKind(scan, "delayed-work");
  const deadlines = factsOfKind(scan, "deadline");
  const describeDeadline = (name: string): string | null => {
    const one = deadlines.find((fact) => fact.function === name);
    if (one === undefined) return null;
    return `${one.relation} ${one.offset.seconds} s: ${[...one.whenTrue.calls, ...one.whenTrue.ends].join(", ")}`;
  };
  const handler = work.find((one) => one.operation === "handler")?.rearm;
  return {
    delaySeconds: work.find((one) => one.selfRearm)?.delay?.seconds ?? null,
    rearm: `${handler?.paths}, ${handler?.position}`,
    exits: handler?.exitsWithout.map((exit) => exit.statement) ?? [],
    guard: describeDeadline("cifs_echo_request"),
    watchdog: describeDeadline("server_unresponsive") ?? "none",
  };
}

const BEFORE: Story = {
  delaySeconds: 60,
  rearm: "all, after-work",
  exits: [],
  guard: "before 59 s: goto requeue_echo",
  watchdog: "after 120 s: cifs_reconnect, return true",
};

const QUEUE = "\tqueue_delayed_work(cifsiod_wq, &server->echo, SMB_ECHO_INTERVAL);\n";
const GUARD = "\tif (time_before(jiffies, server->lstrp + SMB_ECHO_INTERVAL - HZ))\n\t\tgoto requeue_echo;\n";

interface Mutation {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly changes: Partial<Story>;
}

const MUTATIONS: readonly Mutation[] = [
  {
    name: "2 intervals become 3",
    from: "2 * SMB_ECHO_INTERVAL",
    to: "3 * SMB_ECHO_INTERVAL",
    changes: { watchdog: "after 180 s: cifs_reconnect, return true" },
  },
  {
    name: "- HZ is removed",
    from: "SMB_ECHO_INTERVAL - HZ",
    to: "SMB_ECHO_INTERVAL",
    changes: { guard: "before 60 s: goto requeue_echo" },
  },
  {
    name: "the interval is halved",
    from: "(60 * HZ)",
    to: "(60 * HZ / 2)",
    changes: {
      delaySeconds: 30,
      guard: "before 29 s: goto requeue_echo",
      watchdog: "after 60 s: cifs_reconnect, return true",
    },
  },
  {
    name: "the guard is removed",
    from: GUARD,
    to: "",
    changes: { guard: null },
  },
  {
    name: "the job re-arms itself first",
    from: "\n\tif (server->tcpStatus",
    to: `\n${QUEUE}\tif (server->tcpStatus`,
    changes: { rearm: "all, before-work" },
  },
  {
    name: "a return before the re-arming",
    from: "\tsend_echo(server);\n",
    to: "\tif (send_echo(server))\n\t\treturn;\n",
    changes: { rearm: "some, after-work", exits: ["return;"] },
  },
  {
    name: "the guard leaves instead of re-arming",
    from: "- HZ))\n\t\tgoto requeue_echo;",
    to: "- HZ))\n\t\treturn;",
    changes: { rearm: "some, after-work", exits: ["return;"], guard: "before 59 s: return" },
  },
  {
    name: "the re-arming is removed",
    from: QUEUE,
    to: "\treturn;\n",
    changes: { delaySeconds: null, rearm: "none, null" },
  },
  {
    name: "time_after becomes time_before",
    from: "time_after(",
    to: "time_before(",
    changes: { watchdog: "before 120 s: cifs_reconnect, return true" },
  },
  {
    name: "time_after becomes time_after_eq",
    from: "time_after(",
    to: "time_after_eq(",
    changes: { watchdog: "after-or-at 120 s: cifs_reconnect, return true" },
  },
  {
    name: "the sides of the comparison change places",
    from: "jiffies, server->lstrp + 2 * SMB_ECHO_INTERVAL",
    to: "server->lstrp + 2 * SMB_ECHO_INTERVAL, jiffies",
    changes: { watchdog: "before 120 s: cifs_reconnect, return true" },
  },
  {
    name: "the watchdog reconnects no more",
    from: "\t\tcifs_reconnect(server);\n",
    to: "",
    changes: { watchdog: "after 120 s: return true" },
  },
  {
    name: "the delay is another than the interval",
    from: "&server->echo, SMB_ECHO_INTERVAL",
    to: "&server->echo, msecs_to_jiffies(1500)",
    changes: { delaySeconds: 1.5 },
  },
  {
    name: "only a good connection re-arms",
    from: QUEUE,
    to: `\tif (server->tcpStatus == CifsGood)\n\t${QUEUE}`,
    changes: { rearm: "some, after-work", exits: ["end of function"] },
  },
];

function mutate(mutation: Mutation): string {
  // A mutation that no longer applies would test nothing.
  expect(ECHO.split(mutation.from)).toHaveLength(2);
  let text = ECHO.replace(mutation.from, () => mutation.to);
  if (mutation.name === "the job re-arms itself first") {
    const last = text.lastIndexOf(QUEUE);
    text = `${text.slice(0, last)}\treturn;\n${text.slice(last + QUEUE.length)}`;
  }
  return text;
}

test("the job as it is", async () => {
  expect(storyOf(await scanText(ECHO))).toEqual(BEFORE);
});

describe("changes that matter", () => {
  test.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))("%s", async (_, mutation) => {
    const after = storyOf(await scanText(mutate(mutation)));
    expect(after).toEqual({ ...BEFORE, ...mutation.changes });
    expect(after).not.toEqual(BEFORE);
  });

  test("all facts differ from each other's", async () => {
    const all = await Promise.all(MUTATIONS.map(async (one) => JSON.stringify((await scanText(mutate(one))).facts)));
    expect(new Set([...all, JSON.stringify((await scanText(ECHO)).facts)]).size).toBe(MUTATIONS.length + 1);
  });
});

describe("changes that do not", () => {
  test.each([
    ["comments", "\tsend_echo(server);", "\t/* 2 * HZ, time_after(jiffies, 0) */ send_echo(server); // HZ"],
    ["another name for the macro", /SMB_ECHO_INTERVAL/g, "ECHO_DELAY"],
    ["another name for the variable", /\bserver\b/g, "s"],
    ["a number written in another way", "(60 * HZ)", "(2 * 0x1e * HZ)"],
    ["blanks", "2 * SMB_ECHO_INTERVAL", "2  *\tSMB_ECHO_INTERVAL"],
    ["CRLF", /\n/g, "\r\n"],
  ] as const)("%s", async (_, from, to) => {
    const changed = ECHO.replace(from, to);
    expect(changed).not.toBe(ECHO);
    expect(storyOf(await scanText(changed))).toEqual(BEFORE);
  });
});
