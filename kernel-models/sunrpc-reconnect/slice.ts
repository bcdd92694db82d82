/**
 * Where the model of the sunrpc client begins and ends. Names only: what the functions do is read from the source.
 */
import type { NoEffectFamily, SystemModel } from "../../tools/translate/boundary.ts";

const SOCKETS = [
  "int sock_create_kern(int family, int type, int protocol, struct socket **res)",
  "int __sock_create(struct net *net, int family, int type, int protocol, struct socket **res, int kern)",
  "void sock_release(struct socket *sock)",
  "int kernel_connect(struct socket *sock, struct sockaddr *addr, int addrlen, int flags)",
  "int kernel_bind(struct socket *sock, struct sockaddr *addr, int addrlen)",
  "int kernel_sendmsg(struct socket *sock, struct msghdr *msg, struct kvec *vec, size_t num, size_t size)",
  "int kernel_sock_shutdown(struct socket *sock, int how)",
];

const NO_EFFECT: readonly NoEffectFamily[] = [
  { reason: "logging and tracing", names: "dprintk\\w* printk\\w* pr_\\w+ trace_\\w+ rpc_show_\\w+ xs_pktdump" },
  {
    reason: "locks are held for short sections that do not sleep",
    names: `(?:raw_)?spin_(?:un)?lock\\w* (?:read|write)_(?:un)?lock\\w* lockdep_\\w+ rcu_\\w+`,
  },
  { reason: "memory is freed or accounted for", names: "kfree kvfree mempool_\\w+ kmem_cache_\\w+" },
];

export const sunrpcReconnectSlice: SystemModel = {
  name: "sunrpc-reconnect",
  entries: [{ name: "init_sunrpc" }, { name: "xs_setup_tcp" }, { name: "rpc_run_task" }],
  // A task is on a queue, or its work is.
  inTurn: ["tk_wait", "tk_work"],
  observed: ["call_connect_status"],
  stores: [],
  guarded: [],
  state: [],
  beyond: [],
  works: [],
  tables: {},
  environment: SOCKETS,
  environmentMembers: [],
  noEffect: NO_EFFECT,
  constants: [],
};
