/** A small echo written by hand, so that the check can be tested without a kernel and without the translator. */

import {
  type Explorer,
  type RunRecord,
  type RunScenario,
  type Scenario,
  sameRecord,
  settingsText,
} from "../../kernel-models/cifs-echo/echo-run.ts";
import type { Region } from "../../tools/check/phase-sweep.ts";
import { replayed } from "../../tools/check/replayed.ts";
import type { RunOptions } from "../../tools/check/run.ts";
import { lateUpTo } from "../../tools/simulator/decisions.ts";
import { time_after64, time_before64 } from "../../tools/simulator/jiffies.ts";
import { isLater } from "../../tools/simulator/phase.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import { arriveAt, EAGAIN, Socket, sock_recvmsg } from "../../tools/simulator/sockets.ts";
import { type Coroutine, kthread_run, msleep } from "../../tools/simulator/tasks.ts";
import {
  alloc_workqueue,
  DelayedWork,
  INIT_DELAYED_WORK,
  queue_delayed_work,
} from "../../tools/simulator/workqueue.ts";

/**
 * fixed: an interval after it was due last. response: an interval after the last response, or where that is over, after
 * now. half: half an interval later. jiffy: at the next jiffy, whatever the interval is.
 */
export type Rhythm = "fixed" | "response" | "half" | "jiffy";

export interface StandIn {
  /** Echo intervals that the watchdog waits; null: there is no watchdog. */
  readonly timeoutIntervals: number | null;
  readonly guard: boolean;
  readonly rearms: boolean;
  /** An echo interval that the mount option does not change. */
  readonly fixedIntervalSeconds?: number;
  /** When the next work is due: an interval later when absent. */
  readonly rhythm?: Rhythm;
  /** Reaching the echo is a fault. */
  readonly unmodelledEcho?: boolean;
}

export const TWO: StandIn = { timeoutIntervals: 2, guard: true, rearms: true };
export const THREE: StandIn = { ...TWO, timeoutIntervals: 3 };

interface History {
  readonly works: number[];
  readonly unarmed: number[];
  readonly failedEchoes: number[];
  readonly echoes: number[];
  readonly responses: number[];
  anchorTick: number;
  unanswered: number;
  dead: RunRecord["declaredDead"];
  fault: RunRecord["fault"];
}

class Machine {
  readonly kernel: Simulation;
  readonly socket: Socket;
  readonly history: History = {
    works: [],
    unarmed: [],
    failedEchoes: [],
    echoes: [],
    responses: [],
    anchorTick: -1,
    unanswered: 0,
    dead: null,
    fault: null,
  };
  lstrp = 0;
  private worksAfterAnchor = 0;
  private attempts = 0;
  private due = Number.NaN;

  constructor(
    private readonly code: StandIn,
    private readonly scenario: Scenario,
    private readonly options: RunOptions,
  ) {
    this.kernel = new Simulation({
      hz: scenario.hz,
      timers: scenario.timers,
      longBits: scenario.longBits,
      msleepAddsJiffy: scenario.msleepAddsJiffy,
      trace: options.trace ?? null,
      ...(options.decisions === undefined ? {} : { decisions: options.decisions }),
    });
    this.socket = new Socket(this.kernel);
  }

  get interval(): number {
    return (this.code.fixedIntervalSeconds ?? this.scenario.echoIntervalSeconds) * this.scenario.hz;
  }

  /** For how long the echo work arms itself. */
  private delay(): number {
    const { interval, kernel, lstrp, code } = this;
    if (code.rhythm === undefined) return interval;
    if (code.rhythm === "half") return interval / 2;
    if (code.rhythm === "jiffy") return 1;
    const isFixed = code.rhythm === "fixed";
    const left = (isFixed ? this.due : lstrp) + interval - kernel.jiffies;
    const delay = left > 0 && left <= interval ? left : interval;
    if (isFixed) this.due = kernel.jiffies + delay;
    return delay;
  }

  request(): void {
    const { kernel, scenario, history } = this;
    kernel.note("request-sent");
    if (history.anchorTick < 0) {
      this.answer(kernel.clock.tick + scenario.rttTicks);
      return;
    }
    const due = kernel.clock.tick + scenario.rttTicks - history.anchorTick;
    const pause = scenario.pauses?.find(({ fromTicks, toTicks }) => due >= fromTicks && due < toTicks);
    const at = pause?.toTicks ?? due;
    const isBack = scenario.revivalTicks !== undefined && !isLater(scenario.revivalTicks, at);
    if (scenario.deathTicks !== null && !isLater(scenario.deathTicks, at) && !isBack) {
      history.unanswered++;
      return;
    }
    this.answer(at + history.anchorTick);
  }

  private answer(tick: number): void {
    this.kernel.at(tick, () => this.history.responses.push(tick));
    arriveAt(this.socket, tick, 100);
  }

  echo(rearm: (delay: number) => void): void {
    const { kernel, scenario, history } = this;
    const { tick } = kernel.clock;
    history.works.push(tick);
    kernel.note("echo-work");
    const isAfterAnchor = history.anchorTick >= 0;
    const delay = this.delay();
    if (this.isRecent()) {
      kernel.note("echo-suppressed");
    } else if (++this.attempts === scenario.failedEcho) {
      kernel.note("echo-failed");
      history.failedEchoes.push(tick);
    } else {
      if (this.code.unmodelledEcho === true) throw new Error("unmodelled");
      history.echoes.push(tick);
      kernel.note("echo-sent");
      if (history.echoes.length === scenario.anchorEcho) {
        history.anchorTick = tick;
        const end = scenario.endTicksAfterAnchor;
        if (end !== undefined) kernel.at(tick + end, () => kernel.stop("end"));
        for (const touch of scenario.touches) kernel.at(tick + touch, () => this.request());
      }
      this.request();
    }
    if (this.code.rearms) {
      rearm(delay);
      kernel.note("echo-armed", delay);
    } else history.unarmed.push(tick);
    if (isAfterAnchor && ++this.worksAfterAnchor >= scenario.endEchoesAfterAnchor) kernel.stop("works");
  }

  private isRecent(): boolean {
    const { kernel, lstrp, interval, code, scenario } = this;
    if (!code.guard) return false;
    // A work that comes when it is due needs no second to spare.
    const spare = code.rhythm === "response" ? 0 : scenario.hz;
    return time_before64(kernel.jiffies, lstrp + interval - spare);
  }

  private unresponsive(): boolean {
    const { kernel, code } = this;
    if (code.timeoutIntervals === null) return false;
    if (!time_after64(kernel.jiffies, this.lstrp + code.timeoutIntervals * this.interval)) return false;
    if (this.scenario.revivalTicks !== undefined) {
      // A reconnect: it takes no time here, and the watchdog begins anew.
      this.history.dead ??= { tick: kernel.clock.tick, lastResponseTick: this.lstrp, by: "server_unresponsive" };
      this.lstrp = kernel.jiffies;
      return false;
    }
    this.history.dead = { tick: kernel.clock.tick, lastResponseTick: this.lstrp, by: "server_unresponsive" };
    kernel.note("declared-dead");
    kernel.stop("dead");
    return true;
  }

  *receive(): Coroutine {
    for (;;) {
      for (const bytes of [4, 96]) {
        for (;;) {
          if (this.unresponsive()) return;
          const result = yield* sock_recvmsg(this.socket, bytes);
          if (result !== -EAGAIN) break;
          yield* msleep(this.kernel, 1);
        }
      }
      this.lstrp = this.kernel.jiffies;
      this.kernel.note("response");
    }
  }

  run(): RunRecord {
    const { kernel, scenario, options, history } = this;
    const late = options.maxLatenessTicks ?? 0;
    const queue = alloc_workqueue(kernel, "cifsiod", late > 0 ? { latency: lateUpTo(late) } : {});
    const echo = new DelayedWork(kernel, "echo");
    const rearm = (delay: number): void => void queue_delayed_work(queue, echo, delay);
    INIT_DELAYED_WORK(echo, () => this.echo(rearm));
    const mount = kernel.clock.tick + 10 * scenario.hz + scenario.startOffsetTicks;
    kernel.at(mount, () => {
      this.lstrp = kernel.jiffies;
      this.socket.sk_rcvtimeo = 7 * scenario.hz;
      kthread_run(kernel, "cifsd", () => this.receive());
      rearm(this.interval);
    });
    let events = 0;
    try {
      const limit = scenario.maxTicksAfterMount;
      events = kernel.run(limit === undefined ? {} : { untilTick: mount + limit }).events;
    } catch (error) {
      if (!(error instanceof Error) || error.message !== "unmodelled") throw error;
      history.fault = { kind: "unmodelled", message: "echo() was reached" };
    }
    const { unanswered, dead, ...rest } = history;
    return { ...rest, declaredDead: dead, requestsUnanswered: unanswered, events };
  }
}

/** The runner of a stand-in. */
export function standIn(code: StandIn): RunScenario {
  return (scenario, options = {}) => new Machine(code, scenario, options).run();
}

/** Every phase on its own, merged where nothing but the touch moved: slow, and plainly right. */
export function everyPhase(run: RunScenario): Explorer {
  const once = replayed(run, sameRecord, settingsText);
  return {
    once,
    sweep: (from, to, scenarioAt) => {
      const regions: Region<RunRecord>[] = [];
      for (let phase = from; phase <= to; phase++) {
        const record = run(scenarioAt(phase));
        regions.push({ from: phase, to: phase, at: () => record });
      }
      return { regions, runs: regions.length };
    },
  };
}
