/** Little scenarios of timers, work and threads with events whose ticks depend on a phase; for tests of the sweep. */
import fc from "fast-check";
import { Completion, complete, wait_for_completion_timeout } from "../../tools/simulator/completion.ts";
import { add64, type Int64, ltS64, sub64 } from "../../tools/simulator/integers.ts";
import { time_after64, time_in_range64 } from "../../tools/simulator/jiffies.ts";
import { Simulation } from "../../tools/simulator/simulation.ts";
import { arrive, MSG_WAITALL, Socket, sock_recvmsg } from "../../tools/simulator/sockets.ts";
import {
  type Coroutine,
  kthread_run,
  schedule_timeout_interruptible,
  type Task,
  wake_up_process,
} from "../../tools/simulator/tasks.ts";
import { del_timer, mod_timer, TimerList, timer_setup } from "../../tools/simulator/timers.ts";
import { type TraceEvent, TraceRecorder } from "../../tools/simulator/trace.ts";
import { WaitQueueHead, wait_event_timeout, wake_up } from "../../tools/simulator/wait.ts";
import {
  alloc_workqueue,
  DelayedWork,
  INIT_DELAYED_WORK,
  queue_delayed_work,
  type WorkqueueStruct,
} from "../../tools/simulator/workqueue.ts";
import { cancel_delayed_work, mod_delayed_work } from "../../tools/simulator/workqueue-cancel.ts";

const delay = fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 0, max: 1200 }));

const job = fc.record({
  kind: fc.constantFrom("rearm", "sleep", "complete", "event", "receive", "guard", "timer"),
  delay,
  times: fc.integer({ min: 1, max: 4 }),
});

/** Something that happens at base + slope * phase: to which job, and what. */
const happening = fc.record({
  base: delay,
  slope: fc.constantFrom(0, 1, 1, 1, -1, 2),
  action: fc.constantFrom("wake", "requeue", "modify", "cancel", "stamp", "arm", "absolute", "spurious"),
  target: fc.nat(4),
  delay,
});

export const randomScenario = fc.record({
  timers: fc.constantFrom("levels" as const, "exact" as const, "slack" as const),
  hz: fc.constantFrom(100, 250, 1000),
  startOffset: fc.nat(600),
  phases: fc.integer({ min: 40, max: 200 }),
  untilTick: fc.integer({ min: 300, max: 2500 }),
  jobs: fc.array(job, { minLength: 1, maxLength: 4 }),
  happenings: fc.array(happening, { minLength: 1, maxLength: 4 }),
});

type Scenario = typeof randomScenario extends fc.Arbitrary<infer T> ? T : never;
type Job = Scenario["jobs"][number];
type Happening = Scenario["happenings"][number];

/** What a job gives to others to act on. */
interface Handle {
  readonly work: DelayedWork | null;
  readonly timer: TimerList | null;
  readonly wake: ((isSpurious: boolean) => void) | null;
}

const NOTHING: Handle = { work: null, timer: null, wake: null };

class Stage {
  readonly kernel: Simulation;
  readonly recorder = new TraceRecorder();
  readonly handles: Handle[];
  private readonly wq: WorkqueueStruct;
  private readonly startJiffies: Int64;
  private stamp: Int64;

  constructor(
    private readonly scenario: Scenario,
    private readonly phase: number,
  ) {
    const { hz, timers, startOffset } = scenario;
    this.kernel = new Simulation({ hz, timers, trace: this.recorder.listen, startTick: 2 ** 20 + startOffset });
    this.wq = alloc_workqueue(this.kernel, "wq");
    this.startJiffies = this.kernel.jiffies;
    this.stamp = this.kernel.jiffies;
    this.handles = scenario.jobs.map((one, n) => this.start(one, `job${n}`));
  }

  run(): readonly TraceEvent[] {
    const { kernel, scenario, phase } = this;
    const start = kernel.clock.tick;
    for (const one of scenario.happenings) {
      // Events that go backwards start far enough ahead.
      const base = one.slope < 0 ? one.base + scenario.phases : one.base;
      kernel.at(start + base + one.slope * phase, () => this.act(one));
    }
    const { stoppedBy } = kernel.run({ untilTick: start + scenario.untilTick, maxEvents: 3000 });
    kernel.note("end", stoppedBy, kernel.clock.tick);
    return this.recorder.events;
  }

  private start(one: Job, name: string): Handle {
    if (one.kind === "rearm" || one.kind === "guard") return this.startWork(one, name);
    if (one.kind === "timer") return { ...NOTHING, timer: this.startTimer(one, name) };
    return this.startThread(one, name);
  }

  private startTimer(one: Job, name: string): TimerList {
    const { kernel } = this;
    const timer = new TimerList(kernel.timers, name);
    let times = one.times;
    timer_setup(timer, () => {
      if (--times > 0) mod_timer(timer, add64(kernel.jiffies, one.delay));
    });
    mod_timer(timer, add64(kernel.jiffies, one.delay));
    return timer;
  }

  private startWork(one: Job, name: string): Handle {
    const { kernel, wq } = this;
    const work = new DelayedWork(kernel, name);
    let times = one.times * 2;
    INIT_DELAYED_WORK(work, () => {
      if (one.kind === "guard") {
        const since = sub64(kernel.jiffies, this.stamp);
        const limit = add64(this.stamp, one.delay);
        kernel.note(name, since, time_after64(kernel.jiffies, limit), ltS64(since, 100));
        kernel.note(name, time_in_range64(kernel.jiffies, this.stamp, limit));
      }
      if (--times > 0) queue_delayed_work(wq, work, one.delay);
    });
    queue_delayed_work(wq, work, one.delay);
    return { ...NOTHING, work };
  }

  private startThread(one: Job, name: string): Handle {
    const { kernel } = this;
    const completion = new Completion(kernel);
    const socket = new Socket(kernel, name);
    socket.sk_rcvtimeo = one.delay;
    const head = new WaitQueueHead(kernel);
    let isTrue = false;
    const wait = (): Coroutine<Int64> => {
      if (one.kind === "sleep") return schedule_timeout_interruptible(kernel, one.delay);
      if (one.kind === "receive") return sock_recvmsg(socket, 2, MSG_WAITALL);
      if (one.kind === "complete") return wait_for_completion_timeout(completion, one.delay);
      return wait_event_timeout(head, () => isTrue, one.delay);
    };
    const body = function* (): Coroutine {
      for (let n = 0; n < one.times; n++) {
        const left = yield* wait();
        isTrue = false;
        kernel.note(name, left);
      }
    };
    const task: Task = kthread_run(kernel, name, body);
    const wake = (isSpurious: boolean): void => {
      isTrue = !isSpurious;
      if (one.kind === "receive" && !isSpurious) arrive(socket, 1);
      else if (one.kind === "sleep" || isSpurious) wake_up_process(task);
      else if (one.kind === "complete") complete(completion);
      else wake_up(head);
    };
    return { ...NOTHING, wake };
  }

  private act(one: Happening): void {
    const { kernel, wq } = this;
    const { work, timer, wake } = this.handles[one.target % this.handles.length] ?? NOTHING;
    kernel.note(one.action, kernel.clock.tick);
    if (one.action === "stamp") this.stamp = kernel.jiffies;
    wake?.(one.action === "spurious");
    if (timer !== null) {
      if (one.action === "cancel") kernel.note("was", del_timer(timer));
      else mod_timer(timer, add64(one.action === "absolute" ? this.startJiffies : kernel.jiffies, one.delay));
    }
    if (work === null) return;
    if (one.action === "cancel") kernel.note("was", cancel_delayed_work(work));
    else if (one.action === "absolute") {
      // A delay that depends on the phase, so that it ends where it does not.
      mod_delayed_work(wq, work, sub64(add64(this.startJiffies, one.delay), kernel.jiffies));
    } else if (one.action === "modify") kernel.note("was", mod_delayed_work(wq, work, one.delay));
    else if (one.action === "requeue") kernel.note("was", queue_delayed_work(wq, work, one.delay));
  }
}

/** Every event of the scenario at a phase. */
export function runScenario(scenario: Scenario, phase: number): readonly TraceEvent[] {
  return new Stage(scenario, phase).run();
}
