/**
 * A binary heap of things that happen at a tick. Nodes carry their own place, so that a timer is removed or moved in
 * O(log n) without a search; a simulation holds a handful, so creating one costs one empty array.
 */

/** What a heap orders: by tick, then by rank. A node is in at most one heap. */
export interface HeapNode {
  tick: number;
  /** Order within one tick; lower first. No two nodes of a heap have the same tick and rank. */
  rank: number;
  /** Place in the heap, -1 when in none. Only the heap writes it. */
  heapIndex: number;
}

function isBefore(a: HeapNode, b: HeapNode): boolean {
  return a.tick < b.tick || (a.tick === b.tick && a.rank < b.rank);
}

export class Heap<T extends HeapNode> {
  private readonly nodes: T[] = [];

  /** All nodes, in no order that means anything. */
  get all(): readonly T[] {
    return this.nodes;
  }

  get size(): number {
    return this.nodes.length;
  }

  /** The tick of the first node; Infinity when there is none. */
  get nextTick(): number {
    const first = this.nodes[0];
    return first === undefined ? Number.POSITIVE_INFINITY : first.tick;
  }

  peek(): T | undefined {
    return this.nodes[0];
  }

  push(node: T): void {
    this.nodes.push(node);
    this.rise(node, this.nodes.length - 1);
  }

  pop(): T | undefined {
    const first = this.nodes[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  remove(node: T): void {
    const hole = node.heapIndex;
    node.heapIndex = -1;
    const last = this.nodes.pop();
    if (last === undefined || last === node) return;
    if (hole > 0 && isBefore(last, this.nodes[(hole - 1) >> 1] as T)) this.rise(last, hole);
    else this.sink(last, hole);
  }

  /** Puts `node` at `index` or above. */
  private rise(node: T, index: number): void {
    const { nodes } = this;
    let place = index;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = nodes[above] as T;
      if (!isBefore(node, parent)) break;
      nodes[place] = parent;
      parent.heapIndex = place;
      place = above;
    }
    nodes[place] = node;
    node.heapIndex = place;
  }

  /** Puts `node` at `index` or below. */
  private sink(node: T, index: number): void {
    const { nodes } = this;
    const size = nodes.length;
    let place = index;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= size) break;
      if (below + 1 < size && isBefore(nodes[below + 1] as T, nodes[below] as T)) below++;
      const child = nodes[below] as T;
      if (!isBefore(child, node)) break;
      nodes[place] = child;
      child.heapIndex = place;
      place = below;
    }
    nodes[place] = node;
    node.heapIndex = place;
  }
}
