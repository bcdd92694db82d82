/**
 * What one random history of cifs-echo is made of: its decisions, its memory, and the objects that are there so far.
 */
import { BytePointer } from "../../tools/simulator/pointers.ts";
import type { Simulation } from "../../tools/simulator/simulation.ts";
import { type Coroutine, kthread_run } from "../../tools/simulator/tasks.ts";
import { Buffers, type Dice } from "../exercise-dice.ts";
import { isCoroutine } from "./history.ts";
import type { Members, ModelInstance } from "./mount.ts";

// include/uapi/asm-generic/errno-base.h, errno.h and include/linux/errno.h; what the model compares with is among them.
export const ERRORS: readonly number[] = [
  -5, -11, -4, -12, -22, -32, -95, -104, -110, -111, -112, -113, -115, -115, -512, -2,
];

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
