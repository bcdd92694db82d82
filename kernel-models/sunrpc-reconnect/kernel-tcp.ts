/**
 * What TCP of a kernel is like, from the tree that its sunrpc comes from, and what had to be taken for granted because
 * the tree lacks the files.
 */
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

/**
 * Reads a tree's TCP.
 *
 * @param read the text of a file of the tree; null where it has none
 * @param base what holds where the tree lacks a file
 */
export function kernelTcp(read: (path: string) => string | null, base: TcpOptions = NEWEST_TCP): KernelTcp {
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
    base,
  );
  const told = PARTS.map(({ key, path, decides }) =>
    text(key) === null
      ? `${path} is not in the tree: ${decides}: taken to be ${base === NEWEST_TCP ? "as in Linux 7.1" : "as given"}.`
      : `${path}: ${decides}.`,
  );
  return { options, told };
}
