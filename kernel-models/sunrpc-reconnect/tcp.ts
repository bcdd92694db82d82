/**
 * The client's side of TCP as the C of sunrpc calls it: net/socket.c and net/ipv4/af_inet.c down to net/ipv4/tcp.c.
 * Each call is one step; callbacks run in it, through the hook of the context. None sleeps, for sunrpc passes
 * O_NONBLOCK and MSG_DONTWAIT, and so lock_sock() is never seen held. Results are 0 or more, or a negative error
 * number.
 *
 * What is left out: IPv6, TCP Fast Open, keepalive, urgent data, windows that close, memory that runs out,
 * retransmissions by duplicate ACKs, simultaneous opening, and segments that overtake one another.
 */
import { SimulationFault } from "../../tools/simulator/fault.ts";
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAGAIN,
  EALREADY,
  ECONNABORTED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENOTCONN,
  EPIPE,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
  SOCK_BINDADDR_LOCK,
  SOCK_BINDPORT_LOCK,
  SOCK_DEAD,
  SOCK_DONE,
  SOCK_LINGER,
  SOCK_NOSPACE,
  SS_CONNECTED,
  SS_CONNECTING,
  SS_DISCONNECTING,
  SS_UNCONNECTED,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT2,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
} from "./tcp-constants.ts";
import {
  blackholeErrno,
  expire,
  freeConnection,
  removeFrom,
  seconds,
  sendReset,
  type TcpNetwork,
} from "./tcp-network.ts";
import { forgetRetries, push, setTimer, tcp_send_fin, transmit } from "./tcp-output.ts";
import {
  isIn,
  ProtoOps,
  Segment,
  type SentRecord,
  type Sock,
  Socket,
  sock_error,
  sock_flag,
  sock_reset_flag,
  sock_set_flag,
  type TcpContext,
} from "./tcp-socket.ts";
import {
  closeState,
  destroy,
  purge,
  tcp_disconnect,
  tcp_set_state,
  tcp_shutdown,
  tcp_time_wait,
} from "./tcp-states.ts";

/** The first port that a sock without one gets: ip_local_port_range of net/ipv4/inet_connection_sock.c. */
const FIRST_LOCAL_PORT = 32_768;

/** sock_create_kern(): SS_UNCONNECTED, TCP_CLOSE, and the callbacks of sock_init_data() and tcp_init_sock(). */
export function createSocket(net: TcpNetwork): Socket {
  const socket = new Socket(net.options);
  socket.ops = new ProtoOps();
  if (socket.sk !== null) net.socks.push(socket.sk);
  return socket;
}

/** `sock->sk`, which C dereferences without asking. */
function sockOf(socket: Socket): Sock {
  if (socket.sk === null) throw new SimulationFault("bad-pointer", "sock->sk of a socket that was released");
  return socket.sk;
}

/**
 * kernel_bind() to a port, with an address if `bindsAddress`: -EINVAL for a sock that has one or is not closed;
 * -EADDRINUSE for a port that another has, unless both allow it (SO_REUSEPORT, inet_csk_bind_conflict() since 3.9).
 */
export function bind(ctx: TcpContext, net: TcpNetwork, socket: Socket, port: number, bindsAddress = true): number {
  expire(ctx, net);
  const sk = sockOf(socket);
  if (!isIn(sk, TCP_CLOSE) || sk.tp.localPort !== 0) return -EINVAL;
  const others = net.socks.filter((other) => other !== sk && other.tp.localPort === port && port !== 0);
  const waits = net.timeWaits.some(({ localPort }) => localPort === port);
  const allowed = sk.sk_reuseport !== 0 && others.every(({ sk_reuseport }) => sk_reuseport !== 0);
  if ((others.length > 0 || waits) && !allowed) return -EADDRINUSE;
  sk.tp.localPort = port === 0 ? freePort(net) : port;
  if (bindsAddress) sk.sk_userlocks |= SOCK_BINDADDR_LOCK;
  if (port !== 0) sk.sk_userlocks |= SOCK_BINDPORT_LOCK;
  return 0;
}

function freePort(net: TcpNetwork): number {
  const taken = (port: number) =>
    net.socks.some(({ tp }) => tp.localPort === port) || net.timeWaits.some(({ localPort }) => localPort === port);
  let port = FIRST_LOCAL_PORT;
  while (taken(port)) port++;
  return port;
}

/** connect() with AF_UNSPEC: inet_stream_connect() calls tcp_disconnect(), whatever the state is. */
export function disconnect(ctx: TcpContext, net: TcpNetwork, socket: Socket): number {
  expire(ctx, net);
  const error = tcp_disconnect(ctx, net, sockOf(socket));
  socket.state = error === 0 ? SS_UNCONNECTED : SS_DISCONNECTING;
  return error;
}

/**
 * connect() with O_NONBLOCK: inet_stream_connect(). socket.state only becomes SS_CONNECTED here (or in shutdown()): the
 * handshake's end leaves it at SS_CONNECTING. sk_shutdown is not touched unless the attempt before failed.
 */
export function connect(ctx: TcpContext, net: TcpNetwork, socket: Socket): number {
  expire(ctx, net);
  const sk = sockOf(socket);
  let error = -EALREADY;
  if (socket.state === SS_UNCONNECTED) {
    if (!isIn(sk, TCP_CLOSE)) return -EISCONN;
    const failed = tcp_v4_connect(ctx, net, sk);
    if (failed < 0) return failed;
    socket.state = SS_CONNECTING;
    error = -EINPROGRESS;
  } else if (socket.state !== SS_CONNECTING) {
    return socket.state === SS_CONNECTED ? -EISCONN : -EINVAL;
  }
  if (isIn(sk, TCP_SYN_SENT, TCP_SYN_RECV)) return error;
  if (!isIn(sk, TCP_CLOSE)) {
    socket.state = SS_CONNECTED;
    return 0;
  }
  // The attempt was refused, or the connection that it made was lost: error_report once more, and sk_shutdown is 0.
  const result = sock_error(sk) || -ECONNABORTED;
  socket.state = tcp_disconnect(ctx, net, sk) === 0 ? SS_UNCONNECTED : SS_DISCONNECTING;
  return result;
}

/** tcp_v4_connect() and tcp_connect(). tcp_connect_init() clears sk_err and leaves sk_shutdown. */
function tcp_v4_connect(ctx: TcpContext, net: TcpNetwork, sk: Sock): number {
  const { tp } = sk;
  if (net.clientToServer === "blackhole") return -blackholeErrno(net);
  if (tp.localPort === 0) tp.localPort = freePort(net);
  // inet_hash_connect(), __inet_check_established(): both ends are the same as those of a connection that is not over.
  const rival = net.socks.some(
    (other) => other !== sk && other.tp.localPort === tp.localPort && !isIn(other, TCP_CLOSE),
  );
  const wait = net.timeWaits.find(({ localPort }) => localPort === tp.localPort);
  if (rival || (wait !== undefined && !net.options.timestamps)) {
    tcp_set_state(sk, TCP_CLOSE);
    return -EADDRNOTAVAIL;
  }
  if (wait !== undefined) removeFrom(net.timeWaits, wait);
  tcp_set_state(sk, TCP_SYN_SENT);
  tp.connection = freeConnection(net);
  sk.sk_err = 0;
  sock_reset_flag(sk, SOCK_DONE);
  purge(sk);
  tp.receiveQueue.length = 0;
  forgetRetries(sk);
  tp.rtoTicks = seconds(net, net.options.synTimeoutSeconds);
  // Unlike for data, retrans_stamp is the time of the first SYN.
  tp.started = true;
  tp.startTick = ctx.tick;
  const syn = new Segment("syn", 0, null);
  tp.unacknowledged.push(syn);
  transmit(ctx, net, sk, syn);
  setTimer(ctx, sk, "retransmit", tp.rtoTicks);
  return 0;
}

/**
 * sendmsg() with MSG_DONTWAIT: tcp_sendmsg(). A closed sock gives its pending error once, then -EPIPE, never -ENOTCONN;
 * a connecting one gives -EAGAIN; SEND_SHUTDOWN gives -EPIPE although the state is ESTABLISHED.
 * @param record the request that ends with the last of these bytes; it is sent if all of them are taken.
 */
export function sendmsg(
  ctx: TcpContext,
  net: TcpNetwork,
  socket: Socket,
  bytes: number,
  record: SentRecord | null = null,
): number {
  expire(ctx, net);
  const sk = sockOf(socket);
  if (!isIn(sk, TCP_ESTABLISHED, TCP_CLOSE_WAIT)) {
    // sk_stream_wait_connect(), and sk_stream_error() behind it, which finds no error that the first did not take.
    const error = sock_error(sk);
    if (error !== 0) return error;
    return isIn(sk, TCP_SYN_SENT, TCP_SYN_RECV) ? -EAGAIN : -EPIPE;
  }
  if (sk.sk_err !== 0 || (sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return sock_error(sk) || -EPIPE;
  const room = net.options.sendBufferBytes === 0 ? bytes : Math.max(0, sk.sk_sndbuf - sk.sk_wmem_queued);
  const taken = Math.min(bytes, room);
  if (taken > 0) {
    sk.tp.unacknowledged.push(new Segment("data", taken, taken === bytes ? record : null));
    sk.sk_wmem_queued += taken;
    push(ctx, net, sk);
  }
  // wait_for_space: the flag stays until sk_write_space() finds room and clears it.
  if (taken < bytes) socket.flags |= 1 << SOCK_NOSPACE;
  return taken > 0 || bytes === 0 ? taken : -EAGAIN;
}

/**
 * recvmsg() with MSG_DONTWAIT: tcp_recvmsg(). 0 is the end: FIN came, or this side does not read any more. What the
 * bytes are, the first of sk.tp.receiveQueue tells before.
 */
export function recvmsg(socket: Socket, bytes: number): number {
  const sk = sockOf(socket);
  const taken = readSock(sk, bytes);
  if (taken > 0 || bytes === 0 || sock_flag(sk, SOCK_DONE)) return taken;
  const error = sock_error(sk);
  if (error !== 0) return error;
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
  return isIn(sk, TCP_CLOSE) ? -ENOTCONN : -EAGAIN;
}

/** tcp_read_sock(): takes what is there, whatever the state is; 0 when nothing is, and no error is looked at. */
export function readSock(sk: Sock, bytes: number): number {
  const { receiveQueue } = sk.tp;
  let left = bytes;
  while (left > 0) {
    const [head] = receiveQueue;
    if (head === undefined) break;
    const piece = Math.min(left, head.bytes - head.bytesTaken);
    head.bytesTaken += piece;
    left -= piece;
    if (head.bytesTaken === head.bytes) receiveQueue.shift();
  }
  return bytes - left;
}

/**
 * kernel_sock_shutdown(): inet_shutdown(). On a closed sock the result is -ENOTCONN, and yet sk_shutdown takes the
 * bits, which a connect() that follows does not clear; state_change is called in any case, as the last thing.
 */
export function shutdown(ctx: TcpContext, net: TcpNetwork, socket: Socket, how: number): number {
  expire(ctx, net);
  const sk = sockOf(socket);
  const bits = how + 1;
  if ((bits & ~SHUTDOWN_MASK) !== 0 || bits === 0) return -EINVAL;
  if (socket.state === SS_CONNECTING) {
    const open = !isIn(sk, TCP_SYN_SENT, TCP_SYN_RECV, TCP_CLOSE);
    socket.state = open ? SS_CONNECTED : SS_DISCONNECTING;
  }
  let result = 0;
  if (isIn(sk, TCP_SYN_SENT)) {
    result = tcp_disconnect(ctx, net, sk);
    socket.state = result === 0 ? SS_UNCONNECTED : SS_DISCONNECTING;
  } else {
    if (isIn(sk, TCP_CLOSE)) result = -ENOTCONN;
    sk.sk_shutdown |= bits;
    tcp_shutdown(ctx, net, sk, bits);
  }
  ctx.call(sk.sk_state_change, sk);
  return result;
}

/**
 * sock_release(): inet_release() and tcp_close(). FIN, or RST if something was received and not read. No callback runs,
 * for the sock is an orphan before anything else can happen to it; only SO_LINGER with 0 seconds disconnects, which
 * reports an error.
 */
export function release(ctx: TcpContext, net: TcpNetwork, socket: Socket): void {
  expire(ctx, net);
  const { sk } = socket;
  if (sk !== null) tcp_close(ctx, net, sk);
  socket.sk = null;
  socket.ops = null;
}

function tcp_close(ctx: TcpContext, net: TcpNetwork, sk: Sock): void {
  const { connection, receiveQueue } = sk.tp;
  sk.sk_shutdown = SHUTDOWN_MASK;
  const unread = receiveQueue.length > 0;
  receiveQueue.length = 0;
  if (!isIn(sk, TCP_CLOSE)) {
    if (unread) {
      tcp_set_state(sk, TCP_CLOSE);
      sendReset(net, connection);
    } else if (sock_flag(sk, SOCK_LINGER) && sk.sk_lingertime === 0) {
      tcp_disconnect(ctx, net, sk);
    } else if (closeState(sk)) {
      tcp_send_fin(ctx, net, sk);
    }
  }
  // sock_orphan()
  sock_set_flag(sk, SOCK_DEAD);
  sk.sk_socket = null;
  sk.sk_wq = null;
  if (isIn(sk, TCP_FIN_WAIT2)) tcp_time_wait(ctx, net, sk);
  else if (isIn(sk, TCP_CLOSE)) destroy(net, sk);
}

/** kernel_setsockopt() and its successors of 5.8, for options that nothing here depends on. */
export function setsockopt(): number {
  return 0;
}

/** TCP_USER_TIMEOUT, in milliseconds: tcp_sock_set_user_timeout(). */
export function setUserTimeout(net: TcpNetwork, sk: Sock, milliseconds: number): void {
  sk.tp.userTimeoutTicks = Math.ceil((milliseconds * net.options.ticksPerSecond) / 1000);
}

/** TCP_SYNCNT: tcp_sock_set_syncnt(), which takes 1 to 127. */
export function setSynCount(sk: Sock, retries: number): number {
  if (retries < 1 || retries > 127) return -EINVAL;
  sk.tp.synRetries = retries;
  return 0;
}
