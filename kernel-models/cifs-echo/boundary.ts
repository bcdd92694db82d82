/**
 * The functions that the model calls over its boundary, by their C names. Their parameters have moved over the years,
 * so arguments are taken by the names that this kernel gives them.
 */
import { type Int64, toS32 } from "../../tools/simulator/integers.ts";
import type { ListHead } from "../../tools/simulator/lists.ts";
import { list_del_init } from "../../tools/simulator/lists.ts";
import { BytePointer, type Pointer } from "../../tools/simulator/pointers.ts";
import type { Simulation } from "../../tools/simulator/simulation.ts";
import { ERR_PTR } from "../../tools/simulator/sleep.ts";
import { EAGAIN, kernel_sock_shutdown, Socket } from "../../tools/simulator/sockets.ts";
import { type Coroutine, schedule_timeout_uninterruptible } from "../../tools/simulator/tasks.ts";
import type { EchoHistory } from "./history.ts";
import { type Members, type ModelInstance, type ModelModule, setMember } from "./mount.ts";
import type { Request, SmbServer } from "./server.ts";

type Given = Readonly<Record<string, unknown>>;
type Played = (given: Given, place: string) => unknown;

const REQUEST_BYTES = 68;
// include/uapi/asm-generic/errno-base.h
const EINVAL = 22;

export interface Boundary {
  readonly functions: Readonly<Record<string, unknown>>;
  /** Gives the boundary the model that calls it. */
  readonly connect: (model: ModelInstance) => void;
}

/** Everything that the model asks of its surroundings. */
export function boundaryOf(kernel: Simulation, module: ModelModule, history: EchoHistory, server: SmbServer): Boundary {
  const played = playedFunctions(kernel, module, history, server);
  const functions: Record<string, unknown> = {
    members: { ...opsMembers(server), connect: () => server.connected() },
    observe: (_name: string, place: string) => history.declareDead(lastResponse(server), place),
  };
  for (const [name, parameters] of Object.entries(module.parameters)) {
    const play = played[name] ?? (() => 0);
    functions[name] = (...all: readonly unknown[]): unknown => {
      const given: Record<string, unknown> = {};
      for (let i = 0; i < parameters.length; i++) given[parameters[i] as string] = all[i];
      return play(given, String(all[parameters.length] ?? ""));
    };
  }
  return { functions, connect: () => {} };
}

/** The first of some names that an argument has. */
function argument(given: Given, ...names: readonly string[]): unknown {
  for (const name of names) if (given[name] !== undefined) return given[name];
  return undefined;
}

function store(pointer: unknown, value: unknown): void {
  if (pointer !== undefined && pointer !== null) (pointer as Pointer<unknown>).value = value;
}

// One for all answers of all runs: nobody looks at an answer once the next one is being received.
const SMALL_BUFFER = new Uint8Array(448);
const LARGE_BUFFER = new Uint8Array(20_480);
const REQUEST = new Uint8Array(256);

function playedFunctions(
  kernel: Simulation,
  module: ModelModule,
  history: EchoHistory,
  server: SmbServer,
): Readonly<Record<string, Played>> {
  const newRequest = (given: Given): number => {
    store(argument(given, "request_buf"), new BytePointer(REQUEST));
    store(argument(given, "response_buf"), new BytePointer(REQUEST));
    store(argument(given, "total_len"), REQUEST_BYTES);
    return 0;
  };
  const newSocket = (given: Given): number => {
    const socket = new Socket(kernel, "cifsd");
    socket.ops.connect = () => server.connected();
    store(argument(given, "res", "a4", "a3"), socket);
    return 0;
  };
  return {
    cifs_find_tcp_session: () => null,
    cifs_find_tcp_session_locked: () => null,
    // 1: the text is an address.
    cifs_fill_sockaddr: () => 1,
    cifs_convert_address: () => 1,
    __sock_create: newSocket,
    sock_create_kern: newSocket,
    kernel_sock_shutdown: (given) => kernel_sock_shutdown(given["sock"] as Socket, toS32(given["how"] as Int64)),
    cifs_buf_get: () => new BytePointer(LARGE_BUFFER),
    cifs_small_buf_get: () => new BytePointer(SMALL_BUFFER),
    smb2_plain_req_init: newRequest,
    small_smb2_init: newRequest,
    small_smb_init: newRequest,
    smb_init: newRequest,
    cifs_call_async: (given) => sendEcho(kernel, given, history, server),
    handle_mid: (given) => handleAnswer(given, module),
    is_valid_oplock_break: () => false,
    // A server with one address, and no DFS.
    reconn_set_ipaddr: () => 0,
    reconn_set_ipaddr_from_hostname: () => 0,
    get_tcp_super: () => ERR_PTR(-EINVAL),
    cifs_get_tcp_super: () => ERR_PTR(-EINVAL),
    reconn_setup_dfs_targets: () => -EINVAL,
    kernel_connect: () => server.connected(),
  };
}

/** cifs_call_async(): takes as long as the socket's buffer has no room; then the request is on its way. */
function* sendEcho(kernel: Simulation, given: Given, history: EchoHistory, server: SmbServer): Coroutine<number> {
  const { sendBlocksTicks } = server;
  if (sendBlocksTicks > 0) yield* schedule_timeout_uninterruptible(kernel, sendBlocksTicks);
  if (server.echoFails()) {
    history.echoFailed();
    return -EAGAIN;
  }
  server.submit("echo", {
    callback: argument(given, "callback"),
    callback_data: argument(given, "cbdata", "callback_data"),
    receive: argument(given, "receive") ?? null,
  });
  history.echoSent();
  return 0;
}

/** The tick at which the kernel last took note of an answer; 0 without a session. */
export function lastResponse(server: SmbServer): number {
  const stamp = server.session?.["lstrp"];
  return typeof stamp === "number" ? stamp : Number(stamp ?? 0);
}

/** handle_mid(): the request leaves the list of pending ones and gets its answer. */
function handleAnswer(given: Given, module: ModelModule): void {
  const entry = given["mid"] as Members | null;
  if (entry === null) return;
  if ("qhead" in entry) list_del_init(entry["qhead"] as ListHead);
  setMember(entry, "resp_buf", given["buf"]);
  setMember(entry, "mid_state", module.constants["MID_RESPONSE_RECEIVED"] ?? 4);
}

/** Members of ops tables that look at an answer: it is well-formed, in the clear, and an answer to a request. */
function opsMembers(server: SmbServer): Readonly<Record<string, (...given: readonly unknown[]) => unknown>> {
  return {
    find_mid: () => currentRequest(server)?.entry ?? null,
    check_message: () => 0,
    next_header: (_server, _buf, offset) => {
      store(offset, 0);
      return 0;
    },
    is_transform_hdr: () => 0,
    receive_transform: () => -1,
    is_session_expired: () => false,
    is_status_pending: () => false,
    is_status_io_timeout: () => false,
    is_network_name_deleted: () => false,
    is_oplock_break: () => false,
    dump_detail: () => undefined,
  };
}

/** The request whose answer is being received. */
function currentRequest(server: SmbServer): Request | undefined {
  const socket = server.session?.["ssocket"] as Socket | null | undefined;
  const payload = socket?.lastPayload;
  return payload instanceof Uint8Array ? server.answers.get(payload) : undefined;
}
