/**
 * Tasks that wait for a connection are woken when the connect worker is done: the remedy that the report thinks right.
 *
 * XPRT_CONNECTING is set from the call for a worker until that worker ends. Meanwhile the error callback wakes nobody,
 * nor does what the worker calls before it connects. Nobody is left asleep: an error that ends a connection is followed
 * by a change to TCP_CLOSE, which wakes; and where that is put off too, a worker that ends with a closed socket wakes.
 */
import type { Recipe } from "../../tools/repair/recipe.ts";
import type { Site, Workbench } from "../../tools/repair/workbench.ts";

const MEMBER = "sk_error_report";
const WAKE = "xprt_wake_pending_tasks";
const CLEAR = "xprt_clear_connecting";
const CONNECT = "kernel_connect";
const WORK = "connect_worker";
const BUSY = /\bXPRT_CONNECTING\b|\bxprt_connecting\s*\(/;
/** What connect() says when the change of state is still to come, or has come. */
const UNDER_WAY = /^(?:0|-EINPROGRESS|-EALREADY)$/;
const MEANWHILE = "The connect worker wakes them when it is done.";

type Function = Site["fn"];

/** The parts of connect workers that connect: they clear XPRT_CONNECTING themselves. */
function connectors(bench: Workbench): readonly Function[] {
  const workers = bench.find.workersIn(WORK);
  const [first] = workers;
  const wake = bench.find.functionNamed(WAKE);
  if (first === undefined) bench.refuse({ fn: wake, node: bench.nodeOf(wake) }, `no work is bound to ${WORK}`);
  const found = bench.find.partsThatCall(workers, CLEAR);
  const connecting = found.filter((fn) => bench.find.callsThatReach(fn, CONNECT).length > 0);
  if (connecting.length === 0) {
    bench.refuse({ fn: first, node: bench.nodeOf(first) }, `no worker of ${WORK} calls ${CONNECT}() and ${CLEAR}()`);
  }
  return connecting;
}

/** The functions behind what a worker does before it connects that wake, whatever the worker is about. */
function earlyWakers(bench: Workbench, fn: Function): readonly Function[] {
  const connect = bench.find.callsThatReach(fn, CONNECT).at(-1);
  const before = bench.find
    .callsIn(fn, /./)
    .filter(({ node }) => connect !== undefined && node.end <= connect.node.start);
  return bench.find.callersBehind(before, WAKE).filter((one) => !looksAtBusy(bench, one));
}

function looksAtBusy(bench: Workbench, fn: Function): boolean {
  return BUSY.test(bench.words({ fn, node: bench.nodeOf(fn) }));
}

/** `!test_bit(XPRT_CONNECTING, &xprt->state)`, for the transport that a call names. */
function idle(bench: Workbench, call: Site): string {
  const transport = bench.find.argumentsOf(call)[0] ?? "";
  if (!/^\w+$/.test(transport)) bench.refuse(call, "names its transport by more than a variable");
  return `!test_bit(XPRT_CONNECTING, &${transport}->state)`;
}

function guardWakes(bench: Workbench, fn: Function): void {
  for (const call of bench.find.callsIn(fn, WAKE)) {
    bench.guard(bench.find.callStatement(call), idle(bench, call), MEANWHILE);
  }
}

/** The lock and the unlock around a wake-up, in terms of another variable. */
function lockAround(bench: Workbench, fn: Function, transport: string): readonly [string, string] | null {
  const call = bench.find.callsIn(fn, WAKE)[0];
  const locks = call === undefined ? null : bench.locksAround(bench.find.callStatement(call));
  const own = call === undefined ? "" : (bench.find.argumentsOf(call)[0] ?? "");
  if (locks === null) return null;
  const named = new RegExp(`\\b${own}\\b`, "g");
  return [locks[0].replace(named, transport), locks[1].replace(named, transport)];
}

/**
 * Lets a worker that ends without waking wake if its socket is closed.
 *
 * @param waker the function whose wake-ups wait for the worker: what it looks at and what the worker does are one
 * section each of the lock that it holds, so that one of the two wakes
 */
function wakeAtEnd(bench: Workbench, site: Site, waker: Function | undefined): void {
  const { fn } = site;
  const call = bench.find.callsIn(fn, CLEAR).find(({ node }) => site.node.children[0] === node);
  const transport = call === undefined ? "" : (bench.find.argumentsOf(call)[0] ?? "");
  const socket = bench.find.pointerTo(fn, "socket");
  if (!/^\w+$/.test(transport) || socket === null) bench.refuse(site, "transport and socket are not known by one name");
  const indent = bench.indentOf(site);
  const lock = waker === undefined ? null : lockAround(bench, waker, transport);
  const lines = [bench.source(site), `if (${socket}->sk->sk_state == TCP_CLOSE)`, `\t${WAKE}(${transport}, -EAGAIN);`];
  const all = lock === null ? lines : [lock[0], ...lines, lock[1]];
  bench.replace(site, all.join(`\n${indent}`));
}

/** What a worker does too early, and how it ends. */
interface Connector {
  readonly fn: Function;
  /** Functions behind what it does before it connects that wake; guarded, they leave a wake-up to be made up for. */
  readonly wakers: readonly Function[];
  /** Ends that must wake if the socket is closed, and do not. */
  readonly silent: readonly Site[];
  /** Why its ends are not what this is about; null where they are. */
  readonly obstacle: { readonly at: Site; readonly reason: string } | null;
}

function connectorOf(bench: Workbench, fn: Function): Connector {
  const wakers = earlyWakers(bench, fn);
  const { silent, early, mayKeep } = bench.endsOf(fn, CLEAR, WAKE);
  const second = wakers[1];
  const obstacle = mayKeep
    ? { at: { fn, node: bench.nodeOf(fn) }, reason: "may end without clearing XPRT_CONNECTING" }
    : early !== null
      ? { at: early, reason: "wakes before it clears XPRT_CONNECTING" }
      : second !== undefined
        ? { at: { fn: second, node: bench.nodeOf(second) }, reason: "is one more function that wakes too early" }
        : null;
  const isFailed = (end: Site): boolean => bench.casesOf(end).some((value) => !UNDER_WAY.test(value));
  return { fn, wakers, silent: silent.filter((end) => wakers.length > 0 || isFailed(end)), obstacle };
}

/** Lets a worker wake at the ends where it must. */
function mendEnds(bench: Workbench, { fn, wakers, silent, obstacle }: Connector): void {
  if (obstacle !== null) bench.refuse(obstacle.at, obstacle.reason);
  bench.refuseVariants(fn);
  for (const end of silent) wakeAtEnd(bench, end, wakers[0]);
}

/**
 * Makes the edit.
 *
 * @returns why there is nothing to do, where the source has it; else null
 */
export function wakeWhenDone(bench: Workbench): string | null {
  const workers = connectors(bench).map((fn) => connectorOf(bench, fn));
  const reporting = bench.find
    .callbacksIn(MEMBER)
    .map(({ fn }) => fn)
    .filter((fn) => bench.find.callsIn(fn, WAKE).length > 0 && !looksAtBusy(bench, fn));
  const guarded = new Set([...reporting, ...workers.flatMap((one) => one.wakers)]);
  const isSilent = workers.some((one) => one.obstacle === null && one.silent.length > 0);
  if (guarded.size === 0 && !isSilent) return "the connect worker wakes tasks when it is done, and not before";
  for (const fn of guarded) guardWakes(bench, fn);
  for (const worker of workers) mendEnds(bench, worker);
  return null;
}

export const wakeWhenDoneRecipe: Recipe = {
  name: "wake-when-done",
  title: "wake tasks only when the connect worker is done",
  subject: "wake tasks only when the connect worker is done",
  change: `Wake the tasks that wait for a connection when the connect worker is done,
and not before. What the worker does to the old connection wakes nobody
while XPRT_CONNECTING is set: a task that ran then would find nothing to
send on. A worker that has begun to connect need not wake, as the change of
state does; one that ends with a closed socket wakes when it has cleared
XPRT_CONNECTING, so that a task that asks for a connection gets a worker.`,
  edit: (bench: Workbench) => {
    const why = wakeWhenDone(bench);
    if (why !== null) bench.alreadyThere(why);
  },
};
