/**
 * Where the model of the SMB echo begins and ends. Names only: what the functions do is read from the source.
 *
 * Prototypes are for trees that do not define a function; where a tree does, its own parameters count.
 */
import type { NoEffectFamily, SystemModel } from "../../tools/translate/boundary.ts";

/** Mounting: addresses, sockets, the connection. */
const MOUNTING = [
  "struct TCP_Server_Info *cifs_find_tcp_session(void *ctx)",
  "int sock_create_kern(int family, int type, int protocol, struct socket **res)",
  "int sock_create_kern(void *net, int family, int type, int protocol, struct socket **res)",
  "int __sock_create(void *net, int family, int type, int protocol, struct socket **res, int kern)",
  "int kernel_connect(struct socket *sock, struct sockaddr *addr, int addrlen, int flags)",
  "int cifs_fill_sockaddr(struct sockaddr *dst, const char *src, int len, const unsigned short int port)",
  "int cifs_convert_address(struct sockaddr *dst, const char *src, int len)",
  "void cifs_set_port(struct sockaddr *addr, const unsigned short int port)",
  "int bind_socket(struct TCP_Server_Info *server)",
  "int ip_rfc1001_connect(struct TCP_Server_Info *server)",
  "void sock_release(struct socket *sock)",
  "int kernel_sock_shutdown(struct socket *sock, int how)",
];

/** Sending a request, and what looks at its answer. */
const REQUESTS = [
  `blocking int cifs_call_async(struct TCP_Server_Info *server, void *rqst, void *receive, void *callback,
     void *cbdata)`,
  `int smb2_plain_req_init(__le16 smb2_command, void *tcon, struct TCP_Server_Info *server, void **request_buf,
     unsigned int *total_len)`,
  "int small_smb2_init(__le16 smb2_command, void *tcon, void **request_buf)",
  "int small_smb_init(int smb_command, int wct, void *tcon, void **request_buf)",
  "int smb_init(int smb_command, int wct, void *tcon, void **request_buf, void **response_buf)",
  "void handle_mid(struct mid_q_entry *mid, struct TCP_Server_Info *server, char *buf, int malformed)",
  "int checkSMB(struct smb_hdr *smb, __u16 mid, unsigned int length)",
  "bool is_valid_oplock_break(struct smb_hdr *smb, struct TCP_Server_Info *srv)",
  "int check2ndT2(struct smb_hdr *pSMB)",
  "int coalesce_t2(struct smb_hdr *psecond, struct smb_hdr *pTargetSMB)",
  "void *cifs_buf_get(void)",
  "void *cifs_small_buf_get(void)",
];

/** Encrypted answers, which a worker decrypts: the time of the last response is stored there, too. */
const ENCRYPTED = [
  `int decrypt_raw_data(struct TCP_Server_Info *server, char *buf, unsigned int buf_data_size, void *iter,
     bool is_offloaded)`,
  "struct mid_q_entry *smb2_find_dequeue_mid(struct TCP_Server_Info *server, char *buf)",
  `int handle_read_data(struct TCP_Server_Info *server, struct mid_q_entry *mid, char *buf, unsigned int buf_len,
     void *buffer, unsigned int buffer_len, bool is_offloaded)`,
];

/** Reconnecting: the connection is one of one channel and to one server; DFS referrals are another system. */
const RECONNECTING = [
  "int reconn_set_ipaddr(struct TCP_Server_Info *server)",
  "int reconn_set_ipaddr_from_hostname(struct TCP_Server_Info *server)",
  "struct super_block *get_tcp_super(struct TCP_Server_Info *server)",
  "struct super_block *cifs_get_tcp_super(struct TCP_Server_Info *server)",
  "int reconn_setup_dfs_targets(struct cifs_sb_info *cifs_sb, struct dfs_cache_tgt_list *tl)",
];

const OPS_MEMBERS = [
  "find_mid",
  "check_message",
  "next_header",
  "is_transform_hdr",
  "receive_transform",
  "is_session_expired",
  "is_status_pending",
  "is_status_io_timeout",
  "is_network_name_deleted",
  "is_oplock_break",
  "dump_detail",
  "handle_cancelled_mid",
  "check_trans2",
];

const NO_EFFECT: readonly NoEffectFamily[] = [
  {
    reason: "logging and tracing",
    names: `cifs_dbg cifs_server_dbg cifs_tcon_dbg cFYI cERROR cifserror pr_debug\\w* pr_devel\\w*
      (?:printk|pr)_\\w*(?:once|ratelimited) trace_\\w+ dump_smb cifs_dump_\\w+ print_hex_dump\\w* lockdep_\\w+`,
    mayBeLeftOut: true,
  },
  { reason: "logging and tracing", names: "printk\\w* pr_\\w+ dump_stack task_pid_nr" },
  {
    reason: "locks are held for short sections that do not sleep",
    names: `(?:raw_)?spin_(?:un)?lock\\w* (?:read|write)_(?:un)?lock\\w* mutex_(?:init|lock\\w*|unlock)
      (?:up|down)_(?:read|write)
      cifs_server_(?:un)?lock rcu_\\w+ init_rwsem`,
  },
  {
    reason: "memory is freed or accounted for",
    names: `kfree kvfree kfree_sensitive kzfree cifs_buf_release cifs_small_buf_release mempool_\\w+ memalloc_\\w+
      put_net get_net\\w* put_cred kmem_cache_\\w+`,
  },
  {
    reason: "module and thread bookkeeping",
    names: `__module_get module_put\\w* set_freezable allow_signal allow_kernel_signal set_user_nice
      sock_inuse_add`,
  },
  {
    reason: "network name spaces and lock classes of sockets",
    names: `cifs_set_net_ns cifs_net_ns cifs_reclassify_socket\\d write_pnet sk_net_refcnt_upgrade
      (?:__)?netns_tracker_\\w+`,
  },
  { reason: "socket options that do not concern receiving", names: "tcp_sock_set_nodelay kernel_setsockopt" },
  {
    reason: "names and identifiers",
    names: "generate_random_uuid get_random_bytes cifs_crypto_\\w+ cifs_put_smb_ses",
  },
  {
    reason: "strings that only messages show",
    names: "kstrdup kstrdup_const kasprintf extract_hostname cifs_get_hostname",
    result: '"server"',
  },
  {
    reason: "text in buffers that nothing in the slice looks at",
    names: "strscpy strlcpy strncpy strcpy s[cn]*printf",
  },
  {
    reason: "sessions are set up again, and names looked up, by work of their own",
    names: "smb2_reconnect_server cifs_resolve_server",
  },
  {
    reason: "buffers of large reads, and requests that are let go",
    names: `cifs_clear_\\w+_buffer iov_iter_(?:folio_queue|xarray|bvec) netfs_\\w+ put_page dequeue_mid release_mid
      DeleteMidQEntry cifs_mid_q_entry_release`,
  },
  {
    reason: "sessions, other channels and DFS targets are not modelled: there is one connection",
    names: `cifs_chan_\\w+ (?:cifs_)?put_tcp_super
      reconn_(?:inval_dfs_target|set_next_dfs_target) dfs_cache_\\w+ CIFS_SB`,
  },
  { reason: "the cache of file data", names: "(?:cifs_)?fscache_\\w+" },
  { reason: "witness registrations are their own protocol", names: "cifs_swn_\\w+" },
  { reason: "suspend is not modelled", names: "try_to_freeze" },
  { reason: "RDMA transports are not modelled: sockets are", names: "cifs_rdma_enabled" },
];

export const cifsEchoSlice: SystemModel = {
  name: "cifs-echo",
  entries: [{ name: "cifs_get_tcp_session" }, { name: "cifs_echo_request" }, { name: "cifs_demultiplex_thread" }],
  observed: ["cifs_reconnect", "cifs_reconnect_once"],
  stores: ["TCP_Server_Info.lstrp"],
  guarded: ["TCP_Server_Info.echo_interval"],
  state: ["TCP_Server_Info.tcpStatus"],
  bookkeeping: [
    "TCP_Server_Info.hostname",
    "TCP_Server_Info.dstaddr",
    "mid_q_entry.refcount",
    // Of a request that is let go.
    "mid_q_entry.mid_state",
    // Sessions, their tree connections and other channels.
    "cifs_ses.chans_need_reconnect",
    "cifs_ses.ses_status",
    "cifs_ses.smb_ses_list",
    "cifs_ses.tcon_ipc",
    "cifs_chan.server",
    "cifs_tcon.status",
    "cifs_tcon.tcon_list",
    "cifs_tcon.query_interfaces",
  ],
  // Unmounting, DFS, and RDMA transports: sockets are modelled.
  beyond: ["cifs_put_tcp_session", "cifs_put_server", "reconnect_dfs_server", "smbd_\\w+"],
  works: ["TCP_Server_Info.echo"],
  tables: {
    smb_version_operations: ["smb311_operations", "smb30_operations", "smb21_operations", "smb1_operations"],
    smb_version_values: ["smb311_values", "smb302_values", "smb30_values", "smb21_values", "smb1_values"],
  },
  environment: [...MOUNTING, ...REQUESTS, ...ENCRYPTED, ...RECONNECTING],
  environmentMembers: [...OPS_MEMBERS.map((member) => `smb_version_operations.${member}`), "proto_ops.connect"],
  noEffect: NO_EFFECT,
  constants: [
    "CifsNew",
    "CifsGood",
    "CifsExiting",
    "CifsNeedReconnect",
    "CifsNeedNegotiate",
    "MID_REQUEST_SUBMITTED",
    "MID_RESPONSE_RECEIVED",
  ],
};
