/**
 * What one random history of cifs-echo is made of: its decisions, its memory, and the objects that are there so far.
 */
import type { DecisionSource } from "../../tools/simulator/decisions.ts";
import { BytePointer } from "../../tools/simulator/pointers.ts";
import type { Simulation } from "../../tools/simulator/simulation.ts";
import { type Coroutine, kthread_run } from "../../tools/simulator/tasks.ts";
import { isCoroutine } from "./history.ts";
import type { Members, ModelInstance } from "./mount.ts";

/** One in 16 to one in two: how often things fail in a history, or never. Few failures let a history get far. */
const TROUBLE: readonly number[] = [0, 1, 1, 3, 8, 0, 1, 2];
const OF = 16;
/** A thread that cannot receive naps again and again; that each of these takes longer or not matters little. */
const NAPS = 8;
// include/uapi/asm-generic/errno-base.h, errno.h and include/linux/errno.h; what the model compares with is among them.
const ERRORS: readonly number[] = [-5, -11, -4, -12, -22, -32, -95, -104, -110, -111, -112, -113, -115, -115, -512, -2];

/**
 * Counts the decisions of a history, and answers 0 once they are used up: that is what surroundings do at their best.
 */
export class Dice implements DecisionSource {
  /** Out of 16. */
  private trouble = 0;
  /** How many decisions there are still to come. */
  left: number;
  private naps = 0;
  /** What is to happen when the last decision is made. */
  onEnd: () => void = () => {};

  constructor(
    private readonly source: DecisionSource,
    most: number,
  ) {
    this.left = most;
  }

  get isOver(): boolean {
    return this.left <= 0;
  }

  choose(n: number, label: string): number {
    if (this.left <= 0 || n < 2) return 0;
    if (label === "usleep" && this.naps++ % NAPS !== 0) return 0;
    this.left--;
    if (this.left === 0) this.onEnd();
    return this.source.choose(n, label);
  }

  pick<T>(items: readonly [T, ...T[]], label: string): T {
    return items[this.choose(items.length, label)] ?? items[0];
  }

  /** How much fails from now on. */
  setTrouble(level: number): void {
    this.trouble = TROUBLE[level % TROUBLE.length] ?? 0;
  }

  /** 0, or an error where something fails. One decision for both: a history has few. */
  result(label: string): number {
    if (this.trouble === 0) return 0;
    const chosen = this.choose(OF * ERRORS.length, label);
    return chosen % OF >= OF - this.trouble ? (ERRORS[Math.floor(chosen / OF)] ?? -5) : 0;
  }

  /** True once in `n` times. */
  once(n: number, label: string): boolean {
    return this.choose(n, label) === n - 1;
  }
}

/**
 * Memory for one history: what is handed out is its alone until the next one begins, and all zero. Making new arrays is
 * what costs most in a short history.
 */
export class Buffers {
  private used = 0;
  private readonly all: Uint8Array[] = [];

  constructor(private readonly size: number) {}

  reset(): void {
    this.used = 0;
  }

  take(): Uint8Array {
    const there = this.all[this.used++];
    if (there !== undefined) return there.fill(0);
    const made = new Uint8Array(this.size);
    this.all.push(made);
    return made;
  }
}

/** cifs_small_buf_get() gives 448 bytes; a large buffer needs no more than 512 for the messages that come here. */
export const SMALL_BYTES = 448;
export const LARGE_BYTES = 512;

/** Where buffers come from. They outlive a history; what is in them does not. */
export class Memory {
  readonly small = new Buffers(SMALL_BYTES);
  readonly large = new Buffers(LARGE_BYTES);
  readonly payloads = new Buffers(LARGE_BYTES);

  reset(): void {
    this.small.reset();
    this.large.reset();
    this.payloads.reset();
  }
}

export interface WorldOptions {
  readonly kernel: Simulation;
  readonly dice: Dice;
  readonly memory: Memory;
  readonly constants: Readonly<Record<string, number>>;
}

/** One history while it runs. */
export class World {
  readonly kernel: Simulation;
  readonly dice: Dice;
  readonly memory: Memory;
  readonly constants: Readonly<Record<string, number>>;
  /** Connections that were made, dead ones too. */
  readonly servers: Members[] = [];
  /** Requests that were made, answered ones too. */
  readonly mids: Members[] = [];
  /**
   * Messages are short, come many at a time, and every status is an I/O timeout, but otherwise all is well with them:
   * it takes that many before anything comes of it.
   */
  timesOut = false;
  runsOutOfMemory = false;
  /** The buffers of sockets are as large as the kernel wants them. */
  hasLargeWindows = false;
  private instance: ModelInstance | null = null;

  constructor({ kernel, dice, memory, constants }: WorldOptions) {
    this.kernel = kernel;
    this.dice = dice;
    this.memory = memory;
    this.constants = constants;
  }

  get model(): ModelInstance {
    if (this.instance === null) throw new TypeError("the history has no model yet");
    return this.instance;
  }

  set model(model: ModelInstance) {
    this.instance = model;
  }

  /** A new object of a struct of the model; null where the kernel has no such struct. */
  make(...names: readonly string[]): Members | null {
    for (const name of names) {
      const made = this.model.structs[name];
      if (made !== undefined) return new made(this.kernel);
    }
    return null;
  }

  /** The connection that something happens to; null when there is none. */
  server(label: string): Members | null {
    const { servers } = this;
    return servers[this.dice.choose(servers.length, label)] ?? null;
  }

  /** Small memory with some bytes in it. */
  bytes(label: string): BytePointer {
    const bytes = this.memory.small.take();
    scatter(bytes, this.dice.choose(SCATTER, label));
    return new BytePointer(bytes);
  }

  /** Calls a function of the model in a thread of its own, whether or not it blocks. */
  callInThread(called: (...given: readonly unknown[]) => unknown, given: readonly unknown[]): void {
    kthread_run(this.kernel, "caller", () => callOf(called, given));
  }
}

function* callOf(called: (...given: readonly unknown[]) => unknown, given: readonly unknown[]): Coroutine {
  const made = called(...given);
  if (isCoroutine(made)) yield* made;
}

/** How many ways there are to fill the bytes of a header. */
export const SCATTER = 2 ** 16;

/**
 * Fills what the model reads of a header, from `at` on: the number and the command of a request (the same few for all
 * kernels, so that they meet those of requests), and the credits. WordCount of SMB1 counts words behind the header and
 * stays small.
 */
export function scatter(bytes: Uint8Array, chosen: number, at = 0): void {
  // [MS-CIFS] 2.2.3.1: Command at 4, MID at 30. [MS-SMB2] 2.2.1: CreditResponse at 14, MessageId at 24. The header of
  // SMB1, and every one in older kernels, has the length in front.
  bytes[at + 8] = chosen & 3;
  bytes[at + 34] = (chosen >> 2) & 3;
  bytes[at + 14] = (chosen >> 4) & 15;
  bytes[at + 15] = (chosen & 0x300) === 0x300 ? 0xff : 0;
  bytes[at + 18] = (chosen >> 10) & 3;
  bytes[at + 36] = (chosen >> 12) & 3;
  bytes[at + 1] = (chosen >> 14) & 1;
  bytes[at + 3] = chosen >> 13;
}
