/** What is read of a kernel's TCP, and what is said of what is not there. */
import { expect, test } from "vitest";
import { kernelTcp } from "../../kernel-models/sunrpc-reconnect/kernel-tcp.ts";
import { NEWEST_TCP } from "../../kernel-models/sunrpc-reconnect/tcp-options.ts";

const HEADER = "#define TCP_SYN_RETRIES\t 5\n#define TCP_TIMEOUT_INIT ((unsigned)(3*HZ))\n";

test("a tree without TCP is taken to be the newest, and every file that lacks is named", () => {
  const { options, told } = kernelTcp(() => null);
  expect(options).toEqual(NEWEST_TCP);
  expect(told).toHaveLength(5);
  expect(told.every((one) => one.includes("is not in the tree") && one.includes("Linux 7.1"))).toBe(true);
});

test("what a tree has is read, the rest is the caller's", () => {
  const base = { ...NEWEST_TCP, ticksPerSecond: 250, blackholeErrno: 101 };
  const { options, told } = kernelTcp((path) => (path === "include/net/tcp.h" ? HEADER : null), base);
  expect(options).toEqual({ ...base, synTimeoutSeconds: 3, synRetries: 5 });
  expect(told.filter((one) => one.includes("as given"))).toHaveLength(4);
  expect(told.at(-1)).toBe("include/net/tcp.h: the first interval and the number of SYNs.");
});
