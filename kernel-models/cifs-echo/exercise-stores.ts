/** What other threads store in a connection and in variables at file scope: by name, and values within the C type. */
import { atomic_t } from "../../tools/simulator/kernel-structs.ts";
import { cstring } from "../../tools/simulator/pointers.ts";
import { tablesOf } from "./exercise-objects.ts";
import type { World } from "./exercise-world.ts";
import type { Members } from "./mount.ts";

/** A value for a member, out of so many. */
type Value = (world: World, chosen: number) => unknown;

/** A member that is stored, and what. */
export interface Store {
  readonly name: string;
  readonly value: Value;
}

/** One decision says which value. */
const VALUES = 16;
const MAX = 0xffff_ffff;
const NAME = cstring("server");

function oneOf(...values: readonly unknown[]): Value {
  return (_world, chosen) => values[chosen % values.length];
}

/** A time in jiffies, seconds from now. */
function around(...seconds: readonly number[]): Value {
  return ({ kernel }, chosen) => kernel.clock.jiffiesPlus((seconds[chosen % seconds.length] ?? 0) * kernel.hz);
}

/** A delay in jiffies. */
function lasting(...seconds: readonly number[]): Value {
  return ({ kernel }, chosen) => (seconds[chosen % seconds.length] ?? 0) * kernel.hz;
}

const flag = oneOf(false, true);
/** Signed in some kernels, unsigned in others. */
const CREDITS = oneOf(0, 1, 2, 3, 10, 100, 65_001, 0x7fff_ffff);

const MEMBERS: Readonly<Record<string, Value>> = {
  // CifsNew, CifsGood, CifsExiting, CifsNeedReconnect, CifsNeedNegotiate, CifsInNegotiate: exiting ends most of it.
  tcpStatus: oneOf(0, 1, 3, 4, 5, 1, 3, 4, 5, 1, 3, 4, 5, 1, 3, 2),
  credits: CREDITS,
  echo_credits: oneOf(0, 1, 2),
  oplock_credits: oneOf(0, 1, 4, 5),
  in_flight: oneOf(0, 1, 2, 3, 100, MAX),
  inFlight: oneOf(0, 1, 49, 50, 51, 1000, -1),
  max_credits: oneOf(0, 1, 2, 20, 32_000, MAX),
  echoes: flag,
  oplocks: flag,
  session_estab: flag,
  terminate: flag,
  noblockcnt: flag,
  noautotune: flag,
  tcp_nodelay: flag,
  with_rfc1001: flag,
  rfc1001_sessinit: oneOf(0, 1, -1),
  maxBuf: oneOf(0, 1, 16_644, MAX),
  max_read: oneOf(0, 1, 65_536, MAX),
  capabilities: oneOf(0, 4, MAX),
  lstrp: around(0, -1, 1, -59, -61, -179, -181, -301, 100),
  neg_start: around(0, -19, -20, -21, -100, 100),
  echo_interval: lasting(0, 1, 2, 60, 600, 2 ** 20),
  reconnect_instance: oneOf(0, 1, 2, MAX),
  channel_sequence_num: oneOf(0, 1, 0xffff),
  nr_targets: oneOf(0, 1, 2),
  ops: (world, chosen) => {
    const { operations } = tablesOf(world);
    return operations[chosen % operations.length];
  },
  primary_server: (world, chosen) => world.servers[chosen % (world.servers.length + 1)] ?? null,
  // As cifs_put_tcp_session() does.
  tsk: oneOf(null),
  // Connections of DFS: where both names are there, reconnecting is beyond the model.
  is_dfs_conn: flag,
  origin_fullpath: (_world, chosen) => (chosen % 4 === 3 ? NAME : null),
  leaf_fullpath: (_world, chosen) => (chosen === VALUES - 1 ? NAME : null),
};

const GLOBALS: Readonly<Record<string, Value>> = {
  CIFSMaxBufSize: oneOf(16_384, 128, 300, 0),
  enable_oplocks: flag,
  echo_retries: oneOf(5, 0, 1, 0xffff),
  cifs_max_pending: oneOf(50, 0, 2),
  tcpSesAllocCount: oneOf(0, 1, -1),
  tcpSesReconnectCount: oneOf(0, 0x7fff_ffff),
  tcpSesNextId: oneOf(0, 0x7fff_ffff),
};

function existing(object: Members, values: Readonly<Record<string, Value>>): readonly Store[] {
  const there = Object.entries(values).filter(([name]) => name in object);
  return there.map(([name, value]) => ({ name, value }));
}

/** The stores to a connection that a kernel's struct has members for. */
export function storesTo(server: Members): readonly Store[] {
  // A table of operations can only be exchanged where there are several.
  return existing(server, MEMBERS).filter(({ name }) => name !== "ops" || "vals" in server);
}

export function globalStores(globals: Members): readonly Store[] {
  return existing(globals, GLOBALS);
}

/** Makes one of the stores. */
export function storeSomething(world: World, object: Members, stores: readonly Store[]): void {
  const chosen = world.dice.choose(stores.length * VALUES, "store");
  const store = stores[Math.floor(chosen / VALUES)];
  if (store === undefined) return;
  const value = store.value(world, chosen % VALUES);
  const there = object[store.name];
  if (there instanceof atomic_t) there.counter = value as number;
  else object[store.name] = value;
}
