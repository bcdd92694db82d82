/**
 * A small protocol twice: two threads send in turns under a lock, and wait for a worker to connect, whose connection is
 * used up by what is sent. On a Machine, written with frames by hand; and in Promela, for spin.
 */
import { type ScheduleAction, type ScheduleSubject, TIME_BIT } from "../../tools/check/schedule.ts";
import { Frame, RETURNED, SuspendFrame } from "../../tools/simulator/frame.ts";
import { type Action, Machine, MachineThread } from "../../tools/simulator/machine.ts";
import { MutexFrame, PreemptFrame, unlockMutex } from "../../tools/simulator/machine-frames.ts";
import { TASK_UNINTERRUPTIBLE } from "../../tools/simulator/tasks.ts";

class Link {
  isConnected = false;
  isConnecting = false;
  /** Who waits for a connection, and the worker while it has nothing to do. */
  readonly waiters: MachineThread[] = [];
  readonly idle: MachineThread[] = [];
  readonly lock = { owner: null as unknown, waiters: [] as unknown[] };
}

function sleepOn(machine: Machine, queue: MachineThread[]): Frame {
  const thread = machine.current as MachineThread;
  thread.state = TASK_UNINTERRUPTIBLE;
  queue.push(thread);
  return new SuspendFrame();
}

function wakeAll(machine: Machine, queue: MachineThread[]): void {
  for (const thread of queue.splice(0)) machine.wake(thread);
}

class UserFrame extends Frame {
  constructor(
    readonly machine: Machine,
    readonly link: Link,
    public left: number,
  ) {
    super();
  }

  get frameName(): string {
    return "user";
  }

  override step(): Frame {
    const { machine, link } = this;
    this.sent = undefined;
    if (this.label === 0) {
      if (this.left === 0) return RETURNED;
      this.label = 1;
      return new MutexFrame(machine, link.lock);
    }
    if (this.label === 1) {
      this.label = 2;
      return new PreemptFrame();
    }
    if (this.label === 2 && !link.isConnected) {
      link.isConnecting = true;
      wakeAll(machine, link.idle);
      return sleepOn(machine, link.waiters);
    }
    if (this.label === 2) {
      this.label = 3;
      return new PreemptFrame();
    }
    link.isConnected = false;
    this.left--;
    unlockMutex(machine, link.lock);
    this.label = 0;
    return new PreemptFrame();
  }
}

class ConnectFrame extends Frame {
  constructor(
    readonly machine: Machine,
    readonly link: Link,
  ) {
    super();
  }

  get frameName(): string {
    return "connect";
  }

  override step(): Frame {
    const { machine, link } = this;
    this.sent = undefined;
    if (!link.isConnecting) return sleepOn(machine, link.idle);
    if (this.label === 0) {
      this.label = 1;
      return new PreemptFrame();
    }
    link.isConnected = true;
    link.isConnecting = false;
    wakeAll(machine, link.waiters);
    this.label = 0;
    return new PreemptFrame();
  }
}

/** Subjects in which each of two threads sends so often, on two CPUs. */
export function connectSubject(rounds: number): ScheduleSubject {
  const outside = { nextTick: Number.POSITIVE_INFINITY, run: (): void => undefined, mayComeEarly: false };
  const options = { hz: 250, longBits: 64, timers: "exact", cpus: 2, scheduler: "any" } as const;
  const machine = new Machine(options, outside);
  const link = new Link();
  const users = [0, 1].map(() => new UserFrame(machine, link, rounds));
  for (const [i, user] of users.entries()) machine.start(new MachineThread(`user${i}`, 0, i, true, user));
  machine.start(new MachineThread("worker", 0, 0, true, new ConnectFrame(machine, link)));
  const skipped = new Set(["clock", "timers", "outside", "units", "options", "spun", "rounds", "listener", "name"]);
  let present: readonly Action[] = [];
  return {
    roots: [machine, link],
    now: 0,
    role: (_, field) => (skipped.has(field) ? "skip" : "plain"),
    atoms: [],
    actions: (): readonly ScheduleAction[] => {
      machine.settle();
      present = machine.actions();
      return present.map(({ cost, cpu }) => ({ cost, who: cpu < 0 ? TIME_BIT : 1 << cpu }));
    },
    take: (index) => machine.take(present[index] as Action),
    end: () => {
      if (users.some(({ left }) => left > 0)) return null;
      return { kind: "progress", property: "progress", what: "all is sent", seconds: 0 };
    },
  };
}

/** The same for spin, whose steps are single statements. */
export function connectPromela(rounds: number): string {
  return `bit lock, connected, connecting;
active [2] proctype user() {
  byte left = ${rounds};
  do
  :: left > 0 ->
     atomic { !lock -> lock = 1 };
     do
     :: connected -> break
     :: else -> connecting = 1; (connected)
     od;
     connected = 0;
     left--;
     lock = 0
  :: else -> break
  od
}
active proctype worker() {
end:
  do
  :: connecting -> atomic { connected = 1; connecting = 0 }
  od
}
`;
}
