/**
 * A machine of one or more CPUs whose every freedom is a choice: who runs next, whether a thread is preempted, when
 * what is on the wire arrives. Models run on it as frames (frame.ts), so that its whole state lies in plain fields: it
 * can be hashed, saved and put back, and a search can go through its schedules.
 *
 * A thread runs from one preemption point to the next (preemption.ts); nothing takes time by itself. Real-time threads
 * run before all others of their CPU until they block: kernel/sched/rt.c. Softirqs (timers, packets) run to their end
 * on CPU 0, at points where no thread is under a lock. When nobody can run, time goes on to the next event.
 */
import { Clock } from "./clock.ts";
import { SimulationFault } from "./fault.ts";
import { type Frame, FrameThread } from "./frame.ts";
import { checkLocks, type HeldLock, type LockOwner } from "./held-locks.ts";
import { MachineTimers } from "./machine-timers.ts";
import { type TimeUnits, timeUnits } from "./time-units.ts";
import type { TimerKind } from "./timers.ts";

/** Scheduling policies of include/uapi/linux/sched.h. */
export type Policy = "OTHER" | "RR" | "FIFO";

export interface Scheduling {
  readonly policy: Policy;
  /** 1 to 99 for RR and FIFO, 0 for OTHER. */
  readonly priority: number;
}

export const SCHED_OTHER: Scheduling = { policy: "OTHER", priority: 0 };

// include/linux/sched.h
const TASK_RUNNING = 0;
const TASK_NORMAL = 3;
const TASK_DEAD = 0x80;

/** Rounds of loops without a preemption point in between that change anything; then the machine looks itself. */
const MAX_ROUNDS = 100_000;
/** Steps that take no time; after so many, time goes on although threads can run, as it does while they do. */
const MAX_SPUN = 400;
/** A loop that goes round so often without blocking is one whose state is looked at, whoever else can run. */
const ROUNDS_BEFORE_LOOK = 100;

/** struct task_struct, and the stack of the thread. */
export class MachineThread implements LockOwner {
  state = TASK_RUNNING;
  flags = 0;
  pid = 0;
  tgid = 0;
  signal: "none" | "signal" | "kill" = "none";
  /** It was woken and has not run since: an eager scheduler lets it preempt others. */
  isWoken = false;
  /** Spinlocks that it holds, and the callbacks that run in it: it is not preempted then. */
  held: HeldLock | null = null;
  /** The CPU on which it runs or ran last. */
  cpu: number;
  readonly stack: FrameThread;

  /** @param isBound whether it stays on its CPU, as workers of per-CPU queues do */
  constructor(
    readonly name: string,
    readonly priority: number,
    cpu: number,
    readonly isBound: boolean,
    first: Frame,
  ) {
    this.cpu = cpu;
    this.stack = new FrameThread(first);
  }
}

/** struct rq: who runs, and who would. */
export class MachineCpu {
  current: MachineThread | null = null;
  /** Runnable threads in the order of their coming. */
  readonly queue: MachineThread[] = [];

  constructor(readonly index: number) {}
}

/** What happens outside the threads, by itself or because the surroundings want it. */
export interface Outside {
  /** The tick of the next event; Infinity when there is none. */
  readonly nextTick: number;
  /** Lets everything happen that is due at the present tick. */
  run(): void;
  /** Whether something is on its way that may as well arrive while threads still run. */
  readonly mayComeEarly: boolean;
}

/** Something that the machine can do next. */
export interface Action {
  readonly kind: "run" | "switch" | "arrival" | "time";
  /** 1 where it takes a preemption that nobody had to make. */
  readonly cost: 0 | 1;
  /** The CPU that goes on; -1 for what concerns none. */
  readonly cpu: number;
  /** The place in the CPU's queue of who is switched to; -1 elsewhere. */
  readonly place: number;
}

export interface MachineOptions {
  readonly hz: number;
  readonly longBits: 32 | 64;
  readonly timers: TimerKind;
  readonly cpus: number;
  /**
   * `fair`: threads are switched only where they must be, CPUs take turns. `eager`: the same, but a task that is woken
   * preempts a worker of the same priority, as completely fair schedulers often decide. `any`: every choice is an
   * action.
   */
  readonly scheduler: "fair" | "eager" | "any";
}

/** Called with what happens, for a timeline; null while a search runs. */
export type MachineListener = (event: { readonly tick: number; readonly kind: string; readonly text: string }) => void;

export class Machine implements LockOwner {
  readonly clock: Clock;
  readonly timers: MachineTimers;
  readonly units: TimeUnits;
  readonly cpus: readonly MachineCpu[];
  readonly threads: MachineThread[] = [];
  /** The thread whose step runs now. */
  current: MachineThread | null = null;
  /** The CPU of the last step: it goes on unless there is a reason against it. */
  lastCpu = 0;
  /** How deep in code that must not sleep: callbacks, timers. */
  atomic = 0;
  /** Spinlocks of softirqs. */
  held: HeldLock | null = null;
  listener: MachineListener | null = null;
  /** What a timeline says of a thread that is woken, besides its name. */
  describe: ((thread: MachineThread) => string) | null = null;
  /** Steps since time went on. */
  spun = 0;
  private rounds = 0;

  constructor(
    readonly options: MachineOptions,
    readonly outside: Outside,
  ) {
    this.clock = new Clock({ hz: options.hz, longBits: options.longBits });
    this.timers = new MachineTimers(this.clock, options.timers);
    this.units = timeUnits(options.hz, options.longBits);
    this.cpus = Array.from({ length: options.cpus }, (_, index) => new MachineCpu(index));
  }

  get jiffies(): number {
    return this.clock.jiffies;
  }

  get hz(): number {
    return this.clock.hz;
  }

  /** The CPU on which code runs now: a softirq's is CPU 0. */
  get runningCpu(): MachineCpu {
    return this.cpus[this.atomic > 0 && this.current === null ? 0 : (this.current?.cpu ?? 0)] as MachineCpu;
  }

  tell(kind: string, text: string): void {
    this.listener?.({ tick: this.clock.tick, kind, text });
  }

  /** A thread that is runnable at once. */
  start(thread: MachineThread): void {
    this.threads.push(thread);
    this.cpuOf(thread).queue.push(thread);
  }

  private cpuOf(thread: MachineThread): MachineCpu {
    return this.cpus[thread.cpu] as MachineCpu;
  }

  /** try_to_wake_up(): whether the thread slept in one of the states of `mode`. */
  wake(thread: MachineThread, mode = TASK_NORMAL): boolean {
    if ((thread.state & mode) === 0 || thread.state === TASK_DEAD) return false;
    thread.state = TASK_RUNNING;
    // It has not called schedule() yet.
    if (this.cpuOf(thread).current === thread) return true;
    if (!thread.isBound) thread.cpu = this.placeFor(thread);
    thread.isWoken = true;
    this.cpuOf(thread).queue.push(thread);
    if (this.listener !== null) {
      const by = this.current?.name ?? "an interrupt";
      this.tell("wake", `${thread.name} by ${by}${this.describe?.(thread) ?? ""}`);
    }
    return true;
  }

  /** select_task_rq(): its CPU if that is idle, else another one that is, else its own. */
  private placeFor(thread: MachineThread): number {
    const isIdle = (cpu: MachineCpu): boolean => cpu.current === null && cpu.queue.length === 0;
    if (isIdle(this.cpuOf(thread))) return thread.cpu;
    return this.cpus.find(isIdle)?.index ?? thread.cpu;
  }

  /** A loop of the model begins another round: kernel/… of simulation.ts. */
  goRound(place: string): void {
    if (++this.rounds <= MAX_ROUNDS) return;
    throw new SimulationFault("endless-loop", `${place}: ${MAX_ROUNDS} rounds of this loop without blocking`);
  }

  /** Whether the running thread must give way, or a search wants to know whether it might. */
  get mayBePreempted(): boolean {
    const { current } = this;
    if (current === null || current.held !== null || this.atomic > 0) return false;
    const cpu = this.cpuOf(current);
    if (this.isOutranked(cpu)) return true;
    if (this.options.scheduler !== "any") return this.cpus.some((other) => other !== cpu && canRun(other));
    if (this.rounds > ROUNDS_BEFORE_LOOK) return true;
    return this.outside.mayComeEarly || this.cpus.some((one) => one.queue.length > 0 || (one !== cpu && canRun(one)));
  }

  /** Whether somebody of a higher priority waits for the running thread's CPU. */
  get mustGiveWay(): boolean {
    const { current } = this;
    return current !== null && current.held === null && this.atomic === 0 && this.isOutranked(this.cpuOf(current));
  }

  private isOutranked(cpu: MachineCpu): boolean {
    return cpu.queue.some((one) => this.outranks(one, cpu));
  }

  private outranks(thread: MachineThread, { current }: MachineCpu): boolean {
    const priority = current?.priority ?? -1;
    const mayPreempt = thread.isWoken && !thread.isBound && thread.priority === priority;
    const isEager = this.options.scheduler === "eager" && mayPreempt;
    return thread.priority > priority || isEager;
  }

  /** Each CPU takes who has to run on it: schedule(), at the end of interrupts and wake-ups too. */
  settle(): void {
    for (const cpu of this.cpus) {
      if (cpu.queue.length === 0 || (cpu.current !== null && !this.isOutranked(cpu))) continue;
      if ((cpu.current?.held ?? null) !== null) continue;
      const best = Math.max(...cpu.queue.map((one) => one.priority));
      const isIdle = cpu.current === null;
      // Which of several that are alike comes first is a choice of actions().
      if (isIdle && this.options.scheduler === "any" && best === 0 && cpu.queue.length > 1) continue;
      const place = cpu.queue.findIndex((one) => one.priority === best && (isIdle || this.outranks(one, cpu)));
      this.dispatch(cpu, place);
    }
  }

  /** Puts the thread at a place of the queue on the CPU; who was on it is the next of its kind. */
  private dispatch(cpu: MachineCpu, place: number): void {
    const [next] = cpu.queue.splice(place, 1);
    if (next === undefined) return;
    if (cpu.current !== null) cpu.queue.unshift(cpu.current);
    next.isWoken = false;
    cpu.current = next;
  }

  /**
   * What can happen next, after settle(); the first is what happens when nobody interferes. Empty when nothing ever
   * will.
   */
  actions(): readonly Action[] {
    const runnable = this.cpus.filter(canRun);
    const mustPass = this.spun > MAX_SPUN && Number.isFinite(this.nextTick);
    if (runnable.length === 0 || mustPass) {
      return Number.isFinite(this.nextTick) ? [{ kind: "time", cost: 0, cpu: -1, place: -1 }] : [];
    }
    if (this.options.scheduler !== "any") return [runAction(this.inTurn(runnable), 0)];
    const all: Action[] = [];
    const last = this.cpus[this.lastCpu] as MachineCpu;
    const goesOn = last.current !== null;
    const others = goesOn ? 1 : 0;
    if (goesOn) all.push(runAction(last, 0));
    for (const cpu of runnable) {
      if (cpu.current === null) {
        for (let i = 0; i < cpu.queue.length; i++) all.push(switchAction(cpu, i, cpu === last ? 0 : others));
      } else if (cpu !== last) all.push(runAction(cpu, others));
    }
    for (const cpu of runnable) {
      const { current } = cpu;
      if (current === null || current.held !== null) continue;
      cpu.queue.forEach((one, i) => {
        if (one.priority === current.priority) all.push(switchAction(cpu, i, 1));
      });
    }
    if (this.outside.mayComeEarly) all.push({ kind: "arrival", cost: 1, cpu: -1, place: -1 });
    return all;
  }

  /** The next CPU after the last one that has somebody to run. */
  private inTurn(runnable: readonly MachineCpu[]): MachineCpu {
    return runnable.find(({ index }) => index > this.lastCpu) ?? (runnable[0] as MachineCpu);
  }

  get nextTick(): number {
    return Math.min(this.timers.nextTick, this.outside.nextTick);
  }

  /** Does one of actions(). */
  take(action: Action): void {
    this.rounds = 0;
    this.spun++;
    if (action.kind === "time" || action.kind === "arrival") {
      this.spun = 0;
      this.passTime();
      return;
    }
    const cpu = this.cpus[action.cpu] as MachineCpu;
    if (action.kind === "switch") this.dispatch(cpu, action.place);
    this.lastCpu = cpu.index;
    this.step(cpu);
  }

  private passTime(): void {
    const next = this.nextTick;
    if (next > this.clock.tick) this.clock.advanceTo(next);
    this.atomically("an interrupt", () => {
      this.timers.run();
      this.outside.run();
    });
  }

  /** Whose locks those are that code takes now. */
  get lockOwner(): LockOwner {
    return this.current ?? this;
  }

  /** Runs what never sleeps, and gives back the locks that it takes: softirqs, callbacks of sockets. */
  atomically<T>(what: string, work: () => T): T {
    const owner = this.lockOwner;
    const { held } = owner;
    this.atomic++;
    const result = work();
    this.atomic--;
    checkLocks(owner, held, what);
    return result;
  }

  /** Runs a CPU's thread to its next preemption point, or until it blocks or ends. */
  private step(cpu: MachineCpu): void {
    const thread = cpu.current;
    if (thread === null) return;
    this.current = thread;
    const hasEnded = thread.stack.run();
    this.current = null;
    if (hasEnded) thread.state = TASK_DEAD;
    if (thread.state === TASK_RUNNING) return;
    if (thread.held !== null) {
      const { lock, place } = thread.held;
      const does = hasEnded ? "ends" : "sleeps";
      throw new SimulationFault("bug-on", `${thread.name} ${does} under the spinlock ${lock}, taken at ${place}`);
    }
    cpu.current = null;
  }
}

function canRun(cpu: MachineCpu): boolean {
  return cpu.current !== null || cpu.queue.length > 0;
}

function runAction(cpu: MachineCpu, cost: number): Action {
  // In turn, a CPU without a current thread takes the first that waits.
  if (cpu.current === null) return switchAction(cpu, 0, cost);
  return { kind: "run", cost: cost === 0 ? 0 : 1, cpu: cpu.index, place: -1 };
}

function switchAction(cpu: MachineCpu, place: number, cost: number): Action {
  return { kind: "switch", cost: cost === 0 ? 0 : 1, cpu: cpu.index, place };
}
