/**
 * Objects that a random history hands to the model: mount options, requests, sessions and trees, works. All are of the
 * model's own structs; members that a kernel does not have are left out.
 */
import { kref, kref_init, refcount_set, refcount_t } from "../../tools/simulator/kernel-structs.ts";
import { type ListHead, list_add_tail } from "../../tools/simulator/lists.ts";
import { BytePointer, cstring, htons } from "../../tools/simulator/pointers.ts";
import { DelayedWork, INIT_DELAYED_WORK } from "../../tools/simulator/workqueue.ts";
import type { World } from "./exercise-world.ts";
import { type Members, negotiated, setMember } from "./mount.ts";

const CONTEXTS = ["smb3_fs_context", "smb_vol"];
/** Seconds; the kernel takes 1 to 600. The last one is what is left of -1. */
const ECHO_INTERVALS: readonly number[] = [60, 1, 2, 0, 600, 601, 5, 0xffff_ffff];
const MAX_CREDITS: readonly number[] = [0, 19, 20, 128, 32_000, 60_000, 60_001, 0xffff_ffff];
// include/linux/socket.h
const AF_INET = 2;
const AF_INET6 = 10;
const PORTS: readonly number[] = [0, htons(445), htons(139), htons(139)];
const OPTION_BITS = 2 ** 12;
/** Sharing a bit of the choice among options is no loss: which of them is where does not matter to each other. */
const NUMBERS: Readonly<Record<string, readonly number[]>> = {
  echo_interval: ECHO_INTERVALS,
  max_credits: MAX_CREDITS,
  min_offload: [0, 1, 4096, 0xffff_ffff],
  retrans: [0, 1, 0xffff_ffff],
  compression: [0, 1],
  port: [0, 139, 445],
  rfc1001_sessinit: [0, 1, -1],
};
/** Seconds. */
const ECHO_SECONDS = 60;
const TEXT = cstring("server");
/** Options that lead out of the model, or nearly so. */
const RARE = new Set(["rdma"]);

/** What options a kernel's mount has, by the class of its context. */
interface Options {
  readonly flags: readonly string[];
  readonly numbers: readonly (readonly [string, readonly number[]])[];
}

const OPTIONS = new WeakMap<object, Options>();

function optionsOf(context: Members): Options {
  const known = OPTIONS.get(context.constructor);
  if (known !== undefined) return known;
  const flags = Object.keys(context).filter((name) => typeof context[name] === "boolean");
  const numbers = Object.entries(NUMBERS).filter(([name]) => typeof context[name] === "number");
  const made: Options = { flags, numbers };
  OPTIONS.set(context.constructor, made);
  return made;
}

/** Mount options. Everything but the dialect is drawn from two decisions. */
export function makeContext(world: World): Members {
  const context = world.make(...CONTEXTS) ?? {};
  const chosen = world.dice.choose(OPTION_BITS, "options");
  const more = world.dice.choose(OPTION_BITS, "numbers");
  const { flags, numbers } = optionsOf(context);
  let at = 0;
  for (const name of flags) {
    if (!RARE.has(name)) context[name] = ((chosen >> (at++ % 12)) & 1) === 1;
    else if (chosen % 64 === 63) context[name] = true;
  }
  for (const [name, values] of numbers) context[name] = values[(more >> (at++ % 10)) % values.length];
  setNames(context, more);
  setAddress(context["dstaddr"], chosen);
  setDialect(world, context);
  return context;
}

/** Names: without one a mount of old kernels fails, and with leaf_fullpath a connection is one of DFS. */
function setNames(context: Members, chosen: number): void {
  for (const name of ["UNC", "UNCip", "server_hostname"]) if (chosen % 8 !== 7) setMember(context, name, TEXT);
  if (chosen % 16 === 15) setMember(context, "UNCip", TEXT);
  if (chosen % 32 === 30) setMember(context, "leaf_fullpath", TEXT);
  if (chosen % 4 === 1) setMember(context, "dns_dom", TEXT);
}

function setAddress(address: unknown, chosen: number): void {
  if (typeof address !== "object" || address === null) return;
  const members = address as Members;
  members["sa_family"] = chosen % 3 === 0 ? AF_INET6 : AF_INET;
  members["sin_port"] = PORTS[(chosen >> 4) % PORTS.length];
}

/** A dialect's functions and values. They are seldom of two dialects, though nothing in the slice would mind. */
function setDialect(world: World, context: Members): void {
  if (!("ops" in context)) return;
  const { operations, values } = tablesOf(world);
  const chosen = world.dice.choose(64, "dialect");
  const isSmb1 = chosen % 4 === 3;
  const index = isSmb1 ? operations.length - 1 : chosen % Math.max(1, operations.length - 1);
  const other =
    chosen >= 60 ? chosen % values.length : isSmb1 ? values.length - 1 : chosen % Math.max(1, values.length - 1);
  setMember(context, "ops", operations[index] ?? null);
  setMember(context, "vals", values[other] ?? null);
}

/**
 * A connection that nobody mounted: no thread serves it. Functions are called with it from outside; many more of them
 * than in the same time with a thread that asks its socket.
 */
export function makeServer(world: World): Members | null {
  const server = world.make("TCP_Server_Info");
  const { cifs_echo_request: echo } = world.model.functions;
  if (server === null || echo === undefined) return null;
  setDialect(world, server);
  INIT_DELAYED_WORK(server["echo"] as DelayedWork, echo as () => void);
  // Sessions are set up again by work that is no part of the slice.
  const { reconnect } = server;
  if (reconnect instanceof DelayedWork) INIT_DELAYED_WORK(reconnect, () => undefined);
  const { hz, jiffies } = world.kernel;
  setMember(server, "echo_interval", ECHO_SECONDS * hz);
  setMember(server, "lstrp", jiffies);
  setMember(server, "smallbuf", new BytePointer(world.memory.small.take()));
  setMember(server, "bigbuf", new BytePointer(world.memory.large.take()));
  negotiated(server, world.constants);
  world.servers.push(server);
  return server;
}

/** The tables of a kernel; those of SMB1 come last. */
export function tablesOf(world: World): {
  readonly operations: readonly Members[];
  readonly values: readonly Members[];
} {
  const operations: Members[] = [];
  const values: Members[] = [];
  for (const name in world.model.tables) {
    const table = world.model.tables[name] as Members;
    (name.endsWith("_operations") ? operations : values).push(table);
  }
  return { operations, values };
}

/** How many ways there are to make a request. */
const MID_BITS = 2 ** 12;
/** Callbacks that may be called from anywhere with a request: what their data must be is in callbackOf(). */
const CALLBACKS = ["smb2_echo_callback", "cifs_echo_callback", "cifs_wake_up_task"];
/** Functions that take a connection and return a number at once: what may stand for a request's own way to receive. */
const RECEIVERS = ["generic_ip_connect", "change_conf", "ip_connect"];
// MID_REQUEST_SUBMITTED is 2 in all kernels; the others are states before and after it.
const MID_STATES: readonly number[] = [2, 2, 4, 8, 16, 32, 1, 2];

/** A request of a connection that is waiting for its answer. Members that are given take precedence. */
export function makeMid(world: World, server: Members, given: Members = {}): Members | null {
  const mid = world.make("mid_q_entry");
  if (mid === null) return null;
  const chosen = world.dice.choose(MID_BITS, "mid");
  const state = MID_STATES[(chosen >> 4) & 7] ?? 2;
  setMember(mid, "mid", chosen & 3);
  setMember(mid, "command", (chosen >> 2) & 3);
  setMember(mid, "mid_state", state);
  setMember(mid, "midState", state);
  setMember(mid, "multiRsp", (chosen & 0x180) === 0x180);
  setMember(mid, "multiEnd", (chosen & 0x200) !== 0);
  setMember(mid, "mid_flags", (chosen >> 8) & 3);
  // Only kernels that keep the command look whether there is an answer already; elsewhere an answer is what is read.
  if (!("command" in mid) || (chosen & 0x400) !== 0) setMember(mid, "resp_buf", new BytePointer(filled(world, chosen)));
  setMember(mid, "callback", callbackOf(world, server, mid, chosen));
  if ((chosen & 0xe00) === 0xe00) setMember(mid, "receive", world.model.functions[RECEIVERS[chosen % 3] ?? ""] ?? null);
  for (const name in given) if (given[name] !== undefined) setMember(mid, name, given[name]);
  const { refcount } = mid;
  if (refcount instanceof kref) kref_init(refcount);
  else if (refcount instanceof refcount_t) refcount_set(refcount, 1);
  if (mid["qhead"] !== undefined) list_add_tail(mid["qhead"] as ListHead, server["pending_mid_q"] as ListHead);
  world.mids.push(mid);
  return mid;
}

function filled(world: World, chosen: number): Uint8Array {
  const bytes = world.memory.small.take();
  bytes[14] = chosen & 15;
  return bytes;
}

/** A callback of the model; sets the data that it reads. */
function callbackOf(world: World, server: Members, mid: Members, chosen: number): unknown {
  const { functions } = world.model;
  const there = CALLBACKS.filter((name) => functions[name] !== undefined);
  const name = there[(chosen >> 5) % there.length] ?? "";
  const waiter = name === "cifs_wake_up_task" ? world.make("cifs_waiter") : null;
  if (waiter !== null) waiter["server"] = server;
  setMember(mid, "callback_data", waiter ?? server);
  return functions[name] ?? null;
}

/** A session of a connection with some trees. */
export function makeSession(world: World, server: Members): void {
  const session = world.make("cifs_ses", "cifsSesInfo");
  if (session === null || server["smb_ses_list"] === undefined) return;
  const chosen = world.dice.choose(2 ** 12, "session");
  setMember(session, "ses_status", chosen & 3);
  setMember(session, "need_reconnect", (chosen & 4) !== 0);
  setMember(session, "ipc_tid", chosen);
  setMember(session, "chan_count", (chosen >> 3) & 3);
  setMember(session, "chans_need_reconnect", (chosen >> 5) & 7);
  const channels = session["chans"];
  if (Array.isArray(channels) && (chosen & 0x100) === 0) (channels[(chosen >> 9) & 1] as Members)["server"] = server;
  const trees = session["tcon_list"] as ListHead;
  for (let left = (chosen >> 10) & 3; left > 0; left--) {
    const tree = world.make("cifs_tcon", "cifsTconInfo");
    if (tree !== null) list_add_tail(tree["tcon_list"] as ListHead, trees);
  }
  if ((chosen & 0x80) !== 0) setMember(session, "tcon_ipc", world.make("cifs_tcon"));
  list_add_tail(session["smb_ses_list"] as ListHead, server["smb_ses_list"] as ListHead);
}
