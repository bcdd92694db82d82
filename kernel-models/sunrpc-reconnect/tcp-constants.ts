/**
 * Numbers that the C of sunrpc and of TCP share, with the headers that define them.
 */

// include/uapi/asm-generic/errno-base.h and errno.h (include/asm-generic/ before 3.7)
export const EAGAIN = 11;
export const EINVAL = 22;
export const EPIPE = 32;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETUNREACH = 101;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const EISCONN = 106;
export const ENOTCONN = 107;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EALREADY = 114;
export const EINPROGRESS = 115;

// socket_state of include/uapi/linux/net.h (include/linux/net.h before 3.7)
export const SS_UNCONNECTED = 1;
export const SS_CONNECTING = 2;
export const SS_CONNECTED = 3;
export const SS_DISCONNECTING = 4;

// include/net/tcp_states.h
export const TCP_ESTABLISHED = 1;
export const TCP_SYN_SENT = 2;
export const TCP_SYN_RECV = 3;
export const TCP_FIN_WAIT1 = 4;
export const TCP_FIN_WAIT2 = 5;
export const TCP_TIME_WAIT = 6;
export const TCP_CLOSE = 7;
export const TCP_CLOSE_WAIT = 8;
export const TCP_LAST_ACK = 9;
export const TCP_LISTEN = 10;
export const TCP_CLOSING = 11;

// include/net/sock.h
export const RCV_SHUTDOWN = 1;
export const SEND_SHUTDOWN = 2;
export const SHUTDOWN_MASK = 3;
/** SOCK_BINDADDR_LOCK | SOCK_BINDPORT_LOCK, values of sk_userlocks. */
export const SOCK_BINDADDR_LOCK = 4;
export const SOCK_BINDPORT_LOCK = 8;
// enum sock_flags of include/net/sock.h: bits of sk_flags, the same from 2.6.32 to 7.1
export const SOCK_DEAD = 0;
export const SOCK_DONE = 1;
export const SOCK_LINGER = 4;

/** A bit of socket.flags: include/linux/net.h, the same from 2.6.32 to 7.1. */
export const SOCK_NOSPACE = 2;

// enum sock_shutdown_cmd of include/linux/net.h
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

// include/net/tcp.h; the same from 2.6.32 to 7.1
/** TCP_RTO_MAX. */
export const RTO_MAX_SECONDS = 120;
/** TCP_RTO_MIN is HZ / 5. */
export const RTO_MINS_PER_SECOND = 5;
/** TCP_RETR2, the default of tcp_retries2. */
export const TCP_RETR2 = 15;
/** TCP_TIMEWAIT_LEN, and TCP_FIN_TIMEOUT, which is the default of tcp_fin_timeout. */
export const TIMEWAIT_SECONDS = 60;
/**
 * tcp_orphan_retries() of net/ipv4/tcp_timer.c: what it makes of the default 0 for a sock that sent something recently.
 */
export const ORPHAN_RETRIES = 8;
/** TCP_TIMEOUT_MIN, in ticks (include/net/tcp.h of 4.19 and newer). */
export const TIMEOUT_MIN_TICKS = 2;
