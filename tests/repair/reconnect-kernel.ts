/** Kernels with an RPC client in memory, written for these tests, and what a recipe makes of them. */
import { RECIPES } from "../../patches/registry.ts";
import { readCFile } from "../../tools/c/file.ts";
import { Program } from "../../tools/c/program.ts";
import { propose } from "../../tools/repair/propose.ts";
import type { Edit, Proposal, Recipe } from "../../tools/repair/recipe.ts";
import { patchedFiles } from "../../tools/repair/verify-edits.ts";
import { isWatchedMacro, WATCHED_NAMES } from "../../tools/timing/collect.ts";
import { CONFIGURATION, lineChanges, type Texts } from "./echo-kernel.ts";

export const CLIENT = "net/sunrpc/clnt.c";
export const TRANSPORT = "net/sunrpc/xprt.c";
export const SOCKET = "net/sunrpc/xprtsock.c";

const ALL: readonly Recipe[] = RECIPES["sunrpc-reconnect"] ?? [];
export const RECONNECT_RECIPES: readonly string[] = ALL.map((one) => one.name);

export function reconnectRecipe(name: string): Recipe {
  const found = ALL.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no recipe ${name}`);
  return found;
}

export interface Attempt {
  readonly program: Program;
  readonly proposal: Proposal;
  readonly edits: readonly Edit[];
  readonly changed: ReadonlyMap<string, Buffer>;
}

/** Applies a recipe to a program. */
export function attempt(name: string, program: Program): Attempt {
  const proposal = propose(reconnectRecipe(name), program, null);
  const edits = proposal.kind === "edits" ? proposal.edits : [];
  return { program, proposal, edits, changed: patchedFiles(program.files, edits) };
}

/** The files as a program; a fixture that does not parse shows nothing. */
export function programOfTexts(texts: Texts): Program {
  const files = Object.entries(texts).map(([path, text]) =>
    readCFile(path, Buffer.from(text, "latin1"), CONFIGURATION),
  );
  for (const fn of files.flatMap((one) => one.functions)) {
    if (fn.syntax() === null) throw new Error(`fixture: ${fn.name} does not parse`);
  }
  return new Program(files, [], CONFIGURATION, WATCHED_NAMES, isWatchedMacro);
}

/** The lines that a recipe takes out and puts in, file by file; or why it does nothing, with the line that it names. */
export function attempted(name: string, program: Program): readonly string[] {
  const { proposal, changed } = attempt(name, program);
  const textOf = (path: string): string => program.files.find((one) => one.path === path)?.masked.source ?? "";
  if (proposal.kind === "already-there") return ["already there", proposal.why];
  if (proposal.kind === "not-recognised") {
    const line = textOf(proposal.file).split("\n")[proposal.line - 1];
    return ["refused", line?.trim() ?? "no such line", proposal.reason];
  }
  return [...changed].flatMap(([path, text]) => lineChanges(textOf(path), text.toString("latin1")));
}

/** The steps of a call: -EAGAIN is taken for success by the condition of an `if`. */
export const STEPS = `static void call_connect_status(struct rpc_task *task)
{
	int status = task->tk_status;

	task->tk_status = 0;
	if (status >= 0 || status == -EAGAIN) {
		task->tk_client->connects++;
		task->tk_action = call_transmit;
		return;
	}

	switch (status) {
	case -ETIMEDOUT:
		task->tk_action = call_timeout;
		break;
	default:
		rpc_exit(task, -EIO);
	}
}

static void call_status(struct rpc_task *task)
{
	int status = task->tk_status;

	switch (status) {
	case -ENOTCONN:
		task->tk_action = call_bind;
		break;
	default:
		task->tk_action = call_decode;
	}
}
`;

/** The same with a case of its own, among others: a value that falls through to it, and one beside it. */
export const SHARED_CASE = `static void call_connect_status(struct rpc_task *task)
{
	int status = task->tk_status;

	switch (status) {
	case -ECONNREFUSED:
		if (task->is_soft)
			break;
		/* on and on */
	case 0:
	case -EAGAIN:
		task->tk_status = 0;
		task->tk_client->connects++;
		task->tk_action = call_transmit;
		return;
	}
	rpc_exit(task, status);
}
`;

/** What all transports share. */
export const SHARED = `void xprt_wake_pending_tasks(struct rpc_xprt *xprt, int status)
{
	rpc_wake_up_status(&xprt->pending, status);
}

void xprt_disconnect_done(struct rpc_xprt *xprt)
{
	spin_lock_bh(&xprt->transport_lock);
	xprt_clear_connected(xprt);
	xprt_wake_pending_tasks(xprt, -EAGAIN);
	spin_unlock_bh(&xprt->transport_lock);
}
`;

/** A transport over a socket: the worker wakes through the callback and by itself, before it connects. */
export const SOCKETS = `static struct rpc_xprt *xprt_from_sock(struct sock *sk)
{
	return sk->sk_user_data;
}

/* Errors of the socket. */
static void xs_error_report(struct sock *sk)
{
	struct rpc_xprt *xprt;

	read_lock_bh(&sk->sk_callback_lock);
	if (!(xprt = xprt_from_sock(sk)))
		goto out;
	dprintk("error %d\\n", sk->sk_err);
	xprt_wake_pending_tasks(xprt, -EAGAIN);
out:
	read_unlock_bh(&sk->sk_callback_lock);
}

static void xs_abort(struct sock_xprt *transport)
{
	struct sockaddr any = { .sa_family = AF_UNSPEC };

	if (kernel_connect(transport->sock, &any, sizeof(any), 0) == 0)
		xprt_disconnect_done(&transport->xprt);
}

static int xs_finish(struct rpc_xprt *peer, struct socket *sock)
{
	struct sock *sk = sock->sk;

	sk->sk_user_data = peer;
	sk->sk_error_report = xs_error_report;
	sk->sk_state_change = xs_state_change;
	return kernel_connect(sock, &peer->addr, sizeof(peer->addr), O_NONBLOCK);
}

static void xs_setup_socket(struct work_struct *work)
{
	struct sock_xprt *transport = container_of(work, struct sock_xprt, connect_worker.work);
	struct rpc_xprt *peer = &transport->xprt;
	struct socket *sock = transport->sock;
	int status;

	xs_abort(transport);
	status = xs_finish(peer, sock);
	switch (status) {
	case 0:
	case -EINPROGRESS:
		xprt_clear_connecting(peer);
		return;
	}
	xprt_clear_connecting(peer);
	xprt_wake_pending_tasks(peer, status);
}

void xs_setup(struct sock_xprt *transport)
{
	INIT_DELAYED_WORK(&transport->connect_worker, xs_setup_socket);
}
`;

/** The three files with other texts in their place. */
export function client(parts: {
  readonly steps?: string;
  readonly shared?: string;
  readonly sockets?: string;
}): Program {
  const { steps = STEPS, shared = SHARED, sockets = SOCKETS } = parts;
  return programOfTexts({ [CLIENT]: steps, [TRANSPORT]: shared, [SOCKET]: sockets });
}
