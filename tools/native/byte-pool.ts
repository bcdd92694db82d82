/** Memory for what a model allocates: good until the history ends, and all zero. */

/** What is larger is made anew each time. */
const LARGEST = 1 << 16;

interface Shelf {
  readonly all: Uint8Array[];
  used: number;
}

/**
 * Making an array of some kilobytes costs as much as a hundred lines of a model, and collecting it as much again;
 * clearing one costs next to nothing.
 */
export class BytePool {
  private readonly shelves = new Map<number, Shelf>();

  /** All that was taken may be handed out again. */
  reset(): void {
    for (const shelf of this.shelves.values()) shelf.used = 0;
  }

  take(count: number): Uint8Array {
    if (!(count <= LARGEST)) return new Uint8Array(count);
    let shelf = this.shelves.get(count);
    if (shelf === undefined) {
      shelf = { all: [], used: 0 };
      this.shelves.set(count, shelf);
    }
    const there = shelf.all[shelf.used++];
    if (there !== undefined) return there.fill(0);
    const made = new Uint8Array(count);
    shelf.all.push(made);
    return made;
  }
}
