/**
 * States that were seen, by the two halves of their hash, each with a small number: what was left to spend when it was
 * seen. A hash table with open addressing in one array of integers, since a search sees millions of states.
 */

/** Words of an entry: both halves, and the value plus one; 0 is an entry that is free. */
const WORDS = 3;
const FIRST_SLOTS = 1024;

export class StateTable {
  /** States in the table. */
  size = 0;
  /** Whether a state was turned away since the table was full: the search is not complete then. */
  isFull = false;
  private slots = FIRST_SLOTS;
  private entries = new Int32Array(FIRST_SLOTS * WORDS);

  /** @param maxSize states that it takes at most, of 24 to 48 bytes of memory each, and 72 while it grows. */
  constructor(readonly maxSize: number) {}

  /** The value of a state; -1 when it is not in the table. */
  get(h1: number, h2: number): number {
    return (this.entries[this.find(h1, h2) + 2] as number) - 1;
  }

  /**
   * Gives a state a value, from 0 to 2^31 - 2.
   *
   * @returns false when the table is full and does not have the state
   */
  set(h1: number, h2: number, value: number): boolean {
    let at = this.find(h1, h2);
    if (this.entries[at + 2] === 0) {
      if (this.size >= this.maxSize) {
        this.isFull = true;
        return false;
      }
      if (this.size * 2 >= this.slots) {
        this.grow();
        at = this.find(h1, h2);
      }
      this.entries[at] = h1;
      this.entries[at + 1] = h2;
      this.size++;
    }
    this.entries[at + 2] = value + 1;
    return true;
  }

  clear(): void {
    this.size = 0;
    this.isFull = false;
    this.slots = FIRST_SLOTS;
    this.entries = new Int32Array(FIRST_SLOTS * WORDS);
  }

  /** Where a state is, or would be. */
  private find(h1: number, h2: number): number {
    const { entries } = this;
    const mask = this.slots - 1;
    const [a, b] = [h1 | 0, h2 | 0];
    for (let slot = (a ^ Math.imul(b, 0x9e3779b1)) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * WORDS;
      if (entries[at + 2] === 0 || (entries[at] === a && entries[at + 1] === b)) return at;
    }
  }

  private grow(): void {
    const old = this.entries;
    this.slots *= 2;
    this.entries = new Int32Array(this.slots * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at + 2] === 0) continue;
      const to = this.find(old[at] as number, old[at + 1] as number);
      this.entries.set(old.subarray(at, at + WORDS), to);
    }
  }
}
