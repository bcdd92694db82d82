/**
 * Structs of the kernel that the simulator has itself: what a model needs of them is behaviour, not layout.
 */
import {
  BOOL,
  type CType,
  type IntType,
  pointerTo,
  S32,
  S64,
  structType,
  U8,
  U16,
  U32,
  U64,
  VOID_POINTER,
} from "./c-types.ts";

export interface RuntimeStruct {
  readonly className: string;
  /** File of tools/simulator/ that exports it. */
  readonly module: string;
  readonly fields: Readonly<Record<string, CType>>;
  /** Arguments of its constructor, with `$name` for the member's name and `$owner` for the struct it stands in. */
  readonly construct: string;
}

/** `long` and `unsigned long`, whose width is the machine's: type-space.ts puts it in, by these very objects. */
export const LONG: IntType = { ...S64 };
export const ULONG: IntType = { ...U64 };

const list = pointerTo(structType("list_head"));
const rbNode = pointerTo(structType("rb_node"));
const sock = pointerTo(structType("sock"));
/** Of a socket, in softirq context: include/net/sock.h. */
const callback: CType = { kind: "function", result: { kind: "void" }, parameters: [sock] };

function plain(className: string, module: string, fields: Readonly<Record<string, CType>> = {}): RuntimeStruct {
  return { className, module, fields, construct: "" };
}

const ADDRESS: RuntimeStruct = plain("SocketAddress", "kernel-structs", {
  sa_family: U16,
  ss_family: U16,
  sin_family: U16,
  sin6_family: U16,
  sin_port: U16,
  sin6_port: U16,
  sin_addr: { kind: "unknown", name: "struct in_addr" },
  sin6_addr: { kind: "unknown", name: "struct in6_addr" },
});

const STRUCTS: Readonly<Record<string, RuntimeStruct>> = {
  list_head: plain("ListHead", "lists", { next: list, prev: list }),
  work_struct: {
    className: "WorkStruct",
    module: "workqueue",
    fields: {
      func: pointerTo({
        kind: "function",
        result: { kind: "void" },
        parameters: [pointerTo(structType("work_struct"))],
      }),
    },
    construct: "kernel, $name, $owner",
  },
  delayed_work: {
    className: "DelayedWork",
    module: "workqueue",
    fields: { work: structType("work_struct"), timer: structType("timer_list") },
    construct: "kernel, $name, $owner",
  },
  workqueue_struct: { className: "WorkqueueStruct", module: "workqueue", fields: {}, construct: "kernel, $name" },
  timer_list: {
    className: "TimerList",
    module: "timers",
    fields: { expires: ULONG },
    construct: "kernel.timers, $name, $owner",
  },
  wait_queue_head: { className: "WaitQueueHead", module: "wait", fields: {}, construct: "kernel" },
  completion: { className: "Completion", module: "completion", fields: {}, construct: "kernel" },
  task_struct: {
    className: "Task",
    module: "tasks",
    fields: { flags: U32, pid: S32, tgid: S32 },
    construct: "kernel, $name, () => {}",
  },
  rb_node: plain("RbNode", "rbtree", { rb_left: rbNode, rb_right: rbNode, __rb_parent_color: VOID_POINTER }),
  rb_root: plain("RbRoot", "rbtree", { rb_node: rbNode }),
  atomic_t: plain("atomic_t", "kernel-structs", { counter: S32 }),
  atomic64_t: plain("atomic64_t", "kernel-structs", { counter: S64 }),
  kref: plain("kref", "kernel-structs", { refcount: structType("refcount_t") }),
  refcount_t: plain("refcount_t", "kernel-structs"),
  kvec: plain("kvec", "kernel-structs", { iov_base: VOID_POINTER, iov_len: ULONG }),
  iov_iter: plain("iov_iter", "kernel-structs", { count: ULONG }),
  msghdr: plain("msghdr", "kernel-structs", {
    msg_iter: structType("iov_iter"),
    msg_control: VOID_POINTER,
    msg_controllen: ULONG,
    msg_flags: U32,
    msg_name: VOID_POINTER,
    msg_namelen: S32,
  }),
  socket: {
    className: "Socket",
    module: "sockets",
    fields: { sk: sock, state: S32, flags: ULONG, ops: pointerTo(structType("proto_ops")) },
    construct: "kernel, $name",
  },
  sock: {
    className: "Socket",
    module: "sockets",
    fields: {
      sk_rcvtimeo: LONG,
      sk_sndtimeo: LONG,
      sk_rcvbuf: S32,
      sk_sndbuf: S32,
      sk_allocation: U32,
      sk_reuse: U32,
      sk_use_task_frag: BOOL,
      sk_net_refcnt: S32,
      sk_user_data: VOID_POINTER,
      sk_err: S32,
      sk_shutdown: S32,
      sk_state: U32,
      sk_flags: ULONG,
      sk_write_pending: S32,
      sk_protocol: U32,
      sk_userlocks: U32,
      sk_no_check: U32,
      sk_bound_dev_if: S32,
      sk_wq: pointerTo(structType("socket_wq")),
      sk_socket: pointerTo(structType("socket")),
      sk_state_change: pointerTo(callback),
      sk_write_space: pointerTo(callback),
      sk_error_report: pointerTo(callback),
      sk_data_ready: pointerTo(callback),
    },
    construct: "kernel, $name",
  },
  socket_wq: { className: "Socket", module: "sockets", fields: { flags: ULONG }, construct: "kernel, $name" },
  wait_bit_key: plain("WaitBitKey", "wait-bit", { flags: VOID_POINTER, bit_nr: S32, timeout: ULONG }),
  tcp_sock: {
    className: "Socket",
    module: "sockets",
    fields: { linger2: S32, nonagle: U32 },
    construct: "kernel, $name",
  },
  proto_ops: plain("ProtoOps", "sockets", {
    connect: pointerTo({
      kind: "function",
      result: S32,
      parameters: [pointerTo(structType("socket")), pointerTo(structType("sockaddr")), S32, S32],
    }),
  }),
  net: plain("Net", "sockets", { ipv4: structType("netns_ipv4") }),
  netns_ipv4: plain("NetnsIpv4", "sockets", { sysctl_tcp_syn_retries: U8 }),
  sockaddr: ADDRESS,
  sockaddr_in: ADDRESS,
  sockaddr_in6: ADDRESS,
  sockaddr_storage: ADDRESS,
};

const ALIASES: Readonly<Record<string, string>> = {
  wait_queue_head_t: "wait_queue_head",
  __wait_queue_head: "wait_queue_head",
  atomic_long_t: "atomic64_t",
  __kernel_sockaddr_storage: "sockaddr_storage",
  sockaddr_unsized: "sockaddr",
};

/** The tag under which the simulator has a struct or typedef; null where it has none. */
export function runtimeTag(name: string): string | null {
  const tag = ALIASES[name] ?? name;
  return Object.hasOwn(STRUCTS, tag) ? tag : null;
}

export function runtimeStruct(tag: string): RuntimeStruct | null {
  return Object.hasOwn(STRUCTS, tag) ? (STRUCTS[tag] as RuntimeStruct) : null;
}

const FIELDS: ReadonlySet<string> = new Set(
  Object.values(STRUCTS)
    .flatMap((one) => Object.keys(one.fields))
    .filter((name) => name.includes("_")),
);

/** Members of such structs that are macros in some kernels: sk_net_refcnt stands for __sk_common.skc_net_refcnt. */
export function isRuntimeField(name: string): boolean {
  return FIELDS.has(name);
}
