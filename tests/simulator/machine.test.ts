/** The machine: who runs when, what sleeps and what is woken, and that its times are those of the Simulation. */
import { describe, expect, test } from "vitest";
import { SimulationFault } from "../../tools/simulator/fault.ts";
import { Frame, RETURNED, SuspendFrame } from "../../tools/simulator/frame.ts";
import { type LockName, releaseLock, takeLock } from "../../tools/simulator/held-locks.ts";
import { Machine, type MachineOptions, MachineThread, type Outside } from "../../tools/simulator/machine.ts";
import {
  type MachineBitWaiter,
  MutexFrame,
  PreemptFrame,
  TimeoutFrame,
  unlockMutex,
  WaitOnBitFrame,
  wakeBit,
} from "../../tools/simulator/machine-frames.ts";
import { machineModules } from "../../tools/simulator/machine-modules.ts";
import { MachineQueue, MachineWork, WorkDoneFrame } from "../../tools/simulator/machine-work.ts";
import { FieldPointer } from "../../tools/simulator/pointers.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import { TASK_UNINTERRUPTIBLE } from "../../tools/simulator/tasks.ts";
import { mod_timer, type TimerKind, TimerList } from "../../tools/simulator/timers.ts";
import { WorkStruct } from "../../tools/simulator/workqueue.ts";

const NOBODY: Outside = { nextTick: Number.POSITIVE_INFINITY, run: () => undefined, mayComeEarly: false };

function machineOf(options: Partial<MachineOptions> = {}, outside: Outside = NOBODY): Machine {
  return new Machine({ hz: 250, longBits: 64, timers: "exact", cpus: 1, scheduler: "fair", ...options }, outside);
}

/** What a thread does next: a frame that it calls, or nothing that blocks. */
type Thing = () => Frame | undefined;

/** A thread that does one thing after the other. */
class Program extends Frame {
  constructor(private readonly things: readonly Thing[]) {
    super();
  }

  get frameName(): string {
    return "program";
  }

  override step(): Frame {
    this.sent = undefined;
    while (this.label < this.things.length) {
      const called = this.things[this.label++]?.();
      if (called !== undefined) return called;
    }
    return RETURNED;
  }
}

function threadOf(machine: Machine, name: string, priority: number, things: readonly Thing[], cpu = 0): MachineThread {
  const thread = new MachineThread(name, priority, cpu, false, new Program(things));
  machine.start(thread);
  return thread;
}

/** Takes the first way until nothing is left. */
function runAll(machine: Machine, most = 10_000): void {
  for (let i = 0; i < most; i++) {
    machine.settle();
    const [first] = machine.actions();
    if (first === undefined) return;
    machine.take(first);
  }
  throw new Error("it does not end");
}

const LOCK: LockName = { object: {}, lock: "queue.lock", place: "sched.c:7 wake" };

const point = (): Frame => new PreemptFrame();

function kindOf(run: () => void): string {
  try {
    run();
    return "none";
  } catch (error) {
    return error instanceof SimulationFault ? error.kind : String(error);
  }
}

function messageOf(run: () => void): string {
  try {
    run();
    return "none";
  } catch (error) {
    return error instanceof SimulationFault ? error.message : String(error);
  }
}

/** A thread that wakes a sleeper and goes on; the order in which both do what they do. */
function wakeOrder(sleeper: number, waker: number, options: Partial<MachineOptions> = {}): string {
  const machine = machineOf(options);
  const said: string[] = [];
  const say = (text: string) => (): undefined => void said.push(text);
  const asleep = threadOf(machine, "sleeper", sleeper, [
    () => {
      (machine.current as MachineThread).state = TASK_UNINTERRUPTIBLE;
      return new SuspendFrame();
    },
    say("s1"),
    () => (machine.mayBePreempted ? point() : undefined),
    say("s2"),
  ]);
  threadOf(machine, "waker", waker, [
    // It sleeps first, so that the other one sleeps already.
    () => new TimeoutFrame(machine, 5, TASK_UNINTERRUPTIBLE, true),
    () => {
      machine.wake(asleep);
      return undefined;
    },
    say("w1"),
    () => (machine.mayBePreempted ? point() : undefined),
    say("w2"),
  ]);
  runAll(machine);
  return said.join(" ");
}

describe("priorities", () => {
  test("RR preempts OTHER at its next preemption point, and runs until it blocks or ends", () => {
    expect(wakeOrder(50, 0)).toBe("w1 s1 s2 w2");
  });

  test("RR does not preempt RR of the same or a higher priority", () => {
    expect(wakeOrder(50, 50)).toBe("w1 w2 s1 s2");
    expect(wakeOrder(49, 50)).toBe("w1 w2 s1 s2");
    expect(wakeOrder(51, 50)).toBe("w1 s1 s2 w2");
  });

  test("an eager scheduler lets who is woken go first, a fair one does not", () => {
    expect(wakeOrder(0, 0, { scheduler: "fair" })).toBe("w1 w2 s1 s2");
    expect(wakeOrder(0, 0, { scheduler: "eager" })).toBe("w1 s1 s2 w2");
  });

  test("nobody is preempted under a spinlock", () => {
    const machine = machineOf();
    const said: string[] = [];
    const low = threadOf(machine, "low", 0, [
      () => {
        takeLock(low, LOCK, false);
        threadOf(machine, "high", 50, [() => void said.push("high")]);
        return point();
      },
      () => {
        said.push("low");
        releaseLock(low, LOCK);
        return point();
      },
      () => void said.push("low again"),
    ]);
    runAll(machine);
    expect(said).toEqual(["low", "high", "low again"]);
  });

  test("two CPUs run both, in turns; a thread that is woken goes to an idle one", () => {
    const machine = machineOf({ cpus: 2 });
    const said: string[] = [];
    const things = (name: string): Thing[] => [1, 2].flatMap((i) => [() => void said.push(`${name}${i}`), point]);
    threadOf(machine, "a", 0, things("a"), 0);
    threadOf(machine, "b", 0, things("b"), 1);
    runAll(machine);
    expect([...said].sort()).toEqual(["a1", "a2", "b1", "b2"]);
    expect(said.map((one) => one[1])).toEqual(["1", "1", "2", "2"]);
    expect(wakeOrder(0, 0, { cpus: 2 })).toContain("w1");
  });
});

describe("ways to go on", () => {
  test("with any scheduler: to go on costs nothing, another of the same priority a preemption", () => {
    const machine = machineOf({ scheduler: "any" });
    for (const name of ["a", "b"]) threadOf(machine, name, 0, [point, point]);
    machine.settle();
    // Nobody runs yet: who is first is free.
    expect(machine.actions().map(({ kind, cost, place }) => [kind, cost, place])).toEqual([
      ["switch", 0, 0],
      ["switch", 0, 1],
    ]);
    machine.take(machine.actions()[1] as never);
    machine.settle();
    expect(machine.cpus[0]?.current?.name).toBe("b");
    expect(machine.actions().map(({ kind, cost }) => [kind, cost])).toEqual([
      ["run", 0],
      ["switch", 1],
    ]);
  });

  test("with any scheduler: another CPU costs one while this one goes on, and so does a packet that comes early", () => {
    const machine = machineOf({ scheduler: "any", cpus: 2 }, { ...NOBODY, nextTick: 5000, mayComeEarly: true });
    threadOf(machine, "a", 0, [point, point], 0);
    threadOf(machine, "b", 0, [point, point], 1);
    machine.settle();
    expect(machine.actions().map(({ kind, cost, cpu }) => [kind, cost, cpu])).toEqual([
      ["run", 0, 0],
      ["run", 1, 1],
      ["arrival", 1, -1],
    ]);
  });

  test("fair and eager schedulers leave nothing to decide; nobody runnable means that time goes on", () => {
    for (const scheduler of ["fair", "eager"] as const) {
      const machine = machineOf({ scheduler });
      for (const name of ["a", "b"]) threadOf(machine, name, 0, [point, point]);
      machine.settle();
      expect(machine.actions().length).toBe(1);
    }
    const idle = machineOf({}, { ...NOBODY, nextTick: 1 });
    expect(idle.actions().map(({ kind }) => kind)).toEqual(["time"]);
    expect(machineOf().actions()).toEqual([]);
  });
});

describe("what sleeps", () => {
  test("a mutex is handed to who has waited longest", () => {
    const machine = machineOf();
    const lock = { owner: null as unknown, waiters: [] as unknown[] };
    const said: string[] = [];
    for (const name of ["a", "b", "c"]) {
      threadOf(machine, name, 0, [
        () => new MutexFrame(machine, lock),
        () => void said.push(name),
        () => new TimeoutFrame(machine, 3, TASK_UNINTERRUPTIBLE, true),
        () => unlockMutex(machine, lock) as undefined,
      ]);
    }
    runAll(machine);
    expect(said).toEqual(["a", "b", "c"]);
    expect(lock).toEqual({ owner: null, waiters: [] });
  });

  test("a mutex that is locked twice is a fault", () => {
    const machine = machineOf();
    const lock = { owner: null as unknown, waiters: [] as unknown[] };
    threadOf(machine, "a", 0, [() => new MutexFrame(machine, lock), () => new MutexFrame(machine, lock)]);
    expect(kindOf(() => runAll(machine))).toBe("bug-on");
  });

  test("wait_on_bit() goes on when the bit is clear and somebody says so", () => {
    const machine = machineOf();
    const object = { flags: 4 };
    const word = new FieldPointer(object, "flags");
    const waiters: MachineBitWaiter[] = [];
    let woken = -1;
    threadOf(machine, "waiter", 0, [
      () => new WaitOnBitFrame(machine, waiters, word as never, 2, null, TASK_UNINTERRUPTIBLE),
      () => {
        woken = machine.clock.tick;
        return undefined;
      },
    ]);
    const begin = machine.clock.tick;
    const sleep = (ticks: number) => (): Frame => new TimeoutFrame(machine, ticks, TASK_UNINTERRUPTIBLE, true);
    threadOf(machine, "waker", 0, [
      sleep(10),
      // The bit is still set: nobody goes on.
      () => wakeBit(machine, waiters, word, 2) as undefined,
      sleep(10),
      () => {
        object.flags = 0;
        wakeBit(machine, waiters, word, 2);
        return undefined;
      },
    ]);
    runAll(machine);
    expect(woken - begin).toBe(20);
    expect(waiters).toEqual([]);
  });

  test("to sleep under a spinlock, or in a softirq, is a fault", () => {
    const machine = machineOf();
    const thread = threadOf(machine, "a", 0, [
      () => {
        takeLock(thread, LOCK, false);
        return new TimeoutFrame(machine, 1, TASK_UNINTERRUPTIBLE, true);
      },
    ]);
    expect(kindOf(() => runAll(machine))).toBe("bug-on");
    const other = machineOf();
    const timer = new TimerList(other.timers, "timer", null);
    timer.func = (() => new SuspendFrame()) as never;
    other.timers.modify(timer, other.clock.jiffiesPlus(1), false);
    expect(kindOf(() => runAll(other))).toBe("sleep-in-atomic");
  });
});

describe("spinlocks", () => {
  const calls = machineModules(() => {
    throw new Error("nobody asks");
  })("preemption", {}) as Readonly<
    Record<string, (machine: Machine, ...given: readonly unknown[]) => Frame | undefined>
  >;
  const { object, lock, place } = LOCK;
  const take = (machine: Machine, where = place): Frame | undefined =>
    calls["enter_critical"]?.(machine, object, lock, false, where);
  const release = (machine: Machine): Frame | undefined => calls["leave_critical"]?.(machine, object, lock, place);
  const KEPT = "queue.lock, taken at sched.c:7 wake, is still held at the end of";

  test("that a thread takes twice are a fault, whether it was preempted before or not", () => {
    for (const scheduler of ["fair", "any"] as const) {
      const machine = machineOf({ scheduler });
      threadOf(machine, "other", 0, [point, point]);
      threadOf(machine, "a", 0, [() => take(machine), () => take(machine, "sched.c:9 sleep")]);
      expect(messageOf(() => runAll(machine))).toBe(
        "sched.c:9 sleep takes queue.lock, which it holds since sched.c:7 wake: it waits for itself",
      );
    }
  });

  test("of a thread are those of the callbacks that run in it", () => {
    const machine = machineOf();
    const callback = (): undefined => machine.atomically("the callback", () => void take(machine, "sock.c:3 ready"));
    threadOf(machine, "a", 0, [() => take(machine), callback]);
    expect(messageOf(() => runAll(machine))).toContain("sock.c:3 ready takes queue.lock, which it holds since");
  });

  test("that a callback, a softirq, a work or a thread keeps are a fault", () => {
    const machine = machineOf();
    expect(messageOf(() => machine.atomically("the callback", () => void take(machine)))).toBe(`${KEPT} the callback`);
    const interrupted: Machine = machineOf({}, { ...NOBODY, nextTick: 5000, run: () => void take(interrupted) });
    expect(messageOf(() => runAll(interrupted))).toBe(`${KEPT} an interrupt`);
    const working = machineOf();
    const work = new MachineWork(working, 0, 2);
    const item = new WorkStruct(working as never, "item");
    item.func = () => void take(working);
    threadOf(working, "user", 0, [() => void work.queue(new MachineQueue("rpciod", 0), item)]);
    expect(messageOf(() => runAll(working))).toBe(`${KEPT} the work item`);
    const ending = machineOf();
    threadOf(ending, "a", 0, [() => take(ending)]);
    expect(messageOf(() => runAll(ending))).toBe("a ends under the spinlock queue.lock, taken at sched.c:7 wake");
  });

  test("that are given back leave nothing in the state", () => {
    const machine = machineOf();
    machine.atomically("the callback", () => {
      take(machine);
      release(machine);
    });
    const thread = threadOf(machine, "a", 0, [() => take(machine), () => release(machine), point]);
    runAll(machine);
    expect([machine.held, thread.held, machine.atomic]).toEqual([null, null, 0]);
  });
});

describe("works", () => {
  test("run on the CPU that queued them, below who has a higher priority", () => {
    const machine = machineOf({ cpus: 2 });
    const work = new MachineWork(machine, 0, 2);
    const queue = new MachineQueue("rpciod", 0);
    const ran: string[] = [];
    const item = new WorkStruct(machine as never, "item");
    item.func = () => void ran.push(`${machine.current?.name}`);
    threadOf(
      machine,
      "user",
      50,
      [() => void work.queue(queue, item), () => (machine.mayBePreempted ? point() : undefined)],
      1,
    );
    runAll(machine);
    expect(ran).toEqual(["rpciod/1"]);
  });

  test("of a higher priority preempt who queues them", () => {
    const order = (priority: number): string => {
      const machine = machineOf();
      const work = new MachineWork(machine, priority, 2);
      const said: string[] = [];
      const item = new WorkStruct(machine as never, "item");
      item.func = () => void said.push("work");
      threadOf(machine, "user", 50, [
        () => void work.queue(new MachineQueue("rpciod", 0), item),
        () => (machine.mayBePreempted ? point() : undefined),
        () => void said.push("user"),
      ]);
      runAll(machine);
      return said.join(" ");
    };
    expect(order(51)).toBe("work user");
    expect(order(49)).toBe("user work");
  });

  test("cancel_work_sync() waits until the work has ended", () => {
    const machine = machineOf();
    const work = new MachineWork(machine, 50, 2);
    const queue = new MachineQueue("rpciod", 0);
    const said: string[] = [];
    const item = new WorkStruct(machine as never, "item");
    const body = (): Frame =>
      new Program([
        () => void said.push("begins"),
        () => new TimeoutFrame(machine, 10, TASK_UNINTERRUPTIBLE, true),
        () => void said.push("ends"),
      ]);
    item.func = body as never;
    threadOf(machine, "user", 0, [
      () => void work.queue(queue, item),
      () => new TimeoutFrame(machine, 5, TASK_UNINTERRUPTIBLE, true),
      () => new WorkDoneFrame(machine, work, item, false, work.cancel(item, null)),
      () => void said.push("cancelled"),
    ]);
    runAll(machine);
    expect(said).toEqual(["begins", "ends", "cancelled"]);
  });
});

describe("timers", () => {
  const delays = [1, 2, 3, 60, 63, 64, 65, 100, 255, 256, 511, 520, 4095, 4100, 33_000, 270_001];

  test.each(["exact", "slack", "levels"] as const)(
    "%s: the same times as the Simulation's own",
    (timers: TimerKind) => {
      const machine = machineOf({ timers });
      const kernel = new Simulation({ hz: 250, timers });
      const begin = { machine: machine.clock.tick, kernel: kernel.clock.tick };
      const fired = { machine: [] as string[], kernel: [] as string[] };
      for (const delay of delays) {
        const mine = new TimerList(machine.timers, `${delay}`, null);
        mine.func = () => void fired.machine.push(`${delay} at ${machine.clock.tick - begin.machine}`);
        machine.timers.modify(mine, machine.clock.jiffiesPlus(delay), true);
        const theirs = new TimerList(kernel.timers, `${delay}`, null);
        theirs.func = () => void fired.kernel.push(`${delay} at ${kernel.clock.tick - begin.kernel}`);
        mod_timer(theirs, kernel.clock.jiffiesPlus(delay));
      }
      kernel.run();
      runAll(machine);
      expect(begin.machine).toBe(begin.kernel);
      // Which of two that expire in one tick comes first is the order of a bucket; here, that of arming.
      expect([...fired.machine].sort()).toEqual([...fired.kernel].sort());
      expect(fired.machine.length).toBe(delays.length);
    },
  );
});
