/**
 * Surroundings that do anything: what the model asks for fails at random, buffers are missing, answers are of all
 * kinds. They remember nothing themselves, so one set serves all histories of a model.
 */
import type { ListHead } from "../../tools/simulator/lists.ts";
import { list_del_init } from "../../tools/simulator/lists.ts";
import { BytePointer, ElementPointer, htons, type Pointer } from "../../tools/simulator/pointers.ts";
import { ERR_PTR } from "../../tools/simulator/sleep.ts";
import { kernel_sock_shutdown, type ProtoOps, Socket } from "../../tools/simulator/sockets.ts";
import { type Coroutine, cond_resched, schedule_timeout_uninterruptible } from "../../tools/simulator/tasks.ts";
import { makeMid } from "./exercise-objects.ts";
import { SCATTER, scatter, type World } from "./exercise-world.ts";
import { type Members, type ModelModule, setMember } from "./mount.ts";

type Given = readonly unknown[];
type Play = (world: World, given: Given) => unknown;
/** The place of an argument, by the names that it has had over the years. */
type Places = (...names: readonly string[]) => number;
/** Whose history it is that runs now. */
export type Present = () => World;

const EINVAL = 22;
const REQUEST_BYTES = 68;
const AF_INET = 2;
const AF_INET6 = 10;
const LARGE_WINDOW = 300_000;

/** The functions of the environment, and the members of ops tables, of one kernel. */
export function surroundings(module: ModelModule, present: Present): Readonly<Record<string, unknown>> {
  const functions: Record<string, unknown> = { members: members(present), observe: () => undefined };
  for (const [name, parameters] of Object.entries(module.parameters)) {
    const at: Places = (...names) => parameters.findIndex((parameter) => names.includes(parameter));
    const play: Play = PLAYED[name]?.(at) ?? ((world) => world.dice.result("call"));
    functions[name] = (...given: Given): unknown => play(present(), given);
  }
  return functions;
}

function store(pointer: unknown, value: unknown): void {
  if (pointer !== undefined && pointer !== null) (pointer as Pointer<unknown>).value = value;
}

const PLAYED: Readonly<Record<string, (at: Places) => Play>> = {
  cifs_find_tcp_session: () => findSession,
  cifs_fill_sockaddr: (at) => addressOf(at("dst")),
  cifs_set_port: (at) => setPort(at("addr"), at("port")),
  __sock_create: (at) => newSocket(at("res")),
  sock_create_kern: (at) => newSocket(at("res")),
  kernel_sock_shutdown: (at) => shutdown(at("sock"), at("how")),
  sock_release: () => () => undefined,
  cifs_buf_get: () => (world) => (hasNoMemory(world) ? null : new BytePointer(world.memory.large.take())),
  cifs_small_buf_get: () => (world) => (hasNoMemory(world) ? null : new BytePointer(world.memory.small.take())),
  smb2_plain_req_init: newRequest,
  small_smb2_init: newRequest,
  small_smb_init: newRequest,
  smb_init: newRequest,
  cifs_call_async: sendRequest,
  handle_mid: handleAnswer,
  checkSMB: () => (world) => world.dice.choose(4, "checkSMB") >> 1,
  check2ndT2: () => (world) => world.dice.choose(4, "check2ndT2") - 1,
  coalesce_t2: () => (world) => world.dice.choose(3, "coalesce_t2") - 1,
  is_valid_oplock_break: () => (world) => world.dice.choose(2, "oplock-break") === 1,
  reconn_setup_dfs_targets: () => (world) => DFS_RESULTS[world.dice.choose(DFS_RESULTS.length, "dfs")],
  get_tcp_super: () => superBlock,
  cifs_get_tcp_super: () => superBlock,
  smb2_find_dequeue_mid: () => dequeueMid,
  handle_read_data: () => (world) => READ_RESULTS[world.dice.choose(READ_RESULTS.length, "read-data")],
};
// 0, -EINVAL, -EOPNOTSUPP
const DFS_RESULTS: readonly number[] = [0, -22, -95];
const READ_RESULTS: readonly number[] = [0, 5, -1, -11];

function findSession(world: World): unknown {
  if (world.servers.length === 0 || !world.dice.once(8, "find-session")) return null;
  return world.server("which-session");
}

function addressOf(at: number): Play {
  return (world, given) => {
    const chosen = world.dice.choose(16, "address");
    if (chosen === 15) return 0;
    const address = given[at] as Members;
    address["sa_family"] = (chosen & 1) === 1 ? AF_INET6 : AF_INET;
    address["sin_port"] = (chosen & 6) === 0 ? htons(139) : 0;
    return 1;
  };
}

function setPort(address: number, port: number): Play {
  return (_world, given) => {
    (given[address] as Members)["sin_port"] = htons(given[port] as number);
    return 1;
  };
}

function newSocket(res: number): Play {
  return (world, given) => {
    const error = world.dice.result("sock-create");
    if (error !== 0) return error;
    const socket = new Socket(world.kernel, "cifsd");
    const { connect } = membersOf(world);
    if (connect !== undefined) socket.ops.connect = connect as ProtoOps["connect"];
    if (world.hasLargeWindows) socket.sk_sndbuf = socket.sk_rcvbuf = LARGE_WINDOW;
    store(given[res], socket);
    return 0;
  };
}

/** Members of ops tables as the model has them: whoever stands between the model and its surroundings knows those. */
function membersOf(world: World): Readonly<Record<string, unknown>> {
  const { environment } = world.model as unknown as { readonly environment: { readonly members: Members } };
  return environment.members;
}

function shutdown(sock: number, how: number): Play {
  return (world, given) => {
    kernel_sock_shutdown(given[sock] as Socket, Number(given[how]));
    return world.dice.result("shutdown");
  };
}

/** Buffers come from pools that hardly ever run out, and a decision for each would be one too many. */
function hasNoMemory(world: World): boolean {
  return world.runsOutOfMemory && world.dice.once(8, "no-buffer");
}

function newRequest(at: Places): Play {
  const request = at("request_buf");
  const response = at("response_buf");
  const length = at("total_len");
  return (world, given) => {
    const error = world.dice.result("request");
    if (error !== 0) return error;
    store(given[request], world.bytes("request-bytes"));
    if (response >= 0) store(given[response], new BytePointer(world.memory.small.take()));
    if (length >= 0) store(given[length], REQUEST_BYTES);
    return 0;
  };
}

/** cifs_call_async(): now and then it takes its time; what was sent waits for its answer, or not. */
function sendRequest(at: Places): Play {
  const server = at("server");
  const names = ["receive", "callback"].map((name) => ({ name, at: at(name) })).filter((one) => one.at >= 0);
  const data = at("cbdata", "callback_data");
  return function* send(world: World, given: Given): Coroutine<number> {
    const { kernel, dice } = world;
    const chosen = dice.choose(16, "send");
    if ((chosen & 3) === 3) yield* schedule_timeout_uninterruptible(kernel, chosen === 15 ? 3 * kernel.hz : 1);
    else if ((chosen & 3) === 2) yield* cond_resched(kernel);
    const error = dice.result("send-result");
    if (error !== 0 || (chosen & 4) !== 0) return error;
    const members: Members = { callback_data: given[data] };
    for (const one of names) members[one.name] = given[one.at];
    makeMid(world, given[server] as Members, members);
    return 0;
  };
}

/** handle_mid(): the request gets its answer, and with it the buffer, so that the connection needs another one. */
function handleAnswer(at: Places): Play {
  const [mid, server, buf, malformed] = [at("mid"), at("server"), at("buf"), at("malformed")];
  return (world, given) => {
    const entry = given[mid] as Members | null;
    if (entry === null) return;
    list_del_init(entry["qhead"] as ListHead);
    setMember(entry, "resp_buf", given[buf]);
    const isMalformed = given[malformed] !== 0;
    setMember(entry, "mid_state", isMalformed ? 16 : (world.constants["MID_RESPONSE_RECEIVED"] ?? 4));
    const owner = given[server] as Members;
    if (world.dice.choose(2, "keeps-buffer") === 1)
      setMember(owner, owner["large_buf"] === true ? "bigbuf" : "smallbuf", null);
  };
}

function superBlock(world: World): unknown {
  const made = world.dice.choose(2, "super-block") === 1 ? world.make("super_block") : null;
  return made ?? ERR_PTR(-EINVAL);
}

function dequeueMid(world: World, given: Given): unknown {
  const mid = anyMid(world, given[0] as Members);
  if (mid !== null) list_del_init(mid["qhead"] as ListHead);
  return mid;
}

/** No request, a new one, or one of those that were there at some time. */
function anyMid(world: World, server: Members): Members | null {
  const chosen = world.dice.choose(16, "which-mid");
  if (chosen < 5) return null;
  const { mids } = world;
  return (chosen < 9 ? undefined : mids[(chosen - 9) % Math.max(1, mids.length)]) ?? makeMid(world, server);
}

/** Members of ops tables. */
function members(present: Present): Readonly<Record<string, (...given: Given) => unknown>> {
  const seldom = (label: string, value: unknown, otherwise: unknown) => (): unknown =>
    !present().timesOut && present().dice.once(8, label) ? value : otherwise;
  return {
    connect: () => present().dice.result("connect"),
    find_mid: (server) => anyMid(present(), server as Members),
    check_message: seldom("check-message", -1, 0),
    next_header: (...given) => nextHeader(present(), given),
    is_transform_hdr: seldom("transform", 1, 0),
    receive_transform: (...given) => receiveTransform(present(), given),
    is_session_expired: seldom("expired", true, false),
    is_status_pending: seldom("pending", true, false),
    is_status_io_timeout: () => present().timesOut,
    is_network_name_deleted: seldom("name-deleted", true, false),
    is_oplock_break: seldom("oplock-break", true, false),
    dump_detail: () => undefined,
    handle_cancelled_mid: seldom("cancelled", -1, 0),
  };
}

/** The place in OFFSETS of the shortest message: many of them make up one compound. */
const SHORTEST = 4;
// Where the next message of a compound begins; most messages are alone.
const OFFSETS: readonly number[] = [0, 0, 0, 0, 64, 72, 80, 63, 100, 64, 445, 128, 0, 0, 0, 200];

/** next_header(): an offset as its result, or through its third argument and an error as its result. */
function nextHeader(world: World, given: Given): number {
  const chosen = world.timesOut ? SHORTEST : world.dice.choose(32, "next-header");
  const offset = OFFSETS[chosen % OFFSETS.length] ?? 0;
  if (given.length < 3) return offset;
  store(given[2], offset);
  return chosen === 31 ? -EINVAL : 0;
}

/**
 * receive_transform(): any number of requests and their buffers, each of which may be missing; before 4.19 one request.
 * Two bits of the choice say what is there for each.
 */
function receiveTransform(world: World, [server, mids, bufs, count]: Given): number {
  const chosen = world.dice.choose(2 ** 14, "transform");
  const result = (chosen & 7) === 7 ? -1 : chosen & 1;
  if (!(mids instanceof ElementPointer) || !(bufs instanceof ElementPointer)) {
    store(mids, anyMid(world, server as Members));
    return result;
  }
  const many = Math.min((chosen >> 1) % 6, mids.array.length);
  for (let i = 0; i < many; i++) {
    const kind = (chosen >> (4 + 2 * i)) & 3;
    mids.setAt(i, kind === 0 ? null : kind === 1 ? makeMid(world, server as Members) : (world.mids[i] ?? null));
    // Neither request nor buffer is what newer kernels look for, and a null pointer for the others.
    const hasBuffer = kind < 2 || (kind === 2 && (chosen & 0x2000) !== 0);
    bufs.setAt(i, hasBuffer ? answer(world, chosen) : null);
  }
  store(count, many);
  return result;
}

function answer(world: World, chosen: number): BytePointer {
  const bytes = world.memory.small.take();
  scatter(bytes, (chosen * 5) % SCATTER);
  return new BytePointer(bytes);
}
