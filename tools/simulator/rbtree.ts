/**
 * Red-black trees: include/linux/rbtree.h and lib/rbtree.c. Colours and rotations keep searches short and change
 * nothing else: the order of the nodes is what C sees, so this tree is not balanced.
 */
import { SimulationFault } from "./fault.ts";
import type { Pointer } from "./pointers.ts";
import { Struct } from "./structs.ts";

/** struct rb_node. */
export class RbNode extends Struct {
  rb_left: RbNode = null as never;
  rb_right: RbNode = null as never;
  /** The node above; itself where it is in no tree (RB_CLEAR_NODE), null at the top. */
  __rb_parent_color: unknown = null;
}

/** struct rb_root. */
export class RbRoot extends Struct {
  rb_node: RbNode = null as never;
}

/** Puts a new node where a search ended. */
export function rb_link_node(node: RbNode, parent: RbNode, link: Pointer<RbNode>): void {
  node.__rb_parent_color = parent;
  node.rb_left = null as never;
  node.rb_right = null as never;
  link.value = node;
}

/** Would balance the tree. */
export function rb_insert_color(_node: RbNode, _root: RbRoot): void {}

/** Puts `fresh` (or nothing) where `node` was below its parent. */
function replace(node: RbNode, fresh: RbNode | null, root: RbRoot): void {
  const parent = node.__rb_parent_color as RbNode | null;
  if (parent === null) {
    if (root.rb_node !== node) throw new SimulationFault("bad-pointer", "rb_erase of a node that is in another tree");
    root.rb_node = fresh as RbNode;
  } else if (parent.rb_left === node) {
    parent.rb_left = fresh as RbNode;
  } else {
    parent.rb_right = fresh as RbNode;
  }
  if (fresh !== null) fresh.__rb_parent_color = parent;
}

/** Takes a node out of its tree; what it points to stays as it was. */
export function rb_erase(node: RbNode, root: RbRoot): void {
  const left: RbNode | null = node.rb_left;
  const right: RbNode | null = node.rb_right;
  if (left === null || right === null) {
    replace(node, left ?? right, root);
    return;
  }
  let next = right;
  while ((next.rb_left as RbNode | null) !== null) next = next.rb_left;
  if (next !== right) {
    replace(next, next.rb_right, root);
    next.rb_right = right;
    right.__rb_parent_color = next;
  }
  replace(node, next, root);
  next.rb_left = left;
  left.__rb_parent_color = next;
}
