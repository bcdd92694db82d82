/** What happened in a run: the ticks that the properties look at, and the notes that timelines are made of. */

import type { RunFault } from "../../tools/check/run.ts";
import type { Simulation } from "../../tools/simulator/simulation.ts";
import type { Coroutine } from "../../tools/simulator/tasks.ts";
import { timer_pending } from "../../tools/simulator/timers.ts";
import { type DelayedWork, delayed_work_pending } from "../../tools/simulator/workqueue.ts";
import type { DeclaredDead, RunRecord, Scenario } from "./echo-run.ts";

/** Thrown to end a run from the middle of a model; not an error, so it has no stack to build. */
export const RUN_ENDS: unique symbol = Symbol("the run ends");

/** Whether C that was called may go on later. */
export function isCoroutine(value: unknown): value is Coroutine<unknown> {
  return typeof value === "object" && value !== null && "next" in value && Symbol.iterator in value;
}

/** When a work that is pending was asked to run: what the code says, before the wheel rounds it. */
function dueTick({ clock }: Simulation, { timer }: DelayedWork): number {
  return timer_pending(timer) ? clock.tickOf(timer.expires, clock.tick) : clock.tick;
}

export class EchoHistory {
  readonly works: number[] = [];
  readonly unarmed: number[] = [];
  readonly failedEchoes: number[] = [];
  readonly echoes: number[] = [];
  readonly responses: number[] = [];
  declaredDead: DeclaredDead | null = null;
  /** Of the anchor echo; before that, and where it is never sent, of the mount. */
  anchorTick = 0;
  /** Told when the anchor echo is sent. */
  onAnchor: () => void = () => {};
  private worksAfterAnchor = 0;

  constructor(
    private readonly kernel: Simulation,
    private readonly scenario: Scenario,
  ) {}

  /** The echo work runs. */
  *echoWork(work: DelayedWork, body: () => unknown): Coroutine {
    const { kernel, scenario } = this;
    const isAfterAnchor = this.echoes.length >= scenario.anchorEcho;
    this.works.push(kernel.clock.tick);
    kernel.note("echo-work");
    const before = this.echoes.length;
    const startTick = kernel.clock.tick;
    const result = body();
    if (isCoroutine(result)) yield* result;
    if (this.echoes.length === before) kernel.note("echo-suppressed");
    if (!delayed_work_pending(work)) this.unarmed.push(kernel.clock.tick);
    else if (kernel.trace !== null) kernel.note("echo-armed", dueTick(kernel, work) - startTick);
    if (isAfterAnchor && ++this.worksAfterAnchor >= scenario.endEchoesAfterAnchor) throw RUN_ENDS;
  }

  /** An echo could not be sent. */
  echoFailed(): void {
    this.failedEchoes.push(this.kernel.clock.tick);
    this.kernel.note("echo-failed");
  }

  /** An echo request goes out. */
  echoSent(): void {
    const { kernel, scenario } = this;
    this.echoes.push(kernel.clock.tick);
    kernel.note("echo-sent");
    if (this.echoes.length !== scenario.anchorEcho) return;
    this.anchorTick = kernel.clock.tick;
    this.onAnchor();
  }

  responseArrived(kind: string): void {
    this.responses.push(this.kernel.clock.tick);
    this.kernel.note("response", kind);
  }

  /** cifs_reconnect() is called: the connection is given up. Only a server that comes back is worth going on for. */
  declareDead(lastResponseTick: number, by: string): void {
    const { tick } = this.kernel.clock;
    this.kernel.note("declared-dead", by, lastResponseTick);
    this.declaredDead ??= { tick, lastResponseTick, by };
    if (this.scenario.revivalTicks === undefined) throw RUN_ENDS;
  }

  record(fault: RunFault | null, requestsUnanswered: number): RunRecord {
    return {
      anchorTick: this.anchorTick,
      works: this.works,
      unarmed: this.unarmed,
      failedEchoes: this.failedEchoes,
      echoes: this.echoes,
      responses: this.responses,
      declaredDead: this.declaredDead,
      requestsUnanswered,
      fault,
      events: this.works.length + this.responses.length,
    };
  }
}
