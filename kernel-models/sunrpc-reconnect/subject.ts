/**
 * A world whose schedules are explored: from the restart of the server on, until the call that was under way has ended.
 * What comes before is one history, in which nobody interferes; where that violates something already, it ends there.
 */
import type { ScheduleAction, ScheduleEnd, ScheduleSubject } from "../../tools/check/schedule.ts";
import type { Role } from "../../tools/check/state-visitors.ts";
import { LIST_POISON1, LIST_POISON2 } from "../../tools/simulator/lists.ts";
import type { Action, MachineListener } from "../../tools/simulator/machine.ts";
import type { World } from "./world.ts";

// TIME_BIT of tools/check/schedule.ts, of which only types may be imported.
const TIME_BIT = 1 << 30;
/** Steps before the restart: a mount, a call, a pause, and a call that nobody answers take some hundred. */
const MAX_STEPS_BEFORE = 20_000;

/** How members of the machine and of TCP are hashed. */
export const OWN_ROLES: Readonly<Record<string, Role>> = {
  "*.embedder": "constant",
  "*.cell": "constant",
  "*.kernel": "constant",
  "ListHead.prev": "skip",
  "Machine.clock": "constant",
  "Machine.timers": "constant",
  "Machine.cpus": "constant",
  "Machine.threads": "constant",
  "Machine.outside": "constant",
  "Machine.current": "constant",
  "Machine.atomic": "constant",
  "Machine.held": "constant",
  "MachineTimers.clock": "constant",
  "MachineTimers.kind": "constant",
  "MachineTimers.pending": "constant",
  "MachineCpu.index": "constant",
  "MachineCpu.queue": "constant",
  "MachineThread.name": "constant",
  "MachineThread.priority": "constant",
  "MachineThread.isBound": "constant",
  "MachineThread.stack": "constant",
  "MachineThread.pid": "constant",
  "MachineThread.tgid": "constant",
  "MachineWork.machine": "constant",
  "MachineWork.pools": "constant",
  "MachineWork.flushers": "constant",
  "MachineWork.runOnce": "constant",
  "MachinePool.cpu": "constant",
  "MachinePool.works": "constant",
  "MachinePool.running": "constant",
  "MachinePool.workers": "constant",
  "WorkerFrame.machine": "constant",
  "WorkerFrame.pool": "constant",
  "WorkerFrame.flushers": "constant",
  "Network.net": "constant",
  "Network.faults": "constant",
  "Network.machine": "constant",
  "Network.scenario": "atom",
  "TcpNetwork.options": "atom",
  "TcpNetwork.connections": "constant",
  "TcpNetwork.packets": "constant",
  "TcpNetwork.socks": "constant",
  "TcpNetwork.timeWaits": "constant",
  "UserFrame.machine": "constant",
  "UserFrame.call": "constant",
  "UserFrame.pauseTicks": "constant",
  "TimerList.base": "constant",
  "TimerList.name": "constant",
  "TimerList.owner": "constant",
  "TimerList.bucketIndex": "constant",
  "TimerList.bucketTick": "constant",
  "WorkStruct.name": "constant",
  "WorkStruct.owner": "constant",
  "WorkStruct.delayed": "constant",
  "WorkStruct.queue": "constant",
  "WorkStruct.worker": "constant",
  "WorkStruct.collision": "constant",
  "WorkStruct.flushWaiters": "constant",
  "DelayedWork.work": "constant",
  "DelayedWork.timer": "constant",
  "DelayedWork.wq": "constant",
  "Sock.tp": "constant",
  "TcpSock.unacknowledged": "constant",
  "TcpSock.receiveQueue": "constant",
  "Clock.tick": "skip",
  "Clock.jiffies": "skip",
  "Clock.startTick": "constant",
  "Machine.spun": "skip",
  "Machine.rounds": "skip",
  "Machine.listener": "skip",
  "Machine.describe": "skip",
  "Machine.units": "atom",
  "Machine.options": "atom",
  "Network.healTick": "deadline",
  "TimerList.tick": "deadline",
  "TimerList.expires": "deadline",
  "TimerList.rank": "skip",
  "UserFrame.endedTick": "skip",
  "Packet.dueTick": "deadline",
  "ServerConnection.forgetTick": "deadline",
  "TimeWait.untilTick": "deadline",
  "TcpSock.timerTick": "deadline",
  "TcpSock.startTick": "deadline",
  "WorkStruct.runs": "skip",
};

/** Members that name something: which are the same is all that matters. */
export const NAMES: ReadonlySet<string> = new Set(["rq_xid", "xid", "connect_cookie", "rq_connect_cookie"]);

function lostCall(status: number, seconds: number): ScheduleEnd {
  return { kind: "bad", property: "no-lost-call", what: `a hard call ends with ${status}`, seconds };
}

export class WorldSubject implements ScheduleSubject {
  readonly atoms: readonly object[] = [LIST_POISON1, LIST_POISON2];
  private present: readonly Action[] = [];
  /** What went wrong before the restart. */
  private early: ScheduleEnd | null = null;
  private readonly completedBefore: number;
  /** Second connect workers that ran beside a first, at most. */
  mostWorkers = 0;

  /**
   * @param role how members of the model are hashed
   * @param enter makes this world the one that the model's calls are about
   */
  constructor(
    readonly world: World,
    readonly role: (className: string, field: string) => Role,
    private readonly enter: () => void,
    listener: MachineListener | null = null,
  ) {
    world.machine.listener = listener;
    this.begin();
    this.completedBefore = world.user.completed;
  }

  /** Runs until the restart is due, the first way at each choice. */
  private begin(): void {
    const { world } = this;
    const { machine, user } = world;
    const startTick = machine.clock.tick;
    for (let i = 0; i < MAX_STEPS_BEFORE; i++) {
      machine.settle();
      this.early = this.earlyEnd((machine.clock.tick - startTick) / machine.hz);
      if (this.early !== null) return;
      const [first] = machine.actions();
      if (first === undefined) return;
      if (user.completed === 1 && world.network.faults.length === 0) world.scheduleFaults();
      const restart = world.network.faults.find(({ fault }) => fault === "restart");
      if (restart !== undefined && first.kind === "time" && machine.nextTick >= restart.tick) return;
      machine.take(first);
    }
  }

  /**
   * What is violated before the restart, if anything: a call that fails, or the first one if it never ends although
   * nothing is wrong with the network yet.
   *
   * @param seconds since the mount
   */
  private earlyEnd(seconds: number): ScheduleEnd | null {
    const { user, scenario } = this.world;
    const { completed, lastStatus } = user;
    if (completed > 0 && lastStatus < 0) return lostCall(lastStatus, seconds);
    if (completed > 0 || seconds <= scenario.boundSeconds) return null;
    const what = `the first call has no answer after ${scenario.boundSeconds} s, with the way open all along`;
    return { kind: "bad", property: "progress", what, seconds };
  }

  get roots(): readonly object[] {
    return this.world.roots;
  }

  get now(): number {
    return this.world.machine.clock.tick;
  }

  actions(): readonly ScheduleAction[] {
    const { machine } = this.world;
    machine.settle();
    this.present = machine.actions();
    return this.present.map((one) => ({ cost: one.cost, who: this.whoOf(one) }));
  }

  private whoOf({ kind, cpu, place }: Action): number {
    const { cpus, threads } = this.world.machine;
    if (kind === "time" || kind === "arrival") return TIME_BIT;
    const core = cpus[cpu];
    const thread = kind === "run" ? core?.current : core?.queue[place];
    const number = thread === null || thread === undefined ? -1 : threads.indexOf(thread);
    return number < 0 ? 0 : 1 << Math.min(number, 29);
  }

  take(index: number): void {
    const action = this.present[index];
    this.enter();
    if (action !== undefined) this.world.machine.take(action);
    this.mostWorkers = Math.max(this.mostWorkers, this.world.connectWorkers);
  }

  /** Since the way is open again; 0 before. */
  get seconds(): number {
    const { network, machine, scenario } = this.world;
    return network.healTick < 0 ? 0 : (machine.clock.tick - network.healTick) / scenario.hz;
  }

  end(): ScheduleEnd | null {
    const { world, early } = this;
    if (early !== null) return early;
    const { healTick } = world.network;
    const { user, scenario } = world;
    const { seconds } = this;
    if (world.connectWorkers > 1) {
      return { kind: "bad", property: "one-worker", what: "two connect workers run at once", seconds };
    }
    if (user.completed > this.completedBefore) {
      if (user.lastStatus >= 0) return { kind: "progress", property: "progress", what: "the call ends", seconds };
      return lostCall(user.lastStatus, seconds);
    }
    if (healTick < 0 || seconds <= scenario.boundSeconds) return null;
    return {
      kind: "bad",
      property: "progress",
      what: `no answer ${scenario.boundSeconds} s after the way is open`,
      seconds,
    };
  }
}
