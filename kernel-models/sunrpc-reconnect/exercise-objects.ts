/** What a random history hands to the model: transports, clients, messages. All are of the model's own structs. */
import { SocketAddress } from "../../tools/simulator/kernel-structs.ts";
import { cstring, ElementPointer } from "../../tools/simulator/pointers.ts";
import { IS_ERR } from "../../tools/simulator/sleep.ts";
import { Net } from "../../tools/simulator/sockets.ts";
import type { Coroutine } from "../../tools/simulator/tasks.ts";
import { newBuffer, type World } from "./exercise-world.ts";
import { type Members, objectIn, setMember } from "./members.ts";

// include/linux/socket.h, include/linux/sunrpc/msg_prot.h and xprt.h
const AF_INET = 2;
const AF_INET6 = 10;
const FAMILIES: readonly number[] = [AF_INET, AF_INET, AF_INET, AF_INET, AF_INET, AF_INET6, AF_INET6, 1];
const IDENT_TCP = 6;
const PORTS: readonly number[] = [0x0108, 0, 0x0108, 0x6f00];
const NAME = cstring("server");
/** Seconds. */
const PATIENCE: readonly number[] = [60, 1, 5, 600];
const RETRIES: readonly number[] = [2, 0, 1, 5];
const SLOTS: readonly number[] = [2, 1, 3, 4];

/** Anything that the mount options of NFS make of a transport. */
const TRANSPORT_BITS = 2 ** 9;

/** Makes a transport and a client for it, as a mount does. */
export function* mount(world: World): Coroutine {
  const chosen = world.dice.choose(TRANSPORT_BITS, "transport");
  const { globals } = world.model;
  // Module parameters.
  for (const name of ["xprt_tcp_slot_table_entries", "xprt_max_tcp_slot_table_entries"]) {
    setMember(globals, name, SLOTS[chosen & 3]);
  }
  const address = new SocketAddress();
  address.sa_family = FAMILIES[(chosen >> 2) & 7] ?? AF_INET;
  address.sin_port = PORTS[(chosen >> 5) & 3] ?? 0;
  const made = yield* transport(world, address, chosen);
  if (typeof made !== "object" || made === null || IS_ERR(made)) return;
  const xprt = made as Members;
  if ((chosen & 0x80) === 0) yield* world.call("xprt_set_bound", xprt);
  setMember(xprt, "resvport", (chosen >> 8) & 1);
  world.xprts.push(xprt);
  client(world, xprt);
}

function* transport(world: World, address: SocketAddress, chosen: number): Coroutine<unknown> {
  if (world.fn("xprt_create_transport") === undefined) return yield* world.call("xs_setup_tcp", address);
  const given = world.make("xprt_create", {
    ident: IDENT_TCP,
    dstaddr: address,
    addrlen: chosen % 64 === 63 ? 200 : world.addressBytes,
    servername: NAME,
    net: new Net(),
    flags: (chosen >> 3) & 6,
    reconnect_timeout: 0,
    connect_timeout: 0,
  });
  return yield* world.call("xprt_create_transport", given);
}

/** No version has counters: the compiled slice is handed structs and bytes, and no arrays of pointers. */
const NO_VERSIONS: unknown[] = [null, null, null, null];
const CLIENT_BITS = 2 ** 9;

/** A client with the options of a mount. */
export function client(world: World, xprt: Members): void {
  const chosen = world.dice.choose(CLIENT_BITS, "client");
  const made = world.make("rpc_clnt", {
    cl_xprt: xprt,
    cl_timeout: timeout(world, chosen),
    cl_stats: world.make("rpc_stat"),
    cl_program: world.make("rpc_program", { version: new ElementPointer(NO_VERSIONS) }),
    cl_maxproc: 22,
    cl_vers: 3,
    cl_autobind: chosen & 1,
    cl_softrtry: (chosen >> 1) & 1,
    cl_softerr: (chosen >> 2) & 1,
    cl_discrtry: (chosen >> 3) & 1,
    cl_noretranstimeo: (chosen >> 4) & 1,
    cl_chatty: (chosen >> 5) & 1,
  });
  for (const name of ["cl_kref", "cl_count", "cl_users"]) {
    const count = objectIn(made, name);
    const held = objectIn(count, "refcount") ?? count;
    const counter = objectIn(held, "refs") ?? held;
    if (counter !== null) setMember(counter, "counter", 1);
  }
  for (const name of ["cl_rtt", "cl_rtt_default"]) {
    if (name in made && made[name] === null) made[name] = world.make("rpc_rtt");
  }
  world.clients.push(made);
}

function timeout(world: World, chosen: number): Members {
  const initial = (PATIENCE[(chosen >> 6) & 3] ?? 60) * world.kernel.hz;
  return world.make("rpc_timeout", {
    to_initval: initial,
    to_increment: initial,
    to_maxval: 3 * initial,
    to_retries: RETRIES[(chosen >> 4) & 3],
    to_exponential: (chosen >> 8) & 1,
  });
}

/** AUTH_UNIX or what has no credentials. */
export function credential(world: World): Members {
  const auth = world.make("rpc_auth", { au_cslack: 10, au_rslack: 2, au_verfsize: 2, au_ralign: 2 });
  return world.make("rpc_cred", { cr_auth: auth });
}

function decodes(): number {
  return 0;
}

/** A call's procedure, arguments and credentials. */
export function message(world: World, chosen: number): Members {
  const procedure = world.make("rpc_procinfo", {
    p_proc: (chosen & 3) === 3 ? 0 : 1,
    p_arglen: 16,
    p_replen: (chosen & 12) === 12 ? 0 : 21,
    p_timer: chosen & 1,
    p_encode: decodes,
    p_decode: (chosen & 12) === 12 ? null : decodes,
  });
  return world.make("rpc_message", {
    rpc_proc: procedure,
    rpc_argp: newBuffer(),
    rpc_len: (chosen & 16) === 0 ? 128 : 4,
    rpc_cred: (chosen & 32) === 0 ? credential(world) : null,
  });
}
