/** The document's hang on the sample: where it is, where it is not, and which lines of C it hangs on. */
import { describe, expect, test } from "vitest";
import type { Edit } from "../kernels/edited.ts";
import { CLIENT, SOCKET, TRANSPORT } from "../repair/reconnect-kernel.ts";
import { ABOVE, type Ending, editedClient, ending, type Setting, sampleClient, WAKES_FIRST } from "./sunrpc-run.ts";

/** The steps that have the callback for errors and take -EAGAIN for success. */
const HANGING = [4, 5];
const NEWEST = 12;

const BELOW: Setting = { ...ABOVE, rpciod: "RR 51" };

function edit(file: string, before: string, after: string): readonly Edit[] {
  return [{ file, replace: [[before, after]] }];
}

/** Seconds to a tenth (null where the call hangs), and what stat() returned. */
function told({ seconds, status }: Ending): readonly [number | null, number] {
  return [seconds === null ? null : Math.round(seconds * 10) / 10, status];
}

/** Every user and rpciod that the document names on one CPU, and the one that hangs on two. */
const ALL: readonly Setting[] = [
  ...["OTHER", "RR 50"].flatMap((user) => ["OTHER", "RR 49", "RR 51"].map((rpciod) => ({ user, rpciod, cpus: 1 }))),
  { ...ABOVE, cpus: 2 },
];

const endings = new Map<string, Ending>();

/** What comes of a step as it is, run once. */
async function endingOf(number: number, setting: Setting): Promise<Ending> {
  const key = JSON.stringify([number, setting]);
  const made = endings.get(key) ?? ending(await sampleClient(number), setting);
  endings.set(key, made);
  return made;
}

describe("the sample as it is", () => {
  test.each(HANGING)(
    "step %i hangs where the user keeps the only CPU from rpciod, and nowhere else",
    async (number) => {
      const client = await sampleClient(number);
      expect(client.unmodelled).toEqual([]);
      for (const setting of ALL) {
        const { first, seconds, status } = ending(client, setting);
        const hangs = setting.user === "RR 50" && setting.rpciod !== "RR 51" && setting.cpus === 1;
        expect([setting, first < 1, seconds === null, status]).toEqual([setting, true, hangs, 0]);
      }
    },
  );

  test.each([3, 6, NEWEST])("step %i always recovers", async (number) => {
    for (const setting of ALL) {
      const { seconds, status } = await endingOf(number, setting);
      expect([setting, seconds !== null && seconds < 15, status]).toEqual([setting, true, 0]);
    }
  });

  test("step 5 recovers where connect() does not fail at once", async () => {
    const dropped = { ...ABOVE, scenario: { way: "drop" } } as const;
    expect(told(await endingOf(5, dropped))).toEqual([1, 0]);
  });
});

interface Mutation {
  readonly name: string;
  readonly number: number;
  readonly edits: readonly Edit[];
  readonly setting: Setting;
  readonly before: readonly [seconds: number | null, status: number];
  readonly after: readonly [seconds: number | null, status: number];
}

const CALLBACK = "\tif (xprt)\n\t\txprt_wake_pending_tasks(xprt, -EAGAIN);";
const ESTABLISHED = "if (!xprt_test_and_set_connected(xprt))\n\t\t\txprt_wake_pending_tasks(xprt, -EAGAIN);";

const MUTATIONS: readonly Mutation[] = [
  {
    // -ECONNREFUSED makes the task sleep for 3 s, and the worker gets the CPU.
    name: "the callback for errors passes -ECONNREFUSED",
    number: 5,
    edits: edit(SOCKET, CALLBACK, CALLBACK.replace("EAGAIN", "ECONNREFUSED")),
    setting: ABOVE,
    before: [null, 0],
    after: [8, 0],
  },
  {
    // xprt_connect_status() knows no such status: the call fails before the way is open again.
    name: "the callback for errors passes -ENOTCONN",
    number: 5,
    edits: edit(SOCKET, CALLBACK, CALLBACK.replace("EAGAIN", "ENOTCONN")),
    setting: ABOVE,
    before: [null, 0],
    after: [0, -5],
  },
  {
    // call_connect() sleeps while a worker is connecting.
    name: "-EAGAIN goes back to bind in call_connect_status()",
    number: 5,
    edits: edit(
      CLIENT,
      "so go and send. */\n\t\ttask->tk_action = call_transmit;",
      "so go and send. */\n\t\ttask->tk_action = call_bind;",
    ),
    setting: ABOVE,
    before: [null, 0],
    after: [11, 0],
  },
  {
    // The user runs at once, finds that a worker is connecting, and sleeps until its own timeout.
    name: "the worker wakes before it says that it connects no more",
    number: NEWEST,
    edits: [WAKES_FIRST],
    setting: ABOVE,
    before: [11, 0],
    after: [50, 0],
  },
  {
    // The same where rpciod is not preempted: the order makes no difference.
    name: "the worker wakes before it says that it connects no more, and is not preempted",
    number: NEWEST,
    edits: [WAKES_FIRST],
    setting: BELOW,
    before: [11, 0],
    after: [11, 0],
  },
  {
    // Who waits for the connection finds it when its timeout of 60 s is over.
    name: "nobody is woken when the connection is there",
    number: NEWEST,
    edits: edit(SOCKET, ESTABLISHED, "xprt_test_and_set_connected(xprt);"),
    setting: BELOW,
    before: [11, 0],
    after: [59, 0],
  },
  {
    // A request that is sent in part keeps the lock, so that its sender closes the socket; without it a work does,
    // between the sender's steps, and the sender goes round as after an error.
    name: "the transport's lock is looked at, and not taken",
    number: 5,
    edits: edit(TRANSPORT, "test_and_set_bit(XPRT_LOCKED, &xprt->state)", "test_bit(XPRT_LOCKED, &xprt->state)"),
    setting: { ...ABOVE, tcp: { sendBufferBytes: 100 } },
    before: [11.3, 0],
    after: [null, 0],
  },
];

describe("what a change of the C does", () => {
  test.each(MUTATIONS)("$name (step $number)", async ({ number, edits, setting, before, after }) => {
    const whole = await endingOf(number, setting);
    expect(told(whole)).toEqual(before);
    const changed = ending(await editedClient(number, edits), setting);
    expect(told(changed)).toEqual(after);
  });
});
