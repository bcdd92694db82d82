/**
 * Random C over the kernel's integer types: statements that store, and an expression. Everything in it is defined in
 * the C of the kernel, where signed sums wrap: divisors are not zero, quotients fit, shift counts are below the width,
 * and what an operand changes nothing beside it reads.
 */
import { below, type Generator32, seededGenerator } from "../../tools/simulator/random.ts";
import { identityOf, PLACES, type Place, TYPE_NAMES, TYPES } from "./integer-places.ts";
import { LEVEL, leaf, type Piece, type Slot, textOf } from "./pieces.ts";

const LITERALS = [
  ["0", "1", "2", "3", "7", "10", "127", "128", "255", "256", "1000", "32767", "32768", "65535", "65536"],
  ["0x7fffffff", "0x80000000", "2147483647", "2147483648", "0xffffffff", "4294967295", "4294967296"],
  ["0xffffffffffffffff", "0x8000000000000000", "0x7fffffffffffffffLL", "9007199254740993", "010", "0b101"],
  ["1U", "1L", "1UL", "3ULL", "0UL", "~0U", "~0UL", "-1", "-1L", "'a'", "'\\0'", "'\\xff'", "'\\200'", "true"],
].flat();
const INFIX: readonly (readonly [operator: string, level: number])[] = [
  ["+", LEVEL.sum],
  ["-", LEVEL.sum],
  ["+", LEVEL.sum],
  ["-", LEVEL.sum],
  ["*", LEVEL.product],
  ["&", LEVEL.bitAnd],
  ["|", LEVEL.bitOr],
  ["^", LEVEL.bitXor],
  ["<", LEVEL.relation],
  [">", LEVEL.relation],
  ["<=", LEVEL.relation],
  [">=", LEVEL.relation],
  ["==", LEVEL.equality],
  ["!=", LEVEL.equality],
  ["&&", LEVEL.and],
  ["||", LEVEL.or],
];
const STORES = ["=", "=", "=", "+=", "-=", "+=", "-=", "*=", "&=", "|=", "^="];
const BYTE_ORDERS = ["le16", "le32", "le64", "be16", "be32", "be64"];
const SPANS = ["HZ", "3 * HZ", "HZ / 10", "60 * HZ", "HZ / 2", "1", "2", "300 * HZ", "5 * HZ + 1", "24 * 3600 * HZ"];

/** How many statements stand before an expression. */
const STATEMENTS = [0, 0, 0, 1, 1, 2];
/** `!x--` is read as `(!x)--` by the parser, and refused by the translator: increments get parentheses. */
const UPDATE = LEVEL.unary - 1;

/** A statement, its places that are stored to included. */
export interface Statement {
  readonly piece: Piece;
  readonly stored: readonly Place[];
}

/** An expression with the statements before it, and the places that they are about. */
export interface Case {
  readonly places: readonly Place[];
  /** The number of the input that a place starts with, in the order of the places. */
  readonly inputs: readonly number[];
  readonly statements: readonly Statement[];
  readonly result: Piece;
  /** What the expression itself stores to. */
  readonly stored: readonly Place[];
}

export const INPUTS = 16;

class Maker {
  private readonly generator: Generator32;
  private readonly longBits: 32 | 64;
  private places: readonly Place[] = [];
  /** What the expression in hand may change once, in one place of it; nothing beside that place may name it. */
  private hidden: Place | null = null;
  private mayChange = false;
  private stored: Place[] = [];

  constructor(seed: number, longBits: 32 | 64) {
    this.generator = seededGenerator(seed);
    this.longBits = longBits;
  }

  case(): Case {
    const places = new Set<Place>();
    for (let i = 2 + this.below(3); i > 0; i--) places.add(this.one(PLACES));
    this.places = [...places];
    const inputs = this.places.map(() => this.below(INPUTS));
    const statements: Statement[] = [];
    for (let i = this.one(STATEMENTS); i > 0; i--) statements.push(this.statement());
    this.begin([]);
    const result = this.expression(2 + this.below(6));
    return { places: this.places, inputs, statements, result, stored: this.stored };
  }

  private below(n: number): number {
    return below(this.generator, n);
  }

  private one<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Starts a full expression: which places it may change besides those that it stores to as a whole. */
  private begin(targets: readonly Place[]): void {
    const free = this.places.filter((one) => !targets.includes(one) && one.kind !== "array");
    this.hidden = free.length > 1 && this.below(2) === 0 ? this.one(free) : null;
    this.mayChange = this.hidden !== null;
    this.stored = [...targets];
  }

  private slot(size: number, needs: number): Slot {
    const piece = this.expression(size);
    // `(name) & x` and `(f((x))) * y` read like casts to a parser that knows no types: the translator refuses them.
    const isFree = piece.level < LEVEL.primary && needs > LEVEL.assign;
    return { piece, needs, isGrouped: isFree && this.below(3) === 0 };
  }

  /** The largest count by which what a place holds may be shifted; a bit-field is read as an int. */
  private count(place: Place): number {
    const bits = TYPES[place.type] ?? 64;
    return place.kind !== "bit-field" && (bits === "long" ? this.longBits : bits) === 64 ? 63 : 31;
  }

  private statement(): Statement {
    const target = this.one(this.places);
    this.begin([target]);
    const size = 1 + this.below(4);
    const piece = this.below(8) === 0 ? this.branches(target, size) : this.store(target, size);
    return { piece, stored: this.stored };
  }

  private branches(target: Place, size: number): Piece {
    const parts: (string | Slot)[] = ["if (", this.slot(size, 0), ")\n\t\t\t"];
    const asked = this.stored;
    this.begin([target]);
    const yes = this.store(target, 2);
    const before = this.stored;
    this.begin([target]);
    const no = this.store(target, 2);
    this.stored = [...new Set([...asked, ...before, ...this.stored])];
    return { level: 0, parts: [...parts, ...yes.parts, "\n\t\telse\n\t\t\t", ...no.parts] };
  }

  /** `place op= value;` and its kin. */
  private store(target: Place, size: number): Piece {
    const place = this.written(target);
    const count = this.count(target);
    switch (this.below(8)) {
      case 0:
        return {
          level: 0,
          parts: [...place, ` ${this.one(["/=", "%="])} (`, this.slot(size, LEVEL.bitAnd), " & 7) + 1;"],
        };
      case 1:
        return {
          level: 0,
          parts: [...place, ` ${this.one(["<<=", ">>="])} `, this.slot(size, LEVEL.bitAnd), ` & ${count};`],
        };
      case 2:
        return { level: 0, parts: this.updated(place).concat(";") };
      case 3:
        return this.special(target, place, size);
      default:
        return { level: 0, parts: [...place, ` ${this.one(STORES)} `, this.slot(size, LEVEL.assign), ";"] };
    }
  }

  private special(target: Place, place: readonly (string | Slot)[], size: number): Piece {
    const other = this.places.find((one) => one !== target && one.kind !== "array" && one !== this.hidden);
    const isWhole = target.kind === "local" || target.kind === "member";
    if (target.type === "u64" && isWhole && this.below(2) === 0) {
      return { level: 0, parts: [`do_div(${target.text}, (u32)`, this.slot(size, LEVEL.unary), " | 1);"] };
    }
    if (other !== undefined && isWhole && other.type === target.type && other.kind !== "bit-field") {
      this.stored.push(other);
      return leaf(`swap(${target.text}, ${other.text});`, 0);
    }
    // What an index reads must not change on the right side.
    if (other !== undefined && target.kind !== "array") {
      this.stored.push(other);
      const parts = [...place, ` ${this.one(STORES)} ${other.text} ${this.one(STORES)} `];
      return { level: 0, parts: [...parts, this.slot(size, LEVEL.assign), ";"] };
    }
    if (target.kind === "bit-field") return { level: 0, parts: this.updated(place).concat(";") };
    return { level: 0, parts: ["WRITE_ONCE(", ...place, ", ", this.slot(size, LEVEL.assign), ");"] };
  }

  private updated(place: readonly (string | Slot)[]): (string | Slot)[] {
    return this.below(2) === 0 ? [...place, this.one(["++", "--"])] : [this.one(["++", "--"]), ...place];
  }

  /** A place as the left side of an assignment, or read. */
  private written(place: Place): readonly (string | Slot)[] {
    if (place.kind !== "array") return [place.text];
    // An index that is worked out, into bytes of a packed struct, is refused by the translator where it is stored to.
    if (place.text.startsWith("p->")) return [`${place.text}[${this.below(2)}]`];
    return [`${place.text}[`, this.slot(this.below(3), LEVEL.bitAnd), " & 1]"];
  }

  private expression(size: number): Piece {
    if (size <= 1) return this.leaf();
    const kind = this.below(24);
    if (kind < 7) return this.infix(size);
    if (kind < 9) return this.division(size);
    if (kind < 11) return this.shift(size);
    if (kind < 13) return this.prefixed(size);
    if (kind < 16) return this.cast(size);
    if (kind < 18) return this.conditional(size);
    if (kind < 19) return this.call(size);
    if (kind < 21) return this.time(size);
    if (kind < 23) return this.changing(size);
    return this.comma(size);
  }

  private readable(): readonly Place[] {
    return this.places.filter((one) => one !== this.hidden);
  }

  private leaf(): Piece {
    const kind = this.below(20);
    const readable = this.readable();
    if (kind < 12 && readable.length > 0) {
      const place = this.one(readable);
      return { level: LEVEL.primary, parts: this.indexed(place) };
    }
    if (kind < 16) return leaf(this.one(LITERALS), LEVEL.unary);
    if (kind === 16) return leaf(this.one(["jiffies", "jiffies", "HZ", "jiffies_64"]));
    if (kind === 17) return leaf(`sizeof(${this.one(TYPE_NAMES)})`, LEVEL.unary);
    return leaf(`${this.below(2) === 0 ? 1 + this.below(1000) : this.generator.next()}`);
  }

  private indexed(place: Place): readonly (string | Slot)[] {
    if (place.kind !== "array") return [place.text];
    if (this.below(2) === 0) return [`${place.text}[${this.below(2)}]`];
    const indices = this.readable().filter((one) => one.kind !== "array");
    return [indices.length === 0 ? `${place.text}[1]` : `${place.text}[${this.one(indices).text} & 1]`];
  }

  private halves(size: number): readonly [number, number] {
    const first = 1 + this.below(Math.max(1, size - 2));
    return [first, Math.max(1, size - 1 - first)];
  }

  private infix(size: number): Piece {
    const [operator, level] = this.one(INFIX);
    const [a, b] = this.halves(size);
    return { level, parts: [this.slot(a, level), ` ${operator} `, this.slot(b, level + 1)] };
  }

  private division(size: number): Piece {
    const [a, b] = this.halves(size);
    const operator = this.one(["/", "%"]);
    const level = LEVEL.product;
    switch (this.below(5)) {
      case 0:
        return { level, parts: [this.slot(a, level), ` ${operator} ((`, this.slot(b, LEVEL.bitAnd), " & 7) + 1)"] };
      case 1:
        return { level, parts: [this.slot(a, level), ` ${operator} ((u32)`, this.slot(b, LEVEL.unary), " | 1)"] };
      case 2:
        return { level, parts: [this.slot(a, level), ` ${operator} ((u64)`, this.slot(b, LEVEL.unary), " | 1)"] };
      case 3:
        // The dividend is not the least of its type, so that -1 may divide it.
        return {
          level,
          parts: ["(s64)(int)", this.slot(a, LEVEL.unary), ` ${operator} ((int)`, this.slot(b, LEVEL.unary), " | 1)"],
        };
      default:
        return {
          level,
          parts: ["(int)(short)", this.slot(a, LEVEL.unary), ` ${operator} ((int)`, this.slot(b, LEVEL.unary), " | 1)"],
        };
    }
  }

  private shift(size: number): Piece {
    const [a, b] = this.halves(size);
    const level = LEVEL.shift;
    const operator = this.one(["<<", ">>"]);
    const cast = this.one(["", "", "(u64)", "(s64)", "(unsigned long)", "(long)"]);
    const count = cast.includes("64") || (cast !== "" && this.longBits === 64) ? 63 : 31;
    const operand = this.slot(a, cast === "" ? level : LEVEL.unary);
    return { level, parts: [cast, operand, ` ${operator} (`, this.slot(b, LEVEL.bitAnd), ` & ${count})`] };
  }

  private prefixed(size: number): Piece {
    const operator = this.one(["-", "~", "!", "+", "- -", "!!", "~-", "-~"]);
    return { level: LEVEL.unary, parts: [`${operator} `, this.slot(size - 1, LEVEL.unary)] };
  }

  private cast(size: number): Piece {
    const type = this.one(TYPE_NAMES);
    if (this.below(4) === 0) {
      return { level: LEVEL.primary, parts: [`${identityOf(type)}(`, this.slot(size - 1, LEVEL.assign), ")"] };
    }
    return { level: LEVEL.unary, parts: [`(${type})`, this.slot(size - 1, LEVEL.unary)] };
  }

  private conditional(size: number): Piece {
    const level = LEVEL.conditional;
    const [a, rest] = this.halves(size);
    if (this.below(4) === 0) return { level, parts: [this.slot(a, LEVEL.or), " ?: ", this.slot(rest, level)] };
    const [b, c] = this.halves(Math.max(3, rest));
    return {
      level,
      parts: [this.slot(a, LEVEL.or), " ? ", this.slot(b, LEVEL.comma), " : ", this.slot(c, level)],
    };
  }

  private comma(size: number): Piece {
    const readable = this.readable();
    if (readable.length === 0) return this.infix(size);
    const first: Slot = {
      piece: { level: LEVEL.primary, parts: this.indexed(this.one(readable)) },
      needs: LEVEL.primary,
      isGrouped: false,
    };
    // gcc 12 breaks down over `(bool)(1, 2)`: something that is not constant comes first.
    return { level: LEVEL.comma, parts: [first, " + 1, ", this.slot(size - 1, LEVEL.assign)] };
  }

  /** Macros and functions of the kernel that work on integers. */
  private call(size: number): Piece {
    const level = LEVEL.primary;
    const [a, b] = this.halves(size);
    const one = (): Slot => this.slot(a, LEVEL.assign);
    const two = (): Slot => this.slot(b, LEVEL.assign);
    const type = this.one(TYPE_NAMES);
    switch (this.below(10)) {
      case 0:
        return { level, parts: [`${this.one(["min", "max"])}(`, one(), ", ", two(), ")"] };
      case 1:
        return { level, parts: [`${this.one(["min_t", "max_t"])}(${type}, `, one(), ", ", two(), ")"] };
      case 2:
        return { level, parts: [`${this.one(["min3", "max3"])}(`, one(), ", ", two(), ", 1000)"] };
      case 3:
        return { level, parts: [`${this.one(["umin", "umax"])}(`, one(), ", ", two(), ")"] };
      case 4:
        return { level, parts: [`clamp((${type})`, this.slot(a, LEVEL.unary), ", 3, 100)"] };
      case 5:
        return { level, parts: [`clamp_t(${type}, `, one(), ", 1, 200)"] };
      case 6:
        return {
          level,
          parts: [
            `clamp_val((${type})`,
            this.slot(a, LEVEL.unary),
            `, 2, ${this.one(["100", "300", "70000", "-1U"])})`,
          ],
        };
      case 7:
        return { level, parts: [`${this.one(["likely", "unlikely"])}(`, one(), ")"] };
      default: {
        const order = this.one(BYTE_ORDERS);
        const name = this.one([`cpu_to_${order}`, `${order}_to_cpu`]);
        return { level, parts: [`${name}(`, one(), ")"] };
      }
    }
  }

  /** A moment: an unsigned long, as time_after() and its kin insist. */
  private moment(size: number): Slot {
    const longs = this.readable().filter((one) => one.type === "unsigned long" && one.kind === "local");
    const base = longs.length > 0 && this.below(2) === 0 ? this.one(longs).text : "jiffies";
    const piece = ((): Piece => {
      switch (this.below(5)) {
        case 0:
          return leaf(base);
        case 1:
        case 2:
          return leaf(`${base} ${this.one(["+", "-"])} ${this.one(SPANS)}`, LEVEL.sum);
        case 3: {
          const span = this.slot(size, LEVEL.bitAnd);
          return { level: LEVEL.sum, parts: [`${base} ${this.one(["+", "-"])} (int)(`, span, " & 0xfff) * HZ"] };
        }
        default:
          return { level: LEVEL.unary, parts: ["(unsigned long)", this.slot(size, LEVEL.unary)] };
      }
    })();
    const isGrouped = piece.level < LEVEL.primary && this.below(4) === 0;
    return { piece, needs: LEVEL.assign, isGrouped, atLeast: leaf("jiffies") };
  }

  /** Comparisons of moments; the kernel's macros may look at one twice or never, so that nothing in them changes. */
  private time(size: number): Piece {
    const mayChange = this.mayChange;
    this.mayChange = false;
    const piece = this.comparedTimes(size);
    this.mayChange = mayChange;
    return piece;
  }

  private comparedTimes(size: number): Piece {
    const [x, y] = this.halves(size);
    const [a, b] = [this.moment(x), this.moment(y)];
    switch (this.below(6)) {
      case 0: {
        const name = this.one(["time_in_range", "time_in_range_open"]);
        return { level: LEVEL.primary, parts: [`${name}(`, a, ", ", b, ", ", this.moment(1), ")"] };
      }
      case 1: {
        const type = this.one(["long", "int", "s64", "unsigned int", "long", "short"]);
        const operator = this.one(["<", "<=", ">", ">=", "+", "-"]);
        const level = /[+-]/.test(operator) ? LEVEL.sum : LEVEL.relation;
        return { level, parts: [`(${type})(`, a, " - ", { ...b, needs: LEVEL.product }, `) ${operator} 0`] };
      }
      case 2: {
        const elapsed = { ...b, needs: LEVEL.product };
        const operator = this.one([">", ">=", "<", "<=", "-", "=="]);
        const level = operator === "-" ? LEVEL.sum : operator === "==" ? LEVEL.equality : LEVEL.relation;
        return { level, parts: [a, " - ", elapsed, ` ${operator} ${this.one(SPANS.slice(0, 5))}`] };
      }
      case 3: {
        const name = this.one(["msecs_to_jiffies", "secs_to_jiffies"]);
        return { level: LEVEL.primary, parts: [`${name}(`, this.slot(y, LEVEL.assign), ")"] };
      }
      default: {
        const name = this.one(["time_after", "time_before", "time_after_eq", "time_before_eq"]);
        return { level: LEVEL.primary, parts: [`${name}(`, a, ", ", b, ")"] };
      }
    }
  }

  /** An expression that stores; where there is nothing to change any more, one that reads. */
  private changing(size: number): Piece {
    const place = this.hidden;
    if (place === null || !this.mayChange) return this.infix(size);
    this.mayChange = false;
    this.stored.push(place);
    return this.change(place, size);
  }

  private change(place: Place, size: number): Piece {
    const update = this.updated([place.text]);
    switch (this.below(5)) {
      case 0:
        return { level: UPDATE, parts: update };
      case 1:
        return {
          level: LEVEL.assign,
          parts: [`${place.text} ${this.one(STORES)} `, this.slot(size - 1, LEVEL.assign)],
        };
      case 2: {
        const count = this.count(place);
        const operator = this.one(["<<=", ">>="]);
        return {
          level: LEVEL.assign,
          parts: [`${place.text} ${operator} `, this.slot(size - 1, LEVEL.bitAnd), ` & ${count}`],
        };
      }
      case 3:
        return {
          level: LEVEL.comma,
          parts: [`${place.text} ${this.one(STORES)} `, this.slot(size - 2, LEVEL.assign), `, ${place.text} * 3`],
        };
      default: {
        const operator = this.one(["&&", "||"]);
        const level = operator === "&&" ? LEVEL.and : LEVEL.or;
        return { level, parts: [this.slot(size - 2, level), ` ${operator} (`, ...update, ")"] };
      }
    }
  }
}

/** Random cases, no two alike: the same ones for the same seed. */
export class Cases {
  private readonly maker: Maker;

  /** @param seen texts that there have been; those that come are added */
  constructor(
    seed: number,
    longBits: 32 | 64,
    private readonly seen: Set<string>,
  ) {
    this.maker = new Maker(seed, longBits);
  }

  next(count: number): readonly Case[] {
    const found: Case[] = [];
    while (found.length < count) {
      const one = this.maker.case();
      const text = [...one.statements.map(({ piece }) => textOf(piece)), textOf(one.result)].join("\n");
      if (this.seen.has(text)) continue;
      this.seen.add(text);
      found.push(one);
    }
    return found;
  }
}
