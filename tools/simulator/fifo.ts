/** A queue that takes at the back and gives at the front, or from anywhere when a decision says so. */
export class Fifo<T> {
  private items: T[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    if (this.head >= this.items.length) return undefined;
    // The usual queue has one item and has just been empty; setting the length of an array is a slow call.
    if (this.head === 0 && this.items.length === 1) return this.items.pop();
    const item = this.items[this.head] as T;
    this.head++;
    if (this.head === this.items.length) {
      this.items = [];
      this.head = 0;
    } else if (this.head >= 64 && 2 * this.head >= this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** Takes out the item that has `index` others before it. */
  takeAt(index: number): T | undefined {
    if (index === 0) return this.shift();
    return this.items.splice(this.head + index, 1)[0];
  }

  /** Takes out `item`; false when it is not there. */
  remove(item: T): boolean {
    const at = this.items.indexOf(item, this.head);
    if (at < 0) return false;
    this.takeAt(at - this.head);
    return true;
  }

  toArray(): T[] {
    return this.items.slice(this.head);
  }
}
