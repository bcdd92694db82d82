/**
 * Where kernels differ in what TCP shows to its user. The defaults are those of the newest kernel that was read (7.1);
 * `tcpOptionsOf()` reads them from the sources of a tree, as far as it has them.
 */
import { EINVAL, ENETUNREACH } from "./tcp-constants.ts";

/** Plain data: it is part of the state's image, and never changes. */
export interface TcpOptions {
  readonly ticksPerSecond: number;
  /** From a client's segment to the answer. */
  readonly rttTicks: number;
  /**
   * What fits into the send queue; 0 means all, and that data is acknowledged without a packet of its own, so that runs
   * have fewer steps. With a number, ACKs of data are packets, and sk_write_space is called as tcp_check_space() does.
   */
  readonly sendBufferBytes: number;
  /** How long the server's half-closed connections live after a restart; then RST answers everything. 0 is at once. */
  readonly serverFinSeconds: number;
  /**
   * tcp_reset() of net/ipv4/tcp_input.c: tcp_done() comes first (state_change, with TCP_CLOSE), then error_report, in
   * 4.19 and newer; up to 4.9 it was the other way round, and error_report still saw the old state and sk_shutdown.
   */
  readonly resetReportsLast: boolean;
  /**
   * The same for tcp_write_err() of net/ipv4/tcp_timer.c: new in 6.12, and in the 6.1.y and 6.6.y that have
   * tcp_done_with_error(); old up to 5.15.
   */
  readonly timeoutReportsLast: boolean;
  /**
   * What connect() says of a blackhole route, positive: where __ip_route_output_key() and its successors in
   * net/ipv4/route.c call fib_lookup(). In 4.4 and newer it is the error of fib_props[RTN_BLACKHOLE]
   * (net/ipv4/fib_semantics.c), EINVAL; up to 4.1 ENETUNREACH, whatever the route's type. null where nothing says
   * which: verdicts hang on it, so nobody may guess.
   */
  readonly blackholeErrno: number | null;
  /** TCP_TIMEOUT_INIT of include/net/tcp.h: 3 in 3.0 and older, 1 in 3.4 and newer. */
  readonly synTimeoutSeconds: number;
  /** The default of tcp_syn_retries, TCP_SYN_RETRIES of include/net/tcp.h: 5 in 3.4 and older, 6 in 3.10 and newer. */
  readonly synRetries: number;
  /**
   * The default of tcp_syn_linear_timeouts (tcp_sk_init() of net/ipv4/tcp_ipv4.c): 4 in 6.6 and newer; 6.1 has none.
   */
  readonly synLinearTimeouts: number;
  /** Whether tcp_write_timeout() gives up a SYN by number (4.19 does, 4.9 does not), besides by the modelled time. */
  readonly synCounts: boolean;
  /**
   * The base of the modelled time of a SYN in retransmits_timed_out(): TCP_TIMEOUT_INIT as a rule. 2.6.32 and 4.19 have
   * TCP_RTO_MIN there, so that connecting to a silent host fails after 21 s and 31 s; false means that.
   */
  readonly synBaseIsInit: boolean;
  /** tcp_probe_timer() gives up at tcp_retries2 probes (5.4 and newer); 4.19 and older at one more. */
  readonly probeLimitIsExclusive: boolean;
  /** Whether timers are cut to what is left of TCP_USER_TIMEOUT: tcp_clamp_rto_to_user_timeout(), since 4.19. */
  readonly clampsToUserTimeout: boolean;
  /**
   * tcp_rcv_synsent_state_process(): a segment with an unacceptable ACK makes the first SYN go out again after
   * TCP_TIMEOUT_MIN; 5.10 does, 5.4 does not.
   */
  readonly synRepeatsAfterBadAck: boolean;
  /**
   * tcp_timestamps, on by default on both sides. With them a port that was bound by number can be used again in
   * TIME_WAIT: tcp_twsk_unique() of net/ipv4/tcp_ipv4.c, where twp is NULL then. Without, connect() says
   * -EADDRNOTAVAIL.
   */
  readonly timestamps: boolean;
  /** sk_data_ready(sk, bytes), bytes always 0, in 3.10 and older; (sk) in 3.18 and newer. */
  readonly dataReadyHasBytes: boolean;
}

export const NEWEST_TCP: TcpOptions = {
  ticksPerSecond: 1000,
  rttTicks: 1,
  sendBufferBytes: 0,
  serverFinSeconds: 60,
  resetReportsLast: true,
  timeoutReportsLast: true,
  blackholeErrno: EINVAL,
  synTimeoutSeconds: 1,
  synRetries: 6,
  synLinearTimeouts: 4,
  synCounts: true,
  synBaseIsInit: true,
  probeLimitIsExclusive: true,
  clampsToUserTimeout: true,
  synRepeatsAfterBadAck: true,
  timestamps: true,
  dataReadyHasBytes: false,
};

/** Texts of files of one tree; null where the tree lacks the file, and then the newest behaviour is taken. */
export interface TcpSources {
  /** net/ipv4/tcp_input.c */
  readonly input: string | null;
  /** net/ipv4/tcp_timer.c */
  readonly timer: string | null;
  /** net/ipv4/tcp_ipv4.c */
  readonly ipv4: string | null;
  /** net/ipv4/route.c */
  readonly route: string | null;
  /** include/net/tcp.h */
  readonly header: string | null;
}

type Mutable = { -readonly [K in keyof TcpOptions]: TcpOptions[K] };

/** The text of a function definition: from its name at the line's start (or after its type) to the closing brace. */
function bodyOf(text: string, name: string): string {
  const start = text.search(new RegExp(`^(?:[a-z][\\w \\t*]*\\b)?${name}\\s*\\([^;{}]*\\)\\s*\\{`, "m"));
  if (start < 0) return "";
  const end = text.indexOf("\n}", start);
  return text.slice(start, end < 0 ? undefined : end);
}

/**
 * Whether tcp_done() stands before the report, or neither is there since tcp_done_with_error() does both in that order.
 */
function reportsLast(body: string): boolean {
  const report = body.search(/\bsk_error_report\s*\(/);
  const done = body.search(/\btcp_done\s*\(/);
  return report < 0 || done < 0 || done < report;
}

function readInput(text: string, options: Mutable): void {
  options.resetReportsLast = reportsLast(bodyOf(text, "tcp_reset"));
  options.synRepeatsAfterBadAck = /icsk_retransmits == 0/.test(bodyOf(text, "tcp_rcv_synsent_state_process"));
  options.dataReadyHasBytes = /sk_data_ready\(sk, 0\)/.test(text);
}

function readTimer(text: string, header: string, options: Mutable): void {
  options.timeoutReportsLast = reportsLast(bodyOf(text, "tcp_write_err"));
  options.synCounts = /expired = icsk->icsk_retransmits >=/.test(bodyOf(text, "tcp_write_timeout"));
  const model = bodyOf(text, "retransmits_timed_out") || bodyOf(header, "retransmits_timed_out");
  options.synBaseIsInit = /TCP_TIMEOUT_INIT|tcp_timeout_init/.test(model);
  options.probeLimitIsExclusive = /icsk_probes_out >= max_probes/.test(bodyOf(text, "tcp_probe_timer"));
  options.clampsToUserTimeout = /tcp_clamp_rto_to_user_timeout/.test(text);
}

/** What the text of net/ipv4/route.c says of a blackhole route. */
function blackholeErrnoIn(route: string): number | null {
  if (/rth = ERR_PTR\(err\)/.test(route)) return EINVAL;
  return /-ENETUNREACH\b/.test(route) ? ENETUNREACH : null;
}

/** The options of a tree, for those of `base` that depend on it. */
export function tcpOptionsOf(sources: TcpSources, base: TcpOptions = NEWEST_TCP): TcpOptions {
  const options: Mutable = { ...base };
  const { input, timer, ipv4, route, header } = sources;
  if (input !== null) readInput(input, options);
  if (timer !== null) readTimer(timer, header ?? "", options);
  if (ipv4 !== null) {
    options.synLinearTimeouts = Number(/sysctl_tcp_syn_linear_timeouts = (\d+)/.exec(ipv4)?.[1] ?? 0);
  }
  if (route !== null) options.blackholeErrno = blackholeErrnoIn(route);
  if (header !== null) {
    options.synTimeoutSeconds = Number(/define TCP_TIMEOUT_INIT \(\(unsigned\)\((\d+)\*HZ\)/.exec(header)?.[1] ?? 1);
    options.synRetries = Number(/define TCP_SYN_RETRIES\s+(\d+)/.exec(header)?.[1] ?? 6);
  }
  return options;
}
