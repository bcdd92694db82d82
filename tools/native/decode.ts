/** Events as words that a person reads. */
import type { CallPlan, ValuePlan } from "./boundary-plan.ts";
import { isLink } from "./layout.ts";
import { COMMAND, CONTENT_DEPTH, CONTENT_LEAVES, EVENT, FAULT, ORDINAL_BITS, POINT, POINTER } from "./protocol.ts";
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

/** Words behind each command that has a fixed number of them. */
const COMMAND_WORDS: ReadonlyMap<number, number> = new Map([
  [COMMAND.JIFFIES, 2],
  [COMMAND.WRITE, 4],
  [COMMAND.NEW, 2],
  [COMMAND.NEW_BYTES, 2],
  [COMMAND.NEW_ARRAY, 3],
  [COMMAND.OUT, 4],
  [COMMAND.OUT_LEAF, 4],
  [COMMAND.RESUME, 1],
  [COMMAND.RESULT, 2],
  [COMMAND.SHOW, 2],
  [COMMAND.SLEEP, 2],
  [COMMAND.WAKE, 2],
  [COMMAND.SCRAMBLE, 2],
  [COMMAND.PREEMPT, 1],
]);

/** Layouts of the objects of a history by their numbers, from its script; -1 for bytes. */
export function objectLayouts(plan: HarnessPlan, script: Int32Array): ReadonlyMap<number, number> {
  const layouts = new Map<number, number>([[1, plan.globals]]);
  for (const [i, { layout }] of plan.objects.entries()) layouts.set(i + 2, layout);
  for (let at = 0; at < script.length; ) {
    const command = script[at++] ?? 0;
    const word = (i: number): number => script[at + i] ?? 0;
    if (command === COMMAND.NEW) layouts.set(word(0), word(1));
    else if (command === COMMAND.NEW_BYTES) layouts.set(word(0), -1);
    else if (command === COMMAND.NEW_ARRAY) for (let i = 0; i < word(2); i++) layouts.set(word(0) + i, word(1));
    if (command === COMMAND.BYTES) at += 3 + Math.ceil(word(2) / 4);
    else if (command === COMMAND.RECEIVED) at += 1 + Math.ceil(word(0) / 4);
    else if (command === COMMAND.ENTER) at += 3 + 3 * word(2);
    else at += COMMAND_WORDS.get(command) ?? 0;
  }
  return layouts;
}

/** Reads the events of one history. */
export class EventReader {
  private at: number;

  /** @param layouts layouts of the objects by their numbers */
  constructor(
    private readonly plan: HarnessPlan,
    private readonly layouts: ReadonlyMap<number, number>,
    private readonly words: Int32Array,
    from = 0,
    private readonly end = words.length,
  ) {
    this.at = from;
  }

  /** All events up to the history's end, or to the end of the words. */
  *events(): Generator<DecodedEvent> {
    let place: bigint | null = null;
    while (this.at < this.end) {
      const from = this.at;
      const word = this.next();
      const kind = word & KIND_MASK;
      if (kind === EVENT.PLACE) {
        place = this.value();
        continue;
      }
      const text = this.text(kind, word >> 8);
      yield { text, from, to: this.at, place, kind };
      place = null;
      if (kind === EVENT.END || text === "") return;
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
      case EVENT.CHANGE:
        return this.change();
      case EVENT.RETURN: {
        const entry = this.plan.entries[number];
        const result = entry?.result.kind === "pointer" ? this.pointer() : `${this.value()}`;
        return `${entry?.name ?? "?"} returns${entry?.result.kind === "void" ? "" : ` ${result}`}`;
      }
      case EVENT.CONDITION:
        return `the condition of the wait is ${number === 1 ? "true" : "false"}`;
      case EVENT.BYTES:
        return `bytes of an argument:${this.bytes(number)}`;
      case EVENT.PREEMPT: {
        const locks = this.next();
        return `another thread may run ${pointText(number)}${locks === 0 ? "" : `, under ${locks} spinlocks`}`;
      }
      case EVENT.STOP:
        return number === 0 ? "BUG()" : "a place beyond the model";
      case EVENT.FAULT:
        return faultText(number);
      case EVENT.END:
        return "the history ends";
      default:
        return "";
    }
  }

  private change(): string {
    const id = this.next();
    const ordinal = this.next();
    const leaf = this.layoutOf(id)?.leaves.find((one) => one.ordinal === ordinal);
    const value = leaf?.kind === "pointer" ? this.pointer() : `${this.value()}`;
    return `${this.place(id, ordinal)} = ${value}`;
  }

  private layoutOf(id: number): HarnessPlan["layouts"][number] | undefined {
    const index = this.layouts.get(id);
    return index === undefined || index < 0 ? undefined : this.plan.layouts[index];
  }

  /** `TCP_Server_Info#13.lstrp`. */
  private place(id: number, ordinal: number): string {
    const layout = this.layoutOf(id);
    const part = [...(layout?.leaves ?? []), ...(layout?.parts ?? [])].find((one) => one.ordinal === ordinal);
    if (id === 1) return part?.c ?? "a variable";
    const named = this.plan.objects[id - 2]?.name;
    const object = named ?? `${layout?.tag ?? "bytes"}#${id}`;
    return ordinal === 0 ? object : `${object}.${part?.c ?? ordinal}`;
  }

  private pointer(): string {
    const low = this.next();
    return this.pointerText(low, this.next());
  }

  private pointerText(low: number, high: number): string {
    if (high === 0) return low === 0 ? "NULL" : "a local";
    if (high === POINTER.FUNCTION) return this.plan.functions[low] ?? "a function";
    if (high === POINTER.ERROR) return `ERR_PTR(${low})`;
    const offset = low >>> ORDINAL_BITS;
    return `&${this.place(high, low & ORDINAL_MASK)}${offset === 0 ? "" : ` + ${offset}`}`;
  }

  private call(call: CallPlan | undefined): string {
    if (call === undefined) return "";
    const given = call.parameters.map((one) => (one.kind === "pointer" ? this.argument(one) : `${this.value()}`));
    return `${call.name}(${given.join(", ")})`;
  }

  private argument(plan: ValuePlan): string {
    const low = this.next();
    const high = this.next();
    const isUnnamed = low === 1 && high === 0;
    const content = isUnnamed && plan.cell === null && plan.layout !== null ? ` ${this.content(plan.layout, 1)}` : "";
    return `${this.pointerText(low, high)}${content}${this.bytes(this.next())}`;
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
      const bytes = this.bytes(this.next());
      const deeper = isDeeper ? ` ${this.content(target.index, depth + 1)}` : "";
      return `${leaf.c} ${this.pointerText(low, high)}${bytes}${deeper}`;
    });
    return `{ ${parts.join(", ")} }`;
  }
}

/** What a preemption point is. */
export function pointText(kind: number): string {
  if (kind === POINT.TAKE) return "before a lock is taken";
  return kind === POINT.RELEASE ? "after a lock is released" : "before a bit operation or a call";
}

function faultText(number: number): string {
  switch (number) {
    case FAULT.SCRIPT:
      return "asks for something else than happened";
    case FAULT.MEMORY:
      return "asks for more memory than there is";
    case FAULT.MEMORY_ACCESS:
      return "follows a pointer to nowhere";
    case FAULT.ARITHMETIC:
      return "divides by zero";
    case FAULT.MODEL:
      return "cannot go on";
    default:
      return "goes round without end";
  }
}
