/** Growing buffers of 32-bit words: scripts and events. */

const TWO_32 = 0x1_0000_0000;

export class Words {
  data: Int32Array;
  length = 0;

  constructor(room = 1 << 12) {
    this.data = new Int32Array(room);
  }

  push(word: number): void {
    if (this.length === this.data.length) this.grow();
    this.data[this.length++] = word;
  }

  /** A value of 64 bits: a number that is exact, or a bigint. */
  value(value: unknown): void {
    if (typeof value === "number") {
      this.pair(value | 0, (value | 0) === value ? value >> 31 : Math.floor(value / TWO_32) | 0);
    } else if (typeof value === "bigint") {
      this.pair(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
    } else this.pair(value === true ? 1 : 0, 0);
  }

  pair(low: number, high: number): void {
    const { length } = this;
    if (length + 2 > this.data.length) this.grow();
    const { data } = this;
    data[length] = low;
    data[length + 1] = high;
    this.length = length + 2;
  }

  /** Three words and a value of 64 bits. */
  record(first: number, second: number, third: number, low: number, high: number): void {
    const { length } = this;
    if (length + 5 > this.data.length) this.grow();
    const { data } = this;
    data[length] = first;
    data[length + 1] = second;
    data[length + 2] = third;
    data[length + 3] = low;
    data[length + 4] = high;
    this.length = length + 5;
  }

  /** `count` bytes, four to a word. */
  bytes(from: Uint8Array, at: number, count: number): void {
    const whole = at + count - (count & 3);
    for (let i = at; i < whole; i += 4) {
      const low = (from[i] as number) | ((from[i + 1] as number) << 8);
      this.push(low | ((from[i + 2] as number) << 16) | ((from[i + 3] as number) << 24));
    }
    if ((count & 3) === 0) return;
    let word = 0;
    for (let j = 0; j < (count & 3); j++) word |= (from[whole + j] as number) << (8 * j);
    this.push(word);
  }

  private grow(): void {
    const larger = new Int32Array(2 * this.data.length);
    larger.set(this.data);
    this.data = larger;
  }

  /** The bytes of words [from, to); a view, good until the next push. */
  view(from = 0, to = this.length): Uint8Array {
    return new Uint8Array(this.data.buffer, 4 * from, 4 * (to - from));
  }
}

/** The 64-bit value of two words. */
export function joined(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}
