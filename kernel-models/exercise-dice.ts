/**
 * What random histories of all systems are made of: decisions that are counted, calls that fail, and memory that is
 * used again.
 */
import type { DecisionSource } from "../tools/simulator/decisions.ts";

/** One in 16 to one in two: how often things fail in a history, or never. Few failures let a history get far. */
const TROUBLE: readonly number[] = [0, 1, 1, 3, 8, 0, 1, 2];
const OF = 16;
/** A thread that cannot receive naps again and again; that each of these takes longer or not matters little. */
const NAPS = 8;

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

  /** @param errors what calls fail with: what the model compares with should be among them */
  constructor(
    private readonly source: DecisionSource,
    most: number,
    private readonly errors: readonly number[],
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
    const chosen = this.choose(OF * this.errors.length, label);
    return chosen % OF >= OF - this.trouble ? (this.errors[Math.floor(chosen / OF)] ?? -5) : 0;
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
