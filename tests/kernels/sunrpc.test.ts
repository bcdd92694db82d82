/**
 * The reconnect of real kernels: what is translated, which verdict comes out, and that the verdict hangs on their C.
 *
 * Both kernels recover, and should: their callback for errors wakes nobody itself (a work does, later, and with the error
 * that there was), and call_connect_status() takes -EAGAIN for a reason to look again. The whole table, with every
 * schedule, takes a minute or two for each: `groundhog check sunrpc-reconnect --kernel debian:6.1`.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sunrpcReconnect } from "../../kernel-models/sunrpc-reconnect/system.ts";
import { everythingEnabled } from "../../tools/c/configuration.ts";
import { checkPrepared, type Narrowing, prepare } from "../../tools/cli/check-system.ts";
import { modelOf, programOf } from "../../tools/cli/translation.ts";
import type { KernelSource } from "../../tools/kernel/source.ts";
import { type Edit, editedKernel } from "./edited.ts";
import { debianKernel } from "./kernels.ts";

const VERSIONS = ["6.1", "6.12"] as const;
const SOCKET = "net/sunrpc/xprtsock.c";
/** A translation takes 2 s on a machine that does nothing else. */
const MAX_MS = 200_000;
const CLIENT = "net/sunrpc/clnt.c";

/** The document's user on the only CPU, above and below rpciod; no schedules but those that need no search. */
const PLAINLY: Narrowing = {
  hz: [250],
  own: { users: ["RR 50", "OTHER"], rpciods: ["OTHER"], cpus: [1], schedulers: ["fair", "eager"] },
  wheel: null,
  seed: 1,
  size: "full",
};

interface Outcome {
  readonly verdicts: Readonly<Record<string, string>>;
  /** Seconds to the end of the call, at most, in each scenario; null where it hangs or fails. */
  readonly seconds: readonly (number | null)[];
  readonly unmodelled: readonly string[];
  readonly reasons: readonly string[];
}

async function outcomeOf(source: KernelSource, narrowing: Narrowing = PLAINLY): Promise<Outcome> {
  const model = await modelOf(source, await programOf(source, everythingEnabled()), sunrpcReconnect);
  const { result } = await checkPrepared(prepare(sunrpcReconnect, model, narrowing), () => {});
  return {
    verdicts: Object.fromEntries(result.properties.map((one) => [one.name, one.verdict])),
    seconds: result.figures.scenarios.map((one) =>
      one.recoverySeconds === null ? null : Math.round(one.recoverySeconds),
    ),
    unmodelled: model.unmodelled.map(({ file, line, what }) => `${file}:${line}: ${what}`),
    reasons: result.reasons,
  };
}

const HOLDS = { progress: "holds", "one-worker": "holds", "no-lost-call": "holds" };
/** A search ends at the first violation: nothing is said of the other properties. */
const OPEN = { progress: "inconclusive", "one-worker": "inconclusive", "no-lost-call": "inconclusive" };

interface Mutation {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly after: Pick<Outcome, "verdicts" | "seconds">;
}

const edit = (file: string, before: string, after: string): Edit => ({ file, replace: [[before, after]] });

const CLEAR = "clear_bit(XPRT_SOCK_CONNECTING, &transport->sock_state);\n\t\t\txprt_clear_connecting(xprt);";
const ESTABLISHED = "\t\t\txs_run_error_worker(transport, XPRT_SOCK_WAKE_PENDING);\n\t\t}\n\t\tbreak;";
const AGAIN =
  "\tcase -ENOTCONN:\n\tcase -EAGAIN:\n\tcase -ETIMEDOUT:\n\t\tif (!(task->tk_flags & RPC_TASK_NO_ROUND_ROBIN)";
const SUCCESS = "if (task->tk_status == 0) {\n\t\tclnt->cl_stats->netreconn++;";

const MUTATIONS: readonly Mutation[] = [
  {
    // Who finds that a worker is connecting sleeps until it is done: from the second connection on, for ever.
    name: "xs_tcp_state_change() does not say that nobody connects any more",
    edits: [edit(SOCKET, CLEAR, "clear_bit(XPRT_SOCK_CONNECTING, &transport->sock_state);")],
    after: { verdicts: { ...OPEN, progress: "violated" }, seconds: [null, null, null, null] },
  },
  {
    // What means that one should look again is an error of the call then, and stat() fails on a hard mount.
    name: "call_connect_status() knows neither -EAGAIN nor -ETIMEDOUT",
    edits: [edit(CLIENT, AGAIN, AGAIN.replace("\tcase -EAGAIN:\n\tcase -ETIMEDOUT:\n", ""))],
    after: { verdicts: { ...OPEN, "no-lost-call": "violated" }, seconds: [null, null, 11, null] },
  },
  {
    // The connection is found when the task's own timeout of 60 s is over: late, but not never.
    name: "xs_tcp_state_change() wakes nobody for a new connection",
    edits: [edit(SOCKET, ESTABLISHED, "\t\t}\n\t\tbreak;")],
    after: { verdicts: HOLDS, seconds: [71, 71, 71, 71] },
  },
  {
    // The sample's hang needs more than this: call_transmit() looks itself if there is a connection, and goes back
    // with -ENOTCONN where there is none.
    name: "call_connect_status() takes -EAGAIN for success",
    edits: [edit(CLIENT, SUCCESS, SUCCESS.replace("== 0", "== 0 || task->tk_status == -EAGAIN"))],
    after: { verdicts: HOLDS, seconds: [11, 11, 11, 11] },
  },
];

const sources = new Map<string, KernelSource>();
const reasons = new Map<string, string>();

beforeAll(async () => {
  for (const version of VERSIONS) {
    const { source, why } = await debianKernel(version);
    if (source === null) reasons.set(version, why);
    else sources.set(version, source);
  }
});
afterAll(async () => {
  for (const source of sources.values()) await source.close();
});

/** The kernel; the test is skipped, with the reason, where there is none. */
function kernel(context: { skip(condition: boolean, note: string): void }, version: string): KernelSource {
  const source = sources.get(version);
  context.skip(source === undefined, reasons.get(version) ?? "");
  if (source === undefined) throw new Error("skipped");
  return source;
}

describe.each(VERSIONS)("linux-source-%s", (version) => {
  test("is translated without a gap, and always recovers", { timeout: MAX_MS }, async (context) => {
    const outcome = await outcomeOf(kernel(context, version));
    // In seconds after the way to the server is open again.
    expect(outcome).toEqual({ verdicts: HOLDS, seconds: [11, 11, 11, 11], unmodelled: [], reasons: [] });
  });
});

describe("a change of linux-source-6.1", () => {
  test.for(MUTATIONS)("$name", { timeout: MAX_MS }, async ({ edits, after }, context) => {
    const outcome = await outcomeOf(await editedKernel(kernel(context, "6.1"), edits));
    expect(outcome).toEqual({ ...after, unmodelled: [], reasons: [] });
  });
});
