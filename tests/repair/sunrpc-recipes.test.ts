/** The recipes for the reconnect of the RPC client: on the sample's history, and on a small client in many forms. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Program } from "../../tools/c/program.ts";
import { makePatches } from "../../tools/repair/patch.ts";
import { patchedSource } from "../../tools/repair/patched-source.ts";
import type { Edit } from "../../tools/repair/recipe.ts";
import { patchedFiles, verifyEdits } from "../../tools/repair/verify-edits.ts";
import { commitMessage } from "../../tools/report/commit-message.ts";
import { temporaryFolder } from "../kernel/fixtures.ts";
import { ABOVE, clientOf, ending, sampleClient, sampleStep } from "../models/sunrpc-run.ts";
import { CONFIGURATION, changed } from "./echo-kernel.ts";
import {
  attempt,
  attempted,
  client,
  RECONNECT_RECIPES,
  reconnectRecipe,
  SHARED,
  SHARED_CASE,
  SOCKET,
  SOCKETS,
  STEPS,
} from "./reconnect-kernel.ts";

const AGAIN = "+\t\t/* To be woken says nothing of the connection. */";
const GUARD = "!test_bit(XPRT_CONNECTING, &xprt->state)";
const MEANWHILE = "/* The connect worker wakes them when it is done. */";

/** What verify-edits says of edits, and of what else was done to the texts. */
function verified(program: Program, edits: readonly Edit[], more: ReadonlyMap<string, Buffer> = new Map()): string {
  const result = new Map([...patchedFiles(program.files, edits), ...more]);
  const checks = verifyEdits(program.files, result, edits, CONFIGURATION);
  return checks.map(({ status, detail }) => (status === "passed" ? status : detail)).join("; ");
}

const PASSED = "passed; passed";

describe("the history of the sample", () => {
  const NO_CALLBACK = "no function of this source is stored in sk_error_report";
  const IN_TIME = "the connect worker wakes tasks when it is done, and not before";
  const BACK_TO_CONNECT = "on -EAGAIN, call_connect_status() goes to call_connect";
  const BACK_TO_BIND = "on -EAGAIN, call_connect_status() goes to call_bind";
  const APPLIES = null;
  test.each([
    [1, NO_CALLBACK, BACK_TO_CONNECT, IN_TIME, `${IN_TIME}; ${BACK_TO_CONNECT}`],
    [3, NO_CALLBACK, BACK_TO_CONNECT, IN_TIME, `${IN_TIME}; ${BACK_TO_CONNECT}`],
    [4, APPLIES, APPLIES, APPLIES, APPLIES],
    [5, APPLIES, APPLIES, APPLIES, APPLIES],
    [6, NO_CALLBACK, APPLIES, IN_TIME, `${IN_TIME}: what is left is retry-connect`],
    [7, NO_CALLBACK, BACK_TO_BIND, IN_TIME, `${IN_TIME}; ${BACK_TO_BIND}`],
    [12, NO_CALLBACK, BACK_TO_BIND, IN_TIME, `${IN_TIME}; ${BACK_TO_BIND}`],
  ])("step %i", async (number, ...expected) => {
    const { program } = await sampleStep(number);
    for (const [i, name] of RECONNECT_RECIPES.entries()) {
      const { proposal, edits } = attempt(name, program);
      const why = proposal.kind === "already-there" ? proposal.why : null;
      expect([name, why, proposal.kind]).toEqual([name, expected[i], why === null ? "edits" : "already-there"]);
      if (why === null) expect(verified(program, edits)).toBe(PASSED);
    }
  });

  test("one that was made by hand later is made again", async () => {
    const { program } = await sampleStep(5);
    const { program: later } = await sampleStep(6);
    const { changed: texts } = attempt("no-error-wakeup", program);
    const wanted = later.files.find((one) => one.path === SOCKET)?.masked.source;
    expect([...texts].map(([path, text]) => [path, text.toString("latin1")])).toEqual([[SOCKET, wanted]]);
  });

  test.each([
    [
      "retry-connect",
      [
        "-\t\t/* This is how the transport wakes its tasks, so go and send. */",
        "-\t\ttask->tk_action = call_transmit;",
        AGAIN,
        "+\t\ttask->tk_action = call_bind;",
      ],
    ],
    ["wake-when-done", ["-\tif (xprt)", `+\t${MEANWHILE}`, `+\tif (xprt && ${GUARD})`]],
  ])("%s changes these lines and no others", async (name, lines) => {
    expect(attempted(name, (await sampleStep(5)).program)).toEqual(lines);
  });

  test.each(RECONNECT_RECIPES)("git takes %s", async (name) => {
    const { program } = await sampleStep(5);
    const { changed: after } = attempt(name, program);
    const before = new Map(
      [...after.keys()].map((path) => {
        const source = program.files.find((one) => one.path === path)?.masked.source ?? "";
        return [path, Buffer.from(source, "latin1")] as const;
      }),
    );
    const { checks } = await makePatches({
      before,
      changes: [{ after, message: "SUNRPC: try\n\nTry.\n" }],
      origin: null,
      author: { name: "Nora Sample", email: "nora@example.org", seconds: 1_600_000_000 },
      cover: null,
      cacheDirectory: join(temporaryFolder(), "cache"),
    });
    expect(checks.map(({ status }) => status)).toEqual(["passed", "passed", "passed"]);
  });
});

describe("the hang of the sample's step 5", () => {
  test("is there without a candidate", async () => {
    expect(ending(await sampleClient(5), ABOVE).seconds).toBeNull();
  });

  test.each(RECONNECT_RECIPES)("is gone with %s, where the scheduler is fair", async (name) => {
    const { source, program } = await sampleStep(5);
    const mended = await clientOf(patchedSource(source, attempt(name, program).changed));
    expect(mended.unmodelled).toEqual([]);
    const { seconds, status } = ending(mended, ABOVE);
    expect([seconds !== null && seconds < 15, status]).toEqual([true, 0]);
  });
});

describe("retry-connect", () => {
  test("moves the value from a condition to the switch behind it", () => {
    expect(attempted("retry-connect", client({}))).toEqual([
      "-\tif (status >= 0 || status == -EAGAIN) {",
      "+\tif (status >= 0) {",
      "+\tcase -EAGAIN:",
      AGAIN,
      "+\t\ttask->tk_action = call_bind;",
      "+\t\treturn;",
    ]);
  });

  test("gives the value a case of its own, with what is done to the status", () => {
    const steps = `${SHARED_CASE}\n${STEPS.slice(STEPS.indexOf("static void call_status"))}`;
    expect(attempted("retry-connect", client({ steps }))).toEqual([
      "-\tcase -EAGAIN:",
      // The line is before the new case and at its end.
      "+\t\treturn;",
      "+\tcase -EAGAIN:",
      AGAIN,
      "+\t\ttask->tk_status = 0;",
      "+\t\ttask->tk_action = call_bind;",
    ]);
  });

  test("goes where the source goes without a connection", () => {
    const steps = changed(STEPS, ["task->tk_action = call_bind", "task->tk_action = call_connect"]);
    expect(attempted("retry-connect", client({ steps }))).toContain("+\t\ttask->tk_action = call_connect;");
  });

  const CONDITION = "if (status >= 0 || status == -EAGAIN) {";
  test.each<readonly [string, string, string, string]>([
    ["renamed", STEPS.replaceAll("call_connect_status", "call_connected"), "", "there is no call_connect_status()"],
    [
      "without the value",
      changed(STEPS, [" || status == -EAGAIN", ""]),
      "static void call_connect_status(struct rpc_task *task)",
      "has no case for -EAGAIN",
    ],
    [
      "that nothing says the way back to",
      changed(STEPS, ["case -ENOTCONN:", "case -EPIPE:"]),
      "static void call_status(struct rpc_task *task)",
      "does not say whether",
    ],
    [
      "with an else",
      changed(STEPS, ["\t\treturn;\n\t}\n", "\t\treturn;\n\t} else\n\t\ttask->tk_failures++;\n"]),
      CONDITION,
      "no list of statements",
    ],
    [
      "that goes on behind the condition",
      changed(STEPS, ["\t\treturn;\n\t}\n", "\t}\n"]),
      CONDITION,
      "does not end with a jump",
    ],
    [
      "without a switch",
      changed(STEPS, ["switch (status) {\n\tcase -ETIMEDOUT", "switch (-status) {\n\tcase -ETIMEDOUT"]),
      CONDITION,
      "no switch (status) after it",
    ],
    [
      "with a case that runs into the next one",
      changed(STEPS, ["call_timeout;\n\t\tbreak;", "call_timeout;"]),
      "case -ETIMEDOUT:",
      "runs into the next one",
    ],
    [
      "under a preprocessor condition",
      changed(STEPS, ["\t\ttask->tk_client->connects++;", "#ifdef CONFIG_X\n\t\ttask->tk_client->connects++;\n#endif"]),
      "static void call_connect_status(struct rpc_task *task)",
      "has text under a preprocessor condition",
    ],
  ])("refuses one %s", (_, steps, line, why) => {
    const [kind, where, reason] = attempted("retry-connect", client({ steps }));
    expect([kind, where]).toEqual(["refused", line === "" ? expect.any(String) : line]);
    expect(reason).toContain(why);
  });
});

describe("no-error-wakeup", () => {
  test("takes the callback out, and what stores it", () => {
    const program = client({});
    const lines = attempted("no-error-wakeup", program);
    expect(lines.every((line) => line.startsWith("-"))).toBe(true);
    expect(lines).toContain("-/* Errors of the socket. */");
    expect(lines).toContain("-\tsk->sk_error_report = xs_error_report;");
    expect(lines).not.toContain("-\tsk->sk_state_change = xs_state_change;");
    expect(verified(program, attempt("no-error-wakeup", program).edits)).toBe(PASSED);
  });

  const WAKE = "\txprt_wake_pending_tasks(xprt, -EAGAIN);";
  test.each([
    ["does something else", changed(SOCKETS, ["\tdprintk(", "\txprt->errors++;\n\tdprintk("])],
    ["traces", changed(SOCKETS, ["\tdprintk(", "\ttrace_rpc_socket_error(xprt);\n\tdprintk("])],
    ["is used otherwise", `${SOCKETS}\nvoid other(struct sock *sk)\n{\n\txs_error_report(sk);\n}\n`],
    ["is not static", changed(SOCKETS, ["static void xs_error_report", "void xs_error_report"])],
  ])("takes the call alone out of a callback that %s", (_, sockets) => {
    expect(attempted("no-error-wakeup", client({ sockets }))).toEqual([`-${WAKE}`]);
  });

  test("has nothing to do where the callback hands the error to a worker", () => {
    const sockets = changed(SOCKETS, [WAKE, "\tqueue_work(wq, &xprt->error_worker);"]);
    expect(attempted("no-error-wakeup", client({ sockets }))).toEqual([
      "already there",
      "what is stored in sk_error_report wakes no tasks itself: xs_error_report()",
    ]);
  });

  test("refuses where nothing is known of who wakes", () => {
    const renamed = (text: string): string => text.replaceAll("xprt_wake_pending_tasks", "xprt_wake");
    expect(attempted("no-error-wakeup", client({ shared: renamed(SHARED), sockets: renamed(SOCKETS) }))[2]).toBe(
      "there is no xprt_wake_pending_tasks()",
    );
  });
});

describe("wake-when-done", () => {
  const GUARDED = [`+\t${MEANWHILE}`, `+\tif (${GUARD})`, "+\t\txprt_wake_pending_tasks(xprt, -EAGAIN);"];
  const BARE = "-\txprt_wake_pending_tasks(xprt, -EAGAIN);";
  const AT_END = ["+\t\tif (sock->sk->sk_state == TCP_CLOSE)", "+\t\t\txprt_wake_pending_tasks(peer, -EAGAIN);"];

  test("guards what the worker causes, and lets it wake under the lock of the function that no longer does", () => {
    const program = client({});
    expect(attempted("wake-when-done", program)).toEqual([
      BARE,
      ...GUARDED,
      BARE,
      ...GUARDED,
      "+\t\tspin_lock_bh(&peer->transport_lock);",
      ...AT_END,
      "+\t\tspin_unlock_bh(&peer->transport_lock);",
    ]);
    expect(verified(program, attempt("wake-when-done", program).edits)).toBe(PASSED);
  });

  test("follows the worker to the function that does its work, whatever else that is given", () => {
    const sockets = changed(SOCKETS, [
      SOCKETS.slice(SOCKETS.indexOf("static void xs_setup_socket"), SOCKETS.indexOf("\tint status;")),
      `static void xs_setup_any(struct rpc_xprt *peer, struct sock_xprt *transport,
		struct socket *(*make)(struct rpc_xprt *, struct sock_xprt *))
{
	struct socket *sock = transport->sock;
`,
    ]).replace(
      "void xs_setup(",
      "static void xs_setup_socket(struct work_struct *work)\n{\n\txs_setup_any(p, t, f);\n}\n\nvoid xs_setup(",
    );
    expect(attempted("wake-when-done", client({ sockets }))).toEqual(attempted("wake-when-done", client({})));
  });

  const QUIET = changed(SOCKETS, ["xprt_disconnect_done(&transport->xprt)", "xprt_clear_connected(&transport->xprt)"]);
  const NO_CALLBACK = changed(QUIET, ["\tsk->sk_error_report = xs_error_report;\n", ""]);

  test("guards the callback alone where the worker wakes by nothing else", () => {
    expect(attempted("wake-when-done", client({ sockets: QUIET }))).toEqual([BARE, ...GUARDED]);
  });

  test("lets a worker wake that ends on a failure and does not, without any guard", () => {
    const sockets = changed(NO_CALLBACK, ["\tcase 0:", "\tcase -ENETUNREACH:\n\tcase 0:"]);
    expect(attempted("wake-when-done", client({ sockets }))).toEqual(AT_END);
  });

  test("has nothing to do where the worker wakes at its end only", () => {
    expect(attempted("wake-when-done", client({ sockets: NO_CALLBACK }))[0]).toBe("already there");
  });

  test("has nothing to do where the guard is there", () => {
    const texts = { sockets: SOCKETS, shared: SHARED };
    const { changed: after } = attempt("wake-when-done", client(texts));
    const shared = after.get("net/sunrpc/xprt.c")?.toString("latin1") ?? "";
    const sockets = after.get(SOCKET)?.toString("latin1") ?? "";
    expect(attempted("wake-when-done", client({ shared, sockets }))).toEqual([
      "already there",
      "the connect worker wakes tasks when it is done, and not before",
    ]);
  });

  const CALLBACK = "\txprt_wake_pending_tasks(xprt, -EAGAIN);\nout:";
  test.each<readonly [string, string, readonly string[]]>([
    [
      "a condition with ||",
      changed(QUIET, [CALLBACK, "\tif (sk->a || sk->b)\n\t\txprt_wake_pending_tasks(xprt, -EAGAIN);\nout:"]),
      ["-\tif (sk->a || sk->b)", `+\t${MEANWHILE}`, `+\tif ((sk->a || sk->b) && ${GUARD})`],
    ],
    [
      "a long condition",
      changed(QUIET, [CALLBACK, "\tif (sk->sk_state != TCP_SYN_SENT)\n\t\txprt_wake_pending_tasks(xprt, 1);\nout:"]),
      [
        "-\tif (sk->sk_state != TCP_SYN_SENT)",
        `+\t${MEANWHILE}`,
        "+\tif (sk->sk_state != TCP_SYN_SENT &&",
        `+\t    ${GUARD})`,
      ],
    ],
  ])("adds to %s", (_, sockets, lines) => {
    expect(attempted("wake-when-done", client({ sockets }))).toEqual(lines);
  });

  test.each<readonly [string, string, string, string]>([
    [
      "whose worker is bound to something else",
      SOCKETS.replaceAll("connect_worker", "worker"),
      "void xprt_wake_pending_tasks(struct rpc_xprt *xprt, int status)",
      "no work is bound to connect_worker",
    ],
    [
      "whose worker never says that it is done",
      SOCKETS.replaceAll("xprt_clear_connecting", "xprt_done"),
      "static void xs_setup_socket(struct work_struct *work)",
      "no worker of connect_worker calls kernel_connect() and xprt_clear_connecting()",
    ],
    [
      "whose worker may end without saying so",
      changed(SOCKETS, ["\t\txprt_clear_connecting(peer);\n\t\treturn;", "\t\treturn;"]),
      "static void xs_setup_socket(struct work_struct *work)",
      "may end without clearing XPRT_CONNECTING",
    ],
    [
      "whose worker wakes before it says so",
      changed(SOCKETS, [
        "\txprt_clear_connecting(peer);\n\txprt_wake_pending_tasks(peer, status);",
        "\txprt_wake_pending_tasks(peer, status);\n\txprt_clear_connecting(peer);",
      ]),
      "xprt_wake_pending_tasks(peer, status);",
      "wakes before it clears XPRT_CONNECTING",
    ],
    [
      "whose socket has no name",
      changed(SOCKETS, [
        "struct socket *sock = transport->sock;\n\tint status;",
        "struct socket *sock = transport->sock, *other;\n\tint status;",
      ]),
      "xprt_clear_connecting(peer);",
      "not known by one name",
    ],
    [
      "whose callback wakes in an else",
      changed(SOCKETS, [
        CALLBACK,
        "\tif (sk->dead)\n\t\tgoto out;\n\telse\n\t\txprt_wake_pending_tasks(xprt, 1);\nout:",
      ]),
      "xprt_wake_pending_tasks(xprt, 1);",
      "is the branch of a statement that is no plain if",
    ],
    [
      "whose condition has an else",
      changed(SOCKETS, [CALLBACK, "\tif (sk->a)\n\t\txprt_wake_pending_tasks(xprt, 1);\n\telse\n\t\tsk->b = 1;\nout:"]),
      "if (sk->a)",
      "has an else",
    ],
  ])("refuses one %s", (_, sockets, line, why) => {
    const [kind, where, reason] = attempted("wake-when-done", client({ sockets }));
    expect([kind, where]).toEqual(["refused", line]);
    expect(reason).toContain(why);
  });
});

test("both together are the edits of each", () => {
  const lines = (name: string): readonly string[] => attempted(name, client({}));
  expect(lines("retry-connect-and-wake-when-done")).toEqual([...lines("retry-connect"), ...lines("wake-when-done")]);
});

describe("a function that goes as a whole", () => {
  const program = client({});
  const { edits } = attempt("no-error-wakeup", program);
  const whole = edits.find(({ within }) => within.kind === "whole-function") as Edit;
  const with1 = (change: Partial<Edit>): readonly Edit[] =>
    edits.map((one) => (one === whole ? { ...one, ...change } : one));

  test.each<readonly [string, Partial<Edit>]>([
    ["another name", { within: { ...whole.within, name: "xs_abort" } }],
    ["something in its place", { text: "static int left;\n\n" }],
    ["the end of it left", { end: whole.end - 4 }],
    ["a part of the next one, too", { end: whole.end + 20 }],
  ])("must do so: not with %s", (_, change) => {
    expect(verified(program, with1(change))).not.toBe(PASSED);
  });

  test("leaves the others alone, and the text between them", () => {
    const text = patchedFiles(program.files, edits).get(SOCKET)?.toString("latin1") ?? "";
    const tampered = (before: string, after: string): string =>
      verified(program, edits, new Map([[SOCKET, Buffer.from(changed(text, [before, after]), "latin1")]]));
    expect(tampered("AF_UNSPEC", "AF_INET")).toContain("xs_abort is changed");
    expect(tampered("}\n\nvoid xs_setup(", "}\n\nint more;\nvoid xs_setup(")).toContain("changed outside of functions");
    expect(tampered("void xs_setup(", "int xs_new(void)\n{\n\treturn 0;\n}\n\nvoid xs_setup(")).toContain(
      "other functions than before",
    );
  });
});

describe("the messages", () => {
  const template = (path: string): string => readFileSync(join(import.meta.dirname, "../../templates", path), "utf8");

  test.each(RECONNECT_RECIPES)("of %s are plain lines of at most 75 columns", (name) => {
    const recipe = reconnectRecipe(name);
    const story = { scenarios: "24", violated: "9", where: "user RR 50, rpciod OTHER, 1 CPU", isHang: true };
    const message = commitMessage(
      {
        message: template("commit-message.txt.hbs"),
        cover: template("cover-letter.txt.hbs"),
        cause: template("sunrpc-reconnect/cause.txt.hbs"),
        effect: template("sunrpc-reconnect/effect.txt.hbs"),
      },
      {
        prefix: "SUNRPC",
        ...recipe,
        story: { ...story, mended: "9", isAllMended: true, slowestAfter: "5.01", explored: "one, two" },
        trailers: [],
      },
    );
    expect(message.split("\n").filter((line) => line.length > 75)).toEqual([]);
    expect(message).not.toMatch(/\{\{|undefined|null/);
    expect(message.replace(/\n/g, " ")).toContain(
      "the call returns in all of them: at most 5.01 s after the way is open.",
    );
  });
});
