/** One history of sunrpc-reconnect as plain data, what came of it, and the runner. */

import type { RunFault, Runner, RunOptions, RunOutcome } from "../../tools/check/run.ts";
import type { ScheduleSubject } from "../../tools/check/schedule.ts";
import type { RoleOptions } from "../../tools/check/state-roles.ts";
import type { Role } from "../../tools/check/state-visitors.ts";
import { decide, firstChoice } from "../../tools/simulator/decisions.ts";
import { SimulationFault } from "../../tools/simulator/fault.ts";
import type { MachineListener } from "../../tools/simulator/machine.ts";
import type { MachineSlot } from "../system.ts";
import type { Workers } from "./figure-types.ts";
import { type KernelTcp, kernelTcp, TCP_FILES } from "./kernel-tcp.ts";
import { type KernelWorks, kernelWorks, WORKS_FILE } from "./kernel-works.ts";
import type { ModelModule } from "./members.ts";
import type { Scenario } from "./scenarios.ts";
import { NAMES, OWN_ROLES, WorldSubject } from "./subject.ts";
import { NEWEST_TCP, type TcpOptions } from "./tcp-options.ts";
import { WORKQUEUE_HEADER, workersIn } from "./workaround.ts";
import { World } from "./world.ts";

/** What came of a history. */
export interface ReconnectRun extends RunOutcome {
  /** `progress`: the call ended. `bad`: what must not be. `loop`: the loop went round. `open`: the decisions ended. */
  readonly endsWith: "progress" | "bad" | "loop" | "open";
  readonly property: string;
  readonly what: string;
  /** Seconds after the way was open again. */
  readonly seconds: number;
  readonly steps: number;
  readonly rounds: number;
}

/** Steps of a history that nobody decides about any more. */
const MAX_STEPS = 50_000;
// SCHEDULE_LABEL of tools/check/schedule.ts, of which only types may be imported.
const LABEL = "schedule";

/** Members that the surroundings store (boundary.ts, world.ts). */
const PLAYED: ReadonlySet<string> = new Set(
  "rq_slen rq_bytes_sent tk_status tk_magic rq_cred rpc_cred len iov_base file rq_private_buf".split(" "),
);

/** How a model's members are hashed; the text is read by tools/check/state-roles.ts. */
export const ROLE_OPTIONS: RoleOptions = {
  names: NAMES,
  own: OWN_ROLES,
  begins: ["rpc_call_sync", "xprt_lookup_rqst", "xprt_complete_rqst", "xprt_set_bound"],
  setups: ["init_sunrpc", "xprt_create_transport", "xs_setup_tcp"],
  played: PLAYED,
};

/** A runner, and what searches go through schedules with. */
export interface ReconnectRunner {
  (scenario: Scenario, options?: RunOptions): ReconnectRun;
  /** A subject at the beginning of a scenario. */
  readonly subject: (scenario: Scenario, role: (className: string, field: string) => Role) => ScheduleSubject;
  /** The model's text. */
  readonly text: string;
  /** What of TCP was read from the kernel, and what was taken for granted. */
  readonly told: readonly string[];
  /** Who runs the works of rpciod; null where the tree does not say. */
  readonly workers: Workers | null;
}

const plain = (): Role => "plain";

/** Makes the runner of a model. */
export function reconnectRunner(
  module: Readonly<Record<string, unknown>>,
  facts: unknown,
  machine: MachineSlot | undefined,
): ReconnectRunner {
  const model = module as unknown as ModelModule;
  const slot: MachineSlot = machine ?? { enter: () => undefined, text: "" };
  const kernel = kernelOf(facts);
  const subject = (
    scenario: Scenario,
    role: (className: string, field: string) => Role,
    listener: MachineListener | null = null,
  ): WorldSubject => {
    const options: TcpOptions = { ...kernel.tcp.options, ticksPerSecond: scenario.hz };
    const world = new World(model, scenario, options, kernel.works.runOnce, slot.enter);
    return new WorldSubject(world, role, () => slot.enter(world), listener);
  };
  const run = (scenario: Scenario, options: RunOptions = {}): ReconnectRun => {
    const { trace } = options;
    const listener: MachineListener | null =
      trace === undefined ? null : ({ tick, kind, text }) => trace({ tick, kind: "note", name: kind, values: [text] });
    return follow(scenario, (seen) => subject(scenario, plain, seen), listener, options);
  };
  return Object.assign(run as Runner<Scenario, ReconnectRun>, {
    subject,
    text: slot.text,
    told: [...kernel.tcp.told, kernel.works.told],
    workers: kernel.workers,
  });
}

/** What of a kernel's other sources the surroundings, and what is said of them, depend on. */
interface ReconnectKernel {
  readonly tcp: KernelTcp;
  readonly works: KernelWorks;
  readonly workers: Workers | null;
}

/** What reconnectKernelFacts() has read. */
function kernelOf(facts: unknown): ReconnectKernel {
  const kernel = typeof facts === "object" && facts !== null && "kernel" in facts ? facts.kernel : null;
  const nothing = { tcp: { options: NEWEST_TCP, told: [] }, works: kernelWorks(null), workers: null };
  return (kernel as ReconnectKernel | null | undefined) ?? nothing;
}

/** Reads what of a tree's TCP and work queues the surroundings depend on. */
export async function reconnectKernelFacts(read: (path: string) => Promise<string | null>): Promise<ReconnectKernel> {
  const texts = new Map<string, string | null>();
  for (const path of TCP_FILES) texts.set(path, await read(path));
  const tcp = kernelTcp((path) => texts.get(path) ?? null);
  return { tcp, works: kernelWorks(await read(WORKS_FILE)), workers: workersIn(await read(WORKQUEUE_HEADER)) };
}

function faultOf(error: unknown): RunFault {
  if (error instanceof SimulationFault) return { kind: error.kind, message: error.message };
  if (error instanceof TypeError) return { kind: "null-pointer", message: error.message };
  throw error;
}

/** Follows the decisions to the end of the history, or round its loop. */
function follow(
  scenario: Scenario,
  subjectOf: (listener: MachineListener | null) => WorldSubject,
  listener: MachineListener | null,
  options: RunOptions,
): ReconnectRun {
  const { loop } = scenario;
  const chosen: number[] = [];
  const beforeLoop = loop === undefined ? MAX_STEPS : loop.fromStep + loop.steps;
  const all = loop === undefined ? MAX_STEPS : beforeLoop + loop.rounds * loop.steps;
  const over = { property: "", what: "", seconds: 0, rounds: 0, fault: null };
  let steps = 0;
  try {
    const subject = subjectOf(listener);
    for (; steps < all; steps++) {
      const actions = subject.actions();
      if (actions.length === 0) {
        return { ...over, endsWith: "bad", property: "progress", what: "nothing can happen any more", steps };
      }
      const at =
        steps < beforeLoop || loop === undefined ? null : loop.fromStep + ((steps - loop.fromStep) % loop.steps);
      const index = at === null ? decide(options.decisions ?? firstChoice, actions.length, LABEL) : (chosen[at] ?? 0);
      chosen.push(index);
      subject.take(index);
      const end = subject.end();
      if (end === null) continue;
      const { property, what, seconds } = end;
      return { ...over, endsWith: end.kind, property, what, seconds, steps };
    }
    const { seconds } = subject;
    if (loop === undefined) return { ...over, endsWith: "open", seconds, steps };
    const what = `the loop went round ${loop.rounds} times without progress`;
    return { ...over, endsWith: "loop", property: "progress", what, seconds, steps, rounds: loop.rounds };
  } catch (error) {
    return { ...over, endsWith: "open", steps, fault: faultOf(error) };
  }
}

/** Whether two histories came to the same. */
export function sameRun(a: ReconnectRun, b: ReconnectRun): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
