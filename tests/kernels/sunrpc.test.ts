/**
 * The reconnect of real kernels: what is translated, which verdict comes out, and that the verdict hangs on their C.
 *
 * Both kernels recover in every schedule, and should: their callback for errors wakes nobody itself (a work does, later,
 * and with the error that there was), nobody's callback is called while the worker resets its own socket, and
 * call_connect_status() takes -EAGAIN for a reason to look again. Each of the mutations takes one such thing away.
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

interface Mutation {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly after: Partial<Outcome>;
}

const edit = (file: string, before: string, after: string): Edit => ({ file, replace: [[before, after]] });

const CLEAR = "clear_bit(XPRT_SOCK_CONNECTING, &transport->sock_state);\n\t\t\txprt_clear_connecting(xprt);";
const PENDING = "xprt_wake_pending_tasks(&transport->xprt, -EAGAIN);";
const ESTABLISHED = "\t\t\txs_run_error_worker(transport, XPRT_SOCK_WAKE_PENDING);\n\t\t}\n\t\tbreak;";
const SUCCESS = "if (task->tk_status == 0) {\n\t\tclnt->cl_stats->netreconn++;";

const MUTATIONS: readonly Mutation[] = [
  { name: "A", edits: [edit(SOCKET, "xprt_wake_pending_tasks(xprt, status);", ";")], after: {} },
  { name: "B", edits: [edit(CLIENT, "\tcase -ENOTCONN:\n\tcase -EAGAIN:\n\tcase -ETIMEDOUT:\n\t\tif (!(task->tk_flags & RPC_TASK_NO_ROUND", "\tcase -ENOTCONN:\n\t\tif (!(task->tk_flags & RPC_TASK_NO_ROUND")], after: {} },
  { name: "C", edits: [edit(CLIENT, SUCCESS, SUCCESS.replace("== 0", "== 0 || task->tk_status == -EAGAIN")), edit(SOCKET, "xprt_wake_pending_tasks(xprt, status);", "xprt_wake_pending_tasks(xprt, -EAGAIN);")], after: {} },
  { name: "D", edits: [edit(SOCKET, "xprt_wake_pending_tasks(xprt, status);", "xprt_wake_pending_tasks(xprt, -EIO);")], after: {} },
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
  test("is translated without a gap, and always recovers", { timeout: 200_000 }, async (context) => {
    console.log(JSON.stringify(await outcomeOf(kernel(context, version))));
  });
});

describe("a change of linux-source-6.1", () => {
  test.for(MUTATIONS)("$name", { timeout: 200_000 }, async ({ name, edits }, context) => {
    console.log(name, JSON.stringify(await outcomeOf(await editedKernel(kernel(context, "6.1"), edits))));
  });
});
