/**
 * Further changes to the SMB client: the same said in other words, and other things said in nearly the same words.
 */
import { always, ECHO, GUARD, inConnect, limit, type Mutation, REARM, test, WORK_BEGINS } from "./mutations.ts";

const WATCHDOG_BEGINS = "server_unresponsive(struct TCP_Server_Info *server)\n{\n";
const WATCHDOG_HEAD = `static bool\n${WATCHDOG_BEGINS}`;
const WATCHDOG_CALL = "if (server_unresponsive(server))\n\t\t\treturn -ECONNABORTED;\n";
const FIRST = "queue_delayed_work(cifsiod_wq, &tcp_ses->echo, tcp_ses->echo_interval)";
const MOUNTED = "tcp_ses->echo_interval = ctx->echo_interval * HZ;";
const SAID = "(3 * server->echo_interval) / HZ);\n";
const NOTED = "\n\t\tserver->lstrp = jiffies;\n";
const AFTER_TIMEOUT = "usleep_range(1000, 2000);\n";
const GOOD = "(server->tcpStatus == CifsGood ||\n\t    server->tcpStatus";

/** The watchdog's test, and a helper before it. */
const tested = (n: number, by: string, helper: string) =>
  inConnect([test(n), by], [WATCHDOG_HEAD, `${helper}\n\n${WATCHDOG_HEAD}`]);
const silentFunction = (n: number): string =>
  `static bool was_silent(struct TCP_Server_Info *server)\n{\n\treturn ${test(n)};\n}`;
const silentMacro = (n: number): string =>
  `#define was_silent(s) \\\n\ttime_after(jiffies, (s)->lstrp + ${n} * (s)->echo_interval)`;
const rearmedFor = (interval: string): string => REARM.replace("server->echo_interval", interval);

/** The number of looks is kept from call to call; a verdict on it as if it were not would be wrong. */
export const STATIC_COUNTER: Mutation["edits"] = (n) =>
  inConnect(
    [test(n), `${test(n)} && ++silences > 3`],
    [WATCHDOG_BEGINS, `${WATCHDOG_BEGINS}\tstatic unsigned int silences;\n\n`],
  );

/** 2.44 to 2.88 s: with the old bug, and unchanged. */
const WINDOW = [[2.44, 2.88]] as const;

/** The same in other words. */
const SAME: readonly Mutation[] = [
  {
    name: "the watchdog's test behind a function",
    why: "nothing is different",
    edits: (n) => tested(n, "was_silent(server)", silentFunction(n)),
    seen: { 3: "same", 2: "same" },
  },
  {
    name: "the watchdog's test behind a macro",
    why: "nothing is different",
    edits: (n) => tested(n, "was_silent(server)", silentMacro(n)),
    seen: { 2: "same" },
  },
  {
    name: "a difference of jiffies instead of time_after()",
    why: "jiffies never gets so far from lstrp that the two differ",
    edits: (n) => inConnect([test(n), `jiffies - server->lstrp > ${n} * server->echo_interval`]),
    seen: { 2: "same" },
  },
  {
    name: "mod_delayed_work() arms the work",
    why: "the work that runs is not pending, so that there is nothing to modify",
    edits: always([REARM, REARM.replace("queue_", "mod_")]),
    seen: { 2: "same" },
  },
  {
    name: "the work's interval through a local",
    why: "nothing is different",
    edits: always(
      [WORK_BEGINS, `${WORK_BEGINS}\tunsigned long wait = server->echo_interval;\n`],
      [REARM, rearmedFor("wait")],
    ),
    seen: { 2: "same" },
  },
  {
    name: "the first echo is queued at mount without a delay",
    why: "it comes right after the mount and is suppressed; the next one comes when the first one came before",
    edits: always([FIRST, FIRST.replace("tcp_ses->echo_interval", "0")]),
    seen: { 2: "same" },
  },
];

/** What the watchdog tests. */
const WATCHDOG: readonly Mutation[] = [
  {
    name: "another number of intervals behind a function",
    why: "it is the function that says how long the watchdog waits",
    edits: (n) => tested(n, "was_silent(server)", silentFunction(5 - n)),
    seen: { 3: { kept: "violated", windows: WINDOW }, 2: { verdict: "holds", windows: [], afterEcho: 186.368 } },
  },
  {
    name: "another number of intervals behind a macro",
    why: "it is the macro that says how long the watchdog waits",
    edits: (n) => tested(n, "was_silent(server)", silentMacro(5 - n)),
    seen: { 3: { kept: "violated", windows: WINDOW } },
  },
  {
    name: "whole seconds of silence",
    why: "120.44 s are 120 s, and not more than 120",
    edits: (n) => inConnect([test(n), `(jiffies - server->lstrp) / HZ > ${n} * server->echo_interval / HZ`]),
    seen: { 3: { margin: 60.556 }, 2: { verdict: "holds", windows: [], margin: 0.556 } },
  },
  {
    name: "the time is up a jiffy earlier",
    why: "the window begins with the answer after which the echo is due exactly at the limit",
    edits: (n) => inConnect([test(n), test(n).replace("time_after", "time_after_eq")]),
    seen: {
      3: { verdict: "holds", margin: 59.556 },
      2: { kept: "violated", windows: [[2.44, 2.884]], margin: -0.444 },
    },
  },
  {
    name: "a counter of looks after the time is up",
    why: "three looks pass, 7.17 s from one to the next; the late answer comes at the first or second of them",
    edits: (n) => tested(n, `${test(n)} && ++silences > 3`, "static unsigned int silences;"),
    seen: { 3: { verdict: "holds", afterEcho: 207.872 }, 2: { verdict: "holds", windows: [], afterEcho: 143.36 } },
  },
  {
    name: "the arguments of time_after() swapped",
    why: "it acts as long as the time is not up: at once",
    edits: (n) => inConnect([test(n), `time_after(${limit(n)}, jiffies)`]),
    seen: { 3: { kept: "violated", windows: [[0, 60]] } },
  },
  {
    name: "the watchdog acts during negotiation only",
    why: "the connection is a good one, in which nothing is given up",
    edits: always([GOOD, "(server->tcpStatus"]),
    seen: { 3: { kept: "holds", noticed: "violated", afterEcho: null } },
  },
  {
    name: "the watchdog looks after receive timeouts only",
    why: "a late answer ends the receive without a timeout, and counts",
    edits: always(
      [WATCHDOG_CALL, "\n"],
      [AFTER_TIMEOUT, `if (server_unresponsive(server))\n\t\t\t\treturn -ECONNABORTED;\n\t\t\t${AFTER_TIMEOUT}`],
    ),
    seen: { 3: { verdict: "holds", margin: 65.92 }, 2: { verdict: "holds", windows: [], margin: 1.408 } },
  },
  {
    name: "the watchdog says that it has reconnected, and has not",
    why: "its caller asks at once again, for ever: the loop is named, and the check ends",
    edits: always([`${SAID}\t\tcifs_reconnect(server, false);\n`, SAID]),
    seen: { 3: { verdict: "inconclusive", noticed: "inconclusive", unmodelled: [] } },
  },
  {
    name: "a function said to be without effect ends the connection",
    why: "what it stores decides what the echo and the watchdog do",
    edits: always(
      [
        WATCHDOG_HEAD,
        `void fscache_note(struct TCP_Server_Info *server)\n{\n\tserver->tcpStatus = CifsExiting;\n}\n\n${WATCHDOG_HEAD}`,
      ],
      [WATCHDOG_BEGINS, `${WATCHDOG_BEGINS}\tfscache_note(server);\n`],
    ),
    seen: {
      3: {
        verdict: "inconclusive",
        unmodelled: [
          "fs/smb/client/connect.c: fscache_note is not in the model, and stores tcpStatus",
          "fs/smb/client/connect.c: call of fscache_note, which does more than the model takes it for (fs/smb/client/connect.c)",
        ],
      },
    },
  },
  {
    name: "an unknown function is asked first",
    why: "nobody knows what it says",
    edits: always([WATCHDOG_BEGINS, `${WATCHDOG_BEGINS}\tif (frobnicate(server))\n\t\treturn false;\n`]),
    seen: {
      3: {
        verdict: "inconclusive",
        unmodelled: ["fs/smb/client/connect.c: call of frobnicate, which the model does not know"],
      },
      2: { verdict: "inconclusive", kept: "inconclusive", windows: [] },
    },
  },
];

/** The receive loop, and what it stores. */
const RECEIVING: readonly Mutation[] = [
  {
    name: "a receive timeout of 70 s instead of 7 s",
    why: "a dead server is noticed when the third timeout has passed; answers are looked at as before",
    edits: always(["sk_rcvtimeo = 7 * HZ", "sk_rcvtimeo = 70 * HZ"]),
    seen: { 3: { verdict: "holds", margin: 59.56, afterEcho: 215.04 }, 2: { windows: WINDOW, afterEcho: 143.36 } },
  },
  {
    name: "3 s of sleep after a receive timeout",
    why: "an answer that comes during the sleep finds the watchdog first, later than it came",
    edits: always([AFTER_TIMEOUT, "msleep(3000);\n"]),
    seen: { 2: { kept: "violated", windows: [[2.44, 3.236]], afterEcho: 122.88 } },
  },
  {
    name: "the time of the last answer is stored on a condition",
    why: "an answer is one message, so that it is never stored",
    edits: always([NOTED, "\n\t\tif (num_mids > 1)\n\t\t\tserver->lstrp = jiffies;\n"]),
    seen: { 3: { kept: "violated", windows: [[0, 61.44]] } },
  },
  {
    name: "the time of the last answer is stored when an echo is sent, too",
    why: "the echoes to a dead server keep it alive",
    edits: always([ECHO, `${ECHO}\n\tserver->lstrp = jiffies;`]),
    seen: { 3: { kept: "holds", noticed: "violated", afterEcho: null } },
  },
  {
    name: "an answer arms the echo anew",
    why: "the next echo comes one interval after the last answer, and nothing is suppressed",
    edits: always([NOTED, `${NOTED}\t\tmod_delayed_work(cifsiod_wq, &server->echo, server->echo_interval);\n`]),
    seen: { 2: { verdict: "holds", windows: [], longestSilence: 62.052 } },
  },
  {
    name: "an answer cancels the echo",
    why: "the first answer is the last one",
    edits: always([NOTED, `${NOTED}\t\tcancel_delayed_work(&server->echo);\n`]),
    seen: { 3: { kept: "violated", period: null, longestSilence: 186.364 } },
  },
];

/** The echo work, and what mounting makes of the option. */
const ECHOING: readonly Mutation[] = [
  {
    name: "half the interval through a local",
    why: "as with the half written where the work is armed",
    edits: always(
      [WORK_BEGINS, `${WORK_BEGINS}\tunsigned long wait = server->echo_interval;\n\n\twait -= wait / 2;\n`],
      [REARM, rearmedFor("wait")],
    ),
    seen: { 2: { verdict: "holds", windows: [], period: 30.72, margin: 30.28 } },
  },
  {
    name: "armed for half the interval at the top, and for the whole at the end",
    why: "work that is pending is not queued again: the half counts",
    edits: always([WORK_BEGINS, `${WORK_BEGINS}\n\t${rearmedFor("server->echo_interval / 2")};\n`]),
    seen: { 2: { verdict: "holds", windows: [], period: 30.72 } },
  },
  {
    name: "the same with mod_delayed_work() at the end",
    why: "this one does modify what is pending: the whole interval counts",
    edits: always(
      [REARM, REARM.replace("queue_", "mod_")],
      [WORK_BEGINS, `${WORK_BEGINS}\n\t${rearmedFor("server->echo_interval / 2")};\n`],
    ),
    seen: { 2: "same" },
  },
  {
    name: "a guard that is always true",
    why: "no echo is ever sent, and an idle mount is given up",
    edits: always([GUARD, `(${GUARD} || true)`]),
    seen: { 3: { kept: "violated", echoesPerHour: 0 }, 2: { kept: "violated", echoesPerHour: 0 } },
  },
  {
    name: "a guard that is a jiffy longer",
    why: "the window begins a jiffy earlier",
    edits: always([GUARD, GUARD.replace("time_before", "time_before_eq")]),
    seen: { 2: { windows: [[2.436, 2.88]], longestSilence: 120.444, margin: -0.444 } },
  },
  {
    name: "5 s of sleep before the echo",
    why: "65 s are 65.536 s on the wheel; the guard is asked 5 s before the echo, and again 5 s before the next",
    edits: always([ECHO, `msleep(5000);\n\t${ECHO}`]),
    seen: {
      3: { verdict: "holds", period: 65.536, longestSilence: 125.56, margin: 54.44 },
      2: { kept: "violated", windows: [[1.416, 6.976]], period: 65.536 },
    },
  },
  {
    name: "a message counts the interval down",
    why: "a message may be left out, and what its arguments do with it",
    edits: always([`"send echo request: rc = %d\\n", rc)`, `"interval %lu\\n", server->echo_interval--)`]),
    seen: { 2: { verdict: "inconclusive" } },
  },
  {
    name: "mounting doubles the interval",
    why: "120 s are 120.832 s on the wheel; the watchdog waits for two of the doubled intervals",
    edits: always([MOUNTED, MOUNTED.replace("* HZ", "* HZ * 2")]),
    seen: { 3: { period: 120.832, margin: 120.168 }, 2: { verdict: "holds", period: 120.832, margin: 0.168 } },
  },
  {
    name: "mounting takes the seconds for jiffies",
    why: "60 jiffies are 0.24 s",
    edits: always([MOUNTED, MOUNTED.replace(" * HZ", "")]),
    seen: { 3: { period: 0.244, afterEcho: 7.196 } },
  },
  {
    name: "another work queue's function",
    why: "the simulator does not know it, and says so",
    edits: always([REARM, "queue_delayed_work_on(0, cifsiod_wq, &server->echo, server->echo_interval)"]),
    seen: { 3: { verdict: "inconclusive" } },
  },
];

export const MORE: readonly Mutation[] = [...SAME, ...WATCHDOG, ...RECEIVING, ...ECHOING];
