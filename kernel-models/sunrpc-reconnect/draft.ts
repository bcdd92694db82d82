/** What a check of sunrpc-reconnect says to people who do not have groundhog. */
import type { BugStory, DraftStory } from "../../tools/check/draft-story.ts";
import type { CheckResult, Schedule } from "../../tools/check/verdict.ts";
import type { Figures } from "./figure-types.ts";
import { type PolicyText, type Scenario, schedulingOf } from "./scenarios.ts";
import { cpusText } from "./words.ts";

type ReconnectCheck = CheckResult<Scenario, Figures>;

const SUMMARIES: Readonly<Record<string, string>> = {
  progress: "NFS: a call hangs after a reconnect",
  "one-worker": "NFS: two connect workers of one transport run at once",
  "no-lost-call": "NFS: a call of a hard mount fails after a reconnect",
};

const EXPECTED: Readonly<Record<string, string>> = {
  progress: "Once the way is open again and the server listens, the call ends.",
  "one-worker": "The connect worker of a transport never runs twice at once.",
  "no-lost-call": "A call of a hard mount does not fail, however long the server is away.",
};

/** How a command is run with a policy: chrt(1). */
function chrt(policy: PolicyText, rest: string): string {
  const { policy: name, priority } = schedulingOf(policy) ?? { policy: "OTHER", priority: 0 };
  return `chrt ${{ OTHER: "-o", RR: "-r", FIFO: "-f" }[name]} ${rest.replace("%", String(priority))}`;
}

/** Which schedule it takes, in words that say how likely it is to be met. */
function scheduleStep({ scheduler }: Scenario, { decisions }: Schedule<Scenario>): string {
  if (scheduler === "fair")
    return "No preemption is needed that nobody has to make: it should happen at the first try.";
  if (scheduler === "eager")
    return "It takes a task that preempts the worker of its priority when it is woken: try again.";
  return `It takes one order of threads among many (${decisions.length} decisions in the witness): try again, often.`;
}

/** The outage that is modelled, on a real machine. */
function steps(schedule: Schedule<Scenario>): readonly string[] {
  const { scenario } = schedule;
  const { hz, cpus, user, rpciod, way, serverEnd, pauseSeconds, restartSeconds, healSeconds } = scenario;
  const swallow =
    way === "drop"
      ? "drop all that goes out to the server (iptables -I OUTPUT -d SERVER -j DROP)"
      : "let a blackhole route swallow what goes to the server (ip route add blackhole SERVER)";
  const ends = serverEnd === "fin" ? "its old connection ends by FIN" : "its old connection ends by RST";
  return [
    `Boot with CONFIG_HZ=${hz} on ${cpusText(cpus)} (maxcpus=${cpus}).`,
    "Mount an export of the server with -o hard,proto=tcp,timeo=600,retrans=2.",
    ...(rpciod === "OTHER" ? [] : [`Give the threads of rpciod their policy: ${chrt(rpciod, "-p % PID")}.`]),
    `Run a loop of stat() on the mount, ${pauseSeconds} s between two calls, with ${chrt(user, "% COMMAND")}.`,
    `While it runs, ${swallow}.`,
    `${restartSeconds} s after the first call that is made then, restart the server: ${ends}.`,
    `${healSeconds} s after that call, open the way again, and watch the loop.`,
    scheduleStep(scenario, schedule),
  ];
}

function bug({ properties }: ReconnectCheck, property: string): BugStory {
  const found = properties.find(({ name }) => name === property);
  const violation = found?.violation ?? null;
  const summary = SUMMARIES[property] ?? `NFS: ${property} is violated`;
  const { user, rpciod, cpus } = violation?.scenario ?? {};
  const where = cpus === undefined ? "" : ` (user ${user}, rpciod ${rpciod}, ${cpusText(cpus)})`;
  return {
    summary: `${summary}${where}`,
    steps: violation === null ? [] : steps(violation),
    expected: EXPECTED[property] ?? `${property} holds.`,
    actual: `${found?.detail ?? property}.`,
  };
}

export const reconnectDraft: DraftStory<ReconnectCheck> = {
  component: "NFS",
  // include/linux/sunrpc/debug.h.
  prints: /^(?:d|df)printk(?:_rcu|_cont)?$/,
  bug,
};
