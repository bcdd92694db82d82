/**
 * The changes to the SMB client that the verdict must follow, as edits of connect.c of linux-source-6.1 and -6.12, and
 * what the C then says. Fragments of C are as short as they can be and still be found where they are meant, and nowhere
 * else.
 */
import type { Outcome } from "./checked.ts";
import type { Edit } from "./edited.ts";

const CONNECT = "fs/smb/client/connect.c";

type Change = readonly [before: string, after: string];

/** Edits of connect.c. */
export function inConnect(...replace: readonly Change[]): readonly Edit[] {
  return [{ file: CONNECT, replace }];
}

/** Echo intervals that the watchdog waits: 3 in the kernels as they are, 2 with the old bug. */
export type Intervals = 2 | 3;

/** The limit of the watchdog, and its test. */
export const limit = (intervals: number): string => `server->lstrp + ${intervals} * server->echo_interval`;
export const test = (intervals: number): string => `time_after(jiffies, ${limit(intervals)})`;
export const GUARD = "time_before(jiffies, server->lstrp + server->echo_interval - HZ)";
export const REARM = "queue_delayed_work(cifsiod_wq, &server->echo, server->echo_interval)";
export const ECHO = "rc = server->ops->echo ? server->ops->echo(server) : -ENOSYS;";
/** The last of the echo work's declarations. */
export const WORK_BEGINS = "struct TCP_Server_Info, echo.work);\n";
/** The read of an answer's first four bytes; then those bytes are there. */
const HEADER_READ = "length = cifs_read_from_socket(server, buf, pdu_length);\n\t\tif (length < 0)\n\t\t\tcontinue;\n";

/** The kernel with the old bug, or as it is. */
export function waiting(intervals: Intervals): readonly Edit[] {
  return intervals === 3 ? [] : inConnect([limit(3), limit(2)]);
}

export interface Mutation {
  readonly name: string;
  /** Why the outcome is what it is. */
  readonly why: string;
  readonly edits: (intervals: Intervals) => readonly Edit[];
  /** What is to be seen on the kernel with 2 x and with 3 x; `same`: exactly what the kernel without the change gives. */
  readonly seen: Readonly<Partial<Record<Intervals, Partial<Outcome> | "same">>>;
}

/** An edit that does not depend on the number of intervals. */
export const always =
  (...replace: readonly Change[]) =>
  (): readonly Edit[] =>
    inConnect(...replace);

/** What the issue names. */
export const OF_THE_ISSUE: readonly Mutation[] = [
  {
    name: "3 intervals become 2, or 2 become 3",
    why: "120.44 s pass between two answers at worst: more than 2 intervals, less than 3",
    edits: (n) => inConnect([limit(n), limit(5 - n)]),
    seen: {
      3: { kept: "violated", windows: [[2.44, 2.88]], margin: -0.44, afterEcho: 121.856 },
      2: { verdict: "holds", windows: [], margin: 59.56, afterEcho: 186.368 },
    },
  },
  {
    name: "5 intervals",
    why: "a dead server is given up later by the further intervals",
    edits: (n) => inConnect([limit(n), limit(5)]),
    seen: {
      3: { verdict: "holds", margin: 179.56, afterEcho: 301.056 },
      2: { verdict: "holds", windows: [], margin: 179.56, afterEcho: 301.056 },
    },
  },
  {
    name: "the guard looks 2 s before the interval instead of 1 s",
    why: "an answer suppresses the next echo when it comes 3.44 s after an echo or later: all silences are a second shorter",
    edits: always([GUARD, GUARD.replace("- HZ", "- 2 * HZ")]),
    seen: {
      3: { verdict: "holds", longestSilence: 119.44, margin: 60.56 },
      2: { verdict: "holds", windows: [], longestSilence: 119.44, margin: 0.56 },
    },
  },
  {
    name: "the guard does not subtract a second",
    why: "an answer suppresses the next echo from 1.44 s on: the window begins a second earlier",
    edits: always([GUARD, GUARD.replace(" - HZ", "")]),
    seen: {
      3: { verdict: "holds", longestSilence: 121.44, margin: 58.56 },
      2: { kept: "violated", windows: [[1.44, 2.88]], longestSilence: 121.44, margin: -1.44 },
    },
  },
  {
    name: "the work arms itself first",
    why: "sending no longer puts the next echo off; the wheel does, so that the window stays",
    edits: always([`${REARM};`, ";"], [WORK_BEGINS, `${WORK_BEGINS}\n\t${REARM};\n`]),
    seen: {
      3: { verdict: "holds", period: 61.44, slowPeriod: 61.44 },
      2: { kept: "violated", windows: [[2.44, 2.88]], period: 61.44, slowPeriod: 61.44 },
    },
  },
  {
    name: "no guard",
    why: "every echo is sent and answered: no silence is longer than a period",
    edits: always([GUARD, "false"]),
    seen: {
      3: { verdict: "holds", longestSilence: 61.44, margin: 118.56 },
      2: { verdict: "holds", windows: [], longestSilence: 61.44, margin: 58.56 },
    },
  },
  {
    name: "the work arms itself for half the interval",
    why: "an echo that is due is sent half a period after the suppressed one; the others in between are suppressed",
    edits: always([REARM, REARM.replace("server->echo_interval", "server->echo_interval / 2")]),
    seen: {
      3: { verdict: "holds", period: 30.72, longestSilence: 89.72, margin: 90.28 },
      2: { verdict: "holds", windows: [], period: 30.72, longestSilence: 89.72, margin: 30.28 },
    },
  },
  {
    name: "the time of the last answer is stored when its first bytes are there",
    why: "an answer that comes after the time is up counts unless the thread has looked before it: 6 s more at worst",
    edits: always([HEADER_READ, `${HEADER_READ}\t\tserver->lstrp = jiffies;\n`]),
    seen: {
      3: { verdict: "holds", margin: 65.92, afterEcho: 186.368 },
      2: { verdict: "holds", windows: [], margin: 1.408, afterEcho: 121.856 },
    },
  },
  {
    name: "the watchdog's comparison is turned round",
    why: "it acts as long as the time is not up: at once",
    edits: (n) => inConnect([test(n), test(n).replace("time_after", "time_before")]),
    seen: {
      3: { kept: "violated", period: null, windows: [[0, 60]] },
      2: { kept: "violated", period: null, windows: [[0, 60]] },
    },
  },
  {
    name: "the work returns before it arms itself",
    why: "one echo is sent and no more; a server that answered it is given up when the time is up",
    edits: always([`${REARM};`, `return;\n\t${REARM};`]),
    seen: {
      3: { kept: "violated", period: null, longestSilence: 186.364 },
      2: { kept: "violated", period: null, longestSilence: 121.852 },
    },
  },
  {
    name: "the work returns where the echo could not be sent",
    why: "as long as echoes can be sent nothing is different; after one that could not, there are none",
    edits: always([ECHO, `${ECHO}\n\tif (rc)\n\t\treturn;`]),
    seen: {
      3: { kept: "holds", goesOn: "violated", windows: [] },
      2: { kept: "violated", goesOn: "violated", windows: [[2.44, 2.88]] },
    },
  },
];
