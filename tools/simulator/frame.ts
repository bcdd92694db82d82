/**
 * Coroutines whose position and variables are plain fields: what a generator hides, a frame shows, so that the state
 * of a thread can be hashed, saved and put back. check/frames.ts makes such frames of a model's generators; primitives
 * that block are subclasses written by hand.
 *
 * A thread is a stack of frames, linked by `caller`. It runs as long as its top frame neither suspends nor ends: a
 * step returns the frame that it calls, SUSPENDED, or RETURNED. Nothing is allocated on the way.
 */
import { SimulationFault } from "./fault.ts";

/**
 * The state of one call. Everything that a step needs is in own fields, so that a frame whose fields are put back goes
 * on exactly as it did the first time.
 */
export abstract class Frame {
  /** Where the next step begins. */
  label = 0;
  /** Who gets the value; null for the first frame of a thread. */
  caller: Frame | null = null;
  /**
   * In a frame that goes on after a call, what the call returned; in one that has ended, its own value. Steps take it
   * away, so that it is undefined in frames that are suspended.
   */
  sent: unknown = undefined;

  /** The C function that it is a call of, for reports. */
  abstract get frameName(): string;

  /**
   * Runs on from `label`.
   *
   * @returns the frame of a function that is called now; SUSPENDED at a yield; RETURNED when the function has ended,
   * its value in `sent`
   */
  abstract step(): Frame;
}

/** What steps return when they call nobody. */
class Mark extends Frame {
  constructor(override readonly frameName: string) {
    super();
  }

  override step(): Frame {
    throw new SimulationFault("unsupported", `${this.frameName} is no frame that can run`);
  }
}

/** A step's answer: the thread gives up the CPU, and goes on after this place. */
export const SUSPENDED: Frame = new Mark("suspended");
/** A step's answer: the function has ended. */
export const RETURNED: Frame = new Mark("returned");

/** The answer of an attempt that has to be made again. */
export const BLOCKED: unique symbol = Symbol("blocked");

/**
 * A primitive that suspends until it gets its way, and has no state but its arguments: waiting for a lock, for a
 * condition. The attempt is made anew each time that the thread runs.
 */
export abstract class AttemptFrame<T> extends Frame {
  /** @returns the value of the call, or BLOCKED, with nothing done */
  abstract attempt(): T | typeof BLOCKED;

  override step(): Frame {
    const value = this.attempt();
    if (value === BLOCKED) return SUSPENDED;
    this.sent = value;
    return RETURNED;
  }
}

/** A primitive that gives up the CPU once: schedule() as a frame. */
export class SuspendFrame extends Frame {
  get frameName(): string {
    return "schedule";
  }

  override step(): Frame {
    if (this.label !== 0) return RETURNED;
    this.label = 1;
    return SUSPENDED;
  }
}

/** A thread of frames. Its whole state is `top` and what can be reached from there. */
export class FrameThread {
  /** The frame that runs next; null when the thread has ended. */
  top: Frame | null;
  /** What the first frame returned. */
  value: unknown = undefined;

  constructor(first: Frame) {
    this.top = first;
  }

  /**
   * Runs until the thread suspends or ends.
   *
   * @returns true when it has ended, its value in `value`
   * @throws whatever the code throws; the thread is of no use then unless it is put back
   */
  run(): boolean {
    let frame = this.top;
    while (frame !== null) {
      const next = frame.step();
      if (next === SUSPENDED) {
        this.top = frame;
        return false;
      }
      frame = next === RETURNED ? this.popped(frame) : pushed(next, frame);
    }
    this.top = null;
    return true;
  }

  /** Hands the value of a frame that has ended to its caller, which runs next. */
  private popped(frame: Frame): Frame | null {
    const { caller } = frame;
    if (caller === null) this.value = frame.sent;
    else caller.sent = frame.sent;
    return caller;
  }
}

function pushed(called: Frame, caller: Frame): Frame {
  called.caller = caller;
  return called;
}

/** What stands for indirect() of model.ts where coroutines are frames: `yield*` takes frames and plain values alike. */
export function indirect<T>(called: T): T {
  return called;
}

/**
 * Runs a frame where nothing may block: timers, softirqs, interrupts.
 *
 * @returns its value; what is no frame is its own value
 * @throws SimulationFault of kind sleep-in-atomic when it suspends
 */
export function runToEnd(called: unknown): unknown {
  if (!(called instanceof Frame)) return called;
  const thread = new FrameThread(called);
  if (thread.run()) return thread.value;
  const place = thread.top?.frameName ?? called.frameName;
  throw new SimulationFault("sleep-in-atomic", `${called.frameName} blocks in ${place}, where nothing may sleep`);
}
