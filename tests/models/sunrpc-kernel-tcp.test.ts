/** What is read of a kernel's TCP, and what is said of what is not there. */
import { expect, test } from "vitest";
import { kernelTcp } from "../../kernel-models/sunrpc-reconnect/kernel-tcp.ts";
import { NEWEST_TCP } from "../../kernel-models/sunrpc-reconnect/tcp-options.ts";

const HEADER = "#define TCP_SYN_RETRIES\t 5\n#define TCP_TIMEOUT_INIT ((unsigned)(3*HZ))\n";

const ROUTE = "net/ipv4/route.c is not in the tree: the error of connect() on a blackhole route";

function makefile(text: string): (path: string) => string | null {
  return (path) => (path === "Makefile" ? text : null);
}

test("a tree without TCP is taken to be the newest, and every file that lacks is named", () => {
  const { options, told } = kernelTcp(makefile("VERSION = 6\nPATCHLEVEL = 12\n"));
  expect(options).toEqual(NEWEST_TCP);
  expect(told).toHaveLength(5);
  expect(told.every((one) => one.includes("is not in the tree") && one.includes("Linux 7.1"))).toBe(true);
});

test("an old tree without TCP is taken to be like the old ones that were read", () => {
  const { options, told } = kernelTcp(makefile("VERSION = 3\nPATCHLEVEL = 4\n"));
  expect(options).toMatchObject({ blackholeErrno: 101, synRetries: 5, resetReportsLast: false });
  expect(told).toContain(`${ROUTE}: taken to be as in kernels up to 4.1.`);
});

test.each([
  ["no Makefile", () => null],
  ["a Makefile without a version", makefile("obj-y += sunrpc/\n")],
  ["half a version", makefile("VERSION = 6\nPATCHLEVEL =\n")],
])("with %s, nobody knows what connect() says of a blackhole route", (_, read) => {
  const { options, told } = kernelTcp(read);
  expect(options).toEqual({ ...NEWEST_TCP, blackholeErrno: null });
  expect(told).toContain(`${ROUTE}: not known.`);
});

test.each([
  ["rth = ERR_PTR(err);", 22],
  ["rth = ERR_PTR(-ENETUNREACH);", 101],
  ["", null],
])("a route.c with %j says %j of it, whatever the version", (route, errno) => {
  const texts = new Map([
    ["net/ipv4/route.c", route],
    ["Makefile", "VERSION = 6\nPATCHLEVEL = 12\n"],
  ]);
  expect(kernelTcp((path) => texts.get(path) ?? null).options.blackholeErrno).toBe(errno);
});

test("what a tree has is read, the rest is the caller's", () => {
  const base = { ...NEWEST_TCP, ticksPerSecond: 250, blackholeErrno: 101 };
  const { options, told } = kernelTcp((path) => (path === "include/net/tcp.h" ? HEADER : null), base);
  expect(options).toEqual({ ...base, synTimeoutSeconds: 3, synRetries: 5 });
  expect(told.filter((one) => one.includes("as given"))).toHaveLength(4);
  expect(told.at(-1)).toBe("include/net/tcp.h: the first interval and the number of SYNs.");
});
