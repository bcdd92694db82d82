/** What somebody can do who meets a violation and has no patch: settings with which none was found. */
import type { ScenarioFigures, Workaround, Workers } from "./figure-types.ts";
import { schedulingOf } from "./scenarios.ts";

/** The file that says which threads run works. */
export const WORKQUEUE_HEADER = "include/linux/workqueue.h";

/**
 * Which threads run the works of rpciod: its own, one for each CPU, or those that all queues share. alloc_workqueue()
 * came with the latter (2.6.36), and create_workqueue() has been an alias for it since.
 *
 * @param header the text of include/linux/workqueue.h
 * @returns null where the tree does not say
 */
export function workersIn(header: string | null): Workers | null {
  if (header === null) return null;
  if (/\balloc_workqueue\b/.test(header)) return "kworker";
  return /\bcreate_workqueue\b/.test(header) ? "rpciod" : null;
}

const eachOnce = (words: readonly string[]): readonly string[] => [...new Set(words)];

/**
 * Policies of rpciod with which every scenario of a user holds, for users of whom some scenario does not.
 *
 * @returns none where nothing is violated
 */
export function workaroundsOf(scenarios: readonly ScenarioFigures[]): readonly Workaround[] {
  const failing = scenarios.filter(({ verdict }) => verdict === "violated");
  const users = eachOnce(failing.map(({ user }) => user));
  const isSafe = (user: string, rpciod: string): boolean =>
    scenarios.filter((one) => one.user === user && one.rpciod === rpciod).every(({ verdict }) => verdict === "holds");
  return eachOnce(scenarios.map(({ rpciod }) => rpciod)).flatMap((rpciod) => {
    const safe = users.filter((user) => isSafe(user, rpciod));
    if (safe.length === 0) return [];
    const slowest = scenarios
      .filter((one) => one.rpciod === rpciod && safe.includes(one.user))
      .map(({ recoverySeconds }) => recoverySeconds ?? 0);
    return [{ rpciod, users: safe, recoverySeconds: Math.max(...slowest) }];
  });
}

/** The command that gives a thread a policy: chrt(1). */
function chrt(rpciod: string): string {
  const { policy, priority } = schedulingOf(rpciod) ?? { policy: "OTHER", priority: 0 };
  return `chrt ${{ OTHER: "-o", RR: "-r", FIFO: "-f" }[policy]} -p ${priority} PID`;
}

const NOT_LASTING = "works run in kworkers, which all queues share and which come and go: no priority of theirs lasts";

/** How a policy is given to who runs the works. */
function howTo(workers: Workers | null, rpciod: string): string {
  if (workers === "kworker") return `It cannot be set for good on this kernel: ${NOT_LASTING}.`;
  const command = `To set it, as root: ${chrt(rpciod)}, for each thread rpciod/N`;
  return workers === "rpciod"
    ? `${command}.`
    : `${command}; a kernel without such threads has none to set: ${NOT_LASTING}.`;
}

/** Which schedules the scenarios were looked at in, where some of them were left out. */
function tried(scenarios: readonly ScenarioFigures[]): string {
  const kinds = eachOnce(scenarios.map(({ scheduler }) => scheduler));
  const only = kinds.includes("any") ? "" : ` (of schedules, ${kinds.join(" and ")} only)`;
  return `among the settings tried${only}, by`;
}

/** What to do in sentences; none where nothing is violated. */
export function adviceOf(
  scenarios: readonly ScenarioFigures[],
  workarounds: readonly Workaround[],
  workers: Workers | null,
): readonly string[] {
  const failing = eachOnce(scenarios.filter(({ verdict }) => verdict === "violated").map(({ user }) => user));
  if (failing.length === 0) return [];
  const forAll = workarounds.filter(({ users }) => users.length === failing.length);
  const forSome = workarounds.filter(({ users }) => users.length < failing.length);
  const [best] = [...forAll, ...forSome];
  const stuck = failing.filter((user) => workarounds.every(({ users }) => !users.includes(user)));
  const upTo = ({ rpciod, recoverySeconds }: Workaround): string =>
    `rpciod ${rpciod} (recovers within ${recoverySeconds.toFixed(1)} s)`;
  const by = tried(scenarios);
  return [
    ...(forAll.length === 0 ? [] : [`Avoided, ${by} ${forAll.map(upTo).join(", or by ")}.`]),
    ...forSome.map((one) => `Avoided for user ${one.users.join(" and ")} alone, ${by} ${upTo(one)}.`),
    ...(stuck.length === 0 ? [] : [`For user ${stuck.join(" and ")} no setting of rpciod that was tried avoids it.`]),
    ...(best === undefined ? [] : [howTo(workers, best.rpciod)]),
  ];
}
