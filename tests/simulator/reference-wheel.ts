/**
 * kernel/time/timer.c of 5.10, word for word and slowly: an array of buckets, a pending map, base->clk and
 * base->next_expiry in unsigned long as BigInt, and a softirq at every jiffy. Knows nothing of tools/simulator.
 *
 * When a timer is taken out, base->next_expiry is computed anew at once, as a CPU that goes idle does
 * (get_next_timer_interrupt()); a busy one runs an empty softirq at the old time first.
 */
const SIZE = 64;

export interface ReferenceTimer {
  readonly name: string;
  expires: bigint;
  index: number;
  pending: boolean;
  readonly fire: () => void;
}

export class ReferenceWheel {
  jiffies: bigint;
  private clk: bigint;
  private nextExpiry: bigint;
  private readonly depth: number;
  private readonly buckets = new Map<number, ReferenceTimer[]>();

  constructor(
    private readonly bits: number,
    hz: number,
    start: bigint,
  ) {
    this.depth = hz > 100 ? 9 : 8;
    this.jiffies = this.wrap(start);
    this.clk = this.jiffies;
    this.nextExpiry = this.wrap(this.clk + (1n << 30n) - 1n);
  }

  private wrap(value: bigint): bigint {
    return BigInt.asUintN(this.bits, value);
  }

  private isNegative(value: bigint): boolean {
    return BigInt.asIntN(this.bits, value) < 0n;
  }

  private start(level: number): bigint {
    return 63n << BigInt((level - 1) * 3);
  }

  private calcIndex(expires: bigint, level: number): { index: number; expiry: bigint } {
    const shift = BigInt(level * 3);
    const scaled = this.wrap(expires + (1n << shift)) >> shift;
    return { index: level * SIZE + Number(scaled & 63n), expiry: this.wrap(scaled << shift) };
  }

  private calcWheelIndex(expires: bigint): { index: number; expiry: bigint } {
    const delta = this.wrap(expires - this.clk);
    for (let level = 0; level < this.depth - 1; level++) {
      if (delta < this.start(level + 1)) return this.calcIndex(expires, level);
    }
    if (this.isNegative(delta)) return { index: Number(this.clk & 63n), expiry: this.clk };
    const cutoff = this.start(this.depth);
    const last = this.depth - 1;
    if (delta >= cutoff) return this.calcIndex(this.wrap(this.clk + cutoff - (1n << BigInt(last * 3))), last);
    return this.calcIndex(expires, last);
  }

  private forward(): void {
    if (BigInt.asIntN(this.bits, this.jiffies - this.clk) < 1n) return;
    if (this.isNegative(this.jiffies - this.nextExpiry)) this.clk = this.jiffies;
    else this.clk = this.nextExpiry;
  }

  modTimer(timer: ReferenceTimer, expires: bigint): void {
    if (timer.pending && timer.expires === expires) return;
    this.forward();
    const { index, expiry } = this.calcWheelIndex(expires);
    if (timer.pending && index === timer.index) {
      timer.expires = expires;
      return;
    }
    this.delTimer(timer);
    Object.assign(timer, { expires, index, pending: true });
    const bucket = this.buckets.get(index) ?? [];
    bucket.unshift(timer);
    this.buckets.set(index, bucket);
    if (this.isNegative(expiry - this.nextExpiry)) this.nextExpiry = expiry;
  }

  delTimer(timer: ReferenceTimer): void {
    if (!timer.pending) return;
    timer.pending = false;
    for (const list of [...this.buckets.values(), ...this.expiring]) {
      const at = list.indexOf(timer);
      if (at >= 0) list.splice(at, 1);
    }
    this.nextExpiry = this.nextTimerInterrupt();
  }

  private expiring: ReferenceTimer[][] = [];

  /** __next_timer_interrupt() without its shortcut: every level is looked at. */
  private nextTimerInterrupt(): bigint {
    let next = this.wrap(this.clk + (1n << 30n) - 1n);
    let clk = this.clk;
    for (let level = 0; level < this.depth; level++) {
      for (let position = 0; position < SIZE; position++) {
        const index = level * SIZE + ((Number(clk & 63n) + position) % SIZE);
        if ((this.buckets.get(index) ?? []).length === 0) continue;
        const at = this.wrap((clk + BigInt(position)) << BigInt(level * 3));
        if (this.isNegative(at - next)) next = at;
        break;
      }
      const adjust = (clk & 7n) === 0n ? 0n : 1n;
      clk = (clk >> 3n) + adjust;
    }
    return next;
  }

  /** The tick interrupt: jiffies is advanced, then __run_timers(). */
  tick(): void {
    this.jiffies = this.wrap(this.jiffies + 1n);
    while (!this.isNegative(this.jiffies - this.clk) && !this.isNegative(this.jiffies - this.nextExpiry)) {
      this.clk = this.nextExpiry;
      this.expiring = [];
      let clk = this.clk;
      for (let level = 0; level < this.depth; level++) {
        const index = level * SIZE + Number(clk & 63n);
        const bucket = this.buckets.get(index);
        if (bucket !== undefined && bucket.length > 0) {
          this.expiring.push(bucket);
          this.buckets.delete(index);
        }
        if ((clk & 7n) !== 0n) break;
        clk >>= 3n;
      }
      this.clk = this.wrap(this.clk + 1n);
      this.nextExpiry = this.nextTimerInterrupt();
      for (const list of this.expiring.reverse()) {
        for (let timer = list.shift(); timer !== undefined; timer = list.shift()) {
          timer.pending = false;
          timer.fire();
        }
      }
      this.expiring = [];
    }
  }
}
