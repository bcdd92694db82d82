/** Which struct of the kernel an object of the simulator stands for. */
import { Completion } from "../simulator/completion.ts";
import {
  atomic_t,
  atomic64_t,
  iov_iter,
  kref,
  kvec,
  msghdr,
  refcount_t,
  SocketAddress,
} from "../simulator/kernel-structs.ts";
import { ListHead } from "../simulator/lists.ts";
import { Mutex } from "../simulator/mutex.ts";
import { RbNode, RbRoot } from "../simulator/rbtree.ts";
import { Net, NetnsIpv4, ProtoOps, Socket, sock_def_readable, sock_def_write_space } from "../simulator/sockets.ts";
import { Task } from "../simulator/tasks.ts";
import { TimerList } from "../simulator/timers.ts";
import { WaitQueueHead } from "../simulator/wait.ts";
import { WaitBitKey } from "../simulator/wait-bit.ts";
import { DelayedWork, WorkqueueStruct, WorkStruct } from "../simulator/workqueue.ts";

const TAGS = new Map<unknown, string>([
  [Socket, "socket"],
  [ProtoOps, "proto_ops"],
  [Task, "task_struct"],
  [ListHead, "list_head"],
  [WorkqueueStruct, "workqueue_struct"],
  [WorkStruct, "work_struct"],
  [DelayedWork, "delayed_work"],
  [TimerList, "timer_list"],
  [WaitQueueHead, "wait_queue_head"],
  [Completion, "completion"],
  [Mutex, "mutex"],
  [SocketAddress, "sockaddr_storage"],
  [atomic_t, "atomic_t"],
  [atomic64_t, "atomic64_t"],
  [refcount_t, "refcount_t"],
  [kref, "kref"],
  [kvec, "kvec"],
  [iov_iter, "iov_iter"],
  [msghdr, "msghdr"],
  [Net, "net"],
  [NetnsIpv4, "netns_ipv4"],
  [RbNode, "rb_node"],
  [RbRoot, "rb_root"],
  [WaitBitKey, "wait_bit_key"],
]);

/** What the callbacks of a socket are before anybody sets others; they do nothing that C sees. */
export const SOCKET_CALLBACKS: Readonly<Record<string, unknown>> = { sock_def_readable, sock_def_write_space };

/** The struct's tag; null for objects that are none. */
export function runtimeLayoutTag(object: object): string | null {
  return TAGS.get(object.constructor) ?? null;
}

/** The tag of the struct that a class of the simulator stands for. */
export function runtimeClassTag(made: unknown): string | null {
  return TAGS.get(made) ?? null;
}
