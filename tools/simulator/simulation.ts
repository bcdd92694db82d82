/**
 * One machine that runs: clock, timers, runnable threads and what is to come from outside, and the loop that drives
 * them. Events are discrete: time jumps to the next tick at which something happens, and nothing takes time by itself.
 *
 * At each tick the timers expire first (see timers.ts). Then, one at a time and as long as there are any, a runnable
 * thread takes a step or the first arrival from outside that is due happens; which of them is the decision "next",
 * with the runnable threads counted from the one that waits longest and the arrival last. Arrivals of one tick keep
 * their order.
 *
 * There is one CPU and one class of threads, which run until they block or, where preemption.ts has a policy, lose the
 * CPU. All that knows of it is the choice in step(): CPUs and priorities replace that choice and the run queue.
 */
import { Clock, type ClockOptions } from "./clock.ts";
import { type DecisionSource, decide, firstChoice } from "./decisions.ts";
import { SimulationFault } from "./fault.ts";
import { Fifo } from "./fifo.ts";
import { Heap, type HeapNode } from "./heap.ts";
import { add64, type Int64 } from "./integers.ts";
import { activeRecorder, isLater, keepLater } from "./phase.ts";
import type { PreemptionPolicy } from "./preemption.ts";
import type { Task } from "./tasks.ts";
import { type TimeUnits, timeUnits } from "./time-units.ts";
import type { TimerBase, TimerKind } from "./timers.ts";
import { ExactTimers } from "./timers-exact.ts";
import { LevelTimers } from "./timers-levels.ts";
import type { NoteValue, TraceListener } from "./trace.ts";

export interface SimulationOptions extends ClockOptions {
  /** Which timers the kernel has; `levels` when absent. */
  readonly timers?: TimerKind;
  /** Who decides; nobody interferes when absent. */
  readonly decisions?: DecisionSource;
  /** Who listens; nobody when absent or null. */
  readonly trace?: TraceListener | null;
  /** Whether msleep() adds a jiffy, as it did up to 6.6 at least and no longer in 6.18; true when absent. */
  readonly msleepAddsJiffy?: boolean;
  /** Who loses the CPU at a preemption point; threads run until they block when absent or null. */
  readonly preemption?: PreemptionPolicy | null;
}

export interface RunBounds {
  /** The last tick to simulate; the clock stands there when the run ends at it. No bound when absent. */
  readonly untilTick?: number;
  /** Steps of threads, arrivals and timers in this run; 10 million when absent. */
  readonly maxEvents?: number;
}

/** How a run ended. */
export interface RunResult {
  /** `idle`: nothing can happen any more. `tick`, `events`: that bound. `stop`: stop() was called. */
  readonly stoppedBy: "idle" | "tick" | "events" | "stop";
  /** What stop() was called with. */
  readonly reason: string | null;
  readonly tick: number;
  readonly events: number;
}

interface Arrival extends HeapNode {
  readonly happen: () => void;
}

const DEFAULT_MAX_EVENTS = 10_000_000;
/** A loop that goes round so often within one event waits for something that cannot happen meanwhile. */
const MAX_ROUNDS = 100_000;

export class Simulation {
  readonly clock: Clock;
  readonly timers: TimerBase;
  readonly decisions: DecisionSource;
  readonly trace: TraceListener | null;
  readonly units: TimeUnits;
  readonly msleepAddsJiffy: boolean;
  readonly preemption: PreemptionPolicy | null;
  readonly runQueue = new Fifo<Task>();
  /** The thread that is on the CPU. */
  current: Task | null = null;
  /** Calls of the surroundings that run at once, like a softirq: nobody is preempted in them. */
  atomic = 0;
  private readonly arrivals = new Heap<Arrival>();
  private sequence = 0;
  private stopReason: string | null = null;
  private rounds = 0;

  constructor(options: SimulationOptions) {
    this.clock = new Clock(options);
    this.decisions = options.decisions ?? firstChoice;
    this.trace = options.trace ?? null;
    this.units = timeUnits(this.clock.hz, this.clock.longBits);
    this.msleepAddsJiffy = options.msleepAddsJiffy ?? true;
    this.preemption = options.preemption ?? null;
    const kind = options.timers ?? "levels";
    this.timers =
      kind === "levels" ? new LevelTimers(this.clock, this.trace) : new ExactTimers(this.clock, this.trace, kind);
  }

  /** The kernel's `jiffies`. */
  get jiffies(): number {
    return this.clock.jiffies;
  }

  /** `HZ`. */
  get hz(): number {
    return this.clock.hz;
  }

  /** get_jiffies_64(). */
  get jiffies64(): Int64 {
    return this.clock.tick;
  }

  /** Lets something happen at a tick, the present one included, from outside any thread. */
  at(tick: number, happen: () => void): void {
    const ticks = tick - this.clock.tick;
    // One tick with the present at some phases only: which of the arrivals comes first would depend on the phase.
    if (!Number.isNaN(ticks)) keepLater(ticks);
    if (!(ticks >= 0)) {
      throw new SimulationFault("event-in-the-past", `an event at tick ${tick}, and it is ${this.clock.tick}`);
    }
    this.arrivals.push({ tick, rank: this.sequence++, heapIndex: -1, happen });
  }

  /** Lets something happen after so many ticks. */
  after(ticks: number, happen: () => void): void {
    this.at(Number(add64(this.clock.tick, ticks)), happen);
  }

  /** Adds an event of the model to the trace. */
  note(name: string, ...values: readonly NoteValue[]): void {
    this.trace?.({ tick: this.clock.tick, kind: "note", name, values });
  }

  /**
   * A loop of the model begins another round. No time passes between two events: a loop that never blocks would keep
   * the run from ending, as it keeps the CPU busy in the kernel.
   * @param place file and line of the loop in C
   * @throws SimulationFault `endless-loop`
   */
  goRound(place: string): void {
    if (++this.rounds <= MAX_ROUNDS) return;
    throw new SimulationFault("endless-loop", `${place}: ${MAX_ROUNDS} rounds of this loop without blocking`);
  }

  /** Whether something else would happen at this tick if the thread on the CPU gave it up. */
  get isContended(): boolean {
    return this.runQueue.length > 0 || this.arrivals.nextTick <= this.clock.tick;
  }

  /** Ends the run after the present event. */
  stop(reason: string): void {
    this.stopReason ??= reason;
  }

  /**
   * Runs until nothing can happen, a bound is reached or stop() is called. Can be called again to go on.
   * @throws SimulationFault, and whatever model code throws; PhaseTie and PhaseDependent in a run over phases.
   */
  run(bounds: RunBounds = {}): RunResult {
    try {
      return this.runWithin(bounds);
    } finally {
      if (activeRecorder() !== null) this.keepPendingLater();
    }
  }

  /** What this run did not come to must not have come to pass at another phase either. */
  private keepPendingLater(): void {
    const { tick } = this.clock;
    for (const timer of this.timers.all) keepLater(timer.tick - tick);
    for (const arrival of this.arrivals.all) keepLater(arrival.tick - tick);
  }

  private runWithin(bounds: RunBounds): RunResult {
    const { clock, timers, arrivals } = this;
    const untilTick = bounds.untilTick ?? Number.MAX_SAFE_INTEGER;
    const maxEvents = bounds.maxEvents ?? DEFAULT_MAX_EVENTS;
    let events = 0;
    this.stopReason = null;
    const end = (stoppedBy: RunResult["stoppedBy"]): RunResult => {
      return { stoppedBy, reason: this.stopReason, tick: clock.tick, events };
    };
    for (;;) {
      while (this.runQueue.length > 0 || arrivals.nextTick <= clock.tick) {
        if (events >= maxEvents) return end("events");
        events++;
        this.step();
        if (this.stopReason !== null) return end("stop");
      }
      if (events >= maxEvents) return end("events");
      const next = Math.min(timers.nextTick, arrivals.nextTick);
      if (isLater(next, untilTick)) {
        if (next === Number.POSITIVE_INFINITY) return end("idle");
        if (isLater(untilTick, clock.tick)) clock.advanceTo(untilTick);
        return end("tick");
      }
      clock.advanceTo(next);
      this.rounds = 0;
      events += timers.run();
      if (this.stopReason !== null) return end("stop");
    }
  }

  /** A runnable thread takes a step, or the first arrival that is due happens. */
  private step(): void {
    this.rounds = 0;
    const runnable = this.runQueue.length;
    const isDue = this.arrivals.nextTick <= this.clock.tick;
    const choices = isDue ? runnable + 1 : runnable;
    const chosen = choices === 1 ? 0 : decide(this.decisions, choices, "next");
    if (chosen === runnable) {
      this.arrivals.pop()?.happen();
      return;
    }
    const task = this.runQueue.takeAt(chosen);
    if (task === undefined) return;
    this.current = task;
    task.step(task);
    this.current = null;
  }
}
