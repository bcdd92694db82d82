/**
 * The SMB echo written by hand, for tests of the sweep: an echo work that re-arms itself unless a response came less
 * than interval - HZ ago, and a thread that receives with sk_rcvtimeo of 7 s and tests the watchdog before each
 * receive. A response is read in two parts, and counts when the second one is there.
 */
import { initialJiffies } from "../../tools/simulator/clock.ts";
import { add64, type Int64 } from "../../tools/simulator/integers.ts";
import { time_after64, time_before64 } from "../../tools/simulator/jiffies.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import { arriveAt, MSG_WAITALL, Socket, sock_recvmsg } from "../../tools/simulator/sockets.ts";
import { type Coroutine, kthread_run, msleep } from "../../tools/simulator/tasks.ts";
import type { TimerKind } from "../../tools/simulator/timers.ts";
import type { TraceListener } from "../../tools/simulator/trace.ts";
import {
  alloc_workqueue,
  DelayedWork,
  INIT_DELAYED_WORK,
  queue_delayed_work,
} from "../../tools/simulator/workqueue.ts";

export interface EchoSetup {
  readonly hz: number;
  readonly timers: TimerKind;
  readonly longBits?: 32 | 64;
  readonly intervalSeconds: number;
  readonly rttTicks: number;
  /** Intervals without a response after which the server counts as dead. */
  readonly intervalsToDeath: number;
  /** Ticks that the mount is moved against the wheel. */
  readonly startOffset?: number;
  /** The server answers nothing from the phase on. */
  readonly dies?: boolean;
}

export interface EchoOutcome {
  readonly works: readonly number[];
  readonly echoes: readonly number[];
  readonly responses: readonly number[];
  readonly dead: { readonly tick: number; readonly lastResponse: number } | null;
}

const HEADER_BYTES = 4;
const BODY_BYTES = 68;
const ANCHOR_ECHO = 2;

class EchoModel {
  readonly works: number[] = [];
  readonly echoes: number[] = [];
  readonly responses: number[] = [];
  dead: EchoOutcome["dead"] = null;
  private readonly kernel: Simulation;
  private readonly socket: Socket;
  private readonly intervalTicks: number;
  private worksLeft = 5;
  private lstrp: Int64;
  private isServerDead = false;

  constructor(
    private readonly setup: EchoSetup,
    private readonly phase: number,
    trace: TraceListener | null,
  ) {
    const { hz, timers, longBits = 64, startOffset = 0 } = setup;
    this.kernel = new Simulation({ hz, timers, longBits, trace, startTick: initialJiffies(hz) + startOffset });
    this.socket = new Socket(this.kernel, "server");
    this.socket.sk_rcvtimeo = 7 * hz;
    this.intervalTicks = setup.intervalSeconds * hz;
    this.lstrp = this.kernel.jiffies;
  }

  run(): EchoOutcome {
    const { kernel } = this;
    const wq = alloc_workqueue(kernel, "cifsiod");
    const echo = new DelayedWork(kernel, "echo");
    INIT_DELAYED_WORK(echo, () => {
      this.echoWork();
      queue_delayed_work(wq, echo, this.intervalTicks);
    });
    queue_delayed_work(wq, echo, this.intervalTicks);
    kthread_run(kernel, "cifsd", () => this.demultiplex());
    kernel.run();
    const { works, echoes, responses, dead } = this;
    return { works, echoes, responses, dead };
  }

  private echoWork(): void {
    const { kernel, lstrp } = this;
    this.works.push(kernel.clock.tick);
    if (this.echoes.length >= ANCHOR_ECHO && --this.worksLeft === 0) kernel.stop("enough");
    if (time_before64(kernel.jiffies, add64(lstrp, this.intervalTicks - kernel.hz))) return;
    this.echoes.push(kernel.clock.tick);
    this.request();
    if (this.echoes.length === ANCHOR_ECHO) {
      kernel.after(this.phase, () => {
        if (this.setup.dies === true) this.isServerDead = true;
        this.request();
      });
    }
  }

  private request(): void {
    if (this.isServerDead) return;
    const tick = this.kernel.clock.tick + this.setup.rttTicks;
    arriveAt(this.socket, tick, HEADER_BYTES);
    arriveAt(this.socket, tick, BODY_BYTES);
  }

  private isUnresponsive(): boolean {
    const { kernel, lstrp } = this;
    const limit = add64(lstrp, this.setup.intervalsToDeath * this.intervalTicks);
    if (!time_after64(kernel.jiffies, limit)) return false;
    this.dead = { tick: kernel.clock.tick, lastResponse: Number(lstrp) };
    kernel.stop("dead");
    return true;
  }

  private *read(bytes: number): Coroutine<boolean> {
    for (;;) {
      if (this.isUnresponsive()) return false;
      const result = yield* sock_recvmsg(this.socket, bytes, MSG_WAITALL);
      if (result === bytes) return true;
      yield* msleep(this.kernel, 1);
    }
  }

  private *demultiplex(): Coroutine {
    for (;;) {
      if (!(yield* this.read(HEADER_BYTES)) || !(yield* this.read(BODY_BYTES))) return;
      this.lstrp = this.kernel.jiffies;
      this.responses.push(this.kernel.clock.tick);
    }
  }
}

/** One history, with one request `phase` ticks after the second echo. */
export function runEcho(setup: EchoSetup, phase: number, trace: TraceListener | null = null): EchoOutcome {
  return new EchoModel(setup, phase, trace).run();
}
