/** Events as words that a person reads. */

import type { CallPlan, ValuePlan } from "./boundary-plan.ts";
import { isLink } from "./layout.ts";
import { CONTENT_DEPTH, CONTENT_LEAVES, EVENT, FAULT, ORDINAL_BITS, POINTER } from "./protocol.ts";
import type { HarnessPlan } from "./slice-source.ts";
import { joined } from "./words.ts";

/** One event: its text, and where in the words it stands. */
export interface DecodedEvent {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** The address that the harness says it comes from; null where it does not say. */
  readonly place: bigint | null;
  readonly kind: number;
}

const KIND_MASK = 0xff;
const ORDINAL_MASK = 2 ** ORDINAL_BITS - 1;

/** Reads the events of one history. */
export class EventReader {
  private at: number;
  /** Layout of each object as far as the events tell. */

  constructor(
    private readonly plan: HarnessPlan,
    private readonly words: Int32Array,
    from: number,
  ) {
    this.at = from;
  }

  /** All events up to the history's end, or to the end of the words. */
  *events(): Generator<DecodedEvent> {
    let place: bigint | null = null;
    while (this.at < this.words.length) {
      const from = this.at;
      const word = this.next();
      const kind = word & KIND_MASK;
      if (kind === EVENT.PLACE) {
        place = this.value();
        continue;
      }
      yield { text: this.text(kind, word >> 8), from, to: this.at, place, kind };
      place = null;
      if (kind === EVENT.END) return;
      if (!Object.values(EVENT).includes(kind as 1)) return;
    }
  }

  private next(): number {
    return this.words[this.at++] ?? 0;
  }

  private value(): bigint {
    const low = this.next();
    return joined(low, this.next());
  }

  private text(kind: number, number: number): string {
    switch (kind) {
      case EVENT.CALL:
        return this.call(this.plan.calls[number]);
      case EVENT.CHANGE: {
        const id = this.next();
        const ordinal = this.next();
        return `object ${id}, place ${ordinal} = ${this.value()}`;
      }
      case EVENT.RETURN: {
        const entry = this.plan.entries[number];
        return `${entry?.name ?? "?"} returns ${entry?.result.kind === "pointer" ? this.pointer() : this.value()}`;
      }
      case EVENT.CONDITION:
        return `the condition of the wait is ${number === 1 ? "true" : "false"}`;
      case EVENT.STOP:
        return number === 0 ? "BUG()" : "a place beyond the model";
      case EVENT.FAULT:
        return `fault: ${Object.entries(FAULT).find(([, value]) => value === number)?.[0] ?? number}`;
      case EVENT.END:
        return "the end";
      default:
        return `word ${kind}`;
    }
  }

  private pointer(): string {
    const low = this.next();
    return pointerText(this.plan, low, this.next());
  }

  private call(call: CallPlan | undefined): string {
    if (call === undefined) return "a call that does not exist";
    const given = call.parameters.map((one) =>
      one.kind === "pointer" ? this.pointerArgument(one) : `${this.value()}`,
    );
    return `${call.name}(${given.join(", ")})`;
  }

  private pointerArgument(plan: ValuePlan): string {
    const low = this.next();
    const high = this.next();
    const text = pointerText(this.plan, low, high);
    const isUnnamed = low === 1 && high === 0;
    const content = isUnnamed && plan.cell === null && plan.layout !== null ? ` ${this.content(plan.layout, 1)}` : "";
    const count = this.next();
    return `${text}${content}${this.bytes(count)}`;
  }

  private bytes(count: number): string {
    if (count <= 0) return "";
    const bytes: string[] = [];
    for (let i = 0; i < count; i += 4) {
      const word = this.next();
      for (let j = 0; j < 4 && i + j < count; j++)
        bytes.push(((word >>> (8 * j)) & 0xff).toString(16).padStart(2, "0"));
    }
    return ` [${bytes.join(" ")}]`;
  }

  private content(index: number, depth: number): string {
    const layout = this.plan.layouts[index];
    const leaves = layout === undefined || layout.leaves.length > CONTENT_LEAVES ? [] : layout.leaves;
    const parts = leaves.map((leaf) => {
      if (leaf.kind !== "pointer") return `${leaf.c} ${this.value()}`;
      const low = this.next();
      const high = this.next();
      const target = leaf.target === null ? undefined : this.plan.layouts.find((one) => one.tag === leaf.target);
      const isDeeper = low === 1 && high === 0 && target !== undefined && !isLink(leaf) && depth < CONTENT_DEPTH;
      return `${leaf.c} ${pointerText(this.plan, low, high)}${isDeeper ? ` ${this.content(target.index, depth + 1)}` : ""}`;
    });
    return `{ ${parts.join(", ")} }`;
  }
}

/** A pointer in words. */
export function pointerText(plan: HarnessPlan, low: number, high: number): string {
  if (high === 0) return low === 0 ? "NULL" : "a local";
  if (high === POINTER.FUNCTION) return plan.functions[low] ?? "a function";
  if (high === POINTER.ERROR) return `ERR_PTR(${low})`;
  const ordinal = low & ORDINAL_MASK;
  const offset = low >>> ORDINAL_BITS;
  return `object ${high}${ordinal === 0 ? "" : `, place ${ordinal}`}${offset === 0 ? "" : ` + ${offset}`}`;
}

export function decodeEvents(plan: HarnessPlan, words: Int32Array, from: number): { lines: string[]; to: number } {
  const lines: string[] = [];
  let to = from;
  for (const one of new EventReader(plan, words, from).events()) {
    lines.push(one.text);
    to = one.to;
  }
  return { lines, to };
}
