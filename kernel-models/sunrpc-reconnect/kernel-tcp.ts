/**
 * What TCP of a kernel is like, from the tree that its sunrpc comes from, and what had to be taken for granted because
 * the tree lacks the files.
 */
import { ENETUNREACH } from "./tcp-constants.ts";
import { NEWEST_TCP, type TcpOptions, type TcpSources, tcpOptionsOf } from "./tcp-options.ts";

export interface KernelTcp {
  readonly options: TcpOptions;
  /** Sentences: what was read from where, and what was taken for granted. */
  readonly told: readonly string[];
}

/** A file, and what it decides. */
interface Part {
  readonly key: keyof TcpSources;
  readonly path: string;
  readonly decides: string;
}

const PARTS: readonly Part[] = [
  {
    key: "input",
    path: "net/ipv4/tcp_input.c",
    decides: "the order of sk_state_change and sk_error_report at a reset, and if a SYN is repeated after a bad ACK",
  },
  {
    key: "timer",
    path: "net/ipv4/tcp_timer.c",
    decides: "the order of sk_state_change and sk_error_report at a timeout, and when TCP gives up",
  },
  { key: "ipv4", path: "net/ipv4/tcp_ipv4.c", decides: "how many SYNs go out at even intervals" },
  { key: "route", path: "net/ipv4/route.c", decides: "the error of connect() on a blackhole route" },
  { key: "header", path: "include/net/tcp.h", decides: "the first interval and the number of SYNs" },
];

const MAKEFILE = "Makefile";

/** The files that are asked for. */
export const TCP_FILES: readonly string[] = [...PARTS.map(({ path }) => path), MAKEFILE];

/**
 * What is taken for granted of a tree that lacks net/ipv4: what kernels of its version have, as far as that is known of
 * those that were read (the bounds stand at the options); of one without a version, the newest, but for what verdicts
 * hang on.
 */
function baseOf(makefile: string | null): readonly [TcpOptions, string] {
  const number = (name: string): number => Number(new RegExp(`^${name}\\s*=\\s*(\\d+)`, "m").exec(makefile ?? "")?.[1]);
  const version = number("VERSION") * 1000 + number("PATCHLEVEL");
  if (Number.isNaN(version)) return [{ ...NEWEST_TCP, blackholeErrno: null }, "in Linux 7.1"];
  if (!(version >= 2006 && version < 4002)) return [NEWEST_TCP, "in Linux 7.1"];
  const base: TcpOptions = {
    ...NEWEST_TCP,
    resetReportsLast: false,
    timeoutReportsLast: false,
    blackholeErrno: ENETUNREACH,
    synTimeoutSeconds: version < 3001 ? 3 : 1,
    synRetries: version < 3007 ? 5 : 6,
    synLinearTimeouts: 0,
    synCounts: false,
    probeLimitIsExclusive: false,
    clampsToUserTimeout: false,
    synRepeatsAfterBadAck: false,
    dataReadyHasBytes: version < 3015,
  };
  return [base, "in kernels up to 4.1"];
}

/**
 * Reads a tree's TCP.
 *
 * @param read the text of a file of the tree; null where it has none
 * @param base what holds where the tree lacks a file
 */
export function kernelTcp(read: (path: string) => string | null, base?: TcpOptions): KernelTcp {
  const [known, like] = base === undefined ? baseOf(read(MAKEFILE)) : [base, "given"];
  const texts = new Map(PARTS.map((part) => [part.key, read(part.path)] as const));
  const text = (key: keyof TcpSources): string | null => texts.get(key) ?? null;
  const options = tcpOptionsOf(
    {
      input: text("input"),
      timer: text("timer"),
      ipv4: text("ipv4"),
      route: text("route"),
      header: text("header"),
    },
    known,
  );
  const told = PARTS.map(({ key, path, decides }) => {
    const isOpen = key === "route" && options.blackholeErrno === null;
    const taken = isOpen ? "not known" : `taken to be as ${like}`;
    if (text(key) === null) return `${path} is not in the tree: ${decides}: ${taken}.`;
    return `${path}: ${decides}${isOpen ? ": not known" : ""}.`;
  });
  return { options, told };
}
