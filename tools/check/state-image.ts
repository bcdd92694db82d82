/**
 * The state of a simulation as one thing: everything that can be reached from some roots, hashed, saved, put back.
 *
 * A search through interleavings does this at every step, so it has to take microseconds: code is generated for each
 * shape of objects (state-visitors.ts), and an object carries two fields that say when it was last seen and which code
 * knows it ($mark, $kind; plain ones, since hidden ones cost much more to add).
 *
 * Objects are numbered in the order in which they are reached, and a reference is hashed as that number. So the hash
 * depends on values and on the structure of references, not on which objects these are, or what else lies about.
 */
import {
  atomNumber,
  type Field,
  hashOfText,
  type Marked,
  type Role,
  refuseObject,
  type Visitors,
  visitorsOfArrays,
  visitorsOfBytes,
  visitorsOfShape,
  Walk,
} from "./state-visitors.ts";

export interface StateImageOptions {
  /** Where to begin; the order matters. What is in them is part of the state, the list itself is not. */
  readonly roots: () => readonly object[];
  /** What fields of role "time" are relative to. */
  readonly now: () => number;
  /**
   * How a field is looked at; asked once for each shape.
   * - plain: by value; an object in it is followed
   * - time: as plain, but a number other than 0 is hashed by its distance from now
   * - deadline: the same, and what has passed is hashed alike however long ago that was
   * - name: as plain, but of numbers only matters which of them are the same
   * - count: as plain, but numbers above 8 are hashed alike
   * - constant: never stored since the first look: an object in it is followed, and nothing else
   * - skip: saved and put back, neither hashed nor followed
   * - atom: an object in it is hashed by its identity, and not followed
   */
  readonly role: (className: string, field: string) => Role;
  /** Objects that are atoms wherever they are, such as LIST_POISON1, whose fields must not be read. */
  readonly atoms?: readonly object[];
  /** Typed arrays: "content" is hashed and put back; by default they are only told apart. */
  readonly bytes?: "reference" | "content";
}

/** What save() yields, for restore() of the same image. */
export interface SavedState {
  /** Of each object its kind, itself, and its values. */
  readonly values: readonly unknown[];
}

interface Shape {
  readonly keys: readonly string[];
  readonly kind: number;
}

/** Kinds of shapes are unique in the process, for several images may see the same object. */
let kinds = 0;
/** The walk before, of whichever image; it may have ended in a fault. The next one's marks begin behind its marks. */
let lastWalk: Walk | null = null;

const HIDDEN = new Set(["$mark", "$kind"]);
/** Objects with state that no field shows are none of these: collections, coroutines, promises, errors. */
const PLAIN_TAG = "[object Object]";

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** murmur3's finish: every bit of the result depends on every bit. */
function finished(lane: number): number {
  let h = lane ^ (lane >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

export class StateImage {
  /** Halves of the last hash, as signed 32-bit integers. */
  h1 = 0;
  h2 = 0;
  /** Objects that the last hash or save reached. */
  objectCount = 0;
  private readonly walk = new Walk((object) => this.adopt(object));
  private readonly shapes = new Map<unknown, Shape[]>();
  /** By kind; kinds of other images have none. */
  private readonly visitors: Visitors[] = [];
  private readonly arrays: number;
  private readonly bytes: number;
  private readonly atoms: ReadonlySet<object>;

  constructor(private readonly options: StateImageOptions) {
    this.atoms = new Set(options.atoms ?? []);
    this.arrays = ++kinds;
    this.visitors[this.arrays] = visitorsOfArrays(this.arrays);
    this.bytes = ++kinds;
    this.visitors[this.bytes] = visitorsOfBytes(this.bytes, options.bytes === "content");
  }

  /**
   * Hashes the state into `h1` and `h2`.
   *
   * @throws SimulationFault of kind unsupported for what it cannot look into: collections, coroutines, accessors
   */
  hash(): void {
    const { walk } = this;
    this.begin();
    for (let i = 0; i < walk.count; i++) this.visitorsAt(i).hash(walk, walk.queue[i] as object);
    this.end(true);
  }

  /** As hash(), and times to come are alike however far off they are: for loops that only bring them nearer. */
  coarseHash(): void {
    this.walk.isCoarse = true;
    this.hash();
    this.walk.isCoarse = false;
  }

  /** @returns the state, to be put back any number of times */
  save(): SavedState {
    const { walk } = this;
    this.begin();
    for (let i = 0; i < walk.count; i++) this.visitorsAt(i).save(walk, walk.queue[i] as object);
    this.end(false);
    return { values: walk.values.slice(0, walk.filled) };
  }

  /** Both at once, in one walk. */
  hashAndSave(): SavedState {
    const { walk } = this;
    this.begin();
    for (let i = 0; i < walk.count; i++) this.visitorsAt(i).hashAndSave(walk, walk.queue[i] as object);
    this.end(true);
    return { values: walk.values.slice(0, walk.filled) };
  }

  /**
   * Puts back the fields and elements of every object that a state was saved with, in these very objects. Objects that
   * were made since then are no longer reached.
   */
  restore({ values }: SavedState): void {
    const { visitors } = this;
    for (let at = 0; at < values.length; ) {
      at = (visitors[values[at] as number] as Visitors).restore(values, at);
    }
  }

  private begin(): void {
    const { walk, options } = this;
    if (lastWalk !== null) walk.base = lastWalk.base + lastWalk.count;
    lastWalk = walk;
    walk.count = 0;
    walk.filled = 0;
    walk.names.length = 0;
    walk.now = options.now();
    const roots = options.roots();
    let h = roots.length;
    for (let i = 0; i < roots.length; i++) h = Math.imul(h, 31) + walk.reach(roots[i] as object);
    walk.h1 = h | 0;
    walk.h2 = ~h;
  }

  private end(isHashed: boolean): void {
    const { walk } = this;
    this.objectCount = walk.count;
    if (!isHashed) return;
    this.h1 = finished(walk.h1 ^ walk.count);
    this.h2 = finished(walk.h2 ^ Math.imul(this.h1, 0x9e3779b1));
  }

  /** Of the i-th object of the walk. */
  private visitorsAt(i: number): Visitors {
    const { walk } = this;
    const known = this.visitors[walk.kinds[i] as number];
    return known ?? this.readopted(i);
  }

  /** An object that another image saw last. */
  private readopted(i: number): Visitors {
    const object = this.walk.queue[i] as Marked;
    const { $mark } = object;
    this.adopt(object);
    if ($mark !== undefined) object.$mark = $mark;
    this.walk.kinds[i] = object.$kind as number;
    return this.visitors[object.$kind as number] as Visitors;
  }

  /** Gives an object its kind. */
  private adopt(object: Marked): void {
    if (this.atoms.has(object)) {
      object.$mark = -atomNumber(object);
      return;
    }
    if (!Object.isExtensible(object)) refuseObject(`a frozen ${object.constructor.name}; its field could be an atom`);
    object.$kind = this.kindOf(object);
  }

  private kindOf(object: object): number {
    if (Array.isArray(object)) return this.arrays;
    const shapes = this.shapes.get(object.constructor);
    if (shapes !== undefined) {
      // Nearly always one that is seen for the first time, and so has no hidden fields yet.
      const all = Object.keys(object);
      for (const shape of shapes) if (isSameList(shape.keys, all)) return shape.kind;
      const keys = all.filter((key) => !HIDDEN.has(key));
      for (const shape of shapes) if (isSameList(shape.keys, keys)) return shape.kind;
    }
    return this.newKind(object);
  }

  private newKind(object: object): number {
    if (ArrayBuffer.isView(object)) return this.bytes;
    const tag = Object.prototype.toString.call(object);
    if (tag !== PLAIN_TAG) refuseObject(`an ${tag}, which hides what is in it`);
    const kind = ++kinds;
    const keys = Object.keys(object).filter((key) => !HIDDEN.has(key));
    this.visitors[kind] = this.visitorsOf(kind, object, keys);
    const shapes = this.shapes.get(object.constructor);
    if (shapes === undefined) this.shapes.set(object.constructor, [{ keys, kind }]);
    else shapes.push({ keys, kind });
    return kind;
  }

  private visitorsOf(kind: number, object: object, keys: readonly string[]): Visitors {
    const name = object.constructor?.name ?? "null";
    const fields = [...keys].sort().map((key): Field => {
      const property = Object.getOwnPropertyDescriptor(object, key);
      if (property === undefined || !("value" in property)) refuseObject(`an accessor ${name}.${key}`);
      if (property.writable !== true) refuseObject(`a constant ${name}.${key}`);
      const value: unknown = property.value;
      return { name: key, role: this.options.role(name, key), isObject: typeof value === "object" };
    });
    return visitorsOfShape(kind, hashOfText(`${name} ${fields.map((one) => one.name).join(" ")}`), fields);
  }
}
