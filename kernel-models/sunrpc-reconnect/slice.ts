/**
 * Where the model of the sunrpc client begins and ends. Names only: what the functions do is read from the source.
 *
 * Prototypes are for trees that do not define a function; where a tree does, its own parameters count.
 */
import type { NoEffectFamily, SystemModel } from "../../tools/translate/boundary.ts";

const SOCKETS = [
  "int sock_create_kern(int family, int type, int protocol, struct socket **res)",
  "int sock_create_kern(struct net *net, int family, int type, int protocol, struct socket **res)",
  "int __sock_create(struct net *net, int family, int type, int protocol, struct socket **res, int kern)",
  "blocking void sock_release(struct socket *sock)",
  "blocking void __fput_sync(struct file *file)",
  "blocking void fput(struct file *file)",
  "struct file *sock_alloc_file(struct socket *sock, int flags, const char *dname)",
  "blocking int kernel_connect(struct socket *sock, struct sockaddr *addr, int addrlen, int flags)",
  "int kernel_bind(struct socket *sock, struct sockaddr *addr, int addrlen)",
  "blocking int kernel_sendmsg(struct socket *sock, struct msghdr *msg, struct kvec *vec, size_t num, size_t size)",
  "blocking int kernel_sock_shutdown(struct socket *sock, int how)",
  "int kernel_setsockopt(struct socket *sock, int level, int optname, char *optval, unsigned int optlen)",
  "void tcp_sock_set_user_timeout(struct sock *sk, u32 val)",
  "int tcp_sock_set_syncnt(struct sock *sk, int val)",
  "void sock_set_reuseport(struct sock *sk)",
  "struct net *sock_net(const struct sock *sk)",
  "int kernel_getsockname(struct socket *sock, struct sockaddr *addr)",
];

/** Records of the stream: sent and read as a whole, with what TCP says of it. */
const RECORDS = [
  `blocking int xs_sendpages(struct socket *sock, struct sockaddr *addr, int addrlen, struct xdr_buf *xdr,
     unsigned int base)`,
  `blocking int xprt_sock_sendmsg(struct socket *sock, struct msghdr *msg, struct xdr_buf *xdr, unsigned int base,
     u32 marker, unsigned int *sent_p)`,
  "blocking int tcp_read_sock(struct sock *sk, void *desc, void *recv_actor)",
  "blocking ssize_t xs_read_stream(struct sock_xprt *transport, int flags)",
  "bool xs_poll_socket_readable(struct sock_xprt *transport)",
];

/** What a call carries: credentials, arguments and results, and the memory for them. */
const CALLS = [
  "struct rpc_task *rpc_alloc_task(void)",
  "struct rpc_xprt *rpc_task_get_first_xprt(struct rpc_clnt *clnt)",
  "struct rpc_xprt *rpc_task_get_next_xprt(struct rpc_clnt *clnt)",
  "struct rpc_xprt *xprt_iter_get_next(struct rpc_xprt_iter *xpi)",
  "void rpc_task_set_debuginfo(struct rpc_task *task)",
  "void rpc_xdr_encode(struct rpc_task *task)",
  "__be32 *rpc_verify_header(struct rpc_task *task)",
  "int rpc_decode_header(struct rpc_task *task, struct xdr_stream *xdr)",
  "int rpcauth_refreshcred(struct rpc_task *task)",
  "void rpcauth_bindcred(struct rpc_task *task, struct rpc_cred *cred, int flags)",
  "int rpcauth_uptodatecred(struct rpc_task *task)",
  "int rpcauth_xmit_need_reencode(struct rpc_task *task)",
  "bool rpcauth_xmit_need_reencode(struct rpc_task *task)",
  "int rpcauth_unwrap_resp(struct rpc_task *task, kxdrdproc_t decode, __be32 *p, void *obj)",
  "void rpcb_getport_async(struct rpc_task *task)",
  "void rpc_malloc(struct rpc_task *task)",
  "void xprt_wait_on_pinned_rqst(struct rpc_rqst *req)",
  "void *kmem_cache_create(const char *name, size_t size, size_t align, unsigned long flags, void *ctor)",
  "void *mempool_create_slab_pool(int min_nr, void *kc)",
  "u32 net_random(void)",
  "u32 prandom_u32(void)",
  "u32 get_random_u32(void)",
  "unsigned short xs_get_random_port(void)",
  "char *kstrdup(const char *s, unsigned int gfp)",
];

const NO_EFFECT: readonly NoEffectFamily[] = [
  {
    reason: "logging and tracing",
    names: `dprintk\\w* pr_debug\\w* pr_devel\\w* (?:printk|pr)_\\w*once \\w+_ratelimited (?:do_)?trace_\\w+
      xs_pktdump ifdebug lockdep_\\w+`,
    mayBeLeftOut: true,
  },
  {
    reason: "logging and tracing",
    names: "printk\\w* pr_\\w+ rpc_show_\\w+ rpc_qname rpc_proc_name rpc_assign_waitqueue_name",
  },
  {
    reason: "locks are held for short sections that do not sleep",
    names: `(?:raw_)?spin_(?:un)?lock\\w* (?:read|write)_(?:un)?lock\\w* rcu_\\w+
      lock_sock release_sock __mutex_init xs_reclassify_\\w+ sock_lock_init\\w*`,
  },
  { reason: "suspend is not modelled", names: "freezer_\\w+ set_freezable try_to_freeze" },
  {
    reason: "sockets are neither dead nor do they linger",
    names: "sock_flag sock_(?:set|reset)_flag sock_(?:no_)?linger\\w*",
  },
  {
    reason: "options of sockets: keep-alive probes are not modelled",
    names: "(?:ip6|tcp)?_?sock_set_\\w+ sock_inuse_add sk_net_refcnt_upgrade sk_memalloc_socks tls_\\w+",
  },
  { reason: "arguments and results of calls are not looked into", names: "xdr_\\w+ wake_up_var page_address" },
  { reason: "there is always room to send", names: "sk_stream_\\w+" },
  { reason: "order of memory: one store after the other is seen", names: "smp_\\w*mb\\w* barrier" },
  {
    reason: "memory is freed or accounted for",
    names: `k[vz]?free\\w* mempool_(?:alloc|free|destroy) kmem_cache_(?!create)\\w+ memalloc_\\w+ current_restore_flags
      sk_set_memalloc sk_clear_memalloc xprt_free_bc_request rpc_free xs_free_\\w+ free_page\\w* xdr_free_bvec
      xdr_alloc_bvec ida_\\w+ xprt_free_id xprt_alloc_id`,
  },
  {
    reason: "statistics",
    names: "rpc_count_iostats\\w* rpc_update_rtt rpc_set_timeo rpc_init_rtt xprt_inject_disconnect atomic_long_\\w+",
  },
  {
    reason: "credentials and references",
    names: `(?:get|put)_(?:rpc)?cred\\w* (?:get|put)_net\\w*
      rpcauth_(?:unbindcred|invalcred|\\w*init\\w*|remove_module) module_put\\w*
      rpc_task_release_(?:client|transport) rpc_release_client get_group_info xprt_(?:get|put) rpcauth_\\w*put\\w*
      rpc_task_release_\\w+ rpc_put_sb_net rpc_release_calldata`,
  },
  { reason: "the mount has no back channel", names: "bc_prealloc" },
  { reason: "the module stays", names: "try_module_get", result: "1" },
  {
    reason: "other parts of the module are set up, which the client of a mount does not need",
    names: `cache_\\w+ ip_map_cache\\w* (?:un)?register_pernet_subsys (?:un)?register_rpc_pipefs
      (?:un)?rpc_?register_sysctl rpc_unregister_sysctl svc_\\w+ register_sysctl\\w* sunrpc_debugfs_\\w+
      rpc_sysfs_\\w+ rpc_proc_\\w+ rpc_clients_notifier_\\w+ sunrpc_\\w+ rpc_xprt_debugfs_\\w+ rpc_clnt_debugfs_\\w+
      init_\\w+_caches gss_\\w+ rpc_pipefs_\\w+`,
  },
  {
    reason: "names and addresses for people",
    names: `xs_format_\\w+ xs_update_peer_port snprintf strscpy strlcpy rpc_ntop rpc_sockaddr2uaddr
      xs_init_anyaddr task_pid_nr rpc_peeraddr`,
  },
];

export const sunrpcReconnectSlice: SystemModel = {
  name: "sunrpc-reconnect",
  entries: [
    { name: "rpc_call_sync" },
    { name: "xs_setup_tcp" },
    { name: "init_sunrpc", optional: true },
    { name: "xprt_create_transport", optional: true },
    { name: "xprt_lookup_rqst", optional: true },
    { name: "xprt_complete_rqst" },
  ],
  // A task is on a queue, or its work is.
  // A request is in the tree of those that wait for an answer, or on the list of free ones.
  inTurn: ["tk_wait", "tk_work", "rq_recv", "rq_list"],
  // A transport is allocated by what knows nothing of sockets; xs_setup_xprt() says how large it is.
  allocations: [{ function: "xprt_alloc", struct: "sock_xprt", member: "xprt" }],
  preemption: {
    before: `(?:test_and_)?(?:set|clear)_bit\\w* wake_up_bit queue_work queue_delayed_work xs_sendpages
      xprt_sock_sendmsg kernel_connect kernel_sock_shutdown sock_release kernel_sendmsg`,
    take: "(?:raw_)?spin_lock(?:_bh|_irq\\w*|\\w*nest\\w*)? (?:read|write)_lock(?:_bh|_irq\\w*)?",
    release: "(?:raw_)?spin_unlock(?:_bh|_irq\\w*)? (?:read|write)_unlock(?:_bh|_irq\\w*)?",
    members: ["rpc_task.tk_status", "rpc_rqst.rq_reply_bytes_recvd", "rpc_rqst.rq_received"],
  },
  observed: ["call_connect_status"],
  stores: [],
  guarded: [],
  state: [],
  bookkeeping: [
    "rpc_xprt.kref",
    "rpc_clnt.cl_count",
    "rpc_clnt.cl_kref",
    "rpc_clnt.cl_task_count",
    // A task that ends leaves its client and its transport.
    "rpc_task.tk_client",
    "rpc_task.tk_xprt",
    "rpc_task.tk_task",
    "rpc_message.rpc_cred",
    "xdr_buf.bvec",
    "sunrpc_table_header",
  ],
  beyond: [
    "xprt_destroy\\w*",
    "rpc_shutdown_client",
    "rpc_free_client",
    "rpc_free_auth",
    "bc_(?!prealloc|release_request)\\w+",
    "xprt_(?:setup|alloc|destroy|complete|enqueue|wake|free)_(?:bc|backchannel)\\w*",
    "xs_(?:local(?!_rpcbind)|udp|dummy|bind_ipv6)_\\w+",
    "xs_setup_(?:local|udp|bc_tcp|tcp_tls)",
    "xs_tcp_data_recv",
    "rpcb_(?!getport_async)\\w+",
    "rpc_bc_\\w+",
    "call_bc_\\w+",
    "xs_tls_\\w+",
    "xs_tcp_tls_\\w+",
    "xs_tcp_bc_\\w+",
    "rpc_clnt_\\w*iterate\\w*",
    "rpc_destroy_mempool",
    "rpciod_stop",
    "destroy_workqueue",
    "xprt_switch_\\w+",
    "xprt_multipath_\\w+",
    "unregister_\\w+",
  ],
  works: [],
  tables: {},
  environment: [...SOCKETS, ...RECORDS, ...CALLS],
  environmentMembers: [
    "rpc_call_ops.rpc_call_done",
    "rpc_call_ops.rpc_call_prepare",
    "rpc_call_ops.rpc_count_stats",
    "rpc_call_ops.rpc_release",
  ],
  noEffect: NO_EFFECT,
  constants: [
    "RPC_TASK_MAGIC_ID",
    "RPC_TASK_SOFT",
    "RPC_TASK_ASYNC",
    "XPRT_BOUND",
    "XPRT_CONNECTED",
    "XPRT_CONNECTING",
    "XPRT_LOCKED",
  ],
};
