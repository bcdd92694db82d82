/** What was used last is kept, up to a total weight: memory that does not depend on how long a history is. */
export class Recent<Key, Value> {
  private readonly entries = new Map<Key, readonly [Value, number]>();
  private total = 0;

  constructor(private readonly limit: number) {}

  get(key: Key): Value | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    // A Map goes through its entries in the order in which they were put.
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry[0];
  }

  /** @param weight in the unit of the limit */
  set(key: Key, value: Value, weight: number): void {
    const known = this.entries.get(key);
    if (known !== undefined) this.total -= known[1];
    this.entries.delete(key);
    this.entries.set(key, [value, weight]);
    this.total += weight;
    for (const [oldest, [, one]] of this.entries) {
      if (this.total <= this.limit || oldest === key) return;
      this.entries.delete(oldest);
      this.total -= one;
    }
  }
}
